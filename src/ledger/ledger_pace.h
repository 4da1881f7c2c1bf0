/* SPDX-License-Identifier: MIT */
/*
 * ledger_pace.h - one limit of an API key, several hosts
 *
 * Each host that has something to send at a key has a row in `pace`: what it wants, what it sent
 * in the last second, and the part of the limit that is granted to it. It looks at the rows of all
 * hosts, computes its fair part, and takes it as far as the others have left it: a host that has
 * more than its part hands the difference back at its next look, and only then it is granted to
 * somebody else. So the parts never add up to more than one. What makes that sure is the key's
 * number in `pace_key`, which each change of a grant moves by compare-and-set: whoever looked
 * before another one's change looks again.
 *
 * Part of the limit that a host does not want is the others'. One that has nothing to send any
 * more hands all of it back, a moment later. One that has a file whose turn has not come yet has a
 * row already, so that it is not a newcomer, which waits a period, when it takes over.
 *
 * A host that has something to send looks every PACE_LOOK_MS while others are about, so that what
 * one hands back is soon used; its row is written when something of it changes, else every
 * PACE_EVERY_MS.
 *
 * A grant is for a time that the row states, and each writing renews it: for a second, or longer
 * where the database takes its time (pace_lasts). A host that does not write any more has stopped
 * by then: it uses its part for three quarters of that time after the look that counts, by a clock
 * that goes on while a machine is suspended; the difference is for clocks that drift apart. So what
 * a host had that was killed is soon the others'. One that was not heard of for PACE_LIVE_MS is
 * gone from the list: if it comes back it is a newcomer.
 */
#ifndef DROPFEED_LEDGER_PACE_H
#define DROPFEED_LEDGER_PACE_H

#include "ledger_priv.h"

#define LEDGER_PACE_KEYS  64
#define LEDGER_PACE_HOSTS 256

#define PACE_EVERY_MS   250  /* and the period that a newcomer waits */
#define PACE_LOOK_MS    50   /* others may hand something back, or want a part */
#define PACE_SOON_MS    15   /* they have to hand back what is this host's */
#define PACE_IDLE_MS    1500 /* nobody asks for the key any more: this host leaves it */
#define PACE_LIVE_MS    5000
#define PACE_LASTS_MS   1000 /* a grant, where the database answers at once ... */
#define PACE_MOST_MS    4000 /* ... and at most */
#define PACE_SLIDES_MS  1000 /* what was sent then still counts at the API */
#define PACE_NEWS       0.02 /* of the limit: another wish is published at once */
#define PACE_MILLIONTHS 1e6  /* of the limit, in the database */

struct pace_host {
	double wants, granted; /* of the limit */
};

/* What is known of an API key that hosts share. */
struct pace_key {
	char key[DF_SHA256_HEX]; /* "": free */
	uint64_t sent;           /* by this process, in the last second */
	int64_t silence_ms;      /* that the API asked for, as of asked_ms */
	double wants;            /* of the limit */
	int64_t asked_ms;        /* CLOCK_BOOTTIME, as are all of these */
	/* from before the look that the row came of; 0: the ledger has no row of this host */
	int64_t looked_ms;
	int64_t next_ms;      /* when to look again */
	struct pace_host row; /* as it was published */
	int64_t put_ms;       /* when; 0: anew, whatever it says */
	int64_t silent_until; /* as the row says */
	int64_t seen_ms;      /* from before the last look, that `pace` is of */
	int64_t slow_ms;      /* how long looking and writing takes of late, at most */
	int64_t lasts_ms;     /* the grant that was published */
	bool published;       /* the thread knows whether it wants something */
	bool signalled;       /* the thread was asked to look at once */
	struct ledger_pace pace;
};

/* The fair part of the host v[0] among all n: what it wants at most, unless all get what they
 * want; then what is left over is shared by those that want something. */
