/* SPDX-License-Identifier: GPL-2.0 */
/* Segments: a sealed packet that is too long for IP, cut into several. */
#ifndef THEMIS_SEGMENT_H
#define THEMIS_SEGMENT_H

#include <linux/types.h>

struct sk_buff;
struct themis_endpoint;
struct themis_key;
struct themis_link;
struct themis_session;
union themis_addr;

size_t themis_segment_size(size_t room);
int themis_segment_xmit(struct themis_link *link, struct sk_buff *skb,
			struct themis_endpoint *endpoint);
struct sk_buff *themis_segment_take(struct themis_session *session,
				    const struct themis_key *key,
				    struct sk_buff *skb,
				    const union themis_addr *from, u64 now);
u64 themis_segment_deadline(const struct themis_session *session);
void themis_segment_drop(struct themis_session *session, u64 now);

#endif /* THEMIS_SEGMENT_H */
