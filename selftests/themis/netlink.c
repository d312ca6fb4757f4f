// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family: what each command refuses and with what words.
 * Of new keys see install.c, of requests that are in order objects.c.
 */
#include <errno.h>

#include "kselftest_harness.h"
#include "attr.h"
#include "lib.h"

#define LINK	7000

FIXTURE(netlink)
{
	struct net	net;
	__u8		node[THEMIS_ID_LEN];
	__u8		peer[THEMIS_ID_LEN];
	__u8		other[THEMIS_ID_LEN];	/* names nothing */
	union endpoint	ep;
	struct key	key;
};

FIXTURE_SETUP(netlink)
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

FIXTURE_TEARDOWN(netlink)
{
	net_free(&self->net);
}

#define EXPECT_ERR(err, cmd, flags, outer, ...) do { \
	int __want = (err); \
	EXPECT_EQ(-__want, request(&self->net.nl, cmd, flags, outer, \
				   (struct attr[]){ __VA_ARGS__, {} })); \
	if (__want) \
		EXPECT_STRNE("", self->net.nl.error); \
} while (0)

#define EXPECT_BAD(cmd, outer, ...) do { \
	EXPECT_TRUE(malformed(request(&self->net.nl, cmd, 0, outer, \
				      (struct attr[]){ __VA_ARGS__, {} }))); \
	EXPECT_STRNE("", self->net.nl.error); \
} while (0)

static const int commands[] = {
	THEMIS_CMD_LINK_NEW, THEMIS_CMD_LINK_DEL, THEMIS_CMD_LINK_GET,
	THEMIS_CMD_NODE_NEW, THEMIS_CMD_NODE_DEL, THEMIS_CMD_NODE_GET,
	THEMIS_CMD_SESSION_NEW, THEMIS_CMD_SESSION_DEL,
	THEMIS_CMD_SESSION_GET, THEMIS_CMD_KEY_NEW, THEMIS_CMD_KEY_CONFIRM,
	THEMIS_CMD_KEY_DEL, THEMIS_CMD_ACQUIRE_FAIL,
};

TEST_F(netlink, without_attributes)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		struct nl_msg m;

		nl_cmd(&m, commands[i], 0);
		EXPECT_EQ(-EINVAL, nl_do(&self->net.nl, &m))
			TH_LOG("command %d", commands[i]);
		EXPECT_STRNE("", self->net.nl.error)
			TH_LOG("command %d", commands[i]);
	}
}

TEST_F(netlink, empty_nest)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		for (int outer = THEMIS_A_INFO; outer <= THEMIS_A_KEY;
		     outer++) {
			EXPECT_EQ(-EINVAL, request(&self->net.nl, commands[i],
						   0, outer,
						   (struct attr[]){ {} }))
				TH_LOG("command %d nest %d", commands[i],
				       outer);
		}
	}
}

TEST_F(netlink, unknown_command)
{
	static const int cmd[] = {
		THEMIS_CMD_UNSPEC, THEMIS_CMD_ACQUIRE_NTF,
		THEMIS_CMD_LINK_NTF, THEMIS_CMD_NODE_NTF,
		THEMIS_CMD_SESSION_NTF, THEMIS_CMD_MAX + 1, 255,
	};

	for (size_t i = 0; i < ARRAY_SIZE(cmd); i++) {
		struct nl_msg m;

		nl_cmd(&m, cmd[i], 0);
		EXPECT_EQ(-EOPNOTSUPP, nl_do(&self->net.nl, &m));
	}
}

