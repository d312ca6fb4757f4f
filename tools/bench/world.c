// SPDX-License-Identifier: GPL-2.0
/* Two network namespaces joined by a veth, and commands run in them. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

static const char *const names[__SIDE_MAX] = { "bench-a", "bench-b" };
static int ns[__SIDE_MAX] = { -1, -1 };
static enum bench_side current = __SIDE_MAX;

/* In a child: never returns. */
static void child(const char *input, const char *const *argv)
{
	int pipes[2];

	if (input) {
		/* Nothing that is written here is longer than a pipe. */
		if (pipe(pipes) ||
		    write(pipes[1], input, strlen(input)) < 0 ||
		    dup2(pipes[0], STDIN_FILENO) < 0)
			_exit(126);
		close(pipes[0]);
		close(pipes[1]);
	}
	/* Standard output is for the results alone. */
	dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
	execvp(argv[0], (char *const *)argv);
	_exit(127);
}

/**
 * world_exec() - run a command in a namespace and wait for it
 * @side: where; __SIDE_MAX for where we are
 * @input: its standard input, or NULL; keys go this way, never as arguments
 * @argv: the command, ended by NULL
 *
 * Return: 0, or -EIO with its own message on standard error.
 */
int world_exec(enum bench_side side, const char *input, const char *const *argv)
{
	int status;
	pid_t pid;
	int err;

	if (side != __SIDE_MAX) {
		err = world_enter(side);
		if (err)
			return err;
	}
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return bench_error(-errno, "", "cannot fork");
	if (!pid)
		child(input, argv);
	if (waitpid(pid, &status, 0) < 0)
		return bench_error(-errno, "", "cannot wait for %s", argv[0]);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return bench_error(-EIO, "Read its message above.",
				   "%s failed", argv[0]);
	return 0;
}

/**
 * world_ip() - run commands of ip in a namespace
 * @side: where; __SIDE_MAX for where we are
 * @batch: commands, one a line
 */
int world_ip(enum bench_side side, const char *batch)
{
	static const char *const argv[] = { "ip", "-batch", "-", NULL };

	return world_exec(side, batch, argv);
}

/**
 * world_modprobe() - load kernel modules
 * @modules: their names, separated by blanks
 */
int world_modprobe(const char *modules)
{
	char *words = strdup(modules);
	const char *argv[3] = { "modprobe" };
	char *word, *save = NULL;
	int err = 0;

	for (word = strtok_r(words, " ", &save); word && !err;
	     word = strtok_r(NULL, " ", &save)) {
		argv[1] = word;
		err = world_exec(__SIDE_MAX, NULL, argv);
	}
	free(words);
	return err;
}

/**
 * world_enter() - go into a namespace
 * @side: which
 */
int world_enter(enum bench_side side)
{
	if (side == current)
		return 0;
	if (setns(ns[side], CLONE_NEWNET))
		return bench_error(-errno, "Run it as root.",
				   "cannot enter namespace %s", names[side]);
	current = side;
	return 0;
}

static int ns_open(enum bench_side side)
{
	char path[64];

	snprintf(path, sizeof(path), "/run/netns/%s", names[side]);
	ns[side] = open(path, O_RDONLY | O_CLOEXEC);
	if (ns[side] < 0)
		return bench_error(-errno, "", "cannot open %s", path);
	return 0;
}

/*
 * A burst is larger than what comes from a wire at once: nothing may be lost
 * for want of room.
 */
static int no_limits(enum bench_side side)
{
	const char *const fragments[] = { "sysctl", "-qw",
		"net.ipv4.ipfrag_high_thresh=67108864", NULL };
	const char *const backlog[] = { "sysctl", "-qw",
		"net.core.netdev_max_backlog=20000", NULL };

	return side == __SIDE_MAX ? world_exec(side, NULL, backlog) :
				    world_exec(side, NULL, fragments);
}

/* The neighbour is told: the first packets shall not wait for it. */
static int side_up(enum bench_side side)
{
	char text[256];

	snprintf(text, sizeof(text),
		 "link set lo up\n"
		 "link set veth address 02:00:00:00:00:%02x up\n"
		 "addr add %s/24 dev veth\n"
		 "neigh add %s lladdr 02:00:00:00:00:%02x dev veth\n",
		 side + 1, side == SIDE_A ? BENCH_A : BENCH_B,
		 side == SIDE_A ? BENCH_B : BENCH_A, !side + 1);
	return world_ip(side, text);
}

/**
 * world_new() - make the two namespaces and load what a path needs
 * @path: which
 */
int world_new(const struct bench_path *path)
{
	int side, err;

	err = no_limits(__SIDE_MAX);
	if (!err)
		err = world_modprobe("veth");
	if (!err && path->modules)
		err = world_modprobe(path->modules);
	if (!err)
		err = world_ip(__SIDE_MAX,
			       "netns add bench-a\n"
			       "netns add bench-b\n"
			       "link add veth netns bench-a type veth peer name veth netns bench-b\n");
	for (side = 0; side < __SIDE_MAX && !err; side++) {
		err = ns_open(side);
		if (!err)
			err = no_limits(side);
		if (!err)
			err = side_up(side);
	}
	return err;
}

/**
 * world_free() - remove the two namespaces; all sockets are closed
 */
void world_free(void)
{
	int home = open("/proc/1/ns/net", O_RDONLY | O_CLOEXEC);
	int side;

	/* What we stand in would live on. */
	if (home < 0 || setns(home, CLONE_NEWNET))
		bench_error(-errno, "", "cannot leave the namespaces");
	close(home);
	current = __SIDE_MAX;
	for (side = 0; side < __SIDE_MAX; side++) {
		if (ns[side] < 0)
			continue;
		close(ns[side]);
		ns[side] = -1;
	}
	world_ip(__SIDE_MAX, "netns del bench-a\nnetns del bench-b\n");
}

/**
 * world_close() - close the sockets of a pair
 * @pair: which
 */
void world_close(struct bench_pair *pair)
{
	int side;

	for (side = 0; side < __SIDE_MAX; side++) {
		if (pair->end[side].fd >= 0)
			close(pair->end[side].fd);
		pair->end[side].fd = -1;
	}
}
