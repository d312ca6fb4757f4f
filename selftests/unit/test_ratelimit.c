// SPDX-License-Identifier: GPL-2.0
/*
 * How often one source may knock.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ratelimit.h"

#define SECOND	1000000000ULL
#define STEP	(SECOND / THEMIS_RATE_PER_SECOND)

static struct themis_ratelimit limit;

static int reset(void **state)
{
	memset(&limit, 0, sizeof(limit));
	return 0;
}

static unsigned int knock(u64 source, u64 now, unsigned int times)
{
	unsigned int allowed = 0;

	while (times--)
		allowed += themis_ratelimit_allow(&limit, source, now);
	return allowed;
}

static void burst(void **state)
{
	assert_int_equal(knock(1, 0, 100), THEMIS_RATE_BURST);
	assert_int_equal(knock(1, 0, 100), 0);
	assert_int_equal(knock(1, STEP - 1, 100), 0);
	assert_int_equal(knock(1, STEP, 100), 1);
	assert_int_equal(knock(1, 2 * STEP, 100), 1);
}

/* However long a source has been quiet, it has saved up one burst. */
static void refill_is_bounded(void **state)
{
	assert_int_equal(knock(1, 0, 100), THEMIS_RATE_BURST);
	assert_int_equal(knock(1, 3600 * SECOND, 100), THEMIS_RATE_BURST);
	assert_int_equal(knock(1, UINT64_MAX, 100), THEMIS_RATE_BURST);
}

/* Knocking without pause does not keep a bucket from filling. */
static void steady(void **state)
{
	unsigned int allowed = 0;

	for (u64 now = 0; now < 10 * SECOND; now += SECOND / 1000)
		allowed += knock(1, now, 1);
	assert_in_range(allowed, 10 * THEMIS_RATE_PER_SECOND,
			10 * THEMIS_RATE_PER_SECOND + THEMIS_RATE_BURST);
}

static void sources_are_apart(void **state)
{
	for (u64 source = 1; source < THEMIS_RATE_BUCKETS; source++)
		assert_int_equal(knock(source, 0, 100), THEMIS_RATE_BURST);
	for (u64 source = 1; source < THEMIS_RATE_BUCKETS; source++)
		assert_int_equal(knock(source, 0, 1), 0);
}

/* A flood of sources makes the limit lax, and never strict for a newcomer. */
static void more_sources_than_room(void **state)
{
	srandom(18);
	for (int i = 0; i < 100000; i++) {
		u64 source = ((u64)random() << 31 | random()) | 1;

		assert_int_equal(knock(source, 0, 1), 1);
	}
	assert_int_equal(knock(1ULL << 63 | 1, 0, 100), THEMIS_RATE_BURST);
}

/* Never more than the rate and one burst, in any span of time. */
static void against_a_model(void **state)
{
	static u64 times[20000];
	unsigned int n = 0;
	u64 now = 0;

	srandom(18);
	for (int i = 0; i < 20000; i++) {
		if (random() % 4 == 0)
			now += random() % (random() % 50 ? STEP : 20 * STEP);
		if (themis_ratelimit_allow(&limit, 7, now))
			times[n++] = now;
	}
	assert_true(n > 1000);
	for (unsigned int i = 0; i < n; i++)
		for (unsigned int j = i; j < n && j < i + 200; j++)
			assert_true(j - i + 1 <= THEMIS_RATE_BURST +
				    (times[j] - times[i]) / STEP + 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(burst, reset),
		cmocka_unit_test_setup(refill_is_bounded, reset),
		cmocka_unit_test_setup(steady, reset),
		cmocka_unit_test_setup(sources_are_apart, reset),
		cmocka_unit_test_setup(more_sources_than_room, reset),
		cmocka_unit_test_setup(against_a_model, reset),
	};

	return cmocka_run_group_tests_name("ratelimit", tests, NULL, NULL);
}
