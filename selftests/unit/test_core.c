// SPDX-License-Identifier: GPL-2.0
/*
 * The course of the key agreement: two cores, a network that loses what it is
 * told to lose, and every step where the protocol says it is.
 */
#include <string.h>

#include <sodium.h>

#include "core_fixture.h"

static void plain(void **state)
{
	struct themis_peer_info info;
	struct net_key *key;

	net_introduce(a, b, NULL);
	assert_int_equal(net_peer(a, b).state, THEMIS_PEER_IDLE);
	net_send(a, b);
	assert_int_equal(net_peer(a, b).state, THEMIS_PEER_HANDSHAKING);
	assert_int_equal(a->acts[THEMIS_ACT_SEND], 1);
	assert_int_equal(a->acts[THEMIS_ACT_KEY], 0);

	/* Message 1 arrives: the key is installed for receiving. */
	net_run(net, net->now + 10 * MS);
	assert_int_equal(b->acts[THEMIS_ACT_SESSION], 1);
	assert_int_equal(b->acts[THEMIS_ACT_KEY], 1);
	assert_int_equal(b->acts[THEMIS_ACT_SEND], 1);
	assert_int_equal(b->acts[THEMIS_ACT_STATE], 0);
	key = &net_session(b, a)->slot[THEMIS_SLOT_NEXT];
	assert_int_equal(key->flags, 0);
	assert_int_equal(key->soft_ms, 135000);
	assert_int_equal(key->hard_ms, 180000);

	/* Message 2 arrives: data goes out with message 3. */
	net_run(net, net->now + 10 * MS);
	info = net_peer(a, b);
	assert_int_equal(info.state, THEMIS_PEER_ESTABLISHED);
	assert_int_equal(info.why, THEMIS_WHY_NONE);
	assert_int_equal(info.rtt_us, 20 * MS);
	assert_int_equal(info.handshake_us, net->now);
	assert_int_equal(info.since_us, net->now);
	assert_int_equal(info.tries, 1);
	key = net_current(a, b);
	assert_int_equal(key->flags, THEMIS_KEY_F_INITIATOR |
				     THEMIS_KEY_F_SEND);
	assert_int_equal(key->soft_ms, 120000);
	assert_int_equal(key->hard_ms, 180000);
	assert_int_equal(net->sent[THEMIS_PKT_CONFIRM], 1);

	net_run(net, net->now + 10 * MS);
	assert_int_equal(b->acts[THEMIS_ACT_CONFIRM], 1);
	assert_int_equal(b->received, 1);
	net_assert_agreed(a, b);

	assert_quiet();
	assert_int_equal(net->sent[THEMIS_PKT_INIT], 1);
	assert_int_equal(net->sent[THEMIS_PKT_RESP], 1);
	assert_int_equal(net->sent[THEMIS_PKT_CONFIRM], 1);
	assert_int_equal(net_count(a, THEMIS_N_AGREED), 1);
	assert_int_equal(net_count(b, THEMIS_N_AGREED), 1);
	assert_int_equal(a->acts[THEMIS_ACT_KEY_DEL], 0);
	assert_int_equal(b->acts[THEMIS_ACT_KEY_DEL], 0);

	net_send(b, a);
	net_run(net, net->now + SECOND);
	assert_int_equal(a->received, 1);
}

static void loss_of_each(void **state)
{
	static const uint8_t types[] = {
		THEMIS_PKT_INIT, THEMIS_PKT_RESP, THEMIS_PKT_CONFIRM,
	};
	unsigned int type, lost;
	struct plan p;

	for (type = 0; type < 3; type++) {
		for (lost = 1; lost < 5; lost++) {
			teardown(NULL);
			setup(NULL);
			p = (struct plan){ .type = types[type],
					   .drop = lost };
			plan(&p);
			net_introduce(a, b, NULL);
			net_send(a, b);
			net_run(net, net->now + 30 * SECOND);
			net_assert_agreed(a, b);
			assert_int_equal(b->received, 1);
			assert_int_equal(a->acts[THEMIS_ACT_KEY], 1);
			assert_int_equal(b->acts[THEMIS_ACT_KEY], 1);
			assert_int_equal(a->acts[THEMIS_ACT_KEY_DEL], 0);
			assert_int_equal(b->acts[THEMIS_ACT_KEY_DEL], 0);
			assert_int_equal(a->failed, 0);
			assert_quiet();
			/* Nobody can tell which message 1 was answered. */
			assert_int_equal(net_peer(a, b).rtt_us,
					 type == 2 ? 20 * MS : 0);
		}
	}
}

