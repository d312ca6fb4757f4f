// SPDX-License-Identifier: GPL-2.0
/*
 * Trains: segments that come as one packet, as they were sent.
 *
 * From a sender on the same machine, in this network namespace or in another,
 * the segments of a message arrive as the one packet for segmentation offload
 * that the sender made of them. UDP cuts it before a tunnel's socket sees it,
 * which costs more than all else that is done for a segment. So the mark that
 * it is to be cut is taken off in time, and off nothing but what consists of
 * segments as ours are sent: linear packets behind each other, each with its
 * own header, that belong to nobody else.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/skbuff.h>
#include <linux/udp.h>
#include <net/ip.h>

#include "link.h"
#include "net.h"
#include "packet.h"
#include "train.h"

/**
 * themis_train_count() - of how many segments does a packet consist?
 * @skb: the packet
 * @head: bytes in front of the first segment's header
 *
 * Tells by their headers: each is the successor of the one before.
 *
 * Return: the number, at least two, or 0 if it is no train.
 */
unsigned int themis_train_count(const struct sk_buff *skb, size_t head)
{
	struct themis_segment expect;
	const struct sk_buff *next;
	unsigned int n = 1;

	if (!skb_has_frag_list(skb) || skb_shinfo(skb)->nr_frags ||
	    skb_headlen(skb) <= head + sizeof(expect))
		return 0;
	memcpy(&expect, skb->data + head, sizeof(expect));
	if (expect.type != THEMIS_PKT_SEGMENT)
		return 0;

	skb_walk_frags(skb, next) {
		n++;
		if (expect.number++ >= expect.last || skb_is_nonlinear(next) ||
		    next->len <= sizeof(expect) ||
		    memcmp(next->data, &expect, sizeof(expect)))
			return 0;
	}

	return n;
}

/**
 * themis_train_own() - may a train be changed?
 * @skb: a train
 *
 * Not if somebody else looks at the same packets, as those do who watch the
 * wire.
 */
bool themis_train_own(const struct sk_buff *skb)
{
	const struct sk_buff *next;

	if (skb_cloned(skb))
		return false;
	skb_walk_frags(skb, next)
		if (skb_cloned(next) || skb_shared(next))
			return false;

	return true;
}

/* A segment's own packet with the bytes of one of a train. */
static struct sk_buff *copy_out(const struct sk_buff *from)
{
	struct sk_buff *skb;

	skb = alloc_skb(skb_headlen(from), GFP_ATOMIC | __GFP_NOWARN);
	if (skb)
		skb_put_data(skb, from->data, skb_headlen(from));

	return skb;
}

/**
 * themis_train_divide() - turn a train into its segments
 * @skb: a train that begins with a segment's header; consumed
 *
 * Return: a list of packets by skb->next; NULL without memory.
 */
struct sk_buff *themis_train_divide(struct sk_buff *skb)
{
	struct sk_buff *next, *list, **tail;

	if (likely(themis_train_own(skb))) {
		skb->next = skb_shinfo(skb)->frag_list;
		skb_shinfo(skb)->frag_list = NULL;
		for (next = skb->next; next; next = next->next)
			skb->truesize -= next->truesize;
		skb->len -= skb->data_len;
		skb->data_len = 0;
		return skb;
	}

	list = copy_out(skb);
	if (!list)
		goto err_copy;
	tail = &list->next;
	skb_walk_frags(skb, next) {
		*tail = copy_out(next);
		if (!*tail)
			goto err_copy;
		tail = &(*tail)->next;
	}
	consume_skb(skb);

	return list;

err_copy:
	kfree_skb_list(list);
	kfree_skb(skb);
	return NULL;
}

#if IS_ENABLED(CONFIG_NETFILTER)

/* The UDP header's place, or 0 if it is not at a fixed one. */
static size_t udp_at(const struct sk_buff *skb, u8 family)
{
	if (family == NFPROTO_IPV4)
		return ip_hdr(skb)->protocol == IPPROTO_UDP ?
		       ip_hdrlen(skb) : 0;

	return ipv6_hdr(skb)->nexthdr == IPPROTO_UDP ?
	       sizeof(struct ipv6hdr) : 0;
}

/* A packet is about to be handed to UDP, with data at its IP header. */
static unsigned int look(void *priv, struct sk_buff *skb,
			 const struct nf_hook_state *state)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);
	struct themis_net *tn = priv;
	const struct udphdr *udp;
	size_t at;

	if (likely(!shinfo->gso_size))
		return NF_ACCEPT;
	if (shinfo->gso_type != SKB_GSO_UDP_L4 || !skb_has_frag_list(skb))
		return NF_ACCEPT;

	at = udp_at(skb, state->pf);
	if (!at || skb_headlen(skb) != at + sizeof(*udp) + shinfo->gso_size)
		return NF_ACCEPT;
	udp = (struct udphdr *)(skb->data + at);
	if (!themis_link_find(tn, ntohs(udp->dest)) ||
	    !themis_train_count(skb, at + sizeof(*udp)) ||
	    !themis_train_own(skb))
		return NF_ACCEPT;

	shinfo->gso_size = 0;
	shinfo->gso_segs = 0;
	shinfo->gso_type = 0;

	return NF_ACCEPT;
}

/* As late as possible: whoever filters knows what it was sent as. */
#define LOOK(family) {				\
	.hook		= look,			\
	.pf		= family,		\
	.hooknum	= NF_INET_LOCAL_IN,	\
	.priority	= NF_IP_PRI_LAST,	\
}

static const struct nf_hook_ops looks[] = {
	LOOK(NFPROTO_IPV4),
#if IS_ENABLED(CONFIG_IPV6)
	LOOK(NFPROTO_IPV6),
#endif
};

static_assert(ARRAY_SIZE(looks) <= ARRAY_SIZE(((struct themis_net *)0)->looks));

/**
 * themis_train_watch() - look out for trains in a namespace
 * @tn: the namespace
 *
 * Goes on until themis_train_unwatch(): turning a hook on and off patches the
 * kernel's code, so it is not done with each link that comes and goes.
 *
 * Context: process; themis_net.lock held.
 * Return: 0 or -ENOMEM.
 */
int themis_train_watch(struct themis_net *tn)
{
	unsigned int i;
	int err;

	lockdep_assert_held(&tn->lock);

	if (tn->watching)
		return 0;
	for (i = 0; i < ARRAY_SIZE(looks); i++) {
		tn->looks[i] = looks[i];
		tn->looks[i].priv = tn;
	}

	err = nf_register_net_hooks(tn->net, tn->looks, ARRAY_SIZE(looks));
	tn->watching = !err;

	return err;
}

/**
 * themis_train_unwatch() - do so no longer
 * @tn: the namespace; the caller waits for a grace period before it goes away
 *
 * Context: process; themis_net.lock held.
 */
void themis_train_unwatch(struct themis_net *tn)
{
	lockdep_assert_held(&tn->lock);

	if (tn->watching)
		nf_unregister_net_hooks(tn->net, tn->looks, ARRAY_SIZE(looks));
	tn->watching = false;
}

#else /* !CONFIG_NETFILTER: UDP cuts all of them */

int themis_train_watch(struct themis_net *tn)
{
	return 0;
}

void themis_train_unwatch(struct themis_net *tn)
{
}

#endif
