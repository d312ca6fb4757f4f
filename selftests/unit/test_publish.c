// SPDX-License-Identifier: GPL-2.0
/*
 * What our own nodes have stored is stored again in time, also where that fails
 * at first, and where the daemon dies while it does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

time_t time_seen(time_t *at);

/* The file, with a clock, a disk and a network of the test's own. */
#define publish_renew		publish_renew_seen
#define publish_due		publish_due_seen
#define publish_half		publish_half_seen
#define time			time_seen
#define daemon_now		daemon_now_seen
#define directory_begin		directory_begin_seen
#define directory_now		directory_now_seen
#define directory_soon		directory_soon_seen
#define directory_wait		directory_wait_seen
#define disk_published		disk_published_seen
#define disk_publish_stored	disk_publish_stored_seen
#define dht_net_params		dht_net_params_seen
#define dht_store		dht_store_seen
#define store_sign_again	store_sign_again_seen
#include "../../userd/directory_publish.c"

#define START	1000000
#define TTL	20

static uint64_t seconds;
static struct publication row;
static struct wait *waiting;
static bool room;
static unsigned int stores;

static struct directory dir;
static struct network network;
static struct member member = { .dir = &dir, .network = &network };

time_t time_seen(time_t *at)
{
	return seconds;
}

uint64_t daemon_now_seen(void)
{
	return seconds * 1000000;
}

uint64_t directory_now_seen(struct directory *of)
{
	return daemon_now_seen();
}

void directory_soon_seen(struct directory *of)
{
}

void directory_begin_seen(struct member *of, struct wait *wait)
{
	wait->member = of;
}

int directory_wait_seen(struct member *of, struct wait *wait, uint64_t op,
			void (*done)(struct wait *wait,
				     const struct dht_action *act))
{
	assert_null(waiting);
	if (!room)
		return -1;
	wait->done = done;
	waiting = wait;
	stores++;
	return 0;
}

void disk_published_seen(struct member *of,
			 enum publish_verdict (*cb)(void *ctx,
						    const struct themis_id *id,
						    struct publication *p),
			 void *ctx)
{
	const struct themis_id id = { { 1 } };
	struct publication p = row;

	if (cb(ctx, &id, &p) == PUBLISH_WRITE)
		row.stored = p.stored;
}

void disk_publish_stored_seen(struct member *of, const uint8_t *b, size_t len,
			      uint64_t now)
{
	row.stored = now;
}

const struct dht_params *dht_net_params_seen(const struct dht_net *net)
{
	static const struct dht_params params = { .keep = 3600 };

	return &params;
}

uint64_t dht_store_seen(struct dht_node *node, uint64_t now,
			const uint8_t *object, size_t len)
{
	return 1;
}

int store_sign_again_seen(struct member *of, struct publication *p,
			  uint8_t b[DHT_OBJECT_MAX])
{
	p->b = b;
	return 0;
}

/* The store that is under way ends. */
static void end(enum dht_outcome outcome)
{
	const struct dht_action act = { .result.outcome = outcome };
	struct wait *wait = waiting;

	waiting = NULL;
	wait->done(wait, &act);
}

/* Goes on to the next store; how many seconds that takes. */
static uint64_t next_store(void)
{
	uint64_t since = seconds;
	unsigned int before = stores;

	while (stores == before && seconds < since + 1000) {
		seconds++;
		publish_renew_seen(&member);
	}
	return seconds - since;
}

/* As it is when the daemon starts. */
static int setup(void **state)
{
	static const uint8_t object[DHT_OBJECT_MAX];

	seconds = START;
	waiting = NULL;
	room = true;
	member.renew_at = 0;
	memset(&dir.count, 0, sizeof(dir.count));
	row = (struct publication){
		.b = object,
		.len = sizeof(object),
		.until = PUBLISH_ALWAYS,
		.stored = START,
		.ttl = TTL,
	};
	return 0;
}

static void at_half_of_its_time(void **state)
{
	unsigned int i;

	for (i = 0; i < 5; i++) {
		assert_int_equal(next_store(), TTL / 2);
		end(DHT_DONE);
		assert_int_equal(row.stored, seconds);
	}
	assert_int_equal(dir.count.n[DIRECTORY_N_RENEWED], 5);
}

static void what_takes_long_counts_when_it_is_done(void **state)
{
	next_store();
	seconds++;
	end(DHT_DONE);
	assert_int_equal(row.stored, seconds);
	assert_int_equal(next_store(), TTL / 2);
	end(DHT_DONE);
}

static void a_failure_is_made_good_before_it_expires(void **state)
{
	uint64_t signed_at = START;

	next_store();
	do {
		end(DHT_NO_QUORUM);
		assert_in_range(next_store(), 1, TTL / 8);
	} while (seconds < signed_at + TTL - TTL / 8);
	end(DHT_DONE);
	assert_int_equal(next_store(), TTL / 2);
	end(DHT_DONE);
}

static void who_has_a_newer_one_has_no_need(void **state)
{
	const struct dht_action act = {
		.result.outcome = DHT_REFUSED,
		.result.status = DHT_OLD,
	};
	struct wait *wait;

	next_store();
	wait = waiting;
	waiting = NULL;
	wait->done(wait, &act);
	assert_int_equal(next_store(), TTL / 2);
	end(DHT_DONE);
}

static void death_meanwhile_is_made_good(void **state)
{
	next_store();
	/* The end of the member is no end of the store. */
	waiting->done(waiting, NULL);
	waiting = NULL;
	member.renew_at = 0;
	assert_in_range(next_store(), 1, TTL / 8);
	end(DHT_DONE);
}

static void without_room_it_waits(void **state)
{
	unsigned int before = stores;

	room = false;
	seconds += TTL / 2;
	publish_renew_seen(&member);
	assert_int_equal(stores, before);
	room = true;
	assert_in_range(next_store(), 1, TTL / 8);
	end(DHT_DONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(at_half_of_its_time, setup),
		cmocka_unit_test_setup(what_takes_long_counts_when_it_is_done,
				       setup),
		cmocka_unit_test_setup(a_failure_is_made_good_before_it_expires,
				       setup),
		cmocka_unit_test_setup(who_has_a_newer_one_has_no_need, setup),
		cmocka_unit_test_setup(death_meanwhile_is_made_good, setup),
		cmocka_unit_test_setup(without_room_it_waits, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
