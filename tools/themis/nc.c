// SPDX-License-Identifier: GPL-2.0
/*
 * themis nc: datagrams from and to the terminal, over an AF_THEMIS socket.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "addr.h"
#include "names.h"
#include "tool.h"

/* Seconds to wait for answers when the input has ended. */
#define LINGER		2
/* The same when some are known to be due: a key agreement takes nine. */
#define LINGER_COUNT	12

/**
 * struct nc - one run
 * @listen: wait for others
 * @keep: talk to everybody, not only to the first
 * @echo: send back what comes
 * @hex: print what comes in hexadecimal digits
 * @whole: the input is one datagram, not one per line
 * @wait: seconds without anything after which to end; 0 for the default
 * @count: datagrams to receive, then end; 0 for no end
 * @local: where to bind
 * @remote: where to connect
 * @fd: the socket
 * @connected: it has a peer
 * @input: standard input is still read
 * @received: datagrams so far
 * @len: bytes in @in
 * @in: input that has not been sent
 * @out: what was received last
 */
struct nc {
	bool			listen;
	bool			keep;
	bool			echo;
	bool			hex;
	bool			whole;
	unsigned int		wait;
	unsigned long		count;
	struct sockaddr_themis	local;
	struct sockaddr_themis	remote;
	int			fd;
	bool			connected;
	bool			input;
	unsigned long		received;
	size_t			len;
	char			in[THEMIS_MSG_MAX];
	char			out[THEMIS_MSG_MAX];
};

static int nc_family(void)
{
	FILE *file = fopen("/sys/module/themis/parameters/family", "re");
	int family = AF_THEMIS;

	if (file && fscanf(file, "%d", &family) != 1)
		family = AF_THEMIS;
	if (file)
		fclose(file);
	return family;
}

static int nc_fail(int err, const char *what)
{
	const char *next = "See the kernel's log (dmesg) if this is unexpected.";

	switch (err) {
	case EAFNOSUPPORT:
		return tool_fail(TOOL_KERNEL,
				 "Load it: insmod themis.ko (or modprobe themis).",
				 "the kernel has no Themis module");
	case EACCES:
	case EPERM:
		next = "The node has another owner: see \"themis node show\".";
		break;
	case EADDRINUSE:
		next = "Choose another port; 0 takes a free one.";
		break;
	case EADDRNOTAVAIL:
		next = "Name a node of this network namespace: see \"themis node show\".";
		break;
	case ENETDOWN:
		next = "The node is gone: see \"themis node show\".";
		break;
	case EHOSTUNREACH:
	case ETIMEDOUT:
	case ENETUNREACH:
	case EDESTADDRREQ:
	case ECONNREFUSED:
	case ENOTCONN:
		next = "Try \"themis check\".";
		break;
	}
	return tool_fail(TOOL_KERNEL, next, "%s: %s", what, strerror(err));
}

static int parse_number(const char *option, const char *word,
			unsigned long max, unsigned long *value)
{
	if (!word)
		return tool_fail(TOOL_USAGE, NULL, "\"%s\" needs a value",
				 option);
	*value = strtoul(word, NULL, 10);
	if (*word && strspn(word, "0123456789") == strlen(word) &&
	    strlen(word) < 10 && *value && *value <= max)
		return TOOL_OK;
	return tool_fail(TOOL_USAGE, NULL,
			 "\"%s\" is not between 1 and %lu", word, max);
}

/* "ID:PORT"; for ours also ":PORT", "*:PORT", and port 0. */
static int parse_address(const char *word, bool ours,
			 struct sockaddr_themis *sth)
{
	const char *colon = strrchr(word, ':');
	char name[THEMIS_ID_TEXT];
	struct themis_id id = {};
	uint16_t port = 0;
	size_t len;
	int err;

	if (!colon)
		return tool_fail(TOOL_USAGE,
				 ours ? "Give [ID]:PORT." : "Give ID:PORT.",
				 "\"%s\" has no port", word);
	if ((!ours || strcmp(colon, ":0")) &&
	    themis_port_parse(colon + 1, &port))
		return tool_fail(TOOL_USAGE, "Give a number from 1 to 65535.",
				 "\"%s\" is not a port", colon + 1);
	len = colon - word;
	if (len >= sizeof(name))
		return tool_fail(TOOL_USAGE, "Give 64 hexadecimal digits.",
				 "\"%.*s\" is too long for an id", (int)len,
				 word);
	memcpy(name, word, len);
	name[len] = '\0';
	if (!ours || (len && strcmp(name, "*"))) {
		err = names_resolve(name, ours ? NAMES_NODE :
				    NAMES_NODE | NAMES_PEER, &id);
		if (err)
			return err;
	}
	themis_addr_node(sth, &id, port);
	sth->sth_family = nc_family();
	return TOOL_OK;
}

