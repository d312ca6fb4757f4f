// SPDX-License-Identifier: GPL-2.0
/*
 * The book: every endpoint that a host knows of, once.
 *
 * It is keyed by identity and address together. A liar who tells another
 * address for somebody makes another entry, never changes the one that is
 * proven.
 */
#include <string.h>

#include "dht_state.h"

/* Ids are hashes; the host's key keeps chosen ones from sharing a chain. */
static uint64_t contact_hash(const struct dht_host *host,
			     const struct dht_contact *contact)
{
	uint64_t h = dht_prefix(&contact->id) ^ dht_place_hash(host, contact);

	h *= 0x9e3779b97f4a7c15ULL;
	return h ^ h >> 31;
}

static bool same(const struct dht_contact *a, const struct dht_contact *b)
{
	return themis_id_equal(&a->id, &b->id) && a->port == b->port &&
	       !memcmp(a->addr, b->addr, sizeof(a->addr));
}

/**
 * dht_book_get() - the number of an endpoint
 * @host: the host
 * @contact: the endpoint
 *
 * The caller holds it and gives it back with dht_book_put().
 *
 * Return: the number, or 0 where the book is full.
 */
uint32_t dht_book_get(struct dht_host *host,
		      const struct dht_contact *contact)
{
	uint64_t hash = contact_hash(host, contact);
	struct core_slot *slot;
	struct dht_known *k;
	uint32_t number;

	for (slot = core_table_first(&host->by_contact, hash); slot;
	     slot = core_table_next(slot)) {
		k = core_entry(slot, struct dht_known, slot);
		if (same(&k->contact, contact)) {
			k->refs++;
			return k->index;
		}
	}
	number = dht_slab_get(&host->book);
	if (!number)
		return 0;
	k = dht_slab_at(&host->book, number);
	k->contact = *contact;
	k->index = number;
	k->refs = 1;
	core_table_add(&host->by_contact, &k->slot, hash);
	return number;
}

/**
 * dht_book_hold() - hold an endpoint once more
 * @host: the host
 * @known: its number
 */
void dht_book_hold(struct dht_host *host, uint32_t known)
{
	struct dht_known *k = dht_slab_at(&host->book, known);

	k->refs++;
}

/**
 * dht_book_put() - hold an endpoint no longer
 * @host: the host
 * @known: its number, or 0
 */
void dht_book_put(struct dht_host *host, uint32_t known)
{
	struct dht_known *k;

	if (!known)
		return;
	k = dht_slab_at(&host->book, known);
	if (--k->refs)
		return;
	core_table_del(&host->by_contact, &k->slot);
	dht_slab_put(&host->book, known);
}

/**
 * dht_book_at() - an endpoint
 * @host: the host
 * @known: its number
 *
 * Return: the endpoint.
 */
const struct dht_contact *dht_book_at(const struct dht_host *host,
				      uint32_t known)
{
	const struct dht_known *k = dht_slab_at(&host->book, known);

	return &k->contact;
}

/**
 * dht_nearer() - which of two is nearer to a target
 * @host: the host
 * @target: the target
 * @a: number of one
 * @b: number of the other
 *
 * Return: less than, equal to or greater than zero, as memcmp().
 */
int dht_nearer(const struct dht_host *host, const struct themis_id *target,
	       uint32_t a, uint32_t b)
{
	const uint8_t *x = dht_book_at(host, a)->id.b;
	const uint8_t *y = dht_book_at(host, b)->id.b;
	unsigned int i;

	for (i = 0; i < sizeof(target->b); i++)
		if (x[i] != y[i])
			return (x[i] ^ target->b[i]) - (y[i] ^ target->b[i]);
	return 0;
}
