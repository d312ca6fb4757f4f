// SPDX-License-Identifier: GPL-2.0
/*
 * What every socket can do, and ours as well: batches, filters, timestamps,
 * marks, priorities, busy polling and io_uring, between two machines.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <time.h>

#include <liburing.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"
#include "lib.h"

#define SERVER	80
#define CLIENT	4000
#define LINK	7000

FIXTURE(generic)
{
	struct net	neta;
	struct net	netb;
	struct end	a;
	struct end	b;
	int		sa;	/* bound to a, port CLIENT, connected to sb */
	int		sb;	/* bound to b, port SERVER */
};

FIXTURE_SETUP(generic)
{
	struct sockaddr_themis to;

	ASSERT_EQ(0, net_new(&self->neta));
	ASSERT_EQ(0, net_new(&self->netb));
	ASSERT_EQ(0, net_veth(&self->neta, &self->netb));
	ASSERT_EQ(0, end_new(&self->a, &self->neta, VETH_A4, LINK));
	ASSERT_EQ(0, end_new(&self->b, &self->netb, VETH_B4, LINK));
	ASSERT_EQ(0, ends_join(&self->a, &self->b));
	self->sb = themis_bound(&self->netb, self->b.id, SERVER);
	ASSERT_LE(0, self->sb);
	self->sa = themis_bound(&self->neta, self->a.id, CLIENT);
	ASSERT_LE(0, self->sa);
	to = address(&self->neta, self->b.id, SERVER);
	ASSERT_EQ(0, connect(self->sa, (struct sockaddr *)&to, sizeof(to)));
}

FIXTURE_TEARDOWN(generic)
{
	close(self->sa);
	close(self->sb);
	net_free(&self->neta);
	net_free(&self->netb);
}

static int set_number(int fd, int option, int value)
{
	return setsockopt(fd, SOL_SOCKET, option, &value, sizeof(value)) ?
	       -errno : 0;
}

static int get_number(int fd, int option)
{
	socklen_t len = sizeof(int);
	int value = -1;

	return getsockopt(fd, SOL_SOCKET, option, &value, &len) ? -errno :
								  value;
}

/* The first that fails ends the batch; those before it are on their way. */
TEST_F(generic, batch_that_fails_in_the_middle)
{
	struct sockaddr_themis good = address(&self->neta, self->b.id, SERVER);
	struct sockaddr_themis bad = address(&self->neta, NULL, SERVER);
	struct iovec iov = { "x", 1 };
	struct mmsghdr msgs[4] = {};
	struct counts before;
	char buf[4];

	for (int i = 0; i < 4; i++) {
		msgs[i].msg_hdr.msg_name = i == 2 ? &bad : &good;
		msgs[i].msg_hdr.msg_namelen = sizeof(good);
		msgs[i].msg_hdr.msg_iov = &iov;
		msgs[i].msg_hdr.msg_iovlen = 1;
	}
	ASSERT_EQ(0, counts_get(&self->neta, &before));
	EXPECT_EQ(2, sendmmsg(self->sa, msgs, 4, 0));
	EXPECT_EQ(1, msgs[0].msg_len);
	EXPECT_EQ(1, msgs[1].msg_len);
	EXPECT_EQ(-1, sendmmsg(self->sa, msgs + 2, 2, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(1, sendmmsg(self->sa, msgs + 3, 1, 0));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(1, recv_ms(self->sb, buf, sizeof(buf), 2000));
	EXPECT_EQ(-EAGAIN, recv_ms(self->sb, buf, sizeof(buf), 50));
	EXPECT_EQ(3, count_wait(&self->neta, &before, THEMIS_CNT_TX_MESSAGES,
				3));
}

TEST_F(generic, batch_of_receipts)
{
	struct timespec ts = { .tv_nsec = 50000000 };
	struct sockaddr_themis from[4];
	struct sockaddr_themis want = address(&self->neta, self->a.id, CLIENT);
	struct mmsghdr msgs[4] = {};
	struct iovec iov[4];
	char buf[4][8];

	for (int i = 0; i < 4; i++) {
		iov[i] = (struct iovec){ buf[i], sizeof(buf[i]) };
		msgs[i].msg_hdr.msg_name = &from[i];
		msgs[i].msg_hdr.msg_namelen = sizeof(from[i]);
		msgs[i].msg_hdr.msg_iov = &iov[i];
		msgs[i].msg_hdr.msg_iovlen = 1;
	}
	EXPECT_EQ(-1, recvmmsg(self->sb, msgs, 4, MSG_DONTWAIT, NULL));
	EXPECT_EQ(EAGAIN, errno);
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(i, send(self->sa, "abc", i, 0));
	/* It looks at the time after each that came: one ends it. */
	EXPECT_EQ(3, recvmmsg(self->sb, msgs, 4, MSG_WAITFORONE, &ts));
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(i, (int)msgs[i].msg_len);
		EXPECT_EQ(sizeof(want), msgs[i].msg_hdr.msg_namelen);
		EXPECT_EQ(0, memcmp(&want, &from[i], sizeof(want)));
	}
}

/*
 * Load a socket filter: keep the packet if the field at @offset of struct
 * __sk_buff is @value, or with no offset if its first byte is.
 */
static int load_filter(int offset, __u32 value)
{
	struct bpf_insn field = {
		.code = BPF_LDX | BPF_MEM | BPF_W,
		.dst_reg = BPF_REG_0,
		.src_reg = BPF_REG_6,
		.off = offset,
	};
	struct bpf_insn byte = { .code = BPF_LD | BPF_ABS | BPF_B };
	struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_6,
		  .src_reg = BPF_REG_1 },
		offset < 0 ? byte : field,
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_1,
		  .src_reg = BPF_REG_0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_JNE | BPF_K, .dst_reg = BPF_REG_1,
		  .off = 1, .imm = value },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0,
		  .imm = 65536 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
		.insns = (unsigned long)code,
		.insn_cnt = ARRAY_SIZE(code),
		.license = (unsigned long)"GPL",
	};
	int fd;

	fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	return fd < 0 ? -errno : fd;
}

