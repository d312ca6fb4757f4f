// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink client: notifications.
 */
#include <errno.h>
#include <string.h>

#include <linux/netlink.h>

#include "nl_priv.h"

#define EVENT_BUFFER	(4 * 1024 * 1024)	/* the kernel doubles it */
#define EVENT_BATCH	64			/* datagrams in one call */

/* The key is at the top level, or the only one in the session. */
static void find_key(struct nlattr **attrs, struct themis_nl_event *event)
{
	if (attrs[THEMIS_A_KEY]) {
		event->has_key = !themis_nl_get_key(attrs[THEMIS_A_KEY],
						    &event->key);
	} else if (event->session.nkeys == 1) {
		event->has_key = true;
		event->key = event->session.keys[0];
	}
}

/* Whether the family is no more: the module has been removed. */
static bool is_end(struct themis_nl *nl, struct nlmsghdr *nlh)
{
	struct nlattr *attrs[CTRL_ATTR_MAX + 1];

	return genlmsg_hdr(nlh)->cmd == CTRL_CMD_DELFAMILY &&
	       genlmsg_parse(nlh, 0, attrs, CTRL_ATTR_MAX, NULL) >= 0 &&
	       attrs[CTRL_ATTR_FAMILY_ID] &&
	       nla_get_u16(attrs[CTRL_ATTR_FAMILY_ID]) == nl->family;
}

/* Whether there is a family again: the module has been loaded. */
static bool is_beginning(struct nlmsghdr *nlh)
{
	struct nlattr *attrs[CTRL_ATTR_MAX + 1];

	return genlmsg_hdr(nlh)->cmd == CTRL_CMD_NEWFAMILY &&
	       genlmsg_parse(nlh, 0, attrs, CTRL_ATTR_MAX, NULL) >= 0 &&
	       attrs[CTRL_ATTR_FAMILY_NAME] &&
	       !nla_strcmp(attrs[CTRL_ATTR_FAMILY_NAME], THEMIS_GENL_NAME);
}

static int on_event(struct nl_msg *msg, void *arg)
{
	struct nlattr *attrs[THEMIS_A_MAX + 1];
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	struct themis_nl_event event = { 0 };
	struct themis_nl *nl = arg;
	int err = 0;

	/* Only the kernel's word counts. */
	if (nlmsg_get_src(msg)->nl_pid || !genlmsg_valid_hdr(nlh, 0))
		return NL_SKIP;
	if (nlh->nlmsg_type == GENL_ID_CTRL) {
		nl->gone |= is_end(nl, nlh);
		nl->back |= is_beginning(nlh);
	}
	if (nlh->nlmsg_type != nl->family ||
	    genlmsg_parse(nlh, 0, attrs, THEMIS_A_MAX, NULL) < 0)
		return NL_SKIP;

	event.cmd = genlmsg_hdr(nlh)->cmd;
	if (attrs[THEMIS_A_EVENT] && nla_len(attrs[THEMIS_A_EVENT]) >= 1)
		event.event = nla_get_u8(attrs[THEMIS_A_EVENT]);
	switch (event.cmd) {
	case THEMIS_CMD_ACQUIRE_NTF:
		err = themis_nl_get_session(attrs[THEMIS_A_SESSION],
					    &event.session);
		break;
	case THEMIS_CMD_SESSION_NTF:
		err = themis_nl_get_session(attrs[THEMIS_A_SESSION],
					    &event.session);
		if (!err)
			find_key(attrs, &event);
		break;
	case THEMIS_CMD_LINK_NTF:
		err = themis_nl_get_link(attrs[THEMIS_A_LINK], &event.link);
		break;
	case THEMIS_CMD_NODE_NTF:
		err = themis_nl_get_node(attrs[THEMIS_A_NODE], &event.node);
		break;
	default:
		/* Of a newer kernel: not for us. */
		return NL_SKIP;
	}
	if (!err)
		nl->notify(nl->notify_ctx, &event);
	return NL_OK;
}

