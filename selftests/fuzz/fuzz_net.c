// SPDX-License-Identifier: GPL-2.0
/*
 * Three cores against each other through a hostile network. The input is the
 * attacker: three bytes a step, what is done and to what. It delivers, drops,
 * doubles, reorders, redirects, flips, splices and replays packets, is two
 * strangers with keys of their own, has time pass, and has the owners of the
 * nodes add, remove, deny and restart. The kernels below the cores are models.
 *
 * Told after each step: keys of the same indices are the same at both ends; no
 * key is installed twice (in the model); all tables are within their bounds; no
 * answer is longer than its question; what nobody has signed is not answered.
 * At the end the attacker rests, and then two nodes that want to agree do.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "core_net.h"
#include "core_outsider.h"
#include "state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STEPS		160
#define ARCHIVE		512
#define STRANGERS	2
#define PEERS		8
#define PENDING		6
#define NEVER		(1000000 * SECOND)
#define COOKIE_AT	offsetof(struct themis_init, cookie)

static const uint8_t psk[32] = { 7 };

/**
 * struct attacker - what it has seen, and what it watches
 * @seen: packets of the key agreement that nodes or strangers have made
 * @n: how many
 * @told: bytes of the key agreement that nodes have sent in this step
 * @cookies: how many of these packets were COOKIE
 * @stranger: the identities that it has
 */
struct attacker {
	struct net_packet	seen[ARCHIVE];
	unsigned int		n;
	size_t			told;
	unsigned int		cookies;
	struct outsider		stranger[STRANGERS];
};

static struct attacker attacker;
static struct net *net;

static void remember(const struct net_packet *packet)
{
	if (attacker.n < ARCHIVE)
		attacker.seen[attacker.n++] = *packet;
}

static enum net_verdict overhear(struct net *n, struct net_packet *packet)
{
	if (packet->b[0] <= THEMIS_PKT_REFUSE) {
		attacker.told += packet->len;
		attacker.cookies += packet->b[0] == THEMIS_PKT_COOKIE;
		remember(packet);
	}
	return n->n_flight < NET_FLIGHT / 2 ? NET_PASS : NET_DROP;
}

/* Whether somebody with a key has made it: all of it but the cookie. */
static bool genuine(const struct net_packet *packet)
{
	size_t len = packet->b[0] == THEMIS_PKT_INIT ? COOKIE_AT : packet->len;
	unsigned int i;

	/* Beyond that we do not know. */
	if (attacker.n == ARCHIVE || packet->b[0] == THEMIS_PKT_COOKIE)
		return true;
	for (i = 0; i < attacker.n; i++)
		if (attacker.seen[i].len == packet->len &&
		    !memcmp(attacker.seen[i].b, packet->b, len))
			return true;
	return false;
}

static unsigned int acts(const struct net_side *side)
{
	return side->acts[THEMIS_ACT_SESSION] + side->acts[THEMIS_ACT_KEY] +
	       side->acts[THEMIS_ACT_CONFIRM] +
	       side->acts[THEMIS_ACT_KEY_DEL] +
	       side->acts[THEMIS_ACT_SESSION_DEL] +
	       side->acts[THEMIS_ACT_STATE];
}

/* A packet of the key agreement comes to a node. */
static void hand_over(struct net_side *side, const struct net_packet *packet)
{
	bool armed = side->refuse, made = genuine(packet);
	unsigned int before = acts(side);

	attacker.told = 0;
	attacker.cookies = 0;
	net_inject(side, &packet->from, packet->b, packet->len);
	/* A COOKIE has message 1 sent again, between two of its times once. */
	if (!armed && packet->b[0] != THEMIS_PKT_COOKIE)
		assert_true(attacker.told <= packet->len);
	if (made)
		return;
	assert_int_equal(attacker.told,
			 attacker.cookies * sizeof(struct themis_cookie));
	assert_int_equal(acts(side), before);
}

static struct net_side *at(const union themis_endpoint *to)
{
	int i;

	for (i = 0; i < NET_SIDES; i++)
		if (!memcmp(&net->side[i].at, to, sizeof(*to)))
			return &net->side[i];
	return NULL;
}

static struct net_session *session(struct net_side *side,
				   const struct themis_id *peer)
{
	int i;

	for (i = 0; i < NET_SESSIONS; i++)
		if (side->session[i].used &&
		    themis_id_equal(&side->session[i].peer, peer))
			return &side->session[i];
	return NULL;
}

/* Takes a packet off its way. */
static struct net_packet take(unsigned int n)
{
	struct net_packet packet = net->flight[n];

	net->flight[n] = net->flight[--net->n_flight];
	return packet;
}

