// SPDX-License-Identifier: GPL-2.0
/*
 * Somebody who holds the wire between two nodes. He sees every packet, holds
 * some back, delivers some late, and sends a multitude of his own that are made
 * of real ones. None of his is accepted; each is counted, under the very reason
 * that the protocol has for it; memory stays as it was; what he delivers
 * arrives, and those who talk beside him notice nothing.
 *
 * THEMIS_HOSTILE_PACKETS: how many (default 50000)
 * THEMIS_HOSTILE_SEED: what decides everything (default 18)
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>

#include "kselftest_harness.h"
#include "forger.h"
#include "peer.h"
#include "random.h"

#define PACKETS		50000
#define SEED		18

#define PORT		80
#define FROM		4000
#define LINK		7000

#define BURST		8	/* hostile packets for one real one */
#define SETTLE		256	/* for one look at the counters */
#define REKEY		16384	/* for one new key */
#define WARM		8192	/* before memory is measured */

/*
 * How much memory may have grown in the end, in kB, however many packets there
 * were: of 50,000 one in fifty that is not freed is more than the first.
 */
#define SLAB_KB		1024	/* what the kernel cannot give back */
#define USED_KB		8192	/* all that is not available, less our own */

/*
 * On one side of the wire. The man in the middle has a UDP socket at each
 * side; to each node he is the other one.
 */
struct side {
	struct net		net;
	struct end		end;	/* attacked */
	struct end		beside;	/* not */
	union endpoint		link;
	union endpoint		middle;
	int			udp;	/* the man in the middle's */
	int			sk;	/* of the node */
	struct counts		before;
	struct counts		want;	/* grown by how much */
};

FIXTURE(hostile)
{
	struct side	side[FORGER_WAYS];
	struct forger	forger;
	__u64		seed;
	__u64		packets;
	__u64		kinds[__FORGER_KIND_MAX];
	__u8		pkt[FORGER_PKT_MAX];
	__u8		got[FORGER_PKT_MAX];
	struct packet	opened;
	int		stop;
	int		told;
	pid_t		pid;
};

