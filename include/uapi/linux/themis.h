/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Themis: secure datagrams between identities.
 *
 * The kernel's whole contract: the socket address, the socket options and
 * control messages, the generic netlink family, the packet types and the table
 * of counters. Both sides include this header and nothing else of each other.
 */
#ifndef _UAPI_LINUX_THEMIS_H
#define _UAPI_LINUX_THEMIS_H

#include <linux/types.h>
#include <linux/socket.h>

/*
 * No kernel accepts a family number past its own AF_MAX, so a loadable family
 * borrows a dead one: 18 was AF_ASH and has had no user for two decades. The
 * module parameter "family" moves it; /sys/module/themis/parameters/family and
 * THEMIS_CMD_INFO_GET tell which number is in force.
 */
#define AF_THEMIS		18
#define PF_THEMIS		AF_THEMIS

#define THEMIS_VERSION		"0.1.0"	/* of module, daemon and tool alike */

/* Level of the options and control messages below. */
#define SOL_THEMIS		29800

#define THEMIS_ID_LEN		32	/* BLAKE2b-256 of netid and public key */
#define THEMIS_NETID_MAX	32	/* bytes in the name of a network */
#define THEMIS_KEY_LEN		32	/* ChaCha20-Poly1305 */

/* The largest message, in bytes. */
#define THEMIS_MSG_MAX		65536

/**
 * enum themis_addr_kind - what the id in a socket address names
 * @THEMIS_KIND_NODE: a node, the hash of its key; the only kind for datagrams
 * @THEMIS_KIND_SERVICE: kept free for services; refused with EAFNOSUPPORT
 * @THEMIS_KIND_LINK: a link; only for SOCK_RAW, where the port is the link's
 *	UDP port and the id is zero
 */
enum themis_addr_kind {
	THEMIS_KIND_NODE,
	THEMIS_KIND_SERVICE,
	THEMIS_KIND_LINK,
};

/**
 * struct sockaddr_themis - the address of a socket: an identity and a port
 * @sth_family: AF_THEMIS
 * @sth_port: port, network byte order; 0 in bind() asks for a free one
 * @sth_kind: enum themis_addr_kind
 * @sth_reserved: zero, or EINVAL
 * @sth_id: the identity; all zero in bind() means the one node that the caller
 *	may use
 */
struct sockaddr_themis {
	__kernel_sa_family_t	sth_family;
	__be16			sth_port;
	__u8			sth_kind;
	__u8			sth_reserved[3];
	__u8			sth_id[THEMIS_ID_LEN];
};

/*
 * Socket options at SOL_THEMIS. The text twins take and give
 * "<64 hex digits>:<port>" without a terminating zero ("*:<port>" in
 * THEMIS_BIND is the all-zero id), for runtimes that cannot build a foreign
 * socket address.
 */
enum themis_sockopt {
	THEMIS_SO_UNSPEC,
	THEMIS_BIND,		/* set: text address, as bind() */
	THEMIS_CONNECT,		/* set: text address, as connect() */
	THEMIS_LOCALNAME,	/* get: text address, as getsockname() */
	THEMIS_PEERNAME,	/* get: text address, as getpeername() */
	THEMIS_RECVINFO,	/* int: 1 delivers THEMIS_CMSG_INFO */
	THEMIS_MAXMSG,		/* get, int: the largest message in bytes */
	THEMIS_RECVADDR,	/* int: 1 delivers THEMIS_CMSG_ADDR */
	THEMIS_STRICT,		/* int: 1 takes messages in rising order only */
	THEMIS_COMMANDS,	/* int: commands that may be outstanding */
	THEMIS_TIMEOUT,		/* int: ms that a command is outstanding */
	THEMIS_REUSEPORT,	/* int: 1 shares the port with the same user */
};

#define THEMIS_COMMANDS_DEFAULT	256
#define THEMIS_COMMANDS_MAX	16384
#define THEMIS_TIMEOUT_DEFAULT	30000
#define THEMIS_TIMEOUT_MAX	600000

