/* SPDX-License-Identifier: MIT */
/*
 * braze.h - a batch becomes objects of Braze's POST /users/track
 *
 *	const struct braze b = {.set = &feed->braze, .begun_ms = begun_ms};
 *	struct braze_objects out = {0};
 *	good = braze_map(&b, batch->json, batch->json_len, &out, &fault);
 *	braze_objects_free(&out);
 *
 * The mapping is that of the platform's own server-to-server integration (docs.mparticle.com,
 * Integrations, Braze, Event): one user's attributes are one object, each event is one, and each
 * product of a purchase. What goes out depends on the batch and on the settings alone.
 *
 *	braze.c			the settings, one batch, one row that is checked
 *	braze_write.c		members of an object: names, limits, types
 *	braze_user.c		identities and attributes
 *	braze_event.c		custom events, screen views, sessions
 *	braze_commerce.c	purchases and other commerce events
 *	braze_audience.c	membership of audiences
 */
#ifndef DROPFEED_BRAZE_H
#define DROPFEED_BRAZE_H

#include "dropfeed/conf.h"

/* Limits of /users/track (braze.com/docs, "User track", "Event object", "Purchase object"). */
#define BRAZE_MAX_TEXT     255u /* characters of names and of values */
#define BRAZE_MAX_ITEMS    25u  /* of an array attribute */
#define BRAZE_MAX_QUANTITY 100u
#define BRAZE_MAX_OBJECTS  75u /* of a request, in its three arrays together */
#define BRAZE_MAX_BYTES    4000000u

/* In the order in which a request has them. */
enum braze_array { BRAZE_ATTRIBUTES, BRAZE_EVENTS, BRAZE_PURCHASES, BRAZE_ARRAYS };
extern const char *const braze_array_names[BRAZE_ARRAYS]; /* "attributes", ... */

#define BRAZE_NO_EVENT UINT32_MAX

struct braze_object {
	enum braze_array array;
	uint32_t event;   /* 0-based, of the batch: where it comes from; BRAZE_NO_EVENT: its user */
	uint32_t members; /* names at its top, external_id among them */
	size_t from, len; /* in the text */
};

/* What a batch becomes; objects are in the order of the batch, the user's first. */
struct braze_objects {
	struct df_buf text;     /* own */
	struct braze_object *v; /* own */
	size_t n, cap;
	uint64_t cut; /* names and values that were over a limit and were cut */
};
void braze_objects_free(struct braze_objects *o); /* what it holds */

struct braze_fault {      /* why a row cannot go there; code NULL: it can */
	const char *code; /* a string constant */
	char text[240];   /* what is wrong and what to do; never a value */
};

struct braze {
	const struct conf_braze *set; /* borrowed */
	bool truncate;                /* what is over a limit is cut where that is possible */
	bool audience;                /* events are audiences: the user has one object of them */
	int64_t begun_ms; /* when the document was begun: the time of events without one */
};

/* Whether events of this type are forwarded: of others only the user's attributes are. */
bool braze_forwards(const struct braze *b, const char *event_type);

/* Of a whole batch, as it is serialized. Objects are put after those that are there. False: a row
 * of it is faulty, and `out` holds parts of it; rows that braze_check let pass are not. */
bool braze_map(const struct braze *b, const char *json, size_t len, struct braze_objects *out,
	       struct braze_fault *fault);

/* A row on its own. members: of the batch, data: of its event, both without braces; event_type
 * NULL: it has none. */
struct braze_row {
	const char *members, *data, *event_type;
	size_t members_len, data_len;
};
bool braze_map_row(const struct braze *b, const struct braze_row *row, struct braze_objects *out,
		   struct braze_fault *fault);

#endif
