// SPDX-License-Identifier: GPL-2.0
/*
 * Places that have fallen silent.
 *
 * All nodes of a machine live at one address and port, and end together. So when
 * one of them takes long to answer, and nothing else has come from there since
 * it was asked, whoever is asked there next is not waited for: another is asked
 * beside at once, and what comes from there still counts, and ends the silence.
 *
 * It is a hint that all nodes of this host share, in a table where one place may
 * push out another: whoever is forgotten is waited for again.
 */
#include <stdlib.h>
#include <string.h>

#include "dht_state.h"

/**
 * dht_place_hash() - a number for an address and a port
 * @host: the host, whose key keeps chosen ones from being alike
 * @contact: who lives there
 *
 * Return: the number.
 */
uint64_t dht_place_hash(const struct dht_host *host,
			const struct dht_contact *contact)
{
	uint64_t h = host->hash_key ^ contact->port, b;

	h *= 0x9e3779b97f4a7c15ULL;
	memcpy(&b, contact->addr + 8, sizeof(b));
	h = (h ^ h >> 29 ^ b) * 0xbf58476d1ce4e5b9ULL;
	memcpy(&b, contact->addr, sizeof(b));
	h = (h ^ h >> 32 ^ b) * 0x94d049bb133111ebULL;
	return h ^ h >> 31;
}

static struct dht_place *place_of(const struct dht_host *host, uint64_t hash)
{
	return &host->place[hash % host->config.max_places];
}

/**
 * dht_place_heard() - something authentic has come from a place
 * @host: the host
 * @now: microseconds
 * @contact: who lives there
 */
void dht_place_heard(struct dht_host *host, uint64_t now,
		     const struct dht_contact *contact)
{
	struct dht_place *place;
	uint64_t hash;

	if (!host->place)
		return;
	hash = dht_place_hash(host, contact);
	place = place_of(host, hash);
	/* Who is silent is worth more than who is not. */
	if (place->silent && place->hash != hash)
		return;
	*place = (struct dht_place){ .hash = hash, .heard = now };
}

/**
 * dht_place_slow() - a command that has left is not answered in time
 * @host: the host
 * @request: the command
 */
void dht_place_slow(struct dht_host *host, const struct dht_request *request)
{
	struct dht_place *place;
	uint64_t hash;

	if (!host->place || request->held)
		return;
	hash = dht_place_hash(host, dht_book_at(host, request->known));
	place = place_of(host, hash);
	if (place->hash == hash && place->heard >= request->sent)
		return;
	*place = (struct dht_place){ .hash = hash, .silent = true };
}

/**
 * dht_place_silent() - whether nobody should be waited for at a place
 * @op: who would wait
 * @known: who is asked
 *
 * Only where somebody waits for the operation are others asked beside.
 *
 * Return: true if so.
 */
bool dht_place_silent(const struct dht_op *op, uint32_t known)
{
	const struct dht_host *host = dht_of(op->node);
	const struct dht_place *place;
	uint64_t hash;

	if (!host->place ||
	    (op->aim != DHT_AIM_FIND && op->aim != DHT_AIM_STORE))
		return false;
	hash = dht_place_hash(host, dht_book_at(host, known));
	place = place_of(host, hash);
	return place->silent && place->hash == hash;
}
