// SPDX-License-Identifier: GPL-2.0
/*
 * Links, nodes, sessions, keys and counters, as the daemon would make them.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib.h"

/* How long a counter or a notification may take to follow its cause. */
#define COUNT_MS	2000
#define EVENT_MS	2000

#define NETID		"test"

static int link_cmd(struct net *net, __u8 cmd, __u16 port)
{
	struct nl_msg m;
	size_t nest;

	nl_cmd(&m, cmd, 0);
	nest = nl_nest(&m, THEMIS_A_LINK);
	nl_put_u16(&m, THEMIS_LINK_A_PORT, port);
	nl_end(&m, nest);
	return nl_do(&net->nl, &m);
}

int link_new(struct net *net, __u16 port)
{
	return link_cmd(net, THEMIS_CMD_LINK_NEW, port);
}

int link_del(struct net *net, __u16 port)
{
	return link_cmd(net, THEMIS_CMD_LINK_DEL, port);
}

int node_new(struct net *net, const __u8 *id, __u16 link)
{
	return node_new_owned(net, id, link, THEMIS_OWNER_ANY, 0);
}

int node_new_owned(struct net *net, const __u8 *id, __u16 link, __u8 owner,
		   __u32 owner_id)
{
	struct nl_msg m;
	size_t nest;

	nl_cmd(&m, THEMIS_CMD_NODE_NEW, 0);
	nest = nl_nest(&m, THEMIS_A_NODE);
	nl_put(&m, THEMIS_NODE_A_ID, id, THEMIS_ID_LEN);
	nl_put(&m, THEMIS_NODE_A_NETID, NETID, strlen(NETID));
	nl_put_u16(&m, THEMIS_NODE_A_LINK, link);
	nl_put_u8(&m, THEMIS_NODE_A_OWNER, owner);
	if (owner != THEMIS_OWNER_ANY)
		nl_put_u32(&m, THEMIS_NODE_A_OWNER_ID, owner_id);
	nl_end(&m, nest);
	return nl_do(&net->nl, &m);
}

int node_del(struct net *net, const __u8 *id)
{
	struct nl_msg m;
	size_t nest;

	nl_cmd(&m, THEMIS_CMD_NODE_DEL, 0);
	nest = nl_nest(&m, THEMIS_A_NODE);
	nl_put(&m, THEMIS_NODE_A_ID, id, THEMIS_ID_LEN);
	nl_end(&m, nest);
	return nl_do(&net->nl, &m);
}

/* Begin a request about a session; its nest stays open. */
static size_t session_msg(struct nl_msg *m, __u8 cmd, const __u8 *node,
			  const __u8 *peer)
{
	size_t nest;

	nl_cmd(m, cmd, 0);
	nest = nl_nest(m, THEMIS_A_SESSION);
	nl_put(m, THEMIS_SESSION_A_NODE, node, THEMIS_ID_LEN);
	nl_put(m, THEMIS_SESSION_A_PEER, peer, THEMIS_ID_LEN);
	return nest;
}

int session_new(struct net *net, const __u8 *node, const __u8 *peer,
		const union endpoint *ep)
{
	struct nl_msg m;
	size_t nest;

	nest = session_msg(&m, THEMIS_CMD_SESSION_NEW, node, peer);
	if (ep)
		nl_put(&m, THEMIS_SESSION_A_ENDPOINT, ep, endpoint_len(ep));
	nl_end(&m, nest);
	return nl_do(&net->nl, &m);
}

int session_del(struct net *net, const __u8 *node, const __u8 *peer)
{
	struct nl_msg m;

	nl_end(&m, session_msg(&m, THEMIS_CMD_SESSION_DEL, node, peer));
	return nl_do(&net->nl, &m);
}

int session_get(struct net *net, const __u8 *node, const __u8 *peer,
		struct session *session)
{
	const struct nlattr *nest, *key, *ep;
	struct nl_msg m;
	int err;

	memset(session, 0, sizeof(*session));
	nl_end(&m, session_msg(&m, THEMIS_CMD_SESSION_GET, node, peer));
	err = nl_do(&net->nl, &m);
	if (err)
		return err;

