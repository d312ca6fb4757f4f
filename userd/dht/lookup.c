// SPDX-License-Identifier: GPL-2.0
/*
 * Lookups: the way to the nodes nearest to a target.
 *
 * A lookup goes on several paths at once. A node belongs to the path on which it
 * was first told of, and is asked once, so that a liar spoils his own path only
 * (S/Kademlia). Each path asks its nearest until so many of them have answered;
 * then the nearest of all paths together are asked, or given what is to be
 * stored. Whoever is slow is waited for, but no longer counted: the next one is
 * asked beside him.
 *
 * In the end the density of those found is checked. If nodes seem to be missing
 * the lookup goes on with new paths, from peers that were not asked yet.
 */
#include <stdlib.h>
#include <string.h>

#include "dht_state.h"

#define PATH_NEED	3	/* answers from the nearest of a path */
#define WIDEN		2	/* how often a lookup may widen */
#define SPARSE		13	/* tenths of the distance expected */
#define SPARSER		4	/* more, after new paths have found no more */
#define WIDEN_STORE	5	/* a store */
#define AGAIN		3	/* how often the same question is put again */
#define JOIN_NEAR	3	/* to join a small network, must have answered */

static void step(const struct dht_op *op, uint64_t now,
		 const struct dht_seen *seen, int what,
		 const struct dht_message *m)
{
	struct dht_host *host = dht_of(op->node);
	struct dht_step s = {
		.op = dht_op_number(op),
		.at = now,
		.asked = dht_book_at(host, seen->known)->id,
		.path = seen->path,
		.round = seen->round,
		.what = what,
	};

	if (!host->step)
		return;
	if (m) {
		s.contacts = m->n_contacts;
		s.objects = m->n_objects;
	}
	host->step(host->step_ctx, &s);
}

/**
 * dht_lookup_anchor() - ask those, too, whom the owner has named
 * @op: the operation
 *
 * Whatever the table has come to be filled with, they are not of its making.
 */
void dht_lookup_anchor(struct dht_op *op)
{
	unsigned int i, j;

	op->anchored = true;
	for (i = 0; i < op->node->n_anchor; i++) {
		dht_lookup_add(op, op->node->anchor[i], i % op->paths, 1);
		for (j = 0; j < op->n_seen; j++)
			if (op->seen[j].known == op->node->anchor[i])
				op->seen[j].anchor = 1;
	}
}

static bool must_join(const struct dht_op *op, uint64_t now,
		      const struct dht_seen *seen)
{
	struct dht_host *host = dht_of(op->node);
	const struct dht_known *k = dht_slab_at(&host->book, seen->known);

	if (op->aim == DHT_AIM_JOIN && seen->round == 1)
		return true;
	return dht_p(op->node)->closed &&
	       k->admitted <= dht_unix(host, now);
}

static int ask(struct dht_op *op, uint64_t now, struct dht_seen *seen)
{
	const struct dht_net *net = op->node->net;
	struct dht_message m = {
		.type = DHT_FIND,
		.target = op->route,
		.limit = dht_p(op->node)->reply,
	};

	if (op->aim == DHT_AIM_FIND && (!op->asides || op->gathered)) {
		m.target = op->target;
		m.flags = DHT_FIND_VALUE;
	}
	if (must_join(op, now, seen)) {
		m.type = DHT_JOIN;
		m.netid_len = net->netid_len;
		memcpy(m.netid, net->netid, net->netid_len);
		memcpy(m.admission, op->node->admission, sizeof(m.admission));
	}
	op->result.requests++;
	if (dht_request(op->node, now, seen->known, DHT_FOR_LOOKUP,
			op->number, &m)) {
		if (!seen->asked)
			seen->stand = DHT_GONE;
		return -1;
	}
	if (seen->stand == DHT_NEW &&
	    dht_place_silent(op, seen->known)) {
		seen->stand = DHT_TARDY;
	} else if (seen->stand == DHT_NEW) {
		seen->stand = DHT_WAITING;
		op->waiting[seen->path]++;
	}
	seen->asked++;
	op->outstanding++;
	step(op, now, seen, DHT_ASKED, NULL);
	return 0;
}

