// SPDX-License-Identifier: GPL-2.0
/*
 * The socket API: names, options, errors, flags and readiness of AF_THEMIS
 * datagram sockets, between two nodes of one network namespace.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/time.h>

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

TEST_F(pair, largest_message)
{
	static char out[THEMIS_MSG_MAX + 1], in[THEMIS_MSG_MAX + 1];
	int size = 1 << 20;

	ASSERT_EQ(0, setsockopt(self->sa, SOL_SOCKET, SO_SNDBUFFORCE, &size,
				sizeof(size)));
	ASSERT_EQ(0, setsockopt(self->sb, SOL_SOCKET, SO_RCVBUFFORCE, &size,
				sizeof(size)));
	fill_random(out, sizeof(out));
	EXPECT_EQ(-EMSGSIZE, send_to(self->sa, &self->net, self->b.id, SERVER,
				     out, THEMIS_MSG_MAX + 1));
	EXPECT_EQ(THEMIS_MSG_MAX, send_to(self->sa, &self->net, self->b.id,
					  SERVER, out, THEMIS_MSG_MAX));
	EXPECT_EQ(THEMIS_MSG_MAX, recv_ms(self->sb, in, sizeof(in), 2000));
	EXPECT_EQ(0, memcmp(in, out, THEMIS_MSG_MAX));
}

TEST_F(pair, empty_message)
{
	struct sockaddr_themis from;
	socklen_t len = sizeof(from);
	char buf[4];
	int size = -1;

	ASSERT_EQ(0, send_to(self->sa, &self->net, self->b.id, SERVER, NULL,
			     0));
	ASSERT_EQ(0, ioctl(self->sb, FIONREAD, &size));
	EXPECT_EQ(0, size);
	ASSERT_EQ(0, recvfrom(self->sb, buf, sizeof(buf), 0,
			      (struct sockaddr *)&from, &len));
	EXPECT_EQ(0, memcmp(self->a.id, from.sth_id, THEMIS_ID_LEN));
	EXPECT_EQ(-EAGAIN, recv_ms(self->sb, buf, sizeof(buf), 0));
}

TEST_F(pair, receive_flags)
{
	struct iovec iov;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	char buf[16];

	EXPECT_EQ(-1, recv(self->sb, buf, sizeof(buf), MSG_DONTWAIT));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(-1, recv(self->sb, buf, sizeof(buf), MSG_OOB));
	EXPECT_EQ(EOPNOTSUPP, errno);
	EXPECT_EQ(-1, send(self->sb, buf, sizeof(buf), MSG_OOB));
	EXPECT_EQ(EOPNOTSUPP, errno);

	ASSERT_EQ(8, send_to(self->sa, &self->net, self->b.id, SERVER,
			     "01234567", 8));
	EXPECT_EQ(8, recv(self->sb, buf, sizeof(buf), MSG_PEEK));
	EXPECT_EQ(3, recv(self->sb, buf, 3, MSG_PEEK));
	EXPECT_EQ(8, recv(self->sb, buf, 3, MSG_PEEK | MSG_TRUNC));
	EXPECT_EQ(0, memcmp("012", buf, 3));

	/* What does not fit is lost, and the flag tells. */
	iov = (struct iovec){ buf, 3 };
	EXPECT_EQ(3, recvmsg(self->sb, &msg, 0));
	EXPECT_EQ(MSG_TRUNC, msg.msg_flags & MSG_TRUNC);
	EXPECT_EQ(-EAGAIN, recv_ms(self->sb, buf, sizeof(buf), 0));

	ASSERT_EQ(8, send_to(self->sa, &self->net, self->b.id, SERVER,
			     "01234567", 8));
	iov = (struct iovec){ buf, 8 };
	EXPECT_EQ(8, recvmsg(self->sb, &msg, 0));
	EXPECT_EQ(0, msg.msg_flags & MSG_TRUNC);
}

