/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests to the daemon, made from arguments that have been checked.
 */
#ifndef THEMIS_TOOL_REQUEST_H
#define THEMIS_TOOL_REQUEST_H

#include <jansson.h>

/**
 * request_new() - a request without arguments
 * @cmd: the daemon's command
 *
 * Return: the request; never NULL.
 */
json_t *request_new(const char *cmd);

/**
 * request_string() - add an argument
 * @request: the request
 * @key: its name
 * @value: text, known to be UTF-8 or checked by request_text()
 */
void request_string(json_t *request, const char *key, const char *value);

/**
 * request_path() - add a path, made absolute
 * @request: released on failure
 * @key: its name
 * @path: may be relative to where the tool runs, which the daemon does not
 *	share
 *
 * Return: TOOL_OK, or TOOL_USAGE after having said why.
 */
int request_path(json_t *request, const char *key, const char *path);

/**
 * request_name() - add a name
 * @request: released on failure
 * @name: NULL adds none
 *
 * Return: TOOL_OK, or TOOL_USAGE after having said why.
 */
int request_name(json_t *request, const char *name);

/**
 * request_node() - add the node of ours that a request is about
 * @request: released on failure
 * @word: as names_resolve() has it; NULL adds none
 *
 * Return: TOOL_OK, or TOOL_USAGE after having said why.
 */
int request_node(json_t *request, const char *word);

/**
 * request_netid() - check the name of a network
 * @netid: the name
 *
 * Return: TOOL_OK, or TOOL_USAGE after having said why.
 */
int request_netid(const char *netid);

#endif /* THEMIS_TOOL_REQUEST_H */
