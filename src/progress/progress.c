/* SPDX-License-Identifier: MIT */
#include "progress_text.h"

#include "dropfeed/thread.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
	TICK_MS = 200,
	SAMPLES = 10, /* a second apart: the rate is that of these */
	SAMPLE_MS = 1000,
};

struct progress {
	struct sender *sender; /* borrowed */
	bool terminal;         /* a line is redrawn */
	int64_t every_ms;      /* whole lines; 0: none */
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	bool quit;
	struct progress_item *items;
	/* the thread's: */
	struct {
		int64_t at;
		uint64_t batches;
	} sample[SAMPLES];
	size_t n_samples;
	int64_t written; /* the last whole line */
};

void progress_item_begin(struct progress *p, struct progress_item *item)
{
	if (p == NULL)
		return;
	struct send_stats sum;
	sender_stats(p->sender, &sum);
	item->sent = sum.batches;
	pthread_mutex_lock(&p->lock);
	struct progress_item **last = &p->items;
	while (*last != NULL)
		last = &(*last)->next;
	*last = item;
	pthread_mutex_unlock(&p->lock);
}

void progress_item_end(struct progress *p, struct progress_item *item)
{
	if (p == NULL)
		return;
	pthread_mutex_lock(&p->lock);
	struct progress_item **at = &p->items;
	while (*at != NULL && *at != item)
		at = &(*at)->next;
	if (*at != NULL)
		*at = item->next;
	pthread_mutex_unlock(&p->lock);
}

/* ---- looking ---- */

static double rate_of(struct progress *p, int64_t now)
{
	struct send_stats sum;
	sender_stats(p->sender, &sum);
	size_t newest = p->n_samples > 0 ? (p->n_samples - 1) % SAMPLES : 0;
	if (p->n_samples == 0 || now - p->sample[newest].at >= SAMPLE_MS) {
		newest = p->n_samples++ % SAMPLES;
		p->sample[newest].at = now;
		p->sample[newest].batches = sum.batches;
	}
	size_t oldest = p->n_samples > SAMPLES ? p->n_samples % SAMPLES : 0;
	int64_t ms = now - p->sample[oldest].at;
	uint64_t n = sum.batches - p->sample[oldest].batches;
	return ms > 0 ? (double)n * 1000 / (double)ms : 0;
}

static bool same_key(const struct conf_feed *a, const struct conf_feed *b)
{
	return conf_sink_answers(a->send.sink) && conf_sink_answers(b->send.sink) &&
	       strcmp(a->send.endpoint, b->send.endpoint) == 0 &&
	       strcmp(a->send.api_key, b->send.api_key) == 0;
}

static uint64_t rows_done(const struct progress_item *i)
{
	uint64_t n =
	    i->answered ? i->before + atomic_load(&i->count.settled) : atomic_load(&i->count.rows);
	return n < i->rows ? n : i->rows;
}

/* Batches that are still to come: as many for each row as so far, where they were not counted. */
static double batches_left(const struct progress_item *i, uint64_t sent)
{
	uint64_t done = rows_done(i), left = i->rows - done;
	if (i->batches > 0)
		return (double)i->batches * (double)left / (double)i->rows;
	return done > 0 ? (double)(sent - i->sent) * (double)left / (double)done : 0;
}

/* Of all documents that are sent: the limit of their keys together, and the batches to come. */
static void look_at_sending(const struct progress *p, double *limit, double *left)
{
	struct send_stats sum;
	sender_stats(p->sender, &sum);
	*limit = *left = 0;
	for (const struct progress_item *i = p->items; i != NULL; i = i->next) {
		bool counted = false;
		if (i->what != PROGRESS_SENT || !i->answered)
			continue;
		for (const struct progress_item *k = p->items; k != i; k = k->next)
			counted |= k->what == PROGRESS_SENT && same_key(k->feed, i->feed);
		*limit += counted ? 0 : sender_rate(i->feed);
		if (i->rows > 0)
			*left += batches_left(i, sum.batches);
	}
}

static unsigned percent_of(uint64_t part, uint64_t whole)
{
	return whole == 0      ? 100
	       : part >= whole ? 100
			       : (unsigned)((double)part * 100 / (double)whole);
}

