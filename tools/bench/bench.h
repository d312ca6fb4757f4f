/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of themis-bench share: two network namespaces joined by a
 * veth, a path that carries messages between them, and the measurement of it.
 *
 * Functions return 0 or a negative errno unless they say something else. They
 * report their own failures, so that a caller only has to give up.
 */
#ifndef THEMIS_BENCH_H
#define THEMIS_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diag.h"

/* The largest message that every path carries. */
#define BENCH_MSG_MAX	65459

/* A burst has no more bytes, unless a path wants fewer. */
#define BENCH_BURST	(512 << 10)

/* Outer addresses, and those inside a tunnel. */
#define BENCH_A		"10.77.0.1"
#define BENCH_B		"10.77.0.2"
#define BENCH_TUN_A	"10.78.0.1"
#define BENCH_TUN_B	"10.78.0.2"

/* One in each namespace; they name the namespace as well. */
enum bench_side {
	SIDE_A,
	SIDE_B,
	__SIDE_MAX,
};

/**
 * struct bench_end - one end of a pair
 * @send: send one message of @len bytes, all of it
 * @recv: receive one message that is known to have @len bytes
 * @fd: socket
 * @state: the path's own
 */
struct bench_end {
	int	(*send)(struct bench_end *end, const void *buf, size_t len);
	int	(*recv)(struct bench_end *end, void *buf, size_t len);
	int	fd;
	void	*state;
};

/**
 * struct bench_pair - two sockets that talk to each other
 * @end: by enum bench_side; they belong to this process until it forks
 * @burst: bytes that may be on their way without the receiver having read any
 * @rekey: gives it a new key; NULL where that is not done from here
 */
struct bench_pair {
	struct bench_end end[__SIDE_MAX];
	size_t		 burst;
	int		 (*rekey)(struct bench_pair *pair);
};

/**
 * struct bench_path - a way to carry messages
 * @name: as on the command line and in the results
 * @modules: kernel modules that it needs, separated by blanks
 * @legible: whoever listens to the wire can read what is sent
 * @setup: make it ready in both namespaces; may be NULL
 * @open: make a pair
 * @close: give up what a pair has besides its sockets; may be NULL
 * @free: undo @setup, but for what goes with the namespaces; may be NULL
 */
struct bench_path {
	const char	*name;
	const char	*modules;
	bool		legible;
	int		(*setup)(void);
	int		(*open)(struct bench_pair *pair);
	void		(*close)(struct bench_pair *pair);
	void		(*free)(void);
};

extern const struct bench_path path_udp;
extern const struct bench_path path_wireguard;
extern const struct bench_path path_esp;
extern const struct bench_path path_ktls;
extern const struct bench_path path_tipc;
extern const struct bench_path path_dtls;
extern const struct bench_path path_themis;
extern const struct bench_path path_null;

/**
 * struct bench_result - what one measurement gave, per message
 * @median: of all batches, in the unit of bench_clock()
 * @least: of the best batch
 * @most: of the worst
 * @sent: messages sent; only by the clock
 * @lost: how many of them did not arrive, see bench_batches()
 */
struct bench_result {
	double		median;
	double		least;
	double		most;
	unsigned long	sent;
	unsigned long	lost;
};

extern bool bench_icount;

/* measure.c */
uint64_t bench_clock(void);
int bench_calm(void);
int bench_batches(int (*unit)(void *arg, size_t size), void *arg, size_t size,
		  unsigned int each, struct bench_result *result);
int bench_rr(struct bench_pair *pair, size_t size,
	     struct bench_result *result);
int bench_stream(struct bench_pair *pair, size_t size,
		 struct bench_result *result);
int bench_batched(struct bench_pair *pair, size_t size,
		  struct bench_result *result);

int bench_rekey(struct bench_pair *pair, size_t size,
		struct bench_result *result);
bool bench_lossy(const struct bench_result *result);
void bench_result(struct bench_result *result, double *batch, int n);

int bench_burst(struct bench_pair *pair, size_t size, unsigned int *lost);

/* scale.c */
int scale_measure(struct bench_pair *pairs, int n, size_t size,
		  struct bench_result *result);

/* first.c */
int first_measure(size_t size, unsigned int delay, struct bench_result *way,
		  struct bench_result *result);

/* agree.c */
#define AGREE_WAYS	3
const char *agree_name(unsigned int way);
int agree_measure(struct bench_result result[AGREE_WAYS],
		  struct bench_result ratio[AGREE_WAYS]);

/* check.c */
int bench_check(struct bench_pair *pair, const struct bench_path *path,
		size_t size);

/* mesh.c */
int mesh_measure(const char *path, unsigned int a, unsigned int b,
		 const size_t *sizes, int n_sizes,
		 struct bench_result *result,
		 double *bytes);

/* world.c */
int world_new(const struct bench_path *path);
void world_free(void);
int world_enter(enum bench_side side);
int world_ip(enum bench_side side, const char *batch);
int world_exec(enum bench_side side, const char *input,
	       const char *const *argv);
int world_modprobe(const char *names);
void world_close(struct bench_pair *pair);

/* socket.c */
int sock_open(enum bench_side side, int family, int type, int proto);
int sock_bind(int fd, const char *addr, uint16_t port);
int sock_connect(int fd, const char *addr, uint16_t port);
int sock_udp_pair(struct bench_pair *pair, const char *a, const char *b);
int sock_buffers(int fd);
int sock_send(struct bench_end *end, const void *buf, size_t len);
int sock_recv(struct bench_end *end, void *buf, size_t len);
int sock_send_stream(struct bench_end *end, const void *buf, size_t len);
int sock_recv_stream(struct bench_end *end, void *buf, size_t len);

/* aead.c */
int aead_open(void);
int aead_measure(const char *what, size_t size,
		 struct bench_result *result);

int bench_error(int err, const char *next, const char *fmt, ...)
	__printf(3, 4);

#endif /* THEMIS_BENCH_H */
