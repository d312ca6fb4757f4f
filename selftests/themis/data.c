// SPDX-License-Identifier: GPL-2.0
/*
 * Real traffic between two network namespaces joined by a veth pair, with the
 * module at both ends.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>

#include "kselftest_harness.h"
#include "lib.h"

#define SERVER	80
#define CLIENT	4000

FIXTURE(data)
{
	struct net	na;
	struct net	nb;
	struct end	a;
	struct end	b;
	int		sa;
	int		sb;
};

FIXTURE_VARIANT(data)
{
	const char	*a;
	const char	*b;
};

FIXTURE_VARIANT_ADD(data, ipv4)
{
	.a = VETH_A4,
	.b = VETH_B4,
};

FIXTURE_VARIANT_ADD(data, ipv6)
{
	.a = VETH_A6,
	.b = VETH_B6,
};

FIXTURE_SETUP(data)
{
	int size = 4 << 20;

	ASSERT_EQ(0, net_new(&self->na));
	ASSERT_EQ(0, net_new(&self->nb));
	ASSERT_EQ(0, net_veth(&self->na, &self->nb));
	ASSERT_EQ(0, end_new(&self->a, &self->na, variant->a, 7000));
	ASSERT_EQ(0, end_new(&self->b, &self->nb, variant->b, 7001));
	ASSERT_EQ(0, ends_join(&self->a, &self->b));
	self->sa = themis_bound(&self->na, self->a.id, CLIENT);
	ASSERT_LE(0, self->sa);
	self->sb = themis_bound(&self->nb, self->b.id, SERVER);
	ASSERT_LE(0, self->sb);
	ASSERT_EQ(0, setsockopt(self->sa, SOL_SOCKET, SO_RCVBUFFORCE, &size,
				sizeof(size)));
	ASSERT_EQ(0, setsockopt(self->sb, SOL_SOCKET, SO_RCVBUFFORCE, &size,
				sizeof(size)));
	ASSERT_EQ(0, setsockopt(self->sa, SOL_SOCKET, SO_SNDBUFFORCE, &size,
				sizeof(size)));
	ASSERT_EQ(0, setsockopt(self->sb, SOL_SOCKET, SO_SNDBUFFORCE, &size,
				sizeof(size)));
}

FIXTURE_TEARDOWN(data)
{
	close(self->sa);
	close(self->sb);
	net_free(&self->na);
	net_free(&self->nb);
}

/* Receive one message and its proven sender. */
static int recv_from(int fd, void *buf, size_t len,
		     struct sockaddr_themis *from)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	socklen_t fromlen = sizeof(*from);
	ssize_t n;

	poll(&pfd, 1, 3000);
	n = recvfrom(fd, buf, len, MSG_DONTWAIT | MSG_TRUNC,
		     (struct sockaddr *)from, &fromlen);
	if (n < 0)
		return -errno;
	return fromlen == sizeof(*from) ? n : -EPROTO;
}

TEST_F_TIMEOUT(data, sizes, 60)
{
	static const size_t sizes[] = {
		0, 1, 2, 15, 16, 17, 63, 64, 65, 255, 256, 1370, 1371, 1372,
		1400, 1459, 1460, 1461, 1472, 1500, 3000, 4000, 4096, 8192,
		16384, 32768, 60000, 65000, THEMIS_MSG_MAX - 1,
		THEMIS_MSG_MAX,
	};
	static __u8 out[THEMIS_MSG_MAX], in[THEMIS_MSG_MAX + 1];
	struct sockaddr_themis from, want;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		int size = sizes[i];

		fill_random(out, size);
		ASSERT_EQ(size, send_to(self->sa, &self->na, self->b.id,
					SERVER, out, size));
		memset(in, 0, sizeof(in));
		ASSERT_EQ(size, recv_from(self->sb, in, sizeof(in), &from))
			TH_LOG("%d bytes", size);
		EXPECT_EQ(0, memcmp(in, out, size));
		want = address(&self->na, self->a.id, CLIENT);
		EXPECT_EQ(0, memcmp(&want, &from, sizeof(want)));

		/* And back, to where it came from. */
		fill_random(out, size);
		ASSERT_EQ(size, sendto(self->sb, out, size, 0,
				       (struct sockaddr *)&from,
				       sizeof(from)));
		ASSERT_EQ(size, recv_from(self->sa, in, sizeof(in), &from));
		EXPECT_EQ(0, memcmp(in, out, size));
		want = address(&self->nb, self->b.id, SERVER);
		EXPECT_EQ(0, memcmp(&want, &from, sizeof(want)));
	}
}

/* Every length where packets change shape, one byte apart. */
TEST_F_TIMEOUT(data, every_size, 120)
{
	static __u8 out[9000], in[9001];
	struct sockaddr_themis from;

	fill_random(out, sizeof(out));
	for (int size = 0; size < (int)sizeof(out);
	     size += size % 1500 < 1300 ? 37 : 1) {
		ASSERT_EQ(size, send_to(self->sa, &self->na, self->b.id,
					SERVER, out, size));
		ASSERT_EQ(size, recv_from(self->sb, in, sizeof(in), &from))
			TH_LOG("%d bytes", size);
		ASSERT_EQ(0, memcmp(in, out, size));
	}
}

