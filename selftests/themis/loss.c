// SPDX-License-Identifier: GPL-2.0
/*
 * A bad network: a fifth of the packets is lost, others come late, twice or
 * damaged. What gets through does so once and unaltered, commands that are
 * repeated are all answered, and the counters account for every packet.
 */
#include <errno.h>
#include <poll.h>

#include "kselftest_harness.h"
#include "lib.h"

#define LINK		7000
#define SERVER		80
#define CLIENT		4000

#define COMMANDS	400
#define DATAGRAMS	4000
#define SEQUENCES	65536	/* far more than are ever used */
#define REPEAT_MS	150
#define QUIET_MS	400	/* far longer than a packet is delayed */
/* Bytes: of a longer one the segments are counted, and not the message. */
#define LARGEST		1300

#define NETEM	"tc qdisc replace dev veth root netem limit 20000 "	\
		"loss 20% delay 4ms 3ms reorder 25% duplicate 5% corrupt 2%"

/**
 * struct account - where the packets of one side went
 * @udp_in: what UDP has handed to a link
 * @udp_bad: what it has found damaged
 * @counts: what the link has made of it
 */
struct account {
	__u64		udp_in;
	__u64		udp_bad;
	struct counts	counts;
};

/**
 * struct side - one end
 * @net: where
 * @end: the node
 * @fd: its socket
 * @seen: sequences that have arrived
 * @before: its account at first
 */
struct side {
	struct net	net;
	struct end	end;
	int		fd;
	bool		seen[SEQUENCES];
	struct account	before;
};

FIXTURE(loss)
{
	struct side	a;
	struct side	b;
	__u8		sent[COMMANDS];		/* how often */
	__u8		served[COMMANDS];
	__u8		answered[COMMANDS];
	__u8		arrived[DATAGRAMS];
	int		wrong;
};

/* The numbers of UDP in the current namespace, of IPv4. */
static int udp_numbers(struct account *account)
{
	FILE *file = fopen("/proc/thread-self/net/snmp", "r");
	char line[512];
	int lines = 0;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "Udp: %llu %*u %*u %*u %*u %*u %llu",
			   &account->udp_in, &account->udp_bad) == 2)
			lines++;
	if (file)
		fclose(file);
	return lines == 1 ? 0 : -EPROTO;
}

static int account_get(struct side *side, struct account *account)
{
	int err = net_enter(&side->net);

	if (!err)
		err = udp_numbers(account);
	return err ? err : counts_get(&side->net, &account->counts);
}

static int side_up(struct side *side, const char *addr, __u16 port)
{
	int size = 8 << 20;
	int one = 1;
	int many = 16384;
	int err;

	err = end_new(&side->end, &side->net, addr, LINK);
	if (err)
		return err;
	side->fd = themis_bound(&side->net, side->end.id, port);
	if (side->fd < 0)
		return side->fd;
	if (setsockopt(side->fd, SOL_THEMIS, THEMIS_RECVINFO, &one,
		       sizeof(one)) ||
	    setsockopt(side->fd, SOL_THEMIS, THEMIS_COMMANDS, &many,
		       sizeof(many)) ||
	    setsockopt(side->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size,
		       sizeof(size)))
		return -errno;
	return 0;
}

FIXTURE_SETUP(loss)
{
	struct side *a = &self->a, *b = &self->b;

	ASSERT_EQ(0, net_new(&a->net));
	ASSERT_EQ(0, net_new(&b->net));
	ASSERT_EQ(0, net_veth(&a->net, &b->net));
	ASSERT_EQ(0, side_up(a, VETH_A4, CLIENT));
	ASSERT_EQ(0, side_up(b, VETH_B4, SERVER));
	ASSERT_EQ(0, ends_join(&a->end, &b->end));
	ASSERT_EQ(0, account_get(a, &a->before));
	ASSERT_EQ(0, account_get(b, &b->before));
}

