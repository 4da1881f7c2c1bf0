/* SPDX-License-Identifier: MIT */
/* map_state.h - a map: what is compiled of a document, and what a row needs */
#ifndef MAP_STATE_H
#define MAP_STATE_H

#include "dropfeed/index.h"
#include "dropfeed/liquid.h"
#include "dropfeed/map.h"
#include "dropfeed/plan.h"
#include "dropfeed/time.h"
#include "map_bindings.h"
#include "map_derive.h"
#include "map_manifest.h"
#include "map_placeholder.h"
#include "map_program.h"
#include "map_rows.h"

#define MAP_MAX_OUTPUT (2u << 20) /* bytes of a record's fragment */

#define MAP_HEADING_SLOTS 1024u

struct map_frame {
	size_t start; /* where the object's head, with its comma, begins */
	size_t body;  /* where its members begin */
	unsigned seen;
	unsigned count; /* of members */
	unsigned limit; /* of members, 0: none */
};

/* product_action, promotion_action, product_impressions */
#define MAP_COMMERCE_BITS (1u << 29 | 1u << 30 | 1u << 31)

struct map {
	const struct conf_feed *feed; /* borrowed */
	bool commerce;                /* the event is a commerce event */
	enum map_want want;
	enum conf_placeholder placeholder_ids;
	bool guards_ids; /* identities are looked at for placeholders */
	struct map_first placeholders[256];
	const struct schema_event *event;
	struct map_manifest *manifest; /* own, or NULL */
	struct time_format time;
	char **names;             /* own: the columns' */
	struct df_index *by_name; /* own: the first column of each name */
	size_t n_names;
	bool *own;     /* own: per column, whether it is one that reject files add */
	bool has_own;  /* any of them */
	bool trailing; /* the last column has no name, and has to be empty */
	bool native;   /* the header is one of paths, which the manifest says that there is not */
	/* how a cell of a header may begin: see map_heading.c */
	bool heading[MAP_HEADING_SLOTS];
	/* own: per entry of a manifest without a header, its column, where the document has a
	 * header of places; else NULL */
	size_t *places;
	bool *done; /* own: per column, whether it is the manifest's, or one of our own */
	struct map_node *batch, *data; /* own trees; data is NULL when eventless */
	struct map_program batch_program, data_program;
	/* in data_program: the close of product_action.products; NULL: there is none */
	const struct map_op *fold_op;
	size_t request_column, message_column;
	/* what says which order a row buys, and its total; MAP_NONE: nothing does */
	size_t order_id, order_total, order_action;
	bool buys;                /* where the action's cell is empty */
	size_t time_column;       /* of the batch's own time, which is left out; or MAP_NONE */
	struct map_frame *frames; /* own */
	struct map_bindings bindings;
	struct df_buf ids, batch_out, data_out, request_out, message_out, deleted;
	struct map_warning *warnings; /* own */
	size_t n_warnings;
	struct map_note *notes; /* own: see map_notes.c */
	size_t n_notes;
	struct map_derived *derived; /* own */
	size_t n_derived, derived_cap;
	struct map_cell_json *json; /* own: per column, NULL when nothing is derived */
	struct rows_cell *cells;    /* own: a row's cells and the derived ones */
	struct map_rows rows;
	bool uses_row;               /* a template takes cells of the whole row */
	struct liquid_member *row;   /* own: with it, the variable `row` */
	struct liquid_arena arena;   /* of a row */
	struct map_cell_fault fault; /* of a cell that is looked at again, to say so */
	struct df_buf rendered;
	struct map_planned_columns *planned_columns; /* own, with planner */
	bool clean;                                  /* the data plan allows the row for sure */
	bool planned;                            /* the latest row was held against the data plan */
	struct plan_checker *planner;            /* own: see map_planned.c; NULL: no data plan */
	size_t plan_column, plan_version_column; /* that name the row's own plan, or MAP_NONE */
};

/* Is the column one that reject files add? */
static inline bool map_owns(const struct map *m, size_t column)
{
	return m->has_own && m->own[column];
}

#endif
