/* SPDX-License-Identifier: GPL-2.0 */
/* Sessions: what two nodes share, seen from one of them. */
#ifndef THEMIS_SESSION_H
#define THEMIS_SESSION_H

#include <linux/llist.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/skbuff.h>
#include <linux/timer.h>
#include <net/dst_cache.h>

#include <linux/themis.h>

#include "link.h"

struct netlink_ext_ack;
struct themis_key;
struct themis_net;
struct themis_node;
struct themis_user;

/**
 * struct themis_endpoint - where a peer is
 * @addr: its transport address, never AF_UNSPEC
 * @route: the way there
 * @rcu: frees it
 *
 * The address is never changed: a peer that moves gets a new one.
 */
struct themis_endpoint {
	union themis_addr	addr;
	struct themis_route	route;
	struct rcu_head		rcu;
};

/**
 * struct themis_pair - what a session is found by
 * @node: the local node, by its address
 * @peer: the id of the other one
 */
struct themis_pair {
	struct themis_node	*node;
	u8			peer[THEMIS_ID_LEN];
};

/**
 * struct themis_session - what a node shares with a peer
 * @pair: node, with a reference, and peer
 * @hash: in themis_net.sessions
 * @number: of this session, never used again; what commands remember
 * @dead: taken out of the table
 * @acquiring: the daemon has been asked; under themis_net.lock
 * @keys: by enum themis_key_slot, RCU; changed under @lock
 * @endpoint: where the peer is, or NULL, RCU; changed under @lock
 * @list: in themis_node.sessions; under themis_net.lock
 * @refs: one for being in the table, one for each socket that remembers it,
 *	one while in themis_net.reap
 * @generations: keys installed so far; under themis_net.lock
 * @asker: who made it ask, with a reference; under themis_net.lock
 * @tx_seq: last sequence sent, under any key: it rises through all of them
 * @tx_packets: messages sent
 * @tx_bytes: bytes of them
 * @deadline: when asking the daemon fails, ns; under themis_net.lock
 * @reaping: in themis_net.reap
 * @reap: there
 * @rcu: frees it
 * @lock: see net.h
 * @rx_generation: of the newest key that opened a packet; under @lock
 * @rx_packets: messages received; under @lock
 * @rx_bytes: bytes of them; under @lock
 * @rx_last: when the last authentic packet came, ns; under @lock
 * @waiting: packets without a key to go out on; under @lock
 * @n_partials: how many @partials there are; under @lock
 * @partials: messages of which segments are missing, struct themis_partial,
 *	the newest first; under @lock
 * @timer: the next limit of age or of waiting; queues the reaper
 *
 * What every packet reads comes first, then what is written for each one sent,
 * then for each one received: two cache lines, one, and two, so that senders and
 * the receiver do not wait for each other's.
 */
struct themis_session {
	struct themis_pair		pair;
	struct rhash_head		hash;
	u64				number;
	bool				dead;
	bool				acquiring;
	struct themis_key __rcu		*keys[__THEMIS_SLOT_MAX];
	struct themis_endpoint __rcu	*endpoint;
	struct list_head		list;
	refcount_t			refs;
	u32				generations;
	struct themis_user		*asker;

	atomic64_t			tx_seq;
	atomic64_t			tx_packets;
	atomic64_t			tx_bytes;
	u64				deadline;
	unsigned long			reaping;
	struct llist_node		reap;
	struct rcu_head			rcu;

	spinlock_t			lock;	/* see above */
	u32				rx_generation;
	u64				rx_packets;
	u64				rx_bytes;
	u64				rx_last;
	struct sk_buff_head		waiting;
	unsigned int			n_partials;
	struct list_head		partials;
	struct timer_list		timer;
};

int themis_session_init(void);
void themis_session_exit(void);
int themis_session_net_init(struct themis_net *tn);
void themis_session_net_exit(struct themis_net *tn);

struct themis_session *themis_session_find(struct themis_node *node,
					   const u8 *peer);
struct themis_session *themis_session_make(struct themis_node *node,
					   const u8 *peer,
					   const union themis_addr *to,
					   struct netlink_ext_ack *extack);
void themis_session_del(struct themis_session *session);
void themis_session_put(struct themis_session *session);
int themis_session_move(struct themis_session *session,
			const union themis_addr *to, gfp_t gfp);
u8 themis_session_state(struct themis_session *session);
void themis_session_rearm(struct themis_session *session);
void themis_session_reap(struct themis_session *session);

#endif /* THEMIS_SESSION_H */
