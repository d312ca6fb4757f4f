/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tool's one handle on the kernel, with the errors already said.
 */
#ifndef THEMIS_TOOL_KERNEL_H
#define THEMIS_TOOL_KERNEL_H

#include <stdint.h>

#include "nl.h"

/**
 * kernel_open() - the handle, opened at its first use
 * @nl: result
 *
 * Return: TOOL_OK, or TOOL_KERNEL after having said why.
 */
int kernel_open(struct themis_nl **nl);

/**
 * kernel_try() - the handle, if there is a module to talk to
 * @diag: filled in if there is none; may be NULL
 *
 * Return: the handle, or NULL; nothing is said.
 */
struct themis_nl *kernel_try(struct themis_diag *diag);

/**
 * kernel_fail() - say what the kernel refused
 * @err: negative errno from a themis_nl function
 * @fmt: what was tried, e.g. "cannot remove link 7000"
 *
 * Return: TOOL_KERNEL.
 */
int kernel_fail(int err, const char *fmt, ...)
	__printf(2, 3);

/**
 * kernel_close() - free the handle, if there is one
 */
void kernel_close(void);

/**
 * kernel_port() - a port from an argument
 * @word: decimal digits
 * @port: result, host order
 *
 * Return: TOOL_OK, or TOOL_USAGE after having said why.
 */
int kernel_port(const char *word, uint16_t *port);

#endif /* THEMIS_TOOL_KERNEL_H */
