/* SPDX-License-Identifier: MIT */
/* What was closed in a period, from the ledger. */
#include "report_period.h"

#include <stdlib.h>

/* ---- feeds ---- */

static int period_name_order(const void *a, const void *b)
{
	return strcmp(((const struct period_feed *)a)->name, ((const struct period_feed *)b)->name);
}

static void feed_add(struct period *p, const char *name)
{
	p->feeds = df_realloc(p->feeds, (p->n_feeds + 1) * sizeof(*p->feeds));
	struct period_feed *f = &p->feeds[p->n_feeds++];
	*f = (struct period_feed){.name = df_strdup(name)};
	f->sum.bars = df_alloc(p->n_bars * sizeof(*f->sum.bars));
}

/* Those that came are found by search; one that is new is put in its place. */
static struct period_feed *feed_of(struct period *p, const char *name)
{
	const struct period_feed key = {.name = (char *)(uintptr_t)name};
	struct period_feed *f = p->n_feeds > 0 ? bsearch(&key, p->feeds, p->n_feeds,
							 sizeof(*p->feeds), period_name_order)
					       : NULL;
	if (f != NULL)
		return f;
	feed_add(p, name);
	qsort(p->feeds, p->n_feeds, sizeof(*p->feeds), period_name_order);
	return bsearch(&key, p->feeds, p->n_feeds, sizeof(*p->feeds), period_name_order);
}

/* ---- files and documents ---- */

static struct period_bar *bar_of(const struct period *p, const struct period_sum *s, int64_t ms)
{
	int64_t day = ms / DF_DAY_MS - p->first_day;
	size_t bar = day > 0 ? (size_t)(day / p->days) : 0;
	return &s->bars[bar < p->n_bars ? bar : p->n_bars - 1];
}

static void add_took(struct period_sum *s, int64_t ms)
{
	if ((s->n_took & (s->n_took - 1)) == 0)
		s->took =
		    df_realloc(s->took, (s->n_took == 0 ? 1 : 2 * s->n_took) * sizeof(*s->took));
	s->took[s->n_took++] = ms > 0 ? ms : 0;
}

static void period_add_file(const struct period *p, struct period_sum *s,
			    const struct ledger_closed *c)
{
	struct period_bar *bar = bar_of(p, s, c->file_closed_ms);
	bool again = c->file_code != NULL && strcmp(c->file_code, "duplicate") == 0;
	s->files++;
	s->bytes += c->size;
	bar->files++;
	s->refused += c->file_state == LEDGER_REFUSED;
	bar->refused += c->file_state == LEDGER_REFUSED;
	s->abandoned += c->file_state == LEDGER_ABANDONED;
	if (c->file_state != LEDGER_DONE)
		return;
	s->done++;
	s->again += again;
	if (!again)
		add_took(s, c->file_closed_ms - c->pulled_ms);
}

static void add_times(struct ledger_times *to, const struct ledger_times *t)
{
	if (!t->any)
		return;
	if (!to->any || t->first_ms < to->first_ms)
		to->first_ms = t->first_ms;
	if (!to->any || t->last_ms > to->last_ms)
		to->last_ms = t->last_ms;
	to->any = true;
}

/* A refused document has delivered nothing, and its rows are not counted: they may not be all. */
static void period_add_document(const struct period *p, struct period_sum *s,
				const struct ledger_closed *c)
{
	struct period_bar *bar = bar_of(p, s, c->file_closed_ms);
	if (c->document_id == 0 || (c->state != LEDGER_DONE && c->state != LEDGER_ABANDONED))
		return;
	s->rows += c->rows;
	s->delivered += c->delivered;
	s->rejected += c->rejected;
	s->skipped += c->skipped;
	s->batches += c->batches;
	s->events += c->events;
	bar->delivered += c->delivered;
	bar->rejected += c->rejected;
	bar->skipped += c->skipped;
	add_times(&s->times, &c->times);
	if (c->pace > 0 && c->sending_ms > 0) {
		s->sent += (double)c->batches;
		s->could += c->pace * (double)c->sending_ms / 1000;
	}
}

static void period_file_free(struct period_file *f)
{
	free(f->feed);
	free(f->name);
	free(f->code);
	free(f->text);
}

static void period_add_refused(struct period *p, const struct ledger_closed *c)
{
	struct period_file *f = &p->refused[p->n_refused++ % PERIOD_LIST_MAX];
	period_file_free(f);
	*f = (struct period_file){.feed = df_strdup(c->feed),
				  .name = df_strdup(c->file),
				  .code = df_strdup(c->file_code != NULL ? c->file_code : ""),
				  .text = df_strdup(c->file_text != NULL ? c->file_text : ""),
				  .closed_ms = c->file_closed_ms};
}

static enum df_status on_closed(void *ctx, const struct ledger_closed *c, struct df_err *err)
{
	struct period *p = ctx;
	struct period_feed *feed = feed_of(p, c->feed);
	(void)err;
	if (c->file_id != p->file_id) {
		period_add_file(p, &feed->sum, c);
		period_add_file(p, &p->total, c);
		if (c->file_state == LEDGER_REFUSED)
			period_add_refused(p, c);
	}
	p->file_id = c->file_id;
	period_add_document(p, &feed->sum, c);
	period_add_document(p, &p->total, c);
	return DF_OK;
}

/* ---- causes, open files, conditions ---- */

static void add_cause(struct period_causes *list, const struct ledger_cause *c)
{
	list->v = df_realloc(list->v, (list->n + 1) * sizeof(*list->v));
	list->v[list->n++] = (struct period_cause){.code = df_strdup(c->code),
						   .where = df_strdup(c->where),
						   .rows = c->rows,
						   .documents = c->documents};
}

