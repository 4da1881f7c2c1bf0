/* SPDX-License-Identifier: MIT */
/* What rows warn of. In parts it is kept apart with its count, as the rows may turn out not to
 * be any. */
#include "map_notes.h"

#include "map_derive.h"
#include "map_placeholder.h"
#include "map_program.h"
#include "map_quick.h"
#include "map_state.h"
#include "map_tree.h"
#include "map_warn.h"

#include <stdio.h>

#define MAX_NOTES 128

static size_t ops_of(const struct map *m)
{
	return m->batch_program.n + m->data_program.n;
}

static size_t op_number(const struct map *m, const struct map_op *op)
{
	const struct map_program *batch = &m->batch_program, *data = &m->data_program;
	bool in_batch = op >= batch->ops && op < batch->ops + batch->n;
	return (size_t)(in_batch ? op - batch->ops : op - data->ops + (ptrdiff_t)batch->n);
}

static const struct map_op *op_at(const struct map *m, size_t i)
{
	const struct map_program *batch = &m->batch_program;
	return i < batch->n ? &batch->ops[i] : &m->data_program.ops[i - batch->n];
}

static void word_cut(const struct map *m, const struct map_note *note, char *out, size_t size)
{
	snprintf(out, size,
		 "%s was cut to the API's limits, or left out, in at least one row, as limits = "
		 "truncate says",
		 op_at(m, note->what)->node->path);
}

static size_t placeholder_kind(const struct map *m, const struct map_note *note)
{
	return (note->what - ops_of(m)) % MAP_PLACEHOLDERS;
}

static const char *note_code(const struct map *m, const struct map_note *note)
{
	if (note->code != NULL)
		return note->code;
	if (note->what < ops_of(m))
		return "too-long";
	size_t kind = placeholder_kind(m, note);
	return kind < MAP_NOTE_PADDED     ? "placeholder-id"
	       : kind <= MAP_NOTE_UNSEEN  ? "padded-id"
	       : kind == MAP_NOTE_QUOTED  ? "quoted-id"
	       : kind == MAP_NOTE_DECIMAL ? "decimal-id"
	       : kind == MAP_NOTE_COMMA   ? "decimal-comma"
	       : kind == MAP_NOTE_DAY     ? "day-and-month"
					  : "null-marker";
}

/* Values that are taken as they are, though a setting of the reader may be missing. */
static void word_taken(const struct map_note *note, size_t kind, const struct map_op *op,
		       const char *name, char *out, size_t size)
{
	const unsigned long long n = note->n;
	static const char *const markers[] = {"\\N", "NULL", "(null)", "NaN", "#N/A"};
	/* the setting takes letters as they are */
	static const char *const settings[] = {"\\N", "NULL null Null", "(null) (NULL) (Null)",
					       "NaN nan", "#N/A"};
	const char *values = n == 1 ? "value" : "values";
	if (kind == MAP_NOTE_PADDED)
		snprintf(out, size,
			 "column '%.200s': %llu %s with blanks at an end: to the API these are "
			 "other users than without them%s",
			 name, n, values,
			 op->type == SCHEMA_JSON ? "; correct the export"
						 : " (trim = yes removes them)");
	else if (kind == MAP_NOTE_UNSEEN)
		snprintf(
		    out, size,
		    "column '%.200s': %llu %s with a character at an end that nobody sees (a "
		    "control character, a no-break space, one without width): to the API these "
		    "are other users than without it; correct the export",
		    name, n, values);
	else if (kind == MAP_NOTE_QUOTED)
		snprintf(out, size,
			 "column '%.200s': %llu %s in quotes of %s own, as in \"C-1\", "
			 "=\"0012\" or '0012: to the API these are other users than without them; "
			 "correct "
			 "the export",
			 name, n, values, n == 1 ? "its" : "their");
	else if (kind == MAP_NOTE_DECIMAL)
		snprintf(out, size,
			 "column '%.200s': %llu %s like 1001.0 or 1,001, whole numbers that a "
			 "program wrote with decimals or marks: to the API these are other users "
			 "than 1001; correct the export",
			 name, n, values);
	else if (kind == MAP_NOTE_COMMA)
		snprintf(out, size,
			 "column '%.200s': %llu %s with a decimal comma, as 12,50, rejected; where "
			 "that is meant, 1.234 means 1234, and is delivered as 1.234: correct the "
			 "export, or remove the points and replace the comma in a manifest",
			 name, n, values);
	else if (kind == MAP_NOTE_DAY)
		snprintf(out, size,
			 "column '%.200s': %llu %s rejected, which would fit the pattern of "
			 "timestamps with %%d and %%m exchanged; then others, of a day up to 12, "
			 "are delivered as another day's: exchange them",
			 name, n, values);
	else
		snprintf(out, size,
			 "column '%.200s': %llu %s %s '%s', and sent so; null = %s takes it as an "
			 "empty cell",
			 name, n, values, n == 1 ? "is" : "are", markers[kind - MAP_NOTE_NULL_N],
			 settings[kind - MAP_NOTE_NULL_N]);
}

