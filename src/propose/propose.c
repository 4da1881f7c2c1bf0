/* SPDX-License-Identifier: MIT */
/* Which column of a foreign header goes where. Nothing is certain but paths that are paths
 * already. */
#include "propose_lines.h"
#include "propose_look.h"
#include "propose_names.h"
#include "propose_step.h"
#include "propose_time.h"

#include <stdlib.h>

enum df_status propose_decide(struct propose *p, const char *stem, struct df_err *err)
{
	propose_cells_clean(p);
	propose_people(p);
	propose_guess(p);
	propose_locations(p);
	propose_when(p);
	propose_time_join(p);
	propose_guests(p);
	propose_amounts(p);
	propose_total_check(p);
	propose_money(p);
	propose_status_flags(p);
	propose_action(p);
	propose_cells_skip(p);
	propose_order(p);
	propose_attributes(p);
	propose_settle(p, stem);
	propose_write_manifest(p);
	return p->manifest.over
		   ? df_fail(
			 DF_REJECT, err, "guideline",
			 "the manifest would be larger than 4 MiB: the header is too large for one")
		   : DF_OK;
}

/* ---- life ---- */

/* "Customer City" is a city. */
static char *without_person(const char *normal)
{
	static const char *const persons[] = {
	    "customer", "user",   "member",     "contact",   "billing",   "billto",    "profile",
	    "client",   "person", "guest",      "pax",       "passenger", "requester", "kunde",
	    "kunden",   "buyer",  "subscriber", "invitee",   "attendee",  "reviewer",  "lead",
	    "cliente",  "klant",  "shopper",    "purchaser", "visitor"};
	for (size_t i = 0; i < sizeof(persons) / sizeof(persons[0]); i++) {
		size_t n = strlen(persons[i]);
		if (strncmp(normal, persons[i], n) == 0 && normal[n] != '\0')
			return df_strdup(normal + n);
	}
	return NULL;
}

static void read_column(struct propose *p, size_t i, const struct rows_cell *cell)
{
	struct propose_column *c = &p->columns[i];
	c->name = !p->has_header    ? df_format("column %zu", i + 1)
		  : cell->p != NULL ? df_strndup(cell->p, cell->len)
				    : df_strdup("");
	c->normal = schema_normalize(c->name, strlen(c->name));
	c->personless = without_person(c->normal);
	propose_names_read(c);
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

/* Columns that append to a list may share their name, but a manifest lists a name once: such
 * names have to be paths, which need not be listed. */
static enum df_status check_repeated(struct propose *p, size_t number, struct df_err *err)
{
	const char *name = p->columns[number].name;
	struct schema_path path;
	size_t len = strlen(name);
	if (len < 2 || strcmp(name + len - 2, "[]") != 0)
		return DF_OK;
	for (size_t i = 0; i < number; i++) {
		if (strcmp(p->columns[i].name, name) != 0)
			continue;
		if (schema_path_parse(p->event, name, len, &path, NULL) != SCHEMA_PATH_OK)
			return df_fail(
			    DF_REJECT, err, "duplicate-column",
			    "two columns are named '%.200s'; a manifest can name one of them",
			    name);
		(void)map_taken_add(p->taken, &path);
		p->columns[i].what = p->columns[number].what = PROPOSE_UNLISTED;
	}
	return DF_OK;
}

static enum df_status check_header(struct propose *p, struct df_err *err)
{
	if (p->n == 1 && strpbrk(p->columns[0].name, ";\t") != NULL)
		return df_fail(DF_REJECT, err, "unknown-column",
			       "the header is a single column that holds semicolons or tabs: set "
			       "`delimiter` to what separates "
			       "the fields");

	for (size_t i = 0; i < p->n; i++) { /* names are shown, and values are not to be */
		const char *words = propose_no_name(p, p->columns[i].name);
		if (words != NULL)
			return df_fail(DF_USAGE, err, NULL,
				       "cell %zu of the first row looks like data, as %s do: "
				       "without a header, add "
				       "--no-header",
				       i + 1, words);
	}
	char **names = df_alloc(p->n * sizeof(*names));
	for (size_t i = 0; i < p->n; i++)
		names[i] = p->columns[i].name;
	enum df_status st = map_check_unique(names, p->n, err);
	free(names);
	for (size_t i = 1; i < p->n && st == DF_OK; i++)
		st = check_repeated(p, i, err);
	return st;
}

enum df_status propose_open(const struct conf_feed *feed, const char *event_type,
			    const struct propose_first *first, struct propose **out,
			    struct df_err *err)
{
	*out = NULL;
	if (first->n > MAP_MAX_COLUMNS)
		return df_fail(DF_REJECT, err, "guideline",
			       "%zu columns are too many, at most %u are read", first->n,
			       MAP_MAX_COLUMNS);

	struct propose *p = df_alloc(sizeof(*p));
	p->feed = feed;
	p->bare = *feed;
	p->bare.map.manifest = p->bare.map.manifest_text = NULL;
	p->has_header = first->is_header;
	p->manifest.max = PROPOSE_MAX_TEXT;
	enum df_status st = map_open(&p->bare, event_type, &p->map, err);
	if (st != DF_OK)
		goto cleanup;
	p->event = schema_event_find(event_type, strlen(event_type));
	p->columns = df_alloc(first->n * sizeof(*p->columns));
	p->n = first->n;
	for (size_t i = 0; i < p->n; i++)
		read_column(p, i, &first->cells[i]);
	p->taken = map_taken_new(p->event);
	st = p->has_header ? check_header(p, err) : DF_OK;
	if (st != DF_OK)
		goto cleanup;
	*out = p;
	p = NULL;
cleanup:
	propose_close(p);
	return st;
}

bool propose_row(struct propose *p, const struct rows_cell *cells, size_t n)
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
		c->cut = len > c->kept;
		df_buf_add(&p->text, cells[i].p, c->kept);
	}
	p->n_rows++;
	return p->n_rows < PROPOSE_MAX_ROWS && (p->n_rows + 1) * p->n <= PROPOSE_MAX_CELLS &&
	       p->text.len < PROPOSE_MAX_BYTES;
}

void propose_close(struct propose *p)
{
	if (p == NULL)
		return;

	for (size_t i = 0; i < p->n; i++) {
		free(p->columns[i].name);
		free(p->columns[i].normal);
		free(p->columns[i].personless);
		propose_names_free(&p->columns[i]);
		free(p->columns[i].path);
		free(p->columns[i].why);
		free(p->columns[i].value);
		free(p->columns[i].values);
	}
	for (size_t i = 0; i < p->n_skips; i++)
		free(p->skips[i].word);
	for (size_t i = 0; i < p->n_settings; i++) {
		free(p->settings[i].key);
		free(p->settings[i].value);
		free(p->settings[i].why);
	}
	free(p->action_value);
	free(p->action_values);
	free(p->action_why);
	free(p->currency_value);
	free(p->currency_values);
	free(p->patterns);
	free(p->columns);
	free(p->cells);
	map_taken_free(p->taken);
	df_buf_free(&p->text);
	df_buf_free(&p->todo);
	df_buf_free(&p->remarks);
	df_buf_free(&p->manifest);
	map_close(p->map);
	free(p);
}
