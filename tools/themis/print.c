// SPDX-License-Identifier: GPL-2.0
/*
 * The printer: the same rows as JSON or as aligned text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "names.h"
#include "print.h"
#include "tool.h"

#define COLUMNS_MAX	24

json_t *print_new(void)
{
	json_t *row = json_object();

	if (!row)
		abort();
	return row;
}

json_t *print_array(void)
{
	json_t *rows = json_array();

	if (!rows)
		abort();
	return rows;
}

void print_append(json_t *rows, json_t *row)
{
	if (json_array_append_new(rows, row))
		abort();
}

static void set(json_t *row, const char *key, json_t *value)
{
	if (json_object_set_new(row, key, value))
		abort();
}

void print_set_u64(json_t *row, const char *key, uint64_t value)
{
	set(row, key, json_integer(value > INT64_MAX ? INT64_MAX : value));
}

void print_set_id(json_t *row, const char *key, const struct themis_id *id)
{
	char text[THEMIS_ID_TEXT];

	set(row, key, json_string(themis_id_format(id, text)));
}

/* Bytes of others must not steer the terminal. */
static void escape(const void *text, size_t len, char *buf, size_t size)
{
	const unsigned char *byte = text;
	size_t i, at = 0;

	for (i = 0; i < len && at + 5 <= size; i++)
		if (byte[i] < ' ' || byte[i] > '~')
			at += snprintf(buf + at, size - at, "\\x%02x", byte[i]);
		else
			buf[at++] = byte[i];
	buf[at] = '\0';
}

void print_set_text(json_t *row, const char *key, const void *text,
		    size_t len)
{
	char buf[PRINT_CELL];

	if (!text) {
		set(row, key, json_null());
		return;
	}
	escape(text, len, buf, sizeof(buf));
	set(row, key, json_string(buf));
}

void print_id_text(const json_t *row, const char *key, char *buf)
{
	const char *id = json_string_value(json_object_get(row, key));

	if (!id)
		id = "-";
	snprintf(buf, PRINT_CELL, "%.*s",
		 opt.details ? THEMIS_ID_TEXT : NAMES_SHORT, id);
}

void print_name_text(const json_t *row, const char *key, char *buf)
{
	const char *text = json_string_value(json_object_get(row, key));
	const char *name = NULL;
	struct themis_id id;

	if (text && !opt.details && !themis_id_parse(&id, text))
		name = names_of(&id);
	if (name)
		snprintf(buf, PRINT_CELL, "%s", name);
	else
		print_id_text(row, key, buf);
}

void print_age_text(const json_t *row, const char *key, char *buf)
{
	const json_t *value = json_object_get(row, key);
	unsigned long long ms, s;

	if (!json_is_integer(value)) {
		strcpy(buf, "-");
		return;
	}
	ms = json_integer_value(value);
	s = ms / 1000;
	if (s < 10)
		snprintf(buf, PRINT_CELL, "%llu.%llus", s,
			 ms % 1000 / 100);
	else if (s < 120)
		snprintf(buf, PRINT_CELL, "%llus", s);
	else if (s < 2 * 3600)
		snprintf(buf, PRINT_CELL, "%llum", s / 60);
	else if (s < 2 * 86400)
		snprintf(buf, PRINT_CELL, "%lluh", s / 3600);
	else
		snprintf(buf, PRINT_CELL, "%llud", s / 86400);
}

void print_bytes_text(uint64_t bytes, char *buf, size_t len)
{
	static const char unit[] = "kMGTPE";
	double value = bytes;
	size_t i = 0;

	if (bytes < 1000) {
		snprintf(buf, len, "%llu", (unsigned long long)bytes);
		return;
	}
	do {
		value /= 1000;
		i++;
	} while (value >= 999.5 && i < sizeof(unit) - 1);
	snprintf(buf, len, value < 9.95 ? "%.1f%c" : "%.0f%c", value,
		 unit[i - 1]);
}

static void cell_text(const struct print_column *column, const json_t *row,
		      char *buf)
{
	const json_t *value = json_object_get(row, column->key);
	const char *text = json_string_value(value);

	if (column->text)
		column->text(row, buf);
	else if (text)
		escape(text, strlen(text), buf, PRINT_CELL);
	else if (json_is_integer(value))
		snprintf(buf, PRINT_CELL, "%" JSON_INTEGER_FORMAT,
			 json_integer_value(value));
	else if (json_is_boolean(value))
		strcpy(buf, json_is_true(value) ? "yes" : "no");
	else
		strcpy(buf, "-");
}

static bool column_shown(const struct print_column *column)
{
	if (opt.brief)
		return column->flags & PRINT_BRIEF;
	if (column->flags & PRINT_DETAILS && !opt.details)
		return false;
	return opt.stats || !(column->flags & PRINT_STATS);
}

