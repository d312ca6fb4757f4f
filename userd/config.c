// SPDX-License-Identifier: GPL-2.0
/*
 * The configuration file: reading and checking.
 */
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "config.h"
#include "message.h"

/* While a file is read. */
struct reader {
	struct config		*config;
	const char		*path;
	FILE			*file;
	unsigned int		line;
	int			err;
	unsigned int		err_line;
	struct themis_diag	*diag;
	char			section[64];
	bool			fresh;	/* a section has begun, without keys */
	bool			wanting;	/* and must not stay so */
};

__printf(3, 4)
static int fail(struct reader *r, const char *next, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	/* The first fault is the one to mend first. */
	if (r->err)
		return 0;
	r->err_line = r->line;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	r->err = themis_diag_set(r->diag, -EINVAL, next, "%s:%u: %s", r->path,
				 r->line, text);
	return 0;
}

/* Lines for the parser, which would cut long ones without a word. */
static char *next_line(char *buf, int size, void *stream)
{
	struct reader *r = stream;
	size_t len;
	char *s;

	if (r->err)
		return NULL;
	s = fgets(buf, size, r->file);
	if (!s)
		return NULL;
	r->line++;
	/* The parser is silent on sections without keys. */
	if (*s == '[') {
		if (r->wanting) {
			fail(r, "Fill it, or remove it.",
			     "the section before this one is empty");
			return NULL;
		}
		r->fresh = true;
		r->wanting = !strncmp(s, "[node", 5) ||
			     !strncmp(s, "[peer", 5);
	}
	len = strlen(s);
	if (len + 1 == (size_t)size && s[len - 1] != '\n' && !feof(r->file)) {
		fail(r, "Use shorter paths.", "line is too long");
		return NULL;
	}
	return s;
}

static int set_text(struct reader *r, char **to, const char *key,
		    const char *value)
{
	if (*to)
		return fail(r, "Remove one of them.", "\"%s\" is given twice",
			    key);
	if (!*value)
		return fail(r, "Give a value.", "\"%s\" is empty", key);
	*to = strdup(value);
	if (!*to)
		return fail(r, "Free some memory.", "out of memory");
	return 1;
}

static int set_path(struct reader *r, char **to, const char *key,
		    const char *value)
{
	if (value[0] != '/')
		return fail(r, "Give the path from the root directory.",
			    "\"%s\" is not an absolute path", key);
	return set_text(r, to, key, value);
}

static int unknown_key(struct reader *r, const char *key)
{
	return fail(r, "See themisd.conf(5).", "[%s] has no key \"%s\"",
		    r->section, key);
}

/* Room for one more; NULL: no memory, or the bound is reached. */
static void *grow(void **array, size_t *n, size_t size, size_t max)
{
	void *list;

	if (*n >= max)
		return NULL;
	list = reallocarray(*array, *n + 1, size);
	if (!list)
		return NULL;
	*array = list;
	memset((char *)list + *n * size, 0, size);
	return (char *)list + (*n)++ * size;
}

static int take_rekey(struct reader *r, const char *value)
{
	const unsigned int max = THEMIS_KEY_SOFT_MS / 1000;
	size_t len = strlen(value);
	unsigned long n;

	n = len && len < 5 && strspn(value, "0123456789") == len ?
	    strtoul(value, NULL, 10) : 0;
	if (n < CONFIG_REKEY_MIN || n > max)
		return fail(r, "Give seconds as a number.",
			    "\"%s\" is not between %u and %u", value,
			    CONFIG_REKEY_MIN, max);
	r->config->rekey_s = (unsigned int)n;
	return 1;
}

static int take_daemon(struct reader *r, const char *key, const char *value)
{
	if (!strcmp(key, "control"))
		return set_path(r, &r->config->control, key, value);
	if (!strcmp(key, "state"))
		return set_path(r, &r->config->state, key, value);
	if (!strcmp(key, "metrics"))
		return set_path(r, &r->config->metrics, key, value);
	if (!strcmp(key, "user")) {
		if (strlen(value) > CONFIG_USER_MAX)
			return fail(r, "Give the name of a user.",
				    "\"%.80s\" is too long", value);
		return set_text(r, &r->config->user, key, value);
	}
	if (!strcmp(key, "rekey"))
		return take_rekey(r, value);
	return unknown_key(r, key);
}

