/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A listening socket at a path, for every user of the machine.
 */
#ifndef THEMISD_LISTEN_H
#define THEMISD_LISTEN_H

#include "diag.h"

/**
 * listen_at() - listen at a path
 * @path: of the socket; a dead daemon's is replaced, a living one's is not.
 *	Its directory is made if it is not there, one level only
 * @next: what to do if that cannot be
 * @diag: filled in on failure
 *
 * Return: a descriptor, non-blocking and closed on exec; -EADDRINUSE: somebody
 * listens there; -EEXIST: it is something else; or another negative errno.
 */
int listen_at(const char *path, const char *next, struct themis_diag *diag);

/**
 * listen_end() - mirror of listen_at(): also removes the socket's file
 * @fd: the descriptor
 * @path: as it was given
 */
void listen_end(int fd, const char *path);

#endif /* THEMISD_LISTEN_H */
