/* SPDX-License-Identifier: MIT */
/* propose_time.h - patterns of times, and which column says when */
#ifndef PROPOSE_TIME_H
#define PROPOSE_TIME_H

#include "propose_column.h"

/* The column that says when, where no name was known for one. */
void propose_when(struct propose *p);
/* Which of two patterns reads the column rightly, and why; NULL: nothing says so. */
const char *propose_when_decide(struct propose *p, size_t column, const char *one,
				const char *other, const char **why);
/* The zone that the column's times are in, as its name or another column says (the caller's), or
 * NULL. *differ: the rows do not say the same, or nothing that is known. */
char *propose_when_zone(struct propose *p, size_t column, bool *differ);
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

#endif
