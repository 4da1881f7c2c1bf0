/* SPDX-License-Identifier: MIT */
/* The bytes of reject files, where hosts share the ledger: the host that wrote one may be gone when
 * somebody asks for it. */
#include "ledger_claim.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PART ((size_t)1 << 20) /* bytes of a row */

#define SQL_REJECT_FILE_CLEAR "DELETE FROM reject_file WHERE document_id = ?1"
#define SQL_REJECT_FILES_PRUNE                                                                     \
	"DELETE FROM reject_file WHERE document_id IN (SELECT id FROM document WHERE file_id = "   \
	"?1)"
#define SQL_REJECT_FILE_ADD                                                                        \
	"INSERT INTO reject_file(document_id, part, bytes) VALUES(?1, ?2, decode(?3, 'hex'))"
#define SQL_REJECT_FILE_GET                                                                        \
	"SELECT encode(bytes, 'hex') FROM reject_file WHERE document_id = ?1 AND part = ?2"

static enum df_status reject_file_clear(struct ledger *l, int64_t document, struct df_err *err)
{
	enum df_status st = ledger_enter_on(l, false, LEDGER_OF_DOCUMENT, document, err);
	if (st != DF_OK)
		return st;
	return ledger_leave(l, ledger_once_run(l, SQL_REJECT_FILE_CLEAR, err, "i", document), err);
}

/* Each part in a transaction of its own: DONE, which comes after them, makes them count. */
static enum df_status reject_file_add(struct ledger *l, int64_t document, int64_t part,
				      const char *hex, struct df_err *err)
{
	enum df_status st = ledger_enter_on(l, false, LEDGER_OF_DOCUMENT, document, err);
	if (st != DF_OK)
		return st;
	st = ledger_once_run(l, SQL_REJECT_FILE_ADD, err, "iit", document, part, hex);
	return ledger_leave(l, st, err);
}

static enum df_status reject_file_add_parts(struct ledger *l, int64_t document, int fd,
					    struct df_err *err)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char *bytes = df_alloc(PART);
	char *hex = df_alloc(2 * PART + 1);
	enum df_status st = DF_OK;
	ssize_t n = 0;
	for (int64_t part = 0; st == DF_OK && (n = read(fd, bytes, PART)) > 0; part++) {
		for (ssize_t i = 0; i < n; i++) {
			hex[2 * i] = digits[bytes[i] >> 4];
			hex[2 * i + 1] = digits[bytes[i] & 15];
		}
		hex[2 * n] = '\0';
		st = reject_file_add(l, document, part, hex, err);
	}
	free(bytes);
	free(hex);
	return st == DF_OK && n < 0
		   ? df_fail(DF_RETRY, err, NULL, "cannot read: %s", df_strerror(errno))
		   : st;
}

enum df_status ledger_reject_file_keep(struct ledger *l, int64_t document, const char *path,
				       struct df_err *err)
{
	struct stat info;
	if (l->claims == NULL)
		return DF_OK;
	enum df_status st = reject_file_clear(l, document, err);
	if (st != DF_OK || path == NULL)
		return st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &info) != 0)
		st = df_fail(DF_RETRY, err, NULL, "cannot read %s: %s", path, df_strerror(errno));
	else if ((uint64_t)info.st_size > LEDGER_REJECT_FILE_MAX)
		df_log(DF_LOG_WARN, "%s has more than 64 MiB: it is on this host only", path);
	else
		st = reject_file_add_parts(l, document, fd, err);
	if (fd >= 0)
		close(fd);
	return st;
}

enum df_status ledger_reject_files_prune(struct ledger *l, int64_t file, struct df_err *err)
{
	if (l->link == NULL)
		return DF_OK;
	return ledger_once_run(l, SQL_REJECT_FILES_PRUNE, err, "i", file);
}

static int digit(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

static enum df_status reject_file_put(int fd, const char *hex, struct df_err *err)
{
	size_t n = strlen(hex) / 2;
	char *bytes = df_alloc(n + 1);
	for (size_t i = 0; i < n; i++)
		bytes[i] = (char)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
	enum df_status st = df_write_all(fd, bytes, n, err);
	free(bytes);
	return st;
}

/* DF_END: there is no such part. */
static enum df_status part_fetch(struct ledger *l, int64_t document, int64_t part, int fd,
				 struct df_err *err)
{
	struct ledger_stmt *s = NULL;
	enum df_status st = ledger_once(l, SQL_REJECT_FILE_GET, &s, err, "ii", document, part);
	if (st != DF_OK)
		goto cleanup;
	st = ledger_step(l, s, "read a reject file", err);
	if (st != DF_OK)
		goto cleanup;
	st = reject_file_put(fd, ledger_text(s, 0), err);
cleanup:
	ledger_finalize(s);
	return st;
}

enum df_status ledger_reject_file_fetch(struct ledger *l, int64_t document, int fd,
					struct df_err *err)
{
	enum df_status st = DF_OK;
	int64_t part = 0;
	if (l->link == NULL)
		return DF_END;
	ledger_lock(l);
	while (st == DF_OK)
		st = part_fetch(l, document, part++, fd, err);
	ledger_unlock(l);
	return st == DF_END && part > 1 ? DF_OK : st;
}
