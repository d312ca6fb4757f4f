// SPDX-License-Identifier: GPL-2.0
/*
 * The key agreement as pure functions: protocol.rst, "The key agreement".
 */
#include <string.h>

#include <sodium.h>

#include "handshake.h"

#define LABEL_INIT	"themis init v1"
#define LABEL_RESP	"themis resp v1"
#define LABEL_REFUSE	"themis refuse v1"
#define LABEL_HASH	"themis transcript v1"
#define LABEL_KDF	"themis kdf v1"
#define KDF_CONTEXT	"themisv1"

/* How far the signatures, the probe and the transcript reach. */
#define INIT_SIGNED	(offsetof(struct themis_init, signature) - 8)
#define INIT_PROBED	offsetof(struct themis_init, probe)
#define RESP_SIGNED	(offsetof(struct themis_resp, signature) - 4)
#define RESP_HASHED	offsetof(struct themis_resp, confirm)
#define REFUSE_SIGNED	(offsetof(struct themis_refuse, signature) - 4)

static const uint8_t no_psk[32];

/* A text to sign or to hash, put together piece by piece. */
struct text {
	size_t	len;
	uint8_t	b[512];
};

static void text_add(struct text *text, const void *b, size_t len)
{
	memcpy(text->b + text->len, b, len);
	text->len += len;
}

static void hash_add(crypto_generichash_state *state, const void *b,
		     size_t len)
{
	crypto_generichash_update(state, b, len);
}

static bool head_valid(const struct themis_head *head, uint8_t type)
{
	return head->type == type && sodium_is_zero(head->zero, 3) &&
	       !sodium_is_zero(head->index, 4);
}

static void head_put(struct themis_head *head, uint8_t type, uint32_t index)
{
	memset(head, 0, sizeof(*head));
	head->type = type;
	themis_wire_put32(head->index, index);
}

/* Sig_A = Sign("themis init v1" || bytes 8..143 || B) */
static void init_text(struct text *text, const struct themis_init *init,
		      const struct themis_id *b)
{
	text->len = 0;
	text_add(text, LABEL_INIT, sizeof(LABEL_INIT) - 1);
	text_add(text, init->sender, INIT_SIGNED);
	text_add(text, b->b, sizeof(b->b));
}

static void init_siphash(uint8_t probe[8], const struct themis_init *init,
			 const struct themis_id *b)
{
	crypto_shorthash(probe, (const uint8_t *)init, INIT_PROBED, b->b);
}

/**
 * themis_init_build() - write message 1
 * @init: result, all of it; the cookie is zero
 * @a: who we are
 * @b: whom we ask
 * @index: the index which we have chosen, not zero
 * @secret: fresh X25519 secret
 * @nonce: N_A, fresh
 */
void themis_init_build(struct themis_init *init, const struct themis_self *a,
		       const struct themis_id *b, uint32_t index,
		       const uint8_t secret[32], const uint8_t nonce[32])
{
	struct text text;

	head_put(&init->head, THEMIS_PKT_INIT, themis_wire_get32(b->b));
	themis_wire_put32(init->sender, index);
	init->version = THEMIS_WIRE_VERSION;
	init->suite = THEMIS_WIRE_SUITE;
	init->netid_len = a->netid_len;
	init->zero = 0;
	memcpy(init->netid, a->netid, sizeof(init->netid));
	memcpy(init->public_key, a->public_key, sizeof(init->public_key));
	crypto_scalarmult_base(init->share, secret);
	memcpy(init->nonce, nonce, sizeof(init->nonce));

	init_text(&text, init, b);
	crypto_sign_detached(init->signature, NULL, text.b, text.len,
			     a->secret_key);
	init_siphash(init->probe, init, b);
	memset(init->cookie, 0, sizeof(init->cookie));
}

/**
 * themis_init_check() - the form of a message 1, before any secret is used
 * @init: the message
 *
 * The bytes that stand for the receiver may be zero: they are of an id.
 *
 * Return: THEMIS_N_NONE, or which check failed.
 */
