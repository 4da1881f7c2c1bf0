/* SPDX-License-Identifier: MIT */
/* A configuration is loaded, and a feed's settings are changed for one call. */
#include "dropfeed/setup.h"

#include <stdlib.h>

enum df_status setup_load(const char *path, bool secrets, setup_finding_fn *found, void *ctx,
			  struct conf **out)
{
	struct conf_problems problems = {0};
	struct df_err err = {0};
	char text[DF_ERR_TEXT];
	enum df_status st = secrets ? conf_load(path, out, &problems, &err)
				    : conf_load_public(path, out, &problems, &err);
	for (size_t i = 0; i < problems.n; i++)
		found(ctx, &(struct setup_finding){.line = problems.v[i].line,
						   .text = problems.v[i].text});
	if (st != DF_OK && problems.n == 0) {
		df_err_render(&err, text, sizeof(text));
		df_hide_passwords(text);
		found(ctx, &(struct setup_finding){.text = text});
	}
	conf_problems_free(&problems);
	return st;
}

const struct conf_feed *setup_feed(const struct conf *conf, const char *name)
{
	return conf_feed_find(conf, name);
}

bool setup_is_feed_name(const char *name)
{
	return conf_is_feed_name(name);
}

static enum df_status copy_of(const struct conf_feed *live, struct conf_feed **out,
			      struct df_err *err)
{
	struct df_buf frozen = {0};
	conf_feed_freeze(live, &frozen);
	const struct conf_frozen own = {.settings = df_buf_cstr(&frozen),
					.manifest = live->map.manifest_text,
					.plan = live->plan.text};
	enum df_status st = conf_feed_thaw(live, &own, out, err);
	df_buf_free(&frozen);
	return st;
}

static enum df_status assign(struct conf_feed *feed, const char *assignment, struct df_err *err)
{
	const char *equals = strchr(assignment, '=');
	if (equals == NULL)
		return df_fail(DF_USAGE, err, NULL, "--set wants KEY=VALUE, not '%s'", assignment);
	char *key = df_strndup(assignment, (size_t)(equals - assignment));
	enum df_status st = conf_feed_set(feed, key, equals + 1, err);
	free(key);
	return st;
}

static enum df_status change_keys(struct conf_feed *feed, const struct setup_changes *changes,
				  struct df_err *err)
{
	if (changes->sink != NULL) {
		enum df_status st = conf_feed_set(feed, "sink", changes->sink, err);
		if (st != DF_OK)
			return st;
	}
	for (size_t i = 0; i < changes->n_set; i++) {
		enum df_status st = assign(feed, changes->set[i], err);
		if (st != DF_OK)
			return st;
	}
	return conf_rows_check(&feed->rows, err);
}

static enum df_status change_files(struct conf_feed *feed, const struct setup_changes *changes,
				   struct df_err *err)
{
	if (changes->manifest != NULL) {
		enum df_status st = conf_feed_manifest(feed, changes->manifest, err);
		if (st != DF_OK)
			return st;
	}
	if (changes->plan != NULL) {
		enum df_status st = conf_feed_plan(feed, changes->plan, err);
		if (st != DF_OK)
			return st;
	}
	return conf_feed_plan_read(feed, err);
}

enum df_status setup_feed_view(const struct conf_feed *feed, const struct setup_changes *changes,
			       struct conf_feed **out, struct df_err *err)
{
	struct conf_feed *view = NULL;
	enum df_status st = DF_OK;
	*out = NULL;
	if (feed != NULL)
		st = copy_of(feed, &view, err);
	else /* ids hold the name: all commands show those that an import makes */
		view = conf_feed_default("import");
	if (st != DF_OK)
		goto cleanup;

	st = change_keys(view, changes, err);
	if (st != DF_OK)
		goto cleanup;
	st = change_files(view, changes, err);
	if (st != DF_OK)
		goto cleanup;
	*out = view;
	view = NULL;
cleanup:
	conf_feed_free(view);
	return st;
}

bool setup_feed_chosen(const struct conf_feed *feed, const char *const *names, size_t n)
{
	bool chosen = n == 0;
	for (size_t i = 0; i < n; i++)
		chosen = chosen || strcmp(names[i], feed->name) == 0;
	return chosen;
}

struct ledger_where setup_ledger(const struct conf *conf)
{
	return (struct ledger_where){.state_dir = conf->state_dir,
				     .url = conf->ledger.url,
				     .password = conf->ledger.password,
				     .node = conf->ledger.node};
}
