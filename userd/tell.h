/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What becomes of peers, told to the journal and to clients that watch.
 */
#ifndef THEMISD_TELL_H
#define THEMISD_TELL_H

#include "daemon.h"

#define TELL_WHY	160	/* bytes of a cause with its details */

/**
 * tell_state_name() - text of a peer's state
 * @state: the state
 *
 * Return: "idle", "handshaking", "established" or "failed".
 */
const char *tell_state_name(enum themis_peer_state state);

/**
 * tell_why_name() - one word for the cause of a failure
 * @why: the cause
 *
 * Return: e.g. "no-answer", "none" if there is none.
 */
const char *tell_why_name(enum themis_why why);

/**
 * tell_why() - a sentence for the cause of a failure, with what is known of it
 * @why: the cause
 * @asked: where the last message 1 went
 * @tries: how often it was sent
 * @spent_us: for how long
 * @text: result, without a full stop; "" if there is no cause
 *
 * Return: @text.
 */
const char *tell_why(enum themis_why why, const union themis_endpoint *asked,
		     unsigned int tries, uint64_t spent_us,
		     char text[TELL_WHY]);

/**
 * tell_pair() - what the journal calls a node and a peer
 * @d: the daemon
 * @node: ours
 * @peer: theirs
 * @text: result: names where there are any, and short ids
 * @size: room in @text
 */
void tell_pair(const struct daemon *d, const struct themis_id *node,
	       const struct themis_id *peer, char *text, size_t size);

/**
 * tell_state() - a peer's state has changed
 * @d: the daemon
 * @act: THEMIS_ACT_STATE
 */
void tell_state(struct daemon *d, const struct themis_action *act);

/**
 * tell_rekeyed() - a session has a new key
 * @d: the daemon
 * @act: THEMIS_ACT_REKEYED
 */
void tell_rekeyed(struct daemon *d, const struct themis_action *act);

/**
 * tell_refused() - somebody was told that he is refused
 * @d: the daemon
 * @act: THEMIS_ACT_REFUSED
 *
 * Not more than a few lines in a minute, for anybody may knock.
 */
void tell_refused(struct daemon *d, const struct themis_action *act);

#endif /* THEMISD_TELL_H */
