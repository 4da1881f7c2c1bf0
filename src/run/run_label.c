/* SPDX-License-Identifier: MIT */
#include "run_document.h"

#include <stdio.h>
#include <stdlib.h>

char *run_document_label(const struct run_file *f, const struct decode_doc *doc)
{
	if (doc != NULL && doc->name != NULL)
		return df_format("%s: %s, %s", f->feed->name, f->name, doc->name);
	return df_format("%s: %s", f->feed->name, f->name);
}
