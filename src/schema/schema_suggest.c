/* SPDX-License-Identifier: MIT */
/* The known path that is nearest to a name: by letters regardless of case, all of it or its last
 * part alone. */
#include "dropfeed/schema.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

struct search {
	const char *name; /* what was written, cut to DF_DISTANCE_MAX */
	size_t len;
	/* an object was named as a whole, or a key is missing: only what is below is near */
	bool whole;
	unsigned best;
	char path[256];
};

static void offer(struct search *s, unsigned score, const char *path, const char *tail,
		  size_t tail_len)
{
	if (score >= s->best)
		return;
	s->best = score;
	snprintf(s->path, sizeof(s->path), "%s%.*s", path, (int)tail_len, tail);
}

/* A path that is complete. */
static void suggest_path(struct search *s, const char *path)
{
	size_t len = strlen(path);
	if (s->whole) {
		if (len > s->len && s->len > 0 && strncasecmp(path, s->name, s->len) == 0 &&
		    (path[s->len] == '.' || path[s->len - 1] == '.'))
			offer(s, 0, path, "", 0);
		return;
	}
	offer(s, df_distance(path, len, s->name, s->len), path, "", 0);
	const char *dot = strrchr(path, '.');
	if (dot != NULL)
		offer(s, df_distance(dot + 1, strlen(dot + 1), s->name, s->len) + 1, path, "", 0);
}

const char *schema_suggest_field(const struct schema_object *object, const char *word, size_t len,
				 unsigned *score)
{
	const char *best = "";
	*score = UINT_MAX;
	for (size_t i = 0; i < object->n; i++) {
		const char *name = object->fields[i].name;
		unsigned d = df_distance(name, strlen(name), word, len);
		if (d < *score) {
			*score = d;
			best = name;
		}
	}
	return best;
}

/* A path that goes on with a key of the user's choice: what was written after as many dots is
 * taken for that key. */
static void try_keyed(struct search *s, const struct schema_field *field, const char *path)
{
	size_t dots = 0, i = 0, len = strlen(path);
	const char *example = field->type == SCHEMA_OBJECT ? "<name>.consented"
			      : field->type == SCHEMA_KEYS ? "<name>.<key>"
							   : "<name>";
	if (s->whole) {
		if (strncasecmp(path, s->name, len < s->len ? len : s->len) == 0)
			offer(s, 0, path, example, strlen(example));
		return;
	}
	for (const char *p = path; *p != '\0'; p++)
		dots += *p == '.';
	for (; i < s->len && dots > 0; i++)
		dots -= s->name[i] == '.';
	if (dots > 0 || i >= s->len)
		return;

	const char *tail = s->name + i;
	size_t tail_len = s->len - i;
	unsigned score = df_distance(path, len, s->name, i), more = 0;
	if (field->type != SCHEMA_OBJECT) {
		offer(s, score, path, tail, tail_len);
		return;
	}
	const char *dot = memrchr(tail, '.', tail_len);
	if (dot == NULL)
		return;
	size_t key_len = (size_t)(dot - tail) + 1;
	const char *name = schema_suggest_field(field->object, dot + 1, tail_len - key_len, &more);
	char *full = df_format("%.*s%s", (int)key_len, tail, name);
	offer(s, score + more, path, full, strlen(full));
	free(full);
}

static void search_object(struct search *s, const struct schema_object *object, const char *prefix)
{
	for (size_t i = 0; i < object->n; i++) {
		const struct schema_field *field = &object->fields[i];
		char path[192];
		bool keyed = field->shape == SCHEMA_KEYED;
		if (field->flags & SCHEMA_SECRET)
			continue;
		snprintf(path, sizeof(path), "%s%s%s", prefix, field->name,
			 keyed || field->object != NULL ? "."
			 : field->shape == SCHEMA_LIST  ? "[]"
							: "");
		if (keyed)
			try_keyed(s, field, path);
		else if (field->object != NULL)
			search_object(s, field->object, path);
		else
			suggest_path(s, path);
	}
}

/* A purpose of one's own, as consent_state.gdpr takes it: of consent_state.ccpa the only one is
 * meant. */
