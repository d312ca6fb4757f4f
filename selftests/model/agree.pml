/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The key agreement against an attacker who is the network (Dolev and Yao):
 * protocol.rst, "The key agreement".
 *
 * Terms. Keys of signatures, shares, nonces, networks and suites are small
 * numbers. A share or a nonce names the agreement that made it; those of the
 * attacker are SM and NM. A signature is the agreement that made it, and what
 * it covers is what that agreement said; the attacker signs whatever it likes
 * as M, and as everybody whose key it has. A result of X25519 is the pair of
 * its shares: known to whom one of the two secrets is known. A key is the pair
 * of shares and the transcript; a proof of a key can be made by whoever knows
 * the key, and handed on by whoever has seen it.
 *
 * The attacker is the only process. In each step it has an honest node begin an
 * agreement, delivers a message put together from whatever it knows, field by
 * field, to any agreement, or takes a node's long-term key. What has once been
 * sent may be delivered any number of times, to anybody, or never.
 *
 * Bound: NI initiators and NR responders, each of any of the honest nodes, with
 * each other or with M. Agreements are interchangeable, so they are taken in
 * order, and the first initiator is A.
 *
 * Each WEAK_ leaves one protection out; selftests/model/run tells which
 * property breaks then.
 */
#ifndef NI
#define NI		2
#endif
#ifndef NR
#define NR		2
#endif

/* Who: an Ed25519 key. */
#define A		0
#define B		1
#define M		2

/* Initiator i made share and nonce i, responder r made share NI + r. */
#define SM		(NI + NR)
#define NM		NI

/* How many networks and suites there are to confuse. */
#ifndef NETS
#define NETS		1
#endif
#ifndef SUITES
#define SUITES		1
#endif

/* Phases. */
#define IDLE		0
#define SENT		1	/* initiator: message 1; responder: message 2 */
#define DONE		2	/* the other side has proven the key */
#define REFUSED		3	/* responder: has said no; initiator: believes it */

/* An initiator: whom it asks, and what message 2 said. */
typedef Initiator {
	byte st; byte pk; byte net; byte suite; byte to;
	byte peer; byte rsuite; byte share; bool clean
};

/* A responder, and what message 1 said. */
typedef Responder {
	byte st; byte pk; byte net;
	byte peer; byte inet; byte suite; byte share; byte nonce; bool clean
};

Initiator I[NI];
Responder R[NR];
bool stolen[3];		/* the attacker has this long-term key */

/* The properties: true, unless one is broken. */
bool asked = true, agreed = true, injective = true, secret = true;
bool refused = true;

/* The message that is being put together, and scratch. */
byte src, i, r, k, pk, net, suite, share, nonce, self, snet;
bool ok;

#ifdef WITNESS
bool unseen = false;	/* both nodes agree, each having begun */
#endif

/* What the weakened variants leave out of what is signed and hashed. */
#ifdef WEAK_NO_PEER_IN_SIG
#define SIG_A_B(x)	true
#else
#define SIG_A_B(x)	(x)
#endif
#ifdef WEAK_NO_SHARE_IN_SIG
#define SIG_SHARE(x)	true
#else
#define SIG_SHARE(x)	(x)
#endif
#if defined(WEAK_NO_SUITE_BOUND) || defined(HALF_SUITE_HASHED)
#define SIG_SUITE(x)	true
#else
#define SIG_SUITE(x)	(x)
#endif
#if defined(WEAK_NO_SUITE_BOUND) || defined(HALF_SUITE_SIGNED)
#define HASH_SUITE(x)	true
#else
#define HASH_SUITE(x)	(x)
#endif
#ifdef WEAK_NO_NETID_BOUND
#define SIG_NET(x)	true
#define HASH_NET(x)	true
#else
#define SIG_NET(x)	(x)
#define HASH_NET(x)	(x)
#endif
#if defined(WEAK_NO_INITIATOR_BOUND) || defined(HALF_INITIATOR_HASHED)
#define SIG_B_A(x)	true
#else
#define SIG_B_A(x)	(x)
#endif
#if defined(WEAK_NO_INITIATOR_BOUND) || defined(HALF_INITIATOR_SIGNED)
#define HASH_A(x)	true
#else
#define HASH_A(x)	(x)
#endif
#ifdef WEAK_NO_FRESHNESS
#define SIG_FRESH(x)	true
#else
#define SIG_FRESH(x)	(x)
#endif

