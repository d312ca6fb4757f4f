// SPDX-License-Identifier: GPL-2.0
/*
 * The other side of the wire: a peer made of a plain UDP socket and
 * libsodium.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "peer.h"

#define RECV_MS		2000	/* for what has to come */
#define QUIET_MS	100	/* for what must not */
#define DRAIN_MS	20	/* for what may come, or not */

static void nonce_of(__u8 *nonce, __u64 seq)
{
	__le64 le = htole64(seq);

	memset(nonce, 0, 4);
	memcpy(nonce + 4, &le, sizeof(le));
}

size_t packet_seal(__u8 *out, const __u8 *key, __u32 index, __u64 seq,
		   const void *plain, size_t len)
{
	__u8 nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
	unsigned long long sealed;
	__be32 be_index = htonl(index);
	__be64 be_seq = htobe64(seq);

	memset(out, 0, PKT_HDR);
	out[0] = THEMIS_PKT_DATA;
	memcpy(out + 4, &be_index, sizeof(be_index));
	memcpy(out + 8, &be_seq, sizeof(be_seq));
	nonce_of(nonce, seq);
	crypto_aead_chacha20poly1305_ietf_encrypt(out + PKT_HDR, &sealed,
						  plain, len, out, PKT_HDR,
						  NULL, nonce, key);
	return PKT_HDR + sealed;
}

size_t packet_msg(__u8 *out, const __u8 *key, __u32 index, __u64 seq,
		  __u8 kind, const void *msg, size_t len)
{
	static __u8 plain[PKT_INNER + PKT_MAX];
	__be16 sport = htons(WIRE_FROM);
	__be16 dport = htons(WIRE_PORT);

	memset(plain, 0, PKT_INNER);
	if (kind != THEMIS_MSG_KEEPALIVE) {
		memcpy(plain, &sport, sizeof(sport));
		memcpy(plain + 2, &dport, sizeof(dport));
	}
	plain[4] = kind;
	if (len)
		memcpy(plain + PKT_INNER, msg, len);
	return packet_seal(out, key, index, seq, plain, PKT_INNER + len);
}

size_t packet_response(__u8 *out, const __u8 *key, __u32 index, __u64 seq,
		       __u64 answers, const void *msg, size_t len)
{
	static __u8 body[sizeof(__be64) + PKT_MAX];
	__be64 be = htobe64(answers);

	/* To packet_msg() the number is the beginning of the message. */
	memcpy(body, &be, sizeof(be));
	if (len)
		memcpy(body + sizeof(be), msg, len);
	return packet_msg(out, key, index, seq, THEMIS_MSG_RESPONSE, body,
			  sizeof(be) + len);
}

int packet_open(struct packet *pkt, const __u8 *key, const __u8 *in,
		size_t len)
{
	static __u8 plain[WIRE_WHOLE_MAX];
	__u8 nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
	unsigned long long opened;
	const __u8 *body;
	__be16 port[2];
	__be32 index;
	__be64 seq;

	memset(pkt, 0, offsetof(struct packet, msg));
	if (len < PKT_MIN || in[0] != THEMIS_PKT_DATA || in[1] || in[2] ||
	    in[3])
		return -EBADMSG;
	memcpy(&index, in + 4, sizeof(index));
	memcpy(&seq, in + 8, sizeof(seq));
	pkt->index = ntohl(index);
	pkt->seq = be64toh(seq);

	nonce_of(nonce, pkt->seq);
	if (crypto_aead_chacha20poly1305_ietf_decrypt(plain, &opened, NULL,
						      in + PKT_HDR,
						      len - PKT_HDR, in,
						      PKT_HDR, nonce, key))
		return -EBADMSG;
	memcpy(port, plain, sizeof(port));
	pkt->sport = ntohs(port[0]);
	pkt->dport = ntohs(port[1]);
	pkt->kind = plain[4];
	if (plain[5] || plain[6] || plain[7])
		return -EBADMSG;
	body = plain + PKT_INNER;
	pkt->len = opened - PKT_INNER;
	if (pkt->kind == THEMIS_MSG_RESPONSE) {
		__be64 answers;

		if (pkt->len < sizeof(answers))
			return -EBADMSG;
		memcpy(&answers, body, sizeof(answers));
		pkt->answers = be64toh(answers);
		body += sizeof(answers);
		pkt->len -= sizeof(answers);
	}
	memcpy(pkt->msg, body, pkt->len);
	return 0;
}

int wire_new(struct wire *w, const char *addr)
{
	int err;

	memset(w, 0, sizeof(*w));
	w->udp = -1;
	w->sk = -1;
	w->port = WIRE_LINK;
	w->link = endpoint(addr, w->port);
	w->ep = endpoint(addr, 0);
	fill_random(w->node, sizeof(w->node));
	fill_random(w->peer, sizeof(w->peer));

	err = net_new(&w->net);
	if (!err)
		err = link_new(&w->net, w->port);
	if (!err)
		err = node_new(&w->net, w->node, w->port);
	if (err)
		return err;
	w->udp = udp_bound(&w->net, &w->ep);
	if (w->udp < 0)
		return w->udp;
	w->sk = themis_bound(&w->net, w->node, WIRE_PORT);
	return w->sk < 0 ? w->sk : 0;
}

