// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel: its notifications, and what it knew before.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "config.h"
#include "directory.h"
#include "drive.h"
#include "kernel.h"
#include "log.h"
#include "node.h"
#include "rekey.h"

#define COME_BACK_S	0.3	/* until a new module is asked */
#define RESYNC_S	1.0	/* until the kernel is asked again */

/* What a dump has shown. */
struct sessions {
	struct themis_nl_session	*list;
	size_t				n;
	size_t				room;
	const struct themis_id		*node;	/* of this node, or of all */
};

/* What the core holds for established. */
struct pairs {
	struct themis_id	(*list)[2];
	size_t			n;
	size_t			room;
};

static void endpoint_copy(union themis_endpoint *to,
			  const struct sockaddr_storage *from)
{
	memset(to, 0, sizeof(*to));
	memcpy(to, from, themis_endpoint_len(from));
}

static void key_copy(struct themis_core_key *to,
		     const struct themis_nl_key *from)
{
	memset(to, 0, sizeof(*to));
	to->local_index = from->local_index;
	to->remote_index = from->remote_index;
	to->flags = from->flags;
	to->soft_ms = from->soft_ms;
	to->hard_ms = from->hard_ms;
}

static void session_event(struct daemon *d, const struct themis_nl_event *ev)
{
	const struct themis_nl_session *s = &ev->session;
	union themis_endpoint endpoint;
	struct themis_core_key key;

	endpoint_copy(&endpoint, &s->endpoint);
	key_copy(&key, &ev->key);
	if (ev->event == THEMIS_EVENT_REKEY && ev->has_key) {
		rekey_soon(d, &s->node, &s->peer, &key, &endpoint);
		return;
	}
	themis_core_event(d->core, daemon_now(), &s->node, &s->peer, ev->event,
			  ev->has_key ? &key : NULL,
			  endpoint.sa.sa_family != AF_UNSPEC ? &endpoint :
							       NULL);
}

static void node_event(struct daemon *d, const struct themis_nl_event *ev)
{
	struct themis_nl_node node;

	if (ev->event != THEMIS_EVENT_DEL || !node_find(d, &ev->node.id))
		return;
	/* It may be an old one's end, and the new one is there already. */
	if (themis_nl_node_get(d->nl, &ev->node.id, &node) != -ENOENT)
		return;
	node_gone(d, &ev->node.id);
}

/* The core is asked for whom it knows, else the directory. */
static void acquire(struct daemon *d, const struct themis_id *node,
		    const struct themis_id *peer)
{
	if (!directory_acquire(d, node, peer))
		themis_core_acquire(d->core, daemon_now(), node, peer);
}

static void on_event(void *ctx, const struct themis_nl_event *ev)
{
	struct daemon *d = ctx;

	switch (ev->cmd) {
	case THEMIS_CMD_ACQUIRE_NTF:
		acquire(d, &ev->session.node, &ev->session.peer);
		break;
	case THEMIS_CMD_SESSION_NTF:
		if (!node_find(d, &ev->session.node))
			return;
		session_event(d, ev);
		if (ev->event == THEMIS_EVENT_EXPIRED)
			directory_expired(d, &ev->session.node,
					  &ev->session.peer);
		break;
	case THEMIS_CMD_NODE_NTF:
		node_event(d, ev);
		break;
	default:
		return;
	}
	drive(d);
}

static void set_timer(struct daemon *d, double after)
{
	ev_timer_stop(d->loop, &d->module_timer);
	ev_timer_set(&d->module_timer, after, 0);
	ev_timer_start(d->loop, &d->module_timer);
}

static void resync_or_retry(struct daemon *d)
{
	static struct log_limit failed = { .lines = 1, .seconds = 60 };
	int err = kernel_resync(d);

	if (!err)
		return;
	if (log_within(&failed, "such failures"))
		log_warn("cannot read the kernel's sessions: %s; trying again",
			 strerror(-err));
	set_timer(d, RESYNC_S);
}

