// SPDX-License-Identifier: GPL-2.0
/*
 * Socket options and control messages at SOL_THEMIS.
 */
#include <arpa/inet.h>
#include <errno.h>

#include "kselftest_harness.h"
#include "lib.h"

#define SERVER	80
#define CLIENT	4000

FIXTURE(options)
{
	struct net	net;
	struct end	a;
	struct end	b;
	int		fd;	/* not bound */
	int		sb;	/* bound to b, port SERVER */
};

FIXTURE_SETUP(options)
{
	ASSERT_EQ(0, net_new(&self->net));
	ASSERT_EQ(0, end_new(&self->a, &self->net, "127.0.0.1", 7000));
	ASSERT_EQ(0, end_new(&self->b, &self->net, "127.0.0.1", 7001));
	ASSERT_EQ(0, ends_join(&self->a, &self->b));
	self->fd = themis_socket(&self->net, SOCK_DGRAM);
	ASSERT_LE(0, self->fd);
	self->sb = themis_bound(&self->net, self->b.id, SERVER);
	ASSERT_LE(0, self->sb);
}

FIXTURE_TEARDOWN(options)
{
	close(self->fd);
	close(self->sb);
	net_free(&self->net);
}

/* "<id>:<port>", terminated here, which the kernel's form is not. */
static const char *text(const __u8 *id, const char *port)
{
	static char out[THEMIS_TEXT_MAX + 64];
	int n = 0;

	for (int i = 0; i < THEMIS_ID_LEN; i++)
		n += sprintf(out + n, "%02x", id[i]);
	snprintf(out + n, sizeof(out) - n, ":%s", port);
	return out;
}

static int set_text(int fd, int opt, const char *txt)
{
	return setsockopt(fd, SOL_THEMIS, opt, txt, strlen(txt)) ? errno : 0;
}

static int get_text(int fd, int opt, char *buf, socklen_t size)
{
	socklen_t len = size - 1;

	memset(buf, 0, size);
	return getsockopt(fd, SOL_THEMIS, opt, buf, &len) ? errno : 0;
}

TEST_F(options, bind_and_connect)
{
	char buf[THEMIS_TEXT_MAX + 10];
	struct sockaddr_themis sth, want;
	socklen_t len = sizeof(sth);

	EXPECT_EQ(0, set_text(self->fd, THEMIS_BIND,
			      text(self->a.id, "4000")));
	EXPECT_EQ(0, set_text(self->fd, THEMIS_CONNECT,
			      text(self->b.id, "80")));
	EXPECT_EQ(0, get_text(self->fd, THEMIS_LOCALNAME, buf, sizeof(buf)));
	EXPECT_STREQ(text(self->a.id, "4000"), buf);
	EXPECT_EQ(0, get_text(self->fd, THEMIS_PEERNAME, buf, sizeof(buf)));
	EXPECT_STREQ(text(self->b.id, "80"), buf);

	want = address(&self->net, self->a.id, CLIENT);
	ASSERT_EQ(0, getsockname(self->fd, (struct sockaddr *)&sth, &len));
	EXPECT_EQ(0, memcmp(&want, &sth, sizeof(sth)));

	EXPECT_EQ(2, send(self->fd, "hi", 2, 0));
	EXPECT_EQ(2, recv_ms(self->sb, buf, sizeof(buf), 2000));
}

TEST_F(options, bind_as_bind)
{
	__u8 id[THEMIS_ID_LEN];

	fill_random(id, sizeof(id));
	EXPECT_EQ(EADDRNOTAVAIL, set_text(self->fd, THEMIS_BIND,
					  text(id, "1")));
	EXPECT_EQ(EADDRINUSE, set_text(self->fd, THEMIS_BIND,
				       text(self->b.id, "80")));
	EXPECT_EQ(ENOTUNIQ, set_text(self->fd, THEMIS_BIND, "*:1"));
	ASSERT_EQ(0, node_del(&self->net, self->b.id));
	EXPECT_EQ(0, set_text(self->fd, THEMIS_BIND, "*:0"));
	EXPECT_EQ(EINVAL, set_text(self->fd, THEMIS_BIND, "*:0"));
}

TEST_F(options, names_not_there_yet)
{
	char buf[THEMIS_TEXT_MAX + 10];
	__u8 zero[THEMIS_ID_LEN] = {};

	EXPECT_EQ(ENOTCONN, get_text(self->fd, THEMIS_PEERNAME, buf,
				     sizeof(buf)));
	EXPECT_EQ(0, get_text(self->fd, THEMIS_LOCALNAME, buf, sizeof(buf)));
	EXPECT_STREQ(text(zero, "0"), buf);
}

