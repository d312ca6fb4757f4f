// SPDX-License-Identifier: GPL-2.0
/*
 * The control socket.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "acceptor.h"
#include "control.h"
#include "log.h"

/* An answer may list every peer at its bound. */
#define REPLY_MAX	(64u * 1024 * 1024)
#define CONTROL_WRITE	65536	/* bytes of answers before they are written */

/**
 * struct control_client - a connection
 * @next: in control.clients
 * @control: whose it is
 * @fd: the connection
 * @who: the process at the other end when it connected
 * @reader: on @fd, while no answer waits to be read
 * @writer: on @fd, while an answer does
 * @timer: for lines that do not end and clients that do not ask
 * @monitor: gets events
 * @later: answers that are owed, in any order
 * @n_later: how many
 * @tag: of the request that is being handled, or NULL
 * @blocked: one of @later has no tag: the next request waits for it
 * @closing: the other end, or this one, has had enough
 * @in: what has been read
 * @in_len: bytes in @in
 * @out: what is to be written
 * @out_at: bytes of @out that are written already
 */
struct control_client {
	struct control_client	*next;
	struct control		*control;
	int			fd;
	struct ucred		who;
	ev_io			reader;
	ev_io			writer;
	ev_timer		timer;
	bool			monitor;
	struct control_later	*later;
	unsigned int		n_later;
	json_t			*tag;
	bool			blocked;
	bool			closing;
	char			*in;
	size_t			in_len;
	struct jtext		out;
	size_t			out_at;
};

/**
 * struct control_later - an answer that is owed
 * @client: to whom; NULL: it is gone
 * @next: of the same client
 * @tag: of the request, or NULL
 */
struct control_later {
	struct control_client	*client;
	struct control_later	*next;
	json_t			*tag;
};

/**
 * struct control - the listening socket and its clients
 * @loop: the event loop
 * @path: of the socket
 * @fd: the socket
 * @listener: on @fd
 * @handler: answers
 * @ctx: passed to @handler
 * @clients: list of them
 * @nclients: how many
 */
struct control {
	struct ev_loop		*loop;
	char			path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int			fd;
	struct acceptor		listener;
	control_handler		handler;
	void			*ctx;
	struct control_client	*clients;
	unsigned int		nclients;
};

json_t *control_ok(json_t *result)
{
	return result ? json_pack("{s:b, s:o}", "ok", 1, "result", result) :
			NULL;
}

json_t *control_bad(int code, const struct themis_diag *diag)
{
	/* Not every path or text of the kernel is UTF-8; JSON is. */
	json_t *what = json_string(diag->what);

	return json_pack("{s:b, s:i, s:o, s:s}", "ok", 0, "code", code,
			 "error", what ? what : json_string("refused"),
			 "next", diag->next);
}

bool control_privileged(const struct control_client *client)
{
	return client->who.uid == 0 || client->who.uid == geteuid();
}

uid_t control_uid(const struct control_client *client, gid_t *gid)
{
	*gid = client->who.gid;
	return client->who.uid;
}

void control_monitor(struct control_client *client)
{
	client->monitor = true;
}

static void client_free(struct control_client *client)
{
	struct control *control = client->control;
	struct control_client **at = &control->clients;
	struct control_later *later;

	while (*at != client)
		at = &(*at)->next;
	*at = client->next;
	control->nclients--;
	for (later = client->later; later; later = later->next)
		later->client = NULL;
	ev_io_stop(control->loop, &client->reader);
	ev_io_stop(control->loop, &client->writer);
	ev_timer_stop(control->loop, &client->timer);
	close(client->fd);
	free(client->in);
	jtext_free(&client->out);
	free(client);
}

/* Writes what the socket takes; the rest waits for it. */
static void flush(struct control_client *client)
{
	struct ev_loop *loop = client->control->loop;
	ssize_t n;

	while (client->out_at < client->out.len) {
		n = send(client->fd, client->out.b + client->out_at,
			 client->out.len - client->out_at,
			 MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			ev_io_start(loop, &client->writer);
			return;
		}
		if (n < 0) {
			client->closing = true;
			return;
		}
		client->out_at += (size_t)n;
	}
	jtext_free(&client->out);
	client->out_at = 0;
	ev_io_stop(loop, &client->writer);
}

/* Nothing is lost but the client, which is told by that. */
static void no_memory(struct control_client *client)
{
	log_warn("no memory for an answer");
	client->closing = true;
}

