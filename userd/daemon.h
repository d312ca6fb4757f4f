/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The daemon: one process, one thread, one event loop.
 *
 * Packets, the kernel's notifications, requests of clients and time go into the
 * protocol core (core/core.h); what the core asks for is carried out by
 * drive.c. Everything below is reachable from one structure.
 */
#ifndef THEMISD_DAEMON_H
#define THEMISD_DAEMON_H

#include <ev.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "core.h"
#include "nl.h"

/* Bounds. A peer is about 1 KiB here and in the core. */
#define THEMISD_NODES_MAX	1024
#define THEMISD_PEERS_MAX	16384
#define THEMISD_PENDING_MAX	1024

struct config;
struct directory;
struct metrics;
struct resolver;
struct ways;

/* Exit codes. */
#define THEMISD_EXIT_USAGE	1	/* command line or configuration */
#define THEMISD_EXIT_KERNEL	2	/* the kernel has refused, or is gone */

struct control;
struct link;
struct node;

/**
 * struct daemon - everything
 * @loop: the event loop
 * @core: the protocol
 * @nl: the kernel
 * @info: what the kernel's module is
 * @event_watcher: on the notifications of @nl
 * @module_timer: until a new module is asked, or the kernel's state read again
 * @module_gone: the module was removed
 * @core_timer: on @core_timer_fd
 * @core_timer_fd: fires when the core wants to be called
 * @core_deadline: what it is set to, microseconds
 * @links: raw sockets, see link.h
 * @nodes: local identities, see node.h
 * @nnodes: how many
 * @peers: root of a tree of configured peers, see node.h
 * @npeers: how many
 * @control: the control socket, or NULL
 * @control_path: where that is
 * @config_path: the configuration file, or NULL
 * @state_path: the file of what was added by clients
 * @alone_fd: held for as long as the daemon runs, or -1, see alone.h
 * @state_lock_fd: held for as long as the daemon runs
 * @state_log_fd: the log beside @state_path; -1: not open
 * @state_log_len: bytes in it
 * @state_len: bytes of @state_path when it was last written or read
 * @orphans: JSON entries of @state_path that could not be brought back now, but
 *	may be at the next start
 * @rekey_ms: age of keys to be replaced; 0 for the kernel's own
 * @rekeys: keys that are to be renewed, see rekey.h
 * @nrekeys: how many
 * @loading: what is added comes from a file: do not save yet
 * @bulk: much is changing: the state file is saved when that is over
 * @config: what was configured last
 * @config_named: @config_path was given, and must be there
 * @config_found: it was there
 * @metrics: the metrics socket, or NULL
 * @directory: the directory, or NULL while no node is in one
 * @resolver: looks host names up, see resolve.h
 * @ways: listens to changes of addresses, see ways.h
 * @started_us: when the daemon started
 * @exit_code: of the process, set with daemon_stop()
 */
struct daemon {
	struct ev_loop		*loop;
	struct themis_core	*core;
	struct themis_nl	*nl;
	struct themis_nl_info	info;
	ev_io			event_watcher;
	ev_timer		module_timer;
	bool			module_gone;
	ev_io			core_timer;
	int			core_timer_fd;
	uint64_t		core_deadline;
	struct link		*links;
	struct node		*nodes;
	unsigned int		nnodes;
	void			*peers;
	unsigned int		npeers;
	struct control		*control;
	const char		*control_path;
	const char		*config_path;
	const char		*state_path;
	int			alone_fd;
	int			state_lock_fd;
	int			state_log_fd;
	size_t			state_log_len;
	size_t			state_len;
	json_t			*orphans;
	uint64_t		rekey_ms;
	struct rekey		*rekeys;
	unsigned int		nrekeys;
	bool			loading;
	bool			bulk;
	struct config		*config;
	bool			config_named;
	bool			config_found;
	struct metrics		*metrics;
	struct directory	*directory;
	struct resolver		*resolver;
	struct ways		*ways;
	uint64_t		started_us;
	int			exit_code;
};

/**
 * daemon_now() - the time
 *
 * Return: microseconds of CLOCK_BOOTTIME: monotonic, and sleep counts, for
 * keys age while a machine sleeps.
 */
uint64_t daemon_now(void);

/**
 * daemon_stop() - leave the event loop
 * @d: the daemon
 * @exit_code: of the process
 */
void daemon_stop(struct daemon *d, int exit_code);

#endif /* THEMISD_DAEMON_H */
