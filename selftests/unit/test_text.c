// SPDX-License-Identifier: GPL-2.0
/*
 * Addresses as text, as the kernel reads and writes them.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <linux/themis.h>

#include "text.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define HEX	"00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210"

/* In memory of exactly its length, so that a read past its end is found. */
static int parse(const char *text, size_t len, u8 *id, u16 *port)
{
	char *copy = malloc(len ? len : 1);
	int err;

	assert_non_null(copy);
	memcpy(copy, text, len);
	err = themis_text_parse(copy, len, id, port);
	free(copy);
	return err;
}

static void accepts(void **state)
{
	static const u16 ports[] = { 0, 1, 9, 10, 80, 999, 12345, 65535 };
	u8 id[THEMIS_ID_LEN], zero[THEMIS_ID_LEN] = {};
	char text[THEMIS_TEXT_MAX + 1];
	u16 port;
	int len;

	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		len = sprintf(text, HEX ":%u", ports[i]);
		assert_int_equal(parse(text, len, id, &port), 0);
		assert_int_equal(port, ports[i]);
		assert_int_equal(id[1], 0x11);
		assert_int_equal(id[31], 0x10);

		len = sprintf(text, "*:%u", ports[i]);
		assert_int_equal(parse(text, len, id, &port), 0);
		assert_int_equal(port, ports[i]);
		assert_memory_equal(id, zero, sizeof(zero));
	}
}

static void refuses(void **state)
{
	static const char * const bad[] = {
		"", ":", "*", "*:", "*1", "1:1", "**:1", "*:65536", "*:99999",
		"*:100000", "*:000080", "*:-1", "*:+1", "*: 1", "*:1 ", "*:0x1", "*:1:1",
		HEX, HEX ":", HEX "1", HEX "1:1", HEX " :1", HEX ":65536",
		HEX ":1a", ("0" HEX ":1"), ("x" HEX),
	};
	char text[THEMIS_TEXT_MAX + 1];
	u8 id[THEMIS_ID_LEN];
	u16 port;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(parse(bad[i], strlen(bad[i]), id, &port),
				 -EINVAL);
	/* Every byte that is no digit, at every place. */
	for (int at = 0; at <= 2 * THEMIS_ID_LEN; at++) {
		strcpy(text, HEX ":1");
		for (int c = 0; c < 256; c++) {
			int digit = (c >= '0' && c <= '9') ||
				    (c >= 'a' && c <= 'f') ||
				    (c >= 'A' && c <= 'F');
			int good = at < 2 * THEMIS_ID_LEN ? digit : c == ':';

			text[at] = c;
			assert_int_equal(parse(text, 2 * THEMIS_ID_LEN + 2, id,
					       &port), good ? 0 : -EINVAL);
		}
	}
	/* And every length but the right one. */
	strcpy(text, HEX ":12345");
	for (size_t len = 0; len <= 2 * THEMIS_ID_LEN + 1; len++)
		assert_int_equal(parse(text, len, id, &port), -EINVAL);
}

static void there_and_back(void **state)
{
	char text[THEMIS_TEXT_MAX];
	u8 id[THEMIS_ID_LEN], back[THEMIS_ID_LEN];
	u16 port;
	size_t len;

	srandom(18);
	for (u32 i = 0; i < 65536; i++) {
		for (int j = 0; j < THEMIS_ID_LEN; j++)
			id[j] = random();
		len = themis_text_format(text, id, i);
		assert_true(len <= THEMIS_TEXT_MAX);
		assert_int_equal(parse(text, len, back, &port), 0);
		assert_int_equal(port, i);
		assert_memory_equal(id, back, sizeof(id));
	}
}

static void noise(void **state)
{
	static const char alphabet[] = "0123456789abcdefABCDEF:*\0 -g";
	char text[2 * THEMIS_TEXT_MAX];
	u8 id[THEMIS_ID_LEN];
	u16 port;

	srandom(18);
	for (int i = 0; i < 100000; i++) {
		size_t len = random() % sizeof(text);

		for (size_t j = 0; j < len; j++)
			text[j] = alphabet[random() % sizeof(alphabet)];
		parse(text, len, id, &port);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts),
		cmocka_unit_test(refuses),
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(noise),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
