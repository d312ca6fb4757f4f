// SPDX-License-Identifier: GPL-2.0
/*
 * Every allocation of the module, and every copy from user space, fails in
 * turn: the first that an operation makes, then the second, and so on until it
 * needs no more. Each time the operation either says so or does without, and
 * works as ever when it is tried again. What leaks or is used after its end is
 * for the kernel's own checkers to say, so run it on one that has them.
 */
#include <errno.h>
#include <linux/filter.h>
#include <signal.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "inject.h"
#include "peer.h"

#define NO_INJECTION	"no fault injection in this kernel"
#define MOST		2000	/* calls that an operation makes */
#define OTHER_LINK	7001
#define POUR_MS		2000
#define POUR_MAX_MS	30000	/* on a slow machine */
#define FEW		100
#define CROWD		2000	/* sessions */
#define CROWD_MAX	16000

static const char text[] = "a message";
static char large[30000];

/**
 * struct scene - what an operation finds
 * @w: a node with a session, and its peer
 * @id: an id that is neither's
 * @elsewhere: an address that is not the peer's
 * @key: for the session with @id
 * @fd: the operation's own socket, or -1
 */
struct scene {
	struct wire	w;
	__u8		id[THEMIS_ID_LEN];
	union endpoint	elsewhere;
	struct key	key;
	int		fd;
};

/**
 * struct op - an operation
 * @name: for people
 * @before: makes what it needs; may be NULL
 * @run: the operation; 0 or more, or a negative errno
 * @after: removes what is left, however it ended; may be NULL
 * @sure: it may not fail for want of memory
 */
struct op {
	const char	*name;
	int		(*before)(struct scene *s);
	int		(*run)(struct scene *s);
	void		(*after)(struct scene *s);
	bool		sure;
};

FIXTURE(fault)
{
	struct scene	s;
};

FIXTURE_SETUP(fault)
{
	struct scene *s = &self->s;

	s->fd = -1;
	ASSERT_EQ(0, wire_new(&s->w, "127.0.0.1"));
	ASSERT_EQ(0, wire_up(&s->w, THEMIS_KEY_F_CONFIRMED));
	fill_random(s->id, sizeof(s->id));
	s->elsewhere = endpoint("127.0.0.2", 9);
	key_random(&s->key, 0);
}

FIXTURE_TEARDOWN(fault)
{
	inject_percent(0);
	EXPECT_TRUE(wire_works(&self->s.w));
	close(self->s.w.sk);
	close(self->s.w.udp);
	net_free(&self->s.w.net);
}

/* Returns how many of its calls have failed, or a negative errno. */
static int fail_each(struct scene *s, const struct op *op)
{
	unsigned int n;
	bool failed;
	int err;

	for (n = 1; n < MOST; n++) {
		err = op->before ? op->before(s) : 0;
		if (err)
			return err;
		err = inject_nth(n);
		if (err)
			return err;
		err = op->run(s);
		failed = inject_end();
		if (op->after)
			op->after(s);
		if (!failed)
			return err < 0 ? err : (int)n - 1;
		if (err < 0 && (op->sure || !inject_excuses(err)))
			return err;
	}
	return -E2BIG;
}

static int make_session(struct scene *s)
{
	return session_new(&s->w.net, s->w.node, s->id, &s->w.ep);
}

/* Its peer is at the same address: what it was sent is not for the other. */
static void drop_session(struct scene *s)
{
	session_del(&s->w.net, s->w.node, s->id);
	wire_drain(&s->w);
}

static int make_key(struct scene *s)
{
	/* The index, too, is seen once only. */
	key_random(&s->key, 0);
	return make_session(s) ?:
	       key_new(&s->w.net, s->w.node, s->id, &s->key);
}

static int fresh_session(struct scene *s)
{
	key_random(&s->key, 0);
	return make_session(s);
}

static int run_link(struct scene *s)
{
	return link_new(&s->w.net, OTHER_LINK);
}

static void drop_link(struct scene *s)
{
	link_del(&s->w.net, OTHER_LINK);
}

static int run_link_del(struct scene *s)
{
	return link_del(&s->w.net, OTHER_LINK);
}

static int run_node(struct scene *s)
{
	return node_new_owned(&s->w.net, s->id, s->w.port, THEMIS_OWNER_UID,
			      1000);
}

static void drop_node(struct scene *s)
{
	node_del(&s->w.net, s->id);
}

static int run_node_del(struct scene *s)
{
	return node_del(&s->w.net, s->id);
}

static int run_move(struct scene *s)
{
	return session_new(&s->w.net, s->w.node, s->id, &s->elsewhere);
}

