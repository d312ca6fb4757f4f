/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the directory counts and measures: name in the code, name elsewhere,
 * meaning. The one place for the daemon's answers, its metrics, the tool and the
 * tests.
 */
#ifndef THEMISD_DIRECTORY_COUNT_H
#define THEMISD_DIRECTORY_COUNT_H

#include "dht.h"

/* C: what was done; D: reasons for which a message or operation is dropped. */
#define DIRECTORY_COUNTERS(C, D)					\
	C(RENEWED, "renewed",						\
	  "objects of our own nodes that were stored again")		\
	C(ACQUIRES, "acquires",						\
	  "peers looked for because something waited for a session")	\
	C(ACQUIRED, "acquired", "of these, peers that were found")	\
	D(RX_KIND, "rx-kind",						\
	  "messages that are neither command nor response")		\
	D(RX_PORT, "rx-port", "messages from another port")		\
	D(RX_LONG, "rx-long", "messages that are too long")		\
	D(RX_MALFORMED, "rx-malformed", "messages that cannot be read")	\
	D(TX_FAILED, "tx-failed", "messages that could not be sent")	\
	D(ELSEWHERE, "elsewhere",					\
	  "members told of with an endpoint where they are not")	\
	D(FULL, "full", "messages and operations that found no room")

/* Messages, each way for each operation. */
#define DIRECTORY_WAYS(W)						\
	W(RX_COMMANDS, "rx-commands", "commands received")		\
	W(RX_RESPONSES, "rx-responses", "responses received")		\
	W(TX_COMMANDS, "tx-commands", "commands sent")			\
	W(TX_RESPONSES, "tx-responses", "responses sent")

/* By enum dht_type. */
#define DIRECTORY_OPERATIONS(O)						\
	O(FIND, "find")							\
	O(STORE, "store")						\
	O(JOIN, "join")							\
	O(UPDATE, "update")						\
	O(LEAVE, "leave")

/* How the operations of our nodes ended, by enum dht_outcome. */
#define DIRECTORY_OUTCOMES(O)						\
	O(DONE, "done", "found, stored with quorum, joined or left")	\
	O(NOT_FOUND, "not-found", "nobody has it")			\
	O(NO_QUORUM, "no-quorum", "found or stored, but at too few")	\
	O(NO_ANSWER, "no-answer", "nobody answered")			\
	O(REFUSED, "refused", "by all who were asked")

/*
 * Of each node, from struct dht_status_info: field, name, meaning. G: as it is
 * now; C: counted.
 */
#define DIRECTORY_OF_NODE(G, C)						\
	G(contacts, "neighbours", "members that the node knows")	\
	G(siblings, "siblings", "of these, the nearest that are always kept") \
	G(buckets, "buckets", "distances at which it knows members")	\
	G(size, "size", "nodes of its network, estimated")		\
	G(objects, "objects", "objects that it keeps for the network")	\
	G(object_bytes, "object_bytes", "bytes of these objects")	\
	G(lease, "lease_s", "seconds for which what it says stays true") \
	G(half_life, "half_life_s",					\
	  "seconds in which half of its peers go; 0 if none has gone")	\
	G(window, "window", "finds and stores that may be under way at once") \
	G(queued, "queued", "finds and stores that wait for their turn") \
	C(commands, "answered", "commands of others that it has answered") \
	C(requests, "asked", "commands that it has sent")		\
	C(crowded, "crowded",						\
	  "times that somebody had no place, for others of his address prefix")

/* Of the daemon now. */
#define DIRECTORY_STATES(S)						\
	S(HELD, "held", "messages that wait for a session")		\
	S(WAITS, "waits", "operations that somebody waits for")		\
	S(UNWRITTEN, "unwritten",					\
	  "1 while objects cannot be written to the disk")

#define DIRECTORY_COUNTER(name, text, help) DIRECTORY_N_##name,
enum directory_counter {
	DIRECTORY_COUNTERS(DIRECTORY_COUNTER, DIRECTORY_COUNTER)
	__DIRECTORY_N_MAX,
};

#undef DIRECTORY_COUNTER

#define DIRECTORY_WAY(name, text, help) DIRECTORY_##name,
enum directory_way {
	DIRECTORY_WAYS(DIRECTORY_WAY)
	__DIRECTORY_WAY_MAX,
};

#undef DIRECTORY_WAY

#define DIRECTORY_STATE(name, text, help) DIRECTORY_S_##name,
enum directory_state {
	DIRECTORY_STATES(DIRECTORY_STATE)
	__DIRECTORY_S_MAX,
};

#undef DIRECTORY_STATE

#define DIRECTORY_OUTCOMES_MAX	(DHT_REFUSED + 1)

#endif /* THEMISD_DIRECTORY_COUNT_H */
