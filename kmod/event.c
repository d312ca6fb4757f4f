// SPDX-License-Identifier: GPL-2.0
/* Notifications: what the daemon and the monitors are told. */
#include <net/genetlink.h>

#include "family.h"
#include "link.h"
#include "net.h"
#include "netlink.h"
#include "node.h"
#include "session.h"
#include "show.h"

/**
 * themis_netlink_has_daemon() - does anybody listen for acquires?
 * @tn: where
 */
bool themis_netlink_has_daemon(struct themis_net *tn)
{
	return genl_has_listeners(&themis_family, tn->net,
				  THEMIS_GROUP_ACQUIRE) > 0;
}

static struct sk_buff *begin(u8 cmd, void **head, gfp_t gfp)
{
	struct sk_buff *skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, gfp);

	if (!skb)
		return NULL;
	*head = genlmsg_put(skb, 0, 0, &themis_family, 0, cmd);
	if (!*head) {
		nlmsg_free(skb);
		return NULL;
	}

	return skb;
}

static int send(struct themis_net *tn, struct sk_buff *skb, void *head,
		unsigned int group, gfp_t gfp)
{
	genlmsg_end(skb, head);

	return genlmsg_multicast_netns(&themis_family, tn->net, skb, 0, group,
				       gfp);
}

/* Is an event worth building? */
static bool heard(struct themis_net *tn)
{
	return themis_netlink_registered() &&
	       genl_has_listeners(&themis_family, tn->net,
				  THEMIS_GROUP_EVENT) > 0;
}

/**
 * themis_netlink_acquire() - ask the daemon for a session
 * @session: the session
 *
 * Context: process.
 * Return: 0, -ESRCH if nobody listens, -ENOMEM; a listener that loses the
 * message learns of it by ENOBUFS and dumps.
 */
int themis_netlink_acquire(struct themis_session *session)
{
	struct themis_net *tn = session->pair.node->tn;
	struct sk_buff *skb;
	void *head;

	skb = begin(THEMIS_CMD_ACQUIRE_NTF, &head, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	if (themis_show_session_brief(skb, session, NULL)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}

	return send(tn, skb, head, THEMIS_GROUP_ACQUIRE, GFP_KERNEL);
}

/**
 * themis_netlink_link_event() - tell that a link came or went
 * @tn: where
 * @link: the link
 * @event: THEMIS_EVENT_NEW or _DEL
 *
 * Context: process.
 */
void themis_netlink_link_event(struct themis_net *tn, struct themis_link *link,
			       enum themis_event event)
{
	struct sk_buff *skb;
	void *head;

	if (!heard(tn))
		return;
	skb = begin(THEMIS_CMD_LINK_NTF, &head, GFP_KERNEL);
	if (!skb)
		return;
	if (nla_put_u8(skb, THEMIS_A_EVENT, event) ||
	    themis_show_link(skb, link)) {
		nlmsg_free(skb);
		return;
	}
	send(tn, skb, head, THEMIS_GROUP_EVENT, GFP_KERNEL);
}

/**
 * themis_netlink_node_event() - tell that a node came or went
 * @tn: where
 * @node: the node
 * @event: THEMIS_EVENT_NEW or _DEL
 *
 * Context: process.
 */
void themis_netlink_node_event(struct themis_net *tn, struct themis_node *node,
			       enum themis_event event)
{
	struct sk_buff *skb;
	void *head;

	if (!heard(tn))
		return;
	skb = begin(THEMIS_CMD_NODE_NTF, &head, GFP_KERNEL);
	if (!skb)
		return;
	if (nla_put_u8(skb, THEMIS_A_EVENT, event) ||
	    themis_show_node(skb, node, tn->net->user_ns)) {
		nlmsg_free(skb);
		return;
	}
	send(tn, skb, head, THEMIS_GROUP_EVENT, GFP_KERNEL);
}

/**
 * themis_netlink_session_event() - tell what happened to a session
 * @session: the session
 * @event: what
 * @key: the key it is about, kept by the caller, or NULL
 * @gfp: GFP_ATOMIC under any lock
 *
 * Context: any.
 */
void themis_netlink_session_event(struct themis_session *session,
				  enum themis_event event,
				  struct themis_key *key, gfp_t gfp)
{
	struct themis_net *tn = session->pair.node->tn;
	struct sk_buff *skb;
	void *head;

	if (!heard(tn))
		return;
	skb = begin(THEMIS_CMD_SESSION_NTF, &head, gfp);
	if (!skb)
		return;
	if (nla_put_u8(skb, THEMIS_A_EVENT, event) ||
	    themis_show_session_brief(skb, session, key)) {
		nlmsg_free(skb);
		return;
	}
	send(tn, skb, head, THEMIS_GROUP_EVENT, gfp);
}
