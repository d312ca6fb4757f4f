// SPDX-License-Identifier: GPL-2.0
/*
 * Hosts and networks, and time.
 */
#include <stddef.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "dht_state.h"

static const char * const status_text[__DHT_STATUS_MAX] = {
	[DHT_OK]	= "done",
	[DHT_OLD]	= "a newer version is held",
	[DHT_FORBIDDEN]	= "not allowed",
	[DHT_FULL]	= "no room left",
	[DHT_FAR]	= "others are nearer",
	[DHT_EXPIRED]	= "it has expired",
	[DHT_CONFLICT]	= "another value has the same sequence",
	[DHT_BUSY]	= "too busy",
};

static const char * const outcome_text[] = {
	[DHT_DONE]	= "done",
	[DHT_NOT_FOUND]	= "nobody has it",
	[DHT_NO_QUORUM]	= "too few nodes agreed",
	[DHT_NO_ANSWER]	= "nobody answered",
	[DHT_REFUSED]	= "it was refused",
};

/**
 * dht_status_text() - a status in words, without a full stop
 * @status: the status
 *
 * Return: constant text.
 */
const char *dht_status_text(enum dht_status status)
{
	return (unsigned int)status < __DHT_STATUS_MAX ? status_text[status] :
	       "unknown status";
}

/**
 * dht_outcome_text() - an outcome in words, without a full stop
 * @outcome: the outcome
 *
 * Return: constant text.
 */
const char *dht_outcome_text(enum dht_outcome outcome)
{
	return (unsigned int)outcome <= DHT_REFUSED ? outcome_text[outcome] :
	       "unknown outcome";
}

/**
 * dht_params_default() - parameters that suit most networks
 * @params: result
 */
void dht_params_default(struct dht_params *params)
{
	*params = (struct dht_params){
		.redundancy	= 8,
		.paths		= 4,
		.reply		= 8,
		.requests	= 40,
		.siblings	= 40,
		.table		= 400,
		.bucket_prefix	= 2,
		.table_prefix	= 8,
		.lease_min	= 10,
		.lease_max	= 600,
		.keep		= 7 * 24 * 3600,
		.objects	= 65536,
		.bytes		= 64 << 20,
		.owner_bytes	= 4 << 20,
	};
}

/**
 * dht_params_ok() - whether parameters can be
 * @p: the parameters
 *
 * Return: true if each is in its range and they go together.
 */
bool dht_params_ok(const struct dht_params *p)
{
	return p->redundancy >= 1 && p->redundancy <= 32 &&
	       p->quorum <= p->redundancy &&
	       p->paths >= 1 && p->paths <= 8 &&
	       p->reply >= 1 && p->reply <= DHT_CONTACTS_MAX &&
	       p->requests >= 8 &&
	       p->siblings >= p->redundancy && p->siblings <= p->table &&
	       p->table >= 32 && p->work_bits <= 64 &&
	       p->lease_min >= 1 && p->lease_max >= p->lease_min &&
	       p->lease_max <= 86400 && p->keep && p->objects && p->bytes &&
	       p->owner_bytes;
}

/**
 * dht_host_new() - make a host
 * @config: copied; @random is needed, and no bound but @max_places may be zero
 *
 * Return: the host, or NULL without memory or with a bad configuration.
 */
struct dht_host *dht_host_new(const struct dht_config *config)
{
	struct dht_host *host;

	if (!config->random || !config->max_nodes || !config->max_contacts ||
	    !config->max_requests || !config->max_ops || !config->max_actions)
		return NULL;
	if (sodium_init() < 0)
		return NULL;
	host = calloc(1, sizeof(*host));
	if (!host)
		return NULL;
	host->config = *config;
	core_list_init(&host->nets);
	if (config->max_places) {
		host->place = calloc(config->max_places,
				     sizeof(*host->place));
		if (!host->place)
			goto err_place;
	}
	if (core_table_init(&host->by_contact))
		goto err_table;
	dht_slab_init(&host->book, sizeof(struct dht_known),
		      sizeof(struct dht_known), config->max_contacts);
	dht_slab_init(&host->requests, sizeof(struct dht_request),
		      sizeof(struct dht_request), config->max_requests);
	/* Arrays lie behind what counts their elements. */
	dht_slab_init(&host->ops, sizeof(struct dht_op),
		      offsetof(struct dht_op, seen), config->max_ops);
	config->random(config->ctx, &host->hash_key, sizeof(host->hash_key));
	return host;

err_table:
	free(host->place);
err_place:
	free(host);
	return NULL;
}

static void net_free(struct dht_net *net)
{
	struct core_walk walk = core_walk(&net->nodes);
	struct core_list *pos;

	while ((pos = core_walk_on(&walk)))
		dht_node_free(core_entry(pos, struct dht_node, of_net));
	core_list_del(&net->all);
	sodium_memzero(net, sizeof(*net));
	free(net);
}

