/* SPDX-License-Identifier: MIT */
/*
 * propose_priv.h - a manifest is proposed for a foreign header: between the files of the room
 *
 *	propose.c		the proposal's life
 *	propose_column.c	a column's path, reason and cells; what is noted
 *	propose_attribute.c	what is not guessed becomes an attribute
 *	propose_cells.c	the rows that are looked at: null words, padding, totals
 *	propose_people.c	which columns identify one user each
 *	propose_guest.c	customers that are nobody
 *	propose_names.c	what else a column could be called
 *	propose_guess.c	which column goes where
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
#ifndef PROPOSE_PRIV_H
#define PROPOSE_PRIV_H

#include "dropfeed/propose.h"
#include "dropfeed/time.h"

#define PROPOSE_KEPT      4096u       /* bytes of a cell that are looked at */
#define PROPOSE_MAX_BYTES (32u << 20) /* of all of them */
#define PROPOSE_MAX_ROWS  500u        /* rows that are looked at ... */
#define PROPOSE_MAX_CELLS 200000u     /* ... or fewer, where they have many cells */
#define PROPOSE_TIME      "events.data.timestamp_unixtime_ms"
#define PROPOSE_ACTION    "events.data.product_action."
#define PROPOSE_MAX_TEXT  (4u << 20) /* of the manifest: what is read back at most */

/* ---- the proposal ---- */

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

void propose_guess(struct propose *p);
void propose_planned(struct propose *p);
/* Gives the path to the column, if its values suit; else says why not. path NULL: it is ignored. */
void propose_offer(struct propose *p, size_t column, const char *path);
/* Half a location is given up. */
void propose_locations(struct propose *p);
void propose_attributes(struct propose *p);
void propose_settle(struct propose *p, const char *stem);
void propose_action(struct propose *p);
void propose_order(struct propose *p);
/* How many rows the order that begins at `row` has. */
size_t propose_lines_of(const struct propose *p, size_t row);
/* Does the column lead to a line's product? */
bool propose_lines_product(const struct propose_column *c);
bool propose_lines_any_product(const struct propose *p);
/* Was the same done in both rows? */
bool propose_lines_same_action(const struct propose *p, size_t row, size_t next);
/* Gives the column to the line's product, as its own amount or attribute. */
void propose_lines_give(struct propose *p, size_t column);
/* Amounts that are not what their names say: of all pieces, of each line; after the guesses, and
 * once the order's lines are known. */
void propose_total_check(struct propose *p);
void propose_total_repeated(struct propose *p);
/* The order's lines do not fold: what is stated for the order would count with each. */
void propose_total_unfolded(struct propose *p);
/* An order's amount and currency, where no name is known for them. */
void propose_amounts(struct propose *p);
void propose_money(struct propose *p);
/* Words for customers who are not known are taken for empty cells. */
void propose_guests(struct propose *p);
/* Rows that a flag calls void, a test or deleted are skipped. */
void propose_status_flags(struct propose *p);
/* Rows are skipped that a column of one of these names calls failed. */
void propose_status_failed(struct propose *p, const char *names);
/* Whether the column's word for a refund is said of rows that are refunds, and not of orders. */
bool propose_status_refunds(const struct propose *p, size_t column, const char *word, size_t len);
/* an order's number that is called a name: before other guesses */
void propose_order_name(struct propose *p);

/* ---- names ---- */

/* Fills in what else the column could be called. */
void propose_names_read(struct propose_column *c);
void propose_names_free(struct propose_column *c);
/* Whether one of the words is a part of its name, or of an alias. */
bool propose_names_any(const struct propose_column *c, const char *const *words, size_t n);
/* Whether its name or an alias is one of the names, apart by blanks. */
bool propose_names_is(const struct propose_column *c, const char *names);

/* Whether one of its name's words is one of these, apart by blanks; also written out. */
bool propose_names_word(const struct propose_column *c, const char *words);
/* The length of the token that begins here: of "customerKey" it is 8. */
size_t propose_names_token(const char *s);
/* A token, normalised, and written out where it is an abbreviation. The caller's. */
char *propose_names_expand(const char *s, size_t len);

/* ---- when ---- */

/* The column that says when, where no name was known for one. */
void propose_when(struct propose *p);
/* Which of two patterns reads the column rightly, and why; NULL: nothing says so. */
const char *propose_when_decide(struct propose *p, size_t column, const char *one,
				const char *other, const char **why);
