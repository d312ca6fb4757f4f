// SPDX-License-Identifier: GPL-2.0
/*
 * Hostile packets out of real ones.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "forger.h"
#include "peer.h"
#include "random.h"

#define AT_INDEX	4
#define AT_SEQ		8
#define HEAD		8	/* what every packet begins with */
#define RECENT		64	/* packets that the forger likes best */

#define ARRAY_LEN(a)	(sizeof(a) / sizeof((a)[0]))

static __u64 below(struct forger *f, __u64 n)
{
	return random_below(&f->random, n);
}

static void noise(struct forger *f, void *buf, size_t len)
{
	random_fill(&f->random, buf, len);
}

void forger_init(struct forger *f, __u64 seed)
{
	memset(f, 0, sizeof(*f));
	f->random = seed;
}

static __u32 index_of(const __u8 *pkt)
{
	__be32 be;

	memcpy(&be, pkt + AT_INDEX, sizeof(be));
	return ntohl(be);
}

static __u64 seq_of(const __u8 *pkt)
{
	__be64 be;

	memcpy(&be, pkt + AT_SEQ, sizeof(be));
	return be64toh(be);
}

static void put_index(__u8 *pkt, __u32 index)
{
	__be32 be = htonl(index);

	memcpy(pkt + AT_INDEX, &be, sizeof(be));
}

static void put_seq(__u8 *pkt, __u64 seq)
{
	__be64 be = htobe64(seq);

	memcpy(pkt + AT_SEQ, &be, sizeof(be));
}

static struct forger_packet *slot(struct forger_end *end, __u64 seq)
{
	return &end->kept[seq % FORGER_KEPT];
}

/* Is it a packet of this sequence under the receiver's key? */
static bool is_now(const struct forger_end *end, const struct forger_packet *p,
		   __u64 seq)
{
	return p->len && seq_of(p->bytes) == seq &&
	       index_of(p->bytes) == end->index;
}

/* Would the replay window let it pass? */
static bool fresh(const struct forger_end *end, __u64 seq)
{
	const struct forger_packet *p = &end->kept[seq % FORGER_KEPT];

	if (!seq)
		return false;
	if (seq > end->greatest)
		return true;
	if (end->greatest - seq >= FORGER_WINDOW)
		return false;
	return p->held || !is_now(end, p, seq);
}

/* Was it held back, and would it be accepted now? */
static bool good(const struct forger_end *end, const struct forger_packet *p)
{
	return p->len && p->held && index_of(p->bytes) == end->index &&
	       fresh(end, seq_of(p->bytes));
}

static void deliver(struct forger_end *end, struct forger_packet *p)
{
	__u64 seq = seq_of(p->bytes);

	p->held = false;
	if (seq > end->greatest)
		end->greatest = seq;
}

void forger_key(struct forger *f, enum forger_way way, __u32 index)
{
	f->end[way].index = index;
	f->end[way].greatest = 0;
}

void forger_keep(struct forger *f, enum forger_way way, const void *pkt,
		 size_t len, bool held)
{
	struct forger_end *end = &f->end[way];
	struct forger_packet *p;

	end->last = seq_of(pkt);
	p = slot(end, end->last);
	free(p->bytes);
	p->bytes = malloc(len);
	if (!p->bytes)
		abort();
	memcpy(p->bytes, pkt, len);
	p->len = len;
	p->held = held;
	if (!held)
		deliver(end, p);
}

void forger_free(struct forger *f)
{
	for (int way = 0; way < FORGER_WAYS; way++)
		for (int i = 0; i < FORGER_KEPT; i++)
			free(f->end[way].kept[i].bytes);
}

const struct forger_packet *forger_last(struct forger *f, enum forger_way way)
{
	return slot(&f->end[way], f->end[way].last);
}

const struct forger_packet *forger_late(struct forger *f, enum forger_way way)
{
	struct forger_end *end = &f->end[way];
	__u64 from = end->last - below(f, RECENT);

	for (unsigned int i = 0; i < RECENT; i++) {
		struct forger_packet *p = slot(end, from - i);

		if (!good(end, p))
			continue;
		deliver(end, p);
		return p;
	}
	return NULL;
}

/* One of those kept, more often than not one of the last. */
static const struct forger_packet *any(struct forger *f, enum forger_way way)
{
	struct forger_end *end = &f->end[way];
	const struct forger_packet *p;
	__u64 back;

	back = below(f, below(f, 4) ? RECENT : FORGER_KEPT);
	p = slot(end, end->last - back);
	return p->len ? p : slot(end, end->last);
}

