// SPDX-License-Identifier: GPL-2.0
/*
 * Local nodes.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "directory.h"
#include "drive.h"
#include "kernel.h"
#include "keyfile.h"
#include "link.h"
#include "log.h"
#include "node.h"
#include "statefile.h"

bool node_name_valid(const char *name)
{
	size_t len = strlen(name), i;

	/* Shorter than an id, so never one. */
	if (!len || len > NODE_NAME_MAX)
		return false;
	for (i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) &&
		    !strchr("._-@", name[i]))
			return false;
	return true;
}

bool node_netid_valid(const char *netid)
{
	size_t len = strlen(netid), i;

	if (!len || len > THEMIS_NETID_MAX)
		return false;
	for (i = 0; i < len; i++)
		if ((unsigned char)netid[i] <= ' ' || netid[i] == 0x7f)
			return false;
	return true;
}

int node_owner_parse(const char *text, enum themis_owner *owner,
		     uint32_t *owner_id)
{
	const char *digits = text + 4;
	unsigned long long n;

	if (!strcmp(text, "any")) {
		*owner = THEMIS_OWNER_ANY;
		*owner_id = 0;
		return 0;
	}
	if (!strncmp(text, "uid:", 4))
		*owner = THEMIS_OWNER_UID;
	else if (!strncmp(text, "gid:", 4))
		*owner = THEMIS_OWNER_GID;
	else
		return -EINVAL;
	if (!*digits || strlen(digits) > 10 ||
	    strspn(digits, "0123456789") != strlen(digits))
		return -EINVAL;
	n = strtoull(digits, NULL, 10);
	/* All ones means nobody to the kernel. */
	if (n >= UINT32_MAX)
		return -EINVAL;
	*owner_id = (uint32_t)n;
	return 0;
}

char *node_owner_format(const struct node *node, char text[16])
{
	if (node->owner == THEMIS_OWNER_ANY)
		snprintf(text, 16, "any");
	else
		snprintf(text, 16, "%s:%u",
			 node->owner == THEMIS_OWNER_GID ? "gid" : "uid",
			 node->owner_id);
	return text;
}

int node_allow_parse(const char *text, bool *listed)
{
	*listed = text && !strcmp(text, "listed");
	return !text || *listed || !strcmp(text, "any") ? 0 : -EINVAL;
}

struct node *node_find(const struct daemon *d, const struct themis_id *id)
{
	struct node *node;

	for (node = d->nodes; node; node = node->next)
		if (themis_id_equal(&node->id, id))
			return node;
	return NULL;
}

int node_resolve(const struct daemon *d, const char *text,
		 struct themis_id *id, struct themis_diag *diag)
{
	const struct node *node;

	if (!text) {
		if (d->nnodes != 1)
			return themis_diag_set(diag, -EINVAL,
				d->nnodes ? "Say which one." :
				"Add one with 'themis node add'.",
				"there are %u nodes here", d->nnodes);
		*id = d->nodes->id;
		return 0;
	}
	if (!themis_id_parse(id, text))
		return 0;
	for (node = d->nodes; node; node = node->next) {
		if (node->name[0] && !strcmp(node->name, text)) {
			*id = node->id;
			return 0;
		}
	}
	return themis_diag_set(diag, -EINVAL,
			       "Give 64 hex digits or a name from the configuration.",
			       "\"%.80s\" is no node", text);
}

static struct node *node_new(const struct node_spec *spec, bool configured,
			     struct themis_diag *diag)
{
	struct node *node;

