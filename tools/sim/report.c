// SPDX-License-Identifier: GPL-2.0
/*
 * What came out, as text and as JSON.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "sim.h"

static const char * const kind_name[SIM_KINDS] = {
	[SIM_OF_JOIN]	= "join",
	[SIM_OF_STORE]	= "store",
	[SIM_OF_OBJECT]	= "find_object",
	[SIM_OF_NODE]	= "find_node",
};

/**
 * sim_progress() - show how far the simulation is, on a terminal
 * @s: the simulation
 * @phase: what it does
 * @done: so much
 * @all: of so much
 */
void sim_progress(const struct sim *s, const char *phase, uint64_t done,
		  uint64_t all)
{
	unsigned int i, full = all ? done * 40 / all : 40;
	char bar[41];

	if (!isatty(STDERR_FILENO))
		return;
	for (i = 0; i < 40; i++)
		bar[i] = i < full ? '#' : '.';
	bar[40] = '\0';
	fprintf(stderr, "\r%-8s [%s] %3u%%  %u nodes, %.0f s, %.1f M messages ",
		phase, bar, full * 100 / 40, s->n_living,
		(double)s->now / SIM_SECOND, s->sent / 1e6);
	if (done >= all)
		fputc('\n', stderr);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static double ms_at(const struct sim_tally *t, unsigned int thousandth)
{
	if (!t->n_took)
		return 0;
	return t->took[(t->n_took - 1) * thousandth / 1000] / 1000.0;
}

static double median_rounds(const struct sim_tally *t)
{
	uint64_t n = 0;
	unsigned int i;

	for (i = 0; i < SIM_RANKS; i++) {
		n += t->rounds[i];
		if (2 * n >= t->good)
			return t->good ? i : 0;
	}
	return SIM_RANKS;
}

static double mean_rounds(const struct sim_tally *t)
{
	double sum = 0;
	unsigned int i;

	for (i = 0; i < SIM_RANKS; i++)
		sum += (double)i * t->rounds[i];
	return t->good ? sum / t->good : 0;
}

#define LLU(n)	((unsigned long long)(n))

static double mean_messages(const struct sim_tally *t)
{
	return t->ended ? (double)t->messages / t->ended : 0;
}

static void text_kind(const struct sim_tally *t, const char *name)
{
	if (!t->n)
		return;
	printf("%-12s %llu, %.4f %% good, ", name, LLU(t->n),
	       100.0 * t->good / t->n);
	printf("%.0f rounds (mean %.2f), ", median_rounds(t), mean_rounds(t));
	printf("%.1f messages (at most %llu), ", mean_messages(t),
	       LLU(t->most));
	printf("%.0f ms (p99 %.0f, p99.9 %.0f)\n", ms_at(t, 500),
	       ms_at(t, 990), ms_at(t, 999));
	if (t->n == t->good)
		return;
	printf("%-12s not found %llu, no quorum %llu, no answer %llu, ", "",
	       LLU(t->outcome[DHT_NOT_FOUND]),
	       LLU(t->outcome[DHT_NO_QUORUM]),
	       LLU(t->outcome[DHT_NO_ANSWER]));
	printf("refused %llu, unfinished %llu\n", LLU(t->outcome[DHT_REFUSED]),
	       LLU(t->n - t->ended));
}

static void json_kind(const struct sim_tally *t, const char *name)
{
	printf("  \"%s\": {\"n\": %llu, \"good\": %llu, ", name, LLU(t->n),
	       LLU(t->good));
	printf("\"success\": %.6f, ", t->n ? (double)t->good / t->n : 0);
	printf("\"rounds_median\": %.0f, ", median_rounds(t));
	printf("\"rounds_mean\": %.3f, ", mean_rounds(t));
	printf("\"ms_p50\": %.1f, ", ms_at(t, 500));
	printf("\"ms_p99\": %.1f, ", ms_at(t, 990));
	printf("\"messages_mean\": %.2f, ", mean_messages(t));
	printf("\"messages_max\": %llu, ", LLU(t->most));
	printf("\"alarms\": %llu},\n", LLU(t->alarms));
}

struct memory {
	double	node, endpoints, peers, liars;
};

struct peers {
	const struct sim	*s;
	uint64_t		n, liars;
};

static int count_peer(void *ctx, const struct dht_contact *contact,
		      uint64_t rtt_us, unsigned int bucket, bool good)
{
	struct peers *p = ctx;

	p->n++;
	p->liars += p->s->node[sim_of(contact)].liar;
	return 0;
}

static struct memory memory(const struct sim *s)
{
	struct peers peers = { .s = s };
	struct memory m = { 0 };
	struct dht_status_info info;
	size_t endpoints;
	uint32_t i;

	for (i = 0; i < s->n_living; i++) {
		m.node += dht_node_bytes(s->node[s->living[i]].node,
					 &endpoints);
		m.endpoints += endpoints;
		dht_node_info(s->node[s->living[i]].node, &info);
		m.peers += info.contacts;
		if (!s->node[s->living[i]].liar)
			dht_node_contacts(s->node[s->living[i]].node,
					  count_peer, &peers);
	}
	m.liars = peers.n ? (double)peers.liars / peers.n : 0;
	m.node /= s->n_living;
	m.endpoints /= s->n_living;
	m.peers /= s->n_living;
	return m;
}

/* Peak memory of the process, from the kernel; bytes. */
static double peak(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	unsigned long kib = 0;
	char line[256];

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "VmHWM: %lu", &kib) == 1)
			break;
	fclose(f);
	return kib * 1024.0;
}

