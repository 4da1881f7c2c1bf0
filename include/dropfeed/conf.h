/* SPDX-License-Identifier: MIT */
/*
 * conf.h - the configuration: one INI file becomes one struct conf
 *
 *	struct conf *conf = NULL;
 *	struct conf_problems problems = {0};
 *	if (conf_load(path, &conf, &problems, &err) != DF_OK) ... print every problem, exit 2
 *	const struct conf_feed *feed = conf_feed_find(conf, "orders");
 *	conf_free(conf);
 *
 * Everything is checked while loading: unknown sections and keys, bad values, missing keys,
 * duplicate feeds and keys, secret files that are missing, or that others, or a group this process
 * is not in, can read. Every mistake is reported, with file and line, not the first one only.
 * Relative paths are taken from the configuration file's folder; a leading "~/" is the home folder,
 * "$CREDENTIALS_DIRECTORY/" the service's credentials. Secrets are read from their files or the
 * environment when the configuration is loaded and kept in memory only.
 *
 *	conf.c		a feed's life
 *	conf_ini.c	the file's lines
 *	conf_load.c	from lines to feeds; conf_section.c: what only a whole section shows
 *	conf_problems.c	the mistakes
 *	conf_keys.c	the one table of keys
 *	conf_value.c	what a value may look like; conf_rule.c: values with rules of their own
 *	conf_rows.c	the same for CSV, conf_source.c and conf_endpoint.c for addresses,
 *	conf_file.c	for files; conf_expect.c for expectations, conf_braze.c for sink = braze
 *	conf_secret.c	secrets
 *	conf_frozen.c	settings that are stored with a document
 */
#ifndef DROPFEED_CONF_H
#define DROPFEED_CONF_H

#include "dropfeed/base.h"
#include "dropfeed/plan.h"

enum conf_policy { CONF_OFF, CONF_WARN, CONF_ENFORCE }; /* guidelines */
enum conf_after { CONF_KEEP, CONF_DELETE, CONF_MOVE };  /* after_done, after_refused */
enum conf_historical { CONF_HIST_AUTO, CONF_HIST_NEVER, CONF_HIST_ALWAYS };
/* What a value that identifies nobody is in an identity column: an empty cell, a fault, or an
 * identity. */
enum conf_placeholder { CONF_PLACEHOLDER_EMPTY, CONF_PLACEHOLDER_REJECT, CONF_PLACEHOLDER_KEEP };
enum conf_sink { CONF_SINK_EVENTS_API, CONF_SINK_FILE, CONF_SINK_STDOUT, CONF_SINK_BRAZE };

/* Who gets it answers each request, and may refuse what is in it. */
static inline bool conf_sink_answers(enum conf_sink sink)
{
	return sink != CONF_SINK_FILE && sink != CONF_SINK_STDOUT;
}

/* The most keys a section has. */
#define CONF_MAX_KEYS 128

struct conf_after_action {
	enum conf_after what;
	char *dir; /* for CONF_MOVE: on the source, relative to the feed's folder or absolute */
};

/* The parts of `source`. sftp://user@host[:port]/path: path "/~/x" is below the login's home
 * folder. file:///path. */
struct conf_source {
	enum { CONF_SOURCE_NONE, CONF_SOURCE_SFTP, CONF_SOURCE_FILE } kind;
	char *url; /* as written */
	char *user;
	char *host;
	uint16_t port; /* default 22 */
	char *path;
	/* by which the ledger knows it: the address without what may be spelled in several ways */
	char *key;
};

struct conf_list { /* comma- or blank-separated values */
	char **v;
	size_t n;
};

/* How documents are written (frozen); the defaults are RFC 4180 in UTF-8. */
struct conf_rows {
	uint32_t delimiter; /* see df_sequence_of; the others are Unicode characters */
	uint32_t quote;     /* 0: none */
	bool backslash;     /* escape = none | backslash */
	bool trim;
	uint32_t comment; /* 0: none */
	char *encoding;   /* "utf-8", or another name that iconv knows */
	uint64_t skip_lines, skip_last_lines;
	struct conf_list null;
	char *count; /* row_count: a pattern with one group, or NULL */
};

