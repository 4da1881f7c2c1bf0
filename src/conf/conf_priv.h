/* SPDX-License-Identifier: MIT */
/*
 * conf_priv.h - inside the configuration room
 *
 * conf.c life; conf_frozen.c settings stored with a document; conf_keys.c the one table of keys;
 * conf_value.c what a value may look like; conf_rows.c the same for CSV; conf_source.c addresses;
 * conf_braze.c what sink = braze wants; conf_file.c values that name files; conf_secret.c secrets;
 * conf_ini.c the file's lines;
 * conf_load.c from lines to feeds.
 */
#ifndef DROPFEED_CONF_PRIV_H
#define DROPFEED_CONF_PRIV_H

#include "dropfeed/conf.h"

struct conf_key;

/* Reads `value` into the field at key->at of `home`, a struct conf or struct conf_feed,
 * replacing (and freeing) what was there; a bad value leaves it alone. base: folder of relative
 * paths, or NULL for the current one. */
typedef enum df_status conf_parse(void *home, const struct conf_key *key, const char *value,
				  const char *base, struct df_err *err);
/* Writes the field's value as conf_parse reads it; false: it is not set (NULL). */
typedef bool conf_print(const void *home, const struct conf_key *key, struct df_buf *out);

struct conf_key {
	const char *name;
	size_t at; /* offset of the field */
	conf_parse *parse;
	conf_print *print;    /* NULL: live, never frozen */
	const char *fallback; /* the default, as the file would have it; NULL: unset */
	/* frozen: what a document was begun with whose stored settings lack it, as those of 0.1
	 * lack what is new since; NULL: fallback */
	const char *absent;
	/* for enumerations: the words in the order of their values, NULL-terminated */
	const char *const *words;
	uint64_t min, max; /* for numbers, sizes and durations; max 0: none */
	/* the value may be in quotes or hold " #": a command, a list of quoted words */
	bool verbatim;
};

/* ---- conf_keys.c ---- */
extern const struct conf_key conf_main_keys[]; /* [dropfeed]; both end with a NULL name */
extern const struct conf_key conf_feed_keys[]; /* [feed NAME] */
const struct conf_key *conf_key_find(const struct conf_key *keys, const char *name);
const struct conf_key *conf_key_nearest(const struct conf_key *keys,
					const char *name); /* or NULL when nothing is near */
void conf_keys_defaults(void *home, const struct conf_key *keys);

/* The key's field in `home`, whatever its type. */
static inline void *conf_field(void *home, const struct conf_key *key)
{
	return (char *)home + key->at;
}

static inline const void *conf_field_of(const void *home, const struct conf_key *key)
{
	return (const char *)home + key->at;
}

/* ---- conf_value.c ---- */
conf_parse conf_parse_text;
conf_parse conf_parse_utf8;
conf_parse conf_parse_word;
conf_parse conf_parse_bool;
conf_parse conf_parse_word_bool;
conf_parse conf_parse_word_text;
conf_parse conf_parse_size;
conf_parse conf_parse_count;
conf_parse conf_parse_u32;
conf_parse conf_parse_duration;
conf_parse conf_parse_rate;
conf_parse conf_parse_rejects;
conf_parse conf_parse_list;
conf_parse conf_parse_fingerprints;
conf_print conf_print_text;
conf_print conf_print_word;
conf_print conf_print_bool;
conf_print conf_print_word_bool;
conf_print conf_print_u64;
conf_print conf_print_u32;
conf_print conf_print_rejects;
void conf_list_free(struct conf_list *list);
void conf_text_set(char **field, char *own);

/* ---- conf_rows.c ---- */
conf_parse conf_parse_char;
conf_parse conf_parse_words;
conf_parse conf_parse_encoding;
conf_parse conf_parse_pattern;
conf_print conf_print_char;
conf_print conf_print_words;

/* ---- conf_expect.c ---- */
conf_parse conf_parse_expect;
conf_parse conf_parse_expect_rows;

/* ---- conf_braze.c ---- */
enum df_status conf_parse_instance(void *, const struct conf_key *, const char *, const char *,
				   struct df_err *);
enum df_status conf_parse_identity(void *, const struct conf_key *, const char *, const char *,
				   struct df_err *);
enum df_status conf_parse_groups(void *, const struct conf_key *, const char *, const char *,
				 struct df_err *);
enum df_status conf_parse_consent(void *, const struct conf_key *, const char *, const char *,
				  struct df_err *);
enum df_status conf_parse_audiences(void *, const struct conf_key *, const char *, const char *,
				    struct df_err *);
bool conf_print_audiences(const void *, const struct conf_key *, struct df_buf *);
/* Gives a feed of this sink an api_key, once its secret is read. */
void conf_braze_name_key(struct conf_feed *feed);

/* ---- conf_source.c ---- */
conf_parse conf_parse_source;
conf_parse conf_parse_endpoint;
/* The endpoint is one of the Events API's pods. */
bool conf_endpoint_pod(const struct conf_feed *feed);
conf_parse conf_parse_proxy;
conf_parse conf_parse_sink;
conf_parse conf_parse_after;

/* Does `dir`, as receipts and move: take it, name the source folder itself? "." and ".." are
 * followed in the text alone. */
bool conf_dir_is_source(const struct conf_feed *feed, const char *dir);

/* ---- conf_file.c ---- */

/* A path as it is opened: "~/" and "$CREDENTIALS_DIRECTORY/" replaced, else below `base` when it
 * is relative. *out is the caller's. */
enum df_status conf_path_resolve(const char *value, const char *base, char **out,
				 struct df_err *err) DF_CHECK;
conf_parse conf_parse_path;
conf_parse conf_parse_readable;
conf_parse conf_parse_folder;
conf_parse conf_parse_plan;
conf_parse conf_parse_manifest;
conf_parse conf_parse_timezone;

/* Where systemd puts a service's credentials (systemd.exec(5)), or NULL. */
const char *conf_credentials_folder(void);

/* ---- conf_secret.c ---- */
conf_parse conf_parse_private; /* a path to a file that only its owner or group may read */
conf_parse conf_parse_secret_file;
conf_parse conf_parse_secret_env;

/* ---- conf.c ---- */
/* What follows from other settings: the endpoint of subject requests. */
void conf_feed_settle(struct conf_feed *feed);
struct conf_feed *conf_feed_copy(const struct conf_feed *from); /* for conf_feed_free */
/* a zeroed feed gets every default */
void conf_feed_init(struct conf_feed *feed, const char *name);

#endif
