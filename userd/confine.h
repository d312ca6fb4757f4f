/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the daemon gives up, so that whoever breaks it has little.
 */
#ifndef THEMISD_CONFINE_H
#define THEMISD_CONFINE_H

#include <stdint.h>

#include "diag.h"

/**
 * enum confine_mode - what a system call outside the list leads to
 * @CONFINE_DENY: it fails with EPERM, and the kernel logs it
 * @CONFINE_KILL: the kernel ends the daemon, for tests
 * @CONFINE_OFF: nothing
 */
enum confine_mode {
	CONFINE_DENY,
	CONFINE_KILL,
	CONFINE_OFF,
};

/**
 * confine_mode_parse() - "deny", "kill" or "off"
 * @text: the text
 * @mode: result
 *
 * Return: 0 or -EINVAL.
 */
int confine_mode_parse(const char *text, enum confine_mode *mode);

/**
 * confine_privileges() - keep CAP_NET_ADMIN, if it is there, and nothing else
 * @user: started as root, become this user; NULL to stay who we are
 * @dirs: directories that are made for this user if they are not there; ends
 *	with NULL
 * @diag: filled in on failure
 *
 * Before any file with a secret is opened: they have to belong to the user that
 * the daemon has become. Also gives up gaining privileges ever again.
 *
 * Return: 0; -EINVAL: there is no such user; -EPERM: a user is given, but the
 * daemon was not started as root; or another negative errno.
 */
int confine_privileges(const char *user, const char * const *dirs,
		       struct themis_diag *diag);

/**
 * confine_calls() - keep only the system calls that serving needs
 * @mode: what other calls lead to
 * @family: address family of the Themis sockets
 * @diag: filled in on failure
 *
 * When everything has been started and nothing of a stranger has been read.
 *
 * Return: 0 or a negative errno.
 */
int confine_calls(enum confine_mode mode, int family,
		  struct themis_diag *diag);

#endif /* THEMISD_CONFINE_H */
