// SPDX-License-Identifier: GPL-2.0
/* Netlink requests about sessions and their keys. */
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "acquire.h"
#include "cipher.h"
#include "key.h"
#include "net.h"
#include "node.h"
#include "request.h"
#include "session.h"
#include "show.h"

static int parse_pair(struct genl_info *info, struct nlattr **tb)
{
	int err;

	err = PARSE(tb, info, THEMIS_A_SESSION, THEMIS_SESSION_A_MAX);
	if (err)
		return err;
	if (!REQUIRE(tb, info, THEMIS_SESSION_A_NODE) ||
	    !REQUIRE(tb, info, THEMIS_SESSION_A_PEER))
		return -EINVAL;

	return 0;
}

static struct themis_node *find_node(struct themis_net *tn,
				     struct genl_info *info,
				     struct nlattr **tb)
{
	struct themis_node *node;

	node = themis_node_find(tn, nla_data(tb[THEMIS_SESSION_A_NODE]));
	if (!node) {
		NL_SET_ERR_MSG_ATTR(info->extack, tb[THEMIS_SESSION_A_NODE],
				    "no node with this id");
		return ERR_PTR(-ENOENT);
	}

	return node;
}

static struct themis_session *find_session(struct themis_net *tn,
					   struct genl_info *info,
					   struct nlattr **tb)
{
	struct themis_node *node = find_node(tn, info, tb);
	struct themis_session *session;

	if (IS_ERR(node))
		return ERR_CAST(node);
	session = themis_session_find(node,
				      nla_data(tb[THEMIS_SESSION_A_PEER]));
	if (!session) {
		NL_SET_ERR_MSG_ATTR(info->extack, tb[THEMIS_SESSION_A_PEER],
				    "the node has no session with this peer");
		return ERR_PTR(-ENOENT);
	}

	return session;
}

static int parse_endpoint(struct genl_info *info, struct nlattr *attr,
			  union themis_addr *to)
{
	int err;

	memset(to, 0, sizeof(*to));
	nla_memcpy(to, attr, sizeof(*to));
	err = themis_addr_valid(to, nla_len(attr));
	if (err || nla_len(attr) != themis_addr_len(to)) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "the endpoint is no IPv4 or IPv6 address with a port");
		return -EINVAL;
	}

	return 0;
}

static int session_new(struct themis_net *tn, struct genl_info *info,
		       struct nlattr **tb, const union themis_addr *to)
{
	const u8 *peer = nla_data(tb[THEMIS_SESSION_A_PEER]);
	struct themis_session *session;
	struct themis_node *node;

	node = find_node(tn, info, tb);
	if (IS_ERR(node))
		return PTR_ERR(node);
	if (!memchr_inv(peer, 0, THEMIS_ID_LEN)) {
		NL_SET_ERR_MSG_ATTR(info->extack, tb[THEMIS_SESSION_A_PEER],
				    "the all-zero id is no identity");
		return -EINVAL;
	}
	if (!memcmp(peer, node->config.id, THEMIS_ID_LEN)) {
		NL_SET_ERR_MSG_ATTR(info->extack, tb[THEMIS_SESSION_A_PEER],
				    "a node has no session with itself");
		return -EINVAL;
	}

	session = themis_session_make(node, peer, to, info->extack);

	return PTR_ERR_OR_ZERO(session);
}

int themis_do_session_new(struct sk_buff *request, struct genl_info *info)
{
	struct themis_net *tn = themis_net(genl_info_net(info));
	struct nlattr *tb[THEMIS_SESSION_A_MAX + 1];
	union themis_addr addr, *to = NULL;
	int err;

	err = parse_pair(info, tb);
	if (err)
		return err;
	if (tb[THEMIS_SESSION_A_ENDPOINT]) {
		err = parse_endpoint(info, tb[THEMIS_SESSION_A_ENDPOINT],
				     &addr);
		if (err)
			return err;
		to = &addr;
	}

	mutex_lock(&tn->lock);
	err = session_new(tn, info, tb, to);
	mutex_unlock(&tn->lock);

	return err;
}