static int parse_args(const struct tool_args *args, struct nc *nc)
{
	const char *addr = NULL, *from = NULL;
	unsigned long value = 0;
	int at, err;

	for (at = 0; at < args->argc && args->argv[at]; at++) {
		const char *word = args->argv[at];
		const char *next = at + 1 < args->argc ? args->argv[at + 1] :
							 NULL;

		err = TOOL_OK;
		if (!strcmp(word, "-l")) {
			nc->listen = true;
		} else if (!strcmp(word, "-k")) {
			nc->keep = true;
		} else if (!strcmp(word, "--echo")) {
			nc->echo = true;
		} else if (!strcmp(word, "--hex")) {
			nc->hex = true;
		} else if (!strcmp(word, "--whole")) {
			nc->whole = true;
		} else if (!strcmp(word, "-w")) {
			err = parse_number(word, next, 86400, &value);
			nc->wait = err ? 0 : value;
			at++;
		} else if (!strcmp(word, "-n")) {
			err = parse_number(word, next, 999999999, &nc->count);
			at++;
		} else if (!strcmp(word, "from") && next && !from) {
			from = next;
			at++;
		} else if (*word != '-' && !addr) {
			addr = word;
		} else {
			err = tool_fail(TOOL_USAGE, NULL,
					"\"%s\" is not an argument of \"nc\"",
					word);
		}
		if (err)
			return err;
	}
	if (!addr)
		return tool_fail(TOOL_USAGE, NULL, "\"nc\" needs an address");
	if (!nc->listen && (nc->keep || nc->echo))
		return tool_fail(TOOL_USAGE, NULL, "\"%s\" goes with -l only",
				 nc->keep ? "-k" : "--echo");
	if (nc->listen && from)
		return tool_fail(TOOL_USAGE, NULL,
				 "\"from\" does not go with -l");
	if (nc->listen)
		return parse_address(addr, true, &nc->local);
	err = parse_address(addr, false, &nc->remote);
	if (!err && from)
		err = parse_address(from, true, &nc->local);
	return err;
}

static int nc_open(struct nc *nc)
{
	struct sockaddr_themis name;
	socklen_t len = sizeof(name);
	char text[THEMIS_ADDR_TEXT];

	nc->fd = socket(nc_family(), SOCK_DGRAM | SOCK_CLOEXEC, 0);
	/*
	 * Without the module nobody may own the number, or somebody else
	 * whose sockets are of other types.
	 */
	if (nc->fd < 0)
		return nc_fail(errno == ESOCKTNOSUPPORT ||
			       errno == EPROTONOSUPPORT ? EAFNOSUPPORT : errno,
			       "cannot make a socket");
	if (nc->local.sth_family &&
	    bind(nc->fd, (struct sockaddr *)&nc->local, sizeof(nc->local)))
		return nc_fail(errno, "cannot bind");
	nc->input = !nc->keep && !nc->echo;
	if (!nc->listen) {
		if (connect(nc->fd, (struct sockaddr *)&nc->remote,
			    sizeof(nc->remote)))
			return nc_fail(errno, "cannot connect");
		nc->connected = true;
		return TOOL_OK;
	}
	if (getsockname(nc->fd, (struct sockaddr *)&name, &len))
		return nc_fail(errno, "cannot tell the own address");
	fprintf(stderr, "listening %s\n", themis_addr_format(&name, text));
	return TOOL_OK;
}

static void print_datagram(const struct nc *nc, size_t len)
{
	size_t i;

	for (i = 0; i < len && nc->hex; i++)
		printf("%02x", (unsigned char)nc->out[i]);
	if (nc->hex)
		putchar('\n');
	else
		fwrite(nc->out, 1, len, stdout);
	fflush(stdout);
}

