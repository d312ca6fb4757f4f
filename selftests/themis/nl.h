/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Netlink by hand. The tests send what a decent library refuses to build, so
 * nothing here checks what goes out.
 */
#ifndef SELFTESTS_THEMIS_NL_H
#define SELFTESTS_THEMIS_NL_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/types.h>

#define NL_REPLY_MAX	32768

/**
 * struct nl - a netlink socket
 * @fd: the socket
 * @family: nlmsg_type of generic netlink requests; 0 on rtnetlink
 * @acquire: number of the multicast group "acquire"
 * @event: number of the multicast group "event"
 * @seq: sequence of the last request
 * @error: the kernel's text (extack) to the last failure; "" without one
 * @len: bytes of the last reply or notification in @reply
 * @nlh: that message
 * @reply: that message, as bytes
 */
struct nl {
	int	fd;
	__u16	family;
	__u32	acquire;
	__u32	event;
	__u32	seq;
	char	error[256];
	size_t	len;
	union {
		struct nlmsghdr	nlh;
		__u8		reply[NL_REPLY_MAX];
	};
};

/**
 * struct nl_msg - a request in the making
 * @len: bytes used
 * @nlh: the message
 * @buf: the message, as bytes
 */
struct nl_msg {
	size_t	len;
	union {
		struct nlmsghdr	nlh;
		__u8		buf[4096];
	};
};

/**
 * nl_open_route() - open rtnetlink in the current network namespace
 * @nl: what to fill
 *
 * Return: 0 or a negative errno.
 */
int nl_open_route(struct nl *nl);

/**
 * nl_open_themis() - open generic netlink and resolve the family "themis"
 * @nl: what to fill; belongs to the current network namespace for ever
 *
 * Return: 0, -ENOENT if the module is not loaded, or a negative errno.
 */
int nl_open_themis(struct nl *nl);

/**
 * nl_close() - close a netlink socket
 * @nl: what nl_open_route() or nl_open_themis() filled
 */
void nl_close(struct nl *nl);

/**
 * nl_join() - listen to a multicast group
 * @nl: the socket
 * @group: nl->acquire or nl->event
 *
 * Return: 0 or a negative errno.
 */
int nl_join(struct nl *nl, __u32 group);

/**
 * nl_leave() - stop listening to a multicast group
 * @nl: the socket
 * @group: nl->acquire or nl->event
 *
 * Return: 0 or a negative errno.
 */
int nl_leave(struct nl *nl, __u32 group);

/**
 * nl_msg_init() - begin a request
 * @m: the message
 * @type: nlmsg_type
 * @flags: nlmsg_flags beside NLM_F_REQUEST
 * @hdr: the header that follows struct nlmsghdr
 * @len: bytes of @hdr
 */
void nl_msg_init(struct nl_msg *m, __u16 type, __u16 flags, const void *hdr,
		 size_t len);

/**
 * nl_cmd() - begin a request to the family "themis"
 * @m: the message
 * @cmd: enum themis_cmd
 * @flags: nlmsg_flags beside NLM_F_REQUEST
 */
void nl_cmd(struct nl_msg *m, __u8 cmd, __u16 flags);

/**
 * nl_put() - append an attribute
 * @m: the message
 * @type: its type, with or without NLA_F_NESTED
 * @data: its value
 * @len: bytes of @data
 */
void nl_put(struct nl_msg *m, __u16 type, const void *data, size_t len);

/**
 * nl_put_u8() - append an attribute of one byte
 * @m: the message
 * @type: its type
 * @val: its value
 */
void nl_put_u8(struct nl_msg *m, __u16 type, __u8 val);

/**
 * nl_put_u16() - append an attribute of two bytes
 * @m: the message
 * @type: its type
 * @val: its value
 */
void nl_put_u16(struct nl_msg *m, __u16 type, __u16 val);

/**
 * nl_put_u32() - append an attribute of four bytes
 * @m: the message
 * @type: its type
 * @val: its value
 */
void nl_put_u32(struct nl_msg *m, __u16 type, __u32 val);

/**
 * nl_put_u64() - append an attribute of eight bytes
 * @m: the message
 * @type: its type
 * @val: its value
 */
void nl_put_u64(struct nl_msg *m, __u16 type, __u64 val);

/**
 * nl_nest() - begin a nest
 * @m: the message
 * @type: its type; NLA_F_NESTED is added
 *
 * Return: what nl_end() wants.
 */
size_t nl_nest(struct nl_msg *m, __u16 type);

/**
 * nl_end() - end a nest
 * @m: the message
 * @nest: what nl_nest() gave
 */
void nl_end(struct nl_msg *m, size_t nest);

/**
 * nl_do() - send a request and wait for its end
 * @nl: the socket
 * @m: the request; is acknowledged whatever its flags say
 *
 * A reply, if there is one, is in nl->reply afterwards, the kernel's text to
 * a failure in nl->error.
 *
 * Return: 0 or the negative errno of the kernel.
 */
int nl_do(struct nl *nl, struct nl_msg *m);

/**
 * nl_dump() - send a dump request and hand every message to a function
 * @nl: the socket
 * @m: the request; NLM_F_DUMP is added
 * @fn: called with each message of the dump; may be NULL
 * @arg: passed to @fn
 *
 * Return: how many messages there were, or the negative errno of the kernel.
 */
int nl_dump(struct nl *nl, struct nl_msg *m,
	    void (*fn)(const struct nlmsghdr *nlh, void *arg), void *arg);

/**
 * nl_wait() - wait for a notification
 * @nl: a socket that has joined a group
 * @ms: how long to wait, in milliseconds
 *
 * The notification is in nl->reply afterwards.
 *
 * Return: its enum themis_cmd, -ETIMEDOUT, or a negative errno.
 */
int nl_wait(struct nl *nl, int ms);

/**
 * nl_attr() - find an attribute of a generic netlink message
 * @nlh: the message
 * @type: the attribute's type
 *
 * Return: the attribute or NULL.
 */
const struct nlattr *nl_attr(const struct nlmsghdr *nlh, int type);

/**
 * nl_sub() - find an attribute in a nest
 * @nest: the nest; may be NULL
 * @type: the attribute's type
 *
 * Return: the attribute or NULL.
 */
const struct nlattr *nl_sub(const struct nlattr *nest, int type);

/**
 * nl_sub_next() - find the next attribute of the same type in a nest
 * @nest: the nest
 * @from: what nl_sub() or nl_sub_next() gave
 *
 * Return: the attribute or NULL.
 */
const struct nlattr *nl_sub_next(const struct nlattr *nest,
				 const struct nlattr *from);

/**
 * nl_len() - how long an attribute's value is
 * @attr: the attribute; may be NULL
 *
 * Return: bytes, 0 for NULL.
 */
size_t nl_len(const struct nlattr *attr);

/**
 * nl_data() - an attribute's value
 * @attr: the attribute
 *
 * Return: its first byte.
 */
const void *nl_data(const struct nlattr *attr);

/**
 * nl_uint() - the value of an unsigned attribute of any size
 * @attr: the attribute; may be NULL
 *
 * Return: its value; all ones for NULL and for an impossible size.
 */
__u64 nl_uint(const struct nlattr *attr);

#endif /* SELFTESTS_THEMIS_NL_H */
