// SPDX-License-Identifier: GPL-2.0
/*
 * Listening sockets that do not spin.
 */
#include <errno.h>
#include <sys/socket.h>

#include "acceptor.h"

static void on_pause(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct acceptor *a = w->data;

	ev_timer_stop(loop, w);
	ev_io_start(loop, &a->io);
}

void acceptor_start(struct acceptor *a, struct ev_loop *loop, int fd,
		    const char *name,
		    void (*cb)(struct ev_loop *loop, ev_io *w, int revents),
		    void *data)
{
	a->loop = loop;
	a->name = name;
	a->limit = (struct log_limit){ .lines = 1, .seconds = 60 };
	ev_io_init(&a->io, cb, fd, EV_READ);
	a->io.data = data;
	ev_timer_init(&a->pause, on_pause, ACCEPTOR_PAUSE_S, 0);
	a->pause.data = a;
	ev_io_start(loop, &a->io);
}

int acceptor_take(struct acceptor *a)
{
	int fd;

	fd = accept4(a->io.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0)
		return fd;
	switch (errno) {
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		if (log_within(&a->limit, "such failures"))
			log_warn("%s: cannot accept a connection: %m; trying again",
				 a->name);
		ev_io_stop(a->loop, &a->io);
		ev_timer_set(&a->pause, ACCEPTOR_PAUSE_S, 0);
		ev_timer_start(a->loop, &a->pause);
	}
	return -1;
}

void acceptor_stop(struct acceptor *a)
{
	ev_io_stop(a->loop, &a->io);
	ev_timer_stop(a->loop, &a->pause);
}
