// SPDX-License-Identifier: GPL-2.0
/* Receiving: from a UDP packet to a message in a socket. */
#include <linux/skbuff.h>
#include <linux/timekeeping.h>
#include <linux/udp.h>
#include <net/busy_poll.h>

#include "key.h"
#include "link.h"
#include "net.h"
#include "netlink.h"
#include "node.h"
#include "packet.h"
#include "raw.h"
#include "receive.h"
#include "seal.h"
#include "segment.h"
#include "send.h"
#include "session.h"
#include "sock.h"

/* Does what was sealed make sense? Its sender is proven, not its sanity. */
static bool inner_valid(const struct sk_buff *skb)
{
	const struct themis_inner *inner = (struct themis_inner *)skb->data;

	if (inner->flags || inner->zero)
		return false;

	switch (inner->kind) {
	case THEMIS_MSG_DATAGRAM:
	case THEMIS_MSG_COMMAND:
		return inner->dest;
	case THEMIS_MSG_RESPONSE:
		return inner->dest &&
		       skb->len >= sizeof(struct themis_inner_response);
	case THEMIS_MSG_KEEPALIVE:
		return !inner->source && !inner->dest &&
		       skb->len == sizeof(*inner);
	case THEMIS_MSG_NOTICE:
		return inner->source && inner->dest &&
		       skb->len == sizeof(*inner);
	}

	return false;
}

/*
 * Accept an authentic packet, once: two copies of it may have been opened at
 * the same time. Tells whether it is the newest of its sender.
 */
static bool accept(struct themis_session *session, struct themis_key *key,
		   u64 seq, size_t bytes, u64 now, bool *newest)
{
	bool good;

	spin_lock(&session->lock);
	*newest = key->generation > session->rx_generation ||
		  (key->generation == session->rx_generation &&
		   seq > key->replay.greatest);
	good = themis_replay_update(&key->replay, seq);
	if (good) {
		if (*newest)
			session->rx_generation = key->generation;
		session->rx_packets++;
		session->rx_bytes += bytes;
		session->rx_last = now;
	}
	spin_unlock(&session->lock);

	return good;
}

/* The newest authentic packet tells where the peer is. */
static void follow(struct themis_session *session,
		   const union themis_addr *from)
{
	struct themis_endpoint *endpoint = rcu_dereference(session->endpoint);

	if (likely(endpoint && themis_addr_equal(&endpoint->addr, from)))
		return;
	if (themis_session_move(session, from, GFP_ATOMIC))
		return;
	themis_count(session->pair.node->tn, THEMIS_CNT_ROAMS);
	themis_netlink_session_event(session, THEMIS_EVENT_ROAM, NULL,
				     GFP_ATOMIC);
}

/* The peer has no socket where we wrote to: as ICMP says it for UDP. */
static void take_notice(struct themis_session *session, struct sk_buff *skb)
{
	const struct themis_inner *inner = (struct themis_inner *)skb->data;
	struct themis_node *node = session->pair.node;
	struct themis_sock *sock;

	themis_count(node->tn, THEMIS_CNT_RX_NOTICES);
	sock = themis_node_port(node, ntohs(inner->dest), session->pair.peer,
				ntohs(inner->source));
	if (sock && rcu_access_pointer(sock->remote))
		themis_sock_error(&sock->sk, ECONNREFUSED);
	consume_skb(skb);
}

/*
 * May the socket have this message? Fills what its owner will be told; for a
 * response that is the number which was given with the command.
 */
static enum themis_counter admit(struct themis_sock *sock,
				 struct themis_session *session,
				 const struct sk_buff *skb, bool newest,
				 u64 now, u64 *seq)
{
	const struct themis_inner_response *response;

	response = (struct themis_inner_response *)skb->data;
	if (response->inner.kind == THEMIS_MSG_RESPONSE) {
		if (!themis_sock_answered(sock, session,
					  be64_to_cpu(response->answers), now,
					  seq))
			return THEMIS_CNT_RX_UNASKED;
		return THEMIS_CNT_UNSPEC;
	}
	/* The paper: S strictly greater than any that was accepted. */
	if (unlikely(READ_ONCE(sock->strict) && !newest))
		return THEMIS_CNT_RX_ORDER;

	return THEMIS_CNT_UNSPEC;
}

/* Queue a message to the socket that it is for. */
static void deliver(struct themis_session *session, struct sk_buff *skb,
		    u64 seq, bool newest, u64 now)
{
	const struct themis_inner *inner = (struct themis_inner *)skb->data;
	struct themis_node *node = session->pair.node;
	struct themis_net *tn = node->tn;
	enum themis_counter why;
	struct themis_sock *sock;
	struct themis_cb *cb;
	unsigned int len;
	int err;

	sock = themis_node_port(node, ntohs(inner->dest), session->pair.peer,
				ntohs(inner->source));
	if (unlikely(!sock)) {
		if (inner->kind != THEMIS_MSG_RESPONSE && inner->source)
			themis_send_notice(session, inner->dest,
					   inner->source);
		why = THEMIS_CNT_RX_PORT;
		goto drop;
	}
	why = admit(sock, session, skb, newest, now, &seq);
	if (unlikely(why != THEMIS_CNT_UNSPEC))
		goto drop;

	/* A reader may poll the queue that it came from. */
	sk_mark_napi_id(&sock->sk, skb);
	/* The route and the tracked connection are the outer packet's. */
	skb_dst_drop(skb);
	nf_reset_ct(skb);
	skb_ext_reset(skb);

	cb = themis_cb(skb);
	memcpy(cb->id, session->pair.peer, THEMIS_ID_LEN);
	memcpy(cb->seq, &seq, sizeof(cb->seq));
	cb->port = inner->source;
	cb->kind = inner->kind;
	__skb_pull(skb, themis_inner_len(cb->kind));
	len = skb->len;

	err = sock_queue_rcv_skb(&sock->sk, skb);
	if (unlikely(err)) {
		why = err == -EPERM ? THEMIS_CNT_RX_FILTER :
				      THEMIS_CNT_RX_FULL;
		goto drop;
	}
	themis_count(tn, THEMIS_CNT_RX_MESSAGES);
	themis_count_add(tn, THEMIS_CNT_RX_BYTES, len);

	return;
drop:
	themis_drop(tn, why, skb);
}

