// SPDX-License-Identifier: GPL-2.0
/*
 * Links, nodes and sessions as netlink shows them: replies, dumps and events,
 * who may change and who may look, and that keys never come out.
 */
#include <errno.h>
#include <sched.h>
#include <sys/prctl.h>

#include "kselftest_harness.h"
#include "lib.h"

#define LINK		7000
#define MANY		600

FIXTURE(objects)
{
	struct net	net;
	struct nl	ev;
	__u8		node[THEMIS_ID_LEN];
	__u8		peer[THEMIS_ID_LEN];
	union endpoint	ep;
	struct key	key;
};

FIXTURE_SETUP(objects)
{
	fill_random(self->node, sizeof(self->node));
	fill_random(self->peer, sizeof(self->peer));
	self->ep = endpoint("192.0.2.1", 9);
	key_random(&self->key, THEMIS_KEY_F_CONFIRMED);
	ASSERT_EQ(0, net_new(&self->net));
	ASSERT_EQ(0, nl_open_themis(&self->ev));
	ASSERT_EQ(0, nl_join(&self->ev, self->ev.event));
}

FIXTURE_TEARDOWN(objects)
{
	nl_close(&self->ev);
	net_free(&self->net);
}

static int make_all(struct _test_data_objects *self)
{
	struct net *net = &self->net;
	int err;

	err = link_new(net, LINK);
	if (!err)
		err = node_new_owned(net, self->node, LINK, THEMIS_OWNER_GID,
				     100);
	if (!err)
		err = session_new(net, self->node, self->peer, &self->ep);
	if (!err)
		err = key_new(net, self->node, self->peer, &self->key);
	return err;
}

TEST_F(objects, info)
{
	const struct nlattr *info, *version;
	char param[8] = "";
	struct nl_msg m;
	FILE *f;

	nl_cmd(&m, THEMIS_CMD_INFO_GET, 0);
	ASSERT_EQ(0, nl_do(&self->net.nl, &m));
	info = nl_attr(&self->net.nl.nlh, THEMIS_A_INFO);
	EXPECT_EQ(THEMIS_MSG_MAX, nl_uint(nl_sub(info, THEMIS_INFO_A_MSG_MAX)));
	version = nl_sub(info, THEMIS_INFO_A_VERSION);
	ASSERT_NE(NULL, version);
	EXPECT_LT(1, nl_len(version));

	f = fopen("/sys/module/themis/parameters/family", "r");
	ASSERT_NE(NULL, f);
	ASSERT_NE(NULL, fgets(param, sizeof(param), f));
	fclose(f);
	EXPECT_EQ(strtoul(param, NULL, 10),
		  nl_uint(nl_sub(info, THEMIS_INFO_A_FAMILY)));
}

