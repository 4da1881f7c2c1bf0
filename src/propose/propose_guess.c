/* SPDX-License-Identifier: MIT */
/* Guesses: by a name that is a path, by a name that is a word for one, by the schema's own
 * words, and by the values alone. */
#include "propose_lines.h"
#include "propose_look.h"
#include "propose_offer.h"
#include "propose_time.h"

#include <stdlib.h>

/* ---- names that are paths ---- */

/* In `name`, which the path was read from, the keys are written as in `from`. */
static void restore_keys(const struct schema_path *path, char *name, const char *from)
{
	for (size_t i = 0; i < path->n; i++) {
		const struct schema_step *step = &path->steps[i];
		if (step->field != NULL || step->key == NULL)
			continue;
		size_t at = (size_t)(step->key - name);
		memcpy(name + at, from + at, step->key_len);
	}
}

/* "Events.Data.Event_Name": a path but for the case of its letters. The schema's names have no
 * capitals; keys stay as they are. */
static void try_spelling(struct propose *p, struct propose_column *c, size_t number)
{
	struct schema_path path;
	const char *why_not = "";
	char *name = df_strdup(c->name);
	for (char *s = name; *s != '\0'; s++)
		if (*s >= 'A' && *s <= 'Z')
			*s = (char)(*s + 32);
	bool plain = strchr(name, '.') == NULL && strcmp(name, "mpid") != 0 &&
		     strcmp(name, "environment") != 0;

	if (!plain &&
	    schema_path_parse(p->event, name, strlen(name), &path, NULL) == SCHEMA_PATH_OK &&
	    path.type != SCHEMA_JSON) {
		restore_keys(&path, name, c->name);
		if (!propose_offer_suits(p, number, name, &path, &why_not))
			propose_because(c, "could be %s by its name, but the values are %s", name,
					why_not);
		else if (propose_take(p, c, name))
			propose_because(c, "the name is this path in other letters");
	}
	free(name);
}

/* The name is this path. Times are looked at elsewhere. */
static void take_path(struct propose *p, struct propose_column *c, size_t number,
		      const struct schema_path *path)
{
	/* the batch's own time: the event's is meant */
	if ((path->field->flags & SCHEMA_UNWANTED) != 0)
		return;
	if (!propose_take(p, c, c->name)) {
		propose_because(c, "the name is a path to which another column leads already");
		return;
	}
	if ((path->field->flags & SCHEMA_INSTANT) != 0)
		return;

	size_t suits = propose_suits(p, number, path);
	if (suits * 10 < c->filled * 9 && propose_offer_strip(p, number, path))
		propose_offer_say(p, number, "the values");
	else if (suits < c->filled)
		propose_because(c,
				"%zu of the %zu values looked at do not suit it: "
				"their rows are rejected",
				c->filled - suits, c->filled);
}

static void try_path(struct propose *p, struct propose_column *c, size_t number)
{
	struct schema_path path;
	const struct schema_event *other = NULL;
	switch (schema_path_parse(p->event, c->name, strlen(c->name), &path, &other)) {
	case SCHEMA_PATH_OK:
		take_path(p, c, number, &path);
		return;
	case SCHEMA_PATH_SECRET:
		c->what = PROPOSE_IGNORE;
		propose_because(
		    c, "a secret: set api_key in the feed's settings, and keep it out of files");
		return;
	case SCHEMA_PATH_EVENTLESS:
		c->what = PROPOSE_IGNORE;
		propose_because(c, "belongs to an event, and an eventless document has none");
		return;
	case SCHEMA_PATH_OTHER:
		propose_because(c, "the name is a path of %s documents", other->name);
		return;
	case SCHEMA_PATH_UNKNOWN:
		try_spelling(p, c, number);
		return;
	case SCHEMA_PATH_WHOLE:
	case SCHEMA_PATH_NO_KEY:
		return;
	}
}

/* ---- names that are words ---- */

static bool is_personal(const char *path)
{
	return path == NULL || strncmp(path, "user_", 5) == 0;
}

/* "line_sku" is a product's sku. */
static bool is_of_line(const struct schema_word *word, const char *normal, const char *name,
		       size_t len)
{
	static const char products[] = PROPOSE_ACTION "products.";
	static const char *const heads[] = {"lineitem",  "orderlines",  "orderline", "invoiceitem",
					    "orderitem", "invoiceline", "salesline", "line",
					    "item",      "product",     "article",   "position"};
	if (word->path == NULL || strncmp(word->path, products, strlen(products)) != 0)
		return false;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		size_t n = strlen(heads[i]);
		if (strncmp(normal, heads[i], n) == 0 && strlen(normal + n) == len &&
		    memcmp(normal + n, name, len) == 0)
			return true;
	}
	return false;
}

