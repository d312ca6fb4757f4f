// SPDX-License-Identifier: GPL-2.0
/*
 * Packets that wait for a session, and what becomes of them. The test is the
 * daemon.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>

#include "kselftest_harness.h"
#include "peer.h"

#define INITIATOR	(THEMIS_KEY_F_INITIATOR | THEMIS_KEY_F_SEND)
#define WAITING		16	/* packets for one session */
#define ACQUIRES	256	/* sessions of one namespace being asked for */
#define USER_ACQUIRES	64	/* the same of one user */
#define TIMEOUT		"/sys/module/themis/parameters/acquire_timeout_ms"

static struct packet pkt;

FIXTURE(acquire)
{
	struct wire	w;
	struct nl	daemon;
	struct counts	before;
};

FIXTURE_SETUP(acquire)
{
	ASSERT_EQ(0, wire_new(&self->w, "127.0.0.1"));
	ASSERT_EQ(0, nl_open_themis(&self->daemon));
	ASSERT_EQ(0, nl_join(&self->daemon, self->daemon.acquire));
	ASSERT_EQ(0, counts_get(&self->w.net, &self->before));
}

FIXTURE_TEARDOWN(acquire)
{
	/*
	 * A message that waits keeps its socket, even a closed one, and so the
	 * namespace and the module.
	 */
	node_del(&self->w.net, self->w.node);
	nl_close(&self->daemon);
	net_free(&self->w.net);
}

static bool asked(struct nl *daemon)
{
	return !event_wait(daemon, THEMIS_CMD_ACQUIRE_NTF, 0);
}

static bool not_asked(struct nl *daemon)
{
	return event_none(daemon, THEMIS_CMD_ACQUIRE_NTF, 0);
}

static int queued(int fd)
{
	int size = -1;

	return ioctl(fd, SIOCOUTQ, &size) ? -errno : size;
}

/* Bring the session about, as a daemon does that has agreed on a key. */
static int answer(struct wire *w)
{
	int err;

	err = session_new(&w->net, w->node, w->peer, &w->ep);
	if (err)
		return err;
	key_random(&w->key, INITIATOR);
	return wire_key(w, &w->key);
}

TEST_F(acquire, without_daemon)
{
	struct wire *w = &self->w;
	struct session s;

	ASSERT_EQ(0, nl_leave(&self->daemon, self->daemon.acquire));
	EXPECT_EQ(-EHOSTUNREACH, wire_write(w, "x", 1));
	EXPECT_TRUE(dropped(&w->net, &self->before, THEMIS_CNT_TX_NO_DAEMON,
			    1));
	/* Said by sendto(), so not said again. */
	EXPECT_EQ(0, recv_error(w->sk, 0));
	EXPECT_EQ(0, queued(w->sk));
	/* Asking in vain leaves nothing behind. */
	EXPECT_EQ(-ENOENT, session_get(&w->net, w->node, w->peer, &s));
}

/*
 * What the administrator has made stays, whatever an unprivileged sender does:
 * a daemon makes a session first and gives it a key then.
 */
TEST_F(acquire, session_survives)
{
	struct wire *w = &self->w;
	struct session s;

	ASSERT_EQ(0, nl_leave(&self->daemon, self->daemon.acquire));
	ASSERT_EQ(0, session_new(&w->net, w->node, w->peer, &w->ep));
	EXPECT_EQ(-EHOSTUNREACH, wire_write(w, "x", 1));
	ASSERT_EQ(0, session_get(&w->net, w->node, w->peer, &s));
	EXPECT_TRUE(endpoint_eq(&w->ep, &s.ep));
	key_random(&w->key, INITIATOR);
	ASSERT_EQ(0, wire_key(w, &w->key));
	EXPECT_EQ(1, wire_write(w, "x", 1));
	EXPECT_EQ(0, wire_recv(w, &w->key, &pkt));
}

/* A daemon of another namespace is none. */
TEST_F(acquire, daemon_elsewhere)
{
	static struct wire other;

	ASSERT_EQ(0, wire_new(&other, "127.0.0.1"));
	EXPECT_EQ(-EHOSTUNREACH, wire_write(&other, "x", 1));
	EXPECT_TRUE(not_asked(&self->daemon));
	net_free(&other.net);
}

