/* SPDX-License-Identifier: MIT */
/* Whether a secret key can be used here, now, without a terminal: only its use shows that. */
#include "decode_gpg_priv.h"

#include <errno.h>
#include <unistd.h>

static const char words[] = "dropfeed\n";

/* What was decrypted is what was encrypted. */
static enum df_status same_words(int fd, struct df_err *err)
{
	char got[sizeof(words)] = "";
	if (pread(fd, got, sizeof(words) - 1, 0) == (ssize_t)sizeof(words) - 1 &&
	    memcmp(got, words, sizeof(words) - 1) == 0)
		return DF_OK;
	return df_fail(DF_RETRY, err, NULL, "GnuPG gave other bytes back than were encrypted");
}

enum df_status decode_try_key(const struct conf_feed *feed, const char *fingerprint,
			      const char *scratch, struct df_err *err)
{
	struct conf_feed view = *feed; /* its pointers stay the feed's */
	struct decode_sink sink = {.feed = &view, .fd = -1};
	int plain = -1, sealed = -1;
	view.decode.signed_by.n = view.decode.rejects_recipient.n = 0;
	enum df_status st = df_unnamed_open(scratch, &plain, err);
	if (st != DF_OK)
		goto cleanup;
	st = df_unnamed_open(scratch, &sealed, err);
	if (st != DF_OK)
		goto cleanup;
	st = df_unnamed_open(scratch, &sink.fd, err);
	if (st != DF_OK)
		goto cleanup;
	st = df_write_all(plain, words, sizeof(words) - 1, err);
	if (st != DF_OK)
		goto cleanup;

	st = decode_seal(&view, fingerprint, plain, sealed, err);
	if (st != DF_OK)
		goto cleanup;
	sink.packed = (uint64_t)lseek(sealed, 0, SEEK_END);
	st = decode_gpg(&view, sealed, &sink, err);
	if (st != DF_OK)
		goto cleanup;
	st = same_words(sink.fd, err);
cleanup:
	for (const int *fd = (const int[]){plain, sealed, sink.fd, -1}; *fd >= 0; fd++)
		close(*fd);
	return st;
}
