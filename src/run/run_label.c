/* SPDX-License-Identifier: MIT */
/* What the log calls a document, and what it says of one. */
#include "run_document.h"

#include <stdio.h>
#include <stdlib.h>

char *run_document_label(const struct run_file *f, const struct decode_doc *doc)
{
	if (doc != NULL && doc->name != NULL)
		return df_format("%s: %s, %s", f->feed->name, f->name, doc->name);
	return df_format("%s: %s", f->feed->name, f->name);
}

void run_file_log_failure(const struct run_file *f, const struct decode_doc *doc,
			  const struct df_err *err, const char *what)
{
	char *name = run_document_label(f, doc);
	char text[DF_ERR_TEXT];
	struct df_err why = *err;
	if (strcmp(why.file, f->name) == 0) /* it is named already */
		why.file[0] = '\0';
	df_err_render(&why, text, sizeof(text));
	df_log_code(DF_LOG_ERROR, why.code, "%s: %s: %s", name, what, text);
	free(name);
}

void run_log_note(const char *label, const struct map_warning *note)
{
	bool guideline = strcmp(note->code, "guideline") == 0;
	df_log_code(guideline ? DF_LOG_DEBUG : DF_LOG_WARN, note->code, "%s: %s [%s]", label,
		    note->text, note->code);
}

void run_log_warnings(const char *label, const struct document_pass *pass)
{
	const struct map_warning *list;
	size_t n = pass->map != NULL ? map_warnings(pass->map, &list) : 0;
	for (size_t i = 0; i < n; i++)
		df_log_code(DF_LOG_WARN, list[i].code, "%s: %s [%s]", label, list[i].text,
			    list[i].code);
	for (size_t i = 0; i < pass->n_notes; i++)
		run_log_note(label, &pass->notes[i]);
}

void run_log_skipped(const char *label, const struct decode_skipped *entry)
{
	df_log(entry->missed ? DF_LOG_WARN : DF_LOG_INFO, "%s: %s is skipped: %s", label,
	       entry->name, entry->why);
}
