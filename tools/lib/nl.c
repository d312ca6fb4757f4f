// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink client: handles, requests and their errors.
 */
#include <errno.h>
#include <netlink/errno.h>
#include <netlink/handlers.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <linux/netlink.h>
#include <sodium.h>

#include "nl_priv.h"

/* The kernel answers within the request; this only bounds a lost answer. */
#define ANSWER_SECONDS	5

int themis_nl_errno(int nle)
{
	switch (nle < 0 ? -nle : nle) {
	case 0:
		return 0;
	case NLE_OBJ_NOTFOUND:
		return -ENOENT;
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_AGAIN:
		return -EAGAIN;
	case NLE_INTR:
		return -EINTR;
	case NLE_PERM:
		return -EPERM;
	case NLE_NOACCESS:
		return -EACCES;
	case NLE_BUSY:
		return -EBUSY;
	case NLE_EXIST:
		return -EEXIST;
	case NLE_INVAL:
	case NLE_RANGE:
		return -EINVAL;
	case NLE_MSGSIZE:
		return -EMSGSIZE;
	case NLE_OPNOTSUPP:
		return -EOPNOTSUPP;
	case NLE_AF_NOSUPPORT:
		return -EAFNOSUPPORT;
	case NLE_PROTO_MISMATCH:
		return -EPROTONOSUPPORT;
	case NLE_NODEV:
		return -ENODEV;
	case NLE_MSG_TRUNC:
	case NLE_MSG_TOOSHORT:
		return -EBADMSG;
	default:
		return -EIO;
	}
}

static int on_seq(struct nl_msg *msg, void *arg)
{
	struct themis_nl *nl = arg;

	/* The rest of an answer that was given up on is nobody's. */
	return nlmsg_hdr(msg)->nlmsg_seq == nl->seq ? NL_OK : NL_SKIP;
}

static int on_valid(struct nl_msg *msg, void *arg)
{
	struct nlattr *attrs[THEMIS_A_MAX + 1];
	struct themis_nl *nl = arg;
	int ret;

	/* Only the kernel's word counts. */
	if (nlmsg_get_src(msg)->nl_pid || !nl->reply || nl->stop)
		return NL_SKIP;
	ret = genlmsg_parse(nlmsg_hdr(msg), 0, attrs, THEMIS_A_MAX, NULL);
	if (ret < 0)
		nl->stop = -EBADMSG;
	else
		nl->stop = nl->reply(nl->reply_ctx, attrs);
	return NL_OK;
}

static int on_ack(struct nl_msg *msg, void *arg)
{
	struct themis_nl *nl = arg;

	nl->done = true;
	return NL_STOP;
}

/* The kernel's words follow the header that it returns. */
static void take_text(struct themis_nl *nl, const struct nlmsghdr *nlh,
		      const struct nlattr *attr, int len)
{
	const struct nlattr *text;

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS) || len <= 0)
		return;
	text = nla_find(attr, len, NLMSGERR_ATTR_MSG);
	if (text)
		snprintf(nl->text, sizeof(nl->text), "%.*s", nla_len(text),
			 (const char *)nla_data(text));
}

/* The end of a walk may bear an error of its own. */
static int on_finish(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	struct themis_nl *nl = arg;
	int err = 0;

	if (nlmsg_datalen(nlh) >= (int)sizeof(err))
		memcpy(&err, nlmsg_data(nlh), sizeof(err));
	if (err < 0) {
		nl->err = err;
		take_text(nl, nlh,
			  (struct nlattr *)((char *)nlmsg_data(nlh) +
					    NLMSG_ALIGN(sizeof(err))),
			  nlmsg_datalen(nlh) - (int)NLMSG_ALIGN(sizeof(err)));
	}
	nl->done = true;
	return NL_STOP;
}

static int on_error(struct sockaddr_nl *who, struct nlmsgerr *e, void *arg)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)e - 1;
	struct themis_nl *nl = arg;
	int skip = sizeof(*e);

	if (who->nl_pid || e->msg.nlmsg_seq != nl->seq)
		return NL_SKIP;

	/* Without NETLINK_CAP_ACK in force the whole request comes first. */
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		skip += (int)NLMSG_ALIGN(e->msg.nlmsg_len) - NLMSG_HDRLEN;
	take_text(nl, nlh, (struct nlattr *)((char *)e + skip),
		  nlmsg_datalen(nlh) - skip);
	nl->err = e->error;
	nl->done = true;
	return NL_STOP;
}

