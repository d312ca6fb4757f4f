/* SPDX-License-Identifier: GPL-2.0 */
/*
 * JSON that is written at once, for answers that many wait for: a tree of
 * values is built, and walked, for ten times as long.
 */
#ifndef THEMISD_JTEXT_H
#define THEMISD_JTEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diag.h"

/**
 * struct jtext - bytes that grow; zeroed, it is empty
 * @b: the bytes; no zero follows them
 * @len: bytes in @b
 * @size: room in @b
 * @failed: there was no memory for all of it, or a value was none
 */
struct jtext {
	char	*b;
	size_t	len;
	size_t	size;
	bool	failed;
};

/**
 * jtext_add() - append bytes
 * @text: the text
 * @b: the bytes
 * @len: how many
 */
void jtext_add(struct jtext *text, const void *b, size_t len);

/**
 * jtext_text() - append JSON that is written already
 * @text: the text
 * @json: it, with a final zero
 */
void jtext_text(struct jtext *text, const char *json);

/**
 * jtext_number() - append a number
 * @text: the text
 * @number: it; more than INT64_MAX becomes that, which is all that readers take
 */
void jtext_number(struct jtext *text, uint64_t number);

/**
 * jtext_hex() - append bytes as a string of hex digits
 * @text: the text
 * @b: the bytes
 * @len: how many
 */
void jtext_hex(struct jtext *text, const uint8_t *b, size_t len);

/**
 * jtext_json() - append any value
 * @text: the text
 * @value: the value; its reference is taken. NULL: no memory
 */
void jtext_json(struct jtext *text, json_t *value);

/**
 * jtext_free() - forget it
 * @text: the text; empty afterwards
 */
void jtext_free(struct jtext *text);

#endif /* THEMISD_JTEXT_H */
