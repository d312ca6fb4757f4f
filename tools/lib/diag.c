// SPDX-License-Identifier: GPL-2.0
/*
 * What is wrong and what to do about it.
 */
#include <stdarg.h>
#include <stdio.h>

#include "diag.h"

int themis_diag_set(struct themis_diag *diag, int err, const char *next,
		    const char *fmt, ...)
{
	va_list ap;

	if (!diag)
		return err;
	va_start(ap, fmt);
	vsnprintf(diag->what, sizeof(diag->what), fmt, ap);
	va_end(ap);
	snprintf(diag->next, sizeof(diag->next), "%s", next ? next : "");
	return err;
}
