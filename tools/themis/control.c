// SPDX-License-Identifier: GPL-2.0
/*
 * Client of the daemon's control socket.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "control.h"
#include "tool.h"

/* An answer may list every peer of a daemon at its bound. */
#define REPLY_MAX	(64u << 20)

/* What the daemon takes as a request. */
#define REQUEST_MAX	65536

/*
 * An answer needs no network: a daemon that takes longer hangs. One that asks
 * others first may take as long as it waits for all of them.
 */
#define REPLY_SECONDS	5
#define NETWORK_SECONDS	60

static int reply_seconds = REPLY_SECONDS;

static struct {
	int	fd;
	char	*buf;
	size_t	size;
	size_t	len;	/* bytes in @buf */
	size_t	used;	/* of these, already handed out */
} conn = { .fd = -1 };

const char *control_default_path(void)
{
	const char *path = getenv("THEMIS_CONTROL");

	return path && *path ? path : CONTROL_PATH;
}

void control_close(void)
{
	if (conn.fd >= 0)
		close(conn.fd);
	free(conn.buf);
	memset(&conn, 0, sizeof(conn));
	conn.fd = -1;
}

/* Return: 0 or a negative errno. */
static int control_connect(void)
{
	struct timeval wait = { .tv_sec = reply_seconds };
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	size_t len = strlen(opt.control);
	int fd, err;

	if (len >= sizeof(sun.sun_path))
		return -ENAMETOOLONG;
	memcpy(sun.sun_path, opt.control, len);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) ||
	    connect(fd, (struct sockaddr *)&sun, sizeof(sun))) {
		err = -errno;
		close(fd);
		return err;
	}
	conn.fd = fd;
	return 0;
}

/* Return: 0 or a negative errno. */
static int control_send(const json_t *request)
{
	char *text = json_dumps(request, JSON_COMPACT);
	size_t len, at = 0;
	int err = 0;
	ssize_t n;

	if (!text)
		abort();
	len = strlen(text);
	/* The line's end takes the place of the string's. */
	text[len++] = '\n';
	if (len > REQUEST_MAX)
		err = -EMSGSIZE;
	while (!err && at < len) {
		n = send(conn.fd, text + at, len - at, MSG_NOSIGNAL);
		if (n >= 0)
			at += n;
		else if (errno != EINTR)
			err = -errno;
	}
	free(text);
	return err;
}

/* Make room for more. Return: 0 or a negative errno. */
static int control_room(void)
{
	size_t size = conn.size ? 2 * conn.size : 16384;
	char *buf;

	if (conn.used) {
		memmove(conn.buf, conn.buf + conn.used, conn.len - conn.used);
		conn.len -= conn.used;
		conn.used = 0;
	}
	if (conn.len < conn.size)
		return 0;
	if (size > REPLY_MAX)
		return -EMSGSIZE;
	buf = realloc(conn.buf, size);
	if (!buf)
		return -ENOMEM;
	conn.buf = buf;
	conn.size = size;
	return 0;
}

/*
 * Take a line out of the buffer. Return: 1; 0 if there is none; -EBADMSG if it
 * is not a JSON object.
 */
static int control_line(json_t **line)
{
	size_t len;
	char *end;

	if (conn.len == conn.used)
		return 0;
	end = memchr(conn.buf + conn.used, '\n', conn.len - conn.used);
	if (!end)
		return 0;
	len = end - (conn.buf + conn.used);
	*line = json_loadb(conn.buf + conn.used, len, 0, NULL);
	conn.used += len + 1;
	if (json_is_object(*line))
		return 1;
	json_decref(*line);
	*line = NULL;
	return -EBADMSG;
}

