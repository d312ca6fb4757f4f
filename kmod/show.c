// SPDX-License-Identifier: GPL-2.0
/* Objects as netlink attributes. Never a key. */
#include <linux/netlink.h>
#include <linux/timekeeping.h>
#include <net/netlink.h>

#include "cipher.h"
#include "key.h"
#include "link.h"
#include "net.h"
#include "node.h"
#include "session.h"
#include "show.h"
#include "sock.h"

static u64 age_ms(u64 now, u64 then)
{
	return now > then ? div_u64(now - then, NSEC_PER_MSEC) : 0;
}

/**
 * themis_show_info() - put THEMIS_A_INFO
 * @skb: where
 *
 * Return: 0 or -EMSGSIZE, as all of the functions below.
 */
int themis_show_info(struct sk_buff *skb)
{
	struct nlattr *nest = nla_nest_start(skb, THEMIS_A_INFO);

	if (!nest ||
	    nla_put_u8(skb, THEMIS_INFO_A_FAMILY, themis_sock_family()) ||
	    nla_put_string(skb, THEMIS_INFO_A_VERSION, THEMIS_VERSION) ||
	    nla_put_u32(skb, THEMIS_INFO_A_MSG_MAX, THEMIS_MSG_MAX) ||
	    nla_put_u8(skb, THEMIS_INFO_A_SUITE, themis_cipher_suite))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);

	return 0;
}

/**
 * themis_show_stats() - put THEMIS_A_STATS
 * @skb: where
 * @tn: whose counters
 */
int themis_show_stats(struct sk_buff *skb, struct themis_net *tn)
{
	struct nlattr *nest = nla_nest_start(skb, THEMIS_A_STATS);
	int i;

	if (!nest)
		return -EMSGSIZE;
	/* The family's attributes are padded with type 0, as the enum's. */
	for (i = THEMIS_CNT_UNSPEC + 1; i <= THEMIS_CNT_MAX; i++)
		if (nla_put_u64_64bit(skb, i, themis_counter_read(tn, i),
				      THEMIS_CNT_UNSPEC))
			return -EMSGSIZE;
	nla_nest_end(skb, nest);

	return 0;
}

/**
 * themis_show_link() - put THEMIS_A_LINK
 * @skb: where
 * @link: the link
 */
int themis_show_link(struct sk_buff *skb, const struct themis_link *link)
{
	struct nlattr *nest = nla_nest_start(skb, THEMIS_A_LINK);

	if (!nest ||
	    nla_put_u16(skb, THEMIS_LINK_A_PORT, link->port) ||
	    nla_put_u32(skb, THEMIS_LINK_A_NODES, link->n_nodes))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);

	return 0;
}

/**
 * themis_show_node() - put THEMIS_A_NODE
 * @skb: where
 * @node: the node
 * @user_ns: of who will read it, for the owner's number
 */
int themis_show_node(struct sk_buff *skb, const struct themis_node *node,
		     struct user_namespace *user_ns)
{
	struct nlattr *nest = nla_nest_start(skb, THEMIS_A_NODE);
	const struct themis_node_config *config = &node->config;
	u32 owner = 0;

	if (config->owner == THEMIS_OWNER_UID)
		owner = from_kuid_munged(user_ns, config->uid);
	else if (config->owner == THEMIS_OWNER_GID)
		owner = from_kgid_munged(user_ns, config->gid);

	if (!nest ||
	    nla_put(skb, THEMIS_NODE_A_ID, THEMIS_ID_LEN, config->id) ||
	    nla_put(skb, THEMIS_NODE_A_NETID, config->netid_len,
		    config->netid) ||
	    nla_put_u16(skb, THEMIS_NODE_A_LINK, config->link) ||
	    nla_put_u8(skb, THEMIS_NODE_A_OWNER, config->owner) ||
	    nla_put_u32(skb, THEMIS_NODE_A_OWNER_ID, owner) ||
	    nla_put_u32(skb, THEMIS_NODE_A_SESSIONS, node->n_sessions) ||
	    nla_put_u32(skb, THEMIS_NODE_A_SOCKETS,
			READ_ONCE(node->n_sockets)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);

	return 0;
}

static int show_key(struct sk_buff *skb, struct themis_key *key, u64 now)
{
	struct nlattr *nest = nla_nest_start(skb, THEMIS_SESSION_A_KEY);
	const struct themis_epoch *epoch = &key->epoch;

	if (!nest ||
	    nla_put_u32(skb, THEMIS_KEY_A_LOCAL_INDEX,
			be32_to_cpu(key->local_index)) ||
	    nla_put_u32(skb, THEMIS_KEY_A_REMOTE_INDEX,
			be32_to_cpu(key->remote_index)) ||
	    nla_put_u8(skb, THEMIS_KEY_A_SUITE,
		       themis_cipher_suite) ||
	    nla_put_u32(skb, THEMIS_KEY_A_FLAGS, READ_ONCE(key->flags)) ||
	    nla_put_u8(skb, THEMIS_KEY_A_SLOT, READ_ONCE(key->slot)) ||
	    nla_put_u64_64bit(skb, THEMIS_KEY_A_SOFT_MS,
			      div_u64(epoch->soft_ns, NSEC_PER_MSEC),
			      THEMIS_KEY_A_PAD) ||
	    nla_put_u64_64bit(skb, THEMIS_KEY_A_HARD_MS,
			      div_u64(epoch->hard_ns, NSEC_PER_MSEC),
			      THEMIS_KEY_A_PAD) ||
	    nla_put_u64_64bit(skb, THEMIS_KEY_A_SOFT_COUNT, epoch->soft_count,
			      THEMIS_KEY_A_PAD) ||
	    nla_put_u64_64bit(skb, THEMIS_KEY_A_HARD_COUNT, epoch->hard_count,
			      THEMIS_KEY_A_PAD) ||
	    nla_put_u64_64bit(skb, THEMIS_KEY_A_AGE_MS,
			      age_ms(now, epoch->born), THEMIS_KEY_A_PAD) ||
	    nla_put_u64_64bit(skb, THEMIS_KEY_A_TX_SEQ,
			      atomic64_read(&key->session->tx_seq),
			      THEMIS_KEY_A_PAD) ||
	    nla_put_u64_64bit(skb, THEMIS_KEY_A_RX_SEQ,
			      READ_ONCE(key->replay.greatest),
			      THEMIS_KEY_A_PAD))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);

