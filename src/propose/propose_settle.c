/* SPDX-License-Identifier: MIT */
/* What the proposal needs beside itself: settings, and what only a person can add. */
#include "propose_look.h"
#include "propose_step.h"
#include "propose_time.h"
#include "propose_value.h"

#include <stdlib.h>

/* The event's time, or else the first of the others, such as that of a consent: one setting
 * reads them all. */
static const struct propose_column *time_column(const struct propose *p)
{
	const struct propose_column *c = propose_column_at(p, PROPOSE_TIME);
	for (size_t i = 0; i < p->n && c == NULL; i++) {
		const struct propose_column *o = &p->columns[i];
		struct schema_path path;
		if (o->what == PROPOSE_KEEP &&
		    schema_path_parse(p->event, o->path, strlen(o->path), &path, NULL) ==
			SCHEMA_PATH_OK &&
		    (path.field->flags & SCHEMA_INSTANT) != 0)
			c = o;
	}
	return c;
}

/* Times that are not read whole need a template; one in JSON has to be seen to by hand. */
static void settle_cuts(struct propose *p)
{
	for (size_t i = 0; i < p->n; i++) {
		struct propose_column *c = &p->columns[i];
		struct schema_path path;
		if (c->what != PROPOSE_KEEP || c->cut == 0 || c->value != NULL ||
		    schema_path_parse(p->event, c->path, strlen(c->path), &path, NULL) !=
			SCHEMA_PATH_OK ||
		    (path.field->flags & SCHEMA_INSTANT) == 0)
			continue;
		c->value = propose_time_value(c);
		p->transform = true;
	}
}

static void note_points(struct propose *p)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct propose_column *c = &p->columns[i];
		propose_look(p, i);
		if (c->what == PROPOSE_KEEP && c->value == NULL && c->look == LOOK_NUMBER &&
		    p->feed->rows.delimiter == ';' && propose_value_points(p, i))
			df_buf_addf(
			    &p->todo,
			    "three digits follow each point in column %zu: if points are between "
			    "thousands, add "
			    "\"value\": \"{{ value | remove: '.' }}\" in a field transformation\n",
			    i + 1);
	}
}

/* Times without a zone are in the one that the column's name or another column says. False:
 * which one cannot be said. */
static bool settle_zone(struct propose *p, size_t column, const char *timestamps)
{
	const char *own = p->feed->map.timezone;
	bool differ = false;
	bool zoned = timestamps[0] == '%' ? strstr(timestamps, "%z") != NULL
					  : propose_time_has_zone(p, column);
	if ((own != NULL && strcmp(own, "UTC") != 0) || zoned ||
	    strstr(timestamps, "UTC") != NULL || strstr(timestamps, "GMT") != NULL)
		return true;
	char *zone = propose_when_zone(p, column, &differ);
	if (!differ)
		propose_set(p, "timezone", zone != NULL ? zone : "UTC",
			    zone != NULL ? "the zone of the times in column %zu, as the file says"
					 : "the times in column %zu do not say their zone: write "
					   "the system's, such as Europe/Berlin",
			    column + 1);
	free(zone);
	return !differ;
}

static void set_timestamps(struct propose *p, size_t column, const char *timestamps,
			   const char *why)
{
	const char *own = p->feed->map.timestamps != NULL ? p->feed->map.timestamps : "ms";
	if (strcmp(timestamps, own) == 0)
		return;
	if (!settle_zone(p, column, timestamps))
		df_buf_addf(&p->todo,
			    "the rows name several time zones, or one that is not known here: "
			    "until the setting `timestamps = %s` and a `timezone` are given, rows "
			    "are rejected\n",
			    timestamps);
	else
		propose_set(p, "timestamps", timestamps,
			    "so the times in column %zu are written%s%s", column + 1,
			    why != NULL ? ": " : "", why != NULL ? why : "");
}

/* Nothing is sent at a time of which the file has a better one. */
static void settle_no_time(struct propose *p)
{
	if (!p->has_header || !p->saw_when) {
		df_buf_adds(
		    &p->todo,
		    "no column says when: the API takes the time at which an event arrives\n");
		return;
	}
	df_buf_adds(
	    &p->todo,
	    "no column says when in a way that is known here: write the one that does where "
	    "it says TO BE COMPLETED, with a pattern (timestamps), or remove that line, and "
	    "the API takes the time at which an event arrives\n");
	propose_leave(p, PROPOSE_TIME, "the column that says when");
}

