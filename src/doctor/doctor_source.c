/* SPDX-License-Identifier: MIT */
/* A feed's source: from the connection to write access, through the same steps that a run takes. */
#include "doctor_tick.h"

#include "dropfeed/fetch.h"

#include <stdlib.h>

static const struct source_step {
	enum fetch_step at;
	const char *name;
	const char *settings[2]; /* what can be seen of it without a connection */
} steps[] = {
    {FETCH_STEP_CONNECT, "connection", {NULL}},
    {FETCH_STEP_HOST_KEY, "host_key", {NULL}}, /* a mistyped host is not a known one, either */
    {FETCH_STEP_LOGIN, "login", {"identity_file", NULL}},
};
#define N_STEPS (sizeof(steps) / sizeof(*steps))

static void step_ok(struct doctor *d, const struct source_step *step)
{
	const struct conf_fetch *f = &d->feed->fetch;
	switch (step->at) {
	case FETCH_STEP_CONNECT:
		doctor_ok(d, step->name, "%s port %u", f->source.host, (unsigned)f->source.port);
		break;
	case FETCH_STEP_HOST_KEY:
		doctor_ok(d, step->name, "it is the one that %s names",
			  f->host_key != NULL ? "host_key" : f->known_hosts);
		break;
	default:
		doctor_ok(d, step->name, "as %s", f->source.user);
	}
}

/* Of a server. at: what failed, or FETCH_STEP_FOLDER and later: nothing of these. */
static void show_steps(struct doctor *d, enum fetch_step at, enum df_status st,
		       const struct df_err *why)
{
	const char *failed = NULL;
	for (size_t i = 0; i < N_STEPS; i++) {
		if (steps[i].at < at) {
			step_ok(d, &steps[i]);
		} else if (failed == NULL) {
			failed = steps[i].name;
			doctor_fails(d, failed, st, why);
		} else if (!doctor_found(d, steps[i].name, steps[i].settings)) {
			doctor_skips(d, steps[i].name, "not tried, as %s failed", failed);
		}
	}
}

/* DF_OK: the folder is listed. */
static enum df_status check_listing(struct doctor *d, struct fetch *source)
{
	struct fetch_list list = {0};
	struct df_err why = {0};
	enum df_status st = fetch_list(source, &list, &why);
	if (st != DF_OK)
		doctor_fails(d, "listing", st, &why);
	else if (list.n_misnamed > 0)
		doctor_warns(d, "listing", "%zu files to take; %s is left alone: %s%s", list.n,
			     list.misnamed[0].name, list.misnamed[0].why,
			     list.n_misnamed > 1 ? " (and others)" : "");
	else if (list.n == 0 && list.left_out > 0)
		doctor_warns(d, "listing",
			     "0 files to take: include and exclude leave out all that is there, %s",
			     df_count(list.left_out, "file").text);
	else
		doctor_ok(d, "listing", "%zu file%s to take%s%s", list.n, df_plural(list.n),
			  list.shortage != NULL ? "; " : "",
			  list.shortage != NULL ? list.shortage : "");
	fetch_list_free(&list);
	return st;
}

static void check_write(struct doctor *d, struct fetch *source)
{
	struct df_err why = {0};
	char *where = NULL;
	enum df_status st = fetch_try_write(source, &where, &why);
	if (st == DF_OK)
		doctor_ok(d, "write_access", "tried with a file: %s", where);
	else if (st == DF_END)
		doctor_skips(d, "write_access",
			     "not needed: the feed keeps files where they are, without receipts");
	else
		doctor_fails(d, "write_access", st, &why);
	free(where);
}

void doctor_source(struct doctor *d)
{
	struct fetch *source = NULL;
	enum fetch_step at = FETCH_STEP_CONNECT;
	struct df_err why = {0};
	if (d->feed->fetch.source.kind == CONF_SOURCE_NONE)
		return;

	enum df_status st = fetch_open_at(d->feed, &source, &at, &why);
	if (d->feed->fetch.source.kind == CONF_SOURCE_SFTP)
		show_steps(d, at, st, &why);
	if (st != DF_OK && at >= FETCH_STEP_FOLDER)
		doctor_fails(d, "listing", st, &why);
	else if (st != DF_OK)
		doctor_skips(d, "listing", "not tried without a connection");
	if (st == DF_OK)
		st = check_listing(d, source);
	if (st == DF_OK)
		check_write(d, source);
	else
		doctor_skips(d, "write_access", "not tried without a listing");
	fetch_close(source);
}
