// SPDX-License-Identifier: GPL-2.0
/*
 * The sockets of the directory: one of each member.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addr.h"
#include "directory_state.h"
#include "log.h"
#include "message.h"

#define RX_BUFFER	(512 * 1024)
#define RX_BATCH	32	/* messages before others have their turn */
#define TAKEN_MAX	256	/* before what they lead to is carried out */
#define COMMANDS	4096	/* that may be outstanding */
#define TIMEOUT_MS	15000	/* the core gives up long before */

union info_room {
	struct cmsghdr	align;
	char		b[CMSG_SPACE(sizeof(struct themis_msginfo))];
};

/* A message that has arrived, and what the kernel says of it. */
struct mail {
	struct themis_id	from;
	struct themis_msginfo	info;
	size_t			len;
	uint8_t			b[DHT_MESSAGE_MAX + 1];
};

static bool take_info(struct msghdr *msg, struct themis_msginfo *info)
{
	struct cmsghdr *cmsg;

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level != SOL_THEMIS ||
		    cmsg->cmsg_type != THEMIS_CMSG_INFO)
			continue;
		memcpy(info, CMSG_DATA(cmsg), sizeof(*info));
		return true;
	}
	return false;
}

/* 1: a message; 0: one that counts for nothing; -1: there is none. */
static int receive(struct member *member, struct mail *mail)
{
	uint64_t *count = member->dir->count.n;
	struct sockaddr_themis sth = { 0 };
	union info_room room;
	struct iovec iov = {
		.iov_base = mail->b,
		.iov_len = sizeof(mail->b),
	};
	struct msghdr msg = {
		.msg_name = &sth,
		.msg_namelen = sizeof(sth),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &room,
		.msg_controllen = sizeof(room),
	};
	ssize_t n;

	n = recvmsg(member->fd, &msg, MSG_DONTWAIT);
	/* What has failed was told when it did, or is the node's end. */
	if (n < 0)
		return errno == EAGAIN || errno == ENETDOWN ? -1 : 0;
	if (msg.msg_namelen < sizeof(sth) || !take_info(&msg, &mail->info)) {
		count[DIRECTORY_N_RX_KIND]++;
		return 0;
	}
	/* Whoever may use an identity is not for that in the directory. */
	if (ntohs(sth.sth_port) != DIRECTORY_PORT) {
		count[DIRECTORY_N_RX_PORT]++;
		return 0;
	}
	if (n > DHT_MESSAGE_MAX) {
		count[DIRECTORY_N_RX_LONG]++;
		return 0;
	}
	memcpy(mail->from.b, sth.sth_id, sizeof(mail->from.b));
	mail->len = (size_t)n;
	return 1;
}

static void take(struct member *member, const struct mail *mail)
{
	struct directory *dir = member->dir;
	uint64_t now = directory_now(dir);
	struct dht_contact from;
	struct dht_message m;

	if (dht_message_parse(&m, mail->b, mail->len)) {
		dir->count.n[DIRECTORY_N_RX_MALFORMED]++;
		return;
	}
	switch (mail->info.kind) {
	case THEMIS_MSG_COMMAND:
		if (!contact_of(member, &mail->from, &from))
			return;
		dir->count.message[DIRECTORY_RX_COMMANDS][m.type]++;
		dht_command(member->dht, now, &from, mail->info.seq, mail->b,
			    mail->len);
		break;
	case THEMIS_MSG_RESPONSE:
		dir->count.message[DIRECTORY_RX_RESPONSES][m.type]++;
		dht_response(member->dht, now, &mail->from, mail->info.seq,
			     mail->b, mail->len);
		break;
	default:
		dir->count.n[DIRECTORY_N_RX_KIND]++;
	}
}

