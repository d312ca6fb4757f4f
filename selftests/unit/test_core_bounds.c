// SPDX-License-Identifier: GPL-2.0
/*
 * What is bounded, whatever comes: tables, queues, cost, and how long a secret
 * stays.
 */
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "core_fixture.h"
#include "core_outsider.h"
#include "state.h"

/* A flood of strangers who do not know whom they ask costs no signature. */
static void flood_without_probe(void **state)
{
	struct themis_init init;
	struct outsider o;
	int i;

	outsider_new(&o, 1);
	outsider_init(&o, &b->id, &init);
	for (i = 0; i < 20000; i++) {
		net_random(&o.rng, init.nonce, sizeof(init.nonce));
		net_inject(b, &c->at, &init, sizeof(init));
	}
	assert_int_equal(net_count(b, THEMIS_N_BAD_PROBE), 20000);
	assert_int_equal(net_count(b, THEMIS_N_SIGNATURES), 0);
	assert_int_equal(net_acts(b), 0);
	assert_int_equal(b->core->agrees.n_chunks, 0);
	assert_int_equal(b->core->actions.n_chunks, 0);
	assert_int_equal(b->core->by_peer.count, 0);
}

/*
 * A flood of strangers who do. Under load they must show that they receive
 * where they say; the tables keep their bounds, and a peer with a cookie gets
 * through.
 */
static void flood_of_strangers(void **state)
{
	union themis_endpoint from;
	struct themis_init init;
	struct outsider o;
	unsigned int i;

	establish();
	for (i = 0; i < 500; i++) {
		outsider_new(&o, i);
		outsider_init(&o, &b->id, &init);
		from = net_endpoint(0x0a000000 + i, NET_LINK);
		net_inject(b, &from, &init, sizeof(init));
		net->n_flight = 0;
		memset(b->session + 1, 0, sizeof(b->session) -
		       sizeof(b->session[0]));
		assert_true(b->core->agrees.used <= 32);
		assert_true(b->core->by_peer.count <= 64);
	}
	assert_int_equal(net_count(b, THEMIS_N_RX_INIT), 1 + 17);
	assert_int_equal(net_count(b, THEMIS_N_SIGNATURES), 1 + 17);
	assert_int_equal(net_count(b, THEMIS_N_TX_COOKIE), 500 - 17);
	assert_int_equal(b->core->n_answered, 17);

	net_expire(a, b);
	net_send(a, b);
	net_run(net, net->now + 100 * MS);
	assert_int_equal(net_count(a, THEMIS_N_RX_COOKIE), 1);
	net_assert_agreed(a, b);
	assert_int_equal(b->received, 2);
	/* The answer may have been to either message 1. */
	assert_int_equal(net_peer(a, b).rtt_us, 20 * MS);

	/* Strangers are forgotten; the configured peer stays. */
	net_run(net, net->now + 30 * SECOND);
	assert_int_equal(b->core->by_peer.count, 1);
	assert_int_equal(b->core->agrees.used, 0);
	assert_int_equal(b->core->n_answered, 0);
	assert_int_equal(net_count(b, THEMIS_N_NO_PROOF), 17);
}

/* The oldest strangers go when others come with cookies of their own. */
static void flood_with_cookies(void **state)
{
	union themis_endpoint from;
	struct themis_init init;
	struct outsider o;
	unsigned int i;

	net_introduce(a, b, NULL);
	for (i = 0; i < 200; i++) {
		outsider_new(&o, i);
		outsider_init(&o, &b->id, &init);
		from = net_endpoint(0x0a000000 + i, NET_LINK);
		core_cookie_current(b->core, net->now, &from, init.cookie);
		net_inject(b, &from, &init, sizeof(init));
		net->n_flight = 0;
		memset(b->session, 0, sizeof(b->session));
		assert_true(b->core->agrees.used <= 32);
		assert_true(b->core->by_peer.count <= 64);
	}
	assert_int_equal(b->core->agrees.used, 32);
	assert_int_equal(net_count(b, THEMIS_N_EVICTED), 200 - 32);
	assert_int_equal(b->core->by_peer.count, 33);

	/* What we begin ourselves finds a place, and a peer too. */
	net_send(b, a);
	net_run(net, net->now + 100 * MS);
	net_assert_agreed(a, b);
	assert_int_equal(a->received, 1);
}

