// SPDX-License-Identifier: GPL-2.0
/*
 * themis: look at and change what the kernel and the daemon hold.
 *
 * The options, and the way from words to a row of the table.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control.h"
#include "kernel.h"
#include "names.h"
#include <linux/themis.h>

#include "tool.h"

struct tool_options opt;

static char current[64];

const char *tool_current(void)
{
	return current;
}

/* The rows of either table begin with a name; this is all that find() needs. */
static const char *row_name(const void *table, size_t size, size_t i)
{
	return *(const char *const *)((const char *)table + i * size);
}

/*
 * Find @word in a table by its name or an unambiguous beginning of it. Return:
 * the row; -1 if there is none; -2, after having said so, if there are several.
 */
static int find(const char *word, const void *table, size_t size,
		const char *what)
{
	size_t len = strlen(word), used = 0;
	int found = -1, several = 0;
	char list[256] = "";
	const char *name;
	int i;

	for (i = 0; (name = row_name(table, size, i)); i++) {
		if (strncmp(name, word, len))
			continue;
		if (!name[len])
			return i;
		several += found >= 0;
		found = i;
		used += snprintf(list + used, sizeof(list) - used, "%s%s",
				 used ? ", " : "", name);
		if (used >= sizeof(list))
			used = sizeof(list) - 1;
	}
	if (!len)
		return -1;
	if (!several)
		return found;
	tool_fail(TOOL_USAGE, "Write more of it.",
		  "%s \"%s\" is ambiguous: %s", what, word, list);
	return -2;
}

static const struct tool_object *find_object(const char *word)
{
	int i = find(word, tool_table, sizeof(tool_table[0]), "object");

	if (i == -1)
		tool_fail(TOOL_USAGE, NULL, "object \"%s\" is unknown", word);
	return i < 0 ? NULL : &tool_table[i];
}

static const struct tool_command *find_command(const struct tool_object *object,
					       const char *word)
{
	int i = find(word, object->commands, sizeof(object->commands[0]),
		     "command");

	if (i == -1)
		tool_fail(TOOL_USAGE, NULL,
			  "command \"%s\" is unknown, object \"%s\" has none such",
			  word, object->name);
	return i < 0 ? NULL : &object->commands[i];
}

static void print_command(const struct tool_object *object,
			  const struct tool_command *command)
{
	printf("  themis %s%s%s%s%s\n        %s\n", object->name,
	       *command->name ? " " : "", command->name,
	       *command->args ? " " : "", command->args, command->help);
}

static void print_object(const struct tool_object *object)
{
	const struct tool_command *command;

	printf("themis %s: %s\n\n", object->name, object->help);
	for (command = object->commands; command->name; command++)
		print_command(object, command);
}

void tool_usage(void)
{
	const struct tool_object *object;

	printf("Usage: themis [ OPTIONS ] OBJECT { COMMAND | help }\n"
	       "       themis [ -force ] -batch FILE\n"
	       "\n"
	       "OBJECT, no COMMAND means show; both may be shortened:\n");
	for (object = tool_table; object->name; object++)
		printf("  %-9s %s\n", object->name, object->help);
	printf("\n"
	       "OPTIONS:\n"
	       "  -j[son] -p[retty]        print JSON, indented\n"
	       "  -s[tatistics]            more numbers\n"
	       "  -d[etails]               everything, ids in full\n"
	       "  -br[ief]                 little, no heading\n"
	       "  -o[neline]               one line for each row, no heading\n"
	       "  -t[imestamp]             the time in front of each event\n"
	       "  -c[olor][=always|auto|never]\n"
	       "  -n[etns] NAME            work in this network namespace\n"
	       "  -C PATH, --control PATH  the daemon's control socket\n"
	       "  -b[atch] FILE -f[orce]   commands from a file, - is stdin\n"
	       "  -V[ersion] -h[elp]\n"
	       "\n"
	       "Exit status: 0 done, 1 usage, 2 refused by the kernel or the daemon,\n"
	       "3 the daemon does not answer, 4 a check has failed.\n"
	       "More: \"themis help OBJECT\", themis(8).\n");
}

/* For the shell's completion: object, command and usage line, tabs between. */
static void print_table_words(void)
{
	const struct tool_command *command;
	const struct tool_object *object;

	for (object = tool_table; object->name; object++)
		for (command = object->commands; command->name; command++)
			printf("%s\t%s\t%s\n", object->name, command->name,
			       command->args);
}

static int help_words(int argc, char **argv)
{
	const struct tool_command *command;
	const struct tool_object *object;

	if (!argc) {
		tool_usage();
		return TOOL_OK;
	}
	if (argc == 1 && !strcmp(argv[0], "table")) {
		print_table_words();
		return TOOL_OK;
	}
	object = find_object(argv[0]);
	if (!object)
		return TOOL_USAGE;
	if (argc == 1) {
		print_object(object);
		return TOOL_OK;
	}
	command = find_command(object, argv[1]);
	if (!command)
		return TOOL_USAGE;
	print_command(object, command);
	return TOOL_OK;
}

int help_run(const struct tool_args *args)
{
	return help_words(args->argc, args->argv);
}

static bool is_help(const char *word)
{
	return !strcmp(word, "help") || !strcmp(word, "-h") ||
	       !strcmp(word, "-help") || !strcmp(word, "--help");
}

