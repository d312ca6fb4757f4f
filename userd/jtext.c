// SPDX-License-Identifier: GPL-2.0
/*
 * JSON that is written at once.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jtext.h"

#define LEAST	1024		/* bytes of room, to begin with */

/* Room for so many more bytes; NULL: there is none. */
static char *room(struct jtext *text, size_t len)
{
	size_t size = text->size ? text->size : LEAST;
	char *b;

	if (text->failed)
		return NULL;
	while (size - text->len < len)
		size *= 2;
	if (size != text->size) {
		b = realloc(text->b, size);
		if (!b) {
			text->failed = true;
			return NULL;
		}
		text->b = b;
		text->size = size;
	}
	return text->b + text->len;
}

void jtext_add(struct jtext *text, const void *b, size_t len)
{
	char *at = room(text, len);

	if (!at)
		return;
	memcpy(at, b, len);
	text->len += len;
}

void jtext_printf(struct jtext *text, const char *format, ...)
{
	char *at = room(text, JTEXT_PRINTF_MAX);
	va_list args;
	int len;

	if (!at)
		return;
	va_start(args, format);
	len = vsnprintf(at, JTEXT_PRINTF_MAX, format, args);
	va_end(args);
	if (len < 0 || len >= JTEXT_PRINTF_MAX)
		text->failed = true;
	else
		text->len += (size_t)len;
}

void jtext_hex(struct jtext *text, const uint8_t *b, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	char *at = room(text, 2 * len + 2);
	size_t i;

	if (!at)
		return;
	*at++ = '"';
	for (i = 0; i < len; i++) {
		*at++ = digits[b[i] >> 4];
		*at++ = digits[b[i] & 15];
	}
	*at = '"';
	text->len += 2 * len + 2;
}

static int add_part(const char *b, size_t len, void *data)
{
	struct jtext *text = data;

	jtext_add(text, b, len);
	return text->failed ? -1 : 0;
}

void jtext_json(struct jtext *text, json_t *value)
{
	/* The common ones need no walk. */
	if (json_is_null(value))
		jtext_add(text, "null", 4);
	else if (json_is_integer(value))
		jtext_printf(text, "%" JSON_INTEGER_FORMAT,
			     json_integer_value(value));
	else if (!value || json_dump_callback(value, add_part, text,
					      JSON_COMPACT | JSON_ENCODE_ANY))
		text->failed = true;
	json_decref(value);
}

void jtext_free(struct jtext *text)
{
	free(text->b);
	*text = (struct jtext){ 0 };
}