/* Whoever knows whom a message 1 is for can make its probe. */
static void make_probe(struct net_packet *packet)
{
	struct net_side *side = at(&packet->to);
	struct themis_init *init = (struct themis_init *)packet->b;

	if (side && packet->b[0] == THEMIS_PKT_INIT &&
	    packet->len == sizeof(*init))
		crypto_shorthash(init->probe, packet->b,
				 offsetof(struct themis_init, probe),
				 side->id.b);
}

static void deliver(unsigned int n)
{
	struct net_packet packet;
	struct net_side *side;

	if (net->flight[n].b[0] > THEMIS_PKT_REFUSE) {
		net->flight[n].at = net->now;
		net_run(net, net->now);
		return;
	}
	packet = take(n);
	side = at(&packet.to);
	if (side)
		hand_over(side, &packet);
}

/* The daemon of a node begins anew, and finds what its kernel has. */
static void restart(struct net_side *side)
{
	struct net_session *s;
	int i;

	net_restart(side, PEERS, PENDING);
	for (i = 0; i < NET_SESSIONS; i++) {
		s = &side->session[i];
		if (!s->used)
			continue;
		themis_core_adopt(side->core, net->now, &s->node, &s->peer,
				  &s->endpoint,
				  s->slot[THEMIS_SLOT_CURRENT].used);
		/* What was waited for was the old daemon's. */
		s->acquiring = false;
		s->waiting = 0;
		net_drain(side);
	}
}

static void forget(struct net_side *side, const struct themis_id *peer)
{
	struct net_session *s = session(side, peer);

	net_drain(side);
	if (s)
		memset(s, 0, sizeof(*s));
}

static void mutate(uint8_t how, uint8_t x, uint8_t y)
{
	struct net_packet *packet = &net->flight[x % net->n_flight];
	const struct net_packet *other;
	size_t i, from, len;

	if (packet->b[0] > THEMIS_PKT_REFUSE)
		return;
	if (how & 1) {
		i = ((how >> 4) * 16 + y / 8) % packet->len;
		packet->b[i] ^= 1 << (y % 8);
		if (packet->b[0] > THEMIS_PKT_REFUSE)
			packet->b[0] = THEMIS_PKT_INIT;
		return;
	}
	if (!attacker.n)
		return;
	other = &attacker.seen[y % attacker.n];
	from = (how >> 4) * 16;
	len = how & 2 ? 32 : 8;
	for (i = from; i < from + len && i < packet->len; i++)
		packet->b[i] = other->b[i];
	if (packet->b[0] > THEMIS_PKT_REFUSE)
		packet->b[0] = THEMIS_PKT_INIT;
}

/* A stranger asks, with a share of its own or one that it has seen. */
static void ask(struct net_side *side, uint8_t how, uint8_t y)
{
	struct outsider *o = &attacker.stranger[how % STRANGERS];
	const struct themis_init *other;
	struct net_packet packet = { 0 };
	struct themis_init init;

	outsider_init(o, &side->id, &init);
	if (how & 2 && attacker.n &&
	    attacker.seen[y % attacker.n].b[0] == THEMIS_PKT_INIT) {
		other = (const void *)attacker.seen[y % attacker.n].b;
		memcpy(init.share, other->share, sizeof(init.share));
		outsider_sign(o, &side->id, &init);
	}
	packet.from = net_endpoint(0xc6336401 + y, NET_LINK);
	packet.to = side->at;
	packet.len = sizeof(init);
	memcpy(packet.b, &init, sizeof(init));
	remember(&packet);
	hand_over(side, &packet);
}

static void owner(struct net_side *side, struct net_side *peer, uint8_t how)
{
	static const enum themis_action_type types[] = {
		THEMIS_ACT_KEY, THEMIS_ACT_SESSION, THEMIS_ACT_CONFIRM,
		THEMIS_ACT_SEND,
	};
	static const int errors[] = { EEXIST, ENOENT, ENOSPC, EINVAL };

	switch (how % 8) {
	case 0:
	case 1:
		themis_core_peer_add(side->core, net->now, &side->id,
				     &peer->id, how & 16 ? NULL : &peer->at,
				     how & 1 ? psk : NULL);
		break;
	case 2:
		themis_core_peer_del(side->core, net->now, &side->id,
				     &peer->id);
		forget(side, &peer->id);
		break;
	case 3:
		themis_core_peer_deny(side->core, net->now, &side->id,
				      &peer->id, how & 16);
		if (how & 16)
			forget(side, &peer->id);
		break;
	case 4:
		themis_core_node_allow(side->core, net->now, &side->id,
				       how & 16);
		break;
	case 5:
		restart(side);
		break;
	case 6:
		side->refuse = errors[how >> 4 & 3];
		side->refuse_type = types[how >> 6];
		break;
	case 7:
		if (how & 16)
			themis_core_moved(side->core, net->now);
		else
			themis_core_busy(side->core, net->now);
		break;
	}
	net_drain(side);
}

