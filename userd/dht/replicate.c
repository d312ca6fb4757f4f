// SPDX-License-Identifier: GPL-2.0
/*
 * Copies: who is to hold an object, and how he comes to hold it.
 *
 * Each node asks one of its nearest peers several times in a lease what it
 * should hold and does not: it sends digests of what it has, and gets objects.
 * So a copy that died with its node is made again by whoever has moved up, and
 * a partition heals, without anybody to coordinate it. Who is asked asks back,
 * and who knows of few copies of an object goes to those who may lack it first.
 */
#include <stdlib.h>
#include <string.h>

#include "dht_state.h"

#define UPDATES		4		/* in a lease */
#define LOOK		64		/* objects looked through for the rarest */
#define FORGET		4		/* leases that it is known who has a copy */
#define HURRY		4		/* updates in the time of one, if few have */

/**
 * dht_responsible() - whether somebody is among the nearest to an object
 * @node: whose knowledge counts
 * @id: of the object
 * @who: the node itself, or another
 * @margin: how many nearer ones there may not be
 *
 * Return: true if fewer than @margin are nearer.
 */
bool dht_responsible(const struct dht_node *node, const struct themis_id *id,
		     const struct themis_id *who, unsigned int margin)
{
	const struct dht_peer *best[4 * 32];
	uint64_t own = dht_prefix(who) ^ dht_prefix(id);
	unsigned int n, nearer = 0;

	if (!themis_id_equal(who, &node->self.id) &&
	    (node->table.self ^ dht_prefix(id)) < own)
		nearer++;
	n = dht_known_nearest(node, id, false, best, margin);
	while (n-- > 0)
		if ((best[n]->prefix ^ dht_prefix(id)) < own)
			nearer++;
	return nearer < margin;
}

/**
 * dht_in_range() - whether a node may hold an object
 * @node: the node
 * @id: of the object
 *
 * Four times as many nodes may as there are copies, or lie where they should,
 * for where ids have been ground the copies reach beyond these.
 *
 * Return: true if so.
 */
bool dht_in_range(const struct dht_node *node, const struct themis_id *id)
{
	unsigned int most = 4 * dht_p(node)->redundancy;

	return (node->table.self ^ dht_prefix(id)) <
	       dht_expected(node, most) ||
	       dht_responsible(node, id, &node->self.id, most);
}

static int by_id(const void *a, const void *b)
{
	const struct dht_held *const *x = a, *const *y = b;

	return themis_id_compare(&(*x)->id, &(*y)->id);
}

/*
 * The digests of the next objects from the cursor on, and the range of ids that
 * they speak for: all of it where they all fit.
 */
static void put_digests(struct dht_node *node, struct dht_message *m,
			uint8_t *b)
{
	struct dht_store *store = &node->store;
	size_t count = store->by_id.count, i = 0, n = 0;
	struct core_walk walk = core_walk(&store->all);
	struct dht_held **held;
	struct core_list *pos;

	memset(m->to.b, 0xff, sizeof(m->to.b));
	m->digests = b;
	if (!count)
		return;
	held = malloc(count * sizeof(struct dht_held *));
	if (!held)
		return;
	while (i < count && (pos = core_walk_on(&walk)))
		held[i++] = core_entry(pos, struct dht_held, all);
	count = i;
	if (count > DHT_DIGESTS_MAX) {
		qsort(held, count, sizeof(struct dht_held *), by_id);
		for (i = 0; i < count; i++)
			if (themis_id_compare(&held[i]->id,
					      &store->cursor) >= 0)
				break;
		if (i < count)
			m->target = store->cursor;
		else
			i = 0;
	} else {
		i = 0;
	}
	for (; i < count && n < DHT_DIGESTS_MAX; i++, n++) {
		dht_put64(b + n * DHT_DIGEST_LEN, held[i]->key);
		dht_put64(b + n * DHT_DIGEST_LEN + 8, held[i]->object.seq);
	}
	m->n_digests = n;
	/* The last id may have more entries than fit: it comes again. */
	if (i < count) {
		m->to = held[i - 1]->id;
		store->cursor = m->to;
	} else {
		memset(store->cursor.b, 0, sizeof(store->cursor.b));
	}
	free(held);
}

/**
 * dht_update_from() - ask a peer for the objects that this node should hold
 * @node: the node
 * @now: microseconds
 * @known: the peer
 */
void dht_update_from(struct dht_node *node, uint64_t now, uint32_t known)
{
	uint8_t b[DHT_DIGESTS_MAX * DHT_DIGEST_LEN];
	struct dht_message m = { .type = DHT_UPDATE };

	node->updated = known;
	put_digests(node, &m, b);
	dht_request(node, now, known, DHT_FOR_UPDATE, 0, &m);
}

