// SPDX-License-Identifier: GPL-2.0
/*
 * JSON that is written at once: what a parser makes of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "jtext.h"

static void writes(void **state)
{
	static const uint8_t bytes[] = { 0x00, 0x7f, 0x80, 0xff, 0x1a };
	struct jtext text = { 0 };
	json_t *value;

	jtext_text(&text, "{\"number\":");
	jtext_number(&text, 1234567890);
	jtext_text(&text, ",\"most\":");
	jtext_number(&text, UINT64_MAX);
	jtext_text(&text, ",\"zero\":");
	jtext_number(&text, 0);
	jtext_text(&text, ",\"hex\":");
	jtext_hex(&text, bytes, sizeof(bytes));
	jtext_add(&text, ",\"none\":", 8);
	jtext_hex(&text, bytes, 0);
	jtext_text(&text, ",\"text\":");
	jtext_json(&text, json_string("a \"quoted\" \\ line\n\xc3\xa9"));
	jtext_text(&text, ",\"null\":");
	jtext_json(&text, json_null());
	jtext_text(&text, ",\"least\":");
	jtext_json(&text, json_integer(INT64_MIN));
	jtext_text(&text, ",\"list\":");
	jtext_json(&text, json_pack("[i, b]", 1, 0));
	jtext_add(&text, "}", 1);
	assert_false(text.failed);
	value = json_loadb(text.b, text.len, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(value);
	assert_int_equal(json_object_size(value), 9);
	assert_int_equal(json_integer_value(json_object_get(value, "number")),
			 1234567890);
	assert_true(json_integer_value(json_object_get(value, "most")) ==
		    INT64_MAX);
	assert_int_equal(json_integer_value(json_object_get(value, "zero")), 0);
	assert_string_equal(json_string_value(json_object_get(value, "hex")),
			    "007f80ff1a");
	assert_string_equal(json_string_value(json_object_get(value, "none")),
			    "");
	assert_string_equal(json_string_value(json_object_get(value, "text")),
			    "a \"quoted\" \\ line\n\xc3\xa9");
	assert_true(json_is_null(json_object_get(value, "null")));
	assert_true(json_integer_value(json_object_get(value, "least")) ==
		    INT64_MIN);
	assert_int_equal(json_array_size(json_object_get(value, "list")), 2);
	json_decref(value);
	jtext_free(&text);
	assert_null(text.b);
	assert_int_equal(text.len, 0);
}

/* Each length on the way, and what was there before stays. */
static void grows(void **state)
{
	struct jtext text = { 0 };
	size_t i;

	for (i = 0; i < 20000; i++) {
		jtext_add(&text, &"abcdefg"[i % 7], 1);
		assert_int_equal(text.len, i + 1);
		assert_true(text.size >= text.len);
	}
	for (i = 0; i < text.len; i++)
		assert_int_equal(text.b[i], "abcdefg"[i % 7]);
	jtext_free(&text);
}

/* Whoever has failed stays so, and what is written then does no harm. */
static void fails(void **state)
{
	struct jtext text = { 0 };

	jtext_text(&text, "xyz");
	assert_int_equal(text.len, 3);
	jtext_json(&text, NULL);
	assert_true(text.failed);
	jtext_add(&text, "y", 1);
	jtext_hex(&text, (const uint8_t *)"y", 1);
	jtext_json(&text, json_true());
	jtext_number(&text, 7);
	jtext_text(&text, "z");
	assert_true(text.failed);
	assert_int_equal(text.len, 3);
	jtext_free(&text);
	assert_false(text.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes),
		cmocka_unit_test(grows),
		cmocka_unit_test(fails),
	};

	return cmocka_run_group_tests_name("JSON text", tests, NULL, NULL);
}
