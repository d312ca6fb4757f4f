// SPDX-License-Identifier: GPL-2.0
/*
 * The netlink requests of the fuzzer: those that the family knows, with values
 * that meet those of others, and mutants of them.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/sock_diag.h>

#include "fuzz.h"

#define INDEXES		24	/* of keys; many more would never meet */

static __u16 some_port(struct fuzz *f)
{
	return FUZZ_LINK + fuzz_below(f, FUZZ_LINKS);
}

static void put_id(struct fuzz *f, struct nl_msg *m, __u16 type)
{
	__u8 id[THEMIS_ID_LEN];

	fuzz_id(f, id);
	nl_put(m, type, id, fuzz_rare(f, 64) ? fuzz_below(f, 33) : sizeof(id));
}

static void put_link(struct fuzz *f, struct nl_msg *m)
{
	size_t nest = nl_nest(m, THEMIS_A_LINK);

	nl_put_u16(m, THEMIS_LINK_A_PORT, some_port(f));
	nl_end(m, nest);
}

static void put_node(struct fuzz *f, struct nl_msg *m)
{
	size_t nest = nl_nest(m, THEMIS_A_NODE);

	put_id(f, m, THEMIS_NODE_A_ID);
	nl_put(m, THEMIS_NODE_A_NETID, "themis network of thirty-two byt",
	       fuzz_rare(f, 8) ? fuzz_below(f, 33) : 4);
	nl_put_u16(m, THEMIS_NODE_A_LINK, some_port(f));
	nl_put_u8(m, THEMIS_NODE_A_OWNER, fuzz_below(f, 3));
	if (fuzz_rare(f, 2))
		nl_put_u32(m, THEMIS_NODE_A_OWNER_ID,
			   fuzz_rare(f, 8) ? fuzz_odd(f) : 0);
	nl_end(m, nest);
}

static void put_endpoint(struct fuzz *f, struct nl_msg *m)
{
	union endpoint ep = endpoint(fuzz_rare(f, 2) ? "127.0.0.1" : "::1",
				     some_port(f));
	socklen_t len = endpoint_len(&ep);

	if (fuzz_rare(f, 8))
		fuzz_mangle(f, &ep, len);
	nl_put(m, THEMIS_SESSION_A_ENDPOINT, &ep,
	       fuzz_rare(f, 16) ? fuzz_below(f, sizeof(ep) + 1) : len);
}

static void put_session(struct fuzz *f, struct nl_msg *m, __u8 cmd)
{
	size_t nest = nl_nest(m, THEMIS_A_SESSION);

	put_id(f, m, THEMIS_SESSION_A_NODE);
	put_id(f, m, THEMIS_SESSION_A_PEER);
	if (cmd == THEMIS_CMD_SESSION_NEW && !fuzz_rare(f, 4))
		put_endpoint(f, m);
	if (cmd == THEMIS_CMD_ACQUIRE_FAIL && fuzz_rare(f, 2))
		nl_put_u32(m, THEMIS_SESSION_A_ERROR, fuzz_below(f, 140));
	nl_end(m, nest);
}

/*
 * Keys by their index alone: who has installed one and who the other half of
 * it understand each other, if they happen to be peers.
 */
static void put_key(struct fuzz *f, struct nl_msg *m, __u8 cmd)
{
	__u32 local = 1 + fuzz_below(f, INDEXES);
	__u32 remote = 1 + fuzz_below(f, INDEXES);
	__u8 tx[THEMIS_KEY_LEN], rx[THEMIS_KEY_LEN];
	size_t nest = nl_nest(m, THEMIS_A_KEY);

	nl_put_u32(m, THEMIS_KEY_A_LOCAL_INDEX, local);
	if (cmd == THEMIS_CMD_KEY_NEW) {
		random_fill(&f->random, tx, sizeof(tx));
		random_fill(&f->random, rx, sizeof(rx));
		nl_put_u32(m, THEMIS_KEY_A_REMOTE_INDEX, remote);
		nl_put_u8(m, THEMIS_KEY_A_SUITE, THEMIS_SUITE_CHACHA20POLY1305);
		nl_put_u32(m, THEMIS_KEY_A_FLAGS, fuzz_below(f, 8));
		nl_put(m, THEMIS_KEY_A_TX, tx, sizeof(tx));
		nl_put(m, THEMIS_KEY_A_RX, rx, sizeof(rx));
		if (fuzz_rare(f, 4))
			nl_put_u64(m, THEMIS_KEY_A_HARD_MS, fuzz_below(f, 300));
		if (fuzz_rare(f, 4))
			nl_put_u64(m, THEMIS_KEY_A_HARD_COUNT,
				   fuzz_below(f, 300));
		if (fuzz_rare(f, 4))
			nl_put_u64(m, THEMIS_KEY_A_SOFT_COUNT,
				   fuzz_below(f, 300));
	}
	nl_end(m, nest);
}

