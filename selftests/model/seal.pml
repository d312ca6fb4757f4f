/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Secure communication against an attacker who is the network: protocol.rst,
 * "Sealed messages". What agree.pml shows is taken for granted here: each key
 * is known to the two nodes of its session alone, and each session has two.
 *
 * A and B have a session, and each has one with M, whose keys the attacker
 * knows. Everything sent may be delivered any number of times, in any order, to
 * either node, under any index; the attacker seals what it likes under the keys
 * that it knows. The session is rekeyed once; a node sends on the new key from
 * any moment after that, and keeps the old one for receiving. Two processors
 * receive at each node, so that two copies of a packet may race.
 *
 * A packet is named by its sender and by how many the sender had sent; that is
 * for the properties alone, no node looks at it.
 *
 * Bound: PACKETS from each node, two epochs, a replay window of WINDOW.
 *
 * Each WEAK_ leaves one protection out; selftests/model/run tells which
 * property breaks then.
 */
#ifndef PACKETS
#define PACKETS		3
#endif
#ifndef WINDOW
#define WINDOW		2
#endif
#ifndef CPUS
#define CPUS		1
#endif

/* Packets of A, packets of B, and one that the attacker seals as M. */
#define ALL		(2 * PACKETS)
#define FORGED		ALL
#define NONE		255

/* Kinds. */
#define DATAGRAM	0
#define COMMAND		1
#define RESPONSE	2

/*
 * A packet. A response carries ref, the sequence of its command; cmd is the
 * command itself, and got how often the packet was delivered: for properties.
 */
typedef Packet {
	byte epoch; byte seq; byte kind; byte ref; byte cmd; byte got
};

/* What a node holds for a key that it receives with. */
typedef Window {
	byte max; byte seen
};

/* What a processor is about: a packet between the two looks at the window. */
typedef Busy {
	byte p; byte index; byte seq
};

/*
 * A node, in its session with the other: what it sends, which of its commands
 * wait for an answer, what it receives. last and newest are of strict order.
 */
typedef Node {
	byte sent; byte seq; byte epoch; byte last; byte newest;
	bool waiting[PACKETS];
	Window w[2];
	Busy cpu[CPUS]
};

Node N[2];
Packet P[ALL + 1];
bool rekeyed;

/* The properties: true, unless one is broken. */
bool attributed = true, once = true, matched = true, fresh_nonce = true;
bool ordered = true, confidential = true;
#ifdef STRICT
byte high[2];		/* how many the newest packet delivered was, plus one */
#endif
#ifdef WITNESS
bool unseen = false;	/* a command and its answer over a rekey */
#endif

/* Scratch. */
byte x, c, p, q, seq, k, kind, index;
bool ok;

#ifdef WEAK_NO_DIRECTION_KEYS
#define SEALED(p, y, e)	(P[p].epoch == (e))
#define SAME_KEY(p, q)	(P[p].epoch == P[q].epoch)
#else
#define SEALED(p, y, e)	(P[p].epoch == (e) && (p) / PACKETS != (y))
#define SAME_KEY(p, q)							\
	(P[p].epoch == P[q].epoch && (p) / PACKETS == (q) / PACKETS)
#endif

/* Whether M, who has a session with each, knows the key of theirs by that. */
#ifdef WEAK_KEY_OF_NODE
#define KNOWN		true
#else
#define KNOWN		false
#endif

/* Whether packet p opens at node y under its key e. */
#define OPENS(p, y, e)	((p) == FORGED -> KNOWN : SEALED(p, y, e))

/* The replay window of node y for the key e. */
#ifdef WEAK_NO_REPLAY_WINDOW
#define FRESH(y, e, s)	true
#else
#ifdef WEAK_WINDOW_HAS_NO_END
#define FRESH(y, e, s)							\
	((s) > N[y].w[e].max || N[y].w[e].max - (s) >= WINDOW ||	\
	 !(N[y].w[e].seen & (1 << (s))))
#else
#define FRESH(y, e, s)							\
	((s) > N[y].w[e].max ||						\
	 (N[y].w[e].max - (s) < WINDOW && !(N[y].w[e].seen & (1 << (s)))))
#endif
#endif

#ifdef WEAK_ONE_LOOK
#define FRESH_STILL(y, e, s)	true
#else
#define FRESH_STILL(y, e, s)	FRESH(y, e, s)
#endif

inline pick(v, n)
{
	v = 0;
	do
	:: v < (n) - 1 -> v++
	:: break
	od
}

inline reset()
{
	x = 0; c = 0; p = 0; q = 0; seq = 0; k = 0; kind = 0; index = 0;
	ok = false
}

/* Node x sends packet p: kind, and what it answers, are set. */
inline seal()
{
	N[x].seq++;
	P[p].seq = N[x].seq;
	P[p].epoch = N[x].epoch;
	N[x].sent++;
	confidential = !KNOWN;
#ifndef NOT_CONFIDENTIAL
	assert(confidential);
#endif
	/* No nonce twice under a key. */
	q = 0;
	do
	:: q < ALL ->
		fresh_nonce = fresh_nonce &&
			      !(q != p && P[q].seq != 0 && SAME_KEY(p, q) &&
				P[q].seq == P[p].seq);
		q++
	:: else -> break
	od;
#ifndef NOT_NONCE
	assert(fresh_nonce)
#else
	fresh_nonce = true
#endif
}

