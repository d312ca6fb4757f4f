// SPDX-License-Identifier: GPL-2.0
/*
 * The table of objects and commands. Help texts, abbreviations, the parser of
 * arguments and the shell's completion are all fed from here.
 */
#include "tool.h"

static const struct tool_command link_commands[] = {
	{ .name = "add", .run = link_add, .args = "port PORT",
	  .help = "have the kernel open a UDP port" },
	{ .name = "del", .run = link_del, .args = "port PORT",
	  .help = "close it; no node may use it any more" },
	{ .name = "show", .run = link_show, .args = "[port PORT]",
	  .help = "list the ports and how many nodes use them" },
	{ }
};

static const struct tool_command node_commands[] = {
	{ .name = "add", .run = node_add,
	  .args = "key FILE netid NAME link PORT [owner OWNER] [name NAME] [allow WHOM]",
	  .help = "take up an identity; OWNER is any, uid:N or gid:N" },
	{ .name = "set", .run = node_set, .args = "ID allow WHOM",
	  .help = "speak with any peer or with listed ones only" },
	{ .name = "del", .run = node_del, .args = "ID",
	  .help = "give it up, with its sessions" },
	{ .name = "show", .run = node_show, .args = "[ID]",
	  .help = "list the identities of this network namespace" },
	{ }
};

static const struct tool_command peer_commands[] = {
	{ .name = "add", .run = peer_add,
	  .args =
		"ID [node ID] [endpoint ADDR:PORT] [psk-file FILE] [name NAME]",
	  .help = "tell the daemon of a peer and where it is" },
	{ .name = "del", .run = peer_del, .args = "ID [node ID]",
	  .help = "forget a peer" },
	{ .name = "allow", .run = peer_allow, .args = "ID [node ID]",
	  .help = "list a peer as one that we speak with" },
	{ .name = "deny", .run = peer_deny, .args = "ID [node ID]",
	  .help = "have nothing to do with it; ends its session" },
	{ .name = "connect", .run = peer_connect, .args = "ID [node ID]",
	  .help = "agree on a key with it now" },
	{ .name = "show", .run = peer_show, .args = "[ID] [node ID]",
	  .help = "list the peers, their state, and why it is so" },
	{ }
};

static const struct tool_command session_commands[] = {
	{ .name = "show", .run = session_show,
	  .args = "[peer ID] [node ID]",
	  .help = "list the kernel's sessions; -s counters, -d keys" },
	{ .name = "del", .run = session_del, .args = "peer ID [node ID]",
	  .help = "end a session and wipe its keys" },
	{ }
};

static const struct tool_command socket_commands[] = {
	{ .name = "show", .run = socket_show, .args = "",
	  .help = "list the bound sockets; -s drops and commands" },
	{ }
};

static const struct tool_command key_commands[] = {
	{ .name = "new", .run = key_new, .args = "FILE [netid NAME]",
	  .help = "make a key file; prints its public part" },
	{ .name = "show", .run = key_show, .args = "FILE [netid NAME]",
	  .help = "print the public part and, in a network, the id" },
	{ .name = "admit", .run = key_admit,
	  .args = "FILE netid NAME id ID until SEC",
	  .help = "let a node into a closed network, by the network's key" },
	{ .name = "psk", .run = key_psk, .args = "FILE",
	  .help = "make a file with a random pre-shared key" },
	{ }
};

static const struct tool_command stats_commands[] = {
	{ .name = "show", .run = stats_show, .args = "[NAME]",
	  .help = "counters that are not 0; -d all, -s with their meaning" },
	{ }
};

static const struct tool_command monitor_commands[] = {
	{ .name = "", .run = monitor_run, .raw = true,
	  .args = "[all | link | node | session | peer | acquire]...",
	  .help = "print events as they come" },
	{ }
};

static const struct tool_command nc_commands[] = {
	{ .name = "", .run = nc_run, .raw = true,
	  .args =
		"[-l [-k] [--echo]] [-w SEC] [-n COUNT] [--hex] [--whole] ADDR [from ADDR]",
	  .help = "send and receive; ADDR is ID:PORT, with -l also :PORT" },
	{ }
};

static const struct tool_command check_commands[] = {
	{ .name = "", .run = check_run, .args = "[PEER]",
	  .help = "find out why two nodes do not talk" },
	{ }
};

static const struct tool_command net_commands[] = {
	{ .name = "show", .run = net_show, .args = "[node ID]",
	  .help = "our nodes in the directory; -d more, -s what was counted" },
	{ .name = "neighbours", .run = net_neighbours, .args = "[node ID]",
	  .help = "the members that a node of ours knows, nearest first" },
	{ .name = "objects", .run = net_objects, .args = "[node ID]",
	  .help = "the objects that a node of ours keeps" },
	{ .name = "published", .run = net_published, .args = "[node ID]",
	  .help = "what a node of ours has stored, and stores again" },
	{ .name = "unpublish", .run = net_unpublish, .args = "ID [node ID]",
	  .help = "store it again no longer: it is there until it expires" },
	{ }
};

static const struct tool_command join_commands[] = {
	{ .name = "", .run = join_run,
	  .args = "[ID endpoint ADDR:PORT] [node ID]",
	  .help = "have a node join the directory, through this member" },
	{ }
};

static const struct tool_command leave_commands[] = {
	{ .name = "", .run = leave_run, .args = "[node ID]",
	  .help = "hand the objects over, and be in the directory no longer" },
	{ }
};

static const struct tool_command update_commands[] = {
	{ .name = "", .run = update_run, .args = "[node ID]",
	  .help = "compare objects with the nearest members now" },
	{ }
};

static const struct tool_command find_commands[] = {
	{ .name = "", .run = find_run, .raw = true,
	  .args =
		"[--trace] [ID | name NAME [owner KEY] | set NAME [owner KEY]] [node ID]",
	  .help = "look for a node or an object; --trace shows the way" },
	{ }
};

static const struct tool_command store_commands[] = {
	{ .name = "", .run = store_run, .raw = true,
	  .args =
		"[--keep] [FILE] [value TEXT] [name NAME] [set NAME] [owner KEY] [grant HEX] [until SEC] [ttl SEC] [seq NUMBER] [node ID]",
	  .help = "store a value; of FILE, or - for standard input; --keep: until net unpublish" },
	{ }
};

static const struct tool_command help_commands[] = {
	{ .name = "", .run = help_run, .args = "[OBJECT] [COMMAND]",
	  .help = "explain an object or a command" },
	{ }
};

const struct tool_object tool_table[] = {
	{ "link", "UDP ports of the kernel", link_commands },
	{ "node", "identities of this machine", node_commands },
	{ "peer", "identities that we speak to", peer_commands },
	{ "session", "the kernel's keys with peers", session_commands },
	{ "socket", "AF_THEMIS sockets of this network namespace",
	  socket_commands },
	{ "key", "files with secrets", key_commands },
	{ "stats", "the kernel's counters", stats_commands },
	{ "monitor", "events", monitor_commands },
	{ "nc", "datagrams from and to the terminal", nc_commands },
	{ "net", "the directory of a network", net_commands },
	{ "join", "be in the directory", join_commands },
	{ "leave", "leave it", leave_commands },
	{ "find", "look for nodes and objects there", find_commands },
	{ "store", "put an object there", store_commands },
	{ "update", "repair copies there", update_commands },
	{ "check", "find what is wrong", check_commands },
	{ "help", "this text", help_commands },
	{ }
};
