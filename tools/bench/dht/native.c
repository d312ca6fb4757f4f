// SPDX-License-Identifier: GPL-2.0
/*
 * themis-bench-dht: what the directory's core costs by itself.
 *
 * One node, alone in its network, answers everything: no socket, no disk. What
 * is counted is processor time, so that other work on the machine moves the
 * figures little. A signed object is compared with the bare verification of its
 * signature in the same run.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "dht.h"
#include "message.h"
#include "object.h"

#define UNIX	1700000000ULL
#define HELD	4096		/* objects that are looked for */
#define STORED	32768		/* immutable objects that are stored */
#define SIGNED	2048		/* the same, signed */
#define TURNS	5		/* the median counts */
#define VALUE	100		/* bytes */
#define NETID	"bench"

static const char usage_text[] =
"Usage: themis-bench-dht [--json] [--check]\n"
"\n"
"Measures the directory's core: finds and stores that one node answers by\n"
"itself, and those that it answers to a peer. In processor time.\n"
"\n"
"  --json   print a JSON object a line\n"
"  --check  exit with status 1 if a goal is missed\n"
"  --help   print this\n";

/**
 * struct item - an object, and what its signature covers
 * @id: its id
 * @b: encoded
 * @len: its length in bytes
 * @key: the owner's
 * @secret: the owner's
 * @text: what is signed
 * @text_len: its length in bytes
 * @signature: over it
 */
struct item {
	struct themis_id	id;
	uint8_t			b[DHT_OBJECT_HEAD_LEN + DHT_VALUE_MAX];
	size_t			len;
	uint8_t			key[32];
	uint8_t			secret[64];
	uint8_t			text[512];
	size_t			text_len;
	uint8_t			signature[64];
};

/**
 * struct bench - the node, and what it is asked
 * @host: its host
 * @node: the node
 * @peer: who asks it
 * @item: objects
 * @n: how many
 * @good: how many operations ended well
 */
struct bench {
	struct dht_host		*host;
	struct dht_node		*node;
	struct dht_contact	peer;
	struct item		*item;
	unsigned int		n;
	unsigned int		good;
};

/**
 * struct measure - something that is measured
 * @name: of it
 * @run: does it for all objects
 * @n: how many objects
 * @type: of what type
 * @held: the node holds them already
 * @goal: a second, or 0
 */
struct measure {
	const char		*name;
	void			(*run)(struct bench *bench);
	unsigned int		n;
	enum dht_object_type	type;
	bool			held;
	double			goal;
};

static bool json;

static void bench_random(void *ctx, void *buf, size_t len)
{
	randombytes_buf(buf, len);
}

static int sign(void *ctx, uint8_t signature[64], const uint8_t *b, size_t len)
{
	struct item *item = ctx;

	memcpy(item->text, b, len);
	item->text_len = len;
	crypto_sign_detached(signature, NULL, b, len, item->secret);
	memcpy(item->signature, signature, 64);
	return 0;
}

static int build(struct item *item, enum dht_object_type type, unsigned int n)
{
	uint8_t value[VALUE] = { 0 };
	struct dht_object object = {
		.type = type,
		.value = value,
		.value_len = sizeof(value),
	};

	memcpy(value, &n, sizeof(n));
	if (type == DHT_MUTABLE) {
		crypto_sign_keypair(item->key, item->secret);
		memcpy(object.owner, item->key, sizeof(object.owner));
		object.seq = 1;
		object.expiry = UNIX + 3600;
		object.name = (const uint8_t *)"name";
		object.name_len = 4;
	}
	if (dht_object_build(&object, item->b, sizeof(item->b),
			     (const uint8_t *)NETID, strlen(NETID), NULL,
			     sign, item))
		return -1;
	item->len = object.len;
	dht_object_id(&object, (const uint8_t *)NETID, strlen(NETID),
		      &item->id);
	return 0;
}

