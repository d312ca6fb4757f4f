/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Operations in progress, whom they have seen on their way, and requests that wait
 * for an answer.
 */
#ifndef THEMIS_DHT_OP_H
#define THEMIS_DHT_OP_H

#include "dht.h"
#include "heap.h"
#include "list.h"
#include "object.h"

struct dht_held;

/* What a request is about. */
enum dht_purpose {
	DHT_FOR_LOOKUP,		/* a step of an operation's lookup */
	DHT_FOR_STORE,		/* an operation's object put at a node */
	DHT_FOR_LEAVE,		/* objects handed over */
	DHT_FOR_UPDATE,		/* objects compared */
	DHT_FOR_PROBE,		/* upkeep of the table */
	DHT_FOR_SWEEP,		/* a part of all there are */
	DHT_FOR_REPAIR,		/* an old version replaced */
};

/**
 * struct dht_request - a command that waits for its response
 * @of_node: in the node's list
 * @timer: when it counts as slow, unless it does from the beginning, and then
 *	as lost
 * @node: who asked
 * @op: for which operation; 0 for none
 * @known: who was asked
 * @number: its own, in the slab
 * @generation: with @number it makes the command's sequence
 * @sent: when, microseconds
 * @purpose: what for
 * @slow: it counts as slow already
 * @held: the transport has it, and will say when it leaves, or that it cannot
 */
struct dht_request {
	struct core_list	of_node;
	struct core_timer	timer;
	struct dht_node		*node;
	uint32_t		op;
	uint32_t		known;
	uint32_t		number;
	uint32_t		generation;
	uint64_t		sent;
	uint8_t			purpose;
	bool			slow;
	bool			held;
};

/* Where a node stands in a lookup. */
enum dht_stand {
	DHT_NEW,
	DHT_WAITING,
	DHT_TARDY,		/* asked, and slow */
	DHT_HERE,		/* answered */
	DHT_GONE,		/* lost, or it refused */
};

/* What a store knows of its object at a node. */
enum dht_put {
	DHT_PUT_NOT,
	DHT_PUT_SENT,
	DHT_PUT_SLOW,		/* sent, and no answer for long */
	DHT_PUT_DONE,		/* it is there, or a newer one is */
};

/**
 * struct dht_seen - a node that a lookup knows of
 * @distance: first bytes of the distance to the target
 * @known: its number in the book
 * @path: on which it was first told of
 * @stand: enum dht_stand
 * @round: round trips in a row until it was told of
 * @gave: it gave objects
 * @stored: enum dht_put: what is known of the object there
 * @anchor: the owner has named it: who it tells of begins all paths
 * @again: how often it was asked again
 * @asked: requests that wait for it
 * @gave_seq: the sequence of what it gave
 */
struct dht_seen {
	uint64_t	distance;
	uint32_t	known;
	uint8_t		path;
	uint8_t		stand;
	uint8_t		round;
	uint8_t		gave:1;
	uint8_t		stored:2;
	uint8_t		again:2;
	uint8_t		anchor:1;
	uint8_t		asked:2;
	uint64_t	gave_seq;
};

#define DHT_SEEN_MAX	240
#define DHT_PATHS_MAX	32

/* What an operation is about. */
enum dht_aim {
	DHT_AIM_JOIN,
	DHT_AIM_FILL,		/* a bucket; nobody waits for it */
	DHT_AIM_FIND,
	DHT_AIM_STORE,
	DHT_AIM_LEAVE,
};

/**
 * struct dht_op - an operation in progress
 * @of_node: in the node's list
 * @of_window: in the window's queue, until it is its turn
 * @node: whose
 * @number: its own, in the slab
 * @generation: with @number it makes what the owner knows it by
 * @aim: what it is about
 * @target: id looked for
 * @route: id whose nearest are looked for: the target, or a place beside it
 * @prefix: first bytes of it
 * @need: nodes that must have answered, counted from the nearest
 * @paths: how many paths there are
 * @wide: how many of them are in use
 * @waiting: requests on each path that are not slow
 * @outstanding: requests, slow ones too
 * @merged: the paths have ended, and their best are asked
 * @told: the owner has the result
 * @acquire: a find that data waits for
 * @open: it has a place in the window
 * @own: the node itself holds what is looked for
 * @anchored: those whom the owner has named are asked, too
 * @asides: how often it went beside the target
 * @gathered: those around the place beside it are known
 * @widened: how often the lookup was widened
 * @want: nodes to store at
 * @storing: nodes that were asked to, and are not slow
 * @acks: nodes that have stored
 * @refusals: nodes that have not
 * @result: so far
 * @n_seen: nodes known of
 * @n_found: objects found
 * @seen: the nodes, nearest first
 * @found: the objects, allocated
 */
struct dht_op {
	struct core_list	of_node;
	struct core_list	of_window;
	struct dht_node		*node;
	uint32_t		number;
	uint32_t		generation;
	uint8_t			aim;
	struct themis_id	target;
	struct themis_id	route;
	uint64_t		prefix;
	uint8_t			need;
	uint8_t			paths;
	uint8_t			wide;
	uint8_t			waiting[DHT_PATHS_MAX];
	uint16_t		outstanding;
	bool			merged;
	bool			told;
	bool			acquire;
	bool			open;
	bool			own;
	bool			anchored;
	bool			gathered;
	uint8_t			asides;
	uint8_t			widened;
	uint8_t			want;
	uint8_t			storing;
	uint8_t			acks;
	uint8_t			refusals;
	struct dht_result	result;
	uint16_t		n_seen;
	uint16_t		n_found;
	struct dht_seen		seen[DHT_SEEN_MAX];
	struct dht_held		*found[DHT_SET_MAX];
};

#endif /* THEMIS_DHT_OP_H */
