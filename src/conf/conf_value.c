/* SPDX-License-Identifier: MIT */
/* What a value may look like, and how a frozen one is written back. */
#include "conf_value.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <strings.h>

void conf_text_set(char **field, char *own)
{
	free(*field);
	*field = own;
}

enum df_status conf_parse_text(void *home, const struct conf_key *key, const char *value,
			       const char *base, struct df_err *err)
{
	(void)base;
	(void)err;
	conf_text_set(conf_field(home, key), df_strdup(value));
	return DF_OK;
}

/* Text that batches repeat: JSON is UTF-8 (RFC 8259 section 8.1). */
enum df_status conf_parse_utf8(void *home, const struct conf_key *key, const char *value,
			       const char *base, struct df_err *err)
{
	if (df_utf8_valid(value, strlen(value)) != strlen(value))
		return df_fail(DF_USAGE, err, NULL,
			       "the value is not UTF-8; save the configuration as UTF-8");
	return conf_parse_text(home, key, value, base, err);
}

/* ---- words ---- */

static enum df_status word_find(const struct conf_key *key, const char *value, size_t *out,
				struct df_err *err)
{
	struct df_buf all = {0};
	for (size_t i = 0; key->words[i] != NULL; i++) {
		if (strcasecmp(key->words[i], value) == 0) {
			*out = i;
			df_buf_free(&all);
			return DF_OK;
		}
		df_buf_addf(&all, "%s%s", i == 0 ? "" : ", ", key->words[i]);
	}
	enum df_status st =
	    df_fail(DF_USAGE, err, NULL, "'%s' is not one of: %s", value, df_buf_cstr(&all));
	df_buf_free(&all);
	return st;
}

enum df_status conf_parse_word(void *home, const struct conf_key *key, const char *value,
			       const char *base, struct df_err *err)
{
	(void)base;
	size_t i = 0;
	enum df_status st = word_find(key, value, &i, err);
	if (st != DF_OK)
		return st;
	/* Every enumeration of struct conf and conf_feed starts at 0 and has the size of an int. */
	*(int *)conf_field(home, key) = (int)i;
	return DF_OK;
}

enum df_status conf_parse_word_bool(void *home, const struct conf_key *key, const char *value,
				    const char *base, struct df_err *err)
{
	(void)base;
	size_t i = 0;
	enum df_status st = word_find(key, value, &i, err);
	if (st != DF_OK)
		return st;
	*(bool *)conf_field(home, key) = i == 1;
	return DF_OK;
}

enum df_status conf_parse_word_text(void *home, const struct conf_key *key, const char *value,
				    const char *base, struct df_err *err)
{
	(void)base;
	size_t i = 0;
	enum df_status st = word_find(key, value, &i, err);
	if (st != DF_OK)
		return st;
	conf_text_set(conf_field(home, key), df_strdup(key->words[i]));
	return DF_OK;
}

enum df_status conf_parse_bool(void *home, const struct conf_key *key, const char *value,
			       const char *base, struct df_err *err)
{
	static const char *const words[] = {"no", "yes", "false", "true", "off", "on"};
	(void)base;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcasecmp(words[i], value) == 0) {
			*(bool *)conf_field(home, key) = i % 2 == 1;
			return DF_OK;
		}
	}
	return df_fail(DF_USAGE, err, NULL, "'%s' is neither yes nor no", value);
}

/* ---- numbers ---- */

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit size_units[] = {
    {"", 1},
    {"B", 1},
    {"KiB", UINT64_C(1) << 10},
    {"MiB", UINT64_C(1) << 20},
    {"GiB", UINT64_C(1) << 30},
    {"TiB", UINT64_C(1) << 40},
    {"KB", UINT64_C(1000)},
    {"MB", UINT64_C(1000000)},
    {"GB", UINT64_C(1000000000)},
    {"TB", UINT64_C(1000000000000)},
    {NULL, 0},
};

static const struct unit duration_units[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}, {NULL, 0},
};

static const struct unit no_units[] = {{"", 1}, {NULL, 0}};

#define NUMBER_MAX ((uint64_t)INT64_MAX)

