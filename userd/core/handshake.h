/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The key agreement as pure functions: bytes in, bytes out. No state, no time,
 * no random source; what must be random is an argument.
 */
#ifndef THEMIS_HANDSHAKE_H
#define THEMIS_HANDSHAKE_H

#include <stdbool.h>

#include "count.h"
#include "id.h"
#include "wire.h"

/**
 * struct themis_self - a local identity, as the functions here need it
 * @id: the identity
 * @netid: name of its network, padded with zeros
 * @netid_len: length of the name
 * @public_key: Ed25519 public key
 * @secret_key: Ed25519 seed and public key, readable while a function here
 *	that signs is running
 */
struct themis_self {
	struct themis_id	id;
	uint8_t			netid[THEMIS_NETID_MAX];
	uint8_t			netid_len;
	uint8_t			public_key[32];
	const uint8_t		*secret_key;
};

/**
 * struct themis_keys - what an agreement yields. Secret
 * @k1: seals what the initiator sends
 * @k2: seals what the responder sends
 * @confirm: confirm_A, the proof in message 3
 */
struct themis_keys {
	uint8_t	k1[THEMIS_KEY_LEN];
	uint8_t	k2[THEMIS_KEY_LEN];
	uint8_t	confirm[32];
};

/* Message 1. */
void themis_init_build(struct themis_init *init, const struct themis_self *a,
		       const struct themis_id *b, uint32_t index,
		       const uint8_t secret[32], const uint8_t nonce[32]);
enum themis_core_counter themis_init_check(const struct themis_init *init);
bool themis_init_probe(const struct themis_init *init,
		       const struct themis_id *b);
enum themis_core_counter themis_init_sender(const struct themis_init *init,
					    const struct themis_self *b,
					    struct themis_id *a);
enum themis_core_counter themis_init_verify(const struct themis_init *init,
					    const struct themis_self *b);

/* Message 2. */
enum themis_core_counter
themis_resp_build(struct themis_resp *resp, const struct themis_init *init,
		  const struct themis_self *b, const struct themis_id *a,
		  uint32_t index, const uint8_t secret[32],
		  const uint8_t psk[32], struct themis_keys *keys);
enum themis_core_counter themis_resp_check(const struct themis_resp *resp);
enum themis_core_counter themis_resp_sender(const struct themis_resp *resp,
					    const struct themis_self *a,
					    const struct themis_id *b);
enum themis_core_counter
themis_resp_open(const struct themis_resp *resp,
		 const struct themis_init *init, const struct themis_self *a,
		 const struct themis_id *b, const uint8_t secret[32],
		 const uint8_t psk[32], struct themis_keys *keys);

/* Message 3. */
void themis_confirm_build(struct themis_confirm *confirm, uint32_t index,
			  uint32_t peer_index, const struct themis_keys *keys);
enum themis_core_counter
themis_confirm_open(const struct themis_confirm *confirm, uint32_t peer_index,
		    const struct themis_keys *keys);

/* No. */
void themis_refuse_build(struct themis_refuse *refuse,
			 const struct themis_init *init,
			 const struct themis_self *b,
			 enum themis_refusal reason);
enum themis_core_counter
themis_refuse_check(const struct themis_refuse *refuse,
		    const struct themis_self *a, const struct themis_id *b);
enum themis_core_counter
themis_refuse_open(const struct themis_refuse *refuse,
		   const struct themis_init *init, const struct themis_id *b);

/* Cookies. */
void themis_cookie_make(uint8_t cookie[16], const uint8_t secret[32],
			const uint8_t *address, size_t len);
void themis_cookie_build(struct themis_cookie *packet,
			 const struct themis_init *init,
			 const uint8_t cookie[16]);

#endif /* THEMIS_HANDSHAKE_H */
