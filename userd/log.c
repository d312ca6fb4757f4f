// SPDX-License-Identifier: GPL-2.0
/*
 * The journal: lines on standard error.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

/* Lines per second that may go on, and lines at once. */
#define RATE		20
#define BURST		200

static struct {
	enum log_level	max;
	bool		systemd;
	uint64_t	tokens;
	uint64_t	stamp_ms;
	unsigned long	suppressed;
} log_state = { .max = LOG_LEVEL_INFO, .tokens = BURST };

void log_init(enum log_level max)
{
	log_state.max = max;
	log_state.systemd = getenv("JOURNAL_STREAM") && !isatty(STDERR_FILENO);
}

static void emit(enum log_level level, const char *text)
{
	/* The numbers of syslog. */
	static const char number[] = { '3', '4', '6', '7' };

	if (log_state.systemd)
		fprintf(stderr, "<%c>%s\n", number[level], text);
	else
		fprintf(stderr, "themisd: %s\n", text);
}

/* Whether there is room for a line; errors always have room. */
static bool admit(enum log_level level)
{
	uint64_t now, gained;
	struct timespec ts;
	char line[64];

	if (level == LOG_LEVEL_ERROR)
		return true;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
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

void log_at(enum log_level level, const char *fmt, ...)
{
	char line[1024], *c;
	va_list ap;

	if (level > log_state.max || !admit(level))
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	for (c = line; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	emit(level, line);
}

void log_diag(enum log_level level, const struct themis_diag *diag)
{
	log_at(level, "%s: %s.%s%s",
	       level == LOG_LEVEL_ERROR ? "Error" : "Warning", diag->what,
	       diag->next[0] ? " " : "", diag->next);
}
