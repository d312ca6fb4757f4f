// SPDX-License-Identifier: GPL-2.0
/* Sealing and opening: one AEAD call for one packet. */
#include <linux/scatterlist.h>
#include <linux/skbuff.h>

#include "cipher.h"
#include "key.h"
#include "packet.h"
#include "seal.h"

/* The linear part, and what a message can have besides. */
#define MAX_SEGMENTS	(MAX_SKB_FRAGS + 1)

/* The larger part of a long message is in pages, in blocks of this order. */
#define PAGE_ORDER	3

/**
 * themis_seal() - turn a message into a packet
 * @skb: inner header and message, then THEMIS_TAG_LEN bytes of room that are
 *	part of its length; our own memory, not cloned; with room in front
 * @key: seals
 * @seq: never used before under @key
 *
 * Context: any.
 * Return: 0, or an error of the scatter list.
 */
int themis_seal(struct sk_buff *skb, const struct themis_key *key, u64 seq)
{
	size_t len = skb->len - THEMIS_TAG_LEN;
	struct scatterlist sg[MAX_SEGMENTS];
	struct themis_packet *packet;
	u8 *data = skb->data;
	int err;

	packet = skb_push(skb, sizeof(*packet));
	packet->type = THEMIS_PKT_DATA;
	packet->flags = 0;
	packet->zero = 0;
	packet->index = key->remote_index;
	packet->seq = cpu_to_be64(seq);

	if (!skb_is_nonlinear(skb)) {
		themis_cipher_seal(data, len, packet, seq, key->tx);
		return 0;
	}

	sg_init_table(sg, MAX_SEGMENTS);
	err = skb_to_sgvec(skb, sg, sizeof(*packet), len + THEMIS_TAG_LEN);
	if (err < 0)
		return err;
	themis_cipher_seal_sg(sg, len, packet, seq, key->tx);

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
			u64 seq)
{
	const struct themis_packet *packet = (struct themis_packet *)skb->data;

	return themis_cipher_open(skb->data + sizeof(*packet),
				  skb->len - sizeof(*packet), packet, seq,
				  key->rx);
}

static bool open_paged(struct sk_buff *skb, const struct themis_key *key,
		       u64 seq)
{
	const struct themis_packet *packet = (struct themis_packet *)skb->data;
	size_t len = skb->len - sizeof(*packet);
	struct scatterlist sg[MAX_SEGMENTS];

	sg_init_table(sg, MAX_SEGMENTS);
	if (skb_to_sgvec(skb, sg, sizeof(*packet), len) < 0)
		return false;

	return themis_cipher_open_sg(sg, len, packet, seq, key->rx);
}

/**
 * themis_open() - turn a packet into a message
 * @pskb: the packet, header in front, long enough; may be replaced by another
 * @key: opens
 *
 * Opens in place only in linear memory that nobody else looks at. Anything
 * else is copied first: pages of a packet may be a file's pages (spliced into a
 * UDP socket on this machine), and clones belong to those who watch the wire.
 *
 * Context: softirq.
 * Return: 0, and the packet's data begins with the inner header, in the linear
 * part, and ends with the message; -EBADMSG if it is not authentic; -ENOMEM.
 */
int themis_open(struct sk_buff **pskb, const struct themis_key *key)
{
	struct sk_buff *skb = *pskb;
	struct sk_buff *copy;
	bool good;
	u64 seq;

	if (skb_is_nonlinear(skb) || skb_cloned(skb)) {
		copy = copy_out(skb);
		if (!copy)
			return -ENOMEM;
		consume_skb(skb);
		skb = copy;
		*pskb = copy;
	}

	seq = be64_to_cpu(((struct themis_packet *)skb->data)->seq);
	if (likely(!skb_is_nonlinear(skb)))
		good = open_linear(skb, key, seq);
	else
		good = open_paged(skb, key, seq);
	if (unlikely(!good))
		return -EBADMSG;

	__skb_pull(skb, sizeof(struct themis_packet));

	return pskb_trim(skb, skb->len - THEMIS_TAG_LEN);
}
