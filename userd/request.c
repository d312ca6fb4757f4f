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
 * @run: returns 0 and *@result (a new reference); -EINPROGRESS after
 *	control_later(); or another negative errno and @diag
 */
struct command {
	const char	*name;
	bool		changes;
	int		(*run)(struct daemon *d, struct control_client *client,
			       json_t *request, json_t **result,
			       struct themis_diag *diag);
};

static int bad_arguments(const json_error_t *error, struct themis_diag *diag)
{
	return themis_diag_set(diag, -EINVAL,
			       "See the list of commands in themisd(8).",
			       "the request's arguments are wrong: %s",
			       error->text);
}

/* Only "cmd", and nothing else. */
static int no_arguments(json_t *request, struct themis_diag *diag)
{
	const char *cmd;
	json_error_t error;

	if (json_unpack_ex(request, &error, JSON_STRICT, "{s:s}", "cmd", &cmd))
		return bad_arguments(&error, diag);
	return 0;
}

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
		    json_t *request, json_t **result, struct themis_diag *diag)
{
	uint64_t up_ms = (daemon_now() - d->started_us) / 1000;
	int err;

	err = no_arguments(request, diag);
	if (err)
		return err;
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
			json_t *request, json_t **result,
			struct themis_diag *diag)
{
	struct node_spec spec = { 0 };
	char text[THEMIS_ID_TEXT];
	struct themis_id id;
	json_error_t error;
	const char *cmd;
	int link, err;

	if (json_unpack_ex(request, &error, JSON_STRICT,
			   "{s:s, s:s, s:s, s:i, s?s, s?s, s?s}", "cmd", &cmd,
			   "key", &spec.key, "netid", &spec.netid, "link",
			   &link, "owner", &spec.owner, "name", &spec.name,
			   "allow", &spec.allow))
		return bad_arguments(&error, diag);
	if (link < 1 || link > UINT16_MAX)
		return themis_diag_set(diag, -EINVAL, "Use 1 to 65535.",
				       "%d is no UDP port", link);
	spec.link = (uint16_t)link;
	err = node_add(d, &spec, false, &id, diag);
	if (err)
		return err;
	*result = json_pack("{s:s}", "id", themis_id_format(&id, text));
	return 0;
}

static int run_node_del(struct daemon *d, struct control_client *client,
			json_t *request, json_t **result,
			struct themis_diag *diag)
{
	const char *cmd, *text = NULL;
	struct themis_id id;
	json_error_t error;
	int err;

	if (json_unpack_ex(request, &error, JSON_STRICT, "{s:s, s:s}", "cmd",
			   &cmd, "node", &text))
		return bad_arguments(&error, diag);
	err = node_resolve(d, text, &id, diag);
	if (!err)
		err = node_del(d, &id, diag);
	if (err)
		return err;
	*result = json_object();
	return 0;
}

static int run_node_set(struct daemon *d, struct control_client *client,
			json_t *request, json_t **result,
			struct themis_diag *diag)
{
	const char *cmd, *text = NULL, *allow;
	char id_text[THEMIS_ID_TEXT];
	struct themis_id id;
	struct node *node;
	json_error_t error;
	bool listed;
	int err;

	if (json_unpack_ex(request, &error, JSON_STRICT, "{s:s, s?s, s:s}",
			   "cmd", &cmd, "node", &text, "allow", &allow))
		return bad_arguments(&error, diag);
	if (node_allow_parse(allow, &listed))
		return themis_diag_set(diag, -EINVAL, "Use any or listed.",
				       "\"%.80s\" tells not whom to allow",
				       allow);
	err = node_resolve(d, text, &id, diag);
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
			 json_t *request, json_t **result,
			 struct themis_diag *diag)
{
	char text[THEMIS_ID_TEXT], owner[16];
	const struct node *node;
	int err;

	err = no_arguments(request, diag);
	if (err)
		return err;
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

/* "node" (may be absent if there is only one) and "peer". */
static int pair(struct daemon *d, const char *node_text, const char *peer_text,
		struct themis_id *node, struct themis_id *peer,
		struct themis_diag *diag)
{
	int err;

