/* SPDX-License-Identifier: MIT */
#include "dropfeed/json.h"

#include <stdlib.h>

/* The comma after the value before, and the name. */
static void write_begin(struct json_writer *w, const char *name)
{
	bool *filled = w->depth > 0 ? &w->filled[w->depth - 1] : NULL;
	if (filled != NULL && *filled)
		df_buf_addc(w->out, ',');
	if (filled != NULL)
		*filled = true;

	if (w->broken)
		df_buf_addf(w->out, "\n%*s", (int)w->blank, "");
	w->broken = false;
	if (name != NULL)
		df_buf_addf(w->out, "\"%s\":", name);
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
	if (w->broken)
		df_buf_addf(w->out, "\n%*s", (int)w->blank, "");
	w->broken = false;
	df_buf_addc(w->out, w->closing[--w->depth]);
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