/* The zone that the column's times are in, as its name or another column says (the caller's), or
 * NULL. *differ: the rows do not say the same, or nothing that is known. */
char *propose_when_zone(struct propose *p, size_t column, bool *differ);

/* ---- the rows that are looked at ---- */

const char *propose_cell_text(const struct propose *p, size_t row, size_t column, size_t *len);
/* How many of the text's first characters are among these; a cell has no NUL at its end. */
size_t propose_span(const char *s, size_t len, const char *accept);
bool propose_cell_same(const struct propose *p, size_t row, size_t other, size_t column);
/* Takes out what is not data: null words and padding in cells, rows that state a total. */
void propose_cells_clean(struct propose *p);

/* Leaves out the rows that are skipped: what is decided after it is decided on the others. */
void propose_cells_skip(struct propose *p);

/* Rows whose cell in this column is the word are skipped. False: there are too many such
 * already. */
bool propose_skip(struct propose *p, size_t column, const char *word, size_t len);

/* ---- people ---- */

/* Marks the columns that would be identities by their names, but whose values name several
 * users. */
void propose_people(struct propose *p);
/* A column about somebody else than the user: an owner, an agent. */
bool propose_not_user(const struct propose *p, const struct propose_column *c);

/* ---- values ---- */

/* The template that makes numbers (or a boolean, by *values) of the column's values, the
 * caller's; NULL: they are as they should be, or nothing helps. */
char *propose_value_number(struct propose *p, size_t column, const struct schema_path *path,
			   const char **why);
/* Whether points in the numbers may be between thousands: three digits follow each. */
bool propose_value_points(const struct propose *p, size_t column);
/* A map of those values that the path takes as they are, the caller's; *left: how many others
 * there are. NULL: there is none, or there are too many. */
char *propose_value_known(struct propose *p, size_t column, const struct schema_path *path,
			  size_t *left);
/* Whether the values begin with the apostrophe that spreadsheets have before digits. */
bool propose_value_quoted(const struct propose *p, size_t column);
char *propose_value_boolean(struct propose *p, size_t column);
/* Whether any of the values has the text in it. */
bool propose_value_has(const struct propose *p, size_t column, const char *text);
/* Whether the column's cells hold lists, and the template that splits them (the caller's; NULL:
 * JSON does not need one). */
bool propose_value_list(struct propose *p, size_t column, char **value, const char **why);
/* Whether they hold JSON objects whose members can be attributes. */
bool propose_value_members(struct propose *p, size_t column, const char *prefix);
/* Whether they hold JSON lists of objects. */
bool propose_value_objects(const struct propose *p, size_t column);
/* A row's cell in a template; NULL: its name cannot be written there. The caller's. */
char *propose_value_row(const struct propose_column *c);
/* Appends "word": "to" to a map's members. */
void propose_value_pair(struct df_buf *out, const char *word, size_t len, const char *to);

/* ---- looking ---- */

/* Fills look, filled and lengthy, once. */
void propose_look(struct propose *p, size_t column);
const char *propose_look_words(enum propose_look look); /* "e-mail addresses", or NULL */
/* What no column is called: "e-mail addresses", or NULL. */
const char *propose_no_name(const struct propose *p, const char *name);
/* How many of the column's values the path takes. Times are not for this. */
size_t propose_suits(struct propose *p, size_t column, const struct schema_path *path);
/* The setting `timestamps` that reads the column's values: the feed's own, if it does. NULL:
 * none does. *other: another pattern that does just as well, or NULL. Where there are no values
 * it is the feed's own. */
const char *propose_time(struct propose *p, size_t column, const char **other);
const char *propose_time_words(const char *timestamps);
/* Whether the column's times are days without a time of day, or say their zone. */
bool propose_time_is_day(struct propose *p, size_t column);
bool propose_time_has_zone(const struct propose *p, size_t column);
/* The template for a time that is not read whole, the caller's, or NULL. */
char *propose_time_value(const struct propose_column *c);
/* A pattern within the feed's range and zone; false: it is not one. */
bool propose_time_open(const struct propose *p, struct time_format *t, const char *format);
/* The time of the row's cell; false: it is empty, or not such a time. */
bool propose_time_read(const struct propose *p, const struct time_format *t, size_t row,
		       size_t column, int64_t *ms);
/* Joins the time of day of another column to the event's date. */
void propose_time_join(struct propose *p);
/* Nine of ten. */
bool propose_most(size_t n, size_t of);

/* ---- writing ---- */
void propose_write_manifest(struct propose *p);

#endif
