/* SPDX-License-Identifier: MIT */
#include "dropfeed/report.h"

#include "dropfeed/step.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FLUSH_AT    (256u << 10)
#define NAMES_TRIED 10000

struct report_rejects {
	char *dir, *name, *temporary; /* own */
	int fd;
	struct df_buf pending;
	bool has_header, again; /* again: the document is a reject file itself, its two columns give way to new ones */
	struct df_err failed;   /* the first write that went wrong */
};

enum df_status report_rejects_open(const char *dir, const char *name, int64_t tag, struct report_rejects **out,
				   struct df_err *err)
{
	enum df_status st = df_mkdirs(dir, err);
	if (st != DF_OK)
		return st;
	struct report_rejects *r = df_alloc(sizeof(*r));
	r->dir = df_strdup(dir);
	r->name = df_strdup(name);
	r->temporary = df_format("%s/.%lld.tmp", dir, (long long)tag);
	/* What a crash left there may have its final name already, and be read: it is taken away, not emptied. */
	unlink(r->temporary);
	r->fd = open(r->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (r->fd < 0) {
		st = df_fail(DF_RETRY, err, NULL, "cannot write %s: %s", r->temporary, df_disk_words(errno));
		report_rejects_abandon(r);
		return st;
	}
	df_after("open the reject file");
	*out = r;
	return DF_OK;
}

static void flush(struct report_rejects *r)
{
	if (r->failed.text[0] == '\0' && df_write_all(r->fd, r->pending.data, r->pending.len, &r->failed) != DF_OK)
		df_err_context(&r->failed, "%s", r->temporary);
	df_buf_reset(&r->pending);
}

/* Length of a row without the line number and the reason that an earlier reject file added; all of it when it has none. */
static size_t without_own(const struct report_rejects *r, const char *raw, size_t body)
{
	size_t comma[2] = {0}, commas = 0; /* the last two outside quotes, and how many there are */
	bool quoted = false;
	for (size_t i = 0; i < body; i++) {
		if (raw[i] == '"')
			quoted = !quoted;
		if (raw[i] == ',' && !quoted) {
			comma[0] = comma[1];
			comma[1] = i;
			commas++;
		}
	}
	if (quoted || commas < 2 || (r->has_header && !r->again))
		return body;
	size_t at = comma[0] + 1, reason = comma[1] + 1;
	reason += reason < body && raw[reason] == '"';
	while (at < comma[1] && raw[at] >= '0' && raw[at] <= '9')
		at++;
	bool line = at == comma[1] && at > comma[0] + 1;
	while (reason < body && ((raw[reason] >= 'a' && raw[reason] <= 'z') || raw[reason] == '-'))
		reason++;
	bool code = r->again || (reason < body && raw[reason] == ':') || (reason < body && raw[reason] == ' ');
	return line && code ? comma[0] : body;
}

static size_t body_length(const char *raw, size_t len)
{
	while (len > 0 && (raw[len - 1] == '\n' || raw[len - 1] == '\r'))
		len--;
	return len;
}

/* row: how much of raw is the document's own */
static void add_line(struct report_rejects *r, const char *raw, size_t len, size_t row, const char *first,
		     const char *second)
{
	size_t body = body_length(raw, len);
	df_buf_add(&r->pending, raw, row < body ? row : body);
	df_buf_addf(&r->pending, ",%s,", first);
	bool quote = strpbrk(second, ",\"\r\n") != NULL;
	if (quote)
		df_buf_addc(&r->pending, '"');
	for (const char *p = second; *p != '\0'; p++) {
		if (*p == '"')
			df_buf_addc(&r->pending, '"');
		df_buf_addc(&r->pending, *p);
	}
	if (quote)
		df_buf_addc(&r->pending, '"');
	if (body < len)
		df_buf_add(&r->pending, raw + body, len - body);
	else
		df_buf_addc(&r->pending, '\n'); /* the document's last row may have had no line end */
	if (r->pending.len >= FLUSH_AT)
		flush(r);
}

void report_rejects_header(struct report_rejects *r, const char *raw, size_t len)
{
	static const char own[] = "," REPORT_COLUMN_LINE "," REPORT_COLUMN_REASON;
	size_t body = body_length(raw, len), own_len = sizeof(own) - 1;
	r->has_header = true;
	r->again = body > own_len && memcmp(raw + body - own_len, own, own_len) == 0;
	add_line(r, raw, len, r->again ? body - own_len : body, REPORT_COLUMN_LINE, REPORT_COLUMN_REASON);
}

void report_rejects_row(struct report_rejects *r, const char *raw, size_t len, uint64_t line, const char *reason)
{
	char number[24];
	snprintf(number, sizeof(number), "%llu", (unsigned long long)line);
	add_line(r, raw, len, without_own(r, raw, body_length(raw, len)), number, reason);
}

static bool same_bytes(int a, const char *path)
{
	bool same = false;
	struct stat sa, sb;
	int b = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (b < 0)
		return false;
	if (fstat(a, &sa) == 0 && fstat(b, &sb) == 0 && sa.st_size == sb.st_size) {
		char pa[8192], pb[8192];
		off_t at = 0;
		same = true;
		while (same && at < sa.st_size) {
			ssize_t na = pread(a, pa, sizeof(pa), at), nb = pread(b, pb, sizeof(pb), at);
			same = na > 0 && na == nb && memcmp(pa, pb, (size_t)na) == 0;
			at += na;
		}
	}
	close(b);
	return same;
}

/* The n-th name to try: the stem, not the event type behind its last dash, gets the number. */
static char *name_try(const char *dir, const char *name, unsigned n)
{
	const char *dash = strrchr(name, '-');
	size_t stem = dash != NULL ? (size_t)(dash - name) : strlen(name);
	char *tail = n == 1 ? df_strdup(name + stem) : df_format("_%u%s", n, name + stem);
	char *leaf = df_file_name(name, stem, tail);
	char *path = df_format("%s/%s", dir, leaf);
	free(leaf);
	free(tail);
	return path;
}

static enum df_status replace(const struct report_rejects *r, const char *older, char **path, struct df_err *err)
{
	df_before("replace the reject file");
	if (rename(r->temporary, older) != 0)
		return df_fail(DF_RETRY, err, NULL, "cannot replace the reject file %s: %s", older,
			       df_disk_words(errno));
	df_after("replace the reject file");
	*path = df_strdup(older);
	return DF_OK;
}

enum df_status report_rejects_close(struct report_rejects *r, const char *replaces, char **path, struct df_err *err)
{
	flush(r);
	enum df_status st = DF_OK;
	if (r->failed.text[0] != '\0')
		st = df_fail(DF_RETRY, err, NULL, "%s", r->failed.text);
	else if (fsync(r->fd) != 0)
		st = df_fail(DF_RETRY, err, NULL, "cannot sync %s: %s", r->temporary, df_disk_words(errno));
	if (st == DF_OK && replaces != NULL)
		st = replace(r, replaces, path, err);
	for (unsigned n = 1; st == DF_OK && replaces == NULL; n++) {
		char *name = name_try(r->dir, r->name, n);
		/* A link fails where the name is taken: nothing is overwritten, and a crash leaves one name or both. */
		df_before("name the reject file");
		bool done = link(r->temporary, name) == 0 || (errno == EEXIST && same_bytes(r->fd, name));
		df_after("name the reject file");
		if (done) {
			*path = name;
			break;
		}
		if (errno != EEXIST || n == NAMES_TRIED)
			st = df_fail(DF_RETRY, err, NULL, "cannot name the reject file %s: %s", name,
				     df_disk_words(errno));
		free(name);
	}
	/* The next try begins by this, but after a success there is none. */
	if (st == DF_OK && replaces == NULL && unlink(r->temporary) != 0)
		st = df_fail(DF_RETRY, err, NULL, "cannot remove %s: %s", r->temporary, strerror(errno));
	if (st == DF_OK)
		st = df_sync_folder(r->dir, err);
	report_rejects_abandon(r);
	return st;
}

void report_rejects_abandon(struct report_rejects *r)
{
	if (r == NULL)
		return;
	if (r->fd >= 0) {
		close(r->fd);
		unlink(r->temporary);
	}
	df_buf_free(&r->pending);
	free(r->dir);
	free(r->name);
	free(r->temporary);
	free(r);
}
