// SPDX-License-Identifier: GPL-2.0
/*
 * The initiator's side of the key agreement: protocol.rst, "Course".
 */
#include <string.h>

#include <sodium.h>

#include "state.h"

/* When message 1, and later message 3, is sent, after the first time. */
static const uint64_t schedule[CORE_TRIES] = {
	0,
	500 * CORE_MS,
	1500 * CORE_MS,
	3500 * CORE_MS,
	7500 * CORE_MS,
};

static uint64_t next_time(const struct core_agree *agree)
{
	return agree->begun + (agree->tries < CORE_TRIES ?
			       schedule[agree->tries] : CORE_GIVE_UP);
}

static bool over(const struct core_agree *agree, uint64_t now)
{
	return agree->tries >= CORE_TRIES ||
	       now >= agree->begun + CORE_GIVE_UP;
}

/* What is said twice has one turn. */
static unsigned int also(const union themis_endpoint **known, unsigned int n,
			 const union themis_endpoint *endpoint)
{
	unsigned int i;

	if (!core_endpoint_known(endpoint))
		return n;
	for (i = 0; i < n; i++)
		if (core_endpoint_equal(known[i], endpoint))
			return n;
	known[n] = endpoint;
	return n + 1;
}

/**
 * core_choose() - where message 1 goes
 * @peer: the peer
 * @tries: how often it was sent
 *
 * Where the peer last proved itself is tried first, and in turn with the
 * configured endpoint and with what the directory told: one may be out of date.
 * Where a message 1 came from proves nothing, for it may be a replay: that is
 * the last resort.
 *
 * Return: the endpoint; of no family if none is known.
 */
const union themis_endpoint *core_choose(const struct core_peer *peer,
					 unsigned int tries)
{
	const struct core_effort *effort = peer->effort;
	const union themis_endpoint *known[3];
	unsigned int n;

	if (!effort)
		return &peer->seen;
	n = also(known, 0, &peer->seen);
	n = also(known, n, &effort->given);
	n = also(known, n, &effort->told);
	return n ? known[tries % n] : &effort->heard;
}

/**
 * core_locatable() - whether there is any endpoint to try for a peer
 * @peer: the peer
 *
 * Return: true if so.
 */
bool core_locatable(const struct core_peer *peer)
{
	return core_endpoint_known(core_choose(peer, 0));
}

static void send_init(struct themis_core *core, uint64_t now,
		      struct core_agree *agree)
{
	struct core_peer *peer = agree->peer;

	if (!agree->tries) {
		agree->born = now;
		agree->begun = now;
	}

	agree->to = *core_choose(peer, agree->tries);
	peer->effort->asked = agree->to;
	core->count[agree->tries ? THEMIS_N_TX_INIT_AGAIN :
				   THEMIS_N_TX_INIT]++;
	agree->repeated = agree->tries;
	agree->cookied = false;
	peer->effort->tries = ++agree->tries;
	core_act_packet(core, agree, &agree->to, &agree->init,
			sizeof(agree->init));
	core_heap_set(&core->timers, &agree->timer, next_time(agree));
}

static void send_confirm(struct themis_core *core, struct core_agree *agree)
{
	core->count[agree->tries ? THEMIS_N_TX_CONFIRM_AGAIN :
				   THEMIS_N_TX_CONFIRM]++;
	core_act_packet(core, agree, &agree->to, &agree->confirm,
			sizeof(agree->confirm));
}

static void schedule_confirm(struct themis_core *core,
			     struct core_agree *agree)
{
	send_confirm(core, agree);
	agree->tries++;
	core_heap_set(&core->timers, &agree->timer, next_time(agree));
}

/*
 * Where the peer has just begun an agreement itself, ours would be in its way:
 * let it finish first. This is bounded, for message 1 may be a replay.
 */
static uint64_t when_to_begin(const struct core_peer *peer, uint64_t now)
{
	struct core_walk walk = core_agreements(peer);
	struct core_list *pos;
	struct core_agree *agree;
	uint64_t when = now;

	while ((pos = core_walk_on(&walk))) {
		agree = core_entry(pos, struct core_agree, of_peer);
		if (agree->phase == CORE_ANSWERED &&
		    when < agree->begun + CORE_YIELD)
			when = agree->begun + CORE_YIELD;
	}
	return when;
}

