/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel: its notifications, and what it knew before this daemon began.
 */
#ifndef THEMISD_KERNEL_H
#define THEMISD_KERNEL_H

#include "daemon.h"

/**
 * kernel_start() - connect and subscribe
 * @d: loop is set
 * @diag: filled in on failure
 *
 * Return: 0 or a negative errno.
 */
int kernel_start(struct daemon *d, struct themis_diag *diag);

/**
 * kernel_stop() - mirror of kernel_start(); the kernel keeps its state
 * @d: the daemon
 */
void kernel_stop(struct daemon *d);

/**
 * kernel_resync() - take over the sessions that the kernel has
 * @d: the daemon, with its nodes
 *
 * After a start, and after notifications were lost.
 *
 * Return: 0 or a negative errno.
 */
int kernel_resync(struct daemon *d);

/**
 * kernel_adopt_node() - take over the sessions of one node
 * @d: the daemon
 * @node: the node
 *
 * Return: 0 or a negative errno.
 */
int kernel_adopt_node(struct daemon *d, const struct themis_id *node);

/**
 * kernel_shut_out() - end the sessions of a node with those it does not allow
 * @d: the daemon; the core knows whom the node allows
 * @node: the node
 *
 * Return: 0 or a negative errno.
 */
int kernel_shut_out(struct daemon *d, const struct themis_id *node);

#endif /* THEMISD_KERNEL_H */
