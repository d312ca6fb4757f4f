// SPDX-License-Identifier: GPL-2.0
/* AF_THEMIS: links, nodes, sessions and keys by netlink, without a daemon. */
#include <arpa/inet.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addr.h"
#include "nl.h"

#include "bench.h"
#include "side.h"

#define PORT	9000

/**
 * themis_side_open() - get in touch with the module in a namespace
 * @ts: what to fill
 * @side: where
 */
int themis_side_open(struct themis_side *ts, enum bench_side side)
{
	struct themis_nl_info info;
	int err;

	ts->side = side;
	ts->suite = THEMIS_SUITE_CHACHA20POLY1305;
	err = world_enter(side);
	if (err)
		return err;
	ts->nl = themis_nl_open(&err);
	if (!err)
		err = themis_nl_info(ts->nl, &info);
	if (err)
		return bench_error(err, "Load themis.ko.",
				   "the module does not answer");
	ts->family = info.family;
	return 0;
}

/**
 * themis_side_new() - the same, and a link
 * @ts: what to fill
 * @side: where
 * @suite: THEMIS_SUITE_* that keys will be of
 */
int themis_side_new(struct themis_side *ts, enum bench_side side,
		    uint8_t suite)
{
	int err;

	err = themis_side_open(ts, side);
	if (err)
		return err;
	ts->suite = suite;
	err = themis_nl_link_new(ts->nl, THEMIS_BENCH_LINK);
	if (err)
		return bench_error(err, "", "cannot make a link");
	return 0;
}

/**
 * themis_side_free() - let go of it; the namespace's end removes the rest
 * @ts: which
 */
void themis_side_free(struct themis_side *ts)
{
	themis_nl_close(ts->nl);
	ts->nl = NULL;
}

/**
 * themis_side_node() - a node with a random id on the link
 * @ts: where
 * @id: what to fill
 */
int themis_side_node(struct themis_side *ts, struct themis_id *id)
{
	struct themis_nl_node node = {
		.netid		= "bench",
		.netid_len	= 5,
		.link		= THEMIS_BENCH_LINK,
		.owner		= THEMIS_OWNER_ANY,
	};
	int err;

	randombytes_buf(id, sizeof(*id));
	node.id = *id;
	err = themis_nl_node_new(ts->nl, &node);
	if (err)
		return bench_error(err, "", "cannot make a node");
	return 0;
}

static int session(struct themis_side *ts, const struct themis_id *node,
		   const struct themis_id *peer, struct themis_nl_key *key)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	int err;

	to.sin_port = htons(THEMIS_BENCH_LINK);
	inet_pton(AF_INET, ts->side == SIDE_A ? BENCH_B : BENCH_A,
		  &to.sin_addr);
	err = themis_nl_session_new(ts->nl, node, peer, &to);
	if (!err)
		err = themis_nl_key_new(ts->nl, node, peer, key);
	if (err)
		return bench_error(err, "", "cannot make session %u", key->local_index);
	return 0;
}

/**
 * themis_side_join() - a session between two nodes, with a fresh key
 * @a: the one side
 * @ida: its node
 * @b: the other
 * @idb: its node
 * @index: unique for each key in either namespace, not 0
 */
int themis_side_join(struct themis_side *a, const struct themis_id *ida,
		     struct themis_side *b, const struct themis_id *idb,
		     uint32_t index)
{
	struct themis_nl_key key = {
		.local_index	= index,
		.remote_index	= index,
		.suite		= a->suite,
		.flags		= THEMIS_KEY_F_CONFIRMED | THEMIS_KEY_F_SEND |
				  THEMIS_KEY_F_INITIATOR,
	};
	unsigned char swap[THEMIS_KEY_LEN];
	int err;

	randombytes_buf(key.tx, sizeof(key.tx));
	randombytes_buf(key.rx, sizeof(key.rx));
	err = session(a, ida, idb, &key);
	memcpy(swap, key.tx, sizeof(swap));
	memcpy(key.tx, key.rx, sizeof(key.tx));
	memcpy(key.rx, swap, sizeof(key.rx));
	key.flags &= ~THEMIS_KEY_F_INITIATOR;
	if (!err)
		err = session(b, idb, ida, &key);
	sodium_memzero(&key, sizeof(key));
	sodium_memzero(swap, sizeof(swap));
	return err;
}

