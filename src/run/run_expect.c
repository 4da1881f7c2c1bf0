/* SPDX-License-Identifier: MIT */
/* What a feed expects (expect, expect_age, expect_rows) and whether it came. What is missed is
 * the condition "missing", with the setting as its subject. */
#include "run_calendar.h"
#include "run_notices.h"

#include <stdio.h>
#include <stdlib.h>

#define RECENT  14               /* documents that say what is usual */
#define BACK_MS INT64_C(3600000) /* a clock is set back by less where nothing was wrong */

/* ---- files ---- */

/* Since when something is expected of the feed: what came before does not count. A time to come
 * is that of a clock which was ahead: nothing would be missed until then. */
static enum df_status expecting_since(struct run *run, const char *feed, int64_t now, int64_t *out,
				      struct df_err *err)
{
	enum df_status st = ledger_tally_get(run->env.ledger, feed, LEDGER_EXPECTING, out, err);
	if (st != DF_END && (st != DF_OK || *out <= now + BACK_MS))
		return st;
	*out = now;
	return ledger_tally_set(run->env.ledger, feed, LEDGER_EXPECTING, now, err);
}

/* Without those of a clock that was ahead: nobody knows when they came. Returns how many are
 * left. */
static size_t arrivals_until(int64_t *v, size_t n, int64_t now)
{
	size_t left = 0;
	for (size_t i = 0; i < n; i++)
		if (v[i] <= now + BACK_MS)
			v[left++] = v[i];
	return left;
}

/* A run may go on for hours after it looked at the source: what came there since is the next
 * run's, and is missing when that has not found it. */
struct moment {
	int64_t now, since, looked;
};

static enum df_status check_files(struct run *run, const struct conf_feed *feed,
				  const struct moment *m, char text[256], struct df_err *err)
{
	const struct conf_expect *e = &feed->expect;
	struct time_zone *zone = NULL;
	struct run_calendar c;
	int64_t *arrivals = NULL;
	size_t n = 0;
	uint32_t came = 0;
	char due[DF_TIME_TEXT];
	if (e->files == 0)
		return DF_OK;
	enum df_status st =
	    time_zone_open(e->zone != NULL ? e->zone : feed->map.timezone, &zone, err);
	if (st != DF_OK)
		return st;
	run_calendar_make(e, zone, m->since, m->looked, &c);
	time_zone_free(zone);
	if (c.n > 0)
		st = ledger_arrivals(run->env.ledger, feed->name, c.before, &arrivals, &n, err);
	if (st != DF_OK)
		goto cleanup;
	n = arrivals_until(arrivals, n, m->now);
	if (!run_calendar_met(&c, arrivals, n, &came)) {
		df_time_text(c.at[c.n - 1], due);
		snprintf(text, 256, "%u file%s expected by %s, %u came (expect)", e->files,
			 e->files == 1 ? " was" : "s were", due, came);
	}
cleanup:
	free(arrivals);
	return st;
}

static enum df_status check_age(struct run *run, const struct conf_feed *feed,
				const struct moment *m, char text[256], struct df_err *err)
{
	int64_t last = 0, age = feed->expect.age_ms;
	char when[DF_TIME_TEXT];
	if (age == 0)
		return DF_OK;
	enum df_status st =
	    ledger_arrival_last(run->env.ledger, feed->name, m->now + BACK_MS, &last, err);
	if (st != DF_OK && st != DF_END)
		return st;
	df_time_text(last > 0 ? last : m->since, when);
	if (m->looked - (last > m->since ? last : m->since) <= age)
		return DF_OK;
	double minutes = (double)(m->looked - (last > 0 ? last : m->since)) / 60000;
	snprintf(text, 256, "no file for %.1f %s, %s %s (expect_age)",
		 minutes < 120 ? minutes : minutes / 60, minutes < 120 ? "minutes" : "hours",
		 last > 0 ? "the last one came" : "looked for since", when);
	return DF_OK;
}

/* ---- the condition ---- */

struct expectation {
	const char *feed, *subject;
	const char *text; /* "": it is met */
	bool logged;      /* elsewhere, with what comes of it */
};

static enum df_status settle_expectation(struct run *run, const struct expectation *e,
					 struct df_err *err)
{
	const struct ledger_condition c = {.feed = e->feed,
					   .name = "missing",
					   .subject = e->subject,
					   .text = e->text,
					   .now_ms = df_now_ms()};
	bool changed = false, missed = e->text[0] != '\0';
	enum df_status st = missed ? ledger_condition_raise(run->env.ledger, &c, &changed, err)
				   : ledger_condition_clear(run->env.ledger, &c, &changed, err);
	if (st != DF_OK || !changed)
		return st;
	if (missed) {
		if (!e->logged)
			df_log_code(DF_LOG_WARN, "missing", "%s: missing: %s", e->feed, e->text);
		pthread_mutex_lock(&run->lock);
		run->result->missing++;
		pthread_mutex_unlock(&run->lock);
	} else {
		df_log(DF_LOG_INFO, "%s: no longer missing (%s)", e->feed, e->subject);
	}
	return DF_OK;
}

/* ---- what is expected no longer ---- */

static enum df_status find_rows(void *ctx, const struct ledger_condition *c, struct df_err *err)
{
	(void)err;
	if (strcmp(c->name, "missing") != 0 || strncmp(c->subject, "expect_rows", 11) != 0)
		return DF_OK;
	*(char **)ctx = df_strdup(c->subject);
	return DF_END;
}

