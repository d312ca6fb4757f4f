// SPDX-License-Identifier: GPL-2.0
/*
 * A hostile wire. Every packet that is not exactly right is counted under the
 * right reason, exactly once, and reaches nobody; and after it a good one
 * still gets through. The packets come from a UDP socket and a second
 * implementation of the format.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>

#include <sodium.h>

#include "kselftest_harness.h"
#include "peer.h"

static const char text[] = "a message of forty-two bytes, all told ....";

FIXTURE(wire)
{
	struct wire	w;
	struct counts	before;
	__u8		pkt[2048];
	size_t		len;
};

FIXTURE_VARIANT(wire)
{
	const char	*addr;
};

FIXTURE_VARIANT_ADD(wire, ipv4)
{
	.addr = "127.0.0.1",
};

FIXTURE_VARIANT_ADD(wire, ipv6)
{
	.addr = "::1",
};

FIXTURE_SETUP(wire)
{
	ASSERT_EQ(0, wire_new(&self->w, variant->addr));
	ASSERT_EQ(0, wire_up(&self->w, THEMIS_KEY_F_CONFIRMED));
	ASSERT_TRUE(wire_works(&self->w));
	ASSERT_EQ(0, counts_get(&self->w.net, &self->before));
}

FIXTURE_TEARDOWN(wire)
{
	/* Whatever was thrown at it, it still works, and nothing came of it. */
	EXPECT_TRUE(wire_works(&self->w));
	EXPECT_EQ(-EAGAIN, wire_read(&self->w, NULL, 0));
	EXPECT_TRUE(wire_quiet(&self->w));
	net_free(&self->w.net);
}

/* A good packet with the next sequence; not sent. */
static void make(struct _test_data_wire *self)
{
	struct wire *w = &self->w;

	self->len = packet_msg(self->pkt, w->key.rx, w->key.local, ++w->seq,
			       THEMIS_MSG_DATAGRAM, text, sizeof(text));
}

/* Send it, and expect it dropped for one reason. */
static bool refused(struct _test_data_wire *self, const void *pkt, size_t len,
		    int why)
{
	struct counts before;

	if (counts_get(&self->w.net, &before) ||
	    wire_send(&self->w, pkt, len))
		return false;
	return dropped(&self->w.net, &before, why, 1);
}

