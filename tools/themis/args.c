// SPDX-License-Identifier: GPL-2.0
/*
 * The arguments of a command, sorted by its usage line, and the one form that
 * every error has.
 */
#include <assert.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tool.h"

/* One argument, as a usage line has it. */
struct spec {
	bool	keyword;
	bool	required;
};

/* One line, whatever words of users, files or the daemon are in it. */
static void say(const char *kind, const char *next, const char *what)
{
	char line[2048];
	size_t i;

	snprintf(line, sizeof(line), "%s: %s.%s%s", kind, what,
		 *next ? " " : "", next);
	for (i = 0; line[i]; i++)
		if (iscntrl((unsigned char)line[i]))
			line[i] = ' ';
	/* What came before must not be overtaken in a log of both streams. */
	fflush(stdout);
	fprintf(stderr, "%s\n", line);
}

int tool_fail(int status, const char *next, const char *fmt, ...)
{
	const char *current = tool_current();
	char what[1024], help[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (!next) {
		snprintf(help, sizeof(help), "Try \"themis help%s%s\".",
			 *current ? " " : "", current);
		next = help;
	}
	say("Error", next, what);
	return status;
}

int tool_fail_diag(int status, const struct themis_diag *diag)
{
	say("Error", diag->next, diag->what);
	return status;
}

void tool_warn(const char *fmt, ...)
{
	char what[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	say("Warning", "", what);
}

/*
 * The next word of @usage, or false at its end. @required becomes false where
 * a bracket opens and true where it closes.
 */
static bool next_word(const char **usage, char *word, size_t len,
		      bool *required)
{
	size_t n;

	for (; **usage && strchr(" []", **usage); ++*usage)
		if (**usage != ' ')
			*required = **usage == ']';
	n = strcspn(*usage, " []");
	if (!n)
		return false;
	assert(n < len);
	memcpy(word, *usage, n);
	word[n] = '\0';
	*usage += n;
	return true;
}

static void read_usage(struct tool_args *args, struct spec *spec,
		       const char *usage)
{
	bool required = true;
	char word[24];

	args->n = 0;
	while (next_word(&usage, word, sizeof(word), &required)) {
		assert(args->n < TOOL_ARGS_MAX);
		spec[args->n].required = required;
		spec[args->n].keyword = islower((unsigned char)*word);
		memcpy(args->name[args->n], word, sizeof(word));
		args->value[args->n] = NULL;
		if (spec[args->n].keyword)
			next_word(&usage, word, sizeof(word), &required);
		args->n++;
	}
}

/* Where @word goes: the keyword of that name, else the next free place. */
static int find_place(const struct tool_args *args, const struct spec *spec,
		      const char *word)
{
	unsigned int i;

	for (i = 0; i < args->n; i++)
		if (spec[i].keyword && !strcmp(args->name[i], word))
			return i;
	for (i = 0; i < args->n; i++)
		if (!spec[i].keyword && !args->value[i])
			return i;
	return -1;
}

int tool_args_parse(struct tool_args *args, const char *usage)
{
	struct spec spec[TOOL_ARGS_MAX];
	unsigned int i;
	int at, place;

	read_usage(args, spec, usage);
	for (at = 0; at < args->argc; at++) {
		const char *word = args->argv[at];

		place = find_place(args, spec, word);
		if (place < 0 && *word == '-')
			return tool_fail(TOOL_USAGE,
					 "Options stand before OBJECT; try \"themis help\".",
					 "\"%s\" is not an argument of \"%s\"",
					 word, tool_current());
		if (place < 0)
			return tool_fail(TOOL_USAGE, NULL,
					 "\"%s\" is not an argument of \"%s\"",
					 word, tool_current());
		if (args->value[place])
			return tool_fail(TOOL_USAGE, NULL,
					 "\"%s\" is given twice", word);
		if (spec[place].keyword && ++at == args->argc)
			return tool_fail(TOOL_USAGE, NULL,
					 "\"%s\" needs a value", word);
		args->value[place] = args->argv[at];
	}
	for (i = 0; i < args->n; i++)
		if (spec[i].required && !args->value[i])
			return tool_fail(TOOL_USAGE, NULL,
					 "\"%s\" needs %s%s", tool_current(),
					 spec[i].keyword ? "the keyword " : "",
					 args->name[i]);
	return TOOL_OK;
}

const char *tool_arg(const struct tool_args *args, const char *name)
{
	unsigned int i;

	for (i = 0; i < args->n; i++)
		if (!strcmp(args->name[i], name))
			return args->value[i];
	assert(!"an argument that the usage line does not name");
	return NULL;
}
