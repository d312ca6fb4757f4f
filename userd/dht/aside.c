// SPDX-License-Identifier: GPL-2.0
/*
 * Beside the target: where ids have been ground to surround it.
 *
 * Ids that crowd around a target have been made to, and hide everybody else:
 * the nearest, whom each answer names, are always they. But nobody can crowd
 * around a place that he does not know. So the lookup goes on to a random place
 * in the half of the target's surroundings that is further out, as large as it
 * takes for the copies: a store leaves copies there, and a find asks there. He
 * who wants to hide an object from that needs as many ids as all that honest
 * nodes have there, several times over.
 */
#include <string.h>

#include "dht_state.h"

#define ASIDES	2

/* Takes those out who crowd, and puts the others in order around the place. */
static void sort(struct dht_op *op)
{
	struct dht_host *host = dht_of(op->node);
	uint64_t crowd = dht_expected(op->node, 1), distance;
	struct dht_seen seen;
	unsigned int i, j, n = 0;

	for (i = 0; i < op->n_seen; i++) {
		seen = op->seen[i];
		distance = dht_prefix(&dht_book_at(host, seen.known)->id);
		if ((distance ^ dht_prefix(&op->target)) < crowd) {
			dht_book_put(host, seen.known);
			continue;
		}
		seen.distance = distance ^ op->prefix;
		if (seen.stand == DHT_HERE)
			seen.stand = DHT_NEW;
		for (j = n++; j > 0 &&
		     op->seen[j - 1].distance > seen.distance; j--)
			op->seen[j] = op->seen[j - 1];
		op->seen[j] = seen;
	}
	op->n_seen = n;
}

/**
 * dht_aside() - go on beside the target, if ids crowd around it
 * @op: a find or a store, whose nearest have answered
 *
 * Return: true if the lookup goes on.
 */
bool dht_aside(struct dht_op *op)
{
	const struct dht_config *config = &dht_of(op->node)->config;
	unsigned int r = dht_p(op->node)->redundancy, bits = 0;
	struct dht_node *node = op->node;
	uint64_t distance, random, bit;

	if (op->asides >= ASIDES || !dht_lookup_budget(op) ||
	    node->size <= 8U * r ||
	    (!op->asides && (!dht_lookup_nth(op, &distance) ||
			     !dht_too_dense(node, distance, op->need))))
		return false;
	/* There are from one to two times as many nodes as copies. */
	while (node->size >> (bits + 2) >= r)
		bits++;
	/* Others may think that the network is a little larger, or smaller. */
	if (op->asides && 2 * (node->size >> (bits + 1)) > 3 * r)
		bits++;
	else if (op->asides && bits)
		bits--;
	bit = 1ULL << (63 - bits);
	config->random(config->ctx, &random, sizeof(random));
	op->prefix = (dht_prefix(&op->target) & ~(bit - 1)) ^ bit;
	op->prefix |= random & (bit - 1);
	op->route = op->target;
	dht_put64(op->route.b, op->prefix);
	op->asides++;
	op->merged = false;
	op->gathered = false;
	op->result.alarm = true;
	sort(op);
	return true;
}

/**
 * dht_aside_gather() - those around the place are known
 * @op: the operation
 *
 * Until now they have been asked for each other, not for what is looked for.
 */
void dht_aside_gather(struct dht_op *op)
{
	unsigned int i;

	if (!op->asides || op->gathered)
		return;
	op->gathered = true;
	for (i = 0; i < op->n_seen; i++)
		if (op->seen[i].stand == DHT_HERE && !op->seen[i].gave)
			op->seen[i].stand = DHT_NEW;
}
