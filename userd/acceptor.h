/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Listening sockets that do not spin.
 *
 * Where no descriptor or no memory is left a connection stays in the queue, and
 * the socket readable: so it is left alone for a while.
 */
#ifndef THEMISD_ACCEPTOR_H
#define THEMISD_ACCEPTOR_H

#include <ev.h>

#include "log.h"

#define ACCEPTOR_PAUSE_S	0.5

/**
 * struct acceptor - a listening socket
 * @loop: the event loop
 * @name: what it is, for the journal
 * @io: on the socket
 * @pause: until it is looked at again
 * @limit: of what is said
 */
struct acceptor {
	struct ev_loop		*loop;
	const char		*name;
	ev_io			io;
	ev_timer		pause;
	struct log_limit	limit;
};

/**
 * acceptor_start() - watch a listening socket
 * @a: result
 * @loop: the event loop
 * @fd: the socket, non-blocking; stays the caller's
 * @name: what it is, for the journal; not copied
 * @cb: called when somebody connects; its watcher's data is @data
 * @data: for @cb
 */
void acceptor_start(struct acceptor *a, struct ev_loop *loop, int fd,
		    const char *name,
		    void (*cb)(struct ev_loop *loop, ev_io *w, int revents),
		    void *data);

/**
 * acceptor_take() - accept a connection
 * @a: the socket
 *
 * Return: a descriptor, non-blocking and closed on exec; or -1: there is none.
 */
int acceptor_take(struct acceptor *a);

/**
 * acceptor_stop() - mirror of acceptor_start()
 * @a: the socket
 */
void acceptor_stop(struct acceptor *a);

#endif /* THEMISD_ACCEPTOR_H */