#define EXPECT_REFUSED(pkt, len, why) \
	EXPECT_TRUE(refused(self, pkt, len, THEMIS_CNT_##why))

TEST_F(wire, short_of_its_header)
{
	__u8 zero[PKT_MIN] = {};

	make(self);
	for (size_t len = 0; len < PKT_MIN; len++) {
		EXPECT_REFUSED(self->pkt, len, RX_SHORT)
			TH_LOG("%zu bytes", len);
	}
	EXPECT_REFUSED(zero, 7, RX_SHORT);
}

TEST_F(wire, unknown_type)
{
	make(self);
	for (int type = 0; type < 256; type++) {
		if (type == THEMIS_PKT_DATA || type == THEMIS_PKT_SEGMENT ||
		    (type >= THEMIS_PKT_INIT && type <= THEMIS_PKT_REFUSE))
			continue;
		self->pkt[0] = type;
		EXPECT_REFUSED(self->pkt, self->len, RX_TYPE)
			TH_LOG("type %d", type);
	}
}

TEST_F(wire, reserved_bits)
{
	for (int bit = 8; bit < 32; bit++) {
		make(self);
		self->pkt[bit / 8] ^= 1 << bit % 8;
		EXPECT_REFUSED(self->pkt, self->len, RX_TYPE)
			TH_LOG("bit %d", bit);
	}
}

TEST_F(wire, unknown_index)
{
	for (int bit = 0; bit < 32; bit++) {
		make(self);
		self->pkt[4 + bit / 8] ^= 1 << bit % 8;
		EXPECT_REFUSED(self->pkt, self->len, RX_INDEX)
			TH_LOG("bit %d", bit);
	}
	make(self);
	memset(self->pkt + 4, 0, 4);
	EXPECT_REFUSED(self->pkt, self->len, RX_INDEX);
	/* The one that we send with is not the one to receive with. */
	make(self);
	memcpy(self->pkt + 4, &(__be32){ htonl(self->w.key.remote) }, 4);
	EXPECT_REFUSED(self->pkt, self->len, RX_INDEX);
}

/* One bit is enough, wherever it is. */
TEST_F_TIMEOUT(wire, altered_anywhere, 60)
{
	make(self);
	for (size_t at = PKT_HDR; at < self->len; at++) {
		__u8 bit = 1 << at % 8;

		self->pkt[at] ^= bit;
		EXPECT_REFUSED(self->pkt, self->len, RX_TAG)
			TH_LOG("byte %zu", at);
		self->pkt[at] ^= bit;
	}
	/* Another sequence: not behind, so that the window lets it pass. */
	for (int bit = 0; bit < 64; bit++) {
		make(self);
		if (self->w.seq >> bit & 1)
			continue;
		self->pkt[15 - bit / 8] |= 1 << bit % 8;
		EXPECT_REFUSED(self->pkt, self->len, RX_TAG)
			TH_LOG("bit %d of the sequence", bit);
	}

	/* None of those has used the packet up. */
	make(self);
	ASSERT_EQ(0, wire_send(&self->w, self->pkt, self->len));
	EXPECT_EQ(0, wire_read(&self->w, text, sizeof(text)));
}

TEST_F_TIMEOUT(wire, cut_and_grown, 60)
{
	make(self);
	for (size_t len = PKT_MIN; len < self->len; len++) {
		EXPECT_REFUSED(self->pkt, len, RX_TAG)
			TH_LOG("cut to %zu", len);
	}
	memset(self->pkt + self->len, 0, 64);
	for (size_t more = 1; more <= 64; more++) {
		EXPECT_REFUSED(self->pkt, self->len + more, RX_TAG)
			TH_LOG("grown by %zu", more);
	}
	ASSERT_EQ(0, wire_send(&self->w, self->pkt, self->len));
	EXPECT_EQ(0, wire_read(&self->w, text, sizeof(text)));
}

TEST_F(wire, wrong_key)
{
	struct wire *w = &self->w;
	__u8 key[THEMIS_KEY_LEN];

	fill_random(key, sizeof(key));
	self->len = packet_msg(self->pkt, key, w->key.local, ++w->seq,
			       THEMIS_MSG_DATAGRAM, text, sizeof(text));
	EXPECT_REFUSED(self->pkt, self->len, RX_TAG);
	/* The key that the kernel seals with does not open for it. */
	self->len = packet_msg(self->pkt, w->key.tx, w->key.local, ++w->seq,
			       THEMIS_MSG_DATAGRAM, text, sizeof(text));
	EXPECT_REFUSED(self->pkt, self->len, RX_TAG);
}

/* Not under a nonce of another form, such as a big-endian one. */
TEST_F(wire, wrong_nonce)
{
	__u8 nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES] = {};
	__u8 plain[PKT_INNER + 1] = {};
	struct wire *w = &self->w;
	unsigned long long sealed;

	make(self);
	memcpy(nonce + 4, self->pkt + 8, 8);
	memcpy(plain + 2, &(__be16){ htons(WIRE_PORT) }, 2);
	crypto_aead_chacha20poly1305_ietf_encrypt(self->pkt + PKT_HDR, &sealed,
						  plain, sizeof(plain),
						  self->pkt, PKT_HDR, NULL,
						  nonce, w->key.rx);
	EXPECT_REFUSED(self->pkt, PKT_HDR + sealed, RX_TAG);
}

TEST_F(wire, replay)
{
	make(self);
	ASSERT_EQ(0, wire_send(&self->w, self->pkt, self->len));
	EXPECT_EQ(0, wire_read(&self->w, text, sizeof(text)));
	for (int i = 0; i < 3; i++)
		EXPECT_REFUSED(self->pkt, self->len, RX_REPLAY);

	/* Nor later, nor from elsewhere. */
	ASSERT_TRUE(wire_works(&self->w));
	EXPECT_REFUSED(self->pkt, self->len, RX_REPLAY);
	self->w.ep = endpoint(variant->addr, 0);
	close(self->w.udp);
	self->w.udp = udp_bound(&self->w.net, &self->w.ep);
	ASSERT_LE(0, self->w.udp);
	EXPECT_REFUSED(self->pkt, self->len, RX_REPLAY);
}

TEST_F(wire, sequence_zero)
{
	struct wire *w = &self->w;

	self->len = packet_msg(self->pkt, w->key.rx, w->key.local, 0,
			       THEMIS_MSG_DATAGRAM, text, sizeof(text));
	EXPECT_REFUSED(self->pkt, self->len, RX_REPLAY);
}

/* Out of order is fine, within the window and once. */
TEST_F(wire, window)
{
	struct wire *w = &self->w;
	__u64 top = 10000;

	ASSERT_EQ(0, wire_msg_key(w, &w->key, top, text, sizeof(text)));
	EXPECT_EQ(0, wire_read(w, text, sizeof(text)));
	for (__u64 back = 1; back < 900; back += 89) {
		ASSERT_EQ(0, wire_msg_key(w, &w->key, top - back, text,
					  sizeof(text)));
		EXPECT_EQ(0, wire_read(w, text, sizeof(text)))
			TH_LOG("%llu back", back);
	}
	for (__u64 back = 1; back < 900; back += 89) {
		self->len = packet_msg(self->pkt, w->key.rx, w->key.local,
				       top - back, THEMIS_MSG_DATAGRAM, text,
				       sizeof(text));
		EXPECT_REFUSED(self->pkt, self->len, RX_REPLAY);
	}
	for (__u64 back = 1024; back < top; back += 1111) {
		self->len = packet_msg(self->pkt, w->key.rx, w->key.local,
				       top - back, THEMIS_MSG_DATAGRAM, text,
				       sizeof(text));
		EXPECT_REFUSED(self->pkt, self->len, RX_REPLAY);
	}
	w->seq = top;
}

/* A forged packet far ahead must not move the window. */
TEST_F(wire, window_needs_proof)
{
	struct wire *w = &self->w;
	__u8 key[THEMIS_KEY_LEN];

	fill_random(key, sizeof(key));
	self->len = packet_msg(self->pkt, key, w->key.local, 1ULL << 40,
			       THEMIS_MSG_DATAGRAM, text, sizeof(text));
	EXPECT_REFUSED(self->pkt, self->len, RX_TAG);
	self->len = packet_msg(self->pkt, key, w->key.local, ~0ULL,
			       THEMIS_MSG_DATAGRAM, text, sizeof(text));
	EXPECT_REFUSED(self->pkt, self->len, RX_TAG);
}

TEST_F(wire, reflection)
{
	struct wire *w = &self->w;
	int n;

	ASSERT_EQ(sizeof(text), wire_write(w, text, sizeof(text)));
	n = recv_ms(w->udp, self->pkt, sizeof(self->pkt), 2000);
	ASSERT_LT(0, n);
	EXPECT_REFUSED(self->pkt, n, RX_INDEX);
	/* Even if both sides had happened to choose the same index. */
	memcpy(self->pkt + 4, &(__be32){ htonl(w->key.local) }, 4);
	memcpy(self->pkt + 8, &(__be64){ htobe64(1000) }, 8);
	EXPECT_REFUSED(self->pkt, n, RX_TAG);
}

/* Of two sessions the header of the one and the body of the other. */
TEST_F(wire, splice)
{
	struct wire *w = &self->w;
	__u8 third[THEMIS_ID_LEN], pkt[256];
	struct key key;

	fill_random(third, sizeof(third));
	key_random(&key, THEMIS_KEY_F_CONFIRMED);
	ASSERT_EQ(0, session_new(&w->net, w->node, third, &w->ep));
	ASSERT_EQ(0, key_new(&w->net, w->node, third, &key));
	wire_drain(w);

	make(self);
	packet_msg(pkt, key.rx, key.local, w->seq, THEMIS_MSG_DATAGRAM, text,
		   sizeof(text));
	memcpy(pkt + PKT_HDR, self->pkt + PKT_HDR, self->len - PKT_HDR);
	EXPECT_REFUSED(pkt, self->len, RX_TAG);
	packet_msg(pkt, key.rx, key.local, w->seq, THEMIS_MSG_DATAGRAM, text,
		   sizeof(text));
	memcpy(self->pkt + PKT_HDR, pkt + PKT_HDR, self->len - PKT_HDR);
	EXPECT_REFUSED(self->pkt, self->len, RX_TAG);
}

/* Proven to come from the peer and still wrong: nothing reaches a socket. */
TEST_F(wire, inner_header)
{
	static const struct {
		__u8	at;
		__u8	val;
	} bad[] = {
		{ 4, 4 }, { 4, 5 }, { 4, 16 }, { 4, 255 },	/* kind */
		{ 5, 1 }, { 5, 0x80 },				/* flags */
		{ 6, 1 }, { 6, 0x80 }, { 7, 1 }, { 7, 0x80 },	/* zero */
		{ 4, THEMIS_MSG_KEEPALIVE },	/* with ports and a message */
	};
	struct wire *w = &self->w;
	__u8 plain[PKT_INNER + 8];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		memset(plain, 0, sizeof(plain));
		memcpy(plain, &(__be16){ htons(WIRE_FROM) }, 2);
		memcpy(plain + 2, &(__be16){ htons(WIRE_PORT) }, 2);
		plain[bad[i].at] = bad[i].val;
		self->len = packet_seal(self->pkt, w->key.rx, w->key.local,
					++w->seq, plain, sizeof(plain));
		EXPECT_REFUSED(self->pkt, self->len, RX_INNER)
			TH_LOG("byte %d is %d", bad[i].at, bad[i].val);
	}

	/* A response without room for what it answers. */
	memset(plain + 4, 0, 4);
	plain[4] = THEMIS_MSG_RESPONSE;
	for (size_t len = PKT_INNER; len < PKT_INNER + 8; len++) {
		self->len = packet_seal(self->pkt, w->key.rx, w->key.local,
					++w->seq, plain, len);
		EXPECT_REFUSED(self->pkt, self->len, RX_INNER);
	}

	/* It counts as seen all the same. */
	EXPECT_REFUSED(self->pkt, self->len, RX_REPLAY);
}

