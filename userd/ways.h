/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ways to peers: changes of this machine's addresses and routes.
 */
#ifndef THEMISD_WAYS_H
#define THEMISD_WAYS_H

#include "daemon.h"

/**
 * ways_start() - listen to the kernel's changes of addresses and routes
 * @d: loop and core are set
 *
 * After a change, and not more than once in a second, peers that do not answer
 * are asked again at once and names that were not found are looked up.
 *
 * Return: 0 or a negative errno.
 */
int ways_start(struct daemon *d);

/**
 * ways_stop() - mirror of ways_start()
 * @d: the daemon
 */
void ways_stop(struct daemon *d);

#endif /* THEMISD_WAYS_H */
