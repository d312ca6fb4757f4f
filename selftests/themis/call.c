// SPDX-License-Identifier: GPL-2.0
/*
 * The socket calls of the fuzzer: what a program may do with a socket, most of
 * it nearly right, and some of it not at all.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/sockios.h>

#include "fuzz.h"

#define ARRAY_LEN(a)	(sizeof(a) / sizeof((a)[0]))
#define MANY		4	/* messages of one sendmmsg() */
#define WAIT_US		2000	/* that a call may sleep */

/* What all threads send from and receive into; nobody looks at it. */
static char bytes[THEMIS_MSG_MAX + 4096];

static int *slot(struct fuzz *f)
{
	return &f->fd[fuzz_below(f, FUZZ_FDS)];
}

/* Mostly one that there is. */
static int some_fd(struct fuzz *f)
{
	int fd = -1;

	for (int i = 0; fd < 0 && i < 4; i++)
		fd = *slot(f);
	return fd;
}

/* A new descriptor takes the place of an old one. */
static void keep(struct fuzz *f, int fd)
{
	int old;

	if (fd < 0)
		return;
	old = __atomic_exchange_n(slot(f), fd, __ATOMIC_RELAXED);
	if (old >= 0)
		close(old);
}

/* Where something is; rarely where nothing is. */
static void *place(struct fuzz *f, void *there)
{
	if (!fuzz_rare(f, 64))
		return there;
	return (void *)(fuzz_rare(f, 2) ? 0 : fuzz_odd(f));
}

/* An address and how long it is said to be. */
static socklen_t some_address(struct fuzz *f, struct sockaddr_storage *ss,
			      __u8 kind)
{
	struct sockaddr_themis *sth = (struct sockaddr_themis *)ss;

	memset(ss, 0, sizeof(*ss));
	sth->sth_family = f->world->af;
	sth->sth_kind = kind;
	if (kind == THEMIS_KIND_LINK) {
		sth->sth_port = htons(FUZZ_LINK + fuzz_below(f, FUZZ_LINKS));
	} else {
		sth->sth_port = htons(fuzz_rare(f, 12) ? 0 :
				      1 + fuzz_below(f, FUZZ_PORTS));
		fuzz_id(f, sth->sth_id);
	}
	if (fuzz_rare(f, 32))
		sth->sth_family = fuzz_rare(f, 2) ? AF_UNSPEC : AF_INET;
	if (fuzz_rare(f, 16))
		fuzz_mangle(f, sth, 8);
	return fuzz_rare(f, 16) ? fuzz_below(f, sizeof(*ss) + 8) :
				  sizeof(*sth);
}

static void call_close(struct fuzz *f)
{
	int fd = __atomic_exchange_n(slot(f), -1, __ATOMIC_RELAXED);

	if (fd >= 0)
		fuzz_note(f, FUZZ_CLOSE, close(fd));
}

static void call_dup(struct fuzz *f)
{
	keep(f, fuzz_note(f, FUZZ_DUP, dup(some_fd(f))));
}

static void bind_fd(struct fuzz *f, int fd)
{
	struct sockaddr_storage ss;
	socklen_t len;

	len = some_address(f, &ss, fuzz_rare(f, 4) ? THEMIS_KIND_LINK :
						     THEMIS_KIND_NODE);
	fuzz_note(f, FUZZ_BIND, bind(fd, place(f, &ss), len));
}

static void connect_fd(struct fuzz *f, int fd)
{
	struct sockaddr_storage ss;
	socklen_t len;

	len = some_address(f, &ss, THEMIS_KIND_NODE);
	fuzz_note(f, FUZZ_CONNECT, connect(fd, place(f, &ss), len));
}

