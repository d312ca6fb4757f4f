// SPDX-License-Identifier: GPL-2.0
/*
 * themis monitor: events of the kernel and of the daemon, as they come.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "control.h"
#include "kernel.h"
#include "names.h"
#include "print.h"
#include "tool.h"

#define WATCH_LINK	0x01
#define WATCH_NODE	0x02
#define WATCH_SESSION	0x04
#define WATCH_PEER	0x08
#define WATCH_ACQUIRE	0x10

/*
 * Not the acquires: whoever listens to them is taken for a daemon, and senders
 * would wait for a session instead of being told at once that nobody makes one.
 */
#define WATCH_ALL	(WATCH_LINK | WATCH_NODE | WATCH_SESSION | WATCH_PEER)
#define WATCH_KERNEL	(WATCH_LINK | WATCH_NODE | WATCH_SESSION | \
			 WATCH_ACQUIRE)

static const struct {
	const char	*word;
	unsigned int	watch;
} words[] = {
	{ "all", WATCH_ALL },
	{ "link", WATCH_LINK },
	{ "node", WATCH_NODE },
	{ "session", WATCH_SESSION },
	{ "peer", WATCH_PEER },
	{ "acquire", WATCH_ACQUIRE },
};

static const char *event_text(enum themis_event event)
{
	switch (event) {
	case THEMIS_EVENT_NEW:
		return "new";
	case THEMIS_EVENT_DEL:
		return "del";
	case THEMIS_EVENT_UP:
		return "up";
	case THEMIS_EVENT_CONFIRMED:
		return "confirmed";
	case THEMIS_EVENT_REKEY:
		return "rekey";
	case THEMIS_EVENT_EXPIRED:
		return "expired";
	case THEMIS_EVENT_ROAM:
		return "roam";
	default:
		return "unknown";
	}
}

/* An event as a line of text and as an object, made side by side. */
struct line {
	char	text[1024];
	size_t	len;
	json_t	*row;
};

static void line_add(struct line *line, const char *fmt, ...)
	__printf(2, 3);

static void line_add(struct line *line, const char *fmt, ...)
{
	size_t room = sizeof(line->text) - line->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line->text + line->len, room, fmt, ap);
	va_end(ap);
	line->len += (size_t)n < room ? (size_t)n : room - 1;
}

static void line_begin(struct line *line, const char *object,
		       const char *event)
{
	line->len = 0;
	line->row = print_new();
	print_set_text(line->row, "object", object, strlen(object));
	print_set_text(line->row, "event", event, strlen(event));
	line_add(line, "%s %s", object,
		 json_string_value(json_object_get(line->row, "event")));
}

static void line_id(struct line *line, const char *key,
		    const struct themis_id *id)
{
	char buf[PRINT_CELL];

	print_set_id(line->row, key, id);
	print_name_text(line->row, key, buf);
	line_add(line, " %s %s", key, buf);
}

static void line_text(struct line *line, const char *key, const void *text,
		      size_t len)
{
	print_set_text(line->row, key, text, len);
	line_add(line, " %s %s", key,
		 json_string_value(json_object_get(line->row, key)));
}

static void line_number(struct line *line, const char *key, uint64_t value)
{
	print_set_u64(line->row, key, value);
	line_add(line, " %s %llu", key, (unsigned long long)value);
}

static void line_end(struct line *line)
{
	print_event(line->row, line->text);
}

static void session_event(struct line *line,
			  const struct themis_nl_event *event)
{
	char endpoint[THEMIS_ENDPOINT_TEXT];

	line_id(line, "node", &event->session.node);
	line_id(line, "peer", &event->session.peer);
	if (event->session.endpoint.ss_family != AF_UNSPEC) {
		themis_endpoint_format(&event->session.endpoint, endpoint);
		line_text(line, "endpoint", endpoint, strlen(endpoint));
	}
	if (event->has_key) {
		print_set_u64(line->row, "local_index",
			      event->key.local_index);
		line_add(line, " key 0x%08x", event->key.local_index);
	}
}

static void kernel_event(void *ctx, const struct themis_nl_event *event)
{
	const unsigned int *watch = ctx;
	struct line line;

	switch (event->cmd) {
	case THEMIS_CMD_LINK_NTF:
		if (!(*watch & WATCH_LINK))
			return;
		line_begin(&line, "link", event_text(event->event));
		line_number(&line, "port", event->link.port);
		break;
	case THEMIS_CMD_NODE_NTF:
		if (!(*watch & WATCH_NODE))
			return;
		line_begin(&line, "node", event_text(event->event));
		line_id(&line, "id", &event->node.id);
		if (event->node.netid_len)
			line_text(&line, "netid", event->node.netid,
				  event->node.netid_len);
		if (event->node.link)
			line_number(&line, "link", event->node.link);
		break;
	case THEMIS_CMD_SESSION_NTF:
		if (!(*watch & WATCH_SESSION))
			return;
		line_begin(&line, "session", event_text(event->event));
		session_event(&line, event);
		break;
	case THEMIS_CMD_ACQUIRE_NTF:
		if (!(*watch & WATCH_ACQUIRE))
			return;
		line_begin(&line, "session", "acquire");
		session_event(&line, event);
		break;
	default:
		return;
	}
	line_end(&line);
}

