/* SPDX-License-Identifier: MIT */
/*
 * Rows that the API rejected in an import without a ledger: 40 bytes for each. What the API says of
 * them is mostly the same, and kept once.
 */
#include "run_import.h"

#include <stdlib.h>

#define TEXTS_COMPARED 64u         /* of the latest texts, with a new one */
#define TEXTS_MAX      (64u << 20) /* bytes of texts */

struct kept_row {
	uint64_t row, line, offset, length;
	size_t text;
};

struct kept_text {
	char *code, *message; /* own */
};

struct run_import_rejects {
	pthread_mutex_t lock;
	struct kept_row *rows; /* own */
	size_t n, cap, next;
	bool sorted;
	struct kept_text *texts; /* own */
	size_t n_texts, bytes;
};

struct run_import_rejects *run_import_rejects_new(void)
{
	struct run_import_rejects *r = df_alloc(sizeof(*r));
	pthread_mutex_init(&r->lock, NULL);
	return r;
}

static size_t find_text(struct run_import_rejects *r, const char *code, const char *message)
{
	for (size_t i = r->n_texts; i > 0 && r->n_texts - i < TEXTS_COMPARED; i--)
		if (strcmp(r->texts[i - 1].message, message) == 0 &&
		    strcmp(r->texts[i - 1].code, code) == 0)
			return i - 1;
	r->bytes += strlen(message) + strlen(code) + sizeof(*r->texts);
	if (r->bytes > TEXTS_MAX && message[0] != '\0')
		return find_text(r, code, "");
	r->texts = df_realloc(r->texts, (r->n_texts + 1) * sizeof(*r->texts));
	r->texts[r->n_texts] =
	    (struct kept_text){.code = df_strdup(code), .message = df_strdup(message)};
	return r->n_texts++;
}

void run_import_rejects_add(struct run_import_rejects *r, const struct ledger_reject *row)
{
	pthread_mutex_lock(&r->lock);
	if (r->n == r->cap) {
		r->cap = r->cap * 2 + 64;
		r->rows = df_realloc(r->rows, r->cap * sizeof(*r->rows));
	}
	const char *code = row->code != NULL ? row->code : "api-rejected";
	r->rows[r->n++] =
	    (struct kept_row){.row = row->row,
			      .line = row->line,
			      .offset = row->offset,
			      .length = row->length,
			      .text = find_text(r, code, row->message != NULL ? row->message : "")};
	r->sorted = false;
	pthread_mutex_unlock(&r->lock);
}

uint64_t run_import_rejects_count(struct run_import_rejects *r)
{
	pthread_mutex_lock(&r->lock);
	uint64_t n = r->n;
	pthread_mutex_unlock(&r->lock);
	return n;
}

static int import_compare_rows(const void *a, const void *b)
{
	const struct kept_row *x = a, *y = b;
	return (x->row > y->row) - (x->row < y->row);
}

enum df_status run_import_rejects_next(void *rejects, uint64_t after, struct ledger_reject *out,
				       struct df_err *err)
{
	struct run_import_rejects *r = rejects;
	(void)err;
	if (!r->sorted && r->n > 0)
		qsort(r->rows, r->n, sizeof(*r->rows), import_compare_rows);
	r->sorted = true;
	r->next = after == 0 ? 0 : r->next;
	while (r->next < r->n && r->rows[r->next].row <= after)
		r->next++;
	if (r->next == r->n)
		return DF_END;
	const struct kept_row *row = &r->rows[r->next];
	const struct kept_text *text = &r->texts[row->text];
	*out = (struct ledger_reject){.row = row->row,
				      .line = row->line,
				      .offset = row->offset,
				      .length = row->length,
				      .code = text->code,
				      .message = text->message};
	return DF_OK;
}

void run_import_rejects_clear(struct run_import_rejects *r)
{
	for (size_t i = 0; i < r->n_texts; i++) {
		free(r->texts[i].code);
		free(r->texts[i].message);
	}
	r->n = r->n_texts = r->bytes = r->next = 0;
}

void run_import_rejects_free(struct run_import_rejects *r)
{
	if (r == NULL)
		return;
	run_import_rejects_clear(r);
	pthread_mutex_destroy(&r->lock);
	free(r->rows);
	free(r->texts);
	free(r);
}
