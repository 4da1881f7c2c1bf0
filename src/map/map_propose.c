/* SPDX-License-Identifier: MIT */
/* Which column of a foreign header goes where. Nothing is certain but paths that are paths already. */
#include "map_propose.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define TIME   "events.data.timestamp_unixtime_ms"
#define ACTION "events.data.product_action."

void propose_because(struct propose_column *c, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *text = NULL;
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	free(c->why);
	c->why = text;
}

const struct propose_column *propose_column_at(const struct map_proposal *p, const char *path)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->columns[i].what == PROPOSE_KEEP && strcmp(p->columns[i].path, path) == 0)
			return &p->columns[i];
	return NULL;
}

/* Whether any column leads to the object, or into it. */
static bool has_part(const struct map_proposal *p, const char *object)
{
	return p->event->data != NULL && map_node_kid(p->roots[1], object) != NULL;
}

/* Takes the path for the column, unless it, or a part or the whole of it, is taken. */
static bool take(struct map_proposal *p, struct propose_column *c, const char *path)
{
	struct map_path parsed;
	if (map_path_parse(p->event, path, strlen(path), &parsed, NULL) != MAP_PATH_OK ||
	    map_tree_add(p->roots[parsed.data], &parsed) == NULL)
		return false;
	c->what = PROPOSE_KEEP;
	c->path = df_strdup(path);
	return true;
}

/* ---- names that are paths ---- */

/* "Events.Data.Event_Name": a path but for the case of its letters. */
static bool take_spelling(struct map_proposal *p, struct propose_column *c)
{
	char near[256];
	map_suggest(p->event, c->name, strlen(c->name), near, sizeof(near));
	if (strcasecmp(near, c->name) != 0 || !take(p, c, near))
		return false;
	propose_because(c, "the name is this path in other letters");
	return true;
}

static void try_path(struct map_proposal *p, struct propose_column *c, size_t number)
{
	struct map_path path;
	const struct map_event *other = NULL;
	switch (map_path_parse(p->event, c->name, strlen(c->name), &path, &other)) {
	case MAP_PATH_OK:
		if ((path.field->flags & MAP_UNWANTED) != 0) /* the batch's own time: the event's is meant */
			return;
		if (take(p, c, c->name)) {
			size_t suits = (path.field->flags & MAP_INSTANT) == 0 ? propose_suits(p, number, &path) : 0;
			if ((path.field->flags & MAP_INSTANT) == 0 && suits < c->filled)
				propose_because(
				    c, "%zu of the %zu values looked at do not suit it: their rows are rejected",
				    c->filled - suits, c->filled);
			return;
		}
		propose_because(c, "the name is a path to which another column leads already");
		return;
	case MAP_PATH_SECRET:
		c->what = PROPOSE_IGNORE;
		propose_because(c, "a secret: set api_key in the feed's settings, and keep it out of files");
		return;
	case MAP_PATH_EVENTLESS:
		c->what = PROPOSE_IGNORE;
		propose_because(c, "belongs to an event, and an eventless document has none");
		return;
	case MAP_PATH_OTHER:
		propose_because(c, "the name is a path of %s documents", other->name);
		return;
	case MAP_PATH_UNKNOWN:
		take_spelling(p, c);
		return;
	case MAP_PATH_WHOLE:
	case MAP_PATH_NO_KEY:
		return;
	}
}

/* ---- names that are words ---- */

/* A path into product_action is no good beside promotions or impressions: a row has one of the three. */
static bool allowed(const struct map_proposal *p, const char *path)
{
	return strncmp(path, ACTION, strlen(ACTION)) != 0 ||
	       (!has_part(p, "promotion_action") && !has_part(p, "product_impressions"));
}

static const char *type_words(const struct map_path *path)
{
	switch (path->type) {
	case MAP_ENUM:
		return "not among the words that it takes";
	case MAP_INTEGER:
		return "not whole numbers";
	case MAP_NUMBER:
		return "not plain numbers (a currency's sign, or commas?)";
	case MAP_BOOLEAN:
		return "not true or false";
	case MAP_UUID:
		return "not UUIDs";
	case MAP_IP:
		return "not IP addresses";
	default:
		return "not such values";
	}
}

