// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink client: from attributes to structures.
 */
#include <errno.h>
#include <string.h>

#include "nl_priv.h"

static struct nla_policy info_policy[THEMIS_INFO_A_MAX + 1] = {
	[THEMIS_INFO_A_FAMILY]	= { .type = NLA_U8 },
	[THEMIS_INFO_A_VERSION]	= { .type = NLA_NUL_STRING },
	[THEMIS_INFO_A_MSG_MAX]	= { .type = NLA_U32 },
};

static struct nla_policy link_policy[THEMIS_LINK_A_MAX + 1] = {
	[THEMIS_LINK_A_PORT]	= { .type = NLA_U16 },
	[THEMIS_LINK_A_NODES]	= { .type = NLA_U32 },
};

static struct nla_policy node_policy[THEMIS_NODE_A_MAX + 1] = {
	[THEMIS_NODE_A_ID]	 = { .minlen = THEMIS_ID_LEN,
				     .maxlen = THEMIS_ID_LEN },
	[THEMIS_NODE_A_NETID]	 = { .minlen = 1,
				     .maxlen = THEMIS_NETID_MAX },
	[THEMIS_NODE_A_LINK]	 = { .type = NLA_U16 },
	[THEMIS_NODE_A_OWNER]	 = { .type = NLA_U8 },
	[THEMIS_NODE_A_OWNER_ID] = { .type = NLA_U32 },
	[THEMIS_NODE_A_SESSIONS] = { .type = NLA_U32 },
	[THEMIS_NODE_A_SOCKETS]	 = { .type = NLA_U32 },
};

static struct nla_policy session_policy[THEMIS_SESSION_A_MAX + 1] = {
	[THEMIS_SESSION_A_NODE]	      = { .minlen = THEMIS_ID_LEN,
					  .maxlen = THEMIS_ID_LEN },
	[THEMIS_SESSION_A_PEER]	      = { .minlen = THEMIS_ID_LEN,
					  .maxlen = THEMIS_ID_LEN },
	[THEMIS_SESSION_A_ENDPOINT]   = { .minlen = sizeof(struct sockaddr_in),
					  .maxlen = sizeof(struct sockaddr_in6) },
	[THEMIS_SESSION_A_STATE]      = { .type = NLA_U8 },
	[THEMIS_SESSION_A_QUEUED]     = { .type = NLA_U32 },
	[THEMIS_SESSION_A_RX_PACKETS] = { .type = NLA_U64 },
	[THEMIS_SESSION_A_RX_BYTES]   = { .type = NLA_U64 },
	[THEMIS_SESSION_A_TX_PACKETS] = { .type = NLA_U64 },
	[THEMIS_SESSION_A_TX_BYTES]   = { .type = NLA_U64 },
	[THEMIS_SESSION_A_RX_AGE_MS]  = { .type = NLA_U64 },
	[THEMIS_SESSION_A_KEY]	      = { .type = NLA_NESTED },
};

static struct nla_policy key_policy[THEMIS_KEY_A_MAX + 1] = {
	[THEMIS_KEY_A_LOCAL_INDEX]  = { .type = NLA_U32 },
	[THEMIS_KEY_A_REMOTE_INDEX] = { .type = NLA_U32 },
	[THEMIS_KEY_A_SUITE]	    = { .type = NLA_U8 },
	[THEMIS_KEY_A_FLAGS]	    = { .type = NLA_U32 },
	[THEMIS_KEY_A_SOFT_MS]	    = { .type = NLA_U64 },
	[THEMIS_KEY_A_HARD_MS]	    = { .type = NLA_U64 },
	[THEMIS_KEY_A_SOFT_COUNT]   = { .type = NLA_U64 },
	[THEMIS_KEY_A_HARD_COUNT]   = { .type = NLA_U64 },
	[THEMIS_KEY_A_SLOT]	    = { .type = NLA_U8 },
	[THEMIS_KEY_A_AGE_MS]	    = { .type = NLA_U64 },
	[THEMIS_KEY_A_TX_SEQ]	    = { .type = NLA_U64 },
	[THEMIS_KEY_A_RX_SEQ]	    = { .type = NLA_U64 },
};

static uint8_t get_u8(struct nlattr *attr)
{
	return attr ? nla_get_u8(attr) : 0;
}

static uint16_t get_u16(struct nlattr *attr)
{
	return attr ? nla_get_u16(attr) : 0;
}

