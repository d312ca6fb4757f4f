// SPDX-License-Identifier: GPL-2.0
/*
 * Requests of clients: join, leave, update, find.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "directory_request.h"
#include "directory_state.h"
#include "log.h"
#include "node.h"
#include "object.h"
#include "statefile.h"

/**
 * directory_member_of() - the member that a request is about
 * @d: the daemon
 * @request: the request; without a node it is about the only member there is
 * @diag: filled in on failure
 *
 * Return: the member, or NULL.
 */
struct member *directory_member_of(struct daemon *d,
				   const struct request *request,
				   struct themis_diag *diag)
{
	const char *text = request_text(request, REQUEST_NODE);
	struct member *member = d->directory ? d->directory->members : NULL;
	char id_text[THEMIS_ID_TEXT];
	struct themis_id id;

	if (!text && member && !member->next)
		return member;
	if (node_resolve(d, text, &id, diag))
		return NULL;
	member = directory_member(d, &id);
	if (!member)
		themis_diag_set(diag, -ENOENT, "Have it join with 'themis join'.",
				"node %.16s is in no directory",
				themis_id_format(&id, id_text));
	return member;
}

/* A client that waits for an operation. */
struct asked {
	struct wait		wait;
	struct control_later	*later;
	struct themis_id	id;		/* what it is about, or zero */
	bool			leaving;
	bool			kept;		/* it will be stored again */
	struct publication	object;		/* none: its length is 0 */
	uint8_t			b[];
};

static json_t *gone(void)
{
	struct themis_diag diag;

	themis_diag_set(&diag, -ENETDOWN, "Try again.",
			"the node has left the directory meanwhile");
	return control_bad(2, &diag);
}

static const char *next_step(enum dht_outcome outcome)
{
	switch (outcome) {
	case DHT_NO_ANSWER:
		return "Look at 'themis net': are there members that run?";
	case DHT_NOT_FOUND:
		return "Check the id, and that it was stored and has not expired.";
	case DHT_NO_QUORUM:
		return "Try again when more members can be reached.";
	default:
		return "Look at 'themis net'.";
	}
}

static json_t *bad_result(const struct dht_result *result)
{
	struct themis_diag diag;

	themis_diag_set(&diag, -EHOSTUNREACH, next_step(result->outcome),
			"%s%s%s", dht_outcome_text(result->outcome),
			result->status ? ": " : "", result->status ?
			dht_status_text(result->status) : "");
	return control_bad(2, &diag);
}

/* What cannot be kept here is not acknowledged. */
static json_t *no_disk(void)
{
	struct themis_diag diag;

	themis_diag_set(&diag, -ENOSPC,
			"Make room on the disk of this daemon, and store it again.",
			"it was refused: %s", dht_status_text(DHT_FULL));
	return control_bad(2, &diag);
}

static void asked_keep(struct wait *wait, const struct dht_action *act)
{
	struct asked *asked = (struct asked *)wait;

	asked->object.stored = (uint64_t)time(NULL);
	asked->kept = act->result.outcome == DHT_DONE &&
		      disk_publish(wait->member, &asked->object);
}

/* Whether what was to be kept here is; it is stored again in time. */
static bool settled(const struct asked *asked)
{
	struct member *member = asked->wait.member;

	if (!asked->object.len)
		return true;
	if (!asked->kept || !member->dir->kept)
		return false;
	publish_due(member, publish_half(member, &asked->object));
	return true;
}

static void good(const struct asked *asked, const struct dht_action *act)
{
	struct jtext text = { 0 };

	jtext_text(&text, "{\"ok\":true,\"result\":");
	directory_json_result(&text, act, daemon_now());
	if (!themis_id_zero(&asked->id)) {
		jtext_text(&text, ",\"id\":");
		jtext_hex(&text, asked->id.b, sizeof(asked->id.b));
	}
	jtext_text(&text, "}");
	if (asked->wait.steps) {
		jtext_text(&text, ",\"steps\":");
		jtext_json(&text, asked->wait.steps);
	}
	jtext_text(&text, "}");
	control_answer_text(asked->later, &text);
	jtext_free(&text);
}

static void bad(const struct asked *asked, json_t *reply)
{
	if (asked->wait.steps)
		json_object_set_new(reply, "steps", asked->wait.steps);
	control_answer(asked->later, reply);
}

