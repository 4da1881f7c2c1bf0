/* SPDX-License-Identifier: MIT */
/* Which host keys are trusted. */
#include "ssh_world.h"

#include <libssh2.h>

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
	    "(printf '\\357\\273\\277'; grep ssh-ed25519 known_hosts) >$K",
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
	struct df_err err = {0};
	CU_ASSERT(is_status(try_known(&err, "iconv -t UTF-16 known_hosts >$K"), DF_USAGE, &err));
	CU_ASSERT(says(&err, "UTF-16"));
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

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"host key: known", test_host_known},
	    {"host key: unknown", test_host_unknown},
	    {"host key: changed, revoked", test_host_changed},
	    {"host key: pinned", test_host_pinned},
	    {"host key: RSA only, no common method", test_host_only_rsa},
	    CU_TEST_INFO_NULL,
	};
	if (!scratch_make())
		return 1;
	int failed = test_main("ssh host keys", server_init, server_clean, tests);
	return scratch_end() != 0 || failed;
}
