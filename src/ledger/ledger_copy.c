/* SPDX-License-Identifier: MIT */
/*
 * A ledger is copied into an empty one, of either kind. Both have the same tables, but for what a
 * fleet shares, which is not copied; the columns are read from SQLite's own list of them.
 */
#include "ledger_claim.h"

#include <stdlib.h>

/* A table comes after those that it refers to; tally is last, as triggers add to it meanwhile. */
static const char *const tables[] = {
    "manifest",      "file",      "document", "lane",  "reject",    "skipped",       "reason",
    "finding",       "seen",      "api",      "pull",  "condition", "notice",        "header",
    "header_column", "redropped", "request",  "spent", "former",    "former_reject", "tally",
};
enum { TABLES = sizeof(tables) / sizeof(*tables), COLUMNS_MAX = 48, NUMBERED = 4 };

#define COLUMNS_OF "SELECT name FROM pragma_table_info(?1) ORDER BY cid"
#define ALL_TABLES                                                                                 \
	"SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
#define IS_NUMBER                                                                                  \
	"SELECT data_type FROM information_schema.columns WHERE"                                   \
	" table_schema = current_schema() AND table_name = ?1 AND column_name = ?2"
#define HELD     "SELECT count(*) FROM file WHERE lease_until > clock_timestamp()"
#define ANY_FILE "SELECT count(*) FROM file"
#define NUMBER_ON                                                                                  \
	"SELECT setval(pg_get_serial_sequence('%s', 'id'), max(id)) FROM %s HAVING count(*) > 0"

struct column {
	char *name; /* own */
	char kind;  /* 'i', 'b' or 't': what it is in PostgreSQL, or as which SQLite has it */
};

struct copy {
	struct ledger *from, *to;
	struct ledger *lite; /* that of the two which is SQLite's */
	struct column v[COLUMNS_MAX];
	size_t n;
};

/* The first value of a query that has one row. */
static enum df_status number(struct ledger *l, const char *sql, int64_t *out, struct df_err *err)
{
	struct ledger_stmt *s = NULL;
	enum df_status st = ledger_once(l, sql, &s, err, "");
	if (st != DF_OK)
		goto cleanup;
	st = ledger_step(l, s, "read the ledger", err);
	if (st != DF_OK)
		goto cleanup;
	*out = ledger_int(s, 0);
cleanup:
	ledger_finalize(s);
	return st;
}

/* ---- columns ---- */

static void columns_free(struct copy *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->v[i].name);
	c->n = 0;
}

static char kind_of(const char *type)
{
	if (strcmp(type, "bigint") == 0)
		return 'i';
	return strcmp(type, "boolean") == 0 ? 'b' : 't';
}

static enum df_status column_kind(struct copy *c, const char *table, struct column *column,
				  struct df_err *err)
{
	struct ledger *pg = c->lite == c->from ? c->to : c->from;
	struct ledger_stmt *s = NULL;
	enum df_status st = ledger_once(pg, IS_NUMBER, &s, err, "tt", table, column->name);
	if (st != DF_OK)
		goto cleanup;
	st = ledger_step(pg, s, "read its columns", err);
	if (st == DF_END)
		st = df_fail(DF_FATAL, err, NULL, "%s has no column %s.%s", pg->path, table,
			     column->name);
	if (st != DF_OK)
		goto cleanup;
	column->kind = kind_of(ledger_text(s, 0));
cleanup:
	ledger_finalize(s);
	return st;
}

static enum df_status column_names(struct copy *c, const char *table, struct df_err *err)
{
	struct ledger_stmt *s = NULL;
	columns_free(c);
	enum df_status st = ledger_once(c->lite, COLUMNS_OF, &s, err, "t", table);
	while (st == DF_OK) {
		st = ledger_step(c->lite, s, "read its columns", err);
		if (st == DF_OK && c->n == COLUMNS_MAX)
			st = df_fail(DF_FATAL, err, NULL, "%s has more than %d columns", table,
				     COLUMNS_MAX);
		if (st == DF_OK)
			c->v[c->n++].name = df_strdup(ledger_text(s, 0));
	}
	ledger_finalize(s);
	return st == DF_END ? DF_OK : st;
}

static enum df_status columns_read(struct copy *c, const char *table, struct df_err *err)
{
	enum df_status st = column_names(c, table, err);
	for (size_t i = 0; st == DF_OK && i < c->n; i++)
		st = column_kind(c, table, &c->v[i], err);
	return st;
}

/* ---- rows ---- */