static void duplicates(void **state)
{
	static const uint8_t types[] = {
		THEMIS_PKT_INIT, THEMIS_PKT_RESP, THEMIS_PKT_CONFIRM,
	};
	struct plan p;
	int type;

	for (type = 0; type < 3; type++) {
		teardown(NULL);
		setup(NULL);
		p = (struct plan){ .type = types[type], .twice = 9 };
		plan(&p);
		establish();
		assert_int_equal(a->acts[THEMIS_ACT_KEY], 1);
		assert_int_equal(b->acts[THEMIS_ACT_KEY], 1);
		assert_int_equal(net_count(b, THEMIS_N_SIGNATURES), 1);
		assert_int_equal(net_count(a, THEMIS_N_SIGNATURES), 1);
		assert_quiet();
	}
}

/* The same message 1 gets the same message 2, byte for byte. */
static void same_answer(void **state)
{
	struct plan p = { .type = THEMIS_PKT_RESP, .drop = 2 };
	struct net_packet first;

	plan(&p);
	net_introduce(a, b, NULL);
	net_send(a, b);
	net_run(net, net->now + 100 * MS);
	first = net->last[THEMIS_PKT_RESP];
	net_run(net, net->now + 500 * MS);
	assert_int_equal(net->sent[THEMIS_PKT_RESP], 2);
	assert_memory_equal(first.b, net->last[THEMIS_PKT_RESP].b,
			    THEMIS_PKT_RESP_LEN);
	assert_int_equal(net_count(b, THEMIS_N_TX_RESP), 1);
	assert_int_equal(net_count(b, THEMIS_N_TX_RESP_AGAIN), 1);
	assert_int_equal(net_count(b, THEMIS_N_SIGNATURES), 1);
}

static void times_of_message_1(void **state)
{
	struct plan p = { .type = THEMIS_PKT_INIT, .drop = 99 };
	uint64_t start = net->now;

	plan(&p);
	net_introduce(a, b, NULL);
	net_send(a, b);
	net_run(net, start + 9 * SECOND - 1);
	assert_times(&p, start, 5);
	assert_int_equal(a->failed, 0);
	assert_int_equal(net_peer(a, b).tries, 5);

	net_run(net, start + 9 * SECOND);
	assert_int_equal(a->failed, 1);
	assert_int_equal(a->why, THEMIS_WHY_NO_ANSWER);
	assert_int_equal(net_peer(a, b).state, THEMIS_PEER_FAILED);
	assert_int_equal(net_peer(a, b).why, THEMIS_WHY_NO_ANSWER);
	assert_int_equal(net_session(a, b)->waiting, 0);
	assert_quiet();
	assert_int_equal(p.n, 5);

	/* The next message begins anew, and now the network is there. */
	p.drop = 0;
	net_send(a, b);
	net_run(net, net->now + SECOND);
	net_assert_agreed(a, b);
	assert_int_equal(b->received, 1);
}

