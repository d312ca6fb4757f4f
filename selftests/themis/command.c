// SPDX-License-Identifier: GPL-2.0
/*
 * Commands and responses: a response is delivered to the socket that asked,
 * in the session that it asked in, while it waits, and once.
 */
#include <errno.h>

#include "kselftest_harness.h"
#include "peer.h"

static struct packet pkt;

FIXTURE(command)
{
	struct wire		w;
	struct counts		before;
	struct sockaddr_themis	to;	/* the peer */
};

FIXTURE_SETUP(command)
{
	int on = 1;

	ASSERT_EQ(0, wire_new(&self->w, "127.0.0.1"));
	ASSERT_EQ(0, wire_up(&self->w, THEMIS_KEY_F_CONFIRMED));
	ASSERT_EQ(0, setsockopt(self->w.sk, SOL_THEMIS, THEMIS_RECVINFO, &on,
				sizeof(on)));
	self->to = address(&self->w.net, self->w.peer, WIRE_FROM);
	ASSERT_EQ(0, counts_get(&self->w.net, &self->before));
}

FIXTURE_TEARDOWN(command)
{
	node_del(&self->w.net, self->w.node);
	net_free(&self->w.net);
}

/* Send a command from the kernel's socket; returns its sequence, 0 if bad. */
static __u64 ask(struct _test_data_command *self, __u64 tag)
{
	struct wire *w = &self->w;

	if (send_kind(w->sk, &self->to, THEMIS_MSG_COMMAND, tag, "ask", 3) != 3)
		return 0;
	if (wire_recv(w, &w->key, &pkt) || pkt.kind != THEMIS_MSG_COMMAND ||
	    pkt.len != 3 || memcmp(pkt.msg, "ask", 3))
		return 0;
	return pkt.seq;
}

/* Is a response with this tag what the socket receives next? */
static bool answered(struct _test_data_command *self, __u64 tag)
{
	struct themis_msginfo info;
	struct sockaddr_themis from;
	char buf[16];

	return recv_kind(self->w.sk, &from, &info, buf, sizeof(buf)) == 6 &&
	       !memcmp(buf, "answer", 6) &&
	       !memcmp(&from, &self->to, sizeof(from)) &&
	       info.kind == THEMIS_MSG_RESPONSE && info.seq == tag;
}

static int respond(struct _test_data_command *self, __u64 seq)
{
	return wire_respond(&self->w, seq, "answer", 6);
}

#define EXPECT_UNASKED(n) \
	EXPECT_TRUE(dropped(&self->w.net, &self->before, \
			    THEMIS_CNT_RX_UNASKED, n))

TEST_F(command, answered_once)
{
	__u64 seq = ask(self, 77);

	ASSERT_NE(0, seq);
	ASSERT_EQ(0, respond(self, seq));
	EXPECT_TRUE(answered(self, 77));
	EXPECT_TRUE(dropped(&self->w.net, &self->before, 0, 0));

	/* Again, under a sequence of its own: no replay, and yet too much. */
	ASSERT_EQ(0, respond(self, seq));
	EXPECT_UNASKED(1);
	ASSERT_EQ(0, respond(self, seq));
	EXPECT_UNASKED(2);
	EXPECT_EQ(-EAGAIN, wire_read(&self->w, NULL, 0));
}

