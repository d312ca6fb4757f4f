/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Client of the kernel's generic netlink family "themis".
 *
 * A handle belongs to the network namespace in which it was opened, and to one
 * thread. Requests are synchronous: every function returns 0 or a negative
 * errno, the kernel's own where the kernel refused. After a failure
 * themis_nl_error() has the kernel's words for it, and themis_nl_diag() a whole
 * sentence.
 */
#ifndef THEMIS_NL_H
#define THEMIS_NL_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <linux/themis.h>

#include "diag.h"
#include "id.h"

/* In fields that count time: it has not happened yet. */
#define THEMIS_NL_NEVER		UINT64_MAX

struct themis_nl;

/**
 * struct themis_nl_info - the module
 * @family: number of the address family
 * @msg_max: bytes in the largest message
 * @version: the module's version
 */
struct themis_nl_info {
	int		family;
	uint32_t	msg_max;
	char		version[32];
};

/**
 * struct themis_nl_link - a UDP port of the kernel
 * @port: host order
 * @nodes: nodes on it
 */
struct themis_nl_link {
	uint16_t	port;
	uint32_t	nodes;
};

/**
 * struct themis_nl_node - a local identity
 * @id: its id
 * @netid: name of its network
 * @netid_len: bytes of @netid, 1 to THEMIS_NETID_MAX
 * @link: the link's UDP port
 * @owner: who may use it
 * @owner_id: uid or gid; nothing if @owner is THEMIS_OWNER_ANY
 * @sessions: sessions it has; in replies
 * @sockets: sockets bound to it; in replies
 */
struct themis_nl_node {
	struct themis_id	id;
	uint8_t			netid[THEMIS_NETID_MAX];
	size_t			netid_len;
	uint16_t		link;
	enum themis_owner	owner;
	uint32_t		owner_id;
	uint32_t		sessions;
	uint32_t		sockets;
};

/**
 * struct themis_nl_key - a session's key
 * @local_index: index in packets that we receive, not 0
 * @remote_index: index in packets that we send
 * @suite: THEMIS_SUITE_*
 * @flags: THEMIS_KEY_F_*
 * @tx: seals what we send; only to the kernel, zero in replies
 * @rx: opens what we receive; only to the kernel, zero in replies
 * @soft_ms: age to announce REKEY at; 0 to the kernel: its own limit
 * @hard_ms: age to wipe at; 0 to the kernel: its own limit
 * @soft_count: packets to announce REKEY at; 0 to the kernel: its own limit
 * @hard_count: packets not to be exceeded; 0 to the kernel: its own limit
 * @slot: where it stands; in replies
 * @age_ms: since it was installed; in replies
 * @tx_seq: last sequence sent; in replies
 * @rx_seq: greatest sequence accepted; in replies
 */
struct themis_nl_key {
	uint32_t		local_index;
	uint32_t		remote_index;
	uint8_t			suite;
	uint32_t		flags;
	uint8_t			tx[THEMIS_KEY_LEN];
	uint8_t			rx[THEMIS_KEY_LEN];
	uint64_t		soft_ms;
	uint64_t		hard_ms;
	uint64_t		soft_count;
	uint64_t		hard_count;
	enum themis_key_slot	slot;
	uint64_t		age_ms;
	uint64_t		tx_seq;
	uint64_t		rx_seq;
};

/**
 * struct themis_nl_session - a node and one peer of it
 * @node: ours
 * @peer: theirs
 * @endpoint: AF_INET or AF_INET6, or AF_UNSPEC where the kernel knows none
 * @state: what it can do
 * @queued: packets that wait for a key
 * @rx_packets: received
 * @rx_bytes: of messages
 * @tx_packets: sent
 * @tx_bytes: of messages
 * @rx_age_ms: since the last authentic packet, or THEMIS_NL_NEVER
 * @nkeys: how many of @keys there are
 * @keys: without the secrets
 */
