// SPDX-License-Identifier: GPL-2.0
/*
 * The first datagram between two nodes: a daemon on either side, no session
 * yet. Measured until it has arrived, which takes the agreement's one and a
 * half round trips, and until the answer is there.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "side.h"

#define SAMPLES		11
#define TRIES		200
#define TRY_US		50000

/* Between two samples: whoever asks too often is not heard. */
#define PAUSE_S		2

/**
 * struct machine - one side with a daemon
 * @side: which
 * @pid: its daemon, or 0
 * @themis: netlink
 * @id: its node
 * @path: names of files: its control socket, its state, its key
 */
struct machine {
	enum bench_side		side;
	pid_t			pid;
	struct themis_side	themis;
	struct themis_id	id;
	char			path[3][64];
};

enum { CONTROL, STATE, KEY };

#define DIRECTORY	"/tmp/themis-bench-XXXXXX"

static char directory[sizeof(DIRECTORY)];

/* A program that was built beside this one. */
static const char *sibling(const char *name)
{
	static char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 32);
	char *slash;

	path[n > 0 ? n : 0] = '\0';
	slash = strrchr(path, '/');
	strcpy(slash ? slash + 1 : path, name);
	return path;
}

static int daemon_start(struct machine *m)
{
	int err;

	err = world_enter(m->side);
	if (err)
		return err;
	fflush(NULL);
	m->pid = fork();
	if (m->pid < 0)
		return bench_error(-errno, "", "cannot fork");
	if (!m->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* It reports every change; what it cannot do, it dies of. */
		dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execl(sibling("themisd"), "themisd", "--control",
		      m->path[CONTROL], "--state", m->path[STATE], NULL);
		_exit(127);
	}
	return 0;
}

static void daemon_stop(struct machine *m)
{
	if (m->pid <= 0)
		return;
	kill(m->pid, SIGTERM);
	waitpid(m->pid, NULL, 0);
	m->pid = 0;
}

/* Run the tool with words, separated by blanks. */
static int tool(struct machine *m, char *words)
{
	const char *argv[16] = { sibling("themis"), "-C", m->path[CONTROL] };
	char *word, *save = NULL;
	int n = 3;

	for (word = strtok_r(words, " ", &save); word && n < 15;
	     word = strtok_r(NULL, " ", &save))
		argv[n++] = word;
	return world_exec(m->side, NULL, argv);
}

static int node_id(void *ctx, const struct themis_nl_node *node)
{
	struct machine *m = ctx;

	m->id = node->id;
	return 0;
}

static int machine_new(struct machine *m, enum bench_side side)
{
	static const char *const names[] = { "sock", "state", "key" };
	char words[256];
	struct stat st;
	int i, err;

	m->side = side;
	for (i = 0; i < 3; i++)
		snprintf(m->path[i], sizeof(m->path[i]), "%s/%d.%s", directory,
			 side, names[i]);
	err = daemon_start(m);
	if (err)
		return err;
	for (i = 0; i < TRIES && stat(m->path[CONTROL], &st); i++)
		usleep(TRY_US);

	snprintf(words, sizeof(words), "key new %s netid bench", m->path[KEY]);
	err = tool(m, words);
	snprintf(words, sizeof(words), "link add port %d", THEMIS_BENCH_LINK);
	if (!err)
		err = tool(m, words);
	snprintf(words, sizeof(words), "node add key %s netid bench link %d",
		 m->path[KEY], THEMIS_BENCH_LINK);
	if (!err)
		err = tool(m, words);
	if (!err)
		err = themis_side_open(&m->themis, side);
	if (!err)
		err = themis_nl_node_dump(m->themis.nl, node_id, m);
	return err;
}

static int peer_add(struct machine *m, const struct machine *peer)
{
	char id[THEMIS_ID_TEXT], words[256];

	snprintf(words, sizeof(words), "peer add %s endpoint %s:%d",
		 themis_id_format(&peer->id, id), BENCH_B, THEMIS_BENCH_LINK);
	return tool(m, words);
}

