// SPDX-License-Identifier: GPL-2.0
/*
 * Names and abbreviations of ids.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "kernel.h"
#include "names.h"
#include "tool.h"

struct entry {
	struct themis_id	id;
	unsigned int		kinds;
	size_t			rank;	/* the first name of an id counts */
	char			name[NAME_MAX_LEN + 1];	/* "" for none */
};

static struct {
	struct entry	*entries;
	size_t		n;
	size_t		size;
	bool		loaded;		/* names */
	bool		ids_loaded;	/* ids that the kernel holds */
} names;

static void add(const struct themis_id *id, const char *name,
		unsigned int kinds)
{
	struct entry *entry;

	if (names.n == names.size) {
		names.size = names.size ? 2 * names.size : 64;
		names.entries = reallocarray(names.entries, names.size,
					     sizeof(*names.entries));
		if (!names.entries)
			abort();
	}
	entry = &names.entries[names.n];
	entry->rank = names.n++;
	entry->id = *id;
	entry->kinds = kinds;
	snprintf(entry->name, sizeof(entry->name), "%s", name ? name : "");
}

bool names_valid(const char *name)
{
	size_t i;

	for (i = 0; name[i]; i++)
		if (!isalnum((unsigned char)name[i]) &&
		    !strchr("._-@/", name[i]))
			return false;
	return i && i <= NAME_MAX_LEN && *name != '-';
}

/* Return: whether the line is good. */
static bool read_file_line(char *line)
{
	char *id_text, *name, *save, *hash = strchr(line, '#');
	struct themis_id id;

	if (hash)
		*hash = '\0';
	id_text = strtok_r(line, " \t\r\n", &save);
	if (!id_text)
		return true;
	name = strtok_r(NULL, " \t\r\n", &save);
	if (!name || !names_valid(name) || themis_id_parse(&id, id_text) ||
	    strtok_r(NULL, " \t\r\n", &save))
		return false;
	add(&id, name, NAMES_NODE | NAMES_PEER);
	return true;
}

static void read_file(void)
{
	const char *path = getenv("THEMIS_NAMES");
	unsigned int number = 0, bad = 0;
	char line[512];
	FILE *file;

	if (!path || !*path)
		path = NAMES_PATH;
	file = fopen(path, "re");
	if (!file && errno != ENOENT)
		tool_warn("cannot open %s: %s", path, strerror(errno));
	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		size_t len = strlen(line);
		bool whole = len && (line[len - 1] == '\n' ||
				     len < sizeof(line) - 1);

		number++;
		if (names.n >= NAMES_FILE_MAX) {
			tool_warn("%s:%u: only %d names are read", path, number,
				  NAMES_FILE_MAX);
			break;
		}
		if ((!whole || !read_file_line(line)) && !bad)
			bad = number;
		/* The rest of a line that is too long is no line. */
		while (!whole && fgets(line, sizeof(line), file))
			whole = strchr(line, '\n');
	}
	fclose(file);
	if (bad)
		tool_warn("%s:%u: not \"<64 hex digits> <name>\"", path, bad);
}

static void read_daemon(const char *cmd, const char *key, unsigned int kinds)
{
	json_t *rows = control_try(json_pack("{s:s}", "cmd", cmd));
	const char *text, *name;
	struct themis_id id;
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		text = json_string_value(json_object_get(row, key));
		name = json_string_value(json_object_get(row, "name"));
		if (!text || themis_id_parse(&id, text))
			continue;
		add(&id, name && names_valid(name) ? name : NULL, kinds);
	}
	json_decref(rows);
}

/* By id, and of the same id by age. */
static int compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = themis_id_compare(&x->id, &y->id);

	return order ? order : (x->rank > y->rank) - (x->rank < y->rank);
}

static void sort(void)
{
	if (names.n)
		qsort(names.entries, names.n, sizeof(*names.entries), compare);
}

void names_load(void)
{
	if (names.loaded)
		return;
	names.loaded = true;
	read_file();
	read_daemon("node-list", "id", NAMES_NODE);
	read_daemon("peer-list", "peer", NAMES_PEER);
	sort();
}