TEST_F(acquire, asks_once)
{
	struct wire *w = &self->w;
	const struct nlattr *nest;
	struct session s;
	int other;

	other = themis_bound(&w->net, w->node, 0);
	ASSERT_LE(0, other);
	EXPECT_EQ(1, wire_write(w, "a", 1));
	EXPECT_EQ(1, wire_write(w, "b", 1));
	EXPECT_EQ(1, send_to(other, &w->net, w->peer, WIRE_FROM, "c", 1));
	ASSERT_TRUE(asked(&self->daemon));
	nest = nl_attr(&self->daemon.nlh, THEMIS_A_SESSION);
	ASSERT_EQ(THEMIS_ID_LEN, nl_len(nl_sub(nest, THEMIS_SESSION_A_NODE)));
	ASSERT_EQ(THEMIS_ID_LEN, nl_len(nl_sub(nest, THEMIS_SESSION_A_PEER)));
	EXPECT_EQ(0, memcmp(nl_data(nl_sub(nest, THEMIS_SESSION_A_NODE)),
			    w->node, THEMIS_ID_LEN));
	EXPECT_EQ(0, memcmp(nl_data(nl_sub(nest, THEMIS_SESSION_A_PEER)),
			    w->peer, THEMIS_ID_LEN));
	EXPECT_EQ(NULL, nl_sub(nest, THEMIS_SESSION_A_ENDPOINT));
	EXPECT_TRUE(not_asked(&self->daemon));
	EXPECT_EQ(1, count_wait(&w->net, &self->before, THEMIS_CNT_ACQUIRES,
				1));

	ASSERT_EQ(0, session_get(&w->net, w->node, w->peer, &s));
	EXPECT_EQ(THEMIS_SESSION_ACQUIRE, s.state);
	EXPECT_EQ(3, s.queued);
	EXPECT_LT(0, queued(w->sk));
	EXPECT_TRUE(dropped(&w->net, &self->before, 0, 0));
	close(other);
}

TEST_F(acquire, tells_a_known_endpoint)
{
	struct wire *w = &self->w;
	const struct nlattr *ep;
	union endpoint told = {};

	ASSERT_EQ(0, session_new(&w->net, w->node, w->peer, &w->ep));
	EXPECT_EQ(1, wire_write(w, "a", 1));
	ASSERT_TRUE(asked(&self->daemon));
	ep = nl_sub(nl_attr(&self->daemon.nlh, THEMIS_A_SESSION),
		    THEMIS_SESSION_A_ENDPOINT);
	ASSERT_EQ(sizeof(told.in), nl_len(ep));
	memcpy(&told, nl_data(ep), sizeof(told.in));
	EXPECT_TRUE(endpoint_eq(&told, &w->ep));
}

TEST_F(acquire, key_lets_go)
{
	struct wire *w = &self->w;
	struct session s;
	__u8 msg[700];

	for (int i = 0; i < WAITING; i++) {
		memset(msg, i, sizeof(msg));
		EXPECT_EQ(700, wire_write(w, msg, sizeof(msg)));
	}
	EXPECT_TRUE(wire_quiet(w));
	ASSERT_EQ(0, answer(w));
	for (int i = 0; i < WAITING; i++) {
		memset(msg, i, sizeof(msg));
		ASSERT_EQ(0, wire_recv(w, &w->key, &pkt));
		EXPECT_EQ(i + 1, (int)pkt.seq);
		EXPECT_EQ(WIRE_PORT, pkt.sport);
		EXPECT_EQ(WIRE_FROM, pkt.dport);
		ASSERT_EQ(sizeof(msg), pkt.len);
		EXPECT_EQ(0, memcmp(pkt.msg, msg, sizeof(msg)));
	}
	ASSERT_EQ(0, session_get(&w->net, w->node, w->peer, &s));
	EXPECT_EQ(THEMIS_SESSION_UP, s.state);
	EXPECT_EQ(0, s.queued);
	EXPECT_EQ(0, queued(w->sk));
	EXPECT_EQ(0, recv_error(w->sk, 0));
	EXPECT_EQ(1, wire_write(w, "x", 1));
	EXPECT_EQ(0, wire_recv(w, &w->key, &pkt));
	EXPECT_EQ(WAITING + 1, (int)pkt.seq);
	EXPECT_TRUE(dropped(&w->net, &self->before, 0, 0));
}

