// SPDX-License-Identifier: GPL-2.0
/*
 * themis-sim: the directory of many nodes, simulated.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "sim.h"

#define REAL_MAX	2000	/* nodes for which signatures are real */

static const char usage_text[] =
"Usage: themis-sim [OPTION]...\n"
"       themis-sim --replay FILE\n"
"\n"
"Simulates the directory: the nodes run the daemon's own code on a virtual\n"
"clock. They join, store objects, and find objects and each other.\n"
"\n"
"  --nodes N          how many (1000)\n"
"  --seed S           of all chance; the same seed is the same run (1)\n"
"  --churn HALFLIFE   seconds after which half of the nodes are gone (never)\n"
"  --liars FRACTION   so many lie, and collude (0)\n"
"  --attack LIST      drop, misroute, false, replay, eclipse (misroute)\n"
"  --ground N         liars with ids ground to lie around one object (0)\n"
"  --loss FRACTION    of messages (0.01)\n"
"  --slow FRACTION    of nodes that answer late (0)\n"
"  --slow-ms N        so late (1000)\n"
"  --work N           microseconds of its processor that a message takes a node,\n"
"                     one after another (0)\n"
"  --partition N      seconds for which two halves are apart (0)\n"
"  --objects N        stored (a tenth of the nodes, at least 100)\n"
"  --finds N          (2000)\n"
"  --seconds N        over which the finds are spread (300)\n"
"  --joining N        seconds in which the nodes arrive (60, and one for each\n"
"                     400 nodes)\n"
"  --storing N        seconds over which the stores are spread; 0 for all at\n"
"                     once (30)\n"
"  --settle N         seconds between the phases (300)\n"
"  --table N          contacts of a node\n"
"  --paths N          disjoint paths of a lookup\n"
"  --requests N       bound of the commands of one operation\n"
"  --redundancy N     copies of an object\n"
"  --lease N          bound of the lease in seconds\n"
"  --signatures KIND  real: Ed25519; hash: a keyed hash in their place\n"
"                     (real up to 2000 nodes)\n"
"  --record FILE      record what goes into the nodes\n"
"  --replay FILE      replay a record, and compare the state in the end\n"
"  --json             print JSON\n"
"  --help             print this\n"
"\n"
"Exit status: 0 done, 1 failed, or replayed to another state, 2 wrong usage.\n";

static const char * const attack_name[] = {
	"drop", "misroute", "false", "replay", "eclipse",
};

static int fail(const char *what, const char *next)
{
	fprintf(stderr, "Error: %s. %s\n", what, next);
	return 2;
}

static int number(const char *text, uint64_t min, uint64_t max, uint64_t *n)
{
	char *end;

	errno = 0;
	*n = strtoull(text, &end, 0);
	return errno || *end || end == text || *text == '-' || *n < min ||
	       *n > max ? -1 : 0;
}

static int number32(const char *text, uint32_t min, uint32_t max, uint32_t *n)
{
	uint64_t v;

	if (number(text, min, max, &v))
		return -1;
	*n = v;
	return 0;
}

/* From 0 to 1; in millionths. */
static int fraction(const char *text, uint32_t *millionths)
{
	char *end;
	double v = strtod(text, &end);

	if (*end || end == text || !(v >= 0 && v <= 1))
		return -1;
	*millionths = v * 1e6 + 0.5;
	return 0;
}

static int attacks(char *text, uint32_t *attack)
{
	char *save, *word;
	size_t i;

	*attack = 0;
	for (word = strtok_r(text, ",", &save); word;
	     word = strtok_r(NULL, ",", &save)) {
		for (i = 0; i < 5; i++)
			if (!strcmp(word, attack_name[i]))
				break;
		if (i == 5)
			return -1;
		*attack |= 1U << i;
	}
	return *attack ? 0 : -1;
}