enum themis_core_counter themis_init_check(const struct themis_init *init)
{
	if (init->head.type != THEMIS_PKT_INIT)
		return THEMIS_N_BAD_TYPE;
	if (!sodium_is_zero(init->head.zero, sizeof(init->head.zero)) ||
	    sodium_is_zero(init->sender, sizeof(init->sender)) || init->zero)
		return THEMIS_N_BAD_ZERO;
	if (init->netid_len < 1 || init->netid_len > THEMIS_NETID_MAX ||
	    !sodium_is_zero(init->netid + init->netid_len,
			    THEMIS_NETID_MAX - init->netid_len))
		return THEMIS_N_BAD_NETID;
	/* These last: whoever has only them wrong may be told so. */
	if (init->version != THEMIS_WIRE_VERSION)
		return THEMIS_N_BAD_VERSION;
	if (init->suite != THEMIS_WIRE_SUITE)
		return THEMIS_N_BAD_SUITE;
	return THEMIS_N_NONE;
}

/**
 * themis_init_probe() - whether a message 1 is for a node
 * @init: the message
 * @b: the node
 *
 * Return: true if hint and probe are right.
 */
bool themis_init_probe(const struct themis_init *init,
		       const struct themis_id *b)
{
	uint8_t probe[8];

	if (memcmp(init->head.index, b->b, sizeof(init->head.index)))
		return false;
	init_siphash(probe, init, b);
	return !sodium_memcmp(probe, init->probe, sizeof(probe));
}

/**
 * themis_init_sender() - who says that he sent a message 1
 * @init: the message, which themis_init_check() has passed
 * @b: the node that it is for
 * @a: result: the id that the key in the message has in the node's network.
 *	Proven only by themis_init_verify()
 *
 * Return: THEMIS_N_NONE, or which check failed.
 */
enum themis_core_counter themis_init_sender(const struct themis_init *init,
					    const struct themis_self *b,
					    struct themis_id *a)
{
	if (init->netid_len != b->netid_len ||
	    memcmp(init->netid, b->netid, sizeof(b->netid)))
		return THEMIS_N_BAD_NETID;
	if (!memcmp(init->public_key, b->public_key, sizeof(b->public_key)))
		return THEMIS_N_BAD_SELF;
	themis_id_derive(a, b->netid, b->netid_len, init->public_key);
	return THEMIS_N_NONE;
}

/**
 * themis_init_verify() - check the signature of a message 1
 * @init: the message, which themis_init_sender() has passed
 * @b: the node that it is for
 *
 * Return: THEMIS_N_NONE or THEMIS_N_BAD_SIGNATURE.
 */
enum themis_core_counter themis_init_verify(const struct themis_init *init,
					    const struct themis_self *b)
{
	struct text text;

	init_text(&text, init, &b->id);
	if (crypto_sign_verify_detached(init->signature, text.b, text.len,
					init->public_key))
		return THEMIS_N_BAD_SIGNATURE;
	return THEMIS_N_NONE;
}

/*
 * Sig_B = Sign("themis resp v1" || bytes 4..79 ||
 *		u8 len(netid) || netid padded to 32 || N_A || A || d^a)
 */
static void resp_text(struct text *text, const struct themis_resp *resp,
		      const struct themis_init *init,
		      const struct themis_id *a)
{
	text->len = 0;
	text_add(text, LABEL_RESP, sizeof(LABEL_RESP) - 1);
	text_add(text, resp->head.index, RESP_SIGNED);
	text_add(text, &init->netid_len, 1);
	text_add(text, init->netid, sizeof(init->netid));
	text_add(text, init->nonce, sizeof(init->nonce));
	text_add(text, a->b, sizeof(a->b));
	text_add(text, init->share, sizeof(init->share));
}

/*
 * confirm_B = BLAKE2b-256(k_3; u8 2 || h)
 * confirm_A = BLAKE2b-256(k_4; u8 3 || N_A || h)
 */
static void confirm_hash(uint8_t confirm[32], const uint8_t master[32],
			 uint64_t subkey, uint8_t number, const uint8_t *nonce,
			 const uint8_t h[32])
{
	crypto_generichash_state state;
	uint8_t key[32];

	crypto_kdf_derive_from_key(key, sizeof(key), subkey, KDF_CONTEXT,
				   master);
	crypto_generichash_init(&state, key, sizeof(key), 32);
	hash_add(&state, &number, 1);
	if (nonce)
		hash_add(&state, nonce, 32);
	hash_add(&state, h, 32);
	crypto_generichash_final(&state, confirm, 32);

	sodium_memzero(key, sizeof(key));
	sodium_memzero(&state, sizeof(state));
}