static int receive(struct nc *nc)
{
	struct sockaddr_themis from;
	socklen_t from_len = sizeof(from);
	char text[THEMIS_ADDR_TEXT];
	ssize_t n;

	n = recvfrom(nc->fd, nc->out, sizeof(nc->out), MSG_DONTWAIT,
		     (struct sockaddr *)&from, &from_len);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return TOOL_OK;
	if (n < 0 && nc->keep) {
		tool_warn("an answer was not delivered: %s", strerror(errno));
		return TOOL_OK;
	}
	if (n < 0)
		return nc_fail(errno, "no more can be received or sent");
	nc->received++;
	if (nc->listen)
		fprintf(stderr, "from %s %zd bytes\n",
			themis_addr_format(&from, text), n);
	print_datagram(nc, n);
	if (nc->listen && !nc->keep && !nc->connected) {
		if (connect(nc->fd, (struct sockaddr *)&from, from_len))
			return nc_fail(errno, "cannot connect to the sender");
		nc->connected = true;
	}
	if (nc->echo && sendto(nc->fd, nc->out, n, 0,
			       (struct sockaddr *)&from, from_len) < 0) {
		if (!nc->keep)
			return nc_fail(errno, "cannot answer");
		tool_warn("cannot answer: %s", strerror(errno));
	}
	return TOOL_OK;
}

static int send_input(struct nc *nc, size_t len)
{
	if (send(nc->fd, nc->in, len, 0) < 0)
		return nc_fail(errno, "cannot send");
	nc->len -= len;
	memmove(nc->in, nc->in + len, nc->len);
	return TOOL_OK;
}

/* Send what is complete; at the end of the input, all. */
static int send_lines(struct nc *nc)
{
	int err = TOOL_OK;
	char *end;

	while (!err && nc->len && !nc->whole) {
		end = memchr(nc->in, '\n', nc->len);
		if (!end)
			break;
		err = send_input(nc, end + 1 - nc->in);
	}
	if (!err && !nc->whole && nc->len == sizeof(nc->in))
		return tool_fail(TOOL_USAGE,
				 "Send it in pieces, with --whole.",
				 "a line is longer than %d bytes",
				 THEMIS_MSG_MAX);
	if (!err && nc->len && (!nc->input || nc->len == sizeof(nc->in)))
		err = send_input(nc, nc->len);
	return err;
}

static int read_input(struct nc *nc)
{
	ssize_t n;

	n = read(STDIN_FILENO, nc->in + nc->len, sizeof(nc->in) - nc->len);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return TOOL_OK;
	if (n < 0)
		return tool_fail(TOOL_USAGE, "Redirect it from a file.",
				 "cannot read standard input: %s",
				 strerror(errno));
	nc->input = n;
	nc->len += n;
	return send_lines(nc);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* Seconds without anything after which to end; 0 for none. */
static unsigned int patience(const struct nc *nc)
{
	if (nc->wait)
		return nc->wait;
	if (nc->listen || nc->input)
		return 0;
	return nc->count ? LINGER_COUNT : LINGER;
}

static int time_is_up(const struct nc *nc)
{
	if (nc->received >= nc->count)
		return TOOL_OK;
	return tool_fail(TOOL_CHECK, "Try \"themis check\".",
			 "%lu of %lu datagrams came, then none in %u s",
			 nc->received, nc->count, patience(nc));
}

static int nc_loop(struct nc *nc)
{
	struct pollfd fds[2] = {
		{ .fd = nc->fd, .events = POLLIN },
		{ .events = POLLIN },
	};
	int64_t last = now_ms(), left;
	int n, err = TOOL_OK;

	while (!err && (!nc->count || nc->received < nc->count)) {
		left = -1;
		if (patience(nc)) {
			left = last + 1000LL * patience(nc) - now_ms();
			if (left < 0)
				left = 0;
		}
		fds[1].fd = nc->input && nc->connected ? STDIN_FILENO : -1;
		n = poll(fds, 2, left);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return nc_fail(errno, "cannot wait");
		if (!n)
			return time_is_up(nc);
		last = now_ms();
		if (fds[0].revents)
			err = receive(nc);
		if (!err && fds[1].fd >= 0 && fds[1].revents)
			err = read_input(nc);
	}
	return err;
}

int nc_run(const struct tool_args *args)
{
	struct nc *nc = calloc(1, sizeof(*nc));
	int err;

	if (!nc)
		abort();
	nc->fd = -1;
	err = parse_args(args, nc);
	if (!err)
		err = nc_open(nc);
	if (!err)
		err = nc_loop(nc);
	if (nc->fd >= 0)
		close(nc->fd);
	free(nc);
	return err;
}
