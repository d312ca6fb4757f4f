// SPDX-License-Identifier: GPL-2.0
/*
 * Secrets in files.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "keyfile.h"

/* The base64 of the bytes 0 to 31. */
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define COUNT	"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define HEX	"000102030405060708090A0B0C0D0E0F101112131415161718191a1b1c1d1e1f"

#define TEMPLATE	"/tmp/themis-keyfile-XXXXXX"

static char dir[sizeof(TEMPLATE)];

static const char *in_dir(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

/* A file of @len bytes and @mode; returns its path. */
static const char *put(const char *name, const char *text, size_t len,
		       mode_t mode)
{
	const char *path = in_dir(name);
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
	return path;
}

static const char *put_text(const char *text)
{
	return put("text", text, strlen(text), 0600);
}

/* Loading @path fails with @err, says @word, and leaves no secret. */
static void refused(const char *path, int err, const char *word)
{
	static const uint8_t zero[THEMIS_SEED_LEN];
	struct themis_diag diag = { 0 };
	uint8_t seed[THEMIS_SEED_LEN];

	memset(seed, 0xa5, sizeof(seed));
	assert_int_equal(themis_keyfile_load(path, seed, &diag), err);
	if (!strstr(diag.what, word))
		fail_msg("\"%s\" does not say \"%s\"", diag.what, word);
	if (!strstr(diag.what, path))
		fail_msg("\"%s\" does not name the file", diag.what);
	assert_true(diag.next[0]);
	assert_memory_equal(seed, zero, sizeof(seed));
	/* And without anybody to tell. */
	assert_int_equal(themis_keyfile_load(path, seed, NULL), err);
}

static void create_then_load(void **state)
{
	uint8_t seed[THEMIS_SEED_LEN], again[THEMIS_SEED_LEN];
	const char *path = in_dir("new.key");
	char text[128] = "";
	struct stat st;
	mode_t mask;
	FILE *file;

	randombytes_buf(seed, sizeof(seed));
	mask = umask(0);
	assert_int_equal(themis_keyfile_create(path, seed, NULL), 0);
	umask(mask);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(themis_keyfile_load(path, again, NULL), 0);
	assert_memory_equal(seed, again, sizeof(seed));

	file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fread(text, 1, sizeof(text), file), 14 + 44 + 1);
	fclose(file);
	assert_memory_equal(text, "themis-key-v1 ", 14);
	assert_int_equal(text[14 + 44], '\n');
}

static void create_never_overwrites(void **state)
{
	uint8_t seed[THEMIS_SEED_LEN] = { 1 }, again[THEMIS_SEED_LEN];
	const char *path = in_dir("once.key");
	struct themis_diag diag;

	assert_int_equal(themis_keyfile_create(path, seed, NULL), 0);
	seed[0] = 2;
	assert_int_equal(themis_keyfile_create(path, seed, &diag), -EEXIST);
	assert_non_null(strstr(diag.what, path));
	assert_int_equal(themis_keyfile_load(path, again, NULL), 0);
	assert_int_equal(again[0], 1);
}

static void create_follows_no_link(void **state)
{
	const char *target = strdup(in_dir("target"));
	const uint8_t seed[THEMIS_SEED_LEN] = { 1 };
	const char *path = in_dir("dangling");

	assert_int_equal(symlink(target, path), 0);
	assert_int_equal(themis_keyfile_create(path, seed, NULL), -EEXIST);
	assert_int_equal(access(target, F_OK), -1);
	free((char *)target);
}

static void create_says_what_is_missing(void **state)
{
	const uint8_t seed[THEMIS_SEED_LEN] = { 1 };
	struct themis_diag diag;

	assert_int_equal(themis_keyfile_create(in_dir("no/such"), seed, &diag),
			 -ENOENT);
	assert_non_null(strstr(diag.what, "No such file"));
}

static void loads_the_known_seed(void **state)
{
	uint8_t seed[THEMIS_SEED_LEN], public_key[THEMIS_PUBLIC_LEN];
	/* Ed25519 public key of the seed 00 01 02 ... 1f. */
	static const uint8_t expect[THEMIS_PUBLIC_LEN] = {
		0x03, 0xa1, 0x07, 0xbf, 0xf3, 0xce, 0x10, 0xbe,
		0x1d, 0x70, 0xdd, 0x18, 0xe7, 0x4b, 0xc0, 0x99,
		0x67, 0xe4, 0xd6, 0x30, 0x9b, 0xa5, 0x0d, 0x5f,
		0x1d, 0xdc, 0x86, 0x64, 0x12, 0x55, 0x31, 0xb8,
	};
	int i;

	assert_int_equal(themis_keyfile_load(put_text("themis-key-v1 " COUNT),
					     seed, NULL), 0);
	for (i = 0; i < THEMIS_SEED_LEN; i++)
		assert_int_equal(seed[i], i);
	themis_keyfile_public(seed, public_key);
	assert_memory_equal(public_key, expect, sizeof(expect));
}

static void refuses_missing(void **state)
{
	refused(in_dir("nothing"), -ENOENT, "does not exist");
}

static void refuses_what_others_may_use(void **state)
{
	static const mode_t modes[] = { 0640, 0604, 0620, 0602, 0610, 0601 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(modes); i++)
		refused(put("open", "themis-key-v1 " COUNT "\n", 59,
			    modes[i]), -EPERM, "group or others");
}

static void refuses_another_owner(void **state)
{
	const char *path = put_text("themis-key-v1 " COUNT "\n");

	/* Only root can give files away. */
	if (geteuid())
		skip();
	assert_int_equal(chown(path, 12345, 0), 0);
	refused(path, -EPERM, "belongs to user 12345");
}