static enum df_status forget_rows(struct run *run, const struct conf_feed *feed, struct df_err *err)
{
	enum df_status st = DF_END;
	while (st == DF_END) {
		char *subject = NULL;
		st = ledger_conditions(run->env.ledger, feed->name, find_rows, &subject, err);
		if (st != DF_END)
			return st;
		st = settle_expectation(run, &(struct expectation){feed->name, subject, "", false},
					err);
		free(subject);
		st = st == DF_OK ? DF_END : st;
	}
	return st;
}

static enum df_status settle_files(struct run *run, const struct conf_feed *feed,
				   const struct moment *m, struct df_err *err)
{
	char text[256] = "";
	enum df_status st = check_files(run, feed, m, text, err);
	if (st != DF_OK)
		return st;
	return settle_expectation(run, &(struct expectation){feed->name, "expect", text, false},
				  err);
}

static enum df_status settle_age(struct run *run, const struct conf_feed *feed,
				 const struct moment *m, struct df_err *err)
{
	char text[256] = "";
	enum df_status st = check_age(run, feed, m, text, err);
	if (st != DF_OK)
		return st;
	return settle_expectation(run, &(struct expectation){feed->name, "expect_age", text, false},
				  err);
}

enum df_status run_expect_files(struct run *run, const struct conf_feed *feed, int64_t looked_ms,
				struct df_err *err)
{
	struct moment m = {.now = df_now_ms()};
	bool expects = feed->expect.files > 0 || feed->expect.age_ms > 0;
	enum df_status st =
	    expects ? expecting_since(run, feed->name, m.now, &m.since, err) : DF_OK;
	if (st != DF_OK)
		return st;
	m.looked = looked_ms > 0 ? looked_ms : m.now;
	st = settle_files(run, feed, &m, err);
	if (st != DF_OK)
		return st;
	st = settle_age(run, feed, &m, err);
	if (st != DF_OK)
		return st;
	return feed->expect.rows_most == 0 ? forget_rows(run, feed, err) : DF_OK;
}

/* ---- rows ---- */

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static double median(uint64_t *v, size_t n)
{
	const size_t half = n / 2;
	qsort(v, n, sizeof(*v), by_size);
	return n % 2 == 1 ? (double)v[half] : ((double)v[half - 1] + (double)v[half]) / 2;
}

static void compare_usual(const struct conf_expect *e, uint64_t rows, uint64_t *recent, size_t n,
			  char text[256])
{
	double usual = n > 0 ? median(recent, n) : 0, part = usual / 100000;
	double least = e->rows_percent ? (double)e->rows_least * part : (double)e->rows_least;
	double most = e->rows_percent ? (double)e->rows_most * part : (double)e->rows_most;
	if (e->rows_most == UINT64_MAX)
		most = (double)UINT64_MAX;
	if ((e->rows_percent && usual <= 0) || ((double)rows >= least && (double)rows <= most))
		return;
	if (e->rows_percent)
		snprintf(text, 256, "%s, which is %.0f%% of the usual %.0f (expect_rows)",
			 df_count(rows, "row").text, (double)rows * 100 / usual, usual);
	else
		snprintf(text, 256, "%s, %s than expected (expect_rows)",
			 df_count(rows, "row").text, (double)rows < least ? "fewer" : "more");
}

enum df_status run_expect_compare(struct ledger *ledger, const struct run_expect_rows *what,
				  char text[256], struct df_err *err)
{
	const struct conf_feed *feed = what->feed;
	const struct ledger_recent which = {feed->name, what->event_type, what->document};
	uint64_t recent[RECENT];
	size_t n = ledger != NULL ? RECENT : 0;
	text[0] = '\0';
	if (feed->expect.rows_most == 0)
		return DF_OK;
	enum df_status st =
	    ledger != NULL ? ledger_recent_rows(ledger, &which, recent, &n, err) : DF_OK;
	if (st != DF_OK)
		return st;
	compare_usual(&feed->expect, what->rows, recent, n, text);
	if (text[0] == '\0' || !feed->expect.action_refuse)
		return DF_OK;
	return df_fail(DF_REJECT, err, "row-count",
		       "%s: when the file is right, set expect_action = warn and `dropfeed "
		       "retry` it",
		       text);
}

enum df_status run_expect_rows(struct run *run, const struct run_expect_rows *what,
			       struct df_err *err)
{
	const struct conf_feed *feed = what->feed;
	struct df_err why = {0};
	char text[256] = "";
	if (feed->expect.rows_most == 0)
		return DF_OK;
	enum df_status judged = run_expect_compare(run->env.ledger, what, text, &why);
	if (judged != DF_OK && judged != DF_REJECT) {
		*err = why;
		return judged;
	}
	char *subject = df_format("expect_rows %s", what->event_type);
	char *whole = text[0] != '\0' ? df_format("%s: %s", what->name, text) : df_strdup("");
	enum df_status st =
	    settle_expectation(run, &(struct expectation){feed->name, subject, whole, true}, err);
	if (st == DF_OK && judged == DF_OK && text[0] != '\0')
		df_log_code(DF_LOG_WARN, "missing", "%s: missing: %s", feed->name, whole);
	free(subject);
	free(whole);
	if (st != DF_OK || judged == DF_OK)
		return st;
	*err = why;
	return judged;
}
