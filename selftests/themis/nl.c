// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink by hand.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/themis.h>

#include "nl.h"

/* No answer of the kernel takes that long, not even in an emulator. */
#define NL_TIMEOUT_MS	20000

static int nl_open(struct nl *nl, int protocol)
{
	struct sockaddr_nl sa = { .nl_family = AF_NETLINK };
	int size = 4 << 20;
	int one = 1;

	memset(nl, 0, sizeof(*nl));
	nl->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	if (nl->fd < 0)
		return -errno;
	if (setsockopt(nl->fd, SOL_NETLINK, NETLINK_EXT_ACK, &one,
		       sizeof(one)) ||
	    setsockopt(nl->fd, SOL_NETLINK, NETLINK_CAP_ACK, &one,
		       sizeof(one)) ||
	    bind(nl->fd, (struct sockaddr *)&sa, sizeof(sa))) {
		int err = -errno;

		nl_close(nl);
		return err;
	}
	/* Only root may force it; the default does for everybody else. */
	setsockopt(nl->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return 0;
}

int nl_open_route(struct nl *nl)
{
	return nl_open(nl, NETLINK_ROUTE);
}

int nl_open_themis(struct nl *nl)
{
	const struct nlattr *groups, *grp;
	struct nl_msg m;
	int err;

	err = nl_open(nl, NETLINK_GENERIC);
	if (err)
		return err;

	nl_cmd(&m, CTRL_CMD_GETFAMILY, 0);
	nl_put(&m, CTRL_ATTR_FAMILY_NAME, THEMIS_GENL_NAME,
	       sizeof(THEMIS_GENL_NAME));
	nl->family = GENL_ID_CTRL;
	err = nl_do(nl, &m);
	if (err)
		goto err_close;

	nl->family = nl_uint(nl_attr(&nl->nlh, CTRL_ATTR_FAMILY_ID));
	groups = nl_attr(&nl->nlh, CTRL_ATTR_MCAST_GROUPS);
	for (int i = 1; (grp = nl_sub(groups, i)); i++) {
		const struct nlattr *name, *id;

		name = nl_sub(grp, CTRL_ATTR_MCAST_GRP_NAME);
		id = nl_sub(grp, CTRL_ATTR_MCAST_GRP_ID);
		if (!name || !id)
			continue;
		if (!strcmp(nl_data(name), THEMIS_MCGRP_ACQUIRE))
			nl->acquire = nl_uint(id);
		else if (!strcmp(nl_data(name), THEMIS_MCGRP_EVENT))
			nl->event = nl_uint(id);
	}
	if (nl->acquire && nl->event)
		return 0;
	err = -EPROTO;

err_close:
	nl_close(nl);
	return err;
}

void nl_close(struct nl *nl)
{
	if (nl->fd > 0)
		close(nl->fd);
	nl->fd = -1;
}

int nl_join(struct nl *nl, __u32 group)
{
	if (setsockopt(nl->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
		       sizeof(group)))
		return -errno;
	return 0;
}

int nl_leave(struct nl *nl, __u32 group)
{
	if (setsockopt(nl->fd, SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, &group,
		       sizeof(group)))
		return -errno;
	return 0;
}

void nl_msg_init(struct nl_msg *m, __u16 type, __u16 flags, const void *hdr,
		 size_t len)
{
	memset(m, 0, sizeof(*m));
	m->nlh.nlmsg_type = type;
	m->nlh.nlmsg_flags = flags | NLM_F_REQUEST;
	memcpy(m->buf + NLMSG_HDRLEN, hdr, len);
	m->len = NLMSG_SPACE(len);
}

void nl_cmd(struct nl_msg *m, __u8 cmd, __u16 flags)
{
	struct genlmsghdr gnlh = {
		.cmd = cmd,
		.version = THEMIS_GENL_VERSION,
	};

	nl_msg_init(m, 0, flags, &gnlh, sizeof(gnlh));
}

void nl_put(struct nl_msg *m, __u16 type, const void *data, size_t len)
{
	struct nlattr *attr = (struct nlattr *)(m->buf + m->len);

	if (m->len + NLA_HDRLEN + NLA_ALIGN(len) > sizeof(m->buf))
		return;
	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + len;
	if (len)
		memcpy((__u8 *)attr + NLA_HDRLEN, data, len);
	m->len += NLA_HDRLEN + NLA_ALIGN(len);
}

void nl_put_u8(struct nl_msg *m, __u16 type, __u8 val)
{
	nl_put(m, type, &val, sizeof(val));
}

void nl_put_u16(struct nl_msg *m, __u16 type, __u16 val)
{
	nl_put(m, type, &val, sizeof(val));
}

void nl_put_u32(struct nl_msg *m, __u16 type, __u32 val)
{
	nl_put(m, type, &val, sizeof(val));
}

void nl_put_u64(struct nl_msg *m, __u16 type, __u64 val)
{
	nl_put(m, type, &val, sizeof(val));
}

size_t nl_nest(struct nl_msg *m, __u16 type)
{
	size_t nest = m->len;

	nl_put(m, type | NLA_F_NESTED, NULL, 0);
	return nest;
}

void nl_end(struct nl_msg *m, size_t nest)
{
	struct nlattr *attr = (struct nlattr *)(m->buf + nest);

	attr->nla_len = m->len - nest;
}

static int nl_send(struct nl *nl, struct nl_msg *m, __u16 flags)
{
	struct sockaddr_nl sa = { .nl_family = AF_NETLINK };

	if (nl->family)
		m->nlh.nlmsg_type = nl->family;
	m->nlh.nlmsg_len = m->len;
	m->nlh.nlmsg_flags |= flags;
	m->nlh.nlmsg_seq = ++nl->seq;
	nl->error[0] = '\0';
	nl->len = 0;
	if (sendto(nl->fd, m->buf, m->len, 0, (struct sockaddr *)&sa,
		   sizeof(sa)) < 0)
		return -errno;
	return 0;
}

static int nl_recv(struct nl *nl, void *buf, size_t size, int ms)
{
	struct pollfd pfd = { .fd = nl->fd, .events = POLLIN };
	ssize_t n;

	if (!poll(&pfd, 1, ms))
		return -ETIMEDOUT;
	n = recv(nl->fd, buf, size, MSG_TRUNC | MSG_DONTWAIT);
	if (n < 0)
		return -errno;
	return (size_t)n > size ? -EMSGSIZE : n;
}

/* Keep the text of an error message; returns the error. */
static int nl_take_error(struct nl *nl, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *e = NLMSG_DATA(nlh);
	size_t at = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(*e));

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return e->error;
	while (at + NLA_HDRLEN <= nlh->nlmsg_len) {
		const struct nlattr *attr;

		attr = (const struct nlattr *)((const __u8 *)nlh + at);
		if (attr->nla_len < NLA_HDRLEN)
			break;
		if (attr->nla_type == NLMSGERR_ATTR_MSG)
			snprintf(nl->error, sizeof(nl->error), "%s",
				 (const char *)nl_data(attr));
		at += NLA_ALIGN(attr->nla_len);
	}
	return e->error;
}

