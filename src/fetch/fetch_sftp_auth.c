/* SPDX-License-Identifier: MIT */
#include "fetch_sftp.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

enum { KEY_FILE_MAX = 1 << 16 };

/* What a key file says of itself in the clear, to explain a refusal. */
struct key_facts {
	bool rsa;
	bool encrypted;
};

/* The clear head of OpenSSH's format (PROTOCOL.key): magic, cipher, kdf, kdf options, number of
 * keys, public key. */
static void facts_openssh(const char *text, struct key_facts *out)
{
	static const char magic[] = "openssh-key-v1";
	unsigned char head[192] = {0};
	char base64[sizeof(head) / 3 * 4 + 1];
	size_t n = 0;
	for (; *text != '\0' && *text != '-' && n < sizeof(base64) - 1; text++) {
		if (*text != '\n' && *text != '\r')
			base64[n++] = *text;
	}
	n -= n % 4;
	if (n == 0 || EVP_DecodeBlock(head, (const unsigned char *)base64, (int)n) < 0 ||
	    memcmp(head, magic, sizeof(magic)) != 0)
		return;
	/* The cipher's name follows the magic with a length of its own. */
	out->encrypted = memcmp(head + sizeof(magic), "\0\0\0\4none", 8) != 0;
	out->rsa = memmem(head, sizeof(head), "\0\0\0\7ssh-rsa", 11) != NULL;
}

/* What a copy by way of a mail, a variable or a console did to the lines of a key, or NULL. */
static const char *key_lines_fault(const char *text)
{
	static const char ending[] = "PRIVATE KEY-----";
	const char *begin = strstr(text, "-----BEGIN ");
	const char *rest = begin != NULL ? strstr(begin, ending) : NULL;
	if (rest == NULL)
		return NULL;
	rest += sizeof(ending) - 1;
	rest += strspn(rest, " \t");
	if (begin > text && begin[-1] != '\n')
		return "has a byte order mark, blanks or other letters before -----BEGIN";
	if (rest[0] == '\\' && rest[1] == 'n')
		return "has \\n in the place of its line ends (printf '%b' writes them)";
	return rest[0] != '\n' && rest[0] != '\r' ? "has lost its line ends" : NULL;
}

static enum df_status facts_read(const char *path, struct key_facts *out, struct df_err *err)
{
	static const char openssh[] = "-----BEGIN OPENSSH PRIVATE KEY-----";
	char *text = NULL;
	size_t len = 0;
	enum df_status st = df_read_file(path, KEY_FILE_MAX, &text, &len, err);
	if (st != DF_OK)
		return st;
	const char *body = strstr(text, openssh), *fault = key_lines_fault(text);
	if (strncmp(text, "PuTTY-User-Key-File-", 20) == 0)
		st = df_fail(DF_USAGE, err, NULL,
			     "%s is a key of PuTTY (.ppk), which is not read: "
			     "convert it with `puttygen %s -O "
			     "private-openssh -o NEW`",
			     path, path);
	else if (strncmp(text, "ssh-", 4) == 0 || strncmp(text, "ecdsa-", 6) == 0 ||
		 strstr(text, "PUBLIC KEY") != NULL)
		st = df_fail(DF_USAGE, err, NULL,
			     "%s is a public key: name the private one, which belongs to it", path);
	else if (fault != NULL)
		st = df_fail(DF_USAGE, err, NULL, "%s %s: copy the key's file as it is", path,
			     fault);
	else if (body != NULL)
		facts_openssh(body + sizeof(openssh) - 1, out);
	else if (strstr(text, "PRIVATE KEY-----") == NULL)
		st = df_fail(DF_USAGE, err, NULL, "%s is not a private key", path);
	out->rsa = out->rsa || strstr(text, "BEGIN RSA PRIVATE KEY") != NULL;
	out->encrypted = out->encrypted || strstr(text, "ENCRYPTED") != NULL;
	OPENSSL_cleanse(text, len);
	free(text);
	return st;
}