TEST_F(pair, receive_timeout)
{
	struct timeval tv = { .tv_usec = 50000 };
	__u64 start = now_ms();
	char buf[4];

	ASSERT_EQ(0, setsockopt(self->sb, SOL_SOCKET, SO_RCVTIMEO, &tv,
				sizeof(tv)));
	EXPECT_EQ(-1, recv(self->sb, buf, sizeof(buf), 0));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_LE(40, now_ms() - start);
}

TEST_F(pair, queue_sizes)
{
	char buf[300];
	int size = -1;

	ASSERT_EQ(0, ioctl(self->sb, SIOCINQ, &size));
	EXPECT_EQ(0, size);
	memset(buf, 'x', sizeof(buf));
	ASSERT_EQ(300, send_to(self->sa, &self->net, self->b.id, SERVER, buf,
			       300));
	ASSERT_EQ(7, send_to(self->sa, &self->net, self->b.id, SERVER, buf,
			     7));
	ASSERT_EQ(0, ioctl(self->sb, FIONREAD, &size));
	EXPECT_EQ(300, size);
	ASSERT_EQ(300, recv(self->sb, buf, sizeof(buf), 0));
	ASSERT_EQ(0, ioctl(self->sb, SIOCINQ, &size));
	EXPECT_EQ(7, size);

	/* The loopback has delivered all, so nothing is charged any more. */
	ASSERT_EQ(0, ioctl(self->sa, SIOCOUTQ, &size));
	EXPECT_EQ(0, size);
	EXPECT_EQ(-1, ioctl(self->sa, SIOCGIFNAME + 0x1000, &size));
}

TEST_F(pair, readiness)
{
	struct pollfd pfd = { .fd = self->sb, .events = POLLIN | POLLOUT };
	char buf[4];

	ASSERT_EQ(1, poll(&pfd, 1, 0));
	EXPECT_EQ(POLLOUT, pfd.revents);
	ASSERT_EQ(1, send_to(self->sa, &self->net, self->b.id, SERVER, "x",
			     1));
	ASSERT_EQ(1, poll(&pfd, 1, 2000));
	EXPECT_EQ(POLLIN | POLLOUT, pfd.revents);
	ASSERT_EQ(1, recv(self->sb, buf, sizeof(buf), 0));
	ASSERT_EQ(1, poll(&pfd, 1, 0));
	EXPECT_EQ(POLLOUT, pfd.revents);
}

TEST_F(pair, readiness_by_edge)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };
	char buf[4];
	int ep;

	ep = epoll_create1(0);
	ASSERT_LE(0, ep);
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, self->sb, &ev));
	EXPECT_EQ(0, epoll_wait(ep, &ev, 1, 0));
	ASSERT_EQ(1, send_to(self->sa, &self->net, self->b.id, SERVER, "x",
			     1));
	EXPECT_EQ(1, epoll_wait(ep, &ev, 1, 2000));
	EXPECT_EQ(EPOLLIN, ev.events);
	EXPECT_EQ(0, epoll_wait(ep, &ev, 1, 0));
	ASSERT_EQ(1, send_to(self->sa, &self->net, self->b.id, SERVER, "x",
			     1));
	EXPECT_EQ(1, epoll_wait(ep, &ev, 1, 2000));
	EXPECT_EQ(1, recv(self->sb, buf, sizeof(buf), 0));
	EXPECT_EQ(1, recv(self->sb, buf, sizeof(buf), 0));
	close(ep);
}

/* A sleeping reader is woken by the message that it waits for. */
TEST_F(pair, wakes_a_reader)
{
	char buf[4];
	pid_t pid;

	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		sleep_ms(100);
		_exit(send_to(self->sa, &self->net, self->b.id, SERVER, "x",
			      1) != 1);
	}
	EXPECT_EQ(1, recv(self->sb, buf, sizeof(buf), 0));
	EXPECT_EQ(pid, waitpid(pid, NULL, 0));
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

