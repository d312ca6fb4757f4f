// SPDX-License-Identifier: GPL-2.0
/*
 * What clients are told of objects and of results: JSON, with all that there is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dht_world.h"
#include "directory_state.h"

#define LEASE	77

static const char *text_in(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

/* A result with an object of each type, as text that ends. */
static json_t *result_with(const struct dht_result *result, bool objects)
{
	const size_t room = __DHT_OBJECT_MAX * 2 * DHT_OBJECT_MAX;
	struct dht_action *act = calloc(1, sizeof(*act) + room);
	uint8_t b[DHT_OBJECT_MAX];
	struct jtext text = { 0 };
	enum dht_object_type type;
	json_t *row;
	size_t len;

	assert_non_null(act);
	act->result = *result;
	for (type = DHT_IMMUTABLE; objects && type < __DHT_OBJECT_MAX; type++) {
		len = world_object(b, type, 1, 5, "a \"value\"", NULL);
		act->len += dht_object_put(act->b + act->len, room - act->len,
					   b, len, LEASE);
	}
	directory_json_result(&text, act, 1000);
	jtext_add(&text, "}", 1);
	assert_false(text.failed);
	row = json_loadb(text.b, text.len, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(row);
	jtext_free(&text);
	free(act);
	return row;
}

static void tells_of_a_result(void **state)
{
	static const char * const types[] = { "immutable", "mutable", "entry" };
	const struct dht_result result = {
		.outcome = DHT_DONE, .copies = 8, .rounds = 3, .requests = 12,
		.answers = 11, .began = 400, .alarm = true,
	};
	json_t *row = result_with(&result, true), *object;
	size_t i;

	assert_string_equal(text_in(row, "outcome"),
			    dht_outcome_text(DHT_DONE));
	assert_string_equal(text_in(row, "status"), dht_status_text(DHT_OK));
	assert_true(json_is_null(json_object_get(row, "contact")));
	assert_int_equal(json_integer_value(json_object_get(row, "copies")), 8);
	assert_int_equal(json_integer_value(json_object_get(row, "rounds")), 3);
	assert_int_equal(json_integer_value(json_object_get(row, "requests")),
			 12);
	assert_int_equal(json_integer_value(json_object_get(row, "answers")),
			 11);
	assert_int_equal(json_integer_value(json_object_get(row, "us")), 600);
	assert_true(json_is_true(json_object_get(row, "alarm")));
	assert_int_equal(json_object_size(row), 10);
	assert_int_equal(json_array_size(json_object_get(row, "objects")), 3);
	json_array_foreach(json_object_get(row, "objects"), i, object) {
		assert_string_equal(text_in(object, "type"), types[i]);
		assert_string_equal(text_in(object, "value"), "a \"value\"");
		assert_string_equal(text_in(object, "value_hex"),
				    "61202276616c756522");
		assert_int_equal(json_integer_value(json_object_get(object,
								    "left_s")),
				 LEASE);
		assert_int_equal(json_object_size(object),
				 i == 0 ? 4 : i == 1 ? 9 : 10);
	}
	json_decref(row);
}

static void tells_of_a_contact(void **state)
{
	const struct dht_result result = {
		.outcome = DHT_NOT_FOUND, .contact.id.b = { 1 },
	};
	json_t *row = result_with(&result, false);

	assert_string_equal(text_in(row, "outcome"),
			    dht_outcome_text(DHT_NOT_FOUND));
	assert_int_equal(strlen(text_in(json_object_get(row, "contact"),
					"id")), 64);
	assert_int_equal(json_array_size(json_object_get(row, "objects")), 0);
	assert_true(json_is_false(json_object_get(row, "alarm")));
	json_decref(row);
}

/* What is no text has none, and nothing of it is lost. */
static void tells_of_bytes(void **state)
{
	uint8_t b[DHT_OBJECT_MAX];
	json_t *row;
	size_t len;

	len = world_object(b, DHT_IMMUTABLE, 1, 5, "\xff\xfe", NULL);
	row = directory_json_object(b, len);
	assert_non_null(row);
	assert_true(json_is_null(json_object_get(row, "value")));
	assert_string_equal(text_in(row, "value_hex"), "fffe");
	json_decref(row);
	assert_null(directory_json_object(b, len - 1));
	len = world_object(b, DHT_MUTABLE, 1, 5, "x", NULL);
	row = directory_json_object(b, len);
	assert_int_equal(json_integer_value(json_object_get(row, "seq")), 5);
	assert_non_null(text_in(row, "owner"));
	json_decref(row);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_of_a_result),
		cmocka_unit_test(tells_of_a_contact),
		cmocka_unit_test(tells_of_bytes),
	};

	return cmocka_run_group_tests_name("directory as JSON", tests, NULL,
					   NULL);
}
