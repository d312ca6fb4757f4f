// SPDX-License-Identifier: GPL-2.0
/*
 * The table of peers.
 *
 * Configured peers stay until they are removed. A peer that came by itself is
 * learned: it stays as long as an agreement with it is in progress and, once
 * it has proven who it is, until its place is needed. Those that have proven
 * nothing go first, so that strangers cannot push out those with sessions.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "state.h"

static uint64_t peer_hash(const struct themis_core *core,
			  const struct themis_id *node,
			  const struct themis_id *id)
{
	uint8_t both[2 * THEMIS_ID_LEN];
	uint64_t hash;

	memcpy(both, node->b, THEMIS_ID_LEN);
	memcpy(both + THEMIS_ID_LEN, id->b, THEMIS_ID_LEN);
	crypto_shorthash((uint8_t *)&hash, both, sizeof(both), core->hash_key);
	return hash;
}

/**
 * core_peer_find() - a peer by its id
 * @core: the core
 * @node: the local node
 * @id: the peer's id
 *
 * Return: the peer, or NULL.
 */
struct core_peer *core_peer_find(struct themis_core *core,
				 const struct core_node *node,
				 const struct themis_id *id)
{
	struct core_slot *slot;
	struct core_peer *peer;

	slot = core_table_first(&core->by_peer,
				peer_hash(core, &node->self.id, id));
	for (; slot; slot = core_table_next(slot)) {
		peer = core_entry(slot, struct core_peer, by_id);
		if (peer->node == node && themis_id_equal(&peer->id, id))
			return peer;
	}
	return NULL;
}

/* Frees a place in the table; false if only configured peers hold them. */
static bool make_room(struct themis_core *core)
{
	struct core_list *first;

	if (core->by_peer.count < core->config.max_peers)
		return true;
	if (!core_list_empty(&core->unproven))
		first = core->unproven.next;
	else if (!core_list_empty(&core->learned))
		first = core->learned.next;
	else
		return false;
	core_peer_free(core, core_entry(first, struct core_peer, lru),
		       THEMIS_WHY_FULL);
	return true;
}

/**
 * core_peer_new() - a new peer, learned and unproven
 * @core: the core
 * @now: microseconds
 * @node: the local node
 * @id: the peer's id, which is not in the table
 *
 * May free another learned peer.
 *
 * Return: the peer, or NULL, counted, if the table is full.
 */
struct core_peer *core_peer_new(struct themis_core *core, uint64_t now,
				struct core_node *node,
				const struct themis_id *id)
{
	struct core_peer *peer;

	if (!make_room(core))
		goto err_full;
	peer = calloc(1, sizeof(*peer));
	if (!peer)
		goto err_full;

	peer->node = node;
	peer->id = *id;
	peer->since = now;
	core_list_init(&peer->of_node);
	core_list_init(&peer->lru);
	core_list_add(&node->peers, &peer->of_node);
	core_list_add(&core->unproven, &peer->lru);
	core_table_add(&core->by_peer, &peer->by_id,
		       peer_hash(core, &node->self.id, id));
	return peer;

err_full:
	core->count[THEMIS_N_FULL_PEERS]++;
	return NULL;
}

/**
 * core_peer_effort() - be ready for an agreement with a peer
 * @peer: the peer
 *
 * Return: what it takes, until core_peer_reap(); NULL without memory.
 */
struct core_effort *core_peer_effort(struct core_peer *peer)
{
	struct core_effort *effort = peer->effort;

	if (effort)
		return effort;
	effort = calloc(1, sizeof(*effort));
	if (!effort)
		return NULL;
	core_list_init(&effort->agreements);
	peer->effort = effort;
	return effort;
}

static void effort_free(struct themis_core *core, struct core_peer *peer)
{
	if (!peer->effort)
		return;
	core_pool_put(&core->psks, peer->effort->psk);
	free(peer->effort);
	peer->effort = NULL;
}

/**
 * core_peer_free() - remove a peer and its agreements
 * @core: the core
 * @peer: the peer
 * @why: what to tell those who wait for a session with it
 */
