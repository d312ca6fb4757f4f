/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of the netlink client share.
 */
#ifndef THEMIS_NL_PRIV_H
#define THEMIS_NL_PRIV_H

#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

#include "nl.h"

/**
 * struct themis_nl - a handle
 * @sock: for requests
 * @events: for notifications, or NULL
 * @family: number of the generic netlink family
 * @seq: sequence of the request in progress; answers to others are late
 * @err: its outcome
 * @done: it has ended
 * @stop: what the caller's callback has returned to end a walk
 * @reply: decodes one answer of the request in progress
 * @reply_ctx: passed to @reply
 * @notify: decoded notifications go here
 * @notify_ctx: passed to @notify
 * @gone: the family is no more
 * @back: there is a family of this name again
 * @text: the kernel's words for the last failure
 */
struct themis_nl {
	struct nl_sock	*sock;
	struct nl_sock	*events;
	int		family;
	uint32_t	seq;
	int		err;
	bool		done;
	int		stop;
	int		(*reply)(void *ctx, struct nlattr **attrs);
	void		*reply_ctx;
	void		(*notify)(void *ctx,
				  const struct themis_nl_event *event);
	void		*notify_ctx;
	bool		gone;
	bool		back;
	char		text[256];
};

/* A negative errno for libnl's own error @nle, of either sign. */
int themis_nl_errno(int nle);

/* A request with its headers; NULL: no memory. */
struct nl_msg *themis_nl_msg(struct themis_nl *nl, uint8_t cmd, int flags);

/* Wipes and frees a request that is not to be sent; NULL, for its callers. */
struct nl_msg *themis_nl_drop(struct nl_msg *msg);

/*
 * Sends @msg, wipes and frees it, and hands every answer's top level attributes
 * to @reply (may be NULL), until the kernel has answered in full. A result of
 * @reply other than 0 ends the calls and is returned. @msg may be NULL, which
 * is -ENOMEM.
 */
int themis_nl_request(struct themis_nl *nl, struct nl_msg *msg,
		      int (*reply)(void *ctx, struct nlattr **attrs),
		      void *ctx);

/*
 * Decoders of nests. Each returns 0, or -EBADMSG where the kernel's answer
 * lacks what cannot be lacking.
 */
int themis_nl_get_info(struct nlattr *nest, struct themis_nl_info *info);
int themis_nl_get_stats(struct nlattr *nest, uint64_t *values);
int themis_nl_get_link(struct nlattr *nest, struct themis_nl_link *link);
int themis_nl_get_node(struct nlattr *nest, struct themis_nl_node *node);
int themis_nl_get_key(struct nlattr *nest, struct themis_nl_key *key);
int themis_nl_get_session(struct nlattr *nest,
			  struct themis_nl_session *session);

#endif /* THEMIS_NL_PRIV_H */
