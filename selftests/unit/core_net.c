// SPDX-License-Identifier: GPL-2.0
/*
 * Cores against each other, over a network and kernels that are models.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core_net.h"

const uint8_t net_netid[4] = "mesh";

union themis_endpoint net_endpoint(uint32_t address, uint16_t port)
{
	union themis_endpoint endpoint = { 0 };

	endpoint.in.sin_family = AF_INET;
	endpoint.in.sin_port = htons(port);
	endpoint.in.sin_addr.s_addr = htonl(address);
	return endpoint;
}

/* splitmix64: the same bytes every time. */
void net_random(void *ctx, void *buf, size_t len)
{
	uint64_t *state = ctx, z = 0;
	uint8_t *b = buf;
	size_t i;

	for (i = 0; i < len; i++) {
		if (i % 8 == 0) {
			*state += 0x9e3779b97f4a7c15ULL;
			z = *state;
			z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
			z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
			z ^= z >> 31;
		}
		b[i] = z >> 8 * (i % 8);
	}
}

void net_restart(struct net_side *side, unsigned int max_peers,
		 unsigned int max_pending)
{
	const struct themis_core_config config = {
		.random = net_random,
		.random_ctx = &side->rng,
		.max_peers = max_peers,
		.max_pending = max_pending,
	};

	themis_core_free(side->core);
	side->core = themis_core_new(&config);
	assert_non_null(side->core);
	assert_int_equal(0, themis_core_node_add(side->core, side->seed,
						 net_netid, sizeof(net_netid),
						 NET_LINK, &side->id));
}

struct net *net_new(uint64_t seed)
{
	struct net *net = calloc(1, sizeof(*net));
	struct net_side *side;
	int i;

	assert_non_null(net);
	net->now = SECOND;
	net->delay = 10 * MS;
	for (i = 0; i < NET_SIDES; i++) {
		side = &net->side[i];
		side->net = net;
		side->rng = seed * NET_SIDES + i;
		side->at = net_endpoint(0xc0000201 + i, NET_LINK);
		net_random(&side->rng, side->seed, sizeof(side->seed));
		net_restart(side, 64, 32);
	}
	return net;
}

void net_free(struct net *net)
{
	int i;

	for (i = 0; i < NET_SIDES; i++)
		themis_core_free(net->side[i].core);
	free(net);
}

void net_introduce(struct net_side *a, struct net_side *b, const uint8_t *psk)
{
	uint64_t now = a->net->now;

	assert_int_equal(0, themis_core_peer_add(a->core, now, &a->id, &b->id,
						 &b->at, psk));
	assert_int_equal(0, themis_core_peer_add(b->core, now, &b->id, &a->id,
						 &a->at, psk));
}

static void fly(struct net *net, const struct net_packet *packet)
{
	struct net_packet *new;

	assert_true(net->n_flight < NET_FLIGHT);
	new = &net->flight[net->n_flight++];
	*new = *packet;
	new->order = net->order++;
}

static void transmit(struct net *net, const struct net_side *from,
		     const union themis_endpoint *to, const void *b,
		     size_t len)
{
	struct net_packet packet = { 0 };
	uint8_t type = *(const uint8_t *)b;
	enum net_verdict verdict = NET_PASS;

	packet.at = net->now + net->delay;
	packet.from = from->at;
	packet.to = *to;
	packet.len = len;
	memcpy(packet.b, b, len);
	if (type <= THEMIS_PKT_REFUSE) {
		net->sent[type]++;
		net->last[type] = packet;
	}
	if (net->verdict)
		verdict = net->verdict(net, &packet);
	if (verdict == NET_DROP)
		return;
	fly(net, &packet);
	if (verdict == NET_TWICE)
		fly(net, &packet);
}

/* ---------------------------------------------------------------- kernel */

static struct net_session *find(struct net_side *side,
				const struct themis_id *node,
				const struct themis_id *peer, bool make)
{
	struct net_session *s, *unused = NULL;
	int i;

	for (i = 0; i < NET_SESSIONS; i++) {
		s = &side->session[i];
		if (!s->used)
			unused = unused ? unused : s;
		else if (themis_id_equal(&s->node, node) &&
			 themis_id_equal(&s->peer, peer))
			return s;
	}
	if (!make)
		return NULL;
	assert_non_null(unused);
	memset(unused, 0, sizeof(*unused));
	unused->used = true;
	unused->node = *node;
	unused->peer = *peer;
	return unused;
}

static void event(struct net_side *side, struct net_session *s,
		  enum themis_event what, const struct net_key *key)
{
	struct themis_core_key out = { 0 };

	if (key) {
		out.local_index = key->local;
		out.remote_index = key->remote;
		out.flags = key->flags;
	}
	themis_core_event(side->core, side->net->now, &s->node, &s->peer, what,
			  key ? &out : NULL,
			  s->endpoint.sa.sa_family ? &s->endpoint : NULL);
}