TEST_F(pair, receive_buffer)
{
	__u32 info[SK_MEMINFO_VARS];
	struct counts before;
	char msg[1000] = {};
	socklen_t len;
	int size = 1;
	__u64 got = 0;

	ASSERT_EQ(0, setsockopt(self->sb, SOL_SOCKET, SO_RCVBUF, &size,
				sizeof(size)));
	ASSERT_EQ(0, counts_get(&self->net, &before));
	for (int i = 0; i < 100; i++)
		ASSERT_EQ(1000, send_to(self->sa, &self->net, self->b.id,
					SERVER, msg, sizeof(msg)));
	len = sizeof(info);
	ASSERT_EQ(0, getsockopt(self->sb, SOL_SOCKET, SO_MEMINFO, info, &len));
	EXPECT_LT(0, info[SK_MEMINFO_RMEM_ALLOC]);
	while (recv_ms(self->sb, msg, sizeof(msg), 0) == sizeof(msg))
		got++;
	EXPECT_LT(0, got);
	EXPECT_GT(100, got);
	EXPECT_TRUE(dropped(&self->net, &before, THEMIS_CNT_RX_FULL,
			    100 - got));

	len = sizeof(info);
	ASSERT_EQ(0, getsockopt(self->sb, SOL_SOCKET, SO_MEMINFO, info, &len));
	EXPECT_EQ(0, info[SK_MEMINFO_RMEM_ALLOC]);
	EXPECT_EQ(100 - got, info[SK_MEMINFO_DROPS]);
	ASSERT_EQ(1, send_to(self->sa, &self->net, self->b.id, SERVER, "x",
			     1));
	EXPECT_EQ(1, recv_ms(self->sb, msg, sizeof(msg), 2000));
}

/* What waits for a session is charged to the sender until it is gone. */
TEST_F(pair, send_buffer)
{
	struct pollfd pfd = { .fd = self->sa, .events = POLLOUT };
	struct timeval tv = { .tv_usec = 50000 };
	__u8 peer[THEMIS_ID_LEN];
	struct sockaddr_themis to;
	__u32 info[SK_MEMINFO_VARS];
	static struct nl daemon;
	socklen_t len;
	char msg[2000] = {};
	int size = 1;
	int n = 0;
	int err;

	ASSERT_EQ(0, nl_open_themis(&daemon));
	ASSERT_EQ(0, nl_join(&daemon, daemon.acquire));
	ASSERT_EQ(0, setsockopt(self->sa, SOL_SOCKET, SO_SNDBUF, &size,
				sizeof(size)));
	fill_random(peer, sizeof(peer));
	while ((err = send_to(self->sa, &self->net, peer, SERVER, msg,
			      sizeof(msg))) > 0 && n < 16)
		n++;
	EXPECT_EQ(-EAGAIN, err);
	EXPECT_LT(0, n);
	ASSERT_EQ(0, ioctl(self->sa, SIOCOUTQ, &size));
	EXPECT_LE(n * (int)sizeof(msg), size);
	EXPECT_EQ(0, poll(&pfd, 1, 0));

	/* A sender who can wait waits. */
	to = address(&self->net, peer, SERVER);
	ASSERT_EQ(0, setsockopt(self->sa, SOL_SOCKET, SO_SNDTIMEO, &tv,
				sizeof(tv)));
	EXPECT_EQ(-1, sendto(self->sa, msg, sizeof(msg), 0,
			     (struct sockaddr *)&to, sizeof(to)));
	EXPECT_EQ(EAGAIN, errno);

	ASSERT_EQ(0, session_del(&self->net, self->a.id, peer));
	ASSERT_EQ(1, poll(&pfd, 1, 2000));
	EXPECT_EQ(POLLOUT, pfd.revents & POLLOUT);
	ASSERT_EQ(0, ioctl(self->sa, SIOCOUTQ, &size));
	EXPECT_EQ(0, size);
	len = sizeof(info);
	ASSERT_EQ(0, getsockopt(self->sa, SOL_SOCKET, SO_MEMINFO, info, &len));
	EXPECT_EQ(0, info[SK_MEMINFO_WMEM_ALLOC]);
	nl_close(&daemon);
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
