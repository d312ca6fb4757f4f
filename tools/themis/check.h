/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of "themis check" share.
 */
#ifndef THEMIS_TOOL_CHECK_H
#define THEMIS_TOOL_CHECK_H

#include <jansson.h>
#include <stdbool.h>

#include "nl.h"

/**
 * struct check - one run
 * @rows: what was found so far
 * @failed: some of it is not as it should be
 */
struct check {
	json_t	*rows;
	bool	failed;
};

/**
 * check_row() - say what was found
 * @check: the run
 * @name: what was looked at
 * @next: NULL if all is well, else the next step
 * @fmt: printf format
 */
void check_row(struct check *check, const char *name, const char *next,
	       const char *fmt, ...) __printf(4, 5);

/**
 * check_text() - a member of what the daemon has said
 * @object: what it has said
 * @key: the member
 *
 * Return: its text, "" if it is none.
 */
const char *check_text(const json_t *object, const char *key);

/**
 * check_peer() - look at one peer
 * @check: the run
 * @nl: the kernel, or NULL
 * @peer: a row of the daemon's peer-list
 * @named: the user has asked for this one: look at everything, and try an
 *	agreement if there is no session
 */
void check_peer(struct check *check, struct themis_nl *nl, const json_t *peer,
		bool named);

#endif /* THEMIS_TOOL_CHECK_H */
