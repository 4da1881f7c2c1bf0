/* SPDX-License-Identifier: MIT */
/* For a terminal: aligned, nothing in it that a terminal would obey, long values cut unless all
 * was asked for. */
#include "cli_explain_table.h"

#define TEXT_WIDTH 60u
#define ROWS_NAMED 10u

static void put_title(const struct cli_table *t, const char *file)
{
	const struct trial_explain *x = t->x;
	cli_table_put(t, file, SIZE_MAX);
	if (x->document != NULL) {
		df_buf_adds(t->out, ", ");
		cli_table_put(t, x->document, SIZE_MAX);
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
		cli_table_put(t, why, SIZE_MAX);
		df_buf_addf(t->out, " [%s]\n", x->refused.code);
		return;
	}

	if (x->header)
		df_buf_addf(t->out, ": %llu rows, %llu accepted, %llu rejected",
			    (unsigned long long)x->rows, (unsigned long long)x->accepted,
			    (unsigned long long)x->rejected);
	if (x->header && x->accepted + x->rejected < x->rows)
		df_buf_addf(t->out, ", %llu skipped",
			    (unsigned long long)(x->rows - x->accepted - x->rejected));
	df_buf_addc(t->out, '\n');
}

static void put_faults(const struct cli_table *t)
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
			cli_table_put(t, f->name, CLI_NAME_WIDTH);
			df_buf_addc(t->out, '\'');
		}
		df_buf_adds(t->out, f->column > 0 ? ": " : "");
		cli_table_put(t, f->text, SIZE_MAX);
		df_buf_addf(t->out, " [%s]\n", f->code);
	}

	if (x->routes.n_remarks > 0 && x->n_faults == 0)
		df_buf_adds(t->out, "\nWhat the data plan does not allow:\n");
	for (size_t i = 0; i < x->routes.n_remarks && x->n_faults == 0; i++) {
		df_buf_adds(t->out, "  ");
		cli_table_put(t, x->routes.remarks[i], SIZE_MAX);
		df_buf_addc(t->out, '\n');
	}
	if (!x->sound && x->raw != NULL && x->n_faults > 0) {
		df_buf_adds(t->out, "  its bytes: ");
		cli_safe(t->out, x->raw, x->raw_len, cli_table_limit(t, 4 * (size_t)TEXT_WIDTH));
		df_buf_addc(t->out, '\n');
	}
	for (size_t i = 0; x->header && i < x->n_warnings; i++) {
		df_buf_adds(t->out, i == 0 ? "\n  warning: " : "  warning: ");
		cli_table_put(t, x->warnings[i].text, SIZE_MAX);
		df_buf_addf(t->out, " [%s]\n", x->warnings[i].code);
	}
}

/* The other rows of the batch, or of the event. Returns how many. */
static size_t put_rows(const struct cli_table *t, bool same_event)
{
	const struct batch *b = t->x->batch;
	size_t n = 0;
	for (size_t i = 0; i < b->n_rows; i++) {
		if (i == t->x->at || (same_event && b->rows[i].event != b->rows[t->x->at].event))
			continue;
		if (n++ < cli_table_limit(t, ROWS_NAMED))
			df_buf_addf(t->out, "%s%llu (line %llu)", n > 1 ? ", " : "",
				    (unsigned long long)b->rows[i].number,
				    (unsigned long long)b->rows[i].line);
	}
	if (n > cli_table_limit(t, ROWS_NAMED))
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
static void put_objects(const struct cli_table *t)
{
	const struct batch *b = t->x->batch;
	df_buf_addf(t->out, "\nBatch %llu of %llu: of row %llu, and of its user, %zu object%s:\n\n",
		    (unsigned long long)b->position + 1, (unsigned long long)t->x->batches,
		    (unsigned long long)t->x->row, b->n_objects, df_plural(b->n_objects));
	cli_pretty(t->out, b->json, SIZE_MAX);
}

static void put_batch(const struct cli_table *t)
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
	struct cli_table t = {.x = x, .out = out, .whole = whole};
	t.names = trial_explain_columns(x);
	put_title(&t, file);
	cli_table(&t);
	put_faults(&t);
	if (x->batch != NULL && x->batch->objects != NULL)
		put_objects(&t);
	else if (x->batch != NULL)
		put_batch(&t);
}
