// SPDX-License-Identifier: GPL-2.0
/* Sending: from a message to a sealed packet on its way. */
#include <linux/ip.h>
#include <linux/moduleparam.h>
#include <linux/skbuff.h>
#include <linux/timekeeping.h>
#include <linux/udp.h>

#include "acquire.h"
#include "chain.h"
#include "key.h"
#include "link.h"
#include "net.h"
#include "node.h"
#include "packet.h"
#include "pool.h"
#include "seal.h"
#include "segment.h"
#include "send.h"
#include "session.h"
#include "sock.h"

/* In front of the inner header. */
#define HEADROOM	(THEMIS_HEADROOM + sizeof(struct themis_packet))

/* A packet with all around it in one page; longer ones have pages besides. */
#define LINEAR_MAX	(SKB_WITH_OVERHEAD(PAGE_SIZE) - HEADROOM)
#define PAGE_ORDER	3

/* What surely fits one packet on any path. */
#define SHORT		1024

/* In front of what is sealed, within IP; and all that IPv4 can carry. */
#define BEFORE		(sizeof(struct udphdr) + sizeof(struct themis_packet))
#define UDP_MAX		(65535 - sizeof(struct iphdr))

static bool use_segments = true;
module_param_named(segments, use_segments, bool, 0644);
MODULE_PARM_DESC(segments,
		 "send messages longer than the path's MTU as segments by UDP segmentation offload (default), not as IP fragments");

/* The session that a message would go out in, if there is one. */
static struct themis_session *find_session(struct themis_sock *sock,
					   const u8 *peer, bool connected)
{
	struct themis_remote *remote;

	if (!connected)
		return themis_session_find(sock->node, peer);
	remote = rcu_dereference(sock->remote);
	if (!remote || memcmp(remote->id, peer, THEMIS_ID_LEN))
		return NULL;

	return themis_sock_session(sock, remote);
}

/**
 * themis_send_room() - what one IP packet holds on the way to a peer
 * @sock: bound; whose node sends
 * @peer: to whom, THEMIS_ID_LEN bytes
 * @connected: @peer is the socket's own remote
 * @len: bytes of the message; a short one needs no answer
 *
 * Context: process.
 * Return: bytes without the IP header, or 0: not known, or of no interest.
 */
size_t themis_send_room(struct themis_sock *sock, const u8 *peer,
			bool connected, size_t len)
{
	struct themis_endpoint *endpoint;
	struct themis_session *session;
	size_t room = 0;

	if (len <= SHORT)
		return 0;

	rcu_read_lock();
	session = find_session(sock, peer, connected);
	endpoint = session ? rcu_dereference(session->endpoint) : NULL;
	if (endpoint)
		room = READ_ONCE(endpoint->route.room);
	rcu_read_unlock();

	return room;
}

/*
 * How a long message is cut: the bytes of its first piece, or 0 for not at all,
 * and of the others, and whether these become segments.
 */
static size_t cut(size_t len, size_t room, size_t *piece, bool *segments)
{
	*segments = READ_ONCE(use_segments) || BEFORE + len > UDP_MAX;
	if (*segments) {
		*piece = themis_segment_size(room);
		return *piece;
	}
	if (!room || !themis_chain_fits(room, len))
		return 0;
	*piece = themis_chain_piece(room);

	return themis_chain_first(room, BEFORE);
}

/*
 * A packet from the pool, charged to its sender, if there is nothing to wait
 * for and nothing wrong: the general way finds out what to do then.
 */
static struct sk_buff *alloc_pooled(struct sock *sk, size_t len)
{
	struct sk_buff *skb;

	if (unlikely(sk_wmem_alloc_get(sk) >= READ_ONCE(sk->sk_sndbuf) ||
		     READ_ONCE(sk->sk_err) ||
		     READ_ONCE(sk->sk_shutdown) & SEND_SHUTDOWN))
		return NULL;
	skb = themis_pool_skb(len, sk->sk_allocation);
	if (likely(skb))
		skb_set_owner_w(skb, sk);

	return skb;
}

/**
 * themis_send_alloc() - room for a message
 * @sk: who is charged
 * @kind: enum themis_msg_kind
 * @len: bytes of the message
 * @room: from themis_send_room()
 * @noblock: do not wait for room in the send buffer
 * @err: filled if NULL is returned
 *
 * In one piece if it fits a packet; else in pieces that become segments, or
 * fragments that IP can send as they are; or in pages, which IP has to copy.
 *
 * Return: a packet that consists of the inner header, @len bytes and the tag,
 * none of which is set.
 */
struct sk_buff *themis_send_alloc(struct sock *sk, u8 kind, size_t len,
				  size_t room, int noblock, int *err)
{
	size_t total = themis_inner_len(kind) + len + THEMIS_TAG_LEN;
	size_t piece = 0, first = 0, linear = total, paged = 0;
	struct sk_buff *skb = NULL;
	bool segments = false;

	if (len > SHORT && BEFORE + total > room)
		first = cut(total, room, &piece, &segments);
	if (first && first < total) {
		linear = first;
	} else if (linear > LINEAR_MAX) {
		linear = themis_inner_len(kind);
		paged = total - linear;
	}
	if (!paged)
		skb = alloc_pooled(sk, HEADROOM + linear);
	if (unlikely(!skb))
		skb = sock_alloc_send_pskb(sk, HEADROOM + linear, paged,
					   noblock, err, PAGE_ORDER);
	if (!skb)
		return NULL;
	skb_reserve(skb, HEADROOM);
	skb_put(skb, linear);
	skb->len += paged;
	skb->data_len += paged;
	themis_tx_cb(skb)->piece = 0;
	if (paged || linear == total)
		return skb;

	if (segments)
		themis_tx_cb(skb)->piece = piece;
	*err = themis_chain_grow(sk, skb, piece, total - linear);
	if (*err) {
		kfree_skb(skb);
		return NULL;
	}

	return skb;
}

