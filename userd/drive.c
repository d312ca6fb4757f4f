// SPDX-License-Identifier: GPL-2.0
/*
 * The owner of the protocol core.
 */
#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "addr.h"
#include "directory.h"
#include "drive.h"
#include "link.h"
#include "log.h"
#include "resolve.h"
#include "tell.h"

uint64_t daemon_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

void daemon_stop(struct daemon *d, int exit_code)
{
	d->exit_code = exit_code;
	ev_break(d->loop, EVBREAK_ALL);
}

static void fill_random(void *ctx, void *buf, size_t len)
{
	randombytes_buf(buf, len);
}

static int install_key(struct daemon *d, const struct themis_action *act)
{
	struct themis_nl_key key = {
		.local_index = act->key.local_index,
		.remote_index = act->key.remote_index,
		.suite = THEMIS_SUITE_CHACHA20POLY1305,
		.flags = act->key.flags,
		.soft_ms = act->key.soft_ms,
		.hard_ms = act->key.hard_ms,
	};
	int err;

	memcpy(key.tx, act->key.tx, sizeof(key.tx));
	memcpy(key.rx, act->key.rx, sizeof(key.rx));
	err = themis_nl_key_new(d->nl, &act->node, &act->peer, &key);
	sodium_memzero(&key, sizeof(key));
	return err;
}

/* One action; 0 or what the core is to know of its failure. */
static int carry_out(struct daemon *d, const struct themis_action *act)
{
	char pair[160], to[THEMIS_ENDPOINT_TEXT];
	const char *what = "";
	int err = 0;

	switch (act->type) {
	case THEMIS_ACT_SEND:
		err = link_send(d, act->link, &act->to, act->packet, act->len);
		if (err)
			log_debug("cannot send to %s: %s",
				  themis_endpoint_format(&act->to, to),
				  strerror(-err));
		return err;
	case THEMIS_ACT_SESSION:
		what = "make the session";
		err = themis_nl_session_new(d->nl, &act->node, &act->peer,
					    &act->to);
		break;
	case THEMIS_ACT_KEY:
		what = "install a key";
		err = install_key(d, act);
		break;
	case THEMIS_ACT_CONFIRM:
		what = "confirm a key";
		err = themis_nl_key_confirm(d->nl, &act->node, &act->peer,
					    act->key.local_index);
		break;
	case THEMIS_ACT_KEY_DEL:
		what = "remove a key";
		err = themis_nl_key_del(d->nl, &act->node, &act->peer,
					act->key.local_index);
		/* It has gone by itself, which is as well. */
		if (err == -ENOENT)
			err = 0;
		break;
	case THEMIS_ACT_FAIL:
		what = "fail what waits";
		err = themis_nl_acquire_fail(d->nl, &act->node, &act->peer,
					     EHOSTUNREACH);
		/* Nothing waits: the agreement was not the kernel's wish. */
		if (err == -ENOENT)
			err = 0;
		break;
	case THEMIS_ACT_SESSION_DEL:
		what = "end the session";
		err = themis_nl_session_del(d->nl, &act->node, &act->peer);
		if (err == -ENOENT)
			err = 0;
		break;
	case THEMIS_ACT_REKEYED:
		tell_rekeyed(d, act);
		return 0;
	case THEMIS_ACT_REFUSED:
		tell_refused(d, act);
		return 0;
	case THEMIS_ACT_STATE:
		tell_state(d, act);
		/* A name may mean another place by now. */
		if (act->why || act->state == THEMIS_PEER_HANDSHAKING)
			resolve_again(d, &act->node, &act->peer);
		directory_state(d, act);
		return 0;
	}
	if (err) {
		tell_pair(d, &act->node, &act->peer, pair, sizeof(pair));
		log_warn("%s: cannot %s: %s%s%s", pair, what, strerror(-err),
			 *themis_nl_error(d->nl) ? ": " : "",
			 themis_nl_error(d->nl));
	}
	return err;
}

static void set_timer(struct daemon *d)
{
	uint64_t deadline = themis_core_deadline(d->core);
	struct itimerspec its = { 0 };

	if (deadline == d->core_deadline)
		return;
	d->core_deadline = deadline;
	if (deadline != UINT64_MAX) {
		its.it_value.tv_sec = (time_t)(deadline / 1000000);
		/* All zero would be never. */
		its.it_value.tv_nsec = (long)(deadline % 1000000) * 1000 + 1;
	}
	if (timerfd_settime(d->core_timer_fd, TFD_TIMER_ABSTIME, &its, NULL)) {
		log_error("Error: cannot set the timer: %m.");
		daemon_stop(d, THEMISD_EXIT_KERNEL);
	}
}

void drive(struct daemon *d)
{
	struct themis_action *act;
	int err;

	while ((act = themis_core_action(d->core))) {
		err = carry_out(d, act);
		if (err)
			themis_core_refused(d->core, daemon_now(), act, -err);
		themis_core_action_done(d->core, act);
	}
	set_timer(d);
}

static void on_timer(struct ev_loop *loop, ev_io *w, int revents)
{
	struct daemon *d = w->data;
	uint64_t expirations;

	if (read(d->core_timer_fd, &expirations, sizeof(expirations)) < 0)
		return;
	d->core_deadline = UINT64_MAX;
	themis_core_timer(d->core, daemon_now());
	drive(d);
}

int drive_start(struct daemon *d)
{
	const struct themis_core_config config = {
		.random = fill_random,
		.max_peers = THEMISD_PEERS_MAX,
		.max_pending = THEMISD_PENDING_MAX,
		.soft_ms = d->rekey_ms,
		.hard_ms = d->rekey_ms + d->rekey_ms / 2,
	};
	int err;

	d->core = themis_core_new(&config);
	if (!d->core)
		return -ENOMEM;
	/* Time asleep counts, as it does for the keys. */
	d->core_timer_fd = timerfd_create(CLOCK_BOOTTIME,
					  TFD_NONBLOCK | TFD_CLOEXEC);
	if (d->core_timer_fd < 0) {
		err = -errno;
		themis_core_free(d->core);
		d->core = NULL;
		return err;
	}
	d->core_deadline = UINT64_MAX;
	ev_io_init(&d->core_timer, on_timer, d->core_timer_fd, EV_READ);
	d->core_timer.data = d;
	ev_io_start(d->loop, &d->core_timer);
	return 0;
}

void drive_stop(struct daemon *d)
{
	ev_io_stop(d->loop, &d->core_timer);
	close(d->core_timer_fd);
	themis_core_free(d->core);
	d->core = NULL;
}
