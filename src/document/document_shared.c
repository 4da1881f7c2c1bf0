/* SPDX-License-Identifier: MIT */
/*
 * Identities that many share: an account's or a store's number, or a test user's, taken for one
 * person's. Each value is counted with the different other identities that it meets in a row, in
 * a table of fixed size: what comes after it is full is not counted.
 *
 * Millions of rows show the same as a sample of them, so that a long document costs little.
 */
#include "dropfeed/document.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define SLOTS       65536u /* values; a power of 2 */
#define FULL        49152u
#define MAX_COLUMNS 48
#define OTHERS      256u  /* bits that other identities are counted by */
#define DISTINCT    8192u /* likewise, of a column's values */
/* others that make a value worth a look, where the column has few values */
#define FEW      3
#define MANY     20     /* others that do in any column */
#define MAX_LAST 4096   /* bytes of a row's identities that are kept */
#define EACH_ROW 65536u /* rows from the begin of which each is counted */
#define SAMPLE   16u    /* of those after them one in so many is; a power of 2 */

struct value {
	uint64_t hash;     /* 0: a free slot */
	uint32_t rows;     /* that were counted */
	uint32_t estimate; /* of all rows that have it */
	uint16_t n_others; /* bits of `others` */
	uint8_t column;
	char digest[13]; /* the first digits of its SHA-256, once it has FEW others */
	uint64_t others[OTHERS / 64];
};

struct column {
	char name[64];
	size_t len;
	uint64_t distinct[DISTINCT / 64];
};

struct id { /* of a row */
	size_t column;
	uint64_t hash;
	const char *value;
	size_t len;
};

struct document_shared {
	struct value *values; /* own */
	size_t n_values, n_columns;
	uint64_t rows;
	struct df_buf last; /* the identities of the row before, and their values, or NULL */
	struct value *of_last[MAX_COLUMNS];
	size_t n_last;
	/* the columns of that row's identities: mostly they are this one's, too */
	size_t order[MAX_COLUMNS];
	struct column columns[MAX_COLUMNS];
};

struct document_shared *document_shared_new(void)
{
	struct document_shared *s = df_alloc(sizeof(*s));
	s->values = df_alloc(SLOTS * sizeof(*s->values));
	s->last.max = MAX_LAST;
	return s;
}

void document_shared_free(struct document_shared *s)
{
	if (s == NULL)
		return;
	df_buf_free(&s->last);
	free(s->values);
	free(s);
}

static bool is_column(const struct document_shared *s, size_t column, const char *name, size_t len)
{
	return column < s->n_columns && s->columns[column].len == len &&
	       memcmp(s->columns[column].name, name, len) == 0;
}

static size_t column_of(struct document_shared *s, const char *name, size_t len)
{
	for (size_t i = 0; i < s->n_columns; i++)
		if (is_column(s, i, name, len))
			return i;
	if (s->n_columns == MAX_COLUMNS || len >= sizeof(s->columns[0].name))
		return MAX_COLUMNS;
	memcpy(s->columns[s->n_columns].name, name, len);
	s->columns[s->n_columns].len = len;
	return s->n_columns++;
}

/* The end of a member's value, which begins at p: a string's is after its closing quote. */
static const char *value_end(const char *p, const char *end)
{
	if (p == end || *p != '"') {
		const char *comma = memchr(p, ',', (size_t)(end - p));
		return comma != NULL ? comma : end;
	}
	for (const char *from = p + 1, *quote;
	     (quote = memchr(from, '"', (size_t)(end - from))) != NULL;) {
		const char *slash = quote;
		while (slash[-1] == '\\')
			slash--;
		if ((quote - slash) % 2 == 0)
			return quote + 1;
		from = quote + 1;
	}
	return end;
}

/* Of the column, too; never 0. */
static uint64_t hash_of(const struct id *id)
{
	uint64_t h =
	    batch_hash(id->value, id->len) ^ (id->column + 1) * UINT64_C(0x9e3779b97f4a7c15);
	return h != 0 ? h : 1;
}

/* A record's identities are "name":value pairs with commas between them; the names are the
 * schema's. */
static size_t split(struct document_shared *s, const struct map_record *record,
		    struct id ids[MAX_COLUMNS])
{
	size_t n = 0;
	const char *end = record->ids + record->ids_len;
	for (const char *p = record->ids; end - p > 4 && n < MAX_COLUMNS;) {
		const char *name = p + 1, *quote = memchr(name, '"', (size_t)(end - name));
		if (quote == NULL || end - quote < 3)
			return n;
		size_t len = (size_t)(quote - name);
		if (!is_column(s, s->order[n], name, len))
			s->order[n] = column_of(s, name, len);
		const char *value = quote + 2, *stop = value_end(value, end);
		bool quoted = *value == '"';
		if (s->order[n] < MAX_COLUMNS) {
			struct id *id = &ids[n];
			id->column = s->order[n++];
			id->value = value + quoted;
			id->len = (size_t)(stop - value) - 2 * (size_t)quoted;
			id->hash = hash_of(id);
		}
		p = stop + 1;
	}
	return n;
}

