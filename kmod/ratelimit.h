/* SPDX-License-Identifier: GPL-2.0 */
/* How often one address may knock. Pure. */
#ifndef THEMIS_RATELIMIT_H
#define THEMIS_RATELIMIT_H

#include "pure.h"

#define THEMIS_RATE_BUCKETS	1024
#define THEMIS_RATE_PER_SECOND	20
#define THEMIS_RATE_BURST	5

/**
 * struct themis_bucket - the tokens of one source
 * @source: which source, as a keyed hash
 * @last: when @tokens was true, ns
 * @tokens: in nanoseconds: one packet costs a second / THEMIS_RATE_PER_SECOND
 */
struct themis_bucket {
	u64	source;
	u64	last;
	u64	tokens;
};

/**
 * struct themis_ratelimit - token buckets of many sources in bounded memory
 * @bucket: a direct-mapped table; a new source takes the place of an old one
 *
 * A source that loses its place starts again with a full bucket, so a flood
 * from many addresses can make the limit lax and never makes it strict for a
 * newcomer. The caller serialises. All zero is an empty table.
 */
struct themis_ratelimit {
	struct themis_bucket	bucket[THEMIS_RATE_BUCKETS];
};

bool themis_ratelimit_allow(struct themis_ratelimit *limit, u64 source,
			    u64 now);

#endif /* THEMIS_RATELIMIT_H */
