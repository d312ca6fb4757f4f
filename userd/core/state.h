/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the core knows, and the functions by which its files call each other.
 *
 * A core has nodes, a node has peers, a peer has agreements in progress. Every
 * agreement has a local index, by which packets find it, and a timer; there is
 * no other timer. What an input leads to is put on the queue of actions.
 */
#ifndef THEMIS_STATE_H
#define THEMIS_STATE_H

#include "core.h"
#include "handshake.h"
#include "heap.h"
#include "list.h"
#include "pool.h"
#include "table.h"
#include "vault.h"

#define CORE_MS			1000ULL		/* in microseconds */
#define CORE_SECOND		(1000 * CORE_MS)

/* Message 1 and message 3 are sent this often, and then given up. */
#define CORE_TRIES		5
#define CORE_GIVE_UP		(9 * CORE_SECOND)

/* How long the other side goes first where both want to begin. */
#define CORE_YIELD		CORE_SECOND

/*
 * How long a responder waits for message 3: the initiator may take message 2
 * until it gives up, and then repeats message 3 for as long again.
 */
#define CORE_WAIT		(2 * CORE_GIVE_UP)

/* How long a responder answers message 3 when it comes again. */
#define CORE_LINGER		(10 * CORE_SECOND)

/* Responder's agreements in progress with one peer. */
#define CORE_PER_PEER		4

/* How many peers are told in a second that they are refused. */
#define CORE_REFUSALS		64

/* How long senders must prove their addresses after a moment of load. */
#define CORE_BUSY		CORE_SECOND

/* Actions that one input may lead to, with a margin. */
#define CORE_PER_INPUT		32

/* The side that was the responder begins a rekey so much later. */
#define CORE_STAGGER_MS		15000ULL

/* Age of the secrets that cookies are made with. */
#define CORE_COOKIE_AGE		(120 * CORE_SECOND)

/**
 * struct core_node - a local identity
 * @all: in the list of all nodes
 * @by_hint: in the table of nodes, by the first four bytes of the id
 * @peers: its peers, in the order in which they came
 * @self: who it is
 * @secret_key: guarded; cannot be read but while we sign
 * @page: of the vault, that it is on
 * @link: UDP port of the link that it lives on
 * @listed: speaks with configured peers only
 */
struct core_node {
	struct core_list	all;
	struct core_slot	by_hint;
	struct core_list	peers;
	struct themis_self	self;
	uint8_t			*secret_key;
	struct core_page	*page;
	uint16_t		link;
	bool			listed;
};

/**
 * struct core_effort - what it takes to come to agreements with a peer
 * @agreements: in progress
 * @own: that of @agreements which we have begun, or NULL
 * @given: endpoint from the configuration
 * @told: endpoint that the directory last told
 * @heard: endpoint from which its last message 1 came
 * @asked: where the last own message 1 went
 * @psk: guarded, or NULL
 * @responders: how many of @agreements the peer has begun
 * @tries: how often the last own message 1 was sent
 * @spent: how long the last agreement of ours that failed took
 */
struct core_effort {
	struct core_list	agreements;
	struct core_agree	*own;
	union themis_endpoint	given;
	union themis_endpoint	told;
	union themis_endpoint	heard;
	union themis_endpoint	asked;
	uint8_t			*psk;
	unsigned int		responders;
	unsigned int		tries;
	uint64_t		spent;
};

/**
 * struct core_peer - another node that a local node talks with
 * @of_node: in the node's list
 * @lru: a learned one in the core's list, least recently used first
 * @by_id: in the table of peers, by both ids
 * @node: the local node
 * @effort: NULL for a learned one that we have come to terms with, and that is
 *	most of them
 * @since: when @state was entered
 * @handshake: when it last proved itself, 0 for never
 * @id: who it is
 * @seen: endpoint from which it last proved itself
 * @rtt: round trip of the last agreement that we began, 0 for unknown
 * @state: enum themis_peer_state, for the owner to show
 * @why: enum themis_why: the last failure
 * @configured: the owner named it; else it came by itself
 * @denied: we want nothing to do with it
 * @proven: it has proven its id at least once
 */