/* Long messages consist of pages; they wait and go as well as short ones. */
TEST_F(acquire, long_messages_wait)
{
	static __u8 msg[60000];
	struct wire *w = &self->w;
	int size = 1 << 20;

	ASSERT_EQ(0, setsockopt(w->sk, SOL_SOCKET, SO_SNDBUFFORCE, &size,
				sizeof(size)));
	ASSERT_EQ(0, setsockopt(w->udp, SOL_SOCKET, SO_RCVBUFFORCE, &size,
				sizeof(size)));
	fill_random(msg, sizeof(msg));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(60000, wire_write(w, msg, sizeof(msg)));
	ASSERT_EQ(0, answer(w));
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, wire_recv(w, &w->key, &pkt));
		ASSERT_EQ(sizeof(msg), pkt.len);
		EXPECT_EQ(0, memcmp(pkt.msg, msg, sizeof(msg)));
	}
}

TEST_F(acquire, queue_is_bounded)
{
	struct wire *w = &self->w;

	for (int i = 0; i < WAITING; i++)
		EXPECT_EQ(1, wire_write(w, "x", 1));
	EXPECT_EQ(-ENOBUFS, wire_write(w, "x", 1));
	EXPECT_EQ(-ENOBUFS, wire_write(w, "x", 1));
	EXPECT_TRUE(dropped(&w->net, &self->before, THEMIS_CNT_TX_QUEUE_FULL,
			    2));
	/* Nobody else suffers from it. */
	fill_random(w->peer, sizeof(w->peer));
	EXPECT_EQ(1, wire_write(w, "x", 1));
}

struct storm {
	struct wire	*w;
	__u8		peer[ACQUIRES + 2][THEMIS_ID_LEN];
	int		from;
	int		to;
	int		err;	/* what the one after the last has to return */
};

/* One user asks for many sessions; the messages stay when the user has gone. */
static int send_storm(void *arg)
{
	struct storm *s = arg;
	struct wire *w = s->w;
	int fd;

	fd = themis_bound(&w->net, w->node, 0);
	CHECK(fd >= 0);
	for (int i = s->from; i < s->to; i++)
		CHECK(send_to(fd, &w->net, s->peer[i], 1, "x", 1) == 1);
	CHECK(send_to(fd, &w->net, s->peer[s->to], 1, "x", 1) == s->err);
	return check_status();
}

TEST_F(acquire, acquires_are_bounded)
{
	struct wire *w = &self->w;
	static struct storm s;

	s.w = w;
	fill_random(s.peer, sizeof(s.peer));
	/* One user leaves room for others. */
	for (int user = 0; user < ACQUIRES / USER_ACQUIRES; user++) {
		s.from = user * USER_ACQUIRES;
		s.to = s.from + USER_ACQUIRES;
		s.err = -ENOBUFS;
		EXPECT_EQ(0, in_child(2000 + user, 2000, send_storm, &s));
	}
	EXPECT_EQ(ACQUIRES, count_wait(&w->net, &self->before,
				       THEMIS_CNT_ACQUIRES, ACQUIRES));
	EXPECT_EQ(ACQUIRES / USER_ACQUIRES,
		  count_wait(&w->net, &self->before, THEMIS_CNT_TX_USER_LIMIT,
			     ACQUIRES / USER_ACQUIRES));

	/* All of them together leave room for the machine. */
	ASSERT_EQ(0, counts_get(&w->net, &self->before));
	s.from = ACQUIRES;
	s.to = ACQUIRES;
	EXPECT_EQ(0, in_child(3000, 3000, send_storm, &s));
	EXPECT_TRUE(dropped(&w->net, &self->before,
			    THEMIS_CNT_TX_ACQUIRE_LIMIT, 1));
	ASSERT_EQ(0, acquire_fail(&w->net, w->node, s.peer[7], 0));
	s.to = ACQUIRES + 1;
	EXPECT_EQ(0, in_child(3000, 3000, send_storm, &s));
}