static void flip(struct forger *f, __u8 *out, size_t len)
{
	__u64 bit = below(f, 8 * len);

	out[bit / 8] ^= 1 << bit % 8;
}

/* A sequence that the receiver has not seen, just ahead or far. */
static __u64 ahead(struct forger *f, enum forger_way way)
{
	return f->end[way].greatest + 1 +
	       below(f, 1ULL << below(f, 62));
}

static void field(struct forger *f, enum forger_way way, __u8 *out, size_t len)
{
	static const __u64 odd[] = { 0, 1, ~0ULL, 1ULL << 63, 1ULL << 32 };

	switch (below(f, 5)) {
	case 0:
		out[0] = below(f, 32);
		break;
	case 1:
		out[1 + below(f, 3)] = 1 << below(f, 8);
		break;
	case 2:
		put_index(out, below(f, 2) ? f->end[!way].index :
						    random_next(&f->random));
		break;
	case 3:
		put_seq(out, odd[below(f, ARRAY_LEN(odd))]);
		break;
	case 4:
		put_seq(out, ahead(f, way));
		break;
	}
}

/*
 * Longer, or to the length of a packet of the key agreement and with its type:
 * those are checked for nothing else.
 */
static size_t extend(struct forger *f, __u8 *out, size_t len)
{
	static const struct {
		__u8	type;
		size_t	len;
	} agreement[] = {
		{ THEMIS_PKT_INIT, THEMIS_PKT_INIT_LEN },
		{ THEMIS_PKT_RESP, THEMIS_PKT_RESP_LEN },
		{ THEMIS_PKT_CONFIRM, THEMIS_PKT_CONFIRM_LEN },
		{ THEMIS_PKT_COOKIE, THEMIS_PKT_COOKIE_LEN },
		{ THEMIS_PKT_REFUSE, THEMIS_PKT_REFUSE_LEN },
	};
	size_t more = 1 + below(f, 64);

	if (below(f, 4)) {
		if (more > FORGER_PKT_MAX - len)
			more = FORGER_PKT_MAX - len;
		noise(f, out + len, more);
		return len + more;
	}
	more = below(f, ARRAY_LEN(agreement));
	out[0] = agreement[more].type;
	if (len < agreement[more].len)
		noise(f, out + len, agreement[more].len - len);
	return agreement[more].len;
}

/* The beginning of one packet and the end of another. */
static size_t splice(struct forger *f, enum forger_way way, __u8 *out,
		     size_t len)
{
	const struct forger_packet *p = any(f, way);
	size_t cut = PKT_HDR;

	if (below(f, 2))
		cut = below(f, len < p->len ? len : p->len);
	memcpy(out + cut, p->bytes + cut, p->len - cut);
	return p->len;
}

/* Behind the window, or under a key that is no more. */
static const struct forger_packet *too_late(struct forger *f,
					    enum forger_way way)
{
	struct forger_end *end = &f->end[way];
	__u64 from = end->last - below(f, FORGER_KEPT);

	for (unsigned int i = 0; i < RECENT; i++) {
		const struct forger_packet *p = slot(end, from - i);

		if (p->len && p->held && !good(end, p))
			return p;
	}
	return NULL;
}

/* Is it, after all, exactly a packet that the receiver should accept? */
static bool is_good(struct forger *f, enum forger_way way, const __u8 *out,
		    size_t len)
{
	struct forger_end *end = &f->end[way];
	const struct forger_packet *p;

	if (len < PKT_MIN)
		return false;
	p = slot(end, seq_of(out));
	return good(end, p) && p->len == len && !memcmp(p->bytes, out, len);
}

