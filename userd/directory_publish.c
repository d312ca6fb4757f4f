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
#define AGAIN_S		10	/* until what has failed is tried again, at most */
#define AGAIN_PART	4	/* of the time until it is stored again */

/* A store that nobody waits for. */
struct renewal {
	struct wait	wait;
	uint64_t	half;
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

/* Until what has failed is tried again: well before others forget it. */
static uint64_t again(uint64_t half)
{
	uint64_t seconds = half / AGAIN_PART;

	if (!seconds)
		return 1;
	return seconds < AGAIN_S ? seconds : AGAIN_S;
}

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
		publish_due(member, again(renewal->half));
	} else if (act) {
		disk_publish_stored(member, renewal->b, renewal->len,
				    (uint64_t)time(NULL));
		publish_due(member, renewal->half);
	}
	free(renewal);
}

static bool renew(struct member *member, const struct publication *p,
		  uint64_t half)
{
	struct renewal *renewal = calloc(1, sizeof(*renewal));

	if (!renewal)
		return false;
	memcpy(renewal->b, p->b, p->len);
	renewal->len = p->len;
	renewal->half = half;
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
	if (again(half) < round->next)
		round->next = again(half);
	if (!renew(round->member, p, half))
		return PUBLISH_NEXT;
	/* As one that has failed, until it is stored: we may die before. */
	p->stored = round->now - half + again(half);
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
