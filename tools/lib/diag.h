/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is wrong and what to do about it: the two halves of
 * "Error: <what>. <next step>".
 */
#ifndef THEMIS_DIAG_H
#define THEMIS_DIAG_H

#ifndef __printf
#define __themis_attr(x)	__attribute__((x))
#define __printf(a, b)	__themis_attr(__format__(__printf__, a, b))
#endif

/**
 * struct themis_diag - an error in the words of its reader
 * @what: what is wrong, one line, no final full stop
 * @next: the next step, a sentence with its full stop; may be empty
 *
 * Long texts are cut, never refused. Holds no secrets.
 */
struct themis_diag {
	char	what[512];
	char	next[256];
};

/**
 * themis_diag_set() - fill in a diagnosis
 * @diag: to be written; may be NULL, then nothing is
 * @err: negative errno to return, so that a caller can fail in one line
 * @next: the next step, may be NULL
 * @fmt: printf format of what is wrong
 *
 * Return: @err.
 */
__printf(4, 5)
int themis_diag_set(struct themis_diag *diag, int err, const char *next,
		    const char *fmt, ...);

#endif /* THEMIS_DIAG_H */
