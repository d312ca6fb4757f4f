// SPDX-License-Identifier: GPL-2.0
/*
 * Who may use an identity: its owner, and whoever administers the network.
 */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"
#include "lib.h"

#define LINK	7000
#define ALICE	1201
#define BOB	1202
#define STAFF	1300

FIXTURE(owner)
{
	struct net	net;
	__u8		node[THEMIS_ID_LEN];
};

FIXTURE_VARIANT(owner)
{
	__u8	owner;
	__u32	owner_id;
	int	alice;	/* what a bind by her returns */
	int	bob;	/* by him */
	int	staff;	/* by Bob, whose group is STAFF */
	int	also;	/* by Bob, one of whose groups is STAFF */
};

FIXTURE_VARIANT_ADD(owner, uid)
{
	.owner = THEMIS_OWNER_UID,
	.owner_id = ALICE,
	.bob = EACCES,
	.staff = EACCES,
	.also = EACCES,
};

FIXTURE_VARIANT_ADD(owner, gid)
{
	.owner = THEMIS_OWNER_GID,
	.owner_id = STAFF,
	.alice = EACCES,
	.bob = EACCES,
};

FIXTURE_VARIANT_ADD(owner, any)
{
	.owner = THEMIS_OWNER_ANY,
};

FIXTURE_VARIANT_ADD(owner, root)
{
	.owner = THEMIS_OWNER_UID,
	.owner_id = 0,
	.alice = EACCES,
	.bob = EACCES,
	.staff = EACCES,
	.also = EACCES,
};

FIXTURE_SETUP(owner)
{
	fill_random(self->node, sizeof(self->node));
	ASSERT_EQ(0, net_new(&self->net));
	ASSERT_EQ(0, link_new(&self->net, LINK));
	ASSERT_EQ(0, node_new_owned(&self->net, self->node, LINK,
				    variant->owner, variant->owner_id));
}

FIXTURE_TEARDOWN(owner)
{
	net_free(&self->net);
}

/* Status: the errno of bind(), by name and by wildcard both. */
static int bind_both(void *arg)
{
	struct _test_data_owner *self = arg;
	struct sockaddr_themis sth;
	int err;
	int fd;

	sth = address(&self->net, self->node, 0);
	fd = socket(self->net.af, SOCK_DGRAM, 0);
	err = bind(fd, (struct sockaddr *)&sth, sizeof(sth)) ? errno : 0;
	close(fd);

	/* Nobody may see by the error that there is somebody else's. */
	sth = address(&self->net, NULL, 0);
	fd = socket(self->net.af, SOCK_DGRAM, 0);
	if (bind(fd, (struct sockaddr *)&sth, sizeof(sth)))
		return errno == EADDRNOTAVAIL && err ? err : 254;
	return err ? 253 : 0;
}

static int bind_as_member(void *arg)
{
	gid_t staff = STAFF;

	if (setgroups(1, &staff) || setresgid(BOB, BOB, BOB) ||
	    setresuid(BOB, BOB, BOB))
		return 252;
	return bind_both(arg);
}

static int set_caps(__u64 caps)
{
	struct __user_cap_header_struct hdr = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = {
		{ .effective = caps, .permitted = caps },
		{ .effective = caps >> 32, .permitted = caps >> 32 },
	};

	return syscall(SYS_capset, &hdr, data);
}

static int bind_as_admin(void *arg)
{
	if (prctl(PR_SET_KEEPCAPS, 1) || setresgid(BOB, BOB, BOB) ||
	    setresuid(BOB, BOB, BOB) || set_caps(1ULL << CAP_NET_ADMIN))
		return 252;
	return bind_both(arg);
}

/* Root without the capability is a user like any other. */
static int bind_as_bare_root(void *arg)
{
	if (set_caps(0))
		return 252;
	return bind_both(arg);
}

TEST_F(owner, bind)
{
	EXPECT_EQ(variant->alice, in_child(ALICE, ALICE, bind_both, self));
	EXPECT_EQ(variant->bob, in_child(BOB, BOB, bind_both, self));
	EXPECT_EQ(variant->staff, in_child(BOB, STAFF, bind_both, self));
	EXPECT_EQ(variant->also, in_child(-1, -1, bind_as_member, self));
	EXPECT_EQ(0, in_child(-1, -1, bind_both, self));
	EXPECT_EQ(0, in_child(-1, -1, bind_as_admin, self));
	EXPECT_EQ(variant->owner == THEMIS_OWNER_ANY ||
		  (variant->owner == THEMIS_OWNER_UID && !variant->owner_id) ?
		  0 : EACCES, in_child(-1, -1, bind_as_bare_root, self));
}

