/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hash tables whose members carry their own links. Keys are compared by the
 * caller, who walks the members of one hash.
 */
#ifndef THEMIS_TABLE_H
#define THEMIS_TABLE_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct core_slot - what a member of a table contains
 * @next: in the same bucket
 * @hash: of the member's key
 */
struct core_slot {
	struct core_slot	*next;
	uint64_t		hash;
};

/**
 * struct core_table - a table
 * @buckets: the chains
 * @size: number of buckets, a power of two
 * @count: number of members
 */
struct core_table {
	struct core_slot	**buckets;
	size_t			size;
	size_t			count;
};

int core_table_init(struct core_table *table);
void core_table_free(struct core_table *table);
void core_table_add(struct core_table *table, struct core_slot *slot,
		    uint64_t hash);
void core_table_del(struct core_table *table, struct core_slot *slot);
struct core_slot *core_table_first(const struct core_table *table,
				   uint64_t hash);
struct core_slot *core_table_next(const struct core_slot *slot);

#endif /* THEMIS_TABLE_H */
