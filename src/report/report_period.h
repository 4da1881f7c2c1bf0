/* SPDX-License-Identifier: MIT */
/*
 * report_period.h - what was closed in a period, summed up
 *
 *	report_period.c		from the ledger
 *	report_period_words.c	numbers and times as people read them
 *	report_period_text.c	a page of text
 *	report_period_json.c	one JSON object
 *	report_period_html.c	a page that is a mail as well; report_period_bars.c: its bars
 */
#ifndef DROPFEED_REPORT_PERIOD_H
#define DROPFEED_REPORT_PERIOD_H

#include "dropfeed/report.h"

#define PERIOD_BARS_MAX  400 /* past that, a bar is several days */
#define PERIOD_LIST_MAX  20  /* refused files that are named */
#define PERIOD_CAUSE_MAX 25  /* causes that are shown to people, for each feed */

struct period_bar { /* a day, or some */
	uint64_t files, refused;
	uint64_t delivered, rejected, skipped; /* rows */
};

struct period_sum {
	uint64_t files, done, refused, abandoned;
	uint64_t again; /* of those done: the same bytes had been delivered before */
	/* of documents that are done or abandoned; rows = delivered + rejected + skipped */
	uint64_t rows, delivered, rejected, skipped, batches, events, bytes;
	struct ledger_times times; /* of the events */
	/* batches that were sent under a limit, and as many as could have been in that time */
	double sent, could;
	int64_t *took; /* own: of each file that is done, from its arrival to its end, sorted */
	size_t n_took;
	struct period_bar *bars; /* own */
};

struct period_cause {
	char *code, *where; /* own */
	uint64_t rows, documents;
};
struct period_causes {
	struct period_cause *v; /* own */
	size_t n;
};

struct period_feed {
	char *name; /* own */
	struct period_sum sum;
	uint64_t open;     /* files that are not closed */
	int64_t oldest_ms; /* when the first of them came */
	struct period_causes reasons, findings;
};

struct period_file {                     /* that was refused */
	char *feed, *name, *code, *text; /* own */
	int64_t closed_ms;
};

struct period_condition {
	char *feed, *name, *text; /* own */
	int64_t since_ms;
};

struct period {
	const struct report_span *span;
	int64_t first_day; /* since 1970 */
	unsigned days;     /* of a bar */
	size_t n_bars;
	struct period_feed *feeds; /* own; sorted by name */
	size_t n_feeds;
	struct period_sum total;
	struct period_file refused[PERIOD_LIST_MAX]; /* the latest */
	uint64_t n_refused;                          /* of all */
	struct period_condition *conditions;         /* own: those that hold now */
	size_t n_conditions;
	int64_t file_id; /* while it is read: the file before */
};

/* The share of the limit, 0 to 1; less than 0: nothing was sent under one for long enough. */
double period_share(const struct period_sum *s);
/* In milliseconds; less than 0: no file is done. */
int64_t period_median(const struct period_sum *s);
int64_t period_longest(const struct period_sum *s);
/* Of the bar with the most rows. */
size_t period_highest(const struct period *p, const struct period_sum *s);
uint64_t period_bar_rows(const struct period_bar *b);

#define PERIOD_WORDS 48
void period_number(uint64_t n, char out[PERIOD_WORDS]); /* "1,234,567" */
void period_percent(double share, char out[PERIOD_WORDS]);
void period_duration(int64_t ms, char out[PERIOD_WORDS]); /* "2 h 5 min" */
void period_bytes(uint64_t n, char out[PERIOD_WORDS]);
void period_minute(int64_t ms, char out[PERIOD_WORDS]); /* "2026-11-26 05:00" */
void period_day(const struct period *p, size_t bar, char out[PERIOD_WORDS]); /* its first one */

void period_text(const struct period *p, struct df_buf *out);
void period_json(const struct period *p, struct df_buf *out);
void period_html(const struct period *p, struct df_buf *out);
/* An SVG image; a bar's height is its rows, highest: of all. */
void period_bars(const struct period *p, const struct period_sum *s, struct df_buf *out);

#endif