/* A key that a login would be refused with whatever the server is. */
static enum df_status key_read(const struct conf_fetch *set, struct key_facts *out,
			       struct df_err *err)
{
	enum df_status st = facts_read(set->identity_file, out, err);
	if (st == DF_OK && out->encrypted && set->passphrase == NULL)
		st = df_fail(DF_USAGE, err, NULL, "%s has a passphrase: set passphrase_file",
			     set->identity_file);
	return st;
}

enum df_status fetch_check_key(const struct conf_feed *feed, struct df_err *err)
{
	struct key_facts facts = {0};
	if (feed->fetch.source.kind != CONF_SOURCE_SFTP || feed->fetch.identity_file == NULL)
		return DF_OK;
	return key_read(&feed->fetch, &facts, err);
}

/* DF_OK: in. DF_END: refused, try the next way. */
static enum df_status login_answer(struct fetch_sftp *s, int rc, struct df_err *err)
{
	if (rc == 0 && libssh2_userauth_authenticated(s->session))
		return DF_OK;
	if (rc == LIBSSH2_ERROR_EAGAIN) /* given up; err says why */
		return DF_RETRY;
	if (fetch_sftp_is_lost(s, rc)) {
		s->broken = true;
		return df_fail(DF_RETRY, err, NULL, "%s hung up during the login: %s",
			       s->feed->fetch.source.host, fetch_sftp_words(s));
	}
	return DF_END;
}

static enum df_status login_key(struct fetch_sftp *s, struct df_buf *refused, struct df_err *err)
{
	const struct conf_feed *feed = s->feed;
	struct key_facts facts = {0};
	enum df_status st = key_read(&feed->fetch, &facts, err);
	if (st != DF_OK) {
		df_err_context(err, "identity_file");
		return st;
	}
	int rc = 0;
	FETCH_SFTP_AWAIT(
	    s, rc,
	    libssh2_userauth_publickey_fromfile_ex(
		s->session, feed->fetch.source.user, (unsigned)strlen(feed->fetch.source.user),
		NULL, feed->fetch.identity_file, facts.encrypted ? feed->fetch.passphrase : NULL),
	    err);
	st = login_answer(s, rc, err);
	if (st != DF_END)
		return st;
	if (strstr(fetch_sftp_words(s), "libgcrypt") != NULL)
		return df_fail(
		    DF_DENIED, err, NULL,
		    "identity_file %s cannot be used: libssh2 %s is built with libgcrypt here, "
		    "which "
		    "reads no such key; build dropfeed with libssh2 1.11 or newer (make libssh2)",
		    feed->fetch.identity_file, libssh2_version(0));
	if (rc == LIBSSH2_ERROR_FILE || rc == LIBSSH2_ERROR_KEYFILE_AUTH_FAILED ||
	    rc == LIBSSH2_ERROR_METHOD_NOT_SUPPORTED)
		return df_fail(
		    DF_DENIED, err, NULL,
		    "identity_file %s cannot be used: %sthe file is damaged (%s)",
		    feed->fetch.identity_file,
		    facts.encrypted ? "its passphrase is not the one in passphrase_file, or " : "",
		    fetch_sftp_words(s));
	df_buf_addf(refused, "; the key %s (%s)", feed->fetch.identity_file, fetch_sftp_words(s));
	if (facts.rsa && fetch_sftp_rsa_is_sha1())
		df_buf_addf(refused,
			    ", which is RSA: libssh2 %s signs RSA with SHA-1 only, which OpenSSH "
			    "since 8.8 refuses. Use an "
			    "Ed25519 or ECDSA key (ssh-keygen -t ed25519), or build dropfeed with "
			    "libssh2 1.11 or newer (make "
			    "libssh2)",
			    libssh2_version(0));
	return DF_END;
}

