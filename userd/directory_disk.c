// SPDX-License-Identifier: GPL-2.0
/*
 * What the directory keeps on disk: objects, and the members that a node knows.
 *
 * One LMDB file beside the state file, for all nodes. What one turn of the event
 * loop leads to is one transaction, which is on disk before anybody is told. If
 * it cannot be written, objects are kept in memory only, and nobody is told that
 * they are kept, until all of them could be written.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>

#include "directory_disk.h"
#include "log.h"
#include "message.h"
#include "object.h"

#define MAP_SIZE	(1024UL << 20)	/* of address space */
#define CONTACTS_MAX	1024		/* of a node */
#define FULL_BYTES	1048576UL	/* less than this is no room */
#define AGAIN_US	(10 * 1000000ULL)	/* until it is tried again */

/* LMDB calls a write that ended in the middle EIO, also where the disk is full. */
static int cause(const struct disk *disk, int err)
{
	struct statvfs fs;
	int fd;

	if (err == EIO && disk->env && !mdb_env_get_fd(disk->env, &fd) &&
	    !fstatvfs(fd, &fs) &&
	    (uint64_t)fs.f_bavail * fs.f_frsize < FULL_BYTES)
		err = ENOSPC;
	return err;
}

/**
 * disk_failed() - the file cannot be used as it should be
 * @disk: the file; what is not on disk yet is taken back
 * @what: what was tried
 * @err: LMDB's error
 */
void disk_failed(struct disk *disk, const char *what, int err)
{
	if (disk->txn)
		mdb_txn_abort(disk->txn);
	disk->txn = NULL;
	if (!disk->bad)
		log_error("Error: the directory cannot %s: %s. Make room.",
			  what, mdb_strerror(cause(disk, err)));
	disk->bad = true;
	disk->tried = daemon_now();
}

static int open_tables(struct disk *disk)
{
	MDB_txn *txn;
	int err;

	err = mdb_txn_begin(disk->env, NULL, 0, &txn);
	if (err)
		return err;
	err = mdb_dbi_open(txn, "objects", MDB_CREATE, &disk->objects);
	if (!err)
		err = mdb_dbi_open(txn, "contacts", MDB_CREATE,
				   &disk->contacts);
	if (!err)
		err = mdb_dbi_open(txn, "published", MDB_CREATE,
				   &disk->published);
	if (err) {
		mdb_txn_abort(txn);
		return err;
	}
	return mdb_txn_commit(txn);
}

static int open_env(struct disk *disk, const char *path)
{
	int err;

	err = mdb_env_create(&disk->env);
	if (err) {
		disk->env = NULL;
		return err;
	}
	err = mdb_env_set_mapsize(disk->env, MAP_SIZE);
	if (!err)
		err = mdb_env_set_maxdbs(disk->env, 3);
	/* Nobody else has it: the state file's lock sees to that. */
	if (!err)
		err = mdb_env_open(disk->env, path, MDB_NOSUBDIR | MDB_NOLOCK |
				   MDB_NOMETASYNC, 0600);
	if (!err)
		err = open_tables(disk);
	if (err) {
		mdb_env_close(disk->env);
		disk->env = NULL;
	}
	return err;
}

/**
 * disk_open() - open the file, or make it
 * @dir: the directory
 *
 * Return: 0 or -ENOMEM; also 0 if it cannot be had: see above.
 */
int disk_open(struct directory *dir)
{
	struct disk *disk = calloc(1, sizeof(*disk));
	int err;

	if (!disk)
		return -ENOMEM;
	dir->disk = disk;
	if (asprintf(&disk->path, "%s.dht", dir->d->state_path) < 0) {
		free(disk);
		dir->disk = NULL;
		return -ENOMEM;
	}
	err = open_env(disk, disk->path);
	if (err)
		disk_failed(disk, "open its file", err);
	return 0;
}

/**
 * disk_close() - mirror of disk_open()
 * @dir: the directory
 */
void disk_close(struct directory *dir)
{
	struct disk *disk = dir->disk;

	if (disk->txn)
		mdb_txn_abort(disk->txn);
	if (disk->env)
		mdb_env_close(disk->env);
	free(disk->path);
	free(disk);
	dir->disk = NULL;
}

/**
 * disk_begun() - the transaction of this turn of the event loop
 * @disk: the file
 *
 * Return: the transaction, or NULL if there can be none.
 */
