// SPDX-License-Identifier: GPL-2.0
/*
 * Hash tables whose members carry their own links.
 */
#include <errno.h>
#include <stdlib.h>

#include "table.h"

#define FIRST_SIZE	16

/**
 * core_table_init() - an empty table
 * @table: the table
 *
 * Return: 0 or -ENOMEM.
 */
int core_table_init(struct core_table *table)
{
	table->buckets = calloc(FIRST_SIZE, sizeof(*table->buckets));
	if (!table->buckets)
		return -ENOMEM;
	table->size = FIRST_SIZE;
	table->count = 0;
	return 0;
}

/**
 * core_table_free() - give back the buckets; the members are the caller's
 * @table: the table
 */
void core_table_free(struct core_table *table)
{
	free(table->buckets);
	table->buckets = NULL;
	table->size = 0;
	table->count = 0;
}

static void link_slot(struct core_table *table, struct core_slot *slot)
{
	struct core_slot **at = &table->buckets[slot->hash & (table->size - 1)];

	slot->next = *at;
	*at = slot;
}

/* Doubles the buckets. Without memory the chains grow longer instead. */
static void grow(struct core_table *table)
{
	struct core_slot **old = table->buckets, **buckets;
	struct core_slot *slot, *next;
	size_t i, size = table->size;

	buckets = calloc(2 * size, sizeof(*buckets));
	if (!buckets)
		return;
	table->buckets = buckets;
	table->size = 2 * size;

	for (i = 0; i < size; i++) {
		for (slot = old[i]; slot; slot = next) {
			next = slot->next;
			link_slot(table, slot);
		}
	}
	free(old);
}

/**
 * core_table_add() - add a member
 * @table: the table
 * @slot: in the member, which is in no table
 * @hash: of its key
 */
void core_table_add(struct core_table *table, struct core_slot *slot,
		    uint64_t hash)
{
	if (table->count >= table->size)
		grow(table);
	slot->hash = hash;
	link_slot(table, slot);
	table->count++;
}

/**
 * core_table_del() - remove a member
 * @table: the table
 * @slot: in the member, which is in this table
 */
void core_table_del(struct core_table *table, struct core_slot *slot)
{
	struct core_slot **at = &table->buckets[slot->hash & (table->size - 1)];

	while (*at != slot)
		at = &(*at)->next;
	*at = slot->next;
	slot->next = NULL;
	table->count--;
}

/**
 * core_table_first() - the first member with a hash
 * @table: the table
 * @hash: the hash
 *
 * Return: the slot in it, or NULL.
 */
struct core_slot *core_table_first(const struct core_table *table,
				   uint64_t hash)
{
	struct core_slot *slot = table->buckets[hash & (table->size - 1)];

	while (slot && slot->hash != hash)
		slot = slot->next;
	return slot;
}

/**
 * core_table_next() - the next member with the same hash
 * @slot: in the member at hand
 *
 * Return: the slot in the next one, or NULL.
 */
struct core_slot *core_table_next(const struct core_slot *slot)
{
	struct core_slot *next = slot->next;

	while (next && next->hash != slot->hash)
		next = next->next;
	return next;
}
