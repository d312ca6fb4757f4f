// SPDX-License-Identifier: GPL-2.0
/*
 * The messages of the key agreement, against answers that were computed from
 * the text of the protocol by another program.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include <sodium.h>

#include "core_vectors.h"
#include "handshake.h"

/* One agreement of the vectors: both sides and everything between them. */
struct run {
	const char		*v;
	struct themis_self	a, b;
	uint8_t			key_a[64], key_b[64];
	uint8_t			secret_a[32], secret_b[32];
	uint8_t			nonce[32], psk[32];
	uint32_t		index_a, index_b;
	struct themis_init	init;
	struct themis_resp	resp;
	struct themis_confirm	confirm;
	struct themis_keys	keys;
};

static void load_self(struct themis_self *self, const char *v,
		      const char *seed_name, uint8_t key[64])
{
	uint8_t seed[32];

	self->netid_len = vectors_hex(v, "netid", self->netid,
				      sizeof(self->netid));
	vectors_get(v, seed_name, seed, sizeof(seed));
	crypto_sign_seed_keypair(self->public_key, key, seed);
	self->secret_key = key;
	themis_id_derive(&self->id, self->netid, self->netid_len,
			 self->public_key);
}

static void load(struct run *r, const char *v)
{
	uint8_t b[4];

	memset(r, 0, sizeof(*r));
	r->v = v;
	load_self(&r->a, v, "seed_a", r->key_a);
	load_self(&r->b, v, "seed_b", r->key_b);
	vectors_get(v, "secret_a", r->secret_a, 32);
	vectors_get(v, "secret_b", r->secret_b, 32);
	vectors_get(v, "nonce_a", r->nonce, 32);
	vectors_get(v, "psk", r->psk, 32);
	vectors_get(v, "index_a", b, 4);
	r->index_a = themis_wire_get32(b);
	vectors_get(v, "index_b", b, 4);
	r->index_b = themis_wire_get32(b);
}

/* All three messages of the first agreement. */
static void load_first(struct run *r)
{
	load(r, vectors_next(vectors_load(), NULL, "init"));
	themis_init_build(&r->init, &r->a, &r->b.id, r->index_a, r->secret_a,
			  r->nonce);
	assert_int_equal(0, themis_resp_build(&r->resp, &r->init, &r->b,
					      &r->a.id, r->index_b,
					      r->secret_b, r->psk, &r->keys));
	themis_confirm_build(&r->confirm, r->index_a, r->index_b, &r->keys);
}

static void equals(const char *v, const char *field, const void *got,
		   size_t len)
{
	uint8_t want[256];

	vectors_get(v, field, want, len);
	assert_memory_equal(got, want, len);
}

static enum themis_core_counter open_init(const struct run *r,
					  const struct themis_init *init)
{
	enum themis_core_counter err;
	struct themis_id a;

	err = themis_init_check(init);
	if (err)
		return err;
	if (!themis_init_probe(init, &r->b.id))
		return THEMIS_N_BAD_PROBE;
	err = themis_init_sender(init, &r->b, &a);
	if (err)
		return err;
	err = themis_init_verify(init, &r->b);
	if (!err)
		assert_true(themis_id_equal(&a, &r->a.id));
	return err;
}

static enum themis_core_counter open_resp(const struct run *r,
					  const struct themis_resp *resp,
					  struct themis_keys *keys)
{
	enum themis_core_counter err;

	err = themis_resp_check(resp);
	if (err)
		return err;
	err = themis_resp_sender(resp, &r->a, &r->b.id);
	if (err)
		return err;
	return themis_resp_open(resp, &r->init, &r->a, &r->b.id, r->secret_a,
				r->psk, keys);
}