/* A name that nobody has is not there, to whomever asks. */
static int bind_unknown(void *arg)
{
	struct _test_data_owner *self = arg;
	struct sockaddr_themis sth;
	__u8 id[THEMIS_ID_LEN];
	int fd;

	fill_random(id, sizeof(id));
	sth = address(&self->net, id, 0);
	fd = socket(self->net.af, SOCK_DGRAM, 0);
	return bind(fd, (struct sockaddr *)&sth, sizeof(sth)) ? errno : 0;
}

TEST_F(owner, bind_unknown)
{
	EXPECT_EQ(EADDRNOTAVAIL, in_child(BOB, BOB, bind_unknown, self));
}

struct both {
	struct net	*net;
	int		want;
	__u8		*id;
};

static int bind_wildcard(void *arg)
{
	struct sockaddr_themis sth;
	struct both *both = arg;
	socklen_t len;
	int fd;

	sth = address(both->net, NULL, 0);
	fd = socket(both->net->af, SOCK_DGRAM, 0);
	if (bind(fd, (struct sockaddr *)&sth, sizeof(sth)))
		return errno != both->want;
	len = sizeof(sth);
	if (both->want || getsockname(fd, (struct sockaddr *)&sth, &len))
		return 2;
	return memcmp(sth.sth_id, both->id, THEMIS_ID_LEN) ? 3 : 0;
}

/* The wildcard means the one that the caller may use, not the only one. */
TEST(wildcard_among_tenants)
{
	__u8 alice[THEMIS_ID_LEN], bob[THEMIS_ID_LEN];
	static struct net net;
	struct both both = { .net = &net, .id = alice };

	fill_random(alice, sizeof(alice));
	fill_random(bob, sizeof(bob));
	ASSERT_EQ(0, net_new(&net));
	ASSERT_EQ(0, link_new(&net, LINK));
	ASSERT_EQ(0, node_new_owned(&net, alice, LINK, THEMIS_OWNER_UID,
				    ALICE));
	ASSERT_EQ(0, node_new_owned(&net, bob, LINK, THEMIS_OWNER_UID, BOB));
	EXPECT_EQ(0, in_child(ALICE, ALICE, bind_wildcard, &both));
	both.id = bob;
	EXPECT_EQ(0, in_child(BOB, BOB, bind_wildcard, &both));
	both.want = EADDRNOTAVAIL;
	EXPECT_EQ(0, in_child(STAFF, STAFF, bind_wildcard, &both));
	both.want = ENOTUNIQ;
	EXPECT_EQ(0, in_child(-1, -1, bind_wildcard, &both));
	net_free(&net);
}

/* One's own before one's group's, and that before everybody's. */
TEST(wildcard_prefers_its_own)
{
	__u8 alice[THEMIS_ID_LEN], staff[THEMIS_ID_LEN], any[THEMIS_ID_LEN];
	static struct net net;
	struct both both = { .net = &net, .id = alice };

	fill_random(alice, sizeof(alice));
	fill_random(staff, sizeof(staff));
	fill_random(any, sizeof(any));
	ASSERT_EQ(0, net_new(&net));
	ASSERT_EQ(0, link_new(&net, LINK));
	ASSERT_EQ(0, node_new(&net, any, LINK));
	ASSERT_EQ(0, node_new_owned(&net, staff, LINK, THEMIS_OWNER_GID,
				    STAFF));
	ASSERT_EQ(0, node_new_owned(&net, alice, LINK, THEMIS_OWNER_UID,
				    ALICE));
	EXPECT_EQ(0, in_child(ALICE, STAFF, bind_wildcard, &both));
	both.id = staff;
	EXPECT_EQ(0, in_child(BOB, STAFF, bind_wildcard, &both));
	both.id = any;
	EXPECT_EQ(0, in_child(BOB, BOB, bind_wildcard, &both));

	/* Two of the same rank are two too many, and only at that rank. */
	fill_random(any, sizeof(any));
	ASSERT_EQ(0, node_new(&net, any, LINK));
	both.want = ENOTUNIQ;
	EXPECT_EQ(0, in_child(BOB, BOB, bind_wildcard, &both));
	both.want = 0;
	both.id = alice;
	EXPECT_EQ(0, in_child(ALICE, ALICE, bind_wildcard, &both));
	net_free(&net);
}

TEST_HARNESS_MAIN
