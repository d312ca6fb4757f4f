// SPDX-License-Identifier: GPL-2.0
/*
 * The responder's side of the key agreement: protocol.rst, "Course".
 *
 * Message 1 proves who wrote it, but neither when nor where: anybody may send
 * a recorded one again. So until message 3, or a packet under the key, has
 * come, it changes nothing that matters: a bounded table gets an entry and the
 * kernel a key that nothing is sent on, but the endpoint that we would send to,
 * the peer's state and the keys in use stay what they are.
 */
#include <string.h>

#include <sodium.h>

#include "state.h"

/* What makes two messages 1 the same: all but the cookie. */
static void digest_of(uint8_t digest[32], const struct themis_init *init)
{
	crypto_generichash(digest, 32, (const uint8_t *)init,
			   offsetof(struct themis_init, cookie), NULL, 0);
}

/*
 * A message 1 that we know already: the same answer again, without a look at
 * its signature. Once the peer has proven the key it needs none.
 */
static bool answer_again(struct themis_core *core, struct core_peer *peer,
			 const union themis_endpoint *from,
			 const uint8_t digest[32])
{
	struct core_walk walk = core_agreements(peer);
	struct core_list *pos;
	struct core_agree *agree;

	while ((pos = core_walk_on(&walk))) {
		agree = core_entry(pos, struct core_agree, of_peer);
		if (agree == core_own(peer) ||
		    memcmp(agree->digest, digest, sizeof(agree->digest)))
			continue;
		if (agree->phase == CORE_DONE) {
			core->count[THEMIS_N_LATE]++;
			return true;
		}
		core->count[THEMIS_N_TX_RESP_AGAIN]++;
		core_act_packet(core, agree, from, &agree->resp,
				sizeof(agree->resp));
		return true;
	}
	return false;
}

/* Simultaneous open: whether ours goes first. */
static bool ours_first(const struct core_peer *peer, uint64_t now)
{
	const struct core_agree *own = core_own(peer);

	return own && own->tries && now < own->born + CORE_YIELD &&
	       themis_id_compare(&peer->node->self.id, &peer->id) < 0;
}

/*
 * Simultaneous open: ours steps back. It is not given up, because what made it
 * step back may be a replay; an answer to it is still welcome, and it goes on
 * if nothing comes of the other. It does so only once.
 */
static void step_back(struct themis_core *core, uint64_t now,
		      struct core_peer *peer)
{
	struct core_agree *own = core_own(peer);

	if (!own || own->phase != CORE_ASKED || own->yielded)
		return;
	own->yielded = true;
	if (own->timer.when < now + CORE_YIELD)
		core_heap_set(&core->timers, &own->timer, now + CORE_YIELD);
}

/* Whether an agreement with a peer might yet need the kernel's free place. */
static bool other_pending(const struct core_peer *peer,
			  const struct core_agree *but)
{
	struct core_walk walk = core_agreements(peer);
	struct core_list *pos;
	struct core_agree *agree;

	while ((pos = core_walk_on(&walk))) {
		agree = core_entry(pos, struct core_agree, of_peer);
		if (agree == but || agree->phase == CORE_DONE ||
		    (agree->phase == CORE_ASKED && agree->yielded))
			continue;
		return true;
	}
	return false;
}

/* Bounds what one peer may have in progress: done ones go, then the oldest. */
static void bound_peer(struct themis_core *core, struct core_peer *peer)
{
	struct core_agree *agree, *victim = NULL;
	struct core_walk walk = core_agreements(peer);
	struct core_list *pos;

	if (!peer->effort || peer->effort->responders < CORE_PER_PEER)
		return;
	while ((pos = core_walk_on(&walk))) {
		agree = core_entry(pos, struct core_agree, of_peer);
		if (agree == core_own(peer))
			continue;
		if (!victim || (agree->phase == CORE_DONE &&
				victim->phase != CORE_DONE))
			victim = agree;
	}
	core->count[THEMIS_N_EVICTED]++;
	core_agree_drop(core, victim);
}