/* Neither message 3 nor data arrives: the key is given up, and one more try. */
static void times_of_message_3(void **state)
{
	struct plan p = { .type = THEMIS_PKT_CONFIRM, .drop = 99 };
	uint64_t start;

	net->verdict = lose_proofs;
	net->ctx = &p;
	net_introduce(a, b, NULL);
	net_send(a, b);
	start = net->now + 20 * MS;
	net_run(net, start + 9 * SECOND - 1);
	assert_times(&p, start, 5);
	assert_int_equal(a->acts[THEMIS_ACT_KEY_DEL], 0);
	assert_int_equal(net_peer(a, b).state, THEMIS_PEER_ESTABLISHED);

	p.n = 0;
	net_run(net, start + 9 * SECOND);
	assert_int_equal(a->acts[THEMIS_ACT_KEY_DEL], 1);
	assert_int_equal(net_peer(a, b).state, THEMIS_PEER_HANDSHAKING);
	assert_int_equal(net->sent[THEMIS_PKT_INIT], 2);
	assert_int_equal(a->failed, 0);

	start += 9 * SECOND + 20 * MS;
	net_run(net, start + 9 * SECOND);
	assert_times(&p, start, 5);
	assert_int_equal(a->acts[THEMIS_ACT_KEY_DEL], 2);
	assert_int_equal(a->failed, 1);
	assert_int_equal(a->why, THEMIS_WHY_NO_ANSWER);
	assert_int_equal(net_peer(a, b).state, THEMIS_PEER_FAILED);

	/* What the responder installed early is deleted too. */
	assert_quiet();
	assert_false(net_session(b, a)->slot[THEMIS_SLOT_NEXT].used);
	assert_int_equal(net_count(b, THEMIS_N_NO_PROOF), 2);
	assert_int_equal(net_peer(b, a).state, THEMIS_PEER_IDLE);
}

static void responder_expires(void **state)
{
	struct plan p = { .type = THEMIS_PKT_RESP, .drop = 99 };
	uint64_t start = net->now;

	plan(&p);
	net_introduce(a, b, NULL);
	net_send(a, b);
	net_run(net, start + 10 * MS + 18 * SECOND - 1);
	assert_true(net_session(b, a)->slot[THEMIS_SLOT_NEXT].used);
	assert_int_equal(b->acts[THEMIS_ACT_KEY_DEL], 0);
	net_run(net, start + 10 * MS + 18 * SECOND);
	assert_int_equal(b->acts[THEMIS_ACT_KEY_DEL], 1);
	assert_false(net_session(b, a)->slot[THEMIS_SLOT_NEXT].used);
}

/* Data finds the key that was installed early, and proves it. */
static void data_before_message_3(void **state)
{
	struct plan p = { .type = THEMIS_PKT_CONFIRM, .delay = 200 * MS };

	plan(&p);
	net_introduce(a, b, NULL);
	net_send(a, b);
	net_run(net, net->now + 30 * MS);
	assert_int_equal(b->received, 1);
	assert_int_equal(b->acts[THEMIS_ACT_CONFIRM], 0);
	net_assert_agreed(a, b);

	/* Message 3 then only sends the keepalive. */
	net_run(net, net->now + SECOND);
	assert_int_equal(b->acts[THEMIS_ACT_CONFIRM], 1);
	assert_int_equal(b->acts[THEMIS_ACT_KEY], 1);
	assert_int_equal(p.n, 1);
	assert_quiet();
}

/* The keepalive is lost: message 3 comes again and gets another. */
static void keepalive_lost(void **state)
{
	struct plan p = { .type = THEMIS_PKT_DATA, .drop = 3 };

	plan(&p);
	net_introduce(a, b, NULL);
	themis_core_acquire(a->core, net->now, &a->id, &b->id);
	net_drain(a);
	net_run(net, net->now + 8 * SECOND);
	net_assert_agreed(a, b);
	assert_int_equal(net->sent[THEMIS_PKT_CONFIRM], 4);
	assert_int_equal(b->acts[THEMIS_ACT_CONFIRM], 4);
	assert_int_equal(b->acts[THEMIS_ACT_KEY], 1);
	assert_int_equal(net_count(a, THEMIS_N_AGREED), 1);
	assert_quiet();
}

