/* SPDX-License-Identifier: MIT */
/* The life of a configuration, and how a document's settings are frozen and thawed. */
#include "conf_priv.h"

#include <stdio.h>
#include <stdlib.h>

/* What a feed owns; conf_feed_free and the copy of conf_feed_thaw go by these lists. */
#define FEED(field) offsetof(struct conf_feed, field)
static const size_t feed_texts[] = {
    FEED(name),
    FEED(fetch.source.url),
    FEED(fetch.source.user),
    FEED(fetch.source.host),
    FEED(fetch.source.path),
    FEED(fetch.source.key),
    FEED(fetch.known_hosts),
    FEED(fetch.host_key),
    FEED(fetch.identity_file),
    FEED(fetch.after_done.dir),
    FEED(fetch.after_refused.dir),
    FEED(fetch.receipts),
    FEED(decode.gnupg_home),
    FEED(map.manifest),
    FEED(map.manifest_text),
    FEED(plan.path),
    FEED(plan.text),
    FEED(map.environment),
    FEED(map.event_name),
    FEED(map.event_type),
    FEED(map.screen_name),
    FEED(map.data_plan),
    FEED(map.timestamps),
    FEED(map.timezone),
    FEED(send.sink_path),
    FEED(send.endpoint),
    FEED(send.ca_file),
    FEED(send.api_key),
    FEED(rows.encoding),
    FEED(rows.count),
    FEED(map.timestamp_range),
    FEED(fetch.proxy_command),
    FEED(fetch.ready_marker),
    FEED(fetch.checksum),
    FEED(decode.document_type),
    FEED(send.proxy),
    FEED(send.proxy_user),
    FEED(expect.zone),
    FEED(notify.on_event),
    FEED(notify.webhook),
};
static const size_t feed_secrets[] = {FEED(fetch.passphrase), FEED(fetch.password),
				      FEED(send.api_secret), FEED(decode.gnupg_passphrase),
				      FEED(send.proxy_password)};
static const size_t feed_lists[] = {FEED(fetch.include), FEED(fetch.exclude),
				    FEED(decode.signed_by), FEED(decode.rejects_recipient),
				    FEED(rows.null)};

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static char **feed_text(struct conf_feed *feed, size_t at)
{
	return (char **)(void *)((char *)feed + at);
}

static struct conf_list *feed_list(struct conf_feed *feed, size_t at)
{
	return (struct conf_list *)(void *)((char *)feed + at);
}

static void feed_clear(struct conf_feed *feed)
{
	for (size_t i = 0; i < COUNT(feed_texts); i++)
		free(*feed_text(feed, feed_texts[i]));
	for (size_t i = 0; i < COUNT(feed_secrets); i++)
		conf_secret_free(*feed_text(feed, feed_secrets[i]));
	for (size_t i = 0; i < COUNT(feed_lists); i++)
		conf_list_free(feed_list(feed, feed_lists[i]));
	plan_free(feed->plan.read);
	memset(feed, 0, sizeof(*feed));
}

static struct conf_feed *feed_copy(const struct conf_feed *from)
{
	struct conf_feed *to = df_alloc(sizeof(*to));
	*to = *from; /* numbers are copied, and pointers, which the loops below replace by copies */
	for (size_t i = 0; i < COUNT(feed_texts); i++)
		*feed_text(to, feed_texts[i]) = df_strdup(*feed_text(to, feed_texts[i]));
	for (size_t i = 0; i < COUNT(feed_secrets); i++)
		*feed_text(to, feed_secrets[i]) = df_strdup(*feed_text(to, feed_secrets[i]));
	for (size_t i = 0; i < COUNT(feed_lists); i++) {
		struct conf_list *list = feed_list(to, feed_lists[i]);
		char **v = list->n > 0 ? df_alloc(list->n * sizeof(*v)) : NULL;
		for (size_t j = 0; j < list->n; j++)
			v[j] = df_strdup(list->v[j]);
		list->v = v;
	}
	to->plan.read = plan_share(to->plan.read);
	return to;
}

void conf_feed_init(struct conf_feed *feed, const char *name)
{
	feed->name = df_strdup(name);
	conf_keys_defaults(feed, conf_feed_keys);
	/* no default in the table: it need not exist */
	if (conf_path_resolve("~/.ssh/known_hosts", NULL, &feed->fetch.known_hosts, NULL) != DF_OK)
		abort();
}

struct conf_feed *conf_feed_default(const char *name)
{
	struct conf_feed *feed = df_alloc(sizeof(*feed));
	conf_feed_init(feed, name);
	feed->send.sink = CONF_SINK_STDOUT;
	return feed;
}

const struct conf_feed *conf_feed_find(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->n_feeds; i++)
		if (strcmp(conf->feeds[i].name, name) == 0)
			return &conf->feeds[i];
	return NULL;
}

