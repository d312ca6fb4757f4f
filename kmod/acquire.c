// SPDX-License-Identifier: GPL-2.0
/* Acquires: asking the daemon for a session while packets wait for it. */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/netlink.h>
#include <linux/timekeeping.h>

#include "acquire.h"
#include "key.h"
#include "net.h"
#include "netlink.h"
#include "node.h"
#include "send.h"
#include "session.h"
#include "sock.h"
#include "user.h"

static unsigned int acquire_timeout_ms = 10000;
module_param(acquire_timeout_ms, uint, 0644);
MODULE_PARM_DESC(acquire_timeout_ms,
		 "how long a packet waits for a session, in milliseconds");

/* Ask, once for each time that the session has no key. */
static int ask(struct themis_session *session, struct themis_user *user)
{
	struct themis_net *tn = session->pair.node->tn;
	int err;

	if (session->acquiring)
		return 0;

	if (!themis_netlink_has_daemon(tn)) {
		themis_drop(tn, THEMIS_CNT_TX_NO_DAEMON, NULL);
		return -EHOSTUNREACH;
	}
	/* One user's storm leaves room for the others. */
	if (user->acquires >= THEMIS_USER_ACQUIRES) {
		themis_drop(tn, THEMIS_CNT_TX_USER_LIMIT, NULL);
		return -ENOBUFS;
	}
	if (tn->acquires >= THEMIS_MAX_ACQUIRES) {
		themis_drop(tn, THEMIS_CNT_TX_ACQUIRE_LIMIT, NULL);
		return -ENOBUFS;
	}
	err = themis_netlink_acquire(session);
	if (err == -ESRCH) {
		themis_drop(tn, THEMIS_CNT_TX_NO_DAEMON, NULL);
		return -EHOSTUNREACH;
	}
	if (err) {
		themis_drop(tn, THEMIS_CNT_TX_MEMORY, NULL);
		return -ENOMEM;
	}

	WRITE_ONCE(session->acquiring, true);
	refcount_inc(&user->refs);
	session->asker = user;
	user->acquires++;
	tn->acquires++;
	session->deadline = ktime_get_coarse_boottime_ns() +
			    (u64)acquire_timeout_ms * NSEC_PER_MSEC;
	themis_count(tn, THEMIS_CNT_ACQUIRES);
	themis_session_rearm(session);

	return 0;
}

/**
 * themis_acquire_unqueue() - a packet does not wait any more
 * @skb: the packet, still charged to its socket
 *
 * Context: any.
 */
void themis_acquire_unqueue(struct sk_buff *skb)
{
	atomic_sub(skb->truesize, &themis_sk(skb->sk)->user->queued);
}

static int enqueue(struct themis_session *session, struct themis_user *user,
		   struct sk_buff *skb)
{
	int err = 0;

	if (atomic_add_return(skb->truesize, &user->queued) >
	    THEMIS_USER_QUEUED) {
		atomic_sub(skb->truesize, &user->queued);
		themis_drop(session->pair.node->tn, THEMIS_CNT_TX_USER_LIMIT,
			    NULL);
		return -ENOBUFS;
	}

	spin_lock_bh(&session->lock);
	if (skb_queue_len(&session->waiting) >= THEMIS_MAX_WAITING)
		err = -ENOBUFS;
	else
		__skb_queue_tail(&session->waiting, skb);
	spin_unlock_bh(&session->lock);
	if (err) {
		themis_acquire_unqueue(skb);
		themis_drop(session->pair.node->tn, THEMIS_CNT_TX_QUEUE_FULL,
			    NULL);
	}

	return err;
}

/**
 * themis_acquire() - let a packet wait for a session
 * @node: who sends
 * @peer: to whom, THEMIS_ID_LEN bytes
 * @skb: inner header and message; stays charged to its socket; consumed,
 *	unless an error is returned
 *
 * Context: process.
 * Return: 0, -EHOSTUNREACH if no daemon listens, -ENOBUFS at the bounds,
 * -ENOMEM, -ENETDOWN if the node has gone, or what themis_session_make()
 * gives.
 */
int themis_acquire(struct themis_node *node, const u8 *peer,
		   struct sk_buff *skb)
{
	struct themis_user *user = themis_sk(skb->sk)->user;
	struct themis_net *tn = node->tn;
	struct themis_session *session;
	bool ready, known;
	int err;

	mutex_lock(&tn->lock);
	err = -ENETDOWN;
	if (node->dead)
		goto out;
	rcu_read_lock();
	known = themis_session_find(node, peer);
	rcu_read_unlock();
	session = themis_session_make(node, peer, NULL, NULL);
	err = PTR_ERR_OR_ZERO(session);
	if (err)
		goto out;

	/* The key may have come between the look without the lock and now. */
	rcu_read_lock();
	ready = themis_key_usable(session, ktime_get_coarse_boottime_ns());
	rcu_read_unlock();
	if (!ready) {
		err = ask(session, user);
		/* Whoever cannot ask leaves nothing behind. */
		if (err && !known) {
			themis_session_del(session);
			goto out;
		}
	}
	if (!err)
		err = enqueue(session, user, skb);
	if (!err && ready)
		themis_send_waiting(session);
out:
	mutex_unlock(&tn->lock);

	return err;
}

static void stop(struct themis_session *session)
{
	struct themis_net *tn = session->pair.node->tn;

	lockdep_assert_held(&tn->lock);

	if (!session->acquiring)
		return;
	WRITE_ONCE(session->acquiring, false);
	session->asker->acquires--;
	themis_user_put(session->asker);
	session->asker = NULL;
	tn->acquires--;
}

/**
 * themis_acquire_done() - there is a key: what waits goes out
 * @session: alive
 *
 * Context: process; themis_net.lock held.
 */
void themis_acquire_done(struct themis_session *session)
{
	stop(session);
	themis_send_waiting(session);
}

/**
 * themis_acquire_end() - there will be no key: what waits is dropped
 * @session: the session
 * @why: what to count for each packet
 * @error: what to report to the sockets, positive
 *
 * Context: process; themis_net.lock held.
 */
void themis_acquire_end(struct themis_session *session,
			enum themis_counter why, int error)
{
	struct themis_net *tn = session->pair.node->tn;
	struct sk_buff_head list;
	struct sk_buff *skb;

	stop(session);

	__skb_queue_head_init(&list);
	spin_lock_bh(&session->lock);
	skb_queue_splice_init(&session->waiting, &list);
	spin_unlock_bh(&session->lock);

	while ((skb = __skb_dequeue(&list))) {
		themis_acquire_unqueue(skb);
		themis_sock_error(skb->sk, error);
		themis_drop(tn, why, skb);
	}
}

/**
 * themis_acquire_fail() - the daemon could not bring the session about
 * @session: alive; deleted if it has no key
 * @error: what to report to the sockets, positive
 * @extack: says what is wrong
 *
 * Context: process; themis_net.lock held.
 * Return: 0, or -ENOENT if nobody asked.
 */
int themis_acquire_fail(struct themis_session *session, int error,
			struct netlink_ext_ack *extack)
{
	if (!session->acquiring) {
		NL_SET_ERR_MSG(extack, "nothing waits for this session");
		return -ENOENT;
	}
	themis_acquire_end(session, THEMIS_CNT_TX_REFUSED, error);
	if (themis_key_next_expiry(session) == U64_MAX)
		themis_session_del(session);

	return 0;
}
