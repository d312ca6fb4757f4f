// SPDX-License-Identifier: GPL-2.0
/*
 * The socket API: names, binding, connecting and errors of AF_THEMIS datagram
 * sockets, between two nodes of one network namespace.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>

#include "kselftest_harness.h"
#include "lib.h"

#define SERVER	80
#define CLIENT	4000

FIXTURE(pair)
{
	struct net	net;
	struct end	a;
	struct end	b;
	int		sa;	/* bound to a, port CLIENT */
	int		sb;	/* bound to b, port SERVER */
};

FIXTURE_SETUP(pair)
{
	ASSERT_EQ(0, net_new(&self->net));
	ASSERT_EQ(0, end_new(&self->a, &self->net, "127.0.0.1", 7000));
	ASSERT_EQ(0, end_new(&self->b, &self->net, "127.0.0.1", 7001));
	ASSERT_EQ(0, ends_join(&self->a, &self->b));
	self->sa = themis_bound(&self->net, self->a.id, CLIENT);
	ASSERT_LE(0, self->sa);
	self->sb = themis_bound(&self->net, self->b.id, SERVER);
	ASSERT_LE(0, self->sb);
}

FIXTURE_TEARDOWN(pair)
{
	close(self->sa);
	close(self->sb);
	net_free(&self->net);
}

static int bind_err(int fd, const void *sth, socklen_t len)
{
	return bind(fd, sth, len) ? errno : 0;
}

static int connect_err(int fd, const void *sth, socklen_t len)
{
	return connect(fd, sth, len) ? errno : 0;
}

static int sendto_err(int fd, const void *sth, socklen_t len)
{
	return sendto(fd, "x", 1, MSG_DONTWAIT, sth, len) < 0 ? errno : 0;
}

TEST_F(pair, types_and_protocols)
{
	EXPECT_EQ(-1, socket(self->net.af, SOCK_STREAM, 0));
	EXPECT_EQ(ESOCKTNOSUPPORT, errno);
	EXPECT_EQ(-1, socket(self->net.af, SOCK_SEQPACKET, 0));
	EXPECT_EQ(ESOCKTNOSUPPORT, errno);
	EXPECT_EQ(-1, socket(self->net.af, SOCK_DGRAM, IPPROTO_UDP));
	EXPECT_EQ(EPROTONOSUPPORT, errno);
}

TEST_F(pair, names_of_a_new_socket)
{
	struct sockaddr_themis sth;
	socklen_t len = sizeof(sth);
	__u8 zero[THEMIS_ID_LEN] = {};
	int fd;

	fd = themis_socket(&self->net, SOCK_DGRAM);
	ASSERT_LE(0, fd);
	memset(&sth, 0xff, sizeof(sth));
	ASSERT_EQ(0, getsockname(fd, (struct sockaddr *)&sth, &len));
	EXPECT_EQ(sizeof(sth), len);
	EXPECT_EQ(self->net.af, sth.sth_family);
	EXPECT_EQ(0, sth.sth_port);
	EXPECT_EQ(0, memcmp(zero, sth.sth_id, sizeof(zero)));
	EXPECT_EQ(-1, getpeername(fd, (struct sockaddr *)&sth, &len));
	EXPECT_EQ(ENOTCONN, errno);
	close(fd);
}

TEST_F(pair, names_of_a_bound_socket)
{
	struct sockaddr_themis want, sth;
	socklen_t len = sizeof(sth);

	want = address(&self->net, self->a.id, CLIENT);
	memset(&sth, 0xff, sizeof(sth));
	ASSERT_EQ(0, getsockname(self->sa, (struct sockaddr *)&sth, &len));
	EXPECT_EQ(sizeof(sth), len);
	EXPECT_EQ(0, memcmp(&want, &sth, sizeof(sth)));

	/* As everywhere: a short buffer gets a part, and learns the length. */
	memset(&sth, 0xff, sizeof(sth));
	len = 4;
	ASSERT_EQ(0, getsockname(self->sa, (struct sockaddr *)&sth, &len));
	EXPECT_EQ(sizeof(sth), len);
	EXPECT_EQ(0, memcmp(&want, &sth, 4));
	EXPECT_EQ(0xff, ((__u8 *)&sth)[4]);
}

