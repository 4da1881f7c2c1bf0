/* SPDX-License-Identifier: MIT */
/* The proposal as a manifest, with its reasons as comments. Names of columns are the file's own:
 * in JSON they are escaped, in comments they are left out. */
#include "propose_step.h"

#include "dropfeed/json.h"

#include <stdlib.h>

/* A comment ends with its line, and what it quotes must not end it, nor speak to a terminal. */
static void add_comment(struct df_buf *out, const char *text)
{
	for (; *text != '\0'; text++)
		df_buf_addc(out, (unsigned char)*text < 0x20 || *text == 0x7f ? ' ' : *text);
}

/* A mapping, on a line of its own, and why it is there. */
static void item_begin(struct json_writer *w)
{
	json_write_break(w, 4);
	json_write_open(w, NULL, '{');
}

static void item_end(struct json_writer *w, const char *why)
{
	json_write_close(w);
	json_write_remark(w, why);
}

/* What is left to be completed is a column that no header has: a file is refused until it is. */
static void write_gaps(const struct propose *p, struct json_writer *w)
{
	for (size_t i = 0; i < p->n_gaps; i++) {
		char *name = df_format("TO BE COMPLETED: %s", p->gaps[i].what);
		item_begin(w);
		if (p->transform)
			json_write_text(w, "mapping_type", "column");
		json_write_text(w, p->transform ? "source" : "column", name);
		if (!p->transform)
			json_write_text(w, "action", "keep");
		json_write_text(w, p->transform ? "destination" : "field", p->gaps[i].path);
		item_end(w, NULL);
		free(name);
	}
}

static void write_custom(const struct propose *p, struct json_writer *w)
{
	json_write_break(w, 2);
	json_write_bool(w, "hasHeaderRow", p->has_header);
	json_write_break(w, 2);
	json_write_open(w, "columns", '[');
	write_gaps(p, w);
	for (size_t i = 0; i < p->n; i++) {
		const struct propose_column *c = &p->columns[i];
		if (c->what == PROPOSE_UNLISTED)
			continue;
		item_begin(w);
		json_write_text(w, "column", c->name);
		json_write_text(w, "action", c->what == PROPOSE_KEEP ? "keep" : "ignore");
		if (c->what == PROPOSE_KEEP)
			json_write_text(w, "field", c->path);
		item_end(w, c->why);
	}
	json_write_break(w, 2);
	json_write_close(w);
}

/* ---- a field transformation ---- */

static bool is_template(const char *path)
{
	return strpbrk(path, "*") != NULL || strstr(path, "{{") != NULL ||
	       strstr(path, "{%") != NULL;
}

/* What must not be taken for a wildcard or a template is said as the column's own name, {{ key
 * }}. */
static char *destination(const struct propose_column *c)
{
	size_t path = strlen(c->path), name = strlen(c->name);
	if (c->member)
		return df_format("%s*", c->path);
	if (!is_template(c->path))
		return df_strdup(c->path);
	if (path < name || strcmp(c->path + path - name, c->name) != 0)
		return NULL;
	char *head = df_strndup(c->path, path - name), *all = NULL;
	if (!is_template(head))
		all = df_format("%s{{ key }}", head);
	free(head);
	return all;
}

/* A source may hold one *, and $unmapped means the rest. */
static bool is_source(const char *name)
{
	const char *star = strchr(name, '*');
	return strcmp(name, "$unmapped") != 0 && (star == NULL || strchr(star + 1, '*') == NULL);
}

/* values: members as they are written, or NULL. */
static void write_values(struct json_writer *w, const char *values, bool keep)
{
	if (values == NULL)
		return;
	char *object = df_format("{ %s }", values);
	json_write_break(w, 6);
	json_write_json(w, "values", object);
	json_write_text(w, "otherwise", keep ? "keep" : "reject");
	free(object);
}

static void write_mapping(struct json_writer *w, const struct propose_column *c)
{
	char *to = c->what == PROPOSE_KEEP ? destination(c) : NULL;
	char *source = c->member ? df_format("%s.*", c->name) : df_strdup(c->name);
	item_begin(w);
	json_write_text(w, "mapping_type", to != NULL ? "column" : "ignore");
	json_write_text(w, "source", source);
	if (to != NULL) {
		json_write_text(w, "destination", to);
		if (c->value != NULL)
			json_write_text(w, "value", c->value);
		write_values(w, c->values, c->keep_others);
	}
	item_end(w, c->why);
	free(source);
	free(to);
}

