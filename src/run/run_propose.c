/* SPDX-License-Identifier: MIT */
/* A foreign file is looked at, a manifest is proposed for it, and the proposal is tried on the
 * same rows. */
#include "run_propose.h"

#include "dropfeed/name.h"
#include "dropfeed/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#define STDIN_MAX (16u << 20) /* the first rows are in it */

/* What the file would have to be called to be taken for one of that event type. The caller's. */
static char *proper_name(const char *name, const char *event_type)
{
	const char *layers = name_layers(name);
	int stem = (int)strcspn(name, ".");
	return df_format("%.*s-%s%s%s", stem > 0 && stem < 128 ? stem : 1, stem > 0 ? name : "x",
			 event_type, strncasecmp(layers, ".zip", 4) == 0 ? "" : ".csv", layers);
}

static const char unsaid[] = "does not say what the rows are: add --event-type with";

static enum df_status name_event_types(struct df_err *err, const char *what, const char *name)
{
	struct df_buf list = {.max = 1024};
	const char *type;
	for (size_t i = 0; (type = schema_event_at(i)) != NULL; i++)
		if (!schema_type_requests(type))
			df_buf_addf(&list, "%s%s", i > 0 ? ", " : "", type);
	enum df_status st =
	    df_fail(DF_USAGE, err, NULL, "'%.200s' %s one of %s", name, what, df_buf_cstr(&list));
	df_buf_free(&list);
	return st;
}

/* A row with all its cells is one to learn from; the others are counted since the last such. */
struct end {
	uint64_t line; /* after the last row that is whole */
	size_t odd;    /* rows after it, with fewer cells */
};

static enum df_status look_at_rows(struct propose *p, struct rows *rows, size_t columns,
				   struct end *end, struct df_err *err)
{
	struct rows_row row;
	enum df_status st;
	*end = (struct end){.line = rows_tell(rows).line};
	while ((st = rows_next(rows, &row, err)) == DF_OK) {
		if (row.fault != NULL || row.n_cells != columns) {
			end->odd += row.fault == NULL && row.n_cells < columns;
			continue;
		}
		if (!propose_row(p, row.cells, row.n_cells))
			return DF_OK;
		*end = (struct end){.line = rows_tell(rows).line};
	}
	return st;
}

/* The first row: names, or data. */
static enum df_status first_row(struct rows *rows, struct rows_row *row, struct df_err *err)
{
	enum df_status st = rows_next(rows, row, err);
	if (st == DF_END)
		return df_fail(DF_REJECT, err, "empty-file",
			       "the document has neither a header nor rows");
	if (st == DF_OK && row->fault != NULL)
		return df_fail(DF_REJECT, err,
			       strcmp(row->fault, "invalid-utf8") == 0 ? "not-utf8"
								       : "malformed-csv",
			       "the first row: %s", row->fault_text);
	return st;
}

#define TRAILER_MAX 12 /* lines after the last row, blank ones included */

static enum df_status look(const struct run_propose *r, const struct decode_doc *doc,
			   const char *event_type, struct propose **out, struct df_err *err)
{
	struct rows *rows = NULL;
	struct rows_row row = {0};
	struct propose_first first;
	struct df_err broken = {0};
	struct decode_bytes bytes;
	struct run_propose_reader reader = {0};
	struct end end = {0};
	size_t columns;
	enum df_status st = r->no_header ? DF_OK : document_check_kind(doc, err);
	if (st == DF_OK)
		st = run_propose_read(r, doc, &reader, err);
	if (st == DF_OK)
		st = document_rows_open(r->feed, doc, !r->no_header, &bytes, &rows, err);
	if (st == DF_OK)
		st = first_row(rows, &row, err);
	first = (struct propose_first){
	    .cells = row.cells, .n = row.n_cells, .is_header = !r->no_header};
	if (st == DF_OK)
		st = propose_open(r->feed, event_type, &first, out, err);
	if (st != DF_OK)
		goto cleanup;

	columns = row.n_cells;
	if (r->no_header && !propose_row(*out, row.cells, row.n_cells))
		goto cleanup;
	st = look_at_rows(*out, rows, columns, &end, &broken);
	uint64_t lines = rows_tell(rows).line - end.line;
	if (st == DF_RETRY) {
		st = df_fail(st, err, NULL, "%s", broken.text);
		goto cleanup;
	}
	/* a break further down is for `validate` to report */
	if (st == DF_END && end.odd > 0 && lines <= TRAILER_MAX)
		run_propose_trailer(&reader, r->feed, lines);
	run_propose_needs(&reader, *out);
	st = DF_OK;
cleanup:
	rows_close(rows);
	return st;
}

