/* SPDX-License-Identifier: MIT */
/* Where the bytes of a document's reject file are: here, or in the ledger that hosts share. */
#include "run_source.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

bool run_rejects_edited(const struct ledger_document *d)
{
	struct stat info;
	int64_t s = d->closed_ms / 1000, ms = d->closed_ms % 1000;
	return d->text != NULL && stat(d->text, &info) == 0 &&
	       (info.st_mtim.tv_sec > s ||
		(info.st_mtim.tv_sec == s && info.st_mtim.tv_nsec / 1000000 > ms));
}

enum df_status run_rejects_fetch(struct ledger *l, int64_t document, int *fd, struct df_err *err)
{
	*fd = memfd_create("rejects", MFD_CLOEXEC);
	if (*fd < 0)
		return df_fail(DF_RETRY, err, NULL, "cannot hold it: %s", strerror(errno));
	enum df_status st = ledger_reject_file_fetch(l, document, *fd, err);
	if (st == DF_OK && lseek(*fd, 0, SEEK_SET) == 0)
		return DF_OK;
	close(*fd);
	*fd = -1;
	return st;
}

enum df_status run_reject_file_of(struct ledger *l, const struct ledger_document *d,
				  struct run_reject_file *out, struct df_err *err)
{
	*out = (struct run_reject_file){.document = d->id, .edited = run_rejects_edited(d)};
	enum df_status st = ledger_rejects_later(l, d->id, &out->replaced, err);
	if (st == DF_OK)
		out->path = df_strdup(d->text);
	return st;
}

enum df_status run_reject_file_open(struct ledger *l, const struct run_reject_file *f, int *fd,
				    struct df_err *err)
{
	enum df_status st =
	    f->edited && !f->replaced ? DF_END : run_rejects_fetch(l, f->document, fd, err);
	if (st != DF_END || f->replaced)
		return st;
	*fd = open(f->path, O_RDONLY | O_CLOEXEC);
	if (*fd >= 0)
		return DF_OK;
	return errno == ENOENT ? DF_END
			       : df_fail(DF_RETRY, err, NULL, "cannot read %s: %s", f->path,
					 df_strerror(errno));
}
