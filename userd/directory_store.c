// SPDX-License-Identifier: GPL-2.0
/*
 * Requests of clients: store.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "directory_request.h"
#include "directory_state.h"
#include "node.h"
#include "object.h"

#define TTL_MAX	(100LL * 366 * 86400)	/* seconds */

/**
 * struct store - what a client wants to be stored
 * @member: who stores it
 * @object: as asked for
 * @value: its value
 * @grant: the authority's word
 * @has_grant: @grant is set
 * @until: for how long it is to be there, seconds of the world's clock
 * @b: encoded
 */
struct store {
	struct member		*member;
	struct dht_object	object;
	uint8_t			value[DHT_VALUE_MAX];
	uint8_t			grant[64];
	bool			has_grant;
	uint64_t		until;
	uint8_t			b[DHT_OBJECT_MAX];
};

/* A node is its owner's to speak for, and of those who may change all. */
static bool may_speak(struct control_client *client, const struct node *node)
{
	gid_t gid;
	uid_t uid = control_uid(client, &gid);

	return control_privileged(client) ||
	       node->owner == THEMIS_OWNER_ANY ||
	       (node->owner == THEMIS_OWNER_UID && node->owner_id == uid) ||
	       (node->owner == THEMIS_OWNER_GID && node->owner_id == gid);
}

static int sign(void *ctx, uint8_t signature[64], const uint8_t *b,
		size_t len)
{
	const struct member *member = ctx;

	return themis_core_sign(member->dir->d->core, &member->id, signature,
				b, len);
}

static int take_hex(const char *text, uint8_t *b, size_t room, size_t *len)
{
	size_t digits = strlen(text);

	return digits > 2 * room ||
	       sodium_hex2bin(b, room, text, digits, NULL, len, NULL) ||
	       2 * *len != digits ? -EINVAL : 0;
}

static int take_value(struct store *store, const char *hex,
		      struct themis_diag *diag)
{
	size_t len;

	if (strlen(hex) > 2 * DHT_VALUE_MAX)
		return themis_diag_set(diag, -EMSGSIZE, "Store less at once.",
				       "the value has more than %d bytes",
				       DHT_VALUE_MAX);
	if (take_hex(hex, store->value, sizeof(store->value), &len))
		return themis_diag_set(diag, -EINVAL,
				       "Give bytes as hex digits.",
				       "the value is not understood");
	store->object.value = store->value;
	store->object.value_len = (uint16_t)len;
	return 0;
}

static int take_name(struct dht_object *object, const char *name, bool set,
		     struct themis_diag *diag)
{
	size_t len = name ? strlen(name) : 0;

	if (!name && set)
		return themis_diag_set(diag, -EINVAL, "Give a name, too.",
				       "a set has a name");
	object->type = !name ? DHT_IMMUTABLE : set ? DHT_ENTRY : DHT_MUTABLE;
	if (!name)
		return 0;
	if (!len || len > DHT_NAME_MAX)
		return themis_diag_set(diag, -EINVAL, "Use 1 to 32 bytes.",
				       "\"%.80s\" cannot be a name", name);
	object->name = (const uint8_t *)name;
	object->name_len = (uint8_t)len;
	return 0;
}

