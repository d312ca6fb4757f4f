// SPDX-License-Identifier: GPL-2.0
/* Keys: what seals and opens the packets of a session. */
#include <crypto/algapi.h>
#include <linux/mm.h>
#include <linux/netlink.h>
#include <linux/rhashtable.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "acquire.h"
#include "key.h"
#include "net.h"
#include "netlink.h"
#include "node.h"
#include "send.h"
#include "session.h"

static struct kmem_cache *key_cache;

/* The table's own way is a call of memcmp() for each packet. */
static int differs(struct rhashtable_compare_arg *arg, const void *key)
{
	return ((const struct themis_key *)key)->local_index !=
	       *(const __be32 *)arg->key;
}

static const struct rhashtable_params key_params = {
	.key_len	= sizeof(__be32),
	.key_offset	= offsetof(struct themis_key, local_index),
	.head_offset	= offsetof(struct themis_key, hash),
	.obj_cmpfn	= differs,
	.automatic_shrinking = true,
};

/* A slot, for one who holds the session's lock. */
static struct themis_key *locked(struct themis_session *session, int slot)
{
	return rcu_dereference_protected(session->keys[slot],
					 lockdep_is_held(&session->lock));
}

/**
 * themis_key_find() - the key that a packet was sealed with
 * @tn: where
 * @index: receiver's index in the packet
 *
 * Context: RCU read lock held.
 * Return: the key or NULL.
 */
struct themis_key *themis_key_find(struct themis_net *tn, __be32 index)
{
	return rhashtable_lookup(&tn->keys, &index, key_params);
}

/**
 * themis_key_sent() - how many packets a key may have sealed
 * @key: the key
 *
 * Sequences rise through all keys of a session, so that "greater than any
 * before" and "answers that command" keep their meaning across a rekey.
 *
 * Return: an upper bound, exact for the current key.
 */
u64 themis_key_sent(const struct themis_key *key)
{
	return atomic64_read(&key->session->tx_seq) - key->first;
}

static bool usable(const struct themis_key *key, u64 now)
{
	return key && !themis_epoch_expired(&key->epoch, now) &&
	       !themis_epoch_spent(&key->epoch, themis_key_sent(key) + 1);
}

static void key_free(struct rcu_head *rcu)
{
	struct themis_key *key = container_of(rcu, struct themis_key, rcu);

	memzero_explicit(key, sizeof(*key));
	kmem_cache_free(key_cache, key);
}

/* Empty a slot. The key is wiped once no packet is using it. */
static void drop(struct themis_session *session, int slot)
{
	struct themis_key *key = locked(session, slot);

	lockdep_assert_held(&session->lock);

	if (!key)
		return;
	RCU_INIT_POINTER(session->keys[slot], NULL);
	rhashtable_remove_fast(&session->pair.node->tn->keys, &key->hash,
			       key_params);
	call_rcu(&key->rcu, key_free);
}

static void put(struct themis_session *session, int slot,
		struct themis_key *key)
{
	lockdep_assert_held(&session->lock);

	WRITE_ONCE(key->slot, slot);
	rcu_assign_pointer(session->keys[slot], key);
}

/* The current key, if there is one, becomes the previous one. */
static void retire_current(struct themis_session *session)
{
	struct themis_key *key = locked(session, THEMIS_SLOT_CURRENT);

	if (!key)
		return;
	drop(session, THEMIS_SLOT_PREVIOUS);
	RCU_INIT_POINTER(session->keys[THEMIS_SLOT_CURRENT], NULL);
	put(session, THEMIS_SLOT_PREVIOUS, key);
}

static void promote(struct themis_session *session)
{
	struct themis_key *key = locked(session, THEMIS_SLOT_NEXT);

	retire_current(session);
	RCU_INIT_POINTER(session->keys[THEMIS_SLOT_NEXT], NULL);
	/* It has not sent anything yet, and the one before it goes on. */
	WRITE_ONCE(key->first, atomic64_read(&session->tx_seq));
	put(session, THEMIS_SLOT_CURRENT, key);
	themis_count(session->pair.node->tn, THEMIS_CNT_PROMOTIONS);
}

/* The current key is of no use, and the next one may be sent on unproven. */
static struct themis_key *fall_forward(struct themis_session *session, u64 now)
{
	struct themis_key *key;