static __u64 number(const char *name, __u64 otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

/* Keys are the seed's as well, and so is every byte on the wire. */
static int new_keys(struct _test_data_hostile *self)
{
	struct side *a = &self->side[FORGER_TO_A];
	struct side *b = &self->side[FORGER_TO_B];
	struct key key;
	int err;

	do
		random_fill(&self->forger.random, &key, sizeof(key));
	while (!key.local || !key.remote);
	key.flags = THEMIS_KEY_F_INITIATOR | THEMIS_KEY_F_CONFIRMED;
	key.soft_ms = 0;
	key.hard_ms = 0;
	key.soft_count = 0;
	key.hard_count = 0;
	a->end.key = key;
	b->end.key = key;
	b->end.key.flags = THEMIS_KEY_F_CONFIRMED;
	key_mirror(&a->end.key, &b->end.key);

	err = key_new(&a->net, a->end.id, b->end.id, &a->end.key);
	if (!err)
		err = key_new(&b->net, b->end.id, a->end.id, &b->end.key);
	forger_key(&self->forger, FORGER_TO_A, a->end.key.local);
	forger_key(&self->forger, FORGER_TO_B, b->end.key.local);
	return err;
}

static int send_raw(struct side *to, const void *pkt, size_t len)
{
	if (sendto(to->udp, pkt, len, 0, &to->link.sa,
		   endpoint_len(&to->link)) != (ssize_t)len)
		return -errno;
	return 0;
}

/* Take a real packet from its sender; deliver it or hold it back. */
static int take(struct _test_data_hostile *self, int way, bool held)
{
	struct side *to = &self->side[way];
	int n;

	n = recv_ms(self->side[!way].udp, self->pkt, sizeof(self->pkt), 2000);
	if (n < 0)
		return n;
	forger_keep(&self->forger, way, self->pkt, n, held);
	return held ? 0 : send_raw(to, self->pkt, n);
}

/* A new key for each side, which each of them announces by a keepalive. */
static int rekey(struct _test_data_hostile *self)
{
	__u32 old[FORGER_WAYS];
	int err;

	for (int way = 0; way < FORGER_WAYS; way++)
		old[way] = self->side[way].end.key.local;
	err = new_keys(self);
	for (int way = 0; !err && way < FORGER_WAYS; way++) {
		struct side *side = &self->side[way];

		err = take(self, way, false);
		if (!err && old[way])
			err = key_cmd(&side->net, THEMIS_CMD_KEY_DEL,
				      side->end.id, self->side[!way].end.id,
				      old[way]);
	}
	return err;
}

/*
 * A key for those beside, in the order that loses nothing: the one receives on
 * it before the other sends.
 */
static int beside_keys(struct side *a, struct side *b)
{
	int err;

	key_random(&a->beside.key, THEMIS_KEY_F_INITIATOR |
				   THEMIS_KEY_F_CONFIRMED);
	memset(&b->beside.key, 0, sizeof(b->beside.key));
	key_mirror(&a->beside.key, &b->beside.key);
	err = key_new(&b->net, b->beside.id, a->beside.id, &b->beside.key);
	return err ? err : key_new(&a->net, a->beside.id, b->beside.id,
				   &a->beside.key);
}

/*
 * Those beside: a question and its answer, one at a time, so that each that
 * is lost is missed. Ends when told to; the exit status says how it went.
 */
static int talk_beside(struct side *a, struct side *b, int stop, int tell)
{
	struct pollfd pfd = { .fd = stop };
	static __u8 msg[8192], got[8192];
	__u64 rekeyed = now_ms();
	__u64 rounds = 0;
	int sa, sb;

	sa = themis_bound(&a->net, a->beside.id, FROM);
	sb = themis_bound(&b->net, b->beside.id, PORT);
	if (sa < 0 || sb < 0)
		return 2;
	fill_random(msg, sizeof(msg));
	while (!poll(&pfd, 1, 0)) {
		int len = sizeof(rounds) + rounds * 37 % 8000;

		if (now_ms() - rekeyed > 60000) {
			if (beside_keys(a, b))
				return 3;
			rekeyed = now_ms();
		}
		memcpy(msg, &rounds, sizeof(rounds));
		if (send_to(sa, &a->net, b->beside.id, PORT, msg, len) != len ||
		    recv_ms(sb, got, sizeof(got), 10000) != len ||
		    memcmp(msg, got, len))
			return 4;
		if (send_to(sb, &b->net, a->beside.id, FROM, got, len) != len ||
		    recv_ms(sa, msg, sizeof(msg), 10000) != len ||
		    memcmp(got, msg, len))
			return 5;
		rounds++;
	}
	if (recv_ms(sa, got, sizeof(got), 0) != -EAGAIN ||
	    recv_ms(sb, got, sizeof(got), 0) != -EAGAIN)
		return 6;
	return write(tell, &rounds, sizeof(rounds)) != sizeof(rounds);
}

static int start_beside(struct _test_data_hostile *self)
{
	int stop[2], tell[2];

	if (pipe(stop) || pipe(tell))
		return -errno;
	self->pid = fork();
	if (self->pid < 0)
		return -errno;
	if (!self->pid) {
		close(stop[1]);
		_exit(talk_beside(&self->side[FORGER_TO_A],
				  &self->side[FORGER_TO_B], stop[0], tell[1]));
	}
	close(stop[0]);
	close(tell[1]);
	self->stop = stop[1];
	self->told = tell[0];
	return 0;
}

/* How many rounds they had; negative if not all was well. */
static __s64 end_beside(struct _test_data_hostile *self)
{
	__s64 rounds = -1;
	int status;

	close(self->stop);
	if (read(self->told, &rounds, sizeof(rounds)) != sizeof(rounds))
		rounds = -1;
	if (waitpid(self->pid, &status, 0) != self->pid || status) {
		fprintf(stderr, "# those beside ended with %#x\n", status);
		return -1;
	}
	return rounds;
}

static int side_new(struct side *side, const char *lo, const char *veth)
{
	int err;

	err = end_new(&side->end, &side->net, lo, LINK);
	if (err)
		return err;
	side->link = endpoint(lo, LINK);
	side->middle = endpoint(lo, 0);
	side->udp = udp_bound(&side->net, &side->middle);
	side->sk = themis_bound(&side->net, side->end.id, PORT);
	if (side->udp < 0 || side->sk < 0)
		return -EBADF;
	side->beside.net = &side->net;
	side->beside.port = LINK;
	side->beside.ep = endpoint(veth, LINK);
	fill_random(side->beside.id, sizeof(side->beside.id));
	return node_new(&side->net, side->beside.id, LINK);
}

/* Who holds the wire knows whole packets: long ones go as IP's fragments. */
static bool use_segments(bool use)
{
	FILE *file = fopen("/sys/module/themis/parameters/segments", "w");
	bool good;

	if (!file)
		return false;
	good = fputs(use ? "1" : "0", file) >= 0;
	return !fclose(file) && good;
}

FIXTURE_SETUP(hostile)
{
	struct side *a = &self->side[FORGER_TO_A];
	struct side *b = &self->side[FORGER_TO_B];
	cpu_set_t cpus;

	ASSERT_TRUE(use_segments(false));
	ASSERT_EQ(0, net_new(&a->net));
	ASSERT_EQ(0, net_new(&b->net));
	ASSERT_EQ(0, net_veth(&a->net, &b->net));
	ASSERT_EQ(0, side_new(a, "127.0.0.1", VETH_A4));
	ASSERT_EQ(0, side_new(b, "::1", VETH_B4));
	ASSERT_EQ(0, session_new(&a->net, a->beside.id, b->beside.id,
				 &b->beside.ep));
	ASSERT_EQ(0, session_new(&b->net, b->beside.id, a->beside.id,
				 &a->beside.ep));
	ASSERT_EQ(0, beside_keys(a, b));

	self->seed = number("THEMIS_HOSTILE_SEED", SEED);
	self->packets = number("THEMIS_HOSTILE_PACKETS", PACKETS);
	forger_init(&self->forger, self->seed);
	ASSERT_EQ(0, session_new(&a->net, a->end.id, b->end.id, &a->middle));
	ASSERT_EQ(0, session_new(&b->net, b->end.id, a->end.id, &b->middle));
	ASSERT_EQ(0, counts_get(&a->net, &a->before));
	ASSERT_EQ(0, counts_get(&b->net, &b->before));
	ASSERT_EQ(0, start_beside(self));
	/*
	 * What is sent on one processor to a loopback address is received
	 * there, in order: that is what makes every reason certain.
	 */
	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(cpus), &cpus));
	ASSERT_EQ(0, rekey(self));
}

