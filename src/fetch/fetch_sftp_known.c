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

/* Decodes base64; *len bytes, the caller's. NULL when it is none. */
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
static bool known_glob(const char *pattern, const char *host)
{
	for (; *pattern != '\0'; pattern++, host++) {
		if (*pattern == '*') {
			while (*pattern == '*')
				pattern++;
			for (;; host++) {
				if (known_glob(pattern, host))
					return true;
				if (*host == '\0')
					return false;
			}
		}
		if (*host == '\0' || (*pattern != '?' && tolower((unsigned char)*pattern) != *host))
			return false;
	}
	return *host == '\0';
}

static bool known_speaks_of(char *patterns, const char *host)
{
	if (strncmp(patterns, "|1|", 3) == 0)
		return known_is_hashed(patterns, host);
	bool does = false;
	for (char *one; (one = strsep(&patterns, ",")) != NULL;) {
		bool negated = one[0] == '!';
		if (!known_glob(one + negated, host))
			continue;
		if (negated)
			return false;
		does = true;
	}
	return does;
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

static void known_line(char *line, int number, const char *host, struct fetch_known *out)
{
	char *word = known_word(&line);
	bool revoked = strcmp(word, "@revoked") == 0,
	     authority = strcmp(word, "@cert-authority") == 0;
	if (word[0] == '\0' || word[0] == '#' || (word[0] == '@' && !revoked && !authority))
		return;
	if (revoked || authority)
		word = known_word(&line);
	if (authority) { /* libssh2 knows no certificates: it is for a message only */
		if (out->authority == 0 && known_speaks_of(word, host))
			out->authority = number;
		return;
	}
	char *type = known_word(&line), *base64 = known_word(&line);
	if (!known_speaks_of(word, host))
		return;
	struct fetch_known_key key = {.revoked = revoked, .line = number};
	key.blob = known_unbase64(base64, &key.len);
	if (key.blob == NULL)
		return;
	fetch_hostkey_type(key.blob, key.len, key.type);
	if (strcmp(type, key.type) != 0) {
		free(key.blob);
		return;
	}
	out->v = df_realloc(out->v, (out->n + 1) * sizeof(*out->v));
	out->v[out->n++] = key;
}

static char *known_name(const struct conf_source *source)
{
	char *host = source->port == 22
			 ? df_strdup(source->host)
			 : df_format("[%s]:%u", source->host, (unsigned)source->port);
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
	char *host = known_name(&feed->fetch.source);
	char *rest = text;
	int number = 0;
	for (char *line; (line = strsep(&rest, "\n")) != NULL;)
		known_line(line, ++number, host, out);
	free(host);
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