#define THEMIS_TEXT_MAX		(2 * THEMIS_ID_LEN + 1 + 5)

/* Control messages at SOL_THEMIS. */
enum themis_cmsg {
	THEMIS_CMSG_UNSPEC,
	THEMIS_CMSG_INFO,	/* struct themis_msginfo, both ways */
	THEMIS_CMSG_ADDR,	/* struct sockaddr_themis, both ways: the peer */
};

/**
 * enum themis_msg_kind - what a message is, inside the encryption
 * @THEMIS_MSG_DATAGRAM: a plain datagram
 * @THEMIS_MSG_COMMAND: a datagram that expects a response
 * @THEMIS_MSG_RESPONSE: the answer to one command
 * @THEMIS_MSG_KEEPALIVE: empty; proves a key and never reaches a socket
 * @THEMIS_MSG_NOTICE: empty; no socket is bound to the port that it comes from
 */
enum themis_msg_kind {
	THEMIS_MSG_DATAGRAM,
	THEMIS_MSG_COMMAND,
	THEMIS_MSG_RESPONSE,
	THEMIS_MSG_KEEPALIVE,
	THEMIS_MSG_NOTICE,
};

/**
 * struct themis_msginfo - what a message is
 * @seq: received datagram or command: the sequence that it was sealed under,
 *	rising from message to message of one sender. Response to send: the
 *	sequence of the command that it answers. Command to send: any number;
 *	received response: the number that was given with its command
 * @kind: enum themis_msg_kind, of the first three
 * @reserved: zero
 */
struct themis_msginfo {
	__aligned_u64	seq;
	__u8		kind;
	__u8		reserved[7];
};

/*
 * Packets, the payload of UDP. Types below THEMIS_PKT_DATA belong to the key
 * agreement: the kernel checks nothing of them but type, length and rate and
 * hands them to the raw socket of the link. See Documentation/protocol.rst.
 */
enum themis_pkt_type {
	THEMIS_PKT_INIT = 1,	/* message 1 of the key agreement */
	THEMIS_PKT_RESP = 2,	/* message 2 */
	THEMIS_PKT_CONFIRM = 3,	/* message 3 */
	THEMIS_PKT_COOKIE = 4,	/* prove that you receive at your address */
	THEMIS_PKT_REFUSE = 5,	/* no agreement, and why */
	THEMIS_PKT_DATA = 16,	/* everything else between two nodes */
	THEMIS_PKT_SEGMENT = 17, /* a part of such a packet that is too long */
};

#define THEMIS_PKT_INIT_LEN	232
#define THEMIS_PKT_RESP_LEN	176
#define THEMIS_PKT_CONFIRM_LEN	48
#define THEMIS_PKT_COOKIE_LEN	24
#define THEMIS_PKT_REFUSE_LEN	112

/* Suites. One exists: Ed25519, X25519, BLAKE2b, ChaCha20-Poly1305. */
#define THEMIS_SUITE_CHACHA20POLY1305	1
#define THEMIS_SUITE_NULL		255	/* nothing; measurements only */

/* ------------------------------------------------------------------------
 * Generic netlink
 */
#define THEMIS_GENL_NAME	"themis"
#define THEMIS_GENL_VERSION	1
#define THEMIS_MCGRP_ACQUIRE	"acquire"	/* CAP_NET_ADMIN to listen */
#define THEMIS_MCGRP_EVENT	"event"		/* anybody may listen */

