// SPDX-License-Identifier: GPL-2.0
/*
 * Segments: a sealed packet that is too long for IP, cut into several.
 *
 * A packet that is longer than the path's MTU is sealed as one and then cut. IP
 * gets the parts as one packet for UDP segmentation offload, so that all of
 * them pass through the stack at once; whoever cannot take them so far divides
 * them. The other end collects them before it opens the whole. As with IP's own
 * fragments a part proves nothing; unlike them each one has its ports, so that
 * filters and address translators know what it is.
 */
#include <linux/ip.h>
#include <linux/jiffies.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/udp.h>
#include <net/ipv6.h>

#include "chain.h"
#include "key.h"
#include "link.h"
#include "net.h"
#include "node.h"
#include "packet.h"
#include "segment.h"
#include "session.h"
#include "train.h"

/* How long a message waits for the rest of its segments. */
#define TIMEOUT_NS	(5ULL * NSEC_PER_SEC)

/* Memory is taken from the namespace's share in such steps. */
#define STEP		32768

/* A path whose MTU is not known, or too small, has that of IPv6. */
#define ROOM_MIN	(IPV6_MIN_MTU - sizeof(struct ipv6hdr) - \
			 sizeof(struct frag_hdr))

/* So that a segment with all around it fits four pages. */
#define ROOM_MAX	12288

/* No segment but the last holds less; ours never do. */
#define SIZE_MIN	1024

/* Devices take less than 64 KiB at once, with all headers. */
#define TRAIN_MAX	65000

/**
 * struct themis_partial - a message of which segments are missing
 * @list: in themis_session.partials
 * @seq: its sequence
 * @generation: of the key that it was sealed under
 * @from: where its segments come from
 * @deadline: when it is given up, ns
 * @missing: a bit for each segment that has not come
 * @size: bytes in each segment but the last; 0 while only that has come
 * @mem: bytes of memory, those of its segments included
 * @charged: bytes taken for it from the namespace
 * @last: the number of the last one
 * @piece: those that have come
 */
struct themis_partial {
	struct list_head	list;
	u64			seq;
	u32			generation;
	union themis_addr	from;
	u64			deadline;
	u64			missing;
	size_t			size;
	size_t			mem;
	size_t			charged;
	u8			last;
	struct sk_buff		*piece[];
};

/**
 * themis_segment_size() - how much of what is sealed a segment holds
 * @room: what an IP fragment holds on the path; 0 if it is not known
 *
 * Return: bytes; THEMIS_CHAIN_MAX times as many hold the longest message.
 */
size_t themis_segment_size(size_t room)
{
	room = clamp_t(size_t, room, ROOM_MIN, ROOM_MAX);

	return themis_chain_first(room, sizeof(struct udphdr) +
					sizeof(struct themis_segment));
}

/* Give each piece its header; so far they are one packet. */
static void put_headers(struct sk_buff *skb)
{
	struct themis_segment header;
	struct sk_buff *next;

	memcpy(&header, skb->data, sizeof(header));
	header.type = THEMIS_PKT_SEGMENT;
	header.number = 0;
	header.last = 0;
	header.zero = 0;
	skb_walk_frags(skb, next)
		header.last++;

	memcpy(skb->data, &header, sizeof(header));
	skb_walk_frags(skb, next) {
		header.number++;
		memcpy(skb_push(next, sizeof(header)), &header, sizeof(header));
		skb->len += sizeof(header);
		skb->data_len += sizeof(header);
	}
}

/* Leave @n segments in a packet; the others become one of their own. */
static struct sk_buff *split(struct sk_buff *skb, unsigned int n)
{
	struct sk_buff **tail = &skb_shinfo(skb)->frag_list;
	struct sk_buff *rest, *next;

	while (--n && *tail)
		tail = &(*tail)->next;
	rest = *tail;
	if (!rest)
		return NULL;

	*tail = NULL;
	skb_shinfo(rest)->frag_list = rest->next;
	skb_mark_not_on_list(rest);
	skb_walk_frags(rest, next) {
		rest->len += next->len;
		rest->data_len += next->len;
		rest->truesize += next->truesize;
	}
	rest->mark = skb->mark;
	rest->priority = skb->priority;

	/* The sender stays charged for both. */
	rest->sk = skb->sk;
	rest->destructor = skb->destructor;
	skb->len -= rest->len;
	skb->data_len -= rest->len;
	skb->truesize -= rest->truesize;

	return rest;
}

