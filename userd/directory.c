// SPDX-License-Identifier: GPL-2.0
/*
 * The directory: the owner of its core.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "config.h"
#include "directory_state.h"
#include "log.h"
#include "message.h"
#include "node.h"

/* Bounds of the core. */
#define CONTACTS_MAX	65536
#define REQUESTS_MAX	16384
#define OPS_MAX		2048
#define ACTIONS_MAX	8192
#define PLACES_MAX	256

#define CLOCK_US	1000000ULL	/* between two looks at the clock */

static void fill_random(void *ctx, void *buf, size_t len)
{
	randombytes_buf(buf, len);
}

/**
 * directory_member() - a node that is in a directory
 * @d: the daemon
 * @id: the node
 *
 * Return: the member, or NULL.
 */
struct member *directory_member(const struct daemon *d,
				const struct themis_id *id)
{
	struct member *member;

	if (!d->directory)
		return NULL;
	for (member = d->directory->members; member; member = member->next)
		if (themis_id_equal(&member->id, id))
			return member;
	return NULL;
}

/**
 * directory_now() - the time, and the core's clock set by the world's
 * @dir: the directory
 *
 * Return: as daemon_now().
 */
uint64_t directory_now(struct directory *dir)
{
	uint64_t now = daemon_now();

	if (!dir->clock_at || now - dir->clock_at >= CLOCK_US) {
		dht_clock(dir->host, now, (uint64_t)time(NULL));
		dir->clock_at = now;
	}
	return now;
}

static void on_step(void *ctx, const struct dht_step *step)
{
	struct directory *dir = ctx;
	struct wait *wait = dir->beginning;

	for (wait = wait ? wait : dir->waits; wait; wait = wait->next) {
		if (!wait->steps || (wait->op && wait->op != step->op))
			continue;
		if (json_array_size(wait->steps) < DIRECTORY_STEPS_MAX)
			json_array_append_new(wait->steps,
					      directory_json_step(step,
								  wait->began));
		return;
	}
}

/**
 * directory_begin() - an operation is about to begin
 * @member: whose operation
 * @wait: allocated and zeroed, but for its steps; goes to directory_wait()
 *	when the operation has begun
 */
void directory_begin(struct member *member, struct wait *wait)
{
	struct directory *dir = member->dir;

	wait->began = directory_now(dir);
	if (!wait->steps)
		return;
	dir->beginning = wait;
	if (!dir->n_traced++)
		dht_trace(dir->host, on_step, dir);
}

static void end_trace(struct directory *dir, const struct wait *wait)
{
	if (wait->steps && !--dir->n_traced)
		dht_trace(dir->host, NULL, NULL);
}

/**
 * directory_wait() - be told how an operation ends
 * @member: whose operation
 * @wait: allocated; taken
 * @op: number of the operation; 0 where there was no room for one
 * @done: called with the result, and frees @wait
 *
 * Return: 0, or -ENOSPC: @wait is still the caller's.
 */
int directory_wait(struct member *member, struct wait *wait, uint64_t op,
		   void (*done)(struct wait *wait,
				const struct dht_action *act))
{
	struct directory *dir = member->dir;

	dir->beginning = NULL;
	if (!op || dir->n_waits >= DIRECTORY_WAITS_MAX) {
		dir->count.n[DIRECTORY_N_FULL]++;
		end_trace(dir, wait);
		return -ENOSPC;
	}
	wait->member = member;
	wait->op = op;
	wait->done = done;
	wait->next = dir->waits;
	dir->waits = wait;
	dir->n_waits++;
	return 0;
}

/* Who waits for @op, or for anything of @member; off the list. */
static struct wait *take_wait(struct directory *dir,
			      const struct member *member, uint64_t op)
{
	struct wait **at, *wait;

	for (at = &dir->waits; (wait = *at); at = &wait->next) {
		if (wait->op != op && wait->member != member)
			continue;
		*at = wait->next;
		dir->n_waits--;
		end_trace(dir, wait);
		return wait;
	}
	return NULL;
}

