/* SPDX-License-Identifier: MIT */
/*
 * A period as a page that is a mail as well: one file, without scripts, without anything that would
 * have to be fetched. What it looks like is the browser's to say where styles are not shown: all
 * numbers are text.
 */
#include "report_period.h"

#define DAYS_TABLE_MAX 62

static const char style[] =
    "body{margin:0;padding:1.25rem 1rem 3rem;background:#fff;color:#1a1d21;"
    "font:16px/1.45 system-ui,-apple-system,'Segoe UI',Roboto,'Liberation Sans',sans-serif}\n"
    "main{max-width:62rem;margin:0 auto}\n"
    "h1{font-size:1.5rem;line-height:1.25;margin:0 0 .25rem}\n"
    "h2{font-size:1.15rem;margin:0 0 .5rem;overflow-wrap:anywhere}\n"
    "h3{font-size:.95rem;margin:1.5rem 0 .25rem}\n"
    "p{margin:.25rem 0 .75rem}\n"
    ".muted,figcaption,.facts span,th{color:#59626d}\n"
    "section{border-top:1px solid #dfe3e8;margin-top:1.75rem;padding-top:1.5rem}\n"
    ".facts{display:flex;flex-wrap:wrap;gap:.75rem 2.25rem;margin:.75rem 0 1.25rem}\n"
    ".facts p{margin:0}.facts span{display:block;font-size:.8rem}\n"
    ".facts strong{font-weight:600;font-variant-numeric:tabular-nums}\n"
    "figure{margin:1.25rem 0 .5rem}\n"
    "svg{display:block;width:100%;height:110px}\n"
    "figcaption{font-size:.8rem;margin-bottom:.35rem}\n"
    ".ends{display:flex;justify-content:space-between;font-size:.8rem;margin:.25rem 0 0}\n"
    ".ok{fill:#3b78bd}.skip{fill:#b3bbc5}.bad{fill:#cf3f55}.refused{fill:#d9831a}\n"
    ".base{fill:none;stroke:#c9cfd6;stroke-width:1;vector-effect:non-scaling-stroke}\n"
    ".day{fill:#000;fill-opacity:0}.day:hover{fill-opacity:.08}\n"
    ".key{font-size:.8rem;margin:.25rem 0 0}\n"
    ".key span{white-space:nowrap;margin-right:1rem}\n"
    ".key i{display:inline-block;width:.7em;height:.7em;border-radius:2px;margin-right:.35em;"
    "line-height:.7em;vertical-align:-.02em;overflow:hidden}\n"
    "i.ok{background:#3b78bd}i.skip{background:#b3bbc5}i.bad{background:#cf3f55}"
    "i.refused{background:#d9831a}\n"
    "table{border-collapse:collapse;width:100%;font-size:.9rem}\n"
    "th{font-weight:500;font-size:.8rem;text-align:left}\n"
    "td,th{padding:.3rem .9rem .3rem 0;vertical-align:top;border-bottom:1px solid #eceff2;"
    "overflow-wrap:anywhere}\n"
    "td:last-child,th:last-child{padding-right:0}\n"
    ".n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums;width:1%}\n"
    "code{font:.9em ui-monospace,Menlo,Consolas,'Liberation Mono',monospace}\n"
    ".why{display:flex;align-items:baseline;gap:0 1rem}.why>:first-child{flex:0 0 10rem}\n"
    ".why>code:first-child{font-weight:600}\n"
    ".alert{border-left:4px solid #d9831a;padding:.1rem 0 .1rem .75rem;margin:.75rem 0;"
    "overflow-wrap:anywhere}\n"
    ".alert.bad{border-color:#cf3f55}\n"
    "details{margin:.75rem 0 0}summary{cursor:pointer;font-size:.9rem}\n"
    "footer{margin-top:2.5rem;font-size:.8rem}\n"
    "@media "
    "(max-width:40rem){body{padding-top:1rem}h1{font-size:1.25rem}.why{display:block}.why>*{"
    "display:block}"
    ".facts{gap:.6rem 1.5rem}td,th{padding-right:.75rem}}\n"
    "@media (prefers-color-scheme:dark){\n"
    "body{background:#15181c;color:#e4e7eb}\n"
    ".muted,figcaption,.facts span,th{color:#9aa5b1}\n"
    "section{border-color:#2c333b}td,th{border-color:#252b32}\n"
    ".ok{fill:#6ea6e6}.skip{fill:#5d6875}.bad{fill:#f07486}.refused{fill:#eeae57}\n"
    ".base{stroke:#3a424b}.day{fill:#fff}\n"
    "i.ok{background:#6ea6e6}i.skip{background:#5d6875}i.bad{background:#f07486}"
    "i.refused{background:#eeae57}\n"
    ".alert{border-color:#eeae57}.alert.bad{border-color:#f07486}a{color:#6ea6e6}}\n"
    "@media print{details{display:none}section{break-inside:avoid}}\n";

