/* SPDX-License-Identifier: MIT */
/*
 * Identities that many share: an account's or a store's number, or a test user's, taken for one
 * person's. Each value is counted with the different other identities that it meets in a row, in
 * a table of fixed size: what comes after it is full is not counted.
 *
 * Millions of rows show the same as a sample of them, so that a long document costs little. The
 * values come in any order, so that each is far away in memory: it is asked for when its row comes,
 * and counted some rows after that.
 */
#include "dropfeed/document.h"
#include "dropfeed/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define SLOTS       131072u /* a power of 2; most look-ups fail: many are to be free */
#define FULL        49152u  /* values */
#define PLACE       0xffffu /* of a slot: the value's number, from 1; the rest is its hash */
#define MAX_COLUMNS 48
#define OTHERS      256u  /* bits that other identities are counted by */
#define DISTINCT    8192u /* likewise, of a column's values */
/* others that make a value worth a look, where the column has few values */
#define FEW      3
#define MANY     20     /* others that do in any column */
#define MAX_KEPT 4096   /* bytes of a row's identities that are kept */
#define WAITING  8      /* rows that do; a power of 2 */
#define EACH_ROW 65536u /* rows from the begin of which each is counted */
#define SAMPLE   16u    /* of those after them one in so many is; a power of 2 */

struct value {             /* one line of the cache */
	uint32_t rows;     /* that were counted */
	uint32_t estimate; /* of all rows that have it */
	uint16_t n_others; /* bits of `others` */
	uint8_t column;
	char digest[13]; /* the first digits of its SHA-256, once it has FEW others */
	uint64_t others[OTHERS / 64];
} __attribute__((aligned(64)));

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

/* A row that waits to be counted. */
struct waiting {
	struct df_buf text;         /* its identities */
	struct id ids[MAX_COLUMNS]; /* in the text */
	size_t n;
	uint64_t hash;   /* of the text; 0: not known */
	bool repeats;    /* the row before has the same ones: ids is not set */
	uint32_t weight; /* of all rows, so many are like it */
};

struct document_shared {
	uint64_t *slots;      /* own; 0: free */
	struct value *values; /* as they came; the first one begins a line */
	void *memory;         /* own: what they are in */
	size_t n_values, n_columns;
	uint64_t rows;
	struct waiting waiting[WAITING];    /* a ring */
	uint64_t began, counted;            /* so many of them */
	struct value *of_last[MAX_COLUMNS]; /* of the row that was counted last */
	size_t n_last;
	/* the columns of the last row's identities: mostly they are this one's, too */
	size_t order[MAX_COLUMNS];
	struct column columns[MAX_COLUMNS];
};

struct document_shared *document_shared_new(void)
{
	struct document_shared *s = df_alloc(sizeof(*s));
	s->slots = df_alloc(SLOTS * sizeof(*s->slots));
	s->memory = df_alloc((FULL + 1) * sizeof(*s->values));
	s->values = (struct value *)(((uintptr_t)s->memory + 63) & ~(uintptr_t)63);
	return s;
}

void document_shared_free(struct document_shared *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < WAITING; i++)
		df_buf_free(&s->waiting[i].text);
	free(s->slots);
	free(s->memory);
	free(s);
}

/* Most names have 8 to 16 letters. */
static inline bool same_name(const char *a, const char *b, size_t len)
{
	uint64_t first[2], last[2];
	if (len < 8 || len > 16)
		return memcmp(a, b, len) == 0;
	memcpy(&first[0], a, 8);
	memcpy(&first[1], b, 8);
	memcpy(&last[0], a + len - 8, 8);
	memcpy(&last[1], b + len - 8, 8);
	return ((first[0] ^ first[1]) | (last[0] ^ last[1])) == 0;
}

/* The quote after the name, or NULL: it is not the column's. */
static const char *name_end(const struct document_shared *s, size_t column, const char *name,
			    const char *end)
{
	if (column >= s->n_columns)
		return NULL;
	const struct column *c = &s->columns[column];
	bool is = (size_t)(end - name) > c->len && name[c->len] == '"' &&
		  same_name(c->name, name, c->len);
	return is ? name + c->len : NULL;
}

static size_t column_of(struct document_shared *s, const char *name, size_t len)
{
	for (size_t i = 0; i < s->n_columns; i++)
		if (s->columns[i].len == len && memcmp(s->columns[i].name, name, len) == 0)
			return i;
	if (s->n_columns == MAX_COLUMNS || len >= sizeof(s->columns[0].name))
		return MAX_COLUMNS;
	memcpy(s->columns[s->n_columns].name, name, len);
	s->columns[s->n_columns].len = len;
	return s->n_columns++;
}

/* Of the column, too; never 0. */
static uint64_t shared_hash(const struct id *id)
{
	uint64_t h =
	    batch_hash(id->value, id->len) ^ (id->column + 1) * UINT64_C(0x9e3779b97f4a7c15);
	return h != 0 ? h : 1;
}

