/* SPDX-License-Identifier: MIT */
/* A hash of what a document holds, however its file is packed or encrypted. */
#include "dropfeed/document.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#define AT_ONCE (1u << 18)

static enum df_status add_bytes(const struct decode_doc *doc, XXH3_state_t *state,
				struct df_err *err)
{
	char *buffer = df_alloc(AT_ONCE);
	enum df_status st = DF_OK;
	for (uint64_t at = 0; at < doc->length;) {
		uint64_t left = doc->length - at;
		ssize_t n = pread(doc->fd, buffer, left < AT_ONCE ? left : AT_ONCE,
				  (off_t)(doc->offset + at));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			st = df_fail(DF_RETRY, err, NULL, "cannot read an unpacked document: %s",
				     n < 0 ? df_strerror(errno) : "it is shorter than it was");
			break;
		}
		XXH3_128bits_update(state, buffer, (size_t)n);
		at += (uint64_t)n;
	}
	free(buffer);
	return st;
}

enum df_status document_content(const struct decode_doc *doc, char hex[DOCUMENT_CONTENT_HEX],
				struct df_err *err)
{
	static const char digits[] = "0123456789abcdef";
	XXH128_canonical_t hash; /* the same bytes on every machine */
	XXH3_state_t *state = XXH3_createState();
	if (state == NULL)
		return df_fail(DF_FATAL, err, NULL, "out of memory");
	XXH3_128bits_reset(state);
	enum df_status st = add_bytes(doc, state, err);
	XXH128_canonicalFromHash(&hash, XXH3_128bits_digest(state));
	XXH3_freeState(state);

	for (size_t i = 0; i < sizeof(hash.digest); i++) {
		*hex++ = digits[hash.digest[i] >> 4];
		*hex++ = digits[hash.digest[i] & 15];
	}
	*hex = '\0';
	return st;
}
