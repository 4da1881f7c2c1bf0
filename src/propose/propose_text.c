/* SPDX-License-Identifier: MIT */
/* The proposal as a manifest, with its reasons as comments. Names of columns are the file's own: in JSON they are escaped, in
 * comments they do not stand. */
#include "propose_priv.h"

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

static void write_custom(struct propose *p)
{
	struct df_buf *out = &p->manifest;
	size_t listed = 0, total = 0;
	for (size_t i = 0; i < p->n; i++)
		total += p->columns[i].what != PROPOSE_UNLISTED;
	df_buf_addf(out, "{\n  \"hasHeaderRow\": %s,\n  \"columns\": [\n", p->has_header ? "true" : "false");
	for (size_t i = 0; i < p->n; i++) {
		const struct propose_column *c = &p->columns[i];
		if (c->what == PROPOSE_UNLISTED)
			continue;
		df_buf_adds(out, "    { ");
		add_member(out, "column", c->name);
		df_buf_adds(out, c->what == PROPOSE_KEEP ? ", \"action\": \"keep\", " : ", \"action\": \"ignore\"");
		if (c->what == PROPOSE_KEEP)
			add_member(out, "field", c->path);
		add_reason(out, c, ++listed == total);
	}
	df_buf_adds(out, "  ]\n}\n");
}

/* ---- a field transformation ---- */

static bool is_template(const char *path)
{
	return strpbrk(path, "*") != NULL || strstr(path, "{{") != NULL || strstr(path, "{%") != NULL;
}

/* What must not be taken for a wildcard or a template is said as the column's own name, {{ key }}. */
static char *destination(const struct propose_column *c)
{
	size_t path = strlen(c->path), name = strlen(c->name);
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

static void write_transform(struct propose *p)
{
	struct df_buf *out = &p->manifest;
	bool rest = false, dropped = false;
	df_buf_adds(out,
		    "{\n  \"id\": \"proposed\",\n  \"name\": \"proposed\",\n  \"destination_type\": \"event_batch\",\n"
		    "  \"mappings\": [\n");
	for (size_t i = 0; i < p->n; i++) {
		const struct propose_column *c = &p->columns[i];
		if (c->what == PROPOSE_UNLISTED)
			continue;
		char *to = c->what == PROPOSE_KEEP ? destination(c) : NULL;
		rest = rest || (!is_source(c->name) && to != NULL);
		dropped = dropped || (!is_source(c->name) && to == NULL);
		if (is_source(c->name)) {
			df_buf_addf(out, "    { \"mapping_type\": \"%s\", ", to != NULL ? "column" : "ignore");
			add_member(out, "source", c->name);
			if (to != NULL)
				df_buf_adds(out, ", ");
			if (to != NULL)
				add_member(out, "destination", to);
			add_reason(out, c, false);
		}
		free(to);
	}
	if (rest) /* names that a source cannot spell */
		df_buf_adds(out, "    { \"mapping_type\": \"column\", \"source\": \"$unmapped\", \"destination\": "
				 "\"events.data.custom_attributes.{{ key }}\" },\n");
	else if (dropped)
		df_buf_adds(out, "    { \"mapping_type\": \"ignore\", \"source\": \"$unmapped\" },\n");
	df_buf_adds(out,
		    "    // guessed: no column has the action; view_detail, add_to_cart, checkout, refund are others\n"
		    "    { \"mapping_type\": \"static\", \"value\": \"purchase\", \"destination\": "
		    "\"events.data.product_action.action\" }\n  ]\n}\n");
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
		df_buf_adds(out, "//\n// It needs these settings, in the feed's section or as --set KEY=VALUE:\n");
	for (size_t i = 0; i < p->n_settings; i++) {
		const struct propose_setting *s = &p->settings[i];
		df_buf_addf(out, "//   %s = %s\n//       ", s->key, s->value);
		add_comment(out, s->why);
		df_buf_addc(out, '\n');
	}
}

static void write_todo(const struct propose *p, const struct propose_trial *trial, struct df_buf *out)
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

static void write_trial(const struct propose_trial *trial, struct df_buf *out)
{
	if (trial->refused.text[0] != '\0' || trial->rows == 0)
		return;
	df_buf_addf(out, "//\n// Tried on %zu of them: %zu accepted, %zu rejected", trial->rows, trial->accepted,
		    trial->rows - trial->accepted);
	for (size_t i = 0; i < PROPOSE_TRIAL_CODES && trial->codes[i].code != NULL; i++)
		df_buf_addf(out, "%s%zu %s", i == 0 ? " (" : ", ", trial->codes[i].n, trial->codes[i].code);
	df_buf_adds(out, trial->codes[0].code != NULL ? ").\n" : ".\n");
}

void propose_write(struct propose *p, const struct propose_trial *trial, struct df_buf *out)
{
	df_buf_addf(out,
		    "// A proposal for %s documents, made of %s and the first %zu row%s. Guesses are marked as such.\n"
		    "// Read it, correct it, and try it: dropfeed validate --manifest THIS-FILE NAME-%s.csv\n",
		    p->event->name, p->has_header ? "the header" : "nothing but positions", p->n_rows,
		    p->n_rows == 1 ? "" : "s", p->event->name);
	if (p->transform)
		df_buf_adds(out,
			    "// It is a field transformation, for a custom manifest cannot give all rows a value.\n");
	write_settings(p, out);
	write_todo(p, trial, out);
	write_trial(trial, out);
	bool said = propose_column_at(p, "environment") != NULL;
	if (!said && (p->feed->environment == NULL || strcmp(p->feed->environment, "production") == 0))
		df_buf_adds(out, "//\n// Say `environment = development` until you are sure: else it is production.\n");
	df_buf_add(out, p->manifest.data, p->manifest.len);
}

const char *propose_manifest(struct propose *p)
{
	return df_buf_cstr(&p->manifest);
}

bool propose_setting(const struct propose *p, size_t i, const char **key, const char **value)
{
	if (i >= p->n_settings)
		return false;
	*key = p->settings[i].key;
	*value = p->settings[i].value;
	return true;
}
