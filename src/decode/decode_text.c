/* SPDX-License-Identifier: MIT */
/*
 * Documents in other encodings become UTF-8, which is all that the rooms after this one know. One
 * unnamed file holds all converted documents of a drop file, one after the other. Line ends stay
 * where they are, so line numbers stay true.
 */
#include "decode_priv.h"

#include <errno.h>
#include <iconv.h>
#include <inttypes.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

struct decode_texts {
	char *scratch;      /* own: folder for the unnamed file */
	int fd;             /* own: that file, or -1 */
	uint64_t end;       /* of what is in it */
	uint64_t used, max; /* bytes of all documents' texts, and how many there may be */
};

struct decode_text {
	struct decode_texts *all; /* borrowed */
	char *encoding;           /* own: what it was converted from; NULL: not yet */
	uint64_t offset, length;
	bool looks_utf8;
	enum df_status st;
	struct df_err *err; /* own: why it cannot be converted, or NULL */
};

struct decode_texts *decode_texts_new(const char *scratch, uint64_t max)
{
	struct decode_texts *all = df_alloc(sizeof(*all));
	all->max = max;
	all->scratch = df_strdup(scratch);
	all->fd = -1;
	return all;
}

void decode_texts_free(struct decode_texts *all)
{
	if (all == NULL)
		return;
	if (all->fd >= 0)
		close(all->fd);
	free(all->scratch);
	free(all);
}

struct decode_text *decode_text_new(struct decode_texts *all)
{
	struct decode_text *t = df_alloc(sizeof(*t));
	t->all = all;
	return t;
}

static void text_clear(struct decode_text *t)
{
	t->all->used -= t->length;
	free(t->encoding);
	free(t->err);
	*t = (struct decode_text){.all = t->all};
}

void decode_text_free(struct decode_text *t)
{
	if (t == NULL)
		return;
	text_clear(t);
	free(t);
}

/* ---- converting ---- */

struct convert {
	iconv_t cd;
	const struct decode_texts *all; /* borrowed */
	int fd, out;                    /* borrowed */
	const char *encoding;           /* borrowed, for messages */
	uint64_t at, end;               /* of the document in fd: what is read next, and its end */
	uint64_t begin;
	uint64_t written, feeds, returns;
	size_t have;     /* bytes in `in`, not converted yet */
	bool utf8, high; /* all of it is UTF-8 as well; it is not all ASCII */
	char cut
	    [4]; /* what was read last is the beginning of a character in UTF-8, or is not UTF-8 */
	size_t n_cut;
	char in[DECODE_CHUNK];
	char text[DECODE_CHUNK];
};

/* Are the bytes UTF-8 without being converted, too? A character may be cut by their end. */
static void convert_look(struct convert *c, const char *p, size_t n)
{
	if (!c->utf8)
		return;
	for (size_t i = 0; !c->high && i < n; i++)
		c->high = ((unsigned char)p[i] & 0x80) != 0;
	for (; c->n_cut > 0 && c->n_cut < sizeof(c->cut) && n > 0; n--) {
		c->cut[c->n_cut++] = *p++;
		if (df_utf8_valid(c->cut, c->n_cut) == c->n_cut)
			c->n_cut = 0;
	}
	if (c->n_cut > 0)
		return; /* it needs more bytes, or cannot be one */

	size_t valid = df_utf8_valid(p, n);
	c->n_cut = n - valid < sizeof(c->cut) ? n - valid : sizeof(c->cut);
	memcpy(c->cut, p + valid, c->n_cut);
}

static enum df_status convert_fill(struct convert *c, struct df_err *err)
{
	size_t room = sizeof(c->in) - c->have;
	size_t want = c->end - c->at < room ? (size_t)(c->end - c->at) : room;
	ssize_t n;
	do
		n = pread(c->fd, c->in + c->have, want, (off_t)c->at);
	while (n < 0 && errno == EINTR);
	if (n < 0 || (n == 0 && want > 0))
		return df_fail(DF_RETRY, err, NULL, "cannot read the document: %s",
			       n < 0 ? strerror(errno) : "it got shorter");
	convert_look(c, c->in + c->have, (size_t)n);
	c->have += (size_t)n;
	c->at += (uint64_t)n;
	return DF_OK;
}

static enum df_status convert_flush(struct convert *c, size_t len, struct df_err *err)
{
	for (const char *p = c->text; p < c->text + len; p++) {
		c->feeds += *p == '\n';
		c->returns += *p == '\r';
	}
	c->written += len;
	if (c->written > c->all->max - c->all->used)
		return df_fail(DF_REJECT, err, "archive-limit",
			       "the documents of the file take more than max_plaintext (%" PRIu64
			       " bytes) once they are converted from %s to UTF-8; split it, or "
			       "raise max_plaintext",
			       c->all->max, c->encoding);
	enum df_status st = decode_stopped(err);
	return st == DF_OK ? df_write_all(c->out, c->text, len, err) : st;
}

