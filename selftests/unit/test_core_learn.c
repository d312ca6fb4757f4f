// SPDX-License-Identifier: GPL-2.0
/*
 * The core and what a directory tells it: peers that nobody has configured.
 */
#include <errno.h>
#include <string.h>

#include <sodium.h>

#include "core_fixture.h"
#include "state.h"

static int learn(struct net_side *side, struct net_side *peer,
		 const union themis_endpoint *endpoint)
{
	return themis_core_peer_learn(side->core, net->now, &side->id,
				      &peer->id, endpoint);
}

static void told_is_enough(void **state)
{
	struct themis_peer_info info;

	assert_false(themis_core_locatable(a->core, &a->id, &b->id));
	assert_int_equal(themis_core_peer_get(a->core, &a->id, &b->id, &info),
			 -ENOENT);
	assert_int_equal(learn(a, b, &b->at), 0);
	assert_true(themis_core_locatable(a->core, &a->id, &b->id));
	net_send(a, b);
	net_run(net, net->now + SECOND);
	net_assert_agreed(a, b);
	assert_int_equal(b->received, 1);
	assert_int_equal(themis_core_peer_get(a->core, &a->id, &b->id, &info),
			 0);
	assert_false(info.configured);
	assert_int_equal(info.state, THEMIS_PEER_ESTABLISHED);
	assert_memory_equal(&info.endpoint, &b->at, sizeof(b->at));
}

/* A lie first, then the truth: message 1 goes there at once. */
static void told_better(void **state)
{
	union themis_endpoint wrong = net_endpoint(0xc0000299, 5);

	assert_int_equal(learn(a, b, &wrong), 0);
	net_send(a, b);
	net_run(net, net->now + 10 * MS);
	assert_int_equal(net->sent[THEMIS_PKT_INIT], 1);
	assert_int_equal(learn(a, b, &b->at), 0);
	net_run(net, net->now + 100 * MS);
	assert_int_equal(net->sent[THEMIS_PKT_INIT], 2);
	net_assert_agreed(a, b);
	assert_int_equal(b->received, 1);
}

/* Whatever is told, the tries are bounded and nobody else is agreed with. */
static void told_lies(void **state)
{
	union themis_endpoint wrong;
	unsigned int i;

	for (i = 0; i < 50; i++) {
		wrong = i % 2 ? c->at : net_endpoint(0xc0000200 + i, 5);
		assert_int_equal(learn(a, b, &wrong), 0);
		if (!i)
			net_send(a, b);
		net_run(net, net->now + 10 * MS);
	}
	net_run(net, net->now + 10 * SECOND);
	assert_true(net->sent[THEMIS_PKT_INIT] <= CORE_TRIES);
	assert_int_equal(a->failed, 1);
	assert_int_equal(a->why, THEMIS_WHY_NO_ANSWER);
}

/* The owner's word and a proof count more. */
static void configured_comes_first(void **state)
{
	union themis_endpoint wrong = net_endpoint(0xc0000299, 5);

	net_introduce(a, b, NULL);
	assert_int_equal(learn(a, b, &wrong), 0);
	net_send(a, b);
	net_run(net, net->now + 100 * MS);
	net_assert_agreed(a, b);
	assert_int_equal(learn(a, b, &wrong), 0);
	net_rekey(a, b);
	net_run(net, net->now + 100 * MS);
	net_assert_agreed(a, b);
	assert_int_equal(net->sent[THEMIS_PKT_INIT], 2);
}

/* One who is not where the owner says: message 1 goes where he was found. */
static void configured_is_out_of_date(void **state)
{
	union themis_endpoint wrong = net_endpoint(0xc0000299, 5);

	net_introduce(a, b, NULL);
	assert_int_equal(themis_core_peer_add(a->core, net->now, &a->id,
					      &b->id, &wrong, NULL), 0);
	net_send(a, b);
	net_run(net, net->now + 700 * MS);
	assert_int_equal(net->sent[THEMIS_PKT_INIT], 2);
	assert_int_equal(learn(a, b, &b->at), 0);
	net_run(net, net->now + 100 * MS);
	assert_int_equal(net->sent[THEMIS_PKT_INIT], 3);
	net_assert_agreed(a, b);
	assert_int_equal(b->received, 1);
}

