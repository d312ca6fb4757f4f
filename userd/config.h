/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The configuration file: what is to be here, before anybody asks.
 */
#ifndef THEMISD_CONFIG_H
#define THEMISD_CONFIG_H

#include "dht.h"
#include "node.h"

#define CONFIG_PATH	"/etc/themis/themisd.conf"
#define CONFIG_USER_MAX		32	/* characters */
#define CONFIG_REKEY_MIN	5	/* seconds; message 1 may take that */

/**
 * struct config_node - a section "[node NAME]"
 * @name: NAME
 * @key: path of the key file
 * @netid: name of the network
 * @link: UDP port
 * @owner: who may use it, or NULL
 * @allow: "any" or "listed" peers, or NULL
 * @create_key: make the key file if there is none
 * @directory: it is in the directory of its network
 * @admission: to a closed network, as config_admission() takes it, or NULL
 * @line: where the section begins
 */
struct config_node {
	char		name[NODE_NAME_MAX + 1];
	char		*key;
	char		*netid;
	uint16_t	link;
	char		*owner;
	char		*allow;
	bool		create_key;
	bool		directory;
	char		*admission;
	unsigned int	line;
};

/**
 * struct config_peer - a section "[peer NAME]"
 * @name: NAME
 * @node: name of the node, or NULL for the only one
 * @id: its id
 * @has_id: @id is set
 * @endpoint: address or host name, and port; or NULL
 * @psk_file: path of a pre-shared key, or NULL
 * @denied: the node has nothing to do with it
 * @bootstrap: the node joins the directory through it
 * @line: where the section begins
 */
struct config_peer {
	char			name[NODE_NAME_MAX + 1];
	char			*node;
	struct themis_id	id;
	bool			has_id;
	char			*endpoint;
	char			*psk_file;
	bool			denied;
	bool			bootstrap;
	unsigned int		line;
};

/**
 * struct config_network - a section "[network NETID]"
 * @netid: NETID
 * @params: those that are not given have their defaults
 * @line: where the section begins
 */
struct config_network {
	char			netid[THEMIS_NETID_MAX + 1];
	struct dht_params	params;
	unsigned int		line;
};

/**
 * struct config - the whole file
 * @control: path of the control socket, or NULL
 * @state: path of the state file, or NULL
 * @metrics: path of the metrics socket, or NULL for none
 * @user: to become, started as root, or NULL
 * @rekey_s: seconds after which keys are replaced, 0 for the usual time
 * @links: UDP ports that are to be there, with nodes or without
 * @nlinks: how many
 * @nodes: array
 * @nnodes: how many
 * @peers: array
 * @npeers: how many
 * @networks: array
 * @nnetworks: how many
 */
struct config {
	char			*control;
	char			*state;
	char			*metrics;
	char			*user;
	unsigned int		rekey_s;
	uint16_t		*links;
	size_t			nlinks;
	struct config_node	*nodes;
	size_t			nnodes;
	struct config_peer	*peers;
	size_t			npeers;
	struct config_network	*networks;
	size_t			nnetworks;
};

/**
 * config_read() - read and check a configuration file
 * @config: result; to be given to config_free() in any case
 * @path: the file
 * @diag: filled in on failure, with the line
 *
 * Return: 0; -ENOENT: there is no such file; -EINVAL: it is wrong; or another
 * negative errno.
 */
int config_read(struct config *config, const char *path,
		struct themis_diag *diag);

/**
 * config_free() - mirror of config_read()
 * @config: may be all zero
 */
void config_free(struct config *config);

/* What can be wrong with a line of a section "[network NETID]". */
enum config_network_fault {
	CONFIG_NETWORK_GOOD,
	CONFIG_NETWORK_KEY,	/* there is no such key */
	CONFIG_NETWORK_RANGE,	/* the value is none, or out of range */
	CONFIG_NETWORK_BASE64,	/* the value is no public key */
};

/**
 * config_network_set() - take one line of a section "[network NETID]"
 * @network: the section
 * @key: what
 * @value: as text
 * @min: result: the least value that there can be
 * @max: result: the greatest
 *
 * Return: what is wrong with it.
 */
enum config_network_fault config_network_set(struct config_network *network,
					     const char *key,
					     const char *value,
					     uint32_t *min, uint32_t *max);

/**
 * config_admission() - what "themis key admit" has printed
 * @text: expiry in seconds of the world's clock, a colon, signature in base64
 * @admission: result, as it is in messages
 *
 * Return: 0 or -EINVAL.
 */
int config_admission(const char *text, uint8_t admission[72]);

/**
 * config_network_params() - the parameters of a network
 * @config: the configuration, or NULL
 * @netid: name of the network
 * @params: result: as configured, else the defaults
 */
void config_network_params(const struct config *config, const char *netid,
			   struct dht_params *params);

/**
 * config_apply() - have in core and kernel what the file wants
 * @d: the daemon
 * @old: what was in force before, or NULL at the start
 * @new: as read
 * @left_out: how many things could not be had all the same, for lack of room or
 *	memory, or because a client has taken the name; logged unless @old is
 *	NULL
 * @diag: filled in on failure, and with the first of what was left out
 *
 * What is in both stays as it is, with its sessions; what is only in @old goes.
 * What clients have added stays, but for what @new names too.
 *
 * Return: 0; or a negative errno: nothing was changed.
 */
int config_apply(struct daemon *d, const struct config *old,
		 const struct config *new, unsigned int *left_out,
		 struct themis_diag *diag);

/**
 * config_reload() - read the file again and put it into force
 * @d: the daemon
 *
 * Says in the journal what came of it. If the file is wrong nothing changes.
 */
void config_reload(struct daemon *d);

#endif /* THEMISD_CONFIG_H */
