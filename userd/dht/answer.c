// SPDX-License-Identifier: GPL-2.0
/*
 * Commands of others, and what they are answered.
 */
#include <string.h>

#include "dht_state.h"

struct answer {
	struct dht_message	m;
	uint8_t			contacts[DHT_CONTACTS_MAX * DHT_CONTACT_LEN];
	uint8_t			objects[DHT_OBJECT_ROOM];
};

/**
 * dht_contacts_put() - the peers nearest to a target, for an answer
 * @node: the node
 * @target: the target
 * @but: who is left out, because he asks
 * @n: how many, at most DHT_CONTACTS_MAX
 * @b: result, DHT_CONTACT_LEN bytes each
 *
 * Return: how many there are.
 */
unsigned int dht_contacts_put(const struct dht_node *node,
			      const struct themis_id *target,
			      const struct themis_id *but, unsigned int n,
			      uint8_t *b)
{
	const struct dht_peer *best[DHT_CONTACTS_MAX + 2];
	const struct dht_contact *contact;
	unsigned int i, have, put = 0;

	have = dht_table_nearest(node, target, false, best, n + 1);
	for (i = 0; i < have && put < n; i++) {
		contact = dht_book_at(dht_of(node), best[i]->known);
		if (themis_id_equal(&contact->id, but))
			continue;
		dht_contact_put(contact, b + put++ * DHT_CONTACT_LEN);
	}
	return put;
}

static void put_contacts(struct dht_node *node, struct answer *a,
			 const struct themis_id *target,
			 const struct themis_id *asker, unsigned int n)
{
	a->m.n_contacts = dht_contacts_put(node, target, asker, n,
					   a->contacts);
}

static void find(struct dht_node *node, uint64_t now, struct answer *a,
		 const struct themis_id *asker, const struct dht_message *m)
{
	struct dht_held *held;
	size_t len;

	a->m.since = node->near_size;
	put_contacts(node, a, &m->target, asker, m->limit);
	if (!(m->flags & DHT_FIND_VALUE))
		return;
	for (held = dht_store_first(node, &m->target);
	     held && a->m.n_objects < DHT_OBJECTS_MAX;
	     held = dht_store_next(held, &m->target)) {
		if (held->until <= now ||
		    (held->object.seq <= m->since && m->since))
			continue;
		len = dht_object_put(a->objects + a->m.objects_len,
				     sizeof(a->objects) - a->m.objects_len,
				     held->b, held->object.len,
				     dht_left(held, now));
		if (!len) {
			a->m.flags |= DHT_MORE;
			break;
		}
		a->m.objects_len += len;
		a->m.n_objects++;
	}
}

/* Those who are nearer to an object than the node itself. */
static void put_nearer(struct dht_node *node, struct answer *a,
		       const struct themis_id *id,
		       const struct themis_id *asker)
{
	uint64_t prefix = dht_prefix(id), own = node->table.self ^ prefix;
	const uint8_t *last;

	put_contacts(node, a, id, asker, dht_p(node)->reply);
	while (a->m.n_contacts) {
		last = a->contacts + (a->m.n_contacts - 1) * DHT_CONTACT_LEN;
		if ((dht_get64(last) ^ prefix) <= own)
			break;
		a->m.n_contacts--;
	}
}

/*
 * Takes objects, of one who stores or leaves. Whoever is nearer to an object
 * should have it, too, and is named. Who knows four times as many of them as
 * there are copies is not meant.
 */
static void take(struct dht_node *node, uint64_t now, struct answer *a,
		 const struct themis_id *asker, const struct dht_message *m)
{
	const uint8_t *at = m->objects, *end = at + m->objects_len, *b;
	struct themis_id id = { { 0 } };
	uint32_t lease;
	size_t len;

	while ((b = dht_object_next(&at, end, &len, &lease)))
		a->m.status = dht_store_check(node, now, b, len, lease,
					      &a->m.since, &id);
	if (m->type != DHT_STORE || a->m.status)
		return;
	put_nearer(node, a, &id, asker);
	if (!dht_in_range(node, &id)) {
		struct dht_held *held = dht_store_first(node, &id);

		a->m.status = DHT_FAR;
		if (held)
			dht_store_drop(node, held);
	}
}

