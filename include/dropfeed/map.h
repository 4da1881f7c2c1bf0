/* SPDX-License-Identifier: MIT */
/*
 * map.h - a row becomes a record, the JSON of one event and of its user, or a list of faults
 *
 *	struct map *m = NULL;
 *	map_open(feed, "custom_event", &m, &err);		reads the manifest
 *	if (map_is_header(m, cells, n)) map_header(m, cells, n, &err);
 *	    once per document: columns -> program
 *	else map_no_header(m, cells, n, &err);		once per document, with its first row
 *	st = map_row(m, cells, n, &record);  per row: DF_OK, or DF_REJECT with record.faults
 *	map_close(m);
 *
 * All paths of the vendor's schema are data in schema.c. The program is compiled once per document;
 * per row nothing is looked up by name and nothing is allocated. A record lives until the next
 * map_row.
 */
#ifndef DROPFEED_MAP_H
#define DROPFEED_MAP_H

#include "dropfeed/conf.h"
#include "dropfeed/rows.h"
#include "dropfeed/schema.h"

struct map;

#define MAP_MAX_FAULTS  16
#define MAP_MAX_COLUMNS 10000u

/* The Events API's limits, in characters (mParticle, "Default service limits"). */
#define MAP_MAX_NAME       256u
#define MAP_MAX_VALUE      4096u
#define MAP_MAX_LIST_VALUE 512u
#define MAP_MAX_LIST       1000u
#define MAP_MAX_ATTRIBUTES 100u

struct map_fault {
	const char *code; /* missing-identity, not-an-integer, ... (a string constant) */
	size_t column;    /* 1-based column of the document, 0: the row as a whole */
	const char *name; /* that column's name, borrowed from the map, or "" */
	char text[256];   /* what was expected and what to do; never the cell's value */
};

/* Fragments are complete JSON members, comma-separated, without braces around; "" when there are
 * none. All of them are UTF-8 on one line. */
struct map_record {
	/* the identities only, in canonical form: equal bytes = the same set of IDs */
	const char *ids;
	size_t ids_len;
	/* batch_hash of them, where it was computed before the record's turn came; 0: it was not */
	uint64_t ids_hash;
	/* members of the batch: all but source_request_id and events; equal bytes = mergeable */
	const char *batch;
	size_t batch_len;
	/* so many bytes at its end do not count for that: the batch's own time */
	size_t batch_tail;
	/* members of events[].data, all but source_message_id; not used when eventless */
	const char *data;
	size_t data_len;
	/* the row's own source_request_id, NULL: none (JSON-escaped, without quotes) */
	const char *request_id;
	size_t request_id_len;
	const char *message_id; /* the row's own events.data.source_message_id, likewise */
	size_t message_id_len;
	/* Where in `data` the items of product_action.products are, and how many; fold_to 0: the
	 * row has none. */
	size_t fold_from, fold_to, fold_items;
	/* Of a purchase that states an order's total: hashes of the order's id and of that; order
	 * is 0 of all others. */
	uint64_t order;
	uint32_t order_total;
	/* The plan leaves the event out: the row has a user's part alone, and data is not used. */
	bool no_event;
	bool has_timestamp; /* events.data.timestamp_unixtime_ms is set */
	int64_t timestamp_ms;
	struct map_fault faults[MAP_MAX_FAULTS]; /* when map_row returned DF_REJECT */
	size_t n_faults;
	bool late; /* the event's time is after timestamp_range: perhaps the clock is wrong */
	/* whoever checks the row sets it: the fault refuses the document as a whole */
	bool refuses;
};
/* Where in the record's batch its ids are, which nearly always are there in one piece; SIZE_MAX:
 * they are somewhere else. */
static inline size_t map_record_ids_at(const struct map_record *r)
{
	const uintptr_t ids = (uintptr_t)r->ids, batch = (uintptr_t)r->batch;
	const size_t at = (size_t)(ids - batch);
	return ids >= batch && at <= r->batch_len && r->ids_len <= r->batch_len - at ? at
										     : SIZE_MAX;
}

struct map_warning { /* e.g. an ignored unknown column, truncated attributes */
	char code[32];
	char text[512];
};

/* Builds a map for documents of `event_type` ("custom_event", ..., "eventless") under the feed's
 * settings. DF_USAGE when the manifest is broken (err names its line and column). The feed is
 * borrowed until map_close. */
enum df_status map_open(const struct conf_feed *feed, const char *event_type, struct map **out,
			struct df_err *err) DF_CHECK;

/* When the document was begun: timestamp_range is relative to it. Before the header; without it,
 * it is now. */
void map_begun(struct map *m, int64_t begun_ms);

/* The columns of our own: reject files have the first two after the document's. Where the
 * document has no header, its reject file begins with one, of names such as dropfeed.column1. */
