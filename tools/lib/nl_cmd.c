// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink client: one function for each command.
 */
#include <errno.h>
#include <string.h>

#include "addr.h"
#include "nl_priv.h"

/* Where a reply goes: into @out, or to a caller's callback. */
struct target {
	void	*out;
	bool	seen;
	void	*cb_ctx;
	union {
		int (*link)(void *ctx, const struct themis_nl_link *link);
		int (*node)(void *ctx, const struct themis_nl_node *node);
		int (*session)(void *ctx,
			       const struct themis_nl_session *session);
	} cb;
};

static int reply_info(void *ctx, struct nlattr **attrs)
{
	struct target *t = ctx;

	t->seen = true;
	return themis_nl_get_info(attrs[THEMIS_A_INFO], t->out);
}

static int reply_stats(void *ctx, struct nlattr **attrs)
{
	struct target *t = ctx;

	t->seen = true;
	return themis_nl_get_stats(attrs[THEMIS_A_STATS], t->out);
}

static int reply_link(void *ctx, struct nlattr **attrs)
{
	struct target *t = ctx;

	t->seen = true;
	return themis_nl_get_link(attrs[THEMIS_A_LINK], t->out);
}

static int reply_node(void *ctx, struct nlattr **attrs)
{
	struct target *t = ctx;

	t->seen = true;
	return themis_nl_get_node(attrs[THEMIS_A_NODE], t->out);
}

static int reply_session(void *ctx, struct nlattr **attrs)
{
	struct target *t = ctx;

	t->seen = true;
	return themis_nl_get_session(attrs[THEMIS_A_SESSION], t->out);
}

static int walk_link(void *ctx, struct nlattr **attrs)
{
	struct themis_nl_link link;
	struct target *t = ctx;
	int err;

	err = themis_nl_get_link(attrs[THEMIS_A_LINK], &link);
	return err ? err : t->cb.link(t->cb_ctx, &link);
}

static int walk_node(void *ctx, struct nlattr **attrs)
{
	struct themis_nl_node node;
	struct target *t = ctx;
	int err;

	err = themis_nl_get_node(attrs[THEMIS_A_NODE], &node);
	return err ? err : t->cb.node(t->cb_ctx, &node);
}

static int walk_session(void *ctx, struct nlattr **attrs)
{
	struct themis_nl_session session;
	struct target *t = ctx;
	int err;

	err = themis_nl_get_session(attrs[THEMIS_A_SESSION], &session);
	return err ? err : t->cb.session(t->cb_ctx, &session);
}

/* A request that must be answered with one object. */
static int get_one(struct themis_nl *nl, struct nl_msg *msg,
		   int (*reply)(void *ctx, struct nlattr **attrs), void *out)
{
	struct target t = { .out = out };
	int err;

	err = themis_nl_request(nl, msg, reply, &t);
	if (!err && !t.seen)
		return -EBADMSG;
	return err;
}

static struct nl_msg *msg_link(struct themis_nl *nl, uint8_t cmd,
			       uint16_t port)
{
	struct nl_msg *msg = themis_nl_msg(nl, cmd, 0);
	struct nlattr *nest;

	if (!msg)
		return NULL;
	nest = nla_nest_start(msg, THEMIS_A_LINK);
	if (!nest || nla_put_u16(msg, THEMIS_LINK_A_PORT, port))
		return themis_nl_drop(msg);
	nla_nest_end(msg, nest);
	return msg;
}

static struct nl_msg *msg_node(struct themis_nl *nl, uint8_t cmd,
			       const struct themis_id *id)
{
	struct nl_msg *msg = themis_nl_msg(nl, cmd, 0);
	struct nlattr *nest;

	if (!msg)
		return NULL;
	nest = nla_nest_start(msg, THEMIS_A_NODE);
	if (!nest || nla_put(msg, THEMIS_NODE_A_ID, THEMIS_ID_LEN, id->b))
		return themis_nl_drop(msg);
	nla_nest_end(msg, nest);
	return msg;
}

static struct nl_msg *msg_session(struct themis_nl *nl, uint8_t cmd,
				  const struct themis_id *node,
				  const struct themis_id *peer,
				  const void *endpoint, int error)
{
	struct nl_msg *msg = themis_nl_msg(nl, cmd, 0);
	struct nlattr *nest;
	int len;

	if (!msg)
		return NULL;
	nest = nla_nest_start(msg, THEMIS_A_SESSION);
	if (!nest ||
	    nla_put(msg, THEMIS_SESSION_A_NODE, THEMIS_ID_LEN, node->b) ||
	    nla_put(msg, THEMIS_SESSION_A_PEER, THEMIS_ID_LEN, peer->b))
		return themis_nl_drop(msg);
	len = endpoint ? (int)themis_endpoint_len(endpoint) : 0;
	if (len && nla_put(msg, THEMIS_SESSION_A_ENDPOINT, len, endpoint))
		return themis_nl_drop(msg);
	if (error && nla_put_s32(msg, THEMIS_SESSION_A_ERROR, error))
		return themis_nl_drop(msg);
	nla_nest_end(msg, nest);
	return msg;
}