static void ask_for_cookie(struct themis_core *core, uint64_t now,
			   const struct core_node *node,
			   const struct themis_id *a,
			   const union themis_endpoint *from,
			   const struct themis_init *init)
{
	struct themis_cookie packet;
	uint8_t cookie[16];

	core->count[THEMIS_N_TX_COOKIE]++;
	core_cookie_current(core, now, from, cookie);
	themis_cookie_build(&packet, init, cookie);
	core_act_answer(core, node, a, from, &packet, sizeof(packet));
}

static void answer(struct themis_core *core, uint64_t now,
		   struct core_agree *agree, const union themis_endpoint *from)
{
	struct core_peer *peer = agree->peer;

	core->count[THEMIS_N_RX_INIT]++;
	agree->to = *from;
	agree->begun = now;
	peer->effort->heard = *from;
	core_heap_set(&core->timers, &agree->timer, now + CORE_WAIT);
	step_back(core, now, peer);

	/*
	 * Data may overtake message 3, and must find the key; also where we
	 * have a session, because the peer may have lost its own. Then the
	 * session's endpoint stays as it is.
	 */
	agree->was_up = peer->state == THEMIS_PEER_ESTABLISHED;
	if (!other_pending(peer, agree)) {
		agree->installed = true;
		if (!agree->was_up)
			core_act_session(core, agree, from);
		core_act_key(core, agree, 0);
		sodium_memzero(agree->keys.k1, sizeof(agree->keys.k1));
		sodium_memzero(agree->keys.k2, sizeof(agree->keys.k2));
	}
	core->count[THEMIS_N_TX_RESP]++;
	core_act_packet(core, agree, from, &agree->resp, sizeof(agree->resp));
}

/**
 * core_rx_init() - message 1 has arrived
 * @core: the core
 * @now: microseconds
 * @link: where
 * @from: from where
 * @init: the message
 *
 * The checks are in the order of their cost; no signature is checked of what a
 * stranger without a valid probe, or without a cookie under load, has sent.
 */
void core_rx_init(struct themis_core *core, uint64_t now, uint16_t link,
		  const union themis_endpoint *from,
		  const struct themis_init *init)
{
	enum themis_core_counter err, strange;
	uint8_t digest[32], secret[32];
	enum themis_refusal refusal;
	struct core_agree *agree;
	struct core_node *node;
	struct core_peer *peer;
	struct themis_id a;

	err = themis_init_check(init);
	strange = err == THEMIS_N_BAD_VERSION || err == THEMIS_N_BAD_SUITE ?
		  err : THEMIS_N_NONE;
	if (err != strange)
		goto err_drop;
	node = core_node_asked(core, link, init);
	if (!node) {
		err = THEMIS_N_BAD_PROBE;
		goto err_drop;
	}
	err = themis_init_sender(init, &node->self, &a);
	if (err)
		goto err_drop;

	digest_of(digest, init);
	peer = core_peer_find(core, node, &a);
	if (peer && answer_again(core, peer, from, digest))
		return;
	if (peer && ours_first(peer, now)) {
		err = THEMIS_N_YIELD;
		goto err_drop;
	}
	if (core_loaded(core, now) &&
	    !core_cookie_valid(core, now, from, init->cookie)) {
		ask_for_cookie(core, now, node, &a, from, init);
		return;
	}

	core->count[THEMIS_N_SIGNATURES]++;
	err = themis_init_verify(init, &node->self);
	if (err)
		goto err_drop;

	refusal = strange == THEMIS_N_BAD_VERSION ? THEMIS_REFUSAL_VERSION :
		  strange ? THEMIS_REFUSAL_SUITE : core_refusal(node, peer);
	if (refusal) {
		core_refuse(core, now, node, &a, from, init, refusal);
		err = strange ? strange : THEMIS_N_NOT_ALLOWED;
		goto err_drop;
	}

	if (!core_agree_room(core, peer)) {
		err = THEMIS_N_FULL_PENDING;
		goto err_drop;
	}
	if (!peer)
		peer = core_peer_new(core, now, node, &a);
	if (!peer)
		return;
	bound_peer(core, peer);
	agree = core_agree_new(core, peer, CORE_ANSWERED);
	if (!agree) {
		core_peer_reap(core, peer);
		return;
	}

	memcpy(agree->digest, digest, sizeof(digest));
	agree->remote = themis_wire_get32(init->sender);
	core_random(core, secret, sizeof(secret));
	core_node_unlock(node);
	err = themis_resp_build(&agree->resp, init, &node->self, &a,
				agree->local, secret, core_psk(peer),
				&agree->keys);
	core_node_lock(node);
	sodium_memzero(secret, sizeof(secret));
	if (err) {
		core_agree_free(core, agree);
		core_peer_reap(core, peer);
		goto err_drop;
	}
	answer(core, now, agree, from);
	return;

err_drop:
	core->count[err]++;
}

