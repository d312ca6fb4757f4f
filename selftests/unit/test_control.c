// SPDX-License-Identifier: GPL-2.0
/*
 * The control socket, over the real one: lines, bounds, who may what, and what
 * a daemon without nodes answers.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "control.h"
#include "drive.h"
#include "log.h"
#include "node.h"
#include "request.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define NODE_ADD(rest) \
	"{\"cmd\":\"node-add\",\"netid\":\"n\",\"key\":" rest "}"
#define NOBODY		65534
#define ROUNDS		2000	/* of the loop, before an answer is missed */

#define TEMPLATE	"/tmp/themis-control-XXXXXX"

static char dir[sizeof(TEMPLATE)];
static char path[64];
static struct daemon d;

static int dial_at(const char *where)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	strcpy(sun.sun_path, where);
	assert_int_equal(connect(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	return fd;
}

static int dial(void)
{
	return dial_at(path);
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL),
			 strlen(text));
}

static void turn(void)
{
	ev_run(d.loop, EVRUN_NOWAIT);
}

/* The next line without its newline, or NULL at the end; turns the loop. */
static char *hear(int fd)
{
	static char line[CONTROL_LINE_MAX];
	size_t len = 0;
	ssize_t n;
	int i;

	for (i = 0; i < ROUNDS && len < sizeof(line); i++) {
		turn();
		while ((n = recv(fd, line + len, 1, MSG_DONTWAIT)) == 1) {
			if (line[len++] != '\n')
				continue;
			line[len - 1] = '\0';
			return line;
		}
		if (!n || (n < 0 && errno == ECONNRESET))
			return NULL;
		if (!(i % 100))
			usleep(1000);
	}
	fail_msg("no answer");
	return NULL;
}

static json_t *hear_json(int fd)
{
	char *line = hear(fd);
	json_t *reply;

	assert_non_null(line);
	reply = json_loads(line, 0, NULL);
	assert_true(json_is_object(reply));
	return reply;
}

/* The answer to @request is bad, with @code and @word. */
static void refused(int fd, const char *request, int code, const char *word)
{
	const char *error, *next;
	json_t *reply;
	int ok, is;

	say(fd, request);
	say(fd, "\n");
	reply = hear_json(fd);
	assert_int_equal(json_unpack(reply, "{s:b, s:i, s:s, s:s}", "ok", &ok,
				     "code", &is, "error", &error, "next",
				     &next), 0);
	if (ok || is != code || !strstr(error, word) || !*next)
		fail_msg("%s: code %d, \"%s\", \"%s\"", request, is, error,
			 next);
	json_decref(reply);
}

/* The result of the answer to @request. */
static json_t *answered(int fd, const char *request)
{
	json_t *reply, *result;

	say(fd, request);
	say(fd, "\n");
	reply = hear_json(fd);
	if (!json_is_true(json_object_get(reply, "ok")))
		fail_msg("%s: %s", request, json_dumps(reply, 0));
	result = json_incref(json_object_get(reply, "result"));
	json_decref(reply);
	return result;
}

static void tags_come_back(void **state)
{
	static const char * const tags[] = { "7", "-1", "\"a\"", "\"\"" };
	char request[120], *line, expected[40], text[CONTROL_TAG_MAX + 2];
	int fd = dial();
	size_t i;

	for (i = 0; i < sizeof(tags) / sizeof(*tags); i++) {
		snprintf(request, sizeof(request),
			 "{\"cmd\": \"node-list\", \"tag\": %s}\n", tags[i]);
		snprintf(expected, sizeof(expected), "\"tag\":%s}", tags[i]);
		say(fd, request);
		line = hear(fd);
		assert_non_null(line);
		assert_non_null(strstr(line, expected));
	}
	say(fd, "{\"cmd\": \"none\", \"tag\": 1}\n");
	line = hear(fd);
	assert_non_null(line);
	assert_non_null(strstr(line, "there is no command"));
	assert_non_null(strstr(line, "\"tag\":1}"));
	refused(fd, "{\"cmd\": \"info\", \"tag\": []}", 1, "tag");
	refused(fd, "{\"cmd\": \"info\", \"tag\": null}", 1, "tag");
	memset(text, 'x', CONTROL_TAG_MAX + 1);
	text[CONTROL_TAG_MAX + 1] = '\0';
	snprintf(request, sizeof(request),
		 "{\"cmd\": \"info\", \"tag\": \"%s\"}", text);
	refused(fd, request, 1, "tag");
	close(fd);
}

