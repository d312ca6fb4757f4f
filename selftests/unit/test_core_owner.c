// SPDX-License-Identifier: GPL-2.0
/*
 * The core and its owner: configuration, the kernel's events and refusals,
 * restarts, endpoints, limits and texts.
 */
#include <errno.h>
#include <string.h>

#include <sodium.h>

#include "core_fixture.h"

/* Only the daemon restarts: sessions go on, and are rekeyed when due. */
static void adopted(void **state)
{
	union themis_endpoint elsewhere = net_endpoint(0xc6336401, 9);
	unsigned int acts;
	uint32_t old;

	establish();
	net_restart(a, 64, 32);
	assert_int_equal(0, themis_core_peer_add(a->core, net->now, &a->id,
						 &b->id, &elsewhere, NULL));
	acts = net_acts(a);
	themis_core_adopt(a->core, net->now, &a->id, &b->id, &b->at, true);
	net_drain(a);
	assert_int_equal(net_peer(a, b).state, THEMIS_PEER_ESTABLISHED);
	net_send(a, b);
	net_run(net, net->now + SECOND);
	assert_int_equal(b->received, 2);
	/* It only tells its state; there is nothing to agree on. */
	assert_int_equal(net_acts(a), acts + 1);

	old = net_current(a, b)->local;
	net_rekey(a, b);
	net_run(net, net->now + SECOND);
	net_assert_agreed(a, b);
	assert_int_not_equal(net_current(a, b)->local, old);

	/* One that is not configured is learned; one without a key is not. */
	net_restart(b, 64, 32);
	themis_core_adopt(b->core, net->now, &b->id, &a->id, &a->at, true);
	themis_core_adopt(b->core, net->now, &b->id, &c->id, &c->at, false);
	net_drain(b);
	assert_false(net_peer(b, a).configured);
	net_rekey(b, a);
	net_run(net, net->now + SECOND);
	net_assert_agreed(a, b);

	/* Read again after lost events: the kernel has no key any more. */
	themis_core_adopt(b->core, net->now, &b->id, &a->id, NULL, false);
	net_drain(b);
	assert_int_equal(net_peer(b, a).state, THEMIS_PEER_IDLE);
}

static void whys(void **state)
{
	struct themis_id stranger = { { 1 } };
	int why;

	themis_core_acquire(a->core, net->now, &stranger, &b->id);
	net_drain(a);
	assert_int_equal(a->why, THEMIS_WHY_UNKNOWN_NODE);
	themis_core_acquire(a->core, net->now, &a->id, &b->id);
	net_drain(a);
	assert_int_equal(a->why, THEMIS_WHY_UNKNOWN_PEER);
	assert_int_equal(0, themis_core_peer_add(a->core, net->now, &a->id,
						 &b->id, NULL, NULL));
	themis_core_acquire(a->core, net->now, &a->id, &b->id);
	net_drain(a);
	assert_int_equal(a->why, THEMIS_WHY_NO_ENDPOINT);
	assert_int_equal(a->state, THEMIS_PEER_FAILED);
	assert_int_equal(a->state_why, THEMIS_WHY_NO_ENDPOINT);
	assert_int_equal(a->failed, 3);
	assert_int_equal(net->sent[THEMIS_PKT_INIT], 0);

	for (why = 0; why < __THEMIS_WHY_MAX; why++) {
		assert_non_null(themis_core_why_text(why));
		assert_non_null(themis_core_why_hint(why));
		assert_true(*themis_core_why_text(why));
	}
	assert_string_equal(themis_core_why_text(THEMIS_WHY_NO_ANSWER),
			    "the peer does not answer");
	assert_string_equal(themis_core_why_text(__THEMIS_WHY_MAX),
			    "unknown reason");
	for (why = 1; why < __THEMIS_N_MAX; why++) {
		assert_non_null(themis_core_counter_name(why));
		assert_non_null(themis_core_counter_help(why));
	}
	assert_null(themis_core_counter_name(__THEMIS_N_MAX));
	assert_null(themis_core_counter_help(__THEMIS_N_MAX));
}

static void assert_endpoint(struct net_side *side, struct net_side *peer,
			    const union themis_endpoint *want)
{
	struct themis_peer_info info = net_peer(side, peer);

	assert_memory_equal(&info.endpoint, want, sizeof(*want));
}

