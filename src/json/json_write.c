/* SPDX-License-Identifier: MIT */
#include "dropfeed/json.h"

#include <stdlib.h>

/* What is between two tokens: a comment, a new line, or (blank) a blank. */
static void write_gap(struct json_writer *w, bool blank)
{
	if (w->remark != NULL)
		df_buf_adds(w->out, " // ");
	for (const char *p = w->remark; p != NULL && *p != '\0'; p++) /* it ends with its line */
		df_buf_addc(w->out, (unsigned char)*p < 0x20 || *p == 0x7f ? ' ' : *p);
	w->remark = NULL;

	if (w->broken)
		df_buf_addf(w->out, "\n%*s", (int)w->blank, "");
	else if (blank && w->spaced)
		df_buf_addc(w->out, ' ');
	w->broken = false;
}

/* The comma after the value before, and the name. */
static void write_begin(struct json_writer *w, const char *name)
{
	bool *filled = w->depth > 0 ? &w->filled[w->depth - 1] : NULL;
	bool blank = filled != NULL && (*filled || w->closing[w->depth - 1] == '}');
	if (filled != NULL && *filled)
		df_buf_addc(w->out, ',');
	if (filled != NULL)
		*filled = true;

	write_gap(w, blank);
	if (name != NULL)
		df_buf_addf(w->out, "\"%s\":%s", name, w->spaced ? " " : "");
}

void json_write_open(struct json_writer *w, const char *name, char bracket)
{
	if (w->depth == JSON_WRITE_DEPTH)
		abort(); /* a defect: depths are the program's own */
	write_begin(w, name);
	df_buf_addc(w->out, bracket);
	w->closing[w->depth] = bracket == '{' ? '}' : ']';
	w->filled[w->depth++] = false;
}

void json_write_close(struct json_writer *w)
{
	if (w->depth == 0)
		abort();
	char bracket = w->closing[--w->depth];
	write_gap(w, bracket == '}' && w->filled[w->depth]);
	df_buf_addc(w->out, bracket);
}

void json_write_bytes(struct json_writer *w, const char *name, const char *p, size_t len)
{
	write_begin(w, name);
	df_json_text(w->out, p, len);
}

void json_write_text(struct json_writer *w, const char *name, const char *text)
{
	if (text == NULL)
		json_write_null(w, name);
	else
		json_write_bytes(w, name, text, strlen(text));
}

void json_write_filled(struct json_writer *w, const char *name, const char *text)
{
	json_write_text(w, name, text != NULL && text[0] != '\0' ? text : NULL);
}

void json_write_count(struct json_writer *w, const char *name, uint64_t n)
{
	write_begin(w, name);
	df_buf_addf(w->out, "%llu", (unsigned long long)n);
}

void json_write_json(struct json_writer *w, const char *name, const char *json)
{
	write_begin(w, name);
	df_buf_adds(w->out, json != NULL ? json : "null");
}

void json_write_bool(struct json_writer *w, const char *name, bool yes)
{
	json_write_json(w, name, yes ? "true" : "false");
}

void json_write_null(struct json_writer *w, const char *name)
{
	json_write_json(w, name, NULL);
}

void json_write_break(struct json_writer *w, unsigned blank)
{
	w->broken = true;
	w->blank = blank;
}

void json_write_remark(struct json_writer *w, const char *text)
{
	w->remark = text;
}
