/* SPDX-License-Identifier: MIT */
/* May a column lead there? Its values have to suit the path. */
#include "propose_offer.h"
#include "propose_look.h"
#include "propose_names.h"
#include "propose_time.h"
#include "propose_value.h"

#include <stdlib.h>

/* A path into product_action does not fit beside promotions or impressions: a row has one of the
 * three. */
static bool allowed(const struct propose *p, const char *path)
{
	return strncmp(path, PROPOSE_ACTION, strlen(PROPOSE_ACTION)) != 0 ||
	       (!propose_has_part(p, "promotion_action") &&
		!propose_has_part(p, "product_impressions"));
}

static const char *type_words(const struct schema_path *path)
{
	switch (path->type) {
	case SCHEMA_ENUM:
		return "not among the words that it takes";
	case SCHEMA_INTEGER:
		return "not whole numbers";
	case SCHEMA_NUMBER:
		return "not plain numbers (a currency's sign, or commas?)";
	case SCHEMA_BOOLEAN:
		return "not true or false";
	case SCHEMA_UUID:
		return "not UUIDs";
	case SCHEMA_IP:
		return "not IP addresses";
	default:
		return "not such values";
	}
}

bool propose_offer_strip(struct propose *p, size_t number, const struct schema_path *parsed)
{
	struct propose_column *c = &p->columns[number];
	const char *why = NULL;
	if (!p->has_header)
		return false;
	if (parsed->type == SCHEMA_BOOLEAN)
		c->values = propose_value_boolean(p, number);
	else if (parsed->type == SCHEMA_NUMBER || parsed->type == SCHEMA_INTEGER)
		c->value = propose_value_number(p, number, parsed, &why);
	if (why != NULL)
		propose_because(c, "values look like %s", why);
	p->transform = p->transform || c->values != NULL || c->value != NULL;
	return c->values != NULL || c->value != NULL;
}

bool propose_offer_suits(struct propose *p, size_t number, const char *path,
			 const struct schema_path *parsed, const char **why_not)
{
	struct propose_column *c = &p->columns[number];
	const char *other;
	propose_look(p, number);
	if ((parsed->field->flags & SCHEMA_INSTANT) != 0) {
		*why_not = "not times in any pattern that is known here";
		return propose_time(p, number, &other) != NULL;
	}
	if (strcmp(path, "user_identities.email") == 0 && c->look != LOOK_EMAIL && c->filled > 0) {
		*why_not = "not e-mail addresses";
		return false;
	}
	if (strcmp(path, "user_identities.customer_id") == 0 && c->look == LOOK_BOOLEAN &&
	    c->filled > 2) {
		*why_not = "no more than true or false";
		return false;
	}

	*why_not = type_words(parsed);
	return propose_suits(p, number, parsed) * 10 >= c->filled * 9 ||
	       propose_offer_strip(p, number, parsed);
}

void propose_offer_say(struct propose *p, size_t number, const char *from)
{
	struct propose_column *c = &p->columns[number];
	const char *words = propose_look_words(c->look), *other;
	if (c->value != NULL || c->values != NULL) {
		char *clean =
		    df_strdup(c->why != NULL ? c->why : "values are words for true or false");
		propose_because(c, "guessed from %s; %s", from, clean);
		free(clean);
		return;
	}

	const char *time = propose_column_at(p, PROPOSE_TIME) == c && c->filled > 0
			       ? propose_time(p, number, &other)
			       : NULL;
	if (c->filled == 0)
		propose_because(c, "guessed from %s; there were no values to look at", from);
	else if (time != NULL && other == NULL)
		propose_because(c, "guessed from %s; values look like times, %s", from,
				propose_time_words(time));
	else if (time != NULL)
		propose_because(c, "guessed from %s; values look like times", from);
	else if (words != NULL)
		propose_because(c, "guessed from %s; values look like %s", from, words);
	else
		propose_because(c, "guessed from %s", from);
}

bool propose_offer_is_identity(const char *path)
{
	return strcmp(path, "mpid") == 0 ||
	       strncmp(path, "user_identities.", strlen("user_identities.")) == 0;
}

/* Every row needs a custom_event_type: words of which some are such become a map, to be
 * completed. */
static bool complete(struct propose *p, size_t number, const char *path,
		     const struct schema_path *parsed)
{
	struct propose_column *c = &p->columns[number];
	size_t left = 0;
	if (!p->has_header || strcmp(path, "events.data.custom_event_type") != 0 ||
	    p->feed->map.event_type != NULL)
		return false;
	c->values = propose_value_known(p, number, parsed, &left);
	if (c->values == NULL)
		return false;
	p->transform = true;
	propose_because(c, "%zu of the words are not among those that it takes", left);
	df_buf_addf(&p->todo,
		    "complete the values of column %zu: %zu word%s not listed, and rows with them "
		    "are rejected; write "
		    "\"their word\": \"type\", as in \"login\": \"other\"\n",
		    number + 1, left, left == 1 ? " is" : "s are");
	return true;
}

/* "amount_cents" is a hundred times an amount. */
static void turn_cents(struct propose *p, struct propose_column *c, const struct schema_path *path)
{
	if (path->type != SCHEMA_NUMBER || c->value != NULL || c->look != LOOK_INTEGER ||
	    !p->has_header || !propose_names_word(c, "cents cent minor pence centimes"))
		return;
	c->value = df_strdup("{{ value | divided_by: 100.0 }}");
	p->transform = true;
	propose_because(c, "the name says that they are cents");
}

static void take(struct propose *p, size_t number, const char *path,
		 const struct schema_path *parsed)
{
	struct propose_column *c = &p->columns[number];
	turn_cents(p, c, parsed);
	if (propose_take(p, c, path))
		propose_offer_say(p, number, "the name");
	else
		propose_release(c);
}

void propose_offer(struct propose *p, size_t number, const char *path)
{
	struct propose_column *c = &p->columns[number];
	struct schema_path parsed;
	const char *why_not = "";
	if (path == NULL) {
		c->what = PROPOSE_IGNORE;
		propose_because(
		    c, "ignored: the name suggests sensitive data; keep it if that is wrong");
		return;
	}
	if (!allowed(p, path) ||
	    schema_path_parse(p->event, path, strlen(path), &parsed, NULL) != SCHEMA_PATH_OK)
		return;
	const struct propose_column *first = propose_column_at(p, path);
	if (c->shared && propose_offer_is_identity(path))
		return;

	if (first != NULL)
		propose_because(c, "could be %s, too, where column %zu leads", path,
				(size_t)(first - p->columns) + 1);
	else if (!propose_offer_suits(p, number, path, &parsed, &why_not) &&
		 !complete(p, number, path, &parsed))
		propose_because(c, "could be %s by its name, but the values are %s", path, why_not);
	else
		take(p, number, path, &parsed);
}