int conf_feed_line(const struct conf_feed *feed, const char *key)
{
	const struct conf_key *k = conf_key_find(conf_feed_keys, key);
	int line = k != NULL ? feed->key_lines[k - conf_feed_keys] : 0;
	return line != 0 ? line : feed->line;
}

int conf_line(const struct conf *conf, const char *key)
{
	const struct conf_key *k = conf_key_find(conf_main_keys, key);
	return k != NULL ? conf->key_lines[k - conf_main_keys] : 0;
}

void conf_feed_settle(struct conf_feed *feed)
{
	if (feed->requests.on && feed->send.endpoint == NULL)
		feed->send.endpoint = df_strdup(CONF_OPENDSR);
}

enum df_status conf_feed_set(struct conf_feed *feed, const char *name, const char *value,
			     struct df_err *err)
{
	const struct conf_key *key = conf_key_find(conf_feed_keys, name);
	const struct conf_key *near = key == NULL ? conf_key_nearest(conf_feed_keys, name) : NULL;
	if (near != NULL)
		return df_fail(DF_USAGE, err, NULL, "there is no key '%s'; did you mean '%s'?",
			       name, near->name);
	if (key == NULL)
		return df_fail(DF_USAGE, err, NULL, "there is no key '%s'", name);
	struct df_err why = {0};
	enum df_status st = key->parse(feed, key, value, NULL, &why);
	if (st != DF_OK)
		return df_fail(st, err, why.code, "%s: %s", name, why.text);
	conf_feed_settle(feed);
	return DF_OK;
}

/* ---- freezing ---- */

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

static bool frozen_unescape(const char *s, size_t len, char **out)
{
	char *text = df_alloc(len + 1);
	size_t n = 0;
	for (size_t i = 0; i < len; i++) {
		unsigned c = (unsigned char)s[i];
		if (c == '%') {
			char hex[3] = {0};
			if (len - i < 3)
				goto bad;
			memcpy(hex, s + i + 1, 2);
			if (strspn(hex, "0123456789ABCDEF") != 2)
				goto bad;
			c = (unsigned)strtoul(hex, NULL, 16);
			if (c == 0)
				goto bad;
			i += 2;
		}
		text[n++] = (char)c;
	}
	*out = text;
	return true;
bad:
	free(text);
	return false;
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
			conf_text_set(feed_text(feed, key->at), NULL);
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

static bool same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
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

enum df_status conf_feed_thaw(const struct conf_feed *live, const struct conf_frozen *stored,
			      struct conf_feed **out, struct df_err *err)
{
	struct conf_feed *feed = feed_copy(live);
	frozen_reset(feed);
	thaw_text(&feed->map.manifest, &feed->map.manifest_text, stored->manifest, "manifest");
	thaw_text(&feed->plan.path, &feed->plan.text, stored->plan, "data plan");

	unsigned wrong = frozen_read(feed, stored->settings);
	bool same =
	    same_text(feed->plan.text, live->plan.text) && feed->plan.version == live->plan.version;
	if (wrong == 0 && !same && conf_feed_plan_read(feed, err) != DF_OK) {
		conf_feed_free(feed);
		return DF_FATAL;
	}
	if (wrong == 0) {
		*out = feed;
		return DF_OK;
	}
	conf_feed_free(feed);
	return df_fail(
	    DF_FATAL, err, NULL,
	    "line %u of the settings stored with the document is not what this dropfeed wrote",
	    wrong);
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
	if (!same_text(stored->map.manifest_text, live->map.manifest_text))
		df_buf_addf(names, "%smanifest", names->len > 0 ? ", " : "");
	if (!same_text(stored->plan.text, live->plan.text))
		df_buf_addf(names, "%splan", names->len > 0 ? ", " : "");
	df_buf_free(&a);
	df_buf_free(&b);
}

/* ---- life ---- */

void conf_feed_free(struct conf_feed *feed)
{
	if (feed == NULL)
		return;
	feed_clear(feed);
	free(feed);
}

void conf_problems_free(struct conf_problems *problems)
{
	for (size_t i = 0; i < problems->n; i++)
		free(problems->v[i].text);
	free(problems->v);
	problems->v = NULL;
	problems->n = 0;
}

void conf_free(struct conf *conf)
{
	if (conf == NULL)
		return;
	for (size_t i = 0; i < conf->n_feeds; i++)
		feed_clear(&conf->feeds[i]);
	free(conf->feeds);
	free(conf->path);
	free(conf->state_dir);
	free(conf->ledger.url);
	conf_secret_free(conf->ledger.password);
	free(conf->ledger.node);
	free(conf->operate.metrics_file);
	free(conf->operate.ping_url);
	free(conf->operate.notify.on_event);
	free(conf->operate.notify.webhook);

	free(conf);
}
