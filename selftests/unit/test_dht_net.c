// SPDX-License-Identifier: GPL-2.0
/*
 * A network of a few nodes: joining, finding, storing, repairing, leaving, and
 * who is kept out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "admission.h"
#include "core_net.h"
#include "dht_state.h"
#include "dht_world.h"

#define NODES	32

static int setup(void **state)
{
	world_new(NODES, NULL);
	return 0;
}

static int setup_empty(void **state)
{
	world_new(0, NULL);
	return 0;
}

static int teardown(void **state)
{
	world_free();
	return 0;
}

static enum dht_outcome find(unsigned int who, const struct themis_id *id)
{
	world_end(dht_find(world->node[who], world->now, id));
	return world->result.outcome;
}

static enum dht_outcome store(unsigned int who, const uint8_t *b, size_t len)
{
	world_end(dht_store(world->node[who], world->now, b, len));
	return world->result.outcome;
}

static uint64_t found_seq(void)
{
	const uint8_t *at = world->found, *b;
	struct dht_object object;
	uint32_t lease;
	size_t len;

	b = dht_object_next(&at, at + world->found_len, &len, &lease);
	assert_non_null(b);
	assert_int_equal(0, dht_object_parse(&object, b, len));
	return object.seq;
}

/*
 * Where one has not answered, the others at the same address and port are not
 * waited for, until something comes from there.
 */
static void silence_is_shared(void **state)
{
	struct themis_id id[NODES];
	uint8_t b[DHT_OBJECT_MAX];
	char value[16];
	unsigned int i;
	uint64_t op;
	size_t len;

	world->home = NODES / 4;
	for (i = 0; i < NODES; i++)
		world_join(NULL);
	world_run(120 * WORLD_SECOND);
	for (i = 0; i < NODES; i++) {
		snprintf(value, sizeof(value), "%u", i);
		len = world_object(b, DHT_IMMUTABLE, 0, 0, value, &id[i]);
		assert_int_equal(DHT_DONE, store(3, b, len));
	}
	world->deaf = 0xffULL << (NODES - NODES / 4);
	assert_int_not_equal(DHT_DONE, find(0, &world->contact[NODES - 1].id));
	for (i = 0; i < NODES; i++) {
		op = dht_find(world->node[1], world->now, &id[i]);
		world_run(0);
		assert_true(world->op == op);
		assert_int_equal(world->result.outcome, DHT_DONE);
	}
	len = world_object(b, DHT_IMMUTABLE, 0, 0, "new", &id[0]);
	op = dht_store(world->node[1], world->now, b, len);
	world_run(0);
	assert_true(world->op == op);
	assert_int_equal(world->result.outcome, DHT_DONE);

	world->deaf = 0;
	assert_true(dht_update(world->node[NODES - 1], world->now));
	world_run(0);
	assert_int_equal(DHT_DONE, find(1, &world->contact[NODES - 2].id));
	assert_int_equal(world->result.requests, 1);
}

/* How many commands of a node wait for sessions. */
static unsigned int count_held(unsigned int who)
{
	unsigned int i, n = 0;

	for (i = 0; i < world->n_held; i++)
		n += world->held[i]->node == world->node[who];
	return n;
}

/* Everybody knows everybody, so that a find is one round. */
static void small_is_known_whole(void **state)
{
	struct dht_status_info info;
	unsigned int i, j;

	world_run(120 * WORLD_SECOND);
	for (i = 0; i < NODES; i++) {
		dht_node_info(world->node[i], &info);
		assert_int_equal(info.contacts, NODES - 1);
		assert_int_equal(info.size, NODES);
		assert_true(info.joined);
		for (j = 0; j < NODES; j += 7) {
			assert_int_equal(DHT_DONE,
					 find(i, &world->contact[j].id));
			assert_int_equal(world->result.contact.addr[15], j);
			assert_true(world->result.rounds <= 1);
			assert_true(world->result.requests <= 1);
		}
	}
}