static void try_name(struct propose *p, const struct schema_word *word, const char *name,
		     size_t len)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct propose_column *c = &p->columns[i];
		if (c->what != PROPOSE_OPEN)
			continue;
		bool same = (strlen(c->normal) == len && memcmp(c->normal, name, len) == 0) ||
			    is_of_line(word, c->normal, name, len);
		if (!same && c->personless != NULL && is_personal(word->path))
			same =
			    strlen(c->personless) == len && memcmp(c->personless, name, len) == 0;
		if (same)
			propose_offer(p, i, word->path);
	}
}

static bool is_of_product(const struct schema_word *word)
{
	static const char products[] = PROPOSE_ACTION "products.";
	return word->path != NULL && strncmp(word->path, products, strlen(products)) == 0;
}

/* A column of which the name is an alias. */
static void try_alias(struct propose *p, const struct schema_word *word, const char *name,
		      size_t len)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct propose_column *c = &p->columns[i];
		bool same = false;
		for (size_t k = 0; k < c->n_aliases && !same; k++) {
			const struct propose_alias *a = &c->aliases[k];
			same = strncmp(a->name, name, len) == 0 && a->name[len] == '\0' &&
			       (a->of != OF_LINE || is_of_product(word)) &&
			       (a->of != OF_PERSON || is_personal(word->path));
		}
		if (same && c->what == PROPOSE_OPEN)
			propose_offer(p, i, word->path);
	}
}

static void try_schema_words(struct propose *p,
			     void (*try_one)(struct propose *p, const struct schema_word *word,
					     const char *name, size_t len))
{
	unsigned where = schema_where(p->event);
	for (size_t i = 0; i < schema_n_words; i++) {
		const struct schema_word *word = &schema_words[i];
		const char *s = word->names;
		if ((word->where & where) == 0)
			continue;
		while (*s != '\0') {
			size_t len = strcspn(s, " ");
			try_one(p, word, s, len);
			s += len + strspn(s + len, " ");
		}
	}
}

/* Fields of an object by their own names, such as os_version. whole: also those of one word. */
static void try_fields(struct propose *p, const struct schema_object *object, const char *prefix,
		       bool whole)
{
	for (size_t i = 0; i < object->n; i++) {
		const struct schema_field *field = &object->fields[i];
		if (field->object != NULL || field->shape != SCHEMA_ONE ||
		    (!whole && strchr(field->name, '_') == NULL))
			continue;
		char *normal = schema_normalize(field->name, strlen(field->name));
		char *path = df_format("%s%s", prefix, field->name);
		struct schema_word word = {.path = path};
		try_name(p, &word, normal, strlen(normal));
		free(path);
		free(normal);
	}
}

static void try_schema(struct propose *p)
{
	static const char *const below[] = {"device_info", "application_info"};
	for (size_t i = 0; i < 2; i++) {
		const struct schema_field *field =
		    schema_field_find(&schema_batch, below[i], strlen(below[i]));
		char *prefix = df_format("%s.", below[i]);
		try_fields(p, field->object, prefix, false);
		free(prefix);
	}
	if (p->event->data == NULL)
		return;

	try_fields(p, p->event->data, "events.data.", true);
	const struct schema_field *action =
	    schema_field_find(p->event->data, "product_action", strlen("product_action"));
	if (action == NULL)
		return;
	const struct schema_field *products =
	    schema_field_find(action->object, "products", strlen("products"));
	try_fields(p, action->object, PROPOSE_ACTION, false);
	try_fields(p, products->object, PROPOSE_ACTION "products.", false);
}

/* ---- values alone ---- */

/* The first column with such values, where nothing has a better claim. */
static void try_values(struct propose *p, const char *path, enum propose_look look)
{
	const char *other;
	for (size_t i = 0; i < p->n && propose_column_at(p, path) == NULL; i++) {
		struct propose_column *c = &p->columns[i];
		if (c->what != PROPOSE_OPEN ||
		    (propose_offer_is_identity(path) && (c->shared || propose_not_user(p, c))))
			continue;
		propose_look(p, i);
		bool fits = look != LOOK_TEXT ? c->look == look
					      : c->filled > 0 && propose_time(p, i, &other) != NULL;
		if (fits && propose_take(p, c, path))
			propose_offer_say(p, i, "the values");
	}
}

void propose_guess(struct propose *p)
{
	for (size_t i = 0; p->has_header && i < p->n; i++)
		if (p->columns[i].what == PROPOSE_OPEN)
			try_path(p, &p->columns[i], i);
	propose_planned(p);
	if (p->has_header) {
		propose_order_name(p);
		try_schema_words(p, try_name);
		try_schema(p);
		try_schema_words(p, try_alias);
	}
	if (!propose_has_id(p))
		try_values(p, "user_identities.email", LOOK_EMAIL);
	if (!p->has_header && p->event->data != NULL)
		try_values(p, PROPOSE_TIME, LOOK_TEXT);
	if (!p->has_header)
		try_values(p, "ip", LOOK_IP);
}