TEST_F(objects, replies)
{
	const struct nlattr *nest, *key;
	struct nl *nl = &self->net.nl;
	struct nl_msg m;
	size_t at;

	ASSERT_EQ(0, make_all(self));

	nl_cmd(&m, THEMIS_CMD_LINK_GET, 0);
	at = nl_nest(&m, THEMIS_A_LINK);
	nl_put_u16(&m, THEMIS_LINK_A_PORT, LINK);
	nl_end(&m, at);
	ASSERT_EQ(0, nl_do(nl, &m));
	nest = nl_attr(&nl->nlh, THEMIS_A_LINK);
	EXPECT_EQ(LINK, nl_uint(nl_sub(nest, THEMIS_LINK_A_PORT)));
	EXPECT_EQ(1, nl_uint(nl_sub(nest, THEMIS_LINK_A_NODES)));

	nl_cmd(&m, THEMIS_CMD_NODE_GET, 0);
	at = nl_nest(&m, THEMIS_A_NODE);
	nl_put(&m, THEMIS_NODE_A_ID, self->node, THEMIS_ID_LEN);
	nl_end(&m, at);
	ASSERT_EQ(0, nl_do(nl, &m));
	nest = nl_attr(&nl->nlh, THEMIS_A_NODE);
	ASSERT_EQ(THEMIS_ID_LEN, nl_len(nl_sub(nest, THEMIS_NODE_A_ID)));
	EXPECT_EQ(0, memcmp(nl_data(nl_sub(nest, THEMIS_NODE_A_ID)),
			    self->node, THEMIS_ID_LEN));
	ASSERT_EQ(4, nl_len(nl_sub(nest, THEMIS_NODE_A_NETID)));
	EXPECT_EQ(0, memcmp(nl_data(nl_sub(nest, THEMIS_NODE_A_NETID)),
			    "test", 4));
	EXPECT_EQ(LINK, nl_uint(nl_sub(nest, THEMIS_NODE_A_LINK)));
	EXPECT_EQ(THEMIS_OWNER_GID,
		  nl_uint(nl_sub(nest, THEMIS_NODE_A_OWNER)));
	EXPECT_EQ(100, nl_uint(nl_sub(nest, THEMIS_NODE_A_OWNER_ID)));
	EXPECT_EQ(1, nl_uint(nl_sub(nest, THEMIS_NODE_A_SESSIONS)));
	EXPECT_EQ(0, nl_uint(nl_sub(nest, THEMIS_NODE_A_SOCKETS)));

	nl_cmd(&m, THEMIS_CMD_SESSION_GET, 0);
	at = nl_nest(&m, THEMIS_A_SESSION);
	nl_put(&m, THEMIS_SESSION_A_NODE, self->node, THEMIS_ID_LEN);
	nl_put(&m, THEMIS_SESSION_A_PEER, self->peer, THEMIS_ID_LEN);
	nl_end(&m, at);
	ASSERT_EQ(0, nl_do(nl, &m));
	nest = nl_attr(&nl->nlh, THEMIS_A_SESSION);
	EXPECT_EQ(sizeof(self->ep.in),
		  nl_len(nl_sub(nest, THEMIS_SESSION_A_ENDPOINT)));
	EXPECT_EQ(THEMIS_SESSION_UP,
		  nl_uint(nl_sub(nest, THEMIS_SESSION_A_STATE)));
	EXPECT_EQ(0, nl_uint(nl_sub(nest, THEMIS_SESSION_A_QUEUED)));
	EXPECT_EQ(0, nl_uint(nl_sub(nest, THEMIS_SESSION_A_RX_PACKETS)));
	EXPECT_EQ(0, nl_uint(nl_sub(nest, THEMIS_SESSION_A_TX_BYTES)));
	key = nl_sub(nest, THEMIS_SESSION_A_KEY);
	ASSERT_NE(NULL, key);
	EXPECT_EQ(NULL, nl_sub_next(nest, key));
	EXPECT_EQ(self->key.local,
		  nl_uint(nl_sub(key, THEMIS_KEY_A_LOCAL_INDEX)));
	EXPECT_EQ(self->key.remote,
		  nl_uint(nl_sub(key, THEMIS_KEY_A_REMOTE_INDEX)));
	EXPECT_EQ(THEMIS_SLOT_CURRENT,
		  nl_uint(nl_sub(key, THEMIS_KEY_A_SLOT)));
	EXPECT_EQ(NULL, nl_sub(key, THEMIS_KEY_A_TX));
	EXPECT_EQ(NULL, nl_sub(key, THEMIS_KEY_A_RX));
}

TEST_F(objects, session_endpoint_changes)
{
	union endpoint ep = endpoint("2001:db8::1", 10);
	struct session session;

	ASSERT_EQ(0, make_all(self));
	ASSERT_EQ(0, session_new(&self->net, self->node, self->peer, &ep));
	ASSERT_EQ(0, session_get(&self->net, self->node, self->peer,
				 &session));
	EXPECT_TRUE(endpoint_eq(&ep, &session.ep));
	/* The key is still there, and nothing is forgotten by saying less. */
	EXPECT_EQ(self->key.local, session.slot[THEMIS_SLOT_CURRENT]);
	ASSERT_EQ(0, session_new(&self->net, self->node, self->peer, NULL));
	ASSERT_EQ(0, session_get(&self->net, self->node, self->peer,
				 &session));
	EXPECT_TRUE(endpoint_eq(&ep, &session.ep));
}

