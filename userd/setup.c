// SPDX-License-Identifier: GPL-2.0
/*
 * From the configuration file to the core and the kernel, at the start and
 * again when the file has changed.
 *
 * First everything is looked at that can be wrong: keys, secrets, ports. Only
 * then is anything changed, so that a file which cannot be had leaves things as
 * they are.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "config.h"
#include "directory.h"
#include "keyfile.h"
#include "link.h"
#include "log.h"
#include "statefile.h"

/* A peer of the new file, to be found by its ids. */
struct wanted {
	struct themis_id		node;
	const struct config_peer	*peer;
};

/**
 * struct change - while a configuration is put into force
 * @d: the daemon
 * @old: what was in force, or NULL at the start
 * @new: what is to be
 * @ids: of the nodes in @new
 * @wanted: the peers in @new, in order of their ids
 * @ports: links of @new that were not in the kernel before
 * @nports: how many
 * @held: of the nodes in @new, how many have their link held
 * @failed: how many things could not be had
 * @diag: the first of them
 */
struct change {
	struct daemon		*d;
	const struct config	*old;
	const struct config	*new;
	struct themis_id	*ids;
	struct wanted		*wanted;
	uint16_t		*ports;
	size_t			nports;
	size_t			held;
	unsigned int		failed;
	struct themis_diag	*diag;
};

static struct node_spec spec_of(const struct config_node *node)
{
	return (struct node_spec){
		.name = node->name,
		.key = node->key,
		.netid = node->netid,
		.link = node->link,
		.owner = node->owner,
		.allow = node->allow,
		.create_key = node->create_key,
		.directory = node->directory,
	};
}

static int compare_wanted(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;
	int order = themis_id_compare(&x->node, &y->node);

	return order ? order : themis_id_compare(&x->peer->id, &y->peer->id);
}

static const struct wanted *find_wanted(const struct change *c,
					const struct themis_id *node,
					const struct themis_id *peer)
{
	const struct config_peer want = { .id = *peer };
	const struct wanted key = { .node = *node, .peer = &want };

	return c->new->npeers ? bsearch(&key, c->wanted, c->new->npeers,
					sizeof(key), compare_wanted) : NULL;
}

static bool node_wanted(const struct change *c, const struct themis_id *id)
{
	size_t i;

	for (i = 0; i < c->new->nnodes; i++)
		if (themis_id_equal(&c->ids[i], id))
			return true;
	return false;
}

static bool link_wanted(const struct config *config, uint16_t port)
{
	size_t i;

	for (i = 0; i < config->nlinks; i++)
		if (config->links[i] == port)
			return true;
	return false;
}

/* Keys there, and no identity twice. */
static int check_nodes(struct change *c, struct themis_diag *diag)
{
	struct node_spec spec;
	size_t i, j;
	int err;

	for (i = 0; i < c->new->nnodes; i++) {
		spec = spec_of(&c->new->nodes[i]);
		err = node_identify(&spec, &c->ids[i], diag);
		if (err)
			return err;
		for (j = 0; j < i; j++)
			if (themis_id_equal(&c->ids[i], &c->ids[j]))
				return themis_diag_set(diag, -EEXIST,
						       "Remove one of them, or give it another key.",
						       "nodes \"%s\" and \"%s\" are the same",
						       c->new->nodes[j].name,
						       spec.name);
	}
	return 0;
}

static int check_peer(struct change *c, size_t i, struct themis_diag *diag)
{
	const struct config_peer *peer = &c->new->peers[i];
	uint8_t psk[THEMIS_PSK_LEN];
	size_t n = 0;
	int err;

	while (peer->node && strcmp(c->new->nodes[n].name, peer->node))
		n++;
	c->wanted[i].node = c->ids[n];
	c->wanted[i].peer = peer;
	if (themis_id_zero(&peer->id) ||
	    themis_id_equal(&peer->id, &c->ids[n]))
		return themis_diag_set(diag, -EINVAL,
				       "Give the id of another node.",
				       "peer \"%s\" has the id of zeros, or of its own node",
				       peer->name);
	if (!peer->psk_file)
		return 0;
	err = themis_pskfile_load(peer->psk_file, psk, diag);
	sodium_memzero(psk, sizeof(psk));
	return err;
}