static void join(struct dht_node *node, uint64_t now, struct answer *a,
		 uint32_t known, const struct dht_message *m)
{
	struct dht_known *k = dht_slab_at(&dht_of(node)->book, known);
	const struct dht_net *net = node->net;

	a->m.seen = k->contact;
	a->m.since = node->size;
	memcpy(a->m.admission, node->admission, sizeof(a->m.admission));
	if (m->netid_len != net->netid_len ||
	    memcmp(m->netid, net->netid, net->netid_len) ||
	    !dht_admitted(node, now, &k->contact.id, m->admission)) {
		a->m.status = DHT_FORBIDDEN;
		return;
	}
	if (net->params.closed)
		k->admitted = dht_get64(m->admission);
	put_contacts(node, a, &k->contact.id, &k->contact.id,
		     DHT_CONTACTS_MAX);
}

static bool may_ask(const struct dht_node *node, uint64_t now, uint32_t known)
{
	const struct dht_known *k = dht_slab_at(&dht_of(node)->book, known);

	if (!dht_work_ok(node->net, &k->contact))
		return false;
	return !dht_p(node)->closed ||
	       k->admitted > dht_unix(dht_of(node), now);
}

static void answer(struct dht_node *node, uint64_t now, uint32_t known,
		   const struct dht_message *m, struct answer *a)
{
	const struct themis_id *asker = &dht_book_at(dht_of(node), known)->id;

	if (m->type == DHT_JOIN)
		join(node, now, a, known, m);
	else if (!may_ask(node, now, known))
		a->m.status = DHT_FORBIDDEN;
	else if (m->type == DHT_FIND)
		find(node, now, a, asker, m);
	else if (m->type == DHT_UPDATE)
		dht_update_answer(node, now, m, &a->m, asker, a->objects);
	else
		take(node, now, a, asker, m);
	if (m->type == DHT_UPDATE && !a->m.status) {
		put_contacts(node, a, asker, asker, dht_p(node)->reply);
		dht_update_back(node, now, known);
	}
}

/**
 * dht_command() - a command has arrived
 * @node: who is asked
 * @now: microseconds
 * @from: who asks, proven; its work is taken from the message
 * @seq: of the command
 * @b: the command, anything
 * @len: its length in bytes
 *
 * What cannot be read is not answered.
 */
void dht_command(struct dht_node *node, uint64_t now,
		 const struct dht_contact *from, uint64_t seq,
		 const uint8_t *b, size_t len)
{
	struct dht_host *host = dht_of(node);
	struct dht_contact contact = *from;
	struct dht_action *action;
	struct dht_message m;
	struct answer a;
	uint32_t known;

	if (node->left || dht_message_parse(&m, b, len) || m.response)
		return;
	contact.work = m.work;
	known = dht_book_get(host, &contact);
	if (!known)
		return;
	dht_place_heard(host, now, &contact);
	memset(&a.m, 0, sizeof(a.m));
	a.m.type = m.type;
	a.m.response = true;
	a.m.work = node->self.work;
	a.m.lease = dht_lease(node);
	a.m.contacts = a.contacts;
	a.m.objects = a.objects;
	answer(node, now, known, &m, &a);
	if (a.m.status != DHT_FORBIDDEN) {
		if (m.type == DHT_LEAVE)
			dht_table_drop(node, known);
		else
			dht_table_heard(node, now, known, true);
	}
	action = dht_act_message(node, DHT_ACT_RESPONSE, &a.m);
	if (action) {
		action->to = contact;
		action->seq = seq;
		node->commands++;
	}
	dht_book_put(host, known);
}