/* A filter sees what is in the message, and nothing around it. */
TEST_F(generic, attached_program)
{
	struct counts before;
	char buf[8];
	int prog;

	prog = load_filter(-1, 'y');
	ASSERT_LE(0, prog);
	ASSERT_EQ(0, set_number(self->sb, SO_ATTACH_BPF, prog));
	close(prog);
	ASSERT_EQ(0, counts_get(&self->netb, &before));
	ASSERT_EQ(2, send(self->sa, "no", 2, 0));
	ASSERT_EQ(3, send(self->sa, "yes", 3, 0));
	EXPECT_EQ(3, recv_ms(self->sb, buf, sizeof(buf), 2000));
	EXPECT_EQ(0, memcmp(buf, "yes", 3));
	EXPECT_TRUE(dropped(&self->netb, &before, THEMIS_CNT_RX_FILTER, 1));
	ASSERT_EQ(0, set_number(self->sb, SO_DETACH_BPF, 0));
	ASSERT_EQ(2, send(self->sa, "no", 2, 0));
	EXPECT_EQ(2, recv_ms(self->sb, buf, sizeof(buf), 2000));
}

/* A tap on the device that sees only what a filter lets pass. */
static int open_tap(struct net *net, int offset, __u32 value)
{
	int fd, prog;

	if (net_enter(net))
		return -1;
	prog = load_filter(offset, value);
	fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (prog >= 0 && fd >= 0 && !set_number(fd, SO_ATTACH_BPF, prog)) {
		struct sockaddr_ll sll = {
			.sll_family = AF_PACKET,
			.sll_protocol = htons(ETH_P_ALL),
		};

		close(prog);
		return bind(fd, (struct sockaddr *)&sll, sizeof(sll)) ? -1 : fd;
	}
	return -1;
}

/* Is it a packet of UDP over IPv4 to a link? */
static bool is_ours(const __u8 *frame, int len)
{
	__be16 port = htons(LINK);

	return len > 42 && frame[12] == 8 && !frame[13] && frame[23] == 17 &&
	       !memcmp(frame + 36, &port, sizeof(port));
}

/* Marks and priorities are the outer packet's as well. */
static bool carries(struct _test_data_generic *self, int option, int offset,
		    int value)
{
	char buf[8];
	__u8 frame[256];
	bool seen;
	int tap;

	tap = open_tap(&self->neta, offset, value);
	if (tap < 0)
		return false;
	/* Not before it is asked for. */
	if (send(self->sa, "x", 1, 0) != 1 ||
	    recv_ms(self->sb, buf, sizeof(buf), 2000) != 1 ||
	    recv_ms(tap, frame, sizeof(frame), 0) >= 0)
		return false;
	if (set_number(self->sa, option, value) ||
	    send(self->sa, "x", 1, 0) != 1 ||
	    recv_ms(self->sb, buf, sizeof(buf), 2000) != 1)
		return false;
	seen = is_ours(frame, recv_ms(tap, frame, sizeof(frame), 2000));
	close(tap);
	return seen && get_number(self->sa, option) == value;
}

TEST_F(generic, mark)
{
	EXPECT_TRUE(carries(self, SO_MARK, offsetof(struct __sk_buff, mark),
			    0x7e));
}

TEST_F(generic, priority)
{
	EXPECT_TRUE(carries(self, SO_PRIORITY,
			    offsetof(struct __sk_buff, priority), 5));
}

