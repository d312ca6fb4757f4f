/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The state file: nodes and peers that clients have added, for the next start.
 * Paths of keys, never keys.
 */
#ifndef THEMISD_STATEFILE_H
#define THEMISD_STATEFILE_H

#include "daemon.h"

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
