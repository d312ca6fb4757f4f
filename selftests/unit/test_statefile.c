// SPDX-License-Identifier: GPL-2.0
/*
 * The state file, as far as it goes without a kernel: what cannot be brought
 * back is kept, what is damaged is told, and a write is all or nothing.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "log.h"
#include "statefile.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define A	"0000000000000000000000000000000000000000000000000000000000000001"
#define B	"0000000000000000000000000000000000000000000000000000000000000002"
#define C	"0000000000000000000000000000000000000000000000000000000000000003"

#define NODE(id, link) \
	"{\"id\":\"" id "\",\"key\":\"/no/such/key\",\"netid\":\"n\",\"link\":" \
	link ",\"owner\":\"any\"}"
#define NODE_A	NODE(A, "7000")
#define PEER_AT(node, peer, at) \
	"{\"node\":\"" node "\",\"peer\":\"" peer "\",\"endpoint\":\"" at "\"}"
#define PEER(node, peer)	PEER_AT(node, peer, "192.0.2.1:1")
#define STATE(nodes, peers) \
	"{\"version\":1,\"nodes\":[" nodes "],\"peers\":[" peers "]}"

#define TEMPLATE	"/tmp/themis-state-XXXXXX"

static char dir[sizeof(TEMPLATE)];
static char path[64];

static void put(const char *text)
{
	FILE *file;

	unlink(path);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	fclose(file);
}

static void begin(struct daemon *d)
{
	memset(d, 0, sizeof(*d));
	d->state_path = path;
	d->loading = true;
	assert_int_equal(statefile_lock(d, NULL), 0);
}

/* How many entries of @kind the file has. */
static size_t count(const char *kind)
{
	json_t *root = json_load_file(path, 0, NULL);
	size_t n;

	assert_non_null(root);
	n = json_array_size(json_object_get(root, kind));
	json_decref(root);
	return n;
}

static void no_file_is_no_state(void **state)
{
	struct daemon d;

	unlink(path);
	begin(&d);
	assert_int_equal(statefile_load(&d, NULL), 0);
	assert_int_equal(statefile_save(&d, NULL), 0);
	assert_int_equal(count("nodes"), 0);
	assert_int_equal(count("peers"), 0);
	statefile_unlock(&d);
}

static void what_fails_is_kept(void **state)
{
	struct themis_id id = { .b[THEMIS_ID_LEN - 1] = 1 };
	struct themis_id peer = { .b[THEMIS_ID_LEN - 1] = 3 };
	struct daemon d;
	struct stat st;

	put(STATE(NODE_A, PEER(A, B) "," PEER(A, C) "," PEER(B, C)));
	begin(&d);
	assert_int_equal(statefile_load(&d, NULL), 0);
	assert_int_equal(statefile_save(&d, NULL), 0);
	assert_int_equal(count("nodes"), 1);
	assert_int_equal(count("peers"), 3);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);

	/* Until it is removed: one peer, then the node with its others. */
	assert_true(statefile_forget(&d, &id, &peer));
	assert_false(statefile_forget(&d, &id, &peer));
	assert_int_equal(statefile_save(&d, NULL), 0);
	assert_int_equal(count("nodes"), 1);
	assert_int_equal(count("peers"), 2);
	assert_true(statefile_forget(&d, &id, NULL));
	assert_int_equal(statefile_save(&d, NULL), 0);
	assert_int_equal(count("nodes"), 0);
	assert_int_equal(count("peers"), 1);
	statefile_unlock(&d);
}

static void bad_entries_are_kept_too(void **state)
{
	struct daemon d;

	put(STATE("{},7," NODE("x", "1") "," NODE(A, "70000"),
		  "{\"peer\":1}," PEER_AT(A, B, "nowhere")));
	begin(&d);
	assert_int_equal(statefile_load(&d, NULL), 0);
	assert_int_equal(statefile_save(&d, NULL), 0);
	assert_int_equal(count("nodes"), 4);
	assert_int_equal(count("peers"), 2);
	statefile_unlock(&d);
}

static void damage_is_told_and_kept(void **state)
{
	static const char * const bad[] = {
		"", "{", "[]", "{}", "null", "\xff",
		"{\"version\":2,\"nodes\":[],\"peers\":[]}",
		"{\"version\":\"1\",\"nodes\":[],\"peers\":[]}",
		"{\"version\":1,\"nodes\":{},\"peers\":[]}",
		"{\"version\":1,\"nodes\":[]}",
		"{\"version\":1,\"nodes\":[],\"peers\":[]} x",
		"{\"version\":1,\"version\":1,\"nodes\":[],\"peers\":[]}",
	};
	struct themis_diag diag;
	struct daemon d;
	struct stat st;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		put(bad[i]);
		begin(&d);
		if (statefile_load(&d, &diag) != -EBADMSG)
			fail_msg("\"%s\" was accepted", bad[i]);
		assert_non_null(strstr(diag.what, path));
		assert_true(diag.next[0]);
		statefile_unlock(&d);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_size, strlen(bad[i]));
	}
}

static void what_others_write_is_refused(void **state)
{
	struct themis_diag diag;
	struct daemon d;

	put(STATE("", ""));
	assert_int_equal(chmod(path, 0622), 0);
	begin(&d);
	assert_int_equal(statefile_load(&d, &diag), -EPERM);
	statefile_unlock(&d);
	unlink(path);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	begin(&d);
	assert_int_equal(statefile_load(&d, &diag), -ELOOP);
	statefile_unlock(&d);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	begin(&d);
	assert_int_equal(statefile_load(&d, &diag), -EPERM);
	statefile_unlock(&d);
	unlink(path);
}

static void one_daemon_at_a_time(void **state)
{
	struct themis_diag diag;
	struct daemon d, other;

	begin(&d);
	memset(&other, 0, sizeof(other));
	other.state_path = path;
	assert_int_equal(statefile_lock(&other, &diag), -EBUSY);
	assert_non_null(strstr(diag.what, "another themisd"));
	statefile_unlock(&d);
	assert_int_equal(statefile_lock(&other, &diag), 0);
	statefile_unlock(&other);
}

static void a_failed_write_changes_nothing(void **state)
{
	char beside[80];
	struct themis_diag diag;
	struct daemon d;

	put(STATE(NODE_A, ""));
	begin(&d);
	assert_int_equal(statefile_load(&d, NULL), 0);
	/* A directory stands where the new file is to be written. */
	snprintf(beside, sizeof(beside), "%s.new", path);
	assert_int_equal(mkdir(beside, 0700), 0);
	json_array_clear(d.orphans);
	assert_int_equal(statefile_save(&d, &diag), -EISDIR);
	assert_non_null(strstr(diag.what, path));
	assert_int_equal(count("nodes"), 1);
	rmdir(beside);
	statefile_unlock(&d);
}

static int setup(void **state)
{
	/* What is kept is warned of: not here. */
	log_init(LOG_LEVEL_ERROR);
	if (!mkdtemp(strcpy(dir, TEMPLATE)))
		return -1;
	snprintf(path, sizeof(path), "%s/state.json", dir);
	return 0;
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
		cmocka_unit_test(no_file_is_no_state),
		cmocka_unit_test(what_fails_is_kept),
		cmocka_unit_test(bad_entries_are_kept_too),
		cmocka_unit_test(damage_is_told_and_kept),
		cmocka_unit_test(what_others_write_is_refused),
		cmocka_unit_test(one_daemon_at_a_time),
		cmocka_unit_test(a_failed_write_changes_nothing),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
