// SPDX-License-Identifier: GPL-2.0
/* Links: UDP ports that the kernel owns. */
#include <linux/netlink.h>
#include <linux/slab.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/route.h>
#include <net/udp_tunnel.h>

#include "compat.h"
#include "link.h"
#include "net.h"
#include "netlink.h"
#include "packet.h"
#include "raw.h"
#include "receive.h"
#include "train.h"

/**
 * themis_addr_equal() - are two transport addresses the same?
 * @a: one
 * @b: the other
 */
bool themis_addr_equal(const union themis_addr *a, const union themis_addr *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	if (a->sa.sa_family == AF_INET)
		return a->in.sin_addr.s_addr == b->in.sin_addr.s_addr &&
		       a->in.sin_port == b->in.sin_port;
	if (a->sa.sa_family == AF_INET6)
		return ipv6_addr_equal(&a->in6.sin6_addr, &b->in6.sin6_addr) &&
		       a->in6.sin6_port == b->in6.sin6_port &&
		       a->in6.sin6_scope_id == b->in6.sin6_scope_id;

	return true;
}

/**
 * themis_addr_len() - size of a transport address by its family
 * @addr: the address
 *
 * Return: bytes; 0 for AF_UNSPEC.
 */
size_t themis_addr_len(const union themis_addr *addr)
{
	if (addr->sa.sa_family == AF_INET)
		return sizeof(addr->in);
	if (addr->sa.sa_family == AF_INET6)
		return sizeof(addr->in6);

	return 0;
}

/**
 * themis_addr_valid() - can a packet be sent there?
 * @addr: the address; at least @len bytes
 * @len: as given by the user, at least sizeof(sa_family_t)
 *
 * Return: 0, -EAFNOSUPPORT for another family, -EINVAL for a wrong length, no
 * port or no address.
 */
int themis_addr_valid(const union themis_addr *addr, size_t len)
{
	if (len < sizeof(sa_family_t))
		return -EINVAL;
	if (addr->sa.sa_family == AF_INET) {
		if (len < sizeof(addr->in) || !addr->in.sin_port ||
		    !addr->in.sin_addr.s_addr)
			return -EINVAL;
		return 0;
	}
	if (addr->sa.sa_family == AF_INET6) {
		if (len < sizeof(addr->in6) || !addr->in6.sin6_port ||
		    ipv6_addr_any(&addr->in6.sin6_addr))
			return -EINVAL;
		return 0;
	}

	return -EAFNOSUPPORT;
}

/**
 * themis_addr_from_skb() - where a packet came from
 * @addr: filled
 * @skb: a UDP packet with its headers in the linear part
 */
void themis_addr_from_skb(union themis_addr *addr, const struct sk_buff *skb)
{
	memset(addr, 0, sizeof(*addr));
	if (ip_hdr(skb)->version == 4) {
		addr->in.sin_family = AF_INET;
		addr->in.sin_port = udp_hdr(skb)->source;
		addr->in.sin_addr.s_addr = ip_hdr(skb)->saddr;
	} else {
		addr->in6.sin6_family = AF_INET6;
		addr->in6.sin6_port = udp_hdr(skb)->source;
		addr->in6.sin6_addr = ipv6_hdr(skb)->saddr;
		addr->in6.sin6_scope_id =
			ipv6_iface_scope_id(&ipv6_hdr(skb)->saddr,
					    inet6_iif(skb));
	}
}

/* What an IP fragment holds: a multiple of eight. */
static u32 room(const struct dst_entry *dst, size_t header)
{
	return round_down(dst_mtu(dst) - header, 8);
}

/*
 * What tells the fragments of one packet from those of another, should somebody
 * on the way have to make some. The kernel's generator is one counter for all
 * that goes to an address, which every processor would write to for every
 * packet; a sequence counts up as well, from a place that the index, which is
 * random, gives to each session. Only what we ourselves have to divide, and
 * segments, which take several numbers at once, ask the kernel.
 */
static __be16 ident(const struct themis_packet *packet)
{
	return htons((u16)be64_to_cpu(packet->seq) +
		     (u16)be32_to_cpu(packet->index));
}

/*
 * As udp_tunnel_xmit_skb(), for packets that were never another's: there is
 * nothing to scrub.
 */
static void output4(struct rtable *rt, struct sock *sk, struct sk_buff *skb,
		    const struct flowi4 *fl)
{
	struct themis_packet *packet = (struct themis_packet *)skb->data;
	struct net *net = sock_net(sk);
	struct udphdr *udp;
	struct iphdr *ip;

	udp = __skb_push(skb, sizeof(*udp));
	skb_reset_transport_header(skb);
	udp->source = fl->fl4_sport;
	udp->dest = fl->fl4_dport;
	udp->len = htons(skb->len);
	udp_set_csum(false, skb, fl->saddr, fl->daddr, skb->len);

	memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
	skb_dst_set(skb, &rt->dst);

	ip = __skb_push(skb, sizeof(*ip));
	skb_reset_network_header(skb);
	*(__be16 *)ip = htons(4 << 12 | 5 << 8);
	ip->frag_off = 0;
	ip->ttl = ip4_dst_hoplimit(&rt->dst);
	ip->protocol = IPPROTO_UDP;
	ip->saddr = fl->saddr;
	ip->daddr = fl->daddr;
	if (likely(packet->type == THEMIS_PKT_DATA && !skb_is_nonlinear(skb)))
		ip->id = ident(packet);
	else
		__ip_select_ident(net, ip, skb_shinfo(skb)->gso_segs ?: 1);

	ip_local_out(net, sk, skb);
}

