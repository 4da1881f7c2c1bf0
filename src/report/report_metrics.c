/* SPDX-License-Identifier: MIT */
/*
 * Metrics in Prometheus' text format, for node_exporter's textfile collector. Counters are the
 * ledger's, so that they never go back. No sample has a time of its own: the collector skips
 * files that have.
 */
#include "dropfeed/report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	LOCK_TRIES = 20,
	LOCK_WAIT_MS = 100,
	CARRIED_MAX = 1 << 20,
};

#define FAMILY "# HELP "

struct value {
	char *feed, *name; /* own */
	int64_t value;
};

struct metrics {
	struct value *v; /* own */
	size_t n;
	char **feeds; /* own: each name once */
	size_t n_feeds;
	struct df_buf text;
};

/* ---- what there is ---- */

static void add_feed(struct metrics *m, const char *name)
{
	for (size_t i = 0; i < m->n_feeds; i++)
		if (strcmp(m->feeds[i], name) == 0)
			return;
	m->feeds = df_realloc(m->feeds, (m->n_feeds + 1) * sizeof(*m->feeds));
	m->feeds[m->n_feeds++] = df_strdup(name);
}

static enum df_status add_value(void *ctx, const struct ledger_tally *t, struct df_err *err)
{
	struct metrics *m = ctx;
	(void)err;
	m->v = df_realloc(m->v, (m->n + 1) * sizeof(*m->v));
	m->v[m->n++] = (struct value){
	    .feed = df_strdup(t->feed), .name = df_strdup(t->name), .value = t->value};
	if (t->feed[0] != '\0')
		add_feed(m, t->feed);
	return DF_OK;
}

static const int64_t *value_find(const struct metrics *m, const char *feed, const char *name)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->v[i].feed, feed) == 0 && strcmp(m->v[i].name, name) == 0)
			return &m->v[i].value;
	return NULL;
}

static void values_free(struct metrics *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free(m->v[i].feed);
		free(m->v[i].name);
	}
	for (size_t i = 0; i < m->n_feeds; i++)
		free(m->feeds[i]);
	free(m->v);
	free(m->feeds);
	m->v = NULL;
	m->feeds = NULL;
	m->n = m->n_feeds = 0;
}

/* ---- writing ---- */

