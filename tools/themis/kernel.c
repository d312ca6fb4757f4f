// SPDX-License-Identifier: GPL-2.0
/*
 * The tool's one handle on the kernel, with the errors already said.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "addr.h"
#include "kernel.h"
#include "tool.h"

static struct themis_nl *handle;

struct themis_nl *kernel_try(struct themis_diag *diag)
{
	int err = 0;

	if (!handle)
		handle = themis_nl_open(&err);
	if (!handle && diag)
		themis_nl_diag(NULL, err, "cannot talk to the kernel", diag);
	return handle;
}

int kernel_open(struct themis_nl **nl)
{
	struct themis_diag diag;

	*nl = kernel_try(&diag);
	return *nl ? TOOL_OK : tool_fail_diag(TOOL_KERNEL, &diag);
}

int kernel_fail(int err, const char *fmt, ...)
{
	struct themis_diag diag;
	char what[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	themis_nl_diag(handle, err, what, &diag);
	return tool_fail_diag(TOOL_KERNEL, &diag);
}

void kernel_close(void)
{
	themis_nl_close(handle);
	handle = NULL;
}

int kernel_port(const char *word, uint16_t *port)
{
	if (!themis_port_parse(word, port))
		return TOOL_OK;
	return tool_fail(TOOL_USAGE, "Give a number from 1 to 65535.",
			 "\"%s\" is not a port", word);
}
