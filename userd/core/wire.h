/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The packets of the key agreement as they are on the wire: protocol.rst,
 * "Packets" and "The key agreement". Every field lies at a multiple of its
 * size, so the structures have no padding; the assertions below hold them to
 * the offsets of the protocol. Integers are big-endian.
 */
#ifndef THEMIS_WIRE_H
#define THEMIS_WIRE_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/themis.h>

#define THEMIS_WIRE_VERSION	1
#define THEMIS_WIRE_SUITE	THEMIS_SUITE_CHACHA20POLY1305

/**
 * struct themis_head - what every packet begins with
 * @type: enum themis_pkt_type
 * @zero: the flags, of which none is defined, and two spare bytes
 * @index: the receiver's index; in message 1 the first bytes of its id
 *
 *	 0               1               2               3
 *	+---------------+---------------+---------------+---------------+
 *	|     type      |                     zero                      |
 *	+---------------+---------------+---------------+---------------+
 *	|                       receiver's index                        |
 *	+---------------------------------------------------------------+
 */
struct themis_head {
	uint8_t		type;
	uint8_t		zero[3];
	uint8_t		index[4];
};

/**
 * struct themis_init - message 1, INIT
 * @head: type 1, and the first four bytes of B
 * @sender: the initiator's index
 * @version: THEMIS_WIRE_VERSION
 * @suite: THEMIS_WIRE_SUITE
 * @netid_len: 1 to 32
 * @zero: zero
 * @netid: padded with zeros
 * @public_key: PK_A
 * @share: d^a
 * @nonce: N_A
 * @signature: Sig_A, over the bytes 8 to 143
 * @probe: SipHash of the bytes 0 to 207 under the first half of B
 * @cookie: of the last COOKIE received, or zero
 *
 *	  0 +---------------------------------------------------------------+
 *	    |                         head, 8 bytes                         |
 *	  8 +---------------------------------------------------------------+
 *	    |                       initiator's index                       |
 *	 12 +---------------+---------------+---------------+---------------+
 *	    |    version    |     suite     |   netid len   |     zero      |
 *	 16 +---------------+---------------+---------------+---------------+
 *	    |                        netid, 32 bytes                        |
 *	 48 |                        PK_A, 32 bytes                         |
 *	 80 |                        d^a, 32 bytes                          |
 *	112 |                        N_A, 32 bytes                          |
 *	144 |                        Sig_A, 64 bytes                        |
 *	208 |                        probe, 8 bytes                         |
 *	216 |                        cookie, 16 bytes                       |
 *	232 +---------------------------------------------------------------+
 */
struct themis_init {
	struct themis_head	head;
	uint8_t			sender[4];
	uint8_t			version;
	uint8_t			suite;
	uint8_t			netid_len;
	uint8_t			zero;
	uint8_t			netid[THEMIS_NETID_MAX];
	uint8_t			public_key[32];
	uint8_t			share[32];
	uint8_t			nonce[32];
	uint8_t			signature[64];
	uint8_t			probe[8];
	uint8_t			cookie[16];
};

/**
 * struct themis_resp - message 2, RESP
 * @head: type 2, and the initiator's index
 * @sender: the responder's index
 * @version: THEMIS_WIRE_VERSION
 * @suite: THEMIS_WIRE_SUITE
 * @zero: zero
 * @public_key: PK_B
 * @share: d^b
 * @signature: Sig_B, over the bytes 4 to 79 and the initiator's part
 * @confirm: confirm_B
 *
 *	  0 +---------------------------------------------------------------+
 *	    |                         head, 8 bytes                         |
 *	  8 +---------------------------------------------------------------+
 *	    |                       responder's index                       |
 *	 12 +---------------+---------------+-------------------------------+
 *	    |    version    |     suite     |             zero              |
 *	 16 +---------------+---------------+-------------------------------+
 *	    |                        PK_B, 32 bytes                         |
 *	 48 |                        d^b, 32 bytes                          |
 *	 80 |                        Sig_B, 64 bytes                        |
 *	144 |                        confirm_B, 32 bytes                    |
 *	176 +---------------------------------------------------------------+
 */
struct themis_resp {
	struct themis_head	head;
	uint8_t			sender[4];
	uint8_t			version;
	uint8_t			suite;
	uint8_t			zero[2];
	uint8_t			public_key[32];
	uint8_t			share[32];
	uint8_t			signature[64];
	uint8_t			confirm[32];
};

/**
 * struct themis_confirm - message 3, CONFIRM
 * @head: type 3, and the responder's index
 * @sender: the initiator's index
 * @zero: zero
 * @confirm: confirm_A
 *
 *	  0 +---------------------------------------------------------------+
 *	    |                         head, 8 bytes                         |
 *	  8 +---------------------------------------------------------------+
 *	    |                       initiator's index                       |
 *	 12 +---------------------------------------------------------------+
 *	    |                             zero                              |
 *	 16 +---------------------------------------------------------------+
 *	    |                        confirm_A, 32 bytes                    |
 *	 48 +---------------------------------------------------------------+
 */
struct themis_confirm {
	struct themis_head	head;
	uint8_t			sender[4];
	uint8_t			zero[4];
	uint8_t			confirm[32];
};

/**
 * struct themis_cookie - a request to prove the sender's address, COOKIE
 * @head: type 4, and the initiator's index
 * @cookie: opaque to the initiator
 *
 *	  0 +---------------------------------------------------------------+
 *	    |                         head, 8 bytes                         |
 *	  8 +---------------------------------------------------------------+
 *	    |                        cookie, 16 bytes                       |
 *	 24 +---------------------------------------------------------------+
 */
