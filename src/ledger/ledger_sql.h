/* SPDX-License-Identifier: MIT */
/*
 * ledger_sql.h - all SQL of the ledger
 *
 * PRAGMA user_version counts the steps of ledger_migrations that were taken. A step is never changed after a release:
 * a new version adds one.
 */
#ifndef DROPFEED_LEDGER_SQL_H
#define DROPFEED_LEDGER_SQL_H

static const char *const ledger_migrations[] = {
    /* 1 */
    "CREATE TABLE seen("
    " feed TEXT NOT NULL, name BLOB NOT NULL, size INTEGER NOT NULL, mtime INTEGER NOT NULL,"
    " first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, PRIMARY KEY(feed, name)) WITHOUT ROWID;"
    "CREATE TABLE file("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, feed TEXT NOT NULL, name BLOB NOT NULL, size INTEGER NOT NULL,"
    " mtime INTEGER NOT NULL, sha256 TEXT NOT NULL, state INTEGER NOT NULL, pulled_ms INTEGER NOT NULL,"
    " closed_ms INTEGER NOT NULL DEFAULT 0, code TEXT, text TEXT, cleanup_due INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX file_known ON file(feed, name, size, mtime);"
    "CREATE INDEX file_same ON file(feed, sha256);"
    "CREATE INDEX file_open ON file(feed) WHERE state < 4 OR cleanup_due;"
    "CREATE TABLE document("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, file_id INTEGER NOT NULL REFERENCES file(id), name BLOB,"
    " event_type TEXT NOT NULL, state INTEGER NOT NULL, begun_ms INTEGER NOT NULL,"
    " closed_ms INTEGER NOT NULL DEFAULT 0, rows INTEGER NOT NULL DEFAULT 0, delivered INTEGER NOT NULL DEFAULT 0,"
    " rejected INTEGER NOT NULL DEFAULT 0, batches INTEGER NOT NULL DEFAULT 0, events INTEGER NOT NULL DEFAULT 0,"
    " code TEXT, text TEXT, settings TEXT NOT NULL, manifest TEXT);"
    /* one per file and name; NULL, the file itself, counts as a name */
    "CREATE UNIQUE INDEX document_name ON document(file_id, ifnull(name, x''));"
    "CREATE TABLE lane("
    " document_id INTEGER NOT NULL REFERENCES document(id), lane INTEGER NOT NULL, done INTEGER NOT NULL,"
    " PRIMARY KEY(document_id, lane)) WITHOUT ROWID;"
    "CREATE TABLE reject("
    " document_id INTEGER NOT NULL REFERENCES document(id), row INTEGER NOT NULL, line INTEGER NOT NULL,"
    " offset INTEGER NOT NULL, length INTEGER NOT NULL, message TEXT NOT NULL,"
    " PRIMARY KEY(document_id, row)) WITHOUT ROWID;",
};
#define LEDGER_VERSION ((int)(sizeof(ledger_migrations) / sizeof(ledger_migrations[0])))

#define FILE_COLUMNS                                                                                                   \
	"id, feed, name, size, mtime, sha256, state, pulled_ms, closed_ms, code, text, cleanup_due FROM file "
#define DOCUMENT_COLUMNS                                                                                               \
	"id, file_id, name, event_type, state, begun_ms, closed_ms, rows, delivered, rejected, batches, events, code," \
	" text, settings, manifest FROM document "

enum ledger_query {
	Q_SEEN_PUT,
	Q_SEEN_GET,
	Q_SEEN_FORGET,
	Q_FILE_KNOWN,
	Q_FILE_SAME,
	Q_FILE_ADD,
	Q_FILE_STATE,
	Q_FILE_CLEANED,
	Q_FILES,
	Q_FILES_OPEN,
	Q_DOCUMENT_ADD,
	Q_DOCUMENT_NAMED,
	Q_DOCUMENT_CHECKED,
	Q_DOCUMENT_STATE,
	Q_DOCUMENT_BALANCE,
	Q_DOCUMENT_SETTLED,
	Q_DOCUMENTS,
	Q_LANE_PUT,
	Q_LANES,
	Q_REJECT_PUT,
	Q_REJECTS,
	Q_COUNT
};

