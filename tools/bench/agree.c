// SPDX-License-Identifier: GPL-2.0
/*
 * Key agreements on one processor, both sides of each: the daemon's protocol
 * core, the bare cryptography that it must do, and a TLS 1.3 handshake of
 * OpenSSL's in which both sides have an Ed25519 certificate. All in memory,
 * without a network, in turn, so that what disturbs one disturbs all.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sodium.h>

#include "bench.h"
#include "core.h"
#include "wire.h"

#define ROUNDS		25
#define ROUND_NS	100000000.0	/* of each of the three */
#define LINK		7000
#define SECOND		1000000ULL

/* Processor time of this process, in ns. */
static double spent(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

/* ------------------------------------------------------------------ core */

/**
 * struct node - one side
 * @core: its protocol core
 * @id: who it is
 * @at: where it is
 * @keys: installed, the last one: what it sends and receives with
 * @confirmed: that key is proven
 */
struct node {
	struct themis_core	*core;
	struct themis_id	id;
	union themis_endpoint	at;
	struct themis_core_key	keys;
	bool			confirmed;
};

static struct node node[__SIDE_MAX];
static uint64_t now = SECOND;

static void fill_random(void *ctx, void *buf, size_t len)
{
	randombytes_buf(buf, len);
}

static int node_new(struct node *n, int side)
{
	const struct themis_core_config config = {
		.random		= fill_random,
		.max_peers	= 16,
		.max_pending	= 16,
	};
	uint8_t seed[32];
	int err;

	randombytes_buf(seed, sizeof(seed));
	n->core = themis_core_new(&config);
	if (!n->core)
		return bench_error(-ENOMEM, "", "cannot make a core");
	err = themis_core_node_add(n->core, seed, (const uint8_t *)"bench", 5,
				   LINK, &n->id);
	sodium_memzero(seed, sizeof(seed));
	n->at.in.sin_family = AF_INET;
	n->at.in.sin_port = htons(LINK);
	n->at.in.sin_addr.s_addr = htonl(0xc0000201 + side);
	return err ? bench_error(err, "", "cannot make a node") : 0;
}

static int core_setup(void)
{
	int side, err = 0;

	for (side = 0; side < __SIDE_MAX && !err; side++)
		err = node_new(&node[side], side);
	for (side = 0; side < __SIDE_MAX && !err; side++)
		err = themis_core_peer_add(node[side].core, now,
					   &node[side].id, &node[!side].id,
					   &node[!side].at, NULL);
	return err;
}

/* Carries out what the core of a side asks for; the other may answer. */
static void drain(int side)
{
	struct node *n = &node[side], *peer = &node[!side];
	struct themis_action *action;

	while ((action = themis_core_action(n->core))) {
		switch (action->type) {
		case THEMIS_ACT_SEND:
			themis_core_packet(peer->core, now, LINK, &n->at,
					   action->packet, action->len);
			drain(!side);
			break;
		case THEMIS_ACT_KEY:
			n->keys = action->key;
			n->confirmed = false;
			break;
		case THEMIS_ACT_CONFIRM:
			/* The responder's kernel sends something under it. */
			n->confirmed = true;
			peer->confirmed = true;
			themis_core_event(peer->core, now, &peer->id, &n->id,
					  THEMIS_EVENT_CONFIRMED, &peer->keys,
					  &n->at);
			drain(!side);
			break;
		default:
			break;
		}
		themis_core_action_done(n->core, action);
	}
}

static int core_agree(void)
{
	int side, begins = SIDE_A;

	themis_core_acquire(node[begins].core, now, &node[begins].id,
			    &node[!begins].id);
	drain(begins);
	if (!node[SIDE_A].confirmed || !node[SIDE_B].confirmed ||
	    memcmp(node[SIDE_A].keys.tx, node[SIDE_B].keys.rx, 32) ||
	    memcmp(node[SIDE_A].keys.rx, node[SIDE_B].keys.tx, 32))
		return bench_error(-EPROTO, "", "the cores do not agree");

	/* The session ends, and what waits for late copies goes. */
	now += 60 * SECOND;
	for (side = 0; side < __SIDE_MAX; side++) {
		themis_core_event(node[side].core, now, &node[side].id,
				  &node[!side].id, THEMIS_EVENT_DEL, NULL,
				  NULL);
		themis_core_timer(node[side].core, now);
		drain(side);
		sodium_memzero(&node[side].keys, sizeof(node[side].keys));
		node[side].confirmed = false;
	}
	return 0;
}

static void core_free(void)
{
	int side;

	for (side = 0; side < __SIDE_MAX; side++) {
		themis_core_free(node[side].core);
		node[side].core = NULL;
	}
}

/* ------------------------------------------------------------------ bare */

/* One side's long-term key and its fresh share. */
struct bare {
	uint8_t	public_key[32];
	uint8_t	secret_key[64];
	uint8_t	secret[32];
	uint8_t	share[32];
	uint8_t	shared[32];
};

static struct bare bare[__SIDE_MAX];

static int bare_setup(void)
{
	int side;

	for (side = 0; side < __SIDE_MAX; side++)
		crypto_sign_keypair(bare[side].public_key,
				    bare[side].secret_key);
	return 0;
}

static void hash(uint8_t out[32], const void *in, size_t len,
		 const uint8_t *key)
{
	crypto_generichash(out, 32, in, len, key, key ? 32 : 0);
}

/* What one side does once it has the other's share: sections "Keys". */
static int bare_keys(struct bare *self, const struct bare *peer,
		     const uint8_t *message)
{
	static const uint8_t psk[32];
	uint8_t h[32], master[32], key[4][32], proof[32];
	unsigned int i;

	if (crypto_scalarmult(self->shared, self->secret, peer->share))
		return -EINVAL;
	/* The peer's id, the transcript, K, k_1 to k_4 and both proofs. */
	hash(h, message, 64, NULL);
	hash(h, message, 404, NULL);
	hash(master, message, 76, psk);
	for (i = 0; i < 4; i++)
		crypto_kdf_derive_from_key(key[i], 32, i + 1, "themisv1",
					   master);
	hash(proof, message, 33, key[2]);
	hash(proof, message, 65, key[3]);
	return 0;
}

/* Two shares, two signatures made and checked, two results, and the hashes. */
static int bare_agree(void)
{
	static uint8_t message[512];
	struct bare *a = &bare[SIDE_A], *b = &bare[SIDE_B];
	uint8_t signature[64], probe[8], nonce[32];
	int err;

	randombytes_buf(a->secret, 32);
	randombytes_buf(nonce, 32);
	crypto_scalarmult_base(a->share, a->secret);
	crypto_sign_detached(signature, NULL, message, 182, a->secret_key);
	crypto_shorthash(probe, message, 208, nonce);

	crypto_shorthash(probe, message, 208, nonce);
	err = crypto_sign_verify_detached(signature, message, 182,
					  a->public_key);
	randombytes_buf(b->secret, 32);
	crypto_scalarmult_base(b->share, b->secret);
	crypto_sign_detached(signature, NULL, message, 219, b->secret_key);
	err |= bare_keys(b, a, message);

	err |= crypto_sign_verify_detached(signature, message, 219,
					   b->public_key);
	err |= bare_keys(a, b, message);
	if (err || memcmp(a->shared, b->shared, 32))
		return bench_error(-EPROTO, "", "bare calls do not agree");
	return 0;
}

/* ------------------------------------------------------------------- TLS */

static struct ssl_ctx_st *context[__SIDE_MAX];

static int tls_error(const char *what)
{
	ERR_print_errors_fp(stderr);
	return bench_error(-EPROTO, "Read the message above.", "%s", what);
}

static X509 *certificate(EVP_PKEY *key, const char *name)
{
	X509 *cert = X509_new();
	X509_NAME *subject;

	if (!cert)
		return NULL;
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -86400);
	X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
	subject = X509_get_subject_name(cert);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
				   (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(cert, subject);
	X509_set_pubkey(cert, key);
	if (!X509_sign(cert, key, NULL)) {
		X509_free(cert);
		return NULL;
	}
	return cert;
}

/* Both sides of the same kind: X25519, ChaCha20-Poly1305, no tickets. */
static int tls_context(int side, X509 *cert, EVP_PKEY *key)
{
	SSL_CTX *ctx = SSL_CTX_new(side == SIDE_A ? TLS_client_method() :
						    TLS_server_method());

	context[side] = ctx;
	if (!ctx || !SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) ||
	    !SSL_CTX_set_ciphersuites(ctx, "TLS_CHACHA20_POLY1305_SHA256") ||
	    !SSL_CTX_set1_groups_list(ctx, "X25519") ||
	    !SSL_CTX_set1_sigalgs_list(ctx, "ed25519") ||
	    !SSL_CTX_use_certificate(ctx, cert) ||
	    !SSL_CTX_use_PrivateKey(ctx, key))
		return tls_error("OpenSSL does not take the settings");
	SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER |
			   SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	return 0;
}