/*
 * The next one to ask on a path; NULL where enough have answered. Whom the owner
 * has named is asked however far away he is.
 */
static struct dht_seen *next_of_path(struct dht_op *op, unsigned int path,
				     unsigned int need)
{
	unsigned int i;

	for (i = 0; op->anchored && i < op->n_seen; i++)
		if (op->seen[i].anchor && op->seen[i].path == path &&
		    op->seen[i].stand == DHT_NEW)
			return &op->seen[i];
	for (i = 0; i < op->n_seen && need; i++) {
		if (op->seen[i].path != path)
			continue;
		if (op->seen[i].stand == DHT_NEW)
			return &op->seen[i];
		if (op->seen[i].stand == DHT_HERE)
			need--;
	}
	return NULL;
}

static struct dht_seen *next_of_all(struct dht_op *op)
{
	unsigned int i, need = op->need;

	for (i = 0; i < op->n_seen && need; i++) {
		if (op->seen[i].stand == DHT_NEW)
			return &op->seen[i];
		if (op->seen[i].stand != DHT_GONE &&
		    op->seen[i].stand != DHT_TARDY)
			need--;
	}
	return NULL;
}

static unsigned int waiting(const struct dht_op *op)
{
	unsigned int i, n = 0;

	for (i = 0; i < op->paths; i++)
		n += op->waiting[i];
	return n;
}

/**
 * dht_lookup_budget() - whether an operation may still ask
 * @op: the operation
 *
 * A question and its answer are two messages, one that nobody answered is one:
 * where many are dead more may be asked. What is stored among liars is lost, and
 * who joins among them stays there: all but a find may cost twice as much.
 *
 * Return: true if so.
 */
bool dht_lookup_budget(const struct dht_op *op)
{
	unsigned int messages = op->result.requests + op->result.answers +
				op->outstanding;
	unsigned int most = 2 * dht_p(op->node)->requests;

	return messages + 2 <= (op->aim == DHT_AIM_FIND ? most : 2 * most);
}

/* Of those who are slow the question may be lost: they get it again. */
static void ask_again(struct dht_op *op, uint64_t now)
{
	unsigned int i, need = op->need;

	for (i = 0; i < op->n_seen && need; i++) {
		if (op->seen[i].stand == DHT_GONE)
			continue;
		need--;
		if (op->seen[i].stand == DHT_TARDY &&
		    op->seen[i].again < AGAIN && dht_lookup_budget(op)) {
			op->seen[i].again++;
			ask(op, now, &op->seen[i]);
		}
	}
}

/**
 * dht_lookup_nth() - how far the last of those is who must answer
 * @op: the operation
 * @distance: result
 *
 * Return: true if so many have answered.
 */
bool dht_lookup_nth(const struct dht_op *op, uint64_t *distance)
{
	unsigned int i, n = 0;

	for (i = 0; i < op->n_seen; i++) {
		if (op->seen[i].stand != DHT_HERE)
			continue;
		*distance = op->seen[i].distance;
		if (++n == op->need)
			return true;
	}
	return false;
}

static bool suspicious(const struct dht_op *op)
{
	uint64_t distance;

	if (op->node->size <= 2U * op->need ||
	    (op->aim == DHT_AIM_JOIN && dht_calm(op->node)))
		return false;
	return !dht_lookup_nth(op, &distance) ||
	       dht_too_sparse(op->node, distance, op->need,
			      SPARSE + SPARSER * op->widened);
}

/*
 * Whether there are too few near the target even with all who were told of: the
 * paths have ended among liars, and to ask those would be in vain. Once only:
 * where new paths tell of nobody nearer, what may still be asked is for them.
 */
static bool captured(const struct dht_op *op)
{
	unsigned int i, n = 0;

	if (op->widened || op->node->size <= 2U * op->need)
		return false;
	for (i = 0; i < op->n_seen; i++) {
		if (op->seen[i].stand == DHT_GONE || ++n < op->need)
			continue;
		return dht_too_sparse(op->node, op->seen[i].distance, op->need,
				      SPARSE);
	}
	return true;
}

