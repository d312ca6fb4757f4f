// SPDX-License-Identifier: GPL-2.0
/*
 * The peers of a node: the routing table.
 *
 * Peers lie in one array by distance from the node, so that a bucket, those who
 * share the same number of bits with it, is a run, and the siblings, the
 * nearest, are its beginning. While the array is not full everybody who has
 * proven himself is in it: a small network is known whole. Once it is full the
 * largest bucket gives way until all are as large as each other. A peer that
 * lives never makes room for a new one in its own bucket: who has lived long is
 * likely to live on, and cannot be pushed out by a flood of new ids.
 */
#include <stdlib.h>
#include <string.h>

#include "dht_state.h"

#define ROOM_STEP	16
/* When so many in a row do not answer it is we who are cut off. */
#define CUT_OFF		12

/**
 * dht_bucket() - how many leading bits two ids have in common
 * @self: first bytes of one
 * @prefix: first bytes of the other
 *
 * Return: 0 to DHT_BUCKETS - 1.
 */
unsigned int dht_bucket(uint64_t self, uint64_t prefix)
{
	uint64_t distance = self ^ prefix;
	unsigned int bits = distance ? __builtin_clzll(distance) : 64;

	return bits < DHT_BUCKETS ? bits : DHT_BUCKETS - 1;
}

/**
 * dht_table_free() - forget all peers
 * @node: the node
 */
void dht_table_free(struct dht_node *node)
{
	struct dht_host *host = dht_of(node);
	struct dht_table *t = &node->table;
	unsigned int i;

	for (i = 0; i < t->count; i++)
		dht_book_put(host, t->peer[i].known);
	for (i = 0; i < t->n_spare; i++)
		dht_book_put(host, t->spare[i].known);
	for (i = 0; i < node->n_missing; i++)
		dht_book_put(host, node->missing[i]);
	for (i = 0; i < node->n_anchor; i++)
		dht_book_put(host, node->anchor[i]);
	node->n_anchor = 0;
	free(t->peer);
	free(t->spare);
	memset(t, 0, sizeof(*t));
	node->n_missing = 0;
}

/* The first place whose peer is not nearer than @distance. */
static unsigned int place_of(const struct dht_table *t, uint64_t distance)
{
	unsigned int low = 0, high = t->count, at;

	while (low < high) {
		at = (low + high) / 2;
		if ((t->peer[at].prefix ^ t->self) < distance)
			low = at + 1;
		else
			high = at;
	}
	return low;
}

/**
 * dht_table_find() - a peer in the table
 * @node: the node
 * @known: its number in the book
 *
 * Return: the peer, or NULL.
 */
struct dht_peer *dht_table_find(const struct dht_node *node, uint32_t known)
{
	const struct dht_table *t = &node->table;
	uint64_t distance;
	unsigned int i;

	distance = dht_prefix(&dht_book_at(dht_of(node), known)->id) ^ t->self;
	for (i = place_of(t, distance); i < t->count; i++) {
		if ((t->peer[i].prefix ^ t->self) != distance)
			return NULL;
		if (t->peer[i].known == known)
			return &t->peer[i];
	}
	return NULL;
}

/* The peer with that id, whatever its address. */
static struct dht_peer *find_id(const struct dht_node *node,
				const struct themis_id *id)
{
	const struct dht_table *t = &node->table;
	uint64_t distance = dht_prefix(id) ^ t->self;
	const struct themis_id *other;
	unsigned int i;

	for (i = place_of(t, distance); i < t->count; i++) {
		if ((t->peer[i].prefix ^ t->self) != distance)
			return NULL;
		other = &dht_book_at(dht_of(node), t->peer[i].known)->id;
		if (themis_id_equal(other, id))
			return &t->peer[i];
	}
	return NULL;
}

/* Takes the peer out; its hold on the book passes to the caller. */
static struct dht_peer take_out(struct dht_node *node, unsigned int at)
{
	struct dht_table *t = &node->table;
	struct dht_peer peer = t->peer[at];

	if (at < 2U * dht_p(node)->redundancy)
		node->stirred = true;
	t->size[dht_bucket(t->self, peer.prefix)]--;
	t->count--;
	memmove(&t->peer[at], &t->peer[at + 1],
		(t->count - at) * sizeof(t->peer[0]));
	return peer;
}