	if (spec->name && !node_name_valid(spec->name)) {
		themis_diag_set(diag, -EINVAL,
				"Use 1 to 32 letters, digits and ._-@.",
				"\"%.80s\" is no name", spec->name);
		return NULL;
	}
	if (!node_netid_valid(spec->netid)) {
		themis_diag_set(diag, -EINVAL,
				"Use 1 to 32 bytes without blanks.",
				"\"%.80s\" is no name of a network",
				spec->netid);
		return NULL;
	}
	if (spec->key[0] != '/' || strlen(spec->key) >= NODE_PATH_MAX) {
		themis_diag_set(diag, -EINVAL,
				"Give the path from the root directory.",
				"key file \"%.80s\" is not an absolute path",
				spec->key);
		return NULL;
	}
	if (!spec->link) {
		themis_diag_set(diag, -EINVAL, "Use 1 to 65535.",
				"0 is no UDP port");
		return NULL;
	}
	node = calloc(1, sizeof(*node));
	if (!node) {
		themis_diag_set(diag, -ENOMEM, NULL, "out of memory");
		return NULL;
	}
	if (node_owner_parse(spec->owner ? spec->owner : "uid:0", &node->owner,
			     &node->owner_id)) {
		themis_diag_set(diag, -EINVAL, "Use any, uid:N or gid:N.",
				"\"%.80s\" is no owner", spec->owner);
		goto err_free;
	}
	if (node_allow_parse(spec->allow, &node->listed)) {
		themis_diag_set(diag, -EINVAL, "Use any or listed.",
				"\"%.80s\" tells not whom to allow",
				spec->allow);
		goto err_free;
	}
	node->key = strdup(spec->key);
	if (!node->key) {
		themis_diag_set(diag, -ENOMEM, NULL, "out of memory");
		goto err_free;
	}
	snprintf(node->name, sizeof(node->name), "%s",
		 spec->name ? spec->name : "");
	snprintf(node->netid, sizeof(node->netid), "%s", spec->netid);
	node->link = spec->link;
	node->directory = spec->directory;
	node->configured = configured;
	return node;

err_free:
	free(node);
	return NULL;
}

static void node_free(struct node *node)
{
	free(node->key);
	free(node);
}

static int load_key(const struct node_spec *spec, uint8_t *seed,
		    struct themis_diag *diag)
{
	int err;

	err = themis_keyfile_load(spec->key, seed, diag);
	if (err != -ENOENT || !spec->create_key)
		return err;
	randombytes_buf(seed, THEMIS_SEED_LEN);
	err = themis_keyfile_create(spec->key, seed, diag);
	if (!err)
		log_info("made the key file \"%s\"", spec->key);
	return err;
}

/* Whether the kernel's node is the one that is asked for. */
static bool same_node(const struct themis_nl_node *a,
		      const struct themis_nl_node *b)
{
	return a->link == b->link && a->netid_len == b->netid_len &&
	       !memcmp(a->netid, b->netid, a->netid_len) &&
	       a->owner == b->owner &&
	       (a->owner == THEMIS_OWNER_ANY || a->owner_id == b->owner_id);
}

/*
 * Has the node in the kernel; *@made tells whether it was not there before. One
 * that is there with other properties than the configuration file wants gives
 * way; one that a client wants otherwise does not, for somebody may use it.
 */
static int kernel_node(struct daemon *d, const struct node *node, bool *made,
		       struct themis_diag *diag)
{
	char what[128], id[THEMIS_ID_TEXT];
	struct themis_nl_node want = {
		.id = node->id,
		.netid_len = strlen(node->netid),
		.link = node->link,
		.owner = node->owner,
		.owner_id = node->owner_id,
	};
	struct themis_nl_node have;
	int err;

	memcpy(want.netid, node->netid, want.netid_len);
	themis_id_format(&node->id, id);
	snprintf(what, sizeof(what), "cannot make node %s", id);

	*made = true;
	err = themis_nl_node_new(d->nl, &want);
	if (err != -EEXIST)
		return err ? themis_nl_diag(d->nl, err, what, diag) : 0;

	err = themis_nl_node_get(d->nl, &node->id, &have);
	if (err)
		return themis_nl_diag(d->nl, err, what, diag);
	if (same_node(&have, &want)) {
		*made = false;
		return 0;
	}
	if (!node->configured)
		return themis_diag_set(diag, -EEXIST,
				       "Remove it with 'themis node del', or give its link and owner.",
				       "the kernel has node %s already, on link %u and with another link or owner than asked for",
				       id, have.link);
	log_warn("node %s: link or owner have changed; its sessions end", id);
	err = themis_nl_node_del(d->nl, &node->id);
	if (!err)
		err = themis_nl_node_new(d->nl, &want);
	return err ? themis_nl_diag(d->nl, err, what, diag) : 0;
}

static void insert(struct daemon *d, struct node *node)
{
	struct node **at = &d->nodes;

	/* At the end: lists keep the order in which they were made. */
	while (*at)
		at = &(*at)->next;
	*at = node;
	d->nnodes++;
}

