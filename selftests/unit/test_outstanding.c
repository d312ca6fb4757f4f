// SPDX-License-Identifier: GPL-2.0
/*
 * Commands that wait for their responses, against a list that anybody can
 * check by eye.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "outstanding.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static struct themis_outstanding out;

static void make(u32 max, u32 places)
{
	free(out.place);
	memset(&out, 0, sizeof(out));
	out.place = calloc(places, sizeof(*out.place));
	assert_non_null(out.place);
	out.mask = places - 1;
	out.max = max;
}

static int unmake(void **state)
{
	free(out.place);
	out.place = NULL;
	return 0;
}

static void taken_once(void **state)
{
	u64 tag = 0;

	make(4, 8);
	assert_int_equal(themis_outstanding_add(&out, 1, 10, 77, 100, 0), 0);
	assert_false(themis_outstanding_take(&out, 1, 11, 0, &tag));
	assert_false(themis_outstanding_take(&out, 2, 10, 0, &tag));
	assert_true(themis_outstanding_take(&out, 1, 10, 99, &tag));
	assert_int_equal(tag, 77);
	assert_false(themis_outstanding_take(&out, 1, 10, 99, &tag));
	assert_int_equal(out.count, 0);
}

static void nothing_waits(void **state)
{
	u64 tag;

	make(4, 8);
	assert_false(themis_outstanding_take(&out, 1, 0, 0, &tag));
	/* Not even a table, before the first command. */
	unmake(NULL);
	memset(&out, 0, sizeof(out));
	assert_false(themis_outstanding_take(&out, 1, 1, 0, &tag));
}

static void deadline(void **state)
{
	u64 tag;

	make(4, 8);
	themis_outstanding_add(&out, 1, 1, 1, 100, 0);
	themis_outstanding_add(&out, 1, 2, 2, 100, 0);
	assert_true(themis_outstanding_take(&out, 1, 1, 99, &tag));
	assert_false(themis_outstanding_take(&out, 1, 2, 100, &tag));
	assert_int_equal(out.count, 0);
}

static void bound(void **state)
{
	u64 tag;

	make(4, 8);
	for (u64 seq = 1; seq <= 4; seq++)
		assert_int_equal(themis_outstanding_add(&out, 1, seq, seq,
							100 * seq, 0), 0);
	assert_int_equal(themis_outstanding_add(&out, 1, 5, 5, 900, 99),
			 -ENOBUFS);
	/* Who has waited too long makes room, and only they. */
	assert_int_equal(themis_outstanding_add(&out, 1, 5, 5, 900, 200), 0);
	assert_int_equal(themis_outstanding_add(&out, 1, 6, 6, 900, 200), 0);
	assert_int_equal(themis_outstanding_add(&out, 1, 7, 7, 900, 200),
			 -ENOBUFS);
	assert_false(themis_outstanding_take(&out, 1, 1, 200, &tag));
	assert_false(themis_outstanding_take(&out, 1, 2, 200, &tag));
	for (u64 seq = 3; seq <= 6; seq++)
		assert_true(themis_outstanding_take(&out, 1, seq, 200, &tag));
}

struct waiting {
	u64	session;
	u64	seq;
	u64	tag;
	u64	deadline;
};

static u32 expire(struct waiting *list, u32 n, u64 now)
{
	u32 left = 0;

	for (u32 i = 0; i < n; i++)
		if (list[i].deadline > now)
			list[left++] = list[i];
	return left;
}

/* Small tables collide all the time; few sessions and sequences do, too. */
static void against_a_list(void **state)
{
	static const u32 sizes[] = { 1, 2, 3, 7, 16, 64 };
	struct waiting list[64];

	for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
		u32 max = sizes[s], places = 1, n = 0;
		u64 now = 0, next = 1;

		while (places < 2 * max)
			places *= 2;
		make(max, places);
		srandom(18 + s);
		for (int i = 0; i < 100000; i++) {
			u64 session = 1 + random() % 3;
			u64 seq = next - random() % 200, tag = 0;
			bool want = false;
			u32 j = 0;

			now += random() % 3;
			if (random() % 2) {
				struct waiting w = {
					.session = session,
					.seq = next++,
					.tag = random(),
					.deadline = now + random() % 300,
				};
				int err;

				if (n == max)
					n = expire(list, n, now);
				err = themis_outstanding_add(&out, w.session,
							     w.seq, w.tag,
							     w.deadline, now);
				assert_int_equal(err, n == max ? -ENOBUFS : 0);
				if (!err)
					list[n++] = w;
				assert_int_equal(out.count, n);
				continue;
			}
			for (j = 0; j < n; j++)
				if (list[j].session == session &&
				    list[j].seq == seq)
					break;
			if (j < n)
				want = now < list[j].deadline;
			assert_int_equal(themis_outstanding_take(&out, session,
								 seq, now,
								 &tag), want);
			if (want)
				assert_int_equal(tag, list[j].tag);
			if (j < n)
				list[j] = list[--n];
			assert_int_equal(out.count, n);
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(taken_once, unmake),
		cmocka_unit_test_teardown(nothing_waits, unmake),
		cmocka_unit_test_teardown(deadline, unmake),
		cmocka_unit_test_teardown(bound, unmake),
		cmocka_unit_test_teardown(against_a_list, unmake),
	};

	return cmocka_run_group_tests_name("outstanding", tests, NULL, NULL);
}
