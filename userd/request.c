// SPDX-License-Identifier: GPL-2.0
/*
 * The requests of clients.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "addr.h"
#include "directory_request.h"
#include "drive.h"
#include "log.h"
#include "node.h"
#include "request.h"
#include "tell.h"

/**
 * struct command - a row of the table
 * @name: value of "cmd"; the last row has none
 * @changes: only for privileged clients
 * @wants: a bit for each argument that must be there
 * @takes: the same, that may
 * @run: returns 0 and *@result (a new reference); -EINPROGRESS after
 *	control_later(); or another negative errno and @diag
 */
struct command {
	const char	*name;
	bool		changes;
	uint32_t	wants;
	uint32_t	takes;
	int		(*run)(struct daemon *d, struct control_client *client,
			       const struct request *request, json_t **result,
			       struct themis_diag *diag);
};

/* What the core has counted, without what never happened. */
static json_t *counters(const struct daemon *d)
{
	json_t *all = json_object();
	unsigned int i;

	for (i = 1; i < __THEMIS_N_MAX; i++) {
		uint64_t n = themis_core_counter(d->core, i);

		if (n)
			json_object_set_new(all, themis_core_counter_name(i),
					    json_integer((json_int_t)n));
	}
	return all;
}

static int run_info(struct daemon *d, struct control_client *client,
		    const struct request *request, json_t **result, struct themis_diag *diag)
{
	uint64_t up_ms = (daemon_now() - d->started_us) / 1000;

	*result = json_pack("{s:s, s:s, s:i, s:s, s:s?, s:s, s:i, s:i, s:I, s:o}",
			    "version", THEMIS_VERSION,
			    "module", d->info.version,
			    "pid", (int)getpid(),
			    "control", d->control_path,
			    "config", d->config_found ? d->config_path : NULL,
			    "state", d->state_path,
			    "nodes", (int)d->nnodes,
			    "peers", (int)d->npeers,
			    "uptime_ms", (json_int_t)up_ms,
			    "counters", counters(d));
	return 0;
}

static int run_node_add(struct daemon *d, struct control_client *client,
			const struct request *request, json_t **result,
			struct themis_diag *diag)
{
	struct node_spec spec = {
		.key = request_text(request, REQUEST_KEY),
		.netid = request_text(request, REQUEST_NETID),
		.owner = request_text(request, REQUEST_OWNER),
		.name = request_text(request, REQUEST_NAME),
		.allow = request_text(request, REQUEST_ALLOW),
	};
	int64_t link = request_number(request, REQUEST_LINK);
	char text[THEMIS_ID_TEXT];
	struct themis_id id;
	int err;

	if (link < 1 || link > UINT16_MAX)
		return themis_diag_set(diag, -EINVAL, "Use 1 to 65535.",
				       "%lld is no UDP port", (long long)link);
	spec.link = (uint16_t)link;
	err = node_add(d, &spec, false, &id, diag);
	if (err)
		return err;
	*result = json_pack("{s:s}", "id", themis_id_format(&id, text));
	return 0;
}

static int run_node_del(struct daemon *d, struct control_client *client,
			const struct request *request, json_t **result,
			struct themis_diag *diag)
{
	struct themis_id id;
	int err;

	err = node_resolve(d, request_text(request, REQUEST_NODE), &id, diag);
	if (!err)
		err = node_del(d, &id, diag);
	if (err)
		return err;
	*result = json_object();
	return 0;
}

static int run_node_set(struct daemon *d, struct control_client *client,
			const struct request *request, json_t **result,
			struct themis_diag *diag)
{
	const char *allow = request_text(request, REQUEST_ALLOW);
	char id_text[THEMIS_ID_TEXT];
	struct themis_id id;
	struct node *node;
	bool listed;
	int err;

	if (node_allow_parse(allow, &listed))
		return themis_diag_set(diag, -EINVAL, "Use any or listed.",
				       "\"%.80s\" tells not whom to allow",
				       allow);
	err = node_resolve(d, request_text(request, REQUEST_NODE), &id, diag);
	if (err)
		return err;
	node = node_find(d, &id);
	if (!node)
		return themis_diag_set(diag, -ENOENT,
				       "Add it with 'themis node add'.",
				       "there is no node %s here",
				       themis_id_format(&id, id_text));
	err = node_allow(d, node, listed, diag);
	if (err)
		return err;
	*result = json_object();
	return 0;
}

static int run_node_list(struct daemon *d, struct control_client *client,
			 const struct request *request, json_t **result,
			 struct themis_diag *diag)
{
	char text[THEMIS_ID_TEXT], owner[16];
	const struct node *node;

	*result = json_array();
	for (node = d->nodes; node; node = node->next)
		json_array_append_new(*result,
				      json_pack("{s:s, s:s?, s:s, s:i, s:s, s:s, s:s, s:b}",
						"id",
						themis_id_format(&node->id,
								 text),
						"name", node->name[0] ?
						node->name : NULL,
						"netid", node->netid,
						"link", node->link,
						"key", node->key,
						"owner",
						node_owner_format(node, owner),
						"allow", node->listed ?
						"listed" : "any",
						"configured",
						node->configured));
	return 0;
}

