// SPDX-License-Identifier: GPL-2.0
/*
 * What becomes of peers, told to the journal and to clients that watch.
 */
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "control.h"
#include "log.h"
#include "node.h"
#include "tell.h"

const char *tell_state_name(enum themis_peer_state state)
{
	switch (state) {
	case THEMIS_PEER_IDLE:
		return "idle";
	case THEMIS_PEER_HANDSHAKING:
		return "handshaking";
	case THEMIS_PEER_ESTABLISHED:
		return "established";
	case THEMIS_PEER_FAILED:
		return "failed";
	}
	return "unknown";
}

const char *tell_why_name(enum themis_why why)
{
	static const char * const names[__THEMIS_WHY_MAX] = {
		[THEMIS_WHY_NONE]		= "none",
		[THEMIS_WHY_NO_ENDPOINT]	= "no-endpoint",
		[THEMIS_WHY_NO_ANSWER]		= "no-answer",
		[THEMIS_WHY_UNKNOWN_PEER]	= "unknown-peer",
		[THEMIS_WHY_UNKNOWN_NODE]	= "unknown-node",
		[THEMIS_WHY_WRONG_PEER]		= "wrong-peer",
		[THEMIS_WHY_BAD_SIGNATURE]	= "bad-signature",
		[THEMIS_WHY_BAD_VERSION]	= "bad-version",
		[THEMIS_WHY_BAD_CONFIRM]	= "bad-confirm",
		[THEMIS_WHY_FULL]		= "full",
		[THEMIS_WHY_KERNEL]		= "kernel",
		[THEMIS_WHY_DENIED]		= "denied",
		[THEMIS_WHY_REFUSED]		= "refused",
		[THEMIS_WHY_UNLISTED]		= "refused-not-listed",
		[THEMIS_WHY_DENIED_US]		= "refused-denied",
		[THEMIS_WHY_NEW_VERSION]	= "refused-newer-version",
		[THEMIS_WHY_OLD_VERSION]	= "refused-older-version",
		[THEMIS_WHY_NEW_SUITE]		= "refused-newer-suite",
		[THEMIS_WHY_OLD_SUITE]		= "refused-older-suite",
		[THEMIS_WHY_NOT_FOUND]		= "not-found",
		[THEMIS_WHY_NO_DIRECTORY]	= "no-directory",
	};

	return why < __THEMIS_WHY_MAX && names[why] ? names[why] : "unknown";
}

const char *tell_why(enum themis_why why, const union themis_endpoint *asked,
		     unsigned int tries, uint64_t spent_us,
		     char text[TELL_WHY])
{
	char at[THEMIS_ENDPOINT_TEXT];

	if (why == THEMIS_WHY_NONE) {
		*text = '\0';
		return text;
	}
	snprintf(text, TELL_WHY, "%s", themis_core_why_text(why));
	if (!tries || asked->sa.sa_family == AF_UNSPEC)
		return text;
	themis_endpoint_format(asked, at);
	if (why == THEMIS_WHY_NO_ANSWER)
		snprintf(text, TELL_WHY, "%s from %s to %u %s in %llu s",
			 themis_core_why_text(why), at, tries,
			 tries == 1 ? "try" : "tries",
			 (unsigned long long)(spent_us + 500000) / 1000000);
	return text;
}

/* What the journal finds an entry by, in one word. */
static const char *event_name(const struct themis_action *act)
{
	switch (act->state) {
	case THEMIS_PEER_IDLE:
		return "down";
	case THEMIS_PEER_HANDSHAKING:
		return "trying";
	case THEMIS_PEER_ESTABLISHED:
		return "up";
	case THEMIS_PEER_FAILED:
		return act->why >= THEMIS_WHY_REFUSED ? "refused" : "failed";
	}
	return "unknown";
}

void tell_pair(const struct daemon *d, const struct themis_id *node,
	       const struct themis_id *peer, char *text, size_t size)
{
	char node_id[THEMIS_ID_TEXT], peer_id[THEMIS_ID_TEXT];
	const struct node *n = node_find(d, node);
	const struct peer *p = peer_find(d, node, peer);

	themis_id_format(node, node_id);
	themis_id_format(peer, peer_id);
	snprintf(text, size, "node %.16s%s%s, peer %.16s%s%s", node_id,
		 n && n->name[0] ? " " : "", n ? n->name : "", peer_id,
		 p && p->name[0] ? " " : "", p ? p->name : "");
}

/* Whom the directory meets comes and goes all the time. */
static enum log_level level_of(const struct daemon *d,
			       const struct themis_action *act)
{
	const struct node *node = node_find(d, &act->node);

	return node && node->directory &&
	       !peer_find(d, &act->node, &act->peer) ? LOG_LEVEL_DEBUG :
						       LOG_LEVEL_INFO;
}

/* @state is the peer's, or what has happened in it. */
static void tell(struct daemon *d, const struct themis_action *act,
		 const char *event, const char *state, const char *why,
		 bool journal)
{
	char node[THEMIS_ID_TEXT], peer[THEMIS_ID_TEXT];
	char endpoint[THEMIS_ENDPOINT_TEXT], pair[160];
	const struct log_field fields[] = {
		{ "THEMIS_EVENT", event },
		{ "THEMIS_NODE", node },
		{ "THEMIS_PEER", peer },
		{ "THEMIS_ENDPOINT", endpoint },
		{ "THEMIS_STATE", state },
		{ "THEMIS_WHY", tell_why_name(act->why) },
		{ NULL, NULL },
	};

	tell_pair(d, &act->node, &act->peer, pair, sizeof(pair));
	themis_id_format(&act->node, node);
	themis_id_format(&act->peer, peer);
	themis_endpoint_format(&act->to, endpoint);
	if (journal)
		log_fields(level_of(d, act), fields, "%s: %s%s%s", pair, state,
			   *why ? ": " : "", why);
	control_event(d->control,
		      json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}",
				"event", "peer",
				"node", node, "peer", peer,
				"endpoint", endpoint, "state", state,
				"why", tell_why_name(act->why),
				"why_text", why, "why_hint",
				themis_core_why_hint(act->why)));
}

void tell_state(struct daemon *d, const struct themis_action *act)
{
	char why[TELL_WHY];

	tell_why(act->why, &act->to, act->tries, act->spent_us, why);
	tell(d, act, event_name(act), tell_state_name(act->state), why, true);
}

void tell_rekeyed(struct daemon *d, const struct themis_action *act)
{
	tell(d, act, "rekeyed", "rekeyed", "", true);
}

/* What we say of ourselves to somebody else, said of him. */
static const char *turned_away(enum themis_why why)
{
	switch (why) {
	case THEMIS_WHY_UNLISTED:
		return "it is not in the allow list";
	case THEMIS_WHY_DENIED_US:
		return "it is denied";
	case THEMIS_WHY_NEW_VERSION:
		return "its version is older than ours";
	case THEMIS_WHY_OLD_VERSION:
		return "its version is newer than ours";
	case THEMIS_WHY_NEW_SUITE:
		return "its suite is older than ours";
	case THEMIS_WHY_OLD_SUITE:
		return "its suite is newer than ours";
	default:
		return "no agreement is possible";
	}
}

void tell_refused(struct daemon *d, const struct themis_action *act)
{
	static struct log_limit limit = { .lines = 5, .seconds = 60 };

	tell(d, act, "turned-away", "turned-away", turned_away(act->why),
	     log_within(&limit, "refusals"));
}
