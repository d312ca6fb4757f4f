// SPDX-License-Identifier: GPL-2.0
/*
 * Stores and leaves: objects put at other nodes.
 *
 * A store begins as a lookup, and goes to the nearest as soon as they are known;
 * who keeps the object tells of those who are nearer still. It ends when the
 * nearest of all have it, as many as the network wants copies; the owner is told
 * when a quorum does. If nodes seem to be missing there, it looks further.
 * Where ids crowd around the object, they may have been made to: then up to four
 * times as many get it, and others beside it (aside.c).
 */
#include <string.h>

#include "dht_state.h"

#define SPARSE	15		/* tenths of the distance expected */
#define IN_TOUCH	1200		/* tenths of seconds; a session lives longer */

static unsigned int quorum(const struct dht_op *op)
{
	const struct dht_params *p = dht_p(op->node);
	unsigned int n = p->quorum ? p->quorum : p->redundancy / 2 + 1;

	return n < op->want ? n : op->want;
}

/* How far the quorum reaches of those who have it. */
static uint64_t reach(const struct dht_op *op)
{
	unsigned int i, n = op->own;

	for (i = 0; i < op->n_seen && n < quorum(op); i++)
		if (op->seen[i].stored == DHT_PUT_DONE &&
		    ++n == quorum(op))
			return op->seen[i].distance;
	return n ? 0 : UINT64_MAX;
}

/*
 * Tells the owner once it is decided, while the rest goes on. A quorum that lies
 * too far away may not be the nearest, and one that crowds may not be honest:
 * then the rest is waited for.
 */
static void decide(struct dht_op *op, uint64_t now)
{
	struct dht_action *action;

	if (op->told || op->acks < quorum(op))
		return;
	if (op->node->size > 2U * op->need && !op->asides &&
	    (dht_too_sparse(op->node, reach(op), quorum(op), SPARSE) ||
	     dht_too_dense(op->node, reach(op), quorum(op))))
		return;
	action = dht_act(op->node, DHT_ACT_RESULT, 0);
	if (!action)
		return;
	action->op = dht_op_number(op);
	action->result = op->result;
	action->result.outcome = DHT_DONE;
	action->result.status = DHT_OK;
	action->result.copies = op->acks;
	op->told = true;
	dht_window_done(op, now);
}

static int put(struct dht_op *op, uint64_t now, struct dht_seen *seen)
{
	uint8_t b[DHT_OBJECT_HEAD_LEN + DHT_OBJECT_MAX];
	struct dht_message m = { .type = DHT_STORE, .n_objects = 1 };
	const struct dht_held *held = op->found[0];

	m.objects = b;
	m.objects_len = dht_object_put(b, sizeof(b), held->b,
				       held->object.len, dht_left(held, now));
	op->result.requests++;
	if (dht_request(op->node, now, seen->known, DHT_FOR_STORE, op->number,
			&m))
		return -1;
	op->outstanding++;
	seen->asked++;
	return 0;
}

/* How many copies: more where the ids around the object are suspect. */
static unsigned int copies(struct dht_op *op)
{
	unsigned int r = dht_p(op->node)->redundancy, i, n = 0;
	unsigned int whole = op->node->table.count + 1;

	for (i = 0; i < op->n_seen; i++) {
		if (op->seen[i].stand == DHT_GONE)
			continue;
		n++;
		if (n == r && (op->node->size <= 4U * r ||
			       !dht_too_dense(op->node, op->seen[i].distance,
					      r)))
			return r;
		if (n > r && (n >= 4 * r ||
			      op->seen[i].distance >
			      dht_expected(op->node, 2 * r)))
			break;
	}
	if (n > r) {
		op->result.alarm = true;
		return n;
	}
	/* There are not more copies than nodes. */
	return r < whole ? r : whole;
}

/* Puts the object at the nearest who are not known to have it, or to get it. */
static void put_next(struct dht_op *op, uint64_t now)
{
	unsigned int i, n = op->own;
	struct dht_seen *seen;

	for (i = 0; i < op->n_seen && n < op->want; i++) {
		seen = &op->seen[i];
		if (seen->stored == DHT_PUT_DONE ||
		    seen->stored == DHT_PUT_SENT) {
			n++;
			continue;
		}
		/* Who is slow may still answer: the next is asked beside. */
		if (seen->stored || seen->stand == DHT_TARDY ||
		    seen->stand == DHT_GONE)
			continue;
		if (!dht_lookup_budget(op))
			return;
		if (put(op, now, seen)) {
			seen->stand = DHT_GONE;
			continue;
		}
		if (dht_place_silent(op, seen->known)) {
			seen->stored = DHT_PUT_SLOW;
			continue;
		}
		seen->stored = DHT_PUT_SENT;
		op->storing++;
		n++;
	}
}

