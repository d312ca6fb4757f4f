// SPDX-License-Identifier: GPL-2.0
/*
 * Liars. They collude: each knows all the others at once.
 *
 * Asked for a target they name the liars nearest to it, and the next time that
 * the same lookup asks any of them, the next nearest: so a lookup that believes
 * them has always somebody to ask, and it is always one of them. They take what
 * they are to store, and keep nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define WINDOW	8		/* liars named in an answer */
#define WINDOWS	8		/* before they begin again */

static uint32_t place_of(const struct sim *s, uint64_t prefix)
{
	uint32_t low = 0, high = s->n_liar, at;

	while (low < high) {
		at = low + (high - low) / 2;
		if (s->liar[at] < prefix)
			low = at + 1;
		else
			high = at;
	}
	return low;
}

/**
 * sim_liar_add() - one more liar
 * @s: the simulation
 * @who: which
 */
void sim_liar_add(struct sim *s, uint32_t who)
{
	uint64_t prefix = dht_prefix(&s->node[who].contact.id);
	uint32_t at = place_of(s, prefix);
	size_t room;

	if (s->n_liar % 1024 == 0) {
		room = (size_t)s->n_liar + 1024;
		s->liar = realloc(s->liar, room * sizeof(*s->liar));
		s->liar_who = realloc(s->liar_who,
				      room * sizeof(*s->liar_who));
		if (!s->liar || !s->liar_who) {
			fputs("Error: out of memory. Simulate fewer nodes.\n",
			      stderr);
			exit(1);
		}
	}
	memmove(&s->liar[at + 1], &s->liar[at],
		(s->n_liar - at) * sizeof(*s->liar));
	memmove(&s->liar_who[at + 1], &s->liar_who[at],
		(s->n_liar - at) * sizeof(*s->liar_who));
	s->liar[at] = prefix;
	s->liar_who[at] = who;
	s->n_liar++;
}

/**
 * sim_liar_remove() - a liar less
 * @s: the simulation
 * @who: which
 */
void sim_liar_remove(struct sim *s, uint32_t who)
{
	uint64_t prefix = dht_prefix(&s->node[who].contact.id);
	uint32_t at = place_of(s, prefix);

	while (s->liar_who[at] != who)
		at++;
	s->n_liar--;
	memmove(&s->liar[at], &s->liar[at + 1],
		(s->n_liar - at) * sizeof(*s->liar));
	memmove(&s->liar_who[at], &s->liar_who[at + 1],
		(s->n_liar - at) * sizeof(*s->liar_who));
}

struct near {
	uint64_t	distance;
	uint32_t	who;
};

static int by_distance(const void *a, const void *b)
{
	const struct near *x = a, *y = b;

	return x->distance < y->distance ? -1 : x->distance > y->distance;
}

/* The @n liars nearest to a target, nearest first. */
static uint32_t nearest(const struct sim *s, uint64_t target, uint32_t n,
			struct near *best)
{
	uint32_t low = 0, high = s->n_liar, a, b, i;
	unsigned int bits;
	uint64_t start;

	/* The smallest run that shares leading bits with it and has so many. */
	for (bits = 1; bits < 64; bits++) {
		start = target >> (64 - bits) << (64 - bits);
		a = place_of(s, start);
		b = start + (1ULL << (64 - bits)) ?
		    place_of(s, start + (1ULL << (64 - bits))) : s->n_liar;
		if (b - a < n)
			break;
		low = a;
		high = b;
	}
	/* One bit less has few more, unless ids were ground. */
	if (high - low > 4096)
		high = low + 4096;
	for (i = low; i < high; i++) {
		best[i - low].distance = s->liar[i] ^ target;
		best[i - low].who = s->liar_who[i];
	}
	qsort(best, high - low, sizeof(*best), by_distance);
	return high - low < n ? high - low : n;
}

/* Which window this lookup gets; a small memory is enough to fool it. */
static unsigned int next_window(struct sim *s, uint32_t asker, uint64_t target)
{
	uint64_t key = (target ^ asker) * 0x9e3779b97f4a7c15ULL;
	uint64_t *at = &s->window[key >> 52];

	key &= ~0xffULL;
	if ((*at & ~0xffULL) != key)
		*at = key;
	else
		*at = key | (((*at & 0xff) + 1) % WINDOWS);
	return *at & 0xff;
}

