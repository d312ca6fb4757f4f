// SPDX-License-Identifier: GPL-2.0
/* Sessions: what two nodes share, seen from one of them. */
#include <linux/netlink.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "acquire.h"
#include "key.h"
#include "net.h"
#include "netlink.h"
#include "node.h"
#include "segment.h"
#include "session.h"

/* How long a session without any key is kept for one to come. */
#define IDLE_NS		(60ULL * NSEC_PER_SEC)

static struct kmem_cache *session_cache;
static atomic64_t last_number = ATOMIC64_INIT(0);

static const struct rhashtable_params session_params = {
	.key_len	= sizeof(struct themis_pair),
	.key_offset	= offsetof(struct themis_session, pair),
	.head_offset	= offsetof(struct themis_session, hash),
	.automatic_shrinking = true,
};

/**
 * themis_session_find() - the session of a node with a peer
 * @node: the node
 * @peer: THEMIS_ID_LEN bytes
 *
 * Context: themis_net.lock or the RCU read lock held.
 * Return: the session or NULL.
 */
struct themis_session *themis_session_find(struct themis_node *node,
					   const u8 *peer)
{
	struct themis_session *session;
	struct themis_pair pair;

	/* Hashed as bytes: no padding on any 32- or 64-bit machine. */
	BUILD_BUG_ON(sizeof(pair) != sizeof(pair.node) + sizeof(pair.peer));
	pair.node = node;
	memcpy(pair.peer, peer, THEMIS_ID_LEN);

	/*
	 * Whoever holds the lock keeps the session, but not the buckets: the
	 * table may be resized meanwhile.
	 */
	rcu_read_lock();
	session = rhashtable_lookup(&node->tn->sessions, &pair, session_params);
	rcu_read_unlock();

	return session;
}

/**
 * themis_session_reap() - have a session looked after soon
 * @session: with a reference, or alive under the RCU read lock
 *
 * Context: any.
 */
void themis_session_reap(struct themis_session *session)
{
	struct themis_net *tn = session->pair.node->tn;

	if (test_and_set_bit(0, &session->reaping))
		return;
	if (!refcount_inc_not_zero(&session->refs))
		return;
	llist_add(&session->reap, &tn->reap);
	queue_work(themis_wq, &tn->reaper);
}

static void session_timer(struct timer_list *timer)
{
	themis_session_reap(container_of(timer, struct themis_session, timer));
}

/* Where a peer is, with its route to be; NULL without memory. */
static struct themis_endpoint *endpoint_make(const union themis_addr *to,
					     gfp_t gfp)
{
	struct themis_endpoint *endpoint = kzalloc(sizeof(*endpoint), gfp);

	if (!endpoint)
		return NULL;
	endpoint->addr = *to;
	/* As THEMIS_GFP_QUIET is */
	if (dst_cache_init(&endpoint->route.cache, gfp | __GFP_NOWARN)) {
		kfree(endpoint);
		return NULL;
	}

	return endpoint;
}

static void endpoint_free(struct rcu_head *rcu)
{
	struct themis_endpoint *endpoint =
		container_of(rcu, struct themis_endpoint, rcu);

	dst_cache_destroy(&endpoint->route.cache);
	kfree(endpoint);
}

/**
 * themis_session_move() - set where the peer is
 * @session: the session
 * @to: its transport address, valid
 * @gfp: for what remembers it
 *
 * Context: any that @gfp allows. Memory for each processor is scarce where it
 * must not be waited for: who can wait says so.
 * Return: 0 or -ENOMEM, and then nothing changed.
 */
int themis_session_move(struct themis_session *session,
			const union themis_addr *to, gfp_t gfp)
{
	struct themis_endpoint *endpoint, *old;

	endpoint = endpoint_make(to, gfp);
	if (!endpoint)
		return -ENOMEM;

	spin_lock_bh(&session->lock);
	old = endpoint;
	if (!session->dead)
		old = rcu_replace_pointer(session->endpoint, endpoint,
					  lockdep_is_held(&session->lock));
	spin_unlock_bh(&session->lock);
	if (old)
		call_rcu(&old->rcu, endpoint_free);

	return 0;
}

