/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of the module share: network namespaces, links, nodes,
 * sessions, keys and counters. No daemon is involved anywhere.
 *
 * Functions return 0 or a negative errno unless they say something else. A
 * program that links this file ends with the status of a skipped test when
 * the module is not loaded or the caller is not root.
 */
#ifndef SELFTESTS_THEMIS_LIB_H
#define SELFTESTS_THEMIS_LIB_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <linux/themis.h>

#include "nl.h"

/**
 * struct net - a network namespace of our own
 * @fd: the namespace
 * @af: the number of the address family AF_THEMIS
 * @nl: generic netlink in it
 */
struct net {
	int		fd;
	int		af;
	struct nl	nl;
};

/**
 * union endpoint - a transport address
 * @sa: its family
 * @in: IPv4
 * @in6: IPv6
 */
union endpoint {
	struct sockaddr		sa;
	struct sockaddr_in	in;
	struct sockaddr_in6	in6;
};

/**
 * struct key - what KEY_NEW takes; zero limits are left out
 * @local: index in what the kernel receives
 * @remote: index in what the kernel sends
 * @flags: THEMIS_KEY_F_*
 * @soft_ms: age at which REKEY is announced
 * @hard_ms: age at which the key is wiped
 * @soft_count: packets at which REKEY is announced
 * @hard_count: packets that are never exceeded
 * @tx: key the kernel seals with
 * @rx: key the kernel opens with
 */
struct key {
	__u32	local;
	__u32	remote;
	__u32	flags;
	__u64	soft_ms;
	__u64	hard_ms;
	__u64	soft_count;
	__u64	hard_count;
	__u8	tx[THEMIS_KEY_LEN];
	__u8	rx[THEMIS_KEY_LEN];
};

/**
 * struct counts - all counters of a network namespace
 * @val: by enum themis_counter
 */
struct counts {
	__u64	val[THEMIS_CNT_MAX + 1];
};

/**
 * struct session - what SESSION_GET tells
 * @state: enum themis_session_state
 * @queued: packets that wait
 * @keys: how many keys there are
 * @slot: local index of the key in each slot, 0 for none
 * @tx_seq: last sequence sent on the current key
 * @rx_seq: greatest sequence accepted under the current key
 * @ep: endpoint; family 0 if it is unknown
 */
struct session {
	__u8		state;
	__u32		queued;
	int		keys;
	__u32		slot[__THEMIS_SLOT_MAX];
	__u64		tx_seq;
	__u64		rx_seq;
	union endpoint	ep;
};

/**
 * struct end - one of two nodes that talk
 * @net: where it lives
 * @id: its identity
 * @port: its link
 * @ep: where the other reaches it
 * @key: the key of its session with the other
 */
struct end {
	struct net	*net;
	__u8		id[THEMIS_ID_LEN];
	__u16		port;
	union endpoint	ep;
	struct key	key;
};

/* The addresses of the two ends of net_veth(). */
#define VETH_A4	"10.77.0.1"
#define VETH_B4	"10.77.0.2"
#define VETH_A6	"fd77::1"
#define VETH_B6	"fd77::2"

/**
 * net_new() - make a network namespace with lo up, and enter it
 * @net: what to fill
 */
int net_new(struct net *net);

/**
 * net_free() - let go of a namespace; the process must have left it, or end
 * @net: what net_new() filled
 */
void net_free(struct net *net);

/**
 * net_enter() - go into a namespace
 * @net: which
 */
int net_enter(const struct net *net);

/**
 * net_veth() - join two namespaces by a veth pair, up, with VETH_* addresses
 * @a: gets VETH_A4/24 and VETH_A6/64 on "veth"
 * @b: gets VETH_B4/24 and VETH_B6/64 on "veth"
 *
 * Packets pass in both directions when it returns.
 */
int net_veth(struct net *a, struct net *b);

/**
 * net_addr() - add or remove an address
 * @net: where
 * @dev: device
 * @addr: IPv4 or IPv6
 * @prefix: length of its prefix in bits
 * @add: add, else remove
 */
int net_addr(struct net *net, const char *dev, const char *addr, int prefix,
	     bool add);

/**
 * net_down() - bring a device down
 * @net: where
 * @dev: device
 */
int net_down(struct net *net, const char *dev);

/**
 * fill_random() - random bytes
 * @buf: where
 * @len: how many
 */
void fill_random(void *buf, size_t len);

/**
 * endpoint() - a transport address from text
 * @addr: IPv4 or IPv6
 * @port: UDP port, host order
 */
union endpoint endpoint(const char *addr, __u16 port);

/**
 * endpoint_len() - how long a transport address is
 * @ep: the address
 *
 * Return: bytes.
 */
socklen_t endpoint_len(const union endpoint *ep);

