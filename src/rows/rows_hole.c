/* SPDX-License-Identifier: MIT */
/* Parts of a document that were never written: a copy that is under way, or was broken off, may
 * have its whole length from its beginning, and NULs where nothing was received yet. */
#include "rows_priv.h"

enum {
	HOLE = 512,          /* NULs in a row that no program writes by itself */
	PADDING = 64u << 10, /* but where a document was filled up to the end of a block */
};

static bool has_hole(const char *p, size_t len)
{
	const char *end = p + len, *nul = p;
	while ((nul = memchr(nul, 0, (size_t)(end - nul))) != NULL) {
		const char *after = nul;
		while (after < end && *after == '\0' && after - nul < HOLE)
			after++;
		if (after - nul == HOLE)
			return true;
		nul = after;
	}
	return false;
}

/* Whole rows before it, and nothing but NULs after them. */
static bool is_padding(const char *p, size_t len, uint64_t left)
{
	return left == 0 && len < PADDING && p[0] == '\0' && memcmp(p, p + 1, len - 1) == 0;
}

enum df_status rows_hole(const struct rows *r, const char *p, size_t len, uint64_t left,
			 struct df_err *err)
{
	if (!has_hole(p, len) || is_padding(p, len, left))
		return DF_OK;
	df_err_place(err, NULL, r->row_line, NULL);
	return df_fail(DF_REJECT, err, "malformed-csv",
		       "NUL bytes where a part of the document should be: it was not written to "
		       "its end, as while it is copied, or a disk or a transfer lost that part; "
		       "get it once more");
}
