/* SPDX-License-Identifier: MIT */
/* A bar a day, as an SVG image without numbers: these are in the text around it, which a mail
 * program that shows no SVG has all the same. One path for each kind of row keeps a year small. */
#include "report_period.h"

#define STEP      10 /* from one bar to the next */
#define HIGH      100.0
#define LEAST     1.5   /* of what is not nothing */
#define STRIP     104.0 /* below the bars: days on which files were refused */
#define BAR_MAX   56    /* pixels that a bar is wide at most */
#define HOVER_MAX 100   /* bars of which each says what it is */

enum kind { DELIVERED, SKIPPED, REJECTED, KINDS };

static uint64_t rows_of(const struct period_bar *b, enum kind kind)
{
	return kind == DELIVERED ? b->delivered : kind == SKIPPED ? b->skipped : b->rejected;
}

static double height_of(uint64_t rows, uint64_t most)
{
	double h = most > 0 ? (double)rows * HIGH / (double)most : 0;
	return rows > 0 && h < LEAST ? LEAST : h;
}

static void add_box(struct df_buf *b, size_t i, double y, double h)
{
	df_buf_addf(b, "M%zu %.1fh8v%.1fh-8z", i * STEP + 1, y, h);
}

/* All rectangles of one kind; those of the kinds before it are below. */
static void add_kind(struct df_buf *b, const struct period *p, const struct period_sum *s,
		     enum kind kind, uint64_t most)
{
	static const char *const names[KINDS] = {"ok", "skip", "bad"};
	size_t from = b->len;
	df_buf_addf(b, "<path class=\"%s\" d=\"", names[kind]);
	size_t empty = b->len;
	for (size_t i = 0; i < p->n_bars; i++) {
		double base = 0, h = height_of(rows_of(&s->bars[i], kind), most);
		for (unsigned below = 0; below < kind; below++)
			base += height_of(rows_of(&s->bars[i], (enum kind)below), most);
		if (h > 0)
			add_box(b, i, HIGH - base - h > 0 ? HIGH - base - h : 0, h);
	}
	if (b->len == empty)
		b->len = from;
	else
		df_buf_adds(b, "\"/>\n");
}

static void add_strip(struct df_buf *b, const struct period *p, const struct period_sum *s)
{
	if (s->refused == 0)
		return;
	df_buf_adds(b, "<path class=\"refused\" d=\"");
	for (size_t i = 0; i < p->n_bars; i++)
		if (s->bars[i].refused > 0)
			add_box(b, i, STRIP, 6);
	df_buf_adds(b, "\"/>\n");
}

/* What a pointer over the bar shows. */
static void add_hover(struct df_buf *b, const struct period *p, const struct period_sum *s)
{
	char day[PERIOD_WORDS], files[PERIOD_WORDS], rows[PERIOD_WORDS], bad[PERIOD_WORDS];
	for (size_t i = 0; i < p->n_bars && p->n_bars <= HOVER_MAX; i++) {
		const struct period_bar *bar = &s->bars[i];
		if (bar->files == 0)
			continue;
		period_day(p, i, day);
		period_number(bar->files, files);
		period_number(period_bar_rows(bar), rows);
		period_number(bar->rejected, bad);
		df_buf_addf(b,
			    "<rect class=\"day\" x=\"%zu\" width=\"10\" height=\"110\"><title>"
			    "%s: %s file%s, %s rows, %s rejected",
			    i * STEP, day, files, df_plural(bar->files), rows, bad);
		if (bar->refused > 0)
			df_buf_addf(b, ", %llu refused", (unsigned long long)bar->refused);
		df_buf_adds(b, "</title></rect>\n");
	}
}

void period_bars(const struct period *p, const struct period_sum *s, struct df_buf *out)
{
	size_t highest = period_highest(p, s);
	uint64_t most = period_bar_rows(&s->bars[highest]);
	char first[PERIOD_WORDS], last[PERIOD_WORDS], top[PERIOD_WORDS], day[PERIOD_WORDS];
	char unit[PERIOD_WORDS];

	snprintf(unit, sizeof(unit), p->days == 1 ? "a day" : "in %u days each", p->days);
	period_day(p, 0, first);
	period_day(p, p->n_bars - 1, last);
	period_day(p, highest, day);
	period_number(most, top);
	df_buf_addf(out, "<figure style=\"max-width:%zupx\">\n", p->n_bars * BAR_MAX);
	if (most > 0)
		df_buf_addf(out, "<figcaption>Rows %s; the most on %s: %s</figcaption>\n", unit,
			    day, top);
	df_buf_addf(out,
		    "<svg viewBox=\"0 0 %zu 110\" preserveAspectRatio=\"none\" role=\"img\" "
		    "aria-label=\"A bar %s from %s to %s\">\n"
		    "<path class=\"base\" d=\"M0 100.5h%zu\"/>\n",
		    p->n_bars * STEP, unit, first, last, p->n_bars * STEP);
	for (unsigned kind = 0; kind < KINDS; kind++)
		add_kind(out, p, s, (enum kind)kind, most);
	add_strip(out, p, s);
	add_hover(out, p, s);
	df_buf_addf(out,
		    "</svg>\n<p class=\"ends muted\"><span>%s</span> <span>%s</span></p>\n"
		    "</figure>\n",
		    first, p->n_bars > 1 ? last : "");
}