	nest = nl_attr(&net->nl.nlh, THEMIS_A_SESSION);
	session->state = nl_uint(nl_sub(nest, THEMIS_SESSION_A_STATE));
	session->queued = nl_uint(nl_sub(nest, THEMIS_SESSION_A_QUEUED));
	ep = nl_sub(nest, THEMIS_SESSION_A_ENDPOINT);
	if (ep && nl_len(ep) <= sizeof(session->ep))
		memcpy(&session->ep, nl_data(ep), nl_len(ep));
	for (key = nl_sub(nest, THEMIS_SESSION_A_KEY); key;
	     key = nl_sub_next(nest, key)) {
		__u64 slot = nl_uint(nl_sub(key, THEMIS_KEY_A_SLOT));

		if (slot >= __THEMIS_SLOT_MAX)
			return -EPROTO;
		session->keys++;
		session->slot[slot] =
			nl_uint(nl_sub(key, THEMIS_KEY_A_LOCAL_INDEX));
		if (slot != THEMIS_SLOT_CURRENT)
			continue;
		session->tx_seq = nl_uint(nl_sub(key, THEMIS_KEY_A_TX_SEQ));
		session->rx_seq = nl_uint(nl_sub(key, THEMIS_KEY_A_RX_SEQ));
	}
	return 0;
}

int acquire_fail(struct net *net, const __u8 *node, const __u8 *peer,
		 int error)
{
	struct nl_msg m;
	size_t nest;

	nest = session_msg(&m, THEMIS_CMD_ACQUIRE_FAIL, node, peer);
	if (error)
		nl_put_u32(&m, THEMIS_SESSION_A_ERROR, error);
	nl_end(&m, nest);
	return nl_do(&net->nl, &m);
}

void key_random(struct key *key, __u32 flags)
{
	memset(key, 0, sizeof(*key));
	do
		fill_random(&key->local, sizeof(key->local));
	while (!key->local);
	do
		fill_random(&key->remote, sizeof(key->remote));
	while (!key->remote);
	key->flags = flags;
	fill_random(key->tx, sizeof(key->tx));
	fill_random(key->rx, sizeof(key->rx));
}

void key_mirror(const struct key *key, struct key *mirror)
{
	mirror->local = key->remote;
	mirror->remote = key->local;
	memcpy(mirror->tx, key->rx, sizeof(mirror->tx));
	memcpy(mirror->rx, key->tx, sizeof(mirror->rx));
}

void key_msg(struct nl_msg *m, const __u8 *node, const __u8 *peer,
	     const struct key *key)
{
	size_t nest;

	nl_end(m, session_msg(m, THEMIS_CMD_KEY_NEW, node, peer));
	nest = nl_nest(m, THEMIS_A_KEY);
	nl_put_u32(m, THEMIS_KEY_A_LOCAL_INDEX, key->local);
	nl_put_u32(m, THEMIS_KEY_A_REMOTE_INDEX, key->remote);
	nl_put_u8(m, THEMIS_KEY_A_SUITE, THEMIS_SUITE_CHACHA20POLY1305);
	nl_put_u32(m, THEMIS_KEY_A_FLAGS, key->flags);
	nl_put(m, THEMIS_KEY_A_TX, key->tx, sizeof(key->tx));
	nl_put(m, THEMIS_KEY_A_RX, key->rx, sizeof(key->rx));
	if (key->soft_ms)
		nl_put_u64(m, THEMIS_KEY_A_SOFT_MS, key->soft_ms);
	if (key->hard_ms)
		nl_put_u64(m, THEMIS_KEY_A_HARD_MS, key->hard_ms);
	if (key->soft_count)
		nl_put_u64(m, THEMIS_KEY_A_SOFT_COUNT, key->soft_count);
	if (key->hard_count)
		nl_put_u64(m, THEMIS_KEY_A_HARD_COUNT, key->hard_count);
	nl_end(m, nest);
}

int key_new(struct net *net, const __u8 *node, const __u8 *peer,
	    const struct key *key)
{
	struct nl_msg m;

	key_msg(&m, node, peer, key);
	return nl_do(&net->nl, &m);
}

