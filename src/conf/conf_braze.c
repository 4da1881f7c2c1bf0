/* SPDX-License-Identifier: MIT */
/* Keys of sink = braze. */
#include "conf_feed.h"
#include "conf_value.h"

#include "dropfeed/schema.h"

#include <stdlib.h>
#include <strings.h>

/* Braze's REST endpoints (braze.com/docs, "API overview", "Endpoints"). */
static const struct {
	const char *name, *url;
} instances[] = {
    {"us-01", "https://rest.iad-01.braze.com"}, {"us-02", "https://rest.iad-02.braze.com"},
    {"us-03", "https://rest.iad-03.braze.com"}, {"us-04", "https://rest.iad-04.braze.com"},
    {"us-05", "https://rest.iad-05.braze.com"}, {"us-06", "https://rest.iad-06.braze.com"},
    {"us-07", "https://rest.iad-07.braze.com"}, {"us-08", "https://rest.iad-08.braze.com"},
    {"us-10", "https://rest.us-10.braze.com"},  {"eu-01", "https://rest.fra-01.braze.eu"},
    {"eu-02", "https://rest.fra-02.braze.eu"},
};

/* The endpoint, by another name. */
enum df_status conf_parse_instance(void *home, const struct conf_key *key, const char *value,
				   const char *base, struct df_err *err)
{
	struct conf_feed *feed = home;
	for (size_t i = 0; i < sizeof(instances) / sizeof(*instances); i++) {
		if (strcasecmp(value, instances[i].name) == 0) {
			conf_text_set(&feed->send.endpoint, df_strdup(instances[i].url));
			return DF_OK;
		}
	}
	if (strncasecmp(value, "http://", 7) != 0 && strncasecmp(value, "https://", 8) != 0)
		return df_fail(DF_USAGE, err, NULL,
			       "neither an instance (us-01 to us-08, us-10, eu-01, eu-02) nor an "
			       "https:// URL");
	return conf_parse_endpoint(home, key, value, base, err);
}

/* A user identity, as columns or as JSON name it. */
enum df_status conf_parse_identity(void *home, const struct conf_key *key, const char *value,
				   const char *base, struct df_err *err)
{
	struct schema_path path = {0};
	const struct schema_event *other = NULL,
				  *event = schema_event_find("eventless", strlen("eventless"));
	(void)base;
	char *column = df_format("user_identities.%s", value);
	bool known =
	    schema_path_parse(event, column, strlen(column), &path, &other) == SCHEMA_PATH_OK &&
	    path.n == 2 && path.steps[1].field != NULL;
	free(column);
	if (!known)
		return df_fail(DF_USAGE, err, NULL,
			       "'%s' is not a user identity, such as customer_id, email or "
			       "other_id_2",
			       value);
	conf_text_set((char **)(void *)((char *)home + key->at),
		      df_strdup(path.steps[1].field->name));
	return DF_OK;
}

/* ---- words with a colon inside ---- */

static bool is_pair(const char *word, size_t *value)
{
	const char *colon = strrchr(word, ':');
	if (colon == NULL || colon == word || colon[1] == '\0')
		return false;
	*value = (size_t)(colon - word) + 1;
	return true;
}

/* The list that is read is kept when each word of it passes. */
static enum df_status keep_words(void *home, const struct conf_key *key, const char *value,
				 bool (*passes)(const char *word), struct df_err *err,
				 const char *wanted)
{
	struct conf_list list = {0};
	const struct conf_key at_list = {.at = 0};
	enum df_status st = conf_parse_words(&list, &at_list, value, NULL, err);
	for (size_t i = 0; st == DF_OK && i < list.n; i++)
		if (!passes(list.v[i]))
			st = df_fail(DF_USAGE, err, NULL, "'%s' is not %s", list.v[i], wanted);
	if (st != DF_OK)
		goto cleanup;
	struct conf_list *field = (struct conf_list *)(void *)((char *)home + key->at);
	struct conf_list old = *field;
	*field = list;
	list = old;
cleanup:
	conf_list_free(&list);
	return st;
}

/* An id is what Braze makes: a UUID. Anything that JSON needs no escapes for is taken. */
static bool is_group(const char *word)
{
	size_t at = 0;
	return is_pair(word, &at) &&
	       word[at + strspn(word + at, "0123456789abcdefABCDEFghijklmnopqrstuvwxyz"
					   "GHIJKLMNOPQRSTUVWXYZ-_")] == '\0';
}

enum df_status conf_parse_groups(void *home, const struct conf_key *key, const char *value,
				 const char *base, struct df_err *err)
{
	(void)base;
	return keep_words(home, key, value, is_group, err,
			  "ATTRIBUTE:GROUP-ID, such as newsletter:2f3cf10e-8e69-4a1e-9e07-"
			  "c67c6ae04ac0");
}

/* The two that Braze forwards to Google. */
static bool is_purpose(const char *word)
{
	size_t at = 0;
	return is_pair(word, &at) && (strcmp(word + at, "$google_ad_user_data") == 0 ||
				      strcmp(word + at, "$google_ad_personalization") == 0);
}

enum df_status conf_parse_consent(void *home, const struct conf_key *key, const char *value,
				  const char *base, struct df_err *err)
{
	(void)base;
	return keep_words(home, key, value, is_purpose, err,
			  "PURPOSE:$google_ad_user_data or PURPOSE:$google_ad_personalization");
}

/* ---- audiences ---- */

enum df_status conf_parse_audiences(void *home, const struct conf_key *key, const char *value,
				    const char *base, struct df_err *err)
{
	struct conf_list list = {0};
	const struct conf_key at_list = {.at = 0};
	uint32_t bits = 0;
	enum df_status st = conf_parse_list(&list, &at_list, value, base, err);
	for (size_t i = 0; st == DF_OK && i < list.n; i++) {
		uint32_t n = 0;
		while (key->words[n] != NULL && strcasecmp(key->words[n], list.v[i]) != 0)
			n++;
		bits |= 1u << n;
		if (key->words[n] == NULL)
			st = df_fail(DF_USAGE, err, NULL,
				     "'%s' is not one of: string array attribute", list.v[i]);
	}
	if (st != DF_OK)
		goto cleanup;
	*(uint32_t *)(void *)((char *)home + key->at) = bits;
cleanup:
	conf_list_free(&list);
	return st;
}

bool conf_print_audiences(const void *home, const struct conf_key *key, struct df_buf *out)
{
	uint32_t bits = *(const uint32_t *)(const void *)((const char *)home + key->at);
	size_t begin = out->len;
	for (uint32_t n = 0; key->words[n] != NULL; n++)
		if (bits & (1u << n)) {
			df_buf_adds(out, out->len > begin ? " " : "");
			df_buf_adds(out, key->words[n]);
		}
	return bits != 0;
}

/* ---- the whole section ---- */

/* The pace and what later runs know are kept by key: by its hash here, because the key is the
 * secret. */
void conf_braze_name_key(struct conf_feed *feed)
{
	struct conf_send *send = &feed->send;
	char hex[DF_SHA256_HEX];
	if (send->sink != CONF_SINK_BRAZE || send->api_secret == NULL || send->api_key != NULL)
		return;
	struct df_sha256 *h = df_sha256_new();
	df_sha256_add(h, send->api_secret, strlen(send->api_secret));
	df_sha256_end(h, hex);
	df_sha256_free(h);
	hex[16] = '\0';
	send->api_key = df_format("braze-%s", hex);
}
