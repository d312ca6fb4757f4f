// SPDX-License-Identifier: GPL-2.0
/*
 * A small network is known whole.
 *
 * Without churn it is learned by hearsay: whom the owner has named, and others
 * who have been met, are asked for it part by part: they tell of many at once,
 * and to ask them takes no new session. Those told of are known then, and are met
 * one by one, when nothing else waits for a session.
 */
#include "dht_state.h"

#define PART		16		/* nodes in what one is asked for */
#define SWEEP_US	(15 * DHT_SECOND)	/* until the second time */
#define SWEEP_TRIES	4		/* to find one who tells */
#define RECENT		900		/* tenths; there still is a session */
#define MEET_MIN	(DHT_SECOND / 64)	/* from one who is met to the next */
#define MEET_MAX	(DHT_SECOND / 16)
#define MEET_ASKED	DHT_SECOND	/* the same, while the owner asks: */
#define ASKED		(DHT_SECOND / 4)	/* so long after he did */
#define MEET_SETUPS	8	/* in between, of the time that a session takes */
#define FILL_GAP	(2 * DHT_SECOND)	/* from one node's fills to another's */

/**
 * dht_small() - whether the network may be known whole
 * @node: the node
 *
 * Return: true if all who are thought to exist have room in the table.
 */
bool dht_small(const struct dht_node *node)
{
	return node->size <= dht_p(node)->table;
}

/**
 * dht_calm() - whether hearsay is as good as having met
 * @node: the node
 *
 * Return: true if the network may be known whole, and does not churn.
 */
bool dht_calm(const struct dht_node *node)
{
	return dht_small(node) && !dht_churns(node);
}

/**
 * dht_known() - how many others are known
 * @node: the node
 *
 * Return: those in the table, and in a calm network those told of.
 */
unsigned int dht_known(const struct dht_node *node)
{
	const struct dht_table *t = &node->table;
	unsigned int i, n = t->count;

	if (!dht_calm(node))
		return n;
	for (i = 0; i < t->n_spare; i++)
		n += !t->spare[i].fails;
	return n;
}

/**
 * dht_whole() - whether the network is known whole
 * @node: the node
 *
 * Return: true if nobody seems to be missing.
 */
bool dht_whole(const struct dht_node *node)
{
	unsigned int known;

	if (!dht_small(node))
		return false;
	known = dht_known(node);
	return known < dht_p(node)->table && node->size <= known + 1U;
}

/* One who has been met not long ago, of @random choice; 0 for none. */
static uint32_t acquaintance(const struct dht_node *node, uint64_t now,
			     uint64_t random)
{
	const struct dht_table *t = &node->table;
	const struct dht_peer *peer;
	unsigned int i;

	for (i = 0; i < SWEEP_TRIES && t->count; i++, random >>= 16) {
		peer = &t->peer[(random & 0xffff) % t->count];
		if (!peer->fails && peer->heard + RECENT > now / DHT_TENTH)
			return peer->known;
	}
	return 0;
}

/* Whom to ask: the first time whom the owner has named, then others as well. */
static uint32_t informant(const struct dht_node *node, uint64_t now)
{
	unsigned int i, at = node->sweep + node->sweeps;
	const struct dht_peer *peer;
	uint32_t known;

	if (node->sweeps > 1 && at % 2) {
		known = acquaintance(node, now, dht_random64(node));
		if (known)
			return known;
	}
	for (i = 0; i < node->n_anchor; i++) {
		known = node->anchor[(at / 2 + i) % node->n_anchor];
		peer = dht_table_find(node, known);
		if (peer && !peer->fails)
			return known;
	}
	return acquaintance(node, now, dht_random64(node));
}

/**
 * dht_sweep_next() - ask for the next part of all there are
 * @node: the node
 * @now: microseconds
 */
void dht_sweep_next(struct dht_node *node, uint64_t now)
{
	struct dht_message m = {
		.type = DHT_FIND,
		.limit = DHT_CONTACTS_MAX,
	};
	uint32_t known;

	if (!node->sweep || node->left)
		return;
	known = dht_calm(node) ? informant(node, now) : 0;
	if (!known) {
		node->sweep = 0;
		return;
	}
	node->sweep--;
	dht_of(node)->config.random(dht_of(node)->config.ctx, m.target.b,
				    sizeof(m.target.b));
	dht_put64(m.target.b, dht_prefix(&m.target) >> node->sweep_bits |
		  (uint64_t)node->sweep << (63 - node->sweep_bits) << 1);
	dht_request(node, now, known, DHT_FOR_SWEEP, 0, &m);
}

/**
 * dht_sweep() - begin to ask for all there are
 * @node: the node
 * @now: microseconds
 */
void dht_sweep(struct dht_node *node, uint64_t now)
{
	uint64_t gap = SWEEP_US, most = dht_lease(node) * DHT_SECOND;
	unsigned int i, bits = 0, known = dht_known(node);

	for (i = 0; i < node->sweeps && gap < most; i++)
		gap *= 2;
	/* Where the last one has told of nobody new there is no hurry. */
	node->rested = node->sweeps && known <= node->swept && dht_whole(node);
	if (node->rested)
		gap = most;
	node->swept = known;
	node->sweep_at = now + gap * 3 / 4 + dht_random64(node) % (gap / 2);
	if (node->sweeps < UINT8_MAX)
		node->sweeps++;
	while (bits < 12 && node->size >> bits > PART)
		bits++;
	node->sweep_bits = bits;
	node->sweep = 1 << bits;
	dht_spare_again(node);
	dht_sweep_next(node, now);
}

static bool strangers(const struct dht_node *node)
{
	const struct dht_table *t = &node->table;
	unsigned int i;

	for (i = 0; i < t->n_spare; i++)
		if (!t->spare[i].proven && !t->spare[i].fails)
			return true;
	return false;
}

/*
 * Sessions take a part of a processor only, the less the more it has to do; and
 * next to nothing while the owner of nodes of one machine waits for something.
 */
static uint64_t meet_gap(const struct dht_host *host, uint64_t now)
{
	uint64_t us = MEET_SETUPS * host->setup;

	if (host->place && now < host->asked_at + ASKED)
		return MEET_ASKED;
	if (us < MEET_MIN)
		return MEET_MIN;
	return us < MEET_MAX ? us : MEET_MAX;
}

/**
 * dht_meet() - meet one who was told of, if nobody waits for a session
 * @node: the node
 * @now: microseconds
 *
 * What others do has precedence. Where the network has outgrown the table, what
 * the join has spared is done, by one node of a machine after another.
 *
 * Return: whether there is more to do.
 */
bool dht_meet(struct dht_node *node, uint64_t now)
{
	struct dht_host *host = dht_of(node);

	if (!dht_calm(node)) {
		if (node->filled)
			return false;
		if (host->n_held ||
		    (host->place && now < host->filled_at + FILL_GAP))
			return true;
		host->filled_at = now;
		dht_fill_all(node, now, 1);
		/* The next round was put off as if it knew all. */
		if (node->round_at > now + dht_upkeep_interval(node))
			node->round_at = now + dht_upkeep_interval(node);
		return false;
	}
	/* Whom it has come to know since its last round counts. */
	dht_size_update(node, now);
	if (!strangers(node))
		return false;
	if (!host->n_held && now >= host->met_at + meet_gap(host, now) &&
	    dht_probe_spare(node, now))
		host->met_at = now;
	return true;
}
