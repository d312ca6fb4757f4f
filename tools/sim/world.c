// SPDX-License-Identifier: GPL-2.0
/*
 * The world: who lives where, who comes and goes, and the way of messages.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define LATENCY_MIN	2000		/* microseconds, one way */
#define LATENCY_SPAN	60000		/* across half of the world */
#define ACCESS_MIN	500
#define ACCESS_SPAN	15000

#define JOIN_AGAIN	(5 * SIM_SECOND)

/* The number of a node is its address. */
static void address(struct dht_contact *contact, uint32_t who)
{
	contact->addr[0] = 0xfd;
	dht_put32(contact->addr + 12, who + 1);
	contact->port = 5521;
}

/**
 * sim_of() - the number of a node
 * @contact: of whom
 *
 * Return: the number; not of any node for an address that a liar has made up.
 */
uint32_t sim_of(const struct dht_contact *contact)
{
	return dht_get32(contact->addr + 12) - 1;
}

/**
 * sim_arrive() - a node arrives, and begins to join
 * @s: the simulation
 * @id: its id; NULL for any
 * @liar: it lies
 *
 * Return: its number.
 */
uint32_t sim_arrive(struct sim *s, const struct themis_id *id, bool liar)
{
	uint32_t who = s->n_node;
	struct sim_node *n;

	if (who == s->node_room) {
		s->node_room = s->node_room ? 2 * s->node_room : 1024;
		s->node = realloc(s->node, s->node_room * sizeof(*s->node));
		s->living = realloc(s->living,
				    s->node_room * sizeof(*s->living));
		if (!s->node || !s->living) {
			fputs("Error: out of memory. Simulate fewer nodes.\n",
			      stderr);
			exit(1);
		}
	}
	s->n_node++;
	n = &s->node[who];
	memset(n, 0, sizeof(*n));
	address(&n->contact, who);
	if (id)
		n->contact.id = *id;
	else
		rng_fill(&s->rng, n->contact.id.b, sizeof(n->contact.id.b));
	n->x = rng_next(&s->rng);
	n->y = rng_next(&s->rng);
	n->access = ACCESS_MIN + rng_below(&s->rng, ACCESS_SPAN);
	n->half = rng_next(&s->rng) & 1;
	n->liar = liar;
	n->slow = !liar && rng_chance(&s->rng, s->o.slow);
	if (!sim_new(s, who)) {
		fputs("Error: out of memory. Simulate fewer nodes.\n", stderr);
		exit(1);
	}
	n->place = s->n_living;
	s->living[s->n_living++] = who;
	if (liar)
		sim_liar_add(s, who);
	sim_at(s, s->now, SIM_ARRIVE, who, 0, NULL);
	return who;
}

static void begin_join(struct sim *s, uint32_t who)
{
	struct dht_contact via[2];
	unsigned int n = 0, tries;
	uint32_t other;

	/* Whom a node joins through its owner has chosen. */
	for (tries = 0; tries < 200 && n < 2; tries++) {
		other = s->living[rng_below(&s->rng, s->n_living)];
		if (other != who && s->node[other].joined &&
		    !s->node[other].liar &&
		    (!s->split || s->node[other].half == s->node[who].half))
			via[n++] = s->node[other].contact;
	}
	/* The first is alone; a later one waits until it need not be. */
	if (!n && who) {
		sim_at(s, s->now + SIM_SECOND, SIM_ARRIVE, who, 0, NULL);
		return;
	}
	sim_op(s, sim_join(s, who, via, n), SIM_OF_JOIN, who, who);
}

/**
 * sim_crash() - a node is gone without a word
 * @s: the simulation
 * @who: which
 */
void sim_crash(struct sim *s, uint32_t who)
{
	struct sim_node *n = &s->node[who];
	uint32_t last;

	if (!n->node)
		return;
	if (n->liar)
		sim_liar_remove(s, who);
	sim_free(s, who);
	last = s->living[--s->n_living];
	s->living[n->place] = last;
	s->node[last].place = n->place;
}

/* How long a node lives, where half of them do not live longer than that. */
static uint64_t lifetime(struct sim *s)
{
	double u = (rng_next(&s->rng) >> 11) / 9007199254740992.0;

	return -log(1 - u) / M_LN2 * s->o.half_life * SIM_SECOND;
}

static void start_churn(struct sim *s, uint32_t who)
{
	sim_at(s, s->now + lifetime(s), SIM_CRASH, who, 0, NULL);
}

/**
 * sim_somebody() - a node by chance
 * @s: the simulation
 * @honest: one that does not lie
 *
 * Return: its number; it has joined.
 */
uint32_t sim_somebody(struct sim *s, bool honest)
{
	uint32_t who, tries;

	for (tries = 0; tries < 10000; tries++) {
		who = s->living[rng_below(&s->rng, s->n_living)];
		if (s->node[who].joined && !(honest && s->node[who].liar))
			return who;
	}
	return s->living[0];
}

