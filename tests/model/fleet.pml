/* SPDX-License-Identifier: MIT */
/*
 * fleet.pml - hosts that share one ledger: claim, renewal, fence, lane and settlement
 *
 * One file of one document, two lanes, three batches, two hosts; an API that ignores an id that
 * it has; a database whose clock is the time. tests/run-model lets spin look at each
 * interleaving of them, with each combination of up to FAULTS of these, at each instant:
 *
 *	a host crashes, and what it has on the wire may arrive later, or never
 *	a host is paused, past its lease or not, and goes on where it was
 *	a request or its answer is lost
 *	a COMMIT happens, and the host does not hear of it
 *	a host's renewals do not get through until its lease is over
 *
 * The hosts' clocks run up to a quarter too slow or too fast all the time; the two may have
 * different settings, or programs of a different batch_format.
 *
 * What must hold:
 *	one id		a batch is never taken under two ids
 *	order		a lane's batches are taken in their order
 *	none lost	a file is closed when each of its batches was taken
 *	balance		each batch was counted once
 *	one holder	two hosts that run never both believe that they hold the file
 *	progress	the file is closed in the end (ltl progress)
 *
 * Each rule can be left out (-DNO_FENCE, NO_COMPARE, PIPELINE, NO_FORMAT, NO_MARGIN, NO_FIXED,
 * NO_LEASE), and then one of these must fail: a rule that can go without harm would not be one.
 */
#ifndef FAULTS
#define FAULTS 3
#endif

#define BATCHES 3	/* lane 0 has two of them, lane 1 has one */
#define COUNT(l) (2 - (l))
#define BATCH(l, p) ((l) * 2 + (p))

#define LEASE 4		/* ticks of the database's clock */
#define RENEW 4		/* quarters of a tick by a host's own clock: a quarter of the lease */
#ifdef NO_MARGIN
#define STOP 16		/* a holder stops at the end of its lease */
#else
#define STOP 12		/* ... at three quarters of it */
#endif

/* ---- the ledger ---- */
bool current[2];	/* the epoch of the host's claim is the file's: nobody claimed since */
byte lease_left;	/* ticks; 0: anybody may claim */
bool fixed;		/* the layout of the ids is stored: a batch may have been taken */
byte layout;		/* 0; 1: of other settings; 2: of another batch_format */
byte done[2];		/* batches of each lane that are settled */
byte counted;		/* delivered, by the document's counts */
bool closed;
#define FORMAT(x) ((x) / 2)

/* ---- the API, and requests that nobody waits for and that may yet arrive ---- */
byte has[BATCHES];		/* 0, or 1 + the layout of the id under which it has the batch */
bool late[3 * BATCHES];		/* by layout and batch; twice is once: the API ignores the second */

/* ---- the hosts ---- */
mtype = { READY, WIRE, ANSWERED };
bool holds[2];			/* it believes so */
bool paused[2];
bool cut[2];			/* its renewals do not get through */
byte rate[2];			/* quarters that its clock shows in a tick */
byte ticks[2];			/* since its lease began */
byte today[2];			/* the layout that its own settings and program give */
bool found[2];			/* fixed, as it was read by the claim */
byte uses[2];			/* the layout of the ids that it sends */
bool begun[2];			/* the layout is stored, so it may send */
mtype lane[4] = READY;
byte at[4];			/* the position that the lane is at */
#define L(h, l) ((h) * 2 + (l))
#define ELAPSED(h) (ticks[h] * rate[h])

byte faults = FAULTS;

inline api_takes(x, l, p)
{
	if
	:: has[BATCH(l, p)] == 0 ->
		assert(p == 0 || has[BATCH(l, 0)] != 0);	/* order */
		has[BATCH(l, p)] = x + 1
	:: else ->
		assert(has[BATCH(l, p)] == x + 1)		/* one id */
	fi
}

