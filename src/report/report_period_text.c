/* SPDX-License-Identifier: MIT */
/* A period as a page of text. */
#include "report_period.h"

#define BAR_WIDTH 40 /* characters */
#define DAYS_MAX  62 /* of which each has a line */

static void add_count(struct df_buf *b, uint64_t n, const char *what)
{
	char words[PERIOD_WORDS];
	period_number(n, words);
	df_buf_addf(b, "%s %s", words, what);
}

static void add_rows(struct df_buf *b, const struct period_sum *s)
{
	add_count(b, s->rows, "rows = ");
	add_count(b, s->delivered, "delivered + ");
	add_count(b, s->rejected, "rejected");
	if (s->skipped > 0) {
		df_buf_adds(b, " + ");
		add_count(b, s->skipped, "skipped");
	}
}

static void add_files(struct df_buf *b, const struct period_sum *s)
{
	char bytes[PERIOD_WORDS];
	period_bytes(s->bytes, bytes);
	add_count(b, s->files, s->files == 1 ? "file" : "files");
	df_buf_addf(b, " of %s", bytes);
	const struct {
		uint64_t n;
		const char *what;
	} parts[] = {
	    {s->refused, "refused"}, {s->abandoned, "abandoned"}, {s->again, "delivered before"}};
	const char *between = " (";
	for (size_t i = 0; i < 3; i++)
		if (parts[i].n > 0) {
			df_buf_adds(b, between);
			add_count(b, parts[i].n, parts[i].what);
			between = ", ";
		}
	df_buf_adds(b, between[0] == ',' ? ")" : "");
}

static void add_facts(struct df_buf *b, const struct period_sum *s)
{
	char one[PERIOD_WORDS], two[PERIOD_WORDS];
	df_buf_adds(b, "  ");
	add_count(b, s->batches, "batches, ");
	add_count(b, s->events, "events");
	if (s->times.any) {
		period_minute(s->times.first_ms, one);
		period_minute(s->times.last_ms, two);
		df_buf_addf(b, " from %s to %s", one, two);
	}

	if (period_median(s) >= 0) {
		period_duration(period_median(s), one);
		period_duration(period_longest(s), two);
		df_buf_addf(b, "\n  from arrival to completion: median %s, at most %s", one, two);
	}
	if (period_share(s) >= 0) {
		period_percent(period_share(s), one);
		df_buf_addf(b, "; %s of the limit while sending", one);
	}
	df_buf_addc(b, '\n');
}

static void add_bars(struct df_buf *b, const struct period *p, const struct period_sum *s)
{
	uint64_t most = period_bar_rows(&s->bars[period_highest(p, s)]);
	char day[PERIOD_WORDS], rows[PERIOD_WORDS];
	for (size_t i = 0; i < p->n_bars && p->n_bars <= DAYS_MAX; i++) {
		const struct period_bar *bar = &s->bars[i];
		uint64_t n = period_bar_rows(bar);
		size_t full = most > 0 ? (size_t)((double)n * BAR_WIDTH / (double)most + 0.5) : 0;
		size_t bad =
		    n > 0 ? (size_t)((double)bar->rejected * (double)full / (double)n + 0.5) : 0;
		if (bar->rejected > 0 && bad == 0)
			bad = 1;
		full = full > bad ? full - bad : 0;
		period_day(p, i, day);
		period_number(n, rows);
		df_buf_addf(b, "  %s %12s ", day, rows);
		for (size_t k = 0; k < full; k++)
			df_buf_addc(b, '#');
		for (size_t k = 0; k < bad; k++)
			df_buf_addc(b, 'x');
		if (bar->refused > 0)
			df_buf_addf(b, " %llu refused", (unsigned long long)bar->refused);
		while (b->len > 0 && b->data[b->len - 1] == ' ')
			b->len--;
		df_buf_addc(b, '\n');
	}
}

static void add_causes(struct df_buf *b, const char *title, const struct period_causes *list)
{
	char rows[PERIOD_WORDS];
	if (list->n == 0)
		return;
	df_buf_addf(b, "  %s\n", title);
	for (size_t i = 0; i < list->n && i < PERIOD_CAUSE_MAX; i++) {
		period_number(list->v[i].rows, rows);
		df_buf_addf(b, "  %12s  %-18s  ", rows, list->v[i].code);
		df_printable(b, list->v[i].where[0] != '\0' ? list->v[i].where : "-");
		df_buf_addc(b, '\n');
	}
	if (list->n > PERIOD_CAUSE_MAX)
		df_buf_addf(b, "  %12s  and %zu more\n", "", list->n - PERIOD_CAUSE_MAX);
}

static void text_add_feed(struct df_buf *b, const struct period *p, const struct period_feed *f)
{
	char since[PERIOD_WORDS];
	df_buf_addf(b, "\n%s: ", f->name);
	if (f->sum.files == 0)
		df_buf_adds(b, "no file was closed");
	else
		add_files(b, &f->sum);
	if (f->open > 0) {
		period_minute(f->oldest_ms, since);
		df_buf_addf(b, "; %llu unfinished, since %s", (unsigned long long)f->open, since);
	}
	df_buf_addc(b, '\n');
	if (f->sum.files == 0)
		return;

	df_buf_adds(b, "  ");
	add_rows(b, &f->sum);
	df_buf_addc(b, '\n');
	add_facts(b, &f->sum);
	add_bars(b, p, &f->sum);
	add_causes(b, "rejected rows, by their first reason and its column:", &f->reasons);
	add_causes(b,
		   "not allowed by the data plan, in rows that it did not reject:", &f->findings);
}

static void text_add_refused(struct df_buf *b, const struct period *p)
{
	size_t n = p->n_refused < PERIOD_LIST_MAX ? (size_t)p->n_refused : PERIOD_LIST_MAX;
	char when[PERIOD_WORDS];
	if (n > 0)
		df_buf_adds(b, "\nrefused files, the latest first:\n");
	for (size_t i = 1; i <= n; i++) {
		const struct period_file *f = &p->refused[(p->n_refused - i) % PERIOD_LIST_MAX];
		period_minute(f->closed_ms, when);
		df_buf_addf(b, "  %s  %s: ", when, f->feed);
		df_printable(b, f->name);
		df_buf_addf(b, ": %s: ", f->code);
		df_printable(b, f->text);
		df_buf_addc(b, '\n');
	}
}

void period_text(const struct period *p, struct df_buf *out)
{
	char since[PERIOD_WORDS], until[PERIOD_WORDS];
	period_minute(p->span->since_ms, since);
	period_minute(p->span->now_ms, until);
	df_buf_addf(out, "%s to %s (UTC)\n", since, until);
	add_files(out, &p->total);
	df_buf_adds(out, ": ");
	add_rows(out, &p->total);
	df_buf_addc(out, '\n');
	for (size_t i = 0; i < p->n_conditions; i++) {
		const struct period_condition *c = &p->conditions[i];
		period_minute(c->since_ms, since);
		df_buf_addf(out, "%s: %s since %s: ", c->feed, c->name, since);
		df_printable(out, c->text);
		df_buf_addc(out, '\n');
	}
	for (size_t i = 0; i < p->n_feeds; i++)
		text_add_feed(out, p, &p->feeds[i]);
	text_add_refused(out, p);
}
