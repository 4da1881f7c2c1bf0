/* SPDX-License-Identifier: MIT */
/* ssh_world.h - a feed at an sshd of its own */
#ifndef SSH_WORLD_H
#define SSH_WORLD_H

#include "fetch_peer.h"

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

static TEST_UNUSED char *server; /* one with every kind of host key */

static TEST_UNUSED int server_init(void)
{
	server = df_format("%s/sshd", scratch);
	return run("tests/peers/sshd start %s", server);
}

static TEST_UNUSED int server_clean(void)
{
	int rc = run("tests/peers/sshd stop %s", server);
	free(server);
	return rc;
}

static TEST_UNUSED struct conf_feed *feed_here(void)
{
	return feed_sftp(server, df_strdup("/~/"));
}

static TEST_UNUSED char *print_of(const char *type)
{
	return first_line("ssh-keygen -l -E sha256 -f %s/ssh_host_%s_key.pub | cut -d' ' -f2",
			  server, type);
}

#endif