/* What an attacker with a machine that breaks curves may do. */
#ifdef QUANTUM
#define FORGES(x)	true
#define BROKEN		true
#else
#define FORGES(x)	((x) == M || stolen[x])
#define BROKEN		false
#endif

/* A pre-shared key of A and B. */
#if defined(QUANTUM) && !defined(WEAK_NO_PSK)
#define PSK_KNOWN(x, y)	((x) == M || (y) == M)
#else
#define PSK_KNOWN(x, y)	true
#endif

/* Whose secret the attacker holds: its own, or one made from a stolen key. */
#ifdef WEAK_STATIC_SHARE
#define OWNER(s) ((s) < NI -> I[(s) % NI].pk : R[((s) - NI) % NR].pk)
#define DH_KNOWN(x, y)							\
	((x) == SM || (y) == SM || stolen[OWNER(x)] || stolen[OWNER(y)])
#else
#define DH_KNOWN(x, y)	((x) == SM || (y) == SM || BROKEN)
#endif

/* The share of a responder: fresh each time. */
#ifdef WEAK_SHARE_TWICE
#define SHARE(r)	((r) > 0 && R[0].pk == R[r].pk -> NI : NI + (r))
#else
#define SHARE(r)	(NI + (r))
#endif

/*
 * The keys of an initiator and of a responder are the same: the same shares and
 * the same transcript. Two initiators, or two responders, never hash the same
 * transcript, for each puts its own share where its role has it.
 */
#define SAME_KEY(i, r)							\
	(I[i].share == SHARE(r) && R[r].share == (i) &&		\
	 R[r].nonce == (i) && I[i].peer == R[r].pk &&			\
	 HASH_A(I[i].pk == R[r].peer) &&				\
	 HASH_NET(I[i].net == R[r].inet) &&				\
	 HASH_SUITE(I[i].suite == R[r].suite) &&			\
	 HASH_SUITE(I[i].rsuite == R[r].suite))

#define I_KNOWN(i)							\
	(DH_KNOWN(i, I[i].share) && PSK_KNOWN(I[i].pk, I[i].to))
#define R_KNOWN(r)							\
	(DH_KNOWN(SHARE(r), R[r].share) && PSK_KNOWN(R[r].pk, R[r].peer))

/* Whether both see the same agreement: who, network, suite and key. */
#define PARTNERS(i, r)							\
	(I[i].pk == R[r].peer && I[i].to == R[r].pk &&			\
	 I[i].net == R[r].net && I[i].suite == R[r].suite &&		\
	 I[i].rsuite == R[r].suite && SAME_KEY(i, r))

inline pick(v, n)
{
	v = 0;
	do
	:: v < (n) - 1 -> v++
	:: break
	od
}

/* G1: nobody else knows the key of two honest nodes. Asked of all, always. */
inline check_secret()
{
	k = 0;
	do
	:: k < NI ->
		secret = secret && !(I[k].st == DONE && I[k].clean &&
				     I_KNOWN(k));
		k++
	:: else -> break
	od;
	k = 0;
	do
	:: k < NR ->
		secret = secret && !(R[k].st == DONE && R[k].clean &&
				     R_KNOWN(k));
		k++
	:: else -> break
	od;
	k = 0;
	assert(secret)
}

inline reset()
{
	src = 0; i = 0; r = 0; k = 0; pk = 0; net = 0; suite = 0; share = 0;
	nonce = 0; self = 0; snet = 0; ok = false
}

/* An honest node begins. */
inline begin()
{
	i = 0;
	do
	:: i < NI && I[i].st != IDLE -> i++
	:: else -> break
	od;
	if
	:: i < NI ->
		if
		:: I[i].pk = A
		:: i > 0 -> I[i].pk = B
		fi;
		if
		:: I[i].to = 1 - I[i].pk
		:: I[i].to = M
		fi;
		pick(I[i].net, (i == 0 -> 1 : NETS));
		pick(I[i].suite, SUITES);
		I[i].st = SENT
	:: else
	fi;
	reset()
}

/* The fields of message 1 are those that initiator src has signed. */
#define INIT_SIGNED							\
	(I[src].pk == pk && SIG_A_B(I[src].to == self) &&		\
	 SIG_NET(I[src].net == net && I[src].net == snet) &&		\
	 SIG_SUITE(I[src].suite == suite) &&				\
	 SIG_SHARE(src == share) && src == nonce)