/* What fails leaves nothing behind. */
static int run_session(struct scene *s)
{
	int err = make_session(s);
	struct session session;

	if (err && !session_get(&s->w.net, s->w.node, s->id, &session))
		return -EEXIST;
	return err;
}

static int run_session_del(struct scene *s)
{
	return session_del(&s->w.net, s->w.node, s->id);
}

static int run_session_get(struct scene *s)
{
	struct session session;

	return session_get(&s->w.net, s->w.node, s->w.peer, &session);
}

static int run_key(struct scene *s)
{
	return key_new(&s->w.net, s->w.node, s->id, &s->key);
}

static int run_confirm(struct scene *s)
{
	return key_cmd(&s->w.net, THEMIS_CMD_KEY_CONFIRM, s->w.node, s->id,
		       s->key.local);
}

static int run_key_del(struct scene *s)
{
	return key_cmd(&s->w.net, THEMIS_CMD_KEY_DEL, s->w.node, s->id,
		       s->key.local);
}

static int dump(struct scene *s, int cmd)
{
	struct nl_msg m;

	nl_cmd(&m, cmd, 0);
	return nl_dump(&s->w.net.nl, &m, NULL, NULL);
}

static int run_dump_links(struct scene *s)
{
	return dump(s, THEMIS_CMD_LINK_GET);
}

static int run_dump_nodes(struct scene *s)
{
	return dump(s, THEMIS_CMD_NODE_GET);
}

static int run_dump_sessions(struct scene *s)
{
	return dump(s, THEMIS_CMD_SESSION_GET);
}

static int run_counts(struct scene *s)
{
	struct counts counts;

	return counts_get(&s->w.net, &counts);
}

static const struct op requests[] = {
	{ "a link", NULL, run_link, drop_link, false },
	{ "the end of a link", run_link, run_link_del, drop_link, true },
	{ "a node", NULL, run_node, drop_node, false },
	{ "the end of a node", run_node, run_node_del, drop_node, true },
	{ "a session", NULL, run_session, drop_session, false },
	{ "a move", make_session, run_move, drop_session, false },
	{ "the end of a session", make_session, run_session_del, drop_session,
	  true },
	{ "what a session is", NULL, run_session_get, NULL, false },
	{ "a key", fresh_session, run_key, drop_session, false },
	{ "its confirmation", make_key, run_confirm, drop_session,
	  false },
	{ "its end", make_key, run_key_del, drop_session, true },
	{ "all links", NULL, run_dump_links, NULL, false },
	{ "all nodes", NULL, run_dump_nodes, NULL, false },
	{ "all sessions", NULL, run_dump_sessions, NULL, false },
	{ "all counters", NULL, run_counts, NULL, false },
};

static int run_socket(struct scene *s)
{
	s->fd = themis_socket(&s->w.net, SOCK_DGRAM);
	return s->fd;
}

static int make_socket(struct scene *s)
{
	return run_socket(s) < 0 ? s->fd : 0;
}