int themis_nl_info(struct themis_nl *nl, struct themis_nl_info *info)
{
	return get_one(nl, themis_nl_msg(nl, THEMIS_CMD_INFO_GET, 0),
		       reply_info, info);
}

int themis_nl_stats(struct themis_nl *nl, uint64_t counters[__THEMIS_CNT_MAX])
{
	return get_one(nl, themis_nl_msg(nl, THEMIS_CMD_STATS_GET, 0),
		       reply_stats, counters);
}

int themis_nl_link_new(struct themis_nl *nl, uint16_t port)
{
	return themis_nl_request(nl, msg_link(nl, THEMIS_CMD_LINK_NEW, port),
				 NULL, NULL);
}

int themis_nl_link_del(struct themis_nl *nl, uint16_t port)
{
	return themis_nl_request(nl, msg_link(nl, THEMIS_CMD_LINK_DEL, port),
				 NULL, NULL);
}

int themis_nl_link_get(struct themis_nl *nl, uint16_t port,
		       struct themis_nl_link *link)
{
	return get_one(nl, msg_link(nl, THEMIS_CMD_LINK_GET, port), reply_link,
		       link);
}

int themis_nl_link_dump(struct themis_nl *nl,
			int (*cb)(void *ctx, const struct themis_nl_link *link),
			void *ctx)
{
	struct target t = { .cb.link = cb, .cb_ctx = ctx };

	return themis_nl_request(nl, themis_nl_msg(nl, THEMIS_CMD_LINK_GET,
						   NLM_F_DUMP),
				 walk_link, &t);
}

int themis_nl_node_new(struct themis_nl *nl, const struct themis_nl_node *node)
{
	struct nlattr *nest;
	struct nl_msg *msg;

	if (!node->netid_len || node->netid_len > sizeof(node->netid))
		return -EINVAL;
	msg = themis_nl_msg(nl, THEMIS_CMD_NODE_NEW, 0);
	if (!msg)
		return -ENOMEM;
	nest = nla_nest_start(msg, THEMIS_A_NODE);
	if (!nest ||
	    nla_put(msg, THEMIS_NODE_A_ID, THEMIS_ID_LEN, node->id.b) ||
	    nla_put(msg, THEMIS_NODE_A_NETID, (int)node->netid_len,
		    node->netid) ||
	    nla_put_u16(msg, THEMIS_NODE_A_LINK, node->link) ||
	    nla_put_u8(msg, THEMIS_NODE_A_OWNER, (uint8_t)node->owner) ||
	    (node->owner != THEMIS_OWNER_ANY &&
	     nla_put_u32(msg, THEMIS_NODE_A_OWNER_ID, node->owner_id)))
		return themis_nl_request(nl, themis_nl_drop(msg), NULL, NULL);
	nla_nest_end(msg, nest);
	return themis_nl_request(nl, msg, NULL, NULL);
}

int themis_nl_node_del(struct themis_nl *nl, const struct themis_id *id)
{
	return themis_nl_request(nl, msg_node(nl, THEMIS_CMD_NODE_DEL, id),
				 NULL, NULL);
}

int themis_nl_node_get(struct themis_nl *nl, const struct themis_id *id,
		       struct themis_nl_node *node)
{
	return get_one(nl, msg_node(nl, THEMIS_CMD_NODE_GET, id), reply_node,
		       node);
}

int themis_nl_node_dump(struct themis_nl *nl,
			int (*cb)(void *ctx, const struct themis_nl_node *node),
			void *ctx)
{
	struct target t = { .cb.node = cb, .cb_ctx = ctx };

	return themis_nl_request(nl, themis_nl_msg(nl, THEMIS_CMD_NODE_GET,
						   NLM_F_DUMP),
				 walk_node, &t);
}

int themis_nl_session_new(struct themis_nl *nl, const struct themis_id *node,
			  const struct themis_id *peer, const void *endpoint)
{
	struct nl_msg *msg = msg_session(nl, THEMIS_CMD_SESSION_NEW, node, peer,
					 endpoint, 0);

	return themis_nl_request(nl, msg, NULL, NULL);
}

