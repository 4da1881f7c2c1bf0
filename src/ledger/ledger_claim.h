/* SPDX-License-Identifier: MIT */
/*
 * ledger_claim.h - several hosts, one ledger: who works on what
 *
 * The unit is a file. Its row has holder, epoch and lease_until, and a feed's row in feed_scan has
 * the same for listing its source. A holder's name is NODE/PLACE/PROCESS: the node of the
 * configuration, a number that lies in the state folder, and one of the process.
 *
 * claim: one UPDATE: holder = me, epoch + 1, lease_until = now + 60 s, where the lease has run out,
 * or where the holder is an earlier process on the same state folder, whose lock this process has.
 * A crash is counted where somebody held it; an orderly end releases.
 *
 * renew: each 15 s, on a connection of its own: lease_until of all that me holds. What does not
 * come back is lost.
 *
 * fence: the first statement of each transaction that changes a file or a document: SELECT epoch
 * ... FOR SHARE. Another epoch: "taken over by NODE", nothing is changed. FOR SHARE conflicts with
 * a claim, so that no claim comes between the fence and the COMMIT; a holder that is paused in
 * between loses its transaction after a sixth of the lease (idle_in_transaction_session_timeout).
 *
 * settle: fence; a lane's done is set from what this process read, or stored last, and from nothing
 * else (compare-and-set); rows and rejects are counted; in one statement where it can be
 * (ledger_settle.c). Where the answer of a COMMIT is lost, the lanes are read: as nobody else moves
 * them while the epoch is this process's, they show what became of it, and what was not done is
 * done again. The answer to another change is not asked for: the file is released, and whoever
 * claims it next reads what is so.
 *
 * release: holder = NULL, lease_until = 0, where the epoch is still mine.
 *
 * now is the database's clock_timestamp(). A holder measures its own lease by CLOCK_BOOTTIME, from
 * before the claim or the renewal was sent, and stops at three quarters of it: no request begins
 * after that, and none waits longer for its answer. So a holder that is paused, or cut off from the
 * database, is silent before another one claims. Where the clocks drift apart by more than that,
 * or a request is on the wire for longer, two send at the same time; that does no harm: a lane has
 * one request under way, and the next one waits for the settlement, so that the late one repeats
 * the very ids that its successor sends first.
 *
 * The order of a feed's files: a file is sent once no earlier one of the feed is held by another
 * host; see ledger_file_waits.
 */
#ifndef DROPFEED_LEDGER_CLAIM_H
#define DROPFEED_LEDGER_CLAIM_H

#include "ledger_pace.h"
#include "ledger_priv.h"

/* How long a lease is, in milliseconds; it is renewed when a quarter of it is over. */
#define LEASE_MS INT64_C(60000)
int64_t ledger_lease_ms(void);

enum claim_state {
	CLAIM_HELD,
	CLAIM_LOST, /* another one has it, or may have */
	CLAIM_LEFT, /* released, not to be taken up again by itself */
};

struct claim {
	int64_t file, epoch, crashes, file_state;
	enum claim_state state;
	bool progressed;    /* since it was claimed */
	bool taking;        /* its bytes are being brought here */
	int64_t renewed_ms; /* CLOCK_BOOTTIME, from before it was asked for */
};

/* A document is always of the same file. */
enum { LEDGER_OF_FILES = 64 };
struct claim_of {
	int64_t document, file; /* 0: none */
};

struct ledger_claims {
	char *place, *me;                    /* own: NODE/PLACE/ and NODE/PLACE/PROCESS */
	uint32_t batch_format, older_format; /* the layouts of batches that it knows */
	struct ledger_link *link;            /* own: for renewals alone */
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	bool quit;
	bool look; /* at a key's pace, at once */
	struct pace_key paces[LEDGER_PACE_KEYS];
	struct claim_of of[LEDGER_OF_FILES]; /* documents that were looked up last */
	struct claim *v;                     /* own */
	size_t n, room;
};

