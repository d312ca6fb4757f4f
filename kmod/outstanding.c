// SPDX-License-Identifier: GPL-2.0
/* Commands that wait for their responses. Pure. */
#include "outstanding.h"

/* Sequences rise by one, which spreads them well enough by themselves. */
static u32 home(const struct themis_outstanding *out, u64 session, u64 seq)
{
	return (session * 0x9e3779b97f4a7c15ULL + seq) & out->mask;
}

/* The place of a command, or the empty one where it would go. */
static u32 find(const struct themis_outstanding *out, u64 session, u64 seq)
{
	u32 at = home(out, session, seq);

	while (out->place[at].session && (out->place[at].session != session ||
					  out->place[at].seq != seq))
		at = (at + 1) & out->mask;

	return at;
}

/* Empty a place, and close the gap for those who passed it on their way. */
static void empty(struct themis_outstanding *out, u32 at)
{
	const struct themis_command *command;
	u32 next = at;
	u32 from;

	for (;;) {
		next = (next + 1) & out->mask;
		command = &out->place[next];
		if (!command->session)
			break;
		from = home(out, command->session, command->seq);
		if (((next - from) & out->mask) < ((next - at) & out->mask))
			continue;
		out->place[at] = *command;
		at = next;
	}
	memset(&out->place[at], 0, sizeof(out->place[at]));
	out->count--;
}

static void sweep(struct themis_outstanding *out, u64 now)
{
	u32 at = 0;

	while (at <= out->mask)
		/* What moves into the gap has to be looked at as well. */
		if (out->place[at].session && out->place[at].deadline <= now)
			empty(out, at);
		else
			at++;
}

/**
 * themis_outstanding_add() - a command goes out
 * @out: the table
 * @session: number of its session, not 0
 * @seq: its sequence, unique in the session
 * @tag: what the sender calls it
 * @deadline: until when its response is awaited, ns
 * @now: ns
 *
 * Return: 0, or -ENOBUFS if @out->max commands wait and none is past its
 * deadline.
 */
int themis_outstanding_add(struct themis_outstanding *out, u64 session,
			   u64 seq, u64 tag, u64 deadline, u64 now)
{
	struct themis_command *command;

	if (out->count >= out->max)
		sweep(out, now);
	if (out->count >= out->max)
		return -ENOBUFS;

	command = &out->place[find(out, session, seq)];
	if (!command->session)
		out->count++;
	command->session = session;
	command->seq = seq;
	command->tag = tag;
	command->deadline = deadline;

	return 0;
}

/**
 * themis_outstanding_take() - a response came in
 * @out: the table
 * @session: number of the session that it came in
 * @seq: the command that it answers
 * @now: ns
 * @tag: what the sender called the command
 *
 * The paper's "S equal to the S that A sent and is still waiting for": a
 * command is answered once.
 *
 * Return: false if no such command waits, or not any more.
 */
bool themis_outstanding_take(struct themis_outstanding *out, u64 session,
			     u64 seq, u64 now, u64 *tag)
{
	bool in_time;
	u32 at;

	if (!out->count)
		return false;
	at = find(out, session, seq);
	if (!out->place[at].session)
		return false;

	in_time = now < out->place[at].deadline;
	*tag = out->place[at].tag;
	empty(out, at);

	return in_time;
}