static bool name_ccpa(const char *name, size_t len, char *out, size_t size)
{
	static const char prefix[] = "consent_state.ccpa.";
	const size_t n = sizeof(prefix) - 1;
	if (len <= n || memcmp(name, prefix, n) != 0)
		return false;
	const char *dot = memrchr(name + n, '.', len - n);
	snprintf(out, size, "%sdata_sale_opt_out%.*s", prefix,
		 dot != NULL ? (int)(name + len - dot) : 0, dot);
	return true;
}

/* A name without dots is a foreign one: it may be a known word, or a field's name with a slip. */
static bool suggest_word(const struct schema_event *event, const char *name, size_t len, char *out,
			 size_t size)
{
	if (len == 0 || memchr(name, '.', len) != NULL)
		return false;

	const struct schema_word *word = schema_word_find(event, name, len);
	if (word != NULL && word->path != NULL)
		snprintf(out, size, "%s", word->path);
	return word != NULL && word->path != NULL;
}

/* The field at a path's end may be known by another word: it has to be in that object. */
static bool suggest_last(const struct schema_event *event, const char *name, size_t len, char *out,
			 size_t size)
{
	const char *dot = memrchr(name, '.', len);
	const size_t head = dot != NULL ? (size_t)(dot - name) + 1 : 0;
	if (head == 0 || head == len)
		return false;

	const struct schema_word *word = schema_word_find(event, dot + 1, len - head);
	if (word == NULL || word->path == NULL || strncmp(word->path, name, head) != 0)
		return false;
	snprintf(out, size, "%s", word->path);
	return true;
}

/* A path into the event lacks its beginning, or the word between events and the field. */
static bool suggest_data(const struct schema_event *event, const char *name, size_t len, char *out,
			 size_t size)
{
	static const char events[] = "events.";
	const size_t n = sizeof(events) - 1;
	struct schema_path path;
	if (event->data == NULL || event->root != NULL || memchr(name, '.', len) == NULL)
		return false;

	const size_t from = len > n && memcmp(name, events, n) == 0 ? n : 0;
	char *full = df_format("events.data.%.*s", (int)(len - from), name + from);
	bool found = schema_path_parse(event, full, strlen(full), &path, NULL) == SCHEMA_PATH_OK;
	if (found)
		snprintf(out, size, "%s", full);
	free(full);
	return found;
}

/* How far a name may be from a path to be taken for a slip. What has no dot is more often a name
 * of its own. */
static unsigned slip(const struct search *s)
{
	size_t len = s->len;
	return (unsigned)(memchr(s->name, '.', len) != NULL ? 2 + len / 3 : 2 + len / 6);
}

void schema_suggest(const struct schema_event *event, const char *name, size_t len, char *out,
		    size_t size)
{
	static const char *const prefixes[] = {"events[].data", "events[0].data"};
	char plain[DF_DISTANCE_MAX + 1];
	struct schema_path ignored;
	if (name_ccpa(name, len, plain, sizeof(plain))) {
		name = plain;
		len = strlen(plain);
	}
	for (size_t i = 0; i < 2; i++) { /* one spelling is searched */
		size_t n = strlen(prefixes[i]);
		if (len < n || memcmp(name, prefixes[i], n) != 0)
			continue;
		snprintf(plain, sizeof(plain), "events.data%.*s",
			 (int)(len - n > DF_DISTANCE_MAX ? DF_DISTANCE_MAX : len - n), name + n);
		name = plain;
		len = strlen(plain);
		break;
	}
	if (suggest_word(event, name, len, out, size) ||
	    suggest_last(event, name, len, out, size) || suggest_data(event, name, len, out, size))
		return;

	struct search s = {
	    .name = name, .len = len > DF_DISTANCE_MAX ? DF_DISTANCE_MAX : len, .best = 1000};
	enum schema_path_result result = schema_path_parse(event, name, s.len, &ignored, NULL);
	s.whole = result == SCHEMA_PATH_WHOLE || result == SCHEMA_PATH_NO_KEY;
	search_object(&s, schema_event_root(event), "");
	if (event->data != NULL)
		search_object(&s, event->data,
			      event->root == NULL ? "events.data."
						  : "audience."); /* schema_event_prefix */
	/* nothing is near: any name does for an attribute */
	if (event->root == NULL && !s.whole && (s.best > slip(&s) || s.best >= s.len))
		snprintf(s.path, sizeof(s.path), "%s%.*s",
			 event->data != NULL ? "events.data.custom_attributes."
					     : "user_attributes.",
			 (int)s.len, name);
	snprintf(out, size, "%s", s.path);
}
