/* SPDX-License-Identifier: MIT */
/* conf_key.h - the one table of keys */
#ifndef CONF_KEY_H
#define CONF_KEY_H

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

extern const struct conf_key conf_main_keys[]; /* [dropfeed]; both end with a NULL name */
extern const struct conf_key conf_feed_keys[]; /* [feed NAME] */
const struct conf_key *conf_key_find(const struct conf_key *keys, const char *name);
const struct conf_key *conf_key_nearest(const struct conf_key *keys,
					const char *name); /* or NULL when nothing is near */
/* The key that takes the secret from a file, when the name is that of a secret itself: api_secret,
 * password. NULL: it is not. */
const struct conf_key *conf_key_secret(const char *name);
/* The answer to such a name: the name, the key for a file, the length of its stem, the stem. */
#define CONF_NO_SECRETS                                                                            \
	"'%s': the configuration holds no secrets: write it to a file of mode 0600 and give that " \
	"as %s = PATH, or name an environment variable in %.*s_env"
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

#endif