/* ---- pieces ---- */

/* What others wrote: names may be any bytes. */
static void html_add_text(struct df_buf *b, const char *text)
{
	struct df_buf shown = {0};
	df_printable(&shown, text);
	for (const char *p = df_buf_cstr(&shown); *p != '\0'; p++)
		switch (*p) {
		case '&':
			df_buf_adds(b, "&amp;");
			break;
		case '<':
			df_buf_adds(b, "&lt;");
			break;
		case '>':
			df_buf_adds(b, "&gt;");
			break;
		case '"':
			df_buf_adds(b, "&quot;");
			break;
		default:
			df_buf_addc(b, *p);
		}
	df_buf_free(&shown);
}

static void add_fact(struct df_buf *b, const char *what, const char *value)
{
	df_buf_addf(b, "<p><span>%s</span> <strong>%s</strong></p>\n", what, value);
}

static void html_add_count(struct df_buf *b, const char *what, uint64_t n)
{
	char words[PERIOD_WORDS];
	period_number(n, words);
	add_fact(b, what, words);
}

static void add_some(struct df_buf *b, const char *what, uint64_t n)
{
	if (n > 0)
		html_add_count(b, what, n);
}

/* ---- a sum ---- */

static void html_add_rows(struct df_buf *b, const struct period_sum *s)
{
	char rows[PERIOD_WORDS], share[PERIOD_WORDS], both[2 * PERIOD_WORDS + 8];
	period_number(s->delivered, rows);
	period_percent(s->rows > 0 ? (double)s->delivered / (double)s->rows : 0, share);
	snprintf(both, sizeof(both), "%s (%s)", rows, share);
	html_add_count(b, "Rows", s->rows);
	add_fact(b, "Delivered", s->rows > 0 ? both : rows);
	html_add_count(b, "Rejected", s->rejected);
	add_some(b, "Skipped by the manifest", s->skipped);
}

static void html_add_times(struct df_buf *b, const struct period_sum *s)
{
	char one[PERIOD_WORDS], two[PERIOD_WORDS], both[2 * PERIOD_WORDS + 16];
	if (s->times.any) {
		period_minute(s->times.first_ms, one);
		period_minute(s->times.last_ms, two);
		snprintf(both, sizeof(both), "%s to %s", one, two);
		add_fact(b, "Event times", both);
	}
	if (period_median(s) >= 0) {
		period_duration(period_median(s), one);
		period_duration(period_longest(s), two);
		snprintf(both, sizeof(both), "%s, at most %s", one, two);
		add_fact(b, "From arrival to completion", both);
	}
	if (period_share(s) >= 0) {
		period_percent(period_share(s), one);
		add_fact(b, "Limit used while sending", one);
	}
}

static void html_add_facts(struct df_buf *b, const struct period_sum *s, bool all)
{
	char bytes[PERIOD_WORDS];
	period_bytes(s->bytes, bytes);
	df_buf_adds(b, "<div class=\"facts\">\n");
	html_add_count(b, "Files", s->files);
	add_some(b, "Refused files", s->refused);
	add_some(b, "Abandoned files", s->abandoned);
	add_some(b, "Delivered before", s->again);
	html_add_rows(b, s);
	if (all) {
		html_add_count(b, "Events", s->events);
		html_add_count(b, "Batches", s->batches);
		add_fact(b, "Size", bytes);
		html_add_times(b, s);
	}
	df_buf_adds(b, "</div>\n");
}

static void html_add_key(struct df_buf *b, const struct period_sum *s)
{
	df_buf_adds(b, "<p class=\"key muted\"><span><i class=\"ok\">&nbsp;</i>delivered</span>");
	if (s->rejected > 0)
		df_buf_adds(b, " <span><i class=\"bad\">&nbsp;</i>rejected</span>");
	if (s->skipped > 0)
		df_buf_adds(b, " <span><i class=\"skip\">&nbsp;</i>skipped</span>");
	if (s->refused > 0)
		df_buf_adds(b, " <span><i class=\"refused\">&nbsp;</i>a file was refused</span>");
	df_buf_adds(b, "</p>\n");
}