static void seal(struct net_side *side, struct net_session *s,
		 struct net_key *key, bool keepalive)
{
	struct net_data data = { 0 };

	data.head[0] = THEMIS_PKT_DATA;
	themis_wire_put32(data.head + 4, key->remote);
	data.seq = ++key->tx_seq;
	memcpy(data.key, key->tx, sizeof(data.key));
	data.keepalive = keepalive;
	transmit(side->net, side, &s->endpoint, &data, sizeof(data));
}

/* What the session may send on. */
static struct net_key *usable(struct net_session *s)
{
	struct net_key *next = &s->slot[THEMIS_SLOT_NEXT];

	if (s->slot[THEMIS_SLOT_CURRENT].used)
		return &s->slot[THEMIS_SLOT_CURRENT];
	return next->used && next->flags & THEMIS_KEY_F_SEND ? next : NULL;
}

static void flush(struct net_side *side, struct net_session *s)
{
	struct net_key *key = usable(s);

	s->acquiring = false;
	for (; key && s->waiting; s->waiting--)
		seal(side, s, key, false);
}

static void promote(struct net_session *s, const struct net_key *key)
{
	struct net_key copy = *key;

	if (s->slot[THEMIS_SLOT_CURRENT].used)
		s->slot[THEMIS_SLOT_PREVIOUS] = s->slot[THEMIS_SLOT_CURRENT];
	s->slot[THEMIS_SLOT_CURRENT] = copy;
}

static struct net_key *own_key(struct net_session *s, uint32_t local)
{
	int i;

	for (i = 0; s && i < __THEMIS_SLOT_MAX; i++)
		if (s->slot[i].used && s->slot[i].local == local)
			return &s->slot[i];
	return NULL;
}

static void proven(struct net_side *side, struct net_session *s,
		   struct net_key *key)
{
	bool up = !s->slot[THEMIS_SLOT_CURRENT].used;
	struct net_key copy;

	if (key->flags & THEMIS_KEY_F_CONFIRMED)
		return;
	key->flags |= THEMIS_KEY_F_CONFIRMED;
	copy = *key;
	if (key == &s->slot[THEMIS_SLOT_NEXT]) {
		promote(s, key);
		memset(key, 0, sizeof(*key));
	}
	if (up)
		event(side, s, THEMIS_EVENT_UP, &copy);
	event(side, s, THEMIS_EVENT_CONFIRMED, &copy);
}

static bool seen(const struct net_side *side, const uint8_t *key)
{
	unsigned int i;

	for (i = 0; i < side->n_seen; i++)
		if (!memcmp(side->seen[i], key, THEMIS_KEY_LEN))
			return true;
	return false;
}

static int key_new(struct net_side *side, const struct themis_action *act)
{
	struct net_session *s = find(side, &act->node, &act->peer, false);
	struct net_key key = { 0 };
	bool up;

	if (!s)
		return -ENOENT;
	up = !s->slot[THEMIS_SLOT_CURRENT].used;
	/* The core must never do this, whatever the network does. */
	assert_false(seen(side, act->key.tx));
	assert_false(seen(side, act->key.rx));
	assert_memory_not_equal(act->key.tx, act->key.rx, THEMIS_KEY_LEN);
	assert_true(side->n_seen + 2 <= NET_SEEN);
	memcpy(side->seen[side->n_seen++], act->key.tx, THEMIS_KEY_LEN);
	memcpy(side->seen[side->n_seen++], act->key.rx, THEMIS_KEY_LEN);

	assert_int_not_equal(act->key.local_index, 0);
	assert_int_not_equal(act->key.remote_index, 0);
	key.used = true;
	key.local = act->key.local_index;
	key.remote = act->key.remote_index;
	key.flags = act->key.flags;
	key.soft_ms = act->key.soft_ms;
	key.hard_ms = act->key.hard_ms;
	memcpy(key.tx, act->key.tx, sizeof(key.tx));
	memcpy(key.rx, act->key.rx, sizeof(key.rx));

	up &= !!(key.flags & (THEMIS_KEY_F_CONFIRMED | THEMIS_KEY_F_SEND));
	if (up)
		event(side, s, THEMIS_EVENT_UP, &key);
	if (key.flags & THEMIS_KEY_F_CONFIRMED) {
		promote(s, &key);
		flush(side, s);
		seal(side, s, &s->slot[THEMIS_SLOT_CURRENT], true);
	} else if (key.flags & THEMIS_KEY_F_SEND &&
		   !s->slot[THEMIS_SLOT_CURRENT].used) {
		promote(s, &key);
		flush(side, s);
	} else {
		s->slot[THEMIS_SLOT_NEXT] = key;
	}
	return 0;
}