FIXTURE_TEARDOWN(hostile)
{
	EXPECT_TRUE(use_segments(true));
	forger_free(&self->forger);
	for (int way = 0; way < FORGER_WAYS; way++) {
		close(self->side[way].udp);
		close(self->side[way].sk);
		net_free(&self->side[way].net);
	}
}

/* Most messages are short. */
static size_t some_length(struct forger *f)
{
	switch (random_below(&f->random, 64)) {
	case 0:
		return random_below(&f->random, 65000);
	case 1 ... 8:
		return random_below(&f->random, 1500);
	default:
		return random_below(&f->random, 150);
	}
}

/* Does a packet that has been delivered arrive, with what is in it? */
static bool arrives(struct _test_data_hostile *self, int way, const __u8 *pkt,
		    size_t len)
{
	struct packet *opened = &self->opened;
	struct side *to = &self->side[way];
	int n;

	if (packet_open(opened, to->end.key.rx, pkt, len))
		return false;
	n = recv_ms(to->sk, self->got, sizeof(self->got), 2000);
	to->want.val[THEMIS_CNT_RX_MESSAGES]++;
	return n == (int)opened->len && !memcmp(self->got, opened->msg, n);
}

/*
 * Something real: a message, which he delivers or not, or one that he had
 * held back. So they arrive out of order.
 */
static bool real(struct _test_data_hostile *self)
{
	struct forger *f = &self->forger;
	int way = random_below(&f->random, FORGER_WAYS);
	struct side *from = &self->side[!way];
	const struct forger_packet *p;
	bool held;
	int len;

	p = random_below(&f->random, 16) ? NULL : forger_late(f, way);
	if (p)
		return !send_raw(&self->side[way], p->bytes, p->len) &&
		       arrives(self, way, p->bytes, p->len);

	len = some_length(f);
	held = !random_below(&f->random, 8);
	random_fill(&f->random, self->got, len);
	if (send_to(from->sk, &from->net, self->side[way].end.id, PORT,
		    self->got, len) != len || take(self, way, held))
		return false;
	p = forger_last(f, way);
	return held || arrives(self, way, p->bytes, p->len);
}

/* Something hostile. */
static bool hostile(struct _test_data_hostile *self)
{
	struct forger *f = &self->forger;
	int way = random_below(&f->random, FORGER_WAYS);
	struct side *to = &self->side[way];
	size_t len;

	self->kinds[forger_make(f, way, self->pkt, &len)]++;
	to->want.val[forger_reason(f, way, self->pkt, len)]++;
	return !send_raw(to, self->pkt, len);
}

/* Has everything been dropped that should, for the right reason? */
static bool settled(struct side *side)
{
	__u64 end = now_ms() + 5000;
	struct counts now;
	int wrong;

	do {
		if (counts_get(&side->net, &now))
			return false;
		wrong = 0;
		for (int i = THEMIS_CNT_RX_SHORT; i <= THEMIS_CNT_MAX; i++)
			if (now.val[i] - side->before.val[i] !=
			    side->want.val[i])
				wrong = i;
	} while (wrong && now_ms() < end);
	if (wrong)
		fprintf(stderr, "# %s: %llu instead of %llu\n",
			counter_name(wrong),
			now.val[wrong] - side->before.val[wrong],
			side->want.val[wrong]);
	return !wrong;
}