/*
 * Both sides derive the same way: @secret is the own one, @share the other
 * side's, @b the responder's id. @psk may be NULL, which is 32 zero bytes.
 * @confirm_b is what message 2 has to carry.
 */
static enum themis_core_counter derive(struct themis_keys *keys,
				       uint8_t confirm_b[32],
				       const struct themis_init *init,
				       const struct themis_resp *resp,
				       const struct themis_id *b,
				       const uint8_t secret[32],
				       const uint8_t share[32],
				       const uint8_t psk[32])
{
	crypto_generichash_state state;
	uint8_t shared[32], master[32];
	uint8_t h[32];

	/* Refuses a share of low order, for which the result is zero. */
	if (crypto_scalarmult(shared, secret, share)) {
		sodium_memzero(shared, sizeof(shared));
		return THEMIS_N_BAD_SHARE;
	}

	crypto_generichash_init(&state, NULL, 0, sizeof(h));
	hash_add(&state, LABEL_HASH, sizeof(LABEL_HASH) - 1);
	hash_add(&state, init, INIT_PROBED);
	hash_add(&state, b->b, sizeof(b->b));
	hash_add(&state, resp, RESP_HASHED);
	crypto_generichash_final(&state, h, sizeof(h));

	crypto_generichash_init(&state, psk ? psk : no_psk, 32,
				sizeof(master));
	hash_add(&state, LABEL_KDF, sizeof(LABEL_KDF) - 1);
	hash_add(&state, shared, sizeof(shared));
	hash_add(&state, h, sizeof(h));
	crypto_generichash_final(&state, master, sizeof(master));

	crypto_kdf_derive_from_key(keys->k1, sizeof(keys->k1), 1, KDF_CONTEXT,
				   master);
	crypto_kdf_derive_from_key(keys->k2, sizeof(keys->k2), 2, KDF_CONTEXT,
				   master);
	confirm_hash(confirm_b, master, 3, 2, NULL, h);
	confirm_hash(keys->confirm, master, 4, 3, init->nonce, h);

	sodium_memzero(&state, sizeof(state));
	sodium_memzero(shared, sizeof(shared));
	sodium_memzero(master, sizeof(master));
	return THEMIS_N_NONE;
}

/**
 * themis_resp_build() - answer message 1 with message 2
 * @resp: result, all of it
 * @init: message 1, which themis_init_verify() has passed
 * @b: who we are
 * @a: who asked
 * @index: the index which we have chosen, not zero
 * @secret: fresh X25519 secret; the caller wipes it
 * @psk: shared with @a, or NULL
 * @keys: result
 *
 * Return: THEMIS_N_NONE, or THEMIS_N_BAD_SHARE and no secret in @keys.
 */
enum themis_core_counter
themis_resp_build(struct themis_resp *resp, const struct themis_init *init,
		  const struct themis_self *b, const struct themis_id *a,
		  uint32_t index, const uint8_t secret[32],
		  const uint8_t psk[32], struct themis_keys *keys)
{
	struct text text;

	head_put(&resp->head, THEMIS_PKT_RESP,
		 themis_wire_get32(init->sender));
	themis_wire_put32(resp->sender, index);
	resp->version = THEMIS_WIRE_VERSION;
	resp->suite = THEMIS_WIRE_SUITE;
	memset(resp->zero, 0, sizeof(resp->zero));
	memcpy(resp->public_key, b->public_key, sizeof(resp->public_key));
	crypto_scalarmult_base(resp->share, secret);

	resp_text(&text, resp, init, a);
	crypto_sign_detached(resp->signature, NULL, text.b, text.len,
			     b->secret_key);
	return derive(keys, resp->confirm, init, resp, &b->id, secret,
		      init->share, psk);
}

/**
 * themis_resp_check() - the form of a message 2
 * @resp: the message
 *
 * Return: THEMIS_N_NONE, or which check failed.
 */