	spin_lock_bh(&session->lock);
	key = locked(session, THEMIS_SLOT_CURRENT);
	if (!usable(key, now)) {
		key = locked(session, THEMIS_SLOT_NEXT);
		if (usable(key, now) && key->flags & THEMIS_KEY_F_SEND)
			promote(session);
		else
			key = NULL;
	}
	spin_unlock_bh(&session->lock);

	return key;
}

/**
 * themis_key_usable() - the key to send on
 * @session: the session
 * @now: ns
 *
 * Context: RCU read lock held, which is what keeps the key.
 * Return: the key, or NULL if there is none that may be sent on.
 */
struct themis_key *themis_key_usable(struct themis_session *session, u64 now)
{
	struct themis_key *key;

	key = rcu_dereference(session->keys[THEMIS_SLOT_CURRENT]);
	if (likely(usable(key, now)))
		return key;
	/* A spent key is wiped as an old one is, but no timer knows of it. */
	if (key)
		themis_session_reap(session);
	if (rcu_access_pointer(session->keys[THEMIS_SLOT_NEXT]))
		return fall_forward(session, now);

	return NULL;
}

/*
 * Has either half of a key ever been installed here for the same direction?
 * Remembers it if not. The direction counts: two nodes on one machine have the
 * same key, each the other way round.
 */
static bool seen_before(struct themis_net *tn, const u8 *tx, const u8 *rx)
{
	u64 mark[2], *place[2];

	mark[0] = siphash(tx, THEMIS_KEY_LEN, &tn->seen_secret) | 1;
	mark[1] = siphash(rx, THEMIS_KEY_LEN, &tn->seen_secret) & ~1ULL;
	place[0] = &tn->seen[mark[0] % THEMIS_SEEN_KEYS];
	place[1] = &tn->seen[mark[1] % THEMIS_SEEN_KEYS];
	if (*place[0] == mark[0] || *place[1] == mark[1])
		return true;
	*place[0] = mark[0];
	*place[1] = mark[1];

	return false;
}

static bool same(const u8 *a, const u8 *b)
{
	return !crypto_memneq(a, b, THEMIS_KEY_LEN);
}

/* Any half among the session's own: swapped, it would open what it sealed. */
static bool same_key(struct themis_session *session,
		     const struct themis_key_config *config)
{
	struct themis_key *key;
	bool found = false;
	int slot;

	spin_lock_bh(&session->lock);
	for (slot = 0; slot < __THEMIS_SLOT_MAX; slot++) {
		key = locked(session, slot);
		if (key && (same(key->tx, config->tx) ||
			    same(key->rx, config->rx) ||
			    same(key->tx, config->rx) ||
			    same(key->rx, config->tx)))
			found = true;
	}
	spin_unlock_bh(&session->lock);

	return found;
}

/*
 * A key must never seal two packets with one sequence. The session's own keys are
 * compared; for all that were here before there is a bounded memory.
 */
static int check_fresh(struct themis_session *session,
		       const struct themis_key_config *config,
		       struct netlink_ext_ack *extack)
{
	struct themis_net *tn = session->pair.node->tn;

	if (same(config->tx, config->rx)) {
		NL_SET_ERR_MSG(extack,
			       "both directions have the same key: packets could be reflected");
		return -EINVAL;
	}
	if (!tn->seen) {
		tn->seen = kvcalloc(THEMIS_SEEN_KEYS, sizeof(*tn->seen),
				    THEMIS_GFP_QUIET);
		if (!tn->seen)
			return -ENOMEM;
	}
	if (same_key(session, config) ||
	    seen_before(tn, config->tx, config->rx)) {
		NL_SET_ERR_MSG(extack,
			       "this key was installed before: its sequences would repeat");
		return -EEXIST;
	}

	return 0;
}

/**
 * themis_key_install() - give a session a key
 * @session: alive
 * @config: the key, with both halves
 * @extack: says what is wrong
 *
 * What waited for a key goes out, if this is one to send on.
 *
 * Context: process; themis_net.lock held.
 * Return: 0, -EEXIST if the index is in use or a half was seen before, -EINVAL
 * if the halves are the same, -ENOMEM.
 */
int themis_key_install(struct themis_session *session,
		       const struct themis_key_config *config,
		       struct netlink_ext_ack *extack)
{
	struct themis_net *tn = session->pair.node->tn;
	u64 now = ktime_get_coarse_boottime_ns();
	struct themis_key *key;
	bool in_use, up;
	int slot;
	int err;

	lockdep_assert_held(&tn->lock);

