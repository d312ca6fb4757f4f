/* SPDX-License-Identifier: GPL-2.0 */
/* Keys: what seals and opens the packets of a session. */
#ifndef THEMIS_KEY_H
#define THEMIS_KEY_H

#include <linux/atomic.h>
#include <linux/rcupdate.h>
#include <linux/rhashtable-types.h>

#include <linux/themis.h>

#include "epoch.h"
#include "replay.h"

struct netlink_ext_ack;
struct themis_net;
struct themis_session;

/**
 * struct themis_key_config - a key as it is installed
 * @local_index: in packets that we receive
 * @remote_index: in packets that we send
 * @flags: THEMIS_KEY_F_*
 * @epoch: its limits
 * @tx: seals, THEMIS_KEY_LEN bytes, in the request
 * @rx: opens, THEMIS_KEY_LEN bytes, in the request
 */
struct themis_key_config {
	__be32			local_index;
	__be32			remote_index;
	u32			flags;
	struct themis_epoch	epoch;
	const u8		*tx;
	const u8		*rx;
};

/**
 * struct themis_key - one key of a session
 * @local_index: what it is found by
 * @hash: in themis_net.keys
 * @session: whose; stays at least as long, by RCU
 * @remote_index: goes into what we send
 * @flags: THEMIS_KEY_F_*; CONFIRMED is set under themis_session.lock
 * @generation: rises from key to key of a session
 * @slot: enum themis_key_slot; changed under themis_session.lock
 * @announced: the soft limit has been announced
 * @epoch: its limits
 * @first: sequence before the first that it may send
 * @tx: seals
 * @rx: opens
 * @replay: sequences received; under themis_session.lock; behind what is only
 *	read
 * @rcu: wipes and frees it
 */
struct themis_key {
	__be32			local_index;
	struct rhash_head	hash;
	struct themis_session	*session;
	__be32			remote_index;
	u32			flags;
	u32			generation;
	u8			slot;
	unsigned long		announced;
	struct themis_epoch	epoch;
	u64			first;
	u8			tx[THEMIS_KEY_LEN];
	u8			rx[THEMIS_KEY_LEN];
	struct themis_replay	replay;
	struct rcu_head		rcu;
};

int themis_key_init(void);
void themis_key_exit(void);
int themis_key_net_init(struct themis_net *tn);
void themis_key_net_exit(struct themis_net *tn);

int themis_key_install(struct themis_session *session,
		       const struct themis_key_config *config,
		       struct netlink_ext_ack *extack);
int themis_key_confirm(struct themis_session *session, __be32 index,
		       struct netlink_ext_ack *extack);
int themis_key_del(struct themis_session *session, __be32 index,
		   struct netlink_ext_ack *extack);
void themis_key_drop_all(struct themis_session *session);
bool themis_key_expire(struct themis_session *session, u64 now);
u64 themis_key_next_expiry(struct themis_session *session);

u64 themis_key_sent(const struct themis_key *key);
struct themis_key *themis_key_find(struct themis_net *tn, __be32 index);
struct themis_key *themis_key_usable(struct themis_session *session, u64 now);
void themis_key_received(struct themis_session *session,
			 struct themis_key *key);
void themis_key_announce(struct themis_session *session,
			 struct themis_key *key);

#endif /* THEMIS_KEY_H */
