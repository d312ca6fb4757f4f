// SPDX-License-Identifier: GPL-2.0
/*
 * Secrets in files.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "file.h"
#include "keyfile.h"

#define MAGIC		"themis-key-v1 "
#define MAGIC_LEN	(sizeof(MAGIC) - 1)
#define B64		sodium_base64_VARIANT_ORIGINAL
#define B64_LEN		44	/* 32 bytes, padded, without the final zero */
#define FILE_MAX	256	/* more is no secret of ours */

/* Opens @path if it is fit to hold a secret; returns the descriptor. */
static int open_secret(const char *path, struct themis_diag *diag)
{
	struct stat st;
	int fd, err;

	/* O_NONBLOCK: a FIFO must not hold up its reader. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0) {
		err = -errno;
		if (err == -ENOENT)
			return themis_diag_set(diag, err,
				"Make one with 'themis key new FILE'.",
				"key file \"%s\" does not exist", path);
		if (err == -ELOOP)
			return themis_diag_set(diag, -EINVAL,
				"Name the file itself.",
				"key file \"%s\" is a symbolic link", path);
		return themis_diag_set(diag, err, "Check path and owner.",
				       "cannot open key file \"%s\": %s", path,
				       strerror(-err));
	}

	if (fstat(fd, &st)) {
		err = themis_diag_set(diag, -errno, NULL,
				      "cannot examine key file \"%s\": %m",
				      path);
		goto err_close;
	}
	if (!S_ISREG(st.st_mode)) {
		err = themis_diag_set(diag, -EINVAL, "Name a regular file.",
				      "key file \"%s\" is not a regular file",
				      path);
		goto err_close;
	}
	if (st.st_uid != geteuid()) {
		err = themis_diag_set(diag, -EPERM,
				      "Give it to the user of this process with chown.",
				      "key file \"%s\" belongs to user %u, not %u",
				      path, st.st_uid, geteuid());
		goto err_close;
	}
	if (st.st_mode & 077) {
		err = themis_diag_set(diag, -EPERM,
				      "Run 'chmod 0600' on it; if others have read it, make a new one.",
				      "key file \"%s\" has mode %04o: group or others may use it",
				      path, st.st_mode & 07777);
		goto err_close;
	}
	return fd;

err_close:
	close(fd);
	return err;
}

/* The file's one line without its newline, and its length; or an error. */
static int read_line(const char *path, char line[FILE_MAX],
		     struct themis_diag *diag)
{
	size_t len = 0;
	ssize_t n;
	int fd, err;

	fd = open_secret(path, diag);
	if (fd < 0)
		return fd;
	while (len < FILE_MAX) {
		n = read(fd, line + len, FILE_MAX - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err = themis_diag_set(diag, -errno, NULL,
					      "cannot read key file \"%s\": %m",
					      path);
			goto out_close;
		}
		if (!n)
			break;
		len += (size_t)n;
	}
	if (len && line[len - 1] == '\n')
		len--;
	if (!len) {
		err = themis_diag_set(diag, -ENODATA,
				      "Restore it, or make a new one.",
				      "key file \"%s\" is empty", path);
		goto out_close;
	}
	if (len >= FILE_MAX || memchr(line, '\0', len)) {
		err = themis_diag_set(diag, -EBADMSG, "Name a key file.",
				      "\"%s\" is not a key file", path);
		goto out_close;
	}
	line[len] = '\0';
	err = (int)len;

out_close:
	close(fd);
	return err;
}

/* Exactly 32 bytes in canonical, padded base64. */
static bool decode(const char *text, size_t text_len, uint8_t out[32])
{
	size_t len;

	return text_len == B64_LEN &&
	       !sodium_base642bin(out, 32, text, text_len, NULL, &len, NULL,
				  B64) && len == 32;
}

int themis_keyfile_load(const char *path, uint8_t seed[THEMIS_SEED_LEN],
			struct themis_diag *diag)
{
	size_t head, len;
	char line[FILE_MAX];
	int err;

	sodium_memzero(seed, THEMIS_SEED_LEN);
	err = read_line(path, line, diag);
	if (err < 0)
		goto out_wipe;
	len = (size_t)err;
	head = len < MAGIC_LEN ? len : MAGIC_LEN;

	if (memcmp(line, MAGIC, head)) {
		err = themis_diag_set(diag, -EBADMSG, "Name a key file.",
				      "\"%s\" is not a Themis key file", path);
	} else if (len < MAGIC_LEN + B64_LEN) {
		err = themis_diag_set(diag, -ENODATA,
				      "Restore it, or make a new one.",
				      "key file \"%s\" is cut short", path);
	} else if (!decode(line + MAGIC_LEN, len - MAGIC_LEN, seed)) {
		sodium_memzero(seed, THEMIS_SEED_LEN);
		err = themis_diag_set(diag, -EBADMSG,
				      "Restore it, or make a new one.",
				      "key file \"%s\" is damaged: not the base64 of 32 bytes",
				      path);
	} else {
		err = 0;
	}

out_wipe:
	sodium_memzero(line, sizeof(line));
	return err;
}

/* @head, 32 bytes in base64 and a newline, into a file that did not exist. */
static int create_secret(const char *path, const char *head,
			 const uint8_t secret[32], struct themis_diag *diag)
{
	char line[MAGIC_LEN + B64_LEN + 2];
	size_t len = strlen(head);
	int fd, err;

	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		  0600);
	if (fd < 0) {
		err = -errno;
		if (err == -EEXIST)
			return themis_diag_set(diag, err,
				"Choose another name; a key is never overwritten.",
				"\"%s\" exists", path);
		return themis_diag_set(diag, err, "Check the directory.",
				       "cannot make key file \"%s\": %s", path,
				       strerror(-err));
	}

	memcpy(line, head, len);
	sodium_bin2base64(line + len, B64_LEN + 1, secret, 32, B64);
	len += B64_LEN;
	line[len++] = '\n';
	err = themis_file_finish(fd, line, len);
	sodium_memzero(line, sizeof(line));
	if (!err)
		err = themis_file_sync_dir(path);
	if (err) {
		unlink(path);
		return themis_diag_set(diag, err, "Check the file system.",
				       "cannot write key file \"%s\": %s",
				       path, strerror(-err));
	}
	return 0;
}