static void drop_socket(struct scene *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

static int make_bound(struct scene *s)
{
	s->fd = themis_bound(&s->w.net, s->w.node, WIRE_PORT + 1);
	return s->fd < 0 ? s->fd : 0;
}

static int run_bind(struct scene *s)
{
	struct sockaddr_themis sth = address(&s->w.net, s->w.node, 0);

	return bind(s->fd, (struct sockaddr *)&sth, sizeof(sth)) ? -errno : 0;
}

static int run_connect(struct scene *s)
{
	struct sockaddr_themis sth = address(&s->w.net, s->w.peer, WIRE_FROM);

	return connect(s->fd, (struct sockaddr *)&sth, sizeof(sth)) ? -errno :
								      0;
}

static int run_text(struct scene *s)
{
	static const char name[] = "*:1234";

	return setsockopt(s->fd, SOL_THEMIS, THEMIS_BIND, name,
			  sizeof(name) - 1) ? -errno : 0;
}

static int run_commands(struct scene *s)
{
	int many = 64;

	return setsockopt(s->fd, SOL_THEMIS, THEMIS_COMMANDS, &many,
			  sizeof(many)) ? -errno : 0;
}

static int run_filter(struct scene *s)
{
	struct sock_filter code = BPF_STMT(BPF_RET | BPF_K, 0xffff);
	struct sock_fprog prog = { .len = 1, .filter = &code };

	return setsockopt(s->fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog,
			  sizeof(prog)) ? -errno : 0;
}

static int run_name(struct scene *s)
{
	struct sockaddr_themis sth;
	socklen_t len = sizeof(sth);

	return getsockname(s->fd, (struct sockaddr *)&sth, &len) ? -errno : 0;
}

static void drain(struct scene *s)
{
	wire_drain(&s->w);
	drop_socket(s);
}

static int run_send(struct scene *s)
{
	return send_to(s->fd, &s->w.net, s->w.peer, WIRE_FROM, text,
		       sizeof(text));
}

static int run_send_large(struct scene *s)
{
	return send_to(s->fd, &s->w.net, s->w.peer, WIRE_FROM, large,
		       sizeof(large));
}

static int run_command(struct scene *s)
{
	struct sockaddr_themis to = address(&s->w.net, s->w.peer, WIRE_FROM);

	return send_kind(s->fd, &to, THEMIS_MSG_COMMAND, 0, text,
			 sizeof(text));
}

static int run_respond(struct scene *s)
{
	struct sockaddr_themis to = address(&s->w.net, s->w.peer, WIRE_FROM);

	return send_kind(s->fd, &to, THEMIS_MSG_RESPONSE, 1, text,
			 sizeof(text));
}

static int make_waiting(struct scene *s)
{
	return wire_msg(&s->w, text, sizeof(text));
}

static int run_receive(struct scene *s)
{
	char buf[64];

	return recv_ms(s->w.sk, buf, sizeof(buf), 0);
}

static void drop_waiting(struct scene *s)
{
	while (run_receive(s) >= 0)
		;
}

static const struct op sockets[] = {
	{ "a socket", NULL, run_socket, drop_socket, false },
	{ "bind", make_socket, run_bind, drop_socket, false },
	{ "connect", make_socket, run_connect, drop_socket, false },
	{ "a name as text", make_socket, run_text, drop_socket, false },
	{ "room for commands", make_bound, run_commands, drop_socket, false },
	{ "a filter", make_bound, run_filter, drop_socket, false },
	{ "getsockname", make_bound, run_name, drop_socket, false },
	{ "send", make_bound, run_send, drain, false },
	{ "send, unbound", make_socket, run_send, drain, false },
	{ "send a large message", make_bound, run_send_large, drain, false },
	{ "send a command", make_bound, run_command, drain, false },
	{ "send a response", make_bound, run_respond, drain, false },
	{ "receive", make_waiting, run_receive, drop_waiting, false },
};

static int run_unknown(struct scene *s)
{
	return send_to(s->fd, &s->w.net, s->id, 1, text, sizeof(text));
}

static void drop_acquire(struct scene *s)
{
	drop_session(s);
	drop_socket(s);
}

static const struct op unknown = {
	"send to somebody unknown", make_bound, run_unknown, drop_acquire,
	false,
};

static int run_raw(struct scene *s)
{
	s->fd = themis_socket(&s->w.net, SOCK_RAW);
	return s->fd;
}

static int make_raw(struct scene *s)
{
	return run_raw(s) < 0 ? s->fd : 0;
}

static int run_raw_bind(struct scene *s)
{
	struct sockaddr_themis sth = address(&s->w.net, NULL, WIRE_LINK);

	sth.sth_kind = THEMIS_KIND_LINK;
	return bind(s->fd, (struct sockaddr *)&sth, sizeof(sth)) ? -errno : 0;
}

static const struct op raw[] = {
	{ "a raw socket", NULL, run_raw, drop_socket, false },
	{ "bind it", make_raw, run_raw_bind, drop_socket, false },
};

static const struct op one_more = {
	"one more session", NULL, make_session, NULL, false
};

/* Returns whether all was well; says what was done. */
static bool each_fails(struct scene *s, const struct op *ops, size_t n)
{
	bool well = true;

	for (const struct op *op = ops; op < ops + n; op++) {
		int count = fail_each(s, op);
		bool works = wire_works(&s->w);

		printf("# %s: %d%s\n", op->name, count,
		       works ? "" : ", and nothing works after it");
		fflush(stdout);
		if (count < 0 || !works)
			well = false;
	}
	return well;
}

TEST_F_TIMEOUT(fault, requests, 300)
{
	if (!inject_possible())
		SKIP(return, NO_INJECTION);
	ASSERT_EQ(0, inject_below_module());
	EXPECT_TRUE(each_fails(&self->s, requests, ARRAY_SIZE(requests)));
}

/*
 * Each keeps memory for every processor, which comes in pieces: to make a new
 * one can fail as well, and happens to one session among hundreds, unless the
 * kernel has made it beforehand. One call more or less is common; this takes
 * two more at least.
 */
TEST_F_TIMEOUT(fault, crowd, 300)
{
	struct scene *s = &self->s;
	int calls, least = MOST, most = 0;

	if (!inject_possible())
		SKIP(return, NO_INJECTION);
	ASSERT_EQ(0, inject_below_module());
	for (int i = 0; i < CROWD || (i < CROWD_MAX && most < least + 2); i++) {
		fill_random(s->id, sizeof(s->id));
		calls = fail_each(s, &one_more);
		ASSERT_LE(0, calls);
		if (least > calls)
			least = calls;
		if (most < calls)
			most = calls;
	}
	TH_LOG("%d calls at least, %d at most", least, most);
	EXPECT_LE(least + 2, most);
}

TEST_F_TIMEOUT(fault, sockets, 300)
{
	if (!inject_possible())
		SKIP(return, NO_INJECTION);
	ASSERT_EQ(0, inject_below_module());
	EXPECT_TRUE(each_fails(&self->s, sockets, ARRAY_SIZE(sockets)));
}

/* Somebody listens, so there is more to allocate. */
TEST_F_TIMEOUT(fault, acquire, 300)
{
	struct nl ev;

	if (!inject_possible())
		SKIP(return, NO_INJECTION);
	ASSERT_EQ(0, inject_below_module());
	ASSERT_EQ(0, net_enter(&self->s.w.net));
	ASSERT_EQ(0, nl_open_themis(&ev));
	ASSERT_EQ(0, nl_join(&ev, ev.acquire));
	EXPECT_TRUE(each_fails(&self->s, &unknown, 1));
	nl_close(&ev);
}

TEST_F_TIMEOUT(fault, raw, 300)
{
	if (!inject_possible())
		SKIP(return, NO_INJECTION);
	ASSERT_EQ(0, inject_below_module());
	EXPECT_TRUE(each_fails(&self->s, raw, ARRAY_SIZE(raw)));
}

static bool fails_at_once(struct scene *s, const struct op *op)
{
	int err = op->before ? op->before(s) : 0;

	if (err)
		return false;
	if (inject_percent(100))
		return false;
	err = op->run(s);
	if (inject_percent(0))
		return false;
	if (op->after)
		op->after(s);
	if (err >= 0 || (!op->sure && inject_excuses(err)))
		return true;
	printf("# %s: %d\n", op->name, err);
	fflush(stdout);
	return false;
}

/*
 * Nothing is to be had at all, so that an allocator which tries another way
 * when the first one fails finds none.
 */
TEST_F_TIMEOUT(fault, all, 60)
{
	struct scene *s = &self->s;
	struct net first;

	if (!inject_possible())
		SKIP(return, NO_INJECTION);
	ASSERT_EQ(0, inject_below_module());
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
		EXPECT_TRUE(fails_at_once(s, &requests[i]));
	for (size_t i = 0; i < ARRAY_SIZE(sockets); i++)
		EXPECT_TRUE(fails_at_once(s, &sockets[i]));
	ASSERT_EQ(0, net_new(&first));
	ASSERT_EQ(0, inject_percent(100));
	EXPECT_EQ(-ENOMEM, link_new(&first, OTHER_LINK));
	ASSERT_EQ(0, inject_percent(0));
	ASSERT_EQ(0, link_new(&first, OTHER_LINK));
	ASSERT_EQ(0, net_enter(&s->w.net));
	net_free(&first);
}

/* Where there is no thread to fail in: what comes from the wire, timers. */
TEST_F_TIMEOUT(fault, softirq, 300)
{
	struct wire *w = &self->s.w;
	struct sockaddr_themis to = address(&w->net, w->peer, WIRE_FROM);
	__u64 end = now_ms() + POUR_MS;
	__u8 noise[THEMIS_PKT_INIT_LEN];
	int count, n = 0;

	if (!inject_possible())
		SKIP(return, NO_INJECTION);
	ASSERT_EQ(0, inject_below_module());
	ASSERT_EQ(0, make_raw(&self->s));
	ASSERT_EQ(0, run_raw_bind(&self->s));
	fill_random(noise, sizeof(noise));
	memcpy(noise, "\1\0\0", 4);
	ASSERT_EQ(0, inject_percent(30));
	while (now_ms() < end ||
	       (inject_count() < FEW && now_ms() < end + POUR_MAX_MS)) {
		wire_msg(w, text, sizeof(text));
		wire_msg(w, large, n++ % sizeof(large));
		wire_send(w, noise, sizeof(noise));
		send_kind(w->sk, &to, THEMIS_MSG_COMMAND, 0, text,
			  sizeof(text));
		send_to(w->sk, &w->net, self->s.id, 1, text, sizeof(text));
		drop_waiting(&self->s);
		recv_error(w->sk, 0);
		wire_drain(w);
		drop_session(&self->s);
	}
	count = inject_count();
	ASSERT_EQ(0, inject_percent(0));
	TH_LOG("%d failed in %d rounds", count, n);
	EXPECT_LE(FEW, count);
	drop_socket(&self->s);
	/* The errors of those that failed last are not wire_works()' matter. */
	drop_waiting(&self->s);
	recv_error(w->sk, 0);
	wire_drain(w);
}

TEST_HARNESS_MAIN
