/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the directory counts: name in the code, name elsewhere, meaning. The one
 * table for the daemon, the tool and the tests.
 */
#ifndef THEMISD_DIRECTORY_COUNT_H
#define THEMISD_DIRECTORY_COUNT_H

#define DIRECTORY_COUNTERS(C)						\
	C(RX_COMMANDS, "rx-commands", "commands received")		\
	C(RX_RESPONSES, "rx-responses", "responses received")		\
	C(TX_COMMANDS, "tx-commands", "commands sent")			\
	C(TX_RESPONSES, "tx-responses", "responses sent")		\
	C(RX_KIND, "rx-kind",						\
	  "messages that are neither command nor response")		\
	C(RX_PORT, "rx-port", "messages from another port")		\
	C(RX_LONG, "rx-long", "messages that are too long")		\
	C(RX_MALFORMED, "rx-malformed", "messages that cannot be read")	\
	C(TX_FAILED, "tx-failed", "messages that could not be sent")	\
	C(ELSEWHERE, "elsewhere",					\
	  "members told of with an endpoint where they are not")		\
	C(FULL, "full", "messages and operations that found no room")	\
	C(RENEWED, "renewed",						\
	  "objects of our own nodes that were stored again")		\
	C(ACQUIRES, "acquires",						\
	  "peers looked for because something waited for a session")	\
	C(ACQUIRED, "acquired", "of these, peers that were found")

enum directory_counter {
#define DIRECTORY_COUNTER(name, text, help) DIRECTORY_N_##name,
	DIRECTORY_COUNTERS(DIRECTORY_COUNTER)
#undef DIRECTORY_COUNTER
	__DIRECTORY_N_MAX,
};

#endif /* THEMISD_DIRECTORY_COUNT_H */
