// SPDX-License-Identifier: GPL-2.0
/* SOCK_RAW: the daemon's door for the packets of the key agreement. */
#include <linux/module.h>
#include <linux/siphash.h>
#include <linux/timekeeping.h>

#include "compat.h"
#include "link.h"
#include "net.h"
#include "packet.h"
#include "raw.h"
#include "sock.h"

/* What a packet of the key agreement must measure; 0 if it is none. */
static size_t handshake_len(u8 type)
{
	switch (type) {
	case THEMIS_PKT_INIT:
		return THEMIS_PKT_INIT_LEN;
	case THEMIS_PKT_RESP:
		return THEMIS_PKT_RESP_LEN;
	case THEMIS_PKT_CONFIRM:
		return THEMIS_PKT_CONFIRM_LEN;
	case THEMIS_PKT_COOKIE:
		return THEMIS_PKT_COOKIE_LEN;
	case THEMIS_PKT_REFUSE:
		return THEMIS_PKT_REFUSE_LEN;
	}

	return 0;
}

/*
 * May this source knock? Asked only while the daemon falls behind: an idle
 * daemon has no reason to turn anybody away.
 */
static bool may_knock(struct themis_net *tn, const union themis_addr *from)
{
	bool allowed;
	u64 source;

	/* Whoever has one IPv6 address has the other 2^64 as well. */
	if (from->sa.sa_family == AF_INET)
		source = siphash(&from->in.sin_addr, 4, &tn->rate_secret);
	else
		source = siphash(&from->in6.sin6_addr, 8, &tn->rate_secret);

	spin_lock(&tn->rate_lock);
	allowed = themis_ratelimit_allow(tn->rate, source | 1,
					 ktime_get_coarse_boottime_ns());
	spin_unlock(&tn->rate_lock);

	return allowed;
}

/**
 * themis_raw_receive() - hand a packet of the key agreement to the daemon
 * @link: where it came in
 * @skb: the packet, consumed
 *
 * Context: softirq, RCU read lock held.
 */
void themis_raw_receive(struct themis_link *link, struct sk_buff *skb)
{
	struct themis_net *tn = link->tn;
	enum themis_counter why;
	union themis_addr from;
	struct sock *sk;

	why = THEMIS_CNT_RX_LENGTH;
	if (skb->len != handshake_len(*skb->data))
		goto drop;

	why = THEMIS_CNT_RX_NO_DAEMON;
	sk = rcu_dereference(link->raw);
	if (!sk)
		goto drop;

	themis_addr_from_skb(&from, skb);
	why = THEMIS_CNT_RX_RATE;
	if (atomic_read(&sk->sk_rmem_alloc) >
	    READ_ONCE(sk->sk_rcvbuf) / 8 && !may_knock(tn, &from))
		goto drop;

	skb_dst_drop(skb);
	nf_reset_ct(skb);
	skb_ext_reset(skb);
	themis_cb(skb)->addr = from;
	why = THEMIS_CNT_RX_DAEMON_FULL;
	if (sock_queue_rcv_skb(sk, skb))
		goto drop;
	themis_count(tn, THEMIS_CNT_RX_HANDSHAKES);

	return;
drop:
	themis_drop(tn, why, skb);
}

static int raw_bind(struct socket *socket, struct sockaddr_unsized *uaddr,
		    int len)
{
	struct sockaddr_themis *addr = (struct sockaddr_themis *)uaddr;
	struct sock *sk = socket->sk;
	struct themis_net *tn = themis_net(sock_net(sk));
	struct themis_link *link;
	int err;

	err = themis_sock_addr(addr, len, THEMIS_KIND_LINK);
	if (err)
		return err;
	if (memchr_inv(addr->sth_id, 0, THEMIS_ID_LEN))
		return -EINVAL;

	mutex_lock(&tn->lock);
	err = -EINVAL;
	if (themis_sk(sk)->link)
		goto out;
	err = -ENODEV;
	link = themis_link_find(tn, ntohs(addr->sth_port));
	if (!link)
		goto out;
	err = -EADDRINUSE;
	if (rcu_access_pointer(link->raw))
		goto out;
	WRITE_ONCE(themis_sk(sk)->link, link);
	rcu_assign_pointer(link->raw, sk);
	err = 0;
out:
	mutex_unlock(&tn->lock);

	return err;
}

/**
 * themis_raw_unbind() - part a raw socket from its link
 * @sk: the socket
 * @error: to report on it, positive, or 0
 *
 * Context: process; themis_net.lock held.
 */
void themis_raw_unbind(struct sock *sk, int error)
{
	struct themis_sock *sock = themis_sk(sk);

	lockdep_assert_held(&themis_net(sock_net(sk))->lock);

	if (!sock->link)
		return;
	RCU_INIT_POINTER(sock->link->raw, NULL);
	WRITE_ONCE(sock->link, NULL);
	if (error)
		themis_sock_error(sk, error);
}

