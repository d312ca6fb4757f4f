// SPDX-License-Identifier: GPL-2.0
/*
 * Commands that wait for their responses.
 *
 * A command's sequence is its place in the slab and a generation, so that a
 * late response to a request that is gone finds nothing.
 */
#include <string.h>

#include "dht_state.h"

#define LADEN	64	/* commands that wait for their sessions */

/**
 * dht_laden() - whether a host has more to do than it can
 * @host: the host
 *
 * To agree on keys takes far longer than a command does. While so many are
 * agreed on, what can wait does, and that somebody does not get through to
 * another says nothing about him.
 *
 * Return: true if so.
 */
bool dht_laden(const struct dht_host *host)
{
	return host->n_held > LADEN;
}

static struct dht_op *op_of(struct dht_host *host, uint32_t op)
{
	return op ? dht_slab_at(&host->ops, op) : NULL;
}

/**
 * dht_request() - send a command
 * @node: who asks
 * @now: microseconds
 * @known: who is asked
 * @purpose: what for
 * @op: for which operation; 0 for none
 * @message: the command
 *
 * Return: 0, or -1 where there is no room for it.
 */
int dht_request(struct dht_node *node, uint64_t now, uint32_t known,
		enum dht_purpose purpose, uint32_t op,
		struct dht_message *message)
{
	struct dht_host *host = dht_of(node);
	struct dht_request *request;
	struct dht_action *action;
	uint32_t number;
	uint64_t slow;

	if (core_heap_reserve(&host->timers))
		return -1;
	number = dht_slab_get(&host->requests);
	if (!number)
		return -1;
	message->work = node->self.work;
	action = dht_act_message(node, DHT_ACT_COMMAND, message);
	if (!action) {
		dht_slab_put(&host->requests, number);
		return -1;
	}
	request = dht_slab_at(&host->requests, number);
	request->number = number;
	request->generation = ++host->generation;
	request->node = node;
	request->op = op;
	request->known = known;
	request->sent = now;
	request->purpose = purpose;
	dht_book_hold(host, known);
	core_list_init(&request->of_node);
	core_list_add(&node->requests, &request->of_node);
	request->slow = op && dht_place_silent(op_of(host, op), known);
	slow = dht_rtt_slow(node, known, purpose);
	core_heap_set(&host->timers, &request->timer,
		      now + (request->slow ? dht_rtt_lost(slow) : slow));
	action->to = *dht_book_at(host, known);
	action->seq = (uint64_t)request->generation << 32 | number;
	node->asked++;
	return 0;
}

/**
 * dht_request_free() - a request waits no longer
 * @host: the host
 * @request: the request
 */
void dht_request_free(struct dht_host *host, struct dht_request *request)
{
	if (request->held)
		host->n_held--;
	core_heap_del(&host->timers, &request->timer);
	core_list_del(&request->of_node);
	dht_book_put(host, request->known);
	dht_slab_put(&host->requests, request->number);
}

/*
 * The request is freed first: what follows may send the next one. Whom a command
 * was for is not to blame if it is @unsent, or waits as too many others do.
 */
static void lost(struct dht_host *host, uint64_t now,
		 struct dht_request *request, bool unsent)
{
	bool blame = !unsent && !(request->held && dht_laden(host));
	struct dht_op *op = op_of(host, request->op);
	enum dht_purpose purpose = request->purpose;
	struct dht_node *node = request->node;
	uint32_t known = request->known;

	dht_book_hold(host, known);
	dht_request_free(host, request);
	if (blame)
		dht_table_lost(node, now, known);
	if (op && purpose == DHT_FOR_LOOKUP)
		dht_lookup_lost(op, now, known);
	else if (op && purpose == DHT_FOR_STORE)
		dht_publish_lost(op, now, known);
	else if (op && purpose == DHT_FOR_LEAVE)
		dht_leave_answer(op, now);
	else if (purpose == DHT_FOR_SWEEP)
		dht_sweep_next(node, now);
	dht_book_put(host, known);
}

/*
 * Whether more time is given to a command that has not left yet, because the
 * transport is at work on a session. A find and a store go other ways; upkeep is
 * in no haste, and for a join there is no other way before somebody answers.
 */
static bool patient(const struct dht_host *host, uint64_t now,
		    const struct dht_request *request, const struct dht_op *op)
{
	if (!request->held || now >= request->sent + DHT_HELD_MAX)
		return false;
	if (!op || op->aim == DHT_AIM_FILL)
		return request->slow || dht_laden(host);
	return op->aim == DHT_AIM_JOIN &&
	       (request->slow || !op->result.answers);
}