static void one_agreement_for_many_acquires(void **state)
{
	int i;

	net_introduce(a, b, NULL);
	for (i = 0; i < 5; i++) {
		themis_core_acquire(a->core, net->now, &a->id, &b->id);
		net_drain(a);
	}
	assert_int_equal(net->sent[THEMIS_PKT_INIT], 1);
	net->verdict = NULL;
	net_run(net, net->now + SECOND);
	net_assert_agreed(a, b);
	assert_int_equal(net->sent[THEMIS_PKT_INIT], 1);
}

/* Both begin: one agreement, and the lower id's. @gap: the second's delay. */
static void simultaneous(struct net_side *first, struct net_side *second,
			 uint64_t gap)
{
	struct net_side *low, *high;

	by_order(&low, &high);
	net_introduce(a, b, NULL);
	net_send(first, second);
	net_run(net, net->now + gap);
	net_send(second, first);
	net_run(net, net->now + 500 * MS);
	net_assert_agreed(a, b);
	assert_int_equal(a->received, 1);
	assert_int_equal(b->received, 1);
	assert_true(net_current(low, high)->flags & THEMIS_KEY_F_INITIATOR);
	assert_false(net_current(high, low)->flags & THEMIS_KEY_F_INITIATOR);
	assert_int_equal(a->acts[THEMIS_ACT_KEY], 1);
	assert_int_equal(b->acts[THEMIS_ACT_KEY], 1);
	assert_int_equal(net_count(low, THEMIS_N_YIELD), 1);
	assert_quiet();
	assert_int_equal(net->sent[THEMIS_PKT_INIT], 2);
	assert_int_equal(a->failed + b->failed, 0);
}

static void simultaneous_open(void **state)
{
	static const uint64_t gaps[] = { 0, MS, 5 * MS, 9 * MS };
	struct net_side *low, *high;
	unsigned int i;

	for (i = 0; i < sizeof(gaps) / sizeof(*gaps); i++) {
		teardown(NULL);
		setup(NULL);
		by_order(&low, &high);
		simultaneous(low, high, gaps[i]);
		teardown(NULL);
		setup(NULL);
		by_order(&low, &high);
		simultaneous(high, low, gaps[i]);
	}
}

static struct net_side *victim;

/* Loses the message 1 that @victim sends, as often as the plan says. */
static enum net_verdict lose_init_of(struct net *n, struct net_packet *packet)
{
	unsigned int *count = n->ctx;

	if (packet->b[0] != THEMIS_PKT_INIT || !*count ||
	    memcmp(&packet->from, &victim->at, sizeof(packet->from)))
		return NET_PASS;
	--*count;
	return NET_DROP;
}

/* The lower id's message 1 is lost: it goes first all the same, later. */
static void simultaneous_with_loss(void **state)
{
	struct net_side *low, *high;
	unsigned int count = 1;

	by_order(&low, &high);
	victim = low;
	net->verdict = lose_init_of;
	net->ctx = &count;
	net_introduce(a, b, NULL);
	net_send(low, high);
	net_send(high, low);
	net_run(net, net->now + 600 * MS);
	net_assert_agreed(a, b);
	assert_true(net_current(low, high)->flags & THEMIS_KEY_F_INITIATOR);

	/* All of them: after a second the lower one answers. */
	teardown(NULL);
	setup(NULL);
	by_order(&low, &high);
	victim = low;
	count = 99;
	net->verdict = lose_init_of;
	net->ctx = &count;
	net_introduce(a, b, NULL);
	net_send(low, high);
	net_send(high, low);
	net_run(net, net->now + 1490 * MS);
	assert_int_equal(net_count(low, THEMIS_N_YIELD), 2);
	net_run(net, net->now + 100 * MS);
	net_assert_agreed(a, b);
	assert_true(net_current(high, low)->flags & THEMIS_KEY_F_INITIATOR);
	assert_int_equal(a->received, 1);
	assert_int_equal(b->received, 1);
	assert_quiet();
}