static int put_in(struct dht_node *node, const struct dht_peer *peer)
{
	struct dht_table *t = &node->table;
	struct dht_peer *grown;
	unsigned int at;

	if (t->count == t->room) {
		grown = realloc(t->peer, (t->room + ROOM_STEP) *
				sizeof(t->peer[0]));
		if (!grown)
			return -1;
		t->peer = grown;
		t->room += ROOM_STEP;
	}
	at = place_of(t, peer->prefix ^ t->self);
	memmove(&t->peer[at + 1], &t->peer[at],
		(t->count - at) * sizeof(t->peer[0]));
	t->peer[at] = *peer;
	if (at < 2U * dht_p(node)->redundancy)
		node->stirred = true;
	t->count++;
	t->size[dht_bucket(t->self, peer->prefix)]++;
	return 0;
}

static unsigned int bucket_start(const struct dht_table *t,
				 unsigned int bucket)
{
	unsigned int i, at = 0;

	for (i = DHT_BUCKETS - 1; i > bucket; i--)
		at += t->size[i];
	return at;
}

/* The bucket that has the most peers beside the siblings. */
static unsigned int largest_bucket(const struct dht_node *node,
				   unsigned int *size)
{
	unsigned int i, at = 0, end, most = 0, bucket = 0;
	unsigned int siblings = dht_p(node)->siblings;
	const struct dht_table *t = &node->table;

	for (i = DHT_BUCKETS; i-- > 0;) {
		end = at + t->size[i];
		if (end > siblings) {
			if (at < siblings)
				at = siblings;
			if (end - at >= most) {
				most = end - at;
				bucket = i;
			}
		}
		at = end;
	}
	*size = most;
	return bucket;
}

/*
 * Who leaves the largest bucket: who fails, or else of the two that lie closest
 * together the younger, so that the rest lie evenly.
 */
static unsigned int victim(const struct dht_node *node, unsigned int bucket)
{
	unsigned int siblings = dht_p(node)->siblings, i, start, end, who;
	const struct dht_table *t = &node->table;
	uint64_t gap, least = UINT64_MAX;

	start = bucket_start(t, bucket);
	end = start + t->size[bucket];
	if (start < siblings)
		start = siblings;
	who = end - 1;
	for (i = start; i < end; i++) {
		if (t->peer[i].fails)
			return i;
		if (i == start)
			continue;
		gap = (t->peer[i].prefix ^ t->self) -
		      (t->peer[i - 1].prefix ^ t->self);
		if (gap < least) {
			least = gap;
			who = t->peer[i].since >= t->peer[i - 1].since ?
			      i : i - 1;
		}
	}
	return who;
}

static void to_spare(struct dht_node *node, unsigned int at)
{
	struct dht_peer peer = take_out(node, at);

	if (!peer.fails)
		dht_spare_add(node, &peer);
	dht_book_put(dht_of(node), peer.known);
}

static int failing(const struct dht_table *t, unsigned int bucket)
{
	unsigned int i, start = bucket_start(t, bucket);

	for (i = start; i < start + t->size[bucket]; i++)
		if (t->peer[i].fails)
			return i;
	return -1;
}

/* Whether he would be one of the siblings. */
static bool near(const struct dht_node *node, uint64_t prefix)
{
	unsigned int siblings = dht_p(node)->siblings;
	const struct dht_table *t = &node->table;

	return t->count < siblings ||
	       (prefix ^ t->self) < (t->peer[siblings - 1].prefix ^ t->self);
}

/* Whether the table would take one more of a bucket. */
static bool wants(const struct dht_node *node, uint64_t prefix)
{
	unsigned int size;
	const struct dht_table *t = &node->table;
	unsigned int bucket = dht_bucket(t->self, prefix);

	if (t->count < dht_p(node)->table || near(node, prefix))
		return true;
	largest_bucket(node, &size);
	return t->size[bucket] + 1U < size;
}

/* Takes a proven peer in, if it may be; its hold goes with it. */
static struct dht_peer *admit(struct dht_node *node, struct dht_peer *peer)
{
	struct dht_table *t = &node->table;
	unsigned int size, most;
	int at;

	if (!dht_prefix_room(node, peer)) {
		node->crowded++;
		return NULL;
	}
	if (t->count >= dht_p(node)->table) {
		most = largest_bucket(node, &size);
		at = failing(t, dht_bucket(t->self, peer->prefix));
		if (at < 0 && !wants(node, peer->prefix)) {
			dht_spare_add(node, peer);
			return NULL;
		}
		to_spare(node, at >= 0 ? (unsigned int)at :
			 victim(node, most));
	}
	dht_book_hold(dht_of(node), peer->known);
	if (put_in(node, peer)) {
		dht_book_put(dht_of(node), peer->known);
		return NULL;
	}
	dht_spare_remove(node, peer->known);
	return dht_table_find(node, peer->known);
}