TEST_F(objects, sockets_are_counted)
{
	struct nl *nl = &self->net.nl;
	struct nl_msg m;
	size_t at;
	int fd[3];

	ASSERT_EQ(0, make_all(self));
	for (int i = 0; i < 3; i++) {
		fd[i] = themis_bound(&self->net, self->node, 0);
		ASSERT_LE(0, fd[i]);
	}
	for (__u64 left = 4; left--;) {
		nl_cmd(&m, THEMIS_CMD_NODE_GET, 0);
		at = nl_nest(&m, THEMIS_A_NODE);
		nl_put(&m, THEMIS_NODE_A_ID, self->node, THEMIS_ID_LEN);
		nl_end(&m, at);
		ASSERT_EQ(0, nl_do(nl, &m));
		EXPECT_EQ(left,
			  nl_uint(nl_sub(nl_attr(&nl->nlh, THEMIS_A_NODE),
					 THEMIS_NODE_A_SOCKETS)));
		if (left)
			close(fd[left - 1]);
	}
}

TEST_F(objects, counters_begin_at_zero)
{
	struct counts counts;

	ASSERT_EQ(0, counts_get(&self->net, &counts));
	for (int i = 1; i <= THEMIS_CNT_MAX; i++) {
		EXPECT_EQ(0, counts.val[i])
			TH_LOG("%s", counter_name(i));
	}
}

/* A namespace sees its own and nothing else. */
TEST_F(objects, namespaces_are_apart)
{
	struct nl_msg m;
	struct net other;

	ASSERT_EQ(0, make_all(self));
	ASSERT_EQ(0, net_new(&other));
	for (int cmd = THEMIS_CMD_LINK_GET; cmd <= THEMIS_CMD_SESSION_GET;
	     cmd += THEMIS_CMD_NODE_GET - THEMIS_CMD_LINK_GET) {
		nl_cmd(&m, cmd, 0);
		EXPECT_EQ(0, nl_dump(&other.nl, &m, NULL, NULL));
		nl_cmd(&m, cmd, 0);
		EXPECT_EQ(1, nl_dump(&self->net.nl, &m, NULL, NULL));
	}
	EXPECT_EQ(-ENOENT, node_del(&other, self->node));
	EXPECT_EQ(-ENOENT, session_del(&other, self->node, self->peer));
	EXPECT_EQ(0, link_new(&other, LINK));
	EXPECT_EQ(0, node_new(&other, self->node, LINK));
	net_free(&other);
}

struct seen {
	bool	peer[MANY];
	int	wrong;
};

static void see_session(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *peer;
	struct seen *seen = arg;
	__u32 n;

	peer = nl_sub(nl_attr(nlh, THEMIS_A_SESSION), THEMIS_SESSION_A_PEER);
	if (nl_len(peer) != THEMIS_ID_LEN) {
		seen->wrong++;
		return;
	}
	memcpy(&n, nl_data(peer), sizeof(n));
	if (n >= MANY || seen->peer[n])
		seen->wrong++;
	else
		seen->peer[n] = true;
}