int themis_nl_session_del(struct themis_nl *nl, const struct themis_id *node,
			  const struct themis_id *peer)
{
	struct nl_msg *msg = msg_session(nl, THEMIS_CMD_SESSION_DEL, node, peer,
					 NULL, 0);

	return themis_nl_request(nl, msg, NULL, NULL);
}

int themis_nl_session_get(struct themis_nl *nl, const struct themis_id *node,
			  const struct themis_id *peer,
			  struct themis_nl_session *session)
{
	return get_one(nl, msg_session(nl, THEMIS_CMD_SESSION_GET, node, peer,
				       NULL, 0),
		       reply_session, session);
}

int themis_nl_session_dump(struct themis_nl *nl,
			   int (*cb)(void *ctx,
				     const struct themis_nl_session *session),
			   void *ctx)
{
	struct target t = { .cb.session = cb, .cb_ctx = ctx };

	return themis_nl_request(nl, themis_nl_msg(nl, THEMIS_CMD_SESSION_GET,
						   NLM_F_DUMP),
				 walk_session, &t);
}

/* The limits that are 0 are the kernel's own: not sent. */
static int put_limit(struct nl_msg *msg, int type, uint64_t value)
{
	return value ? nla_put_u64(msg, type, value) : 0;
}

int themis_nl_key_new(struct themis_nl *nl, const struct themis_id *node,
		      const struct themis_id *peer,
		      const struct themis_nl_key *key)
{
	struct nl_msg *msg = msg_session(nl, THEMIS_CMD_KEY_NEW, node, peer,
					 NULL, 0);
	struct nlattr *nest;

	if (!msg)
		return -ENOMEM;
	nest = nla_nest_start(msg, THEMIS_A_KEY);
	if (!nest ||
	    nla_put_u32(msg, THEMIS_KEY_A_LOCAL_INDEX, key->local_index) ||
	    nla_put_u32(msg, THEMIS_KEY_A_REMOTE_INDEX, key->remote_index) ||
	    nla_put_u8(msg, THEMIS_KEY_A_SUITE, key->suite) ||
	    nla_put_u32(msg, THEMIS_KEY_A_FLAGS, key->flags) ||
	    put_limit(msg, THEMIS_KEY_A_SOFT_MS, key->soft_ms) ||
	    put_limit(msg, THEMIS_KEY_A_HARD_MS, key->hard_ms) ||
	    put_limit(msg, THEMIS_KEY_A_SOFT_COUNT, key->soft_count) ||
	    put_limit(msg, THEMIS_KEY_A_HARD_COUNT, key->hard_count) ||
	    nla_put(msg, THEMIS_KEY_A_TX, THEMIS_KEY_LEN, key->tx) ||
	    nla_put(msg, THEMIS_KEY_A_RX, THEMIS_KEY_LEN, key->rx))
		return themis_nl_request(nl, themis_nl_drop(msg), NULL, NULL);
	nla_nest_end(msg, nest);
	return themis_nl_request(nl, msg, NULL, NULL);
}

static int key_request(struct themis_nl *nl, uint8_t cmd,
		       const struct themis_id *node,
		       const struct themis_id *peer, uint32_t local_index)
{
	struct nl_msg *msg = msg_session(nl, cmd, node, peer, NULL, 0);
	struct nlattr *nest;

	if (!msg)
		return -ENOMEM;
	nest = nla_nest_start(msg, THEMIS_A_KEY);
	if (!nest || nla_put_u32(msg, THEMIS_KEY_A_LOCAL_INDEX, local_index))
		return themis_nl_request(nl, themis_nl_drop(msg), NULL, NULL);
	nla_nest_end(msg, nest);
	return themis_nl_request(nl, msg, NULL, NULL);
}

int themis_nl_key_confirm(struct themis_nl *nl, const struct themis_id *node,
			  const struct themis_id *peer, uint32_t local_index)
{
	return key_request(nl, THEMIS_CMD_KEY_CONFIRM, node, peer,
			   local_index);
}

int themis_nl_key_del(struct themis_nl *nl, const struct themis_id *node,
		      const struct themis_id *peer, uint32_t local_index)
{
	return key_request(nl, THEMIS_CMD_KEY_DEL, node, peer, local_index);
}

int themis_nl_acquire_fail(struct themis_nl *nl, const struct themis_id *node,
			   const struct themis_id *peer, int error)
{
	struct nl_msg *msg = msg_session(nl, THEMIS_CMD_ACQUIRE_FAIL, node, peer,
					 NULL, error);

	return themis_nl_request(nl, msg, NULL, NULL);
}