static int xmit4(struct sock *sk, struct sk_buff *skb,
		 const struct sockaddr_in *to, struct themis_route *route)
{
	struct flowi4 fl = {
		.daddr		= to->sin_addr.s_addr,
		.fl4_dport	= to->sin_port,
		.fl4_sport	= inet_sk(sk)->inet_sport,
		.flowi4_proto	= IPPROTO_UDP,
		.flowi4_mark	= skb->mark,
	};
	struct rtable *rt = NULL;

	if (route)
		rt = dst_cache_get_ip4(&route->cache, &fl.saddr);
	if (!rt) {
		rt = ip_route_output_flow(sock_net(sk), &fl, sk);
		if (IS_ERR(rt))
			return PTR_ERR(rt);
		if (route) {
			dst_cache_set_ip4(&route->cache, &rt->dst, fl.saddr);
			WRITE_ONCE(route->room, room(&rt->dst,
						     sizeof(struct iphdr)));
		}
	}
	output4(rt, sk, skb, &fl);

	return 0;
}

#if IS_ENABLED(CONFIG_IPV6)
/* Of an IPv6 fragment. */
#define HEADER6	(sizeof(struct ipv6hdr) + sizeof(struct frag_hdr))

static int xmit6(struct sock *sk, struct sk_buff *skb,
		 const struct sockaddr_in6 *to, struct themis_route *route)
{
	struct flowi6 fl = {
		.daddr		= to->sin6_addr,
		.fl6_dport	= to->sin6_port,
		.fl6_sport	= inet_sk(sk)->inet_sport,
		.flowi6_oif	= to->sin6_scope_id,
		.flowi6_proto	= IPPROTO_UDP,
		.flowi6_mark	= skb->mark,
	};
	struct dst_entry *dst = NULL;

	if (route)
		dst = dst_cache_get_ip6(&route->cache, &fl.saddr);
	if (!dst) {
		dst = ip6_dst_lookup_flow(sock_net(sk), sk, &fl, NULL);
		if (IS_ERR(dst))
			return PTR_ERR(dst);
		if (route) {
			dst_cache_set_ip6(&route->cache, dst, &fl.saddr);
			WRITE_ONCE(route->room, room(dst, HEADER6));
		}
	}
	/* The headers of the tunnel helper count from the inner ones. */
	skb_reset_inner_headers(skb);
	/* A message larger than the path's MTU leaves as fragments. */
	skb->ignore_df = 1;
	themis_udp_xmit6(dst, sk, skb, &fl, ip6_dst_hoplimit(dst));

	return 0;
}
#else
static int xmit6(struct sock *sk, struct sk_buff *skb,
		 const struct sockaddr_in6 *to, struct themis_route *route)
{
	return -EAFNOSUPPORT;
}
#endif

/**
 * themis_link_xmit() - send a packet in UDP
 * @link: from which port
 * @skb: the payload, with THEMIS_HEADROOM in front; consumed, unless an error
 *	is returned
 * @to: where
 * @route: remembers the way, or NULL
 *
 * Context: RCU read lock held, which is what keeps @link's sockets.
 * Return: 0, or the error of the route, -EAFNOSUPPORT without IPv6.
 */
int themis_link_xmit(struct themis_link *link, struct sk_buff *skb,
		     const union themis_addr *to, struct themis_route *route)
{
	int err;

	/* The cache is per processor. */
	local_bh_disable();
	if (to->sa.sa_family == AF_INET)
		err = xmit4(link->sock4->sk, skb, &to->in, route);
	else if (to->sa.sa_family == AF_INET6 && link->sock6)
		err = xmit6(link->sock6->sk, skb, &to->in6, route);
	else
		err = -EAFNOSUPPORT;
	local_bh_enable();

	return err;
}

/**
 * themis_link_find() - the link on a port
 * @tn: where
 * @port: UDP port, host order
 *
 * Context: themis_net.lock or the RCU read lock held.
 * Return: the link or NULL.
 */
struct themis_link *themis_link_find(struct themis_net *tn, u16 port)
{
	struct themis_link *link;

	list_for_each_entry_rcu(link, &tn->links, list,
				lockdep_is_held(&tn->lock))
		if (link->port == port)
			return link;

	return NULL;
}

