/* SPDX-License-Identifier: MIT */
/* A period as one JSON object. */
#include "report_period.h"

#include "dropfeed/json.h"

static void period_put_time(struct json_writer *j, const char *name, int64_t ms)
{
	char text[DF_TIME_TEXT];
	df_time_text(ms, text);
	json_write_text(j, name, ms != 0 ? text : NULL);
}

static void put_times(struct json_writer *j, const struct ledger_times *t)
{
	json_write_open(j, "event_times", '{');
	period_put_time(j, "first", t->any ? t->first_ms : 0);
	period_put_time(j, "last", t->any ? t->last_ms : 0);
	json_write_close(j);
}

/* Seconds with three digits; less than 0: null. */
static void put_seconds(struct json_writer *j, const char *name, int64_t ms)
{
	char text[32];
	snprintf(text, sizeof(text), "%lld.%03lld", (long long)(ms / 1000), (long long)(ms % 1000));
	json_write_json(j, name, ms >= 0 ? text : NULL);
}

static void put_bar(struct json_writer *j, const struct period *p, const struct period_bar *b,
		    size_t i)
{
	char day[PERIOD_WORDS];
	period_day(p, i, day);
	json_write_break(j, 4);
	json_write_open(j, NULL, '{');
	json_write_text(j, "day", day);
	json_write_count(j, "files", b->files);
	json_write_count(j, "refused", b->refused);
	json_write_count(j, "delivered", b->delivered);
	json_write_count(j, "rejected", b->rejected);
	json_write_count(j, "skipped", b->skipped);
	json_write_close(j);
}

static void put_sum(struct json_writer *j, const struct period *p, const struct period_sum *s)
{
	char share[32];
	snprintf(share, sizeof(share), "%.4f", period_share(s));
	json_write_open(j, "files", '{');
	json_write_count(j, "closed", s->files);
	json_write_count(j, "done", s->done);
	json_write_count(j, "duplicates", s->again);
	json_write_count(j, "refused", s->refused);
	json_write_count(j, "abandoned", s->abandoned);
	json_write_count(j, "bytes", s->bytes);
	json_write_close(j);
	json_write_open(j, "rows", '{');
	json_write_count(j, "all", s->rows);
	json_write_count(j, "delivered", s->delivered);
	json_write_count(j, "rejected", s->rejected);
	json_write_count(j, "skipped", s->skipped);
	json_write_close(j);
	json_write_count(j, "batches", s->batches);
	json_write_count(j, "events", s->events);
	put_times(j, &s->times);
	put_seconds(j, "median_seconds", period_median(s));
	put_seconds(j, "longest_seconds", period_longest(s));
	json_write_json(j, "share_of_limit", period_share(s) >= 0 ? share : NULL);
	json_write_open(j, "days", '[');
	for (size_t i = 0; i < p->n_bars; i++)
		put_bar(j, p, &s->bars[i], i);
	json_write_close(j);
}

static void put_causes(struct json_writer *j, const char *name, const char *where,
		       const struct period_causes *list)
{
	json_write_open(j, name, '[');
	for (size_t i = 0; i < list->n; i++) {
		const struct period_cause *c = &list->v[i];
		json_write_break(j, 4);
		json_write_open(j, NULL, '{');
		json_write_text(j, "code", c->code);
		json_write_filled(j, where, c->where);
		json_write_count(j, "rows", c->rows);
		json_write_count(j, "documents", c->documents);
		json_write_close(j);
	}
	json_write_close(j);
}

static void period_put_refused(struct json_writer *j, const struct period *p)
{
	size_t n = p->n_refused < PERIOD_LIST_MAX ? (size_t)p->n_refused : PERIOD_LIST_MAX;
	json_write_open(j, "latest_refused", '[');
	for (size_t i = 1; i <= n; i++) {
		const struct period_file *f = &p->refused[(p->n_refused - i) % PERIOD_LIST_MAX];
		json_write_break(j, 2);
		json_write_open(j, NULL, '{');
		json_write_text(j, "feed", f->feed);
		json_write_text(j, "file", f->name);
		period_put_time(j, "closed", f->closed_ms);
		json_write_text(j, "code", f->code);
		json_write_text(j, "message", f->text);
		json_write_close(j);
	}
	json_write_close(j);
}

static void period_put_conditions(struct json_writer *j, const struct period *p)
{
	json_write_open(j, "conditions", '[');
	for (size_t i = 0; i < p->n_conditions; i++) {
		json_write_break(j, 2);
		json_write_open(j, NULL, '{');
		json_write_text(j, "feed", p->conditions[i].feed);
		json_write_text(j, "condition", p->conditions[i].name);
		period_put_time(j, "since", p->conditions[i].since_ms);
		json_write_text(j, "text", p->conditions[i].text);
		json_write_close(j);
	}
	json_write_close(j);
}

void period_json(const struct period *p, struct df_buf *out)
{
	struct json_writer j = {.out = out};
	json_write_open(&j, NULL, '{');
	period_put_time(&j, "since", p->span->since_ms);
	period_put_time(&j, "until", p->span->now_ms);
	json_write_count(&j, "days_in_a_bar", p->days);
	json_write_open(&j, "total", '{');
	put_sum(&j, p, &p->total);
	json_write_close(&j);
	json_write_break(&j, 0);
	json_write_open(&j, "feeds", '[');
	for (size_t i = 0; i < p->n_feeds; i++) {
		const struct period_feed *f = &p->feeds[i];
		json_write_break(&j, 2);
		json_write_open(&j, NULL, '{');
		json_write_text(&j, "feed", f->name);
		json_write_count(&j, "open_files", f->open);
		period_put_time(&j, "oldest_open", f->oldest_ms);
		put_sum(&j, p, &f->sum);
		put_causes(&j, "rejected_by", "column", &f->reasons);
		put_causes(&j, "data_plan", "finding", &f->findings);
		json_write_close(&j);
	}

	json_write_close(&j);
	json_write_break(&j, 0);
	period_put_refused(&j, p);
	period_put_conditions(&j, p);
	json_write_close(&j);
	df_buf_addc(out, '\n');
}