TEST_F_TIMEOUT(objects, dump_of_many, 60)
{
	static struct seen seen;
	struct nl_msg m;
	struct key key;

	ASSERT_EQ(0, link_new(&self->net, LINK));
	ASSERT_EQ(0, node_new(&self->net, self->node, LINK));
	for (__u32 n = 0; n < MANY; n++) {
		memcpy(self->peer, &n, sizeof(n));
		ASSERT_EQ(0, session_new(&self->net, self->node, self->peer,
					 &self->ep));
		key_random(&key, THEMIS_KEY_F_CONFIRMED);
		ASSERT_EQ(0, key_new(&self->net, self->node, self->peer,
				     &key));
	}
	nl_cmd(&m, THEMIS_CMD_SESSION_GET, 0);
	EXPECT_EQ(MANY, nl_dump(&self->net.nl, &m, see_session, &seen));
	EXPECT_EQ(0, seen.wrong);
	ASSERT_EQ(0, node_del(&self->net, self->node));
	nl_cmd(&m, THEMIS_CMD_SESSION_GET, 0);
	EXPECT_EQ(0, nl_dump(&self->net.nl, &m, NULL, NULL));
}

TEST_F(objects, dump_of_links_and_nodes)
{
	struct nl_msg m;
	__u8 id[THEMIS_ID_LEN];

	for (int i = 0; i < 50; i++) {
		ASSERT_EQ(0, link_new(&self->net, LINK + i));
		for (int j = 0; j < 3; j++) {
			fill_random(id, sizeof(id));
			ASSERT_EQ(0, node_new(&self->net, id, LINK + i));
		}
	}
	nl_cmd(&m, THEMIS_CMD_LINK_GET, 0);
	EXPECT_EQ(50, nl_dump(&self->net.nl, &m, NULL, NULL));
	nl_cmd(&m, THEMIS_CMD_NODE_GET, 0);
	EXPECT_EQ(150, nl_dump(&self->net.nl, &m, NULL, NULL));
}

struct secrets {
	const struct key	*key;
	size_t			bytes;
	int			found;
};

static void find_secrets(const struct nlmsghdr *nlh, void *arg)
{
	struct secrets *s = arg;

	s->bytes += nlh->nlmsg_len;
	/* Half a key would be bad enough. */
	for (int half = 0; half < 32; half += 16) {
		if (memmem(nlh, nlh->nlmsg_len, s->key->tx + half, 16) ||
		    memmem(nlh, nlh->nlmsg_len, s->key->rx + half, 16))
			s->found++;
	}
}

TEST_F(objects, keys_stay_inside)
{
	struct secrets s = { .key = &self->key };
	struct nl *nl = &self->net.nl;
	struct nl_msg m;
	size_t at;

	ASSERT_EQ(0, make_all(self));
	for (int cmd = THEMIS_CMD_LINK_GET; cmd <= THEMIS_CMD_SESSION_GET;
	     cmd += THEMIS_CMD_NODE_GET - THEMIS_CMD_LINK_GET) {
		nl_cmd(&m, cmd, 0);
		EXPECT_EQ(1, nl_dump(nl, &m, find_secrets, &s));
	}
	nl_cmd(&m, THEMIS_CMD_SESSION_GET, 0);
	at = nl_nest(&m, THEMIS_A_SESSION);
	nl_put(&m, THEMIS_SESSION_A_NODE, self->node, THEMIS_ID_LEN);
	nl_put(&m, THEMIS_SESSION_A_PEER, self->peer, THEMIS_ID_LEN);
	nl_end(&m, at);
	ASSERT_EQ(0, nl_do(nl, &m));
	find_secrets(&nl->nlh, &s);
	nl_cmd(&m, THEMIS_CMD_STATS_GET, 0);
	ASSERT_EQ(0, nl_do(nl, &m));
	find_secrets(&nl->nlh, &s);

	/* Nor in what every listener gets. */
	ASSERT_EQ(0, key_cmd(&self->net, THEMIS_CMD_KEY_DEL, self->node,
			     self->peer, self->key.local));
	while (nl_wait(&self->ev, 100) >= 0)
		find_secrets(&self->ev.nlh, &s);
	EXPECT_LT(1000, s.bytes);
	EXPECT_EQ(0, s.found);

	/* The search itself works. */
	key_msg(&m, self->node, self->peer, &self->key);
	m.nlh.nlmsg_len = m.len;
	find_secrets(&m.nlh, &s);
	EXPECT_EQ(2, s.found);
}