inline send()
{
	pick(x, 2);
	if
	:: N[x].sent < PACKETS ->
		p = x * PACKETS + N[x].sent;
		if
#ifdef STRICT
		:: P[p].kind = DATAGRAM; seal()
#else
		:: P[p].kind = COMMAND;
		   seal();
		   P[p].ref = P[p].seq;
		   P[p].cmd = p;
		   N[x].waiting[p % PACKETS] = true
		:: /* An answer, perhaps again, to what has arrived. */
		   pick(k, PACKETS);
		   q = (1 - x) * PACKETS + k;
		   if
		   :: P[q].kind == COMMAND && P[q].got > 0 ->
			k = q;
			P[p].kind = RESPONSE;
			P[p].ref = P[k].seq;
			P[p].cmd = k;
			seal()
		   :: else
		   fi
#endif
		fi
	:: else
	fi;
	reset()
}

/* Both nodes hold a new key; what they send goes on with the old for now. */
inline rekey()
{
	rekeyed = true;
#ifdef WEAK_REKEY_CLEARS_WINDOW
	N[0].w[0].max = 0;
	N[0].w[0].seen = 0;
	N[1].w[0].max = 0;
	N[1].w[0].seen = 0;
#endif
	reset()
}

inline switch_key()
{
	pick(x, 2);
	if
	:: rekeyed && N[x].epoch == 0 ->
		N[x].epoch = 1;
#ifdef WEAK_SEQUENCE_RESTARTS
		N[x].seq = 0
#endif
	:: else
	fi;
	reset()
}

/* A packet, or a copy, comes to a processor: the first look at the window. */
inline arrive()
{
	pick(x, 2);
	pick(c, CPUS);
	pick(index, 2);
	if
	:: N[x].cpu[c].seq == 0 && (index == 0 || rekeyed) ->
		pick(p, ALL + 1);
		seq = P[p].seq;
		if
		:: p == FORGED -> pick(seq, PACKETS + 1)
		:: else
		fi;
#ifdef WEAK_HEADER_OPEN
		pick(seq, PACKETS + 1);
#endif
		if
		:: (P[p].seq != 0 || p == FORGED) && seq != 0 && FRESH(x, index, seq) &&
		   OPENS(p, x, index) ->
			N[x].cpu[c].p = p;
			N[x].cpu[c].index = index;
			N[x].cpu[c].seq = seq
		:: else
		fi
	:: else
	fi;
	reset()
}

inline mark()
{
	if
	:: seq > N[x].w[index].max -> N[x].w[index].max = seq
	:: else
	fi;
	N[x].w[index].seen = N[x].w[index].seen | (1 << seq)
}

/* A response: which command of node x does it answer. NONE for none. */
inline match()
{
	q = NONE;
	k = 0;
	do
	:: k < PACKETS ->
		ok = N[x].waiting[k];
#ifndef WEAK_RESPONSE_UNBOUND
		ok = ok && P[x * PACKETS + k].seq == P[p].ref;
#endif
		if
		:: ok -> q = x * PACKETS + k; k = PACKETS
		:: else -> k++
		fi
	:: else -> break
	od;
	k = 0;
	ok = false
}

/* Packet p reaches the application of node x, as one of its peer. */
inline deliver()
{
	kind = P[p].kind;
	ok = true;
#ifdef STRICT
#ifdef WEAK_STRICT_BY_KEY
	ok = kind == RESPONSE || seq > N[x].last || index != N[x].newest;
#else
	ok = kind == RESPONSE ||
	     (index >= N[x].newest && seq > N[x].last);
#endif
#endif
	if
	:: ok && kind == RESPONSE -> match(); ok = q != NONE
	:: else
	fi;
	if
	:: ok ->
		/* G4: it is the peer's, and the first of it. */
		attributed = p / PACKETS == 1 - x;
#ifndef NOT_ATTRIBUTED
		assert(attributed);
#endif
		P[p].got++;
		once = P[p].got <= 1;
#ifndef NOT_ONCE
		assert(once);
#endif
		if
		:: kind == RESPONSE ->
			matched = P[p].cmd == q;
			assert(matched);
#ifndef WEAK_STAYS_OUTSTANDING
			N[x].waiting[q % PACKETS] = false;
#endif
			/* A command has one answer: q gets one for each. */
			k = 0;
			q = 0;
			do
			:: k < ALL ->
				if
				:: P[k].kind == RESPONSE && P[k].got > 0 &&
				   P[k].cmd == P[p].cmd -> q++
				:: else
				fi;
				k++
			:: else -> break
			od;
			once = q <= 1;
			assert(once);
			q = 0
		:: else ->
			skip;
#ifdef STRICT
			/* S is greater than any that was accepted before. */
			ordered = p % PACKETS + 1 > high[x];
			assert(ordered);
			high[x] = p % PACKETS + 1;
			N[x].last = seq;
			N[x].newest = index
#endif
		fi
	:: else
	fi
}

/* The processor opens it, and looks at the window again. */
inline open()
{
	pick(x, 2);
	pick(c, CPUS);
	if
	:: N[x].cpu[c].seq != 0 ->
		p = N[x].cpu[c].p;
		index = N[x].cpu[c].index;
		seq = N[x].cpu[c].seq;
		N[x].cpu[c].p = 0;
		N[x].cpu[c].index = 0;
		N[x].cpu[c].seq = 0;
		if
		:: FRESH_STILL(x, index, seq) -> mark(); deliver()
		:: else
		fi
	:: else
	fi;
	reset()
}

active proctype attacker()
{
	do
	:: atomic { send() }
	:: atomic { arrive() }
	:: atomic { open() }
	:: atomic { !rekeyed -> rekey() }
	:: atomic { switch_key() }
#ifdef WITNESS
	:: N[0].epoch == 1 && P[0].kind == COMMAND && P[0].epoch == 0 &&
	   P[PACKETS].kind == RESPONSE && P[PACKETS].cmd == 0 &&
	   P[PACKETS].epoch == 1 && P[PACKETS].got == 1 ->
		assert(unseen)
#endif
	:: break
	od
}