/* Do nine of ten values suit? Else *why not. */
static bool suits(struct map_proposal *p, size_t number, const char *path, const struct map_path *parsed,
		  const char **why_not)
{
	struct propose_column *c = &p->columns[number];
	const char *other;
	propose_look(p, number);
	if ((parsed->field->flags & MAP_INSTANT) != 0) {
		*why_not = "not times in any pattern that is known here";
		return propose_time(p, number, &other) != NULL;
	}
	if (strcmp(path, "user_identities.email") == 0 && c->look != LOOK_EMAIL && c->filled > 0) {
		*why_not = "not e-mail addresses";
		return false;
	}
	if (strcmp(path, "user_identities.customer_id") == 0 && c->look == LOOK_BOOLEAN && c->filled > 2) {
		*why_not = "no more than true or false";
		return false;
	}
	*why_not = type_words(parsed);
	return propose_suits(p, number, parsed) * 10 >= c->filled * 9;
}

static void say_guess(struct map_proposal *p, size_t number, const char *from)
{
	struct propose_column *c = &p->columns[number];
	const char *words = propose_look_words(c->look), *other;
	const char *time = strcmp(c->path, TIME) == 0 && c->filled > 0 ? propose_time(p, number, &other) : NULL;
	if (c->filled == 0)
		propose_because(c, "guessed from %s; there were no values to look at", from);
	else if (time != NULL)
		propose_because(c, "guessed from %s; values look like times, %s", from, propose_time_words(time));
	else if (words != NULL)
		propose_because(c, "guessed from %s; values look like %s", from, words);
	else
		propose_because(c, "guessed from %s", from);
}

static void offer(struct map_proposal *p, size_t number, const char *path)
{
	struct propose_column *c = &p->columns[number];
	struct map_path parsed;
	const char *why_not = "";
	if (path == NULL) {
		c->what = PROPOSE_IGNORE;
		propose_because(c, "by its name it had better not leave the house; keep it if that is wrong");
		return;
	}
	if (!allowed(p, path) || map_path_parse(p->event, path, strlen(path), &parsed, NULL) != MAP_PATH_OK)
		return;
	const struct propose_column *first = propose_column_at(p, path);
	if (first != NULL)
		propose_because(c, "could be %s, too, where column %zu leads", path, (size_t)(first - p->columns) + 1);
	else if (!suits(p, number, path, &parsed, &why_not))
		propose_because(c, "could be %s by its name, but the values are %s", path, why_not);
	else if (take(p, c, path))
		say_guess(p, number, "the name");
}

static bool is_personal(const char *path)
{
	return path == NULL || strncmp(path, "user_", 5) == 0;
}

static void try_name(struct map_proposal *p, const struct propose_word *word, const char *name, size_t len)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct propose_column *c = &p->columns[i];
		if (c->what != PROPOSE_OPEN)
			continue;
		bool same = strlen(c->normal) == len && memcmp(c->normal, name, len) == 0;
		if (!same && c->personless != NULL && is_personal(word->path))
			same = strlen(c->personless) == len && memcmp(c->personless, name, len) == 0;
		if (same)
			offer(p, i, word->path);
	}
}

static void try_words(struct map_proposal *p)
{
	unsigned where = propose_where(p->event);
	for (size_t i = 0; i < propose_n_words; i++) {
		const struct propose_word *word = &propose_words[i];
		const char *s = word->names;
		if ((word->where & where) == 0)
			continue;
		while (*s != '\0') {
			size_t len = strcspn(s, " ");
			try_name(p, word, s, len);
			s += len + strspn(s + len, " ");
		}
	}
}

/* Fields of an object by their own names, such as os_version. whole: also those of one word. */
static void try_fields(struct map_proposal *p, const struct map_object *object, const char *prefix, bool whole)
{
	for (size_t i = 0; i < object->n; i++) {
		const struct map_field *field = &object->fields[i];
		if (field->object != NULL || field->shape != MAP_ONE || (!whole && strchr(field->name, '_') == NULL))
			continue;
		char *normal = propose_normalise(field->name, strlen(field->name));
		char *path = df_format("%s%s", prefix, field->name);
		struct propose_word word = {.path = path};
		try_name(p, &word, normal, strlen(normal));
		free(path);
		free(normal);
	}
}

static void try_schema(struct map_proposal *p)
{
	static const char *const below[] = {"device_info", "application_info"};
	for (size_t i = 0; i < 2; i++) {
		const struct map_field *field = map_field_find(&map_batch, below[i], strlen(below[i]));
		char *prefix = df_format("%s.", below[i]);
		try_fields(p, field->object, prefix, false);
		free(prefix);
	}
	if (p->event->data == NULL)
		return;
	try_fields(p, p->event->data, "events.data.", true);
	const struct map_field *action = map_field_find(p->event->data, "product_action", strlen("product_action"));
	if (action == NULL)
		return;
	const struct map_field *products = map_field_find(action->object, "products", strlen("products"));
	try_fields(p, action->object, ACTION, false);
	try_fields(p, products->object, ACTION "products.", false);
}

