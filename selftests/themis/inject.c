// SPDX-License-Identifier: GPL-2.0
/* Failing allocations and copies from user space on demand. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/types.h>

#include "inject.h"

#define TIMES	1000000

static const char *const capabilities[] = {
	"failslab", "fail_page_alloc", "fail_usercopy", NULL
};

static int write_file(const char *path, const char *text)
{
	int err = 0;
	int fd;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

static long read_number(const char *path)
{
	char text[32] = "";
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return strtol(text, NULL, 10);
}

static void attribute(char *path, size_t len, const char *capability,
		      const char *name)
{
	snprintf(path, len, "/sys/kernel/debug/%s/%s", capability, name);
}

/* Sets an attribute of every capability that has it. */
static int set(const char *name, const char *text)
{
	char path[128];
	int err;

	for (int i = 0; capabilities[i]; i++) {
		attribute(path, sizeof(path), capabilities[i], name);
		err = write_file(path, text);
		if (err && err != -ENOENT)
			return err;
	}
	return 0;
}

bool inject_possible(void)
{
	return !access("/sys/kernel/debug/failslab/require-start", W_OK) &&
	       !access("/proc/thread-self/fail-nth", W_OK);
}

bool inject_excuses(int err)
{
	/* A socket is a file, too. */
	return err == -ENOMEM || err == -ENOBUFS || err == -EFAULT ||
	       err == -EAGAIN || err == -ENFILE;
}

static int set_address(const char *name, __u64 at)
{
	char text[32];

	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)at);
	return set(name, text);
}

static int confine(__u64 start, __u64 end)
{
	int err;

	if (!start || end <= start)
		return -ENOENT;
	err = set_address("require-start", start);
	if (!err)
		err = set_address("require-end", end);
	if (!err)
		err = set("stacktrace-depth", "32");
	/* Sleeping allocations as well, and single pages. */
	if (!err)
		err = set("ignore-gfp-wait", "N");
	if (!err)
		err = set("min-order", "0");
	if (!err)
		err = set("verbose", "0");
	return err;
}

/*
 * Calls @fn for each function in kallsyms with its address, its name and
 * whether it is the module's.
 */
static int symbols(void (*fn)(void *arg, __u64 at, const char *name,
			      bool ours), void *arg)
{
	char line[512], name[256], module[64], type;
	unsigned long long at;
	FILE *file;
	int n;

	file = fopen("/proc/kallsyms", "re");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		module[0] = '\0';
		n = sscanf(line, "%llx %c %255s %63s", &at, &type, name,
			   module);
		if (n >= 3 && (type == 't' || type == 'T'))
			fn(arg, at, name, !strcmp(module, "[themis]"));
	}
	fclose(file);
	return 0;
}

struct range {
	const char	*symbol;
	__u64	start;
	__u64	end;
};

static void span_module(void *arg, __u64 at, const char *name, bool ours)
{
	struct range *range = arg;

	if (!ours)
		return;
	if (!range->start || at < range->start)
		range->start = at;
	if (at > range->end)
		range->end = at;
}

int inject_below_module(void)
{
	struct range range = {};
	int err;

	err = symbols(span_module, &range);
	/* The last function's length is not told; nothing else comes soon. */
	return err ? err : confine(range.start, range.end + 64);
}

static void find_start(void *arg, __u64 at, const char *name, bool ours)
{
	struct range *range = arg;

	if (!strcmp(name, range->symbol))
		range->start = at;
}

static void find_end(void *arg, __u64 at, const char *name, bool ours)
{
	struct range *range = arg;

	if (at > range->start && (!range->end || at < range->end))
		range->end = at;
}

static int find(struct range *range)
{
	int err;

	err = symbols(find_start, range);
	if (!err && !range->start)
		err = -ENOENT;
	return err ? err : symbols(find_end, range);
}

int inject_below(const char *symbol)
{
	/* The kernel prints a trace of its own when this one fails. */
	struct range loud = { .symbol = "__kmem_cache_create_args" };
	struct range range = { .symbol = symbol };
	int err;

	err = find(&range);
	if (!err)
		err = confine(range.start, range.end);
	if (!err)
		err = find(&loud);
	if (!err)
		err = set_address("reject-start", loud.start);
	if (!err)
		err = set_address("reject-end", loud.end);
	return err;
}

int inject_nth(unsigned int n)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", n);
	return write_file("/proc/thread-self/fail-nth", text);
}

bool inject_end(void)
{
	long left = read_number("/proc/thread-self/fail-nth");

	write_file("/proc/thread-self/fail-nth", "0");
	return !left;
}

int inject_percent(unsigned int percent)
{
	char text[16];
	int err;

	snprintf(text, sizeof(text), "%d", TIMES);
	err = set("times", text);
	if (err)
		return err;
	snprintf(text, sizeof(text), "%u", percent);
	return set("probability", text);
}

int inject_count(void)
{
	char path[128];
	int count = 0;
	long left;

	for (int i = 0; capabilities[i]; i++) {
		attribute(path, sizeof(path), capabilities[i], "times");
		left = read_number(path);
		if (left < 0)
			return left;
		count += TIMES - left;
	}
	return count;
}
