// SPDX-License-Identifier: GPL-2.0
/*
 * Loads a directory by the control socket of a daemon with several nodes: one
 * connection for each operation under way, as its clients have.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <jansson.h>
#include <sodium.h>

#include "load.h"

#define WIDTH	64
#define NODES	1024
#define LINE		(512 * 1024)	/* the list of a thousand nodes */
#define PATIENCE	40000		/* milliseconds */

/**
 * struct line - a connection
 * @fd: to the daemon
 * @at: which operation is under way
 * @busy: one is
 * @len: bytes in @b
 * @b: what has been read of the answer
 */
struct line {
	int		fd;
	unsigned int	at;
	bool		busy;
	size_t		len;
	char		b[LINE];
};

static struct load load = { .key_len = 32 };
static struct line lines[WIDTH];
static uint8_t ids[NODES][32];
static unsigned int n_nodes;

static int open_control(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(sun.sun_path))
		load_fail("the path of the control socket is too long");
	memcpy(sun.sun_path, path, strlen(path));
	if (fd < 0 || connect(fd, (struct sockaddr *)&sun, sizeof(sun)))
		load_fail("the daemon is not there");
	return fd;
}

static void send_text(struct line *line, const char *text, size_t len)
{
	if (send(line->fd, text, len, MSG_NOSIGNAL) != (ssize_t)len)
		load_fail("the daemon does not listen");
}

/* NULL: the answer is not complete yet. */
static json_t *receive(struct line *line)
{
	ssize_t n = recv(line->fd, line->b + line->len,
			 sizeof(line->b) - line->len, 0);
	json_t *answer;

	if (n <= 0)
		load_fail("the daemon has gone");
	line->len += (size_t)n;
	if (line->b[line->len - 1] != '\n') {
		if (line->len == sizeof(line->b))
			load_fail("an answer is too long");
		return NULL;
	}
	answer = json_loadb(line->b, line->len, 0, NULL);
	line->len = 0;
	if (!answer)
		load_fail("the daemon does not speak JSON");
	return answer;
}

static void learn_nodes(struct line *line)
{
	static const char request[] = "{\"cmd\":\"net-list\"}\n";
	json_t *answer, *row;
	const char *text;
	size_t i;

	send_text(line, request, strlen(request));
	do {
		answer = receive(line);
	} while (!answer);
	json_array_foreach(json_object_get(json_object_get(answer, "result"),
					   "nodes"), i, row) {
		text = json_string_value(json_object_get(row, "node"));
		if (!text || i == NODES ||
		    sodium_hex2bin(ids[i], 32, text, strlen(text), NULL, NULL,
				   NULL))
			load_fail("the nodes are not understood");
		n_nodes++;
	}
	json_decref(answer);
	if (!n_nodes)
		load_fail("the daemon has no node in the directory");
}

static void begin(struct line *line, unsigned int at)
{
	char node[65], what[2 * LOAD_VALUE + 1], text[512];
	uint8_t value[LOAD_VALUE];
	unsigned int who;
	int len;

	if (load.finds) {
		who = load_furthest(&load, at, ids[0], sizeof(ids[0]),
				    n_nodes);
		sodium_bin2hex(what, sizeof(what), load.keys[at], 32);
	} else {
		who = randombytes_uniform(n_nodes);
		randombytes_buf(value, sizeof(value));
		sodium_bin2hex(what, sizeof(what), value, sizeof(value));
	}
	sodium_bin2hex(node, sizeof(node), ids[who], 32);
	len = snprintf(text, sizeof(text),
		       "{\"cmd\":\"%s\",\"node\":\"%s\",\"%s\":\"%s\"}\n",
		       load.finds ? "find" : "store", node,
		       load.finds ? "id" : "value_hex", what);
	line->at = at;
	line->busy = true;
	load.begun[at] = load_now();
	send_text(line, text, (size_t)len);
}

/* Whether it came out well: a find has brought a value. */
static bool good(const json_t *answer, unsigned int at)
{
	const json_t *result = json_object_get(answer, "result");
	const char *text;

	if (!json_is_true(json_object_get(answer, "ok")))
		return false;
	if (load.finds) {
		result = json_array_get(json_object_get(result, "objects"), 0);
		text = json_string_value(json_object_get(result, "value_hex"));
		return text && strlen(text) == (size_t)2 * LOAD_VALUE;
	}
	text = json_string_value(json_object_get(result, "id"));
	return text && !sodium_hex2bin(load.keys[at], 32, text, strlen(text),
				       NULL, NULL, NULL);
}

static void end(struct line *line)
{
	json_t *answer = receive(line);

	if (!answer)
		return;
	load.ns[line->at] = load_now() - load.begun[line->at];
	load.ok += good(answer, line->at);
	load.done++;
	line->busy = false;
	json_decref(answer);
}

/* Who has got no answer by now will have none. */
static void give_up(void)
{
	unsigned int i;

	for (i = 0; i < load.width; i++) {
		if (!lines[i].busy)
			continue;
		load.ns[lines[i].at] = load_now() - load.begun[lines[i].at];
		lines[i].busy = false;
		lines[i].len = 0;
	}
	load.done = load.count;
}

/* The daemon does not keep connections that are idle for a minute. */
static void run(const char *path)
{
	struct pollfd fds[WIDTH];
	unsigned int i, next = 0;
	int ready;

	if (load.width > WIDTH)
		load_fail("that is too many at once");
	for (i = 0; i < load.width; i++)
		lines[i].fd = open_control(path);
	load.begin = load_now();
	while (load.done < load.count) {
		for (i = 0; i < load.width; i++) {
			if (!lines[i].busy && next < load.count)
				begin(&lines[i], next++);
			fds[i].fd = lines[i].busy ? lines[i].fd : -1;
			fds[i].revents = 0;
			fds[i].events = POLLIN;
		}
		ready = poll(fds, load.width, PATIENCE);
		if (ready < 0)
			load_fail("poll does not work");
		if (!ready)
			give_up();
		for (i = 0; i < load.width; i++)
			if (fds[i].revents)
				end(&lines[i]);
	}
	load_print(&load);
	for (i = 0; i < load.width; i++)
		close(lines[i].fd);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fputs("Usage: themis CONTROL-SOCKET\n", stderr);
		return 2;
	}
	if (sodium_init() < 0)
		return 1;
	lines[0].fd = open_control(argv[1]);
	learn_nodes(&lines[0]);
	close(lines[0].fd);
	load_ready(ids[0], sizeof(ids[0]), sizeof(ids[0]), n_nodes);
	while (load_read(&load))
		run(argv[1]);
	return 0;
}
