/* SPDX-License-Identifier: MIT */
/*
 * ledger_sql.h - all SQL of the ledger
 *
 * Times are Unix milliseconds, mtime Unix seconds. States are enum ledger_state. A document's
 * progress is one number for each lane. rows = delivered + rejected + skipped holds for every
 * document that is done; `rejected` counts what the preflight rejected and what the API rejected
 * (the table `reject` holds the latter). Paths are relative to the state folder.
 */
#ifndef DROPFEED_LEDGER_SQL_H
#define DROPFEED_LEDGER_SQL_H

/* Of a file that closes as DONE or REFUSED, in a trigger. */
#define NOTICE_OF_FILE                                                                             \
	"CASE WHEN NEW.state = 5 THEN 'refused' WHEN EXISTS(SELECT 1 FROM document"                \
	" WHERE file_id = NEW.id AND rejected > 0) THEN 'rejects' ELSE 'done' END"

#define MIGRATE_PULL_NODE "ALTER TABLE pull ADD COLUMN node TEXT NOT NULL DEFAULT '';"
/* of PostgreSQL alone */
#define MIGRATE_PACE       "-- parts of a key's limit"
#define MIGRATE_PACE_LASTS "-- how long a part is granted"

/* ledger_migrations[n] takes a ledger from version n to n + 1. Never edit one that was released:
 * append. */