static int take_link(struct reader *r, const char *key, const char *value)
{
	struct config *c = r->config;
	uint16_t *link, port;
	size_t i;

	if (strcmp(key, "port"))
		return unknown_key(r, key);
	if (themis_port_parse(value, &port))
		return fail(r, "Use 1 to 65535.", "\"%s\" is no UDP port",
			    value);
	for (i = 0; i < c->nlinks; i++)
		if (c->links[i] == port)
			return fail(r, "Remove one of them.",
				    "link %u is given twice", port);
	link = grow((void **)&c->links, &c->nlinks, sizeof(*c->links),
		    THEMISD_NODES_MAX);
	if (!link)
		return fail(r, "Remove some.", "too many links");
	*link = port;
	return 1;
}

static int take_bool(struct reader *r, bool *to, const char *value)
{
	if (strcmp(value, "yes") && strcmp(value, "no"))
		return fail(r, "Use yes or no.",
			    "\"%s\" is neither yes nor no", value);
	*to = !strcmp(value, "yes");
	return 1;
}

static int take_node(struct reader *r, const char *key, const char *value)
{
	struct config_node *node = &r->config->nodes[r->config->nnodes - 1];
	uint8_t admission[DHT_ADMISSION_LEN];
	enum themis_owner owner;
	uint32_t owner_id;
	bool listed;

	if (!strcmp(key, "key"))
		return set_path(r, &node->key, key, value);
	if (!strcmp(key, "netid")) {
		if (!node_netid_valid(value))
			return fail(r, "Use 1 to 32 bytes without blanks.",
				    "\"%s\" is no name of a network", value);
		return set_text(r, &node->netid, key, value);
	}
	if (!strcmp(key, "owner")) {
		if (node_owner_parse(value, &owner, &owner_id))
			return fail(r, "Use any, uid:N or gid:N.",
				    "\"%s\" is no owner", value);
		return set_text(r, &node->owner, key, value);
	}
	if (!strcmp(key, "link")) {
		if (node->link)
			return fail(r, "Remove one of them.",
				    "\"link\" is given twice");
		if (themis_port_parse(value, &node->link))
			return fail(r, "Use 1 to 65535.",
				    "\"%s\" is no UDP port", value);
		return 1;
	}
	if (!strcmp(key, "allow")) {
		if (node_allow_parse(value, &listed))
			return fail(r, "Use any or listed.",
				    "\"%s\" tells not whom to allow", value);
		return set_text(r, &node->allow, key, value);
	}
	if (!strcmp(key, "create-key"))
		return take_bool(r, &node->create_key, value);
	if (!strcmp(key, "admission")) {
		if (config_admission(value, admission))
			return fail(r, "Give what 'themis key admit' prints.",
				    "\"%.40s\" is no admission", value);
		return set_text(r, &node->admission, key, value);
	}
	if (!strcmp(key, "directory"))
		return take_bool(r, &node->directory, value);
	return unknown_key(r, key);
}

static int take_network(struct reader *r, const char *key, const char *value)
{
	struct config *c = r->config;
	uint32_t min, max;

	switch (config_network_set(&c->networks[c->nnetworks - 1], key, value,
				   &min, &max)) {
	case CONFIG_NETWORK_KEY:
		return unknown_key(r, key);
	case CONFIG_NETWORK_RANGE:
		return fail(r, "Give a number.",
			    "\"%s\" is not between %u and %u", value, min,
			    max);
	case CONFIG_NETWORK_BASE64:
		return fail(r, "Give it as 'themis key show' prints it.",
			    "\"%.80s\" is no public key", value);
	default:
		return 1;
	}
}