TEST_F(acquire, refused)
{
	struct wire *w = &self->w;
	struct pollfd pfd = { .fd = w->sk };
	struct session s;
	char buf[4];

	for (int i = 0; i < 3; i++)
		EXPECT_EQ(1, wire_write(w, "x", 1));
	ASSERT_TRUE(asked(&self->daemon));
	ASSERT_EQ(0, acquire_fail(&w->net, w->node, w->peer, 0));
	EXPECT_EQ(1, poll(&pfd, 1, 2000));
	EXPECT_EQ(POLLERR, pfd.revents);
	EXPECT_EQ(-EHOSTUNREACH, recv_ms(w->sk, buf, sizeof(buf), 0));
	EXPECT_EQ(-EAGAIN, recv_ms(w->sk, buf, sizeof(buf), 0));
	EXPECT_EQ(0, poll(&pfd, 1, 0));
	EXPECT_EQ(0, queued(w->sk));
	EXPECT_TRUE(dropped(&w->net, &self->before, THEMIS_CNT_TX_REFUSED,
			    3));
	if (!session_get(&w->net, w->node, w->peer, &s)) {
		EXPECT_EQ(THEMIS_SESSION_IDLE, s.state);
		EXPECT_EQ(0, s.queued);
	}
	EXPECT_EQ(-ENOENT, acquire_fail(&w->net, w->node, w->peer, 0));

	/* The next message asks anew, and can be more lucky. */
	EXPECT_EQ(1, wire_write(w, "x", 1));
	EXPECT_TRUE(asked(&self->daemon));
	ASSERT_EQ(0, answer(w));
	EXPECT_EQ(0, wire_recv(w, &w->key, &pkt));
}

TEST_F(acquire, refused_with_a_reason)
{
	struct wire *w = &self->w;

	EXPECT_EQ(1, wire_write(w, "x", 1));
	ASSERT_EQ(0, acquire_fail(&w->net, w->node, w->peer, ECONNREFUSED));
	EXPECT_EQ(ECONNREFUSED, recv_error(w->sk, 2000));
	EXPECT_EQ(0, recv_error(w->sk, 0));
}

/* Who has sent nothing to that peer hears nothing of it. */
TEST_F(acquire, refusal_is_for_senders)
{
	struct wire *w = &self->w;
	int other, third;

	other = themis_bound(&w->net, w->node, 0);
	third = themis_bound(&w->net, w->node, 0);
	ASSERT_LE(0, third);
	EXPECT_EQ(1, wire_write(w, "x", 1));
	EXPECT_EQ(1, send_to(other, &w->net, w->peer, 1, "x", 1));
	ASSERT_EQ(0, acquire_fail(&w->net, w->node, w->peer, 0));
	EXPECT_EQ(EHOSTUNREACH, recv_error(w->sk, 2000));
	EXPECT_EQ(EHOSTUNREACH, recv_error(other, 2000));
	EXPECT_EQ(0, recv_error(third, 0));
	close(other);
	close(third);
}

static int set_timeout(const char *ms, char *old, size_t size)
{
	FILE *f = fopen(TIMEOUT, "r+");
	int err = -EIO;

	if (!f)
		return -errno;
	if (!old || fgets(old, size, f)) {
		rewind(f);
		err = fputs(ms, f) < 0 ? -EIO : 0;
	}
	return fclose(f) ? -errno : err;
}

TEST_F(acquire, timeout)
{
	struct wire *w = &self->w;
	struct session s;
	char old[32];
	__u64 start;

	ASSERT_EQ(0, set_timeout("500", old, sizeof(old)));
	start = now_ms();
	EXPECT_EQ(1, wire_write(w, "x", 1));
	EXPECT_EQ(1, wire_write(w, "x", 1));
	ASSERT_EQ(0, set_timeout(old, NULL, 0));
	EXPECT_EQ(10000, strtoul(old, NULL, 10));

	EXPECT_EQ(EHOSTUNREACH, recv_error(w->sk, 5000));
	EXPECT_LE(490, now_ms() - start);
	EXPECT_GE(3000, now_ms() - start);
	EXPECT_TRUE(dropped(&w->net, &self->before, THEMIS_CNT_TX_TIMEOUT,
			    2));
	EXPECT_EQ(0, queued(w->sk));
	if (!session_get(&w->net, w->node, w->peer, &s))
		EXPECT_EQ(THEMIS_SESSION_IDLE, s.state);
}

TEST_F_TIMEOUT(acquire, default_timeout, 30)
{
	struct wire *w = &self->w;
	__u64 start = now_ms();

	EXPECT_EQ(1, wire_write(w, "x", 1));
	EXPECT_EQ(EHOSTUNREACH, recv_error(w->sk, 15000));
	EXPECT_LE(9900, now_ms() - start);
}

TEST_F(acquire, session_goes)
{
	struct wire *w = &self->w;

	EXPECT_EQ(1, wire_write(w, "x", 1));
	EXPECT_EQ(1, wire_write(w, "x", 1));
	ASSERT_EQ(0, session_del(&w->net, w->node, w->peer));
	EXPECT_EQ(EHOSTUNREACH, recv_error(w->sk, 2000));
	EXPECT_TRUE(dropped(&w->net, &self->before, THEMIS_CNT_TX_GONE, 2));
	EXPECT_EQ(0, queued(w->sk));
}