static void on_readable(struct ev_loop *loop, ev_io *w, int revents)
{
	static struct log_limit lost = { .lines = 1, .seconds = 60 };
	struct daemon *d = w->data;
	int err;

	err = themis_nl_recv(d->nl, on_event, d);
	switch (err) {
	case 0:
		break;
	case -ENOBUFS:
		if (log_within(&lost, "times"))
			log_warn("notifications were lost: reading the kernel's state anew");
		resync_or_retry(d);
		break;
	case -ENODEV:
		d->module_gone = true;
		log_warn("the module was removed; waiting for it to come back");
		break;
	case -ESTALE:
		/* It has more to do than to tell us, before it is of use. */
		set_timer(d, COME_BACK_S);
		break;
	default:
		log_error("Error: cannot receive from the kernel: %s.",
			  strerror(-err));
		daemon_stop(d, THEMISD_EXIT_KERNEL);
	}
}

static int kernel_open(struct daemon *d, struct themis_diag *diag)
{
	int err;

	d->nl = themis_nl_open(&err);
	if (!d->nl)
		return themis_nl_diag(NULL, err, "cannot reach the kernel",
				      diag);
	err = themis_nl_info(d->nl, &d->info);
	if (err) {
		themis_nl_diag(d->nl, err, "cannot ask the module for its version",
			       diag);
		goto err_close;
	}
	/* First listen, then look: what happens between is not missed. */
	err = themis_nl_listen(d->nl, THEMIS_NL_ACQUIRE | THEMIS_NL_EVENT);
	if (err) {
		themis_nl_diag(d->nl, err, "cannot listen to the kernel", diag);
		goto err_close;
	}
	ev_io_init(&d->event_watcher, on_readable, themis_nl_event_fd(d->nl),
		   EV_READ);
	d->event_watcher.data = d;
	ev_io_start(d->loop, &d->event_watcher);
	return 0;

err_close:
	themis_nl_close(d->nl);
	d->nl = NULL;
	return err;
}

/*
 * A module has come instead of the one that went. There was no node then, for
 * each keeps the module in place; but ports of the configuration there may be.
 */
static void come_back(struct daemon *d)
{
	const int family = d->info.family;
	struct themis_nl *old = d->nl;
	struct themis_diag diag;

	ev_io_stop(d->loop, &d->event_watcher);
	if (kernel_open(d, &diag)) {
		d->nl = old;
		ev_io_start(d->loop, &d->event_watcher);
		log_debug("%s", diag.what);
		set_timer(d, RESYNC_S);
		return;
	}
	themis_nl_close(old);
	if (d->info.family != family) {
		log_error("Error: the module has another address family now. Start again.");
		daemon_stop(d, THEMISD_EXIT_KERNEL);
		return;
	}
	d->module_gone = false;
	log_info("the module has come back, version %s", d->info.version);
	config_reload(d);
	drive(d);
}

static void on_module_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct daemon *d = w->data;

	if (d->module_gone)
		come_back(d);
	else
		resync_or_retry(d);
}

int kernel_start(struct daemon *d, struct themis_diag *diag)
{
	ev_init(&d->module_timer, on_module_timer);
	d->module_timer.data = d;
	return kernel_open(d, diag);
}

void kernel_stop(struct daemon *d)
{
	rekey_stop(d);
	ev_timer_stop(d->loop, &d->module_timer);
	ev_io_stop(d->loop, &d->event_watcher);
	themis_nl_close(d->nl);
	d->nl = NULL;
}

static int collect_session(void *ctx, const struct themis_nl_session *s)
{
	struct sessions *all = ctx;
	struct themis_nl_session *list;
	size_t room;

	if (all->node && !themis_id_equal(all->node, &s->node))
		return 0;
	if (all->n == all->room) {
		room = all->room ? 2 * all->room : 64;
		list = reallocarray(all->list, room, sizeof(*list));
		if (!list)
			return -ENOMEM;
		all->list = list;
		all->room = room;
	}
	all->list[all->n++] = *s;
	return 0;
}

static int compare_pair(const struct themis_id *a_node,
			const struct themis_id *a_peer,
			const struct themis_id *b_node,
			const struct themis_id *b_peer)
{
	int order = themis_id_compare(a_node, b_node);

	return order ? order : themis_id_compare(a_peer, b_peer);
}

static int compare_session(const void *a, const void *b)
{
	const struct themis_nl_session *x = a, *y = b;

	return compare_pair(&x->node, &x->peer, &y->node, &y->peer);
}