int themis_do_session_del(struct sk_buff *request, struct genl_info *info)
{
	struct themis_net *tn = themis_net(genl_info_net(info));
	struct nlattr *tb[THEMIS_SESSION_A_MAX + 1];
	struct themis_session *session;
	int err;

	err = parse_pair(info, tb);
	if (err)
		return err;

	mutex_lock(&tn->lock);
	session = find_session(tn, info, tb);
	if (!IS_ERR(session))
		themis_session_del(session);
	mutex_unlock(&tn->lock);

	return PTR_ERR_OR_ZERO(session);
}

int themis_do_session_get(struct sk_buff *request, struct genl_info *info)
{
	struct themis_net *tn = themis_net(genl_info_net(info));
	struct nlattr *tb[THEMIS_SESSION_A_MAX + 1];
	struct themis_session *session;
	struct sk_buff *skb;
	void *head;
	int err;

	err = parse_pair(info, tb);
	if (err)
		return err;
	skb = themis_reply_begin(info, THEMIS_CMD_SESSION_GET, &head);
	if (!skb)
		return -ENOMEM;

	mutex_lock(&tn->lock);
	session = find_session(tn, info, tb);
	err = PTR_ERR_OR_ZERO(session);
	if (!err) {
		rcu_read_lock();
		err = themis_show_session(skb, session);
		rcu_read_unlock();
	}
	mutex_unlock(&tn->lock);

	return themis_reply_end(info, skb, head, err);
}

int themis_dump_session_start(struct netlink_callback *cb)
{
	struct themis_net *tn = themis_net(sock_net(cb->skb->sk));
	struct rhashtable_iter *iter;

	iter = kzalloc(sizeof(*iter), GFP_KERNEL);
	if (!iter)
		return -ENOMEM;
	rhashtable_walk_enter(&tn->sessions, iter);
	cb->args[0] = (long)iter;

	return 0;
}

int themis_dump_session_done(struct netlink_callback *cb)
{
	struct rhashtable_iter *iter = (struct rhashtable_iter *)cb->args[0];

	rhashtable_walk_exit(iter);
	kfree(iter);

	return 0;
}

int themis_dump_session(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct rhashtable_iter *iter = (struct rhashtable_iter *)cb->args[0];
	struct themis_session *session;
	void *head;

	/* Holds the RCU read lock until the walk stops. */
	rhashtable_walk_start(iter);
	for (;;) {
		session = rhashtable_walk_peek(iter);
		if (!session)
			break;
		/* The table was resized: some may be shown twice. */
		if (IS_ERR(session)) {
			if (PTR_ERR(session) != -EAGAIN)
				break;
			rhashtable_walk_next(iter);
			continue;
		}
		head = themis_dump_begin(skb, cb, THEMIS_CMD_SESSION_GET);
		if (!head)
			break;
		if (themis_show_session(skb, session)) {
			genlmsg_cancel(skb, head);
			break;
		}
		genlmsg_end(skb, head);
		rhashtable_walk_next(iter);
	}
	rhashtable_walk_stop(iter);

	return skb->len;
}

static u64 get_u64(struct nlattr *attr)
{
	return attr ? nla_get_u64(attr) : 0;
}

static int parse_key(struct genl_info *info, struct themis_key_config *config)
{
	struct nlattr *tb[THEMIS_KEY_A_MAX + 1];
	int err;

	err = PARSE(tb, info, THEMIS_A_KEY, THEMIS_KEY_A_MAX);
	if (err)
		return err;
	if (!REQUIRE(tb, info, THEMIS_KEY_A_LOCAL_INDEX) ||
	    !REQUIRE(tb, info, THEMIS_KEY_A_REMOTE_INDEX) ||
	    !REQUIRE(tb, info, THEMIS_KEY_A_SUITE) ||
	    !REQUIRE(tb, info, THEMIS_KEY_A_TX) ||
	    !REQUIRE(tb, info, THEMIS_KEY_A_RX))
		return -EINVAL;
	if (nla_get_u8(tb[THEMIS_KEY_A_SUITE]) != themis_cipher_suite) {
		NL_SET_ERR_MSG_ATTR(info->extack, tb[THEMIS_KEY_A_SUITE],
				    "the kernel does not know this suite");
		return -EOPNOTSUPP;
	}

	config->local_index =
		cpu_to_be32(nla_get_u32(tb[THEMIS_KEY_A_LOCAL_INDEX]));
	config->remote_index =
		cpu_to_be32(nla_get_u32(tb[THEMIS_KEY_A_REMOTE_INDEX]));
	if (tb[THEMIS_KEY_A_FLAGS])
		config->flags = nla_get_u32(tb[THEMIS_KEY_A_FLAGS]);
	config->tx = nla_data(tb[THEMIS_KEY_A_TX]);
	config->rx = nla_data(tb[THEMIS_KEY_A_RX]);

	err = themis_epoch_init(&config->epoch, ktime_get_coarse_boottime_ns(),
				get_u64(tb[THEMIS_KEY_A_SOFT_MS]),
				get_u64(tb[THEMIS_KEY_A_HARD_MS]),
				get_u64(tb[THEMIS_KEY_A_SOFT_COUNT]),
				get_u64(tb[THEMIS_KEY_A_HARD_COUNT]));
	if (err)
		GENL_SET_ERR_MSG(info, "a limit lies above the kernel's own");

	return err;
}

