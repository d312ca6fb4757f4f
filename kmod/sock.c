// SPDX-License-Identifier: GPL-2.0
/* Sockets: what datagram and raw sockets have in common. */
#include <linux/capability.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/sockios.h>
#include <asm/ioctls.h>

#include "net.h"
#include "node.h"
#include "session.h"
#include "sock.h"
#include "user.h"

static int family = AF_THEMIS;
module_param(family, int, 0444);
MODULE_PARM_DESC(family, "number of the address family, if 18 is taken");

/**
 * themis_sock_family() - the address family's number
 *
 * Return: AF_THEMIS, unless the module parameter says otherwise.
 */
int themis_sock_family(void)
{
	return family;
}

/**
 * themis_sock_error() - report an asynchronous error
 * @sk: to which socket
 * @error: positive
 *
 * Context: any.
 */
void themis_sock_error(struct sock *sk, int error)
{
	WRITE_ONCE(sk->sk_err, error);
	sk_error_report(sk);
}

/**
 * themis_sock_addr() - is this an address of ours?
 * @addr: as given by the user; at least @len bytes
 * @len: as given by the user
 * @kind: the kind that is wanted, enum themis_addr_kind
 *
 * Return: 0, -EINVAL for a wrong length or reserved bits, -EAFNOSUPPORT for
 * another family or kind.
 */
int themis_sock_addr(const struct sockaddr_themis *addr, int len, u8 kind)
{
	if (len < (int)sizeof(*addr))
		return -EINVAL;
	if (addr->sth_family != family)
		return -EAFNOSUPPORT;
	if (memchr_inv(addr->sth_reserved, 0, sizeof(addr->sth_reserved)))
		return -EINVAL;
	if (addr->sth_kind != kind)
		return -EAFNOSUPPORT;

	return 0;
}

/**
 * themis_sock_accepts() - may a message of this sender be queued here?
 * @sock: bound
 * @peer: the sender, THEMIS_ID_LEN bytes
 * @port: its port, host order
 *
 * Context: RCU read lock held.
 * Return: true, unless the socket is connected to somebody else.
 */
bool themis_sock_accepts(const struct themis_sock *sock, const u8 *peer,
			 u16 port)
{
	const struct themis_remote *remote = rcu_dereference(sock->remote);

	return !remote || (remote->port == port &&
			   !memcmp(remote->id, peer, THEMIS_ID_LEN));
}

/**
 * themis_sock_session() - the session of a connected socket
 * @sock: bound
 * @remote: its peer
 *
 * Found once and remembered, for as long as it lives.
 *
 * Context: RCU read lock held, which is what keeps the session.
 * Return: the session or NULL.
 */
struct themis_session *themis_sock_session(struct themis_sock *sock,
					   struct themis_remote *remote)
{
	struct themis_session *session, *old;

	old = rcu_dereference(remote->session);
	if (likely(old && !READ_ONCE(old->dead)))
		return old;

	session = themis_session_find(sock->node, remote->id);
	if (session && !refcount_inc_not_zero(&session->refs))
		session = NULL;
	if (session == old)
		return NULL;
	/* Others may do the same at the same time: the first one stays. */
	if (unrcu_pointer(cmpxchg(&remote->session, RCU_INITIALIZER(old),
				  RCU_INITIALIZER(session))) == old) {
		if (old)
			themis_session_put(old);
	} else if (session) {
		themis_session_put(session);
	}

	return session;
}

static void remote_free(struct rcu_head *rcu)
{
	struct themis_remote *remote =
		container_of(rcu, struct themis_remote, rcu);
	struct themis_session *session;

	session = rcu_dereference_protected(remote->session, true);
	if (session)
		themis_session_put(session);
	kfree(remote);
}

/**
 * themis_sock_connect() - set a socket's peer
 * @sock: the socket
 * @remote: the peer, or NULL for none
 *
 * Context: lock_sock() held, or the socket is being closed.
 */
void themis_sock_connect(struct themis_sock *sock, struct themis_remote *remote)
{
	struct themis_remote *old;

	old = rcu_replace_pointer(sock->remote, remote, true);
	if (old)
		call_rcu(&old->rcu, remote_free);
}

/**
 * themis_sock_prepare() - make room for commands
 * @sock: will send one
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int themis_sock_prepare(struct themis_sock *sock)
{
	struct themis_command *place;
	u32 places;

	if (likely(READ_ONCE(sock->out.place)))
		return 0;

	places = roundup_pow_of_two(2 * READ_ONCE(sock->commands));
	place = kvcalloc(places, sizeof(*place),
			 THEMIS_GFP_QUIET | __GFP_ACCOUNT);
	if (!place)
		return -ENOMEM;

	spin_lock_bh(&sock->lock);
	if (!sock->out.place) {
		sock->out.mask = places - 1;
		sock->out.max = sock->commands;
		WRITE_ONCE(sock->out.place, place);
		place = NULL;
	}
	spin_unlock_bh(&sock->lock);
	kvfree(place);

	return 0;
}

/**
 * themis_sock_command() - a command of a socket goes out
 * @sock: prepared
 * @session: in which session
 * @seq: under which sequence
 * @tag: what the sender calls it
 * @now: ns
 *
 * Context: any.
 * Return: 0, or -ENOBUFS if too many are outstanding.
 */
