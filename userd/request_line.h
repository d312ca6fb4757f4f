/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A line on the control socket: one request, taken apart.
 *
 * It is a JSON object of a command, a tag, and arguments. These are texts, numbers,
 * true or false, and have one meaning in all commands that take them.
 */
#ifndef THEMISD_REQUEST_LINE_H
#define THEMISD_REQUEST_LINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "control.h"
#include "diag.h"

enum request_kind {
	REQUEST_TEXT,
	REQUEST_NUMBER,
	REQUEST_FLAG,
};

/* Every argument there is: what it is called here and in JSON, and its kind. */
#define REQUEST_ARGUMENTS(X)						\
	X(ALLOW,	"allow",	REQUEST_TEXT)			\
	X(ALLOWED,	"allow",	REQUEST_FLAG)			\
	X(AUTHORITY,	"authority",	REQUEST_TEXT)			\
	X(ENDPOINT,	"endpoint",	REQUEST_TEXT)			\
	X(GRANT,	"grant",	REQUEST_TEXT)			\
	X(ID,		"id",		REQUEST_TEXT)			\
	X(KEEP,		"keep",		REQUEST_FLAG)			\
	X(KEY,		"key",		REQUEST_TEXT)			\
	X(LINK,		"link",		REQUEST_NUMBER)			\
	X(MEMBER,	"member",	REQUEST_TEXT)			\
	X(NAME,		"name",		REQUEST_TEXT)			\
	X(NETID,	"netid",	REQUEST_TEXT)			\
	X(NODE,		"node",		REQUEST_TEXT)			\
	X(OWNER,	"owner",	REQUEST_TEXT)			\
	X(PEER,		"peer",		REQUEST_TEXT)			\
	X(PSK_FILE,	"psk-file",	REQUEST_TEXT)			\
	X(SEQ,		"seq",		REQUEST_NUMBER)			\
	X(SET,		"set",		REQUEST_FLAG)			\
	X(TRACE,	"trace",	REQUEST_FLAG)			\
	X(TTL,		"ttl",		REQUEST_NUMBER)			\
	X(UNTIL,	"until",	REQUEST_NUMBER)			\
	X(VALUE,	"value_hex",	REQUEST_TEXT)

enum request_argument {
#define REQUEST_ARGUMENT(id, name, kind) REQUEST_##id,
	REQUEST_ARGUMENTS(REQUEST_ARGUMENT)
#undef REQUEST_ARGUMENT
	REQUEST_N_ARGUMENTS,
};

#define REQUEST_NAME_MAX	32	/* bytes of a name that are looked at */

/**
 * struct request - what a client wants
 * @cmd: the command, or NULL
 * @tag: for the answer, an integer or a text, or NULL; its owner is who has the
 *	request taken apart
 * @given: a bit for each argument that is there
 * @other: the name of an argument that is none, or not of that kind; or empty
 * @value: of the arguments; those that are not given are zero
 * @depth: while it is taken apart: of objects and arrays
 * @name: the same: whose value comes next
 * @name_len: the same: all its bytes
 * @has_cmd: there was one, whatever its kind
 * @bad_tag: there was one, but it is none
 * @why: why it is not understood, or NULL
 * @used: bytes of @b
 * @b: the texts, each with a zero at its end. Each has lost its quotes, so that
 *	all have room
 */
struct request {
	const char		*cmd;
	json_t			*tag;
	uint32_t		given;
	char			other[REQUEST_NAME_MAX + 1];
	union {
		const char	*text;
		int64_t		number;
		bool		flag;
	} value[REQUEST_N_ARGUMENTS];
	unsigned int		depth;
	char			name[REQUEST_NAME_MAX + 1];
	size_t			name_len;
	bool			has_cmd;
	bool			bad_tag;
	const char		*why;
	size_t			used;
	char			b[CONTROL_LINE_MAX];
};

/**
 * request_read() - take a line apart
 * @request: result; on failure it has no tag
 * @line: the line
 * @len: its bytes, without the newline; less than CONTROL_LINE_MAX
 * @diag: filled in on failure
 *
 * Return: 0; -EINVAL: it is no JSON object, has something twice, or a tag that is
 * none; or -ENOMEM.
 */
int request_read(struct request *request, const char *line, size_t len,
		 struct themis_diag *diag);

/**
 * request_argument_name() - what an argument is called
 * @argument: which
 *
 * Return: its name in JSON.
 */
const char *request_argument_name(enum request_argument argument);

/**
 * request_has() - whether an argument is there
 * @request: the request
 * @argument: which
 *
 * Return: whether it is.
 */
static inline bool request_has(const struct request *request,
			       enum request_argument argument)
{
	return request->given & UINT32_C(1) << argument;
}

/**
 * request_text() - an argument that is a text
 * @request: the request
 * @argument: which
 *
 * Return: the text, which ends with a zero and has no other; NULL: not given.
 */
static inline const char *request_text(const struct request *request,
				       enum request_argument argument)
{
	return request->value[argument].text;
}

/**
 * request_number() - an argument that is a number
 * @request: the request
 * @argument: which
 *
 * Return: the number; 0: not given.
 */
static inline int64_t request_number(const struct request *request,
				     enum request_argument argument)
{
	return request->value[argument].number;
}

/**
 * request_flag() - an argument that is true or false
 * @request: the request
 * @argument: which
 *
 * Return: that; false: not given.
 */
static inline bool request_flag(const struct request *request,
				enum request_argument argument)
{
	return request->value[argument].flag;
}

#endif /* THEMISD_REQUEST_LINE_H */
