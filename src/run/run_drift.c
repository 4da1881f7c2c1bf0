/* SPDX-License-Identifier: MIT */
/* A document whose columns differ from the feed's last one: somebody changed the export. */
#include "run_document.h"

#include <stdlib.h>

enum {
	SHAPE_MAX = 200,
	NAMES_SHOWN = 8, /* of those that came, and of those that went */
	NAME_SHOWN = 64, /* bytes */
};

/* The name without the numbers in it: what differs from day to day. The caller's. */
static char *shape_of(const char *name)
{
	char *shape = df_format("%.*s", SHAPE_MAX, df_base_name(name)), *to = shape;
	for (const char *p = shape; *p != '\0'; p++) {
		bool digit = *p >= '0' && *p <= '9';
		if (!digit)
			*to++ = *p;
		else if (to == shape || to[-1] != '#')
			*to++ = '#';
	}
	*to = '\0';
	return shape;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Without those that a reject file has in addition. The list is the caller's. */
static const char **names_of(const struct map *map, size_t *n)
{
	size_t columns = map_columns(map), k = 0;
	const char **names = df_alloc((columns + 1) * sizeof(*names));
	for (size_t i = 1; i <= columns; i++) {
		const char *name = map_column_name(map, i);
		if (strncmp(name, "dropfeed.", 9) != 0)
			names[k++] = name;
	}
	if (k > 0)
		qsort((void *)names, k, sizeof(*names), by_text);
	*n = k;
	return names;
}

static void list_names(struct df_buf *out, const char *what, char *const *names, size_t n)
{
	for (size_t i = 0; i < n && i < NAMES_SHOWN; i++) {
		char *name = df_format("%.*s", NAME_SHOWN, names[i]);
		df_utf8_sanitize(name);
		df_buf_addf(out, "%s'%s'", i > 0 ? ", " : what, name);
		free(name);
	}
	if (n > NAMES_SHOWN)
		df_buf_addf(out, " and %zu more", n - NAMES_SHOWN);
}

static void warn(const char *label, const struct ledger_drift *d)
{
	struct df_buf text = {.max = 1 << 16};
	if (d->n_came + d->n_went == 0)
		return;
	list_names(&text, "new: ", d->came, d->n_came);
	list_names(&text, d->n_came > 0 ? "; gone: " : "gone: ", d->went, d->n_went);
	df_log_code(DF_LOG_WARN, "columns-changed",
		    "%s: the columns differ from those of the feed's last document: %s "
		    "[columns-changed]",
		    label, df_buf_cstr(&text));
	df_buf_free(&text);
}

void run_drift(struct run *run, const struct run_columns *what)
{
	const struct map *map = what->map;
	struct df_err err = {0};
	struct ledger_drift drift = {0};
	size_t n = 0;
	if (map == NULL || !map_has_header(map))
		return;
	const char **names = names_of(map, &n);
	char *shape = shape_of(what->name);
	const struct ledger_header h = {.feed = what->feed,
					.event_type = what->event_type,
					.shape = shape,
					.names = names,
					.n = n,
					.now_ms = df_now_ms()};
	if (n > 0 && ledger_header_note(run->env.ledger, &h, &drift, &err) != DF_OK)
		df_log_err(DF_LOG_WARN, &err);
	warn(what->label, &drift);
	ledger_drift_free(&drift);
	free(shape);
	free((void *)names);
}