	rcu_read_lock();
	in_use = themis_key_find(tn, config->local_index);
	rcu_read_unlock();
	if (in_use) {
		NL_SET_ERR_MSG(extack, "the local index is in use");
		return -EEXIST;
	}
	err = check_fresh(session, config, extack);
	if (err)
		return err;

	key = kmem_cache_zalloc(key_cache, GFP_KERNEL);
	if (!key)
		return -ENOMEM;
	key->session = session;
	key->local_index = config->local_index;
	key->remote_index = config->remote_index;
	key->flags = config->flags;
	key->epoch = config->epoch;
	key->first = atomic64_read(&session->tx_seq);
	key->generation = ++session->generations;
	memcpy(key->tx, config->tx, THEMIS_KEY_LEN);
	memcpy(key->rx, config->rx, THEMIS_KEY_LEN);

	/* A packet may find the key before it has a slot: give it one. */
	key->slot = THEMIS_SLOT_NEXT;
	err = rhashtable_lookup_insert_fast(&tn->keys, &key->hash, key_params);
	if (err) {
		memzero_explicit(key, sizeof(*key));
		kmem_cache_free(key_cache, key);
		return err;
	}

	/* Softirqs may move and drop a key as soon as it has a slot. */
	rcu_read_lock();
	spin_lock_bh(&session->lock);
	up = !usable(locked(session, THEMIS_SLOT_CURRENT), now);
	slot = themis_epoch_slot(config->flags, !up);
	if (slot == THEMIS_SLOT_CURRENT)
		retire_current(session);
	else
		drop(session, THEMIS_SLOT_NEXT);
	put(session, slot, key);
	spin_unlock_bh(&session->lock);

	themis_count(tn, THEMIS_CNT_KEYS);
	if (up && slot == THEMIS_SLOT_CURRENT)
		themis_netlink_session_event(session, THEMIS_EVENT_UP, key,
					     GFP_ATOMIC);
	rcu_read_unlock();

	if (slot == THEMIS_SLOT_CURRENT) {
		themis_acquire_done(session);
		if (config->flags & THEMIS_KEY_F_CONFIRMED)
			themis_send_keepalive(session);
	}
	themis_session_rearm(session);

	return 0;
}

/* The key with an index among a session's own. */
static struct themis_key *find_own(struct themis_session *session, __be32 index)
{
	struct themis_key *key;
	int slot;

	for (slot = 0; slot < __THEMIS_SLOT_MAX; slot++) {
		key = locked(session, slot);
		if (key && key->local_index == index)
			return key;
	}

	return NULL;
}

/*
 * The peer has proven that it holds a key: by the key agreement, or by a packet
 * that opened. Said once for each key.
 */
static bool proven(struct themis_session *session, struct themis_key *key)
{
	u64 now = ktime_get_coarse_boottime_ns();
	bool news = false;
	bool up = false;

	spin_lock_bh(&session->lock);
	if (!session->dead && !(key->flags & THEMIS_KEY_F_CONFIRMED)) {
		WRITE_ONCE(key->flags, key->flags | THEMIS_KEY_F_CONFIRMED);
		if (locked(session, THEMIS_SLOT_NEXT) == key) {
			up = !usable(locked(session, THEMIS_SLOT_CURRENT), now);
			promote(session);
		}
		news = true;
	}
	spin_unlock_bh(&session->lock);

	if (up)
		themis_netlink_session_event(session, THEMIS_EVENT_UP, key,
					     GFP_ATOMIC);
	if (news)
		themis_netlink_session_event(session, THEMIS_EVENT_CONFIRMED,
					     key, GFP_ATOMIC);

	return news;
}

/**
 * themis_key_confirm() - the peer has proven a key by the key agreement
 * @session: alive
 * @index: the key's local index
 * @extack: says what is wrong
 *
 * The next key becomes current. A keepalive tells the peer; for a key that is
 * current already that is all, so a lost one can be had again.
 *
 * Context: process; themis_net.lock held.
 * Return: 0, or -ENOENT if the session has no such key.
 */
int themis_key_confirm(struct themis_session *session, __be32 index,
		       struct netlink_ext_ack *extack)
{
	struct themis_key *key;

	lockdep_assert_held(&session->pair.node->tn->lock);

	rcu_read_lock();
	spin_lock_bh(&session->lock);
	key = find_own(session, index);
	spin_unlock_bh(&session->lock);
	if (key)
		proven(session, key);
	rcu_read_unlock();
	if (!key) {
		NL_SET_ERR_MSG(extack, "the session has no key of this index");
		return -ENOENT;
	}