	err = node_resolve(d, node_text, node, diag);
	if (!err)
		err = peer_resolve(d, node, peer_text, peer, diag);
	return err;
}

static int unpack_pair(struct daemon *d, json_t *request,
		       struct themis_id *node, struct themis_id *peer,
		       struct themis_diag *diag)
{
	const char *cmd, *peer_text, *node_text = NULL;
	json_error_t error;

	if (json_unpack_ex(request, &error, JSON_STRICT, "{s:s, s:s, s?s}",
			   "cmd", &cmd, "peer", &peer_text, "node",
			   &node_text))
		return bad_arguments(&error, diag);
	return pair(d, node_text, peer_text, node, peer, diag);
}

static int run_peer_add(struct daemon *d, struct control_client *client,
			json_t *request, json_t **result,
			struct themis_diag *diag)
{
	const char *cmd, *peer_text, *node_text = NULL;
	struct peer_spec spec = { .allow = -1 };
	struct themis_id node, peer;
	json_error_t error;
	int err;

	if (json_unpack_ex(request, &error, JSON_STRICT,
			   "{s:s, s:s, s?s, s?s, s?s, s?s, s?b}", "cmd", &cmd,
			   "peer", &peer_text, "node", &node_text, "endpoint",
			   &spec.endpoint, "psk-file", &spec.psk_file, "name",
			   &spec.name, "allow", &spec.allow))
		return bad_arguments(&error, diag);
	err = pair(d, node_text, peer_text, &node, &peer, diag);
	if (err)
		return err;
	err = peer_add(d, &node, &peer, &spec, false, diag);
	if (err)
		return err;
	*result = json_object();
	return 0;
}

static int run_peer_del(struct daemon *d, struct control_client *client,
			json_t *request, json_t **result,
			struct themis_diag *diag)
{
	struct themis_id node, peer;
	int err;

	err = unpack_pair(d, request, &node, &peer, diag);
	if (!err)
		err = peer_del(d, &node, &peer, diag);
	if (err)
		return err;
	*result = json_object();
	return 0;
}

static int run_peer_connect(struct daemon *d, struct control_client *client,
			    json_t *request, json_t **result,
			    struct themis_diag *diag)
{
	struct themis_id node, peer;
	char text[THEMIS_ID_TEXT];
	int err;

	err = unpack_pair(d, request, &node, &peer, diag);
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
			 json_t *request, json_t **result,
			 struct themis_diag *diag)
{
	struct listing list = { .d = d, .now = daemon_now() };
	int err;

	err = no_arguments(request, diag);
	if (err)
		return err;
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
		       json_t *request, json_t **result,
		       struct themis_diag *diag)
{
	int err;

	err = no_arguments(request, diag);
	if (err)
		return err;
	control_monitor(client);
	*result = json_object();
	return 0;
}

static const struct command commands[] = {
	{ "info", false, run_info },
	{ "node-add", true, run_node_add },
	{ "node-del", true, run_node_del },
	{ "node-set", true, run_node_set },
	{ "node-list", false, run_node_list },
	{ "peer-add", true, run_peer_add },
	{ "peer-del", true, run_peer_del },
	{ "peer-list", false, run_peer_list },
	{ "peer-connect", true, run_peer_connect },
	{ "join", true, request_join },
	{ "leave", true, request_leave },
	{ "update", true, request_update },
	{ "find", false, request_find },
	{ "store", false, request_store },
	{ "unpublish", false, request_unpublish },
	{ "net-list", false, request_net_list },
	{ "net-contacts", false, request_net_contacts },
	{ "net-objects", false, request_net_objects },
	{ "net-published", false, request_net_published },
	{ "monitor", false, run_monitor },
	{ NULL, false, NULL },
};

static const struct command *find_command(const char *name)
{
	const struct command *command;

	for (command = commands; command->name; command++)
		if (name && !strcmp(command->name, name))
			return command;
	return NULL;
}

json_t *request_handle(void *ctx, struct control_client *client,
		       json_t *request)
{
	const char *name = json_string_value(json_object_get(request, "cmd"));
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
	err = command->run(ctx, client, request, &result, &diag);
	if (err == -EINPROGRESS)
		return json_null();
	if (err) {
		log_debug("%s: %s", name, diag.what);
		return control_bad(err == -EINVAL ? 1 : 2, &diag);
	}
	return control_ok(result);
}