TEST_F(netlink, framing)
{
	struct nl_msg m;
	size_t nest;

	/* An attribute from the future. */
	nl_cmd(&m, THEMIS_CMD_LINK_NEW, 0);
	nest = nl_nest(&m, THEMIS_A_LINK);
	nl_put_u16(&m, THEMIS_LINK_A_PORT, LINK + 1);
	nl_end(&m, nest);
	nl_put_u32(&m, THEMIS_A_MAX + 1, 0);
	EXPECT_EQ(-EINVAL, nl_do(&self->net.nl, &m));

	nl_cmd(&m, THEMIS_CMD_LINK_NEW, 0);
	nest = nl_nest(&m, THEMIS_A_LINK);
	nl_put_u16(&m, THEMIS_LINK_A_PORT, LINK + 1);
	nl_put_u16(&m, THEMIS_LINK_A_MAX + 1, 0);
	nl_end(&m, nest);
	EXPECT_EQ(-EINVAL, nl_do(&self->net.nl, &m));

	/* A nest that does not say so. */
	nl_cmd(&m, THEMIS_CMD_LINK_NEW, 0);
	nest = m.len;
	nl_put(&m, THEMIS_A_LINK, NULL, 0);
	nl_put_u16(&m, THEMIS_LINK_A_PORT, LINK + 1);
	nl_end(&m, nest);
	EXPECT_EQ(-EINVAL, nl_do(&self->net.nl, &m));

	/* An attribute that is longer than its nest. */
	nl_cmd(&m, THEMIS_CMD_LINK_NEW, 0);
	nest = nl_nest(&m, THEMIS_A_LINK);
	nl_put_u16(&m, THEMIS_LINK_A_PORT, LINK + 1);
	nl_end(&m, nest);
	m.buf[nest + NLA_HDRLEN] = 200;
	EXPECT_EQ(-EINVAL, nl_do(&self->net.nl, &m));

	/* Bytes after the last attribute. */
	nl_cmd(&m, THEMIS_CMD_LINK_NEW, 0);
	nest = nl_nest(&m, THEMIS_A_LINK);
	nl_put_u16(&m, THEMIS_LINK_A_PORT, LINK + 1);
	nl_end(&m, nest);
	m.len += 4;
	EXPECT_EQ(-EINVAL, nl_do(&self->net.nl, &m));

	EXPECT_ERR(ENOENT, THEMIS_CMD_LINK_GET, 0, THEMIS_A_LINK,
		   U16(THEMIS_LINK_A_PORT, LINK + 1));
}

TEST_F(netlink, link)
{
	union endpoint ep = endpoint("127.0.0.1", 0);
	int cmd = THEMIS_CMD_LINK_NEW;
	int fd;

	EXPECT_BAD(cmd, THEMIS_A_LINK, U16(THEMIS_LINK_A_PORT, 0));
	EXPECT_BAD(cmd, THEMIS_A_LINK, U8(THEMIS_LINK_A_PORT, 1));
	EXPECT_BAD(cmd, THEMIS_A_LINK, U32(THEMIS_LINK_A_PORT, 1));
	EXPECT_BAD(cmd, THEMIS_A_LINK, BIN(THEMIS_LINK_A_PORT, 0, NULL));
	EXPECT_ERR(EEXIST, cmd, 0, THEMIS_A_LINK,
		   U16(THEMIS_LINK_A_PORT, LINK));

	/* The port of somebody else. */
	fd = udp_bound(&self->net, &ep);
	ASSERT_LE(0, fd);
	EXPECT_ERR(EADDRINUSE, cmd, 0, THEMIS_A_LINK,
		   U16(THEMIS_LINK_A_PORT, ntohs(ep.in.sin_port)));
	close(fd);
	EXPECT_ERR(0, cmd, 0, THEMIS_A_LINK,
		   U16(THEMIS_LINK_A_PORT, ntohs(ep.in.sin_port)));

	EXPECT_ERR(EBUSY, THEMIS_CMD_LINK_DEL, 0, THEMIS_A_LINK,
		   U16(THEMIS_LINK_A_PORT, LINK));
	EXPECT_ERR(ENOENT, THEMIS_CMD_LINK_DEL, 0, THEMIS_A_LINK,
		   U16(THEMIS_LINK_A_PORT, LINK + 1));
	EXPECT_ERR(ENOENT, THEMIS_CMD_LINK_GET, 0, THEMIS_A_LINK,
		   U16(THEMIS_LINK_A_PORT, LINK + 1));
}

