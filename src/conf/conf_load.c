/* SPDX-License-Identifier: MIT */
/*
 * From the file's lines to a struct conf. Every mistake is reported with its line, not only the
 * first.
 */
#include "conf_load.h"

#include "conf_feed.h"
#include "conf_ini.h"
#include "conf_value.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define FILE_MAX ((size_t)8 << 20)

/* ---- sections ---- */

bool conf_is_feed_name(const char *name)
{
	static const char good[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
	size_t len = strlen(name);
	return len > 0 && len <= 64 && *name != '.' && /* it names folders */
	       strspn(name, good) == len;
}

static void section_feed(struct conf_loader *l, const char *name)
{
	struct conf *conf = l->conf;
	l->here.kind = SECTION_FEED;
	if (!conf_is_feed_name(name))
		conf_load_complain(
		    l, l->line,
		    "'%s' is not a feed name: up to 64 letters, digits, '_', '-', '.', "
		    "not beginning with a dot",
		    name);
	const struct conf_feed *other = conf_feed_find(conf, name);
	if (other != NULL)
		conf_load_complain(l, l->line, "[feed %s] is already defined on line %d", name,
				   other->line);
	conf->feeds = df_realloc(conf->feeds, (conf->n_feeds + 1) * sizeof(*conf->feeds));
	struct conf_feed *feed = &conf->feeds[conf->n_feeds++];
	memset(feed, 0, sizeof(*feed));
	conf_feed_init(feed, name);
	feed->line = l->line;
}

/* title: between the brackets, trimmed; NULL when it cannot be read, which was reported */
static void section_begin(struct conf_loader *l, const char *title)
{
	conf_section_end(l);
	l->here = (struct conf_section){.kind = SECTION_UNKNOWN, .line = l->line};
	if (title == NULL)
		return;
	size_t word = strcspn(title, " \t");
	if (strcmp(title, "dropfeed") == 0) {
		l->here.kind = SECTION_MAIN;
		if (l->main_line != 0)
			conf_load_complain(l, l->line, "[dropfeed] is already defined on line %d",
					   l->main_line);
		else
			l->main_line = l->line;
	} else if (word == 4 && strncmp(title, "feed", 4) == 0) {
		section_feed(l, title + 4 + strspn(title + 4, " \t"));
	} else {
		conf_load_complain(
		    l, l->line, "unknown section [%s]: there is [dropfeed] and [feed NAME]", title);
	}
}

/* ---- keys ---- */

static void key_unknown(struct conf_loader *l, const char *name)
{
	bool in_main = l->here.kind == SECTION_MAIN;
	const struct conf_key *mine = in_main ? conf_main_keys : conf_feed_keys;
	const struct conf_key *other = in_main ? conf_feed_keys : conf_main_keys;
	const struct conf_key *secret = conf_key_secret(name),
			      *nearest = conf_key_nearest(mine, name);

	if (secret != NULL)
		conf_load_complain(l, l->line, CONF_NO_SECRETS, name, secret->name,
				   (int)(strlen(secret->name) - 5), secret->name);
	else if (conf_key_find(other, name) != NULL)
		conf_load_complain(l, l->line, "'%s' belongs in %s", name,
				   in_main ? "a [feed NAME] section" : "[dropfeed]");
	else if (nearest != NULL)
		conf_load_complain(l, l->line, "unknown key '%s'; did you mean '%s'?", name,
				   nearest->name);
	else
		conf_load_complain(l, l->line, "unknown key '%s'", name);
}

/* Is this a key, or a misspelt one? What continues a value does not look like that. */
static bool key_likely(const char *name)
{
	return conf_key_find(conf_main_keys, name) != NULL ||
	       conf_key_find(conf_feed_keys, name) != NULL ||
	       conf_key_nearest(conf_main_keys, name) != NULL ||
	       conf_key_nearest(conf_feed_keys, name) != NULL || conf_key_secret(name) != NULL;
}

/* What to write in place of a value in quotes, or of one with a comment after it (from `sign`,
 * or '\0'). An address is not shown: it may hold a login. */
static void value_complain(struct conf_loader *l, const char *name, const char *value, char sign)
{
	bool quoted = conf_ini_quoted(value);
	size_t len = strlen(value) - (quoted ? 2 : 0);
	const char *what = !quoted ? "a comment has a line of its own"
			   : sign == '\0'
			       ? "quotes are part of a value"
			       : "quotes are part of a value, and a comment has a line of its own";
	struct df_buf instead = {0};
	if (len > 0 && strchr(value, '@') == NULL && strstr(value, "://") == NULL)
		df_buf_addf(&instead, "; write %s = %.*s", name, (int)len, value + quoted);
	if (sign != '\0')
		df_buf_addf(&instead, "%s (a '%c' that is part of the value: \\%c)",
			    instead.len == 0 ? "; write the value alone" : "", sign, sign);
	else if (instead.len == 0)
		df_buf_adds(&instead, "; write the value without them");
	conf_load_complain(l, l->line, "%s: %s%s", name, what, df_buf_cstr(&instead));
	df_buf_free(&instead);
}

/* Values are taken as they are: quotes and trailing comments would be taken for a part of them.
 * False: reported. */
static bool value_plain(struct conf_loader *l, const struct conf_key *key, char *value)
{
	if (key->verbatim)
		return true;

	char *comment = conf_ini_comment(value), sign = '\0';
	if (comment != NULL) {
		sign = *comment;
		do
			*comment = '\0';
		while (comment > value && isspace((unsigned char)*--comment));
	}
	if (sign != '\0' || conf_ini_quoted(value)) {
		value_complain(l, key->name, value, sign);
		return false;
	}
	conf_ini_unescape(value);
	return true;
}

static bool is_secret_key(const struct conf_key *key)
{
	return key->parse == conf_parse_secret_file || key->parse == conf_parse_secret_env ||
	       key->parse == conf_parse_private;
}

static void on_key(struct conf_loader *l, const char *name, char *value)
{
	if (l->here.kind == SECTION_NONE)
		conf_load_complain(
		    l, l->line,
		    "'%s' comes before any section: begin with [dropfeed] or [feed NAME]", name);
	if (l->here.kind != SECTION_MAIN && l->here.kind != SECTION_FEED)
		return;

	bool in_main = l->here.kind == SECTION_MAIN;
	const struct conf_key *keys = in_main ? conf_main_keys : conf_feed_keys,
			      *key = conf_key_find(keys, name);
	if (key == NULL) {
		key_unknown(l, name);
		return;
	}
	int *set = &l->here.key_line[key - keys];
	if (*set != 0) {
		conf_load_complain(l, l->line, "'%s' is already set on line %d", name, *set);
		return;
	}
	*set = l->line;
	if (in_main)
		l->conf->key_lines[key - keys] = l->line;

	struct df_err err = {0};
	void *home = in_main ? (void *)l->conf : (void *)&l->conf->feeds[l->conf->n_feeds - 1];
	bool good = false;
	if (*value == '\0')
		conf_load_complain(l, l->line,
				   key->fallback != NULL
				       ? "%s: no value given; leave the line out for the default"
				       : "%s: no value given: there is no default",
				   name);
	else if (l->no_secrets && is_secret_key(key)) {
		/* the ledger's is needed to read it: where it cannot be read, libpq looks
		 * elsewhere */
		good = true;
		if (in_main && key->parse(home, key, value, l->base, &err) != DF_OK)
			df_log(DF_LOG_DEBUG, "%s: %s", name, err.text);
	} else if (value_plain(l, key, value)) {
		good = key->parse(home, key, value, l->base, &err) == DF_OK;
		if (!good)
			conf_load_complain(l, l->line, "%s: %s", name, err.text);
	}
	l->here.sink_unclear |= !good && key->parse == conf_parse_sink;
}

/* ---- the file ---- */

/* Relative paths begin at the folder in which the file was found, so that a later chdir changes
 * nothing. */
static char *base_of(const char *path)
{
	char *dir = df_dirname(path);
	char *whole = realpath(dir, NULL);
	if (whole == NULL)
		return dir;
	free(dir);
	return whole;
}

/* What a feed does not say of notices is that of [dropfeed], which may come after it. */
static void notify_inherit(struct conf *conf)
{
	const struct conf_notify *of_all = &conf->operate.notify;
	for (size_t i = 0; i < conf->n_feeds; i++) {
		struct conf_notify *own = &conf->feeds[i].notify;
		if (own->on_event == NULL)
			own->on_event = df_strdup(of_all->on_event);
		if (own->webhook == NULL)
			own->webhook = df_strdup(of_all->webhook);
		if (own->events == 0)
			own->events = of_all->events;
	}
}

static void loader_lines(struct conf_loader *l, char *text, size_t len)
{
	struct conf_ini ini = {.text = text, .len = len, .is_key = key_likely};
	if (len >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0)) {
		conf_load_complain(l, 1, "the file is UTF-16: save it as UTF-8");
		return;
	}

	while (conf_ini_next(&ini)) {
		l->line = ini.line;
		if (ini.problem != NULL)
			conf_load_complain(l, l->line, "%s", ini.problem);
		if (ini.kind == CONF_INI_SECTION)
			section_begin(l, ini.name);
		else if (ini.kind == CONF_INI_KEY)
			on_key(l, ini.name, ini.value);
	}
	conf_section_end(l);
	notify_inherit(l->conf);

	const struct conf *conf = l->conf;
	for (size_t i = 0; i < conf->n_feeds; i++)
		conf->feeds[i].fetch.state_dir = conf->state_dir;
	if (conf->n_feeds > 0 && conf_line(conf, "state_dir") == 0)
		conf_load_complain(l, l->main_line != 0 ? l->main_line : conf->feeds[0].line,
				   "[dropfeed] must say where the ledger and the spool are kept: "
				   "state_dir = /var/lib/dropfeed");
}

