// SPDX-License-Identifier: GPL-2.0
/*
 * Files that a fuzz target fills.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "scratch.h"

#define TEMPLATE	"/dev/shm/themis-fuzz-XXXXXX"

static char dir[sizeof(TEMPLATE)];
static pid_t owner;

static void clean(void)
{
	char path[sizeof(dir) + 256];
	struct dirent *entry;
	DIR *open;

	if (getpid() != owner)
		return;
	open = opendir(dir);
	while (open && (entry = readdir(open))) {
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		unlink(path);
	}
	if (open)
		closedir(open);
	rmdir(dir);
}

void scratch_path(char path[SCRATCH_ROOM], const char *name)
{
	int fd;

	if (!owner) {
		memcpy(dir, TEMPLATE, sizeof(dir));
		if (!mkdtemp(dir))
			abort();
		owner = getpid();
		atexit(clean);
	}
	snprintf(path, SCRATCH_ROOM, "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		abort();
	close(fd);
}

void scratch_put(const char *path, const uint8_t *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0 || write(fd, data, len) != (ssize_t)len)
		abort();
	close(fd);
}

void scratch_quiet(void)
{
	log_init(LOG_LEVEL_ERROR);
}
