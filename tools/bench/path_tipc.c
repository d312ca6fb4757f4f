// SPDX-License-Identifier: GPL-2.0
/* TIPC with its encryption (AES-GCM, it knows no other) over Ethernet. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/tipc.h>

#include "bench.h"

#define SERVICE		18888
#define KEY_BYTES	20	/* AES-128 and a salt of four */
#define TRIES		100
#define TRY_US		100000

static int tipc_tool(enum bench_side side, const char *const *argv)
{
	return world_exec(side, NULL, argv);
}

/*
 * The tool takes the key as an argument and no other way. It is a key of
 * nothing: it dies with the namespaces.
 */
static int tipc_side(enum bench_side side, const char *key)
{
	const char *const set_key[] = { "tipc", "node", "set", "key", key,
					"master", NULL };
	const char *const id[] = { "tipc", "node", "set", "identity",
				   side == SIDE_A ? "bencha" : "benchb", NULL };
	const char *const bearer[] = { "tipc", "bearer", "enable", "media",
				       "eth", "device", "veth", NULL };
	int err;

	err = tipc_tool(side, id);
	if (!err)
		err = tipc_tool(side, set_key);
	if (!err)
		err = tipc_tool(side, bearer);
	return err;
}

static int tipc_setup(void)
{
	unsigned char key[KEY_BYTES];
	char text[2 + 2 * KEY_BYTES + 1] = "0x";
	int err;

	randombytes_buf(key, sizeof(key));
	sodium_bin2hex(text + 2, sizeof(text) - 2, key, sizeof(key));
	err = tipc_side(SIDE_A, text);
	if (!err)
		err = tipc_side(SIDE_B, text);
	sodium_memzero(key, sizeof(key));
	sodium_memzero(text, sizeof(text));
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

/* The two nodes take a while to find each other. */
static int connect_retry(int fd)
{
	struct sockaddr_tipc to = address(TIPC_SERVICE_ADDR, 0);
	int tries;

	for (tries = 0; tries < TRIES; tries++) {
		if (!connect(fd, (struct sockaddr *)&to, sizeof(to)))
			return 0;
		usleep(TRY_US);
	}
	return bench_error(-errno, "", "cannot connect over TIPC");
}

static int tipc_open(struct bench_pair *pair)
{
	struct sockaddr_tipc self = address(TIPC_SERVICE_ADDR,
					    TIPC_CLUSTER_SCOPE);
	int listener;
	int err;

	listener = sock_open(SIDE_B, AF_TIPC, SOCK_SEQPACKET, 0);
	if (listener < 0)
		return listener;
	if (bind(listener, (struct sockaddr *)&self, sizeof(self)) ||
	    listen(listener, 1)) {
		err = bench_error(-errno, "", "cannot listen on TIPC");
		goto out;
	}
	err = sock_open(SIDE_A, AF_TIPC, SOCK_SEQPACKET, 0);
	if (err < 0)
		goto out;
	pair->end[SIDE_A].fd = err;
	err = connect_retry(pair->end[SIDE_A].fd);
	if (err)
		goto out;
	pair->end[SIDE_B].fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (pair->end[SIDE_B].fd < 0)
		err = bench_error(-errno, "", "cannot accept");
	if (!err)
		err = sock_buffers(pair->end[SIDE_B].fd);
out:
	close(listener);
	return err;
}

const struct bench_path path_tipc = {
	.name		= "tipc",
	.modules	= "tipc gcm aesni_intel",
	.setup		= tipc_setup,
	.open		= tipc_open,
};
