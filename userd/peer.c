// SPDX-License-Identifier: GPL-2.0
/*
 * Configured peers of local nodes.
 */
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "addr.h"
#include "drive.h"
#include "keyfile.h"
#include "log.h"
#include "node.h"
#include "resolve.h"
#include "statefile.h"
#include "tell.h"

static int compare(const void *a, const void *b)
{
	const struct peer *x = a, *y = b;
	int order = themis_id_compare(&x->node, &y->node);

	return order ? order : themis_id_compare(&x->peer, &y->peer);
}

struct peer *peer_find(const struct daemon *d, const struct themis_id *node,
		       const struct themis_id *peer)
{
	const struct peer want = { .node = *node, .peer = *peer };
	void *found = tfind(&want, &d->peers, compare);

	return found ? *(struct peer **)found : NULL;
}

struct walk {
	void	(*cb)(void *ctx, const struct peer *peer);
	void	*ctx;
};

static void visit(const void *at, VISIT order, void *arg)
{
	const struct walk *walk = arg;

	if (order == postorder || order == leaf)
		walk->cb(walk->ctx, *(struct peer * const *)at);
}

void peer_walk(const struct daemon *d,
	       void (*cb)(void *ctx, const struct peer *peer), void *ctx)
{
	struct walk walk = { .cb = cb, .ctx = ctx };

	twalk_r(d->peers, visit, &walk);
}

struct by_name {
	const struct themis_id	*node;
	const char		*name;
	const struct peer	*found;
};

static void match_name(void *ctx, const struct peer *peer)
{
	struct by_name *by = ctx;

	if (themis_id_equal(&peer->node, by->node) &&
	    !strcmp(peer->name, by->name))
		by->found = peer;
}

int peer_resolve(const struct daemon *d, const struct themis_id *node,
		 const char *text, struct themis_id *id,
		 struct themis_diag *diag)
{
	struct by_name by = { .node = node, .name = text };

	if (!themis_id_parse(id, text))
		return 0;
	if (*text)
		peer_walk(d, match_name, &by);
	if (!by.found)
		return themis_diag_set(diag, -EINVAL,
				       "Give 64 hex digits or a name from the configuration.",
				       "\"%.80s\" is no peer", text);
	*id = by.found->peer;
	return 0;
}

static void peer_free(struct peer *peer)
{
	free(peer->where);
	free(peer->psk_file);
	free(peer);
}

static int set_text(char **to, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	free(*to);
	*to = copy;
	return 0;
}

/* The core's view of @peer, as it is to be. */
static int tell_core(struct daemon *d, const struct peer *peer,
		     struct themis_diag *diag)
{
	const bool located = peer->endpoint.sa.sa_family != AF_UNSPEC;
	uint8_t psk[THEMIS_PSK_LEN];
	int err;

	if (peer->psk_file) {
		err = themis_pskfile_load(peer->psk_file, psk, diag);
		if (err)
			return err;
	}
	err = themis_core_peer_add(d->core, daemon_now(), &peer->node,
				   &peer->peer,
				   located ? &peer->endpoint : NULL,
				   peer->psk_file ? psk : NULL);
	sodium_memzero(psk, sizeof(psk));
	if (err)
		return themis_diag_set(diag, err, err == -ENOSPC ?
				       "Remove one first." : NULL,
				       "cannot add the peer: %s",
				       strerror(-err));
	themis_core_peer_deny(d->core, daemon_now(), &peer->node, &peer->peer,
			      peer->denied);
	return 0;
}

static int check(struct daemon *d, const struct themis_id *node,
		 const struct themis_id *peer, const struct peer_spec *spec,
		 struct themis_diag *diag)
{
	const char *name = spec->name, *psk_file = spec->psk_file;
	char text[THEMIS_ID_TEXT];

	if (!node_find(d, node))
		return themis_diag_set(diag, -ENOENT,
				       "Add it with 'themis node add'.",
				       "there is no node %s here",
				       themis_id_format(node, text));
	if (themis_id_equal(node, peer))
		return themis_diag_set(diag, -EINVAL,
				       "Give the id of another node.",
				       "a node is not its own peer");
	if (themis_id_zero(peer))
		return themis_diag_set(diag, -EINVAL,
				       "Give the id of a node.",
				       "nobody has the id of zeros");
	if (name && !node_name_valid(name))
		return themis_diag_set(diag, -EINVAL,
				       "Use 1 to 32 letters, digits and ._-@.",
				       "\"%.80s\" is no name", name);
	if (psk_file && (psk_file[0] != '/' ||
			 strlen(psk_file) >= NODE_PATH_MAX))
		return themis_diag_set(diag, -EINVAL,
				       "Give the path from the root directory.",
				       "psk file \"%.80s\" is not an absolute path",
				       psk_file);
	return 0;
}

