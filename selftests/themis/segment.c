// SPDX-License-Identifier: GPL-2.0
/*
 * Messages longer than the path's MTU: the segments that the kernel sends are
 * what Documentation/protocol.rst says, it puts those of a second
 * implementation together in any order, and whoever throws others in between
 * gets no further than the counters.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/udp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "peer.h"

#define SIZE		1408	/* bytes of a packet in one segment */
#define MSG		10000
#define SEGMENTS	8	/* of a message of MSG bytes */

FIXTURE(segment)
{
	struct wire	w;
	struct counts	before;
	__u8		msg[MSG];
	__u8		whole[WIRE_WHOLE_MAX];
	size_t		len;
};

FIXTURE_VARIANT(segment)
{
	const char	*addr;
};

FIXTURE_VARIANT_ADD(segment, ipv4)
{
	.addr = "127.0.0.1",
};

FIXTURE_VARIANT_ADD(segment, ipv6)
{
	.addr = "::1",
};

FIXTURE_SETUP(segment)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_mtu = 1500 };
	int size = 4 << 20;

	ASSERT_EQ(0, wire_new(&self->w, variant->addr));
	ASSERT_EQ(0, ioctl(self->w.udp, SIOCSIFMTU, &lo));
	ASSERT_EQ(0, wire_up(&self->w, THEMIS_KEY_F_CONFIRMED));
	ASSERT_EQ(0, setsockopt(self->w.udp, SOL_SOCKET, SO_RCVBUFFORCE, &size,
				sizeof(size)));
	ASSERT_EQ(0, setsockopt(self->w.sk, SOL_SOCKET, SO_RCVBUFFORCE, &size,
				sizeof(size)));
	ASSERT_EQ(0, setsockopt(self->w.sk, SOL_SOCKET, SO_SNDBUFFORCE, &size,
				sizeof(size)));
	ASSERT_TRUE(wire_works(&self->w));
	fill_random(self->msg, MSG);
	ASSERT_EQ(0, counts_get(&self->w.net, &self->before));
}

FIXTURE_TEARDOWN(segment)
{
	EXPECT_TRUE(wire_works(&self->w));
	EXPECT_EQ(-EAGAIN, wire_read(&self->w, NULL, 0));
	net_free(&self->w.net);
}

/* The next message, sealed; not sent. */
static void make(struct _test_data_segment *self)
{
	struct wire *w = &self->w;

	self->len = packet_msg(self->whole, w->key.rx, w->key.local, ++w->seq,
			       THEMIS_MSG_DATAGRAM, self->msg, MSG);
}

/* One segment of it, so many bytes, or fewer at the end. */
static size_t segment(const struct _test_data_segment *self, __u8 *out,
		      int number, int last, size_t size)
{
	size_t at = PKT_HDR + number * size;
	size_t len = self->len - at < size ? self->len - at : size;

	memcpy(out, self->whole, PKT_HDR);
	out[0] = THEMIS_PKT_SEGMENT;
	out[1] = number;
	out[2] = last;
	memcpy(out + PKT_HDR, self->whole + at, len);
	return PKT_HDR + len;
}

static int send_segment(struct _test_data_segment *self, int number)
{
	__u8 out[PKT_HDR + SIZE];

	return wire_send(&self->w, out, segment(self, out, number,
						SEGMENTS - 1, SIZE));
}

/* What the kernel sends: equal segments that fit the path, one seal. */
TEST_F(segment, sent)
{
	static const int sizes[] = { 1500, 3000, MSG, 60000, THEMIS_MSG_MAX };
	static __u8 msg[THEMIS_MSG_MAX];
	static struct packet pkt;
	size_t largest;

	fill_random(msg, sizeof(msg));
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		ASSERT_EQ(sizes[i], wire_write(&self->w, msg, sizes[i]));
		ASSERT_LE(2, wire_whole(&self->w, self->whole,
					&self->len, &largest));
		EXPECT_GE(1500 - 20 - 8 - PKT_HDR, (int)largest);
		ASSERT_EQ(0, packet_open(&pkt, self->w.key.tx, self->whole,
					 self->len));
		ASSERT_EQ((size_t)sizes[i], pkt.len);
		EXPECT_EQ(0, memcmp(pkt.msg, msg, sizes[i]));
	}
	EXPECT_TRUE(dropped(&self->w.net, &self->before, 0, 0));
}

