// SPDX-License-Identifier: GPL-2.0
/*
 * The entries of the state file: nodes and peers as JSON, and those that could
 * not be brought back.
 */
#include <errno.h>

#include "addr.h"
#include "link.h"
#include "log.h"
#include "node.h"
#include "statefile.h"
#include "statefile_entry.h"

json_t *entry_of_node(struct daemon *d, const struct node *node)
{
	const struct link *link = link_find(d, node->link);
	char id[THEMIS_ID_TEXT], owner[16];

	return json_pack("{s:s, s:s*, s:s, s:s, s:i, s:s, s:b, s:s*, s:b}", "id",
			 themis_id_format(&node->id, id), "name",
			 node->name[0] ? node->name : NULL, "key", node->key,
			 "netid", node->netid, "link", node->link, "owner",
			 node_owner_format(node, owner), "link-ours",
			 link && link->ours, "allow",
			 node->listed ? "listed" : NULL, "directory",
			 node->directory);
}

json_t *entry_of_peer(const struct peer *peer)
{
	char node[THEMIS_ID_TEXT], id[THEMIS_ID_TEXT];
	const bool located = peer->endpoint.sa.sa_family != AF_UNSPEC;
	char at[THEMIS_ENDPOINT_TEXT];
	json_t *entry;

	themis_endpoint_format(&peer->endpoint, at);
	entry = json_pack("{s:s, s:s, s:s*, s:s*, s:s*}",
			  "node", themis_id_format(&peer->node, node),
			  "peer", themis_id_format(&peer->peer, id),
			  "name", peer->name[0] ? peer->name : NULL,
			  "endpoint", peer->where ? peer->where :
			  located ? at : NULL,
			  "psk-file", peer->psk_file);
	if (entry && peer->denied)
		json_object_set_new(entry, "allow", json_false());
	if (entry && peer->bootstrap)
		json_object_set_new(entry, "bootstrap", json_true());
	return entry;
}

void entry_add_peer(void *ctx, const struct peer *peer)
{
	if (!peer->configured)
		json_array_append_new(ctx, entry_of_peer(peer));
}

/* An entry that failed stays in the file, in the hope of better times. */
static void keep(struct daemon *d, json_t *entry,
		 const struct themis_diag *diag)
{
	log_diag(LOG_LEVEL_WARN, diag);
	json_array_append(d->orphans, entry);
}

static int bad_entry(const json_error_t *error, struct themis_diag *diag)
{
	return themis_diag_set(diag, -EBADMSG, "Add it anew.",
			       "an entry of the state file is not understood: %s",
			       error->text);
}

static int load_node(struct daemon *d, json_t *entry, struct themis_diag *diag)
{
	struct node_spec spec = { 0 };
	struct themis_id want, id;
	json_error_t error;
	const char *text;
	int link, ours = 0, directory = 0;

	if (json_unpack_ex(entry, &error, 0,
			   "{s:s, s:s, s:s, s:i, s:s, s?s, s?b, s?s, s?b}",
			   "id", &text, "key", &spec.key, "netid", &spec.netid,
			   "link", &link, "owner", &spec.owner, "name",
			   &spec.name, "link-ours", &ours, "allow",
			   &spec.allow, "directory", &directory))
		return bad_entry(&error, diag);
	if (link < 1 || link > UINT16_MAX || themis_id_parse(&want, text))
		return themis_diag_set(diag, -EBADMSG, "Add it anew.",
				       "a node of the state file has a bad link or id");
	spec.link = (uint16_t)link;
	spec.link_ours = ours;
	spec.directory = directory;
	spec.expect = &want;
	/* The configuration file names it too, and comes first. */
	if (node_find(d, &want))
		return 0;
	return node_add(d, &spec, false, &id, diag);
}

static int load_peer(struct daemon *d, json_t *entry, struct themis_diag *diag)
{
	struct peer_spec spec = { .allow = 1 };
	const char *node_text, *peer_text;
	struct themis_id node, peer;
	json_error_t error;
	int bootstrap = 0;

	if (json_unpack_ex(entry, &error, 0,
			   "{s:s, s:s, s?s, s?s, s?s, s?b, s?b}",
			   "node", &node_text, "peer", &peer_text, "name",
			   &spec.name, "endpoint", &spec.endpoint, "psk-file",
			   &spec.psk_file, "allow", &spec.allow, "bootstrap",
			   &bootstrap))
		return bad_entry(&error, diag);
	spec.bootstrap = bootstrap;
	if (themis_id_parse(&node, node_text) ||
	    themis_id_parse(&peer, peer_text))
		return themis_diag_set(diag, -EBADMSG, "Add it anew.",
				       "a peer of the state file has a bad id");
	if (peer_find(d, &node, &peer))
		return 0;
	return peer_add(d, &node, &peer, &spec, false, diag);
}

void entry_load_node(struct daemon *d, json_t *entry)
{
	struct themis_diag why;

	if (load_node(d, entry, &why))
		keep(d, entry, &why);
}

void entry_load_peer(struct daemon *d, json_t *entry)
{
	struct themis_diag why;

	if (load_peer(d, entry, &why))
		keep(d, entry, &why);
}

struct shelf {
	const struct themis_id	*node;
	json_t			*entries;
};

static void shelve(void *ctx, const struct peer *peer)
{
	struct shelf *shelf = ctx;

	if (themis_id_equal(&peer->node, shelf->node))
		entry_add_peer(shelf->entries, peer);
}

json_t *statefile_shelve(struct daemon *d, const struct themis_id *node)
{
	struct shelf shelf = { .node = node, .entries = json_array() };

	peer_walk(d, shelve, &shelf);
	return shelf.entries;
}

void statefile_unshelve(struct daemon *d, json_t *entries)
{
	json_array_extend(d->orphans, entries);
	json_decref(entries);
}

/* Whether the id in @entry under @key is @id. */
static bool has_id(const json_t *entry, const char *key,
		   const struct themis_id *id)
{
	const char *text = json_string_value(json_object_get(entry, key));
	struct themis_id other;

	return text && !themis_id_parse(&other, text) &&
	       themis_id_equal(&other, id);
}

/* An entry of @peer, or, without one, of @node and all its peers. */
static bool is_about(const json_t *entry, const struct themis_id *node,
		     const struct themis_id *peer)
{
	if (peer)
		return has_id(entry, "node", node) &&
		       has_id(entry, "peer", peer);
	return has_id(entry, "id", node) || has_id(entry, "node", node);
}

bool statefile_forget(struct daemon *d, const struct themis_id *node,
		      const struct themis_id *peer)
{
	bool any = false;
	json_t *entry;
	size_t i;

	for (i = json_array_size(d->orphans); i-- > 0;) {
		entry = json_array_get(d->orphans, i);
		if (!is_about(entry, node, peer))
			continue;
		json_array_remove(d->orphans, i);
		any = true;
	}
	return any;
}

void statefile_revive(struct daemon *d, const struct themis_id *node)
{
	json_t *entry, *mine = json_array();
	size_t i;

	json_array_foreach(d->orphans, i, entry)
		if (has_id(entry, "node", node))
			json_array_append(mine, entry);
	statefile_forget(d, node, NULL);

	/* One save will do, and it is the caller's. */
	d->loading = true;
	json_array_foreach(mine, i, entry)
		entry_load_peer(d, entry);
	d->loading = false;
	json_decref(mine);
}