/* Nothing of a key stays behind in the request, whatever became of it. */
static void wipe_keys(struct genl_info *info)
{
	struct nlattr *attr;
	int rest;

	if (!info->attrs[THEMIS_A_KEY])
		return;
	nla_for_each_nested(attr, info->attrs[THEMIS_A_KEY], rest)
		if (nla_type(attr) == THEMIS_KEY_A_TX ||
		    nla_type(attr) == THEMIS_KEY_A_RX)
			memzero_explicit(nla_data(attr), nla_len(attr));
}

int themis_do_key_new(struct sk_buff *request, struct genl_info *info)
{
	struct themis_net *tn = themis_net(genl_info_net(info));
	struct nlattr *tb[THEMIS_SESSION_A_MAX + 1];
	struct themis_key_config config = {};
	struct themis_session *session;
	int err;

	err = parse_pair(info, tb);
	if (err)
		goto out;
	err = parse_key(info, &config);
	if (err)
		goto out;

	mutex_lock(&tn->lock);
	session = find_session(tn, info, tb);
	err = PTR_ERR_OR_ZERO(session);
	if (!err)
		err = themis_key_install(session, &config, info->extack);
	mutex_unlock(&tn->lock);
out:
	wipe_keys(info);

	return err;
}

/* What KEY_CONFIRM and KEY_DEL have in common. */
static int on_key(struct genl_info *info,
		  int (*act)(struct themis_session *session, __be32 index,
			     struct netlink_ext_ack *extack))
{
	struct themis_net *tn = themis_net(genl_info_net(info));
	struct nlattr *tb[THEMIS_SESSION_A_MAX + 1];
	struct nlattr *key[THEMIS_KEY_A_MAX + 1];
	struct themis_session *session;
	u32 index;
	int err;

	err = parse_pair(info, tb);
	if (err)
		return err;
	err = PARSE(key, info, THEMIS_A_KEY, THEMIS_KEY_A_MAX);
	if (err)
		return err;
	if (!REQUIRE(key, info, THEMIS_KEY_A_LOCAL_INDEX))
		return -EINVAL;
	index = nla_get_u32(key[THEMIS_KEY_A_LOCAL_INDEX]);

	mutex_lock(&tn->lock);
	session = find_session(tn, info, tb);
	err = PTR_ERR_OR_ZERO(session);
	if (!err)
		err = act(session, cpu_to_be32(index), info->extack);
	mutex_unlock(&tn->lock);

	return err;
}

int themis_do_key_confirm(struct sk_buff *request, struct genl_info *info)
{
	return on_key(info, themis_key_confirm);
}

int themis_do_key_del(struct sk_buff *request, struct genl_info *info)
{
	return on_key(info, themis_key_del);
}

int themis_do_acquire_fail(struct sk_buff *request, struct genl_info *info)
{
	struct themis_net *tn = themis_net(genl_info_net(info));
	struct nlattr *tb[THEMIS_SESSION_A_MAX + 1];
	struct themis_session *session;
	int error = EHOSTUNREACH;
	int err;

	err = parse_pair(info, tb);
	if (err)
		return err;
	if (tb[THEMIS_SESSION_A_ERROR])
		error = nla_get_s32(tb[THEMIS_SESSION_A_ERROR]);

	mutex_lock(&tn->lock);
	session = find_session(tn, info, tb);
	err = PTR_ERR_OR_ZERO(session);
	if (!err)
		err = themis_acquire_fail(session, error, info->extack);
	mutex_unlock(&tn->lock);

	return err;
}