/**
 * core_not_begun() - no agreement with a peer comes about
 * @core: the core
 * @now: microseconds
 * @peer: the peer
 * @wanted: something waits for it in the kernel
 * @why: the reason
 *
 * A session that still has an older key stays established, unless something
 * waited, which means that the kernel has none to send on.
 */
void core_not_begun(struct themis_core *core, uint64_t now,
		    struct core_peer *peer, bool wanted, enum themis_why why)
{
	core->failures[why]++;
	if (wanted)
		core_act_fail(core, &peer->node->self.id, &peer->id, why);
	if (wanted || peer->state != THEMIS_PEER_ESTABLISHED)
		core_peer_state(core, now, peer, THEMIS_PEER_FAILED, why);
	else
		core_peer_state(core, now, peer, peer->state, why);
}

/* What the last agreement of ours took. */
static void forget_last(struct core_peer *peer)
{
	struct core_effort *effort = peer->effort;

	if (!effort)
		return;
	effort->tries = 0;
	effort->spent = 0;
	memset(&effort->asked, 0, sizeof(effort->asked));
}

/**
 * core_begin() - begin an agreement as initiator, or join the one in progress
 * @core: the core
 * @now: microseconds
 * @peer: with whom
 * @wanted: something waits for it in the kernel, and is told if it fails
 * @again: it replaces one that came to nothing
 */
void core_begin(struct themis_core *core, uint64_t now, struct core_peer *peer,
		bool wanted, bool again)
{
	const struct core_node *node = peer->node;
	struct core_agree *agree = core_own(peer);
	uint8_t nonce[32];

	if (agree) {
		agree->wanted |= wanted;
		return;
	}
	core_peer_touch(core, peer);
	forget_last(peer);
	if (core_refusal(node, peer)) {
		core_not_begun(core, now, peer, wanted, THEMIS_WHY_DENIED);
		return;
	}
	if (!core_locatable(peer)) {
		core_not_begun(core, now, peer, wanted, THEMIS_WHY_NO_ENDPOINT);
		return;
	}

	if (core_agree_room(core, peer))
		agree = core_agree_new(core, peer, CORE_ASKED);
	if (!agree) {
		core_not_begun(core, now, peer, wanted, THEMIS_WHY_FULL);
		return;
	}
	agree->wanted = wanted;
	agree->again = again;
	agree->begun = when_to_begin(peer, now);

	core_random(core, agree->secret, sizeof(agree->secret));
	core_random(core, nonce, sizeof(nonce));
	core_node_unlock(node);
	themis_init_build(&agree->init, &node->self, &peer->id, agree->local,
			  agree->secret, nonce);
	core_node_lock(node);

	if (peer->state != THEMIS_PEER_ESTABLISHED)
		core_peer_state(core, now, peer, THEMIS_PEER_HANDSHAKING,
				THEMIS_WHY_NONE);
	if (agree->begun == now)
		send_init(core, now, agree);
	else
		core_heap_set(&core->timers, &agree->timer, agree->begun);
}

/**
 * core_give_up() - an agreement that we began has failed
 * @core: the core
 * @now: microseconds
 * @agree: the agreement; gone afterwards
 * @why: the reason
 */
void core_give_up(struct themis_core *core, uint64_t now,
		  struct core_agree *agree, enum themis_why why)
{
	struct core_peer *peer = agree->peer;
	bool wanted = agree->wanted;

	peer->effort->spent = agree->tries ? now - agree->born : 0;
	core->count[THEMIS_N_NO_ANSWER]++;
	core_agree_drop(core, agree);
	core_not_begun(core, now, peer, wanted, why);
}

/* Message 3 was never confirmed: the peer does not hold the key. */
static void unconfirmed(struct themis_core *core, uint64_t now,
			struct core_agree *agree)
{
	struct core_peer *peer = agree->peer;
	bool wanted = agree->wanted;

	if (!agree->was_up)
		core_peer_state(core, now, peer, THEMIS_PEER_HANDSHAKING,
				THEMIS_WHY_NONE);
	if (agree->again) {
		core_give_up(core, now, agree, THEMIS_WHY_NO_ANSWER);
		return;
	}
	core_agree_drop(core, agree);
	core_begin(core, now, peer, wanted, true);
}

/**
 * core_initiator_timer() - the time of an agreement that we began has come
 * @core: the core
 * @now: microseconds
 * @agree: the agreement; may be gone afterwards
 */
