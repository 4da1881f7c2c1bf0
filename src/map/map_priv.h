/* SPDX-License-Identifier: MIT */
/*
 * map_priv.h - how a column's name becomes bytes of a batch
 *
 *	name --schema_path--> steps through the schema's tables --map_tree--> nodes
 *	    --map_program--> a flat list of ops
 *
 * The ops are run once per row by map_row.c: an object is opened, its leaves are written, and when
 * none of them had a value the buffer is cut back to where the object began.
 */
#ifndef MAP_PRIV_H
#define MAP_PRIV_H

#include "dropfeed/index.h"
#include "dropfeed/liquid.h"
#include "dropfeed/map.h"
#include "dropfeed/schema.h"
#include "dropfeed/time.h"

#define MAP_NONE         SIZE_MAX   /* no column */
#define MAP_MAX_OUTPUT   (2u << 20) /* bytes of a record's fragment */
#define MAP_MAX_WARNINGS 64u

/* ---- the tree: map_tree.c ---- */

enum map_node_kind { MAP_NODE_OBJECT, MAP_NODE_LIST, MAP_NODE_LEAF };

struct map_node {
	enum map_node_kind kind;
	char *key;                          /* own; NULL: an item of a list, or a root */
	char *path;                         /* own: for messages */
	const struct schema_field *field;   /* NULL: see schema_step */
	const struct schema_object *object; /* of an object whose fields are known */
	/* among its siblings: the schema's, the index, or the columns' */
	size_t order;
	unsigned flags;
	unsigned bit; /* in its parent's mask, 0: none */
	const struct map_node *parent;
	struct map_node **children; /* own, kept in order */
	size_t n_children, children_cap;
	/* own: those with keys, by their hashes; NULL while they are few */
	struct map_node **index;
	size_t n_keyed, slots;
	/* of a leaf */
	enum schema_type type;
	size_t column;
	char *fallback; /* own: a JSON value */
	size_t unless;  /* a column whose value keeps the fallback away */
	bool keep;      /* an empty cell does not delete the attribute */
};

struct map_node *map_node_new(enum map_node_kind kind, const char *key, size_t key_len);
void map_node_free(struct map_node *node);
/* Adds the path's leaf; NULL when it is there already. */
struct map_node *map_tree_add(struct map_node *root, const struct schema_path *path);
struct map_node *map_node_child(const struct map_node *node, const char *key); /* or NULL */
struct map_node *map_node_find(const struct map_node *node, const char *key, size_t len);

/* ---- the program: map_program.c ---- */

/* Flags of ops, beside those of the schema. */
enum map_op_flag {
	MAP_EVENT_TIME = 128,
	MAP_DELETABLE = 256,    /* an empty cell deletes the attribute */
	MAP_DELETED = 512,      /* the list that names them */
	MAP_VALUE_LIMIT = 1024, /* the value of an attribute */
	MAP_ENTRY = 2048,       /* an entry of a list of such */
	MAP_LONG_NAME = 4096,   /* the name of an attribute that is over the limit */
};

#define MAP_PIECE 16 /* heads are copied in pieces of so many bytes */

enum map_op_kind { MAP_OP_OPEN, MAP_OP_CLOSE, MAP_OP_LEAF };

struct map_op {
	enum map_op_kind kind;
	enum schema_type type;
	unsigned flags;
	unsigned bit;   /* what it sets in the mask of the object around it */
	unsigned need;  /* of a close: what has to be set */
	char bracket;   /* of a close: } or ] */
	unsigned limit; /* of an open: how many members it may have, 0: any number */
	size_t column;
	size_t unless;
	const struct map_node *node; /* its names */
	/* own: `"name":`, with the bracket of an open; a comma before it, MAP_PIECE bytes behind
	 * it */
	char *head;
	size_t head_len;
	bool common;          /* a leaf of the common kind: see leaf_common */
	const char *fallback; /* borrowed from the node */
	size_t fallback_len;
};

struct map_program {
	struct map_op *ops; /* own */
	size_t n, cap;
	unsigned need; /* of the root */
	size_t depth;  /* frames that a run takes */
};

/* n_columns: of the document; those that are derived come behind them. */
void map_program_build(struct map_program *program, struct map_node *root, size_t n_columns,
		       bool commerce);
void map_program_free(struct map_program *program);

/* ---- bindings: which column goes where, as the header, the manifest and the settings say ---- */