static void step(uint8_t op, uint8_t x, uint8_t y)
{
	static const uint64_t times[] = {
		MS, 100 * MS, 500 * MS, SECOND, 2 * SECOND, 5 * SECOND,
		10 * SECOND, 20 * SECOND, 130 * SECOND, 250 * SECOND,
	};
	struct net_side *a = &net->side[x % NET_SIDES];
	struct net_side *b = &net->side[(x + 1 + y % 2) % NET_SIDES];
	struct net_packet packet;
	struct net_session *s;

	switch (op % 16) {
	case 0:
		net_send(a, b);
		return;
	case 1:
		net_run(net, net->now + times[x % 10]);
		return;
	case 2:
		owner(a, b, op >> 4 | y << 4);
		return;
	case 3:
		owner(a, b, y);
		return;
	case 4:
		s = session(a, &b->id);
		if (s && s->slot[THEMIS_SLOT_CURRENT].used)
			net_rekey(a, b);
		return;
	case 5:
		if (session(a, &b->id))
			net_expire(a, b);
		return;
	case 6:
		ask(a, op >> 4, y);
		return;
	case 7:
		if (!attacker.n)
			return;
		packet = attacker.seen[y % attacker.n];
		if (op & 16)
			packet.from = net_endpoint(0xc6336401 + y, NET_LINK);
		hand_over(a, &packet);
		return;
	}
	if (!net->n_flight)
		return;
	x %= net->n_flight;
	switch (op % 16) {
	case 8:
		make_probe(&net->flight[x]);
		deliver(x);
		break;
	case 9:
	case 10:
		deliver(x);
		break;
	case 11:
		take(x);
		break;
	case 12:
		if (net->n_flight < NET_FLIGHT / 2)
			net->flight[net->n_flight++] = net->flight[x];
		break;
	case 13:
	case 14:
		mutate(op, x, y);
		break;
	case 15:
		if (op & 16)
			net->flight[x].from = net_endpoint(0xc6336401 + y,
							   NET_LINK);
		else
			net->flight[x].to = net->side[y % NET_SIDES].at;
		break;
	}
}

static void check_bounds(void)
{
	const struct themis_core *core;
	unsigned int i;

	for (i = 0; i < NET_SIDES; i++) {
		core = net->side[i].core;
		assert_true(core->agrees.used <= PENDING);
		assert_true(core->by_peer.count <= PEERS);
		assert_true(core->by_index.count == core->agrees.used);
		assert_true(core->n_answered <= core->agrees.used);
		assert_int_equal(core->actions.used, 0);
	}
	net_assert_consistent(net);
}

/* The attacker rests; keys age; who wants to agree does. */
static void heal(struct net_side *a, struct net_side *b)
{
	unsigned int received, i;

	net->verdict = NULL;
	net->n_flight = 0;
	net->delay = 10 * MS;
	for (i = 0; i < NET_SIDES; i++)
		net->side[i].refuse = 0;
	net_run(net, net->now + 200 * SECOND);
	if (session(a, &b->id))
		net_expire(a, b);
	if (session(b, &a->id))
		net_expire(b, a);
	net_run(net, net->now + 60 * SECOND);
	net->n_flight = 0;

	themis_core_node_allow(a->core, net->now, &a->id, false);
	themis_core_node_allow(b->core, net->now, &b->id, false);
	net_introduce(a, b, psk);
	themis_core_peer_deny(a->core, net->now, &a->id, &b->id, false);
	themis_core_peer_deny(b->core, net->now, &b->id, &a->id, false);
	net_drain(a);
	net_drain(b);
	received = b->received;
	net_send(a, b);
	net_run(net, net->now + 60 * SECOND);
	assert_true(b->received > received);
	net_assert_agreed(a, b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int i, n = size / 3;

	if (n > STEPS)
		n = STEPS;
	net = net_new(1);
	net->verdict = overhear;
	net->delay = NEVER;
	attacker.n = 0;
	for (i = 0; i < STRANGERS; i++)
		outsider_new(&attacker.stranger[i], i);
	for (i = 0; i < NET_SIDES; i++)
		net_restart(&net->side[i], PEERS, PENDING);
	for (i = 0; i < NET_SIDES; i++)
		net_introduce(&net->side[i], &net->side[(i + 1) % NET_SIDES],
			      NULL);
	for (i = 0; i < n; i++, data += 3) {
		step(data[0], data[1], data[2]);
		check_bounds();
	}
	heal(&net->side[0], &net->side[1]);
	net_free(net);
	return 0;
}
