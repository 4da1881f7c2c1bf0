/* SPDX-License-Identifier: MIT */
/* known_hosts as sshd(8) describes it under "SSH_KNOWN_HOSTS FILE FORMAT". libssh2 has a reader
 * of its own, which knows neither markers nor wildcards: a revoked key would be taken for a host
 * named "@revoked". */
#include "fetch_sftp.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <unistd.h>

enum { KNOWN_MAX = 16 << 20, SHA1_SIZE = 20 };

struct known_names {
	char *host, *with_port; /* "host" and "[host]:2222", in lower case */
};

/* Decodes base64; *len bytes, the caller's. NULL when it is not base64. */
static unsigned char *known_unbase64(const char *text, size_t *len)
{
	size_t n = strlen(text);
	if (n == 0 || n % 4 != 0)
		return NULL;
	unsigned char *out = df_alloc(n / 4 * 3 + 1);
	int got = EVP_DecodeBlock(out, (const unsigned char *)text, (int)n);
	if (got < 3) {
		free(out);
		return NULL;
	}
	*len = (size_t)got - (text[n - 1] == '=') - (text[n - 2] == '=');
	return out;
}

/* "|1|salt|hash": HMAC-SHA1 of the name, keyed with the salt. */
static bool known_is_hashed(char *pattern, const char *host)
{
	char *rest = pattern + 3, *salt64 = strsep(&rest, "|");
	size_t salt_len = 0, want_len = 0;
	unsigned char *salt = known_unbase64(salt64, &salt_len);
	unsigned char *want = rest != NULL ? known_unbase64(rest, &want_len) : NULL;
	unsigned char got[EVP_MAX_MD_SIZE];
	unsigned got_len = 0;
	bool is = salt != NULL && want != NULL && want_len == SHA1_SIZE &&
		  HMAC(EVP_sha1(), salt, (int)salt_len, (const unsigned char *)host, strlen(host),
		       got, &got_len) != NULL &&
		  got_len == want_len && memcmp(got, want, want_len) == 0;
	free(salt);
	free(want);
	return is;
}

