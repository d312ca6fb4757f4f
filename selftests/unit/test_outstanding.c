// SPDX-License-Identifier: GPL-2.0
/* Commands that wait for their responses: every edge, and against a model. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "outstanding.h"

#define PLACES	16
#define MAX	8

struct fixture {
	struct themis_command		place[PLACES];
	struct themis_outstanding	out;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	f->out.place = f->place;
	f->out.mask = PLACES - 1;
	f->out.max = MAX;
	*state = f;

	return 0;
}

static int teardown(void **state)
{
	free(*state);

	return 0;
}

static void answered_once(void **state)
{
	struct fixture *f = *state;
	u64 tag = 0;

	assert_false(themis_outstanding_take(&f->out, 1, 5, 0, &tag));
	assert_int_equal(0, themis_outstanding_add(&f->out, 1, 5, 77, 100, 0));
	assert_true(themis_outstanding_take(&f->out, 1, 5, 99, &tag));
	assert_int_equal(77, tag);
	assert_false(themis_outstanding_take(&f->out, 1, 5, 99, &tag));
	assert_int_equal(0, f->out.count);
}

static void another_session_or_sequence(void **state)
{
	struct fixture *f = *state;
	u64 tag;

	assert_int_equal(0, themis_outstanding_add(&f->out, 1, 5, 1, 100, 0));
	assert_false(themis_outstanding_take(&f->out, 2, 5, 0, &tag));
	assert_false(themis_outstanding_take(&f->out, 1, 6, 0, &tag));
	assert_false(themis_outstanding_take(&f->out, 1, 4, 0, &tag));
	assert_int_equal(1, f->out.count);
}

static void late(void **state)
{
	struct fixture *f = *state;
	u64 tag;

	assert_int_equal(0, themis_outstanding_add(&f->out, 1, 5, 1, 100, 0));
	assert_false(themis_outstanding_take(&f->out, 1, 5, 100, &tag));
	assert_int_equal(0, f->out.count);
}

static void bounded(void **state)
{
	struct fixture *f = *state;
	u64 tag;
	int i;

	for (i = 0; i < MAX; i++)
		assert_int_equal(0, themis_outstanding_add(&f->out, 1, i + 1, i,
							   100 + i, 0));
	assert_int_equal(-ENOBUFS, themis_outstanding_add(&f->out, 1, 99, 0,
							  100, 0));
	assert_int_equal(-ENOBUFS, themis_outstanding_add(&f->out, 1, 99, 0,
							  500, 99));
	/* One is past its deadline: it makes room, and is forgotten. */
	assert_int_equal(0, themis_outstanding_add(&f->out, 1, 99, 9, 500,
						   100));
	assert_false(themis_outstanding_take(&f->out, 1, 1, 100, &tag));
	assert_true(themis_outstanding_take(&f->out, 1, 99, 100, &tag));
	assert_int_equal(9, tag);
	for (i = 1; i < MAX; i++) {
		assert_true(themis_outstanding_take(&f->out, 1, i + 1, 100,
						    &tag));
		assert_int_equal(i, tag);
	}
	assert_int_equal(0, f->out.count);
}

/* Against a plain list, with few enough places that all of them collide. */
static void against_a_model(void **state)
{
	struct themis_command model[MAX] = {};
	struct fixture *f = *state;
	unsigned int seed = 20220823;
	u64 now = 1;
	u64 seq = 1;
	long step;
	u64 tag;
	int i;

	for (step = 0; step < 200000; step++) {
		now += rand_r(&seed) % 3;
		if (rand_r(&seed) % 2) {
			u64 session = 1 + rand_r(&seed) % 3;
			u64 deadline = now + rand_r(&seed) % 40;
			int used = 0, old = 0;

			for (i = 0; i < MAX; i++) {
				used += !!model[i].session;
				old += model[i].session &&
				       model[i].deadline <= now;
			}
			if (used == MAX && old)
				for (i = 0; i < MAX; i++)
					if (model[i].deadline <= now)
						model[i].session = 0;
			i = themis_outstanding_add(&f->out, session, seq,
						   seq * 3, deadline, now);
			if (used == MAX && !old) {
				assert_int_equal(-ENOBUFS, i);
				continue;
			}
			assert_int_equal(0, i);
			for (i = 0; model[i].session; i++)
				;
			model[i].session = session;
			model[i].seq = seq;
			model[i].tag = seq * 3;
			model[i].deadline = deadline;
			seq += 1 + rand_r(&seed) % 5;
		} else {
			u64 session = 1 + rand_r(&seed) % 3;
			u64 want = seq - rand_r(&seed) % 30;
			bool expected = false;

			for (i = 0; i < MAX; i++)
				if (model[i].session == session &&
				    model[i].seq == want) {
					expected = now < model[i].deadline;
					model[i].session = 0;
				}
			tag = 0;
			assert_int_equal(expected,
					 themis_outstanding_take(&f->out,
								 session, want,
								 now, &tag));
			if (expected)
				assert_int_equal(want * 3, tag);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(answered_once, setup,
						teardown),
		cmocka_unit_test_setup_teardown(another_session_or_sequence,
						setup, teardown),
		cmocka_unit_test_setup_teardown(late, setup, teardown),
		cmocka_unit_test_setup_teardown(bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(against_a_model, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
