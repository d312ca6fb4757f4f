/* SPDX-License-Identifier: GPL-2.0 */
/* Sockets: what datagram and raw sockets have in common. */
#ifndef THEMIS_SOCK_H
#define THEMIS_SOCK_H

#include <net/sock.h>

#include <linux/themis.h>

#include "link.h"
#include "outstanding.h"

struct themis_link;
struct themis_node;
struct themis_session;
struct themis_user;

/**
 * struct themis_remote - the peer of a connected socket
 * @id: its identity
 * @port: its port, host order
 * @session: the session with it, remembered with a reference; may be dead
 * @rcu: frees it
 *
 * Id and port never change: connecting again makes a new one.
 */
struct themis_remote {
	u8				id[THEMIS_ID_LEN];
	u16				port;
	struct themis_session __rcu	*session;
	struct rcu_head			rcu;
};

/**
 * struct themis_sock - an AF_THEMIS socket
 * @sk: what every socket has; first
 * @node: whose messages; with a reference; set once, when bound
 * @port: port there, host order
 * @bound: in themis_node.ports
 * @remote: the peer if connected, RCU; changed under lock_sock()
 * @user: who made it
 * @recvinfo: deliver THEMIS_CMSG_INFO
 * @recvaddr: deliver THEMIS_CMSG_ADDR
 * @strict: take messages in rising order only
 * @timeout: ms that a command is outstanding
 * @commands: how many may be, for the next table
 * @lock: @out
 * @out: commands that wait for their responses; its table is made with the
 *	first one
 * @link: SOCK_RAW: the link, under themis_net.lock
 */
struct themis_sock {
	struct sock			sk;
	struct themis_node		*node;
	u16				port;
	struct hlist_node		bound;
	struct themis_remote __rcu	*remote;
	struct themis_user		*user;
	bool				recvinfo;
	bool				recvaddr;
	bool				strict;
	u32				timeout;
	u32				commands;
	spinlock_t			lock;	/* see above */
	struct themis_outstanding	out;
	struct themis_link		*link;
};

static inline struct themis_sock *themis_sk(const struct sock *sk)
{
	return (struct themis_sock *)sk;
}

/**
 * struct themis_cb - what is known of a message in a receive queue
 * @id: SOCK_DGRAM: the proven sender
 * @addr: SOCK_RAW: the transport address it came from
 * @seq: themis_msginfo.seq, in two halves, since the block has no room for padding
 * @port: port of the sender, network order
 * @kind: enum themis_msg_kind
 */
struct themis_cb {
	union {
		u8			id[THEMIS_ID_LEN];
		union themis_addr	addr;
	};
	u32				seq[2];
	__be16				port;
	u8				kind;
};

static inline struct themis_cb *themis_cb(struct sk_buff *skb)
{
	sock_skb_cb_check_size(sizeof(struct themis_cb));

	return (struct themis_cb *)skb->cb;
}

/**
 * struct themis_tx_cb - what is known of a message until it is sealed
 * @tag: of a command: what the sender called it
 * @piece: bytes in each segment but the last, if it goes in segments; else 0
 */
struct themis_tx_cb {
	u64	tag;
	u32	piece;
};

static inline struct themis_tx_cb *themis_tx_cb(struct sk_buff *skb)
{
	return (struct themis_tx_cb *)skb->cb;
}

extern struct proto themis_proto;
extern const struct proto_ops themis_dgram_ops;
extern const struct proto_ops themis_raw_ops;

int themis_sock_check(void);
int themis_sock_register(void);
void themis_sock_unregister(void);
int themis_sock_family(void);

void themis_sock_error(struct sock *sk, int error);
bool themis_sock_accepts(const struct themis_sock *sock, const u8 *peer,
			 u16 port);
struct themis_session *themis_sock_session(struct themis_sock *sock,
					   struct themis_remote *remote);
void themis_sock_connect(struct themis_sock *sock,
			 struct themis_remote *remote);
int themis_sock_prepare(struct themis_sock *sock);
int themis_sock_command(struct themis_sock *sock,
			struct themis_session *session, u64 seq, u64 tag,
			u64 now);
bool themis_sock_answered(struct themis_sock *sock,
			  struct themis_session *session, u64 seq, u64 now,
			  u64 *tag);
int themis_sock_ioctl(struct socket *socket, unsigned int cmd,
		      unsigned long arg);
int themis_sock_addr(const struct sockaddr_themis *addr, int len, u8 kind);

#endif /* THEMIS_SOCK_H */