struct conf_fetch { /* where files come from, and what becomes of them there */
	struct conf_source source;
	struct conf_list include; /* globs; empty: every recognised name */
	struct conf_list exclude;
	int64_t min_age_ms; /* min_age, default 60 s */
	char *known_hosts;  /* default ~/.ssh/known_hosts */
	char *host_key;     /* "SHA256:..." pinned, or NULL */
	char *identity_file;
	char *passphrase; /* read from passphrase_file, for the SSH identity; or NULL */
	char *password;   /* read from password_file; or NULL */
	/* stall_timeout: a server, or GnuPG, is left after this long without a byte */
	int64_t stall_timeout_ms;
	/* order = arrival (default) | none: whether a file is sent after those that came before
	 * it */
	bool order_none;
	struct conf_after_action after_done, after_refused;
	char *receipts;      /* DIR on the source, or NULL */
	char *proxy_command; /* its standard input and output are the connection, or NULL */
	bool subfolders;     /* files of sub-folders are taken, too; default no */
	char *ready_marker;  /* ".done": a file is taken once <name>.done is beside it; or NULL */
	/* ".sha256" or ".md5": <name>.sha256 holds the hash of the file; or NULL */
	char *checksum;
	/* not a key: [dropfeed]'s, borrowed, or NULL: nothing is taken from it */
	const char *state_dir;
};

struct conf_decode {         /* how they are decrypted and unpacked */
	char *document_type; /* event type of documents whose name has none, or NULL */
	/* of the secret key, from gnupg_passphrase_file; NULL: passphrase is tried */
	char *gnupg_passphrase;
	bool encrypted;                     /* default no */
	char *gnupg_home;                   /* or NULL: GnuPG's own default */
	struct conf_list signed_by;         /* fingerprints; empty: not demanded */
	struct conf_list rejects_recipient; /* fingerprints; empty: the key that opened the file */
	uint64_t max_plaintext;             /* bytes, default 20 GiB */
	uint64_t max_ratio;                 /* default 1000 */
	uint64_t max_entries;               /* default 10000 */
};

struct conf_map {                    /* how a row becomes a record (frozen) */
	enum conf_policy guidelines; /* default CONF_WARN */
	char *manifest;              /* path, or NULL */
	char *manifest_text;         /* its bytes, NUL-terminated, or NULL */
	char *environment;           /* "development" or "production" (default) */
	char *event_name;            /* default of events.data.event_name, or NULL */
	/* default of events.data.custom_event_type, or NULL */
	char *event_type;
	char *screen_name; /* default "" */
	/* "plan_id" or "plan_id:version" (version >= 1), or NULL */
	char *data_plan;
	char *timestamps; /* "ms" (default), "auto" or a strptime pattern */
	char *timezone;   /* IANA name, default "UTC" */
	/* see time_range_parse, default TIME_RANGE_DEFAULT */
	char *timestamp_range;
	enum conf_placeholder placeholder_ids; /* default CONF_PLACEHOLDER_EMPTY */
	bool empty_attributes_delete;          /* empty_attributes = omit (default) | delete */
	bool unknown_columns_warn;             /* unknown_columns = refuse (default) | warn */
	bool limits_truncate;                  /* limits = reject (default) | truncate */
	bool fold_products;                    /* default no */
	/* a count, or, with max_rejects_percent, 1/1000 of a percent; default 100% */
	uint64_t max_rejects;
	bool max_rejects_percent;
};

enum conf_plan_action { CONF_PLAN_WARN, CONF_PLAN_REJECT, CONF_PLAN_BLOCK };

struct conf_plan {                    /* the data plan that rows are held against (frozen) */
	char *path;                   /* or NULL */
	char *text;                   /* its bytes, NUL-terminated, or NULL */
	uint32_t version;             /* of a whole plan; 0: the only one it has */
	enum conf_plan_action action; /* default CONF_PLAN_WARN */
	bool strict;                  /* a number in a string is a string; default no */
	struct plan *read;            /* from text; NULL: none. Its own reference */
};

struct conf_batch {            /* how records become batches (frozen) */
	uint64_t group_window; /* bytes of open batches, default 64 MiB */
	enum conf_historical historical;
	uint32_t lanes; /* 1..64, default 8: frozen, because it decides which lane a user is in */
};