#define MAP_COLUMN_LINE   "dropfeed.line"
#define MAP_COLUMN_REASON "dropfeed.reason"
#define MAP_COLUMN_PLACE  "dropfeed.column"           /* and a number, from 1 */
bool map_column_is_own(const char *name, size_t len); /* one of the first two */
/* Whether the text begins as the reason of a row does whose cells could not be counted: it may
 * have been short, so that its own two cells are not below their columns. */
bool map_reason_of_broken(const char *text, size_t len);

/* False when the manifest says that the document has no header row, unless map_header has read
 * that of a reject file, or one of paths. */
bool map_has_header(const struct map *m);
/* Whether a document's first row is a header: as the manifest says, or because all its cells are
 * names of our own, or paths. */
bool map_is_header(const struct map *m, const struct rows_cell *cells, size_t n);
bool map_header_of_places(const struct rows_cell *cells, size_t n); /* the latter alone */
/* How many columns a manifest without a header lists; 0 where documents have one. */
size_t map_places(const struct map *m);

/* Compiles the program from the header. DF_REJECT: duplicate-column, unknown-column (with the
 * nearest known path), missing-column, no-identity-column, manifest-mismatch, too-long (an
 * attribute's name), guideline (too many columns). */
enum df_status map_header(struct map *m, const struct rows_cell *cells, size_t n,
			  struct df_err *err) DF_CHECK;
/* Its last column has no name and no values: a row that has one there is wrong-field-count. */
void map_trailing(struct map *m);
/* Without a header the columns are the manifest's. */
enum df_status map_no_header(struct map *m, const struct rows_cell *first, size_t n,
			     struct df_err *err) DF_CHECK;

/* Maps a row. DF_OK: the record is filled. DF_REJECT: the record's faults say why, all of them
 * up to MAP_MAX_FAULTS. DF_END: the manifest skips the row, and there is no fault. */
enum df_status map_row(struct map *m, const struct rows_cell *cells, size_t n,
		       struct map_record *record) DF_CHECK;

/* The same for a row as it was read, which is faster. */
enum df_status map_row_read(struct map *m, const struct rows_row *row,
			    struct map_record *record) DF_CHECK;

/* Is the row not one of the data, but a second header (names of types, or labels) near the
 * document's begin, or a trailer near its end? Then the fault is filled. Nothing is with
 * placeholder_ids = keep. */
#define MAP_STRAY_BEGIN 4096u /* bytes: no other row need be asked about */
#define MAP_STRAY_END   512u
bool map_stray_row(const struct map *m, const struct rows_row *row, struct map_fault *fault);

/* Does the row name columns, as the second header in files that were put together does: all its
 * cells are paths, or names that columns have? */
enum map_heading {
	MAP_HEADING_NONE,
	MAP_HEADING_SAME,  /* the document's columns, in their order */
	MAP_HEADING_OTHER, /* others, or in another order: those of the rows after it */
};
enum map_heading map_heading(const struct map *m, const struct rows_row *row);
/* Cell i, from 0, without the mark of UTF-8 or the form feed that is before the first one of a file
 * that was put after another one. */
struct rows_cell map_heading_cell(const struct rows_row *row, size_t i);

/* What of the records is wanted, for all rows to come; clones want the same. */
enum map_want {
	MAP_WANT_ALL,
	MAP_WANT_LENGTHS, /* of `data` the length alone: its bytes may be left out */
	MAP_WANT_VERDICT, /* nothing of sound rows: all fragments may be left out */
};
void map_want(struct map *m, enum map_want want);

/* The columns' names as the document spells them (or as the manifest names them), for messages.
 * Borrowed. */
size_t map_columns(const struct map *m);
/* 1-based; "" when there is none */
const char *map_column_name(const struct map *m, size_t column);

size_t map_warnings(const struct map *m,
		    /* borrowed; grows with header and rows, bounded */
		    const struct map_warning **out);

/* A row's values may come from the row above: the rows have to be mapped one after the other, by
 * one map. */
bool map_in_order(const struct map *m);
/* Notes a row that is not mapped itself, but is above one that will be. n 0: its cells are not
 * known. */
void map_above(struct map *m, const struct rows_cell *cells, size_t n);

/* ---- a document in parts, each with a map of its own ---- */

/* Another map for the same document, after its columns are known; to be closed by the caller.
 * Warnings of the columns come with it. */
enum df_status map_clone(const struct map *m, struct map **out, struct df_err *err) DF_CHECK;
/* What rows warned of: in parts it is kept apart, as the rows may turn out not to be any. The
 * list is borrowed, until the next row. */
struct map_note {
	size_t what, warning; /* the map's own */
	uint64_t n;           /* rows */
	const char *code;     /* of what has a text of its own; else NULL */
	char text[304];       /* with code */
};
size_t map_notes(const struct map *m, const struct map_note **out);
void map_notes_forget(struct map *m);
/* warns as rows of m's own would have */
void map_note_add(struct map *m, const struct map_note *added);

