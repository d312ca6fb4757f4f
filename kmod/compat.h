/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between the kernels that the module is built for, 6.1 to 7.3,
 * and nothing else. The code is written for the newest and knows no version.
 */
#ifndef THEMIS_COMPAT_H
#define THEMIS_COMPAT_H

#include <linux/net.h>
#include <linux/version.h>
#include <net/udp_tunnel.h>

/* 6.19: bind() and connect() of proto_ops take the unsized address. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 19, 0)
#define sockaddr_unsized sockaddr
#endif

/* 7.2: the UDP tunnel helpers take the sock instead of the socket. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 2, 0)
#define themis_udp_setup(net, sock, cfg) \
	setup_udp_tunnel_sock(net, sock, cfg)
#define themis_udp_release(sock)	udp_tunnel_sock_release(sock)
#else
#define themis_udp_setup(net, sock, cfg) \
	setup_udp_tunnel_sock(net, (sock)->sk, cfg)
#define themis_udp_release(sock)	udp_tunnel_sock_release((sock)->sk)
#endif

#if IS_ENABLED(CONFIG_IPV6)
/* 6.17: one more argument of the transmit helper, flags of the IP cb. */
static inline void themis_udp_xmit6(struct dst_entry *dst, struct sock *sk,
				    struct sk_buff *skb, struct flowi6 *fl,
				    u8 ttl)
{
	udp_tunnel6_xmit_skb(dst, sk, skb, NULL, &fl->saddr, &fl->daddr, 0,
			     ttl, 0, fl->fl6_sport, fl->fl6_dport,
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 17, 0)
			     false, 0);
#else
			     false);
#endif
}
#endif

#endif /* THEMIS_COMPAT_H */