TEST_F(options, short_buffer)
{
	char buf[32];
	socklen_t len = 10;

	ASSERT_EQ(0, set_text(self->fd, THEMIS_BIND, text(self->a.id, "1")));
	memset(buf, '#', sizeof(buf));
	getsockopt(self->fd, SOL_THEMIS, THEMIS_LOCALNAME, buf, &len);
	for (size_t i = 10; i < sizeof(buf); i++)
		EXPECT_EQ('#', buf[i]);
	len = -1;
	EXPECT_EQ(-1, getsockopt(self->fd, SOL_THEMIS, THEMIS_LOCALNAME, buf,
				 &len));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(options, malformed_text)
{
	static const char * const port[] = {
		"", "65536", "99999", "100000", "-1", "+1", " 1", "1 ", "1\n",
		"0x1", "1:1", "a", "18446744073709551617",
	};
	char id[THEMIS_TEXT_MAX + 64];
	static char huge[8192];

	for (int opt = THEMIS_BIND; opt <= THEMIS_CONNECT; opt++) {
		EXPECT_EQ(EINVAL, set_text(self->fd, opt, ""));
		EXPECT_EQ(EINVAL, set_text(self->fd, opt, ":"));
		EXPECT_EQ(EINVAL, set_text(self->fd, opt, "*"));
		EXPECT_EQ(EINVAL, set_text(self->fd, opt, "*:"));
		EXPECT_EQ(EINVAL, set_text(self->fd, opt, "abc:1"));
		for (size_t i = 0; i < ARRAY_SIZE(port); i++) {
			EXPECT_EQ(EINVAL, set_text(self->fd, opt,
						   text(self->b.id, port[i])))
				TH_LOG("port \"%s\"", port[i]);
		}

		/* One digit too few, one too many, none, a wrong one. */
		snprintf(id, sizeof(id), "%s", text(self->b.id, "1") + 1);
		EXPECT_EQ(EINVAL, set_text(self->fd, opt, id));
		snprintf(id, sizeof(id), "0%s", text(self->b.id, "1"));
		EXPECT_EQ(EINVAL, set_text(self->fd, opt, id));
		snprintf(id, sizeof(id), "%s", text(self->b.id, "1"));
		id[2 * THEMIS_ID_LEN] = '\0';
		EXPECT_EQ(EINVAL, set_text(self->fd, opt, id));
		for (int at = 0; at < 2 * THEMIS_ID_LEN; at++) {
			snprintf(id, sizeof(id), "%s",
				 text(self->b.id, "1"));
			id[at] = 'g';
			EXPECT_EQ(EINVAL, set_text(self->fd, opt, id));
		}
		/* A zero byte inside is no digit either. */
		snprintf(id, sizeof(id), "%s", text(self->b.id, "1"));
		id[5] = '\0';
		EXPECT_EQ(-1, setsockopt(self->fd, SOL_THEMIS, opt, id,
					 2 * THEMIS_ID_LEN + 2));
		EXPECT_EQ(EINVAL, errno);

		memset(huge, '1', sizeof(huge));
		EXPECT_EQ(-1, setsockopt(self->fd, SOL_THEMIS, opt, huge,
					 sizeof(huge)));
		EXPECT_EQ(EINVAL, errno);
		EXPECT_EQ(-1, setsockopt(self->fd, SOL_THEMIS, opt, huge,
					 -1));
		EXPECT_EQ(EINVAL, errno);
		EXPECT_EQ(-1, setsockopt(self->fd, SOL_THEMIS, opt, NULL,
					 66));
		EXPECT_EQ(EFAULT, errno);
	}
	EXPECT_EQ(0, set_text(self->fd, THEMIS_BIND, text(self->a.id, "1")));
}

TEST_F(options, largest_message)
{
	socklen_t len = sizeof(int);
	int max = 0;

	ASSERT_EQ(0, getsockopt(self->fd, SOL_THEMIS, THEMIS_MAXMSG, &max,
				&len));
	EXPECT_EQ(THEMIS_MSG_MAX, max);
	EXPECT_EQ(sizeof(int), len);
	EXPECT_EQ(-1, setsockopt(self->fd, SOL_THEMIS, THEMIS_MAXMSG, &max,
				 sizeof(max)));
	EXPECT_EQ(ENOPROTOOPT, errno);
}

TEST_F(options, unknown)
{
	socklen_t len = sizeof(int);
	int val = 0;

	EXPECT_EQ(-1, getsockopt(self->fd, SOL_THEMIS, THEMIS_SO_UNSPEC, &val,
				 &len));
	EXPECT_EQ(ENOPROTOOPT, errno);
	EXPECT_EQ(-1, getsockopt(self->fd, SOL_THEMIS, 1000, &val, &len));
	EXPECT_EQ(ENOPROTOOPT, errno);
	EXPECT_EQ(-1, setsockopt(self->fd, SOL_THEMIS, 1000, &val, len));
	EXPECT_EQ(ENOPROTOOPT, errno);
	EXPECT_EQ(-1, getsockopt(self->fd, SOL_THEMIS, THEMIS_BIND, &val,
				 &len));
	EXPECT_EQ(ENOPROTOOPT, errno);
	EXPECT_EQ(-1, setsockopt(self->fd, SOL_THEMIS, THEMIS_PEERNAME, &val,
				 len));
	EXPECT_EQ(ENOPROTOOPT, errno);
	EXPECT_EQ(-1, setsockopt(self->fd, SOL_THEMIS + 1, THEMIS_RECVINFO,
				 &val, len));
	EXPECT_EQ(ENOPROTOOPT, errno);
}

/* The number of THEMIS_CMSG_INFO in a received message, the last in @info. */
static int recv_info(int fd, struct themis_msginfo *info)
{
	union {
		struct cmsghdr	align;
		char		buf[256];
	} control;
	char buf[16];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *c;
	int n = 0;

	if (recvmsg(fd, &msg, 0) < 0)
		return -errno;
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level != SOL_THEMIS ||
		    c->cmsg_type != THEMIS_CMSG_INFO ||
		    c->cmsg_len != CMSG_LEN(sizeof(*info)))
			continue;
		memcpy(info, CMSG_DATA(c), sizeof(*info));
		n++;
	}
	return n;
}

