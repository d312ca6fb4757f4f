// SPDX-License-Identifier: GPL-2.0
/*
 * What must lead to nothing: messages that are altered, replayed, reflected,
 * spliced or made up.
 */
#include <string.h>

#include <sodium.h>

#include "core_fixture.h"
#include "core_outsider.h"
#include "state.h"

/* The probe of an altered message 1 made right again, as anybody can. */
static void fix_probe(struct themis_init *init, const struct themis_id *to)
{
	crypto_shorthash(init->probe, (const uint8_t *)init,
			 offsetof(struct themis_init, probe), to->b);
}

static void capture_init(struct net_packet *init)
{
	net_introduce(a, b, NULL);
	net_send(a, b);
	*init = net->last[THEMIS_PKT_INIT];
}

/* Every byte of message 1, then the genuine one. */
static void altered_init(void **state)
{
	struct net_packet init, bad;
	size_t i;

	capture_init(&init);
	net->n_flight = 0;
	for (i = 0; i < offsetof(struct themis_init, cookie); i++) {
		bad = init;
		bad.b[i] ^= 1 << i % 8;
		net_inject(b, &a->at, bad.b, bad.len);
		/* With a right probe it costs a signature, and no more. */
		if ((i >= 4 && i < 8) ||
		    i >= offsetof(struct themis_init, probe))
			continue;
		fix_probe((struct themis_init *)bad.b, &b->id);
		net_inject(b, &a->at, bad.b, bad.len);
	}
	assert_int_equal(net_acts(b), 0);
	assert_int_equal(net_count(b, THEMIS_N_RX_INIT), 0);
	assert_true(net_count(b, THEMIS_N_SIGNATURES) <= 200);

	net_inject(b, &a->at, init.b, init.len);
	assert_int_equal(net_count(b, THEMIS_N_RX_INIT), 1);
	/* The cookie is outside: the same message, the same answer. */
	init.b[THEMIS_PKT_INIT_LEN - 1] ^= 1;
	net_inject(b, &a->at, init.b, init.len);
	assert_int_equal(net_count(b, THEMIS_N_TX_RESP_AGAIN), 1);
}

static void altered_resp(void **state)
{
	struct net_packet resp, bad;
	unsigned int acts;
	size_t i;

	net_introduce(a, b, NULL);
	net_send(a, b);
	net_run(net, net->now + 10 * MS);
	resp = net->last[THEMIS_PKT_RESP];
	net->n_flight = 0;
	acts = net_acts(a);
	for (i = 0; i < THEMIS_PKT_RESP_LEN; i++) {
		bad = resp;
		bad.b[i] ^= 1 << i % 8;
		net_inject(a, &b->at, bad.b, bad.len);
	}
	assert_int_equal(net_acts(a), acts);
	assert_int_equal(net_peer(a, b).state, THEMIS_PEER_HANDSHAKING);

	/* Nothing of that has spoilt the agreement. */
	net_inject(a, &b->at, resp.b, resp.len);
	net_run(net, net->now + SECOND);
	net_assert_agreed(a, b);
}

static void altered_confirm(void **state)
{
	struct plan p = { .type = THEMIS_PKT_DATA, .drop = 99 };
	struct net_packet confirm, bad;
	unsigned int acts;
	size_t i;

	plan(&p);
	net_introduce(a, b, NULL);
	net_send(a, b);
	net_run(net, net->now + 20 * MS);
	confirm = net->last[THEMIS_PKT_CONFIRM];
	net->n_flight = 0;
	acts = net_acts(b);
	for (i = 0; i < THEMIS_PKT_CONFIRM_LEN; i++) {
		bad = confirm;
		bad.b[i] ^= 1 << i % 8;
		net_inject(b, &a->at, bad.b, bad.len);
	}
	assert_int_equal(net_acts(b), acts);
	assert_int_equal(net_peer(b, a).state, THEMIS_PEER_IDLE);

	net->verdict = NULL;
	net_inject(b, &a->at, confirm.b, confirm.len);
	net_run(net, net->now + SECOND);
	net_assert_agreed(a, b);
}