/* A record's identities are "name":value pairs with commas between them; the names are the
 * schema's. */
static size_t shared_split(struct document_shared *s, const struct df_buf *text,
			   struct id ids[MAX_COLUMNS])
{
	size_t n = 0;
	const char *end = text->data + text->len;
	for (const char *p = text->data; end - p > 4 && n < MAX_COLUMNS;) {
		const char *name = p + 1, *quote = name_end(s, s->order[n], name, end);
		if (quote == NULL) {
			quote = memchr(name, '"', (size_t)(end - name));
			if (quote != NULL)
				s->order[n] = column_of(s, name, (size_t)(quote - name));
		}
		if (quote == NULL || end - quote < 3)
			return n;
		const char *value = quote + 2, *stop = json_value_end(value, end);
		bool quoted = *value == '"';
		if (s->order[n] < MAX_COLUMNS) {
			struct id *id = &ids[n];
			id->column = s->order[n++];
			id->value = value + quoted;
			id->len = (size_t)(stop - value) - 2 * (size_t)quoted;
			id->hash = shared_hash(id);
		}
		p = stop + 1;
	}
	return n;
}

static struct value *value_of(struct document_shared *s, const struct id *id)
{
	size_t at = (size_t)id->hash & (SLOTS - 1);
	for (; s->slots[at] != 0; at = (at + 1) & (SLOTS - 1))
		if (((s->slots[at] ^ id->hash) & ~(uint64_t)PLACE) == 0)
			return &s->values[(s->slots[at] & PLACE) - 1];
	if (s->n_values == FULL)
		return NULL;
	struct value *v = &s->values[s->n_values++];
	s->slots[at] = (id->hash & ~(uint64_t)PLACE) | s->n_values;
	v->column = (uint8_t)id->column;
	return v;
}

static void name_value(struct value *v, const struct id *id)
{
	char hex[DF_DIGEST_HEX] = "";
	if (df_digest_hex(DF_SHA256, id->value, id->len, hex))
		memcpy(v->digest, hex, sizeof(v->digest) - 1);
}

static inline void add_other(struct value *v, const struct id *id, uint64_t other)
{
	uint64_t bit = other >> 16 & (OTHERS - 1), mask = UINT64_C(1) << bit % 64;
	if ((v->others[bit / 64] & mask) != 0)
		return;
	v->others[bit / 64] |= mask;
	if (++v->n_others == FEW)
		name_value(v, id);
}

static void count_ids(struct document_shared *s, const struct id *ids, size_t n)
{
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

/* Counts the row that waits longest. */
static void count_row(struct document_shared *s)
{
	const struct waiting *w = &s->waiting[s->counted++ % WAITING];
	if (!w->repeats)
		count_ids(s, w->ids, w->n);
	for (size_t i = 0; i < s->n_last; i++) {
		s->of_last[i]->rows++;
		s->of_last[i]->estimate += w->weight;
	}
}

/* A row of many identities is counted at once, and its text is freed. */
static void forget_long(struct document_shared *s, struct waiting *w)
{
	while (s->counted < s->began)
		count_row(s);
	df_buf_free(&w->text);
	w->n = 0;
}

static bool repeats(const struct document_shared *s, const struct map_record *record)
{
	const struct waiting *before = &s->waiting[(s->began - 1) % WAITING];
	return s->began > 0 && before->hash == record->ids_hash &&
	       before->text.len == record->ids_len &&
	       memcmp(before->text.data, record->ids, record->ids_len) == 0;
}

void document_shared_row(struct document_shared *s, const struct map_record *record)
{
	uint64_t row = s->rows++;
	if (!is_sampled(row) || record->ids_len == 0)
		return;

	if (s->began - s->counted == WAITING)
		count_row(s);
	struct waiting *w = &s->waiting[s->began % WAITING];
	w->weight = row < EACH_ROW ? 1 : SAMPLE;
	w->repeats = repeats(s, record);
	w->hash = record->ids_hash;
	s->began++;
	df_buf_reset(&w->text);
	df_buf_add(&w->text, record->ids, record->ids_len);
	if (w->repeats)
		return;

	w->n = shared_split(s, &w->text, w->ids);
	for (size_t i = 0; i < w->n && w->n > 1; i++)
		__builtin_prefetch(&s->slots[w->ids[i].hash & (SLOTS - 1)]);
	if (w->text.len > MAX_KEPT) /* rare, and too large to be kept */
		forget_long(s, w);
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
	for (size_t i = 0; i < s->n_values; i++) {
		const struct value *v = &s->values[i];
		if (v->n_others < FEW)
			continue;
		/* A row of many identities is one person all the same. */
		double others = fmin(counted(v->others, OTHERS), v->rows);
		if (others > most[v->column].others)
			most[v->column] = (struct most_shared){v, others};
	}
}

size_t document_shared_warnings(struct document_shared *s, struct map_warning **out)
{
	while (s->counted < s->began)
		count_row(s);
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
