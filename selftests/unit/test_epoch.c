// SPDX-License-Identifier: GPL-2.0
/*
 * How long and how often a key may be used, and where a new one goes.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/themis.h>

#include "epoch.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define MS	1000000ULL

static void defaults(void **state)
{
	struct themis_epoch e;

	assert_int_equal(themis_epoch_init(&e, 5, 0, 0, 0, 0), 0);
	assert_int_equal(e.born, 5);
	assert_int_equal(e.soft_ns, THEMIS_KEY_SOFT_MS * MS);
	assert_int_equal(e.hard_ns, THEMIS_KEY_HARD_MS * MS);
	assert_int_equal(e.soft_count, THEMIS_KEY_SOFT_COUNT);
	assert_int_equal(e.hard_count, THEMIS_KEY_HARD_COUNT);
}

static void limits_can_be_lowered(void **state)
{
	struct themis_epoch e;

	assert_int_equal(themis_epoch_init(&e, 0, 1, 2, 3, 4), 0);
	assert_int_equal(e.soft_ns, 1 * MS);
	assert_int_equal(e.hard_ns, 2 * MS);
	assert_int_equal(e.soft_count, 3);
	assert_int_equal(e.hard_count, 4);
	assert_int_equal(themis_epoch_init(&e, 0, THEMIS_KEY_SOFT_MS,
					   THEMIS_KEY_HARD_MS,
					   THEMIS_KEY_SOFT_COUNT,
					   THEMIS_KEY_HARD_COUNT), 0);
}

static void limits_are_never_raised(void **state)
{
	const u64 max = UINT64_MAX;
	struct themis_epoch e;

	assert_int_equal(themis_epoch_init(&e, 0, THEMIS_KEY_HARD_MS + 1, 0, 0,
					   0), -ERANGE);
	assert_int_equal(themis_epoch_init(&e, 0, 0, THEMIS_KEY_HARD_MS + 1, 0,
					   0), -ERANGE);
	assert_int_equal(themis_epoch_init(&e, 0, 0, 0,
					   THEMIS_KEY_SOFT_COUNT + 1, 0),
			 -ERANGE);
	assert_int_equal(themis_epoch_init(&e, 0, 0, 0, 0,
					   THEMIS_KEY_HARD_COUNT + 1),
			 -ERANGE);
	/* In nanoseconds these would wrap to something short. */
	assert_int_equal(themis_epoch_init(&e, 0, max, 0, 0, 0), -ERANGE);
	assert_int_equal(themis_epoch_init(&e, 0, 0, max, 0, 0), -ERANGE);
	assert_int_equal(themis_epoch_init(&e, 0, 0, max / MS + 2, 0, 0),
			 -ERANGE);
	assert_int_equal(themis_epoch_init(&e, 0, 0, 0, max, 0), -ERANGE);
	assert_int_equal(themis_epoch_init(&e, 0, 0, 0, 0, max), -ERANGE);
}

static void age(void **state)
{
	static const u64 births[] = { 0, 1, 12345678901234, UINT64_MAX - 5 };

	for (size_t i = 0; i < ARRAY_SIZE(births); i++) {
		u64 born = births[i];
		struct themis_epoch e;

		assert_int_equal(themis_epoch_init(&e, born, 10, 20, 0, 0), 0);
		assert_false(themis_epoch_due(&e, born, 0));
		assert_false(themis_epoch_due(&e, born + 10 * MS - 1, 0));
		assert_true(themis_epoch_due(&e, born + 10 * MS, 0));
		assert_true(themis_epoch_due(&e, born + 100 * MS, 0));
		assert_false(themis_epoch_expired(&e, born));
		assert_false(themis_epoch_expired(&e, born + 20 * MS - 1));
		assert_true(themis_epoch_expired(&e, born + 20 * MS));
		assert_true(themis_epoch_expired(&e, born + 100 * MS));
	}
}

static void count(void **state)
{
	struct themis_epoch e;

	assert_int_equal(themis_epoch_init(&e, 0, 0, 0, 10, 20), 0);
	assert_false(themis_epoch_due(&e, 0, 9));
	assert_true(themis_epoch_due(&e, 0, 10));
	assert_false(themis_epoch_spent(&e, 20));
	assert_true(themis_epoch_spent(&e, 21));

	assert_int_equal(themis_epoch_init(&e, 0, 0, 0, 0, 0), 0);
	assert_false(themis_epoch_spent(&e, THEMIS_KEY_HARD_COUNT));
	assert_true(themis_epoch_spent(&e, THEMIS_KEY_HARD_COUNT + 1));
	assert_true(themis_epoch_spent(&e, UINT64_MAX));
}

/*
 * Documentation/protocol.rst, "First key" and "Rekey": without a key that can
 * be used the initiator sends on the new one at once; with one nobody sends on
 * the new one before the peer has proven it.
 */
static void slot(void **state)
{
	static const struct {
		u32	flags;
		bool	usable;
		u8	slot;
	} rows[] = {
		{ 0, false, THEMIS_SLOT_NEXT },
		{ 0, true, THEMIS_SLOT_NEXT },
		{ THEMIS_KEY_F_INITIATOR, false, THEMIS_SLOT_NEXT },
		{ THEMIS_KEY_F_INITIATOR, true, THEMIS_SLOT_NEXT },
		{ THEMIS_KEY_F_SEND, false, THEMIS_SLOT_CURRENT },
		{ THEMIS_KEY_F_SEND, true, THEMIS_SLOT_NEXT },
		{ THEMIS_KEY_F_CONFIRMED, false, THEMIS_SLOT_CURRENT },
		{ THEMIS_KEY_F_CONFIRMED, true, THEMIS_SLOT_CURRENT },
		{ THEMIS_KEY_F_SEND | THEMIS_KEY_F_CONFIRMED, true,
		  THEMIS_SLOT_CURRENT },
		{ THEMIS_KEY_F_SEND | THEMIS_KEY_F_INITIATOR, false,
		  THEMIS_SLOT_CURRENT },
		{ THEMIS_KEY_F_SEND | THEMIS_KEY_F_INITIATOR, true,
		  THEMIS_SLOT_NEXT },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(themis_epoch_slot(rows[i].flags,
						   rows[i].usable),
				 rows[i].slot);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(limits_can_be_lowered),
		cmocka_unit_test(limits_are_never_raised),
		cmocka_unit_test(age),
		cmocka_unit_test(count),
		cmocka_unit_test(slot),
	};

	return cmocka_run_group_tests_name("epoch", tests, NULL, NULL);
}