enum themis_core_counter themis_resp_check(const struct themis_resp *resp)
{
	if (!head_valid(&resp->head, THEMIS_PKT_RESP) ||
	    sodium_is_zero(resp->sender, sizeof(resp->sender)) ||
	    !sodium_is_zero(resp->zero, sizeof(resp->zero)))
		return THEMIS_N_BAD_ZERO;
	return THEMIS_N_NONE;
}

/**
 * themis_resp_sender() - whether a message 2 says to be from whom we asked
 * @resp: the message, which themis_resp_check() has passed
 * @a: who we are
 * @b: whom we asked
 *
 * Return: THEMIS_N_NONE, or which check failed.
 */
enum themis_core_counter themis_resp_sender(const struct themis_resp *resp,
					    const struct themis_self *a,
					    const struct themis_id *b)
{
	struct themis_id id;

	if (resp->version != THEMIS_WIRE_VERSION)
		return THEMIS_N_BAD_VERSION;
	if (resp->suite != THEMIS_WIRE_SUITE)
		return THEMIS_N_BAD_SUITE;
	themis_id_derive(&id, a->netid, a->netid_len, resp->public_key);
	if (!themis_id_equal(&id, b))
		return THEMIS_N_BAD_PEER;
	return THEMIS_N_NONE;
}

/**
 * themis_resp_open() - check message 2 and derive the keys
 * @resp: the message, which themis_resp_sender() has passed
 * @init: the message 1 that it answers
 * @a: who we are
 * @b: whom we asked
 * @secret: the secret of the share in @init; the caller wipes it
 * @psk: shared with @b, or NULL
 * @keys: result
 *
 * Return: THEMIS_N_NONE, or which check failed and no secret in @keys.
 */
enum themis_core_counter
themis_resp_open(const struct themis_resp *resp,
		 const struct themis_init *init, const struct themis_self *a,
		 const struct themis_id *b, const uint8_t secret[32],
		 const uint8_t psk[32], struct themis_keys *keys)
{
	enum themis_core_counter err;
	uint8_t confirm[32];
	struct text text;

	resp_text(&text, resp, init, &a->id);
	if (crypto_sign_verify_detached(resp->signature, text.b, text.len,
					resp->public_key))
		return THEMIS_N_BAD_SIGNATURE;

	err = derive(keys, confirm, init, resp, b, secret, resp->share, psk);
	if (err)
		return err;

	if (sodium_memcmp(confirm, resp->confirm, sizeof(confirm))) {
		sodium_memzero(keys, sizeof(*keys));
		err = THEMIS_N_BAD_CONFIRM;
	}
	sodium_memzero(confirm, sizeof(confirm));
	return err;
}

/**
 * themis_confirm_build() - write message 3
 * @confirm: result, all of it
 * @index: the index which we have chosen
 * @peer_index: the responder's
 * @keys: of the agreement
 */
void themis_confirm_build(struct themis_confirm *confirm, uint32_t index,
			  uint32_t peer_index, const struct themis_keys *keys)
{
	head_put(&confirm->head, THEMIS_PKT_CONFIRM, peer_index);
	themis_wire_put32(confirm->sender, index);
	memset(confirm->zero, 0, sizeof(confirm->zero));
	memcpy(confirm->confirm, keys->confirm, sizeof(confirm->confirm));
}

/**
 * themis_confirm_open() - check message 3
 * @confirm: the message
 * @peer_index: the initiator's index, from message 1
 * @keys: of the agreement
 *
 * Return: THEMIS_N_NONE, or which check failed.
 */
enum themis_core_counter
themis_confirm_open(const struct themis_confirm *confirm, uint32_t peer_index,
		    const struct themis_keys *keys)
{
	if (!head_valid(&confirm->head, THEMIS_PKT_CONFIRM) ||
	    !sodium_is_zero(confirm->zero, sizeof(confirm->zero)))
		return THEMIS_N_BAD_ZERO;
	if (themis_wire_get32(confirm->sender) != peer_index)
		return THEMIS_N_BAD_INDEX;
	if (sodium_memcmp(confirm->confirm, keys->confirm,
			  sizeof(confirm->confirm)))
		return THEMIS_N_BAD_CONFIRM;
	return THEMIS_N_NONE;
}

