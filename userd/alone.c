// SPDX-License-Identifier: GPL-2.0
/*
 * One daemon for a network namespace.
 *
 * The mark is a socket with a name outside of the file system: such names are
 * each network namespace's own, and go with whoever holds them. Anybody may
 * take one, so only that of root or of our own user counts.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "alone.h"
#include "log.h"

static const struct sockaddr_un name = {
	.sun_family = AF_UNIX,
	.sun_path = "\0themisd",
};

#define NAME_LEN	(sizeof(sa_family_t) + sizeof("\0themisd") - 1)

/* Who holds the name: 0 and @who, or -ENOENT. */
static int holder(struct ucred *who)
{
	socklen_t len = sizeof(*who);
	int fd, err = 0;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	/* Full is not gone. */
	if (connect(fd, (const struct sockaddr *)&name, NAME_LEN) &&
	    errno != EAGAIN)
		err = -ENOENT;
	else if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, who, &len))
		err = -errno;
	close(fd);
	return err;
}

static int taken(struct daemon *d, struct themis_diag *diag)
{
	struct ucred who = {};

	if (!holder(&who) && who.uid && who.uid != geteuid()) {
		log_warn("process %d of user %u has taken this daemon's name; going on without it",
			 who.pid, who.uid);
		return 0;
	}
	return themis_diag_set(diag, -EBUSY,
			       "Stop it, or start this one in another network namespace.",
			       "another themisd serves this network namespace");
}

int alone_start(struct daemon *d, struct themis_diag *diag)
{
	int err;

	d->alone_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC |
				      SOCK_NONBLOCK, 0);
	if (d->alone_fd < 0)
		return themis_diag_set(diag, -errno, NULL,
				       "cannot open a socket: %m");
	if (!bind(d->alone_fd, (const struct sockaddr *)&name, NAME_LEN) &&
	    !listen(d->alone_fd, 0))
		return 0;
	err = -errno;
	close(d->alone_fd);
	d->alone_fd = -1;
	if (err == -EADDRINUSE)
		return taken(d, diag);
	return themis_diag_set(diag, err, NULL,
			       "cannot take this daemon's name: %s",
			       strerror(-err));
}

void alone_stop(struct daemon *d)
{
	if (d->alone_fd >= 0)
		close(d->alone_fd);
	d->alone_fd = -1;
}
