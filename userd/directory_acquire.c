// SPDX-License-Identifier: GPL-2.0
/*
 * Acquire by find: something waits for a session with somebody of whom nobody
 * has said where he is, or who does not answer there, and so the directory is
 * asked.
 */
#include <errno.h>
#include <stdlib.h>

#include "directory_state.h"
#include "drive.h"
#include "log.h"

/* After a repeated message 1, and with most of the agreement's time left. */
#define HEDGE_S		0.7

struct acquire {
	struct wait		wait;
	struct themis_id	peer;
};

/**
 * struct hedge - an agreement that may have gone to the wrong place
 * @next: in the directory's list
 * @member: ours
 * @peer: theirs
 * @timer: when the directory is asked, too
 */
struct hedge {
	struct hedge		*next;
	struct member		*member;
	struct themis_id	peer;
	ev_timer		timer;
};

static void hedge_free(struct hedge *hedge)
{
	struct directory *dir = hedge->member->dir;
	struct hedge **at = &dir->hedges;

	while (*at != hedge)
		at = &(*at)->next;
	*at = hedge->next;
	dir->n_hedges--;
	ev_timer_stop(dir->d->loop, &hedge->timer);
	free(hedge);
}

static void fail(struct member *member, const struct themis_id *peer,
		 enum themis_why why)
{
	static struct log_limit limit = { .lines = 10, .seconds = 60 };
	struct daemon *d = member->dir->d;
	char node[THEMIS_ID_TEXT], text[THEMIS_ID_TEXT];

	if (log_within(&limit, "peers that were not found"))
		log_info("node %.16s, peer %.16s: %s",
			 themis_id_format(&member->id, node),
			 themis_id_format(peer, text),
			 themis_core_why_text(why));
	themis_core_acquire_fail(d->core, daemon_now(), &member->id, peer,
				 why);
	drive(d);
}

/* The find has talked with whom it has found: often all is done already. */
static void found(struct member *member, const struct dht_contact *contact)
{
	struct daemon *d = member->dir->d;
	union themis_endpoint endpoint;
	struct themis_peer_info info;

	member->dir->count.n[DIRECTORY_N_ACQUIRED]++;
	if (contact_to_endpoint(contact, &endpoint))
		themis_core_peer_learn(d->core, daemon_now(), &member->id,
				       &contact->id, &endpoint);
	if (!themis_core_peer_get(d->core, &member->id, &contact->id, &info) &&
	    info.state == THEMIS_PEER_ESTABLISHED)
		return;
	themis_core_acquire(d->core, daemon_now(), &member->id, &contact->id);
	drive(d);
}

/* Nobody knows where he is. Where we know a place, it is tried once more. */
static void missed(struct member *member, const struct themis_id *peer,
		   enum themis_why why)
{
	struct daemon *d = member->dir->d;

	if (!themis_core_locatable(d->core, &member->id, peer)) {
		fail(member, peer, why);
		return;
	}
	themis_core_acquire(d->core, daemon_now(), &member->id, peer);
	drive(d);
}

static void done(struct wait *wait, const struct dht_action *act)
{
	struct acquire *acquire = (struct acquire *)wait;
	struct member *member = wait->member;

	if (act && !themis_id_zero(&act->result.contact.id))
		found(member, &act->result.contact);
	else if (act && act->result.outcome != DHT_NO_ANSWER)
		missed(member, &acquire->peer, THEMIS_WHY_NOT_FOUND);
	else
		missed(member, &acquire->peer, THEMIS_WHY_NO_DIRECTORY);
	free(acquire);
}

static void hedged(struct wait *wait, const struct dht_action *act);

static bool looking(const struct member *member, const struct themis_id *peer)
{
	const struct wait *wait;

	for (wait = member->dir->waits; wait; wait = wait->next)
		if (wait->member == member &&
		    (wait->done == done || wait->done == hedged) &&
		    themis_id_equal(&((struct acquire *)wait)->peer, peer))
			return true;
	return false;
}

static int look(struct member *member, const struct themis_id *peer,
		void (*cb)(struct wait *wait, const struct dht_action *act))
{
	struct acquire *acquire = calloc(1, sizeof(*acquire));
	uint64_t op;

	if (!acquire)
		return -ENOMEM;
	acquire->peer = *peer;
	op = dht_acquire(member->dht, directory_now(member->dir), peer);
	if (directory_wait(member, &acquire->wait, op, cb)) {
		free(acquire);
		return -ENOSPC;
	}
	member->dir->count.n[DIRECTORY_N_ACQUIRES]++;
	directory_drive(member->dir);
	return 0;
}

/*
 * One who did not answer at once where he was. If he is found elsewhere the core
 * is told, and sends its next message there.
 */
static void hedged(struct wait *wait, const struct dht_action *act)
{
	if (act && !themis_id_zero(&act->result.contact.id))
		found(wait->member, &act->result.contact);
	free(wait);
}

static void on_hedge(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct hedge *hedge = w->data;
	struct member *member = hedge->member;
	struct themis_id peer = hedge->peer;
	struct themis_peer_info info;

	hedge_free(hedge);
	if (member->joined && !looking(member, &peer) &&
	    !themis_core_peer_get(member->dir->d->core, &member->id, &peer,
				  &info) &&
	    info.state == THEMIS_PEER_HANDSHAKING)
		look(member, &peer, hedged);
}

/* Beyond the bound the agreement itself has to find out. */
static void hedge_new(struct member *member, const struct themis_id *peer)
{
	struct directory *dir = member->dir;
	struct hedge *hedge;

	for (hedge = dir->hedges; hedge; hedge = hedge->next)
		if (hedge->member == member &&
		    themis_id_equal(&hedge->peer, peer))
			return;
	if (dir->n_hedges >= DIRECTORY_HEDGES_MAX)
		return;
	hedge = calloc(1, sizeof(*hedge));
	if (!hedge)
		return;
	hedge->member = member;
	hedge->peer = *peer;
	hedge->next = dir->hedges;
	dir->hedges = hedge;
	dir->n_hedges++;
	ev_timer_init(&hedge->timer, on_hedge, HEDGE_S, 0.);
	hedge->timer.data = hedge;
	ev_timer_start(dir->d->loop, &hedge->timer);
}

/**
 * acquire_forget() - a member is about to go
 * @member: the member
 */
void acquire_forget(struct member *member)
{
	struct hedge *hedge, *next;

	for (hedge = member->dir->hedges; hedge; hedge = next) {
		next = hedge->next;
		if (hedge->member == member)
			hedge_free(hedge);
	}
}

/* A place is known, and has not failed us last time. */
static bool located(struct daemon *d, const struct themis_id *node,
		    const struct themis_id *peer)
{
	struct themis_peer_info info;

	return themis_core_locatable(d->core, node, peer) &&
	       !themis_core_peer_get(d->core, node, peer, &info) &&
	       info.state != THEMIS_PEER_FAILED;
}

bool directory_acquire(struct daemon *d, const struct themis_id *node,
		       const struct themis_id *peer)
{
	struct member *member = directory_member(d, node);

	if (!member || !themis_core_allowed(d->core, node, peer))
		return false;
	if (looking(member, peer))
		return true;
	if (located(d, node, peer)) {
		hedge_new(member, peer);
		return false;
	}
	if (look(member, peer, done))
		fail(member, peer, THEMIS_WHY_FULL);
	return true;
}
