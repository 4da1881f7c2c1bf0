/* SPDX-License-Identifier: MIT */
/*
 * fuzz.h - what the fuzz targets share
 *
 * Each fuzz_*.c is one target: LLVMFuzzerTestOneInput takes any bytes at all and aborts when what
 * comes out breaks a promise of the room's header. `make fuzz` links the targets with libFuzzer;
 * `make test` links them with replay.c, which runs the files of corpus/<target>/ through them once.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "dropfeed/map.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CHECK(holds)                                                                          \
	do {                                                                                       \
		if (!(holds)) {                                                                    \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #holds); \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* The bytes as a file without a name; the caller's to close. */
int fuzz_file(const void *data, size_t size);

/* A copy of exactly that size with a NUL after it, so that reading past the end is seen. free()
 * it. */
char *fuzz_text(const void *data, size_t size);

/* The text up to `end` or the end of the input is cut off its front. free() it. */
char *fuzz_front(const uint8_t **data, size_t *size, char end);

/* Text for people: some, in UTF-8, and whole. */
void fuzz_message(const char *text, size_t size);

/* A failed call's error is text for people, and its code is one of the NULL-terminated list (""
 * where the status is DF_USAGE or DF_RETRY). */
void fuzz_error(enum df_status st, const struct df_err *err, const char *const *codes);
bool fuzz_among(const char *word, const char *const *words);

/* Strict JSON in UTF-8 on one line, no member twice, or abort. The caller's to put. */
struct json_object *fuzz_json(const char *text, size_t len);

/* what map_header and map_no_header refuse documents with */
extern const char *const fuzz_header_codes[];

/* Maps a row and holds what comes out against the header's promises and the API's limits. */
enum df_status fuzz_row(struct map *m, const struct rows_cell *cells, size_t n,
			struct map_record *record);
void fuzz_warnings(const struct map *m);

#endif