double ledger_pace_fair(const struct pace_host *v, size_t n);
/* As much of that as the others have left. */
double ledger_pace_grant(const struct pace_host *v, size_t n);
/* In how many milliseconds the host v[0] looks again. */
int64_t ledger_pace_looks_in(const struct pace_host *v, size_t n);

struct ledger_claims;
/* Looks at the keys that are due, or at those that somebody waits for. Returns when the next one
 * is due (CLOCK_BOOTTIME). In the thread that renews. */
int64_t ledger_pace_turn(struct ledger_claims *c);

/* What the row p has is still granted. */
#define PACE_HEARD "p.at + p.lasts * INTERVAL '1 millisecond' > clock_timestamp()"
/* $1 key, $2 me */
#define SQL_PACE_LOOK                                                                              \
	"SELECT k.version, p.node = $2, CASE WHEN " PACE_HEARD " THEN p.wants ELSE 0 END,"         \
	" CASE WHEN " PACE_HEARD " THEN p.granted ELSE 0 END,"                                     \
	" CAST(CASE WHEN p.granted > 0 AND " PACE_HEARD " THEN p.sent ELSE p.sent * greatest(0,"   \
	"  1 - extract(epoch FROM clock_timestamp() - p.at)) END AS BIGINT),"                      \
	" CAST(extract(epoch FROM p.silence - clock_timestamp()) * 1000 AS BIGINT),"               \
	" CAST(extract(epoch FROM clock_timestamp() - p.since) * 1000 AS BIGINT)"                  \
	" FROM pace_key k LEFT JOIN pace p ON p.key = k.key AND p.until > clock_timestamp()"       \
	" WHERE k.key = $1 LIMIT 256"
#define PACE_AFTER(ms) "clock_timestamp() + CAST(" ms " AS BIGINT) * INTERVAL '1 millisecond'"
/* $1 key, $2 me, $3 the number that was seen, $4 wants, $5 granted, $6 sent, $7 silence that the
 * API asked for, $8 how long the row counts, $9 how long the grant; no row is changed when the
 * number is another one */
#define SQL_PACE_PUT                                                                               \
	"WITH turn AS (INSERT INTO pace_key(key, version) VALUES($1, 1) ON CONFLICT(key)"          \
	" DO UPDATE SET version = pace_key.version + 1 WHERE pace_key.version = $3 RETURNING 1)"   \
	" INSERT INTO pace(key, node, at, until, since, sent, silence, wants, granted, lasts)"     \
	" SELECT $1, $2, clock_timestamp(), " PACE_AFTER(                                          \
	    "$8") ", clock_timestamp(), $6, " PACE_AFTER("$7") ", $4, $5, $9 FROM turn ON "        \
							       "CONFLICT(key, node) DO UPDATE SET" \
							       " at = excluded.at, sent = "        \
							       "excluded.sent, silence = "         \
							       "excluded.silence,"                 \
							       " wants = excluded.wants, granted " \
							       "= excluded.granted, lasts = "      \
							       "excluded.lasts,"                   \
							       " until = excluded.until, since = " \
							       "CASE WHEN pace.until < "           \
							       "clock_timestamp()"                 \
							       " THEN excluded.since ELSE "        \
							       "pace.since END"
/* What is given back needs no number. ?1 me */
#define SQL_PACE_LEAVE                                                                             \
	"UPDATE pace SET wants = 0, granted = 0, until = " PACE_AFTER("1000") " WHERE node = ?1"
/* The same for earlier processes on this state folder, whose lock this one has. ?1 place, ?2 me */
#define SQL_PACE_INHERIT                                                                           \
	"UPDATE pace SET wants = 0, granted = 0, until = " PACE_AFTER(                             \
	    "1000") " WHERE left(node, length(?1)) = ?1 AND node <> ?2 AND until > "               \
		    "clock_timestamp()"
#define SQL_PACE_FORGET "DELETE FROM pace WHERE until < clock_timestamp() - INTERVAL '1 day'"

#endif