/* Let UDP segmentation offload cut between the pieces. */
static void offload(struct sk_buff *skb, size_t size)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);
	struct sk_buff *next;
	unsigned int n = 1;

	/* Whoever cuts writes the headers in front of each, without a copy. */
	skb_walk_frags(skb, next) {
		__skb_header_release(next);
		n++;
	}
	if (n == 1)
		return;

	shinfo->gso_type = SKB_GSO_UDP_L4;
	shinfo->gso_size = size;
	shinfo->gso_segs = n;
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_headroom(skb) - sizeof(struct udphdr);
	skb->csum_offset = offsetof(struct udphdr, check);
}

/**
 * themis_segment_xmit() - send a sealed packet in segments
 * @link: from which port
 * @skb: the packet, in pieces of themis_segment_size() with room for a header
 *	in front of each; consumed, unless an error is returned
 * @endpoint: where
 *
 * Context: RCU read lock held.
 * Return: 0 or what themis_link_xmit() gives.
 */
int themis_segment_xmit(struct themis_link *link, struct sk_buff *skb,
			struct themis_endpoint *endpoint)
{
	size_t size = skb_headlen(skb);
	unsigned int n = TRAIN_MAX / size;
	struct sk_buff *rest;
	int err;

	put_headers(skb);
	rest = split(skb, n);
	offload(skb, size);
	err = themis_link_xmit(link, skb, &endpoint->addr, &endpoint->route);
	while (!err && rest) {
		skb = rest;
		rest = split(skb, n);
		offload(skb, size);
		/* A part has gone: what is lost now is lost on the way. */
		if (themis_link_xmit(link, skb, &endpoint->addr,
				     &endpoint->route)) {
			themis_drop(link->tn, THEMIS_CNT_TX_ROUTE, skb);
			break;
		}
	}
	kfree_skb(rest);

	return err;
}

/* Can there be a segment with this header, and so many bytes behind it? */
static bool valid(const struct themis_segment *segment, size_t size)
{
	if (segment->zero || !size || !segment->last ||
	    segment->last >= THEMIS_CHAIN_MAX ||
	    segment->number > segment->last)
		return false;
	if (segment->number == segment->last)
		return true;

	return size >= SIZE_MIN && size * segment->last < THEMIS_PACKET_MAX;
}

static struct themis_partial *find(struct themis_session *session,
				   const struct themis_key *key, u64 seq,
				   const union themis_addr *from)
{
	struct themis_partial *partial;

	list_for_each_entry(partial, &session->partials, list)
		if (partial->seq == seq &&
		    partial->generation == key->generation &&
		    themis_addr_equal(&partial->from, from))
			return partial;

	return NULL;
}

static void unlink(struct themis_session *session,
		   struct themis_partial *partial)
{
	lockdep_assert_held(&session->lock);

	list_del(&partial->list);
	session->n_partials--;
}

/*
 * The namespace's share is one number for all sessions. So that not every
 * message writes to it, a processor keeps what a message gives back for the
 * next one. Interrupted, it may do so in another's place: the sum stays right.
 */
static bool take_mem(struct themis_net *tn, size_t bytes)
{
	long limit = THEMIS_MAX_PARTIAL_MEM +
		     num_possible_cpus() * THEMIS_STOCK_MEM;

	if (likely(this_cpu_sub_return(tn->percpu->stock, (long)bytes) >= 0))
		return true;
	this_cpu_add(tn->percpu->stock, bytes);

	return atomic_long_add_return(bytes, &tn->partial_mem) <= limit;
}

static void give_mem(struct themis_net *tn, size_t bytes)
{
	if (likely(this_cpu_add_return(tn->percpu->stock, bytes) <=
		   THEMIS_STOCK_MEM))
		return;
	this_cpu_sub(tn->percpu->stock, bytes);
	atomic_long_sub(bytes, &tn->partial_mem);
}

/* Off the list already. */
static void release(struct themis_net *tn, struct themis_partial *partial)
{
	int i;

	for (i = 0; i <= partial->last; i++)
		kfree_skb(partial->piece[i]);
	give_mem(tn, partial->charged);
	kfree(partial);
}

/*
 * The first segment of a message that comes. One message too many pushes out
 * the oldest: the caller releases it.
 */
static struct themis_partial *begin(struct themis_session *session, u64 now,
				    u8 last, struct themis_partial **old)
{
	struct themis_partial *partial;

	partial = kzalloc(struct_size(partial, piece, last + 1),
			  GFP_ATOMIC | __GFP_NOWARN);
	if (!partial)
		return NULL;
	partial->deadline = now + TIMEOUT_NS;
	partial->mem = struct_size(partial, piece, last + 1);
	partial->missing = GENMASK_ULL(last, 0);
	partial->last = last;

	if (session->n_partials >= THEMIS_MAX_PARTIALS) {
		*old = list_last_entry(&session->partials,
				       struct themis_partial, list);
		unlink(session, *old);
	}
	if (list_empty(&session->partials))
		timer_reduce(&session->timer,
			     jiffies + nsecs_to_jiffies(TIMEOUT_NS) + 1);
	list_add(&partial->list, &session->partials);
	session->n_partials++;

	return partial;
}

