// SPDX-License-Identifier: GPL-2.0
/* ChaCha20-Poly1305 with the kernel's own library. */
#include <crypto/chacha20poly1305.h>

#include "cipher.h"

const u8 themis_cipher_suite = THEMIS_SUITE_CHACHA20POLY1305;

/**
 * themis_cipher_begin() - the module is being loaded
 */
void themis_cipher_begin(void)
{
}

/**
 * themis_cipher_seal() - seal in place
 * @data: @len bytes, and THEMIS_TAG_LEN bytes of room behind them
 * @len: bytes to seal
 * @packet: the header, additional data
 * @seq: the nonce
 * @key: THEMIS_KEY_LEN bytes
 *
 * Context: any.
 */
void themis_cipher_seal(u8 *data, size_t len,
			const struct themis_packet *packet, u64 seq,
			const u8 *key)
{
	chacha20poly1305_encrypt(data, data, len, (const u8 *)packet,
				 sizeof(*packet), seq, key);
}

/**
 * themis_cipher_seal_sg() - the same for a scatter list
 * @sg: @len bytes and room for the tag
 * @len: bytes to seal
 * @packet: the header
 * @seq: the nonce
 * @key: THEMIS_KEY_LEN bytes
 *
 * Context: any.
 */
void themis_cipher_seal_sg(struct scatterlist *sg, size_t len,
			   const struct themis_packet *packet, u64 seq,
			   const u8 *key)
{
	chacha20poly1305_encrypt_sg_inplace(sg, len, (const u8 *)packet,
					    sizeof(*packet), seq, key);
}

/**
 * themis_cipher_open() - open in place
 * @data: @len bytes, the last THEMIS_TAG_LEN of them the tag
 * @len: bytes, tag included
 * @packet: the header
 * @seq: the nonce
 * @key: THEMIS_KEY_LEN bytes
 *
 * Context: any.
 * Return: true if it is authentic.
 */
bool themis_cipher_open(u8 *data, size_t len,
			const struct themis_packet *packet, u64 seq,
			const u8 *key)
{
	return chacha20poly1305_decrypt(data, data, len, (const u8 *)packet,
					sizeof(*packet), seq, key);
}

/**
 * themis_cipher_open_sg() - the same for a scatter list
 * @sg: @len bytes
 * @len: bytes, tag included
 * @packet: the header
 * @seq: the nonce
 * @key: THEMIS_KEY_LEN bytes
 *
 * Context: any.
 * Return: true if it is authentic.
 */
bool themis_cipher_open_sg(struct scatterlist *sg, size_t len,
			   const struct themis_packet *packet, u64 seq,
			   const u8 *key)
{
	return chacha20poly1305_decrypt_sg_inplace(sg, len,
						   (const u8 *)packet,
						   sizeof(*packet), seq, key);
}
