// SPDX-License-Identifier: GPL-2.0
/*
 * Operations: beginning and ending one.
 */
#include "dht_state.h"

/**
 * dht_op_number() - by which the owner knows an operation
 * @op: the operation
 *
 * Return: the number, not 0.
 */
uint64_t dht_op_number(const struct dht_op *op)
{
	return (uint64_t)op->generation << 32 | op->number;
}

/**
 * dht_op_new() - begin an operation
 * @node: whose
 * @now: microseconds
 * @aim: what it is about
 * @target: id that it is about
 *
 * Return: the operation, or NULL where there is no room.
 */
struct dht_op *dht_op_new(struct dht_node *node, uint64_t now,
			  enum dht_aim aim, const struct themis_id *target)
{
	static const uint8_t types[] = {
		[DHT_AIM_JOIN] = DHT_JOIN,
		[DHT_AIM_FILL] = DHT_FIND,
		[DHT_AIM_FIND] = DHT_FIND,
		[DHT_AIM_STORE] = DHT_STORE,
		[DHT_AIM_LEAVE] = DHT_LEAVE,
	};
	struct dht_host *host = dht_of(node);
	uint32_t number = dht_slab_get(&host->ops);
	struct dht_op *op;

	if (!number)
		return NULL;
	op = dht_slab_at(&host->ops, number);
	op->number = number;
	op->generation = ++host->generation;
	op->node = node;
	op->aim = aim;
	op->target = *target;
	op->route = *target;
	op->prefix = dht_prefix(target);
	op->need = dht_p(node)->redundancy;
	op->paths = dht_p(node)->paths;
	/* Who joins among liars stays there. */
	if (aim == DHT_AIM_JOIN && !dht_small(node))
		op->paths *= 2;
	op->result.type = types[aim];
	op->result.began = now;
	if (aim == DHT_AIM_FIND || aim == DHT_AIM_STORE)
		host->asked_at = now;
	core_list_init(&op->of_node);
	core_list_add(&node->ops, &op->of_node);
	return op;
}

/**
 * dht_op_detach() - wait no longer for what was asked
 * @op: the operation
 *
 * Answers that still come are of use to the table, not to the operation.
 */
void dht_op_detach(struct dht_op *op)
{
	struct core_walk walk = core_walk(&op->node->requests);
	struct dht_request *request;
	struct core_list *pos;

	while (op->outstanding && (pos = core_walk_on(&walk))) {
		request = core_entry(pos, struct dht_request, of_node);
		if (request->op == op->number) {
			request->op = 0;
			op->outstanding--;
		}
	}
}

/**
 * dht_op_free() - end an operation without a word
 * @op: the operation
 */
void dht_op_free(struct dht_op *op)
{
	struct dht_host *host = dht_of(op->node);
	unsigned int i;

	dht_op_detach(op);
	for (i = 0; i < op->n_seen; i++)
		dht_book_put(host, op->seen[i].known);
	dht_find_forget(op);
	core_list_del(&op->of_node);
	dht_slab_put(&host->ops, op->number);
}

static void tell(struct dht_op *op, uint64_t now, enum dht_outcome outcome)
{
	struct dht_action *action;
	unsigned int i;
	size_t len = 0;
	uint8_t *at;

	for (i = 0; i < op->n_found; i++)
		len += DHT_OBJECT_HEAD_LEN + op->found[i]->object.len;
	action = dht_act(op->node, DHT_ACT_RESULT, len);
	if (!action)
		return;
	action->op = dht_op_number(op);
	action->result = op->result;
	action->result.outcome = outcome;
	action->result.objects = op->n_found;
	at = action->b;
	for (i = 0; i < op->n_found; i++)
		at += dht_object_put(at, action->b + len - at,
				     op->found[i]->b,
				     op->found[i]->object.len,
				     dht_left(op->found[i], now));
}

/**
 * dht_op_end() - end an operation
 * @op: the operation, which is freed
 * @now: microseconds
 * @outcome: how it ended
 *
 * The owner is told, unless nobody waits for it.
 */
void dht_op_end(struct dht_op *op, uint64_t now, enum dht_outcome outcome)
{
	if (!op->told && op->aim != DHT_AIM_FILL)
		tell(op, now, outcome);
	dht_window_done(op, now);
	dht_op_free(op);
}
