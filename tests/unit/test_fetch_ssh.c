/* SPDX-License-Identifier: MIT */
/* Host keys, logins and broken connections, against real sshd, ssh-keygen and ssh-agent. */
#include "fetch_peer.h"

#include <arpa/inet.h>
#include <libssh2.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

#ifdef __SANITIZE_ADDRESS__
/* libssh2 1.10 loses 24 bytes with each login by an ECDSA key, and the host key when a
 * connection goes in the midst of the handshake. Nobody else makes such objects here; its
 * sessions and handles are still watched. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:EVP_PKEY_new\nleak:EVP_PKEY_fromdata\nleak:BN_new\n";
}

/* The stacks go through libraries without frame pointers. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "fast_unwind_on_malloc=0:print_suppressions=0";
}
#endif

static char *server; /* one with every kind of host key */

static int server_init(void)
{
	server = df_format("%s/sshd", scratch);
	return run("tests/peers/sshd start %s", server);
}

static int server_clean(void)
{
	int rc = run("tests/peers/sshd stop %s", server);
	free(server);
	return rc;
}

static struct conf_feed *feed_here(void)
{
	return feed_sftp(server, df_strdup("/~/"));
}

static char *print_of(const char *type)
{
	return first_line("ssh-keygen -l -E sha256 -f %s/ssh_host_%s_key.pub | cut -d' ' -f2",
			  server, type);
}

/* Opens with the known_hosts that a shell command wrote to $K. */
static enum df_status try_known(struct df_err *err, const char *command)
{
	struct conf_feed *feed = feed_here();
	set(&feed->fetch.known_hosts, df_format("%s/known", scratch));
	CU_ASSERT_FATAL(run("cd %s && rm -f %s && K=%s || exit; (%s) >/dev/null 2>&1; exit $?",
			    server, feed->fetch.known_hosts, feed->fetch.known_hosts,
			    command) == 0);
	enum df_status st = try_open(feed, err);
	feed_free(feed);
	return st;
}

/* ---- host keys ---- */

static void test_host_known(void)
{
	static const char *const ways[] = {
	    "cp known_hosts $K",
	    "grep ssh-ed25519 known_hosts >$K",
	    "grep ecdsa known_hosts >$K", /* although the server has others that we like better */
	    "cp known_hosts $K; ssh-keygen -H -f $K; ! grep -q 127 $K",
	    "sed 's/^[^ ]*/*.example.org,[127.0.0.?]:*/' known_hosts >$K",
	    "(echo '# note'; echo; echo 'junk'; echo '@cert-authority * ssh-rsa AAAA'; sed 's/$/ a "
	    "comment/;s/ /\t /' "
	    "known_hosts; printf '\\r\\n') >$K",
	    /* another host's key that is revoked is not ours */
	    "(ssh-keygen -q -t ed25519 -N '' -f $K.k; sed 's/^/@revoked * /' $K.k.pub; rm $K.k*; "
	    "cat known_hosts) >$K",
	};
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct df_err err = {0};
		CU_ASSERT(is_status(try_known(&err, ways[i]), DF_OK, &err));
	}
}

static void test_host_unknown(void)
{
	static const char *const ways[] = {
	    "true", /* no file at all */
	    ": >$K",
	    "sed 's/^[^ ]*/127.0.0.1/' known_hosts >$K", /* of another port */
	    "sed 's/^[^ ]*/![127.0.0.1]:*,*/' known_hosts >$K",
	    "sed 's/ AAAA/ AAAB/' known_hosts >$K", /* no such key */
	};
	char *print = print_of("ed25519");
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct df_err err = {0};
		CU_ASSERT(is_status(try_known(&err, ways[i]), DF_DENIED, &err));
		CU_ASSERT(says(&err, print));
		CU_ASSERT(says(&err, "unknown"));
		CU_ASSERT(says(&err, "ssh-keyscan -p"));
		CU_ASSERT(says(&err, "host_key = SHA256:"));
	}
	free(print);
}