/* Nobody waits for the request any more. One that the API has already does nothing later. */
inline orphan(h, l)
{
	if
	:: has[BATCH(l, at[L(h, l)])] != uses[h] + 1 ->
		late[uses[h] * BATCHES + BATCH(l, at[L(h, l)])] = true
	:: else
	fi
}

inline drop(h, l)
{
	if
	:: lane[L(h, l)] == WIRE -> orphan(h, l)
	:: else
	fi;
	lane[L(h, l)] = READY;
	at[L(h, l)] = 0
}

inline let_go(h)
{
	drop(h, 0);
	drop(h, 1);
	holds[h] = false;
	cut[h] = false;
	ticks[h] = 0;
	rate[h] = 0;
	current[h] = false;
	found[h] = false;
	uses[h] = 0;
	begun[h] = false
}

#ifdef NO_FENCE
#define FENCE(h) true
#else
#define FENCE(h) current[h]
#endif

#ifdef NO_FORMAT
#define MAY_CLAIM(h) true
#else
#define MAY_CLAIM(h) (!fixed || FORMAT(layout) == FORMAT(today[h]))
#endif

inline claim(h)
{
	/* one holder */
	assert(!holds[1 - h] || paused[1 - h] || ELAPSED(1 - h) >= STOP);
	current[h] = true;
	current[1 - h] = false;
	lease_left = LEASE;
	holds[h] = true;
	if
	:: rate[h] = 3
	:: rate[h] = 5
	fi;
	found[h] = fixed;
	if
	:: fixed && FORMAT(layout) == FORMAT(today[h]) -> uses[h] = layout
	:: else -> uses[h] = today[h]
	fi;
	at[L(h, 0)] = done[0];
	at[L(h, 1)] = done[1]
}

/*
 * Before the first request the layout is stored, unless the claim found one. Between the claim
 * and this the whole file is read and checked; what the claim read is still so, because of the
 * fence.
 */
inline begin(h)
{
	if
	:: !FENCE(h) -> let_go(h)
	:: else ->
#ifndef NO_FIXED
		if
		:: !found[h] -> fixed = true; layout = uses[h]
		:: else
		fi;
#endif
		begun[h] = true
	fi
}

/* One transaction: the fence, the lane's progress by compare-and-set, the counts. */
#ifdef NO_COMPARE
#define AS_READ(h, l) true
#else
#define AS_READ(h, l) (done[l] == at[L(h, l)])
#endif

inline settle(h, l)
{
	if
	:: !FENCE(h) -> let_go(h)
	:: FENCE(h) && AS_READ(h, l) ->
		done[l] = done[l] + 1;
		counted++;
		if
		:: at[L(h, l)] = at[L(h, l)] + 1; lane[L(h, l)] = READY
		:: faults > 0 -> faults--	/* not heard of: it will try again */
		fi
	:: FENCE(h) && !AS_READ(h, l) ->
		/* its own earlier COMMIT, for nobody else holds the file */
		at[L(h, l)] = done[l];
		lane[L(h, l)] = READY
	fi
}

#define RUNS(h) (!closed && !paused[h])
#define WORKS(h) (RUNS(h) && begun[h])

#define LANE(h, l) \
	:: atomic { WORKS(h) && lane[L(h, l)] == READY && at[L(h, l)] < COUNT(l) -> lane[L(h, l)] = WIRE } \
	:: atomic { WORKS(h) && lane[L(h, l)] == ANSWERED -> settle(h, l) } \
	:: atomic { WORKS(h) && lane[L(h, l)] == WIRE && faults > 0 -> \
		faults--; orphan(h, l); lane[L(h, l)] = READY }

