// SPDX-License-Identifier: GPL-2.0
/*
 * Commands from a file, and the network namespace that they run in.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "names.h"
#include "tool.h"

/* Bytes in a line of a batch, with all lines that it goes on in. */
#define BATCH_LINE_MAX	65536

int tool_netns(const char *name)
{
	char path[4096];
	int fd, err;

	if (snprintf(path, sizeof(path), "%s%s",
		     strchr(name, '/') ? "" : "/run/netns/",
		     name) >= (int)sizeof(path))
		return tool_fail(TOOL_USAGE, "Give a shorter path.",
				 "the name of the network namespace is too long");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return tool_fail(TOOL_USAGE,
				 "See \"ip netns list\" for those there are.",
				 "there is no network namespace \"%s\"", name);
	if (fd < 0)
		return tool_fail(TOOL_KERNEL, "Run as root.",
				 "cannot open network namespace \"%s\": %s",
				 name, strerror(errno));
	err = setns(fd, CLONE_NEWNET) ? errno : 0;
	close(fd);
	if (err == EINVAL)
		return tool_fail(TOOL_USAGE,
				 "See \"ip netns list\" for those there are.",
				 "\"%s\" is not a network namespace", name);
	if (err)
		return tool_fail(TOOL_KERNEL, "Run as root.",
				 "cannot enter network namespace \"%s\": %s",
				 name, strerror(err));
	return TOOL_OK;
}

/*
 * Read a line and those that it goes on in, without line ends. @lines grows by
 * the number read. Return: its length, -1 at the end of the file, -2 if it is
 * too long.
 */
static int read_line(FILE *file, char *line, unsigned int *lines)
{
	size_t len = 0;
	int c;

	for (;;) {
		c = getc(file);
		if (c == EOF && !len)
			return -1;
		if (c == '\n' || c == EOF)
			++*lines;
		if (c == '\n' && len && line[len - 1] == '\\') {
			len--;
			continue;
		}
		if (c == '\n' || c == EOF)
			break;
		if (len == BATCH_LINE_MAX - 1)
			return -2;
		line[len++] = c;
	}
	line[len] = '\0';
	return len;
}

/*
 * Cut @line into words, in place. Return: their number; -1: too many; -2: a
 * quote is not closed.
 */
static int split(char *line, char **words)
{
	char *out = line, quote;
	int n = 0;

	for (;;) {
		line += strspn(line, " \t\r");
		if (!*line || *line == '#')
			return n;
		if (n == TOOL_BATCH_WORDS)
			return -1;
		words[n++] = out;
		while (*line && !strchr(" \t\r", *line)) {
			if (*line != '"' && *line != '\'') {
				*out++ = *line++;
				continue;
			}
			quote = *line++;
			while (*line && *line != quote)
				*out++ = *line++;
			if (!*line++)
				return -2;
		}
		/* @out may be where @line is: step on before cutting there. */
		if (*line)
			line++;
		*out++ = '\0';
	}
}

static int run_line(char *line, int len)
{
	char *words[TOOL_BATCH_WORDS];
	int n;

	if (len == -2)
		return tool_fail(TOOL_USAGE, "Make several of it.",
				 "a line is longer than %d bytes",
				 BATCH_LINE_MAX - 1);
	if (strlen(line) != (size_t)len)
		return tool_fail(TOOL_USAGE, "Give a text file.",
				 "a line holds a zero byte");
	n = split(line, words);
	if (n == -1)
		return tool_fail(TOOL_USAGE, NULL,
				 "a line has more than %d words",
				 TOOL_BATCH_WORDS);
	if (n == -2)
		return tool_fail(TOOL_USAGE, "Close it on the same line.",
				 "a quote is open at the end of a line");
	return n ? tool_run(n, words) : TOOL_OK;
}

int tool_batch(const char *path)
{
	bool is_stdin = !strcmp(path, "-");
	FILE *file = is_stdin ? stdin : fopen(path, "re");
	int len, err, ret = TOOL_OK;
	unsigned int lines = 0;
	char *line;

	if (!file)
		return tool_fail(TOOL_USAGE, "Give a file with commands.",
				 "cannot open %s: %s", path, strerror(errno));
	line = malloc(BATCH_LINE_MAX);
	if (!line)
		abort();
	while ((len = read_line(file, line, &lines)) != -1) {
		err = run_line(line, len);
		/* A line may have changed what there is to be named. */
		names_free();
		fflush(stdout);
		if (err) {
			fprintf(stderr, "Command failed %s:%u\n", path,
				len == -2 ? lines + 1 : lines);
			if (!ret)
				ret = err;
		}
		/* Where a line that is too long goes on nobody knows. */
		if (err && (!opt.force || len == -2))
			break;
	}
	if (!ret && ferror(file))
		ret = tool_fail(TOOL_USAGE, "Give a file with commands.",
				"cannot read %s: %s", path, strerror(errno));
	free(line);
	if (!is_stdin)
		fclose(file);
	return ret;
}