static int tls_setup(void)
{
	EVP_PKEY *key[__SIDE_MAX];
	X509 *cert[__SIDE_MAX] = { NULL };
	int side, err = 0;

	for (side = 0; side < __SIDE_MAX; side++) {
		key[side] = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
		if (key[side])
			cert[side] = certificate(key[side], side ? "b" : "a");
		if (!cert[side])
			err = tls_error("OpenSSL makes no certificate");
	}
	for (side = 0; side < __SIDE_MAX && !err; side++)
		err = tls_context(side, cert[side], key[side]);
	/* Each trusts just the other. */
	for (side = 0; side < __SIDE_MAX && !err; side++)
		if (!X509_STORE_add_cert(SSL_CTX_get_cert_store(context[side]),
					 cert[!side]))
			err = tls_error("OpenSSL does not take a certificate");
	for (side = 0; side < __SIDE_MAX; side++) {
		X509_free(cert[side]);
		EVP_PKEY_free(key[side]);
	}
	return err;
}

static int tls_shake(SSL *a, SSL *b)
{
	SSL *ssl[__SIDE_MAX] = { a, b };
	int tries, side, n;

	for (tries = 0; tries < 10; tries++) {
		for (side = 0; side < __SIDE_MAX; side++) {
			n = SSL_do_handshake(ssl[side]);
			if (n <= 0 && SSL_get_error(ssl[side], n) !=
			    SSL_ERROR_WANT_READ)
				return tls_error("the handshake fails");
		}
		if (SSL_is_init_finished(a) && SSL_is_init_finished(b))
			return 0;
	}
	return tls_error("the handshake does not end");
}

