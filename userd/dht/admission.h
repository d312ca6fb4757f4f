/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who may be in a network: proofs of work, and admissions by its key.
 */
#ifndef THEMIS_DHT_ADMISSION_H
#define THEMIS_DHT_ADMISSION_H

#include <stddef.h>
#include <stdint.h>

#include "id.h"

#define DHT_ADMISSION_TEXT	(20 + 1 + THEMIS_NETID_MAX + 32 + 8)

unsigned int dht_work_bits(const uint8_t *netid, size_t netid_len,
			   const struct themis_id *id, uint64_t work);
int dht_work_find(const uint8_t *netid, size_t netid_len,
		  const struct themis_id *id, unsigned int bits, uint64_t from,
		  uint64_t tries, uint64_t *work);
size_t dht_admission_text(const uint8_t *netid, size_t netid_len,
			  const struct themis_id *id, uint64_t until,
			  uint8_t *b);

#endif /* THEMIS_DHT_ADMISSION_H */
