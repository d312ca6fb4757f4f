// SPDX-License-Identifier: GPL-2.0
/*
 * Commands and answers of a program that loads a directory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "load.h"

#define MOST	100000		/* operations of one command */
#define BLANKS	"\n "

/**
 * load_fail() - give up
 * @what: what is wrong
 */
void load_fail(const char *what)
{
	fprintf(stderr, "Error: %s. Read what is above.\n", what);
	exit(1);
}

/**
 * load_now() - the time
 *
 * Return: nanoseconds of CLOCK_MONOTONIC.
 */
uint64_t load_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void parse_key(const char *text, uint8_t *key, size_t len)
{
	unsigned int b;
	size_t i;

	for (i = 0; i < len; i++) {
		if (sscanf(text + 2 * i, "%2x", &b) != 1)
			load_fail("a key is none");
		key[i] = (uint8_t)b;
	}
}

static void make_room(struct load *load, unsigned int count)
{
	free(load->keys);
	free(load->begun);
	free(load->ns);
	load->keys = calloc(count, sizeof(*load->keys));
	load->begun = calloc(count, sizeof(*load->begun));
	load->ns = calloc(count, sizeof(*load->ns));
	if (!load->keys || !load->begun || !load->ns)
		load_fail("out of memory");
	load->count = count;
	load->done = 0;
	load->ok = 0;
}

static void print_hex(const uint8_t *b, size_t len)
{
	putchar('"');
	while (len--)
		printf("%02x", *b++);
	putchar('"');
}

/**
 * load_ready() - say that the nodes are there
 * @ids: the first id
 * @stride: bytes from one id to the next
 * @len: bytes of an id
 * @n: ids
 */
void load_ready(const uint8_t *ids, size_t stride, size_t len, unsigned int n)
{
	unsigned int i;

	printf("{\"ready\":true,\"ids\":[");
	for (i = 0; i < n; i++) {
		if (i)
			putchar(',');
		print_hex(ids + i * stride, len);
	}
	puts("]}");
	fflush(stdout);
}

/**
 * load_read() - read the next command
 * @load: @load->key_len is set; the rest is cleared before the first
 *
 * Return: true, or false at the end of the input.
 */
bool load_read(struct load *load)
{
	char *save = NULL, *word;
	unsigned int i, count;

	if (getline(&load->line, &load->room, stdin) < 0)
		return false;
	load->finds = !strncmp(load->line, "find ", 5);
	for (count = 0, word = load->line; (word = strchr(word, ' ')); word++)
		count++;
	strtok_r(load->line, BLANKS, &save);
	word = strtok_r(NULL, BLANKS, &save);
	load->width = word ? (unsigned int)atoi(word) : 0;
	if (!load->finds) {
		word = strtok_r(NULL, BLANKS, &save);
		make_room(load, word ? (unsigned int)atoi(word) : 0);
	} else {
		make_room(load, count - 1);
		for (i = 0; i < load->count; i++) {
			word = strtok_r(NULL, BLANKS, &save);
			if (!word || strlen(word) != 2 * load->key_len)
				load_fail("a key has another length");
			parse_key(word, load->keys[i], load->key_len);
		}
	}
	if (!load->width || !load->count || load->count > MOST)
		load_fail("a command is not understood");
	load->begin = load_now();
	return true;
}

/**
 * load_print() - answer a command
 * @load: with everything done
 */
void load_print(struct load *load)
{
	unsigned int i;

	printf("{\"begin\":%llu,\"end\":%llu,\"ok\":%u,\"ns\":[",
	       (unsigned long long)load->begin,
	       (unsigned long long)load_now(), load->ok);
	for (i = 0; i < load->count; i++)
		printf("%s%llu", i ? "," : "",
		       (unsigned long long)load->ns[i]);
	printf("],\"keys\":[");
	for (i = 0; i < load->count && !load->finds; i++) {
		if (i)
			putchar(',');
		print_hex(load->keys[i], load->key_len);
	}
	printf("]}\n");
	fflush(stdout);
}

/**
 * load_furthest() - who is furthest from a key
 * @load: the command
 * @at: which of its keys
 * @ids: the first id, of as many bytes as a key
 * @stride: bytes from one id to the next
 * @n: ids, at least one
 *
 * Return: which id.
 */
unsigned int load_furthest(const struct load *load, unsigned int at,
			   const uint8_t *ids, size_t stride, unsigned int n)
{
	const uint8_t *key = load->keys[at], *a, *b;
	unsigned int i, best = 0;
	size_t j;

	for (i = 1; i < n; i++) {
		a = ids + i * stride;
		b = ids + best * stride;
		for (j = 0; j < load->key_len && a[j] == b[j]; j++)
			;
		if (j < load->key_len && (a[j] ^ key[j]) > (b[j] ^ key[j]))
			best = i;
	}
	return best;
}
