// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel tells: acquires, events, and actions that it refused.
 */
#include <errno.h>

#include "state.h"

/**
 * themis_core_acquire() - something waits for a session
 * @core: the core
 * @now: microseconds
 * @node: the local node
 * @peer: with whom
 *
 * Begins an agreement, or joins the one in progress. Where that cannot be, a
 * THEMIS_ACT_FAIL says why.
 */
void themis_core_acquire(struct themis_core *core, uint64_t now,
			 const struct themis_id *node,
			 const struct themis_id *peer)
{
	struct core_node *local = core_node_find(core, node);
	struct core_peer *found;

	if (!core_action_room(core)) {
		core->count[THEMIS_N_FULL_ACTIONS]++;
		return;
	}
	if (!local) {
		core_act_fail(core, node, peer, THEMIS_WHY_UNKNOWN_NODE);
		return;
	}
	found = core_peer_find(core, local, peer);
	if (!found) {
		core_act_fail(core, node, peer, THEMIS_WHY_UNKNOWN_PEER);
		return;
	}
	core_begin(core, now, found, true, false);
}

/* A session that the kernel holds and that must not be. */
static bool unwanted(struct themis_core *core, uint64_t now,
		     const struct core_node *node, struct core_peer *peer,
		     const struct themis_id *id)
{
	if (!core_refusal(node, peer))
		return false;
	core_act_session_del(core, node, id);
	if (peer)
		core_peer_state(core, now, peer, THEMIS_PEER_FAILED,
				THEMIS_WHY_DENIED);
	return true;
}

/* The agreement with @peer that a key of the kernel came from, or NULL. */
static struct core_agree *agree_of(struct themis_core *core,
				   const struct core_peer *peer,
				   const struct themis_core_key *key)
{
	struct core_agree *agree;

	if (!key)
		return NULL;
	agree = core_agree_find(core, key->local_index, peer->node->link);
	return agree && agree->peer == peer && agree->installed ? agree : NULL;
}

static void confirmed(struct themis_core *core, uint64_t now,
		      struct core_agree *agree,
		      const union themis_endpoint *endpoint)
{
	if (!agree)
		return;
	if (agree->phase == CORE_PROVING)
		core_confirmed(core, agree);
	else if (agree->phase == CORE_ANSWERED)
		core_proven(core, now, agree, core_endpoint_known(endpoint) ?
					      endpoint : &agree->to);
}

/*
 * The session has no key any more, or is gone. The news may be older than a
 * key which we have just installed. Ours is waited for where only keys have
 * expired; one that a peer asked for stays in any case: if the kernel does not
 * have it, it will say so when we confirm it.
 */
static void ended(struct themis_core *core, uint64_t now,
		  struct core_peer *peer, bool gone)
{
	struct core_walk walk = core_agreements(peer);
	struct core_list *pos;
	struct core_agree *agree;

	while ((pos = core_walk_on(&walk))) {
		agree = core_entry(pos, struct core_agree, of_peer);
		if (agree->phase != CORE_PROVING)
			continue;
		if (!gone)
			return;
		core_agree_free(core, agree);
	}
	if (peer->state == THEMIS_PEER_ESTABLISHED)
		core_peer_state(core, now, peer, THEMIS_PEER_IDLE,
				THEMIS_WHY_NONE);
}

/*
 * The session has got a key that we know nothing of, because the daemon has
 * restarted since. While we held it for down a replayed message 1 could move
 * its endpoint.
 */
static void up(struct themis_core *core, uint64_t now, struct core_peer *peer,
	       const union themis_endpoint *endpoint)
{
	peer->proven = true;
	if (core_endpoint_known(endpoint))
		peer->seen = *endpoint;
	core_peer_touch(core, peer);
	core_peer_state(core, now, peer, THEMIS_PEER_ESTABLISHED,
			THEMIS_WHY_NONE);
}

static struct core_peer *learn(struct themis_core *core, uint64_t now,
			       struct core_node *node,
			       const struct themis_id *id,
			       const union themis_endpoint *endpoint)
{
	struct core_peer *peer;

	peer = core_peer_new(core, now, node, id);
	if (!peer)
		return NULL;
	/* The kernel would have no session without a proof. */
	peer->proven = true;
	peer->seen = *endpoint;
	peer->state = THEMIS_PEER_ESTABLISHED;
	core_peer_touch(core, peer);
	return peer;
}

/**
 * themis_core_event() - from the kernel's SESSION_NTF
 * @core: the core
 * @now: microseconds
 * @node: the local node
 * @peer: the session's peer
 * @event: what happened
 * @key: which key, by its local index; NULL where the event has none
 * @endpoint: of the session, or NULL where the event has none
 *
 * Where events may have been lost the owner reads the kernel's table and
 * reports THEMIS_EVENT_CONFIRMED for each key with THEMIS_KEY_F_CONFIRMED:
 * else a key whose confirmation was lost would be taken for unproven and
 * deleted.
 */