static void info_tells_what_is(void **state)
{
	int fd = dial();
	json_t *info = answered(fd, "{\"cmd\": \"info\"}");
	const char *version, *control;
	int pid, nodes, peers;

	assert_int_equal(json_unpack(info, "{s:s, s:i, s:s, s:n, s:i, s:i}",
				     "version", &version, "pid", &pid,
				     "control", &control, "config", "nodes",
				     &nodes, "peers", &peers), 0);
	assert_string_equal(version, THEMIS_VERSION);
	assert_int_equal(pid, getpid());
	assert_string_equal(control, path);
	assert_int_equal(nodes, 0);
	json_decref(info);
	close(fd);
	turn();
}

static void lists_are_empty(void **state)
{
	int fd = dial();
	json_t *list;

	list = answered(fd, "{\"cmd\":\"node-list\"}");
	assert_true(json_is_array(list));
	assert_int_equal(json_array_size(list), 0);
	json_decref(list);
	list = answered(fd, "{\"cmd\":\"peer-list\"}");
	assert_true(json_is_array(list));
	assert_int_equal(json_array_size(list), 0);
	json_decref(list);
	close(fd);
	turn();
}

static void nobody_is_in_a_directory(void **state)
{
	int fd = dial();
	json_t *net;

	net = answered(fd, "{\"cmd\":\"net-list\"}");
	assert_int_equal(json_array_size(json_object_get(net, "nodes")), 0);
	assert_true(json_array_size(json_object_get(net, "counters")) > 0);
	json_decref(net);
	refused(fd, "{\"cmd\":\"join\"}", 1, "0 nodes");
	refused(fd, "{\"cmd\":\"join\",\"endpoint\":\"192.0.2.1:7\"}", 1,
		"no member");
	refused(fd, "{\"cmd\":\"leave\"}", 2, "0 nodes");
	refused(fd, "{\"cmd\":\"update\"}", 2, "0 nodes");
	refused(fd, "{\"cmd\":\"find\"}", 1, "an id or a name");
	refused(fd, "{\"cmd\":\"find\",\"name\":\"a\"}", 2, "0 nodes");
	refused(fd, "{\"cmd\":\"find\",\"id\":7}", 1, "arguments");
	refused(fd, "{\"cmd\":\"store\"}", 1, "arguments");
	refused(fd, "{\"cmd\":\"store\",\"value_hex\":\"00\"}", 2, "0 nodes");
	refused(fd, "{\"cmd\":\"net-contacts\"}", 1, "0 nodes");
	refused(fd, "{\"cmd\":\"net-objects\",\"x\":1}", 1, "arguments");
	close(fd);
	turn();
}

static void not_a_request(void **state)
{
	int fd = dial();

	refused(fd, "", 1, "not understood");
	refused(fd, "hello", 1, "not understood");
	refused(fd, "[]", 1, "not understood");
	refused(fd, "{\"cmd\":\"info\"", 1, "not understood");
	refused(fd, "{\"cmd\":\"info\"} x", 1, "not understood");
	refused(fd, "{\"cmd\":\"info\",\"cmd\":\"info\"}", 1,
		"not understood");
	refused(fd, "\"\xff\xfe\"", 1, "not understood");
	refused(fd, "{}", 1, "names no command");
	refused(fd, "{\"cmd\":7}", 1, "names no command");
	refused(fd, "{\"cmd\":\"reboot\"}", 1, "no command \"reboot\"");
	/* And the connection is still good. */
	json_decref(answered(fd, "{\"cmd\":\"info\"}"));
	close(fd);
	turn();
}

