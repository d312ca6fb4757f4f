// SPDX-License-Identifier: GPL-2.0
/*
 * Pseudorandom numbers: SplitMix64.
 */
#include "random.h"

__u64 random_next(__u64 *state)
{
	__u64 z;

	*state += 0x9e3779b97f4a7c15ULL;
	z = *state;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

__u64 random_below(__u64 *state, __u64 n)
{
	return random_next(state) % n;
}

void random_fill(__u64 *state, void *buf, size_t len)
{
	__u8 *p = buf;

	for (size_t i = 0; i < len; i++)
		p[i] = random_next(state);
}
