/* SPDX-License-Identifier: MIT */
/* fetch_get.h - one download: its bytes (fetch_get.c), and whether the file changed meanwhile
 * (fetch_get_same.c) */
#ifndef FETCH_GET_H
#define FETCH_GET_H

#include "fetch_hasher.h"
#include "fetch_priv.h"

struct get_job {
	struct fetch *source;
	const struct fetch_entry *entry;
	bool known;               /* by its SHA-256: no checksum file is read */
	uint64_t size;            /* of the file: the listing's, mostly */
	struct fetch_stat before; /* what a look said before it was read */
	bool blind;               /* the source does not let us look at it */
	bool doubtful;            /* it is not as it was listed, or may not be */
	/* one request asks for more than there is, and a look comes after it: an answer that ends
	 * where the listing says that the file does needs no other one to say so */
	bool at_once;
	bool gone; /* it is not on the source any more, and all of it is here */
	struct fetch_checksum *checksum;
	char *path; /* on the source */
	char *part; /* "<spool_path>.part" */
	int fd;
	uint64_t kept;  /* bytes of the part that an earlier attempt read */
	uint64_t have;  /* bytes in the part, all of them in the hash, or on their way there */
	uint64_t begun; /* of them, what df_write_behind saw to */
	struct df_sha256 *hash;
	struct fetch_hasher hasher;
	char hex[DF_SHA256_HEX];
	char *chunk;  /* room for any request */
	size_t ahead; /* what one request asks for at most */
	bool discard; /* the part is useless now */
};

/* DF_RETRY: the part is discarded, and the file is taken again once it has come to rest. */
enum df_status fetch_get_changed(struct get_job *job, const char *how, struct df_err *err) DF_CHECK;
/* DF_RETRY: the next run continues the download. */
enum df_status fetch_get_stopped(struct df_err *err) DF_CHECK;

/* Looks at the file before it is read. DF_END: it is not there any more. */
enum df_status fetch_get_before(struct get_job *job, struct df_err *err) DF_CHECK;
/* Looks at the file after it was read, and compares with the listing: job->doubtful, or it did not
 * change in between, or it is gone. */
enum df_status fetch_get_as_listed(struct get_job *job, struct df_err *err) DF_CHECK;
/* Looks once more, with the same request: DF_OK says that what was read in between is one state
 * of the file, or that the file is gone. */
enum df_status fetch_get_after(struct get_job *job, struct df_err *err) DF_CHECK;

#endif