static void bad_arguments(void **state)
{
	int fd = dial();

	refused(fd, "{\"cmd\":\"info\",\"verbose\":1}", 1, "arguments");
	refused(fd, "{\"cmd\":\"node-add\"}", 1, "arguments");
	refused(fd, NODE_ADD("\"/k\",\"link\":\"7000\""),
		1, "arguments");
	refused(fd, NODE_ADD("\"/k\",\"link\":0"),
		1, "no UDP port");
	refused(fd, NODE_ADD("\"/k\",\"link\":65536"),
		1, "no UDP port");
	refused(fd, NODE_ADD("\"k\",\"link\":7000"),
		1, "absolute");
	refused(fd, "{\"cmd\":\"node-add\",\"key\":\"/k\",\"netid\":\"a b\",\"link\":7000}",
		1, "name of a network");
	refused(fd, NODE_ADD("\"/k\",\"link\":7000,\"owner\":\"me\""),
		1, "no owner");
	refused(fd, NODE_ADD("\"/k\",\"link\":7000,\"name\":\"a b\""),
		1, "no name");
	refused(fd, NODE_ADD("\"/no/such\",\"link\":7000"),
		2, "does not exist");
	refused(fd, "{\"cmd\":\"node-del\",\"node\":\"zz\"}", 1, "no node");
	refused(fd, "{\"cmd\":\"peer-add\",\"peer\":\"zz\"}", 1, "0 nodes");
	refused(fd, "{\"cmd\":\"peer-del\",\"peer\":\"zz\"}", 1, "0 nodes");
	refused(fd, "{\"cmd\":\"peer-connect\",\"node\":\"n\",\"peer\":\"zz\"}",
		1, "no node");
	close(fd);
	turn();
}

static void lines_in_pieces_and_in_bunches(void **state)
{
	int fd = dial(), i;

	say(fd, "{\"cmd\":");
	turn();
	turn();
	say(fd, "\"info\"}");
	turn();
	say(fd, "\n");
	json_decref(hear_json(fd));

	for (i = 0; i < 100; i++)
		say(fd, "{\"cmd\":\"info\"}\n");
	for (i = 0; i < 100; i++)
		json_decref(hear_json(fd));
	close(fd);
	turn();
}

/* More than is written at once, and than fits where nobody reads. */
static void all_of_many_are_answered(void **state)
{
	char requests[CONTROL_LINE_MAX];
	int fd = dial(), i, n;
	size_t len = 0;
	json_t *reply;

	for (n = 0; len < sizeof(requests) - 64; n++)
		len += (size_t)sprintf(requests + len,
				       "{\"cmd\":\"info\",\"tag\":%d}\n", n);
	say(fd, requests);
	for (i = 0; i < 50; i++)
		turn();
	for (i = 0; i < n; i++) {
		reply = hear_json(fd);
		assert_int_equal(json_integer_value(json_object_get(reply,
								    "tag")), i);
		json_decref(reply);
	}
	close(fd);
	turn();
}

static void a_line_is_bounded(void **state)
{
	static char line[CONTROL_LINE_MAX + 1];
	json_t *reply;
	int fd = dial();

	/* The longest that fits is answered, though it is no request. */
	memset(line, ' ', sizeof(line));
	memcpy(line, "{\"cmd\":\"info\"}", 14);
	line[CONTROL_LINE_MAX - 1] = '\n';
	line[CONTROL_LINE_MAX] = '\0';
	say(fd, line);
	json_decref(hear_json(fd));

	line[CONTROL_LINE_MAX - 1] = ' ';
	say(fd, line);
	reply = hear_json(fd);
	assert_non_null(strstr(json_string_value(json_object_get(reply,
								 "error")),
			       "longer than"));
	json_decref(reply);
	assert_null(hear(fd));
	close(fd);
}

