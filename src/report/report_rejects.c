/* SPDX-License-Identifier: MIT */
#include "dropfeed/report.h"

#include "dropfeed/step.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FLUSH_AT    (256u << 10)
#define NAMES_TRIED 10000u

struct report_rejects {
	/* own; NULL where the file has its name already, as standard output */
	char *dir, *name, *temporary;
	int fd;
	int rows; /* borrowed: what the rows are written to; mostly fd */
	struct df_buf pending;
	struct df_err failed; /* the first write that went wrong */
};

static struct report_rejects *rejects_new(const char *dir, const char *name, int64_t tag)
{
	struct report_rejects *r = df_alloc(sizeof(*r));
	r->dir = df_strdup(dir);
	r->name = df_strdup(name);
	r->temporary = df_format("%s/.%lld.tmp", dir, (long long)tag);
	r->fd = r->rows = -1;
	return r;
}

static enum df_status open_temporary(struct report_rejects *r, struct df_err *err)
{
	/* What a crash left there may have its final name already, and be read: it is removed,
	 * not emptied. */
	unlink(r->temporary);
	r->fd = r->rows =
	    open(r->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (r->fd < 0)
		return df_fail(DF_RETRY, err, NULL, "cannot write %s: %s", r->temporary,
			       df_strerror(errno));
	df_after("open the reject file");
	return DF_OK;
}

enum df_status report_rejects_open(const char *dir, const char *name, int64_t tag,
				   struct report_rejects **out, struct df_err *err)
{
	enum df_status st = df_mkdirs(dir, err);
	if (st != DF_OK)
		return st;
	struct report_rejects *r = rejects_new(dir, name, tag);
	st = open_temporary(r, err);
	if (st != DF_OK) {
		report_rejects_abandon(r);
		return st;
	}
	*out = r;
	return DF_OK;
}

/* What cannot be renamed: path NULL is standard output. */
static enum df_status open_special(struct report_rejects *r, const char *path, struct df_err *err)
{
	r->fd = r->rows = path == NULL ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)
				       : open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	free(r->temporary);
	r->temporary = NULL;
	if (r->fd < 0)
		return df_fail(DF_USAGE, err, NULL, "cannot write %s: %s",
			       path != NULL ? path : "-", strerror(errno));
	return DF_OK;
}

enum df_status report_rejects_open_path(const char *path, struct report_rejects **out,
					struct df_err *err)
{
	struct stat info;
	bool standard = strcmp(path, "-") == 0,
	     special = stat(path, &info) == 0 && !S_ISREG(info.st_mode);
	char *dir = df_dirname(path);
	struct report_rejects *r = rejects_new(dir, df_base_name(path), getpid());
	free(dir);
	enum df_status st = standard || special ? open_special(r, standard ? NULL : path, err)
						: open_temporary(r, err);
	if (st != DF_OK) {
		report_rejects_abandon(r);
		return st;
	}
	*out = r;
	return DF_OK;
}

void report_rejects_rows_to(struct report_rejects *r, int fd)
{
	r->rows = fd;
}

int report_rejects_file(const struct report_rejects *r)
{
	return r->fd;
}

/* ---- rows ---- */

static const char *shown(const struct report_rejects *r)
{
	return r->temporary != NULL ? r->temporary : r->name;
}

static void write_pending(struct report_rejects *r)
{
	if (r->failed.text[0] == '\0' &&
	    df_write_all(r->rows, r->pending.data, r->pending.len, &r->failed) != DF_OK)
		df_err_context(&r->failed, "%s", shown(r));
	df_buf_reset(&r->pending);
}

void report_rejects_add(struct report_rejects *r, const char *p, size_t len)
{
	df_buf_add(&r->pending, p, len);
	if (r->pending.len >= FLUSH_AT)
		write_pending(r);
}

enum df_status report_rejects_flush(struct report_rejects *r, struct df_err *err)
{
	write_pending(r);
	return r->failed.text[0] == '\0' ? DF_OK
					 : df_fail(DF_RETRY, err, NULL, "%s", r->failed.text);
}

/* ---- its name ---- */

/* The n-th name to try: the stem, not the event type after its last dash, gets the numbers: that of
 * the document, or 0, and n. */