TEST_F(wire, keepalive)
{
	struct wire *w = &self->w;

	self->len = packet_msg(self->pkt, w->key.rx, w->key.local, ++w->seq,
			       THEMIS_MSG_KEEPALIVE, NULL, 0);
	ASSERT_EQ(PKT_MIN, self->len);
	ASSERT_EQ(0, wire_send(w, self->pkt, self->len));
	EXPECT_EQ(1, count_wait(&w->net, &self->before,
				THEMIS_CNT_RX_KEEPALIVES, 1));
	EXPECT_TRUE(dropped(&w->net, &self->before, 0, 0));
	EXPECT_REFUSED(self->pkt, self->len, RX_REPLAY);
	/* Nor does it end up at port zero. */
	EXPECT_EQ(-EAGAIN, wire_read(w, NULL, 0));
}

TEST_F(wire, no_such_port)
{
	struct wire *w = &self->w;
	__u8 plain[PKT_INNER] = {};

	memcpy(plain, &(__be16){ htons(WIRE_FROM) }, 2);
	memcpy(plain + 2, &(__be16){ htons(WIRE_PORT + 1) }, 2);
	self->len = packet_seal(self->pkt, w->key.rx, w->key.local, ++w->seq,
				plain, sizeof(plain));
	EXPECT_REFUSED(self->pkt, self->len, RX_PORT);
	/* The proven sender is told; delivery.c looks at that. */
	wire_drain(w);
}

