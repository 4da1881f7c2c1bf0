/* SPDX-License-Identifier: MIT */
/* A pass's own warnings, and the guidelines of the hosted feed, as its documentation gives them. */
#include "document_pass.h"

#include <stdio.h>
#include <stdlib.h>

#define MIN_BYTES UINT64_C(5000000)
#define MAX_BYTES UINT64_C(2000000000)

void document_pass_note(struct document_pass *w, const char *code, const char *text)
{
	w->notes = df_realloc(w->notes, (w->n_notes + 1) * sizeof(*w->notes));
	struct map_warning *g = &w->notes[w->n_notes++];
	snprintf(g->code, sizeof(g->code), "%s", code);
	snprintf(g->text, sizeof(g->text), "%s", text);
}

enum df_status document_guideline(struct document_pass *w, struct df_err *err, const char *text)
{
	/* which takes no subject requests */
	if (w->feed->map.guidelines == CONF_OFF || w->feed->requests.on)
		return DF_OK;
	if (w->feed->map.guidelines == CONF_ENFORCE)
		return df_fail(DF_REJECT, err, "guideline", "%s (guidelines = enforce)", text);
	document_pass_note(w, "guideline", text);
	return DF_OK;
}

enum df_status document_guidelines_of_file(struct document_pass *w, struct df_err *err)
{
	struct name name;
	struct df_err ignored = {0};
	enum df_status st = DF_OK;
	if (name_parse_as(df_base_name(w->file), w->feed->decode.document_type, &name, &ignored) ==
		DF_OK &&
	    strpbrk(name.stem, "-.") != NULL)
		st = document_guideline(
		    w, err,
		    "the hosted feed wants no dash and no dot in a file's name before "
		    "its event type");
	if (st != DF_OK)
		return st;
	if (w->doc->length < MIN_BYTES)
		return document_guideline(w, err, "the hosted feed wants files of 5 MB at least");
	if (w->doc->length > MAX_BYTES)
		return document_guideline(w, err, "the hosted feed wants files of 2 GB at most");
	return DF_OK;
}