/* G4: who is taken for asking has asked, the node that was asked. */
inline check_asked()
{
	ok = false;
	k = 0;
	do
	:: k < NI ->
		ok = ok || (I[k].st >= SENT && I[k].pk == pk &&
			    I[k].to == self && k == nonce);
		k++
	:: else -> break
	od;
	k = 0;
	asked = ok;
	assert(asked)
}

/* G2, the responder's half. */
inline check_responder()
{
	ok = false;
	i = NI;
	k = 0;
	do
	:: k < NI ->
		if
		:: I[k].st == DONE && PARTNERS(k, r) -> ok = true; i = k
		:: else
		fi;
		k++
	:: else -> break
	od;
	agreed = ok;
	assert(agreed);
	k = 0;
	do
	:: k < NR ->
		injective = injective &&
			    !(k != r && R[k].st == DONE && PARTNERS(i, k));
		k++
	:: else -> break
	od;
	k = 0;
	assert(injective)
}

inline responder_done()
{
	R[r].st = DONE;
	R[r].clean = R[r].peer != M && !stolen[R[r].peer];
	if
	:: R[r].clean -> check_responder()
	:: else
	fi
}

/* Message 1 is delivered to a node that has an agreement free. */
inline deliver_init()
{
	r = 0;
	do
	:: r < NR && R[r].st != IDLE -> r++
	:: else -> break
	od;
	if
	:: r < NR ->
		pick(self, 2);
		pick(snet, NETS);
		pick(suite, SUITES);
		pick(net, NETS);
		/* Whose signature: an initiator's, or the attacker's own. */
		pick(src, NI + 1);
		pick(pk, 3);
		pick(nonce, NI + 1);
		pick(share, NI + NR + 1);
		ok = (share == SM || (share < NI -> I[share % NI].st :
				      R[(share - NI) % NR].st) != IDLE) &&
		     (nonce == NM || I[nonce % NI].st != IDLE);
		/* The checks of the node: network, not itself, signature. */
		ok = ok && HASH_NET(net == snet) && pk != self;
		if
		:: ok && src < NI ->
			ok = I[src].st != IDLE && INIT_SIGNED
		:: ok && src == NI ->
			ok = FORGES(pk)
		:: else
		fi;
		if
		:: ok ->
			R[r].pk = self;
			R[r].net = snet;
			R[r].peer = pk;
			R[r].inet = net;
			R[r].suite = suite;
			R[r].share = share;
			R[r].nonce = nonce;
			R[r].st = SENT;
#ifdef REFUSALS
			if
			:: R[r].st = REFUSED
			:: skip
			fi;
#endif
			if
			:: pk != M && !FORGES(pk) -> check_asked()
			:: else
			fi;
#ifdef WEAK_NO_CONFIRM
			responder_done();
			check_secret()
#endif
		:: else
		fi
	:: else
	fi;
	reset()
}

/* A responder that has sent message 2. */
#define ANSWERS(r)	(R[r].st == SENT || R[r].st == DONE)

/* The fields of message 2 are those that responder src has signed. */
#define RESP_SIGNED							\
	(R[src].pk == pk && SIG_SHARE(share == SHARE(src)) &&		\
	 SIG_SUITE(R[src].suite == suite) &&				\
	 SIG_NET(R[src].inet == I[i].net) &&				\
	 SIG_B_A(R[src].peer == I[i].pk) &&				\
	 SIG_FRESH(R[src].nonce == i && SIG_SHARE(R[src].share == i)))

/* G2, the initiator's half. */
inline check_initiator()
{
	ok = false;
	r = NR;
	k = 0;
	do
	:: k < NR ->
		if
		:: ANSWERS(k) && PARTNERS(i, k) -> ok = true; r = k
		:: else
		fi;
		k++
	:: else -> break
	od;
	agreed = ok;
	assert(agreed);
	k = 0;
	do
	:: k < NI ->
		injective = injective &&
			    !(k != i && I[k].st == DONE && PARTNERS(k, r));
		k++
	:: else -> break
	od;
	k = 0;
	assert(injective)
}

/* confirm_B: the attacker knows the key, or has seen the proof. */
inline proof_b()
{
	ok = I_KNOWN(i);
	k = 0;
	do
	:: k < NR -> ok = ok || (ANSWERS(k) && SAME_KEY(i, k)); k++
	:: else -> break
	od;
	k = 0
#ifdef WEAK_NO_FRESHNESS
	;
	ok = true
#endif
}

