// SPDX-License-Identifier: GPL-2.0
/*
 * Who may speak with a node, and how those who may not are told.
 */
#include <errno.h>
#include <string.h>

#include <sodium.h>

#include "core_fixture.h"
#include "core_outsider.h"
#include "core_vectors.h"
#include "state.h"

static void load_self(struct themis_self *self, uint8_t key[64], const char *v,
		      const char *seed_name)
{
	uint8_t seed[32];

	memset(self, 0, sizeof(*self));
	self->netid_len = vectors_hex(v, "netid", self->netid,
				      sizeof(self->netid));
	vectors_get(v, seed_name, seed, sizeof(seed));
	crypto_sign_seed_keypair(self->public_key, key, seed);
	self->secret_key = key;
	themis_id_derive(&self->id, self->netid, self->netid_len,
			 self->public_key);
}

static void matches_vectors(void **state)
{
	const char *json = vectors_load(), *v = NULL;
	uint8_t key_a[64], key_b[64], want[112], reason;
	struct themis_refuse refuse;
	struct themis_self self, b_self;
	struct themis_init init;
	unsigned int n = 0;

	while ((v = vectors_next(json, v, "refuse"))) {
		load_self(&self, key_a, v, "seed_a");
		load_self(&b_self, key_b, v, "seed_b");
		vectors_get(v, "id_b", want, 32);
		assert_memory_equal(b_self.id.b, want, 32);
		vectors_get(v, "message_1", (uint8_t *)&init, sizeof(init));
		vectors_get(v, "reason", &reason, 1);
		assert_true(themis_init_probe(&init, &b_self.id));
		assert_int_equal(themis_init_verify(&init, &b_self), 0);
		themis_refuse_build(&refuse, &init, &b_self, reason);
		vectors_get(v, "refuse", want, sizeof(refuse));
		assert_memory_equal(&refuse, want, sizeof(refuse));
		assert_int_equal(themis_refuse_check(&refuse, &self,
						     &b_self.id), 0);
		assert_int_equal(themis_refuse_open(&refuse, &init,
						    &b_self.id), 0);
		n++;
	}
	assert_int_equal(n, 4);
}

static void b_denies_a(void)
{
	net_introduce(a, b, NULL);
	assert_int_equal(0, themis_core_peer_deny(b->core, net->now, &b->id,
						  &a->id, true));
	net_drain(b);
}

/* Told at once, not after nine seconds; and allowed again, it works. */
static void denied(void **state)
{
	b_denies_a();
	net_send(a, b);
	net_run(net, net->now + 100 * MS);
	assert_int_equal(a->failed, 1);
	assert_int_equal(a->why, THEMIS_WHY_DENIED_US);
	assert_int_equal(net_peer(a, b).state, THEMIS_PEER_FAILED);
	assert_int_equal(net_peer(a, b).why, THEMIS_WHY_DENIED_US);
	assert_int_equal(net_count(b, THEMIS_N_NOT_ALLOWED), 1);
	assert_int_equal(net->sent[THEMIS_PKT_RESP], 0);
	assert_int_equal(b->acts[THEMIS_ACT_REFUSED], 1);

	/* We ourselves do not call it either. */
	net_send(b, a);
	assert_int_equal(b->why, THEMIS_WHY_DENIED);
	assert_int_equal(net->sent[THEMIS_PKT_INIT], 1);

	assert_int_equal(0, themis_core_peer_deny(b->core, net->now, &b->id,
						  &a->id, false));
	net_drain(b);
	net_send(a, b);
	net_run(net, net->now + SECOND);
	net_assert_agreed(a, b);
}

