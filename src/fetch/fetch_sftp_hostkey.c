/* SPDX-License-Identifier: MIT */
#include "fetch_sftp.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

enum { SHA256_SIZE = 32 };

/* In the order of our preference, with the signature algorithms that serve each (RFC 8332 for
 * RSA). */
static const struct {
	const char *type, *methods;
} key_types[] = {
    {"ssh-ed25519", "ssh-ed25519"},
    {"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256"},
    {"ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384"},
    {"ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521"},
    {"ssh-rsa", "rsa-sha2-512,rsa-sha2-256,ssh-rsa"},
};
enum { N_KEY_TYPES = sizeof(key_types) / sizeof(key_types[0]) };

/* A key starts with its type as a string (RFC 4253 §6.6): four bytes of length, then the name. */
void fetch_hostkey_type(const unsigned char *blob, size_t len, char type[FETCH_TYPE_SIZE])
{
	snprintf(type, FETCH_TYPE_SIZE, "unknown");
	if (len < 4 || blob[0] != 0 || blob[1] != 0 || blob[2] != 0 || blob[3] >= FETCH_TYPE_SIZE ||
	    blob[3] > len - 4)
		return;
	for (size_t i = 0; i < blob[3]; i++) {
		if (blob[4 + i] < '!' || blob[4 + i] > '~')
			return;
	}
	memcpy(type, blob + 4, blob[3]);
	type[blob[3]] = '\0';
}

/* As ssh-keygen -l shows it: base64 without padding. */
void fetch_hostkey_print(const unsigned char *blob, size_t len, char print[FETCH_PRINT_SIZE])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned char base64[48];
	unsigned size = 0;
	print[0] = '\0';
	if (EVP_Digest(blob, len, digest, &size, EVP_sha256(), NULL) != 1)
		return;
	EVP_EncodeBlock(base64, digest, SHA256_SIZE);
	base64[strcspn((char *)base64, "=")] = '\0';
	snprintf(print, FETCH_PRINT_SIZE, "SHA256:%s", base64);
}

bool fetch_hostkey_is_pin(const char *pin, const char *print)
{
	size_t len = strlen(print);
	return len > 7 && strncmp(pin, print, len) == 0 &&
	       strspn(pin + len, "=") == strlen(pin + len);
}

static bool preference_has(const struct conf_list *seen, const char *type)
{
	for (size_t i = 0; i < seen->n; i++) {
		if (strcmp(seen->v[i], type) == 0)
			return true;
	}
	return false;
}

/* 2: a type that the server has a certificate for; 1: another one that is known; 0: neither */
static int preference_rank(const struct fetch_known *known, const char *type)
{
	int rank = 0;
	for (size_t i = 0; i < known->n; i++) {
		if (strcmp(known->v[i].type, type) != 0)
			continue;
		if (known->v[i].kind == FETCH_KEY_CERTIFIED)
			return 2;
		if (known->v[i].kind == FETCH_KEY_KNOWN)
			rank = 1;
	}
	return rank;
}

char *fetch_hostkey_preference(const struct fetch_known *known, const struct conf_list *seen)
{
	struct df_buf out = {.max = 1024};
	/* The known ones first: a host that is known by one key must not be taken for a changed
	 * one because it has others. */
	for (int rank = 2; rank >= 0; rank--) {
		for (int i = 0; i < N_KEY_TYPES; i++) {
			if (preference_rank(known, key_types[i].type) != rank ||
			    preference_has(seen, key_types[i].type))
				continue;
			df_buf_addf(&out, "%s%s", out.len > 0 ? "," : "", key_types[i].methods);
		}
	}
	if (out.len > 0)
		df_buf_cstr(&out);
	return out.data;
}

static bool hostkey_trusted(const struct fetch_known_key *key)
{
	return key->kind == FETCH_KEY_KNOWN || key->kind == FETCH_KEY_CERTIFIED;
}

static enum df_status hostkey_unknown(const struct conf_feed *feed, const char *type,
				      const char *print, struct df_err *err)
{
	const struct conf_source *source = &feed->fetch.source;
	const char *file =
	    feed->fetch.known_hosts != NULL ? feed->fetch.known_hosts : "known_hosts";
	return df_fail(DF_DENIED, err, NULL,
		       "the host key of %s port %u is unknown: it shows %s %s. Ask the server's "
		       "administrator whether that "
		       "is right, then pin it with `host_key = %s`, or add it with: ssh-keyscan -p "
		       "%u %s >> %s",
		       source->host, (unsigned)source->port, type, print, print,
		       (unsigned)source->port, source->host, file);
}

static enum df_status hostkey_changed(const struct conf_feed *feed, const struct fetch_known *known,
				      const char *type, const char *print, struct df_err *err)
{
	struct df_buf list = {.max = 700};
	bool same_type = preference_rank(known, type) > 0;
	for (size_t i = 0; i < known->n; i++) {
		char one[FETCH_PRINT_SIZE];
		const struct fetch_known_key *key = &known->v[i];
		if (!hostkey_trusted(key))
			continue;
		fetch_hostkey_print(key->blob, key->len, one);
		df_buf_addf(&list, "%s%s %s (line %d)", list.len > 0 ? ", " : "", key->type, one,
			    key->line);
	}
	enum df_status st =
	    df_fail(DF_DENIED, err, NULL,
		    "the host key of %s port %u %s: it shows %s %s, but %s knows %s. Somebody may "
		    "be listening in, or the "
		    "server has a new key: ask its administrator, then correct that file",
		    feed->fetch.source.host, (unsigned)feed->fetch.source.port,
		    same_type ? "has changed" : "is of a type that is not known for it", type,
		    print, feed->fetch.known_hosts, df_buf_cstr(&list));
	df_buf_free(&list);
	return st;
}

enum df_status fetch_hostkey_check(const struct conf_feed *feed, const struct fetch_known *known,
				   const unsigned char *blob, size_t len, struct df_err *err)
{
	char type[FETCH_TYPE_SIZE], print[FETCH_PRINT_SIZE];
	bool found = false, any = false;
	fetch_hostkey_type(blob, len, type);
	fetch_hostkey_print(blob, len, print);
	for (size_t i = 0; i < known->n; i++) {
		const struct fetch_known_key *key = &known->v[i];
		bool same = key->len == len && memcmp(key->blob, blob, len) == 0;
		if (same && key->kind == FETCH_KEY_REVOKED)
			return df_fail(DF_DENIED, err, NULL,
				       "the host key of %s, %s %s, is revoked by %s line %d",
				       feed->fetch.source.host, type, print,
				       feed->fetch.known_hosts, key->line);
		found = found || (same && hostkey_trusted(key));
		any = any || hostkey_trusted(key);
	}
	if (found)
		return DF_OK;
	return any ? hostkey_changed(feed, known, type, print, err)
		   : hostkey_unknown(feed, type, print, err);
}
