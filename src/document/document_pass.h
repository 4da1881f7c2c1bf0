/* SPDX-License-Identifier: MIT */
/* document_pass.h - a row of a document, checked by whoever has time, and taken in its turn:
 * what document_pass.c, document_row.c and document_parts.c share */
#ifndef DOCUMENT_PASS_H
#define DOCUMENT_PASS_H

#include "dropfeed/document.h"

/* What decides whether a row's batch can be sent: of batch_settings the sink's part. */
struct batch_settings document_pass_sizes(const struct document_pass *w);

/* Maps the row. False: it is rejected, the record's faults say why; or skipped, and there are
 * none. sizes: document_pass_sizes. */
bool document_pass_check_row(struct map *m, const struct batch_settings *sizes,
			     const struct rows_row *row, struct map_record *record);

/* Is it longer than the guidelines want? document_pass_take_row warns of the first one. */
bool document_pass_row_is_long(uint64_t length);

/* Counts the row and hands it on. where: its number is set here. */
enum df_status document_pass_take_row(struct document_pass *w, struct batch_row *where,
				      const struct map_record *record, bool sound,
				      struct df_err *err) DF_CHECK;

/* Reads the document up to its first row: header gets that one, where there is one. */
enum df_status document_pass_header(struct document_pass *w, struct df_err *err) DF_CHECK;

/* Has it columns of our own, as reject files have? */
bool document_is_rejects(const struct map *m);

/* ---- document_guideline.c ---- */

#define DOCUMENT_GUIDELINE_COLUMNS 50
#define DOCUMENT_GUIDELINE_ROW     80000 /* bytes */

/* Adds a warning of the pass's own. */
void document_pass_note(struct document_pass *w, const char *code, const char *text);
/* What the hosted feed wants otherwise: a warning, or DF_REJECT guideline, as the feed says. */
enum df_status document_guideline(struct document_pass *w, struct df_err *err,
				  const char *text) DF_CHECK;
/* What can be said before a row is read. */
enum df_status document_guidelines_of_file(struct document_pass *w, struct df_err *err) DF_CHECK;

/* ---- document_open.c ---- */

/* header: the document has one. What it points to is the feed's. */
struct rows_format document_rows_format(const struct conf_rows *c, bool header);

/* Does the number of rows equal what a skipped line says? DF_REJECT row-count: no. */
enum df_status document_count_check(const struct document_pass *w, const struct rows *rows,
				    struct df_err *err) DF_CHECK;

/* ---- document_hint.c: which option of the feed explains a failure, where one does ---- */

/* Of a row that is rejected. */
void document_hint_reject(struct document_pass *w, const struct batch_row *where, const char *code);
/* Of the header: err is what the map says of it. Invisible characters in it are made visible. */
void document_hint_header(const struct rows *rows, const struct rows_row *row, struct df_err *err);
/* The first row of a document without one is not what the manifest lists. */
void document_hint_first(const struct rows *rows, const struct rows_row *row, struct df_err *err);
/* Of the document as a whole, when it was read. rows: NULL where it cannot be read at all. */
void document_hint_end(struct document_pass *w, const struct rows *rows, enum df_status st,
		       struct df_err *err);

/* Notes a line that skip_lines, skip_last_lines or comment leaves out, but that could be a row
 * (document_skipped.c). */
void document_skipped_note(struct document_pass *w, const struct rows *rows);

/* Notes letters of UTF-8 that were encoded twice, and controls in place of letters
 * (document_twice.c): reads the document's begin and end once more. */
void document_twice_note(struct document_pass *w);

/* Checks a row and takes it. */
enum df_status document_pass_one(struct document_pass *w, const struct batch_settings *sizes,
				 const struct rows_row *row, struct df_err *err) DF_CHECK;

/* Takes the rows from the place of `rows` on, up to the first one that begins at `until` or after
 * it. */
enum df_status document_pass_rows_until(struct document_pass *w, struct rows *rows, uint64_t until,
					struct df_err *err) DF_CHECK;

/* The same to the document's end, with helpers that read and check while the calling thread
 * takes. DF_END when all rows are taken. */
enum df_status document_pass_parts(struct document_pass *w, struct rows *rows,
				   struct df_err *err) DF_CHECK;

#endif
