/* SPDX-License-Identifier: GPL-2.0 */
/* Links: UDP ports that the kernel owns. */
#ifndef THEMIS_LINK_H
#define THEMIS_LINK_H

#include <linux/in.h>
#include <linux/in6.h>
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <net/dst_cache.h>

struct netlink_ext_ack;
struct sk_buff;
struct sock;
struct socket;
struct themis_net;

/**
 * union themis_addr - a transport address
 * @sa: its family: AF_INET, AF_INET6, or AF_UNSPEC for none
 * @in: IPv4
 * @in6: IPv6; sin6_scope_id only for link-local addresses
 */
union themis_addr {
	struct sockaddr		sa;
	struct sockaddr_in	in;
	struct sockaddr_in6	in6;
};

/**
 * struct themis_route - what is remembered of the way to an address
 * @cache: the route, per processor
 * @room: what an IP fragment holds there, bytes without the IP header; 0 if it
 *	is not known yet
 */
struct themis_route {
	struct dst_cache	cache;
	u32			room;
};

/**
 * struct themis_link - a UDP port, for both families
 * @list: in themis_net.links, RCU
 * @tn: its namespace
 * @port: UDP port, host order
 * @sock4: IPv4
 * @sock6: IPv6, or NULL where the kernel has none
 * @raw: the daemon's socket, RCU; changed under themis_net.lock
 * @n_nodes: nodes on it; under themis_net.lock
 * @rcu: frees it
 *
 * The kernel owns the port, so that it outlives the daemon and goes with its
 * network namespace.
 */
struct themis_link {
	struct list_head	list;
	struct themis_net	*tn;
	u16			port;
	struct socket		*sock4;
	struct socket		*sock6;
	struct sock __rcu	*raw;
	unsigned int		n_nodes;
	struct rcu_head		rcu;
};

int themis_link_add(struct themis_net *tn, u16 port,
		    struct netlink_ext_ack *extack);
int themis_link_del(struct themis_net *tn, u16 port,
		    struct netlink_ext_ack *extack);
void themis_link_flush(struct themis_net *tn);
struct themis_link *themis_link_find(struct themis_net *tn, u16 port);
int themis_link_xmit(struct themis_link *link, struct sk_buff *skb,
		     const union themis_addr *to, struct themis_route *route);

bool themis_addr_equal(const union themis_addr *a, const union themis_addr *b);
int themis_addr_valid(const union themis_addr *addr, size_t len);
void themis_addr_from_skb(union themis_addr *addr, const struct sk_buff *skb);
size_t themis_addr_len(const union themis_addr *addr);

/*
 * Room in front of what is handed to themis_link_xmit(). For the device there is
 * what Ethernet takes, with tags: whoever needs more makes it, and for all
 * others the packet of a short message fits the allocator's next smaller size.
 */
#define THEMIS_LINK_HEADROOM	32
#define THEMIS_HEADROOM	(THEMIS_LINK_HEADROOM + sizeof(struct ipv6hdr) + \
			 sizeof(struct udphdr))

#endif /* THEMIS_LINK_H */
