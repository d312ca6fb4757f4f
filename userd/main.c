// SPDX-License-Identifier: GPL-2.0
/*
 * themisd: agrees on keys for the kernel's Themis sockets.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <sodium.h>

#include "config.h"
#include "control.h"
#include "drive.h"
#include "kernel.h"
#include "link.h"
#include "log.h"
#include "node.h"
#include "request.h"
#include "statefile.h"

#define STATE_PATH	"/var/lib/themis/state.json"

struct options {
	const char	*config;
	const char	*control;
	const char	*state;
	bool		check;
	bool		debug;
};

static void usage(FILE *to)
{
	fputs("Usage: themisd [ --config FILE ] [ --control PATH ] [ --state FILE ]\n"
	      "               [ --check-config ] [ --debug ] [ --version ] [ --help ]\n"
	      "\n"
	      "  --config FILE    configuration; " CONFIG_PATH " if there is one\n"
	      "  --control PATH   control socket; " CONTROL_PATH "\n"
	      "  --state FILE     what clients have added; " STATE_PATH ",\n"
	      "                   or PATH.state if --control PATH is given\n"
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
static int read_config(struct options *o, struct config *config,
		       struct themis_diag *diag)
{
	bool named = o->config;
	int err;

	if (!named)
		o->config = CONFIG_PATH;
	err = config_read(config, o->config, diag);
	if (err == -ENOENT && !named) {
		o->config = NULL;
		return 0;
	}
	return err;
}

static void on_signal(struct ev_loop *loop, ev_signal *w, int revents)
{
	log_info("stopping; sessions go on without the daemon");
	daemon_stop(w->data, 0);
}

static void serve(struct daemon *d)
{
	ev_signal term, interrupt;

	ev_signal_init(&term, on_signal, SIGTERM);
	ev_signal_init(&interrupt, on_signal, SIGINT);
	term.data = d;
	interrupt.data = d;
	ev_signal_start(d->loop, &term);
	ev_signal_start(d->loop, &interrupt);
	log_info("themisd %s, module %s: %u nodes, %u peers, control socket %s",
		 THEMIS_VERSION, d->info.version, d->nnodes, d->npeers,
		 d->control_path);
	ev_run(d->loop, 0);
	ev_signal_stop(d->loop, &interrupt);
	ev_signal_stop(d->loop, &term);
}

/* Everything in order, and in reverse. Returns the exit code. */
static int run(struct daemon *d, const struct config *config)
{
	struct themis_diag diag = { .what = "cannot start" };
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
	if (statefile_lock(d, &diag))
		goto err_state;
	d->control = control_start(d->loop, d->control_path, request_handle, d,
				   &diag);
	if (!d->control)
		goto err_control;

	d->loading = true;
	if (config_apply(d, config, &diag) || statefile_load(d, &diag))
		goto err_load;
	d->loading = false;
	err = kernel_resync(d);
	if (err) {
		themis_nl_diag(d->nl, err, "cannot read the kernel's sessions",
			       &diag);
		goto err_load;
	}

	d->exit_code = 0;
	diag.what[0] = '\0';
	drive(d);
	serve(d);

err_load:
	node_stop(d);
	link_stop(d);
	control_stop(d->control);
err_control:
	statefile_unlock(d);
err_state:
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

int main(int argc, char **argv)
{
	struct options options = { 0 };
	struct config config = { 0 };
	struct themis_diag diag;
	struct daemon d = { 0 };
	char beside[4096];
	int ret;

	ret = parse_options(&options, argc, argv);
	if (ret >= 0)
		return ret;
	log_init(options.debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);

	/* No core dump and no debugger of the same user gets at the keys. */
	prctl(PR_SET_DUMPABLE, 0);
	signal(SIGPIPE, SIG_IGN);
	if (sodium_init() < 0) {
		log_error("Error: no random numbers. Check /dev/urandom.");
		return THEMISD_EXIT_KERNEL;
	}

	ret = THEMISD_EXIT_USAGE;
	if (read_config(&options, &config, &diag)) {
		log_diag(LOG_LEVEL_ERROR, &diag);
		goto out;
	}
	if (options.check) {
		printf("%s: %zu links, %zu nodes, %zu peers\n", options.config ?
		       options.config : "no configuration file", config.nlinks,
		       config.nnodes, config.npeers);
		ret = 0;
		goto out;
	}

	d.config_path = options.config;
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
	ret = run(&d, &config);

out:
	config_free(&config);
	return ret;
}