/* Where he was last and where the owner says he is are often the same. */
static void one_turn_each(void **state)
{
	struct core_effort effort = {
		.given = net_endpoint(0xc0000203, 7000),
		.told = net_endpoint(0xc0000221, 7000),
	};
	struct core_peer peer = {
		.effort = &effort,
		.seen = net_endpoint(0xc0000203, 7000),
	};
	unsigned int i;

	for (i = 0; i < CORE_TRIES; i++)
		assert_true(core_endpoint_equal(core_choose(&peer, i), i % 2 ?
						&effort.told : &peer.seen));
	effort.given = net_endpoint(0xc0000204, 7000);
	assert_true(core_endpoint_equal(core_choose(&peer, 1), &effort.given));
	assert_true(core_endpoint_equal(core_choose(&peer, 2), &effort.told));
}

/*
 * With whom there is a session, of him nothing is kept that only an agreement
 * needs; and the next agreement does not miss it.
 */
static void settled(void **state)
{
	struct themis_peer_info info;
	struct core_peer *peer;
	struct core_node *node;

	assert_int_equal(learn(a, b, &b->at), 0);
	node = core_node_find(a->core, &a->id);
	peer = core_peer_find(a->core, node, &b->id);
	assert_non_null(peer->effort);
	net_send(a, b);
	net_run(net, net->now + 100 * MS);
	net_assert_agreed(a, b);
	assert_null(peer->effort);

	/* What is known already leads to nothing, what is new does. */
	assert_int_equal(learn(a, b, &b->at), 0);
	assert_null(peer->effort);
	assert_int_equal(learn(a, b, &a->at), 0);
	assert_non_null(peer->effort);

	/* The responder answers message 3 for a while. */
	node = core_node_find(b->core, &b->id);
	peer = core_peer_find(b->core, node, &a->id);
	assert_non_null(peer->effort);
	net_run(net, net->now + CORE_LINGER);
	assert_null(peer->effort);
	assert_int_equal(themis_core_peer_get(b->core, &b->id, &a->id, &info),
			 0);
	assert_int_equal(info.state, THEMIS_PEER_ESTABLISHED);
	assert_memory_equal(&info.endpoint, &a->at, sizeof(a->at));
	net_rekey(b, a);
	net_run(net, net->now + 100 * MS);
	net_assert_agreed(a, b);
	assert_int_equal(net->sent[THEMIS_PKT_INIT], 2);
	assert_null(peer->effort);
}

static void bad_input(void **state)
{
	static const union themis_endpoint nowhere;
	struct themis_id stranger = { { 1 } }, zero = { { 0 } };

	assert_int_equal(learn(a, b, &nowhere), -EAFNOSUPPORT);
	assert_int_equal(learn(a, a, &a->at), -EINVAL);
	assert_int_equal(themis_core_peer_learn(a->core, net->now, &stranger,
						&b->id, &b->at), -ENOENT);
	assert_int_equal(themis_core_peer_learn(a->core, net->now, &a->id,
						&zero, &b->at), -EINVAL);
	themis_core_acquire_fail(a->core, net->now, &a->id, &b->id,
				 THEMIS_WHY_NOT_FOUND);
	net_drain(a);
	assert_int_equal(a->failed, 1);
	assert_int_equal(a->why, THEMIS_WHY_NOT_FOUND);
}

static void signs(void **state)
{
	struct themis_id stranger = { { 1 } };
	uint8_t key[32], signature[64];
	const uint8_t text[] = "text";

	assert_int_equal(themis_core_node_key(a->core, &a->id, key), 0);
	assert_int_equal(themis_core_sign(a->core, &a->id, signature, text,
					  sizeof(text)), 0);
	assert_int_equal(crypto_sign_verify_detached(signature, text,
						     sizeof(text), key), 0);
	assert_int_equal(themis_core_node_key(a->core, &stranger, key),
			 -ENOENT);
	assert_int_equal(themis_core_sign(a->core, &stranger, signature, text,
					  sizeof(text)), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(told_is_enough),
		TEST(told_better),
		TEST(settled),
		TEST(told_lies),
		TEST(configured_comes_first),
		TEST(configured_is_out_of_date),
		TEST(one_turn_each),
		TEST(bad_input),
		TEST(signs),
	};

	if (sodium_init() < 0)
		return 1;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
