/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The protocol core: key agreement with many peers for many local nodes.
 *
 * Sans I/O. The core has no socket, no clock, no random source and no kernel
 * of its own: packets, time, events and commands go in, and a queue of actions
 * comes out, which the owner (daemon, simulator, fuzzer, test) carries out in
 * order. Time is a monotonic count of microseconds which the owner passes to
 * every call and which never goes back.
 */
#ifndef THEMIS_CORE_H
#define THEMIS_CORE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/themis.h>

#include "count.h"
#include "id.h"

struct themis_core;

/**
 * union themis_endpoint - a transport address: IPv4 or IPv6, and UDP port
 * @sa: for its sa_family: AF_INET, AF_INET6, or AF_UNSPEC for "not known"
 * @in: IPv4
 * @in6: IPv6
 */
union themis_endpoint {
	struct sockaddr		sa;
	struct sockaddr_in	in;
	struct sockaddr_in6	in6;
};

/**
 * struct themis_core_config - what the owner gives to a new core
 * @random: fills @buf with @len random bytes; deterministic in tests
 * @random_ctx: passed to @random
 * @max_peers: bound of the table of peers
 * @max_pending: bound of agreements in progress, of all peers together
 * @soft_ms: age at which keys are replaced; 0 for the kernel's own limit
 * @hard_ms: age at which keys are wiped; 0 for the kernel's own limit
 */
struct themis_core_config {
	void		(*random)(void *ctx, void *buf, size_t len);
	void		*random_ctx;
	unsigned int	max_peers;
	unsigned int	max_pending;
	uint64_t	soft_ms;
	uint64_t	hard_ms;
};

/* Why an agreement did not come about; texts in themis_core_why_text(). */
enum themis_why {
	THEMIS_WHY_NONE,
	THEMIS_WHY_NO_ENDPOINT,		/* nobody told where the peer is */
	THEMIS_WHY_NO_ANSWER,		/* all tries went unanswered */
	THEMIS_WHY_UNKNOWN_PEER,	/* not configured, and no directory */
	THEMIS_WHY_UNKNOWN_NODE,	/* the local node is not ours */
	THEMIS_WHY_WRONG_PEER,		/* somebody else answered */
	THEMIS_WHY_BAD_SIGNATURE,
	THEMIS_WHY_BAD_VERSION,
	THEMIS_WHY_BAD_CONFIRM,		/* psk differs, or tampering */
	THEMIS_WHY_FULL,		/* a table's bound was reached */
	THEMIS_WHY_KERNEL,		/* the kernel refused the key */
	THEMIS_WHY_NOT_FOUND,		/* the directory does not know the peer */
	THEMIS_WHY_NO_DIRECTORY,	/* the directory does not answer */
	THEMIS_WHY_DENIED,		/* our own node does not want the peer */
	THEMIS_WHY_REFUSED,		/* the peer refuses, for reasons of its own */
	THEMIS_WHY_UNLISTED,		/* ... we are not in its allow list */
	THEMIS_WHY_DENIED_US,		/* ... it denies us */
	THEMIS_WHY_NEW_VERSION,		/* ... its version is newer than ours */
	THEMIS_WHY_OLD_VERSION,		/* ... its version is older */
	THEMIS_WHY_NEW_SUITE,		/* ... its suite is newer than ours */
	THEMIS_WHY_OLD_SUITE,		/* ... its suite is older */
	__THEMIS_WHY_MAX,
};

/**
 * enum themis_action_type - what the owner is asked to do
 * @THEMIS_ACT_SEND: send @packet of @len bytes on @link to @to
 * @THEMIS_ACT_SESSION: SESSION_NEW in the kernel: @node, @peer, @to
 * @THEMIS_ACT_KEY: KEY_NEW in the kernel: @node, @peer, @key
 * @THEMIS_ACT_CONFIRM: KEY_CONFIRM in the kernel: @node, @peer,
 *	@key.local_index
 * @THEMIS_ACT_KEY_DEL: KEY_DEL in the kernel: @node, @peer, @key.local_index
 * @THEMIS_ACT_FAIL: ACQUIRE_FAIL in the kernel: @node, @peer, @why
 * @THEMIS_ACT_SESSION_DEL: SESSION_DEL in the kernel: @node, @peer
 * @THEMIS_ACT_STATE: nothing to do: the peer's state changed (for monitors and
 *	the journal): @node, @peer, @state, @why, and @to where the peer is,
 *	as far as it is known; @tries and @spent_us of an agreement of ours
 *	that failed, where @to is what was asked last
 * @THEMIS_ACT_REKEYED: nothing to do: an established peer has a new key:
 *	@node, @peer, @to
 * @THEMIS_ACT_REFUSED: nothing to do: a REFUSE was sent: @node, @peer, @to,
 *	@why as the peer will have it
 */