static void test_host_changed(void)
{
	struct df_err err = {0};
	char *print = print_of("ed25519");
	CU_ASSERT(is_status(
	    try_known(&err, "rm -f other*; ssh-keygen -q -t ed25519 -N '' -f other; "
			    "printf '%s %s\\n' \"$(head -1 known_hosts | cut -d' ' -f1)\" "
			    "\"$(cut -d' ' -f1,2 other.pub)\" >$K"),
	    DF_DENIED, &err));
	char *other = first_line("ssh-keygen -l -E sha256 -f %s/other.pub | cut -d' ' -f2", server);
	CU_ASSERT(says(&err, "has changed"));
	CU_ASSERT(says(&err, print));
	CU_ASSERT(says(&err, other));
	CU_ASSERT(says(&err, "(line 1)"));
	CU_ASSERT(is_status(
	    try_known(&err, "(cat known_hosts; sed 's/^[^ ]*/@revoked */' known_hosts) >$K"),
	    DF_DENIED, &err));
	CU_ASSERT(says(&err, "revoked"));
	CU_ASSERT(says(&err, print));
	free(other);
	free(print);
}

static void test_host_pinned(void)
{
	static const char *const types[] = {"ed25519", "ecdsa"};
	struct df_err err = {0};
	struct conf_feed *feed = feed_here();
	set(&feed->fetch.known_hosts, NULL);
	for (size_t i = 0; i < 2; i++) {
		set(&feed->fetch.host_key, print_of(types[i]));
		CU_ASSERT(is_status(try_open(feed, &err), DF_OK, &err));
		set(&feed->fetch.host_key, df_format("%s=", feed->fetch.host_key));
		CU_ASSERT(is_status(try_open(feed, &err), DF_OK, &err));
		/* One more letter, or one less, is another key. */
		set(&feed->fetch.host_key, df_format("%.*sA", (int)strlen(feed->fetch.host_key) - 1,
						     feed->fetch.host_key));
		CU_ASSERT(is_status(try_open(feed, &err), DF_DENIED, &err));
		set(&feed->fetch.host_key,
		    df_format("%.*s", (int)strlen(feed->fetch.host_key) - 2, feed->fetch.host_key));
		CU_ASSERT(is_status(try_open(feed, &err), DF_DENIED, &err));
		char *print = print_of(types[i]); /* every key of the server is named */
		CU_ASSERT(says(&err, print));
		free(print);
	}
	/* A pin is the last word, whatever known_hosts says. */
	set(&feed->fetch.known_hosts, df_format("%s/known_hosts", server));
	CU_ASSERT(is_status(try_open(feed, &err), DF_DENIED, &err));
	CU_ASSERT(says(&err, "not the pinned one"));
	feed_free(feed);
}

static void test_host_only_rsa(void)
{
	struct df_err err = {0};
	char *dir = df_format("%s/rsa", scratch);
	CU_ASSERT_FATAL(run("tests/peers/sshd start %s --host-keys rsa", dir) == 0);
	struct conf_feed *feed = feed_sftp(dir, df_strdup("/~/"));
	bool able = libssh2_version(0x010b00) != NULL;
	CU_ASSERT(is_status(try_open(feed, &err), able ? DF_OK : DF_DENIED, &err));
	if (!able) {
		CU_ASSERT(says(&err, "only RSA host keys (rsa-sha2-512,rsa-sha2-256)"));
		CU_ASSERT(says(&err, "Ed25519 or ECDSA"));
		CU_ASSERT(says(&err, "libssh2 1.11"));
	}
	/* No common method for another reason must not be blamed on RSA. */
	CU_ASSERT_FATAL(run("tests/peers/sshd stop %s && rm -rf %s && tests/peers/sshd start %s "
			    "--option 'Ciphers "
			    "aes128-ctr' --option 'MACs umac-64@openssh.com'",
			    dir, dir, dir) == 0);
	feed_free(feed);
	feed = feed_sftp(dir, df_strdup("/~/"));
	CU_ASSERT(is_status(try_open(feed, &err), DF_DENIED, &err));
	CU_ASSERT(says(&err, "no common method"));
	CU_ASSERT(says(&err, "ssh-ed25519"));
	feed_free(feed);
	CU_ASSERT(run("tests/peers/sshd stop %s", dir) == 0);
	free(dir);
}

/* ---- logins ---- */

/* Makes a key, lets it in or not, and opens with it. */
static enum df_status try_key(struct df_err *err, const char *how, const char *passphrase,
			      bool let_in)
{
	struct conf_feed *feed = feed_here();
	set(&feed->fetch.identity_file, df_format("%s/key", server));
	CU_ASSERT_FATAL(run("cd %s && rm -f key key.pub && ssh-keygen -q -C '' -f key %s && cp "
			    "id_ed25519.pub authorized_keys",
			    server, how) == 0);
	if (let_in)
		CU_ASSERT_FATAL(run("cat %s/key.pub >>%s/authorized_keys", server, server) == 0);
	feed->fetch.passphrase = df_strdup(passphrase);
	enum df_status st = try_open(feed, err);
	feed_free(feed);
	return st;
}