/**
 * themis_session_make() - the session of a node with a peer, made if need be
 * @node: the node, alive
 * @peer: THEMIS_ID_LEN bytes
 * @to: where the peer is, valid, or NULL to leave it as it is
 * @extack: says what is wrong
 *
 * Context: process; themis_net.lock held.
 * Return: the session, or -ENOSPC at THEMIS_MAX_SESSIONS, -ENOMEM, and
 * then nothing changed.
 */
struct themis_session *themis_session_make(struct themis_node *node,
					   const u8 *peer,
					   const union themis_addr *to,
					   struct netlink_ext_ack *extack)
{
	struct themis_endpoint *endpoint = NULL;
	struct themis_net *tn = node->tn;
	struct themis_session *session;
	int err = -ENOMEM;

	lockdep_assert_held(&tn->lock);

	session = themis_session_find(node, peer);
	if (session) {
		err = to ? themis_session_move(session, to, GFP_KERNEL) : 0;
		return err ? ERR_PTR(err) : session;
	}

	if (atomic_read(&tn->sessions.nelems) >= THEMIS_MAX_SESSIONS) {
		NL_SET_ERR_MSG(extack, "too many sessions in this namespace");
		return ERR_PTR(-ENOSPC);
	}

	session = kmem_cache_zalloc(session_cache, GFP_KERNEL);
	if (!session)
		return ERR_PTR(-ENOMEM);
	if (to) {
		endpoint = endpoint_make(to, GFP_KERNEL);
		if (!endpoint)
			goto err_endpoint;
		RCU_INIT_POINTER(session->endpoint, endpoint);
	}
	session->pair.node = node;
	memcpy(session->pair.peer, peer, THEMIS_ID_LEN);
	refcount_set(&session->refs, 1);
	session->number = atomic64_inc_return(&last_number);
	spin_lock_init(&session->lock);
	__skb_queue_head_init(&session->waiting);
	INIT_LIST_HEAD(&session->partials);
	timer_setup(&session->timer, session_timer, 0);

	err = rhashtable_lookup_insert_fast(&tn->sessions, &session->hash,
					    session_params);
	if (err)
		goto err_insert;
	refcount_inc(&node->refs);
	list_add_tail(&session->list, &node->sessions);
	node->n_sessions++;
	themis_session_rearm(session);
	themis_netlink_session_event(session, THEMIS_EVENT_NEW, NULL,
				     GFP_KERNEL);

	return session;

err_insert:
	if (endpoint)
		endpoint_free(&endpoint->rcu);
err_endpoint:
	kmem_cache_free(session_cache, session);

	return ERR_PTR(err);
}

static void session_free(struct rcu_head *rcu)
{
	struct themis_session *session =
		container_of(rcu, struct themis_session, rcu);

	themis_node_put(session->pair.node);
	kmem_cache_free(session_cache, session);
}

/**
 * themis_session_put() - drop a reference
 * @session: the session
 *
 * Context: any.
 */
void themis_session_put(struct themis_session *session)
{
	if (refcount_dec_and_test(&session->refs))
		call_rcu(&session->rcu, session_free);
}

/**
 * themis_session_del() - end a session
 * @session: in the table
 *
 * Its keys are wiped after a grace period, what waits is dropped.
 *
 * Context: process; themis_net.lock held.
 */
void themis_session_del(struct themis_session *session)
{
	struct themis_node *node = session->pair.node;
	struct themis_endpoint *endpoint;
	struct themis_net *tn = node->tn;

	lockdep_assert_held(&tn->lock);

	rhashtable_remove_fast(&tn->sessions, &session->hash, session_params);
	list_del(&session->list);
	node->n_sessions--;

	/* Under the lock: nothing joins the queue or a slot past this point. */
	spin_lock_bh(&session->lock);
	WRITE_ONCE(session->dead, true);
	themis_key_drop_all(session);
	endpoint = rcu_replace_pointer(session->endpoint, NULL,
				       lockdep_is_held(&session->lock));
	spin_unlock_bh(&session->lock);
	if (endpoint)
		call_rcu(&endpoint->rcu, endpoint_free);

	themis_segment_drop(session, U64_MAX);
	themis_acquire_end(session, THEMIS_CNT_TX_GONE, EHOSTUNREACH);
	timer_delete_sync(&session->timer);
	themis_netlink_session_event(session, THEMIS_EVENT_DEL, NULL,
				     GFP_KERNEL);
	themis_session_put(session);
}