enum forger_kind forger_make(struct forger *f, enum forger_way way, __u8 *out,
			     size_t *len)
{
	enum forger_kind kind = below(f, __FORGER_KIND_MAX);
	const struct forger_packet *p;
	size_t n, at;

	p = any(f, kind == FORGER_REFLECT ? !way : way);
	if (kind == FORGER_REORDER) {
		const struct forger_packet *late = too_late(f, way);

		/* There is not always one. */
		if (late)
			p = late;
		else
			kind = FORGER_REPLAY;
	}
	n = p->len;
	memcpy(out, p->bytes, n);

	switch (kind) {
	case FORGER_FLIP:
		for (at = 1 + below(f, 8); at; at--)
			flip(f, out, n);
		break;
	case FORGER_OVERWRITE:
		at = below(f, n);
		noise(f, out + at, 1 + below(f, n - at));
		break;
	case FORGER_TRUNCATE:
		n = below(f, n);
		break;
	case FORGER_EXTEND:
		n = extend(f, out, n);
		break;
	case FORGER_FIELD:
		field(f, way, out, n);
		break;
	case FORGER_REFLECT:
		if (below(f, 4))
			put_index(out, f->end[way].index);
		if (below(f, 2))
			put_seq(out, ahead(f, way));
		break;
	case FORGER_SPLICE:
		n = splice(f, way, out, n);
		break;
	case FORGER_NOISE:
		n = below(f, 300);
		noise(f, out, n);
		/* Some of it is made to look like a packet. */
		at = below(f, 4);
		if (at && n >= HEAD) {
			memcpy(out, "\x10\0\0\0", 4);
			if (at > 1)
				put_index(out, f->end[way].index);
		}
		break;
	case FORGER_REPLAY:
	case FORGER_REORDER:
	case __FORGER_KIND_MAX:
		break;
	}

	/* What has a sequence that was seen is refused unopened. */
	if (kind <= FORGER_EXTEND && n >= PKT_MIN && below(f, 2))
		put_seq(out, ahead(f, way));
	/*
	 * What is still unseen and changed in nothing is not hostile. A
	 * changed tag never is right.
	 */
	if (is_good(f, way, out, n))
		out[n - 1] ^= 1;
	/* A segment would be kept for a while; segment.c looks at these. */
	if (n >= HEAD && out[0] == THEMIS_PKT_SEGMENT)
		out[3] |= 1;
	*len = n;
	return kind;
}

enum themis_counter forger_reason(const struct forger *f, enum forger_way way,
				  const __u8 *pkt, size_t len)
{
	static const size_t agreement[] = {
		[THEMIS_PKT_INIT]	= THEMIS_PKT_INIT_LEN,
		[THEMIS_PKT_RESP]	= THEMIS_PKT_RESP_LEN,
		[THEMIS_PKT_CONFIRM]	= THEMIS_PKT_CONFIRM_LEN,
		[THEMIS_PKT_COOKIE]	= THEMIS_PKT_COOKIE_LEN,
		[THEMIS_PKT_REFUSE]	= THEMIS_PKT_REFUSE_LEN,
	};
	const struct forger_end *end = &f->end[way];

	if (len < HEAD)
		return THEMIS_CNT_RX_SHORT;
	if ((pkt[1] || pkt[2] || pkt[3]) && pkt[0] != THEMIS_PKT_SEGMENT)
		return THEMIS_CNT_RX_TYPE;
	if (pkt[0] >= THEMIS_PKT_INIT && pkt[0] <= THEMIS_PKT_REFUSE)
		return len == agreement[pkt[0]] ? THEMIS_CNT_RX_NO_DAEMON :
						  THEMIS_CNT_RX_LENGTH;
	if (pkt[0] != THEMIS_PKT_DATA && pkt[0] != THEMIS_PKT_SEGMENT)
		return THEMIS_CNT_RX_TYPE;
	if (len < (pkt[0] == THEMIS_PKT_DATA ? PKT_MIN : PKT_HDR))
		return THEMIS_CNT_RX_SHORT;
	if (index_of(pkt) != end->index)
		return THEMIS_CNT_RX_INDEX;
	if (!fresh(end, seq_of(pkt)))
		return THEMIS_CNT_RX_REPLAY;
	return pkt[0] == THEMIS_PKT_DATA ? THEMIS_CNT_RX_TAG :
					   THEMIS_CNT_RX_SEGMENT;
}

const char *forger_kind_name(enum forger_kind kind)
{
	static const char * const names[] = {
		[FORGER_FLIP]		= "flip",
		[FORGER_OVERWRITE]	= "overwrite",
		[FORGER_TRUNCATE]	= "truncate",
		[FORGER_EXTEND]		= "extend",
		[FORGER_FIELD]		= "field",
		[FORGER_REPLAY]		= "replay",
		[FORGER_REORDER]	= "reorder",
		[FORGER_REFLECT]	= "reflect",
		[FORGER_SPLICE]		= "splice",
		[FORGER_NOISE]		= "noise",
	};

	return names[kind];
}
