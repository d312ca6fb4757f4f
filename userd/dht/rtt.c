// SPDX-License-Identifier: GPL-2.0
/*
 * Round trips, and the timeouts that follow from them.
 *
 * A request that takes longer than the peer's round trips let expect (as RFC
 * 6298 has it, but for three of them at most, and faster in coming down) is slow:
 * another node is asked beside it, and its answer still counts. It is lost only
 * much later. So a dead node costs some round trips, not seconds, and a slow one
 * is not called dead.
 */
#include "dht_state.h"

#define UNIT	250ULL			/* of struct dht_peer, microseconds */

static uint64_t clamp(uint64_t v, uint64_t min, uint64_t max)
{
	return v < min ? min : v > max ? max : v;
}

static void smooth(uint64_t *rtt, uint64_t *var, uint64_t sample)
{
	uint64_t off;

	if (!*rtt) {
		*rtt = sample ? sample : 1;
		*var = sample / 2;
		return;
	}
	off = sample > *rtt ? sample - *rtt : *rtt - sample;
	*var += (int64_t)(off - *var) / 4;
	/* What was slow because much was to be done is soon forgotten. */
	*rtt += (int64_t)(sample - *rtt) / (sample < *rtt ? 2 : 8);
	if (!*rtt)
		*rtt = 1;
}

/**
 * dht_rtt_measured() - a peer has answered
 * @node: the node
 * @peer: the peer in its table, or NULL if it is not there
 * @us: after so many microseconds
 */
void dht_rtt_measured(struct dht_node *node, struct dht_peer *peer,
		      uint64_t us)
{
	uint64_t rtt = node->rtt, var = node->var;

	us = clamp(us, 1, DHT_LOST_MAX);
	smooth(&rtt, &var, us);
	node->rtt = rtt;
	node->var = var;
	if (!peer)
		return;
	rtt = peer->rtt * UNIT;
	var = peer->var * UNIT;
	smooth(&rtt, &var, us);
	peer->rtt = clamp((rtt + UNIT / 2) / UNIT, 1, UINT16_MAX);
	peer->var = clamp((var + UNIT / 2) / UNIT, 0, UINT16_MAX);
}

/* What hardly any of the next ones exceeds. */
static uint64_t expected(uint64_t rtt, uint64_t var)
{
	return clamp(rtt + clamp(4 * var, 0, 2 * rtt), DHT_SLOW_MIN,
		     DHT_SLOW_MAX);
}

/**
 * dht_rtt_slow() - after how long a request to a peer counts as slow
 * @node: the node
 * @known: the peer
 * @purpose: what for
 *
 * What was measured of the peer may be of stores, which wait for its disk, or of
 * a time when much was to be done. A step of a lookup waits for nothing, so it
 * does not take longer than what all others take, either.
 *
 * Return: microseconds.
 */
uint64_t dht_rtt_slow(const struct dht_node *node, uint32_t known,
		      enum dht_purpose purpose)
{
	const struct dht_peer *peer = dht_table_find(node, known);
	uint64_t all = node->rtt ? expected(node->rtt, node->var) :
				   2 * DHT_RTT_FIRST;
	uint64_t own;

	if (!peer || !peer->rtt)
		return all;
	own = expected(peer->rtt * UNIT, peer->var * UNIT + DHT_MS / 4);
	return purpose == DHT_FOR_LOOKUP && all < own ? all : own;
}

/**
 * dht_rtt_lost() - after how long a request counts as lost
 * @slow: after how long it counts as slow
 *
 * Return: microseconds.
 */
uint64_t dht_rtt_lost(uint64_t slow)
{
	return clamp(4 * slow, DHT_LOST_MIN, DHT_LOST_MAX);
}

/**
 * dht_rtt_waited() - a command has waited for its session
 * @host: the host
 * @us: so many microseconds
 */
void dht_rtt_waited(struct dht_host *host, uint64_t us)
{
	smooth(&host->setup, &host->setup_var, clamp(us, 1, DHT_HELD_MAX));
}

/**
 * dht_rtt_held() - after how long a command that waits for its session is slow
 * @host: the host
 * @slow: after how long it would be with one, microseconds
 *
 * Where many sessions are made at once each takes long. Whoever asked others
 * beside would have more of them made, and all would take longer still.
 *
 * Return: microseconds, not less than @slow.
 */
uint64_t dht_rtt_held(const struct dht_host *host, uint64_t slow)
{
	uint64_t held = clamp(host->setup + 4 * host->setup_var, 0,
			      DHT_LOST_MAX / 2);

	return held > slow ? held : slow;
}
