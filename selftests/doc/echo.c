// SPDX-License-Identifier: GPL-2.0
/* A complete AF_THEMIS program: an echo server and its client. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/themis.h>

/* Answer every message to whoever is proven to have sent it. */
static int serve(int fd, const char *port)
{
	char name[THEMIS_TEXT_MAX + 1];
	static char buf[THEMIS_MSG_MAX];
	struct sockaddr_themis from;
	socklen_t len;
	ssize_t n;

	snprintf(name, sizeof(name), "*:%s", port);
	if (setsockopt(fd, SOL_THEMIS, THEMIS_BIND, name, strlen(name)))
		return -1;

	for (;;) {
		len = sizeof(from);
		n = recvfrom(fd, buf, sizeof(buf), 0,
			     (struct sockaddr *)&from, &len);
		if (n < 0)
			return -1;
		printf("from %02x%02x%02x%02x...: %.*s\n", from.sth_id[0],
		       from.sth_id[1], from.sth_id[2], from.sth_id[3], (int)n,
		       buf);
		fflush(stdout);
		if (sendto(fd, buf, n, 0, (struct sockaddr *)&from, len) < 0)
			return -1;
	}
}

/* Send one message and print what comes back. */
static int ask(int fd, const char *peer, const char *text)
{
	struct timeval timeout = { .tv_sec = 5 };
	static char buf[THEMIS_MSG_MAX];
	ssize_t n;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	if (setsockopt(fd, SOL_THEMIS, THEMIS_CONNECT, peer, strlen(peer)))
		return -1;
	if (send(fd, text, strlen(text), 0) < 0)
		return -1;
	n = recv(fd, buf, sizeof(buf), 0);
	if (n < 0)
		return -1;
	printf("%.*s\n", (int)n, buf);

	return 0;
}

int main(int argc, char **argv)
{
	int fd, err;

	if (argc < 3) {
		fprintf(stderr, "Usage: echo serve PORT | ask ID:PORT TEXT\n");
		return 2;
	}
	fd = socket(AF_THEMIS, SOCK_DGRAM, 0);
	if (fd < 0) {
		perror("socket");
		return 1;
	}
	if (!strcmp(argv[1], "serve"))
		err = serve(fd, argv[2]);
	else
		err = ask(fd, argv[2], argc > 3 ? argv[3] : "");
	if (err)
		perror(argv[1]);
	close(fd);

	return err ? 1 : 0;
}
