/* SPDX-License-Identifier: GPL-2.0 */
/* Chains: messages longer than the path's MTU, in pieces that fit it. */
#ifndef THEMIS_CHAIN_H
#define THEMIS_CHAIN_H

#include <linux/types.h>

struct sk_buff;
struct sock;

/* A message has at most as many pieces, or goes without a chain. */
#define THEMIS_CHAIN_MAX	64

size_t themis_chain_first(size_t room, size_t before);
size_t themis_chain_piece(size_t room);
bool themis_chain_fits(size_t room, size_t rest);
int themis_chain_grow(struct sock *sk, struct sk_buff *skb, size_t piece,
		      size_t rest);
int themis_chain_own(const struct sk_buff *skb);

#endif /* THEMIS_CHAIN_H */
