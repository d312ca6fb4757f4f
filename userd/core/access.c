// SPDX-License-Identifier: GPL-2.0
/*
 * Who may speak with a node, and how those who may not are told: protocol.rst,
 * "Refusal".
 *
 * A refusal costs two signatures, so only somebody whose own was valid gets
 * one, and only so many in a second. It is believed only if it is signed by the
 * node that was asked, for the very message 1 that asked: nobody else can end
 * an agreement with it.
 */
#include <errno.h>
#include <string.h>

#include "state.h"

/**
 * core_refusal() - whether a node may speak with a peer
 * @node: the node
 * @peer: the peer, or NULL if it is not known
 *
 * Return: 0 if it may, or why not.
 */
enum themis_refusal core_refusal(const struct core_node *node,
				 const struct core_peer *peer)
{
	if (peer && peer->denied)
		return THEMIS_REFUSAL_DENIED;
	if (node->listed && !(peer && peer->configured))
		return THEMIS_REFUSAL_UNLISTED;
	return 0;
}

/* What the other side makes of version or suite @theirs, having @ours. */
static enum themis_why compare(uint8_t theirs, uint8_t ours,
			       enum themis_why newer, enum themis_why older)
{
	if (theirs == ours)
		return THEMIS_WHY_REFUSED;
	return theirs > ours ? newer : older;
}

static enum themis_why why_of(const struct themis_refuse *refuse,
			      const struct themis_init *init)
{
	switch (refuse->reason) {
	case THEMIS_REFUSAL_UNLISTED:
		return THEMIS_WHY_UNLISTED;
	case THEMIS_REFUSAL_DENIED:
		return THEMIS_WHY_DENIED_US;
	case THEMIS_REFUSAL_VERSION:
		return compare(refuse->version, init->version,
			       THEMIS_WHY_NEW_VERSION, THEMIS_WHY_OLD_VERSION);
	case THEMIS_REFUSAL_SUITE:
		return compare(refuse->suite, init->suite,
			       THEMIS_WHY_NEW_SUITE, THEMIS_WHY_OLD_SUITE);
	default:
		return THEMIS_WHY_REFUSED;
	}
}

/* Takes one of the refusals of this second. */
static bool may_refuse(struct themis_core *core, uint64_t now)
{
	if (now - core->refused_since >= CORE_SECOND) {
		core->refused_since = now;
		core->refused = 0;
	}
	return core->refused++ < CORE_REFUSALS;
}

/**
 * core_refuse() - say no to a message 1, and why
 * @core: the core
 * @now: microseconds
 * @node: who was asked
 * @a: who asked; its signature was valid
 * @from: from where
 * @init: the message
 * @reason: why
 */
void core_refuse(struct themis_core *core, uint64_t now,
		 const struct core_node *node, const struct themis_id *a,
		 const union themis_endpoint *from,
		 const struct themis_init *init, enum themis_refusal reason)
{
	struct themis_refuse refuse;

	if (!may_refuse(core, now)) {
		core->count[THEMIS_N_FULL_REFUSALS]++;
		return;
	}
	core_node_unlock(node);
	themis_refuse_build(&refuse, init, &node->self, reason);
	core_node_lock(node);
	core->count[THEMIS_N_TX_REFUSE]++;
	core_act_answer(core, node, a, from, &refuse, sizeof(refuse));
	core_act_refused(core, node, a, from, why_of(&refuse, init));
}

/* The peer wants no session with us, so there is none. */
static bool ends_session(enum themis_why why)
{
	return why == THEMIS_WHY_UNLISTED || why == THEMIS_WHY_DENIED_US;
}

/**
 * core_rx_refuse() - a peer says no
 * @core: the core
 * @now: microseconds
 * @link: where it arrived
 * @from: from where
 * @refuse: the message
 *
 * What is not authentic changes nothing. It comes from whoever is at that
 * address, so unlike a COOKIE it may come from another than was asked.
 */