TEST_F(acquire, node_goes)
{
	struct wire *w = &self->w;

	EXPECT_EQ(1, wire_write(w, "x", 1));
	ASSERT_EQ(0, node_del(&w->net, w->node));
	EXPECT_LT(0, recv_error(w->sk, 2000));
	EXPECT_TRUE(dropped(&w->net, &self->before, THEMIS_CNT_TX_GONE, 1));
	EXPECT_EQ(0, queued(w->sk));
	EXPECT_EQ(-ENETDOWN, wire_write(w, "x", 1));
}

/* A message that has been taken is on its way; the sender need not stay. */
TEST_F(acquire, socket_goes)
{
	struct wire *w = &self->w;
	struct session s;

	EXPECT_EQ(1, wire_write(w, "x", 1));
	close(w->sk);
	ASSERT_EQ(0, answer(w));
	EXPECT_EQ(0, wire_recv(w, &w->key, &pkt));
	ASSERT_EQ(0, session_get(&w->net, w->node, w->peer, &s));
	EXPECT_EQ(0, s.queued);
}

TEST_F(acquire, socket_goes_then_refused)
{
	struct wire *w = &self->w;

	EXPECT_EQ(1, wire_write(w, "x", 1));
	close(w->sk);
	ASSERT_EQ(0, acquire_fail(&w->net, w->node, w->peer, 0));
	EXPECT_TRUE(dropped(&w->net, &self->before, THEMIS_CNT_TX_REFUSED,
			    1));
}

/* A key that has died is asked for again by the next message. */
TEST_F(acquire, after_the_hard_limit)
{
	struct wire *w = &self->w;
	struct key key;

	ASSERT_EQ(0, session_new(&w->net, w->node, w->peer, &w->ep));
	key_random(&key, INITIATOR);
	key.hard_ms = 300;
	ASSERT_EQ(0, wire_key(w, &key));
	EXPECT_EQ(1, wire_write(w, "x", 1));
	EXPECT_EQ(0, wire_recv(w, &key, &pkt));
	EXPECT_TRUE(not_asked(&self->daemon));
	sleep_ms(400);
	EXPECT_EQ(1, wire_write(w, "y", 1));
	EXPECT_TRUE(asked(&self->daemon));
	ASSERT_EQ(0, answer(w));
	EXPECT_EQ(0, wire_recv(w, &w->key, &pkt));
	EXPECT_EQ('y', pkt.msg[0]);
}

/*
 * An unprivileged crowd asks for everything at once; the daemon answers and
 * refuses at the same time.
 */
TEST_F_TIMEOUT(acquire, crowd, 60)
{
	struct wire *w = &self->w;
	static __u8 peer[200][THEMIS_ID_LEN];
	int size = 1 << 20;
	pid_t pid[4];
	int status;

	fill_random(peer, sizeof(peer));
	ASSERT_EQ(0, setsockopt(w->sk, SOL_SOCKET, SO_SNDBUFFORCE, &size,
				sizeof(size)));
	for (int c = 0; c < 4; c++) {
		pid[c] = fork();
		ASSERT_LE(0, pid[c]);
		if (pid[c])
			continue;
		for (int i = 0; i < 2000; i++)
			send_to(w->sk, &w->net, peer[(i * 7 + c) % 200], 1,
				"x", 1);
		_exit(0);
	}
	for (int i = 0; i < 1000; i++) {
		__u8 *id = peer[i % 200];

		switch (i % 3) {
		case 0:
			acquire_fail(&w->net, w->node, id, 0);
			break;
		case 1:
			session_del(&w->net, w->node, id);
			break;
		default:
			memcpy(w->peer, id, THEMIS_ID_LEN);
			answer(w);
		}
	}
	for (int c = 0; c < 4; c++) {
		ASSERT_EQ(pid[c], waitpid(pid[c], &status, 0));
		EXPECT_EQ(0, status);
	}
	for (int i = 0; i < 200; i++)
		session_del(&w->net, w->node, peer[i]);
	EXPECT_EQ(0, queued(w->sk));
	recv_error(w->sk, 0);
	EXPECT_EQ(1, wire_write(w, "x", 1));
}

TEST_HARNESS_MAIN