static void call_socket(struct fuzz *f)
{
	static const int types[] = {
		SOCK_DGRAM, SOCK_DGRAM, SOCK_DGRAM, SOCK_DGRAM, SOCK_DGRAM,
		SOCK_RAW, SOCK_RAW, SOCK_STREAM, SOCK_SEQPACKET, SOCK_RDM,
	};
	struct timeval tv = { .tv_usec = WAIT_US };
	int type = types[fuzz_below(f, ARRAY_LEN(types))];
	int fd;

	if (fuzz_rare(f, 4))
		type |= SOCK_NONBLOCK;
	fd = fuzz_note(f, FUZZ_SOCKET,
		       socket(f->world->af, type,
			      fuzz_rare(f, 16) ? fuzz_odd(f) : 0));
	if (fd >= 0) {
		/* Nobody may sleep for long. */
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
		if (!fuzz_rare(f, 4))
			bind_fd(f, fd);
		if (fuzz_rare(f, 2))
			connect_fd(f, fd);
	}
	keep(f, fd);
}

static void call_bind(struct fuzz *f)
{
	bind_fd(f, some_fd(f));
}

static void call_connect(struct fuzz *f)
{
	connect_fd(f, some_fd(f));
}

static void call_getname(struct fuzz *f)
{
	struct sockaddr_storage ss;
	socklen_t len = fuzz_rare(f, 4) ? fuzz_odd(f) : sizeof(ss);
	void *to = place(f, &ss);
	int fd = some_fd(f);

	/* It is cut to the length: no more than there is. */
	if (len > sizeof(ss) && (int)len > 0)
		len = sizeof(ss);
	fuzz_note(f, FUZZ_GETNAME, fuzz_rare(f, 2) ?
		  getsockname(fd, to, &len) : getpeername(fd, to, &len));
}

/* A text address, right or nearly so. */
static size_t some_text(struct fuzz *f, char *text, size_t size)
{
	__u8 id[THEMIS_ID_LEN];
	size_t n = 0;

	fuzz_id(f, id);
	if (fuzz_rare(f, 8))
		n = snprintf(text, size, "*");
	else
		for (int i = 0; i < THEMIS_ID_LEN; i++)
			n += snprintf(text + n, size - n, "%02x", id[i]);
	n += snprintf(text + n, size - n, ":%u",
		      (unsigned int)fuzz_below(f, FUZZ_PORTS + 1));
	if (fuzz_rare(f, 8))
		fuzz_mangle(f, text, n);
	return fuzz_rare(f, 8) ? fuzz_below(f, size) : n;
}

static void call_setsockopt(struct fuzz *f)
{
	int option = fuzz_below(f, THEMIS_REUSEPORT + 2);
	int level = fuzz_rare(f, 32) ? (int)fuzz_odd(f) : SOL_THEMIS;
	char text[THEMIS_TEXT_MAX + 16] = {};
	int number = fuzz_below(f, 3);
	socklen_t len = sizeof(number);
	void *value = &number;

	if (option == THEMIS_BIND || option == THEMIS_CONNECT) {
		len = some_text(f, text, sizeof(text));
		value = text;
	} else if (option == THEMIS_COMMANDS || option == THEMIS_TIMEOUT) {
		number = 1 + fuzz_below(f, 1000);
	}
	if (fuzz_rare(f, 8))
		number = fuzz_odd(f);
	if (fuzz_rare(f, 16))
		len = fuzz_rare(f, 2) ? fuzz_below(f, 16) : fuzz_odd(f);
	fuzz_note(f, FUZZ_SETSOCKOPT, setsockopt(some_fd(f), level, option,
						 place(f, value), len));
}

