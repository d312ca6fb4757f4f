// SPDX-License-Identifier: GPL-2.0
/*
 * themis check: what stands between two nodes, from the module up to the last
 * key agreement.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "control.h"
#include "kernel.h"
#include "names.h"
#include "print.h"
#include "request.h"
#include "tool.h"

static void found_cell(const json_t *row, char *buf)
{
	const char *next = json_string_value(json_object_get(row, "next"));
	const char *found = json_string_value(json_object_get(row, "found"));

	snprintf(buf, PRINT_CELL, "%s%s%s", found ? found : "",
		 next ? ". " : "", next ? next : "");
}

static const struct print_column columns[] = {
	{ .head = "RESULT", .key = "result", .style = PRINT_STATE,
	  .flags = PRINT_BRIEF },
	{ .head = "CHECK", .key = "check", .flags = PRINT_BRIEF },
	{ .head = "FOUND", .key = "found", .text = found_cell,
	  .flags = PRINT_BRIEF },
	{ }
};

static const struct print_layout layout = { .columns = columns };

/**
 * struct check - one run
 * @rows: what was found so far
 * @failed: some of it is not as it should be
 */
struct check {
	json_t	*rows;
	bool	failed;
};

static void row(struct check *check, const char *name, const char *next,
		const char *fmt, ...) __printf(4, 5);

/* @next is NULL if all is well, else the next step. */
static void row(struct check *check, const char *name, const char *next,
		const char *fmt, ...)
{
	json_t *new = print_new();
	char found[PRINT_CELL];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(found, sizeof(found), fmt, ap);
	va_end(ap);
	check->failed |= !!next;
	print_set_text(new, "check", name, strlen(name));
	print_set_text(new, "result", next ? "fail" : "ok", next ? 4 : 2);
	print_set_text(new, "found", found, strlen(found));
	print_set_text(new, "next", next, next ? strlen(next) : 0);
	print_append(check->rows, new);
}

static struct themis_nl *check_module(struct check *check)
{
	struct themis_nl_info info;
	struct themis_diag diag;
	struct themis_nl *nl;
	int err;

	nl = kernel_try(&diag);
	if (!nl) {
		row(check, "module", diag.next, "%s", diag.what);
		return NULL;
	}
	err = themis_nl_info(nl, &info);
	if (err) {
		themis_nl_diag(nl, err, "the module does not answer", &diag);
		row(check, "module", diag.next, "%s", diag.what);
		return NULL;
	}
	row(check, "module", NULL, "version %s, address family %d",
	    info.version, info.family);
	return nl;
}

static bool check_daemon(struct check *check)
{
	json_t *info = control_try(request_new("info"));
	const char *version;

	version = json_string_value(json_object_get(info, "version"));
	if (info)
		row(check, "daemon", NULL, "version %s, process %d",
		    version ? version : "unknown",
		    (int)json_integer_value(json_object_get(info, "pid")));
	else
		row(check, "daemon",
		    CONTROL_START,
		    "no daemon answers at %s", opt.control);
	json_decref(info);
	return info;
}

static int count_link(void *ctx, const struct themis_nl_link *link)
{
	++*(unsigned int *)ctx;
	return 0;
}

static int count_node(void *ctx, const struct themis_nl_node *node)
{
	++*(unsigned int *)ctx;
	return 0;
}

static void check_local(struct check *check, struct themis_nl *nl)
{
	unsigned int links = 0, nodes = 0;

	themis_nl_link_dump(nl, count_link, &links);
	themis_nl_node_dump(nl, count_node, &nodes);
	row(check, "link",
	    links ? NULL : "Make one with \"themis link add port N\".",
	    "%u in this network namespace", links);
	row(check, "node",
	    nodes ? NULL : "Make one with \"themis node add\".",
	    "%u in this network namespace", nodes);
}

struct session {
	struct themis_id		node;
	struct themis_id		peer;
	bool				found;
	enum themis_session_state	state;
	bool				endpoint;
};

static int find_session(void *ctx, const struct themis_nl_session *session)
{
	struct session *wanted = ctx;

	if (!themis_id_equal(&session->node, &wanted->node) ||
	    !themis_id_equal(&session->peer, &wanted->peer))
		return 0;
	wanted->found = true;
	wanted->state = session->state;
	wanted->endpoint = session->endpoint.ss_family != AF_UNSPEC;
	return 1;
}

static const char *string_of(const json_t *peer, const char *key)
{
	const char *value = json_string_value(json_object_get(peer, key));

	return value ? value : "";
}

/* A row of the daemon's peer-list; @named: the user asked for this one. */
static void check_peer(struct check *check, struct themis_nl *nl,
		       const json_t *peer, bool named)
{
	const char *state = string_of(peer, "state");
	const char *hint = string_of(peer, "why_hint");
	struct session session = {};
	char name[PRINT_CELL];

	print_name_text(peer, "peer", name);
	if (nl && !themis_id_parse(&session.node, string_of(peer, "node")) &&
	    !themis_id_parse(&session.peer, string_of(peer, "peer")))
		themis_nl_session_dump(nl, find_session, &session);
	if (!*string_of(peer, "endpoint") && !session.endpoint)
		row(check, "endpoint",
		    "Give one: \"themis peer add ID endpoint ADDR:PORT\".",
		    "nobody has told where %s is", name);
	else if (named)
		row(check, "endpoint", NULL, "%s is at %s", name,
		    string_of(peer, "endpoint"));
	if (!strcmp(state, "failed"))
		row(check, "session", *hint ? hint :
		    "Look at the log of the other side.",
		    "%s: failed: %s", name, string_of(peer, "why_text"));
	else if (session.found && session.state == THEMIS_SESSION_UP)
		row(check, "session", NULL, "%s: %s, the kernel has a key",
		    name, state);
	else
		row(check, "session",
		    named ? "Begin with \"themis peer connect\", then look again." :
			    NULL,
		    "%s: %s, the kernel has no key to send on", name, state);
}

static void check_peers(struct check *check, struct themis_nl *nl,
			const struct themis_id *only, const char *word)
{
	json_t *peers = control_try(request_new("peer-list"));
	struct themis_id id;
	unsigned int n = 0;
	json_t *peer;
	size_t i;

	json_array_foreach(peers, i, peer) {
		if (themis_id_parse(&id, string_of(peer, "peer")) ||
		    (only && !themis_id_equal(&id, only)))
			continue;
		if (only && !n)
			row(check, "peer", NULL, "%s is configured", word);
		n++;
		check_peer(check, nl, peer, only);
	}
	if (!n && only)
		row(check, "peer", "Add it with \"themis peer add\".",
		    "%s is not configured", word);
	else if (!n)
		row(check, "peer", "Add one with \"themis peer add\".",
		    "none is configured");
	json_decref(peers);
}

int check_run(const struct tool_args *args)
{
	const char *word = tool_arg(args, "PEER");
	struct check check = {};
	struct themis_nl *nl;
	struct themis_id id;
	int err = TOOL_OK;
	bool daemon;

	check.rows = print_array();
	nl = check_module(&check);
	daemon = check_daemon(&check);
	if (nl)
		check_local(&check, nl);
	/* Without the daemon a peer's name means nothing yet. */
	if (daemon && word)
		err = names_resolve(word, NAMES_PEER, &id);
	if (daemon && !err)
		check_peers(&check, nl, word ? &id : NULL, word);
	print_rows(check.rows, &layout);
	if (err)
		return err;
	return check.failed ? TOOL_CHECK : TOOL_OK;
}
