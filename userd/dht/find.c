// SPDX-License-Identifier: GPL-2.0
/*
 * Finds: what a lookup brings, and when it is enough.
 *
 * A node is found when it has answered itself. An immutable object proves itself,
 * so that the first is enough. Of a signed one the newest among a quorum counts,
 * and of a set the newest entry of each owner.
 */
#include <stdlib.h>
#include <string.h>

#include "dht_state.h"

static unsigned int quorum(const struct dht_op *op)
{
	const struct dht_params *p = dht_p(op->node);
	unsigned int most = op->node->table.count;
	unsigned int n = p->quorum ? p->quorum : p->redundancy / 2 + 1;

	return n < most ? n : most ? most : 1;
}

/* The newest of each owner is kept. */
static void keep(struct dht_op *op, const struct dht_object *object,
		 uint64_t now, uint32_t lease)
{
	struct dht_held *held;
	unsigned int i;

	for (i = 0; i < op->n_found; i++) {
		if (memcmp(op->found[i]->object.owner, object->owner,
			   sizeof(object->owner)))
			continue;
		if (op->found[i]->object.seq >= object->seq)
			return;
		break;
	}
	if (i == DHT_SET_MAX)
		return;
	held = dht_held_new(object, &op->target, now + lease * DHT_SECOND);
	if (!held)
		return;
	if (i < op->n_found)
		free(op->found[i]);
	else
		op->n_found++;
	op->found[i] = held;
}

/* Whether the same bytes have been verified already. */
static bool verified(const struct dht_op *op, const uint8_t *b, size_t len)
{
	unsigned int i;

	for (i = 0; i < op->n_found; i++)
		if (op->found[i]->object.len == len &&
		    !memcmp(op->found[i]->b, b, len))
			return true;
	return false;
}

/**
 * dht_find_take() - take the objects of an answer
 * @op: the operation
 * @now: microseconds
 * @seen: who answered
 * @m: the response
 *
 * What is of another id, forged or expired counts for nothing.
 */
void dht_find_take(struct dht_op *op, uint64_t now, struct dht_seen *seen,
		   const struct dht_message *m)
{
	const uint8_t *at = m->objects, *end = at + m->objects_len, *b;
	const struct dht_net *net = op->node->net;
	struct dht_object object;
	struct themis_id id;
	uint32_t lease;
	size_t len;

	while ((b = dht_object_next(&at, end, &len, &lease))) {
		if (dht_object_parse(&object, b, len))
			continue;
		dht_object_id(&object, net->netid, net->netid_len, &id);
		if (!themis_id_equal(&id, &op->target))
			continue;
		if (!verified(op, b, len) &&
		    dht_object_verify(&object, net->netid, net->netid_len,
				      dht_unix(net->host, now),
				      &net->host->config))
			continue;
		if (!seen->gave)
			op->result.copies++;
		seen->gave = 1;
		if (object.seq > seen->gave_seq)
			seen->gave_seq = object.seq;
		if (seen->round > op->result.rounds)
			op->result.rounds = seen->round;
		keep(op, &object, now, lease);
	}
	if (seen->distance ||
	    !themis_id_equal(&dht_book_at(net->host, seen->known)->id,
			     &op->target))
		return;
	op->result.contact = *dht_book_at(net->host, seen->known);
	op->result.rounds = seen->round;
}

/*
 * Who gave an object among those nearest to it. Others may hold it, too; but of
 * liars there are always some who would, and give what is old.
 */
static unsigned int givers(const struct dht_op *op)
{
	unsigned int i, n = 0, gave = 0;

	for (i = 0; i < op->n_seen && n < dht_p(op->node)->redundancy; i++) {
		if (op->seen[i].stand == DHT_GONE)
			continue;
		n++;
		gave += op->seen[i].gave;
	}
	/* What the node holds itself. */
	return gave + op->own;
}

/**
 * dht_find_enough() - whether a find needs no more answers
 * @op: the operation
 *
 * Return: true if so.
 */