/* That nobody has it has to be said on more paths than that somebody has. */
static bool unsure(const struct dht_op *op)
{
	return op->aim == DHT_AIM_FIND && !op->n_found && !op->widened &&
	       !dht_small(op->node);
}

/* New paths from peers that were not told of yet. */
static bool widen(struct dht_op *op)
{
	const struct dht_peer *best[DHT_SEEN_MAX];
	unsigned int i, n, added = 0, more = dht_p(op->node)->paths;

	if (op->widened >= (op->aim == DHT_AIM_STORE ? WIDEN_STORE : WIDEN) ||
	    op->paths + more > DHT_PATHS_MAX ||
	    !dht_lookup_budget(op))
		return false;
	dht_lookup_anchor(op);
	n = dht_table_nearest(op->node, &op->target, false, best,
			      DHT_SEEN_MAX / 2);
	for (i = 0; i < n && added < 3 * more; i++)
		if (!dht_lookup_add(op, best[i]->known,
				    op->paths + added % more, 1))
			added++;
	if (!added)
		return false;
	op->widened++;
	op->paths += more;
	op->wide = op->paths;
	op->merged = false;
	op->result.alarm = true;
	return true;
}

/*
 * Who lies nearest to a target is not of a liar's choice, if as many are found
 * as there should be. So these are taken into the table, and nobody else whom
 * the way has led to.
 */
static void admit(struct dht_op *op, uint64_t now)
{
	unsigned int i, n = 0;
	uint64_t distance;

	if (!dht_lookup_nth(op, &distance))
		return;
	if (op->aim != DHT_AIM_JOIN && op->merged)
		dht_size_sample(op->node, distance, op->need);
	if (op->aim != DHT_AIM_JOIN && (op->asides || suspicious(op)))
		return;
	for (i = 0; i < op->n_seen && n < op->need; i++) {
		if (op->seen[i].stand != DHT_HERE)
			continue;
		dht_table_heard(op->node, now, op->seen[i].known, true);
		n++;
	}
}

static void over(struct dht_op *op, uint64_t now)
{
	struct dht_node *node = op->node;

	admit(op, now);

	switch (op->aim) {
	case DHT_AIM_JOIN:
		dht_joined(op, now);
		break;
	case DHT_AIM_FIND:
		dht_find_end(op, now);
		break;
	default:
		dht_op_end(op, now, DHT_DONE);
		dht_fill_next(node, now);
	}
}

/* Asks whoever is to be asked; ends the lookup when there is nobody left. */
static void go_on(struct dht_op *op, uint64_t now)
{
	unsigned int path, need = PATH_NEED;
	struct dht_seen *seen;
	bool room;

	/* Those who are to store name who is nearer. */
	if (op->aim == DHT_AIM_STORE || op->asides)
		need = 1;
	if (need > op->need)
		need = op->need;
again:
	room = true;
	for (path = 0; !op->merged && path < op->wide; path++) {
		while (room && !op->waiting[path]) {
			room = dht_lookup_budget(op);
			seen = room ? next_of_path(op, path, need) : NULL;
			if (!seen)
				break;
			ask(op, now, seen);
		}
	}
	if (waiting(op) && !op->merged)
		return;
	if (op->aim == DHT_AIM_FIND && !op->merged && !op->asides &&
	    dht_aside(op))
		goto again;
	/* A find may ask so many and no more. */
	if (op->aim == DHT_AIM_FIND && !op->merged && !op->asides &&
	    !op->n_found && captured(op) && widen(op))
		goto again;
	op->merged = true;
	dht_aside_gather(op);
	if (op->aim == DHT_AIM_STORE) {
		dht_publish(op, now);
		return;
	}
	while (dht_lookup_budget(op) && (seen = next_of_all(op)))
		ask(op, now, seen);
	if (waiting(op))
		return;
	/* Those who are slow may still be what a find is about. */
	if (op->outstanding && (op->aim == DHT_AIM_FIND ||
				!op->result.answers)) {
		ask_again(op, now);
		return;
	}
	if (op->aim == DHT_AIM_FIND && dht_aside(op))
		goto again;
	if ((suspicious(op) || unsure(op)) && widen(op))
		goto again;
	over(op, now);
}

