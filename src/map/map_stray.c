/* SPDX-License-Identifier: MIT */
/* Rows that a program wrote beside the data: a second header, a trailer. */
#include "map_derive.h"
#include "map_state.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define LONGEST_LABEL 128 /* bytes of a cell that repeats a name */
#define LINE_END      2   /* bytes after the last row, at most */

/* ---- names of types ---- */

static const char *const types[] = {
    "string",
    "str",
    "text",
    "char",
    "character",
    "varchar",
    "varchar2",
    "nvarchar",
    "nvarchar2",
    "nchar",
    "bpchar",
    "clob",
    "int",
    "int2",
    "int4",
    "int8",
    "int16",
    "int32",
    "int64",
    "integer",
    "bigint",
    "smallint",
    "tinyint",
    "number",
    "numeric",
    "decimal",
    "float",
    "float4",
    "float8",
    "float32",
    "float64",
    "double",
    "real",
    "money",
    "bool",
    "boolean",
    "bit",
    "date",
    "time",
    "datetime",
    "datetime2",
    "timestamp",
    "timestamptz",
    "timestamp_ntz",
    "timestamp_ltz",
    "timestamp_tz",
    "datetimeoffset",
    "uuid",
    "guid",
    "uniqueidentifier",
    "json",
    "jsonb",
    "variant",
    "object",
    "array",
    "struct",
    "binary",
    "varbinary",
    "bytes",
    "long",
};

/* After the name: the length in parentheses, or more words of SQL. */
static bool is_type_tail(const char *p, size_t len)
{
	static const char *const tails[] = {
	    "",          "[]",        " precision",      " varying",
	    " not null", " unsigned", " with time zone", " without time zone"};
	if (len > 2 && p[0] == '(' && p[len - 1] == ')')
		return strspn(p + 1, "0123456789, ") >= len - 2;
	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++)
		if (strlen(tails[i]) == len && strncasecmp(tails[i], p, len) == 0)
			return true;
	return false;
}

static bool is_type(const char *p, size_t len)
{
	map_cell_trim(&p, &len);
	if (len == 0 || !isalpha((unsigned char)*p))
		return false;
	char first = (char)tolower((unsigned char)*p);
	size_t name = 0;
	while (name < len && (isalnum((unsigned char)p[name]) || p[name] == '_'))
		name++;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i][0] == first && strlen(types[i]) == name &&
		    strncasecmp(types[i], p, name) == 0)
			return is_type_tail(p + name, len - name);
	return false;
}

/* One name alone, without a length, may be anything. */
static bool names_types(const struct map *m, const struct rows_row *row)
{
	size_t n = 0;
	bool length = false;
	for (size_t i = 0; i < row->n_cells; i++) {
		const struct rows_cell *c = &row->cells[i];
		if (c->len == 0 || map_owns(m, i))
			continue;
		if (!is_type(c->p, c->len))
			return false;
		length = c->p[c->len - 1] == ')';
		n++;
	}
	return n > 1 || length;
}

/* ---- labels ---- */

static bool is_number(const char *p, size_t len)
{
	size_t digits = 0;
	while (digits < len && isdigit((unsigned char)p[digits]))
		digits++;
	return digits == len;
}

/* The next sign of a label, of which letters and digits count alone, in small letters; 0: there is
 * none. */
static int label_next(const char **p, const char *end)
{
	while (*p < end) {
		unsigned char c = (unsigned char)*(*p)++;
		if (isalnum(c) || c >= 0x80)
			return tolower(c);
	}
	return 0;
}

/* Nearly all cells differ from their column's name in one of the first signs. */
static bool is_same_label(const struct rows_cell *cell, const char *name)
{
	const char *p = cell->p, *end = p + cell->len, *name_end = name + strlen(name);
	int sign = 0;
	do {
		sign = label_next(&p, end);
		if (sign != label_next(&name, name_end))
			return false;
	} while (sign != 0);
	return true;
}

/* Does a cell of a label's signs have nothing but digits? */
static bool is_number_label(const struct rows_cell *cell)
{
	const char *p = cell->p, *end = p + cell->len;
	int sign = 0;
	do
		sign = label_next(&p, end);
	while (isdigit(sign));
	return sign == 0;
}

/* Does the cell repeat the name, or its last part, as people write it? A number is somebody's id:
 * columns without a header are often named 1, 2, 3. */
static bool is_label(const struct rows_cell *cell, const char *name)
{
	const char *dot = strrchr(name, '.');
	if (cell->len > LONGEST_LABEL)
		return false;
	return (is_same_label(cell, name) || (dot != NULL && is_same_label(cell, dot + 1))) &&
	       !is_number_label(cell);
}

/* The next column from which an identity comes, after the program's first *i operations. */
static bool next_identity(const struct map *m, size_t *i, const struct map_op **op, size_t *column)
{
	for (; *i < m->batch_program.n; (*i)++) {
		*op = &m->batch_program.ops[*i];
		if ((*op)->kind != MAP_OP_LEAF || ((*op)->flags & SCHEMA_ID) == 0 ||
		    (*op)->column == MAP_NONE)
			continue;
		const struct map_derived *d = map_derived_of(m, (*op)->column);
		*column = d != NULL ? d->column : (*op)->column;
		(*i)++;
		return true;
	}
	return false;
}

