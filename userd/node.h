/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What was configured, by file or by client: local nodes and their peers.
 */
#ifndef THEMISD_NODE_H
#define THEMISD_NODE_H

#include "daemon.h"

#define NODE_NAME_MAX	32	/* characters in a name */
#define NODE_PATH_MAX	4096

/**
 * struct node_spec - a node as somebody asks for it
 * @name: for people, or NULL
 * @key: path of its key file
 * @netid: name of its network
 * @link: UDP port
 * @owner: "any", "uid:N", "gid:N"; NULL for "uid:0"
 * @allow: "any" or "listed" peers; NULL for "any"
 * @create_key: make the key file if there is none
 * @link_ours: the daemon made the link before a restart
 * @directory: it is in the directory of its network
 * @expect: the id that the key must give, or NULL for any
 */
struct node_spec {
	const char	*name;
	const char	*key;
	const char	*netid;
	uint16_t	link;
	const char	*owner;
	const char	*allow;
	bool		create_key;
	bool		link_ours;
	bool		directory;
	const struct themis_id *expect;
};

/**
 * struct node - a local identity
 * @next: in daemon.nodes
 * @id: its id
 * @name: for people, may be empty
 * @key: path of its key file
 * @netid: name of its network, at most THEMIS_NETID_MAX bytes and a zero
 * @link: UDP port
 * @owner: who may use it
 * @owner_id: uid or gid
 * @listed: speaks only with peers that we were told of
 * @directory: it is in the directory of its network
 * @admission: to a closed network; zero for none
 * @configured: from the configuration file, so not kept in the state file
 */
struct node {
	struct node		*next;
	struct themis_id	id;
	char			name[NODE_NAME_MAX + 1];
	char			*key;
	char			netid[THEMIS_NETID_MAX + 1];
	uint16_t		link;
	enum themis_owner	owner;
	uint32_t		owner_id;
	bool			listed;
	bool			directory;
	uint8_t			admission[72];
	bool			configured;
};

/**
 * struct peer_spec - a peer as somebody asks for it
 * @name: for people, or NULL
 * @endpoint: address or host name, and port; or NULL
 * @psk_file: path of a pre-shared key, or NULL
 * @allow: 1 to have to do with it, 0 not to, -1: as it was, or else 1
 * @bootstrap: the node joins the directory through it; false: as it was
 */
struct peer_spec {
	const char	*name;
	const char	*endpoint;
	const char	*psk_file;
	int		allow;
	bool		bootstrap;
};

/**
 * struct lookup - when a host name is looked up
 * @due_us: when it is to be; 0: not wanted
 * @done_us: when it last was; 0: never
 * @failures: since it was last found
 * @calls: how often the peer was called because of it, since it answered
 * @running: right now
 */
struct lookup {
	uint64_t	due_us;
	uint64_t	done_us;
	unsigned int	failures;
	unsigned int	calls;
	bool		running;
};

/**
 * struct peer - a peer that somebody told us of
 * @node: ours
 * @peer: theirs
 * @name: for people, may be empty
 * @endpoint: where it was said to be, or AF_UNSPEC
 * @where: host name and port that @endpoint came from, or NULL
 * @psk_file: path of a pre-shared key, or NULL
 * @denied: we have nothing to do with it
 * @bootstrap: the node joins the directory through it
 * @lookup: of @where, see resolve.h
 * @configured: from the configuration file, so not kept in the state file
 * @doomed: list of those about to be forgotten
 */
struct peer {
	struct themis_id	node;
	struct themis_id	peer;
	char			name[NODE_NAME_MAX + 1];
	union themis_endpoint	endpoint;
	char			*where;
	char			*psk_file;
	bool			denied;
	bool			bootstrap;
	struct lookup		lookup;
	bool			configured;
	struct peer		*doomed;
};

/**
 * node_name_valid() - whether a text can be a name
 * @name: 1 to NODE_NAME_MAX letters, digits, '.', '_', '-' and '@', and not
 *	itself an id
 *
 * Return: true if so.
 */
bool node_name_valid(const char *name);

/**
 * node_netid_valid() - whether a text can be the name of a network
 * @netid: 1 to THEMIS_NETID_MAX bytes, without blanks and control characters
 *
 * Return: true if so.
 */
bool node_netid_valid(const char *netid);

/**
 * node_owner_parse() - "any", "uid:N" or "gid:N"
 * @text: the text
 * @owner: result
 * @owner_id: result
 *
 * Return: 0 or -EINVAL.
 */
int node_owner_parse(const char *text, enum themis_owner *owner,
		     uint32_t *owner_id);

/**
 * node_owner_format() - the text of an owner
 * @node: the node
 * @text: at least 16 bytes
 *
 * Return: @text.
 */
char *node_owner_format(const struct node *node, char text[16]);

/**
 * node_add() - have a local node here, in the core and in the kernel
 * @d: the daemon
 * @spec: what is asked for
 * @configured: it comes from the configuration file
 * @id: result
 * @diag: filled in on failure
 *
 * A node that the kernel has already, in the same network and on the same
 * link, is taken over with its sessions.
 *
 * Return: 0; -EINVAL: the request is wrong; -EEXIST: it is here already; or
 * another negative errno.
 */
int node_add(struct daemon *d, const struct node_spec *spec, bool configured,
	     struct themis_id *id, struct themis_diag *diag);