static const char *const ledger_migrations[] = {
    "CREATE TABLE seen("
    "  feed TEXT NOT NULL, name TEXT NOT NULL, size INTEGER NOT NULL, mtime INTEGER NOT NULL,"
    "  first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL,"
    "  PRIMARY KEY(feed, name)) WITHOUT ROWID;"

    "CREATE TABLE file("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT," /* ids are never used twice: they name spool files */
    "  feed TEXT NOT NULL, name TEXT NOT NULL, size INTEGER NOT NULL, mtime INTEGER NOT NULL, "
    "sha256 TEXT NOT NULL,"
    "  state INTEGER NOT NULL, pulled_ms INTEGER NOT NULL, closed_ms INTEGER NOT NULL DEFAULT 0,"
    "  code TEXT, text TEXT, cleanup_due INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX file_name ON file(feed, name, size, mtime);"
    "CREATE INDEX file_bytes ON file(feed, sha256);"
    "CREATE INDEX file_open ON file(id) WHERE closed_ms = 0 OR cleanup_due;"

    "CREATE TABLE document("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT, file_id INTEGER NOT NULL REFERENCES file(id), name "
    "TEXT,"
    "  event_type TEXT NOT NULL, state INTEGER NOT NULL, begun_ms INTEGER NOT NULL,"
    "  closed_ms INTEGER NOT NULL DEFAULT 0, rows INTEGER NOT NULL DEFAULT 0, delivered INTEGER "
    "NOT NULL DEFAULT 0,"
    "  rejected INTEGER NOT NULL DEFAULT 0, batches INTEGER NOT NULL DEFAULT 0, events INTEGER NOT "
    "NULL DEFAULT 0,"
    "  code TEXT, text TEXT, settings TEXT NOT NULL, manifest TEXT);"
    /* a file that is its own document has no name, and NULLs are all different to UNIQUE */
    "CREATE UNIQUE INDEX document_name ON document(file_id, ifnull(name, ''));"

    "CREATE TABLE lane("
    "  document_id INTEGER NOT NULL REFERENCES document(id), lane INTEGER NOT NULL, done INTEGER "
    "NOT NULL,"
    "  PRIMARY KEY(document_id, lane)) WITHOUT ROWID;"

    "CREATE TABLE reject("
    "  document_id INTEGER NOT NULL REFERENCES document(id), row INTEGER NOT NULL, line INTEGER "
    "NOT NULL,"
    "  offset INTEGER NOT NULL, length INTEGER NOT NULL, message TEXT NOT NULL,"
    "  PRIMARY KEY(document_id, row)) WITHOUT ROWID;",

    /* again: `retry` has yet to send the row once more */
    "ALTER TABLE reject ADD COLUMN again INTEGER NOT NULL DEFAULT 0;",

    /* what receipts report of a document: {"code":rows,...}, and the ids of its first and last
     * batch */
    "ALTER TABLE document ADD COLUMN reasons TEXT;"
    "ALTER TABLE document ADD COLUMN first_batch TEXT;"
    "ALTER TABLE document ADD COLUMN last_batch TEXT;",

    /* why a row was not delivered, as in reject files; before version 4 only the API rejected
     * rows here */
    "ALTER TABLE reject ADD COLUMN code TEXT NOT NULL DEFAULT 'api-rejected';",

    /* Paths relative to the state folder; equal manifests once. What was being sent, or is done,
     * has ids of format 1 under the settings that it was begun with. A file's number among those
     * of the same bytes is the one that its ids were made with: how many came before it, where
     * duplicates = import or where one of those had another event type in its name. */
    "ALTER TABLE document ADD COLUMN batch_format INTEGER NOT NULL DEFAULT 1;"
    "ALTER TABLE document ADD COLUMN taken INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE document ADD COLUMN version TEXT;"
    "ALTER TABLE document ADD COLUMN target TEXT;"
    "ALTER TABLE document ADD COLUMN sent_ms INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE document ADD COLUMN skipped INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE manifest(hash TEXT PRIMARY KEY, text TEXT NOT NULL);"
    "ALTER TABLE document ADD COLUMN manifest_hash TEXT REFERENCES manifest(hash);"
    "INSERT OR IGNORE INTO manifest SELECT df_sha256(manifest), manifest FROM document WHERE "
    "manifest IS NOT NULL;"
    "UPDATE document SET taken = 1, sent_ms = begun_ms WHERE state IN (3, 4);"
    "UPDATE document SET manifest_hash = df_sha256(manifest), manifest = NULL WHERE manifest IS "
    "NOT NULL;"
    "UPDATE document SET text = df_below(text, (SELECT 'rejects/' || feed || '/' FROM file WHERE "
    "id = file_id))"
    " WHERE state IN (3, 4) AND text IS NOT NULL;"

    "ALTER TABLE file ADD COLUMN source TEXT;"
    "ALTER TABLE file ADD COLUMN event_type TEXT;"
    "ALTER TABLE file ADD COLUMN place TEXT;"
    "ALTER TABLE file ADD COLUMN copy INTEGER;"
    "ALTER TABLE file ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE file ADD COLUMN idle INTEGER NOT NULL DEFAULT 0;"
    "UPDATE file SET event_type = (SELECT d.event_type FROM document d WHERE d.file_id = file.id "
    "AND d.name IS NULL);"
    "UPDATE file SET copy = (SELECT CASE"
    "  WHEN EXISTS(SELECT 1 FROM document d WHERE d.file_id = file.id"
    "   AND instr(d.settings, 'duplicates = import' || char(10)))"
    "  OR sum(file.event_type IS NOT NULL AND NOT instr(o.name, '-' || file.event_type || '.')) > 0"
    "  THEN count(*) ELSE 0 END"
    "  FROM file o WHERE o.feed = file.feed AND o.sha256 = file.sha256 AND o.id < file.id)"
    " WHERE EXISTS(SELECT 1 FROM document d WHERE d.file_id = file.id AND d.taken);"
    "CREATE TABLE skipped("
    "  file_id INTEGER NOT NULL REFERENCES file(id), name TEXT NOT NULL, why TEXT NOT NULL, csv "
    "INTEGER NOT NULL,"
    "  PRIMARY KEY(file_id, name)) WITHOUT ROWID;",

    /* why rows of a document were rejected, by code and column, in order, with the lines of the
     * first three; and a place for its reject file, noted before the file is there */
    "CREATE TABLE reason("
    "  document_id INTEGER NOT NULL REFERENCES document(id) ON DELETE CASCADE, n INTEGER NOT NULL,"
    "  code TEXT NOT NULL, field TEXT NOT NULL, rows INTEGER NOT NULL,"
    "  line1 INTEGER NOT NULL DEFAULT 0, line2 INTEGER NOT NULL DEFAULT 0, line3 INTEGER NOT NULL "
    "DEFAULT 0,"
    "  PRIMARY KEY(document_id, n)) WITHOUT ROWID;"
    "INSERT INTO reason(document_id, n, code, field, rows)"
    " SELECT d.id, j.id, j.key, '', j.value FROM document d, json_each(d.reasons) j WHERE "
    "d.reasons IS NOT NULL;"
    "CREATE INDEX document_rejects ON document(text) WHERE closed_ms = 0;",

    /* what runs know of an endpoint and key: when it last accepted something, and when it wants
     * to be called again */
    "CREATE TABLE api("
    "  fingerprint TEXT PRIMARY KEY, success_ms INTEGER NOT NULL, not_before_ms INTEGER NOT NULL) "
    "WITHOUT ROWID;",

    /* batches that failed alone while others succeeded, in the sender's own form */
    "ALTER TABLE api ADD COLUMN suspects TEXT;",

    /* downloads that were begun and are not entered as files yet: what they are, and where in
     * the spool they arrive */
    "CREATE TABLE pull("
    "  feed TEXT NOT NULL, arrival TEXT NOT NULL, source TEXT NOT NULL, name TEXT NOT NULL,"
    "  size INTEGER NOT NULL, mtime INTEGER NOT NULL, PRIMARY KEY(feed, arrival)) WITHOUT ROWID;",

    /* What only grows: counters of a feed (feed '': of the program), which triggers keep in the
     * transaction of what they count. Nothing that is begun anew, sent once more or pruned takes
     * anything back. counted_*: what of the document is in there already.
     * State 4 is DONE, 5 REFUSED, 6 ABANDONED. */
    "CREATE TABLE tally("
    "  feed TEXT NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL, PRIMARY KEY(feed, name)) "
    "WITHOUT ROWID;"
    "CREATE INDEX file_arrival ON file(feed, pulled_ms);"
    "ALTER TABLE document ADD COLUMN counted_rejected INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE document ADD COLUMN counted_skipped INTEGER NOT NULL DEFAULT 0;"
    "UPDATE document SET counted_rejected = rejected, counted_skipped = skipped WHERE state IN "
    "(4, 6);"
    "INSERT INTO tally SELECT feed, 'arrival_ms', max(pulled_ms) FROM file GROUP BY feed;"
    "INSERT INTO tally SELECT feed, 'files_' || CASE state WHEN 4 THEN 'done' WHEN 5 THEN "
    "'refused' ELSE 'abandoned' END, count(*) FROM file WHERE closed_ms <> 0 GROUP BY 1, 2;"
    "INSERT INTO tally SELECT f.feed, 'rows_delivered', sum(d.delivered) FROM document d"
    " JOIN file f ON f.id = d.file_id GROUP BY 1;"
    "INSERT INTO tally SELECT f.feed, 'rows_rejected', sum(d.counted_rejected) FROM document d"
    " JOIN file f ON f.id = d.file_id GROUP BY 1;"
    "INSERT INTO tally SELECT f.feed, 'rows_skipped', sum(d.counted_skipped) FROM document d"
    " JOIN file f ON f.id = d.file_id GROUP BY 1;"
    "INSERT INTO tally SELECT f.feed, 'batches', sum(l.done) FROM lane l"
    " JOIN document d ON d.id = l.document_id JOIN file f ON f.id = d.file_id GROUP BY 1;"

    "CREATE TRIGGER tally_arrival AFTER INSERT ON file BEGIN"
    "  INSERT INTO tally VALUES(NEW.feed, 'arrival_ms', NEW.pulled_ms)"
    "   ON CONFLICT(feed, name) DO UPDATE SET value = max(value, excluded.value); END;"
    "CREATE TRIGGER tally_file AFTER UPDATE OF closed_ms ON file"
    " WHEN OLD.closed_ms = 0 AND NEW.closed_ms <> 0 BEGIN"
    "  INSERT INTO tally VALUES(NEW.feed, 'files_' || CASE NEW.state WHEN 4 THEN 'done'"
    "   WHEN 5 THEN 'refused' ELSE 'abandoned' END, 1)"
    "   ON CONFLICT(feed, name) DO UPDATE SET value = value + 1; END;"
    "CREATE TRIGGER tally_delivered AFTER UPDATE OF delivered ON document"
    " WHEN NEW.delivered > OLD.delivered BEGIN"
    "  INSERT INTO tally VALUES((SELECT feed FROM file WHERE id = NEW.file_id), 'rows_delivered',"
    "   NEW.delivered - OLD.delivered) ON CONFLICT(feed, name) DO UPDATE"
    "   SET value = value + excluded.value; END;"
    "CREATE TRIGGER tally_document AFTER UPDATE OF closed_ms ON document"
    " WHEN OLD.closed_ms = 0 AND NEW.closed_ms <> 0 AND NEW.state <> 5 BEGIN"
    "  INSERT INTO tally VALUES((SELECT feed FROM file WHERE id = NEW.file_id), 'rows_rejected',"
    "   max(NEW.rejected - NEW.counted_rejected, 0))"
    "   ON CONFLICT(feed, name) DO UPDATE SET value = value + excluded.value;"
    "  INSERT INTO tally VALUES((SELECT feed FROM file WHERE id = NEW.file_id), 'rows_skipped',"
    "   max(NEW.skipped - NEW.counted_skipped, 0))"
    "   ON CONFLICT(feed, name) DO UPDATE SET value = value + excluded.value;"
    "  UPDATE document SET counted_rejected = max(NEW.rejected, NEW.counted_rejected),"
    "   counted_skipped = max(NEW.skipped, NEW.counted_skipped) WHERE id = NEW.id; END;"
    "CREATE TRIGGER tally_lane_first AFTER INSERT ON lane BEGIN"
    "  INSERT INTO tally VALUES((SELECT f.feed FROM document d JOIN file f ON f.id = d.file_id"
    "   WHERE d.id = NEW.document_id), 'batches', NEW.done)"
    "   ON CONFLICT(feed, name) DO UPDATE SET value = value + excluded.value; END;"
    "CREATE TRIGGER tally_lane AFTER UPDATE OF done ON lane WHEN NEW.done > OLD.done BEGIN"
    "  INSERT INTO tally VALUES((SELECT f.feed FROM document d JOIN file f ON f.id = d.file_id"
    "   WHERE d.id = NEW.document_id), 'batches', NEW.done - OLD.done)"
    "   ON CONFLICT(feed, name) DO UPDATE SET value = value + excluded.value; END;",

    /* why what was due at the source was given up */
    "ALTER TABLE file ADD COLUMN given_up TEXT;",

    /* What is to be reported to somebody: one row for each change of state, until each way of
     * reporting has it (due: 1 on_event, 2 webhook). A file's closing is entered by a trigger, in
     * the transaction that closes it; noticed is what was entered last. A condition is there as
     * long as it holds. */
    "ALTER TABLE file ADD COLUMN noticed TEXT NOT NULL DEFAULT '';"
    "CREATE TABLE condition("
    "  feed TEXT NOT NULL, name TEXT NOT NULL, subject TEXT NOT NULL, since_ms INTEGER NOT NULL,"
    "  text TEXT NOT NULL, PRIMARY KEY(feed, name, subject)) WITHOUT ROWID;"
    "CREATE TABLE notice("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT, feed TEXT NOT NULL, event TEXT NOT NULL,"
    "  file_id INTEGER REFERENCES file(id), condition TEXT, text TEXT, since_ms INTEGER NOT NULL,"
    "  made_ms INTEGER NOT NULL, due INTEGER NOT NULL DEFAULT 3);"
    "CREATE TRIGGER notice_file AFTER UPDATE OF closed_ms ON file"
    " WHEN OLD.closed_ms = 0 AND NEW.closed_ms <> 0 AND NEW.state IN (4, 5)"
    " AND NEW.code IS NOT 'duplicate' AND NEW.noticed <> " NOTICE_OF_FILE " BEGIN"
    "  INSERT INTO notice(feed, event, file_id, condition, since_ms, made_ms)"
    "   SELECT NEW.feed, 'recovered', NEW.id, NEW.noticed, NEW.pulled_ms, NEW.closed_ms"
    "   WHERE NEW.noticed IN ('refused', 'rejects') AND " NOTICE_OF_FILE " = 'done';"
    "  INSERT INTO notice(feed, event, file_id, since_ms, made_ms)"
    "   VALUES(NEW.feed, " NOTICE_OF_FILE ", NEW.id, NEW.pulled_ms, NEW.closed_ms);"
    "  UPDATE file SET noticed = " NOTICE_OF_FILE " WHERE id = NEW.id; END;",

    /* data plans, which are kept where manifests are */
    "ALTER TABLE document ADD COLUMN plan_hash TEXT REFERENCES manifest(hash);",

    /* the columns of a feed's latest documents, one entry for each shape of name */
    "CREATE TABLE header("
    "  id INTEGER PRIMARY KEY, feed TEXT NOT NULL, event_type TEXT NOT NULL, shape TEXT NOT NULL,"
    "  hash TEXT NOT NULL, at_ms INTEGER NOT NULL, UNIQUE(feed, event_type, shape));"
    "CREATE TABLE header_column("
    "  header_id INTEGER NOT NULL REFERENCES header(id) ON DELETE CASCADE, name TEXT NOT NULL,"
    "  PRIMARY KEY(header_id, name)) WITHOUT ROWID;",

    /* what people ask for by name, and by time */
    "CREATE INDEX file_by_name ON file(name);"
    "CREATE INDEX file_by_closing ON file(closed_ms);",

    /* What `report` says of a document that ended: the range of its events' times, how long runs
     * were sending it (milliseconds), at which pace at most (batches in 1000 seconds, 0: none), and
     * what of it the data plan does not allow. */
    "ALTER TABLE document ADD COLUMN first_event_ms INTEGER;"
    "ALTER TABLE document ADD COLUMN last_event_ms INTEGER;"
    "ALTER TABLE document ADD COLUMN sending_ms INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE document ADD COLUMN pace INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE finding("
    "  document_id INTEGER NOT NULL REFERENCES document(id) ON DELETE CASCADE, n INTEGER NOT NULL,"
    "  code TEXT NOT NULL, text TEXT NOT NULL, rows INTEGER NOT NULL,"
    "  PRIMARY KEY(document_id, n)) WITHOUT ROWID;",

    /* whose spool a download is in, where several hosts share a ledger */
    MIGRATE_PULL_NODE,

    /* rows of reject files that were dropped again */
    "CREATE TABLE redropped("
    "  feed TEXT NOT NULL, mark INTEGER NOT NULL, PRIMARY KEY(feed, mark)) WITHOUT ROWID;",

    /* Subject requests that were taken, one entry for each row that is in one: known: the service
     * had it before; state: pending, in_progress, completed, cancelled, or unknown; due: when it is
     * expected to be carried out, in the service's words. And what was asked of a service, by
     * endpoint and key, in slots of some seconds: calls of any kind, and new requests. */
    "CREATE TABLE request("
    "  document_id INTEGER NOT NULL REFERENCES document(id) ON DELETE CASCADE, row INTEGER NOT "
    "NULL,"
    "  line INTEGER NOT NULL, id TEXT NOT NULL, known INTEGER NOT NULL DEFAULT 0,"
    "  state TEXT NOT NULL, due TEXT, at_ms INTEGER NOT NULL,"
    "  PRIMARY KEY(document_id, row)) WITHOUT ROWID;"
    "CREATE INDEX request_open ON request(document_id) WHERE state IN ('pending', 'in_progress');"
    "CREATE TABLE spent("
    "  fingerprint TEXT NOT NULL, slot INTEGER NOT NULL, calls INTEGER NOT NULL, made INTEGER NOT "
    "NULL,"
    "  PRIMARY KEY(fingerprint, slot)) WITHOUT ROWID;",

    /* What must not be sent twice: batches of a lane before `sent` may have been taken, and rows
     * that are being sent again. partly: something of a rejected row was taken. */
    "ALTER TABLE lane ADD COLUMN sent INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE reject ADD COLUMN sent INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE reject ADD COLUMN partly INTEGER NOT NULL DEFAULT 0;",

    MIGRATE_PACE,

    /* which parts of a rejected row were not taken */
    "ALTER TABLE reject ADD COLUMN rest TEXT NOT NULL DEFAULT '';",

    /* a hash of what a packed or encrypted file holds, whose own bytes differ each time */
    "ALTER TABLE document ADD COLUMN content TEXT;",

    /* the same rows under another file's name */
    "CREATE INDEX document_content ON document(content) WHERE content IS NOT NULL;",

    /* Each change of an indexed row writes a page of the index: files that are open, and documents
     * without a reject file, which are most of them, are in none of these. */
    "DROP INDEX file_by_closing;"
    "CREATE INDEX file_by_closing ON file(closed_ms) WHERE closed_ms > 0;"
    "DROP INDEX document_rejects;"
    "CREATE INDEX document_rejects ON document(text) WHERE closed_ms = 0 AND text IS NOT NULL;",

    MIGRATE_PACE_LASTS,

    /* a reject file that was dropped again: not what a feed's documents are like */
    "ALTER TABLE document ADD COLUMN redropped INTEGER NOT NULL DEFAULT 0;",

    /* its rows are to count again, whatever came before */
    "ALTER TABLE file ADD COLUMN again INTEGER NOT NULL DEFAULT 0;",

    /* What a document had come to when `resend` opened it: an abandoned resend leaves it so. */
    "CREATE TABLE former("
    "  document_id INTEGER NOT NULL REFERENCES document(id) ON DELETE CASCADE,"
    "  delivered INTEGER NOT NULL, rejected INTEGER NOT NULL, text TEXT,"
    "  PRIMARY KEY(document_id)) WITHOUT ROWID;"
    "CREATE TABLE former_reject("
    "  document_id INTEGER NOT NULL REFERENCES document(id) ON DELETE CASCADE, row INTEGER NOT "
    "NULL,"
    "  line INTEGER NOT NULL, \"offset\" INTEGER NOT NULL, length INTEGER NOT NULL,"
    "  message TEXT NOT NULL, code TEXT NOT NULL, partly INTEGER NOT NULL, rest TEXT NOT NULL,"
    "  PRIMARY KEY(document_id, row)) WITHOUT ROWID;",

    /* where that had gone, and when: a resend may go elsewhere */
    "ALTER TABLE former ADD COLUMN target TEXT;"
    "ALTER TABLE former ADD COLUMN sent_ms INTEGER NOT NULL DEFAULT 0;",
};
#define LEDGER_VERSION ((int)(sizeof(ledger_migrations) / sizeof(*ledger_migrations)))

