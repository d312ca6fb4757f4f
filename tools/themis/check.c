// SPDX-License-Identifier: GPL-2.0
/*
 * themis check: what stands between two nodes, from the module up to the last
 * key agreement.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
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

void check_row(struct check *check, const char *name, const char *next,
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
		check_row(check, "module", diag.next, "%s", diag.what);
		return NULL;
	}
	err = themis_nl_info(nl, &info);
	if (err) {
		themis_nl_diag(nl, err, "the module does not answer", &diag);
		check_row(check, "module", diag.next, "%s", diag.what);
		return NULL;
	}
	check_row(check, "module", NULL, "version %s, address family %d",
		  info.version, info.family);
	return nl;
}

static bool check_daemon(struct check *check)
{
	json_t *info = control_try(request_new("info"));
	const char *version;

	version = json_string_value(json_object_get(info, "version"));
	if (info)
		check_row(check, "daemon", NULL, "version %s, process %d",
			  version ? version : "unknown",
			  (int)json_integer_value(json_object_get(info, "pid")));
	else
		check_row(check, "daemon",
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
	check_row(check, "link",
		  links ? NULL : "Make one with \"themis link add port N\".",
		  "%u in this network namespace", links);
	check_row(check, "node",
		  nodes ? NULL : "Make one with \"themis node add\".",
		  "%u in this network namespace", nodes);
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
		if (themis_id_parse(&id, check_text(peer, "peer")) ||
		    (only && !themis_id_equal(&id, only)))
			continue;
		if (only && !n)
			check_row(check, "peer", NULL, "%s is configured", word);
		n++;
		check_peer(check, nl, peer, only);
	}
	if (!n && only)
		check_row(check, "peer", "Add it with \"themis peer add\".",
			  "%s is not configured", word);
	else if (!n)
		check_row(check, "peer", "Add one with \"themis peer add\".",
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