static int tls_agree(void)
{
	SSL *a = SSL_new(context[SIDE_A]), *b = SSL_new(context[SIDE_B]);
	BIO *to_a = NULL, *to_b = NULL;
	int err;

	if (!a || !b || !BIO_new_bio_pair(&to_a, 0, &to_b, 0)) {
		err = tls_error("no memory");
		goto out;
	}
	SSL_set_bio(a, to_a, to_a);
	SSL_set_bio(b, to_b, to_b);
	SSL_set_connect_state(a);
	SSL_set_accept_state(b);
	err = tls_shake(a, b);
	if (!err && (SSL_get_verify_result(a) != X509_V_OK ||
		     SSL_get_verify_result(b) != X509_V_OK ||
		     SSL_version(a) != TLS1_3_VERSION))
		err = tls_error("the handshake is not what it should be");
out:
	SSL_free(a);
	SSL_free(b);
	return err;
}

static void tls_free(void)
{
	int side;

	for (side = 0; side < __SIDE_MAX; side++) {
		SSL_CTX_free(context[side]);
		context[side] = NULL;
	}
}

/* ------------------------------------------------------------------- all */

/**
 * struct way - a way to agree
 * @name: in the results
 * @setup: make it ready
 * @agree: once, both sides
 * @free: undo @setup; may be NULL
 */
struct way {
	const char	*name;
	int		(*setup)(void);
	int		(*agree)(void);
	void		(*free)(void);
};

static const struct way ways[AGREE_WAYS] = {
	{ "core", core_setup, core_agree, core_free },
	{ "bare", bare_setup, bare_agree, NULL },
	{ "tls", tls_setup, tls_agree, tls_free },
};

/* For as long as a round takes: ns of processor time for each agreement. */
static int one_round(const struct way *way, double *ns)
{
	double start = spent(), took;
	unsigned int n = 0;
	int err;

	do {
		err = way->agree();
		took = spent() - start;
		n++;
	} while (!err && took < ROUND_NS);
	*ns = took / n;
	return err;
}

/**
 * agree_name() - name of a way to agree
 * @way: less than AGREE_WAYS
 *
 * Return: constant text.
 */
const char *agree_name(unsigned int way)
{
	return ways[way].name;
}

/**
 * agree_measure() - what an agreement costs, both sides together
 * @result: of each way, ns of processor time
 * @ratio: of each way to the core, from the same round each
 */
int agree_measure(struct bench_result result[AGREE_WAYS],
		  struct bench_result ratio[AGREE_WAYS])
{
	double ns[AGREE_WAYS][ROUNDS], to_core[AGREE_WAYS][ROUNDS];
	unsigned int w, i;
	int err = 0;

	if (sodium_init() < 0)
		return bench_error(-EIO, "", "libsodium does not start");
	for (w = 0; w < AGREE_WAYS && !err; w++) {
		err = ways[w].setup();
		if (!err)
			err = one_round(&ways[w], &ns[w][0]);
	}
	for (i = 0; i < ROUNDS && !err; i++) {
		for (w = 0; w < AGREE_WAYS && !err; w++)
			err = one_round(&ways[w], &ns[w][i]);
		for (w = 0; w < AGREE_WAYS; w++)
			to_core[w][i] = ns[w][i] / ns[0][i];
	}
	for (w = 0; w < AGREE_WAYS; w++)
		if (ways[w].free)
			ways[w].free();
	for (w = 0; w < AGREE_WAYS && !err; w++) {
		bench_result(&result[w], ns[w], ROUNDS);
		bench_result(&ratio[w], to_core[w], ROUNDS);
	}
	return err;
}
