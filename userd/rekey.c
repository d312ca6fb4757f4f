// SPDX-License-Identifier: GPL-2.0
/*
 * Keys that are to be renewed, each at a moment of its own.
 *
 * The kernel announces a key when something is sent past its soft limit. Who
 * talks with hundreds after a pause would renew hundreds of keys in that moment,
 * and do little else; and a network that has started together would stand still
 * every two minutes. There is time until the hard limit.
 */
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "daemon.h"
#include "drive.h"
#include "rekey.h"

#define REKEYS_MAX	65536	/* that may wait */
#define PART		8	/* of a key's age then, at most */

/**
 * struct rekey - one that waits
 * @timer: until when
 * @d: the daemon
 * @next: in its list
 * @at: what points to this one
 * @since: when it was announced, microseconds
 * @node: the local node
 * @peer: the other
 * @key: the key
 * @endpoint: where the peer is
 */
struct rekey {
	ev_timer		timer;
	struct daemon		*d;
	struct rekey		*next;
	struct rekey		**at;
	uint64_t		since;
	struct themis_id	node;
	struct themis_id	peer;
	struct themis_core_key	key;
	union themis_endpoint	endpoint;
};

static void forget(struct rekey *rekey)
{
	ev_timer_stop(rekey->d->loop, &rekey->timer);
	*rekey->at = rekey->next;
	if (rekey->next)
		rekey->next->at = rekey->at;
	rekey->d->nrekeys--;
	free(rekey);
}

static void tell(struct daemon *d, const struct themis_id *node,
		 const struct themis_id *peer,
		 const struct themis_core_key *key,
		 const union themis_endpoint *endpoint)
{
	themis_core_event(d->core, daemon_now(), node, peer,
			  THEMIS_EVENT_REKEY, key,
			  endpoint->sa.sa_family != AF_UNSPEC ? endpoint :
								NULL);
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct rekey *rekey = w->data;
	struct themis_peer_info info;
	struct daemon *d = rekey->d;

	/* The other side may have renewed it meanwhile. */
	if (themis_core_peer_get(d->core, &rekey->node, &rekey->peer, &info) ||
	    info.handshake_us <= rekey->since)
		tell(d, &rekey->node, &rekey->peer, &rekey->key,
		     &rekey->endpoint);
	forget(rekey);
	drive(d);
}

void rekey_soon(struct daemon *d, const struct themis_id *node,
		const struct themis_id *peer,
		const struct themis_core_key *key,
		const union themis_endpoint *endpoint)
{
	uint64_t soft = d->rekey_ms ? d->rekey_ms : THEMIS_KEY_SOFT_MS;
	struct rekey *rekey = NULL;

	if (d->nrekeys < REKEYS_MAX)
		rekey = calloc(1, sizeof(*rekey));
	if (!rekey) {
		tell(d, node, peer, key, endpoint);
		return;
	}
	rekey->d = d;
	rekey->since = daemon_now();
	rekey->node = *node;
	rekey->peer = *peer;
	rekey->key = *key;
	rekey->endpoint = *endpoint;
	rekey->next = d->rekeys;
	rekey->at = &d->rekeys;
	if (rekey->next)
		rekey->next->at = &rekey->next;
	d->rekeys = rekey;
	d->nrekeys++;
	ev_timer_init(&rekey->timer, on_timer,
		      randombytes_uniform((uint32_t)(soft / PART) + 1) / 1e3,
		      0.);
	rekey->timer.data = rekey;
	ev_timer_start(d->loop, &rekey->timer);
}

void rekey_stop(struct daemon *d)
{
	struct rekey *rekey, *next;

	for (rekey = d->rekeys; rekey; rekey = next) {
		next = rekey->next;
		forget(rekey);
	}
}
