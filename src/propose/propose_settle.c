/* SPDX-License-Identifier: MIT */
/* What the proposal needs beside itself: settings, and what only a person can add. */
#include "propose_priv.h"

#include <stdio.h>
#include <stdlib.h>

static void DF_PRINTF(4, 5) settle_add(struct propose *p, const char *key, const char *value, const char *fmt, ...)
{
	va_list ap;
	struct propose_setting *s = &p->settings[p->n_settings++];
	va_start(ap, fmt);
	if (vasprintf(&s->why, fmt, ap) < 0)
		abort();
	va_end(ap);
	s->key = key;
	s->value = df_strdup(value);
}

/* The event's time, or else the first of the others, such as that of a consent: one setting reads them all. */
static const struct propose_column *time_column(const struct propose *p)
{
	const struct propose_column *c = propose_column_at(p, PROPOSE_TIME);
	for (size_t i = 0; i < p->n && c == NULL; i++) {
		const struct propose_column *o = &p->columns[i];
		struct schema_path path;
		if (o->what == PROPOSE_KEEP &&
		    schema_path_parse(p->event, o->path, strlen(o->path), &path, NULL) == SCHEMA_PATH_OK &&
		    (path.field->flags & SCHEMA_INSTANT) != 0)
			c = o;
	}
	return c;
}

static void settle_time(struct propose *p)
{
	const struct propose_column *c = time_column(p);
	const char *other, *own = p->feed->timestamps != NULL ? p->feed->timestamps : "ms";
	if (p->event->data != NULL && propose_column_at(p, PROPOSE_TIME) == NULL)
		df_buf_adds(&p->todo, "no column says when: the API takes the time at which an event arrives\n");
	if (c == NULL)
		return;
	size_t number = (size_t)(c - p->columns);
	const char *timestamps = propose_time(p, number, &other);
	if (timestamps == NULL)
		df_buf_addf(&p->todo,
			    "the times in column %zu are in no pattern that is known here; write one, see timestamps "
			    "in dropfeed.conf(5)\n",
			    number + 1);
	else if (strcmp(timestamps, own) != 0)
		settle_add(p, "timestamps", timestamps,
			   "so the times in column %zu are written; they are taken for UTC, unless they say "
			   "otherwise or `timezone` does",
			   number + 1);
	if (timestamps != NULL && other != NULL)
		df_buf_addf(&p->todo,
			    "the times looked at could be %s as well: nobody can tell day and month apart; ask\n",
			    other);
}

static bool plain_words(const char *s)
{
	for (; *s != '\0'; s++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_- ", *s) == NULL)
			return false;
	return true;
}

static void settle_custom(struct propose *p, const char *stem)
{
	if (schema_where(p->event) != SCHEMA_IN_CUSTOM)
		return;
	if (p->feed->event_name == NULL && propose_column_at(p, "events.data.event_name") == NULL)
		settle_add(p, "event_name", stem[0] != '\0' && plain_words(stem) ? stem : "Imported",
			   "no column names the event: choose a name for all of them");
	if (p->feed->event_type == NULL && propose_column_at(p, "events.data.custom_event_type") == NULL)
		settle_add(p, "event_type", "other",
			   "no column has a custom_event_type: navigation, location, search, transaction, "
			   "user_content, user_preference, social, other, media or attribution");
}

static void settle_commerce(struct propose *p)
{
	static const char products[] = PROPOSE_ACTION "products.";
	bool any = false;
	if (schema_where(p->event) != SCHEMA_IN_COMMERCE)
		return;
	const struct propose_column *order = propose_column_at(p, PROPOSE_ACTION "transaction_id");
	bool action = propose_column_at(p, PROPOSE_ACTION "action") != NULL ||
		      propose_has_part(p, "promotion_action") || propose_has_part(p, "product_impressions");
	for (size_t i = 0; i < p->n && !any; i++)
		any =
		    p->columns[i].what == PROPOSE_KEEP && strncmp(p->columns[i].path, products, strlen(products)) == 0;
	if (!action && p->has_header)
		p->transform = true;
	else if (!action)
		df_buf_adds(&p->todo,
			    "no column has the product_action.action, such as purchase, and a manifest for files "
			    "without a header cannot say it for all rows: have the sender add the column\n");
	if (order != NULL && any && !p->feed->fold_products && propose_repeats(p, (size_t)(order - p->columns)))
		settle_add(p, "fold_products", "yes",
			   "orders take several rows: makes one event of those that differ in their product alone");
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
		lengthy = lengthy || (c->lengthy && c->what == PROPOSE_KEEP && strstr(c->path, "_attributes.") != NULL);
	}
	if (!propose_has_id(p))
		df_buf_adds(&p->todo, "no column identifies the user: map one to mpid, user_identities.* such as "
				      "user_identities.customer_id, .email or .mobile_number, or a device's ID\n");
	if (nameless > 1 && !p->transform && !p->feed->unknown_columns_warn)
		settle_add(p, "unknown_columns", "warn", "%zu columns have no name, and are ignored", nameless);
	if (lengthy && !p->feed->limits_truncate)
		settle_add(p, "limits", "truncate", "an attribute has more than %u characters", MAP_MAX_VALUE);
}

void propose_settle(struct propose *p, const char *stem)
{
	settle_time(p);
	settle_custom(p, stem);
	settle_commerce(p);
	settle_rest(p);
}
