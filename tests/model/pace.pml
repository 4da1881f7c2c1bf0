/* SPDX-License-Identifier: MIT */
/*
 * pace.pml - hosts that share one API key: its limit is divided, and no more than it is used
 *
 * Two hosts, of which each looks at the rows of both, takes its fair part as far as the other one
 * has left it, and publishes that; see ledger_pace.h. tests/run-model lets spin look at each
 * interleaving of them, with each combination of up to FAULTS of these, at each instant:
 *
 *	a host crashes, and what it was about to publish arrives all the same, or not; a successor
 *	on the same state folder may begin
 *	a host is paused, past the end of its grant or not, and goes on where it was
 *	what a host published is there, and it does not hear of it
 *
 * The hosts' clocks run a quarter too slow; one that is too fast only stops earlier. A host that is asleep sends nothing:
 * one that falls asleep between its look at the clock and a request sends one request too many,
 * which this leaves out.
 *
 * What must hold:
 *	limit		hosts together never use more than the limit
 *	grants		nor are the grants that the ledger has
 *	progress	the limit is all a host's that wants it when the other one is gone (ltl)
 *
 * Each rule can be left out (-DNO_COMPARE, NO_LOWER, NO_LEFT, NO_STALE, NO_MARGIN, NO_END), and
 * then one of these must fail.
 */
#ifndef FAULTS
#define FAULTS 2
#endif
#define HOSTS 2
#define LIMIT 2 /* all of it, or half */
#define GRANT 4 /* ticks of the database's clock */
#ifdef NO_MARGIN
#define STALE 16 /* quarters of a tick by a host's own clock: as long as the grant */
#else
#define STALE 12 /* three quarters of it */
#endif

/* ---- the ledger: a row of each host, and the key's number ---- */
byte granted[HOSTS];
bool wants[HOSTS];
byte left[HOSTS];	/* ticks until the grant ends */
bool current[HOSTS];	/* the key's number is the one that the host has seen */

/* ---- the hosts ---- */
mtype = { IDLE, LOOKED, UNHEARD };
mtype step[HOSTS] = IDLE;
byte takes[HOSTS];	/* what it is about to publish, or has */
bool hungry[HOSTS];	/* it has something to send */
bool asked[HOSTS];	/* as hungry was when it looked */
byte share[HOSTS];	/* what it uses */
byte since[HOSTS];	/* ticks since the look that counts began */
byte looked[HOSTS];	/* ticks since the one under way began */
bool paused[HOSTS];
bool dead[HOSTS];

byte faults = FAULTS;
#define OLD 6 /* ticks after which no clock takes a grant for valid */

#define RUNS(h) (!paused[h] && !dead[h])
#ifdef NO_STALE
#define VALID(h) true
#else
#define RATE 3 /* quarters that a host's clock shows in a tick */
#define VALID(h) (since[h] * RATE < STALE)
#endif
#define USES(h) (RUNS(h) && VALID(h) -> share[h] : 0)

#ifdef NO_END
#define HAS(h) granted[h]
#define ASKS(h) wants[h]
#else
#define HAS(h) (left[h] > 0 -> granted[h] : 0)
#define ASKS(h) (left[h] > 0 && wants[h])
#endif

#define OTHER(h) (1 - (h))

inline check()
{
	assert(USES(0) + USES(1) <= LIMIT);	/* limit */
	assert(HAS(0) + HAS(1) <= LIMIT)	/* grants */
}

#define LEAST(a, b) ((a) < (b) -> (a) : (b))

/* One statement reads the rows; what is handed back is not used from then on. */
inline look(h)
{
	looked[h] = 0;
	asked[h] = hungry[h];
	current[h] = true;
	if
	:: !hungry[h] -> takes[h] = 0
	:: else ->
		takes[h] = LIMIT / (1 + ASKS(OTHER(h)));
#ifndef NO_LEFT
		takes[h] = LEAST(takes[h], LIMIT - HAS(OTHER(h)))
#endif
	fi;
#ifndef NO_LOWER
	share[h] = LEAST(share[h], takes[h]);
#endif
	step[h] = LOOKED
}

/* What does not matter any more is the same in all states, which are fewer so. */
inline rest(h)
{
	step[h] = IDLE;
	takes[h] = 0;
	looked[h] = 0;
	asked[h] = false;
	current[h] = false
}

#ifdef NO_COMPARE
#define UNCHANGED(h) true
#else
#define UNCHANGED(h) current[h]
#endif

/* One statement compares the key's number, moves it, and changes the row. */
inline publish(h)
{
	if
	:: UNCHANGED(h) ->
		current[0] = false;
		current[1] = false;
		granted[h] = takes[h];
		wants[h] = asked[h];
		left[h] = GRANT;
		if
		:: dead[h] -> rest(h)
		:: else -> step[h] = UNHEARD
		fi
	:: else -> rest(h)	/* it looks anew */
	fi;
	check()
}

inline heard(h)
{
	share[h] = takes[h];
	since[h] = looked[h];
	rest(h);
	check()
}

inline crash(h)
{
	dead[h] = true;
	share[h] = 0;
	since[h] = OLD;
	hungry[h] = false;
	if
	:: step[h] == UNHEARD -> rest(h)
	:: else
	fi
}

/* What earlier processes on the state folder had is nobody's: its lock is this one's. */
inline succeed(h)
{
	dead[h] = false;
	hungry[h] = true;
	granted[h] = 0;
	wants[h] = false
}

proctype host(byte h)
{
end:
	do
	:: atomic { RUNS(h) && step[h] == IDLE -> look(h) }
	:: atomic { step[h] == LOOKED && (RUNS(h) || dead[h]) -> publish(h) }
	:: atomic { RUNS(h) && step[h] == UNHEARD -> heard(h) }
	:: atomic { RUNS(h) && step[h] == UNHEARD && faults > 0 -> faults--; rest(h) }
	:: atomic { RUNS(h) && faults > 0 -> faults--; crash(h) }
	:: atomic { dead[h] && step[h] == LOOKED -> rest(h) }	/* lost with it */
	:: atomic { RUNS(h) && faults > 0 -> faults--; paused[h] = true }
	od
}

/* They wake up, have successors, and have something to send or nothing any more. */
proctype world(byte h)
{
end:
	do
	:: atomic { paused[h] -> paused[h] = false; check() }
	:: atomic { dead[h] && step[h] == IDLE && faults > 0 -> faults--; succeed(h); check() }
	:: atomic { RUNS(h) && h != 0 && faults > 0 -> faults--; hungry[h] = !hungry[h] }
	od
}

inline tick(h)
{
	if
	:: left[h] > 1 -> left[h]--
	:: left[h] == 1 ->
		left[h] = 0;
#ifndef NO_END
		granted[h] = 0;
		wants[h] = false
#endif
	:: else
	fi;
	if
	:: since[h] < OLD -> since[h]++
	:: else
	fi;
#ifndef NO_STALE
	if
	:: !VALID(h) -> since[h] = OLD; share[h] = 0
	:: else
	fi;
#endif
	if
	:: step[h] != IDLE && looked[h] < OLD -> looked[h]++
	:: else
	fi
}

active proctype clock()
{
end:
	do
	:: atomic {
		tick(0);
		tick(1);
		check() }
	od
}

init
{
	atomic {
		hungry[0] = true;
		hungry[1] = true;
		since[0] = OLD;
		since[1] = OLD;
		run host(0);
		run host(1);
		run world(0);
		run world(1)
	}
}

#define ALONE (dead[1] && RUNS(0))
ltl progress { (<>[] ALONE) -> <>(granted[0] == LIMIT) }
