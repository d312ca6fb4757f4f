/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The journal: lines on standard error.
 *
 * Never secrets, one line each, and a bounded number of them: what peers and
 * clients can bring about must not fill a disk.
 */
#ifndef THEMISD_LOG_H
#define THEMISD_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "diag.h"

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

/**
 * log_init() - choose what is said
 * @max: the least important level that still is
 *
 * Where standard error is systemd's journal, lines begin with "<3>" and the
 * like, and log_fields() writes to the journal's own socket.
 */
void log_init(enum log_level max);

/**
 * log_at() - say something
 * @level: how important it is; LOG_LEVEL_ERROR is never suppressed
 * @fmt: printf format, without a newline. Control characters are replaced
 */
__printf(2, 3)
void log_at(enum log_level level, const char *fmt, ...);

/**
 * struct log_limit - bounds what is said of one thing
 * @lines: how many
 * @seconds: in how long a time
 * @said: in the time that runs
 * @left_out: in the time that runs
 * @since_ms: when it began
 */
struct log_limit {
	unsigned int	lines;
	unsigned int	seconds;
	unsigned int	said;
	unsigned long	left_out;
	uint64_t	since_ms;
};

/**
 * log_within() - whether there is something to be said of a thing now
 * @limit: with @lines and @seconds set
 * @what: the thing, in the plural: of what was left out is told in its time
 *
 * Return: true if so, and then it counts as said.
 */
bool log_within(struct log_limit *limit, const char *what);

/**
 * struct log_field - something that the journal can be searched by
 * @name: capital letters, digits and underscores
 * @value: text without control characters
 */
struct log_field {
	const char	*name;
	const char	*value;
};

/**
 * log_fields() - say something, with fields where systemd's journal listens
 * @level: how important it is
 * @fields: ends with an entry without a name
 * @fmt: printf format, as in log_at()
 */
__printf(3, 4)
void log_fields(enum log_level level, const struct log_field *fields,
		const char *fmt, ...);

#define log_error(...)	log_at(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)	log_at(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)	log_at(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)	log_at(LOG_LEVEL_DEBUG, __VA_ARGS__)

/**
 * log_diag() - say "Error: <what>. <next step>"
 * @level: how important it is
 * @diag: filled in
 */
void log_diag(enum log_level level, const struct themis_diag *diag);

#endif /* THEMISD_LOG_H */