static void call_getsockopt(struct fuzz *f)
{
	static const int options[] = {
		SO_TYPE, SO_ERROR, SO_DOMAIN, SO_PROTOCOL, SO_PEERNAME,
		SO_MEMINFO, SO_COOKIE, SO_RCVBUF, SO_PEERCRED, SO_PEERSEC,
		SO_GET_FILTER, SO_INCOMING_NAPI_ID, SO_ACCEPTCONN, SO_NETNS_COOKIE,
	};
	char value[256];
	socklen_t len = fuzz_rare(f, 4) ? fuzz_below(f, sizeof(value)) :
					  sizeof(value);
	int option = fuzz_below(f, THEMIS_REUSEPORT + 2);
	int level = SOL_THEMIS;

	if (fuzz_rare(f, 3)) {
		level = SOL_SOCKET;
		option = options[fuzz_below(f, ARRAY_LEN(options))];
	}
	if (fuzz_rare(f, 32))
		len = -len;
	fuzz_note(f, FUZZ_GETSOCKOPT, getsockopt(some_fd(f), level, option,
						 place(f, value), &len));
}

/* A filter that lets all, some or nothing pass. */
static int attach_filter(struct fuzz *f, int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, fuzz_below(f, 40)),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, fuzz_below(f, 256), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, fuzz_rare(f, 2) ? fuzz_below(f, 100) :
							    ~0U),
		BPF_STMT(BPF_RET | BPF_K, fuzz_rare(f, 4) ? 0 : ~0U),
	};
	struct sock_fprog prog = { ARRAY_LEN(code), code };

	if (fuzz_rare(f, 8))
		fuzz_mangle(f, code, sizeof(code));
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog,
			  sizeof(prog));
}

static void call_sol_socket(struct fuzz *f)
{
	static const int options[] = {
		SO_RCVBUF, SO_SNDBUF, SO_RCVBUFFORCE, SO_REUSEADDR,
		SO_REUSEPORT, SO_TIMESTAMP, SO_TIMESTAMPNS, SO_TIMESTAMPING,
		SO_MARK, SO_PRIORITY, SO_DETACH_FILTER, SO_BUSY_POLL,
		SO_RXQ_OVFL, SO_PASSCRED, SO_PASSSEC, SO_PEEK_OFF,
		SO_ZEROCOPY, SO_INCOMING_CPU, SO_BINDTODEVICE, SO_NO_CHECK,
		SO_BROADCAST, SO_LINGER, SO_RCVLOWAT, SO_TXTIME,
		SO_MAX_PACING_RATE, SO_PREFER_BUSY_POLL, SO_RESERVE_MEM,
		SO_DONTROUTE, SO_KEEPALIVE, SO_CNX_ADVICE, SO_SELECT_ERR_QUEUE,
	};
	int option = options[fuzz_below(f, ARRAY_LEN(options))];
	__u64 value[4] = { fuzz_below(f, 2) };
	int fd = some_fd(f);

	if (option == SO_RCVBUF || option == SO_SNDBUF)
		value[0] = fuzz_below(f, 1 << 18);
	if (fuzz_rare(f, 8))
		random_fill(&f->random, value, sizeof(value));
	fuzz_note(f, FUZZ_SOL_SOCKET, fuzz_rare(f, 8) ? attach_filter(f, fd) :
		  setsockopt(fd, SOL_SOCKET, option, place(f, value),
			     fuzz_rare(f, 8) ? fuzz_below(f, 40) : 4));
}

/* A message to send or to receive into. */
struct letter {
	struct sockaddr_storage	ss;
	struct iovec		iov[3];
	__u64			control[32];
};

static size_t add_cmsg(struct fuzz *f, struct letter *l, size_t at)
{
	struct cmsghdr *c = (struct cmsghdr *)((__u8 *)l->control + at);
	struct sockaddr_storage ss;
	struct themis_msginfo info = {
		.kind = fuzz_below(f, THEMIS_MSG_RESPONSE + 1),
		.seq = fuzz_below(f, 2000),
	};

	c->cmsg_level = SOL_THEMIS;
	if (fuzz_rare(f, 4)) {
		some_address(f, &ss, THEMIS_KIND_NODE);
		c->cmsg_type = THEMIS_CMSG_ADDR;
		c->cmsg_len = CMSG_LEN(sizeof(struct sockaddr_themis));
		memcpy(CMSG_DATA(c), &ss, sizeof(struct sockaddr_themis));
	} else {
		if (fuzz_rare(f, 16))
			fuzz_mangle(f, &info, sizeof(info));
		c->cmsg_type = THEMIS_CMSG_INFO;
		c->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(c), &info, sizeof(info));
	}
	at += CMSG_ALIGN(c->cmsg_len);
	if (fuzz_rare(f, 16))
		fuzz_mangle(f, c, sizeof(*c));
	return at;
}

