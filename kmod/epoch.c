// SPDX-License-Identifier: GPL-2.0
/* The life of a key: how long and how often it may be used. Pure. */
#include <linux/themis.h>

#include "epoch.h"

#define NS_PER_MS	1000000ULL

/**
 * themis_epoch_init() - set a new key's limits
 * @epoch: to be filled
 * @now: ns
 * @soft_ms: age of the soft limit, 0 for the default, at most the default
 * @hard_ms: the same for the hard limit
 * @soft_count: packets of the soft limit, 0 for the default, at most the
 *	default
 * @hard_count: the same for the hard limit
 *
 * A limit can be lowered and never raised: the kernel keeps its own whatever
 * the daemon asks. A soft limit beyond the hard one is allowed and means none.
 *
 * Return: 0, or -ERANGE if a limit lies above the default.
 */
int themis_epoch_init(struct themis_epoch *epoch, u64 now, u64 soft_ms,
		      u64 hard_ms, u64 soft_count, u64 hard_count)
{
	if (soft_ms > THEMIS_KEY_HARD_MS || hard_ms > THEMIS_KEY_HARD_MS ||
	    soft_count > THEMIS_KEY_SOFT_COUNT ||
	    hard_count > THEMIS_KEY_HARD_COUNT)
		return -ERANGE;

	epoch->born = now;
	epoch->soft_ns = (soft_ms ? soft_ms : THEMIS_KEY_SOFT_MS) * NS_PER_MS;
	epoch->hard_ns = (hard_ms ? hard_ms : THEMIS_KEY_HARD_MS) * NS_PER_MS;
	epoch->soft_count = soft_count ? soft_count : THEMIS_KEY_SOFT_COUNT;
	epoch->hard_count = hard_count ? hard_count : THEMIS_KEY_HARD_COUNT;

	return 0;
}

/**
 * themis_epoch_slot() - where a new key goes
 * @flags: THEMIS_KEY_F_*
 * @usable: the session has a key that can be sent on
 *
 * While an older key can still be used nobody sends on the new one before the
 * peer has proven it (Documentation/protocol.rst, "Rekey"); without one the
 * initiator may send at once, since there is nothing to lose ("First key").
 *
 * Return: THEMIS_SLOT_CURRENT or THEMIS_SLOT_NEXT.
 */
u8 themis_epoch_slot(u32 flags, bool usable)
{
	if (flags & THEMIS_KEY_F_CONFIRMED)
		return THEMIS_SLOT_CURRENT;
	if (flags & THEMIS_KEY_F_SEND && !usable)
		return THEMIS_SLOT_CURRENT;

	return THEMIS_SLOT_NEXT;
}