int themis_keyfile_create(const char *path,
			  const uint8_t seed[THEMIS_SEED_LEN],
			  struct themis_diag *diag)
{
	return create_secret(path, MAGIC, seed, diag);
}

int themis_pskfile_create(const char *path, const uint8_t psk[THEMIS_PSK_LEN],
			  struct themis_diag *diag)
{
	return create_secret(path, "", psk, diag);
}

void themis_keyfile_public(const uint8_t seed[THEMIS_SEED_LEN],
			   uint8_t public_key[THEMIS_PUBLIC_LEN])
{
	uint8_t secret[crypto_sign_SECRETKEYBYTES];

	crypto_sign_seed_keypair(public_key, secret, seed);
	sodium_memzero(secret, sizeof(secret));
}

int themis_pskfile_load(const char *path, uint8_t psk[THEMIS_PSK_LEN],
			struct themis_diag *diag)
{
	char line[FILE_MAX];
	size_t len;
	bool ok;
	int err;

	sodium_memzero(psk, THEMIS_PSK_LEN);
	err = read_line(path, line, diag);
	if (err < 0)
		goto out_wipe;

	len = (size_t)err;
	if (len == 2 * THEMIS_PSK_LEN)
		ok = !sodium_hex2bin(psk, THEMIS_PSK_LEN, line, len, NULL, &len,
				     NULL) && len == THEMIS_PSK_LEN;
	else
		ok = decode(line, len, psk);
	if (!ok) {
		err = themis_diag_set(diag, -EBADMSG,
				      "Write 64 hex digits or the base64 of 32 bytes on one line.",
				      "\"%s\" holds no pre-shared key", path);
	} else if (sodium_is_zero(psk, THEMIS_PSK_LEN)) {
		err = themis_diag_set(diag, -EBADMSG,
				      "Fill it with 32 random bytes.",
				      "the pre-shared key in \"%s\" is all zero",
				      path);
	} else {
		err = 0;
	}

out_wipe:
	if (err)
		sodium_memzero(psk, THEMIS_PSK_LEN);
	sodium_memzero(line, sizeof(line));
	return err;
}
