// SPDX-License-Identifier: GPL-2.0
/*
 * themis-bench: what a message costs on several paths between two network
 * namespaces. To be run as root in a guest; see tools/bench/run.
 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

#define MAX_SIZES	32
#define MAX_PAIRS	64
#define MAX_SOCKETS	500	/* a process has about a thousand files */

static const struct bench_path *const paths[] = {
	&path_udp, &path_wireguard, &path_esp, &path_ktls, &path_tipc,
	&path_dtls, &path_themis, &path_null,
};

static size_t sizes[MAX_SIZES];
static int n_sizes;
static unsigned int mesh_a, mesh_b;
static int n_pairs;
static unsigned int delay;

/**
 * struct test - a kind of measurement
 * @name: as on the command line and in the results
 * @measure: does it
 * @messages: needs sockets that keep the bounds of messages
 * @rekey: needs pairs that can be given a new key
 * @wanted: asked for
 */
struct test {
	const char	*name;
	int		(*measure)(struct bench_pair *pair, size_t size,
				   struct bench_result *result);
	bool		messages;
	bool		rekey;
	bool		wanted;
};

static struct test tests[] = {
	{ .name = "rr", .measure = bench_rr },
	{ .name = "stream", .measure = bench_stream },
	{ .name = "batched", .measure = bench_batched, .messages = true },
	{ .name = "rekey", .measure = bench_rekey, .rekey = true },
};

#define N_TESTS	(sizeof(tests) / sizeof(*tests))
#define N_PATHS	(sizeof(paths) / sizeof(*paths))

/**
 * bench_error() - say what went wrong
 * @err: negative errno
 * @next: what to do about it, a sentence; may be empty
 * @fmt: printf format of what is wrong
 *
 * Return: @err.
 */
