// SPDX-License-Identifier: GPL-2.0
/*
 * A hostile user: several of them, in several processes and threads, call what
 * can be called of the family's sockets and netlink, nearly rightly. They share
 * objects and descriptors, so that they meet. In the end the family must work
 * as if nobody had done anything, and the kernel must not have complained:
 * run it on one with KASAN, lockdep and kmemleak to learn the most.
 *
 *   fuzz [SECONDS [SEED]]
 *
 * THEMIS_FUZZ_SECONDS and THEMIS_FUZZ_SEED are the same; without a seed each
 * run takes another one, and prints it. What one thread tries is decided by the
 * seed alone; how the threads meet is not.
 */
#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define SECONDS		30
#define THREADS		3
#define PORT		9
#define FAIR_SECONDS	20	/* in which each call succeeds at least once */

static const char * const call_name[__FUZZ_MAX] = {
	[FUZZ_SOCKET]		= "socket",
	[FUZZ_CLOSE]		= "close",
	[FUZZ_DUP]		= "dup",
	[FUZZ_BIND]		= "bind",
	[FUZZ_CONNECT]		= "connect",
	[FUZZ_GETNAME]		= "getsockname, getpeername",
	[FUZZ_SETSOCKOPT]	= "setsockopt",
	[FUZZ_GETSOCKOPT]	= "getsockopt",
	[FUZZ_SOL_SOCKET]	= "setsockopt SOL_SOCKET",
	[FUZZ_SENDMSG]		= "sendmsg",
	[FUZZ_SENDMMSG]		= "sendmmsg",
	[FUZZ_RECVMSG]		= "recvmsg",
	[FUZZ_RECVMMSG]		= "recvmmsg",
	[FUZZ_READ]		= "read",
	[FUZZ_WRITE]		= "write",
	[FUZZ_SPLICE]		= "splice",
	[FUZZ_POLL]		= "poll",
	[FUZZ_EPOLL]		= "epoll",
	[FUZZ_SHUTDOWN]		= "shutdown",
	[FUZZ_IOCTL]		= "ioctl",
	[FUZZ_FCNTL]		= "fcntl",
	[FUZZ_UNFIT]		= "listen, accept, socketpair, mmap",
	[FUZZ_KNOCK]		= "packet to a link",
	[FUZZ_REQUEST]		= "netlink request",
	[FUZZ_MUTANT]		= "netlink mutant",
	[FUZZ_JOIN]		= "netlink join",
	[FUZZ_DUMP]		= "netlink dump",
	[FUZZ_DIAG]		= "sock_diag",
	[FUZZ_LISTEN]		= "netlink group",
	[FUZZ_WORLD]		= "namespace",
};

/* Who acts, and where. */
static const struct actor {
	const char	*name;
	bool		home;		/* in the namespace that all share */
	bool		user_ns;	/* root of a user namespace of its own */
	uid_t		uid;
} actors[] = {
	{ "root at home", true, false, 0 },
	{ "root at home, too", true, false, 0 },
	{ "an ordinary user at home", true, false, 65534 },
	{ "root of a user namespace", false, true, 65534 },
};

static struct fuzz_world world;

__u64 fuzz_odd(struct fuzz *f)
{
	__u64 bit = 1ULL << fuzz_below(f, 64);

	switch (fuzz_below(f, 5)) {
	case 0:
		return 0;
	case 1:
		return bit;
	case 2:
		return bit - 1;
	case 3:
		return -bit;
	default:
		return random_next(&f->random);
	}
}

void fuzz_id(struct fuzz *f, __u8 *id)
{
	if (fuzz_rare(f, 24))
		memset(id, 0, THEMIS_ID_LEN);
	else
		memcpy(id, f->world->id[fuzz_below(f, FUZZ_IDS)],
		       THEMIS_ID_LEN);
}

void fuzz_mangle(struct fuzz *f, void *buf, size_t len)
{
	__u8 *p = buf;

	for (int n = 1 + fuzz_below(f, 4); len && n; n--)
		p[fuzz_below(f, len)] ^= 1 << fuzz_below(f, 8);
}

