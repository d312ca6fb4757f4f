// SPDX-License-Identifier: GPL-2.0
/* Generic netlink: how everything is made, shown and removed. */
#include <linux/module.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <net/genetlink.h>

#include "acquire.h"
#include "family.h"
#include "key.h"
#include "link.h"
#include "net.h"
#include "netlink.h"
#include "node.h"
#include "session.h"
#include "show.h"

static bool registered;

static const struct nla_policy link_policy[THEMIS_LINK_A_MAX + 1] = {
	[THEMIS_LINK_A_PORT]	= NLA_POLICY_MIN(NLA_U16, 1),
};

static const struct nla_policy node_policy[THEMIS_NODE_A_MAX + 1] = {
	[THEMIS_NODE_A_ID]	= NLA_POLICY_EXACT_LEN(THEMIS_ID_LEN),
	[THEMIS_NODE_A_NETID]	= { .type = NLA_BINARY,
				    .len = THEMIS_NETID_MAX },
	[THEMIS_NODE_A_LINK]	= NLA_POLICY_MIN(NLA_U16, 1),
	[THEMIS_NODE_A_OWNER]	= NLA_POLICY_MAX(NLA_U8, THEMIS_OWNER_ANY),
	[THEMIS_NODE_A_OWNER_ID] = { .type = NLA_U32 },
};

static const struct nla_policy session_policy[THEMIS_SESSION_A_MAX + 1] = {
	[THEMIS_SESSION_A_NODE]	= NLA_POLICY_EXACT_LEN(THEMIS_ID_LEN),
	[THEMIS_SESSION_A_PEER]	= NLA_POLICY_EXACT_LEN(THEMIS_ID_LEN),
	[THEMIS_SESSION_A_ENDPOINT] = { .type = NLA_BINARY,
					.len = sizeof(union themis_addr) },
	[THEMIS_SESSION_A_ERROR] = NLA_POLICY_RANGE(NLA_S32, 1, 133),
};

