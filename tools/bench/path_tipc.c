// SPDX-License-Identifier: GPL-2.0
/* TIPC with its encryption (AES-GCM, it knows no other) over Ethernet. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/tipc.h>

#include "bench.h"

#define SERVICE		18888
#define WINDOW		(64 << 10)	/* what a connection lets out */
#define LINK_WAIT_S	3
#define KEY_WAIT_S	15
#define KEY_BYTES	20	/* AES-128 and a salt of four */
#define TRIES		100
#define TRY_MS		100

/*
 * TIPC notices that two namespaces are on the same machine, and then hands
 * messages over without encryption and without the wire. What tells it is a
 * word of its discovery messages (user 13): wipe that while it is legible, and
 * drop those that come later, encrypted (version 7).
 */
#define DISGUISE \
	"qdisc add dev veth clsact\n" \
	"filter add dev veth egress protocol 0x88ca u32 " \
	"match u32 0x5a000000 0xfe000000 at 0 " \
	"action pedit munge offset 52 u32 set 0\n" \
	"filter add dev veth egress protocol 0x88ca u32 " \
	"match u32 0xfa000000 0xfe000000 at 0 action drop\n"

static int tipc_side(enum bench_side side)
{
	const char *const tc[] = { "tc", "-batch", "-", NULL };
	const char *const id[] = { "tipc", "node", "set", "identity",
				   side == SIDE_A ? "bencha" : "benchb", NULL };
	const char *const bearer[] = { "tipc", "bearer", "enable", "media",
				       "eth", "device", "veth", NULL };
	int err;

	err = world_exec(side, DISGUISE, tc);
	if (!err)
		err = world_exec(side, NULL, id);
	if (!err)
		err = world_exec(side, NULL, bearer);
	return err;
}

/*
 * The tool takes the key as an argument and no other way. It is a key of
 * nothing: it dies with the namespaces.
 */
static int tipc_key(void)
{
	unsigned char key[KEY_BYTES];
	char text[2 + 2 * KEY_BYTES + 1] = "0x";
	const char *const argv[] = { "tipc", "node", "set", "key", text, NULL };
	int err;

	randombytes_buf(key, sizeof(key));
	sodium_bin2hex(text + 2, sizeof(text) - 2, key, sizeof(key));
	err = world_exec(SIDE_A, NULL, argv);
	if (!err)
		err = world_exec(SIDE_B, NULL, argv);
	sodium_memzero(key, sizeof(key));
	sodium_memzero(text, sizeof(text));
	return err;
}

static int tipc_setup(void)
{
	int err;

	err = tipc_side(SIDE_A);
	if (!err)
		err = tipc_side(SIDE_B);
	if (err)
		return err;
	/* The two find each other; then nobody sends on a new key at once. */
	sleep(LINK_WAIT_S);
	err = tipc_key();
	if (!err)
		sleep(KEY_WAIT_S);
	return err;
}

static struct sockaddr_tipc address(unsigned char type, signed char scope)
{
	struct sockaddr_tipc addr = {
		.family			= AF_TIPC,
		.addrtype		= type,
		.scope			= scope,
		.addr.name.name.type	= SERVICE,
		.addr.name.name.instance = 1,
	};

	return addr;
}

/*
 * The two nodes take a while to find each other. A connection is not there
 * before it has been accepted, and both are done in this process.
 */
static int connect_retry(int fd, int listener)
{
	struct sockaddr_tipc to = address(TIPC_SERVICE_ADDR, 0);
	struct pollfd ready = { .fd = listener, .events = POLLIN };
	int tries;

	for (tries = 0; tries < TRIES; tries++) {
		if (!connect(fd, (struct sockaddr *)&to, sizeof(to)) ||
		    errno == EINPROGRESS || errno == EALREADY)
			if (poll(&ready, 1, TRY_MS) == 1)
				return 0;
		usleep(TRY_MS * 1000);
	}
	return bench_error(-errno, "", "cannot connect over TIPC");
}

static int tipc_open(struct bench_pair *pair)
{
	struct sockaddr_tipc self = address(TIPC_SERVICE_ADDR,
					    TIPC_CLUSTER_SCOPE);
	int listener, fd;
	int err;

	listener = sock_open(SIDE_B, AF_TIPC, SOCK_SEQPACKET, 0);
	if (listener < 0)
		return listener;
	if (bind(listener, (struct sockaddr *)&self, sizeof(self)) ||
	    listen(listener, 1)) {
		err = bench_error(-errno, "", "cannot listen on TIPC");
		goto out;
	}
	fd = sock_open(SIDE_A, AF_TIPC, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
	err = fd;
	if (fd < 0)
		goto out;
	pair->end[SIDE_A].fd = fd;
	pair->burst = WINDOW;
	err = connect_retry(fd, listener);
	if (err)
		goto out;
	pair->end[SIDE_B].fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (pair->end[SIDE_B].fd < 0)
		err = bench_error(-errno, "", "cannot accept");
	if (!err)
		err = sock_buffers(pair->end[SIDE_B].fd);
	if (!err && fcntl(fd, F_SETFL, 0))
		err = bench_error(-errno, "", "cannot make a socket block");
out:
	close(listener);
	return err;
}

const struct bench_path path_tipc = {
	.name		= "tipc",
	.modules	= "aesni_intel tipc gcm sch_ingress cls_u32 act_pedit act_gact",
	.setup		= tipc_setup,
	.open		= tipc_open,
};
