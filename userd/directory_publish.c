// SPDX-License-Identifier: GPL-2.0
/*
 * What our own nodes have stored: it is stored again, before others may forget
 * it, for as long as it is to be there, also after a restart.
 */
#include <stdlib.h>
#include <time.h>

#include "directory_state.h"
#include "log.h"

#define RENEW_MAX	32	/* at once */

/* A store that nobody waits for. */
static void renewed(struct wait *wait, const struct dht_action *act)
{
	char text[THEMIS_ID_TEXT];

	if (act && act->result.outcome != DHT_DONE)
		log_debug("node %.16s: cannot store again: %s",
			  themis_id_format(&wait->member->id, text),
			  dht_outcome_text(act->result.outcome));
	free(wait);
}

static bool renew(void *ctx, const uint8_t *object, size_t len)
{
	struct member *member = ctx;
	struct wait *wait = calloc(1, sizeof(*wait));

	if (!wait)
		return false;
	directory_begin(member, wait);
	if (directory_wait(member, wait,
			   dht_store(member->dht, directory_now(member->dir),
				     object, len), renewed)) {
		free(wait);
		return false;
	}
	member->dir->count.n[DIRECTORY_N_RENEWED]++;
	return true;
}

/**
 * publish_renew() - store again what is due
 * @member: whose; it has joined
 *
 * Twice in the time for which others keep it.
 */
void publish_renew(struct member *member)
{
	uint32_t keep = dht_net_params(member->network->net)->keep;

	disk_published(member, (uint64_t)time(NULL) - keep / 2, RENEW_MAX,
		       renew, member);
	directory_soon(member->dir);
}
