/* SPDX-License-Identifier: MIT */
/*
 * Identities that many share: an account's or a store's number, or a test user's, taken for one person's. Each value is
 * counted with the different other identities that it meets in a row, in a table of fixed size: what comes after it is
 * full is not counted.
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
#define FEW         3     /* others that make a value worth a look, where the column has few values */
#define MANY        20    /* others that do in any column */

struct value {
	uint64_t hash; /* 0: a free slot */
	uint32_t rows;
	uint8_t column;
	char digest[13]; /* the first digits of its SHA-256 */
	uint64_t others[OTHERS / 64];
};

struct column {
	char name[64];
	uint64_t distinct[DISTINCT / 64];
};

struct document_shared {
	struct value *values; /* own */
	size_t n_values, n_columns;
	struct column columns[MAX_COLUMNS];
};

struct id { /* of a row */
	size_t column;
	uint64_t hash;
	const char *value;
	size_t len;
};

struct document_shared *document_shared_new(void)
{
	struct document_shared *s = df_alloc(sizeof(*s));
	s->values = df_alloc(SLOTS * sizeof(*s->values));
	return s;
}

void document_shared_free(struct document_shared *s)
{
	if (s == NULL)
		return;
	free(s->values);
	free(s);
}

static uint64_t hash_of(const char *p, size_t len)
{
	uint64_t h = batch_hash(p, len);
	return h != 0 ? h : 1;
}

static size_t column_of(struct document_shared *s, const char *name, size_t len)
{
	for (size_t i = 0; i < s->n_columns; i++)
		if (strlen(s->columns[i].name) == len && memcmp(s->columns[i].name, name, len) == 0)
			return i;
	if (s->n_columns == MAX_COLUMNS || len >= sizeof(s->columns[0].name))
		return MAX_COLUMNS;
	memcpy(s->columns[s->n_columns].name, name, len);
	return s->n_columns++;
}

/* The end of a member of a record's identities: a comma that is not within a string. */
static const char *member_end(const char *p, const char *end)
{
	bool quoted = false;
	for (; p < end && (quoted || *p != ','); p++) {
		if (*p == '\\')
			p++;
		else if (*p == '"')
			quoted = !quoted;
	}
	return p < end ? p : end;
}

static size_t split(struct document_shared *s, const struct map_record *record, struct id ids[MAX_COLUMNS])
{
	size_t n = 0;
	const char *end = record->ids + record->ids_len;
	for (const char *p = record->ids; p < end && n < MAX_COLUMNS;) {
		const char *stop = member_end(p, end), *colon = memchr(p, ':', (size_t)(stop - p));
		if (colon == NULL || colon - p < 2)
			return n;
		size_t column = column_of(s, p + 1, (size_t)(colon - p) - 2);
		bool quoted = colon[1] == '"';
		const char *value = colon + 1 + quoted;
		if (column < MAX_COLUMNS)
			ids[n++] =
			    (struct id){column, hash_of(p, (size_t)(stop - p)), value, (size_t)(stop - value) - quoted};
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
	char hex[DF_DIGEST_HEX] = "";
	s->n_values++;
	v->hash = id->hash;
	v->column = (uint8_t)id->column;
	if (df_digest_hex(DF_SHA256, id->value, id->len, hex))
		snprintf(v->digest, sizeof(v->digest), "%.12s", hex);
	return v;
}

void document_shared_row(struct document_shared *s, const struct map_record *record)
{
	struct id ids[MAX_COLUMNS];
	size_t n = split(s, record, ids);
	for (size_t i = 0; i < n && n > 1; i++) {
		uint64_t bit = ids[i].hash >> 32 & (DISTINCT - 1);
		s->columns[ids[i].column].distinct[bit / 64] |= UINT64_C(1) << bit % 64;
		struct value *v = value_of(s, &ids[i]);
		if (v == NULL)
			continue;
		v->rows++;
		for (size_t k = 0; k < n; k++) {
			uint64_t other = ids[k].hash >> 16 & (OTHERS - 1);
			if (k != i)
				v->others[other / 64] |= UINT64_C(1) << other % 64;
		}
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

size_t document_shared_warnings(const struct document_shared *s, struct map_warning **out)
{
	struct map_warning *list = df_alloc((s->n_columns + 1) * sizeof(*list));
	size_t n = 0;
	for (size_t c = 0; c < s->n_columns; c++) {
		const struct value *top = NULL;
		double most = 0, least = has_few_values(s, c) ? FEW : MANY;
		for (size_t i = 0; i < SLOTS; i++) {
			const struct value *v = &s->values[i];
			double others = v->hash != 0 && v->column == c ? counted(v->others, OTHERS) : 0;
			others = fmin(others, v->rows); /* a row of many identities is one person all the same */
			if (others <= most)
				continue;
			most = others;
			top = v;
		}
		if (top == NULL || most + 0.5 < least)
			continue;
		struct map_warning *w = &list[n++];
		snprintf(w->code, sizeof(w->code), "shared-identity");
		snprintf(
		    w->text, sizeof(w->text),
		    "%s: one value (its SHA-256 begins with %s) is in %u rows, with %.0f different other identities; "
		    "is it an account, a store or a test rather than a person?",
		    s->columns[c].name, top->digest, top->rows, most);
	}
	*out = list;
	return n;
}
