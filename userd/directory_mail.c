// SPDX-License-Identifier: GPL-2.0
/*
 * Messages on their way out, and those that wait for a session.
 *
 * A contact need not be configured: the key agreement learns it here, and makes
 * it prove its id.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "directory_state.h"
#include "drive.h"
#include "log.h"

/* Longer than an agreement is tried. */
#define HOLD_US		(12 * 1000000ULL)
/*
 * So many agreements are begun in so long a time, unless those before have come to
 * an end. Where many begin at once each takes longer than it is waited for, and
 * all that is repeated meanwhile makes it longer still.
 */
#define CALLS		16
#define CALL_US		500000

/*
 * The core is told, as it would be told of a lost message in the end; and if it
 * was ours, for want of room.
 */
static void failed(struct member *member, struct dht_action *act, bool ours)
{
	member->dir->count.n[DIRECTORY_N_TX_FAILED]++;
	if (act->type == DHT_ACT_COMMAND && ours)
		dht_unsent(member->dht, daemon_now(), act->seq);
	else if (act->type == DHT_ACT_COMMAND)
		dht_failed(member->dht, daemon_now(), act->seq);
	dht_action_done(act);
}

/*
 * Whether somebody is elsewhere than was told. The message would reach him all
 * the same, and he would vouch for an endpoint that is not his; it is his own
 * that is told to others.
 */
static bool elsewhere(struct member *member, const struct dht_contact *told)
{
	struct dht_contact proven = *told;
	struct themis_peer_info info;

	if (themis_core_peer_get(member->dir->d->core, &member->id, &told->id,
				 &info) ||
	    !contact_from_endpoint(&proven, &info.endpoint) ||
	    (proven.port == told->port &&
	     !memcmp(proven.addr, told->addr, sizeof(proven.addr))))
		return false;
	member->dir->count.n[DIRECTORY_N_ELSEWHERE]++;
	dht_node_know(member->dht, daemon_now(), &proven);
	return true;
}

/* There is a session. */
static void send_now(struct member *member, struct dht_action *act)
{
	bool full;
	int err;

	if (act->type == DHT_ACT_COMMAND && elsewhere(member, &act->to)) {
		failed(member, act, false);
		return;
	}
	err = socket_send(member, act);
	full = err == -EAGAIN || err == -ENOBUFS || err == -ENOMEM;
	if (err)
		failed(member, act, full);
	else
		dht_action_done(act);
}

static int hold(struct member *member, struct dht_action *act)
{
	struct directory *dir = member->dir;
	struct held *held;

	if (dir->n_held >= DIRECTORY_HELD_MAX) {
		dir->count.n[DIRECTORY_N_FULL]++;
		return -1;
	}
	held = malloc(sizeof(*held));
	if (!held)
		return -1;
	*held = (struct held){
		.member = member,
		.act = act,
		.since = daemon_now(),
	};
	*dir->held_end = held;
	dir->held_end = &held->next;
	dir->n_held++;
	return 0;
}

/* Takes the one at @at out of the list. */
static struct held *unhold(struct directory *dir, struct held **at)
{
	struct held *held = *at;

	*at = held->next;
	if (!held->next)
		dir->held_end = at;
	dir->n_held--;
	return held;
}

/*
 * All that waits for a session of @member with @peer: either there is one now,
 * or there will be none.
 */
static void release(struct member *member, const struct themis_id *peer,
		    bool up)
{
	struct directory *dir = member->dir;
	struct held *held, *list = NULL, **end = &list, **at = &dir->held;

	while ((held = *at)) {
		if (held->member != member ||
		    !themis_id_equal(&held->act->to.id, peer)) {
			at = &held->next;
			continue;
		}
		unhold(dir, at);
		held->next = NULL;
		*end = held;
		end = &held->next;
	}
	while ((held = list)) {
		list = held->next;
		if (up && held->act->type == DHT_ACT_COMMAND)
			dht_waited(member->dht, daemon_now(), held->act->seq);
		if (up)
			send_now(member, held->act);
		else
			failed(member, held->act, false);
		free(held);
	}
}

/* Has an agreement begun; false if there can be none. */
static bool call(struct member *member, const struct dht_contact *to)
{
	struct daemon *d = member->dir->d;
	union themis_endpoint endpoint;
	struct themis_peer_info info;

	if (!contact_to_endpoint(to, &endpoint) ||
	    themis_core_peer_learn(d->core, daemon_now(), &member->id, &to->id,
				   &endpoint))
		return false;
	themis_core_acquire(d->core, daemon_now(), &member->id, &to->id);
	drive(d);
	return !themis_core_peer_get(d->core, &member->id, &to->id, &info) &&
	       (info.state == THEMIS_PEER_HANDSHAKING ||
		info.state == THEMIS_PEER_ESTABLISHED);
}

/* The next one whose agreement is to begin, if there is room for one more. */
static struct held *next_call(struct directory *dir, uint64_t now)
{
	struct held *held, *next = NULL;
	unsigned int calls = 0;

	for (held = dir->held; held; held = held->next) {
		if (!held->called && !next)
			next = held;
		if (held->called && now - held->called < CALL_US &&
		    ++calls >= CALLS)
			return NULL;
	}
	return next;
}

/* Has agreements begun, oldest first. What fails is gone from the list. */
static void call_next(struct directory *dir)
{
	struct member *member;
	struct dht_contact to;
	struct held *held;

	if (dir->calling)
		return;
	dir->calling = true;
	while ((held = next_call(dir, daemon_now()))) {
		held->called = daemon_now();
		member = held->member;
		to = held->act->to;
		dht_held(member->dht, held->called, held->act->seq);
		if (!call(member, &to))
			release(member, &to.id, false);
	}
	dir->calling = false;
}

/**
 * mail_post() - send a message, now or when there is a session
 * @member: who sends it
 * @act: the message, which is taken
 */
void mail_post(struct member *member, struct dht_action *act)
{
	struct daemon *d = member->dir->d;
	const struct dht_contact to = act->to;
	struct themis_peer_info info;

	/* Who has just asked has a session. */
	if (act->type == DHT_ACT_RESPONSE ||
	    (!themis_core_peer_get(d->core, &member->id, &to.id, &info) &&
	     info.state == THEMIS_PEER_ESTABLISHED)) {
		send_now(member, act);
		return;
	}
	if (hold(member, act)) {
		failed(member, act, true);
		return;
	}
	dht_queued(member->dht, daemon_now(), act->seq);
	call_next(member->dir);
}

void directory_state(struct daemon *d, const struct themis_action *act)
{
	struct member *member = directory_member(d, &act->node);

	if (!member || act->state == THEMIS_PEER_HANDSHAKING)
		return;
	release(member, &act->peer, act->state == THEMIS_PEER_ESTABLISHED);
	call_next(member->dir);
	directory_drive(member->dir);
}

/**
 * mail_expire() - give up what has waited for too long, and go on with the rest
 * @dir: the directory
 * @now: microseconds
 */
void mail_expire(struct directory *dir, uint64_t now)
{
	struct held *held;

	while (dir->held && now - dir->held->since > HOLD_US) {
		held = unhold(dir, &dir->held);
		failed(held->member, held->act, !held->called);
		free(held);
	}
	call_next(dir);
}

/**
 * mail_forget() - drop what a member wanted to send
 * @dir: the directory
 * @member: the member
 */
void mail_forget(struct directory *dir, const struct member *member)
{
	struct held *held, **at = &dir->held;

	while ((held = *at)) {
		if (held->member != member) {
			at = &held->next;
			continue;
		}
		unhold(dir, at);
		dht_action_done(held->act);
		free(held);
	}
}
