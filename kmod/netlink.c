// SPDX-License-Identifier: GPL-2.0
/* Generic netlink: the family, and what its requests share. */
#include <linux/module.h>
#include <net/genetlink.h>

#include "family.h"
#include "net.h"
#include "netlink.h"
#include "policy.h"
#include "request.h"
#include "show.h"

static bool registered;

/* Parse the nest @what into @tb; @missing is said if it is not there. */
int themis_parse(struct nlattr **tb, struct genl_info *info, int what, int max,
		 const char *missing)
{
	if (!info->attrs[what]) {
		/* What was said must outlive this call: it is a literal. */
		if (info->extack)
			info->extack->_msg = missing;
		return -EINVAL;
	}

	return nla_parse_nested(tb, max, info->attrs[what], NULL,
				info->extack);
}

/* A reply, up to its attributes. */
struct sk_buff *themis_reply_begin(struct genl_info *info, u8 cmd, void **head)
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

/* Send it, or with @err throw it away and return that. */
int themis_reply_end(struct genl_info *info, struct sk_buff *skb, void *head,
		     int err)
{
	if (err) {
		nlmsg_free(skb);
		return err;
	}
	genlmsg_end(skb, head);

	return genlmsg_reply(skb, info);
}

/* One message of a dump; the objects are counted in cb->args[0]. */
void *themis_dump_begin(struct sk_buff *skb, struct netlink_callback *cb,
			u8 cmd)
{
	return genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			   &themis_family, NLM_F_MULTI, cmd);
}

static int do_info_get(struct sk_buff *request, struct genl_info *info)
{
	struct sk_buff *skb;
	void *head;

	skb = themis_reply_begin(info, THEMIS_CMD_INFO_GET, &head);
	if (!skb)
		return -ENOMEM;

	return themis_reply_end(info, skb, head, themis_show_info(skb));
}

static int do_stats_get(struct sk_buff *request, struct genl_info *info)
{
	struct themis_net *tn = themis_net(genl_info_net(info));
	struct sk_buff *skb;
	void *head;

	skb = themis_reply_begin(info, THEMIS_CMD_STATS_GET, &head);
	if (!skb)
		return -ENOMEM;

	return themis_reply_end(info, skb, head, themis_show_stats(skb, tn));
}

static const struct genl_ops ops[] = {
	{ .cmd = THEMIS_CMD_INFO_GET, .doit = do_info_get },
	{ .cmd = THEMIS_CMD_STATS_GET, .doit = do_stats_get },
	{ .cmd = THEMIS_CMD_LINK_NEW, .policy = themis_policy_link,
	  .doit = themis_do_link_new,
	  .flags = GENL_UNS_ADMIN_PERM },
	{ .cmd = THEMIS_CMD_LINK_DEL, .policy = themis_policy_link,
	  .doit = themis_do_link_del,
	  .flags = GENL_UNS_ADMIN_PERM },
	{ .cmd = THEMIS_CMD_LINK_GET, .policy = themis_policy_link,
	  .doit = themis_do_link_get,
	  .dumpit = themis_dump_link },
	{ .cmd = THEMIS_CMD_NODE_NEW, .policy = themis_policy_node_new,
	  .doit = themis_do_node_new,
	  .flags = GENL_UNS_ADMIN_PERM },
	{ .cmd = THEMIS_CMD_NODE_DEL, .policy = themis_policy_node,
	  .doit = themis_do_node_del,
	  .flags = GENL_UNS_ADMIN_PERM },
	{ .cmd = THEMIS_CMD_NODE_GET, .policy = themis_policy_node,
	  .doit = themis_do_node_get,
	  .dumpit = themis_dump_node },
	{ .cmd = THEMIS_CMD_SESSION_NEW, .policy = themis_policy_session_new,
	  .doit = themis_do_session_new,
	  .flags = GENL_UNS_ADMIN_PERM },
	{ .cmd = THEMIS_CMD_SESSION_DEL, .policy = themis_policy_session,
	  .doit = themis_do_session_del,
	  .flags = GENL_UNS_ADMIN_PERM },
	{ .cmd = THEMIS_CMD_SESSION_GET, .policy = themis_policy_session,
	  .doit = themis_do_session_get,
	  .start = themis_dump_session_start, .dumpit = themis_dump_session,
	  .done = themis_dump_session_done },
	{ .cmd = THEMIS_CMD_KEY_NEW, .policy = themis_policy_key_new,
	  .doit = themis_do_key_new,
	  .flags = GENL_UNS_ADMIN_PERM },
	{ .cmd = THEMIS_CMD_KEY_CONFIRM, .policy = themis_policy_key,
	  .doit = themis_do_key_confirm,
	  .flags = GENL_UNS_ADMIN_PERM },
	{ .cmd = THEMIS_CMD_KEY_DEL, .policy = themis_policy_key,
	  .doit = themis_do_key_del,
	  .flags = GENL_UNS_ADMIN_PERM },
	{ .cmd = THEMIS_CMD_ACQUIRE_FAIL, .policy = themis_policy_session_fail,
	  .doit = themis_do_acquire_fail,
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
	.policy		= themis_policy_none,
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
	synchronize_rcu();
	genl_unregister_family(&themis_family);
}
