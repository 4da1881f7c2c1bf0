/* SPDX-License-Identifier: MIT */
/* Values with rules of their own. */
#include "conf_value.h"

#include "dropfeed/schema.h"
#include "dropfeed/time.h"

#include <stdlib.h>
#include <strings.h>

enum df_status conf_parse_data_plan(void *home, const struct conf_key *key, const char *value,
				    const char *base, struct df_err *err)
{
	const char *colon = strchr(value, ':');
	if (strpbrk(value, " \t") != NULL)
		return df_fail(DF_USAGE, err, NULL, "a plan's id holds no blanks");
	if (colon == value)
		return df_fail(DF_USAGE, err, NULL,
			       "the plan's id is missing; write plan_id or plan_id:version");
	if (colon != NULL) {
		size_t digits = strspn(colon + 1, "0123456789");
		if (digits == 0 || digits > 9 || colon[1 + digits] != '\0' ||
		    strtoul(colon + 1, NULL, 10) == 0)
			return df_fail(DF_USAGE, err, NULL,
				       "'%s' is not a plan's version, a whole number from 1",
				       colon + 1);
	}
	return conf_parse_utf8(home, key, value, base, err);
}

enum df_status conf_parse_timestamps(void *home, const struct conf_key *key, const char *value,
				     const char *base, struct df_err *err)
{
	(void)base;
	if (strcmp(value, "ms") != 0 && strcmp(value, "auto") != 0 && strchr(value, '%') == NULL)
		return df_fail(
		    DF_USAGE, err, NULL,
		    "'%s' is neither ms nor auto nor a pattern such as %%Y-%%m-%%d %%H:%%M", value);
	if (strchr(value, '%') != NULL && time_pattern_check(value, err) != DF_OK)
		return DF_USAGE;
	conf_text_set(conf_field(home, key), df_strdup(value));
	return DF_OK;
}

enum df_status conf_parse_timestamp_range(void *home, const struct conf_key *key, const char *value,
					  const char *base, struct df_err *err)
{
	struct time_range ignored;
	(void)base;
	enum df_status st = time_range_parse(value, df_now_ms(), &ignored, err);
	if (st != DF_OK)
		return st;
	conf_text_set(conf_field(home, key), df_strdup(value));
	return DF_OK;
}

/* RFC 4648 §4: the 32 bytes of a SHA-256 are 43 characters and one '=', which ssh-keygen leaves
 * out */
enum df_status conf_parse_host_key(void *home, const struct conf_key *key, const char *value,
				   const char *base, struct df_err *err)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	(void)base;
	bool good = strncmp(value, "SHA256:", 7) == 0 && strspn(value + 7, digits) == 43 &&
		    (value[50] == '\0' || strcmp(value + 50, "=") == 0);
	if (!good)
		return df_fail(DF_USAGE, err, NULL,
			       "'%s' is not a fingerprint as 'ssh-keygen -l' prints it: SHA256: "
			       "and 43 characters",
			       value);
	conf_text_set(conf_field(home, key), df_strndup(value, 50));
	return DF_OK;
}

/* RFC 7617 §2: a user-id of Basic authentication holds no colon */
enum df_status conf_parse_api_key(void *home, const struct conf_key *key, const char *value,
				  const char *base, struct df_err *err)
{
	(void)base;
	if (strpbrk(value, ": \t") != NULL)
		return df_fail(DF_USAGE, err, NULL,
			       "an API key holds neither blanks nor ':' (the secret belongs in the "
			       "file of api_secret_file)");
	conf_text_set(conf_field(home, key), df_strdup(value));
	return DF_OK;
}

enum df_status conf_parse_document_type(void *home, const struct conf_key *key, const char *value,
					const char *base, struct df_err *err)
{
	(void)base;
	if (!schema_event_known(value, strlen(value)))
		return df_fail(
		    DF_USAGE, err, NULL,
		    "'%s' is not an event type, such as eventless, custom_event, commerce_event or "
		    "screen_view",
		    value);
	conf_text_set(conf_field(home, key), df_strdup(value));
	return DF_OK;
}

/* A marker that could be a drop file would be taken for one. */
enum df_status conf_parse_marker(void *home, const struct conf_key *key, const char *value,
				 const char *base, struct df_err *err)
{
	static const char *const taken[] = {".csv", ".zip", ".gz",  ".zst", ".bz2",
					    ".xz",  ".gpg", ".pgp", ".asc"};
	(void)base;
	bool bad = value[0] != '.' || value[1] == '\0' || strpbrk(value, "/ \t") != NULL;
	for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++)
		/* it begins with one */
		bad = bad || strcasecmp(strrchr(value, '.'), taken[i]) == 0;
	if (bad)
		return df_fail(
		    DF_USAGE, err, NULL,
		    "'%s' is not an ending such as .done, which is added to the file's whole name",
		    value);
	conf_text_set(conf_field(home, key), df_strdup(value));
	return DF_OK;
}

