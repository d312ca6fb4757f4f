// SPDX-License-Identifier: GPL-2.0
/*
 * Pools: objects of one size in guarded memory.
 *
 * sodium_malloc() surrounds each allocation with pages that cannot be touched
 * and locks it into memory. That costs four pages, so objects share chunks.
 */
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "pool.h"

#define ALIGN		16
#define CHUNK_BYTES	16384

static unsigned int per_chunk(const struct core_pool *pool)
{
	return pool->size < CHUNK_BYTES ? CHUNK_BYTES / pool->size : 1;
}

/**
 * core_pool_init() - an empty pool; allocates nothing
 * @pool: the pool
 * @size: of an object in bytes
 * @max: how many objects may be in use at once
 */
void core_pool_init(struct core_pool *pool, size_t size, unsigned int max)
{
	memset(pool, 0, sizeof(*pool));
	pool->size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	pool->max = max;
}

/**
 * core_pool_free() - wipe and give back all memory
 * @pool: the pool; objects that are still in use go too
 */
void core_pool_free(struct core_pool *pool)
{
	unsigned int i;

	/* sodium_free() wipes. */
	for (i = 0; i < pool->n_chunks; i++)
		sodium_free(pool->chunks[i]);
	free(pool->chunks);
	core_pool_init(pool, pool->size, pool->max);
}

static int add_chunk(struct core_pool *pool)
{
	unsigned int i, n = per_chunk(pool);
	void **chunks, **object;
	char *chunk;

	chunks = realloc(pool->chunks, (pool->n_chunks + 1) * sizeof(*chunks));
	if (!chunks)
		return -1;
	pool->chunks = chunks;

	chunk = sodium_allocarray(n, pool->size);
	if (!chunk)
		return -1;
	memset(chunk, 0, n * pool->size);
	chunks[pool->n_chunks++] = chunk;

	for (i = n; i-- > 0;) {
		object = (void **)(chunk + i * pool->size);
		*object = pool->unused;
		pool->unused = object;
	}
	return 0;
}

/**
 * core_pool_get() - take an object
 * @pool: the pool
 *
 * Return: the object, all zero, or NULL at the bound or without memory.
 */
void *core_pool_get(struct core_pool *pool)
{
	void **object;

	if (pool->used >= pool->max)
		return NULL;
	if (!pool->unused && add_chunk(pool))
		return NULL;

	object = pool->unused;
	pool->unused = *object;
	*object = NULL;
	pool->used++;
	return object;
}

/**
 * core_pool_put() - wipe an object and put it back
 * @pool: the pool
 * @object: the object, or NULL
 */
void core_pool_put(struct core_pool *pool, void *object)
{
	if (!object)
		return;
	sodium_memzero(object, pool->size);
	*(void **)object = pool->unused;
	pool->unused = object;
	pool->used--;
}
