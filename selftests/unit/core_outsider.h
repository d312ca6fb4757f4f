/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Strangers: identities that are no machine of the world, for messages that
 * are made up.
 */
#ifndef CORE_OUTSIDER_H
#define CORE_OUTSIDER_H

#include "handshake.h"

struct outsider {
	struct themis_self	self;
	uint8_t			key[64];
	uint8_t			secret[32];
	uint64_t		rng;
};

/* The stranger number @n: the same every time. */
void outsider_new(struct outsider *o, uint64_t n);
/* A valid message 1 from it to a node, a new one every time. */
void outsider_init(struct outsider *o, const struct themis_id *to,
		   struct themis_init *init);
/* Signs it anew, after a change, and makes it a probe. */
void outsider_sign(struct outsider *o, const struct themis_id *to,
		   struct themis_init *init);

#endif /* CORE_OUTSIDER_H */
