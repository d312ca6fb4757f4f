// SPDX-License-Identifier: GPL-2.0
/* DTLS 1.2 in user space by OpenSSL, ChaCha20-Poly1305, a pre-shared key. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sodium.h>
#include <string.h>
#include <sys/socket.h>

#include "bench.h"

#define KEY_BYTES	32
#define RECORD_MAX	SSL3_RT_MAX_PLAIN_LENGTH
#define MTU		1400	/* of the handshake */

static unsigned char key[KEY_BYTES];
static SSL_CTX *context;

static unsigned int client_key(SSL *ssl, const char *hint, char *identity,
			       unsigned int max_identity, unsigned char *psk,
			       unsigned int max_psk)
{
	strncpy(identity, "bench", max_identity);
	memcpy(psk, key, sizeof(key));
	return sizeof(key);
}

static unsigned int server_key(SSL *ssl, const char *identity,
			       unsigned char *psk, unsigned int max_psk)
{
	memcpy(psk, key, sizeof(key));
	return sizeof(key);
}

static int ssl_error(const char *what)
{
	ERR_print_errors_fp(stderr);
	return bench_error(-EPROTO, "Read the message above.", "%s", what);
}

static int dtls_setup(void)
{
	randombytes_buf(key, sizeof(key));
	context = SSL_CTX_new(DTLS_method());
	if (!context ||
	    !SSL_CTX_set_cipher_list(context, "PSK-CHACHA20-POLY1305"))
		return ssl_error("OpenSSL has no PSK-CHACHA20-POLY1305");
	SSL_CTX_set_psk_client_callback(context, client_key);
	SSL_CTX_set_psk_server_callback(context, server_key);
	return 0;
}

static void dtls_free(void)
{
	SSL_CTX_free(context);
	context = NULL;
	sodium_memzero(key, sizeof(key));
}

/* A record has at most 16 KiB: a larger message is several. */
static int dtls_send(struct bench_end *end, const void *buf, size_t len)
{
	const char *at = buf;
	int n;

	while (len) {
		n = SSL_write(end->state, at,
			      len > RECORD_MAX ? RECORD_MAX : len);
		if (n <= 0)
			return -EIO;
		at += n;
		len -= n;
	}
	return 0;
}

static int dtls_recv(struct bench_end *end, void *buf, size_t len)
{
	char *at = buf;
	int n;

	while (len) {
		n = SSL_read(end->state, at, len);
		if (n <= 0)
			return -EAGAIN;
		at += n;
		len -= n;
	}
	return 0;
}

static int blocking(struct bench_pair *pair, bool on)
{
	int side, flags;

	for (side = 0; side < __SIDE_MAX; side++) {
		flags = fcntl(pair->end[side].fd, F_GETFL);
		flags = on ? flags & ~O_NONBLOCK : flags | O_NONBLOCK;
		if (fcntl(pair->end[side].fd, F_SETFL, flags))
			return -errno;
	}
	return 0;
}

/* One process plays both: each goes on until it would have to wait. */
static int agree(struct bench_pair *pair)
{
	SSL *ssl[__SIDE_MAX] = { pair->end[SIDE_A].state,
				 pair->end[SIDE_B].state };
	int tries, side, n;

	for (tries = 0; tries < 100; tries++) {
		for (side = 0; side < __SIDE_MAX; side++) {
			n = SSL_do_handshake(ssl[side]);
			if (n <= 0 &&
			    SSL_get_error(ssl[side], n) != SSL_ERROR_WANT_READ)
				return ssl_error("the handshake fails");
		}
		if (SSL_is_init_finished(ssl[SIDE_A]) &&
		    SSL_is_init_finished(ssl[SIDE_B]))
			return 0;
	}
	return ssl_error("the handshake does not end");
}

static int dtls_end(struct bench_end *end, enum bench_side side)
{
	struct sockaddr_in to = {};
	socklen_t len = sizeof(to);
	BIO_ADDR *peer;
	SSL *ssl;
	BIO *bio;

	ssl = SSL_new(context);
	bio = BIO_new_dgram(end->fd, BIO_NOCLOSE);
	peer = BIO_ADDR_new();
	if (!ssl || !bio || !peer)
		return ssl_error("no memory");
	if (getpeername(end->fd, (struct sockaddr *)&to, &len))
		return bench_error(-errno, "", "a socket has no peer");
	BIO_ADDR_rawmake(peer, AF_INET, &to.sin_addr, sizeof(to.sin_addr),
			 to.sin_port);
	BIO_ctrl_set_connected(bio, peer);
	BIO_ADDR_free(peer);
	SSL_set_bio(ssl, bio, bio);
	SSL_set_options(ssl, SSL_OP_NO_QUERY_MTU);
	SSL_set_mtu(ssl, MTU);
	if (side == SIDE_A)
		SSL_set_connect_state(ssl);
	else
		SSL_set_accept_state(ssl);
	end->state = ssl;
	end->send = dtls_send;
	end->recv = dtls_recv;
	return 0;
}

static int dtls_open(struct bench_pair *pair)
{
	int err;

	err = sock_udp_pair(pair, BENCH_A, BENCH_B);
	if (!err)
		err = dtls_end(&pair->end[SIDE_A], SIDE_A);
	if (!err)
		err = dtls_end(&pair->end[SIDE_B], SIDE_B);
	if (!err)
		err = blocking(pair, false);
	if (!err)
		err = agree(pair);
	if (!err)
		err = blocking(pair, true);
	return err;
}

static void dtls_close(struct bench_pair *pair)
{
	int side;

	for (side = 0; side < __SIDE_MAX; side++) {
		SSL_free(pair->end[side].state);
		pair->end[side].state = NULL;
	}
}

const struct bench_path path_dtls = {
	.name	= "dtls",
	.setup	= dtls_setup,
	.open	= dtls_open,
	.close	= dtls_close,
	.free	= dtls_free,
};