static enum df_status on_reason(void *ctx, const struct ledger_cause *c, struct df_err *err)
{
	(void)err;
	add_cause(&feed_of(ctx, c->feed)->reasons, c);
	return DF_OK;
}

/* A finding's place, without the words that are its table's title here. */
static enum df_status period_on_finding(void *ctx, const struct ledger_cause *c, struct df_err *err)
{
	static const char title[] = "data plan, ";
	struct ledger_cause own = *c;
	(void)err;
	if (strncmp(own.where, title, sizeof(title) - 1) == 0)
		own.where += sizeof(title) - 1;
	add_cause(&feed_of(ctx, c->feed)->findings, &own);
	return DF_OK;
}

static enum df_status on_open(void *ctx, const struct ledger_tally *t, struct df_err *err)
{
	struct period *p = ctx;
	(void)err;
	if (p->span->feed != NULL && strcmp(p->span->feed, t->feed) != 0)
		return DF_OK;
	struct period_feed *f = feed_of(p, t->feed);
	if (strcmp(t->name, "open_files") == 0)
		f->open = (uint64_t)t->value;
	else
		f->oldest_ms = t->value;
	return DF_OK;
}

static enum df_status on_condition(void *ctx, const struct ledger_condition *c, struct df_err *err)
{
	struct period *p = ctx;
	(void)err;
	p->conditions = df_realloc(p->conditions, (p->n_conditions + 1) * sizeof(*p->conditions));
	p->conditions[p->n_conditions++] = (struct period_condition){.feed = df_strdup(c->feed),
								     .name = df_strdup(c->name),
								     .text = df_strdup(c->text),
								     .since_ms = c->now_ms};
	return DF_OK;
}

/* ---- all of it ---- */

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static void sort_took(struct period_sum *s)
{
	if (s->n_took > 1)
		qsort(s->took, s->n_took, sizeof(*s->took), by_time);
}

static void period_begin(struct period *p, const struct report_span *span)
{
	int64_t last = span->now_ms / DF_DAY_MS;
	*p = (struct period){.span = span, .first_day = span->since_ms / DF_DAY_MS};
	int64_t days = last >= p->first_day ? last - p->first_day + 1 : 1;
	p->days = (unsigned)((days + PERIOD_BARS_MAX - 1) / PERIOD_BARS_MAX);
	p->n_bars = (size_t)((days + p->days - 1) / p->days);
	p->total.bars = df_alloc(p->n_bars * sizeof(*p->total.bars));
	for (size_t i = 0; i < span->n_feeds; i++)
		if (span->feed == NULL || strcmp(span->feed, span->feeds[i]) == 0)
			feed_add(p, span->feeds[i]);
	if (p->n_feeds > 1)
		qsort(p->feeds, p->n_feeds, sizeof(*p->feeds), period_name_order);
}

static enum df_status period_rows(struct ledger *l, const struct report_span *span,
				  struct period *out, struct df_err *err)
{
	const struct ledger_period which = {.feed = span->feed, .since_ms = span->since_ms};
	enum df_status st = ledger_period_files(l, &which, on_closed, out, err);
	if (st != DF_OK)
		return st;
	st = ledger_period_reasons(l, &which, on_reason, out, err);
	if (st != DF_OK)
		return st;
	st = ledger_period_findings(l, &which, period_on_finding, out, err);
	if (st != DF_OK)
		return st;
	st = ledger_open_files(l, on_open, out, err);
	if (st != DF_OK)
		return st;
	return ledger_conditions(l, span->feed, on_condition, out, err);
}

static enum df_status period_read(struct ledger *l, const struct report_span *span,
				  struct period *out, struct df_err *err)
{
	period_begin(out, span);
	if (l == NULL)
		return DF_OK;
	enum df_status st = period_rows(l, span, out, err);
	sort_took(&out->total);
	for (size_t i = 0; i < out->n_feeds; i++)
		sort_took(&out->feeds[i].sum);
	return st;
}

static void causes_free(struct period_causes *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->v[i].code);
		free(list->v[i].where);
	}
	free(list->v);
}

static void sum_free(struct period_sum *s)
{
	free(s->took);
	free(s->bars);
}

static void period_free(struct period *p)
{
	for (size_t i = 0; i < p->n_feeds; i++) {
		free(p->feeds[i].name);
		sum_free(&p->feeds[i].sum);
		causes_free(&p->feeds[i].reasons);
		causes_free(&p->feeds[i].findings);
	}
	for (size_t i = 0; i < PERIOD_LIST_MAX; i++)
		period_file_free(&p->refused[i]);
	for (size_t i = 0; i < p->n_conditions; i++) {
		free(p->conditions[i].feed);
		free(p->conditions[i].name);
		free(p->conditions[i].text);
	}
	free(p->conditions);
	free(p->feeds);
	sum_free(&p->total);
}

enum df_status report_period_write(struct ledger *l, const struct report_span *span, FILE *to,
				   struct df_err *err)
{
	static void (*const forms[])(const struct period *p, struct df_buf *out) = {
	    [REPORT_TEXT] = period_text, [REPORT_HTML] = period_html, [REPORT_JSON] = period_json};
	struct period p;
	struct df_buf out = {0};
	enum df_status st = period_read(l, span, &p, err);
	if (st != DF_OK)
		goto cleanup;
	forms[span->format](&p, &out);
	if (out.len > 0)
		fwrite(out.data, 1, out.len, to);
cleanup:
	df_buf_free(&out);
	period_free(&p);
	return st;
}
