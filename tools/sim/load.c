// SPDX-License-Identifier: GPL-2.0
/*
 * What is asked of the network, and how it went.
 */
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "sim.h"

#define LIFE	(365 * 86400ULL)	/* of signed objects, in seconds */

struct pending {
	struct core_slot	by_op;
	uint64_t		op;
	enum sim_kind		kind;
	uint32_t		who;
	uint32_t		what;
};

/* In place of a signature: a keyed hash that only a cheat could forge. */
static void fake_sign(const uint8_t *b, size_t len, const uint8_t key[32],
		      uint8_t signature[64])
{
	crypto_generichash(signature, 64, b, len, key, 32);
}

/**
 * sim_verify() - check a keyed hash in place of a signature
 * @ctx: unused
 * @signature: 64 bytes
 * @b: what was signed
 * @len: its length in bytes
 * @key: of the owner, 32 bytes
 *
 * Return: 0 if it is good.
 */
int sim_verify(void *ctx, const uint8_t signature[64], const uint8_t *b,
	       size_t len, const uint8_t key[32])
{
	uint8_t want[64];

	fake_sign(b, len, key, want);
	return memcmp(want, signature, sizeof(want));
}

struct signer {
	bool	real;
	uint8_t	public_key[32];
	uint8_t	secret_key[64];
};

static int sign(void *ctx, uint8_t signature[64], const uint8_t *b, size_t len)
{
	struct signer *signer = ctx;

	if (signer->real)
		crypto_sign_detached(signature, NULL, b, len,
				     signer->secret_key);
	else
		fake_sign(b, len, signer->public_key, signature);
	return 0;
}

/**
 * sim_object() - encode a version of an object
 * @s: the simulation
 * @thing: the object
 * @seq: the version
 * @b: result, DHT_OBJECT_MAX bytes
 *
 * Return: its length in bytes.
 */
size_t sim_object(struct sim *s, struct sim_thing *thing, uint64_t seq,
		  uint8_t *b)
{
	struct signer signer = { .real = s->o.real };
	uint64_t value[12] = { 0 };
	struct dht_object object = {
		.type = thing->type,
		.value_len = sizeof(value),
		.value = (uint8_t *)value,
	};

	if (s->o.real)
		crypto_sign_seed_keypair(signer.public_key, signer.secret_key,
					 thing->seed);
	else
		memcpy(signer.public_key, thing->seed, 32);
	memcpy(value, thing->seed, 32);
	if (object.type != DHT_IMMUTABLE) {
		memcpy(object.owner, signer.public_key, 32);
		value[4] = seq;
		object.seq = seq;
		object.expiry = SIM_UNIX + LIFE;
		object.name = (const uint8_t *)"x";
		object.name_len = 1;
	}
	if (dht_object_build(&object, b, DHT_OBJECT_MAX,
			     (const uint8_t *)"sim", 3, NULL, sign, &signer))
		abort();
	return object.len;
}

/**
 * sim_load_init() - make the objects and the queue of operations
 * @s: the simulation
 *
 * A half of the objects is immutable, the other signed and mutable.
 *
 * Return: 0, or -1 without memory.
 */
int sim_load_init(struct sim *s)
{
	uint8_t b[DHT_OBJECT_MAX];
	struct dht_object object;
	struct sim_thing *thing;
	uint32_t i;

	s->thing = calloc(s->o.objects + 1, sizeof(*s->thing));
	if (!s->thing || core_table_init(&s->ops) ||
	    core_table_init(&s->things))
		return -1;
	for (i = 0; i < s->o.objects; i++) {
		thing = &s->thing[i];
		rng_fill(&s->rng, thing->seed, sizeof(thing->seed));
		thing->type = i % 2 ? DHT_MUTABLE : DHT_IMMUTABLE;
		dht_object_parse(&object, b, sim_object(s, thing, 1, b));
		dht_object_id(&object, (const uint8_t *)"sim", 3, &thing->id);
		core_table_add(&s->things, &thing->by_id,
			       dht_prefix(&thing->id));
	}
	return 0;
}

/**
 * sim_load_free() - free what sim_load_init() made
 * @s: the simulation
 */
void sim_load_free(struct sim *s)
{
	struct core_slot *slot;
	size_t i;

	for (i = 0; i < s->ops.size; i++) {
		while ((slot = s->ops.buckets[i])) {
			s->ops.buckets[i] = slot->next;
			free((char *)slot - offsetof(struct pending, by_op));
		}
	}
	for (i = 0; i < s->o.objects; i++)
		free(s->thing[i].first);
	for (i = 0; i < SIM_KINDS; i++)
		free(s->tally[i].took);
	core_table_free(&s->ops);
	core_table_free(&s->things);
	free(s->thing);
}

/**
 * sim_thing_of() - the object with an id
 * @s: the simulation
 * @id: the id
 *
 * Return: the object, or NULL.
 */
struct sim_thing *sim_thing_of(struct sim *s, const struct themis_id *id)
{
	struct core_slot *slot = core_table_first(&s->things, dht_prefix(id));
	struct sim_thing *thing;

	for (; slot; slot = core_table_next(slot)) {
		thing = (struct sim_thing *)
			((char *)slot - offsetof(struct sim_thing, by_id));
		if (themis_id_equal(&thing->id, id))
			return thing;
	}
	return NULL;
}

/**
 * sim_op() - an operation has begun
 * @s: the simulation
 * @op: its number; 0 if the core had no room for it
 * @kind: what kind
 * @who: which node has begun it
 * @what: which node or object it is about
 */
