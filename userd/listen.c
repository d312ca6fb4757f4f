// SPDX-License-Identifier: GPL-2.0
/*
 * A listening socket at a path.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "listen.h"
#include "log.h"

#define BACKLOG	16

/* Removes what a daemon that is no more has left; a living one's stays. */
static int clear(const struct sockaddr_un *sun, const char *next,
		 struct themis_diag *diag)
{
	struct stat st;
	int fd, err = 0;

	if (lstat(sun->sun_path, &st))
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return themis_diag_set(diag, -EEXIST, next,
				       "\"%s\" exists and is not a socket",
				       sun->sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return themis_diag_set(diag, -errno, NULL,
				       "cannot open a socket: %m");
	if (!connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) ||
	    errno == EAGAIN)
		err = themis_diag_set(diag, -EADDRINUSE, next,
				      "another themisd listens at \"%s\"",
				      sun->sun_path);
	else if (unlink(sun->sun_path))
		err = themis_diag_set(diag, -errno, next,
				      "cannot replace \"%s\": %m",
				      sun->sun_path);
	close(fd);
	return err;
}

static void make_dir(const char *path)
{
	char dir[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char *slash;

	snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (!slash || slash == dir)
		return;
	*slash = '\0';
	/* If it cannot be, bind() will say so. */
	if (mkdir(dir, 0755) && errno != EEXIST)
		log_debug("cannot make directory \"%s\": %m", dir);
}

int listen_at(const char *path, const char *next, struct themis_diag *diag)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd, err;

	if (!*path || strlen(path) >= sizeof(sun.sun_path))
		return themis_diag_set(diag, -ENAMETOOLONG, next,
				       "\"%.120s\" is too long, or too short, for a socket",
				       path);
	memcpy(sun.sun_path, path, strlen(path));
	make_dir(path);
	err = clear(&sun, next, diag);
	if (err)
		return err;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return themis_diag_set(diag, -errno, NULL,
				       "cannot open a socket: %m");
	if (bind(fd, (struct sockaddr *)&sun, sizeof(sun)) ||
	    chmod(path, 0666) || listen(fd, BACKLOG)) {
		err = themis_diag_set(diag, -errno, next,
				      "cannot listen at \"%s\": %m", path);
		close(fd);
		return err;
	}
	return fd;
}

void listen_end(int fd, const char *path)
{
	close(fd);
	unlink(path);
}