/* Queues a line, @max waiting bytes at most; what failed ends the client. */
static void put_text(struct control_client *client, const struct jtext *line,
		     size_t max)
{
	struct jtext *out = &client->out;
	size_t waiting = out->len - client->out_at;

	if (line->failed) {
		no_memory(client);
		return;
	}
	if (waiting + line->len + 1 > max) {
		log_warn("process %d does not read what it asked for",
			 client->who.pid);
		client->closing = true;
		return;
	}
	if (client->out_at) {
		memmove(out->b, out->b + client->out_at, waiting);
		client->out_at = 0;
		out->len = waiting;
	}
	jtext_add(out, line->b, line->len);
	jtext_add(out, "\n", 1);
	if (out->failed)
		no_memory(client);
}

/* As put_text(); takes @message's reference. */
static void put_line(struct control_client *client, json_t *message,
		     size_t max)
{
	struct jtext line = { 0 };

	jtext_json(&line, message);
	put_text(client, &line, max);
	jtext_free(&line);
}

struct control_later *control_later(struct control_client *client)
{
	struct control_later *later = malloc(sizeof(*later));

	if (!later)
		return NULL;
	later->client = client;
	later->tag = json_incref(client->tag);
	later->next = client->later;
	client->later = later;
	client->n_later++;
	client->blocked |= !later->tag;
	return later;
}

/* It is owed no longer; frees it. Returns its tag. */
static json_t *settled(struct control_later *later)
{
	struct control_client *client = later->client;
	struct control_later **at;
	json_t *tag = later->tag;

	if (client) {
		for (at = &client->later; *at != later; at = &(*at)->next)
			;
		*at = later->next;
		client->n_later--;
		client->blocked &= !!tag;
	}
	free(later);
	return tag;
}

/* The answer says which request it answers; takes both references. */
static json_t *tagged(json_t *reply, json_t *tag)
{
	if (tag && json_object_set_new(reply, "tag", tag)) {
		json_decref(reply);
		return NULL;
	}
	return reply;
}

void control_answer_text(struct control_later *later, struct jtext *reply)
{
	struct control_client *client;
	json_t *tag;

	if (!later)
		return;
	client = later->client;
	tag = settled(later);
	if (!client) {
		json_decref(tag);
		return;
	}
	if (tag && !reply->failed) {
		reply->len--;
		jtext_add(reply, ",\"tag\":", 7);
		jtext_json(reply, tag);
		jtext_add(reply, "}", 1);
	} else {
		json_decref(tag);
	}
	put_text(client, reply, REPLY_MAX);
	ev_feed_event(client->control->loop, &client->writer, EV_WRITE);
}

void control_answer(struct control_later *later, json_t *reply)
{
	struct jtext text = { 0 };

	jtext_json(&text, reply);
	control_answer_text(later, &text);
	jtext_free(&text);
}

void control_now(struct control_later *later)
{
	if (later)
		json_decref(settled(later));
}

/* What a client has to do before it may ask for more, or NULL. */
static json_t *too_many(const struct control_client *client)
{
	unsigned int most = control_privileged(client) ? CONTROL_LATER_MAX :
							 CONTROL_LATER_USER;
	struct themis_diag diag;

	if (client->n_later < most)
		return NULL;
	themis_diag_set(&diag, -EBUSY, "Wait for some of the answers.",
			"%u requests of this connection are being answered",
			most);
	return control_bad(2, &diag);
}

/* A number or a short text, taken out of the request. */
static int take_tag(json_t *request, json_t **tag)
{
	json_t *found = json_object_get(request, "tag");

	*tag = NULL;
	if (!found)
		return 0;
	if (!json_is_integer(found) &&
	    (!json_is_string(found) ||
	     json_string_length(found) > CONTROL_TAG_MAX))
		return -EINVAL;
	*tag = json_incref(found);
	json_object_del(request, "tag");
	return 0;
}

static json_t *answer(struct control_client *client, const char *line,
		      size_t len)
{
	struct control *control = client->control;
	struct themis_diag diag;
	json_error_t error;
	json_t *request, *reply, *tag;

	request = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(request)) {
		themis_diag_set(&diag, -EINVAL,
				"Send one JSON object on each line.",
				"the request is not understood: %s",
				request ? "not an object" : error.text);
		json_decref(request);
		return control_bad(1, &diag);
	}
	if (take_tag(request, &tag)) {
		themis_diag_set(&diag, -EINVAL,
				"Give an integer or a string.",
				"the request's tag is none, or has more than %d bytes",
				CONTROL_TAG_MAX);
		json_decref(request);
		return control_bad(1, &diag);
	}
	client->tag = tag;
	reply = tag ? too_many(client) : NULL;
	if (!reply)
		reply = control->handler(control->ctx, client, request);
	client->tag = NULL;
	json_decref(request);
	if (json_is_null(reply))
		json_decref(tag);
	else
		reply = tagged(reply, tag);
	return reply;
}

