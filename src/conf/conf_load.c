/* SPDX-License-Identifier: MIT */
/*
 * The file and its lines. inih splits a line into key and value; everything around that is done here, for
 * its compiled-in limits would bite: its handler gets no line number, it never mentions empty sections, it cuts
 * names at 50 characters and lines at its buffer, takes an indented line for a continuation of the value above,
 * and tells of its first error only. So the reader below counts lines, follows the sections itself, takes off indents,
 * refuses long lines, and expects one call of the handler for each line with a key.
 *
 * Comments: lines that start with ';' or '#', and what follows a ';' that stands after a blank. A ';' without a blank
 * before it, and any '#' after the start, belong to the value. Blanks around a value are cut, blanks inside are kept.
 */
#include "conf_priv.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

struct section {
	enum { SECTION_NONE, SECTION_UNKNOWN, SECTION_MAIN, SECTION_FEED } kind;
	int line;
	int key_line[CONF_MAX_KEYS]; /* where each key was set, 0: nowhere */
};

struct loader {
	FILE *file;
	char *base; /* folder of relative paths */
	struct conf *conf;
	struct conf_problems *problems;
	char *raw; /* getline's */
	size_t raw_cap;
	int line;
	bool expecting; /* the line handed to inih has not come back to the handler */
	struct section here;
	int main_line;
	bool state_dir_tried; /* also when its value was bad */
};

static void DF_PRINTF(3, 4) loader_complain(struct loader *l, int line, const char *fmt, ...)
{
	char text[sizeof(((struct df_err *)NULL)->text)];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	df_utf8_mend(text);
	struct conf_problems *p = l->problems;
	p->v = df_realloc(p->v, (p->n + 1) * sizeof(*p->v));
	p->v[p->n++] = (struct conf_problem){.line = line, .text = df_strdup(text)};
}

/* ---- sections ---- */

static int feed_key_line(const struct section *s, const char *name)
{
	return s->key_line[conf_key_find(conf_feed_keys, name) - conf_feed_keys];
}

/* A reject file that goes back into the source folder takes the drop file's own name. */
static void section_folders(struct loader *l, const struct conf_feed *feed)
{
	const struct {
		const char *name, *dir;
	} folders[] = {{"after_done", feed->after_done.dir},
		       {"after_refused", feed->after_refused.dir},
		       {"receipts", feed->receipts}};
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		if (conf_dir_is_source(feed, folders[i].dir))
			loader_complain(l, feed_key_line(&l->here, folders[i].name),
					"%s: '%s' is the source folder itself: name another one", folders[i].name,
					folders[i].dir);
	}
}

/* What only the whole section shows. A key with a bad value counts as given: one mistake, one message. */
static void section_end(struct loader *l)
{
	const struct section *s = &l->here;
	if (s->kind != SECTION_FEED)
		return;
	const struct conf_feed *feed = &l->conf->feeds[l->conf->n_feeds - 1];
	int file = feed_key_line(s, "api_secret_file"), env = feed_key_line(s, "api_secret_env");
	if (file != 0 && env != 0)
		loader_complain(l, file > env ? file : env,
				"api_secret_file and api_secret_env exclude each other: keep one");
	section_folders(l, feed);
	if (feed->sink != CONF_SINK_EVENTS_API)
		return;
	struct df_buf missing = {0};
	if (feed_key_line(s, "endpoint") == 0)
		df_buf_adds(&missing, ", endpoint");
	if (feed_key_line(s, "api_key") == 0)
		df_buf_adds(&missing, ", api_key");
	if (file == 0 && env == 0)
		df_buf_adds(&missing, ", api_secret_file (or api_secret_env)");
	if (missing.len > 0)
		loader_complain(l, s->line, "feed %s delivers to the Events API, but lacks: %s", feed->name,
				df_buf_cstr(&missing) + 2);
	df_buf_free(&missing);
}

static bool feed_name_valid(const char *name)
{
	size_t len = strlen(name);
	if (len == 0 || len > 64 || *name == '.') /* it names folders */
		return false;
	for (; *name != '\0'; name++)
		if (!(isalnum((unsigned char)*name) && (unsigned char)*name < 0x80) && strchr("_-.", *name) == NULL)
			return false;
	return true;
}

