// SPDX-License-Identifier: GPL-2.0
/*
 * Density: how many nodes there are, and whether those found near a target are
 * as near as so many nodes must be.
 *
 * Ids are hashes, so honest ones lie evenly. With N nodes the n-th nearest to
 * any point lies at about n / N of the whole. Much further away: somebody keeps
 * the nearer ones from us. Much nearer: somebody has made ids to sit there.
 * The distance of the eighth nearest is a sum of eight exponential variables:
 * once in ten thousand it is over 2.9 or under 0.21 times its mean.
 */
#include "dht_state.h"

#define TOLD		(3600 * DHT_SECOND)	/* for which it is believed */
#define DENSE_PART	5		/* of the distance expected is odd */
#define FEW		32		/* know each other all */
#define NEAREST		64		/* are looked at, at most */

/**
 * dht_expected() - how far the n-th nearest node to a point should be
 * @node: the node, whose estimate counts
 * @nth: from 1
 *
 * Return: first bytes of the distance.
 */
uint64_t dht_expected(const struct dht_node *node, unsigned int nth)
{
	uint64_t part = UINT64_MAX / (node->size ? node->size : 1);

	return part > UINT64_MAX / nth ? UINT64_MAX : part * nth;
}

/* Into its place among @n that are in order. */
static void insert(uint64_t *v, unsigned int n, uint64_t x)
{
	for (; n > 0 && v[n - 1] > x; n--)
		v[n] = v[n - 1];
	v[n] = x;
}

/* The n-th of a ring, in order; 0 where too few have been put there. */
static uint64_t ordered(const uint64_t *ring, unsigned int size,
			uint32_t count, unsigned int nth)
{
	uint64_t v[DHT_CLAIMS] = { 0 };
	unsigned int i;

	if (count < size)
		return 0;
	for (i = 0; i < size; i++)
		insert(v, i, ring[i]);
	return v[nth];
}

static void put(uint64_t *ring, unsigned int size, uint32_t *count, uint64_t x)
{
	ring[*count % size] = x;
	if (++*count == 2 * size)
		*count = size;
}

/**
 * dht_size_claim() - a peer has said how many nodes there are
 * @node: the node
 * @size: what he said
 *
 * He says what those nearest to him let him think, not what he has been told: or
 * else an error would go round for ever.
 */
void dht_size_claim(struct dht_node *node, uint64_t size)
{
	if (size)
		put(node->claim, DHT_CLAIMS, &node->n_claim, size);
}

/**
 * dht_size_sample() - a lookup has come to its end
 * @node: the node
 * @distance: of the @nth nearest that was found
 * @nth: from 1
 *
 * Its own neighbours may deceive a node about the size of the network, but not
 * those of many random targets as well.
 */
void dht_size_sample(struct dht_node *node, uint64_t distance,
		     unsigned int nth)
{
	uint64_t part = distance / nth;

	put(node->sample, DHT_SAMPLES, &node->n_sample,
	    UINT64_MAX / (part ? part : 1));
}

/* The size as the nearest who are known let think. */
static uint64_t nearby(const struct dht_node *node)
{
	unsigned int i, at, most = dht_p(node)->siblings;
	const struct dht_peer *best[NEAREST + 1];	/* from 1 */
	uint64_t v[8] = { 0 }, x;

	if (most > NEAREST)
		most = NEAREST;
	most = dht_known_nearest(node, &node->self.id, true, best + 1, most);
	if (most < 12)
		return most + 1;
	for (i = 1; i <= 8; i++) {
		at = most * (i + 4) / 12;
		x = (best[at]->prefix ^ node->table.self) / at;
		x = UINT64_MAX / (x ? x : 1);
		insert(v, i - 1, x);
	}
	return (v[3] + v[4]) / 2;
}

/**
 * dht_size_update() - estimate the size of the network anew
 * @node: the node
 * @now: microseconds
 *
 * The n-th nearest peer at distance d says that there are n / d of the whole.
 * The median for several n is less moved by one gap than any single one. Where
 * lookups elsewhere found more, or by far less, they are right. Most peers are
 * right, too, where they say more, and so, before all, are those whom the owner
 * has named; but liars who say less do not make a node content with liars, nor
 * do those who say much more than is seen hide what is too dense.
 */
void dht_size_update(struct dht_node *node, uint64_t now)
{
	unsigned int known = dht_known(node);
	uint64_t x, m;

	/* So few know each other all. */
	if (known < FEW && node->told_size < FEW) {
		node->size = known + 1;
		node->near_size = node->size;
		return;
	}
	x = known < FEW ? known + 1 : nearby(node);
	node->near_size = x;
	/*
	 * Some lookups may have ended among liars, who are fewer than all:
	 * two thirds of the way up is beyond those.
	 */
	m = ordered(node->sample, DHT_SAMPLES, node->n_sample,
		    DHT_SAMPLES * 2 / 3);
	if (m && (x / 4 > m || m / 3 * 2 > x))
		x = m;
	m = ordered(node->claim, DHT_CLAIMS, node->n_claim,
		    DHT_CLAIMS * 2 / 3);
	if (m / 2 * 3 > x)
		x = m / 4 > x ? 4 * x : m;
	if (node->told_size / 3 * 2 > x && node->told_at + TOLD > now)
		x = node->told_size;
	/* Chance alone may double it: whoever there is has been met by now. */
	if (known < dht_p(node)->table && x / 2 <= known)
		x = known;
	node->size = x > known ? x : known + 1ULL;
}

/**
 * dht_too_sparse() - whether nodes near a target seem to be missing
 * @node: the node
 * @distance: of the @nth nearest that was found
 * @nth: from 1
 * @tenths: of the distance expected, that are still right
 *
 * Return: true if so.
 */
bool dht_too_sparse(const struct dht_node *node, uint64_t distance,
		    unsigned int nth, unsigned int tenths)
{
	return distance / tenths > dht_expected(node, nth) / 10;
}

/**
 * dht_too_dense() - whether there are more nodes near a target than chance has
 * @node: the node
 * @distance: of the @nth nearest that was found
 * @nth: from 1
 *
 * Return: true if so.
 */
bool dht_too_dense(const struct dht_node *node, uint64_t distance,
		   unsigned int nth)
{
	return distance < dht_expected(node, nth) / DENSE_PART;
}
