/* SPDX-License-Identifier: MIT */
/*
 * map_derive.h - cells that a mapping makes of others
 *
 * A template, or a source within a cell's JSON, is a column of its own after the document's
 * columns: it is filled before the ops run, and they do not know the difference. A spread
 * (foo.*) stays empty; its op asks for its members.
 */
#ifndef MAP_DERIVE_H
#define MAP_DERIVE_H

#include "dropfeed/liquid.h"
#include "map_cell.h"
#include "map_manifest.h"

struct map_derived {
	size_t column;                 /* of the document: whose cell it is made of */
	const struct map_entry *entry; /* borrowed */
	/* own: {{ key }}; of a spread: the source up to the members' names */
	char *key;
	/* in key: the way through the cell's JSON; NULL: the cell itself */
	const char *path;
	bool whole;                      /* an object is taken as it is written */
	bool lists;                      /* a spread's members may be lists */
	bool items;                      /* it leads to the end of a list */
	const struct liquid_value *list; /* in this row: its entries, or NULL */
	bool faulty;                     /* in this row */
	bool id;                         /* it leads to an identity, or to an id of the row */
	bool nameless;                   /* in this row: that was made of nothing */
	struct rows_cell asked;          /* in this row: what `values` was asked for */
	bool listed;                     /* it has that */
	const char *pattern;             /* of a spread: its source; else NULL */
	char *way;                       /* own; of a spread: the way to the object */
	/* of a spread: where the members' names begin in its destination */
	size_t lead;
};

struct map_cell_json { /* of a column's cell, in this row */
	enum { MAP_JSON_UNREAD, MAP_JSON_READ, MAP_JSON_BAD } state;
	struct liquid_value value;
};

/* Adds one and returns its column. */
size_t map_derived_add(struct map *m, size_t column, const struct map_entry *entry, const char *key,
		       size_t key_len, const char *path);
/* NULL: a column of the document */
struct map_derived *map_derived_of(const struct map *m, size_t column);
void map_derived_free(struct map *m);

/* Before the others, for each row. */
void map_derive_begin(struct map *m, const struct rows_cell *cells);
/* Fills the cell. False: the fault is filled, with a code of NULL where it was reported
 * already. */
bool map_derive(struct map *m, struct map_derived *d, const struct rows_cell *cells,
		struct rows_cell *out, struct map_cell_fault *fault);

struct map_spread_item {
	struct rows_cell name, text;
	const struct liquid_value *list; /* instead of text, or NULL */
	bool taken;                      /* false: the member is another mapping's, or is ignored */
};
/* The object that is spread; nil where there is none. */
bool map_derive_object(struct map *m, const struct map_derived *d, const struct rows_cell *cells,
		       struct liquid_value *out, struct map_cell_fault *fault);
bool map_derive_item(struct map *m, const struct map_derived *d, const struct liquid_member *member,
		     struct map_spread_item *out, struct map_cell_fault *fault);

/* Renders a destination with what the source's name is. */
bool map_derive_target(struct map *m, const struct map_entry *entry, const char *key,
		       size_t key_len, struct df_buf *out, struct liquid_fault *fault);

#endif
