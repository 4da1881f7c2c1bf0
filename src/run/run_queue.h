/* SPDX-License-Identifier: MIT */
/*
 * run_queue.h - which file is worked on next
 *
 *	run_queue_add(q, f);
 *	while ((step = run_queue_choose(q, &f)) != RUN_NOTHING) {
 *		run_queue_begin(q, f, step);
 *		... the work ...
 *		run_queue_end(q, f, stage);
 *	}
 *
 * Each feed has a line of files in the order in which they came to rest at the source. They are
 * checked ahead of their turn, a few at a time, and sent one after another: a file is sent once
 * all that was to be sent of those before it is settled, or they no longer hold it up. To close one
 * is a step of its own: the next file is sent meanwhile. What no longer holds up: a file that is
 * left for the next run, one that made no progress in the last run and fails again, and one that
 * failed last time by its own fault, which is put at the end of the line. The fault is its own when
 * others got on at the same target after it had failed, or when it failed twice: an API that is
 * down does not reverse a feed's order.
 *
 * A target is an endpoint with a key. While it is unwell its files are parked, and one of them at a
 * time is tried, the one that was tried longest ago; once it is closed, its files are left. A
 * target that nothing is sent to may always begin a file, whatever `jobs` is: an API that takes its
 * time holds up no other one.
 *
 * No threads and no clock: run_pool.c has the lock and the workers.
 */
#ifndef DROPFEED_RUN_QUEUE_H
#define DROPFEED_RUN_QUEUE_H

#include "run_priv.h"

enum run_stage {
	RUN_QUEUED,   /* in the spool */
	RUN_CHECKING, /* a worker decodes and checks it */
	RUN_READY,    /* decoded and checked, waits for its turn */
	RUN_SENDING,  /* a worker sends it */
	RUN_SENT,     /* all of it is settled, and it has yet to be closed */
	RUN_CLOSING,  /* a worker closes it */
	RUN_PARKED,   /* its target is unwell; it is decoded anew when it is its turn again */
	RUN_LEAVING,  /* a worker takes its leave of it */
	RUN_LEFT,     /* the next run goes on with it */
	RUN_CLOSED,   /* done or refused */
};

/* in the order of their urgency */
enum run_step { RUN_NOTHING, RUN_CHECK_AHEAD, RUN_CHECK, RUN_CLOSE, RUN_SEND, RUN_LEAVE };

struct run_target {
	const char *endpoint, *api_key; /* borrowed */
	enum send_health health;
	int64_t probe_ms;     /* until the next try, while it is unwell */
	uint32_t sending;     /* files */
	uint64_t files;       /* that were added */
	uint64_t tried;       /* files that were sent, or tried */
	bool closed;          /* nothing more is sent there in this run */
	bool progressed;      /* some file got on */
	uint64_t progress_at; /* when one did last, in turns */
	int64_t unwell_from;  /* monotonic; 0: well */
	struct run_target *next;
};

struct run_line {
	const struct conf_feed *feed;
	struct run_target *target; /* NULL: a file sink */
	struct run_file *first;    /* own */
	size_t n;                  /* files that are neither closed nor left */
	uint64_t closed;           /* files that were closed */
	char *
	    frozen; /* own: the feed's settings as they are stored, or NULL; under the run's lock */
	uint32_t coming; /* files that are claimed, and not here yet */
	struct run_line *next;
};

struct run_queue {
	uint32_t jobs, busy, checking; /* busy: workers */
	uint64_t turn;
	bool shared; /* what waits here is claimed: of small files as few as of others */
	bool stop;   /* whatever is not under way is left */
	int64_t now; /* monotonic, of the current choice */
	struct run_line *lines, *last_line, *served;
	struct run_target *targets;
};

/* Takes f. */
void run_queue_add(struct run_queue *q, struct run_file *f);
/* made where there is none */
struct run_line *run_queue_line(struct run_queue *q, const struct conf_feed *feed);

/* What to do next, and with which file. Marks nothing. */
enum run_step run_queue_choose(const struct run_queue *q, struct run_file **out);
void run_queue_begin(struct run_queue *q, struct run_file *f, enum run_step step);
/* The work came to `stage`: READY, SENT, PARKED, LEFT or CLOSED. A closed file belongs to the
 * caller from then on. */
void run_queue_end(struct run_queue *q, struct run_file *f, enum run_stage stage);

/* Whether another file of the line may be brought: of those that later ones wait for and that
 * nobody works on, some for each job; or more where they are small and this process alone takes
 * files. */
bool run_queue_room(const struct run_queue *q, const struct run_line *line);
/* Whether a file of the line may be claimed, where hosts share the work: what is claimed here is
 * nobody else's, even if this host goes down with it. So there are two for each job that can be
 * worked on, in all lines together, and a target always gets one. ahead: an earlier file of the
 * feed is open; of such files one waits for each job. */
bool run_queue_may_claim(const struct run_queue *q, const struct run_line *line, bool ahead);
/* Whether the line's files, which are all there are of it here, come after this one. */
bool run_queue_waits_for(const struct run_line *line, const char *name, int64_t mtime);
/* Whether a file before it in its line holds it up. */
bool run_queue_held(const struct run_file *f);
/* What the ledger is to remember of a file that made no progress. */
enum run_blame {
	RUN_BLAME_NONE,
	/* the fault may be its own: should it fail once more, it holds up nobody */
	RUN_BLAME_MAYBE,
	/* others got on at the same target after it had failed: the next run takes it last */
	RUN_BLAME_SURE,
};
enum run_blame run_queue_blames(const struct run_queue *q, const struct run_file *f);

void run_queue_free(struct run_queue *q);

#endif
