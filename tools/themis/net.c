// SPDX-License-Identifier: GPL-2.0
/*
 * themis net: the directory as our own nodes see it.
 */
#include <stdio.h>
#include <string.h>

#include "control.h"
#include "names.h"
#include "print.h"
#include "request.h"
#include "tool.h"

static void node_cell(const json_t *row, char *buf)
{
	print_name_text(row, "node", buf);
}

static void id_cell(const json_t *row, char *buf)
{
	print_name_text(row, "id", buf);
}

static void bytes_cell(const json_t *row, char *buf)
{
	print_bytes_text(json_integer_value(json_object_get(row,
							    "object_bytes")),
			 buf, PRINT_CELL);
}

static void seconds(const json_t *row, const char *key, char *buf)
{
	const json_t *value = json_object_get(row, key);

	if (json_is_integer(value))
		snprintf(buf, PRINT_CELL, "%llds",
			 (long long)json_integer_value(value));
	else
		strcpy(buf, "-");
}

static void lease_cell(const json_t *row, char *buf)
{
	seconds(row, "lease_s", buf);
}

static void half_life_cell(const json_t *row, char *buf)
{
	seconds(row, "half_life_s", buf);
}

static void rtt_cell(const json_t *row, char *buf)
{
	json_int_t us = json_integer_value(json_object_get(row, "rtt_us"));

	if (us)
		snprintf(buf, PRINT_CELL, "%.1fms", us / 1e3);
	else
		strcpy(buf, "-");
}

static const struct print_column columns[] = {
	{ .head = "NODE", .key = "node", .text = node_cell, .style = PRINT_ID,
	  .flags = PRINT_BRIEF },
	{ .head = "NETWORK", .key = "network" },
	{ .head = "STATE", .key = "state", .style = PRINT_STATE,
	  .flags = PRINT_BRIEF },
	{ .head = "NEIGHBOURS", .key = "neighbours" },
	{ .head = "SIBLINGS", .key = "siblings", .flags = PRINT_DETAILS },
	{ .head = "BUCKETS", .key = "buckets" },
	{ .head = "SIZE", .key = "size" },
	{ .head = "OBJECTS", .key = "objects" },
	{ .head = "BYTES", .key = "object_bytes", .text = bytes_cell },
	{ .head = "LEASE", .key = "lease_s", .text = lease_cell },
	{ .head = "HALF-LIFE", .key = "half_life_s", .text = half_life_cell,
	  .flags = PRINT_DETAILS },
	{ .head = "WINDOW", .key = "window", .flags = PRINT_DETAILS },
	{ .head = "QUEUED", .key = "queued", .flags = PRINT_DETAILS },
	{ .head = "COPIES", .key = "redundancy", .flags = PRINT_DETAILS },
	{ .head = "ANSWERED", .key = "answered" },
	{ .head = "ASKED", .key = "asked" },
	{ .head = "CROWDED", .key = "crowded", .flags = PRINT_DETAILS },
	{ }
};

static const struct print_layout layout = { .columns = columns };

static const struct print_column neighbour_columns[] = {
	{ .head = "NODE", .key = "id", .text = id_cell, .style = PRINT_ID,
	  .flags = PRINT_BRIEF },
	{ .head = "ENDPOINT", .key = "endpoint", .style = PRINT_ADDRESS,
	  .flags = PRINT_BRIEF },
	{ .head = "STATE", .key = "state", .style = PRINT_STATE },
	{ .head = "RTT", .key = "rtt_us", .text = rtt_cell },
	{ .head = "BUCKET", .key = "bucket" },
	{ }
};

static const struct print_layout neighbour_layout = {
	.columns = neighbour_columns,
};

static const struct print_column object_columns[] = {
	{ .head = "ID", .key = "id", .style = PRINT_ID, .flags = PRINT_BRIEF },
	{ .head = "TYPE", .key = "type" },
	{ .head = "NAME", .key = "name" },
	{ .head = "SEQ", .key = "seq", .flags = PRINT_DETAILS },
	{ .head = "EXPIRY", .key = "expiry", .flags = PRINT_DETAILS },
	{ .head = "OWNER", .key = "owner", .flags = PRINT_DETAILS },
	{ .head = "BYTES", .key = "bytes" },
	{ }
};

static const struct print_layout object_layout = { .columns = object_columns };

static void until_cell(const json_t *row, char *buf)
{
	const json_t *until = json_object_get(row, "until");

	if (json_is_integer(until))
		snprintf(buf, PRINT_CELL, "%lld",
			 (long long)json_integer_value(until));
	else
		strcpy(buf, "kept");
}

static void ttl_cell(const json_t *row, char *buf)
{
	seconds(row, "ttl", buf);
}

static const struct print_column published_columns[] = {
	{ .head = "ID", .key = "id", .style = PRINT_ID, .flags = PRINT_BRIEF },
	{ .head = "TYPE", .key = "type" },
	{ .head = "NAME", .key = "name" },
	{ .head = "SEQ", .key = "seq", .flags = PRINT_DETAILS },
	{ .head = "EXPIRY", .key = "expiry" },
	{ .head = "BYTES", .key = "bytes" },
	{ .head = "UNTIL", .key = "until", .text = until_cell },
	{ .head = "TTL", .key = "ttl", .text = ttl_cell },
	{ .head = "STORED", .key = "stored" },
	{ }
};