static void on_message(struct ev_loop *loop, ev_io *w, int revents)
{
	struct member *member = w->data;
	struct directory *dir = member->dir;
	/* One thread; too large to be cleared each time. */
	static struct mail mail;
	int i, ret = 1;

	for (i = 0; i < RX_BATCH && ret >= 0; i++) {
		ret = receive(member, &mail);
		if (ret > 0)
			take(member, &mail);
	}
	dir->taken += i;
	if (dir->taken < TAKEN_MAX)
		directory_soon(dir);
	else
		directory_drive(dir);
}

/* The sender is the member, the port the directory's. */
static int bind_socket(const struct member *member, int fd)
{
	const int on = 1, commands = COMMANDS, timeout = TIMEOUT_MS;
	const int buffer = RX_BUFFER;
	struct sockaddr_themis sth;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer,
		       sizeof(buffer)))
		log_debug("receive buffer of the directory stays small: %m");
	if (setsockopt(fd, SOL_THEMIS, THEMIS_RECVINFO, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_THEMIS, THEMIS_COMMANDS, &commands,
		       sizeof(commands)) ||
	    setsockopt(fd, SOL_THEMIS, THEMIS_TIMEOUT, &timeout,
		       sizeof(timeout)))
		return -errno;
	themis_addr_node(&sth, &member->id, DIRECTORY_PORT);
	sth.sth_family = (__kernel_sa_family_t)member->dir->d->info.family;
	if (bind(fd, (struct sockaddr *)&sth, sizeof(sth)))
		return -errno;
	return 0;
}

/**
 * socket_open() - open a member's socket
 * @member: the member
 *
 * Return: 0 or a negative errno.
 */
int socket_open(struct member *member)
{
	struct daemon *d = member->dir->d;
	int fd, err;

	fd = socket(d->info.family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    0);
	if (fd < 0)
		return -errno;
	err = bind_socket(member, fd);
	if (err) {
		close(fd);
		return err;
	}
	member->fd = fd;
	ev_io_init(&member->watcher, on_message, fd, EV_READ);
	member->watcher.data = member;
	ev_io_start(d->loop, &member->watcher);
	return 0;
}

/**
 * socket_close() - mirror of socket_open()
 * @member: the member; its socket may not be open
 */
void socket_close(struct member *member)
{
	if (member->fd < 0)
		return;
	ev_io_stop(member->dir->d->loop, &member->watcher);
	close(member->fd);
	member->fd = -1;
}

/**
 * socket_send() - send a message for which there is a session
 * @member: who sends it
 * @act: the message
 *
 * Return: 0 or a negative errno.
 */
int socket_send(struct member *member, const struct dht_action *act)
{
	bool command = act->type == DHT_ACT_COMMAND;
	union info_room room = { 0 };
	struct themis_msginfo info = {
		.seq = act->seq,
		.kind = command ? THEMIS_MSG_COMMAND : THEMIS_MSG_RESPONSE,
	};
	struct sockaddr_themis sth;
	enum directory_way way;
	struct iovec iov = {
		.iov_base = (void *)act->b,
		.iov_len = act->len,
	};
	struct msghdr msg = {
		.msg_name = &sth,
		.msg_namelen = sizeof(sth),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &room,
		.msg_controllen = sizeof(room),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	ssize_t n;

	if (member->fd < 0)
		return -ENETDOWN;
	cmsg->cmsg_level = SOL_THEMIS;
	cmsg->cmsg_type = THEMIS_CMSG_INFO;
	cmsg->cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(cmsg), &info, sizeof(info));
	themis_addr_node(&sth, &act->to.id, DIRECTORY_PORT);
	sth.sth_family = (__kernel_sa_family_t)member->dir->d->info.family;

	n = sendmsg(member->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	/* An error may be that of an earlier message to somebody else. */
	if (n < 0 && (errno == EHOSTUNREACH || errno == ECONNREFUSED))
		n = sendmsg(member->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0)
		return -errno;
	way = command ? DIRECTORY_TX_COMMANDS : DIRECTORY_TX_RESPONSES;
	member->dir->count.message[way][act->b[1] & ~DHT_RESPONSE]++;
	return 0;
}
