/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the directory share.
 */
#ifndef THEMISD_DIRECTORY_STATE_H
#define THEMISD_DIRECTORY_STATE_H

#include "control.h"
#include "core.h"
#include "dht.h"
#include "directory.h"
#include "directory_count.h"
#include "message.h"
#include "jtext.h"

/* Bounds. */
#define DIRECTORY_HELD_MAX	4096	/* messages that wait for a session */
#define DIRECTORY_WAITS_MAX	2048	/* operations that somebody waits for */
#define DIRECTORY_HEDGES_MAX	1024	/* agreements that are watched */
#define DIRECTORY_STEPS_MAX	1024	/* of one that are shown */

/**
 * struct directory_count - what was counted since the daemon began
 * @n: by enum directory_counter
 * @message: by enum directory_way and enum dht_type
 * @outcome: operations that ended, by enum dht_type and enum dht_outcome
 * @took: how long they took, by enum dht_type
 */
struct directory_count {
	uint64_t		n[__DIRECTORY_N_MAX];
	uint64_t		message[__DIRECTORY_WAY_MAX][__DHT_TYPE_MAX];
	uint64_t		outcome[__DHT_TYPE_MAX][DIRECTORY_OUTCOMES_MAX];
	struct themis_rtt	took[__DHT_TYPE_MAX];
};

/**
 * struct network - the parameters of a network here
 * @next: in the directory's list
 * @net: of the core
 * @netid: its name
 */
struct network {
	struct network	*next;
	struct dht_net	*net;
	char		netid[THEMIS_NETID_MAX + 1];
};

/**
 * struct member - a node that is in a directory
 * @next: in the directory's list
 * @dir: whose
 * @network: the network
 * @dht: of the core
 * @id: who it is
 * @fd: its socket, or -1
 * @watcher: on @fd
 * @timer: until it joins, or joins again
 * @joining: number of the operation, 0 for none
 * @tries: joins that came to nothing, in a row
 * @joined: it has joined
 * @turns: how often it was looked whom it knows
 * @kept: how many members it knew when they were last written
 * @seq: the highest that it has signed an object with
 * @work: proof of work, or where to go on with making one
 * @work_bits: what the proof that it has shows
 * @working: one is being made
 * @renew_at: when it is looked what of its own is to be stored again,
 *	microseconds
 */
struct member {
	struct member		*next;
	struct directory	*dir;
	struct network		*network;
	struct dht_node		*dht;
	struct themis_id	id;
	int			fd;
	ev_io			watcher;
	ev_timer		timer;
	uint64_t		joining;
	unsigned int		tries;
	bool			joined;
	unsigned int		turns;
	unsigned int		kept;
	uint64_t		seq;
	uint64_t		work;
	unsigned int		work_bits;
	bool			working;
	uint64_t		renew_at;
};

/**
 * struct wait - somebody waits for an operation
 * @next: in the directory's list
 * @member: whose operation
 * @op: its number
 * @began: when it began, microseconds
 * @steps: JSON array of its steps, to be filled; NULL: nobody wants to see them
 * @keep: called before @done with how it ended, where something is to be on
 *	disk before anybody is told; may be NULL
 * @done: called once, with how it ended, or NULL if the member has gone; frees
 *	the wait
 */
struct wait {
	struct wait	*next;
	struct member	*member;
	uint64_t	op;
	uint64_t	began;
	json_t		*steps;
	void		(*keep)(struct wait *wait,
				const struct dht_action *act);
	void		(*done)(struct wait *wait,
				const struct dht_action *act);
};

/**
 * struct publication - what a node of ours has stored
 * @b: the object
 * @len: its length in bytes
 * @until: for how long it is to be there, seconds of the world's clock;
 *	PUBLISH_ALWAYS: until it is taken back
 * @stored: when it was last stored, seconds of the world's clock
 * @ttl: for how many seconds it is signed each time, where @until is
 *	PUBLISH_ALWAYS
 */
struct publication {
	const uint8_t	*b;
	size_t		len;
	uint64_t	until;
	uint64_t	stored;
	uint64_t	ttl;
};

#define PUBLISH_ALWAYS	UINT64_MAX

/* What is to become of a publication that was looked at. */
enum publish_verdict {
	PUBLISH_NEXT,		/* nothing; the next one */
	PUBLISH_WRITE,		/* it has changed */
	PUBLISH_FORGET,
	PUBLISH_STOP,		/* nothing, and enough */
};

/**
 * struct directory_question - an operation that a client asks for
 * @begin: begins it; returns its number, or 0 without room
 * @id: what it is about, or NULL
 * @b: an object, or NULL
 * @len: its length in bytes
 * @until: as in struct publication
 * @ttl: the same
 * @trace: the answer has the steps, too
 */
struct directory_question {
	uint64_t		(*begin)(struct member *member,
					 const struct directory_question *q);
	const struct themis_id	*id;
	const uint8_t		*b;
	size_t			len;
	uint64_t		until;
	uint64_t		ttl;
	bool			trace;
};

/**
 * struct held - a message that waits for a session
 * @next: in the directory's list, oldest first
 * @member: who sends it
 * @act: the message
 * @since: when it began to wait, microseconds
 * @called: when the agreement was begun; 0 for not yet
 */
struct held {
	struct held		*next;
	struct member		*member;
	struct dht_action	*act;
	uint64_t		since;
	uint64_t		called;
};

