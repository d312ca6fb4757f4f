// SPDX-License-Identifier: GPL-2.0
/*
 * The stored state: userd/statefile.c. The input is the state file and, behind
 * a first byte 0xff on a line of its own, the log beside it.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scratch.h"
#include "statefile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char path[SCRATCH_ROOM], log[SCRATCH_ROOM];
	const uint8_t *split = memchr(data, 0xff, size);
	struct themis_diag diag = { 0 };
	struct daemon d = {
		.state_path = path,
		.state_lock_fd = -1,
		.state_log_fd = -1,
		.loading = true,
	};
	static size_t last;
	size_t rest, first = split ? (size_t)(split - data) : size;

	if (!*path) {
		scratch_path(path, "state");
		scratch_path(log, "state.log");
		/* An entry which cannot be brought back is an error here. */
		scratch_quiet();
	}
	scratch_put(path, data, first);
	rest = split ? size - first - 1 : 0;
	if (rest || last)
		scratch_put(log, data + size - rest, rest);
	last = rest;
	if (statefile_load(&d, &diag) && !*diag.what)
		abort();
	if (d.nnodes || d.npeers)
		abort();
	if (d.state_log_fd >= 0)
		close(d.state_log_fd);
	json_decref(d.orphans);
	return 0;
}
