/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The owner of the protocol core: carries out what it asks for, and wakes it.
 */
#ifndef THEMISD_DRIVE_H
#define THEMISD_DRIVE_H

#include "daemon.h"

/**
 * drive_start() - make the core and its timer
 * @d: loop is set
 *
 * Return: 0 or a negative errno.
 */
int drive_start(struct daemon *d);

/**
 * drive_stop() - mirror of drive_start()
 * @d: the daemon
 */
void drive_stop(struct daemon *d);

/**
 * drive() - carry out what the core asks for, in order, and set its timer
 * @d: the daemon
 *
 * To be called after every input to the core.
 */
void drive(struct daemon *d);

#endif /* THEMISD_DRIVE_H */