struct core_peer {
	struct core_list	of_node;
	struct core_list	lru;
	struct core_slot	by_id;
	struct core_node	*node;
	struct core_effort	*effort;
	uint64_t		since;
	uint64_t		handshake;
	struct themis_id	id;
	union themis_endpoint	seen;
	uint32_t		rtt;
	uint8_t			state;
	uint8_t			why;
	bool			configured:1;
	bool			denied:1;
	bool			proven:1;
};

/**
 * enum core_phase - where an agreement stands
 * @CORE_ASKED: initiator: message 1 sent, or about to be
 * @CORE_PROVING: initiator: key installed, message 3 sent, not confirmed yet
 * @CORE_ANSWERED: responder: message 2 sent
 * @CORE_DONE: responder: the peer has proven the key
 */
enum core_phase {
	CORE_ASKED,
	CORE_PROVING,
	CORE_ANSWERED,
	CORE_DONE,
};

/**
 * struct core_agree - an agreement in progress. Secret
 * @of_peer: in the peer's list
 * @fifo: a responder's in the core's list of its phase, oldest first
 * @by_index: in the table of agreements, by @local
 * @timer: the next thing to do
 * @peer: with whom
 * @phase: where it stands
 * @local: our index
 * @remote: the peer's index, once it is known
 * @born: initiator: when message 1 was first sent
 * @begun: when the phase's first message was sent, or is to be
 * @tries: initiator: how often the phase's message was sent; responder: how
 *	often the kernel was told to confirm the key
 * @installed: the kernel has been given the key
 * @wanted: something waits for it in the kernel
 * @again: it replaces one that came to nothing; there is no third
 * @yielded: we let the peer go first
 * @cookied: a cookie made us repeat message 1 since the last scheduled time
 * @repeated: message 1 was sent more than once
 * @was_up: the peer was established before
 * @why: what was wrong with the last answer
 * @to: where to send
 * @secret: of our share, while it is needed
 * @keys: while they are needed
 * @digest: of the message from the peer that brought us into the phase
 * @init: initiator: message 1
 * @resp: responder: message 2
 * @confirm: initiator: message 3
 */
struct core_agree {
	struct core_list	of_peer;
	struct core_list	fifo;
	struct core_slot	by_index;
	struct core_timer	timer;
	struct core_peer	*peer;
	enum core_phase		phase;
	uint32_t		local;
	uint32_t		remote;
	uint64_t		born;
	uint64_t		begun;
	unsigned int		tries;
	bool			installed;
	bool			wanted;
	bool			again;
	bool			yielded;
	bool			cookied;
	bool			repeated;
	bool			was_up;
	enum themis_why		why;
	union themis_endpoint	to;
	uint8_t			secret[32];
	struct themis_keys	keys;
	uint8_t			digest[32];
	union {
		struct themis_init	init;
		struct themis_resp	resp;
		struct themis_confirm	confirm;
	};
};

/**
 * struct themis_core - all of it
 * @config: from the owner
 * @hash_key: keys the tables against chosen ids
 * @cookie_key: makes cookies; [1] is the one before
 * @cookie_born: when [0] was made
 * @busy_until: senders must prove their addresses until then
 * @refused_since: beginning of the second that @refused counts
 * @refused: how many were told that they are refused
 * @nodes: all nodes, in the order in which they came
 * @by_hint: nodes by the first four bytes of their ids
 * @by_peer: peers by both ids
 * @by_index: agreements by local index
 * @unproven: learned peers that have not proven themselves yet
 * @learned: learned peers that have, least recently used first
 * @answered: responder's agreements in CORE_ANSWERED, oldest first
 * @done: responder's agreements in CORE_DONE, oldest first
 * @n_answered: length of @answered
 * @timers: of the agreements
 * @vault: memory of the nodes' secret keys
 * @psks: memory of pre-shared keys
 * @agrees: memory of agreements
 * @actions: memory of actions
 * @queue: actions that the owner has not taken yet
 * @count: by enum themis_core_counter
 * @failures: agreements of ours that came to nothing, by cause
 * @rtt: round trips
 */