/* ---- explaining: where each column goes, and what became of a row's cells. Not for deliveries:
 * it takes its time. ---- */

/* How a value comes about. */
enum map_via {
	MAP_VIA_NONE,     /* it does not: the column is ignored, or unknown; `text` says why */
	MAP_VIA_CELL,     /* the cell as it is */
	MAP_VIA_JSON,     /* a value within the cell's JSON */
	MAP_VIA_MEMBERS,  /* every member of the cell's JSON object */
	MAP_VIA_TEMPLATE, /* a manifest's template; `text` is the template */
	MAP_VIA_STATIC,   /* a manifest's static value */
	MAP_VIA_DEFAULT,  /* a default of the feed, for want of a column */
};

enum map_outcome {
	MAP_OUTCOME_UNKNOWN,   /* no row was looked at */
	MAP_OUTCOME_WRITTEN,   /* `value` */
	MAP_OUTCOME_DEFAULTED, /* the cell is empty: `value` is the feed's default */
	MAP_OUTCOME_EMPTY,     /* nothing to write: the field is left out */
	/* likewise, and the attribute's name is in deleted_user_attributes */
	MAP_OUTCOME_DELETED,
	MAP_OUTCOME_FAULTY,   /* the row's faults say why */
	MAP_OUTCOME_LEFT_OUT, /* for the API's limits, or as it came to nothing */
};

struct map_node;

struct map_route {
	enum map_via via;
	size_t column; /* 1-based column of the document; 0: none, the value is fixed */
	/* own: where in the batch, as `user_identities.customer_id`; NULL: nowhere */
	char *path;
	char *type; /* own: "integer", "one of ...", ...; NULL: nowhere */
	/* the manifest's pattern for the column, borrowed from the map, or NULL */
	const char *source;
	char *text;      /* own, or NULL: see map_via */
	char *fallback;  /* own: the JSON that replaces an empty cell, or NULL */
	bool deletes;    /* an empty cell deletes the attribute */
	size_t n_values; /* that the manifest has for it; 0: it takes any */
	/* of a row: */
	char *asked; /* own: what `values` was asked for, after the template; or NULL */
	bool listed; /* it has that */
	enum map_outcome outcome;
	char *value; /* own: the JSON that was written, or NULL */
	/* the map's: */
	const struct map_node *node;
	size_t slot, at;
};

struct map_routes {
	struct map_route *v; /* own: by column, the fixed ones last */
	size_t n, cap;
	/* own: of a row, what the data plan does not allow: where, what, and whether it is left
	 * out */
	char **remarks;
	size_t n_remarks;
};

/* Lists the routes after map_header or map_no_header. Where these refused the document it lists
 * what there is to say: every column has one route at least. */
void map_describe(struct map *m, struct map_routes *out);
/* As map_row, and fills in the routes' outcomes. The header has to have been accepted. */
enum df_status map_describe_row(struct map *m, const struct rows_cell *cells, size_t n,
				struct map_routes *routes, struct map_record *record) DF_CHECK;
void map_routes_free(struct map_routes *routes);

void map_close(struct map *m);

/* ---- names and values on their own, for those who choose paths ---- */

/* Names are unique, but for the columns that append to a list. */
enum df_status map_check_unique(char *const *names, size_t n, struct df_err *err) DF_CHECK;
/* dropfeed.line and dropfeed.reason come back with rejects that were corrected. */
bool map_own_column(const char *name);
void map_cell_trim(const char **p, size_t *len); /* blanks around a typed value */
/* Length in bytes of the first `max` characters. Equals len when there are no more. */
size_t map_utf8_prefix(const char *p, size_t len, size_t max);
/* Does the field take this value? Times are not for this. m: any map of the event type. */
bool map_value_fits(const struct map *m, enum schema_type type, const struct schema_field *field,
		    const char *p, size_t len);

/* Whether the value identifies nobody, such as a word for nothing in an identity column. *kind:
 * which of them. */
bool map_placeholder(const char *p, size_t len, size_t *kind);

struct map_taken; /* paths that are taken already */

struct map_taken *map_taken_new(const struct schema_event *event); /* the caller's */
void map_taken_free(struct map_taken *t);
/* False: the path, a part of it or the whole of it is taken. */
bool map_taken_add(struct map_taken *t, const struct schema_path *path);
/* How many members of the object are taken: of the batch, or of events.data. 0 for an object
 * that nothing leads to. */
size_t map_taken_below(const struct map_taken *t, bool data, const char *object);
bool map_taken_any(const struct map_taken *t, bool data,
		   const char *object);       /* anything leads to the object or into it */
bool map_taken_id(const struct map_taken *t); /* an identity is among them */

#endif