static int join(struct themis_nl *nl, struct nl_sock *ctrl, const char *family,
		const char *name)
{
	int group, err;

	group = genl_ctrl_resolve_grp(ctrl, family, name);
	if (group < 0)
		return themis_nl_errno(group);
	err = nl_socket_add_membership(nl->events, group);
	return err ? themis_nl_errno(err) : 0;
}

/* On a socket of its own, for ours answer to themis_nl_request() only. */
static int join_groups(struct themis_nl *nl, unsigned int groups)
{
	struct nl_sock *ctrl;
	int err;

	ctrl = nl_socket_alloc();
	if (!ctrl)
		return -ENOMEM;
	err = genl_connect(ctrl);
	if (err)
		err = themis_nl_errno(err);
	if (!err && groups & THEMIS_NL_ACQUIRE)
		err = join(nl, ctrl, THEMIS_GENL_NAME, THEMIS_MCGRP_ACQUIRE);
	if (!err && groups & THEMIS_NL_EVENT)
		err = join(nl, ctrl, THEMIS_GENL_NAME, THEMIS_MCGRP_EVENT);
	/* Tells of the end of our family, which ends the groups in silence. */
	if (!err)
		err = join(nl, ctrl, "nlctrl", "notify");
	nl_socket_free(ctrl);
	return err;
}

int themis_nl_listen(struct themis_nl *nl, unsigned int groups)
{
	int size = EVENT_BUFFER, on = 1, fd, err;

	nl->text[0] = '\0';
	if (nl->events)
		return -EBUSY;
	nl->events = nl_socket_alloc();
	if (!nl->events)
		return -ENOMEM;

	/* Notifications have no sequence, and are not to be acknowledged. */
	nl_socket_disable_seq_check(nl->events);
	nl_socket_disable_auto_ack(nl->events);
	err = genl_connect(nl->events);
	if (err) {
		err = themis_nl_errno(err);
		goto err_free;
	}
	fd = nl_socket_get_fd(nl->events);
	/* Without the privilege to force it the system's limit has to do. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		nl_socket_set_buffer_size(nl->events, size, 0);
	/*
	 * A sender who waits for an acquire that did not fit in here learns
	 * so at once instead of waiting for its timeout.
	 */
	if (groups & THEMIS_NL_ACQUIRE &&
	    setsockopt(fd, SOL_NETLINK, NETLINK_BROADCAST_ERROR, &on,
		       sizeof(on))) {
		err = -errno;
		goto err_free;
	}
	err = nl_socket_set_nonblocking(nl->events);
	if (err) {
		err = themis_nl_errno(err);
		goto err_free;
	}
	nl_socket_modify_cb(nl->events, NL_CB_VALID, NL_CB_CUSTOM, on_event,
			    nl);

	err = join_groups(nl, groups);
	if (err)
		goto err_free;
	return 0;

err_free:
	nl_socket_free(nl->events);
	nl->events = NULL;
	return err;
}

int themis_nl_event_fd(const struct themis_nl *nl)
{
	return nl->events ? nl_socket_get_fd(nl->events) : -1;
}

int themis_nl_recv(struct themis_nl *nl,
		   void (*cb)(void *ctx, const struct themis_nl_event *event),
		   void *ctx)
{
	int i, err;

	if (!nl->events)
		return -EBADF;
	nl->notify = cb;
	nl->notify_ctx = ctx;
	for (i = 0; i < EVENT_BATCH; i++) {
		err = nl_recvmsgs_default(nl->events);
		if (nl->gone) {
			nl->gone = false;
			return -ENODEV;
		}
		if (nl->back) {
			nl->back = false;
			return -ESTALE;
		}
		if (err == -NLE_AGAIN)
			return 0;
		/* libnl calls ENOBUFS so; either way something was lost. */
		if (err == -NLE_NOMEM)
			return -ENOBUFS;
		if (err < 0)
			return themis_nl_errno(err);
	}
	return 0;
}
