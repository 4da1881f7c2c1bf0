/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include "dropfeed/json.h"
#include "dropfeed/trial.h"

#include <stdio.h>
#include <stdlib.h>

struct validate_arguments {
	struct cli_feed_options feed;
	bool json;
	uint64_t max_errors;
};

#define AT(member) offsetof(struct validate_arguments, member)
static const struct cli_option options[] = {
    {"feed", "NAME", CLI_TEXT, AT(feed.name), CLI_FEED_HELP},
    {"manifest", "M", CLI_TEXT, AT(feed.manifest), "this manifest instead of the feed's"},
    {"plan", "FILE", CLI_TEXT, AT(feed.plan), "this data plan instead of the feed's"},
    {"set", "KEY=VALUE", CLI_LIST, AT(feed.set), CLI_SET_HELP},
    {"format", "F", CLI_JSON, AT(json), "text (default), or json: one object a document"},
    {"max-errors", "N", CLI_COUNT, AT(max_errors),
     "show the first N errors of each kind in a document (default 5); with json, of all (default "
     "1000)"},
    {0}};

const struct cli_spec cli_validate_spec = {
    .command = "validate",
    .synopsis =
	"[--feed NAME] [--manifest M] [--plan FILE] [--set KEY=VALUE]... [--format text|json] "
	"[--max-errors N] FILE...",
    .about =
	"Decodes, reads, maps and batches local drop files as a delivery would, and sends nothing.",
    .options = options,
    .exits = "0 every row would be delivered, 1 some rows rejected or files refused, 2 usage, 5 "
	     "internal error.",
};

#define MAX_KINDS        200 /* counted apart in a document; all others are one */
#define MAX_ERRORS_KIND  5
#define MAX_ERRORS_JSON  1000
#define MAX_ERRORS_UNSET UINT64_MAX

struct error_kind { /* errors with one code in one column */
	char code[32];
	char *column; /* own; "": the row as a whole, NULL: any */
	uint64_t n;
};

struct validate_output {
	bool json;
	uint64_t max_errors, n_errors;
	/* of the document that is being read: a JSON list, or lines of text */
	struct df_buf errors;
	struct json_writer list;
	struct error_kind kinds[MAX_KINDS];
	size_t n_kinds;
};

static void json_fault(struct json_writer *j, const struct trial_fault *f)
{
	json_write_open(j, NULL, '{');
	json_write_count(j, "row", f->row);
	json_write_count(j, "line", f->line);
	json_write_filled(j, "column", f->column);
	json_write_text(j, "code", f->code);
	json_write_text(j, "message", f->text);
	json_write_close(j);
}

static struct error_kind *error_kind_find(struct validate_output *out, const struct trial_fault *f)
{
	for (size_t i = 0; i < out->n_kinds; i++) {
		struct error_kind *k = &out->kinds[i];
		if (k->column == NULL ||
		    (strcmp(k->code, f->code) == 0 && strcmp(k->column, f->column) == 0))
			return k;
	}
	struct error_kind *k = &out->kinds[out->n_kinds++];
	*k = (struct error_kind){0};
	bool last = out->n_kinds == MAX_KINDS;
	snprintf(k->code, sizeof(k->code), "%s", last ? "" : f->code);
	k->column = last ? NULL : df_strdup(f->column);
	return k;
}

/* How many errors of each kind are not shown. */
static void text_kinds(const struct validate_output *out, struct df_buf *b)
{
	for (size_t i = 0; i < out->n_kinds; i++) {
		const struct error_kind *k = &out->kinds[i];
		if (k->n <= out->max_errors)
			continue;
		df_buf_addf(b, "  and %llu more", (unsigned long long)(k->n - out->max_errors));
		if (k->column != NULL && k->column[0] != '\0') {
			df_buf_adds(b, " in column '");
			df_printable(b, k->column);
			df_buf_addc(b, '\'');
		}
		if (k->column != NULL)
			df_buf_addf(b, " [%s]", k->code);
		df_buf_adds(b, k->column != NULL ? " (--max-errors N shows more)\n"
						 : " of other kinds (--max-errors N shows more)\n");
	}
}

static void forget_errors(struct validate_output *out)
{
	for (size_t i = 0; i < out->n_kinds; i++)
		free(out->kinds[i].column);
	out->n_kinds = 0;
	out->n_errors = 0;
	df_buf_reset(&out->errors);
	out->list = (struct json_writer){.out = &out->errors};
	if (out->json)
		json_write_open(&out->list, NULL, '[');
}

static void note_fault(void *ctx, const struct trial_fault *f)
{
	struct validate_output *out = ctx;
	if (out->json) {
		if (out->n_errors++ < out->max_errors)
			json_fault(&out->list, f);
		return;
	}
	if (error_kind_find(out, f)->n++ >= out->max_errors)
		return;
	df_buf_addf(&out->errors, "  line %llu (row %llu)", (unsigned long long)f->line,
		    (unsigned long long)f->row);
	if (f->column[0] != '\0') {
		df_buf_adds(&out->errors, ", column '");
		df_printable(&out->errors, f->column);
		df_buf_addc(&out->errors, '\'');
	}
	df_buf_adds(&out->errors, ": ");
	df_printable(&out->errors, f->text);
	df_buf_addf(&out->errors, " [%s]\n", f->code);
}

static const char *verdict_word(const struct trial_check *c)
{
	if (c->refused.text[0] != '\0')
		return "refused";
	return c->rejected > 0 ? "rejects" : "ok";
}

