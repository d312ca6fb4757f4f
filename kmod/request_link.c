// SPDX-License-Identifier: GPL-2.0
/* Netlink requests about links. */
#include "link.h"
#include "net.h"
#include "request.h"
#include "show.h"

static int parse_link(struct genl_info *info, u16 *port)
{
	struct nlattr *tb[THEMIS_LINK_A_MAX + 1];
	int err;

	err = PARSE(tb, info, THEMIS_A_LINK, THEMIS_LINK_A_MAX);
	if (err)
		return err;
	if (!REQUIRE(tb, info, THEMIS_LINK_A_PORT))
		return -EINVAL;
	*port = nla_get_u16(tb[THEMIS_LINK_A_PORT]);

	return 0;
}

int themis_do_link_new(struct sk_buff *request, struct genl_info *info)
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

int themis_do_link_del(struct sk_buff *request, struct genl_info *info)
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

int themis_do_link_get(struct sk_buff *request, struct genl_info *info)
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
	skb = themis_reply_begin(info, THEMIS_CMD_LINK_GET, &head);
	if (!skb)
		return -ENOMEM;

	mutex_lock(&tn->lock);
	link = themis_link_find(tn, port);
	if (link) {
		err = themis_show_link(skb, link);
	} else {
		GENL_SET_ERR_MSG(info, "no link with this port");
		err = -ENOENT;
	}
	mutex_unlock(&tn->lock);

	return themis_reply_end(info, skb, head, err);
}

int themis_dump_link(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct themis_net *tn = themis_net(sock_net(cb->skb->sk));
	struct themis_link *link;
	long at = 0;
	void *head;

	mutex_lock(&tn->lock);
	list_for_each_entry(link, &tn->links, list) {
		if (at++ < cb->args[0])
			continue;
		head = themis_dump_begin(skb, cb, THEMIS_CMD_LINK_GET);
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
