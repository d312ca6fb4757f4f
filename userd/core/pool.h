/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pools: objects of one size in guarded memory, up to a bound. For everything
 * that holds a secret.
 */
#ifndef THEMIS_POOL_H
#define THEMIS_POOL_H

#include <stddef.h>

/**
 * struct core_chunk - a piece of guarded memory
 * @base: where it is
 * @unused: list of objects in it that are not in use
 * @used: how many are
 */
struct core_chunk {
	char		*base;
	void		*unused;
	unsigned int	used;
};

/**
 * struct core_pool - objects of one size
 * @size: of an object in bytes
 * @max: how many may be in use
 * @used: how many are
 * @chunks: the memory, allocated as it is needed
 * @n_chunks: how many chunks
 */
struct core_pool {
	size_t			size;
	unsigned int		max;
	unsigned int		used;
	struct core_chunk	*chunks;
	unsigned int		n_chunks;
};

void core_pool_init(struct core_pool *pool, size_t size, unsigned int max);
void core_pool_free(struct core_pool *pool);
void *core_pool_get(struct core_pool *pool);
void core_pool_put(struct core_pool *pool, void *object);

#endif /* THEMIS_POOL_H */
