// SPDX-License-Identifier: GPL-2.0
/*
 * The life of keys: slots, confirmation, limits and the change from one to the
 * next. The peer is a UDP socket that knows every key, so which key a packet
 * was sealed with is seen on the wire.
 */
#include <errno.h>

#include "kselftest_harness.h"
#include "peer.h"

#define INITIATOR	(THEMIS_KEY_F_INITIATOR | THEMIS_KEY_F_SEND)
#define RESPONDER	0

static struct packet pkt;

FIXTURE(keys)
{
	struct wire	w;
	struct nl	ev;
};

FIXTURE_SETUP(keys)
{
	ASSERT_EQ(0, wire_new(&self->w, "127.0.0.1"));
	ASSERT_EQ(0, session_new(&self->w.net, self->w.node, self->w.peer,
				 &self->w.ep));
	ASSERT_EQ(0, nl_open_themis(&self->ev));
	ASSERT_EQ(0, nl_join(&self->ev, self->ev.event));
}

FIXTURE_TEARDOWN(keys)
{
	nl_close(&self->ev);
	net_free(&self->w.net);
}

/* Install a new key of one's own choice of flags. */
static int install(struct wire *w, struct key *key, __u32 flags)
{
	key_random(key, flags);
	return wire_key(w, key);
}

static int keepalive(struct wire *w, const struct key *key, __u64 seq)
{
	__u8 out[PKT_MIN];

	return wire_send(w, out, packet_msg(out, key->rx, key->local, seq,
					    THEMIS_MSG_KEEPALIVE, NULL, 0));
}

/* Does what the kernel sends now go out under this key? */
static bool sends_under(struct wire *w, const struct key *key)
{
	return wire_write(w, "x", 1) == 1 && !wire_recv(w, key, &pkt) &&
	       pkt.kind == THEMIS_MSG_DATAGRAM;
}

static bool opens_under(struct wire *w, const struct key *key, __u64 seq)
{
	return !wire_msg_key(w, key, seq, "y", 1) && !wire_read(w, "y", 1);
}

static bool slots_are(struct wire *w, const struct key *current,
		      const struct key *previous, const struct key *next)
{
	struct session s;

	if (session_get(&w->net, w->node, w->peer, &s))
		return false;
	return s.slot[THEMIS_SLOT_CURRENT] == (current ? current->local : 0) &&
	       s.slot[THEMIS_SLOT_PREVIOUS] ==
			(previous ? previous->local : 0) &&
	       s.slot[THEMIS_SLOT_NEXT] == (next ? next->local : 0);
}

static int state_of(struct wire *w)
{
	struct session s;
	int err = session_get(&w->net, w->node, w->peer, &s);

	return err ? err : s.state;
}

/* The key that a SESSION_NTF tells of, by its local index. */
static __u32 event_key(const struct nl *ev)
{
	const struct nlattr *key;

	key = nl_sub(nl_attr(&ev->nlh, THEMIS_A_SESSION),
		     THEMIS_SESSION_A_KEY);
	if (!key)
		key = nl_attr(&ev->nlh, THEMIS_A_KEY);
	return nl_uint(nl_sub(key, THEMIS_KEY_A_LOCAL_INDEX));
}

/* "First key": the responder may not send before the peer has proven it. */
TEST_F(keys, first_of_responder)
{
	struct wire *w = &self->w;
	struct counts before;
	struct key key;

	EXPECT_EQ(THEMIS_SESSION_IDLE, state_of(w));
	ASSERT_EQ(0, install(w, &key, RESPONDER));
	EXPECT_TRUE(slots_are(w, NULL, NULL, &key));
	EXPECT_EQ(THEMIS_SESSION_RECEIVE, state_of(w));
	EXPECT_TRUE(event_none(&self->ev, THEMIS_CMD_SESSION_NTF,
			       THEMIS_EVENT_UP));
	ASSERT_EQ(0, counts_get(&w->net, &before));
	EXPECT_EQ(-EHOSTUNREACH, wire_write(w, "x", 1));
	EXPECT_TRUE(dropped(&w->net, &before, THEMIS_CNT_TX_NO_DAEMON, 1));
	EXPECT_TRUE(wire_quiet(w));

	EXPECT_TRUE(opens_under(w, &key, 1));
	EXPECT_EQ(0, event_wait(&self->ev, THEMIS_CMD_SESSION_NTF,
				THEMIS_EVENT_UP));
	EXPECT_EQ(0, event_wait(&self->ev, THEMIS_CMD_SESSION_NTF,
				THEMIS_EVENT_CONFIRMED));
	EXPECT_EQ(key.local, event_key(&self->ev));
	EXPECT_TRUE(slots_are(w, &key, NULL, NULL));
	EXPECT_EQ(THEMIS_SESSION_UP, state_of(w));
	EXPECT_TRUE(sends_under(w, &key));

	/* Said once. */
	EXPECT_TRUE(opens_under(w, &key, 2));
	EXPECT_TRUE(event_none(&self->ev, THEMIS_CMD_SESSION_NTF,
			       THEMIS_EVENT_CONFIRMED));
}