static void section_feed(struct loader *l, const char *name)
{
	struct conf *conf = l->conf;
	l->here.kind = SECTION_FEED;
	if (!feed_name_valid(name))
		loader_complain(l, l->line,
				"'%s' is no feed name: up to 64 letters, digits, '_', '-', '.', not first a dot", name);
	const struct conf_feed *twin = conf_feed_find(conf, name);
	if (twin != NULL)
		loader_complain(l, l->line, "[feed %s] stands already in line %d", name, twin->line);
	conf->feeds = df_realloc(conf->feeds, (conf->n_feeds + 1) * sizeof(*conf->feeds));
	struct conf_feed *feed = &conf->feeds[conf->n_feeds++];
	memset(feed, 0, sizeof(*feed));
	conf_feed_init(feed, name);
	feed->line = l->line;
}

/* title: what stands between the brackets, trimmed */
static void section_begin(struct loader *l, const char *title)
{
	section_end(l);
	l->here = (struct section){.kind = SECTION_UNKNOWN, .line = l->line};
	size_t word = strcspn(title, " \t");
	if (strcmp(title, "dropfeed") == 0) {
		l->here.kind = SECTION_MAIN;
		if (l->main_line != 0)
			loader_complain(l, l->line, "[dropfeed] stands already in line %d", l->main_line);
		else
			l->main_line = l->line;
	} else if (word == 4 && strncmp(title, "feed", 4) == 0) {
		section_feed(l, title + 4 + strspn(title + 4, " \t"));
	} else {
		loader_complain(l, l->line, "unknown section [%s]: there is [dropfeed] and [feed NAME]", title);
	}
}

/* ---- keys ---- */

static void key_unknown(struct loader *l, const char *name)
{
	bool in_main = l->here.kind == SECTION_MAIN;
	const struct conf_key *mine = in_main ? conf_main_keys : conf_feed_keys;
	const struct conf_key *other = in_main ? conf_feed_keys : conf_main_keys;
	const struct conf_key *nearest = conf_key_nearest(mine, name);
	if (conf_key_find(other, name) != NULL)
		loader_complain(l, l->line, "'%s' belongs into %s", name,
				in_main ? "a [feed NAME] section" : "[dropfeed]");
	else if (nearest != NULL)
		loader_complain(l, l->line, "unknown key '%s'; did you mean '%s'?", name, nearest->name);
	else
		loader_complain(l, l->line, "unknown key '%s'", name);
}

static int on_key(void *ctx, const char *inih_section, const char *name, const char *value)
{
	struct loader *l = ctx;
	(void)inih_section; /* cut at 50 characters */
	l->expecting = false;
	if (l->here.kind == SECTION_NONE)
		loader_complain(l, l->line, "'%s' stands before any section: begin with [dropfeed] or [feed NAME]",
				name);
	if (l->here.kind != SECTION_MAIN && l->here.kind != SECTION_FEED)
		return 1;
	bool in_main = l->here.kind == SECTION_MAIN;
	const struct conf_key *keys = in_main ? conf_main_keys : conf_feed_keys, *key = conf_key_find(keys, name);
	if (key == NULL) {
		key_unknown(l, name);
		return 1;
	}
	int *set = &l->here.key_line[key - keys];
	if (*set != 0) {
		loader_complain(l, l->line, "'%s' is set already in line %d", name, *set);
		return 1;
	}
	*set = l->line;
	l->state_dir_tried |= in_main && strcmp(name, "state_dir") == 0;
	struct df_err err = {0};
	void *home = in_main ? (void *)l->conf : (void *)&l->conf->feeds[l->conf->n_feeds - 1];
	if (*value == '\0')
		loader_complain(l, l->line, "%s: no value given; leave the line out for the default", name);
	else if (key->parse(home, key, value, l->base, &err) != DF_OK)
		loader_complain(l, l->line, "%s: %s", name, err.text);
	return 1;
}

/* ---- lines ---- */

/* Takes a section line apart. */
static void line_section(struct loader *l, char *s)
{
	char *close = strchr(s, ']');
	if (close == NULL) {
		loader_complain(l, l->line, "the section's ']' is missing");
		section_end(l);
		l->here = (struct section){.kind = SECTION_UNKNOWN, .line = l->line};
		return;
	}
	const char *rest = close + 1 + strspn(close + 1, " \t\r\n");
	if (*rest != '\0' && *rest != ';' && *rest != '#')
		loader_complain(l, l->line, "nothing may follow the section's ']'");
	while (close > s + 1 && isspace((unsigned char)close[-1]))
		close--;
	*close = '\0';
	section_begin(l, s + 1 + strspn(s + 1, " \t"));
}