/* Prompts are answered with the password when they hide what is typed, and with nothing else. */
static void login_prompt(const char *name, int name_len, const char *instruction,
			 int instruction_len, int n, const LIBSSH2_USERAUTH_KBDINT_PROMPT *prompts,
			 LIBSSH2_USERAUTH_KBDINT_RESPONSE *responses, void **abstract)
{
	(void)name, (void)name_len, (void)instruction, (void)instruction_len;
	const struct fetch_sftp *s = *abstract;
	for (int i = 0; i < n; i++) {
		/* libssh2 frees it: allocated the way that it does without an allocator of ours */
		responses[i].text = df_strdup(prompts[i].echo ? "" : s->feed->fetch.password);
		responses[i].length = (unsigned)strlen(responses[i].text);
	}
}

static enum df_status login_password(struct fetch_sftp *s, const char *methods,
				     struct df_buf *refused, struct df_err *err)
{
	const char *user = s->feed->fetch.source.user, *password = s->feed->fetch.password;
	enum df_status st = DF_END;
	int rc = 0;
	if (methods == NULL || strstr(methods, "password") != NULL) {
		FETCH_SFTP_AWAIT(s, rc,
				 libssh2_userauth_password_ex(s->session, user,
							      (unsigned)strlen(user), password,
							      (unsigned)strlen(password), NULL),
				 err);
		st = login_answer(s, rc, err);
		if (st == DF_END)
			df_buf_addf(refused, "; the password (%s)", fetch_sftp_words(s));
	}
	if (st == DF_END && methods != NULL && strstr(methods, "keyboard-interactive") != NULL) {
		*libssh2_session_abstract(s->session) = s;
		FETCH_SFTP_AWAIT(s, rc,
				 libssh2_userauth_keyboard_interactive_ex(
				     s->session, user, (unsigned)strlen(user), login_prompt),
				 err);
		st = login_answer(s, rc, err);
		if (st == DF_END)
			df_buf_addf(refused, "; the password, asked for interactively (%s)",
				    fetch_sftp_words(s));
	}
	return st;
}

static enum df_status login_agent_keys(struct fetch_sftp *s, LIBSSH2_AGENT *agent, unsigned *tried,
				       struct df_err *err)
{
	struct libssh2_agent_publickey *key = NULL, *before = NULL;
	enum df_status st = DF_END;
	while (st == DF_END && libssh2_agent_get_identity(agent, &key, before) == 0) {
		int rc = 0;
		struct df_err said = {0};
		FETCH_SFTP_AWAIT(
		    s, rc, libssh2_agent_userauth(agent, s->feed->fetch.source.user, key), &said);
		st = login_answer(s, rc, &said);
		before = key;
		if (st == DF_RETRY && *tried > 0 && rc != LIBSSH2_ERROR_EAGAIN)
			return df_fail(DF_DENIED, err, NULL,
				       "%s hung up after %d keys of the agent, perhaps because "
				       "they are too many: name the right one with "
				       "identity_file",
				       s->feed->fetch.source.host, *tried);
		if (st == DF_RETRY)
			return df_fail(st, err, NULL, "%s", said.text);
		(*tried)++;
	}
	return st;
}

static enum df_status login_agent(struct fetch_sftp *s, struct df_buf *refused, struct df_err *err)
{
	if (getenv("SSH_AUTH_SOCK") == NULL) {
		df_buf_adds(refused, "; there is neither identity_file nor password_file, and no "
				     "agent (SSH_AUTH_SOCK)");
		return DF_END;
	}
	enum df_status st = DF_END;
	unsigned tried = 0;
	LIBSSH2_AGENT *agent = libssh2_agent_init(s->session);
	if (agent == NULL || libssh2_agent_connect(agent) != 0 ||
	    libssh2_agent_list_identities(agent) != 0) {
		df_buf_addf(refused,
			    "; there is neither identity_file nor password_file, and the agent "
			    "does not answer (%s)",
			    fetch_sftp_words(s));
	} else {
		st = login_agent_keys(s, agent, &tried, err);
		if (st == DF_END && tried > 0)
			df_buf_addf(refused, "; %u key%s of the agent (%s)", tried,
				    df_plural(tried), fetch_sftp_words(s));
		else if (st == DF_END)
			df_buf_adds(refused, "; there is neither identity_file nor password_file, "
					     "and the agent has no keys");
	}
	if (agent != NULL) {
		libssh2_agent_disconnect(agent);
		libssh2_agent_free(agent);
	}
	return st;
}

