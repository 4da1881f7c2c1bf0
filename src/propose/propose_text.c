/* SPDX-License-Identifier: MIT */
/* The proposal as a manifest, with its reasons as comments. Names of columns are the file's own:
 * in JSON they are escaped, in comments they are left out. */
#include "propose_step.h"

#include <stdlib.h>

/* A comment ends with its line, and what it quotes must not end it, nor speak to a terminal. */
static void add_comment(struct df_buf *out, const char *text)
{
	for (; *text != '\0'; text++)
		df_buf_addc(out, (unsigned char)*text < 0x20 || *text == 0x7f ? ' ' : *text);
}

static void add_member(struct df_buf *out, const char *key, const char *value)
{
	df_buf_addf(out, "\"%s\": ", key);
	df_json_string(out, value, strlen(value));
}

static void add_reason(struct df_buf *out, const struct propose_column *c, bool last)
{
	df_buf_adds(out, last ? " }" : " },");
	if (c->why != NULL) {
		df_buf_adds(out, " // ");
		add_comment(out, c->why);
	}
	df_buf_addc(out, '\n');
}

/* What is left to be completed is a column that no header has: a file is refused until it is. */
static void write_gaps(const struct propose *p, struct df_buf *out)
{
	for (size_t i = 0; i < p->n_gaps; i++) {
		char *name = df_format("TO BE COMPLETED: %s", p->gaps[i].what);
		df_buf_adds(out, p->transform ? "    { \"mapping_type\": \"column\", " : "    { ");
		add_member(out, p->transform ? "source" : "column", name);
		df_buf_adds(out, p->transform ? ", " : ", \"action\": \"keep\", ");
		add_member(out, p->transform ? "destination" : "field", p->gaps[i].path);
		df_buf_adds(out, " },\n");
		free(name);
	}
}

