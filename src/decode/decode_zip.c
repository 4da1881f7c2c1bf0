/* SPDX-License-Identifier: MIT */
#include "decode_zip_priv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

struct zip_reader {
	struct decode *d;
	struct decode_zip_source source;
	zip_t *archive;
	struct decode_sink *out;
	const char *event_type; /* the zip's own, or "" */
	size_t documents;
	char buffer[DECODE_CHUNK];
};

static enum df_status zip_fault(int zip_code, int system_code, const char *what, struct df_err *err)
{
	zip_error_t e = {0};
	zip_error_init(&e);
	zip_error_set(&e, zip_code, system_code);
	/* not ZIP_ER_SEEK: a seek only notes where to read, so what fails is an offset that the
	 * zip says */
	bool ours = zip_code == ZIP_ER_READ || zip_code == ZIP_ER_MEMORY;
	enum df_status st =
	    ours ? df_fail(DF_RETRY, err, NULL, "cannot read the zip: %s", zip_error_strerror(&e))
		 : df_fail(DF_REJECT, err, "corrupt-archive",
			   "%s cannot be unpacked: %s; write or upload the zip again", what,
			   zip_error_strerror(&e));
	zip_error_fini(&e);
	return st;
}

static enum df_status zip_too_many(const struct zip_reader *r, struct df_err *err)
{
	return df_fail(DF_REJECT, err, "archive-limit",
		       "the zip has more than max_entries (%" PRIu64
		       ") entries; split it, or raise max_entries",
		       r->out->feed->decode.max_entries);
}

/* Why libzip did not open it. */
static enum df_status zip_unopened(const struct zip_reader *r, const zip_error_t *e,
				   struct df_err *err)
{
	enum df_status st = decode_stopped(err);
	if (st != DF_OK)
		return st;
	const char *kind =
	    zip_error_code_zip(e) == ZIP_ER_NOZIP ? decode_bytes_kind(r->source.fd) : NULL;
	if (kind != NULL && strcmp(kind, DECODE_A_ZIP) != 0)
		return df_fail(DF_REJECT, err, "corrupt-archive",
			       "the file is not a zip but %s, whatever its name says: make a zip "
			       "of the CSV files, or gzip each",
			       kind);
	return r->source.over
		   ? zip_too_many(r, err)
		   : zip_fault(zip_error_code_zip(e), zip_error_code_system(e), "the zip", err);
}

static enum df_status zip_begin(struct zip_reader *r, int fd, struct df_err *err)
{
	zip_error_t e = {0};
	enum df_status st =
	    decode_zip_source_init(&r->source, fd, r->out->feed->decode.max_entries, err);
	if (st != DF_OK)
		return st;
	zip_error_init(&e);
	zip_source_t *source = decode_zip_source_new(&r->source, &e);
	if (source != NULL)
		r->archive = zip_open_from_source(source, ZIP_RDONLY, &e);
	r->source.opening = false;
	if (r->archive == NULL) {
		st = zip_unopened(r, &e, err);
		zip_source_free(source);
	}
	zip_error_fini(&e);
	return st == DF_OK ? decode_zip_source_check(&r->source, err) : st;
}

static int zip_compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Two entries of one name could not be distinguished by anyone who reads our reports. */
static enum df_status zip_check_duplicates(zip_t *archive, size_t n, struct df_err *err)
{
	const char **names = df_alloc((n + 1) * sizeof(*names));
	size_t known = 0;
	enum df_status st = DF_OK;
	for (size_t i = 0; i < n; i++) {
		const char *name = zip_get_name(archive, i, 0);
		if (name != NULL)
			names[known++] = name_entry_plain(name);
	}
	qsort(names, known, sizeof(*names), zip_compare_names);
	for (size_t i = 1; i < known && st == DF_OK; i++)
		if (strcmp(names[i - 1], names[i]) == 0)
			st = df_fail(
			    DF_REJECT, err, "corrupt-archive",
			    "the zip holds two entries named '%.200s'; give each its own name",
			    names[i]);
	free(names);
	return st;
}

