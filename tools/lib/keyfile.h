/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Secrets in files: a node's key and a pre-shared key.
 *
 * A key file is one line, "themis-key-v1 <base64 of 32 bytes>". Files that
 * hold secrets must be regular, not a symbolic link, owned by the effective
 * user and without any permission for group and others.
 */
#ifndef THEMIS_KEYFILE_H
#define THEMIS_KEYFILE_H

#include <stdint.h>

#include "diag.h"

#define THEMIS_SEED_LEN		32	/* Ed25519 seed */
#define THEMIS_PUBLIC_LEN	32	/* Ed25519 public key */
#define THEMIS_PSK_LEN		32

/**
 * themis_keyfile_load() - read a node's key
 * @path: the key file
 * @seed: result, THEMIS_SEED_LEN bytes, wiped on failure; to be wiped by the
 *	caller with sodium_memzero() as soon as it is used
 * @diag: filled in on failure; may be NULL
 *
 * Return: 0; -ENOENT: there is no such file; -EPERM: others may read it, or it
 * belongs to another user; -EINVAL: it is not a regular file; -ENODATA: it is
 * cut short; -EBADMSG: it holds something else; or another errno of open() and
 * read(). Each has a text of its own.
 */
int themis_keyfile_load(const char *path, uint8_t seed[THEMIS_SEED_LEN],
			struct themis_diag *diag);

/**
 * themis_keyfile_create() - write a node's key to a new file
 * @path: must not exist; made with mode 0600 and synchronised to disk
 * @seed: THEMIS_SEED_LEN random bytes
 * @diag: filled in on failure; may be NULL
 *
 * Return: 0; -EEXIST: there is a file, which has not been touched; or another
 * errno, and no file is left behind.
 */
int themis_keyfile_create(const char *path,
			  const uint8_t seed[THEMIS_SEED_LEN],
			  struct themis_diag *diag);

/**
 * themis_keyfile_public() - the public key of a seed
 * @seed: THEMIS_SEED_LEN bytes
 * @public_key: result, THEMIS_PUBLIC_LEN bytes
 */
void themis_keyfile_public(const uint8_t seed[THEMIS_SEED_LEN],
			   uint8_t public_key[THEMIS_PUBLIC_LEN]);

/**
 * themis_pskfile_load() - read a pre-shared key
 * @path: a file with 64 hex digits or the base64 of 32 bytes on one line
 * @psk: result, THEMIS_PSK_LEN bytes, wiped on failure; to be wiped by the
 *	caller
 * @diag: filled in on failure; may be NULL
 *
 * Return: as themis_keyfile_load(). A key of zeros is -EBADMSG: it stands for
 * "none".
 */
int themis_pskfile_load(const char *path, uint8_t psk[THEMIS_PSK_LEN],
			struct themis_diag *diag);

/**
 * themis_pskfile_create() - write a pre-shared key to a new file
 * @path: must not exist; made with mode 0600 and synchronised to disk
 * @psk: THEMIS_PSK_LEN random bytes; written in base64
 * @diag: filled in on failure; may be NULL
 *
 * Return: as themis_keyfile_create().
 */
int themis_pskfile_create(const char *path, const uint8_t psk[THEMIS_PSK_LEN],
			  struct themis_diag *diag);

#endif /* THEMIS_KEYFILE_H */
