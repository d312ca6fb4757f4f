/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests as lists of attributes, for tests that leave one out or spoil it.
 */
#ifndef SELFTESTS_THEMIS_ATTR_H
#define SELFTESTS_THEMIS_ATTR_H

#include <errno.h>
#include "nl.h"

/* An attribute to be; type 0 ends a list. */
struct attr {
	__u16		type;
	__u16		len;
	const void	*data;
};

#define BIN(type, len, data)	((struct attr){ type, len, data })
#define ID(type, id)		BIN(type, THEMIS_ID_LEN, id)
#define U8(type, val)		BIN(type, sizeof(__u8), &(__u8){ val })
#define U16(type, val)		BIN(type, sizeof(__u16), &(__u16){ val })
#define U32(type, val)		BIN(type, sizeof(__u32), &(__u32){ val })
#define U64(type, val)		BIN(type, sizeof(__u64), &(__u64){ val })

/**
 * build() - a request with one nest
 * @m: the request
 * @cmd: enum themis_cmd
 * @flags: nlmsg_flags beside NLM_F_REQUEST
 * @outer: type of the nest
 * @attr: what is in it
 */
static inline void build(struct nl_msg *m, int cmd, int flags, int outer,
			 const struct attr *attr)
{
	size_t nest;

	nl_cmd(m, cmd, flags);
	nest = nl_nest(m, outer);
	for (; attr->type; attr++)
		nl_put(m, attr->type, attr->data, attr->len);
	nl_end(m, nest);
}

/**
 * request() - send what build() builds
 * @nl: the socket
 * @cmd: enum themis_cmd
 * @flags: nlmsg_flags beside NLM_F_REQUEST
 * @outer: type of the nest
 * @attr: what is in it
 *
 * Return: 0 or the negative errno of the kernel.
 */
static inline int request(struct nl *nl, int cmd, int flags, int outer,
			  const struct attr *attr)
{
	struct nl_msg m;

	build(&m, cmd, flags, outer, attr);
	return nl_do(nl, &m);
}

/* The core of netlink has two words for an attribute of the wrong size. */
static inline bool malformed(int err)
{
	return err == -EINVAL || err == -ERANGE;
}

#endif /* SELFTESTS_THEMIS_ATTR_H */