/* A member takes the network for larger: by chance by half, or he knows it. */
static void told_of_more(void **state)
{
	struct dht_message m = { .since = NODES * 3 / 2, .lease = 600 };
	struct dht_node *node = world->node[1];

	world_run(120 * WORLD_SECOND);
	dht_introduced(node, world->now, &m);
	assert_int_equal(node->size, NODES);
	assert_true(dht_whole(node));
	m.since = 10 * NODES;
	dht_introduced(node, world->now, &m);
	assert_int_equal(node->size, 10 * NODES);
	assert_false(dht_whole(node));
}

static void absent(void **state)
{
	struct themis_id id = { { 1, 2, 3 } };

	assert_int_equal(DHT_NOT_FOUND, find(0, &id));
	assert_true(themis_id_zero(&world->result.contact.id));
	assert_int_equal(world->result.objects, 0);
}

static void stored_and_found(void **state)
{
	uint8_t b[DHT_OBJECT_MAX];
	enum dht_object_type type;
	struct themis_id id;
	size_t len;

	for (type = DHT_IMMUTABLE; type < __DHT_OBJECT_MAX; type++) {
		len = world_object(b, type, 1, 1, "value", &id);
		assert_int_equal(DHT_DONE, store(3, b, len));
		world_run(10 * WORLD_SECOND);
		assert_int_equal(world_holders(&id), 8);
		assert_int_equal(DHT_DONE, find(9, &id));
		assert_int_equal(world->result.objects, 1);
		assert_int_equal(world->found_len, DHT_OBJECT_HEAD_LEN + len);
		assert_memory_equal(world->found + DHT_OBJECT_HEAD_LEN, b,
				    len);
	}
	assert_true(world->kept >= 24);
}

/* The newest counts; an older one is refused, and so is another of its age. */
static void newest(void **state)
{
	uint8_t b[DHT_OBJECT_MAX];
	struct themis_id id;
	size_t len;

	len = world_object(b, DHT_MUTABLE, 1, 7, "seven", &id);
	assert_int_equal(DHT_DONE, store(1, b, len));
	len = world_object(b, DHT_MUTABLE, 1, 6, "six", NULL);
	assert_int_equal(DHT_REFUSED, store(2, b, len));
	assert_int_equal(world->result.status, DHT_OLD);
	len = world_object(b, DHT_MUTABLE, 1, 7, "other", NULL);
	assert_int_equal(DHT_REFUSED, store(2, b, len));
	assert_int_equal(world->result.status, DHT_CONFLICT);
	assert_int_equal(DHT_DONE, find(5, &id));
	assert_int_equal(found_seq(), 7);
	len = world_object(b, DHT_MUTABLE, 1, 8, "eight", NULL);
	assert_int_equal(DHT_DONE, store(2, b, len));
	assert_int_equal(DHT_DONE, find(6, &id));
	assert_int_equal(found_seq(), 8);
}

static void sets_of_many(void **state)
{
	uint8_t b[DHT_OBJECT_MAX];
	struct themis_id id;
	unsigned int i;
	size_t len;

	for (i = 1; i <= 10; i++) {
		len = world_object(b, DHT_ENTRY, i, i, "instance", &id);
		assert_int_equal(DHT_DONE, store(i, b, len));
	}
	assert_int_equal(DHT_DONE, find(20, &id));
	assert_int_equal(world->result.objects, 10);
}

/* What was acknowledged survives any r - 1 crashes, and is copied anew. */
static void crashes(void **state)
{
	unsigned int i, killed = 0, holders;
	uint8_t b[DHT_OBJECT_MAX];
	struct themis_id id;
	size_t len;

	len = world_object(b, DHT_MUTABLE, 1, 1, "value", &id);
	assert_int_equal(DHT_DONE, store(0, b, len));
	world_run(WORLD_SECOND);
	for (i = 1; i < NODES && killed < 7; i++) {
		holders = world_holders(&id);
		if (dht_store_first(world->node[i], &id)) {
			world_kill(i);
			killed++;
			assert_int_equal(world_holders(&id), holders - 1);
		}
	}
	assert_int_equal(killed, 7);
	for (i = 0; i < NODES; i++) {
		if (!world->node[i])
			continue;
		world_end(dht_find(world->node[i], world->now, &id));
		assert_int_equal(world->result.objects, 1);
	}
	world_run(2400 * WORLD_SECOND);
	assert_true(world_holders(&id) >= 8);
}

