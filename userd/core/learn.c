// SPDX-License-Identifier: GPL-2.0
/*
 * What a directory knows of peers.
 *
 * It tells where somebody may be, who then has to prove that he is. So a wrong
 * endpoint costs a packet and some time, and never leads to anybody else.
 */
#include <errno.h>

#include "state.h"

/*
 * Message 1 goes to the new place at once, as long as tries are left; the turns
 * of other places are skipped.
 */
static void ask_there(struct themis_core *core, uint64_t now,
		      struct core_peer *peer)
{
	const struct core_effort *effort = peer->effort;
	struct core_agree *agree = effort->own;
	unsigned int tries;

	if (!agree || agree->phase != CORE_ASKED || !agree->tries ||
	    core_endpoint_equal(&effort->asked, &effort->told))
		return;
	for (tries = agree->tries; tries < CORE_TRIES - 1; tries++) {
		if (!core_endpoint_equal(core_choose(peer, tries),
					 &effort->told))
			continue;
		agree->tries = tries;
		core_heap_set(&core->timers, &agree->timer, now);
		return;
	}
}

/**
 * themis_core_peer_learn() - somebody said where a peer is
 * @core: the core
 * @now: microseconds
 * @node: the local node
 * @peer: the peer's id
 * @endpoint: where it is said to be
 *
 * Where it has proven itself and where it is configured come first. A peer that
 * was not known is learned: it makes room for others unless it proves itself.
 *
 * Return: 0; -ENOENT if the node is not there, -EINVAL if @peer is zero or the
 * node itself, -EAFNOSUPPORT if @endpoint is neither IPv4 nor IPv6, -ENOSPC if
 * the table is full of configured peers, -ENOMEM.
 */
int themis_core_peer_learn(struct themis_core *core, uint64_t now,
			   const struct themis_id *node,
			   const struct themis_id *peer,
			   const union themis_endpoint *endpoint)
{
	struct core_node *local = core_node_find(core, node);
	struct core_effort *effort;
	struct core_peer *found;

	if (!local)
		return -ENOENT;
	if (themis_id_zero(peer) || themis_id_equal(node, peer))
		return -EINVAL;
	if (!core_endpoint_known(endpoint))
		return -EAFNOSUPPORT;
	found = core_peer_find(core, local, peer);
	if (!found)
		found = core_peer_new(core, now, local, peer);
	if (!found)
		return -ENOSPC;
	if (!found->effort && core_endpoint_equal(&found->seen, endpoint))
		return 0;
	effort = core_peer_effort(found);
	if (!effort) {
		core_peer_reap(core, found);
		return -ENOMEM;
	}
	if (!core_endpoint_equal(&effort->told, endpoint)) {
		effort->told = *endpoint;
		ask_there(core, now, found);
	}
	return 0;
}

/**
 * themis_core_locatable() - whether it is known where a peer may be
 * @core: the core
 * @node: the local node
 * @peer: the peer's id
 *
 * Return: true if an agreement with it could be tried.
 */
bool themis_core_locatable(struct themis_core *core,
			   const struct themis_id *node,
			   const struct themis_id *peer)
{
	struct core_node *local = core_node_find(core, node);
	struct core_peer *found;

	found = local ? core_peer_find(core, local, peer) : NULL;
	return found && core_locatable(found);
}

/**
 * themis_core_acquire_fail() - what waits for a session waits in vain
 * @core: the core
 * @now: microseconds
 * @node: the local node
 * @peer: with whom
 * @why: the reason
 */
void themis_core_acquire_fail(struct themis_core *core, uint64_t now,
			      const struct themis_id *node,
			      const struct themis_id *peer,
			      enum themis_why why)
{
	struct core_node *local = core_node_find(core, node);
	struct core_peer *found;

	if (!core_action_room(core)) {
		core->count[THEMIS_N_FULL_ACTIONS]++;
		return;
	}
	found = local ? core_peer_find(core, local, peer) : NULL;
	if (found)
		core_not_begun(core, now, found, true, why);
	else
		core_act_fail(core, node, peer, why);
}