/* Whoever gets a command learns by which number to answer it. */
TEST_F(command, taken)
{
	struct sockaddr_themis from;
	struct themis_msginfo info;
	struct wire *w = &self->w;
	__u8 out[PKT_MIN + 3];
	char buf[16];

	packet_msg(out, w->key.rx, w->key.local, 41, THEMIS_MSG_COMMAND, "ask",
		   3);
	ASSERT_EQ(0, wire_send(w, out, sizeof(out)));
	ASSERT_EQ(3, recv_kind(w->sk, &from, &info, buf, sizeof(buf)));
	EXPECT_EQ(THEMIS_MSG_COMMAND, info.kind);
	EXPECT_EQ(41, info.seq);
	EXPECT_EQ(0, memcmp(&from, &self->to, sizeof(from)));
	ASSERT_EQ(6, send_kind(w->sk, &from, THEMIS_MSG_RESPONSE, info.seq,
			       "answer", 6));
	ASSERT_EQ(0, wire_recv(w, &w->key, &pkt));
	EXPECT_EQ(THEMIS_MSG_RESPONSE, pkt.kind);
	EXPECT_EQ(41, pkt.answers);
	EXPECT_EQ(6, pkt.len);
	EXPECT_EQ(0, memcmp(pkt.msg, "answer", 6));
	EXPECT_EQ(WIRE_PORT, pkt.sport);
	EXPECT_EQ(WIRE_FROM, pkt.dport);
}

TEST_F(command, empty)
{
	struct themis_msginfo info;
	struct wire *w = &self->w;
	char buf[4];

	ASSERT_EQ(0, send_kind(w->sk, &self->to, THEMIS_MSG_COMMAND, 5, NULL,
			       0));
	ASSERT_EQ(0, wire_recv(w, &w->key, &pkt));
	EXPECT_EQ(0, pkt.len);
	ASSERT_EQ(0, wire_respond(w, pkt.seq, NULL, 0));
	EXPECT_EQ(0, recv_kind(w->sk, NULL, &info, buf, sizeof(buf)));
	EXPECT_EQ(THEMIS_MSG_RESPONSE, info.kind);
	EXPECT_EQ(5, info.seq);
}

TEST_F(command, nobody_asked)
{
	struct wire *w = &self->w;

	ASSERT_EQ(0, respond(self, 0));
	ASSERT_EQ(0, respond(self, 1));
	ASSERT_EQ(0, respond(self, ~0ULL));
	EXPECT_UNASKED(3);

	/* A datagram is no question. */
	ASSERT_EQ(3, send_kind(w->sk, &self->to, THEMIS_MSG_DATAGRAM, 0, "say",
			       3));
	ASSERT_EQ(0, wire_recv(w, &w->key, &pkt));
	ASSERT_EQ(0, respond(self, pkt.seq));
	EXPECT_UNASKED(4);

	/* Nor is the tag its number. */
	ASSERT_NE(0, ask(self, 1234567));
	ASSERT_EQ(0, respond(self, 1234567));
	EXPECT_UNASKED(5);
	EXPECT_EQ(-EAGAIN, wire_read(w, NULL, 0));
}

/* In any order, each with its own tag. */
TEST_F(command, many)
{
	__u64 seq[THEMIS_COMMANDS_DEFAULT];
	int size = 1 << 20;

	ASSERT_EQ(0, setsockopt(self->w.sk, SOL_SOCKET, SO_RCVBUFFORCE, &size,
				sizeof(size)));
	for (int i = 0; i < THEMIS_COMMANDS_DEFAULT; i++) {
		seq[i] = ask(self, 1000 + i);
		ASSERT_NE(0, seq[i]);
	}
	for (int i = 0; i < THEMIS_COMMANDS_DEFAULT; i++)
		ASSERT_EQ(0, respond(self, seq[(i * 77 + 5) %
					       THEMIS_COMMANDS_DEFAULT]));
	for (int i = 0; i < THEMIS_COMMANDS_DEFAULT; i++)
		EXPECT_TRUE(answered(self, 1000 + (i * 77 + 5) %
				     THEMIS_COMMANDS_DEFAULT));
	EXPECT_TRUE(dropped(&self->w.net, &self->before, 0, 0));
}

