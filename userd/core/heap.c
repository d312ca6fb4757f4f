// SPDX-License-Identifier: GPL-2.0
/*
 * Timers: a binary heap.
 *
 * Two timers of the same time fire in the order in which they were set, so
 * that a run is the same every time.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "heap.h"

#define FIRST_ROOM	16

/**
 * core_heap_reserve() - make room for one more timer
 * @heap: the heap, all zero at first
 *
 * Called for each object that has a timer, so that setting it cannot fail.
 *
 * Return: 0 or -ENOMEM.
 */
int core_heap_reserve(struct core_heap *heap)
{
	size_t room = heap->room ? 2 * heap->room : FIRST_ROOM;
	struct core_timer **timer;

	if (heap->count + 1 < heap->room)
		return 0;
	timer = realloc(heap->timer, room * sizeof(struct core_timer *));
	if (!timer)
		return -ENOMEM;
	heap->timer = timer;
	heap->room = room;
	return 0;
}

/**
 * core_heap_free() - give back the memory; the timers are the caller's
 * @heap: the heap
 */
void core_heap_free(struct core_heap *heap)
{
	free(heap->timer);
	memset(heap, 0, sizeof(*heap));
}

static bool before(const struct core_timer *a, const struct core_timer *b)
{
	return a->when < b->when ||
	       (a->when == b->when && a->order < b->order);
}

static void put(struct core_heap *heap, size_t at, struct core_timer *timer)
{
	heap->timer[at] = timer;
	timer->at = at;
}

/* Moves @timer from the hole at @at to where it belongs. */
static void settle(struct core_heap *heap, size_t at, struct core_timer *timer)
{
	size_t child;

	while (at > 1 && before(timer, heap->timer[at / 2])) {
		put(heap, at, heap->timer[at / 2]);
		at /= 2;
	}
	for (;;) {
		child = 2 * at;
		if (child > heap->count)
			break;
		if (child < heap->count &&
		    before(heap->timer[child + 1], heap->timer[child]))
			child++;
		if (before(timer, heap->timer[child]))
			break;
		put(heap, at, heap->timer[child]);
		at = child;
	}
	put(heap, at, timer);
}

/**
 * core_heap_set() - set a timer, or move one that is set
 * @heap: the heap, with room reserved
 * @timer: the timer
 * @when: time to fire at
 */
void core_heap_set(struct core_heap *heap, struct core_timer *timer,
		   uint64_t when)
{
	timer->when = when;
	timer->order = heap->order++;
	if (!timer->at)
		timer->at = ++heap->count;
	settle(heap, timer->at, timer);
}

/**
 * core_heap_del() - unset a timer
 * @heap: the heap
 * @timer: the timer, set or not
 */
void core_heap_del(struct core_heap *heap, struct core_timer *timer)
{
	struct core_timer *last;
	size_t at = timer->at;

	if (!at)
		return;
	timer->at = 0;
	last = heap->timer[heap->count--];
	if (last != timer)
		settle(heap, at, last);
}

/**
 * core_heap_top() - the timer that fires first
 * @heap: the heap
 *
 * Return: the timer, or NULL if none is set.
 */
struct core_timer *core_heap_top(const struct core_heap *heap)
{
	return heap->count ? heap->timer[1] : NULL;
}
