// SPDX-License-Identifier: GPL-2.0
/*
 * Lines on the control socket, taken apart.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "request_line.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static struct request r;
static struct themis_diag diag;

static int read_line(const char *line)
{
	json_decref(r.tag);
	memset(&r, 0xa5, sizeof(r));
	return request_read(&r, line, strlen(line), &diag);
}

static void refused(const char *line, const char *what)
{
	if (read_line(line) != -EINVAL)
		fail_msg("%s: understood", line);
	if (!strstr(diag.what, what))
		fail_msg("%s: %s, not %s", line, diag.what, what);
	assert_null(r.tag);
}

static void all_arguments_are_there(void **state)
{
	char line[2048], text[64];
	int i, at = sprintf(line, "{\"cmd\":\"store\"");

	static const enum request_kind kinds[] = {
#define KIND(id, name, kind)						\
		[REQUEST_##id] = kind,
		REQUEST_ARGUMENTS(KIND)
	};
	static const char * const values[] = {
		[REQUEST_TEXT] = "\"t%d\"",
		[REQUEST_NUMBER] = "%d",
		[REQUEST_FLAG] = "true",
	};

	for (i = 0; i < REQUEST_N_ARGUMENTS; i++) {
		at += sprintf(line + at, ", \"%s\" : ",
			      request_argument_name(i));
		at += sprintf(line + at, values[kinds[i]], i + 1);
	}
	sprintf(line + at, "}");
	assert_int_equal(read_line(line), 0);
	assert_string_equal(r.cmd, "store");
	assert_null(r.tag);
	assert_string_equal(r.other, "");
	for (i = 0; i < REQUEST_N_ARGUMENTS; i++) {
		assert_true(request_has(&r, i));
		sprintf(text, "t%d", i + 1);
		if (kinds[i] == REQUEST_TEXT)
			assert_string_equal(request_text(&r, i), text);
		else if (kinds[i] == REQUEST_NUMBER)
			assert_int_equal(request_number(&r, i), i + 1);
		else
			assert_true(request_flag(&r, i));
	}
}

static void what_is_not_given_is_zero(void **state)
{
	int i;

	assert_int_equal(read_line("{}"), 0);
	assert_null(r.cmd);
	assert_null(r.tag);
	for (i = 0; i < REQUEST_N_ARGUMENTS; i++) {
		assert_false(request_has(&r, i));
		assert_null(request_text(&r, i));
	}
	assert_int_equal(read_line("{\"trace\":false,\"seq\":0}"), 0);
	assert_true(request_has(&r, REQUEST_TRACE));
	assert_false(request_flag(&r, REQUEST_TRACE));
	assert_true(request_has(&r, REQUEST_SEQ));
	assert_false(request_has(&r, REQUEST_SET));
}

static void texts_are_decoded(void **state)
{
	assert_int_equal(read_line("{\"n\\u0061me\":\"a\\\"\\u00e9\\n\\/\",\"id\":\"\"}"),
			 0);
	assert_string_equal(request_text(&r, REQUEST_NAME), "a\"\xc3\xa9\n/");
	assert_string_equal(request_text(&r, REQUEST_ID), "");
	assert_int_equal(read_line("{\"id\":\"\\ud83d\\uDe00\\uD83D\\ude00\"}"),
			 0);
	assert_string_equal(request_text(&r, REQUEST_ID),
			    "\xf0\x9f\x98\x80\xf0\x9f\x98\x80");
	assert_int_equal(read_line("{\"id\":\"\\\\ud800\\\\\"}"), 0);
	assert_string_equal(request_text(&r, REQUEST_ID), "\\ud800\\");
	assert_int_equal(read_line("{\"seq\":-9223372036854775807}"), 0);
	assert_true(request_number(&r, REQUEST_SEQ) == -INT64_MAX);
}

/* What the commands know of them is what they are called, and their kind. */
static void others_are_noted(void **state)
{
	static const char * const lines[] = {
		"{\"other\":1}", "{\"other\":{\"id\":\"x\",\"cmd\":\"y\"}}",
		"{\"other\":[[1],{\"tag\":{}}],\"id\":\"i\"}",
		"{\"other\":null}", "{\"other\":1.5}",
	};
	static const char * const kinds[] = {
		"{\"id\":7}", "{\"id\":true}", "{\"id\":null}", "{\"id\":[]}",
	};
	char line[REQUEST_NAME_MAX * 2 + 16];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		assert_int_equal(read_line(lines[i]), 0);
		assert_string_equal(r.other, "other");
		assert_null(r.cmd);
		assert_null(r.tag);
	}
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		assert_int_equal(read_line(kinds[i]), 0);
		assert_string_equal(r.other, "id");
		assert_false(request_has(&r, REQUEST_ID));
	}
	/* The same name, of two kinds. */
	assert_int_equal(read_line("{\"allow\":\"any\"}"), 0);
	assert_true(request_has(&r, REQUEST_ALLOW));
	assert_false(request_has(&r, REQUEST_ALLOWED));
	assert_int_equal(read_line("{\"allow\":true}"), 0);
	assert_true(request_flag(&r, REQUEST_ALLOWED));
	/* Of a long name the beginning is shown. */
	sprintf(line, "{\"%.*d\":1}", REQUEST_NAME_MAX * 2, 0);
	assert_int_equal(read_line(line), 0);
	assert_int_equal(strlen(r.other), REQUEST_NAME_MAX);
	assert_int_equal(read_line("{\"\":1}"), 0);
	assert_true(r.other[0]);
	/* A name with a zero byte is not the name before it. */
	assert_int_equal(read_line("{\"id\\u0000\":\"x\"}"), 0);
	assert_false(request_has(&r, REQUEST_ID));
	assert_true(r.other[0]);
}