void sim_op(struct sim *s, uint64_t op, enum sim_kind kind, uint32_t who,
	    uint32_t what)
{
	struct pending *p;

	s->tally[kind].n++;
	if (!op)
		return;
	p = calloc(1, sizeof(*p));
	if (!p)
		return;
	p->op = op;
	p->kind = kind;
	p->who = who;
	p->what = what;
	core_table_add(&s->ops, &p->by_op, op * 0x9e3779b97f4a7c15ULL);
}

static struct pending *pending_of(struct sim *s, uint64_t op)
{
	struct core_slot *slot = core_table_first(&s->ops,
						  op * 0x9e3779b97f4a7c15ULL);

	return slot ? (struct pending *)((char *)slot -
					 offsetof(struct pending, by_op)) :
	       NULL;
}

static bool object_right(const struct dht_action *action,
			 const struct sim_thing *thing)
{
	const uint8_t *at = action->b, *end = at + action->len, *b;
	struct dht_object object;
	uint32_t lease;
	size_t len;

	b = dht_object_next(&at, end, &len, &lease);
	if (!b || dht_object_parse(&object, b, len) ||
	    memcmp(object.value, thing->seed, sizeof(thing->seed)))
		return false;
	return object.type == DHT_IMMUTABLE ||
	       (object.seq >= thing->seq && object.seq <= thing->next);
}

static void took(struct sim_tally *t, uint64_t us)
{
	if (!(t->n_took & (t->n_took + 1023) & 1023)) {
		t->took = realloc(t->took,
				  (t->n_took + 1024) * sizeof(*t->took));
		if (!t->took)
			abort();
	}
	t->took[t->n_took++] = us;
}

static void count(struct sim *s, enum sim_kind kind,
		  const struct dht_result *r, bool good)
{
	struct sim_tally *t = &s->tally[kind];
	uint64_t messages = r->requests + r->answers;

	t->ended++;
	t->outcome[r->outcome]++;
	t->messages += messages;
	if (messages > t->most)
		t->most = messages;
	t->alarms += r->alarm;
	if (!good)
		return;
	t->good++;
	t->rounds[r->rounds < SIM_RANKS ? r->rounds : SIM_RANKS - 1]++;
	took(t, s->now - r->began);
}

/**
 * sim_result() - an operation is over
 * @s: the simulation
 * @action: the result
 */
void sim_result(struct sim *s, const struct dht_action *action)
{
	const struct dht_result *r = &action->result;
	struct pending *p = pending_of(s, action->op);
	struct sim_thing *thing;
	bool good = r->outcome == DHT_DONE;

	if (!p)
		return;
	switch (p->kind) {
	case SIM_OF_JOIN:
		if (good)
			s->node[p->what].joined = s->now + 1;
		else
			sim_join_again(s, p->what);
		break;
	case SIM_OF_STORE:
		thing = &s->thing[p->what];
		if (good) {
			thing->acked = true;
			thing->seq = thing->next;
		}
		break;
	case SIM_OF_OBJECT:
		good = object_right(action, &s->thing[p->what]);
		break;
	case SIM_OF_NODE:
		/* It has died meanwhile: there is nothing to be found. */
		if (!s->node[p->what].node) {
			s->tally[p->kind].n--;
			goto out;
		}
		good = themis_id_equal(&r->contact.id,
				       &s->node[p->what].contact.id) &&
		       sim_of(&r->contact) == p->what;
		break;
	default:
		break;
	}
	count(s, p->kind, r, good);
out:
	core_table_del(&s->ops, &p->by_op);
	free(p);
}

/**
 * sim_abandon() - forget the operations of nodes that have died
 * @s: the simulation
 *
 * Who asked is no longer there to be answered.
 */
void sim_abandon(struct sim *s)
{
	struct core_slot **at;
	struct pending *p;
	size_t i;

	for (i = 0; i < s->ops.size; i++) {
		for (at = &s->ops.buckets[i]; *at;) {
			p = (struct pending *)((char *)*at -
					       offsetof(struct pending,
							by_op));
			if (s->node[p->who].node) {
				at = &(*at)->next;
				continue;
			}
			*at = (*at)->next;
			s->ops.count--;
			s->tally[p->kind].n--;
			free(p);
		}
	}
}

/**
 * sim_begin_store() - somebody stores the next version of an object
 * @s: the simulation
 * @what: which
 */
void sim_begin_store(struct sim *s, uint32_t what)
{
	struct sim_thing *thing = &s->thing[what];
	uint32_t who = sim_somebody(s, true);
	uint8_t b[DHT_OBJECT_MAX];
	size_t len;

	if (thing->type != DHT_IMMUTABLE)
		thing->next++;
	len = sim_object(s, thing, thing->next, b);
	sim_op(s, sim_store(s, who, b, len), SIM_OF_STORE, who, what);
}

/**
 * sim_begin_find() - somebody finds an object, or another node
 * @s: the simulation
 * @what: which find: even ones are for objects
 */
void sim_begin_find(struct sim *s, uint32_t what)
{
	uint32_t who = sim_somebody(s, true), other, tries;

	if (what % 2 == 0 && s->o.objects) {
		other = s->o.attack & SIM_ECLIPSE ? 0 :
			rng_below(&s->rng, s->o.objects);
		for (tries = 0; tries < 1000 && !s->thing[other].acked;
		     tries++)
			other = rng_below(&s->rng, s->o.objects);
		sim_op(s, sim_find(s, who, &s->thing[other].id),
		       SIM_OF_OBJECT, who, other);
		return;
	}
	do
		other = sim_somebody(s, true);
	while (other == who && s->n_living > 1);
	sim_op(s, sim_find(s, who, &s->node[other].contact.id), SIM_OF_NODE,
	       who, other);
}