/* A cookie is of one address, and does not live for ever. */
static void cookies(void **state)
{
	struct themis_init init;
	uint8_t cookie[16];
	struct outsider o;
	unsigned int i;

	core_cookie_current(b->core, net->now, &a->at, cookie);
	assert_true(core_cookie_valid(b->core, net->now, &a->at, cookie));
	assert_false(core_cookie_valid(b->core, net->now, &c->at, cookie));
	cookie[15] ^= 1;
	assert_false(core_cookie_valid(b->core, net->now, &a->at, cookie));
	cookie[15] ^= 1;
	net->now += 120 * SECOND;
	assert_true(core_cookie_valid(b->core, net->now, &a->at, cookie));
	net->now += 120 * SECOND - 1;
	assert_true(core_cookie_valid(b->core, net->now, &a->at, cookie));
	net->now += 1;
	assert_false(core_cookie_valid(b->core, net->now, &a->at, cookie));
	core_cookie_current(b->core, net->now, &a->at, cookie);
	net->now += 1000 * SECOND;
	assert_false(core_cookie_valid(b->core, net->now, &a->at, cookie));

	/* Under load somebody else's is none, and gets a new one. */
	for (i = 0; i < 17; i++) {
		outsider_new(&o, i);
		outsider_init(&o, &b->id, &init);
		net_inject(b, &c->at, &init, sizeof(init));
		memset(b->session, 0, sizeof(b->session));
	}
	outsider_new(&o, i);
	outsider_init(&o, &b->id, &init);
	core_cookie_current(b->core, net->now, &c->at, init.cookie);
	net_inject(b, &a->at, &init, sizeof(init));
	assert_int_equal(net_count(b, THEMIS_N_TX_COOKIE), 1);
	assert_int_equal(net->last[THEMIS_PKT_COOKIE].len,
			 THEMIS_PKT_COOKIE_LEN);
	net_inject(b, &c->at, &init, sizeof(init));
	assert_int_equal(net_count(b, THEMIS_N_TX_COOKIE), 1);
	assert_int_equal(net_count(b, THEMIS_N_RX_INIT), 18);
}

/* Cookies that nobody asked for, or that come too often. */
static void false_cookies(void **state)
{
	struct plan p = { .type = THEMIS_PKT_INIT, .drop = 99 };
	struct themis_cookie cookie = { .head.type = THEMIS_PKT_COOKIE };
	uint64_t start = net->now;
	int i;

	net_inject(a, &b->at, &cookie, sizeof(cookie));
	plan(&p);
	net_introduce(a, b, NULL);
	net_send(a, b);
	memcpy(cookie.head.index, net->last[THEMIS_PKT_INIT].b + 8, 4);
	memset(cookie.cookie, 0x77, sizeof(cookie.cookie));
	/* Not from whom it was asked. */
	net_inject(a, &c->at, &cookie, sizeof(cookie));
	cookie.head.zero[0] = 1;
	net_inject(a, &b->at, &cookie, sizeof(cookie));
	cookie.head.zero[0] = 0;
	assert_int_equal(net->sent[THEMIS_PKT_INIT], 1);

	/* Each leads to one message 1 between two of its times. */
	for (i = 0; i < 50; i++)
		net_inject(a, &b->at, &cookie, sizeof(cookie));
	assert_int_equal(net->sent[THEMIS_PKT_INIT], 2);
	assert_memory_equal(net->last[THEMIS_PKT_INIT].b + 216, cookie.cookie,
			    16);
	net_run(net, start + 500 * MS);
	for (i = 0; i < 50; i++)
		net_inject(a, &b->at, &cookie, sizeof(cookie));
	assert_int_equal(net->sent[THEMIS_PKT_INIT], 4);
	net_run(net, start + 10 * SECOND);
	assert_int_equal(net->sent[THEMIS_PKT_INIT], 7);
	assert_int_equal(a->why, THEMIS_WHY_NO_ANSWER);
}

