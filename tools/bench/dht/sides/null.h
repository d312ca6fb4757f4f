/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the linker puts before themis_nl_key_new(), by --wrap.
 */
#ifndef THEMIS_BENCH_DHT_NULL_H
#define THEMIS_BENCH_DHT_NULL_H

#include "nl.h"

int __real_themis_nl_key_new(struct themis_nl *nl, const struct themis_id *node,
			     const struct themis_id *peer,
			     const struct themis_nl_key *key);
int __wrap_themis_nl_key_new(struct themis_nl *nl, const struct themis_id *node,
			     const struct themis_id *peer,
			     const struct themis_nl_key *key);

#endif /* THEMIS_BENCH_DHT_NULL_H */