static int check_peers(struct change *c, struct themis_diag *diag)
{
	size_t i;
	int err;

	for (i = 0; i < c->new->npeers; i++) {
		err = check_peer(c, i, diag);
		if (err)
			return err;
	}
	if (c->new->npeers)
		qsort(c->wanted, c->new->npeers, sizeof(*c->wanted),
		      compare_wanted);
	for (i = 1; i < c->new->npeers; i++)
		if (!compare_wanted(&c->wanted[i - 1], &c->wanted[i]))
			return themis_diag_set(diag, -EEXIST,
					       "Remove one of them.",
					       "peers \"%s\" and \"%s\" are the same",
					       c->wanted[i - 1].peer->name,
					       c->wanted[i].peer->name);
	return 0;
}

/* Gives up the links that take_links() has taken; nodes hold on to theirs. */
static void release_links(struct change *c, bool undo)
{
	size_t i;

	for (i = 0; i < c->held; i++)
		link_put(c->d, c->new->nodes[i].link, true);
	for (i = 0; undo && i < c->nports; i++)
		themis_nl_link_del(c->d->nl, c->ports[i]);
}

/* Ports are what somebody else may have. */
static int take_links(struct change *c, struct themis_diag *diag)
{
	char what[64];
	size_t i;
	int err;

	for (i = 0; i < c->new->nlinks; i++) {
		err = themis_nl_link_new(c->d->nl, c->new->links[i]);
		if (!err) {
			c->ports[c->nports++] = c->new->links[i];
		} else if (err != -EEXIST) {
			snprintf(what, sizeof(what), "cannot make link %u",
				 c->new->links[i]);
			themis_nl_diag(c->d->nl, err, what, diag);
			goto err_release;
		}
	}
	for (; c->held < c->new->nnodes; c->held++) {
		err = link_get(c->d, c->new->nodes[c->held].link, false, diag);
		if (err)
			goto err_release;
	}
	return 0;

err_release:
	release_links(c, true);
	return err;
}

/* From here on things change; what fails is told, and the rest done. */
static void failed(struct change *c, const struct themis_diag *diag)
{
	if (!c->failed++)
		*c->diag = *diag;
	if (c->old)
		log_diag(LOG_LEVEL_ERROR, diag);
}

struct vanished {
	const struct change	*c;
	struct wanted		*list;	/* with ids only */
	struct config_peer	*peers;
	size_t			n;
};

static void collect_vanished(void *ctx, const struct peer *peer)
{
	struct vanished *v = ctx;

	if (!peer->configured || find_wanted(v->c, &peer->node, &peer->peer))
		return;
	v->list[v->n].node = peer->node;
	v->peers[v->n].id = peer->peer;
	v->n++;
}

static void remove_peers(struct change *c)
{
	size_t room = c->d->npeers;
	struct vanished v = {
		.c = c,
		.list = calloc(room ? room : 1, sizeof(*v.list)),
		.peers = calloc(room ? room : 1, sizeof(*v.peers)),
	};
	struct themis_diag diag;
	size_t i;

	if (!v.list || !v.peers) {
		themis_diag_set(&diag, -ENOMEM, NULL, "out of memory");
		failed(c, &diag);
		goto out_free;
	}
	peer_walk(c->d, collect_vanished, &v);
	for (i = 0; i < v.n; i++)
		if (peer_del(c->d, &v.list[i].node, &v.peers[i].id, &diag))
			failed(c, &diag);

out_free:
	free(v.list);
	free(v.peers);
}

static void remove_nodes(struct change *c)
{
	struct node *node, *next;
	struct themis_diag diag;

	for (node = c->d->nodes; node; node = next) {
		next = node->next;
		if (!node->configured || node_wanted(c, &node->id))
			continue;
		if (node_del(c->d, &node->id, &diag))
			failed(c, &diag);
	}
}