/* What waits for the responder's key goes out with the proof, in order. */
TEST_F(keys, waiting_goes_with_the_proof)
{
	struct wire *w = &self->w;
	struct key key;
	char c;

	ASSERT_EQ(0, nl_join(&self->ev, self->ev.acquire));
	ASSERT_EQ(0, install(w, &key, RESPONDER));
	for (c = 'a'; c < 'f'; c++)
		EXPECT_EQ(1, wire_write(w, &c, 1));
	EXPECT_TRUE(wire_quiet(w));
	ASSERT_EQ(0, keepalive(w, &key, 1));
	for (c = 'a'; c < 'f'; c++) {
		ASSERT_EQ(0, wire_recv(w, &key, &pkt));
		EXPECT_EQ(c, pkt.msg[0]);
	}
}

/* "First key": the initiator may send at once. */
TEST_F(keys, first_of_initiator)
{
	struct wire *w = &self->w;
	struct key key;

	ASSERT_EQ(0, install(w, &key, INITIATOR));
	EXPECT_EQ(0, event_wait(&self->ev, THEMIS_CMD_SESSION_NTF,
				THEMIS_EVENT_UP));
	EXPECT_TRUE(slots_are(w, &key, NULL, NULL));
	EXPECT_TRUE(sends_under(w, &key));
	EXPECT_EQ(1, pkt.seq);
	EXPECT_TRUE(sends_under(w, &key));
	EXPECT_EQ(2, pkt.seq);
	EXPECT_TRUE(event_none(&self->ev, THEMIS_CMD_SESSION_NTF,
			       THEMIS_EVENT_CONFIRMED));
	ASSERT_EQ(0, keepalive(w, &key, 1));
	EXPECT_EQ(0, event_wait(&self->ev, THEMIS_CMD_SESSION_NTF,
				THEMIS_EVENT_CONFIRMED));
	EXPECT_EQ(key.local, event_key(&self->ev));
	EXPECT_TRUE(slots_are(w, &key, NULL, NULL));
}

TEST_F(keys, confirmed_at_once)
{
	struct wire *w = &self->w;
	struct key key;

	ASSERT_EQ(0, install(w, &key, THEMIS_KEY_F_CONFIRMED));
	wire_drain(w);
	EXPECT_TRUE(slots_are(w, &key, NULL, NULL));
	EXPECT_TRUE(sends_under(w, &key));
	EXPECT_TRUE(opens_under(w, &key, 1));
}

/* "Rekey": while the old key can be used nobody sends on the new one. */
TEST_F(keys, rekey_of_initiator)
{
	struct wire *w = &self->w;
	struct counts before;
	struct key old, new;

	ASSERT_EQ(0, install(w, &old, INITIATOR));
	EXPECT_TRUE(opens_under(w, &old, 1));
	ASSERT_EQ(0, install(w, &new, INITIATOR));
	EXPECT_TRUE(slots_are(w, &old, NULL, &new));
	EXPECT_TRUE(sends_under(w, &old));
	EXPECT_TRUE(opens_under(w, &old, 2));
	EXPECT_TRUE(sends_under(w, &old));

	ASSERT_EQ(0, counts_get(&w->net, &before));
	ASSERT_EQ(0, keepalive(w, &new, 1));
	EXPECT_EQ(1, count_wait(&w->net, &before, THEMIS_CNT_PROMOTIONS, 1));
	EXPECT_TRUE(slots_are(w, &new, &old, NULL));
	EXPECT_TRUE(sends_under(w, &new));
	/* The old one is for what is still on its way. */
	EXPECT_TRUE(opens_under(w, &old, 3));
	EXPECT_TRUE(slots_are(w, &new, &old, NULL));
	EXPECT_TRUE(sends_under(w, &new));
}