/* Every test may be run with the other driver: see tests/on-postgres. Only what is built to fail
 * takes a ledger from its environment. */
static void ledger_default(struct conf *conf)
{
#ifdef DROPFEED_FAULTS
	const char *url = getenv("DROPFEED_LEDGER");
	if (url != NULL && conf->ledger.url == NULL && conf->state_dir != NULL)
		conf->ledger.url = df_strdup(url);
#else
	(void)conf;
#endif
}

static enum df_status loader_read(struct conf_loader *l, const char *path, struct df_err *err)
{
	char *text = NULL;
	size_t len = 0;
	struct df_err why = {0};
	if (df_read_file(path, FILE_MAX, &text, &len, &why) != DF_OK)
		return df_fail(DF_USAGE, err, NULL, "the configuration: %s", why.text);

	loader_lines(l, text, len);
	ledger_default(l->conf);
	free(text);
	if (l->problems->n == 0)
		return DF_OK;
	conf_problems_sort(l->problems);
	return df_fail(DF_USAGE, err, NULL, "the configuration %s has %zu mistake%s", path,
		       l->problems->n, df_plural(l->problems->n));
}

static struct conf *load_file(const char *path, bool no_secrets, struct conf_problems *problems,
			      enum df_status *st, struct df_err *err)
{
	struct conf_loader l = {.problems = problems,
				.conf = df_alloc(sizeof(*l.conf)),
				.base = base_of(path),
				.no_secrets = no_secrets};
	l.conf->path = df_strdup(path);
	conf_keys_defaults(l.conf, conf_main_keys);
	*st = loader_read(&l, path, err);
	free(l.base);
	return l.conf;
}

static enum df_status load_sound(const char *path, bool no_secrets, struct conf **out,
				 struct conf_problems *problems, struct df_err *err)
{
	enum df_status st;
	struct conf *conf = load_file(path, no_secrets, problems, &st, err);
	*out = st == DF_OK ? conf : NULL;
	if (st != DF_OK)
		conf_free(conf);
	return st;
}

enum df_status conf_load(const char *path, struct conf **out, struct conf_problems *problems,
			 struct df_err *err)
{
	return load_sound(path, false, out, problems, err);
}

enum df_status conf_load_public(const char *path, struct conf **out, struct conf_problems *problems,
				struct df_err *err)
{
	return load_sound(path, true, out, problems, err);
}

struct conf *conf_load_leniently(const char *path)
{
	struct conf_problems problems = {0};
	struct df_err err = {0};
	enum df_status st;
	struct conf *conf = load_file(path, true, &problems, &st, &err);
	bool read = st == DF_OK || problems.n > 0;
	conf_problems_free(&problems);
	if (read)
		return conf;
	conf_free(conf);
	return NULL;
}
