/* SPDX-License-Identifier: MIT */
#include "run_queue.h"

#include <stdlib.h>

enum {
	/* runs without progress; then a file is put at the end of its line */
	IDLE_LAST = RUN_BLAME_SURE,
	FUTILE_MAX = 5,     /* attempts without progress while its target is well */
	CLAIM_PER_JOB = 2,  /* files that are claimed */
	WAIT_PER_JOB = 2,   /* files of a feed that wait in the spool ... */
	SMALL_PER_FILE = 8, /* ... or so many small ones for each */
};

/* ---- lines and targets ---- */

static struct run_target *target_get(struct run_queue *q, const struct conf_feed *feed)
{
	if (!conf_sink_answers(feed->send.sink) || feed->send.endpoint == NULL ||
	    feed->send.api_key == NULL)
		return NULL;

	for (struct run_target *t = q->targets; t != NULL; t = t->next)
		if (strcmp(t->endpoint, feed->send.endpoint) == 0 &&
		    strcmp(t->api_key, feed->send.api_key) == 0)
			return t;

	struct run_target *t = df_alloc(sizeof(*t));
	*t = (struct run_target){
	    .endpoint = feed->send.endpoint, .api_key = feed->send.api_key, .next = q->targets};
	return q->targets = t;
}

struct run_line *run_queue_line(struct run_queue *q, const struct conf_feed *feed)
{
	for (struct run_line *l = q->lines; l != NULL; l = l->next)
		if (l->feed == feed)
			return l;

	struct run_line *l = df_alloc(sizeof(*l));
	*l = (struct run_line){.feed = feed, .target = target_get(q, feed)};
	if (q->last_line != NULL)
		q->last_line->next = l;
	else
		q->lines = l;
	return q->last_line = l;
}

/* Imported files keep the order in which they were named. */
static bool comes_before(const struct run_file *a, const struct run_file *b)
{
	bool last_a = a->idle >= IDLE_LAST, last_b = b->idle >= IDLE_LAST;

	if (last_a != last_b)
		return last_b;
	if (a->local || b->local)
		return false;
	if (a->mtime != b->mtime)
		return a->mtime < b->mtime;
	return strcmp(a->name, b->name) < 0;
}

void run_queue_add(struct run_queue *q, struct run_file *f)
{
	struct run_line *line = run_queue_line(q, f->feed);
	struct run_file **at = &line->first;

	f->line = line;
	f->stage = RUN_QUEUED;
	f->passed = f->idle >= IDLE_LAST;
	while (*at != NULL && !comes_before(f, *at))
		at = &(*at)->next;
	f->next = *at;
	*at = f;

	line->n++;
	if (line->target != NULL)
		line->target->files++;
}

void run_queue_free(struct run_queue *q)
{
	for (struct run_line *l; (l = q->lines) != NULL; free(l)) {
		q->lines = l->next;
		free(l->frozen);
		for (struct run_file *f; (f = l->first) != NULL; run_file_free(f))
			l->first = f->next;
	}
	for (struct run_target *t; (t = q->targets) != NULL; free(t))
		q->targets = t->next;
}

/* ---- the choice ---- */

/* The same bytes came before it and are not through yet: whether it is a copy is known then. */
static bool waits_for_copy(const struct run_line *line, const struct run_file *f)
{
	if (line->feed->send.duplicates_import || f->stage != RUN_QUEUED)
		return false;
	for (const struct run_file *g = line->first; g != NULL; g = g->next)
		if (g != f && g->stage != RUN_LEFT && g->ledger_id < f->ledger_id &&
		    strcmp(g->sha256, f->sha256) == 0)
			return true;
	return false;
}

static bool is_sent(const struct run_file *f)
{
	return f->stage == RUN_SENT || f->stage == RUN_CLOSING;
}

static bool holds_up(const struct run_line *line, const struct run_file *f)
{
	if (f->passed || is_sent(f) || f->stage == RUN_LEAVING || f->stage == RUN_LEFT)
		return false;
	return !line->feed->fetch.order_none && !waits_for_copy(line, f);
}

bool run_queue_held(const struct run_file *f)
{
	bool held = false;
	for (const struct run_file *g = f->line->first; g != f; g = g->next)
		held = held || holds_up(f->line, g);
	return held;
}

static bool is_under_way(const struct run_file *f)
{
	return f->stage == RUN_CHECKING || f->stage == RUN_SENDING || f->stage == RUN_CLOSING;
}

struct place { /* what lies before a file in its line */
	bool held;
	size_t ahead;   /* files that are checked, or were, ahead of their turn */
	bool line_busy; /* somebody works on the line */
};