static uint32_t get_u32(struct nlattr *attr)
{
	return attr ? nla_get_u32(attr) : 0;
}

static uint64_t get_u64(struct nlattr *attr)
{
	return attr ? nla_get_u64(attr) : 0;
}

int themis_nl_get_info(struct nlattr *nest, struct themis_nl_info *info)
{
	struct nlattr *a[THEMIS_INFO_A_MAX + 1];

	memset(info, 0, sizeof(*info));
	if (!nest ||
	    nla_parse_nested(a, THEMIS_INFO_A_MAX, nest, info_policy) ||
	    !a[THEMIS_INFO_A_FAMILY])
		return -EBADMSG;
	info->family = get_u8(a[THEMIS_INFO_A_FAMILY]);
	info->msg_max = get_u32(a[THEMIS_INFO_A_MSG_MAX]);
	if (a[THEMIS_INFO_A_VERSION])
		nla_strlcpy(info->version, a[THEMIS_INFO_A_VERSION],
			    sizeof(info->version));
	return 0;
}

int themis_nl_get_stats(struct nlattr *nest, uint64_t *values)
{
	struct nlattr *attr;
	int rem;

	memset(values, 0, __THEMIS_CNT_MAX * sizeof(*values));
	if (!nest)
		return -EBADMSG;
	nla_for_each_nested(attr, nest, rem) {
		/* Newer kernels may count more than we know names for. */
		if (nla_type(attr) < __THEMIS_CNT_MAX &&
		    nla_len(attr) == sizeof(uint64_t))
			values[nla_type(attr)] = nla_get_u64(attr);
	}
	return 0;
}

int themis_nl_get_link(struct nlattr *nest, struct themis_nl_link *link)
{
	struct nlattr *a[THEMIS_LINK_A_MAX + 1];

	memset(link, 0, sizeof(*link));
	if (!nest ||
	    nla_parse_nested(a, THEMIS_LINK_A_MAX, nest, link_policy) ||
	    !a[THEMIS_LINK_A_PORT])
		return -EBADMSG;
	link->port = get_u16(a[THEMIS_LINK_A_PORT]);
	link->nodes = get_u32(a[THEMIS_LINK_A_NODES]);
	return 0;
}

int themis_nl_get_node(struct nlattr *nest, struct themis_nl_node *node)
{
	struct nlattr *a[THEMIS_NODE_A_MAX + 1];

	memset(node, 0, sizeof(*node));
	if (!nest ||
	    nla_parse_nested(a, THEMIS_NODE_A_MAX, nest, node_policy) ||
	    !a[THEMIS_NODE_A_ID])
		return -EBADMSG;
	memcpy(node->id.b, nla_data(a[THEMIS_NODE_A_ID]), THEMIS_ID_LEN);
	if (a[THEMIS_NODE_A_NETID]) {
		node->netid_len = (size_t)nla_len(a[THEMIS_NODE_A_NETID]);
		memcpy(node->netid, nla_data(a[THEMIS_NODE_A_NETID]),
		       node->netid_len);
	}
	node->link = get_u16(a[THEMIS_NODE_A_LINK]);
	node->owner = get_u8(a[THEMIS_NODE_A_OWNER]);
	node->owner_id = get_u32(a[THEMIS_NODE_A_OWNER_ID]);
	node->sessions = get_u32(a[THEMIS_NODE_A_SESSIONS]);
	node->sockets = get_u32(a[THEMIS_NODE_A_SOCKETS]);
	return 0;
}

int themis_nl_get_key(struct nlattr *nest, struct themis_nl_key *key)
{
	struct nlattr *a[THEMIS_KEY_A_MAX + 1];

	memset(key, 0, sizeof(*key));
	if (!nest ||
	    nla_parse_nested(a, THEMIS_KEY_A_MAX, nest, key_policy) ||
	    !a[THEMIS_KEY_A_LOCAL_INDEX])
		return -EBADMSG;
	key->local_index = get_u32(a[THEMIS_KEY_A_LOCAL_INDEX]);
	key->remote_index = get_u32(a[THEMIS_KEY_A_REMOTE_INDEX]);
	key->suite = get_u8(a[THEMIS_KEY_A_SUITE]);
	key->flags = get_u32(a[THEMIS_KEY_A_FLAGS]);
	key->soft_ms = get_u64(a[THEMIS_KEY_A_SOFT_MS]);
	key->hard_ms = get_u64(a[THEMIS_KEY_A_HARD_MS]);
	key->soft_count = get_u64(a[THEMIS_KEY_A_SOFT_COUNT]);
	key->hard_count = get_u64(a[THEMIS_KEY_A_HARD_COUNT]);
	key->slot = get_u8(a[THEMIS_KEY_A_SLOT]);
	key->age_ms = get_u64(a[THEMIS_KEY_A_AGE_MS]);
	key->tx_seq = get_u64(a[THEMIS_KEY_A_TX_SEQ]);
	key->rx_seq = get_u64(a[THEMIS_KEY_A_RX_SEQ]);
	return 0;
}