/* Every length, every type, and bytes of no meaning. */
static void shapeless(void **state)
{
	uint8_t packet[300];
	unsigned int type;
	size_t len;
	int i;

	memset(packet, 0, sizeof(packet));
	for (type = 0; type < 256; type++) {
		for (len = 0; len < sizeof(packet); len++) {
			packet[0] = type;
			net_inject(b, &a->at, packet, len);
		}
	}
	for (i = 0; i < 20000; i++) {
		static const size_t lens[] = {
			THEMIS_PKT_INIT_LEN, THEMIS_PKT_RESP_LEN,
			THEMIS_PKT_CONFIRM_LEN, THEMIS_PKT_COOKIE_LEN,
			THEMIS_PKT_REFUSE_LEN,
		};

		net_random(&net->order, packet, sizeof(packet));
		packet[0] = 1 + i % 5;
		if (i & 4)
			memset(packet + 1, 0, 3);
		if (i & 8)
			memcpy(packet + 4, b->id.b, 4);
		if (i & 16)
			memcpy(packet + 12, "\1\1\4\0mesh", 8);
		net_inject(b, &a->at, packet, lens[i % 5]);
	}
	assert_int_equal(net_acts(b), 0);
	assert_int_equal(net_count(b, THEMIS_N_SIGNATURES), 0);
	assert_true(net_count(b, THEMIS_N_BAD_TYPE) > 0);
	assert_true(net_count(b, THEMIS_N_BAD_LENGTH) > 0);
}

/* A recorded message 1, from elsewhere, where there is no session. */
static void replayed_without_session(void **state)
{
	struct themis_peer_info info;
	struct net_packet init;
	unsigned int acts;

	capture_init(&init);
	net_run(net, net->now + SECOND);
	/* Soon after, it is only a copy of what has done its work. */
	acts = net_acts(b);
	net_inject(b, &c->at, init.b, init.len);
	assert_int_equal(net_acts(b), acts);
	assert_int_equal(net_count(b, THEMIS_N_LATE), 1);
	net_run(net, net->now + 30 * SECOND);
	net_expire(a, b);
	net_expire(b, a);
	net_inject(b, &c->at, init.b, init.len);
	assert_int_equal(net_peer(b, a).state, THEMIS_PEER_IDLE);
	net_run(net, net->now + 100 * MS);
	assert_int_equal(net_count(c, THEMIS_N_BAD_INDEX), 1);

	/* B asks where A is, not where the replay came from. */
	info = net_peer(b, a);
	assert_memory_equal(&info.endpoint, &a->at, sizeof(a->at));
	net_send(b, a);
	net_run(net, net->now + 2 * SECOND);
	net_assert_agreed(a, b);
	assert_int_equal(a->received, 1);
	assert_memory_equal(&net_session(b, a)->endpoint, &a->at,
			    sizeof(a->at));
	assert_int_equal(b->acts[THEMIS_ACT_KEY_DEL], 1);
	assert_quiet();
}

/* The same where there is one: it goes on as if nothing had been. */
static void replayed_with_session(void **state)
{
	struct net_packet init;
	uint32_t old;
	int i;

	capture_init(&init);
	net_run(net, net->now + 30 * SECOND);
	net_assert_agreed(a, b);
	old = net_current(b, a)->local;
	for (i = 0; i < 5; i++) {
		net_inject(b, &c->at, init.b, init.len);
		net_send(b, a);
		net_send(a, b);
		net_run(net, net->now + 5 * SECOND);
	}
	net_assert_agreed(a, b);
	assert_int_equal(net_current(b, a)->local, old);
	assert_int_equal(a->received, 5);
	assert_int_equal(b->received, 6);
	assert_memory_equal(&net_session(b, a)->endpoint, &a->at,
			    sizeof(a->at));

	/* A rekey succeeds while the replay's key waits in vain. */
	net_rekey(a, b);
	net_run(net, net->now + SECOND);
	net_assert_agreed(a, b);
	assert_int_not_equal(net_current(b, a)->local, old);
	net_inject(b, &c->at, init.b, init.len);
	net_rekey(b, a);
	net_run(net, net->now + 5 * SECOND);
	net_assert_agreed(a, b);
	assert_quiet();
	assert_false(net_session(b, a)->slot[THEMIS_SLOT_NEXT].used);
}