/* Of the copies that an object has had whenever they were counted. */
static double mean_copies(const struct sim *s)
{
	uint64_t n = 0, copies = 0;
	int i;

	for (i = 0; i < SIM_COPIES; i++) {
		n += s->copies[i];
		copies += i * s->copies[i];
	}
	return n ? (double)copies / n : 0;
}

static double part_under(const struct sim *s, int less)
{
	uint64_t n = 0, few = 0;
	int i;

	for (i = 0; i < SIM_COPIES; i++) {
		n += s->copies[i];
		few += i < less ? s->copies[i] : 0;
	}
	return n ? (double)few / n : 0;
}

struct summary {
	struct memory	memory;
	double		process;	/* bytes a node */
	double		messages;	/* a second and node, while finding */
	double		bytes;
	double		seconds;
	char		state[65];
};

static void report_json(const struct sim *s, const struct summary *sum,
			double wall)
{
	int i;

	printf("{\n  \"seed\": %llu, \"nodes\": %u, \"half_life\": %u, ",
	       LLU(s->o.seed), s->o.nodes, s->o.half_life);
	printf("\"liars\": %.3f, \"ground\": %u, ", s->o.liars / 1e6,
	       s->o.ground);
	printf("\"signatures\": \"%s\",\n",
	       s->o.real ? "ed25519" : "keyed hash");
	for (i = 0; i < SIM_KINDS; i++)
		json_kind(&s->tally[i], kind_name[i]);
	printf("  \"messages\": %llu, \"lost\": %llu, \"bytes\": %llu, ",
	       LLU(s->sent), LLU(s->lost), LLU(s->bytes));
	printf("\"seconds\": %.0f, \"wall\": %.1f,\n", sum->seconds, wall);
	printf("  \"messages_per_node_second\": %.3f, ", sum->messages);
	printf("\"bytes_per_node_second\": %.1f,\n", sum->bytes);
	printf("  \"memory_process\": %.0f, \"memory_node\": %.0f, ",
	       sum->process, sum->memory.node);
	printf("\"memory_endpoints\": %.0f, ", sum->memory.endpoints);
	printf("\"contacts\": %.1f, \"contacts_liars\": %.4f,\n",
	       sum->memory.peers, sum->memory.liars);
	printf("  \"lease\": %u, \"half_life_seen\": %u, ", s->lease,
	       s->half_life);
	printf("\"size_seen\": %u, ", s->size);
	printf("\"objects\": %u, \"objects_lost\": %u,\n  \"copies\": [",
	       s->o.objects, s->lost_objects);
	for (i = 0; i < SIM_COPIES; i++)
		printf("%s%llu", i ? ", " : "", LLU(s->copies[i]));
	printf("], \"copies_mean\": %.2f,\n", mean_copies(s));
	printf("  \"trace\": \"%016llx\",\n  \"state\": \"%s\"\n}\n",
	       LLU(s->trace), sum->state);
}