/* A peer without a configured endpoint can be answered, and asked later. */
static void learns_endpoint(void **state)
{
	union themis_endpoint moved = net_endpoint(0xc0000299, 5);

	assert_int_equal(0, themis_core_peer_add(a->core, net->now, &a->id,
						 &b->id, &b->at, NULL));
	net_send(a, b);
	net_run(net, net->now + SECOND);
	net_assert_agreed(a, b);
	assert_false(net_peer(b, a).configured);
	net_expire(b, a);
	net_expire(a, b);
	net_send(b, a);
	net_run(net, net->now + SECOND);
	net_assert_agreed(a, b);
	assert_int_equal(a->received, 1);

	/* It moves: the kernel says so, and the next agreement goes there. */
	themis_core_event(b->core, net->now, &b->id, &a->id, THEMIS_EVENT_ROAM,
			  NULL, &moved);
	net_rekey(b, a);
	a->at = moved;
	net_session(b, a)->endpoint = moved;
	themis_core_event(b->core, net->now, &b->id, &a->id, THEMIS_EVENT_ROAM,
			  NULL, &moved);
	net_run(net, net->now + SECOND);
	net_assert_agreed(a, b);
	assert_endpoint(b, a, &moved);
}

/* Where it last was and where it is configured are tried in turn. */
static void tries_both_endpoints(void **state)
{
	union themis_endpoint moved = net_endpoint(0xc0000277, 5);
	union themis_endpoint back = b->at;

	establish();
	b->at = moved;
	themis_core_event(a->core, net->now, &a->id, &b->id, THEMIS_EVENT_ROAM,
			  NULL, &moved);
	b->at = back;
	net_expire(a, b);
	net_expire(b, a);
	themis_core_event(a->core, net->now, &a->id, &b->id, THEMIS_EVENT_ROAM,
			  NULL, &moved);
	net_send(a, b);
	net_run(net, net->now + 400 * MS);
	assert_int_equal(net_peer(a, b).state, THEMIS_PEER_HANDSHAKING);
	net_run(net, net->now + 200 * MS);
	net_assert_agreed(a, b);
	assert_endpoint(a, b, &back);
}

/* A change of the configuration makes what was learned old. */
static void reconfigured(void **state)
{
	union themis_endpoint moved = net_endpoint(0xc0000277, 5);

	establish();
	assert_int_equal(0, themis_core_peer_add(a->core, net->now, &a->id,
						 &b->id, &moved, NULL));
	assert_endpoint(a, b, &moved);
	b->at = moved;
	net_session(a, b)->endpoint = moved;
	net_rekey(a, b);
	net_run(net, net->now + SECOND);
	net_assert_agreed(a, b);
}

static void psk(void **state)
{
	uint8_t secret[32] = { 7 };

	net_introduce(a, b, secret);
	assert_true(net_peer(a, b).has_psk);
	net_send(a, b);
	net_run(net, net->now + SECOND);
	net_assert_agreed(a, b);

	/* One side has another: nothing comes about, and it is told. */
	secret[0]++;
	assert_int_equal(0, themis_core_peer_add(b->core, net->now, &b->id,
						 &a->id, &a->at, secret));
	net_expire(a, b);
	net_expire(b, a);
	net_send(a, b);
	net_run(net, net->now + 10 * SECOND);
	assert_int_equal(a->failed, 1);
	assert_int_equal(a->why, THEMIS_WHY_BAD_CONFIRM);
	assert_int_equal(net_peer(a, b).why, THEMIS_WHY_BAD_CONFIRM);

	/* Nor without one on either side. */
	assert_int_equal(0, themis_core_peer_add(b->core, net->now, &b->id,
						 &a->id, &a->at, NULL));
	assert_false(net_peer(b, a).has_psk);
	net_run(net, net->now + 20 * SECOND);
	net_send(a, b);
	net_run(net, net->now + 10 * SECOND);
	assert_int_equal(a->failed, 2);
	assert_int_equal(a->why, THEMIS_WHY_BAD_CONFIRM);

	assert_int_equal(0, themis_core_peer_add(a->core, net->now, &a->id,
						 &b->id, &b->at, NULL));
	net_run(net, net->now + 20 * SECOND);
	net_send(a, b);
	net_run(net, net->now + SECOND);
	net_assert_agreed(a, b);
}

static void refuse(struct net_side *side, enum themis_action_type type,
		   int error)
{
	side->refuse_type = type;
	side->refuse = error;
}

