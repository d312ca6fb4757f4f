/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Timers: a binary heap, the earliest on top.
 */
#ifndef THEMIS_HEAP_H
#define THEMIS_HEAP_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct core_timer - what an object with a timer contains
 * @when: time to fire at, in microseconds
 * @order: which of two at the same time is first
 * @at: place in the heap, from 1; 0 while not set
 */
struct core_timer {
	uint64_t	when;
	uint64_t	order;
	size_t		at;
};

/**
 * struct core_heap - the timers that are set
 * @timer: from 1, each not later than those at twice its place
 * @count: how many
 * @room: how many fit
 * @order: of the next timer to be set
 */
struct core_heap {
	struct core_timer	**timer;
	size_t			count;
	size_t			room;
	uint64_t		order;
};

int core_heap_reserve(struct core_heap *heap);
void core_heap_free(struct core_heap *heap);
void core_heap_set(struct core_heap *heap, struct core_timer *timer,
		   uint64_t when);
void core_heap_del(struct core_heap *heap, struct core_timer *timer);
struct core_timer *core_heap_top(const struct core_heap *heap);

#endif /* THEMIS_HEAP_H */