TEST_F(keys, rekey_of_responder)
{
	struct wire *w = &self->w;
	struct key old, new;

	ASSERT_EQ(0, install(w, &old, THEMIS_KEY_F_CONFIRMED));
	wire_drain(w);
	ASSERT_EQ(0, install(w, &new, RESPONDER));
	EXPECT_TRUE(slots_are(w, &old, NULL, &new));
	EXPECT_TRUE(sends_under(w, &old));

	/* The daemon has seen message 3; the keepalive tells the initiator. */
	ASSERT_EQ(0, key_cmd(&w->net, THEMIS_CMD_KEY_CONFIRM, w->node,
			     w->peer, new.local));
	ASSERT_EQ(0, wire_recv(w, &new, &pkt));
	EXPECT_EQ(THEMIS_MSG_KEEPALIVE, pkt.kind);
	EXPECT_EQ(0, pkt.len);
	EXPECT_EQ(0, pkt.sport);
	EXPECT_EQ(0, pkt.dport);
	EXPECT_EQ(0, event_wait(&self->ev, THEMIS_CMD_SESSION_NTF,
				THEMIS_EVENT_CONFIRMED));
	EXPECT_TRUE(slots_are(w, &new, &old, NULL));
	EXPECT_TRUE(sends_under(w, &new));
	EXPECT_TRUE(opens_under(w, &old, 1));
	EXPECT_TRUE(opens_under(w, &new, 1));

	/* Message 3 again means that the keepalive was lost. */
	ASSERT_EQ(0, key_cmd(&w->net, THEMIS_CMD_KEY_CONFIRM, w->node,
			     w->peer, new.local));
	ASSERT_EQ(0, wire_recv(w, &new, &pkt));
	EXPECT_EQ(THEMIS_MSG_KEEPALIVE, pkt.kind);
	EXPECT_TRUE(slots_are(w, &new, &old, NULL));
}

/* Nothing but what opens is a proof. */
TEST_F(keys, forgery_proves_nothing)
{
	struct wire *w = &self->w;
	struct counts before;
	struct key key, forged;

	ASSERT_EQ(0, install(w, &key, RESPONDER));
	key_random(&forged, 0);
	forged.local = key.local;
	ASSERT_EQ(0, counts_get(&w->net, &before));
	ASSERT_EQ(0, wire_msg_key(w, &forged, 1, "x", 1));
	EXPECT_TRUE(dropped(&w->net, &before, THEMIS_CNT_RX_TAG, 1));
	EXPECT_TRUE(slots_are(w, NULL, NULL, &key));
	EXPECT_EQ(THEMIS_SESSION_RECEIVE, state_of(w));
	EXPECT_TRUE(event_none(&self->ev, THEMIS_CMD_SESSION_NTF,
			       THEMIS_EVENT_CONFIRMED));
}

/* Each slot holds one: a later one takes its place, and it is gone. */
TEST_F(keys, slots_hold_one)
{
	struct wire *w = &self->w;
	struct counts before;
	struct key k[4];

	ASSERT_EQ(0, install(w, &k[0], INITIATOR));
	ASSERT_EQ(0, install(w, &k[1], INITIATOR));
	ASSERT_EQ(0, install(w, &k[2], INITIATOR));
	EXPECT_TRUE(slots_are(w, &k[0], NULL, &k[2]));
	ASSERT_EQ(0, counts_get(&w->net, &before));
	ASSERT_EQ(0, keepalive(w, &k[1], 1));
	EXPECT_TRUE(dropped(&w->net, &before, THEMIS_CNT_RX_INDEX, 1));

	ASSERT_EQ(0, keepalive(w, &k[2], 1));
	EXPECT_EQ(1, count_wait(&w->net, &before, THEMIS_CNT_PROMOTIONS, 1));
	EXPECT_TRUE(slots_are(w, &k[2], &k[0], NULL));
	ASSERT_EQ(0, install(w, &k[3], INITIATOR));
	ASSERT_EQ(0, keepalive(w, &k[3], 1));
	EXPECT_EQ(2, count_wait(&w->net, &before, THEMIS_CNT_PROMOTIONS, 2));
	EXPECT_TRUE(slots_are(w, &k[3], &k[2], NULL));
	ASSERT_EQ(0, keepalive(w, &k[0], 1));
	EXPECT_TRUE(dropped(&w->net, &before, THEMIS_CNT_RX_INDEX, 2));
}