static enum df_status convert_fault(const struct convert *c, const char *p, struct df_err *err)
{
	uint64_t at = c->at - c->begin - (uint64_t)(c->in + c->have - p);
	df_err_place(err, NULL, 1 + (c->feeds > 0 ? c->feeds : c->returns), NULL);
	return df_fail(
	    DF_REJECT, err, "not-utf8",
	    "byte %" PRIu64
	    " of the document (0x%02x) is not %s, as `encoding` says that it is; find out "
	    "what encoding the file has",
	    at + 1, (unsigned)(unsigned char)*p, c->encoding);
}

/* Converts what `in` holds; a character that it has the beginning of only stays there. */
static enum df_status convert_step(struct convert *c, struct df_err *err)
{
	char *p = c->in;
	size_t left = c->have;
	for (;;) {
		char *to = c->text;
		size_t room = sizeof(c->text);
		size_t done = iconv(c->cd, &p, &left, &to, &room);
		int error = errno;
		enum df_status st = convert_flush(c, (size_t)(to - c->text), err);
		if (st != DF_OK)
			return st;
		if (done == (size_t)-1 && error == E2BIG)
			continue;
		bool cut = done == (size_t)-1 && error == EINVAL && c->at < c->end;
		if (done == (size_t)-1 && !cut)
			return convert_fault(c, p, err);
		memmove(c->in, p, left);
		c->have = left;
		return DF_OK;
	}
}

static enum df_status convert_all(struct convert *c, struct df_err *err)
{
	while (c->at < c->end || c->have > 0) {
		enum df_status st = convert_fill(c, err);
		if (st != DF_OK)
			return st;
		st = convert_step(c, err);
		if (st != DF_OK)
			return st;
	}

	/* some encodings hold a character back, as the next one may change it */
	char *to = c->text;
	size_t room = sizeof(c->text);
	(void)iconv(c->cd, NULL, NULL, &to, &room);
	return convert_flush(c, (size_t)(to - c->text), err);
}

/* ---- what the first bytes say against it ---- */

static bool is_unicode(const char *encoding)
{
	return strncasecmp(encoding, "utf", 3) == 0 || strncasecmp(encoding, "ucs", 3) == 0;
}

/* iconv takes UTF-16 without a mark for the machine's own byte order. */
static const char *name_for_iconv(const char *encoding, const unsigned char *p, size_t n)
{
	bool big = n >= 2 && p[0] == 0 && p[1] != 0;
	return big && (strcasecmp(encoding, "utf-16") == 0 || strcasecmp(encoding, "utf16") == 0)
		   ? "UTF-16BE"
		   : encoding;
}

