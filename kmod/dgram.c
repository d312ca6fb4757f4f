// SPDX-License-Identifier: GPL-2.0
/* SOCK_DGRAM: the socket that applications use. */
#include <linux/module.h>
#include <linux/sockptr.h>

#include "compat.h"
#include "net.h"
#include "node.h"
#include "packet.h"
#include "send.h"
#include "sock.h"
#include "text.h"

/* Bind; the caller holds lock_sock(). */
static int bind_locked(struct themis_sock *sock, const u8 *id, u16 port)
{
	struct themis_node *node;
	int err;

	if (sock->node)
		return -EINVAL;

	node = themis_node_use(themis_net(sock_net(&sock->sk)), id);
	if (IS_ERR(node))
		return PTR_ERR(node);
	err = themis_node_bind(node, sock, port);
	if (err) {
		themis_node_put(node);
		return err;
	}
	/* Senders that do not take the lock look at this. */
	smp_store_release(&sock->node, node);

	return 0;
}

/* A socket that sends or connects unbound gets a port of the only node. */
static int autobind_locked(struct themis_sock *sock)
{
	static const u8 any[THEMIS_ID_LEN];

	return sock->node ? 0 : bind_locked(sock, any, 0);
}

static int autobind(struct themis_sock *sock)
{
	int err;

	/* Pairs with bind_locked(): the port is set before the node. */
	if (likely(smp_load_acquire(&sock->node)))
		return 0;

	lock_sock(&sock->sk);
	err = autobind_locked(sock);
	release_sock(&sock->sk);

	return err;
}

static int dgram_bind(struct socket *socket, struct sockaddr_unsized *uaddr,
		      int len)
{
	struct sockaddr_themis *addr = (struct sockaddr_themis *)uaddr;
	struct sock *sk = socket->sk;
	int err;

	err = themis_sock_addr(addr, len, THEMIS_KIND_NODE);
	if (err)
		return err;

	lock_sock(sk);
	err = bind_locked(themis_sk(sk), addr->sth_id, ntohs(addr->sth_port));
	release_sock(sk);

	return err;
}

/* Connect to a peer; the caller holds lock_sock(). */
static int connect_locked(struct themis_sock *sock, const u8 *id, u16 port)
{
	struct themis_remote *remote;
	int err;

	if (!port || !memchr_inv(id, 0, THEMIS_ID_LEN))
		return -EINVAL;
	err = autobind_locked(sock);
	if (err)
		return err;

	remote = kzalloc(sizeof(*remote), GFP_KERNEL_ACCOUNT);
	if (!remote)
		return -ENOMEM;
	memcpy(remote->id, id, THEMIS_ID_LEN);
	remote->port = port;
	themis_sock_connect(sock, remote);
	sock->sk.sk_socket->state = SS_CONNECTED;

	return 0;
}

static int dgram_connect(struct socket *socket, struct sockaddr_unsized *uaddr,
			 int len, int flags)
{
	struct sockaddr_themis *addr = (struct sockaddr_themis *)uaddr;
	struct sock *sk = socket->sk;
	int err;

	if (len < (int)sizeof(sa_family_t))
		return -EINVAL;
	if (addr->sth_family == AF_UNSPEC) {
		lock_sock(sk);
		themis_sock_connect(themis_sk(sk), NULL);
		socket->state = SS_UNCONNECTED;
		release_sock(sk);
		return 0;
	}
	err = themis_sock_addr(addr, len, THEMIS_KIND_NODE);
	if (err)
		return err;

	lock_sock(sk);
	err = connect_locked(themis_sk(sk), addr->sth_id,
			     ntohs(addr->sth_port));
	release_sock(sk);

	return err;
}

static void fill_addr(struct sockaddr_themis *addr, const u8 *id, __be16 port)
{
	memset(addr, 0, sizeof(*addr));
	addr->sth_family = themis_sock_family();
	addr->sth_kind = THEMIS_KIND_NODE;
	addr->sth_port = port;
	memcpy(addr->sth_id, id, THEMIS_ID_LEN);
}