static int setup_sock(struct themis_nl *nl)
{
	struct timeval tv = { .tv_sec = ANSWER_SECONDS };
	int fd, on = 1, err;

	err = genl_connect(nl->sock);
	if (err)
		return themis_nl_errno(err);
	fd = nl_socket_get_fd(nl->sock);
	if (setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on)) ||
	    /* A refused request must not come back with its keys in it. */
	    setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)))
		return -errno;

	nl->family = genl_ctrl_resolve(nl->sock, THEMIS_GENL_NAME);
	if (nl->family < 0)
		return themis_nl_errno(nl->family);

	nl_socket_modify_err_cb(nl->sock, NL_CB_CUSTOM, on_error, nl);
	nl_socket_modify_cb(nl->sock, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, on_seq,
			    nl);
	nl_socket_modify_cb(nl->sock, NL_CB_VALID, NL_CB_CUSTOM, on_valid, nl);
	nl_socket_modify_cb(nl->sock, NL_CB_ACK, NL_CB_CUSTOM, on_ack, nl);
	nl_socket_modify_cb(nl->sock, NL_CB_FINISH, NL_CB_CUSTOM, on_finish,
			    nl);
	return 0;
}

struct themis_nl *themis_nl_open(int *err)
{
	struct themis_nl *nl;

	*err = -ENOMEM;
	nl = calloc(1, sizeof(*nl));
	if (!nl)
		return NULL;
	nl->sock = nl_socket_alloc();
	if (nl->sock)
		*err = setup_sock(nl);
	if (*err) {
		themis_nl_close(nl);
		return NULL;
	}
	return nl;
}

void themis_nl_close(struct themis_nl *nl)
{
	if (!nl)
		return;
	nl_socket_free(nl->events);
	nl_socket_free(nl->sock);
	free(nl);
}

const char *themis_nl_error(const struct themis_nl *nl)
{
	return nl->text;
}

int themis_nl_diag(const struct themis_nl *nl, int err, const char *what,
		   struct themis_diag *diag)
{
	const char *next = "See the kernel's log (dmesg) if this is unexpected.";

	if (!nl && err == -ENOENT)
		return themis_diag_set(diag, err,
				       "Load it: insmod themis.ko (or modprobe themis).",
				       "the kernel has no Themis module");
	switch (err) {
	case -EPERM:
	case -EACCES:
		next = "CAP_NET_ADMIN is needed: run as root.";
		break;
	case -EEXIST:
		next = "Remove the other one first, or use it.";
		break;
	case -ENOENT:
		next = "List what there is with the command 'show'.";
		break;
	case -EADDRINUSE:
		next = "Choose another UDP port, or stop the program that has this one.";
		break;
	case -EBUSY:
		next = "Remove what uses it first.";
		break;
	case -EINVAL:
		next = "Correct that and try again.";
		break;
	case -ETIMEDOUT:
		next = "Try again.";
		break;
	}
	if (nl && nl->text[0])
		return themis_diag_set(diag, err, next, "%s: %s", what,
				       nl->text);
	return themis_diag_set(diag, err, next, "%s: %s", what,
			       strerror(-err));
}

struct nl_msg *themis_nl_msg(struct themis_nl *nl, uint8_t cmd, int flags)
{
	struct nl_msg *msg = nlmsg_alloc();

	if (!msg)
		return NULL;
	nl->seq = nl_socket_use_seq(nl->sock);
	if (!genlmsg_put(msg, NL_AUTO_PORT, nl->seq, nl->family, 0,
			 NLM_F_REQUEST | flags, cmd, THEMIS_GENL_VERSION)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

struct nl_msg *themis_nl_drop(struct nl_msg *msg)
{
	sodium_memzero(nlmsg_hdr(msg), nlmsg_get_max_size(msg));
	nlmsg_free(msg);
	return NULL;
}

int themis_nl_request(struct themis_nl *nl, struct nl_msg *msg,
		      int (*reply)(void *ctx, struct nlattr **attrs),
		      void *ctx)
{
	int ret;

	nl->text[0] = '\0';
	if (!msg)
		return -ENOMEM;
	nl->err = 0;
	nl->stop = 0;
	nl->done = false;
	nl->reply = reply;
	nl->reply_ctx = ctx;

	ret = nl_send_auto(nl->sock, msg);
	themis_nl_drop(msg);
	if (ret < 0)
		return themis_nl_errno(ret);

	while (!nl->done) {
		ret = nl_recvmsgs_default(nl->sock);
		if (ret == -NLE_AGAIN)
			return -ETIMEDOUT;
		/* on_error() has stopped it, and knows more. */
		if (ret < 0 && !nl->done)
			return themis_nl_errno(ret);
	}
	return nl->err ? nl->err : nl->stop;
}