void core_peer_free(struct themis_core *core, struct core_peer *peer,
		    enum themis_why why)
{
	struct core_walk walk = core_agreements(peer);
	struct core_agree *own = core_own(peer);
	struct core_list *pos;

	if (own && own->wanted)
		core_act_fail(core, &peer->node->self.id, &peer->id, why);
	while ((pos = core_walk_on(&walk)))
		core_agree_drop(core, core_entry(pos, struct core_agree,
						 of_peer));
	core_list_del(&peer->of_node);
	core_list_del(&peer->lru);
	core_table_del(&core->by_peer, &peer->by_id);
	effort_free(core, peer);
	free(peer);
}

/**
 * core_peer_reap() - forget a stranger who has proven nothing
 * @core: the core
 * @peer: the peer; gone afterwards, unless it is configured, proven or has an
 *	agreement in progress
 *
 * Of one that has proven itself only what the agreement took is forgotten, and
 * not where it is.
 */
void core_peer_reap(struct themis_core *core, struct core_peer *peer)
{
	if (peer->configured || core_busy_with(peer))
		return;
	if (!peer->proven)
		core_peer_free(core, peer, THEMIS_WHY_NONE);
	else if (peer->state == THEMIS_PEER_ESTABLISHED && !peer->why)
		effort_free(core, peer);
}

/**
 * core_peer_touch() - a peer is in use
 * @core: the core
 * @peer: the peer
 */
void core_peer_touch(struct themis_core *core, struct core_peer *peer)
{
	if (!peer->configured)
		core_list_add(peer->proven ? &core->learned : &core->unproven,
			      &peer->lru);
}

/**
 * core_peer_proven() - a peer has just proven who and where it is
 * @core: the core
 * @now: microseconds
 * @peer: the peer
 * @from: where it is
 */
void core_peer_proven(struct themis_core *core, uint64_t now,
		      struct core_peer *peer,
		      const union themis_endpoint *from)
{
	peer->proven = true;
	peer->handshake = now;
	peer->seen = *from;
	core_peer_touch(core, peer);
}

/**
 * core_peer_state() - enter a state, and tell
 * @core: the core
 * @now: microseconds
 * @peer: the peer
 * @state: the state, which may be the same
 * @why: what failed, or THEMIS_WHY_NONE
 */
void core_peer_state(struct themis_core *core, uint64_t now,
		     struct core_peer *peer, enum themis_peer_state state,
		     enum themis_why why)
{
	if (peer->state == state && peer->why == why)
		return;
	if (peer->state != state)
		peer->since = now;
	peer->state = state;
	peer->why = why;
	core_act_peer(core, THEMIS_ACT_STATE, peer);
}

static int set_psk(struct themis_core *core, struct core_effort *effort,
		   const uint8_t *psk)
{
	if (!psk) {
		core_pool_put(&core->psks, effort->psk);
		effort->psk = NULL;
		return 0;
	}
	if (!effort->psk)
		effort->psk = core_pool_get(&core->psks);
	if (!effort->psk)
		return -ENOMEM;
	memcpy(effort->psk, psk, 32);
	return 0;
}

/**
 * themis_core_peer_add() - configure a peer, or change one
 * @core: the core
 * @now: microseconds
 * @node: the local node that talks with it
 * @peer: its id
 * @endpoint: where it is, or NULL if it will come by itself
 * @psk: 32 bytes that both share, or NULL; the caller wipes its own copy
 *
 * For a peer that is known already endpoint and psk are replaced; where it was
 * last seen is forgotten if @endpoint is another one than before.
 *
 * Return: 0; -ENOENT if the node is not there, -EINVAL if @peer is zero or the
 * node itself, -EAFNOSUPPORT if @endpoint is neither IPv4 nor IPv6, -ENOSPC if
 * the table is full, -ENOMEM.
 */