/* The objects are handed over: the node is in the directory no longer. */
static void leave(struct member *member)
{
	struct daemon *d = member->dir->d;
	struct node *node = node_find(d, &member->id);
	struct themis_diag diag;

	if (node) {
		node->directory = false;
		if (statefile_node(d, node, &diag))
			log_diag(LOG_LEVEL_WARN, &diag);
	}
	disk_forget(member);
	member->joined = false;
	directory_forget(d, &member->id);
}

static void asked_done(struct wait *wait, const struct dht_action *act)
{
	struct asked *asked = (struct asked *)wait;

	if (!act)
		bad(asked, gone());
	else if (act->result.outcome != DHT_DONE)
		bad(asked, bad_result(&act->result));
	else if (!settled(asked))
		bad(asked, no_disk());
	else
		good(asked, act);
	if (asked->leaving && act)
		leave(wait->member);
	free(asked);
}

static int no_room(struct asked *asked, struct themis_diag *diag)
{
	if (asked) {
		json_decref(asked->wait.steps);
		control_now(asked->later);
	}
	free(asked);
	return themis_diag_set(diag, -ENOSPC, "Try again in a second.",
			       "there is no room for one more operation");
}

static int ask(struct member *member, struct control_client *client,
	       const struct directory_question *q, bool leaving,
	       struct themis_diag *diag)
{
	struct asked *asked = calloc(1, sizeof(*asked) + q->len);

	if (asked)
		asked->later = control_later(client);
	if (!asked || !asked->later)
		return no_room(asked, diag);
	asked->leaving = leaving;
	if (q->len) {
		memcpy(asked->b, q->b, q->len);
		asked->object.b = asked->b;
		asked->object.len = q->len;
		asked->object.until = q->until;
		asked->object.ttl = q->ttl;
		asked->wait.keep = asked_keep;
	}
	if (q->id)
		asked->id = *q->id;
	if (q->trace)
		asked->wait.steps = json_array();
	directory_begin(member, &asked->wait);
	if (directory_wait(member, &asked->wait, q->begin(member, q),
			   asked_done))
		return no_room(asked, diag);
	/* Not now: the client is told once we have returned. */
	directory_soon(member->dir);
	return -EINPROGRESS;
}

/**
 * directory_ask() - begin an operation that a client waits for
 * @member: whose operation
 * @client: who asks
 * @q: what
 * @diag: filled in on failure
 *
 * Return: -EINPROGRESS, or -ENOSPC.
 */
int directory_ask(struct member *member, struct control_client *client,
		  const struct directory_question *q,
		  struct themis_diag *diag)
{
	return ask(member, client, q, false, diag);
}

static uint64_t begin_join(struct member *member,
			   const struct directory_question *q)
{
	if (!member->joining && work_done(member))
		member_join(member);
	return member->joining;
}

/* Has the node in the directory, from now on and after a restart. */
static int enter(struct daemon *d, const struct themis_id *id,
		 struct themis_diag *diag)
{
	struct node *node = node_find(d, id);
	char text[THEMIS_ID_TEXT];
	int err;

	if (!node)
		return themis_diag_set(diag, -ENOENT,
				       "Add it with 'themis node add'.",
				       "there is no node %s here",
				       themis_id_format(id, text));
	if (!node->directory) {
		node->directory = true;
		err = statefile_node(d, node, diag);
		if (err) {
			node->directory = false;
			return err;
		}
	}
	directory_follow(d);
	return 0;
}

DIRECTORY_REQUEST(join)
{
	const struct directory_question q = { .begin = begin_join };
	const char *via_text = request_text(request, REQUEST_MEMBER);
	struct peer_spec via = {
		.endpoint = request_text(request, REQUEST_ENDPOINT),
		.allow = -1,
		.bootstrap = true,
	};
	struct themis_id node, peer;
	struct member *member;
	int err;

	if (via.endpoint && !via_text)
		return themis_diag_set(diag, -EINVAL,
				       "Say whose endpoint it is.",
				       "there is an endpoint, and no member");
	err = node_resolve(d, request_text(request, REQUEST_NODE), &node, diag);
	if (!err && via_text)
		err = peer_resolve(d, &node, via_text, &peer, diag);
	if (!err && via_text)
		err = peer_add(d, &node, &peer, &via, false, diag);
	if (!err)
		err = enter(d, &node, diag);
	if (err)
		return err;
	member = directory_member(d, &node);
	if (!member)
		return no_room(NULL, diag);
	begin_join(member, &q);
	if (member->working)
		return themis_diag_set(diag, -EAGAIN,
				       "It joins when that is done; look at 'themis net'.",
				       "the node makes the proof of work that the network wants");
	if (!member->joining)
		return themis_diag_set(diag, -EAGAIN,
				       "Look at the journal, and at 'themis net'.",
				       "it cannot join right now, and will try again");
	return directory_ask(member, client, &q, diag);
}