static const char *const ledger_queries[Q_COUNT] = {
    /* Another size or mtime is another file: what was known of the name starts afresh. */
    [Q_SEEN_PUT] = "INSERT INTO seen VALUES(?1, ?2, ?3, ?4, ?5, ?5) ON CONFLICT DO UPDATE SET"
		   " first_ms = CASE WHEN size = ?3 AND mtime = ?4 THEN first_ms ELSE ?5 END,"
		   " size = ?3, mtime = ?4, last_ms = ?5",
    [Q_SEEN_GET] = "SELECT first_ms FROM seen WHERE feed = ?1 AND name = ?2",
    [Q_SEEN_FORGET] = "DELETE FROM seen WHERE feed = ?1 AND last_ms < ?2",
    [Q_FILE_KNOWN] = "SELECT " FILE_COLUMNS "WHERE feed = ?1 AND name = ?2 AND size = ?3 AND mtime = ?4"
		     " ORDER BY id DESC LIMIT 1",
    [Q_FILE_SAME] = "SELECT " FILE_COLUMNS "WHERE feed = ?1 AND sha256 = ?2 AND state = 4 ORDER BY id LIMIT 1",
    [Q_FILE_ADD] = "INSERT INTO file(feed, name, size, mtime, sha256, state, pulled_ms)"
		   " VALUES(?1, ?2, ?3, ?4, ?5, 1, ?6)",
    [Q_FILE_STATE] = "UPDATE file SET state = ?2, code = ?3, text = ?4, cleanup_due = ?5,"
		     " closed_ms = CASE WHEN ?2 >= 4 THEN ?6 ELSE 0 END WHERE id = ?1",
    [Q_FILE_CLEANED] = "UPDATE file SET cleanup_due = 0 WHERE id = ?1",
    [Q_FILES] = "SELECT " FILE_COLUMNS "WHERE ?1 IS NULL OR feed = ?1 ORDER BY id",
    [Q_FILES_OPEN] = "SELECT " FILE_COLUMNS "WHERE (state < 4 OR cleanup_due) AND (?1 IS NULL OR feed = ?1) ORDER BY id",
    [Q_DOCUMENT_ADD] = "INSERT INTO document(file_id, name, event_type, state, begun_ms, settings, manifest)"
		       " VALUES(?1, ?2, ?3, 1, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
    [Q_DOCUMENT_NAMED] = "SELECT " DOCUMENT_COLUMNS "WHERE file_id = ?1 AND name IS ?2",
    [Q_DOCUMENT_CHECKED] = "UPDATE document SET state = 2, rows = ?2, rejected = ?3, batches = ?4, events = ?5"
			   " WHERE id = ?1",
    [Q_DOCUMENT_STATE] = "UPDATE document SET state = ?2, code = ?3, text = ?4,"
			 " closed_ms = CASE WHEN ?2 >= 4 THEN ?5 ELSE 0 END WHERE id = ?1",
    [Q_DOCUMENT_BALANCE] = "SELECT rows, delivered, rejected FROM document WHERE id = ?1",
    [Q_DOCUMENT_SETTLED] = "UPDATE document SET delivered = delivered + ?2, rejected = rejected + ?3 WHERE id = ?1",
    [Q_DOCUMENTS] = "SELECT " DOCUMENT_COLUMNS "WHERE file_id = ?1 ORDER BY id",
    /* Progress only grows: a step that does not is a defect, and changes nothing. */
    [Q_LANE_PUT] = "INSERT INTO lane VALUES(?1, ?2, ?3) ON CONFLICT DO UPDATE SET done = ?3 WHERE done < ?3",
    [Q_LANES] = "SELECT lane, done FROM lane WHERE document_id = ?1",
    [Q_REJECT_PUT] = "INSERT OR REPLACE INTO reject VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    [Q_REJECTS] = "SELECT row, line, offset, length, message FROM reject WHERE document_id = ?1 ORDER BY row",
};

#endif
