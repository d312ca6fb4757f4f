// SPDX-License-Identifier: GPL-2.0
/*
 * Upkeep: joining, and what a node does without being asked.
 *
 * Each round sends a command or a few: to a sibling, to a spare that somebody
 * told of, into a bucket, or to one who has fallen silent. Once in a lease a
 * bucket is filled up by a lookup, once in two the node looks for those nearest
 * to itself; more often after it has joined. The interval and the lease follow
 * the churn, and so does what it costs.
 */
#include <string.h>

#include "dht_state.h"

#define FILLS		2		/* buckets filled at the same time */
#define FILL_NEED	6
#define FILL_PATHS	3
#define SPARES		3		/* tried in one round */
#define FAILING		3		/* the same */
#define SPARSE		15		/* tenths of the distance expected */
#define EARLY		3		/* halvings of the first gap */
#define PULLS		3		/* siblings asked for objects at once */

static uint64_t random64(const struct dht_node *node)
{
	const struct dht_config *config = &dht_of(node)->config;
	uint64_t random;

	config->random(config->ctx, &random, sizeof(random));
	return random;
}

/* Any id that has exactly so many bits in common with the node's. */
static struct themis_id id_in(const struct dht_node *node, unsigned int bits)
{
	const struct dht_config *config = &dht_of(node)->config;
	unsigned int byte = bits / 8, bit = 7 - bits % 8;
	struct themis_id id;
	uint8_t mask = 0xff << bit;

	config->random(config->ctx, id.b, sizeof(id.b));
	memcpy(id.b, node->self.id.b, byte);
	id.b[byte] = (node->self.id.b[byte] & mask) | (id.b[byte] & ~mask);
	id.b[byte] ^= 1 << bit;
	return id;
}

static void probe(struct dht_node *node, uint64_t now, uint32_t known,
		  const struct themis_id *target)
{
	struct dht_message m = {
		.type = DHT_FIND,
		.target = *target,
		.limit = dht_p(node)->reply,
	};

	if (dht_p(node)->closed) {
		m.type = DHT_JOIN;
		m.netid_len = node->net->netid_len;
		memcpy(m.netid, node->net->netid, m.netid_len);
		memcpy(m.admission, node->admission, sizeof(m.admission));
	}
	dht_request(node, now, known, DHT_FOR_PROBE, 0, &m);
}

static void fill(struct dht_node *node, uint64_t now,
		 const struct themis_id *target, bool alarm)
{
	struct dht_op *op = dht_op_new(node, now, DHT_AIM_FILL, target);

	if (!op)
		return;
	if (themis_id_equal(target, &node->self.id)) {
		op->paths <<= alarm;
		dht_lookup_anchor(op);
	} else {
		op->need = FILL_NEED;
		if (op->paths > FILL_PATHS)
			op->paths = FILL_PATHS;
	}
	dht_lookup_begin(op, now);
}

/* How many buckets there are that the siblings do not fill. */
static unsigned int far_buckets(const struct dht_node *node)
{
	unsigned int last = dht_p(node)->siblings;
	const struct dht_table *t = &node->table;

	if (last > t->count)
		last = t->count;
	return last ? dht_bucket(t->self, t->peer[last - 1].prefix) + 1 : 0;
}

/**
 * dht_fill_next() - fill the next bucket after a join
 * @node: the node
 * @now: microseconds
 *
 * Once through, the node knows more than when it joined, and looks again for
 * those nearest to itself; for all, where it may know all.
 */
void dht_fill_next(struct dht_node *node, uint64_t now)
{
	struct themis_id target;

	if (!node->fill) {
		if (!node->again)
			return;
		node->again = false;
		if (dht_small(node))
			node->fill = far_buckets(node);
		fill(node, now, &node->self.id, true);
		return;
	}
	target = id_in(node, --node->fill);
	fill(node, now, &target, false);
}

/**
 * dht_introduced() - take over what a member whom the owner named says
 * @node: the node
 * @now: microseconds
 * @m: the member's response to JOIN or FIND
 */
void dht_introduced(struct dht_node *node, uint64_t now,
		    const struct dht_message *m)
{
	node->told_size = m->since;
	node->told_at = now;
	if (m->since > node->size)
		node->size = m->since;
	dht_churn_told(node, m->lease);
}

/**
 * dht_joined() - the lookup of a join is over
 * @op: the join, which is freed
 * @now: microseconds
 */