TEST_F(objects, events)
{
	struct nl *ev = &self->ev;
	const struct nlattr *nest;

	ASSERT_EQ(0, link_new(&self->net, LINK));
	ASSERT_EQ(0, event_wait(ev, THEMIS_CMD_LINK_NTF, THEMIS_EVENT_NEW));
	nest = nl_attr(&ev->nlh, THEMIS_A_LINK);
	EXPECT_EQ(LINK, nl_uint(nl_sub(nest, THEMIS_LINK_A_PORT)));

	ASSERT_EQ(0, node_new(&self->net, self->node, LINK));
	ASSERT_EQ(0, event_wait(ev, THEMIS_CMD_NODE_NTF, THEMIS_EVENT_NEW));
	nest = nl_attr(&ev->nlh, THEMIS_A_NODE);
	ASSERT_EQ(THEMIS_ID_LEN, nl_len(nl_sub(nest, THEMIS_NODE_A_ID)));
	EXPECT_EQ(0, memcmp(nl_data(nl_sub(nest, THEMIS_NODE_A_ID)),
			    self->node, THEMIS_ID_LEN));

	ASSERT_EQ(0, session_new(&self->net, self->node, self->peer,
				 &self->ep));
	ASSERT_EQ(0, event_wait(ev, THEMIS_CMD_SESSION_NTF,
				THEMIS_EVENT_NEW));
	nest = nl_attr(&ev->nlh, THEMIS_A_SESSION);
	ASSERT_EQ(THEMIS_ID_LEN, nl_len(nl_sub(nest, THEMIS_SESSION_A_NODE)));
	ASSERT_EQ(THEMIS_ID_LEN, nl_len(nl_sub(nest, THEMIS_SESSION_A_PEER)));
	EXPECT_EQ(0, memcmp(nl_data(nl_sub(nest, THEMIS_SESSION_A_NODE)),
			    self->node, THEMIS_ID_LEN));
	EXPECT_EQ(0, memcmp(nl_data(nl_sub(nest, THEMIS_SESSION_A_PEER)),
			    self->peer, THEMIS_ID_LEN));

	/* Said again it is not new. */
	ASSERT_EQ(0, session_new(&self->net, self->node, self->peer, NULL));
	EXPECT_TRUE(event_none(ev, THEMIS_CMD_SESSION_NTF,
			       THEMIS_EVENT_NEW));

	ASSERT_EQ(0, key_new(&self->net, self->node, self->peer, &self->key));
	EXPECT_EQ(0, event_wait(ev, THEMIS_CMD_SESSION_NTF,
				THEMIS_EVENT_UP));

	ASSERT_EQ(0, session_del(&self->net, self->node, self->peer));
	EXPECT_EQ(0, event_wait(ev, THEMIS_CMD_SESSION_NTF,
				THEMIS_EVENT_DEL));
	ASSERT_EQ(0, node_del(&self->net, self->node));
	EXPECT_EQ(0, event_wait(ev, THEMIS_CMD_NODE_NTF, THEMIS_EVENT_DEL));
	ASSERT_EQ(0, link_del(&self->net, LINK));
	EXPECT_EQ(0, event_wait(ev, THEMIS_CMD_LINK_NTF, THEMIS_EVENT_DEL));
}

TEST_F(objects, node_takes_its_sessions_along)
{
	struct session session;

	ASSERT_EQ(0, make_all(self));
	ASSERT_EQ(0, node_del(&self->net, self->node));
	EXPECT_EQ(0, event_wait(&self->ev, THEMIS_CMD_SESSION_NTF,
				THEMIS_EVENT_DEL));
	EXPECT_EQ(0, event_wait(&self->ev, THEMIS_CMD_NODE_NTF,
				THEMIS_EVENT_DEL));
	EXPECT_EQ(-ENOENT, session_get(&self->net, self->node, self->peer,
				       &session));
	EXPECT_EQ(0, link_del(&self->net, LINK));
}