TEST_F(pair, names_of_a_connected_socket)
{
	struct sockaddr_themis want, sth;
	socklen_t len = sizeof(sth);

	want = address(&self->net, self->b.id, SERVER);
	ASSERT_EQ(0, connect_err(self->sa, &want, sizeof(want)));
	ASSERT_EQ(0, getpeername(self->sa, (struct sockaddr *)&sth, &len));
	EXPECT_EQ(sizeof(sth), len);
	EXPECT_EQ(0, memcmp(&want, &sth, sizeof(sth)));

	want = address(&self->net, self->a.id, CLIENT);
	ASSERT_EQ(0, getsockname(self->sa, (struct sockaddr *)&sth, &len));
	EXPECT_EQ(0, memcmp(&want, &sth, sizeof(sth)));
}

TEST_F(pair, bind_ephemeral)
{
	bool seen[65536] = {};
	int fd[64];

	for (size_t i = 0; i < ARRAY_SIZE(fd); i++) {
		struct sockaddr_themis sth;
		socklen_t len = sizeof(sth);

		fd[i] = themis_bound(&self->net, self->a.id, 0);
		ASSERT_LE(0, fd[i]);
		ASSERT_EQ(0, getsockname(fd[i], (struct sockaddr *)&sth,
					 &len));
		EXPECT_EQ(0, memcmp(self->a.id, sth.sth_id, THEMIS_ID_LEN));
		ASSERT_NE(0, sth.sth_port);
		EXPECT_FALSE(seen[sth.sth_port]);
		seen[sth.sth_port] = true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(fd); i++)
		close(fd[i]);
}

TEST_F(pair, bind_in_use)
{
	struct sockaddr_themis sth;
	int fd;

	EXPECT_EQ(-EADDRINUSE, themis_bound(&self->net, self->a.id, CLIENT));
	/* The port belongs to the node, not to the machine. */
	fd = themis_bound(&self->net, self->a.id, SERVER);
	ASSERT_LE(0, fd);
	sth = address(&self->net, self->a.id, SERVER + 1);
	EXPECT_EQ(EINVAL, bind_err(fd, &sth, sizeof(sth)));
	close(fd);
	fd = themis_bound(&self->net, self->a.id, SERVER);
	EXPECT_LE(0, fd);
	close(fd);
}

TEST_F(pair, bind_wildcard)
{
	struct sockaddr_themis sth;
	socklen_t len = sizeof(sth);
	int fd;

	EXPECT_EQ(-ENOTUNIQ, themis_bound(&self->net, NULL, 1));
	ASSERT_EQ(0, node_del(&self->net, self->b.id));
	fd = themis_bound(&self->net, NULL, 1);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, getsockname(fd, (struct sockaddr *)&sth, &len));
	EXPECT_EQ(0, memcmp(self->a.id, sth.sth_id, THEMIS_ID_LEN));
	EXPECT_EQ(htons(1), sth.sth_port);
	close(fd);
	ASSERT_EQ(0, node_del(&self->net, self->a.id));
	EXPECT_EQ(-EADDRNOTAVAIL, themis_bound(&self->net, NULL, 1));
}

TEST_F(pair, bind_refuses)
{
	struct sockaddr_themis sth;
	__u8 id[THEMIS_ID_LEN];
	int fd;

	fd = themis_socket(&self->net, SOCK_DGRAM);
	ASSERT_LE(0, fd);
	sth = address(&self->net, self->a.id, 1);
	for (socklen_t len = 0; len < sizeof(sth); len++)
		EXPECT_EQ(EINVAL, bind_err(fd, &sth, len));
	for (size_t i = 0; i < sizeof(sth.sth_reserved); i++) {
		sth = address(&self->net, self->a.id, 1);
		sth.sth_reserved[i] = 1;
		EXPECT_EQ(EINVAL, bind_err(fd, &sth, sizeof(sth)));
	}
	sth = address(&self->net, self->a.id, 1);
	sth.sth_family = AF_INET;
	EXPECT_EQ(EAFNOSUPPORT, bind_err(fd, &sth, sizeof(sth)));
	sth = address(&self->net, self->a.id, 1);
	sth.sth_kind = THEMIS_KIND_SERVICE;
	EXPECT_EQ(EAFNOSUPPORT, bind_err(fd, &sth, sizeof(sth)));
	sth.sth_kind = 255;
	EXPECT_NE(0, bind_err(fd, &sth, sizeof(sth)));
	fill_random(id, sizeof(id));
	sth = address(&self->net, id, 1);
	EXPECT_EQ(EADDRNOTAVAIL, bind_err(fd, &sth, sizeof(sth)));

	/* None of that has left a trace. */
	sth = address(&self->net, self->a.id, 1);
	EXPECT_EQ(0, bind_err(fd, &sth, sizeof(sth)));
	close(fd);
}

