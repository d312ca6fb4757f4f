// SPDX-License-Identifier: GPL-2.0
/* Sending: from a message to a sealed packet on its way. */
#include <linux/skbuff.h>
#include <linux/timekeeping.h>

#include "acquire.h"
#include "key.h"
#include "link.h"
#include "net.h"
#include "node.h"
#include "packet.h"
#include "seal.h"
#include "send.h"
#include "session.h"
#include "sock.h"

/* In front of the inner header. */
#define HEADROOM	(THEMIS_HEADROOM + sizeof(struct themis_packet))

/* A packet with all around it in one page; longer ones have pages besides. */
#define LINEAR_MAX	(SKB_WITH_OVERHEAD(PAGE_SIZE) - HEADROOM)
#define PAGE_ORDER	3

/**
 * themis_send_alloc() - room for a message
 * @sk: who is charged
 * @len: bytes of the message
 * @noblock: do not wait for room in the send buffer
 * @err: filled if NULL is returned
 *
 * Return: a packet that consists of the inner header, @len bytes and the tag,
 * none of which is set.
 */
struct sk_buff *themis_send_alloc(struct sock *sk, size_t len, int noblock,
				  int *err)
{
	size_t linear = sizeof(struct themis_inner) + len + THEMIS_TAG_LEN;
	struct sk_buff *skb;
	size_t paged = 0;

	if (linear > LINEAR_MAX) {
		paged = linear - sizeof(struct themis_inner);
		linear = sizeof(struct themis_inner);
	}
	skb = sock_alloc_send_pskb(sk, HEADROOM + linear, paged, noblock, err,
				   PAGE_ORDER);
	if (!skb)
		return NULL;
	skb_reserve(skb, HEADROOM);
	skb_put(skb, linear);
	skb->len += paged;
	skb->data_len = paged;

	return skb;
}

/*
 * Seal and send. The sequence is taken when nothing but the seal can fail any
 * more. Consumes the packet, unless it returns an error; -ENOKEY: the key's
 * count ran out just now.
 */
static int send_sealed(struct themis_session *session, struct themis_key *key,
		       struct sk_buff *skb, u64 now)
{
	size_t bytes = skb->len - sizeof(struct themis_inner) - THEMIS_TAG_LEN;
	struct themis_node *node = session->pair.node;
	struct themis_endpoint *endpoint;
	struct themis_net *tn = node->tn;
	u64 seq;
	int err;

	endpoint = rcu_dereference(session->endpoint);
	if (unlikely(!endpoint)) {
		themis_drop(tn, THEMIS_CNT_TX_ENDPOINT, NULL);
		return -EHOSTUNREACH;
	}
	seq = atomic64_inc_return(&key->tx_seq);
	if (unlikely(themis_epoch_spent(&key->epoch, seq)))
		return -ENOKEY;

	err = themis_seal(skb, key, seq);
	if (unlikely(err)) {
		themis_drop(tn, THEMIS_CNT_TX_MEMORY, NULL);
		return err;
	}
	err = themis_link_xmit(node->link, skb, &endpoint->addr,
			       &endpoint->cache);
	if (unlikely(err)) {
		themis_drop(tn, THEMIS_CNT_TX_ROUTE, NULL);
		return err;
	}

	atomic64_inc(&session->tx_packets);
	atomic64_add(bytes, &session->tx_bytes);
	themis_count(tn, THEMIS_CNT_TX_MESSAGES);
	themis_count_add(tn, THEMIS_CNT_TX_BYTES, bytes);
	if (unlikely(themis_epoch_due(&key->epoch, now, seq)))
		themis_key_announce(session, key);

	return 0;
}

/**
 * themis_send() - send a message, or let it wait for a session
 * @sock: bound; whose node sends
 * @peer: to whom, THEMIS_ID_LEN bytes
 * @connected: @peer is the socket's own remote, under the RCU read lock
 * @skb: from themis_send_alloc(), filled; consumed
 *
 * Context: process.
 * Return: 0 when it is on its way or waits, else why not: see themis_acquire()
 * and themis_link_xmit().
 */