#define CLAIM_LEASE "clock_timestamp() + CAST(?2 AS BIGINT) * INTERVAL '1 millisecond'"
/* nobody has it, or an earlier process on this state folder */
#define CLAIM_FREE                                                                                 \
	"(lease_until < clock_timestamp() OR holder = ?3 OR left(holder, length(?4)) = ?4)"

/* ?1 file or feed, ?2 lease, ?3 me, ?4 place, ?5 node; origin: the node that alone has the bytes of
 * a file that is open */
#define SQL_CLAIM                                                                                  \
	"UPDATE file SET crashes = CASE WHEN holder IS NULL OR holder = ?3 OR closed_ms <> 0"      \
	" THEN crashes ELSE crashes + 1 END, holder = ?3, epoch = epoch + 1,"                      \
	" lease_until = " CLAIM_LEASE " WHERE id = ?1 AND " CLAIM_FREE                             \
	" AND (origin IS NULL OR origin = ?5 OR closed_ms <> 0) RETURNING epoch, crashes, state"
#define SQL_CLAIM_HOLDER "SELECT holder, origin FROM file WHERE id = ?1"
#define SQL_RELEASE                                                                                \
	"UPDATE file SET holder = NULL, lease_until = 'epoch'"                                     \
	" WHERE id = ?1 AND holder = ?2 AND epoch = ?3"
#define SQL_RENEW                                                                                  \
	"UPDATE file SET lease_until = clock_timestamp() + CAST($1 AS BIGINT)"                     \
	" * INTERVAL '1 millisecond' WHERE holder = $2 RETURNING id, epoch"
#define SQL_FENCE_FILE "SELECT id, epoch, holder FROM file WHERE id = ?1 FOR SHARE"
#define SQL_FENCE_DOCUMENT                                                                         \
	"SELECT f.id, f.epoch, f.holder FROM document d JOIN file f ON f.id = d.file_id"           \
	" WHERE d.id = ?1 FOR SHARE OF f"
#define SQL_FILE_OF_DOCUMENT "SELECT file_id FROM document WHERE id = ?1"
#define SQL_ORIGIN           "UPDATE file SET origin = ?2 WHERE id = ?1"
#define SQL_PROGRESS         "UPDATE file SET crashes = 0 WHERE id = ?1 AND crashes > 0"

#define SQL_SCAN_CLAIM                                                                             \
	"INSERT INTO feed_scan(feed, holder, epoch, lease_until) VALUES(?1, ?3, 1, " CLAIM_LEASE   \
	") ON CONFLICT(feed) DO UPDATE SET holder = excluded.holder,"                              \
	" epoch = feed_scan.epoch + 1, lease_until = excluded.lease_until"                         \
	" WHERE feed_scan.lease_until < clock_timestamp() OR feed_scan.holder = ?3"                \
	" OR left(feed_scan.holder, length(?4)) = ?4"
#define SQL_SCAN_STATE                                                                             \
	"SELECT holder IS NOT NULL, lease_until > clock_timestamp() FROM feed_scan WHERE feed = "  \
	"?1"
#define SQL_SCAN_RELEASE                                                                           \
	"UPDATE feed_scan SET holder = NULL, lease_until = 'epoch' WHERE feed = ?1 AND holder = "  \
	"?2"
#define SQL_SCAN_RENEW                                                                             \
	"UPDATE feed_scan SET lease_until = clock_timestamp() + CAST($1 AS BIGINT)"                \
	" * INTERVAL '1 millisecond' WHERE holder = $2 RETURNING 1"

#define SQL_NODE                                                                                   \
	"INSERT INTO node(name, boot, seen, version, batch_format, config)"                        \
	" VALUES(?1, ?2, clock_timestamp(), ?3, ?4, ?5) ON CONFLICT(name) DO UPDATE SET"           \
	" boot = excluded.boot, seen = excluded.seen, version = excluded.version,"                 \
	" batch_format = excluded.batch_format, config = excluded.config"