static size_t some_size(struct fuzz *f)
{
	switch (fuzz_below(f, 16)) {
	case 0:
		return fuzz_below(f, sizeof(bytes));
	case 1 ... 3:
		return fuzz_below(f, 3000);
	default:
		return fuzz_below(f, 200);
	}
}

static void fill_letter(struct fuzz *f, struct letter *l, struct msghdr *msg,
			bool out)
{
	size_t at = 0;

	memset(msg, 0, sizeof(*msg));
	if (fuzz_below(f, 3)) {
		msg->msg_namelen = some_address(f, &l->ss, THEMIS_KIND_NODE);
		msg->msg_name = place(f, &l->ss);
		if (!out)
			msg->msg_namelen = fuzz_below(f, sizeof(l->ss) + 1);
	}
	msg->msg_iov = l->iov;
	msg->msg_iovlen = fuzz_below(f, ARRAY_LEN(l->iov) + 1);
	for (size_t i = 0; i < msg->msg_iovlen; i++) {
		l->iov[i].iov_base = place(f, bytes);
		l->iov[i].iov_len = some_size(f);
	}
	memset(l->control, 0, sizeof(l->control));
	msg->msg_control = l->control;
	if (!out) {
		msg->msg_controllen = fuzz_below(f, sizeof(l->control) + 1);
		return;
	}
	for (int n = fuzz_below(f, 4) - 1; n > 0; n--)
		at = add_cmsg(f, l, at);
	msg->msg_controllen = fuzz_rare(f, 16) ? fuzz_below(f, 256) : at;
}

static int send_flags(struct fuzz *f)
{
	static const int flags[] = {
		0, 0, 0, MSG_DONTWAIT, MSG_DONTWAIT, MSG_MORE, MSG_OOB,
		MSG_EOR, MSG_CONFIRM, MSG_ZEROCOPY, MSG_DONTROUTE, MSG_FASTOPEN,
		MSG_PROXY,
	};
	int flag = flags[fuzz_below(f, ARRAY_LEN(flags))];

	/* The kernel's own are not for us to set, and it knows. */
	return MSG_NOSIGNAL | (fuzz_rare(f, 64) ? (int)fuzz_odd(f) : flag);
}

static int recv_flags(struct fuzz *f)
{
	static const int flags[] = {
		0, 0, 0, MSG_DONTWAIT, MSG_PEEK, MSG_TRUNC, MSG_WAITALL,
		MSG_OOB, MSG_ERRQUEUE, MSG_CMSG_CLOEXEC, MSG_PEEK | MSG_TRUNC,
	};
	int flag = flags[fuzz_below(f, ARRAY_LEN(flags))];

	return fuzz_rare(f, 64) ? (int)fuzz_odd(f) : flag;
}

static void call_sendmsg(struct fuzz *f)
{
	struct letter l;
	struct msghdr msg;

	fill_letter(f, &l, &msg, true);
	fuzz_note(f, FUZZ_SENDMSG, sendmsg(some_fd(f), place(f, &msg),
					   send_flags(f)));
}

static void call_sendmmsg(struct fuzz *f)
{
	struct mmsghdr msgs[MANY] = {};
	struct letter l[MANY];

	for (int i = 0; i < MANY; i++)
		fill_letter(f, &l[i], &msgs[i].msg_hdr, true);
	fuzz_note(f, FUZZ_SENDMMSG, sendmmsg(some_fd(f), msgs,
					     fuzz_below(f, MANY + 1),
					     send_flags(f)));
}

