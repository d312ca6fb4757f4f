/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The simulator: many nodes of the directory in one process, on a virtual
 * clock. The nodes run the daemon's own code; what is simulated is the network
 * between them, who comes and goes, who lies, and who asks for what.
 *
 * Given by the transport, and so not simulated: who sent a message is proven.
 */
#ifndef THEMIS_SIM_H
#define THEMIS_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "dht.h"
#include "object.h"
#include "rng.h"
#include "table.h"
#include "message.h"

#define SIM_SECOND	1000000ULL	/* of virtual time, in microseconds */
#define SIM_UNIX	1700000000ULL	/* the world's clock at the beginning */

/* What liars do; the names are in main.c. */
enum sim_attack {
	SIM_DROP	= 1,	/* answer nothing */
	SIM_MISROUTE	= 2,	/* name only each other, and keep nothing */
	SIM_FALSE	= 4,	/* give forged objects */
	SIM_REPLAY	= 8,	/* give the oldest version they have seen */
	SIM_ECLIPSE	= 16,	/* lie about one id only */
};

/**
 * struct sim_options - what to simulate
 * @nodes: how many there are
 * @seed: of all chance
 * @half_life: of the nodes in seconds; 0 for no churn
 * @liars: of a million nodes, so many lie
 * @attack: what they do, enum sim_attack
 * @ground: liars whose ids lie around the first object's
 * @loss: of a million messages, so many are lost
 * @slow: of a million nodes, so many answer late
 * @slow_ms: so late
 * @work: microseconds of a node's processor that a message takes
 * @partition: seconds for which two halves cannot reach each other
 * @objects: stored before the finds
 * @finds: how many
 * @seconds: over which they are spread
 * @joining: seconds in which the nodes arrive; 0 for 60 and more for many nodes
 * @storing: seconds over which the stores are spread
 * @settle: seconds between joining, storing and finding
 * @real: sign and verify with Ed25519; else with a keyed hash
 * @json: print JSON
 * @params: of the network
 * @record: where inputs are recorded, or NULL
 */
struct sim_options {
	uint32_t		nodes;
	uint64_t		seed;
	uint32_t		half_life;
	uint32_t		liars;
	uint32_t		attack;
	uint32_t		ground;
	uint32_t		loss;
	uint32_t		slow;
	uint32_t		slow_ms;
	uint32_t		work;
	uint32_t		partition;
	uint32_t		objects;
	uint32_t		finds;
	uint32_t		seconds;
	uint32_t		joining;
	uint32_t		storing;
	uint32_t		settle;
	bool			real;
	bool			json;
	struct dht_params	params;
	const char		*record;
};

/**
 * struct sim_node - a node of the world
 * @node: it, or NULL when it is gone
 * @contact: who and where
 * @joined: when it had joined; 0 for not yet
 * @busy_until: when it has done with all messages that have arrived
 * @place: on the list of the living
 * @x: where it is in the world
 * @y: where it is in the world
 * @access: microseconds of its own line
 * @liar: it lies
 * @slow: it answers late
 * @half: on which side of the partition it is
 */
struct sim_node {
	struct dht_node		*node;
	struct dht_contact	contact;
	uint64_t		joined;
	uint64_t		busy_until;
	uint32_t		place;
	uint16_t		x, y;
	uint16_t		access;
	bool			liar;
	bool			slow;
	uint8_t			half;
};

enum sim_event_kind {
	SIM_ARRIVED,
	SIM_DELIVER,
	SIM_ARRIVE,
	SIM_CRASH,
	SIM_STORE,
	SIM_FIND,
	SIM_TICK,
};

/**
 * struct sim_event - what happens at a time
 * @at: when
 * @order: which of two at the same time is first
 * @action: SIM_ARRIVED, SIM_DELIVER: the message
 * @who: which node, object or find
 * @from: who sent the message
 * @kind: what
 */
