/* SPDX-License-Identifier: MIT */
/* document_rejects.h - between the files of the reject file */
#ifndef DOCUMENT_REJECTS_H
#define DOCUMENT_REJECTS_H

#include "dropfeed/document.h"

/* Counts a row that starts on this line. column: NULL or "" where the row as a whole is at
 * fault. */
void document_reasons_count(struct document_reasons *list, const char *code, const char *column,
			    uint64_t line);

#endif
