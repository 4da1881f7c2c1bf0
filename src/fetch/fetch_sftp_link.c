/* SPDX-License-Identifier: MIT */
#include "fetch_sftp.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CERTIFIED_TRIES = 3 };

static int init_rc;

static void init_once(void)
{
	init_rc = libssh2_init(0);
}

/* Those of the preferred methods that this libssh2 has. It would leave the others out by itself,
 * but libssh2 1.10 does that by a memcpy of a text onto itself. */
static char *link_supported(struct fetch_sftp *s, const char *preference)
{
	const char **have = NULL;
	int n = libssh2_session_supported_algs(s->session, LIBSSH2_METHOD_HOSTKEY, &have);
	struct df_buf out = {.max = 1024};
	char *copy = df_strdup(preference), *rest = copy;
	for (char *one; (one = strsep(&rest, ",")) != NULL;) {
		for (int i = 0; i < n; i++) {
			if (strcmp(have[i], one) == 0)
				df_buf_addf(&out, "%s%s", out.len > 0 ? "," : "", one);
		}
	}
	free(copy);
	if (n > 0)
		libssh2_free(s->session, have);
	df_buf_cstr(&out);
	return out.data;
}

static enum df_status link_session(struct fetch_sftp *s, const char *preference, struct df_err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, init_once);
	s->session = init_rc == 0 ? libssh2_session_init() : NULL;
	if (s->session == NULL)
		return df_fail(DF_FATAL, err, NULL, "libssh2 does not start");
	libssh2_session_set_blocking(s->session, 0);
	char *methods = link_supported(s, preference);
	int rc = libssh2_session_method_pref(s->session, LIBSSH2_METHOD_HOSTKEY, methods);
	free(methods);
	if (rc != 0)
		return df_fail(DF_DENIED, err, NULL,
			       "libssh2 %s knows none of the host key types %s", libssh2_version(0),
			       preference);
	return DF_OK;
}

/* Both sides have no method in common. The host keys that the server has may say why. */
static enum df_status link_explain_methods(struct fetch_sftp *s, const char *words,
					   const char *preference, struct df_err *err)
{
	const char *host = s->feed->fetch.source.host, *version = libssh2_version(0);
	char *offer = fetch_sftp_offer(s->feed);
	bool sha1 = fetch_sftp_rsa_is_sha1();
	bool only_rsa = offer != NULL && strstr(offer, "ssh-ed25519") == NULL &&
			strstr(offer, "ecdsa-") == NULL && strstr(offer, "rsa") != NULL;
	if (only_rsa && sha1)
		df_fail(DF_DENIED, err, NULL,
			"the server %s has only RSA host keys (%s), which libssh2 %s cannot check "
			"(it knows RSA with SHA-1 only): have the server's administrator add an "
			"Ed25519 or ECDSA host key, or build dropfeed with libssh2 1.11 or newer "
			"(make libssh2)",
			host, offer, version);
	else
		df_fail(DF_DENIED, err, NULL,
			"%s and libssh2 %s have no common method: %s (host keys of the server: "
			"%s; asked for: %s)%s",
			host, version, words, offer != NULL ? offer : "unknown", preference,
			sha1 ? ". A server that has aes-gcm ciphers or -etm MACs only needs "
			       "libssh2 1.11 or newer (make libssh2)"
			     : "");
	free(offer);
	return DF_DENIED;
}

/* Why a server may have said nothing at all: "" where it did, else with a colon before it. */
static const char *link_silence(struct fetch_sftp *s, char hint[FETCH_PROXY_WORDS + 2])
{
	if (libssh2_session_banner_get(s->session) != NULL)
		return "";
	if (s->proxy <= 0)
		return ": it hung up before it said anything. It may refuse this address for a "
		       "while, after failed logins or too many connections (OpenSSH's "
		       "PerSourcePenalties and MaxStartups, fail2ban)";
	memcpy(hint, ": ", 2);
	fetch_proxy_words(&s->proxy, hint + 2);
	return hint;
}

