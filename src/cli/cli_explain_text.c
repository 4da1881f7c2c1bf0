/* SPDX-License-Identifier: MIT */
/* For a terminal: aligned, nothing in it that a terminal would obey, long values cut unless all
 * was asked for. */
#include "cli_explain.h"

#include <stdio.h>
#include <stdlib.h>

#define NAME_WIDTH  40u
#define VALUE_WIDTH 30u
#define TEXT_WIDTH  60u
#define ROWS_NAMED  10u
#define LEAST_TEXT  45u /* columns for what a cell becomes, in a table */
#define HANG        9u  /* columns before it, where the table does not fit */

/* ---- the table ---- */

struct table {
	const struct trial_explain *x;
	struct df_buf *out;
	bool whole;
	size_t names, name_width, value_width; /* names: columns that have one */
	size_t screen;                         /* columns of the terminal */
	/* the table does not fit: a column takes several lines */
	bool narrow;
};

static size_t limit(const struct table *t, size_t max)
{
	return t->whole ? SIZE_MAX : max;
}

static void put_limited(const struct table *t, const char *text, size_t max)
{
	cli_safe(t->out, text, strlen(text), limit(t, max));
}

static void put_padded(const struct table *t, const char *p, size_t len, size_t max, size_t width)
{
	size_t w = cli_safe(t->out, p, len, limit(t, max));
	df_buf_addf(t->out, "%*s", (int)(width > w ? width - w : 0) + 2, "");
}

static size_t width_of(const struct table *t, const char *p, size_t len, size_t max)
{
	struct df_buf scratch = {0};
	size_t w = cli_safe(&scratch, p, len, limit(t, max));
	df_buf_free(&scratch);
	return w < max ? w : max; /* what is longer sticks out, when nothing is cut */
}

/* How the value came about, where that is not plain. */
static void put_via(const struct table *t, const struct map_route *r)
{
	if (r->via == MAP_VIA_JSON || r->via == MAP_VIA_MEMBERS) {
		df_buf_adds(t->out, ", from the cell's JSON: ");
		put_limited(t, r->source, TEXT_WIDTH);
	} else if (r->via == MAP_VIA_CELL && r->source != NULL &&
		   strcmp(r->source, trial_explain_column(t->x, r->column)) != 0) {
		df_buf_adds(t->out, ", mapped by ");
		put_limited(t, r->source, TEXT_WIDTH);
	}
	if ((r->via == MAP_VIA_TEMPLATE || r->via == MAP_VIA_MEMBERS) && r->text != NULL) {
		df_buf_adds(t->out, ", by the template ");
		put_limited(t, r->text, TEXT_WIDTH);
	}
	if (r->n_values > 0 && r->asked == NULL && r->outcome == MAP_OUTCOME_UNKNOWN)
		df_buf_addf(t->out, ", by the manifest's %zu values", r->n_values);
	if (r->asked != NULL) {
		df_buf_adds(t->out, ", by values, where ");
		put_limited(t, r->asked, TEXT_WIDTH);
		df_buf_adds(t->out, r->listed ? " is listed" : " is not listed");
	}
	if (r->via == MAP_VIA_STATIC)
		df_buf_adds(t->out, ", static");
	if (r->via == MAP_VIA_DEFAULT)
		df_buf_adds(t->out, ", the default");
}

static void put_outcome(const struct table *t, const struct map_route *r)
{
	switch (r->outcome) {
	case MAP_OUTCOME_UNKNOWN:
		if (r->column > 0 && r->fallback != NULL) {
			df_buf_adds(t->out, "; when empty, ");
			put_limited(t, r->fallback, TEXT_WIDTH);
		}
		if (r->deletes)
			df_buf_adds(t->out, "; when empty, the attribute is deleted");
		break;
	case MAP_OUTCOME_DEFAULTED:
		df_buf_adds(t->out, ", the default: the cell is empty");
		break;
	case MAP_OUTCOME_EMPTY:
		df_buf_adds(t->out, r->via == MAP_VIA_CELL && r->asked == NULL
					? ": left out, the cell is empty"
					: ": left out, there is nothing to write");
		break;
	case MAP_OUTCOME_DELETED:
		df_buf_adds(t->out, ": empty, so its name goes to deleted_user_attributes");
		break;
	case MAP_OUTCOME_FAULTY:
		df_buf_adds(t->out, ": WRONG, see below");
		break;
	case MAP_OUTCOME_LEFT_OUT:
		df_buf_adds(
		    t->out,
		    ": left out, there is nothing in it or the API's limits have no room for it");
		break;
	case MAP_OUTCOME_WRITTEN:
		break;
	}
}

