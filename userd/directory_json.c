// SPDX-License-Identifier: GPL-2.0
/*
 * What the directory knows and finds, as clients are told.
 */
#include <string.h>

#include <sodium.h>

#include "addr.h"
#include "directory_state.h"
#include "message.h"
#include "object.h"

static json_t *hex(const uint8_t *b, size_t len)
{
	char text[2 * DHT_VALUE_MAX + 1];

	sodium_bin2hex(text, sizeof(text), b, len);
	return json_string(text);
}

/**
 * directory_json_key() - a public key, as the tool writes it
 * @key: 32 bytes
 *
 * Return: a new reference.
 */
json_t *directory_json_key(const uint8_t key[32])
{
	char text[sodium_base64_ENCODED_LEN(32,
					    sodium_base64_VARIANT_ORIGINAL)];

	sodium_bin2base64(text, sizeof(text), key, 32,
			  sodium_base64_VARIANT_ORIGINAL);
	return json_string(text);
}

/* Bytes as text, where they are text. */
static json_t *text_of(const uint8_t *b, size_t len)
{
	json_t *text = len && !memchr(b, 0, len) ?
		       json_stringn((const char *)b, len) : NULL;

	return text ? text : json_null();
}

/**
 * directory_json_contact() - a contact
 * @contact: the contact
 *
 * Return: a new reference.
 */
json_t *directory_json_contact(const struct dht_contact *contact)
{
	char id[THEMIS_ID_TEXT], text[THEMIS_ENDPOINT_TEXT];
	union themis_endpoint endpoint;

	contact_to_endpoint(contact, &endpoint);
	return json_pack("{s:s, s:s}", "id",
			 themis_id_format(&contact->id, id), "endpoint",
			 themis_endpoint_format(&endpoint, text));
}

/**
 * directory_json_object() - an object
 * @b: encoded
 * @len: its length in bytes
 *
 * Return: a new reference, or NULL if it is none.
 */
json_t *directory_json_object(const uint8_t *b, size_t len)
{
	static const char * const types[] = {
		[DHT_IMMUTABLE] = "immutable",
		[DHT_MUTABLE] = "mutable",
		[DHT_ENTRY] = "entry",
	};
	struct dht_object o;
	json_t *row;

	if (dht_object_parse(&o, b, len))
		return NULL;
	row = json_pack("{s:s, s:o, s:o}", "type", types[o.type], "value",
			text_of(o.value, o.value_len), "value_hex",
			hex(o.value, o.value_len));
	if (!row || o.type == DHT_IMMUTABLE)
		return row;
	json_object_set_new(row, "name", text_of(o.name, o.name_len));
	json_object_set_new(row, "name_hex", hex(o.name, o.name_len));
	json_object_set_new(row, "owner", directory_json_key(o.owner));
	json_object_set_new(row, "seq", json_integer((json_int_t)o.seq));
	json_object_set_new(row, "expiry", json_integer((json_int_t)o.expiry));
	if (o.type == DHT_ENTRY)
		json_object_set_new(row, "authority",
				    sodium_is_zero(o.authority, 32) ?
				    json_null() :
				    directory_json_key(o.authority));
	return row;
}

/**
 * directory_json_result() - how an operation ended
 * @act: DHT_ACT_RESULT
 * @now: microseconds
 *
 * Return: a new reference.
 */
json_t *directory_json_result(const struct dht_action *act, uint64_t now)
{
	const struct dht_result *r = &act->result;
	const uint8_t *at = act->b, *end = at + act->len, *b;
	json_t *row, *objects = json_array();
	uint32_t lease;
	size_t len;

	while ((b = dht_object_next(&at, end, &len, &lease))) {
		row = directory_json_object(b, len);
		if (row)
			json_object_set_new(row, "left_s",
					    json_integer(lease));
		json_array_append_new(objects, row);
	}
	return json_pack("{s:s, s:s, s:o, s:o, s:i, s:i, s:i, s:i, s:b, s:I}",
			 "outcome", dht_outcome_text(r->outcome),
			 "status", dht_status_text(r->status),
			 "contact", themis_id_zero(&r->contact.id) ?
			 json_null() : directory_json_contact(&r->contact),
			 "objects", objects,
			 "copies", (int)r->copies,
			 "rounds", (int)r->rounds,
			 "requests", (int)r->requests,
			 "answers", (int)r->answers,
			 "alarm", r->alarm,
			 "us", (json_int_t)(now - r->began));
}

/**
 * directory_json_step() - a step of a lookup
 * @step: the step
 * @began: when the lookup began, microseconds
 *
 * Return: a new reference.
 */
json_t *directory_json_step(const struct dht_step *step, uint64_t began)
{
	static const char * const what[] = {
		[DHT_ASKED] = "asked",
		[DHT_ANSWERED] = "answered",
		[DHT_SLOW] = "slow",
		[DHT_LOST] = "lost",
	};
	char id[THEMIS_ID_TEXT];

	return json_pack("{s:I, s:s, s:s, s:i, s:i, s:i, s:i}",
			 "us", (json_int_t)(step->at - began),
			 "what", what[step->what],
			 "node", themis_id_format(&step->asked, id),
			 "path", (int)step->path,
			 "round", (int)step->round,
			 "contacts", (int)step->contacts,
			 "objects", (int)step->objects);
}