int key_cmd(struct net *net, __u8 cmd, const __u8 *node, const __u8 *peer,
	    __u32 local)
{
	struct nl_msg m;
	size_t nest;

	nl_end(&m, session_msg(&m, cmd, node, peer));
	nest = nl_nest(&m, THEMIS_A_KEY);
	nl_put_u32(&m, THEMIS_KEY_A_LOCAL_INDEX, local);
	nl_end(&m, nest);
	return nl_do(&net->nl, &m);
}

int end_new(struct end *end, struct net *net, const char *addr, __u16 port)
{
	int err;

	end->net = net;
	end->port = port;
	end->ep = endpoint(addr, port);
	fill_random(end->id, sizeof(end->id));
	err = link_new(net, port);
	return err ? err : node_new(net, end->id, port);
}

int ends_join(struct end *a, struct end *b)
{
	int err;

	key_random(&a->key, THEMIS_KEY_F_INITIATOR | THEMIS_KEY_F_CONFIRMED);
	memset(&b->key, 0, sizeof(b->key));
	b->key.flags = THEMIS_KEY_F_CONFIRMED;
	key_mirror(&a->key, &b->key);

	err = session_new(a->net, a->id, b->id, &b->ep);
	if (!err)
		err = session_new(b->net, b->id, a->id, &a->ep);
	if (!err)
		err = key_new(a->net, a->id, b->id, &a->key);
	if (!err)
		err = key_new(b->net, b->id, a->id, &b->key);
	return err;
}

int counts_get(struct net *net, struct counts *counts)
{
	const struct nlattr *nest;
	struct nl_msg m;
	int err;

	nl_cmd(&m, THEMIS_CMD_STATS_GET, 0);
	err = nl_do(&net->nl, &m);
	if (err)
		return err;
	nest = nl_attr(&net->nl.nlh, THEMIS_A_STATS);
	counts->val[0] = 0;
	for (int i = 1; i <= THEMIS_CNT_MAX; i++) {
		const struct nlattr *attr = nl_sub(nest, i);

		if (nl_len(attr) != sizeof(__u64))
			return -EPROTO;
		counts->val[i] = nl_uint(attr);
	}
	return 0;
}

#define TRAFFIC(id, name, help)	{ name, false },
#define DROP(id, name, help)	{ name, true },
static const struct {
	const char	*name;
	bool		drop;
} counters[THEMIS_CNT_MAX + 1] = {
	{ "none", false },
	THEMIS_COUNTERS(TRAFFIC, DROP)
};

const char *counter_name(int counter)
{
	return counters[counter].name;
}

__u64 count_wait(struct net *net, const struct counts *before, int counter,
		 __u64 times)
{
	__u64 end = now_ms() + COUNT_MS;
	struct counts now;
	__u64 grown;

	for (;;) {
		if (counts_get(net, &now))
			return ~0ULL;
		grown = now.val[counter] - before->val[counter];
		if (grown >= times || now_ms() > end)
			return grown;
		sleep_ms(1);
	}
}

bool dropped(struct net *net, const struct counts *before, int counter,
	     __u64 times)
{
	struct counts now;
	bool good = true;

	if (counter)
		count_wait(net, before, counter, times);
	if (counts_get(net, &now))
		return false;
	for (int i = 1; i <= THEMIS_CNT_MAX; i++) {
		__u64 want = i == counter ? times : 0;
		__u64 grown = now.val[i] - before->val[i];

		if (!counters[i].drop || grown == want)
			continue;
		fprintf(stderr, "# %s grew by %llu instead of %llu\n",
			counters[i].name, grown, want);
		good = false;
	}
	return good;
}

static int event_find(struct nl *ev, int cmd, int event, int ms)
{
	int n;

	while ((n = nl_wait(ev, ms)) >= 0) {
		__u64 seen = nl_uint(nl_attr(&ev->nlh, THEMIS_A_EVENT));

		if (n == cmd && (!event || seen == (__u64)event))
			return 0;
	}
	return n;
}

int event_wait(struct nl *ev, int cmd, int event)
{
	return event_find(ev, cmd, event, EVENT_MS);
}

bool event_none(struct nl *ev, int cmd, int event)
{
	return event_find(ev, cmd, event, 0) == -ETIMEDOUT;
}