static void put_route(const struct table *t, const struct map_route *r)
{
	const char *value = r->value != NULL ? r->value : r->column == 0 ? r->fallback : NULL;
	if (r->via == MAP_VIA_NONE) {
		put_limited(t, r->text, SIZE_MAX);
		df_buf_addc(t->out, '\n');
		return;
	}
	put_limited(t, r->path, SIZE_MAX);
	if (value == NULL && r->via == MAP_VIA_STATIC)
		value = r->text;
	if (value != NULL) {
		df_buf_adds(t->out, " = ");
		put_limited(t, value, TEXT_WIDTH);
	}
	if (r->type != NULL) {
		df_buf_adds(t->out, " (");
		put_limited(t, r->type, TEXT_WIDTH);
		df_buf_addc(t->out, ')');
	}
	put_via(t, r);
	put_outcome(t, r);
	df_buf_addc(t->out, '\n');
}

static const char *column_name(const struct table *t, size_t column)
{
	if (t->names == 0) /* the header could not be read */
		return "";
	return column <= t->names ? trial_explain_column(t->x, column) : "(no such column)";
}

static struct rows_cell cell_value(const struct table *t, size_t column)
{
	static const char none[] = "(no cell)";
	const struct trial_explain *x = t->x;
	if (column > 0 && column <= x->n_cells)
		return x->cells[column - 1];
	return (struct rows_cell){none, column > 0 && x->row > 0 ? strlen(none) : 0};
}

static void measure_columns(struct table *t, size_t n)
{
	t->name_width = strlen("column");
	t->value_width = strlen("value");
	for (size_t i = 1; i <= n; i++) {
		const char *name = column_name(t, i);
		struct rows_cell value = cell_value(t, i);
		size_t w = width_of(t, name, strlen(name), NAME_WIDTH);
		t->name_width = w > t->name_width ? w : t->name_width;
		w = width_of(t, value.p, value.len, VALUE_WIDTH);
		t->value_width = w > t->value_width ? w : t->value_width;
	}
}

/* Breaks the lines of what was appended from `from` on, at blanks; what goes on is indented. */
static void wrap_from(const struct table *t, size_t from)
{
	char *text = df_strndup(t->out->data + from, t->out->len - from);
	size_t at = HANG;
	t->out->len = from;
	for (const char *p = text; *p != '\0' && *p != '\n';) {
		size_t len = strcspn(p, " \n"), width = width_of(t, p, len, SIZE_MAX);
		if (at > HANG && at + 1 + width > t->screen) {
			df_buf_addf(t->out, "\n%*s", (int)HANG, "");
			at = HANG;
		} else if (p != text) {
			df_buf_addc(t->out, ' ');
			at++;
		}
		df_buf_add(t->out, p, len);
		at += width;
		p += len + (p[len] == ' ');
	}
	df_buf_addc(t->out, '\n');
	free(text);
}

/* What a route says, on the rest of the line or, in a narrow terminal, on lines of its own. */
static void put_becomes(const struct table *t, const struct map_route *r)
{
	if (t->narrow)
		df_buf_adds(t->out, "      -> ");
	size_t from = t->out->len;
	put_route(t, r);
	if (t->narrow && !t->whole)
		wrap_from(t, from);
}

static void put_narrow(const struct table *t, size_t column)
{
	const char *name = column == 0 ? "(no column)" : column_name(t, column);
	struct rows_cell value = cell_value(t, column);
	if (column > 0)
		df_buf_addf(t->out, "%4zu  ", column);
	else
		df_buf_adds(t->out, "      ");
	put_limited(t, name, NAME_WIDTH);
	if (!t->x->header && column > 0) {
		df_buf_adds(t->out, ": ");
		cli_safe(t->out, value.p, value.len, limit(t, VALUE_WIDTH));
	}
	df_buf_addc(t->out, '\n');
}