/**
 * dht_request_timer() - a request takes long
 * @host: the host
 * @now: microseconds
 * @request: the request
 */
void dht_request_timer(struct dht_host *host, uint64_t now,
		       struct dht_request *request)
{
	struct dht_op *op = op_of(host, request->op);
	uint64_t slow = request->timer.when - request->sent;

	if (patient(host, now, request, op)) {
		core_heap_set(&host->timers, &request->timer,
			      now + DHT_LOST_MIN);
		return;
	}
	if (request->slow) {
		lost(host, now, request, false);
		return;
	}
	request->slow = true;
	dht_place_slow(host, request);
	if (op && !request->held)
		dht_window_request(op, true);
	/* Where most answers are late, all are given more time. */
	core_heap_set(&host->timers, &request->timer, request->sent +
		      (dht_rtt_lost(slow) << dht_window_late(request->node)));
	if (op && request->purpose == DHT_FOR_LOOKUP)
		dht_lookup_slow(op, now, request->known);
	else if (op && request->purpose == DHT_FOR_STORE)
		dht_publish_slow(op, now, request->known);
}

static struct dht_request *find(struct dht_node *node, uint64_t seq)
{
	struct dht_host *host = dht_of(node);
	uint32_t number = (uint32_t)seq;
	struct dht_request *request;

	if (!number || number > host->requests.made)
		return NULL;
	request = dht_slab_at(&host->requests, number);
	if (request->generation != seq >> 32 || request->node != node)
		return NULL;
	/* One that was freed keeps its generation, but is in no list. */
	return core_list_empty(&request->of_node) ? NULL : request;
}

/**
 * dht_failed() - the transport cannot deliver a command
 * @node: who asked
 * @now: microseconds
 * @seq: the command's
 */
void dht_failed(struct dht_node *node, uint64_t now, uint64_t seq)
{
	struct dht_request *request = find(node, seq);

	if (request)
		lost(dht_of(node), now, request, false);
}

/**
 * dht_unsent() - the owner has no room for a command
 * @node: who asked
 * @now: microseconds
 * @seq: the command's
 *
 * Whom it was for has not failed.
 */
void dht_unsent(struct dht_node *node, uint64_t now, uint64_t seq)
{
	struct dht_request *request = find(node, seq);

	if (request)
		lost(dht_of(node), now, request, true);
}

static void hold(struct dht_host *host, struct dht_request *request)
{
	if (!request->held)
		host->n_held++;
	request->held = true;
}

static bool joins(struct dht_host *host, const struct dht_request *request)
{
	struct dht_op *op = op_of(host, request->op);

	return op && op->aim == DHT_AIM_JOIN;
}

/* It is slow after as long as others have waited. */
static void held_timer(struct dht_host *host, uint64_t now,
		       struct dht_request *request)
{
	uint64_t slow = dht_rtt_slow(request->node, request->known,
				     request->purpose);

	if (!request->slow)
		core_heap_set(&host->timers, &request->timer,
			      now + dht_rtt_held(host, slow));
}

/**
 * dht_queued() - a command waits until its session is begun
 * @node: who asks
 * @now: microseconds
 * @seq: the command's
 *
 * The owner has too many others begun, and calls dht_held() when it is its turn.
 * Who joins would only make more of them by asking others beside.
 */
void dht_queued(struct dht_node *node, uint64_t now, uint64_t seq)
{
	struct dht_request *request = find(node, seq);
	struct dht_host *host = dht_of(node);

	if (!request)
		return;
	hold(host, request);
	if (joins(host, request))
		core_heap_set(&host->timers, &request->timer,
			      now + DHT_HELD_MAX);
	else
		held_timer(host, now, request);
}

/**
 * dht_held() - a command waits for its session
 * @node: who asks
 * @now: microseconds
 * @seq: the command's
 *
 * The owner calls dht_waited() when it leaves, or dht_failed().
 */
void dht_held(struct dht_node *node, uint64_t now, uint64_t seq)
{
	struct dht_request *request = find(node, seq);
	struct dht_host *host = dht_of(node);
	bool queued;

	if (!request)
		return;
	queued = request->held;
	hold(host, request);
	if (queued && !joins(host, request))
		return;
	if (queued)
		request->sent = now;
	held_timer(host, now, request);
}

