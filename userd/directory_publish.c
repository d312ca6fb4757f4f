// SPDX-License-Identifier: GPL-2.0
/*
 * What our own nodes have stored: it is stored again, before others may forget
 * it, for as long as it is to be there, also after a restart. What is kept up is
 * signed again each time.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "directory_state.h"
#include "log.h"
#include "object.h"

#define RENEW_MAX	32	/* at once */
#define LOOK_S		300	/* between two looks, at most */
#define AGAIN_S		10	/* until what has failed is tried again */

/* A store that nobody waits for. */
struct renewal {
	struct wait	wait;
	size_t		len;
	uint8_t		b[DHT_OBJECT_MAX];
};

/* A walk over what a node has stored. */
struct round {
	struct member	*member;
	uint64_t	now;		/* seconds of the world's clock */
	uint64_t	next;		/* seconds until the next is due */
	unsigned int	n;
};

static void renewed(struct wait *wait, const struct dht_action *act)
{
	struct renewal *renewal = (struct renewal *)wait;
	struct member *member = wait->member;
	char text[THEMIS_ID_TEXT];

	/* A newer one of the same owner's goes before. */
	if (act && act->result.outcome != DHT_DONE &&
	    act->result.status != DHT_OLD &&
	    act->result.status != DHT_CONFLICT) {
		log_debug("node %.16s: cannot store again: %s; trying again",
			  themis_id_format(&member->id, text),
			  dht_outcome_text(act->result.outcome));
		disk_publish_soon(member, renewal->b, renewal->len);
		publish_due(member, AGAIN_S);
	}
	free(renewal);
}

static bool renew(struct member *member, const struct publication *p)
{
	struct renewal *renewal = calloc(1, sizeof(*renewal));

	if (!renewal)
		return false;
	memcpy(renewal->b, p->b, p->len);
	renewal->len = p->len;
	directory_begin(member, &renewal->wait);
	if (directory_wait(member, &renewal->wait,
			   dht_store(member->dht, directory_now(member->dir),
				     p->b, p->len), renewed)) {
		free(renewal);
		return false;
	}
	member->dir->count.n[DIRECTORY_N_RENEWED]++;
	return true;
}

/**
 * publish_half() - how often something is stored again
 * @member: whose
 * @p: what
 *
 * Return: seconds: half of what it is signed for, or of what others keep it.
 */
uint64_t publish_half(const struct member *member,
		      const struct publication *p)
{
	uint64_t keep = dht_net_params(member->network->net)->keep;

	return (p->ttl && p->ttl < keep ? p->ttl : keep) / 2;
}

static enum publish_verdict look(void *ctx, const struct themis_id *id,
				 struct publication *p)
{
	/* Until it is written; one thread. */
	static uint8_t b[DHT_OBJECT_MAX];
	struct round *round = ctx;
	uint64_t half = publish_half(round->member, p);
	uint64_t since = round->now - p->stored;

	/* One from the future was stored before a clock was set back. */
	if (p->stored <= round->now && since < half) {
		if (half - since < round->next)
			round->next = half - since;
		return PUBLISH_NEXT;
	}
	if (p->until == PUBLISH_ALWAYS &&
	    store_sign_again(round->member, p, b))
		return PUBLISH_FORGET;
	if (round->n++ == RENEW_MAX) {
		round->next = 0;
		return PUBLISH_STOP;
	}
	if (!renew(round->member, p)) {
		if (round->next > AGAIN_S)
			round->next = AGAIN_S;
		return PUBLISH_NEXT;
	}
	if (half < round->next)
		round->next = half;
	p->stored = round->now;
	return PUBLISH_WRITE;
}

/**
 * publish_due() - something is to be stored again
 * @member: whose
 * @seconds: from now
 */
void publish_due(struct member *member, uint64_t seconds)
{
	uint64_t at = daemon_now() + seconds * 1000000;

	if (at < member->renew_at)
		member->renew_at = at;
}

/**
 * publish_renew() - store again what is due
 * @member: whose; it has joined
 */
void publish_renew(struct member *member)
{
	struct round round = {
		.member = member,
		.now = (uint64_t)time(NULL),
		.next = LOOK_S,
	};

	if (daemon_now() < member->renew_at)
		return;
	disk_published(member, look, &round);
	member->renew_at = daemon_now() + round.next * 1000000;
	directory_soon(member->dir);
}
