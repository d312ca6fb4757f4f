// SPDX-License-Identifier: GPL-2.0
/*
 * Two sessions with keys that somebody else can look for in the machine's
 * memory. Prints, for each of their four keys,
 *
 *   gone|kept <its first eight bytes> <SHA-256 of all of it>
 *
 * then "ready". When a line comes in, the first session is deleted, and
 * "deleted" printed; the other stays until standard input ends. Nothing of the
 * keys stays here, and their whole is told to nobody: where one is found, the
 * kernel has left it.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "lib.h"

static struct net net;

static int fail(const char *what, int err)
{
	fprintf(stderr, "Error: %s: %s. Is the module loaded?\n", what,
		strerror(-err));
	return 1;
}

static void tell(const char *what, const __u8 key[THEMIS_KEY_LEN])
{
	__u8 digest[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(digest, key, THEMIS_KEY_LEN);
	printf("%s ", what);
	for (int i = 0; i < 8; i++)
		printf("%02x", key[i]);
	putchar(' ');
	for (size_t i = 0; i < sizeof(digest); i++)
		printf("%02x", digest[i]);
	putchar('\n');
}

static int install(const char *what, const __u8 *node, const __u8 *peer,
		   const union endpoint *at)
{
	struct nl_msg m;
	struct key key;
	int err;

	err = session_new(&net, node, peer, at);
	if (err)
		return err;
	/* Confirmed, so that the kernel uses it at once: for a keepalive. */
	key_random(&key, THEMIS_KEY_F_CONFIRMED);
	tell(what, key.tx);
	tell(what, key.rx);
	key_msg(&m, node, peer, &key);
	err = nl_do(&net.nl, &m);
	sodium_memzero(&m, sizeof(m));
	sodium_memzero(&key, sizeof(key));
	return err;
}

int main(void)
{
	__u8 node[THEMIS_ID_LEN], peer[2][THEMIS_ID_LEN];
	union endpoint at = endpoint("127.0.0.1", 9);
	char byte;
	int err;

	fill_random(node, sizeof(node));
	fill_random(peer, sizeof(peer));
	err = net_new(&net);
	if (!err)
		err = link_new(&net, 7000);
	if (!err)
		err = node_new(&net, node, 7000);
	if (!err)
		err = install("gone", node, peer[0], &at);
	if (!err)
		err = install("kept", node, peer[1], &at);
	if (err)
		return fail("cannot configure", err);
	puts("ready");
	fflush(stdout);

	if (read(STDIN_FILENO, &byte, 1) != 1)
		return 1;
	err = session_del(&net, node, peer[0]);
	if (err)
		return fail("cannot delete the session", err);
	puts("deleted");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}