static void refuses_what_is_no_file(void **state)
{
	const char *target = strdup(put_text("themis-key-v1 " COUNT "\n"));
	const char *path = in_dir("odd");

	assert_int_equal(symlink(target, path), 0);
	refused(path, -EINVAL, "symbolic link");
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	refused(path, -EINVAL, "not a regular file");
	rmdir(path);
	/* Nobody writes to it: it must not be waited for. */
	assert_int_equal(mkfifo(path, 0600), 0);
	refused(path, -EINVAL, "not a regular file");
	unlink(path);
	refused("/dev/null", -EINVAL, "not a regular file");
	free((char *)target);
}

static void refuses_truncated(void **state)
{
	static const char whole[] = "themis-key-v1 " COUNT;
	size_t len;

	refused(put_text(""), -ENODATA, "empty");
	refused(put_text("\n"), -ENODATA, "empty");
	for (len = 1; len < sizeof(whole) - 1; len++)
		refused(put("cut", whole, len, 0600), -ENODATA, "cut short");
}

static void refuses_what_is_no_key(void **state)
{
	static char large[4096];

	refused(put_text("hello\n"), -EBADMSG, "not a Themis key file");
	refused(put_text("themis-key-v2 " COUNT "\n"), -EBADMSG,
		"not a Themis key file");
	refused(put_text("themis-key-v1 " COUNT "A\n"), -EBADMSG, "damaged");
	refused(put_text("themis-key-v1 " COUNT "\n\n"), -EBADMSG, "damaged");
	refused(put_text("themis-key-v1  " COUNT "\n"), -EBADMSG, "damaged");
	/* Not canonical: the last bits are not zero. */
	refused(put_text("themis-key-v1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=\n"),
		-EBADMSG, "damaged");
	refused(put_text("themis-key-v1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8*\n"),
		-EBADMSG, "damaged");
	refused(put("zeros", "themis-key-v1 \0AECAwQFBgcICQoLDA0ODxAREhMUF",
		    43, 0600), -EBADMSG, "not a key file");
	memset(large, 'x', sizeof(large));
	refused(put("large", large, sizeof(large), 0600), -EBADMSG,
		"not a key file");
}

static void psk_in_hex_and_base64(void **state)
{
	uint8_t psk[THEMIS_PSK_LEN];
	int i;

	assert_int_equal(themis_pskfile_load(put_text(COUNT "\n"), psk, NULL),
			 0);
	for (i = 0; i < THEMIS_PSK_LEN; i++)
		assert_int_equal(psk[i], i);
	assert_int_equal(themis_pskfile_load(put_text(HEX), psk, NULL), 0);
	for (i = 0; i < THEMIS_PSK_LEN; i++)
		assert_int_equal(psk[i], i);
}

static void psk_is_created(void **state)
{
	uint8_t psk[THEMIS_PSK_LEN], again[THEMIS_PSK_LEN];
	const char *path = in_dir("new.psk");

	randombytes_buf(psk, sizeof(psk));
	assert_int_equal(themis_pskfile_create(path, psk, NULL), 0);
	assert_int_equal(themis_pskfile_load(path, again, NULL), 0);
	assert_memory_equal(psk, again, sizeof(psk));
	assert_int_equal(themis_pskfile_create(path, psk, NULL), -EEXIST);
}

static void psk_refuses_all_else(void **state)
{
	static const char * const bad[] = {
		"0", "AAAA", COUNT COUNT,
		"00010203040506070809101112131415161718192021222324252627282930",
		"0001020304050607080910111213141516171819202122232425262728293031f",
		"g001020304050607080910111213141516171819202122232425262728293031",
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
	};
	static const uint8_t zero[THEMIS_PSK_LEN];
	uint8_t psk[THEMIS_PSK_LEN];
	struct themis_diag diag;
	char text[65] = "";
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		memset(psk, 0xa5, sizeof(psk));
		if (themis_pskfile_load(put_text(bad[i]), psk, &diag) !=
		    -EBADMSG)
			fail_msg("\"%s\" was accepted", bad[i]);
		assert_memory_equal(psk, zero, sizeof(psk));
		/* The content may be a secret with one bad digit. */
		if (strlen(bad[i]) > 8)
			assert_null(strstr(diag.what, bad[i]));
	}
	memset(text, '0', 64);
	assert_int_equal(themis_pskfile_load(put_text(text), psk, &diag),
			 -EBADMSG);
	assert_non_null(strstr(diag.what, "all zero"));
	assert_int_equal(themis_pskfile_load(put("open", COUNT, 44, 0644),
					     psk, &diag), -EPERM);
}

static int setup(void **state)
{
	return sodium_init() < 0 || !mkdtemp(strcpy(dir, TEMPLATE));
}

static int teardown(void **state)
{
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", dir);
	return system(cmd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(create_then_load),
		cmocka_unit_test(create_never_overwrites),
		cmocka_unit_test(create_follows_no_link),
		cmocka_unit_test(create_says_what_is_missing),
		cmocka_unit_test(loads_the_known_seed),
		cmocka_unit_test(refuses_missing),
		cmocka_unit_test(refuses_what_others_may_use),
		cmocka_unit_test(refuses_another_owner),
		cmocka_unit_test(refuses_what_is_no_file),
		cmocka_unit_test(refuses_truncated),
		cmocka_unit_test(refuses_what_is_no_key),
		cmocka_unit_test(psk_in_hex_and_base64),
		cmocka_unit_test(psk_is_created),
		cmocka_unit_test(psk_refuses_all_else),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
