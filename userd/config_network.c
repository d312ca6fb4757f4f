// SPDX-License-Identifier: GPL-2.0
/*
 * The configuration file: sections "[network NETID]", the parameters of a
 * network's directory.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "config.h"
#include "message.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define AT(member)	offsetof(struct dht_params, member)

/* What each is good for is told at struct dht_params. */
static const struct {
	const char	*key;
	size_t		offset;
	size_t		size;
	uint32_t	min;
	uint32_t	max;
} fields[] = {
	{ "redundancy", AT(redundancy), 1, 1, 32 },
	{ "quorum", AT(quorum), 1, 0, 32 },
	{ "paths", AT(paths), 1, 1, 8 },
	{ "requests", AT(requests), 2, 8, 240 },
	{ "siblings", AT(siblings), 2, 1, 256 },
	{ "table", AT(table), 2, 32, 4096 },
	{ "bucket-prefix", AT(bucket_prefix), 1, 0, 255 },
	{ "table-prefix", AT(table_prefix), 1, 0, 255 },
	{ "work-bits", AT(work_bits), 1, 0, 28 },
	{ "lease-min", AT(lease_min), 4, 1, 86400 },
	{ "lease-max", AT(lease_max), 4, 1, 86400 },
	{ "keep", AT(keep), 4, 60, 366 * 86400 },
	{ "objects", AT(objects), 4, 1, 16 << 20 },
	{ "bytes", AT(bytes), 4, 65536, 1U << 30 },
	{ "owner-bytes", AT(owner_bytes), 4, 1024, 1U << 30 },
};

static int number(const char *text, uint32_t min, uint32_t max, uint32_t *n)
{
	size_t len = strlen(text);

	if (!len || len > 10 || strspn(text, "0123456789") != len)
		return -1;
	*n = (uint32_t)strtoull(text, NULL, 10);
	return strtoull(text, NULL, 10) > max || *n < min ? -1 : 0;
}

static void set(struct dht_params *params, size_t offset, size_t size,
		uint32_t n)
{
	void *at = (char *)params + offset;
	uint16_t n16 = (uint16_t)n;
	uint8_t n8 = (uint8_t)n;

	if (size == sizeof(n))
		memcpy(at, &n, size);
	else if (size == sizeof(n16))
		memcpy(at, &n16, size);
	else
		memcpy(at, &n8, size);
}

static int from_base64(const char *text, uint8_t *b, size_t want)
{
	const char *end;
	size_t len;

	if (sodium_base642bin(b, want, text, strlen(text), NULL, &len, &end,
			      sodium_base64_VARIANT_ORIGINAL) ||
	    len != want || *end)
		return -EINVAL;
	return 0;
}

int config_admission(const char *text, uint8_t admission[DHT_ADMISSION_LEN])
{
	const char *colon = strchr(text, ':');
	size_t digits = colon ? (size_t)(colon - text) : 0;

	if (!digits || digits > 18 || strspn(text, "0123456789") != digits)
		return -EINVAL;
	dht_put64(admission, strtoull(text, NULL, 10));
	return from_base64(colon + 1, admission + 8, 64);
}

enum config_network_fault config_network_set(struct config_network *network,
					     const char *key,
					     const char *value,
					     uint32_t *min, uint32_t *max)
{
	uint32_t n;
	size_t i;

	if (!strcmp(key, "key")) {
		network->params.closed = true;
		return from_base64(value, network->params.key, 32) ?
		       CONFIG_NETWORK_BASE64 : CONFIG_NETWORK_GOOD;
	}
	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		if (strcmp(fields[i].key, key))
			continue;
		*min = fields[i].min;
		*max = fields[i].max;
		if (number(value, *min, *max, &n))
			return CONFIG_NETWORK_RANGE;
		set(&network->params, fields[i].offset, fields[i].size, n);
		return CONFIG_NETWORK_GOOD;
	}
	return CONFIG_NETWORK_KEY;
}

void config_network_params(const struct config *config, const char *netid,
			   struct dht_params *params)
{
	size_t i;

	for (i = 0; config && i < config->nnetworks; i++) {
		if (strcmp(config->networks[i].netid, netid))
			continue;
		*params = config->networks[i].params;
		return;
	}
	dht_params_default(params);
}