FIXTURE_TEARDOWN(loss)
{
	close(self->a.fd);
	close(self->b.fd);
	net_free(&self->a.net);
	net_free(&self->b.net);
}

/* What is in message @n: its number, and bytes that follow from it. */
static size_t make(__u32 n, __u8 *msg)
{
	size_t len = sizeof(n) + n * 29 % (n % 8 ? 1000 : LARGEST - 4);

	memcpy(msg, &n, sizeof(n));
	for (size_t i = sizeof(n); i < len; i++)
		msg[i] = n + i * 7;
	return len;
}

/* The number of a message, or -1 if it has been altered. */
static int number(const __u8 *msg, int len, __u32 max)
{
	static __u8 want[LARGEST];
	__u32 n;

	if (len < (int)sizeof(n))
		return -1;
	memcpy(&n, msg, sizeof(n));
	if (n >= max || make(n, want) != (size_t)len || memcmp(want, msg, len))
		return -1;
	return n;
}

/* Has this sequence come before? Of two that came one is too many. */
static bool twice(struct side *side, __u64 seq)
{
	if (seq >= SEQUENCES || side->seen[seq])
		return true;
	side->seen[seq] = true;
	return false;
}

/* Take a message, if there is one that waits. */
static int take(struct side *side, struct themis_msginfo *info, __u8 *msg)
{
	struct pollfd pfd = { .fd = side->fd, .events = POLLIN };

	if (poll(&pfd, 1, 0) != 1)
		return -EAGAIN;
	return recv_kind(side->fd, NULL, info, msg, LARGEST);
}

/* The server: it answers commands and ticks off datagrams. */
static void serve(struct _test_data_loss *self)
{
	struct sockaddr_themis to = address(&self->b.net, self->a.end.id,
					    CLIENT);
	static __u8 msg[LARGEST];
	struct themis_msginfo info;
	int len, n;

	while ((len = take(&self->b, &info, msg)) >= 0) {
		bool command = info.kind == THEMIS_MSG_COMMAND;

		n = number(msg, len, command ? COMMANDS : DATAGRAMS);
		if (n < 0 || twice(&self->b, info.seq)) {
			self->wrong++;
		} else if (!command) {
			self->arrived[n]++;
		} else {
			self->served[n]++;
			send_kind(self->b.fd, &to, THEMIS_MSG_RESPONSE,
				  info.seq, msg, len);
		}
	}
}

/* The client: it ticks off responses, which bear its own numbers. */
static void listen_for_answers(struct _test_data_loss *self)
{
	static __u8 msg[LARGEST];
	struct themis_msginfo info;
	int len, n;

	while ((len = take(&self->a, &info, msg)) >= 0) {
		n = number(msg, len, COMMANDS);
		if (n < 0 || info.kind != THEMIS_MSG_RESPONSE ||
		    info.seq != (__u64)n)
			self->wrong++;
		else
			self->answered[n]++;
	}
}

static void run_ms(struct _test_data_loss *self, int ms)
{
	__u64 end = now_ms() + ms;

	do {
		serve(self);
		listen_for_answers(self);
		sleep_ms(1);
	} while (now_ms() < end);
}

/* Send every command that has no answer yet; how many that were. */
static int ask(struct _test_data_loss *self)
{
	struct sockaddr_themis to = address(&self->a.net, self->b.end.id,
					    SERVER);
	static __u8 msg[LARGEST];
	int n = 0;

	for (int i = 0; i < COMMANDS; i++) {
		if (self->answered[i])
			continue;
		send_kind(self->a.fd, &to, THEMIS_MSG_COMMAND, i, msg,
			  make(i, msg));
		self->sent[i]++;
		n++;
	}
	return n;
}

/*
 * Whatever UDP hands to a link is a message, a keepalive, a notice or counted
 * under the reason for which it is none.
 */
