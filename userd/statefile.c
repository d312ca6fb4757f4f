// SPDX-License-Identifier: GPL-2.0
/*
 * The state file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "addr.h"
#include "file.h"
#include "link.h"
#include "log.h"
#include "node.h"
#include "statefile.h"

#define STATE_VERSION	1
#define STATE_MAX	(64 * 1024 * 1024)	/* bytes of the file */
#define PATH_ROOM	4096

/* The directory of a path, made if it is not there; one level only. */
static int make_dir(const char *path, struct themis_diag *diag)
{
	char dir[PATH_ROOM];
	char *slash;

	snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (!slash || slash == dir)
		return 0;
	*slash = '\0';
	if (mkdir(dir, 0700) && errno != EEXIST)
		return themis_diag_set(diag, -errno,
				       "Make it, or give another with --state.",
				       "cannot make directory \"%s\": %m",
				       dir);
	return 0;
}

static int sibling(const struct daemon *d, const char *suffix,
		   char path[PATH_ROOM], struct themis_diag *diag)
{
	int len = snprintf(path, PATH_ROOM, "%s%s", d->state_path, suffix);

	if (len >= PATH_ROOM)
		return themis_diag_set(diag, -ENAMETOOLONG,
				       "Give a shorter one with --state.",
				       "the path of the state file is too long");
	return 0;
}

int statefile_lock(struct daemon *d, struct themis_diag *diag)
{
	char path[PATH_ROOM];
	int fd, err;

	err = sibling(d, ".lock", path, diag);
	if (!err)
		err = make_dir(path, diag);
	if (err)
		return err;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return themis_diag_set(diag, -errno,
				       "Give another with --state.",
				       "cannot open \"%s\": %m", path);
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		err = errno == EWOULDBLOCK ? -EBUSY : -errno;
		close(fd);
		return themis_diag_set(diag, err,
				       "Stop it, or give other paths with --control and --state.",
				       "another themisd uses the state file \"%s\"",
				       d->state_path);
	}
	d->state_lock_fd = fd;
	return 0;
}

void statefile_unlock(struct daemon *d)
{
	close(d->state_lock_fd);
	d->state_lock_fd = -1;
	json_decref(d->orphans);
	d->orphans = NULL;
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
	int link, ours = 0;

	if (json_unpack_ex(entry, &error, 0, "{s:s, s:s, s:s, s:i, s:s, s?s, s?b}",
			   "id", &text, "key", &spec.key, "netid", &spec.netid,
			   "link", &link, "owner", &spec.owner, "name",
			   &spec.name, "link-ours", &ours))
		return bad_entry(&error, diag);
	if (link < 1 || link > UINT16_MAX || themis_id_parse(&want, text))
		return themis_diag_set(diag, -EBADMSG, "Add it anew.",
				       "a node of the state file has a bad link or id");
	spec.link = (uint16_t)link;
	spec.link_ours = ours;
	spec.expect = &want;
	/* The configuration file names it too, and comes first. */
	if (node_find(d, &want))
		return 0;
	return node_add(d, &spec, false, &id, diag);
}

static int load_peer(struct daemon *d, json_t *entry, struct themis_diag *diag)
{
	const char *node_text, *peer_text, *name = NULL, *at = NULL;
	union themis_endpoint endpoint = { 0 };
	const char *psk_file = NULL;
	struct themis_id node, peer;
	struct sockaddr_storage ss;
	json_error_t error;

	if (json_unpack_ex(entry, &error, 0, "{s:s, s:s, s?s, s?s, s?s}",
			   "node", &node_text, "peer", &peer_text, "name",
			   &name, "endpoint", &at, "psk-file", &psk_file))
		return bad_entry(&error, diag);
	if (themis_id_parse(&node, node_text) ||
	    themis_id_parse(&peer, peer_text))
		return themis_diag_set(diag, -EBADMSG, "Add it anew.",
				       "a peer of the state file has a bad id");
	if (at) {
		if (themis_endpoint_parse(at, false, &ss))
			return themis_diag_set(diag, -EBADMSG, "Add it anew.",
					       "a peer of the state file has a bad endpoint");
		memcpy(&endpoint, &ss, themis_endpoint_len(&ss));
	}
	if (peer_find(d, &node, &peer))
		return 0;
	return peer_add(d, &node, &peer, name, at ? &endpoint : NULL, psk_file,
			false, diag);
}

static int bad_file(const struct daemon *d, const char *how,
		    struct themis_diag *diag)
{
	return themis_diag_set(diag, -EBADMSG,
			       "Repair it, or move it away and add nodes and peers anew.",
			       "the state file \"%s\" is damaged: %s",
			       d->state_path, how);
}

/* The file's content; *@root is NULL if there is no file. */
static int read_file(const struct daemon *d, json_t **root,
		     struct themis_diag *diag)
{
	json_error_t error;
	struct stat st;
	FILE *file;
	int fd;

