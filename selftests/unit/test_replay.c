// SPDX-License-Identifier: GPL-2.0
/*
 * The replay window, at its edges and against a model that remembers
 * everything.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replay.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define WINDOW	THEMIS_REPLAY_WINDOW

static void zero_is_no_sequence(void **state)
{
	struct themis_replay r = {};

	assert_false(themis_replay_check(&r, 0));
	assert_false(themis_replay_update(&r, 0));
	assert_true(themis_replay_update(&r, 1));
	assert_false(themis_replay_check(&r, 0));
	assert_false(themis_replay_update(&r, 0));
}

static void each_is_accepted_once(void **state)
{
	struct themis_replay r = {};

	for (u64 seq = 1; seq < 5 * THEMIS_REPLAY_BITS; seq++) {
		assert_true(themis_replay_check(&r, seq));
		assert_true(themis_replay_update(&r, seq));
		assert_false(themis_replay_check(&r, seq));
		assert_false(themis_replay_update(&r, seq));
		assert_int_equal(r.greatest, seq);
	}
}

static void check_changes_nothing(void **state)
{
	struct themis_replay r = {}, before;

	assert_true(themis_replay_update(&r, 100));
	before = r;
	themis_replay_check(&r, 99);
	themis_replay_check(&r, 100);
	themis_replay_check(&r, 101);
	themis_replay_check(&r, UINT64_MAX);
	assert_memory_equal(&r, &before, sizeof(r));
	/* Nor does an update that is refused. */
	assert_false(themis_replay_update(&r, 100));
	assert_memory_equal(&r, &before, sizeof(r));
}

/* The window is as long whatever the place of its head in a word. */
static void edges(void **state)
{
	for (u64 top = WINDOW + 1; top < WINDOW + 200; top++) {
		struct themis_replay r = {};

		assert_true(themis_replay_update(&r, top));
		assert_false(themis_replay_check(&r, top));
		assert_true(themis_replay_check(&r, top - 1));
		assert_true(themis_replay_check(&r, top - WINDOW + 1));
		assert_false(themis_replay_check(&r, top - WINDOW));
		assert_false(themis_replay_update(&r, top - WINDOW));
		assert_true(themis_replay_update(&r, top - WINDOW + 1));
		assert_false(themis_replay_check(&r, top - WINDOW + 1));
	}
}

static void backwards(void **state)
{
	struct themis_replay r = {};
	const u64 top = 100000;

	assert_true(themis_replay_update(&r, top));
	for (u64 back = 1; back < WINDOW; back++)
		assert_true(themis_replay_update(&r, top - back));
	for (u64 back = 0; back < 2 * WINDOW; back++)
		assert_false(themis_replay_check(&r, top - back));
	assert_int_equal(r.greatest, top);
}

/* What a jump leaves behind is forgotten, what it skips is free. */
static void jumps(void **state)
{
	static const u64 by[] = {
		1, 63, 64, 65, 127, 128, WINDOW - 1, WINDOW, WINDOW + 1,
		THEMIS_REPLAY_BITS - 1, THEMIS_REPLAY_BITS,
		THEMIS_REPLAY_BITS + 1, 2 * THEMIS_REPLAY_BITS - 1,
		2 * THEMIS_REPLAY_BITS, 100 * THEMIS_REPLAY_BITS, 1ULL << 32,
		1ULL << 40, 1ULL << 62,
	};

	for (size_t i = 0; i < ARRAY_SIZE(by); i++) {
		struct themis_replay r = {};
		u64 top = 5000;

		for (u64 seq = 1; seq <= top; seq++)
			assert_true(themis_replay_update(&r, seq));
		top += by[i];
		assert_true(themis_replay_update(&r, top));
		for (u64 back = 0; back < 2 * THEMIS_REPLAY_BITS; back++) {
			u64 seq = top - back;
			int free = back && back < WINDOW && seq > 5000;

			assert_int_equal(themis_replay_check(&r, seq), free);
		}
	}
}

/* Where sequences end nothing wraps around. */
static void limit(void **state)
{
	const u64 max = UINT64_MAX;
	struct themis_replay r = {};

	assert_true(themis_replay_update(&r, 1));
	assert_true(themis_replay_update(&r, max));
	assert_false(themis_replay_check(&r, max));
	assert_false(themis_replay_check(&r, 0));
	assert_false(themis_replay_check(&r, 1));
	assert_false(themis_replay_check(&r, 2));
	assert_true(themis_replay_check(&r, max - WINDOW + 1));
	assert_false(themis_replay_check(&r, max - WINDOW));
	for (u64 back = 1; back < WINDOW; back++)
		assert_true(themis_replay_update(&r, max - back));
	for (u64 back = 0; back < 2 * WINDOW; back++)
		assert_false(themis_replay_check(&r, max - back));
}

/*
 * The model: every sequence of a small range, seen or not. The steps are as a
 * network's: mostly forward, often a little back, sometimes far.
 */
#define RANGE	200000

static void against_a_model(void **state)
{
	static unsigned char seen[RANGE];

	for (unsigned int seed = 1; seed <= 20; seed++) {
		struct themis_replay r = {};
		/* The same all along, near zero and near the end. */
		u64 base = seed % 2 ? 0 : UINT64_MAX - RANGE;
		u64 top = 0;

		memset(seen, 0, sizeof(seen));
		srandom(seed);
		if (base)
			assert_true(themis_replay_update(&r, base));
		for (int i = 0; i < 50000; i++) {
			u64 at = top;
			int want;

			switch (random() % 8) {
			case 0:
				at -= random() % (2 * WINDOW);
				break;
			case 1:
				at -= random() % 70;
				break;
			case 2:
				at -= WINDOW - 3 + random() % 6;
				break;
			case 3:
				at += random() % 70;
				break;
			case 4:
				if (random() % 500 == 0)
					at += random() % (3 * WINDOW);
				break;
			default:
				at++;
			}
			if (at >= RANGE || !at)
				continue;
			want = !seen[at] && (at > top || top - at < WINDOW);
			assert_int_equal(themis_replay_check(&r, base + at),
					 want);
			assert_int_equal(themis_replay_update(&r, base + at),
					 want);
			if (want)
				seen[at] = 1;
			if (at > top)
				top = at;
		}
		assert_true(top > 10000);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(zero_is_no_sequence),
		cmocka_unit_test(each_is_accepted_once),
		cmocka_unit_test(check_changes_nothing),
		cmocka_unit_test(edges),
		cmocka_unit_test(backwards),
		cmocka_unit_test(jumps),
		cmocka_unit_test(limit),
		cmocka_unit_test(against_a_model),
	};

	return cmocka_run_group_tests_name("replay", tests, NULL, NULL);
}
