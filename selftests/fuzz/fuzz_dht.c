// SPDX-License-Identifier: GPL-2.0
/*
 * The directory: messages and objects, as anybody may send them. The first byte
 * says how the rest reaches a node that has a peer and has asked it something:
 * as a command, as the answer, or as an object.
 */
#include <stdlib.h>
#include <string.h>

#include "dht.h"
#include "message.h"
#include "object.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct dht_contact self = { .id = { { 1 } }, .port = 1 };
static struct dht_contact peer = { .id = { { 2 } }, .port = 2 };

static void fixed(void *ctx, void *buf, size_t len)
{
	memset(buf, 0x5a, len);
}

/* What is taken has one encoding. */
static void one_encoding(const uint8_t *data, size_t size)
{
	uint8_t again[DHT_MESSAGE_MAX];
	struct dht_message m;

	if (dht_message_parse(&m, data, size))
		return;
	if (dht_message_put(&m, again) != size || memcmp(again, data, size))
		abort();
}

/* The number of the last command that the node has sent. */
static uint64_t drain(struct dht_host *host)
{
	struct dht_action *action;
	uint64_t seq = 0;

	while ((action = dht_action(host))) {
		if (action->len > DHT_MESSAGE_MAX)
			abort();
		if (action->type == DHT_ACT_COMMAND)
			seq = action->seq;
		dht_action_done(action);
	}
	return seq;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct dht_config config = {
		.random = fixed,
		.max_nodes = 1,
		.max_contacts = 256,
		.max_requests = 64,
		.max_ops = 16,
		.max_actions = 64,
		.max_places = 4,
	};
	static const struct themis_id target = { { 3 } };
	struct dht_params params;
	struct dht_host *host;
	struct dht_node *node;
	uint64_t seq, now = 0;

	if (!size)
		return 0;
	one_encoding(data + 1, size - 1);
	host = dht_host_new(&config);
	dht_params_default(&params);
	params.closed = data[0] & 4;
	node = dht_node_new(dht_net_new(host, (uint8_t *)"net", 3, &params), 0,
			    &self, NULL, NULL);
	dht_node_know(node, 0, &peer);
	dht_find(node, 0, &target);
	seq = drain(host);
	if ((data[0] & 3) == 0)
		dht_command(node, now, &peer, 9, data + 1, size - 1);
	else if ((data[0] & 3) == 1)
		dht_response(node, now, &peer.id, seq, data + 1, size - 1);
	else if ((data[0] & 3) == 2)
		dht_node_hold(node, now, data + 1, size - 1, 0);
	else
		dht_store(node, now, data + 1, size - 1);
	for (; now < 60000000; now += 250000) {
		drain(host);
		dht_timer(host, now);
	}
	dht_host_free(host);
	return 0;
}
