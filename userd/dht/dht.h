/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The directory: a distributed hash table among nodes that are proven by the
 * transport (dht.rst).
 *
 * Sans I/O, as the protocol core (core.h): messages, time and commands go in,
 * and a queue of actions comes out. A host has networks, a network has local
 * nodes; the nodes of a host share its bounds and what it knows of endpoints.
 * Time is a monotonic count of microseconds which never goes back; what is
 * signed carries seconds of the world's clock, which the owner sets.
 *
 * The same input in the same order with the same random bytes leads to the same
 * output and the same state.
 */
#ifndef THEMIS_DHT_H
#define THEMIS_DHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/themis.h>

#include "id.h"

struct dht_host;
struct dht_net;
struct dht_node;

#define DHT_MESSAGE_MAX		10240	/* bytes */
#define DHT_NAME_MAX		32	/* bytes in the name of an object */
#define DHT_VALUE_MAX		1024	/* bytes in an object */
#define DHT_OBJECT_MAX		1344	/* bytes of an encoded object */
#define DHT_SET_MAX		48	/* entries of a set that a find gives */

/**
 * struct dht_contact - a node and where it is
 * @id: who
 * @addr: IPv6 address, IPv4 as ::ffff:a.b.c.d; all zero for not known
 * @port: UDP port of its link, host order
 * @work: its proof of work, where the network wants one
 */
struct dht_contact {
	struct themis_id	id;
	uint8_t			addr[16];
	uint16_t		port;
	uint64_t		work;
};

/* How a command was answered. */
enum dht_status {
	DHT_OK,
	DHT_OLD,		/* a newer version is held */
	DHT_FORBIDDEN,		/* signature, owner or admission are wrong */
	DHT_FULL,		/* a quota is reached */
	DHT_FAR,		/* others are nearer to the object */
	DHT_EXPIRED,		/* its time has passed */
	DHT_CONFLICT,		/* another value with the same sequence */
	DHT_BUSY,		/* the answerer has no room for the question */
	__DHT_STATUS_MAX,
};

/**
 * struct dht_params - what the nodes of a network agree upon; may change live
 * @redundancy: r: copies of an object, 1 to 32
 * @quorum: answers that make a store or the find of a signed object good;
 *	0 for r / 2 + 1
 * @paths: d: disjoint paths of a lookup, 1 to 8
 * @reply: contacts in an answer, 1 to DHT_CONTACTS_MAX
 * @requests: that one find may send, if all are answered; who does not answer
 *	counts half. Another operation may send twice as many
 * @siblings: nodes nearest to oneself that are always kept
 * @table: contacts of a node; a network of fewer nodes is known whole
 * @bucket_prefix: contacts of one /24 or /48 in a bucket; 0 for any
 * @table_prefix: the same in the whole table; 0 for any
 * @work_bits: zero bits of the proof of work; 0 for none
 * @closed: members need an admission by @key
 * @key: the network's Ed25519 key
 * @lease_min: freshness in seconds, at the most churn
 * @lease_max: freshness in seconds, at the least churn
 * @keep: seconds for which an object without expiry of its own is kept
 * @objects: bound of objects at a node
 * @bytes: bound of their bytes
 * @owner_bytes: bound of one owner's bytes at a node
 */
struct dht_params {
	uint8_t		redundancy;
	uint8_t		quorum;
	uint8_t		paths;
	uint8_t		reply;
	uint16_t	requests;
	uint16_t	siblings;
	uint16_t	table;
	uint8_t		bucket_prefix;
	uint8_t		table_prefix;
	uint8_t		work_bits;
	bool		closed;
	uint8_t		key[32];
	uint32_t	lease_min;
	uint32_t	lease_max;
	uint32_t	keep;
	uint32_t	objects;
	uint32_t	bytes;
	uint32_t	owner_bytes;
};

/**
 * struct dht_config - what the owner gives to a new host
 * @random: fills @buf with @len random bytes
 * @verify: checks an Ed25519 signature; NULL for libsodium's. 0 if it is good
 * @ctx: passed to both
 * @max_nodes: bound of local nodes
 * @max_contacts: bound of endpoints known
 * @max_requests: bound of unanswered commands
 * @max_ops: bound of operations in progress
 * @max_actions: bound of the queue of actions
 * @max_places: bound of the places whose silence is remembered for all local
 *	nodes; 0 if these stand for nodes of different machines
 */
