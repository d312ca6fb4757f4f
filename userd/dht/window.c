// SPDX-License-Identifier: GPL-2.0
/*
 * The window: how many finds and stores of a node are under way at once.
 *
 * Timeouts follow from round trips that were measured. Whoever begins hundreds of
 * operations in one moment makes them many times as long; then he takes those
 * who are merely busy for slow or dead, asks others beside them, and all becomes
 * slower still, until nothing comes to an end in time. So a node begins as TCP
 * does (RFC 5681, slow start): with a few, and with two more for each that ends
 * while answers come in time. Where many are late, it goes down. What has no
 * place in the window waits for its turn. Data that waits for a session takes turns
 * with what clients have asked, however much that is.
 */
#include "dht_state.h"

#define FIRST		10
#define LEAST		2
#define MORE		2
#define MOST		1024
#define REST		(10 * DHT_SECOND)	/* after which all begins anew */

/* Parts of 256 of the last requests, of which each counts for a sixteenth. */
#define LATE_FEW	64
#define LATE_MANY	128

/**
 * dht_window_init() - nothing is under way
 * @window: the window
 */
void dht_window_init(struct dht_window *window)
{
	core_list_init(&window->queue[false]);
	core_list_init(&window->queue[true]);
	window->size = FIRST;
}

static struct dht_op *next(struct dht_window *window)
{
	bool acquire = !window->acquired;

	if (core_list_empty(&window->queue[acquire]))
		acquire = !acquire;
	window->acquired = acquire;
	return core_entry(window->queue[acquire].next, struct dht_op,
			  of_window);
}

/* What is begun may end at once, and make room for the next. */
static void advance(struct dht_node *node, uint64_t now)
{
	struct dht_window *window = &node->window;
	struct dht_op *op;

	if (window->advancing)
		return;
	window->advancing = true;
	while (window->open < window->size && window->queued) {
		op = next(window);
		core_list_del(&op->of_window);
		window->queued--;
		op->open = true;
		window->open++;
		dht_lookup_begin(op, now);
	}
	window->advancing = false;
}

/**
 * dht_window_begin() - begin the lookup of a find or a store, in its turn
 * @op: the operation
 * @now: microseconds
 */
void dht_window_begin(struct dht_op *op, uint64_t now)
{
	struct dht_window *window = &op->node->window;

	/* Times have changed since, for the better or the worse. */
	if (!window->open && now - window->ended_at > REST) {
		window->size = FIRST;
		window->late = 0;
	}
	core_list_init(&op->of_window);
	core_list_add(&window->queue[op->acquire], &op->of_window);
	window->queued++;
	advance(op->node, now);
}

/**
 * dht_window_done() - the owner has the result of an operation
 * @op: the operation; perhaps one that was never in the window
 * @now: microseconds
 *
 * What still waits in the queue ends with its node only.
 */
void dht_window_done(struct dht_op *op, uint64_t now)
{
	struct dht_window *window = &op->node->window;

	if (!op->open)
		return;
	op->open = false;
	window->open--;
	window->ended_at = now;
	if (window->late > LATE_MANY) {
		if (window->size > LEAST)
			window->size--;
	} else if (window->late < LATE_FEW && window->queued &&
		   window->size < MOST) {
		window->size += MORE;
	}
	advance(op->node, now);
}

/**
 * dht_window_request() - a request has been answered in time, or has not
 * @op: for which operation
 * @late: it has not
 */
void dht_window_request(struct dht_op *op, bool late)
{
	struct dht_window *window = &op->node->window;

	if (op->aim != DHT_AIM_FIND && op->aim != DHT_AIM_STORE)
		return;
	if (late)
		window->late += (256 - window->late) / 16;
	else
		window->late -= window->late / 16;
}

/**
 * dht_window_late() - whether most answers to finds and stores are late
 * @node: the node
 *
 * Return: true if so; not where there are none at all.
 */
bool dht_window_late(const struct dht_node *node)
{
	return node->window.late > LATE_MANY && !node->silent;
}