/**
 * themis_session_state() - what the session can do now
 * @session: the session
 *
 * Context: RCU read lock held.
 * Return: enum themis_session_state.
 */
u8 themis_session_state(struct themis_session *session)
{
	u64 now = ktime_get_coarse_boottime_ns();
	int slot;

	if (themis_key_usable(session, now))
		return THEMIS_SESSION_UP;
	if (READ_ONCE(session->acquiring))
		return THEMIS_SESSION_ACQUIRE;
	for (slot = 0; slot < __THEMIS_SLOT_MAX; slot++)
		if (rcu_access_pointer(session->keys[slot]))
			return THEMIS_SESSION_RECEIVE;

	return THEMIS_SESSION_IDLE;
}

/**
 * themis_session_rearm() - set the timer to the session's next limit
 * @session: alive
 *
 * Context: process; themis_net.lock held.
 */
void themis_session_rearm(struct themis_session *session)
{
	u64 now = ktime_get_coarse_boottime_ns();
	u64 next;

	lockdep_assert_held(&session->pair.node->tn->lock);

	next = themis_key_next_expiry(session);
	if (session->acquiring)
		next = min(next, session->deadline);
	if (next == U64_MAX)
		next = now + IDLE_NS;

	/* Under the lock: a segment brings the timer forward. */
	spin_lock_bh(&session->lock);
	next = min(next, themis_segment_deadline(session));
	next = next > now ? next - now : 0;
	mod_timer(&session->timer, jiffies + nsecs_to_jiffies(next) + 1);
	spin_unlock_bh(&session->lock);
}

/* Look after one session whose timer has fired. */
static void session_reap(struct themis_session *session)
{
	u64 now = ktime_get_coarse_boottime_ns();

	if (session->dead)
		return;

	themis_segment_drop(session, now);
	if (session->acquiring && now >= session->deadline)
		themis_acquire_end(session, THEMIS_CNT_TX_TIMEOUT,
				   EHOSTUNREACH);
	if (themis_key_expire(session, now))
		themis_netlink_session_event(session, THEMIS_EVENT_EXPIRED,
					     NULL, GFP_KERNEL);
	if (!session->acquiring && themis_key_next_expiry(session) == U64_MAX)
		themis_session_del(session);
	else
		themis_session_rearm(session);
}

static void reaper(struct work_struct *work)
{
	struct themis_net *tn = container_of(work, struct themis_net, reaper);
	struct themis_session *session, *next;
	struct llist_node *list;

	list = llist_del_all(&tn->reap);
	llist_for_each_entry_safe(session, next, list, reap) {
		clear_bit(0, &session->reaping);
		mutex_lock(&tn->lock);
		session_reap(session);
		mutex_unlock(&tn->lock);
		themis_session_put(session);
		cond_resched();
	}
}

/**
 * themis_session_net_init() - make a namespace ready for sessions
 * @tn: where
 *
 * Return: 0 or -ENOMEM.
 */
int themis_session_net_init(struct themis_net *tn)
{
	int err;

	INIT_WORK(&tn->reaper, reaper);
	err = rhashtable_init(&tn->sessions, &session_params);
	if (err)
		return err;
	err = themis_key_net_init(tn);
	if (err)
		rhashtable_destroy(&tn->sessions);

	return err;
}

/**
 * themis_session_net_exit() - the reverse; no session is left
 * @tn: where
 *
 * Context: process; themis_net.lock not held, the reaper takes it.
 */
void themis_session_net_exit(struct themis_net *tn)
{
	/* All timers are stopped: nothing queues it again. */
	flush_work(&tn->reaper);
	themis_key_net_exit(tn);
	rhashtable_destroy(&tn->sessions);
}

/**
 * themis_session_init() - the module is being loaded
 *
 * Return: 0 or -ENOMEM.
 */
int __init themis_session_init(void)
{
	session_cache = KMEM_CACHE(themis_session,
				   SLAB_ACCOUNT | SLAB_HWCACHE_ALIGN);

	return session_cache ? 0 : -ENOMEM;
}

/**
 * themis_session_exit() - the module is being unloaded; no namespace is left
 */
void themis_session_exit(void)
{
	/* Until the last of them is freed. */
	rcu_barrier();
	kmem_cache_destroy(session_cache);
}