void core_initiator_timer(struct themis_core *core, uint64_t now,
			  struct core_agree *agree)
{
	if (agree->phase == CORE_ASKED) {
		if (over(agree, now))
			core_give_up(core, now, agree, agree->why ?
				     agree->why : THEMIS_WHY_NO_ANSWER);
		else
			send_init(core, now, agree);
	} else if (over(agree, now)) {
		unconfirmed(core, now, agree);
	} else {
		schedule_confirm(core, agree);
	}
}

/**
 * core_confirmed() - the peer has sent something under a key of ours
 * @core: the core
 * @agree: in CORE_PROVING; gone afterwards
 */
void core_confirmed(struct themis_core *core, struct core_agree *agree)
{
	struct core_peer *peer = agree->peer;

	core->count[THEMIS_N_AGREED]++;
	core_rekeyed(core, agree);
	core_agree_free(core, agree);
	core_peer_reap(core, peer);
}

static enum themis_why why_of(enum themis_core_counter err)
{
	switch (err) {
	case THEMIS_N_BAD_VERSION:
	case THEMIS_N_BAD_SUITE:
		return THEMIS_WHY_BAD_VERSION;
	case THEMIS_N_BAD_PEER:
		return THEMIS_WHY_WRONG_PEER;
	case THEMIS_N_BAD_CONFIRM:
		return THEMIS_WHY_BAD_CONFIRM;
	default:
		return THEMIS_WHY_BAD_SIGNATURE;
	}
}

static void digest_of(uint8_t digest[32], const struct themis_resp *resp)
{
	crypto_generichash(digest, 32, (const uint8_t *)resp, sizeof(*resp),
			   NULL, 0);
}

/**
 * themis_rtt_count() - one more in a histogram
 * @rtt: the histogram
 * @us: how long it took, microseconds
 */
void themis_rtt_count(struct themis_rtt *rtt, uint64_t us)
{
	static const uint64_t bounds[] = THEMIS_RTT_BOUNDS;
	size_t i;

	static_assert(sizeof(bounds) == (THEMIS_RTT_BUCKETS - 1) *
		      sizeof(*bounds), "one bound for each bucket");
	for (i = 0; i < THEMIS_RTT_BUCKETS - 1; i++)
		if (us <= bounds[i])
			break;
	rtt->bucket[i]++;
	rtt->count++;
	rtt->sum_us += us;
}

static void accept_resp(struct themis_core *core, uint64_t now,
			struct core_agree *agree,
			const union themis_endpoint *from,
			const struct themis_resp *resp)
{
	struct core_peer *peer = agree->peer;

	core->count[THEMIS_N_RX_RESP]++;
	sodium_memzero(agree->secret, sizeof(agree->secret));
	agree->remote = themis_wire_get32(resp->sender);
	agree->to = *from;
	agree->was_up = peer->state == THEMIS_PEER_ESTABLISHED;
	agree->phase = CORE_PROVING;
	agree->installed = true;
	agree->tries = 0;
	digest_of(agree->digest, resp);

	/* An answer to a repeated message 1 does not tell which it answers. */
	if (!agree->repeated) {
		peer->rtt = now - agree->begun;
		themis_rtt_count(&core->rtt, peer->rtt);
	}
	agree->begun = now;
	core_peer_proven(core, now, peer, from);

	core_agree_unproven(core, peer, agree);
	core_act_session(core, agree, from);
	core_act_key(core, agree, THEMIS_KEY_F_INITIATOR | THEMIS_KEY_F_SEND);
	themis_confirm_build(&agree->confirm, agree->local, agree->remote,
			     &agree->keys);
	sodium_memzero(&agree->keys, sizeof(agree->keys));
	schedule_confirm(core, agree);
	core_peer_state(core, now, peer, THEMIS_PEER_ESTABLISHED,
			THEMIS_WHY_NONE);
}

/**
 * core_rx_resp() - message 2 has arrived
 * @core: the core
 * @now: microseconds
 * @link: where
 * @from: from where
 * @resp: the message
 *
 * A message 2 that is not valid does not end the agreement, for anybody on the
 * way can make one. What was wrong with it is told if no valid one follows;
 * where its signature was valid, no later forgery can change that.
 */
