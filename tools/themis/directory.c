// SPDX-License-Identifier: GPL-2.0
/*
 * themis join, leave, update, find, store: the operations of the directory.
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control.h"
#include "names.h"
#include "print.h"
#include "request.h"
#include "tool.h"

#define VALUE_MAX	1024	/* bytes of a value */

static json_int_t number(const json_t *row, const char *key)
{
	return json_integer_value(json_object_get(row, key));
}

/* One row with what came of it. */
static void print_result(json_t *reply, const struct print_layout *layout)
{
	json_t *rows = print_array();

	print_append(rows, json_incref(json_object_get(reply, "result")));
	print_rows(rows, layout);
}

static void took_cell(const json_t *row, char *buf)
{
	snprintf(buf, PRINT_CELL, "%.1fms", number(row, "us") / 1e3);
}

static const struct print_column done_columns[] = {
	{ .head = "id", .key = "id", .style = PRINT_ID, .flags = PRINT_BRIEF },
	{ .head = "copies", .key = "copies" },
	{ .head = "rounds", .key = "rounds" },
	{ .head = "commands", .key = "requests" },
	{ .head = "took", .key = "us", .text = took_cell },
	{ }
};

static const struct print_layout done_layout = {
	.columns = done_columns,
	.record = true,
};

static const struct print_column short_columns[] = {
	{ .head = "rounds", .key = "rounds" },
	{ .head = "commands", .key = "requests" },
	{ .head = "took", .key = "us", .text = took_cell },
	{ }
};

static const struct print_layout short_layout = {
	.columns = short_columns,
	.record = true,
};

int join_run(const struct tool_args *args)
{
	const char *word = tool_arg(args, "ID");
	const char *endpoint = tool_arg(args, "endpoint");
	json_t *request = request_new("join"), *reply;
	struct themis_id member;
	int err;

	if (!word != !endpoint) {
		json_decref(request);
		return tool_fail(TOOL_USAGE, NULL,
				 "a member has an id and an endpoint");
	}
	err = request_node(request, tool_arg(args, "node"));
	if (err)
		return err;
	if (word) {
		err = names_resolve(word, NAMES_PEER, &member);
		if (err) {
			json_decref(request);
			return err;
		}
		print_set_id(request, "member", &member);
		request_string(request, "endpoint", endpoint);
	}
	err = control_operation(request, &reply);
	if (!err)
		print_result(reply, &short_layout);
	json_decref(reply);
	return err;
}

int leave_run(const struct tool_args *args)
{
	json_t *request = request_new("leave"), *reply;
	int err;

	err = request_node(request, tool_arg(args, "node"));
	if (err)
		return err;
	err = control_operation(request, &reply);
	if (!err && opt.json)
		print_result(reply, &short_layout);
	json_decref(reply);
	return err;
}

static const struct print_column update_columns[] = {
	{ .head = "asked", .key = "asked", .flags = PRINT_BRIEF },
	{ }
};

static const struct print_layout update_layout = {
	.columns = update_columns,
	.record = true,
};

int update_run(const struct tool_args *args)
{
	json_t *request = request_new("update"), *reply;
	int err;

	err = request_node(request, tool_arg(args, "node"));
	if (err)
		return err;
	err = control_operation(request, &reply);
	if (!err)
		print_result(reply, &update_layout);
	json_decref(reply);
	return err;
}

static void step_node_cell(const json_t *row, char *buf)
{
	print_name_text(row, "node", buf);
}

static void gave_cell(const json_t *row, char *buf)
{
	if (number(row, "objects"))
		snprintf(buf, PRINT_CELL, "%lld contacts, %lld objects",
			 (long long)number(row, "contacts"),
			 (long long)number(row, "objects"));
	else if (number(row, "contacts"))
		snprintf(buf, PRINT_CELL, "%lld contacts",
			 (long long)number(row, "contacts"));
	else
		strcpy(buf, "-");
}

static const struct print_column step_columns[] = {
	{ .head = "TIME", .key = "us", .text = took_cell,
	  .flags = PRINT_BRIEF | PRINT_RIGHT },
	{ .head = "ROUND", .key = "round" },
	{ .head = "PATH", .key = "path" },
	{ .head = "NODE", .key = "node", .text = step_node_cell,
	  .style = PRINT_ID, .flags = PRINT_BRIEF },
	{ .head = "WHAT", .key = "what", .flags = PRINT_BRIEF },
	{ .head = "GAVE", .key = "objects", .text = gave_cell },
	{ }
};