#define SQL_NODES_ELSE "SELECT 1 FROM node WHERE name <> ?1 LIMIT 1"
#define SQL_NODE_SEEN  "UPDATE node SET seen = clock_timestamp() WHERE name = $1 AND boot = $2"
#define SQL_NODES                                                                                  \
	"SELECT n.name, n.version, n.batch_format, n.config,"                                      \
	" CAST(extract(epoch FROM clock_timestamp() - n.seen) * 1000 AS BIGINT),"                  \
	" (SELECT count(*) FROM file f WHERE f.closed_ms = 0"                                      \
	"  AND f.lease_until > clock_timestamp() AND split_part(f.holder, '/', 1) = n.name)"       \
	" FROM node n WHERE n.seen > clock_timestamp() - INTERVAL '1 day' ORDER BY n.name"

/* A document that is under way, and was begun under a layout that is neither of the two. */
#define FOREIGN(two) "d.taken AND d.closed_ms = 0 AND d.batch_format NOT IN (" two ")"
/* Names are in the order of strcmp, as in the queue of a run: in that of a language, which the
 * database may have, each would wait for the other. */

/* Files that this process may claim; ?2 me, ?3 place, ?4 node, ?5 and ?6 the layouts of batches
 * that it knows, ?7 how many; in the order in which they came to rest, those that keep failing
 * last. */
#define SQL_CANDIDATES                                                                             \
	"SELECT " SQL_FILE_COLUMNS " FROM file WHERE feed = ?1 AND closed_ms = 0"                  \
	" AND (lease_until < clock_timestamp() OR holder = ?2 OR left(holder, length(?3)) = ?3)"   \
	" AND (origin IS NULL OR origin = ?4) AND NOT EXISTS(SELECT 1 FROM document d"             \
	"  WHERE d.file_id = file.id AND " FOREIGN(                                                \
	    "?5, ?6") ")"                                                                          \
		      " ORDER BY idle >= 2, mtime, name COLLATE \"C\" LIMIT ?7"
#define CANDIDATES_AT_ONCE 256 /* a feed may have a million, and other hosts take some meanwhile */
/* Earlier files of the feed that are not closed: another host has them, or went down with them not
 * long ago, or nobody has claimed them yet, or this process has. One of a layout that this process
 * does not know, ?3 and ?4, and that nobody works on, counts while a host is about that began it,
 * or can go on with it; one whose bytes a single host has, while that is about. */
#define SQL_WAITS                                                                                  \
	"SELECT o.id, o.name, o.holder = ?2 FROM file o JOIN file f ON f.id = ?1"                  \
	" WHERE o.feed = f.feed"                                                                   \
	" AND o.closed_ms = 0 AND o.idle < 2 AND coalesce(o.source, '') <> 'local'"                \
	" AND (o.mtime < f.mtime OR (o.mtime = f.mtime AND o.name COLLATE \"C\" < f.name))"        \
	" AND (o.holder IS NULL OR o.lease_until > clock_timestamp() - INTERVAL '10 minutes')"     \
	" AND (o.lease_until > clock_timestamp() OR o.origin IS NULL OR EXISTS(SELECT 1"           \
	"  FROM node n WHERE n.name = o.origin"                                                    \
	"  AND n.seen > clock_timestamp() - INTERVAL '10 minutes'))"                               \
	" AND (o.lease_until > clock_timestamp()"                                                  \
	"  OR NOT EXISTS(SELECT 1 FROM document d WHERE d.file_id = o.id AND " FOREIGN(            \
	    "?3, ?4") "   AND NOT EXISTS(SELECT 1 FROM node n WHERE n.batch_format = "             \
		      "d.batch_format"                                                             \
		      "    AND n.seen > clock_timestamp() - INTERVAL '10 minutes')))"              \
		      " ORDER BY o.mtime, o.name COLLATE \"C\" LIMIT 1000"

/* Files that were begun under another batch_format than ?2 and ?3, and that nobody has, unless this
 * place, ?4, was killed with them. */