static bool accounted(struct side *side, const char *name)
{
	static const int taken[] = {
		THEMIS_CNT_RX_MESSAGES, THEMIS_CNT_RX_KEEPALIVES,
		THEMIS_CNT_RX_NOTICES,
	};
	__u64 *then = side->before.counts.val;
	struct account now;
	__u64 sum = 0;

	if (account_get(side, &now))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(taken); i++)
		sum += now.counts.val[taken[i]] - then[taken[i]];
	for (int i = THEMIS_CNT_RX_SHORT; i <= THEMIS_CNT_RX_MEMORY; i++) {
		__u64 n = now.counts.val[i] - then[i];

		sum += n;
		if (n)
			fprintf(stderr, "# %s: %s %llu\n", name,
				counter_name(i), n);
	}
	fprintf(stderr, "# %s: UDP in %llu, damaged %llu; messages %llu\n",
		name, now.udp_in - side->before.udp_in,
		now.udp_bad - side->before.udp_bad,
		now.counts.val[taken[0]] - then[taken[0]]);
	return sum == now.udp_in - side->before.udp_in;
}

static __u64 grown(struct side *side, int counter)
{
	struct counts now;

	if (counts_get(&side->net, &now))
		return 0;
	return now.val[counter] - side->before.counts.val[counter];
}

TEST_F_TIMEOUT(loss, bad_network, 120)
{
	struct side *sides[] = { &self->a, &self->b };
	static __u8 msg[LARGEST];
	int came = 0;
	__u64 end;

	for (size_t i = 0; i < ARRAY_SIZE(sides); i++) {
		ASSERT_EQ(0, net_enter(&sides[i]->net));
		if (system(NETEM))
			SKIP(return, "no netem");
	}

	end = now_ms() + 60000;
	while (ask(self) && now_ms() < end)
		run_ms(self, REPEAT_MS);
	for (int i = 0; i < COMMANDS; i++) {
		EXPECT_LE(1, self->answered[i]);
		EXPECT_LE(self->answered[i], self->served[i]);
		EXPECT_LE(self->served[i], self->sent[i]);
	}

	for (int i = 0; i < DATAGRAMS; i++) {
		size_t len = make(i, msg);

		ASSERT_EQ((int)len, send_to(self->a.fd, &self->a.net,
					    self->b.end.id, SERVER, msg, len));
		if (i % 16 == 0)
			run_ms(self, 1);
	}
	run_ms(self, QUIET_MS);
	for (int i = 0; i < DATAGRAMS; i++) {
		EXPECT_GE(1, self->arrived[i]);
		came += self->arrived[i];
	}
	TH_LOG("%d of %d datagrams came", came, DATAGRAMS);
	EXPECT_LT(DATAGRAMS / 2, came);
	EXPECT_GT(DATAGRAMS, came);
	EXPECT_EQ(0, self->wrong);

	EXPECT_TRUE(accounted(&self->a, "client"));
	EXPECT_TRUE(accounted(&self->b, "server"));
	/* Nothing else is ever wrong than that it came twice. */
	EXPECT_LT(0, grown(&self->b, THEMIS_CNT_RX_REPLAY));
	EXPECT_EQ(0, grown(&self->b, THEMIS_CNT_RX_TAG));
	EXPECT_EQ(0, grown(&self->b, THEMIS_CNT_RX_FULL));
	EXPECT_EQ(0, grown(&self->a, THEMIS_CNT_RX_UNASKED));
	EXPECT_EQ(0, grown(&self->a, THEMIS_CNT_RX_TAG));

	/* The network recovers, and so do we. */
	for (size_t i = 0; i < ARRAY_SIZE(sides); i++) {
		ASSERT_EQ(0, net_enter(&sides[i]->net));
		ASSERT_EQ(0, system("tc qdisc del dev veth root"));
	}
	self->wrong = 0;
	memset(self->answered, 0, sizeof(self->answered));
	ASSERT_EQ(COMMANDS, ask(self));
	run_ms(self, 50);
	for (int i = 0; i < COMMANDS; i++)
		EXPECT_EQ(1, self->answered[i]);
	EXPECT_EQ(0, self->wrong);
}

TEST_HARNESS_MAIN
