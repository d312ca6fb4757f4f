// SPDX-License-Identifier: GPL-2.0
/*
 * What is told of peers, and how often.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "log.h"
#include "tell.h"

static void why_in_detail(void **state)
{
	union themis_endpoint at = { 0 };
	char text[TELL_WHY];

	assert_string_equal(tell_why(THEMIS_WHY_NONE, &at, 5, 1, text), "");
	assert_string_equal(tell_why(THEMIS_WHY_NO_ANSWER, &at, 0, 0, text),
			    "no answer");
	at.in.sin_family = AF_INET;
	at.in.sin_port = htons(7000);
	at.in.sin_addr.s_addr = htonl(0xc0000207);
	assert_string_equal(tell_why(THEMIS_WHY_NO_ANSWER, &at, 5, 9000123,
				     text),
			    "no answer from 192.0.2.7:7000 to 5 tries in 9 s");
	assert_string_equal(tell_why(THEMIS_WHY_NO_ANSWER, &at, 1, 400000,
				     text),
			    "no answer from 192.0.2.7:7000 to 1 try in 0 s");
	assert_string_equal(tell_why(THEMIS_WHY_UNLISTED, &at, 1, 100, text),
			    "peer refuses: not in its allow list");
	/* The longest address and numbers. */
	memset(&at, 0xfe, sizeof(at));
	at.in6.sin6_family = AF_INET6;
	tell_why(THEMIS_WHY_NO_ANSWER, &at, UINT32_MAX, UINT64_MAX - 500000,
		 text);
	assert_non_null(strstr(text, " s"));
}

static void names(void **state)
{
	unsigned int why, other;

	for (why = 0; why < __THEMIS_WHY_MAX; why++) {
		assert_string_not_equal(tell_why_name(why), "unknown");
		for (other = 0; other < why; other++)
			assert_string_not_equal(tell_why_name(why),
						tell_why_name(other));
	}
	assert_string_equal(tell_why_name(__THEMIS_WHY_MAX), "unknown");
	assert_string_equal(tell_state_name(THEMIS_PEER_FAILED), "failed");
	assert_string_equal(tell_state_name(THEMIS_PEER_FAILED + 1),
			    "unknown");
}

/* So many in a time, and then silence. */
static void within(void **state)
{
	struct log_limit limit = { .lines = 3, .seconds = 3600 };
	unsigned int i, said = 0;

	for (i = 0; i < 1000; i++)
		said += log_within(&limit, "things");
	assert_int_equal(said, 3);
	assert_int_equal(limit.left_out, 997);
	/* The time is over. */
	limit.seconds = 0;
	assert_true(log_within(&limit, "things"));
	assert_int_equal(limit.left_out, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(why_in_detail),
		cmocka_unit_test(names),
		cmocka_unit_test(within),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