static __u8 make(struct fuzz *f, struct nl_msg *m)
{
	/* What builds up more often than what takes away. */
	static const __u8 cmds[] = {
		THEMIS_CMD_INFO_GET, THEMIS_CMD_STATS_GET,
		THEMIS_CMD_LINK_NEW, THEMIS_CMD_LINK_NEW, THEMIS_CMD_LINK_DEL,
		THEMIS_CMD_LINK_GET, THEMIS_CMD_NODE_NEW, THEMIS_CMD_NODE_NEW,
		THEMIS_CMD_NODE_NEW, THEMIS_CMD_NODE_DEL, THEMIS_CMD_NODE_GET,
		THEMIS_CMD_SESSION_NEW, THEMIS_CMD_SESSION_NEW,
		THEMIS_CMD_SESSION_NEW, THEMIS_CMD_SESSION_DEL,
		THEMIS_CMD_SESSION_GET, THEMIS_CMD_KEY_NEW, THEMIS_CMD_KEY_NEW,
		THEMIS_CMD_KEY_NEW, THEMIS_CMD_KEY_NEW, THEMIS_CMD_KEY_CONFIRM,
		THEMIS_CMD_KEY_DEL, THEMIS_CMD_ACQUIRE_FAIL,
	};
	__u8 cmd = cmds[fuzz_below(f, sizeof(cmds))];

	nl_cmd(m, cmd, NLM_F_ACK);
	if (cmd >= THEMIS_CMD_LINK_NEW && cmd <= THEMIS_CMD_LINK_GET)
		put_link(f, m);
	else if (cmd >= THEMIS_CMD_NODE_NEW && cmd <= THEMIS_CMD_NODE_GET)
		put_node(f, m);
	else if (cmd >= THEMIS_CMD_SESSION_NEW &&
		 cmd <= THEMIS_CMD_ACQUIRE_FAIL)
		put_session(f, m, cmd);
	if (cmd >= THEMIS_CMD_KEY_NEW && cmd <= THEMIS_CMD_KEY_DEL)
		put_key(f, m, cmd);
	return cmd;
}

/* Send it and look for the answer, which is there at once if there is one. */
static void exchange(struct fuzz *f, struct nl_msg *m, enum fuzz_call call)
{
	struct sockaddr_nl sa = { .nl_family = AF_NETLINK };
	struct nl *nl = &f->net.nl;
	bool good = false;
	ssize_t n;

	m->nlh.nlmsg_type = nl->family;
	m->nlh.nlmsg_seq = ++nl->seq;
	if (sendto(nl->fd, m->buf, m->len, MSG_DONTWAIT,
		   (struct sockaddr *)&sa, sizeof(sa)) < 0) {
		fuzz_note(f, call, -1);
		return;
	}
	errno = 0;
	while ((n = recv(nl->fd, nl->reply, sizeof(nl->reply),
			 MSG_DONTWAIT)) > 0) {
		const struct nlmsgerr *e = NLMSG_DATA(&nl->nlh);

		if (nl->nlh.nlmsg_type == NLMSG_ERROR && e->error) {
			errno = -e->error;
			fuzz_note(f, call, -1);
			return;
		}
		good = true;
	}
	if (good)
		fuzz_note(f, call, 0);
}

static void call_request(struct fuzz *f)
{
	struct nl_msg m;

	make(f, &m);
	m.nlh.nlmsg_len = m.len;
	exchange(f, &m, FUZZ_REQUEST);
}

/* An attribute somewhere in a message, at any depth. */
static struct nlattr *some_attr(struct fuzz *f, struct nl_msg *m)
{
	size_t at = NLMSG_HDRLEN + GENL_HDRLEN;
	struct nlattr *attr = NULL;

