-- A ledger of version 1, cut off when one of three lanes had been settled. Kept as it was written then: see under-way.sh.
PRAGMA journal_mode = WAL;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE document(  id INTEGER PRIMARY KEY AUTOINCREMENT, file_id INTEGER NOT NULL REFERENCES file(id), name TEXT,  event_type TEXT NOT NULL, state INTEGER NOT NULL, begun_ms INTEGER NOT NULL,  closed_ms INTEGER NOT NULL DEFAULT 0, rows INTEGER NOT NULL DEFAULT 0, delivered INTEGER NOT NULL DEFAULT 0,  rejected INTEGER NOT NULL DEFAULT 0, batches INTEGER NOT NULL DEFAULT 0, events INTEGER NOT NULL DEFAULT 0,  code TEXT, text TEXT, settings TEXT NOT NULL, manifest TEXT);
INSERT INTO "document" VALUES(1,1,NULL,'custom_event',3,1795406470656,0,48,12,0,12,48,NULL,NULL,'guidelines = warn
environment = development
screen_name = 
timestamps = ms
timezone = UTC
empty_attributes = omit
unknown_columns = refuse
limits = reject
fold_products = no
max_rejects = 100.000%25
group_window = 67108864
historical = auto
lanes = 3
duplicates = skip
','{"hasHeaderRow": true, "columns": [
	{"column": "Customer", "action": "keep", "field": "user_identities.customer_id"},
	{"column": "Visit", "action": "keep", "field": "user_attributes.Visit"},
	{"column": "When", "action": "keep", "field": "events.data.timestamp_unixtime_ms"},
	{"column": "What", "action": "keep", "field": "events.data.event_name"},
	{"column": "Kind", "action": "keep", "field": "events.data.custom_event_type"}]}
');
CREATE TABLE file(  id INTEGER PRIMARY KEY AUTOINCREMENT,  feed TEXT NOT NULL, name TEXT NOT NULL, size INTEGER NOT NULL, mtime INTEGER NOT NULL, sha256 TEXT NOT NULL,  state INTEGER NOT NULL, pulled_ms INTEGER NOT NULL, closed_ms INTEGER NOT NULL DEFAULT 0,  code TEXT, text TEXT, cleanup_due INTEGER NOT NULL DEFAULT 0);
INSERT INTO "file" VALUES(1,'clicks','a-custom_event.csv',1678,1768206600,'c2423be530e2c94a39661cf2a84f5eb04136b443a7bcad62d1c750fa82235359',3,1795406470654,0,NULL,NULL,0);
CREATE TABLE lane(  document_id INTEGER NOT NULL REFERENCES document(id), lane INTEGER NOT NULL, done INTEGER NOT NULL,  PRIMARY KEY(document_id, lane)) WITHOUT ROWID;
INSERT INTO "lane" VALUES(1,0,3);
CREATE TABLE reject(  document_id INTEGER NOT NULL REFERENCES document(id), row INTEGER NOT NULL, line INTEGER NOT NULL,  offset INTEGER NOT NULL, length INTEGER NOT NULL, message TEXT NOT NULL,  PRIMARY KEY(document_id, row)) WITHOUT ROWID;
CREATE TABLE seen(  feed TEXT NOT NULL, name TEXT NOT NULL, size INTEGER NOT NULL, mtime INTEGER NOT NULL,  first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL,  PRIMARY KEY(feed, name)) WITHOUT ROWID;
INSERT INTO "seen" VALUES('clicks','a-custom_event.csv',1678,1768206600,1795406470651,1795406470651);
CREATE INDEX file_name ON file(feed, name, size, mtime);
CREATE INDEX file_bytes ON file(feed, sha256);
CREATE INDEX file_open ON file(id) WHERE closed_ms = 0 OR cleanup_due;
CREATE UNIQUE INDEX document_name ON document(file_id, ifnull(name, ''));
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('file',1);
INSERT INTO "sqlite_sequence" VALUES('document',1);
COMMIT;