TEST_F(pair, connect_and_send_refuse)
{
	struct sockaddr_themis sth;
	int fd = self->sa;

	sth = address(&self->net, self->b.id, SERVER);
	for (socklen_t len = 1; len < sizeof(sth); len++) {
		EXPECT_EQ(EINVAL, connect_err(fd, &sth, len));
		EXPECT_EQ(EINVAL, sendto_err(fd, &sth, len));
	}
	for (size_t i = 0; i < sizeof(sth.sth_reserved); i++) {
		sth = address(&self->net, self->b.id, SERVER);
		sth.sth_reserved[i] = 1;
		EXPECT_EQ(EINVAL, connect_err(fd, &sth, sizeof(sth)));
		EXPECT_EQ(EINVAL, sendto_err(fd, &sth, sizeof(sth)));
	}
	sth = address(&self->net, self->b.id, SERVER);
	sth.sth_family = AF_INET6;
	EXPECT_EQ(EAFNOSUPPORT, connect_err(fd, &sth, sizeof(sth)));
	EXPECT_EQ(EAFNOSUPPORT, sendto_err(fd, &sth, sizeof(sth)));
	sth = address(&self->net, self->b.id, SERVER);
	sth.sth_kind = THEMIS_KIND_SERVICE;
	EXPECT_EQ(EAFNOSUPPORT, connect_err(fd, &sth, sizeof(sth)));
	EXPECT_EQ(EAFNOSUPPORT, sendto_err(fd, &sth, sizeof(sth)));
	sth = address(&self->net, self->b.id, 0);
	EXPECT_EQ(EINVAL, sendto_err(fd, &sth, sizeof(sth)));
	EXPECT_EQ(EDESTADDRREQ, sendto_err(fd, NULL, 0));

	sth = address(&self->net, self->b.id, SERVER);
	EXPECT_EQ(0, sendto_err(fd, &sth, sizeof(sth)));
}

TEST_F(pair, autobind)
{
	struct sockaddr_themis sth;
	socklen_t len = sizeof(sth);
	char buf[8];
	int fd;

	/* Two nodes could be meant. */
	fd = themis_socket(&self->net, SOCK_DGRAM);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-ENOTUNIQ, send_to(fd, &self->net, self->b.id, SERVER, "x",
				     1));
	close(fd);

	/* Only one is left; what it sends waits for no session here. */
	close(self->sb);
	self->sb = -1;
	ASSERT_EQ(0, node_del(&self->net, self->b.id));
	fd = themis_socket(&self->net, SOCK_DGRAM);
	ASSERT_LE(0, fd);
	EXPECT_EQ(1, send_to(fd, &self->net, self->b.id, SERVER, "x", 1));
	ASSERT_EQ(0, getsockname(fd, (struct sockaddr *)&sth, &len));
	EXPECT_EQ(0, memcmp(self->a.id, sth.sth_id, THEMIS_ID_LEN));
	EXPECT_NE(0, sth.sth_port);
	EXPECT_EQ(-EAGAIN, recv_ms(fd, buf, sizeof(buf), 0));
	close(fd);

	fd = themis_socket(&self->net, SOCK_DGRAM);
	ASSERT_LE(0, fd);
	sth = address(&self->net, self->b.id, SERVER);
	EXPECT_EQ(0, connect_err(fd, &sth, sizeof(sth)));
	ASSERT_EQ(0, getsockname(fd, (struct sockaddr *)&sth, &len));
	EXPECT_EQ(0, memcmp(self->a.id, sth.sth_id, THEMIS_ID_LEN));
	EXPECT_NE(0, sth.sth_port);
	close(fd);
}

