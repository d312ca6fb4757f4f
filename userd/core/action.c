// SPDX-License-Identifier: GPL-2.0
/*
 * The queue of actions.
 *
 * An action lives from the input that led to it until the owner is done with
 * it. Their number is bounded: an input for which there might not be room is
 * not taken at all, and timers wait.
 */
#include <string.h>

#include "state.h"

struct queued {
	struct core_list	queue;
	struct themis_action	action;
};

/**
 * core_action_init() - an empty queue
 * @core: the core, with its configuration
 *
 * The bound leaves room for what the removal of a node leads to.
 */
void core_action_init(struct themis_core *core)
{
	core_list_init(&core->queue);
	core_pool_init(&core->actions, sizeof(struct queued),
		       2 * CORE_PER_INPUT + 4 * core->config.max_pending);
}

/**
 * core_action_room() - whether the actions of one more input fit
 * @core: the core
 *
 * Return: true if they do.
 */
bool core_action_room(struct themis_core *core)
{
	return core->actions.used + CORE_PER_INPUT <= core->actions.max;
}

/*
 * Puts an action at the end of the queue, for the caller to complete; NULL,
 * counted, where the queue is full or memory lacks.
 */
static struct themis_action *act(struct themis_core *core,
				 enum themis_action_type type,
				 const struct themis_id *node,
				 const struct themis_id *peer)
{
	struct queued *queued = core_pool_get(&core->actions);

	if (!queued) {
		core->count[THEMIS_N_FULL_ACTIONS]++;
		return NULL;
	}
	core_list_init(&queued->queue);
	core_list_add(&core->queue, &queued->queue);
	queued->action.type = type;
	queued->action.node = *node;
	queued->action.peer = *peer;
	return &queued->action;
}

/* The same for an action that belongs to an agreement. */
static struct themis_action *act_agree(struct themis_core *core,
				       enum themis_action_type type,
				       const struct core_agree *agree)
{
	const struct core_peer *peer = agree->peer;
	struct themis_action *action;

	action = act(core, type, &peer->node->self.id, &peer->id);
	if (!action)
		return NULL;
	action->link = peer->node->link;
	action->key.local_index = agree->local;
	action->key.remote_index = agree->remote;
	return action;
}

/**
 * core_act_packet() - have a packet sent
 * @core: the core
 * @agree: the agreement that it belongs to
 * @to: where to
 * @packet: the packet
 * @len: its length in bytes
 */
void core_act_packet(struct themis_core *core, const struct core_agree *agree,
		     const union themis_endpoint *to, const void *packet,
		     size_t len)
{
	struct themis_action *action;

	action = act_agree(core, THEMIS_ACT_SEND, agree);
	if (!action)
		return;
	action->to = *to;
	action->len = len;
	memcpy(action->packet, packet, len);
}

/**
 * core_act_session() - have a session made, or its endpoint set
 * @core: the core
 * @agree: the agreement that it belongs to
 * @to: the endpoint
 */
void core_act_session(struct themis_core *core,
		      const struct core_agree *agree,
		      const union themis_endpoint *to)
{
	struct themis_action *action;

	action = act_agree(core, THEMIS_ACT_SESSION, agree);
	if (!action)
		return;
	action->to = *to;
}

/**
 * core_act_answer() - have a packet sent that belongs to no agreement
 * @core: the core
 * @node: who sends it
 * @peer: who says that he sent the message 1
 * @to: where it came from
 * @packet: the packet
 * @len: its length in bytes
 */
void core_act_answer(struct themis_core *core, const struct core_node *node,
		     const struct themis_id *peer,
		     const union themis_endpoint *to, const void *packet,
		     size_t len)
{
	struct themis_action *action;

	action = act(core, THEMIS_ACT_SEND, &node->self.id, peer);
	if (!action)
		return;
	action->link = node->link;
	action->to = *to;
	action->len = len;
	memcpy(action->packet, packet, len);
}

/**
 * core_act_refused() - tell the owner that somebody was refused
 * @core: the core
 * @node: who refused
 * @peer: whom
 * @to: where it asked from
 * @why: as the peer will have it
 */
void core_act_refused(struct themis_core *core, const struct core_node *node,
		      const struct themis_id *peer,
		      const union themis_endpoint *to, enum themis_why why)
{
	struct themis_action *action;

	action = act(core, THEMIS_ACT_REFUSED, &node->self.id, peer);
	if (!action)
		return;
	action->to = *to;
	action->why = why;
}

/*
 * Both sides must not begin a rekey at the same moment, so the responder's
 * soft limit is later, as far as the hard limit leaves room for it.
 */
static void limits(const struct themis_core_config *config, bool initiator,
		   struct themis_core_key *key)
{
	uint64_t soft = config->soft_ms ? config->soft_ms : THEMIS_KEY_SOFT_MS;
	uint64_t hard = config->hard_ms ? config->hard_ms : THEMIS_KEY_HARD_MS;
	uint64_t stagger = hard > soft ? (hard - soft) / 2 : 0;