TEST_F(netlink, node)
{
	static const __u8 zero[THEMIS_NETID_MAX + 1];
	int cmd = THEMIS_CMD_NODE_NEW;
	__u8 *id = self->other;

	/* Each of the three that it needs, missing. */
	EXPECT_BAD(cmd, THEMIS_A_NODE, BIN(THEMIS_NODE_A_NETID, 4, "test"),
		   U16(THEMIS_NODE_A_LINK, LINK));
	EXPECT_BAD(cmd, THEMIS_A_NODE, ID(THEMIS_NODE_A_ID, id),
		   U16(THEMIS_NODE_A_LINK, LINK));
	EXPECT_BAD(cmd, THEMIS_A_NODE, ID(THEMIS_NODE_A_ID, id),
		   BIN(THEMIS_NODE_A_NETID, 4, "test"));

	/* The id. */
	EXPECT_BAD(cmd, THEMIS_A_NODE, ID(THEMIS_NODE_A_ID, zero),
		   BIN(THEMIS_NODE_A_NETID, 4, "test"),
		   U16(THEMIS_NODE_A_LINK, LINK));
	EXPECT_BAD(cmd, THEMIS_A_NODE, BIN(THEMIS_NODE_A_ID, 31, id),
		   BIN(THEMIS_NODE_A_NETID, 4, "test"),
		   U16(THEMIS_NODE_A_LINK, LINK));
	EXPECT_BAD(cmd, THEMIS_A_NODE, BIN(THEMIS_NODE_A_ID, 33, zero),
		   BIN(THEMIS_NODE_A_NETID, 4, "test"),
		   U16(THEMIS_NODE_A_LINK, LINK));
	EXPECT_ERR(EEXIST, cmd, 0, THEMIS_A_NODE,
		   ID(THEMIS_NODE_A_ID, self->node),
		   BIN(THEMIS_NODE_A_NETID, 4, "test"),
		   U16(THEMIS_NODE_A_LINK, LINK));

	/* The netid: 1 to 32 bytes. */
	EXPECT_BAD(cmd, THEMIS_A_NODE, ID(THEMIS_NODE_A_ID, id),
		   BIN(THEMIS_NODE_A_NETID, 0, NULL),
		   U16(THEMIS_NODE_A_LINK, LINK));
	EXPECT_BAD(cmd, THEMIS_A_NODE, ID(THEMIS_NODE_A_ID, id),
		   BIN(THEMIS_NODE_A_NETID, 33, zero),
		   U16(THEMIS_NODE_A_LINK, LINK));

	/* The link. */
	EXPECT_ERR(ENOENT, cmd, 0, THEMIS_A_NODE,
		   ID(THEMIS_NODE_A_ID, id),
		   BIN(THEMIS_NODE_A_NETID, 4, "test"),
		   U16(THEMIS_NODE_A_LINK, LINK + 1));
	EXPECT_BAD(cmd, THEMIS_A_NODE, ID(THEMIS_NODE_A_ID, id),
		   BIN(THEMIS_NODE_A_NETID, 4, "test"),
		   U32(THEMIS_NODE_A_LINK, LINK));

	/* The owner. */
	EXPECT_BAD(cmd, THEMIS_A_NODE, ID(THEMIS_NODE_A_ID, id),
		   BIN(THEMIS_NODE_A_NETID, 4, "test"),
		   U16(THEMIS_NODE_A_LINK, LINK),
		   U8(THEMIS_NODE_A_OWNER, THEMIS_OWNER_ANY + 1));
	EXPECT_BAD(cmd, THEMIS_A_NODE, ID(THEMIS_NODE_A_ID, id),
		   BIN(THEMIS_NODE_A_NETID, 4, "test"),
		   U16(THEMIS_NODE_A_LINK, LINK),
		   U8(THEMIS_NODE_A_OWNER, THEMIS_OWNER_UID),
		   U32(THEMIS_NODE_A_OWNER_ID, -1));
	EXPECT_BAD(cmd, THEMIS_A_NODE, ID(THEMIS_NODE_A_ID, id),
		   BIN(THEMIS_NODE_A_NETID, 4, "test"),
		   U16(THEMIS_NODE_A_LINK, LINK),
		   U8(THEMIS_NODE_A_OWNER, THEMIS_OWNER_UID),
		   U16(THEMIS_NODE_A_OWNER_ID, 0));

	EXPECT_ERR(ENOENT, THEMIS_CMD_NODE_GET, 0, THEMIS_A_NODE,
		   ID(THEMIS_NODE_A_ID, id));
	EXPECT_ERR(ENOENT, THEMIS_CMD_NODE_DEL, 0, THEMIS_A_NODE,
		   ID(THEMIS_NODE_A_ID, id));
	EXPECT_ERR(0, cmd, 0, THEMIS_A_NODE, ID(THEMIS_NODE_A_ID, id),
		   BIN(THEMIS_NODE_A_NETID, 32, zero),
		   U16(THEMIS_NODE_A_LINK, LINK));
}