static void not_listed(void **state)
{
	assert_int_equal(0, themis_core_peer_add(a->core, net->now, &a->id,
						 &b->id, &b->at, NULL));
	assert_int_equal(0, themis_core_node_allow(b->core, net->now, &b->id,
						   true));
	net_send(a, b);
	net_run(net, net->now + 100 * MS);
	assert_int_equal(a->why, THEMIS_WHY_UNLISTED);
	assert_false(themis_core_allowed(b->core, &b->id, &a->id));

	/* Listed, which is to be configured. */
	assert_int_equal(0, themis_core_peer_add(b->core, net->now, &b->id,
						 &a->id, NULL, NULL));
	assert_true(themis_core_allowed(b->core, &b->id, &a->id));
	net_send(a, b);
	net_run(net, net->now + SECOND);
	net_assert_agreed(a, b);
}

static int count_info(void *ctx, const struct themis_peer_info *info)
{
	++*(unsigned int *)ctx;
	return 0;
}

/* A learned peer is forgotten when only listed ones are wanted. */
static void learned_is_not_listed(void **state)
{
	unsigned int n = 0;

	assert_int_equal(0, themis_core_peer_add(a->core, net->now, &a->id,
						 &b->id, &b->at, NULL));
	net_send(a, b);
	net_run(net, net->now + SECOND);
	net_assert_agreed(a, b);
	assert_int_equal(0, themis_core_node_allow(b->core, net->now, &b->id,
						   true));
	net_drain(b);
	themis_core_peers(b->core, count_info, &n);
	assert_int_equal(n, 0);

	/* What the kernel still says of it ends its session there. */
	net_rekey(b, a);
	assert_int_equal(b->acts[THEMIS_ACT_SESSION_DEL], 1);
	assert_int_equal(net->sent[THEMIS_PKT_INIT], 1);
}

/* A kernel session from before, with somebody who is now denied. */
static void adopted(void **state)
{
	b_denies_a();
	themis_core_adopt(b->core, net->now, &b->id, &a->id, &a->at, true);
	net_drain(b);
	assert_int_equal(b->acts[THEMIS_ACT_SESSION_DEL], 1);
	assert_int_equal(net_peer(b, a).state, THEMIS_PEER_FAILED);
}

/* At the rekey the other side hears of it, and its session ends, too. */
static void ends_the_session(void **state)
{
	establish();
	assert_int_equal(0, themis_core_peer_deny(b->core, net->now, &b->id,
						  &a->id, true));
	net_drain(b);
	assert_int_equal(net_peer(b, a).why, THEMIS_WHY_DENIED);
	net_rekey(a, b);
	net_run(net, net->now + SECOND);
	assert_int_equal(a->acts[THEMIS_ACT_SESSION_DEL], 1);
	assert_int_equal(net_peer(a, b).state, THEMIS_PEER_FAILED);
	assert_int_equal(net_peer(a, b).why, THEMIS_WHY_DENIED_US);
}

/* An agreement in progress ends when the peer is denied. */
static void denied_in_between(void **state)
{
	net_introduce(a, b, NULL);
	net_send(a, b);
	assert_int_equal(0, themis_core_peer_deny(a->core, net->now, &a->id,
						  &b->id, true));
	net_drain(a);
	assert_int_equal(a->failed, 1);
	assert_int_equal(a->why, THEMIS_WHY_DENIED);
	net_run(net, net->now + SECOND);
	assert_int_equal(a->acts[THEMIS_ACT_KEY], 0);
}