static void test_login_keys(void)
{
	struct df_err err = {0};
	CU_ASSERT(is_status(try_key(&err, "-t ed25519 -N ''", NULL, true), DF_OK, &err));
	CU_ASSERT(is_status(try_key(&err, "-t ed25519 -N ''", "needless", true), DF_OK, &err));
	CU_ASSERT(is_status(try_key(&err, "-t ecdsa -b 256 -N ''", NULL, true), DF_OK, &err));
	CU_ASSERT(is_status(try_key(&err, "-t ecdsa -b 521 -N ''", NULL, true), DF_OK, &err));
	CU_ASSERT(is_status(try_key(&err, "-t ecdsa -N '' -m PEM", NULL, true), DF_OK, &err));
	CU_ASSERT(is_status(try_key(&err, "-t ed25519 -N ''", NULL, false), DF_DENIED, &err));
	CU_ASSERT(says(&err, "/key"));
	CU_ASSERT(says(&err, "refused the login"));
	CU_ASSERT(says(&err, "publickey"));
}

static void test_login_passphrase(void)
{
	static const char *const kinds[] = {"-t ed25519 -N 'se cret'", "-t ecdsa -N 'se cret'",
					    "-t ecdsa -m PEM -N 'se cret'"};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct df_err err = {0};
		CU_ASSERT(is_status(try_key(&err, kinds[i], "se cret", true), DF_OK, &err));
		CU_ASSERT(is_status(try_key(&err, kinds[i], "secretive", true), DF_DENIED, &err));
		CU_ASSERT(says(&err, "passphrase"));
		CU_ASSERT_PTR_NULL(strstr(err.text, "secretive"));
		CU_ASSERT(is_status(try_key(&err, kinds[i], NULL, true), DF_USAGE, &err));
		CU_ASSERT(says(&err, "passphrase_file"));
	}
}

static void test_login_rsa(void)
{
	static const char *const kinds[] = {"-t rsa -b 2048 -N ''", "-t rsa -b 2048 -m PEM -N ''"};
	bool able = libssh2_version(0x010b00) != NULL;
	for (size_t i = 0; i < 2; i++) {
		struct df_err err = {0};
		CU_ASSERT(
		    is_status(try_key(&err, kinds[i], NULL, true), able ? DF_OK : DF_DENIED, &err));
		if (!able) {
			CU_ASSERT(says(&err, "RSA with SHA-1 only"));
			CU_ASSERT(says(&err, "Ed25519 or ECDSA"));
			CU_ASSERT(says(&err, "libssh2 1.11"));
		}
	}
}

static void test_login_bad_files(void)
{
	struct df_err err = {0};
	struct conf_feed *feed = feed_here();
	set(&feed->fetch.identity_file, df_format("%s/no such", server));
	CU_ASSERT(is_status(try_open(feed, &err), DF_USAGE, &err));
	CU_ASSERT(says(&err, "no such"));
	set(&feed->fetch.identity_file, df_format("%s/id_ed25519.pub", server));
	CU_ASSERT(is_status(try_open(feed, &err), DF_USAGE, &err));
	CU_ASSERT(says(&err, "is a public key"));
	CU_ASSERT(run("(echo -----BEGIN OPENSSH PRIVATE KEY-----; echo AAAA; echo -----END OPENSSH "
		      "PRIVATE KEY-----) >%s/bad",
		      server) == 0);
	set(&feed->fetch.identity_file, df_format("%s/bad", server));
	CU_ASSERT(is_status(try_open(feed, &err), DF_DENIED, &err));
	CU_ASSERT(says(&err, "cannot be used"));
	feed_free(feed);
}

static void test_login_password_refused(void)
{
	struct df_err err = {0};
	struct conf_feed *feed = feed_here();
	set(&feed->fetch.identity_file, NULL);
	feed->fetch.password = df_strdup("not the pass word");
	CU_ASSERT(is_status(try_open(feed, &err), DF_DENIED, &err));
	CU_ASSERT(says(&err, "the password"));
	CU_ASSERT_PTR_NULL(strstr(err.text, "pass word"));
	feed_free(feed);
}

