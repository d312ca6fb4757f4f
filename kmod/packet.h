/* SPDX-License-Identifier: GPL-2.0 */
/* The wire format of sealed messages. Documentation/protocol.rst. */
#ifndef THEMIS_PACKET_H
#define THEMIS_PACKET_H

#include <linux/build_bug.h>
#include <linux/types.h>

#include <linux/themis.h>

/**
 * struct themis_packet - the header of every packet; for data all of it
 * @type: enum themis_pkt_type
 * @flags: zero
 * @zero: zero
 * @index: the receiver's, for this key
 * @seq: only in data
 *
 * ::
 *
 *     +---------------+---------------+-------------------------------+
 *     |     type      |     flags     |             zero              |
 *     +---------------+---------------+-------------------------------+
 *     |                       receiver's index                        |
 *     +---------------------------------------------------------------+
 *     |                                                               |
 *     +                           sequence                            +
 *     |                                                               |
 *     +---------------------------------------------------------------+
 *
 * Additional data of the AEAD, so all of it is authentic.
 */
struct themis_packet {
	u8	type;
	u8	flags;
	__be16	zero;
	__be32	index;
	__be64	seq;
} __packed;

/**
 * struct themis_segment - the header of a packet that is part of a message
 * @type: THEMIS_PKT_SEGMENT
 * @number: which part, from zero
 * @last: the number of the last one, the same in all; not zero
 * @zero: zero
 * @index: the receiver's, as in the whole packet
 * @seq: as in the whole packet
 *
 * ::
 *
 *     +---------------+---------------+---------------+---------------+
 *     |     type      |    number     |     last      |     zero      |
 *     +---------------+---------------+---------------+---------------+
 *     |                       receiver's index                        |
 *     +---------------------------------------------------------------+
 *     |                                                               |
 *     +                           sequence                            +
 *     |                                                               |
 *     +---------------------------------------------------------------+
 *
 * What follows is a part of what follows &struct themis_packet in the whole
 * packet, which is sealed as one.
 */
struct themis_segment {
	u8	type;
	u8	number;
	u8	last;
	u8	zero;
	__be32	index;
	__be64	seq;
} __packed;

/**
 * struct themis_inner - in front of the message, inside the encryption
 * @source: port of the sender
 * @dest: port of the receiver
 * @kind: enum themis_msg_kind
 * @flags: zero
 * @zero: zero
 */
struct themis_inner {
	__be16	source;
	__be16	dest;
	u8	kind;
	u8	flags;
	__be16	zero;
} __packed;

/**
 * struct themis_inner_response - the same in a response
 * @inner: as in every message
 * @answers: sequence of the command that it answers
 */
struct themis_inner_response {
	struct themis_inner	inner;
	__be64			answers;
} __packed;

/* What stands in front of a message of this kind. */
static inline size_t themis_inner_len(u8 kind)
{
	return kind == THEMIS_MSG_RESPONSE ?
	       sizeof(struct themis_inner_response) :
	       sizeof(struct themis_inner);
}

#define THEMIS_TAG_LEN	16

/* The longest packet, in segments. */
#define THEMIS_PACKET_MAX	(THEMIS_MSG_MAX + sizeof(struct themis_packet) + \
				 sizeof(struct themis_inner_response) + \
				 THEMIS_TAG_LEN)

static_assert(sizeof(struct themis_packet) == 16);
static_assert(sizeof(struct themis_segment) == sizeof(struct themis_packet));
static_assert(sizeof(struct themis_inner) == 8);

#endif /* THEMIS_PACKET_H */
