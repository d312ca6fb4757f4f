/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Objects: immutable, signed mutable, and entries of sets (dht.rst, "Objects").
 * Numbers are in network order, and everything that is reserved is zero.
 *
 *	  0 +---------------+---------------+---------------+---------------+
 *	    |   version 1   |     type      | length of name|     zero      |
 *	  4 +---------------+---------------+---------------+---------------+
 *	    |        length of value        |             zero              |
 *	  8 +-------------------------------+-------------------------------+
 *
 * An immutable object goes on with its value and has no name. The others:
 *
 *	  8 owner's Ed25519 public key, 32
 *	 40 sequence, 8
 *	 48 expiry in seconds of the world's clock, 8
 *	 56 an entry only: the set's authority, 32; zero for an open set
 *	 88 an entry only: until when the owner may, 8; zero for an open set
 *	    name, value
 *	    the owner's signature, 64
 *	    an entry of a set with authority only: its signature, 64
 */
#ifndef THEMIS_DHT_OBJECT_H
#define THEMIS_DHT_OBJECT_H

#include <stddef.h>
#include <stdint.h>

#include "dht.h"

enum dht_object_type {
	DHT_IMMUTABLE = 1,
	DHT_MUTABLE,
	DHT_ENTRY,
	__DHT_OBJECT_MAX,
};

/**
 * struct dht_object - an object, taken apart or to be put together
 * @type: which of the three
 * @name_len: bytes in the name, 1 to DHT_NAME_MAX; 0 in an immutable one
 * @value_len: bytes in the value, up to DHT_VALUE_MAX
 * @owner: Ed25519 public key
 * @seq: the higher the newer
 * @expiry: seconds of the world's clock
 * @authority: of an entry: who says who may; zero for anybody
 * @until: of an entry: how long the owner may
 * @name: of the object, or of the set
 * @value: what it is about
 * @signature: the owner's
 * @grant: the authority's
 * @b: the encoded object
 * @len: its length in bytes
 *
 * The pointers go into the buffer that was taken apart.
 */
struct dht_object {
	uint8_t		type;
	uint8_t		name_len;
	uint16_t	value_len;
	uint8_t		owner[32];
	uint64_t	seq;
	uint64_t	expiry;
	uint8_t		authority[32];
	uint64_t	until;
	const uint8_t	*name;
	const uint8_t	*value;
	const uint8_t	*signature;
	const uint8_t	*grant;
	const uint8_t	*b;
	size_t		len;
};

/* Signs @len bytes with the key of whoever is to sign. 0 if it did. */
typedef int (*dht_sign)(void *ctx, uint8_t signature[64], const uint8_t *b,
			size_t len);

int dht_object_parse(struct dht_object *object, const uint8_t *b, size_t len);
void dht_object_id(const struct dht_object *object, const uint8_t *netid,
		   size_t netid_len, struct themis_id *id);
enum dht_status dht_object_verify(const struct dht_object *object,
				  const uint8_t *netid, size_t netid_len,
				  uint64_t unix_seconds,
				  const struct dht_config *config);
int dht_object_build(struct dht_object *object, uint8_t *b, size_t room,
		     const uint8_t *netid, size_t netid_len,
		     const uint8_t *grant, dht_sign sign, void *ctx);
int dht_grant_build(const struct dht_object *object, uint8_t grant[64],
		    const uint8_t *netid, size_t netid_len, dht_sign sign,
		    void *ctx);

/* The first bytes of an id as a number, for distances. */
uint64_t dht_prefix(const struct themis_id *id);

#endif /* THEMIS_DHT_OBJECT_H */
