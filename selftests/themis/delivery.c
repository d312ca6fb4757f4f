// SPDX-License-Identifier: GPL-2.0
/*
 * Which socket gets a message: order, shared ports, filters, and what the
 * sender learns where there is no socket.
 */
#include <errno.h>
#include <linux/filter.h>
#include <poll.h>

#include "kselftest_harness.h"
#include "peer.h"

static struct packet pkt;

FIXTURE(delivery)
{
	struct wire	w;
	struct counts	before;
};

FIXTURE_SETUP(delivery)
{
	ASSERT_EQ(0, wire_new(&self->w, "127.0.0.1"));
	ASSERT_EQ(0, wire_up(&self->w, THEMIS_KEY_F_CONFIRMED));
	ASSERT_EQ(0, counts_get(&self->w.net, &self->before));
}

FIXTURE_TEARDOWN(delivery)
{
	net_free(&self->w.net);
}

/* Send a plaintext with ports of one's own choice. */
static int say(struct wire *w, __u16 from, __u16 to, __u8 kind,
	       const void *msg, size_t len)
{
	__u8 plain[PKT_INNER + 64] = {};
	__u8 out[PKT_MIN + 64];

	plain[0] = from >> 8;
	plain[1] = from;
	plain[2] = to >> 8;
	plain[3] = to;
	plain[4] = kind;
	if (len)
		memcpy(plain + PKT_INNER, msg, len);
	return wire_send(w, out, packet_seal(out, w->key.rx, w->key.local,
					     ++w->seq, plain,
					     PKT_INNER + len));
}

static bool at_seq(struct wire *w, __u64 seq)
{
	return !wire_msg_key(w, &w->key, seq, "x", 1);
}

/* The paper's strict order, where an application asks for it. */
TEST_F(delivery, strict)
{
	struct wire *w = &self->w;
	int on = 1;

	ASSERT_TRUE(at_seq(w, 10));
	ASSERT_TRUE(at_seq(w, 8));
	EXPECT_EQ(0, wire_read(w, "x", 1));
	EXPECT_EQ(0, wire_read(w, "x", 1));

	ASSERT_EQ(0, setsockopt(w->sk, SOL_THEMIS, THEMIS_STRICT, &on,
				sizeof(on)));
	ASSERT_TRUE(at_seq(w, 9));
	EXPECT_TRUE(dropped(&w->net, &self->before, THEMIS_CNT_RX_ORDER, 1));
	ASSERT_TRUE(at_seq(w, 11));
	EXPECT_EQ(0, wire_read(w, "x", 1));
	ASSERT_TRUE(at_seq(w, 20));
	EXPECT_EQ(0, wire_read(w, "x", 1));
	ASSERT_TRUE(at_seq(w, 19));
	ASSERT_TRUE(at_seq(w, 12));
	EXPECT_TRUE(dropped(&w->net, &self->before, THEMIS_CNT_RX_ORDER, 3));
	EXPECT_EQ(-EAGAIN, wire_read(w, NULL, 0));

	on = 0;
	ASSERT_EQ(0, setsockopt(w->sk, SOL_THEMIS, THEMIS_STRICT, &on,
				sizeof(on)));
	ASSERT_TRUE(at_seq(w, 18));
	EXPECT_EQ(0, wire_read(w, "x", 1));
}

/* What was sealed under an older key is older, whatever its sequence. */
TEST_F(delivery, strict_across_a_rekey)
{
	struct wire *w = &self->w;
	struct key old = w->key;
	int on = 1;

	ASSERT_EQ(0, setsockopt(w->sk, SOL_THEMIS, THEMIS_STRICT, &on,
				sizeof(on)));
	ASSERT_TRUE(at_seq(w, 10));
	EXPECT_EQ(0, wire_read(w, "x", 1));
	key_random(&w->key, THEMIS_KEY_F_CONFIRMED);
	ASSERT_EQ(0, wire_key(w, &w->key));
	ASSERT_EQ(0, wire_msg_key(w, &old, 11, "x", 1));
	EXPECT_EQ(0, wire_read(w, "x", 1));
	ASSERT_TRUE(at_seq(w, 5));
	EXPECT_EQ(0, wire_read(w, "x", 1));
	ASSERT_EQ(0, wire_msg_key(w, &old, 12, "x", 1));
	EXPECT_TRUE(dropped(&w->net, &self->before, THEMIS_CNT_RX_ORDER, 1));
	EXPECT_EQ(-EAGAIN, wire_read(w, NULL, 0));
}

