/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The directory in the daemon: the input and output of its core (dht/dht.h).
 *
 * Each node that is in a directory has an AF_THEMIS socket of its own, bound to
 * the directory's port; messages are commands and responses on it. Whom the
 * core wants to ask is made known to the key agreement, and the message waits
 * here until there is a session. Sockets and timers exist while there is such a
 * node, and cost nothing before.
 */
#ifndef THEMISD_DIRECTORY_H
#define THEMISD_DIRECTORY_H

#include <stdio.h>

#include "daemon.h"

#define DIRECTORY_PORT	1	/* of AF_THEMIS, at each member */

struct node;

/**
 * directory_follow() - have in the directory who is to be in it
 * @d: the daemon; its nodes say who that is, its configuration the parameters
 *
 * Whoever is new joins as soon as the event loop runs. What cannot be had is
 * logged, and tried again.
 */
void directory_follow(struct daemon *d);

/**
 * directory_forget() - a node is about to go
 * @d: the daemon
 * @id: the node; for the others it has crashed
 */
void directory_forget(struct daemon *d, const struct themis_id *id);

/**
 * directory_moved() - addresses or routes of this machine have changed
 * @d: the daemon; the nearest members are asked, and see where its nodes are
 */
void directory_moved(struct daemon *d);

/**
 * directory_stop() - let go of everything; what is on disk stays
 * @d: the daemon
 */
void directory_stop(struct daemon *d);

/**
 * directory_acquire() - something waits for a session
 * @d: the daemon
 * @node: ours
 * @peer: with whom; one whose place is known is looked for if he was not there
 *	last time, or does not answer soon
 *
 * Return: true if the directory is being asked where the peer is, and will say
 * so to the core; false if that is none of its business.
 */
bool directory_acquire(struct daemon *d, const struct themis_id *node,
		       const struct themis_id *peer);

/**
 * directory_state() - a peer's state has changed
 * @d: the daemon
 * @act: THEMIS_ACT_STATE
 */
void directory_state(struct daemon *d, const struct themis_action *act);

/**
 * directory_expired() - a session has no key any more
 * @d: the daemon
 * @node: ours
 * @peer: theirs; forgotten if nobody but the directory has named it, and
 *	nothing waits for it
 */
void directory_expired(struct daemon *d, const struct themis_id *node,
		       const struct themis_id *peer);

/**
 * directory_metrics() - what it counts and measures, in Prometheus' text format
 * @out: written to
 * @d: the daemon
 */
void directory_metrics(FILE *out, const struct daemon *d);

#endif /* THEMISD_DIRECTORY_H */