static enum run_step step_to_send(const struct run_queue *q, const struct run_line *line,
				  const struct run_file *f, const struct place *p)
{
	const struct run_target *t = line->target;

	if (p->held || f->held_until > q->now)
		return RUN_NOTHING;
	if (t != NULL && t->health == SEND_UNWELL && (t->probe_ms > 0 || t->sending > 0))
		return RUN_NOTHING;
	if (q->busy < q->jobs || (t != NULL && t->sending == 0))
		return RUN_SEND;
	return RUN_NOTHING;
}

static enum run_step step_to_check(const struct run_queue *q, const struct run_line *line,
				   const struct place *p)
{
	bool well = line->target == NULL || line->target->health == SEND_WELL;

	if (p->ahead >= q->jobs || (p->held && !well))
		return RUN_NOTHING;
	if (q->busy < q->jobs)
		return p->held ? RUN_CHECK_AHEAD : RUN_CHECK;
	/* all workers may be waiting for slow APIs */
	return !p->held && !p->line_busy && q->checking == 0 ? RUN_CHECK : RUN_NOTHING;
}

static enum run_step step_of(const struct run_queue *q, const struct run_line *line,
			     const struct run_file *f, const struct place *p)
{
	const struct run_target *t = line->target;

	if (f->stage == RUN_SENT) /* whatever has become of its target */
		return RUN_CLOSE;
	if (f->stage != RUN_QUEUED && f->stage != RUN_READY && f->stage != RUN_PARKED)
		return RUN_NOTHING;
	if (q->stop || (t != NULL && t->closed))
		return RUN_LEAVE;
	if (f->stage == RUN_PARKED && f->futile >= FUTILE_MAX &&
	    (t == NULL || t->health == SEND_WELL))
		return RUN_LEAVE;
	if (f->stage != RUN_QUEUED)
		return step_to_send(q, line, f, p);
	return step_to_check(q, line, p);
}

struct choice {
	enum run_step step;
	unsigned rank;
	struct run_file *file;
};

/* What failed already, and holds up nobody, comes after all that is fresh. */
static unsigned rank_of(enum run_step step, const struct run_file *f)
{
	if (step == RUN_SEND && f->stage == RUN_PARKED && f->passed)
		return 1;
	return step == RUN_NOTHING ? 0 : (unsigned)step + 1;
}

static void choose_in(const struct run_queue *q, const struct run_line *line, struct choice *best)
{
	struct place p = {0};

	for (const struct run_file *f = line->first; f != NULL; f = f->next)
		p.line_busy = p.line_busy || is_under_way(f);

	for (struct run_file *f = line->first; f != NULL; f = f->next) {
		enum run_step step = step_of(q, line, f, &p);
		unsigned rank = rank_of(step, f);

		bool better = rank > best->rank ||
			      (rank > 0 && rank == best->rank && f->turn < best->file->turn);

		/* that is asked last, as it looks at the whole line */
		if (better && (step == RUN_LEAVE || !waits_for_copy(line, f)))
			*best = (struct choice){step, rank, f};
		p.ahead += f->stage == RUN_CHECKING || f->stage == RUN_READY;
		p.held = p.held || holds_up(line, f);
	}
}

enum run_step run_queue_choose(const struct run_queue *q, struct run_file **out)
{
	struct choice best = {0};
	const struct run_line *from =
	    q->served != NULL && q->served->next != NULL ? q->served->next : q->lines;

	for (const struct run_line *l = from; l != NULL; l = l->next)
		choose_in(q, l, &best);
	for (const struct run_line *l = q->lines; l != from; l = l->next)
		choose_in(q, l, &best);
	*out = best.file;
	return best.step;
}

/* ---- under way ---- */

static void queue_warn_overtaken(struct run_line *line, const struct run_file *by)
{
	for (struct run_file *f = line->first; f != by && !line->feed->fetch.order_none;
	     f = f->next) {
		if (f->overtaken || is_sent(f) || waits_for_copy(line, f))
			continue;
		f->overtaken = true;
		df_log(DF_LOG_WARN,
		       "%s: %s is not finished and no longer holds up later files: %s is sent "
		       "before it, so that older "
		       "values may arrive after newer ones",
		       line->feed->name, f->name, by->name);
	}
}

void run_queue_begin(struct run_queue *q, struct run_file *f, enum run_step step)
{
	struct run_line *line = f->line;

	q->busy++;
	q->served = line;
	switch (step) {
	case RUN_SEND:
		queue_warn_overtaken(line, f);
		if (line->target != NULL) {
			line->target->sending++;
			line->target->tried += f->turn == 0;
		}
		f->turn = ++q->turn;
		f->stage = RUN_SENDING;
		break;
	case RUN_CLOSE:
		f->stage = RUN_CLOSING;
		break;
	case RUN_LEAVE:
		f->stage = RUN_LEAVING;
		break;
	default:
		q->checking++;
		f->stage = RUN_CHECKING;
	}
}