static int begin(struct bench *bench, const struct measure *measure)
{
	const struct dht_config config = {
		.random = bench_random,
		.max_nodes = 1,
		.max_contacts = 64,
		.max_requests = 64,
		.max_ops = 64,
		.max_actions = 64,
	};
	struct dht_contact self = { .port = 1 };
	struct dht_params params;
	struct dht_net *net;
	unsigned int i;

	dht_params_default(&params);
	params.redundancy = 1;
	params.objects = 1 << 20;
	params.bytes = 1 << 30;
	bench->host = dht_host_new(&config);
	if (!bench->host)
		return -1;
	dht_clock(bench->host, 1, UNIX);
	net = dht_net_new(bench->host, (const uint8_t *)NETID, strlen(NETID),
			  &params);
	randombytes_buf(&self.id, sizeof(self.id));
	bench->node = net ? dht_node_new(net, 1, &self, NULL, NULL) : NULL;
	if (!bench->node)
		return -1;
	bench->peer = self;
	bench->peer.id.b[0] ^= 0x80;
	for (i = 0; measure->held && i < bench->n; i++)
		if (dht_node_hold(bench->node, 1, bench->item[i].b,
				  bench->item[i].len, 0))
			return -1;
	return 0;
}

static bool response_good(const struct dht_action *action)
{
	struct dht_message m;

	return !dht_message_parse(&m, action->b, action->len) && !m.status &&
	       (m.type != DHT_FIND || m.n_objects == 1);
}

/* Takes what the node has done; counts what ended well. */
static void drain(struct bench *bench)
{
	struct dht_action *action;

	while ((action = dht_action(bench->host))) {
		if (action->type == DHT_ACT_RESULT)
			bench->good += action->result.outcome == DHT_DONE;
		else if (action->type == DHT_ACT_RESPONSE)
			bench->good += response_good(action);
		dht_action_done(action);
	}
}

static void find(struct bench *bench)
{
	unsigned int i;

	for (i = 0; i < bench->n; i++) {
		dht_find(bench->node, 1, &bench->item[i].id);
		drain(bench);
	}
}

static void store(struct bench *bench)
{
	unsigned int i;

	for (i = 0; i < bench->n; i++) {
		dht_store(bench->node, 1, bench->item[i].b,
			  bench->item[i].len);
		drain(bench);
	}
}

static void command(struct bench *bench, const struct dht_message *message,
		    unsigned int seq)
{
	uint8_t b[DHT_MESSAGE_MAX];
	size_t len = dht_message_put(message, b);

	dht_command(bench->node, 1, &bench->peer, seq, b, len);
	drain(bench);
}

static void find_for_peer(struct bench *bench)
{
	struct dht_message m = {
		.type = DHT_FIND,
		.flags = DHT_FIND_VALUE,
		.limit = 8,
	};
	unsigned int i;

	for (i = 0; i < bench->n; i++) {
		m.target = bench->item[i].id;
		command(bench, &m, i);
	}
}

static void store_for_peer(struct bench *bench)
{
	uint8_t b[DHT_OBJECT_HEAD_LEN + DHT_OBJECT_MAX];
	struct dht_message m = {
		.type = DHT_STORE,
		.n_objects = 1,
		.objects = b,
	};
	unsigned int i;

	for (i = 0; i < bench->n; i++) {
		m.objects_len = dht_object_put(b, sizeof(b), bench->item[i].b,
					       bench->item[i].len, 3600);
		command(bench, &m, i);
	}
}

static void verify(struct bench *bench)
{
	const struct item *item;
	unsigned int i;

	for (i = 0; i < bench->n; i++) {
		item = &bench->item[i];
		bench->good += !crypto_sign_verify_detached(item->signature,
							    item->text,
							    item->text_len,
							    item->key);
	}
}

#define N_MEASURES	8
#define VERIFICATION	5	/* which one that is */
#define RATIO		1.2	/* of a signed store to its verification */

static const struct measure measures[N_MEASURES] = {
	{ "find", find, HELD, DHT_IMMUTABLE, true, 1e6 },
	{ "find for a peer", find_for_peer, HELD, DHT_IMMUTABLE, true, 1e6 },
	{ "store", store, STORED, DHT_IMMUTABLE, false, 2e5 },
	{ "store for a peer", store_for_peer, STORED, DHT_IMMUTABLE, false,
	  2e5 },
	{ "find, signed", find, SIGNED, DHT_MUTABLE, true, 0 },
	{ "verification", verify, SIGNED, DHT_MUTABLE, false, 0 },
	{ "store, signed", store, SIGNED, DHT_MUTABLE, false, 0 },
	{ "store for a peer, signed", store_for_peer, SIGNED, DHT_MUTABLE,
	  false, 0 },
};

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

