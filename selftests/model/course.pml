/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two honest nodes that agree, again and again, and at the same time:
 * protocol.rst, "Course". What the messages contain is agree.pml's business;
 * here they are genuine, but late, lost, out of order or replayed.
 *
 * Node 0 has the lower id. Agreement n was begun by node n % 2 and is the key
 * n, too. A node's kernel has three places for keys: the one that it sends on,
 * the one before, and one that waits for a proof.
 *
 * Time. A timer of the protocol is longer than a packet lives: repetitions and
 * the second for which the lower id goes first come when nothing is on its
 * way. LATE drops that: then they come at any moment, packets are lost, and a
 * message 1 comes back. A node's patience is longer than what repetition needs
 * in both cases: it ends when the other side can do no more.
 *
 * Bound: ROUNDS agreements begun by each node; with LATE one replay of each
 * message 1, and LOSSES packets lost.
 *
 * Each WEAK_ leaves one rule out; selftests/model/run tells which property
 * breaks then.
 */
#ifndef ROUNDS
#define ROUNDS		2
#endif
#ifndef LOSSES
#define LOSSES		1
#endif

#define ALL		(2 * ROUNDS)
#define NOKEY		15

/* Phases of an initiator, and of a responder. */
#define NEVER		0
#define ASKED		1
#define PROVING		2
#define ANSWERED	3
#define OVER		4

/* Messages. A sealed packet from node x is SEALED + x. */
#define INIT		0
#define RESP		1
#define CONFIRM		2
#define SEALED		3
#define TYPES		5

typedef Agreement {
	byte asker; byte answerer;	/* phases */
	bool yielded;			/* the initiator has stepped back */
	bool installed;			/* the responder's kernel has the key */
	bool again;			/* message 1 has been replayed */
	bool way[TYPES]			/* on its way */
};

typedef Node {
	byte current; byte previous; byte next; byte begun
};

Agreement G[ALL];
Node N[2];
byte lost;
byte made;		/* keys proven since a node began alone */

/* The properties: true, unless one is broken. */
bool usable = true, single = true, lossless = true;
#ifdef WITNESS
bool unseen = false;	/* both begin at once, and then again */
#endif

/* Scratch. */
byte x, y, n, k, t;
bool ok;

#define HOLDS(x, n)							\
	(N[x].current == (n) || N[x].previous == (n) || N[x].next == (n))

/* Whether node x waits for an answer to, or the proof of, a key it asked for */
#define ASKING(x, n)							\
	((n) % 2 == (x) && (G[n].asker == ASKED || G[n].asker == PROVING))

inline pick(v, max)
{
	v = 0;
	do
	:: v < (max) - 1 -> v++
	:: break
	od
}

inline reset()
{
	x = 0; y = 0; n = 0; k = 0; t = 0; ok = false
}

/* ok: nothing is on its way. */
inline quiet()
{
	ok = true;
	k = 0;
	do
	:: k < ALL * TYPES -> ok = ok && !G[k / TYPES].way[k % TYPES]; k++
	:: else -> break
	od;
	k = 0
}

/* ok: node x has something in progress; only: that it began. */
inline busy(only)
{
	ok = false;
	k = 0;
	do
	:: k < ALL ->
		ok = ok || ASKING(x, k) ||
		     (!(only) && k % 2 != x && G[k].answerer == ANSWERED);
		k++
	:: else -> break
	od;
	k = 0
}

/* Node y seals something with key n; what it sends must be of use. */
inline seal(y, n)
{
	lossless = lossless && (N[y].previous == NOKEY || HOLDS(1 - (y), n));
	assert(lossless);
	G[n].way[SEALED + (y)] = true
}

inline forget(y, n)
{
	if
	:: N[y].next == (n) -> N[y].next = NOKEY
	:: N[y].current == (n) ->
		N[y].current = N[y].previous;
		N[y].previous = NOKEY
	:: else
	fi
}

/* A key becomes the one that node y sends on. */
inline promote(y, n)
{
	if
	:: N[y].next == (n) -> N[y].next = NOKEY
	:: else
	fi;
#ifndef WEAK_NO_OVERLAP
	if
	:: N[y].current != NOKEY -> N[y].previous = N[y].current
	:: else
	fi;
#endif
	N[y].current = n
}