proctype host(byte h)
{
end:
	do
	:: atomic { RUNS(h) && !holds[h] && lease_left == 0 && MAY_CLAIM(h) -> claim(h) }
	:: atomic { RUNS(h) && holds[h] && !begun[h] -> begin(h) }
	LANE(h, 0)
	LANE(h, 1)
#ifdef PIPELINE
	:: atomic { WORKS(h) && lane[L(h, 0)] == WIRE && at[L(h, 0)] == 0 ->
		orphan(h, 0); at[L(h, 0)] = 1 }
#endif
	:: atomic { WORKS(h) && at[L(h, 0)] >= COUNT(0) && at[L(h, 1)] >= COUNT(1) ->
		if
		:: !FENCE(h) -> let_go(h)
		:: else ->
			assert(has[0] && has[1] && has[2]);	/* none lost */
			assert(counted == BATCHES);		/* balance */
			closed = true;
			let_go(0);
			let_go(1);
			lease_left = 0;
			faults = 0
		fi }
	:: atomic { RUNS(h) && holds[h] && faults > 0 -> faults--; let_go(h) }	/* crash */
	od
}

/* The host's connection that renews the lease, and its clock. */
proctype keeper(byte h)
{
end:
	do
	:: atomic { RUNS(h) && holds[h] && ELAPSED(h) >= STOP -> let_go(h) }
	:: atomic { RUNS(h) && holds[h] && !cut[h] && ELAPSED(h) >= RENEW && ELAPSED(h) < STOP ->
		if
		:: current[h] -> lease_left = LEASE; ticks[h] = 0
		:: else -> let_go(h)
		fi }
	:: atomic { RUNS(h) && holds[h] && !cut[h] && faults > 0 -> faults--; cut[h] = true }
	od
}

#define DELIVER(h, l) \
	:: atomic { !closed && lane[L(h, l)] == WIRE -> \
		api_takes(uses[h], l, at[L(h, l)]); \
		if \
		:: lane[L(h, l)] = ANSWERED \
		:: faults > 0 -> faults--; lane[L(h, l)] = READY \
		fi }

active proctype network()
{
end:
	do
	DELIVER(0, 0)
	DELIVER(0, 1)
	DELIVER(1, 0)
	DELIVER(1, 1)
	od
}

#define ARRIVE(x, l, p) \
	:: atomic { !closed && late[x * BATCHES + BATCH(l, p)] -> \
		late[x * BATCHES + BATCH(l, p)] = false; api_takes(x, l, p) }

active proctype latecomers()
{
end:
	do
	ARRIVE(0, 0, 0)
	ARRIVE(0, 0, 1)
	ARRIVE(0, 1, 0)
	ARRIVE(1, 0, 0)
	ARRIVE(1, 0, 1)
	ARRIVE(1, 1, 0)
	ARRIVE(2, 0, 0)
	ARRIVE(2, 0, 1)
	ARRIVE(2, 1, 0)
	od
}

/* A host that runs renews in time and stops in time: time waits for it. */
#define IN_TIME(h) (paused[h] || !holds[h] || ELAPSED(h) < RENEW || (cut[h] && ELAPSED(h) < STOP))

inline tick(h)
{
	if
	:: holds[h] && ELAPSED(h) < STOP -> ticks[h] = ticks[h] + 1
	:: else
	fi
}

active proctype clock()
{
end:
	do
	:: atomic { !closed && lease_left > 0 && IN_TIME(0) && IN_TIME(1) ->
#ifndef NO_LEASE
		lease_left--;
#endif
		tick(0);
		tick(1) }
	od
}

active proctype pauses()
{
end:
	do
	:: atomic { RUNS(0) && holds[0] && faults > 0 -> faults--; paused[0] = true }
	:: atomic { RUNS(1) && holds[1] && faults > 0 -> faults--; paused[1] = true }
	od
}

active proctype wakes()
{
end:
	do
	:: atomic { !closed && paused[0] -> paused[0] = false }
	:: atomic { !closed && paused[1] -> paused[1] = false }
	od
}

init
{
	atomic {
		if
		:: today[1] = 0
		:: today[1] = 1		/* another configuration */
		:: today[1] = 2		/* another program */
		fi;
		run host(0);
		run host(1);
		run keeper(0);
		run keeper(1)
	}
}

ltl progress { <> closed }
