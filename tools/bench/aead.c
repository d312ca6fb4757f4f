// SPDX-License-Identifier: GPL-2.0
/* The cost of bare AEAD calls in the kernel, by the module aead_bench. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define RUN		"/sys/module/aead_bench/parameters/run"
#define BATCHES		11
#define BATCH_COST	20000000

static int run_fd = -1;

/**
 * aead_open() - find the module
 */
int aead_open(void)
{
	run_fd = open(RUN, O_WRONLY | O_CLOEXEC);
	if (run_fd < 0)
		return bench_error(-errno, "Load build/kmod-*/bench/aead_bench.ko.",
				   "the module aead_bench is not there");
	return 0;
}

static int calls(const char *what, size_t size, unsigned int n)
{
	char text[64];
	int len;

	len = snprintf(text, sizeof(text), "%s %zu %u", what, size, n);
	if (write(run_fd, text, len) != len)
		return bench_error(-errno, "", "aead_bench refuses \"%s\"", text);
	return 0;
}

/**
 * aead_measure() - the cost of one call
 * @what: "seal" or "open"
 * @size: bytes of the message
 * @result: to be filled
 */
int aead_measure(const char *what, size_t size, struct bench_result *result)
{
	double batch[BATCHES];
	unsigned int n = 100;
	uint64_t start;
	int err, i;

	err = calls(what, size, n);
	start = bench_clock();
	if (!err)
		err = calls(what, size, n);
	n = BATCH_COST / ((bench_clock() - start) / n + 1) + 10;

	for (i = 0; i < BATCHES && !err; i++) {
		start = bench_clock();
		err = calls(what, size, n);
		batch[i] = (double)(bench_clock() - start) / n;
	}
	if (!err)
		bench_result(result, batch, BATCHES);
	return err;
}
