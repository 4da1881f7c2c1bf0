/* SPDX-License-Identifier: MIT */
#include "report_status.h"

#include "report_requests.h"

struct status_text {
	struct ledger *ledger;
	FILE *to;
	bool first; /* no document of the file was shown yet */
	const struct report_status_filter *filter;
	uint64_t files, open, refused, rows, delivered, rejected, skipped;
};

static void print_text(FILE *to, const char *s)
{
	struct df_buf b = {0};
	df_printable(&b, s);
	fwrite(b.data, 1, b.len, to);
	df_buf_free(&b);
}

static void print_sum(FILE *to, uint64_t delivered, uint64_t rejected, uint64_t skipped)
{
	fprintf(to, "%llu delivered + %llu rejected", (unsigned long long)delivered,
		(unsigned long long)rejected);
	if (skipped > 0)
		fprintf(to, " + %llu skipped", (unsigned long long)skipped);
}

static void print_fault(FILE *to, const char *code, const char *text)
{
	fprintf(to, "             %s: ", code != NULL ? code : "");
	print_text(to, text);
	fputc('\n', to);
}

/* Entries of a zip that somebody may miss. */
static enum df_status text_skip(void *ctx, const struct ledger_skipped *s, struct df_err *err)
{
	(void)err;
	struct status_text *w = ctx;
	if (!s->csv)
		return DF_OK;
	fputs("    skipped  ", w->to);
	print_text(w->to, s->name);
	fputs(": ", w->to);
	print_text(w->to, s->why);
	fputc('\n', w->to);
	return DF_OK;
}

/* Rows that somebody has to decide about. */
static enum df_status text_unknown(void *ctx, const struct ledger_reason *r, struct df_err *err)
{
	(void)err;
	if (strcmp(r->code, "delivery-unknown") == 0)
		fprintf(ctx,
			"             delivery-unknown: %llu rows may have arrived, see retry "
			"--unknown\n",
			(unsigned long long)r->rows);
	return DF_OK;
}

static enum df_status text_document(void *ctx, const struct ledger_document *d, struct df_err *err)
{
	struct status_text *w = ctx;
	w->rows += d->rows;
	w->delivered += d->delivered;
	w->rejected += d->rejected;
	w->skipped += d->skipped;
	fprintf(w->to, "    %-8s %10llu rows = ", ledger_state_name(d->state),
		(unsigned long long)d->rows);
	print_sum(w->to, d->delivered, d->rejected, d->skipped);
	if (d->rows > report_rows_settled(d) && d->state != LEDGER_REFUSED)
		fprintf(w->to, " + %llu to go",
			(unsigned long long)(d->rows - report_rows_settled(d)));
	if (d->rows < report_rows_settled(d))
		fprintf(w->to, ": these are %llu too many",
			(unsigned long long)(report_rows_settled(d) - d->rows));
	fprintf(w->to, ", %llu batches, %s", (unsigned long long)d->batches, d->event_type);
	if (d->name != NULL) {
		fputs(": ", w->to);
		print_text(w->to, d->name);
	}

	fputc('\n', w->to);
	if (d->state == LEDGER_REFUSED && d->text != NULL)
		print_fault(w->to, d->code, d->text);
	w->first = false;
	enum df_status st =
	    d->rejected > 0 ? ledger_reasons(w->ledger, d->id, text_unknown, w->to, err) : DF_OK;
	return st == DF_OK ? report_requests_text(w->ledger, d, w->to, err) : st;
}

static void print_file_line(struct status_text *w, const struct ledger_file *f)
{
	char when[40] = "";
	(void)report_time_text((f->closed_ms != 0 ? f->closed_ms : f->pulled_ms) / 1000, when,
			       sizeof(when));
	fprintf(w->to, "%s  %-8s %s: ", when, ledger_state_name(f->state), f->feed);
	print_text(w->to, f->name);
	if (f->cleanup_due)
		fputs(" (still to be moved or deleted at the source)", w->to);
	if (f->given_up != NULL) {
		fputs(" (left at the source: ", w->to);
		print_text(w->to, f->given_up);
		fputc(')', w->to);
	}
	fputc('\n', w->to);
}

static enum df_status text_file(void *ctx, const struct ledger_file *f, struct df_err *err)
{
	struct status_text *w = ctx;
	if (report_status_full(w->filter, w->files))
		return DF_END;
	w->files++;
	w->open += !ledger_closes(f->state);
	w->refused += f->state == LEDGER_REFUSED;
	print_file_line(w, f);
	w->first = true;
	enum df_status st = ledger_documents(w->ledger, f->id, text_document, w, err);
	if (st != DF_OK)
		return st;
	if (w->first && f->text != NULL) /* no document says it */
		print_fault(w->to, f->code, f->text);
	return ledger_skips(w->ledger, f->id, text_skip, w, err);
}

/* What is not as it should be with a feed, whatever its files are. */
static enum df_status text_condition(void *ctx, const struct ledger_condition *c,
				     struct df_err *err)
{
	char when[40];
	FILE *to = ctx;
	(void)err;
	if (!report_time_text(c->now_ms / 1000, when, sizeof(when)))
		when[0] = '\0';
	fprintf(to, "%s: %s since %s: ", c->feed, c->name, when);
	print_text(to, c->text);
	fputc('\n', to);
	return DF_OK;
}

