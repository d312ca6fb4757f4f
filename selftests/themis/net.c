// SPDX-License-Identifier: GPL-2.0
/*
 * Network namespaces, addresses, sockets, time and child processes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/rtnetlink.h>
#include <linux/veth.h>

#include "lib.h"

#define EXIT_SKIP	4	/* as kselftest has it */

/* The namespace that we are in; it can be left only with privilege. */
static int current_net = -1;

/*
 * Runs before the harness: its fixtures cannot skip a test, and without the
 * module every one of them would fail.
 */
static void __attribute__((constructor)) require_module(void)
{
	struct nl nl;
	int err;

	err = geteuid() ? -EPERM : nl_open_themis(&nl);
	if (!err) {
		nl_close(&nl);
		return;
	}
	printf("TAP version 13\n1..0 # SKIP %s\n", err == -EPERM ?
	       "not root" : "the module is not loaded");
	fflush(stdout);
	_exit(EXIT_SKIP);
}

static int dev_flags(const char *dev, short set, short clear)
{
	struct ifreq ifr = {};
	int err = 0;
	int fd;

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", dev);
	if (ioctl(fd, SIOCGIFFLAGS, &ifr))
		err = -errno;
	ifr.ifr_flags = (ifr.ifr_flags | set) & ~clear;
	if (!err && ioctl(fd, SIOCSIFFLAGS, &ifr))
		err = -errno;
	close(fd);
	return err;
}

int net_new(struct net *net)
{
	int err;

	memset(net, 0, sizeof(*net));
	net->fd = -1;
	if (unshare(CLONE_NEWNET))
		return -errno;
	net->fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (net->fd < 0)
		return -errno;
	current_net = net->fd;
	err = dev_flags("lo", IFF_UP, 0);
	if (!err)
		err = nl_open_themis(&net->nl);
	if (!err) {
		struct nl_msg m;

		nl_cmd(&m, THEMIS_CMD_INFO_GET, 0);
		err = nl_do(&net->nl, &m);
		net->af = nl_uint(nl_sub(nl_attr(&net->nl.nlh, THEMIS_A_INFO),
					 THEMIS_INFO_A_FAMILY));
	}
	return err;
}

void net_free(struct net *net)
{
	nl_close(&net->nl);
	if (net->fd == current_net)
		current_net = -1;
	if (net->fd >= 0)
		close(net->fd);
	net->fd = -1;
}

int net_enter(const struct net *net)
{
	if (net->fd == current_net)
		return 0;
	if (setns(net->fd, CLONE_NEWNET))
		return -errno;
	current_net = net->fd;
	return 0;
}

static int net_rt(struct net *net, struct nl_msg *m)
{
	struct nl *rt;
	int err;

	err = net_enter(net);
	if (err)
		return err;
	rt = malloc(sizeof(*rt));
	if (!rt)
		return -ENOMEM;
	err = nl_open_route(rt);
	if (!err) {
		err = nl_do(rt, m);
		nl_close(rt);
	}
	free(rt);
	return err;
}

int net_addr(struct net *net, const char *dev, const char *addr, int prefix,
	     bool add)
{
	struct ifaddrmsg ifa = { .ifa_prefixlen = prefix };
	union endpoint ep = endpoint(addr, 0);
	bool v6 = ep.sa.sa_family == AF_INET6;
	const void *bytes = v6 ? (void *)&ep.in6.sin6_addr :
				 (void *)&ep.in.sin_addr;
	size_t len = v6 ? 16 : 4;
	struct nl_msg m;
	int err;

	err = net_enter(net);
	if (err)
		return err;
	ifa.ifa_family = ep.sa.sa_family;
	ifa.ifa_index = if_nametoindex(dev);
	/* Without it the address is of no use for a second or more. */
	ifa.ifa_flags = v6 ? IFA_F_NODAD : 0;
	nl_msg_init(&m, add ? RTM_NEWADDR : RTM_DELADDR,
		    add ? NLM_F_CREATE | NLM_F_EXCL : 0, &ifa, sizeof(ifa));
	nl_put(&m, IFA_LOCAL, bytes, len);
	nl_put(&m, IFA_ADDRESS, bytes, len);
	return net_rt(net, &m);
}

int net_down(struct net *net, const char *dev)
{
	int err = net_enter(net);

	return err ? err : dev_flags(dev, 0, IFF_UP);
}

