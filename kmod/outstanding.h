/* SPDX-License-Identifier: GPL-2.0 */
/* Commands that wait for their responses. Pure. */
#ifndef THEMIS_OUTSTANDING_H
#define THEMIS_OUTSTANDING_H

#include "pure.h"

/**
 * struct themis_command - a command that waits for its response
 * @session: number of the session that it was sent in; 0 for an empty place
 * @seq: its sequence there
 * @tag: what the sender called it
 * @deadline: until when it waits, ns
 */
struct themis_command {
	u64	session;
	u64	seq;
	u64	tag;
	u64	deadline;
};

/**
 * struct themis_outstanding - the commands of one socket
 * @place: an open-addressed table of @mask + 1 places
 * @mask: a power of two less one; at least 2 * @max - 1
 * @count: places in use
 * @max: places that may be in use
 *
 * The owner provides @place, zeroed, and serialises.
 */
struct themis_outstanding {
	struct themis_command	*place;
	u32			mask;
	u32			count;
	u32			max;
};

int themis_outstanding_add(struct themis_outstanding *out, u64 session,
			   u64 seq, u64 tag, u64 deadline, u64 now);
bool themis_outstanding_take(struct themis_outstanding *out, u64 session,
			     u64 seq, u64 now, u64 *tag);

#endif /* THEMIS_OUTSTANDING_H */