static struct value *value_of(struct document_shared *s, const struct id *id)
{
	size_t at = (size_t)id->hash & (SLOTS - 1);
	for (; s->values[at].hash != 0; at = (at + 1) & (SLOTS - 1))
		if (s->values[at].hash == id->hash)
			return &s->values[at];
	if (s->n_values == FULL)
		return NULL;
	struct value *v = &s->values[at];
	s->n_values++;
	v->hash = id->hash;
	v->column = (uint8_t)id->column;
	return v;
}

static void add_other(struct value *v, const struct id *id, uint64_t other)
{
	uint64_t bit = other >> 16 & (OTHERS - 1), mask = UINT64_C(1) << bit % 64;
	char hex[DF_DIGEST_HEX] = "";
	if ((v->others[bit / 64] & mask) != 0)
		return;
	v->others[bit / 64] |= mask;
	if (++v->n_others == FEW && df_digest_hex(DF_SHA256, id->value, id->len, hex))
		memcpy(v->digest, hex, sizeof(v->digest) - 1);
}

static void count_row(struct document_shared *s, const struct map_record *record)
{
	struct id ids[MAX_COLUMNS];
	size_t n = split(s, record, ids);
	s->n_last = 0;
	for (size_t i = 0; i < n && n > 1; i++) {
		uint64_t bit = ids[i].hash >> 32 & (DISTINCT - 1);
		s->columns[ids[i].column].distinct[bit / 64] |= UINT64_C(1) << bit % 64;
		struct value *v = value_of(s, &ids[i]);
		if (v == NULL)
			continue;
		s->of_last[s->n_last++] = v;
		for (size_t k = 0; k < n; k++)
			if (k != i)
				add_other(v, &ids[i], ids[k].hash);
	}
}

/* Whether the row is counted. The choice looks random, so that no order of rows fits it. */
static bool is_sampled(uint64_t row)
{
	return row < EACH_ROW || (row * UINT64_C(0x9e3779b97f4a7c15) >> 32) % SAMPLE == 0;
}

void document_shared_row(struct document_shared *s, const struct map_record *record)
{
	uint64_t row = s->rows++;
	if (!is_sampled(row) || record->ids_len == 0)
		return;

	if (s->last.len != record->ids_len ||
	    memcmp(s->last.data, record->ids, record->ids_len) != 0) {
		count_row(s, record);
		df_buf_reset(&s->last);
		df_buf_add(&s->last, record->ids, record->ids_len);
	}
	for (size_t i = 0; i < s->n_last; i++) {
		s->of_last[i]->rows++;
		s->of_last[i]->estimate += row < EACH_ROW ? 1 : SAMPLE;
	}
}

/* How many different ones have set these bits (linear counting). */
static double counted(const uint64_t *bits, size_t n)
{
	size_t set = 0;
	for (size_t i = 0; i < n / 64; i++)
		set += (size_t)__builtin_popcountll(bits[i]);
	if (set == n)
		set = n - 1;
	return -(double)n * log(1.0 - (double)set / (double)n);
}

static bool has_few_values(const struct document_shared *s, size_t column)
{
	double own = counted(s->columns[column].distinct, DISTINCT), most = 0;
	for (size_t i = 0; i < s->n_columns; i++) {
		double other = counted(s->columns[i].distinct, DISTINCT);
		most = i != column && other > most ? other : most;
	}
	return own * 2 <= most + 0.5;
}

/* A column's value that meets the most others. */
struct most_shared {
	const struct value *value; /* or NULL */
	double others;
};

static void find_most_shared(const struct document_shared *s, struct most_shared most[MAX_COLUMNS])
{
	for (size_t i = 0; i < SLOTS; i++) {
		const struct value *v = &s->values[i];
		if (v->n_others < FEW)
			continue;
		/* A row of many identities is one person all the same. */
		double others = fmin(counted(v->others, OTHERS), v->rows);
		if (others > most[v->column].others)
			most[v->column] = (struct most_shared){v, others};
	}
}

size_t document_shared_warnings(const struct document_shared *s, struct map_warning **out)
{
	struct map_warning *list = df_alloc((s->n_columns + 1) * sizeof(*list));
	struct most_shared most[MAX_COLUMNS] = {{0}};
	size_t n = 0;
	find_most_shared(s, most);
	for (size_t c = 0; c < s->n_columns; c++) {
		const struct value *top = most[c].value;
		if (top == NULL || most[c].others + 0.5 < (has_few_values(s, c) ? FEW : MANY))
			continue;
		struct map_warning *w = &list[n++];
		snprintf(w->code, sizeof(w->code), "shared-identity");
		snprintf(w->text, sizeof(w->text),
			 "%s: one value (its SHA-256 begins with %s) is in %s%u rows, with %.0f "
			 "different other identities; "
			 "is it an account, a store or a test rather than a person?",
			 s->columns[c].name, top->digest, top->estimate > top->rows ? "about " : "",
			 top->estimate, most[c].others);
	}
	*out = list;
	return n;
}
