/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Objects of one size, named by a number. They do not move, and a number is
 * four bytes where a pointer is eight.
 */
#ifndef THEMIS_DHT_SLAB_H
#define THEMIS_DHT_SLAB_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct dht_slab - objects in chunks
 * @chunk: the chunks
 * @unused: the numbers that may be taken again, as a stack
 * @size: of an object in bytes
 * @zero: of these, from the first, are zero when it is taken
 * @max: how many may be in use
 * @used: how many are
 * @made: how many exist
 * @n_unused: how many lie on the stack
 * @n_chunks: how many chunks there are
 */
struct dht_slab {
	uint8_t		**chunk;
	uint32_t	*unused;
	size_t		size;
	size_t		zero;
	uint32_t	max;
	uint32_t	used;
	uint32_t	made;
	uint32_t	n_unused;
	uint32_t	n_chunks;
};

#define DHT_SLAB_CHUNK	256		/* objects */

void dht_slab_init(struct dht_slab *slab, size_t size, size_t zero,
		   uint32_t max);
void dht_slab_free(struct dht_slab *slab);
uint32_t dht_slab_get(struct dht_slab *slab);
void dht_slab_put(struct dht_slab *slab, uint32_t number);

/* The object of a number that is in use. */
static inline void *dht_slab_at(const struct dht_slab *slab, uint32_t number)
{
	uint32_t at = number - 1;

	return slab->chunk[at / DHT_SLAB_CHUNK] +
	       (at % DHT_SLAB_CHUNK) * slab->size;
}

#endif /* THEMIS_DHT_SLAB_H */