struct conf_send { /* where batches go (live: today's key, endpoint and pace count) */
	enum conf_sink sink;
	char *sink_path;  /* for CONF_SINK_FILE */
	bool sink_append; /* not a key: the file sink adds to the file instead of replacing it */
	bool sink_apart;  /* not a key: sink_path is a document's own file in the sink's folder */
	/* base URL without trailing slash: "https://s2s.us1.mparticle.com" or as given */
	char *endpoint;
	char *ca_file;
	char *proxy;          /* URL without user information, or NULL: the environment's, if any */
	char *proxy_user;     /* or NULL */
	char *proxy_password; /* from proxy_password_file or proxy_password_env; or NULL */
	char *api_key;
	/* from api_secret_file or the environment variable named by api_secret_env */
	char *api_secret;
	double batches_per_second; /* default 270 */
	int64_t give_up_after_ms;  /* default 15 min */
	bool duplicates_import;    /* duplicates = skip (default) | import */
};

struct conf_requests {  /* of a feed of data subject requests */
	bool on;        /* kind = events (default) | subject_requests */
	bool confirmed; /* nothing is sent without it; default no */
	uint64_t max;   /* max_requests of a document, default 1000 */
	/* frozen: what a request gets that its row says nothing about */
	char *regulation;         /* "gdpr" or "ccpa", or NULL */
	char *group_id;           /* or NULL */
	char *callbacks;          /* status_callback_urls, apart by blanks or commas, or NULL */
	bool skip_waiting_period; /* default no */
};

/* Where values become numbers and booleans; bits. */
enum conf_braze_detect {
	CONF_BRAZE_DETECT_ATTRIBUTES = 1,
	CONF_BRAZE_DETECT_EVENTS = 2,
};
/* What becomes of screen views: nothing, events "Viewed NAME", events NAME. */
enum conf_braze_screens {
	CONF_BRAZE_SCREENS_NO,
	CONF_BRAZE_SCREENS_VIEWED,
	CONF_BRAZE_SCREENS_NAME
};
/* How a user's audiences are written; bits. */
enum conf_braze_audience {
	CONF_BRAZE_AUDIENCE_STRING = 1,
	CONF_BRAZE_AUDIENCE_ARRAY = 2,
	CONF_BRAZE_AUDIENCE_ATTRIBUTE = 4,
};
struct conf_braze {        /* sink = braze: how a batch becomes its objects (frozen) */
	char *app_id;      /* or NULL */
	char *external_id; /* the user identity that is one, as JSON names it; customer_id */
	char *email_id;    /* likewise; email */
	bool bundle_commerce, lists_joined, session_events; /* all default no */
	bool tags_null;     /* no column makes a tag, so that nothing asks for it; default no */
	int type_detection; /* enum conf_braze_detect, default none */
	enum conf_braze_screens screen_views; /* default no */
	struct conf_list subscription_groups; /* ATTRIBUTE:GROUP-ID */
	struct conf_list consent;             /* PURPOSE:KEY */
	uint32_t audiences;                   /* enum conf_braze_audience, default string */
};

struct conf_expect {           /* what is to come, and how much of it */
	uint32_t files;        /* expect: so many by that time of those days; 0: not set */
	uint32_t minute, days; /* of the day; a bit for each weekday, Sunday is 1 << 0 */
	char *zone;            /* whose clock it is; NULL: the feed's timezone */
	/* expect_rows: rows of a document or, with rows_percent, thousandths of a percent of the
	 * median; rows_most 0: not set */
	uint64_t rows_least, rows_most;
	bool rows_percent;
	int64_t age_ms;     /* expect_age; 0: not set */
	bool action_refuse; /* expect_action = warn (default) | refuse */
};

