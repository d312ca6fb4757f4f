// SPDX-License-Identifier: GPL-2.0
/*
 * The queue of actions.
 *
 * It is bounded. A message that does not fit is as good as lost on the way,
 * which every asker copes with.
 */
#include <stdlib.h>
#include <string.h>

#include "dht_state.h"

/* Results and objects may go over the bound by what few operations make. */
#define MARGIN	1024

/**
 * dht_act() - put an action on the queue
 * @node: which local node
 * @type: what
 * @len: bytes that the caller will fill in
 *
 * Return: the action, or NULL where there is no room.
 */
struct dht_action *dht_act(struct dht_node *node, enum dht_action_type type,
			   size_t len)
{
	struct dht_host *host = dht_of(node);
	uint32_t bound = host->config.max_actions;
	struct dht_action *action;

	if (type != DHT_ACT_COMMAND && type != DHT_ACT_RESPONSE)
		bound += MARGIN;
	if (host->n_actions >= bound)
		return NULL;
	action = malloc(sizeof(*action) + len);
	if (!action)
		return NULL;
	memset(action, 0, sizeof(*action));
	action->type = type;
	action->node = node;
	action->len = len;
	if (host->last)
		host->last->next = action;
	else
		host->first = action;
	host->last = action;
	host->n_actions++;
	return action;
}

/**
 * dht_act_message() - have a message sent
 * @node: which local node
 * @type: DHT_ACT_COMMAND or DHT_ACT_RESPONSE
 * @message: the message
 *
 * Return: the action, or NULL where there is no room.
 */
struct dht_action *dht_act_message(struct dht_node *node,
				   enum dht_action_type type,
				   const struct dht_message *message)
{
	uint8_t b[DHT_MESSAGE_MAX];
	size_t len = dht_message_put(message, b);
	struct dht_action *action = dht_act(node, type, len);

	if (action)
		memcpy(action->b, b, len);
	return action;
}

/**
 * dht_act_forget() - take what belongs to a node off the queue
 * @node: the node
 */
void dht_act_forget(struct dht_node *node)
{
	struct dht_host *host = dht_of(node);
	struct dht_action **at = &host->first, *action;

	host->last = NULL;
	while ((action = *at)) {
		if (action->node == node) {
			*at = action->next;
			host->n_actions--;
			free(action);
		} else {
			host->last = action;
			at = &action->next;
		}
	}
}

/**
 * dht_action() - take the next action off the queue
 * @host: the host
 *
 * Return: the action, which goes to dht_action_done(); NULL if there is none.
 */
struct dht_action *dht_action(struct dht_host *host)
{
	struct dht_action *action = host->first;

	if (!action)
		return NULL;
	host->first = action->next;
	if (!host->first)
		host->last = NULL;
	host->n_actions--;
	action->next = NULL;
	return action;
}

/**
 * dht_pending() - whether there are actions to be taken
 * @host: the host
 *
 * Return: true if so.
 */
bool dht_pending(const struct dht_host *host)
{
	return host->first;
}

/**
 * dht_action_done() - the owner is done with an action
 * @action: the action
 */
void dht_action_done(struct dht_action *action)
{
	free(action);
}
