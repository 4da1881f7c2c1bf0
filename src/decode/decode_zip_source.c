/* SPDX-License-Identifier: MIT */
/*
 * A descriptor as libzip's source. libzip reads the whole directory into memory before it says how
 * many entries there are, so what it may read while opening is limited here.
 */
#include "decode_zip_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static zip_int64_t source_fail(struct decode_zip_source *s, int zip_code, int system_code)
{
	zip_error_set(&s->error, zip_code, system_code);
	return -1;
}

static ssize_t source_read_at(struct decode_zip_source *s, void *p, size_t len, uint64_t offset)
{
	ssize_t n = 0;
	do
		n = pread(s->fd, p, len, (off_t)offset);
	while (n < 0 && errno == EINTR);
	if (n < 0 && s->failed == 0)
		s->failed = errno;
	return n;
}

static zip_int64_t source_read(struct decode_zip_source *s, void *data, zip_uint64_t len)
{
	ssize_t n = 0;
	if (s->opening && len > s->allowance) {
		s->over = true;
		return source_fail(s, ZIP_ER_READ, EFBIG);
	}
	if (df_stop_requested)
		return source_fail(s, ZIP_ER_READ, EINTR);
	n = source_read_at(s, data, len, s->offset);
	if (n < 0)
		return source_fail(s, ZIP_ER_READ, s->failed);
	s->offset += (uint64_t)n;
	if (s->opening)
		s->allowance -= (uint64_t)n;
	return n;
}

static zip_int64_t source_seek(struct decode_zip_source *s, void *data, zip_uint64_t len)
{
	zip_int64_t to = zip_source_seek_compute_offset(s->offset, s->size, data, len, &s->error);
	if (to < 0)
		return -1;
	s->offset = (uint64_t)to;
	return 0;
}

static zip_int64_t source_stat(const struct decode_zip_source *s, zip_stat_t *sb)
{
	zip_stat_init(sb);
	sb->size = s->size;
	sb->valid |= ZIP_STAT_SIZE;
	return sizeof(*sb);
}

static zip_int64_t source_command(void *ctx, void *data, zip_uint64_t len, zip_source_cmd_t command)
{
	struct decode_zip_source *s = ctx;
	switch (command) {
	case ZIP_SOURCE_OPEN:
		s->offset = 0;
		return 0;
	case ZIP_SOURCE_READ:
		return source_read(s, data, len);
	case ZIP_SOURCE_SEEK:
		return source_seek(s, data, len);
	case ZIP_SOURCE_TELL:
		return (zip_int64_t)s->offset;
	case ZIP_SOURCE_STAT:
		return source_stat(s, data);
	case ZIP_SOURCE_ERROR:
		return zip_error_to_data(&s->error, data, len);
	case ZIP_SOURCE_CLOSE:
	case ZIP_SOURCE_FREE: /* s is the reader's */
		return 0;
	case ZIP_SOURCE_SUPPORTS:
		return zip_source_make_command_bitmap(
		    ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_SEEK, ZIP_SOURCE_TELL,
		    ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR, ZIP_SOURCE_CLOSE, ZIP_SOURCE_FREE,
		    ZIP_SOURCE_SUPPORTS, -1);
	default:
		return source_fail(s, ZIP_ER_OPNOTSUPP, 0);
	}
}

/* ---- the archive's end (APPNOTE 4.3.14 to 4.3.16) ---- */

#define END_SIZE        22u /* of the end record, without its comment */
#define LOCATOR_SIZE    20u /* of what points to the zip64 end record, just before the end record */
#define END64_SIZE      56u
#define END_COMMENT_MAX 65535u

static uint64_t little(const unsigned char *p, size_t n)
{
	uint64_t v = 0;
	while (n-- > 0)
		v = v << 8 | p[n];
	return v;
}

static bool end_read(struct decode_zip_source *s, unsigned char *p, size_t len, uint64_t offset)
{
	return source_read_at(s, p, len, offset) == (ssize_t)len;
}

/* True when the directory that the end record at `at` describes ends where its records begin. */
static bool end_follows_directory(struct decode_zip_source *s, const unsigned char *end,
				  uint64_t at)
{
	unsigned char locator[LOCATOR_SIZE], end64[END64_SIZE];
	uint64_t length = little(end + 12, 4), start = little(end + 16, 4);
	bool zip64 = at >= LOCATOR_SIZE &&
		     end_read(s, locator, sizeof(locator), at - LOCATOR_SIZE) &&
		     memcmp(locator, "PK\6\7", 4) == 0;
	if (!zip64)
		return start + length == at;
	uint64_t at64 = little(locator + 8, 8);
	if (at64 > at - LOCATOR_SIZE || !end_read(s, end64, sizeof(end64), at64) ||
	    memcmp(end64, "PK\6\6", 4) != 0)
		return false;
	length = little(end64 + 40, 8);
	start = little(end64 + 48, 8);
	return little(end64 + 4, 8) == at - LOCATOR_SIZE - at64 - 12 && start <= at64 &&
	       length == at64 - start;
}