struct themis_nl_session {
	struct themis_id		node;
	struct themis_id		peer;
	struct sockaddr_storage		endpoint;
	enum themis_session_state	state;
	uint32_t			queued;
	uint64_t			rx_packets;
	uint64_t			rx_bytes;
	uint64_t			tx_packets;
	uint64_t			tx_bytes;
	uint64_t			rx_age_ms;
	unsigned int			nkeys;
	struct themis_nl_key		keys[__THEMIS_SLOT_MAX];
};

/**
 * struct themis_nl_event - one notification
 * @cmd: THEMIS_CMD_ACQUIRE_NTF, _LINK_NTF, _NODE_NTF or _SESSION_NTF
 * @event: why; THEMIS_EVENT_UNSPEC for ACQUIRE_NTF
 * @has_key: @key is there
 * @link: of LINK_NTF
 * @node: of NODE_NTF
 * @session: of SESSION_NTF and ACQUIRE_NTF
 * @key: the key that the event is about
 */
struct themis_nl_event {
	enum themis_cmd			cmd;
	enum themis_event		event;
	bool				has_key;
	struct themis_nl_link		link;
	struct themis_nl_node		node;
	struct themis_nl_session	session;
	struct themis_nl_key		key;
};

/**
 * themis_nl_open() - connect to the family in this network namespace
 * @err: on failure the negative errno; -ENOENT: the module is not loaded
 *
 * Return: a handle, or NULL.
 */
struct themis_nl *themis_nl_open(int *err);

/**
 * themis_nl_close() - free a handle and its sockets
 * @nl: may be NULL
 */
void themis_nl_close(struct themis_nl *nl);

/**
 * themis_nl_error() - the kernel's words for the last failure
 * @nl: the handle
 *
 * Return: the extack text of the last request, "" if there was none. Valid
 * until the next request.
 */
const char *themis_nl_error(const struct themis_nl *nl);

/**
 * themis_nl_diag() - a failure in a sentence
 * @nl: the handle, or NULL after themis_nl_open() failed
 * @err: the negative errno
 * @what: what was tried, e.g. "cannot make link 7000"
 * @diag: result; tells a missing module and a missing privilege apart from
 *	what the kernel refused
 *
 * Return: @err.
 */
int themis_nl_diag(const struct themis_nl *nl, int err, const char *what,
		   struct themis_diag *diag);

/**
 * themis_nl_info() - ask for the module's family number and version
 * @nl: the handle
 * @info: result
 *
 * Return: 0 or a negative errno.
 */
int themis_nl_info(struct themis_nl *nl, struct themis_nl_info *info);

/**
 * themis_nl_stats() - read the counters of this network namespace
 * @nl: the handle
 * @counters: result, indexed by enum themis_counter; 0 where the kernel has
 *	no such counter
 *
 * Return: 0 or a negative errno.
 */
int themis_nl_stats(struct themis_nl *nl, uint64_t counters[__THEMIS_CNT_MAX]);

/**
 * themis_counter_name() - the name of a counter
 * @counter: enum themis_counter
 *
 * Return: e.g. "rx-replay", or NULL for a number that is none.
 */
const char *themis_counter_name(unsigned int counter);

/**
 * themis_counter_help() - the meaning of a counter
 * @counter: enum themis_counter
 *
 * Return: one line, or NULL for a number that is none.
 */
const char *themis_counter_help(unsigned int counter);

/**
 * themis_counter_is_drop() - tell drops from traffic
 * @counter: enum themis_counter
 *
 * Return: true if it counts a reason for which something was dropped.
 */
bool themis_counter_is_drop(unsigned int counter);

/**
 * themis_nl_link_new() - have the kernel open a UDP port
 * @nl: the handle
 * @port: host order
 *
 * Return: 0; -EEXIST: it is there; -EADDRINUSE: another program has the port;
 * -EPERM; or another negative errno.
 */
int themis_nl_link_new(struct themis_nl *nl, uint16_t port);