/**
 * dht_host_free() - free a host with all networks and nodes
 * @host: the host, or NULL
 */
void dht_host_free(struct dht_host *host)
{
	struct dht_action *action;
	struct core_walk walk;
	struct core_list *pos;

	if (!host)
		return;
	walk = core_walk(&host->nets);
	while ((pos = core_walk_on(&walk)))
		net_free(core_entry(pos, struct dht_net, all));
	while ((action = dht_action(host)))
		dht_action_done(action);
	core_heap_free(&host->timers);
	core_heap_free(&host->upkeep);
	core_table_free(&host->by_contact);
	dht_slab_free(&host->book);
	dht_slab_free(&host->requests);
	dht_slab_free(&host->ops);
	free(host->place);
	free(host);
}

/**
 * dht_clock() - tell the world's clock
 * @host: the host
 * @now: microseconds
 * @unix_seconds: seconds since 1970
 */
void dht_clock(struct dht_host *host, uint64_t now, uint64_t unix_seconds)
{
	host->unix_at = now;
	host->unix_seconds = unix_seconds;
}

/**
 * dht_unix() - the world's clock
 * @host: the host
 * @now: microseconds
 *
 * Return: seconds since 1970.
 */
uint64_t dht_unix(const struct dht_host *host, uint64_t now)
{
	return host->unix_seconds + (now - host->unix_at) / DHT_SECOND;
}

/**
 * dht_host_full() - whether the owner can keep what it is given
 * @host: the host
 * @full: it cannot: what our nodes store counts no copy of their own
 */
void dht_host_full(struct dht_host *host, bool full)
{
	host->full = full;
}

/**
 * dht_trace() - have the steps of lookups shown
 * @host: the host
 * @step: called at each step; NULL for no more
 * @ctx: passed to it
 */
void dht_trace(struct dht_host *host,
	       void (*step)(void *ctx, const struct dht_step *step), void *ctx)
{
	host->step = step;
	host->step_ctx = ctx;
}

/**
 * dht_timer() - time has passed
 * @host: the host
 * @now: microseconds
 *
 * Does what is due, as far as there is room for actions; while there is more
 * dht_deadline() stays in the past.
 */
void dht_timer(struct dht_host *host, uint64_t now)
{
	struct core_timer *timer;

	while (host->n_actions < host->config.max_actions) {
		timer = core_heap_top(&host->timers);
		if (timer && timer->when <= now) {
			dht_request_timer(host, now,
					  core_entry(timer, struct dht_request,
						     timer));
			continue;
		}
		timer = core_heap_top(&host->upkeep);
		if (!timer || timer->when > now)
			return;
		dht_upkeep(core_entry(timer, struct dht_node, timer), now);
	}
}

/**
 * dht_deadline() - when dht_timer() wants to be called
 * @host: the host
 *
 * Return: microseconds, perhaps in the past, or UINT64_MAX for never.
 */
uint64_t dht_deadline(const struct dht_host *host)
{
	const struct core_timer *a = core_heap_top(&host->timers);
	const struct core_timer *b = core_heap_top(&host->upkeep);
	uint64_t when = a ? a->when : UINT64_MAX;

	return b && b->when < when ? b->when : when;
}

/**
 * dht_net_new() - a network
 * @host: the host
 * @netid: its name
 * @netid_len: length of its name, 1 to THEMIS_NETID_MAX
 * @params: copied
 *
 * Return: the network, which goes with its host; NULL without memory or with
 * parameters that cannot be.
 */
struct dht_net *dht_net_new(struct dht_host *host, const uint8_t *netid,
			    size_t netid_len, const struct dht_params *params)
{
	struct dht_net *net;

	if (!netid_len || netid_len > THEMIS_NETID_MAX || !dht_params_ok(params))
		return NULL;
	net = calloc(1, sizeof(*net));
	if (!net)
		return NULL;
	core_list_init(&net->all);
	core_list_init(&net->nodes);
	core_list_add(&host->nets, &net->all);
	net->host = host;
	net->params = *params;
	memcpy(net->netid, netid, netid_len);
	net->netid_len = netid_len;
	return net;
}

/**
 * dht_net_set() - change the parameters of a network
 * @net: the network
 * @params: copied
 *
 * More copies, or fewer, come about by the next updates.
 *
 * Return: 0, or -EINVAL for parameters that cannot be.
 */
int dht_net_set(struct dht_net *net, const struct dht_params *params)
{
	if (!dht_params_ok(params))
		return -EINVAL;
	net->params = *params;
	return 0;
}

/**
 * dht_net_params() - the parameters of a network
 * @net: the network
 *
 * Return: the parameters.
 */
const struct dht_params *dht_net_params(const struct dht_net *net)
{
	return &net->params;
}
