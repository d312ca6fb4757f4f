// SPDX-License-Identifier: GPL-2.0
/*
 * Who may be in a network, where it does not take everybody.
 *
 * An id costs its owner nothing, so ids could be ground until they lie around a
 * target. A proof of work makes each id cost 2^bits hashes, and a contact
 * carries its proof, so that everybody can check it before he asks. A closed
 * network takes only those whom its key has signed.
 */
#include <string.h>

#include <sodium.h>

#include "admission.h"
#include "dht_state.h"

static const char work_label[] = "themis work v1";
static const char admission_label[] = "themis admission v1";

/**
 * dht_work_bits() - how much work a proof shows
 * @netid: name of the network
 * @netid_len: its length in bytes
 * @id: whose
 * @work: the proof
 *
 * Return: leading zero bits, 0 to 64.
 */
unsigned int dht_work_bits(const uint8_t *netid, size_t netid_len,
			   const struct themis_id *id, uint64_t work)
{
	uint8_t b[sizeof(work_label) + THEMIS_NETID_MAX + 32 + 8], h[32];
	size_t at = sizeof(work_label) - 1;
	uint64_t top;

	memcpy(b, work_label, at);
	b[at++] = netid_len;
	memcpy(b + at, netid, netid_len);
	at += netid_len;
	memcpy(b + at, id->b, sizeof(id->b));
	at += sizeof(id->b);
	dht_put64(b + at, work);
	at += 8;
	crypto_generichash(h, sizeof(h), b, at, NULL, 0);
	top = dht_get64(h);
	return top ? __builtin_clzll(top) : 64;
}

/**
 * dht_work_find() - do the work
 * @netid: name of the network
 * @netid_len: its length in bytes
 * @id: for whom
 * @bits: leading zero bits wanted
 * @from: where to begin
 * @tries: how many to try at most
 * @work: result, the proof; or where to go on
 *
 * Return: 0, or -1 if it was not found in so many tries.
 */
int dht_work_find(const uint8_t *netid, size_t netid_len,
		  const struct themis_id *id, unsigned int bits, uint64_t from,
		  uint64_t tries, uint64_t *work)
{
	uint64_t i;

	for (i = 0; i < tries; i++) {
		*work = from + i;
		if (dht_work_bits(netid, netid_len, id, *work) >= bits)
			return 0;
	}
	*work = from + i;
	return -1;
}

/**
 * dht_work_ok() - whether a contact has done the work that its network wants
 * @net: the network
 * @contact: the contact
 *
 * Return: true if so, or if the network wants none.
 */
bool dht_work_ok(const struct dht_net *net, const struct dht_contact *contact)
{
	return !net->params.work_bits ||
	       dht_work_bits(net->netid, net->netid_len, &contact->id,
			     contact->work) >= net->params.work_bits;
}

/**
 * dht_admission_text() - what a network's key signs for a member
 * @netid: name of the network
 * @netid_len: its length in bytes
 * @id: the member
 * @until: seconds of the world's clock
 * @b: result, DHT_ADMISSION_TEXT bytes
 *
 * Return: its length in bytes.
 */
size_t dht_admission_text(const uint8_t *netid, size_t netid_len,
			  const struct themis_id *id, uint64_t until,
			  uint8_t *b)
{
	size_t at = sizeof(admission_label) - 1;

	memcpy(b, admission_label, at);
	b[at++] = netid_len;
	memcpy(b + at, netid, netid_len);
	at += netid_len;
	memcpy(b + at, id->b, sizeof(id->b));
	at += sizeof(id->b);
	dht_put64(b + at, until);
	return at + 8;
}

/**
 * dht_admitted() - whether an admission lets somebody in
 * @node: the node that is asked
 * @now: microseconds
 * @id: who shows it
 * @admission: expiry, 8 bytes, and signature, 64
 *
 * Return: true if so, or if the network is open.
 */
bool dht_admitted(const struct dht_node *node, uint64_t now,
		  const struct themis_id *id, const uint8_t *admission)
{
	const struct dht_config *config = &dht_of(node)->config;
	const struct dht_net *net = node->net;
	uint64_t until = dht_get64(admission);
	uint8_t b[DHT_ADMISSION_TEXT];
	size_t len;

	if (!net->params.closed)
		return true;
	if (until <= dht_unix(net->host, now))
		return false;
	len = dht_admission_text(net->netid, net->netid_len, id, until, b);
	if (config->verify)
		return !config->verify(config->ctx, admission + 8, b, len,
				       net->params.key);
	return !crypto_sign_verify_detached(admission + 8, b, len,
					    net->params.key);
}