/* Answers lines until there are none, or enough to write; false: all is done. */
static bool take_some(struct control_client *client)
{
	size_t at = 0, len;
	bool more = false;
	json_t *reply;
	char *end;

	while (!client->closing && !client->blocked && at < client->in_len) {
		end = memchr(client->in + at, '\n', client->in_len - at);
		if (!end)
			break;
		more = client->out.len >= CONTROL_WRITE;
		if (more)
			break;
		len = (size_t)(end - client->in) - at;
		reply = answer(client, client->in + at, len);
		at += len + 1;
		if (!json_is_null(reply))
			put_line(client, reply, REPLY_MAX);
	}
	client->in_len -= at;
	memmove(client->in, client->in + at, client->in_len);
	return more;
}

/*
 * Answers whole lines in their order, with few writes: while all of these are
 * taken at once, and up to one whose answer comes later and has no tag.
 */
static void take_lines(struct control_client *client)
{
	bool more = client->in_len;

	while (more && !client->closing && !client->out.len) {
		more = take_some(client);
		flush(client);
	}
	if (!client->closing && !client->blocked &&
	    client->in_len == CONTROL_LINE_MAX &&
	    !memchr(client->in, '\n', client->in_len)) {
		struct themis_diag diag;

		themis_diag_set(&diag, -EMSGSIZE, "Send less at once.",
				"the request is longer than %d bytes",
				CONTROL_LINE_MAX);
		put_line(client, control_bad(1, &diag), REPLY_MAX);
		flush(client);
		client->closing = true;
	}
}

/* Watches and times what the client may do next. */
static void settle(struct control_client *client)
{
	struct ev_loop *loop = client->control->loop;
	double limit;

	if (client->closing) {
		client_free(client);
		return;
	}
	/* Who does not read its answer is not asked for more. */
	if ((client->out.len && !client->monitor) || client->blocked)
		ev_io_stop(loop, &client->reader);
	else
		ev_io_start(loop, &client->reader);

	ev_timer_stop(loop, &client->timer);
	if (client->later ||
	    (client->monitor && !client->in_len && !client->out.len))
		return;
	limit = client->in_len || client->out.len ? CONTROL_PARTIAL_S :
						    CONTROL_IDLE_S;
	ev_timer_set(&client->timer, limit, 0);
	ev_timer_start(loop, &client->timer);
}

static void on_read(struct ev_loop *loop, ev_io *w, int revents)
{
	struct control_client *client = w->data;
	bool partial = client->in_len;
	ssize_t n;

	if (client->in_len == CONTROL_LINE_MAX) {
		/* Only a client that monitors and does not read gets here. */
		client->closing = true;
		settle(client);
		return;
	}
	n = recv(client->fd, client->in + client->in_len,
		 CONTROL_LINE_MAX - client->in_len, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		client->closing = true;
		settle(client);
		return;
	}
	client->in_len += (size_t)n;
	take_lines(client);
	/* A line that trickles in does not get more time for each byte. */
	if (partial && client->in_len && !client->out.len &&
	    !client->closing && ev_is_active(&client->timer))
		return;
	settle(client);
}

static void on_write(struct ev_loop *loop, ev_io *w, int revents)
{
	struct control_client *client = w->data;

	flush(client);
	if (!client->out.len)
		take_lines(client);
	settle(client);
}

static void on_timeout(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct control_client *client = w->data;
	struct themis_diag diag;

	if (!client->out.len && client->in_len) {
		themis_diag_set(&diag, -ETIMEDOUT, "End it with a newline.",
				"the request was not finished in %d seconds",
				CONTROL_PARTIAL_S);
		put_line(client, control_bad(1, &diag), REPLY_MAX);
		flush(client);
	}
	client->closing = true;
	settle(client);
}

/* Why one more client cannot be had, or NULL. */
static const char *refusal(const struct control *control,
			   const struct ucred *who)
{
	const struct control_client *client;
	unsigned int same = 0;

	/* Root always gets in, so that others cannot lock it out. */
	if (who->uid == 0)
		return control->nclients < 2 * CONTROL_CLIENTS_MAX ? NULL :
		       "too many clients";
	for (client = control->clients; client; client = client->next)
		same += client->who.uid == who->uid;
	if (same >= CONTROL_CLIENTS_USER)
		return "too many clients of one user";
	return control->nclients < CONTROL_CLIENTS_MAX ? NULL :
	       "too many clients";
}