/* Take messages until the one that ends the request. */
static int nl_collect(struct nl *nl,
		      void (*fn)(const struct nlmsghdr *nlh, void *arg),
		      void *arg)
{
	union {
		struct nlmsghdr	nlh;
		__u8		buf[NL_REPLY_MAX];
	} u;
	int n, at;

	for (;;) {
		n = nl_recv(nl, &u, sizeof(u), NL_TIMEOUT_MS);
		if (n < 0)
			return n;
		for (at = 0; at + NLMSG_HDRLEN <= n;) {
			const struct nlmsghdr *nlh;

			nlh = (const struct nlmsghdr *)(u.buf + at);
			if (nlh->nlmsg_len < NLMSG_HDRLEN)
				return -EPROTO;
			at += NLMSG_ALIGN(nlh->nlmsg_len);
			if (at > (int)NLMSG_ALIGN(n))
				return -EPROTO;
			if (nlh->nlmsg_seq != nl->seq)
				continue;
			if (nlh->nlmsg_type == NLMSG_ERROR)
				return nl_take_error(nl, nlh);
			if (nlh->nlmsg_type == NLMSG_DONE)
				return *(const int *)NLMSG_DATA(nlh);
			fn(nlh, arg);
		}
	}
}

static void nl_keep(const struct nlmsghdr *nlh, void *arg)
{
	struct nl *nl = arg;

	nl->len = nlh->nlmsg_len;
	memcpy(nl->reply, nlh, nl->len);
}

