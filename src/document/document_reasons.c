/* SPDX-License-Identifier: MIT */
/* Why rows of a document were rejected: each row counts once, with its first reason. */
#include "dropfeed/document.h"

#include <stdlib.h>

/* codes with columns that are counted apart; past that, rows count for their code alone */
#define REASONS_MAX 1000u

static bool is_reason(const struct ledger_reason *r, const char *code, const char *column)
{
	return strcmp(r->code, code) == 0 && strcmp(r->column, column) == 0;
}

/* rows mostly have the reason of the one before */
static struct ledger_reason *reasons_find(struct document_reasons *list, const char *code,
					  const char *column)
{
	if (list->last < list->n && is_reason(&list->v[list->last], code, column))
		return &list->v[list->last];
	for (size_t i = list->n; i > 0; i--) {
		if (is_reason(&list->v[i - 1], code, column))
			return &list->v[i - 1];
	}
	return NULL;
}

void document_reasons_count(struct document_reasons *list, const char *code, const char *column,
			    uint64_t line)
{
	column = column != NULL ? column : "";
	struct ledger_reason *r = reasons_find(list, code, column);
	if (r == NULL && list->n >= REASONS_MAX)
		r = reasons_find(list, code, column = "");
	if (r == NULL) {
		list->v = df_realloc(list->v, (list->n + 1) * sizeof(*list->v));
		r = &list->v[list->n++];
		*r = (struct ledger_reason){.code = df_strdup(code), .column = df_strdup(column)};
	}
	if (r->rows < LEDGER_REASON_LINES)
		r->lines[r->rows] = line;
	r->rows++;
	list->last = (size_t)(r - list->v);
}

/* The rows of the code of reason i, with those of all its columns; 0 where an earlier reason has
 * the same code. */
static uint64_t rows_of_code(const struct document_reasons *list, size_t i)
{
	uint64_t rows = 0;
	for (size_t k = 0; k < list->n; k++) {
		if (strcmp(list->v[k].code, list->v[i].code) != 0)
			continue;
		if (k < i)
			return 0;
		rows += list->v[k].rows;
	}
	return rows;
}

void document_reasons_words(const struct document_reasons *list, struct df_buf *out)
{
	const char *comma = "";
	for (size_t i = 0; i < list->n; i++) {
		uint64_t rows = rows_of_code(list, i);
		if (rows == 0)
			continue;
		df_buf_addf(out, "%s%llu %s", comma, (unsigned long long)rows, list->v[i].code);
		comma = ", ";
	}
}

void document_reasons_free(struct document_reasons *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free((char *)(uintptr_t)list->v[i].code);
		free((char *)(uintptr_t)list->v[i].column);
	}
	free(list->v);
	memset(list, 0, sizeof(*list));
}
