// SPDX-License-Identifier: GPL-2.0
/*
 * What the daemon gives up.
 */
#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "confine.h"
#include "log.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

int confine_mode_parse(const char *text, enum confine_mode *mode)
{
	static const char * const names[] = {
		[CONFINE_DENY] = "deny",
		[CONFINE_KILL] = "kill",
		[CONFINE_OFF] = "off",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(text, names[i])) {
			*mode = (enum confine_mode)i;
			return 0;
		}
	}
	return -EINVAL;
}

static int make_dirs(const char * const *dirs, const struct passwd *pw,
		     struct themis_diag *diag)
{
	for (; *dirs; dirs++) {
		if (!**dirs)
			continue;
		if (mkdir(*dirs, 0755)) {
			if (errno == EEXIST)
				continue;
			return themis_diag_set(diag, -errno, "Make it.",
					       "cannot make directory \"%s\": %m",
					       *dirs);
		}
		if (chown(*dirs, pw->pw_uid, pw->pw_gid))
			return themis_diag_set(diag, -errno, NULL,
					       "cannot give directory \"%s\" to user %s: %m",
					       *dirs, pw->pw_name);
	}
	return 0;
}

/* Exactly CAP_NET_ADMIN, or nothing where we do not have it. */
static void choose_capabilities(void)
{
	bool admin = capng_have_capability(CAPNG_PERMITTED, CAP_NET_ADMIN);

	capng_clear(CAPNG_SELECT_BOTH);
	if (admin)
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
			     CAP_NET_ADMIN);
}

static bool only_net_admin(void)
{
	int cap;

	for (cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (cap != CAP_NET_ADMIN &&
		    capng_have_capability(CAPNG_PERMITTED, (unsigned int)cap))
			return false;
	return true;
}

int confine_privileges(const char *user, const char * const *dirs,
		       struct themis_diag *diag)
{
	const struct passwd *pw = NULL;
	bool bounding;
	int err;

	if (user && geteuid())
		return themis_diag_set(diag, -EPERM,
				       "Remove \"user\", or start the daemon as root.",
				       "only root can become user \"%.80s\"",
				       user);
	if (user) {
		pw = getpwnam(user);
		if (!pw || !pw->pw_uid)
			return themis_diag_set(diag, -EINVAL,
					       "Make one, say with systemd-sysusers.",
					       pw ? "\"%.80s\" is root" :
					       "there is no user \"%.80s\"",
					       user);
		err = make_dirs(dirs, pw, diag);
		if (err)
			return err;
	}

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0))
		return themis_diag_set(diag, -errno, NULL,
				       "cannot give privileges up: %m");
	capng_get_caps_process();
	if (!pw && only_net_admin())
		return 0;

	/* Without this one the bounding set stays what it is. */
	bounding = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);
	choose_capabilities();
	if (pw)
		err = capng_change_id((int)pw->pw_uid, (int)pw->pw_gid,
				      CAPNG_DROP_SUPP_GRP | (bounding ?
				      CAPNG_CLEAR_BOUNDING : 0));
	else
		err = capng_apply(bounding ? CAPNG_SELECT_BOTH :
					     CAPNG_SELECT_CAPS);
	if (err)
		return themis_diag_set(diag, -EPERM, NULL,
				       "cannot give capabilities up (step %d)",
				       -err);
	/* Changing users turns this on and off again. */
	prctl(PR_SET_DUMPABLE, 0);
	return 0;
}