static void refuse(int fd, const char *why)
{
	struct themis_diag diag;
	json_t *reply;
	char *text;

	themis_diag_set(&diag, -EBUSY, "Close some of them.", "%s", why);
	reply = control_bad(2, &diag);
	text = reply ? json_dumps(reply, JSON_COMPACT) : NULL;
	json_decref(reply);
	if (text) {
		send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
		send(fd, "\n", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	free(text);
	close(fd);
}

static void on_connect(struct ev_loop *loop, ev_io *w, int revents)
{
	struct control *control = w->data;
	struct control_client *client;
	socklen_t len = sizeof(client->who);
	struct ucred who;
	const char *why;
	int fd;

	fd = acceptor_take(&control->listener);
	if (fd < 0)
		return;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len)) {
		close(fd);
		return;
	}
	why = refusal(control, &who);
	if (why) {
		refuse(fd, why);
		return;
	}
	client = calloc(1, sizeof(*client));
	if (client)
		client->in = malloc(CONTROL_LINE_MAX);
	if (!client || !client->in) {
		free(client);
		refuse(fd, "out of memory");
		return;
	}

	client->control = control;
	client->fd = fd;
	client->who = who;
	ev_io_init(&client->reader, on_read, fd, EV_READ);
	ev_io_init(&client->writer, on_write, fd, EV_WRITE);
	ev_init(&client->timer, on_timeout);
	client->reader.data = client;
	client->writer.data = client;
	client->timer.data = client;
	client->next = control->clients;
	control->clients = client;
	control->nclients++;
	settle(client);
}

void control_event(struct control *control, json_t *event)
{
	struct control_client *client, *next;

	for (client = control ? control->clients : NULL; client;
	     client = next) {
		next = client->next;
		if (!client->monitor || client->closing)
			continue;
		put_line(client, json_incref(event), CONTROL_BACKLOG_MAX);
		/*
		 * Only written from the loop: the client may be the very one
		 * whose request has caused the event. One that is closing is
		 * freed there.
		 */
		ev_feed_event(control->loop, &client->writer, EV_WRITE);
	}
	json_decref(event);
}

/* Removes what a daemon that is no more has left; a living one's stays. */
static int clear_path(const char *path, const struct sockaddr_un *sun,
		      struct themis_diag *diag)
{
	struct stat st;
	int fd, err = 0;

	if (lstat(path, &st))
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return themis_diag_set(diag, -EEXIST,
				       "Give another path with --control.",
				       "\"%s\" exists and is not a socket",
				       path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return themis_diag_set(diag, -errno, NULL,
				       "cannot open a socket: %m");
	if (!connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) ||
	    errno == EAGAIN)
		err = themis_diag_set(diag, -EADDRINUSE,
				      "Stop it, or give another path with --control.",
				      "another themisd listens at \"%s\"",
				      path);
	else if (unlink(path))
		err = themis_diag_set(diag, -errno,
				      "Give another path with --control.",
				      "cannot replace \"%s\": %m", path);
	close(fd);
	return err;
}

static void make_dir(const char *path)
{
	char dir[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char *slash;

	snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (!slash || slash == dir)
		return;
	*slash = '\0';
	/* If it cannot be, bind() will say so. */
	if (mkdir(dir, 0755) && errno != EEXIST)
		log_debug("cannot make directory \"%s\": %m", dir);
}

static int listen_at(struct control *control, struct themis_diag *diag)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int err;

	memcpy(sun.sun_path, control->path, sizeof(sun.sun_path));
	make_dir(control->path);
	err = clear_path(control->path, &sun, diag);
	if (err)
		return err;
	control->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC |
				      SOCK_NONBLOCK, 0);
	if (control->fd < 0)
		return themis_diag_set(diag, -errno, NULL,
				       "cannot open a socket: %m");
	if (bind(control->fd, (struct sockaddr *)&sun, sizeof(sun)) ||
	    chmod(control->path, 0666) || listen(control->fd, 16)) {
		err = themis_diag_set(diag, -errno,
				      "Give another path with --control.",
				      "cannot listen at \"%s\": %m",
				      control->path);
		close(control->fd);
		return err;
	}
	return 0;
}

struct control *control_start(struct ev_loop *loop, const char *path,
			      control_handler handler, void *ctx,
			      struct themis_diag *diag)
{
	struct control *control;

	if (!*path || strlen(path) >= sizeof(control->path)) {
		themis_diag_set(diag, -ENAMETOOLONG,
				"Give another path with --control.",
				"\"%.120s\" is too long, or too short, for a socket",
				path);
		return NULL;
	}
	control = calloc(1, sizeof(*control));
	if (!control) {
		themis_diag_set(diag, -ENOMEM, NULL, "out of memory");
		return NULL;
	}
	control->loop = loop;
	control->handler = handler;
	control->ctx = ctx;
	memcpy(control->path, path, strlen(path));
	if (listen_at(control, diag)) {
		free(control);
		return NULL;
	}
	acceptor_start(&control->listener, loop, control->fd, "control socket",
		       on_connect, control);
	return control;
}

void control_stop(struct control *control)
{
	struct control_client *client, *next;

	if (!control)
		return;
	for (client = control->clients; client; client = next) {
		next = client->next;
		client_free(client);
	}
	acceptor_stop(&control->listener);
	close(control->fd);
	unlink(control->path);
	free(control);
}
