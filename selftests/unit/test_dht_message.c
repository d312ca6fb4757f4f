// SPDX-License-Identifier: GPL-2.0
/*
 * Messages of the directory: one encoding of each, and nothing else is taken.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include <sodium.h>

#include "core_net.h"
#include "message.h"

static uint64_t dice = 5;

/* Takes it apart, puts it together, and compares. Return: its type, or 0. */
static unsigned int round_trip(const uint8_t *b, size_t len)
{
	uint8_t again[DHT_MESSAGE_MAX];
	struct dht_message m;

	if (dht_message_parse(&m, b, len))
		return 0;
	assert_int_equal(dht_message_put(&m, again), len);
	assert_memory_equal(again, b, len);
	return m.type;
}

static void some_contact(struct dht_contact *contact)
{
	net_random(&dice, contact->id.b, sizeof(contact->id.b));
	net_random(&dice, contact->addr, sizeof(contact->addr));
	contact->port = 4711;
	contact->work = 0x0123456789abcdefULL;
}

static size_t make(uint8_t *b, enum dht_type type, bool response,
		   unsigned int contacts, unsigned int objects)
{
	uint8_t c[DHT_CONTACTS_MAX * DHT_CONTACT_LEN], o[DHT_OBJECT_ROOM];
	uint8_t digests[4 * DHT_DIGEST_LEN];
	struct dht_message m = {
		.type = type,
		.response = response,
		.work = 77,
		.limit = 8,
		.n_objects = objects,
		.netid = "net",
		.netid_len = 3,
		.n_digests = 4,
		.contacts = c,
		.objects = o,
		.digests = digests,
	};
	struct dht_contact contact;
	unsigned int i;

	memset(m.to.b, 0xff, sizeof(m.to.b));
	net_random(&dice, m.target.b, sizeof(m.target.b));
	net_random(&dice, digests, sizeof(digests));
	if (response) {
		m.n_contacts = contacts;
		m.lease = 60;
		m.since = 9;
		some_contact(&m.seen);
	}
	for (i = 0; i < contacts; i++) {
		some_contact(&contact);
		dht_contact_put(&contact, c + i * DHT_CONTACT_LEN);
	}
	for (i = 0; i < objects; i++)
		m.objects_len += dht_object_put(o + m.objects_len,
						sizeof(o) - m.objects_len,
						(uint8_t *)"object", 6, 30);
	return dht_message_put(&m, b);
}

static void one_encoding(void **state)
{
	uint8_t b[DHT_MESSAGE_MAX];
	size_t len;
	int type;

	for (type = DHT_FIND; type < __DHT_TYPE_MAX; type++) {
		len = make(b, type, false, 0, type == DHT_STORE ||
			   type == DHT_LEAVE);
		assert_int_equal(round_trip(b, len), type);
		len = make(b, type, true, 0, 0);
		assert_int_equal(round_trip(b, len), type);
		len = make(b, type, true, DHT_CONTACTS_MAX, 5);
		assert_int_equal(round_trip(b, len), type);
	}
}

/* Every length but the right one is refused, and no byte is read beyond. */
static void cut_and_long(void **state)
{
	uint8_t b[DHT_MESSAGE_MAX + 1] = { 0 }, *copy;
	struct dht_message m;
	size_t len, i;
	int type;

	for (type = DHT_FIND; type < __DHT_TYPE_MAX; type++) {
		len = make(b, type, type & 1, 3 * (type & 1),
			   type == DHT_STORE || type == DHT_LEAVE);
		for (i = 0; i < len; i++) {
			copy = malloc(i ? i : 1);
			memcpy(copy, b, i);
			assert_int_equal(-EINVAL,
					 dht_message_parse(&m, copy, i));
			free(copy);
		}
		assert_int_equal(-EINVAL, dht_message_parse(&m, b, len + 1));
	}
}

/* What a changed byte leads to is refused, or another message of one kind. */
static void changed_bytes(void **state)
{
	uint8_t b[DHT_MESSAGE_MAX];
	unsigned int refused = 0;
	size_t len, i;
	int type, bit;

	for (type = DHT_FIND; type < __DHT_TYPE_MAX; type++) {
		len = make(b, type, type & 1, 2, type == DHT_STORE);
		for (i = 0; i < len; i++) {
			for (bit = 0; bit < 8; bit++) {
				b[i] ^= 1 << bit;
				refused += !round_trip(b, len);
				b[i] ^= 1 << bit;
			}
		}
	}
	/* Version, type, status, lengths, counts and what is reserved. */
	assert_true(refused > 300);
}

static void noise(void **state)
{
	uint8_t b[600];
	uint64_t len;
	int i;

	for (i = 0; i < 200000; i++) {
		net_random(&dice, &len, sizeof(len));
		len %= sizeof(b);
		net_random(&dice, b, len);
		if (len > 3) {
			b[0] = DHT_VERSION;
			b[1] = (b[1] & 0x87) % 6 | (b[1] & 0x80);
			b[2] = 0;
			b[3] = 0;
		}
		round_trip(b, len);
	}
}

static void bounds(void **state)
{
	uint8_t b[DHT_MESSAGE_MAX];
	struct dht_message m;
	size_t len;

	/* Too many contacts wanted, an unknown flag, a range upside down. */
	len = make(b, DHT_FIND, false, 0, 0);
	b[52] = DHT_CONTACTS_MAX + 1;
	assert_int_equal(-EINVAL, dht_message_parse(&m, b, len));
	b[52] = 1;
	b[53] = 0x80;
	assert_int_equal(-EINVAL, dht_message_parse(&m, b, len));
	len = make(b, DHT_UPDATE, false, 0, 0);
	memset(b + 44, 0, 32);
	assert_int_equal(-EINVAL, dht_message_parse(&m, b, len));
	/* A netid with something behind its end, or of no length. */
	len = make(b, DHT_JOIN, false, 0, 0);
	b[16 + 3] = 1;
	assert_int_equal(-EINVAL, dht_message_parse(&m, b, len));
	len = make(b, DHT_JOIN, false, 0, 0);
	b[12] = 0;
	assert_int_equal(-EINVAL, dht_message_parse(&m, b, len));
	/* A store is of one object. */
	len = make(b, DHT_STORE, false, 0, 2);
	assert_int_equal(-EINVAL, dht_message_parse(&m, b, len));
	/* A status in a command, and an unknown one in a response. */
	len = make(b, DHT_FIND, false, 0, 0);
	b[2] = DHT_OLD;
	assert_int_equal(-EINVAL, dht_message_parse(&m, b, len));
	len = make(b, DHT_FIND, true, 0, 0);
	b[2] = __DHT_STATUS_MAX;
	assert_int_equal(-EINVAL, dht_message_parse(&m, b, len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_encoding),
		cmocka_unit_test(cut_and_long),
		cmocka_unit_test(changed_bytes),
		cmocka_unit_test(noise),
		cmocka_unit_test(bounds),
	};

	if (sodium_init() < 0)
		return 1;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