static uint64_t begin_leave(struct member *member,
			    const struct directory_question *q)
{
	return dht_leave(member->dht, directory_now(member->dir));
}

DIRECTORY_REQUEST(leave)
{
	const struct directory_question q = { .begin = begin_leave };
	struct member *member = directory_member_of(d, request, diag);

	return member ? ask(member, client, &q, true, diag) : -ENOENT;
}

DIRECTORY_REQUEST(update)
{
	struct member *member = directory_member_of(d, request, diag);

	if (!member)
		return -ENOENT;
	*result = json_pack("{s:i}", "asked", (int)
			    dht_update(member->dht,
				       directory_now(member->dir)));
	directory_drive(member->dir);
	return 0;
}

static uint64_t begin_find(struct member *member,
			   const struct directory_question *q)
{
	return dht_find(member->dht, directory_now(member->dir), q->id);
}

/**
 * directory_key() - a public key that a client has given
 * @text: base64, as the tool writes it
 * @key: result
 * @diag: filled in on failure
 *
 * Return: 0 or -EINVAL.
 */
int directory_key(const char *text, uint8_t key[32], struct themis_diag *diag)
{
	const char *end;
	size_t len;

	if (!sodium_base642bin(key, 32, text, strlen(text), NULL, &len, &end,
			       sodium_base64_VARIANT_ORIGINAL) &&
	    len == 32 && !*end)
		return 0;
	return themis_diag_set(diag, -EINVAL,
			       "Give it as 'themis key show' prints it.",
			       "\"%.80s\" is no public key", text);
}

/* The id of what has a name. */
static int named(const struct member *member, const char *name,
		 const char *owner, bool set, struct themis_id *id,
		 struct themis_diag *diag)
{
	const char *netid = member->network->netid;
	struct dht_object object = {
		.type = set ? DHT_ENTRY : DHT_MUTABLE,
		.name = (const uint8_t *)name,
		.name_len = (uint8_t)strlen(name),
	};
	uint8_t *key = set ? object.authority : object.owner;

	if (!*name || strlen(name) > DHT_NAME_MAX)
		return themis_diag_set(diag, -EINVAL, "Use 1 to 32 bytes.",
				       "\"%.80s\" cannot be a name", name);
	if (owner && directory_key(owner, key, diag))
		return -EINVAL;
	if (!owner && !set)
		themis_core_node_key(member->dir->d->core, &member->id, key);
	dht_object_id(&object, (const uint8_t *)netid, strlen(netid), id);
	return 0;
}

DIRECTORY_REQUEST(find)
{
	const char *owner = request_text(request, REQUEST_OWNER);
	const char *id_text = request_text(request, REQUEST_ID);
	const char *name = request_text(request, REQUEST_NAME);
	bool set = request_flag(request, REQUEST_SET);
	struct directory_question q = { .begin = begin_find };
	struct member *member;
	struct themis_id id;

	if (!id_text == !name || (id_text && (owner || set)))
		return themis_diag_set(diag, -EINVAL,
				       "Give the one or the other.",
				       "what is to be found has an id or a name");
	member = directory_member_of(d, request, diag);
	if (!member)
		return -ENOENT;
	if (id_text && themis_id_parse(&id, id_text))
		return themis_diag_set(diag, -EINVAL, "Give 64 hex digits.",
				       "\"%.80s\" is no id", id_text);
	if (name && named(member, name, owner, set, &id, diag))
		return -EINVAL;
	q.id = &id;
	q.trace = request_flag(request, REQUEST_TRACE);
	return directory_ask(member, client, &q, diag);
}
