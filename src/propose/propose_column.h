/* SPDX-License-Identifier: MIT */
/*
 * propose_column.h - the proposal, and its columns: what all files of the room use
 *
 *	propose.c		the proposal's life
 *	propose_column.c	a column's path, reason and cells; what is noted
 *	propose_attribute.c	what is not guessed becomes an attribute
 *	propose_cells.c	the rows that are looked at: null words, padding, totals
 *	propose_people.c	which columns identify one user each
 *	propose_guest.c	customers that are nobody
 *	propose_names.c	what else a column could be called
 *	propose_guess.c	which column goes where; propose_offer.c: may it?
 *	propose_time.c	patterns of times
 *	propose_clock.c	a date and a clock in two columns
 *	propose_when.c	which column says when, in which zone, day or month first
 *	propose_action.c	what was done with products: words for the schema's
 *	propose_status.c	what became of an order: failures, voids, refunds
 *	propose_lines.c	which rows are lines of one order
 *	propose_order.c	lines of one order: what to fill in, and whether they fold
 *	propose_amount.c	an order's amount and currency, by words of their names
 *	propose_total.c	whose an amount is: a line's or its order's
 *	propose_money.c	currencies, by a column or the amounts' signs
 *	propose_value.c	templates: decimal commas, signs; words for true and false
 *	propose_list.c	lists and JSON objects in cells
 *	propose_settle.c	the settings that this needs, and what is missing
 *	propose_look.c	what the values look like; they are never shown
 *	propose_text.c	the manifest, with its reasons as comments
 */
#ifndef PROPOSE_COLUMN_H
#define PROPOSE_COLUMN_H

#include "dropfeed/propose.h"
#include "dropfeed/time.h"

#define PROPOSE_KEPT      4096u       /* bytes of a cell that are looked at */
#define PROPOSE_MAX_BYTES (32u << 20) /* of all of them */
#define PROPOSE_MAX_ROWS  500u        /* rows that are looked at ... */
#define PROPOSE_MAX_CELLS 200000u     /* ... or fewer, where they have many cells */
#define PROPOSE_TIME      "events.data.timestamp_unixtime_ms"
#define PROPOSE_ACTION    "events.data.product_action."
#define PROPOSE_MAX_TEXT  (4u << 20) /* of the manifest: what is read back at most */