/* Scattered in memory on both sides. */
TEST_F(data, scattered)
{
	static __u8 out[20000], in[20000];
	struct sockaddr_themis to;
	struct iovec iov[200];
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 200 };

	fill_random(out, sizeof(out));
	to = address(&self->na, self->b.id, SERVER);
	msg.msg_name = &to;
	msg.msg_namelen = sizeof(to);
	for (int i = 0; i < 200; i++)
		iov[i] = (struct iovec){ out + 100 * i, 100 };
	ASSERT_EQ(sizeof(out), (size_t)sendmsg(self->sa, &msg, 0));
	for (int i = 0; i < 200; i++)
		iov[i] = (struct iovec){ in + 100 * i, 100 };
	ASSERT_EQ(sizeof(in), (size_t)recvmsg(self->sb, &msg, 0));
	EXPECT_EQ(0, memcmp(in, out, sizeof(in)));
}

TEST_F(data, counters)
{
	struct counts a, b;
	char msg[100] = {};

	ASSERT_EQ(0, counts_get(&self->na, &a));
	ASSERT_EQ(0, counts_get(&self->nb, &b));
	for (int i = 0; i < 10; i++)
		ASSERT_EQ(100, send_to(self->sa, &self->na, self->b.id,
				       SERVER, msg, sizeof(msg)));
	EXPECT_EQ(10, count_wait(&self->nb, &b, THEMIS_CNT_RX_MESSAGES, 10));
	EXPECT_EQ(1000, count_wait(&self->nb, &b, THEMIS_CNT_RX_BYTES, 1000));
	EXPECT_EQ(10, count_wait(&self->na, &a, THEMIS_CNT_TX_MESSAGES, 10));
	EXPECT_EQ(1000, count_wait(&self->na, &a, THEMIS_CNT_TX_BYTES, 1000));
	EXPECT_TRUE(dropped(&self->na, &a, 0, 0));
	EXPECT_TRUE(dropped(&self->nb, &b, 0, 0));
}

TEST_F(data, many_in_order)
{
	struct sockaddr_themis from;
	struct counts b;

	ASSERT_EQ(0, counts_get(&self->nb, &b));
	for (__u32 i = 0; i < 2000; i++)
		ASSERT_EQ(4, send_to(self->sa, &self->na, self->b.id, SERVER,
				     &i, sizeof(i)));
	for (__u32 i = 0; i < 2000; i++) {
		__u32 in;

		ASSERT_EQ(4, recv_from(self->sb, &in, sizeof(in), &from));
		ASSERT_EQ(i, in);
	}
	EXPECT_TRUE(dropped(&self->nb, &b, 0, 0));
}

/* Send so many numbered messages, waiting whenever the other falls behind. */
static int send_many(int fd, const struct net *net, const __u8 *id, __u16 port,
		     __u32 n)
{
	__u8 buf[1000] = {};
	int sent;

	for (__u32 i = 0; i < n; i++) {
		memcpy(buf, &i, sizeof(i));
		sent = send_to(fd, net, id, port, buf, sizeof(buf));
		if (sent != sizeof(buf))
			return sent < 0 ? -sent : EPROTO;
		/* The queue between two devices holds a thousand packets. */
		if (i % 100 == 99)
			sleep_ms(1);
	}
	return 0;
}

static __u32 recv_many(int fd, __u32 n)
{
	__u8 buf[1000];
	__u32 i, got;

	for (i = 0; i < n; i++) {
		if (recv_ms(fd, buf, sizeof(buf), 2000) != sizeof(buf))
			break;
		memcpy(&got, buf, sizeof(got));
		if (got != i)
			break;
	}
	return i;
}

/* Both at the same time, on several processors. */
TEST_F_TIMEOUT(data, both_ways_at_once, 60)
{
	struct counts a, b;
	int status;
	pid_t pid;

	ASSERT_EQ(0, counts_get(&self->na, &a));
	ASSERT_EQ(0, counts_get(&self->nb, &b));
	ASSERT_EQ(0, net_enter(&self->nb));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(send_many(self->sb, &self->nb, self->a.id, CLIENT,
				2000));
	EXPECT_EQ(0, send_many(self->sa, &self->na, self->b.id, SERVER,
			       2000));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(2000, recv_many(self->sb, 2000));
	EXPECT_EQ(2000, recv_many(self->sa, 2000));
	EXPECT_TRUE(dropped(&self->na, &a, 0, 0));
	EXPECT_TRUE(dropped(&self->nb, &b, 0, 0));
}

