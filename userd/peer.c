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
#include "notify.h"
#include "statefile.h"

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
	return 0;
}

static int check(struct daemon *d, const struct themis_id *node,
		 const struct themis_id *peer, const char *name,
		 const char *psk_file, struct themis_diag *diag)
{
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

/* What is not given stays as it was. */
static int fill(struct peer *peer, const char *name,
		const union themis_endpoint *endpoint, const char *psk_file)
{
	if (name)
		snprintf(peer->name, sizeof(peer->name), "%s", name);
	if (endpoint) {
		peer->endpoint = *endpoint;
		free(peer->where);
		peer->where = NULL;
	}
	return psk_file ? set_text(&peer->psk_file, psk_file) : 0;
}

static int copy_peer(struct peer *to, const struct peer *from)
{
	int err = 0;

	*to = *from;
	to->where = NULL;
	to->psk_file = NULL;
	if (from->where)
		err = set_text(&to->where, from->where);
	if (!err && from->psk_file)
		err = set_text(&to->psk_file, from->psk_file);
	return err;
}

/* Changes a peer that is here; on failure it stays what it was. */
static int change(struct daemon *d, struct peer *peer, const char *name,
		  const union themis_endpoint *endpoint, const char *psk_file,
		  struct themis_diag *diag)
{
	struct peer after;
	int err;

	err = copy_peer(&after, peer);
	if (!err)
		err = fill(&after, name, endpoint, psk_file);
	if (err)
		themis_diag_set(diag, err, NULL, "out of memory");
	else
		err = tell_core(d, &after, diag);
	if (err) {
		free(after.where);
		free(after.psk_file);
		return err;
	}
	free(peer->where);
	free(peer->psk_file);
	*peer = after;
	return 0;
}

/* Finds the endpoint that @where means; AF_UNSPEC if that cannot be told. */
static void locate(const char *name, const char *where,
		   union themis_endpoint *endpoint)
{
	struct sockaddr_storage ss;
	int err;

	memset(endpoint, 0, sizeof(*endpoint));
	if (!where)
		return;
	/* A resolver that does not answer takes its time. */
	notify_alive();
	err = themis_endpoint_parse(where, true, &ss);
	if (err)
		log_warn("peer \"%s\": cannot find \"%s\": %s; it has to call first",
			 name, where, strerror(-err));
	else
		memcpy(endpoint, &ss, themis_endpoint_len(&ss));
}

static int same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

int peer_set(struct daemon *d, const struct themis_id *node,
	     const struct themis_id *peer, const char *name,
	     const char *where, const char *psk_file,
	     struct themis_diag *diag)
{
	struct peer *known = peer_find(d, node, peer);
	union themis_endpoint endpoint;
	struct peer after = { 0 };
	int err;

	if (known && same_text(known->where, where) &&
	    known->endpoint.sa.sa_family != AF_UNSPEC)
		endpoint = known->endpoint;
	else
		locate(name, where, &endpoint);
	if (!known) {
		err = peer_add(d, node, peer, name,
			       endpoint.sa.sa_family != AF_UNSPEC ? &endpoint :
								    NULL,
			       psk_file, true, diag);
		known = err ? NULL : peer_find(d, node, peer);
		if (!err && where && set_text(&known->where, where))
			err = themis_diag_set(diag, -ENOMEM, NULL,
					      "out of memory");
		return err;
	}

	err = check(d, node, peer, name, psk_file, diag);
	if (err)
		return err;
	after.node = *node;
	after.peer = *peer;
	after.configured = true;
	err = fill(&after, name, &endpoint, psk_file);
	if (!err && where)
		err = set_text(&after.where, where);
	if (err)
		themis_diag_set(diag, err, NULL, "out of memory");
	else
		err = tell_core(d, &after, diag);
	drive(d);
	if (err) {
		free(after.where);
		free(after.psk_file);
		return err;
	}
	free(known->where);
	free(known->psk_file);
	*known = after;
	return 0;
}

static int create(struct daemon *d, const struct themis_id *node,
		  const struct themis_id *id, const char *name,
		  const union themis_endpoint *endpoint, const char *psk_file,
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
	err = fill(peer, name, endpoint, psk_file);
	if (err) {
		themis_diag_set(diag, err, NULL, "out of memory");
		goto err_free;
	}
	err = tell_core(d, peer, diag);
	if (err)
		goto err_free;
	if (!tsearch(peer, &d->peers, compare)) {
		themis_core_peer_del(d->core, daemon_now(), node, id);
		err = themis_diag_set(diag, -ENOMEM, NULL, "out of memory");
		goto err_free;
	}
	d->npeers++;
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
	     const struct themis_id *peer, const char *name,
	     const union themis_endpoint *endpoint, const char *psk_file,
	     bool configured, struct themis_diag *diag)
{
	struct peer *known = peer_find(d, node, peer);
	int err;

	err = check(d, node, peer, name, psk_file, diag);
	if (err)
		return err;
	if (known)
		err = change(d, known, name, endpoint, psk_file, diag);
	else
		err = create(d, node, peer, name, endpoint, psk_file,
			     configured, diag);
	drive(d);
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