TEST_F(command, bound)
{
	struct wire *w = &self->w;
	int max = 4;
	__u64 seq;

	ASSERT_EQ(0, setsockopt(w->sk, SOL_THEMIS, THEMIS_COMMANDS, &max,
				sizeof(max)));
	seq = ask(self, 1);
	for (int i = 1; i < 4; i++)
		ASSERT_NE(0, ask(self, 1 + i));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(-ENOBUFS, send_kind(w->sk, &self->to,
					      THEMIS_MSG_COMMAND, 9, "x", 1));
	EXPECT_TRUE(dropped(&w->net, &self->before, THEMIS_CNT_TX_COMMANDS,
			    3));
	EXPECT_TRUE(wire_quiet(w));
	/* Datagrams are not concerned, and an answer makes room. */
	EXPECT_EQ(1, wire_write(w, "x", 1));
	wire_drain(w);
	ASSERT_EQ(0, respond(self, seq));
	EXPECT_TRUE(answered(self, 1));
	EXPECT_NE(0, ask(self, 5));

	EXPECT_EQ(-1, setsockopt(w->sk, SOL_THEMIS, THEMIS_COMMANDS, &max,
				 sizeof(max)));
	EXPECT_EQ(EBUSY, errno);
}

TEST_F(command, timeout)
{
	struct wire *w = &self->w;
	int ms = 300, max = 2;
	__u64 in_time, late;

	ASSERT_EQ(0, setsockopt(w->sk, SOL_THEMIS, THEMIS_TIMEOUT, &ms,
				sizeof(ms)));
	ASSERT_EQ(0, setsockopt(w->sk, SOL_THEMIS, THEMIS_COMMANDS, &max,
				sizeof(max)));
	in_time = ask(self, 1);
	late = ask(self, 2);
	ASSERT_EQ(0, respond(self, in_time));
	EXPECT_TRUE(answered(self, 1));
	sleep_ms(350);
	ASSERT_EQ(0, respond(self, late));
	EXPECT_UNASKED(1);

	/* Who is not answered at all makes room as well. */
	ASSERT_NE(0, ask(self, 3));
	ASSERT_NE(0, ask(self, 4));
	sleep_ms(350);
	EXPECT_NE(0, ask(self, 5));
}

TEST_F(command, option_ranges)
{
	static const struct {
		int	opt;
		int	val;
		int	err;
	} rows[] = {
		{ THEMIS_COMMANDS, 0, EINVAL },
		{ THEMIS_COMMANDS, -1, EINVAL },
		{ THEMIS_COMMANDS, THEMIS_COMMANDS_MAX + 1, EINVAL },
		{ THEMIS_COMMANDS, 1, 0 },
		{ THEMIS_COMMANDS, THEMIS_COMMANDS_MAX, 0 },
		{ THEMIS_TIMEOUT, 0, EINVAL },
		{ THEMIS_TIMEOUT, -1, EINVAL },
		{ THEMIS_TIMEOUT, THEMIS_TIMEOUT_MAX + 1, EINVAL },
		{ THEMIS_TIMEOUT, 1, 0 },
		{ THEMIS_TIMEOUT, THEMIS_TIMEOUT_MAX, 0 },
	};
	socklen_t len = sizeof(int);
	int val = 0;

	ASSERT_EQ(0, getsockopt(self->w.sk, SOL_THEMIS, THEMIS_COMMANDS, &val,
				&len));
	EXPECT_EQ(THEMIS_COMMANDS_DEFAULT, val);
	ASSERT_EQ(0, getsockopt(self->w.sk, SOL_THEMIS, THEMIS_TIMEOUT, &val,
				&len));
	EXPECT_EQ(THEMIS_TIMEOUT_DEFAULT, val);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int err = setsockopt(self->w.sk, SOL_THEMIS, rows[i].opt,
				     &rows[i].val, sizeof(int)) ? errno : 0;

		EXPECT_EQ(rows[i].err, err)
			TH_LOG("option %d: %d", rows[i].opt, rows[i].val);
		if (err)
			continue;
		ASSERT_EQ(0, getsockopt(self->w.sk, SOL_THEMIS, rows[i].opt,
					&val, &len));
		EXPECT_EQ(rows[i].val, val);
	}
	EXPECT_EQ(-1, setsockopt(self->w.sk, SOL_THEMIS, THEMIS_TIMEOUT, &val,
				 2));
	EXPECT_EQ(EINVAL, errno);
	/* The largest table can be had. */
	EXPECT_NE(0, ask(self, 1));
}

