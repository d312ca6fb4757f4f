/* SPDX-License-Identifier: GPL-2.0 */
/* What the handlers of netlink requests share. */
#ifndef THEMIS_REQUEST_H
#define THEMIS_REQUEST_H

#include <net/genetlink.h>
#include <net/sock.h>

#include <linux/themis.h>

/*
 * The attributes of one nest, parsed. The request's policy has validated them;
 * what is missing is said by name.
 */
#define PARSE(tb, info, what, max)					\
	themis_parse(tb, info, what, max, "attribute missing: " #what)

#define REQUIRE(tb, info, what)						\
({									\
	bool __there = (tb)[what];					\
									\
	if (!__there)							\
		GENL_SET_ERR_MSG(info, "attribute missing: " #what);	\
	__there;							\
})

int themis_parse(struct nlattr **tb, struct genl_info *info, int what, int max,
		 const char *missing);
struct sk_buff *themis_reply_begin(struct genl_info *info, u8 cmd, void **head);
int themis_reply_end(struct genl_info *info, struct sk_buff *skb, void *head,
		     int err);
void *themis_dump_begin(struct sk_buff *skb, struct netlink_callback *cb,
			u8 cmd);

/* The handlers, by command. */
int themis_do_link_new(struct sk_buff *request, struct genl_info *info);
int themis_do_link_del(struct sk_buff *request, struct genl_info *info);
int themis_do_link_get(struct sk_buff *request, struct genl_info *info);
int themis_dump_link(struct sk_buff *skb, struct netlink_callback *cb);
int themis_do_node_new(struct sk_buff *request, struct genl_info *info);
int themis_do_node_del(struct sk_buff *request, struct genl_info *info);
int themis_do_node_get(struct sk_buff *request, struct genl_info *info);
int themis_dump_node(struct sk_buff *skb, struct netlink_callback *cb);
int themis_do_session_new(struct sk_buff *request, struct genl_info *info);
int themis_do_session_del(struct sk_buff *request, struct genl_info *info);
int themis_do_session_get(struct sk_buff *request, struct genl_info *info);
int themis_dump_session_start(struct netlink_callback *cb);
int themis_dump_session_done(struct netlink_callback *cb);
int themis_dump_session(struct sk_buff *skb, struct netlink_callback *cb);
int themis_do_key_new(struct sk_buff *request, struct genl_info *info);
int themis_do_key_confirm(struct sk_buff *request, struct genl_info *info);
int themis_do_key_del(struct sk_buff *request, struct genl_info *info);
int themis_do_acquire_fail(struct sk_buff *request, struct genl_info *info);

#endif /* THEMIS_REQUEST_H */
