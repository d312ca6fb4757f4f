/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The control socket's clients, for the files that it is made of.
 */
#ifndef THEMISD_CONTROL_STATE_H
#define THEMISD_CONTROL_STATE_H

#include <sys/socket.h>

#include "acceptor.h"
#include "control.h"
#include "request_line.h"

/* An answer may list every peer at its bound. */
#define CONTROL_REPLY_MAX	(64u * 1024 * 1024)

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
 * @request: the one that is being answered
 */
struct control {
	struct ev_loop		*loop;
	char			*path;
	int			fd;
	struct acceptor		listener;
	control_handler		handler;
	void			*ctx;
	struct control_client	*clients;
	unsigned int		nclients;
	struct request		request;
};

/**
 * control_flush() - write what the socket takes; the rest waits for it
 * @client: the client
 */
void control_flush(struct control_client *client);

/**
 * control_put_line() - queue a line
 * @client: for whom; closing afterwards if it cannot be queued
 * @message: a JSON object, or NULL for lack of memory; its reference is taken
 * @max: bytes that may wait
 */
void control_put_line(struct control_client *client, json_t *message,
		      size_t max);

/**
 * control_tagged() - have an answer say which request it answers
 * @reply: the answer; its reference is taken
 * @tag: of the request, or NULL; its reference is taken
 *
 * Return: the answer, or NULL for lack of memory.
 */
json_t *control_tagged(json_t *reply, json_t *tag);

#endif /* THEMISD_CONTROL_STATE_H */