TEST_F(netlink, session)
{
	static const __u8 zero[THEMIS_ID_LEN + 1];
	int cmd = THEMIS_CMD_SESSION_NEW;
	__u8 *id = self->other;

	EXPECT_BAD(cmd, THEMIS_A_SESSION, ID(THEMIS_SESSION_A_PEER, id));
	EXPECT_BAD(cmd, THEMIS_A_SESSION,
		   ID(THEMIS_SESSION_A_NODE, self->node));
	EXPECT_BAD(cmd, THEMIS_A_SESSION,
		   ID(THEMIS_SESSION_A_NODE, self->node),
		   ID(THEMIS_SESSION_A_PEER, zero));
	EXPECT_BAD(cmd, THEMIS_A_SESSION,
		   ID(THEMIS_SESSION_A_NODE, self->node),
		   BIN(THEMIS_SESSION_A_PEER, 31, id));
	EXPECT_BAD(cmd, THEMIS_A_SESSION,
		   BIN(THEMIS_SESSION_A_NODE, 33, zero),
		   ID(THEMIS_SESSION_A_PEER, id));
	EXPECT_ERR(ENOENT, cmd, 0, THEMIS_A_SESSION,
		   ID(THEMIS_SESSION_A_NODE, id),
		   ID(THEMIS_SESSION_A_PEER, self->peer));

	for (cmd = THEMIS_CMD_SESSION_DEL; cmd <= THEMIS_CMD_SESSION_GET;
	     cmd++) {
		EXPECT_ERR(ENOENT, cmd, 0, THEMIS_A_SESSION,
			   ID(THEMIS_SESSION_A_NODE, self->node),
			   ID(THEMIS_SESSION_A_PEER, id));
		EXPECT_ERR(ENOENT, cmd, 0, THEMIS_A_SESSION,
			   ID(THEMIS_SESSION_A_NODE, id),
			   ID(THEMIS_SESSION_A_PEER, self->peer));
	}
}

/* A request refuses what it would not use, though another one takes it. */
TEST_F(netlink, of_another_request)
{
	__u8 *id = self->node;

	EXPECT_BAD(THEMIS_CMD_INFO_GET, THEMIS_A_LINK,
		   U16(THEMIS_LINK_A_PORT, LINK));
	EXPECT_BAD(THEMIS_CMD_STATS_GET, THEMIS_A_NODE,
		   ID(THEMIS_NODE_A_ID, id));
	EXPECT_BAD(THEMIS_CMD_NODE_GET, THEMIS_A_NODE,
		   ID(THEMIS_NODE_A_ID, id), U16(THEMIS_NODE_A_LINK, LINK));
	EXPECT_BAD(THEMIS_CMD_NODE_DEL, THEMIS_A_NODE,
		   ID(THEMIS_NODE_A_ID, id),
		   BIN(THEMIS_NODE_A_NETID, 4, "test"));
	EXPECT_BAD(THEMIS_CMD_SESSION_NEW, THEMIS_A_SESSION,
		   ID(THEMIS_SESSION_A_NODE, id),
		   ID(THEMIS_SESSION_A_PEER, self->other),
		   U32(THEMIS_SESSION_A_ERROR, 1));
	for (int cmd = THEMIS_CMD_SESSION_DEL; cmd <= THEMIS_CMD_SESSION_GET;
	     cmd++)
		EXPECT_BAD(cmd, THEMIS_A_SESSION,
			   ID(THEMIS_SESSION_A_NODE, id),
			   ID(THEMIS_SESSION_A_PEER, self->peer),
			   BIN(THEMIS_SESSION_A_ENDPOINT,
			       sizeof(self->ep.in), &self->ep));
	EXPECT_BAD(THEMIS_CMD_ACQUIRE_FAIL, THEMIS_A_SESSION,
		   ID(THEMIS_SESSION_A_NODE, id),
		   ID(THEMIS_SESSION_A_PEER, self->peer),
		   BIN(THEMIS_SESSION_A_ENDPOINT, sizeof(self->ep.in),
		       &self->ep));
}

