// SPDX-License-Identifier: GPL-2.0
/*
 * Random walks: two cores, a network that loses, repeats and reorders, kernels
 * that forget and refuse, daemons that restart, and what must hold whatever
 * happens. And the structures below, at the size that they are made for.
 *
 * THEMIS_SEED=N in the environment walks from that seed only.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "core_fixture.h"
#include "state.h"

#define WALKS	24
#define STEPS	1500

static uint64_t dice;

static uint64_t roll(uint64_t sides)
{
	uint64_t n;

	net_random(&dice, &n, sizeof(n));
	return n % sides;
}

static crypto_generichash_state trace;

/* Loses a fifth, doubles a tenth, and delays by up to 400 ms. */
static enum net_verdict weather(struct net *n, struct net_packet *packet)
{
	uint64_t what = roll(10);

	crypto_generichash_update(&trace, packet->b, packet->len);
	packet->at += roll(400) * MS;
	if (n->n_flight > NET_FLIGHT / 2 || what < 2)
		return NET_DROP;
	return what == 2 ? NET_TWICE : NET_PASS;
}

/* The daemon of a machine restarts; the kernel keeps what it has. */
static void restart(struct net_side *side, struct net_side *peer)
{
	struct net_session *s = NULL;
	int i;

	net_restart(side, 64, 32);
	assert_int_equal(0, themis_core_peer_add(side->core, net->now,
						 &side->id, &peer->id,
						 &peer->at, NULL));
	for (i = 0; i < NET_SESSIONS; i++)
		if (side->session[i].used)
			s = &side->session[i];
	if (!s)
		return;
	themis_core_adopt(side->core, net->now, &side->id, &peer->id,
			  &s->endpoint, s->slot[THEMIS_SLOT_CURRENT].used);
	if (s->acquiring)
		themis_core_acquire(side->core, net->now, &side->id,
				    &peer->id);
	net_drain(side);
}

static bool has_session(struct net_side *side)
{
	return side->session[0].used;
}

static void step(void)
{
	struct net_side *side = roll(2) ? a : b;
	struct net_side *peer = side == a ? b : a;

	switch (roll(40)) {
	case 0 ... 9:
		net_send(side, peer);
		break;
	case 10 ... 12:
		if (has_session(side) && net_current(side, peer)->used)
			net_rekey(side, peer);
		break;
	case 13:
		if (has_session(side))
			net_expire(side, peer);
		break;
	case 14:
		side->refuse_type = THEMIS_ACT_SESSION + roll(3);
		side->refuse = roll(2) ? EEXIST : ENOENT;
		break;
	case 15:
		if (!roll(4))
			restart(side, peer);
		break;
	case 16:
		/* Something recorded comes again, from anywhere. */
		net_inject(side, roll(2) ? &peer->at : &c->at,
			   net->last[THEMIS_PKT_INIT].b, THEMIS_PKT_INIT_LEN);
		break;
	default:
		net_run(net, net->now + roll(1500) * MS);
	}
}

static void hold(struct net_side *side)
{
	const struct themis_core *core = side->core;

	assert_true(core->agrees.used <= core->agrees.max);
	assert_true(core->n_answered <= core->agrees.used);
	assert_int_equal(core->by_index.count, core->agrees.used);
	assert_int_equal(core->timers.count, core->agrees.used);
	assert_int_equal(core->actions.used, 0);
	assert_true(core->by_peer.count <= core->config.max_peers);
}

/* Where both are established on the same indices they hold the same key. */
static void matched(void)
{
	const struct net_key *x, *y;

	if (!has_session(a) || !has_session(b))
		return;
	x = net_current(a, b);
	y = net_current(b, a);
	if (!x->used || !y->used || x->local != y->remote ||
	    y->local != x->remote)
		return;
	assert_memory_equal(x->tx, y->rx, THEMIS_KEY_LEN);
	assert_memory_equal(x->rx, y->tx, THEMIS_KEY_LEN);
}

