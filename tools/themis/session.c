// SPDX-License-Identifier: GPL-2.0
/*
 * themis session: what the kernel holds for a node and one peer of it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "kernel.h"
#include "names.h"
#include "print.h"
#include "tool.h"

static void node_cell(const json_t *row, char *buf)
{
	print_name_text(row, "node", buf);
}

static void peer_cell(const json_t *row, char *buf)
{
	print_name_text(row, "peer", buf);
}

static void age_cell(const json_t *row, char *buf)
{
	print_age_text(row, "rx_age_ms", buf);
}

static void key_age_cell(const json_t *row, char *buf)
{
	print_age_text(row, "age_ms", buf);
}

static void index_cell(const json_t *row, const char *key, char *buf)
{
	json_int_t index = json_integer_value(json_object_get(row, key));

	snprintf(buf, PRINT_CELL, "0x%08llx", (unsigned long long)index);
}

static void local_cell(const json_t *row, char *buf)
{
	index_cell(row, "local_index", buf);
}

static void remote_cell(const json_t *row, char *buf)
{
	index_cell(row, "remote_index", buf);
}

static const struct print_column columns[] = {
	{ .head = "NODE", .key = "node", .text = node_cell, .style = PRINT_ID,
	  .flags = PRINT_BRIEF },
	{ .head = "PEER", .key = "peer", .text = peer_cell, .style = PRINT_ID,
	  .flags = PRINT_BRIEF },
	{ .head = "STATE", .key = "state", .style = PRINT_STATE,
	  .flags = PRINT_BRIEF },
	{ .head = "ENDPOINT", .key = "endpoint", .style = PRINT_ADDRESS,
	  .flags = PRINT_BRIEF },
	{ .head = "HEARD", .key = "rx_age_ms", .text = age_cell },
	{ .head = "WAITING", .key = "queued" },
	{ .head = "RX-PACKETS", .key = "rx_packets", .flags = PRINT_STATS },
	{ .head = "RX-BYTES", .key = "rx_bytes", .flags = PRINT_STATS },
	{ .head = "TX-PACKETS", .key = "tx_packets", .flags = PRINT_STATS },
	{ .head = "TX-BYTES", .key = "tx_bytes", .flags = PRINT_STATS },
	{ }
};

static const struct print_column key_columns[] = {
	{ .head = "slot", .key = "slot" },
	{ .head = "local", .key = "local_index", .text = local_cell },
	{ .head = "remote", .key = "remote_index", .text = remote_cell },
	{ .head = "age", .key = "age_ms", .text = key_age_cell },
	{ .head = "tx-seq", .key = "tx_seq" },
	{ .head = "rx-seq", .key = "rx_seq" },
	{ .head = "initiator", .key = "initiator" },
	{ .head = "confirmed", .key = "confirmed" },
	{ }
};

static const struct print_layout layout = {
	.columns = columns,
	.sub_key = "keys",
	.sub_name = "key",
	.sub_columns = key_columns,
};

static const char *state_text(enum themis_session_state state)
{
	switch (state) {
	case THEMIS_SESSION_IDLE:
		return "idle";
	case THEMIS_SESSION_ACQUIRE:
		return "acquire";
	case THEMIS_SESSION_UP:
		return "up";
	case THEMIS_SESSION_RECEIVE:
		return "receive";
	}
	return "unknown";
}

static const char *slot_text(enum themis_key_slot slot)
{
	switch (slot) {
	case THEMIS_SLOT_CURRENT:
		return "current";
	case THEMIS_SLOT_PREVIOUS:
		return "previous";
	case THEMIS_SLOT_NEXT:
		return "next";
	default:
		return "unknown";
	}
}

static json_t *key_row(const struct themis_nl_key *key)
{
	const char *slot = slot_text(key->slot);
	json_t *row = print_new();

	print_set_text(row, "slot", slot, strlen(slot));
	print_set_u64(row, "local_index", key->local_index);
	print_set_u64(row, "remote_index", key->remote_index);
	print_set_u64(row, "suite", key->suite);
	json_object_set_new(row, "initiator",
			    json_boolean(key->flags & THEMIS_KEY_F_INITIATOR));
	json_object_set_new(row, "confirmed",
			    json_boolean(key->flags & THEMIS_KEY_F_CONFIRMED));
	print_set_u64(row, "age_ms", key->age_ms);
	print_set_u64(row, "tx_seq", key->tx_seq);
	print_set_u64(row, "rx_seq", key->rx_seq);
	print_set_u64(row, "soft_ms", key->soft_ms);
	print_set_u64(row, "hard_ms", key->hard_ms);
	print_set_u64(row, "soft_count", key->soft_count);
	print_set_u64(row, "hard_count", key->hard_count);
	return row;
}

static json_t *session_row(const struct themis_nl_session *session)
{
	const char *state = state_text(session->state);
	const char *name = names_of(&session->peer);
	char endpoint[THEMIS_ENDPOINT_TEXT];
	json_t *row = print_new();
	json_t *keys = print_array();
	unsigned int i;

	print_set_id(row, "node", &session->node);
	print_set_id(row, "peer", &session->peer);
	print_set_text(row, "name", name, name ? strlen(name) : 0);
	print_set_text(row, "state", state, strlen(state));
	themis_endpoint_format(&session->endpoint, endpoint);
	if (session->endpoint.ss_family == AF_UNSPEC)
		json_object_set_new(row, "endpoint", json_null());
	else
		print_set_text(row, "endpoint", endpoint, strlen(endpoint));
	if (session->rx_age_ms == THEMIS_NL_NEVER)
		json_object_set_new(row, "rx_age_ms", json_null());
	else
		print_set_u64(row, "rx_age_ms", session->rx_age_ms);
	print_set_u64(row, "queued", session->queued);
	print_set_u64(row, "rx_packets", session->rx_packets);
	print_set_u64(row, "rx_bytes", session->rx_bytes);
	print_set_u64(row, "tx_packets", session->tx_packets);
	print_set_u64(row, "tx_bytes", session->tx_bytes);
	for (i = 0; i < session->nkeys; i++)
		print_append(keys, key_row(&session->keys[i]));
	json_object_set_new(row, "keys", keys);
	return row;
}

/**
 * struct walk - a dump of sessions, filtered
 * @peer: only this one's, or NULL
 * @node: only this one's, or NULL
 * @rows: where they go as rows; NULL only counts them
 * @n: how many there were
 * @last: node of the last one
 */
