/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The printer: rows, which are JSON objects, as JSON or as aligned text.
 */
#ifndef THEMIS_TOOL_PRINT_H
#define THEMIS_TOOL_PRINT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "id.h"

#define PRINT_CELL	512	/* bytes of text in a cell, with the zero */

#define PRINT_BRIEF	0x01	/* with -br too */
#define PRINT_DETAILS	0x02	/* only with -d */
#define PRINT_STATS	0x04	/* only with -s */
#define PRINT_RIGHT	0x08	/* aligned to the right */

/**
 * enum print_style - what colour a cell has
 * @PRINT_PLAIN: none
 * @PRINT_ID: an id or its name
 * @PRINT_ADDRESS: an endpoint
 * @PRINT_STATE: good, bad or between, by the word
 */
enum print_style {
	PRINT_PLAIN,
	PRINT_ID,
	PRINT_ADDRESS,
	PRINT_STATE,
};

/**
 * struct print_column - a column of a table
 * @head: its heading
 * @key: the member of the row that it shows
 * @text: makes the cell's text, of PRINT_CELL bytes, from the row; NULL prints
 *	the value of @key, "-" where that is missing or null
 * @flags: PRINT_*
 * @style: its colour
 */
struct print_column {
	const char		*head;
	const char		*key;
	void			(*text)(const json_t *row, char *buf);
	unsigned int		flags;
	enum print_style	style;
};

/**
 * struct print_layout - how rows are shown as text
 * @columns: end with a column without heading
 * @record: one line for each column, "heading value"
 * @sub_key: the member that holds more rows, or NULL; shown with -d
 * @sub_name: what one of these is
 * @sub_columns: their columns
 */
struct print_layout {
	const struct print_column	*columns;
	bool				record;
	const char			*sub_key;
	const char			*sub_name;
	const struct print_column	*sub_columns;
};

/**
 * print_rows() - show rows as the options say
 * @rows: a JSON array of objects; the reference is taken
 * @layout: how they look as text
 */
void print_rows(json_t *rows, const struct print_layout *layout);

/**
 * print_event() - show an event: one line of text, or one JSON object
 * @event: the object; the reference is taken
 * @text: how it looks as text
 */
void print_event(json_t *event, const char *text);

/**
 * print_set_u64() - a member of an object
 * @row: the object
 * @key: the member
 * @value: a number; one that JSON's readers cannot hold becomes the largest
 *	that they can
 */
void print_set_u64(json_t *row, const char *key, uint64_t value);

/**
 * print_set_id() - a member of an object
 * @row: the object
 * @key: the member
 * @id: written in full
 */
void print_set_id(json_t *row, const char *key, const struct themis_id *id);

/**
 * print_set_text() - a member of an object
 * @row: the object
 * @key: the member
 * @text: bytes; what is not printable ASCII becomes \xNN; NULL becomes null
 * @len: bytes of @text
 */
void print_set_text(json_t *row, const char *key, const void *text,
		    size_t len);

/**
 * print_new() - a new object
 *
 * Return: the object; never NULL.
 */
json_t *print_new(void);

/**
 * print_append() - add a row
 * @rows: array
 * @row: the reference is taken
 */
void print_append(json_t *rows, json_t *row);

/**
 * print_array() - a new array
 *
 * Return: the array; never NULL.
 */
json_t *print_array(void);

/* Texts of cells, PRINT_CELL bytes, from the value of a member of @row. */
void print_id_text(const json_t *row, const char *key, char *buf);
void print_name_text(const json_t *row, const char *key, char *buf);
void print_age_text(const json_t *row, const char *key, char *buf);
void print_bytes_text(uint64_t bytes, char *buf, size_t len);

#endif /* THEMIS_TOOL_PRINT_H */
