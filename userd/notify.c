// SPDX-License-Identifier: GPL-2.0
/*
 * The service manager.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "notify.h"

static struct {
	int			fd;
	struct sockaddr_un	to;
	socklen_t		len;
	ev_timer		watchdog;
	bool			watched;
} notify = { .fd = -1 };

static void say(const char *text)
{
	if (notify.fd < 0)
		return;
	/* A manager that does not listen is no reason to stop. */
	if (sendto(notify.fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT,
		   (struct sockaddr *)&notify.to, notify.len) < 0)
		log_debug("cannot tell the service manager: %m");
}

void notify_ready(void)
{
	say("READY=1");
}

void notify_reloading(void)
{
	unsigned long long us;
	struct timespec ts;
	char text[80];

	clock_gettime(CLOCK_MONOTONIC, &ts);
	us = (unsigned long long)ts.tv_sec * 1000000 +
	     (unsigned long long)ts.tv_nsec / 1000;
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%llu", us);
	say(text);
}

void notify_stopping(void)
{
	say("STOPPING=1");
}

static void on_watchdog(struct ev_loop *loop, ev_timer *w, int revents)
{
	say("WATCHDOG=1");
}

/* Half the time that the manager gives; 0: it does not watch. */
static double watchdog_interval(void)
{
	const char *us = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	unsigned long long n;

	if (!us || (pid && strtoull(pid, NULL, 10) !=
			   (unsigned long long)getpid()))
		return 0;
	n = strtoull(us, NULL, 10);
	return n ? (double)n / 2e6 : 0;
}

void notify_start(struct ev_loop *loop)
{
	const char *path = getenv("NOTIFY_SOCKET");
	double interval = watchdog_interval();
	size_t len = path ? strlen(path) : 0;

	notify.watched = false;
	/* A path, or with an @ in front an abstract address. */
	if (len > 1 && len < sizeof(notify.to.sun_path) &&
	    (*path == '/' || *path == '@')) {
		memset(&notify.to, 0, sizeof(notify.to));
		notify.to.sun_family = AF_UNIX;
		memcpy(notify.to.sun_path, path, len);
		if (*path == '@')
			notify.to.sun_path[0] = '\0';
		notify.len = (socklen_t)(offsetof(struct sockaddr_un,
						  sun_path) + len);
		notify.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	}
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	if (notify.fd < 0 || !interval)
		return;
	notify.watched = true;
	ev_timer_init(&notify.watchdog, on_watchdog, interval, interval);
	ev_timer_start(loop, &notify.watchdog);
}

void notify_stop(struct ev_loop *loop)
{
	if (notify.watched)
		ev_timer_stop(loop, &notify.watchdog);
	notify.watched = false;
	if (notify.fd >= 0)
		close(notify.fd);
	notify.fd = -1;
}