static void settle_time(struct propose *p)
{
	const struct propose_column *c = time_column(p);
	const char *other, *why = NULL;
	if (p->event->data != NULL && propose_column_at(p, PROPOSE_TIME) == NULL)
		settle_no_time(p);
	if (c == NULL)
		return;

	size_t number = (size_t)(c - p->columns);
	const char *timestamps = propose_time(p, number, &other), *first = timestamps;
	if (timestamps != NULL && other != NULL)
		timestamps = propose_when_decide(p, number, timestamps, other, &why);
	if (timestamps != NULL)
		set_timestamps(p, number, timestamps, why);
	else if (first != NULL)
		df_buf_addf(&p->todo,
			    "the times in column %zu could be %s, and %s as well: nothing in the "
			    "rows says which is the day and which the month; ask, and set "
			    "`timestamps` to one of them: until then rows are rejected\n",
			    number + 1, first, other);
	else
		df_buf_addf(&p->todo,
			    "the times in column %zu are in no pattern that is known here; write "
			    "one, see timestamps "
			    "in dropfeed.conf(5)\n",
			    number + 1);
}

static bool plain_words(const char *s)
{
	for (; *s != '\0'; s++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_- ",
			   *s) == NULL)
			return false;
	return true;
}

/* Is a column for it, with a value in each row? Else a setting is needed for the others. */
static bool in_each_row(const struct propose *p, const char *path)
{
	const struct propose_column *c = propose_column_at(p, path);
	return c != NULL && (c->filled == p->n_rows || p->n_rows == 0 || c->member);
}

static void settle_custom(struct propose *p, const char *stem)
{
	if (schema_where(p->event) != SCHEMA_IN_CUSTOM)
		return;
	if (p->feed->map.event_name == NULL && !in_each_row(p, "events.data.event_name"))
		propose_set(
		    p, "event_name", stem[0] != '\0' && plain_words(stem) ? stem : "Imported",
		    "no column names the event, or not in each row: choose a name for them");
	if (p->feed->map.event_type == NULL && !in_each_row(p, "events.data.custom_event_type"))
		propose_set(
		    p, "event_type", "other",
		    "no column has a custom_event_type, or not in each row: navigation, location, "
		    "search, transaction, user_content, user_preference, social, other, media or "
		    "attribution");
}

/* Identities that name nobody are noticed; what becomes of them is a setting. */
static void note_placeholders(struct propose *p, size_t column)
{
	const struct propose_column *c = &p->columns[column];
	struct schema_path path;
	size_t n = 0, len, kind;
	if (c->what != PROPOSE_KEEP || c->member ||
	    schema_path_parse(p->event, c->path, strlen(c->path), &path, NULL) != SCHEMA_PATH_OK ||
	    (path.field->flags & SCHEMA_ID) == 0)
		return;
	for (size_t row = 0; row < p->n_rows; row++) {
		const char *s = propose_cell_text(p, row, column, &len);
		n += len > 0 && map_placeholder(s, len, &kind);
	}
	if (n > 0 && p->feed->map.placeholder_ids != CONF_PLACEHOLDER_KEEP)
		df_buf_addf(
		    &p->remarks,
		    "%zu of the values of column %zu identify nobody, and %s (placeholder_ids)\n",
		    n, column + 1,
		    p->feed->map.placeholder_ids == CONF_PLACEHOLDER_REJECT ? "reject their rows"
									    : "count as empty");
}

static void settle_rest(struct propose *p)
{
	size_t nameless = 0;
	bool lengthy = false;
	for (size_t i = 0; i < p->n; i++) {
		const struct propose_column *c = &p->columns[i];
		nameless += p->has_header && c->name[0] == '\0';
		if (c->what == PROPOSE_KEEP)
			propose_look(p, i);
		lengthy = lengthy || (c->lengthy && c->what == PROPOSE_KEEP &&
				      strstr(c->path, "_attributes.") != NULL);
	}

	for (size_t i = 0; i < p->n; i++)
		note_placeholders(p, i);
	if (!propose_has_id(p))
		df_buf_adds(
		    &p->todo,
		    "no column identifies the user: map one to mpid, user_identities.* such as "
		    "user_identities.customer_id, .email or .mobile_number, or a device's ID\n");
	if (nameless > 1 && !p->transform && !p->feed->map.unknown_columns_warn)
		propose_set(p, "unknown_columns", "warn",
			    "%zu columns have no name, and are ignored", nameless);
	if (lengthy && !p->feed->map.limits_truncate)
		propose_set(p, "limits", "truncate", "an attribute has more than %u characters",
			    MAP_MAX_VALUE);
}

void propose_settle(struct propose *p, const char *stem)
{
	settle_time(p);
	settle_cuts(p);
	note_points(p);
	settle_custom(p, stem);
	settle_rest(p);
}
