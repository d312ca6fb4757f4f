// SPDX-License-Identifier: GPL-2.0
/*
 * themis node: identities of this machine. The kernel tells which there are;
 * the daemon, which holds their keys, makes and removes them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control.h"
#include "kernel.h"
#include "names.h"
#include "print.h"
#include "request.h"
#include "tool.h"

static void id_cell(const json_t *row, char *buf)
{
	print_id_text(row, "id", buf);
}

static const struct print_column columns[] = {
	{ .head = "ID", .key = "id", .text = id_cell, .style = PRINT_ID,
	  .flags = PRINT_BRIEF },
	{ .head = "NAME", .key = "name" },
	{ .head = "NETID", .key = "netid", .flags = PRINT_BRIEF },
	{ .head = "LINK", .key = "link", .flags = PRINT_BRIEF },
	{ .head = "OWNER", .key = "owner" },
	{ .head = "ALLOW", .key = "allow", .flags = PRINT_DETAILS },
	{ .head = "SESSIONS", .key = "sessions" },
	{ .head = "SOCKETS", .key = "sockets" },
	{ .head = "KEY", .key = "key", .flags = PRINT_DETAILS },
	{ }
};

static const struct print_layout layout = { .columns = columns };

static const struct print_column id_columns[] = {
	{ .head = "id", .key = "id", .flags = PRINT_BRIEF },
	{ }
};

static const struct print_layout id_layout = {
	.columns = id_columns,
	.record = true,
};

/* Return: whether @owner is any, uid:N or gid:N. */
static bool owner_valid(const char *owner)
{
	const char *number = owner + 4;

	if (!strcmp(owner, "any"))
		return true;
	if (strncmp(owner, "uid:", 4) && strncmp(owner, "gid:", 4))
		return false;
	/* All ones means nobody to the kernel. */
	return *number && strlen(number) <= 10 &&
	       strspn(number, "0123456789") == strlen(number) &&
	       strtoull(number, NULL, 10) < UINT32_MAX;
}

/* Return: TOOL_OK if @allow is any, listed or NULL. */
static int allow_valid(const char *allow)
{
	if (!allow || !strcmp(allow, "any") || !strcmp(allow, "listed"))
		return TOOL_OK;
	return tool_fail(TOOL_USAGE, "Give any or listed.",
			 "\"%s\" tells not whom to allow", allow);
}

int node_add(const struct tool_args *args)
{
	const char *netid = tool_arg(args, "netid");
	const char *owner = tool_arg(args, "owner");
	const char *allow = tool_arg(args, "allow");
	json_t *request, *result = NULL, *rows;
	uint16_t port;
	int err;

	err = request_netid(netid);
	if (err)
		return err;
	err = kernel_port(tool_arg(args, "link"), &port);
	if (err)
		return err;
	if (owner && !owner_valid(owner))
		return tool_fail(TOOL_USAGE, "Give any, uid:N or gid:N.",
				 "\"%s\" is not an owner", owner);
	err = allow_valid(allow);
	if (err)
		return err;
	request = request_new("node-add");
	err = request_path(request, "key", tool_arg(args, "key"));
	if (!err)
		err = request_name(request, tool_arg(args, "name"));
	if (err)
		return err;
	request_string(request, "netid", netid);
	print_set_u64(request, "link", port);
	if (owner)
		request_string(request, "owner", owner);
	if (allow)
		request_string(request, "allow", allow);
	err = control_call(request, &result);
	if (err)
		return err;
	rows = print_array();
	print_append(rows, result);
	print_rows(rows, &id_layout);
	return TOOL_OK;
}

int node_del(const struct tool_args *args)
{
	struct themis_id id;
	json_t *request;
	int err;

	err = names_resolve(tool_arg(args, "ID"), NAMES_NODE, &id);
	if (err)
		return err;
	request = request_new("node-del");
	print_set_id(request, "node", &id);
	return control_call(request, NULL);
}

int node_set(const struct tool_args *args)
{
	const char *allow = tool_arg(args, "allow");
	struct themis_id id;
	json_t *request;
	int err;

	err = allow_valid(allow);
	if (!err)
		err = names_resolve(tool_arg(args, "ID"), NAMES_NODE, &id);
	if (err)
		return err;
	request = request_new("node-set");
	print_set_id(request, "node", &id);
	request_string(request, "allow", allow);
	return control_call(request, NULL);
}

struct walk {
	json_t			*rows;
	json_t			*known;	/* what the daemon lists, or NULL */
	const struct themis_id	*only;	/* NULL for all */
};

static const char *owner_text(const struct themis_nl_node *node, char *buf,
			      size_t len)
{
	if (node->owner == THEMIS_OWNER_ANY)
		snprintf(buf, len, "any");
	else
		snprintf(buf, len, "%s:%u",
			 node->owner == THEMIS_OWNER_GID ? "gid" : "uid",
			 node->owner_id);
	return buf;
}

/* What the daemon says of a node, or NULL. */
static const char *known_text(const json_t *known, const struct themis_id *id,
			      const char *key)
{
	char text[THEMIS_ID_TEXT];
	const char *other;
	json_t *row;
	size_t i;

	themis_id_format(id, text);
	json_array_foreach(known, i, row) {
		other = json_string_value(json_object_get(row, "id"));
		if (other && !strcmp(other, text))
			return json_string_value(json_object_get(row, key));
	}
	return NULL;
}

static int node_row(void *ctx, const struct themis_nl_node *node)
{
	const char *name, *key, *allow;
	struct walk *walk = ctx;
	char owner[32];
	json_t *row;

	if (walk->only && !themis_id_equal(walk->only, &node->id))
		return 0;
	row = print_new();
	name = names_of(&node->id);
	key = known_text(walk->known, &node->id, "key");
	allow = known_text(walk->known, &node->id, "allow");
	print_set_id(row, "id", &node->id);
	print_set_text(row, "name", name, name ? strlen(name) : 0);
	print_set_text(row, "netid", node->netid, node->netid_len);
	print_set_u64(row, "link", node->link);
	owner_text(node, owner, sizeof(owner));
	print_set_text(row, "owner", owner, strlen(owner));
	print_set_u64(row, "sessions", node->sessions);
	print_set_u64(row, "sockets", node->sockets);
	print_set_text(row, "key", key, key ? strlen(key) : 0);
	print_set_text(row, "allow", allow, allow ? strlen(allow) : 0);
	print_append(walk->rows, row);
	return 0;
}

int node_show(const struct tool_args *args)
{
	const char *word = tool_arg(args, "ID");
	struct walk walk = {};
	struct themis_nl *nl;
	struct themis_id id;
	int err;

	err = kernel_open(&nl);
	if (err)
		return err;
	if (word) {
		err = names_resolve(word, NAMES_NODE, &id);
		if (err)
			return err;
		walk.only = &id;
	}
	walk.rows = print_array();
	walk.known = control_try(request_new("node-list"));
	err = themis_nl_node_dump(nl, node_row, &walk);
	json_decref(walk.known);
	if (!err && word && !json_array_size(walk.rows)) {
		json_decref(walk.rows);
		return tool_fail(TOOL_KERNEL, "See \"themis node show\".",
				 "there is no node \"%s\"", word);
	}
	if (err) {
		json_decref(walk.rows);
		return kernel_fail(err, "cannot list the nodes");
	}
	print_rows(walk.rows, &layout);
	return TOOL_OK;
}