	*root = NULL;
	fd = open(d->state_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
				 O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return themis_diag_set(diag, -errno,
				       "Give another with --state.",
				       "cannot open the state file \"%s\": %m",
				       d->state_path);
	/* What others may write could name links and owners of their choice. */
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) ||
	    st.st_uid != geteuid() || st.st_mode & 022 ||
	    st.st_size > STATE_MAX) {
		close(fd);
		return themis_diag_set(diag, -EPERM,
				       "Check what it is, and who may write it.",
				       "the state file \"%s\" is not a regular file of this user alone",
				       d->state_path);
	}
	file = fdopen(fd, "r");
	if (!file) {
		close(fd);
		return themis_diag_set(diag, -ENOMEM, NULL, "out of memory");
	}
	*root = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
	fclose(file);
	return *root ? 0 : bad_file(d, error.text, diag);
}

int statefile_load(struct daemon *d, struct themis_diag *diag)
{
	json_t *root, *nodes, *peers, *entry;
	struct themis_diag why;
	json_error_t error;
	int version, err;
	size_t i;

	d->orphans = json_array();
	err = read_file(d, &root, diag);
	if (err || !root)
		return err;
	if (json_unpack_ex(root, &error, 0, "{s:i, s:o, s:o}", "version",
			   &version, "nodes", &nodes, "peers", &peers)) {
		err = bad_file(d, error.text, diag);
		goto out_free;
	}
	if (version != STATE_VERSION || !json_is_array(nodes) ||
	    !json_is_array(peers)) {
		err = bad_file(d, "it is of another version", diag);
		goto out_free;
	}
	json_array_foreach(nodes, i, entry)
		if (load_node(d, entry, &why))
			keep(d, entry, &why);
	json_array_foreach(peers, i, entry)
		if (load_peer(d, entry, &why))
			keep(d, entry, &why);

out_free:
	json_decref(root);
	return err;
}

static json_t *node_entry(struct daemon *d, const struct node *node)
{
	const struct link *link = link_find(d, node->link);
	char id[THEMIS_ID_TEXT], owner[16];

	return json_pack("{s:s, s:s*, s:s, s:s, s:i, s:s, s:b}", "id",
			 themis_id_format(&node->id, id), "name",
			 node->name[0] ? node->name : NULL, "key", node->key,
			 "netid", node->netid, "link", node->link, "owner",
			 node_owner_format(node, owner), "link-ours",
			 link && link->ours);
}

static void add_peer_entry(void *ctx, const struct peer *peer)
{
	char node[THEMIS_ID_TEXT], id[THEMIS_ID_TEXT];
	const bool located = peer->endpoint.sa.sa_family != AF_UNSPEC;
	char at[THEMIS_ENDPOINT_TEXT];
	json_t *entry, *list = ctx;

	if (peer->configured)
		return;
	themis_endpoint_format(&peer->endpoint, at);
	entry = json_pack("{s:s, s:s, s:s*, s:s*, s:s*}",
			  "node", themis_id_format(&peer->node, node),
			  "peer", themis_id_format(&peer->peer, id),
			  "name", peer->name[0] ? peer->name : NULL,
			  "endpoint", located ? at : NULL,
			  "psk-file", peer->psk_file);
	json_array_append_new(list, entry);
}

static json_t *snapshot(struct daemon *d)
{
	json_t *nodes = json_array(), *peers = json_array();
	const struct node *node;
	json_t *entry;
	size_t i;

	for (node = d->nodes; node; node = node->next)
		if (!node->configured)
			json_array_append_new(nodes, node_entry(d, node));
	peer_walk(d, add_peer_entry, peers);
	/* A peer's entry has a key "peer", a node's has not. */
	json_array_foreach(d->orphans, i, entry)
		json_array_append(json_object_get(entry, "peer") ? peers :
				  nodes, entry);
	return json_pack("{s:i, s:o, s:o}", "version", STATE_VERSION, "nodes",
			 nodes, "peers", peers);
}

static int write_file(const char *path, const char *text, size_t len)
{
	int fd;

	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
		  0600);
	if (fd < 0)
		return -errno;
	return themis_file_finish(fd, text, len);
}

int statefile_save(struct daemon *d, struct themis_diag *diag)
{
	char path[PATH_ROOM];
	json_t *root;
	char *text;
	size_t len;
	int err;

	err = sibling(d, ".new", path, diag);
	if (err)
		return err;
	root = snapshot(d);
	text = root ? json_dumps(root, JSON_INDENT(1)) : NULL;
	json_decref(root);
	if (!text)
		return themis_diag_set(diag, -ENOMEM, NULL, "out of memory");
	/* The line's end takes the place of the string's. */
	len = strlen(text);
	text[len++] = '\n';
	err = write_file(path, text, len);
	free(text);
	if (!err && rename(path, d->state_path))
		err = -errno;
	if (!err)
		err = themis_file_sync_dir(path);
	if (err) {
		unlink(path);
		return themis_diag_set(diag, err, "Check the file system.",
				       "cannot write the state file \"%s\": %s",
				       d->state_path, strerror(-err));
	}
	return 0;
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
	struct themis_diag why;
	size_t i;

	json_array_foreach(d->orphans, i, entry)
		if (has_id(entry, "node", node))
			json_array_append(mine, entry);
	statefile_forget(d, node, NULL);

	/* One save will do, and it is the caller's. */
	d->loading = true;
	json_array_foreach(mine, i, entry)
		if (load_peer(d, entry, &why))
			keep(d, entry, &why);
	d->loading = false;
	json_decref(mine);
}
