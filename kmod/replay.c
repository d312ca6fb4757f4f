// SPDX-License-Identifier: GPL-2.0
/* The replay window: which sequences have been seen under a key. Pure. */
#include "replay.h"

/**
 * themis_replay_check() - could a packet with this sequence be accepted?
 * @replay: the window
 * @seq: sequence of the packet
 *
 * Cheap, and taken before the packet is opened: what is refused here costs no
 * cryptography.
 *
 * Return: false if @seq is zero, was seen, or lies behind the window.
 */
bool themis_replay_check(const struct themis_replay *replay, u64 seq)
{
	u64 greatest = replay->greatest;

	if (!seq)
		return false;
	if (seq > greatest)
		return true;
	if (greatest - seq >= THEMIS_REPLAY_WINDOW)
		return false;

	return !(replay->bits[(seq / 64) % THEMIS_REPLAY_WORDS] &
		 (1ULL << (seq % 64)));
}

/**
 * themis_replay_update() - accept a sequence, once
 * @replay: the window
 * @seq: sequence of a packet that has been opened, so its sender is proven
 *
 * RFC 6479, section 2: a sequence ahead of the window slides it by whole
 * words, so no bit is ever shifted.
 *
 * Return: false, and nothing changed, if themis_replay_check() would refuse.
 */
bool themis_replay_update(struct themis_replay *replay, u64 seq)
{
	u64 word, greatest, steps, i;

	if (!themis_replay_check(replay, seq))
		return false;

	word = seq / 64;
	greatest = replay->greatest / 64;
	if (seq > replay->greatest) {
		steps = word - greatest;
		if (steps > THEMIS_REPLAY_WORDS)
			steps = THEMIS_REPLAY_WORDS;
		for (i = 1; i <= steps; i++)
			replay->bits[(greatest + i) % THEMIS_REPLAY_WORDS] = 0;
		replay->greatest = seq;
	}
	replay->bits[word % THEMIS_REPLAY_WORDS] |= 1ULL << (seq % 64);

	return true;
}