int nl_do(struct nl *nl, struct nl_msg *m)
{
	int err;

	err = nl_send(nl, m, NLM_F_ACK);
	return err ? err : nl_collect(nl, nl_keep, nl);
}

struct nl_counted {
	void	(*fn)(const struct nlmsghdr *nlh, void *arg);
	void	*arg;
	int	count;
};

static void nl_count(const struct nlmsghdr *nlh, void *arg)
{
	struct nl_counted *c = arg;

	c->count++;
	if (c->fn)
		c->fn(nlh, c->arg);
}

int nl_dump(struct nl *nl, struct nl_msg *m,
	    void (*fn)(const struct nlmsghdr *nlh, void *arg), void *arg)
{
	struct nl_counted c = { .fn = fn, .arg = arg };
	int err;

	err = nl_send(nl, m, NLM_F_DUMP);
	if (!err)
		err = nl_collect(nl, nl_count, &c);
	return err ? err : c.count;
}

int nl_wait(struct nl *nl, int ms)
{
	const struct genlmsghdr *gnlh;
	int n;

	n = nl_recv(nl, nl->reply, sizeof(nl->reply), ms);
	if (n < 0)
		return n;
	nl->len = n;
	gnlh = NLMSG_DATA(&nl->nlh);
	return gnlh->cmd;
}

static const struct nlattr *nl_find(const __u8 *p, const __u8 *end, int type)
{
	while (p + NLA_HDRLEN <= end) {
		const struct nlattr *attr = (const struct nlattr *)p;

		if (attr->nla_len < NLA_HDRLEN || p + attr->nla_len > end)
			break;
		if ((attr->nla_type & NLA_TYPE_MASK) == type)
			return attr;
		p += NLA_ALIGN(attr->nla_len);
	}
	return NULL;
}

const struct nlattr *nl_attr(const struct nlmsghdr *nlh, int type)
{
	const __u8 *p = (const __u8 *)nlh;

	return nl_find(p + NLMSG_HDRLEN + GENL_HDRLEN, p + nlh->nlmsg_len,
		       type);
}

const struct nlattr *nl_sub(const struct nlattr *nest, int type)
{
	const __u8 *p = (const __u8 *)nest;

	if (!nest)
		return NULL;
	return nl_find(p + NLA_HDRLEN, p + nest->nla_len, type);
}

const struct nlattr *nl_sub_next(const struct nlattr *nest,
				 const struct nlattr *from)
{
	return nl_find((const __u8 *)from + NLA_ALIGN(from->nla_len),
		       (const __u8 *)nest + nest->nla_len,
		       from->nla_type & NLA_TYPE_MASK);
}

size_t nl_len(const struct nlattr *attr)
{
	return attr ? attr->nla_len - NLA_HDRLEN : 0;
}

const void *nl_data(const struct nlattr *attr)
{
	return (const __u8 *)attr + NLA_HDRLEN;
}

__u64 nl_uint(const struct nlattr *attr)
{
	__u64 val = 0;

	if (!attr || !nl_len(attr) || nl_len(attr) > sizeof(val))
		return ~0ULL;
	/* Little-endian machines only: this is a test, and x86 its machine. */
	memcpy(&val, nl_data(attr), nl_len(attr));
	return val;
}