struct sim_event {
	uint64_t		at;
	uint64_t		order;
	struct dht_action	*action;
	uint32_t		who;
	uint32_t		from;
	uint8_t			kind;
};

/**
 * struct sim_thing - an object of the simulation
 * @by_id: in the table of objects
 * @id: its id
 * @seed: of its owner's key
 * @type: enum dht_object_type
 * @seq: the newest that was acknowledged
 * @next: the newest that was tried
 * @first: the first version, for liars to replay
 * @first_len: its length
 * @acked: a store was acknowledged
 * @holders: honest nodes that hold the newest version, as counted last
 */
struct sim_thing {
	struct core_slot	by_id;
	struct themis_id	id;
	uint8_t			seed[32];
	uint8_t			type;
	uint64_t		seq;
	uint64_t		next;
	uint8_t			*first;
	size_t			first_len;
	bool			acked;
	uint32_t		holders;
};

#define SIM_RANKS	64
#define SIM_COPIES	33

/**
 * struct sim_tally - how operations of one kind went
 * @n: how many were begun
 * @ended: how many ended
 * @good: how many of them well
 * @rounds: how many of the good took so many round trips
 * @messages: commands and responses together
 * @most: the most of one
 * @took: microseconds of each good one
 * @n_took: how many of these
 * @alarms: how many found the density odd
 * @outcome: how many ended so, by enum dht_outcome
 */
struct sim_tally {
	uint64_t	n, ended, good;
	uint64_t	rounds[SIM_RANKS];
	uint64_t	messages;
	uint64_t	most;
	uint64_t	*took;
	uint64_t	n_took;
	uint64_t	alarms;
	uint64_t	outcome[8];
};

enum sim_kind {
	SIM_OF_JOIN,
	SIM_OF_STORE,
	SIM_OF_OBJECT,
	SIM_OF_NODE,
	SIM_KINDS,
};

/**
 * struct sim - all of it
 * @o: what to simulate
 * @host: all nodes
 * @net: their network
 * @now: virtual time, microseconds
 * @core_rng: chance of the nodes
 * @rng: chance of the world
 * @heap: events
 * @n_heap: how many
 * @heap_room: how many fit
 * @order: of the next event
 * @node: all nodes that ever were, by number
 * @n_node: how many
 * @node_room: how many fit
 * @living: numbers of those that are
 * @n_living: how many
 * @liar: first bytes of the ids of living liars, in order
 * @liar_who: their numbers
 * @n_liar: how many
 * @thing: objects
 * @things: objects by id
 * @ops: operations in progress
 * @tally: how operations went
 * @churning: nodes come and go
 * @split: the halves are apart
 * @sent: messages
 * @lost: of these, those that did not arrive
 * @bytes: of messages, without the headers of the transport
 * @finding_since: when the finds began
 * @finding_sent: messages until then
 * @finding_bytes: bytes until then
 * @events: that happened
 * @trace: a hash of all deliveries
 * @lease: as the median node sees it, seconds
 * @half_life: as the median node sees it, seconds
 * @size_low: of the network, as a tenth of the nodes see it or less
 * @size: as the median node sees it
 * @size_high: as a tenth of the nodes see it or more
 * @lost_objects: acknowledged, and held by no honest node
 * @copies: how many objects had so many copies, all counts together
 * @window: which window of liars a lookup gets next, see liar.c
 * @record: where inputs go, or NULL
 */
