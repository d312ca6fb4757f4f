/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the directory knows, and the functions by which its files call each
 * other.
 *
 * A host has networks, a network has local nodes. A node has a table of peers
 * who have proven themselves, objects, requests that wait for an answer, and
 * operations in progress. Every endpoint is in the host's book once, whatever
 * the number of nodes that know it, and is named by a number.
 */
#ifndef THEMIS_DHT_STATE_H
#define THEMIS_DHT_STATE_H

#include "dht.h"
#include "heap.h"
#include "list.h"
#include "message.h"
#include "object.h"
#include "op.h"
#include "slab.h"
#include "table.h"

#define DHT_MS		1000ULL			/* in microseconds */
#define DHT_SECOND	(1000 * DHT_MS)
#define DHT_TENTH	(100 * DHT_MS)		/* unit of struct dht_peer */

/* Before anybody answered, a round trip is thought to take so long. */
#define DHT_RTT_FIRST	(150 * DHT_MS)
/* When a request counts as slow, and another is asked beside it. */
#define DHT_SLOW_MIN	(5 * DHT_MS)
#define DHT_SLOW_MAX	(1000 * DHT_MS)
/* When it is given up. */
#define DHT_LOST_MIN	(1000 * DHT_MS)
#define DHT_LOST_MAX	(4 * DHT_SECOND)
/* What the transport holds is given up after this, if it does not say more. */
#define DHT_HELD_MAX	(15 * DHT_SECOND)

#define DHT_BUCKETS	64	/* by common bits; the last has the rest, too */
#define DHT_SPARES	48	/* contacts kept to replace others */
#define DHT_MISSING	24	/* peers that fell silent, to be tried again */
#define DHT_SAMPLES	9	/* of the size of the network, by lookups */
#define DHT_CLAIMS	15	/* of it, by peers */
#define DHT_ANCHORS	4	/* members named by the owner */
#define DHT_BAD		2	/* requests lost in a row */
#define DHT_GAPS	8	/* deaths that show a change of times */

/**
 * struct dht_known - an endpoint in the book
 * @slot: in the table, by all of @contact
 * @contact: who and where
 * @admitted: until when he is, seconds of the world's clock
 * @refs: who knows it
 * @index: its number
 */
struct dht_known {
	struct core_slot	slot;
	struct dht_contact	contact;
	uint64_t		admitted;
	uint32_t		refs;
	uint32_t		index;
};

/**
 * struct dht_peer - a peer in a node's table
 * @prefix: first bytes of its id
 * @known: its number in the book
 * @heard: when it last proved itself, in tenths of seconds
 * @since: when it was first heard, in minutes
 * @rtt: smoothed round trip in quarters of milliseconds; 0 for not measured
 * @var: smoothed deviation of it
 * @fails: requests lost in a row
 * @proven: it has proven itself; else somebody told of it
 * @net: hash of its address prefix
 */
struct dht_peer {
	uint64_t	prefix;
	uint32_t	known;
	uint32_t	heard;
	uint16_t	since;
	uint16_t	rtt;
	uint16_t	var;
	uint8_t		fails:7;
	uint8_t		proven:1;
	uint8_t		net;
};

/**
 * struct dht_table - the peers of a node, nearest first
 * @self: first bytes of the node's id
 * @peer: proven peers, by distance from the node: a bucket is a run of them
 * @spare: what would replace them: proven ones, and some that were told of
 * @count: how many peers
 * @room: how many fit
 * @n_spare: how many spares
 * @spare_room: how many fit
 * @size: how many peers share so many bits with the node
 */
struct dht_table {
	uint64_t	self;
	struct dht_peer	*peer;
	struct dht_peer	*spare;
	uint16_t	count;
	uint16_t	room;
	uint16_t	n_spare;
	uint16_t	spare_room;
	uint16_t	size[DHT_BUCKETS];
};

#define DHT_COPIES	16	/* of an object, that a holder knows of */