/* Not to another socket, though it be of the same node and at that port now. */
TEST_F(command, of_another_socket)
{
	struct wire *w = &self->w;
	__u64 seq = ask(self, 1);

	ASSERT_NE(0, seq);
	close(w->sk);
	w->sk = themis_bound(&w->net, w->node, WIRE_PORT);
	ASSERT_LE(0, w->sk);
	ASSERT_EQ(0, respond(self, seq));
	EXPECT_UNASKED(1);
	EXPECT_EQ(-EAGAIN, wire_read(w, NULL, 0));
}

/* Not from another peer, with the same sequence. */
TEST_F(command, of_another_peer)
{
	struct wire *w = &self->w;
	struct key own = w->key, other;
	__u8 third[THEMIS_ID_LEN];
	__u64 seq;

	fill_random(third, sizeof(third));
	key_random(&other, THEMIS_KEY_F_CONFIRMED);
	ASSERT_EQ(0, session_new(&w->net, w->node, third, &w->ep));
	ASSERT_EQ(0, key_new(&w->net, w->node, third, &other));
	wire_drain(w);
	seq = ask(self, 1);
	ASSERT_NE(0, seq);
	w->key = other;
	for (__u64 s = 0; s < 10; s++)
		ASSERT_EQ(0, respond(self, s));
	EXPECT_UNASKED(10);
	w->key = own;
	ASSERT_EQ(0, respond(self, seq));
	EXPECT_TRUE(answered(self, 1));
}

/* Not in another session of the same two, which counts from one again. */
TEST_F(command, of_another_session)
{
	struct wire *w = &self->w;
	__u64 seq = ask(self, 1);

	ASSERT_NE(0, seq);
	ASSERT_EQ(0, session_del(&w->net, w->node, w->peer));
	ASSERT_EQ(0, wire_up(w, THEMIS_KEY_F_CONFIRMED));
	for (__u64 s = 0; s < 10; s++)
		ASSERT_EQ(0, respond(self, s));
	EXPECT_UNASKED(10);
	seq = ask(self, 2);
	ASSERT_EQ(0, respond(self, seq));
	EXPECT_TRUE(answered(self, 2));
}

/*
 * Not from another port of the peer, where somebody else may sit, if the
 * socket is connected.
 */
TEST_F(command, of_another_port)
{
	struct wire *w = &self->w;
	struct sockaddr_themis other;
	__u64 seq;

	other = address(&w->net, w->peer, WIRE_FROM + 1);
	ASSERT_EQ(0, connect(w->sk, (struct sockaddr *)&other,
			     sizeof(other)));
	seq = ask(self, 1);
	ASSERT_NE(0, seq);
	ASSERT_EQ(0, respond(self, seq));
	EXPECT_TRUE(dropped(&w->net, &self->before, THEMIS_CNT_RX_PORT, 1));
}

/* A rekey in between changes nothing, and no sequence is used twice. */
TEST_F(command, across_a_rekey)
{
	struct wire *w = &self->w;
	__u64 first = ask(self, 1);
	__u64 second;

	ASSERT_NE(0, first);
	key_random(&w->key, THEMIS_KEY_F_CONFIRMED);
	w->seq = 0;
	ASSERT_EQ(0, wire_key(w, &w->key));
	wire_drain(w);
	second = ask(self, 2);
	EXPECT_LT(first, second);
	ASSERT_EQ(0, respond(self, second));
	EXPECT_TRUE(answered(self, 2));
	ASSERT_EQ(0, respond(self, first));
	EXPECT_TRUE(answered(self, 1));
}

