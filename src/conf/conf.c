/* SPDX-License-Identifier: MIT */
/* The life of a configuration and of its feeds. */
#include "conf_feed.h"
#include "conf_value.h"

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
    FEED(braze.app_id),
    FEED(braze.external_id),
    FEED(braze.email_id),
    FEED(expect.zone),
    FEED(requests.regulation),
    FEED(requests.group_id),
    FEED(requests.callbacks),
    FEED(notify.on_event),
    FEED(notify.webhook),
};
static const size_t feed_secrets[] = {FEED(fetch.passphrase), FEED(fetch.password),
				      FEED(send.api_secret), FEED(decode.gnupg_passphrase),
				      FEED(send.proxy_password)};
static const size_t feed_lists[] = {FEED(fetch.include),    FEED(fetch.exclude),
				    FEED(decode.signed_by), FEED(decode.rejects_recipient),
				    FEED(rows.null),        FEED(braze.subscription_groups),
				    FEED(braze.consent)};

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

struct conf_feed *conf_feed_copy(const struct conf_feed *from)
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
	/* no default in the table: it need not exist, nor the user's home */
	if (conf_path_resolve("~/.ssh/known_hosts", NULL, &feed->fetch.known_hosts, NULL) != DF_OK)
		feed->fetch.known_hosts = df_strdup("/.ssh/known_hosts");
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

static enum df_status setting_unknown(const char *name, struct df_err *err)
{
	const struct conf_key *secret = conf_key_secret(name);
	const struct conf_key *near = conf_key_nearest(conf_feed_keys, name);
	if (secret != NULL)
		return df_fail(DF_USAGE, err, NULL, CONF_NO_SECRETS, name, secret->name,
			       (int)(strlen(secret->name) - 5), secret->name);
	if (conf_key_find(conf_main_keys, name) != NULL)
		return df_fail(DF_USAGE, err, NULL,
			       "'%s' belongs in [dropfeed]; a feed's keys alone can be set here",
			       name);
	if (near != NULL)
		return df_fail(DF_USAGE, err, NULL, "there is no key '%s'; did you mean '%s'?",
			       name, near->name);
	return df_fail(DF_USAGE, err, NULL, "there is no key '%s'", name);
}

enum df_status conf_feed_set(struct conf_feed *feed, const char *name, const char *value,
			     struct df_err *err)
{
	const struct conf_key *key = conf_key_find(conf_feed_keys, name);
	struct df_err why = {0};
	if (key == NULL)
		return setting_unknown(name, err);
	enum df_status st = key->parse(feed, key, value, NULL, &why);
	if (st != DF_OK)
		return df_fail(st, err, why.code, "%s: %s", name, why.text);
	conf_feed_settle(feed);
	return DF_OK;
}

/* ---- life ---- */

void conf_feed_free(struct conf_feed *feed)
{
	if (feed == NULL)
		return;
	feed_clear(feed);
	free(feed);
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