TEST_F(generic, timestamp_in_nanoseconds)
{
	union {
		struct cmsghdr	align;
		char		buf[256];
	} control;
	char buf[4];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct timespec before, after, ts;
	struct cmsghdr *c;

	ASSERT_EQ(0, set_number(self->sb, SO_TIMESTAMPNS, 1));
	clock_gettime(CLOCK_REALTIME, &before);
	ASSERT_EQ(1, send(self->sa, "x", 1, 0));
	ASSERT_EQ(1, recvmsg(self->sb, &msg, 0));
	clock_gettime(CLOCK_REALTIME, &after);
	c = CMSG_FIRSTHDR(&msg);
	ASSERT_NE(NULL, c);
	EXPECT_EQ(SOL_SOCKET, c->cmsg_level);
	EXPECT_EQ(SCM_TIMESTAMPNS, c->cmsg_type);
	memcpy(&ts, CMSG_DATA(c), sizeof(ts));
	EXPECT_LE(before.tv_sec * 1000000000ULL + before.tv_nsec,
		  ts.tv_sec * 1000000000ULL + ts.tv_nsec);
	EXPECT_GE(after.tv_sec * 1000000000ULL + after.tv_nsec,
		  ts.tv_sec * 1000000000ULL + ts.tv_nsec);
}

/*
 * A reader that polls the device itself has to know which queue of it the
 * messages come from. A veth has a queue to poll if it may merge packets that
 * its peer does not.
 */
TEST_F(generic, busy_poll)
{
	char buf[4];
	pid_t pid;

	ASSERT_EQ(0, net_enter(&self->neta));
	ASSERT_EQ(0, system("ethtool -K veth tso off"));
	ASSERT_EQ(0, net_enter(&self->netb));
	if (system("ethtool -K veth gro on 2>/dev/null"))
		SKIP(return, "a veth of this kernel has no queue to poll");
	EXPECT_EQ(0, get_number(self->sb, SO_INCOMING_NAPI_ID));
	ASSERT_EQ(1, send(self->sa, "x", 1, 0));
	ASSERT_EQ(1, recv_ms(self->sb, buf, sizeof(buf), 2000));
	EXPECT_LT(0, get_number(self->sb, SO_INCOMING_NAPI_ID));

	ASSERT_EQ(0, set_number(self->sb, SO_BUSY_POLL, 50000));
	EXPECT_EQ(50000, get_number(self->sb, SO_BUSY_POLL));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		sleep_ms(10);
		_exit(send(self->sa, "x", 1, 0) != 1);
	}
	EXPECT_EQ(1, recv(self->sb, buf, sizeof(buf), 0));
	EXPECT_EQ(pid, waitpid(pid, NULL, 0));
}

/* Take what the ring has completed; its result. */
static int completed(struct io_uring *ring, __u64 what)
{
	struct __kernel_timespec ts = { .tv_sec = 5 };
	struct io_uring_cqe *cqe;
	int res;

	if (io_uring_wait_cqe_timeout(ring, &cqe, &ts))
		return -ETIMEDOUT;
	res = cqe->user_data == what ? cqe->res : -EPROTO;
	io_uring_cqe_seen(ring, cqe);
	return res;
}

TEST_F(generic, io_uring)
{
	struct sockaddr_themis from = {};
	struct sockaddr_themis want = address(&self->neta, self->a.id, CLIENT);
	char buf[16];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr msg = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
	};
	struct io_uring_sqe *sqe;
	struct io_uring ring;

	if (io_uring_queue_init(8, &ring, 0))
		SKIP(return, "this kernel has no io_uring");

	/* A receipt that waits, and is woken by the message. */
	sqe = io_uring_get_sqe(&ring);
	io_uring_prep_recvmsg(sqe, self->sb, &msg, 0);
	sqe->user_data = 1;
	ASSERT_EQ(1, io_uring_submit(&ring));
	sqe = io_uring_get_sqe(&ring);
	io_uring_prep_send(sqe, self->sa, "hello", 5, 0);
	sqe->user_data = 2;
	ASSERT_EQ(1, io_uring_submit(&ring));
	EXPECT_EQ(5, completed(&ring, 2));
	EXPECT_EQ(5, completed(&ring, 1));
	EXPECT_EQ(0, memcmp(buf, "hello", 5));
	EXPECT_EQ(0, memcmp(&want, &from, sizeof(want)));

	/* One that is there already, and an error. */
	ASSERT_EQ(3, send(self->sa, "abc", 3, 0));
	sqe = io_uring_get_sqe(&ring);
	io_uring_prep_recv(sqe, self->sb, buf, sizeof(buf), 0);
	sqe->user_data = 3;
	ASSERT_EQ(1, io_uring_submit(&ring));
	EXPECT_EQ(3, completed(&ring, 3));
	sqe = io_uring_get_sqe(&ring);
	io_uring_prep_send(sqe, self->sb, "abc", 3, 0);
	sqe->user_data = 4;
	ASSERT_EQ(1, io_uring_submit(&ring));
	EXPECT_EQ(-EDESTADDRREQ, completed(&ring, 4));

	/* One that waits when the ring goes leaves nothing behind. */
	sqe = io_uring_get_sqe(&ring);
	io_uring_prep_recv(sqe, self->sb, buf, sizeof(buf), 0);
	ASSERT_EQ(1, io_uring_submit(&ring));
	io_uring_queue_exit(&ring);
	ASSERT_EQ(3, send(self->sa, "abc", 3, 0));
	EXPECT_EQ(3, recv_ms(self->sb, buf, sizeof(buf), 2000));
}

TEST_HARNESS_MAIN