struct dht_config {
	void		(*random)(void *ctx, void *buf, size_t len);
	int		(*verify)(void *ctx, const uint8_t signature[64],
				  const uint8_t *b, size_t len,
				  const uint8_t key[32]);
	void		*ctx;
	uint32_t	max_nodes;
	uint32_t	max_contacts;
	uint32_t	max_requests;
	uint32_t	max_ops;
	uint32_t	max_actions;
	uint32_t	max_places;
};

/**
 * enum dht_action_type - what the owner is asked to do
 * @DHT_ACT_COMMAND: send the bytes to @to as a command numbered @seq
 * @DHT_ACT_RESPONSE: send the bytes to @to as the response to its @seq
 * @DHT_ACT_RESULT: operation @op is over: @result, and the bytes are the
 *	objects found, each as dht_object_next() walks them
 * @DHT_ACT_KEEP: the bytes are an object now held, for the disk
 * @DHT_ACT_DROP: the bytes are an object no longer held
 */
enum dht_action_type {
	DHT_ACT_COMMAND,
	DHT_ACT_RESPONSE,
	DHT_ACT_RESULT,
	DHT_ACT_KEEP,
	DHT_ACT_DROP,
};

/* How an operation ended. */
enum dht_outcome {
	DHT_DONE,		/* found, stored with quorum, joined, left */
	DHT_NOT_FOUND,		/* whoever would have it has it not */
	DHT_NO_QUORUM,		/* found or stored, but at too few */
	DHT_NO_ANSWER,		/* nobody answered */
	DHT_REFUSED,		/* by all who were asked: see status */
};

/**
 * struct dht_result - how an operation ended
 * @type: what it was: DHT_FIND, DHT_STORE, DHT_JOIN or DHT_LEAVE
 * @outcome: in a word
 * @status: what the answerers said, where they refused
 * @contact: find: the node with that id, proven; else its id is zero
 * @objects: how many objects were found
 * @copies: answers that count: holders found, or acknowledgements
 * @rounds: round trips in a row that led to the result
 * @requests: commands sent
 * @answers: responses received
 * @began: when it began
 * @alarm: the density of nodes was not as it should be
 */
struct dht_result {
	uint8_t			type;
	enum dht_outcome	outcome;
	enum dht_status		status;
	struct dht_contact	contact;
	uint16_t		objects;
	uint16_t		copies;
	uint16_t		rounds;
	uint16_t		requests;
	uint16_t		answers;
	uint64_t		began;
	bool			alarm;
};

/**
 * struct dht_action - one thing for the owner to do
 * @next: in the queue
 * @type: what
 * @node: which local node
 * @to: to whom
 * @seq: number of the command
 * @op: number of the operation
 * @result: how it ended
 * @lease: DHT_ACT_KEEP: seconds for which the object is kept
 * @len: bytes in @b
 * @b: message or objects
 */
struct dht_action {
	struct dht_action	*next;
	enum dht_action_type	type;
	struct dht_node		*node;
	struct dht_contact	to;
	uint64_t		seq;
	uint64_t		op;
	struct dht_result	result;
	uint32_t		lease;
	size_t			len;
	uint8_t			b[];
};

/* One step of a lookup, for those who want to see its way. */
struct dht_step {
	uint64_t		op;
	uint64_t		at;		/* microseconds */
	struct themis_id	asked;
	unsigned int		path;
	unsigned int		round;
	enum { DHT_ASKED, DHT_ANSWERED, DHT_SLOW, DHT_LOST } what;
	unsigned int		contacts;	/* in the answer */
	unsigned int		objects;
};

/* What a node knows of itself, for display. */
struct dht_status_info {
	uint32_t	contacts;
	uint32_t	buckets;
	uint32_t	siblings;
	uint32_t	objects;
	uint32_t	object_bytes;
	uint64_t	size;		/* of the network, estimated */
	uint32_t	lease;		/* seconds, as adapted */
	uint32_t	half_life;	/* seconds, as seen; 0 for unknown */
	uint32_t	window;		/* finds and stores at once */
	uint32_t	queued;		/* those that wait for their turn */
	uint64_t	commands;	/* answered */
	uint64_t	requests;	/* sent */
	uint64_t	crowded;	/* not taken in by their addresses */
	bool		joined;
};

/* Host. */
struct dht_host *dht_host_new(const struct dht_config *config);
void dht_host_free(struct dht_host *host);
void dht_clock(struct dht_host *host, uint64_t now, uint64_t unix_seconds);
void dht_trace(struct dht_host *host,
	       void (*step)(void *ctx, const struct dht_step *step), void *ctx);