/**
 * struct directory - all of it
 * @d: the daemon
 * @host: the core
 * @timer: when the core wants to be called
 * @deadline: what it is set to, microseconds
 * @clock_at: when the core was last told the world's clock
 * @members: who is in a directory
 * @networks: their networks
 * @waits: who waits for operations
 * @n_waits: how many
 * @beginning: whose operation is about to begin, or NULL
 * @n_traced: how many want to see steps
 * @held: messages that wait for a session
 * @held_end: where the next one goes
 * @n_held: how many
 * @calling: agreements for some of them are being begun
 * @hedges: agreements that may have gone to the wrong place
 * @n_hedges: how many
 * @later: what waits for the disk
 * @disk: what is kept, see directory_disk.c
 * @taken: messages since directory_drive() was called
 * @driving: directory_drive() is at work
 * @kept: all that led to the results that are being told is on disk
 * @count: what was counted
 */
struct directory {
	struct daemon	*d;
	struct dht_host	*host;
	ev_timer	timer;
	uint64_t	deadline;
	uint64_t	clock_at;
	struct member	*members;
	struct network	*networks;
	struct wait	*waits;
	unsigned int	n_waits;
	struct wait	*beginning;
	unsigned int	n_traced;
	struct held	*held;
	struct held	**held_end;
	unsigned int	n_held;
	bool		calling;
	struct hedge	*hedges;
	unsigned int	n_hedges;
	struct dht_action *later;
	struct disk	*disk;
	unsigned int	taken;
	bool		driving;
	bool		kept;
	struct directory_count count;
};

/* directory.c */
struct member *directory_member(const struct daemon *d,
				const struct themis_id *id);
uint64_t directory_now(struct directory *dir);
void directory_drive(struct directory *dir);
void directory_soon(struct directory *dir);
void directory_begin(struct member *member, struct wait *wait);
int directory_wait(struct member *member, struct wait *wait, uint64_t op,
		   void (*done)(struct wait *wait,
				const struct dht_action *act));

/* directory_count.c */
void directory_count_result(struct directory *dir,
			    const struct dht_action *act, uint64_t now);
uint64_t directory_state_now(const struct directory *dir,
			     enum directory_state state);
json_t *directory_json_node(struct member *member);
json_t *directory_json_counters(const struct directory *dir);
json_t *directory_json_operations(const struct directory *dir);

/* directory_json.c */
json_t *directory_json_contact(const struct dht_contact *contact);
json_t *directory_json_key(const uint8_t key[32]);
json_t *directory_json_object(const uint8_t *b, size_t len);
void directory_json_result(struct jtext *text, const struct dht_action *act,
			   uint64_t now);
json_t *directory_json_step(const struct dht_step *step, uint64_t began);

/* directory_request.c */
struct member *directory_member_of(struct daemon *d,
				   const struct request *request,
				   struct themis_diag *diag);
int directory_key(const char *text, uint8_t key[32],
		  struct themis_diag *diag);
int directory_ask(struct member *member, struct control_client *client,
		  const struct directory_question *q,
		  struct themis_diag *diag);

/* directory_acquire.c */
void acquire_forget(struct member *member);

/* directory_member.c */
void member_join(struct member *member);
struct member *member_new(struct directory *dir, const struct node *node);
void member_free(struct member *member);
void member_joined(struct member *member, const struct dht_action *act);

/* directory_disk.c */
int disk_open(struct directory *dir);
void disk_close(struct directory *dir);
void disk_keep(struct member *member, const struct dht_action *act);
void disk_drop(struct member *member, const struct dht_action *act);
bool disk_commit(struct directory *dir);
bool disk_bad(const struct directory *dir);
void disk_contacts(struct member *member);
void disk_proof(struct member *member, uint64_t work);
void disk_load(struct member *member);
void disk_forget(struct member *member);

/* directory_published.c */
bool disk_publish(struct member *member, const struct publication *p);
void disk_publish_stored(struct member *member, const uint8_t *b, size_t len,
			 uint64_t now);
unsigned int disk_unpublish(struct member *member, const struct themis_id *id);
void disk_published(struct member *member,
		    enum publish_verdict (*cb)(void *ctx,
					       const struct themis_id *id,
					       struct publication *p),
		    void *ctx);

/* directory_work.c */
bool work_done(struct member *member);
void work_believe(struct member *member, uint64_t work);

/* directory_publish.c */
void publish_renew(struct member *member);
void publish_due(struct member *member, uint64_t seconds);
uint64_t publish_half(const struct member *member,
		      const struct publication *p);

/* directory_store.c */
int store_sign_again(struct member *member, struct publication *p,
		     uint8_t b[DHT_OBJECT_MAX]);

/* directory_socket.c */
int socket_open(struct member *member);
void socket_close(struct member *member);
int socket_send(struct member *member, const struct dht_action *act);

/* directory_mail.c */
void mail_post(struct member *member, struct dht_action *act);
void mail_expire(struct directory *dir, uint64_t now);
void mail_forget(struct directory *dir, const struct member *member);

/* directory_contact.c */
bool contact_of(struct member *member, const struct themis_id *peer,
		struct dht_contact *contact);
bool contact_to_endpoint(const struct dht_contact *contact,
			 union themis_endpoint *endpoint);
bool contact_from_endpoint(struct dht_contact *contact,
			   const union themis_endpoint *endpoint);

#endif /* THEMISD_DIRECTORY_STATE_H */