/* A command that waits for its session can be answered like any other. */
TEST_F(command, before_the_session)
{
	struct wire *w = &self->w;
	static struct nl daemon;

	ASSERT_EQ(0, session_del(&w->net, w->node, w->peer));
	ASSERT_EQ(0, nl_open_themis(&daemon));
	ASSERT_EQ(0, nl_join(&daemon, daemon.acquire));
	ASSERT_EQ(3, send_kind(w->sk, &self->to, THEMIS_MSG_COMMAND, 8, "ask",
			       3));
	ASSERT_EQ(0, session_new(&w->net, w->node, w->peer, &w->ep));
	key_random(&w->key, THEMIS_KEY_F_SEND);
	w->seq = 0;
	ASSERT_EQ(0, wire_key(w, &w->key));
	ASSERT_EQ(0, wire_recv(w, &w->key, &pkt));
	EXPECT_EQ(THEMIS_MSG_COMMAND, pkt.kind);
	ASSERT_EQ(0, respond(self, pkt.seq));
	EXPECT_TRUE(answered(self, 8));
	nl_close(&daemon);
}

/* The largest in both directions, through the module at both ends. */
TEST_F(command, large)
{
	static __u8 out[THEMIS_MSG_MAX], in[THEMIS_MSG_MAX];
	struct sockaddr_themis from, to;
	struct themis_msginfo info;
	int size = 1 << 20, on = 1;
	struct end a, b;
	int sa, sb;

	ASSERT_EQ(0, end_new(&a, &self->w.net, "127.0.0.1", 7100));
	ASSERT_EQ(0, end_new(&b, &self->w.net, "127.0.0.1", 7101));
	ASSERT_EQ(0, ends_join(&a, &b));
	sa = themis_bound(&self->w.net, a.id, 1);
	sb = themis_bound(&self->w.net, b.id, 1);
	ASSERT_LE(0, sb);
	for (int i = 0; i < 2; i++) {
		int fd = i ? sa : sb;

		ASSERT_EQ(0, setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size,
					sizeof(size)));
		ASSERT_EQ(0, setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size,
					sizeof(size)));
		ASSERT_EQ(0, setsockopt(fd, SOL_THEMIS, THEMIS_RECVINFO, &on,
					sizeof(on)));
	}
	to = address(&self->w.net, b.id, 1);
	fill_random(out, sizeof(out));
	ASSERT_EQ(THEMIS_MSG_MAX, send_kind(sa, &to, THEMIS_MSG_COMMAND, 3,
					    out, sizeof(out)));
	ASSERT_EQ(THEMIS_MSG_MAX, recv_kind(sb, &from, &info, in,
					    sizeof(in)));
	EXPECT_EQ(0, memcmp(in, out, sizeof(in)));
	fill_random(out, sizeof(out));
	ASSERT_EQ(THEMIS_MSG_MAX, send_kind(sb, &from, THEMIS_MSG_RESPONSE,
					    info.seq, out, sizeof(out)));
	ASSERT_EQ(THEMIS_MSG_MAX, recv_kind(sa, &from, &info, in,
					    sizeof(in)));
	EXPECT_EQ(0, memcmp(in, out, sizeof(in)));
	EXPECT_EQ(3, info.seq);
	EXPECT_EQ(0, memcmp(&from, &to, sizeof(to)));
	EXPECT_EQ(-EMSGSIZE, send_kind(sb, &from, THEMIS_MSG_RESPONSE, 1, out,
				       THEMIS_MSG_MAX + 1));
}

static int send_control(struct _test_data_command *self, int level, int type,
			const void *data, size_t len)
{
	union {
		struct cmsghdr	hdr;
		char		buf[256];
	} control = {};
	struct iovec iov = { "x", 1 };
	struct msghdr msg = {
		.msg_name = &self->to,
		.msg_namelen = sizeof(self->to),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_SPACE(len),
	};

	control.hdr.cmsg_level = level;
	control.hdr.cmsg_type = type;
	control.hdr.cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(&control.hdr), data, len);
	return sendmsg(self->w.sk, &msg, 0) < 0 ? errno : 0;
}