/* ---- values alone ---- */

static bool has_id(const struct map_node *node)
{
	bool found = node->kind == MAP_NODE_LEAF && (node->flags & MAP_ID) != 0;
	for (size_t i = 0; i < node->n_kids && !found; i++)
		found = has_id(node->kids[i]);
	return found;
}

/* The first column with such values, where nothing has a better claim. */
static void try_values(struct map_proposal *p, const char *path, enum propose_look look)
{
	const char *other;
	for (size_t i = 0; i < p->n && propose_column_at(p, path) == NULL; i++) {
		struct propose_column *c = &p->columns[i];
		if (c->what != PROPOSE_OPEN)
			continue;
		propose_look(p, i);
		bool fits = look != LOOK_TEXT ? c->look == look : c->filled > 0 && propose_time(p, i, &other) != NULL;
		if (fits && take(p, c, path))
			say_guess(p, i, "the values");
	}
}

/* ---- attributes ---- */

/* Half a location is none. */
static void check_locations(struct map_proposal *p)
{
	static const char *const paths[][2] = {{"events.data.location.latitude", "events.data.location.longitude"},
					       {"context.location.latitude", "context.location.longitude"}};
	for (size_t i = 0; i < 4; i++) {
		const struct propose_column *one = propose_column_at(p, paths[i / 2][i % 2]);
		if (one == NULL || propose_column_at(p, paths[i / 2][1 - i % 2]) != NULL)
			continue;
		struct propose_column *c = &p->columns[one - p->columns];
		c->what = PROPOSE_OPEN;
		free(c->path);
		c->path = NULL;
		propose_because(c, "a latitude and a longitude are needed for a location");
	}
}

/* The name as an attribute's, the caller's: without blanks around, within the API's limit. */
static char *attribute_name(const struct propose_column *c, size_t number)
{
	const char *s = c->name;
	size_t len = strlen(s);
	map_cell_trim(&s, &len);
	len = map_utf8_prefix(s, len, MAP_MAX_NAME);
	return len > 0 ? df_strndup(s, len) : df_format("column %zu", number + 1);
}

static void make_attribute(struct map_proposal *p, struct propose_column *c, size_t number, const char *prefix)
{
	char *name = attribute_name(c, number);
	char *path = df_format("%s%s", prefix, name);
	bool taken = take(p, c, path);
	for (int i = 2; i < 10 && !taken; i++) {
		free(path);
		path =
		    df_format("%s%.*s %d", prefix, (int)map_utf8_prefix(name, strlen(name), MAP_MAX_NAME - 2), name, i);
		taken = take(p, c, path);
	}
	if (!taken) {
		c->what = PROPOSE_IGNORE;
		propose_because(c, "there is an attribute of this name already");
	}
	free(path);
	free(name);
}

static void make_attributes(struct map_proposal *p)
{
	bool events = p->event->data != NULL;
	const char *prefix = events ? "events.data.custom_attributes." : "user_attributes.";
	for (size_t i = 0; i < p->n; i++) {
		struct propose_column *c = &p->columns[i];
		if (c->what != PROPOSE_OPEN)
			continue;
		const struct map_node *all =
		    map_node_kid(p->roots[events], events ? "custom_attributes" : "user_attributes");
		if (all == NULL || all->n_kids < MAP_MAX_ATTRIBUTES) {
			make_attribute(p, c, i, prefix);
			continue;
		}
		c->what = PROPOSE_IGNORE;
		propose_because(c, "the API takes %u attributes, and there are as many before this one",
				MAP_MAX_ATTRIBUTES);
	}
}

/* ---- settings, and what is missing ---- */

void propose_setting(struct map_proposal *p, const char *key, const char *value, const char *fmt, ...)
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

