// SPDX-License-Identifier: GPL-2.0
/*
 * Identities: derivation, order and text.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include <sodium.h>

#include "core_vectors.h"
#include "id.h"

static void derive_matches_vectors(void **state)
{
	uint8_t netid[THEMIS_NETID_MAX], key[32], want[32];
	const char *json = vectors_load(), *v = NULL;
	unsigned int n = 0;
	struct themis_id id;
	size_t len;

	while ((v = vectors_next(json, v, "id_a"))) {
		len = vectors_hex(v, "netid", netid, sizeof(netid));
		vectors_get(v, "public_a", key, sizeof(key));
		vectors_get(v, "id_a", want, sizeof(want));
		assert_int_equal(0, themis_id_derive(&id, netid, len, key));
		assert_memory_equal(id.b, want, sizeof(want));
		n++;
	}
	assert_int_equal(n, 8);
}

static void derive_separates(void **state)
{
	static const uint8_t key[32] = { 1 }, other[32] = { 2 };
	const uint8_t *a = (const uint8_t *)"a", *ab = (const uint8_t *)"ab";
	struct themis_id id[4];
	int i, j;

	themis_id_derive(&id[0], a, 1, key);
	themis_id_derive(&id[1], ab, 2, key);
	themis_id_derive(&id[2], a, 1, other);
	themis_id_derive(&id[3], ab + 1, 1, key);
	for (i = 0; i < 4; i++)
		for (j = 0; j < 4; j++)
			assert_int_equal(themis_id_equal(&id[i], &id[j]),
					 i == j);
}

static void derive_refuses_netids(void **state)
{
	static const uint8_t netid[THEMIS_NETID_MAX + 1], key[32];
	struct themis_id id;

	assert_int_equal(-EINVAL, themis_id_derive(&id, netid, 0, key));
	assert_int_equal(0, themis_id_derive(&id, netid, 1, key));
	assert_int_equal(0, themis_id_derive(&id, netid, THEMIS_NETID_MAX,
					     key));
	assert_int_equal(-EINVAL,
			 themis_id_derive(&id, netid, sizeof(netid), key));
}

static void text_round_trip(void **state)
{
	char text[THEMIS_ID_TEXT], upper[THEMIS_ID_TEXT];
	struct themis_id id, back;
	size_t i;

	for (i = 0; i < sizeof(id.b); i++)
		id.b[i] = 0xff - 7 * i;
	assert_ptr_equal(themis_id_format(&id, text), text);
	assert_int_equal(strlen(text), 64);
	assert_int_equal(strncmp(text, "fff8f1ea", 8), 0);
	assert_int_equal(0, themis_id_parse(&back, text));
	assert_true(themis_id_equal(&id, &back));

	for (i = 0; i < sizeof(text); i++)
		upper[i] = text[i] >= 'a' ? text[i] - 'a' + 'A' : text[i];
	memset(&back, 0, sizeof(back));
	assert_int_equal(0, themis_id_parse(&back, upper));
	assert_true(themis_id_equal(&id, &back));
}

static void text_refused(void **state)
{
	static const char bad[] = { 'g', 'G', ' ', '/', ':', '@', '`', '\0' };
	char text[THEMIS_ID_TEXT + 1];
	struct themis_id id, before;
	size_t i, j;

	memset(&before, 0x5a, sizeof(before));
	id = before;
	assert_int_equal(-EINVAL, themis_id_parse(&id, ""));
	memset(text, '0', sizeof(text));
	text[65] = '\0';
	assert_int_equal(-EINVAL, themis_id_parse(&id, text));
	text[63] = '\0';
	assert_int_equal(-EINVAL, themis_id_parse(&id, text));

	for (i = 0; i < 64; i++) {
		for (j = 0; j < sizeof(bad); j++) {
			memset(text, '0', 64);
			text[64] = '\0';
			text[i] = bad[j];
			assert_int_equal(-EINVAL, themis_id_parse(&id, text));
		}
	}
	/* A refused text leaves the result alone. */
	assert_true(themis_id_equal(&id, &before));
}

static void order_is_of_bytes(void **state)
{
	struct themis_id low = { { 0 } }, high = { { 0 } };

	assert_true(themis_id_zero(&low));
	high.b[31] = 1;
	assert_false(themis_id_zero(&high));
	assert_true(themis_id_compare(&low, &high) < 0);
	low.b[0] = 0x7f;
	high.b[0] = 0x80;
	assert_true(themis_id_compare(&low, &high) < 0);
	assert_true(themis_id_compare(&high, &low) > 0);
	assert_int_equal(themis_id_compare(&low, &low), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(derive_matches_vectors),
		cmocka_unit_test(derive_separates),
		cmocka_unit_test(derive_refuses_netids),
		cmocka_unit_test(text_round_trip),
		cmocka_unit_test(text_refused),
		cmocka_unit_test(order_is_of_bytes),
	};

	if (sodium_init() < 0)
		return 1;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