/* One peer cannot fill the table alone. */
static void bound_of_one_peer(void **state)
{
	struct themis_init init;
	struct outsider o;
	int i;

	outsider_new(&o, 1);
	for (i = 0; i < 40; i++) {
		outsider_init(&o, &b->id, &init);
		net_inject(b, &c->at, &init, sizeof(init));
		assert_true(b->core->agrees.used <= 4);
		net->n_flight = 0;
	}
	assert_int_equal(b->core->agrees.used, 4);
	assert_int_equal(b->core->by_peer.count, 1);
	/* Its first key waited, was evicted, and made place for another. */
	assert_int_equal(b->acts[THEMIS_ACT_KEY], 1);
	assert_int_equal(b->acts[THEMIS_ACT_KEY_DEL], 1);
	net_run(net, net->now + 30 * SECOND);
	assert_int_equal(b->core->by_peer.count, 0);
}

/* All places taken by what we began ourselves: others wait. */
static void table_full_of_own(void **state)
{
	struct themis_init init;
	struct outsider o;
	unsigned int i;

	net->verdict = NULL;
	for (i = 0; i < 32; i++) {
		outsider_new(&o, i);
		assert_int_equal(0, themis_core_peer_add(a->core, net->now,
							 &a->id, &o.self.id,
							 &b->at, NULL));
		themis_core_acquire(a->core, net->now, &a->id, &o.self.id);
		net_drain(a);
		net->n_flight = 0;
	}
	assert_int_equal(a->core->agrees.used, 32);
	net_introduce(a, b, NULL);
	net_send(a, b);
	assert_int_equal(a->failed, 1);
	assert_int_equal(a->why, THEMIS_WHY_FULL);
	outsider_new(&o, 1000);
	outsider_init(&o, &a->id, &init);
	net_inject(a, &c->at, &init, sizeof(init));
	assert_int_equal(net_count(a, THEMIS_N_RX_INIT), 0);
	assert_int_equal(net_count(a, THEMIS_N_FULL_PENDING), 1);
}

/* Learned peers: strangers go first, then who was not heard of for longest. */
static void learned_peers(void **state)
{
	union themis_endpoint from = net_endpoint(0x0a000001, 1);
	struct themis_init init;
	struct outsider o[6];
	struct core_node *node;
	unsigned int i;

	net_restart(b, 4, 32);
	node = core_node_find(b->core, &b->id);
	for (i = 0; i < 6; i++)
		outsider_new(&o[i], i);
	for (i = 0; i < 4; i++)
		themis_core_adopt(b->core, net->now, &b->id, &o[i].self.id,
				  &from, true);
	net_drain(b);
	assert_int_equal(b->core->by_peer.count, 4);
	/* 0 is heard of again, so 1 is the oldest. */
	themis_core_event(b->core, net->now, &b->id, &o[0].self.id,
			  THEMIS_EVENT_ROAM, NULL, &from);
	for (i = 4; i < 6; i++) {
		outsider_init(&o[i], &b->id, &init);
		net_inject(b, &c->at, &init, sizeof(init));
	}
	assert_int_equal(b->core->by_peer.count, 4);
	assert_non_null(core_peer_find(b->core, node, &o[0].self.id));
	assert_null(core_peer_find(b->core, node, &o[1].self.id));
	assert_non_null(core_peer_find(b->core, node, &o[2].self.id));
	assert_non_null(core_peer_find(b->core, node, &o[3].self.id));
	/* The second stranger took the place of the first. */
	assert_null(core_peer_find(b->core, node, &o[4].self.id));
	assert_non_null(core_peer_find(b->core, node, &o[5].self.id));

	/* Configured ones are never pushed out. */
	for (i = 0; i < 4; i++)
		assert_int_equal(0, themis_core_peer_add(b->core, net->now,
							 &b->id, &o[i].self.id,
							 &from, NULL));
	outsider_init(&o[5], &b->id, &init);
	net_inject(b, &c->at, &init, sizeof(init));
	assert_int_equal(b->core->by_peer.count, 4);
	assert_null(core_peer_find(b->core, node, &o[5].self.id));
	assert_int_equal(net_count(b, THEMIS_N_FULL_PEERS), 1);

	/* A session whose peer was pushed out is rekeyed all the same. */
	assert_int_equal(0, themis_core_peer_del(b->core, net->now, &b->id,
						 &o[0].self.id));
	themis_core_event(b->core, net->now, &b->id, &o[5].self.id,
			  THEMIS_EVENT_REKEY, NULL, &from);
	net_drain(b);
	assert_int_equal(net_count(b, THEMIS_N_TX_INIT), 1);
}