/**
 * struct dht_held - an object at a node
 * @by_id: in the store, by id
 * @all: in the store's list
 * @id: under which it is found
 * @key: of its digest
 * @until: when the node may forget it, microseconds
 * @seen_at: since when @copy is kept, microseconds
 * @copy: bits of the ids of others who hold it, as their updates say
 * @n_copies: how many there have been since then
 * @asked: the same bits of who was asked last because he is not among them
 * @object: taken apart; points into @b
 * @b: the object
 */
struct dht_held {
	struct core_slot	by_id;
	struct core_list	all;
	struct themis_id	id;
	uint64_t		key;
	uint64_t		until;
	uint64_t		seen_at;
	uint16_t		copy[DHT_COPIES];
	uint16_t		n_copies;
	uint16_t		asked;
	struct dht_object	object;
	uint8_t			b[];
};

/**
 * struct dht_store - the objects of a node
 * @by_id: by id
 * @all: in the order in which they came
 * @bytes: what they take
 * @cursor: from where the next UPDATE goes on
 */
struct dht_store {
	struct core_table	by_id;
	struct core_list	all;
	uint32_t		bytes;
	struct themis_id	cursor;
};

/**
 * struct dht_churn - how long nodes live, as far as seen
 * @exposure: time for which peers were known to live, in tenths of seconds
 * @deaths: how many of them died, times 256
 * @since: time lived since the last death
 * @silence: from one sign of life of a peer to its next, times 64, smoothed
 * @gap: time lived before each of the last deaths, since the one before it
 * @n_gap: how many there have been
 */
struct dht_churn {
	uint64_t	exposure;
	uint64_t	deaths;
	uint64_t	since;
	uint64_t	silence;
	uint64_t	gap[DHT_GAPS];
	uint8_t		n_gap;
};

/**
 * struct dht_window - finds and stores of a node that are under way
 * @queue: those that wait for their turn; data waits for the second's
 * @queued: how many these are
 * @size: how many may be under way
 * @open: how many are
 * @late: of 256 requests, so many were not answered in time, smoothed
 * @acquired: the last that was begun is one that data waits for
 * @advancing: some are just begun
 * @ended_at: when one last ended, microseconds
 */
struct dht_window {
	struct core_list	queue[2];
	uint32_t		queued;
	uint16_t		size;
	uint16_t		open;
	uint16_t		late;
	bool			acquired;
	bool			advancing;
	uint64_t		ended_at;
};

/**
 * struct dht_net - a network
 * @all: in the host's list
 * @nodes: local nodes
 * @host: whose
 * @params: as agreed
 * @netid: its name
 * @netid_len: length of its name
 */
struct dht_net {
	struct core_list	all;
	struct core_list	nodes;
	struct dht_host		*host;
	struct dht_params	params;
	uint8_t			netid[THEMIS_NETID_MAX];
	uint8_t			netid_len;
};

/**
 * struct dht_node - a local node
 * @of_net: in the network's list
 * @timer: its upkeep
 * @requests: unanswered, oldest first
 * @ops: in progress
 * @net: the network
 * @owner: for the owner
 * @self: who and where it is
 * @admission: by the network's key, or zero
 * @table: peers
 * @store: objects
 * @churn: what it has seen of it
 * @window: how much is done at once
 * @missing: peers that fell silent: numbers in the book
 * @anchor: members that the owner has named: numbers in the book
 * @n_anchor: how many
 * @n_missing: how many
 * @next_missing: which one is tried next
 * @silent: requests lost since anybody answered
 * @rtt: smoothed round trip to anybody, microseconds
 * @var: deviation of it
 * @size: of the network, estimated
 * @near_size: the same by the nearest peers alone
 * @told_size: the same by those whom the owner has named
 * @told_at: when they said so, microseconds
 * @sample: of it by the last lookups
 * @n_sample: how many there were
 * @claim: of it by the peers who answered last
 * @n_claim: how many there were
 * @update_at: when the next UPDATE is due
 * @back_at: before then nobody is asked because he has asked
 * @updated: who was asked last
 * @commands: answered
 * @asked: commands sent
 * @crowded: how often somebody had no place for his address prefix
 * @fill_at: when the next bucket is looked into, microseconds
 * @around_at: when the node looks around itself, microseconds
 * @round_at: when the next round of upkeep is due, microseconds
 * @hint_at: before then a hint of churn is not taken, microseconds
 * @sweep_at: when it asks for all there are, microseconds
 * @sweep: parts of the network that are still to be asked for
 * @sweep_bits: how many leading bits name a part
 * @sweeps: how often all were asked for
 * @swept: how many were known when they last were
 * @turn: counts upkeep
 * @fill: buckets that are still to be filled
 * @again: it is to look around itself when all are filled
 * @fills: lookups into buckets that were made, the early and the idle ones
 * @arounds: the same around itself
 * @fill_bucket: counts the buckets looked into
 * @hurry: rounds of upkeep that follow one another soon
 * @thin: how often looking around has not filled up thin surroundings
 * @stirred: a sibling has come or gone since the node looked around itself
 * @rested: nobody new was told of when all were last asked for
 * @filled: its buckets have been filled once, in a network not known whole
 * @joined: it is in the network
 * @left: it is leaving, and answers nobody
 */