static int get_endpoint(struct nlattr *attr, struct sockaddr_storage *ep)
{
	struct sockaddr_storage ss = { 0 };
	int len = nla_len(attr);

	memcpy(&ss, nla_data(attr), (size_t)len);
	if (!(ss.ss_family == AF_INET &&
	      len == sizeof(struct sockaddr_in)) &&
	    !(ss.ss_family == AF_INET6 &&
	      len == sizeof(struct sockaddr_in6)))
		return -EBADMSG;
	*ep = ss;
	return 0;
}

int themis_nl_get_session(struct nlattr *nest,
			  struct themis_nl_session *session)
{
	struct nlattr *a[THEMIS_SESSION_A_MAX + 1];
	struct nlattr *attr;
	int rem;

	memset(session, 0, sizeof(*session));
	session->rx_age_ms = THEMIS_NL_NEVER;
	if (!nest ||
	    nla_parse_nested(a, THEMIS_SESSION_A_MAX, nest, session_policy) ||
	    !a[THEMIS_SESSION_A_NODE] || !a[THEMIS_SESSION_A_PEER])
		return -EBADMSG;
	memcpy(session->node.b, nla_data(a[THEMIS_SESSION_A_NODE]),
	       THEMIS_ID_LEN);
	memcpy(session->peer.b, nla_data(a[THEMIS_SESSION_A_PEER]),
	       THEMIS_ID_LEN);
	if (a[THEMIS_SESSION_A_ENDPOINT] &&
	    get_endpoint(a[THEMIS_SESSION_A_ENDPOINT], &session->endpoint))
		return -EBADMSG;
	session->state = get_u8(a[THEMIS_SESSION_A_STATE]);
	session->queued = get_u32(a[THEMIS_SESSION_A_QUEUED]);
	session->rx_packets = get_u64(a[THEMIS_SESSION_A_RX_PACKETS]);
	session->rx_bytes = get_u64(a[THEMIS_SESSION_A_RX_BYTES]);
	session->tx_packets = get_u64(a[THEMIS_SESSION_A_TX_PACKETS]);
	session->tx_bytes = get_u64(a[THEMIS_SESSION_A_TX_BYTES]);
	if (a[THEMIS_SESSION_A_RX_AGE_MS])
		session->rx_age_ms = get_u64(a[THEMIS_SESSION_A_RX_AGE_MS]);

	nla_for_each_nested(attr, nest, rem) {
		if (nla_type(attr) != THEMIS_SESSION_A_KEY)
			continue;
		if (session->nkeys == __THEMIS_SLOT_MAX ||
		    themis_nl_get_key(attr, &session->keys[session->nkeys]))
			return -EBADMSG;
		session->nkeys++;
	}
	return 0;
}

struct counter {
	const char	*name;
	const char	*help;
	bool		drop;
};

/* Rows in the order of enum themis_counter, which comes of the same table. */
#define TRAFFIC(name, text, help)	{ text, help, false },
#define DROP(name, text, help)		{ text, help, true },
static const struct counter counters[__THEMIS_CNT_MAX] = {
	{ NULL, NULL, false },
	THEMIS_COUNTERS(TRAFFIC, DROP)
};

const char *themis_counter_name(unsigned int counter)
{
	return counter < __THEMIS_CNT_MAX ? counters[counter].name : NULL;
}

const char *themis_counter_help(unsigned int counter)
{
	return counter < __THEMIS_CNT_MAX ? counters[counter].help : NULL;
}

bool themis_counter_is_drop(unsigned int counter)
{
	return counter < __THEMIS_CNT_MAX && counters[counter].drop;
}
