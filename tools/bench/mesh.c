// SPDX-License-Identifier: GPL-2.0
/*
 * Many sockets on either side, each of which talks to each of the other side:
 * what a message costs among so many sessions.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"
#include "side.h"

#define BURST		64
#define UDP_PORT	10000

/**
 * union mesh_addr - where a socket is reached
 * @sa: its family
 * @in: UDP
 * @themis: AF_THEMIS
 */
union mesh_addr {
	struct sockaddr		sa;
	struct sockaddr_in	in;
	struct sockaddr_themis	themis;
};

/**
 * struct mesh - all sockets
 * @count: how many on each side
 * @fd: they
 * @addr: where they are
 * @addr_len: bytes of an address
 * @random: state of the generator that picks them
 */
struct mesh {
	unsigned int	count[__SIDE_MAX];
	int		*fd[__SIDE_MAX];
	union mesh_addr	*addr[__SIDE_MAX];
	socklen_t	addr_len;
	uint64_t	random;
};

/* The same sequence on every run: xorshift64. */
static unsigned int pick(struct mesh *mesh, unsigned int below)
{
	mesh->random ^= mesh->random << 13;
	mesh->random ^= mesh->random >> 7;
	mesh->random ^= mesh->random << 17;
	return (mesh->random >> 32) % below;
}

static int udp_sockets(struct mesh *mesh, enum bench_side side)
{
	const char *text = side == SIDE_A ? BENCH_A : BENCH_B;
	struct sockaddr_in *addr;
	unsigned int i;
	int err, fd;

	for (i = 0; i < mesh->count[side]; i++) {
		fd = sock_open(side, AF_INET, SOCK_DGRAM, 0);
		if (fd < 0)
			return fd;
		mesh->fd[side][i] = fd;
		err = sock_bind(fd, text, UDP_PORT + i);
		if (err)
			return err;
		addr = &mesh->addr[side][i].in;
		addr->sin_family = AF_INET;
		addr->sin_port = htons(UDP_PORT + i);
		inet_pton(AF_INET, text, &addr->sin_addr);
	}
	mesh->addr_len = sizeof(struct sockaddr_in);
	return 0;
}

static int udp_mesh(struct mesh *mesh)
{
	int err;

	err = udp_sockets(mesh, SIDE_A);
	if (!err)
		err = udp_sockets(mesh, SIDE_B);
	return err;
}

static int themis_sockets(struct mesh *mesh, struct themis_side *ts,
			  struct themis_id *ids)
{
	unsigned int i;
	int err, fd;

	for (i = 0; i < mesh->count[ts->side]; i++) {
		err = themis_side_node(ts, &ids[i]);
		if (err)
			return err;
		fd = themis_side_socket(ts, &ids[i]);
		if (fd < 0)
			return fd;
		mesh->fd[ts->side][i] = fd;
		themis_side_addr(ts, &mesh->addr[ts->side][i].themis, &ids[i]);
	}
	mesh->addr_len = sizeof(struct sockaddr_themis);
	return 0;
}

static int themis_sessions(struct mesh *mesh, struct themis_side *sides,
			   struct themis_id *ids[__SIDE_MAX])
{
	unsigned int i, j;
	uint32_t index = 0;
	int err;

	for (i = 0; i < mesh->count[SIDE_A]; i++)
		for (j = 0; j < mesh->count[SIDE_B]; j++) {
			err = themis_side_join(&sides[SIDE_A], &ids[SIDE_A][i],
					       &sides[SIDE_B], &ids[SIDE_B][j],
					       ++index);
			if (err)
				return err;
		}
	return 0;
}

/* What the kernel has given away, in bytes: slabs, per processor, vmalloc. */
static double kernel_memory(void)
{
	static const char *const parts[] = { "Slab", "Percpu", "VmallocUsed" };
	char line[128], name[64];
	unsigned long kib;
	double sum = 0;
	size_t i;
	FILE *file;

	file = fopen("/proc/meminfo", "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%63[^:]: %lu", name, &kib) != 2)
			continue;
		for (i = 0; i < sizeof(parts) / sizeof(*parts); i++)
			if (!strcmp(name, parts[i]))
				sum += kib * 1024.0;
	}
	fclose(file);
	return sum;
}