struct themis_core {
	struct themis_core_config	config;
	uint8_t				hash_key[16];
	uint8_t				cookie_key[2][32];
	uint64_t			cookie_born;
	uint64_t			busy_until;
	uint64_t			refused_since;
	unsigned int			refused;
	struct core_list		nodes;
	struct core_table		by_hint;
	struct core_table		by_peer;
	struct core_table		by_index;
	struct core_list		unproven;
	struct core_list		learned;
	struct core_list		answered;
	struct core_list		done;
	unsigned int			n_answered;
	struct core_heap		timers;
	struct core_vault		vault;
	struct core_pool		psks;
	struct core_pool		agrees;
	struct core_pool		actions;
	struct core_list		queue;
	uint64_t			count[__THEMIS_N_MAX];
	uint64_t			failures[__THEMIS_WHY_MAX];
	struct themis_rtt		rtt;
};

/* The agreements in progress with a peer. */
static inline struct core_walk core_agreements(const struct core_peer *peer)
{
	if (!peer->effort)
		return (struct core_walk){ NULL, NULL };
	return core_walk(&peer->effort->agreements);
}

static inline bool core_busy_with(const struct core_peer *peer)
{
	return peer->effort && !core_list_empty(&peer->effort->agreements);
}

/* The agreement with a peer that we have begun, or NULL. */
static inline struct core_agree *core_own(const struct core_peer *peer)
{
	return peer->effort ? peer->effort->own : NULL;
}

static inline const uint8_t *core_psk(const struct core_peer *peer)
{
	return peer->effort ? peer->effort->psk : NULL;
}

static inline void core_random(struct themis_core *core, void *buf, size_t len)
{
	core->config.random(core->config.random_ctx, buf, len);
}

/* endpoint.c */
bool core_endpoint_known(const union themis_endpoint *endpoint);
bool core_endpoint_equal(const union themis_endpoint *a,
			 const union themis_endpoint *b);
bool core_cookie_valid(struct themis_core *core, uint64_t now,
		       const union themis_endpoint *from,
		       const uint8_t cookie[16]);
void core_cookie_current(struct themis_core *core, uint64_t now,
			 const union themis_endpoint *from,
			 uint8_t cookie[16]);

/* action.c */
void core_action_init(struct themis_core *core);
bool core_action_room(struct themis_core *core);
void core_act_packet(struct themis_core *core, const struct core_agree *agree,
		     const union themis_endpoint *to, const void *packet,
		     size_t len);
void core_act_key(struct themis_core *core, const struct core_agree *agree,
		  uint32_t flags);
void core_act_session(struct themis_core *core,
		      const struct core_agree *agree,
		      const union themis_endpoint *to);
void core_act_answer(struct themis_core *core, const struct core_node *node,
		     const struct themis_id *peer,
		     const union themis_endpoint *to, const void *packet,
		     size_t len);
void core_act_refused(struct themis_core *core, const struct core_node *node,
		      const struct themis_id *peer,
		      const union themis_endpoint *to, enum themis_why why);
void core_act_session_del(struct themis_core *core,
			  const struct core_node *node,
			  const struct themis_id *peer);
void core_act_peer(struct themis_core *core, enum themis_action_type type,
		   const struct core_peer *peer);
void core_act_index(struct themis_core *core, enum themis_action_type type,
		    const struct core_agree *agree);
void core_act_fail(struct themis_core *core, const struct themis_id *node,
		   const struct themis_id *peer, enum themis_why why);
void core_act_forget(struct themis_core *core, const struct core_peer *peer,
		     uint32_t index);

/* node.c */
void core_node_free(struct themis_core *core, struct core_node *node);
struct core_node *core_node_find(struct themis_core *core,
				 const struct themis_id *id);