/* Each message sent back to who wrote it. */
static void reflected(void **state)
{
	unsigned int acts;

	net_introduce(a, b, NULL);
	net_send(a, b);
	acts = net_acts(a);
	net_inject(a, &b->at, net->last[THEMIS_PKT_INIT].b,
		   THEMIS_PKT_INIT_LEN);
	assert_int_equal(net_acts(a), acts);
	assert_int_equal(net_count(a, THEMIS_N_BAD_PROBE), 1);

	net_run(net, net->now + 10 * MS);
	acts = net_acts(b);
	net_inject(b, &a->at, net->last[THEMIS_PKT_RESP].b,
		   THEMIS_PKT_RESP_LEN);
	assert_int_equal(net_acts(b), acts);
	assert_int_equal(net_count(b, THEMIS_N_BAD_INDEX), 1);

	net_run(net, net->now + 10 * MS);
	acts = net_acts(a);
	net_inject(a, &b->at, net->last[THEMIS_PKT_CONFIRM].b,
		   THEMIS_PKT_CONFIRM_LEN);
	assert_int_equal(net_acts(a), acts);
	assert_int_equal(net_count(a, THEMIS_N_BAD_INDEX), 1);
	net_run(net, net->now + SECOND);
	net_assert_agreed(a, b);
}

/* Message 1 that claims to be from the node that it is for. */
static void under_our_own_key(void **state)
{
	struct themis_init init;
	struct outsider self;

	outsider_new(&self, 1);
	crypto_sign_seed_keypair(self.self.public_key, self.key, b->seed);
	outsider_init(&self, &b->id, &init);
	net_inject(b, &a->at, &init, sizeof(init));
	assert_int_equal(net_acts(b), 0);
	assert_int_equal(net_count(b, THEMIS_N_BAD_SELF), 1);
}

static enum themis_why why_after(struct outsider *o, uint8_t version,
				 bool break_signature)
{
	struct themis_resp resp;
	struct themis_init init;
	struct themis_keys keys;

	net->n_flight = 0;
	memcpy(&init, net->last[THEMIS_PKT_INIT].b, sizeof(init));
	assert_int_equal(0, themis_resp_build(&resp, &init, &o->self, &a->id,
					      77, o->secret, NULL, &keys));
	resp.version = version;
	if (break_signature)
		resp.signature[0] ^= 1;
	net_inject(a, &c->at, &resp, sizeof(resp));
	assert_int_equal(net_peer(a, b).state, THEMIS_PEER_HANDSHAKING);
	net_run(net, net->now + 10 * SECOND);
	assert_int_equal(a->why, net_peer(a, b).why);
	return a->why;
}

/* Somebody who sees message 1 answers it in B's place. */
static void somebody_else_answers(void **state)
{
	struct plan p = { .type = THEMIS_PKT_INIT, .drop = 99 };
	struct outsider o, thief;

	plan(&p);
	outsider_new(&o, 1);
	net_introduce(a, b, NULL);
	net_send(a, b);
	assert_int_equal(why_after(&o, 1, false), THEMIS_WHY_WRONG_PEER);
	net_send(a, b);
	assert_int_equal(why_after(&o, 2, false), THEMIS_WHY_BAD_VERSION);

	/* With B's public key, but without its secret one. */
	thief = o;
	crypto_sign_seed_keypair(thief.self.public_key, thief.key, b->seed);
	crypto_sign_seed_keypair(o.self.public_key, thief.key, b->seed);
	p.n = 0;
	net_send(a, b);
	assert_int_equal(why_after(&thief, 1, true), THEMIS_WHY_BAD_SIGNATURE);
	assert_int_equal(a->acts[THEMIS_ACT_KEY], 0);
	assert_int_equal(net->sent[THEMIS_PKT_CONFIRM], 0);

	/* A wrong answer first does not keep the right one out. */
	p.drop = 0;
	p.n = 0;
	outsider_new(&o, 1);
	net_send(a, b);
	{
		struct themis_resp resp;
		struct themis_init init;
		struct themis_keys keys;

		memcpy(&init, net->last[THEMIS_PKT_INIT].b, sizeof(init));
		themis_resp_build(&resp, &init, &o.self, &a->id, 77, o.secret,
				  NULL, &keys);
		net_inject(a, &c->at, &resp, sizeof(resp));
	}
	net_run(net, net->now + SECOND);
	net_assert_agreed(a, b);
	assert_int_equal(net_peer(a, b).why, THEMIS_WHY_NONE);
}