static void walk_from(uint64_t seed, uint8_t digest[32])
{
	unsigned int received[2];
	int i;

	net = net_new(seed);
	a = &net->side[0];
	b = &net->side[1];
	c = &net->side[2];
	dice = seed;
	crypto_generichash_init(&trace, NULL, 0, 32);
	net_introduce(a, b, NULL);
	net_send(a, b);
	net->verdict = weather;
	for (i = 0; i < STEPS; i++) {
		step();
		hold(a);
		hold(b);
		matched();
	}

	/* The weather clears: whatever happened, they find each other. */
	net->verdict = NULL;
	a->refuse = 0;
	b->refuse = 0;
	net_run(net, net->now + 60 * SECOND);
	if (has_session(a))
		net_expire(a, b);
	if (has_session(b))
		net_expire(b, a);
	received[0] = a->received;
	received[1] = b->received;
	net_send(a, b);
	net_send(b, a);
	net_run(net, net->now + 2 * SECOND);
	net_assert_agreed(a, b);
	assert_true(a->received > received[0]);
	assert_true(b->received > received[1]);
	net_run(net, net->now + 60 * SECOND);
	assert_true(themis_core_deadline(a->core) == UINT64_MAX);
	assert_true(themis_core_deadline(b->core) == UINT64_MAX);
	assert_int_equal(a->core->agrees.used, 0);
	assert_int_equal(b->core->agrees.used, 0);
	crypto_generichash_final(&trace, digest, 32);
	net_free(net);
}

static void walks(void **state)
{
	const char *only = getenv("THEMIS_SEED");
	uint64_t seed = only ? strtoull(only, NULL, 0) : 1;
	uint64_t last = only ? seed : WALKS;
	uint8_t digest[32];

	for (; seed <= last; seed++) {
		/* Before the walk, so that a failure tells its seed. */
		printf("# seed %llu\n", (unsigned long long)seed);
		fflush(stdout);
		walk_from(seed, digest);
	}
}

/* The same seed is the same run, to the last byte on the wire. */
static void deterministic(void **state)
{
	uint8_t first[32], second[32], other[32];

	walk_from(1000, first);
	walk_from(1000, second);
	walk_from(1001, other);
	assert_memory_equal(first, second, sizeof(first));
	assert_memory_not_equal(first, other, sizeof(first));
}

#define TIMERS	5000

static void heap_in_order(void **state)
{
	static struct core_timer timer[TIMERS];
	static unsigned int turn[TIMERS];
	struct core_heap heap = { 0 };
	struct core_timer *top;
	unsigned int i, n = 0, set = TIMERS, now = 0, last_turn = 0;
	uint64_t last = 0;

	memset(timer, 0, sizeof(timer));
	dice = 7;
	for (i = 0; i < TIMERS; i++) {
		assert_int_equal(0, core_heap_reserve(&heap));
		core_heap_set(&heap, &timer[i], roll(1000));
		turn[i] = ++now;
	}
	/* Move some, and unset some; twice does no harm. */
	for (i = 0; i < TIMERS; i += 3) {
		core_heap_set(&heap, &timer[i], roll(1000));
		turn[i] = ++now;
	}
	for (i = 1; i < TIMERS; i += 5) {
		core_heap_del(&heap, &timer[i]);
		core_heap_del(&heap, &timer[i]);
		set--;
	}
	while ((top = core_heap_top(&heap))) {
		/* Those of the same time in the order they were set. */
		i = top - timer;
		assert_true(top->when > last ||
			    (top->when == last && turn[i] > last_turn));
		last = top->when;
		last_turn = turn[i];
		core_heap_del(&heap, top);
		n++;
	}
	assert_int_equal(n, set);
	core_heap_free(&heap);
}

