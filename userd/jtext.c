// SPDX-License-Identifier: GPL-2.0
/*
 * JSON that is written at once.
 */
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

void jtext_text(struct jtext *text, const char *json)
{
	jtext_add(text, json, strlen(json));
}

/* As printf() would, which takes six times as long. */
void jtext_number(struct jtext *text, uint64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);

	if (number > INT64_MAX)
		number = INT64_MAX;
	do {
		digits[--at] = '0' + number % 10;
		number /= 10;
	} while (number);
	jtext_add(text, digits + at, sizeof(digits) - at);
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
		jtext_text(text, "null");
	else if (json_is_integer(value) && json_integer_value(value) >= 0)
		jtext_number(text, (uint64_t)json_integer_value(value));
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