static const struct option options[] = {
	{ "nodes", 1, NULL, 'n' }, { "seed", 1, NULL, 's' },
	{ "churn", 1, NULL, 'c' }, { "liars", 1, NULL, 'l' },
	{ "attack", 1, NULL, 'a' }, { "ground", 1, NULL, 'g' },
	{ "loss", 1, NULL, 'x' }, { "slow", 1, NULL, 'w' },
	{ "slow-ms", 1, NULL, 'W' }, { "partition", 1, NULL, 'p' },
	{ "objects", 1, NULL, 'o' }, { "finds", 1, NULL, 'f' },
	{ "seconds", 1, NULL, 't' }, { "settle", 1, NULL, 'e' },
	{ "joining", 1, NULL, 'J' }, { "storing", 1, NULL, 'O' },
	{ "work", 1, NULL, 'k' },
	{ "table", 1, NULL, 'T' }, { "paths", 1, NULL, 'd' },
	{ "requests", 1, NULL, 'q' }, { "redundancy", 1, NULL, 'r' },
	{ "lease", 1, NULL, 'L' }, { "signatures", 1, NULL, 'S' },
	{ "record", 1, NULL, 'R' }, { "replay", 1, NULL, 'P' },
	{ "json", 0, NULL, 'j' }, { "help", 0, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static int option(struct sim_options *o, int c, char *arg, int *hashed)
{
	struct dht_params *p = &o->params;
	uint32_t v = 0;
	int err = 0;

	switch (c) {
	case 'n':
		return number32(arg, 2, 4000000, &o->nodes);
	case 's':
		return number(arg, 0, UINT64_MAX, &o->seed);
	case 'c':
		return number32(arg, 0, 1 << 24, &o->half_life);
	case 'l':
		return fraction(arg, &o->liars);
	case 'a':
		return attacks(arg, &o->attack);
	case 'g':
		return number32(arg, 0, 4096, &o->ground);
	case 'x':
		return fraction(arg, &o->loss);
	case 'w':
		return fraction(arg, &o->slow);
	case 'W':
		return number32(arg, 0, 60000, &o->slow_ms);
	case 'p':
		return number32(arg, 0, 1 << 20, &o->partition);
	case 'o':
		return number32(arg, 0, 10000000, &o->objects);
	case 'f':
		return number32(arg, 0, 100000000, &o->finds);
	case 't':
		return number32(arg, 1, 1 << 24, &o->seconds);
	case 'J':
		return number32(arg, 1, 1 << 20, &o->joining);
	case 'O':
		return number32(arg, 0, 1 << 20, &o->storing);
	case 'k':
		return number32(arg, 0, 1000000, &o->work);
	case 'e':
		return number32(arg, 0, 1 << 20, &o->settle);
	case 'T':
		err = number32(arg, 40, 65535, &v);
		p->table = v;
		return err;
	case 'd':
		err = number32(arg, 1, 8, &v);
		p->paths = v;
		return err;
	case 'q':
		err = number32(arg, 8, 65535, &v);
		p->requests = v;
		return err;
	case 'r':
		err = number32(arg, 1, 32, &v);
		p->redundancy = v;
		if (p->siblings < 5 * v)
			p->siblings = 5 * v;
		return err;
	case 'L':
		return number32(arg, p->lease_min, 86400, &p->lease_max);
	case 'S':
		*hashed = !strcmp(arg, "hash");
		return *hashed || !strcmp(arg, "real") ? 0 : -1;
	case 'R':
		o->record = arg;
		return 0;
	default:
		o->json = true;
		return 0;
	}
}

/* Runs for so many seconds, and shows how far it is. */
static void run_for(struct sim *s, const char *phase, uint64_t seconds)
{
	uint64_t i, begin = s->now;

	for (i = 1; i <= seconds; i++) {
		sim_run(s, begin + i * SIM_SECOND);
		sim_progress(s, phase, i, seconds);
		if (s->churning && i % 60 == 0)
			sim_copies(s);
	}
}

/* The first is alone; the more there are the more come. */
static void grow(struct sim *s)
{
	uint64_t span = s->o.joining ?: 60 + s->o.nodes / 400;
	uint32_t n = s->o.nodes - s->o.ground;
	uint64_t i, done = 0, due, at;

	for (i = 1; i <= span * 10; i++) {
		due = (double)n * i * i / (span * span * 100.0);
		if (i == span * 10)
			due = n;
		at = s->now + SIM_SECOND / 10;
		for (; done < due; done++)
			sim_at(s, s->now + rng_below(&s->rng, SIM_SECOND / 10),
			       SIM_TICK, done &&
			       rng_chance(&s->rng, s->o.liars), 0, NULL);
		sim_run(s, at);
		if (i % 10 == 0)
			sim_progress(s, "joining", i / 10, span);
	}
}

/* Liars whose ids are the first object's but for the last bits. */
static void grind(struct sim *s)
{
	struct themis_id id;
	uint32_t i;

	for (i = 0; i < s->o.ground; i++) {
		rng_fill(&s->rng, id.b, sizeof(id.b));
		/* Nearer than any honest node among 2^40 would be. */
		memcpy(id.b, s->thing[0].id.b, 5);
		sim_arrive(s, &id, true);
	}
}

static void stores(struct sim *s, uint32_t from, uint32_t to, uint64_t seconds)
{
	uint32_t i;

	for (i = from; i < to; i++)
		sim_at(s, s->now + rng_below(&s->rng, seconds * SIM_SECOND + 1),
		       SIM_STORE, i, 0, NULL);
}

static void finds(struct sim *s)
{
	uint32_t i;

	s->finding_since = s->now;
	s->finding_sent = s->sent;
	s->finding_bytes = s->bytes;
	for (i = 0; i < s->o.finds; i++)
		sim_at(s, s->now + (uint64_t)s->o.seconds * SIM_SECOND * i /
		       s->o.finds, SIM_FIND, i, 0, NULL);
	run_for(s, "finding", s->o.seconds);
	/* What was asked last is answered, too. */
	s->churning = false;
	run_for(s, "ending", 20);
	sim_abandon(s);
}

static int by_value32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* What the median node thinks. */
static void median(struct sim *s)
{
	uint32_t *lease = calloc(s->n_living, sizeof(*lease));
	uint32_t *life = calloc(s->n_living, sizeof(*life)), i;
	uint32_t *size = calloc(s->n_living, sizeof(*size));
	struct dht_status_info info;

	for (i = 0; lease && life && size && i < s->n_living; i++) {
		dht_node_info(s->node[s->living[i]].node, &info);
		lease[i] = info.lease;
		life[i] = info.half_life;
		size[i] = info.size;
	}
	if (lease && life && size) {
		qsort(lease, s->n_living, sizeof(*lease), by_value32);
		qsort(life, s->n_living, sizeof(*life), by_value32);
		qsort(size, s->n_living, sizeof(*size), by_value32);
		s->size_low = size[s->n_living / 10];
		s->size = size[s->n_living / 2];
		s->size_high = size[s->n_living * 9 / 10];
		s->lease = lease[s->n_living / 2];
		s->half_life = life[s->n_living / 2];
	}
	free(lease);
	free(life);
	free(size);
}

static void partition(struct sim *s, uint32_t first)
{
	s->split = true;
	run_for(s, "apart", s->o.partition / 2);
	stores(s, first, s->o.objects, s->o.partition / 4 + 1);
	run_for(s, "apart", s->o.partition - s->o.partition / 2);
	s->split = false;
	median(s);
	run_for(s, "healing", s->lease);
}

static void simulate(struct sim *s)
{
	uint32_t early = s->o.partition ? s->o.objects / 2 : s->o.objects;

	grow(s);
	grind(s);
	run_for(s, "settling", s->o.settle);
	stores(s, 0, early, s->o.storing);
	run_for(s, "storing", s->o.storing + 10);
	if (s->o.attack & SIM_REPLAY) {
		stores(s, 0, early, s->o.storing);
		run_for(s, "storing", s->o.storing + 10);
	}
	if (s->o.half_life) {
		sim_churn(s);
		run_for(s, "churning", 2 * s->o.half_life);
	} else {
		run_for(s, "settling", s->o.settle);
	}
	if (s->o.partition)
		partition(s, early);
	finds(s);
	median(s);
	sim_copies(s);
}

static void defaults(struct sim_options *o)
{
	memset(o, 0, sizeof(*o));
	o->nodes = 1000;
	o->seed = 1;
	o->attack = SIM_MISROUTE;
	o->loss = 10000;
	o->slow_ms = 1000;
	o->objects = UINT32_MAX;
	o->finds = 2000;
	o->seconds = 300;
	o->storing = 30;
	o->settle = 300;
	dht_params_default(&o->params);
}

int main(int argc, char **argv)
{
	struct sim *s = calloc(1, sizeof(*s));
	int c, err, at = 0, hashed = -1;
	struct timespec begin, end;
	uint8_t hash[32];

	if (!s || sodium_init() < 0) {
		free(s);
		return 1;
	}
	defaults(&s->o);
	while ((c = getopt_long(argc, argv, "", options, &at)) != -1) {
		if (c == 'h') {
			fputs(usage_text, stdout);
			return 0;
		}
		if (c == '?')
			return fail("that is no option",
				    "See themis-sim --help.");
		if (c == 'P') {
			free(s);
			err = sim_replay(optarg);
			if (err < 0)
				fail("the record cannot be read",
				     "Record it again with --record.");
			return err != 0;
		}
		if (option(&s->o, c, optarg, &hashed)) {
			fprintf(stderr, "Error: \"%s\" is no value for --%s. ",
				optarg, options[at].name);
			fputs("See themis-sim --help.\n", stderr);
			return 2;
		}
	}
	if (optind < argc)
		return fail("there is an argument too many",
			    "See themis-sim --help.");
	if (s->o.objects == UINT32_MAX)
		s->o.objects = s->o.nodes < 1000 ? 100 : s->o.nodes / 10;
	if (s->o.ground >= s->o.nodes / 2)
		return fail("too many ids are ground", "Lower --ground.");
	s->o.real = hashed < 0 ? s->o.nodes <= REAL_MAX : !hashed;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	if (sim_open(s) || sim_load_init(s)) {
		fputs("Error: the simulation cannot begin. ", stderr);
		fputs("Check memory, and where the record goes.\n", stderr);
		return 1;
	}
	simulate(s);
	sim_record_end(s);
	sim_hash(s, hash);
	clock_gettime(CLOCK_MONOTONIC, &end);
	sim_report(s, end.tv_sec - begin.tv_sec +
		   (end.tv_nsec - begin.tv_nsec) / 1e9, hash);
	sim_close(s);
	sim_load_free(s);
	sim_events_free(s);
	free(s->node);
	free(s->living);
	free(s->liar);
	free(s->liar_who);
	free(s);
	return 0;
}
