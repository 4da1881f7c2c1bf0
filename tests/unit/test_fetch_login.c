/* SPDX-License-Identifier: MIT */
/* Keys, passphrases, passwords, the agent. */
#include "ssh_world.h"

#include <libssh2.h>
#include <sys/socket.h>

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

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"login: keys", test_login_keys},
	    {"login: passphrases", test_login_passphrase},
	    {"login: RSA", test_login_rsa},
	    {"login: bad key files", test_login_bad_files},
	    {"login: wrong password", test_login_password_refused},
	    {"login: agent", test_login_agent},
	    CU_TEST_INFO_NULL,
	};
	if (!scratch_make())
		return 1;
	int failed = test_main("ssh login", server_init, server_clean, tests);
	return scratch_end() != 0 || failed;
}
