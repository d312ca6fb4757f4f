// SPDX-License-Identifier: GPL-2.0
/*
 * Acquire by find: something waits for a session with somebody of whom nobody
 * has said where he is, and so the directory is asked.
 */
#include <stdlib.h>

#include "directory_state.h"
#include "drive.h"
#include "log.h"

struct acquire {
	struct wait		wait;
	struct themis_id	peer;
};

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

static bool looking(const struct member *member, const struct themis_id *peer)
{
	const struct wait *wait;

	for (wait = member->dir->waits; wait; wait = wait->next)
		if (wait->member == member && wait->done == done &&
		    themis_id_equal(&((struct acquire *)wait)->peer, peer))
			return true;
	return false;
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
	struct acquire *acquire;
	uint64_t op;

	if (!member || located(d, node, peer) ||
	    !themis_core_allowed(d->core, node, peer))
		return false;
	if (looking(member, peer))
		return true;
	acquire = calloc(1, sizeof(*acquire));
	if (!acquire)
		return false;
	acquire->peer = *peer;
	op = dht_find(member->dht, directory_now(member->dir), peer);
	if (directory_wait(member, &acquire->wait, op, done)) {
		free(acquire);
		fail(member, peer, THEMIS_WHY_FULL);
		return true;
	}
	member->dir->count.n[DIRECTORY_N_ACQUIRES]++;
	directory_drive(member->dir);
	return true;
}