/**
 * enum themis_cmd - commands and notifications
 * @THEMIS_CMD_UNSPEC: none
 * @THEMIS_CMD_INFO_GET: do: THEMIS_A_INFO; no argument
 * @THEMIS_CMD_LINK_NEW: admin: THEMIS_A_LINK with PORT
 * @THEMIS_CMD_LINK_DEL: admin: THEMIS_A_LINK with PORT; EBUSY while nodes use
 *	it
 * @THEMIS_CMD_LINK_GET: do with PORT, or dump
 * @THEMIS_CMD_NODE_NEW: admin: THEMIS_A_NODE with ID, NETID, LINK and an owner
 * @THEMIS_CMD_NODE_DEL: admin: THEMIS_A_NODE with ID; ends its sessions, and
 *	its sockets report ENETDOWN
 * @THEMIS_CMD_NODE_GET: do with ID, or dump
 * @THEMIS_CMD_SESSION_NEW: admin: THEMIS_A_SESSION with NODE, PEER and, if it
 *	is known, ENDPOINT. An existing session takes the new endpoint
 * @THEMIS_CMD_SESSION_DEL: admin: THEMIS_A_SESSION with NODE and PEER
 * @THEMIS_CMD_SESSION_GET: do with NODE and PEER, or dump
 * @THEMIS_CMD_KEY_NEW: admin: THEMIS_A_SESSION with NODE and PEER, and
 *	THEMIS_A_KEY. Installs a key; EEXIST if the index is in use or either
 *	key has been seen before. With THEMIS_KEY_F_CONFIRMED the key becomes current at once,
 *	else it waits as next until a packet under it has been opened, except
 *	that a key with THEMIS_KEY_F_SEND may be sent on where no usable key
 *	exists
 * @THEMIS_CMD_KEY_CONFIRM: admin: THEMIS_A_SESSION with NODE and PEER, and
 *	THEMIS_A_KEY with LOCAL_INDEX: the peer has proven the next key by the
 *	key agreement; it becomes current, and a keepalive tells the peer
 * @THEMIS_CMD_KEY_DEL: admin: THEMIS_A_SESSION with NODE and PEER, and
 *	THEMIS_A_KEY with LOCAL_INDEX: wipe one key
 * @THEMIS_CMD_ACQUIRE_FAIL: admin: THEMIS_A_SESSION with NODE and PEER and
 *	optionally ERROR: what waits for this session fails now
 * @THEMIS_CMD_STATS_GET: do: THEMIS_A_STATS
 * @THEMIS_CMD_ACQUIRE_NTF: to group acquire: THEMIS_A_SESSION with NODE, PEER
 *	and, where the kernel knows one, ENDPOINT
 * @THEMIS_CMD_LINK_NTF: to group event: THEMIS_A_EVENT (NEW, DEL) and
 *	THEMIS_A_LINK
 * @THEMIS_CMD_NODE_NTF: to group event: THEMIS_A_EVENT (NEW, DEL) and
 *	THEMIS_A_NODE
 * @THEMIS_CMD_SESSION_NTF: to group event: THEMIS_A_EVENT and
 *	THEMIS_A_SESSION
 * @__THEMIS_CMD_MAX: one past the last
 * @THEMIS_CMD_MAX: the last
 */
enum themis_cmd {
	THEMIS_CMD_UNSPEC,
	THEMIS_CMD_INFO_GET,
	THEMIS_CMD_LINK_NEW,
	THEMIS_CMD_LINK_DEL,
	THEMIS_CMD_LINK_GET,
	THEMIS_CMD_NODE_NEW,
	THEMIS_CMD_NODE_DEL,
	THEMIS_CMD_NODE_GET,
	THEMIS_CMD_SESSION_NEW,
	THEMIS_CMD_SESSION_DEL,
	THEMIS_CMD_SESSION_GET,
	THEMIS_CMD_KEY_NEW,
	THEMIS_CMD_KEY_CONFIRM,
	THEMIS_CMD_KEY_DEL,
	THEMIS_CMD_ACQUIRE_FAIL,
	THEMIS_CMD_STATS_GET,
	THEMIS_CMD_ACQUIRE_NTF,
	THEMIS_CMD_LINK_NTF,
	THEMIS_CMD_NODE_NTF,
	THEMIS_CMD_SESSION_NTF,
	__THEMIS_CMD_MAX,
	THEMIS_CMD_MAX = __THEMIS_CMD_MAX - 1,
};