static uint64_t tenths_since(uint64_t now, uint32_t heard)
{
	uint64_t tenths = now / DHT_TENTH;

	return tenths > heard ? tenths - heard : 0;
}

/**
 * dht_table_heard() - somebody has proven himself by a message
 * @node: the node
 * @now: microseconds
 * @known: his number in the book
 * @admitting: take him in, if he is not yet
 *
 * Return: the peer in the table, or NULL if he has no place there.
 */
struct dht_peer *dht_table_heard(struct dht_node *node, uint64_t now,
				 uint32_t known, bool admitting)
{
	const struct dht_contact *contact = dht_book_at(dht_of(node), known);
	struct dht_peer *peer = dht_table_find(node, known), fresh = {
		.prefix = dht_prefix(&contact->id),
		.known = known,
		.heard = now / DHT_TENTH,
		.since = now / (60 * DHT_SECOND),
		.proven = 1,
		.net = dht_prefix_hash(contact->addr),
	};

	if (peer) {
		if (peer->fails)
			dht_churn_undo(node);
		dht_churn_alive(node, tenths_since(now, peer->heard));
		peer->heard = fresh.heard;
		peer->fails = 0;
		return peer;
	}
	if (!admitting || themis_id_equal(&contact->id, &node->self.id) ||
	    !dht_work_ok(node->net, contact))
		return NULL;
	/* The transport has seen him move. */
	peer = find_id(node, &contact->id);
	if (peer) {
		fresh = take_out(node, peer - node->table.peer);
		dht_book_put(dht_of(node), fresh.known);
		fresh.known = known;
		fresh.heard = now / DHT_TENTH;
		fresh.fails = 0;
		fresh.net = dht_prefix_hash(contact->addr);
	}
	return admit(node, &fresh);
}

/**
 * dht_table_curious() - whether hearsay of somebody would be of use
 * @node: the node
 * @id: who
 *
 * Hearsay only ever becomes a spare, which upkeep tries by itself; and that
 * only in a network that may be known whole, or of those who would be siblings:
 * who is near is not of a liar's choice. Of the others in a large network he
 * would name liars only, and fill the tables of all who ask him, and of all who
 * ask those.
 *
 * Return: true if dht_table_told() would take him.
 */
bool dht_table_curious(const struct dht_node *node,
		       const struct themis_id *id)
{
	uint64_t prefix = dht_prefix(id);

	if (!(dht_small(node) ? wants(node, prefix) : near(node, prefix)))
		return false;
	return !themis_id_equal(id, &node->self.id) && !find_id(node, id);
}

/**
 * dht_table_told() - somebody was told of
 * @node: the node
 * @known: his number in the book
 */
void dht_table_told(struct dht_node *node, uint32_t known)
{
	const struct themis_id *id = &dht_book_at(dht_of(node), known)->id;
	struct dht_peer peer = {
		.prefix = dht_prefix(id),
		.known = known,
	};

	if (dht_table_curious(node, id))
		dht_spare_add(node, &peer);
}

/* Remembers a peer that fell silent: he, or the way to him, may come back. */
static void miss(struct dht_node *node, uint32_t known)
{
	struct dht_host *host = dht_of(node);
	unsigned int i, far = 0;

	for (i = 0; i < node->n_missing; i++)
		if (node->missing[i] == known)
			return;
	dht_book_hold(host, known);
	if (node->n_missing < DHT_MISSING) {
		node->missing[node->n_missing++] = known;
		return;
	}
	/* A half is of near ones, who matter most; the other half turns. */
	for (i = 1; i < DHT_MISSING / 2; i++)
		if (dht_nearer(host, &node->self.id, node->missing[i],
			       node->missing[far]) > 0)
			far = i;
	if (dht_nearer(host, &node->self.id, known, node->missing[far]) > 0)
		far = DHT_MISSING / 2 + node->turn % (DHT_MISSING / 2);
	dht_book_put(host, node->missing[far]);
	node->missing[far] = known;
}

/**
 * dht_table_drop() - forget a peer
 * @node: the node
 * @known: its number in the book
 *
 * A spare takes its place, if there is one that has proven itself.
 */
