// SPDX-License-Identifier: GPL-2.0
/*
 * Nodes that are in a directory: coming in, and joining.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "directory_state.h"
#include "log.h"
#include "node.h"

#define VIA_MAX		8	/* members that a join goes through */
#define AGAIN_S		1.0	/* until a join is tried again, at first */
#define AGAIN_MAX_S	60.0
#define KEEP_S		5.0	/* until it is looked whom it knows */
#define KEEP_TURNS	60	/* until it is written anyway */

static struct network *network_get(struct directory *dir, const char *netid)
{
	struct dht_params params;
	struct network *network;

	for (network = dir->networks; network; network = network->next)
		if (!strcmp(network->netid, netid))
			return network;
	network = calloc(1, sizeof(*network));
	if (!network)
		return NULL;
	config_network_params(dir->d->config, netid, &params);
	snprintf(network->netid, sizeof(network->netid), "%s", netid);
	network->net = dht_net_new(dir->host, (const uint8_t *)netid,
				   strlen(netid), &params);
	if (!network->net) {
		free(network);
		return NULL;
	}
	network->next = dir->networks;
	dir->networks = network;
	return network;
}

struct via {
	struct member		*member;
	struct dht_contact	list[VIA_MAX];
	unsigned int		n;
	unsigned int		named;	/* found out yet or not */
};

static void collect_via(void *ctx, const struct peer *peer)
{
	struct dht_contact *contact;
	struct via *via = ctx;

	if (!peer->bootstrap || peer->denied ||
	    !themis_id_equal(&peer->node, &via->member->id))
		return;
	via->named++;
	if (via->n == VIA_MAX)
		return;
	contact = &via->list[via->n];
	/* Where he has proven himself, which may be another place by now. */
	if (contact_of(via->member, &peer->peer, contact) ||
	    contact_from_endpoint(contact, &peer->endpoint))
		via->n++;
}

static void set_timer(struct member *member, double after)
{
	struct ev_loop *loop = member->dir->d->loop;

	ev_timer_stop(loop, &member->timer);
	ev_timer_set(&member->timer, after, 0.);
	ev_timer_start(loop, &member->timer);
}

static void again(struct member *member)
{
	double after = AGAIN_S;
	unsigned int i;

	for (i = 0; i < member->tries && after < AGAIN_MAX_S; i++)
		after *= 2;
	member->tries++;
	set_timer(member, after);
}

/**
 * member_join() - join now
 * @member: the member; tried again later if it comes to nothing
 */
void member_join(struct member *member)
{
	struct directory *dir = member->dir;
	struct via via = { .member = member };
	char text[THEMIS_ID_TEXT];

	ev_timer_stop(dir->d->loop, &member->timer);
	themis_id_format(&member->id, text);
	if (member->fd < 0) {
		int err = socket_open(member);

		if (err) {
			log_warn("node %.16s: cannot open port %d for the directory: %s; trying again",
				 text, DIRECTORY_PORT, strerror(-err));
			again(member);
			return;
		}
	}
	peer_walk(dir->d, collect_via, &via);
	/* Names of members that are not looked up yet. */
	if (via.named && !via.n) {
		again(member);
		return;
	}
	member->joining = dht_join(member->dht, directory_now(dir), via.list,
				   via.n);
	if (!member->joining)
		again(member);
	directory_soon(dir);
}

/* A node that has joined looks from time to time whether it knows others. */
static void keep(struct member *member)
{
	unsigned int turn = member->turns++;
	struct dht_status_info info;

	dht_node_info(member->dht, &info);
	if (info.contacts != member->kept || !(turn % KEEP_TURNS))
		disk_contacts(member);
	if (turn)
		publish_renew(member);
	member->kept = info.contacts;
	set_timer(member, KEEP_S);
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct member *member = w->data;

	if (!work_done(member))
		set_timer(member, 0.);
	else if (member->joined)
		keep(member);
	else
		member_join(member);
}

/**
 * member_joined() - a join has come to its end
 * @member: the member
 * @act: how it ended
 */
void member_joined(struct member *member, const struct dht_action *act)
{
	const struct dht_result *result = &act->result;
	char text[THEMIS_ID_TEXT];

	themis_id_format(&member->id, text);
	member->joining = 0;
	if (result->outcome != DHT_DONE) {
		log_warn("node %.16s cannot join network %s: %s; trying again",
			 text, member->network->netid,
			 dht_outcome_text(result->outcome));
		again(member);
		return;
	}
	member->joined = true;
	member->tries = 0;
	keep(member);
	log_info("node %.16s has joined network %s in %llu ms", text,
		 member->network->netid, (unsigned long long)
		 (daemon_now() - result->began) / 1000);
}

/**
 * member_new() - have a node in a directory
 * @dir: the directory
 * @node: the node; it joins as soon as the event loop runs
 *
 * Return: the member, in no list yet; NULL without memory.
 */
struct member *member_new(struct directory *dir, const struct node *node)
{
	struct dht_contact self = { .id = node->id, .port = node->link };
	struct member *member;

	member = calloc(1, sizeof(*member));
	if (!member)
		return NULL;
	member->dir = dir;
	member->id = node->id;
	member->fd = -1;
	member->network = network_get(dir, node->netid);
	if (member->network)
		member->dht = dht_node_new(member->network->net,
					   directory_now(dir), &self,
					   node->admission, member);
	if (!member->dht) {
		free(member);
		return NULL;
	}
	disk_load(member);
	ev_timer_init(&member->timer, on_timer, 0., 0.);
	member->timer.data = member;
	ev_timer_start(dir->d->loop, &member->timer);
	return member;
}

/**
 * member_free() - mirror of member_new()
 * @member: in no list any more; for the others it has crashed
 */
void member_free(struct member *member)
{
	ev_timer_stop(member->dir->d->loop, &member->timer);
	if (member->joined)
		disk_contacts(member);
	socket_close(member);
	dht_node_free(member->dht);
	free(member);
}
