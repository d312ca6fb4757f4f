/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The state file: nodes and peers that clients have added, for the next start.
 * Paths of keys, never keys.
 *
 * Two files. The one that is named has everything as it was at some time; the
 * log beside it has, a line each, what has changed since. A change costs one
 * line, whatever there is already; when the log has outgrown the file, the file
 * is written anew and the log emptied. Changes name the whole of what they
 * leave, so a log that is read over a newer file does no harm.
 */
#ifndef THEMISD_STATEFILE_H
#define THEMISD_STATEFILE_H

#include "daemon.h"

struct peer;

/**
 * statefile_lock() - be the only daemon with this state file
 * @d: state_path is set; its directory is made if need be
 * @diag: filled in on failure
 *
 * Return: 0; -EBUSY: another daemon has it; or another negative errno.
 */
int statefile_lock(struct daemon *d, struct themis_diag *diag);

/**
 * statefile_unlock() - mirror of statefile_lock()
 * @d: the daemon
 */
void statefile_unlock(struct daemon *d);

/**
 * statefile_load() - bring back what the file has
 * @d: the daemon
 * @diag: filled in on failure
 *
 * What cannot be brought back, say because its key file is missing, is logged
 * and kept in the file for the next start.
 *
 * Return: 0, also if there is no file; -EBADMSG: it is damaged; or another
 * negative errno.
 */
int statefile_load(struct daemon *d, struct themis_diag *diag);

/**
 * statefile_save() - write the file anew
 * @d: the daemon
 * @diag: filled in on failure
 *
 * Whatever happens meanwhile, the file is the old one or the new one.
 *
 * Return: 0 or a negative errno.
 */
int statefile_save(struct daemon *d, struct themis_diag *diag);

/**
 * statefile_node() - keep a node
 * @d: the daemon
 * @node: as it is now; one of the configuration file is not kept
 * @diag: filled in on failure
 *
 * Does nothing while the daemon is loading or changes much, as the next two.
 *
 * Return: 0: it is on disk; or a negative errno: it is as if nothing was said.
 */
int statefile_node(struct daemon *d, const struct node *node,
		   struct themis_diag *diag);

/**
 * statefile_peer() - keep a peer
 * @d: the daemon
 * @peer: as it is now; one of the configuration file is not kept
 * @diag: filled in on failure
 *
 * Return: as statefile_node().
 */
int statefile_peer(struct daemon *d, const struct peer *peer,
		   struct themis_diag *diag);

/**
 * statefile_drop() - keep something no longer
 * @d: the daemon
 * @node: a node
 * @peer: only this peer of it, or NULL for the node and all its peers
 * @diag: filled in on failure
 *
 * Return: as statefile_node(); 0 if it was not kept before.
 */
int statefile_drop(struct daemon *d, const struct themis_id *node,
		   const struct themis_id *peer, struct themis_diag *diag);

/**
 * statefile_shelve() - treat the peers of a node as if they could not be
 * brought back
 * @d: the daemon
 * @node: the node, about to be taken down and put up again: statefile_revive()
 *	then brings them back. Those of the configuration file are left out
 *
 * Return: the entries, for statefile_unshelve().
 */
json_t *statefile_shelve(struct daemon *d, const struct themis_id *node);

/**
 * statefile_unshelve() - mirror of statefile_shelve(), without the node
 * @d: the daemon
 * @entries: their reference is taken
 */
void statefile_unshelve(struct daemon *d, json_t *entries);

/**
 * statefile_forget() - drop what could not be brought back
 * @d: the daemon
 * @node: of this node
 * @peer: only this peer of it, or NULL for the node and all its peers
 *
 * Return: true if there was any.
 */
bool statefile_forget(struct daemon *d, const struct themis_id *node,
		      const struct themis_id *peer);

/**
 * statefile_revive() - a node is there that could not be brought back before
 * @d: the daemon
 * @node: the node; its peers are brought back
 */
void statefile_revive(struct daemon *d, const struct themis_id *node);

#endif /* THEMISD_STATEFILE_H */