static void initiator_refused(void **state)
{
	/* The index was taken: another one, and message 3 only for that. */
	net_introduce(a, b, NULL);
	refuse(a, THEMIS_ACT_KEY, EEXIST);
	net_send(a, b);
	net_run(net, net->now + SECOND);
	assert_int_equal(net->sent[THEMIS_PKT_INIT], 2);
	assert_int_equal(net->sent[THEMIS_PKT_CONFIRM], 1);
	net_assert_agreed(a, b);
	net_send(a, b);
	assert_int_equal(a->failed, 0);
	assert_quiet();
	assert_true(b->received);

	/* Twice is too much. */
	teardown(NULL);
	setup(NULL);
	net_introduce(a, b, NULL);
	refuse(a, THEMIS_ACT_KEY, EEXIST);
	net_send(a, b);
	net_run(net, net->now + 20 * MS);
	assert_int_equal(a->refuse, 0);
	refuse(a, THEMIS_ACT_KEY, EEXIST);
	net_run(net, net->now + SECOND);
	assert_int_equal(a->failed, 1);
	assert_int_equal(a->why, THEMIS_WHY_KERNEL);
	assert_int_equal(net->sent[THEMIS_PKT_CONFIRM], 0);
	assert_int_equal(net_peer(a, b).state, THEMIS_PEER_FAILED);
	assert_quiet();

	/* Another error does not go away by itself. */
	teardown(NULL);
	setup(NULL);
	net_introduce(a, b, NULL);
	refuse(a, THEMIS_ACT_KEY, EPERM);
	net_send(a, b);
	net_run(net, net->now + SECOND);
	assert_int_equal(a->why, THEMIS_WHY_KERNEL);
	assert_int_equal(net->sent[THEMIS_PKT_INIT], 1);
	assert_int_equal(net->sent[THEMIS_PKT_CONFIRM], 0);

	/* Without a session there is no use in a key. */
	teardown(NULL);
	setup(NULL);
	net_introduce(a, b, NULL);
	refuse(a, THEMIS_ACT_SESSION, ENOSPC);
	net_send(a, b);
	net_run(net, net->now + SECOND);
	assert_int_equal(a->why, THEMIS_WHY_KERNEL);
	assert_int_equal(a->acts[THEMIS_ACT_KEY], 0);
	assert_int_equal(net->sent[THEMIS_PKT_CONFIRM], 0);
}

static void responder_refused(void **state)
{
	struct net_packet init;

	/* Early: no message 2 either; the next message 1 does better. */
	net_introduce(a, b, NULL);
	refuse(b, THEMIS_ACT_KEY, EEXIST);
	net_send(a, b);
	net_run(net, net->now + 400 * MS);
	assert_int_equal(net->sent[THEMIS_PKT_RESP], 0);
	net_run(net, net->now + SECOND);
	net_assert_agreed(a, b);
	assert_int_equal(b->received, 1);
	assert_quiet();

	/* The session is gone, and nobody said so: one is made. */
	memset(b->session, 0, sizeof(b->session));
	net_rekey(a, b);
	net_run(net, net->now + 100 * MS);
	assert_int_equal(net_peer(b, a).state, THEMIS_PEER_IDLE);
	net_run(net, net->now + SECOND);
	net_assert_agreed(a, b);
	assert_quiet();

	/*
	 * At message 3, where a replay holds the place for an early key: the
	 * initiator notices that nothing confirms it.
	 */
	teardown(NULL);
	setup(NULL);
	establish();
	init = net->last[THEMIS_PKT_INIT];
	net_run(net, net->now + 11 * SECOND);
	net_inject(b, &c->at, init.b, init.len);
	net->n_flight = 0;
	refuse(b, THEMIS_ACT_KEY, EEXIST);
	net_rekey(a, b);
	net_run(net, net->now + SECOND);
	assert_int_equal(b->refuse, 0);
	assert_int_equal(net_peer(b, a).state, THEMIS_PEER_ESTABLISHED);
	net_run(net, net->now + 10 * SECOND);
	net_assert_agreed(a, b);
	assert_int_equal(a->acts[THEMIS_ACT_KEY_DEL], 1);
	assert_quiet();

	/* The kernel has lost the key that message 3 confirms. */
	teardown(NULL);
	setup(NULL);
	net_introduce(a, b, NULL);
	refuse(b, THEMIS_ACT_CONFIRM, ENOENT);
	themis_core_acquire(a->core, net->now, &a->id, &b->id);
	net_drain(a);
	net_run(net, net->now + SECOND);
	assert_int_equal(net_peer(b, a).state, THEMIS_PEER_FAILED);
	assert_int_equal(net_peer(b, a).why, THEMIS_WHY_KERNEL);
	net_run(net, net->now + 10 * SECOND);
	net_assert_agreed(a, b);
}

