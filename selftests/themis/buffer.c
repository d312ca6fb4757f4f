// SPDX-License-Identifier: GPL-2.0
/*
 * Messages in sockets: flags, lengths, readiness and what is charged to whose
 * buffer.
 */
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

FIXTURE(buffer)
{
	struct net	net;
	struct end	a;
	struct end	b;
	int		sa;	/* bound to a, port CLIENT */
	int		sb;	/* bound to b, port SERVER */
};

FIXTURE_SETUP(buffer)
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

FIXTURE_TEARDOWN(buffer)
{
	close(self->sa);
	close(self->sb);
	net_free(&self->net);
}

TEST_F(buffer, largest_message)
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

TEST_F(buffer, empty_message)
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

TEST_F(buffer, receive_flags)
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

TEST_F(buffer, receive_timeout)
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

TEST_F(buffer, queue_sizes)
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

TEST_F(buffer, readiness)
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

TEST_F(buffer, readiness_by_edge)
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
TEST_F(buffer, wakes_a_reader)
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

TEST_F(buffer, receive_buffer)
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
TEST_F(buffer, send_buffer)
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

TEST_HARNESS_MAIN
