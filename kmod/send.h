/* SPDX-License-Identifier: GPL-2.0 */
/* Sending: from a message to a sealed packet on its way. */
#ifndef THEMIS_SEND_H
#define THEMIS_SEND_H

#include <linux/types.h>

struct sk_buff;
struct sock;
struct themis_session;
struct themis_sock;
struct iov_iter;

size_t themis_send_room(struct themis_sock *sock, const u8 *peer,
			bool connected, size_t len);
struct sk_buff *themis_send_alloc(struct sock *sk, u8 kind, size_t len,
				  size_t room, int noblock, int *err);
int themis_send(struct themis_sock *sock, const u8 *peer, bool connected,
		struct sk_buff *skb);
void themis_send_waiting(struct themis_session *session);
void themis_send_keepalive(struct themis_session *session);
void themis_send_notice(struct themis_session *session, __be16 source,
			__be16 dest);

#endif /* THEMIS_SEND_H */
