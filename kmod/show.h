/* SPDX-License-Identifier: GPL-2.0 */
/* Objects as netlink attributes. Never a key. */
#ifndef THEMIS_SHOW_H
#define THEMIS_SHOW_H

struct sk_buff;
struct themis_key;
struct themis_link;
struct themis_net;
struct themis_node;
struct themis_session;
struct user_namespace;

int themis_show_info(struct sk_buff *skb);
int themis_show_stats(struct sk_buff *skb, struct themis_net *tn);
int themis_show_link(struct sk_buff *skb, const struct themis_link *link);
int themis_show_node(struct sk_buff *skb, const struct themis_node *node,
		     struct user_namespace *user_ns);
int themis_show_session(struct sk_buff *skb, struct themis_session *session);
int themis_show_session_brief(struct sk_buff *skb,
			      struct themis_session *session,
			      struct themis_key *key);

#endif /* THEMIS_SHOW_H */