/* The peer, and the node, which may be absent if there is only one. */
static int pair(struct daemon *d, const struct request *request,
		struct themis_id *node, struct themis_id *peer,
		struct themis_diag *diag)
{
	int err;

	err = node_resolve(d, request_text(request, REQUEST_NODE), node, diag);
	if (!err)
		err = peer_resolve(d, node, request_text(request, REQUEST_PEER),
				   peer, diag);
	return err;
}

static int run_peer_add(struct daemon *d, struct control_client *client,
			const struct request *request, json_t **result,
			struct themis_diag *diag)
{
	struct peer_spec spec = {
		.endpoint = request_text(request, REQUEST_ENDPOINT),
		.psk_file = request_text(request, REQUEST_PSK_FILE),
		.name = request_text(request, REQUEST_NAME),
		.allow = -1,
	};
	struct themis_id node, peer;
	int err;

	if (request_has(request, REQUEST_ALLOWED))
		spec.allow = request_flag(request, REQUEST_ALLOWED);
	err = pair(d, request, &node, &peer, diag);
	if (err)
		return err;
	err = peer_add(d, &node, &peer, &spec, false, diag);
	if (err)
		return err;
	*result = json_object();
	return 0;
}

static int run_peer_del(struct daemon *d, struct control_client *client,
			const struct request *request, json_t **result,
			struct themis_diag *diag)
{
	struct themis_id node, peer;
	int err;

	err = pair(d, request, &node, &peer, diag);
	if (!err)
		err = peer_del(d, &node, &peer, diag);
	if (err)
		return err;
	*result = json_object();
	return 0;
}

static int run_peer_connect(struct daemon *d, struct control_client *client,
			    const struct request *request, json_t **result,
			    struct themis_diag *diag)
{
	struct themis_id node, peer;
	char text[THEMIS_ID_TEXT];
	int err;

	err = pair(d, request, &node, &peer, diag);
	if (err)
		return err;
	if (!node_find(d, &node))
		return themis_diag_set(diag, -ENOENT,
				       "Add it with 'themis node add'.",
				       "there is no node %s here",
				       themis_id_format(&node, text));
	if (!peer_find(d, &node, &peer))
		return themis_diag_set(diag, -ENOENT,
				       "Add it with 'themis peer add'.",
				       "there is no peer %s",
				       themis_id_format(&peer, text));
	themis_core_acquire(d->core, daemon_now(), &node, &peer);
	drive(d);
	*result = json_object();
	return 0;
}

struct listing {
	struct daemon	*d;
	json_t		*rows;
	uint64_t	now;
};

static json_t *age(uint64_t now, uint64_t then)
{
	return json_integer((json_int_t)(now > then ? (now - then) / 1000 : 0));
}

static int add_peer_row(void *ctx, const struct themis_peer_info *info)
{
	char node[THEMIS_ID_TEXT], peer[THEMIS_ID_TEXT];
	char endpoint[THEMIS_ENDPOINT_TEXT], why[TELL_WHY];
	struct listing *list = ctx;
	const struct peer *known;
	json_t *row;

	known = peer_find(list->d, &info->node, &info->peer);
	themis_endpoint_format(&info->endpoint, endpoint);
	row = json_pack("{s:s, s:s, s:s?, s:s?, s:s, s:s, s:s, s:s, s:b, s:b, s:o, s:o, s:o, s:i}",
			"node", themis_id_format(&info->node, node),
			"peer", themis_id_format(&info->peer, peer),
			"name", known && known->name[0] ? known->name : NULL,
			"endpoint", info->endpoint.sa.sa_family != AF_UNSPEC ?
			endpoint : NULL,
			"state", tell_state_name(info->state),
			"why", tell_why_name(info->why),
			"why_text", tell_why(info->why, &info->asked,
					     info->tries, info->spent_us, why),
			"why_hint", themis_core_why_hint(info->why),
			"configured", info->configured,
			"psk", info->has_psk,
			"since_ms", age(list->now, info->since_us),
			"handshake_age_ms", info->handshake_us ?
			age(list->now, info->handshake_us) : json_null(),
			"rtt_us", info->rtt_us ?
			json_integer((json_int_t)info->rtt_us) : json_null(),
			"tries", (int)info->tries);
	json_object_set_new(row, "allowed", json_boolean(!info->denied));
	json_object_set_new(row, "host", known && known->where ?
			    json_string(known->where) : json_null());
	return json_array_append_new(list->rows, row) ? -ENOMEM : 0;
}

static int run_peer_list(struct daemon *d, struct control_client *client,
			 const struct request *request, json_t **result,
			 struct themis_diag *diag)
{
	struct listing list = { .d = d, .now = daemon_now() };
	int err;