TEST_F(keys, replay_after_rekey)
{
	struct wire *w = &self->w;
	struct counts before;
	struct key old, new;

	ASSERT_EQ(0, install(w, &old, INITIATOR));
	EXPECT_TRUE(opens_under(w, &old, 7));
	ASSERT_EQ(0, install(w, &new, INITIATOR));
	EXPECT_TRUE(opens_under(w, &new, 7));
	ASSERT_EQ(0, counts_get(&w->net, &before));
	ASSERT_EQ(0, wire_msg_key(w, &old, 7, "y", 1));
	EXPECT_TRUE(dropped(&w->net, &before, THEMIS_CNT_RX_REPLAY, 1));
	ASSERT_EQ(0, wire_msg_key(w, &new, 7, "y", 1));
	EXPECT_TRUE(dropped(&w->net, &before, THEMIS_CNT_RX_REPLAY, 2));
	EXPECT_EQ(-EAGAIN, wire_read(w, NULL, 0));
}

TEST_F(keys, deleted)
{
	struct wire *w = &self->w;
	struct counts before;
	struct key old, new;

	ASSERT_EQ(0, install(w, &old, INITIATOR));
	ASSERT_EQ(0, install(w, &new, INITIATOR));
	ASSERT_EQ(0, key_cmd(&w->net, THEMIS_CMD_KEY_DEL, w->node, w->peer,
			     new.local));
	EXPECT_TRUE(slots_are(w, &old, NULL, NULL));
	ASSERT_EQ(0, counts_get(&w->net, &before));
	ASSERT_EQ(0, keepalive(w, &new, 1));
	EXPECT_TRUE(dropped(&w->net, &before, THEMIS_CNT_RX_INDEX, 1));
	EXPECT_TRUE(sends_under(w, &old));

	ASSERT_EQ(0, key_cmd(&w->net, THEMIS_CMD_KEY_DEL, w->node, w->peer,
			     old.local));
	EXPECT_EQ(-ENOENT, key_cmd(&w->net, THEMIS_CMD_KEY_DEL, w->node,
				   w->peer, old.local));
	EXPECT_EQ(-EHOSTUNREACH, wire_write(w, "x", 1));
	EXPECT_TRUE(wire_quiet(w));
}

/* The index of a key of another session does not name ours. */
TEST_F(keys, of_another_session)
{
	struct wire *w = &self->w;
	__u8 third[THEMIS_ID_LEN];
	struct key key;

	fill_random(third, sizeof(third));
	ASSERT_EQ(0, session_new(&w->net, w->node, third, NULL));
	ASSERT_EQ(0, install(w, &key, RESPONDER));
	EXPECT_EQ(-ENOENT, key_cmd(&w->net, THEMIS_CMD_KEY_CONFIRM, w->node,
				   third, key.local));
	EXPECT_EQ(-ENOENT, key_cmd(&w->net, THEMIS_CMD_KEY_DEL, w->node,
				   third, key.local));
	EXPECT_TRUE(slots_are(w, NULL, NULL, &key));
}

TEST_F(keys, soft_count)
{
	struct wire *w = &self->w;
	struct key key;

	key_random(&key, INITIATOR);
	key.soft_count = 5;
	ASSERT_EQ(0, wire_key(w, &key));
	for (int i = 0; i < 4; i++)
		EXPECT_TRUE(sends_under(w, &key));
	EXPECT_TRUE(event_none(&self->ev, THEMIS_CMD_SESSION_NTF,
			       THEMIS_EVENT_REKEY));
	EXPECT_TRUE(sends_under(w, &key));
	/* At the limit or with the next packet, but no later; and once. */
	EXPECT_TRUE(sends_under(w, &key));
	EXPECT_EQ(0, event_wait(&self->ev, THEMIS_CMD_SESSION_NTF,
				THEMIS_EVENT_REKEY));
	for (int i = 0; i < 5; i++)
		EXPECT_TRUE(sends_under(w, &key));
	EXPECT_TRUE(event_none(&self->ev, THEMIS_CMD_SESSION_NTF,
			       THEMIS_EVENT_REKEY));
}