/**
 * core_proven() - a peer has proven a key that it asked for
 * @core: the core
 * @now: microseconds
 * @agree: in CORE_ANSWERED; the kernel has confirmed or is going to be told
 * @from: where the peer is
 */
void core_proven(struct themis_core *core, uint64_t now,
		 struct core_agree *agree, const union themis_endpoint *from)
{
	struct core_peer *peer = agree->peer;
	struct core_agree *own = core_own(peer);

	core->count[THEMIS_N_AGREED]++;
	core_agree_done(core, agree);
	agree->installed = true;
	sodium_memzero(agree->keys.k1, sizeof(agree->keys.k1));
	sodium_memzero(agree->keys.k2, sizeof(agree->keys.k2));
	core_heap_set(&core->timers, &agree->timer, now + CORE_LINGER);

	if (own && own->phase == CORE_ASKED)
		core_agree_free(core, own);
	core_peer_proven(core, now, peer, from);
	core_peer_state(core, now, peer, THEMIS_PEER_ESTABLISHED,
			THEMIS_WHY_NONE);
	core_rekeyed(core, agree);
}

/**
 * core_rx_confirm() - message 3 has arrived
 * @core: the core
 * @now: microseconds
 * @link: where
 * @from: from where
 * @confirm: the message
 */
void core_rx_confirm(struct themis_core *core, uint64_t now, uint16_t link,
		     const union themis_endpoint *from,
		     const struct themis_confirm *confirm)
{
	enum themis_core_counter err;
	struct core_agree *agree;

	agree = core_agree_find(core, themis_wire_get32(confirm->head.index),
				link);
	if (!agree || core_own(agree->peer) == agree) {
		core->count[THEMIS_N_BAD_INDEX]++;
		return;
	}
	err = themis_confirm_open(confirm, agree->remote, &agree->keys);
	if (err) {
		core->count[err]++;
		return;
	}

	core->count[THEMIS_N_RX_CONFIRM]++;
	if (agree->phase == CORE_DONE) {
		/* The keepalive was lost: confirming sends another. */
		agree->tries++;
		core_act_index(core, THEMIS_ACT_CONFIRM, agree);
		return;
	}
	if (!agree->installed) {
		core_agree_unproven(core, agree->peer, agree);
		core_act_session(core, agree, from);
		core_act_key(core, agree, THEMIS_KEY_F_CONFIRMED);
	} else {
		if (agree->was_up || !core_endpoint_equal(&agree->to, from))
			core_act_session(core, agree, from);
		agree->tries++;
		core_act_index(core, THEMIS_ACT_CONFIRM, agree);
	}
	core_proven(core, now, agree, from);
}

/**
 * core_responder_timer() - the time of an agreement that a peer began is over
 * @core: the core
 * @agree: the agreement; gone afterwards
 */
void core_responder_timer(struct themis_core *core, struct core_agree *agree)
{
	struct core_peer *peer = agree->peer;

	if (agree->phase == CORE_ANSWERED)
		core->count[THEMIS_N_NO_PROOF]++;
	core_agree_drop(core, agree);
	core_peer_reap(core, peer);
}