static uint64_t latency(struct sim *s, uint32_t from, uint32_t to)
{
	const struct sim_node *a = &s->node[from], *b = &s->node[to];
	/* The world is a torus, so that nobody lives at its edge. */
	double dx = (int16_t)(a->x - b->x) / 32768.0;
	double dy = (int16_t)(a->y - b->y) / 32768.0;
	uint64_t us = LATENCY_MIN + a->access + b->access +
		      (uint64_t)(sqrt(dx * dx + dy * dy) * LATENCY_SPAN);

	return us + rng_below(&s->rng, us / 8 + 1);
}

/**
 * sim_send() - a message goes on its way
 * @s: the simulation
 * @from: who sends it
 * @action: the message, which is taken
 */
void sim_send(struct sim *s, uint32_t from, struct dht_action *action)
{
	uint32_t to = sim_of(&action->to);
	uint64_t delay;

	s->sent++;
	s->bytes += action->len;
	if (to >= s->n_node || !s->node[to].node ||
	    !themis_id_equal(&s->node[to].contact.id, &action->to.id) ||
	    (s->split && s->node[to].half != s->node[from].half) ||
	    rng_chance(&s->rng, s->o.loss)) {
		s->lost++;
		dht_action_done(action);
		return;
	}
	delay = latency(s, from, to);
	if (s->node[from].slow && action->type == DHT_ACT_RESPONSE)
		delay += s->o.slow_ms * 500 +
			 rng_below(&s->rng, s->o.slow_ms * 1000 + 1);
	sim_at(s, s->now + delay, s->o.work ? SIM_ARRIVED : SIM_DELIVER, to,
	       from, action);
}

static void drain(struct sim *s)
{
	struct dht_action *action;
	uint32_t who;

	while ((action = dht_action(s->host))) {
		who = (uintptr_t)dht_node_owner(action->node) - 1;
		switch (action->type) {
		case DHT_ACT_COMMAND:
		case DHT_ACT_RESPONSE:
			sim_send(s, who, action);
			continue;
		case DHT_ACT_RESULT:
			sim_result(s, action);
			break;
		default:
			break;
		}
		dht_action_done(action);
	}
}

/* One message after another, while they wait in its socket. */
static void arrived(struct sim *s, const struct sim_event *event)
{
	struct sim_node *to = &s->node[event->who];

	if (to->busy_until < s->now)
		to->busy_until = s->now;
	to->busy_until += s->o.work;
	sim_at(s, to->busy_until, SIM_DELIVER, event->who, event->from,
	       event->action);
}

static void deliver(struct sim *s, const struct sim_event *event)
{
	struct dht_action *action = event->action;
	struct sim_node *to = &s->node[event->who];
	struct sim_node *from = &s->node[event->from];

	if (to->node) {
		s->trace = (s->trace ^ s->now ^ event->who) *
			   0x9e3779b97f4a7c15ULL + action->len;
		if (action->type == DHT_ACT_RESPONSE)
			sim_response(s, event->who, &from->contact.id,
				     action->seq, action->b, action->len);
		else if (!to->liar || !sim_lie(s, event->who, event->from,
					       action))
			sim_command(s, event->who, &from->contact,
				    action->seq, action->b, action->len);
	}
	dht_action_done(action);
}

static void happen(struct sim *s, const struct sim_event *event)
{
	switch (event->kind) {
	case SIM_ARRIVED:
		arrived(s, event);
		break;
	case SIM_DELIVER:
		deliver(s, event);
		break;
	case SIM_ARRIVE:
		if (s->node[event->who].node)
			begin_join(s, event->who);
		break;
	case SIM_CRASH:
		if (!s->churning)
			break;
		sim_crash(s, event->who);
		start_churn(s, sim_arrive(s, NULL, s->node[event->who].liar));
		break;
	case SIM_STORE:
		sim_begin_store(s, event->who);
		break;
	case SIM_FIND:
		sim_begin_find(s, event->who);
		break;
	case SIM_TICK:
		sim_arrive(s, NULL, event->who);
		break;
	}
}

/**
 * sim_run() - let time pass
 * @s: the simulation
 * @until: so far, microseconds
 */
void sim_run(struct sim *s, uint64_t until)
{
	struct sim_event event;
	uint64_t core;

	for (;;) {
		core = dht_deadline(s->host);
		if (core <= until && core <= sim_next_at(s)) {
			if (core > s->now)
				s->now = core;
			sim_timer(s);
		} else if (sim_next(s, &event, until)) {
			s->now = event.at;
			happen(s, &event);
		} else {
			break;
		}
		s->events++;
		drain(s);
	}
	s->now = until;
}

/**
 * sim_churn() - from now on nodes come and go
 * @s: the simulation
 */
void sim_churn(struct sim *s)
{
	uint32_t i;

	s->churning = true;
	for (i = 0; i < s->n_living; i++)
		start_churn(s, s->living[i]);
}

/**
 * sim_join_again() - a join came to nothing
 * @s: the simulation
 * @who: whose
 */
void sim_join_again(struct sim *s, uint32_t who)
{
	sim_at(s, s->now + JOIN_AGAIN, SIM_ARRIVE, who, 0, NULL);
}