static void count_code(struct propose_trial *trial, const char *code)
{
	for (size_t i = 0; i < PROPOSE_TRIAL_CODES; i++) {
		if (trial->codes[i].code == NULL)
			trial->codes[i].code = code;
		if (strcmp(trial->codes[i].code, code) != 0)
			continue;
		trial->codes[i].n++;
		return;
	}
}

static void count_row(struct propose_trial *trial, enum df_status st,
		      const struct map_record *record)
{
	if (st == DF_OK)
		trial->accepted++;
	else if (st == DF_REJECT)
		count_code(trial, record->faults[0].code);
	else /* the manifest skips it */
		trial->rows--;
}

static void try_rows(struct map *map, const struct conf_feed *feed, struct rows *rows, size_t max,
		     struct propose_trial *trial)
{
	struct rows_row row;
	struct df_err *why = &trial->refused;
	bool first = map_has_header(map);
	enum df_status st = rows_next(rows, &row, why);
	if (st != DF_OK || row.fault != NULL)
		return;
	struct rows_cell *own = NULL;
	st = first ? document_header(map, feed, rows, &row, &own, why)
		   : map_no_header(map, row.cells, row.n_cells, why);
	free(own);
	if (st == DF_OK && first)
		st = rows_next(rows, &row, why);
	for (; st == DF_OK && trial->rows < max; st = rows_next(rows, &row, why)) {
		struct map_record record;
		trial->rows++;
		if (row.fault != NULL)
			count_code(trial, row.fault);
		else if (first && document_repeats_header(map, &row))
			count_code(trial, "repeated-header");
		else
			count_row(trial, map_row(map, row.cells, row.n_cells, &record), &record);
	}
}

/* The proposal, under its own settings. */
static void try_it(const struct run_propose *r, const struct decode_doc *doc,
		   const char *event_type, struct propose *p, struct propose_trial *trial)
{
	const char *key, *value;
	struct map *map = NULL;
	struct rows *rows = NULL;
	struct decode_bytes bytes;
	enum df_status st = DF_OK;
	for (size_t i = 0; st == DF_OK && propose_setting(p, i, &key, &value); i++)
		st = conf_feed_set(r->feed, key, value, &trial->refused);
	struct conf_feed tried = *r->feed; /* a view */
	tried.map.manifest = NULL;
	tried.map.manifest_text = (char *)(uintptr_t)propose_manifest(p);
	if (st == DF_OK)
		st = map_open(&tried, event_type, &map, &trial->refused);
	if (st == DF_OK)
		st =
		    document_rows_open(r->feed, doc, !r->no_header, &bytes, &rows, &trial->refused);
	if (st == DF_OK)
		try_rows(map, &tried, rows, 500, trial);
	rows_close(rows);
	map_close(map);
}

static enum df_status propose(const struct run_propose *r, const struct decode_doc *doc,
			      const char *stem, struct df_buf *out, struct df_err *err)
{
	const char *event_type = r->event_type != NULL ? r->event_type : doc->event_type;
	struct propose *p = NULL;
	struct propose_trial trial = {0};
	enum df_status st = look(r, doc, event_type, &p, err);
	if (st == DF_OK)
		st = propose_decide(p, stem, err);
	if (st == DF_OK) {
		try_it(r, doc, event_type, p, &trial);
		propose_write(p, &trial, out);
	}
	propose_close(p);
	return st;
}

/* The document that is meant, or NULL where there is none: the first one of that event type, or
 * the first of all. */