/**
 * dht_lookup_more() - go on if those found may not be the nearest
 * @op: a store whose nearest have answered
 * @now: microseconds
 *
 * Return: true if the lookup goes on.
 */
bool dht_lookup_more(struct dht_op *op, uint64_t now)
{
	if (!dht_aside(op) && (!suspicious(op) || !widen(op))) {
		admit(op, now);
		return false;
	}
	go_on(op, now);
	return true;
}

/* Whether a peer was heard of not longer ago than half of them live. */
static bool fresh(const struct dht_op *op, uint64_t now,
		  const struct dht_peer *peer)
{
	uint64_t life = dht_half_life(op->node) * (DHT_SECOND / DHT_TENTH);

	return !life || !peer->proven ||
	       peer->heard + life > now / DHT_TENTH;
}

/* The nearest peers begin the paths; those who are likely to live, first. */
static void begin(struct dht_op *op, uint64_t now, bool any)
{
	unsigned int i, n, pass, added = 0, most = 4 * op->paths;
	const struct dht_peer *best[DHT_SEEN_MAX];

	if (most < op->need)
		most = op->need;
	n = dht_known_nearest(op->node, &op->target, any, best, 2 * most);
	for (pass = 0; pass < 2; pass++)
		for (i = 0; i < n && added < most; i++)
			if (fresh(op, now, best[i]) == !pass &&
			    !dht_lookup_add(op, best[i]->known,
					    added % op->paths, 1))
				added++;
}

/**
 * dht_lookup_begin() - begin a lookup
 * @op: the operation; may have some to ask already
 * @now: microseconds
 *
 * Where the whole network is known one of the nearest is enough to begin with:
 * he has what is looked for, or else all are asked. A store goes to them at once.
 */
void dht_lookup_begin(struct dht_op *op, uint64_t now)
{
	begin(op, now, false);
	/* Whom the owner has named may be gone, and others may not. */
	if (!op->n_seen || op->aim == DHT_AIM_JOIN)
		begin(op, now, true);
	op->wide = op->paths;
	if (dht_whole(op->node)) {
		op->merged = op->aim == DHT_AIM_STORE;
		op->wide = op->aim == DHT_AIM_FIND ? 1 : op->paths;
	}
	go_on(op, now);
}

/* One request less; NULL where its answer does not matter any more. */
static struct dht_seen *answered(struct dht_op *op, uint32_t known)
{
	struct dht_seen *seen = dht_lookup_seen(op, known);

	op->outstanding--;
	op->wide = op->paths;
	if (!seen)
		return NULL;
	seen->asked--;
	return seen->stand == DHT_WAITING || seen->stand == DHT_TARDY ?
	       seen : NULL;
}

/**
 * dht_lookup_settle() - what has become of somebody
 * @op: the operation
 * @seen: who; his path waits for him no longer, unless he is still awaited
 * @stand: that
 */
void dht_lookup_settle(struct dht_op *op, struct dht_seen *seen,
		       enum dht_stand stand)
{
	if (seen->stand == DHT_WAITING && stand != DHT_WAITING)
		op->waiting[seen->path]--;
	seen->stand = stand;
}

/*
 * Who joins among liars stays there: in a large network, twice the paths. In one
 * that may be known whole nobody is hidden for long, and a few of the nearest
 * are enough to begin with: all others are told of by whom the owner has named,
 * and are met as there is need, or time.
 */
static void introduced(struct dht_op *op, uint64_t now,
		       const struct dht_message *m)
{
	const struct dht_params *p = dht_p(op->node);

	dht_introduced(op->node, now, m);
	op->merged = dht_calm(op->node);
	op->need = 2 * p->redundancy;
	if (op->merged && op->need > JOIN_NEAR)
		op->need = JOIN_NEAR;
	if (dht_small(op->node) || op->paths > p->paths)
		return;
	op->paths *= 2;
	op->wide = op->paths;
}

