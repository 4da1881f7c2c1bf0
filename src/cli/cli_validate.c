/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>

static const char help[] =
    "Usage: dropfeed validate [--feed NAME] [--manifest M] [--set KEY=VALUE]... [--format text|json]\n"
    "       [--max-errors N] FILE...\n"
    "\n"
    "Decodes, reads, maps and batches local drop files as a delivery would, and sends nothing.\n"
    "\n"
    "Options:\n"
    "  --feed NAME      the feed whose settings count; without a configuration, the defaults\n"
    "  --manifest M     this manifest instead of the feed's\n"
    "  --set KEY=VALUE  this setting instead of the feed's, such as timestamps=auto; may be given more than once\n"
    "  --format F       text (default), or json: one object a document\n"
    "  --max-errors N   show the first N errors of a document (default 1000)\n" CLI_GLOBAL_HELP "\n"
    "Exit codes: 0 every row would be delivered, 1 some rows rejected or files refused, 2 usage, 5 internal error.\n";

struct validate_output {
	bool json;
	uint64_t max_errors, n_errors;
	struct df_buf errors; /* of the document that is being read: JSON objects */
};

static void json_fault(struct df_buf *b, const struct run_fault *f)
{
	df_buf_addf(b, "%s{\"row\":%llu,\"line\":%llu,\"column\":", b->len > 0 ? "," : "", (unsigned long long)f->row,
		    (unsigned long long)f->line);
	if (f->column[0] != '\0')
		df_json_text(b, f->column, strlen(f->column));
	else
		df_buf_adds(b, "null");
	df_buf_adds(b, ",\"code\":");
	df_json_string(b, f->code, strlen(f->code));
	df_buf_adds(b, ",\"message\":");
	df_json_text(b, f->text, strlen(f->text));
	df_buf_addc(b, '}');
}

static void on_fault(void *ctx, const struct run_fault *f)
{
	struct validate_output *out = ctx;
	if (out->n_errors++ >= out->max_errors)
		return;
	if (out->json) {
		json_fault(&out->errors, f);
		return;
	}
	df_buf_addf(&out->errors, "  line %llu (row %llu)", (unsigned long long)f->line, (unsigned long long)f->row);
	if (f->column[0] != '\0') {
		df_buf_adds(&out->errors, ", column '");
		df_printable(&out->errors, f->column);
		df_buf_addc(&out->errors, '\'');
	}
	df_buf_adds(&out->errors, ": ");
	df_printable(&out->errors, f->text);
	df_buf_addf(&out->errors, " [%s]\n", f->code);
}

static const char *verdict(const struct run_check *c)
{
	if (c->refused.text[0] != '\0')
		return "refused";
	return c->rejected > 0 ? "rejects" : "ok";
}

static void json_text(struct df_buf *b, const char *key, const char *value)
{
	df_buf_addf(b, "\"%s\":", key);
	if (value == NULL || value[0] == '\0')
		df_buf_adds(b, "null");
	else
		df_json_text(b, value, strlen(value));
	df_buf_addc(b, ',');
}

static void json_document(struct validate_output *out, const struct run_check *c)
{
	struct df_buf b = {0};
	char text[sizeof(struct df_err) + 128];
	df_buf_addc(&b, '{');
	json_text(&b, "file", c->file);
	json_text(&b, "document", c->document);
	json_text(&b, "event_type", c->event_type);
	df_buf_addf(&b, "\"rows\":%llu,\"accepted\":%llu,\"rejected\":%llu,\"events\":%llu,\"batches\":%llu,",
		    (unsigned long long)c->rows, (unsigned long long)c->accepted, (unsigned long long)c->rejected,
		    (unsigned long long)c->events, (unsigned long long)c->batches);
	df_buf_addf(&b, "\"verdict\":\"%s\",\"refused\":", verdict(c));
	if (c->refused.text[0] != '\0') {
		cli_refusal(&c->refused, text, sizeof(text));
		df_buf_addf(&b, "{\"code\":\"%s\",\"message\":", c->refused.code);
		df_json_text(&b, text, strlen(text));
		df_buf_addc(&b, '}');
	} else {
		df_buf_adds(&b, "null");
	}
	df_buf_adds(&b, ",\"warnings\":[");
	for (size_t i = 0; i < c->n_warnings; i++) {
		df_buf_addf(&b, "%s{\"code\":\"%s\",\"message\":", i > 0 ? "," : "", c->warnings[i].code);
		df_json_text(&b, c->warnings[i].text, strlen(c->warnings[i].text));
		df_buf_addc(&b, '}');
	}
	df_buf_adds(&b, "],\"errors\":[");
	df_buf_add(&b, out->errors.data, out->errors.len);
	df_buf_adds(&b, "]}\n");
	fwrite(b.data, 1, b.len, stdout);
	df_buf_free(&b);
}

