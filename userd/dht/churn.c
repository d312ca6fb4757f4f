// SPDX-License-Identifier: GPL-2.0
/*
 * Churn: how long nodes live, and what follows from it.
 *
 * A peer that was heard of so long ago and answers now has lived for that time;
 * one that does not has died in it, unless it answers after all. Deaths per time
 * lived give the rate; both are halved now and then, so that the old fades, and
 * when many begin to die all that was before is forgotten at once. The lease,
 * which is how long a node may be wrong about what it holds and knows, follows
 * the half-life.
 */
#include "dht_state.h"

#define DEATH		256ULL
#define ENOUGH		(3 * DEATH)	/* deaths that tell something */
#define FADE		(24 * DEATH)	/* deaths after which both are halved */
#define FADE_TENTHS	(240 * 36000ULL) /* ten days lived by somebody */
#define SUDDEN		24		/* deaths, times how much too fast */
#define SMOOTH		64		/* signs of life that are averaged */
#define LN2_1000	693ULL

/* A peer that is thought to be dead half a lease may be replaced everywhere. */
#define LEASE_PART	6		/* leases in a half-life */
#define UPKEEP_PART	10		/* rounds of upkeep in a lease */
#define UPKEEP_MIN	(2 * DHT_SECOND)
#define UPKEEP_EARLY	(30 * DHT_SECOND)
#define UPKEEP_MAX	(60 * DHT_SECOND)

static void fade(struct dht_churn *churn)
{
	if (churn->deaths < FADE && churn->exposure < FADE_TENTHS)
		return;
	churn->deaths /= 2;
	churn->exposure /= 2;
}

/*
 * Who has lived long in peace knows of so much time lived that a hundred deaths
 * would hardly move it. When the last few came several times as fast as was to
 * be expected, and the faster the fewer they are, times have changed, and only
 * these count; by chance one in two hundred looks so. They do not while nobody
 * has answered since the first of them: then it is we who are cut off.
 */
static void notice(struct dht_node *node)
{
	struct dht_churn *churn = &node->churn;
	uint64_t last = 0;
	unsigned int n;

	churn->gap[churn->n_gap++ % DHT_GAPS] = churn->since;
	churn->since = 0;
	if (churn->n_gap == 2 * DHT_GAPS)
		churn->n_gap = DHT_GAPS;
	for (n = 1; n <= DHT_GAPS && n <= churn->n_gap; n++) {
		last += churn->gap[(churn->n_gap - n) % DHT_GAPS];
		if (n < DHT_GAPS / 2 || node->silent >= n)
			continue;
		/* last / n < exposure / deaths * n / SUDDEN */
		if (last * SUDDEN * churn->deaths <
		    churn->exposure * n * n * DEATH) {
			churn->exposure = last;
			churn->deaths = n * DEATH;
			return;
		}
	}
}

/**
 * dht_churn_alive() - a peer has proven itself again
 * @node: the node
 * @tenths: time since it last had, in tenths of seconds
 */
void dht_churn_alive(struct dht_node *node, uint64_t tenths)
{
	struct dht_churn *churn = &node->churn;

	churn->exposure += tenths;
	churn->since += tenths;
	if (churn->silence)
		churn->silence += tenths - churn->silence / SMOOTH;
	else
		churn->silence = tenths * SMOOTH;
	fade(churn);
}

/**
 * dht_churn_dead() - a peer is dead, as it seems
 * @node: the node
 * @tenths: time since it last proved itself, in tenths of seconds
 */
void dht_churn_dead(struct dht_node *node, uint64_t tenths)
{
	struct dht_churn *churn = &node->churn;
	uint64_t lived = tenths / 2;

	/*
	 * It died at some moment of that time; but not in its middle where those
	 * who live are heard of more often than that.
	 */
	if (lived > churn->silence / SMOOTH)
		lived = churn->silence / SMOOTH;
	churn->exposure += lived;
	churn->since += lived;
	churn->deaths += DEATH;
	notice(node);
	fade(churn);
}

/**
 * dht_churn_undo() - a peer that was thought dead is not
 * @node: the node
 */
void dht_churn_undo(struct dht_node *node)
{
	struct dht_churn *churn = &node->churn;

	if (churn->deaths >= DEATH)
		churn->deaths -= DEATH;
	if (!churn->n_gap)
		return;
	/* Whichever it was: the time since the one before goes on. */
	churn->since += churn->gap[--churn->n_gap % DHT_GAPS];
	churn->gap[churn->n_gap % DHT_GAPS] = 0;
}

/**
 * dht_half_life() - after how long half of the nodes are gone
 * @node: the node
 *
 * Return: seconds, or 0 where too little has been seen to tell.
 */
uint64_t dht_half_life(const struct dht_node *node)
{
	const struct dht_churn *churn = &node->churn;

	if (churn->deaths < ENOUGH)
		return 0;
	return churn->exposure * DEATH * LN2_1000 / churn->deaths / 10000;
}

/**
 * dht_lease() - how long what a node knows may be wrong
 * @node: the node
 *
 * Return: seconds, within the bounds of the network.
 */
uint32_t dht_lease(const struct dht_node *node)
{
	const struct dht_params *p = dht_p(node);
	uint64_t life = dht_half_life(node);

	if (!life || life / LEASE_PART > p->lease_max)
		return p->lease_max;
	if (life / LEASE_PART < p->lease_min)
		return p->lease_min;
	return life / LEASE_PART;
}

/**
 * dht_churns() - whether nodes come and go
 * @node: the node
 *
 * Return: true if those who were known die sooner than they are asked again.
 */
bool dht_churns(const struct dht_node *node)
{
	return dht_lease(node) <= dht_p(node)->lease_max / 2;
}

/**
 * dht_upkeep_interval() - time from one round of upkeep to the next
 * @node: the node
 *
 * Return: microseconds.
 */
uint64_t dht_upkeep_interval(const struct dht_node *node)
{
	uint64_t us = dht_lease(node) * DHT_SECOND / UPKEEP_PART;
	uint64_t most = dht_settled(node) ? UPKEEP_MAX : UPKEEP_EARLY;

	if (us < UPKEEP_MIN)
		return UPKEEP_MIN;
	return us > most ? most : us;
}

/**
 * dht_churn_told() - begin with what another has seen
 * @node: the node, which has seen nothing yet
 * @lease: of the other, seconds
 *
 * It weighs as little as can be, and gives way to what the node sees itself.
 */
void dht_churn_told(struct dht_node *node, uint32_t lease)
{
	if (node->churn.deaths || lease < dht_p(node)->lease_min ||
	    lease > dht_p(node)->lease_max)
		return;
	node->churn.deaths = ENOUGH;
	node->churn.exposure = lease * LEASE_PART * 10000ULL *
			       (ENOUGH / DEATH) / LN2_1000;
}