TEST_F(options, message_info)
{
	struct themis_msginfo info;
	socklen_t len = sizeof(int);
	__u8 zero[7] = {};
	__u64 last = 0;
	int on = 1;
	int fd;

	fd = themis_bound(&self->net, self->a.id, CLIENT);
	ASSERT_LE(0, fd);

	EXPECT_EQ(1, send_to(fd, &self->net, self->b.id, SERVER, "x", 1));
	EXPECT_EQ(0, recv_info(self->sb, &info));

	EXPECT_EQ(-1, setsockopt(self->sb, SOL_THEMIS, THEMIS_RECVINFO, &on,
				 1));
	EXPECT_EQ(EINVAL, errno);
	ASSERT_EQ(0, setsockopt(self->sb, SOL_THEMIS, THEMIS_RECVINFO, &on,
				sizeof(on)));
	on = 0;
	ASSERT_EQ(0, getsockopt(self->sb, SOL_THEMIS, THEMIS_RECVINFO, &on,
				&len));
	EXPECT_EQ(1, on);

	for (int i = 0; i < 20; i++) {
		EXPECT_EQ(1, send_to(fd, &self->net, self->b.id, SERVER, "x",
				     1));
		memset(&info, 0xff, sizeof(info));
		ASSERT_EQ(1, recv_info(self->sb, &info));
		if (last)
			EXPECT_EQ(last + 1, info.seq);
		last = info.seq;
		EXPECT_EQ(THEMIS_MSG_DATAGRAM, info.kind);
		EXPECT_EQ(0, memcmp(info.reserved, zero, sizeof(zero)));
	}

	on = 0;
	ASSERT_EQ(0, setsockopt(self->sb, SOL_THEMIS, THEMIS_RECVINFO, &on,
				sizeof(on)));
	EXPECT_EQ(1, send_to(fd, &self->net, self->b.id, SERVER, "x", 1));
	EXPECT_EQ(0, recv_info(self->sb, &info));
	close(fd);
}

/* No room for the control message is said, not hidden. */
TEST_F(options, message_info_without_room)
{
	char control[8], buf[4];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	int on = 1;
	int fd;

	fd = themis_bound(&self->net, self->a.id, CLIENT);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, setsockopt(self->sb, SOL_THEMIS, THEMIS_RECVINFO, &on,
				sizeof(on)));
	EXPECT_EQ(1, send_to(fd, &self->net, self->b.id, SERVER, "x", 1));
	EXPECT_EQ(1, recvmsg(self->sb, &msg, 0));
	EXPECT_EQ(MSG_CTRUNC, msg.msg_flags & MSG_CTRUNC);
	close(fd);
}

TEST_F(options, timestamp)
{
	union {
		struct cmsghdr	align;
		char		buf[256];
	} control;
	char buf[4];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *c;
	int on = 1;
	int fd;

	fd = themis_bound(&self->net, self->a.id, CLIENT);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, setsockopt(self->sb, SOL_SOCKET, SO_TIMESTAMP, &on,
				sizeof(on)));
	EXPECT_EQ(1, send_to(fd, &self->net, self->b.id, SERVER, "x", 1));
	EXPECT_EQ(1, recvmsg(self->sb, &msg, 0));
	c = CMSG_FIRSTHDR(&msg);
	ASSERT_NE(NULL, c);
	EXPECT_EQ(SOL_SOCKET, c->cmsg_level);
	EXPECT_EQ(SO_TIMESTAMP, c->cmsg_type);
	close(fd);
}

TEST_HARNESS_MAIN
