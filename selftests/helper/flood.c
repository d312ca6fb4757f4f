// SPDX-License-Identifier: GPL-2.0
/*
 * Load for shell scripts.
 *
 *   flood capacity
 *	  print how many signatures of message 1 can be checked in a second
 *   flood init ID ADDRESS PORT RATE SECONDS [BESIDE]
 *	  send RATE false first messages a second to the node ID: form and probe
 *	  are right, the signature is not, and each source address is another
 *	  one of 10.0.0.0/8. In every other half second of the clock they go to
 *	  the port BESIDE instead. As root. Prints how many were sent
 *   flood echo PORT
 *	  send back what comes; prints "ready" when it does
 *   flood ask ADDR SECONDS
 *	  exchange datagrams of 1000 bytes with an echo at ADDR as fast as it
 *	  goes, 16 at a time; prints how many came back in the half seconds of
 *	  the flood, how many in those beside it, and the median of the ratios
 *	  of neighbours in permille
 *   flood spin
 *	  keep a processor busy
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/themis.h>

#include "../../userd/core/wire.h"

#define VARIANTS	512
#define SIZE		1000
#define WINDOW		16
#define LOST_MS		200
#define SLICE_NS	500000000LL
#define SLICES		1024
#define TICK_NS		2000000LL

struct datagram {
	struct iphdr		ip;
	struct udphdr		udp;
	struct themis_init	init;
};

static struct datagram packets[VARIANTS];

static long long now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static int fail(const char *what)
{
	fprintf(stderr, "Error: %s: %s. See the first lines of flood.c.\n",
		what, strerror(errno));
	return 1;
}

static void make_init(struct themis_init *init, const uint8_t id[32])
{
	uint8_t seed[32], secret[64];

	randombytes_buf(init, sizeof(*init));
	memset(&init->head, 0, sizeof(init->head));
	init->head.type = THEMIS_PKT_INIT;
	memcpy(init->head.index, id, 4);
	init->version = THEMIS_WIRE_VERSION;
	init->suite = THEMIS_WIRE_SUITE;
	init->netid_len = 4;
	init->zero = 0;
	memset(init->netid, 0, sizeof(init->netid));
	memcpy(init->netid, "test", 4);
	/* A real key: one that is none is found out sooner. */
	randombytes_buf(seed, sizeof(seed));
	crypto_sign_seed_keypair(init->public_key, secret, seed);
	crypto_sign_detached(init->signature, NULL, seed, sizeof(seed),
			     secret);
	memset(init->cookie, 0, sizeof(init->cookie));
	crypto_shorthash(init->probe, (const uint8_t *)init,
			 offsetof(struct themis_init, probe), id);
}

/* The same work as the daemon's: a signature that turns out to be none. */
static int capacity(void)
{
	static const uint8_t id[32];
	uint8_t text[182] = { 0 };
	long long start = now_ns();
	struct themis_init init;
	unsigned long n = 0;

	make_init(&init, id);
	while (now_ns() - start < 2000000000LL) {
		if (!crypto_sign_verify_detached(init.signature, text,
						 sizeof(text),
						 init.public_key))
			return 1;
		n++;
	}
	printf("%lu\n", n / 2);
	return 0;
}

/* Calls @one RATE times a second for some seconds; prints how often. */
static int pace(long rate, long seconds, int (*one)(void *ctx, long n),
		void *ctx)
{
	const struct timespec tick = { .tv_nsec = TICK_NS };
	long long start = now_ns(), spent;
	long n = 0, want;

	do {
		spent = now_ns() - start;
		want = (long)(spent / 1000000 * rate / 1000);
		while (n < want)
			if (one(ctx, n++))
				return fail("cannot send");
		nanosleep(&tick, NULL);
	} while (spent < seconds * 1000000000LL);
	printf("%ld\n", n);
	return 0;
}

/* Half seconds, all processes the same. */
static long long slice(void)
{
	return now_ns() / SLICE_NS;
}

struct raw {
	int			fd;
	uint16_t		port[2];
	struct sockaddr_in	to;
};

static int send_init(void *ctx, long n)
{
	struct datagram *packet = &packets[n % VARIANTS];
	struct raw *raw = ctx;

	packet->ip.saddr = htonl(0x0a000000 | (randombytes_random() >> 8));
	packet->udp.source = htons(1024 + n % 60000);
	packet->udp.dest = raw->port[slice() & 1];
	if (sendto(raw->fd, packet, sizeof(*packet), 0,
		   (struct sockaddr *)&raw->to, sizeof(raw->to)) < 0 &&
	    errno != ENOBUFS)
		return -1;
	return 0;
}

