// SPDX-License-Identifier: GPL-2.0
/*
 * Requests to the daemon, made from arguments that have been checked.
 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/themis.h>

#include "names.h"
#include "print.h"
#include "request.h"
#include "tool.h"

json_t *request_new(const char *cmd)
{
	json_t *request = json_pack("{s:s}", "cmd", cmd);

	if (!request)
		abort();
	return request;
}

void request_string(json_t *request, const char *key, const char *value)
{
	if (json_object_set_new(request, key, json_string(value)))
		abort();
}

/* JSON carries UTF-8 and nothing else. */
static bool is_utf8(const char *text)
{
	json_t *value = json_string(text);
	bool valid = value;

	json_decref(value);
	return valid;
}

int request_path(json_t *request, const char *key, const char *path)
{
	char full[PATH_MAX], cwd[PATH_MAX];
	int len;

	if (!*path || !is_utf8(path)) {
		json_decref(request);
		return tool_fail(TOOL_USAGE, "Give the path of a file.",
				 "a path is %s", *path ? "not UTF-8" : "empty");
	}
	if (*path != '/' && !getcwd(cwd, sizeof(cwd))) {
		json_decref(request);
		return tool_fail(TOOL_USAGE, "Give a path from the root.",
				 "cannot tell the current directory: %s",
				 strerror(errno));
	}
	len = snprintf(full, sizeof(full), "%s%s%s", *path == '/' ? "" : cwd,
		       *path == '/' ? "" : "/", path);
	if (len >= (int)sizeof(full) || !is_utf8(full)) {
		json_decref(request);
		return tool_fail(TOOL_USAGE, "Move the file.",
				 "the path of %s is too long or not UTF-8",
				 path);
	}
	request_string(request, key, full);
	return TOOL_OK;
}

int request_name(json_t *request, const char *name)
{
	if (name && !names_valid(name)) {
		json_decref(request);
		return tool_fail(TOOL_USAGE,
				 "Use letters, digits and . _ - @ /, at most 63.",
				 "\"%s\" cannot be a name", name);
	}
	if (name)
		request_string(request, "name", name);
	return TOOL_OK;
}

int request_netid(const char *netid)
{
	size_t len = strlen(netid);

	if (len && len <= THEMIS_NETID_MAX && is_utf8(netid))
		return TOOL_OK;
	return tool_fail(TOOL_USAGE, "Give 1 to 32 bytes of UTF-8.",
			 "the netid is %s",
			 !len ? "empty" :
			 len > THEMIS_NETID_MAX ? "too long" : "not UTF-8");
}

int request_node(json_t *request, const char *word)
{
	struct themis_id node;
	int err;

	if (!word)
		return TOOL_OK;
	err = names_resolve(word, NAMES_NODE, &node);
	if (err)
		json_decref(request);
	else
		print_set_id(request, "node", &node);
	return err;
}
