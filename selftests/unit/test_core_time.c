// SPDX-License-Identifier: GPL-2.0
/*
 * Time that jumps: a machine that has slept for years wakes up. The clock that
 * the core is given goes on counting meanwhile and never goes back; the time of
 * day it does not know.
 */
#include <string.h>

#include <sodium.h>

#include "core_fixture.h"
#include "core_outsider.h"
#include "state.h"

#define YEARS	(20ULL * 365 * 86400 * SECOND)

static void sleep_for(uint64_t time)
{
	net->now += time;
	net_run(net, net->now);
}

/* Asleep with a session: the kernel has wiped its keys, and says so. */
static void established(void **state)
{
	establish();
	net_run(net, net->now + 30 * SECOND);
	net->now += YEARS;
	net_expire(a, b);
	net_expire(b, a);
	net_run(net, net->now + SECOND);
	assert_int_equal(net_peer(a, b).state, THEMIS_PEER_IDLE);
	net_send(a, b);
	net_run(net, net->now + SECOND);
	net_assert_agreed(a, b);
	assert_quiet();
}

/* Asleep while waiting for message 2: given up once, and no storm. */
static void asked(void **state)
{
	struct plan p = { .type = THEMIS_PKT_INIT, .drop = 99 };

	plan(&p);
	net_introduce(a, b, NULL);
	net_send(a, b);
	assert_int_equal(p.n, 1);
	sleep_for(YEARS);
	assert_int_equal(p.n, 1);
	assert_int_equal(a->failed, 1);
	assert_int_equal(a->why, THEMIS_WHY_NO_ANSWER);
	p.drop = 0;
	net_send(a, b);
	net_run(net, net->now + SECOND);
	net_assert_agreed(a, b);
	assert_quiet();
}

/* Asleep while waiting for message 3. */
static void answered(void **state)
{
	struct plan p = { .type = THEMIS_PKT_CONFIRM, .drop = 1 };

	net->verdict = lose_proofs;
	net->ctx = &p;
	net_introduce(a, b, NULL);
	net_send(a, b);
	net_run(net, net->now + 100 * MS);
	sleep_for(YEARS);
	net->verdict = NULL;
	net_run(net, net->now + 30 * SECOND);
	net_send(a, b);
	net_run(net, net->now + SECOND);
	net_assert_agreed(a, b);
	assert_quiet();
}

/* Cookies of before are of no use, and new ones are. */
static void cookies(void **state)
{
	struct themis_init init;
	struct outsider o;

	themis_core_busy(b->core, net->now);
	outsider_new(&o, 2);
	outsider_init(&o, &b->id, &init);
	net_inject(b, &c->at, &init, sizeof(init));
	assert_int_equal(net->sent[THEMIS_PKT_COOKIE], 1);
	memcpy(init.cookie, net->last[THEMIS_PKT_COOKIE].b + 8, 16);
	net->n_flight = 0;
	net->now += YEARS;
	themis_core_busy(b->core, net->now);
	net_inject(b, &c->at, &init, sizeof(init));
	assert_int_equal(net->sent[THEMIS_PKT_COOKIE], 2);
	memcpy(init.cookie, net->last[THEMIS_PKT_COOKIE].b + 8, 16);
	net->n_flight = 0;
	net_inject(b, &c->at, &init, sizeof(init));
	assert_int_equal(net->sent[THEMIS_PKT_RESP], 1);
}

/* From the first microsecond to centuries later. */
static void from_zero(void **state)
{
	net->now = 0;
	net_introduce(a, b, NULL);
	net_send(a, b);
	net_run(net, SECOND);
	net_assert_agreed(a, b);
	net->now = UINT64_MAX / 4;
	net_expire(a, b);
	net_expire(b, a);
	net_send(b, a);
	net_run(net, net->now + SECOND);
	net_assert_agreed(a, b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(established),
		TEST(asked),
		TEST(answered),
		TEST(cookies),
		TEST(from_zero),
	};

	if (sodium_init() < 0)
		return 1;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