/* Bits in which those near to one another differ as well. */
static uint16_t tag(uint64_t prefix)
{
	return prefix;
}

static bool has_copy(const struct dht_held *held, uint64_t prefix)
{
	unsigned int i;

	for (i = 0; i < held->n_copies && i < DHT_COPIES; i++)
		if (held->copy[i] == tag(prefix))
			return true;
	return false;
}

/* Who has had a copy may have let go of it, so this is forgotten in the end. */
static void add_copy(const struct dht_node *node, struct dht_held *held,
		     uint64_t now, const struct themis_id *who)
{
	uint64_t prefix = dht_prefix(who);

	if (now - held->seen_at > dht_lease(node) * DHT_SECOND * FORGET) {
		held->seen_at = now;
		held->n_copies = 0;
	}
	if (!has_copy(held, prefix))
		held->copy[held->n_copies++ % DHT_COPIES] = tag(prefix);
}

/*
 * The nearest to an object of whom it is not known that he has a copy, unless
 * he was asked last time; and how many have one.
 */
static const struct dht_peer *without(const struct dht_node *node,
				      const struct dht_held *held,
				      unsigned int *copies)
{
	unsigned int i, n, r = dht_p(node)->redundancy;
	const struct dht_peer *best[32], *peer = NULL;
	uint64_t id = dht_prefix(&held->id);

	*copies = 1;
	n = dht_table_nearest(node, &held->id, false, best, r);
	if (n == r && (best[n - 1]->prefix ^ id) > (node->table.self ^ id))
		n--;
	for (i = 0; i < n; i++) {
		if (has_copy(held, best[i]->prefix))
			++*copies;
		else if (!peer && tag(best[i]->prefix) != held->asked)
			peer = best[i];
	}
	return peer;
}

/* Whom an object is missing of which fewer copies are known than of others. */
static const struct dht_peer *rarest(const struct dht_node *node,
				     uint64_t random, unsigned int *least)
{
	struct core_walk walk = core_walk(&node->store.all);
	size_t count = node->store.by_id.count, skip;
	const struct dht_peer *peer, *found = NULL;
	struct dht_held *held, *first = NULL;
	struct core_list *pos;
	unsigned int copies, i;

	*least = dht_p(node)->redundancy;
	if (!count)
		return NULL;
	for (skip = count > LOOK ? random % (count - LOOK) : 0; skip; skip--)
		core_walk_on(&walk);
	for (i = 0; i < LOOK && (pos = core_walk_on(&walk)); i++) {
		held = core_entry(pos, struct dht_held, all);
		peer = without(node, held, &copies);
		if (peer && copies < *least) {
			*least = copies;
			found = peer;
			first = held;
		}
	}
	if (found)
		first->asked = tag(found->prefix);
	return found;
}

/* One of those nearest to the node, or to one of the objects that it holds. */
static const struct dht_peer *neighbour(const struct dht_node *node,
					const uint64_t random[2])
{
	struct core_walk walk = core_walk(&node->store.all);
	size_t count = node->store.by_id.count, skip;
	const struct themis_id *id = &node->self.id;
	const struct dht_peer *best[32];
	struct core_list *pos = NULL;
	unsigned int n;

	if (count && !(random[1] & 1)) {
		for (skip = (random[1] >> 1) % count + 1; skip; skip--)
			pos = core_walk_on(&walk);
		id = &core_entry(pos, struct dht_held, all)->id;
	}
	n = dht_table_nearest(node, id, false, best, dht_p(node)->redundancy);
	return n ? best[(random[0] >> 32) % n] : NULL;
}

static uint64_t update_gap(const struct dht_node *node)
{
	return dht_lease(node) * DHT_SECOND / UPDATES;
}

/**
 * dht_update_due() - whether it is time for the next update
 * @node: the node
 * @now: microseconds
 *
 * What was put off by a lease that has become shorter meanwhile is not waited
 * for.
 *
 * Return: true if so.
 */
bool dht_update_due(struct dht_node *node, uint64_t now)
{
	uint64_t most = now + update_gap(node) * 5 / 4;

	if (node->update_at > most)
		node->update_at = most;
	return node->update_at <= now;
}

/**
 * dht_update_ask() - the next update of a node is due
 * @node: the node
 * @now: microseconds
 */
