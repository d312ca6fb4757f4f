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

static const struct bench_path *const paths[] = {
	&path_udp, &path_wireguard, &path_esp, &path_ktls, &path_tipc,
	&path_dtls, &path_themis,
};

static size_t sizes[MAX_SIZES];
static int n_sizes;
static bool want_rr, want_stream;

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

static void usage(FILE *to)
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
	      "  -t, --tests LIST   rr (round trip), stream (one way); both\n"
	      "  -h, --help         print this text\n\n"
	      "PATH is aead (bare calls in the kernel, by aead_bench.ko)", to);
	for (i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		fprintf(to, ", %s", paths[i]->name);
	fputs(".\n\nExit status: 0 done, 1 a path failed, 2 wrong usage.\n",
	      to);
}

static void report(const char *test, const char *path, size_t size,
		   const struct bench_result *result)
{
	printf("{\"mode\":\"%s\",\"test\":\"%s\",\"path\":\"%s\","
	       "\"size\":%zu,\"sessions\":1,\"%s\":%.0f,"
	       "\"least\":%.0f,\"most\":%.0f}\n",
	       bench_icount ? "icount" : "wall", test, path, size,
	       bench_icount ? "instructions" : "ns", result->median,
	       result->least, result->most);
	fflush(stdout);
}

typedef int measure_fn(struct bench_pair *pair, size_t size,
		       struct bench_result *result);

static int measure(const struct bench_path *path, const char *test,
		   measure_fn *fn, size_t size)
{
	struct bench_result result;
	struct bench_pair pair;
	int side;
	int err;

	for (side = 0; side < __SIDE_MAX; side++)
		pair.end[side] = (struct bench_end){
			.fd	= -1,
			.send	= sock_send,
			.recv	= sock_recv,
		};
	err = path->open(&pair);
	if (!err)
		err = bench_check(&pair, size);
	if (!err)
		err = fn(&pair, size, &result);
	if (path->close)
		path->close(&pair);
	world_close(&pair);
	if (!err)
		report(test, path->name, size, &result);
	return err;
}

static int run_path(const struct bench_path *path)
{
	int err, i;

	err = world_new(path);
	for (i = 0; i < n_sizes && !err; i++) {
		if (want_rr)
			err = measure(path, "rr", bench_rr, sizes[i]);
		if (want_stream && !err)
			err = measure(path, "stream", bench_stream, sizes[i]);
	}
	if (path->free)
		path->free();
	world_free();
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
				report(calls[j], "aead", sizes[i], &result);
		}
	return err;
}

static int run(const char *name)
{
	size_t i;

	if (!strcmp(name, "aead"))
		return run_aead();
	for (i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		if (!strcmp(name, paths[i]->name))
			return run_path(paths[i]);
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

	for (word = strtok_r(text, ",", &save); word;
	     word = strtok_r(NULL, ",", &save)) {
		if (!strcmp(word, "rr")) {
			want_rr = true;
		} else if (!strcmp(word, "stream")) {
			want_stream = true;
		} else {
			fprintf(stderr,
				"Error: unknown test \"%s\". See --help.\n", word);
			exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "icount", no_argument, NULL, 'i' },
		{ "sizes", required_argument, NULL, 's' },
		{ "tests", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	char default_sizes[] = "64,512,1400,16384,60000,65459";
	char default_tests[] = "rr,stream";
	int failed = 0;
	int option;

	parse_sizes(default_sizes);
	while ((option = getopt_long(argc, argv, "is:t:h", options,
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
			break;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (!want_rr && !want_stream)
		parse_tests(default_tests);
	if (optind == argc) {
		usage(stderr);
		return 2;
	}
	if (bench_calm())
		return 1;
	for (; optind < argc; optind++)
		if (run(argv[optind]))
			failed = 1;
	return failed;
}
