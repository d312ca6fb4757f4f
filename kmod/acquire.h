/* SPDX-License-Identifier: GPL-2.0 */
/* Acquires: asking the daemon for a session while packets wait for it. */
#ifndef THEMIS_ACQUIRE_H
#define THEMIS_ACQUIRE_H

#include <linux/types.h>

#include <linux/themis.h>

struct netlink_ext_ack;
struct sk_buff;
struct themis_node;
struct themis_session;

int themis_acquire(struct themis_node *node, const u8 *peer,
		   struct sk_buff *skb);
void themis_acquire_unqueue(struct sk_buff *skb);
void themis_acquire_done(struct themis_session *session);
void themis_acquire_end(struct themis_session *session,
			enum themis_counter why, int error);
int themis_acquire_fail(struct themis_session *session, int error,
			struct netlink_ext_ack *extack);

#endif /* THEMIS_ACQUIRE_H */
