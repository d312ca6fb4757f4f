// SPDX-License-Identifier: GPL-2.0
/*
 * Pools: objects of one size in guarded memory.
 *
 * sodium_malloc() surrounds each allocation with pages that cannot be touched
 * and locks it into memory. That costs four pages, so objects share chunks. The
 * first chunk with room is used, so that the others become empty after a storm,
 * and can be given back; one that is empty stays, for the next.
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
		sodium_free(pool->chunks[i].base);
	free(pool->chunks);
	core_pool_init(pool, pool->size, pool->max);
}

static struct core_chunk *add_chunk(struct core_pool *pool)
{
	unsigned int i, n = per_chunk(pool);
	struct core_chunk *chunks, *chunk;
	void **object;

	chunks = realloc(pool->chunks, (pool->n_chunks + 1) * sizeof(*chunks));
	if (!chunks)
		return NULL;
	pool->chunks = chunks;

	chunk = &chunks[pool->n_chunks];
	memset(chunk, 0, sizeof(*chunk));
	chunk->base = sodium_allocarray(n, pool->size);
	if (!chunk->base)
		return NULL;
	memset(chunk->base, 0, n * pool->size);
	pool->n_chunks++;

	for (i = n; i-- > 0;) {
		object = (void **)(chunk->base + i * pool->size);
		*object = chunk->unused;
		chunk->unused = object;
	}
	return chunk;
}

static struct core_chunk *chunk_with_room(struct core_pool *pool)
{
	unsigned int i;

	for (i = 0; i < pool->n_chunks; i++)
		if (pool->chunks[i].unused)
			return &pool->chunks[i];
	return add_chunk(pool);
}

static struct core_chunk *chunk_of(const struct core_pool *pool,
				   const char *object)
{
	struct core_chunk *chunk = pool->chunks;

	while (object < chunk->base ||
	       object >= chunk->base + per_chunk(pool) * pool->size)
		chunk++;
	return chunk;
}

/* Of two that are empty the later goes; sodium_free() wipes. */
static void give_back(struct core_pool *pool)
{
	unsigned int i, empty = 0, last = 0;

	for (i = 0; i < pool->n_chunks; i++) {
		if (pool->chunks[i].used)
			continue;
		empty++;
		last = i;
	}
	if (empty < 2)
		return;
	sodium_free(pool->chunks[last].base);
	memmove(&pool->chunks[last], &pool->chunks[last + 1],
		(--pool->n_chunks - last) * sizeof(*pool->chunks));
}

/**
 * core_pool_get() - take an object
 * @pool: the pool
 *
 * Return: the object, all zero, or NULL at the bound or without memory.
 */
void *core_pool_get(struct core_pool *pool)
{
	struct core_chunk *chunk;
	void **object;

	if (pool->used >= pool->max)
		return NULL;
	chunk = chunk_with_room(pool);
	if (!chunk)
		return NULL;

	object = chunk->unused;
	chunk->unused = *object;
	*object = NULL;
	chunk->used++;
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
	struct core_chunk *chunk;

	if (!object)
		return;
	chunk = chunk_of(pool, object);
	sodium_memzero(object, pool->size);
	*(void **)object = chunk->unused;
	chunk->unused = object;
	pool->used--;
	if (!--chunk->used)
		give_back(pool);
}