/* Looks at one line of the file: what inih shall see of it, or NULL for nothing. */
static const char *line_look(struct loader *l, char *s, size_t len, size_t room)
{
	if (strlen(s) != len) {
		loader_complain(l, l->line, "the line holds a NUL byte");
		return NULL;
	}
	if (l->line == 1 && strncmp(s, "\xef\xbb\xbf", 3) == 0)
		s += 3;
	s += strspn(s, " \t\r\n\f\v");
	if (*s == '\0' || *s == ';' || *s == '#')
		return NULL;
	if (*s == '[') {
		line_section(l, s);
		return NULL;
	}
	if (strlen(s) >= room) {
		loader_complain(l, l->line, "the line is too long: at most %zu bytes", room - 1);
		return NULL;
	}
	l->expecting = true;
	return s;
}

static void line_unanswered(struct loader *l)
{
	if (l->expecting)
		loader_complain(l, l->line, "neither a section, nor 'key = value', nor a comment");
	l->expecting = false;
}

/* inih's reader, like fgets. `room` is the size of inih's buffer, whatever it was compiled with. */
static char *read_line(char *to, int room, void *ctx)
{
	struct loader *l = ctx;
	line_unanswered(l);
	ssize_t len = getline(&l->raw, &l->raw_cap, l->file);
	if (len < 0)
		return NULL;
	l->line++;
	const char *seen = line_look(l, l->raw, (size_t)len, (size_t)room);
	snprintf(to, (size_t)room, "%s", seen != NULL ? seen : "");
	return to;
}

static int by_line(const void *a, const void *b)
{
	const struct conf_problem *x = a, *y = b;
	return (x->line > y->line) - (x->line < y->line);
}

/* Relative paths hang on the folder in which the file was found, so that a later chdir changes nothing. */
static char *base_of(const char *path)
{
	char *dir = df_folder_of(path);
	char *whole = realpath(dir, NULL);
	if (whole == NULL)
		return dir;
	free(dir);
	return whole;
}

static enum df_status loader_read(struct loader *l, const char *path, struct df_err *err)
{
	l->file = fopen(path, "re");
	if (l->file == NULL)
		return df_fail(DF_USAGE, err, NULL, "cannot read the configuration %s: %s", path, strerror(errno));
	int rc = ini_parse_stream(read_line, l, on_key, l);
	int why = ferror(l->file) ? errno : 0;
	fclose(l->file);
	if (why != 0)
		return df_fail(DF_USAGE, err, NULL, "cannot read the configuration %s: %s", path, strerror(why));
	section_end(l);
	struct conf *conf = l->conf;
	if (conf->n_feeds > 0 && !l->state_dir_tried)
		loader_complain(
		    l, l->main_line != 0 ? l->main_line : conf->feeds[0].line,
		    "[dropfeed] must say where the ledger and the spool are kept: state_dir = /var/lib/dropfeed");
	/* Every mistake inih can find was found above: this is for what a future inih may refuse. */
	if (rc != 0 && l->problems->n == 0)
		loader_complain(l, rc > 0 ? rc : 0, "the line cannot be understood");
	if (l->problems->n == 0)
		return DF_OK;
	qsort(l->problems->v, l->problems->n, sizeof(*l->problems->v), by_line);
	return df_fail(DF_USAGE, err, NULL, "the configuration %s has %zu mistake%s", path, l->problems->n,
		       l->problems->n == 1 ? "" : "s");
}

enum df_status conf_load(const char *path, struct conf **out, struct conf_problems *problems, struct df_err *err)
{
	struct loader l = {.problems = problems, .conf = df_alloc(sizeof(*l.conf)), .base = base_of(path)};
	*out = NULL;
	l.conf->path = df_strdup(path);
	conf_keys_defaults(l.conf, conf_main_keys);
	enum df_status st = loader_read(&l, path, err);
	if (st == DF_OK)
		*out = l.conf;
	else
		conf_free(l.conf);
	free(l.raw);
	free(l.base);
	return st;
}