struct map_binding {
	size_t column; /* 0-based, or MAP_NONE: fixed */
	char *name;    /* own: the destination */
	char *fixed;   /* own, or NULL */
	bool keep;     /* see map_node */
	/* borrowed from the tree, once it is there; NULL: one of the row's own ids */
	struct map_node *leaf;
};

struct map_bindings {
	struct map_binding *v; /* own */
	size_t n, cap;
};

struct map_binding *map_bindings_add(struct map_bindings *b, size_t column, const char *name,
				     size_t len,
				     const char *fixed); /* borrowed until the next one */
void map_bindings_free(struct map_bindings *b);

/* ---- manifests: map_manifest.c, map_custom.c, map_transform.c ---- */

enum map_action { MAP_KEEP, MAP_IGNORE, MAP_STATIC };
enum map_when { MAP_NEVER, MAP_WHEN_NULL, MAP_WHEN_EMPTY };

enum map_otherwise { MAP_OTHERWISE_REJECT, MAP_OTHERWISE_KEEP, MAP_OTHERWISE_EMPTY };

struct map_value { /* both own */
	char *from, *to;
};

struct map_entry { /* of either kind of manifest */
	enum map_action action;
	char *source; /* own: a column's name, or NULL */
	size_t next;  /* the next entry with the same source, or MAP_NONE */
	char *field;  /* own: the destination, or NULL */
	char *value;  /* own: of MAP_STATIC; else the template's text, or NULL */
	/* of a field transformation only */
	enum map_when ignore_when;
	struct liquid *template; /* own: of the value, or NULL */
	/* own: of the destination, where it depends on the source's name; else NULL */
	struct liquid *target;
	struct map_value *values; /* own: by `from`; NULL: any value is taken */
	size_t n_values;
	enum map_otherwise otherwise;
};

struct map_texts {
	char **v; /* own, and what is in it */
	size_t n;
};

struct map_skip {     /* rows whose cell is one of these */
	char *source; /* own */
	struct map_texts in;
};

struct map_manifest {
	struct df_index *by_source; /* own: the first entry with exactly this source */
	/* own: the entries of a field transformation with a * or $unmapped for source */
	size_t *patterns;
	size_t n_patterns;
	bool transform; /* a field transformation; else a custom manifest */
	bool has_header;
	struct map_entry *entries; /* own */
	size_t n;
	struct map_skip *skips; /* own */
	size_t n_skips;
	struct map_texts fill_down, fill_by;
	size_t at;       /* the entry that is being looked at, 1-based: for messages */
	const char *key; /* before the entries: the manifest's own member that is being looked at */
};

enum df_status map_manifest_parse(const char *text, const struct schema_event *event,
				  struct map_manifest **out, struct df_err *err) DF_CHECK;
void map_manifest_free(struct map_manifest *manifest);
/* The first column of this name, or MAP_NONE. */
size_t map_column_find(const struct map *m, const char *name, size_t len);
/* Indexes the columns' names, once they are all there. */
void map_columns_index(struct map *m);
/* Fills by_source, next and patterns. */
void map_manifest_index(struct map_manifest *manifest);

/* Columns that the manifest wants and the header lacks: all of them make one error. */
struct map_missing {
	const struct map *map;
	struct df_buf text; /* own, until the end */
	const char *first;
	size_t n;
};
void map_missing_add(struct map_missing *missing, const char *name);
/* DF_OK when nothing is missing. */
enum df_status map_missing_end(struct map_missing *missing, struct df_err *err) DF_CHECK;

/* Names line and column of an entry, or (0) of the manifest's own member `key`, in an error that
 * is set. */
void map_manifest_place(const char *text, size_t entry, const char *key, struct df_err *err);

struct json_object;
/* The two kinds' entries; each checks keys, types and destinations. */
enum df_status map_custom_read(struct json_object *root, const struct schema_event *event,
			       struct map_manifest *out, struct df_err *err) DF_CHECK;
enum df_status map_transform_read(struct json_object *root, const struct schema_event *event,
				  struct map_manifest *out, struct df_err *err) DF_CHECK;
/* Member of an entry that has to be a string; *out is NULL where it is absent and not
 * `required`. */
enum df_status map_manifest_string(struct json_object *entry, size_t number, const char *key,
				   bool required, const char **out, struct df_err *err) DF_CHECK;
/* Refuses members other than the NULL-terminated `known`. number 0: the manifest's top. */
enum df_status map_manifest_keys(struct json_object *object, size_t number,
				 const char *const *known, struct map_manifest *manifest,
				 struct df_err *err) DF_CHECK;
