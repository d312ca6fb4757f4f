// SPDX-License-Identifier: GPL-2.0
/*
 * What each request may contain: no more than it uses. As many attributes as
 * there are in a table are known to the request; what lies beyond is refused as
 * unknown. Documentation/netlink/specs/themis.yaml says the same.
 */
#include <net/genetlink.h>

#include "link.h"
#include "policy.h"

static const struct nla_policy link_ref[] = {
	[THEMIS_LINK_A_PORT]	= NLA_POLICY_MIN(NLA_U16, 1),
};

static const struct nla_policy node_new[] = {
	[THEMIS_NODE_A_ID]	= NLA_POLICY_EXACT_LEN(THEMIS_ID_LEN),
	[THEMIS_NODE_A_NETID]	= NLA_POLICY_RANGE(NLA_BINARY, 1,
						   THEMIS_NETID_MAX),
	[THEMIS_NODE_A_LINK]	= NLA_POLICY_MIN(NLA_U16, 1),
	[THEMIS_NODE_A_OWNER]	= NLA_POLICY_MAX(NLA_U8, THEMIS_OWNER_ANY),
	[THEMIS_NODE_A_OWNER_ID] = { .type = NLA_U32 },
};

static const struct nla_policy node_ref[] = {
	[THEMIS_NODE_A_ID]	= NLA_POLICY_EXACT_LEN(THEMIS_ID_LEN),
};

static const struct nla_policy session_new[] = {
	[THEMIS_SESSION_A_NODE]	= NLA_POLICY_EXACT_LEN(THEMIS_ID_LEN),
	[THEMIS_SESSION_A_PEER]	= NLA_POLICY_EXACT_LEN(THEMIS_ID_LEN),
	[THEMIS_SESSION_A_ENDPOINT] = NLA_POLICY_RANGE(NLA_BINARY,
						sizeof(struct sockaddr_in),
						sizeof(union themis_addr)),
};

static const struct nla_policy session_ref[] = {
	[THEMIS_SESSION_A_NODE]	= NLA_POLICY_EXACT_LEN(THEMIS_ID_LEN),
	[THEMIS_SESSION_A_PEER]	= NLA_POLICY_EXACT_LEN(THEMIS_ID_LEN),
};

static const struct nla_policy session_fail[] = {
	[THEMIS_SESSION_A_NODE]	= NLA_POLICY_EXACT_LEN(THEMIS_ID_LEN),
	[THEMIS_SESSION_A_PEER]	= NLA_POLICY_EXACT_LEN(THEMIS_ID_LEN),
	[THEMIS_SESSION_A_ERROR] = NLA_POLICY_RANGE(NLA_S32, 1, 133),
};

static const struct nla_policy key_new[] = {
	[THEMIS_KEY_A_LOCAL_INDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[THEMIS_KEY_A_REMOTE_INDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[THEMIS_KEY_A_SUITE]	= { .type = NLA_U8 },
	[THEMIS_KEY_A_FLAGS]	= NLA_POLICY_MASK(NLA_U32,
						  THEMIS_KEY_F_INITIATOR |
						  THEMIS_KEY_F_SEND |
						  THEMIS_KEY_F_CONFIRMED),
	[THEMIS_KEY_A_TX]	= NLA_POLICY_EXACT_LEN(THEMIS_KEY_LEN),
	[THEMIS_KEY_A_RX]	= NLA_POLICY_EXACT_LEN(THEMIS_KEY_LEN),
	[THEMIS_KEY_A_SOFT_MS]	= { .type = NLA_U64 },
	[THEMIS_KEY_A_HARD_MS]	= { .type = NLA_U64 },
	[THEMIS_KEY_A_SOFT_COUNT] = { .type = NLA_U64 },
	[THEMIS_KEY_A_HARD_COUNT] = { .type = NLA_U64 },
};

static const struct nla_policy key_ref[] = {
	[THEMIS_KEY_A_LOCAL_INDEX] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* All are as long as the family's greatest attribute: one bound for all. */
const struct nla_policy themis_policy_none[THEMIS_A_MAX + 1] = {};

const struct nla_policy themis_policy_link[THEMIS_A_MAX + 1] = {
	[THEMIS_A_LINK]		= NLA_POLICY_NESTED(link_ref),
};

const struct nla_policy themis_policy_node_new[THEMIS_A_MAX + 1] = {
	[THEMIS_A_NODE]		= NLA_POLICY_NESTED(node_new),
};

const struct nla_policy themis_policy_node[THEMIS_A_MAX + 1] = {
	[THEMIS_A_NODE]		= NLA_POLICY_NESTED(node_ref),
};

const struct nla_policy themis_policy_session_new[THEMIS_A_MAX + 1] = {
	[THEMIS_A_SESSION]	= NLA_POLICY_NESTED(session_new),
};

const struct nla_policy themis_policy_session[THEMIS_A_MAX + 1] = {
	[THEMIS_A_SESSION]	= NLA_POLICY_NESTED(session_ref),
};

const struct nla_policy themis_policy_session_fail[THEMIS_A_MAX + 1] = {
	[THEMIS_A_SESSION]	= NLA_POLICY_NESTED(session_fail),
};

const struct nla_policy themis_policy_key_new[THEMIS_A_MAX + 1] = {
	[THEMIS_A_SESSION]	= NLA_POLICY_NESTED(session_ref),
	[THEMIS_A_KEY]		= NLA_POLICY_NESTED(key_new),
};

const struct nla_policy themis_policy_key[THEMIS_A_MAX + 1] = {
	[THEMIS_A_SESSION]	= NLA_POLICY_NESTED(session_ref),
	[THEMIS_A_KEY]		= NLA_POLICY_NESTED(key_ref),
};