/* Take memory for a segment from the namespace's share. */
static bool charge(struct themis_net *tn, struct themis_partial *partial,
		   size_t mem)
{
	size_t step;

	partial->mem += mem;
	if (likely(partial->mem <= partial->charged))
		return true;
	step = round_up(partial->mem - partial->charged, STEP);
	partial->charged += step;

	return take_mem(tn, step);
}

/* Put a segment where it belongs. */
static enum themis_counter put(struct themis_net *tn,
			       struct themis_partial *partial,
			       struct sk_buff *skb)
{
	const struct themis_segment *segment;
	const struct sk_buff *end;
	size_t size;

	segment = (struct themis_segment *)skb->data;
	size = skb->len - sizeof(*segment);
	if (segment->last != partial->last ||
	    !(partial->missing & BIT_ULL(segment->number)))
		return THEMIS_CNT_RX_SEGMENT;
	if (segment->number == segment->last) {
		if (partial->size && size > partial->size)
			return THEMIS_CNT_RX_SEGMENT;
	} else if (!partial->size) {
		end = partial->piece[partial->last];
		if (end && end->len > size)
			return THEMIS_CNT_RX_SEGMENT;
		partial->size = size;
	} else if (size != partial->size) {
		return THEMIS_CNT_RX_SEGMENT;
	}
	if (!charge(tn, partial, skb->truesize))
		return THEMIS_CNT_RX_PARTIAL_FULL;

	partial->piece[segment->number] = skb;
	partial->missing &= ~BIT_ULL(segment->number);
	/* The first one keeps its header, for the whole. */
	if (segment->number)
		__skb_pull(skb, sizeof(*segment));

	return THEMIS_CNT_UNSPEC;
}

/* All have come: one packet again. */
static struct sk_buff *join(struct themis_partial *partial)
{
	struct sk_buff *skb = partial->piece[0];
	struct sk_buff **tail = &skb_shinfo(skb)->frag_list;
	struct sk_buff *next;
	int i;

	partial->piece[0] = NULL;
	for (i = 1; i <= partial->last; i++) {
		next = partial->piece[i];
		partial->piece[i] = NULL;
		*tail = next;
		tail = &next->next;
		skb->len += next->len;
		skb->data_len += next->len;
		skb->truesize += next->truesize;
	}

	return skb;
}

static void drop_all(struct themis_net *tn, enum themis_counter why,
		     struct sk_buff *skb)
{
	struct sk_buff *next;

	for (; skb; skb = next) {
		next = skb->next;
		skb_mark_not_on_list(skb);
		themis_drop(tn, why, skb);
	}
}

/*
 * Put all of a list where they belong. Gives back those that do not, and why;
 * the first that finds no room takes the others with it.
 */
static struct sk_buff *put_all(struct themis_net *tn,
			       struct themis_partial *partial,
			       struct sk_buff *skb, enum themis_counter *why)
{
	struct sk_buff *next, *bad = NULL;
	enum themis_counter now;

	for (; skb; skb = next) {
		next = skb->next;
		skb_mark_not_on_list(skb);
		now = put(tn, partial, skb);
		if (likely(now == THEMIS_CNT_UNSPEC))
			continue;
		*why = now;
		if (now == THEMIS_CNT_RX_PARTIAL_FULL) {
			drop_all(tn, now, bad);
			skb->next = next;
			return skb;
		}
		skb->next = bad;
		bad = skb;
	}

	return bad;
}

/*
 * Take some of a message that was not complete, a list of the same but for
 * their numbers; give the whole if it now is.
 */