struct dht_node {
	struct core_list	of_net;
	struct core_timer	timer;
	struct core_list	requests;
	struct core_list	ops;
	struct dht_net		*net;
	void			*owner;
	struct dht_contact	self;
	uint8_t			admission[DHT_ADMISSION_LEN];
	struct dht_table	table;
	struct dht_store	store;
	struct dht_churn	churn;
	struct dht_window	window;
	uint32_t		missing[DHT_MISSING];
	uint32_t		anchor[DHT_ANCHORS];
	uint8_t			n_anchor;
	uint8_t			n_missing;
	uint8_t			next_missing;
	uint8_t			silent;
	uint32_t		rtt;
	uint32_t		var;
	uint64_t		size;
	uint64_t		near_size;
	uint64_t		told_size;
	uint64_t		told_at;
	uint64_t		sample[DHT_SAMPLES];
	uint32_t		n_sample;
	uint64_t		claim[DHT_CLAIMS];
	uint32_t		n_claim;
	uint64_t		update_at;
	uint64_t		back_at;
	uint32_t		updated;
	uint64_t		commands;
	uint64_t		asked;
	uint64_t		crowded;
	uint64_t		fill_at;
	uint64_t		around_at;
	uint64_t		round_at;
	uint64_t		hint_at;
	uint64_t		sweep_at;
	uint16_t		sweep;
	uint8_t			sweep_bits;
	uint8_t			sweeps;
	uint16_t		swept;
	uint32_t		turn;
	uint8_t			fill;
	bool			again;
	uint8_t			fills;
	uint8_t			arounds;
	uint8_t			fill_bucket;
	uint8_t			hurry;
	uint8_t			thin;
	bool			stirred;
	bool			filled;
	bool			rested;
	bool			joined;
	bool			left;
};

/**
 * struct dht_place - an address and a port where nodes live
 * @hash: of both
 * @heard: when something came from there, microseconds
 * @silent: nothing has, since somebody there was asked
 */
struct dht_place {
	uint64_t		hash;
	uint64_t		heard;
	bool			silent;
};

/**
 * struct dht_host - all of it
 * @config: from the owner
 * @nets: networks
 * @book: endpoints
 * @by_contact: endpoints, by all that they are
 * @place: by their hashes; NULL where none are remembered
 * @requests: unanswered
 * @ops: in progress
 * @timers: of requests
 * @upkeep: of nodes
 * @hash_key: keys the tables against chosen ids
 * @generation: of the next request or operation
 * @n_nodes: local nodes
 * @n_actions: actions in the queue
 * @first: of the queue
 * @last: of the queue
 * @unix_at: when @unix_seconds was set
 * @unix_seconds: the world's clock then
 * @full: the owner can keep nothing more
 * @setup: how long commands wait for their sessions, smoothed, microseconds
 * @setup_var: deviation of it
 * @n_held: commands that wait for their sessions
 * @met_at: when somebody was last met without need, microseconds
 * @filled_at: when one of the nodes last began to fill its buckets, microseconds
 * @asked_at: when the owner last began to find or store something, microseconds
 * @step: shows the steps of lookups
 * @step_ctx: passed to it
 */
