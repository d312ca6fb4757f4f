// SPDX-License-Identifier: GPL-2.0
/* Several pairs at once, each on a processor of its own. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

/* How long to wait for all to be warm, and then to count. */
#define WARM_MS		300
#define COUNT_MS	1000

/*
 * Messages in a burst: so few that those of all pairs together do not fill what
 * they share, such as a tunnel's queue.
 */
#define BURST		16

/**
 * struct tally - what the processes share
 * @counting: the time to count has come
 * @over: it is over
 * @messages: carried by all in that time
 * @lost: that did not arrive
 * @failed: how many have failed
 */
struct tally {
	atomic_bool	counting;
	atomic_bool	over;
	atomic_ulong	messages;
	atomic_ulong	lost;
	atomic_uint	failed;
};

static void sleep_ms(long ms)
{
	struct timespec time = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&time, &time) && errno == EINTR)
		;
}

/* Never returns. */
static void work(struct bench_pair *pair, size_t size, int cpu,
		 struct tally *tally)
{
	unsigned long messages = 0;
	unsigned int lost = 0;
	cpu_set_t set;
	int n;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);

	while (!atomic_load_explicit(&tally->over, memory_order_relaxed)) {
		n = bench_burst(pair, size, &lost);
		if (n == -EAGAIN) {
			/* It waited for them: there is no figure for now. */
			atomic_fetch_add(&tally->lost, lost);
			_exit(0);
		}
		if (n < 0) {
			bench_error(n, "", "a message of %zu bytes got lost",
				    size);
			atomic_fetch_add(&tally->failed, 1);
			_exit(1);
		}
		if (atomic_load_explicit(&tally->counting,
					 memory_order_relaxed))
			messages += n;
	}
	atomic_fetch_add(&tally->messages, messages);
	_exit(0);
}

static int count(struct bench_pair *pairs, int n, size_t size,
		 struct tally *tally, struct bench_result *result,
		 double *cost)
{
	int cpus = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t start, end;
	int i, started;
	pid_t pid;

	atomic_init(&tally->counting, false);
	atomic_init(&tally->over, false);
	atomic_init(&tally->messages, 0);
	atomic_init(&tally->lost, 0);
	atomic_init(&tally->failed, 0);
	for (started = 0; started < n; started++) {
		pid = fork();
		if (pid < 0)
			break;
		if (!pid)
			work(&pairs[started], size, started % cpus, tally);
	}
	sleep_ms(WARM_MS);
	start = bench_clock();
	atomic_store(&tally->counting, true);
	sleep_ms(COUNT_MS);
	atomic_store(&tally->over, true);
	end = bench_clock();
	for (i = 0; i < started; i++)
		wait(NULL);
	if (started < n)
		return bench_error(-EAGAIN, "", "cannot fork");
	if (atomic_load(&tally->failed))
		return -EIO;
	result->sent += atomic_load(&tally->messages);
	result->lost += atomic_load(&tally->lost);
	if (atomic_load(&tally->lost))
		return -EAGAIN;
	if (!atomic_load(&tally->messages))
		return bench_error(-EIO, "", "no message in %d ms", COUNT_MS);
	*cost = (double)(end - start) / atomic_load(&tally->messages);
	return 0;
}

/**
 * scale_measure() - what a message costs while several pairs exchange some
 * @pairs: they
 * @n: how many
 * @size: bytes of a message
 * @result: to be filled: time that passed, divided by messages of all pairs
 *
 * A second in which a message got lost is measured again, see bench_batches().
 */
int scale_measure(struct bench_pair *pairs, int n, size_t size,
		  struct bench_result *result)
{
	struct tally *tally;
	double cost[3];
	int err = 0, i;

	tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tally == MAP_FAILED)
		return bench_error(-errno, "", "no memory");
	*result = (struct bench_result){ };
	for (i = 0; i < n; i++)
		pairs[i].burst = BURST * size;
	for (i = 0; i < 3 && !err; i++) {
		do {
			err = count(pairs, n, size, tally, result, &cost[i]);
		} while (err == -EAGAIN && !bench_lossy(result));
	}
	munmap(tally, sizeof(*tally));
	if (err == -EAGAIN)
		bench_error(err, "", "%lu messages of %zu bytes got lost",
			    result->lost, size);
	if (!err)
		bench_result(result, cost, 3);
	return err;
}
