// SPDX-License-Identifier: GPL-2.0
/*
 * SOCK_RAW, the daemon's door for the packets of the key agreement.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <sys/un.h>

#include "kselftest_harness.h"
#include "peer.h"

static const struct {
	__u8	type;
	size_t	len;
} handshake[] = {
	{ THEMIS_PKT_INIT, THEMIS_PKT_INIT_LEN },
	{ THEMIS_PKT_RESP, THEMIS_PKT_RESP_LEN },
	{ THEMIS_PKT_CONFIRM, THEMIS_PKT_CONFIRM_LEN },
	{ THEMIS_PKT_COOKIE, THEMIS_PKT_COOKIE_LEN },
	{ THEMIS_PKT_REFUSE, THEMIS_PKT_REFUSE_LEN },
};

FIXTURE(raw)
{
	struct wire	w;
	struct counts	before;
	int		fd;
	__u8		pkt[512];
};

FIXTURE_VARIANT(raw)
{
	const char	*addr;
};

FIXTURE_VARIANT_ADD(raw, ipv4)
{
	.addr = "127.0.0.1",
};

FIXTURE_VARIANT_ADD(raw, ipv6)
{
	.addr = "::1",
};

static struct sockaddr_themis link_address(const struct net *net, __u16 port)
{
	struct sockaddr_themis sth = address(net, NULL, port);

	sth.sth_kind = THEMIS_KIND_LINK;
	return sth;
}

static int link_bind(int fd, const struct net *net, __u16 port)
{
	struct sockaddr_themis sth = link_address(net, port);

	return bind(fd, (struct sockaddr *)&sth, sizeof(sth)) ? -errno : 0;
}

FIXTURE_SETUP(raw)
{
	ASSERT_EQ(0, wire_new(&self->w, variant->addr));
	self->fd = themis_socket(&self->w.net, SOCK_RAW);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, link_bind(self->fd, &self->w.net, WIRE_LINK));
	ASSERT_EQ(0, counts_get(&self->w.net, &self->before));
	fill_random(self->pkt, sizeof(self->pkt));
	memset(self->pkt, 0, 4);
}

FIXTURE_TEARDOWN(raw)
{
	close(self->fd);
	net_free(&self->w.net);
}

static int open_raw(void *arg)
{
	struct net *net = arg;

	return socket(net->af, SOCK_RAW, 0) < 0 ? errno : 0;
}

TEST_F(raw, needs_privilege)
{
	EXPECT_EQ(EPERM, in_child(65534, 65534, open_raw, &self->w.net));
	EXPECT_EQ(0, in_child(-1, -1, open_raw, &self->w.net));
	EXPECT_EQ(-1, socket(self->w.net.af, SOCK_RAW, IPPROTO_UDP));
	EXPECT_EQ(EPROTONOSUPPORT, errno);
}

TEST_F(raw, bind)
{
	struct net *net = &self->w.net;
	struct sockaddr_themis sth;
	socklen_t len = sizeof(sth);
	int fd, err;

	fd = themis_socket(net, SOCK_RAW);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EADDRINUSE, link_bind(fd, net, WIRE_LINK));
	err = link_bind(fd, net, WIRE_LINK + 1);
	EXPECT_TRUE(err == -ENODEV || err == -EADDRNOTAVAIL);
	EXPECT_GT(0, link_bind(fd, net, 0));
	for (len = 0; len < sizeof(sth); len++) {
		sth = link_address(net, WIRE_LINK);
		EXPECT_EQ(-1, bind(fd, (struct sockaddr *)&sth, len));
		EXPECT_EQ(EINVAL, errno);
	}
	sth = link_address(net, WIRE_LINK);
	sth.sth_reserved[1] = 1;
	EXPECT_EQ(-1, bind(fd, (struct sockaddr *)&sth, sizeof(sth)));
	EXPECT_EQ(EINVAL, errno);
	sth = link_address(net, WIRE_LINK);
	sth.sth_id[31] = 1;
	EXPECT_EQ(-1, bind(fd, (struct sockaddr *)&sth, sizeof(sth)));
	EXPECT_EQ(EINVAL, errno);
	/* A raw socket has no node, a datagram socket no link. */
	sth = address(net, self->w.node, 1);
	EXPECT_EQ(-1, bind(fd, (struct sockaddr *)&sth, sizeof(sth)));
	EXPECT_TRUE(errno == EINVAL || errno == EAFNOSUPPORT);
	close(fd);
	fd = themis_socket(net, SOCK_DGRAM);
	ASSERT_LE(0, fd);
	err = link_bind(fd, net, WIRE_LINK);
	EXPECT_TRUE(err == -EINVAL || err == -EAFNOSUPPORT);
	close(fd);

	len = sizeof(sth);
	ASSERT_EQ(0, getsockname(self->fd, (struct sockaddr *)&sth, &len));
	EXPECT_EQ(sizeof(sth), len);
	EXPECT_EQ(THEMIS_KIND_LINK, sth.sth_kind);
	EXPECT_EQ(htons(WIRE_LINK), sth.sth_port);
	EXPECT_EQ(-EINVAL, link_bind(self->fd, net, WIRE_LINK));

	/* Another daemon can take over. */
	close(self->fd);
	self->fd = themis_socket(net, SOCK_RAW);
	ASSERT_LE(0, self->fd);
	EXPECT_EQ(0, link_bind(self->fd, net, WIRE_LINK));
}