static void clients_are_bounded(void **state)
{
	int fds[2 * CONTROL_CLIENTS_MAX + 1], i;
	json_t *reply;

	/* As root, who gets in where others do not; else one user's share. */
	const int max = geteuid() ? CONTROL_CLIENTS_USER :
				    2 * CONTROL_CLIENTS_MAX;

	for (i = 0; i < max; i++) {
		fds[i] = dial();
		turn();
	}
	fds[max] = dial();
	reply = hear_json(fds[max]);
	assert_non_null(strstr(json_string_value(json_object_get(reply,
								 "error")),
			       "too many clients"));
	json_decref(reply);
	assert_null(hear(fds[max]));
	/* Those that are in are served. */
	json_decref(answered(fds[max - 1], "{\"cmd\":\"info\"}"));
	for (i = 0; i <= max; i++)
		close(fds[i]);
	for (i = 0; i < max; i++)
		turn();
	fds[0] = dial();
	json_decref(answered(fds[0], "{\"cmd\":\"info\"}"));
	close(fds[0]);
	turn();
}

/* As another user: returns the exit code of the child. */
static int as_nobody(int (*child)(void))
{
	int status, i;
	pid_t pid;

	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		if (setgid(NOBODY) || setuid(NOBODY))
			_exit(100);
		_exit(child());
	}
	for (i = 0; waitpid(pid, &status, WNOHANG) != pid; i++) {
		assert_true(i < 10000);
		turn();
		usleep(1000);
	}
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Blocking: the parent turns the loop. */
static int ask(int fd, const char *request, char *reply, size_t size)
{
	size_t len = 0;

	if (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0)
		return -1;
	while (len + 1 < size && recv(fd, reply + len, 1, 0) == 1) {
		if (reply[len++] == '\n') {
			reply[len] = '\0';
			return 0;
		}
	}
	return -1;
}

static int child_reads_and_changes(void)
{
	static const char * const changes[] = {
		"{\"cmd\":\"node-add\",\"key\":\"/k\",\"netid\":\"n\",\"link\":1}\n",
		"{\"cmd\":\"node-del\",\"node\":\"x\"}\n",
		"{\"cmd\":\"peer-add\",\"peer\":\"x\"}\n",
		"{\"cmd\":\"peer-del\",\"peer\":\"x\"}\n",
		"{\"cmd\":\"peer-connect\",\"peer\":\"x\"}\n",
	};
	static const char * const reads[] = {
		"{\"cmd\":\"info\"}\n", "{\"cmd\":\"node-list\"}\n",
		"{\"cmd\":\"peer-list\"}\n", "{\"cmd\":\"monitor\"}\n",
	};
	char reply[4096];
	int fd = dial();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(changes); i++)
		if (ask(fd, changes[i], reply, sizeof(reply)) ||
		    !strstr(reply, "\"Operation not permitted\"") ||
		    !strstr(reply, "\"code\":2") ||
		    !strstr(reply, "Run as root."))
			return 1;
	for (i = 0; i < ARRAY_SIZE(reads); i++)
		if (ask(fd, reads[i], reply, sizeof(reply)) ||
		    !strstr(reply, "\"ok\":true"))
			return 2;
	return 0;
}

static int child_hoards(void)
{
	char reply[4096];
	int i, fd;

	for (i = 0; i < CONTROL_CLIENTS_USER; i++) {
		fd = dial();
		if (ask(fd, "{\"cmd\":\"info\"}\n", reply, sizeof(reply)) ||
		    !strstr(reply, "\"ok\":true"))
			return 1;
	}
	fd = dial();
	if (recv(fd, reply, sizeof(reply) - 1, 0) <= 0 ||
	    !strstr(reply, "too many clients of one user"))
		return 2;
	return 0;
}

static void others_read_and_change_nothing(void **state)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0666);
	if (geteuid())
		skip();
	assert_int_equal(as_nobody(child_reads_and_changes), 0);
	assert_int_equal(as_nobody(child_hoards), 0);
	turn();
}

static json_t *event(int n)
{
	return json_pack("{s:s, s:i}", "event", "test", "n", n);
}

