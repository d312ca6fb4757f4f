// SPDX-License-Identifier: GPL-2.0
/*
 * themis key: files with secrets. What is printed is public; what is secret
 * never leaves the file.
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admission.h"
#include "id.h"
#include "keyfile.h"
#include "names.h"
#include "print.h"
#include "request.h"
#include "tool.h"

#define VARIANT		sodium_base64_VARIANT_ORIGINAL

static const struct print_column columns[] = {
	{ .head = "public", .key = "public", .flags = PRINT_BRIEF },
	{ .head = "netid", .key = "netid" },
	{ .head = "id", .key = "id", .flags = PRINT_BRIEF },
	{ }
};

static const struct print_layout layout = {
	.columns = columns,
	.record = true,
};

static void show_public(const char *path, const uint8_t *seed,
			const char *netid)
{
	char text[sodium_base64_ENCODED_LEN(THEMIS_PUBLIC_LEN, VARIANT)];
	uint8_t public_key[THEMIS_PUBLIC_LEN];
	json_t *rows = print_array();
	json_t *row = print_new();
	struct themis_id id;

	themis_keyfile_public(seed, public_key);
	sodium_bin2base64(text, sizeof(text), public_key, sizeof(public_key),
			  VARIANT);
	print_set_text(row, "file", path, strlen(path));
	print_set_text(row, "public", text, strlen(text));
	print_set_text(row, "netid", netid, netid ? strlen(netid) : 0);
	if (netid &&
	    !themis_id_derive(&id, (const uint8_t *)netid, strlen(netid),
			      public_key))
		print_set_id(row, "id", &id);
	else
		json_object_set_new(row, "id", json_null());
	print_append(rows, row);
	print_rows(rows, &layout);
}

static int check_netid(const char *netid)
{
	if (sodium_init() < 0)
		return tool_fail(TOOL_KERNEL, "Look at /dev/urandom.",
				 "there is no source of random numbers");
	return netid ? request_netid(netid) : TOOL_OK;
}

int key_new(const struct tool_args *args)
{
	const char *netid = tool_arg(args, "netid");
	const char *path = tool_arg(args, "FILE");
	uint8_t seed[THEMIS_SEED_LEN];
	struct themis_diag diag;
	int err;

	err = check_netid(netid);
	if (err)
		return err;
	randombytes_buf(seed, sizeof(seed));
	err = themis_keyfile_create(path, seed, &diag);
	if (err)
		err = tool_fail_diag(TOOL_USAGE, &diag);
	else
		show_public(path, seed, netid);
	sodium_memzero(seed, sizeof(seed));
	return err;
}

int key_show(const struct tool_args *args)
{
	const char *netid = tool_arg(args, "netid");
	const char *path = tool_arg(args, "FILE");
	uint8_t seed[THEMIS_SEED_LEN];
	struct themis_diag diag;
	int err;

	err = check_netid(netid);
	if (err)
		return err;
	err = themis_keyfile_load(path, seed, &diag);
	if (err)
		err = tool_fail_diag(TOOL_USAGE, &diag);
	else
		show_public(path, seed, netid);
	sodium_memzero(seed, sizeof(seed));
	return err;
}

/* Return: 0 or a negative errno; no file is left behind on failure. */
static int write_new(const char *path, const char *text, size_t len)
{
	ssize_t n;
	int err = 0;
	int fd;

	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		  0600);
	if (fd < 0)
		return -errno;
	/* A umask may take permissions away, and must not be trusted to. */
	if (fchmod(fd, 0600))
		err = -errno;
	while (!err && len) {
		n = write(fd, text, len);
		if (n < 0) {
			err = -errno;
			break;
		}
		text += n;
		len -= n;
	}
	if (!err && fsync(fd))
		err = -errno;
	if (close(fd) && !err)
		err = -errno;
	if (err)
		unlink(path);
	return err;
}

int key_psk(const struct tool_args *args)
{
	const char *path = tool_arg(args, "FILE");
	uint8_t psk[THEMIS_PSK_LEN];
	char text[sodium_base64_ENCODED_LEN(THEMIS_PSK_LEN, VARIANT)];
	int err;

	err = check_netid(NULL);
	if (err)
		return err;
	randombytes_buf(psk, sizeof(psk));
	sodium_bin2base64(text, sizeof(text), psk, sizeof(psk),
			  VARIANT);
	sodium_memzero(psk, sizeof(psk));
	/* The line's end takes the place of the string's. */
	text[sizeof(text) - 1] = '\n';
	err = write_new(path, text, sizeof(text));
	sodium_memzero(text, sizeof(text));
	if (err == -EEXIST)
		return tool_fail(TOOL_USAGE,
				 "Give another name, or remove it first.",
				 "%s exists", path);
	if (err)
		return tool_fail(TOOL_USAGE, "Give a place that you may write.",
				 "cannot make %s: %s", path, strerror(-err));
	return TOOL_OK;
}

/* What says that a node may be in a closed network, signed by its key. */
int key_admit(const struct tool_args *args)
{
	const char *netid = tool_arg(args, "netid");
	char text[sodium_base64_ENCODED_LEN(crypto_sign_BYTES, VARIANT)];
	uint8_t seed[THEMIS_SEED_LEN], public_key[THEMIS_PUBLIC_LEN];
	uint8_t secret[crypto_sign_SECRETKEYBYTES], b[DHT_ADMISSION_TEXT];
	const char *until = tool_arg(args, "until");
	uint8_t signature[crypto_sign_BYTES];
	struct themis_diag diag;
	struct themis_id id;
	size_t len;
	int err;

	err = check_netid(netid);
	if (!err)
		err = names_resolve(tool_arg(args, "id"),
				    NAMES_NODE | NAMES_PEER, &id);
	if (err)
		return err;
	len = strlen(until);
	if (!len || len > 18 || strspn(until, "0123456789") != len)
		return tool_fail(TOOL_USAGE, "Give seconds since 1970.",
				 "\"%s\" is no time", until);
	if (themis_keyfile_load(tool_arg(args, "FILE"), seed, &diag))
		return tool_fail_diag(TOOL_USAGE, &diag);
	crypto_sign_seed_keypair(public_key, secret, seed);
	sodium_memzero(seed, sizeof(seed));
	len = dht_admission_text((const uint8_t *)netid, strlen(netid), &id,
				 strtoull(until, NULL, 10), b);
	crypto_sign_detached(signature, NULL, b, len, secret);
	sodium_memzero(secret, sizeof(secret));
	sodium_bin2base64(text, sizeof(text), signature, sizeof(signature),
			  VARIANT);
	printf("%s:%s\n", until, text);
	return TOOL_OK;
}
