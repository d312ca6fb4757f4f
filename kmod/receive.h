/* SPDX-License-Identifier: GPL-2.0 */
/* Receiving: from a UDP packet to a message in a socket. */
#ifndef THEMIS_RECEIVE_H
#define THEMIS_RECEIVE_H

struct sk_buff;
struct sock;

int themis_receive(struct sock *sk, struct sk_buff *skb);

#endif /* THEMIS_RECEIVE_H */
