// SPDX-License-Identifier: GPL-2.0
/*
 * Addresses between text and memory.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "addr.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define ID	"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void port_accepts_1_to_65535(void **state)
{
	uint16_t port = 0;

	assert_int_equal(themis_port_parse("1", &port), 0);
	assert_int_equal(port, 1);
	assert_int_equal(themis_port_parse("65535", &port), 0);
	assert_int_equal(port, 65535);
}

static void port_refuses_all_else(void **state)
{
	static const char * const bad[] = {
		"", "0", "00000", "65536", "99999", "100000", "-1", "+1",
		" 1", "1 ", "0x10", "1.0", "seven", "18446744073709551617",
	};
	uint16_t port = 7;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		if (themis_port_parse(bad[i], &port) != -EINVAL)
			fail_msg("\"%s\" was accepted", bad[i]);
		assert_int_equal(port, 7);
	}
}

static void endpoint_reads_what_it_writes(void **state)
{
	static const char * const good[] = {
		"192.0.2.1:7000", "127.0.0.1:1", "255.255.255.254:65535",
		"[2001:db8::1]:7000", "[::1]:7000", "[fe80::1%1]:7000",
	};
	char text[THEMIS_ENDPOINT_TEXT];
	struct sockaddr_storage ep;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		if (themis_endpoint_parse(good[i], false, &ep))
			fail_msg("\"%s\" was refused", good[i]);
		assert_string_equal(themis_endpoint_format(&ep, text),
				    good[i]);
	}
}

static void endpoint_sets_every_field(void **state)
{
	const struct sockaddr_in6 *in6;
	const struct sockaddr_in *in;
	struct sockaddr_storage ep;

	assert_int_equal(themis_endpoint_parse("192.0.2.1:7000", false, &ep),
			 0);
	in = (const struct sockaddr_in *)&ep;
	assert_int_equal(in->sin_family, AF_INET);
	assert_int_equal(ntohs(in->sin_port), 7000);
	assert_int_equal(ntohl(in->sin_addr.s_addr), 0xc0000201);
	assert_int_equal(themis_endpoint_len(&ep), sizeof(*in));

	assert_int_equal(themis_endpoint_parse("[fe80::2%1]:9", false, &ep),
			 0);
	in6 = (const struct sockaddr_in6 *)&ep;
	assert_int_equal(in6->sin6_family, AF_INET6);
	assert_int_equal(ntohs(in6->sin6_port), 9);
	assert_int_equal(in6->sin6_scope_id, 1);
	assert_int_equal(in6->sin6_addr.s6_addr[15], 2);
	assert_int_equal(themis_endpoint_len(&ep), sizeof(*in6));
}

static void endpoint_unmaps_ipv4(void **state)
{
	char text[THEMIS_ENDPOINT_TEXT];
	struct sockaddr_storage ep;

	assert_int_equal(themis_endpoint_parse("[::ffff:192.0.2.1]:7000",
					       false, &ep), 0);
	assert_int_equal(ep.ss_family, AF_INET);
	assert_string_equal(themis_endpoint_format(&ep, text),
			    "192.0.2.1:7000");
}

static void endpoint_refuses_all_else(void **state)
{
	static const char * const bad[] = {
		"", ":", "192.0.2.1", "192.0.2.1:", "192.0.2.1:0", ":7000",
		"192.0.2.1:70000", "192.0.2:7000", "192.0.2.1.5:7000",
		"0300.0.2.1:7000", "2001:db8::1:7000", "[2001:db8::1]",
		"[2001:db8::1]7000", "[2001:db8::1:7000", "[]:7000",
		"[192.0.2.1]:7000", "host:7000", "192.0.2.1:7000 ",
		/* Nobody can be there. */
		"0.0.0.0:7000", "255.255.255.255:7000", "224.0.0.1:7000",
		"[::]:7000", "[ff02::1]:7000", "[::ffff:224.0.0.1]:7000",
		"[::ffff:0.0.0.0]:7000",
	};
	struct sockaddr_storage ep, before;
	char longest[1024];
	size_t i;

	memset(&ep, 0xa5, sizeof(ep));
	before = ep;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		if (themis_endpoint_parse(bad[i], false, &ep) != -EINVAL)
			fail_msg("\"%s\" was accepted", bad[i]);
		assert_memory_equal(&ep, &before, sizeof(ep));
	}

	memset(longest, 'a', sizeof(longest));
	memcpy(longest + sizeof(longest) - 4, ":70", 4);
	assert_int_equal(themis_endpoint_parse(longest, true, &ep), -EINVAL);
}

static void endpoint_names(void **state)
{
	static const char * const bad[] = {
		"", ":", "host", "host:", "host:0", "host:70000", ":7000",
		"192.0.2.1:7000", "1.2:7000", "[host]:7000", "a b:7000",
		"a/b:7000", "h\xc3\xb6st:7000", "[::1]:7000", "a:b:7000",
	};
	char host[THEMIS_HOST_MAX], longest[THEMIS_HOST_MAX + 8];
	uint16_t port;
	size_t i;

	assert_int_equal(themis_endpoint_name("b-1.example_x.net:7000", host,
					      &port), 0);
	assert_string_equal(host, "b-1.example_x.net");
	assert_int_equal(port, 7000);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		if (themis_endpoint_name(bad[i], host, &port) != -EINVAL)
			fail_msg("\"%s\" was accepted", bad[i]);
	memset(longest, 'a', sizeof(longest));
	memcpy(longest + THEMIS_HOST_MAX - 1, ":7000", 6);
	assert_int_equal(themis_endpoint_name(longest, host, &port), 0);
	memcpy(longest + THEMIS_HOST_MAX, ":7000", 6);
	longest[THEMIS_HOST_MAX - 1] = 'a';
	assert_int_equal(themis_endpoint_name(longest, host, &port), -EINVAL);
}