static void put_json_document(struct validate_output *out, const struct trial_check *c)
{
	struct df_buf b = {0};
	struct json_writer j = {.out = &b};
	json_write_close(&out->list);
	json_write_open(&j, NULL, '{');
	json_write_filled(&j, "file", c->file);
	json_write_filled(&j, "document", c->document);
	json_write_filled(&j, "event_type", c->event_type);
	json_write_count(&j, "rows", c->rows);
	json_write_count(&j, "accepted", c->accepted);
	json_write_count(&j, "rejected", c->rejected);
	json_write_count(&j, "events", c->events);
	json_write_count(&j, "batches", c->batches);
	if (c->skipped > 0)
		json_write_count(&j, "skipped", c->skipped);
	json_write_text(&j, "verdict", verdict_word(c));
	cli_json_refused(&j, &c->refused);
	cli_json_warnings(&j, c->warnings, c->n_warnings);
	json_write_json(&j, "errors", df_buf_cstr(&out->errors));
	json_write_close(&j);
	df_buf_addc(&b, '\n');
	fwrite(b.data, 1, b.len, stdout);
	df_buf_free(&b);
}

static void put_text_document(struct validate_output *out, const struct trial_check *c)
{
	struct df_buf b = {0};
	char text[DF_ERR_TEXT];
	df_printable(&b, c->file);
	if (c->document != NULL) {
		df_buf_adds(&b, ", ");
		df_printable(&b, c->document);
	}
	df_buf_addf(&b, ": %s: ", verdict_word(c));
	if (c->refused.text[0] != '\0') {
		cli_refusal(&c->refused, text, sizeof(text));
		df_printable(&b, text);
		df_buf_addf(&b, " [%s]\n", c->refused.code);
	} else {
		df_buf_addf(&b, "%s, %llu accepted, %llu rejected", df_count(c->rows, "row").text,
			    (unsigned long long)c->accepted, (unsigned long long)c->rejected);
		if (c->skipped > 0)
			df_buf_addf(&b, ", %llu skipped", (unsigned long long)c->skipped);
		if (c->events > 0 || strcmp(c->unit, "request") != 0)
			df_buf_addf(&b, "; %s in", df_count(c->events, "event").text);
		else
			df_buf_addc(&b, ';');
		df_buf_addf(&b, " %s\n", df_count(c->batches, c->unit).text);
	}

	for (size_t i = 0; i < c->n_warnings; i++) {
		df_buf_adds(&b, "  warning: ");
		df_printable(&b, c->warnings[i].text);
		df_buf_addf(&b, " [%s]\n", c->warnings[i].code);
	}
	df_buf_add(&b, out->errors.data, out->errors.len);
	text_kinds(out, &b);
	fwrite(b.data, 1, b.len, stdout);
	df_buf_free(&b);
}

static void on_check(void *ctx, const struct trial_check *c)
{
	struct validate_output *out = ctx;
	if (out->json)
		put_json_document(out, c);
	else
		put_text_document(out, c);
	forget_errors(out);
}

static void on_skipped(void *ctx, const char *file, const struct decode_skipped *entry)
{
	(void)ctx;
	df_log(entry->missed ? DF_LOG_WARN : DF_LOG_INFO, "%s: %s is skipped: %s", file,
	       entry->name, entry->why);
}

static int validate(const struct conf *conf, const struct validate_arguments *a,
		    const struct cli_operands *files)
{
	static const struct trial_check_events events = {
	    .fault = note_fault, .document = on_check, .skipped = on_skipped};
	static struct validate_output out; /* many kinds */
	out = (struct validate_output){.json = a->json, .max_errors = a->max_errors};
	if (a->max_errors == MAX_ERRORS_UNSET)
		out.max_errors = a->json ? MAX_ERRORS_JSON : MAX_ERRORS_KIND;
	forget_errors(&out);
	struct conf_feed *feed = cli_feed_with(conf, &a->feed, true, "validate");
	if (feed == NULL)
		return CLI_EXIT_USAGE;

	struct run_result result = {0};
	struct trial_sum sum = {0};
	const struct trial_check_options how = {.feed = feed,
						.encryption_by_name =
						    cli_encryption_by_name(conf, &a->feed, true),
						.jobs = cli_jobs(conf),
						.events = &events,
						.ctx = &out};
	for (size_t i = 0; i < files->n; i++)
		run_note_status(&result, trial_check_file(files->v[i], &how, &sum));
	conf_feed_free(feed);
	forget_errors(&out);
	df_buf_free(&out.errors);
	result.rejected = sum.rejected;
	result.files_refused = sum.files_refused;
	if (!cli_flush())
		result.broken = true;
	return run_exit_code(&result);
}

static bool names_stdin(const struct cli_operands *files)
{
	for (size_t i = 0; i < files->n; i++)
		if (strcmp(files->v[i], "-") == 0)
			return true;
	return false;
}

int cli_validate(struct cli_globals *g, int argc, char **argv)
{
	struct validate_arguments a = {.max_errors = MAX_ERRORS_UNSET};
	struct cli_operands files;
	struct conf *conf = NULL;
	int code = cli_parse(&cli_validate_spec, g, argc, argv, &a, &files);
	if (code >= 0)
		goto cleanup;

	code = CLI_EXIT_USAGE;
	if (files.n == 0)
		cli_usage("validate", "name a file");
	else if (names_stdin(&files))
		cli_usage("validate",
			  "standard input is checked by `dropfeed import --dry-run --name N -`");
	else if (cli_conf(g, false, &conf) == 0)
		code = validate(conf, &a, &files);
cleanup:
	conf_free(conf);
	cli_list_free(&a.feed.set);
	return code;
}