static int take_peer(struct reader *r, const char *key, const char *value)
{
	struct config_peer *peer = &r->config->peers[r->config->npeers - 1];
	bool allow = false;

	if (!strcmp(key, "node"))
		return set_text(r, &peer->node, key, value);
	if (!strcmp(key, "psk-file"))
		return set_path(r, &peer->psk_file, key, value);
	if (!strcmp(key, "id")) {
		if (peer->has_id)
			return fail(r, "Remove one of them.",
				    "\"id\" is given twice");
		if (themis_id_parse(&peer->id, value))
			return fail(r, "Give 64 hex digits.",
				    "\"%.80s\" is no id", value);
		peer->has_id = true;
		return 1;
	}
	if (!strcmp(key, "allow")) {
		if (!take_bool(r, &allow, value))
			return 0;
		peer->denied = !allow;
		return 1;
	}
	if (!strcmp(key, "bootstrap"))
		return take_bool(r, &peer->bootstrap, value);
	if (!strcmp(key, "endpoint")) {
		char host[THEMIS_HOST_MAX];
		struct sockaddr_storage ss;
		uint16_t port;

		if (themis_endpoint_parse(value, false, &ss) &&
		    themis_endpoint_name(value, host, &port))
			return fail(r, "Give ADDRESS:PORT, [IPV6]:PORT or HOST:PORT.",
				    "\"%s\" is no endpoint", value);
		return set_text(r, &peer->endpoint, key, value);
	}
	return unknown_key(r, key);
}

/* "kind name": returns the name, or NULL if it is of another kind. */
static const char *named(const char *section, const char *kind)
{
	size_t len = strlen(kind);

	return strncmp(section, kind, len) || section[len] != ' ' ? NULL :
	       section + len + 1;
}

static int begin_node(struct reader *r, const char *name)
{
	struct config *c = r->config;
	struct config_node *node;
	size_t i;

	for (i = 0; i < c->nnodes; i++)
		if (!strcmp(c->nodes[i].name, name))
			return fail(r, "Choose another name.",
				    "node \"%s\" is given twice", name);
	node = grow((void **)&c->nodes, &c->nnodes, sizeof(*node),
		    THEMISD_NODES_MAX);
	if (!node)
		return fail(r, "Remove some.", "too many nodes");
	snprintf(node->name, sizeof(node->name), "%s", name);
	node->line = r->line;
	return 1;
}

static int begin_peer(struct reader *r, const char *name)
{
	struct config *c = r->config;
	struct config_peer *peer;

	peer = grow((void **)&c->peers, &c->npeers, sizeof(*peer),
		    THEMISD_PEERS_MAX);
	if (!peer)
		return fail(r, "Remove some.", "too many peers");
	snprintf(peer->name, sizeof(peer->name), "%s", name);
	peer->line = r->line;
	return 1;
}

static int begin_network(struct reader *r, const char *netid)
{
	struct config *c = r->config;
	struct config_network *network;
	size_t i;

	if (!node_netid_valid(netid))
		return fail(r, "Use 1 to 32 bytes without blanks.",
			    "\"%s\" is no name of a network", netid);
	for (i = 0; i < c->nnetworks; i++)
		if (!strcmp(c->networks[i].netid, netid))
			return fail(r, "Remove one of them.",
				    "network \"%s\" is given twice", netid);
	network = grow((void **)&c->networks, &c->nnetworks, sizeof(*network),
		       THEMISD_NODES_MAX);
	if (!network)
		return fail(r, "Remove some.", "too many networks");
	snprintf(network->netid, sizeof(network->netid), "%s", netid);
	dht_params_default(&network->params);
	network->line = r->line;
	return 1;
}

static int begin_section(struct reader *r, const char *section)
{
	const char *name = named(section, "node");
	const char *network = named(section, "network");
	const char *peer = named(section, "peer");

	snprintf(r->section, sizeof(r->section), "%s", section);
	if (!strcmp(section, "daemon") || !strcmp(section, "link"))
		return 1;
	if (network)
		return begin_network(r, network);
	if (!name && !peer)
		return fail(r, "Use [daemon], [link], [network NETID], [node NAME] or [peer NAME].",
			    "there is no section [%s]", section);
	if (!node_name_valid(name ? name : peer))
		return fail(r, "Use 1 to 32 letters, digits and ._-@.",
			    "\"%s\" is no name", name ? name : peer);
	return name ? begin_node(r, name) : begin_peer(r, peer);
}

static int on_entry(void *ctx, const char *section, const char *key,
		    const char *value)
{
	struct reader *r = ctx;

	if (r->err)
		return 0;
	if (r->fresh || !r->section[0]) {
		if (!begin_section(r, section))
			return 0;
		r->fresh = false;
		r->wanting = false;
	}
	if (!strcmp(section, "daemon"))
		return take_daemon(r, key, value);
	if (!strcmp(section, "link"))
		return take_link(r, key, value);
	if (named(section, "network"))
		return take_network(r, key, value);
	return named(section, "node") ? take_node(r, key, value) :
					take_peer(r, key, value);
}