/*
 * Three nodes are nearest to an object, and the others who should hold it are
 * so many that none of these is near to them: copies get across nevertheless.
 */
static void copies_across(void **state)
{
	uint8_t b[DHT_OBJECT_MAX];
	struct themis_id id;
	char value[16];
	unsigned int i;
	size_t len;

	world->few = 3;
	while (world->n < 40)
		world_join(NULL);
	world_run(60 * WORLD_SECOND);
	for (i = 0;; i++) {
		snprintf(value, sizeof(value), "value %u", i);
		len = world_object(b, DHT_IMMUTABLE, 1, 1, value, &id);
		if (!(id.b[0] & 0x80))
			break;
	}
	assert_int_equal(DHT_DONE, store(20, b, len));
	world_run(10 * WORLD_SECOND);
	assert_int_equal(world_holders(&id), 8);
	for (i = world->few; i < world->n; i++)
		if (dht_store_first(world->node[i], &id))
			world_kill(i);
	assert_int_equal(world_holders(&id), 3);
	/* Who has it goes to those who lack it first: by chance it takes 20. */
	world_run(15 * 60 * WORLD_SECOND);
	assert_true(world_holders(&id) >= 8);
}

/* Who leaves hands over, and nobody asks him any more. */
static void leaves(void **state)
{
	uint8_t b[DHT_OBJECT_MAX];
	struct themis_id id;
	unsigned int i;
	size_t len;

	len = world_object(b, DHT_IMMUTABLE, 1, 1, "value", &id);
	assert_int_equal(DHT_DONE, store(0, b, len));
	world_run(WORLD_SECOND);
	for (i = 1; !dht_store_first(world->node[i], &id); i++)
		;
	world_end(dht_leave(world->node[i], world->now));
	assert_int_equal(world->result.outcome, DHT_DONE);
	world_kill(i);
	assert_int_equal(world_holders(&id), 8);
	assert_int_equal(DHT_NOT_FOUND, find(0, &world->contact[i].id));
}

/* Cut off, a node keeps its table, and goes on when the way is back. */
static void cut_off(void **state)
{
	struct dht_status_info info;

	world->deaf = 1ULL << 4;
	world_run(3600 * WORLD_SECOND);
	dht_node_info(world->node[4], &info);
	assert_true(info.contacts > NODES / 4);
	world->deaf = 0;
	world_run(1200 * WORLD_SECOND);
	assert_int_equal(DHT_DONE, find(4, &world->contact[9].id));
	assert_int_equal(DHT_DONE, find(9, &world->contact[4].id));
}

/* An answer from another than was asked, or to no question, is nothing. */
static void unasked(void **state)
{
	struct dht_message m = { .type = DHT_FIND, .response = true };
	uint8_t b[DHT_MESSAGE_MAX], before[32], after[32];
	size_t len = dht_message_put(&m, b);
	uint64_t seq;

	dht_node_hash(world->node[1], before);
	for (seq = 0; seq < 5000; seq++)
		dht_response(world->node[1], world->now,
			     &world->contact[2].id, seq | seq << 32, b, len);
	dht_node_hash(world->node[1], after);
	assert_memory_equal(before, after, sizeof(before));
}

/*
 * Sessions take long where many are made at once. Who joins waits for the only
 * member that he knows, as long as the transport tries, and not for ever.
 */
static void patience(void **state)
{
	unsigned int i = world_add(NULL);
	uint64_t op;

	world->setup = 8 * WORLD_SECOND;
	op = dht_join(world->node[i], world->now, world->contact, 1);
	world_run(7 * WORLD_SECOND);
	/* One question, not several of the same. */
	assert_true(world->op != op);
	assert_int_equal(count_held(i), 1);
	world_end(op);
	assert_int_equal(world->result.outcome, DHT_DONE);
	assert_true(world->result.rounds >= 1);
}

