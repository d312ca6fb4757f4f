// SPDX-License-Identifier: GPL-2.0
/*
 * themis peer: identities that we speak to. The daemon knows them; what went
 * through their sessions the kernel tells.
 */
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "control.h"
#include "kernel.h"
#include "names.h"
#include "print.h"
#include "request.h"
#include "tool.h"

static void name_cell(const json_t *row, char *buf)
{
	print_name_text(row, "peer", buf);
}

static void node_cell(const json_t *row, char *buf)
{
	print_id_text(row, "node", buf);
}

static void rtt_cell(const json_t *row, char *buf)
{
	const json_t *value = json_object_get(row, "rtt_us");
	json_int_t us = json_integer_value(value);

	if (!us)
		strcpy(buf, "-");
	else if (us < 1000000)
		snprintf(buf, PRINT_CELL, "%.1fms", us / 1e3);
	else
		snprintf(buf, PRINT_CELL, "%.1fs", us / 1e6);
}

static void handshake_cell(const json_t *row, char *buf)
{
	print_age_text(row, "handshake_age_ms", buf);
	if (strcmp(buf, "-"))
		strcat(buf, " ago");
}

static void since_cell(const json_t *row, char *buf)
{
	print_age_text(row, "since_ms", buf);
}

static void traffic_cell(const json_t *row, char *buf)
{
	char rx[16], tx[16];

	if (!json_is_integer(json_object_get(row, "rx_bytes"))) {
		strcpy(buf, "-");
		return;
	}
	print_bytes_text(json_integer_value(json_object_get(row, "rx_bytes")),
			 rx, sizeof(rx));
	print_bytes_text(json_integer_value(json_object_get(row, "tx_bytes")),
			 tx, sizeof(tx));
	snprintf(buf, PRINT_CELL, "%s/%s", rx, tx);
}

static const struct print_column columns[] = {
	{ .head = "NAME", .key = "peer", .text = name_cell, .style = PRINT_ID,
	  .flags = PRINT_BRIEF },
	{ .head = "NODE", .key = "node", .text = node_cell, .style = PRINT_ID,
	  .flags = PRINT_DETAILS },
	{ .head = "STATE", .key = "state", .style = PRINT_STATE,
	  .flags = PRINT_BRIEF },
	{ .head = "SINCE", .key = "since_ms", .text = since_cell,
	  .flags = PRINT_DETAILS },
	{ .head = "VIA", .key = "via", .style = PRINT_ADDRESS,
	  .flags = PRINT_BRIEF },
	{ .head = "RTT", .key = "rtt_us", .text = rtt_cell },
	{ .head = "HANDSHAKE", .key = "handshake_age_ms",
	  .text = handshake_cell },
	{ .head = "TRIES", .key = "tries", .flags = PRINT_DETAILS },
	{ .head = "RX/TX", .key = "rx_bytes", .text = traffic_cell },
	{ .head = "RX-PACKETS", .key = "rx_packets", .flags = PRINT_STATS },
	{ .head = "TX-PACKETS", .key = "tx_packets", .flags = PRINT_STATS },
	{ .head = "HOST", .key = "host", .flags = PRINT_DETAILS },
	{ .head = "WHY", .key = "why_text" },
	{ }
};

static const struct print_layout layout = { .columns = columns };

/* A request about the peer and the node that the arguments name. */
static int peer_request(const struct tool_args *args, const char *cmd,
			json_t **request)
{
	const char *node_word = tool_arg(args, "node");
	struct themis_id peer, node;
	int err;

	err = names_resolve(tool_arg(args, "ID"), NAMES_PEER, &peer);
	if (!err && node_word)
		err = names_resolve(node_word, NAMES_NODE, &node);
	if (err)
		return err;
	*request = request_new(cmd);
	print_set_id(*request, "peer", &peer);
	if (node_word)
		print_set_id(*request, "node", &node);
	return TOOL_OK;
}

/* Host names are for the daemon to look up, again and again. */
static int endpoint_valid(const char *word)
{
	struct sockaddr_storage endpoint;
	char host[THEMIS_HOST_MAX];
	uint16_t port;

	if (!themis_endpoint_parse(word, false, &endpoint) ||
	    !themis_endpoint_name(word, host, &port))
		return TOOL_OK;
	return tool_fail(TOOL_USAGE,
			 "Give 192.0.2.1:7000, [2001:db8::1]:7000 or HOST:7000.",
			 "\"%s\" is not an endpoint", word);
}

int peer_add(const struct tool_args *args)
{
	const char *endpoint = tool_arg(args, "endpoint");
	const char *psk = tool_arg(args, "psk-file");
	json_t *request;
	int err;

	if (endpoint) {
		err = endpoint_valid(endpoint);
		if (err)
			return err;
	}
	err = peer_request(args, "peer-add", &request);
	if (err)
		return err;
	if (endpoint)
		request_string(request, "endpoint", endpoint);
	if (psk)
		err = request_path(request, "psk-file", psk);
	if (!err)
		err = request_name(request, tool_arg(args, "name"));
	return err ? err : control_call(request, NULL);
}