/* The peer changes its address; whoever hears of it follows. */
TEST_F(data, roaming)
{
	bool v6 = strchr(variant->b, ':');
	union endpoint moved = endpoint(v6 ? "fd77::3" : "10.77.0.3", 7001);
	int prefix = v6 ? 64 : 24;
	struct sockaddr_themis from;
	struct session session;
	static struct nl ev;
	char buf[8];

	ASSERT_EQ(0, net_enter(&self->na));
	ASSERT_EQ(0, nl_open_themis(&ev));
	ASSERT_EQ(0, nl_join(&ev, ev.event));
	ASSERT_EQ(0, net_addr(&self->nb, "veth", variant->b, prefix, false));
	ASSERT_EQ(0, net_addr(&self->nb, "veth",
			      v6 ? "fd77::3" : "10.77.0.3", prefix, true));
	ASSERT_EQ(2, send_to(self->sb, &self->nb, self->a.id, CLIENT, "hi",
			     2));
	ASSERT_EQ(2, recv_from(self->sa, buf, sizeof(buf), &from));
	EXPECT_EQ(0, event_wait(&ev, THEMIS_CMD_SESSION_NTF,
				THEMIS_EVENT_ROAM));
	ASSERT_EQ(0, session_get(&self->na, self->a.id, self->b.id,
				 &session));
	EXPECT_TRUE(endpoint_eq(&moved, &session.ep));

	ASSERT_EQ(2, send_to(self->sa, &self->na, self->b.id, SERVER, "ho",
			     2));
	EXPECT_EQ(2, recv_from(self->sb, buf, sizeof(buf), &from));
	/* Said once, not with each packet. */
	ASSERT_EQ(2, send_to(self->sb, &self->nb, self->a.id, CLIENT, "hi",
			     2));
	ASSERT_EQ(2, recv_from(self->sa, buf, sizeof(buf), &from));
	EXPECT_TRUE(event_none(&ev, THEMIS_CMD_SESSION_NTF,
			       THEMIS_EVENT_ROAM));
	nl_close(&ev);
}

/* From IPv4 to IPv6 and the other way round as well. */
TEST_F(data, roaming_between_families)
{
	const char *to = strchr(variant->b, ':') ? VETH_A4 : VETH_A6;
	union endpoint ep = endpoint(to, 7000);
	struct sockaddr_themis from;
	struct session session;
	char buf[8];

	ASSERT_EQ(0, session_new(&self->nb, self->b.id, self->a.id, &ep));
	ASSERT_EQ(2, send_to(self->sb, &self->nb, self->a.id, CLIENT, "hi",
			     2));
	ASSERT_EQ(2, recv_from(self->sa, buf, sizeof(buf), &from));
	ASSERT_EQ(0, session_get(&self->na, self->a.id, self->b.id,
				 &session));
	EXPECT_EQ(ep.sa.sa_family, session.ep.sa.sa_family);
	ASSERT_EQ(2, send_to(self->sa, &self->na, self->b.id, SERVER, "ho",
			     2));
	EXPECT_EQ(2, recv_from(self->sb, buf, sizeof(buf), &from));
}

TEST_F(data, no_route)
{
	struct counts before;
	int err;

	ASSERT_EQ(0, net_down(&self->na, "veth"));
	ASSERT_EQ(0, counts_get(&self->na, &before));
	err = send_to(self->sa, &self->na, self->b.id, SERVER, "x", 1);
	EXPECT_EQ(-ENETUNREACH, err);
	EXPECT_TRUE(dropped(&self->na, &before, THEMIS_CNT_TX_ROUTE, 1));
}

/* Two nodes on one link, and two links: all of them talk. */
TEST(one_namespace)
{
	static struct net net;
	struct end a, b, c;
	struct sockaddr_themis from;
	int sa, sb, sc;
	char buf[8];

	ASSERT_EQ(0, net_new(&net));
	ASSERT_EQ(0, end_new(&a, &net, "127.0.0.1", 7000));
	ASSERT_EQ(0, end_new(&b, &net, "127.0.0.1", 7001));
	c = a;
	fill_random(c.id, sizeof(c.id));
	ASSERT_EQ(0, node_new(&net, c.id, 7000));
	ASSERT_EQ(0, ends_join(&a, &b));
	ASSERT_EQ(0, ends_join(&a, &c));
	sa = themis_bound(&net, a.id, 1);
	sb = themis_bound(&net, b.id, 1);
	sc = themis_bound(&net, c.id, 1);
	ASSERT_EQ(1, send_to(sa, &net, b.id, 1, "b", 1));
	ASSERT_EQ(1, send_to(sa, &net, c.id, 1, "c", 1));
	EXPECT_EQ(1, recv_from(sb, buf, sizeof(buf), &from));
	EXPECT_EQ('b', buf[0]);
	EXPECT_EQ(0, memcmp(a.id, from.sth_id, sizeof(a.id)));
	EXPECT_EQ(1, recv_from(sc, buf, sizeof(buf), &from));
	EXPECT_EQ('c', buf[0]);
	EXPECT_EQ(0, memcmp(a.id, from.sth_id, sizeof(a.id)));
	ASSERT_EQ(1, send_to(sc, &net, a.id, 1, "a", 1));
	EXPECT_EQ(1, recv_from(sa, buf, sizeof(buf), &from));
	EXPECT_EQ(0, memcmp(c.id, from.sth_id, sizeof(a.id)));
	net_free(&net);
}

TEST_HARNESS_MAIN
