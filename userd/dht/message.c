// SPDX-License-Identifier: GPL-2.0
/*
 * Messages of the directory: taking apart and putting together.
 *
 * There is one encoding of each message: what dht_message_parse() takes,
 * dht_message_put() gives back byte by byte.
 */
#include <errno.h>
#include <string.h>

#include "message.h"

#define FIND_LEN	60
#define OBJECTS_AT	16
#define JOIN_LEN	120
#define UPDATE_LEN	80
#define RESPONSE_LEN	28
#define JOINED_LEN	(RESPONSE_LEN + DHT_CONTACT_LEN + DHT_ADMISSION_LEN)

static bool zero(const uint8_t *b, size_t len)
{
	while (len--)
		if (*b++)
			return false;
	return true;
}

/**
 * dht_contact_get() - a contact out of a message
 * @contact: result
 * @b: DHT_CONTACT_LEN bytes
 */
void dht_contact_get(struct dht_contact *contact, const uint8_t *b)
{
	memcpy(contact->id.b, b, sizeof(contact->id.b));
	memcpy(contact->addr, b + 32, sizeof(contact->addr));
	contact->port = dht_get16(b + 48);
	contact->work = dht_get64(b + 52);
}

/**
 * dht_contact_put() - a contact into a message
 * @contact: the contact
 * @b: DHT_CONTACT_LEN bytes
 */
void dht_contact_put(const struct dht_contact *contact, uint8_t *b)
{
	memcpy(b, contact->id.b, sizeof(contact->id.b));
	memcpy(b + 32, contact->addr, sizeof(contact->addr));
	dht_put16(b + 48, contact->port);
	dht_put16(b + 50, 0);
	dht_put64(b + 52, contact->work);
}

/**
 * dht_object_next() - walk the objects in a message
 * @at: where the walk stands; it moves on
 * @end: the end of them
 * @len: length of the object in bytes
 * @lease: seconds that it has left, as its sender says
 *
 * Return: the object, or NULL at the end, or where it is cut.
 */
const uint8_t *dht_object_next(const uint8_t **at, const uint8_t *end,
			       size_t *len, uint32_t *lease)
{
	const uint8_t *b = *at;

	if (end - b < DHT_OBJECT_HEAD_LEN)
		return NULL;
	*len = dht_get16(b);
	*lease = dht_get32(b + 4);
	if (dht_get16(b + 2) || (size_t)(end - b) - DHT_OBJECT_HEAD_LEN < *len)
		return NULL;
	*at = b + DHT_OBJECT_HEAD_LEN + *len;
	return b + DHT_OBJECT_HEAD_LEN;
}

/**
 * dht_object_put() - an object into a message
 * @b: where
 * @room: bytes there
 * @object: the object
 * @len: its length in bytes
 * @lease: seconds that it has left
 *
 * Return: bytes taken, or 0 if there is no room.
 */
size_t dht_object_put(uint8_t *b, size_t room, const uint8_t *object,
		      size_t len, uint32_t lease)
{
	if (room < DHT_OBJECT_HEAD_LEN + len)
		return 0;
	dht_put16(b, len);
	dht_put16(b + 2, 0);
	dht_put32(b + 4, lease);
	memcpy(b + DHT_OBJECT_HEAD_LEN, object, len);
	return DHT_OBJECT_HEAD_LEN + len;
}

/* Takes @m->n_objects objects, which must fill what is left. */
static int get_objects(struct dht_message *m, const uint8_t *b,
		       const uint8_t *end)
{
	const uint8_t *at = b;
	uint32_t lease;
	unsigned int i;
	size_t len;

	if (m->n_objects > DHT_OBJECTS_MAX || end - b > DHT_OBJECT_ROOM)
		return -EINVAL;
	for (i = 0; i < m->n_objects; i++)
		if (!dht_object_next(&at, end, &len, &lease))
			return -EINVAL;
	if (at != end)
		return -EINVAL;
	m->objects = b;
	m->objects_len = end - b;
	return 0;
}

static int get_find(struct dht_message *m, const uint8_t *b, size_t len)
{
	if (len != FIND_LEN || !zero(b + 54, 6))
		return -EINVAL;
	memcpy(m->target.b, b + 12, sizeof(m->target.b));
	m->since = dht_get64(b + 44);
	m->limit = b[52];
	m->flags = b[53];
	if (m->limit > DHT_CONTACTS_MAX || m->flags & ~DHT_FIND_VALUE)
		return -EINVAL;
	return 0;
}

static int get_store(struct dht_message *m, const uint8_t *b, size_t len)
{
	if (len < OBJECTS_AT || !zero(b + 13, 3))
		return -EINVAL;
	m->n_objects = b[12];
	if (m->type == DHT_STORE && m->n_objects != 1)
		return -EINVAL;
	return get_objects(m, b + OBJECTS_AT, b + len);
}

static int get_join(struct dht_message *m, const uint8_t *b, size_t len)
{
	if (len != JOIN_LEN || !zero(b + 13, 3))
		return -EINVAL;
	m->netid_len = b[12];
	if (!m->netid_len || m->netid_len > THEMIS_NETID_MAX ||
	    !zero(b + 16 + m->netid_len, THEMIS_NETID_MAX - m->netid_len))
		return -EINVAL;
	memcpy(m->netid, b + 16, sizeof(m->netid));
	memcpy(m->admission, b + 48, sizeof(m->admission));
	return 0;
}