static void matches_vectors(void **state)
{
	const char *json = vectors_load(), *v = NULL;
	struct themis_keys keys;
	unsigned int n = 0;
	struct run r;

	while ((v = vectors_next(json, v, "init"))) {
		load(&r, v);
		equals(v, "public_a", r.a.public_key, 32);
		equals(v, "id_b", r.b.id.b, 32);

		themis_init_build(&r.init, &r.a, &r.b.id, r.index_a,
				  r.secret_a, r.nonce);
		vectors_get(v, "cookie", r.init.cookie, 16);
		equals(v, "share_a", r.init.share, 32);
		equals(v, "init", &r.init, sizeof(r.init));
		assert_int_equal(0, open_init(&r, &r.init));

		assert_int_equal(0, themis_resp_build(&r.resp, &r.init, &r.b,
						      &r.a.id, r.index_b,
						      r.secret_b, r.psk,
						      &r.keys));
		equals(v, "resp", &r.resp, sizeof(r.resp));
		equals(v, "confirm_b", r.resp.confirm, 32);
		equals(v, "k1", r.keys.k1, 32);
		equals(v, "k2", r.keys.k2, 32);
		equals(v, "confirm_a", r.keys.confirm, 32);

		assert_int_equal(0, open_resp(&r, &r.resp, &keys));
		assert_memory_equal(&keys, &r.keys, sizeof(keys));

		themis_confirm_build(&r.confirm, r.index_a, r.index_b, &keys);
		equals(v, "confirm", &r.confirm, sizeof(r.confirm));
		assert_int_equal(0, themis_confirm_open(&r.confirm, r.index_a,
							&r.keys));
		n++;
	}
	assert_int_equal(n, 4);
}

static void cookies_match_vectors(void **state)
{
	const char *json = vectors_load(), *v = NULL;
	uint8_t secret[32], address[18], cookie[16];
	struct themis_init init = { 0 };
	struct themis_cookie packet;
	unsigned int n = 0;
	size_t len;

	themis_wire_put32(init.sender, 0x01020304);
	while ((v = vectors_next(json, v, "address"))) {
		vectors_get(v, "secret", secret, sizeof(secret));
		len = vectors_hex(v, "address", address, sizeof(address));
		themis_cookie_make(cookie, secret, address, len);
		equals(v, "cookie", cookie, sizeof(cookie));
		themis_cookie_build(&packet, &init, cookie);
		equals(v, "packet", &packet, sizeof(packet));
		n++;
	}
	assert_int_equal(n, 2);
}

/*
 * Sealed messages are the kernel's; what the vectors say of them is at least
 * what libsodium makes of the text.
 */
static void sealed_match_vectors(void **state)
{
	const char *json = vectors_load(), *v = NULL;
	uint8_t key[32], nonce[12], text[128], packet[160], out[160];
	unsigned long long sealed;
	unsigned int n = 0;
	size_t len;
	int i;

	while ((v = vectors_next(json, v, "plaintext"))) {
		vectors_get(v, "key", key, sizeof(key));
		len = vectors_hex(v, "plaintext", text, sizeof(text));
		vectors_get(v, "packet", packet, 16 + len + 16);
		assert_int_equal(packet[0], THEMIS_PKT_DATA);
		/* The sequence, the other way round. */
		memset(nonce, 0, sizeof(nonce));
		for (i = 0; i < 8; i++)
			nonce[4 + i] = packet[15 - i];
		crypto_aead_chacha20poly1305_ietf_encrypt(out, &sealed, text,
							  len, packet, 16, NULL,
							  nonce, key);
		assert_int_equal(sealed, len + 16);
		assert_memory_equal(out, packet + 16, sealed);
		n++;
	}
	assert_int_equal(n, 5);
}

