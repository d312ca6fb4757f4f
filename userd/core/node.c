// SPDX-License-Identifier: GPL-2.0
/*
 * Local nodes: identities whose secret keys we hold.
 *
 * A secret key lies in guarded memory of its own, which cannot be read but for
 * the moment of a signature.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "state.h"

static uint64_t hint_hash(const struct themis_core *core,
			  const uint8_t hint[4])
{
	uint64_t hash;

	crypto_shorthash((uint8_t *)&hash, hint, 4, core->hash_key);
	return hash;
}

/**
 * core_node_find() - a node by its id
 * @core: the core
 * @id: the id
 *
 * Return: the node, or NULL.
 */
struct core_node *core_node_find(struct themis_core *core,
				 const struct themis_id *id)
{
	struct core_slot *slot;
	struct core_node *node;

	slot = core_table_first(&core->by_hint, hint_hash(core, id->b));
	for (; slot; slot = core_table_next(slot)) {
		node = core_entry(slot, struct core_node, by_hint);
		if (themis_id_equal(&node->self.id, id))
			return node;
	}
	return NULL;
}

/**
 * core_node_asked() - the node that a message 1 is for
 * @core: the core
 * @link: where it arrived
 * @init: the message
 *
 * Return: the node, or NULL if it is for none on this link.
 */
struct core_node *core_node_asked(struct themis_core *core, uint16_t link,
				  const struct themis_init *init)
{
	struct core_slot *slot;
	struct core_node *node;

	slot = core_table_first(&core->by_hint,
				hint_hash(core, init->head.index));
	for (; slot; slot = core_table_next(slot)) {
		node = core_entry(slot, struct core_node, by_hint);
		if (node->link == link &&
		    themis_init_probe(init, &node->self.id))
			return node;
	}
	return NULL;
}

/**
 * core_node_unlock() - make a node's secret key readable
 * @node: the node
 */
void core_node_unlock(const struct core_node *node)
{
	core_vault_open(node->page);
}

/**
 * core_node_lock() - make a node's secret key unreadable again
 * @node: the node
 */
void core_node_lock(const struct core_node *node)
{
	core_vault_close(node->page);
}

/**
 * themis_core_node_add() - be somebody
 * @core: the core
 * @seed: Ed25519 seed; the caller wipes its own copy
 * @netid: name of the network
 * @netid_len: its length in bytes, 1 to THEMIS_NETID_MAX
 * @link: UDP port of the link that the node lives on, host order
 * @id: result: who we are now; may be NULL
 *
 * Return: 0; -EINVAL for a netid of a wrong length, -EEXIST if the node is
 * there already, -ENOMEM.
 */
int themis_core_node_add(struct themis_core *core, const uint8_t seed[32],
			 const uint8_t *netid, size_t netid_len, uint16_t link,
			 struct themis_id *id)
{
	struct core_node *node;
	int err;

	node = calloc(1, sizeof(*node));
	if (!node)
		return -ENOMEM;
	node->secret_key = core_vault_get(&core->vault, &node->page);
	if (!node->secret_key) {
		err = -ENOMEM;
		goto err_secret;
	}
	crypto_sign_seed_keypair(node->self.public_key, node->secret_key,
				 seed);

	err = themis_id_derive(&node->self.id, netid, netid_len,
			       node->self.public_key);
	if (err)
		goto err_id;
	if (core_node_find(core, &node->self.id)) {
		err = -EEXIST;
		goto err_id;
	}

	memcpy(node->self.netid, netid, netid_len);
	node->self.netid_len = netid_len;
	node->self.secret_key = node->secret_key;
	node->link = link;
	core_node_lock(node);

	core_list_init(&node->all);
	core_list_init(&node->peers);
	core_list_add(&core->nodes, &node->all);
	core_table_add(&core->by_hint, &node->by_hint,
		       hint_hash(core, node->self.id.b));
	if (id)
		*id = node->self.id;
	return 0;

err_id:
	core_vault_put(node->page, node->secret_key);
err_secret:
	free(node);
	return err;
}

/**
 * core_node_free() - remove a node with its peers and agreements
 * @core: the core
 * @node: the node; what waits for a session of it fails
 */
void core_node_free(struct themis_core *core, struct core_node *node)
{
	struct core_walk walk = core_walk(&node->peers);
	struct core_list *pos;

	while ((pos = core_walk_on(&walk)))
		core_peer_free(core,
			       core_entry(pos, struct core_peer, of_node),
			       THEMIS_WHY_UNKNOWN_NODE);
	core_list_del(&node->all);
	core_table_del(&core->by_hint, &node->by_hint);
	core_vault_put(node->page, node->secret_key);
	free(node);
}

/**
 * themis_core_node_del() - be somebody no more
 * @core: the core
 * @now: microseconds
 * @node: the node; its secret key is wiped, its agreements fail with
 *	THEMIS_WHY_UNKNOWN_NODE. Its sessions in the kernel are the owner's to
 *	remove
 *
 * Return: 0, or -ENOENT.
 */
int themis_core_node_del(struct themis_core *core, uint64_t now,
			 const struct themis_id *node)
{
	struct core_node *found = core_node_find(core, node);

	if (!found)
		return -ENOENT;
	core_node_free(core, found);
	return 0;
}

/**
 * themis_core_node_key() - the public key of a local node
 * @core: the core
 * @node: the node
 * @key: result, Ed25519
 *
 * Return: 0, or -ENOENT.
 */
int themis_core_node_key(struct themis_core *core,
			 const struct themis_id *node, uint8_t key[32])
{
	struct core_node *found = core_node_find(core, node);

	if (!found)
		return -ENOENT;
	memcpy(key, found->self.public_key, 32);
	return 0;
}

/**
 * themis_core_sign() - sign for a local node
 * @core: the core
 * @node: the node
 * @signature: result, Ed25519
 * @b: what is signed; it begins with a label that no message of the agreement
 *	begins with, so that none can be passed off as one
 * @len: its length in bytes
 *
 * Return: 0, or -ENOENT.
 */
int themis_core_sign(struct themis_core *core, const struct themis_id *node,
		     uint8_t signature[64], const uint8_t *b, size_t len)
{
	struct core_node *found = core_node_find(core, node);

	if (!found)
		return -ENOENT;
	core_node_unlock(found);
	crypto_sign_detached(signature, NULL, b, len, found->secret_key);
	core_node_lock(found);
	return 0;
}