enum themis_action_type {
	THEMIS_ACT_SEND,
	THEMIS_ACT_SESSION,
	THEMIS_ACT_KEY,
	THEMIS_ACT_CONFIRM,
	THEMIS_ACT_KEY_DEL,
	THEMIS_ACT_FAIL,
	THEMIS_ACT_SESSION_DEL,
	THEMIS_ACT_REKEYED,
	THEMIS_ACT_REFUSED,
	THEMIS_ACT_STATE,
};

#define THEMIS_ACTS	(THEMIS_ACT_STATE + 1)

enum themis_peer_state {
	THEMIS_PEER_IDLE,		/* configured; nothing tried yet */
	THEMIS_PEER_HANDSHAKING,
	THEMIS_PEER_ESTABLISHED,
	THEMIS_PEER_FAILED,		/* the last agreement failed: why */
};

/**
 * struct themis_core_key - one key as it goes to the kernel
 * @local_index: the index in packets that we receive, not zero
 * @remote_index: the index in packets that we send
 * @flags: THEMIS_KEY_F_*
 * @tx: seals what we send
 * @rx: opens what we receive
 * @soft_ms: age at which to announce, 0 for the kernel's own
 * @hard_ms: age at which to wipe, 0 for the kernel's own
 */
struct themis_core_key {
	uint32_t	local_index;
	uint32_t	remote_index;
	uint32_t	flags;
	uint8_t		tx[THEMIS_KEY_LEN];
	uint8_t		rx[THEMIS_KEY_LEN];
	uint64_t	soft_ms;
	uint64_t	hard_ms;
};

/**
 * struct themis_action - one thing for the owner to do
 * @type: what; it tells which of the others mean anything
 * @node: the local node
 * @peer: the other
 * @link: UDP port of the link to send on, host order
 * @to: where to send, or where the peer is
 * @state: the peer's new state
 * @why: what failed
 * @tries: how often message 1 was sent
 * @spent_us: for how long
 * @key: the key; in THEMIS_ACT_SEND and THEMIS_ACT_SESSION only the indices of
 *	the agreement, zero in a COOKIE
 * @len: length of @packet in bytes
 * @packet: the payload of UDP
 *
 * Holds secrets when @type is THEMIS_ACT_KEY: themis_core_action_done() wipes.
 */
struct themis_action {
	enum themis_action_type	type;
	struct themis_id	node;
	struct themis_id	peer;
	uint16_t		link;
	union themis_endpoint	to;
	enum themis_peer_state	state;
	enum themis_why		why;
	unsigned int		tries;
	uint64_t		spent_us;
	struct themis_core_key	key;
	size_t			len;
	uint8_t			packet[THEMIS_PKT_INIT_LEN];
};

/**
 * struct themis_peer_info - one row of the table of peers
 * @node: the local node
 * @peer: the other
 * @endpoint: where it last proved itself, else where it is configured
 * @state: where things stand
 * @why: the last failure
 * @asked: where the last own message 1 went, AF_UNSPEC before the first
 * @configured: the owner named it; else it came by itself
 * @denied: the owner wants nothing to do with it
 * @has_psk: there is a pre-shared key
 * @since_us: when the state was entered
 * @handshake_us: last success; 0 for never
 * @rtt_us: round trip of the last agreement that we began and that took one
 *	message 1; 0 for unknown
 * @tries: how often the last own message 1 was sent
 * @spent_us: how long the last agreement of ours that failed took; 0 for none
 */
struct themis_peer_info {
	struct themis_id	node;
	struct themis_id	peer;
	union themis_endpoint	endpoint;
	union themis_endpoint	asked;
	enum themis_peer_state	state;
	enum themis_why		why;
	bool			configured;
	bool			denied;
	bool			has_psk;
	uint64_t		since_us;
	uint64_t		handshake_us;
	uint64_t		rtt_us;
	unsigned int		tries;
	uint64_t		spent_us;
};

/* Upper ends of all but the last bucket, microseconds. */
#define THEMIS_RTT_BOUNDS	{ 250, 500, 1000, 2500, 5000, 10000, 25000,  \
				  50000, 100000, 250000, 500000, 1000000,    \
				  2500000 }
#define THEMIS_RTT_BUCKETS	14

/**
 * struct themis_rtt - how long things took: round trips of agreements, ...
 * @bucket: how many, by THEMIS_RTT_BOUNDS; the last has those above
 * @count: of all
 * @sum_us: of all
 */
struct themis_rtt {
	uint64_t	bucket[THEMIS_RTT_BUCKETS];
	uint64_t	count;
	uint64_t	sum_us;
};

void themis_rtt_count(struct themis_rtt *rtt, uint64_t us);

struct themis_core *themis_core_new(const struct themis_core_config *config);
void themis_core_free(struct themis_core *core);

/* Local nodes. @seed: 32 bytes of Ed25519 seed, copied to guarded memory. */
int themis_core_node_add(struct themis_core *core, const uint8_t seed[32],
			 const uint8_t *netid, size_t netid_len, uint16_t link,
			 struct themis_id *id);
