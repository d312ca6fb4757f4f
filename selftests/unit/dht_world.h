/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A few nodes of the directory, and messages that arrive at once or are lost.
 */
#ifndef THEMIS_DHT_WORLD_H
#define THEMIS_DHT_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dht.h"
#include "object.h"

#define WORLD_NODES	64
#define WORLD_MS	1000ULL
#define WORLD_SECOND	(1000 * WORLD_MS)
#define WORLD_UNIX	1000000ULL
#define WORLD_HELD	4096

struct world_key {
	uint8_t	public_key[32];
	uint8_t	secret_key[64];
};

/**
 * struct world - the nodes and what became of their operations
 * @host: all of them
 * @net: their network
 * @now: microseconds
 * @dice: of all chance
 * @node: the nodes; NULL for none, or a dead one
 * @contact: who and where they are
 * @n: how many there were
 * @few: of so many the id begins with a zero, of the others with a one; 0: no matter
 * @home: so many nodes live at one address; 0: each at its own, its number
 * @op: number of the operation that ended last
 * @ended: how many have
 * @watched: number of an operation
 * @place: as the how many it ended
 * @result: how it ended
 * @found: objects found by it
 * @found_len: bytes of these
 * @kept: objects that nodes were to keep
 * @dropped: objects that nodes gave up
 * @deaf: nodes that get no messages, a bit each
 * @sent: messages
 * @setup: how long a command waits for its session, microseconds
 * @held: commands that wait so, oldest first
 * @held_until: until when
 * @n_held: how many
 */
struct world {
	struct dht_host		*host;
	struct dht_net		*net;
	uint64_t		now;
	uint64_t		dice;
	struct dht_node		*node[WORLD_NODES];
	struct dht_contact	contact[WORLD_NODES];
	unsigned int		n;
	unsigned int		few;
	unsigned int		home;
	uint64_t		op;
	unsigned int		ended;
	uint64_t		watched;
	unsigned int		place;
	struct dht_result	result;
	uint8_t			found[65536];
	size_t			found_len;
	unsigned int		kept;
	unsigned int		dropped;
	uint64_t		deaf;
	unsigned int		sent;
	uint64_t		setup;
	struct dht_action	*held[WORLD_HELD];
	uint64_t		held_until[WORLD_HELD];
	unsigned int		n_held;
};

extern struct world *world;

void world_new(unsigned int nodes, const struct dht_params *params);
void world_free(void);
unsigned int world_add(const uint8_t *admission);
unsigned int world_join(const uint8_t *admission);
void world_kill(unsigned int i);
void world_run(uint64_t us);
void world_end(uint64_t op);
void world_key(struct world_key *key, uint8_t seed);
int world_sign(void *ctx, uint8_t signature[64], const uint8_t *b, size_t len);
size_t world_object(uint8_t *b, enum dht_object_type type, uint8_t owner,
		    uint64_t seq, const char *value, struct themis_id *id);
unsigned int world_holders(const struct themis_id *id);

#endif /* THEMIS_DHT_WORLD_H */
