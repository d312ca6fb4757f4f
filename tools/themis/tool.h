/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of the tool share: options, the table of commands, errors,
 * the arguments of a command.
 */
#ifndef THEMIS_TOOL_H
#define THEMIS_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diag.h"

#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))

#define TOOL_ARGS_MAX		16	/* arguments that a usage line names */
#define TOOL_BATCH_WORDS	64	/* words on a line of a batch file */

/**
 * enum tool_exit - exit status
 * @TOOL_OK: done
 * @TOOL_USAGE: the command line, or a file that it names, is wrong
 * @TOOL_KERNEL: the kernel, or the daemon, has refused
 * @TOOL_DAEMON: the daemon does not answer
 * @TOOL_CHECK: a check has failed
 */
enum tool_exit {
	TOOL_OK,
	TOOL_USAGE,
	TOOL_KERNEL,
	TOOL_DAEMON,
	TOOL_CHECK,
};

/**
 * struct tool_options - what stands before OBJECT
 * @json: print JSON
 * @pretty: indent it
 * @stats: more numbers
 * @details: everything
 * @brief: little
 * @oneline: one line for each row, no heading
 * @timestamp: the time in front of each event
 * @color: use colours; settled against the terminal before any output
 * @force: a batch goes on after a failure
 * @netns: network namespace by name or path, or NULL
 * @batch: file to read commands from, or NULL
 * @control: path of the daemon's control socket
 */
struct tool_options {
	bool		json;
	bool		pretty;
	bool		stats;
	bool		details;
	bool		brief;
	bool		oneline;
	bool		timestamp;
	bool		color;
	bool		force;
	const char	*netns;
	const char	*batch;
	const char	*control;
};

extern struct tool_options opt;

/**
 * struct tool_args - the arguments of one command
 * @argc: how many words of @argv follow the command
 * @argv: those words
 * @n: how many arguments the usage line names
 * @name: each one's name there: the keyword, or the VALUE that has none
 * @value: what was given for it, or NULL
 *
 * A command whose arguments are not keywords (tool_command.raw) has only
 * @argc and @argv.
 */
struct tool_args {
	int		argc;
	char		**argv;
	unsigned int	n;
	char		name[TOOL_ARGS_MAX][24];
	const char	*value[TOOL_ARGS_MAX];
};

/**
 * struct tool_command - a row of the table
 * @name: the verb; "" in an object that has no verbs
 * @run: carries it out; returns enum tool_exit after having said what is wrong
 * @args: its usage line: VALUE is required, "keyword VALUE" too, what stands in
 *	[] is not. Read by the parser, the help texts and the completion
 * @help: one line
 * @raw: @run takes @argv as it is; @args is for readers only
 */
struct tool_command {
	const char	*name;
	int		(*run)(const struct tool_args *args);
	const char	*args;
	const char	*help;
	bool		raw;
};

/**
 * struct tool_object - what commands are about
 * @name: the noun
 * @help: one line
 * @commands: ends with a command without a name
 */
struct tool_object {
	const char			*name;
	const char			*help;
	const struct tool_command	*commands;
};

/* Ends with an object without a name. */
extern const struct tool_object tool_table[];

/**
 * tool_run() - find a command in the table and carry it out
 * @argc: words
 * @argv: OBJECT, COMMAND, arguments; at least one
 *
 * Return: enum tool_exit.
 */
int tool_run(int argc, char **argv);

/**
 * tool_usage() - what the tool is, its objects and options
 */
void tool_usage(void);

/**
 * tool_current() - the command that is being carried out
 *
 * Return: e.g. "peer add", for messages; "" outside of one.
 */
const char *tool_current(void);

/**
 * tool_arg() - an argument of this command
 * @args: of the command
 * @name: as in the usage line; one that is not there is a bug and aborts
 *
 * Return: the word given for it, or NULL.
 */
const char *tool_arg(const struct tool_args *args, const char *name);

/**
 * tool_args_parse() - sort words by the names of a usage line
 * @args: argc and argv are set; the rest is filled in
 * @usage: the usage line
 *
 * Return: TOOL_OK, or TOOL_USAGE after having said why.
 */
int tool_args_parse(struct tool_args *args, const char *usage);

/**
 * tool_netns() - enter a network namespace, for the rest of the process
 * @name: of /run/netns, or a path with a slash in it
 *
 * The mount namespace stays, so files and the control socket are found as
 * before.
 *
 * Return: TOOL_OK; TOOL_USAGE: there is none; TOOL_KERNEL: not allowed.
 */
int tool_netns(const char *name);

/**
 * tool_batch() - carry out the lines of a file
 * @path: the file; "-" is standard input
 *
 * Words are separated by blanks, quoted by ' or ", and end at a #; a line goes
 * on after a backslash at its end.
 *
 * Return: TOOL_OK, or what the first line that failed has returned.
 */
int tool_batch(const char *path);

/**
 * tool_fail() - say what is wrong
 * @status: enum tool_exit, to return
 * @next: the next step, with its full stop; NULL points at the help text
 * @fmt: printf format of what is wrong, without a full stop
 *
 * Prints "Error: <what>. <next step>" on standard error, one line.
 *
 * Return: @status.
 */
int tool_fail(int status, const char *next, const char *fmt, ...)
	__printf(3, 4);

/**
 * tool_warn() - say what is odd, and go on
 * @fmt: printf format
 */
void tool_warn(const char *fmt, ...) __printf(1, 2);

/**
 * tool_fail_diag() - say what a function of the library found wrong
 * @status: enum tool_exit, to return
 * @diag: filled in
 *
 * Return: @status.
 */
int tool_fail_diag(int status, const struct themis_diag *diag);

/* The commands, each in the file of its object. */
int link_add(const struct tool_args *args);
int link_del(const struct tool_args *args);
int link_show(const struct tool_args *args);
int node_add(const struct tool_args *args);
int node_del(const struct tool_args *args);
int node_set(const struct tool_args *args);
int node_show(const struct tool_args *args);
int peer_add(const struct tool_args *args);
int peer_del(const struct tool_args *args);
int peer_allow(const struct tool_args *args);
int peer_deny(const struct tool_args *args);
int peer_connect(const struct tool_args *args);
int peer_show(const struct tool_args *args);
int session_del(const struct tool_args *args);
int session_show(const struct tool_args *args);
int socket_show(const struct tool_args *args);
int key_new(const struct tool_args *args);
int key_show(const struct tool_args *args);
int key_admit(const struct tool_args *args);
int key_psk(const struct tool_args *args);
int stats_show(const struct tool_args *args);
int monitor_run(const struct tool_args *args);
int nc_run(const struct tool_args *args);
int join_run(const struct tool_args *args);
int leave_run(const struct tool_args *args);
int update_run(const struct tool_args *args);
int find_run(const struct tool_args *args);
int store_run(const struct tool_args *args);
int net_show(const struct tool_args *args);
int net_neighbours(const struct tool_args *args);
int net_objects(const struct tool_args *args);
int net_published(const struct tool_args *args);
int net_unpublish(const struct tool_args *args);
int check_run(const struct tool_args *args);
int help_run(const struct tool_args *args);

#endif /* THEMIS_TOOL_H */
