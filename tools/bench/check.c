// SPDX-License-Identifier: GPL-2.0
/*
 * Does a path do what it is measured for? What is sent must arrive as it was
 * sent, must have crossed the wire between the namespaces, and must have been
 * legible there or not, as the path promises.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"

/* So many bytes of a message are looked for, so far from its start. */
#define NEEDLE		32
#define NEEDLE_AT	16

static unsigned char out[BENCH_MSG_MAX];
static unsigned char in[BENCH_MSG_MAX];

/* Listen to all that comes out of the veth in namespace B, and goes in. */
static int tap_open(void)
{
	struct sockaddr_ll all = {
		.sll_family	= AF_PACKET,
		.sll_protocol	= htons(ETH_P_ALL),
	};
	int fd;

	fd = sock_open(SIDE_B, AF_PACKET, SOCK_RAW, 0);
	if (fd < 0)
		return fd;
	all.sll_ifindex = if_nametoindex("veth");
	if (bind(fd, (struct sockaddr *)&all, sizeof(all))) {
		close(fd);
		return bench_error(-errno, "", "cannot listen to the veth");
	}
	return fd;
}

/* How many packets went by, and in how many of them was the message? */
static void tap_read(int fd, int *packets, int *legible)
{
	static unsigned char frame[BENCH_MSG_MAX + 4096];
	ssize_t n;

	*packets = 0;
	*legible = 0;
	while ((n = recv(fd, frame, sizeof(frame), MSG_DONTWAIT)) >= 0) {
		(*packets)++;
		if (memmem(frame, n, out + NEEDLE_AT, NEEDLE))
			(*legible)++;
	}
}

static int transfer(struct bench_end *from, struct bench_end *to, size_t size)
{
	int err;

	memset(in, 0, size);
	err = from->send(from, out, size);
	if (!err)
		err = to->recv(to, in, size);
	if (!err && memcmp(in, out, size))
		err = -EBADMSG;
	return err;
}

/**
 * bench_check() - is a pair worth measuring?
 * @pair: a pair in this process
 * @path: what it is of
 * @size: bytes of a message
 */
int bench_check(struct bench_pair *pair, const struct bench_path *path,
		size_t size)
{
	int packets, legible;
	int err, tap;
	size_t i;

	tap = tap_open();
	if (tap < 0)
		return tap;
	for (i = 0; i < size; i++)
		out[i] = rand();
	err = transfer(&pair->end[SIDE_A], &pair->end[SIDE_B], size);
	if (!err)
		err = transfer(&pair->end[SIDE_B], &pair->end[SIDE_A], size);
	tap_read(tap, &packets, &legible);
	close(tap);

	if (err)
		return bench_error(err, "", "%s: a message of %zu bytes does not arrive",
				   path->name, size);
	if (packets < 2)
		return bench_error(-ENOLINK, "", "%s: messages do not cross the wire",
				   path->name);
	if (size >= NEEDLE_AT + NEEDLE && !legible != !path->legible)
		return bench_error(-EPROTO, "", "%s: messages are %slegible on the wire",
				   path->name, legible ? "" : "not ");
	return 0;
}
