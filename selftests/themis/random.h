/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pseudorandom numbers that a seed decides, the same on every machine.
 */
#ifndef SELFTESTS_THEMIS_RANDOM_H
#define SELFTESTS_THEMIS_RANDOM_H

#include <stddef.h>
#include <linux/types.h>

/**
 * random_next() - 64 pseudorandom bits
 * @state: the generator's; at first the seed, any will do
 */
__u64 random_next(__u64 *state);

/**
 * random_below() - a pseudorandom number
 * @state: the generator's
 * @n: not 0
 *
 * Return: 0 to @n - 1.
 */
__u64 random_below(__u64 *state, __u64 n);

/**
 * random_fill() - pseudorandom bytes
 * @state: the generator's
 * @buf: where
 * @len: how many
 */
void random_fill(__u64 *state, void *buf, size_t len);

#endif /* SELFTESTS_THEMIS_RANDOM_H */