/* Read once. Return: 0, or a negative errno; -EPIPE at the end. */
static int control_read(int flags)
{
	ssize_t n;
	int err;

	err = control_room();
	if (err)
		return err;
	do {
		n = recv(conn.fd, conn.buf + conn.len, conn.size - conn.len,
			 flags);
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n ? -errno : -EPIPE;
	conn.len += n;
	return 0;
}

/*
 * A connection for each request: the daemon hangs up on those that are idle,
 * and connecting costs nothing. With @keep it stays when all went well. Return:
 * 0 or a negative errno.
 */
static int control_exchange(const json_t *request, json_t **reply, bool keep)
{
	int err;

	*reply = NULL;
	err = control_connect();
	if (err)
		return err;
	err = control_send(request);
	/* A daemon that takes no more clients says so, and hangs up. */
	if (err == -EPIPE || err == -ECONNRESET)
		err = 0;
	while (!err) {
		err = control_line(reply);
		if (!err)
			err = control_read(0);
	}
	if (err < 0 || !keep)
		control_close();
	return err > 0 ? 0 : err;
}

static int control_unreachable(int err)
{
	switch (-err) {
	case ENOENT:
	case ECONNREFUSED:
	case ENOTDIR:
		return tool_fail(TOOL_DAEMON, CONTROL_START,
				 "no daemon listens at %s", opt.control);
	case EAGAIN:
		return tool_fail(TOOL_DAEMON, "Look at its log, and restart it.",
				 "the daemon at %s has not answered for %d seconds",
				 opt.control, reply_seconds);
	case EACCES:
	case EPERM:
		return tool_fail(TOOL_DAEMON,
				 "Run as root, or look at the permissions of the socket.",
				 "may not talk to the daemon at %s",
				 opt.control);
	case EPIPE:
	case ECONNRESET:
		return tool_fail(TOOL_DAEMON, "Try again; look at its log.",
				 "the daemon at %s has hung up", opt.control);
	case EBADMSG:
		return tool_fail(TOOL_DAEMON,
				 "Look at what listens there, and its version.",
				 "what answers at %s is no themisd",
				 opt.control);
	case ENAMETOOLONG:
		return tool_fail(TOOL_USAGE, "Give a shorter path.",
				 "the path of the control socket is too long");
	case EMSGSIZE:
		return tool_fail(TOOL_DAEMON, "Give shorter arguments.",
				 "a request or an answer is too long");
	default:
		return tool_fail(TOOL_DAEMON, "Look at its log.",
				 "cannot talk to the daemon at %s: %s",
				 opt.control, strerror(-err));
	}
}

static void copy_text(const json_t *reply, const char *key, char *text,
		      size_t len)
{
	const char *value = json_string_value(json_object_get(reply, key));

	snprintf(text, len, "%s", value ? value : "");
}

static int control_refused(const json_t *reply)
{
	int code = json_integer_value(json_object_get(reply, "code"));
	char what[1024], next[512];
	size_t len;

	copy_text(reply, "error", what, sizeof(what));
	copy_text(reply, "next", next, sizeof(next));
	/* tool_fail() ends the sentence. */
	len = strlen(what);
	if (len && what[len - 1] == '.')
		what[len - 1] = '\0';
	if (code < TOOL_USAGE || code > TOOL_CHECK)
		code = TOOL_KERNEL;
	return tool_fail(code, *next ? next : "Look at the daemon's log.", "%s",
			 *what ? what : "the daemon has refused");
}

static int call(json_t *request, json_t **result, bool keep)
{
	json_t *reply;
	int err;

	err = control_exchange(request, &reply, keep);
	json_decref(request);
	if (err)
		return control_unreachable(err);
	if (!json_is_true(json_object_get(reply, "ok")))
		err = control_refused(reply);
	else if (result)
		*result = json_incref(json_object_get(reply, "result"));
	json_decref(reply);
	return err;
}

int control_call(json_t *request, json_t **result)
{
	return call(request, result, false);
}

int control_operation(json_t *request, json_t **reply)
{
	int err;

	reply_seconds = NETWORK_SECONDS;
	err = control_exchange(request, reply, false);
	json_decref(request);
	if (err)
		err = control_unreachable(err);
	else if (!json_is_true(json_object_get(*reply, "ok")))
		err = control_refused(*reply);
	reply_seconds = REPLY_SECONDS;
	return err;
}

json_t *control_try(json_t *request)
{
	json_t *reply, *result = NULL;
	static bool hangs;
	int err;

	/* What works without the daemon waits for it once at most. */
	err = hangs ? -EAGAIN : control_exchange(request, &reply, false);
	hangs = err == -EAGAIN;
	json_decref(request);
	if (err)
		return NULL;
	if (json_is_true(json_object_get(reply, "ok")))
		result = json_incref(json_object_get(reply, "result"));
	json_decref(reply);
	return result;
}

int control_monitor(int *fd)
{
	int err;

	err = call(json_pack("{s:s}", "cmd", "monitor"), NULL, true);
	if (!err)
		*fd = conn.fd;
	return err;
}

int control_event(json_t **event)
{
	int err;

	*event = NULL;
	err = control_line(event);
	if (!err) {
		err = control_read(MSG_DONTWAIT);
		if (err == -EAGAIN)
			return 0;
		if (!err)
			err = control_line(event);
		if (!err)
			return 1;
	}
	if (err > 0)
		return 1;
	control_close();
	return -1;
}