struct core_node *core_node_asked(struct themis_core *core, uint16_t link,
				  const struct themis_init *init);
void core_node_unlock(const struct core_node *node);
void core_node_lock(const struct core_node *node);

/* peer.c */
struct core_peer *core_peer_find(struct themis_core *core,
				 const struct core_node *node,
				 const struct themis_id *id);
struct core_peer *core_peer_new(struct themis_core *core, uint64_t now,
				struct core_node *node,
				const struct themis_id *id);
void core_peer_free(struct themis_core *core, struct core_peer *peer,
		    enum themis_why why);
void core_peer_reap(struct themis_core *core, struct core_peer *peer);
struct core_effort *core_peer_effort(struct core_peer *peer);
void core_peer_touch(struct themis_core *core, struct core_peer *peer);
void core_peer_proven(struct themis_core *core, uint64_t now,
		      struct core_peer *peer,
		      const union themis_endpoint *from);
void core_peer_state(struct themis_core *core, uint64_t now,
		     struct core_peer *peer, enum themis_peer_state state,
		     enum themis_why why);

/* agree.c */
struct core_agree *core_agree_new(struct themis_core *core,
				  struct core_peer *peer,
				  enum core_phase phase);
struct core_agree *core_agree_find(struct themis_core *core, uint32_t index,
				   uint16_t link);
void core_rekeyed(struct themis_core *core, const struct core_agree *agree);
void core_agree_done(struct themis_core *core, struct core_agree *agree);
void core_agree_free(struct themis_core *core, struct core_agree *agree);
void core_agree_drop(struct themis_core *core, struct core_agree *agree);
bool core_agree_room(struct themis_core *core, const struct core_peer *keep);
void core_agree_unproven(struct themis_core *core, struct core_peer *peer,
			 const struct core_agree *but);
bool core_loaded(const struct themis_core *core, uint64_t now);

/* initiate.c */
const union themis_endpoint *core_choose(const struct core_peer *peer,
					 unsigned int tries);
bool core_locatable(const struct core_peer *peer);
void core_begin(struct themis_core *core, uint64_t now, struct core_peer *peer,
		bool wanted, bool again);
void core_not_begun(struct themis_core *core, uint64_t now,
		    struct core_peer *peer, bool wanted, enum themis_why why);
void core_give_up(struct themis_core *core, uint64_t now,
		  struct core_agree *agree, enum themis_why why);
void core_rx_resp(struct themis_core *core, uint64_t now, uint16_t link,
		  const union themis_endpoint *from,
		  const struct themis_resp *resp);
void core_rx_cookie(struct themis_core *core, uint64_t now, uint16_t link,
		    const union themis_endpoint *from,
		    const struct themis_cookie *cookie);
void core_confirmed(struct themis_core *core, struct core_agree *agree);
void core_initiator_timer(struct themis_core *core, uint64_t now,
			  struct core_agree *agree);

/* access.c */
enum themis_refusal core_refusal(const struct core_node *node,
				 const struct core_peer *peer);
void core_refuse(struct themis_core *core, uint64_t now,
		 const struct core_node *node, const struct themis_id *a,
		 const union themis_endpoint *from,
		 const struct themis_init *init, enum themis_refusal reason);
void core_rx_refuse(struct themis_core *core, uint64_t now, uint16_t link,
		    const union themis_endpoint *from,
		    const struct themis_refuse *refuse);

/* respond.c */
void core_rx_init(struct themis_core *core, uint64_t now, uint16_t link,
		  const union themis_endpoint *from,
		  const struct themis_init *init);
void core_rx_confirm(struct themis_core *core, uint64_t now, uint16_t link,
		     const union themis_endpoint *from,
		     const struct themis_confirm *confirm);
void core_proven(struct themis_core *core, uint64_t now,
		 struct core_agree *agree, const union themis_endpoint *from);
void core_responder_timer(struct themis_core *core, struct core_agree *agree);

#endif /* THEMIS_STATE_H */