void dht_table_drop(struct dht_node *node, uint32_t known)
{
	struct dht_peer *at = dht_table_find(node, known), peer, next;
	struct dht_table *t = &node->table;

	dht_spare_remove(node, known);
	if (!at)
		return;
	peer = take_out(node, at - t->peer);
	if (!dht_spare_take(node, dht_bucket(t->self, peer.prefix), &next)) {
		admit(node, &next);
		dht_book_put(dht_of(node), next.known);
	}
	dht_book_put(dht_of(node), peer.known);
}

/**
 * dht_table_lost() - somebody did not answer
 * @node: the node
 * @now: microseconds
 * @known: his number in the book
 */
void dht_table_lost(struct dht_node *node, uint64_t now, uint32_t known)
{
	struct dht_peer *peer = dht_table_find(node, known);

	if (node->silent <= CUT_OFF)
		node->silent++;
	if (!peer) {
		dht_spare_lost(node, known);
		return;
	}
	if (node->silent > CUT_OFF)
		return;
	if (!peer->fails++) {
		dht_churn_dead(node, tenths_since(now, peer->heard));
		dht_upkeep_hurry(node, now);
	}
	if (peer->fails < DHT_BAD)
		return;
	miss(node, known);
	dht_table_drop(node, known);
}

/* Puts a peer among the @n best, nearest to the target first. */
static unsigned int rank(const struct dht_host *host,
			 const struct themis_id *target, uint64_t prefix,
			 const struct dht_peer *peer,
			 const struct dht_peer **best, unsigned int have,
			 unsigned int from, unsigned int n)
{
	uint64_t d = peer->prefix ^ prefix, other;
	unsigned int i = have;

	for (; i > from; i--) {
		other = best[i - 1]->prefix ^ prefix;
		if (other < d || (other == d &&
				  dht_nearer(host, target, best[i - 1]->known,
					     peer->known) < 0))
			break;
	}
	if (i >= n)
		return have;
	if (have < n)
		have++;
	memmove(&best[i + 1], &best[i],
		(have - 1 - i) * sizeof(struct dht_peer *));
	best[i] = peer;
	return have;
}

/**
 * dht_table_nearest() - the peers nearest to a target
 * @node: the node
 * @target: the target
 * @any: those, too, who did not answer last time
 * @best: result, nearest first
 * @n: how many are wanted
 *
 * Of the buckets, the one that the target would be in is nearest; then come
 * all that are nearer to the node, together; then the others, each further
 * away than the one before.
 *
 * Return: how many there are.
 */
unsigned int dht_table_nearest(const struct dht_node *node,
			       const struct themis_id *target, bool any,
			       const struct dht_peer **best, unsigned int n)
{
	const struct dht_table *t = &node->table;
	const struct dht_host *host = dht_of(node);
	unsigned int bucket, start, from, have = 0, i;
	uint64_t prefix = dht_prefix(target);

	bucket = dht_bucket(t->self, prefix);
	start = bucket_start(t, bucket);
	for (i = start; i < start + t->size[bucket]; i++)
		if (any || !t->peer[i].fails)
			have = rank(host, target, prefix, &t->peer[i], best,
				    have, 0, n);
	from = have;
	for (i = 0; i < start && from < n; i++)
		if (any || !t->peer[i].fails)
			have = rank(host, target, prefix, &t->peer[i], best,
				    have, from, n);
	start += t->size[bucket];
	while (bucket-- > 0 && have < n) {
		from = have;
		for (i = start; i < start + t->size[bucket]; i++)
			if (any || !t->peer[i].fails)
				have = rank(host, target, prefix, &t->peer[i],
					    best, have, from, n);
		start += t->size[bucket];
	}
	return have;
}

/**
 * dht_known_nearest() - of all who are known, those nearest to a target
 * @node: the node
 * @target: the target
 * @any: those, too, who did not answer last time
 * @best: result, nearest first
 * @n: how many are wanted
 *
 * As dht_table_nearest(), but in a calm network with those who were told of. They
 * are for the node's own use: others are told of nobody whom it has not met.
 *
 * Return: how many there are.
 */
unsigned int dht_known_nearest(const struct dht_node *node,
			       const struct themis_id *target, bool any,
			       const struct dht_peer **best, unsigned int n)
{
	unsigned int i, have = dht_table_nearest(node, target, any, best, n);
	const struct dht_table *t = &node->table;
	uint64_t prefix = dht_prefix(target);

	if (!dht_calm(node))
		return have;
	for (i = 0; i < t->n_spare; i++)
		if (!t->spare[i].fails)
			have = rank(dht_of(node), target, prefix, &t->spare[i],
				    best, have, 0, n);
	return have;
}