/*
 * A sealed packet, or a segment of one: cheap refusals first, then the seal,
 * then what is inside.
 */
static void receive_data(struct themis_link *link, struct sk_buff *skb)
{
	u64 now = ktime_get_coarse_boottime_ns();
	enum themis_counter why;
	struct themis_net *tn = link->tn;
	struct themis_session *session;
	struct themis_packet *packet;
	struct themis_key *key;
	union themis_addr from;
	bool newest;
	u64 seq;
	int err;

	why = THEMIS_CNT_RX_SHORT;
	if (!pskb_may_pull(skb, sizeof(*packet)))
		goto drop;
	packet = (struct themis_packet *)skb->data;
	if (packet->type == THEMIS_PKT_DATA &&
	    skb->len < sizeof(*packet) + sizeof(struct themis_inner) +
		       THEMIS_TAG_LEN)
		goto drop;
	seq = be64_to_cpu(packet->seq);

	why = THEMIS_CNT_RX_INDEX;
	key = themis_key_find(tn, packet->index);
	if (unlikely(!key))
		goto drop;
	session = key->session;
	if (unlikely(session->pair.node->link != link))
		goto drop;

	why = THEMIS_CNT_RX_EXPIRED;
	if (unlikely(themis_epoch_expired(&key->epoch, now)))
		goto drop;
	why = THEMIS_CNT_RX_REPLAY;
	if (unlikely(!themis_replay_check(&key->replay, seq)))
		goto drop;

	themis_addr_from_skb(&from, skb);
	if (packet->type == THEMIS_PKT_SEGMENT) {
		skb = themis_segment_take(session, key, skb, &from, now);
		if (!skb)
			return;
	}
	err = themis_open(&skb, key);
	if (unlikely(err)) {
		why = err == -EBADMSG ? THEMIS_CNT_RX_TAG :
					THEMIS_CNT_RX_MEMORY;
		goto drop;
	}
	if (unlikely(!accept(session, key, seq,
			     skb->len - sizeof(struct themis_inner), now,
			     &newest)))
		goto drop;
	if (newest)
		follow(session, &from);
	if (unlikely(!(READ_ONCE(key->flags) & THEMIS_KEY_F_CONFIRMED)))
		themis_key_received(session, key);

	why = THEMIS_CNT_RX_INNER;
	if (unlikely(!inner_valid(skb)))
		goto drop;
	switch (((struct themis_inner *)skb->data)->kind) {
	case THEMIS_MSG_KEEPALIVE:
		themis_count(tn, THEMIS_CNT_RX_KEEPALIVES);
		consume_skb(skb);
		break;
	case THEMIS_MSG_NOTICE:
		take_notice(session, skb);
		break;
	default:
		deliver(session, skb, seq, newest, now);
	}

	return;
drop:
	themis_drop(tn, why, skb);
}

/**
 * themis_receive() - take a packet from a link's UDP socket
 * @sk: the UDP socket
 * @skb: the packet, with data at its UDP header; consumed
 *
 * Context: softirq, RCU read lock held.
 * Return: 0, nothing is left to UDP.
 */
int themis_receive(struct sock *sk, struct sk_buff *skb)
{
	struct themis_link *link = rcu_dereference_sk_user_data(sk);
	const size_t head = offsetof(struct themis_packet, seq);
	enum themis_counter why;
	struct themis_packet *packet;

	/* The link is being closed. */
	if (unlikely(!link)) {
		kfree_skb(skb);
		return 0;
	}

	why = THEMIS_CNT_RX_SHORT;
	if (unlikely(!pskb_may_pull(skb, sizeof(struct udphdr) + head)))
		goto drop;
	__skb_pull(skb, sizeof(struct udphdr));

	why = THEMIS_CNT_RX_TYPE;
	packet = (struct themis_packet *)skb->data;
	if (packet->type == THEMIS_PKT_SEGMENT) {
		receive_data(link, skb);
		return 0;
	}
	if (unlikely(packet->flags || packet->zero))
		goto drop;

	switch (packet->type) {
	case THEMIS_PKT_DATA:
		receive_data(link, skb);
		return 0;
	case THEMIS_PKT_INIT:
	case THEMIS_PKT_RESP:
	case THEMIS_PKT_CONFIRM:
	case THEMIS_PKT_COOKIE:
	case THEMIS_PKT_REFUSE:
		themis_raw_receive(link, skb);
		return 0;
	}
drop:
	themis_drop(link->tn, why, skb);

	return 0;
}