/* No connection came about. */
static enum df_status link_explain(struct fetch_sftp *s, long rc, const char *preference,
				   struct df_err *err)
{
	char *words = df_strdup(fetch_sftp_words(s));
	const struct conf_source *source = &s->feed->fetch.source;
	enum df_status st = DF_RETRY;
	char hint[FETCH_PROXY_WORDS + 2];
	s->broken = true;
	/* Not to be mixed up with LIBSSH2_ERROR_KEY_EXCHANGE_FAILURE, which is agreed methods
	 * that then went wrong. */
	if (rc == LIBSSH2_ERROR_KEX_FAILURE)
		st = link_explain_methods(s, words, preference, err);
	else
		df_fail(st, err, NULL, "no SSH connection with %s port %u: %s%s", source->host,
			(unsigned)source->port, words, link_silence(s, hint));
	free(words);
	return st;
}

/* DF_OK with the server's key in blob and len, which stay the session's. */
static enum df_status link_handshake(struct fetch_sftp *s, const char *preference,
				     const unsigned char **blob, size_t *len, struct df_err *err)
{
	s->step = FETCH_STEP_CONNECT;
	enum df_status st = fetch_sftp_connect(s->feed, &s->sock, &s->proxy, err);
	if (st != DF_OK)
		return st;
	st = link_session(s, preference, err);
	if (st != DF_OK)
		return st;
	int rc = 0, type = 0;
	FETCH_SFTP_AWAIT(s, rc, libssh2_session_handshake(s->session, s->sock), err);
	if (rc == LIBSSH2_ERROR_EAGAIN)
		return DF_RETRY;
	if (rc != 0)
		return link_explain(s, rc, preference, err);
	s->step = FETCH_STEP_HOST_KEY;
	*blob = (const unsigned char *)libssh2_session_hostkey(s->session, len, &type);
	if (*blob == NULL)
		return df_fail(DF_DENIED, err, NULL, "%s shows no host key",
			       s->feed->fetch.source.host);
	return DF_OK;
}

static void link_hang_up(struct fetch_sftp *s)
{
	int rc = 0;
	struct df_err unsaid = {0};
	s->closing = true;
	if (s->broken && s->sock >= 0)
		shutdown(s->sock, SHUT_RDWR); /* so that nothing below waits for the other side */
	fetch_sftp_part(s);
	fetch_sftp_handle_close(s, s->file);
	s->file = NULL;
	if (s->sftp != NULL)
		FETCH_SFTP_AWAIT(s, rc, libssh2_sftp_shutdown(s->sftp), &unsaid);
	s->sftp = NULL;
	if (s->session != NULL && !s->broken)
		FETCH_SFTP_AWAIT(s, rc, libssh2_session_disconnect(s->session, "done"), &unsaid);
	if (s->session != NULL) {
		shutdown(s->sock, SHUT_RDWR);
		FETCH_SFTP_AWAIT(s, rc, libssh2_session_free(s->session), &unsaid);
	}
	s->session = NULL;
	if (s->sock >= 0)
		close(s->sock);
	s->sock = -1;
	fetch_proxy_end(&s->proxy);
	s->closing = s->broken = false;
}

static void seen_add(struct conf_list *seen, const char *type)
{
	seen->v = df_realloc(seen->v, (seen->n + 1) * sizeof(*seen->v));
	seen->v[seen->n++] = df_strdup(type);
}

struct link_pins {
	struct conf_list seen; /* types of keys that were shown, and are not the pinned one */
	struct df_buf shown;   /* the same with fingerprints, for the message */
};

/* DF_END: no further type that both sides know. */
static enum df_status link_try_pin(struct fetch_sftp *s, const struct fetch_known *known,
				   struct link_pins *pins, bool *fits, struct df_err *err)
{
	const unsigned char *blob = NULL;
	size_t len = 0;
	struct df_err said = {0};
	char *preference = fetch_hostkey_preference(known, &pins->seen);
	if (preference == NULL)
		return DF_END;
	enum df_status st = link_handshake(s, preference, &blob, &len, &said);
	free(preference);
	if (st == DF_DENIED && pins->seen.n > 0)
		return DF_END;
	if (st != DF_OK)
		return df_fail(st, err, NULL, "%s", said.text);

