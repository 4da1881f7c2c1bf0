/* SPDX-License-Identifier: MIT */
#include "dropfeed/base.h"

#include <stdio.h>
#include <string.h>

static bool err_is_set(const struct df_err *err)
{
	return err->text[0] != '\0' || err->code[0] != '\0';
}

#undef df_fail
enum df_status df_fail(enum df_status status, struct df_err *err, const char *code, const char *fmt,
		       ...)
{
	if (err == NULL || err_is_set(err))
		return status;
	if (code != NULL)
		snprintf(err->code, sizeof(err->code), "%s", code);
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	df_utf8_sanitize(err->text);
	return status;
}

void df_err_context(struct df_err *err, const char *fmt, ...)
{
	if (err == NULL || !err_is_set(err))
		return;
	char prefix[512];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(prefix, sizeof(prefix), fmt, ap);
	va_end(ap);
	char text[sizeof(err->text)];
	snprintf(text, sizeof(text), "%s", err->text);
	/* The context is the shorter part and the one that callers trust: the old text is what
	 * gets cut. */
	if (snprintf(err->text, sizeof(err->text), "%s: %s", prefix, text) < 0)
		err->text[0] = '\0';
	df_utf8_sanitize(err->text);
}

void df_err_about(struct df_err *err, const char *file)
{
	if (err->file[0] == '\0')
		df_err_context(err, "%s", file);
}

void df_err_place(struct df_err *err, const char *file, uint64_t line, const char *column)
{
	if (err == NULL)
		return;
	if (file != NULL && err->file[0] == '\0')
		/* as it is: a file's name is bytes */
		snprintf(err->file, sizeof(err->file), "%s", file);
	if (err->line == 0)
		err->line = line;
	if (column != NULL && err->column[0] == '\0') {
		snprintf(err->column, sizeof(err->column), "%s", column);
		df_utf8_sanitize(err->column);
	}
}

void df_err_render(const struct df_err *err, char *out, uint64_t size)
{
	char place[640] = "", column[300] = "", code[40] = "", position[40] = "";
	if (err->position != 0)
		snprintf(position, sizeof(position), ", column %llu",
			 (unsigned long long)err->position);
	if (err->line != 0)
		snprintf(place, sizeof(place), "%s%sline %llu%s: ", err->file,
			 err->file[0] != '\0' ? ", " : "", (unsigned long long)err->line, position);
	else if (err->file[0] != '\0')
		snprintf(place, sizeof(place), "%s: ", err->file);
	if (err->column[0] != '\0')
		snprintf(column, sizeof(column), "column '%s': ", err->column);
	if (err->code[0] != '\0')
		snprintf(code, sizeof(code), " [%s]", err->code);
	snprintf(out, size, "%s%s%s%s", place, column, err->text, code);
}