MDB_txn *disk_begun(struct disk *disk)
{
	int err;

	if (disk->txn || !disk->env)
		return disk->txn;
	err = mdb_txn_begin(disk->env, NULL, 0, &disk->txn);
	if (err) {
		disk->txn = NULL;
		disk_failed(disk, "write", err);
	}
	return disk->txn;
}

/**
 * disk_key() - the key of an object's row
 * @member: whose it is
 * @b: the object
 * @len: its length in bytes
 * @key: result
 *
 * Return: 0, or -EINVAL if it is no object.
 */
int disk_key(const struct member *member, const uint8_t *b, size_t len,
	     uint8_t key[KEY_LEN])
{
	const char *netid = member->network->netid;
	struct dht_object object;
	struct themis_id id;

	if (dht_object_parse(&object, b, len))
		return -EINVAL;
	dht_object_id(&object, (const uint8_t *)netid, strlen(netid), &id);
	memcpy(key, member->id.b, THEMIS_ID_LEN);
	memcpy(key + THEMIS_ID_LEN, id.b, THEMIS_ID_LEN);
	memcpy(key + 2 * THEMIS_ID_LEN, object.owner, THEMIS_ID_LEN);
	return 0;
}

static void put(struct member *member, const uint8_t *b, size_t len,
		uint32_t lease)
{
	uint8_t key[KEY_LEN], value[UNTIL_LEN + DHT_OBJECT_MAX];
	struct disk *disk = member->dir->disk;
	MDB_val k = { KEY_LEN, key }, v = { UNTIL_LEN + len, value };
	int err;

	if (len > DHT_OBJECT_MAX || disk_key(member, b, len, key) ||
	    !disk_begun(disk))
		return;
	dht_put64(value, (uint64_t)time(NULL) + lease);
	memcpy(value + UNTIL_LEN, b, len);
	err = mdb_put(disk->txn, disk->objects, &k, &v, 0);
	if (err)
		disk_failed(disk, "write", err);
}

/**
 * disk_keep() - an object is held
 * @member: who holds it
 * @act: DHT_ACT_KEEP; on disk after disk_commit()
 */
void disk_keep(struct member *member, const struct dht_action *act)
{
	/* If not all can be written, all is, once it can. */
	if (!member->dir->disk->bad)
		put(member, act->b, act->len, act->lease);
}

/**
 * disk_drop() - an object is no longer held
 * @member: who held it
 * @act: DHT_ACT_DROP
 */
void disk_drop(struct member *member, const struct dht_action *act)
{
	struct disk *disk = member->dir->disk;
	uint8_t key[KEY_LEN];
	MDB_val k = { KEY_LEN, key };
	int err;

	if (disk->bad || disk_key(member, act->b, act->len, key) ||
	    !disk_begun(disk))
		return;
	err = mdb_del(disk->txn, disk->objects, &k, NULL);
	if (err && err != MDB_NOTFOUND)
		disk_failed(disk, "write", err);
}

/**
 * disk_end() - have on disk what this turn has written so far
 * @disk: the file
 */
void disk_end(struct disk *disk)
{
	int err;

	if (!disk->txn)
		return;
	err = mdb_txn_commit(disk->txn);
	disk->txn = NULL;
	if (err)
		disk_failed(disk, "write", err);
}

/*
 * What is there already needs no room. A signed object says itself how long it is
 * valid.
 */
static int put_again(void *ctx, const struct themis_id *id,
		     const uint8_t *object, size_t len)
{
	struct member *member = ctx;
	struct disk *disk = member->dir->disk;
	uint8_t key[KEY_LEN];
	MDB_val k = { KEY_LEN, key }, v;

	if (disk_key(member, object, len, key) ||
	    (!mdb_get(disk->txn, disk->objects, &k, &v) &&
	     v.mv_size == UNTIL_LEN + len &&
	     !memcmp((uint8_t *)v.mv_data + UNTIL_LEN, object, len)))
		return 0;
	put(member, object, len, dht_net_params(member->network->net)->keep);
	return !disk->txn;
}