/* An owner that takes nothing out gets nothing more put in. */
static void queue_never_emptied(void **state)
{
	struct themis_action *act;
	unsigned int i, failed = 0;
	struct outsider o;
	uint64_t lost;

	for (i = 0; i < 32; i++) {
		outsider_new(&o, i);
		assert_int_equal(0, themis_core_peer_add(b->core, net->now,
							 &b->id, &o.self.id,
							 &a->at, NULL));
		themis_core_acquire(b->core, net->now, &b->id, &o.self.id);
	}
	for (i = 0; i < 300; i++)
		themis_core_acquire(b->core, net->now, &b->id, &c->id);
	lost = net_count(b, THEMIS_N_FULL_ACTIONS);
	assert_true(lost > 0);
	assert_int_equal(b->core->actions.used, b->core->actions.max -
						CORE_PER_INPUT + 1);
	themis_core_adopt(b->core, net->now, &b->id, &c->id, &c->at, true);
	themis_core_event(b->core, net->now, &b->id, &c->id,
			  THEMIS_EVENT_REKEY, NULL, &c->at);
	themis_core_packet(b->core, net->now, NET_LINK, &c->at, c->seed, 8);
	assert_int_equal(net_count(b, THEMIS_N_FULL_ACTIONS), lost + 3);

	/* Timers wait as well, and are not lost. */
	themis_core_timer(b->core, net->now + 60 * SECOND);
	assert_int_equal(b->core->agrees.used, 32);
	while (themis_core_deadline(b->core) != UINT64_MAX) {
		while ((act = themis_core_action(b->core))) {
			failed += act->why == THEMIS_WHY_NO_ANSWER &&
				  act->type == THEMIS_ACT_FAIL;
			themis_core_action_done(b->core, act);
		}
		themis_core_timer(b->core, net->now + 60 * SECOND);
	}
	while ((act = themis_core_action(b->core))) {
		failed += act->why == THEMIS_WHY_NO_ANSWER &&
			  act->type == THEMIS_ACT_FAIL;
		themis_core_action_done(b->core, act);
	}
	assert_int_equal(failed, 32);
	assert_int_equal(b->core->agrees.used, 0);
	assert_int_equal(net_count(b, THEMIS_N_FULL_ACTIONS), lost + 3);
}

/* A stranger's second message 1 takes the only place, which is its own. */
static void own_place(void **state)
{
	struct themis_init init;
	struct outsider o;
	int i;

	net_restart(b, 4, 1);
	outsider_new(&o, 1);
	for (i = 0; i < 3; i++) {
		outsider_init(&o, &b->id, &init);
		core_cookie_current(b->core, net->now, &c->at, init.cookie);
		net_inject(b, &c->at, &init, sizeof(init));
		assert_int_equal(b->core->agrees.used, 1);
		assert_int_equal(b->core->by_peer.count, 1);
	}
	assert_int_equal(net_count(b, THEMIS_N_RX_INIT), 3);
	assert_int_equal(net_count(b, THEMIS_N_EVICTED), 2);
}