static int as_nobody(void *arg)
{
	struct _test_data_objects *self = arg;
	static struct net net;
	struct session session;
	__u8 id[THEMIS_ID_LEN];
	struct counts counts;
	struct nl_msg m;
	struct key key;

	fill_random(id, sizeof(id));
	key_random(&key, THEMIS_KEY_F_CONFIRMED);
	CHECK(!nl_open_themis(&net.nl));

	CHECK(link_new(&net, LINK + 1) == -EPERM);
	CHECK(link_del(&net, LINK + 1) == -EPERM);
	CHECK(node_new(&net, id, LINK) == -EPERM);
	CHECK(node_del(&net, self->node) == -EPERM);
	CHECK(session_new(&net, self->node, id, NULL) == -EPERM);
	CHECK(session_del(&net, self->node, self->peer) == -EPERM);
	CHECK(key_new(&net, self->node, self->peer, &key) == -EPERM);
	CHECK(key_cmd(&net, THEMIS_CMD_KEY_CONFIRM, self->node, self->peer,
		      self->key.local) == -EPERM);
	CHECK(key_cmd(&net, THEMIS_CMD_KEY_DEL, self->node, self->peer,
		      self->key.local) == -EPERM);
	CHECK(acquire_fail(&net, self->node, self->peer, 0) == -EPERM);

	/* Looking is free. */
	nl_cmd(&m, THEMIS_CMD_INFO_GET, 0);
	CHECK(!nl_do(&net.nl, &m));
	CHECK(!counts_get(&net, &counts));
	CHECK(!session_get(&net, self->node, self->peer, &session));
	nl_cmd(&m, THEMIS_CMD_LINK_GET, 0);
	CHECK(nl_dump(&net.nl, &m, NULL, NULL) == 1);
	nl_cmd(&m, THEMIS_CMD_NODE_GET, 0);
	CHECK(nl_dump(&net.nl, &m, NULL, NULL) == 1);
	nl_cmd(&m, THEMIS_CMD_SESSION_GET, 0);
	CHECK(nl_dump(&net.nl, &m, NULL, NULL) == 1);

	/* Whom a machine wants to talk to is for the daemon alone. */
	CHECK(!nl_join(&net.nl, net.nl.event));
	CHECK(nl_join(&net.nl, net.nl.acquire) == -EPERM);
	return check_status();
}

TEST_F(objects, unprivileged)
{
	struct session session;

	ASSERT_EQ(0, make_all(self));
	EXPECT_EQ(0, in_child(65534, 65534, as_nobody, self));
	EXPECT_EQ(0, session_get(&self->net, self->node, self->peer,
				 &session));
	EXPECT_EQ(1, session.keys);
}

#define NO_USERNS	251

static int in_own_userns(void *arg)
{
	struct _test_data_objects *self = arg;
	static struct net net;

	/* After setuid() the files of /proc/self would be root's. */
	CHECK(!prctl(PR_SET_DUMPABLE, 1));
	if (unshare(CLONE_NEWUSER))
		return NO_USERNS;
	CHECK(!net_new(&net));
	CHECK(!link_new(&net, LINK));
	CHECK(!node_new(&net, self->node, LINK));
	CHECK(!session_new(&net, self->node, self->peer, &self->ep));
	CHECK(!key_new(&net, self->node, self->peer, &self->key));
	CHECK(!nl_join(&net.nl, net.nl.acquire));
	CHECK(themis_bound(&net, self->node, 0) >= 0);
	return check_status();
}

/* A container's root rules over the container's network. */
TEST_F(objects, user_namespace)
{
	int status;

	status = in_child(65534, 65534, in_own_userns, self);
	if (status == NO_USERNS)
		SKIP(return, "user namespaces are not allowed here");
	EXPECT_EQ(0, status);
}

TEST_HARNESS_MAIN