	while (at + NLA_HDRLEN <= m->len) {
		attr = (struct nlattr *)(m->buf + at);
		if (fuzz_rare(f, 3))
			break;
		at += attr->nla_type & NLA_F_NESTED || attr->nla_len < 4 ?
		      NLA_HDRLEN : NLA_ALIGN(attr->nla_len);
	}
	return attr;
}

static void mutate(struct fuzz *f, struct nl_msg *m)
{
	struct genlmsghdr *gnlh = NLMSG_DATA(&m->nlh);
	struct nlattr *attr = some_attr(f, m);
	size_t nest;

	switch (fuzz_below(f, 9)) {
	case 0:
		fuzz_mangle(f, m->buf + NLMSG_HDRLEN, m->len - NLMSG_HDRLEN);
		break;
	case 1:
		m->len = NLMSG_HDRLEN + fuzz_below(f, m->len - NLMSG_HDRLEN);
		break;
	case 2:
		if (attr)
			attr->nla_type ^= NLA_F_NESTED;
		break;
	case 3:
		if (attr)
			attr->nla_type = fuzz_below(f, 32);
		break;
	case 4:
		if (attr)
			attr->nla_len = fuzz_odd(f);
		break;
	case 5:
		/* A nest in a nest in a nest. */
		for (int i = fuzz_below(f, 200); i > 0; i--)
			nl_nest(m, fuzz_below(f, 16));
		break;
	case 6:
		nest = nl_nest(m, fuzz_below(f, THEMIS_A_MAX + 2));
		random_fill(&f->random, m->buf + m->len, 64);
		m->len += fuzz_below(f, 64);
		nl_end(m, nest);
		break;
	case 7:
		/* Twice the same. */
		nest = m->len - NLMSG_HDRLEN - GENL_HDRLEN;
		if (m->len + nest > sizeof(m->buf))
			break;
		memcpy(m->buf + m->len, NLMSG_DATA(&m->nlh) + GENL_HDRLEN,
		       nest);
		m->len += nest;
		break;
	case 8:
		gnlh->cmd = fuzz_below(f, THEMIS_CMD_MAX + 3);
		gnlh->version = fuzz_below(f, 3);
		gnlh->reserved = fuzz_rare(f, 4);
		break;
	}
}

static void call_mutant(struct fuzz *f)
{
	struct nl_msg m;

	make(f, &m);
	for (int n = 1 + fuzz_below(f, 3); n; n--)
		if (m.len > NLMSG_HDRLEN + GENL_HDRLEN)
			mutate(f, &m);
	m.nlh.nlmsg_len = fuzz_rare(f, 16) ? fuzz_odd(f) : m.len;
	if (fuzz_rare(f, 8))
		m.nlh.nlmsg_flags = fuzz_below(f, 0x1000);
	exchange(f, &m, FUZZ_MUTANT);
	/* A dump that was begun by chance, and is left. */
	if (fuzz_rare(f, 32)) {
		nl_close(&f->net.nl);
		nl_open_themis(&f->net.nl);
	}
}

static __u16 link_of(int node)
{
	return FUZZ_LINK + node % FUZZ_LINKS;
}

/*
 * All that two nodes need to talk, or what is missing of it. Others take it
 * away again.
 */
static void call_join(struct fuzz *f)
{
	struct end end[2];
	int node[2];
	int err = 0;

	node[0] = fuzz_below(f, FUZZ_IDS);
	node[1] = (node[0] + 1 + fuzz_below(f, FUZZ_IDS - 1)) % FUZZ_IDS;
	for (int i = 0; i < 2; i++) {
		memset(&end[i], 0, sizeof(end[i]));
		end[i].net = &f->net;
		end[i].port = link_of(node[i]);
		end[i].ep = endpoint(fuzz_rare(f, 2) ? "127.0.0.1" : "::1",
				     end[i].port);
		memcpy(end[i].id, f->world->id[node[i]], THEMIS_ID_LEN);
		link_new(&f->net, end[i].port);
		err = node_new(&f->net, end[i].id, end[i].port);
	}
	if (!err || err == -EEXIST)
		err = ends_join(&end[0], &end[1]);
	errno = -err;
	fuzz_note(f, FUZZ_JOIN, err ? -1 : 0);
}

