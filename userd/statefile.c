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

#include "file.h"
#include "log.h"
#include "node.h"
#include "statefile.h"
#include "statefile_entry.h"

#define STATE_VERSION	1
#define STATE_MAX	(64 * 1024 * 1024)	/* bytes of each file */
#define LOG_MIN		(64 * 1024)	/* bytes before it is emptied */
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
	d->state_log_fd = -1;
	return 0;
}

void statefile_unlock(struct daemon *d)
{
	if (d->state_log_fd >= 0)
		close(d->state_log_fd);
	d->state_log_fd = -1;
	close(d->state_lock_fd);
	d->state_lock_fd = -1;
	json_decref(d->orphans);
	d->orphans = NULL;
}

static int bad_file(const char *path, const char *how,
		    struct themis_diag *diag)
{
	return themis_diag_set(diag, -EBADMSG,
			       "Repair it, or move it away and add nodes and peers anew.",
			       "the state file \"%s\" is damaged: %s", path,
			       how);
}

/* Opens one of the two files; what others may write is refused. */
static int open_state(const char *path, int flags, size_t *size,
		      struct themis_diag *diag)
{
	struct stat st;
	int fd;

	*size = 0;
	fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0)
		return themis_diag_set(diag, -errno,
				       "Give another with --state.",
				       "cannot open the state file \"%s\": %m",
				       path);
	/* It could name links and owners of somebody else's choice. */
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) ||
	    st.st_uid != geteuid() || st.st_mode & 022 ||
	    st.st_size > STATE_MAX) {
		close(fd);
		return themis_diag_set(diag, -EPERM,
				       "Check what it is, and who may write it.",
				       "the state file \"%s\" is not a regular file of this user alone",
				       path);
	}
	*size = (size_t)st.st_size;
	return fd;
}

/*
 * What both files say together, while they are read: objects of entries by a
 * text that names each, in the order in which they were added.
 */
struct image {
	json_t		*nodes;
	json_t		*peers;
	unsigned int	strange;
};

/*
 * Puts an entry under its name. One without is kept too, for somebody may have
 * written it by hand and want to see it again.
 */
static void image_put(struct image *image, json_t *entry, bool peer)
{
	const char *a = json_string_value(json_object_get(entry, peer ?
							  "node" : "id"));
	const char *b = peer ? json_string_value(json_object_get(entry,
								 "peer")) : "";
	char name[2 * THEMIS_ID_TEXT + 2];

	if (a && b && strlen(a) < THEMIS_ID_TEXT && strlen(b) < THEMIS_ID_TEXT)
		snprintf(name, sizeof(name), "%s %s", a, b);
	else
		snprintf(name, sizeof(name), "? %u", image->strange++);
	json_object_set(peer ? image->peers : image->nodes, name, entry);
}

static void image_drop(struct image *image, const char *node,
		       const char *peer)
{
	char name[2 * THEMIS_ID_TEXT + 2];
	const char *key;
	json_t *entry;
	void *next;

	snprintf(name, sizeof(name), "%s %s", node, peer);
	if (*peer) {
		json_object_del(image->peers, name);
		return;
	}
	json_object_del(image->nodes, name);
	json_object_foreach_safe(image->peers, next, key, entry) {
		const char *of = json_string_value(json_object_get(entry,
								   "node"));

		if (of && !strcmp(of, node))
			json_object_del(image->peers, key);
	}
}

static int read_whole(struct daemon *d, struct image *image,
		      struct themis_diag *diag)
{
	json_t *root, *nodes, *peers, *entry;
	json_error_t error;
	int version, fd, err = 0;
	FILE *file;
	size_t i;

	fd = open_state(d->state_path, O_RDONLY, &d->state_len, diag);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	file = fdopen(fd, "r");
	if (!file) {
		close(fd);
		return themis_diag_set(diag, -ENOMEM, NULL, "out of memory");
	}
	root = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
	fclose(file);
	if (!root)
		return bad_file(d->state_path, error.text, diag);
	if (json_unpack_ex(root, &error, 0, "{s:i, s:o, s:o}", "version",
			   &version, "nodes", &nodes, "peers", &peers)) {
		err = bad_file(d->state_path, error.text, diag);
		goto out_free;
	}
	if (version != STATE_VERSION || !json_is_array(nodes) ||
	    !json_is_array(peers)) {
		err = bad_file(d->state_path, "it is of another version", diag);
		goto out_free;
	}
	json_array_foreach(nodes, i, entry)
		image_put(image, entry, false);
	json_array_foreach(peers, i, entry)
		image_put(image, entry, true);

out_free:
	json_decref(root);
	return err;
}

/* One line of the log; -EBADMSG: it is none. */
static int take_change(struct image *image, const char *line, size_t len)
{
	json_t *change = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	json_t *node = json_object_get(change, "node");
	json_t *peer = json_object_get(change, "peer");
	const char *of, *gone = NULL;
	int err = 0;

	if (json_is_object(node))
		image_put(image, node, false);
	else if (json_is_object(peer))
		image_put(image, peer, true);
	else if (!json_unpack(change, "{s:[s, s]}", "drop", &of, &gone) &&
		 strlen(of) < THEMIS_ID_TEXT && strlen(gone) < THEMIS_ID_TEXT)
		image_drop(image, of, gone);
	else
		err = -EBADMSG;
	json_decref(change);
	return err;
}

/*
 * The log. Its last line may be a torn one, whose writer was never told of
 * success: it is cut off.
 */
static int read_log(struct daemon *d, struct image *image,
		    struct themis_diag *diag)
{
	char path[PATH_ROOM], *text, *at, *end;
	size_t size, got = 0;
	ssize_t n;
	int fd, err;

