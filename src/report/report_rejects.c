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
	struct df_err failed; /* the first write that went wrong */
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

void report_rejects_add(struct report_rejects *r, const char *p, size_t len)
{
	df_buf_add(&r->pending, p, len);
	if (r->pending.len >= FLUSH_AT)
		flush(r);
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