/* Top level attributes of every command. */
enum themis_attr {
	THEMIS_A_UNSPEC,
	THEMIS_A_INFO,		/* nest, enum themis_info_attr */
	THEMIS_A_LINK,		/* nest, enum themis_link_attr */
	THEMIS_A_NODE,		/* nest, enum themis_node_attr */
	THEMIS_A_SESSION,	/* nest, enum themis_session_attr */
	THEMIS_A_KEY,		/* nest, enum themis_key_attr */
	THEMIS_A_STATS,		/* nest of u64, type = enum themis_counter */
	THEMIS_A_EVENT,		/* u8, enum themis_event */
	__THEMIS_A_MAX,
	THEMIS_A_MAX = __THEMIS_A_MAX - 1,
};

enum themis_info_attr {
	THEMIS_INFO_A_UNSPEC,
	THEMIS_INFO_A_FAMILY,	/* u8: the address family's number */
	THEMIS_INFO_A_VERSION,	/* string: the module's version */
	THEMIS_INFO_A_MSG_MAX,	/* u32: bytes */
	THEMIS_INFO_A_SUITE,	/* u8: the suite that keys must be of */
	__THEMIS_INFO_A_MAX,
	THEMIS_INFO_A_MAX = __THEMIS_INFO_A_MAX - 1,
};

enum themis_link_attr {
	THEMIS_LINK_A_UNSPEC,
	THEMIS_LINK_A_PORT,	/* u16: UDP port, host order, not 0 */
	THEMIS_LINK_A_NODES,	/* u32: nodes on it; in replies */
	__THEMIS_LINK_A_MAX,
	THEMIS_LINK_A_MAX = __THEMIS_LINK_A_MAX - 1,
};

/* Who may use a node's identity. CAP_NET_ADMIN may always. */
enum themis_owner {
	THEMIS_OWNER_UID,	/* processes of one user */
	THEMIS_OWNER_GID,	/* processes in one group */
	THEMIS_OWNER_ANY,	/* every process of the network namespace */
};

enum themis_node_attr {
	THEMIS_NODE_A_UNSPEC,
	THEMIS_NODE_A_ID,	/* binary, 32 bytes, not all zero */
	THEMIS_NODE_A_NETID,	/* binary, 1 to 32 bytes */
	THEMIS_NODE_A_LINK,	/* u16: the link's UDP port */
	THEMIS_NODE_A_OWNER,	/* u8, enum themis_owner; default UID */
	THEMIS_NODE_A_OWNER_ID,	/* u32: uid or gid; default 0 */
	THEMIS_NODE_A_SESSIONS,	/* u32; in replies */
	THEMIS_NODE_A_SOCKETS,	/* u32: sockets bound; in replies */
	__THEMIS_NODE_A_MAX,
	THEMIS_NODE_A_MAX = __THEMIS_NODE_A_MAX - 1,
};

/**
 * enum themis_session_state - what a session can do
 * @THEMIS_SESSION_IDLE: no key, nobody asks for one
 * @THEMIS_SESSION_ACQUIRE: no key, the daemon has been asked, packets wait
 * @THEMIS_SESSION_UP: has a key to send on
 * @THEMIS_SESSION_RECEIVE: has only a key to receive on
 */
enum themis_session_state {
	THEMIS_SESSION_IDLE,
	THEMIS_SESSION_ACQUIRE,
	THEMIS_SESSION_UP,
	THEMIS_SESSION_RECEIVE,
};