/*
 * Where @text says that a peer is: an address, or a name to be looked up.
 * Returns -EINVAL and @diag if it is neither.
 */
static int parse_endpoint(const char *text, union themis_endpoint *endpoint,
			  bool *is_name, struct themis_diag *diag)
{
	char host[THEMIS_HOST_MAX];
	struct sockaddr_storage ss;
	uint16_t port;

	memset(endpoint, 0, sizeof(*endpoint));
	*is_name = !themis_endpoint_name(text, host, &port);
	if (*is_name)
		return 0;
	if (themis_endpoint_parse(text, false, &ss))
		return themis_diag_set(diag, -EINVAL,
				       "Give ADDRESS:PORT, [IPV6]:PORT or HOST:PORT.",
				       "\"%.80s\" is no endpoint", text);
	memcpy(endpoint, &ss, themis_endpoint_len(&ss));
	return 0;
}

static int set_endpoint(struct peer *peer, const char *text,
			struct themis_diag *diag)
{
	union themis_endpoint endpoint;
	bool is_name;
	int err;

	/* What was found under this name still counts. */
	if (peer->where && !strcmp(peer->where, text))
		return 0;
	err = parse_endpoint(text, &endpoint, &is_name, diag);
	if (err)
		return err;
	peer->endpoint = endpoint;
	peer->lookup = (struct lookup){ 0 };
	free(peer->where);
	peer->where = NULL;
	if (is_name && set_text(&peer->where, text))
		return themis_diag_set(diag, -ENOMEM, NULL, "out of memory");
	return 0;
}

/* What is not given stays as it was. */
static int fill(struct peer *peer, const struct peer_spec *spec,
		struct themis_diag *diag)
{
	int err = 0;

	if (spec->name)
		snprintf(peer->name, sizeof(peer->name), "%s", spec->name);
	if (spec->allow >= 0)
		peer->denied = !spec->allow;
	peer->bootstrap |= spec->bootstrap;
	if (spec->endpoint)
		err = set_endpoint(peer, spec->endpoint, diag);
	if (!err && spec->psk_file && set_text(&peer->psk_file, spec->psk_file))
		err = themis_diag_set(diag, -ENOMEM, NULL, "out of memory");
	return err;
}

static int copy_peer(struct peer *to, const struct peer *from,
		     struct themis_diag *diag)
{
	int err = 0;

	*to = *from;
	to->where = NULL;
	to->psk_file = NULL;
	if (from->where)
		err = set_text(&to->where, from->where);
	if (!err && from->psk_file)
		err = set_text(&to->psk_file, from->psk_file);
	return err ? themis_diag_set(diag, err, NULL, "out of memory") : 0;
}

/* The session with somebody whom we allow no longer ends now. */
static void shut_out(struct daemon *d, const struct peer *peer)
{
	char pair[160];
	int err;

	err = themis_nl_session_del(d->nl, &peer->node, &peer->peer);
	if (!err || err == -ENOENT)
		return;
	tell_pair(d, &peer->node, &peer->peer, pair, sizeof(pair));
	log_warn("%s: cannot end the session: %s", pair, strerror(-err));
}

/* Changes a peer that is here to @after; on failure it stays what it was. */
static int replace(struct daemon *d, struct peer *peer, struct peer *after,
		   struct themis_diag *diag)
{
	bool shut = after->denied && !peer->denied;
	int err;

	err = tell_core(d, after, diag);
	if (err)
		return err;
	free(peer->where);
	free(peer->psk_file);
	*peer = *after;
	drive(d);
	if (shut)
		shut_out(d, peer);
	resolve_soon(d, peer);
	return 0;
}

static int change(struct daemon *d, struct peer *peer,
		  const struct peer_spec *spec, struct themis_diag *diag)
{
	struct peer after;
	int err;

	err = copy_peer(&after, peer, diag);
	if (!err)
		err = fill(&after, spec, diag);
	if (!err)
		err = replace(d, peer, &after, diag);
	if (err) {
		free(after.where);
		free(after.psk_file);
	}
	return err;
}

int peer_set(struct daemon *d, const struct themis_id *node,
	     const struct themis_id *peer, const struct peer_spec *spec,
	     struct themis_diag *diag)
{
	struct peer *known = peer_find(d, node, peer);
	struct peer after;
	int err;