/* Somebody of another version or suite, whose signature is valid. */
static void speaks(uint8_t version, uint8_t suite, uint8_t reason)
{
	struct themis_refuse refuse;
	struct themis_init init;
	struct outsider o;
	uint8_t text[512];
	size_t len;

	outsider_new(&o, 7);
	outsider_init(&o, &b->id, &init);
	init.version = version;
	init.suite = suite;
	net_inject(b, &c->at, &init, sizeof(init));
	/* It was not signed so: nothing at all. */
	assert_int_equal(net->sent[THEMIS_PKT_REFUSE], 0);

	len = strlen("themis init v1");
	memcpy(text, "themis init v1", len);
	memcpy(text + len, init.sender, 136);
	memcpy(text + len + 136, b->id.b, 32);
	crypto_sign_detached(init.signature, NULL, text, len + 168, o.key);
	crypto_shorthash(init.probe, (uint8_t *)&init,
			 offsetof(struct themis_init, probe), b->id.b);
	net_inject(b, &c->at, &init, sizeof(init));
	assert_int_equal(net->sent[THEMIS_PKT_REFUSE], 1);
	assert_int_equal(net->sent[THEMIS_PKT_RESP], 0);
	memcpy(&refuse, net->last[THEMIS_PKT_REFUSE].b, sizeof(refuse));
	assert_int_equal(refuse.reason, reason);
	assert_int_equal(refuse.version, THEMIS_WIRE_VERSION);
	assert_int_equal(refuse.suite, THEMIS_WIRE_SUITE);
	assert_int_equal(themis_refuse_open(&refuse, &init, &b->id), 0);
}

static void another_version(void **state)
{
	speaks(2, 9, THEMIS_REFUSAL_VERSION);
}

static void another_suite(void **state)
{
	speaks(1, 2, THEMIS_REFUSAL_SUITE);
}

/* What B would say if it were of another version or suite. */
static void from_future(uint8_t version, uint8_t suite, uint8_t reason,
			enum themis_why why)
{
	struct themis_refuse refuse;
	struct themis_init init;
	struct outsider self;
	uint8_t text[512];
	size_t len;

	outsider_new(&self, 1);
	crypto_sign_seed_keypair(self.self.public_key, self.key, b->seed);
	net_introduce(a, b, NULL);
	net_send(a, b);
	net->n_flight = 0;
	memcpy(&init, net->last[THEMIS_PKT_INIT].b, sizeof(init));
	themis_refuse_build(&refuse, &init, &self.self, reason);
	refuse.version = version;
	refuse.suite = suite;
	len = strlen("themis refuse v1");
	memcpy(text, "themis refuse v1", len);
	memcpy(text + len, refuse.head.index, 44);
	memcpy(text + len + 44, &init, 208);
	memcpy(text + len + 252, b->id.b, 32);
	crypto_sign_detached(refuse.signature, NULL, text, len + 284,
			     self.key);
	net_inject(a, &b->at, &refuse, sizeof(refuse));
	assert_int_equal(a->failed, 1);
	assert_int_equal(a->why, why);
}

static void newer_version(void **state)
{
	from_future(2, 1, THEMIS_REFUSAL_VERSION, THEMIS_WHY_NEW_VERSION);
}

static void older_version(void **state)
{
	from_future(0, 1, THEMIS_REFUSAL_VERSION, THEMIS_WHY_OLD_VERSION);
}

static void newer_suite(void **state)
{
	from_future(1, 2, THEMIS_REFUSAL_SUITE, THEMIS_WHY_NEW_SUITE);
	assert_string_equal(themis_core_why_text(a->why),
			    "peer refuses: its suite is newer than ours");
}

static void older_suite(void **state)
{
	from_future(1, 0, THEMIS_REFUSAL_SUITE, THEMIS_WHY_OLD_SUITE);
}

static void same_suite(void **state)
{
	from_future(1, 1, THEMIS_REFUSAL_SUITE, THEMIS_WHY_REFUSED);
}

static void reason_of_the_future(void **state)
{
	from_future(1, 1, 200, THEMIS_WHY_REFUSED);
}