static void call_recvmsg(struct fuzz *f)
{
	struct letter l;
	struct msghdr msg;

	fill_letter(f, &l, &msg, false);
	fuzz_note(f, FUZZ_RECVMSG, recvmsg(some_fd(f), place(f, &msg),
					   recv_flags(f)));
}

static void call_recvmmsg(struct fuzz *f)
{
	struct timespec ts = { .tv_nsec = fuzz_below(f, 1000 * WAIT_US) };
	struct mmsghdr msgs[MANY] = {};
	struct letter l[MANY];

	for (int i = 0; i < MANY; i++)
		fill_letter(f, &l[i], &msgs[i].msg_hdr, false);
	fuzz_note(f, FUZZ_RECVMMSG, recvmmsg(some_fd(f), msgs,
					     fuzz_below(f, MANY + 1),
					     recv_flags(f), &ts));
}

static void call_read(struct fuzz *f)
{
	fuzz_note(f, FUZZ_READ, read(some_fd(f), place(f, bytes),
				     some_size(f)));
}

static void call_write(struct fuzz *f)
{
	fuzz_note(f, FUZZ_WRITE, write(some_fd(f), place(f, bytes),
				       some_size(f)));
}

/* Pages that are not the socket's: of a file, of a pipe, of a process. */
static void call_splice(struct fuzz *f)
{
	struct iovec iov = { bytes, 1 + fuzz_below(f, 8000) };
	int fd = some_fd(f);
	int pipes[2];
	int file;

	if (fuzz_rare(f, 2)) {
		file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
		fuzz_note(f, FUZZ_SPLICE, sendfile(fd, file, NULL,
						   iov.iov_len));
		close(file);
		return;
	}
	if (pipe2(pipes, O_CLOEXEC | O_NONBLOCK))
		return;
	if (fuzz_rare(f, 2)) {
		vmsplice(pipes[1], &iov, 1, 0);
		fuzz_note(f, FUZZ_SPLICE, splice(pipes[0], NULL, fd, NULL,
						 iov.iov_len,
						 SPLICE_F_NONBLOCK));
	} else {
		fuzz_note(f, FUZZ_SPLICE, splice(fd, NULL, pipes[1], NULL,
						 iov.iov_len,
						 SPLICE_F_NONBLOCK));
	}
	close(pipes[0]);
	close(pipes[1]);
}

static void call_poll(struct fuzz *f)
{
	struct pollfd pfd[2] = {
		{ .fd = some_fd(f), .events = fuzz_below(f, 1 << 14) },
		{ .fd = some_fd(f), .events = POLLIN | POLLOUT },
	};

	fuzz_note(f, FUZZ_POLL, poll(pfd, 2, fuzz_below(f, 2)));
}

/* An epoll instance of its own, which may outlive what it watches. */
static void call_epoll(struct fuzz *f)
{
	struct epoll_event ev = {
		.events = EPOLLIN | (fuzz_rare(f, 2) ? EPOLLET : 0) |
			  (fuzz_rare(f, 2) ? EPOLLOUT | EPOLLONESHOT : 0),
	};
	int ep = epoll_create1(EPOLL_CLOEXEC);

	if (ep < 0)
		return;
	for (int i = 0; i < 3; i++)
		fuzz_note(f, FUZZ_EPOLL,
			  epoll_ctl(ep, EPOLL_CTL_ADD, some_fd(f), &ev));
	epoll_wait(ep, &ev, 1, fuzz_below(f, 2));
	if (fuzz_rare(f, 8))
		keep(f, ep);
	else
		close(ep);
}

static void call_shutdown(struct fuzz *f)
{
	fuzz_note(f, FUZZ_SHUTDOWN, shutdown(some_fd(f), fuzz_below(f, 4)));
}