/* The local or the peer's address. */
static int get_addr(struct themis_sock *sock, struct sockaddr_themis *addr,
		    bool peer)
{
	static const u8 any[THEMIS_ID_LEN];
	struct themis_remote *remote;
	struct themis_node *node;
	int err = 0;

	if (!peer) {
		/* Pairs with bind_locked(). */
		node = smp_load_acquire(&sock->node);
		fill_addr(addr, node ? node->config.id : any,
			  node ? htons(sock->port) : 0);
		return 0;
	}

	rcu_read_lock();
	remote = rcu_dereference(sock->remote);
	if (remote)
		fill_addr(addr, remote->id, htons(remote->port));
	else
		err = -ENOTCONN;
	rcu_read_unlock();

	return err;
}

static int dgram_getname(struct socket *socket, struct sockaddr *uaddr,
			 int peer)
{
	struct sockaddr_themis *addr = (struct sockaddr_themis *)uaddr;
	int err;

	err = get_addr(themis_sk(socket->sk), addr, peer);

	return err ?: (int)sizeof(*addr);
}

static int dgram_release(struct socket *socket)
{
	struct sock *sk = socket->sk;
	struct themis_sock *sock;

	if (!sk)
		return 0;
	sock = themis_sk(sk);

	sock_hold(sk);
	lock_sock(sk);
	if (sock->node)
		themis_node_unbind(sock->node, sock);
	themis_sock_connect(sock, NULL);
	sk->sk_shutdown = SHUTDOWN_MASK;
	sock_orphan(sk);
	socket->sk = NULL;
	release_sock(sk);
	sock_put(sk);
	sock_put(sk);

	return 0;
}

static int dgram_shutdown(struct socket *socket, int how)
{
	struct sock *sk = socket->sk;
	int err = -ENOTCONN;

	if (how < SHUT_RD || how > SHUT_RDWR)
		return -EINVAL;

	lock_sock(sk);
	if (rcu_access_pointer(themis_sk(sk)->remote)) {
		/* SHUT_RD, SHUT_WR, SHUT_RDWR are 0, 1, 2; the mask is +1. */
		WRITE_ONCE(sk->sk_shutdown, sk->sk_shutdown | (how + 1));
		sk->sk_state_change(sk);
		err = 0;
	}
	release_sock(sk);

	return err;
}

/* An address to send to. */
static int valid_peer(const struct sockaddr_themis *to, int len)
{
	int err;

	err = themis_sock_addr(to, len, THEMIS_KIND_NODE);
	if (err)
		return err;
	if (!to->sth_port || !memchr_inv(to->sth_id, 0, THEMIS_ID_LEN))
		return -EINVAL;

	return 0;
}

/*
 * What the caller wants sent, and to whom: from the control messages and the
 * address. Returns 1 if the peer is the one that the socket is connected to.
 */
static int parse_send(struct themis_sock *sock, struct msghdr *msg,
		      struct sockaddr_themis *to, struct themis_msginfo *info)
{
	bool addressed = msg->msg_namelen;
	struct cmsghdr *cmsg;
	int err;

	*info = (struct themis_msginfo){ .kind = THEMIS_MSG_DATAGRAM };
	if (addressed) {
		err = valid_peer(msg->msg_name, msg->msg_namelen);
		if (err < 0)
			return err;
		*to = *(struct sockaddr_themis *)msg->msg_name;
	}

	for_each_cmsghdr(cmsg, msg) {
		if (!CMSG_OK(msg, cmsg) || cmsg->cmsg_level != SOL_THEMIS)
			return -EINVAL;
		switch (cmsg->cmsg_type) {
		case THEMIS_CMSG_INFO:
			if (cmsg->cmsg_len != CMSG_LEN(sizeof(*info)))
				return -EINVAL;
			memcpy(info, CMSG_DATA(cmsg), sizeof(*info));
			if (info->kind > THEMIS_MSG_RESPONSE ||
			    memchr_inv(info->reserved, 0,
				       sizeof(info->reserved)))
				return -EINVAL;
			break;
		case THEMIS_CMSG_ADDR:
			if (addressed ||
			    cmsg->cmsg_len != CMSG_LEN(sizeof(*to)))
				return -EINVAL;
			memcpy(to, CMSG_DATA(cmsg), sizeof(*to));
			err = valid_peer(to, sizeof(*to));
			if (err)
				return err;
			addressed = true;
			break;
		default:
			return -EINVAL;
		}
	}
	if (addressed)
		return 0;

	return get_addr(sock, to, true) ? -EDESTADDRREQ : 1;
}