static int net_veth_up(struct net *net, const char *v4, const char *v6)
{
	int err = net_enter(net);

	if (!err)
		err = dev_flags("veth", IFF_UP, 0);
	if (!err)
		err = net_addr(net, "veth", v4, 24, true);
	if (!err)
		err = net_addr(net, "veth", v6, 64, true);
	return err;
}

/*
 * A device that is up is not yet one that sends: until the kernel has noticed
 * its carrier, packets disappear. Wait for one to arrive.
 */
static int net_ping(struct net *a, const char *from, struct net *b,
		    const char *to)
{
	union endpoint epa = endpoint(from, 0);
	union endpoint epb = endpoint(to, 0);
	__u64 end = now_ms() + 10000;
	int sa, sb, err;
	__u8 byte = 0;

	sb = udp_bound(b, &epb);
	if (sb < 0)
		return sb;
	sa = udp_bound(a, &epa);
	if (sa < 0) {
		close(sb);
		return sa;
	}
	do {
		sendto(sa, &byte, 1, 0, &epb.sa, endpoint_len(&epb));
		err = recv_ms(sb, &byte, 1, 10);
	} while (err == -EAGAIN && now_ms() < end);
	close(sa);
	close(sb);
	return err == 1 ? 0 : err;
}

int net_veth(struct net *a, struct net *b)
{
	struct ifinfomsg ifi = {};
	size_t info, data, peer;
	struct nl_msg m;
	int err;

	nl_msg_init(&m, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &ifi,
		    sizeof(ifi));
	nl_put(&m, IFLA_IFNAME, "veth", sizeof("veth"));
	info = nl_nest(&m, IFLA_LINKINFO);
	nl_put(&m, IFLA_INFO_KIND, "veth", sizeof("veth"));
	data = nl_nest(&m, IFLA_INFO_DATA);
	peer = nl_nest(&m, VETH_INFO_PEER);
	/* The peer's nest begins with a header of its own. */
	memcpy(m.buf + m.len, &ifi, sizeof(ifi));
	m.len += NLMSG_ALIGN(sizeof(ifi));
	nl_put(&m, IFLA_IFNAME, "veth", sizeof("veth"));
	nl_put_u32(&m, IFLA_NET_NS_FD, b->fd);
	nl_end(&m, peer);
	nl_end(&m, data);
	nl_end(&m, info);
	err = net_rt(a, &m);
	if (!err)
		err = net_veth_up(a, VETH_A4, VETH_A6);
	if (!err)
		err = net_veth_up(b, VETH_B4, VETH_B6);
	if (!err)
		err = net_ping(a, VETH_A4, b, VETH_B4);
	if (!err)
		err = net_ping(b, VETH_B4, a, VETH_A4);
	if (!err)
		err = net_ping(a, VETH_A6, b, VETH_B6);
	if (!err)
		err = net_ping(b, VETH_B6, a, VETH_A6);
	return err;
}

void fill_random(void *buf, size_t len)
{
	__u8 *p = buf;

	while (len) {
		ssize_t n = getrandom(p, len, 0);

		if (n < 0)
			abort();
		p += n;
		len -= n;
	}
}

union endpoint endpoint(const char *addr, __u16 port)
{
	union endpoint ep = {};

	if (inet_pton(AF_INET, addr, &ep.in.sin_addr) == 1) {
		ep.in.sin_family = AF_INET;
		ep.in.sin_port = htons(port);
	} else {
		memset(&ep, 0, sizeof(ep));
		if (inet_pton(AF_INET6, addr, &ep.in6.sin6_addr) != 1)
			abort();
		ep.in6.sin6_family = AF_INET6;
		ep.in6.sin6_port = htons(port);
	}
	return ep;
}

socklen_t endpoint_len(const union endpoint *ep)
{
	return ep->sa.sa_family == AF_INET6 ? sizeof(ep->in6) :
					      sizeof(ep->in);
}

bool endpoint_eq(const union endpoint *a, const union endpoint *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	if (a->sa.sa_family == AF_INET)
		return a->in.sin_port == b->in.sin_port &&
		       a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
	return a->in6.sin6_port == b->in6.sin6_port &&
	       !memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, 16);
}

struct sockaddr_themis address(const struct net *net, const __u8 *id,
			       __u16 port)
{
	struct sockaddr_themis sth = {
		.sth_family = net->af,
		.sth_port = htons(port),
		.sth_kind = THEMIS_KIND_NODE,
	};

	if (id)
		memcpy(sth.sth_id, id, THEMIS_ID_LEN);
	return sth;
}