/**
 * themis_nl_link_del() - have the kernel close a UDP port
 * @nl: the handle
 * @port: host order
 *
 * Return: 0; -ENOENT: there is none; -EBUSY: nodes use it; or another.
 */
int themis_nl_link_del(struct themis_nl *nl, uint16_t port);

/**
 * themis_nl_link_get() - ask for one link
 * @nl: the handle
 * @port: host order
 * @link: result
 *
 * Return: 0; -ENOENT: there is none; or another negative errno.
 */
int themis_nl_link_get(struct themis_nl *nl, uint16_t port,
		       struct themis_nl_link *link);

/**
 * themis_nl_link_dump() - walk all links
 * @nl: the handle; the callback must not use it
 * @cb: called for each; a result other than 0 ends the calls
 * @ctx: passed to @cb
 *
 * Return: 0, what @cb returned, or a negative errno. What changes meanwhile may
 * be seen or not, here as in the other dumps.
 */
int themis_nl_link_dump(struct themis_nl *nl,
			int (*cb)(void *ctx, const struct themis_nl_link *link),
			void *ctx);

/**
 * themis_nl_node_new() - tell the kernel of a local identity
 * @nl: the handle
 * @node: id, netid, netid_len, link, owner, owner_id
 *
 * Return: 0; -EEXIST: it is there; -ENOENT: there is no such link; or another
 * negative errno.
 */
int themis_nl_node_new(struct themis_nl *nl, const struct themis_nl_node *node);

/**
 * themis_nl_node_del() - remove a local identity and its sessions
 * @nl: the handle
 * @id: the node
 *
 * Return: 0; -ENOENT: there is none; or another negative errno.
 */
int themis_nl_node_del(struct themis_nl *nl, const struct themis_id *id);

/**
 * themis_nl_node_get() - ask for one node
 * @nl: the handle
 * @id: the node
 * @node: result
 *
 * Return: 0; -ENOENT: there is none; or another negative errno.
 */
int themis_nl_node_get(struct themis_nl *nl, const struct themis_id *id,
		       struct themis_nl_node *node);

/**
 * themis_nl_node_dump() - walk all nodes
 * @nl: the handle; the callback must not use it
 * @cb: called for each; a result other than 0 ends the calls
 * @ctx: passed to @cb
 *
 * Return: 0, what @cb returned, or a negative errno.
 */
int themis_nl_node_dump(struct themis_nl *nl,
			int (*cb)(void *ctx, const struct themis_nl_node *node),
			void *ctx);

/**
 * themis_nl_session_new() - make a session, or give it another endpoint
 * @nl: the handle
 * @node: ours
 * @peer: theirs
 * @endpoint: struct sockaddr_in or _in6; NULL or AF_UNSPEC for not known
 *
 * Return: 0 or a negative errno.
 */
int themis_nl_session_new(struct themis_nl *nl, const struct themis_id *node,
			  const struct themis_id *peer, const void *endpoint);

/**
 * themis_nl_session_del() - remove a session and wipe its keys
 * @nl: the handle
 * @node: ours
 * @peer: theirs
 *
 * Return: 0; -ENOENT: there is none; or another negative errno.
 */
int themis_nl_session_del(struct themis_nl *nl, const struct themis_id *node,
			  const struct themis_id *peer);

/**
 * themis_nl_session_get() - ask for one session
 * @nl: the handle
 * @node: ours
 * @peer: theirs
 * @session: result
 *
 * Return: 0; -ENOENT: there is none; or another negative errno.
 */
int themis_nl_session_get(struct themis_nl *nl, const struct themis_id *node,
			  const struct themis_id *peer,
			  struct themis_nl_session *session);

/**
 * themis_nl_session_dump() - walk all sessions
 * @nl: the handle; the callback must not use it
 * @cb: called for each; a result other than 0 ends the calls
 * @ctx: passed to @cb
 *
 * Return: 0, what @cb returned, or a negative errno.
 */