/* All of the row's identities are the names of their columns. */
static bool names_columns(const struct map *m, const struct rows_row *row)
{
	const struct map_op *op = NULL;
	size_t n = 0, i = 0, column = 0;
	while (next_identity(m, &i, &op, &column)) {
		if (column >= row->n_cells || row->cells[column].len == 0)
			continue;
		if (!is_label(&row->cells[column], m->names[column]) &&
		    !is_label(&row->cells[column], op->node->path))
			return false;
		n++;
	}
	return n > 0;
}

static bool is_identity(const struct map *m, size_t wanted)
{
	const struct map_op *op = NULL;
	size_t i = 0, column = 0;
	while (next_identity(m, &i, &op, &column))
		if (column == wanted)
			return true;
	return false;
}

/* ---- trailers ---- */

static bool begins(const char *p, size_t len, const char *word)
{
	size_t n = strlen(word);
	return len >= n && strncasecmp(p, word, n) == 0;
}

/* A word for a trailer, alone or before what other programs would take as the next cell. */
static bool is_trailer_word(const char *p, size_t len)
{
	static const char *const words[] = {"trailer", "trl", "tlr", "trlr",   "footer",
					    "ftr",     "eof", "end", "end of", "end-of-file"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t n = strlen(words[i]);
		if (begins(p, len, words[i]) &&
		    (len == n || strchr("|;,\t :=~^*#", p[n]) != NULL) &&
		    (len == n || strcmp(words[i], "end") != 0))
			return true;
	}
	return false;
}

/* "12 rows", "3 record(s)": a number, a blank, and what was counted. */
static bool counts_rows(const char *p, size_t len)
{
	static const char *const things[] = {"rows", "row", "records", "record", "lines"};
	for (size_t i = 1; i < len; i++) {
		if (p[i] != ' ' || !df_is_digit(p[i - 1]))
			continue;
		for (size_t k = 0; k < sizeof(things) / sizeof(things[0]); k++) {
			size_t end = i + 1 + strlen(things[k]);
			if (begins(p + i + 1, len - i - 1, things[k]) &&
			    (end == len || !isalnum((unsigned char)p[end])))
				return true;
		}
	}
	return false;
}

static bool is_sentence(const char *p, size_t len)
{
	static const char *const begin[] = {"SQL>",
					    "Elapsed:",
					    "Completion time:",
					    "Time taken:",
					    "Time:",
					    "Query completed",
					    "Disconnected",
					    "*** Query",
					    "Statement processed",
					    "Command completed"};
	for (size_t i = 0; i < sizeof(begin) / sizeof(begin[0]); i++)
		if (begins(p, len, begin[i]))
			return true;
	return counts_rows(p, len);
}

/* The last row of all: a letter or two for a trailer, where an identity should be, and counts. */
static bool is_count_line(const struct map *m, const struct rows_row *row, size_t first)
{
	static const char *const marks[] = {"T", "TR", "TT", "Z", "ZZ", "E"};
	size_t n = 0;
	bool marked = false;
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		marked = marked || (row->cells[first].len == strlen(marks[i]) &&
				    memcmp(row->cells[first].p, marks[i], strlen(marks[i])) == 0);
	if (!marked || row->left > LINE_END || !is_identity(m, first))
		return false;
	for (size_t i = first + 1; i < row->n_cells; i++) {
		const struct rows_cell *c = &row->cells[i];
		if (c->len == 0 || map_owns(m, i))
			continue;
		if (!is_number(c->p, c->len) || is_identity(m, i))
			return false;
		n++;
	}
	return n > 0;
}

/* Its first cell names it. Where that is not an identity, it may be an event's or a screen's name
 * ("End of season") in a row of somebody, so it has to be alone with what nobody is. */
static bool is_trailer(const struct map *m, const struct rows_row *row)
{
	size_t n = 0, first = 0;
	bool somebody = false;
	for (size_t i = 0; i < row->n_cells; i++) {
		if (row->cells[i].len == 0 || map_owns(m, i))
			continue;
		first = n == 0 ? i : first;
		somebody = somebody || (i != first && is_identity(m, i));
		n++;
	}
	if (n == 0)
		return false;
	const char *p = row->cells[first].p;
	size_t len = row->cells[first].len;
	map_cell_trim(&p, &len);
	if (n == 1 && is_sentence(p, len))
		return true;
	if (is_count_line(m, row, first))
		return true;
	return is_trailer_word(p, len) && (is_identity(m, first) || !somebody);
}

bool map_stray_row(const struct map *m, const struct rows_row *row, struct map_fault *fault)
{
	const char *code = "repeated-header", *text = NULL;
	if (!m->guards_ids || row->n_cells != m->n_names)
		return false;

	if (row->offset < MAP_STRAY_BEGIN && names_types(m, row)) {
		text = "the row holds names of types and no values: a second header";
	} else if (row->offset < MAP_STRAY_BEGIN && names_columns(m, row)) {
		text = "the row's identities are the names of their columns: a second header";
	} else if (row->left < MAP_STRAY_END && is_trailer(m, row)) {
		code = "missing-identity";
		text = "the row is a trailer, which the exporting program wrote after the rows: "
		       "set `skip_last_lines`";
	}
	if (text == NULL)
		return false;

	*fault = (struct map_fault){.code = code, .name = ""};
	snprintf(fault->text, sizeof(fault->text),
		 "%s; a manifest's rows.skip leaves such rows out, and placeholder_ids = keep "
		 "takes them as they are",
		 text);
	return true;
}