static int run_command(const struct tool_object *object,
		       const struct tool_command *command, int argc,
		       char **argv)
{
	struct tool_args args = { .argc = argc, .argv = argv };
	int err;

	snprintf(current, sizeof(current), "%s%s%s", object->name,
		 *command->name ? " " : "", command->name);
	if (argc && is_help(argv[0])) {
		print_command(object, command);
		err = TOOL_OK;
	} else {
		err = command->raw ? TOOL_OK :
		      tool_args_parse(&args, command->args);
		if (!err)
			err = command->run(&args);
	}
	*current = '\0';
	return err;
}

int tool_run(int argc, char **argv)
{
	const struct tool_command *command;
	const struct tool_object *object;
	char show[] = "show", *show_argv[] = { show };

	object = find_object(argv[0]);
	if (!object)
		return TOOL_USAGE;
	argc--;
	argv++;
	if (!*object->commands->name)
		return run_command(object, object->commands, argc, argv);
	if (argc && is_help(argv[0])) {
		print_object(object);
		return TOOL_OK;
	}
	if (!argc) {
		argc = 1;
		argv = show_argv;
	}
	snprintf(current, sizeof(current), "%s", object->name);
	command = find_command(object, argv[0]);
	*current = '\0';
	if (!command)
		return TOOL_USAGE;
	return run_command(object, command, argc - 1, argv + 1);
}

/* Is @word the option @name, written with at least @least letters? */
static bool is_option(const char *word, const char *name, size_t least)
{
	size_t len = strlen(word);

	return len >= least && !strncmp(name, word, len);
}

static int set_color(const char *when)
{
	const char *no_color = getenv("NO_COLOR");

	if (!strcmp(when, "always"))
		opt.color = true;
	else if (!strcmp(when, "never"))
		opt.color = false;
	else if (!strcmp(when, "auto"))
		opt.color = isatty(STDOUT_FILENO) &&
			    !(no_color && *no_color);
	else
		return tool_fail(TOOL_USAGE, "Use always, auto or never.",
				 "\"%s\" does not say when to use colour",
				 when);
	return TOOL_OK;
}

/* Options that take the next word. */
static const char **option_value(const char *word)
{
	if (is_option(word, "netns", 1))
		return &opt.netns;
	if (is_option(word, "batch", 1))
		return &opt.batch;
	if (!strcmp(word, "C") || is_option(word, "control", 3))
		return &opt.control;
	return NULL;
}

/* Options that are a switch. */
static bool *option_switch(const char *word)
{
	if (is_option(word, "json", 1))
		return &opt.json;
	if (is_option(word, "pretty", 1))
		return &opt.pretty;
	if (is_option(word, "stats", 1) || is_option(word, "statistics", 1))
		return &opt.stats;
	if (is_option(word, "details", 1))
		return &opt.details;
	if (is_option(word, "brief", 2))
		return &opt.brief;
	if (is_option(word, "oneline", 1))
		return &opt.oneline;
	if (is_option(word, "timestamp", 1))
		return &opt.timestamp;
	if (is_option(word, "force", 1))
		return &opt.force;
	return NULL;
}

/*
 * Take the options off the front of @argv. Return: how many words they were;
 * -1 if all has been done already; -2 after an error.
 */
static int parse_options(int argc, char **argv)
{
	const char **value;
	bool *flag;
	int at;

	for (at = 1; at < argc && *argv[at] == '-'; at++) {
		const char *word = argv[at] + 1;
		size_t name_len;

		word += *word == '-';
		if (!*word)
			return argv[at][1] ? at + 1 : at;
		flag = option_switch(word);
		value = option_value(word);
		name_len = strcspn(word, "=");
		if (flag) {
			*flag = true;
		} else if (value) {
			if (++at == argc)
				return tool_fail(-2, NULL,
						 "option \"%s\" needs a value",
						 argv[at - 1]);
			*value = argv[at];
		} else if (name_len && !strncmp("color", word, name_len)) {
			if (set_color(word[name_len] ? word + name_len + 1 :
						       "always"))
				return -2;
		} else if (is_option(word, "Version", 1)) {
			puts("themis " THEMIS_VERSION);
			return -1;
		} else if (is_option(word, "help", 1)) {
			tool_usage();
			return -1;
		} else {
			return tool_fail(-2, NULL, "option \"%s\" is unknown",
					 argv[at]);
		}
	}
	return at;
}

int main(int argc, char **argv)
{
	int at, err = TOOL_OK;

	set_color("auto");
	opt.control = control_default_path();
	at = parse_options(argc, argv);
	if (at == -2)
		return TOOL_USAGE;
	if (at != -1) {
		if (opt.netns)
			err = tool_netns(opt.netns);
		if (err)
			return err;
		if (opt.batch && at < argc)
			err = tool_fail(TOOL_USAGE, NULL,
					"\"%s\" follows -batch FILE", argv[at]);
		else if (opt.batch)
			err = tool_batch(opt.batch);
		else if (at < argc)
			err = tool_run(argc - at, argv + at);
		else
			err = tool_fail(TOOL_USAGE, NULL,
					"there is nothing to do");
	}
	control_close();
	kernel_close();
	names_free();
	if ((fflush(stdout) || ferror(stdout)) && !err)
		err = tool_fail(TOOL_USAGE, "Look at where it goes.",
				"cannot write the output: %s", strerror(errno));
	return err;
}
