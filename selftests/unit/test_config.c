// SPDX-License-Identifier: GPL-2.0
/*
 * The configuration file, and the words in it that clients use as well.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define ID	"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define PUBLIC	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE="
#define NODE	"[node a]\nkey=/k\nnetid=n\nlink=7000\n"

#define TEMPLATE	"/tmp/themis-config-XXXXXX"

static char path[sizeof(TEMPLATE)];

static void put(const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	fclose(file);
}

static void accepted(struct config *config, const char *text)
{
	struct themis_diag diag = { 0 };

	put(text);
	if (config_read(config, path, &diag))
		fail_msg("\"%s\" was refused: %s", text, diag.what);
}

/* Refused at @line, with @word in the reason and a next step. */
static void refused(const char *text, unsigned int line, const char *word)
{
	struct themis_diag diag = { 0 };
	struct config config;
	char where[64];

	put(text);
	if (config_read(&config, path, &diag) != -EINVAL)
		fail_msg("\"%s\" was accepted", text);
	snprintf(where, sizeof(where), "%s:%u: ", path, line);
	if (strncmp(diag.what, where, strlen(where)))
		fail_msg("\"%s\" does not begin with \"%s\"", diag.what,
			 where);
	if (!strstr(diag.what, word))
		fail_msg("\"%s\" does not say \"%s\"", diag.what, word);
	assert_true(diag.next[0]);
	config_free(&config);
}

static void reads_all_there_is(void **state)
{
	struct config c;

	accepted(&c,
		 "# a comment\n"
		 "[daemon]\n"
		 "control = /run/x.sock\n"
		 "state=/var/lib/x.json   ; another\n"
		 "rekey = 30\n"
		 "metrics = /run/m.sock\n"
		 "user = themis\n"
		 "\n"
		 "[link]\n"
		 "port = 7000\n"
		 "[link]\n"
		 "port = 7001\n"
		 "[node one]\n"
		 "key = /etc/one.key\n"
		 "netid = prod\n"
		 "link = 7000\n"
		 "owner = gid:33\n"
		 "create-key = yes\n"
		 "[node two]\n"
		 "key = /etc/two.key\n"
		 "netid = test\n"
		 "link = 7001\n"
		 "[peer billing@prod]\n"
		 "node = one\n"
		 "id = " ID "\n"
		 "endpoint = [2001:db8::1]:7000\n"
		 "psk-file = /etc/b.psk\n"
		 "[peer b]\n"
		 "node = two\n"
		 "id = " ID "\n"
		 "endpoint = host.example:7000\n");
	assert_string_equal(c.control, "/run/x.sock");
	assert_string_equal(c.state, "/var/lib/x.json");
	assert_int_equal(c.rekey_s, 30);
	assert_string_equal(c.metrics, "/run/m.sock");
	assert_string_equal(c.user, "themis");
	assert_int_equal(c.nlinks, 2);
	assert_int_equal(c.links[1], 7001);
	assert_int_equal(c.nnodes, 2);
	assert_string_equal(c.nodes[0].name, "one");
	assert_string_equal(c.nodes[0].key, "/etc/one.key");
	assert_string_equal(c.nodes[0].netid, "prod");
	assert_int_equal(c.nodes[0].link, 7000);
	assert_string_equal(c.nodes[0].owner, "gid:33");
	assert_true(c.nodes[0].create_key);
	assert_null(c.nodes[1].owner);
	assert_false(c.nodes[1].create_key);
	assert_int_equal(c.npeers, 2);
	assert_string_equal(c.peers[0].name, "billing@prod");
	assert_string_equal(c.peers[0].node, "one");
	assert_int_equal(c.peers[0].id.b[1], 0x11);
	assert_string_equal(c.peers[0].endpoint, "[2001:db8::1]:7000");
	assert_string_equal(c.peers[0].psk_file, "/etc/b.psk");
	assert_null(c.peers[1].psk_file);
	config_free(&c);
	/* Twice does no harm. */
	config_free(&c);
}

static void empty_is_enough(void **state)
{
	struct config c;

	accepted(&c, "");
	assert_int_equal(c.nnodes, 0);
	config_free(&c);
	accepted(&c, "[daemon]\n# control = /x\n[link]\n");
	assert_null(c.control);
	config_free(&c);
}

static void only_node_needs_no_name(void **state)
{
	struct config c;

	accepted(&c, NODE "[peer b]\nid=" ID "\n");
	assert_null(c.peers[0].node);
	config_free(&c);
	refused("[peer b]\nid=" ID "\n", 2, "lacks \"node\"");
	refused(NODE "[node c]\nkey=/k\nnetid=n\nlink=1\n[peer b]\nid=" ID "\n",
		10, "lacks \"node\"");
}

