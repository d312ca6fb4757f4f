// SPDX-License-Identifier: GPL-2.0
/*
 * Objects: encoding, identity and proof.
 *
 * The id of an object binds its network, its kind, its owner or authority and
 * its name; a signature covers the id and every byte in front of it, so that no
 * object is valid under another name or in another network.
 */
#include <errno.h>
#include <string.h>

#include <sodium.h>

#include "object.h"
#include "message.h"

#define HEAD_LEN	8
#define SIGNED_LEN	56
#define ENTRY_LEN	96
#define SIG_LEN		64

static const char id_label[] = "themis object v1";
static const char object_label[] = "themis signed object v1";
static const char grant_label[] = "themis grant v1";

static size_t fixed_len(uint8_t type)
{
	switch (type) {
	case DHT_IMMUTABLE:
		return HEAD_LEN;
	case DHT_MUTABLE:
		return SIGNED_LEN;
	default:
		return ENTRY_LEN;
	}
}

static bool has_authority(const struct dht_object *object)
{
	return object->type == DHT_ENTRY &&
	       !sodium_is_zero(object->authority, sizeof(object->authority));
}

static size_t signatures_len(const struct dht_object *object)
{
	if (object->type == DHT_IMMUTABLE)
		return 0;
	return has_authority(object) ? 2 * SIG_LEN : SIG_LEN;
}

/* Whether name and value have lengths that the type allows. */
static bool lengths_ok(const struct dht_object *object)
{
	bool named = object->type != DHT_IMMUTABLE;

	return object->type >= DHT_IMMUTABLE &&
	       object->type < __DHT_OBJECT_MAX &&
	       object->value_len <= DHT_VALUE_MAX &&
	       object->name_len <= DHT_NAME_MAX && !object->name_len != named;
}

/**
 * dht_object_parse() - take an object apart
 * @object: result; points into @b
 * @b: the object, anything
 * @len: its length in bytes
 *
 * Return: 0, or -EINVAL for what is not the one encoding of an object.
 */
int dht_object_parse(struct dht_object *object, const uint8_t *b, size_t len)
{
	size_t fixed;

	memset(object, 0, sizeof(*object));
	if (len < HEAD_LEN || b[0] != 1 || b[3] || b[6] || b[7])
		return -EINVAL;
	object->type = b[1];
	object->name_len = b[2];
	object->value_len = dht_get16(b + 4);
	if (!lengths_ok(object))
		return -EINVAL;
	fixed = fixed_len(object->type);
	if (len < fixed)
		return -EINVAL;
	if (object->type != DHT_IMMUTABLE) {
		memcpy(object->owner, b + 8, sizeof(object->owner));
		object->seq = dht_get64(b + 40);
		object->expiry = dht_get64(b + 48);
	}
	if (object->type == DHT_ENTRY) {
		memcpy(object->authority, b + 56, sizeof(object->authority));
		object->until = dht_get64(b + 88);
		if (!has_authority(object) && object->until)
			return -EINVAL;
	}
	if (len != fixed + object->name_len + object->value_len +
		   signatures_len(object))
		return -EINVAL;
	object->name = b + fixed;
	object->value = object->name + object->name_len;
	object->signature = object->value + object->value_len;
	object->grant = object->signature + SIG_LEN;
	object->b = b;
	object->len = len;
	return 0;
}

static void put_net(uint8_t **at, const uint8_t *netid, size_t netid_len)
{
	*(*at)++ = netid_len;
	memcpy(*at, netid, netid_len);
	*at += netid_len;
}

static void put(uint8_t **at, const void *b, size_t len)
{
	memcpy(*at, b, len);
	*at += len;
}

/**
 * dht_object_id() - the id under which an object is stored and found
 * @object: the object
 * @netid: name of the network
 * @netid_len: its length in bytes, 1 to THEMIS_NETID_MAX
 * @id: result
 *
 * Of an immutable object the hash of its value, of a mutable one that of owner
 * and name, of an entry that of the set's authority and name.
 */
void dht_object_id(const struct dht_object *object, const uint8_t *netid,
		   size_t netid_len, struct themis_id *id)
{
	uint8_t b[64 + THEMIS_NETID_MAX + 32 + DHT_VALUE_MAX], *at = b;

	put(&at, id_label, sizeof(id_label) - 1);
	put(&at, &object->type, 1);
	put_net(&at, netid, netid_len);
	if (object->type == DHT_IMMUTABLE) {
		put(&at, object->value, object->value_len);
	} else {
		put(&at, object->type == DHT_ENTRY ? object->authority :
						     object->owner, 32);
		put(&at, object->name, object->name_len);
	}
	crypto_generichash(id->b, sizeof(id->b), b, at - b, NULL, 0);
}

/* What an owner signs: the id and all in front of the signature. */
static size_t owner_text(const struct dht_object *object, const uint8_t *netid,
			 size_t netid_len, uint8_t *b)
{
	struct themis_id id;
	uint8_t *at = b;

	dht_object_id(object, netid, netid_len, &id);
	put(&at, object_label, sizeof(object_label) - 1);
	put(&at, id.b, sizeof(id.b));
	put(&at, object->b, object->signature - object->b);
	return at - b;
}

