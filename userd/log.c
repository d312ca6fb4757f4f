// SPDX-License-Identifier: GPL-2.0
/*
 * The journal: lines on standard error.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

/* Lines per second that may go on, and lines at once. */
#define RATE		20
#define BURST		200

/* Takes entries as datagrams of lines "NAME=value". */
#define JOURNAL		"/run/systemd/journal/socket"

static struct {
	enum log_level	max;
	bool		systemd;
	int		journal;
	uint64_t	tokens;
	uint64_t	stamp_ms;
	unsigned long	suppressed;
} log_state = { .max = LOG_LEVEL_INFO, .journal = -1, .tokens = BURST };

/* The numbers of syslog. */
static const char number[] = { '3', '4', '6', '7' };

/* Whether the journal is what standard error goes to, and not what it was. */
static bool to_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char is[64];
	struct stat st;

	if (!stream || fstat(STDERR_FILENO, &st))
		return false;
	snprintf(is, sizeof(is), "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
	return !strcmp(stream, is);
}

static int open_journal(void)
{
	const struct sockaddr_un sun = {
		.sun_family = AF_UNIX,
		.sun_path = JOURNAL,
	};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && connect(fd, (const struct sockaddr *)&sun,
			       sizeof(sun))) {
		close(fd);
		return -1;
	}
	return fd;
}

void log_init(enum log_level max)
{
	log_state.max = max;
	log_state.systemd = to_journal();
	if (log_state.systemd)
		log_state.journal = open_journal();
}

/* Returns whether the journal has taken it. */
static bool emit_fields(enum log_level level, const struct log_field *fields,
			const char *text)
{
	char entry[4096];
	size_t len;

	if (log_state.journal < 0)
		return false;
	len = (size_t)snprintf(entry, sizeof(entry),
			       "MESSAGE=%s\nPRIORITY=%c\nSYSLOG_IDENTIFIER=themisd\n",
			       text, number[level]);
	for (; fields->name && len < sizeof(entry); fields++)
		len += (size_t)snprintf(entry + len, sizeof(entry) - len,
					"%s=%s\n", fields->name,
					fields->value);
	return len < sizeof(entry) &&
	       send(log_state.journal, entry, len, MSG_NOSIGNAL) >= 0;
}

static void emit(enum log_level level, const char *text)
{
	if (log_state.systemd)
		fprintf(stderr, "<%c>%s\n", number[level], text);
	else
		fprintf(stderr, "themisd: %s\n", text);
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* Whether there is room for a line; errors always have room. */
static bool admit(enum log_level level)
{
	uint64_t now, gained;
	char line[64];

	if (level == LOG_LEVEL_ERROR)
		return true;
	now = now_ms();
	gained = (now - log_state.stamp_ms) * RATE / 1000;
	if (gained) {
		log_state.tokens += gained;
		if (log_state.tokens > BURST)
			log_state.tokens = BURST;
		log_state.stamp_ms = now;
	}
	if (!log_state.tokens) {
		log_state.suppressed++;
		return false;
	}
	log_state.tokens--;
	if (log_state.suppressed) {
		snprintf(line, sizeof(line), "%lu lines suppressed",
			 log_state.suppressed);
		log_state.suppressed = 0;
		emit(LOG_LEVEL_WARN, line);
	}
	return true;
}

bool log_within(struct log_limit *limit, const char *what)
{
	uint64_t now = now_ms();

	if (!limit->since_ms ||
	    now - limit->since_ms >= limit->seconds * 1000ULL) {
		if (limit->left_out)
			log_info("%lu more %s", limit->left_out, what);
		limit->since_ms = now;
		limit->said = 0;
		limit->left_out = 0;
	}
	if (limit->said < limit->lines) {
		limit->said++;
		return true;
	}
	limit->left_out++;
	return false;
}

static void format(char *line, size_t size, const char *fmt, va_list ap)
{
	char *c;

	vsnprintf(line, size, fmt, ap);
	for (c = line; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
}

void log_at(enum log_level level, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	if (level > log_state.max || !admit(level))
		return;
	va_start(ap, fmt);
	format(line, sizeof(line), fmt, ap);
	va_end(ap);
	emit(level, line);
}

void log_fields(enum log_level level, const struct log_field *fields,
		const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	if (level > log_state.max || !admit(level))
		return;
	va_start(ap, fmt);
	format(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (!emit_fields(level, fields, line))
		emit(level, line);
}

void log_diag(enum log_level level, const struct themis_diag *diag)
{
	log_at(level, "%s: %s.%s%s",
	       level == LOG_LEVEL_ERROR ? "Error" : "Warning", diag->what,
	       diag->next[0] ? " " : "", diag->next);
}
