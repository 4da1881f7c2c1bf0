/* SPDX-License-Identifier: MIT */
/*
 * schema.h - the vendor's schema as data: fields, event types, and the paths that columns are named
 * by
 *
 *	const struct schema_event *event = schema_event_find("custom_event", 12);
 *	struct schema_path path;
 *	schema_path_parse(event, "user_identities.email", 21, &path, &other);
 *	schema_suggest(event, "user_identitys.email", 20, text, sizeof(text));
 *
 * All of it is constant and lives as long as the program.
 */
#ifndef DROPFEED_SCHEMA_H
#define DROPFEED_SCHEMA_H

#include "dropfeed/base.h"

#define SCHEMA_MAX_STEPS 12 /* of a path; the schema's deepest has nine */
#define SCHEMA_MAX_INDEX 1000
#define SCHEMA_APPEND    SIZE_MAX /* index of an item: at the end of its list */

/* ---- the schema: schema.c ---- */

enum schema_type {
	SCHEMA_STRING,  /* the schema's String takes any scalar: always a JSON string here */
	SCHEMA_STRINGS, /* a string, or a list of them */
	SCHEMA_ENUM,
	SCHEMA_INTEGER,
	SCHEMA_NUMBER,
	SCHEMA_BOOLEAN,
	SCHEMA_UUID,
	SCHEMA_IP,
	SCHEMA_OBJECT, /* its fields are known */
	SCHEMA_KEYS,   /* an object of any keys with strings: only inside SCHEMA_KEYED */
	/* not in the schema: a whole object or list of it, written as JSON in one cell */
	SCHEMA_JSON,
	/* likewise: entries at the end of a list of strings, one or a JSON list of them */
	SCHEMA_ITEMS,
	SCHEMA_SPREAD, /* likewise: members of the object around it, as many as a cell's JSON has */
};

enum schema_shape {
	SCHEMA_ONE,
	SCHEMA_LIST,  /* an array of it */
	SCHEMA_KEYED, /* an object that has any keys, with one of it each */
};

enum schema_flag {
	SCHEMA_REQUIRED = 1,
	SCHEMA_INSTANT = 2,     /* a point in time: the feed's `timestamps` applies */
	SCHEMA_ID = 4,          /* identifies the user */
	SCHEMA_SECRET = 8,      /* must not come from a file */
	SCHEMA_UNWANTED = 16,   /* the API says not to set it */
	SCHEMA_ATTRIBUTES = 32, /* attributes: limits apply */
	SCHEMA_EVENT_NAME = 64, /* likewise */
};

struct schema_object;

struct schema_field {
	const char *name;
	enum schema_type type;
	enum schema_shape shape;
	unsigned flags;
	const char *const *words; /* of SCHEMA_ENUM, NULL-terminated */
	const struct schema_object *object;
};

struct schema_object {
	const struct schema_field *fields;
	size_t n;
};

struct schema_event {
	const char *name;
	const struct schema_object *data; /* of events[].data; NULL: eventless */
	/* what surrounds them: NULL is schema_batch, as schema_event_root says */
	const struct schema_object *root;
};

extern const struct schema_object schema_batch; /* but for events */
/* A data subject request: who it is about, and what is asked for. It is not of the vendor's schema;
 * schema_request.c. */
extern const struct schema_object schema_request;
extern const struct schema_object schema_identities; /* of a request */
/* Membership of audiences, likewise: who is meant, and in which audience; schema_audience.c. */
extern const struct schema_object schema_audience, schema_audience_member;
bool schema_type_audience(const char *name); /* of documents that hold it */
extern const struct schema_event schema_events[];
extern const size_t schema_n_events;

static inline const struct schema_object *schema_event_root(const struct schema_event *event)
{
	return event->root != NULL ? event->root : &schema_batch;
}

/* What the paths of its data begin with. */
static inline const char *schema_event_prefix(const struct schema_event *event)
{
	return event->data == &schema_audience_member ? "audience" : "events.data";
}

/* Documents of this type hold data subject requests, not events. */
static inline bool schema_event_requests(const struct schema_event *event)
{
	return event->root == &schema_request;
}
bool schema_type_requests(const char *name); /* the same by its name */
/* Columns of the platform's audience export that say nothing about a request. */
bool schema_request_ignores(const char *column);