/* Names end up in logs, in the ledger and as names of reject files. */
static enum df_status zip_check_name(const char *name, struct df_err *err)
{
	size_t len = strlen(name);
	if (df_utf8_valid(name, len) != len)
		return df_fail(DF_REJECT, err, "bad-name",
			       "the zip holds an entry whose name is not UTF-8; rename it");
	for (const char *p = name; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return df_fail(DF_REJECT, err, "bad-name",
				       "the zip holds an entry with a control character in its "
				       "name; rename it");
	return DF_OK;
}

static bool zip_is_link(zip_t *archive, uint64_t i)
{
	zip_uint8_t system = 0;
	zip_uint32_t attributes = 0;
	return zip_file_get_external_attributes(archive, i, 0, &system, &attributes) == 0 &&
	       system == ZIP_OPSYS_UNIX && S_ISLNK(attributes >> 16);
}

/* What the archive claims about an entry. None of it is trusted but the method, which decides
 * how it is read. */
static enum df_status zip_check_stat(const zip_stat_t *sb, struct df_err *err)
{
	if ((sb->valid & ZIP_STAT_ENCRYPTION_METHOD) && sb->encryption_method != ZIP_EM_NONE)
		return df_fail(DF_REJECT, err, "corrupt-archive",
			       "the zip's entry '%.200s' is encrypted with a zip password, which "
			       "is not read; make the zip "
			       "without one, and encrypt the whole with OpenPGP instead",
			       sb->name);
	if ((sb->valid & ZIP_STAT_COMP_METHOD) && sb->comp_method != ZIP_CM_STORE &&
	    sb->comp_method != ZIP_CM_DEFLATE)
		return df_fail(DF_REJECT, err, "corrupt-archive",
			       "the zip's entry '%.200s' is compressed by method %u; only stored "
			       "and deflate are read: "
			       "make the zip "
			       "again with one of them",
			       sb->name, sb->comp_method);
	return DF_OK;
}

/* Reads to the entry's end, where libzip has compared its size and CRC. */
static enum df_status zip_read(struct zip_reader *r, zip_file_t *f, const char *name,
			       struct df_err *err)
{
	zip_int64_t n = 0;
	while ((n = zip_fread(f, r->buffer, sizeof(r->buffer))) > 0) {
		enum df_status st = decode_sink_write(r->out, r->buffer, (size_t)n, err);
		if (st != DF_OK)
			return st;
	}
	if (n == 0)
		return DF_OK;
	zip_error_t *e = zip_file_get_error(f);
	return zip_fault(zip_error_code_zip(e), zip_error_code_system(e), name, err);
}

static enum df_status zip_extract(struct zip_reader *r, const zip_stat_t *sb,
				  const char *event_type, struct df_err *err)
{
	struct decode_sink *out = r->out;
	zip_file_t *f = zip_fopen_index(r->archive, sb->index, 0);
	if (f == NULL) {
		zip_error_t *e = zip_get_error(r->archive);
		return zip_fault(zip_error_code_zip(e), zip_error_code_system(e), sb->name, err);
	}
	out->entry_start = out->written;
	/* The claimed size is capped by the real one; never 0, which would mean no entry. */
	out->entry_packed = sb->comp_size < out->packed ? sb->comp_size + 1 : out->packed;
	enum df_status st = zip_read(r, f, sb->name, err);
	zip_fclose(f);
	if (st != DF_OK)
		return st;

	uint64_t size = out->written - out->entry_start;
	if ((sb->valid & ZIP_STAT_SIZE) && size != sb->size)
		return zip_fault(ZIP_ER_INCONS, 0, sb->name, err);
	decode_add_doc(r->d, name_entry_plain(sb->name), event_type, out->fd, out->entry_start,
		       size);
	return DF_OK;
}

/* Why the entry is skipped, or NULL. *kind and type (of 48 bytes) are as its name says. */
static const char *zip_skip_reason(const struct zip_reader *r, const zip_stat_t *sb,
				   enum name_entry_kind *kind, char *type)
{
	const char *why = NULL;
	*kind = name_entry(sb->name, type, &why);
	if (*kind == NAME_ENTRY_SKIP)
		return why;
	return zip_is_link(r->archive, sb->index) ? "a symbolic link" : NULL;
}

/* An entry that is to be read. type: what its name says, or "". */
static enum df_status zip_document(struct zip_reader *r, const zip_stat_t *sb, const char *type,
				   struct df_err *err)
{
	const char *event_type = type[0] != '\0' ? type : r->event_type;
	const struct conf_feed *feed = r->out->feed;
	enum df_status st = type[0] == '\0' ? name_check_entry(sb->name, event_type, err) : DF_OK;
	if (st == DF_OK && event_type[0] == '\0')
		return df_fail(
		    DF_REJECT, err, "bad-name",
		    "neither the zip's entry '%.200s' nor the zip itself names an event "
		    "type; rename the entry to NAME-EVENTTYPE.csv, such as %s",
		    sb->name, feed->requests.on ? "people-erasure.csv" : "orders-custom_event.csv");