static void test_login_agent(void)
{
	struct df_err err = {0};
	struct conf_feed *feed = feed_here();
	set(&feed->fetch.identity_file, NULL);
	unsetenv("SSH_AUTH_SOCK");
	CU_ASSERT(is_status(try_open(feed, &err), DF_DENIED, &err));
	CU_ASSERT(says(&err, "SSH_AUTH_SOCK"));

	char *sock = df_format("%s/agent", scratch);
	char *pid = first_line(
	    "ssh-agent -s -a %s | sed -n 's/.*SSH_AGENT_PID=\\([0-9]*\\);.*/\\1/p'", sock);
	setenv("SSH_AUTH_SOCK", sock, 1);
	CU_ASSERT_FATAL(pid[0] != '\0');
	CU_ASSERT(is_status(try_open(feed, &err), DF_DENIED, &err));
	CU_ASSERT(says(&err, "no keys"));
	/* The second key is the one that fits. */
	CU_ASSERT(run("cd %s && cp id_ed25519.pub authorized_keys && rm -f a a.pub && ssh-keygen "
		      "-q -t ecdsa -N '' -f a && "
		      "ssh-add -q a && chmod 600 id_ed25519",
		      server) == 0);
	CU_ASSERT(is_status(try_open(feed, &err), DF_DENIED, &err));
	CU_ASSERT(says(&err, "1 key of the agent"));
	CU_ASSERT(run("ssh-add -q %s/id_ed25519", server) == 0);
	CU_ASSERT(is_status(try_open(feed, &err), DF_OK, &err));
	CU_ASSERT(run("kill %s", pid) == 0);
	unsetenv("SSH_AUTH_SOCK");
	free(pid);
	free(sock);
	feed_free(feed);
}

/* ---- connections that fail ---- */

static int listen_on(uint16_t *port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CU_ASSERT_FATAL(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
			listen(fd, 8) == 0);
	CU_ASSERT_FATAL(getsockname(fd, (struct sockaddr *)&at, &len) == 0);
	*port = ntohs(at.sin_port);
	return fd;
}

/* A relay to the server that breaks, or falls silent, after so many bytes from it. */
struct relay {
	int listener;
	uint16_t port, to;
	size_t limit;
	bool silent;
	int end[2]; /* a pipe: closed by the test when it is done */
	pthread_t thread;
};

static bool relay_pass(int from, int to, size_t *left)
{
	char chunk[16384];
	ssize_t n = recv(from, chunk, *left < sizeof(chunk) ? *left : sizeof(chunk), 0);
	if (n <= 0)
		return false;
	*left -= (size_t)n;
	for (ssize_t at = 0, m; at < n; at += m) {
		m = send(to, chunk + at, (size_t)(n - at), MSG_NOSIGNAL);
		if (m <= 0)
			return false;
	}
	return true;
}

static void *relay_main(void *arg)
{
	struct relay *r = arg;
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_port = htons(r->to),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int in = accept(r->listener, NULL, NULL),
	    out = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t left = r->limit, endless = SIZE_MAX;
	bool up = in >= 0 && connect(out, (struct sockaddr *)&at, sizeof(at)) == 0;
	while (up) {
		bool mute = left == 0;
		if (mute && !r->silent)
			break;
		struct pollfd p[] = {
		    {in, POLLIN, 0}, {mute ? -1 : out, POLLIN, 0}, {r->end[0], 0, 0}};
		if (poll(p, 3, -1) < 0 || p[2].revents != 0)
			break;
		if (p[0].revents != 0)
			up = relay_pass(in, out, &endless);
		if (up && p[1].revents != 0)
			up = relay_pass(out, in, &left);
	}
	close(in);
	close(out);
	return NULL;
}

static struct conf_feed *relay_start(struct relay *r, size_t limit, bool silent)
{
	struct conf_feed *feed = feed_here();
	r->limit = limit;
	r->silent = silent;
	r->to = feed->fetch.source.port;
	r->listener = listen_on(&r->port);
	CU_ASSERT_FATAL(pipe(r->end) == 0 && pthread_create(&r->thread, NULL, relay_main, r) == 0);
	feed->fetch.source.port = r->port;
	set(&feed->fetch.host_key, print_of("ed25519"));
	return feed;
}

