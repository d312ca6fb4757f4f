/* SPDX-License-Identifier: GPL-2.0 */
/* The generic netlink family itself. */
#ifndef THEMIS_FAMILY_H
#define THEMIS_FAMILY_H

#include <linux/types.h>

struct genl_family;

/* Multicast groups, in the order of the family's table. */
enum themis_group {
	THEMIS_GROUP_ACQUIRE,
	THEMIS_GROUP_EVENT,
};

extern struct genl_family themis_family;

bool themis_netlink_registered(void);

#endif /* THEMIS_FAMILY_H */
