/* SPDX-License-Identifier: MIT */
/* The words of progress. */
#include "progress_text.h"

#include <stdio.h>
#include <stdlib.h>

/* 99999, 120k, 3.4M */
static void short_number(char out[16], uint64_t n)
{
	if (n < 100000)
		snprintf(out, 16, "%llu", (unsigned long long)n);
	else if (n < 1000000)
		snprintf(out, 16, "%lluk", (unsigned long long)n / 1000);
	else
		snprintf(out, 16, "%.1fM", (double)n / 1000000);
}

static void time_left(char out[24], double s)
{
	if (s < 0)
		out[0] = '\0';
	else if (s < 100)
		snprintf(out, 24, "%.0fs left", s);
	else if (s < 6000)
		snprintf(out, 24, "%.0fm left", s / 60);
	else
		snprintf(out, 24, "%.1fh left", s / 3600);
}

/* From the most important part to the least. */
static void short_parts(const struct progress_view *v, char parts[4][64])
{
	char rows[16], done[16];
	short_number(rows, v->rows);
	short_number(done, v->rows_done);
	if (v->what == PROGRESS_PULLED)
		snprintf(parts[0], 64, "pulled");
	else if (v->what == PROGRESS_CHECKED)
		snprintf(parts[0], 64, "checked %u%%", v->percent);
	else
		snprintf(parts[0], 64, "%s/%s rows %u%%", done, rows, v->percent);
	if (v->rate > 0)
		snprintf(parts[1], 64, "%.0f batches/s (%.0f%% of limit)", v->rate,
			 v->rate * 100 / v->limit);
	time_left(parts[2], v->seconds);
	if (v->more > 0)
		snprintf(parts[3], 64, "+%zu", v->more);
}

static size_t columns(const char *s)
{
	size_t n = 0;
	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

/* The first `max` characters. */
static void add_cut(struct df_buf *out, const char *s, size_t max)
{
	size_t n = 0;
	for (; *s != '\0'; s++) {
		n += ((unsigned char)*s & 0xc0) != 0x80;
		if (n > max)
			return;
		df_buf_addc(out, *s);
	}
}

static char *what_word(const struct progress_view *v)
{
	struct df_buf name = {0};
	char *whole = v->at.document != NULL
			  ? df_format("%s: %s, %s", v->at.feed, v->at.file, v->at.document)
			  : df_format("%s: %s", v->at.feed, v->at.file);
	df_utf8_sanitize(whole);
	df_printable(&name, whole);
	free(whole);
	df_buf_cstr(&name);
	return name.data;
}

void progress_text_short(const struct progress_view *v, size_t width, struct df_buf *out)
{
	char parts[4][64] = {"", "", "", ""};
	struct df_buf tail = {0};
	if (!v->any)
		return;
	short_parts(v, parts);
	for (size_t i = 0; i < 4; i++) /* the name keeps a third of the line */
		if (parts[i][0] != '\0' && tail.len + 2 + strlen(parts[i]) < width - width / 3)
			df_buf_addf(&tail, "  %s", parts[i]);

	char *name = what_word(v);
	size_t room = width > tail.len ? width - tail.len : 0;
	if (columns(name) <= room) {
		df_buf_adds(out, name);
	} else if (room > 3) {
		add_cut(out, name, room - 3);
		df_buf_adds(out, "...");
	}
	add_cut(out, df_buf_cstr(&tail), width);
	free(name);
	df_buf_free(&tail);
}

void progress_text_long(const struct progress_view *v, struct df_buf *out)
{
	char left[24];
	if (!v->any) {
		df_buf_adds(out, "nothing is under way");
		return;
	}

	char *name = what_word(v);
	df_buf_adds(out, name);
	free(name);
	if (v->what == PROGRESS_PULLED)
		df_buf_adds(out, ": is pulled");
	else if (v->what == PROGRESS_CHECKED)
		df_buf_addf(out, ": is checked, %u%%", v->percent);
	else
		df_buf_addf(out, ": %llu of %llu rows (%u%%)", (unsigned long long)v->rows_done,
			    (unsigned long long)v->rows, v->percent);
	if (v->rate > 0)
		df_buf_addf(out, ", %.0f batches/s (%.0f%% of the limit)", v->rate,
			    v->rate * 100 / v->limit);
	time_left(left, v->seconds);
	if (left[0] != '\0')
		df_buf_addf(out, ", %s", left);
	if (v->more > 0)
		df_buf_addf(out, "; %zu more under way", v->more);
}