/* The owner can keep nothing more: own copies count for nothing. */
void dht_host_full(struct dht_host *host, bool full);
void dht_timer(struct dht_host *host, uint64_t now);
uint64_t dht_deadline(const struct dht_host *host);
struct dht_action *dht_action(struct dht_host *host);
bool dht_pending(const struct dht_host *host);
void dht_action_done(struct dht_action *action);

/* Networks. */
void dht_params_default(struct dht_params *params);
bool dht_params_ok(const struct dht_params *params);
struct dht_net *dht_net_new(struct dht_host *host, const uint8_t *netid,
			    size_t netid_len, const struct dht_params *params);
int dht_net_set(struct dht_net *net, const struct dht_params *params);
const struct dht_params *dht_net_params(const struct dht_net *net);

/* Local nodes. */
struct dht_node *dht_node_new(struct dht_net *net, uint64_t now,
			      const struct dht_contact *self,
			      const uint8_t *admission, void *owner);
void dht_node_free(struct dht_node *node);
void *dht_node_owner(const struct dht_node *node);
void dht_node_info(const struct dht_node *node, struct dht_status_info *info);
/* Contacts known, nearest first; the callback stops by a value but zero. */
int dht_node_contacts(const struct dht_node *node,
		      int (*cb)(void *ctx, const struct dht_contact *contact,
				uint64_t rtt_us, unsigned int bucket,
				bool good),
		      void *ctx);
/* Objects held. */
int dht_node_objects(const struct dht_node *node,
		     int (*cb)(void *ctx, const struct themis_id *id,
			       const uint8_t *object, size_t len),
		     void *ctx);

/* Whether an object of @owner is held; all zero for an immutable one. */
bool dht_node_holds(const struct dht_node *node, const struct themis_id *id,
		    const uint8_t owner[32]);

/* From the disk, before joining. */
int dht_node_hold(struct dht_node *node, uint64_t now, const uint8_t *object,
		  size_t len, uint32_t lease);
int dht_node_know(struct dht_node *node, uint64_t now,
		  const struct dht_contact *contact);
void dht_node_work(struct dht_node *node, uint64_t work);

/* Operations; each ends in a DHT_ACT_RESULT. 0 where there is no room. */
uint64_t dht_join(struct dht_node *node, uint64_t now,
		  const struct dht_contact *via, unsigned int n_via);
uint64_t dht_find(struct dht_node *node, uint64_t now,
		  const struct themis_id *id);
uint64_t dht_acquire(struct dht_node *node, uint64_t now,
		     const struct themis_id *id);
uint64_t dht_store(struct dht_node *node, uint64_t now, const uint8_t *object,
		   size_t len);
uint64_t dht_leave(struct dht_node *node, uint64_t now);

/* The way to the others has changed: its nearest are told by a question. */
void dht_moved(struct dht_node *node, uint64_t now);

/* Compares objects with the nearest peers now; how many are asked. */
unsigned int dht_update(struct dht_node *node, uint64_t now);

/* Messages. The transport has proven who @from is. */
void dht_command(struct dht_node *node, uint64_t now,
		 const struct dht_contact *from, uint64_t seq,
		 const uint8_t *b, size_t len);
void dht_response(struct dht_node *node, uint64_t now,
		  const struct themis_id *from, uint64_t seq,
		  const uint8_t *b, size_t len);
/* The transport cannot deliver command @seq. */
void dht_failed(struct dht_node *node, uint64_t now, uint64_t seq);
/* The owner has no room for it, which is not the fault of whom it was for. */
void dht_unsent(struct dht_node *node, uint64_t now, uint64_t seq);
/* Command @seq waits for its turn, for its session; it leaves only now. */
void dht_queued(struct dht_node *node, uint64_t now, uint64_t seq);
void dht_held(struct dht_node *node, uint64_t now, uint64_t seq);
void dht_waited(struct dht_node *node, uint64_t now, uint64_t seq);

const char *dht_status_text(enum dht_status status);
const char *dht_outcome_text(enum dht_outcome outcome);

/* A hash over the whole state of a node, for comparison of runs. */
void dht_node_hash(const struct dht_node *node, uint8_t hash[32]);
/* Bytes that a node takes: itself, and the endpoints that it knows. */
size_t dht_node_bytes(const struct dht_node *node, size_t *endpoints);

#endif /* THEMIS_DHT_H */