static unsigned int name_liars(struct sim *s, uint32_t asker, uint64_t target,
			       unsigned int n, uint8_t *b)
{
	static struct near best[4096];
	unsigned int first = next_window(s, asker, target) * WINDOW, i, put;
	uint32_t have = nearest(s, target, WINDOW * WINDOWS, best);

	if (first + n > have)
		first = have > n ? have - n : 0;
	for (i = first, put = 0; i < have && put < n; i++, put++)
		dht_contact_put(&s->node[best[i].who].contact,
				b + put * DHT_CONTACT_LEN);
	return put;
}

static void put_object(struct dht_message *r, const uint8_t *b, size_t len,
		       uint8_t *room)
{
	r->objects_len = dht_object_put(room, DHT_OBJECT_ROOM, b, len, 3600);
	r->n_objects = r->objects_len > 0;
	r->objects = room;
}

static void lie_objects(struct sim *s, const struct dht_message *m,
			struct dht_message *r, uint8_t *room)
{
	struct sim_thing *thing = sim_thing_of(s, &m->target);
	uint8_t b[DHT_OBJECT_MAX];
	size_t len;

	if (!thing || !(m->flags & DHT_FIND_VALUE))
		return;
	if (s->o.attack & SIM_REPLAY && thing->first) {
		put_object(r, thing->first, thing->first_len, room);
	} else if (s->o.attack & SIM_FALSE) {
		/* A later version that its owner has never signed. */
		len = sim_object(s, thing, thing->next + 7, b);
		b[len - 1] ^= 1;
		if (thing->type == DHT_IMMUTABLE)
			b[8] ^= 1;
		put_object(r, b, len, room);
	}
}

/* What a liar keeps of a store: the first version, to give it for ever. */
static int remember(struct sim *s, const struct dht_message *m,
		    struct themis_id *id)
{
	const uint8_t *at = m->objects, *end = at + m->objects_len, *b;
	struct dht_object object;
	struct sim_thing *thing;
	uint32_t lease;
	size_t len;

	b = dht_object_next(&at, end, &len, &lease);
	if (!b || dht_object_parse(&object, b, len))
		return -1;
	dht_object_id(&object, (const uint8_t *)"sim", 3, id);
	thing = sim_thing_of(s, id);
	if (!thing || thing->first)
		return 0;
	thing->first = malloc(len);
	if (!thing->first)
		return 0;
	memcpy(thing->first, b, len);
	thing->first_len = len;
	return 0;
}

/**
 * sim_lie() - a liar answers a command
 * @s: the simulation
 * @who: the liar
 * @from: who asks
 * @command: the command
 *
 * Return: false where he would rather tell the truth.
 */
bool sim_lie(struct sim *s, uint32_t who, uint32_t from,
	     const struct dht_action *command)
{
	uint8_t b[DHT_MESSAGE_MAX], objects[DHT_OBJECT_ROOM];
	uint8_t contacts[DHT_CONTACTS_MAX * DHT_CONTACT_LEN];
	struct dht_message m, r = { .response = true };
	struct dht_action *action;
	struct themis_id id;
	uint64_t target;
	size_t len;

	/* They do not lie to each other. */
	if (s->node[from].liar ||
	    dht_message_parse(&m, command->b, command->len))
		return false;
	if (s->o.attack & SIM_ECLIPSE && s->o.objects &&
	    !(m.type == DHT_FIND &&
	      themis_id_equal(&m.target, &s->thing[0].id)) &&
	    m.type != DHT_STORE)
		return false;
	if (s->o.attack & SIM_DROP)
		return true;
	r.type = m.type;
	r.lease = 60;
	/* So many are to be seen of those who are in league. */
	r.since = m.type == DHT_FIND ? s->n_liar : 0;
	target = m.type == DHT_FIND ? dht_prefix(&m.target) :
		 dht_prefix(&s->node[from].contact.id);
	if (m.type == DHT_JOIN)
		r.seen = s->node[from].contact;
	if (m.type == DHT_STORE && !remember(s, &m, &id))
		target = dht_prefix(&id);
	if (m.type != DHT_LEAVE)
		r.n_contacts = name_liars(s, from, target,
					  m.type == DHT_FIND && m.limit < WINDOW
					  ? m.limit : WINDOW, contacts);
	r.contacts = contacts;
	if (m.type == DHT_FIND)
		lie_objects(s, &m, &r, objects);
	len = dht_message_put(&r, b);
	action = calloc(1, sizeof(*action) + len);
	if (!action)
		return true;
	action->type = DHT_ACT_RESPONSE;
	action->to = s->node[from].contact;
	action->seq = command->seq;
	action->len = len;
	memcpy(action->b, b, len);
	sim_send(s, who, action);
	return true;
}