/*
 * The higher id steps back, but not for good: if the other's agreement comes
 * to nothing, its own goes on after a second.
 */
static void steps_back_only_so_far(void **state)
{
	struct net_side *low, *high;
	struct net_packet init;
	uint64_t start;

	by_order(&low, &high);
	net_introduce(a, b, NULL);
	net_send(low, high);
	init = net->last[THEMIS_PKT_INIT];
	net_restart(low, 64, 32);
	net_introduce(a, b, NULL);
	net->n_flight = 0;
	memset(low->session, 0, sizeof(low->session));

	/* Message 1 of an agreement that its sender has forgotten. */
	start = net->now;
	net_send(high, low);
	net->n_flight = 0;
	net_run(net, start + 100 * MS);
	net_inject(high, &low->at, init.b, init.len);
	net->n_flight = 0;
	net_run(net, start + 1100 * MS - 1);
	assert_int_equal(net_count(high, THEMIS_N_TX_INIT_AGAIN), 0);
	net_run(net, start + 1200 * MS);
	assert_int_equal(net_count(high, THEMIS_N_TX_INIT_AGAIN), 1);
	net_assert_agreed(a, b);
	assert_true(net_current(high, low)->flags & THEMIS_KEY_F_INITIATOR);
	/* The early key of the other agreement made place. */
	assert_int_equal(high->acts[THEMIS_ACT_KEY_DEL], 1);
	assert_quiet();
}

/* An answer to the agreement that stepped back is still taken. */
static void stepped_back_and_answered(void **state)
{
	struct net_side *low, *high;
	struct net_packet init;

	by_order(&low, &high);
	net_introduce(a, b, NULL);
	net_send(low, high);
	init = net->last[THEMIS_PKT_INIT];
	net_restart(low, 64, 32);
	net_introduce(a, b, NULL);
	memset(low->session, 0, sizeof(low->session));
	net->n_flight = 0;

	net_send(high, low);
	net_inject(high, &c->at, init.b, init.len);
	net_run(net, net->now + 100 * MS);
	net_assert_agreed(a, b);
	assert_true(net_current(high, low)->flags & THEMIS_KEY_F_INITIATOR);
	assert_int_equal(low->received, 1);
	assert_memory_equal(&net_session(high, low)->endpoint, &low->at,
			    sizeof(low->at));
}

/* Who is being asked waits before it asks. */
static void waits_for_the_other(void **state)
{
	struct plan p = { .type = THEMIS_PKT_RESP, .delay = 100 * MS };

	plan(&p);
	net_introduce(a, b, NULL);
	net_send(a, b);
	net_run(net, net->now + 20 * MS);
	net_send(b, a);
	assert_int_equal(net->sent[THEMIS_PKT_INIT], 1);
	net_run(net, net->now + 500 * MS);
	net_assert_agreed(a, b);
	assert_int_equal(a->received, 1);
	assert_int_equal(b->received, 1);
	assert_quiet();
	assert_int_equal(net->sent[THEMIS_PKT_INIT], 1);
}

/* Both send a message every 5 ms while the session is rekeyed. */
static void rekey_by(struct net_side *side, struct net_side *peer,
		     uint8_t lose, unsigned int lost)
{
	struct plan p = { .type = lose, .drop = lost };
	uint32_t old = net_current(side, peer)->local;
	unsigned int i, states[2], before[2];

	plan(&p);
	states[0] = a->acts[THEMIS_ACT_STATE];
	states[1] = b->acts[THEMIS_ACT_STATE];
	before[0] = a->received;
	before[1] = b->received;
	net_rekey(side, peer);
	net_rekey(side, peer);
	for (i = 0; i < 600; i++) {
		net_send(a, b);
		net_send(b, a);
		net_run(net, net->now + 5 * MS);
	}
	net_run(net, net->now + SECOND);
	net_assert_agreed(a, b);
	assert_int_not_equal(net_current(side, peer)->local, old);
	assert_true(net_current(side, peer)->flags & THEMIS_KEY_F_INITIATOR);
	assert_true(net_session(a, b)->slot[THEMIS_SLOT_PREVIOUS].used);
	assert_int_equal(a->received - before[0], 600);
	assert_int_equal(b->received - before[1], 600);
	assert_int_equal(a->acts[THEMIS_ACT_STATE], states[0]);
	assert_int_equal(b->acts[THEMIS_ACT_STATE], states[1]);
	assert_quiet();
}