/**
 * themis_side_socket() - a socket bound to a node
 * @ts: where
 * @id: the node
 *
 * Return: the descriptor or a negative errno.
 */
int themis_side_socket(struct themis_side *ts, const struct themis_id *id)
{
	struct sockaddr_themis addr;
	int err, fd;

	fd = sock_open(ts->side, ts->family, SOCK_DGRAM, 0);
	if (fd < 0)
		return fd;
	themis_side_addr(ts, &addr, id);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		err = bench_error(-errno, "", "cannot bind to a node");
		close(fd);
		return err;
	}
	return fd;
}

/**
 * themis_side_addr() - the address of a node's socket
 * @ts: tells the family
 * @addr: what to fill
 * @id: the node
 */
void themis_side_addr(struct themis_side *ts, struct sockaddr_themis *addr,
		      const struct themis_id *id)
{
	themis_addr_node(addr, id, PORT);
	addr->sth_family = ts->family;
}

static struct themis_side sides[__SIDE_MAX];
static uint32_t next_index;

static int setup(uint8_t suite)
{
	int err;

	err = themis_side_new(&sides[SIDE_A], SIDE_A, suite);
	if (!err)
		err = themis_side_new(&sides[SIDE_B], SIDE_B, suite);
	return err;
}

static int themis_setup(void)
{
	return setup(THEMIS_SUITE_CHACHA20POLY1305);
}

static int null_setup(void)
{
	return setup(THEMIS_SUITE_NULL);
}

/* A key for the pair, as after a key agreement. */
static int rekey(struct bench_pair *pair)
{
	return themis_side_join(&sides[SIDE_A], pair->end[SIDE_A].state,
				&sides[SIDE_B], pair->end[SIDE_B].state,
				++next_index);
}

/* Every pair has nodes and a key of its own. */
static int themis_open(struct bench_pair *pair)
{
	struct sockaddr_themis addr;
	struct themis_id *id;
	int side, fd;
	int err;

	pair->rekey = rekey;
	for (side = 0; side < __SIDE_MAX; side++) {
		id = malloc(sizeof(*id));
		if (!id)
			return bench_error(-ENOMEM, "", "no memory");
		pair->end[side].state = id;
		err = themis_side_node(&sides[side], id);
		if (err)
			return err;
		fd = themis_side_socket(&sides[side], id);
		if (fd < 0)
			return fd;
		pair->end[side].fd = fd;
	}
	err = rekey(pair);
	for (side = 0; side < __SIDE_MAX && !err; side++) {
		themis_side_addr(&sides[side], &addr, pair->end[!side].state);
		if (connect(pair->end[side].fd, (struct sockaddr *)&addr,
			    sizeof(addr)))
			err = bench_error(-errno, "", "cannot connect to a node");
	}
	return err;
}

static void themis_close(struct bench_pair *pair)
{
	free(pair->end[SIDE_A].state);
	free(pair->end[SIDE_B].state);
}

static void themis_free(void)
{
	themis_side_free(&sides[SIDE_A]);
	themis_side_free(&sides[SIDE_B]);
}

const struct bench_path path_themis = {
	.name	= "themis",
	.setup	= themis_setup,
	.open	= themis_open,
	.close	= themis_close,
	.free	= themis_free,
};

/* The same without any encryption; needs themis_null.ko. */
const struct bench_path path_null = {
	.name	= "null",
	.legible = true,
	.setup	= null_setup,
	.open	= themis_open,
	.close	= themis_close,
	.free	= themis_free,
};
