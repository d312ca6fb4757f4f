// SPDX-License-Identifier: GPL-2.0
/*
 * Several nodes of OpenDHT in one process.
 *
 * A find has ended for its client when the first value is there, and nothing
 * more is asked then. Callbacks come from the threads of the nodes.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <opendht/opendht_c.h>

#include "load.h"

#define NODES	512

/**
 * struct op - an operation
 * @at: which one of the command's
 * @found: its value has been seen
 */
struct op {
	unsigned int	at;
	bool		found;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct load load = { .key_len = HASH_LEN };
static struct op *ops;
static dht_runner *nodes[NODES];
static dht_infohash ids[NODES];
static unsigned int n_nodes;

static bool on_value(const dht_value *value, void *data)
{
	struct op *op = data;

	pthread_mutex_lock(&lock);
	if (!op->found && dht_value_get_data(value).size == LOAD_VALUE) {
		op->found = true;
		load.ns[op->at] = load_now() - load.begun[op->at];
	}
	pthread_mutex_unlock(&lock);
	return false;
}

static void on_done(bool ok, void *data)
{
	struct op *op = data;

	pthread_mutex_lock(&lock);
	if (!op->found)
		load.ns[op->at] = load_now() - load.begun[op->at];
	load.ok += load.finds ? op->found : ok;
	load.done++;
	pthread_cond_signal(&changed);
	pthread_mutex_unlock(&lock);
}

static void begin_store(unsigned int at)
{
	uint8_t b[LOAD_VALUE];
	dht_infohash key;
	dht_value *value;
	size_t i;

	for (i = 0; i < sizeof(b); i++)
		b[i] = (uint8_t)random();
	dht_infohash_random(&key);
	memcpy(load.keys[at], key.d, sizeof(key.d));
	value = dht_value_new(b, sizeof(b));
	dht_runner_put(nodes[(unsigned long)random() % n_nodes], &key, value,
		       on_done, &ops[at], false);
	dht_value_unref(value);
}

static void begin_find(unsigned int at)
{
	unsigned int who = load_furthest(&load, at, ids[0].d, sizeof(ids[0]),
					 n_nodes);
	dht_infohash key;

	memcpy(key.d, load.keys[at], sizeof(key.d));
	dht_runner_get(nodes[who], &key, on_value, on_done, &ops[at]);
}

static void run(void)
{
	unsigned int next;

	ops = calloc(load.count, sizeof(*ops));
	if (!ops)
		load_fail("out of memory");
	for (next = 0; next < load.count; next++) {
		pthread_mutex_lock(&lock);
		while (next - load.done >= load.width)
			pthread_cond_wait(&changed, &lock);
		ops[next].at = next;
		load.begun[next] = load_now();
		pthread_mutex_unlock(&lock);
		if (load.finds)
			begin_find(next);
		else
			begin_store(next);
	}
	pthread_mutex_lock(&lock);
	while (load.done < load.count)
		pthread_cond_wait(&changed, &lock);
	load_print(&load);
	pthread_mutex_unlock(&lock);
	free(ops);
}

static void start(in_port_t port, const char *host, const char *service)
{
	dht_runner_config config;
	dht_runner *node;

	dht_runner_config_default(&config);
	config.peer_discovery = false;
	config.peer_publish = false;
	config.threaded = true;
	node = dht_runner_new();
	if (!node || dht_runner_run_config(node, port, &config))
		load_fail("a node cannot be started");
	if (host)
		dht_runner_bootstrap(node, host, service);
	ids[n_nodes] = dht_runner_get_node_id(node);
	nodes[n_nodes++] = node;
}

int main(int argc, char **argv)
{
	char *host, *service;
	int port, count, i;

	if (argc != 5 || atoi(argv[3]) < 1 || atoi(argv[3]) > NODES) {
		fputs("Usage: opendht ADDRESS PORT COUNT BOOTSTRAP|-\n",
		      stderr);
		return 2;
	}
	srandom((unsigned int)load_now());
	port = atoi(argv[2]);
	count = atoi(argv[3]);
	service = strchr(argv[4], ':');
	host = service ? argv[4] : argv[1];
	if (service)
		*service++ = '\0';
	for (i = 0; i < count; i++)
		start((in_port_t)(port + i),
		      argv[4][0] == '-' && !i ? NULL : host,
		      service ? service : argv[2]);
	load_ready(ids[0].d, sizeof(ids[0]), sizeof(ids[0].d), n_nodes);
	while (load_read(&load))
		run();
	/* Its threads take their time to say goodbye. */
	_Exit(0);
}