enum themis_session_attr {
	THEMIS_SESSION_A_UNSPEC,
	THEMIS_SESSION_A_NODE,		/* binary, 32 bytes */
	THEMIS_SESSION_A_PEER,		/* binary, 32 bytes */
	THEMIS_SESSION_A_ENDPOINT,	/* struct sockaddr_in or _in6 */
	THEMIS_SESSION_A_ERROR,		/* s32: errno, positive */
	THEMIS_SESSION_A_STATE,		/* u8, enum themis_session_state */
	THEMIS_SESSION_A_QUEUED,	/* u32: packets that wait */
	THEMIS_SESSION_A_RX_PACKETS,	/* u64 */
	THEMIS_SESSION_A_RX_BYTES,	/* u64: of messages */
	THEMIS_SESSION_A_TX_PACKETS,	/* u64 */
	THEMIS_SESSION_A_TX_BYTES,	/* u64: of messages */
	THEMIS_SESSION_A_RX_AGE_MS,	/* u64: since the last authentic packet */
	THEMIS_SESSION_A_KEY,		/* nest, once per key; in replies */
	THEMIS_SESSION_A_PAD,
	__THEMIS_SESSION_A_MAX,
	THEMIS_SESSION_A_MAX = __THEMIS_SESSION_A_MAX - 1,
};

/* Where a key stands in its session. */
enum themis_key_slot {
	THEMIS_SLOT_CURRENT,	/* sent on and received on */
	THEMIS_SLOT_PREVIOUS,	/* received on, until it expires */
	THEMIS_SLOT_NEXT,	/* received on; the first packet makes it current */
	__THEMIS_SLOT_MAX,
};

#define THEMIS_KEY_F_INITIATOR	(1 << 0) /* we began the key agreement */
#define THEMIS_KEY_F_SEND	(1 << 1) /* may be sent on before a receipt */
#define THEMIS_KEY_F_CONFIRMED	(1 << 2) /* the peer has proven this key */

enum themis_key_attr {
	THEMIS_KEY_A_UNSPEC,
	THEMIS_KEY_A_LOCAL_INDEX,	/* u32: ours, in what we receive; not 0 */
	THEMIS_KEY_A_REMOTE_INDEX,	/* u32: the peer's, in what we send */
	THEMIS_KEY_A_SUITE,		/* u8 */
	THEMIS_KEY_A_FLAGS,		/* u32: THEMIS_KEY_F_* */
	THEMIS_KEY_A_TX,		/* binary, 32 bytes; write only */
	THEMIS_KEY_A_RX,		/* binary, 32 bytes; write only */
	THEMIS_KEY_A_SOFT_MS,		/* u64: age to announce REKEY at */
	THEMIS_KEY_A_HARD_MS,		/* u64: age to wipe at */
	THEMIS_KEY_A_SOFT_COUNT,	/* u64: packets to announce REKEY at */
	THEMIS_KEY_A_HARD_COUNT,	/* u64: packets not to be exceeded */
	THEMIS_KEY_A_SLOT,		/* u8, enum themis_key_slot; in replies */
	THEMIS_KEY_A_AGE_MS,		/* u64; in replies */
	THEMIS_KEY_A_TX_SEQ,		/* u64: the session's last; in replies */
	THEMIS_KEY_A_RX_SEQ,		/* u64: greatest accepted; in replies */
	THEMIS_KEY_A_PAD,
	__THEMIS_KEY_A_MAX,
	THEMIS_KEY_A_MAX = __THEMIS_KEY_A_MAX - 1,
};

/*
 * The kernel's own limits of a key. The attributes above may lower them and
 * never raise them. Times in milliseconds, counts in packets sent.
 */
#define THEMIS_KEY_SOFT_MS	120000ULL
#define THEMIS_KEY_HARD_MS	180000ULL
#define THEMIS_KEY_SOFT_COUNT	(1ULL << 60)
#define THEMIS_KEY_HARD_COUNT	(~0ULL - (1ULL << 13))

/**
 * enum themis_event - why a notification was sent
 * @THEMIS_EVENT_UNSPEC: none
 * @THEMIS_EVENT_NEW: the object was made
 * @THEMIS_EVENT_DEL: the object is gone
 * @THEMIS_EVENT_UP: the session can send: its first key, or one after none
 * @THEMIS_EVENT_CONFIRMED: the first packet under a key has been opened, or
 *	the key was confirmed; KEY tells which. The peer holds it too
 * @THEMIS_EVENT_REKEY: the current key has reached its soft limit
 * @THEMIS_EVENT_EXPIRED: the last key has been wiped
 * @THEMIS_EVENT_ROAM: the peer's endpoint has changed
 */
