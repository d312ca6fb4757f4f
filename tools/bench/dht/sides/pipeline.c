// SPDX-License-Identifier: GPL-2.0
/*
 * Stores and finds by one connection to a daemon, so many asked at once before
 * an answer is read; and the same number of lines, as long as these, by one
 * connection to a process that sends back what it gets.
 *
 * Usage: pipeline CONTROL-SOCKET NODE
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sodium.h>

#include "load.h"

#define COUNT	4096
#define BATCH	64
#define LINE	4096

static char requests[BATCH][LINE];
static char answer[BATCH * LINE];
static char ids[COUNT][65];

static void send_all(int fd, const char *b, size_t len)
{
	ssize_t n;

	for (; len; b += n, len -= (size_t)n) {
		n = send(fd, b, len, MSG_NOSIGNAL);
		if (n <= 0)
			load_fail("the other end does not listen");
	}
}

/* All lines of a batch; the bytes that they have. */
static size_t read_batch(int fd)
{
	size_t len = 0, at = 0;
	unsigned int lines = 0;
	ssize_t n;

	while (lines < BATCH) {
		n = recv(fd, answer + len, sizeof(answer) - len, 0);
		if (n <= 0)
			load_fail("the other end has gone");
		for (len += (size_t)n; at < len; at++)
			lines += answer[at] == '\n';
	}
	return len;
}

/* Which request of a batch a line answers; each has one answer. */
static unsigned int answered(const char *line, bool *seen)
{
	const char *tag = strstr(line, "\"tag\":");
	unsigned long i = tag ? strtoul(tag + 6, NULL, 10) : BATCH;

	if (i >= BATCH || seen[i])
		load_fail(line);
	seen[i] = true;
	return (unsigned int)i;
}

/* The ids of what was stored, or whether all was found. */
static void check(unsigned int first, bool store)
{
	char *line = answer, *end, *id;
	bool seen[BATCH] = { false };
	unsigned int i, at;

	for (i = 0; i < BATCH; i++, line = end + 1) {
		end = strchr(line, '\n');
		*end = '\0';
		at = answered(line, seen);
		id = strstr(line, "\"id\":\"");
		if (!strstr(line, "\"ok\":true") || !id ||
		    (!store && (strncmp(id + 6, ids[first + at], 64) ||
				!strstr(line, "\"value_hex\":\""))))
			load_fail(line);
		if (store)
			memcpy(ids[first + at], id + 6, 64);
	}
}

static void prepare(const char *node, unsigned int first, bool store)
{
	char value[2 * LOAD_VALUE + 1];
	uint8_t b[LOAD_VALUE];
	unsigned int i;

	for (i = 0; i < BATCH; i++) {
		randombytes_buf(b, sizeof(b));
		sodium_bin2hex(value, sizeof(value), b, sizeof(b));
		snprintf(requests[i], LINE,
			 "{\"cmd\":\"%s\",\"tag\":%u,\"node\":\"%s\",\"%s\":\"%s\"}\n",
			 store ? "store" : "find", i, node,
			 store ? "value_hex" : "id",
			 store ? value : ids[first + i]);
	}
}

/* Sends what is in @requests, and reads as many answers. */
static uint64_t batch(int fd, size_t *len)
{
	static char b[BATCH * LINE];
	uint64_t begin;
	size_t n = 0;
	int i;

	for (i = 0; i < BATCH; i++)
		n += (size_t)snprintf(b + n, sizeof(b) - n, "%s",
				      requests[i]);
	begin = load_now();
	send_all(fd, b, n);
	*len = read_batch(fd);
	return load_now() - begin;
}

static void show(const char *what, uint64_t ns, size_t len)
{
	printf("{\"phase\":\"%s\",\"rate\":%.0f,\"bytes\":%zu}\n", what,
	       COUNT * 1e9 / ns, len / BATCH);
	fflush(stdout);
}

static size_t ask_daemon(int fd, const char *node, bool store)
{
	unsigned int first;
	uint64_t ns = 0;
	size_t len = 0;

	for (first = 0; first < COUNT; first += BATCH) {
		prepare(node, first, store);
		ns += batch(fd, &len);
		answer[len] = '\0';
		check(first, store);
	}
	show(store ? "store" : "find", ns, len);
	return len / BATCH;
}

/* Sends back what comes: line by line, or all that is there. */
static void echo(int fd, bool by_line)
{
	static char b[BATCH * LINE];
	size_t len = 0, line;
	ssize_t n;
	char *end;

	while ((n = recv(fd, b + len, sizeof(b) - len, 0)) > 0) {
		len += (size_t)n;
		while ((end = memchr(b, '\n', len))) {
			line = by_line ? (size_t)(end - b) + 1 : len;
			send_all(fd, b, line);
			len -= line;
			memmove(b, b + line, len);
		}
	}
	_exit(0);
}

static void ask_echo(size_t len, bool by_line)
{
	uint64_t ns = 0;
	int fd[2], i;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd))
		load_fail("there is no socket");
	pid = fork();
	if (pid < 0)
		load_fail("there is no process");
	if (!pid) {
		close(fd[0]);
		echo(fd[1], by_line);
	}
	close(fd[1]);
	for (i = 0; i < BATCH; i++) {
		memset(requests[i], 'x', len - 1);
		strcpy(requests[i] + len - 1, "\n");
	}
	for (i = 0; i < COUNT; i += BATCH)
		ns += batch(fd[0], &len);
	show(by_line ? "echo line by line" : "echo as it comes", ns, len);
	close(fd[0]);
	waitpid(pid, NULL, 0);
}

int main(int argc, char **argv)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	size_t len;
	int fd;

	if (argc != 3 || sodium_init() < 0 ||
	    strlen(argv[1]) >= sizeof(sun.sun_path)) {
		fputs("Usage: pipeline CONTROL-SOCKET NODE\n", stderr);
		return 2;
	}
	memcpy(sun.sun_path, argv[1], strlen(argv[1]));
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sun, sizeof(sun)))
		load_fail("the daemon is not there");
	ask_daemon(fd, argv[2], true);
	len = ask_daemon(fd, argv[2], false);
	close(fd);
	ask_echo(len, true);
	ask_echo(len, false);
	return 0;
}
