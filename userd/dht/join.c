// SPDX-License-Identifier: GPL-2.0
/*
 * Joining a network.
 */
#include "dht_state.h"

#define FILLS		2		/* buckets filled at the same time */
#define PULLS		3		/* siblings asked for objects at once */

/**
 * dht_introduced() - take over what a member whom the owner named says
 * @node: the node
 * @now: microseconds
 * @m: the member's response to JOIN or FIND
 */
void dht_introduced(struct dht_node *node, uint64_t now,
		    const struct dht_message *m)
{
	node->told_size = m->since;
	node->told_at = now;
	/* Who knows all does not take what may be chance for more. */
	if (node->joined)
		dht_size_update(node, now);
	else if (m->since > node->size)
		node->size = m->since;
	dht_churn_told(node, m->lease);
}

/**
 * dht_joined() - the lookup of a join is over
 * @op: the join, which is freed
 * @now: microseconds
 */
void dht_joined(struct dht_op *op, uint64_t now)
{
	struct dht_node *node = op->node;
	const struct dht_peer *best[PULLS];
	unsigned int i, n, here = 0;

	for (i = 0; i < op->n_seen; i++)
		here += op->seen[i].stand == DHT_HERE;
	if (!here && op->result.requests) {
		dht_op_end(op, now, op->result.answers ? DHT_REFUSED :
							 DHT_NO_ANSWER);
		return;
	}
	node->joined = true;
	dht_size_update(node, now);
	for (i = 0; i < op->n_seen; i++)
		if (op->seen[i].stand == DHT_HERE &&
		    op->seen[i].round > op->result.rounds)
			op->result.rounds = op->seen[i].round;
	dht_op_end(op, now, DHT_DONE);

	n = dht_table_nearest(node, &node->self.id, false, best, PULLS);
	for (i = 0; i < n; i++)
		dht_update_from(node, now, best[i]->known);
	if (dht_calm(node))
		dht_sweep(node, now);
	else if (!dht_laden(dht_of(node)))
		dht_fill_all(node, now, FILLS);
}

static bool is_anchor(const struct dht_node *node, uint32_t known)
{
	unsigned int i;

	for (i = 0; i < node->n_anchor; i++)
		if (node->anchor[i] == known)
			return true;
	return false;
}

/**
 * dht_join() - join the network
 * @node: who joins
 * @now: microseconds
 * @via: members that are known, beside those from the disk
 * @n_via: how many
 *
 * Without any member the node is the first of its network.
 *
 * Return: number of the operation, or 0 where there is no room.
 */
uint64_t dht_join(struct dht_node *node, uint64_t now,
		  const struct dht_contact *via, unsigned int n_via)
{
	struct dht_op *op = dht_op_new(node, now, DHT_AIM_JOIN,
				       &node->self.id);
	unsigned int i;
	uint64_t number;
	uint32_t known;

	if (!op)
		return 0;
	number = dht_op_number(op);
	op->need = 2 * dht_p(node)->redundancy;
	for (i = 0; i < n_via && node->n_anchor < DHT_ANCHORS; i++) {
		known = dht_book_get(dht_of(node), &via[i]);
		if (!known)
			break;
		if (is_anchor(node, known))
			dht_book_put(dht_of(node), known);
		else
			node->anchor[node->n_anchor++] = known;
	}
	dht_lookup_anchor(op);
	dht_lookup_begin(op, now);
	return number;
}
