/* SPDX-License-Identifier: MIT */
#include "dropfeed/json.h"

/* After the string that begins there. */
static const char *string_end(const char *p, const char *end)
{
	const char *from = p + 1;
	for (p = from; p < end; p++) {
		p = memchr(p, '"', (size_t)(end - p));
		if (p == NULL)
			return end;
		const char *back = p;
		while (back > from && back[-1] == '\\')
			back--;
		if ((p - back) % 2 == 0)
			return p + 1;
	}
	return end;
}

/* After the object or list that begins there. */
static const char *nested_end(const char *p, const char *end)
{
	size_t depth = 0;
	while (p < end) {
		if (*p == '"') {
			p = string_end(p, end);
			continue;
		}
		depth += *p == '{' || *p == '[';
		depth -= *p == '}' || *p == ']';
		p++;
		if (depth == 0)
			break;
	}
	return p;
}

static const char *value_end(const char *p, const char *end)
{
	if (p < end && *p == '"')
		return string_end(p, end);
	if (p < end && (*p == '{' || *p == '['))
		return nested_end(p, end);
	while (p < end && *p != ',' && *p != '}' && *p != ']')
		p++;
	return p;
}

const char *json_string_end(const char *p, const char *end)
{
	return string_end(p, end);
}

const char *json_value_end(const char *p, const char *end)
{
	return value_end(p, end);
}

struct json_walk json_walk_members(const char *p, size_t len)
{
	return (struct json_walk){.p = p, .end = p + len, .names = true};
}

struct json_walk json_walk_into(struct json_text value)
{
	bool filled = value.len >= 2 && (value.p[0] == '{' || value.p[0] == '[');
	if (!filled)
		return (struct json_walk){0};
	return (struct json_walk){
	    .p = value.p + 1, .end = value.p + value.len - 1, .names = value.p[0] == '{'};
}

static inline bool walk_name(struct json_walk *w, struct json_text *name)
{
	if (w->p < w->end && *w->p == ',')
		w->p++;
	if (w->p >= w->end || *w->p == '}' || *w->p == ']')
		return false;
	*name = (struct json_text){0};
	if (w->names) {
		const char *end = string_end(w->p, w->end);
		*name = (struct json_text){w->p + 1, (size_t)(end - w->p) - 2};
		w->p = end < w->end ? end + 1 : end; /* the colon */
	}
	return true;
}

static inline struct json_text walk_value(struct json_walk *w)
{
	const char *end = value_end(w->p, w->end);
	struct json_text value = {w->p, (size_t)(end - w->p)};
	w->p = end;
	return value;
}

bool json_walk_name(struct json_walk *w, struct json_text *name)
{
	return walk_name(w, name);
}

struct json_text json_walk_value(struct json_walk *w)
{
	return walk_value(w);
}

bool json_walk_next(struct json_walk *w, struct json_text *name, struct json_text *value)
{
	if (!walk_name(w, name))
		return false;
	*value = walk_value(w);
	return true;
}

bool json_walk_down(struct json_walk *w, struct json_walk *inner)
{
	bool nested = w->p < w->end && (*w->p == '{' || *w->p == '[');
	if (nested)
		*inner = (struct json_walk){.p = w->p + 1, .end = w->end, .names = *w->p == '{'};
	else
		walk_value(w);
	return nested;
}

void json_walk_up(struct json_walk *w, const struct json_walk *inner)
{
	w->p = inner->p < w->end ? inner->p + 1 : w->end;
}

struct json_text json_find(struct json_walk members, const char *wanted)
{
	struct json_text name, value;
	while (json_walk_next(&members, &name, &value))
		if (json_text_is(name, wanted))
			return value;
	return (struct json_text){0};
}

struct json_text json_string(struct json_text value)
{
	if (value.len < 2 || value.p[0] != '"')
		return (struct json_text){0};
	return (struct json_text){value.p + 1, value.len - 2};
}
