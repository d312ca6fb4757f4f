// SPDX-License-Identifier: GPL-2.0
/*
 * Which keys KEY_NEW refuses: malformed ones, ones that would live too long,
 * and, above all, those that have been here before.
 */
#include <errno.h>

#include "kselftest_harness.h"
#include "attr.h"
#include "lib.h"

#define LINK	7000

FIXTURE(install)
{
	struct net	net;
	__u8		node[THEMIS_ID_LEN];
	__u8		peer[THEMIS_ID_LEN];
	__u8		other[THEMIS_ID_LEN];	/* names nothing */
	union endpoint	ep;
	struct key	key;
};

FIXTURE_SETUP(install)
{
	fill_random(self->node, sizeof(self->node));
	fill_random(self->peer, sizeof(self->peer));
	fill_random(self->other, sizeof(self->other));
	self->ep = endpoint("127.0.0.1", 9);
	key_random(&self->key, THEMIS_KEY_F_CONFIRMED);
	ASSERT_EQ(0, net_new(&self->net));
	ASSERT_EQ(0, link_new(&self->net, LINK));
	ASSERT_EQ(0, node_new(&self->net, self->node, LINK));
	ASSERT_EQ(0, session_new(&self->net, self->node, self->peer,
				 &self->ep));
}

FIXTURE_TEARDOWN(install)
{
	net_free(&self->net);
}

/* KEY_NEW with one attribute replaced, or left out where @attr has no data. */
static int key_with(struct nl *nl, const __u8 *node, const __u8 *peer,
		    const struct key *key, struct attr attr)
{
	__u8 suite = THEMIS_SUITE_CHACHA20POLY1305;
	struct attr list[] = {
		BIN(THEMIS_KEY_A_LOCAL_INDEX, 4, &key->local),
		BIN(THEMIS_KEY_A_REMOTE_INDEX, 4, &key->remote),
		BIN(THEMIS_KEY_A_SUITE, 1, &suite),
		BIN(THEMIS_KEY_A_FLAGS, 4, &key->flags),
		BIN(THEMIS_KEY_A_TX, THEMIS_KEY_LEN, key->tx),
		BIN(THEMIS_KEY_A_RX, THEMIS_KEY_LEN, key->rx),
		{ },
	};
	struct nl_msg m;
	bool put = false;
	size_t nest;

	nl_cmd(&m, THEMIS_CMD_KEY_NEW, 0);
	nest = nl_nest(&m, THEMIS_A_SESSION);
	nl_put(&m, THEMIS_SESSION_A_NODE, node, THEMIS_ID_LEN);
	nl_put(&m, THEMIS_SESSION_A_PEER, peer, THEMIS_ID_LEN);
	nl_end(&m, nest);
	nest = nl_nest(&m, THEMIS_A_KEY);
	for (struct attr *a = list; a->type; a++) {
		if (a->type == attr.type) {
			*a = attr;
			put = true;
		}
		if (a->data)
			nl_put(&m, a->type, a->data, a->len);
	}
	if (!put)
		nl_put(&m, attr.type, attr.data, attr.len);
	nl_end(&m, nest);
	return nl_do(nl, &m);
}

#define KEY_WITH(attr) key_with(&self->net.nl, self->node, self->peer, \
				&self->key, attr)

TEST_F(install, attributes)
{
	__u8 buf[THEMIS_KEY_LEN + 1];

	fill_random(buf, sizeof(buf));
	for (int type = THEMIS_KEY_A_LOCAL_INDEX; type <= THEMIS_KEY_A_RX;
	     type++) {
		/* Without flags nothing is lost but the flags. */
		if (type != THEMIS_KEY_A_FLAGS) {
			EXPECT_EQ(-EINVAL, KEY_WITH(BIN(type, 0, NULL)))
				TH_LOG("without %d", type);
			EXPECT_STRNE("", self->net.nl.error);
		}
		EXPECT_TRUE(malformed(KEY_WITH(BIN(type, 0, buf))));
		EXPECT_TRUE(malformed(KEY_WITH(BIN(type, 3, buf))));
		EXPECT_TRUE(malformed(KEY_WITH(BIN(type, 31, buf))));
		EXPECT_TRUE(malformed(KEY_WITH(BIN(type, 33, buf))));
		EXPECT_STRNE("", self->net.nl.error);
	}
	EXPECT_TRUE(malformed(KEY_WITH(U32(THEMIS_KEY_A_LOCAL_INDEX, 0))));
	EXPECT_STRNE("", self->net.nl.error);
	EXPECT_TRUE(malformed(KEY_WITH(U32(THEMIS_KEY_A_REMOTE_INDEX, 0))));
	EXPECT_STRNE("", self->net.nl.error);
	EXPECT_EQ(-EOPNOTSUPP, KEY_WITH(U8(THEMIS_KEY_A_SUITE, 0)));
	EXPECT_STRNE("", self->net.nl.error);
	EXPECT_EQ(-EOPNOTSUPP, KEY_WITH(U8(THEMIS_KEY_A_SUITE, 2)));
	EXPECT_STRNE("", self->net.nl.error);
	EXPECT_TRUE(malformed(KEY_WITH(U32(THEMIS_KEY_A_FLAGS, 1 << 3))));
	EXPECT_STRNE("", self->net.nl.error);
	EXPECT_EQ(-EINVAL, KEY_WITH(BIN(THEMIS_KEY_A_TX, 32, self->key.rx)));
	EXPECT_STRNE("", self->net.nl.error);

	/* None of those has left anything that the right one trips over. */
	EXPECT_EQ(0, key_new(&self->net, self->node, self->peer, &self->key));
}