static enum df_status check_mark(const char *encoding, const unsigned char *p, size_t n,
				 struct df_err *err)
{
	const char *name = NULL;
	if (n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		name = "utf-8";
	else if (n >= 2 && (memcmp(p, "\xff\xfe", 2) == 0 || memcmp(p, "\xfe\xff", 2) == 0))
		name = "utf-16";
	if (name == NULL || (is_unicode(encoding) && strcmp(name, "utf-8") != 0) ||
	    strcasecmp(encoding, name) == 0)
		return DF_OK;
	return df_fail(
	    DF_REJECT, err, "not-utf8",
	    "the document begins with the mark of %s, though `encoding = %s`: set `encoding = %s`",
	    name, encoding, name);
}

/* ---- a document ---- */

/* The room's file, with its end as the place to write to. */
static enum df_status texts_open(struct decode_texts *all, struct df_err *err)
{
	if (all->fd < 0) {
		enum df_status st = df_unnamed_open(all->scratch, &all->fd, err);
		if (st != DF_OK)
			return st;
	}
	if (lseek(all->fd, (off_t)all->end, SEEK_SET) < 0)
		return df_fail(DF_RETRY, err, NULL, "cannot seek: %s", strerror(errno));
	return DF_OK;
}

/* The first bytes may say that the encoding is another one. */
static enum df_status convert_begin(struct convert *c, struct df_err *err)
{
	enum df_status st = convert_fill(c, err);
	if (st != DF_OK)
		return st;
	const unsigned char *first = (const unsigned char *)c->in;
	st = check_mark(c->encoding, first, c->have, err);
	if (st != DF_OK)
		return st;
	c->cd = iconv_open("UTF-8", name_for_iconv(c->encoding, first, c->have));
	if (c->cd == (iconv_t)-1)
		return df_fail(DF_USAGE, err, NULL,
			       "iconv does not know `encoding = %s` on this machine", c->encoding);
	return DF_OK;
}

static enum df_status text_make(struct decode_text *t, const struct decode_doc *doc,
				const char *encoding, struct df_err *err)
{
	struct decode_texts *all = t->all;
	enum df_status st = texts_open(all, err);
	if (st != DF_OK)
		return st;

	struct convert *c = df_alloc(sizeof(*c));
	c->cd = (iconv_t)-1;
	c->all = all;
	c->fd = doc->fd;
	c->out = all->fd;
	c->encoding = encoding;
	c->begin = c->at = doc->offset;
	c->end = doc->offset + doc->length;
	c->utf8 = !is_unicode(encoding);
	st = convert_begin(c, err);
	if (st != DF_OK)
		goto cleanup;

	st = convert_all(c, err);
	t->offset = all->end;
	t->length = st == DF_OK ? c->written : 0;
	all->used += t->length;
	t->looks_utf8 = c->utf8 && c->high && c->n_cut == 0;
	all->end += c->written;
cleanup:
	if (c->cd != (iconv_t)-1)
		iconv_close(c->cd);
	free(c);
	return st;
}

/* ---- reject files that an editor saved as UTF-8 ---- */

#define HEADER_MOST (64u << 10)

/* Has it the columns of a reject file, in a header of ASCII? */
static bool is_reject_file(const struct decode_doc *doc)
{
	static const char line[] = "dropfeed.line", reason[] = "dropfeed.reason";
	char *header = df_alloc(HEADER_MOST);
	ssize_t n = pread(doc->fd, header, doc->length < HEADER_MOST ? doc->length : HEADER_MOST,
			  (off_t)doc->offset);
	size_t len = n > 0 ? (size_t)n : 0;
	const char *end = memchr(header, '\n', len);
	len = end != NULL ? (size_t)(end - header) : len;
	bool found = memmem(header, len, line, sizeof(line) - 1) != NULL &&
		     memmem(header, len, reason, sizeof(reason) - 1) != NULL;
	free(header);
	return found;
}

static bool has_mark(const struct decode_doc *doc)
{
	char mark[3];
	return pread(doc->fd, mark, sizeof(mark), (off_t)doc->offset) == (ssize_t)sizeof(mark) &&
	       memcmp(mark, "\xef\xbb\xbf", sizeof(mark)) == 0;
}

/* It was written in the encoding of its feed, in which such a header has zeros in UTF-16. */
static enum df_status text_of_rejects(struct decode_text *t, const struct decode_doc *doc,
				      const char *encoding, struct df_err *err)
{
	static const char utf8[] = "utf-8";
	const bool wide = is_unicode(encoding) && strchr(encoding, '7') == NULL;
	if (wide || has_mark(doc))
		return text_make(t, doc, utf8, err);
	enum df_status st = text_make(t, doc, encoding, err);
	if (st != DF_OK || !t->looks_utf8)
		return st;
	t->all->used -= t->length;
	t->length = 0;
	return text_make(t, doc, utf8, err);
}

/* A refusal is kept: a document is asked for several times. */
static enum df_status text_keep(struct decode_text *t, const struct decode_doc *doc,
				const char *encoding, struct df_err *err)
{
	struct df_err why = {0};
	enum df_status st = is_reject_file(doc) ? text_of_rejects(t, doc, encoding, &why)
						: text_make(t, doc, encoding, &why);
	if (st != DF_OK && st != DF_REJECT) {
		*err = why;
		return st;
	}
	t->encoding = df_strdup(encoding);
	t->st = st;
	if (st == DF_OK)
		return DF_OK;
	t->err = df_alloc(sizeof(*t->err));
	*t->err = why;
	*err = why;
	return st;
}

static enum df_status text_get(const struct decode_doc *doc, const char *encoding,
			       struct df_err *err)
{
	struct decode_text *t = doc->text;
	if (t->encoding == NULL || strcmp(t->encoding, encoding) != 0) {
		text_clear(t);
		return text_keep(t, doc, encoding, err);
	}
	if (t->st == DF_REJECT)
		*err = *t->err;
	return t->st;
}

enum df_status decode_doc_utf8(const struct decode_doc *doc, const char *encoding,
			       struct decode_bytes *out, struct df_err *err)
{
	*out = (struct decode_bytes){.fd = doc->fd, .offset = doc->offset, .length = doc->length};
	if (strcmp(encoding, "utf-8") == 0 || doc->text == NULL || doc->length == 0)
		return DF_OK;
	enum df_status st = text_get(doc, encoding, err);
	if (st != DF_OK)
		return st;
	const struct decode_text *t = doc->text;
	*out = (struct decode_bytes){.fd = t->all->fd,
				     .offset = t->offset,
				     .length = t->length,
				     .looks_utf8 = t->looks_utf8};
	return DF_OK;
}
