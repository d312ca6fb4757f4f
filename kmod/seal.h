/* SPDX-License-Identifier: GPL-2.0 */
/* Sealing and opening: one AEAD call for one packet. */
#ifndef THEMIS_SEAL_H
#define THEMIS_SEAL_H

#include <linux/types.h>

struct sk_buff;
struct themis_key;

int themis_seal(struct sk_buff *skb, const struct themis_key *key, u64 seq);
int themis_open(struct sk_buff **pskb, const struct themis_key *key);

#endif /* THEMIS_SEAL_H */
