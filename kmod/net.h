/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What Themis keeps for one network namespace, and how it is locked.
 *
 * Objects and who holds them
 * --------------------------
 * A link is a UDP port; a node lives on one link; a session belongs to one
 * node; a key to one session; a socket is bound to one node. Each holds a
 * reference on the thing to its left in that sentence's direction (node on
 * link, session on node, key on session, socket on node), so nothing that can
 * be reached goes away under its reader.
 *
 * Locks, outermost first
 * ----------------------
 * themis_net.lock (mutex)
 *	The shape of everything: which links, nodes, sessions and keys exist. All
 *	netlink changes, the reaper, the making of a session that a packet waits
 *	for. Never taken by a packet that has a key to go out on.
 * themis_session.lock (spinlock, bottom halves off)
 *	The key slots, the replay windows, the receive counts and the queue of
 *	waiting packets of one session. Taken once for each packet received.
 * themis_node.lock (spinlock)
 *	The table of sockets bound to the node.
 * themis_sock.lock (spinlock, bottom halves off)
 *	The commands that wait for their responses. Taken by commands and
 *	responses only.
 *
 * Readers on the data path hold the RCU read lock and none of these: the tables
 * of nodes, sessions, keys and ports are read under RCU, and what is taken out
 * of them is marked dead first and freed after a grace period. No lock_sock()
 * anywhere on the data path. Sequences are an atomic of their session.
 *
 * Teardown has one owner: whoever holds themis_net.lock. Timers and bottom
 * halves only ask for it by queueing the reaper.
 */
#ifndef THEMIS_NET_H
#define THEMIS_NET_H

#include <linux/hashtable.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/netfilter.h>
#include <linux/rhashtable.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>

#include <linux/themis.h>

#include "ratelimit.h"

#define THEMIS_MAX_LINKS	256
#define THEMIS_MAX_NODES	65536
#define THEMIS_MAX_SESSIONS	1048576
#define THEMIS_MAX_ACQUIRES	256	/* sessions being asked for */
#define THEMIS_MAX_WAITING	16	/* packets for one such session */
#define THEMIS_MAX_PARTIALS	16	/* incomplete messages in a session */
#define THEMIS_MAX_PARTIAL_MEM	(4L << 20) /* bytes in all of them */
#define THEMIS_STOCK_MEM	(128L << 10) /* more, kept by each processor */
#define THEMIS_SEEN_KEYS	4096

/*
 * For vmalloc() and memory of each processor, which put a trace into the log
 * where they fail. Who asked is told by -ENOMEM; the log is not his to fill.
 */
#define THEMIS_GFP_QUIET	(GFP_KERNEL | __GFP_NOWARN)

/**
 * struct themis_percpu - the counters of one processor
 * @count: indexed by enum themis_counter; wraps on 32-bit kernels, as the
 *	counters of /proc/net/snmp do
 * @stock: bytes for messages of which segments are missing, taken from the
 *	namespace's share and given back by the one before; negative for moments
 */
struct themis_percpu {
	unsigned long	count[THEMIS_CNT_MAX + 1];
	long		stock;
};

/**
 * struct themis_net - Themis in one network namespace
 * @net: the namespace
 * @percpu: counters
 * @sessions: struct themis_session by node and peer
 * @keys: struct themis_key by local index
 * @links: struct themis_link, RCU
 * @nodes: struct themis_node by the first four bytes of their ids, RCU
 * @looks: at packets for local sockets; under @lock
 * @watching: @looks are registered, from the first link on; under @lock
 * @lock: serialises every change to what exists
 * @n_links: how many; under @lock
 * @n_nodes: how many; under @lock
 * @acquires: sessions being asked for; under @lock
 * @users: who has sockets; under @users_lock
 * @users_lock: innermost
 * @partial_mem: bytes taken for messages of which segments are missing, and
 *	what processors keep of it
 * @seen: fingerprints of keys, direct-mapped, so that a key is refused if it
 *	comes again; allocated with the first key; under @lock
 * @seen_secret: key of those fingerprints
 * @rate: how often sources may knock; under @rate_lock
 * @rate_secret: key of the hash of sources
 * @rate_lock: innermost
 * @reap: sessions whose timer has fired
 * @reaper: looks after them, in process context
 *
 * What every packet reads comes first, and is written when a link, node,
 * session or key comes or goes; what is written more often has other cache
 * lines.
 */
struct themis_net {
	struct net		*net;
	struct themis_percpu __percpu *percpu;
	struct rhashtable	sessions;
	struct rhashtable	keys;
	struct list_head	links;
	DECLARE_HASHTABLE(nodes, 8);
	struct nf_hook_ops	looks[2];
	bool			watching;
	struct mutex		lock ____cacheline_aligned_in_smp; /* see above */
	unsigned int		n_links;
	unsigned int		n_nodes;
	unsigned int		acquires;
	DECLARE_HASHTABLE(users, 6);
	spinlock_t		users_lock;	/* see above */
	atomic_long_t		partial_mem;
	u64			*seen;
	siphash_key_t		seen_secret;
	struct themis_ratelimit	*rate;
	siphash_key_t		rate_secret;
	spinlock_t		rate_lock;	/* see above */
	struct llist_head	reap;
	struct work_struct	reaper;
};

extern struct workqueue_struct *themis_wq;

struct themis_net *themis_net(const struct net *net);
int themis_net_init(void);
void themis_net_exit(void);

/**
 * themis_count() - count one thing
 * @tn: where
 * @what: what
 *
 * Context: any.
 */
static inline void themis_count(struct themis_net *tn, enum themis_counter what)
{
	this_cpu_inc(tn->percpu->count[what]);
}

static inline void themis_count_add(struct themis_net *tn,
				    enum themis_counter what, unsigned int n)
{
	this_cpu_add(tn->percpu->count[what], n);
}

u64 themis_counter_read(struct themis_net *tn, enum themis_counter what);
void themis_drop(struct themis_net *tn, enum themis_counter why,
		 struct sk_buff *skb);

#endif /* THEMIS_NET_H */