/* What is worth a notice. */
enum conf_event {
	CONF_EVENT_DONE,
	CONF_EVENT_REFUSED,
	CONF_EVENT_REJECTS,
	CONF_EVENT_MISSING,
	CONF_EVENT_UNFINISHED,
	CONF_EVENT_RECOVERED,
	CONF_EVENT_DENIED,
	CONF_EVENTS
};
struct conf_notify {     /* of a feed; what it does not set is that of [dropfeed] */
	char *on_event;  /* a shell command, or NULL */
	char *webhook;   /* URL, or NULL */
	uint32_t events; /* notify: a bit for each enum conf_event; 0: not set */
};
#define CONF_NOTIFY_NONE (1u << CONF_EVENTS) /* notify = none */

/* One [feed NAME]. "frozen" settings decide what the batches hold: they are stored with a
 * document, and hold from its first batch that was taken, or may have been, to its end. */
struct conf_feed {
	char *name;                   /* letters, digits, '_', '-', '.'; at most 64 */
	int line;                     /* of its section header */
	int key_lines[CONF_MAX_KEYS]; /* see conf_feed_line */

	struct conf_fetch fetch;
	struct conf_decode decode;
	struct conf_rows rows;
	struct conf_map map;
	struct conf_plan plan;
	struct conf_batch batch;
	struct conf_send send;
	struct conf_requests requests;
	struct conf_braze braze;
	struct conf_expect expect;
	struct conf_notify notify;
};

struct conf_operate {        /* what operators get to see of the program */
	char *metrics_file;  /* in Prometheus' text format, or NULL */
	char *ping_url;      /* or NULL */
	uint32_t progress_s; /* not a key: a line of progress each so many seconds; 0: none */
	struct conf_notify notify;
};

/* The ledger that the hosts of a fleet share. */
struct conf_ledger {
	char *url;      /* postgresql://..., without a password; NULL: SQLite in state_dir */
	char *password; /* a secret, or NULL */
	char *node;     /* this host's name; NULL: its host name */
};
/* DF_USAGE: it is not a URL of PostgreSQL, as libpq has them, or it holds a password. */
enum df_status conf_check_ledger(const char *url, struct df_err *err) DF_CHECK;

struct conf {
	char *path;
	char *state_dir; /* required as soon as there is a feed */
	struct conf_ledger ledger;
	uint32_t jobs;               /* 1..64, default 2 */
	enum df_log_level log_level; /* error warn info debug, default info */
	bool log_json;
	struct conf_operate operate;
	struct conf_feed *feeds;
	size_t n_feeds;
	int key_lines[CONF_MAX_KEYS]; /* of [dropfeed], 0: not set; see conf_line */
};

struct conf_problem {
	int line;
	char *text;
};
struct conf_problems {
	struct conf_problem *v;
	size_t n;
};

/* Reads `path`. DF_OK: *out is the caller's. DF_USAGE: the file is unreadable (err) or has
 * mistakes (problems, each to be shown as "path:line: text"). *out is NULL then. */
enum df_status conf_load(const char *path, struct conf **out, struct conf_problems *problems,
			 struct df_err *err) DF_CHECK;

/* The same without reading any secret: for what delivers nothing, and may run as another user. */
enum df_status conf_load_public(const char *path, struct conf **out, struct conf_problems *problems,
				struct df_err *err) DF_CHECK;

/* What there is of it, without secrets, whatever mistakes it has: for what is to be done on every
 * exit. NULL: the file cannot be read. The caller's. */
struct conf *conf_load_leniently(const char *path);

/* A feed with every default, for commands that work without a configuration: sink stdout, no
 * source. Caller's. */
struct conf_feed *conf_feed_default(const char *name);

/* borrowed, or NULL */
const struct conf_feed *conf_feed_find(const struct conf *conf, const char *name);
/* Up to 64 letters, digits, '_', '-', '.', not beginning with a dot. */
bool conf_is_feed_name(const char *name);

/* The line of the file in which the key of the feed is set, or of the feed's section where it is
 * not set. */
int conf_feed_line(const struct conf_feed *feed, const char *key);
/* The line in which the key of [dropfeed] is set; 0: it is not set. */
int conf_line(const struct conf *conf, const char *key);

/* Its sink has a form for the membership of audiences. */
static inline bool conf_takes_audiences(const struct conf_feed *feed)
{
	return feed->send.sink == CONF_SINK_BRAZE;
}

