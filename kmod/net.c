// SPDX-License-Identifier: GPL-2.0
/* What Themis keeps for one network namespace. */
#include <linux/random.h>
#include <linux/slab.h>
#include <net/netns/generic.h>

#include "link.h"
#include "net.h"
#include "node.h"
#include "session.h"
#include "train.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/* Runs the reapers. */
struct workqueue_struct *themis_wq;

static unsigned int themis_net_id __read_mostly;

/**
 * themis_net() - Themis in a network namespace
 * @net: the namespace
 *
 * Return: never NULL while the module is loaded.
 */
struct themis_net *themis_net(const struct net *net)
{
	return net_generic(net, themis_net_id);
}

/**
 * themis_counter_read() - a counter's value
 * @tn: where
 * @what: which
 *
 * Return: the sum over all processors.
 */
u64 themis_counter_read(struct themis_net *tn, enum themis_counter what)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu_ptr(tn->percpu, cpu)->count[what];

	return sum;
}

/**
 * themis_drop() - give a packet up, for a reason
 * @tn: where
 * @why: one of the reasons D() of THEMIS_COUNTERS
 * @skb: the packet, consumed; or NULL if there is none yet
 *
 * The only way in which the module drops anything.
 *
 * Context: any.
 */
void themis_drop(struct themis_net *tn, enum themis_counter why,
		 struct sk_buff *skb)
{
	themis_count(tn, why);
	trace_drop(tn->net, skb, why);
	kfree_skb(skb);
}

static int __net_init themis_net_start(struct net *net)
{
	struct themis_net *tn = themis_net(net);
	int err;

	tn->net = net;
	mutex_init(&tn->lock);
	spin_lock_init(&tn->rate_lock);
	spin_lock_init(&tn->users_lock);
	hash_init(tn->users);
	INIT_LIST_HEAD(&tn->links);
	hash_init(tn->nodes);
	init_llist_head(&tn->reap);
	get_random_bytes(&tn->seen_secret, sizeof(tn->seen_secret));
	get_random_bytes(&tn->rate_secret, sizeof(tn->rate_secret));

	tn->percpu = alloc_percpu_gfp(struct themis_percpu, THEMIS_GFP_QUIET);
	if (!tn->percpu)
		return -ENOMEM;

	err = themis_session_net_init(tn);
	if (err)
		goto err_percpu;

	return 0;

err_percpu:
	free_percpu(tn->percpu);
	return err;
}

/* A grace period follows. */
static void __net_exit themis_net_stopping(struct net *net)
{
	struct themis_net *tn = themis_net(net);

	mutex_lock(&tn->lock);
	themis_train_unwatch(tn);
	mutex_unlock(&tn->lock);
}

static void __net_exit themis_net_stop(struct net *net)
{
	struct themis_net *tn = themis_net(net);

	/* Sockets of users hold the namespace, so none is left by now. */
	mutex_lock(&tn->lock);
	themis_node_flush(tn);
	themis_link_flush(tn);
	mutex_unlock(&tn->lock);

	themis_session_net_exit(tn);
	kvfree(tn->rate);
	kvfree_sensitive(tn->seen, THEMIS_SEEN_KEYS * sizeof(*tn->seen));
	free_percpu(tn->percpu);
}

static struct pernet_operations themis_net_ops = {
	.init	= themis_net_start,
	.pre_exit = themis_net_stopping,
	.exit	= themis_net_stop,
	.id	= &themis_net_id,
	.size	= sizeof(struct themis_net),
};

int __init themis_net_init(void)
{
	int err;

	themis_wq = alloc_workqueue("themis", WQ_UNBOUND, 0);
	if (!themis_wq)
		return -ENOMEM;
	err = register_pernet_subsys(&themis_net_ops);
	if (err)
		destroy_workqueue(themis_wq);

	return err;
}

void themis_net_exit(void)
{
	unregister_pernet_subsys(&themis_net_ops);
	destroy_workqueue(themis_wq);
}
