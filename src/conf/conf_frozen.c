/* SPDX-License-Identifier: MIT */
/* The settings with which a document is begun are stored as text, and read again for its rest. */
#include "conf_feed.h"
#include "conf_value.h"

#include <stdio.h>
#include <stdlib.h>

/* A value stays on its line: '%' and control characters become %XX. */
static void frozen_escape(struct df_buf *out, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		if (c == '%' || c < 0x20 || c == 0x7f)
			df_buf_addf(out, "%%%02X", (unsigned)c);
		else
			df_buf_addc(out, s[i]);
	}
}

void conf_feed_freeze(const struct conf_feed *feed, struct df_buf *out)
{
	struct df_buf value = {0};
	for (const struct conf_key *key = conf_feed_keys; key->name != NULL; key++) {
		df_buf_reset(&value);
		if (key->print == NULL || !key->print(feed, key, &value))
			continue;
		df_buf_addf(out, "%s = ", key->name);
		frozen_escape(out, value.data, value.len);
		df_buf_addc(out, '\n');
	}
	df_buf_free(&value);
}

/* The character that %XX means; 0: that is not one. */
static char escaped_char(const char *s, size_t len)
{
	char hex[3] = {0};
	if (len < 3)
		return '\0';
	memcpy(hex, s + 1, 2);
	return strspn(hex, "0123456789ABCDEF") == 2 ? (char)strtoul(hex, NULL, 16) : '\0';
}

static bool frozen_unescape(const char *s, size_t len, char **out)
{
	char *text = df_alloc(len + 1);
	size_t n = 0;
	for (size_t i = 0; i < len; i++, n++) {
		text[n] = s[i];
		if (s[i] != '%')
			continue;
		text[n] = escaped_char(s + i, len - i);
		if (text[n] == '\0') {
			free(text);
			return false;
		}
		i += 2;
	}
	*out = text;
	return true;
}

/* Frozen fields back to their defaults, so that what the text leaves out is not today's setting. */
static void frozen_reset(struct conf_feed *feed)
{
	for (const struct conf_key *key = conf_feed_keys; key->name != NULL; key++) {
		if (key->print == NULL)
			continue;
		struct df_err err = {0};
		const char *value = key->absent != NULL ? key->absent : key->fallback;
		if (value == NULL)
			/* only texts have no default */
			conf_text_set(conf_field(feed, key), NULL);
		else if (key->parse(feed, key, value, NULL, &err) != DF_OK)
			abort();
	}
}

/* 0.1 stored these as well; today's value counts. */
static bool was_frozen(const struct conf_key *key)
{
	return strcmp(key->name, "sink") == 0 || strcmp(key->name, "duplicates") == 0;
}

/* Reads one line into `feed`. seen: the keys that were read; each is there at most once. */
static bool frozen_line(struct conf_feed *feed, const char *line, size_t len,
			bool seen[CONF_MAX_KEYS])
{
	char name[64], *value = NULL;
	size_t name_len = strcspn(line, " ");
	if (name_len >= sizeof(name) || len < name_len + 3 ||
	    memcmp(line + name_len, " = ", 3) != 0)
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)name_len, line);
	const struct conf_key *key = conf_key_find(conf_feed_keys, name);
	if (key == NULL || seen[key - conf_feed_keys] || (key->print == NULL && !was_frozen(key)))
		return false;

	seen[key - conf_feed_keys] = true;
	if (key->print == NULL)
		return true;
	if (!frozen_unescape(line + name_len + 3, len - name_len - 3, &value))
		return false;
	struct df_err err = {0};
	bool good = key->parse(feed, key, value, NULL, &err) == DF_OK;
	free(value);
	return good;
}

/* Returns the number of the line that is not one of conf_feed_freeze, 0: all are. */
static unsigned frozen_read(struct conf_feed *feed, const char *frozen)
{
	bool seen[CONF_MAX_KEYS] = {false};
	unsigned number = 1;
	for (const char *line = frozen; *line != '\0'; number++) {
		const char *end = strchr(line, '\n');
		if (end == NULL || !frozen_line(feed, line, (size_t)(end - line), seen))
			return number;
		line = end + 1;
	}
	return number == 1 ? 1 : 0; /* there is always something */
}

/* A text that has its file's name beside it. */
static void thaw_text(char **path, char **text, const char *stored, const char *name)
{
	conf_text_set(text, df_strdup(stored));
	if (stored == NULL)
		conf_text_set(path, NULL);
	else if (*path == NULL)
		*path = df_format("(the %s stored with the document)", name);
}

static enum df_status frozen_apply(struct conf_feed *feed, const char *settings, struct df_err *err)
{
	unsigned wrong = frozen_read(feed, settings);
	return wrong == 0 ? DF_OK
			  : df_fail(DF_FATAL, err, NULL,
				    "line %u of the settings stored with the document is not what "
				    "this dropfeed wrote",
				    wrong);
}

/* The plan is read again only where it is not the feed's of today. */
static enum df_status thaw_plan(struct conf_feed *feed, const struct conf_feed *live,
				struct df_err *err)
{
	if (df_same_text(feed->plan.text, live->plan.text) &&
	    feed->plan.version == live->plan.version)
		return DF_OK;
	return conf_feed_plan_read(feed, err) == DF_OK ? DF_OK : DF_FATAL;
}

/* Nothing has changed since, where that is known without reading anything. */
static bool is_of_today(const struct conf_feed *live, const struct conf_frozen *stored)
{
	return stored->today != NULL && df_same_text(stored->settings, stored->today) &&
	       df_same_text(stored->manifest, live->map.manifest_text) &&
	       df_same_text(stored->plan, live->plan.text);
}

enum df_status conf_feed_thaw(const struct conf_feed *live, const struct conf_frozen *stored,
			      struct conf_feed **out, struct df_err *err)
{
	if (is_of_today(live, stored)) {
		*out = conf_feed_copy(live);
		return DF_OK;
	}
	struct conf_feed *feed = conf_feed_copy(live);
	frozen_reset(feed);
	thaw_text(&feed->map.manifest, &feed->map.manifest_text, stored->manifest, "manifest");
	thaw_text(&feed->plan.path, &feed->plan.text, stored->plan, "data plan");

	enum df_status st = frozen_apply(feed, stored->settings, err);
	if (st != DF_OK)
		goto cleanup;
	st = thaw_plan(feed, live, err);
	if (st != DF_OK)
		goto cleanup;
	*out = feed;
	return DF_OK;
cleanup:
	conf_feed_free(feed);
	return st;
}

void conf_feed_differences(const struct conf_feed *stored, const struct conf_feed *live,
			   struct df_buf *names)
{
	struct df_buf a = {0}, b = {0};
	for (const struct conf_key *key = conf_feed_keys; key->name != NULL; key++) {
		if (key->print == NULL)
			continue;
		df_buf_reset(&a);
		df_buf_reset(&b);
		bool then = key->print(stored, key, &a), now = key->print(live, key, &b);
		if (then != now || strcmp(df_buf_cstr(&a), df_buf_cstr(&b)) != 0)
			df_buf_addf(names, "%s%s", names->len > 0 ? ", " : "", key->name);
	}
	if (!df_same_text(stored->map.manifest_text, live->map.manifest_text))
		df_buf_addf(names, "%smanifest", names->len > 0 ? ", " : "");
	if (!df_same_text(stored->plan.text, live->plan.text))
		df_buf_addf(names, "%splan", names->len > 0 ? ", " : "");
	df_buf_free(&a);
	df_buf_free(&b);
}