/* Dumps, read to their end or not. */
static void call_dump(struct fuzz *f)
{
	static const __u8 cmds[] = {
		THEMIS_CMD_LINK_GET, THEMIS_CMD_NODE_GET,
		THEMIS_CMD_SESSION_GET, THEMIS_CMD_INFO_GET,
	};
	struct nl_msg m;

	nl_cmd(&m, cmds[fuzz_below(f, sizeof(cmds))], NLM_F_DUMP);
	m.nlh.nlmsg_len = m.len;
	exchange(f, &m, FUZZ_DUMP);
	if (fuzz_rare(f, 16)) {
		nl_close(&f->net.nl);
		nl_open_themis(&f->net.nl);
	}
}

static void call_diag(struct fuzz *f)
{
	struct sockaddr_nl sa = { .nl_family = AF_NETLINK };
	struct themis_diag_req req = { .sdiag_family = f->world->af };
	struct nl_msg m;
	__u8 buf[8192];
	ssize_t n;

	if (fuzz_rare(f, 4))
		random_fill(&f->random, &req.sdiag_protocol, 3);
	nl_msg_init(&m, SOCK_DIAG_BY_FAMILY,
		    fuzz_rare(f, 8) ? fuzz_below(f, 0x1000) : NLM_F_DUMP, &req,
		    fuzz_rare(f, 8) ? fuzz_below(f, 5) : sizeof(req));
	m.nlh.nlmsg_len = m.len;
	sendto(f->diag, m.buf, m.len, MSG_DONTWAIT, (struct sockaddr *)&sa,
	       sizeof(sa));
	while ((n = recv(f->diag, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
		const struct nlmsghdr *nlh = (struct nlmsghdr *)buf;
		const struct nlmsgerr *e = NLMSG_DATA(nlh);

		errno = 0;
		if (nlh->nlmsg_type == NLMSG_ERROR)
			errno = -e->error;
		fuzz_note(f, FUZZ_DIAG, errno ? -1 : 0);
	}
}

/* Listen to what happens, or stop to; forget what was heard. */
static void call_listen(struct fuzz *f)
{
	__u32 group = fuzz_rare(f, 3) ? f->ears.acquire : f->ears.event;
	int err;

	err = fuzz_rare(f, 3) ? nl_leave(&f->ears, group) :
				nl_join(&f->ears, group);
	errno = -err;
	fuzz_note(f, FUZZ_LISTEN, err ? -1 : 0);
	while (recv(f->ears.fd, f->ears.reply, sizeof(f->ears.reply),
		    MSG_DONTWAIT) > 0)
		;
}

/* A world that ends with whatever is in it. */
static void live_and_die(struct fuzz *f)
{
	struct sockaddr_themis to;
	static struct net net;
	struct end a, b;
	int fd;

	if (net_new(&net) || end_new(&a, &net, "127.0.0.1", FUZZ_LINK) ||
	    end_new(&b, &net, "::1", FUZZ_LINK + 1) || ends_join(&a, &b))
		_exit(1);
	fd = themis_bound(&net, a.id, 1);
	if (fd < 0)
		_exit(1);
	for (int i = fuzz_below(f, 20); i; i--) {
		to = address(&net, fuzz_rare(f, 2) ? b.id : f->world->id[2], 1);
		send_kind(fd, &to, fuzz_below(f, 3), i, "a message", 9);
	}
	_exit(0);
}

static void call_world(struct fuzz *f)
{
	int status = 0;
	pid_t pid;

	pid = fork();
	if (!pid)
		live_and_die(f);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		status = -1;
	errno = EPERM;
	fuzz_note(f, FUZZ_WORLD, status ? -1 : 0);
}

void fuzz_netlink_call(struct fuzz *f)
{
	switch (fuzz_below(f, 64)) {
	case 0 ... 15:
		call_request(f);
		break;
	case 16 ... 25:
		call_join(f);
		break;
	case 26 ... 47:
		call_mutant(f);
		break;
	case 48 ... 54:
		call_dump(f);
		break;
	case 55 ... 59:
		call_diag(f);
		break;
	case 60 ... 62:
		call_listen(f);
		break;
	default:
		if (fuzz_rare(f, 16))
			call_world(f);
	}
}
