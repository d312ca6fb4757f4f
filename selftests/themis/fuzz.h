/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of the fuzzer share: the world that it acts in, the state of
 * one actor, and the score of what was called and what came of it.
 */
#ifndef SELFTESTS_THEMIS_FUZZ_H
#define SELFTESTS_THEMIS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/themis.h>
#include <linux/types.h>

#include "lib.h"
#include "random.h"

#define FUZZ_IDS	6	/* identities; the first two talk */
#define FUZZ_LINKS	3	/* UDP ports, from FUZZ_LINK */
#define FUZZ_LINK	7000
#define FUZZ_PORTS	4	/* of sockets, from 1 */
#define FUZZ_FDS	24	/* descriptors that the threads of one share */
#define FUZZ_ERRNO	140	/* past the last */

/* What is called. The socket's calls come first, then the rest. */
enum fuzz_call {
	FUZZ_SOCKET,
	FUZZ_CLOSE,
	FUZZ_DUP,
	FUZZ_BIND,
	FUZZ_CONNECT,
	FUZZ_GETNAME,
	FUZZ_SETSOCKOPT,
	FUZZ_GETSOCKOPT,
	FUZZ_SOL_SOCKET,
	FUZZ_SENDMSG,
	FUZZ_SENDMMSG,
	FUZZ_RECVMSG,
	FUZZ_RECVMMSG,
	FUZZ_READ,
	FUZZ_WRITE,
	FUZZ_SPLICE,
	FUZZ_POLL,
	FUZZ_EPOLL,
	FUZZ_SHUTDOWN,
	FUZZ_IOCTL,
	FUZZ_FCNTL,
	FUZZ_UNFIT,	/* listen, accept, mmap and their like */
	FUZZ_KNOCK,	/* a packet of the key agreement, or none, to a link */
	FUZZ_REQUEST,	/* a well-formed netlink request */
	FUZZ_MUTANT,	/* one that is not */
	FUZZ_JOIN,	/* two nodes and a session between them */
	FUZZ_DUMP,
	FUZZ_DIAG,
	FUZZ_LISTEN,	/* to notifications */
	FUZZ_WORLD,	/* a namespace of its own that comes and goes */
	__FUZZ_MAX,
};

/**
 * struct fuzz_score - what came of the calls, in shared memory
 * @good: how many succeeded
 * @bad: how many failed, by errno
 */
struct fuzz_score {
	__u64	good[__FUZZ_MAX];
	__u64	bad[__FUZZ_MAX][FUZZ_ERRNO];
};

/**
 * struct fuzz_world - what all actors know
 * @af: number of the family
 * @id: identities
 * @score: shared by all processes
 */
struct fuzz_world {
	int			af;
	__u8			id[FUZZ_IDS][THEMIS_ID_LEN];
	struct fuzz_score	*score;
};

/**
 * struct fuzz - one thread
 * @world: what it knows
 * @random: decides what it does
 * @fd: FUZZ_FDS descriptors, shared by the threads of its process
 * @net: where it is, with the socket for requests
 * @ears: for notifications
 * @diag: for sock_diag
 */
struct fuzz {
	struct fuzz_world	*world;
	__u64			random;
	int			*fd;
	struct net		net;
	struct nl		ears;
	int			diag;
};

/**
 * fuzz_below() - a pseudorandom number
 * @f: the actor
 * @n: not 0
 *
 * Return: 0 to @n - 1.
 */
static inline __u64 fuzz_below(struct fuzz *f, __u64 n)
{
	return random_below(&f->random, n);
}

/**
 * fuzz_rare() - once in a while
 * @f: the actor
 * @n: once in so many times
 */
static inline bool fuzz_rare(struct fuzz *f, __u64 n)
{
	return !fuzz_below(f, n);
}

/**
 * fuzz_odd() - a number as nobody likes it
 * @f: the actor
 *
 * Return: the ends of ranges, powers of two and noise.
 */
__u64 fuzz_odd(struct fuzz *f);

/**
 * fuzz_id() - one of the identities, or rarely none of them
 * @f: the actor
 * @id: where to
 */
void fuzz_id(struct fuzz *f, __u8 *id);

/**
 * fuzz_mangle() - flip a few bits
 * @f: the actor
 * @buf: of what
 * @len: its bytes; with 0 nothing happens
 */
void fuzz_mangle(struct fuzz *f, void *buf, size_t len);

/**
 * fuzz_note() - note what came of a call
 * @f: the actor
 * @call: which
 * @status: what it returned; negative: look at errno
 *
 * Return: @status.
 */
long fuzz_note(struct fuzz *f, enum fuzz_call call, long status);

/**
 * fuzz_socket_call() - call something of sockets
 * @f: the actor
 */
void fuzz_socket_call(struct fuzz *f);

/**
 * fuzz_netlink_call() - call something of netlink
 * @f: the actor
 */
void fuzz_netlink_call(struct fuzz *f);

#endif /* SELFTESTS_THEMIS_FUZZ_H */
