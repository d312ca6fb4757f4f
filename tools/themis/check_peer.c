// SPDX-License-Identifier: GPL-2.0
/*
 * themis check PEER: the way to one peer, step by step, and an agreement with
 * it while the counters are watched.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "addr.h"
#include "check.h"
#include "control.h"
#include "print.h"
#include "request.h"
#include "tool.h"

/* All tries of an agreement, and then some. */
#define TRY_MS		12000
#define POLL_MS		100

const char *check_text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "";
}

static bool is_true(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

/* The session of a peer; false if there is none. */
static bool get_session(struct themis_nl *nl, const json_t *peer,
			struct themis_nl_session *session)
{
	struct themis_id node, id;

	memset(session, 0, sizeof(*session));
	return nl && !themis_id_parse(&node, check_text(peer, "node")) &&
	       !themis_id_parse(&id, check_text(peer, "peer")) &&
	       !themis_nl_session_get(nl, &node, &id, session);
}

/* The daemon's row of the same peer, as it is now; NULL if it is gone. */
static json_t *look_again(const json_t *peer)
{
	json_t *peers = control_try(request_new("peer-list"));
	json_t *row, *found = NULL;
	size_t i;

	json_array_foreach(peers, i, row)
		if (!strcmp(check_text(row, "peer"),
			    check_text(peer, "peer")) &&
		    !strcmp(check_text(row, "node"),
			    check_text(peer, "node")))
			found = json_incref(row);
	json_decref(peers);
	return found;
}

static void check_allowed(struct check *check, const json_t *peer,
			  const char *name)
{
	if (json_is_false(json_object_get(peer, "allowed")))
		check_row(check, "allowed",
			  "Allow it with \"themis peer allow\".",
			  "our node denies %s", name);
	else
		check_row(check, "allowed", NULL, "our node does not deny %s",
			  name);
}

/* Whether there is somewhere to send to; @endpoint is its text, or "". */
static bool check_endpoint(struct check *check, const json_t *peer,
			   const char *endpoint, const char *name, bool named)
{
	const char *host = check_text(peer, "host");

	if (*host && !*endpoint)
		check_row(check, "endpoint",
			  "Check the name, and /etc/resolv.conf on this side.",
			  "%s: the name \"%s\" cannot be found", name, host);
	else if (!*endpoint)
		check_row(check, "endpoint",
			  "Give one: \"themis peer add ID endpoint ADDR:PORT\".",
			  "nobody has told where %s is", name);
	else if (named)
		check_row(check, "endpoint", NULL, "%s is at %s%s%s", name,
			  endpoint, *host ? ", by name " : "", host);
	return *endpoint;
}

/* Asks the kernel for a way, as a datagram would; nothing is sent. */
static bool check_route(struct check *check, const char *endpoint)
{
	struct sockaddr_storage to, from = { 0 };
	char text[THEMIS_ENDPOINT_TEXT], *colon;
	socklen_t len = sizeof(from);
	bool ok = false;
	int fd;

	if (themis_endpoint_parse(endpoint, false, &to))
		return true;
	fd = socket(to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to,
			      themis_endpoint_len(&to)) ||
	    getsockname(fd, (struct sockaddr *)&from, &len)) {
		check_row(check, "route",
			  "Check addresses and routes: \"ip addr\", \"ip route get\".",
			  "no way to %s: %m", endpoint);
	} else {
		themis_endpoint_format(&from, text);
		colon = strrchr(text, ':');
		if (colon)
			*colon = '\0';
		check_row(check, "route", NULL, "to %s from %s", endpoint,
			  text);
		ok = true;
	}
	if (fd >= 0)
		close(fd);
	return ok;
}

static void check_psk(struct check *check, const json_t *peer)
{
	bool differs = !strcmp(check_text(peer, "why"), "bad-confirm");

	check_row(check, "psk", differs ?
		  "Configure the same pre-shared key on both sides." : NULL,
		  "%s here%s", is_true(peer, "psk") ? "one is configured" :
		  "none is configured", differs ?
		  ", and the peer's is another" : "");
}

static long elapsed_ms(const struct timespec *since)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - since->tv_sec) * 1000 +
	       (now.tv_nsec - since->tv_nsec) / 1000000;
}

static bool settled(const json_t *peer)
{
	const char *state = check_text(peer, "state");

	return !strcmp(state, "established") || !strcmp(state, "failed");
}

/*
 * An agreement, now. Returns the peer's new row; NULL if we may not ask for
 * one, or the peer is gone.
 */
static json_t *try_agreement(struct check *check, const json_t *peer)
{
	const struct timespec pause = { .tv_nsec = POLL_MS * 1000000L };
	json_t *request = request_new("peer-connect"), *row;
	const char *why, *hint;
	struct timespec start;

	request_string(request, "peer", check_text(peer, "peer"));
	request_string(request, "node", check_text(peer, "node"));
	clock_gettime(CLOCK_MONOTONIC, &start);
	row = control_try(request);
	if (!row) {
		check_row(check, "agreement",
			  "Run as root, or send something, then look again.",
			  "not tried: this user may not ask for one");
		return NULL;
	}
	do {
		json_decref(row);
		nanosleep(&pause, NULL);
		row = look_again(peer);
	} while (row && !settled(row) && elapsed_ms(&start) < TRY_MS);
	if (!row)
		return NULL;

	why = check_text(row, "why_text");
	hint = check_text(row, "why_hint");
	if (!strcmp(check_text(row, "state"), "established"))
		check_row(check, "agreement", NULL, "a key within %ld ms",
			  elapsed_ms(&start));
	else
		check_row(check, "agreement", *hint ? hint :
			  "Look at the log of the other side.",
			  "tried for %.1f s: %s", (double)elapsed_ms(&start) /
			  1000, *why ? why : "still waiting");
	return row;
}