/* What was dropped meanwhile. */
static int drop_again(struct directory *dir, MDB_txn *txn)
{
	const struct member *member;
	struct themis_id node, id;
	MDB_cursor *cursor;
	const uint8_t *at;
	MDB_val k, v;
	int err;

	err = mdb_cursor_open(txn, dir->disk->objects, &cursor);
	if (err)
		return err;
	while (!(err = mdb_cursor_get(cursor, &k, &v, MDB_NEXT))) {
		if (k.mv_size != KEY_LEN)
			continue;
		at = k.mv_data;
		memcpy(node.b, at, THEMIS_ID_LEN);
		memcpy(id.b, at + THEMIS_ID_LEN, THEMIS_ID_LEN);
		member = directory_member(dir->d, &node);
		if (!member || dht_node_holds(member->dht, &id,
					      at + 2 * THEMIS_ID_LEN))
			continue;
		err = mdb_cursor_del(cursor, 0);
		if (err)
			break;
	}
	mdb_cursor_close(cursor);
	return err == MDB_NOTFOUND ? 0 : err;
}

/* A file that has once failed in the midst of a commit is opened anew. */
static bool open_again(struct disk *disk)
{
	if (disk->env) {
		if (disk_begun(disk))
			return true;
		mdb_env_close(disk->env);
	}
	return !open_env(disk, disk->path) && disk_begun(disk);
}

/* Everything that is not there yet: perhaps there is room again. */
static void recover(struct directory *dir)
{
	struct disk *disk = dir->disk;
	struct member *member;

	disk->tried = daemon_now();
	if (!open_again(disk))
		return;
	if (drop_again(dir, disk->txn)) {
		mdb_txn_abort(disk->txn);
		disk->txn = NULL;
	}
	for (member = dir->members; member && disk->txn; member = member->next)
		dht_node_objects(member->dht, put_again, member);
	if (!disk->txn || mdb_txn_commit(disk->txn)) {
		disk->txn = NULL;
		return;
	}
	disk->txn = NULL;
	disk->bad = false;
	dht_host_full(dir->host, false);
	log_info("the directory can write again");
}

/**
 * disk_commit() - have on disk what was kept
 * @dir: the directory
 *
 * Return: true if all is there; false: nobody must be told that it is.
 */
bool disk_commit(struct directory *dir)
{
	disk_end(dir->disk);
	if (!dir->disk->bad)
		return true;
	dht_host_full(dir->host, true);
	if (daemon_now() - dir->disk->tried > AGAIN_US)
		recover(dir);
	return !dir->disk->bad;
}

/**
 * disk_bad() - whether what is in memory is not all on disk
 * @dir: the directory
 *
 * Return: true if so.
 */
bool disk_bad(const struct directory *dir)
{
	return dir->disk->bad;
}

static int add_contact(void *ctx, const struct dht_contact *contact,
		       uint64_t rtt_us, unsigned int bucket, bool good)
{
	MDB_val *v = ctx;

	if (!good)
		return 0;
	dht_contact_put(contact, (uint8_t *)v->mv_data + v->mv_size);
	v->mv_size += DHT_CONTACT_LEN;
	return v->mv_size == (size_t)CONTACTS_MAX * DHT_CONTACT_LEN;
}

/**
 * disk_contacts() - keep whom a node knows
 * @member: the node
 */
void disk_contacts(struct member *member)
{
	struct disk *disk = member->dir->disk;
	MDB_val k = { THEMIS_ID_LEN, member->id.b }, v = { 0 };
	int err = 0;

	if (disk->bad)
		return;
	v.mv_data = malloc((size_t)CONTACTS_MAX * DHT_CONTACT_LEN);
	if (!v.mv_data)
		return;
	dht_node_contacts(member->dht, add_contact, &v);
	/* Who knows nobody has better not forgotten all. */
	if (v.mv_size && disk_begun(disk))
		err = mdb_put(disk->txn, disk->contacts, &k, &v, 0);
	free(v.mv_data);
	if (err)
		disk_failed(disk, "write", err);
	disk_end(disk);
}

/* A node's proof of work has a row of its own beside its members. */
static void proof_key(const struct member *member,
		      uint8_t key[THEMIS_ID_LEN + 1])
{
	memcpy(key, member->id.b, THEMIS_ID_LEN);
	key[THEMIS_ID_LEN] = 'w';
}

/**
 * disk_proof() - keep a node's proof of work
 * @member: the node
 * @work: the proof
 */