TEST_F(keys, soft_age)
{
	struct wire *w = &self->w;
	struct key key;

	key_random(&key, INITIATOR);
	key.soft_ms = 1000;
	ASSERT_EQ(0, wire_key(w, &key));
	EXPECT_TRUE(sends_under(w, &key));
	EXPECT_TRUE(event_none(&self->ev, THEMIS_CMD_SESSION_NTF,
			       THEMIS_EVENT_REKEY));
	sleep_ms(1100);
	EXPECT_TRUE(sends_under(w, &key));
	EXPECT_EQ(0, event_wait(&self->ev, THEMIS_CMD_SESSION_NTF,
				THEMIS_EVENT_REKEY));
	EXPECT_TRUE(sends_under(w, &key));
	EXPECT_TRUE(event_none(&self->ev, THEMIS_CMD_SESSION_NTF,
			       THEMIS_EVENT_REKEY));
}

/* Never one packet more than allowed; then the key is gone. */
TEST_F(keys, hard_count)
{
	struct wire *w = &self->w;
	struct counts before;
	struct session s;
	struct key key;

	key_random(&key, INITIATOR);
	key.hard_count = 10;
	ASSERT_EQ(0, wire_key(w, &key));
	ASSERT_EQ(0, counts_get(&w->net, &before));
	for (int i = 1; i <= 10; i++) {
		EXPECT_TRUE(sends_under(w, &key));
		EXPECT_EQ(i, (int)pkt.seq);
	}
	for (int i = 0; i < 5; i++)
		EXPECT_EQ(-EHOSTUNREACH, wire_write(w, "x", 1));
	EXPECT_TRUE(wire_quiet(w));

	EXPECT_EQ(1, count_wait(&w->net, &before, THEMIS_CNT_EXPIRIES, 1));
	EXPECT_EQ(0, event_wait(&self->ev, THEMIS_CMD_SESSION_NTF,
				THEMIS_EVENT_EXPIRED));
	if (!session_get(&w->net, w->node, w->peer, &s))
		EXPECT_EQ(0, s.keys);
}

TEST_F(keys, hard_age)
{
	struct wire *w = &self->w;
	struct counts before, after;
	struct session s;
	struct key key;

	key_random(&key, INITIATOR);
	key.hard_ms = 500;
	ASSERT_EQ(0, wire_key(w, &key));
	ASSERT_EQ(0, counts_get(&w->net, &before));
	EXPECT_TRUE(sends_under(w, &key));
	EXPECT_TRUE(opens_under(w, &key, 1));
	sleep_ms(550);

	EXPECT_EQ(-EHOSTUNREACH, wire_write(w, "x", 1));
	ASSERT_EQ(0, wire_msg_key(w, &key, 2, "y", 1));
	EXPECT_EQ(-EAGAIN, wire_read(w, NULL, 0));
	ASSERT_EQ(0, counts_get(&w->net, &after));
	EXPECT_EQ(1, after.val[THEMIS_CNT_RX_EXPIRED] +
		     after.val[THEMIS_CNT_RX_INDEX] -
		     before.val[THEMIS_CNT_RX_EXPIRED] -
		     before.val[THEMIS_CNT_RX_INDEX]);

	EXPECT_EQ(1, count_wait(&w->net, &before, THEMIS_CNT_EXPIRIES, 1));
	EXPECT_EQ(0, event_wait(&self->ev, THEMIS_CMD_SESSION_NTF,
				THEMIS_EVENT_EXPIRED));
	if (!session_get(&w->net, w->node, w->peer, &s))
		EXPECT_EQ(0, s.keys);
}

/* The next key with SEND takes over when the current one has died. */
TEST_F(keys, next_takes_over)
{
	struct wire *w = &self->w;
	struct key old, new;
	int n = 0;

	key_random(&old, THEMIS_KEY_F_CONFIRMED);
	old.hard_ms = 500;
	ASSERT_EQ(0, wire_key(w, &old));
	wire_drain(w);
	ASSERT_EQ(0, install(w, &new, INITIATOR));
	EXPECT_TRUE(sends_under(w, &old));
	sleep_ms(550);
	EXPECT_TRUE(sends_under(w, &new));

	/* By count as well. */
	key_random(&old, THEMIS_KEY_F_CONFIRMED);
	old.hard_count = 3;
	ASSERT_EQ(0, wire_key(w, &old));
	wire_drain(w);
	ASSERT_EQ(0, install(w, &new, INITIATOR));
	while (sends_under(w, &old))
		n++;
	/* The keepalive was one of the three, the last went under the next. */
	EXPECT_EQ(2, n);
	EXPECT_TRUE(sends_under(w, &new));
}

