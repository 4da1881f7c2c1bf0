/* SPDX-License-Identifier: MIT */
/*
 * The one table of keys: what each is called, where it is kept, how it is read, its default, and
 * whether it is frozen. Loading, conf_feed_set, conf_feed_freeze and conf_feed_thaw all go by it;
 * frozen settings are written in its order.
 */
#include "conf_key.h"

#include "conf_value.h"

#include "dropfeed/schema.h"
#include "dropfeed/time.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

/* enum conf_policy */
static const char *const policy_words[] = {"off", "warn", "enforce", NULL};
/* enum conf_historical */
static const char *const historical_words[] = {"auto", "never", "always", NULL};
/* enum df_log_level */
static const char *const level_words[] = {"error", "warn", "info", "debug", NULL};
static const char *const format_words[] = {"text", "json", NULL};
static const char *const empty_words[] = {"omit", "delete", NULL};
static const char *const unknown_words[] = {"refuse", "warn", NULL};
static const char *const limits_words[] = {"reject", "truncate", NULL};
static const char *const escape_words[] = {"none", "backslash", NULL};
/* enum conf_placeholder */
static const char *const placeholder_words[] = {"empty", "reject", "keep", NULL};
static const char *const action_words[] = {"warn", "refuse", NULL};
/* enum conf_event, and CONF_NOTIFY_NONE */
static const char *const event_words[] = {
    "done", "refused", "rejects", "missing", "unfinished", "recovered", "denied", "none", NULL};
/* enum conf_plan_action */
static const char *const plan_words[] = {"warn", "reject", "block", NULL};
static const char *const plan_type_words[] = {"loose", "strict", NULL};
static const char *const duplicates_words[] = {"skip", "import", NULL};
static const char *const kind_words[] = {"events", "subject_requests", NULL};
static const char *const order_words[] = {"arrival", "none", NULL};
static const char *const list_words[] = {"array", "string", NULL};
/* enum conf_braze_detect */
static const char *const detection_words[] = {"none", "attributes", "events", "both", NULL};
/* enum conf_braze_screens */
static const char *const screen_words[] = {"no", "yes", "name", NULL};
static const char *const tag_words[] = {"true", "null", NULL};
/* the bits of enum conf_braze_audience */
static const char *const audience_words[] = {"string", "array", "attribute", NULL};
static const char *const checksum_words[] = {".sha256", ".md5", NULL};

/* ---- the tables ---- */

#define MAIN(field) offsetof(struct conf, field)
#define FEED(field) offsetof(struct conf_feed, field)

const struct conf_key conf_main_keys[] = {
    {.name = "state_dir", .at = MAIN(state_dir), .parse = conf_parse_path},
    {.name = "ledger", .at = MAIN(ledger.url), .parse = conf_parse_ledger},
    {.name = "ledger_password_file", .at = MAIN(ledger.password), .parse = conf_parse_secret_file},
    {.name = "ledger_password_env", .at = MAIN(ledger.password), .parse = conf_parse_secret_env},
    {.name = "node", .at = MAIN(ledger.node), .parse = conf_parse_node},
    {.name = "jobs",
     .at = MAIN(jobs),
     .parse = conf_parse_u32,
     .fallback = "2",
     .min = 1,
     .max = 64},
    {.name = "log_level",
     .at = MAIN(log_level),
     .parse = conf_parse_word,
     .fallback = "info",
     .words = level_words},
    {.name = "log_format",
     .at = MAIN(log_json),
     .parse = conf_parse_word_bool,
     .fallback = "text",
     .words = format_words},
    {.name = "metrics_file", .at = MAIN(operate.metrics_file), .parse = conf_parse_metrics_file},
    {.name = "ping_url", .at = MAIN(operate.ping_url), .parse = conf_parse_url},
    {.name = "on_event",
     .at = MAIN(operate.notify.on_event),
     .parse = conf_parse_text,
     .verbatim = true},
    {.name = "webhook", .at = MAIN(operate.notify.webhook), .parse = conf_parse_url},
    {.name = "notify",
     .at = MAIN(operate.notify.events),
     .parse = conf_parse_notify,
     .fallback = "refused rejects missing unfinished recovered denied",
     .words = event_words},

    {.name = NULL},
};

/* A live key: today's value counts. */
#define LIVE(key, field, how, ...)                                                                 \
	{                                                                                          \
		.name = #key, .at = FEED(field), .parse = conf_parse_##how, __VA_ARGS__            \
	}