void dht_joined(struct dht_op *op, uint64_t now)
{
	struct dht_node *node = op->node;
	const struct dht_peer *best[PULLS];
	unsigned int i, n, here = 0;

	for (i = 0; i < op->n_seen; i++)
		here += op->seen[i].stand == DHT_HERE;
	if (!here && op->result.requests) {
		dht_op_end(op, now, op->result.answers ? DHT_REFUSED :
							 DHT_NO_ANSWER);
		return;
	}
	node->joined = true;
	node->again = true;
	dht_size_update(node, now);
	for (i = 0; i < op->n_seen; i++)
		if (op->seen[i].stand == DHT_HERE &&
		    op->seen[i].round > op->result.rounds)
			op->result.rounds = op->seen[i].round;
	dht_op_end(op, now, DHT_DONE);

	n = dht_table_nearest(node, &node->self.id, false, best, PULLS);
	for (i = 0; i < n; i++)
		dht_update_from(node, now, best[i]->known);
	node->fill = far_buckets(node);
	for (i = 0; i < FILLS; i++)
		dht_fill_next(node, now);
}

static bool is_anchor(const struct dht_node *node, uint32_t known)
{
	unsigned int i;

	for (i = 0; i < node->n_anchor; i++)
		if (node->anchor[i] == known)
			return true;
	return false;
}

/**
 * dht_join() - join the network
 * @node: who joins
 * @now: microseconds
 * @via: members that are known, beside those from the disk
 * @n_via: how many
 *
 * Without any member the node is the first of its network.
 *
 * Return: number of the operation, or 0 where there is no room.
 */
uint64_t dht_join(struct dht_node *node, uint64_t now,
		  const struct dht_contact *via, unsigned int n_via)
{
	struct dht_op *op = dht_op_new(node, now, DHT_AIM_JOIN,
				       &node->self.id);
	unsigned int i;
	uint64_t number;
	uint32_t known;

	if (!op)
		return 0;
	number = dht_op_number(op);
	op->need = 2 * dht_p(node)->redundancy;
	for (i = 0; i < n_via && node->n_anchor < DHT_ANCHORS; i++) {
		known = dht_book_get(dht_of(node), &via[i]);
		if (!known)
			break;
		if (is_anchor(node, known))
			dht_book_put(dht_of(node), known);
		else
			node->anchor[node->n_anchor++] = known;
	}
	dht_lookup_anchor(op);
	dht_lookup_begin(op, now);
	return number;
}

/* The one of a run of peers who was not heard for longest. */
static const struct dht_peer *quietest(const struct dht_node *node,
				       unsigned int from, unsigned int to)
{
	const struct dht_table *t = &node->table;
	const struct dht_peer *peer = NULL;
	unsigned int i;

	for (i = from; i < to && i < t->count; i++)
		if (!peer || t->peer[i].heard < peer->heard)
			peer = &t->peer[i];
	return peer;
}

static bool probe_sibling(struct dht_node *node, uint64_t now)
{
	const struct dht_peer *peer;

	peer = quietest(node, 0, 2 * dht_p(node)->redundancy);
	if (!peer)
		return false;
	probe(node, now, peer->known, &node->self.id);
	return true;
}

static bool churns(const struct dht_node *node)
{
	return dht_lease(node) <= dht_p(node)->lease_max / 2;
}

/*
 * Whether all are known, and need not be looked for. With churn they do: those
 * who were known die sooner than they are asked again.
 */
static bool at_rest(const struct dht_node *node)
{
	return dht_small(node) && !churns(node);
}

/* Until the next lookup of a kind: a lease, or two; less with churn, or early. */
static uint64_t gap(const struct dht_node *node, uint8_t *done,
		    unsigned int leases)
{
	uint64_t us = dht_lease(node) * DHT_SECOND * leases;

	if (churns(node))
		us /= 3;
	if (*done < EARLY)
		return us >> (EARLY - (*done)++);
	return us * 3 / 4 + random64(node) % (us / 2);
}

/**
 * dht_moved() - the node may be elsewhere
 * @node: the node
 * @now: microseconds
 *
 * Who hears from it knows where it is: its nearest do at once.
 */
void dht_moved(struct dht_node *node, uint64_t now)
{
	const struct dht_peer *best[64];
	unsigned int i, n;

	if (!node->joined || node->left)
		return;
	n = dht_table_nearest(node, &node->self.id, true, best,
			      2 * dht_p(node)->redundancy);
	for (i = 0; i < n; i++)
		probe(node, now, best[i]->known, &node->self.id);
}

/* While there is room, a random place in the next bucket is looked for. */
static bool fill_more(struct dht_node *node, uint64_t now)
{
	unsigned int buckets = far_buckets(node);
	struct themis_id target;

	if (at_rest(node) || !buckets || now < node->fill_at ||
	    node->table.count >= dht_p(node)->table)
		return false;
	node->fill_at = now + gap(node, &node->fills, 1);
	target = id_in(node, node->fill_bucket++ % buckets);
	fill(node, now, &target, false);
	return true;
}

