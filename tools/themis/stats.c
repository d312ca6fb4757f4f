// SPDX-License-Identifier: GPL-2.0
/*
 * themis stats: the kernel's counters.
 */
#include <stdio.h>
#include <string.h>

#include "kernel.h"
#include "print.h"
#include "tool.h"

static const struct print_column columns[] = {
	{ .head = "NAME", .key = "name", .flags = PRINT_BRIEF },
	{ .head = "VALUE", .key = "value", .flags = PRINT_BRIEF | PRINT_RIGHT },
	{ .head = "KIND", .key = "kind" },
	{ .head = "MEANING", .key = "help", .flags = PRINT_STATS },
	{ }
};

static const struct print_layout layout = { .columns = columns };

static unsigned int find_counter(const char *name)
{
	unsigned int i;

	for (i = 1; i < __THEMIS_CNT_MAX; i++)
		if (!strcmp(themis_counter_name(i), name))
			return i;
	return THEMIS_CNT_UNSPEC;
}

static json_t *stats_row(unsigned int counter, uint64_t value)
{
	const char *kind = themis_counter_is_drop(counter) ? "drop" : "traffic";
	const char *name = themis_counter_name(counter);
	const char *help = themis_counter_help(counter);
	json_t *row = print_new();

	print_set_text(row, "name", name, strlen(name));
	print_set_u64(row, "value", value);
	print_set_text(row, "kind", kind, strlen(kind));
	print_set_text(row, "help", help, strlen(help));
	return row;
}

int stats_show(const struct tool_args *args)
{
	uint64_t counters[__THEMIS_CNT_MAX];
	const char *name = tool_arg(args, "NAME");
	unsigned int only = THEMIS_CNT_UNSPEC;
	struct themis_nl *nl;
	unsigned int i;
	json_t *rows;
	int err;

	if (name) {
		only = find_counter(name);
		if (!only)
			return tool_fail(TOOL_USAGE,
					 "\"themis -d stats show\" lists them.",
					 "there is no counter \"%s\"", name);
	}
	err = kernel_open(&nl);
	if (err)
		return err;
	err = themis_nl_stats(nl, counters);
	if (err)
		return kernel_fail(err, "cannot read the counters");
	if (only && !opt.json) {
		printf("%llu\n", (unsigned long long)counters[only]);
		return TOOL_OK;
	}
	rows = print_array();
	for (i = 1; i < __THEMIS_CNT_MAX; i++)
		if (only ? i == only :
		    counters[i] || opt.details || opt.json)
			print_append(rows, stats_row(i, counters[i]));
	print_rows(rows, &layout);
	return TOOL_OK;
}