struct dht_host {
	struct dht_config	config;
	struct core_list	nets;
	struct dht_slab		book;
	struct core_table	by_contact;
	struct dht_place	*place;
	struct dht_slab		requests;
	struct dht_slab		ops;
	struct core_heap	timers;
	struct core_heap	upkeep;
	uint64_t		hash_key;
	uint32_t		generation;
	uint32_t		n_nodes;
	uint32_t		n_actions;
	struct dht_action	*first;
	struct dht_action	*last;
	uint64_t		unix_at;
	uint64_t		unix_seconds;
	bool			full;
	uint64_t		setup;
	uint64_t		setup_var;
	uint32_t		n_held;
	uint64_t		met_at;
	uint64_t		filled_at;
	uint64_t		asked_at;
	void			(*step)(void *ctx, const struct dht_step *step);
	void			*step_ctx;
};

static inline struct dht_host *dht_of(const struct dht_node *node)
{
	return node->net->host;
}

static inline const struct dht_params *dht_p(const struct dht_node *node)
{
	return &node->net->params;
}

static inline uint64_t dht_random64(const struct dht_node *node)
{
	const struct dht_config *config = &dht_of(node)->config;
	uint64_t random;

	config->random(config->ctx, &random, sizeof(random));
	return random;
}

/* book.c */
uint32_t dht_book_get(struct dht_host *host,
		      const struct dht_contact *contact);
void dht_book_hold(struct dht_host *host, uint32_t known);
void dht_book_put(struct dht_host *host, uint32_t known);
const struct dht_contact *dht_book_at(const struct dht_host *host,
				      uint32_t known);
int dht_nearer(const struct dht_host *host, const struct themis_id *target,
	       uint32_t a, uint32_t b);

/* place.c */
uint64_t dht_place_hash(const struct dht_host *host,
			const struct dht_contact *contact);
void dht_place_heard(struct dht_host *host, uint64_t now,
		     const struct dht_contact *contact);
void dht_place_slow(struct dht_host *host, const struct dht_request *request);
bool dht_place_silent(const struct dht_op *op, uint32_t known);

/* window.c */
void dht_window_init(struct dht_window *window);
void dht_window_begin(struct dht_op *op, uint64_t now);
void dht_window_done(struct dht_op *op, uint64_t now);
void dht_window_request(struct dht_op *op, bool late);
bool dht_window_late(const struct dht_node *node);

/* contacts.c */
unsigned int dht_bucket(uint64_t self, uint64_t prefix);
void dht_table_free(struct dht_node *node);
struct dht_peer *dht_table_find(const struct dht_node *node, uint32_t known);
struct dht_peer *dht_table_heard(struct dht_node *node, uint64_t now,
				 uint32_t known, bool admitting);
bool dht_table_curious(const struct dht_node *node,
		       const struct themis_id *id);
void dht_table_told(struct dht_node *node, uint32_t known);
void dht_table_lost(struct dht_node *node, uint64_t now, uint32_t known);
void dht_table_drop(struct dht_node *node, uint32_t known);
unsigned int dht_table_nearest(const struct dht_node *node,
			       const struct themis_id *target, bool any,
			       const struct dht_peer **best, unsigned int n);
unsigned int dht_known_nearest(const struct dht_node *node,
			       const struct themis_id *target, bool any,
			       const struct dht_peer **best, unsigned int n);

/* whole.c */
bool dht_small(const struct dht_node *node);
bool dht_calm(const struct dht_node *node);
unsigned int dht_known(const struct dht_node *node);
bool dht_whole(const struct dht_node *node);
void dht_sweep(struct dht_node *node, uint64_t now);
void dht_sweep_next(struct dht_node *node, uint64_t now);
bool dht_meet(struct dht_node *node, uint64_t now);

/* prefix.c */
uint8_t dht_prefix_hash(const uint8_t addr[16]);
bool dht_prefix_room(const struct dht_node *node, const struct dht_peer *peer);

/* spare.c */
void dht_spare_add(struct dht_node *node, const struct dht_peer *peer);
void dht_spare_remove(struct dht_node *node, uint32_t known);
void dht_spare_lost(struct dht_node *node, uint32_t known);
void dht_spare_again(struct dht_node *node);
void dht_spare_trim(struct dht_node *node);
int dht_spare_take(struct dht_node *node, unsigned int bucket,
		   struct dht_peer *peer);