static int get_update(struct dht_message *m, const uint8_t *b, size_t len)
{
	if (len < UPDATE_LEN || !zero(b + 78, 2))
		return -EINVAL;
	memcpy(m->target.b, b + 12, sizeof(m->target.b));
	memcpy(m->to.b, b + 44, sizeof(m->to.b));
	m->n_digests = dht_get16(b + 76);
	if (m->n_digests > DHT_DIGESTS_MAX ||
	    len != UPDATE_LEN + (size_t)m->n_digests * DHT_DIGEST_LEN ||
	    themis_id_compare(&m->target, &m->to) > 0)
		return -EINVAL;
	m->digests = b + UPDATE_LEN;
	return 0;
}

static int get_response(struct dht_message *m, const uint8_t *b, size_t len)
{
	size_t at = m->type == DHT_JOIN ? JOINED_LEN : RESPONSE_LEN;
	unsigned int i;

	if (len < at || b[15] || m->status >= __DHT_STATUS_MAX)
		return -EINVAL;
	m->n_contacts = b[12];
	m->n_objects = b[13];
	m->flags = b[14];
	m->lease = dht_get32(b + 16);
	m->since = dht_get64(b + 20);
	if (m->flags & ~DHT_MORE || m->n_contacts > DHT_CONTACTS_MAX ||
	    len - at < (size_t)m->n_contacts * DHT_CONTACT_LEN)
		return -EINVAL;
	if (m->type == DHT_JOIN) {
		if (!zero(b + RESPONSE_LEN + 50, 2))
			return -EINVAL;
		dht_contact_get(&m->seen, b + RESPONSE_LEN);
		memcpy(m->admission, b + RESPONSE_LEN + DHT_CONTACT_LEN,
		       sizeof(m->admission));
	}
	m->contacts = b + at;
	for (i = 0; i < m->n_contacts; i++, at += DHT_CONTACT_LEN)
		if (!zero(b + at + 50, 2))
			return -EINVAL;
	return get_objects(m, b + at, b + len);
}

/**
 * dht_message_parse() - take a message apart
 * @m: result; points into @b
 * @b: the message, anything
 * @len: its length in bytes
 *
 * Return: 0, or -EINVAL for what is not the one encoding of a message.
 */
int dht_message_parse(struct dht_message *m, const uint8_t *b, size_t len)
{
	memset(m, 0, sizeof(*m));
	if (len < DHT_HEAD_LEN || len > DHT_MESSAGE_MAX ||
	    b[0] != DHT_VERSION || b[3])
		return -EINVAL;
	m->type = b[1] & ~DHT_RESPONSE;
	m->response = b[1] & DHT_RESPONSE;
	m->status = b[2];
	m->work = dht_get64(b + 4);
	if (m->response && m->type && m->type < __DHT_TYPE_MAX)
		return get_response(m, b, len);
	if (m->response || m->status)
		return -EINVAL;
	switch (m->type) {
	case DHT_FIND:
		return get_find(m, b, len);
	case DHT_STORE:
	case DHT_LEAVE:
		return get_store(m, b, len);
	case DHT_JOIN:
		return get_join(m, b, len);
	case DHT_UPDATE:
		return get_update(m, b, len);
	default:
		return -EINVAL;
	}
}

static size_t put_response(const struct dht_message *m, uint8_t *b)
{
	size_t at = RESPONSE_LEN;

	b[12] = m->n_contacts;
	b[13] = m->n_objects;
	b[14] = m->flags;
	dht_put32(b + 16, m->lease);
	dht_put64(b + 20, m->since);
	if (m->type == DHT_JOIN) {
		dht_contact_put(&m->seen, b + at);
		at += DHT_CONTACT_LEN;
		memcpy(b + at, m->admission, sizeof(m->admission));
		at += DHT_ADMISSION_LEN;
	}
	if (m->n_contacts)
		memcpy(b + at, m->contacts,
		       (size_t)m->n_contacts * DHT_CONTACT_LEN);
	at += (size_t)m->n_contacts * DHT_CONTACT_LEN;
	if (m->objects_len)
		memcpy(b + at, m->objects, m->objects_len);
	return at + m->objects_len;
}

/**
 * dht_message_put() - put a message together
 * @m: the message, within all bounds
 * @b: DHT_MESSAGE_MAX bytes
 *
 * Return: its length in bytes.
 */
size_t dht_message_put(const struct dht_message *m, uint8_t *b)
{
	memset(b, 0, JOINED_LEN);
	b[0] = DHT_VERSION;
	b[1] = m->type | (m->response ? DHT_RESPONSE : 0);
	b[2] = m->status;
	dht_put64(b + 4, m->work);
	if (m->response)
		return put_response(m, b);
	switch (m->type) {
	case DHT_FIND:
		memcpy(b + 12, m->target.b, sizeof(m->target.b));
		dht_put64(b + 44, m->since);
		b[52] = m->limit;
		b[53] = m->flags;
		return FIND_LEN;
	case DHT_JOIN:
		b[12] = m->netid_len;
		memcpy(b + 16, m->netid, sizeof(m->netid));
		memcpy(b + 48, m->admission, sizeof(m->admission));
		return JOIN_LEN;
	case DHT_UPDATE:
		memcpy(b + 12, m->target.b, sizeof(m->target.b));
		memcpy(b + 44, m->to.b, sizeof(m->to.b));
		dht_put16(b + 76, m->n_digests);
		if (m->n_digests)
			memcpy(b + UPDATE_LEN, m->digests,
			       (size_t)m->n_digests * DHT_DIGEST_LEN);
		return UPDATE_LEN + (size_t)m->n_digests * DHT_DIGEST_LEN;
	default:
		b[12] = m->n_objects;
		if (m->objects_len)
			memcpy(b + OBJECTS_AT, m->objects, m->objects_len);
		return OBJECTS_AT + m->objects_len;
	}
}