static void add_days(struct df_buf *b, const struct period *p, const struct period_sum *s)
{
	char words[PERIOD_WORDS];
	if (p->n_bars > DAYS_TABLE_MAX)
		return;

	df_buf_adds(b, "<details><summary>By day</summary>\n<table>\n<thead><tr><th>Day</th>"
		       "<th class=\"n\">Files</th><th class=\"n\">Refused</th><th class=\"n\">"
		       "Delivered</th><th class=\"n\">Rejected</th></tr></thead>\n<tbody>\n");
	for (size_t i = p->n_bars; i-- > 0;) {
		const struct period_bar *bar = &s->bars[i];
		const uint64_t counts[] = {bar->files, bar->refused, bar->delivered, bar->rejected};
		if (bar->files == 0)
			continue;
		period_day(p, i, words);
		df_buf_addf(b, "<tr><td>%s</td>", words);
		for (size_t k = 0; k < 4; k++) {
			period_number(counts[k], words);
			df_buf_addf(b, "<td class=\"n\">%s</td>", words);
		}
		df_buf_adds(b, "</tr>\n");
	}
	df_buf_adds(b, "</tbody>\n</table>\n</details>\n");
}

/* ---- feeds ---- */

struct causes_words {
	const char *title, *where; /* the column's head */
	bool code;                 /* what is in it is a name, not a sentence */
};

static void html_add_causes(struct df_buf *b, const struct causes_words *words,
			    const struct period_causes *list)
{
	char rows[PERIOD_WORDS], documents[PERIOD_WORDS];
	if (list->n == 0)
		return;

	df_buf_addf(b,
		    "<h3>%s</h3>\n<table>\n<thead><tr><th class=\"n\">Rows</th><th>"
		    "<div class=\"why\"><span>Code</span> <span>%s</span></div></th><th "
		    "class=\"n\">Documents</th></tr>"
		    "</thead>\n<tbody>\n",
		    words->title, words->where);
	for (size_t i = 0; i < list->n && i < PERIOD_CAUSE_MAX; i++) {
		const struct period_cause *c = &list->v[i];
		const char *where = c->where[0] != '\0' ? c->where : "the row as a whole";
		bool code = words->code && c->where[0] != '\0';
		period_number(c->rows, rows);
		period_number(c->documents, documents);
		df_buf_addf(b, "<tr><td class=\"n\">%s</td><td><div class=\"why\"><code>", rows);
		html_add_text(b, c->code);
		df_buf_addf(b, "</code> %s", code ? "<code>" : "<span>");
		html_add_text(b, where);
		df_buf_addf(b, "%s</div></td><td class=\"n\">%s</td></tr>\n",
			    code ? "</code>" : "</span>", documents);
	}
	df_buf_adds(b, "</tbody>\n</table>\n");
	if (list->n > PERIOD_CAUSE_MAX)
		df_buf_addf(b, "<p class=\"muted\">and %zu more</p>\n", list->n - PERIOD_CAUSE_MAX);
}

static void html_add_open(struct df_buf *b, const struct period_feed *f)
{
	char since[PERIOD_WORDS], n[PERIOD_WORDS];
	if (f->open == 0)
		return;
	period_minute(f->oldest_ms, since);
	period_number(f->open, n);
	df_buf_addf(b, "<p class=\"alert\">%s file%s unfinished, the oldest since %s.</p>\n", n,
		    f->open == 1 ? " is" : "s are", since);
}

static void html_add_feed(struct df_buf *b, const struct period *p, const struct period_feed *f)
{
	static const struct causes_words rejects = {"Why rows were rejected", "Column", true};
	static const struct causes_words plan = {
	    "What the data plan does not allow, in rows that it did not reject", "Where and what",
	    false};
	df_buf_adds(b, "<section>\n<h2>");
	html_add_text(b, f->name);
	df_buf_adds(b, "</h2>\n");
	html_add_open(b, f);
	if (f->sum.files == 0) {
		df_buf_adds(b, "<p class=\"muted\">No file of it was closed in this period.</p>\n"
			       "</section>\n");
		return;
	}

	html_add_facts(b, &f->sum, true);
	period_bars(p, &f->sum, b);
	html_add_key(b, &f->sum);
	add_days(b, p, &f->sum);
	html_add_causes(b, &rejects, &f->reasons);
	html_add_causes(b, &plan, &f->findings);
	df_buf_adds(b, "</section>\n");
}

