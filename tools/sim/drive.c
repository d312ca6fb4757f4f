// SPDX-License-Identifier: GPL-2.0
/*
 * The core's inputs, in one place: carried out, recorded, and replayed.
 *
 * A record holds the options that the core knows of and every input in order.
 * Replaying it without any world around must lead to the same state.
 */
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "sim.h"

#define MAGIC	"themis-sim 2\n"

enum input {
	IN_NEW = 1,
	IN_FREE,
	IN_JOIN,
	IN_FIND,
	IN_STORE,
	IN_COMMAND,
	IN_RESPONSE,
	IN_TIMER,
	IN_END,
};

struct head {
	uint64_t	now;
	uint64_t	seq;
	uint32_t	who;
	uint32_t	len;		/* of what follows */
	uint32_t	extra;		/* contact or id in front of it */
	uint32_t	input;
};

static void record(struct sim *s, enum input what, uint32_t who, uint64_t seq,
		   const void *extra, size_t extra_len, const void *b,
		   size_t len)
{
	struct head head = {
		.now = s->now,
		.seq = seq,
		.who = who,
		.len = len,
		.extra = extra_len,
		.input = what,
	};

	if (!s->record)
		return;
	fwrite(&head, sizeof(head), 1, s->record);
	if (extra_len)
		fwrite(extra, 1, extra_len, s->record);
	if (len)
		fwrite(b, 1, len, s->record);
}

static void core_random(void *ctx, void *buf, size_t len)
{
	struct sim *s = ctx;

	rng_fill(&s->core_rng, buf, len);
}

static int make_host(struct sim *s)
{
	const struct dht_config config = {
		.random = core_random,
		.verify = s->o.real ? NULL : sim_verify,
		.ctx = s,
		.max_nodes = 2 * s->o.nodes + 64,
		.max_contacts = 64 * s->o.nodes + 65536,
		.max_requests = 64 * s->o.nodes + 65536,
		.max_ops = 8 * s->o.nodes + 4096,
		.max_actions = 1 << 20,
	};

	s->core_rng = s->o.seed ^ 0x636f7265;
	s->rng = s->o.seed;
	s->host = dht_host_new(&config);
	if (!s->host)
		return -1;
	dht_clock(s->host, 0, SIM_UNIX);
	s->net = dht_net_new(s->host, (const uint8_t *)"sim", 3,
			     &s->o.params);
	return s->net ? 0 : -1;
}

/**
 * sim_open() - make the host, and begin the record
 * @s: the simulation, with its options
 *
 * Return: 0, or -1.
 */
int sim_open(struct sim *s)
{
	if (make_host(s))
		return -1;
	if (!s->o.record)
		return 0;
	s->record = fopen(s->o.record, "wb");
	if (!s->record)
		return -1;
	fputs(MAGIC, s->record);
	fwrite(&s->o, sizeof(s->o), 1, s->record);
	return 0;
}

/**
 * sim_close() - free the host
 * @s: the simulation
 */
void sim_close(struct sim *s)
{
	dht_host_free(s->host);
	if (s->record)
		fclose(s->record);
}

/**
 * sim_new() - a node comes to be
 * @s: the simulation
 * @who: which
 *
 * Return: the node, or NULL.
 */
struct dht_node *sim_new(struct sim *s, uint32_t who)
{
	const struct dht_contact *contact = &s->node[who].contact;

	record(s, IN_NEW, who, 0, contact, sizeof(*contact), NULL, 0);
	s->node[who].node = dht_node_new(s->net, s->now, contact, NULL,
					 (void *)(uintptr_t)(who + 1));
	return s->node[who].node;
}

/**
 * sim_free() - a node crashes
 * @s: the simulation
 * @who: which
 */
void sim_free(struct sim *s, uint32_t who)
{
	record(s, IN_FREE, who, 0, NULL, 0, NULL, 0);
	dht_node_free(s->node[who].node);
	s->node[who].node = NULL;
}

/**
 * sim_join() - a node joins
 * @s: the simulation
 * @who: which
 * @via: members
 * @n: how many
 *
 * Return: number of the operation.
 */
uint64_t sim_join(struct sim *s, uint32_t who, const struct dht_contact *via,
		  unsigned int n)
{
	record(s, IN_JOIN, who, 0, NULL, 0, via, n * sizeof(*via));
	return dht_join(s->node[who].node, s->now, via, n);
}

/**
 * sim_find() - a node finds
 * @s: the simulation
 * @who: which
 * @id: what
 *
 * Return: number of the operation.
 */
uint64_t sim_find(struct sim *s, uint32_t who, const struct themis_id *id)
{
	record(s, IN_FIND, who, 0, id, sizeof(*id), NULL, 0);
	return dht_find(s->node[who].node, s->now, id);
}

/**
 * sim_store() - a node stores
 * @s: the simulation
 * @who: which
 * @b: the object
 * @len: its length in bytes
 *
 * Return: number of the operation.
 */
uint64_t sim_store(struct sim *s, uint32_t who, const uint8_t *b, size_t len)
{
	record(s, IN_STORE, who, 0, NULL, 0, b, len);
	return dht_store(s->node[who].node, s->now, b, len);
}

/**
 * sim_command() - a command reaches a node
 * @s: the simulation
 * @who: which
 * @from: who sent it
 * @seq: its number
 * @b: the command
 * @len: its length in bytes
 */