/**
 * dht_lookup_contacts() - whom an answer tells of
 * @op: the operation
 * @path: on which the answer came
 * @round: round trips in a row until they will have answered
 * @spread: they begin all paths, not only this one
 * @m: the answer
 */
void dht_lookup_contacts(struct dht_op *op, unsigned int path,
			 unsigned int round, bool spread,
			 const struct dht_message *m)
{
	struct dht_node *node = op->node;
	struct dht_contact contact;
	unsigned int i;
	uint32_t known;

	for (i = 0; i < m->n_contacts; i++) {
		dht_contact_get(&contact, m->contacts + i * DHT_CONTACT_LEN);
		if (!dht_work_ok(node->net, &contact))
			continue;
		known = dht_book_get(dht_of(node), &contact);
		if (!known)
			return;
		dht_lookup_add(op, known, spread ? i % op->paths : path,
			       round);
		dht_table_told(node, known);
		dht_book_put(dht_of(node), known);
	}
}

/**
 * dht_lookup_answer() - somebody has answered
 * @op: the operation
 * @now: microseconds
 * @known: who
 * @m: the response
 */
void dht_lookup_answer(struct dht_op *op, uint64_t now, uint32_t known,
		       const struct dht_message *m)
{
	struct dht_seen *seen = answered(op, known);
	const struct dht_contact *contact;
	unsigned int path, round;
	bool spread;

	op->result.answers++;
	if (!seen) {
		go_on(op, now);
		return;
	}
	step(op, now, seen, DHT_ANSWERED, m);
	dht_lookup_settle(op, seen, DHT_HERE);
	if (m->status) {
		seen->stand = DHT_GONE;
		op->result.status = m->status;
	} else if (m->type == DHT_JOIN) {
		contact = dht_book_at(dht_of(op->node), known);
		if (!dht_admitted(op->node, now, &contact->id, m->admission))
			seen->stand = DHT_GONE;
		else if (op->aim != DHT_AIM_JOIN || seen->round != 1)
			seen->stand = DHT_NEW;
		else
			introduced(op, now, m);
	} else if (seen->anchor && m->type == DHT_FIND) {
		dht_introduced(op->node, now, m);
	}
	if (seen->stand == DHT_HERE && op->aim == DHT_AIM_FIND)
		dht_find_take(op, now, seen, m);
	path = seen->path;
	round = seen->round + 1U;
	spread = seen->anchor;
	if (seen->stand != DHT_GONE)
		dht_lookup_contacts(op, path, round, spread, m);
	if (op->aim == DHT_AIM_FIND && dht_find_enough(op))
		dht_find_end(op, now);
	else
		go_on(op, now);
}

/**
 * dht_lookup_slow() - somebody takes long to answer
 * @op: the operation
 * @now: microseconds
 * @known: who
 */
void dht_lookup_slow(struct dht_op *op, uint64_t now, uint32_t known)
{
	struct dht_seen *seen = dht_lookup_seen(op, known);

	if (!seen || (seen->stand != DHT_WAITING && seen->stand != DHT_TARDY))
		return;
	dht_lookup_settle(op, seen, DHT_TARDY);
	op->wide = op->paths;
	step(op, now, seen, DHT_SLOW, NULL);
	/* Nobody can answer in place of the node that is looked for. */
	if (!seen->distance && seen->again < AGAIN && dht_lookup_budget(op)) {
		seen->again++;
		ask(op, now, seen);
	}
	go_on(op, now);
}

/**
 * dht_lookup_lost() - somebody will not answer
 * @op: the operation
 * @now: microseconds
 * @known: who
 */
void dht_lookup_lost(struct dht_op *op, uint64_t now, uint32_t known)
{
	struct dht_seen *seen = answered(op, known);

	if (seen && !seen->asked) {
		dht_lookup_settle(op, seen, DHT_GONE);
		step(op, now, seen, DHT_LOST, NULL);
	}
	go_on(op, now);
}
