/* SPDX-License-Identifier: MIT */
/* A foreign file is looked at, a manifest is proposed for it, and the proposal is tried on the
 * same rows. */
#include "trial_reader.h"

#include "dropfeed/document.h"
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
static enum df_status read_first_row(struct rows *rows, struct rows_row *row, struct df_err *err)
{
	enum df_status st = rows_next(rows, row, err);
	if (st == DF_END)
		return df_fail(DF_REJECT, err, "empty-file",
			       "the document has neither a header nor rows");
	if (st != DF_OK || row->fault == NULL)
		return st;
	return df_fail(DF_REJECT, err,
		       strcmp(row->fault, "invalid-utf8") == 0 ? "not-utf8" : "malformed-csv",
		       "the first row: %s", row->fault_text);
}

#define TRAILER_MAX 12 /* lines after the last row, blank ones included */

/* The rows below the first one, and what is after them. */
static enum df_status learn(const struct trial_propose *r, struct propose *p, struct rows *rows,
			    const struct rows_row *first, struct trial_reader *reader,
			    struct df_err *err)
{
	struct df_err broken = {0};
	struct end end = {0};
	const size_t columns = first->n_cells;
	if (r->no_header && !propose_row(p, first->cells, columns))
		return DF_OK;
	enum df_status st = look_at_rows(p, rows, columns, &end, &broken);
	uint64_t lines = rows_tell(rows).line - end.line;
	if (st == DF_RETRY)
		return df_fail(st, err, NULL, "%s", broken.text);
	/* a break further down is for `validate` to report */
	if (st == DF_END && end.odd > 0 && lines <= TRAILER_MAX)
		trial_reader_trailer(reader, r->feed, lines);
	trial_reader_needs(reader, p);
	return DF_OK;
}

static enum df_status propose_look_at(const struct trial_propose *r, const struct decode_doc *doc,
				      const char *event_type, struct propose **out,
				      struct df_err *err)
{
	struct rows *rows = NULL;
	struct rows_row row = {0};
	struct decode_bytes bytes;
	struct trial_reader reader = {0};
	enum df_status st = r->no_header ? DF_OK : document_check_kind(doc, err);
	if (st != DF_OK)
		return st;
	st = trial_reader_set(r, doc, &reader, err);
	if (st != DF_OK)
		return st;
	st = document_rows_open(r->feed, doc, !r->no_header, &bytes, &rows, err);
	if (st != DF_OK)
		return st;
	st = read_first_row(rows, &row, err);
	if (st != DF_OK)
		goto cleanup;

	const struct propose_first first = {
	    .cells = row.cells, .n = row.n_cells, .is_header = !r->no_header};
	st = propose_open(r->feed, event_type, &first, out, err);
	if (st != DF_OK)
		goto cleanup;
	st = learn(r, *out, rows, &row, &reader, err);
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

static void trial_count_row(struct propose_trial *trial, enum df_status st,
			    const struct map_record *record)
{
	if (st == DF_OK)
		trial->accepted++;
	else if (st == DF_REJECT)
		count_code(trial, record->faults[0].code);
	else /* the manifest skips it */
		trial->rows--;
}

static void try_row(struct map *map, const struct rows_row *row, struct propose_trial *trial)
{
	struct map_record record;
	enum df_status st = map_row(map, row->cells, row->n_cells, &record);
	if (st == DF_OK && map_stray_row(map, row, &record.faults[0]))
		st = DF_REJECT;
	trial_count_row(trial, st, &record);
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
		trial->rows++;
		if (row.fault != NULL)
			count_code(trial, row.fault);
		else if (first && document_repeats_header(map, &row))
			count_code(trial, "repeated-header");
		else
			try_row(map, &row, trial);
	}
}

/* The proposal, under its own settings. */
static enum df_status try_it(const struct trial_propose *r, const struct decode_doc *doc,
			     const char *event_type, struct propose *p, struct propose_trial *trial)
{
	const char *key, *value;
	struct map *map = NULL;
	struct rows *rows = NULL;
	struct decode_bytes bytes;
	struct df_err *why = &trial->refused;
	for (size_t i = 0; propose_setting(p, i, &key, &value); i++) {
		enum df_status st = conf_feed_set(r->feed, key, value, why);
		if (st != DF_OK)
			return st;
	}
	struct conf_feed tried = *r->feed; /* a view */
	tried.map.manifest = NULL;
	tried.map.manifest_text = (char *)(uintptr_t)propose_manifest(p);
	enum df_status st = map_open(&tried, event_type, &map, why);
	if (st != DF_OK)
		return st;

	st = document_rows_open(r->feed, doc, !r->no_header, &bytes, &rows, why);
	if (st != DF_OK)
		goto cleanup;
	try_rows(map, &tried, rows, 500, trial);
cleanup:
	rows_close(rows);
	map_close(map);
	return st;
}