/* rtt.c */
void dht_rtt_measured(struct dht_node *node, struct dht_peer *peer,
		      uint64_t rtt);
uint64_t dht_rtt_slow(const struct dht_node *node, uint32_t known,
		      enum dht_purpose purpose);
uint64_t dht_rtt_lost(uint64_t slow);
void dht_rtt_waited(struct dht_host *host, uint64_t us);
uint64_t dht_rtt_held(const struct dht_host *host, uint64_t slow);

/* churn.c */
void dht_churn_alive(struct dht_node *node, uint64_t tenths);
void dht_churn_dead(struct dht_node *node, uint64_t tenths);
void dht_churn_undo(struct dht_node *node);
void dht_churn_told(struct dht_node *node, uint32_t lease);
uint64_t dht_half_life(const struct dht_node *node);
uint32_t dht_lease(const struct dht_node *node);
bool dht_churns(const struct dht_node *node);
uint64_t dht_upkeep_interval(const struct dht_node *node);

/* density.c */
void dht_size_update(struct dht_node *node, uint64_t now);
void dht_size_claim(struct dht_node *node, uint64_t size);
void dht_size_sample(struct dht_node *node, uint64_t distance,
		     unsigned int nth);
uint64_t dht_expected(const struct dht_node *node, unsigned int nth);
bool dht_too_sparse(const struct dht_node *node, uint64_t distance,
		    unsigned int nth, unsigned int tenths);
bool dht_too_dense(const struct dht_node *node, uint64_t distance,
		   unsigned int nth);

/* admission.c */
bool dht_work_ok(const struct dht_net *net, const struct dht_contact *contact);
bool dht_admitted(const struct dht_node *node, uint64_t now,
		  const struct themis_id *id, const uint8_t *admission);

/* request.c */
int dht_request(struct dht_node *node, uint64_t now, uint32_t known,
		enum dht_purpose purpose, uint32_t op,
		struct dht_message *message);
void dht_request_free(struct dht_host *host, struct dht_request *request);
bool dht_laden(const struct dht_host *host);
void dht_request_timer(struct dht_host *host, uint64_t now,
		       struct dht_request *request);

/* action.c */
struct dht_action *dht_act(struct dht_node *node, enum dht_action_type type,
			   size_t len);
struct dht_action *dht_act_message(struct dht_node *node,
				   enum dht_action_type type,
				   const struct dht_message *message);
void dht_act_forget(struct dht_node *node);

/* answer.c */
unsigned int dht_contacts_put(const struct dht_node *node,
			      const struct themis_id *target,
			      const struct themis_id *but, unsigned int n,
			      uint8_t *b);

/* store.c */
int dht_store_init(struct dht_node *node);
void dht_store_free(struct dht_node *node);
struct dht_held *dht_held_new(const struct dht_object *object,
			      const struct themis_id *id, uint64_t until);
enum dht_status dht_store_put(struct dht_node *node, uint64_t now,
			      const struct dht_object *object,
			      const struct themis_id *id, uint32_t lease,
			      uint64_t *held_seq);
struct dht_held *dht_store_first(const struct dht_node *node,
				 const struct themis_id *id);
struct dht_held *dht_store_next(const struct dht_held *held,
				const struct themis_id *id);
void dht_store_drop(struct dht_node *node, struct dht_held *held);
void dht_store_expire(struct dht_node *node, uint64_t now);
enum dht_status dht_store_check(struct dht_node *node, uint64_t now,
				const uint8_t *b, size_t len, uint32_t lease,
				uint64_t *held_seq, struct themis_id *id);
uint32_t dht_left(const struct dht_held *held, uint64_t now);
uint64_t dht_unix(const struct dht_host *host, uint64_t now);

/* op.c */
struct dht_op *dht_op_new(struct dht_node *node, uint64_t now,
			  enum dht_aim aim, const struct themis_id *target);
