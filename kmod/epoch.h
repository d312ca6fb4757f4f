/* SPDX-License-Identifier: GPL-2.0 */
/* The life of a key: how long and how often it may be used. Pure. */
#ifndef THEMIS_EPOCH_H
#define THEMIS_EPOCH_H

#include "pure.h"

/**
 * struct themis_epoch - the limits of one key
 * @born: when it was installed, ns
 * @soft_ns: age at which its replacement is due, ns
 * @hard_ns: age at which it is dead for sending and receiving, ns
 * @soft_count: packets sent at which its replacement is due
 * @hard_count: greatest sequence that may be sent
 *
 * Times are of one monotonic clock that counts through suspend.
 */
struct themis_epoch {
	u64	born;
	u64	soft_ns;
	u64	hard_ns;
	u64	soft_count;
	u64	hard_count;
};

int themis_epoch_init(struct themis_epoch *epoch, u64 now, u64 soft_ms,
		      u64 hard_ms, u64 soft_count, u64 hard_count);
u8 themis_epoch_slot(u32 flags, bool usable);

/**
 * themis_epoch_expired() - is the key too old for anything?
 * @epoch: its limits
 * @now: ns
 */
static inline bool themis_epoch_expired(const struct themis_epoch *epoch,
					u64 now)
{
	return now - epoch->born >= epoch->hard_ns;
}

/**
 * themis_epoch_spent() - may this sequence no longer be sent?
 * @epoch: its limits
 * @seq: the sequence that would be sent
 */
static inline bool themis_epoch_spent(const struct themis_epoch *epoch, u64 seq)
{
	return seq > epoch->hard_count;
}

/**
 * themis_epoch_due() - is a new key due?
 * @epoch: its limits
 * @now: ns
 * @seq: the last sequence sent
 */
static inline bool themis_epoch_due(const struct themis_epoch *epoch, u64 now,
				    u64 seq)
{
	return now - epoch->born >= epoch->soft_ns || seq >= epoch->soft_count;
}

#endif /* THEMIS_EPOCH_H */