/* As ICMP says it for UDP, but sealed, and only to the proven sender. */
TEST_F(delivery, notice_goes_out)
{
	struct wire *w = &self->w;

	for (int kind = THEMIS_MSG_DATAGRAM; kind <= THEMIS_MSG_COMMAND;
	     kind++) {
		ASSERT_EQ(0, say(w, WIRE_FROM, 9, kind, "hello", 5));
		ASSERT_EQ(0, wire_recv(w, &w->key, &pkt));
		EXPECT_EQ(THEMIS_MSG_NOTICE, pkt.kind);
		EXPECT_EQ(9, pkt.sport);
		EXPECT_EQ(WIRE_FROM, pkt.dport);
		EXPECT_EQ(0, pkt.len);
	}
	EXPECT_EQ(2, count_wait(&w->net, &self->before, THEMIS_CNT_TX_NOTICES,
				2));
	EXPECT_TRUE(dropped(&w->net, &self->before, THEMIS_CNT_RX_PORT, 2));

	/* To nothing else, or two machines would never stop. */
	ASSERT_EQ(0, say(w, WIRE_FROM, 9, THEMIS_MSG_NOTICE, NULL, 0));
	ASSERT_EQ(0, say(w, WIRE_FROM, 9, THEMIS_MSG_RESPONSE, "12345678",
			 8));
	ASSERT_EQ(0, say(w, 0, 9, THEMIS_MSG_DATAGRAM, "x", 1));
	ASSERT_EQ(0, say(w, 0, 0, THEMIS_MSG_KEEPALIVE, NULL, 0));
	EXPECT_TRUE(wire_quiet(w));
}

TEST_F(delivery, notice_comes_in)
{
	struct wire *w = &self->w;
	struct sockaddr_themis to = address(&w->net, w->peer, WIRE_FROM);

	/* Not connected, a socket has many peers: as UDP, it hears nothing. */
	ASSERT_EQ(0, say(w, WIRE_FROM, WIRE_PORT, THEMIS_MSG_NOTICE, NULL,
			 0));
	EXPECT_EQ(1, count_wait(&w->net, &self->before, THEMIS_CNT_RX_NOTICES,
				1));
	EXPECT_EQ(0, recv_error(w->sk, 0));

	ASSERT_EQ(0, connect(w->sk, (struct sockaddr *)&to, sizeof(to)));
	ASSERT_EQ(0, say(w, WIRE_FROM + 1, WIRE_PORT, THEMIS_MSG_NOTICE, NULL,
			 0));
	EXPECT_EQ(2, count_wait(&w->net, &self->before, THEMIS_CNT_RX_NOTICES,
				2));
	EXPECT_EQ(0, recv_error(w->sk, 0));
	ASSERT_EQ(0, say(w, WIRE_FROM, WIRE_PORT, THEMIS_MSG_NOTICE, NULL,
			 0));
	EXPECT_EQ(ECONNREFUSED, recv_error(w->sk, 2000));
	EXPECT_EQ(0, recv_error(w->sk, 0));
	EXPECT_EQ(-EAGAIN, wire_read(w, NULL, 0));
	EXPECT_TRUE(dropped(&w->net, &self->before, 0, 0));

	/* One that is not empty, or without ports, is none. */
	ASSERT_EQ(0, say(w, WIRE_FROM, WIRE_PORT, THEMIS_MSG_NOTICE, "x", 1));
	ASSERT_EQ(0, say(w, 0, WIRE_PORT, THEMIS_MSG_NOTICE, NULL, 0));
	ASSERT_EQ(0, say(w, WIRE_FROM, 0, THEMIS_MSG_NOTICE, NULL, 0));
	EXPECT_TRUE(dropped(&w->net, &self->before, THEMIS_CNT_RX_INNER, 3));
	EXPECT_EQ(0, recv_error(w->sk, 0));
}