/* The records after the last byte that is not NUL end with an end record, whose own last bytes
 * may be 0: the zip ends there. */
static enum df_status source_find_end(struct decode_zip_source *s, uint64_t last,
				      struct df_err *err)
{
	size_t len = last < END_SIZE + END_COMMENT_MAX ? (size_t)last : END_SIZE + END_COMMENT_MAX;
	unsigned char *tail = df_alloc(len + END_SIZE);
	size_t room = s->size - last < END_SIZE ? (size_t)(s->size - last) : END_SIZE;
	if (!end_read(s, tail, len, last - len)) {
		free(tail);
		return df_fail(DF_RETRY, err, NULL, "cannot read the zip's end: %s",
			       s->failed != 0 ? strerror(s->failed) : "it got shorter");
	}

	for (size_t i = 0; i < len; i++) {
		if (memcmp(tail + i, "PK\5\6", 4) != 0)
			continue;
		size_t ends = i + END_SIZE + (size_t)little(tail + i + 20, 2);
		if (ends >= len && ends <= len + room &&
		    end_follows_directory(s, tail + i, last - len + i))
			s->size = last - len + ends;
	}
	free(tail);
	return DF_OK;
}

/* tar and tapes pad with NULs: they are not part of the zip. Its end is not NULs alone: its
 * record begins with a signature, of which at most the last bytes, the length of a comment among
 * them, may be 0. */
static enum df_status source_trim(struct decode_zip_source *s, struct df_err *err)
{
	unsigned char chunk[4096];
	uint64_t end = s->size;
	while (end > 0) {
		size_t n = end < sizeof(chunk) ? (size_t)end : sizeof(chunk);
		enum df_status st = decode_stopped(err);
		if (st != DF_OK)
			return st;
		if (source_read_at(s, chunk, n, end - n) != (ssize_t)n)
			return df_fail(DF_RETRY, err, NULL, "cannot read the zip's end: %s",
				       s->failed != 0 ? strerror(s->failed) : "it got shorter");
		size_t kept = n;
		while (kept > 0 && chunk[kept - 1] == 0)
			kept--;
		end -= n - kept;
		if (kept > 0)
			break;
	}
	return end == s->size ? DF_OK : source_find_end(s, end, err);
}

enum df_status decode_zip_source_init(struct decode_zip_source *s, int fd, uint64_t max_entries,
				      struct df_err *err)
{
	struct stat sb = {0};
	if (fstat(fd, &sb) != 0)
		return df_fail(DF_RETRY, err, NULL, "cannot look at the zip: %s", strerror(errno));
	*s = (struct decode_zip_source){.fd = fd, .size = (uint64_t)sb.st_size, .opening = true};
	zip_error_init(&s->error);
	enum df_status st = source_trim(s, err);
	if (st != DF_OK)
		return st;
	uint64_t directory = 0;
	if (__builtin_mul_overflow(max_entries, DIRECTORY_PER_ENTRY, &directory) ||
	    __builtin_add_overflow(directory, DIRECTORY_FREE, &s->allowance))
		s->allowance = UINT64_MAX;
	return DF_OK;
}

/* libzip takes any end record that it finds in the last 64 KiB. Of two zips in one file it would
 * read one, and be silent about the other: what is not the last thing in the file, and all of
 * it, is refused, as with gzip. */
enum df_status decode_zip_source_check(struct decode_zip_source *s, struct df_err *err)
{
	size_t len =
	    s->size < END_SIZE + END_COMMENT_MAX ? (size_t)s->size : END_SIZE + END_COMMENT_MAX;
	unsigned char *tail = df_alloc(len + 1);
	bool whole = false;
	if (!end_read(s, tail, len, s->size - len)) {
		free(tail);
		return df_fail(DF_RETRY, err, NULL, "cannot read the zip's end: %s",
			       s->failed != 0 ? strerror(s->failed) : "it got shorter");
	}

	for (size_t i = 0; i + END_SIZE <= len && !whole; i++)
		whole = memcmp(tail + i, "PK\5\6", 4) == 0 &&
			i + END_SIZE + little(tail + i + 20, 2) == len &&
			end_follows_directory(s, tail + i, s->size - len + i);
	free(tail);
	if (whole)
		return DF_OK;
	return df_fail(DF_REJECT, err, "corrupt-archive",
		       "other bytes follow the zip's directory, or another zip: not all of the "
		       "file would be read; write "
		       "the zip again");
}

zip_source_t *decode_zip_source_new(struct decode_zip_source *s, zip_error_t *error)
{
	return zip_source_function_create(source_command, s, error);
}
