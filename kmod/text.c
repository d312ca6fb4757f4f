// SPDX-License-Identifier: GPL-2.0
/* Addresses as text: "<64 hex digits>:<port>". Pure. */
#include <linux/themis.h>

#include "text.h"

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int parse_port(const char *text, size_t len, u16 *port)
{
	u32 value = 0;
	size_t i;

	if (!len || len > 5)
		return -EINVAL;
	for (i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		value = 10 * value + (text[i] - '0');
	}
	if (value > 65535)
		return -EINVAL;
	*port = value;

	return 0;
}

/**
 * themis_text_parse() - read an address
 * @text: "<64 hex digits>:<port>", or "*:<port>" for the all-zero id
 * @len: bytes in @text, without a terminating zero
 * @id: THEMIS_ID_LEN bytes, filled
 * @port: filled, host order
 *
 * Return: 0, or -EINVAL if @text is anything else.
 */
int themis_text_parse(const char *text, size_t len, u8 *id, u16 *port)
{
	size_t i;
	int a, b;

	if (len > 2 && text[0] == '*' && text[1] == ':') {
		memset(id, 0, THEMIS_ID_LEN);
		return parse_port(text + 2, len - 2, port);
	}
	if (len <= 2 * THEMIS_ID_LEN || text[2 * THEMIS_ID_LEN] != ':')
		return -EINVAL;
	for (i = 0; i < THEMIS_ID_LEN; i++) {
		a = digit(text[2 * i]);
		b = digit(text[2 * i + 1]);
		if (a < 0 || b < 0)
			return -EINVAL;
		id[i] = a << 4 | b;
	}

	return parse_port(text + 2 * THEMIS_ID_LEN + 1,
			  len - 2 * THEMIS_ID_LEN - 1, port);
}

/**
 * themis_text_format() - write an address
 * @text: THEMIS_TEXT_MAX bytes at least; not terminated
 * @id: THEMIS_ID_LEN bytes
 * @port: host order
 *
 * Return: bytes written.
 */
size_t themis_text_format(char *text, const u8 *id, u16 port)
{
	static const char hex[] = "0123456789abcdef";
	char digits[5];
	size_t len = 0;
	int i, n = 0;

	for (i = 0; i < THEMIS_ID_LEN; i++) {
		text[len++] = hex[id[i] >> 4];
		text[len++] = hex[id[i] & 15];
	}
	text[len++] = ':';
	do {
		digits[n++] = '0' + port % 10;
		port /= 10;
	} while (port);
	while (n)
		text[len++] = digits[--n];

	return len;
}
