// SPDX-License-Identifier: GPL-2.0
/*
 * How many copies there are of the objects.
 *
 * An object is lost when the last one is gone, which is rare; that there are few
 * of an object is not, and tells how rare.
 */
#include "sim.h"

static int held(void *ctx, const struct themis_id *id, const uint8_t *object,
		size_t len)
{
	struct sim_thing *thing = sim_thing_of(ctx, id);
	struct dht_object o;

	if (thing && !dht_object_parse(&o, object, len) && o.seq >= thing->seq)
		thing->holders++;
	return 0;
}

/**
 * sim_copies() - count them, at honest nodes
 * @s: the simulation
 *
 * What was acknowledged and is held by none of these is lost.
 */
void sim_copies(struct sim *s)
{
	uint32_t i, n;

	for (i = 0; i < s->o.objects; i++)
		s->thing[i].holders = 0;
	for (i = 0; i < s->n_living; i++)
		if (!s->node[s->living[i]].liar)
			dht_node_objects(s->node[s->living[i]].node, held, s);
	s->lost_objects = 0;
	for (i = 0; i < s->o.objects; i++) {
		if (!s->thing[i].acked)
			continue;
		n = s->thing[i].holders;
		s->copies[n < SIM_COPIES ? n : SIM_COPIES - 1]++;
		s->lost_objects += !n;
	}
}