#define SQL_SETUP       "PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON; " SQL_NO_SYNC
#define SQL_NO_SYNC     "PRAGMA synchronous = NORMAL" /* see lite_flush */
#define SQL_VERSION_SET "PRAGMA user_version = %d"    /* takes no parameters; %d is ours */
/* the version, how many tables there are, and how many of them each version has */
#define SQL_VERSION                                                                                \
	"SELECT (SELECT user_version FROM pragma_user_version), count(*),"                         \
	" ifnull(sum(name IN ('file', 'document', 'lane', 'reject')), 0)"                          \
	" FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
#define SQL_TABLES_OURS   4
#define SQL_BEGIN         "BEGIN IMMEDIATE"
#define SQL_BEGIN_READ    "BEGIN"
#define SQL_COMMIT        "COMMIT"
#define SQL_ROLLBACK      "ROLLBACK"
#define SQL_FORMER_REJECT "document_id, row, line, \"offset\", length, message, code, partly, rest"
#define SQL_FILE_OF_KEY                                                                            \
	" FROM file WHERE feed = ?1 AND name = ?2 AND size = ?3 AND mtime = ?4"                    \
	" AND (source = ?5 OR source IS NULL OR closed_ms = 0)"                                    \
	" ORDER BY id DESC LIMIT 1"
#define SQL_FILE_COLUMNS                                                                           \
	"id, feed, name, size, mtime, sha256, state, pulled_ms, closed_ms, code, text, "           \
	"cleanup_due, source, "                                                                    \
	"event_type, place, attempts, idle, given_up"
#define SQL_FILES                                                                                  \
	"SELECT " SQL_FILE_COLUMNS " FROM file WHERE (?1 IS NULL OR feed = ?1) ORDER BY id"
#define SQL_FILES_OPEN                                                                             \
	"SELECT " SQL_FILE_COLUMNS " FROM file WHERE (closed_ms = 0 OR cleanup_due) AND (?1 IS "   \
	"NULL OR feed = ?1) ORDER BY id"
/* Of file f: it does not consist of reject files that were dropped again. */
#define SQL_NOT_REDROPPED                                                                          \
	" AND (SELECT ifnull(min(d.redropped), 0) FROM document d WHERE d.file_id = f.id) = 0"
/* the latest first; ?2: closed since then, or open; ?3: only what is not through */
#define SQL_LATEST_WHERE                                                                           \
	" WHERE (?1 IS NULL OR feed = ?1) AND (closed_ms = 0 OR closed_ms >= ?2)"                  \
	" AND (NOT ?3 OR closed_ms = 0 OR cleanup_due)"                                            \
	" AND (?4 IS NULL OR name >= ?4) AND (?5 IS NULL OR name < ?5) "
