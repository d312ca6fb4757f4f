/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The control socket: clients, lines, bounds. What the lines mean is
 * request.h's.
 *
 * A client sends JSON objects, one on each line, and gets one line for each: in
 * order, or when it is ready, with the request's "tag" where it has one.
 * Everybody may connect; the kernel tells who it is.
 */
#ifndef THEMISD_CONTROL_H
#define THEMISD_CONTROL_H

#include <ev.h>
#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "diag.h"
#include "jtext.h"

#define CONTROL_PATH		"/run/themis/themisd.sock"
#define CONTROL_LINE_MAX	65536	/* bytes of a request with its newline */
#define CONTROL_CLIENTS_MAX	64
#define CONTROL_CLIENTS_USER	16	/* of these, of one user but root */
#define CONTROL_LATER_MAX	128	/* tagged requests of one, unanswered */
#define CONTROL_LATER_USER	16	/* of one that may not change things */
#define CONTROL_TAG_MAX		64	/* bytes of a tag */
#define CONTROL_PARTIAL_S	10	/* time to finish a line */
#define CONTROL_IDLE_S		60	/* time between requests */
#define CONTROL_BACKLOG_MAX	(1024 * 1024)	/* events that nobody reads */

struct control;
struct control_client;
struct control_later;
struct request;

/*
 * Answers a request of @client; @ctx is control_start()'s.
 * Returns a new reference to the answer, or NULL for lack of memory; json_null()
 * after control_later().
 */
typedef json_t *(*control_handler)(void *ctx, struct control_client *client,
				   const struct request *request);

/**
 * control_start() - listen
 * @loop: the event loop
 * @path: of the socket; a dead daemon's is replaced, a living one's is not
 * @handler: answers
 * @ctx: passed to @handler
 * @diag: filled in on failure
 *
 * Return: the control socket, or NULL.
 */
struct control *control_start(struct ev_loop *loop, const char *path,
			      control_handler handler, void *ctx,
			      struct themis_diag *diag);

/**
 * control_stop() - mirror of control_start(): also removes the socket's file
 * @control: may be NULL
 */
void control_stop(struct control *control);

/**
 * control_event() - tell all clients that monitor
 * @control: may be NULL
 * @event: a JSON object; its reference is taken. May be NULL
 *
 * A client that does not read is disconnected at CONTROL_BACKLOG_MAX.
 */
void control_event(struct control *control, json_t *event);

/**
 * control_monitor() - have a client get events after the answer to this request
 * @client: who asks
 */
void control_monitor(struct control_client *client);

/**
 * control_later() - have a request answered later
 * @client: who asks; its next request waits until then unless this one has a tag
 *
 * Return: for control_answer(), which must be called once, even if the client
 * is gone by then; NULL for lack of memory.
 */
struct control_later *control_later(struct control_client *client);

/**
 * control_answer() - answer a request now
 * @later: what control_later() gave; freed. May be NULL
 * @reply: the answer; its reference is taken. NULL: no memory
 *
 * Not from within the handler that has called control_later().
 */
void control_answer(struct control_later *later, json_t *reply);

/**
 * control_answer_text() - answer a request now, with JSON that is written
 * @later: what control_later() gave; freed. May be NULL
 * @reply: the answer, an object; one that failed is no memory. Its tag is
 *	written into it
 *
 * Not from within the handler that has called control_later().
 */
void control_answer_text(struct control_later *later, struct jtext *reply);

/**
 * control_now() - a request is answered at once after all
 * @later: what control_later() gave in the same handler; freed. May be NULL
 */
void control_now(struct control_later *later);

/**
 * control_uid() - who a client is
 * @client: who asks
 * @gid: result: its primary group
 *
 * Return: its user.
 */
uid_t control_uid(const struct control_client *client, gid_t *gid);

/**
 * control_privileged() - whether a client may change things
 * @client: who asks
 *
 * Return: true for root and the daemon's own user.
 */
bool control_privileged(const struct control_client *client);

/**
 * control_ok() - the answer to a request that was carried out
 * @result: what was asked for; its reference is taken. NULL: no memory
 *
 * Return: a new reference, or NULL for lack of memory.
 */
json_t *control_ok(json_t *result);

/**
 * control_bad() - the answer to a request that was not
 * @code: exit code for the client: 1 its fault, 2 refused
 * @diag: why
 *
 * Return: a new reference, or NULL for lack of memory.
 */
json_t *control_bad(int code, const struct themis_diag *diag);

#endif /* THEMISD_CONTROL_H */
