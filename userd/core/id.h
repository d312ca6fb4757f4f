/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Identities: the hash of a key and the network that it is used in.
 */
#ifndef THEMIS_ID_H
#define THEMIS_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/themis.h>

/**
 * struct themis_id - the identity of a node
 * @b: BLAKE2b-256("themis id v1" || len(netid) || netid || public key)
 */
struct themis_id {
	uint8_t	b[THEMIS_ID_LEN];
};

#define THEMIS_ID_TEXT	(2 * THEMIS_ID_LEN + 1)	/* with the final zero */

/* Errors: -EINVAL for a netid of 0 or more than THEMIS_NETID_MAX bytes. */
int themis_id_derive(struct themis_id *id, const uint8_t *netid,
		     size_t netid_len, const uint8_t public_key[32]);
bool themis_id_equal(const struct themis_id *a, const struct themis_id *b);
int themis_id_compare(const struct themis_id *a, const struct themis_id *b);
bool themis_id_zero(const struct themis_id *id);
/* @text: THEMIS_ID_TEXT bytes; returned. */
char *themis_id_format(const struct themis_id *id, char *text);
/* Exactly two hex digits a byte, upper or lower case, or -EINVAL. */
int themis_hex_parse(uint8_t *b, size_t len, const char *text);
/* The same, of an id. */
int themis_id_parse(struct themis_id *id, const char *text);

#endif /* THEMIS_ID_H */
