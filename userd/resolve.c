// SPDX-License-Identifier: GPL-2.0
/*
 * Host names of peers.
 */
#include <ares.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "addr.h"
#include "drive.h"
#include "log.h"
#include "resolve.h"
#include "tell.h"

#define SECOND_US	1000000ULL
#define FIRST_RETRY_S	5
#define QUERY_MS	2000	/* for the first answer of a server */
#define QUERY_TRIES	3

/**
 * struct query - a name that is being looked up
 * @d: the daemon
 * @node: ours
 * @peer: theirs; both may be forgotten meanwhile
 * @where: the peer's text when this began
 * @port: from @where, host order
 */
struct query {
	struct daemon		*d;
	struct themis_id	node;
	struct themis_id	peer;
	char			*where;
	uint16_t		port;
};

/**
 * struct wire - a socket of the library
 * @next: in resolver.wires
 * @io: on the socket
 */
struct wire {
	struct wire	*next;
	ev_io		io;
};

/**
 * struct resolver - all of it
 * @d: the daemon
 * @channel: the library's state while names are looked up, else NULL
 * @wires: its sockets
 * @timer: its timeouts
 * @tick: when the next name is due
 * @running: names that are being looked up
 */
struct resolver {
	struct daemon	*d;
	ares_channel	channel;
	struct wire	*wires;
	ev_timer	timer;
	ev_timer	tick;
	unsigned int	running;
};

static void plan(struct resolver *r);

static void set_tick(struct resolver *r, double after)
{
	ev_timer_stop(r->d->loop, &r->tick);
	ev_timer_set(&r->tick, after, 0);
	ev_timer_start(r->d->loop, &r->tick);
}

static void drop_wire(struct resolver *r, struct wire **at)
{
	struct wire *wire = *at;

	*at = wire->next;
	ev_io_stop(r->d->loop, &wire->io);
	free(wire);
}

/* The library is woken, and told how long it may sleep. */
static void process(struct resolver *r, int readable, int writable)
{
	struct timeval tv, *left;

	ares_process_fd(r->channel, readable, writable);
	ev_timer_stop(r->d->loop, &r->timer);
	left = ares_timeout(r->channel, NULL, &tv);
	if (left) {
		ev_timer_set(&r->timer, (double)left->tv_sec +
			     (double)left->tv_usec / 1e6 + 0.001, 0);
		ev_timer_start(r->d->loop, &r->timer);
	}
	/* It must not be freed by what it calls: later, then. */
	if (!r->running)
		set_tick(r, 0);
}