static int sample(struct machine *machines, int *fd, size_t size, double *way,
		  double *cost)
{
	static char buf[BENCH_MSG_MAX];
	struct machine *a = &machines[SIDE_A], *b = &machines[SIDE_B];
	uint64_t start = bench_clock();

	if (send(fd[SIDE_A], buf, size, 0) < 0 ||
	    recv(fd[SIDE_B], buf, size, 0) < 0)
		return bench_error(-errno, "", "the first datagram got lost");
	*way = bench_clock() - start;
	if (send(fd[SIDE_B], buf, size, 0) < 0 ||
	    recv(fd[SIDE_A], buf, size, 0) < 0)
		return bench_error(-errno, "", "the first answer got lost");
	*cost = bench_clock() - start;

	sleep(PAUSE_S);
	themis_nl_session_del(a->themis.nl, &a->id, &b->id);
	themis_nl_session_del(b->themis.nl, &b->id, &a->id);
	sleep(PAUSE_S);
	return 0;
}

static int samples(struct machine *machines, size_t size,
		   struct bench_result *way, struct bench_result *result)
{
	double one_way[SAMPLES], cost[SAMPLES];
	int fd[__SIDE_MAX] = { -1, -1 };
	struct sockaddr_themis addr;
	int side, err = 0, i;

	for (side = 0; side < __SIDE_MAX && !err; side++) {
		fd[side] = themis_side_socket(&machines[side].themis,
					      &machines[side].id);
		if (fd[side] < 0) {
			err = fd[side];
			break;
		}
		themis_side_addr(&machines[side].themis, &addr,
				 &machines[!side].id);
		if (connect(fd[side], (struct sockaddr *)&addr, sizeof(addr)))
			err = bench_error(-errno, "", "cannot connect");
	}
	/* The first of all finds nothing in memory. */
	if (!err)
		err = sample(machines, fd, size, &one_way[0], &cost[0]);
	for (i = 0; i < SAMPLES && !err; i++)
		err = sample(machines, fd, size, &one_way[i], &cost[i]);
	for (side = 0; side < __SIDE_MAX; side++)
		if (fd[side] >= 0)
			close(fd[side]);
	if (!err) {
		bench_result(way, one_way, SAMPLES);
		bench_result(result, cost, SAMPLES);
	}
	return err;
}

/* Has what leaves each side be late. */
static int slow_down(unsigned int delay)
{
	char text[16];
	const char *const tc[] = { "tc", "qdisc", "replace", "dev", "veth",
				   "root", "netem", "delay", text, NULL };
	int side, err;

	snprintf(text, sizeof(text), "%ums", delay);
	err = world_modprobe("sch_netem");
	for (side = 0; side < __SIDE_MAX && !err; side++)
		err = world_exec(side, NULL, tc);
	return err;
}

/**
 * first_measure() - round trips that have to wait for a key agreement
 * @size: bytes of the message
 * @delay: of the link, one way, in ms
 * @way: to be filled: until the message was there
 * @result: to be filled: until the answer was
 *
 * The namespaces are ready.
 */
int first_measure(size_t size, unsigned int delay, struct bench_result *way,
		  struct bench_result *result)
{
	const char *const rm[] = { "rm", "-r", directory, NULL };
	struct machine machines[__SIDE_MAX] = { };
	int side, err;

	memcpy(directory, DIRECTORY, sizeof(directory));
	if (!mkdtemp(directory))
		return bench_error(-errno, "", "cannot make %s", directory);
	err = delay ? slow_down(delay) : 0;
	if (!err)
		err = machine_new(&machines[SIDE_A], SIDE_A);
	if (!err)
		err = machine_new(&machines[SIDE_B], SIDE_B);
	if (!err)
		err = peer_add(&machines[SIDE_A], &machines[SIDE_B]);
	if (!err)
		err = samples(machines, size, way, result);
	for (side = 0; side < __SIDE_MAX; side++) {
		daemon_stop(&machines[side]);
		themis_side_free(&machines[side].themis);
	}
	world_exec(__SIDE_MAX, NULL, rm);
	return err;
}