uint64_t dht_op_number(const struct dht_op *op);
void dht_op_detach(struct dht_op *op);
void dht_op_free(struct dht_op *op);
void dht_op_end(struct dht_op *op, uint64_t now, enum dht_outcome outcome);

/* seen.c */
struct dht_seen *dht_lookup_seen(struct dht_op *op, uint32_t known);
int dht_lookup_add(struct dht_op *op, uint32_t known, unsigned int path,
		   unsigned int round);

/* aside.c */
bool dht_aside(struct dht_op *op);
void dht_aside_gather(struct dht_op *op);

/* lookup.c */
bool dht_lookup_nth(const struct dht_op *op, uint64_t *distance);
bool dht_lookup_budget(const struct dht_op *op);
bool dht_lookup_more(struct dht_op *op, uint64_t now);
void dht_lookup_settle(struct dht_op *op, struct dht_seen *seen,
		       enum dht_stand stand);
void dht_lookup_contacts(struct dht_op *op, unsigned int path,
			 unsigned int round, bool spread,
			 const struct dht_message *m);
void dht_lookup_begin(struct dht_op *op, uint64_t now);
void dht_lookup_anchor(struct dht_op *op);
void dht_lookup_answer(struct dht_op *op, uint64_t now, uint32_t known,
		       const struct dht_message *m);
void dht_lookup_slow(struct dht_op *op, uint64_t now, uint32_t known);
void dht_lookup_lost(struct dht_op *op, uint64_t now, uint32_t known);

/* find.c */
void dht_find_take(struct dht_op *op, uint64_t now, struct dht_seen *seen,
		   const struct dht_message *m);
bool dht_find_enough(struct dht_op *op);
void dht_find_end(struct dht_op *op, uint64_t now);
void dht_find_forget(struct dht_op *op);

/* publish.c */
void dht_publish(struct dht_op *op, uint64_t now);
void dht_publish_answer(struct dht_op *op, uint64_t now, uint32_t known,
			const struct dht_message *m);
void dht_publish_slow(struct dht_op *op, uint64_t now, uint32_t known);
void dht_publish_lost(struct dht_op *op, uint64_t now, uint32_t known);
void dht_leave_answer(struct dht_op *op, uint64_t now);

/* replicate.c */
bool dht_responsible(const struct dht_node *node, const struct themis_id *id,
		     const struct themis_id *who, unsigned int margin);
bool dht_in_range(const struct dht_node *node, const struct themis_id *id);
bool dht_update_due(struct dht_node *node, uint64_t now);
void dht_update_ask(struct dht_node *node, uint64_t now);
void dht_update_from(struct dht_node *node, uint64_t now, uint32_t known);
void dht_update_back(struct dht_node *node, uint64_t now, uint32_t known);
void dht_update_answer(struct dht_node *node, uint64_t now,
		       const struct dht_message *m, struct dht_message *r,
		       const struct themis_id *asker, uint8_t *room);
void dht_update_taken(struct dht_node *node, uint64_t now, uint32_t known,
		      const struct dht_message *m);

/* fill.c */
struct themis_id dht_id_in(const struct dht_node *node, unsigned int bits);
void dht_fill(struct dht_node *node, uint64_t now,
	      const struct themis_id *target, bool alarm);
void dht_fill_next(struct dht_node *node, uint64_t now);
void dht_fill_all(struct dht_node *node, uint64_t now, unsigned int fills);
bool dht_settled(const struct dht_node *node);
bool dht_fill_more(struct dht_node *node, uint64_t now);
bool dht_look_around(struct dht_node *node, uint64_t now);

/* join.c */
void dht_introduced(struct dht_node *node, uint64_t now,
		    const struct dht_message *m);
void dht_joined(struct dht_op *op, uint64_t now);

/* upkeep.c */
bool dht_probe_spare(struct dht_node *node, uint64_t now);
void dht_probed(struct dht_node *node, uint64_t now, uint32_t known);
void dht_upkeep_hurry(struct dht_node *node, uint64_t now);
void dht_upkeep_hint(struct dht_node *node, uint64_t now, uint32_t lease);
void dht_upkeep(struct dht_node *node, uint64_t now);

#endif /* THEMIS_DHT_STATE_H */
