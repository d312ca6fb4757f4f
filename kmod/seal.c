// SPDX-License-Identifier: GPL-2.0
/* Sealing and opening: one AEAD call for one packet. */
#include <linux/scatterlist.h>
#include <linux/skbuff.h>

#include "chain.h"
#include "cipher.h"
#include "key.h"
#include "packet.h"
#include "seal.h"

/* The linear part, and what a message can have besides. */
#define MAX_FEW	(MAX_SKB_FRAGS + 1)

/* The larger part of a long message is in pages, in blocks of this order. */
#define PAGE_ORDER	3

static int pieces(const struct sk_buff *skb)
{
	const struct sk_buff *next;
	int n = 1 + skb_shinfo(skb)->nr_frags;

	skb_walk_frags(skb, next)
		n++;

	return n;
}

/*
 * The scatter list of a packet behind its header, in @few if that will do. The
 * caller frees what is not @few. A packet of ours has a linear part, then pages
 * or linear pieces.
 */
static struct scatterlist *scatter(const struct sk_buff *skb,
				   struct scatterlist *few)
{
	const struct skb_shared_info *shinfo = skb_shinfo(skb);
	const size_t head = sizeof(struct themis_packet);
	struct scatterlist *sg = few, *at;
	const struct sk_buff *next;
	int n = pieces(skb);
	int i;

	/* Unlike the allocator's it is not cleared, which costs as much again. */
	if (n > MAX_FEW) {
		sg = netdev_alloc_frag(n * sizeof(*sg));
		if (!sg)
			return NULL;
	}
	for (i = 0; i < n; i++)
		sg[i] = (struct scatterlist){ };
	sg_init_marker(sg, n);
	at = sg;
	sg_set_buf(at++, skb->data + head, skb_headlen(skb) - head);
	for (i = 0; i < shinfo->nr_frags; i++)
		sg_set_page(at++, skb_frag_page(&shinfo->frags[i]),
			    skb_frag_size(&shinfo->frags[i]),
			    skb_frag_off(&shinfo->frags[i]));
	skb_walk_frags(skb, next)
		sg_set_buf(at++, next->data, next->len);

	return sg;
}

static void scatter_free(struct scatterlist *sg, struct scatterlist *few)
{
	if (sg != few)
		skb_free_frag(sg);
}

/**
 * themis_seal() - turn a message into a packet
 * @skb: inner header and message, then THEMIS_TAG_LEN bytes of room that are
 *	part of its length; our own memory, not cloned; with room in front
 * @key: seals
 * @seq: never used before under @key
 *
 * Context: any.
 * Return: 0 or -ENOMEM.
 */
int themis_seal(struct sk_buff *skb, const struct themis_key *key, u64 seq)
{
	size_t len = skb->len - THEMIS_TAG_LEN;
	struct scatterlist few[MAX_FEW];
	struct themis_packet *packet;
	struct scatterlist *sg;
	u8 *data = skb->data;

	packet = skb_push(skb, sizeof(*packet));
	packet->type = THEMIS_PKT_DATA;
	packet->flags = 0;
	packet->zero = 0;
	packet->index = key->remote_index;
	packet->seq = cpu_to_be64(seq);

	if (likely(!skb_is_nonlinear(skb))) {
		themis_cipher_seal(data, len, packet, seq, key->tx);
		return 0;
	}

	sg = scatter(skb, few);
	if (!sg)
		return -ENOMEM;
	themis_cipher_seal_sg(sg, len, packet, seq, key->tx);
	scatter_free(sg, few);

	return 0;
}

/* A copy in memory of our own, linear if it is small. */
static struct sk_buff *copy_out(const struct sk_buff *skb)
{
	size_t linear = skb->len;
	struct sk_buff *copy;
	size_t offset, rest;
	int err;
	int i;

	if (linear > SKB_WITH_OVERHEAD(PAGE_SIZE))
		linear = sizeof(struct themis_packet) +
			 sizeof(struct themis_inner_response);
	rest = skb->len - linear;

	copy = alloc_skb_with_frags(linear, rest, PAGE_ORDER, &err,
				    GFP_ATOMIC | __GFP_NOWARN);
	if (!copy)
		return NULL;
	skb_put(copy, linear);
	copy->len += rest;
	copy->data_len = rest;
	err = skb_copy_bits(skb, 0, copy->data, linear);

	offset = linear;
	for (i = 0; i < skb_shinfo(copy)->nr_frags && !err; i++) {
		skb_frag_t *frag = &skb_shinfo(copy)->frags[i];

		err = skb_copy_bits(skb, offset, skb_frag_address(frag),
				    skb_frag_size(frag));
		offset += skb_frag_size(frag);
	}
	if (err) {
		kfree_skb(copy);
		return NULL;
	}
	copy->tstamp = skb->tstamp;
	copy->dev = skb->dev;

	return copy;
}

static bool open_linear(struct sk_buff *skb, const struct themis_key *key,
			const struct themis_packet *packet, u64 seq)
{
	return themis_cipher_open(skb->data + sizeof(*packet),
				  skb->len - sizeof(*packet), packet, seq,
				  key->rx);
}

static int open_scattered(struct sk_buff *skb, const struct themis_key *key,
			  const struct themis_packet *packet, u64 seq)
{
	struct scatterlist few[MAX_FEW];
	struct scatterlist *sg;
	bool good;

	sg = scatter(skb, few);
	if (!sg)
		return -ENOMEM;
	good = themis_cipher_open_sg(sg, skb->len - sizeof(*packet), packet,
				     seq, key->rx);
	scatter_free(sg, few);

	return good ? 0 : -EBADMSG;
}

/**
 * themis_open() - turn a packet into a message
 * @pskb: the packet, its header or that of its first segment in front, long
 *	enough; may be replaced by another
 * @key: opens
 *
 * Opens where the packet lies if all of it is ours, see themis_chain_own(),
 * else in a copy.
 *
 * Context: softirq.
 * Return: 0, and the packet's data begins with the inner header, in the linear
 * part, and ends with the message; -EBADMSG if it is not authentic; -ENOMEM.
 */
int themis_open(struct sk_buff **pskb, const struct themis_key *key)
{
	struct themis_packet packet = { .type = THEMIS_PKT_DATA };
	struct sk_buff *skb = *pskb;
	struct sk_buff *copy;
	int err;
	u64 seq;

	if (!themis_chain_own(skb)) {
		copy = copy_out(skb);
		if (!copy)
			return -ENOMEM;
		consume_skb(skb);
		skb = copy;
		*pskb = copy;
	}

	/* The header as it was sealed, before the packet was cut. */
	packet.index = ((struct themis_packet *)skb->data)->index;
	packet.seq = ((struct themis_packet *)skb->data)->seq;
	seq = be64_to_cpu(packet.seq);
	if (likely(!skb_is_nonlinear(skb)))
		err = open_linear(skb, key, &packet, seq) ? 0 : -EBADMSG;
	else
		err = open_scattered(skb, key, &packet, seq);
	if (unlikely(err))
		return err;

	__skb_pull(skb, sizeof(struct themis_packet));

	return pskb_trim(skb, skb->len - THEMIS_TAG_LEN);
}
