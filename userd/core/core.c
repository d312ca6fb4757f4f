// SPDX-License-Identifier: GPL-2.0
/*
 * The protocol core: making and freeing one, and its inputs.
 */
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "state.h"

static const char * const why_text[__THEMIS_WHY_MAX] = {
	[THEMIS_WHY_NONE]		= "nothing is wrong",
	[THEMIS_WHY_NO_ENDPOINT]	= "the peer's endpoint is not known",
	[THEMIS_WHY_NO_ANSWER]		= "no answer",
	[THEMIS_WHY_UNKNOWN_PEER]	= "the peer is not configured",
	[THEMIS_WHY_UNKNOWN_NODE]	= "the local node is not ours",
	[THEMIS_WHY_WRONG_PEER]		= "peer is not who you asked for",
	[THEMIS_WHY_BAD_SIGNATURE]	= "the answer was not authentic",
	[THEMIS_WHY_BAD_VERSION]	= "the peer speaks another version",
	[THEMIS_WHY_BAD_CONFIRM]	= "the pre-shared keys differ",
	[THEMIS_WHY_FULL]		= "too many agreements in progress",
	[THEMIS_WHY_KERNEL]		= "the kernel refused the key",
	[THEMIS_WHY_DENIED]		= "our node denies this peer",
	[THEMIS_WHY_REFUSED]		= "peer refuses",
	[THEMIS_WHY_UNLISTED]		= "peer refuses: not in its allow list",
	[THEMIS_WHY_DENIED_US]		= "peer refuses: it denies this node",
	[THEMIS_WHY_NEW_VERSION]	= "peer refuses: its version is newer than ours",
	[THEMIS_WHY_OLD_VERSION]	= "peer refuses: its version is older than ours",
	[THEMIS_WHY_NEW_SUITE]		= "peer refuses: its suite is newer than ours",
	[THEMIS_WHY_OLD_SUITE]		= "peer refuses: its suite is older than ours",
	[THEMIS_WHY_NOT_FOUND]		= "the directory does not know the peer",
	[THEMIS_WHY_NO_DIRECTORY]	= "the directory does not answer",
};

static const char * const why_hint[__THEMIS_WHY_MAX] = {
	[THEMIS_WHY_NONE] = "",
	[THEMIS_WHY_NO_ENDPOINT] =
		"Configure an endpoint for the peer, or let it call first.",
	[THEMIS_WHY_NO_ANSWER] =
		"Check that the peer runs, its endpoint, its id and netid, and the firewalls between.",
	[THEMIS_WHY_UNKNOWN_PEER] =
		"Add the peer to the configuration.",
	[THEMIS_WHY_UNKNOWN_NODE] =
		"Add the node to the configuration.",
	[THEMIS_WHY_WRONG_PEER] =
		"Check the peer's id, and that the endpoint is that peer's.",
	[THEMIS_WHY_BAD_SIGNATURE] =
		"Check the peer's id; somebody between may alter packets.",
	[THEMIS_WHY_BAD_VERSION] =
		"Run the same version of the protocol on both sides.",
	[THEMIS_WHY_BAD_CONFIRM] =
		"Configure the same pre-shared key on both sides.",
	[THEMIS_WHY_FULL] =
		"Try again in a few seconds, or raise the limit.",
	[THEMIS_WHY_KERNEL] =
		"Look for its reason in the journal.",
	[THEMIS_WHY_DENIED] =
		"Allow it with 'themis peer allow'.",
	[THEMIS_WHY_REFUSED] =
		"Ask who runs the peer; ours may be too old to know its reason.",
	[THEMIS_WHY_UNLISTED] =
		"Have it list this node: 'themis peer allow' on its side.",
	[THEMIS_WHY_DENIED_US] =
		"Have it allow this node: 'themis peer allow' on its side.",
	[THEMIS_WHY_NEW_VERSION] =
		"Update this side.",
	[THEMIS_WHY_OLD_VERSION] =
		"Update the peer.",
	[THEMIS_WHY_NEW_SUITE] =
		"Update this side.",
	[THEMIS_WHY_OLD_SUITE] =
		"Update the peer.",
	[THEMIS_WHY_NOT_FOUND] =
		"Check the peer's id, and that it runs and has joined the network.",
	[THEMIS_WHY_NO_DIRECTORY] =
		"Look at 'themis net', and name members that run.",
};

