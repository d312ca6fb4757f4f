/* SPDX-License-Identifier: GPL-2.0 */
/* Nodes and sessions in the two namespaces, for the paths that need them. */
#ifndef THEMIS_BENCH_SIDE_H
#define THEMIS_BENCH_SIDE_H

#include "nl.h"

#include "bench.h"

#define THEMIS_BENCH_LINK	7000	/* UDP port on both sides */

/**
 * struct themis_side - the module in one of the namespaces
 * @side: which
 * @family: number of the address family
 * @suite: THEMIS_SUITE_* of its keys
 * @nl: netlink there
 */
struct themis_side {
	enum bench_side		side;
	int			family;
	uint8_t			suite;
	struct themis_nl	*nl;
};

int themis_side_open(struct themis_side *ts, enum bench_side side);
int themis_side_new(struct themis_side *ts, enum bench_side side,
		    uint8_t suite);
void themis_side_free(struct themis_side *ts);
int themis_side_node(struct themis_side *ts, struct themis_id *id);
int themis_side_join(struct themis_side *a, const struct themis_id *ida,
		     struct themis_side *b, const struct themis_id *idb,
		     uint32_t index);
int themis_side_socket(struct themis_side *ts, const struct themis_id *id);
void themis_side_addr(struct themis_side *ts, struct sockaddr_themis *addr,
		      const struct themis_id *id);

#endif /* THEMIS_BENCH_SIDE_H */
