// SPDX-License-Identifier: GPL-2.0
/*
 * Answers of the control socket: those that are owed, and lines that wait to be
 * written.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control_state.h"
#include "log.h"

void control_flush(struct control_client *client)
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

void control_put_line(struct control_client *client, json_t *message,
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

json_t *control_tagged(json_t *reply, json_t *tag)
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
		jtext_text(reply, ",\"tag\":");
		jtext_json(reply, tag);
		jtext_text(reply, "}");
	} else {
		json_decref(tag);
	}
	put_text(client, reply, CONTROL_REPLY_MAX);
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
