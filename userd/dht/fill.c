// SPDX-License-Identifier: GPL-2.0
/*
 * Filling the buckets.
 *
 * Once in a lease a bucket is filled up by a lookup, once in two the node looks
 * for those nearest to itself; more often after it has joined, and more and more
 * rarely while nothing happens nearby; not at all in a calm network, of which all
 * are known.
 */
#include <string.h>

#include "dht_state.h"

#define FILL_NEED	6
#define FILL_PATHS	3
#define SPARSE		15		/* tenths of the distance expected */
#define EARLY		3		/* halvings of the first gap */
#define IDLE		3		/* doublings, where nothing happens */
#define THIN		4		/* the same, where there is nobody */

/**
 * dht_id_in() - a random id in a bucket
 * @node: the node
 * @bits: the bucket: so many bits are in common with the node's id, no more
 *
 * Return: the id.
 */
struct themis_id dht_id_in(const struct dht_node *node, unsigned int bits)
{
	const struct dht_config *config = &dht_of(node)->config;
	unsigned int byte = bits / 8, bit = 7 - bits % 8;
	struct themis_id id;
	uint8_t mask = 0xff << bit;

	config->random(config->ctx, id.b, sizeof(id.b));
	memcpy(id.b, node->self.id.b, byte);
	id.b[byte] = (node->self.id.b[byte] & mask) | (id.b[byte] & ~mask);
	id.b[byte] ^= 1 << bit;
	return id;
}

/**
 * dht_fill() - look up an id so as to know those around it
 * @node: the node
 * @now: microseconds
 * @target: the id
 * @alarm: they may have been hidden: on more paths, if it is the node's own
 */
void dht_fill(struct dht_node *node, uint64_t now,
	      const struct themis_id *target, bool alarm)
{
	struct dht_op *op = dht_op_new(node, now, DHT_AIM_FILL, target);

	if (!op)
		return;
	if (themis_id_equal(target, &node->self.id)) {
		op->paths <<= alarm;
		dht_lookup_anchor(op);
	} else {
		op->need = FILL_NEED;
		if (op->paths > FILL_PATHS)
			op->paths = FILL_PATHS;
	}
	dht_lookup_begin(op, now);
}

/* How many buckets there are that the siblings do not fill. */
static unsigned int far_buckets(const struct dht_node *node)
{
	unsigned int last = dht_p(node)->siblings;
	const struct dht_table *t = &node->table;

	if (last > t->count)
		last = t->count;
	return last ? dht_bucket(t->self, t->peer[last - 1].prefix) + 1 : 0;
}

/**
 * dht_fill_next() - fill the next bucket after a join
 * @node: the node
 * @now: microseconds
 *
 * Once through, the node knows more than when it joined, and looks again for
 * those nearest to itself, and for all others. What the first round found too few
 * of, since those asked had just joined themselves, the second finds. Who has known
 * the network whole while it was small needs no second one.
 */
void dht_fill_next(struct dht_node *node, uint64_t now)
{
	struct themis_id target;

	if (!node->fill) {
		if (!node->again)
			return;
		node->again = false;
		if (!node->sweeps)
			node->fill = far_buckets(node);
		dht_fill(node, now, &node->self.id, true);
		return;
	}
	target = dht_id_in(node, --node->fill);
	dht_fill(node, now, &target, false);
}

/**
 * dht_fill_all() - fill all buckets, and then once more with what is known by then
 * @node: the node
 * @now: microseconds
 * @fills: so many at the same time
 */
void dht_fill_all(struct dht_node *node, uint64_t now, unsigned int fills)
{
	unsigned int i;

	node->filled = true;
	node->again = true;
	node->fill = far_buckets(node);
	for (i = 0; i < fills; i++)
		dht_fill_next(node, now);
}

/**
 * dht_settled() - whether a node knows whom it is to know
 * @node: the node
 *
 * Return: true if it knows all, or has looked into buckets for a lease.
 */
bool dht_settled(const struct dht_node *node)
{
	return dht_calm(node) ? node->rested : node->fills > EARLY;
}

/* The longest time until the next lookup of a kind: a lease, or two. */
static uint64_t gap_most(const struct dht_node *node, unsigned int leases)
{
	uint64_t us = dht_lease(node) * DHT_SECOND * leases;

	return dht_churns(node) ? us / 3 : us;
}

/*
 * Until the next lookup of a kind: less with churn, or early; each time twice as
 * much where nothing happens.
 */
static uint64_t gap(const struct dht_node *node, uint8_t *done,
		    unsigned int leases)
{
	uint64_t us = gap_most(node, leases);

	if (*done < EARLY)
		return us >> (EARLY - (*done)++);
	us <<= *done - EARLY;
	if (*done < EARLY + IDLE)
		++*done;
	return us * 3 / 4 + dht_random64(node) % (us / 2);
}

/* Something happens: a lookup that was put off comes when it would have. */
static void wake(const struct dht_node *node, uint64_t now, uint64_t *at,
		 uint8_t *done, unsigned int leases)
{
	uint64_t most = now + gap_most(node, leases) * 5 / 4;

	if (*done > EARLY)
		*done = EARLY;
	if (*at > most)
		*at = most;
}

/**
 * dht_fill_more() - while there is room, look for a place in the next bucket
 * @node: the node
 * @now: microseconds
 *
 * Return: whether it was time.
 */
bool dht_fill_more(struct dht_node *node, uint64_t now)
{
	unsigned int buckets = far_buckets(node);
	struct themis_id target;

	if (dht_churns(node))
		wake(node, now, &node->fill_at, &node->fills, 1);
	if (dht_calm(node) || !buckets || now < node->fill_at ||
	    node->table.count >= dht_p(node)->table)
		return false;
	node->fill_at = now + gap(node, &node->fills, 1);
	target = dht_id_in(node, node->fill_bucket++ % buckets);
	dht_fill(node, now, &target, false);
	return true;
}

/*
 * Siblings that lie too far away hint that the nearest have been hidden; less so
 * each time that nobody was found there.
 */
static bool hidden(const struct dht_node *node)
{
	const struct dht_table *t = &node->table;
	unsigned int r = dht_p(node)->redundancy;

	return node->turn % (4U << node->thin) == 0 &&
	       dht_too_sparse(node, t->peer[r - 1].prefix ^ t->self, r,
			      SPARSE);
}

/**
 * dht_look_around() - look for those nearest to the node
 * @node: the node
 * @now: microseconds
 *
 * Return: whether it was time.
 */
bool dht_look_around(struct dht_node *node, uint64_t now)
{
	bool early;

	if (node->stirred || dht_churns(node)) {
		wake(node, now, &node->around_at, &node->arounds, 2);
		node->thin = 0;
	}
	early = now < node->around_at;
	if (dht_calm(node) ||
	    node->table.count < dht_p(node)->redundancy ||
	    (early && !hidden(node)))
		return false;
	if (early && node->thin < THIN)
		node->thin++;
	node->stirred = false;
	dht_fill(node, now, &node->self.id, early);
	node->around_at = now + gap(node, &node->arounds, 2);
	return true;
}
