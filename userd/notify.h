/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The service manager: told what the daemon is at, and that it is alive. The
 * protocol is sd_notify(3)'s: text to the socket that $NOTIFY_SOCKET names.
 */
#ifndef THEMISD_NOTIFY_H
#define THEMISD_NOTIFY_H

#include <ev.h>

/**
 * notify_start() - find the manager, and feed its watchdog
 * @loop: the event loop; it is this that is watched
 *
 * Takes $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID out of the environment.
 * Without a manager all functions here do nothing.
 */
void notify_start(struct ev_loop *loop);

/**
 * notify_stop() - mirror of notify_start()
 * @loop: the event loop
 */
void notify_stop(struct ev_loop *loop);

/* Service, after the start and after a reload, is what it is to be. */
void notify_ready(void);

/* The configuration is being read again; notify_ready() must follow. */
void notify_reloading(void);

/* The daemon ends. */
void notify_stopping(void);

#endif /* THEMISD_NOTIFY_H */