static void unlink_node(struct daemon *d, struct node *node)
{
	struct node **at = &d->nodes;

	while (*at != node)
		at = &(*at)->next;
	*at = node->next;
	d->nnodes--;
}

static bool name_taken(const struct daemon *d, const char *name)
{
	const struct node *node;

	for (node = d->nodes; node; node = node->next)
		if (name && !strcmp(node->name, name))
			return true;
	return false;
}

/* Takes a node out of everything but the kernel. */
static void forget_node(struct daemon *d, struct node *node, bool remove_link)
{
	directory_forget(d, &node->id);
	peer_forget_node(d, &node->id);
	unlink_node(d, node);
	themis_core_node_del(d->core, daemon_now(), &node->id);
	drive(d);
	link_put(d, node->link, remove_link);
	node_free(node);
}

/* The id of @spec and the seed of its key, which the caller wipes. */
static int take_identity(const struct node_spec *spec, uint8_t *seed,
			 struct themis_id *id, struct themis_diag *diag)
{
	uint8_t public_key[THEMIS_PUBLIC_LEN];
	int err;

	err = load_key(spec, seed, diag);
	if (err)
		return err;
	themis_keyfile_public(seed, public_key);
	err = themis_id_derive(id, (const uint8_t *)spec->netid,
			       strlen(spec->netid), public_key);
	if (err)
		themis_diag_set(diag, err, NULL, "cannot derive the id");
	return err;
}

int node_identify(const struct node_spec *spec, struct themis_id *id,
		  struct themis_diag *diag)
{
	uint8_t seed[THEMIS_SEED_LEN];
	int err;

	err = take_identity(spec, seed, id, diag);
	sodium_memzero(seed, sizeof(seed));
	return err;
}

int node_add(struct daemon *d, const struct node_spec *spec, bool configured,
	     struct themis_id *id, struct themis_diag *diag)
{
	uint8_t seed[THEMIS_SEED_LEN];
	char text[THEMIS_ID_TEXT];
	struct node *node;
	bool made = false;
	int err;

	if (d->nnodes >= THEMISD_NODES_MAX)
		return themis_diag_set(diag, -ENOSPC, "Remove one first.",
				       "there are %u nodes here, the most there can be",
				       d->nnodes);
	if (name_taken(d, spec->name))
		return themis_diag_set(diag, -EEXIST, "Choose another name.",
				       "a node \"%.80s\" is here already",
				       spec->name);
	node = node_new(spec, configured, diag);
	if (!node)
		return -EINVAL;

	err = take_identity(spec, seed, &node->id, diag);
	if (err)
		goto err_wipe_seed;
	*id = node->id;
	themis_id_format(id, text);
	if (spec->expect && !themis_id_equal(spec->expect, id)) {
		err = themis_diag_set(diag, -EBADMSG,
				      "Put the old key back, or remove the old node and add the new one.",
				      "key file \"%s\" has another key than before: it gives %s",
				      spec->key, text);
		goto err_wipe_seed;
	}
	if (node_find(d, id)) {
		err = themis_diag_set(diag, -EEXIST,
				      "Nothing is to be done; to change it, remove it first.",
				      "node %s is here already", text);
		goto err_wipe_seed;
	}

	err = link_get(d, node->link, spec->link_ours, diag);
	if (err)
		goto err_wipe_seed;
	err = kernel_node(d, node, &made, diag);
	if (err)
		goto err_put_link;
	err = themis_core_node_add(d->core, seed, (const uint8_t *)node->netid,
				   strlen(node->netid), node->link, id);
	if (err) {
		themis_diag_set(diag, err, NULL, "cannot add node %s: %s",
				text, strerror(-err));
		goto err_del_kernel_node;
	}
	sodium_memzero(seed, sizeof(seed));
	themis_core_node_allow(d->core, daemon_now(), id, node->listed);
	insert(d, node);

	if (!d->loading) {
		statefile_revive(d, id);
		if (!made)
			kernel_adopt_node(d, id);
		err = statefile_node(d, node, diag);
		/* What is not kept must not look as if it were. */
		if (err) {
			if (made)
				themis_nl_node_del(d->nl, id);
			forget_node(d, node, made);
			return err;
		}
	}
	drive(d);
	if (!d->loading)
		directory_follow(d);
	log_info("node %s%s%s in network %s on link %u%s", text,
		 node->name[0] ? " " : "", node->name, node->netid, node->link,
		 made ? "" : ", taken over from the kernel");
	return 0;

err_del_kernel_node:
	if (made)
		themis_nl_node_del(d->nl, &node->id);
err_put_link:
	link_put(d, node->link, made);
err_wipe_seed:
	sodium_memzero(seed, sizeof(seed));
	node_free(node);
	return err;
}

