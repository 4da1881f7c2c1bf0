/* SPDX-License-Identifier: MIT */
/* run_walk.h - a row of a document, checked by whoever has time, and taken in its turn: between run_walk.c and run_parts.c */
#ifndef RUN_WALK_H
#define RUN_WALK_H

#include "run_priv.h"

/* Maps the row. False: it is rejected, the record's faults say why. sizes: the event type counts. */
bool walk_check_row(struct map *m, const struct batch_settings *sizes, const struct rows_row *row,
		    struct map_record *record);

/* Is it longer than the guidelines want? walk_take_row warns of the first one. */
bool walk_row_is_long(uint64_t length);

/* Counts the row and hands it on. where: its number is set here. */
enum df_status walk_take_row(struct walk *w, struct batch_row *where, const struct map_record *record, bool sound,
			     struct df_err *err) DF_CHECK;

/* Takes the rows from where `rows` stands, up to the first one that begins at `until` or behind it. */
enum df_status walk_rows_until(struct walk *w, struct rows *rows, uint64_t until, struct df_err *err) DF_CHECK;

/* The same to the document's end, with helpers that read and check while the calling thread takes. DF_END when all rows are
 * taken. */
enum df_status walk_parts(struct walk *w, struct rows *rows, struct df_err *err) DF_CHECK;

#endif
