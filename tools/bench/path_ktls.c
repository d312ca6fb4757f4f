// SPDX-License-Identifier: GPL-2.0
/* TCP with the kernel's TLS 1.3, ChaCha20-Poly1305, keys set directly. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sodium.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/tls.h>

#include "bench.h"

#define PORT	9001

static int tls_key(struct bench_pair *pair, enum bench_side from)
{
	struct tls12_crypto_info_chacha20_poly1305 info = {
		.info.version		= TLS_1_3_VERSION,
		.info.cipher_type	= TLS_CIPHER_CHACHA20_POLY1305,
	};
	int err = 0;

	randombytes_buf(info.key, sizeof(info.key));
	randombytes_buf(info.iv, sizeof(info.iv));
	if (setsockopt(pair->end[from].fd, SOL_TLS, TLS_TX, &info,
		       sizeof(info)) ||
	    setsockopt(pair->end[!from].fd, SOL_TLS, TLS_RX, &info,
		       sizeof(info)))
		err = bench_error(-errno, "", "cannot set a key of TLS");
	sodium_memzero(&info, sizeof(info));
	return err;
}

static int tls_on(struct bench_pair *pair)
{
	int side, fd, on = 1;
	int err;

	for (side = 0; side < __SIDE_MAX; side++) {
		fd = pair->end[side].fd;
		pair->end[side].send = sock_send_stream;
		pair->end[side].recv = sock_recv_stream;
		if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) ||
		    setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", sizeof("tls")))
			return bench_error(-errno, "", "cannot turn TLS on");
	}
	err = tls_key(pair, SIDE_A);
	if (!err)
		err = tls_key(pair, SIDE_B);
	/* Nobody pads here: spare the receiver a copy. */
	for (side = 0; side < __SIDE_MAX && !err; side++)
		if (setsockopt(pair->end[side].fd, SOL_TLS,
			       TLS_RX_EXPECT_NO_PAD, &on, sizeof(on)))
			err = bench_error(-errno, "", "cannot set up TLS");
	return err;
}

static int ktls_open(struct bench_pair *pair)
{
	int listener, on = 1;
	int err;

	listener = sock_open(SIDE_B, AF_INET, SOCK_STREAM, 0);
	if (listener < 0)
		return listener;
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	err = sock_bind(listener, BENCH_B, PORT);
	if (!err && listen(listener, 1))
		err = bench_error(-errno, "", "cannot listen");
	if (err)
		goto out;
	err = sock_open(SIDE_A, AF_INET, SOCK_STREAM, 0);
	if (err < 0)
		goto out;
	pair->end[SIDE_A].fd = err;
	err = sock_connect(pair->end[SIDE_A].fd, BENCH_B, PORT);
	if (err)
		goto out;
	pair->end[SIDE_B].fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (pair->end[SIDE_B].fd < 0)
		err = bench_error(-errno, "", "cannot accept");
	if (!err)
		err = sock_buffers(pair->end[SIDE_B].fd);
	if (!err)
		err = tls_on(pair);
out:
	close(listener);
	return err;
}

const struct bench_path path_ktls = {
	.name		= "ktls",
	.modules	= "tls chacha20poly1305",
	.open		= ktls_open,
};