/* What was done with the products. */
static void write_action(const struct propose *p, struct json_writer *w)
{
	if (p->action_why == NULL)
		return;
	item_begin(w);
	json_write_text(w, "mapping_type", p->action == 0 ? "static" : "column");
	if (p->action == 0)
		json_write_text(w, "value", "purchase");
	else
		json_write_text(w, "source", p->columns[p->action - 1].name);
	json_write_text(w, "destination", PROPOSE_ACTION "action");
	if (p->action > 0 && p->action_value != NULL)
		json_write_text(w, "value", p->action_value);
	if (p->action > 0)
		write_values(w, p->action_values, false);
	item_end(w, p->action_why);
}

/* The currency, where no column names it. */
static void write_currency(const struct propose *p, struct json_writer *w)
{
	bool fixed = p->currency_fixed != NULL;
	if (p->currency == 0)
		return;
	item_begin(w);
	json_write_text(w, "mapping_type", fixed ? "static" : "column");
	if (!fixed)
		json_write_text(w, "source", p->columns[p->currency - 1].name);
	json_write_text(w, "value", fixed ? p->currency_fixed : p->currency_value);
	json_write_text(w, "destination", "events.data.currency_code");
	if (!fixed)
		write_values(w, p->currency_values, false);
	item_end(w, "the amounts' signs say the currency");
}

static void write_skips(const struct propose *p, struct json_writer *w)
{
	if (p->n_skips == 0)
		return;
	json_write_break(w, 2);
	json_write_open(w, "rows", '{');
	json_write_open(w, "skip", '[');
	for (size_t i = 0; i < p->n_skips; i++) {
		item_begin(w);
		json_write_text(w, "source", p->columns[p->skips[i].column].name);
		json_write_open(w, "in", '[');
		json_write_text(w, NULL, p->skips[i].word);
		json_write_close(w);
		item_end(w, NULL);
	}
	json_write_close(w);
	json_write_close(w);
}

/* An order's first line has what the others lack. */
static void write_fills(const struct propose *p, struct json_writer *w)
{
	if (!p->fills)
		return;
	json_write_break(w, 2);
	json_write_open(w, "fill_down", '[');
	for (size_t i = 0; i < p->n; i++)
		if (p->columns[i].fill)
			json_write_text(w, NULL, p->columns[i].name);
	json_write_close(w);
	if (p->bare_lines) /* nothing but the line above says to which order a line belongs */
		return;
	json_write_break(w, 2);
	json_write_open(w, "fill_by", '[');
	json_write_text(w, NULL, p->columns[p->order - 1].name);
	json_write_close(w);
}

/* The columns whose names a source cannot spell, all together. */
static void write_unmapped(const struct propose *p, struct json_writer *w, bool kept)
{
	item_begin(w);
	json_write_text(w, "mapping_type", kept ? "column" : "ignore");
	json_write_text(w, "source", "$unmapped");
	if (kept)
		json_write_text(w, "destination",
				p->event->data != NULL ? "events.data.custom_attributes.{{ key }}"
						       : "user_attributes.{{ key }}");
	item_end(w, NULL);
}

static void write_mappings(const struct propose *p, struct json_writer *w)
{
	bool odd = false, kept = false;
	write_gaps(p, w);
	write_currency(p, w);
	write_action(p, w);
	for (size_t i = 0; i < p->n; i++) {
		const struct propose_column *c = &p->columns[i];
		if (c->what == PROPOSE_UNLISTED)
			continue;
		if (is_source(c->name)) {
			write_mapping(w, c);
			continue;
		}
		char *to = c->what == PROPOSE_KEEP ? destination(c) : NULL;
		odd = true;
		kept = kept || to != NULL;
		free(to);
	}

	if (odd)
		write_unmapped(p, w, kept);
}

static void write_transform(const struct propose *p, struct json_writer *w)
{
	static const char *const heads[][2] = {
	    {"id", "proposed"}, {"name", "proposed"}, {"destination_type", "event_batch"}};
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		json_write_break(w, 2);
		json_write_text(w, heads[i][0], heads[i][1]);
	}
	json_write_break(w, 2);
	json_write_open(w, "mappings", '[');
	write_mappings(p, w);
	json_write_break(w, 2);
	json_write_close(w);
	write_skips(p, w);
	write_fills(p, w);
}

