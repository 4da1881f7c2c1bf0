/* SPDX-License-Identifier: MIT */
/* A column's path, reason and cells, and what is noted for the manifest: what all other files of
 * the room use. */
#include "propose_column.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- paths ---- */

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

/* user_identities.customerid and .customer_id are one place. */
static bool same_place(const struct schema_path *a, const struct schema_path *b)
{
	bool same = a->data == b->data && a->n == b->n;
	for (size_t i = 0; i < a->n && same; i++) {
		const struct schema_step *x = &a->steps[i], *y = &b->steps[i];
		same = x->field == y->field && x->key_len == y->key_len && x->index == y->index &&
		       (x->key_len == 0 || memcmp(x->key, y->key, x->key_len) == 0);
	}
	return same;
}

const struct propose_column *propose_column_at(const struct propose *p, const char *path)
{
	struct schema_path wanted, got;
	if (schema_path_parse(p->event, path, strlen(path), &wanted, NULL) != SCHEMA_PATH_OK)
		return NULL;
	for (size_t i = 0; i < p->n; i++) {
		const struct propose_column *c = &p->columns[i];
		if (c->what == PROPOSE_KEEP &&
		    schema_path_parse(p->event, c->path, strlen(c->path), &got, NULL) ==
			SCHEMA_PATH_OK &&
		    same_place(&wanted, &got))
			return c;
	}
	return NULL;
}

bool propose_has_part(const struct propose *p, const char *object)
{
	return map_taken_any(p->taken, true, object);
}

bool propose_has_id(const struct propose *p)
{
	return map_taken_id(p->taken);
}

bool propose_take(struct propose *p, struct propose_column *c, const char *path)
{
	struct schema_path parsed;
	if (schema_path_parse(p->event, path, strlen(path), &parsed, NULL) != SCHEMA_PATH_OK ||
	    !map_taken_add(p->taken, &parsed))
		return false;
	c->what = PROPOSE_KEEP;
	c->path = df_strdup(path);
	return true;
}

void propose_release(struct propose_column *c)
{
	c->what = PROPOSE_OPEN;
	free(c->path);
	free(c->value);
	free(c->values);
	c->path = c->value = c->values = NULL;
}

/* ---- cells ---- */

const char *propose_cell_text(const struct propose *p, size_t row, size_t column, size_t *len)
{
	const struct propose_cell *cell = &p->cells[row * p->n + column];
	*len = cell->kept;
	return cell->kept > 0 ? p->text.data + cell->at : "";
}

bool propose_cell_same(const struct propose *p, size_t row, size_t other, size_t column)
{
	size_t a_len, b_len;
	const char *a = propose_cell_text(p, row, column, &a_len),
		   *b = propose_cell_text(p, other, column, &b_len);
	return a_len == b_len && memcmp(a, b, a_len) == 0;
}

bool propose_most(size_t n, size_t of)
{
	return n * 10 >= of * 9;
}

size_t propose_span(const char *s, size_t len, const char *accept)
{
	size_t n = 0;
	while (n < len && s[n] != '\0' && strchr(accept, s[n]) != NULL)
		n++;
	return n;
}

/* ---- notes ---- */

void propose_set(struct propose *p, const char *key, const char *value, const char *fmt, ...)
{
	va_list ap;
	if (p->n_settings == PROPOSE_MAX_SETTINGS)
		return;
	struct propose_setting *s = &p->settings[p->n_settings++];
	va_start(ap, fmt);
	if (vasprintf(&s->why, fmt, ap) < 0)
		abort();
	va_end(ap);
	s->key = df_strdup(key);
	s->value = df_strdup(value);
}

void propose_leave(struct propose *p, const char *path, const char *what)
{
	if (p->n_gaps < PROPOSE_MAX_GAPS)
		p->gaps[p->n_gaps++] = (struct propose_gap){path, what};
}

bool propose_skip(struct propose *p, size_t column, const char *word, size_t len)
{
	if (p->n_skips == PROPOSE_MAX_SKIPS)
		return false;
	p->skips[p->n_skips++] = (struct propose_skip){column, df_strndup(word, len)};
	return true;
}

bool propose_setting(const struct propose *p, size_t i, const char **key, const char **value)
{
	if (i >= p->n_settings)
		return false;
	*key = p->settings[i].key;
	*value = p->settings[i].value;
	return true;
}

const char *propose_manifest(struct propose *p)
{
	return df_buf_cstr(&p->manifest);
}
