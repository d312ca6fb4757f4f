// SPDX-License-Identifier: GPL-2.0
/*
 * themis socket: the AF_THEMIS sockets of this network namespace, by sock_diag.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/sock_diag.h>
#include <linux/themis.h>

#include "kernel.h"
#include "names.h"
#include "print.h"
#include "tool.h"

/* "NAME:port" of one side, or "*" where there is none. */
static void side(const json_t *row, const char *id, const char *port,
		 char *buf)
{
	json_int_t number = json_integer_value(json_object_get(row, port));
	char name[PRINT_CELL];

	if (!json_is_string(json_object_get(row, id))) {
		snprintf(buf, PRINT_CELL, "*");
		return;
	}
	print_name_text(row, id, name);
	snprintf(buf, PRINT_CELL, "%.*s:%d", PRINT_CELL - 8, name,
		 (int)number);
}

static void local_cell(const json_t *row, char *buf)
{
	json_int_t port = json_integer_value(json_object_get(row, "port"));

	if (json_is_null(json_object_get(row, "node")))
		snprintf(buf, PRINT_CELL, "link:%d", (int)port);
	else
		side(row, "node", "port", buf);
}

static void peer_cell(const json_t *row, char *buf)
{
	side(row, "peer", "peer_port", buf);
}

static const struct print_column columns[] = {
	{ .head = "TYPE", .key = "type", .flags = PRINT_BRIEF },
	{ .head = "RECV-Q", .key = "rqueue", .flags = PRINT_RIGHT },
	{ .head = "SEND-Q", .key = "wqueue", .flags = PRINT_RIGHT },
	{ .head = "LOCAL", .key = "node", .text = local_cell,
	  .style = PRINT_ID, .flags = PRINT_BRIEF },
	{ .head = "PEER", .key = "peer", .text = peer_cell,
	  .style = PRINT_ID, .flags = PRINT_BRIEF },
	{ .head = "UID", .key = "uid" },
	{ .head = "INODE", .key = "inode" },
	{ .head = "DROPS", .key = "drops", .flags = PRINT_STATS },
	{ .head = "COMMANDS", .key = "commands", .flags = PRINT_STATS },
	{ }
};

static const struct print_layout layout = { .columns = columns };

static void set_id(json_t *row, const char *key, const __u8 *bytes)
{
	struct themis_id id;

	memcpy(id.b, bytes, sizeof(id.b));
	if (themis_id_zero(&id))
		json_object_set_new(row, key, json_null());
	else
		print_set_id(row, key, &id);
}

static json_t *socket_row(const struct themis_diag_msg *msg)
{
	const char *type = msg->type == SOCK_RAW ? "raw" : "dgram";
	json_t *row = print_new();

	print_set_text(row, "type", type, strlen(type));
	set_id(row, "node", msg->id);
	print_set_u64(row, "port", ntohs(msg->port));
	set_id(row, "peer", msg->peer);
	if (msg->connected)
		print_set_u64(row, "peer_port", ntohs(msg->peer_port));
	else
		json_object_set_new(row, "peer_port", json_null());
	print_set_u64(row, "rqueue", msg->rqueue);
	print_set_u64(row, "wqueue", msg->wqueue);
	print_set_u64(row, "uid", msg->uid);
	print_set_u64(row, "inode", msg->inode);
	print_set_u64(row, "drops", msg->drops);
	print_set_u64(row, "commands", msg->commands);
	return row;
}

static int take(struct nl_msg *nlmsg, void *ctx)
{
	struct nlmsghdr *nlh = nlmsg_hdr(nlmsg);
	json_t *rows = ctx;

	if (nlh->nlmsg_type == SOCK_DIAG_BY_FAMILY &&
	    nlmsg_datalen(nlh) >= (int)sizeof(struct themis_diag_msg))
		print_append(rows, socket_row(nlmsg_data(nlh)));
	return NL_OK;
}

/* Fills @rows; 0 or a negative error of libnl. */
static int dump(struct nl_sock *sock, int family, json_t *rows)
{
	struct themis_diag_req req = { .sdiag_family = family };
	int err;

	err = nl_connect(sock, NETLINK_SOCK_DIAG);
	if (err)
		return err;
	err = nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, take, rows);
	if (err)
		return err;
	err = nl_send_simple(sock, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &req,
			     sizeof(req));
	if (err < 0)
		return err;
	return nl_recvmsgs_default(sock);
}

int socket_show(const struct tool_args *args)
{
	struct themis_nl_info info;
	struct nl_sock *sock;
	struct themis_nl *nl;
	json_t *rows;
	int err;

	err = kernel_open(&nl);
	if (err)
		return err;
	err = themis_nl_info(nl, &info);
	if (err)
		return kernel_fail(err, "cannot ask for the family's number");

	sock = nl_socket_alloc();
	if (!sock)
		return tool_fail(TOOL_KERNEL, "Free some.", "no memory");
	rows = print_array();
	err = dump(sock, info.family, rows);
	nl_socket_free(sock);
	if (err) {
		json_decref(rows);
		return tool_fail(TOOL_KERNEL,
				 "Is another module of this name loaded?",
				 "cannot list the sockets: %s",
				 nl_geterror(err));
	}
	print_rows(rows, &layout);
	return TOOL_OK;
}
