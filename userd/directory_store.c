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

#define TTL_MAX		(100LL * 366 * 86400)	/* seconds */
#define TTL_KEPT_MIN	20	/* it is stored again within half of it */

/**
 * struct store - what a client wants to be stored
 * @member: who stores it
 * @object: as asked for
 * @value: its value
 * @grant: the authority's word
 * @has_grant: @grant is set
 * @keep: it is to be kept up
 * @until: as in struct publication
 * @ttl: the same
 * @b: encoded
 */
struct store {
	struct member		*member;
	struct dht_object	object;
	uint8_t			value[DHT_VALUE_MAX];
	uint8_t			grant[64];
	bool			has_grant;
	bool			keep;
	uint64_t		until;
	uint64_t		ttl;
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

/* The member that a client may speak for. */
static struct member *speaker(struct daemon *d, struct control_client *client,
			      const struct request *request,
			      struct themis_diag *diag)
{
	struct member *member = directory_member_of(d, request, diag);
	const struct node *node = member ? node_find(d, &member->id) : NULL;

	if (!member || (node && may_speak(client, node)))
		return member;
	themis_diag_set(diag, -EPERM, "Run as the node's owner, or as root.",
			"Operation not permitted");
	return NULL;
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
	*len = strlen(text) / 2;
	return *len > room ? -EINVAL : themis_hex_parse(b, *len, text);
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

static int take_times(struct store *store, int64_t ttl, int64_t seq,
		      struct themis_diag *diag)
{
	const struct dht_params *params =
		dht_net_params(store->member->network->net);
	struct dht_object *object = &store->object;

	if (object->type == DHT_IMMUTABLE && seq >= 0)
		return themis_diag_set(diag, -EINVAL, "Give a name, too.",
				       "only what has a name can be replaced");
	if (ttl < 0 || ttl > TTL_MAX ||
	    (object->type != DHT_IMMUTABLE && ttl > (int64_t)params->keep))
		return themis_diag_set(diag, -EINVAL,
				       "Store it again before it expires.",
				       "nothing with a name is kept for longer than %u seconds",
				       params->keep);
	if (store->keep && ttl && ttl < TTL_KEPT_MIN)
		return themis_diag_set(diag, -EINVAL, "Give it more.",
				       "what is kept up is signed for %d seconds at least",
				       TTL_KEPT_MIN);
	store->ttl = ttl ? (uint64_t)ttl : params->keep;
	store->until = (uint64_t)time(NULL) + store->ttl;
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

static int grant_self(struct member *member, struct dht_object *object,
		      uint8_t grant[64])
{
	const char *netid = member->network->netid;

	object->until = object->expiry;
	return dht_grant_build(object, grant, (const uint8_t *)netid,
			       strlen(netid), sign, member);
}

/* Of a set whose authority is the node itself, the node may say so itself. */
static int take_authority(struct store *store, const struct request *request,
			  struct themis_diag *diag)
{
	const char *authority = request_text(request, REQUEST_AUTHORITY);
	const char *grant = request_text(request, REQUEST_GRANT);
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
		object->until = (uint64_t)request_number(request, REQUEST_UNTIL);
		if (store->until > object->until)
			store->until = object->until;
		err = take_grant(store, grant, diag);
	} else if (memcmp(object->authority, object->owner, 32)) {
		err = themis_diag_set(diag, -EINVAL,
				      "Have the set's authority make one.",
				      "the set is somebody else's, and there is no grant");
	} else {
		err = grant_self(store->member, object, store->grant);
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
	struct directory_question q = { .begin = begin_store };
	bool set = request_flag(request, REQUEST_SET);
	int64_t seq = -1;
	struct store store = { 0 };
	struct themis_id id;
	int err;

	if (request_has(request, REQUEST_SEQ))
		seq = request_number(request, REQUEST_SEQ);
	store.member = speaker(d, client, request, diag);
	if (!store.member)
		return -ENOENT;
	store.keep = request_flag(request, REQUEST_KEEP);
	themis_core_node_key(d->core, &store.member->id, store.object.owner);
	err = take_value(&store, request_text(request, REQUEST_VALUE), diag);
	if (!err)
		err = take_name(&store.object,
				request_text(request, REQUEST_NAME), set, diag);
	if (!err)
		err = take_times(&store, request_number(request, REQUEST_TTL),
				 seq, diag);
	if (!err)
		err = take_authority(&store, request, diag);
	if (!err)
		err = build(&store, &id, diag);
	if (err)
		return err;
	q.id = &id;
	q.b = store.b;
	q.len = store.object.len;
	q.until = store.keep ? PUBLISH_ALWAYS : store.until;
	q.ttl = store.keep ? store.ttl : 0;
	return directory_ask(store.member, client, &q, diag);
}

/**
 * store_sign_again() - sign for later what is kept up
 * @member: whose it is
 * @p: what; becomes the new one
 * @b: where the new one goes
 *
 * What somebody else has granted ends with the grant.
 *
 * Return: 0, or a negative errno if it cannot be kept up any longer.
 */
int store_sign_again(struct member *member, struct publication *p,
		     uint8_t b[DHT_OBJECT_MAX])
{
	uint64_t unix_now = (uint64_t)time(NULL);
	const char *netid = member->network->netid;
	struct dht_object object;
	uint8_t made[64];
	const uint8_t *grant;
	bool granted;
	int err;

	err = dht_object_parse(&object, p->b, p->len);
	if (err || object.type == DHT_IMMUTABLE)
		return err;
	object.seq++;
	if (member->seq < object.seq)
		member->seq = object.seq;
	object.seq = next_seq(member);
	object.expiry = unix_now + p->ttl;
	grant = object.grant;
	granted = !sodium_is_zero(object.authority, sizeof(object.authority));
	if (granted && !memcmp(object.authority, object.owner, 32)) {
		err = grant_self(member, &object, made);
		grant = made;
	} else if (granted && object.until <= unix_now) {
		err = -EKEYEXPIRED;
	}
	if (!err)
		err = dht_object_build(&object, b, DHT_OBJECT_MAX,
				       (const uint8_t *)netid, strlen(netid),
				       grant, sign, member);
	p->b = b;
	p->len = object.len;
	return err;
}

static enum publish_verdict list(void *ctx, const struct themis_id *id,
				 struct publication *p)
{
	json_t *row = directory_json_object(p->b, p->len);
	bool kept = p->until == PUBLISH_ALWAYS;
	char text[THEMIS_ID_TEXT];