static void settle_time(struct map_proposal *p)
{
	const struct propose_column *c = propose_column_at(p, TIME);
	const char *other, *own = p->feed->timestamps != NULL ? p->feed->timestamps : "ms";
	if (p->event->data == NULL)
		return;
	if (c == NULL) {
		df_buf_adds(&p->todo, "no column says when: the API takes the time at which an event arrives\n");
		return;
	}
	size_t number = (size_t)(c - p->columns);
	p->timestamps = propose_time(p, number, &other);
	if (p->timestamps == NULL)
		df_buf_addf(&p->todo,
			    "the times in column %zu are in no pattern that is known here; write one, see "
			    "timestamps in dropfeed.conf(5)\n",
			    number + 1);
	else if (strcmp(p->timestamps, own) != 0)
		propose_setting(p, "timestamps", p->timestamps,
				"so the times in column %zu are written; they are taken for UTC, unless they say "
				"otherwise or `timezone` does",
				number + 1);
	if (p->timestamps != NULL && other != NULL)
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

static void settle_custom(struct map_proposal *p, const char *stem)
{
	if (propose_where(p->event) != PROPOSE_CUSTOM)
		return;
	if (p->feed->event_name == NULL && propose_column_at(p, "events.data.event_name") == NULL)
		propose_setting(p, "event_name", stem[0] != '\0' && plain_words(stem) ? stem : "Imported",
				"no column names the event: choose a name for all of them");
	if (p->feed->event_type == NULL && propose_column_at(p, "events.data.custom_event_type") == NULL)
		propose_setting(p, "event_type", "other",
				"no column has a custom_event_type: navigation, location, search, transaction, "
				"user_content, user_preference, social, other, media or attribution");
}

static void settle_commerce(struct map_proposal *p)
{
	static const char products[] = ACTION "products.";
	bool any = false;
	if (propose_where(p->event) != PROPOSE_COMMERCE)
		return;
	const struct propose_column *order = propose_column_at(p, ACTION "transaction_id");
	bool action = propose_column_at(p, ACTION "action") != NULL || has_part(p, "promotion_action") ||
		      has_part(p, "product_impressions");
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
		propose_setting(
		    p, "fold_products", "yes",
		    "orders take several rows: makes one event of those that differ in their product alone");
}

static void settle_rest(struct map_proposal *p)
{
	size_t nameless = 0;
	bool lengthy = false;
	for (size_t i = 0; i < p->n; i++) {
		const struct propose_column *c = &p->columns[i];
		nameless += p->has_header && c->name[0] == '\0';
		lengthy = lengthy || (c->lengthy && c->what == PROPOSE_KEEP && strstr(c->path, "_attributes.") != NULL);
	}
	if (!has_id(p->roots[0]))
		df_buf_adds(&p->todo, "no column identifies the user: map one to mpid, user_identities.* such as "
				      "user_identities.customer_id, .email or .mobile_number, or a device's ID\n");
	if (nameless > 1 && !p->transform && !p->feed->unknown_columns_warn)
		propose_setting(p, "unknown_columns", "warn", "%zu columns have no name, and are ignored", nameless);
	if (lengthy && !p->feed->limits_truncate)
		propose_setting(p, "limits", "truncate", "an attribute has more than %u characters", MAP_MAX_VALUE);
}

enum df_status map_propose_decide(struct map_proposal *p, const char *stem, struct df_err *err)
{
	for (size_t i = 0; p->has_header && i < p->n; i++)
		if (p->columns[i].what == PROPOSE_OPEN)
			try_path(p, &p->columns[i], i);
	if (p->has_header) {
		try_words(p);
		try_schema(p);
	}
	if (!has_id(p->roots[0]))
		try_values(p, "user_identities.email", LOOK_EMAIL);
	if (!p->has_header && p->event->data != NULL)
		try_values(p, TIME, LOOK_TEXT);
	if (!p->has_header)
		try_values(p, "ip", LOOK_IP);
	check_locations(p);
	make_attributes(p);
	settle_time(p);
	settle_custom(p, stem);
	settle_commerce(p);
	settle_rest(p);
	propose_write_manifest(p);
	return p->manifest.over ? df_fail(DF_REJECT, err, "guideline",
					  "the manifest would be larger than 4 MiB: the header is too large for one")
				: DF_OK;
}

/* ---- life ---- */

/* "Customer City" is a city. */
static char *without_person(const char *normal)
{
	static const char *const persons[] = {"customer", "user",    "member", "contact",
					      "billing",  "profile", "client", "person"};
	for (size_t i = 0; i < sizeof(persons) / sizeof(persons[0]); i++) {
		size_t n = strlen(persons[i]);
		if (strncmp(normal, persons[i], n) == 0 && normal[n] != '\0')
			return df_strdup(normal + n);
	}
	return NULL;
}

static void read_column(struct map_proposal *p, size_t i, const struct rows_cell *cell)
{
	struct propose_column *c = &p->columns[i];
	c->name = !p->has_header    ? df_format("column %zu", i + 1)
		  : cell->p != NULL ? df_strndup(cell->p, cell->len)
				    : df_strdup("");
	c->normal = propose_normalise(c->name, strlen(c->name));
	c->personless = without_person(c->normal);
	if (p->has_header && c->name[0] == '\0') { /* a manifest names a column once */
		bool first = true;
		for (size_t k = 0; k < i && first; k++)
			first = p->columns[k].name[0] != '\0';
		c->what = first ? PROPOSE_IGNORE : PROPOSE_UNLISTED;
		propose_because(c, "it has no name");
	} else if (map_own_column(c->name)) {
		c->what = PROPOSE_UNLISTED;
	}
}

static enum df_status check_header(const struct map_proposal *p, struct df_err *err)
{
	if (p->n == 1 && strpbrk(p->columns[0].name, ";\t") != NULL)
		return df_fail(DF_REJECT, err, "unknown-column",
			       "the header is a single column that holds semicolons or tabs, but fields have to be "
			       "separated by commas; export the file with commas");
	char **names = df_alloc(p->n * sizeof(*names));
	for (size_t i = 0; i < p->n; i++)
		names[i] = p->columns[i].name;
	enum df_status st = map_check_unique(names, p->n, err);
	free(names);
	return st;
}

enum df_status map_propose_open(const struct conf_feed *feed, const char *event_type, bool has_header,
				const struct rows_cell *first, size_t n, struct map_proposal **out, struct df_err *err)
{
	*out = NULL;
	if (n > MAP_MAX_COLUMNS)
		return df_fail(DF_REJECT, err, "guideline", "%zu columns are too many, at most %u are read", n,
			       MAP_MAX_COLUMNS);
	struct map_proposal *p = df_alloc(sizeof(*p));
	p->feed = feed;
	p->bare = *feed;
	p->bare.manifest = p->bare.manifest_text = NULL;
	p->has_header = has_header;
	p->manifest.max = PROPOSE_MAX_TEXT;
	enum df_status st = map_open(&p->bare, event_type, &p->map, err);
	if (st == DF_OK) {
		p->event = p->map->event;
		p->columns = df_alloc(n * sizeof(*p->columns));
		p->n = n;
		for (size_t i = 0; i < n; i++)
			read_column(p, i, &first[i]);
		for (size_t i = 0; i < 2; i++) {
			p->roots[i] = map_node_new(MAP_NODE_OBJECT, NULL, 0);
			p->roots[i]->object = i == 0 ? &map_batch : p->event->data;
			p->roots[i]->path = df_strdup("");
		}
		st = has_header ? check_header(p, err) : DF_OK;
	}
	if (st == DF_OK)
		*out = p;
	else
		map_propose_close(p);
	return st;
}

bool map_propose_row(struct map_proposal *p, const struct rows_cell *cells, size_t n)
{
	if (n != p->n)
		return true;
	p->cells = df_realloc(p->cells, (p->n_rows + 1) * p->n * sizeof(*p->cells));
	for (size_t i = 0; i < n; i++) {
		struct propose_cell *c = &p->cells[p->n_rows * p->n + i];
		size_t len = cells[i].p != NULL ? cells[i].len : 0;
		c->at = p->text.len;
		c->lengthy = map_utf8_prefix(cells[i].p, len, MAP_MAX_VALUE) < len;
		c->kept = len > PROPOSE_KEPT ? PROPOSE_KEPT : len;
		df_buf_add(&p->text, cells[i].p, c->kept);
	}
	p->n_rows++;
	return p->n_rows < PROPOSE_MAX_ROWS && (p->n_rows + 1) * p->n <= PROPOSE_MAX_CELLS;
}

void map_propose_close(struct map_proposal *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->n; i++) {
		free(p->columns[i].name);
		free(p->columns[i].normal);
		free(p->columns[i].personless);
		free(p->columns[i].path);
		free(p->columns[i].why);
	}
	for (size_t i = 0; i < p->n_settings; i++) {
		free(p->settings[i].value);
		free(p->settings[i].why);
	}
	free(p->columns);
	free(p->cells);
	map_node_free(p->roots[0]);
	map_node_free(p->roots[1]);
	df_buf_free(&p->text);
	df_buf_free(&p->todo);
	df_buf_free(&p->manifest);
	map_close(p->map);
	free(p);
}