/**
 * themis_cookie_make() - the cookie of an address
 * @cookie: result
 * @secret: s_1 and s_2, 16 bytes each
 * @address: IPv4 or IPv6 address and UDP port, in network byte order
 * @len: length of @address in bytes, 6 or 18
 *
 * cookie = SipHash-2-4(s_1; address || port) || SipHash-2-4(s_2; the same)
 */
void themis_cookie_make(uint8_t cookie[16], const uint8_t secret[32],
			const uint8_t *address, size_t len)
{
	crypto_shorthash(cookie, address, len, secret);
	crypto_shorthash(cookie + 8, address, len, secret + 16);
}

/**
 * themis_cookie_build() - ask the sender of a message 1 to prove its address
 * @packet: result, all of it
 * @init: the message 1
 * @cookie: of the address that @init came from
 */
void themis_cookie_build(struct themis_cookie *packet,
			 const struct themis_init *init,
			 const uint8_t cookie[16])
{
	head_put(&packet->head, THEMIS_PKT_COOKIE,
		 themis_wire_get32(init->sender));
	memcpy(packet->cookie, cookie, sizeof(packet->cookie));
}

/*
 * Sig_B = Sign("themis refuse v1" || bytes 4..47 || INIT bytes 0..207 || B)
 */
static void refuse_text(struct text *text, const struct themis_refuse *refuse,
			const struct themis_init *init,
			const struct themis_id *b)
{
	text->len = 0;
	text_add(text, LABEL_REFUSE, sizeof(LABEL_REFUSE) - 1);
	text_add(text, refuse->head.index, REFUSE_SIGNED);
	text_add(text, init, INIT_PROBED);
	text_add(text, b->b, sizeof(b->b));
}

/**
 * themis_refuse_build() - say no to message 1
 * @refuse: result, all of it
 * @init: message 1, which themis_init_verify() has passed; version and suite
 *	may be others than ours
 * @b: who we are
 * @reason: why
 */
void themis_refuse_build(struct themis_refuse *refuse,
			 const struct themis_init *init,
			 const struct themis_self *b,
			 enum themis_refusal reason)
{
	struct text text;

	head_put(&refuse->head, THEMIS_PKT_REFUSE,
		 themis_wire_get32(init->sender));
	refuse->version = THEMIS_WIRE_VERSION;
	refuse->suite = THEMIS_WIRE_SUITE;
	refuse->reason = reason;
	memset(refuse->zero, 0, sizeof(refuse->zero));
	memcpy(refuse->public_key, b->public_key, sizeof(refuse->public_key));
	refuse_text(&text, refuse, init, &b->id);
	crypto_sign_detached(refuse->signature, NULL, text.b, text.len,
			     b->secret_key);
}

/**
 * themis_refuse_check() - the form of a REFUSE, and whom it says to be from
 * @refuse: the message
 * @a: who we are
 * @b: whom we asked
 *
 * Return: THEMIS_N_NONE, or which check failed.
 */
enum themis_core_counter
themis_refuse_check(const struct themis_refuse *refuse,
		    const struct themis_self *a, const struct themis_id *b)
{
	struct themis_id id;

	if (!head_valid(&refuse->head, THEMIS_PKT_REFUSE) ||
	    !sodium_is_zero(refuse->zero, sizeof(refuse->zero)) ||
	    !refuse->reason)
		return THEMIS_N_BAD_ZERO;
	themis_id_derive(&id, a->netid, a->netid_len, refuse->public_key);
	if (!themis_id_equal(&id, b))
		return THEMIS_N_BAD_PEER;
	return THEMIS_N_NONE;
}

/**
 * themis_refuse_open() - check the signature of a REFUSE
 * @refuse: the message, which themis_refuse_check() has passed
 * @init: the message 1 that it answers
 * @b: whom we asked
 *
 * Return: THEMIS_N_NONE or THEMIS_N_BAD_SIGNATURE.
 */
enum themis_core_counter
themis_refuse_open(const struct themis_refuse *refuse,
		   const struct themis_init *init, const struct themis_id *b)
{
	struct text text;

	refuse_text(&text, refuse, init, b);
	if (crypto_sign_verify_detached(refuse->signature, text.b, text.len,
					refuse->public_key))
		return THEMIS_N_BAD_SIGNATURE;
	return THEMIS_N_NONE;
}
