// SPDX-License-Identifier: GPL-2.0
/*
 * Keys that are to be renewed wait for moments of their own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* For the timers, which nobody else sees; the daemon's own are linked, too. */
#define rekey_soon	rekey_soon_seen
#define rekey_stop	rekey_stop_seen
#include "../../userd/rekey.c"
#include "log.h"

#define N	2000

static struct daemon d;

static void announce(unsigned int n)
{
	const union themis_endpoint nowhere = { 0 };
	const struct themis_core_key key = { 0 };
	struct themis_id node = { { 1 } }, peer = { { 2 } };
	unsigned int i;

	for (i = 0; i < n; i++) {
		memcpy(peer.b + 1, &i, sizeof(i));
		rekey_soon(&d, &node, &peer, &key, &nowhere);
	}
}

/* Each within an eighth of a key's time, and evenly over it. */
static void moments_are_spread(void **state)
{
	static const unsigned int limits[] = { 0, 8000 };
	unsigned int i, early;
	const struct rekey *rekey;
	double at, most;

	for (i = 0; i < 2; i++) {
		d.rekey_ms = limits[i];
		most = (limits[i] ? limits[i] : THEMIS_KEY_SOFT_MS) / 8e3;
		ev_now_update(d.loop);
		announce(N);
		assert_int_equal(d.nrekeys, N);
		early = 0;
		for (rekey = d.rekeys; rekey; rekey = rekey->next) {
			at = ev_timer_remaining(d.loop,
						(ev_timer *)&rekey->timer);
			assert_true(at <= most);
			early += at < most / 2;
		}
		/* A half, by nine standard deviations. */
		assert_in_range(early, N / 2 - 200, N / 2 + 200);
		rekey_stop(&d);
		assert_int_equal(d.nrekeys, 0);
		assert_null(d.rekeys);
	}
}

static void each_comes_to_its_end(void **state)
{
	d.rekey_ms = 400;
	announce(N);
	while (d.nrekeys)
		ev_run(d.loop, EVRUN_ONCE);
	assert_null(d.rekeys);
}

/* What comes beyond is told at once, and takes no memory. */
static void so_many_may_wait(void **state)
{
	d.rekey_ms = 0;
	announce(REKEYS_MAX + N);
	assert_int_equal(d.nrekeys, REKEYS_MAX);
	rekey_stop(&d);
	announce(1);
	assert_int_equal(d.nrekeys, 1);
	rekey_stop(&d);
}

static int setup(void **state)
{
	log_init(LOG_LEVEL_ERROR);
	d.loop = ev_default_loop(EVFLAG_NOENV);
	return !d.loop || drive_start(&d);
}

static int teardown(void **state)
{
	drive_stop(&d);
	ev_loop_destroy(d.loop);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moments_are_spread),
		cmocka_unit_test(each_comes_to_its_end),
		cmocka_unit_test(so_many_may_wait),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
