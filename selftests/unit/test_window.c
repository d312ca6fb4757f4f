// SPDX-License-Identifier: GPL-2.0
/*
 * How many finds and stores of a node are under way at once.
 */
#include <stdio.h>
#include <string.h>

#include "dht_state.h"
#include "dht_world.h"

#define NODES	32
#define MANY	100
#define DATA	20
#define FIRST	10
#define LEAST	2

static int setup(void **state)
{
	world_new(NODES, NULL);
	return 0;
}

static int teardown(void **state)
{
	world_free();
	return 0;
}

static struct dht_status_info of(unsigned int who)
{
	struct dht_status_info info;

	dht_node_info(world->node[who], &info);
	return info;
}

/* Looks for what nobody has, from @first on. */
static uint64_t find_many(unsigned int who, unsigned int first)
{
	struct themis_id id = { 0 };
	uint64_t op = 0;
	unsigned int i;

	for (i = 0; i < MANY; i++) {
		id.b[0] = 0x55;
		id.b[1] = first + i;
		op = dht_find(world->node[who], world->now, &id);
		assert_true(op != 0);
	}
	return op;
}

/* What is under way is bounded, the others follow, and the bound rises. */
static void in_turn(void **state)
{
	unsigned int window;
	uint64_t op;

	assert_int_equal(of(1).window, FIRST);
	op = find_many(1, 0);
	assert_int_equal(of(1).queued, MANY - FIRST);
	/* Another node is not concerned. */
	assert_int_equal(of(2).queued, 0);
	world_end(op);
	assert_int_equal(world->result.outcome, DHT_NOT_FOUND);
	assert_int_equal(of(1).queued, 0);
	/* As many as that at once; after a rest, as at first. */
	window = of(1).window;
	assert_in_range(window, 3 * FIRST, MANY);
	find_many(1, 100);
	assert_int_equal(of(1).queued, MANY - window);
	world_run(60 * WORLD_SECOND);
	find_many(1, 0);
	assert_int_equal(of(1).queued, MANY - FIRST);
}

/* What is found at once waits for nobody. */
static void own_is_at_once(void **state)
{
	uint64_t op;

	world->setup = WORLD_SECOND;
	find_many(1, 0);
	op = dht_find(world->node[1], world->now, &world->contact[1].id);
	world_run(0);
	assert_true(world->op == op);
	assert_int_equal(of(1).queued, MANY - FIRST);
}

/* Data does not wait for all that clients have asked, nor do they for it. */
static void data_has_every_other_turn(void **state)
{
	struct themis_id id = { .b = { 0x77 } };
	unsigned int i;

	world->ended = 0;
	find_many(1, 0);
	for (i = 0; i < DATA; i++) {
		id.b[1] = i;
		world->watched = dht_acquire(world->node[1], world->now, &id);
	}
	world_run(60 * WORLD_SECOND);
	assert_int_equal(world->ended, MANY + DATA);
	assert_in_range(world->place, FIRST + 2 * DATA - 8,
			FIRST + 2 * DATA + 8);
}

/* Where nobody answers in time, fewer and fewer. */
static void late(void **state)
{
	uint64_t op;

	world->deaf = 1ULL << 1;
	op = find_many(1, 0);
	world_run(3 * WORLD_SECOND);
	assert_true(of(1).queued > 0);
	world_run(300 * WORLD_SECOND);
	assert_int_equal(of(1).queued, 0);
	assert_true(world->op == op);
	assert_int_equal(world->result.outcome, DHT_NO_ANSWER);
	assert_int_equal(of(1).window, LEAST);
	/* What was so long ago counts no longer. */
	world->deaf = 0;
	op = find_many(1, 0);
	assert_int_equal(of(1).window, FIRST);
	world_end(op);
	assert_true(of(1).window > FIRST);
}

/* A node that is gone begins nothing. */
static void gone(void **state)
{
	uint64_t op = find_many(1, 0);

	assert_int_equal(of(1).queued, MANY - FIRST);
	world_kill(1);
	world_run(60 * WORLD_SECOND);
	assert_true(world->op != op);
}

/*
 * A store makes room when it has its quorum, though some do not answer: one in
 * ten has all of its answers at once, nine in ten have a quorum.
 */
static void quorum_is_enough(void **state)
{
	uint8_t b[DHT_OBJECT_MAX];
	struct themis_id id;
	char value[16];
	unsigned int i;
	size_t len;

	world->deaf = 0xff00;
	for (i = 0; i < MANY; i++) {
		snprintf(value, sizeof(value), "%u", i);
		len = world_object(b, DHT_IMMUTABLE, 0, 0, value, &id);
		assert_true(dht_store(world->node[1], world->now, b, len));
	}
	world_run(0);
	assert_int_equal(of(1).queued, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(in_turn, setup, teardown),
		cmocka_unit_test_setup_teardown(own_is_at_once, setup,
						teardown),
		cmocka_unit_test_setup_teardown(data_has_every_other_turn,
						setup, teardown),
		cmocka_unit_test_setup_teardown(late, setup, teardown),
		cmocka_unit_test_setup_teardown(gone, setup, teardown),
		cmocka_unit_test_setup_teardown(quorum_is_enough, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
