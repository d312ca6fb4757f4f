// SPDX-License-Identifier: GPL-2.0
/*
 * A few nodes of the directory.
 */
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "core_net.h"
#include "dht_world.h"

struct world *world;

/* A network of @nodes nodes that have joined; @params may be NULL. */
void world_new(unsigned int nodes, const struct dht_params *params)
{
	struct dht_config config = {
		.random = net_random,
		.max_nodes = WORLD_NODES,
		.max_contacts = 4096,
		.max_requests = 4096,
		.max_ops = 256,
		.max_actions = 4096,
		.max_places = 64,
	};
	struct dht_params defaults;

	world = calloc(1, sizeof(*world));
	assert_non_null(world);
	config.ctx = &world->dice;
	world->host = dht_host_new(&config);
	assert_non_null(world->host);
	dht_clock(world->host, 0, WORLD_UNIX);
	dht_params_default(&defaults);
	world->net = dht_net_new(world->host, (const uint8_t *)"test", 4,
				 params ? params : &defaults);
	assert_non_null(world->net);
	while (nodes--)
		world_join(NULL);
	world_run(60 * WORLD_SECOND);
}

void world_free(void)
{
	while (world->n_held)
		dht_action_done(world->held[--world->n_held]);
	dht_host_free(world->host);
	free(world);
	world = NULL;
}

/* A node that has not joined. */
unsigned int world_add(const uint8_t *admission)
{
	unsigned int i = world->n++;
	struct dht_contact *contact = &world->contact[i];

	assert_true(i < WORLD_NODES);
	net_random(&world->dice, contact->id.b, sizeof(contact->id.b));
	if (world->few)
		contact->id.b[0] = (contact->id.b[0] & 0x7f) |
				   (i < world->few ? 0 : 0x80);
	contact->addr[0] = 0xfd;
	contact->addr[15] = world->home ? i / world->home : i;
	contact->port = 1;
	world->node[i] = dht_node_new(world->net, world->now, contact,
				      admission, contact);
	assert_non_null(world->node[i]);
	return i;
}

unsigned int world_join(const uint8_t *admission)
{
	unsigned int i = world_add(admission);

	world_end(dht_join(world->node[i], world->now, world->contact,
			   i ? 1 : 0));
	return i;
}

/* Without a word to anybody. */
void world_kill(unsigned int i)
{
	dht_node_free(world->node[i]);
	world->node[i] = NULL;
}

static void carry(const struct dht_action *action)
{
	unsigned int from = (const struct dht_contact *)
			    dht_node_owner(action->node) - world->contact;
	unsigned int to = 0;

	world->sent++;
	while (to < world->n &&
	       !themis_id_equal(&world->contact[to].id, &action->to.id))
		to++;
	if (to == world->n || !world->node[to] || world->deaf & 1ULL << to ||
	    world->deaf & 1ULL << from ||
	    memcmp(world->contact[to].addr, action->to.addr,
		   sizeof(action->to.addr)))
		return;
	if (action->type == DHT_ACT_COMMAND)
		dht_command(world->node[to], world->now, &world->contact[from],
			    action->seq, action->b, action->len);
	else
		dht_response(world->node[to], world->now,
			     &world->contact[from].id, action->seq, action->b,
			     action->len);
}

static void hold(struct dht_action *action)
{
	assert_true(world->n_held < WORLD_HELD);
	world->held[world->n_held] = action;
	world->held_until[world->n_held++] = world->now + world->setup;
	dht_held(action->node, world->now, action->seq);
}

static void drain(void)
{
	struct dht_action *action;

	while ((action = dht_action(world->host))) {
		switch (action->type) {
		case DHT_ACT_COMMAND:
			if (world->setup) {
				hold(action);
				continue;
			}
			carry(action);
			break;
		case DHT_ACT_RESPONSE:
			carry(action);
			break;
		case DHT_ACT_RESULT:
			world->op = action->op;
			world->ended++;
			if (action->op == world->watched)
				world->place = world->ended;
			world->result = action->result;
			assert_true(action->len <= sizeof(world->found));
			memcpy(world->found, action->b, action->len);
			world->found_len = action->len;
			break;
		case DHT_ACT_KEEP:
			world->kept++;
			break;
		case DHT_ACT_DROP:
			world->dropped++;
			break;
		}
		dht_action_done(action);
	}
}

/* There is a session; nobody answers who is not there. */
static void release(void)
{
	struct dht_action *action = world->held[0];

	world->n_held--;
	memmove(world->held, world->held + 1,
		world->n_held * sizeof(*world->held));
	memmove(world->held_until, world->held_until + 1,
		world->n_held * sizeof(*world->held_until));
	dht_waited(action->node, world->now, action->seq);
	carry(action);
	dht_action_done(action);
}

static uint64_t next_time(void)
{
	uint64_t next = dht_deadline(world->host);

	return world->n_held && world->held_until[0] < next ?
	       world->held_until[0] : next;
}

void world_run(uint64_t us)
{
	uint64_t until = world->now + us, next;

	drain();
	while ((next = next_time()) <= until) {
		if (next > world->now)
			world->now = next;
		if (world->n_held && world->held_until[0] <= world->now)
			release();
		else
			dht_timer(world->host, world->now);
		drain();
	}
	world->now = until;
}

/* Runs until an operation has ended, which must be soon. */
void world_end(uint64_t op)
{
	unsigned int i;

	assert_true(op != 0);
	for (i = 0; i < 3000 && world->op != op; i++)
		world_run(10 * WORLD_MS);
	assert_true(world->op == op);
}

void world_key(struct world_key *key, uint8_t seed)
{
	uint8_t b[32] = { seed };

	crypto_sign_seed_keypair(key->public_key, key->secret_key, b);
}

int world_sign(void *ctx, uint8_t signature[64], const uint8_t *b, size_t len)
{
	const struct world_key *key = ctx;

	return crypto_sign_detached(signature, NULL, b, len, key->secret_key);
}

/* Encodes an object in @b, DHT_OBJECT_MAX bytes; of an open set if an entry. */
size_t world_object(uint8_t *b, enum dht_object_type type, uint8_t owner,
		    uint64_t seq, const char *value, struct themis_id *id)
{
	struct dht_object object = {
		.type = type,
		.value = (const uint8_t *)value,
		.value_len = strlen(value),
	};
	struct world_key key;

	world_key(&key, owner);
	if (type != DHT_IMMUTABLE) {
		memcpy(object.owner, key.public_key, 32);
		object.seq = seq;
		object.expiry = WORLD_UNIX + 100000;
		object.name = (const uint8_t *)"name";
		object.name_len = 4;
	}
	assert_int_equal(0, dht_object_build(&object, b, DHT_OBJECT_MAX,
					     (const uint8_t *)"test", 4, NULL,
					     world_sign, &key));
	if (id)
		dht_object_id(&object, (const uint8_t *)"test", 4, id);
	return object.len;
}

static int is_it(void *ctx, const struct themis_id *id, const uint8_t *object,
		 size_t len)
{
	return themis_id_equal(ctx, id);
}

unsigned int world_holders(const struct themis_id *id)
{
	unsigned int i, n = 0;

	for (i = 0; i < world->n; i++)
		if (world->node[i])
			n += dht_node_objects(world->node[i], is_it,
					      (void *)id);
	return n;
}