/* What its sink got twice counts twice: it knows no ids. Users' attributes may be sent again. */
static inline bool conf_counts_twice(const struct conf_feed *feed)
{
	return feed->send.sink == CONF_SINK_BRAZE;
}

/* It would deliver subject requests that nobody confirmed yet: nothing of it is sent. */
static inline bool conf_feed_held(const struct conf_feed *feed)
{
	return feed->requests.on && !feed->requests.confirmed && conf_sink_answers(feed->send.sink);
}
#define CONF_HELD "confirmed = yes is not set, and without it no subject request is sent"

/* Does it write to files that are a folder's? */
bool conf_sink_is_folder(const struct conf_feed *feed);

/* Where a feed of subject requests sends them, unless its endpoint says otherwise. */
#define CONF_OPENDSR "https://opendsr.mparticle.com"

/* Do a, a setting of feed, and b, one of other, name one folder at their source, under one login?
 * NULL names none. */
bool conf_dirs_are_one(const struct conf_feed *feed, const char *a, const struct conf_feed *other,
		       const char *b);

/* Does `by` take files from the folder that dir, a setting of feed, names at its source? */
bool conf_dir_is_taken(const struct conf_feed *feed, const char *dir, const struct conf_feed *by);

/* The pod that the API key's prefix names (us1-...), where the endpoint is that of another pod;
 * else NULL. */
const char *conf_feed_other_pod(const struct conf_feed *feed);

/* Reads a manifest file into feed->manifest and ->manifest_text, replacing what was there (at
 * most 4 MiB). */
enum df_status conf_feed_manifest(struct conf_feed *feed, const char *path,
				  struct df_err *err) DF_CHECK;
/* The same for a data plan; then, or after its version was set, conf_feed_plan_read. */
enum df_status conf_feed_plan(struct conf_feed *feed, const char *path,
			      struct df_err *err) DF_CHECK;
/* Compiles the plan's text, where there is one. DF_USAGE: it is not a plan, or has not that
 * version. */
enum df_status conf_feed_plan_read(struct conf_feed *feed, struct df_err *err) DF_CHECK;

/* A secret from a file of its own, under the rules for secret files: its first line, the caller's
 * to end with conf_secret_free. */
enum df_status conf_secret_read(const char *path, char **out, struct df_err *err) DF_CHECK;
/* Overwrites a secret before it is freed. NULL is legal. */
void conf_secret_free(char *secret);

/* Sets one key as if the file had it; for options of the command line such as --sink. DF_USAGE
 * when it is bad. */
enum df_status conf_feed_set(struct conf_feed *feed, const char *name, const char *value,
			     struct df_err *err) DF_CHECK;

/* Two settings of how documents are written that contradict each other; `why` ends with what to
 * do. False: there are none. */
struct conf_conflict {
	const char *keys[2];
	const char *why;
};
bool conf_rows_conflict(const struct conf_rows *rows, struct conf_conflict *out);
/* The same as an error. DF_USAGE. */
enum df_status conf_rows_check(const struct conf_rows *rows, struct df_err *err) DF_CHECK;

/* Writes every frozen setting as "key = value" lines (the manifest's text apart), in a fixed
 * order; never a secret. */
void conf_feed_freeze(const struct conf_feed *feed, struct df_buf *out);

struct conf_frozen {                 /* what is stored with a document */
	const char *settings;        /* of conf_feed_freeze */
	const char *manifest, *plan; /* their texts, or NULL */
	const char *today;           /* what conf_feed_freeze writes of the live feed, or NULL */
};
/* A copy of `live` in which the frozen settings, manifest and data plan are the stored ones.
 * Caller's. DF_FATAL when the text is not what conf_feed_freeze wrote. */
enum df_status conf_feed_thaw(const struct conf_feed *live, const struct conf_frozen *stored,
			      struct conf_feed **out, struct df_err *err) DF_CHECK;

/* The frozen keys whose values differ, and "manifest" or "plan" where that does:
 * "environment, lanes".
 * Nothing where none does. */
void conf_feed_differences(const struct conf_feed *stored, const struct conf_feed *live,
			   struct df_buf *names);

void conf_feed_free(struct conf_feed *feed);
void conf_problems_free(struct conf_problems *problems);
void conf_free(struct conf *conf);

#endif