static const struct nla_policy key_policy[THEMIS_KEY_A_MAX + 1] = {
	[THEMIS_KEY_A_LOCAL_INDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[THEMIS_KEY_A_REMOTE_INDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[THEMIS_KEY_A_SUITE]	= { .type = NLA_U8 },
	[THEMIS_KEY_A_FLAGS]	= NLA_POLICY_MASK(NLA_U32,
						  THEMIS_KEY_F_INITIATOR |
						  THEMIS_KEY_F_SEND |
						  THEMIS_KEY_F_CONFIRMED),
	[THEMIS_KEY_A_TX]	= NLA_POLICY_EXACT_LEN(THEMIS_KEY_LEN),
	[THEMIS_KEY_A_RX]	= NLA_POLICY_EXACT_LEN(THEMIS_KEY_LEN),
	[THEMIS_KEY_A_SOFT_MS]	= { .type = NLA_U64 },
	[THEMIS_KEY_A_HARD_MS]	= { .type = NLA_U64 },
	[THEMIS_KEY_A_SOFT_COUNT] = { .type = NLA_U64 },
	[THEMIS_KEY_A_HARD_COUNT] = { .type = NLA_U64 },
};

static const struct nla_policy top_policy[THEMIS_A_MAX + 1] = {
	[THEMIS_A_LINK]		= NLA_POLICY_NESTED(link_policy),
	[THEMIS_A_NODE]		= NLA_POLICY_NESTED(node_policy),
	[THEMIS_A_SESSION]	= NLA_POLICY_NESTED(session_policy),
	[THEMIS_A_KEY]		= NLA_POLICY_NESTED(key_policy),
};

/*
 * The attributes of one nest, parsed. The family's policy has validated them;
 * what is missing is said by name.
 */
#define PARSE(tb, info, what, max, policy)				\
	parse(tb, info, what, max, policy, "attribute missing: " #what)

static int parse(struct nlattr **tb, struct genl_info *info, int what, int max,
		 const struct nla_policy *policy, const char *missing)
{
	if (!info->attrs[what]) {
		/* What was said must outlive this call: it is a literal. */
		if (info->extack)
			info->extack->_msg = missing;
		return -EINVAL;
	}

	return nla_parse_nested(tb, max, info->attrs[what], policy,
				info->extack);
}

#define REQUIRE(tb, info, what)						\
({									\
	bool __there = (tb)[what];					\
									\
	if (!__there)							\
		GENL_SET_ERR_MSG(info, "attribute missing: " #what);	\
	__there;							\
})

static struct sk_buff *reply_begin(struct genl_info *info, u8 cmd, void **head)
{
	struct sk_buff *skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);

	if (!skb)
		return NULL;
	*head = genlmsg_put_reply(skb, info, &themis_family, 0, cmd);
	if (!*head) {
		nlmsg_free(skb);
		return NULL;
	}

	return skb;
}

static int reply_end(struct genl_info *info, struct sk_buff *skb, void *head,
		     int err)
{
	if (err) {
		nlmsg_free(skb);
		return err;
	}
	genlmsg_end(skb, head);

	return genlmsg_reply(skb, info);
}

static int do_info_get(struct sk_buff *request, struct genl_info *info)
{
	struct sk_buff *skb;
	void *head;

	skb = reply_begin(info, THEMIS_CMD_INFO_GET, &head);
	if (!skb)
		return -ENOMEM;

	return reply_end(info, skb, head, themis_show_info(skb));
}

static int do_stats_get(struct sk_buff *request, struct genl_info *info)
{
	struct themis_net *tn = themis_net(genl_info_net(info));
	struct sk_buff *skb;
	void *head;

	skb = reply_begin(info, THEMIS_CMD_STATS_GET, &head);
	if (!skb)
		return -ENOMEM;

	return reply_end(info, skb, head, themis_show_stats(skb, tn));
}

/* ---- links ---- */

static int parse_link(struct genl_info *info, u16 *port)
{
	struct nlattr *tb[THEMIS_LINK_A_MAX + 1];
	int err;

	err = PARSE(tb, info, THEMIS_A_LINK, THEMIS_LINK_A_MAX, link_policy);
	if (err)
		return err;
	if (!REQUIRE(tb, info, THEMIS_LINK_A_PORT))
		return -EINVAL;
	*port = nla_get_u16(tb[THEMIS_LINK_A_PORT]);

	return 0;
}

static int do_link_new(struct sk_buff *request, struct genl_info *info)
{
	struct themis_net *tn = themis_net(genl_info_net(info));
	u16 port;
	int err;

	err = parse_link(info, &port);
	if (err)
		return err;

	mutex_lock(&tn->lock);
	err = themis_link_add(tn, port, info->extack);
	mutex_unlock(&tn->lock);

	return err;
}

static int do_link_del(struct sk_buff *request, struct genl_info *info)
{
	struct themis_net *tn = themis_net(genl_info_net(info));
	u16 port;
	int err;

	err = parse_link(info, &port);
	if (err)
		return err;

	mutex_lock(&tn->lock);
	err = themis_link_del(tn, port, info->extack);
	mutex_unlock(&tn->lock);

	return err;
}

static int do_link_get(struct sk_buff *request, struct genl_info *info)
{
	struct themis_net *tn = themis_net(genl_info_net(info));
	struct themis_link *link;
	struct sk_buff *skb;
	void *head;
	u16 port;
	int err;

	err = parse_link(info, &port);
	if (err)
		return err;
	skb = reply_begin(info, THEMIS_CMD_LINK_GET, &head);
	if (!skb)
		return -ENOMEM;

	mutex_lock(&tn->lock);
	link = themis_link_find(tn, port);
	if (link) {
		err = themis_show_link(skb, link);
	} else {
		GENL_SET_ERR_MSG(info, "no link with this port");
		err = -ENODEV;
	}
	mutex_unlock(&tn->lock);

	return reply_end(info, skb, head, err);
}

/* One message of a dump; the objects are counted in cb->args[0]. */
static void *dump_begin(struct sk_buff *skb, struct netlink_callback *cb,
			u8 cmd)
{
	return genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			   &themis_family, NLM_F_MULTI, cmd);
}

static int dump_link(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct themis_net *tn = themis_net(sock_net(cb->skb->sk));
	struct themis_link *link;
	long at = 0;
	void *head;

	mutex_lock(&tn->lock);
	list_for_each_entry(link, &tn->links, list) {
		if (at++ < cb->args[0])
			continue;
		head = dump_begin(skb, cb, THEMIS_CMD_LINK_GET);
		if (!head)
			break;
		if (themis_show_link(skb, link)) {
			genlmsg_cancel(skb, head);
			break;
		}
		genlmsg_end(skb, head);
		cb->args[0] = at;
	}
	mutex_unlock(&tn->lock);

	return skb->len;
}

/* ---- nodes ---- */

static int parse_owner(struct genl_info *info, struct sk_buff *request,
		       struct nlattr **tb, struct themis_node_config *config)
{
	struct user_namespace *user_ns = sk_user_ns(NETLINK_CB(request).sk);
	u32 id = 0;

	config->owner = THEMIS_OWNER_UID;
	if (tb[THEMIS_NODE_A_OWNER])
		config->owner = nla_get_u8(tb[THEMIS_NODE_A_OWNER]);
	if (tb[THEMIS_NODE_A_OWNER_ID])
		id = nla_get_u32(tb[THEMIS_NODE_A_OWNER_ID]);

	config->uid = INVALID_UID;
	config->gid = INVALID_GID;
	if (config->owner == THEMIS_OWNER_UID) {
		config->uid = make_kuid(user_ns, id);
		if (!uid_valid(config->uid))
			goto invalid;
	} else if (config->owner == THEMIS_OWNER_GID) {
		config->gid = make_kgid(user_ns, id);
		if (!gid_valid(config->gid))
			goto invalid;
	} else if (tb[THEMIS_NODE_A_OWNER_ID]) {
		GENL_SET_ERR_MSG(info,
				 "an owner of \"any\" and an owner's number exclude each other");
		return -EINVAL;
	}

	return 0;
invalid:
	NL_SET_ERR_MSG_ATTR(info->extack, tb[THEMIS_NODE_A_OWNER_ID],
			    "no such owner in this user namespace");
	return -EINVAL;
}

static int do_node_new(struct sk_buff *request, struct genl_info *info)
{
	struct themis_net *tn = themis_net(genl_info_net(info));
	struct nlattr *tb[THEMIS_NODE_A_MAX + 1];
	struct themis_node_config config = {};
	int err;

	err = PARSE(tb, info, THEMIS_A_NODE, THEMIS_NODE_A_MAX, node_policy);
	if (err)
		return err;
	if (!REQUIRE(tb, info, THEMIS_NODE_A_ID) ||
	    !REQUIRE(tb, info, THEMIS_NODE_A_NETID) ||
	    !REQUIRE(tb, info, THEMIS_NODE_A_LINK))
		return -EINVAL;

	nla_memcpy(config.id, tb[THEMIS_NODE_A_ID], THEMIS_ID_LEN);
	if (!memchr_inv(config.id, 0, THEMIS_ID_LEN)) {
		NL_SET_ERR_MSG_ATTR(info->extack, tb[THEMIS_NODE_A_ID],
				    "the all-zero id is no identity");
		return -EINVAL;
	}
	config.netid_len = nla_len(tb[THEMIS_NODE_A_NETID]);
	if (!config.netid_len) {
		NL_SET_ERR_MSG_ATTR(info->extack, tb[THEMIS_NODE_A_NETID],
				    "the netid is empty");
		return -EINVAL;
	}
	nla_memcpy(config.netid, tb[THEMIS_NODE_A_NETID], THEMIS_NETID_MAX);
	config.link = nla_get_u16(tb[THEMIS_NODE_A_LINK]);
	err = parse_owner(info, request, tb, &config);
	if (err)
		return err;

	mutex_lock(&tn->lock);
	err = themis_node_add(tn, &config, info->extack);
	mutex_unlock(&tn->lock);

	return err;
}

static int parse_node(struct genl_info *info, u8 *id)
{
	struct nlattr *tb[THEMIS_NODE_A_MAX + 1];
	int err;

	err = PARSE(tb, info, THEMIS_A_NODE, THEMIS_NODE_A_MAX, node_policy);
	if (err)
		return err;
	if (!REQUIRE(tb, info, THEMIS_NODE_A_ID))
		return -EINVAL;
	nla_memcpy(id, tb[THEMIS_NODE_A_ID], THEMIS_ID_LEN);

	return 0;
}

static int do_node_del(struct sk_buff *request, struct genl_info *info)
{
	struct themis_net *tn = themis_net(genl_info_net(info));
	u8 id[THEMIS_ID_LEN];
	int err;

	err = parse_node(info, id);
	if (err)
		return err;

	mutex_lock(&tn->lock);
	err = themis_node_del(tn, id, info->extack);
	mutex_unlock(&tn->lock);

	return err;
}

static int do_node_get(struct sk_buff *request, struct genl_info *info)
{
	struct user_namespace *user_ns = sk_user_ns(NETLINK_CB(request).sk);
	struct themis_net *tn = themis_net(genl_info_net(info));
	struct themis_node *node;
	u8 id[THEMIS_ID_LEN];
	struct sk_buff *skb;
	void *head;
	int err;

	err = parse_node(info, id);
	if (err)
		return err;
	skb = reply_begin(info, THEMIS_CMD_NODE_GET, &head);
	if (!skb)
		return -ENOMEM;

	mutex_lock(&tn->lock);
	node = themis_node_find(tn, id);
	if (node) {
		err = themis_show_node(skb, node, user_ns);
	} else {
		GENL_SET_ERR_MSG(info, "no node with this id");
		err = -ENOENT;
	}
	mutex_unlock(&tn->lock);

	return reply_end(info, skb, head, err);
}

static int dump_node(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct user_namespace *user_ns = sk_user_ns(NETLINK_CB(cb->skb).sk);
	struct themis_net *tn = themis_net(sock_net(cb->skb->sk));
	struct themis_node *node;
	int bucket;
	long at = 0;
	void *head;

	mutex_lock(&tn->lock);
	hash_for_each(tn->nodes, bucket, node, hash) {
		if (at++ < cb->args[0])
			continue;
		head = dump_begin(skb, cb, THEMIS_CMD_NODE_GET);
		if (!head)
			goto out;
		if (themis_show_node(skb, node, user_ns)) {
			genlmsg_cancel(skb, head);
			goto out;
		}
		genlmsg_end(skb, head);
		cb->args[0] = at;
	}
out:
	mutex_unlock(&tn->lock);

	return skb->len;
}

/* ---- sessions ---- */

static int parse_pair(struct genl_info *info, struct nlattr **tb)
{
	int err;

	err = PARSE(tb, info, THEMIS_A_SESSION, THEMIS_SESSION_A_MAX,
		    session_policy);
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
	if (info->nlhdr->nlmsg_flags & NLM_F_EXCL &&
	    themis_session_find(node, peer)) {
		GENL_SET_ERR_MSG(info, "this session exists");
		return -EEXIST;
	}

	session = themis_session_make(node, peer, info->extack);
	if (IS_ERR(session))
		return PTR_ERR(session);

	return to ? themis_session_move(session, to) : 0;
}

static int do_session_new(struct sk_buff *request, struct genl_info *info)
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

static int do_session_del(struct sk_buff *request, struct genl_info *info)
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

static int do_session_get(struct sk_buff *request, struct genl_info *info)
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
	skb = reply_begin(info, THEMIS_CMD_SESSION_GET, &head);
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

	return reply_end(info, skb, head, err);
}

static int dump_session_start(struct netlink_callback *cb)
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

static int dump_session_done(struct netlink_callback *cb)
{
	struct rhashtable_iter *iter = (struct rhashtable_iter *)cb->args[0];

	rhashtable_walk_exit(iter);
	kfree(iter);

	return 0;
}

static int dump_session(struct sk_buff *skb, struct netlink_callback *cb)
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
		head = dump_begin(skb, cb, THEMIS_CMD_SESSION_GET);
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

/* ---- keys ---- */

static u64 get_u64(struct nlattr *attr)
{
	return attr ? nla_get_u64(attr) : 0;
}

static int parse_key(struct genl_info *info, struct themis_key_config *config)
{
	struct nlattr *tb[THEMIS_KEY_A_MAX + 1];
	int err;

	err = PARSE(tb, info, THEMIS_A_KEY, THEMIS_KEY_A_MAX, key_policy);
	if (err)
		return err;
	if (!REQUIRE(tb, info, THEMIS_KEY_A_LOCAL_INDEX) ||
	    !REQUIRE(tb, info, THEMIS_KEY_A_REMOTE_INDEX) ||
	    !REQUIRE(tb, info, THEMIS_KEY_A_SUITE) ||
	    !REQUIRE(tb, info, THEMIS_KEY_A_TX) ||
	    !REQUIRE(tb, info, THEMIS_KEY_A_RX))
		return -EINVAL;
	if (nla_get_u8(tb[THEMIS_KEY_A_SUITE]) !=
	    THEMIS_SUITE_CHACHA20POLY1305) {
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

static int do_key_new(struct sk_buff *request, struct genl_info *info)
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
	err = PARSE(key, info, THEMIS_A_KEY, THEMIS_KEY_A_MAX, key_policy);
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

static int do_key_confirm(struct sk_buff *request, struct genl_info *info)
{
	return on_key(info, themis_key_confirm);
}

static int do_key_del(struct sk_buff *request, struct genl_info *info)
{
	return on_key(info, themis_key_del);
}

static int do_acquire_fail(struct sk_buff *request, struct genl_info *info)
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

/* ---- the family ---- */

static const struct genl_ops ops[] = {
	{ .cmd = THEMIS_CMD_INFO_GET, .doit = do_info_get },
	{ .cmd = THEMIS_CMD_STATS_GET, .doit = do_stats_get },
	{ .cmd = THEMIS_CMD_LINK_NEW, .doit = do_link_new,
	  .flags = GENL_UNS_ADMIN_PERM },
	{ .cmd = THEMIS_CMD_LINK_DEL, .doit = do_link_del,
	  .flags = GENL_UNS_ADMIN_PERM },
	{ .cmd = THEMIS_CMD_LINK_GET, .doit = do_link_get,
	  .dumpit = dump_link },
	{ .cmd = THEMIS_CMD_NODE_NEW, .doit = do_node_new,
	  .flags = GENL_UNS_ADMIN_PERM },
	{ .cmd = THEMIS_CMD_NODE_DEL, .doit = do_node_del,
	  .flags = GENL_UNS_ADMIN_PERM },
	{ .cmd = THEMIS_CMD_NODE_GET, .doit = do_node_get,
	  .dumpit = dump_node },
	{ .cmd = THEMIS_CMD_SESSION_NEW, .doit = do_session_new,
	  .flags = GENL_UNS_ADMIN_PERM },
	{ .cmd = THEMIS_CMD_SESSION_DEL, .doit = do_session_del,
	  .flags = GENL_UNS_ADMIN_PERM },
	{ .cmd = THEMIS_CMD_SESSION_GET, .doit = do_session_get,
	  .start = dump_session_start, .dumpit = dump_session,
	  .done = dump_session_done },
	{ .cmd = THEMIS_CMD_KEY_NEW, .doit = do_key_new,
	  .flags = GENL_UNS_ADMIN_PERM },
	{ .cmd = THEMIS_CMD_KEY_CONFIRM, .doit = do_key_confirm,
	  .flags = GENL_UNS_ADMIN_PERM },
	{ .cmd = THEMIS_CMD_KEY_DEL, .doit = do_key_del,
	  .flags = GENL_UNS_ADMIN_PERM },
	{ .cmd = THEMIS_CMD_ACQUIRE_FAIL, .doit = do_acquire_fail,
	  .flags = GENL_UNS_ADMIN_PERM },
};

static const struct genl_multicast_group groups[] = {
	[THEMIS_GROUP_ACQUIRE]	= { .name = THEMIS_MCGRP_ACQUIRE,
				    .flags = GENL_MCAST_CAP_NET_ADMIN },
	[THEMIS_GROUP_EVENT]	= { .name = THEMIS_MCGRP_EVENT },
};

struct genl_family themis_family __ro_after_init = {
	.name		= THEMIS_GENL_NAME,
	.version	= THEMIS_GENL_VERSION,
	.maxattr	= THEMIS_A_MAX,
	.policy		= top_policy,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.ops		= ops,
	.n_ops		= ARRAY_SIZE(ops),
	.mcgrps		= groups,
	.n_mcgrps	= ARRAY_SIZE(groups),
};

/**
 * themis_netlink_registered() - may the family's groups be used?
 *
 * Return: false while the module is being loaded or unloaded.
 */
bool themis_netlink_registered(void)
{
	return READ_ONCE(registered);
}

int __init themis_netlink_register(void)
{
	int err;

	err = genl_register_family(&themis_family);
	if (!err)
		WRITE_ONCE(registered, true);

	return err;
}

void themis_netlink_unregister(void)
{
	WRITE_ONCE(registered, false);
	/* Bottom halves that still send an event. */
	synchronize_net();
	genl_unregister_family(&themis_family);
}
