// SPDX-License-Identifier: GPL-2.0
/*
 * The measurements: round trips between two processes, and bursts one way.
 *
 * Under QEMU's -icount the time stamp counter is the number of instructions
 * that the guest has executed since it began. It is read directly: the kernel's
 * clocks are the same number through a calibration, which differs from run to
 * run.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "bench.h"

/* So many batches, each of about so many instructions, or nanoseconds. */
#define BATCHES		11
#define BATCH_COST	10000000
#define BATCH_NS	100000000

/* Round trips between two looks at the clock. */
#define ROUNDS		3

/* A burst has no more messages. */
#define BURST_MESSAGES	64

/* By the clock, one message in so many may get lost. */
#define LOSS		1000

bool bench_icount;

/* Of the last unit of work: messages that did not arrive in time. */
static unsigned int missing;

static char out[BENCH_MSG_MAX];
static char in[BENCH_MSG_MAX];

/**
 * bench_clock() - what is measured
 *
 * Return: instructions, or nanoseconds without -icount.
 */
uint64_t bench_clock(void)
{
	struct timespec now;

	if (bench_icount)
		return __rdtsc();
	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/**
 * bench_calm() - keep the two processes of a round trip from interrupting
 *	each other
 *
 * On one processor the kernel now and then lets a process that was just woken
 * take over from the one that woke it, and a round trip then costs a tenth more
 * or less. Kernel threads are not held back by this.
 */
int bench_calm(void)
{
	const struct sched_param none = { };

	if (bench_icount && sched_setscheduler(0, SCHED_BATCH, &none))
		return bench_error(-errno, "", "cannot become a batch process");
	return 0;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The other process: sends back what it gets until it is killed. */
static void echo(struct bench_end *end, size_t size)
{
	int err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		err = end->recv(end, in, size);
		/* Nobody speaks while the other side is being prepared. */
		if (err == -EAGAIN)
			continue;
		if (!err)
			err = end->send(end, in, size);
		if (err) {
			bench_error(err, "", "the echo failed");
			_exit(1);
		}
	}
}

/* What comes too late must not be taken for what is sent next. */
static unsigned int drain(struct bench_end *end, size_t size)
{
	unsigned int n = 0;

	while (!end->recv(end, in, size))
		n++;
	return n;
}

static int rounds(void *arg, size_t size)
{
	struct bench_pair *pair = arg;
	struct bench_end *end = &pair->end[SIDE_A];
	unsigned int left;
	int err = 0;

	for (left = ROUNDS; left && !err; left--) {
		err = end->send(end, out, size);
		if (!err)
			err = end->recv(end, in, size);
	}
	if (err == -EAGAIN)
		missing = 1 - !!drain(end, size);
	return err;
}

/* How many messages make a burst. */
static unsigned int burst_messages(const struct bench_pair *pair, size_t size)
{
	unsigned int n = pair->burst / size;

	if (!n)
		return 1;
	return n > BURST_MESSAGES ? BURST_MESSAGES : n;
}

/**
 * bench_burst() - send some messages, then receive them
 * @pair: a pair in this process
 * @size: bytes of a message
 * @lost: with -EAGAIN, how many did not arrive at all
 *
 * Return: how many messages that were, or a negative errno; -EAGAIN if one did
 * not arrive in time.
 */
int bench_burst(struct bench_pair *pair, size_t size, unsigned int *lost)
{
	unsigned int n = burst_messages(pair, size);
	unsigned int left;
	int err = 0;

	for (left = n; left && !err; left--)
		err = pair->end[SIDE_A].send(&pair->end[SIDE_A], out, size);
	for (left = n; left && !err; left--)
		err = pair->end[SIDE_B].recv(&pair->end[SIDE_B], in, size);
	if (err == -EAGAIN)
		*lost = left + 1 - drain(&pair->end[SIDE_B], size);
	return err ? err : (int)n;
}

static int burst(void *arg, size_t size)
{
	int n = bench_burst(arg, size, &missing);

	return n < 0 ? n : 0;
}

/* The same with a new key in the middle: nothing may get lost by that. */
static int burst_rekeyed(void *arg, size_t size)
{
	struct bench_pair *pair = arg;
	struct bench_end *end = &pair->end[SIDE_A];
	unsigned int i, n = burst_messages(pair, size);
	int err = 0;

	for (i = 0; i < n && !err; i++) {
		if (i == n / 2)
			err = pair->rekey(pair);
		if (!err)
			err = end->send(end, out, size);
	}
	end = &pair->end[SIDE_B];
	for (i = 0; i < n && !err; i++)
		err = end->recv(end, in, size);
	return err == -EAGAIN ? -ETIMEDOUT : err;
}

/* The same with one system call for all of them. */
static int burst_batched(void *arg, size_t size)
{
	struct mmsghdr msg[BURST_MESSAGES] = { };
	struct bench_pair *pair = arg;
	unsigned int i, n = burst_messages(pair, size);
	struct iovec iov = { out, size };
	int done, got;

	for (i = 0; i < n; i++) {
		msg[i].msg_hdr.msg_iov = &iov;
		msg[i].msg_hdr.msg_iovlen = 1;
	}
	done = sendmmsg(pair->end[SIDE_A].fd, msg, n, 0);
	if (done != (int)n)
		return done < 0 ? -errno : -EMSGSIZE;
	iov.iov_base = in;
	for (got = 0; got < (int)n; got += done) {
		done = recvmmsg(pair->end[SIDE_B].fd, msg + got, n - got,
				MSG_WAITFORONE, NULL);
		if (done < 0) {
			done = -errno;
			missing = n - got - drain(&pair->end[SIDE_B], size);
			return done;
		}
	}
	for (i = 0; i < n; i++)
		if (msg[i].msg_len != size)
			return -EMSGSIZE;
	return 0;
}

/**
 * bench_lossy() - did more get lost than may?
 * @result: with what was sent and lost so far
 */
bool bench_lossy(const struct bench_result *result)
{
	return result->lost > BURST_MESSAGES + result->sent / LOSS;
}

/**
 * bench_result() - sum up some batches
 * @result: to be filled
 * @batch: cost of each; is sorted
 * @n: how many, odd
 */
void bench_result(struct bench_result *result, double *batch, int n)
{
	qsort(batch, n, sizeof(*batch), compare);
	result->least = batch[0];
	result->median = batch[n / 2];
	result->most = batch[n - 1];
}

/* A unit of work, again if it lost something; adds the time for that. */
static int once(int (*unit)(void *arg, size_t size), void *arg, size_t size,
		unsigned int each, struct bench_result *result,
		uint64_t *spoilt)
{
	uint64_t start;
	int err;

	if (bench_icount)
		return unit(arg, size);
	for (;;) {
		start = bench_clock();
		err = unit(arg, size);
		result->sent += each;
		if (err != -EAGAIN)
			return err;
		*spoilt += bench_clock() - start;
		result->lost += missing;
		if (bench_lossy(result))
			return err;
	}
}

/**
 * bench_batches() - measure a unit of work
 * @unit: does it; returns 0 or a negative errno
 * @arg: passed to @unit
 * @size: bytes of a message, passed to @unit
 * @each: how many messages a unit carries
 * @result: to be filled, per message
 *
 * Warms up with as much work as a batch is going to be.
 *
 * Where instructions are counted nothing may get lost. By the clock, with
 * several processors, a sender can outrun whoever empties a queue of its packets,
 * and whatever has such a queue drops some. A unit of which a message did not
 * arrive within the receiver's patience is then done again and its time left
 * out; what was lost is in the result, and is an error if it is more than one
 * message in LOSS.
 */
int bench_batches(int (*unit)(void *arg, size_t size), void *arg, size_t size,
		  unsigned int each, struct bench_result *result)
{
	const uint64_t cost = bench_icount ? BATCH_COST : BATCH_NS;
	uint64_t start, spoilt = 0;
	double batch[BATCHES];
	unsigned int n = 0;
	unsigned int left;
	int err, i;

	*result = (struct bench_result){ };
	/* Pages of its own: the one page of zeroes is dearer to send from. */
	memset(out, 1, sizeof(out));

	start = bench_clock();
	do {
		err = once(unit, arg, size, each, result, &spoilt);
		n++;
	} while (!err && bench_clock() - start < cost);

	for (i = 0; i < BATCHES && !err; i++) {
		spoilt = 0;
		start = bench_clock();
		for (left = n; left && !err; left--)
			err = once(unit, arg, size, each, result, &spoilt);
		batch[i] = (double)(bench_clock() - start - spoilt) / n / each;
	}
	if (err)
		return bench_error(err, "", "a message of %zu bytes got lost",
				   size);
	bench_result(result, batch, BATCHES);
	return 0;
}

/**
 * bench_rr() - round trips between two processes, each waiting for the other
 * @pair: is used up: one end of it is another process's for a while
 * @size: bytes of a message
 * @result: to be filled, per round trip
 */
int bench_rr(struct bench_pair *pair, size_t size, struct bench_result *result)
{
	pid_t pid;
	int err;

	pid = fork();
	if (pid < 0)
		return bench_error(-errno, "", "cannot fork");
	if (!pid)
		echo(&pair->end[SIDE_B], size);

	err = bench_batches(rounds, pair, size, ROUNDS, result);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return err;
}

/**
 * bench_stream() - bursts from one namespace to the other
 * @pair: a pair in this process
 * @size: bytes of a message
 * @result: to be filled, per message
 *
 * One process sends a burst and then receives it: the figure is what both
 * ends' work costs, without a single change of process.
 */
int bench_stream(struct bench_pair *pair, size_t size,
		 struct bench_result *result)
{
	return bench_batches(burst, pair, size, burst_messages(pair, size), result);
}

/**
 * bench_batched() - the same with sendmmsg() and recvmmsg()
 * @pair: a pair in this process, of sockets that keep the bounds of messages
 * @size: bytes of a message
 * @result: to be filled, per message
 */
int bench_batched(struct bench_pair *pair, size_t size,
		  struct bench_result *result)
{
	return bench_batches(burst_batched, pair, size, burst_messages(pair, size),
			     result);
}

/**
 * bench_rekey() - bursts with a new key in the middle of each
 * @pair: a pair in this process that can be given one
 * @size: bytes of a message
 * @result: to be filled, per message; includes its share of a new key
 */
int bench_rekey(struct bench_pair *pair, size_t size,
		struct bench_result *result)
{
	return bench_batches(burst_rekeyed, pair, size,
			     burst_messages(pair, size), result);
}