static void tags_are_numbers_or_texts(void **state)
{
	char line[CONTROL_TAG_MAX + 32];

	assert_int_equal(read_line("{\"tag\":-3}"), 0);
	assert_int_equal(json_integer_value(r.tag), -3);
	assert_int_equal(read_line("{\"cmd\":\"a\",\"tag\":\"b\"}"), 0);
	assert_string_equal(json_string_value(r.tag), "b");
	sprintf(line, "{\"tag\":\"%0*d\"}", CONTROL_TAG_MAX, 0);
	assert_int_equal(read_line(line), 0);
	sprintf(line, "{\"tag\":\"%0*d\"}", CONTROL_TAG_MAX + 1, 0);
	refused(line, "tag is none");
	refused("{\"tag\":true}", "tag is none");
	refused("{\"tag\":null}", "tag is none");
	refused("{\"tag\":1.5}", "tag is none");
	refused("{\"tag\":[]}", "tag is none");
	refused("{\"tag\":{\"tag\":1}}", "tag is none");
	refused("{\"tag\":1,\"tag\":2}", "twice");
	refused("{\"tag\":1", "not understood");
}

/* A half of a character is none. */
static void halves_are_refused(void **state)
{
	static const char * const lines[] = {
		"{\"key\":\"\\ud800\"}", "{\"key\":\"\\udc00\"}",
		"{\"key\":\"\\uDBFFx\\udc00\"}", "{\"key\":\"\\ud800\\n\"}",
		"{\"key\":\"\\ud800\\ud800\\udc00\"}", "{\"\\ud83d\":1}",
		"{\"key\":\"\\ud83d\\ude00\\udfff\"}",
		"{\"key\":\"\\ud83d\",\"id\":\"\\ude00\"}",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lines); i++)
		refused(lines[i], "surrogate");
}

static void not_understood(void **state)
{
	static const char * const lines[] = {
		"", " ", "x", "{", "}", "[]", "[{}]", "7", "\"cmd\"", "null",
		"true", "1.5", "{\"cmd\"}", "{\"cmd\":}", "{cmd:\"a\"}",
		"{\"cmd\":\"a\",}", "{\"cmd\":\"a\"} {}", "{}x",
		"{\"cmd\":\"a\xff\"}", "{\"a\xc3\":1}", "{\"cmd\":\"a\\q\"}",
		"{\"cmd\":\"a\tb\"}", "{/**/}", "{\"seq\":01}",
		"{\"seq\":99999999999999999999}", "{\"cmd\":\"\\u0000\"}",
		"{\"id\":\"a\\u0000b\"}", "{\"cmd\":1,\"cmd\":\"a\"}",
		"{\"cmd\":\"a\",\"cmd\":\"a\"}", "{\"id\":\"a\",\"id\":\"a\"}",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lines); i++)
		refused(lines[i], "not understood");
}

/* Of nothing but texts, and of nothing but depth. */
static void the_longest_lines_have_room(void **state)
{
	static char line[CONTROL_LINE_MAX];
	size_t len = sizeof(line) - 1;

	memset(line, 'x', len);
	memcpy(line, "{\"id\":\"", 7);
	memcpy(line + len - 2, "\"}", 2);
	assert_int_equal(request_read(&r, line, len, &diag), 0);
	assert_int_equal(strlen(request_text(&r, REQUEST_ID)), len - 9);
	memset(line, '[', len);
	memcpy(line, "{\"id\":", 6);
	assert_int_equal(request_read(&r, line, len, &diag), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_arguments_are_there),
		cmocka_unit_test(what_is_not_given_is_zero),
		cmocka_unit_test(texts_are_decoded),
		cmocka_unit_test(others_are_noted),
		cmocka_unit_test(tags_are_numbers_or_texts),
		cmocka_unit_test(halves_are_refused),
		cmocka_unit_test(not_understood),
		cmocka_unit_test(the_longest_lines_have_room),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	json_decref(r.tag);
	return failed;
}