static const struct print_layout step_layout = { .columns = step_columns };

static const struct print_column contact_columns[] = {
	{ .head = "id", .key = "id", .style = PRINT_ID, .flags = PRINT_BRIEF },
	{ .head = "endpoint", .key = "endpoint", .style = PRINT_ADDRESS,
	  .flags = PRINT_BRIEF },
	{ }
};

static const struct print_layout contact_layout = {
	.columns = contact_columns,
	.record = true,
};

static const struct print_column object_columns[] = {
	{ .head = "value", .key = "shown" },
	{ .head = "type", .key = "type" },
	{ .head = "name", .key = "name" },
	{ .head = "owner", .key = "owner" },
	{ .head = "seq", .key = "seq" },
	{ .head = "expiry", .key = "expiry" },
	{ }
};

static const struct print_layout object_layout = {
	.columns = object_columns,
	.record = true,
};

/* The bytes themselves, for other programs. */
static void write_values(const json_t *objects)
{
	uint8_t value[VALUE_MAX];
	const json_t *row;
	const char *hex;
	size_t i, len;

	json_array_foreach(objects, i, row) {
		hex = json_string_value(json_object_get(row, "value_hex"));
		if (hex && !sodium_hex2bin(value, sizeof(value), hex,
					   strlen(hex), NULL, &len, NULL))
			fwrite(value, 1, len, stdout);
	}
}

static void show_objects(json_t *objects)
{
	const char *text;
	json_t *row;
	size_t i;

	json_array_foreach(objects, i, row) {
		text = json_string_value(json_object_get(row, "value"));
		if (text)
			print_set_text(row, "shown", text, strlen(text));
		else
			json_object_set(row, "shown",
					json_object_get(row, "value_hex"));
	}
	print_rows(json_incref(objects), &object_layout);
}

static void show_found(json_t *reply)
{
	json_t *result = json_object_get(reply, "result");
	json_t *contact = json_object_get(result, "contact");
	json_t *objects = json_object_get(result, "objects");
	json_t *rows;

	if (json_is_object(contact)) {
		rows = print_array();
		print_append(rows, json_incref(contact));
		print_rows(rows, &contact_layout);
	} else if (opt.brief) {
		write_values(objects);
	} else {
		show_objects(objects);
	}
	if (!opt.brief)
		print_result(reply, &short_layout);
}

static void show_find(json_t *reply, int err)
{
	json_t *steps = json_object_get(reply, "steps"), *rows, *row;

	if (opt.json) {
		row = err ? print_new() :
			    json_incref(json_object_get(reply, "result"));
		if (steps)
			json_object_set(row, "steps", steps);
		rows = print_array();
		print_append(rows, row);
		print_rows(rows, &done_layout);
		return;
	}
	if (json_array_size(steps)) {
		names_load();
		print_rows(json_incref(steps), &step_layout);
	}
	if (!err)
		show_found(reply);
}

/* What is to be found: an id, or something with a name. */
static int find_what(json_t *request, const struct tool_args *args)
{
	const char *word = tool_arg(args, "ID");
	const char *name = tool_arg(args, "name");
	const char *set = tool_arg(args, "set");
	const char *owner = tool_arg(args, "owner");
	struct themis_id id;
	int err;

	if (!!word + !!name + !!set != 1 || (word && owner))
		return tool_fail(TOOL_USAGE, NULL,
				 "give an id, the name of an object or that of a set");
	if (word) {
		err = names_resolve(word, NAMES_NODE | NAMES_PEER, &id);
		if (err)
			return err;
		print_set_id(request, "id", &id);
		return TOOL_OK;
	}
	request_string(request, "name", name ? name : set);
	if (set)
		json_object_set_new(request, "set", json_true());
	if (owner)
		request_string(request, "owner", owner);
	return TOOL_OK;
}

/* Takes @flag out of the words of @given; true if it was there. */
static bool take_flag(const struct tool_args *given, struct tool_args *args,
		      char *words[TOOL_BATCH_WORDS], const char *flag)
{
	bool found = false;
	int i;

	args->argv = words;
	for (i = 0; i < given->argc && args->argc < TOOL_BATCH_WORDS; i++) {
		if (!strcmp(given->argv[i], flag))
			found = true;
		else
			words[args->argc++] = given->argv[i];
	}
	return found;
}