int themis_socket(const struct net *net, int type)
{
	int fd, err;

	err = net_enter(net);
	if (err)
		return err;
	fd = socket(net->af, type, 0);
	return fd < 0 ? -errno : fd;
}

int themis_bound(const struct net *net, const __u8 *id, __u16 port)
{
	struct sockaddr_themis sth = address(net, id, port);
	int fd;

	fd = themis_socket(net, SOCK_DGRAM);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&sth, sizeof(sth))) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

int udp_bound(const struct net *net, union endpoint *ep)
{
	socklen_t len = endpoint_len(ep);
	int fd, err;

	err = net_enter(net);
	if (err)
		return err;
	fd = socket(ep->sa.sa_family, SOCK_DGRAM, 0);
	if (fd < 0)
		return -errno;
	if (bind(fd, &ep->sa, len) || getsockname(fd, &ep->sa, &len)) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

int send_to(int fd, const struct net *net, const __u8 *id, __u16 port,
	    const void *buf, size_t len)
{
	struct sockaddr_themis sth = address(net, id, port);
	ssize_t n;

	n = sendto(fd, buf, len, MSG_DONTWAIT, (struct sockaddr *)&sth,
		   sizeof(sth));
	return n < 0 ? -errno : n;
}

int send_kind(int fd, const struct sockaddr_themis *to, __u8 kind, __u64 seq,
	      const void *buf, size_t len)
{
	struct themis_msginfo info = { .kind = kind, .seq = seq };
	struct sockaddr_themis name = *to;
	union {
		struct cmsghdr	hdr;
		char		buf[CMSG_SPACE(sizeof(info))];
	} control = {};
	struct iovec iov = { (void *)buf, len };
	struct msghdr msg = {
		.msg_name = &name,
		.msg_namelen = sizeof(name),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n;

	control.hdr.cmsg_level = SOL_THEMIS;
	control.hdr.cmsg_type = THEMIS_CMSG_INFO;
	control.hdr.cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(&control.hdr), &info, sizeof(info));
	n = sendmsg(fd, &msg, MSG_DONTWAIT);
	return n < 0 ? -errno : n;
}

int recv_kind(int fd, struct sockaddr_themis *from,
	      struct themis_msginfo *info, void *buf, size_t len)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	union {
		struct cmsghdr	hdr;
		char		buf[256];
	} control;
	struct iovec iov = { buf, len };
	struct msghdr msg = {
		.msg_name = from,
		.msg_namelen = from ? sizeof(*from) : 0,
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *c;
	ssize_t n;

	memset(info, 0xff, sizeof(*info));
	poll(&pfd, 1, 2000);
	n = recvmsg(fd, &msg, MSG_DONTWAIT);
	if (n < 0)
		return -errno;
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c))
		if (c->cmsg_level == SOL_THEMIS &&
		    c->cmsg_type == THEMIS_CMSG_INFO &&
		    c->cmsg_len == CMSG_LEN(sizeof(*info)))
			memcpy(info, CMSG_DATA(c), sizeof(*info));
	return n;
}

int recv_ms(int fd, void *buf, size_t len, int ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	ssize_t n;

	poll(&pfd, 1, ms);
	n = recv(fd, buf, len, MSG_DONTWAIT | MSG_TRUNC);
	return n < 0 ? -errno : n;
}

int recv_error(int fd, int ms)
{
	struct pollfd pfd = { .fd = fd };
	socklen_t len = sizeof(int);
	int err = 0;

	poll(&pfd, 1, ms);
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len);
	return err;
}

__u64 now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

void sleep_ms(int ms)
{
	struct timespec ts = {
		.tv_sec = ms / 1000,
		.tv_nsec = ms % 1000 * 1000000L,
	};

	nanosleep(&ts, NULL);
}

int in_child(uid_t uid, gid_t gid, int (*fn)(void *arg), void *arg)
{
	int status;
	pid_t pid;

	fflush(stdout);
	fflush(stderr);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid) {
		if (setgroups(0, NULL) || setresgid(gid, gid, gid) ||
		    setresuid(uid, uid, uid))
			_exit(255);
		_exit(fn(arg));
	}
	if (waitpid(pid, &status, 0) != pid)
		return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}

static int checks_failed;

void check_line(bool good, int line)
{
	if (good)
		return;
	checks_failed = 1;
	fprintf(stderr, "# line %d: does not hold (errno %d)\n", line, errno);
}

int check_status(void)
{
	return checks_failed;
}
