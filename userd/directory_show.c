// SPDX-License-Identifier: GPL-2.0
/*
 * Requests of clients: what the directory knows.
 */
#include <errno.h>

#include "directory_request.h"
#include "directory_state.h"
#include "node.h"

static const char *state_of(const struct member *member)
{
	if (member->joined)
		return "joined";
	return member->joining ? "joining" : "waiting";
}

static json_t *row_of(struct daemon *d, struct member *member)
{
	const struct node *node = node_find(d, &member->id);
	const struct dht_params *params;
	char id[THEMIS_ID_TEXT];
	json_t *row, *numbers;

	row = json_pack("{s:s, s:s?, s:s, s:s}",
			"node", themis_id_format(&member->id, id),
			"name", node && node->name[0] ? node->name : NULL,
			"network", member->network->netid,
			"state", state_of(member));
	numbers = directory_json_node(member);
	json_object_update(row, numbers);
	json_decref(numbers);
	params = dht_net_params(member->network->net);
	json_object_set_new(row, "redundancy",
			    json_integer(params->redundancy));
	return row;
}

DIRECTORY_REQUEST(net_list)
{
	json_t *rows = json_array();
	struct member *member;

	for (member = d->directory ? d->directory->members : NULL; member;
	     member = member->next)
		json_array_append_new(rows, row_of(d, member));
	*result = json_pack("{s:o, s:o, s:o}", "nodes", rows, "counters",
			    directory_json_counters(d->directory),
			    "operations",
			    directory_json_operations(d->directory));
	return 0;
}

static int add_contact(void *ctx, const struct dht_contact *contact,
		       uint64_t rtt_us, unsigned int bucket, bool good)
{
	json_t *row = directory_json_contact(contact);

	json_object_set_new(row, "bucket", json_integer((json_int_t)bucket));
	json_object_set_new(row, "rtt_us", rtt_us ?
			    json_integer((json_int_t)rtt_us) : json_null());
	json_object_set_new(row, "state", json_string(good ? "good" :
						      "silent"));
	return json_array_append_new(ctx, row);
}

DIRECTORY_REQUEST(net_contacts)
{
	struct member *member = directory_member_of(d, request, diag);

	if (!member)
		return -EINVAL;
	*result = json_array();
	dht_node_contacts(member->dht, add_contact, *result);
	return 0;
}

static int add_object(void *ctx, const struct themis_id *id,
		      const uint8_t *object, size_t len)
{
	json_t *row = directory_json_object(object, len);
	char text[THEMIS_ID_TEXT];

	themis_id_format(id, text);
	json_object_set_new(row, "id", json_string(text));
	return json_array_append_new(ctx, row);
}

DIRECTORY_REQUEST(net_objects)
{
	struct member *member = directory_member_of(d, request, diag);

	if (!member)
		return -EINVAL;
	*result = json_array();
	dht_node_objects(member->dht, add_object, *result);
	return 0;
}
