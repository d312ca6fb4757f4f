/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names and abbreviations of ids: from the file of names, from the daemon, and
 * from what the kernel holds.
 */
#ifndef THEMIS_TOOL_NAMES_H
#define THEMIS_TOOL_NAMES_H

#include <stdbool.h>

#include "id.h"

#define NAMES_PATH	"/etc/themis/names"
#define NAMES_FILE_MAX	4096	/* names in that file */
#define NAME_MAX_LEN	63	/* bytes in a name */
#define NAMES_SHORT	12	/* digits of an id where there is little room */
#define NAMES_PREFIX	4	/* digits that stand for an id at least */

#define NAMES_NODE	0x01	/* ours */
#define NAMES_PEER	0x02	/* others' */

/**
 * names_load() - read the names now, while the daemon can be asked
 */
void names_load(void);

/**
 * names_of() - the name of an id
 * @id: the id
 *
 * Return: its name, or NULL.
 */
const char *names_of(const struct themis_id *id);

/**
 * names_resolve() - the id that a word stands for
 * @word: 64 hexadecimal digits; a name; or the first digits of an id that is
 *	known, NAMES_PREFIX or more, if no other begins so
 * @kinds: NAMES_NODE and NAMES_PEER, whose names and digits count
 * @id: result
 *
 * Return: TOOL_OK, or TOOL_USAGE after having said why.
 */
int names_resolve(const char *word, unsigned int kinds, struct themis_id *id);

/**
 * names_valid() - whether a word can be a name
 * @name: the word
 *
 * Names are shown on terminals and stand between blanks in files: they are of
 * letters, digits and . _ - @ /, do not begin with -, and have at most
 * NAME_MAX_LEN bytes.
 *
 * Return: true if it can.
 */
bool names_valid(const char *name);

/**
 * names_free() - forget what was read
 */
void names_free(void);

#endif /* THEMIS_TOOL_NAMES_H */
