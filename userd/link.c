// SPDX-License-Identifier: GPL-2.0
/*
 * Links: the raw sockets.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addr.h"
#include "drive.h"
#include "link.h"
#include "log.h"

#define RX_BUFFER	(1024 * 1024)
#define RX_BATCH	32	/* packets before others have their turn */

/* One byte more than the longest, so that what is too long shows. */
#define PACKET_MAX	(THEMIS_PKT_INIT_LEN + 1)

static bool endpoint_take(union themis_endpoint *to,
			  const struct sockaddr_storage *ss, socklen_t len)
{
	memset(to, 0, sizeof(*to));
	if (len > sizeof(*to) || !len || len != themis_endpoint_len(ss))
		return false;
	memcpy(to, ss, len);
	return true;
}

/* 1 for a packet, 0 for none, or a negative errno. */
static int receive(struct link *link)
{
	struct sockaddr_storage ss = { 0 };
	uint8_t packet[PACKET_MAX];
	union themis_endpoint from;
	struct iovec iov = {
		.iov_base = packet,
		.iov_len = sizeof(packet),
	};
	struct msghdr msg = {
		.msg_name = &ss,
		.msg_namelen = sizeof(ss),
		.msg_iov = &iov,
		.msg_iovlen = 1,
	};
	struct daemon *d = link->d;
	ssize_t n;

	n = recvmsg(link->fd, &msg, MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (!endpoint_take(&from, &ss, msg.msg_namelen)) {
		log_warn("link %u: packet without a sender", link->port);
		return 1;
	}
	themis_core_packet(d->core, daemon_now(), link->port, &from, packet,
			   (size_t)n);
	drive(d);
	return 1;
}

static void on_packet(struct ev_loop *loop, ev_io *w, int revents)
{
	struct link *link = w->data;
	struct daemon *d = link->d;
	int i, ret;

	for (i = 0; i < RX_BATCH; i++) {
		ret = receive(link);
		if (!ret)
			return;
		if (ret > 0)
			continue;
		/* What is left is the link's end, not a packet's. */
		if (ret == -ENETDOWN || ret == -ENODEV || ret == -EBADF) {
			log_warn("link %u is gone", link->port);
			ev_io_stop(link->d->loop, &link->watcher);
			return;
		}
		log_debug("link %u: %s", link->port, strerror(-ret));
	}
	/* There are more: whoever sends them has to show that he is there. */
	themis_core_busy(d->core, daemon_now());
}

static int open_raw(struct daemon *d, uint16_t port)
{
	struct sockaddr_themis sth;
	int size = RX_BUFFER;
	int fd, err;

	fd = socket(d->info.family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    0);
	if (fd < 0)
		return -errno;
	/* A burst of packets must not be lost while a signature is checked. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		log_debug("link %u: receive buffer stays small: %m", port);
	themis_addr_link(&sth, port);
	sth.sth_family = (__kernel_sa_family_t)d->info.family;
	if (bind(fd, (struct sockaddr *)&sth, sizeof(sth))) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

struct link *link_find(struct daemon *d, uint16_t port)
{
	struct link *link;

	for (link = d->links; link; link = link->next)
		if (link->port == port)
			return link;
	return NULL;
}

int link_get(struct daemon *d, uint16_t port, bool ours,
	     struct themis_diag *diag)
{
	struct link *link = link_find(d, port);
	char what[64];
	int err;

	if (link) {
		link->refs++;
		link->ours |= ours;
		return 0;
	}
	link = calloc(1, sizeof(*link));
	if (!link)
		return themis_diag_set(diag, -ENOMEM, NULL, "out of memory");
	link->d = d;
	link->port = port;
	link->refs = 1;
	link->ours = ours;

	err = themis_nl_link_new(d->nl, port);
	if (!err) {
		link->ours = true;
	} else if (err != -EEXIST) {
		snprintf(what, sizeof(what), "cannot make link %u", port);
		themis_nl_diag(d->nl, err, what, diag);
		goto err_free;
	}
	link->fd = open_raw(d, port);
	if (link->fd < 0) {
		if (!err)
			themis_nl_link_del(d->nl, port);
		err = link->fd;
		themis_diag_set(diag, err, err == -EADDRINUSE ?
				"Stop the other daemon in this network namespace." :
				"CAP_NET_ADMIN is needed: run as root.",
				"cannot open the raw socket of link %u: %s",
				port, strerror(-err));
		goto err_free;
	}

	ev_io_init(&link->watcher, on_packet, link->fd, EV_READ);
	link->watcher.data = link;
	ev_io_start(d->loop, &link->watcher);
	link->next = d->links;
	d->links = link;
	return 0;

err_free:
	free(link);
	return err;
}

static void link_free(struct link *link)
{
	ev_io_stop(link->d->loop, &link->watcher);
	close(link->fd);
	free(link);
}

void link_put(struct daemon *d, uint16_t port, bool remove)
{
	struct link **at, *link;
	bool ours;
	int err;

	for (at = &d->links; *at && (*at)->port != port; at = &(*at)->next)
		;
	link = *at;
	if (!link || --link->refs)
		return;
	*at = link->next;
	ours = link->ours;
	link_free(link);
	if (!remove || !ours)
		return;
	err = themis_nl_link_del(d->nl, port);
	/* Another program may have put a node of its own there. */
	if (err && err != -EBUSY && err != -ENOENT)
		log_warn("cannot remove link %u: %s", port, strerror(-err));
}

int link_send(struct daemon *d, uint16_t port, const union themis_endpoint *to,
	      const void *packet, size_t len)
{
	struct link *link = link_find(d, port);
	ssize_t n;

	if (!link)
		return -ENETDOWN;
	n = sendto(link->fd, packet, len, MSG_DONTWAIT | MSG_NOSIGNAL, &to->sa,
		   themis_endpoint_len(to));
	return n < 0 ? -errno : 0;
}

void link_stop(struct daemon *d)
{
	struct link *link;

	while ((link = d->links)) {
		d->links = link->next;
		link_free(link);
	}
}
