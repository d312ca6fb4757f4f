// SPDX-License-Identifier: GPL-2.0
/*
 * Agreements in progress: their table, their bounds and what becomes of them.
 */
#include <string.h>

#include <sodium.h>

#include "state.h"

/* Random numbers that are taken already are so rare that this is plenty. */
#define INDEX_TRIES	16

static uint32_t new_index(struct themis_core *core)
{
	uint32_t index;
	int i;

	for (i = 0; i < INDEX_TRIES; i++) {
		core_random(core, &index, sizeof(index));
		if (index && !core_table_first(&core->by_index, index))
			return index;
	}
	return 0;
}

/**
 * core_agree_new() - begin an agreement
 * @core: the core
 * @peer: with whom
 * @phase: CORE_ASKED, where @peer has none of ours yet, or CORE_ANSWERED
 *
 * The caller sets the timer.
 *
 * Return: the agreement, or NULL, counted, if too many are in progress.
 */
struct core_agree *core_agree_new(struct themis_core *core,
				  struct core_peer *peer,
				  enum core_phase phase)
{
	struct core_effort *effort = core_peer_effort(peer);
	struct core_agree *agree;
	uint32_t index;

	if (!effort || core_heap_reserve(&core->timers))
		goto err_full;
	index = new_index(core);
	if (!index)
		goto err_full;
	agree = core_pool_get(&core->agrees);
	if (!agree)
		goto err_full;

	agree->peer = peer;
	agree->phase = phase;
	agree->local = index;
	core_list_init(&agree->of_peer);
	core_list_init(&agree->fifo);
	core_list_add(&effort->agreements, &agree->of_peer);
	core_table_add(&core->by_index, &agree->by_index, index);
	if (phase == CORE_ASKED) {
		effort->own = agree;
	} else {
		effort->responders++;
		core_list_add(&core->answered, &agree->fifo);
		core->n_answered++;
	}
	return agree;

err_full:
	core->count[THEMIS_N_FULL_PENDING]++;
	return NULL;
}

/**
 * core_agree_find() - the agreement that a packet is for
 * @core: the core
 * @index: our index, from the packet
 * @link: where it arrived
 *
 * Return: the agreement, or NULL.
 */
struct core_agree *core_agree_find(struct themis_core *core, uint32_t index,
				   uint16_t link)
{
	struct core_slot *slot = core_table_first(&core->by_index, index);
	struct core_agree *agree;

	if (!slot)
		return NULL;
	agree = core_entry(slot, struct core_agree, by_index);
	return agree->peer->node->link == link ? agree : NULL;
}

/**
 * core_agree_done() - the peer has proven the key: stop waiting
 * @core: the core
 * @agree: a responder's agreement in CORE_ANSWERED
 */
void core_agree_done(struct themis_core *core, struct core_agree *agree)
{
	agree->phase = CORE_DONE;
	core->n_answered--;
	core_list_add(&core->done, &agree->fifo);
}

/**
 * core_rekeyed() - tell of a new key, if it is not the session's first
 * @core: the core
 * @agree: proven by both sides
 */
void core_rekeyed(struct themis_core *core, const struct core_agree *agree)
{
	if (!agree->was_up)
		return;
	core->count[THEMIS_N_REKEYED]++;
	core_act_peer(core, THEMIS_ACT_REKEYED, agree->peer);
}

/**
 * core_agree_free() - end an agreement; what came of it stays
 * @core: the core
 * @agree: the agreement; its secrets are wiped. The peer stays
 */
void core_agree_free(struct themis_core *core, struct core_agree *agree)
{
	struct core_effort *effort = agree->peer->effort;

	if (effort->own == agree)
		effort->own = NULL;
	else
		effort->responders--;
	if (agree->phase == CORE_ANSWERED)
		core->n_answered--;
	core_list_del(&agree->of_peer);
	core_list_del(&agree->fifo);
	core_table_del(&core->by_index, &agree->by_index);
	core_heap_del(&core->timers, &agree->timer);
	core_pool_put(&core->agrees, agree);
}

/**
 * core_agree_drop() - end an agreement, and delete a key that nobody proved
 * @core: the core
 * @agree: the agreement. The peer stays
 */
void core_agree_drop(struct themis_core *core, struct core_agree *agree)
{
	if (agree->installed && agree->phase != CORE_DONE)
		core_act_index(core, THEMIS_ACT_KEY_DEL, agree);
	core_agree_free(core, agree);
}

/**
 * core_agree_unproven() - delete keys that were installed early
 * @core: the core
 * @peer: the peer
 * @but: this agreement stays
 *
 * Another agreement has come further; the kernel has one place for a key that
 * waits.
 */
void core_agree_unproven(struct themis_core *core, struct core_peer *peer,
			 const struct core_agree *but)
{
	struct core_walk walk = core_agreements(peer);
	struct core_list *pos;
	struct core_agree *agree;

	while ((pos = core_walk_on(&walk))) {
		agree = core_entry(pos, struct core_agree, of_peer);
		if (agree != but && agree->phase == CORE_ANSWERED &&
		    agree->installed)
			core_agree_drop(core, agree);
	}
}

/**
 * core_agree_room() - make room for one more agreement
 * @core: the core
 * @keep: a peer that the caller has in hand, or NULL
 *
 * A finished one goes first, then the oldest of those that a peer began and
 * has not proven. Those that we began stay. The peer of the one that goes may
 * be freed, unless it is @keep.
 *
 * Return: false if there is no room.
 */
bool core_agree_room(struct themis_core *core, const struct core_peer *keep)
{
	struct core_agree *agree;
	struct core_list *first;
	struct core_peer *peer;

	if (core->agrees.used < core->agrees.max)
		return true;
	if (!core_list_empty(&core->done))
		first = core->done.next;
	else if (!core_list_empty(&core->answered))
		first = core->answered.next;
	else
		return false;

	agree = core_entry(first, struct core_agree, fifo);
	peer = agree->peer;
	core->count[THEMIS_N_EVICTED]++;
	core_agree_drop(core, agree);
	if (peer != keep)
		core_peer_reap(core, peer);
	return true;
}

/**
 * core_loaded() - whether senders must prove their addresses
 * @core: the core
 * @now: microseconds
 *
 * Return: true if half of the table waits for the proofs of others, or the
 * owner has just said that it falls behind.
 */
bool core_loaded(const struct themis_core *core, uint64_t now)
{
	return now < core->busy_until ||
	       core->n_answered > core->config.max_pending / 2;
}