static void family(struct metrics *m, const char *name, const char *type, const char *help)
{
	df_buf_addf(&m->text, FAMILY "%s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* name holds the labels; milliseconds become seconds. */
static void sample(struct metrics *m, const char *name, int64_t value, bool seconds)
{
	if (seconds)
		df_buf_addf(&m->text, "%s %lld.%03lld\n", name, (long long)value / 1000,
			    (long long)value % 1000);
	else
		df_buf_addf(&m->text, "%s %lld\n", name, (long long)value);
}

/* Of the program; without a value there is no sample. */
static void gauge(struct metrics *m, const char *name, const char *key, bool seconds,
		  const char *help)
{
	const int64_t *value = value_find(m, "", key);
	if (value == NULL)
		return;
	family(m, name, "gauge", help);
	sample(m, name, *value, seconds);
}

struct feed_family {
	const char *name, *label, *type, *help;
	const struct {
		const char *word; /* of the label */
		const char *key;
	} of[3];
	bool seconds; /* and where there is no value, there is no sample */
};

static const struct feed_family feed_families[] = {
    {"dropfeed_files_total",
     "state",
     "counter",
     "Files that were closed, by the state they were closed in.",
     {{"done", "files_done"}, {"refused", "files_refused"}, {"abandoned", "files_abandoned"}},
     false},
    {"dropfeed_rows_total",
     "outcome",
     "counter",
     "Rows, by what became of them.",
     {{"delivered", "rows_delivered"}, {"rejected", "rows_rejected"}, {"skipped", "rows_skipped"}},
     false},
    {"dropfeed_batches_total",
     NULL,
     "counter",
     "Batches that were settled.",
     {{NULL, "batches"}},
     false},
    {"dropfeed_throttled_total",
     NULL,
     "counter",
     "Answers that the rate limit is exceeded (429).",
     {{NULL, LEDGER_THROTTLED}},
     false},
    {"dropfeed_open_files",
     NULL,
     "gauge",
     "Files that were pulled and are not closed.",
     {{NULL, "open_files"}},
     false},
    {"dropfeed_oldest_open_file_timestamp_seconds",
     NULL,
     "gauge",
     "When the oldest file that is not closed was pulled.",
     {{NULL, "oldest_ms"}},
     true},
    {"dropfeed_last_arrival_timestamp_seconds",
     NULL,
     "gauge",
     "When the latest file was pulled.",
     {{NULL, LEDGER_ARRIVAL}},
     true},
};

static void feed_samples(struct metrics *m, const struct feed_family *f, const char *feed)
{
	for (size_t i = 0; i < 3 && f->of[i].key != NULL; i++) {
		const int64_t *value = value_find(m, feed, f->of[i].key);
		char name[256];
		if (value == NULL && f->seconds)
			continue;
		if (f->label != NULL)
			snprintf(name, sizeof(name), "%s{feed=\"%s\",%s=\"%s\"}", f->name, feed,
				 f->label, f->of[i].word);
		else
			snprintf(name, sizeof(name), "%s{feed=\"%s\"}", f->name, feed);
		sample(m, name, value != NULL ? *value : 0, f->seconds);
	}
}

static bool any_value(const struct metrics *m, const char *key)
{
	for (size_t i = 0; i < m->n_feeds; i++)
		if (value_find(m, m->feeds[i], key) != NULL)
			return true;
	return false;
}

static void render(struct metrics *m)
{
	family(m, "dropfeed_build_info", "gauge", "The version of the program.");
	sample(m, "dropfeed_build_info{version=\"" DROPFEED_VERSION "\"}", 1, false);
	gauge(m, "dropfeed_last_run_timestamp_seconds", LEDGER_RUN_MS, true,
	      "When the latest run ended.");
	gauge(m, "dropfeed_last_success_timestamp_seconds", LEDGER_RUN_SUCCESS, true,
	      "When a run last ended with exit code 0.");
	gauge(m, "dropfeed_last_run_exit_code", LEDGER_RUN_EXIT, false,
	      "Exit code of the latest run.");
	gauge(m, "dropfeed_run_duration_seconds", LEDGER_RUN_DURATION, true,
	      "How long the latest run took.");
	for (size_t i = 0; i < sizeof(feed_families) / sizeof(*feed_families); i++) {
		const struct feed_family *f = &feed_families[i];
		if (m->n_feeds == 0 || (f->seconds && !any_value(m, f->of[0].key)))
			continue;
		family(m, f->name, f->type, f->help);
		for (size_t k = 0; k < m->n_feeds; k++)
			feed_samples(m, f, m->feeds[k]);
	}
}

/* ---- what the ledger does not say now ---- */

/* `family`: a text that begins with its HELP line. */
static bool is_rendered(struct metrics *m, const char *family)
{
	size_t len = sizeof(FAMILY) - 1 + strcspn(family + sizeof(FAMILY) - 1, " \n");
	char *head = df_format("%.*s ", (int)len, family);
	bool there = strstr(df_buf_cstr(&m->text), head) != NULL;
	free(head);
	return there;
}

/* The families of the file that is there, and that nothing is known of now: without them counters
 * would begin anew, and nobody would see how long the last success is ago. */
static void carry_over(struct metrics *m, const char *path)
{
	char *old = NULL;
	size_t len = 0;
	struct df_err none = {0};
	if (df_read_file(path, CARRIED_MAX, &old, &len, &none) != DF_OK)
		return;
	for (const char *at = strstr(old, FAMILY), *next = NULL; at != NULL; at = next) {
		next = strstr(at + 1, FAMILY);
		size_t n = next != NULL ? (size_t)(next - at) : strlen(at);
		if (at[n - 1] == '\n' && !is_rendered(m, at))
			df_buf_add(&m->text, at, n);
	}
	free(old);
}

/* ---- the file ---- */

/* A name of its own for each process is not needed: the lock is held. What a crash left is
 * written over. */
static enum df_status write_part(int fd, const char *part, const struct df_buf *text,
				 struct df_err *err)
{
	if (fd < 0 || fchmod(fd, 0644) != 0) /* node_exporter is another user */
		return df_fail(DF_RETRY, err, NULL, "cannot write %s: %s", part,
			       df_strerror(errno));
	return df_write_all(fd, text->data, text->len, err);
}

static enum df_status replace_file(const char *path, const struct df_buf *text, struct df_err *err)
{
	char *dir = df_dirname(path);
	char *part = df_format("%s/.%s.tmp", dir, df_base_name(path));
	int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	enum df_status st = write_part(fd, part, text, err);
	if (st != DF_OK)
		goto cleanup;
	if (rename(part, path) != 0)
		st = df_fail(DF_RETRY, err, NULL, "cannot write %s: %s", path, df_strerror(errno));
cleanup:
	if (fd >= 0)
		close(fd);
	if (st != DF_OK && fd >= 0)
		unlink(part);
	free(part);
	free(dir);
	return st;
}

/* Reading the ledger and replacing the file are one step: else an older state could follow a
 * newer one. Without the lock it is written all the same. */
static int metrics_lock(const char *state_dir)
{
	char *path = df_format("%s/metrics.lock", state_dir);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	free(path);
	for (int i = 0; fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 && i < LOCK_TRIES; i++)
		df_sleep_ms(LOCK_WAIT_MS);
	return fd;
}

static void put_value(struct metrics *m, const char *name, int64_t value)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->v[i].feed[0] == '\0' && strcmp(m->v[i].name, name) == 0) {
			m->v[i].value = value;
			return;
		}
	const struct ledger_tally t = {.feed = "", .name = name, .value = value};
	struct df_err none = {0};
	if (add_value(m, &t, &none) != DF_OK)
		abort();
}

