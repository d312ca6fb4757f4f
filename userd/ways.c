// SPDX-License-Identifier: GPL-2.0
/*
 * The ways to peers.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "directory.h"
#include "drive.h"
#include "log.h"
#include "resolve.h"
#include "ways.h"

#define SETTLE_S	0.1	/* a change seldom comes alone */
#define PAUSE_S		1.0	/* nor shall who makes many keep us busy */

/**
 * struct ways - all of it
 * @d: the daemon
 * @fd: of rtnetlink
 * @io: on @fd
 * @timer: when peers are asked again
 * @last_us: when they last were
 */
struct ways {
	struct daemon	*d;
	int		fd;
	ev_io		io;
	ev_timer	timer;
	uint64_t	last_us;
};

static void on_settled(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct ways *ways = w->data;
	struct daemon *d = ways->d;

	ev_timer_stop(loop, w);
	ways->last_us = daemon_now();
	log_debug("addresses or routes have changed");
	themis_core_moved(d->core, ways->last_us);
	resolve_moved(d);
	directory_moved(d);
	drive(d);
}

/* That something has changed is all that we want to know. */
static void on_change(struct ev_loop *loop, ev_io *w, int revents)
{
	struct ways *ways = w->data;
	double ago = (double)(daemon_now() - ways->last_us) / 1e6;
	char message[8192];
	ssize_t n;

	do {
		n = recv(ways->fd, message, sizeof(message), MSG_DONTWAIT);
	} while (n > 0);
	/* Lost messages are changes, too. */
	if (n < 0 && errno != EAGAIN && errno != EINTR && errno != ENOBUFS) {
		log_warn("cannot listen to changes of addresses any more: %m");
		ev_io_stop(loop, w);
		return;
	}
	if (ev_is_active(&ways->timer))
		return;
	ev_timer_set(&ways->timer, ago < PAUSE_S ? PAUSE_S - ago : SETTLE_S,
		     0);
	ev_timer_start(loop, &ways->timer);
}

int ways_start(struct daemon *d)
{
	const struct sockaddr_nl nl = {
		.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR |
			     RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE,
	};
	struct ways *ways;
	int err;

	ways = calloc(1, sizeof(*ways));
	if (!ways)
		return -ENOMEM;
	ways->d = d;
	ways->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			  NETLINK_ROUTE);
	if (ways->fd < 0) {
		err = -errno;
		goto err_free;
	}
	if (bind(ways->fd, (const struct sockaddr *)&nl, sizeof(nl))) {
		err = -errno;
		goto err_close;
	}
	ev_io_init(&ways->io, on_change, ways->fd, EV_READ);
	ev_init(&ways->timer, on_settled);
	ways->io.data = ways;
	ways->timer.data = ways;
	ev_io_start(d->loop, &ways->io);
	d->ways = ways;
	return 0;

err_close:
	close(ways->fd);
err_free:
	free(ways);
	return err;
}

void ways_stop(struct daemon *d)
{
	struct ways *ways = d->ways;

	if (!ways)
		return;
	ev_io_stop(d->loop, &ways->io);
	ev_timer_stop(d->loop, &ways->timer);
	close(ways->fd);
	free(ways);
	d->ways = NULL;
}
