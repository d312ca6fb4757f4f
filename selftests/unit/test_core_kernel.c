// SPDX-License-Identifier: GPL-2.0
/*
 * The core and the kernel: sessions that are there already, events, and what
 * the kernel refuses.
 */
#include <errno.h>
#include <string.h>

#include <sodium.h>

#include "core_fixture.h"
#include "core_outsider.h"
#include "state.h"

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

/* The daemon restarts between message 2 and the data that proves the key. */
static void comes_up_unasked(void **state)
{
	struct plan p = { .type = THEMIS_PKT_CONFIRM, .drop = 99 };
	struct net_packet init;

	plan(&p);
	net_introduce(a, b, NULL);
	net_send(a, b);
	init = net->last[THEMIS_PKT_INIT];
	net_run(net, net->now + 20 * MS);
	net_restart(b, 64, 32);
	net_introduce(a, b, NULL);
	themis_core_adopt(b->core, net->now, &b->id, &a->id, &a->at, false);
	net_run(net, net->now + 20 * MS);
	assert_int_equal(b->received, 1);
	assert_int_equal(net_peer(b, a).state, THEMIS_PEER_ESTABLISHED);

	/* So message 1 from elsewhere does not move the session. */
	net_inject(b, &c->at, init.b, init.len);
	assert_memory_equal(&net_session(b, a)->endpoint, &a->at,
			    sizeof(a->at));
}

/* The kernel's news of a live key outweighs an agreement that failed. */
static void lives_after_failure(void **state)
{
	struct plan p = { .type = THEMIS_PKT_INIT, .drop = 99 };

	establish();
	plan(&p);
	themis_core_acquire(a->core, net->now, &a->id, &b->id);
	net_drain(a);
	net_run(net, net->now + 10 * SECOND);
	assert_int_equal(net_peer(a, b).state, THEMIS_PEER_FAILED);
	net_rekey(a, b);
	assert_int_equal(net_peer(a, b).state, THEMIS_PEER_ESTABLISHED);
}

/* A confirmation of a key that the kernel cannot have yet. */
static void confirmed_too_soon(void **state)
{
	struct themis_core_key key = { 0 };
	struct themis_init init;
	struct outsider o;
	int i;

	net_introduce(a, b, NULL);
	net_send(a, b);
	key.local_index =
		themis_wire_get32(net->last[THEMIS_PKT_INIT].b + 8);
	themis_core_event(a->core, net->now, &a->id, &b->id,
			  THEMIS_EVENT_CONFIRMED, &key, NULL);
	assert_int_equal(net_count(a, THEMIS_N_AGREED), 0);
	assert_int_equal(a->core->agrees.used, 1);
	/* Or that is of another peer. */
	net_introduce(a, c, NULL);
	net_run(net, net->now + 20 * MS);
	themis_core_event(a->core, net->now, &a->id, &c->id,
			  THEMIS_EVENT_CONFIRMED, &key, NULL);
	assert_int_equal(net_count(a, THEMIS_N_AGREED), 0);
	net_run(net, net->now + SECOND);
	net_assert_agreed(a, b);

	/* A stranger's second agreement has no key before message 3. */
	outsider_new(&o, 1);
	for (i = 0; i < 2; i++) {
		outsider_init(&o, &b->id, &init);
		net_inject(b, &c->at, &init, sizeof(init));
	}
	assert_int_equal(b->core->agrees.used, 3);
	key.local_index =
		themis_wire_get32(net->last[THEMIS_PKT_RESP].b + 8);
	themis_core_event(b->core, net->now, &b->id, &o.self.id,
			  THEMIS_EVENT_CONFIRMED, &key, NULL);
	assert_int_equal(net_count(b, THEMIS_N_AGREED), 1);
}

/* News of sessions that nobody here has, or that say nothing. */
static void events_of_no_concern(void **state)
{
	struct themis_core_key key = { .local_index = 1 };
	struct themis_id stranger = { { 1 } };
	struct themis_action act = { 0 };
	int event;

	assert_int_equal(0, themis_core_peer_add(a->core, net->now, &a->id,
						 &b->id, &b->at, NULL));
	for (event = 0; event <= THEMIS_EVENT_ROAM; event++) {
		themis_core_event(a->core, net->now, &stranger, &b->id, event,
				  &key, &b->at);
		/* A rekey without an endpoint: of whom, and where? */
		themis_core_event(a->core, net->now, &a->id, &stranger, event,
				  &key, NULL);
		if (event != THEMIS_EVENT_REKEY && event != THEMIS_EVENT_UP)
			themis_core_event(a->core, net->now, &a->id, &b->id,
					  event, NULL, &b->at);
	}
	themis_core_adopt(a->core, net->now, &stranger, &b->id, &b->at, true);
	act.type = THEMIS_ACT_KEY;
	themis_core_refused(a->core, net->now, &act, EEXIST);
	act.node = a->id;
	themis_core_refused(a->core, net->now, &act, EEXIST);
	act.peer = b->id;
	themis_core_refused(a->core, net->now, &act, EEXIST);
	assert_null(themis_core_action(a->core));
	assert_int_equal(a->core->by_peer.count, 1);
	assert_int_equal(net_count(a, THEMIS_N_REFUSED), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(adopted),
		TEST(initiator_refused),
		TEST(responder_refused),
		TEST(session_deleted),
		TEST(stale_expiry),
		TEST(comes_up_unasked),
		TEST(lives_after_failure),
		TEST(confirmed_too_soon),
		TEST(events_of_no_concern),
	};

	if (sodium_init() < 0)
		return 1;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
