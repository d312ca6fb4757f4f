// SPDX-License-Identifier: GPL-2.0
/*
 * Files that must survive a crash.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "file.h"

#define PATH_ROOM	4096

static int write_all(int fd, const char *data, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

int themis_file_finish(int fd, const void *data, size_t len)
{
	int err;

	err = write_all(fd, data, len);
	if (!err && fsync(fd))
		err = -errno;
	if (close(fd) && !err)
		err = -errno;
	return err;
}

int themis_file_append(int fd, const void *data, size_t len)
{
	int err;

	err = write_all(fd, data, len);
	if (!err && fdatasync(fd))
		err = -errno;
	return err;
}

int themis_file_sync_dir(const char *path)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_ROOM] = ".";
	int fd, err = 0;

	if (slash && (size_t)(slash - path) + 2 > sizeof(dir))
		return -ENAMETOOLONG;
	if (slash)
		snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path) + 1,
			 path);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fsync(fd) && errno != EINVAL)
		err = -errno;
	close(fd);
	return err;
}
