// SPDX-License-Identifier: GPL-2.0
/*
 * themis link: UDP ports of the kernel.
 */
#include <errno.h>

#include "kernel.h"
#include "print.h"
#include "tool.h"

static const struct print_column columns[] = {
	{ .head = "PORT", .key = "port", .flags = PRINT_BRIEF },
	{ .head = "NODES", .key = "nodes", .flags = PRINT_BRIEF },
	{ }
};

static const struct print_layout layout = { .columns = columns };

/* Return: TOOL_OK, or another status after having said why. */
static int link_change(const struct tool_args *args, const char *verb,
		       int (*change)(struct themis_nl *nl, uint16_t port))
{
	struct themis_nl *nl;
	uint16_t port;
	int err;

	err = kernel_port(tool_arg(args, "port"), &port);
	if (err)
		return err;
	err = kernel_open(&nl);
	if (err)
		return err;
	err = change(nl, port);
	if (err)
		return kernel_fail(err, "cannot %s link %u", verb, port);
	return TOOL_OK;
}

int link_add(const struct tool_args *args)
{
	return link_change(args, "add", themis_nl_link_new);
}

int link_del(const struct tool_args *args)
{
	return link_change(args, "remove", themis_nl_link_del);
}

static int link_row(void *ctx, const struct themis_nl_link *link)
{
	json_t *row = print_new();

	print_set_u64(row, "port", link->port);
	print_set_u64(row, "nodes", link->nodes);
	print_append(ctx, row);
	return 0;
}

int link_show(const struct tool_args *args)
{
	const char *word = tool_arg(args, "port");
	struct themis_nl_link link;
	struct themis_nl *nl;
	uint16_t port = 0;
	json_t *rows;
	int err;

	if (word) {
		err = kernel_port(word, &port);
		if (err)
			return err;
	}
	err = kernel_open(&nl);
	if (err)
		return err;
	rows = print_array();
	if (word)
		err = themis_nl_link_get(nl, port, &link);
	else
		err = themis_nl_link_dump(nl, link_row, rows);
	if (err) {
		json_decref(rows);
		if (word)
			return kernel_fail(err, "cannot show link %u", port);
		return kernel_fail(err, "cannot list the links");
	}
	if (word)
		link_row(rows, &link);
	print_rows(rows, &layout);
	return TOOL_OK;
}