static void put_line(const struct table *t, size_t column, bool first)
{
	if (t->narrow) {
		if (first)
			put_narrow(t, column);
		return;
	}
	const char *name = column == 0 ? "(no column)" : column_name(t, column);
	struct rows_cell value = cell_value(t, column);
	if (first && column > 0)
		df_buf_addf(t->out, "%4zu  ", column);
	else
		df_buf_adds(t->out, "      ");
	put_padded(t, name, first ? strlen(name) : 0, NAME_WIDTH, t->name_width);
	if (!t->x->header)
		put_padded(t, value.p, first ? value.len : 0, VALUE_WIDTH, t->value_width);
}

static void put_heading(const struct table *t)
{
	if (t->narrow)
		return;

	df_buf_adds(t->out, "   #  ");
	put_padded(t, "column", 6, NAME_WIDTH, t->name_width);
	if (!t->x->header)
		put_padded(t, "value", 5, VALUE_WIDTH, t->value_width);
	df_buf_adds(t->out, "becomes\n");
}

static void put_table(struct table *t)
{
	const struct trial_explain *x = t->x;
	size_t n = t->names > x->n_cells ? t->names : x->n_cells, at = 0;
	if (n == 0)
		return;
	measure_columns(t, n);
	t->screen = cli_width();
	t->narrow = 6 + t->name_width + 2 + t->value_width + 2 + LEAST_TEXT > t->screen;
	df_buf_addc(t->out, '\n');
	put_heading(t);
	for (size_t i = 1; i <= n; i++) {
		bool first = true;
		for (; at < x->routes.n && x->routes.v[at].column == i; at++, first = false) {
			put_line(t, i, first);
			put_becomes(t, &x->routes.v[at]);
		}
		if (first) {
			put_line(t, i, true);
			if (!t->narrow)
				df_buf_addc(t->out, '\n');
		}
	}
	for (bool first = true; at < x->routes.n; at++, first = false) {
		put_line(t, 0, first);
		put_becomes(t, &x->routes.v[at]);
	}
}

/* ---- all of it ---- */

static void put_title(const struct table *t, const char *file)
{
	const struct trial_explain *x = t->x;
	put_limited(t, file, SIZE_MAX);
	if (x->document != NULL) {
		df_buf_adds(t->out, ", ");
		put_limited(t, x->document, SIZE_MAX);
	}
	if (x->line > 0)
		df_buf_addf(t->out, ", line %llu", (unsigned long long)x->line);
	if (x->header)
		df_buf_adds(t->out, ", the header");
	else if (x->row > 0)
		df_buf_addf(t->out, ", row %llu", (unsigned long long)x->row);
	if (x->event_type[0] != '\0')
		df_buf_addf(t->out, " (%s)", x->event_type);
	df_buf_addf(t->out, ": %s%s", x->row > 0 && x->refused.text[0] == '\0' ? "would be " : "",
		    cli_explain_verdict(x));
	if (x->refused.text[0] != '\0') {
		char why[DF_ERR_TEXT];
		cli_refusal(&x->refused, why, sizeof(why));
		df_buf_adds(t->out, ": ");
		put_limited(t, why, SIZE_MAX);
		df_buf_addf(t->out, " [%s]\n", x->refused.code);
		return;
	}
	if (x->header)
		df_buf_addf(t->out, ": %llu rows, %llu accepted, %llu rejected",
			    (unsigned long long)x->rows,
			    (unsigned long long)(x->rows - x->rejected),
			    (unsigned long long)x->rejected);
	df_buf_addc(t->out, '\n');
}

static void put_faults(const struct table *t)
{
	const struct trial_explain *x = t->x;
	if (x->n_faults > 0)
		df_buf_adds(t->out, "\nThe row is rejected:\n");
	for (size_t i = 0; i < x->n_faults; i++) {
		const struct map_fault *f = &x->faults[i];
		df_buf_adds(t->out, "  ");
		if (f->column > 0)
			df_buf_addf(t->out, "column %zu", f->column);
		if (f->name[0] != '\0') {
			df_buf_adds(t->out, " '");
			put_limited(t, f->name, NAME_WIDTH);
			df_buf_addc(t->out, '\'');
		}
		df_buf_adds(t->out, f->column > 0 ? ": " : "");
		put_limited(t, f->text, SIZE_MAX);
		df_buf_addf(t->out, " [%s]\n", f->code);
	}
	if (x->routes.n_remarks > 0 && x->n_faults == 0)
		df_buf_adds(t->out, "\nWhat the data plan does not allow:\n");
	for (size_t i = 0; i < x->routes.n_remarks && x->n_faults == 0; i++) {
		df_buf_adds(t->out, "  ");
		put_limited(t, x->routes.remarks[i], SIZE_MAX);
		df_buf_addc(t->out, '\n');
	}
	if (!x->sound && x->raw != NULL && x->n_faults > 0) {
		df_buf_adds(t->out, "  its bytes: ");
		cli_safe(t->out, x->raw, x->raw_len, limit(t, 4 * (size_t)TEXT_WIDTH));
		df_buf_addc(t->out, '\n');
	}
	for (size_t i = 0; x->header && i < x->n_warnings; i++) {
		df_buf_adds(t->out, i == 0 ? "\n  warning: " : "  warning: ");
		put_limited(t, x->warnings[i].text, SIZE_MAX);
		df_buf_addf(t->out, " [%s]\n", x->warnings[i].code);
	}
}