int themis_sock_command(struct themis_sock *sock,
			struct themis_session *session, u64 seq, u64 tag,
			u64 now)
{
	u64 deadline = now + (u64)READ_ONCE(sock->timeout) * NSEC_PER_MSEC;
	int err;

	spin_lock_bh(&sock->lock);
	err = themis_outstanding_add(&sock->out, session->number, seq, tag,
				     deadline, now);
	spin_unlock_bh(&sock->lock);

	return err;
}

/**
 * themis_sock_answered() - a response came in
 * @sock: for which socket
 * @session: in which session
 * @seq: the command that it answers
 * @now: ns
 * @tag: what the sender called the command
 *
 * Context: any.
 * Return: true, once, if the command is outstanding.
 */
bool themis_sock_answered(struct themis_sock *sock,
			  struct themis_session *session, u64 seq, u64 now,
			  u64 *tag)
{
	bool found;

	spin_lock_bh(&sock->lock);
	found = themis_outstanding_take(&sock->out, session->number, seq, now,
					tag);
	spin_unlock_bh(&sock->lock);

	return found;
}

/**
 * themis_sock_ioctl() - SIOCINQ and SIOCOUTQ, as UDP has them
 * @socket: the socket
 * @cmd: SIOCINQ gives the size of the next message, SIOCOUTQ the bytes charged
 *	to the send buffer
 * @arg: where to put the int
 *
 * Return: 0, -EFAULT, or -ENOIOCTLCMD.
 */
int themis_sock_ioctl(struct socket *socket, unsigned int cmd,
		      unsigned long arg)
{
	struct sock *sk = socket->sk;
	struct sk_buff *skb;
	int amount = 0;

	switch (cmd) {
	case SIOCOUTQ:
		amount = sk_wmem_alloc_get(sk);
		break;
	case SIOCINQ:
		spin_lock_bh(&sk->sk_receive_queue.lock);
		skb = skb_peek(&sk->sk_receive_queue);
		if (skb)
			amount = skb->len;
		spin_unlock_bh(&sk->sk_receive_queue.lock);
		break;
	default:
		return -ENOIOCTLCMD;
	}

	return put_user(amount, (int __user *)arg);
}

struct proto themis_proto = {
	.name		= "THEMIS",
	.owner		= THIS_MODULE,
	.obj_size	= sizeof(struct themis_sock),
};

/* After the grace period of a socket: no packet is on its way into it. */
static void sock_destruct(struct sock *sk)
{
	struct themis_sock *sock = themis_sk(sk);

	skb_queue_purge(&sk->sk_receive_queue);
	if (sock->node)
		themis_node_put(sock->node);
	kvfree(sock->out.place);
	atomic_dec(&sock->user->sockets);
	themis_user_put(sock->user);
}

static int sock_make(struct net *net, struct socket *socket, int protocol,
		     int kern)
{
	const struct proto_ops *ops;
	struct themis_sock *sock;
	struct themis_user *user;
	struct sock *sk;
	int err;

	switch (socket->type) {
	case SOCK_DGRAM:
		ops = &themis_dgram_ops;
		break;
	case SOCK_RAW:
		if (!ns_capable(net->user_ns, CAP_NET_ADMIN))
			return -EPERM;
		ops = &themis_raw_ops;
		break;
	default:
		return -ESOCKTNOSUPPORT;
	}
	if (protocol)
		return -EPROTONOSUPPORT;

	user = themis_user_get(themis_net(net), current_fsuid());
	if (!user)
		return -ENOMEM;
	if (atomic_inc_return(&user->sockets) > THEMIS_USER_SOCKETS) {
		err = -ENOBUFS;
		goto err_user;
	}
	err = -ENOMEM;
	sk = sk_alloc(net, family, GFP_KERNEL, &themis_proto, kern);
	if (!sk)
		goto err_user;
	socket->ops = ops;
	sock_init_data(socket, sk);
	sk->sk_destruct = sock_destruct;
	/* Looked up under RCU, see themis_node_port(). */
	sock_set_flag(sk, SOCK_RCU_FREE);

	sock = themis_sk(sk);
	INIT_HLIST_NODE(&sock->bound);
	spin_lock_init(&sock->lock);
	sock->user = user;
	sock->timeout = THEMIS_TIMEOUT_DEFAULT;
	sock->commands = THEMIS_COMMANDS_DEFAULT;

	return 0;

err_user:
	atomic_dec(&user->sockets);
	themis_user_put(user);
	return err;
}

static struct net_proto_family family_ops = {
	.create	= sock_make,
	.owner	= THIS_MODULE,
};

/**
 * themis_sock_check() - is the family's number one at all?
 *
 * sock_register() would take a negative number for an index.
 *
 * Return: 0 or -EINVAL.
 */
int __init themis_sock_check(void)
{
	if (family > 0 && family < AF_MAX)
		return 0;
	pr_err("themis: %d is no address family: set family= below %d\n",
	       family, AF_MAX);

	return -EINVAL;
}

/**
 * themis_sock_register() - open the family; nothing may fail after it
 *
 * Return: 0, -EEXIST if somebody has the number, -ENOBUFS if the kernel knows
 * no such number.
 */
int __init themis_sock_register(void)
{
	int err;

	err = proto_register(&themis_proto, 1);
	if (err)
		return err;
	family_ops.family = family;
	err = sock_register(&family_ops);
	if (err) {
		pr_err("themis: address family %d is not free: set family=\n",
		       family);
		proto_unregister(&themis_proto);
	}

	return err;
}

void themis_sock_unregister(void)
{
	sock_unregister(family);
	proto_unregister(&themis_proto);
}