/* Message 2 is delivered to an initiator. */
inline deliver_resp()
{
	pick(i, NI);
	if
	:: I[i].st == SENT ->
		pick(suite, SUITES);
		pick(src, NR + 1);
		pick(pk, 3);
		pick(share, NI + NR + 1);
		ok = share == SM || (share < NI -> I[share % NI].st :
				     R[(share - NI) % NR].st) != IDLE;
#ifndef WEAK_NO_PEER_CHECK
		ok = ok && pk == I[i].to;
#endif
		ok = ok && SIG_SUITE(suite == I[i].suite);
		if
		:: ok && src < NR -> ok = ANSWERS(src) && RESP_SIGNED
		:: ok && src == NR -> ok = FORGES(pk)
		:: else
		fi;
		if
		:: ok ->
			I[i].peer = pk;
			I[i].rsuite = suite;
			I[i].share = share;
			proof_b();
			if
			:: ok ->
				I[i].st = DONE;
				I[i].clean = I[i].to != M &&
					     !stolen[I[i].to];
				if
				:: I[i].clean -> check_initiator()
				:: else
				fi;
				check_secret()
			:: else ->
				I[i].peer = 0;
				I[i].rsuite = 0;
				I[i].share = 0
			fi
		:: else
		fi
	:: else
	fi;
	reset()
}

/* Message 3 is delivered to a responder. */
inline deliver_confirm()
{
	pick(r, NR);
	if
	:: R[r].st == SENT ->
		ok = R_KNOWN(r);
		k = 0;
		do
		:: k < NI ->
			ok = ok || (I[k].st == DONE && SAME_KEY(k, r));
			k++
		:: else -> break
		od;
#ifdef WEAK_SAME_PROOF
		/* What the responder itself has sent will do. */
		ok = true;
#endif
		if
		:: ok -> responder_done(); check_secret()
		:: else
		fi
	:: else
	fi;
	reset()
}

/*
 * A REFUSE is delivered to an initiator. Its signature covers all of message 1:
 * M refuses what it likes, and so does who has the key of the one asked.
 */
#ifdef WEAK_REFUSAL_UNBOUND
#define REFUSES(r)	(R[r].st == REFUSED && R[r].pk == I[i].to)
#else
#define REFUSES(r)							\
	(R[r].st == REFUSED && R[r].pk == I[i].to &&			\
	 R[r].peer == I[i].pk && R[r].inet == I[i].net &&		\
	 R[r].suite == I[i].suite && R[r].share == i && R[r].nonce == i)
#endif

inline deliver_refuse()
{
	pick(i, NI);
	pick(src, NR + 1);
	if
	:: I[i].st == SENT && src == NR -> ok = FORGES(I[i].to)
	:: I[i].st == SENT && src < NR -> ok = REFUSES(src)
	:: else
	fi;
	if
	:: ok && !FORGES(I[i].to) ->
		/* G4 of a refusal: this agreement was refused, by B. */
		k = 0;
		ok = false;
		do
		:: k < NR ->
			ok = ok || (R[k].st == REFUSED &&
				    R[k].pk == I[i].to &&
				    R[k].peer == I[i].pk && R[k].nonce == i);
			k++
		:: else -> break
		od;
		refused = ok;
		assert(refused);
		I[i].st = REFUSED
	:: ok && FORGES(I[i].to) -> I[i].st = REFUSED
	:: else
	fi;
	reset()
}

inline steal()
{
	pick(k, 2);
	stolen[k] = true;
	check_secret();
	reset()
}

active proctype attacker()
{
	do
	:: atomic { begin() }
	:: atomic { deliver_init() }
	:: atomic { deliver_resp() }
	:: atomic { deliver_confirm() }
#ifdef REFUSALS
	:: atomic { deliver_refuse() }
#endif
#ifdef STEAL
	:: atomic { steal() }
#endif
#ifdef WITNESS
	:: I[0].st == DONE && I[0].clean && R[0].st == DONE && R[0].clean &&
	   I[1].st == DONE && I[1].clean && R[1].st == DONE && R[1].clean &&
	   I[1].pk == B ->
		assert(unseen)
#endif
	:: break
	od
}
