/* SPDX-License-Identifier: MIT */
/*
 * json.h - JSON is written (RFC 8259), and what this program wrote is read
 *
 * The writer keeps the commas and the brackets:
 *
 *	struct json_writer w = {.out = &buf};
 *	json_write_open(&w, NULL, '{');
 *	json_write_text(&w, "file", name);
 *	json_write_open(&w, "lines", '[');
 *	json_write_count(&w, NULL, 7);		in a list no value has a name
 *	json_write_close(&w);
 *	json_write_close(&w);			{"file":"a.csv","lines":[7]}
 *
 * The output may be emptied between two calls, so that a long list need not be in memory. Batches,
 * the hot path, are written by rooms of their own.
 */
#ifndef DROPFEED_JSON_H
#define DROPFEED_JSON_H

#include "dropfeed/base.h"

#define JSON_WRITE_DEPTH 16

struct json_writer {
	struct df_buf *out; /* borrowed */
	/* the writer's own, zeroed at first: */
	char closing[JSON_WRITE_DEPTH]; /* the brackets that end what is open */
	bool filled[JSON_WRITE_DEPTH];  /* something is in it */
	unsigned depth;
	bool broken;        /* the next value begins a line */
	unsigned blank;     /* with that many blanks before it */
	const char *remark; /* borrowed: is still to be written, or NULL */
	/* the caller's: blanks after commas and colons and inside braces, for people who read it */
	bool spaced;
};

/* bracket: { or [. The name is a constant of the program, not escaped. */
void json_write_open(struct json_writer *w, const char *name, char bracket);
void json_write_close(struct json_writer *w);
/* Bytes that others wrote: what is not UTF-8 becomes '?'. text NULL: null. */
void json_write_text(struct json_writer *w, const char *name, const char *text);
/* The same, where an empty text is null, too. */
void json_write_filled(struct json_writer *w, const char *name, const char *text);
void json_write_bytes(struct json_writer *w, const char *name, const char *p, size_t len);
void json_write_count(struct json_writer *w, const char *name, uint64_t n);
void json_write_bool(struct json_writer *w, const char *name, bool yes);
void json_write_null(struct json_writer *w, const char *name);
/* A value that is JSON already; NULL: null. */
void json_write_json(struct json_writer *w, const char *name, const char *json);
/* The next value, or the closing bracket, begins a new line, after so many blanks: for people who
 * read it. */
void json_write_break(struct json_writer *w, unsigned blank);
/* A comment after the value that was written last, and after its comma. What follows has to begin
 * a line: json_write_break. Borrowed until then. */
void json_write_remark(struct json_writer *w, const char *text);

/* ---- reading JSON that this program wrote: on one line, without blanks between its tokens ----
 *
 *	struct json_walk w = json_walk_into(json_find(json_walk_members(p, len), "events"));
 *	while (json_walk_next(&w, &name, &value))
 *		...
 *
 * Nothing is copied or decoded. Text that is not such JSON is never read past its end. */

struct json_text { /* as it is written, borrowed; len 0: there is none */
	const char *p;
	size_t len;
};
struct json_walk {
	const char *p, *end;
	bool names; /* of an object, not of a list */
};
/* Members without braces around. */
struct json_walk json_walk_members(const char *p, size_t len);
/* The members of an object, the items of a list; of another value nothing. */
struct json_walk json_walk_into(struct json_text value);
/* name: without its quotes, empty in a list. False: that was the last one. */
bool json_walk_next(struct json_walk *w, struct json_text *name, struct json_text *value);
/* The same in two steps: the name, then its value, which is either read or gone down into. The
 * inner walk ends at its bracket, so that nobody has to look for the end before; once it has come
 * there, the outer one goes on after it. json_walk_down is false where the value is neither an
 * object nor a list: it was passed over. */
bool json_walk_name(struct json_walk *w, struct json_text *name);
struct json_text json_walk_value(struct json_walk *w);
bool json_walk_down(struct json_walk *w, struct json_walk *inner);
void json_walk_up(struct json_walk *w, const struct json_walk *inner);
/* The value of the first member of that name. */
struct json_text json_find(struct json_walk members, const char *wanted);
/* What is between the quotes; of a value that is not a string nothing. */
struct json_text json_string(struct json_text value);
/* The same without its escapes; borrowed from it, or from scratch until that is used again. */
struct json_text json_decode(struct df_buf *scratch, struct json_text string);
/* After the string, or the value, that begins there. */
const char *json_string_end(const char *p, const char *end);
const char *json_value_end(const char *p, const char *end);

static inline bool json_text_is(struct json_text t, const char *word)
{
	size_t len = strlen(word);
	return t.len == len && (len == 0 || memcmp(t.p, word, len) == 0);
}

#endif