	if (!row)
		return PUBLISH_FORGET;
	json_object_set_new(row, "id",
			    json_string(themis_id_format(id, text)));
	json_object_set_new(row, "until", kept ? json_null() :
			    json_integer((json_int_t)p->until));
	json_object_set_new(row, "stored",
			    json_integer((json_int_t)p->stored));
	json_object_set_new(row, "ttl", kept ?
			    json_integer((json_int_t)p->ttl) : json_null());
	json_array_append_new(ctx, row);
	return PUBLISH_NEXT;
}

DIRECTORY_REQUEST(net_published)
{
	struct member *member = directory_member_of(d, request, diag);

	if (!member)
		return -ENOENT;
	*result = json_array();
	disk_published(member, list, *result);
	directory_soon(member->dir);
	return 0;
}

DIRECTORY_REQUEST(unpublish)
{
	const char *id_text = request_text(request, REQUEST_ID);
	struct member *member = speaker(d, client, request, diag);
	struct themis_id id;

	if (!member)
		return -ENOENT;
	if (themis_id_parse(&id, id_text))
		return themis_diag_set(diag, -EINVAL, "Give 64 hex digits.",
				       "\"%.80s\" is no id", id_text);
	if (!disk_unpublish(member, &id))
		return themis_diag_set(diag, -ENOENT,
				       "Look at 'themis net published'.",
				       "the node has stored nothing of id %s",
				       id_text);
	if (!disk_commit(member->dir))
		return themis_diag_set(diag, -ENOSPC, "Make room.",
				       "the directory's file cannot be written");
	*result = json_object();
	return 0;
}