TEST_F(command, malformed_control)
{
	struct themis_msginfo info = {};

	for (int kind = 0; kind < 256; kind++) {
		if (kind <= THEMIS_MSG_RESPONSE)
			continue;
		info.kind = kind;
		EXPECT_EQ(EINVAL, send_control(self, SOL_THEMIS,
					       THEMIS_CMSG_INFO, &info,
					       sizeof(info)));
	}
	info.kind = THEMIS_MSG_DATAGRAM;
	for (size_t i = 0; i < sizeof(info.reserved); i++) {
		info.reserved[i] = 1;
		EXPECT_EQ(EINVAL, send_control(self, SOL_THEMIS,
					       THEMIS_CMSG_INFO, &info,
					       sizeof(info)));
		info.reserved[i] = 0;
	}
	for (size_t len = 0; len < sizeof(info); len++)
		EXPECT_EQ(EINVAL, send_control(self, SOL_THEMIS,
					       THEMIS_CMSG_INFO, &info, len));
	EXPECT_EQ(EINVAL, send_control(self, SOL_THEMIS, 99, &info,
				       sizeof(info)));
	EXPECT_EQ(EINVAL, send_control(self, SOL_SOCKET, THEMIS_CMSG_INFO,
				       &info, sizeof(info)));
	EXPECT_TRUE(wire_quiet(&self->w));
	EXPECT_EQ(0, send_control(self, SOL_THEMIS, THEMIS_CMSG_INFO, &info,
				  sizeof(info)));
}

/* The peer by control message, for those who cannot build an address. */
TEST_F(command, address_by_control)
{
	union {
		struct cmsghdr	hdr;
		char		buf[256];
	} control = {};
	char buf[4] = "x";
	struct iovec iov = { buf, 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_SPACE(sizeof(self->to)),
	};
	struct wire *w = &self->w;
	int on = 1, off = 0;

	control.hdr.cmsg_level = SOL_THEMIS;
	control.hdr.cmsg_type = THEMIS_CMSG_ADDR;
	control.hdr.cmsg_len = CMSG_LEN(sizeof(self->to));
	memcpy(CMSG_DATA(&control.hdr), &self->to, sizeof(self->to));
	ASSERT_EQ(1, sendmsg(w->sk, &msg, 0));
	ASSERT_EQ(0, wire_recv(w, &w->key, &pkt));
	EXPECT_EQ(WIRE_FROM, pkt.dport);

	/* Two addresses are one too many, and a wrong one is wrong here too. */
	EXPECT_EQ(EINVAL, send_control(self, SOL_THEMIS, THEMIS_CMSG_ADDR,
				       &self->to, sizeof(self->to)));
	((struct sockaddr_themis *)CMSG_DATA(&control.hdr))->sth_port = 0;
	EXPECT_EQ(-1, sendmsg(w->sk, &msg, 0));
	EXPECT_EQ(EINVAL, errno);

	ASSERT_EQ(0, setsockopt(w->sk, SOL_THEMIS, THEMIS_RECVINFO, &off,
				sizeof(off)));
	ASSERT_EQ(0, setsockopt(w->sk, SOL_THEMIS, THEMIS_RECVADDR, &on,
				sizeof(on)));
	ASSERT_EQ(0, wire_msg(w, "y", 1));
	memset(&control, 0, sizeof(control));
	msg.msg_controllen = sizeof(control);
	ASSERT_EQ(1, recvmsg(w->sk, &msg, 0));
	EXPECT_EQ(SOL_THEMIS, control.hdr.cmsg_level);
	EXPECT_EQ(THEMIS_CMSG_ADDR, control.hdr.cmsg_type);
	EXPECT_EQ(CMSG_LEN(sizeof(self->to)), control.hdr.cmsg_len);
	EXPECT_EQ(0, memcmp(CMSG_DATA(&control.hdr), &self->to,
			    sizeof(self->to)));
}

TEST_HARNESS_MAIN