/* Every bit of every message counts; only the cookie is not covered. */
static void every_bit_counts(void **state)
{
	struct themis_confirm confirm;
	struct themis_init init;
	struct themis_resp resp;
	struct themis_keys keys;
	struct run r;
	size_t i;

	load_first(&r);
	for (i = 0; i < 8 * offsetof(struct themis_init, cookie); i++) {
		init = r.init;
		((uint8_t *)&init)[i / 8] ^= 1 << i % 8;
		assert_int_not_equal(0, open_init(&r, &init));
	}
	for (i = 0; i < 8 * sizeof(resp); i++) {
		/* The index is compared by who looks the agreement up. */
		resp = r.resp;
		((uint8_t *)&resp)[i / 8] ^= 1 << i % 8;
		memset(&keys, 0x5a, sizeof(keys));
		assert_int_not_equal(0, open_resp(&r, &resp, &keys));
	}
	for (i = 0; i < 8 * sizeof(confirm); i++) {
		if (i / 8 >= 4 && i / 8 < 8)
			continue;
		confirm = r.confirm;
		((uint8_t *)&confirm)[i / 8] ^= 1 << i % 8;
		assert_int_not_equal(0, themis_confirm_open(&confirm,
							    r.index_a,
							    &r.keys));
	}
}

/* What a message is refused for, where only one thing is wrong with it. */
static void init_errors(void **state)
{
	struct themis_init init;
	struct themis_self b;
	struct themis_id id;
	struct run r;

	load_first(&r);
#define CHECK(field, value, error)					\
	do {								\
		init = r.init;						\
		init.field = (value);					\
		assert_int_equal(themis_init_check(&init), error);	\
	} while (0)
	CHECK(head.type, 0, THEMIS_N_BAD_TYPE);
	CHECK(head.zero[0], 1, THEMIS_N_BAD_ZERO);
	CHECK(head.zero[1], 1, THEMIS_N_BAD_ZERO);
	CHECK(head.zero[2], 1, THEMIS_N_BAD_ZERO);
	CHECK(zero, 1, THEMIS_N_BAD_ZERO);
	CHECK(version, 0, THEMIS_N_BAD_VERSION);
	CHECK(version, 2, THEMIS_N_BAD_VERSION);
	CHECK(suite, 0, THEMIS_N_BAD_SUITE);
	CHECK(suite, 2, THEMIS_N_BAD_SUITE);
	CHECK(netid_len, 0, THEMIS_N_BAD_NETID);
	CHECK(netid_len, 33, THEMIS_N_BAD_NETID);
	CHECK(netid_len, 3, THEMIS_N_BAD_NETID);
	CHECK(netid[31], 1, THEMIS_N_BAD_NETID);
#undef CHECK
	init = r.init;
	memset(init.sender, 0, sizeof(init.sender));
	assert_int_equal(themis_init_check(&init), THEMIS_N_BAD_ZERO);

	/* Another netid, correctly padded; a longer one with zeros in it. */
	init = r.init;
	init.netid[0] ^= 1;
	assert_int_equal(themis_init_check(&init), 0);
	assert_int_equal(themis_init_sender(&init, &r.b, &id),
			 THEMIS_N_BAD_NETID);
	init = r.init;
	init.netid_len++;
	assert_int_equal(themis_init_check(&init), 0);
	assert_int_equal(themis_init_sender(&init, &r.b, &id),
			 THEMIS_N_BAD_NETID);

	init = r.init;
	memcpy(init.public_key, r.b.public_key, 32);
	assert_int_equal(themis_init_sender(&init, &r.b, &id),
			 THEMIS_N_BAD_SELF);

	/* The signature names B: nobody else can use it. */
	b = r.b;
	b.id.b[31] ^= 1;
	assert_int_equal(themis_init_verify(&r.init, &b),
			 THEMIS_N_BAD_SIGNATURE);
	assert_int_equal(themis_init_verify(&r.init, &r.b), 0);
}