long fuzz_note(struct fuzz *f, enum fuzz_call call, long status)
{
	struct fuzz_score *score = f->world->score;
	__u64 *place = &score->good[call];

	/* The first place is for what no errno is. */
	if (status < 0)
		place = &score->bad[call][errno > 0 && errno < FUZZ_ERRNO ?
					  errno : 0];
	__atomic_fetch_add(place, 1, __ATOMIC_RELAXED);
	return status;
}

static void *act(void *arg)
{
	struct fuzz *f = arg;

	for (;;)
		if (fuzz_rare(f, 3))
			fuzz_netlink_call(f);
		else
			fuzz_socket_call(f);
	return NULL;
}

static int become(const struct actor *actor, struct net *home)
{
	static struct net own;

	if (actor->home ? net_enter(home) : 0)
		return -errno;
	if (actor->uid && (setgroups(0, NULL) ||
			   setresgid(actor->uid, actor->uid, actor->uid) ||
			   setresuid(actor->uid, actor->uid, actor->uid)))
		return -errno;
	/* Unmapped it has all capabilities there, and nobody's uid. */
	if (actor->user_ns)
		return unshare(CLONE_NEWUSER) ? -errno : net_new(&own);
	return 0;
}

/* One process of some threads; lives until it is killed. */
static void play(const struct actor *actor, struct net *home, __u64 seed)
{
	static struct fuzz threads[THREADS];
	static int fds[FUZZ_FDS];
	pthread_t thread;

	if (become(actor, home))
		_exit(2);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGIO, SIG_IGN);
	signal(SIGURG, SIG_IGN);
	memset(fds, -1, sizeof(fds));
	for (int i = 0; i < THREADS; i++) {
		struct fuzz *f = &threads[i];

		f->world = &world;
		f->random = seed + i;
		f->random = random_next(&f->random);
		f->fd = fds;
		f->net.af = world.af;
		f->net.fd = -1;
		f->diag = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
				 NETLINK_SOCK_DIAG);
		if (nl_open_themis(&f->net.nl) || nl_open_themis(&f->ears) ||
		    f->diag < 0)
			_exit(3);
	}
	for (int i = 1; i < THREADS; i++)
		if (pthread_create(&thread, NULL, act, &threads[i]))
			_exit(4);
	act(&threads[0]);
}

/* A home with two nodes that may talk from the beginning. */
static int make_home(struct net *home)
{
	int err;

	err = net_new(home);
	if (err)
		return err;
	world.af = home->af;
	for (int i = 0; i < FUZZ_IDS; i++)
		fill_random(world.id[i], THEMIS_ID_LEN);
	for (int i = 0; !err && i < 2; i++) {
		err = link_new(home, FUZZ_LINK + i);
		if (!err)
			err = node_new(home, world.id[i], FUZZ_LINK + i);
	}
	return err;
}

/* Two new nodes on new links at home: does a message pass? */
static bool still_works(struct net *home)
{
	static const char text[] = "all is well";
	struct end a, b;
	char buf[64];
	int sa, sb;

	if (end_new(&a, home, "127.0.0.1", FUZZ_LINK + 100) ||
	    end_new(&b, home, "::1", FUZZ_LINK + 101))
		return false;
	/* Each is reached at the other's family: both have both. */
	a.ep = endpoint("::1", a.port);
	if (ends_join(&a, &b))
		return false;
	sa = themis_bound(home, a.id, PORT);
	sb = themis_bound(home, b.id, PORT);
	return sa >= 0 && sb >= 0 &&
	       send_to(sa, home, b.id, PORT, text, sizeof(text)) > 0 &&
	       recv_ms(sb, buf, sizeof(buf), 2000) == sizeof(text) &&
	       !memcmp(buf, text, sizeof(text)) &&
	       send_to(sb, home, a.id, PORT, text, sizeof(text)) > 0 &&
	       recv_ms(sa, buf, sizeof(buf), 2000) == sizeof(text) &&
	       !memcmp(buf, text, sizeof(text));
}