/* A member that is not there: the join ends, and says why. */
static void patience_ends(void **state)
{
	unsigned int i = world_add(NULL);
	uint64_t op;

	world->setup = 3600 * WORLD_SECOND;
	op = dht_join(world->node[i], world->now, world->contact, 1);
	world_run(5 * DHT_HELD_MAX);
	assert_true(world->op == op);
	assert_int_equal(world->result.outcome, DHT_NO_ANSWER);
}

/* Nobody is slow before his session can be there. */
static void sessions_are_measured(void **state)
{
	unsigned int i;

	assert_int_equal(dht_rtt_held(world->host, 20 * WORLD_MS),
			 20 * WORLD_MS);
	dht_rtt_waited(world->host, 700 * WORLD_MS);
	assert_true(dht_rtt_held(world->host, WORLD_MS) > 700 * WORLD_MS);
	assert_true(dht_rtt_held(world->host, 3 * WORLD_SECOND) ==
		    3 * WORLD_SECOND);
	dht_rtt_waited(world->host, 15 * WORLD_SECOND);
	assert_int_equal(dht_rtt_held(world->host, WORLD_MS),
			 2 * WORLD_SECOND);
	for (i = 0; i < 40; i++)
		dht_rtt_waited(world->host, 4 * WORLD_MS);
	assert_true(dht_rtt_held(world->host, WORLD_MS) < 6 * WORLD_MS);
	assert_int_equal(dht_rtt_held(world->host, 20 * WORLD_MS),
			 20 * WORLD_MS);
}

static void quotas(void **state)
{
	struct dht_params params = *dht_net_params(world->net);
	char value[] = "value 00";
	uint8_t b[DHT_OBJECT_MAX];
	struct dht_status_info info;
	unsigned int i, j;
	size_t len;

	params.objects = 20;
	assert_int_equal(0, dht_net_set(world->net, &params));
	for (i = 0; i < 99; i++) {
		value[6] = '0' + i / 10;
		value[7] = '0' + i % 10;
		len = world_object(b, DHT_IMMUTABLE, 1, 1, value, NULL);
		world_end(dht_store(world->node[0], world->now, b, len));
		for (j = 0; j < NODES; j++) {
			dht_node_info(world->node[j], &info);
			assert_true(info.objects <= 20);
		}
	}
	params.redundancy = 0;
	assert_int_not_equal(0, dht_net_set(world->net, &params));
}

static void admit(uint8_t *admission, const struct themis_id *id,
		  uint8_t signer)
{
	uint8_t text[DHT_ADMISSION_TEXT];
	struct world_key key;
	size_t len;

	world_key(&key, signer);
	dht_put64(admission, WORLD_UNIX + 5000);
	len = dht_admission_text((const uint8_t *)"test", 4, id,
				 WORLD_UNIX + 5000, text);
	crypto_sign_detached(admission + 8, NULL, text, len, key.secret_key);
}

/* In a closed network who shows no admission learns and gives nothing. */
static void closed(void **state)
{
	struct dht_params params;
	struct world_key key;
	unsigned int i;

	dht_params_default(&params);
	world_key(&key, 200);
	params.closed = true;
	memcpy(params.key, key.public_key, 32);
	world_new(0, &params);
	for (i = 0; i < 4; i++) {
		world_add(NULL);
		admit(world->node[i]->admission, &world->contact[i].id, 200);
	}
	world_add(NULL);
	admit(world->node[4]->admission, &world->contact[4].id, 201);
	for (i = 0; i < 5; i++) {
		world_end(dht_join(world->node[i], world->now, world->contact,
				   i ? 1 : 0));
		assert_int_equal(world->result.outcome,
				 i < 4 ? DHT_DONE : DHT_REFUSED);
	}
	world_run(300 * WORLD_SECOND);
	assert_int_equal(DHT_DONE, find(1, &world->contact[3].id));
	assert_int_equal(DHT_NOT_FOUND, find(1, &world->contact[4].id));
	for (i = 0; i < 4; i++)
		assert_int_equal(world->node[i]->table.count, 3);
	world_free();
}