static int flood(char **argv)
{
	struct raw raw = { .to.sin_family = AF_INET };
	uint8_t id[32];
	size_t len, i;

	if (sodium_hex2bin(id, sizeof(id), argv[2], strlen(argv[2]), NULL,
			   &len, NULL) || len != sizeof(id) ||
	    !inet_aton(argv[3], &raw.to.sin_addr)) {
		errno = EINVAL;
		return fail("flood init");
	}
	for (i = 0; i < VARIANTS; i++) {
		packets[i].ip = (struct iphdr){
			.version = 4,
			.ihl = 5,
			.ttl = 64,
			.protocol = IPPROTO_UDP,
			.tot_len = htons(sizeof(packets[i])),
			.daddr = raw.to.sin_addr.s_addr,
		};
		packets[i].udp.len = htons(sizeof(packets[i].udp) +
					   sizeof(packets[i].init));
		make_init(&packets[i].init, id);
	}
	raw.port[0] = htons((uint16_t)atoi(argv[4]));
	raw.port[1] = argv[7] ? htons((uint16_t)atoi(argv[7])) : raw.port[0];
	raw.fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	if (raw.fd < 0)
		return fail("cannot open a raw socket");
	return pace(atol(argv[5]), atol(argv[6]), send_init, &raw);
}

static int echo(char **argv)
{
	struct sockaddr_themis from;
	char text[16], data[SIZE];
	socklen_t len;
	ssize_t n;
	int fd;

	snprintf(text, sizeof(text), "*:%s", argv[2]);
	fd = socket(AF_THEMIS, SOCK_DGRAM, 0);
	if (fd < 0 || setsockopt(fd, SOL_THEMIS, THEMIS_BIND, text,
				 strlen(text)))
		return fail("cannot bind");
	puts("ready");
	fflush(stdout);
	for (;;) {
		len = sizeof(from);
		n = recvfrom(fd, data, sizeof(data), 0,
			     (struct sockaddr *)&from, &len);
		if (n > 0)
			sendto(fd, data, (size_t)n, 0,
			       (struct sockaddr *)&from, len);
	}
}

static int by_size(const void *a, const void *b)
{
	const unsigned long *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Odd ones are beside. The first one and the last one are not whole. */
static void print_slices(const unsigned long *count, long long first,
			 size_t n)
{
	unsigned long sum[2] = { 0, 0 }, ratio[SLICES];
	size_t pairs = 0, i;

	for (i = 1 + (first & 1); i + 2 < n; i += 2) {
		sum[0] += count[i + 1];
		sum[1] += count[i];
		ratio[pairs++] = 1000 * count[i + 1] / (count[i] + !count[i]);
	}
	qsort(ratio, pairs, sizeof(*ratio), by_size);
	printf("%lu %lu %lu\n", sum[0], sum[1],
	       pairs ? ratio[pairs / 2] : 0);
}

/* What was lost is not missed for long: another window is sent. */
static int ask(char **argv)
{
	long long end = now_ns() + atol(argv[3]) * 1000000000LL;
	int fd = socket(AF_THEMIS, SOCK_DGRAM, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	static unsigned long count[SLICES];
	long long first = slice();
	char data[SIZE] = "";
	int due = WINDOW;
	size_t at = 0;

	if (fd < 0 || setsockopt(fd, SOL_THEMIS, THEMIS_CONNECT, argv[2],
				 strlen(argv[2])))
		return fail("cannot connect");
	while (now_ns() < end) {
		for (; due; due--)
			if (send(fd, data, sizeof(data), 0) < 0)
				return fail("cannot send");
		if (poll(&p, 1, LOST_MS) <= 0)
			due = WINDOW;
		at = (size_t)(slice() - first);
		if (at >= SLICES)
			break;
		while (recv(fd, data, sizeof(data), MSG_DONTWAIT) > 0) {
			count[at]++;
			due++;
		}
		if (due > WINDOW)
			due = WINDOW;
	}
	print_slices(count, first, at);
	return 0;
}

static int spin(void)
{
	while (now_ns())
		;
	return 0;
}

int main(int argc, char **argv)
{
	if (sodium_init() < 0)
		return 1;
	if (argc == 2 && !strcmp(argv[1], "capacity"))
		return capacity();
	if ((argc == 7 || argc == 8) && !strcmp(argv[1], "init"))
		return flood(argv);
	if (argc == 3 && !strcmp(argv[1], "echo"))
		return echo(argv);
	if (argc == 4 && !strcmp(argv[1], "ask"))
		return ask(argv);
	if (argc == 2 && !strcmp(argv[1], "spin"))
		return spin();
	errno = EINVAL;
	return fail("flood");
}