	char type[FETCH_TYPE_SIZE], print[FETCH_PRINT_SIZE];
	fetch_hostkey_type(blob, len, type);
	fetch_hostkey_print(blob, len, print);
	*fits = fetch_hostkey_is_pin(s->feed->fetch.host_key, print);
	if (*fits)
		return DF_OK;
	df_buf_addf(&pins->shown, "%s%s %s", pins->shown.len > 0 ? ", " : "", type, print);
	seen_add(&pins->seen, type);
	link_hang_up(s);
	return DF_OK;
}

/* A server with several keys shows the one that we ask for, but a pinned fingerprint does not
 * name its type: types are tried until the pin fits or none is left. */
static enum df_status link_find_pin(struct fetch_sftp *s, struct df_err *err)
{
	struct fetch_known none = {0};
	struct link_pins pins = {.shown = {.max = 1024}};
	enum df_status st = DF_OK;
	for (bool fits = false; st == DF_OK && !fits;)
		st = link_try_pin(s, &none, &pins, &fits, err);
	if (st == DF_END)
		st = df_fail(
		    DF_DENIED, err, NULL,
		    "the host key of %s is not the pinned one: host_key is %s, the server shows "
		    "%s. Ask the server's administrator which one is right before you change "
		    "host_key",
		    s->feed->fetch.source.host, s->feed->fetch.host_key, df_buf_cstr(&pins.shown));
	for (size_t i = 0; i < pins.seen.n; i++)
		free(pins.seen.v[i]);
	free(pins.seen.v);
	df_buf_free(&pins.shown);
	return st;
}

static enum df_status link_try_known(struct fetch_sftp *s, const struct fetch_known *known,
				     struct df_err *err)
{
	const unsigned char *blob = NULL;
	size_t len = 0;
	char *preference = fetch_hostkey_preference(known, &(struct conf_list){0});
	enum df_status st = link_handshake(s, preference, &blob, &len, err);
	free(preference);
	return st == DF_OK ? fetch_hostkey_check(s->feed, known, blob, len, err) : st;
}

static enum df_status certified_fail(enum df_status st, const struct fetch_known *known,
				     const char *said, struct df_err *err)
{
	bool rsa = known->n > 0 && strcmp(known->v[known->n - 1].type, "ssh-rsa") == 0;
	if (st != DF_DENIED)
		return df_fail(st, err, NULL, "%s", said);
	return df_fail(
	    st, err, NULL,
	    "the host certificate is valid, but no session with its key came about: %s%s", said,
	    rsa && fetch_sftp_rsa_is_sha1()
		? ". The certificate is for an RSA key, and this libssh2 knows RSA with "
		  "SHA-1 only: have the server's administrator certify an Ed25519 or "
		  "ECDSA key, or build dropfeed with libssh2 1.11 (make libssh2)"
		: "");
}

/* One name may lead to several servers, each with a key and a certificate of its own, in turns.
 * After a session with another one than was asked for its certificate, one more is asked, and what
 * was certified before stays valid. */
static enum df_status link_find_certified(struct fetch_sftp *s, struct fetch_known *known,
					  struct df_err *err)
{
	enum df_status st = DF_DENIED;
	struct df_err said = {0};
	for (int i = 1; i <= CERTIFIED_TRIES; i++) {
		link_hang_up(s);
		s->step = FETCH_STEP_HOST_KEY;
		for (int n = 0; n < i; n++) {
			st = fetch_sftp_certify(s->feed, known, err);
			if (st != DF_OK)
				return st;
		}
		said = (struct df_err){0};
		st = link_try_known(s, known, &said);
		if (st != DF_DENIED || s->broken) /* broken: it did not come to a key */
			break;
	}
	return st == DF_OK ? DF_OK : certified_fail(st, known, said.text, err);
}

