/* SPDX-License-Identifier: MIT */
/* What a row's values have in common: faults, and the API's limits. */
#include "map_run.h"

#include "map_derive.h"
#include "map_notes.h"
#include "map_program.h"
#include "map_state.h"
#include "map_tree.h"

#include <stdarg.h>
#include <stdio.h>

void map_run_fault(struct map_run *r, const char *code, size_t column, const char *fmt, ...)
{
	struct map_record *record = r->record;
	if (record->n_faults == MAP_MAX_FAULTS)
		return;
	struct map_fault *fault = &record->faults[record->n_faults++];
	fault->code = code;
	const struct map_derived *d = map_derived_of(r->m, column);
	fault->column = column == MAP_NONE ? 0 : d != NULL ? d->column + 1 : column + 1;
	fault->name = map_column_name(r->m, fault->column);
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(fault->text, sizeof(fault->text), fmt, ap);
	va_end(ap);
	df_utf8_sanitize(fault->text);
}

/* The API's limits for the value's length, in characters. Few values have as many bytes. */
bool map_run_fits(struct map_run *r, const struct map_op *op, struct rows_cell *cell)
{
	size_t max = 0;
	if (op->flags & MAP_LONG_NAME) {
		map_run_fault(r, "too-long", op->column,
			      "the attribute's name has more than %u characters; shorten it or set "
			      "limits = truncate",
			      MAP_MAX_NAME);
		return false;
	}
	if (op->flags & MAP_ENTRY)
		max = MAP_MAX_LIST_VALUE;
	else if (op->flags & MAP_VALUE_LIMIT)
		max = MAP_MAX_VALUE;
	else if (op->flags & SCHEMA_EVENT_NAME)
		max = MAP_MAX_NAME;
	if (max == 0 || cell->len <= max)
		return true;
	size_t prefix = map_utf8_prefix(cell->p, cell->len, max);
	if (prefix == cell->len)
		return true;
	if (r->m->feed->map.limits_truncate) {
		cell->len = prefix;
		map_note_cut(r->m, op);
		return true;
	}
	map_run_fault(
	    r, "too-long", op->column,
	    "the API takes at most %zu characters here; shorten the value or set limits = truncate",
	    max);
	return false;
}

/* Is there room for another member? Where there is none, that is said once per object. */
bool map_run_has_room(struct map_run *r, const struct map_op *op)
{
	struct map_frame *frame = r->frame;
	if (frame->limit == 0 || frame->count < frame->limit)
		return true;
	if (r->m->feed->map.limits_truncate)
		map_note_cut(r->m, op);
	else if (frame->count++ == frame->limit)
		map_run_fault(
		    r, "too-many-attributes", op->column,
		    "the API takes at most %u %s; leave some out or set limits = truncate",
		    frame->limit, op->flags & MAP_ENTRY ? "entries in a list" : "attributes");
	return false;
}

void map_run_separate(struct map_run *r)
{
	if (r->out->len > r->frame->body)
		df_buf_addc(r->out, ',');
}

/* The event's time is wanted as a number, too. */
bool map_run_event_time(struct map_run *r, const char *p, size_t len, struct df_buf *out,
			struct map_cell_fault *fault)
{
	const char *why = NULL;
	if (!map_cell_instant(r->m, p, len, &r->record->timestamp_ms, out, fault))
		return false;
	r->record->has_timestamp = time_in_range(&r->m->time, r->record->timestamp_ms, &why);
	if (!r->record->has_timestamp) {
		r->record->late = r->record->timestamp_ms >= r->m->time.range.last;
		fault->code = "bad-timestamp";
		snprintf(fault->text, sizeof(fault->text), "%s", why);
	}
	return r->record->has_timestamp;
}