static int shared(struct wire *w, __u16 port)
{
	struct sockaddr_themis sth = address(&w->net, w->node, port);
	int on = 1;
	int fd;

	fd = themis_socket(&w->net, SOCK_DGRAM);
	if (fd >= 0 && (setsockopt(fd, SOL_THEMIS, THEMIS_REUSEPORT, &on,
				   sizeof(on)) ||
			bind(fd, (struct sockaddr *)&sth, sizeof(sth)))) {
		close(fd);
		return -errno;
	}
	return fd;
}

static int shared_by_other(void *arg)
{
	return shared(arg, 90) == -EADDRINUSE ? 0 : 1;
}

TEST_F(delivery, shared_port)
{
	struct wire *w = &self->w;
	int fd[3], got[3] = {};
	struct pollfd pfd[3];
	char c;

	for (int i = 0; i < 3; i++) {
		fd[i] = shared(w, 90);
		ASSERT_LE(0, fd[i]);
		pfd[i] = (struct pollfd){ .fd = fd[i], .events = POLLIN };
	}
	/* All of them have to want it, and to belong to the same user. */
	EXPECT_EQ(-EADDRINUSE, themis_bound(&w->net, w->node, 90));
	EXPECT_EQ(-EADDRINUSE, shared(w, WIRE_PORT));
	EXPECT_EQ(0, in_child(65534, 65534, shared_by_other, w));

	/* Each sender has one of them, always the same. */
	for (int port = 1000; port < 1100; port++) {
		int mine = -1;

		for (int round = 0; round < 3; round++) {
			ASSERT_EQ(0, say(w, port, 90, THEMIS_MSG_DATAGRAM, "x",
					 1));
			/* On a busy machine it takes its time. */
			ASSERT_EQ(1, poll(pfd, 3, 2000));
			for (int i = 0; i < 3; i++) {
				if (recv_ms(fd[i], &c, 1, 0) != 1)
					continue;
				EXPECT_TRUE(mine == -1 || mine == i);
				mine = i;
				got[i]++;
			}
		}
		EXPECT_NE(-1, mine);
	}
	EXPECT_EQ(300, got[0] + got[1] + got[2]);
	for (int i = 0; i < 3; i++)
		EXPECT_LT(30, got[i]);

	/* What is left takes over; when none is left, nobody does. */
	close(fd[0]);
	close(fd[2]);
	for (int port = 1000; port < 1020; port++) {
		ASSERT_EQ(0, say(w, port, 90, THEMIS_MSG_DATAGRAM, "x", 1));
		EXPECT_EQ(1, recv_ms(fd[1], &c, 1, 2000));
	}
	EXPECT_TRUE(dropped(&w->net, &self->before, 0, 0));
	close(fd[1]);
	ASSERT_EQ(0, say(w, 1000, 90, THEMIS_MSG_DATAGRAM, "x", 1));
	EXPECT_TRUE(dropped(&w->net, &self->before, THEMIS_CNT_RX_PORT, 1));
}

/* A filter sees the message, without any header, and can refuse it. */
TEST_F(delivery, filter)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 'y', 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = { ARRAY_SIZE(code), code };
	struct wire *w = &self->w;

	ASSERT_EQ(0, setsockopt(w->sk, SOL_SOCKET, SO_ATTACH_FILTER, &prog,
				sizeof(prog)));
	ASSERT_EQ(0, wire_msg(w, "no", 2));
	EXPECT_TRUE(dropped(&w->net, &self->before, THEMIS_CNT_RX_FILTER, 1));
	ASSERT_EQ(0, wire_msg(w, "yes", 3));
	EXPECT_EQ(0, wire_read(w, "yes", 3));
	EXPECT_EQ(-EAGAIN, wire_read(w, NULL, 0));

	/* One that cuts: the rest is gone, and nothing else. */
	code[2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 2);
	ASSERT_EQ(0, setsockopt(w->sk, SOL_SOCKET, SO_ATTACH_FILTER, &prog,
				sizeof(prog)));
	ASSERT_EQ(0, wire_msg(w, "yes", 3));
	EXPECT_EQ(0, wire_read(w, "ye", 2));
}

TEST_HARNESS_MAIN