/* Nothing came of it, neither a message nor an answer nor a move. */
static bool silent(struct side *side)
{
	__u8 byte;

	return recv_ms(side->sk, &byte, 1, 0) == -EAGAIN &&
	       recv_ms(side->udp, &byte, 1, 0) == -EAGAIN;
}

/* A number of /proc/meminfo, in kB. */
static long meminfo(const char *name)
{
	FILE *file = fopen("/proc/meminfo", "r");
	char line[128];
	long kb = -1;

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, strlen(name)))
			kb = atol(line + strlen(name) + 1);
	if (file)
		fclose(file);
	return kb;
}

/* Our own memory, in kB. */
static long own_memory(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long pages = 0;

	if (!file || fscanf(file, "%*d %ld", &pages) != 1)
		pages = 0;
	if (file)
		fclose(file);
	return pages * (getpagesize() / 1024);
}

static long used_memory(void)
{
	return meminfo("MemTotal") - meminfo("MemAvailable") - own_memory();
}

/* KASAN keeps freed memory for a while; then kmemleak tells of leaks. */
static bool memory_is_kept(void)
{
	return !system("grep -q ' kasan_report$' /proc/kallsyms");
}

static void report(struct _test_data_hostile *self, __s64 rounds, __u64 ms)
{
	fprintf(stderr, "# seed %llu: %llu hostile packets in %llu ms; beside them %lld rounds\n",
		self->seed, self->packets, ms, rounds);
	for (int i = 0; i < __FORGER_KIND_MAX; i++)
		fprintf(stderr, "# %s: %llu\n", forger_kind_name(i),
			self->kinds[i]);
	for (int i = THEMIS_CNT_RX_SHORT; i <= THEMIS_CNT_MAX; i++) {
		__u64 n = self->side[0].want.val[i] +
			  self->side[1].want.val[i];

		if (n)
			fprintf(stderr, "# dropped as %s: %llu\n",
				counter_name(i), n);
	}
}

TEST_F_TIMEOUT(hostile, wire, 3600)
{
	struct side *side = self->side;
	long slab = 0, used = 0;
	struct counts after;
	__u64 start = now_ms();
	__s64 rounds;
	__u64 sum = 0;

	for (__u64 n = 0; n < self->packets; n++) {
		if (n == WARM) {
			slab = meminfo("SUnreclaim");
			used = used_memory();
		}
		if (n && n % REKEY == 0)
			ASSERT_EQ(0, rekey(self));
		if (n % BURST == 0)
			ASSERT_TRUE(real(self)) TH_LOG("after %llu", n);
		ASSERT_TRUE(hostile(self)) TH_LOG("after %llu", n);
		if (n % SETTLE && n < self->packets - 1)
			continue;
		for (int way = 0; way < FORGER_WAYS; way++) {
			ASSERT_TRUE(settled(&side[way]))
				TH_LOG("after %llu", n);
			ASSERT_TRUE(silent(&side[way]))
				TH_LOG("after %llu", n);
		}
	}
	if (self->packets > WARM && !memory_is_kept()) {
		slab = meminfo("SUnreclaim") - slab;
		used = used_memory() - used;
		TH_LOG("memory grew by %ld kB, of that slab %ld kB", used,
		       slab);
		EXPECT_GT(SLAB_KB, slab);
		EXPECT_GT(USED_KB, used);
	}

	rounds = end_beside(self);
	EXPECT_LT(10, rounds);
	report(self, rounds, now_ms() - start);
	for (int way = 0; way < FORGER_WAYS; way++) {
		struct counts *want = &side[way].want;

		ASSERT_EQ(0, counts_get(&side[way].net, &after));
		for (int i = 1; i <= THEMIS_CNT_MAX; i++)
			after.val[i] -= side[way].before.val[i];
		/* Nobody was lost, and nobody was led elsewhere. */
		EXPECT_EQ(want->val[THEMIS_CNT_RX_MESSAGES] + rounds,
			  after.val[THEMIS_CNT_RX_MESSAGES]);
		EXPECT_EQ(0, after.val[THEMIS_CNT_ROAMS]);
		for (int i = THEMIS_CNT_RX_SHORT; i <= THEMIS_CNT_MAX; i++)
			sum += after.val[i];
	}
	EXPECT_EQ(self->packets, sum);
	for (int i = 0; i < __FORGER_KIND_MAX; i++) {
		EXPECT_LT(0, self->kinds[i])
			TH_LOG("%s", forger_kind_name(i));
	}
}

TEST_HARNESS_MAIN