/* Digits, blanks, a unit. No sign, no fraction: what is stored is exactly what was written. */
static bool number_read(const char *s, const struct unit *units, uint64_t *out)
{
	uint64_t n = 0;
	if (!isdigit((unsigned char)*s))
		return false;

	for (; isdigit((unsigned char)*s); s++) {
		uint64_t digit = (uint64_t)(*s - '0');
		if (n > (NUMBER_MAX - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	while (*s == ' ' || *s == '\t')
		s++;
	for (; units->name != NULL; units++)
		if (strcasecmp(units->name, s) == 0)
			break;
	if (units->name == NULL) {
		*out = 0;
		return n == 0 && *s == '\0'; /* zero needs no unit */
	}
	if (n > NUMBER_MAX / units->factor)
		return false;
	*out = n * units->factor;
	return true;
}

static enum df_status number_parse(const struct conf_key *key, const char *value,
				   const struct unit *units, const char *like, uint64_t *out,
				   struct df_err *err)
{
	uint64_t n = 0;
	if (!number_read(value, units, &n))
		return df_fail(DF_USAGE, err, NULL, "'%s' is not %s", value, like);
	if (n < key->min || (key->max != 0 && n > key->max)) {
		if (key->max == 0)
			return df_fail(DF_USAGE, err, NULL,
				       "'%s' is too small, the least is %" PRIu64 "%s", value,
				       key->min, units == duration_units ? "ms" : "");
		return df_fail(DF_USAGE, err, NULL,
			       "'%s' is out of range, it may be %" PRIu64 " to %" PRIu64 "%s",
			       value, key->min, key->max, units == duration_units ? " ms" : "");
	}
	*out = n;
	return DF_OK;
}

enum df_status conf_parse_size(void *home, const struct conf_key *key, const char *value,
			       const char *base, struct df_err *err)
{
	(void)base;
	return number_parse(key, value, size_units, "a size such as 64MiB or 20GiB",
			    conf_field(home, key), err);
}

enum df_status conf_parse_count(void *home, const struct conf_key *key, const char *value,
				const char *base, struct df_err *err)
{
	(void)base;
	return number_parse(key, value, no_units, "a whole number", conf_field(home, key), err);
}

enum df_status conf_parse_u32(void *home, const struct conf_key *key, const char *value,
			      const char *base, struct df_err *err)
{
	(void)base;
	uint64_t n = 0;
	enum df_status st = number_parse(key, value, no_units, "a whole number", &n, err);
	if (st != DF_OK)
		return st;
	*(uint32_t *)conf_field(home, key) = (uint32_t)n; /* key->max keeps it below 2^32 */
	return DF_OK;
}

enum df_status conf_parse_duration(void *home, const struct conf_key *key, const char *value,
				   const char *base, struct df_err *err)
{
	(void)base;
	uint64_t n = 0;
	enum df_status st = number_parse(key, value, duration_units,
					 "a time such as 500ms, 60s, 15m, 2h or 1d", &n, err);
	if (st != DF_OK)
		return st;
	*(int64_t *)conf_field(home, key) = (int64_t)n;
	return DF_OK;
}

/* A decimal with up to three places, in thousandths; *end is what follows. strtod would go by
 * the locale. */
static bool milli_read(const char *s, uint64_t *out, const char **end)
{
	uint64_t n = 0;
	int digits = 0;
	for (; isdigit((unsigned char)*s) && digits < 12; s++, digits++)
		n = n * 10 + (uint64_t)(*s - '0');
	if (digits == 0)
		return false;

	uint64_t place = 1000;
	n *= place;
	if (*s == '.') {
		if (!isdigit((unsigned char)s[1]))
			return false;
		for (s++; isdigit((unsigned char)*s); s++) {
			place /= 10;
			if (place == 0)
				return false;
			n += place * (uint64_t)(*s - '0');
		}
	}
	*out = n;
	*end = s;
	return true;
}

enum df_status conf_parse_rate(void *home, const struct conf_key *key, const char *value,
			       const char *base, struct df_err *err)
{
	(void)base;
	uint64_t n = 0;
	const char *end = "";
	if (!milli_read(value, &n, &end) || *end != '\0' || n == 0 || n > key->max * 1000)
		return df_fail(DF_USAGE, err, NULL,
			       "'%s' is not a number above 0 and up to %" PRIu64, value, key->max);
	*(double *)conf_field(home, key) = (double)n / 1000.0;
	return DF_OK;
}

enum df_status conf_parse_rejects(void *home, const struct conf_key *key, const char *value,
				  const char *base, struct df_err *err)
{
	struct conf_feed *feed = home;
	uint64_t n = 0;
	const char *end = "";
	(void)base;
	(void)key;
	if (milli_read(value, &n, &end) && strcmp(end, "%") == 0 && n <= 100000) {
		feed->map.max_rejects = n;
		feed->map.max_rejects_percent = true;
	} else if (number_read(value, no_units, &n)) {
		feed->map.max_rejects = n;
		feed->map.max_rejects_percent = false;
	} else {
		return df_fail(DF_USAGE, err, NULL,
			       "'%s' is neither a count nor a percentage such as 2%% or 0.5%%",
			       value);
	}
	return DF_OK;
}

/* ---- lists ---- */

void conf_list_free(struct conf_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i]);
	free(list->v);
	list->v = NULL;
	list->n = 0;
}

enum df_status conf_parse_list(void *home, const struct conf_key *key, const char *value,
			       const char *base, struct df_err *err)
{
	struct conf_list list = {0};
	(void)base;
	for (const char *s = value + strspn(value, ", \t"); *s != '\0'; s += strspn(s, ", \t")) {
		size_t len = strcspn(s, ", \t");
		list.v = df_realloc(list.v, (list.n + 1) * sizeof(*list.v));
		list.v[list.n++] = df_strndup(s, len);
		s += len;
	}
	if (list.n == 0)
		return df_fail(DF_USAGE, err, NULL, "the list is empty");
	struct conf_list *field = conf_field(home, key);
	conf_list_free(field);
	*field = list;
	return DF_OK;
}

/* OpenPGP fingerprints: 40 hex digits (version 4) or 64 (version 5 and 6); kept in capitals, as
 * GnuPG writes them. */
static enum df_status fingerprint_check(char *s, struct df_err *err)
{
	if (strncasecmp(s, "0x", 2) == 0)
		memmove(s, s + 2, strlen(s + 2) + 1);
	size_t len = strspn(s, "0123456789abcdefABCDEF");
	if (s[len] != '\0' || (len != 40 && len != 64))
		return df_fail(DF_USAGE, err, NULL,
			       "'%s' is not a whole fingerprint: give its 40 hex digits without "
			       "blanks",
			       s);
	for (; *s != '\0'; s++)
		*s = (char)toupper((unsigned char)*s);
	return DF_OK;
}

enum df_status conf_parse_fingerprints(void *home, const struct conf_key *key, const char *value,
				       const char *base, struct df_err *err)
{
	struct conf_list list = {0}, *field = conf_field(home, key);
	enum df_status st = conf_parse_list(&list, &(struct conf_key){.at = 0}, value, base, err);
	for (size_t i = 0; st == DF_OK && i < list.n; i++)
		st = fingerprint_check(list.v[i], err);
	if (st != DF_OK) {
		conf_list_free(&list);
		return st;
	}
	conf_list_free(field);
	*field = list;
	return DF_OK;
}

/* ---- writing back ---- */

bool conf_print_text(const void *home, const struct conf_key *key, struct df_buf *out)
{
	const char *s = *(char *const *)conf_field_of(home, key);
	if (s != NULL)
		df_buf_adds(out, s);
	return s != NULL;
}

bool conf_print_word(const void *home, const struct conf_key *key, struct df_buf *out)
{
	df_buf_adds(out, key->words[*(const int *)conf_field_of(home, key)]);
	return true;
}

bool conf_print_bool(const void *home, const struct conf_key *key, struct df_buf *out)
{
	df_buf_adds(out, *(const bool *)conf_field_of(home, key) ? "yes" : "no");
	return true;
}

bool conf_print_word_bool(const void *home, const struct conf_key *key, struct df_buf *out)
{
	df_buf_adds(out, key->words[*(const bool *)conf_field_of(home, key) ? 1 : 0]);
	return true;
}

bool conf_print_u64(const void *home, const struct conf_key *key, struct df_buf *out)
{
	df_buf_addf(out, "%" PRIu64, *(const uint64_t *)conf_field_of(home, key));
	return true;
}

bool conf_print_u32(const void *home, const struct conf_key *key, struct df_buf *out)
{
	df_buf_addf(out, "%" PRIu32, *(const uint32_t *)conf_field_of(home, key));
	return true;
}

bool conf_print_rejects(const void *home, const struct conf_key *key, struct df_buf *out)
{
	const struct conf_feed *feed = home;
	(void)key;
	if (feed->map.max_rejects_percent)
		df_buf_addf(out, "%" PRIu64 ".%03" PRIu64 "%%", feed->map.max_rejects / 1000,
			    feed->map.max_rejects % 1000);
	else
		df_buf_addf(out, "%" PRIu64, feed->map.max_rejects);
	return true;
}
