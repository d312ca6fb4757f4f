// SPDX-License-Identifier: GPL-2.0
/*
 * The configuration file: userd/config.c, over inih.
 */
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char path[SCRATCH_ROOM];
	struct themis_diag diag = { 0 };
	struct config config;
	size_t i;
	int err;

	if (!*path) {
		scratch_path(path, "themisd.conf");
		scratch_quiet();
	}
	scratch_put(path, data, size);
	err = config_read(&config, path, &diag);
	if (err && !*diag.what)
		abort();
	/* What is said to be whole is. */
	for (i = 0; !err && i < config.nnodes; i++)
		if (!config.nodes[i].key || !config.nodes[i].netid ||
		    !config.nodes[i].link)
			abort();
	for (i = 0; !err && i < config.npeers; i++)
		if (!config.peers[i].has_id)
			abort();
	config_free(&config);
	return 0;
}