/* Once, with a new node. Return: nanoseconds for each, or 0 if one failed. */
static double turn(struct bench *bench, const struct measure *measure)
{
	double ns;

	bench->good = 0;
	bench->n = measure->n;
	if (begin(bench, measure)) {
		dht_host_free(bench->host);
		return 0;
	}
	drain(bench);
	ns = now_ns();
	measure->run(bench);
	ns = (now_ns() - ns) / measure->n;
	dht_host_free(bench->host);
	return bench->good == measure->n ? ns : 0;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static struct item *items(enum dht_object_type type, unsigned int n)
{
	struct item *item = calloc(n, sizeof(*item));
	unsigned int i;

	for (i = 0; item && i < n; i++) {
		if (!build(&item[i], type, i))
			continue;
		free(item);
		item = NULL;
	}
	return item;
}

/* All together, in turns, so that what the machine does else meets them all. */
static int measure_all(double ns[N_MEASURES])
{
	struct item *immutable = items(DHT_IMMUTABLE, STORED);
	struct item *mutable = items(DHT_MUTABLE, SIGNED);
	static double took[N_MEASURES][TURNS];
	struct bench bench = { 0 };
	unsigned int i, t;
	int err = -1;

	if (!immutable || !mutable)
		goto out;
	for (t = 0; t < TURNS; t++) {
		for (i = 0; i < N_MEASURES; i++) {
			bench.item = measures[i].type == DHT_IMMUTABLE ?
				     immutable : mutable;
			took[i][t] = turn(&bench, &measures[i]);
			if (!took[i][t])
				goto out;
		}
	}
	for (i = 0; i < N_MEASURES; i++) {
		qsort(took[i], TURNS, sizeof(took[i][0]), by_value);
		ns[i] = took[i][TURNS / 2];
	}
	err = 0;
out:
	free(immutable);
	free(mutable);
	return err;
}

/* Return: whether the goal is reached. */
static bool show(unsigned int i, const double *ns)
{
	const struct measure *m = &measures[i];
	double ratio = ns[i] / ns[VERIFICATION], rate = 1e9 / ns[i];
	bool good = true;

	if (i > VERIFICATION)
		good = ratio <= RATIO;
	else if (m->goal)
		good = rate >= m->goal;
	if (json) {
		printf("{\"mode\": \"native\", \"test\": \"dht %s\", ",
		       m->name);
		printf("\"ns\": %.1f, \"per_second\": %.0f, ", ns[i], rate);
		printf("\"ratio\": %.3f, \"reached\": %s}\n",
		       i > VERIFICATION ? ratio : 0, good ? "true" : "false");
		return good;
	}
	printf("%-26s %9.0f ns %11.0f a second", m->name, ns[i], rate);
	if (i > VERIFICATION)
		printf("   %.2f of the verification, at most %.1f%s", ratio,
		       RATIO, good ? "" : ": MISSED");
	else if (m->goal)
		printf("   at least %.0f%s", m->goal, good ? "" : ": MISSED");
	putchar('\n');
	return good;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", 0, NULL, 'j' }, { "check", 0, NULL, 'c' },
		{ "help", 0, NULL, 'h' }, { NULL, 0, NULL, 0 },
	};
	double ns[N_MEASURES];
	bool check = false, good = true;
	unsigned int i;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'h') {
			fputs(usage_text, stdout);
			return 0;
		}
		if (c == '?')
			return 2;
		json |= c == 'j';
		check |= c == 'c';
	}
	if (optind < argc) {
		fputs("Error: there is an argument too many. ", stderr);
		fputs("See themis-bench-dht --help.\n", stderr);
		return 2;
	}
	if (sodium_init() < 0 || measure_all(ns)) {
		fputs("Error: an operation has failed. ", stderr);
		fputs("Run selftests/run unit.\n", stderr);
		return 1;
	}
	for (i = 0; i < N_MEASURES; i++)
		good &= show(i, ns);
	return check && !good;
}