static const struct config_node *node_named(const struct config *config,
					    const char *name)
{
	size_t i;

	for (i = 0; i < config->nnodes; i++)
		if (!strcmp(config->nodes[i].name, name))
			return &config->nodes[i];
	return NULL;
}

/* What can only be seen when all has been read. */
static int check_whole(struct reader *r)
{
	const struct config *c = r->config;
	const struct config_node *node;
	const struct config_peer *peer;
	size_t i;

	for (i = 0; i < c->nnetworks; i++) {
		r->line = c->networks[i].line;
		if (!dht_params_ok(&c->networks[i].params))
			return fail(r, "Raise siblings, table or lease-max.",
				    "the parameters of network \"%s\" do not go together",
				    c->networks[i].netid);
	}
	for (i = 0; i < c->nnodes; i++) {
		node = &c->nodes[i];
		r->line = node->line;
		if (!node->key || !node->netid || !node->link)
			return fail(r, "Give all of key, netid and link.",
				    "node \"%s\" lacks \"%s\"", node->name,
				    !node->key ? "key" : !node->netid ?
				    "netid" : "link");
	}
	for (i = 0; i < c->npeers; i++) {
		peer = &c->peers[i];
		r->line = peer->line;
		if (!peer->has_id)
			return fail(r, "Give 64 hex digits.",
				    "peer \"%s\" lacks \"id\"", peer->name);
		if (peer->bootstrap && !peer->endpoint)
			return fail(r, "Say where it is.",
				    "peer \"%s\" is to be joined through, and lacks \"endpoint\"",
				    peer->name);
		if (!peer->node && c->nnodes != 1)
			return fail(r, "Name one of them.",
				    "peer \"%s\" lacks \"node\", and there are %zu",
				    peer->name, c->nnodes);
		if (peer->node && !node_named(c, peer->node))
			return fail(r, "Give the NAME of a section [node NAME].",
				    "peer \"%s\" is of the unknown node \"%s\"",
				    peer->name, peer->node);
	}
	return 1;
}

int config_read(struct config *config, const char *path,
		struct themis_diag *diag)
{
	struct reader r = {
		.config = config,
		.path = path,
		.diag = diag,
	};
	int ret;

	memset(config, 0, sizeof(*config));
	r.file = fopen(path, "re");
	if (!r.file)
		return themis_diag_set(diag, -errno,
				       "Make it, or name another with --config.",
				       "cannot open \"%s\": %m", path);
	ret = ini_parse_stream(next_line, &r, on_entry, &r);
	if (!r.err && ferror(r.file))
		r.err = themis_diag_set(diag, -EIO, "Check what it is.",
					"cannot read \"%s\"", path);
	fclose(r.file);
	/* The parser goes on after a line that it does not understand. */
	if (ret > 0 && (!r.err || (unsigned int)ret < r.err_line)) {
		r.line = (unsigned int)ret;
		r.err = 0;
		fail(&r, "Write [SECTION] or KEY = VALUE.",
		     "line is not understood");
	}
	if (!r.err && ret < 0)
		r.err = themis_diag_set(diag, -ENOMEM, NULL, "out of memory");
	if (!r.err && r.wanting)
		fail(&r, "Fill it, or remove it.", "the last section is empty");
	if (!r.err)
		check_whole(&r);
	return r.err;
}

void config_free(struct config *config)
{
	size_t i;

	for (i = 0; i < config->nnodes; i++) {
		free(config->nodes[i].key);
		free(config->nodes[i].netid);
		free(config->nodes[i].owner);
		free(config->nodes[i].allow);
		free(config->nodes[i].admission);
	}
	for (i = 0; i < config->npeers; i++) {
		free(config->peers[i].node);
		free(config->peers[i].endpoint);
		free(config->peers[i].psk_file);
	}
	free(config->nodes);
	free(config->peers);
	free(config->networks);
	free(config->links);
	free(config->control);
	free(config->state);
	free(config->metrics);
	free(config->user);
	memset(config, 0, sizeof(*config));
}
