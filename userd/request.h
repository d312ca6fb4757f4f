/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The requests of clients: what each line on the control socket means.
 */
#ifndef THEMISD_REQUEST_H
#define THEMISD_REQUEST_H

#include "control.h"
#include "daemon.h"
#include "request_line.h"

/**
 * request_handle() - a control_handler
 * @ctx: struct daemon
 * @client: who asks
 * @request: what; arguments that the command does not take are refused
 *
 * Return: a new reference to the answer, or NULL for lack of memory.
 */
json_t *request_handle(void *ctx, struct control_client *client,
		       const struct request *request);

#endif /* THEMISD_REQUEST_H */
