// SPDX-License-Identifier: GPL-2.0
/*
 * What our own nodes have stored, on disk: until when, when it was last stored,
 * and the object; of what is kept up, also for how long it is signed each time.
 */
#include <string.h>
#include <time.h>

#include "directory_disk.h"
#include "object.h"

#define HEAD_LEN	16	/* until, stored */
#define TTL_LEN		8
#define ROW_MAX		(HEAD_LEN + DHT_OBJECT_MAX + TTL_LEN)
#define ROWS_MAX	16384	/* of all nodes */

static size_t row_put(uint8_t row[ROW_MAX], const struct publication *p)
{
	size_t len = HEAD_LEN + p->len;

	dht_put64(row, p->until);
	dht_put64(row + 8, p->stored);
	memmove(row + HEAD_LEN, p->b, p->len);
	if (p->until != PUBLISH_ALWAYS)
		return len;
	dht_put64(row + len, p->ttl);
	return len + TTL_LEN;
}

static int row_get(const uint8_t *row, size_t len, struct publication *p)
{
	size_t tail;

	if (len < HEAD_LEN + TTL_LEN || len > ROW_MAX)
		return -1;
	p->until = dht_get64(row);
	p->stored = dht_get64(row + 8);
	p->b = row + HEAD_LEN;
	tail = p->until == PUBLISH_ALWAYS ? TTL_LEN : 0;
	p->len = len - HEAD_LEN - tail;
	p->ttl = tail ? dht_get64(p->b + p->len) : 0;
	return 0;
}

/* There is room for one more, or it is there already. */
static bool room(struct disk *disk, MDB_val *key)
{
	MDB_stat stat;
	MDB_val v;

	return !mdb_get(disk->txn, disk->published, key, &v) ||
	       (!mdb_stat(disk->txn, disk->published, &stat) &&
		stat.ms_entries < ROWS_MAX);
}

/**
 * disk_publish() - a node of ours has stored an object
 * @member: the node
 * @p: what, and until when; on disk after disk_commit()
 *
 * Return: true, or false if it cannot be kept.
 */
bool disk_publish(struct member *member, const struct publication *p)
{
	uint8_t key[KEY_LEN], row[ROW_MAX];
	struct disk *disk = member->dir->disk;
	MDB_val k = { KEY_LEN, key }, v = { 0, row };
	int err;

	if (disk->bad || p->len > DHT_OBJECT_MAX ||
	    disk_key(member, p->b, p->len, key) || !disk_begun(disk) ||
	    !room(disk, &k))
		return false;
	v.mv_size = row_put(row, p);
	err = mdb_put(disk->txn, disk->published, &k, &v, 0);
	if (err)
		disk_failed(disk, "write", err);
	return !err;
}

/**
 * disk_publish_stored() - what a node of ours has stored is stored again
 * @member: the node
 * @b: the object
 * @len: its length in bytes
 * @now: seconds of the world's clock
 */
void disk_publish_stored(struct member *member, const uint8_t *b, size_t len,
			 uint64_t now)
{
	uint8_t key[KEY_LEN], row[ROW_MAX];
	struct disk *disk = member->dir->disk;
	MDB_val k = { KEY_LEN, key }, v;
	int err;

	if (disk->bad || disk_key(member, b, len, key) || !disk_begun(disk) ||
	    mdb_get(disk->txn, disk->published, &k, &v) ||
	    v.mv_size > sizeof(row) || v.mv_size < HEAD_LEN)
		return;
	memcpy(row, v.mv_data, v.mv_size);
	dht_put64(row + 8, now);
	v.mv_data = row;
	err = mdb_put(disk->txn, disk->published, &k, &v, 0);
	if (err)
		disk_failed(disk, "write", err);
}

struct search {
	const struct themis_id	*id;
	unsigned int		found;
};

static enum publish_verdict forget(void *ctx, const struct themis_id *id,
				   struct publication *p)
{
	struct search *search = ctx;

	if (!themis_id_equal(id, search->id))
		return PUBLISH_NEXT;
	search->found++;
	return PUBLISH_FORGET;
}

/**
 * disk_unpublish() - what a node of ours has stored is to end
 * @member: the node
 * @id: of the object or the set
 *
 * Return: how many there were of that id.
 */
unsigned int disk_unpublish(struct member *member, const struct themis_id *id)
{
	struct search search = { .id = id };

	disk_published(member, forget, &search);
	return search.found;
}

/* One of them. Return: false to stop. */
static bool look(MDB_cursor *cursor, MDB_val *k, const MDB_val *v,
		 enum publish_verdict (*cb)(void *ctx,
					    const struct themis_id *id,
					    struct publication *p),
		 void *ctx, int *err)
{
	struct publication p;
	struct themis_id id;
	uint8_t row[ROW_MAX];
	MDB_val new = { .mv_data = row };

	memcpy(id.b, (uint8_t *)k->mv_data + THEMIS_ID_LEN, THEMIS_ID_LEN);
	if (row_get(v->mv_data, v->mv_size, &p) ||
	    p.until <= (uint64_t)time(NULL)) {
		*err = mdb_cursor_del(cursor, 0);
		return !*err;
	}
	switch (cb(ctx, &id, &p)) {
	case PUBLISH_WRITE:
		new.mv_size = row_put(row, &p);
		*err = mdb_cursor_put(cursor, k, &new, MDB_CURRENT);
		return !*err;
	case PUBLISH_FORGET:
		*err = mdb_cursor_del(cursor, 0);
		return !*err;
	case PUBLISH_STOP:
		return false;
	default:
		return true;
	}
}

/**
 * disk_published() - walk what a node of ours has stored
 * @member: the node
 * @cb: called for each; may change it, and says what is to become of it
 * @ctx: passed to @cb
 *
 * What has had its time is forgotten.
 */
void disk_published(struct member *member,
		    enum publish_verdict (*cb)(void *ctx,
					       const struct themis_id *id,
					       struct publication *p),
		    void *ctx)
{
	MDB_val k = { THEMIS_ID_LEN, member->id.b }, v;
	struct disk *disk = member->dir->disk;
	MDB_cursor *cursor;
	int err, bad = 0;

	if (disk->bad || !disk_begun(disk) ||
	    mdb_cursor_open(disk->txn, disk->published, &cursor))
		return;
	err = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
	for (; !err; err = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) {
		if (k.mv_size != KEY_LEN ||
		    memcmp(k.mv_data, member->id.b, THEMIS_ID_LEN) ||
		    !look(cursor, &k, &v, cb, ctx, &bad))
			break;
	}
	mdb_cursor_close(cursor);
	if (bad)
		disk_failed(disk, "write", bad);
}
