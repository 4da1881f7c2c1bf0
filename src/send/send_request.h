/* SPDX-License-Identifier: MIT */
/* send_request.h - batches are packed into a request, which is split when the API complains */
#ifndef DROPFEED_SEND_REQUEST_H
#define DROPFEED_SEND_REQUEST_H

#include "dropfeed/batch.h"

struct send_queue {
	struct batch *head, *tail;
	size_t n, bytes, events;
};
/* It has what fills a request. */
bool send_queue_fills(const struct send_queue *q, const struct batch_form *form);
void send_queue_push(struct send_queue *q, struct batch *b); /* takes b */
struct batch *send_queue_pop(struct send_queue *q);          /* the caller's; NULL: none */
/* What is in it, and the batch after that, fit into one request. */
bool send_queue_has_room(const struct send_queue *q, const struct batch_form *form,
			 const struct batch *b);
void send_queue_free(struct send_queue *q);

#define SEND_SET_ASIDE_AFTER 8u /* failures of one batch alone */

enum send_fate { SEND_PENDING, SEND_DELIVERED, SEND_REJECTED, SEND_SET_ASIDE };

/*
 * The batches that a lane took from its queue together. They go out as one or more parts: a part is
 * a run of pending batches without a cut inside, the leftmost first, so that the lane's order
 * survives every split. Those before the first pending one are settled after each answer. A request
 * that is all of a stream has batches of many lanes: of each, those before its first pending one.
 */
struct send_request {
	struct send_item {
		struct batch *batch;
		enum send_fate fate;
		bool cut;      /* a part ends after this batch */
		bool reported; /* it is settled */
		/* own; why it was rejected; of a delivered one, when it will be carried out */
		char *words;
		bool before;       /* the service had it already */
		unsigned failures; /* of the part that begins here, while others succeeded */
		unsigned in_turn;  /* of them, since the latest success of others */
		uint64_t seen;     /* how many others had, at its latest failure */
		struct send_object *objects; /* own; see send_objects.h; NULL: it has none */
	} item[REQUEST_MAX_BATCHES];
	size_t n;
	size_t settled;  /* item[0 .. settled) are reported */
	size_t from, to; /* the current part: item[from .. to) */
	bool suspect;    /* a part of it failed while others succeeded */
	struct df_buf body;
};

/* How many batches from `head` on fit into one request (at least one); *full: waiting would not
 * add another. */
size_t send_request_measure(const struct batch_form *form, const struct batch *head, bool *full);
void send_request_fill(struct send_request *r, struct send_queue *q, size_t n);
/* finds the next part; false when nothing is pending */
bool send_request_part(struct send_request *r);
/* Takes another part than the current one, where there is one: a batch whose user, or whose lane,
 * has none pending before it. So the lane goes on after a batch that fails, and it shows whose
 * fault that is. The order of each user's batches stays. */
void send_request_pass(struct send_request *r);
/* Whether the current part, a batch that failed alone, is to be tried again before others are. */
bool send_request_stays(const struct send_request *r, uint64_t successes);
/* These batches, or as many of them as there are, are a part of their own. */
void send_request_isolate(struct send_request *r, size_t first, size_t width);
/* Takes more batches from the queue, for a request of which only what fails is left. */
void send_request_top_up(struct send_request *r, struct send_queue *q);
/* shortens the current part to n batches */
void send_request_cut(struct send_request *r, size_t n);
void send_request_body(struct send_request *r); /* the current part as a JSON array */
/* forgets all batches, keeps the body's memory */
void send_request_clear(struct send_request *r);

struct send_verdict;
/* Gives the current part's batches their fate, or splits it. */
void send_request_apply(struct send_request *r, const struct send_verdict *v);

/* Whether another failure of the part that begins with the item would count: with no success of
 * others in between nobody knows whose fault it is. */
bool send_request_counts(const struct send_item *item, uint64_t successes);
enum send_blame { SEND_BLAME_NONE, SEND_BLAME_HALVED, SEND_BLAME_SET_ASIDE };
/* The current part came to nothing, which may be its own fault when others succeed (successes:
 * so many did) since its failure before: then it is halved, and in the end the batch that is at
 * fault is set aside. */
enum send_blame send_request_blame(struct send_request *r, uint64_t successes, const char *words);
/* The current part, one batch, will not be delivered. */
void send_request_set_aside(struct send_request *r, const char *words);

#endif