void propose_write_manifest(struct propose *p)
{
	struct json_writer w = {.out = &p->manifest, .spaced = true};
	json_write_open(&w, NULL, '{');
	if (p->transform)
		write_transform(p, &w);
	else
		write_custom(p, &w);
	json_write_break(&w, 0);
	json_write_close(&w);
	df_buf_addc(&p->manifest, '\n');
}

/* ---- the notes on top ---- */

static void write_settings(const struct propose *p, struct df_buf *out)
{
	if (p->n_settings > 0)
		df_buf_adds(out, "//\n// It needs these settings, in the feed's section or as "
				 "--set KEY=VALUE:\n");
	for (size_t i = 0; i < p->n_settings; i++) {
		const struct propose_setting *s = &p->settings[i];
		df_buf_addf(out, "//   %s = %s\n//       ", s->key, s->value);
		add_comment(out, s->why);
		df_buf_addc(out, '\n');
	}
}

static void write_todo(const struct propose *p, const struct propose_trial *trial,
		       struct df_buf *out)
{
	bool refused = trial->refused.text[0] != '\0';
	if (p->todo.len == 0 && !refused)
		return;
	df_buf_adds(out, "//\n// Still to do:\n");
	for (size_t at = 0; at < p->todo.len;) {
		const char *line = p->todo.data + at, *end = memchr(line, '\n', p->todo.len - at);
		df_buf_addf(out, "//   - %.*s\n", (int)(end - line), line);
		at += (size_t)(end - line) + 1;
	}
	if (!refused)
		return;
	df_buf_addf(out, "//   - as it is, such a file is refused [%s]: ", trial->refused.code);
	add_comment(out, trial->refused.text);
	df_buf_addc(out, '\n');
}

static void write_remarks(const struct propose *p, struct df_buf *out)
{
	if (p->remarks.len > 0)
		df_buf_adds(out, "//\n// Noticed:\n");
	for (size_t at = 0; at < p->remarks.len;) {
		const char *line = p->remarks.data + at,
			   *end = memchr(line, '\n', p->remarks.len - at);
		df_buf_addf(out, "//   - %.*s\n", (int)(end - line), line);
		at += (size_t)(end - line) + 1;
	}
}

static void write_trial(const struct propose_trial *trial, struct df_buf *out)
{
	if (trial->refused.text[0] != '\0' || trial->rows == 0)
		return;
	df_buf_addf(out, "//\n// Tried on %zu of them: %zu accepted, %zu rejected", trial->rows,
		    trial->accepted, trial->rows - trial->accepted);
	for (size_t i = 0; i < PROPOSE_TRIAL_CODES && trial->codes[i].code != NULL; i++)
		df_buf_addf(out, "%s%zu %s", i == 0 ? " (" : ", ", trial->codes[i].n,
			    trial->codes[i].code);
	df_buf_adds(out, trial->codes[0].code != NULL ? ").\n" : ".\n");
}

void propose_write(struct propose *p, const struct propose_trial *trial, struct df_buf *out)
{
	df_buf_addf(out,
		    "// A proposal for %s documents, made of %s and the first %zu row%s. Guesses "
		    "are marked as such.\n"
		    "// Read it, correct it, and try it: dropfeed validate --manifest THIS-FILE "
		    "NAME-%s.csv\n",
		    p->event->name, p->has_header ? "the header" : "nothing but positions",
		    p->n_rows, df_plural(p->n_rows), p->event->name);
	if (p->transform)
		df_buf_adds(out, "// It is a field transformation: a custom manifest can neither "
				 "give all rows a value, nor change "
				 "one.\n");
	write_settings(p, out);
	write_todo(p, trial, out);
	write_remarks(p, out);
	write_trial(trial, out);
	bool said = propose_column_at(p, "environment") != NULL;

	if (!said && (p->feed->map.environment == NULL ||
		      strcmp(p->feed->map.environment, "production") == 0))
		df_buf_adds(out, "//\n// Say `environment = development` until you are sure: else "
				 "it is production.\n");
	df_buf_add(out, p->manifest.data, p->manifest.len);
}
