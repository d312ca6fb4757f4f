// SPDX-License-Identifier: GPL-2.0
/*
 * The proof of work of our own nodes: made in small pieces, while everything
 * else goes on.
 */
#include <string.h>

#include "admission.h"
#include "directory_state.h"
#include "log.h"

#define TRIES	4096	/* before others have their turn: some milliseconds */

static unsigned int bits_of(const struct member *member, uint64_t work)
{
	const char *netid = member->network->netid;

	return dht_work_bits((const uint8_t *)netid, strlen(netid),
			     &member->id, work);
}

static void show(struct member *member, uint64_t work)
{
	member->work_bits = bits_of(member, work);
	dht_node_work(member->dht, work);
}

/**
 * work_done() - whether a node has done the work that its network wants
 * @member: the node
 *
 * If it has not, a piece of it is done. What the network wants may change.
 *
 * Return: true if so, or if the network wants none; otherwise it wants to be
 * called again.
 */
bool work_done(struct member *member)
{
	unsigned int bits = dht_net_params(member->network->net)->work_bits;
	const char *netid = member->network->netid;
	char text[THEMIS_ID_TEXT];
	bool found;

	/* It may have been asked for less meanwhile. */
	if (member->work_bits >= bits) {
		member->working = false;
		return true;
	}
	themis_id_format(&member->id, text);
	if (!member->working)
		log_info("node %.16s: makes a proof of work of %u bits for network %s",
			 text, bits, netid);
	found = !dht_work_find((const uint8_t *)netid, strlen(netid),
			       &member->id, bits, member->work, TRIES,
			       &member->work);
	member->working = !found;
	if (!found)
		return false;
	show(member, member->work);
	disk_proof(member, member->work);
	log_info("node %.16s: has a proof of work of %u bits", text,
		 member->work_bits);
	return true;
}

/**
 * work_believe() - a proof of work from the disk
 * @member: whose
 * @work: the proof; taken if it shows anything
 */
void work_believe(struct member *member, uint64_t work)
{
	if (bits_of(member, work) <= member->work_bits)
		return;
	/* If it is not enough, it goes on from there. */
	member->work = work;
	show(member, work);
}
