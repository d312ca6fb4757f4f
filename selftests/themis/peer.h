/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The other side of the wire: a peer made of a plain UDP socket and
 * libsodium, which seals and opens packets as Documentation/protocol.rst says
 * and so proves the module against a second implementation.
 */
#ifndef SELFTESTS_THEMIS_PEER_H
#define SELFTESTS_THEMIS_PEER_H

#include "lib.h"

#define PKT_HDR		16	/* type, flags, zero, index, sequence */
#define PKT_INNER	8	/* ports, kind, flags, zero */
#define PKT_TAG		16
#define PKT_MIN		(PKT_HDR + PKT_INNER + PKT_TAG)
#define PKT_MAX		65535

/* A message of any size, whole: more than one packet takes. */
#define WIRE_WHOLE_MAX	(THEMIS_MSG_MAX + PKT_MIN + 8)

/**
 * struct wire - a node in the kernel and its peer on a UDP socket
 * @net: the kernel's side
 * @node: id of the node in the kernel
 * @peer: id of the node that the UDP socket plays
 * @port: UDP port of the kernel's link
 * @link: the address of that link
 * @ep: the address of the UDP socket
 * @udp: the UDP socket
 * @key: the kernel's key; @key.rx is what we seal with
 * @seq: the last sequence that we used
 * @sk: AF_THEMIS socket of the node, bound to WIRE_PORT
 */
struct wire {
	struct net	net;
	__u8		node[THEMIS_ID_LEN];
	__u8		peer[THEMIS_ID_LEN];
	__u16		port;
	union endpoint	link;
	union endpoint	ep;
	int		udp;
	struct key	key;
	__u64		seq;
	int		sk;
};

#define WIRE_LINK	7000	/* UDP port of the kernel's link */
#define WIRE_PORT	80	/* port of the kernel's socket */
#define WIRE_FROM	4000	/* port that the peer speaks from */

/**
 * struct packet - an opened packet
 * @index: receiver's index
 * @seq: sequence
 * @sport: source port
 * @dport: destination port
 * @kind: enum themis_msg_kind
 * @answers: in a response the sequence of its command
 * @len: bytes of @msg
 * @msg: the message
 */
struct packet {
	__u32	index;
	__u64	seq;
	__u16	sport;
	__u16	dport;
	__u8	kind;
	__u64	answers;
	size_t	len;
	__u8	msg[WIRE_WHOLE_MAX];
};

/**
 * packet_seal() - seal any plaintext
 * @out: the packet; PKT_HDR + @len + PKT_TAG bytes
 * @key: THEMIS_KEY_LEN bytes
 * @index: receiver's index
 * @seq: sequence
 * @plain: the plaintext, inner header included
 * @len: its bytes
 *
 * Return: bytes of the packet.
 */
size_t packet_seal(__u8 *out, const __u8 *key, __u32 index, __u64 seq,
		   const void *plain, size_t len);

/**
 * packet_msg() - seal a message
 * @out: the packet; PKT_MIN + @len bytes
 * @key: THEMIS_KEY_LEN bytes
 * @index: receiver's index
 * @seq: sequence
 * @kind: enum themis_msg_kind; a keepalive has ports of zero
 * @msg: the message
 * @len: its bytes
 *
 * From WIRE_FROM to WIRE_PORT.
 *
 * Return: bytes of the packet.
 */
size_t packet_msg(__u8 *out, const __u8 *key, __u32 index, __u64 seq,
		  __u8 kind, const void *msg, size_t len);

/**
 * packet_response() - seal a response
 * @out: the packet; PKT_MIN + 8 + @len bytes
 * @key: THEMIS_KEY_LEN bytes
 * @index: receiver's index
 * @seq: sequence
 * @answers: sequence of the command
 * @msg: the message
 * @len: its bytes
 *
 * From WIRE_FROM to WIRE_PORT.
 *
 * Return: bytes of the packet.
 */
size_t packet_response(__u8 *out, const __u8 *key, __u32 index, __u64 seq,
		       __u64 answers, const void *msg, size_t len);