static void text_document(struct validate_output *out, const struct run_check *c)
{
	struct df_buf b = {0};
	char text[sizeof(struct df_err) + 128];
	df_printable(&b, c->file);
	if (c->document != NULL) {
		df_buf_adds(&b, ", ");
		df_printable(&b, c->document);
	}
	df_buf_addf(&b, ": %s: ", verdict(c));
	if (c->refused.text[0] != '\0') {
		cli_refusal(&c->refused, text, sizeof(text));
		df_printable(&b, text);
		df_buf_addf(&b, " [%s]\n", c->refused.code);
	} else {
		df_buf_addf(&b, "%llu rows, %llu accepted, %llu rejected; %llu events in %llu batches\n",
			    (unsigned long long)c->rows, (unsigned long long)c->accepted,
			    (unsigned long long)c->rejected, (unsigned long long)c->events,
			    (unsigned long long)c->batches);
	}
	for (size_t i = 0; i < c->n_warnings; i++) {
		df_buf_adds(&b, "  warning: ");
		df_printable(&b, c->warnings[i].text);
		df_buf_addf(&b, " [%s]\n", c->warnings[i].code);
	}
	df_buf_add(&b, out->errors.data, out->errors.len);
	if (out->n_errors > out->max_errors)
		df_buf_addf(&b, "  and %llu more errors (--max-errors N shows more)\n",
			    (unsigned long long)(out->n_errors - out->max_errors));
	fwrite(b.data, 1, b.len, stdout);
	df_buf_free(&b);
}

static void on_document(void *ctx, const struct run_check *c)
{
	struct validate_output *out = ctx;
	if (out->json)
		json_document(out, c);
	else
		text_document(out, c);
	df_buf_reset(&out->errors);
	out->n_errors = 0;
}

static void on_skipped(void *ctx, const char *file, const struct decode_skipped *entry)
{
	(void)ctx;
	df_log(DF_LOG_INFO, "%s: %s is skipped: %s", file, entry->name, entry->why);
}

static int validate(const struct conf *conf, const struct cli_feed_options *o, struct validate_output *out, int argc,
		    char **argv)
{
	static const struct run_check_events events = {
	    .fault = on_fault, .document = on_document, .skipped = on_skipped};
	struct conf_feed *feed = cli_feed_with(conf, o, true, "validate");
	if (feed == NULL)
		return CLI_EXIT_USAGE;
	struct run_result result = {0};
	bool by_name = cli_encryption_by_name(conf, o, true);
	for (int i = optind; i < argc; i++)
		run_check_file(feed, argv[i], by_name, cli_jobs(conf), &events, out, &result);
	conf_feed_free(feed);
	if (!cli_flush())
		result.broken = true;
	return run_exit_code(&result);
}

int cli_validate(struct cli_globals *g, int argc, char **argv)
{
	enum { FEED = CLI_OWN, MANIFEST, SET, FORMAT, MAX_ERRORS };
	static const struct option options[] = {{"feed", required_argument, NULL, FEED},
						{"manifest", required_argument, NULL, MANIFEST},
						{"set", required_argument, NULL, SET},
						{"format", required_argument, NULL, FORMAT},
						{"max-errors", required_argument, NULL, MAX_ERRORS},
						CLI_GLOBAL_OPTIONS,
						{0}};
	struct cli_feed_options o = {0};
	struct validate_output out = {.max_errors = 1000};
	struct conf *conf = NULL;
	int code = 0, c;
	char *end;
	o.set = df_alloc((size_t)argc * sizeof(*o.set));
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1 && code == 0) {
		if (cli_global(g, c))
			continue;
		switch (c) {
		case FEED:
			o.name = optarg;
			break;
		case MANIFEST:
			o.manifest = optarg;
			break;
		case SET:
			o.set[o.n_set++] = optarg;
			break;
		case FORMAT:
			out.json = strcmp(optarg, "json") == 0;
			if (!out.json && strcmp(optarg, "text") != 0)
				code = cli_usage("validate", "--format is text or json, not '%s'", optarg);
			break;
		case MAX_ERRORS:
			out.max_errors = strtoull(optarg, &end, 10);
			if (*end != '\0' || end == optarg || strchr(optarg, '-') != NULL)
				code = cli_usage("validate", "--max-errors wants a number, not '%s'", optarg);
			break;
		case CLI_HELP:
			code = cli_help(help);
			goto cleanup;
		default:
			code = cli_usage("validate", "wrong option");
		}
	}
	if (code == 0 && optind == argc)
		code = cli_usage("validate", "name a file");
	if (code == 0)
		code = cli_conf(g, false, &conf);
	if (code == 0)
		code = validate(conf, &o, &out, argc, argv);
cleanup:
	df_buf_free(&out.errors);
	conf_free(conf);
	free(o.set);
	return code;
}
