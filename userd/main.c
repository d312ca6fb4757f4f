// SPDX-License-Identifier: GPL-2.0
/*
 * themisd: agrees on keys for the kernel's Themis sockets.
 */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <sodium.h>

#include "alone.h"
#include "config.h"
#include "confine.h"
#include "control.h"
#include "directory.h"
#include "drive.h"
#include "kernel.h"
#include "link.h"
#include "log.h"
#include "metrics.h"
#include "node.h"
#include "notify.h"
#include "request.h"
#include "resolve.h"
#include "statefile.h"
#include "ways.h"

#define STATE_PATH	"/var/lib/themis/state.json"

struct options {
	const char	*config;
	const char	*control;
	const char	*state;
	enum confine_mode seccomp;
	bool		check;
	bool		debug;
};

static void usage(FILE *to)
{
	fputs("Usage: themisd [ --config FILE ] [ --control PATH ] [ --state FILE ]\n"
	      "               [ --seccomp deny|kill|off ] [ --check-config ] [ --debug ]\n"
	      "               [ --version ] [ --help ]\n"
	      "\n"
	      "  --config FILE    configuration; " CONFIG_PATH " if there is one\n"
	      "  --control PATH   control socket; " CONTROL_PATH "\n"
	      "  --state FILE     what clients have added; " STATE_PATH ",\n"
	      "                   or PATH.state if --control PATH is given\n"
	      "  --seccomp MODE   what a forbidden system call leads to; deny\n"
	      "  --check-config   check the configuration and exit\n"
	      "  --debug          say more\n"
	      "\n"
	      "The daemon stays in the foreground. Exit codes: 0 stopped by a signal,\n"
	      "1 wrong command line or configuration, 2 refused by the kernel.\n",
	      to);
}

static int wrong(const char *word)
{
	fprintf(stderr,
		"Error: \"%s\" is no option, or lacks its value. See 'themisd --help'.\n",
		word);
	return THEMISD_EXIT_USAGE;
}