/* The node is one of the nearest itself, perhaps. */
static void put_own(struct dht_op *op, uint64_t now)
{
	const struct dht_held *held = op->found[0];
	uint64_t seq;

	if (op->own || dht_of(op->node)->full ||
	    !dht_responsible(op->node, &op->target, &op->node->self.id,
			     dht_p(op->node)->redundancy) ||
	    dht_store_put(op->node, now, &held->object, &op->target,
			  dht_left(held, now), &seq))
		return;
	op->own = true;
	op->acks++;
}

static void end(struct dht_op *op, uint64_t now)
{
	op->result.copies = op->acks;
	dht_find_forget(op);
	if (op->acks >= quorum(op))
		dht_op_end(op, now, DHT_DONE);
	else if (op->acks)
		dht_op_end(op, now, DHT_NO_QUORUM);
	else
		dht_op_end(op, now, op->refusals ? DHT_REFUSED :
						   DHT_NO_ANSWER);
}

/**
 * dht_publish() - the nearest are known: put the object there
 * @op: a store
 * @now: microseconds
 *
 * Called again whenever more is known.
 */
void dht_publish(struct dht_op *op, uint64_t now)
{
	put_own(op, now);
	op->want = copies(op);
	put_next(op, now);
	decide(op, now);
	if (op->storing)
		return;
	/* Too few to end with, and some who may still answer. */
	if (op->outstanding && op->acks < quorum(op))
		return;
	if (!dht_lookup_more(op, now))
		end(op, now);
}

static struct dht_seen *answered(struct dht_op *op, uint32_t known)
{
	struct dht_seen *seen = dht_lookup_seen(op, known);

	op->outstanding--;
	if (seen)
		seen->asked--;
	return seen;
}

/* What is known of the object at a node, and of the node. */
static void settle(struct dht_op *op, struct dht_seen *seen,
		   enum dht_put stored, enum dht_stand stand)
{
	op->storing -= seen->stored == DHT_PUT_SENT;
	seen->stored = stored;
	/* A lookup may be waiting for the same one. */
	dht_lookup_settle(op, seen, stand);
}

/**
 * dht_publish_answer() - somebody has stored the object, or not
 * @op: the store
 * @now: microseconds
 * @known: who
 * @m: the response
 *
 * Who holds a newer version is not replaced by somebody who does not know of it.
 */
void dht_publish_answer(struct dht_op *op, uint64_t now, uint32_t known,
			const struct dht_message *m)
{
	struct dht_seen *seen = answered(op, known);
	unsigned int path, round;

	op->result.answers++;
	if (!seen || seen->stored == DHT_PUT_DONE)
		goto out;
	if (m->status == DHT_OK) {
		settle(op, seen, DHT_PUT_DONE, DHT_HERE);
		op->acks++;
		if (seen->round > op->result.rounds)
			op->result.rounds = seen->round;
	} else {
		op->refusals++;
		op->result.status = m->status;
		if (m->status == DHT_OLD || m->status == DHT_CONFLICT)
			settle(op, seen, DHT_PUT_DONE, DHT_HERE);
		else
			settle(op, seen, DHT_PUT_NOT, DHT_GONE);
	}
	path = seen->path;
	round = seen->round + 1U;
	dht_lookup_contacts(op, path, round, false, m);
out:
	if (op->merged)
		dht_publish(op, now);
}

/**
 * dht_publish_slow() - somebody takes long to say whether he has stored it
 * @op: the store
 * @now: microseconds
 * @known: who
 *
 * The question may be lost: he gets it again.
 */
void dht_publish_slow(struct dht_op *op, uint64_t now, uint32_t known)
{
	struct dht_seen *seen = dht_lookup_seen(op, known);

	if (!seen || seen->stored != DHT_PUT_SENT)
		return;
	settle(op, seen, DHT_PUT_SLOW, seen->stand);
	if (!seen->again && dht_lookup_budget(op)) {
		seen->again++;
		put(op, now, seen);
	}
	if (op->merged)
		dht_publish(op, now);
}

/**
 * dht_publish_lost() - somebody did not say whether he has stored the object
 * @op: the store
 * @now: microseconds
 * @known: who
 */
void dht_publish_lost(struct dht_op *op, uint64_t now, uint32_t known)
{
	struct dht_seen *seen = answered(op, known);

	/* Where it was sent but once, nothing of it is under way any more. */
	if (seen && (seen->stored == DHT_PUT_SENT ||
		     (!seen->asked && seen->stored != DHT_PUT_DONE)))
		settle(op, seen, DHT_PUT_NOT, DHT_GONE);
	if (op->merged)
		dht_publish(op, now);
}

/**
 * dht_store() - store an object
 * @node: who stores it
 * @now: microseconds
 * @object: encoded
 * @len: its length in bytes
 *
 * Return: number of the operation; 0 where there is no room, or for an object
 * that is not valid.
 */
