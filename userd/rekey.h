/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Keys that are to be renewed, each at a moment of its own.
 */
#ifndef THEMISD_REKEY_H
#define THEMISD_REKEY_H

#include "core.h"

struct daemon;

/**
 * rekey_soon() - the kernel has announced that a key is past its soft limit
 * @d: the daemon
 * @node: the local node
 * @peer: the other
 * @key: the key
 * @endpoint: where the peer is; its family is AF_UNSPEC if that is not known
 *
 * The core is told after a random time, a quarter of what is left of the key at
 * most: 15 seconds. It is told at once where memory lacks, or too many wait.
 */
void rekey_soon(struct daemon *d, const struct themis_id *node,
		const struct themis_id *peer,
		const struct themis_core_key *key,
		const union themis_endpoint *endpoint);

/**
 * rekey_stop() - forget what waits
 * @d: the daemon; when it runs again it reads from the kernel which keys are due
 */
void rekey_stop(struct daemon *d);

#endif /* THEMISD_REKEY_H */