/* Calls that need no look at their arguments. */
static const char * const calls[] = {
	/* Files: configuration, keys, state, and what resolves names. */
	"access", "close", "faccessat", "faccessat2", "fchmod", "fcntl",
	"fdatasync", "flock", "fstat", "fstatfs", "fsync", "ftruncate",
	"getdents64", "lseek", "lstat", "mkdir", "mkdirat", "newfstatat",
	"open", "openat", "pread64", "pwrite64", "read", "readlink",
	"readlinkat", "readv", "rename", "renameat", "renameat2", "stat",
	"statx", "unlink", "unlinkat", "write", "writev",
	/* Sockets; socket() is below. */
	"accept4", "bind", "connect", "getpeername", "getsockname",
	"getsockopt", "listen", "recvfrom", "recvmmsg", "recvmsg",
	"sendmmsg", "sendmsg", "sendto", "setsockopt", "shutdown",
	/* Waiting and time. */
	"clock_getres", "clock_gettime", "clock_nanosleep", "epoll_create1",
	"epoll_ctl", "epoll_pwait", "epoll_wait", "eventfd2", "gettimeofday",
	"nanosleep", "poll", "ppoll", "pselect6", "restart_syscall", "select",
	"time", "timerfd_create", "timerfd_settime",
	/* Memory; mmap() and mprotect() are below. */
	"brk", "madvise", "mlock", "mlock2", "mremap", "munlock", "munmap",
	/* The process itself. */
	"exit", "exit_group", "futex", "getegid", "geteuid", "getgid",
	"getpid", "getrandom", "gettid", "getuid", "rt_sigaction",
	"rt_sigprocmask", "rt_sigreturn", "sched_yield", "sigaltstack",
	"sysinfo", "tgkill", "uname",
};

static int allow_calls(scmp_filter_ctx ctx)
{
	size_t i;
	int nr, err = 0;

	for (i = 0; !err && i < ARRAY_SIZE(calls); i++) {
		nr = seccomp_syscall_resolve_name(calls[i]);
		/* Not every architecture has each. */
		if (nr != __NR_SCMP_ERROR)
			err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 0);
	}
	return err;
}

/* Call @nr, if of its argument number @arg the bits in @mask are @value. */
static int allow_if(scmp_filter_ctx ctx, int nr, unsigned int arg,
		    uint32_t mask, uint32_t value)
{
	const struct scmp_arg_cmp compare = {
		.arg = arg,
		.op = SCMP_CMP_MASKED_EQ,
		.datum_a = mask,
		.datum_b = value,
	};

	return seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, nr, 1, &compare);
}

static int allow_sockets(scmp_filter_ctx ctx, int family)
{
	const int domains[] = {
		AF_UNIX, AF_NETLINK, AF_INET, AF_INET6, family,
	};
	size_t i;
	int err = 0;

	for (i = 0; !err && i < ARRAY_SIZE(domains); i++)
		err = allow_if(ctx, SCMP_SYS(socket), 0, UINT32_MAX,
			       (uint32_t)domains[i]);
	/* The size of what waits, and whether it is a terminal. */
	if (!err)
		err = allow_if(ctx, SCMP_SYS(ioctl), 1, UINT32_MAX, FIONREAD);
	if (!err)
		err = allow_if(ctx, SCMP_SYS(ioctl), 1, UINT32_MAX, TCGETS);
	return err;
}

/*
 * No memory is both written and executed. Modules of the name service may be
 * loaded late, so files can be mapped for execution.
 */
static int allow_memory(scmp_filter_ctx ctx)
{
	int err;

	err = allow_if(ctx, SCMP_SYS(mmap), 2, PROT_EXEC, 0);
	if (!err)
		err = allow_if(ctx, SCMP_SYS(mmap), 2, PROT_EXEC | PROT_WRITE,
			       PROT_EXEC);
	if (!err)
		err = allow_if(ctx, SCMP_SYS(mprotect), 2, PROT_EXEC, 0);
	return err;
}

int confine_calls(enum confine_mode mode, int family,
		  struct themis_diag *diag)
{
	scmp_filter_ctx ctx;
	int err;

	if (mode == CONFINE_OFF)
		return 0;
	ctx = seccomp_init(mode == CONFINE_KILL ? SCMP_ACT_KILL_PROCESS :
						  SCMP_ACT_ERRNO(EPERM));
	if (!ctx)
		return themis_diag_set(diag, -ENOMEM, NULL, "out of memory");
	err = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_LOG, 1);
	if (!err)
		err = allow_calls(ctx);
	if (!err)
		err = allow_sockets(ctx, family);
	if (!err)
		err = allow_memory(ctx);
	if (!err)
		err = seccomp_load(ctx);
	seccomp_release(ctx);
	if (err)
		return themis_diag_set(diag, err,
				       "Start the daemon with --seccomp off.",
				       "cannot restrict system calls: %s",
				       strerror(-err));
	return 0;
}
