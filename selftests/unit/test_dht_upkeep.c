// SPDX-License-Identifier: GPL-2.0
/*
 * What a node does without being asked, and what it takes for a death.
 */
#include <string.h>

#include <sodium.h>

#include "core_net.h"
#include "dht_state.h"
#include "dht_world.h"

#define NODES	32

static int setup(void **state)
{
	world_new(NODES, NULL);
	world_run(120 * WORLD_SECOND);
	return 0;
}

static int teardown(void **state)
{
	world_free();
	return 0;
}

static struct dht_peer *peer_of(struct dht_node *node,
				const struct dht_action *action)
{
	uint32_t known = dht_book_get(world->host, &action->to);
	struct dht_peer *peer = dht_table_find(node, known);

	assert_non_null(peer);
	dht_book_put(world->host, known);
	return peer;
}

/* Commands of node 0 and of so many others wait for sessions. */
static void wait_for_sessions(unsigned int others)
{
	unsigned int i;

	world->setup = 3600 * WORLD_SECOND;
	for (i = 0; i <= others; i++)
		dht_update(world->node[i], world->now);
	world_run(0);
	assert_int_equal(world->n_held,
			 (others + 1) * dht_net_params(world->net)->redundancy);
}

/* Who is not reached fails; not if there was no room to try. */
static void no_room(void **state)
{
	struct dht_node *node = world->node[0];
	uint32_t deaths = node->churn.deaths;

	wait_for_sessions(0);
	dht_unsent(node, world->now, world->held[0]->seq);
	assert_int_equal(peer_of(node, world->held[0])->fails, 0);
	assert_int_equal(node->churn.deaths, deaths);
	assert_int_equal(node->silent, 0);
	dht_failed(node, world->now, world->held[1]->seq);
	assert_int_equal(peer_of(node, world->held[1])->fails, 1);
	assert_true(node->churn.deaths > deaths);
	/* They are over. */
	assert_int_equal(world->host->n_held, 6);
	dht_unsent(node, world->now, world->held[1]->seq);
	assert_int_equal(peer_of(node, world->held[1])->fails, 1);
}

/* Where too many sessions are agreed on, nobody is blamed for his. */
static void laden(void **state)
{
	struct dht_node *node = world->node[0];

	wait_for_sessions(8);
	assert_true(dht_laden(world->host));
	dht_failed(node, world->now, world->held[0]->seq);
	assert_int_equal(peer_of(node, world->held[0])->fails, 0);
	while (dht_laden(world->host))
		dht_unsent(world->held[world->host->n_held]->node, world->now,
			   world->held[world->host->n_held]->seq);
	dht_failed(node, world->now, world->held[1]->seq);
	assert_int_equal(peer_of(node, world->held[1])->fails, 1);
}

/* Another's short lease is looked into, once in a while; a longer one is not. */
static void hint(void **state)
{
	struct dht_node *node = world->node[0];
	uint32_t lease = dht_lease(node);
	unsigned int i;

	dht_upkeep_hint(node, world->now, lease / 2);
	assert_int_equal(node->hurry, 0);
	dht_upkeep_hint(node, world->now, lease / 2 - 1);
	assert_int_not_equal(node->hurry, 0);
	assert_int_equal(dht_lease(node), lease);
	node->hurry = 0;
	dht_upkeep_hint(node, world->now + 59 * WORLD_SECOND, 10);
	assert_int_equal(node->hurry, 0);
	/* All answers have it. */
	world_run(60 * WORLD_SECOND);
	node->hurry = 0;
	for (i = 1; i < NODES; i++) {
		world->node[i]->churn.deaths = 0;
		dht_churn_told(world->node[i], 100);
		assert_in_range(dht_lease(world->node[i]), 99, 100);
	}
	dht_update(node, world->now);
	world_run(0);
	assert_int_not_equal(node->hurry, 0);
}

/* In how many tables of those who live the dead are. */
static unsigned int believed(void)
{
	const struct dht_contact *contact;
	unsigned int i, j, n = 0;
	struct dht_table *t;

	for (i = 0; i < NODES; i++) {
		if (!world->node[i])
			continue;
		t = &world->node[i]->table;
		for (j = 0; j < t->count; j++) {
			contact = dht_book_at(world->host, t->peer[j].known);
			n += !world->node[contact->addr[15]];
		}
	}
	return n;
}

/* A third dies in peace; whoever notices one death looks for more at once. */
static void hurry(void **state)
{
	unsigned int i, before;

	world_run(3600 * WORLD_SECOND);
	for (i = 1; i < NODES; i += 3)
		world_kill(i);
	before = believed();
	assert_true(before > NODES);
	world_run(180 * WORLD_SECOND);
	assert_in_range(believed(), 0, before / 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_room, setup, teardown),
		cmocka_unit_test_setup_teardown(laden, setup, teardown),
		cmocka_unit_test_setup_teardown(hint, setup, teardown),
		cmocka_unit_test_setup_teardown(hurry, setup, teardown),
	};

	if (sodium_init() < 0)
		return 1;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