static bool pool_contains(const struct core_pool *pool, const uint8_t *secret)
{
	const char *chunk;
	unsigned int i;
	size_t j;

	for (i = 0; i < pool->n_chunks; i++) {
		chunk = pool->chunks[i].base;
		for (j = 0; j + 32 <= 16384 / pool->size * pool->size; j++)
			if (!memcmp(chunk + j, secret, 32))
				return true;
	}
	return false;
}

/* No key is found where it has been, once the kernel has it. */
static void keys_are_wiped(void **state)
{
	uint8_t psk[32] = { 1, 2, 3 };
	struct core_agree *agree;
	struct net_side *sides[2];
	const struct net_key *key;
	uint8_t secret[32];
	uint32_t index;
	int i;

	sides[0] = a;
	sides[1] = b;
	net_introduce(a, b, psk);
	assert_true(pool_contains(&a->core->psks, psk));
	net_send(a, b);
	index = themis_wire_get32(net->last[THEMIS_PKT_INIT].b + 8);
	agree = core_agree_find(a->core, index, NET_LINK);
	memcpy(secret, agree->secret, sizeof(secret));
	assert_true(pool_contains(&a->core->agrees, secret));
	net_run(net, net->now + 20 * MS);
	assert_false(pool_contains(&a->core->agrees, secret));
	for (i = 0; i < 2; i++) {
		key = i ? &net_session(b, a)->slot[THEMIS_SLOT_NEXT] :
			  net_current(a, b);
		assert_true(key->used);
		assert_true(sides[i]->core->agrees.used);
		assert_false(pool_contains(&sides[i]->core->agrees, key->tx));
		assert_false(pool_contains(&sides[i]->core->agrees, key->rx));
		assert_false(pool_contains(&sides[i]->core->actions, key->tx));
		assert_false(pool_contains(&sides[i]->core->actions, key->rx));
	}
	net_run(net, net->now + 20 * SECOND);
	net_assert_agreed(a, b);
	assert_int_equal(0, themis_core_peer_del(a->core, net->now, &a->id,
						 &b->id));
	assert_false(pool_contains(&a->core->psks, psk));
}

/* The permissions of the page that an address lies on, from the kernel. */
static void permissions(const void *at, char perms[5])
{
	unsigned long from, to, addr = (unsigned long)at;
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512];

	assert_non_null(maps);
	strcpy(perms, "none");
	while (fgets(line, sizeof(line), maps)) {
		char p[5];

		if (sscanf(line, "%lx-%lx %4s", &from, &to, p) == 3 &&
		    addr >= from && addr < to)
			memcpy(perms, p, 5);
	}
	fclose(maps);
}

/* A node's secret key lies on a page that nobody can read. */
static void node_key_is_locked(void **state)
{
	struct core_node *node;
	char perms[5];

	node = core_node_find(a->core, &a->id);
	permissions(node->secret_key, perms);
	assert_string_equal(perms, "---p");
	establish();
	node = core_node_find(b->core, &b->id);
	permissions(node->secret_key, perms);
	assert_string_equal(perms, "---p");
	core_node_unlock(node);
	permissions(node->secret_key, perms);
	assert_string_equal(perms, "r--p");
	assert_memory_equal(node->secret_key, b->seed, 32);
	core_node_lock(node);
	permissions(node->secret_key, perms);
	assert_string_equal(perms, "---p");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(flood_without_probe),
		TEST(flood_of_strangers),
		TEST(flood_with_cookies),
		TEST(cookies),
		TEST(false_cookies),
		TEST(bound_of_one_peer),
		TEST(table_full_of_own),
		TEST(learned_peers),
		TEST(queue_never_emptied),
		TEST(own_place),
		TEST(keys_are_wiped),
		TEST(node_key_is_locked),
	};

	if (sodium_init() < 0)
		return 1;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