int themis_core_node_del(struct themis_core *core, uint64_t now,
			 const struct themis_id *node);
/* What a node says of itself: its key, and its signature, 64 bytes. */
int themis_core_node_key(struct themis_core *core,
			 const struct themis_id *node, uint8_t key[32]);
int themis_core_sign(struct themis_core *core, const struct themis_id *node,
		     uint8_t signature[64], const uint8_t *b, size_t len);

/* Configured peers. @endpoint and @psk may be NULL. */
int themis_core_peer_add(struct themis_core *core, uint64_t now,
			 const struct themis_id *node,
			 const struct themis_id *peer,
			 const union themis_endpoint *endpoint,
			 const uint8_t *psk);
int themis_core_peer_del(struct themis_core *core, uint64_t now,
			 const struct themis_id *node,
			 const struct themis_id *peer);
/*
 * Who may speak with a node: anybody who is not denied, or of those only the
 * configured ones. Either ends what is in progress with those who may no
 * longer; their sessions in the kernel are the owner's to remove.
 */
int themis_core_node_allow(struct themis_core *core, uint64_t now,
			   const struct themis_id *node, bool listed);
int themis_core_peer_deny(struct themis_core *core, uint64_t now,
			  const struct themis_id *node,
			  const struct themis_id *peer, bool denied);
bool themis_core_allowed(struct themis_core *core,
			 const struct themis_id *node,
			 const struct themis_id *peer);
int themis_core_peer_get(struct themis_core *core,
			 const struct themis_id *node,
			 const struct themis_id *peer,
			 struct themis_peer_info *info);
/* Walks all peers; stops when @cb returns non-zero, and returns that. */
int themis_core_peers(struct themis_core *core,
		      int (*cb)(void *ctx, const struct themis_peer_info *info),
		      void *ctx);

/* What a directory knows: learn.c. */
int themis_core_peer_learn(struct themis_core *core, uint64_t now,
			   const struct themis_id *node,
			   const struct themis_id *peer,
			   const union themis_endpoint *endpoint);
bool themis_core_locatable(struct themis_core *core,
			   const struct themis_id *node,
			   const struct themis_id *peer);
void themis_core_acquire_fail(struct themis_core *core, uint64_t now,
			      const struct themis_id *node,
			      const struct themis_id *peer,
			      enum themis_why why);

/* Inputs. Each may put actions on the queue. */
void themis_core_packet(struct themis_core *core, uint64_t now, uint16_t link,
			const union themis_endpoint *from,
			const uint8_t *packet, size_t len);
void themis_core_acquire(struct themis_core *core, uint64_t now,
			 const struct themis_id *node,
			 const struct themis_id *peer);
/* Packets come faster than they are looked at: let senders prove addresses. */
void themis_core_busy(struct themis_core *core, uint64_t now);
/* The ways have changed: ask again at once where we wait for an answer. */
void themis_core_moved(struct themis_core *core, uint64_t now);
/* From the kernel's SESSION_NTF; @key may be NULL where the event has none. */
void themis_core_event(struct themis_core *core, uint64_t now,
		       const struct themis_id *node,
		       const struct themis_id *peer,
		       enum themis_event event,
		       const struct themis_core_key *key,
		       const union themis_endpoint *endpoint);
/* A session that the kernel holds already when the daemon starts. */
void themis_core_adopt(struct themis_core *core, uint64_t now,
		       const struct themis_id *node,
		       const struct themis_id *peer,
		       const union themis_endpoint *endpoint,
		       bool established);
/* The kernel refused an action: errno, positive. */
void themis_core_refused(struct themis_core *core, uint64_t now,
			 const struct themis_action *action, int error);
void themis_core_timer(struct themis_core *core, uint64_t now);

/* Outputs. */
struct themis_action *themis_core_action(struct themis_core *core);
void themis_core_action_done(struct themis_core *core,
			     struct themis_action *action);
/* When themis_core_timer() wants to be called next; UINT64_MAX for never. */
uint64_t themis_core_deadline(const struct themis_core *core);

/* What failed, without a full stop; and the next step, a sentence. */
const char *themis_core_why_text(enum themis_why why);
const char *themis_core_why_hint(enum themis_why why);

/* Counters: from 1 to __THEMIS_N_MAX - 1; the names are NULL past the last. */
uint64_t themis_core_counter(const struct themis_core *core,
			     enum themis_core_counter counter);
/* Agreements of ours that came to nothing, by cause. */
uint64_t themis_core_failures(const struct themis_core *core,
			      enum themis_why why);
const struct themis_rtt *themis_core_rtt(const struct themis_core *core);
const char *themis_core_counter_name(enum themis_core_counter counter);
const char *themis_core_counter_help(enum themis_core_counter counter);

#endif /* THEMIS_CORE_H */