static char *name_try(const struct report_rejects *r, int64_t document, unsigned n)
{
	char of[32] = "", number[16] = "";
	const char *dash = strrchr(r->name, '-');
	const char *tail_at = dash != NULL ? dash : r->name + strcspn(r->name, ".");
	if (document != 0)
		snprintf(of, sizeof(of), "_%lld", (long long)document);
	if (n > 1)
		snprintf(number, sizeof(number), "_%u", n);
	char *tail = df_format("%s%s%s", of, number, tail_at);
	char *leaf = df_file_name(r->name, (size_t)(tail_at - r->name), tail);
	char *path = df_format("%s/%s", r->dir, leaf);
	free(leaf);
	free(tail);
	return path;
}

static enum df_status rename_over(const struct report_rejects *r, const char *older,
				  struct df_err *err)
{
	df_before("replace the reject file");
	if (rename(r->temporary, older) != 0)
		return df_fail(DF_RETRY, err, NULL, "cannot replace the reject file %s: %s", older,
			       df_strerror(errno));
	df_after("replace the reject file");
	return DF_OK;
}

static enum df_status replace_older(const struct report_rejects *r, const char *older, char **path,
				    struct df_err *err)
{
	enum df_status st = rename_over(r, older, err);
	if (st != DF_OK)
		return st;
	*path = df_strdup(older);
	return DF_OK;
}

/* A name of its own. DF_END: it is taken. The ledger has it first: what a crash leaves under it
 * is known to be this document's, and the next try takes its place. */
static enum df_status take_name(const struct report_rejects *r,
				const struct report_rejects_owner *owner, const char *path,
				struct df_err *err)
{
	struct stat there;
	bool exists = lstat(path, &there) == 0;
	if (exists && owner == NULL && S_ISREG(there.st_mode) && there.st_size == 0)
		return rename_over(r, path, err);
	if (exists)
		return DF_END;
	enum df_status st = owner != NULL
				? ledger_document_rejects(owner->ledger, owner->document, path, err)
				: DF_OK;
	if (st != DF_OK)
		return st;

	/* A link fails where the name is taken: nothing is overwritten. */
	df_before("name the reject file");
	bool done = link(r->temporary, path) == 0;
	int why = errno;
	df_after("name the reject file");
	if (done && unlink(r->temporary) != 0)
		return df_fail(DF_RETRY, err, NULL, "cannot remove %s: %s", r->temporary,
			       strerror(errno));
	if (done)
		return DF_OK;
	return why == EEXIST ? DF_END
			     : df_fail(DF_RETRY, err, NULL, "cannot name the reject file %s: %s",
				       path, df_strerror(why));
}

static enum df_status find_name(const struct report_rejects *r,
				const struct report_rejects_owner *owner, char **path,
				struct df_err *err)
{
	bool several = false;
	enum df_status known =
	    owner != NULL ? ledger_several_hosts(owner->ledger, &several, err) : DF_OK;
	if (known != DF_OK)
		return known;
	/* a name that is free here may be another document's on another host */
	const int64_t document = several ? owner->document : 0;
	for (unsigned n = 1; n <= NAMES_TRIED; n++) {
		char *name = name_try(r, document, n);
		enum df_status st = take_name(r, owner, name, err);
		if (st != DF_OK)
			free(name);
		else
			*path = name;
		if (st != DF_END)
			return st;
	}
	return df_fail(DF_RETRY, err, NULL, "%s has %u reject files named like %s: move them away",
		       r->dir, NAMES_TRIED, r->name);
}

static enum df_status name_it(const struct report_rejects *r,
			      const struct report_rejects_owner *owner, char **path,
			      struct df_err *err)
{
	const char *older = owner != NULL ? owner->older : NULL;
	if (fsync(r->fd) != 0)
		return df_fail(DF_RETRY, err, NULL, "cannot sync %s: %s", r->temporary,
			       df_strerror(errno));
	enum df_status st =
	    older != NULL ? replace_older(r, older, path, err) : find_name(r, owner, path, err);
	return st == DF_OK ? df_sync_folder(r->dir, err) : st;
}

enum df_status report_rejects_close(struct report_rejects *r,
				    const struct report_rejects_owner *owner, char **path,
				    struct df_err *err)
{
	enum df_status st = report_rejects_flush(r, err);
	if (st != DF_OK || r->temporary == NULL)
		goto cleanup;
	st = name_it(r, owner, path, err);
cleanup:
	report_rejects_abandon(r);
	return st;
}

void report_rejects_abandon(struct report_rejects *r)
{
	if (r == NULL)
		return;
	if (r->fd >= 0)
		close(r->fd);
	if (r->fd >= 0 && r->temporary != NULL)
		unlink(r->temporary);
	df_buf_free(&r->pending);
	free(r->dir);
	free(r->name);
	free(r->temporary);
	free(r);
}