/* Every byte altered, by the wrong node, of another message 1: nothing. */
static void forged(void **state)
{
	struct net_packet first, refuse, bad;
	struct themis_refuse made;
	struct themis_init init;
	struct outsider o;
	unsigned int acts;
	size_t i;

	b_denies_a();
	net_send(a, b);
	net_run(net, net->now + 15 * MS);
	assert_int_equal(net->sent[THEMIS_PKT_REFUSE], 1);
	first = net->last[THEMIS_PKT_REFUSE];
	net->n_flight = 0;

	/* It waits for an answer still. */
	acts = net_acts(a);
	for (i = 0; i < THEMIS_PKT_REFUSE_LEN; i++) {
		bad = first;
		bad.b[i] ^= 1 << i % 8;
		net_inject(a, &b->at, bad.b, bad.len);
	}
	memcpy(&init, net->last[THEMIS_PKT_INIT].b, sizeof(init));
	outsider_new(&o, 3);
	themis_refuse_build(&made, &init, &o.self, THEMIS_REFUSAL_DENIED);
	net_inject(a, &b->at, &made, sizeof(made));
	/* The right key in it, but signed with another. */
	memcpy(made.public_key, first.b + 16, 32);
	net_inject(a, &b->at, &made, sizeof(made));
	assert_int_equal(net_acts(a), acts);
	assert_int_equal(net_peer(a, b).state, THEMIS_PEER_HANDSHAKING);
	assert_int_equal(net_count(a, THEMIS_N_RX_REFUSE), 0);

	/* The genuine one; and a second time it is of no agreement. */
	net_inject(a, &b->at, first.b, first.len);
	assert_int_equal(net_count(a, THEMIS_N_RX_REFUSE), 1);
	assert_int_equal(a->failed, 1);
	net_inject(a, &b->at, first.b, first.len);
	assert_int_equal(net_count(a, THEMIS_N_RX_REFUSE), 1);

	/* An old one, with the new index put in, is not for the new one. */
	net_send(a, b);
	net->n_flight = 0;
	refuse = first;
	memcpy(refuse.b + 4, net->last[THEMIS_PKT_INIT].b + 8, 4);
	acts = net_acts(a);
	net_inject(a, &b->at, refuse.b, refuse.len);
	assert_int_equal(net_acts(a), acts);
	assert_int_equal(net_peer(a, b).state, THEMIS_PEER_HANDSHAKING);
}

/* After message 2 a REFUSE of the same message 1 comes too late. */
static void after_the_answer(void **state)
{
	struct themis_refuse refuse;
	struct themis_init init;
	struct outsider self;

	outsider_new(&self, 1);
	crypto_sign_seed_keypair(self.self.public_key, self.key, b->seed);
	themis_id_derive(&self.self.id, net_netid, sizeof(net_netid),
			 self.self.public_key);
	establish();
	memcpy(&init, net->last[THEMIS_PKT_INIT].b, sizeof(init));
	themis_refuse_build(&refuse, &init, &self.self,
			    THEMIS_REFUSAL_DENIED);
	net_inject(a, &b->at, &refuse, sizeof(refuse));
	assert_int_equal(net_count(a, THEMIS_N_RX_REFUSE), 0);
	net_assert_agreed(a, b);
}

/* Strangers are told nothing: a bad probe, a bad signature. */
static void strangers_hear_nothing(void **state)
{
	struct themis_init init;
	struct outsider o;

	assert_int_equal(0, themis_core_node_allow(b->core, net->now, &b->id,
						   true));
	outsider_new(&o, 5);
	outsider_init(&o, &b->id, &init);
	init.signature[5] ^= 1;
	crypto_shorthash(init.probe, (uint8_t *)&init,
			 offsetof(struct themis_init, probe), b->id.b);
	net_inject(b, &c->at, &init, sizeof(init));
	outsider_init(&o, &b->id, &init);
	init.probe[0] ^= 1;
	net_inject(b, &c->at, &init, sizeof(init));
	assert_int_equal(net_acts(b), 0);
	outsider_init(&o, &b->id, &init);
	net_inject(b, &c->at, &init, sizeof(init));
	assert_int_equal(net->sent[THEMIS_PKT_REFUSE], 1);
}