TEST_F(segment, in_any_order)
{
	static const int orders[][SEGMENTS] = {
		{ 0, 1, 2, 3, 4, 5, 6, 7 },
		{ 7, 6, 5, 4, 3, 2, 1, 0 },
		{ 3, 7, 0, 2, 5, 1, 6, 4 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		make(self);
		for (int j = 0; j < SEGMENTS; j++)
			ASSERT_EQ(0, send_segment(self, orders[i][j]));
		EXPECT_EQ(0, wire_read(&self->w, self->msg, MSG));
	}
	EXPECT_TRUE(dropped(&self->w.net, &self->before, 0, 0));
}

/* Cut by offload on the sender's side, so that it arrives in one piece. */
TEST_F(segment, offloaded)
{
	static __u8 all[SEGMENTS * (PKT_HDR + SIZE)];
	int gso = PKT_HDR + SIZE;
	size_t len = 0;

	ASSERT_EQ(0, setsockopt(self->w.udp, SOL_UDP, UDP_SEGMENT, &gso,
				sizeof(gso)));
	for (int i = 0; i < 3; i++) {
		make(self);
		len = 0;
		for (int j = 0; j < SEGMENTS; j++)
			len += segment(self, all + len, j, SEGMENTS - 1, SIZE);
		ASSERT_EQ(0, wire_send(&self->w, all, len));
		EXPECT_EQ(0, wire_read(&self->w, self->msg, MSG));
	}
	gso = 0;
	ASSERT_EQ(0, setsockopt(self->w.udp, SOL_UDP, UDP_SEGMENT, &gso,
				sizeof(gso)));
	EXPECT_TRUE(dropped(&self->w.net, &self->before, 0, 0));
}

/* Several messages at once, each other one's segments in between. */
TEST_F(segment, interleaved)
{
	static __u8 whole[4][WIRE_WHOLE_MAX];
	__u64 first = self->w.seq + 1;

	for (int i = 0; i < 4; i++) {
		make(self);
		memcpy(whole[i], self->whole, self->len);
	}
	for (int j = 0; j < SEGMENTS; j++)
		for (int i = 0; i < 4; i++) {
			memcpy(self->whole, whole[i], self->len);
			ASSERT_EQ(0, send_segment(self, j));
		}
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(0, wire_read(&self->w, self->msg, MSG));
	EXPECT_EQ(first + 3, self->w.seq);
	EXPECT_TRUE(dropped(&self->w.net, &self->before, 0, 0));
}

static bool refused(struct _test_data_segment *self, const void *pkt,
		    size_t len, int why)
{
	struct counts before;

	if (counts_get(&self->w.net, &before) ||
	    wire_send(&self->w, pkt, len))
		return false;
	return dropped(&self->w.net, &before, why, 1);
}

#define EXPECT_REFUSED(pkt, len, why) \
	EXPECT_TRUE(refused(self, pkt, len, THEMIS_CNT_##why))

TEST_F(segment, malformed)
{
	__u8 out[PKT_HDR + SIZE];
	size_t len;

	make(self);
	len = segment(self, out, 0, SEGMENTS - 1, SIZE);
	out[3] = 1;
	EXPECT_REFUSED(out, len, RX_SEGMENT);
	out[3] = 0;
	out[2] = 0;		/* alone */
	EXPECT_REFUSED(out, len, RX_SEGMENT);
	out[2] = 64;		/* too many */
	EXPECT_REFUSED(out, len, RX_SEGMENT);
	out[2] = 255;
	EXPECT_REFUSED(out, len, RX_SEGMENT);
	out[2] = 63;		/* too long together */
	EXPECT_REFUSED(out, len, RX_SEGMENT);
	out[2] = SEGMENTS - 1;
	out[1] = SEGMENTS;	/* behind the last */
	EXPECT_REFUSED(out, len, RX_SEGMENT);
	out[1] = 0;
	EXPECT_REFUSED(out, PKT_HDR, RX_SEGMENT);
	EXPECT_REFUSED(out, PKT_HDR + 1023, RX_SEGMENT);
	EXPECT_REFUSED(out, PKT_HDR - 1, RX_SHORT);
	out[4] ^= 1;
	EXPECT_REFUSED(out, len, RX_INDEX);
}

/* Of a message that has begun; none of these spoils it. */
TEST_F(segment, does_not_belong)
{
	__u8 out[PKT_HDR + SIZE];
	size_t len;

	make(self);
	for (int i = 0; i < SEGMENTS - 2; i++)
		ASSERT_EQ(0, send_segment(self, i));
	len = segment(self, out, 2, SEGMENTS - 1, SIZE);
	EXPECT_REFUSED(out, len, RX_SEGMENT);		/* twice */
	out[1] = SEGMENTS - 2;
	EXPECT_REFUSED(out, len - 1, RX_SEGMENT);	/* not as long */
	out[2] = SEGMENTS;
	EXPECT_REFUSED(out, len, RX_SEGMENT);		/* of how many? */
	ASSERT_EQ(0, send_segment(self, SEGMENTS - 1));
	ASSERT_EQ(0, send_segment(self, SEGMENTS - 2));
	EXPECT_EQ(0, wire_read(&self->w, self->msg, MSG));
	/* It is known now. */
	len = segment(self, out, 0, SEGMENTS - 1, SIZE);
	EXPECT_REFUSED(out, len, RX_REPLAY);
}

/* The end longer than the others, whichever comes first. */
TEST_F(segment, long_end)
{
	__u8 out[PKT_HDR + SIZE];

	make(self);
	segment(self, out, 0, 1, SIZE);
	ASSERT_EQ(0, wire_send(&self->w, out, PKT_HDR + 1200));
	out[1] = 1;
	EXPECT_REFUSED(out, PKT_HDR + 1201, RX_SEGMENT);
	make(self);
	segment(self, out, 0, 1, SIZE);
	out[1] = 1;
	ASSERT_EQ(0, wire_send(&self->w, out, PKT_HDR + 1201));
	out[1] = 0;
	EXPECT_REFUSED(out, PKT_HDR + 1200, RX_SEGMENT);
}

TEST_F(segment, altered)
{
	__u8 out[PKT_HDR + SIZE];
	size_t len;

	for (int bad = 0; bad < SEGMENTS; bad++) {
		make(self);
		for (int i = 0; i < SEGMENTS - 1; i++) {
			len = segment(self, out, i, SEGMENTS - 1, SIZE);
			out[PKT_HDR + 5] ^= i == bad;
			ASSERT_EQ(0, wire_send(&self->w, out, len));
		}
		len = segment(self, out, SEGMENTS - 1, SEGMENTS - 1, SIZE);
		out[PKT_HDR + 5] ^= bad == SEGMENTS - 1;
		EXPECT_REFUSED(out, len, RX_TAG);
		/* The true one is welcome afterwards. */
		for (int i = 0; i < SEGMENTS; i++)
			ASSERT_EQ(0, send_segment(self, i));
		EXPECT_EQ(0, wire_read(&self->w, self->msg, MSG));
	}
}

/* How many messages have been given up, once so many have or it is late? */
static __u64 given_up(struct _test_data_segment *self, __u64 n)
{
	__u64 now = 0;

	for (int i = 0; i < 10 && now < n; i++)
		now = count_wait(&self->w.net, &self->before,
				 THEMIS_CNT_RX_PARTIAL, n);
	return now;
}

/* Somebody else's address: a message of its own, which never ends. */
TEST_F_TIMEOUT(segment, from_elsewhere, 60)
{
	struct wire other = self->w;
	__u8 out[PKT_HDR + SIZE];
	size_t len;

	other.udp = socket(self->w.ep.sa.sa_family, SOCK_DGRAM, 0);
	ASSERT_LE(0, other.udp);
	make(self);
	for (int i = 0; i < SEGMENTS; i++) {
		len = segment(self, out, i, SEGMENTS - 1, SIZE);
		out[PKT_HDR + 7] ^= 0xff;
		if (i == 3)
			ASSERT_EQ(0, wire_send(&other, out, len));
		ASSERT_EQ(0, send_segment(self, i));
	}
	EXPECT_EQ(0, wire_read(&self->w, self->msg, MSG));
	close(other.udp);
	EXPECT_EQ(1, given_up(self, 1));
}

/* Pages of a file, spliced, are nothing to open a message in. */
TEST_F(segment, spliced_file_stays)
{
	char name[] = "/tmp/themis-XXXXXX";
	__u8 out[2][PKT_HDR + SIZE], now[PKT_HDR + SIZE];
	struct wire *w = &self->w;
	size_t len[2];
	int fd, ro;

	ASSERT_EQ(0, connect(w->udp, &w->link.sa, endpoint_len(&w->link)));
	fd = mkstemp(name);
	ASSERT_LE(0, fd);
	ro = open(name, O_RDONLY);
	ASSERT_LE(0, ro);
	unlink(name);

	/* The second time one that does not open. */
	for (int bad = 0; bad < 2; bad++) {
		self->len = packet_msg(self->whole, w->key.rx, w->key.local,
				       ++w->seq, THEMIS_MSG_DATAGRAM,
				       self->msg, 2000);
		self->whole[self->len - 1] ^= bad;
		for (int i = 0; i < 2; i++) {
			loff_t at = 4096 * i;
			int pipefd[2];

			len[i] = segment(self, out[i], i, 1, SIZE);
			ASSERT_EQ((ssize_t)len[i],
				  pwrite(fd, out[i], len[i], at));
			ASSERT_EQ(0, pipe(pipefd));
			ASSERT_EQ((ssize_t)len[i],
				  splice(ro, &at, pipefd[1], NULL, len[i], 0));
			ASSERT_EQ((ssize_t)len[i],
				  splice(pipefd[0], NULL, w->udp, NULL, len[i],
					 0));
			close(pipefd[0]);
			close(pipefd[1]);
		}
		EXPECT_EQ(bad ? -EAGAIN : 0, wire_read(w, self->msg, 2000));
		for (int i = 0; i < 2; i++) {
			ASSERT_EQ((ssize_t)len[i],
				  pread(ro, now, len[i], 4096 * i));
			EXPECT_EQ(0, memcmp(now, out[i], len[i]));
		}
	}
	EXPECT_TRUE(dropped(&w->net, &self->before, THEMIS_CNT_RX_TAG, 1));
	close(fd);
	close(ro);
}

/* What does not become whole is given up, and counted once. */
TEST_F_TIMEOUT(segment, times_out, 60)
{
	for (int i = 0; i < 5; i++) {
		make(self);
		for (int j = 1; j < SEGMENTS; j++)
			ASSERT_EQ(0, send_segment(self, j));
	}
	EXPECT_TRUE(dropped(&self->w.net, &self->before, 0, 0));
	EXPECT_EQ(5, given_up(self, 5));
	EXPECT_TRUE(dropped(&self->w.net, &self->before,
			    THEMIS_CNT_RX_PARTIAL, 5));
	/* The end of the last one comes too late: it begins again. */
	ASSERT_EQ(0, send_segment(self, 0));
	EXPECT_EQ(-EAGAIN, wire_read(&self->w, NULL, 0));
}

/* The newest are kept, the oldest go. */
TEST_F(segment, bound_of_a_session)
{
	for (int i = 0; i < 100; i++) {
		make(self);
		ASSERT_EQ(0, send_segment(self, 0));
	}
	EXPECT_EQ(84, count_wait(&self->w.net, &self->before,
				 THEMIS_CNT_RX_PARTIAL, 84));
	for (int i = 1; i < SEGMENTS; i++)
		ASSERT_EQ(0, send_segment(self, i));
	EXPECT_EQ(0, wire_read(&self->w, self->msg, MSG));
	/* What is left goes with the session. */
	ASSERT_EQ(0, session_del(&self->w.net, self->w.node, self->w.peer));
	EXPECT_TRUE(dropped(&self->w.net, &self->before,
			    THEMIS_CNT_RX_PARTIAL, 99));
	ASSERT_EQ(0, wire_up(&self->w, THEMIS_KEY_F_CONFIRMED));
}

/* Nobody fills the memory: of all sessions of a namespace together. */
TEST_F_TIMEOUT(segment, bound_of_a_namespace, 60)
{
	static struct key keys[40];
	struct wire *w = &self->w;
	__u8 out[PKT_HDR + SIZE];
	__u64 full = 0;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		__u8 peer[THEMIS_ID_LEN];

		fill_random(peer, sizeof(peer));
		key_random(&keys[i], THEMIS_KEY_F_CONFIRMED);
		ASSERT_EQ(0, session_new(&w->net, w->node, peer, &w->ep));
		ASSERT_EQ(0, key_new(&w->net, w->node, peer, &keys[i]));
	}
	make(self);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		for (int seq = 1; seq <= 16; seq++)
			for (int j = 1; j < SEGMENTS - 1; j++) {
				size_t len = segment(self, out, j,
						     SEGMENTS - 1, SIZE);

				memcpy(out + 4, &(__be32){
					htonl(keys[i].local) }, 4);
				memcpy(out + 8, &(__be64){ htobe64(seq) }, 8);
				ASSERT_EQ(0, wire_send(w, out, len));
			}
	full = count_wait(&w->net, &self->before, THEMIS_CNT_RX_PARTIAL_FULL,
			  100);
	EXPECT_LE(100, full);
	/* Greetings to the peers of these sessions. */
	wire_drain(w);
	/* Others get through all the same, if in one packet. */
	EXPECT_TRUE(wire_works(w));
}

TEST_HARNESS_MAIN