static void word_placeholder(const struct map *m, const struct map_note *note, char *out,
			     size_t size)
{
	size_t i = note->what - ops_of(m), kind = placeholder_kind(m, note);
	const struct map_op *op = op_at(m, i / MAP_PLACEHOLDERS);
	const struct map_derived *d = map_derived_of(m, op->column);
	const char *name = map_column_name(m, (d != NULL ? d->column : op->column) + 1);
	bool one = note->n == 1;
	if (kind >= MAP_NOTE_PADDED) {
		word_taken(note, kind, op, name, out, size);
		return;
	}
	char value[64];
	map_placeholder_name(kind, value, sizeof(value));
	snprintf(out, size,
		 "column '%.200s': %llu %s %s: this identifies nobody, and counts as empty "
		 "(placeholder_ids = keep takes "
		 "it as it is)",
		 name, (unsigned long long)note->n, one ? "value is" : "values are", value);
}

/* What the data plan does not allow; what templates make. */
static void word_planned(const struct map_note *note, char *out, size_t size)
{
	snprintf(out, size, "%llu row%s: %s", (unsigned long long)note->n, df_plural(note->n),
		 note->text);
}

void map_note_add(struct map *m, const struct map_note *added)
{
	size_t i = 0;
	while (i < m->n_notes && m->notes[i].what != added->what)
		i++;
	if (i == MAX_NOTES)
		return;
	if (i == m->n_notes) {
		if (m->notes == NULL)
			m->notes = df_alloc(MAX_NOTES * sizeof(*m->notes));
		bool room = m->n_warnings < MAP_MAX_WARNINGS;
		m->notes[m->n_notes++] =
		    (struct map_note){.what = added->what,
				      .warning = room ? m->n_warnings : MAP_NONE,
				      .code = added->code};
		memcpy(m->notes[m->n_notes - 1].text, added->text, sizeof(added->text));
		if (room)
			map_warn(m, note_code(m, added), "%s", "");
	}
	struct map_note *note = &m->notes[i];
	note->n += added->n;
	bool cut = note->code == NULL && note->what < ops_of(m);
	if (note->warning == MAP_NONE || (cut && note->n > added->n))
		return;
	struct map_warning *w = &m->warnings[note->warning];
	if (note->code != NULL)
		word_planned(note, w->text, sizeof(w->text));
	else
		(cut ? word_cut : word_placeholder)(m, note, w->text, sizeof(w->text));
	df_utf8_sanitize(w->text);
}

void map_note_cut(struct map *m, const struct map_op *op)
{
	map_note_add(m, &(struct map_note){.what = op_number(m, op), .n = 1});
}

void map_note_placeholder(struct map *m, const struct map_op *op, size_t kind)
{
	map_note_add(
	    m, &(struct map_note){.what = ops_of(m) + op_number(m, op) * MAP_PLACEHOLDERS + kind,
				  .n = 1});
}

