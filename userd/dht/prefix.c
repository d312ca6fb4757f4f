// SPDX-License-Identifier: GPL-2.0
/*
 * Limits per address prefix: who owns a network of addresses has many of them,
 * and can be as many nodes. They take few places in a bucket, and in a table.
 */
#include <string.h>

#include "dht_state.h"

/* Addresses that nobody can have many of: not private ones. */
static bool is_global(const uint8_t addr[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	const uint8_t *b = addr + 12;

	if (memcmp(addr, mapped, sizeof(mapped)))
		return (addr[0] & 0xe0) == 0x20;
	return b[0] != 10 && b[0] != 127 && b[0] && b[0] < 224 &&
	       !(b[0] == 172 && (b[1] & 0xf0) == 16) &&
	       !(b[0] == 192 && b[1] == 168) &&
	       !(b[0] == 169 && b[1] == 254) &&
	       !(b[0] == 100 && (b[1] & 0xc0) == 64);
}

/* Bytes of the prefix that one owner has: a /24, or a /48. */
static size_t prefix_len(const uint8_t addr[16])
{
	return addr[0] ? 6 : 15;
}

/**
 * dht_prefix_hash() - a hash of the prefix that an address lies in
 * @addr: the address
 *
 * Return: the hash: where it differs, so does the prefix.
 */
uint8_t dht_prefix_hash(const uint8_t addr[16])
{
	uint32_t h = 0x811c9dc5;
	size_t i;

	for (i = 0; i < prefix_len(addr); i++)
		h = (h ^ addr[i]) * 0x01000193;
	return h >> 24;
}

/**
 * dht_prefix_room() - whether the limits per address prefix leave room for a peer
 * @node: the node
 * @peer: the peer, which is not in the table
 *
 * Return: true if it may be taken in.
 */
bool dht_prefix_room(const struct dht_node *node, const struct dht_peer *peer)
{
	const uint8_t *addr = dht_book_at(dht_of(node), peer->known)->addr;
	const struct dht_params *p = dht_p(node);
	const struct dht_table *t = &node->table;
	unsigned int bucket = dht_bucket(t->self, peer->prefix);
	unsigned int i, whole = 0, same = 0;
	const uint8_t *other;

	if ((!p->bucket_prefix && !p->table_prefix) || !is_global(addr))
		return true;
	for (i = 0; i < t->count; i++) {
		if (t->peer[i].net != peer->net)
			continue;
		other = dht_book_at(dht_of(node), t->peer[i].known)->addr;
		if (memcmp(other, addr, prefix_len(addr)))
			continue;
		whole++;
		if (dht_bucket(t->self, t->peer[i].prefix) == bucket)
			same++;
	}
	return (!p->bucket_prefix || same < p->bucket_prefix) &&
	       (!p->table_prefix || whole < p->table_prefix);
}
