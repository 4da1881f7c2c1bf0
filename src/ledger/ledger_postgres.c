/* SPDX-License-Identifier: MIT */
/* The driver for PostgreSQL: the ledger's statements, in its words. */
#include "ledger_postgres.h"
#include "ledger_postgres_rows.h"
#include "ledger_postgres_sql.h"

#ifdef HAVE_LIBPQ
#include <libpq-fe.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { OID_BOOL = 16, OID_INT8 = 20, OID_TEXT = 25 }; /* pg_type.dat: they never change */

struct statement {
	struct ledger_stmt base;
	char *sql; /* own */
	struct ledger_query query;
	char numbers[LEDGER_LINK_VALUES][24];
	char *texts[LEDGER_LINK_VALUES]; /* own: of values that are not stored as they are */
	struct ledger_rows rows;
	bool ran;
};

static struct statement *statement_of(const struct ledger_stmt *s)
{
	return (struct statement *)(uintptr_t)s;
}

/* ---- words ---- */

static const struct {
	const char *lite, *ours;
} words[] = {
    {"ifnull(", "coalesce("},
    {" INDEXED BY file_open", ""},
    {"BEGIN IMMEDIATE", "BEGIN"},
};

char *ledger_postgres_sql(const char *sql)
{
	struct df_buf b = {0};
	while (*sql != '\0') {
		size_t i = 0, n = sizeof(words) / sizeof(*words);
		while (i < n && strncmp(sql, words[i].lite, strlen(words[i].lite)) != 0)
			i++;
		if (i < n) {
			df_buf_adds(&b, words[i].ours);
			sql += strlen(words[i].lite);
		} else {
			df_buf_addc(&b, *sql == '?' ? '$' : *sql);
			sql++;
		}
	}
	char *out = df_strdup(df_buf_cstr(&b));
	df_buf_free(&b);
	return out;
}

/* ---- statements ---- */

static enum df_status pg_prepare(struct ledger *l, const char *sql, int which,
				 struct ledger_stmt **out, struct df_err *err)
{
	struct statement *s = df_alloc(sizeof(*s));
	const char *own = which >= 0 ? ledger_postgres_statements[which] : NULL;
	(void)err;
	ledger_rows_init(&s->rows, l->dir);
	s->base.driver = &ledger_postgres;
	s->sql = ledger_postgres_sql(own != NULL ? own : sql);
	s->query.sql = s->sql;
	*out = &s->base;
	return DF_OK;
}

static void pg_reset(struct ledger_stmt *base)
{
	struct statement *s = statement_of(base);
	ledger_rows_clear(&s->rows);
	s->ran = false;
}

static void pg_finalize(struct ledger_stmt *base)
{
	pg_reset(base);
	for (int i = 0; i < LEDGER_LINK_VALUES; i++)
		free(statement_of(base)->texts[i]);
	free(statement_of(base)->sql);
	free(statement_of(base));
}

static void pg_clear(struct ledger_stmt *base)
{
	statement_of(base)->query.n = 0;
}

static bool pg_bind(struct statement *s, int i, unsigned type, const char *value)
{
	if (i < 1 || i > LEDGER_LINK_VALUES)
		return false;
	s->query.types[i - 1] = type;
	s->query.values[i - 1] = value;
	if (s->query.n < i)
		s->query.n = i;
	return true;
}

static bool pg_bind_integer(struct ledger_stmt *base, int i, char type, int64_t value)
{
	struct statement *s = statement_of(base);
	if (i < 1 || i > LEDGER_LINK_VALUES)
		return false;
	snprintf(s->numbers[i - 1], sizeof(s->numbers[i - 1]), "%" PRId64,
		 type == 'b' ? (int64_t)(value != 0) : value);
	return pg_bind(s, i, type == 'b' ? OID_BOOL : OID_INT8, s->numbers[i - 1]);
}

static bool pg_bind_text(struct ledger_stmt *base, int i, const char *value)
{
	struct statement *s = statement_of(base);
	if (i < 1 || i > LEDGER_LINK_VALUES)
		return false;
	char *stored = value != NULL ? ledger_postgres_text(value) : NULL;
	free(s->texts[i - 1]);
	s->texts[i - 1] = stored;
	return pg_bind(s, i, OID_TEXT, stored != NULL ? stored : value);
}