	return 0;
}

static int show_pair(struct sk_buff *skb, struct themis_session *session)
{
	const struct themis_endpoint *endpoint;
	int err = 0;

	if (nla_put(skb, THEMIS_SESSION_A_NODE, THEMIS_ID_LEN,
		    session->pair.node->config.id) ||
	    nla_put(skb, THEMIS_SESSION_A_PEER, THEMIS_ID_LEN,
		    session->pair.peer))
		return -EMSGSIZE;

	rcu_read_lock();
	endpoint = rcu_dereference(session->endpoint);
	if (endpoint)
		err = nla_put(skb, THEMIS_SESSION_A_ENDPOINT,
			      themis_addr_len(&endpoint->addr),
			      &endpoint->addr);
	rcu_read_unlock();

	return err;
}

static int show_traffic(struct sk_buff *skb, struct themis_session *session,
			u64 now)
{
	u64 packets, bytes, last;
	u32 waiting;

	spin_lock_bh(&session->lock);
	packets = session->rx_packets;
	bytes = session->rx_bytes;
	last = session->rx_last;
	waiting = skb_queue_len(&session->waiting);
	spin_unlock_bh(&session->lock);

	if (nla_put_u32(skb, THEMIS_SESSION_A_QUEUED, waiting) ||
	    nla_put_u64_64bit(skb, THEMIS_SESSION_A_RX_PACKETS, packets,
			      THEMIS_SESSION_A_PAD) ||
	    nla_put_u64_64bit(skb, THEMIS_SESSION_A_RX_BYTES, bytes,
			      THEMIS_SESSION_A_PAD) ||
	    nla_put_u64_64bit(skb, THEMIS_SESSION_A_TX_PACKETS,
			      atomic64_read(&session->tx_packets),
			      THEMIS_SESSION_A_PAD) ||
	    nla_put_u64_64bit(skb, THEMIS_SESSION_A_TX_BYTES,
			      atomic64_read(&session->tx_bytes),
			      THEMIS_SESSION_A_PAD))
		return -EMSGSIZE;
	if (last && nla_put_u64_64bit(skb, THEMIS_SESSION_A_RX_AGE_MS,
				      age_ms(now, last), THEMIS_SESSION_A_PAD))
		return -EMSGSIZE;

	return 0;
}

/**
 * themis_show_session() - put THEMIS_A_SESSION, with keys' state and counts
 * @skb: where
 * @session: the session
 *
 * Context: RCU read lock held.
 */
int themis_show_session(struct sk_buff *skb, struct themis_session *session)
{
	struct nlattr *nest = nla_nest_start(skb, THEMIS_A_SESSION);
	u64 now = ktime_get_coarse_boottime_ns();
	struct themis_key *key;
	int slot;

	if (!nest || show_pair(skb, session) ||
	    nla_put_u8(skb, THEMIS_SESSION_A_STATE,
		       themis_session_state(session)) ||
	    show_traffic(skb, session, now))
		return -EMSGSIZE;
	for (slot = 0; slot < __THEMIS_SLOT_MAX; slot++) {
		key = rcu_dereference(session->keys[slot]);
		if (key && show_key(skb, key, now))
			return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);

	return 0;
}

/**
 * themis_show_session_brief() - put THEMIS_A_SESSION for a notification
 * @skb: where
 * @session: the session
 * @key: the key it is about, or NULL
 */
int themis_show_session_brief(struct sk_buff *skb,
			      struct themis_session *session,
			      struct themis_key *key)
{
	struct nlattr *nest = nla_nest_start(skb, THEMIS_A_SESSION);
	u64 now = ktime_get_coarse_boottime_ns();

	if (!nest || show_pair(skb, session))
		return -EMSGSIZE;
	if (key && show_key(skb, key, now))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);

	return 0;
}