bool dht_find_enough(struct dht_op *op)
{
	if (!themis_id_zero(&op->result.contact.id))
		return true;
	if (!op->n_found)
		return false;
	return op->found[0]->object.type == DHT_IMMUTABLE ||
	       givers(op) >= quorum(op);
}

/**
 * dht_find_forget() - free what was found
 * @op: the operation
 */
void dht_find_forget(struct dht_op *op)
{
	while (op->n_found)
		free(op->found[--op->n_found]);
}

/* The nearest who had an older version, or none, get the newest. */
static void repair(struct dht_op *op, uint64_t now)
{
	const struct dht_object *newest = &op->found[0]->object;
	uint8_t b[DHT_OBJECT_HEAD_LEN + DHT_OBJECT_MAX];
	struct dht_message m = { .type = DHT_STORE, .n_objects = 1 };
	unsigned int i, n = 0;

	if (newest->type != DHT_MUTABLE)
		return;
	m.objects = b;
	m.objects_len = dht_object_put(b, sizeof(b), newest->b, newest->len,
				       dht_left(op->found[0], now));
	for (i = 0; i < op->n_seen && n < dht_p(op->node)->redundancy; i++) {
		if (op->seen[i].stand != DHT_HERE)
			continue;
		n++;
		if (op->seen[i].gave && op->seen[i].gave_seq >= newest->seq)
			continue;
		dht_request(op->node, now, op->seen[i].known, DHT_FOR_REPAIR,
			    0, &m);
	}
}

/* What the node holds itself counts as one more answer. */
static void take_own(struct dht_op *op, uint64_t now)
{
	struct dht_held *held;
	bool any = false;

	for (held = dht_store_first(op->node, &op->target); held;
	     held = dht_store_next(held, &op->target)) {
		if (held->until <= now)
			continue;
		any = true;
		keep(op, &held->object, now, dht_left(held, now));
	}
	op->own = any;
	op->result.copies += any;
}

/**
 * dht_find_end() - a find is over
 * @op: the operation, which is freed
 * @now: microseconds
 */
void dht_find_end(struct dht_op *op, uint64_t now)
{
	enum dht_outcome outcome = DHT_DONE;

	if (themis_id_zero(&op->result.contact.id)) {
		if (!op->n_found)
			outcome = op->result.answers ? DHT_NOT_FOUND :
						       DHT_NO_ANSWER;
		else if (!dht_find_enough(op))
			outcome = DHT_NO_QUORUM;
		if (op->n_found)
			repair(op, now);
	}
	dht_op_end(op, now, outcome);
}

static uint64_t begin(struct dht_node *node, uint64_t now,
		      const struct themis_id *id, bool acquire)
{
	struct dht_op *op = dht_op_new(node, now, DHT_AIM_FIND, id);
	uint64_t number;

	if (!op)
		return 0;
	op->acquire = acquire;
	number = dht_op_number(op);
	if (themis_id_equal(id, &node->self.id))
		op->result.contact = node->self;
	else
		take_own(op, now);
	if (dht_find_enough(op))
		dht_find_end(op, now);
	else
		dht_window_begin(op, now);
	return number;
}

/**
 * dht_find() - find a node or an object
 * @node: who looks
 * @now: microseconds
 * @id: what for
 *
 * An immutable object that the node holds is found at once.
 *
 * Return: number of the operation, or 0 where there is no room.
 */
uint64_t dht_find(struct dht_node *node, uint64_t now,
		  const struct themis_id *id)
{
	return begin(node, now, id, false);
}

/**
 * dht_acquire() - find a node for which data waits
 * @node: who looks
 * @now: microseconds
 * @id: what for
 *
 * As dht_find(), but every other turn is its own.
 *
 * Return: number of the operation, or 0 where there is no room.
 */
uint64_t dht_acquire(struct dht_node *node, uint64_t now,
		     const struct themis_id *id)
{
	return begin(node, now, id, true);
}
