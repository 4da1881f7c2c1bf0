/* SPDX-License-Identifier: MIT */
/*
 * fetch_sftp.h - one SSH connection, shared by the files of the SFTP driver
 *
 *	fetch_sftp_wait.c	TCP, waiting with a stall timeout, what an error means
 *	fetch_sftp_proxy.c	a command in place of TCP
 *	fetch_sftp_link.c	opening and closing: handshake, host key, login, subsystem
 *	fetch_sftp_known.c	what known_hosts says of the host
 *	fetch_sftp_hostkey.c	is this the server that we mean?
 *	fetch_hello*.c		the first packets of a connection, without libssh2
 *	fetch_sftp_offer.c	what a server offers, to explain why no connection came about
 *	fetch_sftp_cert.c	asks a server for its host certificate
 *	fetch_cert*.c		what a certificate says, and whether it is valid
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
	LIBSSH2_SFTP_HANDLE *file;   /* the one that is being read */
	LIBSSH2_SFTP_HANDLE *parted; /* the one before, whose close was not answered yet */
	bool no_lstat, no_stat;      /* the server does not know these requests */
	bool unsupported;            /* nor the latest one that it refused */
	bool broken;
	enum fetch_step step; /* what is being done to open it */
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
/* handle NULL: nothing. It is freed, whatever the server says. */
void fetch_sftp_handle_close(struct fetch_sftp *s, LIBSSH2_SFTP_HANDLE *handle);
/* Ends the close that is under way, if any. */
void fetch_sftp_part(struct fetch_sftp *s);

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
/* Why nothing came of the connection. */
enum { FETCH_PROXY_WORDS = 192 };
void fetch_proxy_words(pid_t *child, char out[FETCH_PROXY_WORDS]);
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

#define FETCH_TYPE_SIZE 48 /* "ecdsa-sha2-nistp256-cert-v01@openssh.com" and NUL, rounded up */

enum fetch_known_kind {
	FETCH_KEY_KNOWN,
	FETCH_KEY_REVOKED,
	FETCH_KEY_AUTHORITY, /* it signs certificates of hosts */
	FETCH_KEY_CERTIFIED  /* an authority signed that this is a key of the host */
};

struct fetch_known_key {
	enum fetch_known_kind kind;
	char type[FETCH_TYPE_SIZE];
	unsigned char *blob;
	size_t len;
	int line; /* in known_hosts; of a certified one, the authority's */
};

struct fetch_known { /* the lines of known_hosts that speak of the host */
	struct fetch_known_key *v;
	size_t n;
};

enum df_status fetch_known_read(const struct conf_feed *feed, struct fetch_known *out,
				struct df_err *err) DF_CHECK;
void fetch_known_free(struct fetch_known *known);
/* Unless there is the same key of the same kind. */
void fetch_known_add(struct fetch_known *known, enum fetch_known_kind kind, const void *blob,
		     size_t len, int line);
/* The first line with a key of that kind, or 0. */
int fetch_known_line(const struct fetch_known *known, enum fetch_known_kind kind);
/* The host's name in lower case, without a port; the caller's. */
char *fetch_known_host(const struct conf_source *source);
/* Does the pattern, which has wildcards '*' and '?', match the name in lower case? */
bool fetch_known_glob(const char *pattern, const char *host);

/* Asks the server for its host certificate, on a connection of its own, and adds the key that it
 * certifies. DF_DENIED: there is none that a @cert-authority line vouches for. */
enum df_status fetch_sftp_certify(const struct conf_feed *feed, struct fetch_known *known,
				  struct df_err *err) DF_CHECK;

/* What libssh2 has to prefer: certified types first, then known ones, then others. The caller's.
 * `seen` are types that were tried already, and are left out; NULL when nothing remains. */
char *fetch_hostkey_preference(const struct fetch_known *known, const struct conf_list *seen);
/* The type's name of the key that the server has shown, from its own blob: "ssh-ed25519". */
void fetch_hostkey_type(const unsigned char *blob, size_t len, char type[FETCH_TYPE_SIZE]);
void fetch_hostkey_print(const unsigned char *blob, size_t len, char print[FETCH_PRINT_SIZE]);
/* DF_OK: known. DF_DENIED otherwise, with fingerprints and the way out. */
enum df_status fetch_hostkey_check(const struct conf_feed *feed, const struct fetch_known *known,
				   const unsigned char *blob, size_t len,
				   struct df_err *err) DF_CHECK;
bool fetch_hostkey_is_pin(const char *pin, const char *print);

#endif
