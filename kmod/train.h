/* SPDX-License-Identifier: GPL-2.0 */
/* Trains: segments that come as one packet, as they were sent. */
#ifndef THEMIS_TRAIN_H
#define THEMIS_TRAIN_H

#include <linux/types.h>

struct sk_buff;
struct themis_net;

int themis_train_watch(struct themis_net *tn);
void themis_train_unwatch(struct themis_net *tn);
unsigned int themis_train_count(const struct sk_buff *skb, size_t head);
bool themis_train_own(const struct sk_buff *skb);
struct sk_buff *themis_train_divide(struct sk_buff *skb);

#endif /* THEMIS_TRAIN_H */
