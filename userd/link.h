/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Links: the raw sockets through which packets of the key agreement come and
 * go. The UDP ports behind them are the kernel's and outlive the daemon.
 */
#ifndef THEMISD_LINK_H
#define THEMISD_LINK_H

#include "daemon.h"

/**
 * struct link - a raw socket
 * @next: in daemon.links
 * @d: whose it is
 * @port: UDP port of the kernel's link, host order
 * @fd: the socket
 * @watcher: on @fd
 * @refs: nodes on it
 * @ours: the daemon made the kernel's link, and removes it after the last node
 */
struct link {
	struct link	*next;
	struct daemon	*d;
	uint16_t	port;
	int		fd;
	ev_io		watcher;
	unsigned int	refs;
	bool		ours;
};

/**
 * link_get() - have a link for one more node
 * @d: the daemon
 * @port: UDP port, host order; the kernel's link is made if it is not there
 * @ours: it was made by the daemon, before a restart
 * @diag: filled in on failure
 *
 * Return: 0 or a negative errno.
 */
int link_get(struct daemon *d, uint16_t port, bool ours,
	     struct themis_diag *diag);

/**
 * link_put() - a node has left a link
 * @d: the daemon
 * @port: UDP port, host order
 * @remove: with the last node, remove the kernel's link too, if it is ours
 */
void link_put(struct daemon *d, uint16_t port, bool remove);

/**
 * link_find() - look a link up
 * @d: the daemon
 * @port: UDP port, host order
 *
 * Return: the link, or NULL.
 */
struct link *link_find(struct daemon *d, uint16_t port);

/**
 * link_send() - send a packet of the key agreement
 * @d: the daemon
 * @port: the link to send from
 * @to: where to
 * @packet: payload of UDP
 * @len: bytes of it
 *
 * Return: 0 or a negative errno. A packet that finds no room is not kept: the
 * protocol repeats what is lost.
 */
int link_send(struct daemon *d, uint16_t port, const union themis_endpoint *to,
	      const void *packet, size_t len);

/**
 * link_stop() - close all raw sockets; the kernel's links stay
 * @d: the daemon
 */
void link_stop(struct daemon *d);

#endif /* THEMISD_LINK_H */