TEST_F(raw, receives)
{
	struct wire *w = &self->w;
	union endpoint from;
	socklen_t len;
	__u8 in[512];

	for (size_t i = 0; i < ARRAY_SIZE(handshake); i++) {
		self->pkt[0] = handshake[i].type;
		ASSERT_EQ(0, wire_send(w, self->pkt, handshake[i].len));
		memset(&from, 0xff, sizeof(from));
		len = sizeof(from);
		ASSERT_EQ(handshake[i].len,
			  (size_t)recvfrom(self->fd, in, sizeof(in), 0,
					   &from.sa, &len));
		EXPECT_EQ(0, memcmp(in, self->pkt, handshake[i].len));
		EXPECT_EQ(endpoint_len(&w->ep), len);
		EXPECT_TRUE(endpoint_eq(&from, &w->ep));
	}
	EXPECT_EQ(ARRAY_SIZE(handshake),
		  count_wait(&w->net, &self->before,
			     THEMIS_CNT_RX_HANDSHAKES, ARRAY_SIZE(handshake)));
	EXPECT_TRUE(dropped(&w->net, &self->before, 0, 0));
}

TEST_F(raw, receive_flags)
{
	__u8 in[512];
	struct iovec iov = { in, 10 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	EXPECT_EQ(-EAGAIN, recv_ms(self->fd, in, sizeof(in), 0));
	self->pkt[0] = THEMIS_PKT_COOKIE;
	ASSERT_EQ(0, wire_send(&self->w, self->pkt, THEMIS_PKT_COOKIE_LEN));
	EXPECT_EQ(THEMIS_PKT_COOKIE_LEN, recv(self->fd, in, 1, MSG_PEEK |
					      MSG_TRUNC));
	EXPECT_EQ(10, recvmsg(self->fd, &msg, 0));
	EXPECT_EQ(MSG_TRUNC, msg.msg_flags & MSG_TRUNC);
	EXPECT_EQ(-EAGAIN, recv_ms(self->fd, in, sizeof(in), 0));
}

TEST_F(raw, wrong_length)
{
	struct wire *w = &self->w;
	__u64 n = 0;
	__u8 in[512];

	for (size_t i = 0; i < ARRAY_SIZE(handshake); i++) {
		self->pkt[0] = handshake[i].type;
		for (size_t len = 8; len < 300; len++) {
			if (len == handshake[i].len)
				continue;
			ASSERT_EQ(0, wire_send(w, self->pkt, len));
			n++;
		}
	}
	EXPECT_TRUE(dropped(&w->net, &self->before, THEMIS_CNT_RX_LENGTH, n));
	EXPECT_EQ(-EAGAIN, recv_ms(self->fd, in, sizeof(in), 0));
}

TEST_F(raw, reserved_bits)
{
	struct wire *w = &self->w;
	__u64 n = 0;
	__u8 in[512];

	self->pkt[0] = THEMIS_PKT_INIT;
	for (int bit = 8; bit < 32; bit++) {
		self->pkt[bit / 8] ^= 1 << bit % 8;
		ASSERT_EQ(0, wire_send(w, self->pkt, THEMIS_PKT_INIT_LEN));
		self->pkt[bit / 8] ^= 1 << bit % 8;
		n++;
	}
	EXPECT_TRUE(dropped(&w->net, &self->before, THEMIS_CNT_RX_TYPE, n));
	EXPECT_EQ(-EAGAIN, recv_ms(self->fd, in, sizeof(in), 0));
}

/* Sealed messages do not come out here, good ones or bad ones. */
TEST_F(raw, no_data)
{
	__u8 in[512];

	ASSERT_EQ(0, wire_up(&self->w, THEMIS_KEY_F_CONFIRMED));
	EXPECT_TRUE(wire_works(&self->w));
	self->pkt[0] = THEMIS_PKT_DATA;
	ASSERT_EQ(0, wire_send(&self->w, self->pkt, 100));
	EXPECT_EQ(-EAGAIN, recv_ms(self->fd, in, sizeof(in), 20));
}

TEST_F(raw, without_daemon)
{
	struct wire *w = &self->w;

	close(self->fd);
	self->pkt[0] = THEMIS_PKT_INIT;
	ASSERT_EQ(0, wire_send(w, self->pkt, THEMIS_PKT_INIT_LEN));
	EXPECT_TRUE(dropped(&w->net, &self->before, THEMIS_CNT_RX_NO_DAEMON,
			    1));
	/* An open socket that is not bound is no daemon either. */
	self->fd = themis_socket(&w->net, SOCK_RAW);
	ASSERT_EQ(0, wire_send(w, self->pkt, THEMIS_PKT_INIT_LEN));
	EXPECT_TRUE(dropped(&w->net, &self->before, THEMIS_CNT_RX_NO_DAEMON,
			    2));
}

static __u64 grown(const struct counts *now, const struct counts *before,
		   int counter)
{
	return now->val[counter] - before->val[counter];
}

/* One address that knocks without pause is slowed down; others are not. */
TEST_F(raw, rate)
{
	struct wire *w = &self->w;
	union endpoint other;
	struct counts now;
	__u64 in, out, got = 0;
	__u8 buf[512];
	int fd;

	self->pkt[0] = THEMIS_PKT_INIT;
	for (int i = 0; i < 1000; i++)
		ASSERT_EQ(0, wire_send(w, self->pkt, THEMIS_PKT_INIT_LEN));
	sleep_ms(50);
	ASSERT_EQ(0, counts_get(&w->net, &now));
	in = grown(&now, &self->before, THEMIS_CNT_RX_HANDSHAKES);
	out = grown(&now, &self->before, THEMIS_CNT_RX_RATE);
	EXPECT_EQ(1000, in + out);
	EXPECT_LT(500, out);
	EXPECT_LT(5, in);

	if (!strchr(variant->addr, ':')) {
		other = endpoint("127.0.0.2", 0);
		fd = udp_bound(&w->net, &other);
		ASSERT_LE(0, fd);
		for (int i = 0; i < 3; i++)
			ASSERT_EQ(THEMIS_PKT_INIT_LEN,
				  sendto(fd, self->pkt, THEMIS_PKT_INIT_LEN, 0,
					 &w->link.sa,
					 endpoint_len(&w->link)));
		EXPECT_EQ(in + 3, count_wait(&w->net, &self->before,
					     THEMIS_CNT_RX_HANDSHAKES,
					     in + 3));
		close(fd);
		in += 3;
	}
	while (recv_ms(self->fd, buf, sizeof(buf), 0) > 0)
		got++;
	EXPECT_EQ(in, got);

	/* A daemon that keeps up hears everybody. */
	ASSERT_EQ(0, counts_get(&w->net, &self->before));
	for (int i = 0; i < 20; i++) {
		ASSERT_EQ(0, wire_send(w, self->pkt, THEMIS_PKT_INIT_LEN));
		EXPECT_EQ(THEMIS_PKT_INIT_LEN,
			  recv_ms(self->fd, buf, sizeof(buf), 2000));
	}
	EXPECT_TRUE(dropped(&w->net, &self->before, 0, 0));
}

/* A flood from everywhere ends at the daemon's buffer. */
TEST_F(raw, full)
{
	struct wire *w = &self->w;
	struct counts now;
	__u8 buf[512];
	int size = 1;
	int got = 0;
	char addr[32];
	int fd;

	if (strchr(variant->addr, ':'))
		SKIP(return, "one loopback address is no flood");
	ASSERT_EQ(0, setsockopt(self->fd, SOL_SOCKET, SO_RCVBUF, &size,
				sizeof(size)));
	self->pkt[0] = THEMIS_PKT_INIT;
	for (int i = 1; i < 200; i++) {
		union endpoint from;

		snprintf(addr, sizeof(addr), "127.0.1.%d", i);
		from = endpoint(addr, 0);
		fd = udp_bound(&w->net, &from);
		ASSERT_LE(0, fd);
		ASSERT_EQ(THEMIS_PKT_INIT_LEN,
			  sendto(fd, self->pkt, THEMIS_PKT_INIT_LEN, 0,
				 &w->link.sa, endpoint_len(&w->link)));
		close(fd);
	}
	sleep_ms(50);
	ASSERT_EQ(0, counts_get(&w->net, &now));
	while (recv_ms(self->fd, buf, sizeof(buf), 0) > 0)
		got++;
	EXPECT_LT(0, got);
	EXPECT_EQ(got, (int)grown(&now, &self->before,
				  THEMIS_CNT_RX_HANDSHAKES));
	EXPECT_EQ(199 - got, (int)grown(&now, &self->before,
					THEMIS_CNT_RX_DAEMON_FULL));
}

TEST_F(raw, sends)
{
	struct wire *w = &self->w;
	union endpoint from;
	socklen_t len;
	__u8 in[512];

	for (size_t i = 0; i < ARRAY_SIZE(handshake); i++) {
		self->pkt[0] = handshake[i].type;
		ASSERT_EQ(handshake[i].len,
			  (size_t)sendto(self->fd, self->pkt,
					 handshake[i].len, 0, &w->ep.sa,
					 endpoint_len(&w->ep)));
		len = sizeof(from);
		memset(&from, 0, sizeof(from));
		ASSERT_EQ(handshake[i].len,
			  (size_t)recvfrom(w->udp, in, sizeof(in), 0,
					   &from.sa, &len));
		EXPECT_EQ(0, memcmp(in, self->pkt, handshake[i].len));
		/* One port for everything: what opens a NAT for one, for all */
		EXPECT_TRUE(endpoint_eq(&from, &w->link));
	}
	EXPECT_EQ(ARRAY_SIZE(handshake),
		  count_wait(&w->net, &self->before,
			     THEMIS_CNT_TX_HANDSHAKES, ARRAY_SIZE(handshake)));
}

static int send_err(int fd, const void *pkt, size_t len, const void *to,
		    socklen_t size)
{
	return sendto(fd, pkt, len, 0, to, size) < 0 ? errno : 0;
}

TEST_F(raw, send_refuses)
{
	struct wire *w = &self->w;
	socklen_t size = endpoint_len(&w->ep);
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	union endpoint to;
	__u8 big[3000];
	int fd;

	/* Nobody forges sealed messages, nor anything unknown. */
	for (int type = 0; type < 256; type++) {
		if (type >= THEMIS_PKT_INIT && type <= THEMIS_PKT_REFUSE)
			continue;
		self->pkt[0] = type;
		EXPECT_EQ(EINVAL, send_err(self->fd, self->pkt,
					   THEMIS_PKT_INIT_LEN, &w->ep,
					   size));
	}
	for (size_t i = 0; i < ARRAY_SIZE(handshake); i++) {
		self->pkt[0] = handshake[i].type;
		for (size_t len = 0; len < 300; len++) {
			int err = send_err(self->fd, self->pkt, len, &w->ep,
					   size);

			if (len == handshake[i].len) {
				EXPECT_EQ(0, err);
				continue;
			}
			EXPECT_TRUE(err == EINVAL || err == EMSGSIZE);
		}
		wire_drain(w);
	}
	memset(big, 0, sizeof(big));
	big[0] = THEMIS_PKT_INIT;
	EXPECT_NE(0, send_err(self->fd, big, sizeof(big), &w->ep, size));

	/* Nor sends to nowhere. */
	self->pkt[0] = THEMIS_PKT_INIT;
	EXPECT_EQ(EDESTADDRREQ, send_err(self->fd, self->pkt,
					 THEMIS_PKT_INIT_LEN, NULL, 0));
	for (socklen_t len = 1; len < size; len++)
		EXPECT_NE(0, send_err(self->fd, self->pkt,
				      THEMIS_PKT_INIT_LEN, &w->ep, len));
	to = endpoint(variant->addr, 0);
	EXPECT_EQ(EINVAL, send_err(self->fd, self->pkt, THEMIS_PKT_INIT_LEN,
				   &to, size));
	EXPECT_EQ(EAFNOSUPPORT, send_err(self->fd, self->pkt,
					 THEMIS_PKT_INIT_LEN, &sun,
					 sizeof(sun)));
	EXPECT_TRUE(wire_quiet(w));

	/* Nor before it knows from which link. */
	fd = themis_socket(&w->net, SOCK_RAW);
	ASSERT_LE(0, fd);
	EXPECT_NE(0, send_err(fd, self->pkt, THEMIS_PKT_INIT_LEN, &w->ep,
			      size));
	close(fd);
}

TEST_F(raw, no_route)
{
	bool v6 = strchr(variant->addr, ':');
	union endpoint to = endpoint(v6 ? "2001:db8::1" : "192.0.2.1", 9);

	self->pkt[0] = THEMIS_PKT_INIT;
	EXPECT_EQ(ENETUNREACH, send_err(self->fd, self->pkt,
					THEMIS_PKT_INIT_LEN, &to,
					endpoint_len(&to)));
	EXPECT_TRUE(dropped(&self->w.net, &self->before, THEMIS_CNT_TX_ROUTE,
			    1));
}

/* The link may go away under the daemon. */
TEST_F(raw, link_goes)
{
	struct wire *w = &self->w;

	ASSERT_EQ(0, node_del(&w->net, w->node));
	ASSERT_EQ(0, link_del(&w->net, WIRE_LINK));
	EXPECT_EQ(ENETDOWN, recv_error(self->fd, 2000));
	self->pkt[0] = THEMIS_PKT_INIT;
	EXPECT_NE(0, send_err(self->fd, self->pkt, THEMIS_PKT_INIT_LEN, &w->ep,
			      endpoint_len(&w->ep)));
	/* When it comes back, so can the daemon. */
	ASSERT_EQ(0, link_new(&w->net, WIRE_LINK));
	EXPECT_EQ(0, link_bind(self->fd, &w->net, WIRE_LINK));
	ASSERT_EQ(0, wire_send(w, self->pkt, THEMIS_PKT_INIT_LEN));
	EXPECT_EQ(THEMIS_PKT_INIT_LEN, recv_ms(self->fd, self->pkt,
					       sizeof(self->pkt), 2000));
}

TEST_HARNESS_MAIN