/* By a key of known_hosts; else by a certificate, where known_hosts has an authority for it. */
static enum df_status link_find_known(struct fetch_sftp *s, struct fetch_known *known,
				      struct df_err *err)
{
	struct df_err said = {0}, certified = {0};
	int authority = fetch_known_line(known, FETCH_KEY_AUTHORITY);
	if (authority == 0)
		return link_try_known(s, known, err);
	if (fetch_known_line(known, FETCH_KEY_KNOWN) == 0)
		return link_find_certified(s, known, err);

	enum df_status st = link_try_known(s, known, &said);
	if (st != DF_DENIED)
		return st == DF_OK ? st : df_fail(st, err, NULL, "%s", said.text);
	st = link_find_certified(s, known, &certified);
	if (st == DF_OK)
		return st;
	return df_fail(st, err, NULL, "%s. The @cert-authority in line %d does not help: %s",
		       said.text, authority, certified.text);
}

static enum df_status link_subsystem(struct fetch_sftp *s, struct df_err *err)
{
	fetch_sftp_begin(s);
	int rc = 0;
	while ((s->sftp = libssh2_sftp_init(s->session)) == NULL) {
		rc = libssh2_session_last_errno(s->session);
		if (rc != LIBSSH2_ERROR_EAGAIN)
			break;
		enum df_status st = fetch_sftp_wait(s, err);
		if (st != DF_OK)
			return st;
	}
	if (s->sftp != NULL)
		return DF_OK;
	s->broken = true;
	if (fetch_sftp_is_lost(s, rc))
		return df_fail(DF_RETRY, err, NULL, "the connection to %s broke: %s",
			       s->feed->fetch.source.host, fetch_sftp_words(s));
	return df_fail(DF_DENIED, err, NULL,
		       "%s lets %s in, but serves no SFTP: %s. See that the account may use SFTP, "
		       "that no login script writes a text there, and that the server does not "
		       "limit its sessions",
		       s->feed->fetch.source.host, s->feed->fetch.source.user, fetch_sftp_words(s));
}

static enum df_status link_find(struct fetch_sftp *s, struct df_err *err)
{
	if (s->feed->fetch.host_key != NULL)
		return link_find_pin(s, err);
	struct fetch_known known = {0};
	enum df_status st = fetch_known_read(s->feed, &known, err);
	if (st != DF_OK)
		goto cleanup;
	st = link_find_known(s, &known, err);
cleanup:
	fetch_known_free(&known);
	return st;
}

enum df_status fetch_sftp_open(const struct conf_feed *feed, void **state, struct df_err *err)
{
	struct fetch_sftp *s = df_alloc(sizeof(*s));
	s->feed = feed;
	s->sock = -1;
	*state = s;
	s->step = FETCH_STEP_HOST_KEY; /* known_hosts is read first */
	enum df_status st = link_find(s, err);
	if (st != DF_OK)
		return st;
	s->step = FETCH_STEP_LOGIN;
	st = fetch_sftp_login(s, err);
	if (st != DF_OK)
		return st;
	s->step = FETCH_STEP_FOLDER;
	return link_subsystem(s, err);
}

void fetch_sftp_close(void *state)
{
	link_hang_up(state);
	free(state);
}

enum df_status fetch_host_key(const struct conf_feed *feed, struct fetch_host_key *out,
			      struct df_err *err)
{
	struct fetch_sftp *s = df_alloc(sizeof(*s));
	const unsigned char *blob = NULL;
	size_t len = 0;
	_Static_assert(sizeof(out->type) == FETCH_TYPE_SIZE, "room for a type's name");
	_Static_assert(sizeof(out->print) == FETCH_PRINT_SIZE, "room for a fingerprint");
	s->feed = feed;
	s->sock = -1;
	char *preference =
	    fetch_hostkey_preference(&(struct fetch_known){0}, &(struct conf_list){0});
	enum df_status st = link_handshake(s, preference, &blob, &len, err);
	free(preference);
	if (st != DF_OK)
		goto cleanup;
	fetch_hostkey_type(blob, len, out->type);
	fetch_hostkey_print(blob, len, out->print);
cleanup:
	fetch_sftp_close(s);
	return st;
}
