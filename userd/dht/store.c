// SPDX-License-Identifier: GPL-2.0
/*
 * The objects of a node.
 *
 * Nothing is kept that has not been verified. Count, bytes and each owner's
 * bytes are bounded; where a bound is reached, what is furthest away from the
 * node goes first, because others hold it rather than we.
 */
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "dht_state.h"

/**
 * dht_store_init() - an empty store
 * @node: the node
 *
 * Return: 0 or -ENOMEM.
 */
int dht_store_init(struct dht_node *node)
{
	core_list_init(&node->store.all);
	return core_table_init(&node->store.by_id);
}

static void remove_held(struct dht_node *node, struct dht_held *held)
{
	core_table_del(&node->store.by_id, &held->by_id);
	core_list_del(&held->all);
	node->store.bytes -= held->object.len;
	free(held);
}

/**
 * dht_store_free() - forget all objects, without telling the owner
 * @node: the node
 */
void dht_store_free(struct dht_node *node)
{
	struct core_walk walk = core_walk(&node->store.all);
	struct core_list *pos;

	while ((pos = core_walk_on(&walk)))
		remove_held(node, core_entry(pos, struct dht_held, all));
	core_table_free(&node->store.by_id);
}

static void tell(struct dht_node *node, enum dht_action_type type,
		 const struct dht_held *held, uint32_t lease)
{
	struct dht_action *action = dht_act(node, type, held->object.len);

	if (!action)
		return;
	memcpy(action->b, held->b, held->object.len);
	action->lease = lease;
}

/**
 * dht_store_drop() - forget an object
 * @node: the node
 * @held: the object
 */
void dht_store_drop(struct dht_node *node, struct dht_held *held)
{
	tell(node, DHT_ACT_DROP, held, 0);
	remove_held(node, held);
}

/**
 * dht_left() - how long an object is still kept
 * @held: the object
 * @now: microseconds
 *
 * Return: seconds.
 */
uint32_t dht_left(const struct dht_held *held, uint64_t now)
{
	return held->until > now ? (held->until - now) / DHT_SECOND : 0;
}

static struct dht_held *from(struct core_slot *slot,
			     const struct themis_id *id)
{
	struct dht_held *held;

	for (; slot; slot = core_table_next(slot)) {
		held = core_entry(slot, struct dht_held, by_id);
		if (themis_id_equal(&held->id, id))
			return held;
	}
	return NULL;
}

/**
 * dht_store_first() - the first object with an id
 * @node: the node
 * @id: the id
 *
 * Return: the object, or NULL.
 */
struct dht_held *dht_store_first(const struct dht_node *node,
				 const struct themis_id *id)
{
	return from(core_table_first(&node->store.by_id, dht_prefix(id)), id);
}

/**
 * dht_store_next() - the next object with the same id: entries of a set
 * @held: the object at hand
 * @id: the id
 *
 * Return: the object, or NULL.
 */
struct dht_held *dht_store_next(const struct dht_held *held,
				const struct themis_id *id)
{
	return from(core_table_next(&held->by_id), id);
}

static struct dht_held *find_same(const struct dht_node *node,
				  const struct themis_id *id,
				  const struct dht_object *object)
{
	struct dht_held *held;

	for (held = dht_store_first(node, id); held;
	     held = dht_store_next(held, id))
		if (!memcmp(held->object.owner, object->owner,
			    sizeof(object->owner)))
			return held;
	return NULL;
}

/**
 * dht_held_new() - a copy of an object, in no store yet
 * @object: the object
 * @id: its id
 * @until: microseconds
 *
 * Return: the copy, which goes to free(); NULL without memory.
 */
struct dht_held *dht_held_new(const struct dht_object *object,
			      const struct themis_id *id, uint64_t until)
{
	struct dht_held *held = malloc(sizeof(*held) + object->len);

	if (!held)
		return NULL;
	memset(held, 0, sizeof(*held));
	memcpy(held->b, object->b, object->len);
	dht_object_parse(&held->object, held->b, object->len);
	held->id = *id;
	held->until = until;
	return held;
}

static uint64_t digest_key(const struct themis_id *id,
			   const struct dht_object *object)
{
	uint8_t b[64], h[16];

	memcpy(b, id->b, 32);
	memcpy(b + 32, object->owner, 32);
	crypto_generichash(h, sizeof(h), b, sizeof(b), NULL, 0);
	return dht_get64(h);
}

/* Signed ones are valid until they expire, the others as long as is agreed. */
static uint64_t keep_until(const struct dht_node *node, uint64_t now,
			   const struct dht_object *object, uint32_t lease)
{
	const struct dht_params *p = dht_p(node);
	uint64_t seconds = lease && lease < p->keep ? lease : p->keep;
	uint64_t unix_now = dht_unix(dht_of(node), now);

	if (object->type == DHT_IMMUTABLE)
		return now + seconds * DHT_SECOND;
	seconds = object->expiry - unix_now;
	if (object->until && object->until < object->expiry)
		seconds = object->until - unix_now;
	if (seconds > p->keep)
		seconds = p->keep;
	return now + seconds * DHT_SECOND;
}