	list.rows = json_array();
	err = themis_core_peers(d->core, add_peer_row, &list);
	if (err) {
		json_decref(list.rows);
		return themis_diag_set(diag, err, NULL,
				       "cannot list the peers: %s",
				       strerror(-err));
	}
	*result = list.rows;
	return 0;
}

static int run_monitor(struct daemon *d, struct control_client *client,
		       const struct request *request, json_t **result,
		       struct themis_diag *diag)
{
	control_monitor(client);
	*result = json_object();
	return 0;
}

#define A(argument) (UINT32_C(1) << REQUEST_##argument)

static const struct command commands[] = {
	{ "info", false, 0, 0, run_info },
	{ "node-add", true, A(KEY) | A(NETID) | A(LINK),
	  A(OWNER) | A(NAME) | A(ALLOW), run_node_add },
	{ "node-del", true, A(NODE), 0, run_node_del },
	{ "node-set", true, A(ALLOW), A(NODE), run_node_set },
	{ "node-list", false, 0, 0, run_node_list },
	{ "peer-add", true, A(PEER), A(NODE) | A(ENDPOINT) | A(PSK_FILE) |
	  A(NAME) | A(ALLOWED), run_peer_add },
	{ "peer-del", true, A(PEER), A(NODE), run_peer_del },
	{ "peer-list", false, 0, 0, run_peer_list },
	{ "peer-connect", true, A(PEER), A(NODE), run_peer_connect },
	{ "join", true, 0, A(NODE) | A(MEMBER) | A(ENDPOINT), request_join },
	{ "leave", true, 0, A(NODE), request_leave },
	{ "update", true, 0, A(NODE), request_update },
	{ "find", false, 0, A(NODE) | A(ID) | A(NAME) | A(OWNER) | A(SET) |
	  A(TRACE), request_find },
	{ "store", false, A(VALUE), A(NODE) | A(NAME) | A(SET) | A(AUTHORITY) |
	  A(GRANT) | A(UNTIL) | A(TTL) | A(SEQ) | A(KEEP), request_store },
	{ "unpublish", false, A(ID), A(NODE), request_unpublish },
	{ "net-list", false, 0, 0, request_net_list },
	{ "net-contacts", false, 0, A(NODE), request_net_contacts },
	{ "net-objects", false, 0, A(NODE), request_net_objects },
	{ "net-published", false, 0, A(NODE), request_net_published },
	{ "monitor", false, 0, 0, run_monitor },
	{ NULL, false, 0, 0, NULL },
};

static const struct command *find_command(const char *name)
{
	const struct command *command;

	for (command = commands; command->name; command++)
		if (name && !strcmp(command->name, name))
			return command;
	return NULL;
}

/* All that is wanted, and nothing that is not taken. */
static int check_arguments(const struct command *command,
			   const struct request *request,
			   struct themis_diag *diag)
{
	uint32_t other = request->given & ~(command->wants | command->takes);
	uint32_t missing = command->wants & ~request->given;
	const char *hint = "See the list of commands in themisd(8).";

	if (other || request->other[0])
		return themis_diag_set(diag, -EINVAL, hint,
				       "the request's arguments are wrong: %s takes no \"%s\", or not of that type",
				       command->name, other ?
				       request_argument_name((enum request_argument)
							     __builtin_ctz(other)) :
				       request->other);
	if (missing)
		return themis_diag_set(diag, -EINVAL, hint,
				       "the request's arguments are wrong: %s wants \"%s\"",
				       command->name,
				       request_argument_name((enum request_argument)
							     __builtin_ctz(missing)));
	return 0;
}

json_t *request_handle(void *ctx, struct control_client *client,
		       const struct request *request)
{
	const char *name = request->cmd;
	const struct command *command = find_command(name);
	struct themis_diag diag = { .what = "refused" };
	json_t *result = NULL;
	int err;

	if (!name) {
		themis_diag_set(&diag, -EINVAL,
				"Send {\"cmd\": \"info\"} or another command.",
				"the request names no command");
		return control_bad(1, &diag);
	}
	if (!command) {
		themis_diag_set(&diag, -EINVAL,
				"Check that tool and daemon are of one version.",
				"there is no command \"%.80s\"", name);
		return control_bad(1, &diag);
	}
	if (command->changes && !control_privileged(client)) {
		themis_diag_set(&diag, -EPERM, "Run as root.",
				"Operation not permitted");
		return control_bad(2, &diag);
	}
	if (command->changes && ((struct daemon *)ctx)->module_gone) {
		themis_nl_diag(NULL, -ENOENT, "", &diag);
		return control_bad(2, &diag);
	}
	err = check_arguments(command, request, &diag);
	if (!err)
		err = command->run(ctx, client, request, &result, &diag);
	if (err == -EINPROGRESS)
		return json_null();
	if (err) {
		log_debug("%s: %s", name, diag.what);
		return control_bad(err == -EINVAL ? 1 : 2, &diag);
	}
	return control_ok(result);
}