static void remove_links(struct change *c)
{
	size_t i;

	for (i = 0; c->old && i < c->old->nlinks; i++)
		/* Nodes that clients have added may use it: then it stays. */
		if (!link_wanted(c->new, c->old->links[i]))
			themis_nl_link_del(c->d->nl, c->old->links[i]);
}

static void set_nodes(struct change *c)
{
	struct themis_diag diag;
	struct node_spec spec;
	struct themis_id id;
	struct node *node;
	size_t i;
	int err;

	/* Names may be exchanged between those that stay. */
	for (node = c->d->nodes; node; node = node->next)
		if (node->configured)
			node->name[0] = '\0';
	for (i = 0; i < c->new->nnodes; i++) {
		spec = spec_of(&c->new->nodes[i]);
		node = node_find(c->d, &c->ids[i]);
		err = node ? node_set(c->d, node, &spec, &diag) :
			     node_add(c->d, &spec, true, &id, &diag);
		if (err)
			failed(c, &diag);
	}
}

static void set_peers(struct change *c)
{
	const struct config_peer *peer;
	struct peer_spec spec;
	struct themis_diag diag;
	size_t i;

	for (i = 0; i < c->new->npeers; i++) {
		peer = c->wanted[i].peer;
		spec = (struct peer_spec){
			.name = peer->name,
			.endpoint = peer->endpoint,
			.psk_file = peer->psk_file,
			.allow = !peer->denied,
			.bootstrap = peer->bootstrap,
		};
		if (peer_set(c->d, &c->wanted[i].node, &peer->id, &spec,
			     &diag))
			failed(c, &diag);
	}
}

/* After the peers: those that are listed now keep their sessions. */
static void set_allowed(struct change *c)
{
	struct themis_diag diag;
	struct node *node;
	bool listed;
	size_t i;

	for (i = 0; i < c->new->nnodes; i++) {
		node = node_find(c->d, &c->ids[i]);
		if (!node || node_allow_parse(c->new->nodes[i].allow, &listed))
			continue;
		if (node_allow(c->d, node, listed, &diag))
			failed(c, &diag);
	}
}

/* After the peers, too: those that are to be joined through are known now. */
static void set_directory(struct change *c)
{
	const char *admission;
	struct node *node;
	size_t i;

	for (i = 0; i < c->new->nnodes; i++) {
		node = node_find(c->d, &c->ids[i]);
		if (!node)
			continue;
		node->directory = c->new->nodes[i].directory;
		admission = c->new->nodes[i].admission;
		memset(node->admission, 0, sizeof(node->admission));
		if (admission)
			config_admission(admission, node->admission);
	}
	if (!c->d->loading)
		directory_follow(c->d);
}

static void put_into_force(struct change *c)
{
	struct daemon *d = c->d;
	struct themis_diag diag;

	d->bulk = true;
	if (c->old) {
		remove_peers(c);
		remove_nodes(c);
	}
	set_nodes(c);
	set_peers(c);
	set_allowed(c);
	set_directory(c);
	release_links(c, false);
	remove_links(c);
	d->bulk = false;
	if (!d->loading && statefile_save(d, &diag))
		failed(c, &diag);
}

int config_apply(struct daemon *d, const struct config *old,
		 const struct config *new, unsigned int *left_out,
		 struct themis_diag *diag)
{
	struct change c = {
		.d = d,
		.old = old,
		.new = new,
		.ids = calloc(new->nnodes + 1, sizeof(*c.ids)),
		.wanted = calloc(new->npeers + 1, sizeof(*c.wanted)),
		.ports = calloc(new->nlinks + 1, sizeof(*c.ports)),
		.diag = diag,
	};
	int err;

	*left_out = 0;
	if (c.ids && c.wanted && c.ports) {
		err = check_nodes(&c, diag);
	} else {
		err = -ENOMEM;
		themis_diag_set(diag, err, NULL, "out of memory");
	}
	if (!err)
		err = check_peers(&c, diag);
	if (!err)
		err = take_links(&c, diag);
	if (!err) {
		put_into_force(&c);
		*left_out = c.failed;
	}
	free(c.ids);
	free(c.wanted);
	free(c.ports);
	return err;
}
