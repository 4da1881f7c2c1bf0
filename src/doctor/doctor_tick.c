/* SPDX-License-Identifier: MIT */
/* One tick: what was found, and the exit code that it makes. */
#include "doctor_tick.h"

#include <stdio.h>
#include <stdlib.h>

/* What to do where the words of the room that failed do not say it: in a log they are
 * beside what is tried again. */
static const char *remedy(const char *name, enum df_status st)
{
	static const struct {
		const char *name;
		enum df_status st;
		const char *text;
	} remedies[] = {
	    {"state_dir", DF_USAGE,
	     "correct state_dir, or make the folder and give it to this user (chown)"},
	    {"connection", DF_RETRY,
	     "check host and port in source, and the way there (firewall, proxy_command)"},
	    {"listing", DF_DENIED, "let the server's administrator give access to the folder"},
	    {"endpoint", DF_RETRY, "check endpoint, proxy, and the way there (firewall, DNS)"},
	    {"credentials", DF_RETRY, "try again later; if it stays so, check endpoint"},
	    {"sink", DF_USAGE, "correct sink, or make the folder and give it to this user"},
	};
	for (size_t i = 0; i < sizeof(remedies) / sizeof(*remedies); i++)
		if (strcmp(name, remedies[i].name) == 0 && st == remedies[i].st)
			return remedies[i].text;
	return NULL;
}

static void tick(struct doctor *d, const char *name, enum doctor_tick_state state,
		 enum df_status st, const char *text)
{
	struct run_result alone = {0};
	const char *todo = state == DOCTOR_TICK_FAILED ? remedy(name, st) : NULL;
	char *whole = df_format("%s%s%s", text, todo != NULL ? "; " : "", todo != NULL ? todo : "");
	run_note_status(&alone, st);
	run_note_status(d->result, st);
	const struct doctor_tick t = {.feed = d->feed != NULL ? d->feed->name : NULL,
				      .name = name,
				      .state = state,
				      .text = whole,
				      .exit_code = run_exit_code(&alone)};
	d->options->tick(d->options->ctx, &t);
	free(whole);
}

#define TICK(d, name, state, fmt)                                                                  \
	do {                                                                                       \
		char text[DF_ERR_TEXT];                                                            \
		va_list ap;                                                                        \
		va_start(ap, fmt);                                                                 \
		df_message(text, sizeof(text), fmt, ap);                                           \
		va_end(ap);                                                                        \
		tick((d), (name), (state), DF_OK, text);                                           \
	} while (0)

void doctor_ok(struct doctor *d, const char *name, const char *fmt, ...)
{
	TICK(d, name, DOCTOR_TICK_OK, fmt);
}

void doctor_warns(struct doctor *d, const char *name, const char *fmt, ...)
{
	TICK(d, name, DOCTOR_TICK_WARNING, fmt);
}

void doctor_skips(struct doctor *d, const char *name, const char *fmt, ...)
{
	TICK(d, name, DOCTOR_TICK_SKIPPED, fmt);
}

void doctor_fails(struct doctor *d, const char *name, enum df_status st, const struct df_err *why)
{
	char text[DF_ERR_TEXT];
	struct df_err plain = *why;
	plain.code[0] = '\0';
	df_err_render(&plain, text, sizeof(text));
	df_hide_passwords(text);
	/* what would be the file's fault is nobody's here */
	tick(d, name, DOCTOR_TICK_FAILED, st == DF_REJECT ? DF_DENIED : st, text);
}

static bool is_of_feed(const struct doctor *d, const struct doctor_finding *f)
{
	return d->feed == NULL ? f->feed == NULL
			       : f->feed != NULL && strcmp(f->feed, d->feed->name) == 0;
}

void doctor_shows(struct doctor *d, const char *name, struct doctor_finding *f)
{
	f->shown = true;
	tick(d, name, f->warning ? DOCTOR_TICK_WARNING : DOCTOR_TICK_FAILED,
	     f->warning ? DF_OK : DF_USAGE, f->text);
}

bool doctor_found(struct doctor *d, const char *name, const char *const *keys)
{
	for (size_t i = 0; i < d->n_findings; i++) {
		struct doctor_finding *f = &d->findings[i];
		for (const char *const *key = keys; *key != NULL; key++)
			if (is_of_feed(d, f) && !f->shown && strcmp(f->key, *key) == 0) {
				doctor_shows(d, name, f);
				return true;
			}
	}
	return false;
}