static void who_is_allowed(void **state)
{
	struct config c;

	accepted(&c, NODE "allow=listed\n[peer b]\nid=" ID "\nallow=no\n"
		 "[peer c]\nid=" ID "\nallow=yes\n[peer d]\nid=" ID "\n");
	assert_string_equal(c.nodes[0].allow, "listed");
	assert_true(c.peers[0].denied);
	assert_false(c.peers[1].denied);
	assert_false(c.peers[2].denied);
	config_free(&c);
	accepted(&c, NODE "allow=any\n");
	assert_string_equal(c.nodes[0].allow, "any");
	config_free(&c);
	refused(NODE "allow=some\n", 5, "tells not whom to allow");
	refused(NODE "allow=any\nallow=any\n", 6, "given twice");
	refused(NODE "[peer b]\nid=" ID "\nallow=any\n", 7,
		"neither yes nor no");
	refused(NODE "[peer b]\nid=" ID "\nendpoint=no host:1\n", 7,
		"is no endpoint");
}

static void missing_file(void **state)
{
	struct themis_diag diag = { 0 };
	struct config c;

	assert_int_equal(config_read(&c, "/no/such/file", &diag), -ENOENT);
	assert_non_null(strstr(diag.what, "/no/such/file"));
	config_free(&c);
	assert_int_equal(config_read(&c, "/tmp", &diag), -EIO);
	config_free(&c);
}

static void unknown_words(void **state)
{
	refused("[demon]\ncontrol=/x\n", 2, "no section [demon]");
	refused("control=/x\n", 1, "no section []");
	refused("[daemon]\ncolor=red\n", 2, "no key \"color\"");
	refused("[link]\nprot=7000\n", 2, "no key \"prot\"");
	refused(NODE "pwd=x\n", 5, "no key \"pwd\"");
	refused("[peer b]\nhost=x\n", 2, "no key \"host\"");
	refused("[node]\nkey=/k\n", 2, "no section [node]");
}

static void broken_lines(void **state)
{
	static char long_line[1024];

	refused("[daemon\ncontrol=/x\n", 1, "not understood");
	refused("[daemon]\ncontrol\n", 2, "not understood");
	memset(long_line, 'x', sizeof(long_line) - 1);
	memcpy(long_line, "[daemon]\ncontrol=/", 18);
	refused(long_line, 2, "too long");
}

static void bad_values(void **state)
{
	refused("[link]\nport=0\n", 2, "no UDP port");
	refused("[link]\nport=65536\n", 2, "no UDP port");
	refused("[link]\nport=http\n", 2, "no UDP port");
	refused("[daemon]\ncontrol=x.sock\n", 2, "absolute");
	refused("[daemon]\ncontrol=\n", 2, "absolute");
	refused("[daemon]\nmetrics=m.sock\n", 2, "absolute");
	refused("[daemon]\nuser=123456789012345678901234567890123\n", 2,
		"too long");
	refused("[daemon]\nrekey=4\n", 2, "not between");
	refused("[daemon]\nrekey=121\n", 2, "not between");
	refused("[daemon]\nrekey=-5\n", 2, "not between");
	refused("[daemon]\nrekey=99999999999999999999\n", 2, "not between");
	refused("[node a]\nkey=k\n", 2, "absolute");
	refused("[node a]\nnetid=two words\n", 2, "no name of a network");
	refused("[node a]\nnetid=123456789012345678901234567890123\n", 2,
		"no name of a network");
	refused("[node a]\nowner=root\n", 2, "no owner");
	refused("[node a]\nlink=-1\n", 2, "no UDP port");
	refused("[node a]\ncreate-key=true\n", 2, "neither yes nor no");
	refused("[peer b]\nid=0011\n", 2, "no id");
	refused("[peer b]\nid=" ID "00\n", 2, "no id");
	refused("[peer b]\nendpoint=192.0.2.1\n", 2, "no endpoint");
	refused("[peer b]\nendpoint=\n", 2, "no endpoint");
	refused("[peer b]\npsk-file=p\n", 2, "absolute");
}

static void bad_names(void **state)
{
	refused("[node a b]\nkey=/k\n", 2, "no name");
	refused("[node a/b]\nkey=/k\n", 2, "no name");
	refused("[peer \xc3\xa4]\nid=" ID "\n", 2, "no name");
	refused("[node 123456789012345678901234567890123]\nkey=/k\n", 2,
		"no name");
}

static void given_twice(void **state)
{
	refused("[daemon]\ncontrol=/x\ncontrol=/y\n", 3, "twice");
	refused("[link]\nport=7000\n[link]\nport=7000\n", 4, "twice");
	refused(NODE "key=/l\n", 5, "twice");
	refused(NODE "link=7000\n", 5, "twice");
	refused(NODE NODE, 6, "twice");
	refused("[peer b]\nid=" ID "\nid=" ID "\n", 3, "twice");
}

