/* SPDX-License-Identifier: MIT */
/* map_json.h - cells that hold JSON */
#ifndef MAP_JSON_H
#define MAP_JSON_H

#include "dropfeed/liquid.h"
#include "map_cell.h"

struct map_op;

/* JSON in a cell that is a whole object or list of the schema. */
struct map_json {
	const struct map *m;
	struct liquid_arena *arena; /* of the row */
	struct df_buf *out;
	struct df_buf *ids;      /* where identities are noted as well, or NULL */
	struct map *notes;       /* the map that notes what it meets, or NULL */
	const struct map_op *op; /* with notes: the column's */
	/* where the names of attributes without a value are noted, or NULL */
	struct df_buf *deleted;
	struct map_cell_fault *fault;
	bool truncated; /* out */
	/* while it is at work */
	bool limited;    /* the API's limits for attributes hold */
	char place[128]; /* of the fault, as in [1].price */
};

/* Appends the value; nothing when it holds nothing. False: nothing is appended and the fault is
 * filled. */
bool map_json_emit(struct map_json *j, const struct schema_field *field, const char *p, size_t len);

/* As map_cell_emit, of any type: for values that belong to no row. */
bool map_value_emit(const struct map *m, enum schema_type type, const struct schema_field *field,
		    const struct rows_cell *cell, struct df_buf *out, struct map_cell_fault *fault);

#endif
