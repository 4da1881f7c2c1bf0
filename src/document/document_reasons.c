/* SPDX-License-Identifier: MIT */
/* Why rows of a document were rejected: each row counts once, for its first reason. */
#include "document_rejects.h"

#include <stdlib.h>

/* codes with columns that are told apart; beyond that, rows count for their code alone */
#define REASONS_MAX 1000u

static struct ledger_reason *find(struct document_reasons *list, const char *code,
				  const char *column)
{
	for (size_t i = list->n; i > 0; i--) {
		struct ledger_reason *r = &list->v[i - 1];
		if (strcmp(r->code, code) == 0 && strcmp(r->column, column) == 0)
			return r;
	}
	return NULL;
}

void document_reasons_count(struct document_reasons *list, const char *code, const char *column,
			    uint64_t line)
{
	struct ledger_reason *last = list->last < list->n ? &list->v[list->last] : NULL;
	column = column != NULL ? column : "";
	struct ledger_reason *r =
	    last != NULL && strcmp(last->code, code) == 0 && strcmp(last->column, column) == 0
		? last
		: NULL;
	if (r == NULL)
		r = find(list, code, column);
	if (r == NULL && list->n >= REASONS_MAX)
		r = find(list, code, column = "");
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

/* Calls for each code, in the order of its first row, with the rows of all its columns. */
static void each_code(const struct document_reasons *list, struct df_buf *out,
		      void (*add)(struct df_buf *out, bool first, const char *code,
				  unsigned long long rows))
{
	bool first = true;
	for (size_t i = 0; i < list->n; i++) {
		unsigned long long rows = 0;
		bool seen = false;
		for (size_t k = 0; k < i && !seen; k++)
			seen = strcmp(list->v[k].code, list->v[i].code) == 0;
		for (size_t k = i; k < list->n && !seen; k++)
			rows += strcmp(list->v[k].code, list->v[i].code) == 0 ? list->v[k].rows : 0;
		if (!seen)
			add(out, first, list->v[i].code, rows);
		first = false;
	}
}

static void add_json(struct df_buf *out, bool first, const char *code, unsigned long long rows)
{
	df_buf_addf(out, "%s\"%s\":%llu", first ? "" : ",", code, rows);
}

static void add_words(struct df_buf *out, bool first, const char *code, unsigned long long rows)
{
	df_buf_addf(out, "%s%llu %s", first ? "" : ", ", rows, code);
}

void document_reasons_json(const struct document_reasons *list, struct df_buf *out)
{
	df_buf_addc(out, '{');
	each_code(list, out, add_json);
	df_buf_addc(out, '}');
}

void document_reasons_words(const struct document_reasons *list, struct df_buf *out)
{
	each_code(list, out, add_words);
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