TEST_F(netlink, session_endpoint)
{
	int cmd = THEMIS_CMD_SESSION_NEW;
	union endpoint ep;
	__u8 buf[64] = {};

	memcpy(buf, &self->ep, sizeof(self->ep.in));
	for (size_t len = 0; len < sizeof(buf); len++) {
		if (len == sizeof(self->ep.in))
			continue;
		EXPECT_BAD(cmd, THEMIS_A_SESSION,
			   ID(THEMIS_SESSION_A_NODE, self->node),
			   ID(THEMIS_SESSION_A_PEER, self->other),
			   BIN(THEMIS_SESSION_A_ENDPOINT, len, buf));
	}
	ep = endpoint("127.0.0.1", 0);
	EXPECT_BAD(cmd, THEMIS_A_SESSION,
		   ID(THEMIS_SESSION_A_NODE, self->node),
		   ID(THEMIS_SESSION_A_PEER, self->other),
		   BIN(THEMIS_SESSION_A_ENDPOINT, sizeof(ep.in), &ep));
	ep = endpoint("::1", 0);
	EXPECT_BAD(cmd, THEMIS_A_SESSION,
		   ID(THEMIS_SESSION_A_NODE, self->node),
		   ID(THEMIS_SESSION_A_PEER, self->other),
		   BIN(THEMIS_SESSION_A_ENDPOINT, sizeof(ep.in6), &ep));
	ep = endpoint("127.0.0.1", 9);
	ep.sa.sa_family = AF_UNIX;
	EXPECT_BAD(cmd, THEMIS_A_SESSION,
		   ID(THEMIS_SESSION_A_NODE, self->node),
		   ID(THEMIS_SESSION_A_PEER, self->other),
		   BIN(THEMIS_SESSION_A_ENDPOINT, sizeof(ep.in), &ep));
	EXPECT_ERR(ENOENT, THEMIS_CMD_SESSION_GET, 0, THEMIS_A_SESSION,
		   ID(THEMIS_SESSION_A_NODE, self->node),
		   ID(THEMIS_SESSION_A_PEER, self->other));
}

TEST_F(netlink, key_without_session)
{
	struct net *net = &self->net;

	EXPECT_EQ(-ENOENT, key_new(net, self->node, self->other, &self->key));
	EXPECT_STRNE("", net->nl.error);
	EXPECT_EQ(-ENOENT, key_new(net, self->other, self->peer, &self->key));
	EXPECT_STRNE("", net->nl.error);
	for (int cmd = THEMIS_CMD_KEY_CONFIRM; cmd <= THEMIS_CMD_KEY_DEL;
	     cmd++) {
		EXPECT_EQ(-ENOENT, key_cmd(net, cmd, self->node, self->peer,
					   1));
		EXPECT_STRNE("", net->nl.error);
		EXPECT_EQ(-ENOENT, key_cmd(net, cmd, self->node, self->other,
					   1));
		EXPECT_STRNE("", net->nl.error);
		EXPECT_ERR(EINVAL, cmd, 0, THEMIS_A_SESSION,
			   ID(THEMIS_SESSION_A_NODE, self->node),
			   ID(THEMIS_SESSION_A_PEER, self->peer));
	}
}

