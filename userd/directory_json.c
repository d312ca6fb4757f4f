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

/* All but the closing brace. */
static void put_number(struct jtext *text, const char *name, uint64_t number)
{
	jtext_text(text, name);
	jtext_number(text, number);
}

static void put_object(struct jtext *text, const struct dht_object *o)
{
	static const char * const types[] = {
		[DHT_IMMUTABLE] = "immutable",
		[DHT_MUTABLE] = "mutable",
		[DHT_ENTRY] = "entry",
	};

	jtext_text(text, "{\"type\":\"");
	jtext_text(text, types[o->type]);
	jtext_text(text, "\",\"value\":");
	jtext_json(text, text_of(o->value, o->value_len));
	jtext_text(text, ",\"value_hex\":");
	jtext_hex(text, o->value, o->value_len);
	if (o->type == DHT_IMMUTABLE)
		return;
	jtext_text(text, ",\"name\":");
	jtext_json(text, text_of(o->name, o->name_len));
	jtext_text(text, ",\"name_hex\":");
	jtext_hex(text, o->name, o->name_len);
	jtext_text(text, ",\"owner\":");
	jtext_json(text, directory_json_key(o->owner));
	put_number(text, ",\"seq\":", o->seq);
	put_number(text, ",\"expiry\":", o->expiry);
	if (o->type != DHT_ENTRY)
		return;
	jtext_text(text, ",\"authority\":");
	jtext_json(text, sodium_is_zero(o->authority, 32) ? json_null() :
		   directory_json_key(o->authority));
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
	struct jtext text = { 0 };
	struct dht_object o;
	json_t *row = NULL;

	if (dht_object_parse(&o, b, len))
		return NULL;
	put_object(&text, &o);
	jtext_text(&text, "}");
	if (!text.failed)
		row = json_loadb(text.b, text.len, 0, NULL);
	jtext_free(&text);
	return row;
}

static void put_objects(struct jtext *text, const struct dht_action *act)
{
	const uint8_t *at = act->b, *end = at + act->len, *b;
	struct dht_object o;
	bool first = true;
	uint32_t lease;
	size_t len;

	jtext_text(text, "[");
	while ((b = dht_object_next(&at, end, &len, &lease))) {
		if (dht_object_parse(&o, b, len))
			continue;
		if (!first)
			jtext_text(text, ",");
		first = false;
		put_object(text, &o);
		put_number(text, ",\"left_s\":", lease);
		jtext_text(text, "}");
	}
	jtext_text(text, "]");
}

/**
 * directory_json_result() - how an operation ended
 * @text: the object with it is appended here, but for its closing brace
 * @act: DHT_ACT_RESULT
 * @now: microseconds
 */
void directory_json_result(struct jtext *text, const struct dht_action *act,
			   uint64_t now)
{
	const struct dht_result *r = &act->result;

	jtext_text(text, "{\"outcome\":\"");
	jtext_text(text, dht_outcome_text(r->outcome));
	jtext_text(text, "\",\"status\":\"");
	jtext_text(text, dht_status_text(r->status));
	jtext_text(text, "\",\"contact\":");
	jtext_json(text, themis_id_zero(&r->contact.id) ? json_null() :
		   directory_json_contact(&r->contact));
	jtext_text(text, ",\"objects\":");
	put_objects(text, act);
	put_number(text, ",\"copies\":", r->copies);
	put_number(text, ",\"rounds\":", r->rounds);
	put_number(text, ",\"requests\":", r->requests);
	put_number(text, ",\"answers\":", r->answers);
	jtext_text(text, r->alarm ? ",\"alarm\":true" : ",\"alarm\":false");
	put_number(text, ",\"us\":", now - r->began);
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