/* No ledger there: nothing is counted yet. DF_END: it is not known where the ledger is. */
static enum df_status count_ledger(struct metrics *m, const struct ledger_where *place,
				   struct df_err *err)
{
	struct ledger *l = NULL;
	if (place == NULL)
		return DF_END;
	enum df_status st = ledger_open_at_readonly(place, &l, err);
	if (st != DF_OK)
		return st == DF_END ? DF_OK : st;
	st = ledger_tallies(l, add_value, m, err);
	if (st != DF_OK)
		goto cleanup;
	st = ledger_open_files(l, add_value, m, err);
cleanup:
	ledger_close(l);
	return st;
}

static enum df_status collect_values(struct metrics *m, const struct report_metrics *what,
				     struct df_err *err)
{
	for (size_t i = 0; i < what->n_feeds; i++)
		add_feed(m, what->feeds[i]);
	enum df_status st = count_ledger(m, what->ledger, err);
	if (st != DF_OK)
		values_free(m);
	if (what->run != NULL) {
		put_value(m, LEDGER_RUN_MS, what->run->ended_ms);
		put_value(m, LEDGER_RUN_EXIT, what->run->exit_code);
		put_value(m, LEDGER_RUN_DURATION, what->run->duration_ms);
	}
	return st;
}

enum df_status report_metrics_write(const struct report_metrics *what, struct df_err *err)
{
	struct metrics m = {0};
	struct df_err why = {0};
	int lock = what->ledger != NULL ? metrics_lock(what->ledger->state_dir) : -1;
	enum df_status unread = collect_values(&m, what, &why);
	render(&m);
	if (unread != DF_OK)
		carry_over(&m, what->path);
	enum df_status st = replace_file(what->path, &m.text, err);
	if (st != DF_OK || unread == DF_OK || unread == DF_END)
		goto cleanup;
	st = unread;
	*err = why;
	df_err_context(err, "%s keeps the counters that it had", what->path);
cleanup:
	if (lock >= 0)
		close(lock);
	values_free(&m);
	df_buf_free(&m.text);
	return st;
}