uint64_t dht_store(struct dht_node *node, uint64_t now, const uint8_t *object,
		   size_t len)
{
	const struct dht_params *p = dht_p(node);
	const struct dht_net *net = node->net;
	struct dht_object parsed;
	struct dht_held *held;
	struct themis_id id;
	struct dht_op *op;
	uint64_t number;

	if (dht_object_parse(&parsed, object, len) ||
	    dht_object_verify(&parsed, net->netid, net->netid_len,
			      dht_unix(net->host, now), &net->host->config))
		return 0;
	dht_object_id(&parsed, net->netid, net->netid_len, &id);
	op = dht_op_new(node, now, DHT_AIM_STORE, &id);
	if (!op)
		return 0;
	held = dht_held_new(&parsed, &id, now + p->keep * DHT_SECOND);
	if (!held) {
		dht_op_free(op);
		return 0;
	}
	op->found[op->n_found++] = held;
	number = dht_op_number(op);
	dht_window_begin(op, now);
	return number;
}

/* Of the nearest, who will be responsible for an object when we are gone. */
static const struct dht_peer *heir(const struct dht_node *node,
				   const struct themis_id *id)
{
	unsigned int r = dht_p(node)->redundancy, n;
	const struct dht_peer *best[32];

	n = dht_table_nearest(node, id, false, best, r);
	return n ? best[n - 1] : NULL;
}

static void leave_to(struct dht_op *op, uint64_t now, uint32_t known,
		     uint8_t *b, size_t len, unsigned int n)
{
	struct dht_message m = {
		.type = DHT_LEAVE,
		.n_objects = n,
		.objects = b,
		.objects_len = len,
	};

	op->result.requests++;
	if (!n)
		dht_request(op->node, now, known, DHT_FOR_LEAVE, 0, &m);
	else if (!dht_request(op->node, now, known, DHT_FOR_LEAVE, op->number,
			      &m))
		op->outstanding++;
}

/*
 * Whether there still is a session. To agree on keys for a farewell costs more
 * than to find out that somebody has gone.
 */
static bool in_touch(uint64_t now, const struct dht_peer *peer)
{
	return peer->heard + IN_TOUCH > now / DHT_TENTH;
}

/*
 * All that one heir gets, in as many messages as it takes; at least one, unless
 * that would be for a farewell alone, to one not in touch.
 */
static void hand_over(struct dht_op *op, uint64_t now,
		      const struct dht_peer *peer)
{
	struct core_walk walk = core_walk(&op->node->store.all);
	const struct dht_peer *to;
	uint8_t b[DHT_OBJECT_ROOM];
	struct dht_held *held;
	struct core_list *pos;
	unsigned int n = 0;
	size_t len = 0, put;

	while ((pos = core_walk_on(&walk))) {
		held = core_entry(pos, struct dht_held, all);
		to = heir(op->node, &held->id);
		if (!to || to->known != peer->known)
			continue;
		put = n < DHT_OBJECTS_MAX ?
		      dht_object_put(b + len, sizeof(b) - len, held->b,
				     held->object.len, dht_left(held, now)) :
		      0;
		if (!put) {
			leave_to(op, now, peer->known, b, len, n);
			n = 0;
			len = 0;
			put = dht_object_put(b, sizeof(b), held->b,
					     held->object.len,
					     dht_left(held, now));
		}
		len += put;
		n++;
	}
	if (n || in_touch(now, peer))
		leave_to(op, now, peer->known, b, len, n);
}

/**
 * dht_leave() - leave the network
 * @node: who leaves
 * @now: microseconds
 *
 * Its objects go to those who will be responsible for them, and its siblings
 * are told, if it is in touch with them; nobody waits for them to say that they
 * have heard. It answers nobody from now on; when the operation is over it may be
 * freed.
 *
 * Return: number of the operation, or 0 where there is no room.
 */
uint64_t dht_leave(struct dht_node *node, uint64_t now)
{
	unsigned int i, n, most = 2 * dht_p(node)->redundancy;
	const struct dht_peer *best[64];
	struct dht_op *op;
	uint64_t number;

	op = dht_op_new(node, now, DHT_AIM_LEAVE, &node->self.id);
	if (!op)
		return 0;
	number = dht_op_number(op);
	node->left = true;
	n = dht_table_nearest(node, &node->self.id, false, best, most);
	for (i = 0; i < n; i++)
		hand_over(op, now, best[i]);
	if (!op->outstanding)
		dht_op_end(op, now, DHT_DONE);
	return number;
}

/**
 * dht_leave_answer() - an heir has answered, or never will
 * @op: the leave
 * @now: microseconds
 */
void dht_leave_answer(struct dht_op *op, uint64_t now)
{
	if (!--op->outstanding)
		dht_op_end(op, now, DHT_DONE);
}