int find_run(const struct tool_args *given)
{
	char *words[TOOL_BATCH_WORDS];
	struct tool_args args = { 0 };
	json_t *request, *reply;
	bool trace;
	int err;

	trace = take_flag(given, &args, words, "--trace");
	err = tool_args_parse(&args,
			      "[ID] [name NAME] [set NAME] [owner KEY] [node ID]");
	if (err)
		return err;
	request = request_new("find");
	err = find_what(request, &args);
	if (err) {
		json_decref(request);
		return err;
	}
	err = request_node(request, tool_arg(&args, "node"));
	if (err)
		return err;
	if (trace)
		json_object_set_new(request, "trace", json_true());
	err = control_operation(request, &reply);
	if (reply)
		show_find(reply, err);
	json_decref(reply);
	return err;
}

static int read_value(const char *path, uint8_t *value, size_t *len)
{
	bool is_stdin = !path || !strcmp(path, "-");
	FILE *file = is_stdin ? stdin : fopen(path, "re");
	int err = TOOL_OK;

	if (!file)
		return tool_fail(TOOL_USAGE, "Give a file that can be read.",
				 "cannot open %s: %s", path, strerror(errno));
	*len = fread(value, 1, VALUE_MAX + 1, file);
	if (ferror(file))
		err = tool_fail(TOOL_USAGE, "Give a file that can be read.",
				"cannot read %s: %s", is_stdin ? "standard input" :
				path, strerror(errno));
	if (!is_stdin)
		fclose(file);
	return err;
}

static int take_value(json_t *request, const struct tool_args *args)
{
	const char *text = tool_arg(args, "value");
	char hex[2 * VALUE_MAX + 1];
	uint8_t value[VALUE_MAX + 1];
	size_t len = 0;
	int err;

	if (text && tool_arg(args, "FILE"))
		return tool_fail(TOOL_USAGE, NULL,
				 "a value comes from the command line or from a file");
	if (text) {
		len = strnlen(text, sizeof(value));
		memcpy(value, text, len);
	} else {
		err = read_value(tool_arg(args, "FILE"), value, &len);
		if (err)
			return err;
	}
	if (len > VALUE_MAX)
		return tool_fail(TOOL_USAGE, "Store less at once.",
				 "the value has more than %d bytes", VALUE_MAX);
	sodium_bin2hex(hex, sizeof(hex), value, len);
	request_string(request, "value_hex", hex);
	return TOOL_OK;
}

static int take_number(json_t *request, const struct tool_args *args,
		       const char *name)
{
	const char *text = tool_arg(args, name);
	size_t len = text ? strlen(text) : 0;

	if (!text)
		return TOOL_OK;
	if (!len || len > 18 || strspn(text, "0123456789") != len)
		return tool_fail(TOOL_USAGE, "Give a number.",
				 "\"%s\" of \"%s\" is none", text, name);
	json_object_set_new(request, name, json_integer(atoll(text)));
	return TOOL_OK;
}

static int store_request(json_t *request, const struct tool_args *args)
{
	const char *name = tool_arg(args, "name");
	const char *set = tool_arg(args, "set");
	const char *owner = tool_arg(args, "owner");
	const char *grant = tool_arg(args, "grant");
	int err;

	if (name && set)
		return tool_fail(TOOL_USAGE, NULL,
				 "an object is of its own or in a set");
	err = take_number(request, args, "ttl");
	if (!err)
		err = take_number(request, args, "seq");
	if (!err)
		err = take_number(request, args, "until");
	if (!err)
		err = take_value(request, args);
	if (err)
		return err;
	if (name || set)
		request_string(request, "name", name ? name : set);
	if (set)
		json_object_set_new(request, "set", json_true());
	if (owner)
		request_string(request, "authority", owner);
	if (grant)
		request_string(request, "grant", grant);
	return TOOL_OK;
}

int store_run(const struct tool_args *given)
{
	char *words[TOOL_BATCH_WORDS];
	struct tool_args args = { 0 };
	json_t *request, *reply;
	bool keep;
	int err;

	keep = take_flag(given, &args, words, "--keep");
	err = tool_args_parse(&args,
			      "[FILE] [value TEXT] [name NAME] [set NAME] [owner KEY] [grant HEX] [until SEC] [ttl SEC] [seq NUMBER] [node ID]");
	if (err)
		return err;
	request = request_new("store");
	err = store_request(request, &args);
	if (err) {
		json_decref(request);
		return err;
	}
	if (keep)
		json_object_set_new(request, "keep", json_true());
	err = request_node(request, tool_arg(&args, "node"));
	if (err)
		return err;
	err = control_operation(request, &reply);
	if (!err)
		print_result(reply, &done_layout);
	json_decref(reply);
	return err;
}