int themis_nl_session_dump(struct themis_nl *nl,
			   int (*cb)(void *ctx,
				     const struct themis_nl_session *session),
			   void *ctx);

/**
 * themis_nl_key_new() - install a key
 * @nl: the handle
 * @node: ours
 * @peer: theirs
 * @key: all but the fields of replies; stays the caller's to wipe. The request
 *	is wiped before this returns
 *
 * Return: 0; -ENOENT: there is no such session; -EEXIST: a key or the index was
 * seen before; or another negative errno.
 */
int themis_nl_key_new(struct themis_nl *nl, const struct themis_id *node,
		      const struct themis_id *peer,
		      const struct themis_nl_key *key);

/**
 * themis_nl_key_confirm() - the peer has proven its next key
 * @nl: the handle
 * @node: ours
 * @peer: theirs
 * @local_index: names the key
 *
 * Return: 0; -ENOENT: there is no such session or key; or another.
 */
int themis_nl_key_confirm(struct themis_nl *nl, const struct themis_id *node,
			  const struct themis_id *peer, uint32_t local_index);

/**
 * themis_nl_key_del() - wipe one key
 * @nl: the handle
 * @node: ours
 * @peer: theirs
 * @local_index: names the key
 *
 * Return: 0; -ENOENT: there is no such session or key; or another.
 */
int themis_nl_key_del(struct themis_nl *nl, const struct themis_id *node,
		      const struct themis_id *peer, uint32_t local_index);

/**
 * themis_nl_acquire_fail() - what waits for this session fails now
 * @nl: the handle
 * @node: ours
 * @peer: theirs
 * @error: positive errno that senders get; 0 for the kernel's choice
 *
 * Return: 0; -ENOENT: nobody asked for it; or another negative errno.
 */
int themis_nl_acquire_fail(struct themis_nl *nl, const struct themis_id *node,
			   const struct themis_id *peer, int error);

/**
 * enum themis_nl_group - groups for themis_nl_listen(), to be or-ed
 * @THEMIS_NL_ACQUIRE: the kernel asks for sessions; needs CAP_NET_ADMIN
 * @THEMIS_NL_EVENT: links, nodes and sessions come, change and go
 */
enum themis_nl_group {
	THEMIS_NL_ACQUIRE = 1,
	THEMIS_NL_EVENT = 2,
};

/**
 * themis_nl_listen() - subscribe to notifications
 * @nl: the handle
 * @groups: THEMIS_NL_ACQUIRE and THEMIS_NL_EVENT
 *
 * Opens a second socket in the handle, which does not block and has a large
 * buffer. With THEMIS_NL_ACQUIRE the kernel learns when that buffer is full.
 *
 * Return: 0; -EBUSY: the handle listens already; -EPERM; or another negative
 * errno.
 */
int themis_nl_listen(struct themis_nl *nl, unsigned int groups);

/**
 * themis_nl_event_fd() - descriptor to wait on for notifications
 * @nl: a handle that listens
 *
 * Return: the descriptor, which stays the handle's; -1 if it does not listen.
 */
int themis_nl_event_fd(const struct themis_nl *nl);

/**
 * themis_nl_recv() - take what notifications there are
 * @nl: a handle that listens
 * @cb: called for each notification, in order; may use @nl for requests
 * @ctx: passed to @cb
 *
 * Takes a bounded number of them, so that a storm does not starve the caller's
 * other work: wait on the descriptor again afterwards.
 *
 * Return: 0; -ENOBUFS: some were lost, read the state anew with the dumps;
 * -ENODEV: the module has been removed, and the handle is of no use but to wait
 * for -ESTALE: it has been loaded again, open another handle; or another
 * negative errno.
 */
int themis_nl_recv(struct themis_nl *nl,
		   void (*cb)(void *ctx, const struct themis_nl_event *event),
		   void *ctx);

#endif /* THEMIS_NL_H */