struct themis_cookie {
	struct themis_head	head;
	uint8_t			cookie[16];
};

/**
 * enum themis_refusal - why there is no agreement, as REFUSE says it
 * @THEMIS_REFUSAL_UNLISTED: the node speaks to listed peers only
 * @THEMIS_REFUSAL_DENIED: the node denies this peer
 * @THEMIS_REFUSAL_VERSION: the node speaks another version
 * @THEMIS_REFUSAL_SUITE: the node speaks another suite
 */
enum themis_refusal {
	THEMIS_REFUSAL_UNLISTED = 1,
	THEMIS_REFUSAL_DENIED = 2,
	THEMIS_REFUSAL_VERSION = 3,
	THEMIS_REFUSAL_SUITE = 4,
};

/**
 * struct themis_refuse - no to message 1, and why, REFUSE
 * @head: type 5, and the initiator's index
 * @version: the responder's
 * @suite: the responder's
 * @reason: enum themis_refusal; others may come
 * @zero: zero
 * @public_key: PK_B
 * @signature: Sig_B, over the bytes 4 to 47, message 1 and B
 *
 *	  0 +---------------------------------------------------------------+
 *	    |                         head, 8 bytes                         |
 *	  8 +---------------+---------------+---------------+---------------+
 *	    |    version    |     suite     |    reason     |     zero      |
 *	 12 +---------------+---------------+---------------+---------------+
 *	    |                             zero                              |
 *	 16 +---------------------------------------------------------------+
 *	    |                        PK_B, 32 bytes                         |
 *	 48 |                        Sig_B, 64 bytes                        |
 *	112 +---------------------------------------------------------------+
 */
struct themis_refuse {
	struct themis_head	head;
	uint8_t			version;
	uint8_t			suite;
	uint8_t			reason;
	uint8_t			zero[5];
	uint8_t			public_key[32];
	uint8_t			signature[64];
};

#define THEMIS_WIRE_AT(type, field, at)					\
	static_assert(offsetof(struct type, field) == (at),		\
		      #type "." #field " is not at byte " #at)

THEMIS_WIRE_AT(themis_head, index, 4);
static_assert(sizeof(struct themis_head) == 8, "head");

THEMIS_WIRE_AT(themis_init, sender, 8);
THEMIS_WIRE_AT(themis_init, version, 12);
THEMIS_WIRE_AT(themis_init, suite, 13);
THEMIS_WIRE_AT(themis_init, netid_len, 14);
THEMIS_WIRE_AT(themis_init, zero, 15);
THEMIS_WIRE_AT(themis_init, netid, 16);
THEMIS_WIRE_AT(themis_init, public_key, 48);
THEMIS_WIRE_AT(themis_init, share, 80);
THEMIS_WIRE_AT(themis_init, nonce, 112);
THEMIS_WIRE_AT(themis_init, signature, 144);
THEMIS_WIRE_AT(themis_init, probe, 208);
THEMIS_WIRE_AT(themis_init, cookie, 216);
static_assert(sizeof(struct themis_init) == THEMIS_PKT_INIT_LEN, "INIT");

THEMIS_WIRE_AT(themis_resp, sender, 8);
THEMIS_WIRE_AT(themis_resp, version, 12);
THEMIS_WIRE_AT(themis_resp, suite, 13);
THEMIS_WIRE_AT(themis_resp, zero, 14);
THEMIS_WIRE_AT(themis_resp, public_key, 16);
THEMIS_WIRE_AT(themis_resp, share, 48);
THEMIS_WIRE_AT(themis_resp, signature, 80);
THEMIS_WIRE_AT(themis_resp, confirm, 144);
static_assert(sizeof(struct themis_resp) == THEMIS_PKT_RESP_LEN, "RESP");

THEMIS_WIRE_AT(themis_confirm, sender, 8);
THEMIS_WIRE_AT(themis_confirm, zero, 12);
THEMIS_WIRE_AT(themis_confirm, confirm, 16);
static_assert(sizeof(struct themis_confirm) == THEMIS_PKT_CONFIRM_LEN,
	      "CONFIRM");

THEMIS_WIRE_AT(themis_cookie, cookie, 8);
static_assert(sizeof(struct themis_cookie) == THEMIS_PKT_COOKIE_LEN,
	      "COOKIE");

THEMIS_WIRE_AT(themis_refuse, version, 8);
THEMIS_WIRE_AT(themis_refuse, suite, 9);
THEMIS_WIRE_AT(themis_refuse, reason, 10);
THEMIS_WIRE_AT(themis_refuse, zero, 11);
THEMIS_WIRE_AT(themis_refuse, public_key, 16);
THEMIS_WIRE_AT(themis_refuse, signature, 48);
static_assert(sizeof(struct themis_refuse) == THEMIS_PKT_REFUSE_LEN,
	      "REFUSE");
/* Never a longer answer than the question. */
static_assert(THEMIS_PKT_REFUSE_LEN < THEMIS_PKT_INIT_LEN, "REFUSE");

static inline uint32_t themis_wire_get32(const uint8_t b[4])
{
	return (uint32_t)b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3];
}

static inline void themis_wire_put32(uint8_t b[4], uint32_t v)
{
	b[0] = v >> 24;
	b[1] = v >> 16;
	b[2] = v >> 8;
	b[3] = v;
}

#endif /* THEMIS_WIRE_H */