int wire_up(struct wire *w, __u32 flags)
{
	int err;

	err = session_new(&w->net, w->node, w->peer, &w->ep);
	if (err)
		return err;
	key_random(&w->key, flags);
	w->seq = 0;
	err = wire_key(w, &w->key);
	wire_drain(w);
	return err;
}

int wire_key(struct wire *w, const struct key *key)
{
	return key_new(&w->net, w->node, w->peer, key);
}

int wire_send(struct wire *w, const void *buf, size_t len)
{
	if (sendto(w->udp, buf, len, 0, &w->link.sa,
		   endpoint_len(&w->link)) < 0)
		return -errno;
	return 0;
}

int wire_msg_key(struct wire *w, const struct key *key, __u64 seq,
		 const void *msg, size_t len)
{
	static __u8 out[PKT_MIN + PKT_MAX];

	return wire_send(w, out, packet_msg(out, key->rx, key->local, seq,
					    THEMIS_MSG_DATAGRAM, msg, len));
}

int wire_msg(struct wire *w, const void *msg, size_t len)
{
	return wire_msg_key(w, &w->key, ++w->seq, msg, len);
}

int wire_respond(struct wire *w, __u64 answers, const void *msg, size_t len)
{
	static __u8 out[PKT_MIN + sizeof(__be64) + PKT_MAX];

	return wire_send(w, out, packet_response(out, w->key.rx, w->key.local,
						 ++w->seq, answers, msg,
						 len));
}

int wire_whole(struct wire *w, __u8 *whole, size_t *len, size_t *largest)
{
	static __u8 part[PKT_MAX], got[256];
	size_t size = 0;
	int last = 255;
	int n;

	*len = PKT_HDR;
	*largest = 0;
	memset(got, 0, sizeof(got));
	for (int i = 0; i <= last; i++) {
		n = recv_ms(w->udp, part, sizeof(part), RECV_MS);
		if (n < 0)
			return n;
		if (!i && part[0] != THEMIS_PKT_SEGMENT) {
			memcpy(whole, part, n);
			*len = n;
			return 1;
		}
		if (n <= PKT_HDR || part[0] != THEMIS_PKT_SEGMENT || part[3] ||
		    part[1] > part[2] || got[part[1]]++ ||
		    (i && part[2] != last))
			return -EBADMSG;
		last = part[2];
		n -= PKT_HDR;
		if (part[1] < last) {
			if (size && (size_t)n != size)
				return -EBADMSG;
			size = n;
		}
		if ((size_t)n > *largest)
			*largest = n;
		if (PKT_HDR + part[1] * size + n > WIRE_WHOLE_MAX)
			return -EBADMSG;
		memcpy(whole, part, PKT_HDR);
		memcpy(whole + PKT_HDR + part[1] * size, part + PKT_HDR, n);
		*len += n;
	}
	memset(whole, 0, 4);
	whole[0] = THEMIS_PKT_DATA;
	return last + 1;
}

int wire_recv(struct wire *w, const struct key *key, struct packet *pkt)
{
	static __u8 in[WIRE_WHOLE_MAX];
	size_t len, largest;
	int n;

	n = wire_whole(w, in, &len, &largest);
	if (n < 0)
		return n;
	if (packet_open(pkt, key->tx, in, len) || pkt->index != key->remote)
		return -EBADMSG;
	return 0;
}

void wire_drain(struct wire *w)
{
	__u8 byte;

	while (recv_ms(w->udp, &byte, sizeof(byte), DRAIN_MS) >= 0)
		;
}

bool wire_quiet(struct wire *w)
{
	__u8 byte;

	return recv_ms(w->udp, &byte, sizeof(byte), QUIET_MS) == -EAGAIN;
}

int wire_write(struct wire *w, const void *msg, size_t len)
{
	return send_to(w->sk, &w->net, w->peer, WIRE_FROM, msg, len);
}

int wire_read(struct wire *w, const void *msg, size_t len)
{
	static __u8 in[PKT_MAX];
	struct sockaddr_themis from = {};
	struct sockaddr_themis want = address(&w->net, w->peer, WIRE_FROM);
	socklen_t fromlen = sizeof(from);
	__u64 end = now_ms() + RECV_MS;
	ssize_t n;

	while ((n = recvfrom(w->sk, in, sizeof(in), MSG_DONTWAIT,
			     (struct sockaddr *)&from, &fromlen)) < 0) {
		if (errno != EAGAIN || now_ms() > end)
			return -errno;
		sleep_ms(1);
	}
	if ((size_t)n != len || memcmp(in, msg, len) ||
	    fromlen != sizeof(from) || memcmp(&from, &want, sizeof(from)))
		return -EBADMSG;
	return 0;
}

bool wire_works(struct wire *w)
{
	static struct packet pkt;
	__u8 msg[48];

	fill_random(msg, sizeof(msg));
	if (wire_msg(w, msg, sizeof(msg)) || wire_read(w, msg, sizeof(msg)))
		return false;
	if (wire_write(w, msg, sizeof(msg)) != sizeof(msg) ||
	    wire_recv(w, &w->key, &pkt))
		return false;
	return pkt.kind == THEMIS_MSG_DATAGRAM && pkt.sport == WIRE_PORT &&
	       pkt.dport == WIRE_FROM && pkt.len == sizeof(msg) &&
	       !memcmp(pkt.msg, msg, sizeof(msg));
}
