/* SPDX-License-Identifier: MIT */
/* What a column's values look like. No more than that is ever said of them. */
#include "propose_look.h"

static const char *const looks[] = {
    NULL, "e-mail addresses", "UUIDs", "IP addresses", "true or false", "whole numbers", "numbers",
    NULL};

const char *propose_look_words(enum propose_look look)
{
	return looks[look];
}

static const struct propose_cell *cell_at(const struct propose *p, size_t row, size_t column)
{
	return &p->cells[row * p->n + column];
}

/* x@y.z */
static bool is_email(const char *s, size_t len)
{
	const char *at = memchr(s, '@', len);
	if (at == NULL || at == s || memchr(s, ' ', len) != NULL)
		return false;
	const char *dot = memrchr(at, '.', (size_t)(s + len - at));
	return dot != NULL && dot > at + 1 && dot + 1 < s + len &&
	       memchr(at + 1, '@', (size_t)(s + len - at - 1)) == NULL;
}

static bool looks_like(const struct propose *p, enum propose_look look, const char *s, size_t len)
{
	static const struct schema_field plain = {.name = ""};
	static const enum schema_type types[] = {[LOOK_UUID] = SCHEMA_UUID,
						 [LOOK_IP] = SCHEMA_IP,
						 [LOOK_BOOLEAN] = SCHEMA_BOOLEAN,
						 [LOOK_INTEGER] = SCHEMA_INTEGER,
						 [LOOK_NUMBER] = SCHEMA_NUMBER};
	return look == LOOK_EMAIL ? is_email(s, len)
				  : map_value_fits(p->map, types[look], &plain, s, len);
}

const char *propose_no_name(const struct propose *p, const char *name)
{
	static const enum propose_look data[] = {LOOK_EMAIL, LOOK_UUID, LOOK_IP};
	for (size_t i = 0; i < 3; i++)
		if (looks_like(p, data[i], name, strlen(name)))
			return looks[data[i]];
	return NULL;
}

void propose_look(struct propose *p, size_t column)
{
	struct propose_column *c = &p->columns[column];
	size_t counts[LOOK_TEXT] = {0}, nobody = 0, kind;
	if (c->looked)
		return;

	c->looked = true;
	for (size_t row = 0; row < p->n_rows; row++) {
		const struct propose_cell *cell = cell_at(p, row, column);
		if (cell->kept == 0)
			continue;
		c->filled++;
		c->lengthy = c->lengthy || cell->lengthy;
		nobody += map_placeholder(p->text.data + cell->at, cell->kept, &kind);
		for (size_t k = LOOK_EMAIL; k < LOOK_TEXT; k++)
			counts[k] += looks_like(p, (enum propose_look)k, p->text.data + cell->at,
						cell->kept);
	}
	c->look = c->filled > 0 ? LOOK_TEXT : LOOK_NOTHING;
	for (size_t k = LOOK_TEXT; c->filled > 0 && k-- > LOOK_EMAIL;)
		if (counts[k] > 0 &&
		    propose_most(counts[k], c->filled - (k <= LOOK_UUID ? nobody : 0)))
			c->look = (enum propose_look)k;
}

size_t propose_suits(struct propose *p, size_t column, const struct schema_path *path)
{
	size_t n = 0;
	propose_look(p, column);
	if (path->type == SCHEMA_STRING || path->type == SCHEMA_STRINGS ||
	    path->type == SCHEMA_JSON)
		return p->columns[column].filled;
	for (size_t row = 0; row < p->n_rows; row++) {
		const struct propose_cell *cell = cell_at(p, row, column);
		if (cell->kept > 0)
			n += map_value_fits(p->map, path->type, path->field,
					    p->text.data + cell->at, cell->kept);
	}
	return n;
}
