// SPDX-License-Identifier: GPL-2.0
/*
 * Upkeep: what a node does without being asked.
 *
 * Each round sends a command or a few: to a sibling, to a spare that somebody
 * told of, into a bucket, or to one who has fallen silent. The interval follows
 * the churn, and so does what it costs.
 */
#include <string.h>

#include "dht_state.h"

#define SPARES		3		/* tried in one round */
#define FAILING		3		/* the same */
#define HURRY		4		/* rounds after a death, the last as ever */
#define HURRY_GAP	(2 * DHT_SECOND)
#define BUSY		8		/* commands that wait for sessions */
#define HINT_GAP	(60 * DHT_SECOND)	/* between hints that are taken */
#define MEET_US		(DHT_SECOND / 4)	/* until a node meets the next */

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

static bool asked(const struct dht_node *node, uint32_t known)
{
	struct core_walk walk = core_walk(&node->requests);
	struct core_list *pos;

	while ((pos = core_walk_on(&walk)))
		if (core_entry(pos, struct dht_request, of_node)->known ==
		    known)
			return true;
	return false;
}

/*
 * The one of a run of peers who was not heard for longest, of those who do not
 * fail and are not being asked: who is dead would be the quietest each time.
 */
static const struct dht_peer *quietest(const struct dht_node *node,
				       unsigned int from, unsigned int to)
{
	const struct dht_table *t = &node->table;
	const struct dht_peer *peer = NULL;
	unsigned int i;

	for (i = from; i < to && i < t->count; i++)
		if (!t->peer[i].fails &&
		    (!peer || t->peer[i].heard < peer->heard) &&
		    !asked(node, t->peer[i].known))
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

/**
 * dht_probe_spare() - ask one of those told of
 * @node: the node
 * @now: microseconds
 *
 * It is one of the smallest bucket, and asked for more of that.
 *
 * Return: whether there is one who has not been asked.
 */
bool dht_probe_spare(struct dht_node *node, uint64_t now)
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
	target = dht_id_in(node, dht_bucket(t->self, spare->prefix));
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
	target = dht_id_in(node, bucket);
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
		dht_fill(node, now, &node->self.id, false);
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

static void upkeep_round(struct dht_node *node, uint64_t now)
{
	unsigned int i;
	bool busy;

	node->turn++;
	dht_size_update(node, now);
	if (!dht_small(node))
		dht_spare_trim(node);
	if (dht_update_due(node, now)) {
		dht_store_expire(node, now);
		dht_update_ask(node, now);
	}
	if (node->hurry) {
		probe_failing(node, now);
		probe_sibling(node, now);
		probe_bucket(node, now);
		return;
	}
	/* Who is not known yet is met when there is time for it. */
	busy = dht_of(node)->n_held > BUSY;
	if (!busy && (dht_look_around(node, now) || dht_fill_more(node, now)))
		return;
	for (i = 0; i < SPARES && !busy && !dht_calm(node) &&
	     dht_probe_spare(node, now); i++)
		;
	if (i)
		return;
	for (i = 0; i < 4 && !turn_of(node, now, node->turn + i); i++)
		;
}

/**
 * dht_upkeep_hurry() - somebody has died
 * @node: the node
 * @now: microseconds
 *
 * In peace rounds are rare. If more have died this is not the time to wait for
 * the next one: they held copies, and have to be found dead before these are made
 * again. So the next few come soon, and look for the dead alone. With churn rounds
 * are frequent as it is; where nobody answers any more it is we who are cut off,
 * and where most answers are late it is too much that is asked.
 */
void dht_upkeep_hurry(struct dht_node *node, uint64_t now)
{
	if (!node->joined || node->left || dht_churns(node) ||
	    node->silent >= HURRY || dht_window_late(node))
		return;
	node->hurry = HURRY;
	if (node->round_at > now + HURRY_GAP)
		node->round_at = now + HURRY_GAP;
	if (node->timer.when > now + HURRY_GAP)
		core_heap_set(&dht_of(node)->upkeep, &node->timer,
			      now + HURRY_GAP);
}

/**
 * dht_upkeep_hint() - a peer says what lease it has
 * @node: the node
 * @now: microseconds
 * @lease: of the other, seconds
 *
 * Churn that begins is noticed by some before others. It is not taken from hearsay,
 * which may lie, but looked for.
 */
void dht_upkeep_hint(struct dht_node *node, uint64_t now, uint32_t lease)
{
	if (now < node->hint_at || lease >= dht_lease(node) / 2)
		return;
	node->hint_at = now + HINT_GAP;
	dht_upkeep_hurry(node, now);
}

/**
 * dht_upkeep() - the next round of upkeep
 * @node: the node
 * @now: microseconds
 */
void dht_upkeep(struct dht_node *node, uint64_t now)
{
	uint64_t interval = dht_upkeep_interval(node), next;
	bool due = now >= node->round_at, at_work = node->joined && !node->left;
	bool more;

	if (due && node->hurry) {
		node->hurry--;
		interval = HURRY_GAP;
	}
	if (due)
		node->round_at = now + interval * 3 / 4 +
				 dht_random64(node) % (interval / 2);
	if (due && at_work)
		upkeep_round(node, now);
	if (at_work && dht_calm(node) && now >= node->sweep_at)
		dht_sweep(node, now);
	more = at_work && dht_meet(node, now);
	next = node->round_at;
	if (more && now + MEET_US < next)
		next = now + MEET_US * 3 / 4 + dht_random64(node) % (MEET_US / 2);
	core_heap_set(&dht_of(node)->upkeep, &node->timer, next);
}
