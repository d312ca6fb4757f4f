// SPDX-License-Identifier: GPL-2.0
/*
 * Identities: derivation, order and text form.
 */
#include <errno.h>
#include <string.h>

#include <sodium.h>

#include "id.h"

static const char label[] = "themis id v1";

/**
 * themis_id_derive() - the identity of a key in a network
 * @id: result
 * @netid: name of the network
 * @netid_len: its length in bytes, 1 to THEMIS_NETID_MAX
 * @public_key: Ed25519 public key
 *
 * The length stands in front of the netid, so that no pair of netid and key
 * can be read as another pair (protocol.rst, "Identities").
 *
 * Return: 0, or -EINVAL for a netid of a wrong length.
 */
int themis_id_derive(struct themis_id *id, const uint8_t *netid,
		     size_t netid_len, const uint8_t public_key[32])
{
	crypto_generichash_state state;
	uint8_t len;

	if (netid_len < 1 || netid_len > THEMIS_NETID_MAX)
		return -EINVAL;

	len = netid_len;
	crypto_generichash_init(&state, NULL, 0, sizeof(id->b));
	crypto_generichash_update(&state, (const uint8_t *)label,
				  sizeof(label) - 1);
	crypto_generichash_update(&state, &len, sizeof(len));
	crypto_generichash_update(&state, netid, netid_len);
	crypto_generichash_update(&state, public_key, 32);
	crypto_generichash_final(&state, id->b, sizeof(id->b));
	return 0;
}

/**
 * themis_id_equal() - whether two identities are the same
 * @a: one
 * @b: the other
 *
 * Ids are public, so the comparison need not take constant time.
 *
 * Return: true if they are.
 */
bool themis_id_equal(const struct themis_id *a, const struct themis_id *b)
{
	return !memcmp(a->b, b->b, sizeof(a->b));
}

/**
 * themis_id_compare() - the order of two identities, as bytes
 * @a: one
 * @b: the other
 *
 * Return: less than, equal to or greater than zero, as memcmp().
 */
int themis_id_compare(const struct themis_id *a, const struct themis_id *b)
{
	return memcmp(a->b, b->b, sizeof(a->b));
}

/**
 * themis_id_zero() - whether an identity is all zero, which names nobody
 * @id: the identity
 *
 * Return: true if it is.
 */
bool themis_id_zero(const struct themis_id *id)
{
	return sodium_is_zero(id->b, sizeof(id->b));
}

/**
 * themis_id_format() - text form: 64 lower-case hexadecimal digits
 * @id: the identity
 * @text: THEMIS_ID_TEXT bytes, which end up with a final zero
 *
 * Return: @text.
 */
char *themis_id_format(const struct themis_id *id, char *text)
{
	return sodium_bin2hex(text, THEMIS_ID_TEXT, id->b, sizeof(id->b));
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/**
 * themis_hex_parse() - read bytes that are public
 * @b: result
 * @len: how many
 * @text: exactly two hexadecimal digits of either case for each, and a final zero
 *
 * Unlike libsodium's it does not take constant time, which is several times as
 * long.
 *
 * Return: 0, or -EINVAL for anything else.
 */
int themis_hex_parse(uint8_t *b, size_t len, const char *text)
{
	int high, low;
	size_t i;

	for (i = 0; i < len; i++) {
		high = hex_digit(text[2 * i]);
		if (high < 0)
			return -EINVAL;
		low = hex_digit(text[2 * i + 1]);
		if (low < 0)
			return -EINVAL;
		b[i] = high << 4 | low;
	}
	return text[2 * i] ? -EINVAL : 0;
}

/**
 * themis_id_parse() - read the text form of an identity
 * @id: result, untouched on error
 * @text: exactly 64 hexadecimal digits of either case, and the final zero
 *
 * Return: 0, or -EINVAL for anything else.
 */
int themis_id_parse(struct themis_id *id, const char *text)
{
	struct themis_id tmp = { 0 };
	int err;

	err = themis_hex_parse(tmp.b, sizeof(tmp.b), text);
	if (!err)
		*id = tmp;
	return err;
}