/* What is to be on disk before the result is told. */
static void keep_result(struct directory *dir, const struct dht_action *act)
{
	struct wait *wait;

	for (wait = dir->waits; wait; wait = wait->next)
		if (wait->op == act->op && wait->keep)
			wait->keep(wait, act);
}

static void ended(struct member *member, const struct dht_action *act)
{
	struct directory *dir = member->dir;
	struct wait *wait;

	directory_count_result(dir, act, daemon_now());
	if (act->op == member->joining)
		member_joined(member, act);
	while ((wait = take_wait(dir, NULL, act->op)))
		wait->done(wait, act);
}

static void set_timer(struct directory *dir)
{
	uint64_t deadline = dht_deadline(dir->host), now;
	struct ev_loop *loop = dir->d->loop;

	if (deadline == dir->deadline && ev_is_active(&dir->timer))
		return;
	dir->deadline = deadline;
	ev_timer_stop(loop, &dir->timer);
	if (deadline == UINT64_MAX)
		return;
	now = daemon_now();
	ev_now_update(loop);
	ev_timer_set(&dir->timer,
		     deadline > now ? (double)(deadline - now) / 1e6 : 0., 0.);
	ev_timer_start(loop, &dir->timer);
}

/* What is said of an object waits until the object is on disk. */
static void carry_out(struct directory *dir, struct dht_action ***end)
{
	struct dht_action *act;
	struct member *member;

	while ((act = dht_action(dir->host))) {
		member = dht_node_owner(act->node);
		switch (act->type) {
		case DHT_ACT_COMMAND:
			mail_post(member, act);
			continue;
		case DHT_ACT_RESULT:
			keep_result(dir, act);
			**end = act;
			*end = &act->next;
			continue;
		case DHT_ACT_RESPONSE:
			**end = act;
			*end = &act->next;
			continue;
		case DHT_ACT_KEEP:
			disk_keep(member, act);
			break;
		case DHT_ACT_DROP:
			disk_drop(member, act);
			break;
		}
		dht_action_done(act);
	}
}

/* Objects that are not on disk are not acknowledged. */
static void deny(struct dht_action *act)
{
	uint8_t type = act->b[1];

	if ((type == (DHT_STORE | DHT_RESPONSE) ||
	     type == (DHT_LEAVE | DHT_RESPONSE)) && act->b[2] == DHT_OK)
		act->b[2] = DHT_FULL;
}

/**
 * directory_drive() - carry out what the core asks for
 * @dir: the directory
 */
void directory_drive(struct directory *dir)
{
	struct dht_action *act, **end;
	struct member *member;

	/* What an action leads to is carried out after it. */
	if (dir->driving)
		return;
	dir->driving = true;
	dir->taken = 0;
	do {
		end = &dir->later;
		carry_out(dir, &end);
		*end = NULL;
		dir->kept = disk_commit(dir);
		while ((act = dir->later)) {
			dir->later = act->next;
			act->next = NULL;
			member = dht_node_owner(act->node);
			if (act->type == DHT_ACT_RESULT) {
				ended(member, act);
				dht_action_done(act);
				continue;
			}
			if (!dir->kept)
				deny(act);
			mail_post(member, act);
		}
	} while (dht_pending(dir->host));
	/* What those who were told of results have done. */
	disk_commit(dir);
	dir->driving = false;
	set_timer(dir);
}

/**
 * directory_soon() - as directory_drive(), at the end of the event loop's turn
 * @dir: the directory
 */
void directory_soon(struct directory *dir)
{
	ev_feed_event(dir->d->loop, &dir->timer, EV_TIMER);
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct directory *dir = w->data;
	uint64_t now = directory_now(dir);

	mail_expire(dir, now);
	dht_timer(dir->host, now);
	directory_drive(dir);
}