static void monitors_get_events(void **state)
{
	int fd = dial(), other = dial(), n, i;
	json_t *message;

	json_decref(answered(fd, "{\"cmd\":\"monitor\"}"));
	json_decref(answered(other, "{\"cmd\":\"info\"}"));
	for (i = 0; i < 10; i++)
		control_event(d.control, event(i));
	for (i = 0; i < 10; i++) {
		message = hear_json(fd);
		assert_int_equal(json_unpack(message, "{s:i}", "n", &n), 0);
		assert_int_equal(n, i);
		json_decref(message);
	}
	/* A request in between is answered, and events go on. */
	json_decref(answered(fd, "{\"cmd\":\"info\"}"));
	control_event(d.control, event(0));
	json_decref(hear_json(fd));
	/* Who does not monitor has heard nothing. */
	assert_int_equal(recv(other, &n, 1, MSG_DONTWAIT), -1);
	close(fd);
	close(other);
	turn();
	control_event(d.control, event(0));
	turn();
}

static void a_deaf_monitor_is_dropped(void **state)
{
	int fd = dial(), i;
	char line[4096];
	ssize_t n;

	json_decref(answered(fd, "{\"cmd\":\"monitor\"}"));
	for (i = 0; i < 200000; i++) {
		control_event(d.control, event(i));
		if (!(i % 100))
			turn();
	}
	turn();
	/* What it was sent before is there; then the end. */
	while ((n = recv(fd, line, sizeof(line), MSG_DONTWAIT)) > 0)
		;
	assert_true(!n || errno == ECONNRESET);
	close(fd);
}

static void a_client_that_leaves_early(void **state)
{
	int fd, i;

	for (i = 0; i < 50; i++) {
		fd = dial();
		say(fd, "{\"cmd\":\"info\"}\n{\"cmd\":\"info\"}\n{");
		if (i % 2)
			turn();
		close(fd);
		turn();
	}
	/* One that only stops sending still gets its answer. */
	fd = dial();
	say(fd, "{\"cmd\":\"info\"}\n");
	shutdown(fd, SHUT_WR);
	json_decref(hear_json(fd));
	close(fd);
	turn();
}

static json_t *no_handler(void *ctx, struct control_client *client,
			  const struct request *request)
{
	return NULL;
}

static void a_living_socket_is_not_replaced(void **state)
{
	struct themis_diag diag = { 0 };
	int fd;

	assert_null(control_start(d.loop, path, no_handler, NULL, &diag));
	assert_non_null(strstr(diag.what, "another themisd"));
	fd = dial();
	json_decref(answered(fd, "{\"cmd\":\"info\"}"));
	close(fd);
	turn();
	turn();
}

static void a_dead_socket_is_replaced(void **state)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct themis_diag diag = { 0 };
	struct control *control;
	char other[96];
	int fd;

	snprintf(other, sizeof(other), "%s/dead.sock", dir);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	strcpy(sun.sun_path, other);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	close(fd);
	control = control_start(d.loop, other, no_handler, NULL, &diag);
	assert_non_null(control);
	control_stop(control);
	assert_int_equal(access(other, F_OK), -1);
}

static struct control_later *owed[4];
static unsigned int n_owed;

static json_t *later_handler(void *ctx, struct control_client *client,
			     const struct request *request)
{
	assert_true(n_owed < ARRAY_SIZE(owed));
	owed[n_owed] = control_later(client);
	assert_non_null(owed[n_owed++]);
	return json_null();
}

/* A text that failed is no memory. */
static void pay(unsigned int at, bool failed)
{
	struct jtext text = { 0 };

	jtext_text(&text, "{\"at\":");
	jtext_number(&text, at);
	jtext_text(&text, "}");
	text.failed = failed;
	control_answer_text(owed[at], &text);
	jtext_free(&text);
}

