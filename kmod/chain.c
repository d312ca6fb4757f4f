// SPDX-License-Identifier: GPL-2.0
/*
 * Chains: messages longer than the path's MTU, in pieces that fit it.
 *
 * IP sends a packet with a list of others behind it as its fragments, as they
 * are and without a copy, if each has the size of a fragment and room for the
 * headers. So a long message is cut before it is filled and sealed, and what
 * arrives as such a list is opened where it lies.
 */
#include <linux/skbuff.h>
#include <net/ipv6.h>
#include <net/sock.h>

#include "chain.h"
#include "link.h"
#include "packet.h"
#include "pool.h"

/* In front of each piece: a fragment's headers or, more, a segment's. */
#define HEADROOM	(THEMIS_HEADROOM + sizeof(struct themis_segment))

/* The cipher's blocks: a piece that ends between two costs a third. */
#define BLOCK		64

/**
 * themis_chain_first() - how much the first piece holds
 * @room: bytes of an IP fragment, without the IP header
 * @before: bytes of headers in front of what is sealed
 *
 * Return: bytes.
 */
size_t themis_chain_first(size_t room, size_t before)
{
	return round_down(room - before, BLOCK);
}

/**
 * themis_chain_piece() - how much each of the others holds
 * @room: bytes of an IP fragment
 *
 * Return: bytes.
 */
size_t themis_chain_piece(size_t room)
{
	return round_down(room, BLOCK);
}

/**
 * themis_chain_fits() - can the rest of a message go as a chain?
 * @room: bytes of an IP fragment; 0 if it is not known
 * @rest: bytes behind the first piece
 */
bool themis_chain_fits(size_t room, size_t rest)
{
	return room >= 4 * BLOCK &&
	       rest <= (THEMIS_CHAIN_MAX - 1) * round_down(room, BLOCK);
}

/**
 * themis_chain_grow() - append pieces to a packet
 * @sk: who is charged
 * @skb: the first piece, from sock_alloc_send_pskb(), so charged already
 * @piece: bytes in each but the last
 * @rest: bytes to append
 *
 * Context: process.
 * Return: 0 or -ENOBUFS; what has been appended then goes with @skb.
 */
int themis_chain_grow(struct sock *sk, struct sk_buff *skb, size_t piece,
		      size_t rest)
{
	struct sk_buff **tail = &skb_shinfo(skb)->frag_list;
	struct sk_buff *next;
	size_t len;

	while (rest) {
		len = min(rest, piece);
		next = themis_pool_skb(HEADROOM + len, sk->sk_allocation);
		if (!next)
			return -ENOBUFS;
		skb_reserve(next, HEADROOM);
		skb_put(next, len);
		*tail = next;
		tail = &next->next;
		rest -= len;

		/* One owner for all: IP divides it when it takes them apart. */
		skb->len += len;
		skb->data_len += len;
		skb->truesize += next->truesize;
		refcount_add(next->truesize, &sk->sk_wmem_alloc);
	}

	return 0;
}

/**
 * themis_chain_own() - may a packet be opened where it lies?
 * @skb: header in the linear part
 *
 * Only in linear memory that nobody else looks at: pages of a packet may be a
 * file's pages (spliced into a UDP socket on this machine), and clones belong
 * to those who watch the wire. This holds for the packet and for each one
 * behind it.
 *
 * Return: of how many pieces it consists, or 0 if it has to be copied.
 */
int themis_chain_own(const struct sk_buff *skb)
{
	const struct sk_buff *next;
	int n = 1;

	if (skb_shinfo(skb)->nr_frags || skb_cloned(skb))
		return 0;
	/* Whoever cut it so small did not mean well. */
	if (skb_headlen(skb) < sizeof(struct themis_packet) +
			       sizeof(struct themis_inner_response) &&
	    skb_is_nonlinear(skb))
		return 0;
	skb_walk_frags(skb, next) {
		if (skb_is_nonlinear(next) || skb_cloned(next) ||
		    skb_shared(next) || ++n > THEMIS_CHAIN_MAX)
			return 0;
	}

	return n;
}