TEST_F(netlink, acquire_fail)
{
	int cmd = THEMIS_CMD_ACQUIRE_FAIL;

	EXPECT_ERR(ENOENT, cmd, 0, THEMIS_A_SESSION,
		   ID(THEMIS_SESSION_A_NODE, self->node),
		   ID(THEMIS_SESSION_A_PEER, self->other));
	EXPECT_BAD(cmd, THEMIS_A_SESSION,
		   ID(THEMIS_SESSION_A_NODE, self->node),
		   ID(THEMIS_SESSION_A_PEER, self->peer),
		   U32(THEMIS_SESSION_A_ERROR, 0));
	EXPECT_BAD(cmd, THEMIS_A_SESSION,
		   ID(THEMIS_SESSION_A_NODE, self->node),
		   ID(THEMIS_SESSION_A_PEER, self->peer),
		   U32(THEMIS_SESSION_A_ERROR, -1));
	EXPECT_BAD(cmd, THEMIS_A_SESSION,
		   ID(THEMIS_SESSION_A_NODE, self->node),
		   ID(THEMIS_SESSION_A_PEER, self->peer),
		   U32(THEMIS_SESSION_A_ERROR, 4096));
}

/*
 * Mutations of requests that are in order. Nobody can say what each of them
 * has to return; the kernel has to survive them, and to answer afterwards.
 */
TEST_F_TIMEOUT(netlink, mutations, 120)
{
	struct nl_msg base[4], m;
	struct session session;

	key_msg(&base[0], self->node, self->peer, &self->key);
	build(&base[1], THEMIS_CMD_SESSION_NEW, 0, THEMIS_A_SESSION,
	      (struct attr[]){
			ID(THEMIS_SESSION_A_NODE, self->node),
			ID(THEMIS_SESSION_A_PEER, self->peer),
			BIN(THEMIS_SESSION_A_ENDPOINT, sizeof(self->ep.in),
			    &self->ep),
			{},
	      });
	build(&base[2], THEMIS_CMD_NODE_NEW, 0, THEMIS_A_NODE,
	      (struct attr[]){
			ID(THEMIS_NODE_A_ID, self->other),
			BIN(THEMIS_NODE_A_NETID, 4, "test"),
			U16(THEMIS_NODE_A_LINK, LINK),
			U8(THEMIS_NODE_A_OWNER, THEMIS_OWNER_GID),
			U32(THEMIS_NODE_A_OWNER_ID, 100),
			{},
	      });
	build(&base[3], THEMIS_CMD_LINK_NEW, 0, THEMIS_A_LINK,
	      (struct attr[]){ U16(THEMIS_LINK_A_PORT, LINK + 1), {} });

	srandom(18);
	for (int i = 0; i < 20000; i++) {
		size_t from = NLMSG_HDRLEN;

		m = base[random() % ARRAY_SIZE(base)];
		for (int n = random() % 8; n >= 0; n--)
			m.buf[from + random() % (m.len - from)] = random();
		if (random() % 4 == 0)
			m.len = from + random() % (m.len - from + 1);
		nl_do(&self->net.nl, &m);
	}

	/* Whatever came of it, new things can be made and used. */
	fill_random(self->other, sizeof(self->other));
	ASSERT_EQ(0, link_new(&self->net, LINK - 1));
	ASSERT_EQ(0, node_new(&self->net, self->other, LINK - 1));
	ASSERT_EQ(0, session_new(&self->net, self->other, self->peer,
				 &self->ep));
	key_random(&self->key, THEMIS_KEY_F_CONFIRMED);
	ASSERT_EQ(0, key_new(&self->net, self->other, self->peer,
			     &self->key));
	ASSERT_EQ(0, session_get(&self->net, self->other, self->peer,
				 &session));
	EXPECT_EQ(THEMIS_SESSION_UP, session.state);
}

TEST_HARNESS_MAIN
