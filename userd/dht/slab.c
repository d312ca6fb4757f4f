// SPDX-License-Identifier: GPL-2.0
/*
 * Objects of one size, named by a number.
 */
#include <stdlib.h>
#include <string.h>

#include "slab.h"

/**
 * dht_slab_init() - no objects yet; allocates nothing
 * @slab: the slab
 * @size: of an object in bytes
 * @zero: of these, from the first, are to be zero when it is taken
 * @max: how many may be in use at once
 */
void dht_slab_init(struct dht_slab *slab, size_t size, size_t zero,
		   uint32_t max)
{
	memset(slab, 0, sizeof(*slab));
	slab->size = size;
	slab->zero = zero;
	slab->max = max;
}

/**
 * dht_slab_free() - give back all memory
 * @slab: the slab; what is still in use goes too
 */
void dht_slab_free(struct dht_slab *slab)
{
	uint32_t i;

	for (i = 0; i < slab->n_chunks; i++)
		free(slab->chunk[i]);
	free(slab->chunk);
	free(slab->unused);
	dht_slab_init(slab, slab->size, slab->zero, slab->max);
}

/* One more chunk, and as much room on the stack: returning cannot fail. */
static int grow(struct dht_slab *slab)
{
	uint32_t n = slab->n_chunks + 1;
	uint32_t *unused;
	uint8_t **chunk;

	unused = realloc(slab->unused,
			 (size_t)n * DHT_SLAB_CHUNK * sizeof(*unused));
	if (!unused)
		return -1;
	slab->unused = unused;
	chunk = realloc(slab->chunk, n * sizeof(*chunk));
	if (!chunk)
		return -1;
	slab->chunk = chunk;
	chunk[n - 1] = malloc(DHT_SLAB_CHUNK * slab->size);
	if (!chunk[n - 1])
		return -1;
	slab->n_chunks = n;
	return 0;
}

/**
 * dht_slab_get() - take an object
 * @slab: the slab
 *
 * Return: its number; 0 at the bound or without memory.
 */
uint32_t dht_slab_get(struct dht_slab *slab)
{
	uint32_t number;

	if (slab->used >= slab->max)
		return 0;
	if (slab->n_unused) {
		number = slab->unused[--slab->n_unused];
	} else {
		if (slab->made == slab->n_chunks * DHT_SLAB_CHUNK &&
		    grow(slab))
			return 0;
		number = ++slab->made;
	}
	slab->used++;
	memset(dht_slab_at(slab, number), 0, slab->zero);
	return number;
}

/**
 * dht_slab_put() - put an object back
 * @slab: the slab
 * @number: of the object, or 0
 */
void dht_slab_put(struct dht_slab *slab, uint32_t number)
{
	if (!number)
		return;
	slab->unused[slab->n_unused++] = number;
	slab->used--;
}