static void rekeys_lose_nothing(void **state)
{
	establish();
	rekey_by(a, b, 0, 0);
	rekey_by(b, a, 0, 0);
	rekey_by(b, a, THEMIS_PKT_INIT, 2);
	rekey_by(a, b, THEMIS_PKT_RESP, 2);
	rekey_by(a, b, THEMIS_PKT_CONFIRM, 2);
	assert_int_equal(a->acts[THEMIS_ACT_KEY], 6);
	assert_int_equal(b->acts[THEMIS_ACT_KEY], 6);
	assert_int_equal(a->acts[THEMIS_ACT_KEY_DEL], 0);
	assert_int_equal(b->acts[THEMIS_ACT_KEY_DEL], 0);
}

/* A rekey that fails leaves the session as it was. */
static void rekey_fails(void **state)
{
	struct plan p = { .type = THEMIS_PKT_INIT, .drop = 99 };
	uint32_t old;

	establish();
	old = net_current(a, b)->local;
	plan(&p);
	net_rekey(a, b);
	net_run(net, net->now + 10 * SECOND);
	assert_int_equal(net_peer(a, b).state, THEMIS_PEER_ESTABLISHED);
	assert_int_equal(net_peer(a, b).why, THEMIS_WHY_NO_ANSWER);
	assert_int_equal(a->failed, 0);
	assert_int_equal(net_current(a, b)->local, old);
	assert_quiet();

	p.drop = 0;
	net_rekey(a, b);
	net_run(net, net->now + SECOND);
	net_assert_agreed(a, b);
	assert_int_equal(net_peer(a, b).why, THEMIS_WHY_NONE);
	assert_int_not_equal(net_current(a, b)->local, old);
}

static void expiry_and_return(void **state)
{
	establish();
	net_expire(a, b);
	assert_int_equal(net_peer(a, b).state, THEMIS_PEER_IDLE);
	net_send(a, b);
	net_run(net, net->now + SECOND);
	net_assert_agreed(a, b);
	assert_int_equal(b->received, 2);
	net_expire(a, b);
	net_expire(b, a);
	net_send(b, a);
	net_run(net, net->now + SECOND);
	net_assert_agreed(a, b);
	assert_int_equal(a->received, 1);
}

/* A machine that has forgotten everything comes back. */
static void peer_restarts(void **state)
{
	establish();
	net_restart(a, 64, 32);
	memset(a->session, 0, sizeof(a->session));
	net_introduce(a, b, NULL);
	net_send(a, b);
	net_run(net, net->now + SECOND);
	net_assert_agreed(a, b);
	/* Its first message overtook message 3, and was not lost. */
	assert_int_equal(b->received, 2);
	net_send(b, a);
	net_run(net, net->now + SECOND);
	assert_int_equal(a->received, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(plain),
		TEST(loss_of_each),
		TEST(duplicates),
		TEST(same_answer),
		TEST(times_of_message_1),
		TEST(times_of_message_3),
		TEST(responder_expires),
		TEST(data_before_message_3),
		TEST(keepalive_lost),
		TEST(one_agreement_for_many_acquires),
		TEST(simultaneous_open),
		TEST(simultaneous_with_loss),
		TEST(steps_back_only_so_far),
		TEST(stepped_back_and_answered),
		TEST(waits_for_the_other),
		TEST(rekeys_lose_nothing),
		TEST(rekey_fails),
		TEST(expiry_and_return),
		TEST(peer_restarts),
	};

	if (sodium_init() < 0)
		return 1;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