void core_rx_resp(struct themis_core *core, uint64_t now, uint16_t link,
		  const union themis_endpoint *from,
		  const struct themis_resp *resp)
{
	enum themis_core_counter err;
	struct core_agree *agree;
	struct core_peer *peer;
	uint8_t digest[32];

	err = themis_resp_check(resp);
	if (err)
		goto err_drop;

	agree = core_agree_find(core, themis_wire_get32(resp->head.index),
				link);
	if (!agree || core_own(agree->peer) != agree || !agree->tries) {
		err = THEMIS_N_BAD_INDEX;
		goto err_drop;
	}
	if (agree->phase == CORE_PROVING) {
		digest_of(digest, resp);
		err = THEMIS_N_LATE;
		if (memcmp(digest, agree->digest, sizeof(digest)))
			goto err_drop;
		send_confirm(core, agree);
		return;
	}

	peer = agree->peer;
	err = themis_resp_sender(resp, &peer->node->self, &peer->id);
	if (!err) {
		core->count[THEMIS_N_SIGNATURES]++;
		err = themis_resp_open(resp, &agree->init, &peer->node->self,
				       &peer->id, agree->secret, core_psk(peer),
				       &agree->keys);
	}
	if (err) {
		if (agree->why != THEMIS_WHY_BAD_CONFIRM)
			agree->why = why_of(err);
		goto err_drop;
	}
	accept_resp(core, now, agree, from, resp);
	return;

err_drop:
	core->count[err]++;
}

/**
 * core_rx_cookie() - a responder wants our address proven
 * @core: the core
 * @now: microseconds
 * @link: where it arrived
 * @from: from where; only whom we have asked may ask back
 * @cookie: the message
 *
 * Message 1 is repeated at once, but only once between two of its times: a
 * cookie is not authentic, and smaller than what it makes us send.
 */
void core_rx_cookie(struct themis_core *core, uint64_t now, uint16_t link,
		    const union themis_endpoint *from,
		    const struct themis_cookie *cookie)
{
	struct core_agree *agree;

	if (!sodium_is_zero(cookie->head.zero, sizeof(cookie->head.zero))) {
		core->count[THEMIS_N_BAD_ZERO]++;
		return;
	}
	agree = core_agree_find(core, themis_wire_get32(cookie->head.index),
				link);
	if (!agree || agree->phase != CORE_ASKED || !agree->tries ||
	    !core_endpoint_equal(&agree->to, from)) {
		core->count[THEMIS_N_BAD_INDEX]++;
		return;
	}
	if (agree->cookied) {
		core->count[THEMIS_N_LATE]++;
		return;
	}

	core->count[THEMIS_N_RX_COOKIE]++;
	core->count[THEMIS_N_TX_INIT_AGAIN]++;
	agree->cookied = true;
	agree->repeated = true;
	memcpy(agree->init.cookie, cookie->cookie,
	       sizeof(agree->init.cookie));
	core_act_packet(core, agree, &agree->to, &agree->init,
			sizeof(agree->init));
}

/* Begins the times of message 1 again, with the same message. */
static void ask_anew(struct themis_core *core, uint64_t now,
		     struct core_agree *agree)
{
	agree->begun = now;
	agree->tries = 1;
	send_init(core, now, agree);
}

static void peer_moved(struct themis_core *core, uint64_t now,
		       struct core_peer *peer)
{
	struct core_agree *own = core_own(peer);

	if (own && own->phase == CORE_ASKED && own->tries)
		ask_anew(core, now, own);
	else if (!own && peer->configured &&
		 core->agrees.used < core->agrees.max &&
		 peer->state == THEMIS_PEER_FAILED &&
		 peer->why == THEMIS_WHY_NO_ANSWER)
		core_begin(core, now, peer, false, false);
}

/**
 * themis_core_moved() - addresses or routes of this machine have changed
 * @core: the core
 * @now: microseconds
 *
 * Who has not answered may do so now: message 1 is sent at once where we wait
 * for message 2, and to configured peers that had not answered at all, as far
 * as there is room for actions. Sessions need nothing: the kernel looks for a
 * way for each packet.
 */
void themis_core_moved(struct themis_core *core, uint64_t now)
{
	struct core_walk nodes = core_walk(&core->nodes);
	struct core_list *pos, *at;
	struct core_walk peers;

	while ((pos = core_walk_on(&nodes))) {
		peers = core_walk(&core_entry(pos, struct core_node,
					      all)->peers);
		while ((at = core_walk_on(&peers))) {
			if (!core_action_room(core))
				return;
			peer_moved(core, now, core_entry(at, struct core_peer,
							 of_node));
		}
	}
}
