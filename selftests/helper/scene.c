// SPDX-License-Identifier: GPL-2.0
/*
 * Scenes for shell scripts.
 *
 *   scene hold	  hold a socket of the family open until standard input ends
 *   scene make	  configure links, nodes, sessions and keys in a namespace of
 *		  its own, say "ready", and keep it until standard input ends
 *   scene pour	  the same, and pour packets into the link all the time
 *
 * No socket of the family is open in the last two.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "peer.h"

static struct wire w;

static int fail(const char *what, int err)
{
	fprintf(stderr, "Error: %s: %s. Is the module loaded?\n", what,
		strerror(-err));
	return 1;
}

static int ready(void)
{
	puts("ready");
	return fflush(stdout);
}

static void wait_for_end(void)
{
	char byte;

	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
}

static int make(void)
{
	int err;

	err = wire_new(&w, "127.0.0.1");
	if (!err)
		err = wire_up(&w, THEMIS_KEY_F_CONFIRMED);
	for (__u32 i = 1; !err && i <= 50; i++) {
		__u8 peer[THEMIS_ID_LEN];
		struct key key;

		fill_random(peer, sizeof(peer));
		key_random(&key, THEMIS_KEY_F_CONFIRMED);
		err = session_new(&w.net, w.node, peer, &w.ep);
		if (!err)
			err = key_new(&w.net, w.node, peer, &key);
	}
	close(w.sk);
	nl_close(&w.net.nl);
	return err;
}

static void pour(void)
{
	struct pollfd pfd = { .fd = STDIN_FILENO, .events = POLLIN };
	__u8 noise[PKT_MIN];

	fill_random(noise, sizeof(noise));
	memset(noise + 1, 0, 3);
	while (!poll(&pfd, 1, 0)) {
		for (int i = 0; i < 200; i++)
			wire_msg(&w, "x", 1);
		for (int type = 0; type < 32; type++) {
			noise[0] = type;
			wire_send(&w, noise, sizeof(noise));
		}
	}
}

int main(int argc, char **argv)
{
	const char *scene = argc == 2 ? argv[1] : "";
	int err;

	if (!strcmp(scene, "hold")) {
		err = net_new(&w.net);
		if (!err)
			err = themis_socket(&w.net, SOCK_DGRAM);
		if (err < 0)
			return fail("cannot open a socket", err);
		ready();
		wait_for_end();
		return 0;
	}
	if (!strcmp(scene, "make") || !strcmp(scene, "pour")) {
		err = make();
		if (err)
			return fail("cannot configure", err);
		ready();
		if (!strcmp(scene, "pour"))
			pour();
		else
			wait_for_end();
		return 0;
	}
	fputs("Usage: scene hold|make|pour\n", stderr);
	return 2;
}