static void relay_stop(struct relay *r)
{
	close(r->end[1]);
	pthread_join(r->thread, NULL);
	close(r->end[0]);
	close(r->listener);
}

/* libssh2 asks for up to 8 MiB ahead, and gives up what it has of that when the connection goes:
 * the break comes much later.
 *
 * A connection that goes in the midst of a download leaves a part, with which the next one goes
 * on. */
static void broken_download(bool silent, const char *words)
{
	struct relay relay = {0};
	struct df_err err = {0}, err2 = {0}, err3 = {0}, err4 = {0};
	struct fetch *source = NULL;
	struct fetch_list list = {0}, list2 = {0};
	char hex[DF_SHA256_HEX] = "", *spool = df_format("%s/spooled", scratch);
	CU_ASSERT_FATAL(run("rm -f %s*; head -c 24000000 /dev/urandom >%s/root/a-custom_event.csv",
			    spool, server) == 0);
	char *want = first_line("sha256sum <%s/root/a-custom_event.csv | cut -c1-64", server);
	struct conf_feed *feed = relay_start(&relay, 16000000, silent);
	feed->fetch.stall_timeout_ms = silent ? 1500 : 60000;
	CU_ASSERT_FATAL(is_status(fetch_open(feed, &source, &err), DF_OK, &err));
	CU_ASSERT(is_status(fetch_list(source, &list, &err), DF_OK, &err));
	CU_ASSERT_EQUAL_FATAL(list.n, 1);
	CU_ASSERT(is_status(fetch_get(source, &list.v[0], spool, hex, &err), DF_RETRY, &err));
	CU_ASSERT(says(&err, words));
	CU_ASSERT(run("test -s %s.part && test $(wc -c <%s.part) -lt 24000000", spool, spool) == 0);
	CU_ASSERT(is_status(fetch_get(source, &list.v[0], spool, hex, &err2), DF_RETRY, &err2));
	CU_ASSERT(is_status(fetch_list(source, &list2, &err3), DF_RETRY, &err3));
	CU_ASSERT(is_status(fetch_put(source, ".", "x", "x", 1, &err4), DF_RETRY, &err4));
	fetch_close(source);
	relay_stop(&relay);
	feed_free(feed);

	feed = feed_here();
	err = (struct df_err){0};
	CU_ASSERT_FATAL(is_status(fetch_open(feed, &source, &err), DF_OK, &err));
	CU_ASSERT(is_status(fetch_get(source, &list.v[0], spool, hex, &err), DF_OK, &err));
	CU_ASSERT_STRING_EQUAL(hex, want);
	fetch_list_free(&list);
	fetch_close(source);
	feed_free(feed);
	free(want);
	free(spool);
}

static void test_break(void)
{
	broken_download(false, "broke");
}

static void test_stall(void)
{
	broken_download(true, "did not answer for 1.5 seconds");
}

/* Cut at many places of the handshake, the login and the listing: an error each time, never a
 * crash or a hang. */
static void test_break_anywhere(void)
{
	for (size_t limit = 0; limit < 6000; limit += limit < 4000 ? 137 : 500) {
		struct relay relay = {0};
		struct df_err err = {0};
		struct fetch *source = NULL;
		struct fetch_list list = {0};
		struct conf_feed *feed = relay_start(&relay, limit, false);
		enum df_status st = fetch_open(feed, &source, &err);
		if (st == DF_OK)
			st = fetch_list(source, &list, &err);
		CU_ASSERT(st == DF_RETRY || (st == DF_OK && limit > 2500));
		CU_ASSERT(st == DF_OK || err.text[0] != '\0');
		if (st != DF_OK && st != DF_RETRY)
			fprintf(stderr, "  cut after %zu bytes: %d: %s\n", limit, (int)st,
				err.text);
		fetch_list_free(&list);
		fetch_close(source);
		relay_stop(&relay);
		feed_free(feed);
	}
}

static void test_refused(void)
{
	struct df_err err = {0};
	struct conf_feed *feed = feed_here();
	close(listen_on(&feed->fetch.source.port)); /* a port that nobody listens on */
	CU_ASSERT(is_status(try_open(feed, &err), DF_RETRY, &err));
	CU_ASSERT(says(&err, "Connection refused"));
	set(&feed->fetch.source.host, df_strdup("no-such-host.invalid"));
	CU_ASSERT(is_status(try_open(feed, &err), DF_RETRY, &err));
	CU_ASSERT(says(&err, "no-such-host.invalid"));
	feed_free(feed);
}

