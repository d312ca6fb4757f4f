// SPDX-License-Identifier: GPL-2.0
/*
 * The state file, as far as it goes without a kernel: what cannot be brought
 * back is kept, what is damaged is told, and a write is all or nothing.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "log.h"
#include "node.h"
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

static size_t size_of(const char *suffix)
{
	struct stat st;
	char file[80];

	snprintf(file, sizeof(file), "%s%s", path, suffix);
	return stat(file, &st) ? 0 : (size_t)st.st_size;
}

static void append(const char *text)
{
	char file[80];
	FILE *log;

	snprintf(file, sizeof(file), "%s.log", path);
	log = fopen(file, "a");
	assert_non_null(log);
	assert_true(fputs(text, log) >= 0);
	fclose(log);
}

/* A daemon with nothing in its files, ready to keep what it is told. */
static void begin_empty(struct daemon *d)
{
	char file[80];

	unlink(path);
	snprintf(file, sizeof(file), "%s.log", path);
	unlink(file);
	begin(d);
	assert_int_equal(statefile_load(d, NULL), 0);
	d->loading = false;
}

/* What a new daemon finds; it has no kernel, so all of it is kept aside. */
static void restart(struct daemon *d)
{
	statefile_unlock(d);
	begin(d);
	assert_int_equal(statefile_load(d, NULL), 0);
	d->loading = false;
}

static struct peer make_peer(uint8_t node, uint8_t id)
{
	struct peer peer = {
		.node.b[THEMIS_ID_LEN - 1] = node,
		.peer.b[THEMIS_ID_LEN - 1] = id,
	};

	return peer;
}

static void changes_are_a_line_each(void **state)
{
	struct node node = {
		.id.b[THEMIS_ID_LEN - 1] = 1,
		.key = "/no/such/key",
		.netid = "n",
		.link = 7000,
	};
	struct peer b = make_peer(1, 2), c = make_peer(1, 3);
	struct daemon d;

	begin_empty(&d);
	assert_int_equal(statefile_node(&d, &node, NULL), 0);
	assert_int_equal(statefile_peer(&d, &b, NULL), 0);
	assert_int_equal(statefile_peer(&d, &c, NULL), 0);
	assert_int_equal(statefile_peer(&d, &b, NULL), 0);
	assert_int_equal(size_of(""), 0);
	restart(&d);
	assert_int_equal(json_array_size(d.orphans), 3);

	assert_int_equal(statefile_drop(&d, &b.node, &b.peer, NULL), 0);
	restart(&d);
	assert_int_equal(json_array_size(d.orphans), 2);

	/* The node takes its peers with it. */
	assert_int_equal(statefile_drop(&d, &node.id, NULL, NULL), 0);
	restart(&d);
	assert_int_equal(json_array_size(d.orphans), 0);

	/* What the configuration names is not kept. */
	b.configured = true;
	node.configured = true;
	assert_int_equal(statefile_peer(&d, &b, NULL), 0);
	assert_int_equal(statefile_node(&d, &node, NULL), 0);
	restart(&d);
	assert_int_equal(json_array_size(d.orphans), 0);
	statefile_unlock(&d);
}

static void an_old_log_does_no_harm(void **state)
{
	struct peer b = make_peer(1, 2), c = make_peer(1, 3);
	char log[4096], file[80];
	struct daemon d;
	FILE *in;
	size_t n;

	begin_empty(&d);
	assert_int_equal(statefile_peer(&d, &b, NULL), 0);
	assert_int_equal(statefile_drop(&d, &b.node, &b.peer, NULL), 0);
	assert_int_equal(statefile_peer(&d, &c, NULL), 0);
	snprintf(file, sizeof(file), "%s.log", path);
	in = fopen(file, "r");
	assert_non_null(in);
	n = fread(log, 1, sizeof(log) - 1, in);
	log[n] = '\0';
	fclose(in);

	/* Killed after the file was replaced, before the log was emptied. */
	restart(&d);
	assert_int_equal(statefile_save(&d, NULL), 0);
	assert_int_equal(size_of(".log"), 0);
	assert_int_equal(count("peers"), 1);
	append(log);
	restart(&d);
	assert_int_equal(json_array_size(d.orphans), 1);
	statefile_unlock(&d);
}

static void a_torn_line_is_cut_off(void **state)
{
	static const char * const torn[] = {
		"{\"peer\":{\"node\":", "{", "{\"peer\":{\"no\n", "\n",
	};
	struct peer b = make_peer(1, 2), c = make_peer(1, 3);
	struct daemon d;
	size_t i, len;

	for (i = 0; i < ARRAY_SIZE(torn); i++) {
		begin_empty(&d);
		assert_int_equal(statefile_peer(&d, &b, NULL), 0);
		len = size_of(".log");
		append(torn[i]);
		restart(&d);
		assert_int_equal(size_of(".log"), len);
		assert_int_equal(json_array_size(d.orphans), 1);
		assert_int_equal(statefile_peer(&d, &c, NULL), 0);
		restart(&d);
		assert_int_equal(json_array_size(d.orphans), 2);
		statefile_unlock(&d);
	}
}

static void damage_in_the_log_is_told(void **state)
{
	struct peer b = make_peer(1, 2);
	struct themis_diag diag;
	struct daemon d;
	size_t len;

	begin_empty(&d);
	append("{\"drop\":7}\n");
	assert_int_equal(statefile_peer(&d, &b, NULL), 0);
	len = size_of(".log");
	statefile_unlock(&d);
	begin(&d);
	assert_int_equal(statefile_load(&d, &diag), -EBADMSG);
	assert_non_null(strstr(diag.what, ".log"));
	statefile_unlock(&d);
	assert_int_equal(size_of(".log"), len);
}

static void the_log_does_not_grow_for_ever(void **state)
{
	struct peer b = make_peer(1, 2);
	struct daemon d;
	size_t most = 0;
	int i;

	begin_empty(&d);
	for (i = 0; i < 1000; i++) {
		assert_int_equal(statefile_peer(&d, &b, NULL), 0);
		if (size_of(".log") > most)
			most = size_of(".log");
	}
	assert_true(most > 60 * 1024);
	assert_true(most < 70 * 1024);
	statefile_unlock(&d);
}

static void a_failed_line_changes_nothing(void **state)
{
	struct peer b = make_peer(1, 2), c = make_peer(1, 3);
	struct themis_diag diag;
	struct rlimit old, now;
	struct daemon d;
	size_t len;

	begin_empty(&d);
	assert_int_equal(statefile_peer(&d, &b, NULL), 0);
	len = size_of(".log");
	/* The disk is full in the middle of the next line. */
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	now = old;
	now.rlim_cur = len + 20;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &now), 0);
	assert_int_equal(statefile_peer(&d, &c, &diag), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_non_null(strstr(diag.what, path));
	assert_int_equal(size_of(".log"), len);
	assert_int_equal(statefile_peer(&d, &c, &diag), 0);
	restart(&d);
	assert_int_equal(json_array_size(d.orphans), 2);
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
		cmocka_unit_test(changes_are_a_line_each),
		cmocka_unit_test(an_old_log_does_no_harm),
		cmocka_unit_test(a_torn_line_is_cut_off),
		cmocka_unit_test(damage_in_the_log_is_told),
		cmocka_unit_test(the_log_does_not_grow_for_ever),
		cmocka_unit_test(a_failed_line_changes_nothing),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