/*
 * Has everybody let go? Only we have a netlink socket, which is no user. A
 * message that waits for a session keeps its socket for ten seconds.
 */
static bool nobody_left(void)
{
	char text[16] = "";

	for (int i = 0; i < 600; i++) {
		FILE *file = fopen("/sys/module/themis/refcnt", "r");

		if (!file || !fgets(text, sizeof(text), file))
			return false;
		fclose(file);
		if (atoi(text) == 0)
			return true;
		sleep_ms(50);
	}
	printf("# the module is in use %s", text);
	return false;
}

static void report(void)
{
	const struct fuzz_score *score = world.score;

	for (int call = 0; call < __FUZZ_MAX; call++) {
		printf("# %-32s %8llu", call_name[call], score->good[call]);
		for (int err = 0; err < FUZZ_ERRNO; err++)
			if (score->bad[call][err])
				printf(" %s %llu", err ?
				       strerrorname_np(err) : "UNKNOWN",
				       score->bad[call][err]);
		putchar('\n');
	}
}

static int failures;

static void result(bool good, const char *what)
{
	static int n;

	printf("%sok %d %s\n", good ? "" : "not ", ++n, what);
	failures += !good;
}

static __u64 argument(int argc, char **argv, int i, const char *name,
		      __u64 otherwise)
{
	const char *text = i < argc ? argv[i] : getenv(name);
	char *end = NULL;
	__u64 value;

	if (!text || !*text)
		return otherwise;
	value = strtoull(text, &end, 0);
	if (!*end)
		return value;
	fprintf(stderr, "Error: \"%s\" is no number. Use: fuzz [SECONDS [SEED]].\n",
		text);
	exit(2);
}

int main(int argc, char **argv)
{
	static struct net home;
	pid_t pid[ARRAY_SIZE(actors)];
	__u64 seconds, seed;
	bool alive = true;
	bool every = true;
	bool known = true;

	fill_random(&seed, sizeof(seed));
	seconds = argument(argc, argv, 1, "THEMIS_FUZZ_SECONDS", SECONDS);
	seed = argument(argc, argv, 2, "THEMIS_FUZZ_SEED", seed);
	printf("TAP version 13\n1..5\n# seed %llu\n", seed);
	world.score = mmap(NULL, sizeof(*world.score), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (world.score == MAP_FAILED || make_home(&home)) {
		result(false, "a home is made");
		return 1;
	}
	fflush(stdout);
	for (size_t i = 0; i < ARRAY_SIZE(actors); i++) {
		pid[i] = fork();
		if (!pid[i])
			play(&actors[i], &home, seed + 1000 * i);
	}
	for (__u64 end = now_ms() + 1000 * seconds; now_ms() < end;)
		sleep_ms(100);
	for (size_t i = 0; i < ARRAY_SIZE(actors); i++) {
		int status;

		kill(pid[i], SIGKILL);
		if (waitpid(pid[i], &status, 0) == pid[i] &&
		    WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
			continue;
		printf("# %s ended with %#x\n", actors[i].name, status);
		alive = false;
	}
	result(alive, "everybody called until the end");
	result(still_works(&home), "the family works as before");

	report();
	for (int call = 0; call < __FUZZ_MAX; call++) {
		if (!world.score->good[call] && call != FUZZ_UNFIT &&
		    seconds >= FAIR_SECONDS) {
			printf("# never succeeded: %s\n", call_name[call]);
			every = false;
		}
		known &= !world.score->bad[call][0];
	}
	result(every, "every call succeeded at times");
	result(known, "every error is one that programs know");
	/*
	 * What waits there for a session ends with the namespace, and the
	 * sockets of still_works() end with us.
	 */
	if (unshare(CLONE_NEWNET))
		return 1;
	for (int fd = 3; fd < 256; fd++)
		close(fd);
	result(nobody_left(), "nothing holds the module");
	return failures ? 1 : 0;
}