/* A secret: name_file names the file that holds it, name_env the environment variable. */
#define SECRET(key, field)                                                                         \
	LIVE(key##_file, field, secret_file, .fallback = NULL),                                    \
	    LIVE(key##_env, field, secret_env, .fallback = NULL)
/* A frozen key: the value under which the first batch of the document was taken counts. */
#define FROZEN(key, field, how, shown, ...)                                                        \
	{                                                                                          \
		.name = #key, .at = FEED(field), .parse = how, .print = conf_print_##shown,        \
		__VA_ARGS__                                                                        \
	}

const struct conf_key conf_feed_keys[] = {
    /* source */
    LIVE(source, fetch.source, source, .fallback = NULL),
    LIVE(include, fetch.include, list, .fallback = NULL),
    LIVE(exclude, fetch.exclude, list, .fallback = NULL),
    LIVE(min_age, fetch.min_age_ms, duration, .fallback = "60s", .max = 365 * DF_DAY_MS),
    LIVE(known_hosts, fetch.known_hosts, readable, .fallback = NULL),
    LIVE(host_key, fetch.host_key, host_key, .fallback = NULL),
    LIVE(identity_file, fetch.identity_file, private, .fallback = NULL),
    SECRET(passphrase, fetch.passphrase),
    SECRET(password, fetch.password),
    LIVE(stall_timeout, fetch.stall_timeout_ms, duration, .fallback = "60s", .min = 1000,
	 .max = DF_DAY_MS),
    LIVE(order, fetch.order_none, word_bool, .fallback = "arrival", .words = order_words),
    LIVE(after_done, fetch.after_done, after, .fallback = "keep"),
    LIVE(after_refused, fetch.after_refused, after, .fallback = "keep"),
    LIVE(receipts, fetch.receipts, receipts, .fallback = NULL),
    LIVE(proxy_command, fetch.proxy_command, text, .fallback = NULL),
    LIVE(subfolders, fetch.subfolders, bool, .fallback = "no"),
    LIVE(ready_marker, fetch.ready_marker, marker, .fallback = NULL),
    LIVE(checksum, fetch.checksum, word_text, .fallback = NULL, .words = checksum_words),
    /* decode */
    FROZEN(document_type, decode.document_type, conf_parse_document_type, text, .fallback = NULL),
    LIVE(encrypted, decode.encrypted, bool, .fallback = "no"),
    LIVE(gnupg_home, decode.gnupg_home, folder, .fallback = NULL),
    SECRET(gnupg_passphrase, decode.gnupg_passphrase),
    LIVE(signed_by, decode.signed_by, fingerprints, .fallback = NULL),
    LIVE(rejects_recipient, decode.rejects_recipient, fingerprints, .fallback = NULL),
    LIVE(max_plaintext, decode.max_plaintext, size, .fallback = "20GiB", .min = 1),
    LIVE(max_ratio, decode.max_ratio, count, .fallback = "1000", .min = 1),
    LIVE(max_entries, decode.max_entries, count, .fallback = "10000", .min = 1),
    /* rows */
    FROZEN(delimiter, rows.delimiter, conf_parse_delimiter, char, .fallback = ",", .min = 1,
	   .verbatim = true),
    FROZEN(quote, rows.quote, conf_parse_char, char, .fallback = "\"", .verbatim = true),
    FROZEN(escape, rows.backslash, conf_parse_word_bool, word_bool, .fallback = "none",
	   .words = escape_words),
    FROZEN(encoding, rows.encoding, conf_parse_encoding, text, .fallback = "utf-8"),
    FROZEN(skip_lines, rows.skip_lines, conf_parse_count, u64, .fallback = "0", .max = 1000000),
    FROZEN(skip_last_lines, rows.skip_last_lines, conf_parse_count, u64, .fallback = "0",
	   .max = 1000000),
    FROZEN(comment, rows.comment, conf_parse_char, char, .fallback = "none", .verbatim = true),
    FROZEN(null, rows.null, conf_parse_words, words, .fallback = "", .verbatim = true),
    FROZEN(trim, rows.trim, conf_parse_bool, bool, .fallback = "no"),
    FROZEN(row_count, rows.count, conf_parse_pattern, text, .fallback = NULL, .verbatim = true),
    /* map */
    FROZEN(guidelines, map.guidelines, conf_parse_word, word, .fallback = "warn",
	   .words = policy_words),
    /* its text is frozen apart from the settings, and with it its path */
    LIVE(manifest, map.manifest, manifest, .fallback = NULL),
    /* likewise */
    LIVE(plan, plan.path, plan, .fallback = NULL),
    FROZEN(plan_version, plan.version, conf_parse_u32, u32, .fallback = "0", .max = 1000000000),
    FROZEN(plan_action, plan.action, conf_parse_word, word, .fallback = "warn",
	   .words = plan_words),
    FROZEN(plan_types, plan.strict, conf_parse_word_bool, word_bool, .fallback = "loose",
	   .words = plan_type_words),
    FROZEN(environment, map.environment, conf_parse_word_text, text, .fallback = "production",
	   .words = schema_environments),
    FROZEN(event_name, map.event_name, conf_parse_utf8, text, .fallback = NULL),
    FROZEN(event_type, map.event_type, conf_parse_word_text, text, .fallback = NULL,
	   .words = schema_custom_event_types),
    FROZEN(screen_name, map.screen_name, conf_parse_utf8, text, .fallback = ""),
    FROZEN(data_plan, map.data_plan, conf_parse_data_plan, text, .fallback = NULL),
    FROZEN(timestamps, map.timestamps, conf_parse_timestamps, text, .fallback = "ms"),
    FROZEN(timezone, map.timezone, conf_parse_timezone, text, .fallback = "UTC"),
    FROZEN(timestamp_range, map.timestamp_range, conf_parse_timestamp_range, text,
	   .fallback = TIME_RANGE_DEFAULT, .absent = "1970-01-01 .. 2199-12-31"),
    FROZEN(placeholder_ids, map.placeholder_ids, conf_parse_word, word, .fallback = "empty",
	   .absent = "keep", .words = placeholder_words),
    FROZEN(empty_attributes, map.empty_attributes_delete, conf_parse_word_bool, word_bool,
	   .fallback = "omit", .words = empty_words),
    FROZEN(unknown_columns, map.unknown_columns_warn, conf_parse_word_bool, word_bool,
	   .fallback = "refuse", .words = unknown_words),
    FROZEN(limits, map.limits_truncate, conf_parse_word_bool, word_bool, .fallback = "reject",
	   .words = limits_words),
    FROZEN(fold_products, map.fold_products, conf_parse_bool, bool, .fallback = "no"),
    FROZEN(max_rejects, map.max_rejects, conf_parse_rejects, rejects, .fallback = "100%"),
    /* batch */
    FROZEN(group_window, batch.group_window, conf_parse_size, u64, .fallback = "64MiB",
	   .max = UINT64_C(16) << 30),
    FROZEN(historical, batch.historical, conf_parse_word, word, .fallback = "auto",
	   .words = historical_words),
    FROZEN(lanes, batch.lanes, conf_parse_u32, u32, .fallback = "8", .min = 1, .max = 64),
    /* send */
    LIVE(sink, send.sink, sink, .fallback = "events-api"),
    LIVE(endpoint, send.endpoint, endpoint, .fallback = NULL),
    LIVE(ca_file, send.ca_file, readable, .fallback = NULL),
    LIVE(api_key, send.api_key, api_key, .fallback = NULL),
    SECRET(api_secret, send.api_secret),
    LIVE(proxy, send.proxy, proxy, .fallback = NULL),
    LIVE(proxy_user, send.proxy_user, text, .fallback = NULL),
    SECRET(proxy_password, send.proxy_password),
    LIVE(batches_per_second, send.batches_per_second, rate, .fallback = "270", .max = 1000000),
    LIVE(give_up_after, send.give_up_after_ms, duration, .fallback = "15m", .max = 30 * DF_DAY_MS),
    LIVE(duplicates, send.duplicates_import, word_bool, .fallback = "skip",
	 .words = duplicates_words),
    /* subject requests */
    LIVE(kind, requests.on, word_bool, .fallback = "events", .words = kind_words),
    LIVE(confirmed, requests.confirmed, bool, .fallback = "no"),
    LIVE(max_requests, requests.max, count, .fallback = "1000", .min = 1),
    FROZEN(regulation, requests.regulation, conf_parse_word_text, text, .fallback = NULL,
	   .words = schema_regulations),
    FROZEN(group_id, requests.group_id, conf_parse_utf8, text, .fallback = NULL),
    FROZEN(status_callback_urls, requests.callbacks, conf_parse_urls, text, .fallback = NULL),
    FROZEN(skip_waiting_period, requests.skip_waiting_period, conf_parse_bool, bool,
	   .fallback = "no"),
    /* braze */
    LIVE(instance, send.endpoint, instance, .fallback = NULL),
    SECRET(api_key, send.api_secret),
    FROZEN(app_id, braze.app_id, conf_parse_utf8, text, .fallback = NULL),
    FROZEN(external_id, braze.external_id, conf_parse_identity, text, .fallback = "customer_id"),
    FROZEN(email_id, braze.email_id, conf_parse_identity, text, .fallback = "email"),
    FROZEN(bundle_commerce, braze.bundle_commerce, conf_parse_bool, bool, .fallback = "no"),
    FROZEN(lists, braze.lists_joined, conf_parse_word_bool, word_bool, .fallback = "array",
	   .words = list_words),
    FROZEN(type_detection, braze.type_detection, conf_parse_word, word, .fallback = "none",
	   .words = detection_words),
    FROZEN(screen_views, braze.screen_views, conf_parse_word, word, .fallback = "no",
	   .words = screen_words),
    FROZEN(session_events, braze.session_events, conf_parse_bool, bool, .fallback = "no"),
    FROZEN(subscription_groups, braze.subscription_groups, conf_parse_groups, words, .fallback = "",
	   .verbatim = true),
    FROZEN(consent, braze.consent, conf_parse_consent, words, .fallback = "", .verbatim = true),
    FROZEN(user_tags, braze.tags_null, conf_parse_word_bool, word_bool, .fallback = "true",
	   .words = tag_words),
    FROZEN(audiences, braze.audiences, conf_parse_audiences, audiences, .fallback = "string",
	   .words = audience_words),
    /* expectations */
    LIVE(expect, expect, expect, .fallback = NULL),
    LIVE(expect_rows, expect, expect_rows, .fallback = NULL),
    LIVE(expect_age, expect.age_ms, duration, .fallback = NULL, .min = 60000,
	 .max = 400 * DF_DAY_MS),
    LIVE(expect_action, expect.action_refuse, word_bool, .fallback = "warn", .words = action_words),
    /* notices: where the feed has none of its own, those of [dropfeed] */
    LIVE(on_event, notify.on_event, text, .fallback = NULL, .verbatim = true),
    LIVE(webhook, notify.webhook, url, .fallback = NULL),
    LIVE(notify, notify.events, notify, .fallback = NULL, .words = event_words),
    {.name = NULL},
};

_Static_assert(sizeof(conf_feed_keys) / sizeof(*conf_feed_keys) <= CONF_MAX_KEYS,
	       "conf_load notes a line for each key");
_Static_assert(sizeof(enum conf_policy) == sizeof(int) && sizeof(enum df_log_level) == sizeof(int),
	       "conf_parse_word writes enumerations as int");

/* ---- looking up ---- */

const struct conf_key *conf_key_find(const struct conf_key *keys, const char *name)
{
	for (; keys->name != NULL; keys++)
		if (strcmp(keys->name, name) == 0)
			return keys;
	return NULL;
}

const struct conf_key *conf_key_nearest(const struct conf_key *keys, const char *name)
{
	const struct conf_key *nearest = NULL;
	size_t best = strlen(name) / 2 < 4 ? strlen(name) / 2 : 4; /* farther does not help */
	for (; keys->name != NULL; keys++) {
		size_t d = df_distance(name, strlen(name), keys->name, strlen(keys->name));
		if (d < best || (d == best && nearest == NULL)) {
			best = d;
			nearest = keys;
		}
	}
	return nearest;
}

/* As other programs spell it, too: API_SECRET, api-secret. */
const struct conf_key *conf_key_secret(const char *name)
{
	char *file = df_format("%s_file", strcasecmp(name, "secret") == 0 ? "api_secret" : name);
	for (char *s = file; *s != '\0'; s++)
		*s = *s == '-' ? '_' : (char)tolower((unsigned char)*s);
	const struct conf_key *key = conf_key_find(conf_feed_keys, file);
	if (key == NULL)
		key = conf_key_find(conf_main_keys, file);
	free(file);
	return key != NULL && key->parse == conf_parse_secret_file ? key : NULL;
}

void conf_keys_defaults(void *home, const struct conf_key *keys)
{
	for (; keys->name != NULL; keys++) {
		struct df_err err = {0};
		if (keys->fallback != NULL &&
		    keys->parse(home, keys, keys->fallback, NULL, &err) != DF_OK)
			abort(); /* a default that its own parser refuses is a broken table */
	}
}