void dht_update_ask(struct dht_node *node, uint64_t now)
{
	uint64_t gap = update_gap(node), random[2];
	const struct dht_peer *peer;
	unsigned int copies;
	bool few;

	dht_of(node)->config.random(dht_of(node)->config.ctx, random,
				    sizeof(random));
	peer = rarest(node, random[1], &copies);
	few = peer && copies < dht_p(node)->redundancy / 2;
	/*
	 * In peace they are few only as far as has been heard, unless it was not
	 * known who should have them.
	 */
	if (few && (dht_churns(node) || !dht_settled(node)))
		gap /= HURRY;
	/* By chance as well: what is known of copies may be wrong. */
	if (!few && (!peer || random[0] >> 63))
		peer = neighbour(node, random);
	node->update_at = now + gap * 3 / 4 + random[0] % (gap / 2);
	if (peer)
		dht_update_from(node, now, peer->known);
}

/**
 * dht_update_back() - ask who has asked
 * @node: who was asked
 * @now: microseconds
 * @known: who has asked
 *
 * To be near is mutual, to be among the nearest is not: where few nodes share
 * most bits with an object, the others who should hold it may be surrounded by
 * so many of their own that they look nowhere else. The few ask them, and so are
 * asked. There is a bound to it, for anybody may ask, and an end.
 */
void dht_update_back(struct dht_node *node, uint64_t now, uint32_t known)
{
	if (!node->joined || node->left || now < node->back_at ||
	    known == node->updated)
		return;
	node->back_at = now + dht_lease(node) * DHT_SECOND / UPDATES /
			      dht_p(node)->redundancy;
	dht_update_from(node, now, known);
}

/**
 * dht_update() - compare objects with the nearest peers now
 * @node: the node
 * @now: microseconds
 *
 * Return: how many are asked.
 */
unsigned int dht_update(struct dht_node *node, uint64_t now)
{
	const struct dht_peer *best[32];
	unsigned int i, n;

	n = dht_table_nearest(node, &node->self.id, false, best,
			      dht_p(node)->redundancy);
	for (i = 0; i < n; i++)
		dht_update_from(node, now, best[i]->known);
	return n;
}

static bool has(const struct dht_message *m, const struct dht_held *held)
{
	const uint8_t *b = m->digests;
	unsigned int i;

	for (i = 0; i < m->n_digests; i++, b += DHT_DIGEST_LEN)
		if (dht_get64(b) == held->key)
			return dht_get64(b + 8) >= held->object.seq;
	return false;
}

/**
 * dht_update_answer() - the objects that an asker should hold and does not
 * @node: who is asked
 * @now: microseconds
 * @m: the command
 * @r: the response, to be completed
 * @asker: who asks
 * @room: DHT_OBJECT_ROOM bytes
 */
void dht_update_answer(struct dht_node *node, uint64_t now,
		       const struct dht_message *m, struct dht_message *r,
		       const struct themis_id *asker, uint8_t *room)
{
	struct core_walk walk = core_walk(&node->store.all);
	struct dht_held *held;
	struct core_list *pos;
	size_t len;

	while ((pos = core_walk_on(&walk))) {
		held = core_entry(pos, struct dht_held, all);
		if (held->until <= now ||
		    themis_id_compare(&held->id, &m->target) < 0 ||
		    themis_id_compare(&held->id, &m->to) > 0)
			continue;
		if (has(m, held)) {
			add_copy(node, held, now, asker);
			continue;
		}
		if (!dht_responsible(node, &held->id, asker,
				     dht_p(node)->redundancy))
			continue;
		len = r->n_objects < DHT_OBJECTS_MAX ?
		      dht_object_put(room + r->objects_len,
				     DHT_OBJECT_ROOM - r->objects_len,
				     held->b, held->object.len,
				     dht_left(held, now)) : 0;
		if (!len) {
			r->flags |= DHT_MORE;
			break;
		}
		r->objects_len += len;
		r->n_objects++;
	}
	r->objects = room;
}

/**
 * dht_update_taken() - an answer to an update has come
 * @node: who asked
 * @now: microseconds
 * @known: who was asked
 * @m: the response
 */
void dht_update_taken(struct dht_node *node, uint64_t now, uint32_t known,
		      const struct dht_message *m)
{
	const uint8_t *at = m->objects, *end = at + m->objects_len, *b;
	const struct themis_id *who = &dht_book_at(dht_of(node), known)->id;
	struct dht_held *held;
	struct themis_id id;
	unsigned int kept = 0;
	uint64_t seq;
	uint32_t lease;
	size_t len;

	while ((b = dht_object_next(&at, end, &len, &lease))) {
		if (dht_store_check(node, now, b, len, lease, &seq, &id))
			continue;
		kept++;
		for (held = dht_store_first(node, &id); held;
		     held = dht_store_next(held, &id))
			add_copy(node, held, now, who);
	}
	/* Only while it leads to something: he decides, not we. */
	if (m->flags & DHT_MORE && kept)
		dht_update_from(node, now, known);
}