static void session_deleted(void **state)
{
	struct plan p = { .type = THEMIS_PKT_CONFIRM, .drop = 99 };

	net->verdict = lose_proofs;
	net->ctx = &p;
	net_introduce(a, b, NULL);
	net_send(a, b);
	net_run(net, net->now + 100 * MS);
	assert_int_equal(net_peer(a, b).state, THEMIS_PEER_ESTABLISHED);

	/* The owner of the kernel removes it: nobody asks any more. */
	memset(a->session, 0, sizeof(a->session));
	themis_core_event(a->core, net->now, &a->id, &b->id, THEMIS_EVENT_DEL,
			  NULL, NULL);
	net_drain(a);
	assert_int_equal(net_peer(a, b).state, THEMIS_PEER_IDLE);
	assert_true(themis_core_deadline(a->core) == UINT64_MAX);
	net->verdict = NULL;
	net_send(a, b);
	net_run(net, net->now + SECOND);
	net_assert_agreed(a, b);
}

/* News that is older than a key of ours does not count. */
static void stale_expiry(void **state)
{
	struct plan p = { .type = THEMIS_PKT_DATA, .drop = 99 };

	establish();
	plan(&p);
	net_rekey(a, b);
	net_run(net, net->now + 25 * MS);
	themis_core_event(a->core, net->now, &a->id, &b->id,
			  THEMIS_EVENT_EXPIRED, NULL, NULL);
	net_drain(a);
	assert_int_equal(net_peer(a, b).state, THEMIS_PEER_ESTABLISHED);
	net->verdict = NULL;
	net_run(net, net->now + SECOND);
	net_assert_agreed(a, b);
}

static void removals(void **state)
{
	net_introduce(a, b, NULL);
	net_introduce(a, c, NULL);
	net_send(a, b);
	assert_int_equal(0, themis_core_peer_del(a->core, net->now, &a->id,
						 &b->id));
	net_drain(a);
	assert_int_equal(a->failed, 1);
	assert_int_equal(a->why, THEMIS_WHY_UNKNOWN_PEER);
	assert_int_equal(-ENOENT, themis_core_peer_del(a->core, net->now,
						       &a->id, &b->id));

	net_send(a, c);
	assert_int_equal(0, themis_core_node_del(a->core, net->now, &a->id));
	net_drain(a);
	assert_int_equal(a->failed, 2);
	assert_int_equal(a->why, THEMIS_WHY_UNKNOWN_NODE);
	assert_true(themis_core_deadline(a->core) == UINT64_MAX);
	assert_int_equal(-ENOENT, themis_core_node_del(a->core, net->now,
						       &a->id));
	/* What is still on its way finds nobody. */
	net_run(net, net->now + 30 * SECOND);
	assert_int_equal(a->acts[THEMIS_ACT_KEY], 0);

	/* A responder's early key goes with its peer. */
	net_restart(a, 64, 32);
	memset(b->session, 0, sizeof(b->session));
	net_introduce(a, b, NULL);
	net_send(a, b);
	net_run(net, net->now + 10 * MS);
	assert_true(net_session(b, a)->slot[THEMIS_SLOT_NEXT].used);
	themis_core_peer_del(b->core, net->now, &b->id, &a->id);
	net_drain(b);
	assert_false(net_session(b, a)->slot[THEMIS_SLOT_NEXT].used);
}