void map_note_identity(struct map *m, const struct map_op *op, enum schema_type type,
		       const struct rows_cell *value)
{
	const char *p = value->p;
	const size_t len = value->len;
	if (map_run_is_padded(p, len))
		map_note_placeholder(m, op, MAP_NOTE_PADDED);
	else if (map_unseen_end(p, len))
		map_note_placeholder(m, op, MAP_NOTE_UNSEEN);
	else if (map_quoted_id(p, len))
		map_note_placeholder(m, op, MAP_NOTE_QUOTED);
	else if (type == SCHEMA_STRING && map_decimal_id(p, len))
		map_note_placeholder(m, op, MAP_NOTE_DECIMAL);
}

void map_note_own_id(struct map *m, size_t column, size_t kind)
{
	const struct map_derived *d = map_derived_of(m, column);
	struct map_note n = {.n = 1, .code = "placeholder-id"};
	char value[64];
	map_placeholder_name(kind, value, sizeof(value));
	n.what = (size_t)(UINT64_C(1) << 61) + column * MAP_PLACEHOLDERS + kind;
	snprintf(n.text, sizeof(n.text),
		 "the id in column '%.100s' is %s: this identifies nothing, and counts as empty "
		 "(placeholder_ids = keep takes it as it is)",
		 map_column_name(m, (d != NULL ? d->column : column) + 1), value);
	map_note_add(m, &n);
}

void map_note_known_id(struct map *m)
{
	map_note_add(m,
		     &(struct map_note){.what = SIZE_MAX - 1,
					.n = 1,
					.code = "known-id",
					.text = "a reject file brings a source_request_id: where "
						"another row with it was delivered, the API drops "
						"this one; empty the cell there, and the batch "
						"gets an id of its own"});
}

void map_note_unfilled(struct map *m, size_t column)
{
	struct map_note n = {.n = 1, .code = "not-filled"};
	n.what = (size_t)(UINT64_C(1) << 60) + column;
	snprintf(n.text, sizeof(n.text),
		 "the cell in column '%.100s' is empty, and fill_down may have filled it from a "
		 "row that the reject file lacks: where that had a value, fill it in",
		 map_column_name(m, column + 1));
	map_note_add(m, &n);
}

void map_note_doubts(struct map *m, const struct map_derived *d, unsigned doubts)
{
	static const char *const texts[LIQUID_DOUBTS] = {
	    "takes a text that is not a number for one, as 1,234.50 for 1 and abc for 0: remove "
	    "all but the digits and the point before",
	    "makes something of an empty value, as 0, or a text around nothing: ignore_when = "
	    "empty leaves that out, the filter default says what is meant",
	    "leaves as it is what the filter date does not read",
	    "leaves dates such as 12/31/2026 as they are, as the filter date reads the day first: "
	    "01/12/2026 becomes December 1",
	    "takes numbers such as 20260112, 45322 or milliseconds for seconds since 1970",
	    "writes the entries of a list with nothing between them: end the destination in [], or "
	    "use join",
	    "makes digests of addresses with capitals, or of blanks at an end: others make them "
	    "of the same in small letters without blanks (downcase, strip)"};
	for (size_t i = 0; i < LIQUID_DOUBTS; i++) {
		if ((doubts >> i & 1) == 0)
			continue;
		struct map_note n = {.n = 1, .code = "template-value"};
		n.what = (size_t)(UINT64_C(1) << 62) + (size_t)(d - m->derived) * LIQUID_DOUBTS + i;
		snprintf(n.text, sizeof(n.text), "the template of '%.60s' to '%.60s' %s",
			 d->entry->source, d->entry->field, texts[i]);
		map_note_add(m, &n);
	}
}

size_t map_notes(const struct map *m, const struct map_note **out)
{
	*out = m->notes;
	return m->n_notes;
}

void map_notes_forget(struct map *m)
{
	/* the texts of a part's own map are never shown */
	for (size_t i = 0; i < m->n_notes; i++)
		if (m->notes[i].warning != MAP_NONE && m->notes[i].warning < m->n_warnings)
			m->n_warnings = m->notes[i].warning;
	m->n_notes = 0;
}