/* Under the lock: the texts of *v are the item's. */
static void progress_look(struct progress *p, int64_t now, struct progress_view *v)
{
	const struct progress_item *shown = p->items;
	double left = 0, rate = rate_of(p, now);
	*v = (struct progress_view){.seconds = -1};
	for (const struct progress_item *i = p->items; i != NULL; i = i->next) {
		shown = i->what > shown->what ? i : shown;
		v->more += i != p->items;
	}
	if (shown == NULL)
		return;

	v->any = true;
	v->what = shown->what;
	v->at = (struct df_log_place){shown->feed->name, shown->file, shown->document};
	v->rows = shown->rows;
	v->rows_done = rows_done(shown);
	v->percent = shown->what == PROGRESS_SENT
			 ? percent_of(v->rows_done, v->rows)
			 : percent_of(atomic_load(&shown->count.bytes), shown->bytes);
	look_at_sending(p, &v->limit, &left);
	if (v->limit > 0 && rate > 0) {
		v->rate = rate;
		v->seconds = left / rate;
	}
}

/* ---- reporting ---- */

/* Under the lock. */
static void write_line(struct progress *p, int64_t now)
{
	struct progress_view v;
	struct df_buf text = {0};
	progress_look(p, now, &v);
	progress_text_long(&v, &text);
	const struct df_log_number numbers[] = {
	    {"rows", v.rows},
	    {"rows_done", v.rows_done},
	    {"percent", v.percent},
	    {"under_way", v.any ? v.more + 1 : 0},
	    {"batches_per_second", (uint64_t)(v.rate + 0.5)},
	    {"limit_percent", v.rate > 0 ? (uint64_t)(v.rate * 100 / v.limit + 0.5) : 0},
	    {"seconds_left", (uint64_t)(v.seconds + 0.5)},
	};
	const struct df_log_fields fields = {
	    .at = &v.at,
	    .numbers = numbers,
	    .n_numbers = !v.any           ? 0
			 : v.seconds >= 0 ? 7
					  : 4,
	    .always = true,
	};

	df_log_with(DF_LOG_INFO, &fields, "%s", df_buf_cstr(&text));
	df_buf_free(&text);
	p->written = now;
}

static size_t terminal_width(void)
{
	struct winsize size = {0};
	bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
	return known ? size.ws_col : 80;
}

/* Under the lock. One column stays free: a full line would wrap. */
static void redraw(struct progress *p, int64_t now)
{
	struct progress_view v;
	struct df_buf text = {.max = 400};
	progress_look(p, now, &v);
	progress_text_short(&v, terminal_width() - 1, &text);
	df_log_status(df_buf_cstr(&text));
	df_buf_free(&text);
}

static void progress_tick(struct progress *p)
{
	int64_t now = df_monotonic_ms();
	if (df_progress_requested != 0) {
		df_progress_requested = 0;
		write_line(p, now);
	} else if (p->every_ms > 0 && now - p->written >= p->every_ms) {
		write_line(p, now);
	}
	if (p->terminal)
		redraw(p, now);
	else
		(void)rate_of(p, now);
}

static void *progress_main(void *arg)
{
	struct progress *p = arg;
	pthread_mutex_lock(&p->lock);
	while (!p->quit) {
		df_cond_wait(&p->changed, &p->lock, TICK_MS);
		if (!p->quit)
			progress_tick(p);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* ---- its life ---- */

/* A terminal that can erase a line; logs for programs are not for people. */
static bool wants_terminal(void)
{
	const char *term = getenv("TERM");
	return isatty(STDERR_FILENO) && term != NULL && term[0] != '\0' &&
	       strcmp(term, "dumb") != 0 && df_log_writes(DF_LOG_INFO) && !df_log_is_json();
}

struct progress *progress_start(struct sender *sender, uint32_t every_s)
{
	struct progress *p = df_alloc(sizeof(*p));
	p->sender = sender;
	p->every_ms = (int64_t)every_s * 1000;
	p->terminal = p->every_ms == 0 && wants_terminal();
	p->written = df_monotonic_ms();
	pthread_mutex_init(&p->lock, NULL);
	df_cond_init(&p->changed);

	if (df_thread_start(&p->thread, progress_main, p) == 0)
		return p;
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->lock);
	free(p);
	return NULL;
}

void progress_end(struct progress *p)
{
	if (p == NULL)
		return;
	pthread_mutex_lock(&p->lock);
	p->quit = true;
	pthread_cond_signal(&p->changed);
	pthread_mutex_unlock(&p->lock);
	pthread_join(p->thread, NULL);
	if (p->terminal)
		df_log_status(NULL);
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->lock);
	free(p);
}