/**
 * packet_open() - check and open a packet
 * @pkt: what to fill
 * @key: THEMIS_KEY_LEN bytes
 * @in: the packet
 * @len: its bytes
 *
 * Return: 0, or -EBADMSG if any byte is not as the protocol has it.
 */
int packet_open(struct packet *pkt, const __u8 *key, const __u8 *in,
		size_t len);

/**
 * wire_new() - make everything but the session: namespace, link, node, UDP
 *	socket, AF_THEMIS socket
 * @w: what to fill
 * @addr: loopback address, IPv4 or IPv6
 */
int wire_new(struct wire *w, const char *addr);

/**
 * wire_up() - make the session and a key in it
 * @w: after wire_new()
 * @flags: THEMIS_KEY_F_*
 *
 * The kernel may greet a peer with a keepalive; that is thrown away.
 */
int wire_up(struct wire *w, __u32 flags);

/**
 * wire_key() - install a key; w->key stays as it is
 * @w: with a session
 * @key: the key
 */
int wire_key(struct wire *w, const struct key *key);

/**
 * wire_send() - send bytes to the kernel's link, as they are
 * @w: after wire_new()
 * @buf: packet
 * @len: its bytes
 */
int wire_send(struct wire *w, const void *buf, size_t len);

/**
 * wire_msg() - send a datagram under w->key with the next sequence
 * @w: after wire_up()
 * @msg: the message
 * @len: its bytes
 */
int wire_msg(struct wire *w, const void *msg, size_t len);

/**
 * wire_msg_key() - send a datagram under another key
 * @w: after wire_new()
 * @key: the key
 * @seq: sequence
 * @msg: the message
 * @len: its bytes
 */
int wire_msg_key(struct wire *w, const struct key *key, __u64 seq,
		 const void *msg, size_t len);

/**
 * wire_respond() - send a response under w->key with the next sequence
 * @w: after wire_up()
 * @answers: sequence of the command
 * @msg: the message
 * @len: its bytes
 */
int wire_respond(struct wire *w, __u64 answers, const void *msg, size_t len);

/**
 * wire_whole() - one message from the kernel, as a packet that is whole
 * @w: the wire
 * @whole: where to, WIRE_WHOLE_MAX bytes
 * @len: its length
 * @largest: bytes after the header in its largest segment; 0 if it came whole
 *
 * Return: in how many packets it came, -EAGAIN after two seconds, -EBADMSG for
 * segments that do not fit together, or another negative errno.
 */
int wire_whole(struct wire *w, __u8 *whole, size_t *len, size_t *largest);

/**
 * wire_recv() - wait for a packet of the kernel and open it
 * @w: after wire_new()
 * @key: the key that it has to be sealed with
 * @pkt: what to fill
 *
 * Return: 0, -EAGAIN if nothing came, -EBADMSG if it does not open.
 */
int wire_recv(struct wire *w, const struct key *key, struct packet *pkt);

/**
 * wire_drain() - throw away what the kernel has sent so far
 * @w: after wire_new()
 */
void wire_drain(struct wire *w);

/**
 * wire_quiet() - does the kernel send nothing?
 * @w: after wire_new()
 */
bool wire_quiet(struct wire *w);

/**
 * wire_write() - send from the kernel's socket to the peer
 * @w: after wire_new()
 * @msg: the message
 * @len: its bytes
 *
 * Return: bytes sent or a negative errno. Never blocks.
 */
int wire_write(struct wire *w, const void *msg, size_t len);

/**
 * wire_read() - receive on the kernel's socket and compare
 * @w: after wire_new()
 * @msg: the message expected
 * @len: its bytes
 *
 * Return: 0 if exactly that came from the peer, -EAGAIN if nothing came,
 * -EBADMSG if it was something else.
 */
int wire_read(struct wire *w, const void *msg, size_t len);

/**
 * wire_works() - does a message pass in both directions under w->key?
 * @w: after wire_up()
 */
bool wire_works(struct wire *w);

#endif /* SELFTESTS_THEMIS_PEER_H */