/* Keys that node y installed early make place for key n. */
inline unproven(y, n)
{
	k = 0;
	do
	:: k < ALL ->
		if
		:: k != (n) && k % 2 != (y) && G[k].answerer == ANSWERED &&
		   G[k].installed ->
			G[k].answerer = OVER;
			G[k].installed = false;
			forget(y, k)
		:: else
		fi;
		k++
	:: else -> break
	od;
	k = 0
}

/* The peer of node y has proven key n: what y itself had begun is over. */
inline proven(y, n)
{
	made++;
	G[n].answerer = OVER;
	G[n].installed = true;
	k = 0;
	do
	:: k < ALL ->
		if
		:: k % 2 == (y) && G[k].asker == ASKED -> G[k].asker = OVER
		:: else
		fi;
		k++
	:: else -> break
	od;
	k = 0
}

/*
 * Node x begins: it has no key, or wants another. Keys live for minutes, so it
 * does so when all is over, or at the same time as its peer.
 */
inline begin()
{
	pick(x, 2);
	ok = N[x].begun < ROUNDS;
	k = 0;
	do
	:: k < ALL ->
		ok = ok && !ASKING(x, k) && G[k].asker != PROVING &&
		     G[k].answerer != ANSWERED;
		k++
	:: else -> break
	od;
	k = 0;
	do
	:: k < ALL * TYPES ->
		ok = ok && !(G[k / TYPES].way[k % TYPES] &&
			     (k % TYPES != INIT ||
			      G[k / TYPES].asker != ASKED));
		k++
	:: else -> break
	od;
	k = 0;
	if
	:: ok ->
		quiet();
		if
		:: ok -> made = 0
		:: else
		fi;
		n = 2 * N[x].begun + x;
		N[x].begun++;
		G[n].asker = ASKED;
		G[n].way[INIT] = true
	:: else
	fi;
	reset()
}

/* y: whether node x lets its own agreement go first. */
inline goes_first()
{
	y = false;
#ifndef WEAK_NO_TIE_BREAK
	if
	:: x == 0 -> busy(true); y = ok
	:: else
	fi;
#ifdef LATE
	if
	:: y = false
	:: skip
	fi
#endif
#endif
	skip
}

/* y: whether an agreement with the peer might need the place for a key. */
inline other_pending()
{
	y = false;
	k = 0;
	do
	:: k < ALL ->
		y = y || (k != n && (G[k].asker == PROVING ||
				     (G[k].asker == ASKED && !G[k].yielded)) &&
			  k % 2 == x) ||
		    (k != n && k % 2 != x && G[k].answerer == ANSWERED);
		k++
	:: else -> break
	od;
	k = 0
}

inline receive_init()
{
	x = 1 - n % 2;
	if
	:: G[n].answerer == ANSWERED -> G[n].way[RESP] = true
	:: G[n].answerer == NEVER ->
		goes_first();
		if
		:: y
		:: else ->
			k = 0;
			do
			:: k < ALL ->
				if
				:: k % 2 == x && G[k].asker == ASKED ->
					G[k].yielded = true
				:: else
				fi;
				k++
			:: else -> break
			od;
			k = 0;
#ifdef WEAK_TAKES_PLACE
			y = false;
#else
			other_pending();
#endif
			G[n].answerer = ANSWERED;
			if
			:: !y ->
				G[n].installed = true;
#ifdef WEAK_SEND_UNPROVEN
				promote(x, n);
				seal(x, n)
#else
				N[x].next = n
#endif
			:: else
			fi;
			G[n].way[RESP] = true
		fi
	:: else
	fi
}

inline receive_resp()
{
	x = n % 2;
	if
	:: G[n].asker == ASKED ->
		G[n].asker = PROVING;
		unproven(x, n);
		if
		:: N[x].current == NOKEY ->
			N[x].current = n;
			seal(x, n)
		:: else ->
#ifdef WEAK_SEND_AT_ONCE
			promote(x, n);
			seal(x, n)
#else
			N[x].next = n
#endif
		fi;
		G[n].way[CONFIRM] = true
	:: G[n].asker == PROVING -> G[n].way[CONFIRM] = true
	:: else
	fi
}