enum themis_event {
	THEMIS_EVENT_UNSPEC,
	THEMIS_EVENT_NEW,
	THEMIS_EVENT_DEL,
	THEMIS_EVENT_UP,
	THEMIS_EVENT_CONFIRMED,
	THEMIS_EVENT_REKEY,
	THEMIS_EVENT_EXPIRED,
	THEMIS_EVENT_ROAM,
};

/* ------------------------------------------------------------------------
 * sock_diag: SOCK_DIAG_BY_FAMILY with NLM_F_DUMP lists bound sockets
 */

/**
 * struct themis_diag_req - what is asked
 * @sdiag_family: AF_THEMIS
 * @sdiag_protocol: zero
 * @pad: zero
 */
struct themis_diag_req {
	__u8	sdiag_family;
	__u8	sdiag_protocol;
	__u16	pad;
};

/**
 * struct themis_diag_msg - one socket
 * @family: AF_THEMIS
 * @type: SOCK_DGRAM or SOCK_RAW
 * @connected: has a peer
 * @shutdown: RCV_SHUTDOWN and SEND_SHUTDOWN
 * @port: local port; of SOCK_RAW the link's UDP port
 * @peer_port: of the peer
 * @uid: who made it, in the reader's user namespace
 * @inode: as in /proc/PID/fd
 * @cookie: names the socket for as long as it lives
 * @rqueue: bytes of memory in its receive queue
 * @wqueue: bytes of memory of what it has sent and is not gone yet
 * @drops: messages that found the receive queue full
 * @commands: commands that are outstanding
 * @id: local node; of SOCK_RAW zero
 * @peer: peer, if @connected
 */
struct themis_diag_msg {
	__u8	family;
	__u8	type;
	__u8	connected;
	__u8	shutdown;
	__be16	port;
	__be16	peer_port;
	__u32	uid;
	__u32	inode;
	__u32	cookie[2];
	__u32	rqueue;
	__u32	wqueue;
	__u32	drops;
	__u32	commands;
	__u8	id[THEMIS_ID_LEN];
	__u8	peer[THEMIS_ID_LEN];
};

/* ------------------------------------------------------------------------
 * Counters
 *
 * The one table: number, name and meaning of everything that is counted per
 * network namespace. C(...) is traffic, D(...) a reason for which a packet or
 * a message was dropped; every drop is one of these and is also traced as
 * themis:drop. New rows go to the end of their half.
 */
