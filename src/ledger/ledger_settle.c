/* SPDX-License-Identifier: MIT */
/*
 * A settlement in one statement, and so in one round trip to PostgreSQL: the fence, the lanes'
 * compare-and-set and the count of rows, all or nothing. A host settles one request after another,
 * and a database is milliseconds away, so that the round trips decide how fast a host may send.
 *
 * What is not that simple (rejects, a claim that may be lost, a lane that is elsewhere) changes
 * nothing here, and takes the way of ledger_document.c, which says what is wrong.
 */
#include "ledger_claim.h"

#include "dropfeed/step.h"

#include <inttypes.h>

enum { STEPS_MAX = 64 };

/* ?1 document, ?2 epoch, ?3 rows. The fence keeps all others from the lanes, but not an earlier
 * statement of this process, whose connection was lost and which still runs: `good` may have been
 * looked up before that one is through. So rows are counted where the lanes were moved here. */
#define SETTLE_STEPS "WITH step(lane, done, was) AS (VALUES "
#define SETTLE                                                                                     \
	"), mine AS (SELECT f.id FROM document d JOIN file f ON f.id = d.file_id"                  \
	"  WHERE d.id = ?1 AND d.closed_ms = 0 AND f.epoch = ?2 FOR SHARE OF f),"                  \
	" good AS (SELECT id FROM mine WHERE NOT EXISTS(SELECT 1 FROM step s LEFT JOIN lane o"     \
	"  ON o.document_id = ?1 AND o.lane = s.lane"                                              \
	"  WHERE coalesce(o.done, 0) <> s.was OR s.done <= s.was)),"                               \
	" moved AS (INSERT INTO lane(document_id, lane, done) SELECT ?1, s.lane, s.done"           \
	"  FROM step s, good ON CONFLICT(document_id, lane) DO UPDATE SET done = excluded.done"    \
	"  WHERE lane.done = (SELECT was FROM step WHERE step.lane = excluded.lane) RETURNING 1)," \
	" counted AS (UPDATE document SET delivered = delivered + ?3 FROM good"                    \
	"  WHERE document.id = ?1 AND ?3 > 0"                                                      \
	"  AND (SELECT count(*) FROM moved) = (SELECT count(*) FROM step))"                        \
	" SELECT (SELECT count(*) FROM moved), 1 / CASE WHEN (SELECT count(*) FROM moved)"         \
	"  IN (0, (SELECT count(*) FROM step)) THEN 1 ELSE 0 END"

/* ?1 document, ?2 epoch. A row where this process has the file, and the lanes are as they are to
 * be: nobody else moves them. */
#define SETTLED                                                                                    \
	") SELECT f.id FROM document d JOIN file f ON f.id = d.file_id WHERE d.id = ?1"            \
	" AND f.epoch = ?2 AND NOT EXISTS(SELECT 1 FROM step s LEFT JOIN lane o"                   \
	"  ON o.document_id = ?1 AND o.lane = s.lane WHERE coalesce(o.done, 0) <> s.done)"

static bool is_simple(const struct ledger *l, const struct ledger_settled *steps, size_t n)
{
	if (n == 0 || n > STEPS_MAX || l->nested > 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (steps[i].n_rejects > 0 || steps[i].n_requests > 0)
			return false;
	return true;
}

static enum df_status settle(struct ledger *l, struct ledger_stmt *s, size_t n, struct df_err *err)
{
	enum df_status st = ledger_step(l, s, "note a lane's progress", err);
	if (st != DF_OK)
		return st;
	return ledger_int(s, 0) == (int64_t)n ? DF_OK : DF_END;
}

/* The steps' values, which are numbers of this process, are part of the text: its length is
 * bounded, as are they. */
static void settle_sql(const struct ledger_settled *steps, size_t n, const char *rest,
		       struct df_buf *sql)
{
	df_buf_adds(sql, SETTLE_STEPS);
	for (size_t i = 0; i < n; i++)
		df_buf_addf(sql,
			    "%s(CAST(%" PRIu32 " AS BIGINT), CAST(%" PRIu64
			    " AS BIGINT), CAST(%" PRIu64 " AS BIGINT))",
			    i > 0 ? ", " : "", steps[i].lane, steps[i].done, steps[i].was);
	df_buf_adds(sql, rest);
}

enum df_status ledger_settle_at_once(struct ledger *l, int64_t id,
				     const struct ledger_settled *steps, size_t n,
				     struct df_err *err)
{
	struct claim claim = {0};
	struct ledger_stmt *s = NULL;
	struct df_buf sql = {0};
	int64_t rows = 0;
	if (l->claims == NULL || !is_simple(l, steps, n) ||
	    !ledger_claim_of_document(l, id, &claim) || claim.state != CLAIM_HELD ||
	    !claim.progressed)
		return DF_END;
	for (size_t i = 0; i < n; i++)
		rows += (int64_t)steps[i].rows_delivered;
	settle_sql(steps, n, SETTLE, &sql);

	df_before("note a lane's progress");
	enum df_status st =
	    ledger_once(l, df_buf_cstr(&sql), &s, err, "iii", id, claim.epoch, rows);
	if (st != DF_OK)
		goto cleanup;
	st = settle(l, s, n, err);
cleanup:
	df_after("note a lane's progress");
	ledger_finalize(s);
	df_buf_free(&sql);
	return st;
}

enum df_status ledger_settle_seen(struct ledger *l, int64_t id, const struct ledger_settled *steps,
				  size_t n, struct df_err *err)
{
	struct claim claim = {0};
	struct ledger_stmt *s = NULL;
	struct df_buf sql = {0};
	if (n == 0 || n > STEPS_MAX || !ledger_claim_of_document(l, id, &claim) ||
	    claim.state != CLAIM_HELD)
		return DF_END;
	settle_sql(steps, n, SETTLED, &sql);
	enum df_status st = ledger_once(l, df_buf_cstr(&sql), &s, err, "ii", id, claim.epoch);
	if (st != DF_OK)
		goto cleanup;
	st = ledger_step(l, s, "read a lane's progress", err);
cleanup:
	ledger_finalize(s);
	df_buf_free(&sql);
	return st;
}