void core_rx_refuse(struct themis_core *core, uint64_t now, uint16_t link,
		    const union themis_endpoint *from,
		    const struct themis_refuse *refuse)
{
	enum themis_core_counter err;
	struct core_agree *agree;
	struct core_peer *peer;
	enum themis_why why;

	agree = core_agree_find(core, themis_wire_get32(refuse->head.index),
				link);
	if (!agree || agree->phase != CORE_ASKED || !agree->tries) {
		core->count[THEMIS_N_BAD_INDEX]++;
		return;
	}
	peer = agree->peer;
	err = themis_refuse_check(refuse, &peer->node->self, &peer->id);
	if (!err) {
		core->count[THEMIS_N_SIGNATURES]++;
		err = themis_refuse_open(refuse, &agree->init, &peer->id);
	}
	if (err) {
		core->count[err]++;
		return;
	}

	core->count[THEMIS_N_RX_REFUSE]++;
	why = why_of(refuse, &agree->init);
	if (ends_session(why) && peer->state == THEMIS_PEER_ESTABLISHED) {
		core_act_session_del(core, peer->node, &peer->id);
		peer->state = THEMIS_PEER_HANDSHAKING;
		peer->since = now;
	}
	peer->effort->asked = *from;
	core_give_up(core, now, agree, why);
}

/* Ends what is in progress with a peer that is not wanted any more. */
static void shut_out(struct themis_core *core, uint64_t now,
		     struct core_peer *peer)
{
	struct core_walk walk = core_agreements(peer);
	struct core_agree *own = core_own(peer);
	struct core_list *pos;

	if (own && own->wanted)
		core_act_fail(core, &peer->node->self.id, &peer->id,
			      THEMIS_WHY_DENIED);
	while ((pos = core_walk_on(&walk)))
		core_agree_drop(core, core_entry(pos, struct core_agree,
						 of_peer));
	core_peer_state(core, now, peer, THEMIS_PEER_FAILED,
			THEMIS_WHY_DENIED);
}

/**
 * themis_core_node_allow() - who may speak with a node
 * @core: the core
 * @now: microseconds
 * @node: the node
 * @listed: configured peers only; else anybody who is not denied
 *
 * Peers that are not configured are forgotten if @listed. Their sessions in
 * the kernel are the owner's to remove.
 *
 * Return: 0, or -ENOENT.
 */
int themis_core_node_allow(struct themis_core *core, uint64_t now,
			   const struct themis_id *node, bool listed)
{
	struct core_node *local = core_node_find(core, node);
	struct core_list *pos;
	struct core_walk walk;
	struct core_peer *peer;

	if (!local)
		return -ENOENT;
	local->listed = listed;
	walk = core_walk(&local->peers);
	while (listed && (pos = core_walk_on(&walk))) {
		peer = core_entry(pos, struct core_peer, of_node);
		if (!peer->configured)
			core_peer_free(core, peer, THEMIS_WHY_DENIED);
	}
	return 0;
}

/**
 * themis_core_peer_deny() - have nothing to do with a peer, or again
 * @core: the core
 * @now: microseconds
 * @node: the local node
 * @peer: a configured peer
 * @denied: whether it is denied
 *
 * The session in the kernel of one that is denied is the owner's to remove.
 *
 * Return: 0, or -ENOENT.
 */
int themis_core_peer_deny(struct themis_core *core, uint64_t now,
			  const struct themis_id *node,
			  const struct themis_id *peer, bool denied)
{
	struct core_node *local = core_node_find(core, node);
	struct core_peer *found;

	found = local ? core_peer_find(core, local, peer) : NULL;
	if (!found || !found->configured)
		return -ENOENT;
	if (found->denied == denied)
		return 0;
	found->denied = denied;
	if (denied)
		shut_out(core, now, found);
	else
		core_peer_state(core, now, found, THEMIS_PEER_IDLE,
				THEMIS_WHY_NONE);
	return 0;
}

/**
 * themis_core_allowed() - whether a node may speak with a peer
 * @core: the core
 * @node: the local node
 * @peer: anybody
 *
 * Return: false also if the node is not ours.
 */
bool themis_core_allowed(struct themis_core *core,
			 const struct themis_id *node,
			 const struct themis_id *peer)
{
	struct core_node *local = core_node_find(core, node);

	return local && !core_refusal(local, core_peer_find(core, local, peer));
}
