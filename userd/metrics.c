// SPDX-License-Identifier: GPL-2.0
/*
 * The metrics socket.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "acceptor.h"
#include "listen.h"
#include "log.h"
#include "metrics.h"

/**
 * struct metrics_client - a connection
 * @metrics: whose it is
 * @fd: the connection, -1: the place is free
 * @watcher: on @fd: to write, and when all is written to see it closed
 * @timer: ends it
 * @out: what is to be written
 * @len: bytes of it
 * @at: of these, already written
 */
struct metrics_client {
	struct metrics	*metrics;
	int		fd;
	ev_io		watcher;
	ev_timer	timer;
	char		*out;
	size_t		len;
	size_t		at;
};

/**
 * struct metrics - the listening socket and its clients
 * @d: the daemon
 * @fd: the socket
 * @path: its name
 * @listener: on @fd
 * @text: the last answer
 * @len: bytes of it
 * @text_us: when it was made
 * @clients: as many as there can be
 */
struct metrics {
	struct daemon		*d;
	int			fd;
	char			*path;
	struct acceptor		listener;
	char			*text;
	size_t			len;
	uint64_t		text_us;
	struct metrics_client	clients[METRICS_CLIENTS_MAX];
};

static void client_end(struct metrics_client *client)
{
	ev_io_stop(client->metrics->d->loop, &client->watcher);
	ev_timer_stop(client->metrics->d->loop, &client->timer);
	close(client->fd);
	client->fd = -1;
	free(client->out);
	client->out = NULL;
}

static void on_timeout(struct ev_loop *loop, ev_timer *w, int revents)
{
	client_end(w->data);
}

/* What clients ask for is read only so that they may say it. */
static void on_client(struct ev_loop *loop, ev_io *w, int revents)
{
	struct metrics_client *client = w->data;
	char asked[4096];
	ssize_t n;

	if (revents & EV_READ) {
		n = recv(client->fd, asked, sizeof(asked), MSG_DONTWAIT);
		if (!n || (n < 0 && errno != EAGAIN && errno != EINTR)) {
			/* It may have shut down only what it sends. */
			if (n || client->at == client->len) {
				client_end(client);
				return;
			}
			ev_io_stop(loop, w);
			ev_io_set(w, client->fd, EV_WRITE);
			ev_io_start(loop, w);
		}
	}
	if (!(revents & EV_WRITE))
		return;
	n = send(client->fd, client->out + client->at,
		 client->len - client->at, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		client_end(client);
		return;
	}
	client->at += (size_t)n;
	if (client->at < client->len)
		return;
	/* Closed with a request unread, the answer would be lost with it. */
	shutdown(client->fd, SHUT_WR);
	ev_io_stop(loop, w);
	ev_io_set(w, client->fd, EV_READ);
	ev_io_start(loop, w);
}

static int refresh(struct metrics *metrics)
{
	uint64_t now = daemon_now();
	char *text;
	size_t len;

	if (metrics->text && now - metrics->text_us < METRICS_AGE_US)
		return 0;
	text = metrics_text(metrics->d, &len);
	if (!text)
		return -ENOMEM;
	free(metrics->text);
	metrics->text = text;
	metrics->len = len;
	metrics->text_us = now;
	return 0;
}

static int answer(struct metrics *metrics, struct metrics_client *client)
{
	char head[160];
	int n;

	if (refresh(metrics))
		return -ENOMEM;
	n = snprintf(head, sizeof(head),
		     "HTTP/1.0 200 OK\r\n"
		     "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
		     "Content-Length: %zu\r\n"
		     "Connection: close\r\n\r\n", metrics->len);
	client->len = (size_t)n + metrics->len;
	client->at = 0;
	client->out = malloc(client->len);
	if (!client->out)
		return -ENOMEM;
	memcpy(client->out, head, (size_t)n);
	memcpy(client->out + n, metrics->text, metrics->len);
	return 0;
}

static void on_connect(struct ev_loop *loop, ev_io *w, int revents)
{
	struct metrics *metrics = w->data;
	struct metrics_client *client = metrics->clients;
	const struct metrics_client *end = client + METRICS_CLIENTS_MAX;
	int fd;

	fd = acceptor_take(&metrics->listener);
	if (fd < 0)
		return;
	while (client < end && client->fd >= 0)
		client++;
	if (client == end || answer(metrics, client)) {
		close(fd);
		return;
	}
	client->fd = fd;
	ev_io_init(&client->watcher, on_client, fd, EV_READ | EV_WRITE);
	ev_timer_init(&client->timer, on_timeout, METRICS_TIME_S, 0);
	client->watcher.data = client;
	client->timer.data = client;
	ev_io_start(loop, &client->watcher);
	ev_timer_start(loop, &client->timer);
}

int metrics_start(struct daemon *d, const char *path,
		  struct themis_diag *diag)
{
	struct metrics *metrics;
	size_t i;
	int fd;

	metrics = calloc(1, sizeof(*metrics));
	if (metrics)
		metrics->path = strdup(path);
	if (!metrics || !metrics->path) {
		free(metrics);
		return themis_diag_set(diag, -ENOMEM, NULL, "out of memory");
	}
	fd = listen_at(path, "Give another one under \"metrics\".", diag);
	if (fd < 0) {
		free(metrics->path);
		free(metrics);
		return fd;
	}
	metrics->d = d;
	metrics->fd = fd;
	for (i = 0; i < METRICS_CLIENTS_MAX; i++) {
		metrics->clients[i].metrics = metrics;
		metrics->clients[i].fd = -1;
	}
	acceptor_start(&metrics->listener, d->loop, metrics->fd,
		       "metrics socket", on_connect, metrics);
	d->metrics = metrics;
	return 0;
}

void metrics_stop(struct daemon *d)
{
	struct metrics *metrics = d->metrics;
	size_t i;

	if (!metrics)
		return;
	for (i = 0; i < METRICS_CLIENTS_MAX; i++)
		if (metrics->clients[i].fd >= 0)
			client_end(&metrics->clients[i]);
	acceptor_stop(&metrics->listener);
	listen_end(metrics->fd, metrics->path);
	free(metrics->path);
	free(metrics->text);
	free(metrics);
	d->metrics = NULL;
}
