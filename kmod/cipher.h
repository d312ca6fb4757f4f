/* SPDX-License-Identifier: GPL-2.0 */
/* The cipher of a suite: cipher.c, or cipher_null.c in its place. */
#ifndef THEMIS_CIPHER_H
#define THEMIS_CIPHER_H

#include <linux/types.h>

#include "packet.h"

struct scatterlist;

/* Which suite the module has: THEMIS_SUITE_*. */
extern const u8 themis_cipher_suite;

void themis_cipher_begin(void);
void themis_cipher_seal(u8 *data, size_t len,
			const struct themis_packet *packet, u64 seq,
			const u8 *key);
void themis_cipher_seal_sg(struct scatterlist *sg, size_t len,
			   const struct themis_packet *packet, u64 seq,
			   const u8 *key);
bool themis_cipher_open(u8 *data, size_t len,
			const struct themis_packet *packet, u64 seq,
			const u8 *key);
bool themis_cipher_open_sg(struct scatterlist *sg, size_t len,
			   const struct themis_packet *packet, u64 seq,
			   const u8 *key);

#endif /* THEMIS_CIPHER_H */
