// SPDX-License-Identifier: GPL-2.0
/*
 * The control socket: lines as they come in, in pieces, and the requests in
 * them; userd/control.c and request.c. A piece ends where the input has a byte
 * of zero. Only what would change the system is out of reach: the client is
 * nobody, unless the first byte is odd; then there is neither a kernel nor a
 * key file to change anything with.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* For take_lines(), which the event loop would call. */
#include "../../userd/control.c"
#include "config.h"
#include "nl_priv.h"
#include "request.h"
#include "scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOBODY	65534

/* A handle that leads nowhere. */
static struct themis_nl nl;
static struct daemon d;
static struct control control;
static char *in;
static int sink;

static void fixed(void *ctx, void *buf, size_t len)
{
	memset(buf, 0x5a, len);
}

static void prepare(void)
{
	static char state[SCRATCH_ROOM];
	const struct themis_core_config config = {
		.random = fixed,
		.max_peers = 8,
		.max_pending = 8,
	};
	int fds[2];

	scratch_quiet();
	scratch_path(state, "state");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		abort();
	nl.sock = nl_socket_alloc();
	d.nl = &nl;
	d.loop = ev_default_loop(0);
	d.core = themis_core_new(&config);
	d.control_path = "control";
	d.state_path = state;
	d.state_lock_fd = -1;
	d.state_log_fd = -1;
	d.loading = true;
	in = malloc(CONTROL_LINE_MAX);
	if (!in)
		abort();
	control.loop = d.loop;
	control.handler = request_handle;
	control.ctx = &d;
	control.fd = fds[0];
	sink = fds[1];
}

/* Every answer is one line with an object. */
static void drain(void)
{
	static char buf[65536];
	ssize_t n;

	n = recv(sink, buf, sizeof(buf), MSG_DONTWAIT);
	if (n > 0 && (buf[0] != '{' || buf[n - 1] != '\n'))
		abort();
	while (n > 0)
		n = recv(sink, buf, sizeof(buf), MSG_DONTWAIT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct control_client client = { .control = &control };
	const uint8_t *end;
	size_t n;

	if (!d.core)
		prepare();
	if (size < 1 || size > CONTROL_LINE_MAX)
		return 0;
	client.fd = control.fd;
	client.who.uid = data[0] & 1 ? 0 : NOBODY;
	client.in = in;
	for (data++, size--; size && !client.closing; data += n, size -= n) {
		end = memchr(data, '\0', size);
		n = end ? (size_t)(end - data) + 1 : size;
		if (client.in_len + n > CONTROL_LINE_MAX)
			break;
		memcpy(client.in + client.in_len, data, n - !!end);
		client.in_len += n - !!end;
		take_lines(&client);
		drain();
	}
	if (d.nnodes || d.npeers)
		abort();
	ev_io_stop(d.loop, &client.writer);
	jtext_free(&client.out);
	return 0;
}