static void endpoint_resolves_names(void **state)
{
	struct sockaddr_storage ep;

	/* From the hosts file: no packet leaves. */
	assert_int_equal(themis_endpoint_parse("localhost:7000", true, &ep),
			 0);
	assert_true(ep.ss_family == AF_INET || ep.ss_family == AF_INET6);
	assert_int_equal(themis_endpoint_parse("localhost:7000", false, &ep),
			 -EINVAL);
}

static void endpoint_formats_the_unknown(void **state)
{
	struct sockaddr_storage ep = { .ss_family = AF_UNSPEC };
	char text[THEMIS_ENDPOINT_TEXT];

	assert_string_equal(themis_endpoint_format(&ep, text), "-");
	assert_string_equal(themis_endpoint_format(NULL, text), "-");
	ep.ss_family = AF_UNIX;
	assert_string_equal(themis_endpoint_format(&ep, text), "-");
	assert_int_equal(themis_endpoint_len(&ep), 0);
}

static void endpoint_longest_fits(void **state)
{
	char text[THEMIS_ENDPOINT_TEXT + 1];
	struct sockaddr_in6 in6 = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(65535),
		.sin6_scope_id = UINT32_MAX,
	};

	memset(&in6.sin6_addr, 0xfe, sizeof(in6.sin6_addr));
	text[THEMIS_ENDPOINT_TEXT] = 'x';
	themis_endpoint_format(&in6, text);
	assert_string_equal(text, "[fefe:fefe:fefe:fefe:fefe:fefe:fefe:fefe%4294967295]:65535");
	assert_int_equal(text[THEMIS_ENDPOINT_TEXT], 'x');
}

static void endpoint_compares(void **state)
{
	struct sockaddr_storage a, b, none = { 0 };

	assert_int_equal(themis_endpoint_parse("192.0.2.1:7000", false, &a),
			 0);
	assert_int_equal(themis_endpoint_parse("192.0.2.1:7000", false, &b),
			 0);
	assert_true(themis_endpoint_equal(&a, &b));
	assert_int_equal(themis_endpoint_parse("192.0.2.1:7001", false, &b),
			 0);
	assert_false(themis_endpoint_equal(&a, &b));
	assert_false(themis_endpoint_equal(&a, &none));
	assert_true(themis_endpoint_equal(&none, &none));
	assert_int_equal(themis_endpoint_parse("[fe80::1%1]:1", false, &a),
			 0);
	assert_int_equal(themis_endpoint_parse("[fe80::1%2]:1", false, &b),
			 0);
	assert_false(themis_endpoint_equal(&a, &b));
}

static void addr_reads_what_it_writes(void **state)
{
	struct sockaddr_themis sth;
	char text[THEMIS_ADDR_TEXT];

	assert_int_equal(themis_addr_parse(&sth, ID ":65535"), 0);
	assert_int_equal(sth.sth_family, AF_THEMIS);
	assert_int_equal(sth.sth_kind, THEMIS_KIND_NODE);
	assert_int_equal(ntohs(sth.sth_port), 65535);
	assert_int_equal(sth.sth_id[1], 0x11);
	assert_string_equal(themis_addr_format(&sth, text), ID ":65535");
}

static void addr_knows_the_wildcard(void **state)
{
	static const uint8_t zero[THEMIS_ID_LEN];
	struct sockaddr_themis sth;

	assert_int_equal(themis_addr_parse(&sth, "*:0"), 0);
	assert_memory_equal(sth.sth_id, zero, sizeof(zero));
	assert_int_equal(sth.sth_port, 0);
}

static void addr_refuses_all_else(void **state)
{
	static const char * const bad[] = {
		"", ":", ":1", "*", "*:", "**:1", "*:65536", "*:-1", ID,
		ID ":", ID ":1x", ID "0:1", "0" ID ":1",
		"g0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff:1",
		"0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff:1",
	};
	struct sockaddr_themis sth;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		if (themis_addr_parse(&sth, bad[i]) != -EINVAL)
			fail_msg("\"%s\" was accepted", bad[i]);
}

static void addr_of_a_link(void **state)
{
	static const uint8_t zero[THEMIS_ID_LEN];
	struct sockaddr_themis sth;

	memset(&sth, 0xff, sizeof(sth));
	themis_addr_link(&sth, 7000);
	assert_int_equal(sth.sth_kind, THEMIS_KIND_LINK);
	assert_int_equal(ntohs(sth.sth_port), 7000);
	assert_memory_equal(sth.sth_id, zero, sizeof(zero));
	assert_memory_equal(sth.sth_reserved, zero, sizeof(sth.sth_reserved));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(port_accepts_1_to_65535),
		cmocka_unit_test(port_refuses_all_else),
		cmocka_unit_test(endpoint_reads_what_it_writes),
		cmocka_unit_test(endpoint_sets_every_field),
		cmocka_unit_test(endpoint_unmaps_ipv4),
		cmocka_unit_test(endpoint_refuses_all_else),
		cmocka_unit_test(endpoint_names),
		cmocka_unit_test(endpoint_resolves_names),
		cmocka_unit_test(endpoint_formats_the_unknown),
		cmocka_unit_test(endpoint_longest_fits),
		cmocka_unit_test(endpoint_compares),
		cmocka_unit_test(addr_reads_what_it_writes),
		cmocka_unit_test(addr_knows_the_wildcard),
		cmocka_unit_test(addr_refuses_all_else),
		cmocka_unit_test(addr_of_a_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