/* offset, row, text: names that need quotes somewhere. */
static char *select_of(const struct copy *c, const char *table)
{
	struct df_buf b = {0};
	df_buf_adds(&b, "SELECT ");
	for (size_t i = 0; i < c->n; i++)
		df_buf_addf(&b, "%s\"%s\"", i > 0 ? ", " : "", c->v[i].name);
	df_buf_addf(&b, " FROM \"%s\"", table);
	df_buf_cstr(&b);
	return b.data;
}

static char *insert_of(const struct copy *c, const char *table)
{
	struct df_buf b = {0};
	df_buf_addf(&b, "INSERT INTO \"%s\"(", table);
	for (size_t i = 0; i < c->n; i++)
		df_buf_addf(&b, "%s\"%s\"", i > 0 ? ", " : "", c->v[i].name);
	df_buf_adds(&b, ") VALUES(");
	for (size_t i = 0; i < c->n; i++) {
		const char *type = c->v[i].kind == 'i'   ? "BIGINT"
				   : c->v[i].kind == 'b' ? "BOOLEAN"
							 : "TEXT";
		if (c->to == c->lite && c->v[i].kind != 't')
			type = "INTEGER";
		df_buf_addf(&b, "%sCAST(?%zu AS %s)", i > 0 ? ", " : "", i + 1, type);
	}
	df_buf_adds(&b, ")");
	df_buf_cstr(&b);
	return b.data;
}

static enum df_status row_put(struct copy *c, const struct ledger_stmt *row,
			      struct ledger_stmt *put, struct df_err *err)
{
	const struct ledger_driver *d = c->to->driver;
	d->reset(put);
	d->clear(put);
	for (size_t i = 0; i < c->n; i++) {
		const char *value = ledger_text(row, (int)i);
		if (value != NULL && c->v[i].kind == 'b')
			value = ledger_int(row, (int)i) != 0 ? "1" : "0";
		if (!d->bind_text(put, (int)i + 1, value))
			return d->failed(c->to, "write", err);
	}
	return ledger_run(c->to, put, "write", err);
}

static enum df_status rows_copy(struct copy *c, struct ledger_stmt *get, struct ledger_stmt *put,
				uint64_t *rows, struct df_err *err)
{
	for (;;) {
		enum df_status st = ledger_step(c->from, get, "read the ledger", err);
		if (st != DF_OK)
			return st == DF_END ? DF_OK : st;
		st = row_put(c, get, put, err);
		if (st != DF_OK)
			return st;
		(*rows)++;
	}
}

static enum df_status table_copy(struct copy *c, const char *table, uint64_t *rows,
				 struct df_err *err)
{
	struct ledger_stmt *get = NULL, *put = NULL;
	char *select = NULL, *insert = NULL;
	enum df_status st = columns_read(c, table, err);
	if (st != DF_OK)
		goto cleanup;
	select = select_of(c, table);
	insert = insert_of(c, table);
	st = ledger_once(c->from, select, &get, err, "");
	if (st != DF_OK)
		goto cleanup;
	st = ledger_once(c->to, insert, &put, err, "");
	if (st != DF_OK)
		goto cleanup;
	st = rows_copy(c, get, put, rows, err);
cleanup:
	ledger_finalize(get);
	ledger_finalize(put);
	free(select);
	free(insert);
	return st;
}

/* A table that nobody added to the list above would be missing afterwards. */
static enum df_status check_tables(const struct copy *c, struct df_err *err)
{
	struct ledger_stmt *s = NULL;
	enum df_status st = ledger_once(c->lite, ALL_TABLES, &s, err, "");
	while (st == DF_OK) {
		st = ledger_step(c->lite, s, "read its tables", err);
		if (st != DF_OK)
			break;
		size_t i = 0;
		while (i < TABLES && strcmp(tables[i], ledger_text(s, 0)) != 0)
			i++;
		if (i == TABLES)
			st = df_fail(DF_FATAL, err, NULL, "%s has a table %s, which is not copied",
				     c->lite->path, ledger_text(s, 0));
	}
	ledger_finalize(s);
	return st == DF_END ? DF_OK : st;
}

/* ---- what only one of the two has ---- */

/* Bytes that are in this host's spool alone are claimed by this host alone, and its downloads are
 * its own. New ids go on where the copied ones end. */
static enum df_status into_fleet(struct ledger *l, struct df_err *err)
{
	static const char *const numbered[NUMBERED] = {"file", "document", "notice", "header"};
	static const char *const own[] = {
	    "UPDATE file SET origin = ?1 WHERE source = 'local' AND closed_ms = 0",
	    "UPDATE pull SET node = ?1 WHERE node = ''",
	};
	enum df_status st = DF_OK;
	for (size_t i = 0; st == DF_OK && i < sizeof(own) / sizeof(*own); i++)
		st = ledger_once_run(l, own[i], err, "t", l->node);
	for (size_t i = 0; st == DF_OK && i < NUMBERED; i++) {
		char *sql = df_format(NUMBER_ON, numbered[i], numbered[i]);
		int64_t ignored = 0;
		st = number(l, sql, &ignored, err);
		st = st == DF_END ? DF_OK : st;
		free(sql);
	}
	return st;
}

