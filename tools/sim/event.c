// SPDX-License-Identifier: GPL-2.0
/*
 * What is to happen: a heap by time.
 */
#include <stdio.h>
#include <stdlib.h>

#include "sim.h"

#define WAYS	4

static bool before(const struct sim_event *a, const struct sim_event *b)
{
	return a->at < b->at || (a->at == b->at && a->order < b->order);
}

/**
 * sim_at() - have something happen
 * @s: the simulation
 * @at: when, microseconds
 * @kind: what
 * @who: which node, object or find
 * @from: of a message
 * @action: of a message; goes with the event
 */
void sim_at(struct sim *s, uint64_t at, enum sim_event_kind kind, uint32_t who,
	    uint32_t from, struct dht_action *action)
{
	struct sim_event event = {
		.at = at,
		.order = s->order++,
		.action = action,
		.who = who,
		.from = from,
		.kind = kind,
	};
	size_t hole, up;

	if (s->n_heap == s->heap_room) {
		s->heap_room = s->heap_room ? 2 * s->heap_room : 1024;
		s->heap = realloc(s->heap, s->heap_room * sizeof(*s->heap));
		if (!s->heap) {
			fputs("Error: out of memory. Simulate fewer nodes.\n",
			      stderr);
			exit(1);
		}
	}
	hole = s->n_heap++;
	while (hole) {
		up = (hole - 1) / WAYS;
		if (!before(&event, &s->heap[up]))
			break;
		s->heap[hole] = s->heap[up];
		hole = up;
	}
	s->heap[hole] = event;
}

/**
 * sim_next_at() - when the next event is
 * @s: the simulation
 *
 * Return: microseconds, or UINT64_MAX.
 */
uint64_t sim_next_at(const struct sim *s)
{
	return s->n_heap ? s->heap[0].at : UINT64_MAX;
}

/**
 * sim_next() - take the next event
 * @s: the simulation
 * @event: result
 * @until: only if it is not after this
 *
 * Return: whether there is one.
 */
bool sim_next(struct sim *s, struct sim_event *event, uint64_t until)
{
	size_t hole = 0, child, best, i;
	struct sim_event last;

	if (!s->n_heap || s->heap[0].at > until)
		return false;
	*event = s->heap[0];
	last = s->heap[--s->n_heap];
	for (;;) {
		child = hole * WAYS + 1;
		if (child >= s->n_heap)
			break;
		best = child;
		for (i = child + 1; i < child + WAYS && i < s->n_heap; i++)
			if (before(&s->heap[i], &s->heap[best]))
				best = i;
		if (!before(&s->heap[best], &last))
			break;
		s->heap[hole] = s->heap[best];
		hole = best;
	}
	s->heap[hole] = last;
	return true;
}

/**
 * sim_events_free() - forget what is to happen
 * @s: the simulation
 */
void sim_events_free(struct sim *s)
{
	while (s->n_heap)
		dht_action_done(s->heap[--s->n_heap].action);
	free(s->heap);
}