/* Something listens and never answers: the stall timeout ends it, or the wish to stop. */
static void test_mute(void)
{
	struct df_err err = {0};
	struct conf_feed *feed = feed_here();
	int fd = listen_on(&feed->fetch.source.port);
	feed->fetch.stall_timeout_ms = 300;
	CU_ASSERT(is_status(try_open(feed, &err), DF_RETRY, &err));
	CU_ASSERT(says(&err, "did not answer"));
	feed->fetch.stall_timeout_ms = 600000;
	df_stop_requested = 1;
	CU_ASSERT(is_status(try_open(feed, &err), DF_RETRY, &err));
	df_stop_requested = 0;
	CU_ASSERT(says(&err, "stopped"));
	close(fd);
	feed_free(feed);
}

struct puller {
	pthread_t thread;
	struct conf_feed *feed;
	char *spool;
	char hex[DF_SHA256_HEX];
	enum df_status st;
	struct df_err err;
};

static void *puller_main(void *arg)
{
	struct puller *p = arg;
	struct fetch *source = NULL;
	struct fetch_list list = {0};
	struct fetch_entry entry = {0};
	struct conf_after_action action = {.what = CONF_MOVE, .dir = "gone/by"};
	p->st = fetch_open(p->feed, &source, &p->err);
	if (p->st == DF_OK)
		p->st = fetch_list(source, &list, &p->err);
	for (size_t i = 0; p->st == DF_OK && i < list.n; i++)
		p->st = fetch_get(source, &list.v[i], p->spool, p->hex, &p->err);
	/* All of them make the same folder. */
	char *name = df_format("%s.txt", strrchr(p->spool, '/') + 1);
	if (p->st == DF_OK)
		p->st = fetch_put(source, ".", name, "1", 1, &p->err);
	if (p->st == DF_OK)
		p->st = fetch_stat_file(source, name, &entry, &p->err);
	entry.name = name;
	if (p->st == DF_OK)
		p->st = fetch_after(source, &entry, &action, &p->err);
	free(name);
	fetch_list_free(&list);
	fetch_close(source);
	return NULL;
}

static void test_threads(void)
{
	struct puller pullers[6] = {0};
	CU_ASSERT_FATAL(
	    run("cd %s/root && rm -rf * && head -c 3000000 /dev/urandom >a-custom_event.csv",
		server) == 0);
	char *want = first_line("sha256sum <%s/root/a-custom_event.csv | cut -c1-64", server);
	for (int i = 0; i < 6; i++) {
		pullers[i].feed = feed_here();
		pullers[i].spool = df_format("%s/spool%d", scratch, i);
	}
	for (int i = 0; i < 6; i++)
		CU_ASSERT_FATAL(
		    pthread_create(&pullers[i].thread, NULL, puller_main, &pullers[i]) == 0);
	for (int i = 0; i < 6; i++) {
		pthread_join(pullers[i].thread, NULL);
		CU_ASSERT(is_status(pullers[i].st, DF_OK, &pullers[i].err));
		CU_ASSERT_STRING_EQUAL(pullers[i].hex, want);
		feed_free(pullers[i].feed);
		free(pullers[i].spool);
	}
	CU_ASSERT(run("test $(ls %s/root/gone/by | wc -l) = 6", server) == 0);
	free(want);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"host key: known", test_host_known},
	    {"host key: unknown", test_host_unknown},
	    {"host key: changed, revoked", test_host_changed},
	    {"host key: pinned", test_host_pinned},
	    {"host key: RSA only, no common method", test_host_only_rsa},
	    {"login: keys", test_login_keys},
	    {"login: passphrases", test_login_passphrase},
	    {"login: RSA", test_login_rsa},
	    {"login: bad key files", test_login_bad_files},
	    {"login: wrong password", test_login_password_refused},
	    {"login: agent", test_login_agent},
	    {"connection breaks", test_break},
	    {"connection stalls", test_stall},
	    {"connection breaks anywhere", test_break_anywhere},
	    {"connection refused", test_refused},
	    {"mute server, stop", test_mute},
	    {"several feeds at once", test_threads},
	    CU_TEST_INFO_NULL,
	};
	if (!scratch_make())
		return 1;
	int failed = test_main("ssh", server_init, server_clean, tests);
	return scratch_end() != 0 || failed;
}