static void write_custom(struct propose *p)
{
	struct df_buf *out = &p->manifest;
	size_t listed = 0, total = 0;
	for (size_t i = 0; i < p->n; i++)
		total += p->columns[i].what != PROPOSE_UNLISTED;
	df_buf_addf(out, "{\n  \"hasHeaderRow\": %s,\n  \"columns\": [\n",
		    p->has_header ? "true" : "false");
	write_gaps(p, out);
	for (size_t i = 0; i < p->n; i++) {
		const struct propose_column *c = &p->columns[i];
		if (c->what == PROPOSE_UNLISTED)
			continue;
		df_buf_adds(out, "    { ");
		add_member(out, "column", c->name);
		df_buf_adds(out, c->what == PROPOSE_KEEP ? ", \"action\": \"keep\", "
							 : ", \"action\": \"ignore\"");
		if (c->what == PROPOSE_KEEP)
			add_member(out, "field", c->path);
		add_reason(out, c, ++listed == total);
	}
	df_buf_adds(out, "  ]\n}\n");
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

static void add_next_member(struct df_buf *out, const char *key, const char *value)
{
	df_buf_adds(out, ", ");
	add_member(out, key, value);
}

static void add_values(struct df_buf *out, const char *values, bool keep)
{
	if (values != NULL)
		df_buf_addf(out, ",\n      \"values\": { %s }, \"otherwise\": \"%s\"", values,
			    keep ? "keep" : "reject");
}

static void write_mapping(struct df_buf *out, const struct propose_column *c, bool last)
{
	char *to = c->what == PROPOSE_KEEP ? destination(c) : NULL;
	char *source = c->member ? df_format("%s.*", c->name) : df_strdup(c->name);
	df_buf_addf(out, "    { \"mapping_type\": \"%s\", ", to != NULL ? "column" : "ignore");
	add_member(out, "source", source);
	if (to != NULL)
		add_next_member(out, "destination", to);
	if (to != NULL && c->value != NULL)
		add_next_member(out, "value", c->value);
	if (to != NULL)
		add_values(out, c->values, c->keep_others);
	add_reason(out, c, last);
	free(source);
	free(to);
}

/* What was done with the products. */
static void write_action(const struct propose *p, struct df_buf *out, bool last)
{
	if (p->action_why == NULL)
		return;
	df_buf_adds(out, "    // ");
	add_comment(out, p->action_why);
	df_buf_adds(out, "\n    { ");
	if (p->action == 0) {
		df_buf_adds(out, "\"mapping_type\": \"static\", \"value\": \"purchase\"");
	} else {
		df_buf_adds(out, "\"mapping_type\": \"column\"");
		add_next_member(out, "source", p->columns[p->action - 1].name);
	}
	add_next_member(out, "destination", PROPOSE_ACTION "action");
	if (p->action > 0 && p->action_value != NULL)
		add_next_member(out, "value", p->action_value);
	if (p->action > 0)
		add_values(out, p->action_values, false);
	df_buf_adds(out, last ? " }\n" : " },\n");
}

/* The currency, where no column names it. */
static void write_currency(const struct propose *p, struct df_buf *out, bool last)
{
	if (p->currency == 0)
		return;
	df_buf_adds(out, "    // the amounts' signs say the currency\n    { ");
	if (p->currency_fixed != NULL) {
		df_buf_adds(out, "\"mapping_type\": \"static\"");
		add_next_member(out, "value", p->currency_fixed);
	} else {
		df_buf_adds(out, "\"mapping_type\": \"column\"");
		add_next_member(out, "source", p->columns[p->currency - 1].name);
		add_next_member(out, "value", p->currency_value);
	}
	add_next_member(out, "destination", "events.data.currency_code");
	if (p->currency_fixed == NULL)
		add_values(out, p->currency_values, false);
	df_buf_adds(out, last ? " }\n" : " },\n");
}

static void write_skips(const struct propose *p, struct df_buf *out)
{
	if (p->n_skips == 0)
		return;
	df_buf_adds(out, ",\n  \"rows\": { \"skip\": [");
	for (size_t i = 0; i < p->n_skips; i++) {
		df_buf_adds(out, i > 0 ? ",\n    { " : "\n    { ");
		add_member(out, "source", p->columns[p->skips[i].column].name);
		df_buf_adds(out, ", \"in\": [");
		df_json_string(out, p->skips[i].word, strlen(p->skips[i].word));
		df_buf_adds(out, "] }");
	}
	df_buf_adds(out, " ] }");
}

/* An order's first line has what the others lack. */
static void write_fills(const struct propose *p, struct df_buf *out)
{
	bool any = false;
	if (!p->fills)
		return;
	df_buf_adds(out, ",\n  \"fill_down\": [");
	for (size_t i = 0; i < p->n; i++) {
		if (!p->columns[i].fill)
			continue;
		df_buf_adds(out, any ? ", " : "");
		df_json_string(out, p->columns[i].name, strlen(p->columns[i].name));
		any = true;
	}
	df_buf_adds(out, "]");
	if (p->bare_lines) /* nothing but the line above says to which order a line belongs */
		return;
	df_buf_adds(out, ",\n  \"fill_by\": [");
	df_json_string(out, p->columns[p->order - 1].name, strlen(p->columns[p->order - 1].name));
	df_buf_adds(out, "]");
}

/* The columns whose names a source cannot spell, all together. */
static void text_write_rest(const struct propose *p, struct df_buf *out, bool kept)
{
	if (kept)
		df_buf_addf(out,
			    "    { \"mapping_type\": \"column\", \"source\": \"$unmapped\", "
			    "\"destination\": "
			    "\"%s{{ key }}\" }\n",
			    p->event->data != NULL ? "events.data.custom_attributes."
						   : "user_attributes.");
	else
		df_buf_adds(out,
			    "    { \"mapping_type\": \"ignore\", \"source\": \"$unmapped\" }\n");
}

static void write_mappings(const struct propose *p, struct df_buf *out)
{
	size_t left = 0, odd = 0, kept = 0;
	for (size_t i = 0; i < p->n; i++) {
		const struct propose_column *c = &p->columns[i];
		if (c->what == PROPOSE_UNLISTED)
			continue;
		char *to = c->what == PROPOSE_KEEP ? destination(c) : NULL;
		left += is_source(c->name);
		odd += !is_source(c->name);
		kept += !is_source(c->name) && to != NULL;
		free(to);
	}
	write_gaps(p, out);
	write_currency(p, out, left + odd == 0 && p->action_why == NULL);
	write_action(p, out, left + odd == 0);
	for (size_t i = 0; i < p->n; i++)
		if (p->columns[i].what != PROPOSE_UNLISTED && is_source(p->columns[i].name))
			write_mapping(out, &p->columns[i], --left + odd == 0);
	if (odd > 0)
		text_write_rest(p, out, kept > 0);
}

static void write_transform(struct propose *p)
{
	struct df_buf *out = &p->manifest;
	df_buf_adds(out, "{\n  \"id\": \"proposed\",\n  \"name\": \"proposed\",\n  "
			 "\"destination_type\": \"event_batch\",\n"
			 "  \"mappings\": [\n");
	write_mappings(p, out);
	df_buf_adds(out, "  ]");
	write_skips(p, out);
	write_fills(p, out);
	df_buf_adds(out, "\n}\n");
}

void propose_write_manifest(struct propose *p)
{
	if (p->transform)
		write_transform(p);
	else
		write_custom(p);
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
