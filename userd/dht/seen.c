// SPDX-License-Identifier: GPL-2.0
/*
 * Whom a lookup knows of, nearest to its target first.
 *
 * The list is bounded. Where it is full, the furthest of whichever path has the
 * most makes room, so that no path can crowd out another.
 */
#include <string.h>

#include "dht_state.h"

#define VARIANTS	3	/* endpoints of one id */

/**
 * dht_lookup_seen() - what a lookup knows of a node
 * @op: the operation
 * @known: its number in the book
 *
 * Return: that, or NULL if it does not know of it.
 */
struct dht_seen *dht_lookup_seen(struct dht_op *op, uint32_t known)
{
	unsigned int i;

	for (i = 0; i < op->n_seen; i++)
		if (op->seen[i].known == known)
			return &op->seen[i];
	return NULL;
}

/* Nobody has asked him anything yet. */
static bool spare(const struct dht_seen *seen)
{
	return seen->stand == DHT_NEW && !seen->stored;
}

/* Who goes where there is no room: the furthest of the fullest path. */
static int crowded(const struct dht_op *op, uint64_t distance)
{
	unsigned int n[DHT_PATHS_MAX] = { 0 }, i, most = 0;

	for (i = 0; i < op->n_seen; i++)
		if (spare(&op->seen[i]))
			n[op->seen[i].path]++;
	for (i = 1; i < DHT_PATHS_MAX; i++)
		if (n[i] > n[most])
			most = i;
	for (i = op->n_seen; i-- > 0;)
		if (spare(&op->seen[i]) && op->seen[i].path == most)
			return op->seen[i].distance > distance ? (int)i : -1;
	return -1;
}

static void seen_remove(struct dht_op *op, unsigned int at)
{
	dht_book_put(dht_of(op->node), op->seen[at].known);
	op->n_seen--;
	memmove(&op->seen[at], &op->seen[at + 1],
		(op->n_seen - at) * sizeof(op->seen[0]));
}

/**
 * dht_lookup_add() - somebody to ask
 * @op: the operation
 * @known: his number in the book
 * @path: on which he was told of
 * @round: round trips in a row until he will have answered
 *
 * Return: 0, or -1 if he is not to be asked.
 */
int dht_lookup_add(struct dht_op *op, uint32_t known, unsigned int path,
		   unsigned int round)
{
	struct dht_host *host = dht_of(op->node);
	const struct dht_contact *contact = dht_book_at(host, known);
	uint64_t distance = dht_prefix(&contact->id) ^ op->prefix;
	unsigned int i, at, variants = 0;
	int out;

	if (themis_id_equal(&contact->id, &op->node->self.id))
		return -1;
	for (at = 0; at < op->n_seen; at++) {
		if (op->seen[at].known == known)
			return -1;
		if (op->seen[at].distance > distance)
			break;
		if (op->seen[at].distance < distance)
			continue;
		if (themis_id_equal(&contact->id,
				    &dht_book_at(host,
						 op->seen[at].known)->id) &&
		    ++variants >= VARIANTS)
			return -1;
		if (dht_nearer(host, &op->route, known,
			       op->seen[at].known) < 0)
			break;
	}
	for (i = at; i < op->n_seen && op->seen[i].distance == distance; i++)
		if (op->seen[i].known == known)
			return -1;
	if (op->n_seen == DHT_SEEN_MAX) {
		out = crowded(op, distance);
		if (out < 0)
			return -1;
		seen_remove(op, out);
	}
	memmove(&op->seen[at + 1], &op->seen[at],
		(op->n_seen - at) * sizeof(op->seen[0]));
	op->n_seen++;
	op->seen[at] = (struct dht_seen){
		.distance = distance,
		.known = known,
		.path = path,
		.round = round < UINT8_MAX ? round : UINT8_MAX,
	};
	dht_book_hold(host, known);
	return 0;
}
