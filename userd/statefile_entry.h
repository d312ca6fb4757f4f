/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The entries of the state file: a node or a peer as JSON. Whether a peer's
 * goes to the file is statefile.h's.
 */
#ifndef THEMISD_STATEFILE_ENTRY_H
#define THEMISD_STATEFILE_ENTRY_H

#include "daemon.h"

struct node;
struct peer;

/**
 * entry_of_node() - a node as an entry
 * @d: the daemon
 * @node: the node
 *
 * Return: the entry, or NULL without memory.
 */
json_t *entry_of_node(struct daemon *d, const struct node *node);

/**
 * entry_of_peer() - a peer as an entry
 * @peer: the peer
 *
 * Return: the entry, or NULL without memory.
 */
json_t *entry_of_peer(const struct peer *peer);

/**
 * entry_add_peer() - for peer_walk(): append a peer's entry
 * @ctx: a JSON array
 * @peer: the peer; one of the configuration file is left out
 */
void entry_add_peer(void *ctx, const struct peer *peer);

/**
 * entry_load_node() - bring back a node
 * @d: the daemon
 * @entry: from the state file, anything
 *
 * One that fails is logged, and stays in the file in the hope of better times.
 */
void entry_load_node(struct daemon *d, json_t *entry);

/**
 * entry_load_peer() - bring back a peer
 * @d: the daemon
 * @entry: as for entry_load_node()
 */
void entry_load_peer(struct daemon *d, json_t *entry);

#endif /* THEMISD_STATEFILE_ENTRY_H */