#define SQL_FOREIGN                                                                                \
	"SELECT o.name, d.version, d.batch_format FROM file o JOIN document d ON d.file_id = o.id" \
	" WHERE o.feed = ?1 AND o.closed_ms = 0 AND " FOREIGN(                                     \
	    "?2, ?3") " AND (o.lease_until < clock_timestamp() OR left(o.holder, length(?4)) = "   \
		      "?4)"                                                                        \
		      " ORDER BY o.mtime, o.name COLLATE \"C\""

/* What was listed of this file in another size or time is gone, unless another one is at it;
 * ?9 me, ?10 place. */
#define SQL_LIST                                                                                   \
	"WITH older AS (DELETE FROM file WHERE feed = ?1 AND name = ?2 AND source = ?5"            \
	" AND state = ?7 AND NOT (size = ?3 AND mtime = ?4) AND (lease_until < clock_timestamp()"  \
	"  OR (holder <> ?9 AND left(holder, length(?10)) = ?10)))"                                \
	" INSERT INTO file(feed, name, size, mtime, source, sha256, event_type, state, pulled_ms)" \
	" VALUES(?1, ?2, ?3, ?4, ?5, '', ?6, ?7, ?8) ON CONFLICT DO NOTHING"
#define SQL_UNLIST "DELETE FROM file WHERE id = ?1 AND state = ?2"
#define SQL_PULLED                                                                                 \
	"UPDATE file SET mtime = ?2, sha256 = ?3, event_type = ?4, place = ?5, state = ?6"         \
	" WHERE id = ?1 AND state = ?7"
/* so that two hosts do not draw the same number for the same bytes */
#define SQL_COPY_LOCK                                                                              \
	"SELECT o.id FROM file o JOIN file f ON f.id = ?1 WHERE o.feed = f.feed"                   \
	" AND o.sha256 = f.sha256 ORDER BY o.id FOR UPDATE OF o"

/* Prepares and binds a statement that is not kept; to be finalized. */
enum df_status ledger_once(struct ledger *l, const char *sql, struct ledger_stmt **out,
			   struct df_err *err, const char *format, ...) DF_CHECK;
/* Runs one that yields no row, with the lock. */
enum df_status ledger_once_run(struct ledger *l, const char *sql, struct df_err *err,
			       const char *format, ...) DF_CHECK;

int64_t ledger_boot_ms(void); /* CLOCK_BOOTTIME */

/* In the transaction that has entered the file. local: only this node has its bytes. */
enum df_status ledger_claim_new(struct ledger *l, int64_t file, bool local,
				struct df_err *err) DF_CHECK;
/* In a fenced transaction in which a document got on: its file is not the one that brings hosts
 * down. */
enum df_status ledger_claim_progress(struct ledger *l, struct df_err *err) DF_CHECK;

/* In a transaction: the bytes of reject files are removed; with SQLite there are none. */
enum df_status ledger_reject_files_prune(struct ledger *l, int64_t file,
					 struct df_err *err) DF_CHECK;

/* What this process knows of a file's claim. False: nothing. */
bool ledger_claim_look(struct ledger_claims *c, int64_t file, struct claim *out);
/* False: nothing is known of it, without asking the ledger. */
bool ledger_claim_of_document(struct ledger *l, int64_t document, struct claim *out);

/* Settles all of the steps, in one statement, where nothing prevents it. DF_END: nothing was
 * changed, it has to be done step by step. */
enum df_status ledger_settle_at_once(struct ledger *l, int64_t id,
				     const struct ledger_settled *steps, size_t n,
				     struct df_err *err) DF_CHECK;

/* Whether all of the steps were settled, by a transaction whose answer was lost. DF_END: no. */
enum df_status ledger_settle_seen(struct ledger *l, int64_t id, const struct ledger_settled *steps,
				  size_t n, struct df_err *err) DF_CHECK;

/* The ledger's `ensure` and `fence`. */
enum df_status ledger_claim_ensure(struct ledger *l, enum ledger_of of, int64_t id,
				   struct df_err *err) DF_CHECK;
enum df_status ledger_claim_fence(struct ledger *l, enum ledger_of of, int64_t id,
				  struct df_err *err) DF_CHECK;

#endif
