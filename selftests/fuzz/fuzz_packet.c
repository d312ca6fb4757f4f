// SPDX-License-Identifier: GPL-2.0
/*
 * Packets of the key agreement from anybody: themis_core_packet(), at a node
 * that waits for an answer to a message 1 of its own. The first byte tells what
 * the sender knows: 1 whom it asks, or the index that is waited for; 2 also how
 * to make a probe; 4 the address that was asked; 8 that the node is under load.
 * The rest is the packet.
 */
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "core.h"
#include "wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LINK	7000
#define NOW	1000000

static struct themis_core *core;
static struct themis_id us, them;
static union themis_endpoint there;
static uint32_t waiting;

static void same(void *ctx, void *buf, size_t len)
{
	static const uint8_t seed[randombytes_SEEDBYTES];
	uint8_t n = (uint8_t)len;

	/* Another for each length: shares are not indices. */
	randombytes_buf_deterministic(buf, len, seed);
	if (len)
		*(uint8_t *)buf ^= n;
}

static void drain(void)
{
	struct themis_action *action;

	while ((action = themis_core_action(core))) {
		if (action->type == THEMIS_ACT_SEND)
			waiting = action->key.local_index;
		themis_core_action_done(core, action);
	}
}

static void prepare(void)
{
	const struct themis_core_config config = {
		.random = same,
		.max_peers = 8,
		.max_pending = 8,
	};
	static const uint8_t netid[4] = "mesh";
	uint8_t seed[32] = { 1 }, key[32], secret[64];

	themis_core_free(core);
	core = themis_core_new(&config);
	if (!core || themis_core_node_add(core, seed, netid, sizeof(netid),
					  LINK, &us))
		abort();
	seed[0] = 2;
	crypto_sign_seed_keypair(key, secret, seed);
	themis_id_derive(&them, netid, sizeof(netid), key);
	there.in.sin_family = AF_INET;
	there.in.sin_port = htons(LINK);
	there.in.sin_addr.s_addr = htonl(0xc0000201);
	if (themis_core_peer_add(core, NOW, &us, &them, &there, NULL))
		abort();
	themis_core_acquire(core, NOW, &us, &them);
	drain();
	if (!waiting)
		abort();
}

/*
 * A signature takes as long to check as a thousand packets without, so only
 * one in sixteen that could have a probe gets one.
 */
static bool lucky(const uint8_t *packet, size_t len)
{
	uint8_t sum = 0;

	while (len--)
		sum += packet[len];
	return !(sum & 15);
}

static void help(uint8_t knows, uint8_t *packet, size_t len)
{
	struct themis_init *init = (struct themis_init *)packet;

	if (knows & 1 && len >= sizeof(struct themis_head)) {
		if (packet[0] == THEMIS_PKT_INIT)
			memcpy(init->head.index, us.b, 4);
		else
			themis_wire_put32(init->head.index, waiting);
	}
	if (knows & 2 && len == sizeof(*init) && lucky(packet, len))
		crypto_shorthash(init->probe, packet,
				 offsetof(struct themis_init, probe), us.b);
}

/* Packets that change something are rare: they are signed. */
static uint64_t authentic(void)
{
	return themis_core_counter(core, THEMIS_N_RX_INIT) +
	       themis_core_counter(core, THEMIS_N_RX_RESP) +
	       themis_core_counter(core, THEMIS_N_RX_CONFIRM) +
	       themis_core_counter(core, THEMIS_N_RX_REFUSE);
}

/*
 * Nothing is answered to what is not authentic: but for a COOKIE to somebody
 * who knows whom he asks, and a COOKIE from whom we have asked.
 */
static void check(uint8_t knows, const uint8_t *packet, size_t len,
		  bool believed)
{
	struct themis_action *action;

	while ((action = themis_core_action(core))) {
		if (!believed && action->type != THEMIS_ACT_SEND)
			abort();
		if (!believed && packet[0] == THEMIS_PKT_INIT &&
		    (!(knows & 8) || action->packet[0] != THEMIS_PKT_COOKIE))
			abort();
		if (!believed && packet[0] != THEMIS_PKT_INIT &&
		    packet[0] != THEMIS_PKT_COOKIE)
			abort();
		if (action->type == THEMIS_ACT_SEND && action->len > len &&
		    packet[0] != THEMIS_PKT_COOKIE)
			abort();
		themis_core_action_done(core, action);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	union themis_endpoint from;
	static uint64_t now = NOW + 1000;
	uint64_t believed, cookies;
	uint8_t *packet;
	size_t len;

	if (size < 1 || size > 512)
		return 0;
	if (!core)
		prepare();
	len = size - 1;
	packet = malloc(len ? len : 1);
	memcpy(packet, data + 1, len);
	help(data[0], packet, len);
	from = there;
	if (!(data[0] & 4))
		from.in.sin_port ^= htons(1);
	now += 2000000;
	if (data[0] & 8)
		themis_core_busy(core, now);

	believed = authentic();
	cookies = themis_core_counter(core, THEMIS_N_RX_COOKIE);
	themis_core_packet(core, now, LINK, &from, packet, len);
	check(data[0], packet, len, authentic() != believed);
	free(packet);
	/* Every input finds the same node. */
	if (authentic() != believed ||
	    themis_core_counter(core, THEMIS_N_RX_COOKIE) != cookies)
		prepare();
	return 0;
}