/* A recorded message 1 again and again costs only so many signatures. */
static void bounded(void **state)
{
	struct themis_init init;
	struct outsider o;
	int i;

	assert_int_equal(0, themis_core_node_allow(b->core, net->now, &b->id,
						   true));
	outsider_new(&o, 5);
	outsider_init(&o, &b->id, &init);
	for (i = 0; i < 2 * CORE_REFUSALS; i++) {
		net_inject(b, &c->at, &init, sizeof(init));
		net->n_flight = 0;
	}
	assert_int_equal(net->sent[THEMIS_PKT_REFUSE], CORE_REFUSALS);
	assert_int_equal(net_count(b, THEMIS_N_FULL_REFUSALS), CORE_REFUSALS);
	net->now += SECOND;
	net_inject(b, &c->at, &init, sizeof(init));
	assert_int_equal(net->sent[THEMIS_PKT_REFUSE], CORE_REFUSALS + 1);
}

/* Who falls behind asks for cookies before it looks at a signature. */
static void busy(void **state)
{
	struct themis_init init;
	struct outsider o;

	outsider_new(&o, 5);
	outsider_init(&o, &b->id, &init);
	themis_core_busy(b->core, net->now);
	net_inject(b, &c->at, &init, sizeof(init));
	assert_int_equal(net_count(b, THEMIS_N_SIGNATURES), 0);
	assert_int_equal(net->sent[THEMIS_PKT_COOKIE], 1);

	/* A true newcomer gets in all the same. */
	net_introduce(a, b, NULL);
	net_send(a, b);
	net_run(net, net->now + SECOND);
	net_assert_agreed(a, b);
	net->now += 2 * SECOND;
	net_inject(b, &c->at, &init, sizeof(init));
	assert_int_equal(net_count(b, THEMIS_N_SIGNATURES), 2);
}

/* A change of routes asks again at once, and calls who did not answer. */
static void moved(void **state)
{
	struct plan p = { .type = THEMIS_PKT_INIT, .drop = 99 };

	plan(&p);
	net_introduce(a, b, NULL);
	net_send(a, b);
	net_run(net, net->now + SECOND);
	assert_int_equal(p.n, 2);
	themis_core_moved(a->core, net->now);
	net_drain(a);
	assert_int_equal(p.n, 3);
	net_run(net, net->now + 20 * SECOND);
	assert_int_equal(net_peer(a, b).state, THEMIS_PEER_FAILED);
	assert_true(net_peer(a, b).spent_us >= 9 * SECOND);

	p.drop = 0;
	themis_core_moved(a->core, net->now);
	net_drain(a);
	net_run(net, net->now + SECOND);
	net_assert_agreed(a, b);
	/* Who is established is left alone. */
	p.n = 0;
	themis_core_moved(a->core, net->now);
	net_drain(a);
	assert_int_equal(p.n, 0);
}

static void unknown(void **state)
{
	assert_int_equal(-ENOENT, themis_core_node_allow(a->core, net->now,
							 &b->id, true));
	assert_int_equal(-ENOENT, themis_core_peer_deny(a->core, net->now,
							&a->id, &b->id,
							true));
	assert_false(themis_core_allowed(a->core, &b->id, &a->id));
	assert_true(themis_core_allowed(a->core, &a->id, &b->id));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(matches_vectors),
		TEST(denied),
		TEST(not_listed),
		TEST(learned_is_not_listed),
		TEST(adopted),
		TEST(ends_the_session),
		TEST(denied_in_between),
		TEST(another_version),
		TEST(another_suite),
		TEST(newer_version),
		TEST(older_version),
		TEST(newer_suite),
		TEST(older_suite),
		TEST(same_suite),
		TEST(reason_of_the_future),
		TEST(forged),
		TEST(after_the_answer),
		TEST(strangers_hear_nothing),
		TEST(bounded),
		TEST(busy),
		TEST(moved),
		TEST(unknown),
	};

	if (sodium_init() < 0)
		return 1;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