void disk_proof(struct member *member, uint64_t work)
{
	uint8_t key[THEMIS_ID_LEN + 1], value[8];
	MDB_val k = { sizeof(key), key }, v = { sizeof(value), value };
	struct disk *disk = member->dir->disk;
	int err;

	if (disk->bad || !disk_begun(disk))
		return;
	proof_key(member, key);
	dht_put64(value, work);
	err = mdb_put(disk->txn, disk->contacts, &k, &v, 0);
	if (err)
		disk_failed(disk, "write", err);
	disk_end(disk);
}

static void load_proof(struct member *member, MDB_txn *txn)
{
	uint8_t key[THEMIS_ID_LEN + 1];
	MDB_val k = { sizeof(key), key }, v;

	proof_key(member, key);
	if (!mdb_get(txn, member->dir->disk->contacts, &k, &v) &&
	    v.mv_size == 8)
		work_believe(member, dht_get64(v.mv_data));
}

static unsigned int load_contacts(struct member *member, MDB_txn *txn)
{
	MDB_val k = { THEMIS_ID_LEN, member->id.b }, v;
	uint64_t now = daemon_now();
	struct dht_contact contact;
	unsigned int n = 0;
	size_t at;

	if (mdb_get(txn, member->dir->disk->contacts, &k, &v))
		return 0;
	for (at = 0; at + DHT_CONTACT_LEN <= v.mv_size; at += DHT_CONTACT_LEN) {
		dht_contact_get(&contact, (const uint8_t *)v.mv_data + at);
		n += !dht_node_know(member->dht, now, &contact);
	}
	return n;
}

static unsigned int load_objects(struct member *member, MDB_cursor *cursor)
{
	MDB_val k = { THEMIS_ID_LEN, member->id.b }, v;
	uint64_t unix_now = (uint64_t)time(NULL), until;
	uint64_t now = daemon_now();
	unsigned int n = 0;
	const uint8_t *b;
	int err;

	err = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
	for (; !err; err = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) {
		if (k.mv_size != KEY_LEN ||
		    memcmp(k.mv_data, member->id.b, THEMIS_ID_LEN))
			break;
		b = v.mv_data;
		until = v.mv_size > UNTIL_LEN ? dht_get64(b) : 0;
		if (until <= unix_now)
			continue;
		/* What is not valid is not believed, wherever it lies. */
		n += !dht_node_hold(member->dht, now, b + UNTIL_LEN,
				    v.mv_size - UNTIL_LEN,
				    (uint32_t)(until - unix_now));
	}
	return n;
}

/**
 * disk_load() - bring back what a node held and knew
 * @member: the node, new
 */
void disk_load(struct member *member)
{
	struct disk *disk = member->dir->disk;
	unsigned int contacts, objects = 0;
	char text[THEMIS_ID_TEXT];
	MDB_cursor *cursor;
	MDB_txn *txn;

	disk_end(disk);
	if (!disk->env || mdb_txn_begin(disk->env, NULL, MDB_RDONLY, &txn))
		return;
	load_proof(member, txn);
	contacts = load_contacts(member, txn);
	if (!mdb_cursor_open(txn, disk->objects, &cursor)) {
		objects = load_objects(member, cursor);
		mdb_cursor_close(cursor);
	}
	mdb_txn_abort(txn);
	if (contacts || objects)
		log_info("node %.16s: %u objects and %u members from the disk",
			 themis_id_format(&member->id, text), objects,
			 contacts);
}

/* All of a node's rows of a table. */
static int forget(struct disk *disk, MDB_dbi table, struct member *member)
{
	MDB_val k = { THEMIS_ID_LEN, member->id.b }, v;
	MDB_cursor *cursor;
	int err;

	err = mdb_cursor_open(disk->txn, table, &cursor);
	if (err)
		return err;
	err = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
	while (!err && k.mv_size >= THEMIS_ID_LEN &&
	       !memcmp(k.mv_data, member->id.b, THEMIS_ID_LEN)) {
		err = mdb_cursor_del(cursor, 0);
		if (!err)
			err = mdb_cursor_get(cursor, &k, &v, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	return err == MDB_NOTFOUND ? 0 : err;
}

/**
 * disk_forget() - a node has left, and what it held is with others
 * @member: the node; what it has stored itself is known on
 */
void disk_forget(struct member *member)
{
	struct disk *disk = member->dir->disk;
	int err;

	if (disk->bad || !disk_begun(disk))
		return;
	err = forget(disk, disk->contacts, member);
	if (!err)
		err = forget(disk, disk->objects, member);
	if (err)
		disk_failed(disk, "write", err);
	disk_end(disk);
}
