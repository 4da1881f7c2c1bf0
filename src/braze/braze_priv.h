/* SPDX-License-Identifier: MIT */
/* braze_priv.h - between the files of the room */
#ifndef BRAZE_PRIV_H
#define BRAZE_PRIV_H

#include "dropfeed/braze.h"
#include "dropfeed/json.h"

#define BRAZE_MAX_NAMES 512u /* of one object and those it is in */

/* A constant text with its length, and whether one is it. */
#define BRAZE_WORD(s)                                                                              \
	{                                                                                          \
		s, sizeof(s) - 1                                                                   \
	}
static inline bool braze_is(struct json_text t, struct json_text word)
{
	return t.len == word.len && memcmp(t.p, word.p, t.len) == 0;
}

/* One object is written at a time; the names of its members are distinct. */
struct braze_writer {
	const struct braze *b;
	struct braze_objects *out;
	struct df_buf *text; /* of out */
	struct braze_fault *fault;
	struct json_text external_id; /* with its quotes */
	size_t n_names, first_name;   /* first_name: of the innermost object */
	bool filled;                  /* the innermost object has a member */
	uint32_t event;
	enum braze_array array;
	size_t begin;                            /* of the object, in the text */
	struct json_text names[BRAZE_MAX_NAMES]; /* the last member: it is not cleared */
};

struct braze_level { /* what is kept of the object around, while an inner one is written */
	size_t n_names, first_name, at;
	bool filled;
};

/* ---- braze_write.c ---- */
void braze_begin(struct braze_writer *w, enum braze_array array);
void braze_end(struct braze_writer *w);
/* An object or a list inside of it; name NULL: an item of a list. braze_leave takes it away
 * again where nothing was put into it. */
struct braze_level braze_enter(struct braze_writer *w, const char *name, char bracket);
void braze_leave(struct braze_writer *w, const struct braze_level *level, char bracket);

void braze_fail(struct braze_writer *w, const char *code, const char *fmt, ...) DF_PRINTF(3, 4);

/* The member's name, as JSON writes it, and the colon. False: it is there already, or cannot be
 * one. */
bool braze_name(struct braze_writer *w, struct json_text name);
/* The same with a name of our own. */
bool braze_name_own(struct braze_writer *w, const char *name);
/* Without the dollar signs before it. */
struct json_text braze_plain_name(struct json_text name);

/* Values, after their names. `of` is how a fault names what is too long. */
void braze_value(struct braze_writer *w, struct json_text value, struct json_text of);
/* The same, a string as what it spells, with type detection. */
void braze_detected(struct braze_writer *w, struct json_text value, struct json_text of);
void braze_time(struct braze_writer *w, int64_t ms);
/* An identity is never cut: what is left of it might be somebody else's. False: it is too long. */
bool braze_check_id(struct braze_writer *w, struct json_text value, const char *of);

/* A member that has a name of ours, where the value is there: neither an object nor a list. */
void braze_put(struct braze_writer *w, const char *name, struct json_text value);
void braze_put_own(struct braze_writer *w, const char *name, const char *value);
/* All of an object's members as properties: strings, numbers, booleans. */
void braze_put_properties(struct braze_writer *w, struct json_text object);

/* How many bytes the first `max` characters of a string take, all of it if there are no more. */
size_t braze_cut(struct json_text t, size_t max);

/* ---- braze_user.c ---- */
struct braze_user {
	struct json_text identities, attributes, deleted, consent;
};
/* False: the object has nothing but the user's id. */
bool braze_put_user(struct braze_writer *w, const struct braze_user *user);

/* What is looked at of an event's data, each as it is written; len 0: it has none. */
struct braze_data {
	struct json_text event_name, screen_name, timestamp_unixtime_ms, session_uuid, session_id,
	    custom_attributes, currency_code, product_action, promotion_action, product_impressions;
};

/* ---- braze_event.c: of the other types that are forwarded ---- */
void braze_put_event(struct braze_writer *w, struct json_text type, const struct braze_data *data);
/* `{"external_id":…,"app_id":…,"name":…,"time":…`, without the end. */
void braze_event_head(struct braze_writer *w, struct json_text name, const struct braze_data *data);
void braze_object_head(struct braze_writer *w, enum braze_array array);
void braze_put_when(struct braze_writer *w, const struct braze_data *data);

/* ---- braze_commerce.c: of a commerce_event ---- */
void braze_put_commerce(struct braze_writer *w, const struct braze_data *data);

/* ---- braze_audience.c ---- */
/* What a user's audiences, the events of its batch (a walk that ends at a bracket), become: one
 * object, but for very many names. */
void braze_put_audiences(struct braze_writer *w, struct json_walk events);
/* The same of a row that is alone: what is in its event. */
void braze_put_audience(struct braze_writer *w, struct json_walk data);

#endif
