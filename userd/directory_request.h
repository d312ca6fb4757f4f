/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The requests of clients that are about the directory; rows of request.c's
 * table.
 */
#ifndef THEMISD_DIRECTORY_REQUEST_H
#define THEMISD_DIRECTORY_REQUEST_H

#include "control.h"
#include "daemon.h"
#include "request_line.h"

/*
 * Each takes a request of @client with no arguments but those of its row.
 * Return: 0 and *@result, a new reference; -EINPROGRESS: the answer comes when
 * the operation is over; or another negative errno and @diag.
 */
#define DIRECTORY_REQUEST(name)						\
	int request_##name(struct daemon *d, struct control_client *client, \
			   const struct request *request,		\
			   json_t **result,				\
			   struct themis_diag *diag)

/* directory_request.c */
DIRECTORY_REQUEST(join);
DIRECTORY_REQUEST(leave);
DIRECTORY_REQUEST(update);
DIRECTORY_REQUEST(find);
/* directory_store.c */
DIRECTORY_REQUEST(store);
DIRECTORY_REQUEST(net_published);
DIRECTORY_REQUEST(unpublish);
/* directory_show.c */
DIRECTORY_REQUEST(net_list);
DIRECTORY_REQUEST(net_contacts);
DIRECTORY_REQUEST(net_objects);

#endif /* THEMISD_DIRECTORY_REQUEST_H */