int themis_core_peer_add(struct themis_core *core, uint64_t now,
			 const struct themis_id *node,
			 const struct themis_id *peer,
			 const union themis_endpoint *endpoint,
			 const uint8_t *psk)
{
	struct core_node *local = core_node_find(core, node);
	struct core_effort *effort;
	struct core_peer *found;
	int err;

	if (!local)
		return -ENOENT;
	if (themis_id_zero(peer) || themis_id_equal(node, peer))
		return -EINVAL;
	if (endpoint && !core_endpoint_known(endpoint))
		return -EAFNOSUPPORT;

	found = core_peer_find(core, local, peer);
	if (!found)
		found = core_peer_new(core, now, local, peer);
	if (!found)
		return -ENOSPC;

	effort = core_peer_effort(found);
	err = effort ? set_psk(core, effort, psk) : -ENOMEM;
	if (err) {
		core_peer_reap(core, found);
		return err;
	}
	found->configured = true;
	core_list_del(&found->lru);

	if (!endpoint) {
		memset(&effort->given, 0, sizeof(effort->given));
	} else if (!core_endpoint_equal(&effort->given, endpoint)) {
		effort->given = *endpoint;
		memset(&found->seen, 0, sizeof(found->seen));
	}
	return 0;
}

/**
 * themis_core_peer_del() - forget a peer
 * @core: the core
 * @now: microseconds
 * @node: the local node
 * @peer: the peer's id; agreements with it fail with
 *	THEMIS_WHY_UNKNOWN_PEER. Its session in the kernel is the owner's to
 *	remove
 *
 * Return: 0, or -ENOENT.
 */
int themis_core_peer_del(struct themis_core *core, uint64_t now,
			 const struct themis_id *node,
			 const struct themis_id *peer)
{
	struct core_node *local = core_node_find(core, node);
	struct core_peer *found;

	found = local ? core_peer_find(core, local, peer) : NULL;
	if (!found)
		return -ENOENT;
	core_peer_free(core, found, THEMIS_WHY_UNKNOWN_PEER);
	return 0;
}

static void fill_info(struct themis_peer_info *info,
		      const struct core_peer *peer)
{
	const struct core_effort *effort = peer->effort;

	memset(info, 0, sizeof(*info));
	info->node = peer->node->self.id;
	info->peer = peer->id;
	info->endpoint = peer->seen;
	info->state = peer->state;
	info->why = peer->why;
	info->configured = peer->configured;
	info->denied = peer->denied;
	info->has_psk = core_psk(peer);
	info->since_us = peer->since;
	info->handshake_us = peer->handshake;
	info->rtt_us = peer->rtt;
	if (!effort)
		return;
	if (!core_endpoint_known(&peer->seen))
		info->endpoint = core_endpoint_known(&effort->given) ?
				 effort->given : effort->told;
	info->asked = effort->asked;
	info->tries = effort->tries;
	info->spent_us = effort->spent;
}

/**
 * themis_core_peers() - walk all peers, in the order in which they came
 * @core: the core
 * @cb: called for each; must not change the core. Non-zero stops
 * @ctx: passed to @cb
 *
 * Return: 0, or what @cb returned.
 */
int themis_core_peers(struct themis_core *core,
		      int (*cb)(void *ctx, const struct themis_peer_info *info),
		      void *ctx)
{
	struct core_walk nodes = core_walk(&core->nodes);
	struct themis_peer_info info;
	struct core_list *pos, *at;
	struct core_walk peers;
	int err;

	while ((pos = core_walk_on(&nodes))) {
		peers = core_walk(&core_entry(pos, struct core_node,
					      all)->peers);
		while ((at = core_walk_on(&peers))) {
			fill_info(&info, core_entry(at, struct core_peer,
						    of_node));
			err = cb(ctx, &info);
			if (err)
				return err;
		}
	}
	return 0;
}

/**
 * themis_core_peer_get() - one row of the table of peers
 * @core: the core
 * @node: the local node
 * @peer: the peer's id
 * @info: result
 *
 * Return: 0, or -ENOENT.
 */
int themis_core_peer_get(struct themis_core *core,
			 const struct themis_id *node,
			 const struct themis_id *peer,
			 struct themis_peer_info *info)
{
	struct core_node *local = core_node_find(core, node);
	struct core_peer *found;

	found = local ? core_peer_find(core, local, peer) : NULL;
	if (!found)
		return -ENOENT;
	fill_info(info, found);
	return 0;
}