static int key_confirm(struct net_side *side, const struct themis_action *act)
{
	struct net_session *s = find(side, &act->node, &act->peer, false);
	struct net_key *key = own_key(s, act->key.local_index);

	if (!key)
		return -ENOENT;
	proven(side, s, key);
	flush(side, s);
	seal(side, s, &s->slot[THEMIS_SLOT_CURRENT], true);
	return 0;
}

static int key_del(struct net_side *side, const struct themis_action *act)
{
	struct net_session *s = find(side, &act->node, &act->peer, false);
	struct net_key *key = own_key(s, act->key.local_index);

	if (!key)
		return -ENOENT;
	memset(key, 0, sizeof(*key));
	return 0;
}

static int carry_out(struct net_side *side, const struct themis_action *act)
{
	struct net_session *s;
	int err;

	side->acts[act->type]++;
	if (side->refuse && side->refuse_type == act->type) {
		err = -side->refuse;
		side->refuse = 0;
		return err;
	}
	switch (act->type) {
	case THEMIS_ACT_SEND:
		assert_int_equal(act->link, NET_LINK);
		transmit(side->net, side, &act->to, act->packet, act->len);
		return 0;
	case THEMIS_ACT_SESSION:
		s = find(side, &act->node, &act->peer, true);
		s->endpoint = act->to;
		return 0;
	case THEMIS_ACT_KEY:
		return key_new(side, act);
	case THEMIS_ACT_CONFIRM:
		return key_confirm(side, act);
	case THEMIS_ACT_KEY_DEL:
		return key_del(side, act);
	case THEMIS_ACT_FAIL:
		side->failed++;
		side->why = act->why;
		s = find(side, &act->node, &act->peer, false);
		if (!s)
			return -ENOENT;
		s->acquiring = false;
		s->waiting = 0;
		return 0;
	case THEMIS_ACT_SESSION_DEL:
		s = find(side, &act->node, &act->peer, false);
		if (!s)
			return -ENOENT;
		memset(s, 0, sizeof(*s));
		return 0;
	case THEMIS_ACT_REKEYED:
	case THEMIS_ACT_REFUSED:
		return 0;
	case THEMIS_ACT_STATE:
		side->state = act->state;
		side->state_why = act->why;
		return 0;
	}
	fail_msg("action of unknown type %d", act->type);
	return 0;
}

void net_drain(struct net_side *side)
{
	static const uint8_t zero[THEMIS_KEY_LEN];
	struct themis_action *act;
	int err;

	while ((act = themis_core_action(side->core))) {
		err = carry_out(side, act);
		if (err)
			themis_core_refused(side->core, side->net->now, act,
					    -err);
		themis_core_action_done(side->core, act);
		/* The memory stays the core's, so this is a fair look. */
		assert_memory_equal(act->key.tx, zero, sizeof(zero));
		assert_memory_equal(act->key.rx, zero, sizeof(zero));
	}
}

static void receive_data(struct net_side *side,
			 const struct net_packet *packet)
{
	struct net_data data;
	struct net_session *s;
	struct net_key *key;
	int i;

	memcpy(&data, packet->b, sizeof(data));
	for (i = 0; i < NET_SESSIONS; i++) {
		s = &side->session[i];
		key = s->used ? own_key(s, themis_wire_get32(data.head + 4)) :
				NULL;
		if (!key || memcmp(key->rx, data.key, sizeof(data.key)) ||
		    data.seq <= key->rx_seq)
			continue;
		key->rx_seq = data.seq;
		side->received += !data.keepalive;
		proven(side, s, key);
		flush(side, s);
		return;
	}
}

/* ------------------------------------------------------------------ world */

void net_inject(struct net_side *side, const union themis_endpoint *from,
		const void *packet, size_t len)
{
	themis_core_packet(side->core, side->net->now, NET_LINK, from, packet,
			   len);
	net_drain(side);
}

void net_send(struct net_side *from, struct net_side *to)
{
	struct net_session *s = find(from, &from->id, &to->id, true);
	struct net_key *key = usable(s);

	if (key) {
		seal(from, s, key, false);
		return;
	}
	s->waiting++;
	if (s->acquiring)
		return;
	s->acquiring = true;
	themis_core_acquire(from->core, from->net->now, &from->id, &to->id);
	net_drain(from);
}

void net_rekey(struct net_side *side, struct net_side *peer)
{
	struct net_session *s = net_session(side, peer);

	event(side, s, THEMIS_EVENT_REKEY, &s->slot[THEMIS_SLOT_CURRENT]);
	net_drain(side);
}

void net_expire(struct net_side *side, struct net_side *peer)
{
	struct net_session *s = net_session(side, peer);

	memset(s->slot, 0, sizeof(s->slot));
	event(side, s, THEMIS_EVENT_EXPIRED, NULL);
	net_drain(side);
}

