/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files that write the directory's file share.
 */
#ifndef THEMISD_DIRECTORY_DISK_H
#define THEMISD_DIRECTORY_DISK_H

#include <lmdb.h>

#include "directory_state.h"

#define KEY_LEN		(3 * THEMIS_ID_LEN)	/* node, object, owner */
#define UNTIL_LEN	8

/**
 * struct disk - the file
 * @path: its name
 * @env: of LMDB; NULL: it could not be opened
 * @objects: table of objects
 * @contacts: table of members
 * @published: table of what our nodes have stored
 * @txn: what is not on disk yet, or NULL
 * @bad: what is in memory is not all on disk
 * @tried: when it was last tried to have it there, microseconds
 */
struct disk {
	char		*path;
	MDB_env		*env;
	MDB_dbi		objects;
	MDB_dbi		contacts;
	MDB_dbi		published;
	MDB_txn		*txn;
	bool		bad;
	uint64_t	tried;
};

/* directory_disk.c */
void disk_failed(struct disk *disk, const char *what, int err);
MDB_txn *disk_begun(struct disk *disk);
void disk_end(struct disk *disk);
int disk_key(const struct member *member, const uint8_t *b, size_t len,
	     uint8_t key[KEY_LEN]);

#endif /* THEMISD_DIRECTORY_DISK_H */