int themis_send(struct themis_sock *sock, const u8 *peer, bool connected,
		struct sk_buff *skb)
{
	u64 now = ktime_get_coarse_boottime_ns();
	struct themis_session *session = NULL;
	struct themis_node *node = sock->node;
	struct themis_remote *remote;
	struct themis_key *key;
	int err = -ENOKEY;

	rcu_read_lock();
	if (connected) {
		remote = rcu_dereference(sock->remote);
		if (remote && !memcmp(remote->id, peer, THEMIS_ID_LEN))
			session = themis_sock_session(sock, remote);
	} else {
		session = themis_session_find(node, peer);
	}
	if (likely(session)) {
		key = themis_key_usable(session, now);
		if (likely(key))
			err = send_sealed(session, key, skb, now);
	}
	rcu_read_unlock();

	if (unlikely(err == -ENOKEY))
		err = themis_acquire(node, peer, skb);
	if (unlikely(err))
		kfree_skb(skb);

	return err;
}

/**
 * themis_send_waiting() - send what waited for a key
 * @session: the session
 *
 * Does nothing without a key. Order is kept among the packets that waited.
 *
 * Context: any.
 */
void themis_send_waiting(struct themis_session *session)
{
	u64 now = ktime_get_coarse_boottime_ns();
	struct sk_buff_head list;
	struct themis_key *key;
	struct sk_buff *skb;
	int err;

	__skb_queue_head_init(&list);
	rcu_read_lock();
	key = themis_key_usable(session, now);
	if (key) {
		spin_lock_bh(&session->lock);
		skb_queue_splice_init(&session->waiting, &list);
		spin_unlock_bh(&session->lock);
	}
	while ((skb = __skb_dequeue(&list))) {
		err = send_sealed(session, key, skb, now);
		if (!err)
			continue;
		if (skb->sk)
			themis_sock_error(skb->sk, err == -ENOKEY ?
					  EHOSTUNREACH : -err);
		kfree_skb(skb);
	}
	rcu_read_unlock();
}

/**
 * themis_send_keepalive() - prove to the peer that we hold the current key
 * @session: the session
 *
 * Best effort: the peer asks again by repeating its last message.
 *
 * Context: any.
 */
void themis_send_keepalive(struct themis_session *session)
{
	struct themis_net *tn = session->pair.node->tn;
	u64 now = ktime_get_coarse_boottime_ns();
	struct themis_endpoint *endpoint;
	struct themis_inner *inner;
	struct themis_key *key;
	struct sk_buff *skb;
	u64 seq;

	skb = alloc_skb(HEADROOM + sizeof(*inner) + THEMIS_TAG_LEN, GFP_ATOMIC);
	if (!skb) {
		themis_drop(tn, THEMIS_CNT_TX_MEMORY, NULL);
		return;
	}
	skb_reserve(skb, HEADROOM);
	inner = skb_put_zero(skb, sizeof(*inner) + THEMIS_TAG_LEN);
	inner->kind = THEMIS_MSG_KEEPALIVE;

	rcu_read_lock();
	key = themis_key_usable(session, now);
	endpoint = rcu_dereference(session->endpoint);
	if (!key || !endpoint)
		goto drop;
	seq = atomic64_inc_return(&key->tx_seq);
	if (themis_epoch_spent(&key->epoch, seq) ||
	    themis_seal(skb, key, seq) ||
	    themis_link_xmit(session->pair.node->link, skb, &endpoint->addr,
			     &endpoint->cache))
		goto drop;
	rcu_read_unlock();
	themis_count(tn, THEMIS_CNT_TX_KEEPALIVES);

	return;
drop:
	rcu_read_unlock();
	themis_drop(tn, THEMIS_CNT_TX_ENDPOINT, skb);
}