/* One session, as if the notifications since its beginning came now. */
static void adopt(struct daemon *d, const struct themis_nl_session *s)
{
	union themis_endpoint endpoint;
	struct themis_core_key key;
	const struct themis_nl_key *current = NULL;
	uint64_t now = daemon_now();
	unsigned int i;

	for (i = 0; i < s->nkeys; i++)
		if (s->keys[i].slot == THEMIS_SLOT_CURRENT)
			current = &s->keys[i];
	endpoint_copy(&endpoint, &s->endpoint);
	themis_core_adopt(d->core, now, &s->node, &s->peer,
			  endpoint.sa.sa_family != AF_UNSPEC ? &endpoint :
							       NULL, current);
	for (i = 0; i < s->nkeys; i++) {
		if (s->keys[i].slot == THEMIS_SLOT_NEXT)
			continue;
		key_copy(&key, &s->keys[i]);
		themis_core_event(d->core, now, &s->node, &s->peer,
				  THEMIS_EVENT_CONFIRMED, &key, &endpoint);
	}
	if (current && current->soft_ms &&
	    current->age_ms >= current->soft_ms) {
		key_copy(&key, current);
		rekey_soon(d, &s->node, &s->peer, &key, &endpoint);
	}
	if (s->state == THEMIS_SESSION_ACQUIRE)
		acquire(d, &s->node, &s->peer);
	drive(d);
}

static int collect_pair(void *ctx, const struct themis_peer_info *info)
{
	struct themis_id (*list)[2];
	struct pairs *all = ctx;
	size_t room;

	if (info->state != THEMIS_PEER_ESTABLISHED)
		return 0;
	if (all->n == all->room) {
		room = all->room ? 2 * all->room : 64;
		list = reallocarray(all->list, room, sizeof(*list));
		if (!list)
			return -ENOMEM;
		all->list = list;
		all->room = room;
	}
	all->list[all->n][0] = info->node;
	all->list[all->n][1] = info->peer;
	all->n++;
	return 0;
}

/* Ends what the core holds for established and the kernel has no longer. */
static int end_missing(struct daemon *d, const struct sessions *all)
{
	struct themis_nl_session want = { 0 };
	struct pairs pairs = { 0 };
	size_t i;
	int err;

	err = themis_core_peers(d->core, collect_pair, &pairs);
	for (i = 0; !err && i < pairs.n; i++) {
		want.node = pairs.list[i][0];
		want.peer = pairs.list[i][1];
		if (all->n && bsearch(&want, all->list, all->n,
				      sizeof(*all->list), compare_session))
			continue;
		themis_core_event(d->core, daemon_now(), &want.node,
				  &want.peer, THEMIS_EVENT_DEL, NULL, NULL);
		drive(d);
	}
	free(pairs.list);
	return err;
}

int kernel_resync(struct daemon *d)
{
	struct sessions all = { 0 };
	size_t i;
	int err;

	err = themis_nl_session_dump(d->nl, collect_session, &all);
	if (!err && all.n)
		qsort(all.list, all.n, sizeof(*all.list), compare_session);
	if (!err)
		err = end_missing(d, &all);
	for (i = 0; !err && i < all.n; i++)
		if (node_find(d, &all.list[i].node))
			adopt(d, &all.list[i]);
	free(all.list);
	return err;
}

int kernel_adopt_node(struct daemon *d, const struct themis_id *node)
{
	struct sessions all = { .node = node };
	size_t i;
	int err;

	err = themis_nl_session_dump(d->nl, collect_session, &all);
	for (i = 0; !err && i < all.n; i++)
		adopt(d, &all.list[i]);
	free(all.list);
	return err;
}

int kernel_shut_out(struct daemon *d, const struct themis_id *node)
{
	struct sessions all = { .node = node };
	size_t i;
	int err, ret;

	ret = themis_nl_session_dump(d->nl, collect_session, &all);
	for (i = 0; i < all.n; i++) {
		if (themis_core_allowed(d->core, node, &all.list[i].peer))
			continue;
		err = themis_nl_session_del(d->nl, node, &all.list[i].peer);
		if (err && err != -ENOENT)
			ret = err;
	}
	free(all.list);
	return ret;
}