int peer_del(const struct tool_args *args)
{
	json_t *request;
	int err;

	err = peer_request(args, "peer-del", &request);
	return err ? err : control_call(request, NULL);
}

static int set_allowed(const struct tool_args *args, bool allowed)
{
	json_t *request;
	int err;

	err = peer_request(args, "peer-add", &request);
	if (err)
		return err;
	json_object_set_new(request, "allow", json_boolean(allowed));
	return control_call(request, NULL);
}

int peer_allow(const struct tool_args *args)
{
	return set_allowed(args, true);
}

int peer_deny(const struct tool_args *args)
{
	return set_allowed(args, false);
}

int peer_connect(const struct tool_args *args)
{
	json_t *request;
	int err;

	err = peer_request(args, "peer-connect", &request);
	return err ? err : control_call(request, NULL);
}

/* What a session is found by: "<node> <peer>". */
static const char *pair_key(const char *node, const char *peer, char *key,
			    size_t len)
{
	snprintf(key, len, "%s %s", node ? node : "", peer ? peer : "");
	return key;
}

static int collect_session(void *ctx, const struct themis_nl_session *session)
{
	char node[THEMIS_ID_TEXT], peer[THEMIS_ID_TEXT];
	char via[THEMIS_ENDPOINT_TEXT];
	char key[2 * THEMIS_ID_TEXT];
	json_t *row = print_new();

	pair_key(themis_id_format(&session->node, node),
		 themis_id_format(&session->peer, peer), key, sizeof(key));
	if (session->endpoint.ss_family != AF_UNSPEC) {
		themis_endpoint_format(&session->endpoint, via);
		print_set_text(row, "via", via, strlen(via));
	}
	print_set_u64(row, "rx_packets", session->rx_packets);
	print_set_u64(row, "rx_bytes", session->rx_bytes);
	print_set_u64(row, "tx_packets", session->tx_packets);
	print_set_u64(row, "tx_bytes", session->tx_bytes);
	json_object_set_new(ctx, key, row);
	return 0;
}

/* The daemon's row, with the kernel's numbers and a name. */
static void complete_row(json_t *row, const json_t *sessions)
{
	static const char * const numbers[] = {
		"rx_packets", "rx_bytes", "tx_packets", "tx_bytes",
	};
	const char *peer = json_string_value(json_object_get(row, "peer"));
	const char *node = json_string_value(json_object_get(row, "node"));
	const char *name = NULL;
	char key[2 * THEMIS_ID_TEXT];
	struct themis_id id;
	json_t *session, *via;
	size_t i;

	session = json_object_get(sessions, pair_key(node, peer, key,
						     sizeof(key)));
	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		json_t *value = json_object_get(session, numbers[i]);

		json_object_set_new(row, numbers[i],
				    value ? json_incref(value) : json_null());
	}
	via = json_object_get(session, "via");
	if (!via)
		via = json_object_get(row, "endpoint");
	json_object_set_new(row, "via", via ? json_incref(via) : json_null());
	if (peer && !themis_id_parse(&id, peer))
		name = names_of(&id);
	print_set_text(row, "name", name, name ? strlen(name) : 0);
}

static bool row_matches(const json_t *row, const char *key,
			const struct themis_id *id)
{
	const char *text = json_string_value(json_object_get(row, key));
	struct themis_id other;

	return text && !themis_id_parse(&other, text) &&
	       themis_id_equal(&other, id);
}

int peer_show(const struct tool_args *args)
{
	const char *peer_word = tool_arg(args, "ID");
	const char *node_word = tool_arg(args, "node");
	json_t *peers, *rows, *sessions, *row;
	struct themis_id peer, node;
	struct themis_nl *nl;
	size_t i;
	int err;

	err = control_call(request_new("peer-list"), &peers);
	if (!err && peer_word)
		err = names_resolve(peer_word, NAMES_PEER, &peer);
	if (!err && node_word)
		err = names_resolve(node_word, NAMES_NODE, &node);
	if (err)
		return err;
	sessions = print_new();
	nl = kernel_try(NULL);
	if (nl)
		themis_nl_session_dump(nl, collect_session, sessions);
	rows = print_array();
	json_array_foreach(peers, i, row) {
		if (!json_is_object(row) ||
		    (peer_word && !row_matches(row, "peer", &peer)) ||
		    (node_word && !row_matches(row, "node", &node)))
			continue;
		complete_row(row, sessions);
		print_append(rows, json_incref(row));
	}
	json_decref(peers);
	json_decref(sessions);
	if (peer_word && !json_array_size(rows)) {
		json_decref(rows);
		return tool_fail(TOOL_KERNEL, "Add it with \"themis peer add\".",
				 "the daemon has no peer \"%s\"", peer_word);
	}
	print_rows(rows, &layout);
	return TOOL_OK;
}