static void put_inner(struct sk_buff *skb, u16 source, __be16 dest,
		      const struct themis_msginfo *info)
{
	struct themis_inner_response *response;
	struct themis_inner *inner;

	inner = (struct themis_inner *)skb->data;
	inner->source = htons(source);
	inner->dest = dest;
	inner->kind = info->kind;
	inner->flags = 0;
	inner->zero = 0;
	if (info->kind == THEMIS_MSG_RESPONSE) {
		response = (struct themis_inner_response *)skb->data;
		response->answers = cpu_to_be64(info->seq);
	}
	themis_tx_cb(skb)->tag = info->seq;
}

static int dgram_sendmsg(struct socket *socket, struct msghdr *msg, size_t len)
{
	struct sock *sk = socket->sk;
	struct themis_sock *sock = themis_sk(sk);
	struct themis_msginfo info;
	struct sockaddr_themis to;
	struct sk_buff *skb;
	int connected;
	size_t room;
	int err;

	if (msg->msg_flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (len > THEMIS_MSG_MAX)
		return -EMSGSIZE;
	connected = parse_send(sock, msg, &to, &info);
	if (connected < 0)
		return connected;
	err = autobind(sock);
	if (err)
		return err;
	if (info.kind == THEMIS_MSG_COMMAND) {
		err = themis_sock_prepare(sock);
		if (err)
			return err;
	}

	room = themis_send_room(sock, to.sth_id, connected, len);
	skb = themis_send_alloc(sk, info.kind, len, room,
				msg->msg_flags & MSG_DONTWAIT, &err);
	if (!skb)
		return err;
	put_inner(skb, sock->port, to.sth_port, &info);
	err = skb_copy_datagram_from_iter(skb, themis_inner_len(info.kind),
					  &msg->msg_iter, len);
	if (err) {
		kfree_skb(skb);
		return err;
	}
	skb->mark = READ_ONCE(sk->sk_mark);
	skb->priority = READ_ONCE(sk->sk_priority);

	err = themis_send(sock, to.sth_id, connected, skb);

	return err ?: len;
}

/* What the receiver has asked to be told. */
static void put_cmsgs(struct msghdr *msg, struct themis_sock *sock,
		      const struct themis_cb *cb)
{
	struct themis_msginfo info = { .kind = cb->kind };
	struct sockaddr_themis addr;

	if (READ_ONCE(sock->recvinfo)) {
		memcpy(&info.seq, cb->seq, sizeof(info.seq));
		put_cmsg(msg, SOL_THEMIS, THEMIS_CMSG_INFO, sizeof(info),
			 &info);
	}
	if (READ_ONCE(sock->recvaddr)) {
		fill_addr(&addr, cb->id, cb->port);
		put_cmsg(msg, SOL_THEMIS, THEMIS_CMSG_ADDR, sizeof(addr),
			 &addr);
	}
}

static int dgram_recvmsg(struct socket *socket, struct msghdr *msg, size_t len,
			 int flags)
{
	struct sock *sk = socket->sk;
	const struct themis_cb *cb;
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
	cb = themis_cb(skb);
	if (msg->msg_name) {
		fill_addr(msg->msg_name, cb->id, cb->port);
		msg->msg_namelen = sizeof(struct sockaddr_themis);
	}
	put_cmsgs(msg, themis_sk(sk), cb);

	err = flags & MSG_TRUNC ? skb->len : copied;
out:
	skb_free_datagram(sk, skb);

	return err;
}

static int set_text(struct themis_sock *sock, int option, sockptr_t value,
		    unsigned int len)
{
	char text[THEMIS_TEXT_MAX];
	u8 id[THEMIS_ID_LEN];
	u16 port;
	int err;

	if (!len || len > sizeof(text))
		return -EINVAL;
	if (copy_from_sockptr(text, value, len))
		return -EFAULT;
	err = themis_text_parse(text, len, id, &port);
	if (err)
		return err;

	lock_sock(&sock->sk);
	if (option == THEMIS_BIND)
		err = bind_locked(sock, id, port);
	else
		err = connect_locked(sock, id, port);
	release_sock(&sock->sk);

	return err;
}

static int set_number(struct themis_sock *sock, int option, int value)
{
	switch (option) {
	case THEMIS_RECVINFO:
		WRITE_ONCE(sock->recvinfo, value);
		return 0;
	case THEMIS_RECVADDR:
		WRITE_ONCE(sock->recvaddr, value);
		return 0;
	case THEMIS_STRICT:
		WRITE_ONCE(sock->strict, value);
		return 0;
	case THEMIS_REUSEPORT:
		lock_sock(&sock->sk);
		sock->sk.sk_reuseport = value != 0;
		release_sock(&sock->sk);
		return 0;
	case THEMIS_COMMANDS:
		if (value < 1 || value > THEMIS_COMMANDS_MAX)
			return -EINVAL;
		/* The table is made with the first command, once. */
		if (READ_ONCE(sock->out.place))
			return -EBUSY;
		WRITE_ONCE(sock->commands, value);
		return 0;
	case THEMIS_TIMEOUT:
		if (value < 1 || value > THEMIS_TIMEOUT_MAX)
			return -EINVAL;
		WRITE_ONCE(sock->timeout, value);
		return 0;
	}

	return -ENOPROTOOPT;
}

static int dgram_setsockopt(struct socket *socket, int level, int option,
			    sockptr_t value, unsigned int len)
{
	struct themis_sock *sock = themis_sk(socket->sk);
	int number;

	if (level != SOL_THEMIS)
		return -ENOPROTOOPT;
	if (option == THEMIS_BIND || option == THEMIS_CONNECT)
		return set_text(sock, option, value, len);

	if (len < sizeof(number))
		return -EINVAL;
	if (copy_from_sockptr(&number, value, sizeof(number)))
		return -EFAULT;

	return set_number(sock, option, number);
}

static int get_text(struct themis_sock *sock, int option, char *text)
{
	struct sockaddr_themis addr;
	int err;

	err = get_addr(sock, &addr, option == THEMIS_PEERNAME);
	if (err)
		return err;

	return themis_text_format(text, addr.sth_id, ntohs(addr.sth_port));
}

static int get_number(const struct themis_sock *sock, int option)
{
	switch (option) {
	case THEMIS_RECVINFO:
		return READ_ONCE(sock->recvinfo);
	case THEMIS_MAXMSG:
		return THEMIS_MSG_MAX;
	case THEMIS_RECVADDR:
		return READ_ONCE(sock->recvaddr);
	case THEMIS_STRICT:
		return READ_ONCE(sock->strict);
	case THEMIS_REUSEPORT:
		return sock->sk.sk_reuseport;
	case THEMIS_COMMANDS:
		return READ_ONCE(sock->commands);
	case THEMIS_TIMEOUT:
		return READ_ONCE(sock->timeout);
	}

	return -ENOPROTOOPT;
}

static int dgram_getsockopt(struct socket *socket, int level, int option,
			    char __user *value, int __user *ulen)
{
	struct themis_sock *sock = themis_sk(socket->sk);
	char text[THEMIS_TEXT_MAX];
	const void *from = text;
	int number;
	int size;
	int len;

	if (level != SOL_THEMIS)
		return -ENOPROTOOPT;
	if (get_user(len, ulen))
		return -EFAULT;
	if (len < 0)
		return -EINVAL;

	switch (option) {
	case THEMIS_LOCALNAME:
	case THEMIS_PEERNAME:
		size = get_text(sock, option, text);
		if (size < 0)
			return size;
		if (len < size)
			return -EINVAL;
		break;
	default:
		number = get_number(sock, option);
		if (number < 0)
			return number;
		from = &number;
		size = sizeof(number);
		break;
	}

	len = min(len, size);
	if (put_user(len, ulen) || copy_to_user(value, from, len))
		return -EFAULT;

	return 0;
}

const struct proto_ops themis_dgram_ops = {
	.family		= AF_THEMIS,
	.owner		= THIS_MODULE,
	.release	= dgram_release,
	.bind		= dgram_bind,
	.connect	= dgram_connect,
	.socketpair	= sock_no_socketpair,
	.accept		= sock_no_accept,
	.getname	= dgram_getname,
	.poll		= datagram_poll,
	.ioctl		= themis_sock_ioctl,
	.gettstamp	= sock_gettstamp,
	.listen		= sock_no_listen,
	.shutdown	= dgram_shutdown,
	.setsockopt	= dgram_setsockopt,
	.getsockopt	= dgram_getsockopt,
	.sendmsg	= dgram_sendmsg,
	.recvmsg	= dgram_recvmsg,
	.mmap		= sock_no_mmap,
};