void themis_core_event(struct themis_core *core, uint64_t now,
		       const struct themis_id *node,
		       const struct themis_id *peer,
		       enum themis_event event,
		       const struct themis_core_key *key,
		       const union themis_endpoint *endpoint)
{
	static const union themis_endpoint nowhere;
	struct core_node *local;
	struct core_peer *found;

	if (!core_action_room(core)) {
		core->count[THEMIS_N_FULL_ACTIONS]++;
		return;
	}
	local = core_node_find(core, node);
	if (!local)
		return;
	if (!endpoint)
		endpoint = &nowhere;
	found = core_peer_find(core, local, peer);

	switch (event) {
	case THEMIS_EVENT_CONFIRMED:
		if (found)
			confirmed(core, now, agree_of(core, found, key),
				  endpoint);
		break;
	case THEMIS_EVENT_REKEY:
		if (unwanted(core, now, local, found, peer))
			break;
		/* The table may have lost a learned peer; its session lives. */
		if (!found && core_endpoint_known(endpoint))
			found = learn(core, now, local, peer, endpoint);
		if (!found)
			break;
		core_peer_state(core, now, found, THEMIS_PEER_ESTABLISHED,
				THEMIS_WHY_NONE);
		core_begin(core, now, found, false, false);
		break;
	case THEMIS_EVENT_EXPIRED:
	case THEMIS_EVENT_DEL:
		if (!found)
			break;
		ended(core, now, found, event == THEMIS_EVENT_DEL);
		core_peer_reap(core, found);
		break;
	case THEMIS_EVENT_ROAM:
		if (found && core_endpoint_known(endpoint)) {
			found->seen = *endpoint;
			core_peer_touch(core, found);
		}
		break;
	case THEMIS_EVENT_UP:
		/* A key of ours says so itself; this may be an older one. */
		if (found && unwanted(core, now, local, found, peer))
			break;
		if (found && !agree_of(core, found, key))
			up(core, now, found, endpoint);
		break;
	case THEMIS_EVENT_UNSPEC:
	case THEMIS_EVENT_NEW:
		break;
	}
}

/**
 * themis_core_adopt() - a session that the kernel holds already
 * @core: the core
 * @now: microseconds
 * @node: the local node
 * @peer: its peer; learned if it is not configured
 * @endpoint: where the kernel sends to, or NULL
 * @established: whether it has a key in THEMIS_SLOT_CURRENT
 *
 * For the start of the daemon, and again whenever it has read the kernel's
 * table because events were lost.
 */
void themis_core_adopt(struct themis_core *core, uint64_t now,
		       const struct themis_id *node,
		       const struct themis_id *peer,
		       const union themis_endpoint *endpoint,
		       bool established)
{
	struct core_node *local;
	struct core_peer *found;

	if (!core_action_room(core)) {
		core->count[THEMIS_N_FULL_ACTIONS]++;
		return;
	}
	local = core_node_find(core, node);
	if (!local)
		return;
	found = core_peer_find(core, local, peer);
	if (unwanted(core, now, local, found, peer))
		return;
	if (!found && established)
		found = core_peer_new(core, now, local, peer);
	if (!found)
		return;

	if (!established) {
		ended(core, now, found, false);
		return;
	}
	found->proven = true;
	if (endpoint && core_endpoint_known(endpoint))
		found->seen = *endpoint;
	core_peer_touch(core, found);
	core_peer_state(core, now, found, THEMIS_PEER_ESTABLISHED,
			THEMIS_WHY_NONE);
}

/* The kernel has no such key, where a peer has just proven it to us. */
static void confirm_refused(struct themis_core *core, uint64_t now,
			    struct core_agree *agree)
{
	struct core_peer *peer = agree->peer;
	bool first = agree->tries == 1 && !agree->was_up;

	core_agree_free(core, agree);
	if (first && peer->state == THEMIS_PEER_ESTABLISHED)
		core_peer_state(core, now, peer, THEMIS_PEER_FAILED,
				THEMIS_WHY_KERNEL);
}

/* The kernel did not take the session or the key of an agreement. */
static void key_refused(struct themis_core *core, uint64_t now,
			struct core_agree *agree, int error)
{
	struct core_peer *peer = agree->peer;
	bool wanted = agree->wanted, was_up = agree->was_up;
	bool again = agree->again || error != EEXIST;
	bool ours = core_own(peer) == agree;

	/* There is no key that would have to be deleted. */
	core_act_forget(core, peer, agree->local);
	core_agree_free(core, agree);

	if (!ours) {
		/* There is no session, whatever we believed. */
		if (peer->state == THEMIS_PEER_ESTABLISHED && error == ENOENT)
			core_peer_state(core, now, peer, THEMIS_PEER_IDLE,
					THEMIS_WHY_NONE);
		else if (peer->state == THEMIS_PEER_ESTABLISHED && !was_up)
			core_peer_state(core, now, peer, THEMIS_PEER_FAILED,
					THEMIS_WHY_KERNEL);
		core_peer_reap(core, peer);
		return;
	}
	if (!was_up)
		core_peer_state(core, now, peer, THEMIS_PEER_HANDSHAKING,
				THEMIS_WHY_NONE);
	if (again)
		core_not_begun(core, now, peer, wanted, THEMIS_WHY_KERNEL);
	else
		core_begin(core, now, peer, wanted, true);
}

/**
 * themis_core_refused() - the kernel did not carry out an action
 * @core: the core
 * @now: microseconds
 * @action: which, before themis_core_action_done()
 * @error: errno, positive
 *
 * A key that is refused because its index is taken leads to a new agreement,
 * once, if we began; else the agreement fails with THEMIS_WHY_KERNEL. A packet
 * that could not be sent is as good as lost on the way.
 */
void themis_core_refused(struct themis_core *core, uint64_t now,
			 const struct themis_action *action, int error)
{
	struct core_node *local;
	struct core_agree *agree;
	struct core_peer *found;

	core->count[THEMIS_N_REFUSED]++;
	if (action->type != THEMIS_ACT_SESSION &&
	    action->type != THEMIS_ACT_KEY &&
	    action->type != THEMIS_ACT_CONFIRM)
		return;
	local = core_node_find(core, &action->node);
	if (!local)
		return;
	found = core_peer_find(core, local, &action->peer);
	if (!found)
		return;
	agree = agree_of(core, found, &action->key);
	if (!agree)
		return;
	if (action->type == THEMIS_ACT_CONFIRM)
		confirm_refused(core, now, agree);
	else
		key_refused(core, now, agree, error);
}
