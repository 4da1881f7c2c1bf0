/* SPDX-License-Identifier: MIT */
/* `plan`: what a data plan says and what of it is not enforced here; and one from the platform. */
#include "run_priv.h"

#include "dropfeed/json.h"
#include "dropfeed/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static void add_json(const char *path, const struct plan *plan, struct df_buf *out)
{
	static const char *const parts[] = {"event", "event_attribute", "user_attribute",
					    "user_identity"};
	struct json_writer w = {.out = out};
	const struct plan_remark *remarks;
	size_t n = plan_remarks(plan, &remarks);
	json_write_open(&w, NULL, '{');
	json_write_text(&w, "file", path);
	json_write_text(&w, "id", plan_id(plan));
	json_write_count(&w, "version", plan_version(plan));
	json_write_open(&w, "points", '[');
	for (size_t i = 0; i < plan_points(plan); i++)
		json_write_text(&w, NULL, plan_point_name(plan, i));
	json_write_close(&w);
	json_write_open(&w, "blocks", '{');
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		json_write_bool(&w, parts[i], plan_blocks(plan, (enum plan_part)i));
	json_write_close(&w);
	json_write_open(&w, "not_enforced", '[');
	for (size_t i = 0; i < n; i++) {
		json_write_open(&w, NULL, '{');
		json_write_text(&w, "place", remarks[i].place);
		json_write_text(&w, "message", remarks[i].text);
		json_write_close(&w);
	}
	json_write_close(&w);
	json_write_close(&w);
	df_buf_addc(out, '\n');
}

static void plan_add_text(const char *path, const struct plan *plan, struct df_buf *out)
{
	static const char *const parts[] = {"unplanned events", "attributes of events",
					    "attributes of users", "identities"};
	const struct plan_remark *remarks;
	size_t n = plan_remarks(plan, &remarks), blocked = 0;
	df_printable(out, path);
	df_buf_adds(out, ": data plan ");
	df_printable(out, plan_id(plan)[0] != '\0' ? plan_id(plan) : "without an id");
	if (plan_version(plan) != 0)
		df_buf_addf(out, ", version %u", plan_version(plan));
	df_buf_addf(out, ": %zu point%s\n", plan_points(plan), df_plural(plan_points(plan)));
	for (size_t i = 0; i < plan_points(plan); i++) {
		df_buf_adds(out, "  ");
		df_printable(out, plan_point_name(plan, i));
		df_buf_addc(out, '\n');
	}
	df_buf_adds(out, "plan_action = block leaves out: ");
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (plan_blocks(plan, (enum plan_part)i))
			df_buf_addf(out, "%s%s", blocked++ > 0 ? ", " : "", parts[i]);
	df_buf_adds(out, blocked > 0 ? "\n" : "nothing, as the plan's settings allow all\n");
	for (size_t i = 0; i < n; i++) {
		df_buf_adds(out, "not enforced: ");
		df_printable(out, remarks[i].place);
		df_buf_adds(out, ": ");
		df_printable(out, remarks[i].text);
		df_buf_addc(out, '\n');
	}
}

enum df_status run_plan_check(const char *path, uint32_t version, bool json, size_t *missed,
			      struct df_buf *out, struct df_err *err)
{
	const struct plan_remark *remarks;
	char *text = NULL;
	size_t len = 0;
	struct plan *plan = NULL;
	enum df_status st = df_read_file(path, PLAN_MAX_BYTES, &text, &len, err);
	if (st != DF_OK)
		goto cleanup;
	st = plan_read(text, len, version, &plan, err);
	if (st != DF_OK)
		goto cleanup;

	if (json)
		add_json(path, plan, out);
	else
		plan_add_text(path, plan, out);
	*missed = plan_remarks(plan, &remarks);
cleanup:
	df_err_place(err, path, 0, NULL);
	plan_free(plan);
	free(text);
	return st;
}

/* Where the token is kept: beside the ledger, else where programs keep such things. */
static char *token_folder(const struct conf *conf)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	struct df_err ignored = {0};
	char *folder = NULL;
	if (conf != NULL && conf->state_dir != NULL)
		return df_strdup(conf->state_dir);
	if (cache != NULL && cache[0] == '/')
		folder = df_format("%s/dropfeed", cache);
	else if (home != NULL && home[0] == '/')
		folder = df_format("%s/.cache/dropfeed", home);
	if (folder != NULL && df_mkdirs(folder, &ignored) != DF_OK) {
		free(folder);
		folder = NULL;
	}
	return folder;
}

enum df_status run_plan_fetch(const struct conf *conf, const struct run_plan_fetch *o,
			      struct df_buf *out, struct df_err *err)
{
	const char *from = getenv("DROPFEED_CLIENT_SECRET");
	char *secret = NULL;
	enum df_status st = DF_OK;
	if (o->secret_file != NULL)
		st = conf_secret_read(o->secret_file, &secret, err);
	else if (from != NULL && *from != '\0')
		secret = df_strdup(from);
	else
		st = df_fail(DF_USAGE, err, NULL,
			     "no client secret: name its file with --client-secret-file, or set "
			     "$DROPFEED_CLIENT_SECRET");
	if (st != DF_OK)
		return st;
	char *folder = token_folder(conf);
	const struct plan_source source = {.api = o->api != NULL ? o->api : PLAN_API,
					   .sso = o->sso != NULL ? o->sso : PLAN_SSO,
					   .workspace = o->workspace,
					   .plan = o->plan,
					   .version = o->version,
					   .client_id = o->client_id,
					   .client_secret = secret,
					   .cache = folder,
					   .ca_file = o->ca_file};
	st = plan_fetch(&source, out, err);
	conf_secret_free(secret);
	free(folder);
	return st;
}