static void arrive(struct net *net, const struct net_packet *packet)
{
	struct net_side *side;
	int i;

	for (i = 0; i < NET_SIDES; i++) {
		side = &net->side[i];
		if (memcmp(&side->at, &packet->to, sizeof(side->at)))
			continue;
		if (packet->b[0] == THEMIS_PKT_DATA)
			receive_data(side, packet);
		else
			themis_core_packet(side->core, net->now, NET_LINK,
					   &packet->from, packet->b,
					   packet->len);
		net_drain(side);
	}
}

/* The next packet to arrive, or -1. */
static int next_packet(const struct net *net)
{
	const struct net_packet *a, *b;
	int best = -1;
	unsigned int i;

	for (i = 0; i < net->n_flight; i++) {
		a = &net->flight[i];
		b = best < 0 ? NULL : &net->flight[best];
		if (!b || a->at < b->at ||
		    (a->at == b->at && a->order < b->order))
			best = i;
	}
	return best;
}

void net_run(struct net *net, uint64_t until)
{
	struct net_packet packet;
	struct net_side *side;
	uint64_t when, t;
	int i, next;

	for (;;) {
		next = next_packet(net);
		when = next < 0 ? UINT64_MAX : net->flight[next].at;
		side = NULL;
		for (i = 0; i < NET_SIDES; i++) {
			t = themis_core_deadline(net->side[i].core);
			if (t < when) {
				when = t;
				side = &net->side[i];
			}
		}
		if (when > until)
			break;
		if (net->now < when)
			net->now = when;
		if (side) {
			themis_core_timer(side->core, net->now);
			net_drain(side);
		} else {
			packet = net->flight[next];
			net->flight[next] = net->flight[--net->n_flight];
			arrive(net, &packet);
		}
		net_assert_consistent(net);
	}
	if (net->now < until)
		net->now = until;
}

struct net_session *net_session(struct net_side *side, struct net_side *peer)
{
	struct net_session *s = find(side, &side->id, &peer->id, false);

	assert_non_null(s);
	return s;
}

struct net_key *net_current(struct net_side *side, struct net_side *peer)
{
	return &net_session(side, peer)->slot[THEMIS_SLOT_CURRENT];
}

struct wanted {
	const struct themis_id	*id;
	struct themis_peer_info	info;
};

static int match(void *ctx, const struct themis_peer_info *info)
{
	struct wanted *wanted = ctx;

	if (!themis_id_equal(&info->peer, wanted->id))
		return 0;
	wanted->info = *info;
	return 1;
}

struct themis_peer_info net_peer(struct net_side *side, struct net_side *peer)
{
	struct wanted wanted = { .id = &peer->id };

	assert_int_equal(1, themis_core_peers(side->core, match, &wanted));
	return wanted.info;
}

uint64_t net_count(struct net_side *side, enum themis_core_counter counter)
{
	return themis_core_counter(side->core, counter);
}

void net_assert_agreed(struct net_side *a, struct net_side *b)
{
	const struct net_key *x = net_current(a, b), *y = net_current(b, a);

	assert_true(x->used);
	assert_true(y->used);
	assert_int_equal(x->local, y->remote);
	assert_int_equal(x->remote, y->local);
	assert_memory_equal(x->tx, y->rx, THEMIS_KEY_LEN);
	assert_memory_equal(x->rx, y->tx, THEMIS_KEY_LEN);
	assert_int_equal(net_peer(a, b).state, THEMIS_PEER_ESTABLISHED);
	assert_int_equal(net_peer(b, a).state, THEMIS_PEER_ESTABLISHED);
}

static void compare_keys(const struct net_key *x, const struct net_key *y)
{
	if (!x->used || !y->used || x->local != y->remote ||
	    x->remote != y->local)
		return;
	assert_memory_equal(x->tx, y->rx, THEMIS_KEY_LEN);
	assert_memory_equal(x->rx, y->tx, THEMIS_KEY_LEN);
}

void net_assert_consistent(struct net *net)
{
	struct net_session *x, *y;
	struct net_side *a, *b;
	int i, j, k, l;

	for (i = 0; i < NET_SIDES; i++) {
		for (j = i + 1; j < NET_SIDES; j++) {
			a = &net->side[i];
			b = &net->side[j];
			x = find(a, &a->id, &b->id, false);
			y = find(b, &b->id, &a->id, false);
			if (!x || !y)
				continue;
			for (k = 0; k < __THEMIS_SLOT_MAX; k++)
				for (l = 0; l < __THEMIS_SLOT_MAX; l++)
					compare_keys(&x->slot[k], &y->slot[l]);
		}
	}
}

unsigned int net_acts(const struct net_side *side)
{
	unsigned int i, n = 0;

	for (i = 0; i < THEMIS_ACTS; i++)
		n += side->acts[i];
	return n;
}