/* The points of small order, in all their encodings below 2^255. */
static const char * const low_order[] = {
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
	"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

static void low_order_shares(void **state)
{
	struct themis_keys keys, zero = { 0 };
	struct themis_init init;
	struct themis_resp resp;
	uint8_t text[256];
	struct run r;
	size_t i, n;

	load_first(&r);
	for (i = 0; i < sizeof(low_order) / sizeof(*low_order); i++) {
		/* Signed by A itself, so that nothing else is wrong. */
		init = r.init;
		sodium_hex2bin(init.share, 32, low_order[i], 64, NULL, NULL,
			       NULL);
		memset(&keys, 0, sizeof(keys));
		assert_int_equal(themis_resp_build(&resp, &init, &r.b,
						   &r.a.id, r.index_b,
						   r.secret_b, r.psk, &keys),
				 THEMIS_N_BAD_SHARE);
		assert_memory_equal(&keys, &zero, sizeof(keys));

		/* And by B itself. */
		resp = r.resp;
		sodium_hex2bin(resp.share, 32, low_order[i], 64, NULL, NULL,
			       NULL);
		memcpy(text, "themis resp v1", 14);
		memcpy(text + 14, (uint8_t *)&resp + 4, 76);
		n = 14 + 76;
		text[n++] = r.a.netid_len;
		memcpy(text + n, r.a.netid, 32);
		memcpy(text + n + 32, r.nonce, 32);
		memcpy(text + n + 64, r.a.id.b, 32);
		memcpy(text + n + 96, r.init.share, 32);
		n += 128;
		crypto_sign_detached(resp.signature, NULL, text, n, r.key_b);
		assert_int_equal(open_resp(&r, &resp, &keys),
				 THEMIS_N_BAD_SHARE);
		assert_memory_equal(&keys, &zero, sizeof(keys));
	}
}

static void psk_counts(void **state)
{
	static const uint8_t none[32];
	struct themis_keys keys, zero = { 0 };
	struct themis_resp resp;
	struct run r;

	load_first(&r);
	memset(&keys, 0, sizeof(keys));
	memset(r.psk, 7, sizeof(r.psk));
	assert_int_equal(open_resp(&r, &r.resp, &keys), THEMIS_N_BAD_CONFIRM);
	assert_memory_equal(&keys, &zero, sizeof(keys));

	/* No psk is the psk of 32 zero bytes. */
	assert_int_equal(0, themis_resp_build(&resp, &r.init, &r.b, &r.a.id,
					      r.index_b, r.secret_b, NULL,
					      &keys));
	memcpy(r.psk, none, sizeof(none));
	assert_int_equal(0, open_resp(&r, &resp, &keys));
}

/* Message 2 is bound to what A said, not only to what it says itself. */
static void resp_is_bound(void **state)
{
	struct themis_keys keys;
	struct run r, other;

	load_first(&r);
	other = r;
	other.init.nonce[0] ^= 1;
	assert_int_equal(open_resp(&other, &r.resp, &keys),
			 THEMIS_N_BAD_SIGNATURE);
	other = r;
	other.init.share[0] ^= 1;
	assert_int_equal(open_resp(&other, &r.resp, &keys),
			 THEMIS_N_BAD_SIGNATURE);
	other = r;
	other.a.id.b[0] ^= 1;
	assert_int_equal(open_resp(&other, &r.resp, &keys),
			 THEMIS_N_BAD_SIGNATURE);
	other = r;
	other.b.id.b[0] ^= 1;
	assert_int_equal(open_resp(&other, &r.resp, &keys), THEMIS_N_BAD_PEER);

	/* Signed, but not what A's probe or signature was: the transcript. */
	other = r;
	other.init.probe[0] ^= 1;
	assert_int_equal(open_resp(&other, &r.resp, &keys), 0);
	other.init.signature[0] ^= 1;
	assert_int_equal(open_resp(&other, &r.resp, &keys),
			 THEMIS_N_BAD_CONFIRM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matches_vectors),
		cmocka_unit_test(cookies_match_vectors),
		cmocka_unit_test(sealed_match_vectors),
		cmocka_unit_test(every_bit_counts),
		cmocka_unit_test(init_errors),
		cmocka_unit_test(low_order_shares),
		cmocka_unit_test(psk_counts),
		cmocka_unit_test(resp_is_bound),
	};

	if (sodium_init() < 0)
		return 1;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
