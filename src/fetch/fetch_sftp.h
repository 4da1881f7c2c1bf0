/* SPDX-License-Identifier: MIT */
/*
 * fetch_sftp.h - one SSH connection, shared by the files of the SFTP driver
 *
 *	fetch_sftp_wait.c	TCP, waiting with a stall timeout, what an error means
 *	fetch_sftp_proxy.c	a command in place of TCP
 *	fetch_sftp_link.c	opening and closing: handshake, host key, login, subsystem
 *	fetch_sftp_known.c	what known_hosts says of the host
 *	fetch_sftp_hostkey.c	is this the server that we mean?
 *	fetch_sftp_offer.c	what a server offers, to explain why no connection came about
 *	fetch_sftp_auth.c	key, password, agent
 *	fetch_sftp.c		files and folders
 *
 * The session is non-blocking: every libssh2 call is repeated with FETCH_SFTP_AWAIT until it is
 * done, or until nothing came for feed->stall_timeout_ms, or a stop is requested. libssh2 cannot
 * take back a call that was left in the middle, so that the connection is broken from then on, and
 * every later call says so.
 */
#ifndef DROPFEED_FETCH_SFTP_H
#define DROPFEED_FETCH_SFTP_H

#include "fetch_priv.h"

#include <libssh2.h>
#include <libssh2_sftp.h>
#include <sys/types.h>

struct fetch_sftp {
	const struct conf_feed *feed; /* borrowed */
	int sock;
	pid_t proxy; /* the command that is the connection, or 0 */
	LIBSSH2_SESSION *session;
	LIBSSH2_SFTP *sftp;
	LIBSSH2_SFTP_HANDLE *file; /* the one that is being read */
	bool no_lstat, no_stat;    /* the server does not know these requests */
	bool unsupported;          /* nor the latest one that it refused */
	bool broken;
	bool closing;     /* a short farewell: stops don't count, and nothing is waited for long */
	int64_t began_ms; /* of the call that is waited for */
	int64_t heard_ms; /* when the socket last moved */
};

/* Repeats `call` until it says something else than "again" in rc. rc stays LIBSSH2_ERROR_EAGAIN
 * when the wait was given up. */
#define FETCH_SFTP_AWAIT(s, rc, call, err)                                                         \
	do {                                                                                       \
		fetch_sftp_begin(s);                                                               \
		do                                                                                 \
			(rc) = (call);                                                             \
		while ((rc) == LIBSSH2_ERROR_EAGAIN && fetch_sftp_wait((s), (err)) == DF_OK);      \
	} while (0)

void fetch_sftp_begin(struct fetch_sftp *s);
enum df_status fetch_sftp_wait(struct fetch_sftp *s, struct df_err *err) DF_CHECK;

/* After a call that failed with rc: DF_END no such file, DF_REJECT the server's no, DF_RETRY a
 * broken connection. */
enum df_status fetch_sftp_fail(struct fetch_sftp *s, long rc, const char *what,
			       struct df_err *err) DF_CHECK;
/* After a call that failed with rc: is it for the connection that is gone, or for a wait that
 * was given up? */
bool fetch_sftp_is_lost(const struct fetch_sftp *s, long rc);
/* libssh2's last words; borrowed. */
const char *fetch_sftp_words(struct fetch_sftp *s);
/* True with libssh2 before 1.11, which signs and checks RSA with SHA-1 only. */
bool fetch_sftp_rsa_is_sha1(void);

/* child: the proxy_command that is the connection, to be ended by fetch_proxy_end once the
 * socket is closed, or 0. */
enum df_status fetch_sftp_connect(const struct conf_feed *feed, int *sock, pid_t *child,
				  struct df_err *err) DF_CHECK;
enum df_status fetch_proxy_start(const struct conf_feed *feed, int *sock, pid_t *child,
				 struct df_err *err) DF_CHECK;
void fetch_proxy_end(pid_t *child); /* waits for its end, for a moment, and makes one then */
enum df_status fetch_sftp_open(const struct conf_feed *feed, void **state,
			       struct df_err *err) DF_CHECK;
void fetch_sftp_close(void *state);

enum df_status fetch_sftp_login(struct fetch_sftp *s, struct df_err *err) DF_CHECK;

/* The key types that a server offers, "ssh-ed25519,rsa-sha2-512", the caller's; NULL when it
 * does not say. Connects anew. */
char *fetch_sftp_offer(const struct conf_feed *feed);

/* ---- host keys ---- */
#define FETCH_PRINT_SIZE 64 /* "SHA256:", 43 of base64, NUL, rounded up */

struct fetch_known_key {
	char type[32];
	unsigned char *blob;
	size_t len;
	bool revoked;
	int line; /* in known_hosts */
};

struct fetch_known { /* the lines of known_hosts that speak of the host */
	struct fetch_known_key *v;
	size_t n;
	int authority; /* the line of a @cert-authority for it, or 0 */
};

enum df_status fetch_known_read(const struct conf_feed *feed, struct fetch_known *out,
				struct df_err *err) DF_CHECK;
void fetch_known_free(struct fetch_known *known);

/* What to tell libssh2 to prefer: the types that are known first, then the others. The caller's.
 * `seen` are types that were tried already, and are left out; NULL when nothing remains. */
char *fetch_hostkey_preference(const struct fetch_known *known, const struct conf_list *seen);
/* The type's name of the key that the server has shown, from its own blob: "ssh-ed25519". */
void fetch_hostkey_type(const unsigned char *blob, size_t len, char type[32]);
void fetch_hostkey_print(const unsigned char *blob, size_t len, char print[FETCH_PRINT_SIZE]);
/* DF_OK: known. DF_DENIED otherwise, with fingerprints and the way out. */
enum df_status fetch_hostkey_check(const struct conf_feed *feed, const struct fetch_known *known,
				   const unsigned char *blob, size_t len,
				   struct df_err *err) DF_CHECK;
bool fetch_hostkey_is_pin(const char *pin, const char *print);

#endif