static const char *color_of(enum print_style style, const char *text)
{
	static const char * const good[] = { "up", "established", "ok", NULL };
	static const char * const bad[] = { "failed", "fail", "idle", NULL };
	size_t i;

	switch (style) {
	case PRINT_ID:
		return "\033[36m";
	case PRINT_ADDRESS:
		return "\033[35m";
	case PRINT_STATE:
		for (i = 0; good[i]; i++)
			if (!strcmp(text, good[i]))
				return "\033[32m";
		for (i = 0; bad[i]; i++)
			if (!strcmp(text, bad[i]))
				return "\033[31m";
		return "\033[33m";
	default:
		return NULL;
	}
}

/* Print @text in @width columns; 0 for as many as it takes. */
static void print_cell(const struct print_column *column, const char *text,
		       int width)
{
	const char *color = opt.color ? color_of(column->style, text) : NULL;
	int fill = width - (int)strlen(text);

	if (column->flags & PRINT_RIGHT && fill > 0)
		printf("%*s", fill, "");
	printf("%s%s%s", color ? color : "", text, color ? "\033[0m" : "");
	if (!(column->flags & PRINT_RIGHT) && fill > 0)
		printf("%*s", fill, "");
}

/* "heading value" of each column, all on one line. */
static void print_pairs(const json_t *row, const struct print_column *columns)
{
	const struct print_column *column;
	char buf[PRINT_CELL];

	for (column = columns; column->head; column++) {
		cell_text(column, row, buf);
		printf(" %s ", column->head);
		print_cell(column, buf, 0);
	}
}

static void print_sub_rows(const json_t *row, const struct print_layout *layout)
{
	const json_t *sub;
	size_t i;

	if (!layout->sub_key || !opt.details || opt.brief)
		return;
	json_array_foreach(json_object_get(row, layout->sub_key), i, sub) {
		printf("%s    %s", opt.oneline ? "\\" : "\n",
		       layout->sub_name);
		print_pairs(sub, layout->sub_columns);
	}
}

static void print_table(const json_t *rows, const struct print_layout *layout)
{
	const struct print_column *shown[COLUMNS_MAX];
	bool head = !opt.brief && !opt.oneline;
	int width[COLUMNS_MAX], len;
	const json_t *row;
	char buf[PRINT_CELL];
	size_t n = 0, i, at;

	for (i = 0; layout->columns[i].head && n < COLUMNS_MAX; i++)
		if (column_shown(&layout->columns[i]))
			shown[n++] = &layout->columns[i];
	for (i = 0; i < n; i++) {
		width[i] = head ? strlen(shown[i]->head) : 0;
		json_array_foreach(rows, at, row) {
			cell_text(shown[i], row, buf);
			len = strlen(buf);
			if (len > width[i])
				width[i] = len;
		}
		/* Nothing follows the last one that would have to be aligned. */
		if (i == n - 1 && !(shown[i]->flags & PRINT_RIGHT))
			width[i] = 0;
	}
	for (i = 0; i < n && head && json_array_size(rows); i++) {
		struct print_column plain = *shown[i];

		plain.style = PRINT_PLAIN;
		print_cell(&plain, plain.head, width[i]);
		fputs(i == n - 1 ? "\n" : "  ", stdout);
	}
	json_array_foreach(rows, at, row) {
		for (i = 0; i < n; i++) {
			cell_text(shown[i], row, buf);
			print_cell(shown[i], buf, width[i]);
			fputs(i == n - 1 ? "" : "  ", stdout);
		}
		print_sub_rows(row, layout);
		putchar('\n');
	}
}

static void print_records(const json_t *rows, const struct print_layout *layout)
{
	const struct print_column *column;
	char buf[PRINT_CELL];
	const json_t *row;
	size_t at;
	bool first;

	json_array_foreach(rows, at, row) {
		first = true;
		for (column = layout->columns; column->head; column++) {
			if (!column_shown(column) ||
			    json_is_null(json_object_get(row, column->key)))
				continue;
			if (!first)
				putchar(opt.brief ? ' ' :
					opt.oneline ? '\\' : '\n');
			first = false;
			cell_text(column, row, buf);
			if (!opt.brief)
				printf("%s ", column->head);
			print_cell(column, buf, 0);
		}
		putchar('\n');
	}
}

void print_rows(json_t *rows, const struct print_layout *layout)
{
	if (opt.json) {
		json_dumpf(rows, stdout,
			   opt.pretty ? JSON_INDENT(4) : JSON_COMPACT);
		putchar('\n');
	} else if (layout->record) {
		print_records(rows, layout);
	} else {
		print_table(rows, layout);
	}
	json_decref(rows);
}

void print_event(json_t *event, const char *text)
{
	char stamp[64] = "";
	struct timeval now;
	struct tm tm;
	size_t len;

	if (opt.timestamp) {
		gettimeofday(&now, NULL);
		localtime_r(&now.tv_sec, &tm);
		len = strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
		snprintf(stamp + len, sizeof(stamp) - len, ".%06ld",
			 (long)now.tv_usec);
	}
	if (opt.json) {
		if (*stamp)
			set(event, "timestamp", json_string(stamp));
		json_dumpf(event, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		printf("%s%s%s%s\n", *stamp ? "[" : "", stamp,
		       *stamp ? "] " : "", text);
	}
	fflush(stdout);
	json_decref(event);
}