/**
 * endpoint_eq() - do two transport addresses name the same place?
 * @a: one
 * @b: the other
 */
bool endpoint_eq(const union endpoint *a, const union endpoint *b);

/**
 * address() - the socket address of a node
 * @net: tells the family
 * @id: the node; NULL for all zero
 * @port: port, host order
 */
struct sockaddr_themis address(const struct net *net, const __u8 *id,
			       __u16 port);

/**
 * themis_socket() - open an AF_THEMIS socket in a namespace and leave the
 *	process there
 * @net: where
 * @type: SOCK_DGRAM or SOCK_RAW, with flags
 *
 * Return: the descriptor or a negative errno.
 */
int themis_socket(const struct net *net, int type);

/**
 * themis_bound() - open a datagram socket and bind it
 * @net: where
 * @id: to which node; NULL for the only one
 * @port: to which port; 0 for a free one
 *
 * Return: the descriptor or a negative errno.
 */
int themis_bound(const struct net *net, const __u8 *id, __u16 port);

/**
 * udp_bound() - open a UDP socket and bind it
 * @net: where
 * @ep: address; a port of 0 asks for a free one and is filled in
 *
 * Return: the descriptor or a negative errno.
 */
int udp_bound(const struct net *net, union endpoint *ep);

/**
 * send_to() - send to a node
 * @fd: AF_THEMIS socket
 * @net: where it is
 * @id: node
 * @port: port
 * @buf: message
 * @len: its bytes
 *
 * Return: bytes sent or a negative errno. Never blocks.
 */
int send_to(int fd, const struct net *net, const __u8 *id, __u16 port,
	    const void *buf, size_t len);

/**
 * send_kind() - send a datagram, command or response
 * @fd: AF_THEMIS socket
 * @to: the peer
 * @kind: enum themis_msg_kind
 * @seq: as struct themis_msginfo has it
 * @buf: message
 * @len: its bytes
 *
 * Return: bytes sent or a negative errno. Never blocks.
 */
int send_kind(int fd, const struct sockaddr_themis *to, __u8 kind, __u64 seq,
	      const void *buf, size_t len);

/**
 * recv_kind() - receive, and learn what it is
 * @fd: AF_THEMIS socket with THEMIS_RECVINFO
 * @from: the peer; may be NULL
 * @info: what the message is; kind 255 if nothing told it
 * @buf: where to
 * @len: its size
 *
 * Return: bytes received, -EAGAIN after two seconds, or another negative
 * errno.
 */
int recv_kind(int fd, struct sockaddr_themis *from,
	      struct themis_msginfo *info, void *buf, size_t len);

/**
 * recv_ms() - receive, waiting no longer than asked
 * @fd: any socket
 * @buf: where to
 * @len: its size
 * @ms: how long to wait, in milliseconds
 *
 * Return: the length of the message, which may exceed @len, -EAGAIN, or
 * another negative errno.
 */
int recv_ms(int fd, void *buf, size_t len, int ms);

/**
 * recv_error() - wait for an asynchronous error
 * @fd: any socket
 * @ms: how long to wait, in milliseconds
 *
 * Return: SO_ERROR, positive, which is cleared; 0 if there was none.
 */
int recv_error(int fd, int ms);

/**
 * link_new() - LINK_NEW
 * @net: where
 * @port: UDP port
 */
int link_new(struct net *net, __u16 port);

/**
 * link_del() - LINK_DEL
 * @net: where
 * @port: UDP port
 */
int link_del(struct net *net, __u16 port);

/**
 * node_new() - NODE_NEW with netid "test" and owner ANY
 * @net: where
 * @id: identity
 * @link: UDP port of its link
 */
int node_new(struct net *net, const __u8 *id, __u16 link);

/**
 * node_new_owned() - NODE_NEW with netid "test"
 * @net: where
 * @id: identity
 * @link: UDP port of its link
 * @owner: enum themis_owner
 * @owner_id: uid or gid
 */
int node_new_owned(struct net *net, const __u8 *id, __u16 link, __u8 owner,
		   __u32 owner_id);

/**
 * node_del() - NODE_DEL
 * @net: where
 * @id: identity
 */
int node_del(struct net *net, const __u8 *id);

/**
 * session_new() - SESSION_NEW
 * @net: where
 * @node: local identity
 * @peer: the other one
 * @ep: endpoint, or NULL
 */
int session_new(struct net *net, const __u8 *node, const __u8 *peer,
		const union endpoint *ep);

/**
 * session_del() - SESSION_DEL
 * @net: where
 * @node: local identity
 * @peer: the other one
 */
int session_del(struct net *net, const __u8 *node, const __u8 *peer);

/**
 * session_get() - SESSION_GET
 * @net: where
 * @node: local identity
 * @peer: the other one
 * @session: what to fill
 */