static bool is_control(const char *sql)
{
	return strcmp(sql, "BEGIN") == 0 || strcmp(sql, "COMMIT") == 0 ||
	       strcmp(sql, "ROLLBACK") == 0;
}

static void on_row(void *ctx, const PGresult *r)
{
	struct ledger_rows *rows = ctx;
	if (r == NULL) /* it is run again */
		ledger_rows_clear(rows);
	else
		ledger_rows_add(rows, r);
}

static enum df_status pg_run(struct ledger *l, struct statement *s, const char *what,
			     struct df_err *err)
{
	PGresult *r = NULL;
	if (is_control(s->sql))
		return ledger_link_exec(l->link, s->sql, what, err);
	s->query.row = on_row;
	s->query.ctx = &s->rows;
	enum df_status st = ledger_link_query(l->link, &s->query, &r, what, err);
	if (st != DF_OK)
		return st;
	l->changes = strtoll(PQcmdTuples(r), NULL, 10);
	PQclear(r);
	s->ran = true;
	return DF_OK;
}

static void row_decode(struct ledger_rows *rows)
{
	for (int c = 0; c < rows->columns; c++)
		if (rows->types[c] == OID_TEXT && rows->v[c] != NULL)
			ledger_postgres_bytes(rows->v[c]);
}

/* The step that inserts does not yield the row of its RETURNING id. */
static enum df_status pg_step(struct ledger *l, struct ledger_stmt *base, const char *what,
			      struct df_err *err)
{
	struct statement *s = statement_of(base);
	bool inserts = !s->ran && strncmp(s->sql, "INSERT", 6) == 0;
	enum df_status st = s->ran ? DF_OK : pg_run(l, s, what, err);
	if (st != DF_OK)
		return st;
	if (!s->ran) /* BEGIN, ... */
		return DF_END;
	st = ledger_rows_next(&s->rows, err);
	if (st == DF_OK)
		row_decode(&s->rows);
	if (!inserts || st != DF_OK)
		return st;
	l->inserted = strtoll(s->rows.v[0] != NULL ? s->rows.v[0] : "0", NULL, 10);
	return DF_END;
}

static const char *pg_text(const struct ledger_stmt *base, int column)
{
	const struct ledger_rows *rows = &statement_of(base)->rows;
	return rows->at > 0 && column < rows->columns ? rows->v[column] : NULL;
}

static int64_t pg_integer(const struct ledger_stmt *base, int column)
{
	const char *text = pg_text(base, column);
	if (text != NULL && statement_of(base)->rows.types[column] == OID_BOOL)
		return *text == 't';
	return text != NULL ? strtoll(text, NULL, 10) : 0;
}

static int64_t pg_changes(const struct ledger *l)
{
	return l->changes;
}

static int64_t pg_inserted(const struct ledger *l)
{
	return l->inserted;
}

/* ---- transactions ---- */

static bool pg_in_transaction(const struct ledger *l)
{
	return ledger_link_in_transaction(l->link);
}

static enum df_status pg_exec(struct ledger *l, const char *sql, const char *what,
			      struct df_err *err)
{
	return ledger_link_exec(l->link, sql, what, err);
}

static enum df_status pg_failed(struct ledger *l, const char *what, struct df_err *err)
{
	return df_fail(DF_FATAL, err, NULL, "cannot %s in the ledger %s", what, l->path);
}

static void pg_close(struct ledger *l)
{
	ledger_link_free(l->link);
	l->link = NULL;
}

const struct ledger_driver ledger_postgres = {
    .close = pg_close,
    .prepare = pg_prepare,
    .finalize = pg_finalize,
    .reset = pg_reset,
    .clear = pg_clear,
    .bind_integer = pg_bind_integer,
    .bind_text = pg_bind_text,
    .step = pg_step,
    .integer = pg_integer,
    .text = pg_text,
    .changes = pg_changes,
    .inserted = pg_inserted,
    .in_transaction = pg_in_transaction,
    .exec = pg_exec,
    .flush = NULL, /* synchronous_commit is on unless somebody knows better */
    .failed = pg_failed,
};
#endif
