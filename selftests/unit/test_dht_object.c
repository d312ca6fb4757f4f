// SPDX-License-Identifier: GPL-2.0
/*
 * Objects: identity, proof, and what is no object.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "dht_world.h"

static const uint8_t net[] = "test";
static const struct dht_config config;

static enum dht_status check(const uint8_t *b, size_t len, const uint8_t *id,
			     uint64_t at)
{
	struct dht_object object;

	assert_int_equal(0, dht_object_parse(&object, b, len));
	return dht_object_verify(&object, id, 4, at, &config);
}

/* Every changed bit makes it no object, another object, or a forged one. */
static void every_bit_counts(void **state)
{
	uint8_t b[DHT_OBJECT_MAX];
	struct themis_id id, other;
	struct dht_object object;
	enum dht_object_type type;
	size_t len, i;

	for (type = DHT_IMMUTABLE; type < __DHT_OBJECT_MAX; type++) {
		len = world_object(b, type, 1, 5, "value", &id);
		assert_int_equal(DHT_OK, check(b, len, net, WORLD_UNIX));
		for (i = 0; i < 8 * len; i++) {
			b[i / 8] ^= 1 << i % 8;
			if (!dht_object_parse(&object, b, len) &&
			    !dht_object_verify(&object, net, 4, WORLD_UNIX,
					       &config)) {
				assert_int_equal(type, DHT_IMMUTABLE);
				dht_object_id(&object, net, 4, &other);
				assert_false(themis_id_equal(&id, &other));
			}
			b[i / 8] ^= 1 << i % 8;
		}
	}
}

static void other_lengths(void **state)
{
	uint8_t b[DHT_OBJECT_MAX + 1], *copy;
	enum dht_object_type type;
	struct dht_object object;
	size_t len, i;

	for (type = DHT_IMMUTABLE; type < __DHT_OBJECT_MAX; type++) {
		len = world_object(b, type, 1, 5, "value", NULL);
		for (i = 0; i < len; i++) {
			copy = malloc(i ? i : 1);
			memcpy(copy, b, i);
			assert_int_equal(-EINVAL,
					 dht_object_parse(&object, copy, i));
			free(copy);
		}
		assert_int_equal(-EINVAL, dht_object_parse(&object, b,
							   len + 1));
	}
}

static void of_one_network(void **state)
{
	uint8_t b[DHT_OBJECT_MAX];
	struct themis_id id, other;
	struct dht_object object;
	size_t len;

	len = world_object(b, DHT_MUTABLE, 1, 5, "value", &id);
	assert_int_equal(DHT_FORBIDDEN,
			 check(b, len, (const uint8_t *)"tesT", WORLD_UNIX));
	dht_object_parse(&object, b, len);
	dht_object_id(&object, (const uint8_t *)"tesT", 4, &other);
	assert_false(themis_id_equal(&id, &other));
}

static void expires(void **state)
{
	uint8_t b[DHT_OBJECT_MAX];
	size_t len = world_object(b, DHT_MUTABLE, 1, 5, "value", NULL);

	assert_int_equal(DHT_OK, check(b, len, net, WORLD_UNIX + 99999));
	assert_int_equal(DHT_EXPIRED, check(b, len, net, WORLD_UNIX + 100000));
}

static size_t entry(uint8_t *b, struct world_key *owner,
		    struct world_key *granter, uint64_t until)
{
	struct world_key authority;
	struct dht_object object = {
		.type = DHT_ENTRY,
		.name = (const uint8_t *)"service",
		.name_len = 7,
		.seq = 1,
		.expiry = WORLD_UNIX + 1000,
		.until = until,
	};
	uint8_t grant[64];

	world_key(&authority, 100);
	memcpy(object.owner, owner->public_key, 32);
	memcpy(object.authority, authority.public_key, 32);
	assert_int_equal(0, dht_grant_build(&object, grant, net, 4, world_sign,
					    granter));
	assert_int_equal(0, dht_object_build(&object, b, DHT_OBJECT_MAX, net,
					     4, grant, world_sign, owner));
	return object.len;
}

/* Who may be in a set its authority says, and for how long. */
static void granted(void **state)
{
	struct world_key owner, authority;
	struct dht_object object;
	uint8_t b[DHT_OBJECT_MAX];
	size_t len;

	world_key(&owner, 1);
	world_key(&authority, 100);
	len = entry(b, &owner, &authority, WORLD_UNIX + 500);
	assert_int_equal(DHT_OK, check(b, len, net, WORLD_UNIX));
	assert_int_equal(DHT_EXPIRED, check(b, len, net, WORLD_UNIX + 500));
	len = entry(b, &owner, &owner, WORLD_UNIX + 500);
	assert_int_equal(DHT_FORBIDDEN, check(b, len, net, WORLD_UNIX));
	/* Without the grant it is not even built. */
	dht_object_parse(&object, b, len);
	assert_int_equal(-EINVAL, dht_object_build(&object, b, sizeof(b), net,
						   4, NULL, world_sign,
						   &owner));
}

static void bounded(void **state)
{
	static uint8_t value[DHT_VALUE_MAX + 1], b[DHT_OBJECT_MAX];
	struct dht_object object = {
		.type = DHT_IMMUTABLE,
		.value = value,
		.value_len = DHT_VALUE_MAX,
	};

	assert_int_equal(0, dht_object_build(&object, b, sizeof(b), net, 4,
					     NULL, NULL, NULL));
	assert_int_equal(-ENOSPC, dht_object_build(&object, b, 100, net, 4,
						   NULL, NULL, NULL));
	object.value = value;
	object.value_len = DHT_VALUE_MAX + 1;
	assert_int_equal(-EINVAL, dht_object_build(&object, b, sizeof(b), net,
						   4, NULL, NULL, NULL));
	/* A mutable object has a name. */
	object.value_len = 0;
	object.type = DHT_MUTABLE;
	assert_int_equal(-EINVAL, dht_object_build(&object, b, sizeof(b), net,
						   4, NULL, NULL, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_bit_counts),
		cmocka_unit_test(other_lengths),
		cmocka_unit_test(of_one_network),
		cmocka_unit_test(expires),
		cmocka_unit_test(granted),
		cmocka_unit_test(bounded),
	};

	if (sodium_init() < 0)
		return 1;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
