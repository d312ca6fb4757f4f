// SPDX-License-Identifier: GPL-2.0
/*
 * From the configuration file to the core and the kernel.
 */
#include <errno.h>
#include <string.h>

#include "addr.h"
#include "config.h"
#include "log.h"

static int apply_link(struct daemon *d, uint16_t port,
		      struct themis_diag *diag)
{
	char what[64];
	int err;

	err = themis_nl_link_new(d->nl, port);
	if (!err || err == -EEXIST)
		return 0;
	snprintf(what, sizeof(what), "cannot make link %u", port);
	return themis_nl_diag(d->nl, err, what, diag);
}

static int apply_node(struct daemon *d, const struct config_node *node,
		      struct themis_id *id, struct themis_diag *diag)
{
	const struct node_spec spec = {
		.name = node->name,
		.key = node->key,
		.netid = node->netid,
		.link = node->link,
		.owner = node->owner,
		.create_key = node->create_key,
	};

	return node_add(d, &spec, true, id, diag);
}

/* true: @endpoint is known now. */
static bool locate(const struct config_peer *peer,
		   union themis_endpoint *endpoint)
{
	struct sockaddr_storage ss;
	int err;

	if (!peer->endpoint)
		return false;
	err = themis_endpoint_parse(peer->endpoint, true, &ss);
	if (err) {
		log_warn("peer \"%s\": cannot find \"%s\": %s; it has to call first",
			 peer->name, peer->endpoint, strerror(-err));
		return false;
	}
	memset(endpoint, 0, sizeof(*endpoint));
	memcpy(endpoint, &ss, themis_endpoint_len(&ss));
	return true;
}

static int apply_peer(struct daemon *d, const struct config *config,
		      const struct config_peer *peer, struct themis_diag *diag)
{
	const char *name = peer->node ? peer->node : config->nodes[0].name;
	union themis_endpoint endpoint;
	struct themis_id node;
	bool located;
	int err;

	err = node_resolve(d, name, &node, diag);
	if (err)
		return err;
	located = locate(peer, &endpoint);
	return peer_add(d, &node, &peer->id, peer->name,
			located ? &endpoint : NULL, peer->psk_file, true,
			diag);
}

int config_apply(struct daemon *d, const struct config *config,
		 struct themis_diag *diag)
{
	struct themis_id id;
	int err = 0;
	size_t i;

	for (i = 0; !err && i < config->nlinks; i++)
		err = apply_link(d, config->links[i], diag);
	for (i = 0; !err && i < config->nnodes; i++)
		err = apply_node(d, &config->nodes[i], &id, diag);
	for (i = 0; !err && i < config->npeers; i++)
		err = apply_peer(d, config, &config->peers[i], diag);
	return err;
}
