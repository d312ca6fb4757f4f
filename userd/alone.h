/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One daemon for a network namespace: what the kernel asks for would be
 * answered by the wrong one of two.
 */
#ifndef THEMISD_ALONE_H
#define THEMISD_ALONE_H

#include "daemon.h"

/**
 * alone_start() - be the only daemon of this network namespace
 * @d: the daemon
 * @diag: filled in on failure
 *
 * Return: 0; -EBUSY: there is another one; or another negative errno.
 */
int alone_start(struct daemon *d, struct themis_diag *diag);

/**
 * alone_stop() - mirror of alone_start()
 * @d: the daemon
 */
void alone_stop(struct daemon *d);

#endif /* THEMISD_ALONE_H */