/* Frees room by what is further from the node than @id. */
static bool make_room(struct dht_node *node, const struct themis_id *id,
		      size_t len)
{
	const struct dht_params *p = dht_p(node);
	struct dht_held *held, *furthest;
	uint64_t self = node->table.self;
	struct core_walk walk;
	struct core_list *pos;

	while (node->store.by_id.count >= p->objects ||
	       node->store.bytes + len > p->bytes) {
		furthest = NULL;
		walk = core_walk(&node->store.all);
		while ((pos = core_walk_on(&walk))) {
			held = core_entry(pos, struct dht_held, all);
			if (!furthest || (dht_prefix(&held->id) ^ self) >
					 (dht_prefix(&furthest->id) ^ self))
				furthest = held;
		}
		if (!furthest || (dht_prefix(&furthest->id) ^ self) <=
				 (dht_prefix(id) ^ self))
			return false;
		dht_store_drop(node, furthest);
	}
	return true;
}

static bool owner_room(const struct dht_node *node,
		       const struct dht_object *object,
		       const struct dht_held *old)
{
	size_t bytes = old ? -old->object.len : 0;
	struct core_walk walk = core_walk(&node->store.all);
	struct dht_held *held;
	struct core_list *pos;

	/* While all together have less than one may, nobody has too much. */
	if (object->type == DHT_IMMUTABLE ||
	    node->store.bytes + object->len <= dht_p(node)->owner_bytes)
		return true;
	while ((pos = core_walk_on(&walk))) {
		held = core_entry(pos, struct dht_held, all);
		if (!memcmp(held->object.owner, object->owner,
			    sizeof(object->owner)))
			bytes += held->object.len;
	}
	return bytes + object->len <= dht_p(node)->owner_bytes;
}

/* Whether a set has room for one more owner. */
static bool set_room(const struct dht_node *node, const struct themis_id *id)
{
	const struct dht_held *held;
	unsigned int n = 0;

	for (held = dht_store_first(node, id); held;
	     held = dht_store_next(held, id))
		n++;
	return n < DHT_SET_MAX;
}

/**
 * dht_store_put() - keep an object that has been verified
 * @node: the node
 * @now: microseconds
 * @object: the object
 * @id: its id
 * @lease: seconds that it has left, of an immutable one; 0 for as long as the
 *	network keeps such
 * @held_seq: result: the sequence held in the end
 *
 * Return: DHT_OK, also where it was held already; DHT_OLD, DHT_CONFLICT or
 * DHT_FULL.
 */
enum dht_status dht_store_put(struct dht_node *node, uint64_t now,
			      const struct dht_object *object,
			      const struct themis_id *id, uint32_t lease,
			      uint64_t *held_seq)
{
	struct dht_held *old = find_same(node, id, object), *held;
	uint64_t until = keep_until(node, now, object, lease);

	*held_seq = object->seq;
	if (old && old->object.seq >= object->seq) {
		*held_seq = old->object.seq;
		if (old->object.seq > object->seq)
			return DHT_OLD;
		if (old->object.len != object->len ||
		    memcmp(old->b, object->b, object->len))
			return DHT_CONFLICT;
		if (until > old->until) {
			old->until = until;
			tell(node, DHT_ACT_KEEP, old, dht_left(old, now));
		}
		return DHT_OK;
	}
	if (!owner_room(node, object, old) ||
	    (object->type == DHT_ENTRY && !old && !set_room(node, id)) ||
	    (!old && !make_room(node, id, object->len)))
		return DHT_FULL;
	held = dht_held_new(object, id, until);
	if (!held)
		return DHT_FULL;
	held->key = digest_key(id, object);
	if (old)
		remove_held(node, old);
	core_table_add(&node->store.by_id, &held->by_id, dht_prefix(id));
	core_list_init(&held->all);
	core_list_add(&node->store.all, &held->all);
	node->store.bytes += object->len;
	tell(node, DHT_ACT_KEEP, held, dht_left(held, now));
	return DHT_OK;
}

/**
 * dht_store_check() - verify an object and keep it
 * @node: the node
 * @now: microseconds
 * @b: the object, anything
 * @len: its length in bytes
 * @lease: as in dht_store_put()
 * @held_seq: as there
 * @id: result: its id
 *
 * What is held already costs no signature.
 *
 * Return: as dht_store_put(); DHT_FORBIDDEN or DHT_EXPIRED.
 */
enum dht_status dht_store_check(struct dht_node *node, uint64_t now,
				const uint8_t *b, size_t len, uint32_t lease,
				uint64_t *held_seq, struct themis_id *id)
{
	const struct dht_net *net = node->net;
	struct dht_object object;
	struct dht_held *held;
	enum dht_status status;

	*held_seq = 0;
	if (dht_object_parse(&object, b, len))
		return DHT_FORBIDDEN;
	dht_object_id(&object, net->netid, net->netid_len, id);
	held = find_same(node, id, &object);
	if (held && held->object.seq > object.seq) {
		*held_seq = held->object.seq;
		return DHT_OLD;
	}
	if (!held || held->object.len != len || memcmp(held->b, b, len)) {
		status = dht_object_verify(&object, net->netid,
					   net->netid_len,
					   dht_unix(net->host, now),
					   &net->host->config);
		if (status)
			return status;
	}
	return dht_store_put(node, now, &object, id, lease, held_seq);
}

/**
 * dht_store_expire() - forget what has had its time, or is others' by far
 * @node: the node
 * @now: microseconds
 */
void dht_store_expire(struct dht_node *node, uint64_t now)
{
	struct core_walk walk = core_walk(&node->store.all);
	struct dht_held *held;
	struct core_list *pos;

	while ((pos = core_walk_on(&walk))) {
		held = core_entry(pos, struct dht_held, all);
		if (held->until <= now || !dht_in_range(node, &held->id))
			dht_store_drop(node, held);
	}
}