/*
 * Seal and send. The sequence is taken when nothing but the seal can fail any
 * more; a command is on record before its response can come. Consumes the
 * packet, unless it returns an error; -ENOKEY: the key's count ran out just
 * now.
 */
static int seal_and_send(struct themis_session *session, struct themis_key *key,
			 struct sk_buff *skb, u64 now)
{
	const struct themis_inner *inner = (struct themis_inner *)skb->data;
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
	seq = atomic64_inc_return(&session->tx_seq);
	if (unlikely(themis_epoch_spent(&key->epoch, seq - key->first)))
		return -ENOKEY;
	if (inner->kind == THEMIS_MSG_COMMAND) {
		err = themis_sock_command(themis_sk(skb->sk), session, seq,
					  themis_tx_cb(skb)->tag, now);
		if (err) {
			themis_drop(tn, THEMIS_CNT_TX_COMMANDS, NULL);
			return err;
		}
	}

	err = themis_seal(skb, key, seq);
	if (unlikely(err)) {
		themis_drop(tn, THEMIS_CNT_TX_MEMORY, NULL);
		return err;
	}
	if (themis_tx_cb(skb)->piece)
		err = themis_segment_xmit(node->link, skb, endpoint);
	else
		err = themis_link_xmit(node->link, skb, &endpoint->addr,
				       &endpoint->route);
	if (unlikely(err)) {
		themis_drop(tn, THEMIS_CNT_TX_ROUTE, NULL);
		return err;
	}
	if (unlikely(themis_epoch_due(&key->epoch, now, seq - key->first)))
		themis_key_announce(session, key);

	return 0;
}

/* The same for a message, which is counted. */
static int send_message(struct themis_session *session, struct themis_key *key,
			struct sk_buff *skb, u64 now)
{
	const struct themis_inner *inner = (struct themis_inner *)skb->data;
	size_t bytes = skb->len - themis_inner_len(inner->kind) -
		       THEMIS_TAG_LEN;
	struct themis_net *tn = session->pair.node->tn;
	int err;

	err = seal_and_send(session, key, skb, now);
	if (unlikely(err))
		return err;

	atomic64_inc(&session->tx_packets);
	atomic64_add(bytes, &session->tx_bytes);
	themis_count(tn, THEMIS_CNT_TX_MESSAGES);
	themis_count_add(tn, THEMIS_CNT_TX_BYTES, bytes);

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
	struct themis_session *session;
	struct themis_key *key;
	int err = -ENOKEY;

	rcu_read_lock();
	session = find_session(sock, peer, connected);
	if (likely(session)) {
		key = themis_key_usable(session, now);
		if (likely(key))
			err = send_message(session, key, skb, now);
	}
	rcu_read_unlock();

	if (unlikely(err == -ENOKEY))
		err = themis_acquire(sock->node, peer, skb);
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
		themis_acquire_unqueue(skb);
		err = send_message(session, key, skb, now);
		if (!err)
			continue;
		themis_sock_error(skb->sk, err == -ENOKEY ? EHOSTUNREACH :
							    -err);
		kfree_skb(skb);
	}
	rcu_read_unlock();
}

/*
 * A message of the kernel's own, empty and best effort. Counts @sent if it is
 * on its way.
 */
static void send_empty(struct themis_session *session, u8 kind, __be16 source,
		       __be16 dest, enum themis_counter sent)
{
	struct themis_net *tn = session->pair.node->tn;
	u64 now = ktime_get_coarse_boottime_ns();
	struct themis_inner *inner;
	struct themis_key *key;
	struct sk_buff *skb;
	int err = -ENOKEY;

	skb = alloc_skb(HEADROOM + sizeof(*inner) + THEMIS_TAG_LEN, GFP_ATOMIC);
	if (!skb) {
		themis_drop(tn, THEMIS_CNT_TX_MEMORY, NULL);
		return;
	}
	skb_reserve(skb, HEADROOM);
	inner = skb_put_zero(skb, sizeof(*inner) + THEMIS_TAG_LEN);
	inner->kind = kind;
	inner->source = source;
	inner->dest = dest;

	rcu_read_lock();
	key = themis_key_usable(session, now);
	if (key)
		err = seal_and_send(session, key, skb, now);
	rcu_read_unlock();
	if (err)
		kfree_skb(skb);
	else
		themis_count(tn, sent);
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
	send_empty(session, THEMIS_MSG_KEEPALIVE, 0, 0,
		   THEMIS_CNT_TX_KEEPALIVES);
}

/**
 * themis_send_notice() - tell the peer that a port has no socket
 * @session: the session
 * @source: the port
 * @dest: the port of the peer that wrote to it
 *
 * Never longer than what it answers, and only ever to a proven sender.
 *
 * Context: any.
 */
void themis_send_notice(struct themis_session *session, __be16 source,
			__be16 dest)
{
	send_empty(session, THEMIS_MSG_NOTICE, source, dest,
		   THEMIS_CNT_TX_NOTICES);
}