/* Which of the kernel's reasons to drop have moved meanwhile. */
static void check_drops(struct check *check, struct themis_nl *nl,
			const uint64_t *before, bool worked)
{
	uint64_t now[__THEMIS_CNT_MAX];
	char text[PRINT_CELL] = "";
	size_t len = 0;
	unsigned int i;

	if (!nl || themis_nl_stats(nl, now))
		return;
	for (i = 1; i < __THEMIS_CNT_MAX; i++) {
		if (!themis_counter_is_drop(i) || now[i] <= before[i] ||
		    len >= sizeof(text))
			continue;
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"%s%s +%llu", len ? ", " : "",
					themis_counter_name(i),
					(unsigned long long)(now[i] -
							     before[i]));
	}
	/* What others sent at the same time is no fault of this peer's. */
	check_row(check, "drops", *text && !worked ?
		  "See what they mean: \"themis -s stats show\"." : NULL,
		  "%s", *text ? text : "none meanwhile");
}

/* What the daemon has counted meanwhile and found wrong. */
static void check_counted(struct check *check, const json_t *before,
			  bool worked)
{
	json_t *info = control_try(request_new("info")), *value;
	char text[PRINT_CELL] = "";
	json_int_t more;
	const char *key;
	size_t len = 0;

	json_object_foreach(json_object_get(info, "counters"), key, value) {
		more = json_integer_value(value) -
		       json_integer_value(json_object_get(before, key));
		if (more <= 0 || len >= sizeof(text))
			continue;
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"%s%s +%lld", len ? ", " : "", key,
					(long long)more);
	}
	/* Ours is counted; if nothing came back, then it is silent. */
	if (info)
		check_row(check, "packets", worked || strstr(text, "rx-") ||
			  strstr(text, "bad-") ? NULL :
			  "Look whether they arrive: \"tcpdump udp\" there, firewalls between.",
			  "%s", *text ? text : "none meanwhile");
	json_decref(info);
}

/* Return: whether there is a key to send on. */
static bool check_session(struct check *check, struct themis_nl *nl,
			  const json_t *peer, const char *name, bool named)
{
	const char *state = check_text(peer, "state");
	const char *hint = check_text(peer, "why_hint");
	struct themis_nl_session session;

	if (get_session(nl, peer, &session) &&
	    session.state == THEMIS_SESSION_UP) {
		check_row(check, "session", NULL,
			  "%s: %s, the kernel has a key", name, state);
		return true;
	}
	if (!strcmp(state, "failed"))
		check_row(check, "session", *hint ? hint :
			  "Look at the log of the other side.",
			  "%s: failed: %s", name,
			  check_text(peer, "why_text"));
	else
		check_row(check, "session", named ?
			  "Begin with \"themis peer connect\", then look again." :
			  NULL, "%s: %s, the kernel has no key to send on",
			  name, state);
	return false;
}

/* Everything that can be in the way of an agreement, and one to see. */
static void check_way(struct check *check, struct themis_nl *nl,
		      const json_t *peer, const char *name)
{
	uint64_t before[__THEMIS_CNT_MAX] = { 0 };
	json_t *info, *row = NULL;
	bool worked;

	if (nl)
		themis_nl_stats(nl, before);
	info = control_try(request_new("info"));
	row = try_agreement(check, peer);
	worked = row && !strcmp(check_text(row, "state"), "established");
	check_psk(check, row ? row : peer);
	if (row) {
		check_drops(check, nl, before, worked);
		check_counted(check, json_object_get(info, "counters"),
			      worked);
	}
	check_session(check, nl, row ? row : peer, name, true);
	json_decref(row);
	json_decref(info);
}

void check_peer(struct check *check, struct themis_nl *nl, const json_t *peer,
		bool named)
{
	char name[PRINT_CELL], via[THEMIS_ENDPOINT_TEXT] = "";
	struct themis_nl_session session;
	bool way = true;

	print_name_text(peer, "peer", name);
	snprintf(via, sizeof(via), "%s", check_text(peer, "endpoint"));
	if (get_session(nl, peer, &session) &&
	    session.endpoint.ss_family != AF_UNSPEC)
		themis_endpoint_format(&session.endpoint, via);

	if (named)
		check_allowed(check, peer, name);
	if (!check_endpoint(check, peer, via, name, named))
		way = false;
	else if (named)
		way = check_route(check, via);
	if (named && way && session.state != THEMIS_SESSION_UP &&
	    !json_is_false(json_object_get(peer, "allowed")))
		check_way(check, nl, peer, name);
	else
		check_session(check, nl, peer, name, named);
}