#define THEMIS_COUNTERS(C, D)						\
	C(RX_MESSAGES, "rx-messages",					\
	  "messages opened and queued to a socket")			\
	C(RX_BYTES, "rx-bytes",						\
	  "bytes of those messages")					\
	C(TX_MESSAGES, "tx-messages",					\
	  "messages sealed and handed to UDP")				\
	C(TX_BYTES, "tx-bytes",						\
	  "bytes of those messages")					\
	C(RX_KEEPALIVES, "rx-keepalives",				\
	  "keepalives received")					\
	C(TX_KEEPALIVES, "tx-keepalives",				\
	  "keepalives sent")						\
	C(RX_HANDSHAKES, "rx-handshakes",				\
	  "key agreement packets handed to the daemon")			\
	C(TX_HANDSHAKES, "tx-handshakes",				\
	  "key agreement packets sent for the daemon")			\
	C(RX_NOTICES, "rx-notices",					\
	  "notices received that a port has no socket")			\
	C(TX_NOTICES, "tx-notices",					\
	  "notices sent that a port has no socket")			\
	C(ACQUIRES, "acquires",						\
	  "times the daemon was asked for a session")			\
	C(KEYS, "keys",							\
	  "keys installed")						\
	C(PROMOTIONS, "promotions",					\
	  "keys that took over from the one before")			\
	C(EXPIRIES, "expiries",						\
	  "keys wiped at their limit of age or count")			\
	C(ROAMS, "roams",						\
	  "times a peer's endpoint moved")				\
	D(RX_SHORT, "rx-short",						\
	  "packet shorter than its header")				\
	D(RX_TYPE, "rx-type",						\
	  "packet of unknown type or with reserved bits set")		\
	D(RX_LENGTH, "rx-length",					\
	  "key agreement packet of the wrong length")			\
	D(RX_RATE, "rx-rate",						\
	  "key agreement packets from one address beyond its rate")	\
	D(RX_NO_DAEMON, "rx-no-daemon",					\
	  "key agreement packet with no daemon to take it")		\
	D(RX_DAEMON_FULL, "rx-daemon-full",				\
	  "key agreement packet while the daemon's queue is full")	\
	D(RX_INDEX, "rx-index",						\
	  "packet for a session index that does not exist")		\
	D(RX_REPLAY, "rx-replay",					\
	  "packet seen before, or older than the replay window")	\
	D(RX_TAG, "rx-tag",						\
	  "packet that is not authentic: forged, altered or damaged")	\
	D(RX_EXPIRED, "rx-expired",					\
	  "packet under a key past its limit")				\
	D(RX_INNER, "rx-inner",						\
	  "authentic packet with a malformed inner header")		\
	D(RX_PORT, "rx-port",						\
	  "message to a port with no socket")				\
	D(RX_FULL, "rx-full",						\
	  "message while the socket's receive buffer is full")		\
	D(RX_FILTER, "rx-filter",					\
	  "message refused by the socket's filter")			\
	D(RX_ORDER, "rx-order",						\
	  "message older than one accepted before, to a strict socket")	\
	D(RX_UNASKED, "rx-unasked",					\
	  "response to no outstanding command: late, doubled, unsolicited") \
	D(RX_MEMORY, "rx-memory",					\
	  "no memory to receive")					\
	D(TX_NO_DAEMON, "tx-no-daemon",					\
	  "message without a session, and no daemon to ask for one")	\
	D(TX_QUEUE_FULL, "tx-queue-full",				\
	  "message while too many wait for the same session")		\
	D(TX_ACQUIRE_LIMIT, "tx-acquire-limit",				\
	  "message while too many sessions are being asked for")	\
	D(TX_USER_LIMIT, "tx-user-limit",				\
	  "message while one user asks for, or queues, too much")	\
	D(TX_COMMANDS, "tx-commands",					\
	  "command while too many are outstanding")			\
	D(TX_REFUSED, "tx-refused",					\
	  "message whose session the daemon could not bring about")	\
	D(TX_TIMEOUT, "tx-timeout",					\
	  "message whose session did not come about in time")		\
	D(TX_ENDPOINT, "tx-endpoint",					\
	  "message to a peer whose endpoint is not known")		\
	D(TX_ROUTE, "tx-route",						\
	  "message or packet with no route to its endpoint")		\
	D(TX_MEMORY, "tx-memory",					\
	  "no memory to send")						\
	D(TX_GONE, "tx-gone",						\
	  "message whose session was removed while it waited")		\
	D(RX_SEGMENT, "rx-segment",					\
	  "segment that is malformed, doubled or of another message")	\
	D(RX_PARTIAL, "rx-partial",					\
	  "message of which segments were missing for too long")	\
	D(RX_PARTIAL_FULL, "rx-partial-full",				\
	  "segment while too many messages miss others")

#define __THEMIS_COUNTER(name, text, help) THEMIS_CNT_##name,
enum themis_counter {
	THEMIS_CNT_UNSPEC,
	THEMIS_COUNTERS(__THEMIS_COUNTER, __THEMIS_COUNTER)
	__THEMIS_CNT_MAX,
	THEMIS_CNT_MAX = __THEMIS_CNT_MAX - 1,
};

#undef __THEMIS_COUNTER

#endif /* _UAPI_LINUX_THEMIS_H */