static int add_node(void *ctx, const struct themis_nl_node *node)
{
	add(&node->id, NULL, NAMES_NODE);
	return 0;
}

static int add_session(void *ctx, const struct themis_nl_session *session)
{
	add(&session->peer, NULL, NAMES_PEER);
	return 0;
}

/* What cannot be listed cannot be abbreviated: no error. */
static void load_ids(void)
{
	struct themis_nl *nl;

	names_load();
	if (names.ids_loaded)
		return;
	names.ids_loaded = true;
	nl = kernel_try(NULL);
	if (!nl)
		return;
	themis_nl_node_dump(nl, add_node, NULL);
	themis_nl_session_dump(nl, add_session, NULL);
	sort();
}

const char *names_of(const struct themis_id *id)
{
	size_t low = 0, high, mid;

	names_load();
	for (high = names.n; low < high;) {
		mid = low + (high - low) / 2;
		if (themis_id_compare(&names.entries[mid].id, id) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < names.n; low++) {
		if (!themis_id_equal(&names.entries[low].id, id))
			break;
		if (*names.entries[low].name)
			return names.entries[low].name;
	}
	return NULL;
}

static bool begins_with(const struct entry *entry, const char *word)
{
	char text[THEMIS_ID_TEXT];

	themis_id_format(&entry->id, text);
	return !strncasecmp(text, word, strlen(word));
}

/*
 * Look for @word among names, or among ids. Return: how many different ids it
 * stands for; the first is put into @id, the second into @other.
 */
static int look_up(const char *word, unsigned int kinds, bool by_name,
		   struct themis_id *id, struct themis_id *other)
{
	const struct entry *entry;
	int found = 0;
	size_t i;

	for (i = 0; i < names.n && found < 2; i++) {
		entry = &names.entries[i];
		if (!(entry->kinds & kinds))
			continue;
		if (by_name ? strcmp(entry->name, word) :
			      !begins_with(entry, word))
			continue;
		if (found && themis_id_equal(&entry->id, id))
			continue;
		*(found++ ? other : id) = entry->id;
	}
	return found;
}

int names_resolve(const char *word, unsigned int kinds, struct themis_id *id)
{
	size_t digits = strspn(word, "0123456789abcdefABCDEF");
	char one[THEMIS_ID_TEXT], two[THEMIS_ID_TEXT];
	struct themis_id other;
	int found;

	if (!themis_id_parse(id, word))
		return TOOL_OK;
	if (!*word)
		return tool_fail(TOOL_USAGE, NULL, "an id is empty");
	if (!word[digits] && digits >= THEMIS_ID_TEXT - 1)
		return tool_fail(TOOL_USAGE, "Give 64 hexadecimal digits.",
				 "\"%s\" is too long for an id", word);
	names_load();
	found = look_up(word, kinds, true, id, &other);
	if (!found && !word[digits] && digits >= NAMES_PREFIX) {
		load_ids();
		found = look_up(word, kinds, false, id, &other);
	}
	if (found == 1)
		return TOOL_OK;
	if (found)
		return tool_fail(TOOL_USAGE, "Write more of the id.",
				 "\"%s\" is ambiguous: %s, %s", word,
				 themis_id_format(id, one),
				 themis_id_format(&other, two));
	if (!word[digits] && digits < NAMES_PREFIX)
		return tool_fail(TOOL_USAGE,
				 "Give four digits of a known id or more.",
				 "\"%s\" is neither a known name nor long enough for an id",
				 word);
	return tool_fail(TOOL_USAGE,
			 kinds & NAMES_PEER ?
			 "Give all 64 digits, or see \"themis peer show\"." :
			 "See \"themis node show\".",
			 "no %s is known by \"%s\"",
			 kinds & NAMES_PEER ? "id" : "node", word);
}

void names_free(void)
{
	free(names.entries);
	memset(&names, 0, sizeof(names));
}
