// SPDX-License-Identifier: GPL-2.0
/*
 * Spares: the replacement caches of the buckets, in one array.
 *
 * A spare that has proven itself takes the place of a peer that falls silent at
 * once. One that was only told of is tried by upkeep first. Each bucket has a
 * bounded share, so that no bucket can crowd out another's.
 *
 * In a small network without churn there is room for all that the table has none
 * of: who was told of is known, though not met, and lookups go by it. One who did
 * not answer stays as a spare that fails, so that who still tells of him does not
 * have him asked each time.
 */
#include <stdlib.h>
#include <string.h>

#include "dht_state.h"

#define PER_BUCKET	8
#define ROOM_STEP	48

static int spare_of(const struct dht_table *t, uint32_t known)
{
	unsigned int i;

	for (i = 0; i < t->n_spare; i++)
		if (t->spare[i].known == known)
			return i;
	return -1;
}

/**
 * dht_spare_remove() - forget a spare
 * @node: the node
 * @known: its number in the book; need not be a spare
 */
void dht_spare_remove(struct dht_node *node, uint32_t known)
{
	struct dht_table *t = &node->table;
	int at = spare_of(t, known);

	if (at < 0)
		return;
	t->spare[at] = t->spare[--t->n_spare];
	dht_book_put(dht_of(node), known);
}

/**
 * dht_spare_lost() - a spare did not answer
 * @node: the node
 * @known: its number in the book; need not be a spare
 */
void dht_spare_lost(struct dht_node *node, uint32_t known)
{
	struct dht_table *t = &node->table;
	int at = spare_of(t, known);

	if (at >= 0 && !t->spare[at].proven && dht_calm(node))
		t->spare[at].fails = 1;
	else
		dht_spare_remove(node, known);
}

/**
 * dht_spare_again() - forget whom nobody has met
 * @node: the node
 *
 * If he is told of again he will be tried again.
 */
void dht_spare_again(struct dht_node *node)
{
	struct dht_table *t = &node->table;
	unsigned int i;

	for (i = t->n_spare; i-- > 0;)
		if (!t->spare[i].proven && t->spare[i].fails)
			dht_spare_remove(node, t->spare[i].known);
}

/**
 * dht_spare_trim() - the network has outgrown the table
 * @node: the node
 *
 * Of those told of far away a liar would have named his own.
 */
void dht_spare_trim(struct dht_node *node)
{
	struct dht_table *t = &node->table;
	unsigned int i;

	for (i = t->n_spare; i-- > 0 && t->n_spare > DHT_SPARES;)
		if (!t->spare[i].proven)
			dht_spare_remove(node, t->spare[i].known);
}

/* One more fits, or there is no memory. */
static int grow(struct dht_table *t)
{
	struct dht_peer *grown;

	if (t->n_spare < t->spare_room)
		return 0;
	grown = realloc(t->spare, (t->spare_room + ROOM_STEP) *
			sizeof(t->spare[0]));
	if (!grown)
		return -1;
	t->spare = grown;
	t->spare_room += ROOM_STEP;
	return 0;
}

/* How many spares there may be, and of one bucket. */
static unsigned int limit(const struct dht_node *node, unsigned int *bucket)
{
	unsigned int all = dht_p(node)->table, met = node->table.count;

	*bucket = PER_BUCKET;
	if (!dht_calm(node) || all < met + DHT_SPARES)
		return DHT_SPARES;
	*bucket = all;
	return all - met;
}

/* Whom a new one replaces: told of before proven, older before newer. */
static bool worse(const struct dht_peer *a, const struct dht_peer *b)
{
	if (a->proven != b->proven)
		return !a->proven;
	return a->heard < b->heard;
}

/**
 * dht_spare_add() - keep a contact as a spare
 * @node: the node
 * @peer: proven, or told of; not in the table
 */
void dht_spare_add(struct dht_node *node, const struct dht_peer *peer)
{
	struct dht_table *t = &node->table;
	unsigned int bucket = dht_bucket(t->self, peer->prefix), i, n = 0;
	int at = spare_of(t, peer->known), out = -1;
	unsigned int most, of_bucket;

	if (at >= 0) {
		if (peer->proven)
			t->spare[at] = *peer;
		return;
	}
	most = limit(node, &of_bucket);
	for (i = 0; i < t->n_spare; i++) {
		if (dht_bucket(t->self, t->spare[i].prefix) != bucket)
			continue;
		n++;
		if (out < 0 || worse(&t->spare[i], &t->spare[out]))
			out = i;
	}
	if (n < of_bucket && t->n_spare < most) {
		if (grow(t))
			return;
		out = t->n_spare++;
	} else {
		if (out < 0 || worse(peer, &t->spare[out]))
			return;
		dht_book_put(dht_of(node), t->spare[out].known);
	}
	dht_book_hold(dht_of(node), peer->known);
	t->spare[out] = *peer;
}

/**
 * dht_spare_take() - take a proven spare
 * @node: the node
 * @bucket: of which bucket
 * @peer: result; its hold on the book passes to the caller
 *
 * Return: 0, or -1 if there is none.
 */
int dht_spare_take(struct dht_node *node, unsigned int bucket,
		   struct dht_peer *peer)
{
	struct dht_table *t = &node->table;
	int out = -1;
	unsigned int i;

	for (i = 0; i < t->n_spare; i++)
		if (t->spare[i].proven &&
		    dht_bucket(t->self, t->spare[i].prefix) == bucket &&
		    (out < 0 || worse(&t->spare[out], &t->spare[i])))
			out = i;
	if (out < 0)
		return -1;
	*peer = t->spare[out];
	t->spare[out] = t->spare[--t->n_spare];
	return 0;
}
