// SPDX-License-Identifier: GPL-2.0
/*
 * Local nodes: making and freeing one, and what it knows, for display.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "dht_state.h"

/**
 * dht_node_new() - a local node, not joined yet
 * @net: its network
 * @now: microseconds
 * @self: who and where it is
 * @admission: expiry and signature by the network's key, 72 bytes; NULL for
 *	none
 * @owner: whatever the owner likes
 *
 * Return: the node, or NULL at the bound or without memory.
 */
struct dht_node *dht_node_new(struct dht_net *net, uint64_t now,
			      const struct dht_contact *self,
			      const uint8_t *admission, void *owner)
{
	struct dht_host *host = net->host;
	struct dht_node *node;

	if (host->n_nodes >= host->config.max_nodes)
		return NULL;
	node = calloc(1, sizeof(*node));
	if (!node)
		return NULL;
	if (core_heap_reserve(&host->upkeep) || dht_store_init(node)) {
		free(node);
		return NULL;
	}
	core_list_init(&node->of_net);
	core_list_init(&node->requests);
	core_list_init(&node->ops);
	core_list_add(&net->nodes, &node->of_net);
	node->net = net;
	node->owner = owner;
	node->self = *self;
	if (admission)
		memcpy(node->admission, admission, sizeof(node->admission));
	node->table.self = dht_prefix(&self->id);
	node->size = 1;
	dht_window_init(&node->window);
	host->n_nodes++;
	core_heap_set(&host->upkeep, &node->timer,
		      now + dht_upkeep_interval(node) / 2);
	return node;
}

/**
 * dht_node_free() - a node is gone, as in a crash
 * @node: the node, or NULL
 *
 * Its actions leave the queue. Who wants to go in peace leaves first.
 */
void dht_node_free(struct dht_node *node)
{
	struct core_walk walk;
	struct core_list *pos;
	struct dht_host *host;

	if (!node)
		return;
	host = dht_of(node);
	walk = core_walk(&node->ops);
	while ((pos = core_walk_on(&walk)))
		dht_op_free(core_entry(pos, struct dht_op, of_node));
	walk = core_walk(&node->requests);
	while ((pos = core_walk_on(&walk)))
		dht_request_free(host, core_entry(pos, struct dht_request,
						  of_node));
	dht_act_forget(node);
	core_heap_del(&host->upkeep, &node->timer);
	dht_table_free(node);
	dht_store_free(node);
	core_list_del(&node->of_net);
	host->n_nodes--;
	free(node);
}

/**
 * dht_node_owner() - what the owner gave for a node
 * @node: the node
 *
 * Return: as given to dht_node_new().
 */
void *dht_node_owner(const struct dht_node *node)
{
	return node->owner;
}

/**
 * dht_node_info() - a node in numbers
 * @node: the node
 * @info: result
 */
void dht_node_info(const struct dht_node *node, struct dht_status_info *info)
{
	const struct dht_table *t = &node->table;
	unsigned int i;

	*info = (struct dht_status_info){
		.contacts = t->count,
		.siblings = t->count < dht_p(node)->siblings ? t->count :
			    dht_p(node)->siblings,
		.objects = node->store.by_id.count,
		.object_bytes = node->store.bytes,
		.size = node->size,
		.lease = dht_lease(node),
		.half_life = dht_half_life(node),
		.window = node->window.size,
		.queued = node->window.queued,
		.commands = node->commands,
		.requests = node->asked,
		.crowded = node->crowded,
		.joined = node->joined,
	};
	for (i = 0; i < DHT_BUCKETS; i++)
		info->buckets += t->size[i] > 0;
}

/**
 * dht_node_contacts() - walk the peers, nearest first
 * @node: the node
 * @cb: called for each; a value but zero ends the walk
 * @ctx: passed to it
 *
 * Return: what @cb returned last.
 */
int dht_node_contacts(const struct dht_node *node,
		      int (*cb)(void *ctx, const struct dht_contact *contact,
				uint64_t rtt_us, unsigned int bucket,
				bool good),
		      void *ctx)
{
	const struct dht_table *t = &node->table;
	const struct dht_peer *peer;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < t->count && !ret; i++) {
		peer = &t->peer[i];
		ret = cb(ctx, dht_book_at(dht_of(node), peer->known),
			 peer->rtt * 250ULL,
			 dht_bucket(t->self, peer->prefix), !peer->fails);
	}
	return ret;
}

/**
 * dht_node_objects() - walk the objects, in the order in which they came
 * @node: the node
 * @cb: called for each, with what dht_node_hold() takes; a value but zero ends
 *	the walk
 * @ctx: passed to it
 *
 * Return: what @cb returned last.
 */
int dht_node_objects(const struct dht_node *node,
		     int (*cb)(void *ctx, const struct themis_id *id,
			       const uint8_t *object, size_t len),
		     void *ctx)
{
	struct core_walk walk = core_walk(&node->store.all);
	struct core_list *pos;
	struct dht_held *held;
	int ret = 0;

	while (!ret && (pos = core_walk_on(&walk))) {
		held = core_entry(pos, struct dht_held, all);
		ret = cb(ctx, &held->id, held->b, held->object.len);
	}
	return ret;
}

