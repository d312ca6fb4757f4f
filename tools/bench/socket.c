// SPDX-License-Identifier: GPL-2.0
/* Sockets in the two namespaces, and the plain ways to send and receive. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "bench.h"

/* Room for any burst: nothing may be lost for want of it. */
#define BUFFER	(32 << 20)

/* What has not arrived by then is lost; sooner where that is tolerated. */
#define PATIENCE_S	10
#define PATIENCE_WALL_S	1

/**
 * sock_buffers() - give a socket room and an end to its patience
 * @fd: the socket
 */
int sock_buffers(int fd)
{
	struct timeval wait = {
		.tv_sec = bench_icount ? PATIENCE_S : PATIENCE_WALL_S,
	};
	int size = BUFFER;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)))
		return bench_error(-errno, "Run it as root.",
				   "cannot set the buffers of a socket");
	return 0;
}

/**
 * sock_open() - open a socket in a namespace
 * @side: where; the process stays there
 * @family: of addresses
 * @type: SOCK_*
 * @proto: protocol
 *
 * Return: the descriptor or a negative errno.
 */
int sock_open(enum bench_side side, int family, int type, int proto)
{
	int err, fd;

	err = world_enter(side);
	if (err)
		return err;
	fd = socket(family, type | SOCK_CLOEXEC, proto);
	if (fd < 0)
		return bench_error(-errno, "", "cannot open a socket of family %d",
				   family);
	err = sock_buffers(fd);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

static struct sockaddr_in address(const char *text, uint16_t port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };

	sin.sin_port = htons(port);
	inet_pton(AF_INET, text, &sin.sin_addr);
	return sin;
}

/**
 * sock_bind() - bind an IPv4 socket
 * @fd: the socket
 * @addr: local address
 * @port: local port, host order
 */
int sock_bind(int fd, const char *addr, uint16_t port)
{
	struct sockaddr_in sin = address(addr, port);

	if (bind(fd, (struct sockaddr *)&sin, sizeof(sin)))
		return bench_error(-errno, "", "cannot bind to %s:%u", addr,
				   port);
	return 0;
}

/**
 * sock_connect() - connect an IPv4 socket
 * @fd: the socket
 * @addr: remote address
 * @port: remote port, host order
 */
int sock_connect(int fd, const char *addr, uint16_t port)
{
	struct sockaddr_in sin = address(addr, port);

	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)))
		return bench_error(-errno, "", "cannot connect to %s:%u", addr,
				   port);
	return 0;
}

/**
 * sock_udp_pair() - two UDP sockets connected to each other
 * @pair: what to fill
 * @a: address of the one, in namespace A
 * @b: address of the other, in namespace B
 */
int sock_udp_pair(struct bench_pair *pair, const char *a, const char *b)
{
	const char *const addr[__SIDE_MAX] = { a, b };
	static uint16_t last_port = 9000;
	const uint16_t port = ++last_port;
	int side, fd;
	int err = 0;

	for (side = 0; side < __SIDE_MAX && !err; side++) {
		fd = sock_open(side, AF_INET, SOCK_DGRAM, 0);
		if (fd < 0)
			return fd;
		pair->end[side].fd = fd;
		err = sock_bind(fd, addr[side], port);
		if (!err)
			err = sock_connect(fd, addr[!side], port);
	}
	return err;
}

/**
 * sock_send() - send a message on a socket that keeps their bounds
 * @end: whose
 * @buf: message
 * @len: its bytes
 */
int sock_send(struct bench_end *end, const void *buf, size_t len)
{
	ssize_t n = send(end->fd, buf, len, 0);

	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EMSGSIZE;
}

/**
 * sock_recv() - receive a message from a socket that keeps their bounds
 * @end: whose
 * @buf: where to
 * @len: the bytes that it must have
 */
int sock_recv(struct bench_end *end, void *buf, size_t len)
{
	ssize_t n = recv(end->fd, buf, len, 0);

	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EMSGSIZE;
}

/**
 * sock_send_stream() - send a message on a stream
 * @end: whose
 * @buf: message
 * @len: its bytes
 */
int sock_send_stream(struct bench_end *end, const void *buf, size_t len)
{
	const char *at = buf;
	ssize_t n;

	while (len) {
		n = send(end->fd, at, len, 0);
		if (n < 0)
			return -errno;
		at += n;
		len -= n;
	}
	return 0;
}

/**
 * sock_recv_stream() - receive a message from a stream
 * @end: whose
 * @buf: where to
 * @len: its bytes
 */
int sock_recv_stream(struct bench_end *end, void *buf, size_t len)
{
	char *at = buf;
	ssize_t n;

	while (len) {
		n = recv(end->fd, at, len, 0);
		if (n < 0)
			return -errno;
		if (!n)
			return -EPIPE;
		at += n;
		len -= n;
	}
	return 0;
}
