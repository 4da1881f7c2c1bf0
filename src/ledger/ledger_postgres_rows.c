/* SPDX-License-Identifier: MIT */
/* A row is its length in bytes, and then for each column the length of its text (NULL_LENGTH: it
 * has none), the text, and a zero byte. */
#include "ledger_postgres_rows.h"

#ifdef HAVE_LIBPQ
#include <libpq-fe.h>

#include <unistd.h>

#define NULL_LENGTH UINT32_MAX

void ledger_rows_init(struct ledger_rows *rows, const char *dir)
{
	*rows = (struct ledger_rows){.dir = dir};
}

void ledger_rows_clear(struct ledger_rows *rows)
{
	df_buf_free(&rows->added);
	if (rows->file != NULL)
		fclose(rows->file);
	ledger_rows_init(rows, rows->dir);
}

/* ---- adding ---- */

static void add_number(struct df_buf *b, uint32_t n)
{
	df_buf_add(b, &n, sizeof(n));
}

static void keep_row(struct ledger_rows *rows, const PGresult *r, int row)
{
	struct df_buf *b = &rows->added;
	uint32_t length = 0;
	for (int c = 0; c < rows->columns; c++)
		length += (uint32_t)sizeof(length) + (uint32_t)PQgetlength(r, row, c) + 1;
	add_number(b, length);
	for (int c = 0; c < rows->columns; c++) {
		uint32_t n = (uint32_t)PQgetlength(r, row, c);
		add_number(b, PQgetisnull(r, row, c) ? NULL_LENGTH : n);
		df_buf_add(b, PQgetvalue(r, row, c), n);
		df_buf_addc(b, '\0');
	}
	rows->n++;
}

/* A command that only reads may have no state folder. */
static enum df_status file_open(struct ledger_rows *rows, struct df_err *err)
{
	int fd = -1;
	struct df_err first = {0};
	if (df_unnamed_open(rows->dir, &fd, &first) != DF_OK) {
		enum df_status st = df_unnamed_open(df_scratch(), &fd, err);
		if (st != DF_OK)
			return st;
	}
	rows->file = fdopen(fd, "w+");
	if (rows->file != NULL)
		return DF_OK;
	close(fd);
	return df_fail(DF_FATAL, err, NULL, "cannot open a file for rows of the ledger");
}

static enum df_status rows_spill(struct ledger_rows *rows)
{
	enum df_status st = rows->file == NULL ? file_open(rows, &rows->err) : DF_OK;
	if (st != DF_OK)
		return st;
	size_t n = fwrite(rows->added.data, 1, rows->added.len, rows->file);
	bool whole = n == rows->added.len;
	df_buf_reset(&rows->added);
	return whole ? DF_OK
		     : df_fail(DF_RETRY, &rows->err, NULL,
			       "cannot write rows of the ledger to a file in %s: make room there",
			       rows->dir);
}

void ledger_rows_add(struct ledger_rows *rows, const struct pg_result *r)
{
	if (rows->failed != DF_OK)
		return;
	rows->columns = PQnfields(r);
	if (rows->columns > LEDGER_ROWS_COLUMNS) {
		rows->failed = df_fail(DF_FATAL, &rows->err, NULL,
				       "the ledger has rows of %d columns", rows->columns);
		return;
	}
	for (int c = 0; c < rows->columns; c++)
		rows->types[c] = PQftype(r, c);
	for (int i = 0; i < PQntuples(r); i++)
		keep_row(rows, r, i);
	if (rows->added.len > LEDGER_ROWS_MEMORY)
		rows->failed = rows_spill(rows);
}

/* ---- reading ---- */

static enum df_status cut_off(const struct ledger_rows *rows, struct df_err *err)
{
	return df_fail(DF_FATAL, err, NULL, "cannot read rows of the ledger back from a file in %s",
		       rows->dir);
}

static enum df_status rewind_rows(struct ledger_rows *rows, struct df_err *err)
{
	if (rows->file == NULL)
		return DF_OK;
	rows->failed = rows_spill(rows);
	if (rows->failed != DF_OK) {
		*err = rows->err;
		return rows->failed;
	}
	return fseek(rows->file, 0, SEEK_SET) == 0 ? DF_OK : cut_off(rows, err);
}

/* The present row's bytes, to be found at *at. */
static enum df_status row_bytes(struct ledger_rows *rows, char **at, struct df_err *err)
{
	uint32_t length = 0;
	struct df_buf *b = &rows->added;
	if (rows->file == NULL) {
		memcpy(&length, b->data + rows->next, sizeof(length));
		*at = b->data + rows->next + sizeof(length);
		rows->next += sizeof(length) + length;
		return DF_OK;
	}
	df_buf_reset(b);
	if (fread(&length, sizeof(length), 1, rows->file) != 1)
		return cut_off(rows, err);
	if (!df_buf_grow(b, length) || fread(b->data, 1, length, rows->file) != length)
		return cut_off(rows, err);
	b->len = length;
	*at = b->data;
	return DF_OK;
}

enum df_status ledger_rows_next(struct ledger_rows *rows, struct df_err *err)
{
	char *at = NULL;
	if (rows->failed != DF_OK) {
		*err = rows->err;
		return rows->failed;
	}
	if (rows->at == rows->n)
		return DF_END;
	enum df_status st = rows->at == 0 ? rewind_rows(rows, err) : DF_OK;
	if (st != DF_OK)
		return st;
	st = row_bytes(rows, &at, err);
	if (st != DF_OK)
		return st;

	rows->at++;
	for (int c = 0; c < rows->columns; c++) {
		uint32_t n = 0;
		memcpy(&n, at, sizeof(n));
		at += sizeof(n);
		rows->v[c] = n == NULL_LENGTH ? NULL : at;
		at += (n == NULL_LENGTH ? 0 : n) + 1;
	}
	return DF_OK;
}
#endif
