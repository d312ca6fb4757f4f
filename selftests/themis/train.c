// SPDX-License-Identifier: GPL-2.0
/*
 * Long messages between two network namespaces of one machine, whose segments
 * stay one packet from the sender to the receiver: with and without others who
 * look at that packet, so that it must be left alone.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "lib.h"

#define SERVER	80
#define CLIENT	4000
#define LINK	7000

FIXTURE(train)
{
	struct net	na;
	struct net	nb;
	struct end	a;
	struct end	b;
	int		sa;
	int		sb;
	struct counts	before;
};

FIXTURE_VARIANT(train)
{
	int		family;
	const char	*a;
	const char	*b;
};

FIXTURE_VARIANT_ADD(train, ipv4)
{
	.family = AF_INET,
	.a = VETH_A4,
	.b = VETH_B4,
};

FIXTURE_VARIANT_ADD(train, ipv6)
{
	.family = AF_INET6,
	.a = VETH_A6,
	.b = VETH_B6,
};

FIXTURE_SETUP(train)
{
	int size = 4 << 20;

	ASSERT_EQ(0, net_new(&self->na));
	ASSERT_EQ(0, net_new(&self->nb));
	ASSERT_EQ(0, net_veth(&self->na, &self->nb));
	ASSERT_EQ(0, end_new(&self->a, &self->na, variant->a, LINK));
	ASSERT_EQ(0, end_new(&self->b, &self->nb, variant->b, LINK));
	ASSERT_EQ(0, ends_join(&self->a, &self->b));
	self->sa = themis_bound(&self->na, self->a.id, CLIENT);
	ASSERT_LE(0, self->sa);
	self->sb = themis_bound(&self->nb, self->b.id, SERVER);
	ASSERT_LE(0, self->sb);
	ASSERT_EQ(0, setsockopt(self->sb, SOL_SOCKET, SO_RCVBUFFORCE, &size,
				sizeof(size)));
	ASSERT_EQ(0, setsockopt(self->sa, SOL_SOCKET, SO_SNDBUFFORCE, &size,
				sizeof(size)));
}

FIXTURE_TEARDOWN(train)
{
	close(self->sa);
	close(self->sb);
	net_free(&self->na);
	net_free(&self->nb);
}

/* Messages of one train, of exactly one, of two, and of a single packet. */
static bool carries(struct _test_data_train *self)
{
	static const size_t sizes[] = { 1500, 3000, 60000, 63000, 65000,
					THEMIS_MSG_MAX, 64 };
	static __u8 out[THEMIS_MSG_MAX], in[THEMIS_MSG_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		fill_random(out, sizes[i]);
		memset(in, 0, sizes[i]);
		if (send_to(self->sa, &self->na, self->b.id, SERVER, out,
			    sizes[i]) != (int)sizes[i] ||
		    recv_ms(self->sb, in, sizeof(in), 3000) != (int)sizes[i] ||
		    memcmp(in, out, sizes[i]))
			return false;
	}
	return true;
}

/* The longest packet that has come to a socket which looks on. */
static int longest(int fd)
{
	static __u8 frame[1 << 17];
	int most = 0;
	ssize_t n;

	while ((n = recv(fd, frame, sizeof(frame), MSG_DONTWAIT)) >= 0)
		if (n > most)
			most = n;
	return most;
}

static int onlooker(const struct net *net, int family, int proto)
{
	int size = 8 << 20;
	int fd;

	if (net_enter(net))
		return -1;
	fd = socket(family, SOCK_RAW, proto);
	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size,
				  sizeof(size)))
		return -1;
	return fd;
}

TEST_F(train, whole)
{
	ASSERT_EQ(0, counts_get(&self->nb, &self->before));
	for (int i = 0; i < 20; i++)
		ASSERT_TRUE(carries(self));
	EXPECT_TRUE(dropped(&self->nb, &self->before, 0, 0));
}

/* Who watches the device has the same packet: sealed it stays for him. */
TEST_F(train, watched_device)
{
	int fd = onlooker(&self->nb, AF_PACKET, htons(ETH_P_ALL));

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, counts_get(&self->nb, &self->before));
	ASSERT_TRUE(carries(self));
	EXPECT_LE(60000, longest(fd));
	EXPECT_TRUE(dropped(&self->nb, &self->before, 0, 0));
	close(fd);
	ASSERT_TRUE(carries(self));
}

/* A raw socket gets it later than the mark of the train is taken off. */
TEST_F(train, watched_protocol)
{
	int fd = onlooker(&self->nb, variant->family, IPPROTO_UDP);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, counts_get(&self->nb, &self->before));
	ASSERT_TRUE(carries(self));
	EXPECT_LE(60000, longest(fd));
	EXPECT_TRUE(dropped(&self->nb, &self->before, 0, 0));
	close(fd);
	ASSERT_TRUE(carries(self));
}

/* Packets for offload that look like a train, from whom they may not. */
TEST_F(train, forged)
{
	union endpoint from = endpoint(variant->a, 0);
	union endpoint to = endpoint(variant->b, LINK);
	static __u8 pkt[40 * 1400];
	int gso = 1400;
	int fd;

	fd = udp_bound(&self->na, &from);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, setsockopt(fd, SOL_UDP, UDP_SEGMENT, &gso, sizeof(gso)));
	fill_random(pkt, sizeof(pkt));
	for (int i = 0; i < 40; i++) {
		memset(pkt + i * gso, 0, 16);
		pkt[i * gso] = THEMIS_PKT_SEGMENT;
		pkt[i * gso + 1] = i;
		pkt[i * gso + 2] = 39;
	}
	ASSERT_EQ(0, counts_get(&self->nb, &self->before));
	ASSERT_EQ((ssize_t)sizeof(pkt),
		  sendto(fd, pkt, sizeof(pkt), 0, &to.sa, endpoint_len(&to)));
	sleep_ms(100);
	EXPECT_TRUE(dropped(&self->nb, &self->before, THEMIS_CNT_RX_INDEX, 40));
	EXPECT_TRUE(carries(self));
	close(fd);
}

/* The watch stays, whatever becomes of the links. */
TEST_F(train, links_come_and_go)
{
	for (int i = 0; i < 20; i++) {
		ASSERT_EQ(0, link_new(&self->nb, 7100));
		ASSERT_EQ(0, link_new(&self->nb, 7101));
		ASSERT_EQ(0, link_del(&self->nb, 7100));
		ASSERT_EQ(0, link_del(&self->nb, 7101));
	}
	ASSERT_TRUE(carries(self));
}

TEST_HARNESS_MAIN
