/* SPDX-License-Identifier: GPL-2.0 */
/* Generic netlink: how everything is made, shown and removed. */
#ifndef THEMIS_NETLINK_H
#define THEMIS_NETLINK_H

#include <linux/types.h>

#include <linux/themis.h>

struct themis_key;
struct themis_link;
struct themis_net;
struct themis_node;
struct themis_session;

int themis_netlink_register(void);
void themis_netlink_unregister(void);

bool themis_netlink_has_daemon(struct themis_net *tn);
int themis_netlink_acquire(struct themis_session *session);
void themis_netlink_link_event(struct themis_net *tn, struct themis_link *link,
			       enum themis_event event);
void themis_netlink_node_event(struct themis_net *tn, struct themis_node *node,
			       enum themis_event event);
void themis_netlink_session_event(struct themis_session *session,
				  enum themis_event event,
				  struct themis_key *key, gfp_t gfp);

#endif /* THEMIS_NETLINK_H */