/* As it was written, with the request's tag; in any order where it has one. */
static void written_answers_have_tags(void **state)
{
	struct themis_diag diag = { 0 };
	struct control *control;
	char other[96];
	int fd, i;

	snprintf(other, sizeof(other), "%s/later.sock", dir);
	control = control_start(d.loop, other, later_handler, NULL, &diag);
	assert_non_null(control);
	fd = dial_at(other);
	say(fd, "{\"tag\":-5}\n{\"tag\":\"a \\\"b\"}\n{}\n{\"tag\":9}\n");
	for (i = 0; i < 5; i++)
		turn();
	/* The one without a tag keeps the last waiting. */
	assert_int_equal(n_owed, 3);
	pay(1, false);
	pay(0, false);
	assert_string_equal(hear(fd), "{\"at\":1,\"tag\":\"a \\\"b\"}");
	assert_string_equal(hear(fd), "{\"at\":0,\"tag\":-5}");
	pay(2, false);
	assert_string_equal(hear(fd), "{\"at\":2}");
	for (i = 0; i < 5; i++)
		turn();
	assert_int_equal(n_owed, 4);
	pay(3, true);
	assert_null(hear(fd));
	close(fd);
	/* One that is gone is owed nothing. */
	n_owed = 0;
	fd = dial_at(other);
	say(fd, "{\"tag\":1}\n");
	for (i = 0; i < 5; i++)
		turn();
	assert_int_equal(n_owed, 1);
	close(fd);
	for (i = 0; i < 5; i++)
		turn();
	pay(0, false);
	control_answer_text(NULL, NULL);
	control_stop(control);
}

static void a_bad_path_is_told(void **state)
{
	struct themis_diag diag = { 0 };
	char other[256];
	FILE *file;

	snprintf(other, sizeof(other), "%s/file", dir);
	file = fopen(other, "w");
	assert_non_null(file);
	fclose(file);
	assert_null(control_start(d.loop, other, no_handler, NULL, &diag));
	assert_non_null(strstr(diag.what, "not a socket"));
	assert_int_equal(access(other, F_OK), 0);
	assert_null(control_start(d.loop, "", no_handler, NULL, &diag));
	memset(other, 'x', sizeof(other) - 1);
	other[sizeof(other) - 1] = '\0';
	assert_null(control_start(d.loop, other, no_handler, NULL, &diag));
	assert_non_null(strstr(diag.what, "too long"));
	assert_null(control_start(d.loop, "/proc/no/such", no_handler, NULL,
				  &diag));
	assert_non_null(strstr(diag.what, "cannot listen"));
}

static int setup(void **state)
{
	struct themis_diag diag;

	if (!mkdtemp(strcpy(dir, TEMPLATE)) || chmod(dir, 0755))
		return -1;
	snprintf(path, sizeof(path), "%s/themisd.sock", dir);
	log_init(LOG_LEVEL_ERROR);
	d.loop = ev_default_loop(EVFLAG_NOENV);
	d.control_path = path;
	d.state_path = "none";
	d.started_us = daemon_now();
	if (!d.loop || drive_start(&d))
		return -1;
	d.control = control_start(d.loop, path, request_handle, &d, &diag);
	return !d.control;
}

static int teardown(void **state)
{
	char cmd[128];

	control_stop(d.control);
	drive_stop(&d);
	ev_loop_destroy(d.loop);
	if (!access(path, F_OK))
		return -1;
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", dir);
	return system(cmd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(info_tells_what_is),
		cmocka_unit_test(tags_come_back),
		cmocka_unit_test(lists_are_empty),
		cmocka_unit_test(nobody_is_in_a_directory),
		cmocka_unit_test(not_a_request),
		cmocka_unit_test(bad_arguments),
		cmocka_unit_test(lines_in_pieces_and_in_bunches),
		cmocka_unit_test(all_of_many_are_answered),
		cmocka_unit_test(a_line_is_bounded),
		cmocka_unit_test(clients_are_bounded),
		cmocka_unit_test(others_read_and_change_nothing),
		cmocka_unit_test(monitors_get_events),
		cmocka_unit_test(a_deaf_monitor_is_dropped),
		cmocka_unit_test(a_client_that_leaves_early),
		cmocka_unit_test(a_living_socket_is_not_replaced),
		cmocka_unit_test(a_dead_socket_is_replaced),
		cmocka_unit_test(written_answers_have_tags),
		cmocka_unit_test(a_bad_path_is_told),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