static void directories(void **state)
{
	struct dht_params params;
	struct config c;

	accepted(&c, "[network n]\nredundancy = 4\nlease-max=60\n" NODE
		 "directory = yes\n[peer b]\nid=" ID
		 "\nendpoint=192.0.2.1:7000\nbootstrap = yes\n"
		 "[network m]\nobjects = 7\n");
	assert_true(c.nodes[0].directory);
	assert_true(c.peers[0].bootstrap);
	config_network_params(&c, "n", &params);
	assert_int_equal(params.redundancy, 4);
	assert_int_equal(params.lease_max, 60);
	assert_int_equal(params.objects, 65536);
	config_network_params(&c, "m", &params);
	assert_int_equal(params.redundancy, 8);
	assert_int_equal(params.objects, 7);
	config_network_params(&c, "another", &params);
	assert_int_equal(params.redundancy, 8);
	config_free(&c);
	accepted(&c, "[network n]\nwork-bits = 3\nkey = " PUBLIC "\n");
	config_network_params(&c, "n", &params);
	assert_true(params.closed);
	assert_int_equal(params.key[31], 1);
	assert_int_equal(params.work_bits, 3);
	config_free(&c);
	refused("[network n]\nkey=AAAA\n", 2, "no public key");
	refused(NODE "admission=1:AAAA\n", 5, "no admission");
	refused(NODE "admission=AAAA\n", 5, "no admission");
	accepted(&c, NODE);
	assert_false(c.nodes[0].directory);
	config_free(&c);

	refused(NODE "directory=maybe\n", 5, "neither yes nor no");
	refused(NODE "[peer b]\nid=" ID "\nbootstrap=yes\n", 6,
		"lacks \"endpoint\"");
	refused("[network n]\nredundancy=33\n", 2, "not between 1 and 32");
	refused("[network n]\nredundancy=x\n", 2, "not between 1 and 32");
	refused("[network n]\nkeep=99999999999\n", 2, "not between");
	refused("[network n]\ncopies=3\n", 2, "no key \"copies\"");
	refused("[network n]\nlease-min=60\nlease-max=6\n", 2,
		"do not go together");
	refused("[network a b]\nkeep=60\n", 2, "no name of a network");
	refused("[network n]\nkeep=60\n[network n]\nkeep=60\n", 4, "twice");
}

static void left_out(void **state)
{
	refused("[node a]\nnetid=n\nlink=1\n", 2, "lacks \"key\"");
	refused("[node a]\nkey=/k\nlink=1\n", 2, "lacks \"netid\"");
	refused("[node a]\nkey=/k\nnetid=n\n", 2, "lacks \"link\"");
	refused(NODE "[peer b]\nnode=a\n", 6, "lacks \"id\"");
	refused(NODE "[peer b]\nnode=z\nid=" ID "\n", 6, "unknown node");
	refused("[node a]\n[daemon]\n", 2, "before this one is empty");
	refused(NODE "[peer b]\n", 5, "last section is empty");
}

static void the_first_fault_is_told(void **state)
{
	refused("[link]\nport=0\n[nonsense]\na=b\n", 2, "no UDP port");
}

static void owners(void **state)
{
	static const char * const bad[] = {
		"", "uid", "uid:", "uid:-1", "uid:+1", "uid: 1", "uid:0x1",
		"gid:4294967295", "gid:4294967296", "uid:99999999999",
		"Any", "any ", "pid:1", "uid:1 ",
	};
	enum themis_owner owner;
	struct node node = { 0 };
	char text[16];
	uint32_t id;
	size_t i;

	assert_int_equal(node_owner_parse("any", &owner, &id), 0);
	assert_int_equal(owner, THEMIS_OWNER_ANY);
	assert_int_equal(node_owner_parse("uid:0", &owner, &id), 0);
	assert_int_equal(owner, THEMIS_OWNER_UID);
	assert_int_equal(id, 0);
	assert_int_equal(node_owner_parse("gid:4294967294", &owner, &id), 0);
	assert_int_equal(owner, THEMIS_OWNER_GID);
	assert_int_equal(id, 4294967294u);
	node.owner = owner;
	node.owner_id = id;
	assert_string_equal(node_owner_format(&node, text), "gid:4294967294");
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		if (node_owner_parse(bad[i], &owner, &id) != -EINVAL)
			fail_msg("\"%s\" was accepted", bad[i]);
}

static int setup(void **state)
{
	int fd = mkstemp(strcpy(path, TEMPLATE));

	return fd < 0 || close(fd);
}

static int teardown(void **state)
{
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_all_there_is),
		cmocka_unit_test(empty_is_enough),
		cmocka_unit_test(only_node_needs_no_name),
		cmocka_unit_test(missing_file),
		cmocka_unit_test(who_is_allowed),
		cmocka_unit_test(unknown_words),
		cmocka_unit_test(broken_lines),
		cmocka_unit_test(bad_values),
		cmocka_unit_test(bad_names),
		cmocka_unit_test(given_twice),
		cmocka_unit_test(directories),
		cmocka_unit_test(left_out),
		cmocka_unit_test(the_first_fault_is_told),
		cmocka_unit_test(owners),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