static void on_wire(struct ev_loop *loop, ev_io *w, int revents)
{
	process(w->data, revents & EV_READ ? w->fd : ARES_SOCKET_BAD,
		revents & EV_WRITE ? w->fd : ARES_SOCKET_BAD);
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	process(w->data, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

/* The library has opened a socket, wants something else of it, or closes it. */
static void on_socket(void *ctx, ares_socket_t fd, int readable, int writable)
{
	struct resolver *r = ctx;
	struct wire **at = &r->wires;
	struct wire *wire;

	while (*at && (*at)->io.fd != fd)
		at = &(*at)->next;
	if (*at)
		drop_wire(r, at);
	if (!readable && !writable)
		return;
	wire = calloc(1, sizeof(*wire));
	if (!wire)
		return;		/* The query will time out. */
	ev_io_init(&wire->io, on_wire, fd, (readable ? EV_READ : 0) |
					   (writable ? EV_WRITE : 0));
	wire->io.data = r;
	wire->next = r->wires;
	r->wires = wire;
	ev_io_start(r->d->loop, &wire->io);
}

static int open_channel(struct resolver *r)
{
	struct ares_options options = {
		.flags = ARES_FLAG_NOCHECKRESP,
		.timeout = QUERY_MS,
		.tries = QUERY_TRIES,
		.sock_state_cb = on_socket,
		.sock_state_cb_data = r,
	};

	return ares_init_options(&r->channel, &options, ARES_OPT_FLAGS |
				 ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
				 ARES_OPT_SOCK_STATE_CB);
}

static void close_channel(struct resolver *r)
{
	if (!r->channel)
		return;
	ares_destroy(r->channel);
	r->channel = NULL;
	ev_timer_stop(r->d->loop, &r->timer);
	while (r->wires)
		drop_wire(r, &r->wires);
}

/*
 * Which of the addresses to use: the one in use, if it is still there and
 * answers; else the one after it, so that all have their turn.
 */
static struct ares_addrinfo_node *choose(const struct ares_addrinfo *info,
					 const struct peer *peer, bool stay,
					 uint16_t port)
{
	struct ares_addrinfo_node *node, *first = NULL;
	union themis_endpoint endpoint;
	bool next = false;

	for (node = info->nodes; node; node = node->ai_next) {
		if (node->ai_addrlen > sizeof(endpoint) ||
		    !themis_endpoint_len(node->ai_addr))
			continue;
		if (next)
			return node;
		first = first ? first : node;
		memset(&endpoint, 0, sizeof(endpoint));
		memcpy(&endpoint, node->ai_addr, node->ai_addrlen);
		endpoint.in.sin_port = htons(port);
		if (!themis_endpoint_equal(&endpoint, &peer->endpoint))
			continue;
		if (stay)
			return node;
		next = true;
	}
	return first;
}

static bool answers(const struct daemon *d, const struct peer *peer);

static void found(struct resolver *r, struct peer *peer,
		  const struct ares_addrinfo *info, uint16_t port)
{
	const struct ares_addrinfo_node *node;
	union themis_endpoint before = peer->endpoint;
	char pair[160], text[THEMIS_ENDPOINT_TEXT];
	bool well = answers(r->d, peer);

	node = choose(info, peer, well, port);
	if (!node)
		return;
	memset(&peer->endpoint, 0, sizeof(peer->endpoint));
	memcpy(&peer->endpoint, node->ai_addr, node->ai_addrlen);
	/* Both families have it at the same place. */
	peer->endpoint.in.sin_port = htons(port);
	peer->lookup.failures = 0;
	if (themis_endpoint_equal(&before, &peer->endpoint))
		return;
	tell_pair(r->d, &peer->node, &peer->peer, pair, sizeof(pair));
	log_info("%s: \"%s\" is %s", pair, peer->where,
		 themis_endpoint_format(&peer->endpoint, text));
	peer_found(r->d, peer);
	/* Who did not answer may do so there; but not for ever and ever. */
	if (well) {
		peer->lookup.calls = 0;
	} else if (peer->lookup.calls < RESOLVE_CALLS_MAX) {
		peer->lookup.calls++;
		themis_core_acquire(r->d->core, daemon_now(), &peer->node,
				    &peer->peer);
		drive(r->d);
	}
}

/* Tries again, less and less often; told once. */
static void not_found(struct resolver *r, struct peer *peer, int status)
{
	unsigned int shift = peer->lookup.failures++;
	uint64_t wait;
	char pair[160];

	if (!shift) {
		tell_pair(r->d, &peer->node, &peer->peer, pair, sizeof(pair));
		log_warn("%s: cannot find \"%s\": %s; trying again", pair,
			 peer->where, ares_strerror(status));
	}
	wait = (uint64_t)FIRST_RETRY_S << (shift < 6 ? shift : 6);
	if (wait > RESOLVE_RETRY_MAX_S)
		wait = RESOLVE_RETRY_MAX_S;
	if (peer->endpoint.sa.sa_family == AF_UNSPEC)
		peer->lookup.due_us = peer->lookup.done_us + wait * SECOND_US;
}

static void on_answer(void *ctx, int status, int timeouts,
		      struct ares_addrinfo *info)
{
	struct query *q = ctx;
	struct resolver *r = q->d->resolver;
	struct peer *peer = peer_find(q->d, &q->node, &q->peer);

	r->running--;
	/* Not when all is over, and not for another name than is wanted now. */
	if (status != ARES_EDESTRUCTION && peer && peer->lookup.running &&
	    peer->where && !strcmp(peer->where, q->where)) {
		peer->lookup.running = false;
		peer->lookup.done_us = daemon_now();
		if (status == ARES_SUCCESS)
			found(r, peer, info, q->port);
		else
			not_found(r, peer, status);
	}
	if (info)
		ares_freeaddrinfo(info);
	free(q->where);
	free(q);
}

static int ask(struct resolver *r, struct peer *peer)
{
	const struct ares_addrinfo_hints hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_DGRAM,
	};
	char host[THEMIS_HOST_MAX];
	struct query *q;

	if (!r->channel && open_channel(r))
		return -ENOMEM;
	q = calloc(1, sizeof(*q));
	if (!q)
		return -ENOMEM;
	q->where = strdup(peer->where);
	if (!q->where || themis_endpoint_name(peer->where, host, &q->port)) {
		free(q->where);
		free(q);
		return -ENOMEM;
	}
	q->d = r->d;
	q->node = peer->node;
	q->peer = peer->peer;
	peer->lookup.running = true;
	r->running++;
	/* May answer before it returns. */
	ares_getaddrinfo(r->channel, host, NULL, &hints, on_answer, q);
	return 0;
}

struct walk {
	struct resolver	*r;
	uint64_t	now;
	uint64_t	next;
	struct peer	*due;
	bool		moved;
};

static void look(void *ctx, const struct peer *const_peer)
{
	struct walk *walk = ctx;
	struct peer *peer = peer_find(walk->r->d, &const_peer->node,
				      &const_peer->peer);

	if (!peer->where || peer->lookup.running)
		return;
	if (walk->moved && peer->endpoint.sa.sa_family == AF_UNSPEC) {
		peer->lookup.due_us = walk->now;
		peer->lookup.failures = 0;
	}
	if (!peer->lookup.due_us)
		return;
	if (peer->lookup.due_us <= walk->now && !walk->due)
		walk->due = peer;
	if (peer->lookup.due_us < walk->next)
		walk->next = peer->lookup.due_us;
}

/* Looks up what is due, one after the other, and sets the time of the next. */
static void plan(struct resolver *r)
{
	struct walk walk;

	for (;;) {
		walk = (struct walk){
			.r = r,
			.now = daemon_now(),
			.next = UINT64_MAX,
		};
		peer_walk(r->d, look, &walk);
		if (!walk.due || r->running >= RESOLVE_RUNNING_MAX)
			break;
		walk.due->lookup.due_us = 0;
		if (ask(r, walk.due)) {
			walk.due->lookup.due_us = walk.now +
						  FIRST_RETRY_S * SECOND_US;
			break;
		}
	}
	if (r->running)
		process(r, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	else
		close_channel(r);
	if (walk.next == UINT64_MAX)
		return;
	/* Where all places are taken, an answer makes room. */
	set_tick(r, walk.next > walk.now ?
		 (double)(walk.next - walk.now) / 1e6 : 1);
}

static void on_tick(struct ev_loop *loop, ev_timer *w, int revents)
{
	plan(w->data);
}

int resolve_start(struct daemon *d)
{
	struct resolver *r;

	if (ares_library_init(ARES_LIB_INIT_ALL))
		return -ENOMEM;
	r = calloc(1, sizeof(*r));
	if (!r) {
		ares_library_cleanup();
		return -ENOMEM;
	}
	r->d = d;
	ev_init(&r->timer, on_timer);
	ev_init(&r->tick, on_tick);
	r->timer.data = r;
	r->tick.data = r;
	d->resolver = r;
	return 0;
}

void resolve_stop(struct daemon *d)
{
	struct resolver *r = d->resolver;

	if (!r)
		return;
	close_channel(r);
	ev_timer_stop(d->loop, &r->timer);
	ev_timer_stop(d->loop, &r->tick);
	ares_library_cleanup();
	free(r);
	d->resolver = NULL;
}

/* At the next turn of the loop: it may be the first of many. */
static void due(struct daemon *d, struct peer *peer, uint64_t when)
{
	struct resolver *r = d->resolver;
	uint64_t now = daemon_now();
	double after = when > now ? (double)(when - now) / 1e6 : 0;

	if (!r)
		return;
	if (!peer->lookup.due_us || when < peer->lookup.due_us)
		peer->lookup.due_us = when;
	if (!ev_is_active(&r->tick) ||
	    ev_timer_remaining(d->loop, &r->tick) > after)
		set_tick(r, after);
}

void resolve_soon(struct daemon *d, struct peer *peer)
{
	if (peer->where && !peer->lookup.running &&
	    peer->endpoint.sa.sa_family == AF_UNSPEC)
		due(d, peer, daemon_now());
}

void resolve_again(struct daemon *d, const struct themis_id *node,
		   const struct themis_id *id)
{
	struct peer *peer = peer_find(d, node, id);
	uint64_t now = daemon_now(), when;

	if (!peer || !peer->where || peer->lookup.running)
		return;
	when = peer->lookup.done_us + RESOLVE_AGAIN_S * SECOND_US;
	due(d, peer, when > now ? when : now);
}

void resolve_moved(struct daemon *d)
{
	struct walk walk = {
		.r = d->resolver,
		.now = daemon_now(),
		.next = UINT64_MAX,
		.moved = true,
	};

	if (!walk.r)
		return;
	peer_walk(d, look, &walk);
	if (walk.due)
		set_tick(walk.r, 0);
}

struct wanted {
	const struct peer	*peer;
	bool			answers;
};

static int match(void *ctx, const struct themis_peer_info *info)
{
	struct wanted *wanted = ctx;

	if (!themis_id_equal(&info->node, &wanted->peer->node) ||
	    !themis_id_equal(&info->peer, &wanted->peer->peer))
		return 0;
	wanted->answers = info->why == THEMIS_WHY_NONE;
	return 1;
}

/* Whether nothing is known against the address in use. */
static bool answers(const struct daemon *d, const struct peer *peer)
{
	struct wanted wanted = { .peer = peer, .answers = true };

	themis_core_peers(d->core, match, &wanted);
	return wanted.answers;
}
