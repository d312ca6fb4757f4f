// SPDX-License-Identifier: GPL-2.0
/* sock_diag: which sockets there are. */
#include <linux/module.h>
#include <linux/sock_diag.h>
#include <net/netlink.h>

#include "diag.h"
#include "link.h"
#include "net.h"
#include "node.h"
#include "sock.h"
#include "user.h"

static void show_peer(struct themis_diag_msg *msg, struct themis_sock *sock)
{
	struct themis_remote *remote = rcu_dereference(sock->remote);

	if (!remote)
		return;
	msg->connected = 1;
	msg->peer_port = htons(remote->port);
	memcpy(msg->peer, remote->id, THEMIS_ID_LEN);
}

static int show(struct sk_buff *skb, struct netlink_callback *cb,
		struct themis_sock *sock, const u8 *id, u16 port)
{
	struct user_namespace *user_ns = sk_user_ns(NETLINK_CB(cb->skb).sk);
	struct sock *sk = &sock->sk;
	struct themis_diag_msg *msg;
	struct nlmsghdr *nlh;

	nlh = nlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			SOCK_DIAG_BY_FAMILY, sizeof(*msg), NLM_F_MULTI);
	if (!nlh)
		return -EMSGSIZE;

	msg = nlmsg_data(nlh);
	memset(msg, 0, sizeof(*msg));
	msg->family = themis_sock_family();
	msg->type = sk->sk_type;
	msg->shutdown = READ_ONCE(sk->sk_shutdown);
	msg->port = htons(port);
	msg->uid = from_kuid_munged(user_ns, sock->user->uid);
	msg->inode = sock_i_ino(sk);
	sock_diag_save_cookie(sk, msg->cookie);
	msg->rqueue = sk_rmem_alloc_get(sk);
	msg->wqueue = sk_wmem_alloc_get(sk);
	msg->drops = atomic_read(&sk->sk_drops);
	msg->commands = READ_ONCE(sock->out.count);
	if (id)
		memcpy(msg->id, id, THEMIS_ID_LEN);
	show_peer(msg, sock);
	nlmsg_end(skb, nlh);

	return 0;
}

/* The sockets of one node; *@at counts those of all nodes. */
static int dump_node(struct sk_buff *skb, struct netlink_callback *cb,
		     struct themis_node *node, long *at)
{
	struct themis_sock *sock;
	int i;

	for (i = 0; i < THEMIS_PORT_BUCKETS; i++)
		hlist_for_each_entry_rcu(sock, &node->ports[i], bound) {
			if ((*at)++ < cb->args[0])
				continue;
			if (show(skb, cb, sock, node->config.id, sock->port))
				return -EMSGSIZE;
			cb->args[0] = *at;
		}

	return 0;
}

static int dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct themis_net *tn = themis_net(sock_net(cb->skb->sk));
	struct themis_node *node;
	struct themis_link *link;
	struct sock *raw;
	long at = 0;
	int bucket;

	rcu_read_lock();
	hash_for_each_rcu(tn->nodes, bucket, node, hash)
		if (dump_node(skb, cb, node, &at))
			goto out;
	list_for_each_entry_rcu(link, &tn->links, list) {
		raw = rcu_dereference(link->raw);
		if (!raw || at++ < cb->args[0])
			continue;
		if (show(skb, cb, themis_sk(raw), NULL, link->port))
			goto out;
		cb->args[0] = at;
	}
out:
	rcu_read_unlock();

	return skb->len;
}

static int handle(struct sk_buff *skb, struct nlmsghdr *nlh)
{
	struct netlink_dump_control control = { .dump = dump };

	if (nlmsg_len(nlh) < (int)sizeof(struct themis_diag_req))
		return -EINVAL;
	if (!(nlh->nlmsg_flags & NLM_F_DUMP))
		return -EOPNOTSUPP;

	return netlink_dump_start(sock_net(skb->sk)->diag_nlsk, skb, nlh,
				  &control);
}

static struct sock_diag_handler handler = {
	.owner	= THIS_MODULE,
	.dump	= handle,
};

/**
 * themis_diag_register() - answer sock_diag for the family
 *
 * Return: 0, -EBUSY if somebody else does.
 */
int __init themis_diag_register(void)
{
	handler.family = themis_sock_family();

	return sock_diag_register(&handler);
}

void themis_diag_unregister(void)
{
	sock_diag_unregister(&handler);
}