enum df_status map_manifest_field(const struct schema_event *event, size_t number, const char *key,
				  const char *field, struct df_err *err) DF_CHECK;

/* An array of objects. */
enum df_status map_manifest_list(struct json_object *root, const char *key,
				 struct json_object **out, struct map_manifest *manifest,
				 struct df_err *err) DF_CHECK;
enum df_status map_manifest_distinct(struct map_manifest *manifest,
				     const struct schema_event *event, struct df_err *err) DF_CHECK;

/* What a manifest makes of the header: bindings, and which columns are thereby dealt with. */
enum df_status map_custom_bind(const struct map *m, struct map_bindings *out, bool *done,
			       struct df_err *err) DF_CHECK;
enum df_status map_transform_bind(struct map *m, struct map_bindings *out, bool *done,
				  struct df_err *err) DF_CHECK;
/* Are all columns of this name ignored? */
bool map_manifest_ignores(const struct map_manifest *manifest, const char *name);
bool map_transform_ignores(const struct map_manifest *manifest, const char *name);
/* Is the source a pattern, or $unmapped, and not one column's name? */
bool map_is_pattern(const char *source);
/* Does the pattern with its one * fit? */
bool map_pattern_fits(const char *pattern, const char *name, size_t len);

/* ---- rows: map_rows.c ---- */

struct json_object;
struct map_cell_fault;

struct map_fill {
	size_t column;
	struct df_buf last; /* its cell, in the row above */
};

struct map_rows {
	size_t *skip; /* own: columns, as the manifest's skips */
	size_t n_skip;
	struct map_fill *down, *by; /* own */
	size_t n_down, n_by;
	bool begun;              /* there is a row above */
	struct rows_cell *cells; /* own: the row's, filled */
};

enum df_status map_rows_read(struct json_object *root, struct map_manifest *out,
			     struct df_err *err) DF_CHECK;
void map_rows_free(struct map_manifest *manifest);
enum df_status map_values_read(struct json_object *json, size_t number, struct map_entry *out,
			       struct df_err *err) DF_CHECK;
void map_values_free(struct map_entry *e);
/* What the manifest has in place of the value. False: it has nothing, and that is a fault. */
bool map_values_apply(const struct map_entry *e, struct rows_cell *cell,
		      struct map_cell_fault *fault);

/* The columns that rows are looked at for: marked in `reached`. */
enum df_status map_rows_bind(struct map *m, bool *reached, struct df_err *err) DF_CHECK;
void map_rows_end(struct map *m);
/* The cells with those from above in place of empty ones; borrowed until the next row. */
const struct rows_cell *map_rows_fill(struct map *m, const struct rows_cell *cells);
bool map_rows_skip(const struct map *m, const struct rows_cell *cells);

/* ---- cells: map_cell.c, map_json.c ---- */

struct map_cell_fault {
	const char *code;
	char text[224];
};

/* Appends the value as JSON. False: nothing is appended and the fault is filled. Must not be called
 * with an empty cell.
 */
bool map_cell_emit(const struct map *m, enum schema_type type, const struct schema_field *field,
		   const struct rows_cell *cell, struct df_buf *out, struct map_cell_fault *fault);
/* The same for a point in time, which *ms is as well. */
bool map_cell_instant(const struct map *m, const char *p, size_t len, int64_t *ms,
		      struct df_buf *out, struct map_cell_fault *fault);

/* JSON in a cell that stands for a whole object or list of the schema. */
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

/* ---- cells that a mapping makes of others: map_derive.c ----
 *
 * A template, or a source within a cell's JSON, is a column of its own behind the document's
 * columns: it is filled before the ops run, and they do not know the difference. A spread
 * (foo.*) stays empty; its op asks for its members. */

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
/* Fills the cell. False: the fault is filled, with a code of NULL where it was told already. */
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

/* ---- the map itself ---- */

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
	bool guards_ids;              /* identities are looked at for placeholders */
	uint64_t placeholders[256];   /* see map_placeholder_init */
	const struct schema_event *event;
	struct map_manifest *manifest; /* own, or NULL */
	struct time_format time;
	char **names;             /* own: the columns' */
	struct df_index *by_name; /* own: the first column of each name */
	size_t n_names;
	bool *own;    /* own: per column, whether it is one that reject files add */
	bool has_own; /* any of them */
	/* own: per entry of a manifest without a header, its column, where the document has a
	 * header of places; else NULL */
	size_t *places;
	bool *done; /* own: per column, whether it is the manifest's, or one of our own */
	struct map_node *batch, *data; /* own trees; data is NULL when eventless */
	struct map_program batch_program, data_program;
	/* in data_program: the close of product_action.products; NULL: there is none */
	const struct map_op *fold_op;
	size_t request_column, message_column;
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
};