struct walk {
	const struct themis_id	*peer;
	const struct themis_id	*node;
	json_t			*rows;
	unsigned int		n;
	struct themis_id	last;
};

static int walk_session(void *ctx, const struct themis_nl_session *session)
{
	struct walk *walk = ctx;

	if ((walk->peer && !themis_id_equal(walk->peer, &session->peer)) ||
	    (walk->node && !themis_id_equal(walk->node, &session->node)))
		return 0;
	walk->n++;
	walk->last = session->node;
	if (walk->rows)
		print_append(walk->rows, session_row(session));
	return 0;
}

/* The filter that the arguments name; @peer and @node hold the ids. */
static int walk_begin(const struct tool_args *args, struct walk *walk,
		      struct themis_id *peer, struct themis_id *node)
{
	const char *peer_word = tool_arg(args, "peer");
	const char *node_word = tool_arg(args, "node");
	int err = TOOL_OK;

	memset(walk, 0, sizeof(*walk));
	if (peer_word) {
		err = names_resolve(peer_word, NAMES_PEER, peer);
		walk->peer = peer;
	}
	if (!err && node_word) {
		err = names_resolve(node_word, NAMES_NODE, node);
		walk->node = node;
	}
	return err;
}

int session_show(const struct tool_args *args)
{
	struct themis_id peer, node;
	struct themis_nl *nl;
	struct walk walk;
	int err;

	err = kernel_open(&nl);
	if (err)
		return err;
	err = walk_begin(args, &walk, &peer, &node);
	if (err)
		return err;
	walk.rows = print_array();
	err = themis_nl_session_dump(nl, walk_session, &walk);
	if (err) {
		json_decref(walk.rows);
		return kernel_fail(err, "cannot list the sessions");
	}
	print_rows(walk.rows, &layout);
	return TOOL_OK;
}

int session_del(const struct tool_args *args)
{
	struct themis_id peer, node;
	struct themis_nl *nl;
	struct walk walk;
	int err;

	err = kernel_open(&nl);
	if (err)
		return err;
	err = walk_begin(args, &walk, &peer, &node);
	if (err)
		return err;
	err = themis_nl_session_dump(nl, walk_session, &walk);
	if (err)
		return kernel_fail(err, "cannot list the sessions");
	if (!walk.n)
		return tool_fail(TOOL_KERNEL, "See \"themis session show\".",
				 "there is no session with that peer");
	if (walk.n > 1)
		return tool_fail(TOOL_USAGE, "Add \"node ID\".",
				 "%u nodes have a session with that peer",
				 walk.n);
	err = themis_nl_session_del(nl, &walk.last, &peer);
	if (err)
		return kernel_fail(err, "cannot remove the session");
	return TOOL_OK;
}