/**
 * dht_node_holds() - whether a node holds an object
 * @node: the node
 * @id: the object's id
 * @owner: its owner's key, all zero of an immutable one
 *
 * Return: true if so.
 */
bool dht_node_holds(const struct dht_node *node, const struct themis_id *id,
		    const uint8_t owner[32])
{
	const struct dht_held *held;

	for (held = dht_store_first(node, id); held;
	     held = dht_store_next(held, id))
		if (!memcmp(held->object.owner, owner,
			    sizeof(held->object.owner)))
			return true;
	return false;
}

/**
 * dht_node_hold() - an object from the disk
 * @node: the node
 * @now: microseconds
 * @object: encoded
 * @len: its length in bytes
 * @lease: seconds that it has left; 0 for as long as the network keeps such
 *
 * Return: 0, -EINVAL for what is not valid, -ENOSPC where there is no room.
 */
int dht_node_hold(struct dht_node *node, uint64_t now, const uint8_t *object,
		  size_t len, uint32_t lease)
{
	struct themis_id id;
	uint64_t seq;

	switch (dht_store_check(node, now, object, len, lease, &seq, &id)) {
	case DHT_OK:
	case DHT_OLD:
		return 0;
	case DHT_FULL:
		return -ENOSPC;
	default:
		return -EINVAL;
	}
}

/**
 * dht_node_work() - a node's own proof of work, which its messages show
 * @node: the node
 * @work: the proof
 */
void dht_node_work(struct dht_node *node, uint64_t work)
{
	node->self.work = work;
}

/**
 * dht_node_know() - a contact from the disk, or whom the transport has proven
 * @node: the node
 * @now: microseconds
 * @contact: who and where
 *
 * He counts as one who did not answer last time, until he does.
 *
 * Return: 0, or -ENOSPC where there is no room.
 */
int dht_node_know(struct dht_node *node, uint64_t now,
		  const struct dht_contact *contact)
{
	uint32_t known = dht_book_get(dht_of(node), contact);
	struct dht_peer *peer;

	if (!known)
		return -ENOSPC;
	/* Who is known already needs no introduction. */
	if (dht_table_find(node, known)) {
		dht_book_put(dht_of(node), known);
		return 0;
	}
	peer = dht_table_heard(node, now, known, true);
	if (peer)
		peer->fails = DHT_BAD - 1;
	dht_book_put(dht_of(node), known);
	return peer ? 0 : -ENOSPC;
}

/**
 * dht_node_hash() - the whole state of a node in a hash
 * @node: the node
 * @hash: result, 32 bytes
 */
void dht_node_hash(const struct dht_node *node, uint8_t hash[32])
{
	struct core_walk walk = core_walk(&node->store.all);
	const struct dht_table *t = &node->table;
	const struct dht_contact *contact;
	crypto_generichash_state state;
	struct core_list *pos;
	struct dht_held *held;
	uint64_t n[8];
	unsigned int i;

	crypto_generichash_init(&state, NULL, 0, 32);
	crypto_generichash_update(&state, node->self.id.b, 32);
	for (i = 0; i < t->count; i++) {
		contact = dht_book_at(dht_of(node), t->peer[i].known);
		n[0] = t->peer[i].heard;
		n[1] = t->peer[i].rtt;
		n[2] = t->peer[i].fails;
		crypto_generichash_update(&state, contact->id.b, 32);
		crypto_generichash_update(&state, (uint8_t *)n,
					  3 * sizeof(n[0]));
	}
	while ((pos = core_walk_on(&walk))) {
		held = core_entry(pos, struct dht_held, all);
		crypto_generichash_update(&state, held->b, held->object.len);
		crypto_generichash_update(&state, (uint8_t *)&held->until,
					  sizeof(held->until));
	}
	n[0] = node->size;
	n[1] = node->asked;
	n[2] = node->commands;
	n[3] = node->turn;
	n[4] = node->churn.deaths;
	n[5] = node->churn.exposure;
	n[6] = node->rtt;
	n[7] = node->timer.when;
	crypto_generichash_update(&state, (uint8_t *)n, sizeof(n));
	crypto_generichash_final(&state, hash, 32);
}

/**
 * dht_node_bytes() - memory that a node takes
 * @node: the node
 * @endpoints: result: bytes of the endpoints that it knows, which the nodes of
 *	a host share
 *
 * Return: bytes of the node itself: table, objects, and bookkeeping.
 */
size_t dht_node_bytes(const struct dht_node *node, size_t *endpoints)
{
	const struct dht_table *t = &node->table;
	const struct dht_store *store = &node->store;

	*endpoints = (t->count + t->n_spare + node->n_missing) *
		     (sizeof(struct dht_known) + sizeof(void *));
	return sizeof(*node) + t->room * sizeof(t->peer[0]) +
	       t->spare_room * sizeof(t->spare[0]) +
	       store->by_id.size * sizeof(void *) + store->bytes +
	       store->by_id.count * sizeof(struct dht_held);
}