/* An index is worth nothing in another namespace, nor on another link. */
TEST_F(wire, elsewhere)
{
	static struct wire other;
	union endpoint link;

	ASSERT_EQ(0, wire_new(&other, variant->addr));
	ASSERT_EQ(0, wire_up(&other, THEMIS_KEY_F_CONFIRMED));
	make(self);
	ASSERT_EQ(0, counts_get(&other.net, &self->before));
	ASSERT_EQ(0, wire_send(&other, self->pkt, self->len));
	EXPECT_TRUE(dropped(&other.net, &self->before, THEMIS_CNT_RX_INDEX,
			    1));
	net_free(&other.net);

	ASSERT_EQ(0, net_enter(&self->w.net));
	ASSERT_EQ(0, link_new(&self->w.net, WIRE_LINK + 1));
	link = self->w.link;
	self->w.link = endpoint(variant->addr, WIRE_LINK + 1);
	EXPECT_REFUSED(self->pkt, self->len, RX_INDEX);
	self->w.link = link;
	ASSERT_EQ(0, wire_send(&self->w, self->pkt, self->len));
	EXPECT_EQ(0, wire_read(&self->w, text, sizeof(text)));
}

/* Random bytes, random lengths: counted, every one of them, and no more. */
TEST_F_TIMEOUT(wire, noise, 120)
{
	struct wire *w = &self->w;
	struct counts after;
	__u64 drops = 0;
	__u8 pkt[300];

	srandom(18);
	for (int i = 0; i < 5000; i++) {
		size_t len = random() % sizeof(pkt);

		for (size_t at = 0; at < len; at++)
			pkt[at] = random();
		if (i % 2 && len >= 4)
			memcpy(pkt, "\x10\0\0\0", 4);
		if (i % 4 == 3 && len >= 8)
			memcpy(pkt + 4, &(__be32){ htonl(w->key.local) }, 4);
		ASSERT_EQ(0, wire_send(w, pkt, len));
	}
	sleep_ms(100);
	ASSERT_EQ(0, counts_get(&w->net, &after));
	for (int i = THEMIS_CNT_RX_SHORT; i <= THEMIS_CNT_RX_MEMORY; i++)
		drops += after.val[i] - self->before.val[i];
	EXPECT_EQ(5000, drops);
}