/* '*' and '?' only: fnmatch's brackets would take "[host]:22" for a set of characters. */
bool fetch_known_glob(const char *pattern, const char *host)
{
	const char *star = NULL, *tried = NULL;
	while (*host != '\0') {
		if (*pattern == '*') {
			star = ++pattern;
			tried = host;
		} else if (*pattern == '?' || tolower((unsigned char)*pattern) == *host) {
			pattern++;
			host++;
		} else if (star != NULL) { /* the last star takes one character more */
			pattern = star;
			host = ++tried;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0';
}

enum known_match { KNOWN_OTHER, KNOWN_MATCH, KNOWN_EXCLUDED };

/* patterns: a word of the line, which is taken apart. */
static enum known_match known_match(const char *patterns, const char *host)
{
	enum known_match match = KNOWN_OTHER;
	char *copy = df_strdup(patterns), *rest = copy;
	if (strncmp(copy, "|1|", 3) == 0) {
		match = known_is_hashed(copy, host) ? KNOWN_MATCH : KNOWN_OTHER;
		goto cleanup;
	}
	for (char *one; match != KNOWN_EXCLUDED && (one = strsep(&rest, ",")) != NULL;) {
		bool negated = one[0] == '!';
		if (fetch_known_glob(one + negated, host))
			match = negated ? KNOWN_EXCLUDED : KNOWN_MATCH;
	}
cleanup:
	free(copy);
	return match;
}

/* OpenSSH looks for authorities and revoked keys by the name with the port, then without. What
 * either excludes is excluded. */
static bool known_speaks_of(const char *patterns, const struct known_names *names, bool any_port)
{
	enum known_match here = known_match(patterns, names->with_port);
	if (!any_port)
		return here == KNOWN_MATCH;
	enum known_match there = known_match(patterns, names->host);
	return here != KNOWN_EXCLUDED && there != KNOWN_EXCLUDED &&
	       (here == KNOWN_MATCH || there == KNOWN_MATCH);
}

static char *known_word(char **rest)
{
	*rest += strspn(*rest, " \t\r");
	char *word = *rest;
	*rest += strcspn(word, " \t\r");
	if (**rest != '\0')
		*(*rest)++ = '\0';
	return word;
}

void fetch_known_add(struct fetch_known *known, enum fetch_known_kind kind, const void *blob,
		     size_t len, int line)
{
	struct fetch_known_key key = {.kind = kind, .len = len, .line = line};
	for (size_t i = 0; i < known->n; i++) {
		const struct fetch_known_key *have = &known->v[i];
		if (have->kind == kind && have->len == len && memcmp(have->blob, blob, len) == 0)
			return;
	}
	key.blob = df_alloc(len + 1);
	memcpy(key.blob, blob, len);
	fetch_hostkey_type(key.blob, len, key.type);
	known->v = df_realloc(known->v, (known->n + 1) * sizeof(*known->v));
	known->v[known->n++] = key;
}

int fetch_known_line(const struct fetch_known *known, enum fetch_known_kind kind)
{
	for (size_t i = 0; i < known->n; i++) {
		if (known->v[i].kind == kind)
			return known->v[i].line;
	}
	return 0;
}

static enum fetch_known_kind known_kind(const char *word)
{
	return strcmp(word, "@revoked") == 0          ? FETCH_KEY_REVOKED
	       : strcmp(word, "@cert-authority") == 0 ? FETCH_KEY_AUTHORITY
						      : FETCH_KEY_KNOWN;
}

static void known_line(char *line, int number, const struct known_names *names,
		       struct fetch_known *out)
{
	char *word = known_word(&line);
	enum fetch_known_kind kind = known_kind(word);
	if (word[0] == '\0' || word[0] == '#' || (word[0] == '@' && kind == FETCH_KEY_KNOWN))
		return;
	if (kind != FETCH_KEY_KNOWN)
		word = known_word(&line);
	char *type = known_word(&line), *base64 = known_word(&line), shown[FETCH_TYPE_SIZE];
	if (!known_speaks_of(word, names, kind != FETCH_KEY_KNOWN))
		return;

	size_t len = 0;
	unsigned char *blob = known_unbase64(base64, &len);
	if (blob == NULL)
		return;
	fetch_hostkey_type(blob, len, shown);
	if (strcmp(type, shown) == 0)
		fetch_known_add(out, kind, blob, len, number);
	free(blob);
}

char *fetch_known_host(const struct conf_source *source)
{
	char *host = df_strdup(source->host);
	for (char *p = host; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	return host;
}

enum df_status fetch_known_read(const struct conf_feed *feed, struct fetch_known *out,
				struct df_err *err)
{
	char *text = NULL;
	if (feed->fetch.known_hosts == NULL || access(feed->fetch.known_hosts, F_OK) != 0)
		/* nothing is known; the check of the key will say so, with its fingerprint */
		return DF_OK;
	enum df_status st = df_read_file(feed->fetch.known_hosts, KNOWN_MAX, &text, NULL, err);
	if (st != DF_OK)
		return st;
	if (strncmp(text, "\xff\xfe", 2) == 0 || strncmp(text, "\xfe\xff", 2) == 0) {
		free(text);
		return df_fail(DF_USAGE, err, NULL,
			       "%s holds UTF-16, as PowerShell's `>` writes it: save it as plain "
			       "text",
			       feed->fetch.known_hosts);
	}
	struct known_names names = {.host = fetch_known_host(&feed->fetch.source)};
	unsigned port = feed->fetch.source.port;
	names.with_port =
	    port == 22 ? df_strdup(names.host) : df_format("[%s]:%u", names.host, port);
	char *rest = strncmp(text, "\xef\xbb\xbf", 3) == 0 ? text + 3 : text;
	int number = 0;
	for (char *line; (line = strsep(&rest, "\n")) != NULL;)
		known_line(line, ++number, &names, out);
	free(names.with_port);
	free(names.host);
	free(text);
	return DF_OK;
}

void fetch_known_free(struct fetch_known *known)
{
	for (size_t i = 0; i < known->n; i++)
		free(known->v[i].blob);
	free(known->v);
	*known = (struct fetch_known){0};
}