TEST_F(pair, send_and_receive)
{
	struct sockaddr_themis from, want;
	socklen_t len = sizeof(from);
	char buf[16];

	ASSERT_EQ(5, send_to(self->sa, &self->net, self->b.id, SERVER,
			     "hello", 5));
	memset(&from, 0xff, sizeof(from));
	ASSERT_EQ(5, recvfrom(self->sb, buf, sizeof(buf), 0,
			      (struct sockaddr *)&from, &len));
	EXPECT_EQ(0, memcmp("hello", buf, 5));
	want = address(&self->net, self->a.id, CLIENT);
	EXPECT_EQ(sizeof(from), len);
	EXPECT_EQ(0, memcmp(&want, &from, sizeof(from)));

	/* The answer goes to where the question came from. */
	ASSERT_EQ(2, sendto(self->sb, "hi", 2, 0, (struct sockaddr *)&from,
			    len));
	EXPECT_EQ(2, recv_ms(self->sa, buf, sizeof(buf), 2000));
}

TEST_F(pair, many_at_once)
{
	struct sockaddr_themis to, from[8];
	struct mmsghdr tx[8] = {}, rx[8] = {};
	char out[8][4], in[8][4];
	struct iovec tv[8], rv[8];

	to = address(&self->net, self->b.id, SERVER);
	for (int i = 0; i < 8; i++) {
		memset(out[i], 'a' + i, sizeof(out[i]));
		tv[i] = (struct iovec){ out[i], sizeof(out[i]) };
		rv[i] = (struct iovec){ in[i], sizeof(in[i]) };
		tx[i].msg_hdr.msg_name = &to;
		tx[i].msg_hdr.msg_namelen = sizeof(to);
		tx[i].msg_hdr.msg_iov = &tv[i];
		tx[i].msg_hdr.msg_iovlen = 1;
		rx[i].msg_hdr.msg_name = &from[i];
		rx[i].msg_hdr.msg_namelen = sizeof(from[i]);
		rx[i].msg_hdr.msg_iov = &rv[i];
		rx[i].msg_hdr.msg_iovlen = 1;
	}
	ASSERT_EQ(8, sendmmsg(self->sa, tx, 8, 0));
	ASSERT_EQ(8, recvmmsg(self->sb, rx, 8, 0, NULL));
	for (int i = 0; i < 8; i++) {
		EXPECT_EQ(4, rx[i].msg_len);
		EXPECT_EQ(0, memcmp(in[i], out[i], 4));
		EXPECT_EQ(0, memcmp(from[i].sth_id, self->a.id,
				    THEMIS_ID_LEN));
	}
}

TEST_F(pair, connected_hears_only_its_peer)
{
	struct sockaddr_themis peer;
	struct counts before;
	struct end c;
	char buf[4];
	int sc;

	ASSERT_EQ(0, end_new(&c, &self->net, "127.0.0.1", 7002));
	ASSERT_EQ(0, ends_join(&c, &self->b));
	sc = themis_bound(&self->net, c.id, CLIENT);
	ASSERT_LE(0, sc);
	peer = address(&self->net, self->a.id, CLIENT);
	ASSERT_EQ(0, connect_err(self->sb, &peer, sizeof(peer)));

	ASSERT_EQ(0, counts_get(&self->net, &before));
	ASSERT_EQ(1, send_to(sc, &self->net, self->b.id, SERVER, "c", 1));
	EXPECT_TRUE(dropped(&self->net, &before, THEMIS_CNT_RX_PORT, 1));
	EXPECT_EQ(-EAGAIN, recv_ms(self->sb, buf, sizeof(buf), 0));
	/* Nor another port of the same node. */
	close(self->sa);
	self->sa = themis_bound(&self->net, self->a.id, CLIENT + 1);
	ASSERT_LE(0, self->sa);
	ASSERT_EQ(1, send_to(self->sa, &self->net, self->b.id, SERVER, "a",
			     1));
	EXPECT_TRUE(dropped(&self->net, &before, THEMIS_CNT_RX_PORT, 2));
	EXPECT_EQ(-EAGAIN, recv_ms(self->sb, buf, sizeof(buf), 0));

	/* Disconnected, it hears everybody. */
	peer.sth_family = AF_UNSPEC;
	ASSERT_EQ(0, connect_err(self->sb, &peer, sizeof(peer)));
	ASSERT_EQ(1, send_to(sc, &self->net, self->b.id, SERVER, "c", 1));
	EXPECT_EQ(1, recv_ms(self->sb, buf, sizeof(buf), 2000));
	EXPECT_EQ('c', buf[0]);
	EXPECT_EQ(-1, send(self->sb, "x", 1, 0));
	EXPECT_EQ(EDESTADDRREQ, errno);
	close(sc);
}