#define COUNTER_TEXT(name, text, help) text,
static const char * const counter_name[__THEMIS_N_MAX] = {
	"none",
	THEMIS_CORE_COUNTERS(COUNTER_TEXT)
};

#define COUNTER_HELP(name, text, help) help,
static const char * const counter_help[__THEMIS_N_MAX] = {
	"nothing",
	THEMIS_CORE_COUNTERS(COUNTER_HELP)
};

/**
 * themis_core_why_text() - a reason in words, without a full stop
 * @why: the reason
 *
 * Return: constant text.
 */
const char *themis_core_why_text(enum themis_why why)
{
	if ((unsigned int)why >= __THEMIS_WHY_MAX)
		return "unknown reason";
	return why_text[why];
}

/**
 * themis_core_why_hint() - what to do about it, a sentence
 * @why: the reason
 *
 * Return: constant text; empty for THEMIS_WHY_NONE.
 */
const char *themis_core_why_hint(enum themis_why why)
{
	if ((unsigned int)why >= __THEMIS_WHY_MAX)
		return "";
	return why_hint[why];
}

/**
 * themis_core_counter_name() - name of a counter
 * @counter: from 1 to __THEMIS_N_MAX - 1
 *
 * Return: constant text, or NULL past the last.
 */
const char *themis_core_counter_name(enum themis_core_counter counter)
{
	return (unsigned int)counter < __THEMIS_N_MAX ?
	       counter_name[counter] : NULL;
}

/**
 * themis_core_counter_help() - what a counter counts
 * @counter: from 1 to __THEMIS_N_MAX - 1
 *
 * Return: constant text, or NULL past the last.
 */
const char *themis_core_counter_help(enum themis_core_counter counter)
{
	return (unsigned int)counter < __THEMIS_N_MAX ?
	       counter_help[counter] : NULL;
}

/**
 * themis_core_counter() - value of a counter
 * @core: the core
 * @counter: which
 *
 * Return: how often it happened since themis_core_new().
 */
uint64_t themis_core_counter(const struct themis_core *core,
			     enum themis_core_counter counter)
{
	return (unsigned int)counter < __THEMIS_N_MAX ?
	       core->count[counter] : 0;
}

/**
 * themis_core_failures() - how many agreements of ours came to nothing
 * @core: the core
 * @why: of this cause
 *
 * Return: the number since themis_core_new().
 */
uint64_t themis_core_failures(const struct themis_core *core,
			      enum themis_why why)
{
	return (unsigned int)why < __THEMIS_WHY_MAX ? core->failures[why] : 0;
}

/**
 * themis_core_rtt() - round trips since themis_core_new()
 * @core: the core
 *
 * Only of agreements whose first message 1 was answered: else nobody knows
 * which one was.
 *
 * Return: the core's own.
 */
const struct themis_rtt *themis_core_rtt(const struct themis_core *core)
{
	return &core->rtt;
}

/**
 * themis_core_new() - make a core
 * @config: copied; @random is needed, and both bounds must not be zero
 *
 * Return: the core, or NULL without memory or with a bad configuration.
 */
struct themis_core *themis_core_new(const struct themis_core_config *config)
{
	struct themis_core *core;

	if (!config->random || !config->max_peers || !config->max_pending)
		return NULL;
	if (sodium_init() < 0)
		return NULL;
	core = calloc(1, sizeof(*core));
	if (!core)
		return NULL;
	core->config = *config;
	core_list_init(&core->nodes);
	core_list_init(&core->unproven);
	core_list_init(&core->learned);
	core_list_init(&core->answered);
	core_list_init(&core->done);

	if (core_table_init(&core->by_hint))
		goto err_hint;
	if (core_table_init(&core->by_peer))
		goto err_peer;
	if (core_table_init(&core->by_index))
		goto err_index;
	core_vault_init(&core->vault);
	core_pool_init(&core->psks, 32, config->max_peers);
	core_pool_init(&core->agrees, sizeof(struct core_agree),
		       config->max_pending);
	core_action_init(core);
	core_random(core, core->hash_key, sizeof(core->hash_key));
	return core;

err_index:
	core_table_free(&core->by_peer);
err_peer:
	core_table_free(&core->by_hint);
err_hint:
	free(core);
	return NULL;
}