/* One host goes on alone: downloads of other hosts are begun anew, and what is listed and not
 * pulled is nothing that it knows of. */
static enum df_status out_of_fleet(const struct copy *c, struct df_err *err)
{
	static const char others[] = "DELETE FROM pull WHERE node NOT IN ('', ?1)";
	static const char listed[] = "DELETE FROM file WHERE state = ?1";
	enum df_status st = ledger_once_run(c->to, others, err, "t", c->from->node);
	if (st == DF_OK)
		st = ledger_once_run(c->to, listed, err, "i", (int64_t)LEDGER_LISTED);
	return st == DF_OK ? ledger_exec(c->to, "UPDATE pull SET node = ''", "write", err) : st;
}

/* In one transaction, each change of a counter takes longer than the one before: what triggers
 * would count is copied in the end. */
static enum df_status triggers(struct ledger *to, const char *how, struct df_err *err)
{
	static const char *const counted[] = {"file", "document", "lane"};
	enum df_status st = DF_OK;
	for (size_t i = 0; st == DF_OK && i < sizeof(counted) / sizeof(*counted); i++) {
		char *sql = df_format("ALTER TABLE %s %s TRIGGER USER", counted[i], how);
		st = ledger_exec(to, sql, "write", err);
		free(sql);
	}
	return st;
}

static enum df_status tables_copy(struct copy *c, uint64_t *rows, struct df_err *err)
{
	for (size_t i = 0; i < TABLES; i++) {
		enum df_status st = DF_OK;
		if (i == TABLES - 1) /* what triggers of SQLite counted meanwhile */
			st = ledger_exec(c->to, "DELETE FROM tally", "write", err);
		if (st != DF_OK)
			return st;
		st = table_copy(c, tables[i], rows, err);
		if (st != DF_OK)
			return st;
	}
	return DF_OK;
}

static enum df_status copy_whole(struct copy *c, uint64_t *rows, struct df_err *err)
{
	bool shared = c->to != c->lite;
	enum df_status st = shared ? triggers(c->to, "DISABLE", err) : DF_OK;
	if (st != DF_OK)
		return st;
	st = tables_copy(c, rows, err);
	columns_free(c);
	if (st != DF_OK)
		return st;
	if (!shared)
		return out_of_fleet(c, err);
	st = into_fleet(c->to, err);
	return st == DF_OK ? triggers(c->to, "ENABLE", err) : st;
}

static enum df_status check_empty(struct ledger *to, struct df_err *err)
{
	int64_t n = 0;
	enum df_status st = number(to, ANY_FILE, &n, err);
	if (st != DF_OK || n == 0)
		return st;
	return df_fail(DF_USAGE, err, NULL,
		       "%s has %lld files already: a ledger is copied into an empty one", to->path,
		       (long long)n);
}

static enum df_status check_idle(struct ledger *fleet, struct df_err *err)
{
	int64_t n = 0;
	enum df_status st = number(fleet, HELD, &n, err);
	if (st != DF_OK || n == 0)
		return st;
	return df_fail(DF_RETRY, err, NULL, "hosts hold %lld files of %s: let their runs end first",
		       (long long)n, fleet->path);
}

static enum df_status check_ready(const struct copy *c, struct df_err *err)
{
	enum df_status st = check_empty(c->to, err);
	if (st != DF_OK)
		return st;
	st = c->from != c->lite ? check_idle(c->from, err) : DF_OK;
	return st == DF_OK ? check_tables(c, err) : st;
}

enum df_status ledger_copy(struct ledger *from, struct ledger *to, uint64_t *rows,
			   struct df_err *err)
{
	struct copy c = {.from = from, .to = to, .lite = from->link == NULL ? from : to};
	*rows = 0;
	if ((from->link == NULL) == (to->link == NULL))
		return df_fail(DF_USAGE, err, NULL,
			       "%s and %s are of one kind: `dropfeed backup` copies a file, "
			       "PostgreSQL's pg_dump a database",
			       from->path, to->path);
	enum df_status st = check_ready(&c, err);
	if (st != DF_OK)
		return st;
	ledger_lock(from);
	ledger_lock(to);
	st = ledger_begin(to, err);
	if (st != DF_OK)
		goto cleanup;
	st = ledger_end(to, copy_whole(&c, rows, err), err);
cleanup:
	ledger_unlock(to);
	ledger_unlock(from);
	return st;
}
