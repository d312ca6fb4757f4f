/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A forger: makes hostile packets out of real ones, and knows from the
 * protocol alone, Documentation/protocol.rst, why each of them has to be
 * dropped. Nothing but the seed decides what it makes of what it was given.
 */
#ifndef SELFTESTS_THEMIS_FORGER_H
#define SELFTESTS_THEMIS_FORGER_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/themis.h>
#include <linux/types.h>

#define FORGER_PKT_MAX	65507	/* what UDP over IPv4 carries */
#define FORGER_KEPT	2048	/* packets remembered in each direction */
#define FORGER_WINDOW	960	/* of the receiver, in packets */

/* The two directions of a conversation; also: who receives. */
enum forger_way {
	FORGER_TO_A,
	FORGER_TO_B,
	FORGER_WAYS,
};

enum forger_kind {
	FORGER_FLIP,		/* a few bits */
	FORGER_OVERWRITE,	/* some bytes by noise */
	FORGER_TRUNCATE,
	FORGER_EXTEND,
	FORGER_FIELD,		/* one field of the header */
	FORGER_REPLAY,		/* as it was */
	FORGER_REORDER,		/* held back for too long */
	FORGER_REFLECT,		/* back to its sender */
	FORGER_SPLICE,		/* parts of two */
	FORGER_NOISE,
	__FORGER_KIND_MAX,
};

/**
 * struct forger_packet - a real packet
 * @len: its bytes; 0 for none
 * @held: it has never been delivered
 * @bytes: the packet
 */
struct forger_packet {
	size_t	len;
	bool	held;
	__u8	*bytes;
};

/**
 * struct forger_end - what can be known of a receiver from outside
 * @index: of its key
 * @greatest: greatest sequence that was delivered under that key
 * @last: sequence of the last packet kept
 * @kept: real packets to it, of this key and of older ones, each at the
 *	remainder of its sequence
 */
struct forger_end {
	__u32			index;
	__u64			greatest;
	__u64			last;
	struct forger_packet	kept[FORGER_KEPT];
};

/**
 * struct forger - the forger
 * @random: state of its generator
 * @end: by enum forger_way
 */
struct forger {
	__u64			random;
	struct forger_end	end[FORGER_WAYS];
};

/**
 * forger_init() - begin
 * @f: what to fill
 * @seed: decides all that follows
 */
void forger_init(struct forger *f, __u64 seed);

/**
 * forger_free() - let go of all packets
 * @f: what forger_init() filled
 */
void forger_free(struct forger *f);

/**
 * forger_key() - a receiver has a new key, and no other
 * @f: the forger
 * @way: who receives
 * @index: the key's
 */
void forger_key(struct forger *f, enum forger_way way, __u32 index);

/**
 * forger_keep() - remember a real packet
 * @f: the forger
 * @way: who it is for
 * @pkt: the packet
 * @len: its bytes, no more than FORGER_PKT_MAX
 * @held: it is not delivered for now, else it is, before anything else
 */
void forger_keep(struct forger *f, enum forger_way way,
		 const void *pkt, size_t len, bool held);

/**
 * forger_last() - the last packet kept
 * @f: the forger
 * @way: who it is for
 */
const struct forger_packet *forger_last(struct forger *f, enum forger_way way);

/**
 * forger_late() - choose a packet that was held back and is still good
 * @f: the forger
 * @way: who it is for
 *
 * It counts as delivered from now on.
 *
 * Return: the packet or NULL.
 */
const struct forger_packet *forger_late(struct forger *f, enum forger_way way);

/**
 * forger_make() - make a hostile packet
 * @f: the forger, with a packet kept in each direction
 * @way: who it is for
 * @out: where to; FORGER_PKT_MAX bytes
 * @len: filled: its bytes
 *
 * Return: what was done.
 */
enum forger_kind forger_make(struct forger *f, enum forger_way way, __u8 *out,
			     size_t *len);

/**
 * forger_reason() - why a receiver without a daemon has to drop a packet
 * @f: the forger
 * @way: who receives
 * @pkt: the packet, not a real one that is still good
 * @len: its bytes
 */
enum themis_counter forger_reason(const struct forger *f, enum forger_way way,
				  const __u8 *pkt, size_t len);

/**
 * forger_kind_name() - what was done, in a word
 * @kind: what
 */
const char *forger_kind_name(enum forger_kind kind);

#endif /* SELFTESTS_THEMIS_FORGER_H */
