// SPDX-License-Identifier: GPL-2.0
/*
 * The core and its owner: configuration, endpoints, limits, removals, texts.
 */
#include <errno.h>
#include <string.h>

#include <sodium.h>

#include "core_fixture.h"
#include "state.h"

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
			    "no answer");
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

/* Message 3 comes from another address than message 1 did. */
static void moves_meanwhile(void **state)
{
	union themis_endpoint moved = net_endpoint(0xc0000299, 5);
	int i;

	net_introduce(a, b, NULL);
	themis_core_acquire(a->core, net->now, &a->id, &b->id);
	net_drain(a);
	for (i = 0; i < 2; i++) {
		net_run(net, net->now + 10 * MS);
		net->n_flight = 0;
		a->at = moved;
		net_inject(a, &b->at, net->last[THEMIS_PKT_RESP].b,
			   THEMIS_PKT_RESP_LEN);
		net_run(net, net->now + 11 * SECOND);
		net_assert_agreed(a, b);
		assert_memory_equal(&net_session(b, a)->endpoint, &moved,
				    sizeof(moved));
		assert_endpoint(b, a, &moved);
		moved = net_endpoint(0xc0000298, 6);
		net_rekey(a, b);
	}
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

/* Over IPv6, with scopes; and where a cookie is asked for. */
static void over_ipv6(void **state)
{
	union themis_endpoint at[2] = { 0 }, other;
	struct net_side *sides[2];
	int i;

	sides[0] = a;
	sides[1] = b;
	for (i = 0; i < 2; i++) {
		at[i].in6.sin6_family = AF_INET6;
		at[i].in6.sin6_port = htons(NET_LINK);
		at[i].in6.sin6_addr.s6_addr[0] = 0xfe;
		at[i].in6.sin6_addr.s6_addr[1] = 0x80;
		at[i].in6.sin6_addr.s6_addr[15] = i + 1;
		at[i].in6.sin6_scope_id = 2;
		sides[i]->at = at[i];
	}
	/* With room for one the second message 1 finds the table loaded. */
	net_restart(b, 64, 1);
	net_introduce(a, b, NULL);
	net_introduce(b, c, NULL);
	net_send(c, b);
	net_run(net, net->now + 10 * MS);
	net_send(a, b);
	net_run(net, net->now + SECOND);
	net_assert_agreed(a, b);
	assert_int_equal(net_count(a, THEMIS_N_RX_COOKIE), 1);
	assert_memory_equal(&net_session(a, b)->endpoint, &at[1],
			    sizeof(at[1]));

	other = at[0];
	assert_true(core_endpoint_equal(&at[0], &other));
	other.in6.sin6_flowinfo = 1;
	assert_true(core_endpoint_equal(&at[0], &other));
	other.in6.sin6_scope_id = 3;
	assert_false(core_endpoint_equal(&at[0], &other));
	other = at[0];
	other.in6.sin6_port++;
	assert_false(core_endpoint_equal(&at[0], &other));
	assert_false(core_endpoint_equal(&at[0], &at[1]));
	assert_false(core_endpoint_equal(&at[0], &c->at));
	memset(&other, 0, sizeof(other));
	assert_true(core_endpoint_equal(&other, &other));
	assert_false(core_endpoint_known(&other));
}

static void always_the_same(void *ctx, void *buf, size_t len)
{
	memset(buf, 7, len);
}

/* A random source that repeats itself yields no second index, and no loop. */
static void stuck_random_source(void **state)
{
	const struct themis_core_config config = {
		.random = always_the_same,
		.max_peers = 4,
		.max_pending = 4,
	};
	struct themis_core *core;
	struct themis_id id;

	core = themis_core_new(&config);
	assert_non_null(core);
	assert_int_equal(0, themis_core_node_add(core, a->seed, net_netid,
						 sizeof(net_netid), NET_LINK,
						 &id));
	themis_core_free(a->core);
	a->core = core;
	net_introduce(a, b, NULL);
	net_introduce(a, c, NULL);
	net_send(a, b);
	assert_int_equal(net->sent[THEMIS_PKT_INIT], 1);
	net_send(a, c);
	assert_int_equal(net->sent[THEMIS_PKT_INIT], 1);
	assert_int_equal(a->why, THEMIS_WHY_FULL);
	/* Nor for a stranger's, who is forgotten. */
	assert_int_equal(0, themis_core_peer_del(a->core, net->now, &a->id,
						 &c->id));
	net_send(c, a);
	net_run(net, net->now + 5 * MS);
	net_run(net, net->now + 5 * MS);
	assert_int_equal(net_count(a, THEMIS_N_FULL_PENDING), 2);
	assert_int_equal(a->core->by_peer.count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(whys),
		TEST(learns_endpoint),
		TEST(moves_meanwhile),
		TEST(tries_both_endpoints),
		TEST(reconfigured),
		TEST(psk),
		TEST(removals),
		TEST(arguments),
		TEST(limits_of_keys),
		TEST(two_nodes_of_one_core),
		TEST(over_ipv6),
		TEST(stuck_random_source),
	};

	if (sodium_init() < 0)
		return 1;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