	if (st == DF_OK)
		st = name_check_kind(event_type, feed->requests.on, err);
	if (st == DF_OK)
		st = name_check_audience(event_type, conf_takes_audiences(feed), err);
	if (st != DF_OK) {
		df_err_context(err, "the zip's entry '%.200s'", sb->name);
		return st;
	}
	if (strlen(sb->name) > NAME_LENGTH_MAX)
		return df_fail(
		    DF_REJECT, err, "bad-name",
		    "the zip holds an entry with a name of %zu bytes, at most %u are read",
		    strlen(sb->name), NAME_LENGTH_MAX);
	r->documents++;
	return zip_extract(r, sb, event_type, err);
}

static enum df_status zip_entry(struct zip_reader *r, uint64_t i, struct df_err *err)
{
	zip_stat_t sb = {0};
	char type[48] = "";
	enum name_entry_kind kind = NAME_ENTRY_SKIP;
	if (zip_stat_index(r->archive, i, 0, &sb) != 0 || sb.name == NULL)
		return df_fail(DF_REJECT, err, "corrupt-archive",
			       "the zip's entry %" PRIu64 " cannot be read; upload the zip again",
			       i + 1);
	enum df_status st = zip_check_name(sb.name, err);
	if (st != DF_OK)
		return st;
	st = zip_check_stat(&sb, err);
	if (st != DF_OK)
		return st;

	const char *why = zip_skip_reason(r, &sb, &kind, type);
	if (why != NULL) {
		decode_add_skipped(r->d, sb.name, why, name_entry_missed(sb.name));
		return DF_OK;
	}
	if (kind == NAME_ENTRY_ARCHIVE)
		return df_fail(DF_REJECT, err, "corrupt-archive",
			       "the zip's entry '%.200s' is an archive or encrypted itself, which "
			       "is not read; put the CSV files directly into the zip",
			       sb.name);
	return zip_document(r, &sb, type, err);
}

/* A zip of which something could not be read is not judged: libzip takes some failures for the
 * file's end. */
static enum df_status zip_verdict(const struct zip_reader *r, enum df_status st,
				  const struct df_err *why, struct df_err *err)
{
	if (st != DF_RETRY && r->source.failed != 0)
		return df_fail(DF_RETRY, err, NULL, "cannot read the zip: %s",
			       strerror(r->source.failed));
	if (st != DF_OK && err != NULL)
		*err = *why;
	return st;
}

static enum df_status zip_entries(struct zip_reader *r, struct df_err *err)
{
	uint64_t n = (uint64_t)zip_get_num_entries(r->archive, 0);
	if (n > r->out->feed->decode.max_entries)
		return zip_too_many(r, err);
	enum df_status st = zip_check_duplicates(r->archive, n, err);
	for (uint64_t i = 0; i < n && st == DF_OK; i++)
		st = zip_entry(r, i, err);
	if (st != DF_OK)
		return st;
	if (r->documents == 0)
		return df_fail(DF_REJECT, err, "empty-file",
			       "the zip holds no CSV file (of %" PRIu64
			       " entries, none is a .csv at its top); put the CSV files directly "
			       "into it",
			       n);
	return DF_OK;
}

enum df_status decode_zip(struct decode *d, int fd, const char *event_type, struct decode_sink *out,
			  struct df_err *err)
{
	struct zip_reader *r = df_alloc(sizeof(*r));
	*r = (struct zip_reader){.d = d, .out = out, .event_type = event_type};
	struct df_err why = {0};
	enum df_status st = zip_begin(r, fd, &why);
	if (st != DF_OK)
		goto cleanup;
	st = zip_entries(r, &why);
cleanup:
	st = zip_verdict(r, st, &why, err);
	if (r->archive != NULL)
		zip_discard(r->archive);
	zip_error_fini(&r->source.error);
	free(r);
	return st;
}