TEST_F(pair, connected_may_send_elsewhere)
{
	struct sockaddr_themis peer;
	char buf[4];
	int other;

	peer = address(&self->net, self->b.id, SERVER + 1);
	ASSERT_EQ(0, connect_err(self->sa, &peer, sizeof(peer)));
	other = themis_bound(&self->net, self->b.id, SERVER + 1);
	ASSERT_LE(0, other);
	EXPECT_EQ(1, send(self->sa, "x", 1, 0));
	EXPECT_EQ(1, recv_ms(other, buf, sizeof(buf), 2000));
	EXPECT_EQ(1, send_to(self->sa, &self->net, self->b.id, SERVER, "y",
			     1));
	EXPECT_EQ(1, recv_ms(self->sb, buf, sizeof(buf), 2000));
	close(other);
}

TEST_F(pair, no_socket_at_the_port)
{
	struct counts before;

	ASSERT_EQ(0, counts_get(&self->net, &before));
	ASSERT_EQ(1, send_to(self->sa, &self->net, self->b.id, 9, "x", 1));
	EXPECT_TRUE(dropped(&self->net, &before, THEMIS_CNT_RX_PORT, 1));
}

TEST_F(pair, shutdown)
{
	struct pollfd pfd = { .fd = self->sa, .events = POLLIN | POLLRDHUP };
	struct sockaddr_themis peer;
	char buf[4];

	EXPECT_EQ(-1, shutdown(self->sa, SHUT_RDWR));
	EXPECT_EQ(ENOTCONN, errno);
	peer = address(&self->net, self->b.id, SERVER);
	ASSERT_EQ(0, close(self->sa));
	self->sa = themis_bound(&self->net, self->a.id, CLIENT);
	ASSERT_LE(0, self->sa);
	ASSERT_EQ(0, connect_err(self->sa, &peer, sizeof(peer)));
	EXPECT_EQ(-1, shutdown(self->sa, 3));
	EXPECT_EQ(EINVAL, errno);

	ASSERT_EQ(0, shutdown(self->sa, SHUT_WR));
	EXPECT_EQ(-1, send(self->sa, "x", 1, MSG_NOSIGNAL));
	EXPECT_EQ(EPIPE, errno);
	/* It still receives. */
	ASSERT_EQ(1, send_to(self->sb, &self->net, self->a.id, CLIENT, "x",
			     1));
	EXPECT_EQ(1, recv_ms(self->sa, buf, sizeof(buf), 2000));

	ASSERT_EQ(0, shutdown(self->sa, SHUT_RD));
	EXPECT_EQ(0, recv(self->sa, buf, sizeof(buf), 0));
	EXPECT_EQ(1, poll(&pfd, 1, 0));
	EXPECT_EQ(POLLIN | POLLRDHUP | POLLHUP, pfd.revents);
}

TEST_F(pair, node_goes_away)
{
	struct pollfd pfd = { .fd = self->sa };

	ASSERT_EQ(0, node_del(&self->net, self->a.id));
	EXPECT_EQ(1, poll(&pfd, 1, 2000));
	EXPECT_EQ(POLLERR, pfd.revents & POLLERR);
	EXPECT_EQ(ENETDOWN, recv_error(self->sa, 0));
	EXPECT_EQ(0, recv_error(self->sa, 0));
	EXPECT_EQ(-ENETDOWN, send_to(self->sa, &self->net, self->b.id, SERVER,
				     "x", 1));
}

/* A pending error is reported once, by whatever asks first. */
TEST_F(pair, pending_error)
{
	char buf[4];

	ASSERT_EQ(0, node_del(&self->net, self->b.id));
	EXPECT_EQ(-ENETDOWN, recv_ms(self->sb, buf, sizeof(buf), 2000));
	EXPECT_EQ(-EAGAIN, recv_ms(self->sb, buf, sizeof(buf), 0));
}

static int use_as_nobody(void *arg)
{
	struct _test_data_pair *self = arg;
	char buf[4];
	int fd;

	fd = themis_bound(&self->net, self->a.id, 0);
	if (fd < 0)
		return 1;
	if (send_to(fd, &self->net, self->b.id, SERVER, "x", 1) != 1)
		return 2;
	return recv_ms(self->sb, buf, sizeof(buf), 2000) == 1 ? 0 : 3;
}

TEST_F(pair, needs_no_privilege)
{
	EXPECT_EQ(0, in_child(65534, 65534, use_as_nobody, self));
}

TEST_HARNESS_MAIN