/* -1: go on; else the exit code. */
static int parse_options(struct options *o, int argc, char **argv)
{
	static const struct option table[] = {
		{ "config", required_argument, NULL, 'f' },
		{ "control", required_argument, NULL, 'c' },
		{ "state", required_argument, NULL, 's' },
		{ "seccomp", required_argument, NULL, 'S' },
		{ "check-config", no_argument, NULL, 'k' },
		{ "debug", no_argument, NULL, 'd' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		switch (c) {
		case 'f':
			o->config = optarg;
			break;
		case 'c':
			o->control = optarg;
			break;
		case 's':
			o->state = optarg;
			break;
		case 'S':
			if (confine_mode_parse(optarg, &o->seccomp))
				return wrong(optarg);
			break;
		case 'k':
			o->check = true;
			break;
		case 'd':
			o->debug = true;
			break;
		case 'V':
			printf("themisd %s\n", THEMIS_VERSION);
			return 0;
		case 'h':
			usage(stdout);
			return 0;
		default:
			return wrong(argv[optind - 1]);
		}
	}
	return optind < argc ? wrong(argv[optind]) : -1;
}

/* The default file may be missing, a named one may not. */
static int read_config(struct daemon *d, const struct options *o,
		       struct themis_diag *diag)
{
	int err;

	d->config_named = o->config;
	d->config_path = o->config ? o->config : CONFIG_PATH;
	err = config_read(d->config, d->config_path, diag);
	d->config_found = !err;
	return err == -ENOENT && !d->config_named ? 0 : err;
}

static void on_signal(struct ev_loop *loop, ev_signal *w, int revents)
{
	log_info("stopping; sessions go on without the daemon");
	notify_stopping();
	daemon_stop(w->data, 0);
}

static void on_hangup(struct ev_loop *loop, ev_signal *w, int revents)
{
	struct daemon *d = w->data;

	config_reload(d);
	drive(d);
}

static void serve(struct daemon *d)
{
	ev_signal term, interrupt, hangup;

	ev_signal_init(&term, on_signal, SIGTERM);
	ev_signal_init(&interrupt, on_signal, SIGINT);
	term.data = d;
	interrupt.data = d;
	ev_signal_start(d->loop, &term);
	ev_signal_start(d->loop, &interrupt);
	ev_signal_init(&hangup, on_hangup, SIGHUP);
	hangup.data = d;
	ev_signal_start(d->loop, &hangup);
	log_info("themisd %s, module %s: %u nodes, %u peers, control socket %s",
		 THEMIS_VERSION, d->info.version, d->nnodes, d->npeers,
		 d->control_path);
	notify_start(d->loop);
	notify_ready();
	ev_run(d->loop, 0);
	notify_stop(d->loop);
	ev_signal_stop(d->loop, &hangup);
	ev_signal_stop(d->loop, &interrupt);
	ev_signal_stop(d->loop, &term);
}

/* Everything in order, and in reverse. Returns the exit code. */
static int run(struct daemon *d, enum confine_mode seccomp)
{
	struct themis_diag diag = { .what = "cannot start" };
	unsigned int left_out;
	int err;

	d->exit_code = THEMISD_EXIT_KERNEL;
	d->loop = ev_default_loop(EVFLAG_AUTO | EVFLAG_NOENV);
	if (!d->loop) {
		themis_diag_set(&diag, -errno, NULL,
				"cannot make the event loop: %m");
		goto err_loop;
	}
	if (kernel_start(d, &diag))
		goto err_kernel;
	err = drive_start(d);
	if (err) {
		themis_diag_set(&diag, err, NULL,
				"cannot make the protocol core: %s",
				strerror(-err));
		goto err_drive;
	}

	d->exit_code = THEMISD_EXIT_USAGE;
	if (alone_start(d, &diag))
		goto err_alone;
	if (statefile_lock(d, &diag))
		goto err_state;
	d->control = control_start(d->loop, d->control_path, request_handle, d,
				   &diag);
	if (!d->control)
		goto err_control;

	err = ways_start(d);
	if (!err)
		err = resolve_start(d);
	if (err) {
		themis_diag_set(&diag, err, NULL,
				"cannot listen to changes of addresses: %s",
				strerror(-err));
		goto err_metrics;
	}
	if (d->config->metrics && metrics_start(d, d->config->metrics, &diag))
		goto err_metrics;

	d->loading = true;
	if (config_apply(d, NULL, d->config, &left_out, &diag) || left_out ||
	    statefile_load(d, &diag))
		goto err_load;
	d->loading = false;
	err = kernel_resync(d);
	if (err) {
		themis_nl_diag(d->nl, err, "cannot read the kernel's sessions",
			       &diag);
		goto err_load;
	}
	directory_follow(d);

	d->exit_code = THEMISD_EXIT_KERNEL;
	if (confine_calls(seccomp, d->info.family, &diag))
		goto err_load;
	d->exit_code = 0;
	diag.what[0] = '\0';
	drive(d);
	serve(d);

err_load:
	node_stop(d);
	link_stop(d);
	metrics_stop(d);
err_metrics:
	resolve_stop(d);
	ways_stop(d);
	control_stop(d->control);
err_control:
	statefile_unlock(d);
err_state:
	alone_stop(d);
err_alone:
	drive_stop(d);
err_drive:
	kernel_stop(d);
err_kernel:
	ev_loop_destroy(d->loop);
err_loop:
	if (diag.what[0])
		log_diag(LOG_LEVEL_ERROR, &diag);
	return d->exit_code;
}

/* The directory of @path, or "" if it is none that one would make. */
static void directory(const char *path, char dir[4096])
{
	const char *slash = strrchr(path, '/');

	snprintf(dir, 4096, "%.*s", slash ? (int)(slash - path) : 0, path);
}

/* Before any secret is read. */
static int give_up_privileges(const struct daemon *d, struct themis_diag *diag)
{
	char control[4096], state[4096];
	const char * const dirs[] = { control, state, NULL };

	directory(d->control_path, control);
	directory(d->state_path, state);
	return confine_privileges(d->config->user, dirs, diag);
}

int main(int argc, char **argv)
{
	struct options options = { 0 };
	struct config config = { 0 };
	struct daemon d = { .config = &config };
	struct themis_diag diag;
	char beside[4096];
	int ret;

	ret = parse_options(&options, argc, argv);
	if (ret >= 0)
		return ret;
	log_init(options.debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);

	/* No core dump and no debugger of the same user gets at the keys. */
	prctl(PR_SET_DUMPABLE, 0);
	/* What was needed once is given back, but for a little. */
	mallopt(M_TOP_PAD, 16 * 1024);
	mallopt(M_TRIM_THRESHOLD, 64 * 1024);
	/* One huge page is as much as all that a daemon has otherwise. */
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	signal(SIGPIPE, SIG_IGN);
	if (sodium_init() < 0) {
		log_error("Error: no random numbers. Check /dev/urandom.");
		return THEMISD_EXIT_KERNEL;
	}

	ret = THEMISD_EXIT_USAGE;
	if (read_config(&d, &options, &diag)) {
		log_diag(LOG_LEVEL_ERROR, &diag);
		goto out;
	}
	if (options.check) {
		printf("%s: %zu links, %zu nodes, %zu peers\n", d.config_found ?
		       d.config_path : "no configuration file", config.nlinks,
		       config.nnodes, config.npeers);
		ret = 0;
		goto out;
	}

	d.control_path = options.control ? options.control :
			 config.control ? config.control : CONTROL_PATH;
	d.state_path = options.state ? options.state :
		       config.state ? config.state : STATE_PATH;
	if (options.control && !options.state && !config.state) {
		/* Who moves the one means another daemon altogether. */
		snprintf(beside, sizeof(beside), "%s.state", options.control);
		d.state_path = beside;
	}
	d.rekey_ms = config.rekey_s * 1000ULL;
	d.started_us = daemon_now();
	if (give_up_privileges(&d, &diag))
		log_diag(LOG_LEVEL_ERROR, &diag);
	else
		ret = run(&d, options.seccomp);

out:
	config_free(&config);
	return ret;
}