	err = sibling(d, ".log", path, diag);
	if (err)
		return err;
	fd = open_state(path, O_RDWR | O_CREAT | O_APPEND, &size, diag);
	if (fd < 0)
		return fd;
	text = malloc(size + 1);
	if (!text) {
		err = themis_diag_set(diag, -ENOMEM, NULL, "out of memory");
		goto err_close;
	}
	while (got < size) {
		n = read(fd, text + got, size - got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			err = themis_diag_set(diag, n ? -errno : -EIO, NULL,
					      "cannot read the state file \"%s\"",
					      path);
			goto err_free;
		}
		got += (size_t)n;
	}
	for (at = text; at < text + size; at = end + 1) {
		end = memchr(at, '\n', (size_t)(text + size - at));
		if (end && !take_change(image, at, (size_t)(end - at)))
			continue;
		if (end && end + 1 < text + size) {
			err = bad_file(path, "a line is not understood", diag);
			goto err_free;
		}
		log_warn("the last change of \"%s\" was not completed; nobody was told that it was",
			 path);
		break;
	}
	d->state_log_len = (size_t)(at - text);
	if (at < text + size && (ftruncate(fd, at - text) || fsync(fd))) {
		err = themis_diag_set(diag, -errno, "Check the file system.",
				      "cannot repair the state file \"%s\": %m",
				      path);
		goto err_free;
	}
	err = themis_file_sync_dir(path);
	if (err) {
		themis_diag_set(diag, err, "Check the file system.",
				"cannot write the state file \"%s\": %s",
				path, strerror(-err));
		goto err_free;
	}
	free(text);
	d->state_log_fd = fd;
	return 0;

err_free:
	free(text);
err_close:
	close(fd);
	return err;
}

int statefile_load(struct daemon *d, struct themis_diag *diag)
{
	struct image image = {
		.nodes = json_object(),
		.peers = json_object(),
	};
	const char *key;
	json_t *entry;
	int err;

	d->orphans = json_array();
	err = read_whole(d, &image, diag);
	if (!err)
		err = read_log(d, &image, diag);
	if (err)
		goto out_free;
	json_object_foreach(image.nodes, key, entry)
		entry_load_node(d, entry);
	json_object_foreach(image.peers, key, entry)
		entry_load_peer(d, entry);

out_free:
	json_decref(image.nodes);
	json_decref(image.peers);
	return err;
}

static json_t *snapshot(struct daemon *d)
{
	json_t *nodes = json_array(), *peers = json_array();
	const struct node *node;
	json_t *entry;
	size_t i;

	for (node = d->nodes; node; node = node->next)
		if (!node->configured)
			json_array_append_new(nodes, entry_of_node(d, node));
	peer_walk(d, entry_add_peer, peers);
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

static int cannot_write(const struct daemon *d, int err,
			struct themis_diag *diag)
{
	static struct log_limit limit = { .lines = 1, .seconds = 60 };

	if (log_within(&limit, "such failures"))
		log_warn("cannot write the state file \"%s\": %s; changes are refused until that is mended",
			 d->state_path, strerror(-err));
	return themis_diag_set(diag, err, "Check the file system.",
			       "cannot write the state file \"%s\": %s",
			       d->state_path, strerror(-err));
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
		return cannot_write(d, err, diag);
	}
	d->state_len = len;
	/* If this fails, the log is read over the new file: no harm. */
	if (d->state_log_fd >= 0 && !ftruncate(d->state_log_fd, 0))
		d->state_log_len = 0;
	return 0;
}

/* Undoes what has been written of a line that did not become durable. */
static void cut_log(struct daemon *d)
{
	if (!ftruncate(d->state_log_fd, (off_t)d->state_log_len))
		return;
	/* What is there is not to be written on: have a new file at once. */
	log_warn("cannot repair the log of the state file: %m");
	if (statefile_save(d, NULL))
		log_warn("cannot replace it either");
}

/* Has a change on disk; takes its reference. */
static int record(struct daemon *d, json_t *change, struct themis_diag *diag)
{
	char *text = change ? json_dumps(change, JSON_COMPACT) : NULL;
	struct themis_diag why;
	size_t len;
	int err;

	json_decref(change);
	if (!text)
		return themis_diag_set(diag, -ENOMEM, NULL, "out of memory");
	len = strlen(text);
	text[len++] = '\n';
	err = themis_file_append(d->state_log_fd, text, len);
	free(text);
	if (err) {
		cut_log(d);
		return cannot_write(d, err, diag);
	}
	d->state_log_len += len;
	/* It is durable already: should this fail, the log just grows. */
	if (d->state_log_len > LOG_MIN && d->state_log_len > d->state_len &&
	    statefile_save(d, &why))
		log_diag(LOG_LEVEL_WARN, &why);
	return 0;
}

int statefile_node(struct daemon *d, const struct node *node,
		   struct themis_diag *diag)
{
	if (d->loading || d->bulk || node->configured)
		return 0;
	return record(d, json_pack("{s:o}", "node", entry_of_node(d, node)), diag);
}

int statefile_peer(struct daemon *d, const struct peer *peer,
		   struct themis_diag *diag)
{
	if (d->loading || d->bulk || peer->configured)
		return 0;
	return record(d, json_pack("{s:o}", "peer", entry_of_peer(peer)), diag);
}

int statefile_drop(struct daemon *d, const struct themis_id *node,
		   const struct themis_id *peer, struct themis_diag *diag)
{
	char of[THEMIS_ID_TEXT], gone[THEMIS_ID_TEXT] = "";

	if (d->loading || d->bulk)
		return 0;
	themis_id_format(node, of);
	if (peer)
		themis_id_format(peer, gone);
	return record(d, json_pack("{s:[s, s]}", "drop", of, gone), diag);
}