/* Siblings that lie too far away hint that the nearest have been hidden. */
static bool hidden(const struct dht_node *node)
{
	const struct dht_table *t = &node->table;
	unsigned int r = dht_p(node)->redundancy;

	return node->turn % 4 == 0 &&
	       dht_too_sparse(node, t->peer[r - 1].prefix ^ t->self, r,
			      SPARSE);
}

static bool look_around(struct dht_node *node, uint64_t now)
{
	if (at_rest(node) ||
	    node->table.count < dht_p(node)->redundancy ||
	    (now < node->around_at && !hidden(node)))
		return false;
	fill(node, now, &node->self.id, now < node->around_at);
	node->around_at = now + gap(node, &node->arounds, 2);
	return true;
}

/* Of those told of, one of the smallest bucket; it is asked for more of it. */
static bool probe_spare(struct dht_node *node, uint64_t now)
{
	unsigned int i, bucket, least = UINT16_MAX, best = 0;
	struct dht_table *t = &node->table;
	struct themis_id target;
	struct dht_peer *spare;

	for (i = 0; i < t->n_spare; i++) {
		if (t->spare[i].proven || t->spare[i].fails)
			continue;
		bucket = dht_bucket(t->self, t->spare[i].prefix);
		if (t->size[bucket] < least) {
			least = t->size[bucket];
			best = i;
		}
	}
	if (least == UINT16_MAX)
		return false;
	spare = &t->spare[best];
	target = id_in(node, dht_bucket(t->self, spare->prefix));
	/* It is asked once: it answers and is proven, or it is forgotten. */
	spare->fails = 1;
	probe(node, now, spare->known, &target);
	return true;
}

static bool probe_bucket(struct dht_node *node, uint64_t now)
{
	const struct dht_table *t = &node->table;
	const struct dht_peer *peer;
	unsigned int i, bucket, from = 0, buckets = 0;
	struct themis_id target;

	for (i = 0; i < DHT_BUCKETS; i++)
		if (t->size[i])
			buckets = i + 1;
	if (!buckets)
		return false;
	bucket = (node->turn / 4) % buckets;
	for (i = DHT_BUCKETS - 1; i > bucket; i--)
		from += t->size[i];
	peer = quietest(node, from, from + t->size[bucket]);
	if (!peer)
		return false;
	target = id_in(node, bucket);
	probe(node, now, peer->known, &target);
	return true;
}

/* Those who did not answer last time are asked again soon. */
static bool probe_failing(struct dht_node *node, uint64_t now)
{
	const struct dht_table *t = &node->table;
	unsigned int i, n = 0;

	for (i = 0; i < t->count && n < FAILING; i++) {
		if (!t->peer[i].fails)
			continue;
		probe(node, now, t->peer[i].known, &node->self.id);
		n++;
	}
	return n;
}

static bool probe_missing(struct dht_node *node, uint64_t now)
{
	if (!node->n_missing)
		return false;
	node->next_missing = (node->next_missing + 1) % node->n_missing;
	probe(node, now, node->missing[node->next_missing], &node->self.id);
	return true;
}

/**
 * dht_probed() - a probe has been answered
 * @node: who probed
 * @now: microseconds
 * @known: who has answered
 *
 * If he had been missing, the way to him was, and others lie behind it.
 */
void dht_probed(struct dht_node *node, uint64_t now, uint32_t known)
{
	unsigned int i;

	for (i = 0; i < node->n_missing; i++) {
		if (node->missing[i] != known)
			continue;
		node->missing[i] = node->missing[--node->n_missing];
		dht_churn_undo(node);
		dht_book_put(dht_of(node), known);
		fill(node, now, &node->self.id, false);
		return;
	}
}

/* One of four things in turn. Return: whether there was anything to do. */
static bool turn_of(struct dht_node *node, uint64_t now, unsigned int turn)
{
	switch (turn % 4) {
	case 0:
		return probe_sibling(node, now);
	case 1:
		return probe_failing(node, now);
	case 2:
		return probe_bucket(node, now);
	default:
		return probe_missing(node, now);
	}
}

/**
 * dht_upkeep() - the next round of upkeep
 * @node: the node
 * @now: microseconds
 */
void dht_upkeep(struct dht_node *node, uint64_t now)
{
	uint64_t interval = dht_upkeep_interval(node);
	unsigned int i;

	core_heap_set(&dht_of(node)->upkeep, &node->timer,
		      now + interval * 3 / 4 +
		      random64(node) % (interval / 2));
	if (!node->joined || node->left)
		return;
	node->turn++;
	dht_size_update(node, now);
	if (node->update_at <= now) {
		dht_store_expire(node, now);
		dht_update_ask(node, now);
	}
	if (look_around(node, now) || fill_more(node, now))
		return;
	for (i = 0; i < SPARES && probe_spare(node, now); i++)
		;
	if (i)
		return;
	for (i = 0; i < 4 && !turn_of(node, now, node->turn + i); i++)
		;
}