/* What an authority signs: that the owner may be in the set until then. */
static size_t grant_text(const struct dht_object *object, const uint8_t *netid,
			 size_t netid_len, uint8_t *b)
{
	struct themis_id id;
	uint8_t *at = b;

	dht_object_id(object, netid, netid_len, &id);
	put(&at, grant_label, sizeof(grant_label) - 1);
	put(&at, id.b, sizeof(id.b));
	put(&at, object->owner, sizeof(object->owner));
	dht_put64(at, object->until);
	return at + 8 - b;
}

static int verify(const struct dht_config *config, const uint8_t *signature,
		  const uint8_t *b, size_t len, const uint8_t key[32])
{
	if (config->verify)
		return config->verify(config->ctx, signature, b, len, key);
	return crypto_sign_verify_detached(signature, b, len, key);
}

/**
 * dht_object_verify() - whether an object may be believed
 * @object: the object
 * @netid: name of the network
 * @netid_len: its length in bytes
 * @unix_seconds: the world's clock
 * @config: the host's, for its @verify
 *
 * Return: DHT_OK, DHT_EXPIRED or DHT_FORBIDDEN.
 */
enum dht_status dht_object_verify(const struct dht_object *object,
				  const uint8_t *netid, size_t netid_len,
				  uint64_t unix_seconds,
				  const struct dht_config *config)
{
	uint8_t b[64 + 32 + DHT_OBJECT_MAX];
	size_t len;

	if (object->type == DHT_IMMUTABLE)
		return DHT_OK;
	if (object->expiry <= unix_seconds ||
	    (has_authority(object) && object->until <= unix_seconds))
		return DHT_EXPIRED;
	len = owner_text(object, netid, netid_len, b);
	if (verify(config, object->signature, b, len, object->owner))
		return DHT_FORBIDDEN;
	if (!has_authority(object))
		return DHT_OK;
	len = grant_text(object, netid, netid_len, b);
	if (verify(config, object->grant, b, len, object->authority))
		return DHT_FORBIDDEN;
	return DHT_OK;
}

/**
 * dht_object_build() - encode and sign an object
 * @object: type, name, value and, unless immutable, owner, seq, expiry and for
 *	an entry authority and until; the rest is filled in
 * @b: where the object goes; name and value must lie elsewhere
 * @room: bytes there; DHT_OBJECT_MAX is always enough
 * @netid: name of the network
 * @netid_len: its length in bytes
 * @grant: the authority's signature, where the set has an authority
 * @sign: signs for the owner; not called for an immutable object
 * @ctx: passed to @sign
 *
 * Return: 0, -EINVAL for lengths that cannot be, -ENOSPC without room, or what
 * @sign returned.
 */
int dht_object_build(struct dht_object *object, uint8_t *b, size_t room,
		     const uint8_t *netid, size_t netid_len,
		     const uint8_t *grant, dht_sign sign, void *ctx)
{
	uint8_t text[64 + 32 + DHT_OBJECT_MAX], *at = b;
	uint8_t signature[SIG_LEN];
	size_t fixed, len;
	int err;

	if (!lengths_ok(object) || (has_authority(object) && !grant))
		return -EINVAL;
	fixed = fixed_len(object->type);
	len = fixed + object->name_len + object->value_len +
	      signatures_len(object);
	if (len > room)
		return -ENOSPC;
	memset(b, 0, len);
	b[0] = 1;
	b[1] = object->type;
	b[2] = object->name_len;
	dht_put16(b + 4, object->value_len);
	if (object->type != DHT_IMMUTABLE) {
		memcpy(b + 8, object->owner, sizeof(object->owner));
		dht_put64(b + 40, object->seq);
		dht_put64(b + 48, object->expiry);
	}
	if (object->type == DHT_ENTRY) {
		memcpy(b + 56, object->authority, sizeof(object->authority));
		dht_put64(b + 88, object->until);
	}
	at += fixed;
	if (object->name_len)
		put(&at, object->name, object->name_len);
	if (object->value_len)
		put(&at, object->value, object->value_len);
	err = dht_object_parse(object, b, len);
	if (err || object->type == DHT_IMMUTABLE)
		return err;
	len = owner_text(object, netid, netid_len, text);
	err = sign(ctx, signature, text, len);
	if (err)
		return err;
	put(&at, signature, sizeof(signature));
	if (grant && has_authority(object))
		put(&at, grant, SIG_LEN);
	return 0;
}

/**
 * dht_grant_build() - have an authority say that an owner may be in its set
 * @object: an entry: authority, name, owner and until
 * @grant: result
 * @netid: name of the network
 * @netid_len: its length in bytes
 * @sign: signs for the authority
 * @ctx: passed to @sign
 *
 * Return: 0, or what @sign returned.
 */
int dht_grant_build(const struct dht_object *object, uint8_t grant[64],
		    const uint8_t *netid, size_t netid_len, dht_sign sign,
		    void *ctx)
{
	uint8_t text[64 + 32 + DHT_OBJECT_MAX];
	size_t len = grant_text(object, netid, netid_len, text);

	return sign(ctx, grant, text, len);
}

/**
 * dht_prefix() - the first bytes of an id as a number
 * @id: the id
 *
 * Return: its first eight bytes, the first one highest.
 */
uint64_t dht_prefix(const struct themis_id *id)
{
	return dht_get64(id->b);
}