/* node_exporter reads files of this ending alone (its manual, "Textfile Collector"). */
enum df_status conf_parse_metrics_file(void *home, const struct conf_key *key, const char *value,
				       const char *base, struct df_err *err)
{
	size_t len = strlen(value);
	if (len < 6 || strcmp(value + len - 5, ".prom") != 0 || value[len - 6] == '/')
		return df_fail(DF_USAGE, err, NULL,
			       "'%s' does not end in .prom, as node_exporter wants it", value);
	return conf_parse_path(home, key, value, base, err);
}

/* The address may hold a token: no message repeats it. */
enum df_status conf_parse_url(void *home, const struct conf_key *key, const char *value,
			      const char *base, struct df_err *err)
{
	(void)base;
	size_t scheme = strncasecmp(value, "https://", 8) == 0  ? 8
			: strncasecmp(value, "http://", 7) == 0 ? 7
								: 0;
	size_t host = scheme != 0 ? strcspn(value + scheme, "/?#") : 0;
	if (host == 0 || strpbrk(value, " \t\"<>\\^`{|}") != NULL)
		return df_fail(DF_USAGE, err, NULL, "the value is not an http:// or https:// URL");
	conf_text_set(conf_field(home, key), df_strdup(value));
	return DF_OK;
}

/* Neither a password nor a fragment of one is repeated by a message. */
enum df_status conf_check_ledger(const char *url, struct df_err *err)
{
	size_t scheme = strncmp(url, "postgresql://", 13) == 0 ? 13
			: strncmp(url, "postgres://", 11) == 0 ? 11
							       : 0;
	if (scheme == 0 || strpbrk(url, " \t\"") != NULL)
		return df_fail(DF_USAGE, err, NULL,
			       "the value is not a URL such as postgresql://user@host/database");
	const char *at = strchr(url + scheme, '@');
	const char *colon =
	    at != NULL ? memchr(url + scheme, ':', (size_t)(at - url) - scheme) : NULL;
	if (colon != NULL || strstr(url, "password=") != NULL)
		return df_fail(DF_USAGE, err, NULL,
			       "the URL holds a password: take it out, write it to a file of mode "
			       "0600 and give that as ledger_password_file = PATH");
	return DF_OK;
}

enum df_status conf_parse_ledger(void *home, const struct conf_key *key, const char *value,
				 const char *base, struct df_err *err)
{
	(void)base;
	enum df_status st = conf_check_ledger(value, err);
	if (st != DF_OK)
		return st;
	conf_text_set(conf_field(home, key), df_strdup(value));
	return DF_OK;
}

/* It is shown in listings and messages. */
enum df_status conf_parse_node(void *home, const struct conf_key *key, const char *value,
			       const char *base, struct df_err *err)
{
	static const char good[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	(void)base;
	if (strlen(value) > 63 || value[strspn(value, good)] != '\0')
		return df_fail(DF_USAGE, err, NULL,
			       "a node's name has at most 63 letters, digits, dots, dashes and "
			       "underscores");
	conf_text_set(conf_field(home, key), df_strdup(value));
	return DF_OK;
}

/* https:// URLs, apart by blanks or commas. */
enum df_status conf_parse_urls(void *home, const struct conf_key *key, const char *value,
			       const char *base, struct df_err *err)
{
	(void)base;
	for (const char *p = value; *p != '\0';) {
		size_t len = strcspn(p, ", \t");
		if (len > 0 && (len < 9 || strncasecmp(p, "https://", 8) != 0))
			return df_fail(DF_USAGE, err, NULL,
				       "the value is not a list of https:// "
				       "URLs, with blanks between them");
		p += len + (p[len] != '\0');
	}
	return conf_parse_utf8(home, key, value, base, err);
}

static enum df_status notify_bit(const struct conf_key *key, const char *word, uint32_t *bits,
				 struct df_err *err)
{
	for (uint32_t event = 0; key->words[event] != NULL; event++) {
		if (strcasecmp(key->words[event], word) != 0)
			continue;
		*bits |= 1u << event;
		return DF_OK;
	}
	return df_fail(DF_USAGE, err, NULL,
		       "'%s' is not one of: done refused rejects missing unfinished recovered "
		       "denied none",
		       word);
}

enum df_status conf_parse_notify(void *home, const struct conf_key *key, const char *value,
				 const char *base, struct df_err *err)
{
	struct conf_list list = {0};
	uint32_t bits = 0;
	enum df_status st = conf_parse_list(&list, &(struct conf_key){.at = 0}, value, base, err);
	for (size_t i = 0; st == DF_OK && i < list.n; i++)
		st = notify_bit(key, list.v[i], &bits, err);
	conf_list_free(&list);
	if (st != DF_OK)
		return st;
	if ((bits & CONF_NOTIFY_NONE) != 0 && bits != CONF_NOTIFY_NONE)
		return df_fail(DF_USAGE, err, NULL, "'none' excludes the other words");
	*(uint32_t *)conf_field(home, key) = bits;
	return DF_OK;
}
