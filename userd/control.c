// SPDX-License-Identifier: GPL-2.0
/*
 * The control socket.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control_state.h"
#include "listen.h"
#include "log.h"

#define CONTROL_WRITE	65536	/* bytes of answers before they are written */

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

static json_t *answer(struct control_client *client, const char *line,
		      size_t len)
{
	struct control *control = client->control;
	struct request *request = &control->request;
	struct themis_diag diag;
	json_t *reply;
	int err;

	err = request_read(request, line, len, &diag);
	if (err)
		return control_bad(err == -EINVAL ? 1 : 2, &diag);
	client->tag = request->tag;
	reply = client->tag ? too_many(client) : NULL;
	if (!reply)
		reply = control->handler(control->ctx, client, request);
	client->tag = NULL;
	if (json_is_null(reply))
		json_decref(request->tag);
	else
		reply = control_tagged(reply, request->tag);
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
			control_put_line(client, reply, CONTROL_REPLY_MAX);
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
		control_flush(client);
	}
	if (!client->closing && !client->blocked &&
	    client->in_len == CONTROL_LINE_MAX &&
	    !memchr(client->in, '\n', client->in_len)) {
		struct themis_diag diag;

		themis_diag_set(&diag, -EMSGSIZE, "Send less at once.",
				"the request is longer than %d bytes",
				CONTROL_LINE_MAX);
		control_put_line(client, control_bad(1, &diag), CONTROL_REPLY_MAX);
		control_flush(client);
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

	control_flush(client);
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
		control_put_line(client, control_bad(1, &diag), CONTROL_REPLY_MAX);
		control_flush(client);
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
		control_put_line(client, json_incref(event), CONTROL_BACKLOG_MAX);
		/*
		 * Only written from the loop: the client may be the very one
		 * whose request has caused the event. One that is closing is
		 * freed there.
		 */
		ev_feed_event(control->loop, &client->writer, EV_WRITE);
	}
	json_decref(event);
}

struct control *control_start(struct ev_loop *loop, const char *path,
			      control_handler handler, void *ctx,
			      struct themis_diag *diag)
{
	struct control *control;

	control = calloc(1, sizeof(*control));
	if (control)
		control->path = strdup(path);
	if (!control || !control->path) {
		themis_diag_set(diag, -ENOMEM, NULL, "out of memory");
		free(control);
		return NULL;
	}
	control->loop = loop;
	control->handler = handler;
	control->ctx = ctx;
	control->fd = listen_at(path, "Give another path with --control.",
				diag);
	if (control->fd < 0) {
		free(control->path);
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
	listen_end(control->fd, control->path);
	free(control->path);
	free(control);
}
