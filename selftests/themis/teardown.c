// SPDX-License-Identifier: GPL-2.0
/*
 * Taking things away while they are in use: nothing here checks much more
 * than that everybody comes out of it alive. Run it on a kernel with KASAN and
 * lockdep to learn the most.
 */
#include <errno.h>
#include <net/if.h>
#include <signal.h>
#include <stdlib.h>

#include "kselftest_harness.h"
#include "peer.h"

#define CHURN_MS	2000	/* or THEMIS_CHURN_MS */
#define ROUNDS		11	/* at least, which may take longer */

static const char text[] = "a message";

/* How long each test goes on, in milliseconds. */
static __u64 churn_ms(void)
{
	const char *wanted = getenv("THEMIS_CHURN_MS");

	return wanted ? strtoull(wanted, NULL, 10) : CHURN_MS;
}

/* Whether a test that has gone round n times goes round once more. */
static bool again(__u64 end, int n)
{
	return n < ROUNDS || now_ms() < end;
}

FIXTURE(teardown)
{
	struct wire	w;
	pid_t		pid[3];
	int		n;
};

FIXTURE_SETUP(teardown)
{
	ASSERT_EQ(0, wire_new(&self->w, "127.0.0.1"));
	ASSERT_EQ(0, wire_up(&self->w, THEMIS_KEY_F_CONFIRMED));
}

FIXTURE_TEARDOWN(teardown)
{
	for (int i = 0; i < self->n; i++) {
		kill(self->pid[i], SIGKILL);
		EXPECT_EQ(self->pid[i], waitpid(self->pid[i], NULL, 0));
	}
	/* A new node on a new link works as if nothing had been. */
	close(self->w.sk);
	close(self->w.udp);
	net_free(&self->w.net);
	ASSERT_EQ(0, wire_new(&self->w, "127.0.0.1"));
	ASSERT_EQ(0, wire_up(&self->w, THEMIS_KEY_F_CONFIRMED));
	EXPECT_TRUE(wire_works(&self->w));
	net_free(&self->w.net);
}

/* Run a function again and again in a child until the test ends. */
static int forever(struct _test_data_teardown *self, void (*fn)(struct wire *w))
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (!pid) {
		signal(SIGPIPE, SIG_IGN);
		for (;;)
			fn(&self->w);
	}
	self->pid[self->n++] = pid;
	return 0;
}

/* The wire: good packets, each sequence new, and now and then noise. */
static void pour_in(struct wire *w)
{
	__u8 noise[64];

	wire_msg(w, text, sizeof(text));
	if (w->seq % 8)
		return;
	fill_random(noise, sizeof(noise));
	memcpy(noise, "\x10\0\0\0", 4);
	wire_send(w, noise, sizeof(noise));
	noise[0] = THEMIS_PKT_COOKIE;
	wire_send(w, noise, THEMIS_PKT_COOKIE_LEN);
}

static void pour_out(struct wire *w)
{
	char buf[64];

	wire_write(w, text, sizeof(text));
	while (recv_ms(w->sk, buf, sizeof(buf), 0) >= 0)
		;
}

/* A socket that lives as short as can be. */
static void come_and_go(struct wire *w)
{
	struct sockaddr_themis to = address(&w->net, w->peer, WIRE_FROM);
	char buf[64];
	int fd;

	fd = themis_bound(&w->net, w->node, WIRE_PORT + 1);
	if (fd < 0)
		return;
	if (w->seq++ % 2)
		connect(fd, (struct sockaddr *)&to, sizeof(to));
	send_to(fd, &w->net, w->peer, WIRE_FROM, text, sizeof(text));
	recv_ms(fd, buf, sizeof(buf), 0);
	close(fd);
}

static void look_around(struct wire *w)
{
	struct nl_msg m;

	nl_open_themis(&w->net.nl);
	for (int cmd = THEMIS_CMD_LINK_GET; cmd <= THEMIS_CMD_SESSION_GET;
	     cmd += THEMIS_CMD_NODE_GET - THEMIS_CMD_LINK_GET) {
		nl_cmd(&m, cmd, 0);
		nl_dump(&w->net.nl, &m, NULL, NULL);
	}
	nl_close(&w->net.nl);
}

/*
 * A session with a new key. That may fail: somebody who sends just between
 * the two asks for a session in vain, and a session without a key may then go.
 */
static int renew(struct wire *w)
{
	int err;

	err = session_new(&w->net, w->node, w->peer, &w->ep);
	if (err)
		return err;
	key_random(&w->key, THEMIS_KEY_F_CONFIRMED);
	err = wire_key(w, &w->key);
	return err == -ENOENT ? 0 : err;
}

TEST_F_TIMEOUT(teardown, sessions, 600)
{
	struct wire *w = &self->w;
	__u64 end = now_ms() + churn_ms();
	struct session s;

	ASSERT_EQ(0, forever(self, pour_in));
	ASSERT_EQ(0, forever(self, pour_out));
	ASSERT_EQ(0, forever(self, look_around));
	for (int n = 0; again(end, n); n++) {
		session_del(&w->net, w->node, w->peer);
		ASSERT_EQ(0, renew(w));
		session_get(&w->net, w->node, w->peer, &s);
	}
}

