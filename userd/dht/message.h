/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Messages of the directory as they travel in AF_THEMIS datagrams, as commands
 * and responses. Numbers are in network order, and everything that is reserved
 * is zero (dht.rst, "Messages"). The transport matches responses to commands
 * and proves who sent either, so that no message names its sender.
 *
 *	  0 +---------------+---------------+---------------+---------------+
 *	    |   version 1   |     type      |    status     |     zero      |
 *	  4 +---------------+---------------+---------------+---------------+
 *	    |                     proof of work, 8 bytes                    |
 *	 12 +---------------------------------------------------------------+
 *
 * FIND, 60 bytes           STORE                  JOIN, 120 bytes
 *	 12 target, 32           12 n 1, zero           12 length of netid
 *	 44 since, 8             16 object              16 netid, 32, zero padded
 *	 52 limit, flags                                48 admission, 8 and 64
 *	 54 zero, 6
 *
 * UPDATE                   LEAVE
 *	 12 from, 32             12 n, zero, 3 bytes
 *	 44 to, 32               16 objects
 *	 76 digests, 2; zero, 2
 *	 80 digests, 16 each
 *
 * Every response:
 *	 12 contacts, objects, flags, zero
 *	 16 lease in seconds, 4
 *	 20 sequence held, 8 (STORE); size of the network (FIND, JOIN)
 *	 28 in JOIN only: the asker as a contact, 60, and admission, 72
 *	    contacts, 60 each: id 32, address 16, port 2, zero 2, work 8
 *	    objects: length 2, zero 2, lease 4, the object
 */
#ifndef THEMIS_DHT_MESSAGE_H
#define THEMIS_DHT_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dht.h"

#define DHT_VERSION		1
#define DHT_HEAD_LEN		12
#define DHT_CONTACT_LEN		60
#define DHT_DIGEST_LEN		16
#define DHT_OBJECT_HEAD_LEN	8
#define DHT_ADMISSION_LEN	72

/* Bounds of one message. */
#define DHT_CONTACTS_MAX	24
#define DHT_OBJECTS_MAX		64
#define DHT_DIGESTS_MAX		512

/* The objects of one message take no more than this. */
#define DHT_OBJECT_ROOM		8192

enum dht_type {
	DHT_FIND = 1,
	DHT_STORE,
	DHT_JOIN,
	DHT_UPDATE,
	DHT_LEAVE,
	__DHT_TYPE_MAX,
};

#define DHT_RESPONSE		0x80		/* in the type */

#define DHT_FIND_VALUE		0x01		/* objects, too */
#define DHT_MORE		0x01		/* ask again for the rest */

/**
 * struct dht_digest - what stands for an object in an UPDATE
 * @key: first bytes of a hash of id and owner
 * @version: sequence of a signed object; of an immutable one 0
 */
struct dht_digest {
	uint64_t	key;
	uint64_t	version;
};

/**
 * struct dht_message - a message, taken apart or to be put together
 * @type: enum dht_type
 * @response: it is one
 * @status: enum dht_status, in a response
 * @limit: FIND: contacts wanted
 * @flags: DHT_FIND_VALUE in a command, DHT_MORE in a response
 * @n_contacts: how many contacts follow
 * @n_objects: how many objects follow
 * @n_digests: how many digests follow
 * @work: sender's proof of work
 * @target: FIND: what for; UPDATE: first id of the range
 * @to: UPDATE: last id of the range
 * @since: FIND: signed objects of a higher sequence only; in the response to
 *	STORE: the sequence held; in those to FIND and JOIN: how many nodes
 *	there are
 * @lease: response: seconds for which it stays true
 * @netid: JOIN: name of the network
 * @netid_len: its length
 * @seen: JOIN's response: the asker as the answerer sees him
 * @admission: JOIN: expiry and signature by the network's key, or zero
 * @contacts: n_contacts times DHT_CONTACT_LEN bytes
 * @objects: n_objects objects, @objects_len bytes
 * @objects_len: see there
 * @digests: n_digests times DHT_DIGEST_LEN bytes
 *
 * The pointers go into the buffer that was taken apart.
 */
struct dht_message {
	uint8_t			type;
	bool			response;
	uint8_t			status;
	uint8_t			limit;
	uint8_t			flags;
	uint8_t			n_contacts;
	uint8_t			n_objects;
	uint16_t		n_digests;
	uint64_t		work;
	struct themis_id	target;
	struct themis_id	to;
	uint64_t		since;
	uint32_t		lease;
	uint8_t			netid[THEMIS_NETID_MAX];
	uint8_t			netid_len;
	struct dht_contact	seen;
	uint8_t			admission[DHT_ADMISSION_LEN];
	const uint8_t		*contacts;
	const uint8_t		*objects;
	size_t			objects_len;
	const uint8_t		*digests;
};

int dht_message_parse(struct dht_message *m, const uint8_t *b, size_t len);
size_t dht_message_put(const struct dht_message *m, uint8_t *b);
void dht_contact_get(struct dht_contact *contact, const uint8_t *b);
void dht_contact_put(const struct dht_contact *contact, uint8_t *b);
const uint8_t *dht_object_next(const uint8_t **at, const uint8_t *end,
			       size_t *len, uint32_t *lease);
size_t dht_object_put(uint8_t *b, size_t room, const uint8_t *object,
		      size_t len, uint32_t lease);

static inline uint16_t dht_get16(const uint8_t *b)
{
	return b[0] << 8 | b[1];
}

static inline uint32_t dht_get32(const uint8_t *b)
{
	return (uint32_t)dht_get16(b) << 16 | dht_get16(b + 2);
}

static inline uint64_t dht_get64(const uint8_t *b)
{
	return (uint64_t)dht_get32(b) << 32 | dht_get32(b + 4);
}

static inline void dht_put16(uint8_t *b, uint16_t v)
{
	b[0] = v >> 8;
	b[1] = v;
}

static inline void dht_put32(uint8_t *b, uint32_t v)
{
	dht_put16(b, v >> 16);
	dht_put16(b + 2, v);
}

static inline void dht_put64(uint8_t *b, uint64_t v)
{
	dht_put32(b, v >> 32);
	dht_put32(b + 4, v);
}

#endif /* THEMIS_DHT_MESSAGE_H */
