// SPDX-License-Identifier: GPL-2.0
/*
 * What is measured, in Prometheus' text format. Names of reasons and what they
 * mean come from the tables of the kernel's header, of core/count.h and of
 * directory_count.h.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "directory.h"
#include "metrics.h"
#include "node.h"
#include "tell.h"

void metrics_head(FILE *out, const char *prefix, const char *name,
		  const char *suffix, const char *type, const char *help)
{
	fprintf(out, "# HELP %s%s%s %s\n# TYPE %s%s%s %s\n", prefix, name,
		suffix, help, prefix, name, suffix, type);
}

static void head(FILE *out, const char *name, const char *type,
		 const char *help)
{
	metrics_head(out, "", name, "", type, help);
}

/* Any bytes but those that would end it. */
void metrics_label(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\\' || *text == '"')
			fputc('\\', out);
		if (*text == '\n')
			fputs("\\n", out);
		else
			fputc(*text, out);
	}
}

/* The kernel's traffic: a metric for each counter. */
static void put_traffic(FILE *out, const uint64_t *counters)
{
	char name[64], *c;
	unsigned int i;

	for (i = 1; i < __THEMIS_CNT_MAX; i++) {
		if (themis_counter_is_drop(i))
			continue;
		snprintf(name, sizeof(name), "themis_%s_total",
			 themis_counter_name(i));
		for (c = name; *c; c++)
			if (*c == '-')
				*c = '_';
		head(out, name, "counter", themis_counter_help(i));
		fprintf(out, "%s %llu\n", name,
			(unsigned long long)counters[i]);
	}
}

/* A metric has one help text, so that of the drops explains each reason. */
static void put_drops(FILE *out, const uint64_t *counters)
{
	const char *separator = "";
	unsigned int i;

	fputs("# HELP themis_drops_total Messages and packets dropped, by reason. ",
	      out);
	for (i = 1; i < __THEMIS_CNT_MAX; i++) {
		if (!themis_counter_is_drop(i))
			continue;
		fprintf(out, "%s%s: %s", separator, themis_counter_name(i),
			themis_counter_help(i));
		separator = "; ";
	}
	fputs("\n# TYPE themis_drops_total counter\n", out);
	for (i = 1; i < __THEMIS_CNT_MAX; i++)
		if (themis_counter_is_drop(i))
			fprintf(out, "themis_drops_total{reason=\"%s\"} %llu\n",
				themis_counter_name(i),
				(unsigned long long)counters[i]);
}

static void put_agreements(FILE *out, const struct daemon *d)
{
	const char *separator = "";
	unsigned int i;

	fputs("# HELP themis_agreement_events_total Events of key agreements. ",
	      out);
	for (i = 1; i < __THEMIS_N_MAX; i++) {
		fprintf(out, "%s%s: %s", separator,
			themis_core_counter_name(i),
			themis_core_counter_help(i));
		separator = "; ";
	}
	fputs("\n# TYPE themis_agreement_events_total counter\n", out);
	for (i = 1; i < __THEMIS_N_MAX; i++)
		fprintf(out, "themis_agreement_events_total{event=\"%s\"} %llu\n",
			themis_core_counter_name(i),
			(unsigned long long)themis_core_counter(d->core, i));
}

static void put_outcome(FILE *out, const char *outcome, uint64_t n)
{
	fprintf(out, "themis_agreements_total{outcome=\"%s\"} %llu\n", outcome,
		(unsigned long long)n);
}

/* How agreements ended: well, of both sides' asking, or not, of ours. */
static void put_outcomes(FILE *out, const struct daemon *d)
{
	uint64_t agreed = themis_core_counter(d->core, THEMIS_N_AGREED);
	uint64_t rekeyed = themis_core_counter(d->core, THEMIS_N_REKEYED);
	unsigned int i;

	head(out, "themis_agreements_total", "counter",
	     "Key agreements that ended, by outcome. agreed: a session's first key; rekeyed: a later one; turned-away: refused by us; others: why one that we began came to nothing.");
	put_outcome(out, "agreed", agreed - rekeyed);
	put_outcome(out, "rekeyed", rekeyed);
	put_outcome(out, "turned-away",
		    themis_core_counter(d->core, THEMIS_N_NOT_ALLOWED));
	for (i = THEMIS_WHY_NONE + 1; i < __THEMIS_WHY_MAX; i++)
		put_outcome(out, tell_why_name((enum themis_why)i),
			    themis_core_failures(d->core,
						 (enum themis_why)i));
}

void metrics_histogram(FILE *out, const char *name, const char *labels,
		       const struct themis_rtt *rtt)
{
	static const uint64_t bounds[] = THEMIS_RTT_BOUNDS;
	const char *comma = *labels ? "," : "";
	char braced[128] = "";
	uint64_t so_far = 0;
	unsigned int i;

	if (*labels)
		snprintf(braced, sizeof(braced), "{%s}", labels);
	for (i = 0; i < THEMIS_RTT_BUCKETS - 1; i++) {
		so_far += rtt->bucket[i];
		fprintf(out, "%s_bucket{%s%sle=\"%g\"} %llu\n", name, labels,
			comma, (double)bounds[i] / 1e6,
			(unsigned long long)so_far);
	}
	fprintf(out, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", name, labels, comma,
		(unsigned long long)rtt->count);
	fprintf(out, "%s_sum%s %llu.%06llu\n", name, braced,
		(unsigned long long)rtt->sum_us / 1000000,
		(unsigned long long)rtt->sum_us % 1000000);
	fprintf(out, "%s_count%s %llu\n", name, braced,
		(unsigned long long)rtt->count);
}

