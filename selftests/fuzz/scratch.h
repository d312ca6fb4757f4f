/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files that a fuzz target fills and a parser opens by name: in memory, in a
 * directory of the process's own, which goes with it.
 */
#ifndef FUZZ_SCRATCH_H
#define FUZZ_SCRATCH_H

#include <stddef.h>
#include <stdint.h>

#define SCRATCH_ROOM	64	/* bytes of a path */

/* The path of a file of this name, empty, mode 0600. */
void scratch_path(char path[SCRATCH_ROOM], const char *name);
/* Has the file hold just this. */
void scratch_put(const char *path, const uint8_t *data, size_t len);
/* No messages of what is tried: there are millions. */
void scratch_quiet(void);

#endif /* FUZZ_SCRATCH_H */
