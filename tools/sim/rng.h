/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reproducible chance: SplitMix64. Not for secrets.
 */
#ifndef THEMIS_SIM_RNG_H
#define THEMIS_SIM_RNG_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t rng_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static inline uint64_t rng_below(uint64_t *state, uint64_t n)
{
	return n ? rng_next(state) % n : 0;
}

/* True in @millionths of all cases. */
static inline int rng_chance(uint64_t *state, uint32_t millionths)
{
	return millionths && rng_next(state) % 1000000 < millionths;
}

static inline void rng_fill(uint64_t *state, void *buf, size_t len)
{
	uint8_t *b = buf;
	uint64_t v;
	size_t n;

	while (len) {
		v = rng_next(state);
		n = len < sizeof(v) ? len : sizeof(v);
		memcpy(b, &v, n);
		b += n;
		len -= n;
	}
}

#endif /* THEMIS_SIM_RNG_H */