/**
 * node_identify() - the id that a node would have
 * @spec: what is asked for; the key file may be made
 * @id: result
 * @diag: filled in on failure
 *
 * Return: 0 or a negative errno.
 */
int node_identify(const struct node_spec *spec, struct themis_id *id,
		  struct themis_diag *diag);

/**
 * node_set() - have a node that is here as the configuration file wants it
 * @d: the daemon
 * @node: it has the id that @spec gives
 * @spec: what is asked for
 * @diag: filled in on failure
 *
 * Sessions go on, unless link or owner are others than before.
 *
 * Return: 0 or a negative errno.
 */
int node_set(struct daemon *d, struct node *node, const struct node_spec *spec,
	     struct themis_diag *diag);

/**
 * node_allow_parse() - "any" or "listed"
 * @text: the text, or NULL for "any"
 * @listed: result
 *
 * Return: 0 or -EINVAL.
 */
int node_allow_parse(const char *text, bool *listed);

/**
 * node_allow() - change whom a node speaks with
 * @d: the daemon
 * @node: it is here
 * @listed: only peers that we were told of; their sessions go on, others end
 * @diag: filled in on failure
 *
 * A node of the configuration file is changed until that is read again only.
 *
 * Return: 0 or a negative errno.
 */
int node_allow(struct daemon *d, struct node *node, bool listed,
	       struct themis_diag *diag);

/**
 * node_del() - remove a local node, its peers and its sessions
 * @d: the daemon
 * @id: the node
 * @diag: filled in on failure
 *
 * Return: 0; -ENOENT; or another negative errno.
 */
int node_del(struct daemon *d, const struct themis_id *id,
	     struct themis_diag *diag);

/**
 * node_gone() - the kernel has a node no longer, and not at our wish
 * @d: the daemon
 * @id: the node
 */
void node_gone(struct daemon *d, const struct themis_id *id);

/**
 * node_find() - look a node up
 * @d: the daemon
 * @id: the node
 *
 * Return: the node, or NULL.
 */
struct node *node_find(const struct daemon *d, const struct themis_id *id);

/**
 * node_resolve() - the node that a text means
 * @d: the daemon
 * @text: an id, a name, or NULL for the only one there is
 * @id: result
 * @diag: filled in on failure
 *
 * Return: 0 or -EINVAL.
 */
int node_resolve(const struct daemon *d, const char *text,
		 struct themis_id *id, struct themis_diag *diag);

/**
 * node_stop() - forget all nodes and peers; the kernel and files keep theirs
 * @d: the daemon
 */
void node_stop(struct daemon *d);

/**
 * peer_add() - tell the core of a peer, or change what is known of it
 * @d: the daemon
 * @node: ours
 * @peer: theirs
 * @spec: what is asked for
 * @configured: it comes from the configuration file
 * @diag: filled in on failure
 *
 * What is not given stays as it was. A peer of the configuration file is
 * changed until the next start only. The session with one that is not to be
 * allowed ends.
 *
 * Return: 0 or a negative errno.
 */
int peer_add(struct daemon *d, const struct themis_id *node,
	     const struct themis_id *peer, const struct peer_spec *spec,
	     bool configured, struct themis_diag *diag);

/**
 * peer_set() - have a peer as the configuration file wants it
 * @d: the daemon
 * @node: ours
 * @peer: theirs
 * @spec: what is wanted
 * @diag: filled in on failure
 *
 * What is not given is not there any more. Its session goes on, if it is
 * allowed.
 *
 * Return: 0 or a negative errno.
 */
int peer_set(struct daemon *d, const struct themis_id *node,
	     const struct themis_id *peer, const struct peer_spec *spec,
	     struct themis_diag *diag);

/**
 * peer_found() - where a peer is has been found out
 * @d: the daemon
 * @peer: the peer; its endpoint is set
 */
void peer_found(struct daemon *d, struct peer *peer);

/**
 * peer_del() - forget a peer and end the session with it
 * @d: the daemon
 * @node: ours
 * @peer: theirs
 * @diag: filled in on failure
 *
 * Return: 0; -ENOENT: it is not known; or another negative errno.
 */
int peer_del(struct daemon *d, const struct themis_id *node,
	     const struct themis_id *peer, struct themis_diag *diag);

/**
 * peer_find() - look a configured peer up
 * @d: the daemon
 * @node: ours
 * @peer: theirs
 *
 * Return: the peer, or NULL.
 */
struct peer *peer_find(const struct daemon *d, const struct themis_id *node,
		       const struct themis_id *peer);

/**
 * peer_resolve() - the peer of a node that a text means
 * @d: the daemon
 * @node: ours
 * @text: an id, or the name of a configured peer
 * @id: result
 * @diag: filled in on failure
 *
 * Return: 0 or -EINVAL.
 */
int peer_resolve(const struct daemon *d, const struct themis_id *node,
		 const char *text, struct themis_id *id,
		 struct themis_diag *diag);

/**
 * peer_forget_node() - forget all peers of a node; the core keeps its own
 * @d: the daemon
 * @node: ours
 */
void peer_forget_node(struct daemon *d, const struct themis_id *node);

/**
 * peer_walk() - walk all configured peers
 * @d: the daemon
 * @cb: called for each; must not add or remove any
 * @ctx: passed to @cb
 */
void peer_walk(const struct daemon *d,
	       void (*cb)(void *ctx, const struct peer *peer), void *ctx);

#endif /* THEMISD_NODE_H */