/* The other rows of the batch, or of the event. Returns how many. */
static size_t put_rows(const struct table *t, bool same_event)
{
	const struct batch *b = t->x->batch;
	size_t n = 0;
	for (size_t i = 0; i < b->n_rows; i++) {
		if (i == t->x->at || (same_event && b->rows[i].event != b->rows[t->x->at].event))
			continue;
		if (n++ < limit(t, ROWS_NAMED))
			df_buf_addf(t->out, "%s%llu (line %llu)", n > 1 ? ", " : "",
				    (unsigned long long)b->rows[i].number,
				    (unsigned long long)b->rows[i].line);
	}
	if (n > limit(t, ROWS_NAMED))
		df_buf_addf(t->out, " and %zu more", n - ROWS_NAMED);
	return n;
}

static bool folded(const struct batch *b, size_t at)
{
	return b->n_events > 0 &&
	       ((at > 0 && b->rows[at - 1].event == b->rows[at].event) ||
		(at + 1 < b->n_rows && b->rows[at + 1].event == b->rows[at].event));
}

/* What the sink gets of the row, and of its user. */
static void put_objects(const struct table *t)
{
	const struct batch *b = t->x->batch;
	df_buf_addf(t->out, "\nBatch %llu of %llu: of row %llu, and of its user, %zu object%s:\n\n",
		    (unsigned long long)b->position + 1, (unsigned long long)t->x->batches,
		    (unsigned long long)t->x->row, b->n_objects, df_plural(b->n_objects));
	cli_pretty(t->out, b->json, SIZE_MAX);
}

static void put_batch(const struct table *t)
{
	const struct trial_explain *x = t->x;
	const struct batch *b = x->batch;
	unsigned event = (unsigned)b->rows[x->at].event + 1;
	df_buf_addf(t->out, "\nBatch %llu of %llu%s: row %llu is ",
		    (unsigned long long)b->position + 1, (unsigned long long)x->batches,
		    b->historical ? ", for /bulkevents/historical" : "",
		    (unsigned long long)x->row);
	if (folded(b, x->at)) {
		df_buf_addf(t->out, "folded into event %u of %u with row ", event,
			    (unsigned)b->n_events);
		put_rows(t, true);
	} else if (b->n_events > 0) {
		df_buf_addf(t->out, "event %u of %u", event, (unsigned)b->n_events);
	} else {
		df_buf_adds(t->out,
			    b->n_rows > 1 ? "one of those that it is made of" : "all of it");
	}
	df_buf_adds(t->out, ".\n");
	if (b->n_rows > 1) {
		df_buf_adds(t->out, "The other rows of the batch: ");
		put_rows(t, false);
		df_buf_adds(t->out, t->whole || b->n_events < 2
					? ".\n"
					: ". --verbose shows their events, too.\n");
	}
	df_buf_addc(t->out, '\n');
	cli_pretty(t->out, b->json, t->whole || b->n_events < 2 ? SIZE_MAX : event - 1);
}

void cli_explain_text(const char *file, const struct trial_explain *x, bool whole,
		      struct df_buf *out)
{
	struct table t = {.x = x, .out = out, .whole = whole};
	t.names = trial_explain_columns(x);
	put_title(&t, file);
	put_table(&t);
	put_faults(&t);
	if (x->batch != NULL && x->batch->objects != NULL)
		put_objects(&t);
	else if (x->batch != NULL)
		put_batch(&t);
}