/* The ways to log in that the server takes, or takes next, the caller's in place of the ones
 * before; NULL: it said nothing. */
static enum df_status login_methods(struct fetch_sftp *s, char **out, struct df_err *err)
{
	free(*out);
	*out = NULL;
	const char *user = s->feed->fetch.source.user, *list = NULL;
	fetch_sftp_begin(s);
	while ((list = libssh2_userauth_list(s->session, user, (unsigned)strlen(user))) == NULL) {
		if (libssh2_userauth_authenticated(s->session))
			return DF_OK;
		int rc = libssh2_session_last_errno(s->session);
		enum df_status st =
		    rc == LIBSSH2_ERROR_EAGAIN ? fetch_sftp_wait(s, err) : login_answer(s, rc, err);
		if (st == DF_END)
			return DF_OK;
		if (st != DF_OK)
			return st;
	}
	*out = df_strdup(list);
	return DF_OK;
}

static const char *login_remedy(const struct conf_feed *feed)
{
	if (feed->fetch.identity_file != NULL && feed->fetch.password == NULL)
		return "let the server's administrator have the public key (ssh-keygen -y -f shows "
		       "it), or correct "
		       "identity_file or the user in source";
	if (feed->fetch.identity_file != NULL)
		return "correct identity_file, password_file or the user in source";
	if (feed->fetch.password != NULL)
		return "correct password_file or the user in source";
	return "set identity_file or password_file, because cron has no agent";
}

static bool login_takes_password(const char *methods)
{
	return methods == NULL || strstr(methods, "password") != NULL ||
	       strstr(methods, "keyboard-interactive") != NULL;
}

/* A server that wants both takes the key, and says then that a password is to follow: it is
 * asked anew what it takes. DF_END: nothing opens it. */
static enum df_status login_ways(struct fetch_sftp *s, char **methods, struct df_buf *refused,
				 struct df_err *err)
{
	const struct conf_feed *feed = s->feed;
	bool agent = feed->fetch.identity_file == NULL &&
		     (feed->fetch.password == NULL || !login_takes_password(*methods));
	bool two = feed->fetch.password != NULL && (feed->fetch.identity_file != NULL || agent);
	enum df_status st = DF_END;
	if (feed->fetch.identity_file != NULL)
		st = login_key(s, refused, err);
	else if (agent)
		st = login_agent(s, refused, err);
	if (st == DF_END && two)
		st = login_methods(s, methods, err) == DF_OK ? DF_END : DF_RETRY;
	if (st == DF_END && libssh2_userauth_authenticated(s->session))
		return DF_OK;
	if (st == DF_END && feed->fetch.password != NULL)
		st = login_password(s, *methods, refused, err);
	return st;
}

enum df_status fetch_sftp_login(struct fetch_sftp *s, struct df_err *err)
{
	const struct conf_feed *feed = s->feed;
	struct df_buf refused = {.max = 1200};
	char *methods = NULL;
	enum df_status st = login_methods(s, &methods, err);
	if (st != DF_OK || libssh2_userauth_authenticated(s->session))
		goto cleanup;
	st = login_ways(s, &methods, &refused, err);
	if (st == DF_END)
		st =
		    df_fail(DF_DENIED, err, NULL, "%s refused the login of %s%s (it takes: %s): %s",
			    feed->fetch.source.host, feed->fetch.source.user, df_buf_cstr(&refused),
			    methods != NULL ? methods : "unknown", login_remedy(feed));
cleanup:
	df_buf_free(&refused);
	free(methods);
	return st;
}