/* Later ones are newer, whoever's clock it is that was set back. */
static uint64_t next_seq(struct member *member)
{
	struct timespec ts;
	uint64_t ms;

	clock_gettime(CLOCK_REALTIME, &ts);
	ms = (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
	if (ms <= member->seq)
		ms = member->seq + 1;
	member->seq = ms;
	return ms;
}

static int take_times(struct store *store, json_int_t ttl, json_int_t seq,
		      struct themis_diag *diag)
{
	const struct dht_params *params =
		dht_net_params(store->member->network->net);
	struct dht_object *object = &store->object;

	if (object->type == DHT_IMMUTABLE && seq >= 0)
		return themis_diag_set(diag, -EINVAL, "Give a name, too.",
				       "only what has a name can be replaced");
	if (ttl < 0 || ttl > TTL_MAX ||
	    (object->type != DHT_IMMUTABLE && ttl > (json_int_t)params->keep))
		return themis_diag_set(diag, -EINVAL,
				       "Store it again before it expires.",
				       "nothing with a name is kept for longer than %u seconds",
				       params->keep);
	store->until = (uint64_t)time(NULL) +
		       (ttl ? (uint64_t)ttl : params->keep);
	/* It is stored again by us until then, and by others kept a while. */
	if (object->type == DHT_IMMUTABLE)
		return 0;
	object->expiry = store->until;
	object->seq = seq < 0 ? next_seq(store->member) : (uint64_t)seq;
	return 0;
}

static int take_grant(struct store *store, const char *text,
		      struct themis_diag *diag)
{
	size_t len;

	if (!take_hex(text, store->grant, sizeof(store->grant), &len) &&
	    len == sizeof(store->grant))
		return 0;
	return themis_diag_set(diag, -EINVAL, "Give 128 hex digits.",
			       "\"%.80s\" is no grant", text);
}

/* Of a set whose authority is the node itself, the node may say so itself. */
static int take_authority(struct store *store, const char *authority,
			  const char *grant, json_int_t until,
			  struct themis_diag *diag)
{
	const char *netid = store->member->network->netid;
	struct dht_object *object = &store->object;
	int err;

	if (object->type != DHT_ENTRY || !authority) {
		if (!authority && !grant)
			return 0;
		return themis_diag_set(diag, -EINVAL, "Say which set, too.",
				       "only an entry of a set has an authority");
	}
	err = directory_key(authority, object->authority, diag);
	if (err)
		return err;
	if (grant) {
		object->until = (uint64_t)until;
		err = take_grant(store, grant, diag);
	} else if (memcmp(object->authority, object->owner, 32)) {
		err = themis_diag_set(diag, -EINVAL,
				      "Have the set's authority make one.",
				      "the set is somebody else's, and there is no grant");
	} else {
		object->until = object->expiry;
		err = dht_grant_build(object, store->grant,
				      (const uint8_t *)netid, strlen(netid),
				      sign, store->member);
	}
	store->has_grant = true;
	return err;
}

static uint64_t begin_store(struct member *member,
			    const struct directory_question *q)
{
	return dht_store(member->dht, directory_now(member->dir), q->b,
			 q->len);
}

static int build(struct store *store, struct themis_id *id,
		 struct themis_diag *diag)
{
	const char *netid = store->member->network->netid;
	int err;

	err = dht_object_build(&store->object, store->b, sizeof(store->b),
			       (const uint8_t *)netid, strlen(netid),
			       store->has_grant ? store->grant : NULL, sign,
			       store->member);
	if (err)
		return themis_diag_set(diag, err, NULL,
				       "cannot make the object: %s",
				       strerror(-err));
	dht_object_id(&store->object, (const uint8_t *)netid, strlen(netid),
		      id);
	return 0;
}

DIRECTORY_REQUEST(store)
{
	const char *cmd, *value, *node_text = NULL, *name = NULL;
	struct directory_question q = { .begin = begin_store };
	const char *authority = NULL, *grant = NULL;
	json_int_t ttl = 0, seq = -1, until = 0;
	struct store store = { 0 };
	const struct node *node;
	json_error_t error;
	struct themis_id id;
	int set = 0, err;

	if (json_unpack_ex(request, &error, JSON_STRICT,
			   "{s:s, s:s, s?s, s?s, s?b, s?s, s?s, s?I, s?I, s?I}",
			   "cmd", &cmd, "value_hex", &value, "node",
			   &node_text, "name", &name, "set", &set, "authority",
			   &authority, "grant", &grant, "until", &until, "ttl",
			   &ttl, "seq", &seq))
		return directory_bad_arguments(&error, diag);
	store.member = directory_member_of(d, node_text, diag);
	if (!store.member)
		return -ENOENT;
	node = node_find(d, &store.member->id);
	if (!node || !may_speak(client, node))
		return themis_diag_set(diag, -EPERM,
				       "Run as the node's owner, or as root.",
				       "Operation not permitted");
	themis_core_node_key(d->core, &store.member->id, store.object.owner);
	err = take_value(&store, value, diag);
	if (!err)
		err = take_name(&store.object, name, set, diag);
	if (!err)
		err = take_times(&store, ttl, seq, diag);
	if (!err)
		err = take_authority(&store, authority, grant, until, diag);
	if (!err)
		err = build(&store, &id, diag);
	if (err)
		return err;
	q.id = &id;
	q.b = store.b;
	q.len = store.object.len;
	q.until = store.until;
	return directory_ask(store.member, client, &q, diag);
}
