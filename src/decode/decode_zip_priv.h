/* SPDX-License-Identifier: MIT */
/*
 * decode_zip_priv.h - how libzip reads a descriptor
 */
#ifndef DROPFEED_DECODE_ZIP_PRIV_H
#define DROPFEED_DECODE_ZIP_PRIV_H

#include "decode_priv.h"

#include <zip.h>

/* Bytes of directory that an entry may take on average: 46, and its name, extra fields and
 * comment (APPNOTE 4.3.12). */
#define DIRECTORY_PER_ENTRY 1024u
/* That an archive of any size may take: libzip looks for the directory's end in the last 64 KiB. */
#define DIRECTORY_FREE (1u << 20)

struct decode_zip_source {
	int fd; /* borrowed */
	uint64_t size, offset;
	bool opening;       /* the directory is being read: */
	uint64_t allowance; /* bytes that may yet be read for it */
	bool over;          /* it was larger */
	/* errno of the first read that went wrong: libzip does not always pass it on */
	int failed;
	zip_error_t error;
};
enum df_status decode_zip_source_init(struct decode_zip_source *s, int fd, uint64_t max_entries,
				      struct df_err *err) DF_CHECK;
/* DF_OK when the file ends with the zip's end and nothing else. */
enum df_status decode_zip_source_check(struct decode_zip_source *s, struct df_err *err) DF_CHECK;
/* s must outlive the archive. NULL: out of memory. */
zip_source_t *decode_zip_source_new(struct decode_zip_source *s, zip_error_t *error);

#endif