/* ---- what somebody has to look at ---- */

static void add_conditions(struct df_buf *b, const struct period *p)
{
	char since[PERIOD_WORDS];
	for (size_t i = 0; i < p->n_conditions; i++) {
		const struct period_condition *c = &p->conditions[i];
		period_minute(c->since_ms, since);
		df_buf_adds(b, "<p class=\"alert bad\"><strong>");
		html_add_text(b, c->feed);
		df_buf_addf(b, "</strong>: %s since %s. ", c->name, since);
		html_add_text(b, c->text);
		df_buf_adds(b, "</p>\n");
	}
}

static void html_add_refused(struct df_buf *b, const struct period *p)
{
	size_t n = p->n_refused < PERIOD_LIST_MAX ? (size_t)p->n_refused : PERIOD_LIST_MAX;
	char when[PERIOD_WORDS];
	if (n == 0)
		return;

	df_buf_addf(b, "<section>\n<h2>Refused files%s</h2>\n",
		    p->n_refused > PERIOD_LIST_MAX ? ", the latest" : "");
	for (size_t i = 1; i <= n; i++) {
		const struct period_file *f = &p->refused[(p->n_refused - i) % PERIOD_LIST_MAX];
		period_minute(f->closed_ms, when);
		df_buf_adds(b, "<p class=\"alert\"><code>");
		html_add_text(b, f->name);
		df_buf_adds(b, "</code> <span class=\"muted\">");
		html_add_text(b, f->feed);
		df_buf_addf(b, ", %s</span><br><code>", when);
		html_add_text(b, f->code);
		df_buf_adds(b, "</code>: ");
		html_add_text(b, f->text);
		df_buf_adds(b, "</p>\n");
	}
	df_buf_adds(b, "</section>\n");
}

/* ---- the page ---- */

/* The whole of it in a sentence. */
static void add_verdict(struct df_buf *b, const struct period *p)
{
	const struct period_sum *t = &p->total;
	char rows[PERIOD_WORDS], delivered[PERIOD_WORDS], rejected[PERIOD_WORDS];
	period_number(t->rows, rows);
	period_number(t->delivered, delivered);
	period_number(t->rejected, rejected);
	df_buf_adds(b, "<h1>");
	if (t->files == 0)
		df_buf_adds(b, "Nothing came in this period");
	else if (t->rejected == 0 && t->refused == 0)
		df_buf_addf(b, "All %s rows were delivered", rows);
	else if (t->rejected == 0)
		df_buf_addf(b, "%s rows were delivered, %llu file%s refused", delivered,
			    (unsigned long long)t->refused, t->refused == 1 ? " was" : "s were");
	else if (t->refused == 0)
		df_buf_addf(b, "%s of %s rows were delivered, %s rejected", delivered, rows,
			    rejected);
	else
		df_buf_addf(b, "%s of %s rows were delivered, %s rejected, %llu file%s refused",
			    delivered, rows, rejected, (unsigned long long)t->refused,
			    df_plural(t->refused));
	df_buf_adds(b, "</h1>\n");
}

void period_html(const struct period *p, struct df_buf *out)
{
	char since[PERIOD_WORDS], until[PERIOD_WORDS];
	period_minute(p->span->since_ms, since);
	period_minute(p->span->now_ms, until);
	df_buf_addf(out,
		    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		    "<meta name=\"color-scheme\" content=\"light dark\">\n"
		    "<title>dropfeed, %s to %s</title>\n<style>\n%s</style>\n</head>\n<body>\n"
		    "<main>\n",
		    since, until, style);
	add_verdict(out, p);
	df_buf_addf(out, "<p class=\"muted\">%s to %s. All times are UTC.</p>\n", since, until);
	add_conditions(out, p);
	if (p->n_feeds != 1 && p->total.files > 0) {
		html_add_facts(out, &p->total, false);
		period_bars(p, &p->total, out);
		html_add_key(out, &p->total);
	}

	for (size_t i = 0; i < p->n_feeds; i++)
		html_add_feed(out, p, &p->feeds[i]);
	html_add_refused(out, p);
	df_buf_addf(out,
		    "<footer class=\"muted\">dropfeed %s</footer>\n</main>\n</body>\n</html>\n",
		    DROPFEED_VERSION);
}