inline receive_confirm()
{
	x = 1 - n % 2;
	if
	:: G[n].answerer == ANSWERED ->
		if
		:: !G[n].installed -> unproven(x, n)
		:: else
		fi;
		promote(x, n);
		proven(x, n);
		seal(x, n)
	:: G[n].answerer == OVER && HOLDS(x, n) -> seal(x, n)
	:: else
	fi
}

/* A sealed packet proves the key to whom it reaches. */
inline receive_sealed()
{
	x = 1 - (t - SEALED);
	if
	:: HOLDS(x, n) ->
		if
		:: N[x].next == n -> promote(x, n)
		:: else
		fi;
		if
		:: n % 2 == x && G[n].asker == PROVING -> G[n].asker = OVER
		:: n % 2 != x && G[n].answerer == ANSWERED -> proven(x, n)
		:: else
		fi
	:: else
	fi
}

inline receive()
{
	pick(n, ALL);
	pick(t, TYPES);
	if
	:: G[n].way[t] ->
		G[n].way[t] = false;
		if
		:: t == INIT -> receive_init()
		:: t == RESP -> receive_resp()
		:: t == CONFIRM -> receive_confirm()
		:: else -> receive_sealed()
		fi
	:: else
	fi;
	reset()
}

/*
 * A timer of agreement n: it repeats its message or, where the other side can
 * do no more for it, is given up.
 */
inline timer()
{
	pick(n, ALL);
	quiet();
	if
	:: G[n].asker == ASKED ->
		if
#ifdef LATE
		:: G[n].way[INIT] = true
#endif
		:: ok -> G[n].way[INIT] = true
		:: ok && G[n].answerer == OVER -> G[n].asker = OVER
		:: else
		fi
	:: G[n].asker == PROVING ->
		if
#ifdef LATE
		:: G[n].way[CONFIRM] = true
#endif
		:: ok -> G[n].way[CONFIRM] = true
		:: ok && G[n].answerer == OVER && !G[n].installed ->
			G[n].asker = OVER;
			forget(n % 2, n)
		:: else
		fi
	:: ok && G[n].asker == OVER && G[n].answerer == ANSWERED ->
		G[n].answerer = OVER;
		if
		:: G[n].installed ->
			G[n].installed = false;
			forget(1 - n % 2, n)
		:: else
		fi
	:: else
	fi;
	reset()
}

inline lose()
{
	pick(n, ALL);
	pick(t, TYPES);
	if
	:: G[n].way[t] && lost < LOSSES -> G[n].way[t] = false; lost++
	:: else
	fi;
	reset()
}

inline replay()
{
	pick(n, ALL);
	if
	:: G[n].asker != NEVER && !G[n].again && !G[n].way[INIT] ->
		G[n].again = true;
		G[n].way[INIT] = true
	:: else
	fi;
	reset()
}

/* Nothing is on its way, and nothing in progress: what has come of it all. */
inline check()
{
	quiet();
	y = ok;
	x = 0;
	busy(false);
	y = y && !ok;
	x = 1;
	busy(false);
	if
	:: y && !ok ->
		usable = (N[0].current == NOKEY) == (N[1].current == NOKEY) &&
			 (N[0].current == NOKEY ||
			  (HOLDS(1, N[0].current) && HOLDS(0, N[1].current)));
		assert(usable);
#ifndef LATE
		single = N[0].begun + N[1].begun == 0 ||
			 (made == 1 && N[0].current == N[1].current);
		assert(single)
#endif
	:: else
	fi;
	reset()
}

init {
	atomic {
		N[0].current = NOKEY;
		N[0].previous = NOKEY;
		N[0].next = NOKEY;
		N[1].current = NOKEY;
		N[1].previous = NOKEY;
		N[1].next = NOKEY
	}
	do
	:: atomic { begin() }
	:: atomic { receive() }
	:: atomic { timer() }
	:: atomic { check() }
#ifdef LATE
	:: atomic { lose() }
	:: atomic { replay() }
#endif
#ifdef WITNESS
	:: N[0].current == ALL - 1 && N[1].current == ALL - 1 &&
	   G[0].asker == OVER && G[1].yielded && G[ALL - 1].asker == OVER ->
		assert(unseen)
#endif
	:: break
	od
}
