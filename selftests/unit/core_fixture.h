/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of the core begin with: three machines, a new world for each
 * test, and a network that loses what a plan says. Included once by each.
 */
#ifndef CORE_FIXTURE_H
#define CORE_FIXTURE_H

#include <string.h>

#include "core_net.h"

static struct net *net;
static struct net_side *a, *b, *c;

static inline int setup(void **state)
{
	net = net_new(1);
	a = &net->side[0];
	b = &net->side[1];
	c = &net->side[2];
	return 0;
}

static inline int teardown(void **state)
{
	net_free(net);
	return 0;
}

/* Names the two machines by the order of their ids. */
static inline void by_order(struct net_side **low, struct net_side **high)
{
	bool swap = themis_id_compare(&a->id, &b->id) > 0;

	*low = swap ? b : a;
	*high = swap ? a : b;
}

/* What the network loses: the first @drop packets of @type, then @twice. */
struct plan {
	uint8_t		type;
	unsigned int	drop;
	unsigned int	twice;
	uint64_t	delay;
	unsigned int	n;
	uint64_t	at[32];
};

static inline enum net_verdict follow(struct net *n, struct net_packet *packet)
{
	struct plan *plan = n->ctx;

	if (packet->b[0] != plan->type)
		return NET_PASS;
	assert_true(plan->n < 32);
	plan->at[plan->n++] = n->now;
	packet->at += plan->delay;
	if (plan->drop) {
		plan->drop--;
		return NET_DROP;
	}
	if (plan->twice) {
		plan->twice--;
		return NET_TWICE;
	}
	return NET_PASS;
}

static inline void plan(struct plan *p)
{
	net->verdict = follow;
	net->ctx = p;
}

static inline void assert_times(const struct plan *p, uint64_t start,
				unsigned int n)
{
	static const uint64_t want[] = {
		0, 500 * MS, 1500 * MS, 3500 * MS, 7500 * MS,
	};
	unsigned int i;

	assert_int_equal(p->n, n);
	for (i = 0; i < n; i++)
		assert_int_equal(p->at[i] - start, want[i]);
}

static inline void assert_quiet(void)
{
	net_run(net, net->now + 60 * SECOND);
	assert_int_equal(net->n_flight, 0);
	assert_true(themis_core_deadline(a->core) == UINT64_MAX);
	assert_true(themis_core_deadline(b->core) == UINT64_MAX);
}

/* An agreement that a begins, without trouble. */
static inline void establish(void)
{
	net_introduce(a, b, NULL);
	net_send(a, b);
	net_run(net, net->now + SECOND);
	net_assert_agreed(a, b);
	assert_int_equal(b->received, 1);
}

static inline enum net_verdict lose_proofs(struct net *n,
					   struct net_packet *packet)
{
	enum net_verdict verdict = follow(n, packet);

	return packet->b[0] == THEMIS_PKT_DATA ? NET_DROP : verdict;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif /* CORE_FIXTURE_H */