struct propose_cell {    /* of a row that is looked at */
	size_t at, kept; /* in the proposal's text */
	bool lengthy;    /* more than an attribute may hold */
	bool cut;        /* not all of it is kept */
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

enum propose_of { OF_ANY, OF_LINE, OF_PERSON };

struct propose_alias {
	char *name;         /* own: normalised */
	enum propose_of of; /* what alone it can be a name for */
};
#define PROPOSE_MAX_ALIASES 8u

struct propose_column {
	char *name;       /* own: as the header has it */
	char *normal;     /* own: normalised, and */
	char *personless; /* own: without "customer" or the like before it, or NULL */
	struct propose_alias aliases[PROPOSE_MAX_ALIASES];
	size_t n_aliases;
	enum { PROPOSE_OPEN, PROPOSE_KEEP, PROPOSE_IGNORE, PROPOSE_UNLISTED } what;
	char *path;   /* own: of PROPOSE_KEEP */
	char *why;    /* own: a comment, or NULL */
	char *value;  /* own: the template that makes the value, or NULL: it is the cell */
	char *values; /* own: the members of a map of values, or NULL */
	/* a time's characters before the fraction of its second; 0: it is read whole */
	size_t cut;
	bool half; /* after which the last two, AM or PM, are taken */
	/* 1-based: the column whose time of day is joined to this one's date; 0: none */
	size_t clock;
	bool member;      /* its cells are JSON objects, whose members are taken */
	bool fill;        /* stated on an order's first line only */
	bool keep_others; /* than the words of its map: they are not rejected */
	bool shared;      /* not an identity: its values name several users */
	bool looked;
	enum propose_look look;
	size_t filled; /* cells that are not empty */
	bool lengthy;  /* one of them is too long for an attribute */
};

struct propose_setting {
	char *key;         /* own */
	char *value, *why; /* own */
};

struct propose_skip { /* rows whose cell is this are not data */
	size_t column;
	char *word; /* own */
};

struct propose_gap { /* what only a person can say; the manifest is refused until it is said */
	const char *path, *what;
};

#define PROPOSE_MAX_GAPS     4u
#define PROPOSE_MAX_SKIPS    16u
#define PROPOSE_MAX_SETTINGS 16u

struct propose {
	const struct conf_feed *feed; /* borrowed */
	struct conf_feed bare;        /* a view of it, without the manifest */
	const struct schema_event *event;
	struct map *map; /* own: types its cells; no document is ever put through it */
	bool has_header;
	/* something fixed is needed: only a field transformation has that */
	bool transform;
	struct propose_column *columns; /* own */
	size_t n;
	struct propose_cell *cells; /* own: n for each row */
	size_t n_rows;
	struct df_buf text;      /* of the cells */
	struct map_taken *taken; /* own: the paths that columns lead to */
	struct propose_setting settings[PROPOSE_MAX_SETTINGS];
	size_t n_settings;
	struct propose_gap gaps[PROPOSE_MAX_GAPS];
	size_t n_gaps;
	struct propose_skip skips[PROPOSE_MAX_SKIPS];
	size_t n_skips;
	/* 1-based: the column whose words are actions, beside being what it is; 0: none */
	size_t action;
	char *action_value;  /* own: its template, or NULL */
	char *action_values; /* own: its map of values */
	char *action_why;    /* own */
	/* 1-based: the column whose amounts say the currency by their signs; 0: none */
	size_t currency;
	const char *currency_fixed;             /* of all rows; NULL: each has its own sign, by */
	char *currency_value, *currency_values; /* own: a template and a map of values */
	/* 1-based: the column that states the order, where one takes several rows; 0: none */
	size_t order;
	char *patterns;         /* own: of a date and a clock */
	bool saw_when;          /* a column says when by its name, and nothing reads it */
	bool bare_lines;        /* an order's number is on its first line only */
	bool members;           /* some column's members are attributes */
	bool fills;             /* some column is filled down */
	struct df_buf remarks;  /* lines: what was found, and needs no doing */
	struct df_buf todo;     /* lines: what is still missing */
	struct df_buf manifest; /* the JSON with its comments, but for the notes on top */
};

/* Replaces the reason. */
void propose_because(struct propose_column *c, const char *fmt, ...) DF_PRINTF(2, 3);
/* The column that leads there, in whatever spelling of the path, or NULL. */
const struct propose_column *propose_column_at(const struct propose *p, const char *path);
/* Takes the path for the column, unless it, or a part or the whole of it, is taken. */
bool propose_take(struct propose *p, struct propose_column *c, const char *path);
/* Gives its path up; no other column gets it. */
void propose_release(struct propose_column *c);
/* Whether any column leads to the object of events.data, or into it. */
bool propose_has_part(const struct propose *p, const char *object);
bool propose_has_id(const struct propose *p);
/* Leaves the path to be completed: the column to write there, in words. */
void propose_leave(struct propose *p, const char *path, const char *what);
const char *propose_cell_text(const struct propose *p, size_t row, size_t column, size_t *len);
/* How many of the text's first characters are among these; a cell has no NUL at its end. */
size_t propose_span(const char *s, size_t len, const char *accept);
bool propose_cell_same(const struct propose *p, size_t row, size_t other, size_t column);
/* Rows whose cell in this column is the word are skipped. False: there are too many such
 * already. */
bool propose_skip(struct propose *p, size_t column, const char *word, size_t len);
/* Nine of ten. */
bool propose_most(size_t n, size_t of);

#endif