static void print_running(FILE *to, const struct report_running *r,
			  const struct report_under_way *u)
{
	char since[40] = "";
	if (r->pid == 0)
		return;
	(void)report_time_text(r->since_s, since, sizeof(since));
	fprintf(to, "running: process %ld since %s", r->pid, since);
	if (u->files > 0)
		fprintf(to, ", %llu file%s under way", (unsigned long long)u->files,
			df_plural(u->files));
	if (u->rows > 0)
		fprintf(to, ", %llu of %llu rows settled (%u%%)", (unsigned long long)u->settled,
			(unsigned long long)u->rows,
			(unsigned)((double)u->settled * 100 / (double)u->rows));
	fputc('\n', to);
}

static void print_total(const struct status_text *w)
{
	uint64_t sum = w->delivered + w->rejected + w->skipped;
	fprintf(w->to, "%llu file%s (%llu unfinished, %llu refused): %llu rows = ",
		(unsigned long long)w->files, df_plural(w->files), (unsigned long long)w->open,
		(unsigned long long)w->refused, (unsigned long long)w->rows);
	print_sum(w->to, w->delivered, w->rejected, w->skipped);
	if (w->rows > sum)
		fprintf(w->to, " + %llu unfinished or refused with their document",
			(unsigned long long)(w->rows - sum));
	if (w->rows < sum)
		fprintf(w->to, ": these are %llu too many", (unsigned long long)(sum - w->rows));
	fputc('\n', w->to);
}

/* ---- hosts that share the ledger ---- */

struct nodes {
	FILE *to;
	struct ledger_configs configs;
};

static enum df_status text_node(void *ctx, const struct ledger_node *n, struct df_err *err)
{
	struct nodes *w = ctx;
	(void)err;
	fprintf(w->to, "node %s: dropfeed %s, seen %lld s ago, configuration %.8s", n->name,
		n->version, (long long)n->seen_ago_ms / 1000, n->config);
	if (n->files > 0)
		fprintf(w->to, ", %llu file%s under way", (unsigned long long)n->files,
			df_plural(n->files));
	fputc('\n', w->to);
	ledger_configs_note(&w->configs, n);
	return DF_OK;
}

static enum df_status text_nodes(struct status_text *w, struct df_err *err)
{
	struct nodes nodes = {.to = w->to};
	enum df_status st = ledger_nodes(w->ledger, text_node, &nodes, err);
	if (nodes.configs.differ)
		fputs(
		    "the nodes' configurations differ: files under way keep the settings that they "
		    "were begun with, others get those of the node that claims them\n",
		    w->to);
	return st;
}

static enum df_status text_all(struct status_text *w, struct df_err *err)
{
	const struct report_status_filter *filter = w->filter;
	struct report_under_way under_way = {0};
	enum df_status st = report_under_way(w->ledger, filter, &under_way, err);
	if (st != DF_OK)
		return st;
	print_running(w->to, &filter->running, &under_way);
	if (w->ledger == NULL)
		return DF_OK;
	if (filter->files.names == NULL)
		st = text_nodes(w, err);
	if (st != DF_OK)
		return st;
	if (filter->files.names == NULL)
		st = ledger_conditions(w->ledger, filter->files.feed, text_condition, w->to, err);
	if (st != DF_OK)
		return st;
	st = ledger_files_latest(w->ledger, &filter->files, text_file, w, err);
	return st == DF_END ? DF_OK : st;
}

static enum df_status note_known(void *ctx, const struct ledger_file *f, struct df_err *err)
{
	(void)f;
	(void)err;
	*(bool *)ctx = true;
	return DF_END;
}

/* Whether there is a file of these names that is left out for another reason. */
static enum df_status find_known(const struct status_text *w, bool *known, struct df_err *err)
{
	struct ledger_latest any = w->filter->files;
	any.open_only = false;
	any.since_ms = 0;
	enum df_status st = ledger_files_latest(w->ledger, &any, note_known, known, err);
	return st == DF_END ? DF_OK : st;
}

enum df_status report_status_text(struct ledger *l, const struct report_status_filter *filter,
				  FILE *to, struct df_err *err)
{
	struct status_text w = {.ledger = l, .to = to, .filter = filter};
	bool known = false, all = filter->files.since_ms == 0 && !filter->files.open_only &&
				  filter->files.names == NULL;
	enum df_status st = text_all(&w, err);
	if (st == DF_OK && w.files == 0 && filter->files.names != NULL && !all)
		st = find_known(&w, &known, err);
	if (w.files > 0)
		print_total(&w);
	else if (st == DF_OK && known)
		fputs("nothing to show: it is known, and it is done with, or was before that time: "
		      "status without --unfinished and --since shows it\n",
		      to);
	else if (st == DF_OK && filter->files.names != NULL)
		fputs("nothing to show: no such file is known by its name, as status without one "
		      "lists them; 'orders*' is a pattern\n",
		      to);
	else if (st == DF_OK)
		fputs(all ? "no files received yet\n" : "nothing to show\n", to);
	return st;
}