/* Another network, version or suite, properly signed and probed. */
static void another_network(void **state)
{
	struct themis_init init;
	struct outsider o;
	uint8_t text[256];

	outsider_new(&o, 1);
	o.self.netid[3] = 'a';
	outsider_init(&o, &b->id, &init);
	net_inject(b, &a->at, &init, sizeof(init));
	assert_int_equal(net_count(b, THEMIS_N_BAD_NETID), 1);

	outsider_new(&o, 1);
	outsider_init(&o, &b->id, &init);
	init.version = 2;
	memcpy(text, "themis init v1", 14);
	memcpy(text + 14, init.sender, 136);
	memcpy(text + 150, b->id.b, 32);
	crypto_sign_detached(init.signature, NULL, text, 182, o.key);
	fix_probe(&init, &b->id);
	net_inject(b, &a->at, &init, sizeof(init));
	assert_int_equal(net_count(b, THEMIS_N_BAD_VERSION), 1);

	outsider_init(&o, &b->id, &init);
	init.suite = 2;
	memcpy(text + 14, init.sender, 136);
	crypto_sign_detached(init.signature, NULL, text, 182, o.key);
	fix_probe(&init, &b->id);
	net_inject(b, &a->at, &init, sizeof(init));
	assert_int_equal(net_count(b, THEMIS_N_BAD_SUITE), 1);

	/* A share of low order, properly signed. */
	outsider_init(&o, &b->id, &init);
	memset(init.share, 0, sizeof(init.share));
	memcpy(text + 14, init.sender, 136);
	crypto_sign_detached(init.signature, NULL, text, 182, o.key);
	fix_probe(&init, &b->id);
	net_inject(b, &a->at, &init, sizeof(init));
	assert_int_equal(net_count(b, THEMIS_N_BAD_SHARE), 1);
	assert_int_equal(b->core->by_peer.count, 0);
	assert_int_equal(b->core->agrees.used, 0);
	/* The two that only speak otherwise are told so. */
	assert_int_equal(net->sent[THEMIS_PKT_REFUSE], 2);
	assert_int_equal(net_acts(b), 4);
	net->n_flight = 0;

	/* On the wrong link nobody is at home, whatever the message. */
	outsider_init(&o, &b->id, &init);
	themis_core_packet(b->core, net->now, NET_LINK + 1, &a->at,
			   (uint8_t *)&init, sizeof(init));
	net_drain(b);
	assert_int_equal(net_acts(b), 4);
	net_inject(b, &a->at, &init, sizeof(init));
	assert_int_equal(net_count(b, THEMIS_N_RX_INIT), 1);
}

static void on_another_link(void **state)
{
	unsigned int acts;

	net_introduce(a, b, NULL);
	net_send(a, b);
	net_run(net, net->now + 10 * MS);
	net->n_flight = 0;
	acts = net_acts(a);
	themis_core_packet(a->core, net->now, NET_LINK + 1, &b->at,
			   net->last[THEMIS_PKT_RESP].b, THEMIS_PKT_RESP_LEN);
	net_drain(a);
	assert_int_equal(net_acts(a), acts);
	assert_int_equal(net_count(a, THEMIS_N_BAD_INDEX), 1);
	net_inject(a, &b->at, net->last[THEMIS_PKT_RESP].b,
		   THEMIS_PKT_RESP_LEN);
	assert_int_equal(net_peer(a, b).state, THEMIS_PEER_ESTABLISHED);
}

/* Another valid message 2 for the same message 1, from a B that forgot. */
static void second_answer(void **state)
{
	struct net_packet init;
	unsigned int sent;

	capture_init(&init);
	net_run(net, net->now + 10 * MS);
	net_restart(b, 64, 32);
	net_introduce(a, b, NULL);
	net_run(net, net->now + 10 * MS);
	assert_int_equal(net_peer(a, b).state, THEMIS_PEER_ESTABLISHED);
	net->n_flight = 0;
	sent = net->sent[THEMIS_PKT_CONFIRM];
	net_inject(b, &a->at, init.b, init.len);
	net_run(net, net->now + 10 * MS);
	assert_int_equal(net_count(a, THEMIS_N_LATE), 1);
	assert_int_equal(net->sent[THEMIS_PKT_CONFIRM], sent);
	assert_int_equal(a->acts[THEMIS_ACT_KEY], 1);

	/* Nothing confirms the key that only A has: another agreement. */
	net_run(net, net->now + 10 * SECOND);
	net_assert_agreed(a, b);
}

