// SPDX-License-Identifier: GPL-2.0
/* The cost of bare AEAD calls in the kernel, by the module aead_bench. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "bench.h"

#define RUN		"/sys/module/aead_bench/parameters/run"
#define CALLS		100	/* between two looks at the clock */

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

static int calls(void *arg, size_t size)
{
	const char *what = arg;
	char text[64];
	int len;

	len = snprintf(text, sizeof(text), "%s %zu %d", what, size, CALLS);
	return write(run_fd, text, len) == len ? 0 : -errno;
}

/**
 * aead_measure() - the cost of one call
 * @what: "seal" or "open"
 * @size: bytes of the message
 * @result: to be filled
 */
int aead_measure(const char *what, size_t size, struct bench_result *result)
{
	return bench_batches(calls, (void *)what, size, CALLS, result);
}
