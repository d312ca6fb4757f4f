// SPDX-License-Identifier: GPL-2.0
/* Netlink requests about nodes. */
#include <linux/netlink.h>

#include "net.h"
#include "node.h"
#include "request.h"
#include "show.h"

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

int themis_do_node_new(struct sk_buff *request, struct genl_info *info)
{
	struct themis_net *tn = themis_net(genl_info_net(info));
	struct nlattr *tb[THEMIS_NODE_A_MAX + 1];
	struct themis_node_config config = {};
	int err;

	err = PARSE(tb, info, THEMIS_A_NODE, THEMIS_NODE_A_MAX);
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

	err = PARSE(tb, info, THEMIS_A_NODE, THEMIS_NODE_A_MAX);
	if (err)
		return err;
	if (!REQUIRE(tb, info, THEMIS_NODE_A_ID))
		return -EINVAL;
	nla_memcpy(id, tb[THEMIS_NODE_A_ID], THEMIS_ID_LEN);

	return 0;
}

int themis_do_node_del(struct sk_buff *request, struct genl_info *info)
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

int themis_do_node_get(struct sk_buff *request, struct genl_info *info)
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
	skb = themis_reply_begin(info, THEMIS_CMD_NODE_GET, &head);
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

	return themis_reply_end(info, skb, head, err);
}

int themis_dump_node(struct sk_buff *skb, struct netlink_callback *cb)
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
		head = themis_dump_begin(skb, cb, THEMIS_CMD_NODE_GET);
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