void sim_command(struct sim *s, uint32_t who, const struct dht_contact *from,
		 uint64_t seq, const uint8_t *b, size_t len)
{
	record(s, IN_COMMAND, who, seq, from, sizeof(*from), b, len);
	dht_command(s->node[who].node, s->now, from, seq, b, len);
}

/**
 * sim_response() - a response reaches a node
 * @s: the simulation
 * @who: which
 * @from: who sent it
 * @seq: its number
 * @b: the response
 * @len: its length in bytes
 */
void sim_response(struct sim *s, uint32_t who, const struct themis_id *from,
		  uint64_t seq, const uint8_t *b, size_t len)
{
	record(s, IN_RESPONSE, who, seq, from, sizeof(*from), b, len);
	dht_response(s->node[who].node, s->now, from, seq, b, len);
}

/**
 * sim_timer() - the core's time has come
 * @s: the simulation
 */
void sim_timer(struct sim *s)
{
	record(s, IN_TIMER, 0, 0, NULL, 0, NULL, 0);
	dht_timer(s->host, s->now);
}

/**
 * sim_hash() - the state of all nodes in a hash
 * @s: the simulation
 * @hash: result, 32 bytes
 */
void sim_hash(const struct sim *s, uint8_t hash[32])
{
	crypto_generichash_state state;
	uint8_t of_node[32];
	uint32_t i;

	crypto_generichash_init(&state, NULL, 0, 32);
	for (i = 0; i < s->n_node; i++) {
		if (!s->node[i].node)
			continue;
		dht_node_hash(s->node[i].node, of_node);
		crypto_generichash_update(&state, of_node, sizeof(of_node));
	}
	crypto_generichash_final(&state, hash, 32);
}

/**
 * sim_record_end() - close the record with the state that was reached
 * @s: the simulation
 */
void sim_record_end(struct sim *s)
{
	uint8_t hash[32];

	if (!s->record)
		return;
	sim_hash(s, hash);
	record(s, IN_END, 0, 0, NULL, 0, hash, sizeof(hash));
}

static void discard(struct sim *s)
{
	struct dht_action *action;

	while ((action = dht_action(s->host)))
		dht_action_done(action);
}

/* One input of a record. Return: 0 to go on, 1 at the end, -1 if it is bad. */
static int replay_one(struct sim *s, FILE *f, uint8_t want[32])
{
	uint8_t extra[128], b[DHT_MESSAGE_MAX];
	struct head head;

	if (fread(&head, sizeof(head), 1, f) != 1 ||
	    head.extra > sizeof(extra) || head.len > sizeof(b) ||
	    fread(extra, 1, head.extra, f) != head.extra ||
	    fread(b, 1, head.len, f) != head.len)
		return -1;
	s->now = head.now;
	if (head.input == IN_NEW) {
		if (head.who > s->n_node || head.who >= s->node_room)
			return -1;
		s->n_node = head.who + 1;
		memcpy(&s->node[head.who].contact, extra,
		       sizeof(struct dht_contact));
		return sim_new(s, head.who) ? 0 : -1;
	}
	if (head.input != IN_TIMER && head.input != IN_END &&
	    (head.who >= s->n_node || !s->node[head.who].node))
		return -1;
	switch (head.input) {
	case IN_FREE:
		sim_free(s, head.who);
		return 0;
	case IN_JOIN:
		sim_join(s, head.who, (struct dht_contact *)b,
			 head.len / sizeof(struct dht_contact));
		return 0;
	case IN_FIND:
		sim_find(s, head.who, (struct themis_id *)extra);
		return 0;
	case IN_STORE:
		sim_store(s, head.who, b, head.len);
		return 0;
	case IN_COMMAND:
		sim_command(s, head.who, (struct dht_contact *)extra, head.seq,
			    b, head.len);
		return 0;
	case IN_RESPONSE:
		sim_response(s, head.who, (struct themis_id *)extra, head.seq,
			     b, head.len);
		return 0;
	case IN_TIMER:
		sim_timer(s);
		return 0;
	case IN_END:
		memcpy(want, b, 32);
		return 1;
	default:
		return -1;
	}
}

/**
 * sim_replay() - replay a record
 * @path: of the record
 *
 * Return: 0 if the same state is reached, 1 if another is, -1 for a bad record.
 */
int sim_replay(const char *path)
{
	char magic[sizeof(MAGIC)] = "", text[65];
	uint8_t want[32], got[32];
	struct sim *s = calloc(1, sizeof(*s));
	FILE *f = fopen(path, "rb");
	uint64_t n = 0;
	int ret = -1;

	if (!s || !f || !fgets(magic, sizeof(magic), f) ||
	    strcmp(magic, MAGIC) || fread(&s->o, sizeof(s->o), 1, f) != 1)
		goto out;
	s->o.record = NULL;
	s->node_room = 1 << 24;
	s->node = calloc(s->node_room, sizeof(*s->node));
	if (!s->node || make_host(s))
		goto out;
	do {
		ret = replay_one(s, f, want);
		discard(s);
		n++;
	} while (!ret);
	if (ret > 0) {
		sim_hash(s, got);
		sodium_bin2hex(text, sizeof(text), got, sizeof(got));
		ret = memcmp(want, got, sizeof(got)) != 0;
		printf("replayed %llu inputs: state %s, %s\n",
		       (unsigned long long)n, text,
		       ret ? "ANOTHER than recorded" : "as recorded");
	}
out:
	if (s) {
		dht_host_free(s->host);
		free(s->node);
	}
	free(s);
	if (f)
		fclose(f);
	return ret;
}
