/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Failing allocations and copies from user space on demand: the kernel's
 * fault injection, confined to what has a given function, or any of the
 * module, among its callers. Needs a kernel with
 * CONFIG_FAULT_INJECTION_STACKTRACE_FILTER, root, and debugfs.
 *
 * Functions return 0 or a negative errno unless they say something else.
 */
#ifndef SELFTESTS_THEMIS_INJECT_H
#define SELFTESTS_THEMIS_INJECT_H

#include <stdbool.h>

/**
 * inject_possible() - does this kernel offer fault injection?
 */
bool inject_possible(void);

/**
 * inject_below_module() - let fail only what the module calls, directly or not
 */
int inject_below_module(void);

/**
 * inject_below() - let fail only what a function of the kernel calls
 * @symbol: its name
 */
int inject_below(const char *symbol);

/**
 * inject_nth() - let the n-th of the calls that this thread makes fail
 * @n: from 1
 */
int inject_nth(unsigned int n);

/**
 * inject_end() - let nothing more fail in this thread
 *
 * Return: did inject_nth()'s call come and fail?
 */
bool inject_end(void);

/**
 * inject_excuses() - may an operation that could not have what it needs say so?
 * @err: negative errno
 */
bool inject_excuses(int err);

/**
 * inject_percent() - let calls fail at random, interrupts' as well
 * @percent: of them; 0 to end it
 */
int inject_percent(unsigned int percent);

/**
 * inject_count() - how many have failed since inject_percent()
 *
 * Return: the number, or a negative errno.
 */
int inject_count(void);

#endif /* SELFTESTS_THEMIS_INJECT_H */