/* Who is authentic and has another psk is told, whatever comes after. */
static void psk_outlasts_forgery(void **state)
{
	struct plan p = { .type = THEMIS_PKT_RESP };
	uint8_t psk[32] = { 1 };
	struct net_packet resp;

	plan(&p);
	net_introduce(a, b, NULL);
	assert_int_equal(0, themis_core_peer_add(b->core, net->now, &b->id,
						 &a->id, &a->at, psk));
	net_send(a, b);
	net_run(net, net->now + SECOND);
	resp = net->last[THEMIS_PKT_RESP];
	p.drop = 99;
	resp.b[100] ^= 1;
	net_inject(a, &b->at, resp.b, resp.len);
	assert_int_equal(net_count(a, THEMIS_N_BAD_SIGNATURE), 1);
	net_run(net, net->now + 10 * SECOND);
	assert_int_equal(a->why, THEMIS_WHY_BAD_CONFIRM);
}

/* Message 1 again and again does not hold back what the higher id begins. */
static void held_back_once(void **state)
{
	struct net_side *low, *high;
	struct themis_init init;
	struct outsider old;
	uint64_t start;
	int i;

	by_order(&low, &high);
	outsider_new(&old, 1);
	crypto_sign_seed_keypair(old.self.public_key, old.key, low->seed);
	net_introduce(a, b, NULL);
	start = net->now;
	net_send(high, low);
	net->n_flight = 0;
	for (i = 0; i < 8; i++) {
		net_run(net, start + 100 * MS + i * 250 * MS);
		net->n_flight = 0;
		outsider_init(&old, &high->id, &init);
		net_inject(high, &c->at, &init, sizeof(init));
		net->n_flight = 0;
	}
	/* 1.1 instead of 0.5 seconds, and 1.5 as ever. */
	net_run(net, start + 1900 * MS);
	assert_int_equal(net_count(high, THEMIS_N_TX_INIT_AGAIN), 2);
}

/* Messages of one agreement in another. */
static void spliced(void **state)
{
	struct net_packet resp, confirm;

	establish();
	resp = net->last[THEMIS_PKT_RESP];
	confirm = net->last[THEMIS_PKT_CONFIRM];
	net_run(net, net->now + 30 * SECOND);
	net_expire(a, b);
	net_expire(b, a);
	net_send(a, b);
	net_inject(a, &b->at, resp.b, resp.len);
	assert_int_equal(net_count(a, THEMIS_N_BAD_INDEX), 1);
	memcpy(resp.b + 4, net->last[THEMIS_PKT_INIT].b + 8, 4);
	net_inject(a, &b->at, resp.b, resp.len);
	assert_int_equal(net_count(a, THEMIS_N_BAD_SIGNATURE), 1);

	net_run(net, net->now + 10 * MS);
	net_inject(b, &a->at, confirm.b, confirm.len);
	assert_int_equal(net_count(b, THEMIS_N_BAD_INDEX), 1);
	memcpy(confirm.b + 4, net->last[THEMIS_PKT_RESP].b + 8, 4);
	memcpy(confirm.b + 8, net->last[THEMIS_PKT_RESP].b + 4, 4);
	net_inject(b, &a->at, confirm.b, confirm.len);
	assert_int_equal(net_count(b, THEMIS_N_BAD_CONFIRM), 1);
	assert_int_equal(net_peer(b, a).state, THEMIS_PEER_IDLE);
	net_run(net, net->now + SECOND);
	net_assert_agreed(a, b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(altered_init),
		TEST(altered_resp),
		TEST(altered_confirm),
		TEST(shapeless),
		TEST(replayed_without_session),
		TEST(replayed_with_session),
		TEST(reflected),
		TEST(under_our_own_key),
		TEST(somebody_else_answers),
		TEST(another_network),
		TEST(on_another_link),
		TEST(second_answer),
		TEST(psk_outlasts_forgery),
		TEST(held_back_once),
		TEST(spliced),
	};

	if (sodium_init() < 0)
		return 1;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
