// SPDX-License-Identifier: GPL-2.0
/*
 * Where the kernel takes a peer to be, and what makes it think otherwise.
 */
#include <errno.h>

#include "kselftest_harness.h"
#include "peer.h"

#define INITIATOR	(THEMIS_KEY_F_INITIATOR | THEMIS_KEY_F_SEND)

static struct packet pkt;

FIXTURE(endpoint)
{
	struct wire	w;
	struct nl	ev;
};

FIXTURE_SETUP(endpoint)
{
	ASSERT_EQ(0, wire_new(&self->w, "127.0.0.1"));
	ASSERT_EQ(0, session_new(&self->w.net, self->w.node, self->w.peer,
				 &self->w.ep));
	ASSERT_EQ(0, nl_open_themis(&self->ev));
	ASSERT_EQ(0, nl_join(&self->ev, self->ev.event));
}

FIXTURE_TEARDOWN(endpoint)
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

/* Only the newest authentic packet tells where the peer is. */
TEST_F(endpoint, roaming)
{
	struct wire *w = &self->w;
	struct key key, forged;
	union endpoint ep[3];
	struct session s;
	int udp[3];

	ASSERT_EQ(0, install(w, &key, INITIATOR));
	udp[0] = w->udp;
	ep[0] = w->ep;
	for (int i = 1; i < 3; i++) {
		ep[i] = endpoint("127.0.0.1", 0);
		udp[i] = udp_bound(&w->net, &ep[i]);
		ASSERT_LE(0, udp[i]);
	}
	EXPECT_TRUE(opens_under(w, &key, 10));
	EXPECT_TRUE(event_none(&self->ev, THEMIS_CMD_SESSION_NTF,
			       THEMIS_EVENT_ROAM));

	/* A replay, a late packet and a forged one from elsewhere. */
	w->udp = udp[1];
	ASSERT_EQ(0, wire_msg_key(w, &key, 10, "y", 1));
	EXPECT_TRUE(opens_under(w, &key, 9));
	key_random(&forged, 0);
	forged.local = key.local;
	ASSERT_EQ(0, wire_msg_key(w, &forged, 99, "y", 1));
	w->udp = udp[0];
	EXPECT_TRUE(sends_under(w, &key));
	EXPECT_TRUE(event_none(&self->ev, THEMIS_CMD_SESSION_NTF,
			       THEMIS_EVENT_ROAM));

	/* The newest. */
	w->udp = udp[1];
	EXPECT_TRUE(opens_under(w, &key, 11));
	EXPECT_EQ(0, event_wait(&self->ev, THEMIS_CMD_SESSION_NTF,
				THEMIS_EVENT_ROAM));
	EXPECT_TRUE(sends_under(w, &key));
	ASSERT_EQ(0, session_get(&w->net, w->node, w->peer, &s));
	EXPECT_TRUE(endpoint_eq(&ep[1], &s.ep));

	/* And on to the next place. */
	w->udp = udp[2];
	EXPECT_TRUE(opens_under(w, &key, 12));
	EXPECT_TRUE(sends_under(w, &key));
	w->udp = udp[0];
}

TEST_F(endpoint, endpoint_unknown)
{
	struct wire *w = &self->w;
	__u8 third[THEMIS_ID_LEN];
	struct counts before;
	struct session s;
	struct key key;

	fill_random(third, sizeof(third));
	memcpy(w->peer, third, sizeof(third));
	ASSERT_EQ(0, session_new(&w->net, w->node, w->peer, NULL));
	ASSERT_EQ(0, install(w, &key, INITIATOR));
	ASSERT_EQ(0, session_get(&w->net, w->node, w->peer, &s));
	EXPECT_EQ(0, s.ep.sa.sa_family);
	ASSERT_EQ(0, counts_get(&w->net, &before));
	EXPECT_EQ(-EHOSTUNREACH, wire_write(w, "x", 1));
	EXPECT_TRUE(dropped(&w->net, &before, THEMIS_CNT_TX_ENDPOINT, 1));
	EXPECT_TRUE(opens_under(w, &key, 1));
	EXPECT_TRUE(sends_under(w, &key));
}

TEST_HARNESS_MAIN
