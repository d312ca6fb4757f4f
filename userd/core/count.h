/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the core counts: the one table of numbers, names and meanings. A row of
 * the second half is a reason for which a packet or a request came to nothing,
 * and what the functions of handshake.h return.
 */
#ifndef THEMIS_COUNT_H
#define THEMIS_COUNT_H

#define THEMIS_CORE_COUNTERS(C)						\
	C(TX_INIT, "tx-init", "message 1 sent for the first time")	\
	C(TX_INIT_AGAIN, "tx-init-again", "message 1 repeated")		\
	C(TX_RESP, "tx-resp", "message 2 sent for the first time")	\
	C(TX_RESP_AGAIN, "tx-resp-again",				\
	  "message 2 sent again for a message 1 that came again")	\
	C(TX_CONFIRM, "tx-confirm", "message 3 sent for the first time") \
	C(TX_CONFIRM_AGAIN, "tx-confirm-again", "message 3 repeated")	\
	C(TX_REFUSE, "tx-refuse", "message 1 refused, and the reason told") \
	C(TX_COOKIE, "tx-cookie", "proof of an address asked for")	\
	C(RX_INIT, "rx-init", "message 1 accepted")			\
	C(RX_RESP, "rx-resp", "message 2 accepted")			\
	C(RX_CONFIRM, "rx-confirm", "message 3 accepted")		\
	C(RX_COOKIE, "rx-cookie", "proof of our address given")		\
	C(RX_REFUSE, "rx-refuse", "agreement refused by the peer")	\
	C(SIGNATURES, "signatures", "signatures checked")		\
	C(AGREED, "agreed", "keys that both sides have proven")		\
	C(REKEYED, "rekeyed", "of these, keys that replaced an older one") \
	C(BAD_LENGTH, "bad-length",					\
	  "packet of another length than its type has")			\
	C(BAD_TYPE, "bad-type", "packet of unknown type")		\
	C(BAD_ZERO, "bad-zero",						\
	  "packet with a reserved byte set, or an index of zero")	\
	C(BAD_VERSION, "bad-version", "another version of the protocol") \
	C(BAD_SUITE, "bad-suite", "a suite that is not ours")		\
	C(BAD_NETID, "bad-netid",					\
	  "network's name malformed, or not that of the node")		\
	C(BAD_PROBE, "bad-probe",					\
	  "message 1 for a node that is not here")			\
	C(BAD_SELF, "bad-self", "message 1 under our own key")		\
	C(BAD_PEER, "bad-peer", "another node answered than was asked")	\
	C(BAD_SIGNATURE, "bad-signature", "signature not valid")	\
	C(BAD_SHARE, "bad-share", "share of low order")			\
	C(BAD_CONFIRM, "bad-confirm",					\
	  "proof of the key not right: tampering, or another psk")	\
	C(BAD_INDEX, "bad-index",					\
	  "packet for an agreement that is not in progress")		\
	C(LATE, "late",							\
	  "copy of a message that has done its work")			\
	C(YIELD, "yield",						\
	  "message 1 ignored because our own goes first")		\
	C(NOT_ALLOWED, "not-allowed",					\
	  "message 1 of a peer that is denied or not listed")		\
	C(FULL_REFUSALS, "full-refusals",				\
	  "reason not told: too many have been refused just now")	\
	C(NO_ANSWER, "no-answer", "agreements that failed")		\
	C(NO_PROOF, "no-proof",						\
	  "agreements that the peer began and did not finish")		\
	C(EVICTED, "evicted",						\
	  "agreements given up to make room for another")		\
	C(FULL_PENDING, "full-pending",					\
	  "agreement refused: too many are in progress")		\
	C(FULL_PEERS, "full-peers", "peer refused: the table is full")	\
	C(FULL_ACTIONS, "full-actions",					\
	  "input or action lost: the owner does not take actions out")	\
	C(REFUSED, "refused", "actions that the kernel refused")

#define __THEMIS_CORE_COUNTER(name, text, help) THEMIS_N_##name,
enum themis_core_counter {
	THEMIS_N_NONE,			/* success, where it is returned */
	THEMIS_CORE_COUNTERS(__THEMIS_CORE_COUNTER)
	__THEMIS_N_MAX,
};

#undef __THEMIS_CORE_COUNTER

#endif /* THEMIS_COUNT_H */
