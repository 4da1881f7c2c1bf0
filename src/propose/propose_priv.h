/* SPDX-License-Identifier: MIT */
/*
 * propose_priv.h - a manifest is proposed for a foreign header: between the files of the room
 *
 *	propose.c		the proposal's life; what is not guessed becomes an attribute
 *	propose_guess.c	which column goes where
 *	propose_settle.c	the settings that this needs, and what is missing
 *	propose_look.c	what the values look like; they are never shown
 *	propose_text.c	the manifest, with its reasons as comments
 */
#ifndef PROPOSE_PRIV_H
#define PROPOSE_PRIV_H

#include "dropfeed/propose.h"
#include "dropfeed/time.h"

#define PROPOSE_KEPT      128u    /* bytes of a cell that are looked at */
#define PROPOSE_MAX_ROWS  500u    /* rows that are looked at ... */
#define PROPOSE_MAX_CELLS 200000u /* ... or fewer, where they have many cells */
#define PROPOSE_TIME      "events.data.timestamp_unixtime_ms"
#define PROPOSE_ACTION    "events.data.product_action."
#define PROPOSE_MAX_TEXT  (4u << 20) /* of the manifest: what is read back at most */

/* ---- the proposal ---- */

struct propose_cell {    /* of a row that is looked at */
	size_t at, kept; /* in the proposal's text */
	bool lengthy;    /* more than an attribute may hold */
};

enum propose_look {
	LOOK_NOTHING, /* no values */
	LOOK_EMAIL,
	LOOK_UUID,
	LOOK_IP,
	LOOK_BOOLEAN,
	LOOK_INTEGER,
	LOOK_NUMBER,
	LOOK_TEXT,
};

struct propose_column {
	char *name;       /* own: as the header has it */
	char *normal;     /* own: normalised, and */
	char *personless; /* own: without "customer" or the like before it, or NULL */
	enum { PROPOSE_OPEN, PROPOSE_KEEP, PROPOSE_IGNORE, PROPOSE_UNLISTED } what;
	char *path; /* own: of PROPOSE_KEEP */
	char *why;  /* own: a comment, or NULL */
	bool looked;
	enum propose_look look;
	size_t filled; /* cells that are not empty */
	bool lengthy;  /* one of them is too long for an attribute */
};

struct propose_setting {
	const char *key;
	char *value, *why; /* own */
};

struct propose {
	const struct conf_feed *feed; /* borrowed */
	struct conf_feed bare;        /* a view of it, without the manifest */
	const struct schema_event *event;
	struct map *map; /* own: types its cells; no document is ever put through it */
	bool has_header;
	bool transform;                 /* something fixed is needed: only a field transformation has that */
	struct propose_column *columns; /* own */
	size_t n;
	struct propose_cell *cells; /* own: n for each row */
	size_t n_rows;
	struct df_buf text;      /* of the cells */
	struct map_taken *taken; /* own: the paths that columns lead to */
	struct propose_setting settings[8];
	size_t n_settings;
	struct df_buf todo;     /* lines: what is still missing */
	struct df_buf manifest; /* the JSON with its comments, but for the notes on top */
};

/* Replaces the reason. */
void propose_because(struct propose_column *c, const char *fmt, ...) DF_PRINTF(2, 3);
/* The column that leads there, in whatever spelling of the path, or NULL. */
const struct propose_column *propose_column_at(const struct propose *p, const char *path);

/* Takes the path for the column, unless it, or a part or the whole of it, is taken. */
bool propose_take(struct propose *p, struct propose_column *c, const char *path);
/* Whether any column leads to the object of events.data, or into it. */
bool propose_has_part(const struct propose *p, const char *object);
bool propose_has_id(const struct propose *p);

void propose_guess(struct propose *p);
void propose_settle(struct propose *p, const char *stem);

/* ---- looking ---- */

/* Fills look, filled and lengthy, once. */
void propose_look(struct propose *p, size_t column);
const char *propose_look_words(enum propose_look look); /* "e-mail addresses", or NULL */
/* What no column is called: "e-mail addresses", or NULL. */
const char *propose_no_name(const struct propose *p, const char *name);
/* How many of the column's values the path takes. Times are not for this. */
size_t propose_suits(struct propose *p, size_t column, const struct schema_path *path);
/* The setting `timestamps` that reads the column's values: the feed's own, if it does. NULL: none does. *other: another
 * pattern that does just as well, or NULL. Where there are no values it is the feed's own. */
const char *propose_time(struct propose *p, size_t column, const char **other);
const char *propose_time_words(const char *timestamps);
/* Do rows that follow each other have the same value in this column? */
bool propose_repeats(const struct propose *p, size_t column);

/* ---- writing ---- */
void propose_write_manifest(struct propose *p);

#endif
