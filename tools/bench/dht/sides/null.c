// SPDX-License-Identifier: GPL-2.0
/*
 * Makes of the daemon one whose keys only themis_null.ko takes, which encrypts
 * nothing: linked before themis_nl_key_new(), into build/themisd-null alone. So
 * what security costs can be measured; the real module refuses such keys.
 */
#include <sodium.h>

#include "null.h"

/**
 * __wrap_themis_nl_key_new() - install a key of themis_null.ko
 * @nl: as themis_nl_key_new()
 * @node: as themis_nl_key_new()
 * @peer: as themis_nl_key_new()
 * @key: as themis_nl_key_new(), but for its suite
 *
 * Return: as themis_nl_key_new().
 */
int __wrap_themis_nl_key_new(struct themis_nl *nl, const struct themis_id *node,
			     const struct themis_id *peer,
			     const struct themis_nl_key *key)
{
	struct themis_nl_key null = *key;
	int err;

	null.suite = THEMIS_SUITE_NULL;
	err = __real_themis_nl_key_new(nl, node, peer, &null);
	sodium_memzero(&null, sizeof(null));
	return err;
}