/* A proof of work is found, checked, and asked for. */
static void work(void **state)
{
	struct dht_params params;
	uint64_t proof;
	unsigned int i;

	dht_params_default(&params);
	params.work_bits = 10;
	world_new(0, &params);
	for (i = 0; i < 4; i++) {
		world_add(NULL);
		assert_int_equal(0, dht_work_find((const uint8_t *)"test", 4,
						  &world->contact[i].id, 10, 0,
						  1 << 20, &proof));
		world->node[i]->self.work = i < 3 ? proof : 1;
		world->contact[i].work = world->node[i]->self.work;
	}
	assert_true(dht_work_bits((const uint8_t *)"test", 4,
				  &world->contact[3].id, 1) < 10);
	for (i = 0; i < 4; i++)
		world_end(dht_join(world->node[i], world->now, world->contact,
				   i ? 1 : 0));
	world_run(60 * WORLD_SECOND);
	assert_int_equal(world->node[0]->table.count, 2);
	assert_int_equal(DHT_NOT_FOUND, find(0, &world->contact[3].id));
	world_free();
}

/* Makes twenty nodes known at 198.51.100.1 and so on, or elsewhere. */
static void introduce(uint8_t first, uint8_t third, struct dht_status_info *info)
{
	struct dht_contact contact = {
		.addr = { [10] = 0xff, 0xff, first, 51, third },
		.port = 1,
	};

	for (contact.addr[15] = 1; contact.addr[15] <= 20; contact.addr[15]++) {
		net_random(&world->dice, contact.id.b, sizeof(contact.id.b));
		dht_node_know(world->node[0], world->now, &contact);
	}
	dht_node_info(world->node[0], info);
}

/* Who has many addresses of one prefix takes few places; private ones count not. */
static void few_of_one_prefix(void **state)
{
	struct dht_status_info info, before;
	unsigned int i;

	world_add(NULL);
	introduce(198, 100, &before);
	assert_in_range(before.contacts, 1, 8);
	assert_int_equal(before.crowded, 20 - before.contacts);
	for (i = 0; i < DHT_BUCKETS; i++)
		assert_in_range(world->node[0]->table.size[i], 0, 2);
	introduce(10, 100, &info);
	assert_int_equal(info.contacts, before.contacts + 20);
	assert_int_equal(info.crowded, before.crowded);
	before = info;
	introduce(198, 101, &info);
	assert_in_range(info.contacts - before.contacts, 1, 8);
	assert_int_equal(info.crowded - before.crowded,
			 20 - (info.contacts - before.contacts));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(small_is_known_whole, setup,
						teardown),
		cmocka_unit_test_setup_teardown(told_of_more, setup, teardown),
		cmocka_unit_test_setup_teardown(absent, setup, teardown),
		cmocka_unit_test_setup_teardown(stored_and_found, setup,
						teardown),
		cmocka_unit_test_setup_teardown(newest, setup, teardown),
		cmocka_unit_test_setup_teardown(sets_of_many, setup, teardown),
		cmocka_unit_test_setup_teardown(crashes, setup, teardown),
		cmocka_unit_test_setup_teardown(silence_is_shared, setup_empty,
						teardown),
		cmocka_unit_test_setup_teardown(copies_across, setup_empty,
						teardown),
		cmocka_unit_test_setup_teardown(leaves, setup, teardown),
		cmocka_unit_test_setup_teardown(cut_off, setup, teardown),
		cmocka_unit_test_setup_teardown(unasked, setup, teardown),
		cmocka_unit_test_setup_teardown(patience, setup, teardown),
		cmocka_unit_test_setup_teardown(patience_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(sessions_are_measured, setup,
						teardown),
		cmocka_unit_test_setup_teardown(quotas, setup, teardown),
		cmocka_unit_test_setup_teardown(few_of_one_prefix, setup_empty,
						teardown),
		cmocka_unit_test(closed),
		cmocka_unit_test(work),
	};

	if (sodium_init() < 0)
		return 1;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