/**
 * themis_core_free() - free a core; all its secrets are wiped
 * @core: the core, or NULL
 */
void themis_core_free(struct themis_core *core)
{
	struct core_list *pos;
	struct core_walk walk;

	if (!core)
		return;
	walk = core_walk(&core->nodes);
	while ((pos = core_walk_on(&walk)))
		core_node_free(core, core_entry(pos, struct core_node, all));
	core_pool_free(&core->actions);
	core_pool_free(&core->agrees);
	core_pool_free(&core->psks);
	core_heap_free(&core->timers);
	core_table_free(&core->by_index);
	core_table_free(&core->by_peer);
	core_table_free(&core->by_hint);
	sodium_memzero(core, sizeof(*core));
	free(core);
}

/**
 * themis_core_packet() - a packet of the key agreement has arrived
 * @core: the core
 * @now: microseconds
 * @link: UDP port of the link
 * @from: its source
 * @packet: the payload of UDP
 * @len: its length in bytes; any
 *
 * What is not valid is counted and leads to nothing.
 */
void themis_core_packet(struct themis_core *core, uint64_t now, uint16_t link,
			const union themis_endpoint *from,
			const uint8_t *packet, size_t len)
{
	union {
		struct themis_head	head;
		struct themis_init	init;
		struct themis_resp	resp;
		struct themis_confirm	confirm;
		struct themis_cookie	cookie;
		struct themis_refuse	refuse;
	} u;

	if (!core_action_room(core)) {
		core->count[THEMIS_N_FULL_ACTIONS]++;
		return;
	}
	if (len < sizeof(u.head) || len > sizeof(u)) {
		core->count[THEMIS_N_BAD_LENGTH]++;
		return;
	}
	memcpy(&u, packet, len);

	if (u.head.type < THEMIS_PKT_INIT || u.head.type > THEMIS_PKT_REFUSE)
		core->count[THEMIS_N_BAD_TYPE]++;
	else if (u.head.type == THEMIS_PKT_INIT && len == sizeof(u.init))
		core_rx_init(core, now, link, from, &u.init);
	else if (u.head.type == THEMIS_PKT_RESP && len == sizeof(u.resp))
		core_rx_resp(core, now, link, from, &u.resp);
	else if (u.head.type == THEMIS_PKT_CONFIRM && len == sizeof(u.confirm))
		core_rx_confirm(core, now, link, from, &u.confirm);
	else if (u.head.type == THEMIS_PKT_COOKIE && len == sizeof(u.cookie))
		core_rx_cookie(core, now, link, from, &u.cookie);
	else if (u.head.type == THEMIS_PKT_REFUSE && len == sizeof(u.refuse))
		core_rx_refuse(core, now, link, from, &u.refuse);
	else
		core->count[THEMIS_N_BAD_LENGTH]++;
}

/**
 * themis_core_busy() - the owner falls behind with packets
 * @core: the core
 * @now: microseconds
 *
 * For a second now, nobody's signature is checked before he has proven that he
 * receives at his address: that costs a hundredth of a signature.
 */
void themis_core_busy(struct themis_core *core, uint64_t now)
{
	core->busy_until = now + CORE_BUSY;
}

/**
 * themis_core_timer() - time has passed
 * @core: the core
 * @now: microseconds
 *
 * Does what is due, as far as there is room for actions; while there is more
 * themis_core_deadline() stays in the past.
 */
void themis_core_timer(struct themis_core *core, uint64_t now)
{
	struct core_timer *timer;
	struct core_agree *agree;

	while (core_action_room(core)) {
		timer = core_heap_top(&core->timers);
		if (!timer || timer->when > now)
			return;
		agree = core_entry(timer, struct core_agree, timer);
		if (core_own(agree->peer) == agree)
			core_initiator_timer(core, now, agree);
		else
			core_responder_timer(core, agree);
	}
}

/**
 * themis_core_deadline() - when themis_core_timer() wants to be called
 * @core: the core
 *
 * Return: microseconds, perhaps in the past, or UINT64_MAX for never.
 */
uint64_t themis_core_deadline(const struct themis_core *core)
{
	const struct core_timer *timer = core_heap_top(&core->timers);

	return timer ? timer->when : UINT64_MAX;
}
