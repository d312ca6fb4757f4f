// SPDX-License-Identifier: GPL-2.0
/*
 * Reading the configuration again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "directory.h"
#include "log.h"
#include "notify.h"

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* The section [daemon] is for a start; others go on pointing into it. */
static void keep_daemon(struct config *to, struct config *from)
{
	if (!same_text(to->control, from->control) ||
	    !same_text(to->state, from->state) ||
	    !same_text(to->metrics, from->metrics) ||
	    !same_text(to->user, from->user) || to->rekey_s != from->rekey_s)
		log_warn("what has changed in [daemon] waits for the next start");
	free(to->control);
	free(to->state);
	free(to->metrics);
	free(to->user);
	to->control = from->control;
	to->state = from->state;
	to->metrics = from->metrics;
	to->user = from->user;
	to->rekey_s = from->rekey_s;
	from->control = NULL;
	from->state = NULL;
	from->metrics = NULL;
	from->user = NULL;
}

static int reload(struct daemon *d, struct themis_diag *diag)
{
	struct config new = { 0 };
	unsigned int left_out = 0;
	int err;

	err = config_read(&new, d->config_path, diag);
	/* There was none, and there is none. */
	if (err == -ENOENT && !d->config_named && !d->config_found) {
		config_free(&new);
		return 0;
	}
	if (!err)
		err = config_apply(d, d->config, &new, &left_out, diag);
	if (err) {
		config_free(&new);
		return err;
	}
	keep_daemon(&new, d->config);
	config_free(d->config);
	*d->config = new;
	d->config_found = true;
	directory_follow(d);
	if (left_out)
		log_error("Error: %u parts of the configuration are not in force. See above.",
			  left_out);
	return 0;
}

void config_reload(struct daemon *d)
{
	struct themis_diag diag;

	log_info("reading \"%s\" again", d->config_path);
	notify_reloading();
	if (reload(d, &diag)) {
		log_diag(LOG_LEVEL_ERROR, &diag);
		log_error("Error: the configuration stays as it was. Mend it, then reload.");
	} else {
		log_info("configuration read: %u nodes, %u peers", d->nnodes,
			 d->npeers);
	}
	notify_ready();
}
