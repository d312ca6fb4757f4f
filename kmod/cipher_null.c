// SPDX-License-Identifier: GPL-2.0
/*
 * No cipher at all, so that the price of one can be measured: built only with
 * THEMIS_NULL=1, into a module of another name that has a suite of its own and
 * taints the kernel. It does not talk to the real one, and the daemon does not
 * talk to it.
 */
#include <linux/kernel.h>
#include <linux/panic.h>
#include <linux/printk.h>

#include "cipher.h"

const u8 themis_cipher_suite = THEMIS_SUITE_NULL;

void themis_cipher_begin(void)
{
	pr_warn("themis_null: NOTHING IS ENCRYPTED OR AUTHENTICATED. For measurements only.\n");
	add_taint(TAINT_USER, LOCKDEP_STILL_OK);
}

void themis_cipher_seal(u8 *data, size_t len,
			const struct themis_packet *packet, u64 seq,
			const u8 *key)
{
	memset(data + len, 0, THEMIS_TAG_LEN);
}

void themis_cipher_seal_sg(struct scatterlist *sg, size_t len,
			   const struct themis_packet *packet, u64 seq,
			   const u8 *key)
{
}

bool themis_cipher_open(u8 *data, size_t len,
			const struct themis_packet *packet, u64 seq,
			const u8 *key)
{
	return true;
}

bool themis_cipher_open_sg(struct scatterlist *sg, size_t len,
			   const struct themis_packet *packet, u64 seq,
			   const u8 *key)
{
	return true;
}