static void arguments(void **state)
{
	struct themis_core_config config = {
		.random = net_random,
		.random_ctx = &a->rng,
		.max_peers = 1,
		.max_pending = 1,
	};
	union themis_endpoint none = { 0 };
	struct themis_id id, zero = { 0 };
	uint8_t seed[32] = { 3 };
	struct themis_core *core;

	config.max_peers = 0;
	assert_null(themis_core_new(&config));
	config.max_peers = 1;
	config.max_pending = 0;
	assert_null(themis_core_new(&config));
	config.max_pending = 1;
	config.random = NULL;
	assert_null(themis_core_new(&config));
	config.random = net_random;
	core = themis_core_new(&config);
	assert_non_null(core);
	assert_null(themis_core_action(core));
	themis_core_action_done(core, NULL);
	assert_true(themis_core_deadline(core) == UINT64_MAX);

	assert_int_equal(-EINVAL, themis_core_node_add(core, seed, seed, 0, 1,
						       &id));
	assert_int_equal(-EINVAL, themis_core_node_add(core, seed, seed, 33, 1,
						       &id));
	assert_int_equal(0, themis_core_node_add(core, seed, seed, 32, 1,
						 &id));
	assert_int_equal(-EEXIST, themis_core_node_add(core, seed, seed, 32, 2,
						       NULL));
	/* The same key in another network is another node. */
	assert_int_equal(0, themis_core_node_add(core, seed, seed, 31, 1,
						 NULL));

	assert_int_equal(-ENOENT, themis_core_peer_add(core, 0, &zero, &b->id,
						       NULL, NULL));
	assert_int_equal(-EINVAL, themis_core_peer_add(core, 0, &id, &zero,
						       NULL, NULL));
	assert_int_equal(-EINVAL, themis_core_peer_add(core, 0, &id, &id, NULL,
						       NULL));
	assert_int_equal(-EAFNOSUPPORT, themis_core_peer_add(core, 0, &id,
							     &b->id, &none,
							     NULL));
	assert_int_equal(0, themis_core_peer_add(core, 0, &id, &b->id, NULL,
						 seed));
	assert_int_equal(0, themis_core_peer_add(core, 0, &id, &b->id, NULL,
						 seed));
	assert_int_equal(-ENOSPC, themis_core_peer_add(core, 0, &id, &c->id,
						       NULL, NULL));
	themis_core_free(core);
	themis_core_free(NULL);
}

static void limits_of_keys(void **state)
{
	static const struct {
		uint64_t soft, hard, initiator, responder, end;
	} rows[] = {
		{ 0, 0, 120000, 135000, 180000 },
		{ 60000, 0, 60000, 75000, 180000 },
		{ 2000, 4000, 2000, 3000, 4000 },
		{ 0, 130000, 120000, 125000, 130000 },
		{ 5000, 5000, 5000, 5000, 5000 },
	};
	struct themis_core_config config = { .random = net_random };
	struct net_side *sides[2] = { a, b };
	unsigned int i;
	int j;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		for (j = 0; j < 2; j++) {
			themis_core_free(sides[j]->core);
			config.random_ctx = &sides[j]->rng;
			config.max_peers = 4;
			config.max_pending = 4;
			config.soft_ms = rows[i].soft;
			config.hard_ms = rows[i].hard;
			sides[j]->core = themis_core_new(&config);
			themis_core_node_add(sides[j]->core, sides[j]->seed,
					     net_netid, sizeof(net_netid),
					     NET_LINK, NULL);
			memset(sides[j]->session, 0,
			       sizeof(sides[j]->session));
		}
		net_introduce(a, b, NULL);
		net_send(a, b);
		net_run(net, net->now + SECOND);
		net_assert_agreed(a, b);
		assert_int_equal(net_current(a, b)->soft_ms,
				 rows[i].initiator);
		assert_int_equal(net_current(b, a)->soft_ms,
				 rows[i].responder);
		assert_int_equal(net_current(a, b)->hard_ms, rows[i].end);
		assert_int_equal(net_current(b, a)->hard_ms, rows[i].end);
	}
}

/* Two nodes of one machine, in one core, over its own link. */
static void two_nodes_of_one_core(void **state)
{
	struct themis_id own = a->id, second;
	struct themis_action *act;
	uint8_t seed[32] = { 9 };

	assert_int_equal(0, themis_core_node_add(a->core, seed, net_netid,
						 sizeof(net_netid), NET_LINK,
						 &second));
	assert_int_equal(0, themis_core_peer_add(a->core, net->now, &own,
						 &second, &a->at, NULL));
	themis_core_acquire(a->core, net->now, &own, &second);
	while ((act = themis_core_action(a->core))) {
		if (act->type == THEMIS_ACT_SEND)
			themis_core_packet(a->core, net->now, act->link,
					   &a->at, act->packet, act->len);
		themis_core_action_done(a->core, act);
	}
	assert_int_equal(net_count(a, THEMIS_N_RX_INIT), 1);
	assert_int_equal(net_count(a, THEMIS_N_RX_RESP), 1);
	assert_int_equal(net_count(a, THEMIS_N_RX_CONFIRM), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(adopted),
		TEST(whys),
		TEST(learns_endpoint),
		TEST(tries_both_endpoints),
		TEST(reconfigured),
		TEST(psk),
		TEST(initiator_refused),
		TEST(responder_refused),
		TEST(session_deleted),
		TEST(stale_expiry),
		TEST(removals),
		TEST(arguments),
		TEST(limits_of_keys),
		TEST(two_nodes_of_one_core),
	};

	if (sodium_init() < 0)
		return 1;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