static struct directory *directory_new(struct daemon *d)
{
	const struct dht_config config = {
		.random = fill_random,
		.max_nodes = THEMISD_NODES_MAX,
		.max_contacts = CONTACTS_MAX,
		.max_requests = REQUESTS_MAX,
		.max_ops = OPS_MAX,
		.max_actions = ACTIONS_MAX,
		.max_places = PLACES_MAX,
	};
	struct directory *dir;

	dir = calloc(1, sizeof(*dir));
	if (!dir)
		return NULL;
	dir->d = d;
	dir->held_end = &dir->held;
	dir->deadline = UINT64_MAX;
	dir->host = dht_host_new(&config);
	if (!dir->host || disk_open(dir)) {
		dht_host_free(dir->host);
		free(dir);
		return NULL;
	}
	ev_init(&dir->timer, on_timer);
	/*
	 * After all messages that have come: an answer is not late because it
	 * had to wait for us. What they lead to is one transaction, too.
	 */
	ev_set_priority(&dir->timer, EV_MINPRI);
	dir->timer.data = dir;
	return dir;
}

static void forget_later(struct directory *dir, const struct member *member)
{
	struct dht_action *act, **at = &dir->later;

	while ((act = *at)) {
		if (dht_node_owner(act->node) != member) {
			at = &act->next;
			continue;
		}
		*at = act->next;
		dht_action_done(act);
	}
}

static void remove_member(struct directory *dir, struct member *member)
{
	struct member **at = &dir->members;
	struct wait *wait;

	while (*at != member)
		at = &(*at)->next;
	*at = member->next;
	while ((wait = take_wait(dir, member, 0)))
		wait->done(wait, NULL);
	acquire_forget(member);
	mail_forget(dir, member);
	forget_later(dir, member);
	member_free(member);
}

static void directory_free(struct directory *dir)
{
	struct network *network;

	while (dir->members)
		remove_member(dir, dir->members);
	ev_timer_stop(dir->d->loop, &dir->timer);
	dht_host_free(dir->host);
	disk_close(dir);
	while ((network = dir->networks)) {
		dir->networks = network->next;
		free(network);
	}
	free(dir);
}

static void add_member(struct daemon *d, const struct node *node)
{
	struct member *member;

	if (!d->directory)
		d->directory = directory_new(d);
	member = d->directory ? member_new(d->directory, node) : NULL;
	if (!member) {
		log_error("Error: no memory for the directory. Free some.");
		return;
	}
	member->next = d->directory->members;
	d->directory->members = member;
}

/* What has changed takes effect with the next update. */
static void set_params(struct daemon *d)
{
	struct network *network;
	struct dht_params params;

	for (network = d->directory->networks; network;
	     network = network->next) {
		config_network_params(d->config, network->netid, &params);
		dht_net_set(network->net, &params);
	}
}

void directory_follow(struct daemon *d)
{
	struct member *member, *next;
	const struct node *node;

	for (node = d->nodes; node; node = node->next)
		if (node->directory && !directory_member(d, &node->id))
			add_member(d, node);
	if (!d->directory)
		return;
	set_params(d);
	for (member = d->directory->members; member; member = next) {
		next = member->next;
		node = node_find(d, &member->id);
		if (!node || !node->directory)
			remove_member(d->directory, member);
	}
	directory_drive(d->directory);
}

void directory_moved(struct daemon *d)
{
	struct member *member;

	if (!d->directory)
		return;
	for (member = d->directory->members; member; member = member->next)
		dht_moved(member->dht, directory_now(d->directory));
	directory_drive(d->directory);
}

void directory_forget(struct daemon *d, const struct themis_id *id)
{
	struct member *member = directory_member(d, id);

	if (member)
		remove_member(d->directory, member);
}

void directory_stop(struct daemon *d)
{
	if (d->directory)
		directory_free(d->directory);
	d->directory = NULL;
}
