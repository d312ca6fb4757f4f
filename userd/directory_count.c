// SPDX-License-Identifier: GPL-2.0
/*
 * What the directory counts and measures, as clients and metrics are told.
 */
#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "directory_state.h"
#include "metrics.h"

struct row {
	const char	*name;
	const char	*help;
	bool		drop;
};

#define ROW_C(symbol, text, meaning)					\
	[DIRECTORY_N_##symbol] = { .name = (text), .help = (meaning) },
#define ROW_D(symbol, text, meaning)					\
	[DIRECTORY_N_##symbol] = { .name = (text), .help = (meaning),	\
				   .drop = true },
#define ROW_WAY(symbol, text, meaning)					\
	[DIRECTORY_##symbol] = { .name = (text), .help = (meaning) },
#define ROW_STATE(symbol, text, meaning)				\
	[DIRECTORY_S_##symbol] = { .name = (text), .help = (meaning) },
#define ROW_OUTCOME(symbol, text, meaning)				\
	[DHT_##symbol] = { .name = (text), .help = (meaning) },
#define ROW_OPERATION(symbol, text)					\
	[DHT_##symbol] = (text),

static const struct row counters[] = { DIRECTORY_COUNTERS(ROW_C, ROW_D) };
static const struct row ways[] = { DIRECTORY_WAYS(ROW_WAY) };
static const struct row states[] = { DIRECTORY_STATES(ROW_STATE) };
static const struct row outcomes[] = { DIRECTORY_OUTCOMES(ROW_OUTCOME) };
static const char * const operations[__DHT_TYPE_MAX] = {
	DIRECTORY_OPERATIONS(ROW_OPERATION)
};

/* A number of each member: a field of struct dht_status_info. */
struct number {
	const char	*name;
	const char	*help;
	size_t		offset;
	size_t		size;
	bool		counted;
};

#define NUMBER(field, text, meaning)					\
	.name = (text), .help = (meaning),				\
	.offset = offsetof(struct dht_status_info, field),		\
	.size = sizeof(((struct dht_status_info *)0)->field)
#define NUMBER_G(field, text, help)	{ NUMBER(field, text, help) },
#define NUMBER_C(field, text, help)					\
	{ NUMBER(field, text, help), .counted = true },

static const struct number numbers[] = {
	DIRECTORY_OF_NODE(NUMBER_G, NUMBER_C)
};

#define NUMBERS	(sizeof(numbers) / sizeof(*numbers))

static_assert(sizeof(outcomes) / sizeof(*outcomes) == DIRECTORY_OUTCOMES_MAX,
	      "a row for each outcome");

/* Before any node is in a directory, nothing has happened. */
static const struct directory_count nothing;

static const struct directory_count *count_of(const struct directory *dir)
{
	return dir ? &dir->count : &nothing;
}

/**
 * directory_count_result() - an operation of ours has ended
 * @dir: the directory
 * @act: DHT_ACT_RESULT
 * @now: microseconds
 */
void directory_count_result(struct directory *dir,
			    const struct dht_action *act, uint64_t now)
{
	const struct dht_result *result = &act->result;

	dir->count.outcome[result->type][result->outcome]++;
	themis_rtt_count(&dir->count.took[result->type],
			 now - result->began);
}

/**
 * directory_state_now() - how things are
 * @dir: the directory; NULL if there is none
 * @state: what
 *
 * Return: a number.
 */
uint64_t directory_state_now(const struct directory *dir,
			     enum directory_state state)
{
	if (!dir)
		return 0;
	switch (state) {
	case DIRECTORY_S_HELD:
		return dir->n_held;
	case DIRECTORY_S_WAITS:
		return dir->n_waits;
	default:
		return disk_bad(dir);
	}
}

static uint64_t value_of(const struct number *number,
			 const struct dht_status_info *info)
{
	const uint8_t *at = (const uint8_t *)info + number->offset;
	uint64_t large = 0;
	uint32_t small;

	if (number->size == sizeof(large)) {
		memcpy(&large, at, sizeof(large));
		return large;
	}
	memcpy(&small, at, sizeof(small));
	return small;
}

/**
 * directory_json_node() - the numbers of a member
 * @member: the member
 *
 * Return: an object, a new reference.
 */
json_t *directory_json_node(struct member *member)
{
	struct dht_status_info info;
	json_t *row = json_object();
	unsigned int i;

	dht_node_info(member->dht, &info);
	for (i = 0; i < NUMBERS; i++)
		json_object_set_new(row, numbers[i].name,
				    json_integer((json_int_t)
						 value_of(&numbers[i],
							  &info)));
	/* Who has lost no peer knows none. */
	if (!info.half_life)
		json_object_set_new(row, "half_life_s", json_null());
	return row;
}

static json_t *json_row(const struct row *row, uint64_t value)
{
	return json_pack("{s:s, s:I, s:s}", "name", row->name, "value",
			 (json_int_t)value, "help", row->help);
}

/**
 * directory_json_counters() - what was counted, and how things are now
 * @dir: the directory; NULL if there is none
 *
 * Return: an array, a new reference.
 */
json_t *directory_json_counters(const struct directory *dir)
{
	const struct directory_count *count = count_of(dir);
	json_t *rows = json_array();
	unsigned int i;

	for (i = 0; i < __DIRECTORY_N_MAX; i++)
		json_array_append_new(rows, json_row(&counters[i],
						     count->n[i]));
	for (i = 0; i < __DIRECTORY_S_MAX; i++)
		json_array_append_new(rows, json_row(&states[i],
						     directory_state_now(dir,
									 i)));
	return rows;
}

static json_t *operation(const struct directory_count *count,
			 unsigned int type)
{
	json_t *row = json_pack("{s:s}", "name", operations[type]);
	unsigned int i;

	for (i = 0; i < __DIRECTORY_WAY_MAX; i++)
		json_object_set_new(row, ways[i].name,
				    json_integer((json_int_t)
						 count->message[i][type]));
	for (i = 0; i < DIRECTORY_OUTCOMES_MAX; i++)
		json_object_set_new(row, outcomes[i].name,
				    json_integer((json_int_t)
						 count->outcome[type][i]));
	json_object_set_new(row, "us",
			    json_integer((json_int_t)
					 count->took[type].sum_us));
	return row;
}

/**
 * directory_json_operations() - messages and outcomes of each operation
 * @dir: the directory; NULL if there is none
 *
 * Return: an array, a new reference.
 */
json_t *directory_json_operations(const struct directory *dir)
{
	json_t *rows = json_array();
	unsigned int type;

	for (type = DHT_FIND; type < __DHT_TYPE_MAX; type++)
		json_array_append_new(rows, operation(count_of(dir), type));
	return rows;
}

static void put_counters(FILE *out, const struct directory_count *count)
{
	unsigned int i;

	for (i = 0; i < __DIRECTORY_N_MAX; i++) {
		if (counters[i].drop)
			continue;
		metrics_head(out, "themis_directory_", counters[i].name,
			     "_total", "counter", counters[i].help);
		fprintf(out, "themis_directory_%s_total %llu\n",
			counters[i].name, (unsigned long long)count->n[i]);
	}
}

/* The one help text of a metric explains each value of a label. */
static void put_help(FILE *out, const char *name, const char *what,
		     const struct row *rows, unsigned int n, bool drops)
{
	const char *separator = "";
	unsigned int i;

	fprintf(out, "# HELP %s %s ", name, what);
	for (i = 0; i < n; i++) {
		if (rows[i].drop != drops)
			continue;
		fprintf(out, "%s%s: %s", separator, rows[i].name,
			rows[i].help);
		separator = "; ";
	}
	fprintf(out, "\n# TYPE %s counter\n", name);
}

static void put_drops(FILE *out, const struct directory_count *count)
{
	unsigned int i;

	put_help(out, "themis_directory_drops_total",
		 "Messages and operations of the directory that came to nothing, by reason.",
		 counters, __DIRECTORY_N_MAX, true);
	for (i = 0; i < __DIRECTORY_N_MAX; i++)
		if (counters[i].drop)
			fprintf(out, "themis_directory_drops_total{reason=\"%s\"} %llu\n",
				counters[i].name,
				(unsigned long long)count->n[i]);
}

static void put_messages(FILE *out, const struct directory_count *count)
{
	static const char name[] = "themis_directory_messages_total";
	unsigned int i, type;

	put_help(out, name,
		 "Messages of the directory, by operation and way.", ways,
		 __DIRECTORY_WAY_MAX, false);
	for (type = DHT_FIND; type < __DHT_TYPE_MAX; type++)
		for (i = 0; i < __DIRECTORY_WAY_MAX; i++)
			fprintf(out, "%s{operation=\"%s\",way=\"%s\"} %llu\n",
				name, operations[type], ways[i].name,
				(unsigned long long)count->message[i][type]);
}

/* Nobody waits for an update to end. */
static bool ends(unsigned int type)
{
	return type != DHT_UPDATE;
}

static void put_outcomes(FILE *out, const struct directory_count *count)
{
	static const char name[] = "themis_directory_operations_total";
	unsigned int i, type;

	put_help(out, name,
		 "Operations of our nodes that ended, by outcome.", outcomes,
		 DIRECTORY_OUTCOMES_MAX, false);
	for (type = DHT_FIND; type < __DHT_TYPE_MAX; type++)
		for (i = 0; ends(type) && i < DIRECTORY_OUTCOMES_MAX; i++)
			fprintf(out, "%s{operation=\"%s\",outcome=\"%s\"} %llu\n",
				name, operations[type], outcomes[i].name,
				(unsigned long long)count->outcome[type][i]);
}

static void put_durations(FILE *out, const struct directory_count *count)
{
	char label[64];
	unsigned int type;

	metrics_head(out, "themis_directory_", "duration", "_seconds",
		     "histogram",
		     "How long operations of our nodes took, however they ended.");
	for (type = DHT_FIND; type < __DHT_TYPE_MAX; type++) {
		if (!ends(type))
			continue;
		snprintf(label, sizeof(label), "operation=\"%s\"",
			 operations[type]);
		metrics_histogram(out, "themis_directory_duration_seconds",
				  label, &count->took[type]);
	}
}

static void put_states(FILE *out, const struct directory *dir)
{
	unsigned int i;

	for (i = 0; i < __DIRECTORY_S_MAX; i++) {
		metrics_head(out, "themis_directory_", states[i].name, "",
			     "gauge", states[i].help);
		fprintf(out, "themis_directory_%s %llu\n", states[i].name,
			(unsigned long long)directory_state_now(dir, i));
	}
}

/* Of seconds the table says "_s", and Prometheus "_seconds". */
static void put_number(FILE *out, const struct directory *dir,
		       const struct number *number)
{
	const char *unit = strstr(number->name, "_s"), *end = "";
	const struct member *member = dir ? dir->members : NULL;
	struct dht_status_info info;
	char id[THEMIS_ID_TEXT];

	if (number->counted)
		end = "_total";
	else if (unit && !unit[2])
		end = "econds";
	metrics_head(out, "themis_directory_", number->name, end,
		     number->counted ? "counter" : "gauge", number->help);
	for (; member; member = member->next) {
		dht_node_info(member->dht, &info);
		fprintf(out, "themis_directory_%s%s{node=\"%s\",network=\"",
			number->name, end,
			themis_id_format(&member->id, id));
		metrics_label(out, member->network->netid);
		fprintf(out, "\"} %llu\n",
			(unsigned long long)value_of(number, &info));
	}
}

static void put_joined(FILE *out, const struct directory *dir)
{
	const struct member *member = dir ? dir->members : NULL;
	char id[THEMIS_ID_TEXT];

	metrics_head(out, "themis_directory_", "joined", "", "gauge",
		     "1 for a node of ours that has joined, 0 for one that is about to");
	for (; member; member = member->next) {
		fprintf(out, "themis_directory_joined{node=\"%s\",network=\"",
			themis_id_format(&member->id, id));
		metrics_label(out, member->network->netid);
		fprintf(out, "\"} %d\n", member->joined);
	}
}

void directory_metrics(FILE *out, const struct daemon *d)
{
	const struct directory *dir = d->directory;
	const struct directory_count *count = count_of(dir);
	unsigned int i;

	put_joined(out, dir);
	for (i = 0; i < NUMBERS; i++)
		put_number(out, dir, &numbers[i]);
	put_states(out, dir);
	put_counters(out, count);
	put_drops(out, count);
	put_messages(out, count);
	put_outcomes(out, count);
	put_durations(out, count);
}
