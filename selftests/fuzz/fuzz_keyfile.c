// SPDX-License-Identifier: GPL-2.0
/*
 * Key files, and files of pre-shared keys: tools/lib/keyfile.c.
 */
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "keyfile.h"
#include "scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is refused leaves nothing of itself behind; what is taken is told. */
static void check(int err, const uint8_t secret[32],
		  const struct themis_diag *diag)
{
	if (err && (!sodium_is_zero(secret, 32) || !*diag->what ||
		    strlen(diag->what) >= sizeof(diag->what)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char path[SCRATCH_ROOM];
	struct themis_diag diag = { 0 };
	uint8_t secret[32];

	if (!*path)
		scratch_path(path, "key");
	scratch_put(path, data, size);
	check(themis_keyfile_load(path, secret, &diag), secret, &diag);
	memset(&diag, 0, sizeof(diag));
	check(themis_pskfile_load(path, secret, &diag), secret, &diag);
	return 0;
}
