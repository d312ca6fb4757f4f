/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the programs that load a directory have in common.
 *
 * Each is a process with several nodes, which says {"ready":true,"ids":[...]}
 * when they are there (ours and OpenDHT's say their ids), and then reads
 * commands, a line each:
 *
 *   store WIDTH COUNT   store so many values of 100 bytes, by nodes at random
 *   find WIDTH KEY...   find these, each by the one of the own nodes that is
 *                       furthest from it, so that it is not there already
 *
 * WIDTH is how many are under way at once. The answer is a line of JSON: "begin"
 * and "end" of it all by CLOCK_MONOTONIC, "ns" for each, how many came out well
 * ("ok"), and the "keys" of what was stored.
 */
#ifndef THEMIS_BENCH_DHT_LOAD_H
#define THEMIS_BENCH_DHT_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define LOAD_VALUE	100	/* bytes of a value */
#define LOAD_KEY	32	/* bytes of a key, at most */

/**
 * struct load - one command
 * @width: operations under way at once
 * @count: operations in all
 * @finds: they are finds
 * @key_len: bytes of a key
 * @keys: of what is found, or of what was stored
 * @begun: when each began, nanoseconds
 * @ns: how long each took
 * @done: how many have ended
 * @ok: of these, how many well
 * @begin: when the first began
 * @line: what getline() has
 * @room: bytes in @line
 */
struct load {
	unsigned int	width;
	unsigned int	count;
	bool		finds;
	size_t		key_len;
	uint8_t		(*keys)[LOAD_KEY];
	uint64_t	*begun;
	uint64_t	*ns;
	unsigned int	done;
	unsigned int	ok;
	uint64_t	begin;
	char		*line;
	size_t		room;
};

_Noreturn void load_fail(const char *what);
uint64_t load_now(void);
void load_ready(const uint8_t *ids, size_t stride, size_t len, unsigned int n);
bool load_read(struct load *load);
void load_print(struct load *load);
unsigned int load_furthest(const struct load *load, unsigned int at,
			   const uint8_t *ids, size_t stride, unsigned int n);

#endif /* THEMIS_BENCH_DHT_LOAD_H */