static void put_rtt(FILE *out, const struct daemon *d)
{
	head(out, "themis_agreement_rtt_seconds", "histogram",
	     "Round trips of agreements that we began and whose first message was answered.");
	metrics_histogram(out, "themis_agreement_rtt_seconds", "",
			  themis_core_rtt(d->core));
}

struct peers {
	struct daemon	*d;
	FILE		*rtt;
	unsigned long	by_state[THEMIS_PEER_FAILED + 1];
	unsigned long	by_why[__THEMIS_WHY_MAX];
};

static int count_peer(void *ctx, const struct themis_peer_info *info)
{
	char node[THEMIS_ID_TEXT], peer[THEMIS_ID_TEXT];
	const struct peer *known;
	struct peers *all = ctx;

	all->by_state[info->state]++;
	if (info->state == THEMIS_PEER_FAILED)
		all->by_why[info->why]++;
	if (!info->rtt_us)
		return 0;
	known = peer_find(all->d, &info->node, &info->peer);
	fprintf(all->rtt, "themis_peer_rtt_seconds{node=\"%s\",peer=\"%s\",name=\"",
		themis_id_format(&info->node, node),
		themis_id_format(&info->peer, peer));
	metrics_label(all->rtt, known ? known->name : "");
	fprintf(all->rtt, "\"} %llu.%06llu\n",
		(unsigned long long)info->rtt_us / 1000000,
		(unsigned long long)info->rtt_us % 1000000);
	return 0;
}

static int put_peers(FILE *out, struct daemon *d)
{
	struct peers all = { .d = d };
	size_t i, len = 0;
	char *rtt = NULL;
	int err = 0;

	all.rtt = open_memstream(&rtt, &len);
	if (!all.rtt)
		return -ENOMEM;
	themis_core_peers(d->core, count_peer, &all);
	if (fclose(all.rtt))
		err = -ENOMEM;

	head(out, "themis_peers", "gauge", "Peers that are known, by state.");
	for (i = 0; i <= THEMIS_PEER_FAILED; i++)
		fprintf(out, "themis_peers{state=\"%s\"} %lu\n",
			tell_state_name((enum themis_peer_state)i),
			all.by_state[i]);
	head(out, "themis_peers_failed", "gauge",
	     "Peers whose last agreement failed, by cause.");
	for (i = THEMIS_WHY_NONE + 1; i < __THEMIS_WHY_MAX; i++)
		fprintf(out, "themis_peers_failed{why=\"%s\"} %lu\n",
			tell_why_name((enum themis_why)i), all.by_why[i]);
	head(out, "themis_peer_rtt_seconds", "gauge",
	     "Round trip of the last agreement that we began.");
	if (!err)
		fwrite(rtt, 1, len, out);
	free(rtt);
	return err;
}

struct totals {
	unsigned long	sessions;
	unsigned long	sockets;
};

static int count_node(void *ctx, const struct themis_nl_node *node)
{
	struct totals *totals = ctx;

	totals->sessions += node->sessions;
	totals->sockets += node->sockets;
	return 0;
}

static void put_gauge(FILE *out, const char *name, const char *help,
		      unsigned long value)
{
	head(out, name, "gauge", help);
	fprintf(out, "%s %lu\n", name, value);
}

static int put_all(FILE *out, struct daemon *d)
{
	uint64_t up_us = daemon_now() - d->started_us;
	uint64_t counters[__THEMIS_CNT_MAX] = { 0 };
	struct totals totals = { 0 };
	int err;

	head(out, "themis_info", "gauge", "Versions of daemon and module.");
	fprintf(out, "themis_info{version=\"%s\",module=\"", THEMIS_VERSION);
	metrics_label(out, d->info.version);
	fputs("\"} 1\n", out);
	put_gauge(out, "themis_uptime_seconds", "Age of the daemon.",
		  (unsigned long)(up_us / 1000000));
	put_gauge(out, "themis_nodes", "Local nodes of the daemon.",
		  d->nnodes);
	err = put_peers(out, d);
	put_agreements(out, d);
	put_outcomes(out, d);
	put_rtt(out, d);
	directory_metrics(out, d);

	/* Without the module the rest is still worth having. */
	if (!themis_nl_node_dump(d->nl, count_node, &totals)) {
		put_gauge(out, "themis_sessions",
			  "Sessions that the kernel holds.", totals.sessions);
		put_gauge(out, "themis_sockets",
			  "Sockets that are bound to a node.",
			  totals.sockets);
	}
	if (!themis_nl_stats(d->nl, counters)) {
		put_traffic(out, counters);
		put_drops(out, counters);
	}
	return err;
}

char *metrics_text(struct daemon *d, size_t *len)
{
	char *text = NULL;
	FILE *out;
	int err;

	out = open_memstream(&text, len);
	if (!out)
		return NULL;
	err = put_all(out, d);
	if (fclose(out) || err) {
		free(text);
		return NULL;
	}
	return text;
}