#define SQL_FILES_LATEST "SELECT " SQL_FILE_COLUMNS " FROM file" SQL_LATEST_WHERE "ORDER BY id DESC"
/* The same, each by the index that leaves the fewest of a million files to look at. */
#define SQL_FILES_LATEST_OPEN                                                                      \
	"SELECT " SQL_FILE_COLUMNS " FROM file INDEXED BY file_open" SQL_LATEST_WHERE              \
	"AND (closed_ms = 0 OR cleanup_due) ORDER BY id DESC"
#define SQL_FILES_LATEST_SINCE                                                                     \
	"SELECT " SQL_FILE_COLUMNS                                                                 \
	" FROM file WHERE id IN (SELECT id FROM file WHERE closed_ms = 0"                          \
	" UNION ALL SELECT id FROM file WHERE closed_ms > 0 AND closed_ms >= ?2)"                  \
	" AND (?1 IS NULL OR feed = ?1) AND (NOT ?3 OR closed_ms = 0 OR cleanup_due)"              \
	" AND (?4 IS NULL OR name >= ?4) AND (?5 IS NULL OR name < ?5) ORDER BY id DESC"
#define SQL_FILES_LATEST_NAMED                                                                     \
	"SELECT " SQL_FILE_COLUMNS " FROM file" SQL_LATEST_WHERE                                   \
	"AND id IN (SELECT id FROM file WHERE name >= ?4 AND name < ?5) ORDER BY id DESC"
/* The same in a database that may sort as a language does. */
#define SQL_FILES_LATEST_NAMED_BYTES                                                               \
	"SELECT " SQL_FILE_COLUMNS                                                                 \
	" FROM file WHERE (?1 IS NULL OR feed = ?1) AND (closed_ms = 0 OR closed_ms >= ?2)"        \
	" AND (NOT ?3 OR closed_ms = 0 OR cleanup_due)"                                            \
	" AND name COLLATE \"C\" >= ?4 AND name COLLATE \"C\" < ?5 ORDER BY id DESC"
/* closed before that time, and not pruned yet */
#define SQL_FILES_OLD                                                                              \
	"SELECT " SQL_FILE_COLUMNS                                                                 \
	" FROM file WHERE closed_ms > 0 AND closed_ms < ?1 AND NOT cleanup_due AND EXISTS"         \
	"(SELECT 1 FROM document d WHERE d.file_id = file.id AND d.settings <> '') ORDER BY id"
#define SQL_DOCUMENT_COLUMNS                                                                       \
	"id, name, event_type, state, begun_ms, closed_ms, rows, delivered, rejected, batches, "   \
	"events, code, "                                                                           \
	"document.text, settings, manifest.text, first_batch, last_batch, skipped, "               \
	"taken, batch_format, "                                                                    \
	"version, target, sent_ms, plan.text"
#define SQL_DOCUMENT_TABLES                                                                        \
	" FROM document LEFT JOIN manifest ON manifest.hash = document.manifest_hash "             \
	"LEFT JOIN manifest AS plan ON plan.hash = document.plan_hash "
#define SQL_DOCUMENTS                                                                              \
	"SELECT " SQL_DOCUMENT_COLUMNS SQL_DOCUMENT_TABLES "WHERE file_id = ?1 ORDER BY id"
/* Whether document d was begun under settings of this pattern. What was pruned is not known, and
 * counts as if it was. */
#define SQL_IN(pattern) "(d.settings LIKE " pattern " OR d.settings NOT LIKE '%environment = %')"
#define SQL_SKIPS       "SELECT name, why, csv FROM skipped WHERE file_id = ?1 ORDER BY name"
#define SQL_PULLS                                                                                  \
	"SELECT arrival, source, name, size, mtime FROM pull WHERE feed = ?1 AND node = ?2"        \
	" ORDER BY mtime, name"
#define SQL_REJECTS                                                                                \
	"SELECT row, line, \"offset\", length, message, code, partly, rest FROM reject WHERE "     \
	"document_id = ?1 "                                                                        \
	"AND "                                                                                     \
	"row > ?2 ORDER BY row"

/* A file is opened again; `more` of it is set. */
#define SQL_REOPEN_FILE(more)                                                                      \
	"UPDATE file SET state = ?2, code = NULL, text = NULL, cleanup_due = FALSE,"               \
	" closed_ms = 0" more " WHERE id = ?1 AND closed_ms <> 0"
#define SQL_ANEW_FILE(more)                                                                        \
	"UPDATE file SET state = ?2, code = NULL, text = NULL, cleanup_due = FALSE,"               \
	" closed_ms = 0, idle = 0" more " WHERE id = ?1"

#define SQL_REASONS                                                                                \
	"SELECT code, field, rows, line1, line2, line3 FROM reason WHERE document_id = ?1 ORDER "  \
	"BY n"

#define SQL_CONDITIONS                                                                             \
	"SELECT feed, name, subject, text, since_ms FROM condition"                                \
	" WHERE ?1 IS NULL OR feed = ?1 ORDER BY feed, name, subject"
#define SQL_TALLIES "SELECT feed, name, value FROM tally ORDER BY feed, name"
/* files of each feed that are not closed, and when the oldest of them came */
#define SQL_OPEN_FILES                                                                             \
	"SELECT feed, count(*), min(pulled_ms) FROM file WHERE closed_ms = 0 GROUP BY feed "       \
	"ORDER BY feed"

#define SQL_PERIOD_WHERE                                                                           \
	" WHERE f.closed_ms > 0 AND f.closed_ms >= ?2 AND (?1 IS NULL OR f.feed = ?1)"

/* Statements that are prepared once and kept. */
enum ledger_statement {
	ST_BEGIN,
	ST_COMMIT,
	ST_SEEN,
	ST_SEEN_FIRST,
	ST_SEEN_FORGET,
	ST_FILE_KNOWN,
	ST_FILE_KNOWN_STATE,
	ST_FILE_SAME,
	ST_FILE_BEFORE,
	ST_BYTES_KNOWN,
	ST_REDROPPED_ADD,
	ST_REDROPPED,
	ST_FILE_COPY,
	ST_FILE_COPY_DRAW,
	ST_FILE_COPY_AGAIN,
	ST_PULL_BEGIN,
	ST_PULL_END,
	ST_FILE_ADD,
	ST_FILE_STATE,
	ST_FILE_UNDER_WAY,
	ST_FILE_CLEANED,
	ST_FILE_TRIED,
	ST_SKIPS_CLEAR,
	ST_SKIPS_ADD,
	ST_MANIFEST_ADD,
	ST_DOCUMENT_ADD,
	ST_DOCUMENT_SETTINGS,
	ST_DOCUMENT_FIND,
	ST_DOCUMENT_DONE_BEFORE,
	ST_DOCUMENT_SAME_CONTENT,
	ST_DOCUMENT_ALIKE,
	ST_DOCUMENT_CHECKED,
	ST_DOCUMENT_TAKEN,
	ST_DOCUMENT_UNTAKEN,
	ST_DOCUMENT_RESUMED,
	ST_DOCUMENT_BALANCE,
	ST_DOCUMENT_STATE,
	ST_DOCUMENTS_LOST,
	ST_DOCUMENTS_UNSENT,
	ST_DOCUMENT_FACTS,
	ST_DOCUMENT_REJECTS,
	ST_REJECTS_LATER,
	ST_REASON_CLEAR,
	ST_REASON_ADD,
	ST_FINDING_CLEAR,
	ST_FINDING_ADD,
	ST_LANE_FIRST,
	ST_LANE_FORWARD,
	ST_LANE_ROWS,
	ST_REJECT_ADD,
	ST_LANES,
	ST_LANE_SENT,
	ST_LANES_SENT,
	ST_AGAIN_SENT,
	ST_AGAIN_DOUBT,
	ST_API,
	ST_API_NOTE,
	ST_API_SUSPECTS,
	ST_API_SUSPECT,
	ST_REOPEN_FILE,
	ST_REOPEN_LOST,
	ST_REOPEN_REFUSED,
	ST_REOPEN_DONE,
	ST_REOPEN_REJECTS,
	ST_AGAIN,
	ST_AGAIN_DELIVERED,
	ST_AGAIN_ROWS,
	ST_AGAIN_REJECTED,
	ST_ABANDON_MARKS,
	ST_ABANDON,
	ST_ANEW_FILE,
	ST_ANEW_LANES,
	ST_ANEW_REJECTS,
	ST_ANEW_DOCUMENTS,
	ST_FORMER_FORGET,
	ST_FORMER_REJECTS_FORGET,
	ST_FORMER_KEEP,
	ST_FORMER_REJECTS_KEEP,
	ST_FORMER_OPEN,
	ST_FORMER_TALLY,
	ST_FORMER_BACK,
	ST_FORMER_REJECTS_BACK,
	ST_RESEND_DOCUMENT,
	ST_RESEND_LANES,
	ST_RESEND_REJECTS,
	ST_PRUNE_LANES,
	ST_PRUNE_REJECTS,
	ST_PRUNE_REASONS,
	ST_PRUNE_FINDINGS,
	ST_PRUNE_SKIPS,
	ST_PRUNE_FORMER,
	ST_PRUNE_FORMER_REJECTS,
	ST_PRUNE_DOCUMENTS,
	ST_PRUNE_MANIFESTS,
	ST_TALLY_ADD,
	ST_TALLY_SET,
	ST_TALLY_GET,
	ST_ARRIVALS,
	ST_ARRIVAL_LAST,
	ST_RECENT_ROWS,
	ST_CONDITION_RAISE,
	ST_CONDITION_SINCE,
	ST_CONDITION_CLEAR,
	ST_NOTICE_ADD,
	ST_NOTICE_NEXT,
	ST_NOTICE_DONE,
	ST_NOTICE_CLEAR,
	ST_NOTICES_FORGET,
	ST_HEADER_FIND,
	ST_HEADER_SEEN,
	ST_HEADER_PUT,
	ST_HEADER_COLUMNS,
	ST_HEADER_CLEAR,
	ST_HEADER_ADD,
	ST_HEADER_FORGET,
	ST_REQUEST_PUT,
	ST_REQUEST_STATE,
	ST_REQUESTS,
	ST_REQUEST_COUNTS,
	ST_SPENT,
	ST_SPENT_SINCE,
	ST_SPEND,
	ST_SPENT_FORGET,
	ST_PERIOD,
	ST_PERIOD_REASONS,
	ST_PERIOD_FINDINGS,
	ST_COUNT
};