	if (!known)
		return peer_add(d, node, peer, spec, true, diag);
	err = check(d, node, peer, spec, diag);
	if (err)
		return err;
	err = copy_peer(&after, known, diag);
	if (err)
		goto err_free;
	after.configured = true;
	after.bootstrap = false;
	free(after.psk_file);
	after.psk_file = NULL;
	if (!spec->endpoint) {
		free(after.where);
		after.where = NULL;
		memset(&after.endpoint, 0, sizeof(after.endpoint));
	}
	err = fill(&after, spec, diag);
	if (!err)
		err = replace(d, known, &after, diag);
	if (!err)
		return 0;

err_free:
	free(after.where);
	free(after.psk_file);
	return err;
}

void peer_found(struct daemon *d, struct peer *peer)
{
	struct themis_diag diag;
	char pair[160];

	if (tell_core(d, peer, &diag)) {
		tell_pair(d, &peer->node, &peer->peer, pair, sizeof(pair));
		log_warn("%s: %s", pair, diag.what);
	}
	drive(d);
}

static int create(struct daemon *d, const struct themis_id *node,
		  const struct themis_id *id, const struct peer_spec *spec,
		  bool configured, struct themis_diag *diag)
{
	struct peer *peer;
	int err;

	if (d->npeers >= THEMISD_PEERS_MAX)
		return themis_diag_set(diag, -ENOSPC, "Remove one first.",
				       "there are %u peers here, the most there can be",
				       d->npeers);
	peer = calloc(1, sizeof(*peer));
	if (!peer)
		return themis_diag_set(diag, -ENOMEM, NULL, "out of memory");
	peer->node = *node;
	peer->peer = *id;
	peer->configured = configured;
	err = fill(peer, spec, diag);
	if (!err)
		err = tell_core(d, peer, diag);
	if (err)
		goto err_free;
	if (!tsearch(peer, &d->peers, compare)) {
		themis_core_peer_del(d->core, daemon_now(), node, id);
		err = themis_diag_set(diag, -ENOMEM, NULL, "out of memory");
		goto err_free;
	}
	d->npeers++;
	drive(d);
	/* It may have come by itself before. */
	if (peer->denied && !d->loading)
		shut_out(d, peer);
	resolve_soon(d, peer);
	return 0;

err_free:
	peer_free(peer);
	return err;
}

static void forget(struct daemon *d, struct peer *peer)
{
	tdelete(peer, &d->peers, compare);
	d->npeers--;
	peer_free(peer);
}

int peer_add(struct daemon *d, const struct themis_id *node,
	     const struct themis_id *peer, const struct peer_spec *spec,
	     bool configured, struct themis_diag *diag)
{
	struct peer *known = peer_find(d, node, peer);
	int err;

	err = check(d, node, peer, spec, diag);
	if (err)
		return err;
	if (known)
		err = change(d, known, spec, diag);
	else
		err = create(d, node, peer, spec, configured, diag);
	if (err)
		return err;
	statefile_forget(d, node, peer);
	err = statefile_peer(d, peer_find(d, node, peer), diag);
	/* What is not kept must not look as if it were. */
	if (err && !known)
		peer_del(d, node, peer, NULL);
	return err;
}

int peer_del(struct daemon *d, const struct themis_id *node,
	     const struct themis_id *peer, struct themis_diag *diag)
{
	struct peer *known = peer_find(d, node, peer);
	char text[THEMIS_ID_TEXT];
	int kernel, err;

	err = themis_core_peer_del(d->core, daemon_now(), node, peer);
	drive(d);
	kernel = themis_nl_session_del(d->nl, node, peer);
	if (known)
		forget(d, known);
	if (!statefile_forget(d, node, peer) && !known && err && kernel)
		return themis_diag_set(diag, -ENOENT,
				       "List the peers with 'themis peer show'.",
				       "there is no peer %s",
				       themis_id_format(peer, text));
	if (kernel && kernel != -ENOENT)
		return themis_nl_diag(d->nl, kernel, "cannot end the session",
				      diag);
	return statefile_drop(d, node, peer, diag);
}

struct doom {
	const struct themis_id	*node;
	struct peer		*list;
};

static void doom(const void *at, VISIT order, void *arg)
{
	struct peer *peer = *(struct peer * const *)at;
	struct doom *d = arg;

	if (order != postorder && order != leaf)
		return;
	if (!themis_id_equal(&peer->node, d->node))
		return;
	peer->doomed = d->list;
	d->list = peer;
}

void peer_forget_node(struct daemon *d, const struct themis_id *node)
{
	struct doom all = { .node = node };
	struct peer *peer;

	/* A tree must not change while it is walked. */
	twalk_r(d->peers, doom, &all);
	while ((peer = all.list)) {
		all.list = peer->doomed;
		forget(d, peer);
	}
}
