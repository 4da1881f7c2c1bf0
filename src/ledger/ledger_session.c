/* SPDX-License-Identifier: MIT */
/*
 * Does the log beside the ledger belong to it? SQLite does not know: put an older ledger.db back
 * beside the -wal that a killed run left, and it mixes both. So each run writes a number of its own
 * into the ledger's header (application_id), brings that to ledger.db itself, and notes it in the
 * file ledger.session. As long as there is a log, ledger.db holds a number that is noted there; one
 * that was restored does not. While the number changes, the file holds both.
 */
#include "ledger_sqlite.h"

#include "dropfeed/step.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define APPLICATION_ID_AT 68 /* https://www.sqlite.org/fileformat.html, 1.3 */

/* As it is in ledger.db, whatever the log says. */
static bool number_in_file(const struct ledger *l, uint32_t *out)
{
	uint32_t word = 0;
	int fd = open(l->path, O_RDONLY | O_CLOEXEC);
	bool good =
	    fd >= 0 && pread(fd, &word, sizeof(word), APPLICATION_ID_AT) == (ssize_t)sizeof(word);
	if (fd >= 0)
		close(fd);
	*out = be32toh(word);
	return good;
}

static bool has_log(const struct ledger *l)
{
	struct stat info;
	char *path = df_format("%s-wal", l->path);
	bool has = stat(path, &info) == 0 && info.st_size > 0;
	free(path);
	return has;
}

static char *session_path(const struct ledger *l)
{
	return df_format("%s/ledger.session", l->dir);
}

bool ledger_session_was(const struct ledger *l)
{
	char *path = session_path(l);
	bool was = access(path, F_OK) == 0;
	free(path);
	return was;
}

enum df_status ledger_session_check(const struct ledger *l, struct df_err *err)
{
	struct df_err ignored = {0};
	char *path = session_path(l), *text = NULL;
	size_t len = 0;
	uint32_t number = 0, first = 0, second = 0;
	bool known = true;
	if (has_log(l) && number_in_file(l, &number) &&
	    df_read_file(path, 64, &text, &len, &ignored) == DF_OK) {
		int n = sscanf(text, "%" SCNu32 " %" SCNu32, &first, &second);
		known = n < 1 || number == first || (n == 2 && number == second);
	}
	free(text);
	free(path);
	if (known)
		return DF_OK;
	return df_fail(DF_USAGE, err, NULL,
		       "%s is not the ledger that the log beside it belongs to: it was restored or "
		       "replaced. Move %s-wal "
		       "and %s-shm away, which hold what the former one did last, then run again",
		       l->path, l->path, l->path);
}

static enum df_status note_write(const char *path, const char *text, bool sync, struct df_err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return df_fail(df_disk_status(errno, DF_FATAL), err, NULL, "cannot write %s: %s",
			       path, df_strerror(errno));
	enum df_status st = df_write_all(fd, text, strlen(text), err);
	if (st != DF_OK) {
		df_err_context(err, "%s", path);
		goto cleanup;
	}
	if (sync && fsync(fd) != 0)
		st = df_fail(DF_RETRY, err, NULL, "cannot sync %s: %s", path, df_strerror(errno));
cleanup:
	close(fd);
	return st;
}

/* sync: it is on the disk before ledger.db changes, or a power cut would make its own log look
 * foreign. */
static enum df_status session_note(const struct ledger *l, const char *text, bool sync,
				   struct df_err *err)
{
	char *path = session_path(l), *fresh = df_format("%s.new", path);
	enum df_status st = note_write(fresh, text, sync, err);
	if (st != DF_OK)
		goto cleanup;
	df_before("note the ledger's session");
	if (rename(fresh, path) != 0)
		st = df_fail(df_disk_status(errno, DF_FATAL), err, NULL, "cannot rename %s: %s",
			     fresh, df_strerror(errno));
	df_after("note the ledger's session");
	if (st != DF_OK)
		goto cleanup;
	st = sync ? df_sync_folder(l->dir, err) : DF_OK;
cleanup:
	free(fresh);
	free(path);
	return st;
}

enum df_status ledger_session_begin(struct ledger *l, struct df_err *err)
{
	uint32_t before = 0, number = 0, now = 0;
	char text[64];
	if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
		return df_fail(DF_FATAL, err, NULL, "cannot get random bytes: %s", strerror(errno));
	number &= INT32_MAX;
	(void)number_in_file(l, &before);
	snprintf(text, sizeof(text), "%" PRIu32 " %" PRIu32 "\n", number, before);
	enum df_status st = session_note(l, text, true, err);
	if (st != DF_OK)
		return st;

	char set[64];
	snprintf(set, sizeof(set), "PRAGMA application_id = %" PRIu32, number);
	if (sqlite3_exec(l->db, set, NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_wal_checkpoint_v2(l->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) % 256 ==
		SQLITE_IOERR)
		return ledger_fail(l, "begin a session", err);
	if (!number_in_file(l, &now) || now != number)
		return DF_OK; /* somebody reads: both numbers stay noted */
	snprintf(text, sizeof(text), "%" PRIu32 "\n", number);
	return session_note(l, text, false, err);
}