struct sim {
	struct sim_options	o;
	struct dht_host		*host;
	struct dht_net		*net;
	uint64_t		now;
	uint64_t		core_rng;
	uint64_t		rng;
	struct sim_event	*heap;
	size_t			n_heap;
	size_t			heap_room;
	uint64_t		order;
	struct sim_node		*node;
	uint32_t		n_node;
	uint32_t		node_room;
	uint32_t		*living;
	uint32_t		n_living;
	uint64_t		*liar;
	uint32_t		*liar_who;
	uint32_t		n_liar;
	struct sim_thing	*thing;
	struct core_table	things;
	struct core_table	ops;
	struct sim_tally	tally[SIM_KINDS];
	bool			churning;
	bool			split;
	uint64_t		sent;
	uint64_t		lost;
	uint64_t		bytes;
	uint64_t		finding_since;
	uint64_t		finding_sent;
	uint64_t		finding_bytes;
	uint64_t		events;
	uint64_t		trace;
	uint32_t		lease;
	uint32_t		half_life;
	uint32_t		size_low;
	uint32_t		size;
	uint32_t		size_high;
	uint32_t		lost_objects;
	uint64_t		copies[SIM_COPIES];
	uint64_t		window[4096];
	FILE			*record;
};

/* event.c */
void sim_at(struct sim *s, uint64_t at, enum sim_event_kind kind, uint32_t who,
	    uint32_t from, struct dht_action *action);
bool sim_next(struct sim *s, struct sim_event *event, uint64_t until);
uint64_t sim_next_at(const struct sim *s);
void sim_events_free(struct sim *s);

/* drive.c: every input of the core goes through here, and into the record */
int sim_open(struct sim *s);
void sim_close(struct sim *s);
struct dht_node *sim_new(struct sim *s, uint32_t who);
void sim_free(struct sim *s, uint32_t who);
uint64_t sim_join(struct sim *s, uint32_t who, const struct dht_contact *via,
		  unsigned int n);
uint64_t sim_find(struct sim *s, uint32_t who, const struct themis_id *id);
uint64_t sim_store(struct sim *s, uint32_t who, const uint8_t *b, size_t len);
void sim_command(struct sim *s, uint32_t who, const struct dht_contact *from,
		 uint64_t seq, const uint8_t *b, size_t len);
void sim_response(struct sim *s, uint32_t who, const struct themis_id *from,
		  uint64_t seq, const uint8_t *b, size_t len);
void sim_timer(struct sim *s);
void sim_hash(const struct sim *s, uint8_t hash[32]);
void sim_record_end(struct sim *s);
int sim_replay(const char *path);

/* world.c */
uint32_t sim_arrive(struct sim *s, const struct themis_id *id, bool liar);
void sim_crash(struct sim *s, uint32_t who);
uint32_t sim_of(const struct dht_contact *contact);
uint32_t sim_somebody(struct sim *s, bool honest);
void sim_send(struct sim *s, uint32_t from, struct dht_action *action);
void sim_run(struct sim *s, uint64_t until);
void sim_churn(struct sim *s);
void sim_join_again(struct sim *s, uint32_t who);

/* liar.c */
void sim_liar_add(struct sim *s, uint32_t who);
void sim_liar_remove(struct sim *s, uint32_t who);
bool sim_lie(struct sim *s, uint32_t who, uint32_t from,
	     const struct dht_action *command);

/* load.c */
int sim_load_init(struct sim *s);
void sim_load_free(struct sim *s);
void sim_op(struct sim *s, uint64_t op, enum sim_kind kind, uint32_t who,
	    uint32_t what);
void sim_abandon(struct sim *s);
void sim_result(struct sim *s, const struct dht_action *action);
void sim_begin_store(struct sim *s, uint32_t what);
void sim_begin_find(struct sim *s, uint32_t what);
struct sim_thing *sim_thing_of(struct sim *s, const struct themis_id *id);
size_t sim_object(struct sim *s, struct sim_thing *thing, uint64_t seq,
		  uint8_t *b);
int sim_verify(void *ctx, const uint8_t signature[64], const uint8_t *b,
	       size_t len, const uint8_t key[32]);

/* copies.c */
void sim_copies(struct sim *s);

/* report.c */
void sim_progress(const struct sim *s, const char *phase, uint64_t done,
		  uint64_t all);
void sim_report(struct sim *s, double wall, const uint8_t hash[32]);

#endif /* THEMIS_SIM_H */