static int open_socket(struct themis_link *link, int family,
		       struct socket **sock)
{
	struct udp_tunnel_sock_cfg cfg = {
		.sk_user_data	= link,
		.encap_type	= 1,
		.encap_rcv	= themis_receive,
	};
	struct udp_port_cfg port = {
		.family			= family,
		.local_udp_port		= htons(link->port),
		.use_udp_checksums	= true,
		.use_udp6_tx_checksums	= true,
		.use_udp6_rx_checksums	= true,
		.ipv6_v6only		= true,
	};
	int err;

	err = udp_sock_create(link->tn->net, &port, sock);
	if (err)
		return err;
	themis_udp_setup(link->tn->net, *sock, &cfg);
	/* No packets inside ours: nobody asks for the sum of the payload. */
	inet_dec_convert_csum((*sock)->sk);

	return 0;
}

/**
 * themis_link_add() - open a UDP port
 * @tn: where
 * @port: host order, not 0
 * @extack: says what is wrong
 *
 * Context: process; themis_net.lock held.
 * Return: 0, -EEXIST, -ENOSPC at THEMIS_MAX_LINKS, -ENOMEM, or the error of
 * the UDP socket (-EADDRINUSE where somebody else has the port).
 */
int themis_link_add(struct themis_net *tn, u16 port,
		    struct netlink_ext_ack *extack)
{
	struct themis_link *link;
	int err;

	lockdep_assert_held(&tn->lock);

	if (themis_link_find(tn, port)) {
		NL_SET_ERR_MSG(extack, "a link with this port exists");
		return -EEXIST;
	}
	if (tn->n_links >= THEMIS_MAX_LINKS) {
		NL_SET_ERR_MSG(extack, "too many links in this namespace");
		return -ENOSPC;
	}
	if (!tn->rate) {
		tn->rate = kvzalloc(sizeof(*tn->rate), THEMIS_GFP_QUIET);
		if (!tn->rate)
			return -ENOMEM;
	}

	link = kzalloc(sizeof(*link), GFP_KERNEL);
	if (!link)
		return -ENOMEM;
	link->tn = tn;
	link->port = port;

	err = open_socket(link, AF_INET, &link->sock4);
	if (err) {
		NL_SET_ERR_MSG(extack, "cannot open the UDP port for IPv4");
		goto err_link;
	}
	err = open_socket(link, AF_INET6, &link->sock6);
	if (err && err != -EAFNOSUPPORT && err != -EPFNOSUPPORT &&
	    err != -EADDRNOTAVAIL) {
		NL_SET_ERR_MSG(extack, "cannot open the UDP port for IPv6");
		goto err_sock4;
	}

	err = themis_train_watch(tn);
	if (err)
		goto err_sock6;
	list_add_tail_rcu(&link->list, &tn->links);
	tn->n_links++;
	themis_netlink_link_event(tn, link, THEMIS_EVENT_NEW);

	return 0;

err_sock6:
	if (link->sock6)
		themis_udp_release(link->sock6);
err_sock4:
	themis_udp_release(link->sock4);
err_link:
	kfree_rcu(link, rcu);
	return err;
}

static void link_destroy(struct themis_net *tn, struct themis_link *link)
{
	struct sock *raw;

	WARN_ON_ONCE(link->n_nodes);

	raw = rcu_dereference_protected(link->raw, lockdep_is_held(&tn->lock));
	if (raw)
		themis_raw_unbind(raw, ENETDOWN);

	list_del_rcu(&link->list);
	tn->n_links--;
	themis_netlink_link_event(tn, link, THEMIS_EVENT_DEL);

	/*
	 * Whoever found the link before may still send on its sockets, and
	 * newer kernels (7.3) close them without waiting for anybody. Packets
	 * that come in from here on find no node to speak for.
	 */
	synchronize_rcu();
	themis_udp_release(link->sock4);
	if (link->sock6)
		themis_udp_release(link->sock6);
	kfree_rcu(link, rcu);
}

/**
 * themis_link_del() - close a UDP port
 * @tn: where
 * @port: host order
 * @extack: says what is wrong
 *
 * Context: process; themis_net.lock held.
 * Return: 0, -ENOENT if there is none, -EBUSY while nodes are on it.
 */
int themis_link_del(struct themis_net *tn, u16 port,
		    struct netlink_ext_ack *extack)
{
	struct themis_link *link;

	lockdep_assert_held(&tn->lock);

	link = themis_link_find(tn, port);
	if (!link) {
		NL_SET_ERR_MSG(extack, "no link with this port");
		return -ENOENT;
	}
	if (link->n_nodes) {
		NL_SET_ERR_MSG(extack, "the link has nodes: delete them first");
		return -EBUSY;
	}
	link_destroy(tn, link);

	return 0;
}

/**
 * themis_link_flush() - close all ports of a namespace
 * @tn: where; no node is left
 *
 * Context: process; themis_net.lock held.
 */
void themis_link_flush(struct themis_net *tn)
{
	struct themis_link *link, *next;

	lockdep_assert_held(&tn->lock);

	list_for_each_entry_safe(link, next, &tn->links, list)
		link_destroy(tn, link);
}