	if (stagger > CORE_STAGGER_MS)
		stagger = CORE_STAGGER_MS;
	key->soft_ms = initiator ? soft : soft + stagger;
	key->hard_ms = hard;
}

/**
 * core_act_key() - have the key of an agreement installed
 * @core: the core
 * @agree: the agreement, with indices and keys
 * @flags: THEMIS_KEY_F_*
 */
void core_act_key(struct themis_core *core, const struct core_agree *agree,
		  uint32_t flags)
{
	const struct themis_keys *keys = &agree->keys;
	bool initiator = flags & THEMIS_KEY_F_INITIATOR;
	struct themis_action *action;

	action = act_agree(core, THEMIS_ACT_KEY, agree);
	if (!action)
		return;
	action->key.flags = flags;
	memcpy(action->key.tx, initiator ? keys->k1 : keys->k2,
	       sizeof(action->key.tx));
	memcpy(action->key.rx, initiator ? keys->k2 : keys->k1,
	       sizeof(action->key.rx));
	limits(&core->config, initiator, &action->key);
}

/**
 * core_act_index() - have a key confirmed or deleted
 * @core: the core
 * @type: THEMIS_ACT_CONFIRM or THEMIS_ACT_KEY_DEL
 * @agree: the agreement that the key is of
 */
void core_act_index(struct themis_core *core, enum themis_action_type type,
		    const struct core_agree *agree)
{
	act_agree(core, type, agree);
}

/**
 * core_act_fail() - have what waits for a session fail
 * @core: the core
 * @node: the local node
 * @peer: with whom the session would be
 * @why: the reason
 */
void core_act_fail(struct themis_core *core, const struct themis_id *node,
		   const struct themis_id *peer, enum themis_why why)
{
	struct themis_action *action;

	action = act(core, THEMIS_ACT_FAIL, node, peer);
	if (action)
		action->why = why;
}

/**
 * core_act_session_del() - have a session ended
 * @core: the core
 * @node: the local node
 * @peer: with whom it is
 */
void core_act_session_del(struct themis_core *core,
			  const struct core_node *node,
			  const struct themis_id *peer)
{
	act(core, THEMIS_ACT_SESSION_DEL, &node->self.id, peer);
}

/**
 * core_act_peer() - tell something of a peer
 * @core: the core
 * @type: THEMIS_ACT_REKEYED or THEMIS_ACT_STATE
 * @peer: the peer, in its new state
 */
void core_act_peer(struct themis_core *core, enum themis_action_type type,
		   const struct core_peer *peer)
{
	const struct core_effort *effort = peer->effort;
	struct themis_action *action;

	action = act(core, type, &peer->node->self.id, &peer->id);
	if (!action)
		return;
	action->to = peer->seen;
	action->state = peer->state;
	action->why = peer->why;
	if (!effort)
		return;
	if (peer->why && core_endpoint_known(&effort->asked))
		action->to = effort->asked;
	else if (!core_endpoint_known(&peer->seen))
		action->to = effort->given;
	action->tries = effort->tries;
	action->spent_us = effort->spent;
}

/**
 * core_act_forget() - take what belongs to one agreement off the queue
 * @core: the core
 * @peer: with whom it is
 * @index: our index of it
 *
 * Where the kernel has refused a key, message 3 must not prove it.
 */
void core_act_forget(struct themis_core *core, const struct core_peer *peer,
		     uint32_t index)
{
	struct core_walk walk = core_walk(&core->queue);
	struct core_list *pos;
	struct queued *queued;

	while ((pos = core_walk_on(&walk))) {
		queued = core_entry(pos, struct queued, queue);
		if (queued->action.key.local_index != index ||
		    !themis_id_equal(&queued->action.peer, &peer->id) ||
		    !themis_id_equal(&queued->action.node,
				     &peer->node->self.id))
			continue;
		core_list_del(pos);
		core_pool_put(&core->actions, queued);
	}
}

/**
 * themis_core_action() - take the next action off the queue
 * @core: the core
 *
 * Return: the action, the caller's until themis_core_action_done(), or NULL.
 */
struct themis_action *themis_core_action(struct themis_core *core)
{
	struct core_list *first = core->queue.next;

	if (first == &core->queue)
		return NULL;
	core_list_del(first);
	return &core_entry(first, struct queued, queue)->action;
}

/**
 * themis_core_action_done() - wipe an action and give it back
 * @core: the core
 * @action: from themis_core_action(), or NULL
 */
void themis_core_action_done(struct themis_core *core,
			     struct themis_action *action)
{
	if (!action)
		return;
	core_pool_put(&core->actions,
		      core_entry(action, struct queued, action));
}
