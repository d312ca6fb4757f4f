/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What each request may contain, at its top level. Those that name an object
 * and no more are called as the object is.
 */
#ifndef THEMIS_POLICY_H
#define THEMIS_POLICY_H

#include <net/netlink.h>

#include <linux/themis.h>

extern const struct nla_policy themis_policy_none[THEMIS_A_MAX + 1];
extern const struct nla_policy themis_policy_link[THEMIS_A_MAX + 1];
extern const struct nla_policy themis_policy_node_new[THEMIS_A_MAX + 1];
extern const struct nla_policy themis_policy_node[THEMIS_A_MAX + 1];
extern const struct nla_policy themis_policy_session_new[THEMIS_A_MAX + 1];
extern const struct nla_policy themis_policy_session[THEMIS_A_MAX + 1];
extern const struct nla_policy themis_policy_session_fail[THEMIS_A_MAX + 1];
extern const struct nla_policy themis_policy_key_new[THEMIS_A_MAX + 1];
extern const struct nla_policy themis_policy_key[THEMIS_A_MAX + 1];

#endif /* THEMIS_POLICY_H */
