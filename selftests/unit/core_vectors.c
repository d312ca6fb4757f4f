// SPDX-License-Identifier: GPL-2.0
/*
 * Known answers: the reader of Documentation/vectors.json. It knows only what
 * vectors.py writes: objects of strings of hexadecimal digits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <sodium.h>

#include "core_vectors.h"

#define VECTORS "Documentation/vectors.json"

/* Looks in @dir and in all that it lies in. */
static FILE *open_above(char *dir, size_t room)
{
	char *end = dir + strlen(dir);
	FILE *file;

	for (;;) {
		snprintf(end, room - (end - dir), "/" VECTORS);
		file = fopen(dir, "r");
		if (file || end == dir)
			return file;
		do {
			end--;
		} while (end > dir && *end != '/');
	}
}

static FILE *open_vectors(void)
{
	const char *path = getenv("THEMIS_VECTORS");
	char dir[4096 + sizeof(VECTORS) + 1];
	FILE *file = NULL;
	ssize_t len;

	if (path)
		return fopen(path, "r");
	/* Built somewhere in the tree, or run there. */
	len = readlink("/proc/self/exe", dir, 4096);
	if (len > 0) {
		dir[len] = '\0';
		file = open_above(dir, sizeof(dir));
	}
	if (!file && getcwd(dir, 4096))
		file = open_above(dir, sizeof(dir));
	return file;
}

const char *vectors_load(void)
{
	static char text[65536];
	size_t len;
	FILE *file;

	file = open_vectors();
	if (!file)
		fail_msg("no " VECTORS ": set THEMIS_VECTORS to its path");
	len = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[len] = '\0';
	return text;
}

/* The value of a field of the object that begins at @object, or NULL. */
static const char *value(const char *object, const char *field)
{
	const char *end = strchr(object, '}');
	char name[64];
	const char *at;

	snprintf(name, sizeof(name), "\"%s\": \"", field);
	at = strstr(object, name);
	return at && end && at < end ? at + strlen(name) : NULL;
}

const char *vectors_next(const char *json, const char *object,
			 const char *field)
{
	const char *at = object ? object + 1 : json + 1;

	while ((at = strchr(at, '{'))) {
		if (value(at, field))
			return at;
		at++;
	}
	return NULL;
}

size_t vectors_hex(const char *object, const char *field, uint8_t *out,
		   size_t max)
{
	const char *hex = value(object, field);
	size_t len;

	if (!hex)
		fail_msg("no field %s", field);
	assert_int_equal(0, sodium_hex2bin(out, max, hex, strcspn(hex, "\""),
					   NULL, &len, NULL));
	return len;
}

void vectors_get(const char *object, const char *field, uint8_t *out,
		 size_t len)
{
	assert_int_equal(len, vectors_hex(object, field, out, len));
}