/* A member of the daemon's event that is a string, if it is there. */
static const char *daemon_member(struct line *line, const json_t *event,
				 const char *key)
{
	const char *text = json_string_value(json_object_get(event, key));

	if (!text)
		return "";
	print_set_text(line->row, key, text, strlen(text));
	return json_string_value(json_object_get(line->row, key));
}

static void daemon_id(struct line *line, const json_t *event, const char *key)
{
	const char *text = json_string_value(json_object_get(event, key));
	struct themis_id id;

	if (text && !themis_id_parse(&id, text))
		line_id(line, key, &id);
}

static void daemon_event(const json_t *event)
{
	const char *what = json_string_value(json_object_get(event, "event"));
	const char *state = json_string_value(json_object_get(event, "state"));
	struct line line;
	const char *why;

	if (!what || strcmp(what, "peer") || !state)
		return;
	line_begin(&line, "peer", state);
	daemon_id(&line, event, "node");
	daemon_id(&line, event, "peer");
	daemon_member(&line, event, "why");
	daemon_member(&line, event, "why_hint");
	why = daemon_member(&line, event, "why_text");
	if (*why)
		line_add(&line, " why %s", why);
	line_end(&line);
}

static void daemon_events(int *fd)
{
	json_t *event;
	int more;

	do {
		more = control_event(&event);
		if (event)
			daemon_event(event);
		json_decref(event);
	} while (more > 0);
	if (more < 0) {
		tool_warn("the daemon has gone; its events end here");
		*fd = -1;
	}
}

static int parse_words(const struct tool_args *args, unsigned int *watch)
{
	size_t i;
	int at;

	*watch = args->argc ? 0 : WATCH_ALL;
	for (at = 0; at < args->argc; at++) {
		for (i = 0; i < ARRAY_SIZE(words); i++)
			if (!strcmp(args->argv[at], words[i].word))
				break;
		if (i == ARRAY_SIZE(words))
			return tool_fail(TOOL_USAGE, NULL,
					 "there are no events \"%s\"",
					 args->argv[at]);
		*watch |= words[i].watch;
	}
	return TOOL_OK;
}

static int listen_kernel(struct themis_nl **nl, unsigned int watch, int *fd)
{
	unsigned int groups = 0;
	int err;

	if (watch & WATCH_ACQUIRE)
		groups |= THEMIS_NL_ACQUIRE;
	if (watch & ~WATCH_ACQUIRE & WATCH_KERNEL)
		groups |= THEMIS_NL_EVENT;
	err = kernel_open(nl);
	if (err)
		return err;
	err = themis_nl_listen(*nl, groups);
	if (err)
		return kernel_fail(err, "cannot listen to the kernel's events");
	*fd = themis_nl_event_fd(*nl);
	return TOOL_OK;
}

static int listen_daemon(unsigned int watch, int *fd)
{
	/* In "all" a daemon that is not there leaves the kernel's events. */
	if (watch & WATCH_KERNEL) {
		json_t *info = control_try(json_pack("{s:s}", "cmd", "info"));

		if (!info) {
			tool_warn("no daemon at %s; only the kernel's events follow",
				  opt.control);
			return TOOL_OK;
		}
		json_decref(info);
	}
	return control_monitor(fd);
}

int monitor_run(const struct tool_args *args)
{
	struct pollfd fds[2] = {
		{ .fd = -1, .events = POLLIN },
		{ .fd = -1, .events = POLLIN },
	};
	struct themis_nl *nl = NULL;
	unsigned int watch;
	int err;

	err = parse_words(args, &watch);
	if (err)
		return err;
	/* Afterwards the connection carries events and answers nothing. */
	names_load();
	if (watch & WATCH_KERNEL)
		err = listen_kernel(&nl, watch, &fds[0].fd);
	if (!err && watch & WATCH_PEER)
		err = listen_daemon(watch, &fds[1].fd);
	while (!err && (fds[0].fd >= 0 || fds[1].fd >= 0)) {
		if (poll(fds, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			return tool_fail(TOOL_KERNEL, "Try again.",
					 "cannot wait for events: %s",
					 strerror(errno));
		}
		if (fds[0].revents) {
			err = themis_nl_recv(nl, kernel_event, &watch);
			if (err == -ENOBUFS) {
				tool_warn("the kernel's events came too fast, some are lost");
				err = 0;
			}
			if (err)
				return kernel_fail(err,
						   "cannot receive events");
		}
		if (fds[1].fd >= 0 && fds[1].revents)
			daemon_events(&fds[1].fd);
	}
	return err ? err : TOOL_DAEMON;
}