int bench_error(int err, const char *next, const char *fmt, ...)
{
	va_list args;

	fputs("Error: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, ": %s.%s%s\n", strerror(-err), *next ? " " : "", next);
	return err;
}

static void print_options(FILE *to)
{
	size_t i;

	fputs("Usage: themis-bench [OPTION]... PATH...\n\n"
	      "Measures what a message costs on each PATH between two network\n"
	      "namespaces that it makes and removes. One JSON object a line:\n"
	      "the median of eleven batches, the least and the most of them.\n\n"
	      "  -i, --icount       count instructions: only right in a guest\n"
	      "                     started with tools/vm/run --icount\n"
	      "  -s, --sizes LIST   bytes of a message, separated by commas\n"
	      "                     (default 64,512,1400,16384,60000,65459)\n"
	      "  -t, --tests LIST   rr (round trip), stream (one way), batched\n"
	      "                     (one way with sendmmsg), rekey (one way with\n"
	      "                     a new key in each burst); default rr,stream\n"
	      "  -m, --mesh AxB     instead of these: A sockets, each of which\n"
	      "                     talks to each of B; only udp and themis\n"
	      "  -p, --pairs N      instead of these: one pair, then N at once,\n"
	      "                     each on a processor of its own (scale)\n"
	      "  -d, --delay MS     of the link, one way, for first; 0 to 1000\n"
	      "  -h, --help         print this text\n\n"
	      "PATH is aead (bare calls in the kernel, by aead_bench.ko), first\n"
	      "(first datagram, with daemons; only the first size), agree\n"
	      "(key agreements of the daemon's core, of bare calls and of TLS\n"
	      "1.3, in memory and without privileges) or\n", to);
	for (i = 0; i < N_PATHS; i++)
		fprintf(to, "%s%s", paths[i]->name,
			i + 1 < N_PATHS ? ", " : ".\n");
	fputs("\nExit status: 0 done, 1 a path failed, 2 wrong usage.\n",
	      to);
}

static void report(const char *test, const char *path, size_t size,
		   unsigned int sessions, const struct bench_result *result)
{
	printf("{\"mode\":\"%s\",\"test\":\"%s\",\"path\":\"%s\",",
	       bench_icount ? "icount" : "wall", test, path);
	printf("\"size\":%zu,\"sessions\":%u,\"%s\":%.0f,", size, sessions,
	       bench_icount ? "instructions" : "ns", result->median);
	if (!bench_icount)
		printf("\"sent\":%lu,\"lost\":%lu,", result->sent,
		       result->lost);
	printf("\"least\":%.0f,\"most\":%.0f}\n", result->least,
	       result->most);
	fflush(stdout);
}

static void report_memory(const char *path, unsigned int sessions,
			  double bytes)
{
	printf("{\"mode\":\"memory\",\"test\":\"session\",\"path\":\"%s\",",
	       path);
	printf("\"sessions\":%u,\"bytes\":%.0f}\n", sessions, bytes);
	fflush(stdout);
}

static int pair_open(const struct bench_path *path, struct bench_pair *pair)
{
	int side;

	*pair = (struct bench_pair){ .burst = BENCH_BURST };
	for (side = 0; side < __SIDE_MAX; side++) {
		pair->end[side].fd = -1;
		pair->end[side].send = sock_send;
		pair->end[side].recv = sock_recv;
	}
	return path->open(pair);
}

static void pair_close(const struct bench_path *path, struct bench_pair *pair)
{
	if (path->close)
		path->close(pair);
	world_close(pair);
}

static int measure(const struct bench_path *path, const struct test *test,
		   size_t size)
{
	struct bench_result result;
	struct bench_pair pair;
	int err;

	err = pair_open(path, &pair);
	if ((test->messages && pair.end[SIDE_A].send != sock_send) ||
	    (test->rekey && !pair.rekey))
		goto out;
	if (!err)
		err = bench_check(&pair, path, size);
	if (!err)
		err = test->measure(&pair, size, &result);
	if (!err)
		report(test->name, path->name, size, 1, &result);
out:
	pair_close(path, &pair);
	return err;
}

static int measure_scale(const struct bench_path *path, int n, size_t size)
{
	struct bench_pair pairs[MAX_PAIRS];
	struct bench_result result;
	int opened, err = 0;

	for (opened = 0; opened < n && !err; opened++) {
		err = pair_open(path, &pairs[opened]);
		if (!err)
			err = bench_check(&pairs[opened], path, size);
	}
	if (!err)
		err = scale_measure(pairs, n, size, &result);
	while (opened--)
		pair_close(path, &pairs[opened]);
	if (!err)
		report("scale", path->name, size, n, &result);
	return err;
}

static int run_path(const struct bench_path *path)
{
	size_t j;
	int err, i;

	err = world_new(path);
	if (!err && path->setup)
		err = path->setup();
	for (i = 0; i < n_sizes && !err; i++) {
		for (j = 0; j < N_TESTS && !err; j++)
			if (tests[j].wanted && !n_pairs)
				err = measure(path, &tests[j], sizes[i]);
		if (n_pairs && !err)
			err = measure_scale(path, 1, sizes[i]);
		if (n_pairs > 1 && !err)
			err = measure_scale(path, n_pairs, sizes[i]);
	}
	if (path->free)
		path->free();
	world_free();
	return err;
}

static int run_mesh(const struct bench_path *path)
{
	struct bench_result result[MAX_SIZES];
	const char *test = "mesh";
	double bytes;
	int err, i;

	if (path != &path_udp && path != &path_themis) {
		fprintf(stderr,
			"Error: there is no mesh of %s. Use udp or themis.\n",
			path->name);
		exit(2);
	}
	if (mesh_a == 1)
		test = "fan-out";
	else if (mesh_b == 1)
		test = "fan-in";
	err = world_new(path);
	if (!err)
		err = mesh_measure(path->name, mesh_a, mesh_b, sizes, n_sizes,
				   result, &bytes);
	for (i = 0; i < n_sizes && !err; i++)
		report(test, path->name, sizes[i], mesh_a * mesh_b,
		       &result[i]);
	if (!err && bytes > 0)
		report_memory(path->name, mesh_a * mesh_b, bytes);
	world_free();
	return err;
}

static int run_first(void)
{
	struct bench_result way, result;
	char name[2][32] = { "first-way", "first" };
	int err;

	if (delay) {
		snprintf(name[0], sizeof(name[0]), "first-way-%ums", delay);
		snprintf(name[1], sizeof(name[1]), "first-%ums", delay);
	}
	err = world_new(&path_themis);
	if (!err)
		err = first_measure(sizes[0], delay, &way, &result);
	if (!err) {
		report(name[0], "themis", sizes[0], 1, &way);
		report(name[1], "themis", sizes[0], 1, &result);
	}
	world_free();
	return err;
}

static void report_agree(const char *path, const struct bench_result *result,
			 const struct bench_result *ratio)
{
	printf("{\"mode\":\"cpu\",\"test\":\"agree\",\"path\":\"%s\",", path);
	printf("\"ns\":%.0f,\"least\":%.0f,\"most\":%.0f,", result->median,
	       result->least, result->most);
	printf("\"per_second\":%.0f,\"to_core\":%.3f,",
	       1e9 / result->median, ratio->median);
	printf("\"to_core_least\":%.3f,\"to_core_most\":%.3f}\n",
	       ratio->least, ratio->most);
	fflush(stdout);
}

static int run_agree(void)
{
	struct bench_result result[AGREE_WAYS], ratio[AGREE_WAYS];
	unsigned int i;
	int err;

	err = agree_measure(result, ratio);
	for (i = 0; i < AGREE_WAYS && !err; i++)
		report_agree(agree_name(i), &result[i], &ratio[i]);
	return err;
}

static int run_aead(void)
{
	static const char *const calls[] = { "seal", "open" };
	struct bench_result result;
	int err, i, j;

	err = aead_open();
	for (i = 0; i < n_sizes && !err; i++)
		for (j = 0; j < 2 && !err; j++) {
			err = aead_measure(calls[j], sizes[i], &result);
			if (!err)
				report(calls[j], "aead", sizes[i], 1, &result);
		}
	return err;
}

static int run(const char *name)
{
	size_t i;

	if (!strcmp(name, "aead"))
		return run_aead();
	if (!strcmp(name, "first"))
		return run_first();
	if (!strcmp(name, "agree"))
		return run_agree();
	for (i = 0; i < N_PATHS; i++)
		if (!strcmp(name, paths[i]->name))
			return mesh_a ? run_mesh(paths[i]) :
					run_path(paths[i]);
	fprintf(stderr, "Error: unknown path \"%s\". See --help.\n", name);
	exit(2);
}

static void parse_sizes(char *text)
{
	char *word, *end, *save = NULL;
	unsigned long size;

	n_sizes = 0;
	for (word = strtok_r(text, ",", &save); word;
	     word = strtok_r(NULL, ",", &save)) {
		size = strtoul(word, &end, 10);
		if (*end || !size || size > BENCH_MSG_MAX ||
		    n_sizes == MAX_SIZES) {
			fprintf(stderr,
				"Error: bad size \"%s\". Give 1 to %d, at most %d of them.\n",
				word, BENCH_MSG_MAX, MAX_SIZES);
			exit(2);
		}
		sizes[n_sizes++] = size;
	}
}

static void parse_tests(char *text)
{
	char *word, *save = NULL;
	size_t i;

	for (word = strtok_r(text, ",", &save); word;
	     word = strtok_r(NULL, ",", &save)) {
		for (i = 0; i < N_TESTS; i++)
			if (!strcmp(word, tests[i].name))
				break;
		if (i == N_TESTS) {
			fprintf(stderr,
				"Error: unknown test \"%s\". See --help.\n", word);
			exit(2);
		}
		tests[i].wanted = true;
	}
}

static void parse_mesh(const char *text)
{
	char rest;

	if (sscanf(text, "%ux%u%c", &mesh_a, &mesh_b, &rest) == 2 &&
	    mesh_a >= 1 && mesh_a <= MAX_SOCKETS &&
	    mesh_b >= 1 && mesh_b <= MAX_SOCKETS)
		return;
	fprintf(stderr, "Error: bad mesh \"%s\". Give two numbers up to %d, as 25x40.\n",
		text, MAX_SOCKETS);
	exit(2);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "icount", no_argument, NULL, 'i' },
		{ "sizes", required_argument, NULL, 's' },
		{ "tests", required_argument, NULL, 't' },
		{ "mesh", required_argument, NULL, 'm' },
		{ "pairs", required_argument, NULL, 'p' },
		{ "delay", required_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	char default_sizes[] = "64,512,1400,16384,60000,65459";
	bool tested = false;
	int failed = 0;
	int option;
	char *end;

	parse_sizes(default_sizes);
	while ((option = getopt_long(argc, argv, "is:t:m:p:d:h", options,
				     NULL)) != -1) {
		switch (option) {
		case 'i':
			bench_icount = true;
			break;
		case 's':
			parse_sizes(optarg);
			break;
		case 't':
			parse_tests(optarg);
			tested = true;
			break;
		case 'm':
			parse_mesh(optarg);
			break;
		case 'p':
			n_pairs = atoi(optarg);
			if (n_pairs >= 1 && n_pairs <= MAX_PAIRS)
				break;
			fprintf(stderr, "Error: bad number of pairs. Give 1 to %d.\n",
				MAX_PAIRS);
			return 2;
		case 'd':
			delay = strtoul(optarg, &end, 10);
			if (*optarg && !*end && delay <= 1000)
				break;
			fprintf(stderr, "Error: bad delay \"%s\". Give 0 to 1000 ms.\n",
				optarg);
			return 2;
		case 'h':
			print_options(stdout);
			return 0;
		default:
			print_options(stderr);
			return 2;
		}
	}
	if (!tested) {
		tests[0].wanted = true;
		tests[1].wanted = true;
	}
	if (optind == argc) {
		print_options(stderr);
		return 2;
	}
	if (bench_calm())
		return 1;
	for (; optind < argc; optind++)
		if (run(argv[optind]))
			failed = 1;
	return failed;
}