static enum df_status propose_document(const struct trial_propose *r, const struct decode_doc *doc,
				       const char *stem, struct df_buf *out, struct df_err *err)
{
	const char *event_type = r->event_type != NULL ? r->event_type : doc->event_type;
	struct propose *p = NULL;
	struct propose_trial trial = {0};
	enum df_status st = propose_look_at(r, doc, event_type, &p, err);
	if (st != DF_OK)
		goto cleanup;
	st = propose_decide(p, stem, err);
	if (st != DF_OK)
		goto cleanup;
	(void)!try_it(r, doc, event_type, p, &trial); /* the trial says what went wrong */
	propose_write(p, &trial, out);
cleanup:
	propose_close(p);
	return st;
}

/* The document that is meant, or NULL where there is none: the first one of that event type, or
 * the first of all. */
static const struct decode_doc *meant_document(const struct decode *d, const char *event_type)
{
	for (size_t i = 0; event_type != NULL && i < decode_count(d); i++)
		if (strcmp(decode_doc(d, i)->event_type, event_type) == 0)
			return decode_doc(d, i);
	return decode_count(d) > 0 ? decode_doc(d, 0) : NULL;
}

static enum df_status propose_first(const struct trial_propose *r, const struct decode *d,
				    const char *given, const char *stem, struct df_buf *out,
				    struct df_err *err)
{
	const struct decode_doc *doc = meant_document(d, r->event_type);
	if (doc == NULL)
		return df_fail(DF_REJECT, err, "empty-file", "there is no CSV file in it");
	if (decode_count(d) > 1)
		df_log(DF_LOG_INFO, "%s holds %zu documents; this is for %s", given,
		       decode_count(d), doc->name);
	return propose_document(r, doc, stem, out, err);
}

/* Under what name the file is read: its own, unless that does not say what it has to. The
 * caller's; NULL: err is set. */
static char *name_to_read(const struct trial_propose *r, struct df_err *err)
{
	const char *given = df_base_name(r->path);
	struct name parsed;
	struct df_err unnamed = {0};
	bool named =
	    name_parse_as(given, r->feed->decode.document_type, &parsed, &unnamed) == DF_OK;
	bool lacks = !named || (parsed.pack == NAME_ZIP && parsed.event_type[0] == '\0');
	if (r->event_type != NULL)
		return lacks ? proper_name(given, r->event_type) : df_strdup(given);
	if (named)
		return df_strdup(given);
	enum df_status st = name_event_types(err, unsaid, given);
	(void)st;
	return NULL;
}

static enum df_status propose_named(const struct trial_propose *r, int fd, const char *name,
				    const char *scratch, struct df_buf *out, struct df_err *err)
{
	const char *given = df_base_name(r->path);
	struct name parsed;
	struct df_err why = {0};
	struct decode *d = NULL;
	enum df_status st = name_parse_as(name, r->feed->decode.document_type, &parsed, err);
	if (st != DF_OK)
		return st;

	if (r->encryption_by_name)
		r->feed->decode.encrypted = parsed.encrypted;
	st = decode_open(r->feed, name, fd, scratch, &d, &why);
	if (st != DF_OK && strcmp(why.code, "bad-name") == 0) /* a zip's entry */
		return name_event_types(err, unsaid, given);
	if (st != DF_OK) {
		*err = why;
		return st;
	}
	st = propose_first(r, d, given, parsed.stem, out, err);
	decode_close(d);
	return st;
}

static enum df_status propose_open_file(const struct trial_propose *r, int fd, const char *scratch,
					struct df_buf *out, struct df_err *err)
{
	char *name = name_to_read(r, err);
	if (name == NULL)
		return DF_USAGE;
	enum df_status st = propose_named(r, fd, name, scratch, out, err);
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

enum df_status trial_propose_file(const struct trial_propose *r, struct df_buf *out,
				  struct df_err *err)
{
	const char *scratch = df_scratch();
	int fd = -1;
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

	bool standard = strcmp(r->path, "-") == 0;
	if (standard && r->event_type == NULL)
		return name_event_types(err, unsaid, "-");
	enum df_status st =
	    standard ? take_stdin(scratch, &fd, err) : df_open_named(r->path, &fd, err);
	if (st != DF_OK)
		goto cleanup;
	st = propose_open_file(r, fd, scratch, out, err);
cleanup:
	if (fd >= 0)
		close(fd);
	return st;
}