static const char *const ledger_statements[ST_COUNT] = {
    [ST_BEGIN] = SQL_BEGIN,
    [ST_COMMIT] = SQL_COMMIT,
    /* min: a clock that was set back must not make a file wait until it has caught up */
    [ST_SEEN] = "INSERT INTO seen(feed, name, size, mtime, first_ms, last_ms) VALUES(?1, ?2, ?3, "
		"?4, ?5, ?5)"
		" ON CONFLICT(feed, name) DO UPDATE SET"
		" first_ms = CASE WHEN seen.size = excluded.size AND seen.mtime = excluded.mtime"
		" AND seen.first_ms < excluded.first_ms"
		" THEN seen.first_ms ELSE excluded.first_ms END,"
		" size = excluded.size, mtime = excluded.mtime, last_ms = excluded.last_ms",
    [ST_SEEN_FIRST] = "SELECT first_ms FROM seen WHERE feed = ?1 AND name = ?2",
    [ST_SEEN_FORGET] = "DELETE FROM seen WHERE feed = ?1 AND last_ms < ?2",
    /* What 0.1 entered has no source. What is not finished yet goes on at the feed's
     * source of today. */
    [ST_FILE_KNOWN] = "SELECT " SQL_FILE_COLUMNS SQL_FILE_OF_KEY,
    [ST_FILE_KNOWN_STATE] = "SELECT state" SQL_FILE_OF_KEY,
    [ST_FILE_SAME] =
	"SELECT " SQL_FILE_COLUMNS
	" FROM file WHERE feed = ?1 AND sha256 = ?2 AND (event_type = ?3 OR event_type IS NULL)"
	" AND (?4 = 0 OR id < ?4) AND ((closed_ms = 0 AND NOT EXISTS(SELECT 1 FROM document d"
	"  WHERE d.file_id = file.id AND (d.taken OR file.source = 'local') AND NOT " SQL_IN(
	    "?6") ")) OR (state = ?5 AND"
		  "  EXISTS(SELECT 1 FROM document d WHERE d.file_id = file.id AND d.delivered > 0 "
		  "AND " SQL_IN(
		      "?6") ")))"
			    " AND NOT EXISTS(SELECT 1 FROM file f WHERE f.id = ?4 AND f.again = 1)"
			    " ORDER BY closed_ms = 0, id DESC LIMIT 1",
    /* The latest other one of this name that is done, and of which events were delivered. */
    [ST_FILE_BEFORE] =
	"SELECT " SQL_FILE_COLUMNS " FROM file WHERE id = (SELECT max(o.id) FROM file o"
	" WHERE o.feed = ?1 AND o.name = ?2 AND o.id <> ?3 AND o.state = ?4"
	" AND EXISTS(SELECT 1 FROM document d WHERE d.file_id = o.id AND d.delivered > 0))",
    [ST_BYTES_KNOWN] = "SELECT 1 FROM file WHERE feed = ?1 AND sha256 = ?2 LIMIT 1",
    [ST_REDROPPED_ADD] =
	"INSERT INTO redropped(feed, mark) VALUES(?1, ?2) ON CONFLICT(feed, mark) DO NOTHING",
    [ST_REDROPPED] = "SELECT 1 FROM redropped WHERE feed = ?1 AND mark = ?2",
    [ST_FILE_COPY] = "SELECT copy FROM file WHERE id = ?1",
    /* A new number, or that of the latest one before it of the same event type, or the first. */
    [ST_FILE_COPY_DRAW] =
	"UPDATE file SET copy = ifnull(CASE WHEN ?2 THEN NULL ELSE (SELECT o.copy FROM file o "
	"WHERE o.feed = file.feed"
	"  AND o.sha256 = file.sha256 AND (o.event_type = file.event_type OR o.event_type IS NULL)"
	"  AND o.copy IS NOT NULL AND o.id < file.id"
	"  ORDER BY o.id DESC LIMIT 1) END,"
	" (SELECT ifnull(max(o.copy) + 1, 0) FROM file o WHERE o.feed = file.feed AND o.sha256 = "
	"file.sha256))"
	" WHERE id = ?1 AND copy IS NULL",
    [ST_FILE_COPY_AGAIN] =
	"UPDATE file SET again = 1, copy = (SELECT ifnull(max(o.copy), 0) + 1 FROM file o"
	" WHERE o.feed = file.feed AND o.sha256 = file.sha256) WHERE id = ?1",
    [ST_PULL_BEGIN] = "INSERT INTO pull(feed, arrival, source, name, size, mtime, node) "
		      "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
    [ST_PULL_END] = "DELETE FROM pull WHERE feed = ?1 AND arrival = ?2 AND node = ?3",
    [ST_FILE_ADD] = "INSERT INTO file(feed, name, size, mtime, source, sha256, event_type, place, "
		    "state, pulled_ms)"
		    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    /* what was imported is not at the source, whoever brings it to its end */
    [ST_FILE_STATE] = "UPDATE file SET state = ?2, code = ?3, text = ?4,"
		      " cleanup_due = ?5 AND (source IS NULL OR source <> 'local'),"
		      " closed_ms = ?6, given_up = NULL WHERE id = ?1",
    /* what is in no index, and no trigger's: it is done with each file */
    [ST_FILE_UNDER_WAY] = "UPDATE file SET state = ?2, code = ?3, text = ?4, given_up = NULL"
			  " WHERE id = ?1 AND closed_ms = 0",
    [ST_FILE_CLEANED] = "UPDATE file SET cleanup_due = FALSE, given_up = ?2 WHERE id = ?1",
    [ST_FILE_TRIED] = "UPDATE file SET attempts = attempts + 1, idle = CASE WHEN ?2 > 0 THEN idle "
		      "+ ?2 ELSE 0 END WHERE id = ?1",
    [ST_SKIPS_CLEAR] = "DELETE FROM skipped WHERE file_id = ?1",
    [ST_SKIPS_ADD] =
	"INSERT INTO skipped(file_id, name, why, csv) VALUES(?1, ?2, ?3, ?4)"
	" ON CONFLICT(file_id, name) DO UPDATE SET why = excluded.why, csv = excluded.csv",
    [ST_MANIFEST_ADD] = "INSERT INTO manifest(hash, text) VALUES(?1, ?2) ON CONFLICT DO NOTHING",
    [ST_DOCUMENT_ADD] = "INSERT INTO document(file_id, name, event_type, state, begun_ms, "
			"settings, manifest_hash, version, plan_hash, content)"
			" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO NOTHING",
    [ST_DOCUMENT_SETTINGS] =
	"UPDATE document SET settings = ?3, manifest_hash = ?4, event_type = ?5, version = ?6,"
	/* a clock that was ahead and is right now must not count any more */
	" begun_ms = CASE WHEN begun_ms < ?7 THEN begun_ms ELSE ?7 END, plan_hash = ?8"
	" WHERE file_id = ?1 AND ifnull(name, '') = ifnull(?2, '') AND NOT taken",
    [ST_DOCUMENT_FIND] = "SELECT " SQL_DOCUMENT_COLUMNS SQL_DOCUMENT_TABLES
			 "WHERE file_id = ?1 AND ifnull(name, '') = ifnull(?2, '')",
    [ST_DOCUMENT_DONE_BEFORE] =
	"SELECT " SQL_FILE_COLUMNS
	" FROM file WHERE id = (SELECT d.file_id FROM document d, file o, file f"
	" WHERE f.id = ?1 AND f.again = 0 AND o.feed = f.feed AND o.sha256 = f.sha256 AND "
	"o.id < f.id AND d.file_id = o.id"
	" AND ifnull(d.name, '') = ifnull(?2, '') AND d.event_type = ?3 AND d.state = ?4 AND "
	"d.delivered > 0 AND " SQL_IN("?5") " ORDER BY d.id DESC LIMIT 1)",
    /* what came last under these names, if it was the same */
    [ST_DOCUMENT_SAME_CONTENT] =
	"SELECT " SQL_FILE_COLUMNS
	" FROM file WHERE id = (SELECT d.file_id FROM document d, file o, file f"
	" WHERE f.id = ?1 AND f.again = 0 AND o.name = f.name AND o.feed = f.feed AND "
	"o.id < f.id AND d.file_id = o.id"
	" AND ifnull(d.name, '') = ifnull(?2, '') AND d.event_type = ?3 AND d.state = ?4 AND "
	"d.delivered > 0 AND " SQL_IN(
	    "?6") " ORDER BY d.id DESC LIMIT 1) AND EXISTS(SELECT 1 FROM document d WHERE "
		  "d.file_id = file.id"
		  " AND ifnull(d.name, '') = ifnull(?2, '') AND d.content = ?5)",
    [ST_DOCUMENT_ALIKE] =
	"SELECT " SQL_FILE_COLUMNS
	" FROM file WHERE id = (SELECT d.file_id FROM document d, file o, file f"
	" WHERE d.content = ?4 AND f.id = ?1 AND f.again = 0 AND o.id = d.file_id AND "
	"o.feed = f.feed AND o.id < f.id"
	" AND d.event_type = ?2 AND d.state = ?3 AND d.delivered > 0 AND " SQL_IN(
	    "?5") " ORDER BY d.id DESC LIMIT 1)",
    [ST_DOCUMENT_CHECKED] = "UPDATE document SET rows = ?2,"
			    " rejected = ?3 + (SELECT count(*) FROM reject WHERE document_id = ?1),"
			    " batches = ?4, events = ?5, state = ?6, skipped = ?7, redropped = ?8"
			    " WHERE id = ?1 AND closed_ms = 0",
    [ST_DOCUMENT_TAKEN] =
	"UPDATE document SET taken = TRUE, batch_format = ?2, version = ?3, target "
	"= ?4, settings = ?5,"
	" manifest_hash = ?6, sent_ms = ?7, state = ?8, plan_hash = ?10"
	" WHERE id = ?1 AND NOT taken AND closed_ms = 0 AND state <> ?9",
    [ST_DOCUMENT_UNTAKEN] =
	"UPDATE document SET taken = FALSE WHERE id = ?1 AND closed_ms = 0"
	" AND NOT EXISTS(SELECT 1 FROM lane WHERE document_id = ?1 AND done > 0)",
    [ST_DOCUMENT_RESUMED] = "UPDATE document SET target = ?2, sent_ms = ?3 WHERE id = ?1",
    [ST_DOCUMENT_BALANCE] =
	"SELECT state, closed_ms, rows, delivered, rejected, skipped FROM document WHERE id = ?1",
    [ST_DOCUMENT_STATE] =
	"UPDATE document SET state = ?2, code = ?3, text = ?4, closed_ms = ?5 WHERE id = ?1",
    [ST_DOCUMENTS_LOST] = "UPDATE document SET state = ?2, code = ?3, text = ?4, closed_ms = ?5"
			  " WHERE file_id = ?1 AND closed_ms = 0",
    [ST_DOCUMENTS_UNSENT] =
	"DELETE FROM document WHERE file_id = ?1 AND closed_ms = 0 AND NOT taken"
	" AND NOT EXISTS(SELECT 1 FROM lane WHERE document_id = document.id)",
    [ST_DOCUMENT_FACTS] =
	"UPDATE document SET first_batch = ifnull(?2, first_batch),"
	" last_batch = ifnull(?3, last_batch), events = CASE WHEN ?4 > 0 THEN ?5 ELSE events END,"
	" batches = CASE WHEN ?4 > 0 THEN ?4 ELSE batches END,"
	" first_event_ms = CASE WHEN ?6 > 0 THEN ?7 ELSE first_event_ms END,"
	" last_event_ms = CASE WHEN ?6 > 0 THEN ?8 ELSE last_event_ms END,"
	" sending_ms = sending_ms + ?9,"
	" pace = CASE WHEN ?9 > 0 THEN ?10 ELSE pace END WHERE id = ?1",
    [ST_DOCUMENT_REJECTS] =
	"UPDATE document SET text = ?2 WHERE id = ?1 AND closed_ms = 0 AND NOT EXISTS"
	"(SELECT 1 FROM document o WHERE o.text = ?2 AND o.closed_ms = 0 AND o.id <> ?1)",
    [ST_REJECTS_LATER] =
	"SELECT 1 FROM document d JOIN document o ON o.text = d.text AND o.id > d.id"
	" WHERE d.id = ?1 LIMIT 1",
    [ST_REASON_CLEAR] = "DELETE FROM reason WHERE document_id = ?1",
    [ST_REASON_ADD] = "INSERT INTO reason(document_id, n, code, field, rows, line1, line2, line3)"
		      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [ST_FINDING_CLEAR] = "DELETE FROM finding WHERE document_id = ?1",
    [ST_FINDING_ADD] =
	"INSERT INTO finding(document_id, n, code, text, rows) VALUES(?1, ?2, ?3, ?4, ?5)",
    /* compare-and-set: from ?4, which is 0 for the first one */
    [ST_LANE_FIRST] = "INSERT INTO lane(document_id, lane, done) VALUES(?1, ?2, ?3)"
		      " ON CONFLICT(document_id, lane) DO UPDATE SET done = excluded.done"
		      " WHERE lane.done = ?4 AND excluded.done > ?4",
    [ST_LANE_FORWARD] = "UPDATE lane SET done = ?3"
			" WHERE document_id = ?1 AND lane = ?2 AND done = ?4 AND ?3 > ?4",
    [ST_LANE_ROWS] = "UPDATE document SET delivered = delivered + ?2, rejected = rejected + ?3"
		     " WHERE id = ?1 AND closed_ms = 0",
    [ST_REJECT_ADD] =
	"INSERT INTO reject(document_id, row, line, \"offset\", length, message, code, partly, "
	"rest) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    [ST_API] = "SELECT success_ms, not_before_ms FROM api WHERE fingerprint = ?1",
    [ST_API_SUSPECTS] = "SELECT suspects FROM api WHERE fingerprint = ?1 AND suspects <> ''",
    [ST_API_SUSPECT] =
	"INSERT INTO api(fingerprint, success_ms, not_before_ms, suspects) VALUES(?1, 0, 0, ?2)"
	" ON CONFLICT(fingerprint) DO UPDATE SET suspects = excluded.suspects",
    [ST_API_NOTE] =
	"INSERT INTO api(fingerprint, success_ms, not_before_ms) VALUES(?1, ?2, ?3)"
	" ON CONFLICT(fingerprint) DO UPDATE SET"
	" success_ms = CASE WHEN api.success_ms > excluded.success_ms THEN api.success_ms"
	" ELSE excluded.success_ms END, not_before_ms = excluded.not_before_ms",
    [ST_LANES] = "SELECT lane, done FROM lane WHERE document_id = ?1",
    [ST_LANE_SENT] = "INSERT INTO lane(document_id, lane, done, sent) VALUES(?1, ?2, 0, ?3)"
		     " ON CONFLICT(document_id, lane) DO UPDATE SET sent = excluded.sent",
    [ST_LANES_SENT] = "SELECT lane, sent FROM lane WHERE document_id = ?1",
    [ST_AGAIN_SENT] = "UPDATE reject SET sent = ?3 WHERE document_id = ?1 AND row = ?2 AND again",
    [ST_AGAIN_DOUBT] = "UPDATE reject SET again = FALSE, sent = 0, code = 'delivery-unknown',"
		       " message = ?2 WHERE document_id = ?1 AND sent <> 0",
    [ST_REOPEN_FILE] = SQL_REOPEN_FILE(""),
    /* its bytes were gone, or hosts went down with it: it goes on where it was */
    [ST_REOPEN_LOST] =
	"UPDATE document SET state = CASE WHEN taken THEN CAST(?4 AS BIGINT) ELSE ?5 END, "
	"closed_ms = 0, code = "
	"NULL, text = NULL"
	" WHERE id = ?1 AND file_id = ?2 AND state = ?3 AND settings <> ''"
	" AND code IN ('lost-bytes', 'keeps-crashing')",
    [ST_REOPEN_REFUSED] = "DELETE FROM document WHERE id = ?1 AND file_id = ?2 AND state = ?3",
    /* a reject file that is another document's too, or that is to be kept as it is, is no longer
     * this one's */
    [ST_REOPEN_DONE] =
	"UPDATE document SET state = ?4, closed_ms = 0,"
	" text = CASE WHEN ?5 OR EXISTS(SELECT 1 FROM document o WHERE o.text = document.text"
	"  AND o.id <> document.id) THEN NULL ELSE text END WHERE id = ?1 AND file_id = ?2 AND "
	"state = ?3",
    [ST_REOPEN_REJECTS] = "UPDATE reject SET again = TRUE WHERE document_id = ?1"
			  " AND (partly = 0 OR rest <> '') AND (code = 'delivery-unknown') = ?2",
    [ST_AGAIN] = "SELECT row, rest FROM reject WHERE document_id = ?1 AND again"
		 " AND (code = 'delivery-unknown') = ?2 ORDER BY row",
    [ST_AGAIN_DELIVERED] = "DELETE FROM reject WHERE document_id = ?1 AND row = ?2 AND again",
    [ST_AGAIN_ROWS] = "UPDATE document SET delivered = delivered + ?2, rejected = rejected - ?2"
		      " WHERE id = ?1 AND closed_ms = 0",
    [ST_AGAIN_REJECTED] = "UPDATE reject SET message = ?3, code = ?4,"
			  " partly = CASE WHEN partly <> 0 THEN 1 ELSE ?5 END, rest = ?6,"
			  " again = FALSE, sent = 0"
			  " WHERE document_id = ?1 AND row = ?2 AND again",
    [ST_ABANDON_MARKS] = "UPDATE reject SET again = FALSE WHERE document_id = ?1 AND again",
    [ST_ABANDON] = "UPDATE document SET state = ?2, code = 'abandoned', text = ?3, closed_ms = ?4,"
		   " rejected = rows - delivered - skipped"
		   " WHERE id = ?1 AND closed_ms = 0 AND rows >= delivered + rejected + skipped",
    [ST_ANEW_FILE] = SQL_ANEW_FILE(""),
    /* of documents that are not done, or of all */
    [ST_ANEW_LANES] = "DELETE FROM lane WHERE document_id IN"
		      " (SELECT id FROM document WHERE file_id = ?1 AND (?2 OR state <> ?3))",
    [ST_ANEW_REJECTS] = "DELETE FROM reject WHERE document_id IN"
			" (SELECT id FROM document WHERE file_id = ?1 AND (?2 OR state <> ?3))",
    [ST_ANEW_DOCUMENTS] = "DELETE FROM document WHERE file_id = ?1 AND (?2 OR state <> ?3)",
    [ST_FORMER_FORGET] = "DELETE FROM former WHERE document_id = ?1",
    [ST_FORMER_REJECTS_FORGET] = "DELETE FROM former_reject WHERE document_id = ?1",
    [ST_FORMER_KEEP] = "INSERT INTO former(document_id, delivered, rejected, text, target, sent_ms)"
		       " SELECT id, delivered, rejected, text, target, sent_ms FROM document"
		       " WHERE id = ?1",
    [ST_FORMER_REJECTS_KEEP] = "INSERT INTO former_reject(" SQL_FORMER_REJECT
			       ") SELECT " SQL_FORMER_REJECT " FROM reject WHERE document_id = ?1",
    [ST_FORMER_OPEN] = "SELECT d.id, d.rows, f.delivered, f.rejected FROM document d"
		       " JOIN former f ON f.document_id = d.id"
		       " WHERE d.file_id = ?1 AND d.closed_ms = 0 ORDER BY d.id",
    /* it was counted when it was delivered, and the trigger counts it once more */
    [ST_FORMER_TALLY] =
	"UPDATE tally SET value = value - (SELECT f.delivered - d.delivered FROM document d"
	" JOIN former f ON f.document_id = d.id WHERE d.id = ?1 AND f.delivered > d.delivered)"
	" WHERE name = 'rows_delivered' AND feed = (SELECT o.feed FROM document d"
	" JOIN file o ON o.id = d.file_id JOIN former f ON f.document_id = d.id"
	" WHERE d.id = ?1 AND f.delivered > d.delivered)",
    [ST_FORMER_BACK] =
	"UPDATE document SET state = ?2, closed_ms = ?3, code = NULL,"
	" delivered = (SELECT delivered FROM former WHERE document_id = ?1),"
	" rejected = (SELECT rejected FROM former WHERE document_id = ?1),"
	" target = (SELECT target FROM former WHERE document_id = ?1),"
	" sent_ms = (SELECT sent_ms FROM former WHERE document_id = ?1),"
	" text = (SELECT text FROM former WHERE document_id = ?1) WHERE id = ?1 AND closed_ms = 0",
    [ST_FORMER_REJECTS_BACK] = "INSERT INTO reject(" SQL_FORMER_REJECT ") SELECT " SQL_FORMER_REJECT
			       " FROM former_reject WHERE document_id = ?1",
    /* What was rejected by the preflight stays counted, because it is found again. A reject file
     * that is to be kept as it is, is no longer this one's. */
    [ST_RESEND_DOCUMENT] =
	"UPDATE document SET state = ?3, closed_ms = 0, delivered = 0, sent_ms = 0, target = NULL,"
	" sending_ms = 0,"
	" rejected = rejected - (SELECT count(*) FROM reject WHERE document_id = ?1),"
	" text = CASE WHEN ?5 THEN NULL ELSE text END WHERE id = ?1 AND file_id = ?2 AND state = "
	"?4 AND taken AND "
	"settings <> ''",
    [ST_RESEND_LANES] = "DELETE FROM lane WHERE document_id = ?1",
    [ST_RESEND_REJECTS] = "DELETE FROM reject WHERE document_id = ?1",
    [ST_PRUNE_LANES] =
	"DELETE FROM lane WHERE document_id IN (SELECT id FROM document WHERE file_id = ?1)",
    [ST_PRUNE_REJECTS] =
	"DELETE FROM reject WHERE document_id IN (SELECT id FROM document WHERE file_id = ?1)",
    [ST_PRUNE_REASONS] =
	"DELETE FROM reason WHERE document_id IN (SELECT id FROM document WHERE file_id = ?1)",
    [ST_PRUNE_FINDINGS] =
	"DELETE FROM finding WHERE document_id IN (SELECT id FROM document WHERE file_id = ?1)",
    [ST_PRUNE_FORMER] =
	"DELETE FROM former WHERE document_id IN (SELECT id FROM document WHERE file_id = ?1)",
    [ST_PRUNE_FORMER_REJECTS] = "DELETE FROM former_reject WHERE document_id IN (SELECT id FROM "
				"document WHERE file_id = ?1)",
    [ST_PRUNE_SKIPS] = "DELETE FROM skipped WHERE file_id = ?1",
    [ST_PRUNE_DOCUMENTS] =
	"UPDATE document SET settings = '', manifest_hash = NULL, plan_hash = NULL, reasons = NULL,"
	" text = CASE WHEN state = ?2 THEN text END WHERE file_id = ?1 AND closed_ms <> 0",
    [ST_PRUNE_MANIFESTS] = "DELETE FROM manifest WHERE hash NOT IN"
			   " (SELECT manifest_hash FROM document WHERE manifest_hash IS NOT NULL"
			   "  UNION SELECT plan_hash FROM document WHERE plan_hash IS NOT NULL)",
    [ST_TALLY_ADD] = "INSERT INTO tally VALUES(?1, ?2, ?3)"
		     " ON CONFLICT(feed, name) DO UPDATE SET value = tally.value + excluded.value",
    [ST_TALLY_SET] = "INSERT INTO tally VALUES(?1, ?2, ?3)"
		     " ON CONFLICT(feed, name) DO UPDATE SET value = excluded.value",
    [ST_CONDITION_RAISE] = "INSERT INTO condition(feed, name, subject, text, since_ms)"
			   " VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
    [ST_CONDITION_SINCE] =
	"SELECT since_ms FROM condition WHERE feed = ?1 AND name = ?2 AND subject = ?3",
    [ST_CONDITION_CLEAR] = "DELETE FROM condition WHERE feed = ?1 AND name = ?2 AND subject = ?3",
    [ST_NOTICE_ADD] = "INSERT INTO notice(feed, event, condition, text, since_ms, made_ms)"
		      " VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    [ST_NOTICE_NEXT] =
	"SELECT n.id, n.feed, n.event, f.name, n.condition, ifnull(n.text, f.text), f.code,"
	" n.since_ms, n.made_ms, n.due, ifnull(sum(d.rows), 0), ifnull(sum(d.delivered), 0), "
	"ifnull(sum(d.rejected), 0),"
	" ifnull(sum(d.skipped), 0) FROM notice n LEFT JOIN file f ON f.id = n.file_id"
	" LEFT JOIN document d ON d.file_id = f.id WHERE n.id = (SELECT min(id) FROM notice"
	" WHERE id > ?1) GROUP BY n.id, f.id",
    [ST_NOTICE_DONE] = "UPDATE notice SET due = due & ~CAST(?2 AS BIGINT) WHERE id = ?1",
    [ST_NOTICES_FORGET] = "DELETE FROM notice",
    [ST_NOTICE_CLEAR] = "DELETE FROM notice WHERE id = ?1 AND due = 0",
    [ST_TALLY_GET] = "SELECT value FROM tally WHERE feed = ?1 AND name = ?2",
    [ST_ARRIVALS] =
	"SELECT f.pulled_ms FROM file f WHERE f.feed = ?1 AND f.pulled_ms > ?2" SQL_NOT_REDROPPED
	" ORDER BY f.pulled_ms",
    [ST_ARRIVAL_LAST] = "SELECT f.pulled_ms FROM file f WHERE f.feed = ?1 AND"
			" f.pulled_ms <= ?2" SQL_NOT_REDROPPED " ORDER BY f.pulled_ms DESC LIMIT 1",
    /* 2 CHECKED, 3 SENDING, 4 DONE */
    [ST_RECENT_ROWS] = "SELECT d.rows FROM file f JOIN document d ON d.file_id = f.id"
		       " WHERE f.feed = ?1 AND d.event_type = ?2 AND d.id <> ?3 AND"
		       " d.state IN (2, 3, 4) AND ifnull(d.code, '') <> 'duplicate'"
		       " AND d.redropped = 0"
		       " ORDER BY f.pulled_ms DESC, d.id DESC LIMIT ?4",
    /* of this shape, or else the feed's latest one */
    [ST_HEADER_FIND] = "SELECT id, hash, shape = ?3, NOT EXISTS(SELECT 1 FROM header o"
		       "  WHERE o.feed = ?1 AND o.event_type = ?2 AND o.id <> header.id"
		       "  AND o.at_ms >= header.at_ms)"
		       " FROM header WHERE feed = ?1 AND event_type = ?2"
		       " ORDER BY shape = ?3 DESC, at_ms DESC, id DESC LIMIT 1",
    [ST_HEADER_SEEN] = "UPDATE header SET at_ms = ?2 WHERE id = ?1",
    [ST_HEADER_PUT] =
	"INSERT INTO header(feed, event_type, shape, hash, at_ms) VALUES(?1, ?2, ?3, ?4, ?5)"
	" ON CONFLICT(feed, event_type, shape) DO UPDATE SET hash = excluded.hash,"
	" at_ms = excluded.at_ms",
    [ST_HEADER_COLUMNS] = "SELECT name FROM header_column WHERE header_id = ?1 ORDER BY name",
    [ST_HEADER_CLEAR] = "DELETE FROM header_column WHERE header_id = ?1",
    [ST_HEADER_ADD] = "INSERT INTO header_column(header_id, name) VALUES(?1, ?2)"
		      " ON CONFLICT DO NOTHING",
    [ST_HEADER_FORGET] =
	"DELETE FROM header WHERE feed = ?1 AND event_type = ?2 AND id NOT IN"
	" (SELECT id FROM header WHERE feed = ?1 AND event_type = ?2 ORDER BY at_ms DESC, id DESC"
	" LIMIT ?3)",
    /* ---- what was closed since then; ?1 NULL: of all feeds ---- */
    [ST_PERIOD] =
	"SELECT f.id, f.feed, f.name, f.state, f.code, f.size, f.pulled_ms, f.closed_ms,"
	" d.id, d.event_type, d.state, d.code, d.rows, d.delivered, d.rejected, d.skipped,"
	" d.batches, d.events, d.begun_ms, d.closed_ms, d.first_event_ms,"
	" d.last_event_ms, d.sending_ms, d.pace, f.text FROM file f"
	" LEFT JOIN document d ON d.file_id = f.id" SQL_PERIOD_WHERE
	" ORDER BY f.closed_ms, f.id, d.id",
    /* 4 DONE, 6 ABANDONED */
    [ST_PERIOD_REASONS] =
	"SELECT f.feed, r.code, r.field, sum(r.rows), count(*) FROM file f"
	" JOIN document d ON d.file_id = f.id JOIN reason r ON r.document_id = "
	"d.id" SQL_PERIOD_WHERE " AND d.state IN (4, 6) GROUP BY f.feed, r.code, r.field"
	" ORDER BY f.feed, sum(r.rows) DESC, r.code, r.field",
    [ST_PERIOD_FINDINGS] =
	"SELECT f.feed, n.code, n.text, sum(n.rows), count(*) FROM file f"
	" JOIN document d ON d.file_id = f.id JOIN finding n ON n.document_id = "
	"d.id" SQL_PERIOD_WHERE " AND d.state IN (4, 6) GROUP BY f.feed, n.code, n.text"
	" ORDER BY f.feed, sum(n.rows) DESC, n.code, n.text",
    [ST_REQUEST_PUT] =
	"INSERT INTO request(document_id, row, line, id, known, state, due, at_ms)"
	" VALUES(?1, ?2, ?3, ?4, ?5, 'pending', ?6, ?7)"
	" ON CONFLICT(document_id, row) DO UPDATE SET id = excluded.id, known = excluded.known,"
	" due = ifnull(excluded.due, request.due), at_ms = excluded.at_ms",
    [ST_REQUEST_STATE] = "UPDATE request SET state = ?3, due = ifnull(?4, due), at_ms = ?5"
			 " WHERE document_id = ?1 AND id = ?2",
    [ST_REQUESTS] = "SELECT row, line, id, known, state, due, at_ms FROM request"
		    " WHERE document_id = ?1 AND row > ?2 ORDER BY row LIMIT ?3",
    [ST_REQUEST_COUNTS] = "SELECT state, count(DISTINCT id), count(DISTINCT CASE WHEN known <> 0"
			  " THEN id END) FROM request WHERE document_id = ?1 GROUP BY state"
			  " ORDER BY state",
    [ST_SPENT] = "SELECT ifnull(sum(calls), 0), ifnull(sum(made), 0) FROM spent"
		 " WHERE fingerprint = ?1 AND slot > ?2 AND slot < ?3",
    [ST_SPENT_SINCE] = "SELECT slot, calls, made FROM spent WHERE fingerprint = ?1 AND slot > ?2"
		       " AND slot < ?3 ORDER BY slot",
    [ST_SPEND] = "INSERT INTO spent(fingerprint, slot, calls, made) VALUES(?1, ?2, ?3, ?4)"
		 " ON CONFLICT(fingerprint, slot) DO UPDATE SET calls = spent.calls + "
		 "excluded.calls,"
		 " made = spent.made + excluded.made",
    [ST_SPENT_FORGET] = "DELETE FROM spent WHERE fingerprint = ?1 AND slot < ?2",
};

#endif
