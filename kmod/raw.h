/* SPDX-License-Identifier: GPL-2.0 */
/* SOCK_RAW: the daemon's door for the packets of the key agreement. */
#ifndef THEMIS_RAW_H
#define THEMIS_RAW_H

struct sk_buff;
struct sock;
struct themis_link;

void themis_raw_receive(struct themis_link *link, struct sk_buff *skb);
void themis_raw_unbind(struct sock *sk, int error);

#endif /* THEMIS_RAW_H */