/**
 * dht_waited() - a command leaves only now
 * @node: who asks
 * @now: microseconds
 * @seq: the command's
 *
 * It has waited for its session: what that took is no part of the round trip.
 */
void dht_waited(struct dht_node *node, uint64_t now, uint64_t seq)
{
	struct dht_request *request = find(node, seq);
	struct dht_host *host = dht_of(node);
	uint64_t slow;

	if (!request)
		return;
	dht_rtt_waited(host, now - request->sent);
	request->sent = now;
	if (request->held)
		host->n_held--;
	request->held = false;
	slow = dht_rtt_slow(node, request->known, request->purpose);
	core_heap_set(&host->timers, &request->timer,
		      now + (request->slow ? dht_rtt_lost(slow) : slow));
}

/* Everybody who is told of may be worth knowing. */
static void told(struct dht_node *node, const struct dht_message *m)
{
	struct dht_host *host = dht_of(node);
	struct dht_contact contact;
	unsigned int i;
	uint32_t known;

	for (i = 0; i < m->n_contacts; i++) {
		dht_contact_get(&contact, m->contacts + i * DHT_CONTACT_LEN);
		if (!dht_table_curious(node, &contact.id) ||
		    !dht_work_ok(node->net, &contact))
			continue;
		known = dht_book_get(host, &contact);
		if (!known)
			return;
		dht_table_told(node, known);
		dht_book_put(host, known);
	}
}

static void take(struct dht_node *node, uint64_t now, struct dht_op *op,
		 enum dht_purpose purpose, uint32_t known,
		 const struct dht_message *m)
{
	switch (purpose) {
	case DHT_FOR_LOOKUP:
		if (op)
			dht_lookup_answer(op, now, known, m);
		break;
	case DHT_FOR_STORE:
		if (op)
			dht_publish_answer(op, now, known, m);
		break;
	case DHT_FOR_LEAVE:
		if (op)
			dht_leave_answer(op, now);
		break;
	case DHT_FOR_UPDATE:
		dht_update_taken(node, now, known, m);
		told(node, m);
		break;
	case DHT_FOR_PROBE:
		told(node, m);
		dht_probed(node, now, known);
		break;
	case DHT_FOR_SWEEP:
		told(node, m);
		dht_sweep_next(node, now);
		break;
	case DHT_FOR_REPAIR:
		break;
	}
}

/* In a closed network who answers has to show his admission, too. */
static bool member(struct dht_node *node, uint64_t now, uint32_t known,
		   const struct dht_message *m)
{
	struct dht_known *k = dht_slab_at(&dht_of(node)->book, known);

	if (!dht_p(node)->closed)
		return true;
	if (m->type == DHT_JOIN && !m->status &&
	    dht_admitted(node, now, &k->contact.id, m->admission))
		k->admitted = dht_get64(m->admission);
	return k->admitted > dht_unix(dht_of(node), now);
}

/**
 * dht_response() - a response has arrived
 * @node: who asked
 * @now: microseconds
 * @from: who answers, proven
 * @seq: of the command
 * @b: the response, anything
 * @len: its length in bytes
 *
 * A response that cannot be read is none.
 */
void dht_response(struct dht_node *node, uint64_t now,
		  const struct themis_id *from, uint64_t seq,
		  const uint8_t *b, size_t len)
{
	struct dht_request *request = find(node, seq);
	struct dht_host *host = dht_of(node);
	struct dht_peer *peer = NULL;
	enum dht_purpose purpose;
	struct dht_message m;
	struct dht_op *op;
	uint32_t known;

	if (!request || dht_message_parse(&m, b, len) || !m.response ||
	    !themis_id_equal(from, &dht_book_at(host, request->known)->id))
		return;
	op = op_of(host, request->op);
	purpose = request->purpose;
	known = request->known;
	node->silent = 0;
	dht_book_hold(host, known);
	dht_place_heard(host, now, dht_book_at(host, known));
	if (member(node, now, known, &m))
		peer = dht_table_heard(node, now, known, dht_small(node));
	dht_rtt_measured(node, peer, now - request->sent);
	if (op && !request->slow)
		dht_window_request(op, false);
	if (peer && m.type == DHT_FIND)
		dht_size_claim(node, m.since);
	if (peer)
		dht_upkeep_hint(node, now, m.lease);
	dht_request_free(host, request);
	take(node, now, op, purpose, known, &m);
	dht_book_put(host, known);
}