static int raw_release(struct socket *socket)
{
	struct sock *sk = socket->sk;
	struct themis_net *tn;

	if (!sk)
		return 0;
	tn = themis_net(sock_net(sk));

	mutex_lock(&tn->lock);
	themis_raw_unbind(sk, 0);
	mutex_unlock(&tn->lock);

	sk->sk_shutdown = SHUTDOWN_MASK;
	sock_orphan(sk);
	socket->sk = NULL;
	sock_put(sk);

	return 0;
}

static int raw_getname(struct socket *socket, struct sockaddr *uaddr, int peer)
{
	struct sockaddr_themis *addr = (struct sockaddr_themis *)uaddr;
	struct sock *sk = socket->sk;
	struct themis_link *link;

	if (peer)
		return -ENOTCONN;

	memset(addr, 0, sizeof(*addr));
	addr->sth_family = themis_sock_family();
	addr->sth_kind = THEMIS_KIND_LINK;
	rcu_read_lock();
	link = READ_ONCE(themis_sk(sk)->link);
	if (link)
		addr->sth_port = htons(link->port);
	rcu_read_unlock();

	return sizeof(*addr);
}

static int raw_sendmsg(struct socket *socket, struct msghdr *msg, size_t len)
{
	struct sock *sk = socket->sk;
	struct themis_net *tn = themis_net(sock_net(sk));
	struct themis_link *link;
	union themis_addr *to;
	struct sk_buff *skb;
	int err;

	to = msg->msg_name;
	if (!msg->msg_namelen)
		return -EDESTADDRREQ;
	err = themis_addr_valid(to, msg->msg_namelen);
	if (err)
		return err;
	if (len > THEMIS_PKT_INIT_LEN)
		return -EMSGSIZE;

	skb = sock_alloc_send_skb(sk, THEMIS_HEADROOM + len,
				  msg->msg_flags & MSG_DONTWAIT, &err);
	if (!skb)
		return err;
	skb_reserve(skb, THEMIS_HEADROOM);
	err = memcpy_from_msg(skb_put(skb, len), msg, len);
	if (err)
		goto err_skb;
	/* Data packets are the kernel's: nobody forges one through here. */
	err = -EINVAL;
	if (!len || len != handshake_len(*skb->data))
		goto err_skb;

	rcu_read_lock();
	link = READ_ONCE(themis_sk(sk)->link);
	err = link ? themis_link_xmit(link, skb, to, NULL) : -ENOTCONN;
	rcu_read_unlock();
	if (err) {
		if (link)
			themis_drop(tn, THEMIS_CNT_TX_ROUTE, NULL);
		goto err_skb;
	}
	themis_count(tn, THEMIS_CNT_TX_HANDSHAKES);

	return len;

err_skb:
	kfree_skb(skb);
	return err;
}

static int raw_recvmsg(struct socket *socket, struct msghdr *msg, size_t len,
		       int flags)
{
	struct sock *sk = socket->sk;
	struct sk_buff *skb;
	size_t copied;
	int err;

	if (flags & (MSG_OOB | MSG_ERRQUEUE))
		return -EOPNOTSUPP;

	skb = skb_recv_datagram(sk, flags, &err);
	if (!skb)
		return err;

	copied = skb->len;
	if (copied > len) {
		copied = len;
		msg->msg_flags |= MSG_TRUNC;
	}
	err = skb_copy_datagram_msg(skb, 0, msg, copied);
	if (err)
		goto out;

	sock_recv_cmsgs(msg, sk, skb);
	if (msg->msg_name) {
		const union themis_addr *from = &themis_cb(skb)->addr;

		msg->msg_namelen = themis_addr_len(from);
		memcpy(msg->msg_name, from, msg->msg_namelen);
	}
	err = flags & MSG_TRUNC ? skb->len : copied;
out:
	skb_free_datagram(sk, skb);

	return err;
}

const struct proto_ops themis_raw_ops = {
	.family		= AF_THEMIS,
	.owner		= THIS_MODULE,
	.release	= raw_release,
	.bind		= raw_bind,
	.connect	= sock_no_connect,
	.socketpair	= sock_no_socketpair,
	.accept		= sock_no_accept,
	.getname	= raw_getname,
	.poll		= datagram_poll,
	.ioctl		= themis_sock_ioctl,
	.gettstamp	= sock_gettstamp,
	.listen		= sock_no_listen,
	.shutdown	= sock_no_shutdown,
	.sendmsg	= raw_sendmsg,
	.recvmsg	= raw_recvmsg,
	.mmap		= sock_no_mmap,
};