/* And without SEND it does not. */
TEST_F(keys, next_without_send_waits)
{
	struct wire *w = &self->w;
	struct key old, new;

	key_random(&old, THEMIS_KEY_F_CONFIRMED);
	old.hard_ms = 500;
	ASSERT_EQ(0, wire_key(w, &old));
	wire_drain(w);
	ASSERT_EQ(0, install(w, &new, RESPONDER));
	sleep_ms(550);
	EXPECT_EQ(-EHOSTUNREACH, wire_write(w, "x", 1));
	EXPECT_TRUE(wire_quiet(w));
	EXPECT_TRUE(opens_under(w, &new, 1));
	EXPECT_TRUE(sends_under(w, &new));
}

TEST_F(keys, sequences_are_shown)
{
	struct wire *w = &self->w;
	struct session s;
	struct key key;

	ASSERT_EQ(0, install(w, &key, INITIATOR));
	for (int i = 0; i < 3; i++)
		EXPECT_TRUE(sends_under(w, &key));
	EXPECT_TRUE(opens_under(w, &key, 12));
	EXPECT_TRUE(opens_under(w, &key, 11));
	ASSERT_EQ(0, session_get(&w->net, w->node, w->peer, &s));
	EXPECT_EQ(3, s.tx_seq);
	EXPECT_EQ(12, s.rx_seq);
}

/* One side of a rekey between two real ends, in the order of the protocol. */
static int rekey(struct end *a, struct end *b)
{
	int err;

	key_random(&a->key, INITIATOR);
	b->key.flags = RESPONDER;
	key_mirror(&a->key, &b->key);
	err = key_new(b->net, b->id, a->id, &b->key);
	if (!err)
		err = key_new(a->net, a->id, b->id, &a->key);
	if (!err)
		err = key_cmd(b->net, THEMIS_CMD_KEY_CONFIRM, b->id, a->id,
			      b->key.local);
	return err;
}

#define LOAD	6000

/* Keys change all the time under traffic, and not one message is lost. */
TEST_F_TIMEOUT(keys, rekey_under_load, 60)
{
	static bool seen[LOAD];
	struct counts before, after;
	int size = 8 << 20;
	struct end a, b;
	__u32 n = 0, received = 0, got;
	int status;
	int sa, sb;
	pid_t pid;

	ASSERT_EQ(0, end_new(&a, &self->w.net, "127.0.0.1", 7100));
	ASSERT_EQ(0, end_new(&b, &self->w.net, "127.0.0.1", 7101));
	ASSERT_EQ(0, ends_join(&a, &b));
	sa = themis_bound(&self->w.net, a.id, 1);
	sb = themis_bound(&self->w.net, b.id, 1);
	ASSERT_LE(0, sa);
	ASSERT_LE(0, sb);
	ASSERT_EQ(0, setsockopt(sb, SOL_SOCKET, SO_RCVBUFFORCE, &size,
				sizeof(size)));
	ASSERT_EQ(0, counts_get(&self->w.net, &before));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		for (__u32 i = 0; i < LOAD; i++) {
			if (send_to(sa, &self->w.net, b.id, 1, &i,
				    sizeof(i)) != sizeof(i))
				_exit(1);
			if (i % 20 == 0)
				sleep_ms(5);
		}
		_exit(0);
	}
	do {
		ASSERT_EQ(0, rekey(&a, &b));
		n++;
		/*
		 * A packet that is overtaken by two rekeys is lost, and may
		 * be: in an emulator queues are slow, so leave them time.
		 */
		sleep_ms(100);
	} while (!waitpid(pid, &status, WNOHANG));
	EXPECT_EQ(0, status);
	EXPECT_LT(5, n);
	while (recv_ms(sb, &got, sizeof(got), 500) == sizeof(got)) {
		ASSERT_GT(LOAD, got);
		ASSERT_FALSE(seen[got]);
		seen[got] = true;
		received++;
	}
	EXPECT_EQ(LOAD, received);
	EXPECT_TRUE(dropped(&self->w.net, &before, 0, 0));
	ASSERT_EQ(0, counts_get(&self->w.net, &after));
	EXPECT_EQ(2 * n, after.val[THEMIS_CNT_PROMOTIONS] -
			 before.val[THEMIS_CNT_PROMOTIONS]);
}

TEST_HARNESS_MAIN
