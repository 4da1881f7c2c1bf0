/* SPDX-License-Identifier: MIT */
/* A configuration is loaded, and a feed's settings are changed for one call. */
#include "dropfeed/run.h"

#include <stdlib.h>

enum df_status run_conf_load(const char *path, bool secrets, run_finding_fn *found, void *ctx,
			     struct conf **out)
{
	struct conf_problems problems = {0};
	struct df_err err = {0};
	char text[DF_ERR_TEXT];
	enum df_status st = secrets ? conf_load(path, out, &problems, &err)
				    : conf_load_public(path, out, &problems, &err);
	for (size_t i = 0; i < problems.n; i++)
		found(ctx, &(struct run_finding){.line = problems.v[i].line,
						 .text = problems.v[i].text});
	if (st != DF_OK && problems.n == 0) {
		df_err_render(&err, text, sizeof(text));
		df_hide_passwords(text);
		found(ctx, &(struct run_finding){.text = text});
	}
	conf_problems_free(&problems);
	return st;
}

const struct conf_feed *run_conf_feed(const struct conf *conf, const char *name)
{
	return conf_feed_find(conf, name);
}

bool run_is_feed_name(const char *name)
{
	return conf_is_feed_name(name);
}

static enum df_status copy(const struct conf_feed *live, struct conf_feed **out, struct df_err *err)
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

static enum df_status set(struct conf_feed *feed, const char *assignment, struct df_err *err)
{
	char *key = df_strdup(assignment), *equals = strchr(key, '=');
	enum df_status st;
	if (equals == NULL) {
		st = df_fail(DF_USAGE, err, NULL, "--set wants KEY=VALUE, not '%s'", key);
	} else {
		*equals = '\0';
		st = conf_feed_set(feed, key, equals + 1, err);
	}
	free(key);
	return st;
}

static enum df_status change(struct conf_feed *feed, const struct run_feed_changes *changes,
			     struct df_err *err)
{
	enum df_status st = DF_OK;
	if (changes->sink != NULL)
		st = conf_feed_set(feed, "sink", changes->sink, err);
	for (size_t i = 0; st == DF_OK && i < changes->n_set; i++)
		st = set(feed, changes->set[i], err);
	if (st == DF_OK)
		st = conf_rows_check(&feed->rows, err);
	if (st == DF_OK && changes->manifest != NULL)
		st = conf_feed_manifest(feed, changes->manifest, err);
	if (st == DF_OK && changes->plan != NULL)
		st = conf_feed_plan(feed, changes->plan, err);
	return st == DF_OK ? conf_feed_plan_read(feed, err) : st;
}

enum df_status run_feed_view(const struct conf_feed *feed, const struct run_feed_changes *changes,
			     struct conf_feed **out, struct df_err *err)
{
	struct conf_feed *view = NULL;
	enum df_status st = DF_OK;
	*out = NULL;
	if (feed == NULL) /* ids hold the name: all commands show those that an import makes */
		view = conf_feed_default("import");
	else
		st = copy(feed, &view, err);
	if (st == DF_OK)
		st = change(view, changes, err);

	if (st == DF_OK)
		*out = view;
	else
		conf_feed_free(view);
	return st;
}