/* Kinds of values that identify nobody, at most. The last of the numbers are other kinds of values
 * that rows warn of. */
#define MAP_PLACEHOLDERS 64
enum map_note_kind {
	MAP_NOTE_PADDED = MAP_PLACEHOLDERS - 4, /* an identity with blanks at an end */
	/* \N, NULL, (null): no identity, but probably no value */
	MAP_NOTE_NULL_N,
	MAP_NOTE_NULL_WORD,
	MAP_NOTE_NULL_PARENS,
};
void map_placeholder_name(size_t kind, char *out, size_t size); /* for messages */
/* Per first byte, the lengths that placeholders may have, as bits. */
void map_placeholder_init(uint64_t lengths[256]);
/* False: the value, which is not empty, is not a placeholder. Nearly all values are found out by
 * their length and first byte. */
static inline bool map_placeholder_may(const uint64_t lengths[256], const char *p, size_t len)
{
	unsigned char first = (unsigned char)p[0];
	char last = p[len - 1];
	if (first == ' ' || first == '\t' || last == ' ' || last == '\t')
		return true; /* what is between the blanks counts */
	if (len >= 64)
		return false;
	bool shortened = first >= '0' && first <= '9' && len > 4 &&
			 (p[1] == '.' || p[1] == ',' || (p[1] | 0x20) == 'e'); /* as in 4.41E+11 */
	return shortened || (lengths[first] >> len & 1) != 0;
}
#define MAP_LONGEST_MARKER 6
/* As databases export what has no value. */
bool map_null_marker(const char *p, size_t len, size_t *kind);

/* Something was cut to the API's limits; an identity was a placeholder: map_notes.c */
void map_note_cut(struct map *m, const struct map_op *op);
void map_note_placeholder(struct map *m, const struct map_op *op, size_t kind);

void map_warn(struct map *m, const char *code, const char *fmt, ...) DF_PRINTF(3, 4);

/* The bindings from the columns' names, and all that follows. map.c */
enum df_status map_compile(struct map *m, struct df_err *err) DF_CHECK;

/* ---- columns of our own, which come back with rejects that were corrected. map_own.c ---- */
/* Notes which of m->names are ours. */
void map_own_find(struct map *m);
/* The same as in another map of the document. */
void map_own_copy(struct map *m, const struct map *from);
/* True when our two cells have moved to the left: the row was too short, and was filled up
 * since. */
bool map_own_moved(const struct map *m, const struct rows_cell *cells);
/* The header of places is read: m->places, and the names of these columns. DF_REJECT: it is not
 * complete. */
enum df_status map_places_find(struct map *m, struct df_err *err) DF_CHECK;
/* True when it is in one cell, as with other separators. */
bool map_places_joined(const struct rows_cell *first);
/* Why the first row does not suit a manifest without a header. DF_REJECT. */
enum df_status map_places_mismatch(const struct map *m, const struct rows_cell *first, size_t n,
				   struct df_err *err) DF_CHECK;
/* The name of place i, from 0: the caller's. */
char *map_place_name(const struct map *m, size_t i);

/* Looks on while a row is mapped, after each op. */
struct map_seen {
	const struct map_op *op;
	const struct df_buf *out;
	size_t out_before, deleted_before, faults_before; /* lengths before the op ran */
};
struct map_watch {
	void (*op)(struct map_watch *watch, const struct map_seen *seen);
};
enum df_status map_row_watched(struct map *m, const struct rows_cell *cells, size_t n,
			       struct map_record *record, struct map_watch *watch) DF_CHECK;

/* The root of a tree: schema_batch's, or an event's data. map_bind.c */
struct map_node *map_root_new(const struct schema_object *object, const char *path);

/* Builds trees and programs from m->bindings. map_bind.c */
enum df_status map_bind(struct map *m, struct df_err *err) DF_CHECK;

/* Adds the feed's defaults and checks what is missing. map_check.c */
void map_defaults(struct map *m);
enum df_status map_check(struct map *m, struct df_err *err) DF_CHECK;

#endif