static struct sk_buff *take(struct themis_session *session,
			    const struct themis_key *key, struct sk_buff *skb,
			    const union themis_addr *from, u64 now)
{
	enum themis_counter why = THEMIS_CNT_RX_SEGMENT;
	struct themis_net *tn = session->pair.node->tn;
	struct themis_partial *partial, *old = NULL, *done = NULL;
	struct themis_segment segment;
	struct sk_buff *whole = NULL;
	u64 seq;

	memcpy(&segment, skb->data, sizeof(segment));
	if (!valid(&segment, skb->len - sizeof(segment)))
		goto out;
	why = THEMIS_CNT_RX_MEMORY;
	seq = be64_to_cpu(segment.seq);

	/* It stays longer than the route and the device. */
	skb_orphan(skb);
	skb_dst_drop(skb);
	nf_reset_ct(skb);
	skb_ext_reset(skb);
	skb->dev = NULL;

	spin_lock(&session->lock);
	partial = find(session, key, seq, from);
	if (!partial && !session->dead) {
		partial = begin(session, now, segment.last, &old);
		if (partial) {
			partial->seq = seq;
			partial->generation = key->generation;
			partial->from = *from;
		}
	}
	if (partial)
		skb = put_all(tn, partial, skb, &why);
	if (partial && !partial->missing)
		whole = join(partial);
	/* The first that finds no room makes some. */
	if (whole || why == THEMIS_CNT_RX_PARTIAL_FULL) {
		unlink(session, partial);
		done = partial;
	}
	spin_unlock(&session->lock);

	if (unlikely(old)) {
		themis_drop(tn, THEMIS_CNT_RX_PARTIAL, NULL);
		release(tn, old);
	}
	if (done)
		release(tn, done);
out:
	drop_all(tn, why, skb);

	return whole;
}

/* Is a train of so many segments a message, and ours to open as it is? */
static bool is_whole(const struct sk_buff *skb, unsigned int n)
{
	const struct themis_segment *segment;
	size_t size = skb_headlen(skb);
	const struct sk_buff *next;

	segment = (struct themis_segment *)skb->data;
	if (segment->number || segment->last != n - 1 ||
	    !valid(segment, size - sizeof(*segment)))
		return false;
	skb_walk_frags(skb, next)
		if (next->next ? next->len != size : next->len > size)
			return false;

	return themis_train_own(skb);
}

/**
 * themis_segment_take() - a segment has come, or several as one packet
 * @session: whose
 * @key: of its index
 * @skb: with a segment's header in front, in the linear part; consumed
 * @from: where it came from
 * @now: ns
 *
 * Nothing is proven yet, so a liar on the wire can spoil a message by a segment
 * of its own, and no other one: as with the fragments of IP.
 *
 * Context: softirq, RCU read lock held.
 * Return: NULL, or the whole packet if no segment is missing any more.
 */
struct sk_buff *themis_segment_take(struct themis_session *session,
				    const struct themis_key *key,
				    struct sk_buff *skb,
				    const union themis_addr *from, u64 now)
{
	struct themis_net *tn = session->pair.node->tn;
	struct net_device *dev = skb->dev;
	struct sk_buff *whole, *next;
	unsigned int n;

	/* UDP, when it has cut a packet, hands the parts over as they hang. */
	skb_mark_not_on_list(skb);
	n = themis_train_count(skb, 0);
	if (n && is_whole(skb, n)) {
		skb_walk_frags(skb, next) {
			__skb_pull(next, sizeof(struct themis_segment));
			skb->len -= sizeof(struct themis_segment);
			skb->data_len -= sizeof(struct themis_segment);
		}
		return skb;
	}
	if (n) {
		skb = themis_train_divide(skb);
		if (!skb)
			themis_drop(tn, THEMIS_CNT_RX_MEMORY, NULL);
	} else if (unlikely(skb_has_frag_list(skb)) && skb_linearize(skb)) {
		themis_drop(tn, THEMIS_CNT_RX_MEMORY, skb);
		skb = NULL;
	}
	if (unlikely(!skb))
		return NULL;

	whole = take(session, key, skb, from, now);
	if (whole)
		whole->dev = dev;

	return whole;
}

/**
 * themis_segment_deadline() - when is the next message given up?
 * @session: the session
 *
 * Context: themis_session.lock held.
 * Return: ns, or U64_MAX if none is incomplete.
 */
u64 themis_segment_deadline(const struct themis_session *session)
{
	lockdep_assert_held(&session->lock);

	if (list_empty(&session->partials))
		return U64_MAX;

	return list_last_entry(&session->partials, struct themis_partial,
			       list)->deadline;
}

/**
 * themis_segment_drop() - give up messages of which segments are missing
 * @session: the session
 * @now: those whose deadline is not later, ns
 *
 * Context: process.
 */
void themis_segment_drop(struct themis_session *session, u64 now)
{
	struct themis_net *tn = session->pair.node->tn;
	struct themis_partial *partial, *next;
	LIST_HEAD(list);

	spin_lock_bh(&session->lock);
	list_for_each_entry_safe(partial, next, &session->partials, list) {
		if (partial->deadline > now)
			continue;
		unlink(session, partial);
		list_add(&partial->list, &list);
	}
	spin_unlock_bh(&session->lock);

	list_for_each_entry_safe(partial, next, &list, list) {
		themis_drop(tn, THEMIS_CNT_RX_PARTIAL, NULL);
		release(tn, partial);
	}
}