static void take_out(struct run_line *line, struct run_file *f)
{
	struct run_file **at = &line->first;

	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	f->next = NULL;
}

static void note_attempt(struct run_queue *q, struct run_target *t, struct run_file *f,
			 enum run_stage stage)
{
	bool got_on = stage == RUN_CLOSED || f->futile == 0;

	if (got_on)
		t->progress_at = ++q->turn;
	else if (f->failed_at == 0)
		f->failed_at = ++q->turn;
	t->progressed = t->progressed || f->progressed || stage == RUN_CLOSED;
}

void run_queue_end(struct run_queue *q, struct run_file *f, enum run_stage stage)
{
	struct run_line *line = f->line;
	struct run_target *t = line->target;

	q->busy--;
	q->checking -= f->stage == RUN_CHECKING;
	if (f->stage == RUN_SENDING && t != NULL)
		t->sending--;
	/* READY: it had to wait for another host, and was not tried */
	if (f->stage == RUN_SENDING && t != NULL && stage != RUN_READY) {
		note_attempt(q, t, f, stage);
		t->closed = t->closed || f->denied;
		t->unwell_from = f->futile == 0 ? 0 : t->unwell_from;
	}

	f->stage = stage;
	f->passed = f->passed || (stage == RUN_PARKED && f->idle > 0);
	if (stage == RUN_CLOSED || stage == RUN_LEFT)
		line->n--;
	if (stage == RUN_CLOSED) {
		line->closed++;
		take_out(line, f);
	}
}

bool run_queue_room(const struct run_queue *q, const struct run_line *line)
{
	size_t n = 0;

	for (const struct run_file *f = line->first; f != NULL; f = f->next) {
		if (f->passed ||
		    (f->stage != RUN_QUEUED && f->stage != RUN_READY && f->stage != RUN_PARKED))
			continue;
		bool small = f->size > 0 && f->size <= RUN_SMALL;
		n += small && !q->shared ? 1 : SMALL_PER_FILE;
	}
	return n < (size_t)q->jobs * WAIT_PER_JOB * SMALL_PER_FILE;
}

struct claimed {       /* files that this host has taken from the others */
	size_t active; /* it can work on them */
	size_t waits;  /* for a file of another host */
};

static void count_claimed(const struct run_line *line, struct claimed *c)
{
	c->active += line->coming;
	for (const struct run_file *f = line->first; f != NULL; f = f->next) {
		bool waiting = f->stage == RUN_QUEUED || f->stage == RUN_READY;
		if (f->passed || (!waiting && !is_under_way(f)))
			continue;
		c->waits += waiting && f->held_from != 0;
		c->active += !waiting || f->held_from == 0;
	}
}

bool run_queue_may_claim(const struct run_queue *q, const struct run_line *line, bool ahead)
{
	struct claimed all = {0}, target = {0};
	for (const struct run_line *l = q->lines; l != NULL; l = l->next) {
		count_claimed(l, &all);
		if (l == line || (l->target != NULL && l->target == line->target))
			count_claimed(l, &target);
	}
	size_t jobs = q->jobs, most = jobs > 1 ? jobs : 2;
	/* of a key's feeds some are left to others: what it has waits when this host is lost */
	bool any =
	    (all.active < jobs * CLAIM_PER_JOB && target.active < most) || target.active == 0;
	bool more = all.waits < jobs && target.active + target.waits < most;
	return any && (!ahead || more) && run_queue_room(q, line);
}

bool run_queue_waits_for(const struct run_line *line, const char *name, int64_t mtime)
{
	const struct run_file *f = line->first;
	while (f != NULL && (f->passed || f->stage == RUN_LEFT))
		f = f->next;
	if (f == NULL || f->local)
		return false;
	return f->mtime > mtime || (f->mtime == mtime && strcmp(f->name, name) > 0);
}

/* An API that answered nobody says nothing about the file: it is to keep its place when the API
 * is back. But once, or when it alone was tried, it counts, for the others would wait for it for
 * ever. */
enum run_blame run_queue_blames(const struct run_queue *q, const struct run_file *f)
{
	const struct run_target *t = f->line->target;

	if (q->stop || f->progressed || f->why.text[0] == '\0')
		return RUN_BLAME_NONE;
	if (t != NULL && f->failed_at > 0 && t->progress_at > f->failed_at)
		return RUN_BLAME_SURE;
	if (t == NULL || f->turn == 0 || t->progressed || f->idle == 0)
		return RUN_BLAME_MAYBE;
	return t->tried == 1 && t->files > 1 ? RUN_BLAME_MAYBE : RUN_BLAME_NONE;
}
