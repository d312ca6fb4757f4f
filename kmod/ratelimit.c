// SPDX-License-Identifier: GPL-2.0
/* How often one address may knock. Pure. */
#include "ratelimit.h"

#define COST	(1000000000ULL / THEMIS_RATE_PER_SECOND)
#define FULL	(COST * THEMIS_RATE_BURST)

/**
 * themis_ratelimit_allow() - take one token of a source
 * @limit: the table
 * @source: keyed hash of the source's address, not zero
 * @now: ns, never going back
 *
 * Return: false if the source has none left.
 */
bool themis_ratelimit_allow(struct themis_ratelimit *limit, u64 source,
			    u64 now)
{
	struct themis_bucket *bucket;
	u64 gained;

	bucket = &limit->bucket[source % THEMIS_RATE_BUCKETS];
	if (bucket->source != source) {
		bucket->source = source;
		bucket->last = now;
		bucket->tokens = FULL;
	}

	gained = now - bucket->last;
	bucket->last = now;
	if (gained >= FULL - bucket->tokens)
		bucket->tokens = FULL;
	else
		bucket->tokens += gained;

	if (bucket->tokens < COST)
		return false;
	bucket->tokens -= COST;

	return true;
}