int session_get(struct net *net, const __u8 *node, const __u8 *peer,
		struct session *session);

/**
 * acquire_fail() - ACQUIRE_FAIL
 * @net: where
 * @node: local identity
 * @peer: the other one
 * @error: positive errno, or 0 to give none
 */
int acquire_fail(struct net *net, const __u8 *node, const __u8 *peer,
		 int error);

/**
 * key_random() - a key with random indexes and secrets and no limits
 * @key: what to fill
 * @flags: THEMIS_KEY_F_*
 */
void key_random(struct key *key, __u32 flags);

/**
 * key_mirror() - the same key as the other side has to install it
 * @key: the one side's
 * @mirror: what to fill; @flags is left as it is
 */
void key_mirror(const struct key *key, struct key *mirror);

/**
 * key_msg() - build KEY_NEW
 * @m: the request
 * @node: local identity
 * @peer: the other one
 * @key: the key
 */
void key_msg(struct nl_msg *m, const __u8 *node, const __u8 *peer,
	     const struct key *key);

/**
 * key_new() - KEY_NEW
 * @net: where
 * @node: local identity
 * @peer: the other one
 * @key: the key
 */
int key_new(struct net *net, const __u8 *node, const __u8 *peer,
	    const struct key *key);

/**
 * key_cmd() - KEY_CONFIRM or KEY_DEL
 * @net: where
 * @cmd: which of them
 * @node: local identity
 * @peer: the other one
 * @local: index of the key
 */
int key_cmd(struct net *net, __u8 cmd, const __u8 *node, const __u8 *peer,
	    __u32 local);

/**
 * end_new() - make a link and a random node on it
 * @end: what to fill
 * @net: where
 * @addr: where the other end reaches it
 * @port: UDP port
 */
int end_new(struct end *end, struct net *net, const char *addr, __u16 port);

/**
 * ends_join() - sessions between two nodes, with a key that both may use
 * @a: one end
 * @b: the other
 */
int ends_join(struct end *a, struct end *b);

/**
 * counts_get() - STATS_GET
 * @net: where
 * @counts: what to fill
 */
int counts_get(struct net *net, struct counts *counts);

/**
 * counter_name() - the name of a counter
 * @counter: enum themis_counter
 */
const char *counter_name(int counter);

/**
 * count_wait() - wait until a counter has grown by so much
 * @net: where
 * @before: what counts_get() gave
 * @counter: enum themis_counter
 * @times: by how much
 *
 * Return: by how much it has grown when that is reached or two seconds have
 * passed.
 */
__u64 count_wait(struct net *net, const struct counts *before, int counter,
		 __u64 times);

/**
 * dropped() - has one reason to drop grown by so much, and no other at all?
 * @net: where
 * @before: what counts_get() gave
 * @counter: the reason, enum themis_counter; 0 for none at all
 * @times: by how much
 *
 * Says on standard error what else has grown.
 */
bool dropped(struct net *net, const struct counts *before, int counter,
	     __u64 times);

/**
 * event_wait() - wait for one notification and pass over all others
 * @ev: a socket that has joined the group
 * @cmd: THEMIS_CMD_*_NTF
 * @event: enum themis_event; 0 where the notification has none
 *
 * It is in @ev->nlh afterwards.
 *
 * Return: 0, or -ETIMEDOUT after two seconds.
 */
int event_wait(struct nl *ev, int cmd, int event);

/**
 * event_none() - is there no such notification among those that wait?
 * @ev: a socket that has joined the group; what waits is taken
 * @cmd: THEMIS_CMD_*_NTF
 * @event: enum themis_event; 0 where the notification has none
 */
bool event_none(struct nl *ev, int cmd, int event);

/**
 * now_ms() - a monotonic clock
 *
 * Return: milliseconds.
 */
__u64 now_ms(void);

/**
 * sleep_ms() - sleep
 * @ms: milliseconds
 */
void sleep_ms(int ms);

/**
 * in_child() - run a function in a child process, as somebody else
 * @uid: user, or -1 to stay root
 * @gid: group, or -1 to stay in it; no other groups are kept
 * @fn: what to run; its return value, 0 to 255, is the child's
 * @arg: passed to @fn
 *
 * Return: what @fn returned, or a negative errno.
 */
int in_child(uid_t uid, gid_t gid, int (*fn)(void *arg), void *arg);

/**
 * check_line() - note a condition of a child that in_child() runs
 * @good: does it hold?
 * @line: its line
 */
void check_line(bool good, int line);

/**
 * check_status() - the exit status after some check_line()
 *
 * Return: 0 if all were good, else 1.
 */
int check_status(void);

#define CHECK(good)	check_line(good, __LINE__)

#endif /* SELFTESTS_THEMIS_LIB_H */