/*
 * A file's pages, spliced into a UDP socket, arrive at the link as they are.
 * Opening them in place would write into the file.
 */
static bool splice_file(struct wire *w, int fd, ssize_t len)
{
	int pipefd[2];
	bool good;

	if (lseek(fd, 0, SEEK_SET) || pipe(pipefd))
		return false;
	good = splice(fd, NULL, pipefd[1], NULL, len, 0) == len &&
	       splice(pipefd[0], NULL, w->udp, NULL, len, 0) == len;
	close(pipefd[0]);
	close(pipefd[1]);
	return good;
}

static bool file_is(int fd, const void *buf, ssize_t len)
{
	__u8 now[2048];

	return pread(fd, now, sizeof(now), 0) == len && !memcmp(now, buf, len);
}

TEST_F(wire, spliced_file_stays)
{
	char name[] = "/tmp/themis-XXXXXX";
	struct wire *w = &self->w;
	ssize_t len;
	int fd, ro;

	make(self);
	len = self->len;
	fd = mkstemp(name);
	ASSERT_LE(0, fd);
	ASSERT_EQ(len, write(fd, self->pkt, len));
	ro = open(name, O_RDONLY);
	ASSERT_LE(0, ro);
	unlink(name);
	ASSERT_EQ(0, connect(w->udp, &w->link.sa, endpoint_len(&w->link)));
	ASSERT_TRUE(splice_file(w, ro, len));
	EXPECT_EQ(0, wire_read(w, text, sizeof(text)));
	EXPECT_TRUE(file_is(ro, self->pkt, len));

	/* The same with one that does not open. */
	make(self);
	self->pkt[len - 1] ^= 1;
	ASSERT_EQ(len, pwrite(fd, self->pkt, len, 0));
	ASSERT_TRUE(splice_file(w, ro, len));
	EXPECT_TRUE(dropped(&w->net, &self->before, THEMIS_CNT_RX_TAG, 1));
	EXPECT_TRUE(file_is(ro, self->pkt, len));
	close(fd);
	close(ro);
}

TEST_HARNESS_MAIN