static void report_text(const struct sim *s, const struct summary *sum,
			double wall)
{
	int i;

	printf("seed %llu: %u nodes, half-life %u s, liars %.1f %%, ",
	       LLU(s->o.seed), s->o.nodes, s->o.half_life,
	       s->o.liars / 1e4);
	printf("ground %u, loss %.2f %%, slow %.1f %%\n", s->o.ground,
	       s->o.loss / 1e4, s->o.slow / 1e4);
	printf("signatures   %s\n", s->o.real ? "Ed25519" :
	       "none: a keyed hash stands in their place");
	for (i = 0; i < SIM_KINDS; i++)
		text_kind(&s->tally[i], kind_name[i]);
	printf("objects      %u, %u of them lost; %.2f copies in the mean, ",
	       s->o.objects, s->lost_objects, mean_copies(s));
	printf("under half of them %.4f %%, two or fewer %.5f %%, one %.6f %%\n",
	       100 * part_under(s, (s->o.params.redundancy + 1) / 2),
	       100 * part_under(s, 3), 100 * part_under(s, 2));
	printf("seen         size %u (a tenth under %u, a tenth over %u), ",
	       s->size, s->size_low, s->size_high);
	printf("half-life %u s, lease %u s\n", s->half_life, s->lease);
	printf("messages     %llu, %llu lost, %.1f MB; ", LLU(s->sent),
	       LLU(s->lost), s->bytes / 1e6);
	printf("while finding %.2f a second and node, %.0f bytes\n",
	       sum->messages, sum->bytes);
	printf("memory       %.1f KiB of the process a node; ",
	       sum->process / 1024);
	printf("node %.1f, endpoints if not shared %.1f\n",
	       sum->memory.node / 1024, sum->memory.endpoints / 1024);
	printf("contacts     %.0f a node, %.1f %% of them liars\n",
	       sum->memory.peers, 100 * sum->memory.liars);
	printf("time         %.0f s in %.1f s, %.2f M events a second\n",
	       sum->seconds, wall, s->events / wall / 1e6);
	printf("state        %s, trace %016llx\n", sum->state, LLU(s->trace));
}

/**
 * sim_report() - print what came out
 * @s: the simulation
 * @wall: seconds that it took
 * @hash: of the state, 32 bytes
 */
void sim_report(struct sim *s, double wall, const uint8_t hash[32])
{
	double finding = (double)(s->now - s->finding_since) / SIM_SECOND;
	double per_node = finding * s->n_living;
	struct summary sum = {
		.memory = memory(s),
		.process = peak() / s->o.nodes,
		.seconds = (double)s->now / SIM_SECOND,
	};
	int i;

	if (per_node > 0) {
		sum.messages = (s->sent - s->finding_sent) / per_node;
		sum.bytes = (s->bytes - s->finding_bytes) / per_node;
	}
	for (i = 0; i < SIM_KINDS; i++)
		qsort(s->tally[i].took, s->tally[i].n_took, sizeof(uint64_t),
		      by_value);
	sodium_bin2hex(sum.state, sizeof(sum.state), hash, 32);
	if (s->o.json)
		report_json(s, &sum, wall);
	else
		report_text(s, &sum, wall);
}