TEST_F(install, limits)
{
	EXPECT_EQ(-ERANGE, KEY_WITH(U64(THEMIS_KEY_A_SOFT_MS,
					THEMIS_KEY_HARD_MS + 1)));
	EXPECT_STRNE("", self->net.nl.error);
	EXPECT_EQ(-ERANGE, KEY_WITH(U64(THEMIS_KEY_A_HARD_MS,
					THEMIS_KEY_HARD_MS + 1)));
	EXPECT_STRNE("", self->net.nl.error);
	EXPECT_EQ(-ERANGE, KEY_WITH(U64(THEMIS_KEY_A_SOFT_COUNT,
					THEMIS_KEY_SOFT_COUNT + 1)));
	EXPECT_STRNE("", self->net.nl.error);
	EXPECT_EQ(-ERANGE, KEY_WITH(U64(THEMIS_KEY_A_HARD_COUNT,
					THEMIS_KEY_HARD_COUNT + 1)));
	EXPECT_STRNE("", self->net.nl.error);
	EXPECT_EQ(-ERANGE, KEY_WITH(U64(THEMIS_KEY_A_HARD_MS, ~0ULL)));
	EXPECT_TRUE(malformed(KEY_WITH(U32(THEMIS_KEY_A_HARD_MS, 1))));
	EXPECT_EQ(0, KEY_WITH(U64(THEMIS_KEY_A_HARD_COUNT, THEMIS_KEY_HARD_COUNT)));
}

TEST_F(install, twice)
{
	struct net *net = &self->net;
	struct key key, again;

	ASSERT_EQ(0, session_new(net, self->node, self->other, NULL));
	ASSERT_EQ(0, key_new(net, self->node, self->peer, &self->key));
	EXPECT_EQ(-EEXIST, key_new(net, self->node, self->peer, &self->key));
	EXPECT_STRNE("", net->nl.error);

	/* An index that is taken, in the same session and in another. */
	key_random(&key, THEMIS_KEY_F_CONFIRMED);
	key.local = self->key.local;
	EXPECT_EQ(-EEXIST, key_new(net, self->node, self->peer, &key));
	EXPECT_STRNE("", net->nl.error);
	EXPECT_EQ(-EEXIST, key_new(net, self->node, self->other, &key));
	EXPECT_STRNE("", net->nl.error);

	/* Either half, under a new index. */
	key_random(&key, THEMIS_KEY_F_CONFIRMED);
	again = key;
	memcpy(again.tx, self->key.tx, sizeof(again.tx));
	EXPECT_EQ(-EEXIST, key_new(net, self->node, self->peer, &again));
	EXPECT_STRNE("", net->nl.error);
	again = key;
	memcpy(again.rx, self->key.rx, sizeof(again.rx));
	EXPECT_EQ(-EEXIST, key_new(net, self->node, self->peer, &again));
	EXPECT_STRNE("", net->nl.error);

	/* Ever: not even when it has gone, and so lost its sequence. */
	ASSERT_EQ(0, key_cmd(net, THEMIS_CMD_KEY_DEL, self->node, self->peer,
			     self->key.local));
	again = self->key;
	again.local ^= 1;
	EXPECT_EQ(-EEXIST, key_new(net, self->node, self->peer, &again));
	ASSERT_EQ(0, session_del(net, self->node, self->peer));
	ASSERT_EQ(0, session_new(net, self->node, self->peer, NULL));
	EXPECT_EQ(-EEXIST, key_new(net, self->node, self->peer, &again));

	EXPECT_EQ(0, key_new(net, self->node, self->peer, &key));
}

/*
 * The halves swapped: what was sealed once would be sealed again, with the
 * same sequences and the same keys, the other way round.
 */
TEST_F(install, swapped)
{
	struct key swapped;

	ASSERT_EQ(0, key_new(&self->net, self->node, self->peer, &self->key));
	key_random(&swapped, THEMIS_KEY_F_CONFIRMED);
	memcpy(swapped.tx, self->key.rx, sizeof(swapped.tx));
	memcpy(swapped.rx, self->key.tx, sizeof(swapped.rx));
	EXPECT_EQ(-EEXIST, key_new(&self->net, self->node, self->peer,
				   &swapped));
}

/*
 * Two nodes of one namespace that talk have the same key, each the other way
 * round; still neither of them gets it a second time.
 */
TEST_F(install, on_both_sides)
{
	struct net *net = &self->net;
	struct key mirror = { .flags = THEMIS_KEY_F_CONFIRMED };

	ASSERT_EQ(0, node_new(net, self->other, LINK));
	ASSERT_EQ(0, session_new(net, self->node, self->other, NULL));
	ASSERT_EQ(0, session_new(net, self->other, self->node, NULL));
	key_mirror(&self->key, &mirror);
	ASSERT_EQ(0, key_new(net, self->node, self->other, &self->key));
	ASSERT_EQ(0, key_new(net, self->other, self->node, &mirror));

	ASSERT_EQ(0, key_cmd(net, THEMIS_CMD_KEY_DEL, self->node, self->other,
			     self->key.local));
	self->key.local ^= 1;
	EXPECT_EQ(-EEXIST, key_new(net, self->node, self->other, &self->key));
	ASSERT_EQ(0, key_cmd(net, THEMIS_CMD_KEY_DEL, self->other, self->node,
			     mirror.local));
	mirror.local ^= 1;
	EXPECT_EQ(-EEXIST, key_new(net, self->other, self->node, &mirror));
}

TEST_HARNESS_MAIN
