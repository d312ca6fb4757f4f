// SPDX-License-Identifier: GPL-2.0
/*
 * A line on the control socket: one request, taken apart.
 *
 * It is read from beginning to end without a tree of values: that would take
 * several times as long as to find what is asked for.
 */
#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <yajl/yajl_parse.h>

#include "request_line.h"

static const struct {
	const char		*name;
	enum request_kind	kind;
} arguments[] = {
#define REQUEST_ARGUMENT(id, name, kind)				\
	[REQUEST_##id] = { name, kind },
	REQUEST_ARGUMENTS(REQUEST_ARGUMENT)
#undef REQUEST_ARGUMENT
};

static_assert(REQUEST_N_ARGUMENTS <= 32, "a bit for each");

const char *request_argument_name(enum request_argument argument)
{
	return arguments[argument].name;
}

/* What the parser is told: go on, or that there is no use in it. */
static int stop(struct request *r, const char *why)
{
	r->why = why;
	return 0;
}

static bool is_named(const struct request *r, const char *name)
{
	return r->name_len == strlen(name) &&
	       !memcmp(r->name, name, r->name_len);
}

static int note_other(struct request *r)
{
	if (!r->other[0])
		strcpy(r->other, r->name[0] ? r->name : "\"\"");
	return 1;
}

/* A text of its own, which ends with a zero. */
static const char *keep(struct request *r, const char *b, size_t len)
{
	char *text = r->b + r->used;

	memcpy(text, b, len);
	text[len] = '\0';
	r->used += len + 1;
	return text;
}

static int take_argument(struct request *r, enum request_kind kind,
			 const char *b, size_t len, int64_t number)
{
	enum request_argument i;

	for (i = 0; i < REQUEST_N_ARGUMENTS; i++)
		if (arguments[i].kind == kind && is_named(r, arguments[i].name))
			break;
	if (i == REQUEST_N_ARGUMENTS)
		return note_other(r);
	if (request_has(r, i))
		return stop(r, "an argument is there twice");
	r->given |= UINT32_C(1) << i;
	if (kind == REQUEST_TEXT)
		r->value[i].text = keep(r, b, len);
	else if (kind == REQUEST_NUMBER)
		r->value[i].number = number;
	else
		r->value[i].flag = number;
	return 1;
}

static int take_tag(struct request *r, enum request_kind kind, const char *b,
		    size_t len, int64_t number)
{
	if (r->tag || r->bad_tag)
		return stop(r, "the tag is there twice");
	r->bad_tag = kind == REQUEST_FLAG ||
		     (kind == REQUEST_TEXT && len > CONTROL_TAG_MAX);
	if (r->bad_tag)
		return 1;
	r->tag = kind == REQUEST_TEXT ? json_stringn(b, len) :
					json_integer(number);
	return r->tag ? 1 : stop(r, NULL);
}

static int take(struct request *r, enum request_kind kind, const char *b,
		size_t len, int64_t number)
{
	if (!r->depth)
		return stop(r, "not an object");
	if (r->depth > 1)
		return 1;
	if (kind == REQUEST_TEXT && memchr(b, '\0', len))
		return stop(r, "a text has a byte of zero");
	if (is_named(r, "tag"))
		return take_tag(r, kind, b, len, number);
	if (!is_named(r, "cmd"))
		return take_argument(r, kind, b, len, number);
	if (r->has_cmd)
		return stop(r, "the command is there twice");
	r->has_cmd = true;
	if (kind == REQUEST_TEXT)
		r->cmd = keep(r, b, len);
	return 1;
}

static int on_text(void *ctx, const unsigned char *b, size_t len)
{
	return take(ctx, REQUEST_TEXT, (const char *)b, len, 0);
}

static int on_integer(void *ctx, long long number)
{
	return take(ctx, REQUEST_NUMBER, NULL, 0, number);
}

static int on_boolean(void *ctx, int flag)
{
	return take(ctx, REQUEST_FLAG, NULL, 0, flag);
}

/* No argument has such a value. */
static int on_other(struct request *r)
{
	if (r->depth > 1)
		return 1;
	if (is_named(r, "tag"))
		r->bad_tag = true;
	else if (is_named(r, "cmd"))
		r->has_cmd = true;
	else
		note_other(r);
	return 1;
}

static int on_null(void *ctx)
{
	struct request *r = ctx;

	return r->depth ? on_other(r) : stop(r, "not an object");
}

static int on_double(void *ctx, double number)
{
	return on_null(ctx);
}

static int on_name(void *ctx, const unsigned char *b, size_t len)
{
	struct request *r = ctx;
	size_t n = len < REQUEST_NAME_MAX ? len : REQUEST_NAME_MAX;

	if (r->depth > 1)
		return 1;
	memcpy(r->name, b, n);
	r->name[n] = '\0';
	r->name_len = len;
	return 1;
}

static int on_object(void *ctx)
{
	struct request *r = ctx;

	if (r->depth)
		on_other(r);
	r->depth++;
	return 1;
}

static int on_array(void *ctx)
{
	struct request *r = ctx;

	return r->depth ? on_object(r) : stop(r, "not an object");
}

static int on_end(void *ctx)
{
	struct request *r = ctx;

	r->depth--;
	return 1;
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_boolean,
	.yajl_integer = on_integer,
	.yajl_double = on_double,
	.yajl_string = on_text,
	.yajl_start_map = on_object,
	.yajl_map_key = on_name,
	.yajl_end_map = on_end,
	.yajl_start_array = on_array,
	.yajl_end_array = on_end,
};

static int not_understood(yajl_handle parser, const struct request *r,
			  yajl_status status, struct themis_diag *diag)
{
	unsigned char *text = NULL;
	int err;

	if (status == yajl_status_client_canceled && !r->why)
		return themis_diag_set(diag, -ENOMEM, NULL, "out of memory");
	if (!r->why)
		text = yajl_get_error(parser, 0, NULL, 0);
	if (text)
		text[strcspn((char *)text, "\n")] = '\0';
	err = themis_diag_set(diag, -EINVAL,
			      "Send one JSON object on each line.",
			      "the request is not understood: %s",
			      text ? (char *)text : r->why);
	if (text)
		yajl_free_error(parser, text);
	return err;
}

/*
 * Whether an escape stands for half of a surrogate pair, and so for no character
 * (RFC 8259, 8.2): the parser would put another in its place. It has found the
 * line well-formed.
 */
static bool has_half_pair(const char *line, size_t len)
{
	bool was_first = false, first, second;
	const char *at, *end = line + len;

	for (at = memchr(line, '\\', len); at; at = memchr(at, '\\', end - at)) {
		first = at[1] == 'u' && strchr("dD", at[2]) &&
			strchr("89abAB", at[3]);
		second = at[1] == 'u' && strchr("dD", at[2]) &&
			 strchr("cdefCDEF", at[3]);
		at += at[1] == 'u' ? 6 : 2;
		if (second != was_first || (first && *at != '\\'))
			return true;
		was_first = first;
	}
	return false;
}

int request_read(struct request *request, const char *line, size_t len,
		 struct themis_diag *diag)
{
	yajl_handle parser = yajl_alloc(&callbacks, NULL, request);
	yajl_status status;
	int err = 0;

	memset(request, 0, offsetof(struct request, b));
	if (!parser)
		return themis_diag_set(diag, -ENOMEM, NULL, "out of memory");
	status = yajl_parse(parser, (const unsigned char *)line, len);
	if (status == yajl_status_ok)
		status = yajl_complete_parse(parser);
	if (status == yajl_status_ok && has_half_pair(line, len)) {
		request->why = "half of a surrogate pair is no character";
		status = yajl_status_client_canceled;
	}
	if (status != yajl_status_ok)
		err = not_understood(parser, request, status, diag);
	else if (request->bad_tag)
		err = themis_diag_set(diag, -EINVAL,
				      "Give an integer or a string.",
				      "the request's tag is none, or has more than %d bytes",
				      CONTROL_TAG_MAX);
	yajl_free(parser);
	if (err) {
		json_decref(request->tag);
		request->tag = NULL;
	}
	return err;
}