/* The same but for its name and the path of its key, so nobody notices. */
static int relabel(struct node *node, const struct node_spec *spec,
		   struct themis_diag *diag)
{
	char *key = strdup(spec->key);

	if (!key)
		return themis_diag_set(diag, -ENOMEM, NULL, "out of memory");
	free(node->key);
	node->key = key;
	snprintf(node->name, sizeof(node->name), "%s",
		 spec->name ? spec->name : "");
	node->configured = true;
	return 0;
}

static void set_allow(struct daemon *d, struct node *node, bool listed)
{
	char text[THEMIS_ID_TEXT];
	int err;

	if (node->listed == listed)
		return;
	node->listed = listed;
	themis_core_node_allow(d->core, daemon_now(), &node->id, listed);
	drive(d);
	log_info("node %s speaks with %s", themis_id_format(&node->id, text),
		 listed ? "listed peers only" : "anybody who is not denied");
	err = listed ? kernel_shut_out(d, &node->id) : 0;
	if (err)
		log_warn("cannot end all sessions of node %s: %s", text,
			 strerror(-err));
}

int node_allow(struct daemon *d, struct node *node, bool listed,
	       struct themis_diag *diag)
{
	bool before = node->listed;
	int err;

	/* First on disk: what is told to be in force stays in force. */
	node->listed = listed;
	err = statefile_node(d, node, diag);
	node->listed = before;
	if (!err)
		set_allow(d, node, listed);
	return err;
}

int node_set(struct daemon *d, struct node *node, const struct node_spec *spec,
	     struct themis_diag *diag)
{
	enum themis_owner owner = THEMIS_OWNER_UID;
	struct themis_id id = node->id;
	uint32_t owner_id = 0;
	json_t *peers;
	int err;

	if (spec->owner && node_owner_parse(spec->owner, &owner, &owner_id))
		return themis_diag_set(diag, -EINVAL, "Use any, uid:N or gid:N.",
				       "\"%.80s\" is no owner", spec->owner);
	if (node->link == spec->link && node->owner == owner &&
	    node->owner_id == owner_id)
		return relabel(node, spec, diag);

	log_info("node %s: link or owner are to change; its sessions end",
		 spec->name);
	/* Peers that clients have added outlive that. */
	peers = statefile_shelve(d, &id);
	err = node_del(d, &id, diag);
	statefile_unshelve(d, peers);
	return err ? err : node_add(d, spec, true, &id, diag);
}

int node_del(struct daemon *d, const struct themis_id *id,
	     struct themis_diag *diag)
{
	struct node *node = node_find(d, id);
	char what[128], text[THEMIS_ID_TEXT];
	bool forgotten;
	int err;

	snprintf(what, sizeof(what), "cannot remove node %s",
		 themis_id_format(id, text));
	err = themis_nl_node_del(d->nl, id);
	forgotten = statefile_forget(d, id, NULL);
	/* Here, in the kernel or in the file: any of them will do. */
	if (err == -ENOENT && (node || forgotten))
		err = 0;
	if (err)
		return themis_nl_diag(d->nl, err, what, diag);
	if (node)
		forget_node(d, node, true);
	log_info("node %s removed", text);
	return statefile_drop(d, id, NULL, diag);
}

void node_gone(struct daemon *d, const struct themis_id *id)
{
	struct node *node = node_find(d, id);
	struct themis_diag diag;
	char text[THEMIS_ID_TEXT];

	if (!node)
		return;
	log_warn("node %s was removed from the kernel by another program",
		 themis_id_format(id, text));
	forget_node(d, node, true);
	if (statefile_drop(d, id, NULL, &diag))
		log_diag(LOG_LEVEL_WARN, &diag);
}

void node_stop(struct daemon *d)
{
	struct node *node;

	directory_stop(d);
	while ((node = d->nodes)) {
		peer_forget_node(d, &node->id);
		unlink_node(d, node);
		node_free(node);
	}
}
