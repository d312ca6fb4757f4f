// SPDX-License-Identifier: GPL-2.0
/*
 * Spares: the replacement caches of the buckets, in one array.
 *
 * A spare that has proven itself takes the place of a peer that falls silent at
 * once. One that was only told of is tried by upkeep first. Each bucket has a
 * bounded share, so that no bucket can crowd out another's.
 */
#include <stdlib.h>
#include <string.h>

#include "dht_state.h"

#define PER_BUCKET	8

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

	if (at >= 0) {
		if (peer->proven)
			t->spare[at] = *peer;
		return;
	}
	if (!t->spare) {
		t->spare = calloc(DHT_SPARES, sizeof(t->spare[0]));
		if (!t->spare)
			return;
	}
	for (i = 0; i < t->n_spare; i++) {
		if (dht_bucket(t->self, t->spare[i].prefix) != bucket)
			continue;
		n++;
		if (out < 0 || worse(&t->spare[i], &t->spare[out]))
			out = i;
	}
	if (n < PER_BUCKET && t->n_spare < DHT_SPARES) {
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
