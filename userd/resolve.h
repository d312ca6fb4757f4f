/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Host names of peers: looked up without waiting, and again when a peer does
 * not answer where it was.
 *
 * The library (c-ares) is woken by the event loop. It is there only while names
 * are looked up: so each time it reads /etc/hosts and /etc/resolv.conf anew, and
 * costs nothing in between.
 */
#ifndef THEMISD_RESOLVE_H
#define THEMISD_RESOLVE_H

#include "node.h"

#define RESOLVE_AGAIN_S		10	/* between two look-ups of one name */
#define RESOLVE_RETRY_MAX_S	300	/* while it is not found */
#define RESOLVE_CALLS_MAX	4	/* of a peer that does not answer */
#define RESOLVE_RUNNING_MAX	64	/* look-ups at once */

/**
 * resolve_start() - be able to look names up
 * @d: loop is set
 *
 * Return: 0 or a negative errno.
 */
int resolve_start(struct daemon *d);

/**
 * resolve_stop() - mirror of resolve_start()
 * @d: the daemon
 */
void resolve_stop(struct daemon *d);

/**
 * resolve_soon() - a peer is new, or has another name
 * @d: the daemon
 * @peer: nothing is to be done if it has no name, or is found already
 */
void resolve_soon(struct daemon *d, struct peer *peer);

/**
 * resolve_again() - a peer does not answer, or is about to be called
 * @d: the daemon
 * @node: ours
 * @peer: theirs; looked up if it has a name, but not all the time
 */
void resolve_again(struct daemon *d, const struct themis_id *node,
		   const struct themis_id *peer);

/**
 * resolve_moved() - the network has changed: names may be found now
 * @d: the daemon
 */
void resolve_moved(struct daemon *d);

#endif /* THEMISD_RESOLVE_H */