static int themis_mesh(struct mesh *mesh, double *bytes)
{
	struct themis_side sides[__SIDE_MAX] = { };
	struct themis_id *ids[__SIDE_MAX];
	int err, side;

	ids[SIDE_A] = calloc(mesh->count[SIDE_A], sizeof(*ids[SIDE_A]));
	ids[SIDE_B] = calloc(mesh->count[SIDE_B], sizeof(*ids[SIDE_B]));
	err = ids[SIDE_A] && ids[SIDE_B] ? 0 : -ENOMEM;
	for (side = 0; side < __SIDE_MAX && !err; side++) {
		err = themis_side_new(&sides[side], side,
				      THEMIS_SUITE_CHACHA20POLY1305);
		if (!err)
			err = themis_sockets(mesh, &sides[side], ids[side]);
	}
	*bytes = kernel_memory();
	if (!err)
		err = themis_sessions(mesh, sides, ids);
	*bytes = kernel_memory() - *bytes;
	/* Each session has two ends, and both are here. */
	*bytes /= 2.0 * mesh->count[SIDE_A] * mesh->count[SIDE_B];
	for (side = 0; side < __SIDE_MAX; side++) {
		themis_side_free(&sides[side]);
		free(ids[side]);
	}
	return err;
}

static int burst(void *arg, size_t size)
{
	unsigned int to[BURST], from, i;
	struct mesh *mesh = arg;
	static char buf[BENCH_MSG_MAX];
	ssize_t n;

	for (i = 0; i < BURST; i++) {
		from = pick(mesh, mesh->count[SIDE_A]);
		to[i] = pick(mesh, mesh->count[SIDE_B]);
		n = sendto(mesh->fd[SIDE_A][from], buf, size, 0,
			   &mesh->addr[SIDE_B][to[i]].sa, mesh->addr_len);
		if (n < 0)
			return -errno;
	}
	for (i = 0; i < BURST; i++) {
		n = recv(mesh->fd[SIDE_B][to[i]], buf, size, 0);
		if (n < 0)
			return -errno;
		if ((size_t)n != size)
			return -EMSGSIZE;
	}
	return 0;
}

static int mesh_new(struct mesh *mesh, unsigned int a, unsigned int b)
{
	int side;

	*mesh = (struct mesh){
		.count	= { a, b },
		.random	= 88172645463325252ULL,
	};
	for (side = 0; side < __SIDE_MAX; side++) {
		mesh->fd[side] = malloc(mesh->count[side] * sizeof(int));
		mesh->addr[side] = calloc(mesh->count[side],
					  sizeof(union mesh_addr));
		if (mesh->fd[side])
			memset(mesh->fd[side], -1,
			       mesh->count[side] * sizeof(int));
		if (!mesh->fd[side] || !mesh->addr[side])
			return -ENOMEM;
	}
	return 0;
}

static void mesh_free(struct mesh *mesh)
{
	unsigned int i;
	int side;

	for (side = 0; side < __SIDE_MAX; side++) {
		for (i = 0; mesh->fd[side] && i < mesh->count[side]; i++)
			if (mesh->fd[side][i] >= 0)
				close(mesh->fd[side][i]);
		free(mesh->fd[side]);
		free(mesh->addr[side]);
	}
}

/**
 * mesh_measure() - bursts of messages between sockets picked at random
 * @path: "udp" or "themis"; the namespaces are ready
 * @a: sockets on side A
 * @b: sockets on side B
 * @sizes: bytes of a message, some
 * @n_sizes: how many
 * @result: to be filled for each size, per message
 * @bytes: filled with the kernel's memory for one end of a session; of "udp" 0
 */
int mesh_measure(const char *path, unsigned int a, unsigned int b,
		 const size_t *sizes, int n_sizes, struct bench_result *result,
		 double *bytes)
{
	struct mesh mesh;
	int err, i;

	*bytes = 0;
	err = mesh_new(&mesh, a, b);
	if (!err)
		err = strcmp(path, "udp") ? themis_mesh(&mesh, bytes) :
					    udp_mesh(&mesh);
	for (i = 0; i < n_sizes && !err; i++)
		err = bench_batches(burst, &mesh, sizes[i], BURST, &result[i]);
	mesh_free(&mesh);
	return err;
}