	themis_acquire_done(session);
	themis_send_keepalive(session);

	return 0;
}

/**
 * themis_key_del() - wipe one key
 * @session: alive
 * @index: the key's local index
 * @extack: says what is wrong
 *
 * Context: process; themis_net.lock held.
 * Return: 0, or -ENOENT if the session has no such key.
 */
int themis_key_del(struct themis_session *session, __be32 index,
		   struct netlink_ext_ack *extack)
{
	struct themis_key *key;

	lockdep_assert_held(&session->pair.node->tn->lock);

	spin_lock_bh(&session->lock);
	key = find_own(session, index);
	if (key)
		drop(session, key->slot);
	spin_unlock_bh(&session->lock);
	if (!key) {
		NL_SET_ERR_MSG(extack, "the session has no key of this index");
		return -ENOENT;
	}
	themis_session_rearm(session);

	return 0;
}

/**
 * themis_key_drop_all() - wipe all keys of a session
 * @session: the session
 *
 * Context: themis_session.lock held.
 */
void themis_key_drop_all(struct themis_session *session)
{
	int slot;

	for (slot = 0; slot < __THEMIS_SLOT_MAX; slot++)
		drop(session, slot);
}

/**
 * themis_key_expire() - wipe what is past its hard limit
 * @session: alive
 * @now: ns
 *
 * Context: process; themis_net.lock held.
 * Return: true if the last key went.
 */
bool themis_key_expire(struct themis_session *session, u64 now)
{
	struct themis_key *key;
	bool dropped = false;
	bool left = false;
	int slot;

	spin_lock_bh(&session->lock);
	for (slot = 0; slot < __THEMIS_SLOT_MAX; slot++) {
		key = locked(session, slot);
		if (!key)
			continue;
		if (themis_epoch_expired(&key->epoch, now) ||
		    (slot == THEMIS_SLOT_CURRENT && !usable(key, now))) {
			drop(session, slot);
			themis_count(session->pair.node->tn,
				     THEMIS_CNT_EXPIRIES);
			dropped = true;
		} else {
			left = true;
		}
	}
	spin_unlock_bh(&session->lock);

	return dropped && !left;
}

/**
 * themis_key_next_expiry() - when the next key is past its hard limit
 * @session: the session
 *
 * Context: themis_net.lock held.
 * Return: ns, or U64_MAX if there is no key.
 */
u64 themis_key_next_expiry(struct themis_session *session)
{
	u64 next = U64_MAX;
	struct themis_key *key;
	int slot;

	spin_lock_bh(&session->lock);
	for (slot = 0; slot < __THEMIS_SLOT_MAX; slot++) {
		key = locked(session, slot);
		if (key)
			next = min(next, key->epoch.born + key->epoch.hard_ns);
	}
	spin_unlock_bh(&session->lock);

	return next;
}

/**
 * themis_key_received() - the first packet under a key has been opened
 * @session: the session
 * @key: not marked as confirmed
 *
 * It proves that the peer holds the key, so it can be sent on: the responder's
 * side of "First key", the initiator's of "Rekey" (Documentation/protocol.rst).
 *
 * Context: softirq; RCU read lock held, no lock held.
 */
void themis_key_received(struct themis_session *session,
			 struct themis_key *key)
{
	if (proven(session, key))
		themis_send_waiting(session);
}

/**
 * themis_key_announce() - tell that a new key is due, once
 * @session: the session
 * @key: its current key, past the soft limit
 *
 * Context: any; RCU read lock held.
 */
void themis_key_announce(struct themis_session *session,
			 struct themis_key *key)
{
	if (test_and_set_bit(0, &key->announced))
		return;
	themis_netlink_session_event(session, THEMIS_EVENT_REKEY, key,
				     GFP_ATOMIC);
}

int themis_key_net_init(struct themis_net *tn)
{
	return rhashtable_init(&tn->keys, &key_params);
}

void themis_key_net_exit(struct themis_net *tn)
{
	rhashtable_destroy(&tn->keys);
}

int __init themis_key_init(void)
{
	key_cache = KMEM_CACHE(themis_key, SLAB_ACCOUNT);

	return key_cache ? 0 : -ENOMEM;
}

void themis_key_exit(void)
{
	/* The last keys may still wait for their grace period. */
	rcu_barrier();
	kmem_cache_destroy(key_cache);
}
