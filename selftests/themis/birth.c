// SPDX-License-Identifier: GPL-2.0
/*
 * Every allocation fails in turn while a namespace, and the module itself,
 * come into being: then there is none, and nothing is left of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "inject.h"
#include "lib.h"

#define NO_INJECTION	"no fault injection in this kernel"
#define MOST		2000	/* calls that are made */

FIXTURE(birth)
{
};

FIXTURE_SETUP(birth)
{
}

FIXTURE_TEARDOWN(birth)
{
}

/* A namespace comes into being, or does not. */
TEST_F_TIMEOUT(birth, namespace, 300)
{
	int err = 0;
	unsigned int n;
	bool failed;

	if (!inject_possible())
		SKIP(return, NO_INJECTION);
	ASSERT_EQ(0, inject_below_module());
	for (n = 1; n < MOST; n++) {
		ASSERT_EQ(0, inject_nth(n));
		err = unshare(CLONE_NEWNET) ? -errno : 0;
		failed = inject_end();
		if (!failed)
			break;
		ASSERT_EQ(true, !err || inject_excuses(err));
	}
	EXPECT_EQ(0, err);
	EXPECT_LT(1, n);
	TH_LOG("a namespace: %u", n - 1);
}

/* The file that THEMIS_KO names, else the one that is built for this kernel. */
static int open_module(void)
{
	const char *path = getenv("THEMIS_KO");
	struct utsname uts;
	char built[256];

	if (!path) {
		uname(&uts);
		snprintf(built, sizeof(built), "build/kmod-%s/themis.ko",
			 uts.release);
		path = built;
	}
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* Nor does the module. */
TEST_F_TIMEOUT(birth, module, 300)
{
	unsigned int n;
	bool failed;
	int err = 0;
	int fd;

	if (!inject_possible())
		SKIP(return, NO_INJECTION);
	fd = open_module();
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, inject_below("do_one_initcall"));
	for (int i = 0; i < 100; i++) {
		err = syscall(SYS_delete_module, "themis", O_NONBLOCK);
		if (!err)
			break;
		sleep_ms(100);
	}
	ASSERT_EQ(0, err);
	for (n = 1; n < MOST; n++) {
		ASSERT_EQ(0, inject_nth(n));
		err = syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;
		failed = inject_end();
		if (!err) {
			if (!failed)
				break;
			/* It did without. */
			ASSERT_EQ(0, syscall(SYS_delete_module, "themis", 0));
		} else if (!failed || !inject_excuses(err)) {
			break;
		}
	}
	EXPECT_EQ(0, err);
	EXPECT_LT(1, n);
	TH_LOG("the module: %u", n - 1);
	close(fd);
}

TEST_HARNESS_MAIN