static void call_ioctl(struct fuzz *f)
{
	static const unsigned long cmds[] = {
		SIOCINQ, SIOCOUTQ, FIONREAD, FIOASYNC, SIOCATMARK,
		SIOCGSTAMP_OLD, SIOCGSTAMPNS_NEW, SIOCGIFNAME, SIOCSPGRP,
		SIOCGPGRP, SIOCPROTOPRIVATE, SIOCADDRT,
	};
	unsigned long cmd = cmds[fuzz_below(f, ARRAY_LEN(cmds))];
	__u64 arg[16] = {};

	if (fuzz_rare(f, 16))
		cmd ^= 1 << fuzz_below(f, 16);
	fuzz_note(f, FUZZ_IOCTL, ioctl(some_fd(f), cmd, place(f, arg)));
}

static void call_fcntl(struct fuzz *f)
{
	int fd = some_fd(f);

	/* Whoever may block has a timeout. */
	fuzz_note(f, FUZZ_FCNTL, fcntl(fd, F_SETFL, fuzz_below(f, 2) ?
				       O_NONBLOCK : 0));
}

/* What a datagram socket cannot do. */
static void call_unfit(struct fuzz *f)
{
	int fd = some_fd(f);
	int pair[2];
	void *map;

	switch (fuzz_below(f, 5)) {
	case 0:
		fuzz_note(f, FUZZ_UNFIT, listen(fd, 5));
		return;
	case 1:
		/* An epoll instance or a closed one is as good. */
		fuzz_note(f, FUZZ_UNFIT, accept4(fd, NULL, NULL,
						 SOCK_NONBLOCK));
		return;
	case 2:
		fuzz_note(f, FUZZ_UNFIT, socketpair(f->world->af, SOCK_DGRAM,
						    0, pair));
		return;
	case 3:
		map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
		fuzz_note(f, FUZZ_UNFIT, map == MAP_FAILED ? -1 : 0);
		return;
	default:
		fuzz_note(f, FUZZ_UNFIT, ftruncate(fd, 0));
	}
}

/* Anybody may knock at a link. */
static void call_knock(struct fuzz *f)
{
	static const __u16 len[] = {
		THEMIS_PKT_INIT_LEN, THEMIS_PKT_RESP_LEN,
		THEMIS_PKT_CONFIRM_LEN, THEMIS_PKT_COOKIE_LEN,
		THEMIS_PKT_REFUSE_LEN,
	};
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_port = htons(FUZZ_LINK + fuzz_below(f, FUZZ_LINKS)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	__u8 type = fuzz_below(f, ARRAY_LEN(len));
	__u8 pkt[THEMIS_PKT_INIT_LEN + 16];
	int fd;

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	random_fill(&f->random, pkt, sizeof(pkt));
	memset(pkt, 0, 4);
	pkt[0] = THEMIS_PKT_INIT + type;
	if (fuzz_rare(f, 8))
		fuzz_mangle(f, pkt, 8);
	fuzz_note(f, FUZZ_KNOCK, sendto(fd, pkt, fuzz_rare(f, 8) ?
					fuzz_below(f, sizeof(pkt)) : len[type],
					MSG_DONTWAIT, (struct sockaddr *)&sin,
					sizeof(sin)));
	close(fd);
}

void fuzz_socket_call(struct fuzz *f)
{
	static void (*const calls[])(struct fuzz *f) = {
		call_socket, call_socket, call_close, call_dup, call_bind,
		call_bind, call_connect, call_connect, call_getname,
		call_setsockopt, call_setsockopt, call_getsockopt,
		call_sol_socket, call_sol_socket, call_sendmsg, call_sendmsg,
		call_sendmsg, call_sendmsg, call_sendmmsg, call_recvmsg,
		call_recvmsg, call_recvmsg, call_recvmmsg, call_read,
		call_write, call_splice, call_poll, call_epoll, call_shutdown,
		call_ioctl, call_fcntl, call_unfit, call_knock,
	};

	calls[fuzz_below(f, ARRAY_LEN(calls))](f);
}