TEST_F_TIMEOUT(teardown, keys, 600)
{
	struct wire *w = &self->w;
	__u64 end = now_ms() + churn_ms();
	struct key key;
	int err;

	ASSERT_EQ(0, forever(self, pour_in));
	ASSERT_EQ(0, forever(self, pour_out));
	ASSERT_EQ(0, forever(self, come_and_go));
	for (int n = 0; again(end, n); n++) {
		/* The wire goes on with the index that it knows. */
		key_random(&key, THEMIS_KEY_F_CONFIRMED);
		key.local = w->key.local;
		key_cmd(&w->net, THEMIS_CMD_KEY_DEL, w->node, w->peer,
			key.local);
		err = wire_key(w, &key);
		if (err == -ENOENT)
			err = session_new(&w->net, w->node, w->peer, &w->ep);
		ASSERT_EQ(0, err);
	}
}

TEST_F_TIMEOUT(teardown, nodes, 600)
{
	struct wire *w = &self->w;
	__u64 end = now_ms() + churn_ms();

	ASSERT_EQ(0, forever(self, pour_in));
	ASSERT_EQ(0, forever(self, come_and_go));
	ASSERT_EQ(0, forever(self, look_around));
	for (int n = 0; again(end, n); n++) {
		ASSERT_EQ(0, node_del(&w->net, w->node));
		ASSERT_EQ(0, node_new(&w->net, w->node, w->port));
		ASSERT_EQ(0, renew(w));
	}
}

TEST_F_TIMEOUT(teardown, links, 600)
{
	struct wire *w = &self->w;
	__u64 end = now_ms() + churn_ms();

	ASSERT_EQ(0, forever(self, pour_in));
	ASSERT_EQ(0, forever(self, come_and_go));
	ASSERT_EQ(0, forever(self, look_around));
	for (int n = 0; again(end, n); n++) {
		ASSERT_EQ(0, node_del(&w->net, w->node));
		ASSERT_EQ(0, link_del(&w->net, w->port));
		ASSERT_EQ(0, link_new(&w->net, w->port));
		ASSERT_EQ(0, node_new(&w->net, w->node, w->port));
		ASSERT_EQ(0, renew(w));
	}
}

TEST_F_TIMEOUT(teardown, sockets, 600)
{
	__u64 end = now_ms() + churn_ms();

	ASSERT_EQ(0, forever(self, pour_in));
	ASSERT_EQ(0, forever(self, come_and_go));
	ASSERT_EQ(0, forever(self, pour_out));
	for (int n = 0; again(end, n); n++)
		come_and_go(&self->w);
}

/* The raw socket, and the link below it. */
TEST_F_TIMEOUT(teardown, raw, 600)
{
	struct wire *w = &self->w;
	struct sockaddr_themis sth = address(&w->net, NULL, WIRE_LINK);
	__u64 end = now_ms() + churn_ms();
	char buf[512];

	sth.sth_kind = THEMIS_KIND_LINK;
	ASSERT_EQ(0, forever(self, pour_in));
	for (int n = 0; again(end, n); n++) {
		int fd = themis_socket(&w->net, SOCK_RAW);

		ASSERT_LE(0, fd);
		ASSERT_EQ(0, bind(fd, (struct sockaddr *)&sth, sizeof(sth)));
		recv_ms(fd, buf, sizeof(buf), 1);
		if (w->seq++ % 2) {
			node_del(&w->net, w->node);
			ASSERT_EQ(0, link_del(&w->net, w->port));
			ASSERT_EQ(0, link_new(&w->net, w->port));
		}
		close(fd);
	}
}

/* Both ends' machines talk; one of them ceases to exist. */
TEST_F_TIMEOUT(teardown, namespace, 600)
{
	__u64 end = now_ms() + churn_ms();

	for (int round = 0; again(end, round); round++) {
		static struct net a, b;
		struct end ea, eb;
		pid_t pid;
		int fd;

		ASSERT_EQ(0, net_new(&a));
		ASSERT_EQ(0, net_new(&b));
		ASSERT_EQ(0, net_veth(&a, &b));
		ASSERT_EQ(0, end_new(&ea, &a, round % 2 ? VETH_A4 : VETH_A6,
				     7000));
		ASSERT_EQ(0, end_new(&eb, &b, round % 2 ? VETH_B4 : VETH_B6,
				     7000));
		ASSERT_EQ(0, ends_join(&ea, &eb));
		fd = themis_bound(&a, ea.id, 1);
		ASSERT_LE(0, fd);

		ASSERT_EQ(0, net_enter(&a));
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid) {
			static char buf[3000];

			net_free(&b);
			for (int i = 0; ; i++)
				send_to(fd, &a, eb.id, 1, buf,
					i % sizeof(buf));
		}
		sleep_ms(50);
		/* The last that held it. */
		net_free(&b);
		for (int i = 0; i < 1000 && if_nametoindex("veth"); i++)
			sleep_ms(10);
		EXPECT_EQ(0, if_nametoindex("veth"));
		kill(pid, SIGKILL);
		ASSERT_EQ(pid, waitpid(pid, NULL, 0));
		close(fd);
		ASSERT_EQ(0, net_enter(&self->w.net));
		net_free(&a);
	}
}

TEST_HARNESS_MAIN