static void pool_bounds(void **state)
{
	static const uint8_t zero[48];
	struct core_pool pool;
	uint8_t *object[1000];
	unsigned int i, chunks;

	core_pool_init(&pool, 41, 1000);
	assert_int_equal(pool.size, 48);
	for (i = 0; i < 1000; i++) {
		object[i] = core_pool_get(&pool);
		assert_non_null(object[i]);
		assert_memory_equal(object[i], zero, 48);
		memset(object[i], 0xaa, 48);
	}
	assert_null(core_pool_get(&pool));
	for (i = 0; i < 1000; i += 2)
		core_pool_put(&pool, object[i]);
	core_pool_put(&pool, NULL);
	assert_int_equal(pool.used, 500);
	for (i = 0; i < 1000; i += 2) {
		object[i] = core_pool_get(&pool);
		assert_memory_equal(object[i], zero, 48);
	}
	assert_null(core_pool_get(&pool));
	chunks = pool.n_chunks;
	assert_true(chunks > 2);

	/* In any order: what is not needed is given back, but for one. */
	for (i = 0; i < 1000; i++)
		core_pool_put(&pool, object[i * 7 % 1000]);
	assert_int_equal(pool.used, 0);
	assert_int_equal(pool.n_chunks, 1);

	/* What is used comes first, so that few do not hold many. */
	for (i = 0; i < 1000; i++)
		object[i] = core_pool_get(&pool);
	assert_int_equal(pool.n_chunks, chunks);
	for (i = 3; i < 1000; i++)
		core_pool_put(&pool, object[i]);
	assert_int_equal(pool.n_chunks, 2);
	for (i = 3; i < 100; i++)
		object[i] = core_pool_get(&pool);
	assert_int_equal(pool.n_chunks, 2);
	assert_int_equal(pool.chunks[0].used, 100);
	core_pool_free(&pool);
	assert_int_equal(pool.used, 0);
}

#define PEERS	30000

static int count_peers(void *ctx, const struct themis_peer_info *info)
{
	unsigned int *n = ctx;

	/* In the order in which they came. */
	assert_int_equal(themis_wire_get32(info->peer.b), ++*n);
	return 0;
}

/* Tens of thousands of peers: every look is as quick as with ten. */
static void many_peers(void **state)
{
	const struct themis_core_config config = {
		.random = net_random,
		.random_ctx = &dice,
		.max_peers = PEERS,
		.max_pending = 2000,
	};
	union themis_endpoint at = net_endpoint(0x0a000001, 1);
	struct themis_id id, peer = { { 0 } };
	struct themis_action *act;
	struct themis_core *core;
	unsigned int i, n = 0;
	uint8_t seed[32];

	core = themis_core_new(&config);
	net_random(&dice, seed, sizeof(seed));
	assert_int_equal(0, themis_core_node_add(core, seed, seed, 8, 1, &id));
	for (i = 1; i <= PEERS; i++) {
		themis_wire_put32(peer.b, i);
		assert_int_equal(0, themis_core_peer_add(core, 0, &id, &peer,
							 &at, seed));
	}
	assert_int_equal(0, themis_core_peers(core, count_peers, &n));
	assert_int_equal(n, PEERS);

	for (i = 1; i <= 2000; i++) {
		themis_wire_put32(peer.b, 7 * i);
		themis_core_acquire(core, i, &id, &peer);
	}
	for (i = 0; (act = themis_core_action(core)); i++)
		themis_core_action_done(core, act);
	assert_int_equal(i, 2 * 2000);
	/* One more is refused, and told so. */
	themis_wire_put32(peer.b, 1);
	themis_core_acquire(core, 3000, &id, &peer);
	act = themis_core_action(core);
	assert_int_equal(act->type, THEMIS_ACT_FAIL);
	assert_int_equal(act->why, THEMIS_WHY_FULL);
	themis_core_action_done(core, act);

	/* Each fails at its own time. */
	for (i = 1; themis_core_deadline(core) != UINT64_MAX;) {
		themis_core_timer(core, themis_core_deadline(core));
		while ((act = themis_core_action(core))) {
			if (act->type == THEMIS_ACT_FAIL)
				assert_int_equal(themis_wire_get32(act->peer.b),
						 7 * i++);
			themis_core_action_done(core, act);
		}
	}
	assert_int_equal(i, 2001);
	themis_core_free(core);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walks),
		cmocka_unit_test(deterministic),
		cmocka_unit_test(heap_in_order),
		cmocka_unit_test(pool_bounds),
		cmocka_unit_test(many_peers),
	};

	if (sodium_init() < 0)
		return 1;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
