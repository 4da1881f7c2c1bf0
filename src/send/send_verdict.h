/* SPDX-License-Identifier: MIT */
/* send_verdict.h - an answer's meaning */
#ifndef DROPFEED_SEND_VERDICT_H
#define DROPFEED_SEND_VERDICT_H

#include "send_request.h"

enum send_action {
	SEND_ACCEPT,   /* the part is delivered */
	SEND_SPLIT,    /* some batch is at fault: see located */
	SEND_HALVE,    /* too large */
	SEND_THROTTLE, /* 429 */
	SEND_AGAIN,    /* says nothing about the batches: try again */
	SEND_DENY,     /* credentials or certificate refused */
	SEND_STRAY,    /* no Events API answers like that: the address is wrong */
};

struct send_fault {          /* one object of the part is refused */
	size_t item, object; /* of the request; of its batch */
	char *words;         /* own */
};

struct send_verdict {
	enum send_action action;
	bool rest_stands;                  /* with SEND_SPLIT: what is not located is delivered */
	bool located[REQUEST_MAX_BATCHES]; /* counted from the part's first batch */
	size_t n_located;
	struct send_fault *faults; /* own; of a service that judges objects */
	size_t n_faults;
	bool
	    lost; /* with SEND_AGAIN: somebody else answered, so that the service may have got it */
	/* own; the API's about a batch, else the status and what was quoted; NULL: accepted */
	char *words;
	/* of an accepted request, where the service says so: it had it before; when it will be
	 * carried out (own, or NULL) */
	bool before;
	char *due;
};

struct send_answer {
	long status;
	const char *body;
	size_t len;
	bool cut; /* the body was longer than that */
	/* there was one, packed, that could not be unpacked */
	bool unreadable;
	bool proven; /* this key had a success lately */
};

/* Reads the answer to the request's current part. */
void send_verdict_read(struct send_verdict *v, const struct send_request *r,
		       const struct send_answer *a);
/* The verdict of an answer that is not in the service's own form: what its status alone says. */
void send_verdict_other(struct send_verdict *v, const struct send_request *r,
			const struct send_answer *a);
/* The status, and the first words of whatever came with it, but for those of the request. The
 * caller's. */
char *send_verdict_quote(const struct send_request *r, const struct send_answer *a);
void send_verdict_free(struct send_verdict *v);

#endif