static const struct print_layout published_layout = {
	.columns = published_columns,
};

static const struct print_column counter_columns[] = {
	{ .head = "COUNTER", .key = "name", .flags = PRINT_BRIEF },
	{ .head = "VALUE", .key = "value", .flags = PRINT_BRIEF | PRINT_RIGHT },
	{ .head = "MEANING", .key = "help" },
	{ }
};

static const struct print_layout counter_layout = {
	.columns = counter_columns,
};

static void mean_cell(const json_t *row, char *buf)
{
	static const char * const outcomes[] = {
		"done", "not-found", "no-quorum", "no-answer", "refused",
	};
	json_int_t n = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(outcomes); i++)
		n += json_integer_value(json_object_get(row, outcomes[i]));
	if (n)
		snprintf(buf, PRINT_CELL, "%.1fms",
			 json_integer_value(json_object_get(row, "us")) / 1e3 /
			 n);
	else
		strcpy(buf, "-");
}

static const struct print_column operation_columns[] = {
	{ .head = "OPERATION", .key = "name", .flags = PRINT_BRIEF },
	{ .head = "RX-COMMANDS", .key = "rx-commands" },
	{ .head = "TX-RESPONSES", .key = "tx-responses" },
	{ .head = "TX-COMMANDS", .key = "tx-commands" },
	{ .head = "RX-RESPONSES", .key = "rx-responses" },
	{ .head = "DONE", .key = "done" },
	{ .head = "NOT-FOUND", .key = "not-found" },
	{ .head = "NO-QUORUM", .key = "no-quorum" },
	{ .head = "NO-ANSWER", .key = "no-answer" },
	{ .head = "REFUSED", .key = "refused" },
	{ .head = "MEAN", .key = "us", .text = mean_cell },
	{ }
};

static const struct print_layout operation_layout = {
	.columns = operation_columns,
};

/* Rows of the node that was asked for. */
static json_t *only(const json_t *rows, const struct themis_id *node)
{
	json_t *some = print_array(), *row;
	struct themis_id id;
	const char *text;
	size_t i;

	json_array_foreach(rows, i, row) {
		text = json_string_value(json_object_get(row, "node"));
		if (!node || (text && !themis_id_parse(&id, text) &&
			      themis_id_equal(&id, node)))
			print_append(some, json_incref(row));
	}
	return some;
}

int net_show(const struct tool_args *args)
{
	const char *word = tool_arg(args, "node");
	struct themis_id node;
	json_t *result;
	int err;

	if (word) {
		err = names_resolve(word, NAMES_NODE, &node);
		if (err)
			return err;
	}
	err = control_call(request_new("net-list"), &result);
	if (err)
		return err;
	names_load();
	print_rows(only(json_object_get(result, "nodes"),
			word ? &node : NULL), &layout);
	if (opt.stats && !opt.json) {
		print_rows(json_incref(json_object_get(result, "counters")),
			   &counter_layout);
		print_rows(json_incref(json_object_get(result, "operations")),
			   &operation_layout);
	}
	json_decref(result);
	return TOOL_OK;
}

static int show_list(const struct tool_args *args, const char *cmd,
		     json_t **rows)
{
	json_t *request = request_new(cmd);
	int err;

	err = request_node(request, tool_arg(args, "node"));
	if (!err)
		err = control_call(request, rows);
	if (!err)
		names_load();
	return err;
}

int net_neighbours(const struct tool_args *args)
{
	json_t *rows;
	int err;

	err = show_list(args, "net-contacts", &rows);
	if (!err)
		print_rows(rows, &neighbour_layout);
	return err;
}

static int show_objects(const struct tool_args *args, const char *cmd,
			const struct print_layout *shape)
{
	json_t *rows, *row;
	const char *hex;
	size_t i;
	int err;

	err = show_list(args, cmd, &rows);
	if (err)
		return err;
	json_array_foreach(rows, i, row) {
		hex = json_string_value(json_object_get(row, "value_hex"));
		print_set_u64(row, "bytes", hex ? strlen(hex) / 2 : 0);
	}
	print_rows(rows, shape);
	return TOOL_OK;
}

int net_objects(const struct tool_args *args)
{
	return show_objects(args, "net-objects", &object_layout);
}

int net_published(const struct tool_args *args)
{
	return show_objects(args, "net-published", &published_layout);
}

int net_unpublish(const struct tool_args *args)
{
	json_t *request = request_new("unpublish"), *result;
	struct themis_id id;
	int err;

	err = names_resolve(tool_arg(args, "ID"), NAMES_NODE | NAMES_PEER,
			    &id);
	if (err) {
		json_decref(request);
		return err;
	}
	print_set_id(request, "id", &id);
	err = request_node(request, tool_arg(args, "node"));
	if (!err)
		err = control_call(request, &result);
	if (!err)
		json_decref(result);
	return err;
}
