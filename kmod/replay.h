/* SPDX-License-Identifier: GPL-2.0 */
/* The replay window: which sequences have been seen under a key. Pure. */
#ifndef THEMIS_REPLAY_H
#define THEMIS_REPLAY_H

#include "pure.h"

#define THEMIS_REPLAY_BITS	1024
#define THEMIS_REPLAY_WORDS	(THEMIS_REPLAY_BITS / 64)

/*
 * RFC 6479 gives one word of the bitmap away so that sliding clears whole
 * words: a sequence this far behind the greatest is still told apart.
 */
#define THEMIS_REPLAY_WINDOW	(THEMIS_REPLAY_BITS - 64)

/**
 * struct themis_replay - an anti-replay bitmap after RFC 6479
 * @greatest: greatest sequence accepted; 0 at first, no packet has sequence 0
 * @bits: one bit for each of the last THEMIS_REPLAY_BITS sequences, as a ring
 *
 * All zero is a fresh window. The caller serialises themis_replay_update();
 * themis_replay_check() may race with it and is then only a hint.
 */
struct themis_replay {
	u64	greatest;
	u64	bits[THEMIS_REPLAY_WORDS];
};

bool themis_replay_check(const struct themis_replay *replay, u64 seq);
bool themis_replay_update(struct themis_replay *replay, u64 seq);

#endif /* THEMIS_REPLAY_H */