const struct schema_event *schema_event_find(const char *name, size_t len);
const struct schema_field *schema_field_find(const struct schema_object *object, const char *name,
					     size_t len);
bool schema_field_holds_id(const struct schema_field *field); /* among the fields of its object */

/* ---- paths: schema_path.c ---- */

struct schema_step {
	/* NULL: a key of the keyed object before it, or an item of the list before it */
	const struct schema_field *field;
	/* what is written as the member's name, not NUL-terminated; NULL: an item */
	const char *key;
	size_t key_len;
	size_t index;                       /* of an item; SCHEMA_APPEND: at the end of the list */
	const struct schema_object *object; /* what it holds, where its fields are known */
};

struct schema_path {
	bool data; /* below events.data */
	struct schema_step steps[SCHEMA_MAX_STEPS];
	size_t n;
	enum schema_type type;            /* of the value */
	const struct schema_field *field; /* that rules the value */
};

enum schema_path_result {
	SCHEMA_PATH_OK,
	SCHEMA_PATH_UNKNOWN,
	SCHEMA_PATH_SECRET,
	/* the event as a whole, or one entry of a list: its fields are what is wanted */
	SCHEMA_PATH_WHOLE,
	SCHEMA_PATH_NO_KEY,    /* the key after the dot is missing */
	SCHEMA_PATH_EVENTLESS, /* an event's path in a document without events */
	SCHEMA_PATH_OTHER,     /* a path of another event type */
};

/* Resolves a name for the event type; the path borrows from name. *other is set for
 * SCHEMA_PATH_OTHER. */
enum schema_path_result schema_path_parse(const struct schema_event *event, const char *name,
					  size_t len, struct schema_path *path,
					  const struct schema_event **other);

struct schema_path_fault { /* a name that was not resolved */
	enum schema_path_result why;
	const char *name;
	size_t len;
	const struct schema_event *other; /* see schema_path_parse */
};
/* Says why, and what is near: "... did you mean '...'?" */
void schema_path_explain(const struct schema_event *event, const struct schema_path_fault *fault,
			 char *out, size_t size);

/* The nearest known path, as a column would be named. Always finds one: attributes take any
 * name. schema_suggest.c */
void schema_suggest(const struct schema_event *event, const char *name, size_t len, char *out,
		    size_t size);
/* The object's nearest field. */
const char *schema_suggest_field(const struct schema_object *object, const char *word, size_t len,
				 unsigned *score);

/* The words of these two fields, as settings take them as well; NULL after the last. */
extern const char *const schema_environments[], *const schema_custom_event_types[],
						    *const schema_regulations[];

/* an event type of the schema, or "eventless" */
bool schema_event_known(const char *name, size_t len);
const char *schema_event_at(size_t i); /* all of them; NULL after the last */

/* ---- what columns are called elsewhere: schema_words.c ---- */

enum { /* where a word holds */
       SCHEMA_IN_EVENTLESS = 1,
       SCHEMA_IN_CUSTOM = 2,
       SCHEMA_IN_COMMERCE = 4,
       SCHEMA_IN_SCREEN = 8,
       SCHEMA_IN_OTHER = 16, /* the other event types */
       SCHEMA_IN_EVENTS = 2 | 4 | 8 | 16,
       SCHEMA_IN_ANY = 31,
};

struct schema_word {
	const char *names; /* normalised, apart by blanks, the likeliest first */
	unsigned where;
	const char *path; /* NULL: never sent by a guess */
};
/* In the order in which they are tried: who comes first takes the path, and the column. */
extern const struct schema_word schema_words[];
extern const size_t schema_n_words;

unsigned schema_where(const struct schema_event *event);
/* Letters and digits in lower case, those of western Europe without accents; other bytes beyond
 * ASCII stay. The caller's. */
char *schema_normalize(const char *name, size_t len);
/* Is `name` (normalized) one of the names? */
bool schema_word_is(const char *names, const char *name, size_t len);
/* The entry that a foreign column name has for the event type; NULL: it is not a known word. */
const struct schema_word *schema_word_find(const struct schema_event *event, const char *name,
					   size_t len);

#endif
