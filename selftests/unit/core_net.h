/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cores against each other: a virtual clock, a network that loses, repeats and
 * delays what it is told to, and under each core a model of what the kernel
 * promises in its uapi header: three slots for keys, packets that wait.
 */
#ifndef CORE_NET_H
#define CORE_NET_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core.h"
#include "wire.h"

#define MS		1000ULL
#define SECOND		(1000 * MS)

#define NET_SIDES	3
#define NET_SESSIONS	8
#define NET_FLIGHT	256
#ifndef NET_SEEN
#define NET_SEEN	8192
#endif
#define NET_LINK	7000

/* What the network does with a packet before it is on its way. */
enum net_verdict {
	NET_PASS,
	NET_DROP,
	NET_TWICE,
};

/* A sealed message, as far as the model goes: it shows the key it is under. */
struct net_data {
	uint8_t		head[8];
	uint64_t	seq;
	uint8_t		key[THEMIS_KEY_LEN];
	uint8_t		keepalive;
};

struct net_packet {
	uint64_t		at;
	uint64_t		order;
	union themis_endpoint	from;
	union themis_endpoint	to;
	size_t			len;
	uint8_t			b[THEMIS_PKT_INIT_LEN];
};

struct net_key {
	bool		used;
	uint32_t	local;
	uint32_t	remote;
	uint32_t	flags;
	uint8_t		tx[THEMIS_KEY_LEN];
	uint8_t		rx[THEMIS_KEY_LEN];
	uint64_t	tx_seq;
	uint64_t	rx_seq;
	uint64_t	soft_ms;
	uint64_t	hard_ms;
};

struct net_session {
	bool			used;
	struct themis_id	node;
	struct themis_id	peer;
	union themis_endpoint	endpoint;
	struct net_key		slot[__THEMIS_SLOT_MAX];
	bool			acquiring;
	unsigned int		waiting;
};

struct net;

/**
 * struct net_side - one machine
 * @net: where it is
 * @core: under test
 * @rng: state of its random source
 * @id: its node
 * @seed: the node's
 * @at: its endpoint
 * @session: the kernel's
 * @seen: keys ever installed
 * @n_seen: how many
 * @received: messages that arrived for an application
 * @failed: THEMIS_ACT_FAIL carried out
 * @why: of the last one
 * @state: the last THEMIS_ACT_STATE
 * @state_why: of the same
 * @acts: actions carried out, by type
 * @refuse: errno for the next THEMIS_ACT_KEY, or 0
 * @refuse_type: or for the next action of this type
 */
struct net_side {
	struct net		*net;
	struct themis_core	*core;
	uint64_t		rng;
	struct themis_id	id;
	uint8_t			seed[32];
	union themis_endpoint	at;
	struct net_session	session[NET_SESSIONS];
	uint8_t			seen[NET_SEEN][THEMIS_KEY_LEN];
	unsigned int		n_seen;
	unsigned int		received;
	unsigned int		failed;
	enum themis_why		why;
	enum themis_peer_state	state;
	enum themis_why		state_why;
	unsigned int		acts[THEMIS_ACTS];
	int			refuse;
	enum themis_action_type	refuse_type;
};

/**
 * struct net - the world
 * @now: microseconds
 * @side: machines
 * @flight: packets on their way
 * @n_flight: how many
 * @order: of the next packet
 * @delay: of the network, one way
 * @verdict: asked about each packet, if set; may change it
 * @ctx: for @verdict
 * @sent: packets of the key agreement sent, by type
 * @last: the last of each type
 * @last_len: its length; 0 for none yet
 */
struct net {
	uint64_t		now;
	struct net_side		side[NET_SIDES];
	struct net_packet	flight[NET_FLIGHT];
	unsigned int		n_flight;
	uint64_t		order;
	uint64_t		delay;
	enum net_verdict	(*verdict)(struct net *net,
					   struct net_packet *packet);
	void			*ctx;
	unsigned int		sent[THEMIS_PKT_REFUSE + 1];
	struct net_packet	last[THEMIS_PKT_REFUSE + 1];
};

extern const uint8_t net_netid[4];

/* The world with NET_SIDES machines that do not know each other. */
struct net *net_new(uint64_t seed);
void net_free(struct net *net);
/* A new core for a machine; what its kernel holds stays. */
void net_restart(struct net_side *side, unsigned int max_peers,
		 unsigned int max_pending);
void net_random(void *ctx, void *buf, size_t len);
union themis_endpoint net_endpoint(uint32_t address, uint16_t port);

/* Configures each other, @psk may be NULL. */
void net_introduce(struct net_side *a, struct net_side *b,
		   const uint8_t *psk);

/* Carries out all actions. */
void net_drain(struct net_side *side);
/* A packet arrives now, past the network. */
void net_inject(struct net_side *side, const union themis_endpoint *from,
		const void *packet, size_t len);
/* An application sends a message. */
void net_send(struct net_side *from, struct net_side *to);
/* The current key reaches its soft limit; the session loses all keys. */
void net_rekey(struct net_side *side, struct net_side *peer);
void net_expire(struct net_side *side, struct net_side *peer);
/* Until nothing is on its way and no timer is due before @until. */
void net_run(struct net *net, uint64_t until);

struct net_session *net_session(struct net_side *side, struct net_side *peer);
struct net_key *net_current(struct net_side *side, struct net_side *peer);
struct themis_peer_info net_peer(struct net_side *side,
				 struct net_side *peer);
uint64_t net_count(struct net_side *side, enum themis_core_counter counter);

/* Asserts that both have the same current key, each the other way round. */
void net_assert_agreed(struct net_side *a, struct net_side *b);
/* Asserts that keys of the same indices are the same, in all slots. */
void net_assert_consistent(struct net *net);
/* Asserts that @side did nothing at all since its actions were counted. */
unsigned int net_acts(const struct net_side *side);

#endif /* CORE_NET_H */
