/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Client of the daemon's control socket: one JSON object per line, and one line
 * in answer.
 */
#ifndef THEMIS_TOOL_CONTROL_H
#define THEMIS_TOOL_CONTROL_H

#include <jansson.h>

#define CONTROL_PATH	"/run/themis/themisd.sock"

/* The next step where there is no daemon. */
#define CONTROL_START	"Start it with \"systemctl start themisd\", " \
			"or name its socket with -C PATH."

/**
 * control_default_path() - where the daemon is looked for
 *
 * Return: $THEMIS_CONTROL, or CONTROL_PATH.
 */
const char *control_default_path(void);

/**
 * control_call() - ask the daemon
 * @request: the request; the reference is taken
 * @result: what it answered, to be released by the caller; may be NULL
 *
 * Return: TOOL_OK; TOOL_DAEMON if it does not answer; the daemon's own code if
 * it refuses; after having said why.
 */
int control_call(json_t *request, json_t **result);

/**
 * control_operation() - have the daemon do what needs the network
 * @request: the request; the reference is taken
 * @reply: all of its answer, to be released by the caller; NULL if there is
 *	none
 *
 * Return: as control_call(). Where it refuses, the answer may say more.
 */
int control_operation(json_t *request, json_t **reply);

/**
 * control_try() - ask the daemon, if it is there
 * @request: the request; the reference is taken
 *
 * Return: what it answered, to be released by the caller; NULL, without a word,
 * if it does not answer or refuses.
 */
json_t *control_try(json_t *request);

/**
 * control_monitor() - begin a stream of events
 * @fd: result: descriptor to wait on, stays the client's
 *
 * Nothing else can be asked until control_close().
 *
 * Return: as control_call().
 */
int control_monitor(int *fd);

/**
 * control_event() - take an event that has arrived
 * @event: result, to be released by the caller; NULL if only part of a line
 *	has arrived so far
 *
 * Return: 1 if there may be more without waiting, 0 if not, -1 if the daemon
 * is gone.
 */
int control_event(json_t **event);

/**
 * control_close() - hang up, if there is a connection
 */
void control_close(void);

#endif /* THEMIS_TOOL_CONTROL_H */