static const struct decode_doc *choose(const struct decode *d, const char *event_type)
{
	for (size_t i = 0; event_type != NULL && i < decode_count(d); i++)
		if (strcmp(decode_doc(d, i)->event_type, event_type) == 0)
			return decode_doc(d, i);
	return decode_count(d) > 0 ? decode_doc(d, 0) : NULL;
}

static enum df_status propose_first(const struct run_propose *r, const struct decode *d,
				    const char *given, const char *stem, struct df_buf *out,
				    struct df_err *err)
{
	const struct decode_doc *doc = choose(d, r->event_type);
	if (doc == NULL)
		return df_fail(DF_REJECT, err, "empty-file", "there is no CSV file in it");
	if (decode_count(d) > 1)
		df_log(DF_LOG_INFO, "%s holds %zu documents; this is for %s", given,
		       decode_count(d), doc->name);
	return propose(r, doc, stem, out, err);
}

static enum df_status propose_open_file(const struct run_propose *r, int fd, const char *scratch,
					struct df_buf *out, struct df_err *err)
{
	const char *given = df_base_name(r->path);
	struct name parsed;
	struct df_err unnamed = {0}, why = {0};
	struct decode *d = NULL;
	enum df_status st = name_parse_as(given, r->feed->decode.document_type, &parsed, &unnamed);
	bool zip = st == DF_OK && parsed.pack == NAME_ZIP;
	if (r->event_type == NULL && st != DF_OK)
		return name_event_types(err, unsaid, given);
	char *name = r->event_type != NULL && (st != DF_OK || (zip && parsed.event_type[0] == '\0'))
			 ? proper_name(given, r->event_type)
			 : df_strdup(given);
	st = name_parse_as(name, r->feed->decode.document_type, &parsed, err);
	if (st == DF_OK && r->encryption_by_name)
		r->feed->decode.encrypted = parsed.encrypted;
	if (st == DF_OK)
		st = decode_open(r->feed, name, fd, scratch, &d, &why);
	if (why.text[0] != '\0' && strcmp(why.code, "bad-name") == 0) /* a zip's entry */
		st = name_event_types(err, unsaid, given);
	else if (why.text[0] != '\0')
		*err = why;
	if (st == DF_OK)
		st = propose_first(r, d, given, parsed.stem, out, err);
	decode_close(d);
	free(name);
	return st;
}

/* Standard input as a file that can be read twice. */
static enum df_status take_stdin(const char *scratch, int *fd, struct df_err *err)
{
	char chunk[65536];
	enum df_status st = df_unnamed_open(scratch, fd, err);
	for (size_t total = 0; st == DF_OK && total < STDIN_MAX;) {
		if (df_stop_requested)
			return df_fail(DF_RETRY, err, NULL, "stopped by a signal");
		ssize_t n = read(STDIN_FILENO, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			st = df_fail(DF_USAGE, err, NULL, "cannot read standard input: %s",
				     strerror(errno));
		if (n <= 0)
			break;
		st = df_write_all(*fd, chunk, (size_t)n, err);
		total += (size_t)n;
	}
	return st;
}

enum df_status run_propose_file(const struct run_propose *r, struct df_buf *out, struct df_err *err)
{
	const char *scratch = run_scratch();
	int fd = -1;
	enum df_status st = DF_OK;
	if (r->feed->requests.on)
		return df_fail(
		    DF_USAGE, err, NULL,
		    "no manifest is proposed for subject requests: who is to be erased is "
		    "nothing to guess; write one, or name the columns as %s(5) says",
		    "dropfeed.conf");
	if (r->event_type != NULL && (!schema_event_known(r->event_type, strlen(r->event_type)) ||
				      schema_type_requests(r->event_type)))
		return name_event_types(err, "is not an event type; --event-type takes",
					r->event_type);
	if (strcmp(r->path, "-") == 0) {
		if (r->event_type == NULL)
			return name_event_types(err, unsaid, "-");
		st = take_stdin(scratch, &fd, err);
	} else {
		st = run_open(r->path, &fd, err);
	}
	if (st == DF_OK)
		st = propose_open_file(r, fd, scratch, out, err);
	if (fd >= 0)
		close(fd);
	return st;
}
