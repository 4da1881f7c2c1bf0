/* SPDX-License-Identifier: MIT */
/* What a document's first bytes give away: as CSV, packed or encrypted data would only look like
 * stray NUL bytes, and a web page a header with a strange name. */
#include "decode_priv.h"

#include <ctype.h>
#include <errno.h>
#include <strings.h>
#include <unistd.h>

#define HEAD 512 /* bytes that are looked at */

struct head {
	char p[HEAD];
	size_t len;
};

enum bytes_kind {
	BYTES_PACKED,
	BYTES_OPENPGP,
	BYTES_OFFICE, /* of an office program, which are zips as well */
	BYTES_OTHER,
};

struct bytes_known {
	size_t at; /* offset of the magic */
	const char *magic;
	size_t len;
	enum bytes_kind kind;
	const char *what;
};

#define SIGNED "a signed OpenPGP message (sign and encrypt in one step: gpg --sign --encrypt)"
#define PACKED                                                                                     \
	"a signed or packed OpenPGP message (sign and encrypt in one step: gpg --sign --encrypt)"

static const struct bytes_known bytes_known[] = {
    {0, "\x1f\x8b", 2, BYTES_PACKED, "gzip data"},
    {30, "mimetypeapplication/vnd.oasis.", 30, BYTES_OFFICE, "an OpenDocument file"},
    {0, "PK\3\4", 4, BYTES_PACKED, DECODE_A_ZIP},
    {0, "BZh", 3, BYTES_PACKED, "bzip2 data"},
    {0, "\xfd\x37zXZ", 5, BYTES_PACKED, "xz data"},
    {0, "7z\xbc\xaf", 4, BYTES_PACKED, "a 7z archive"},
    {0, "Rar!\x1a\x07", 6, BYTES_PACKED, "a rar archive"},
    {0, "\x28\xb5\x2f\xfd", 4, BYTES_PACKED, "zstd data"},
    {0, "\x04\x22\x4d\x18", 4, BYTES_PACKED, "lz4 data"},
    {257, "ustar", 5, BYTES_PACKED, "a tar archive"},
    {0, "%PDF-", 5, BYTES_OTHER, "a PDF"},
    {0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8, BYTES_OTHER, "an Excel workbook (.xls)"},
    {0, "PAR1\x15", 5, BYTES_OTHER, "a Parquet file"},
    {0, "Obj\x01", 4, BYTES_OTHER, "an Avro file"},
    {0, "ORC\x0a", 4, BYTES_OTHER, "an ORC file"},
    {0, "\x1f\x9d", 2, BYTES_PACKED, "compress data (.Z)"},
    {0, "SQLite format 3", 16, BYTES_OTHER, "an SQLite database"},
    {0, "\x89PNG\r\n", 6, BYTES_OTHER, "an image"},
    {0, "\xff\xd8\xff", 3, BYTES_OTHER, "an image"},
    /* what an encrypted message holds that was signed, or packed, as one of its own */
    {0, "\x90\x0d\x03", 3, BYTES_OPENPGP, SIGNED},
    {0, "\xc4\x0d\x03", 3, BYTES_OPENPGP, SIGNED},
    {0, "\xa3\x01", 2, BYTES_OPENPGP, PACKED},
    {0, "\xa3\x02", 2, BYTES_OPENPGP, PACKED},
    {0, "\xa3\x03", 2, BYTES_OPENPGP, PACKED},
    {0, "-----BEGIN PGP ", 15, BYTES_OPENPGP, "OpenPGP data"},
};

static bool head_has(const struct head *h, size_t at, const char *magic, size_t len)
{
	return h->len >= at + len && memcmp(h->p + at, magic, len) == 0;
}

/* A session key that is encrypted to a public key or a passphrase (RFC 4880 §4.2, §5.1, §5.3). In
 * other encodings the first byte may be a letter: the version, after the length, is not. */
static bool head_is_session_key(const struct head *h)
{
	const unsigned char *p = (const unsigned char *)h->p;
	size_t at = 2;
	if (h->len < 2 || memchr("\x84\x85\x8c\xc1\xc3", p[0], 5) == NULL)
		return false;

	const bool symmetric = p[0] == 0x8c || p[0] == 0xc3;
	if (p[0] == 0x85 || (p[0] >= 0xc0 && p[1] >= 192))
		at = 3;
	if (h->len <= at)
		return true;
	return symmetric ? p[at] >= 4 && p[at] <= 6 : p[at] == 3 || p[at] == 6;
}

/* A workbook is a zip as well: the name of its first entry, after the local header (APPNOTE
 * 4.3.7), distinguishes them. */
static bool head_is_workbook(const struct head *h)
{
	static const char *const first[] = {"[Content_Types].xml", "_rels/.rels", "docProps/",
					    "xl/"};
	if (!head_has(h, 0, "PK\3\4", 4))
		return false;
	for (size_t i = 0; i < sizeof(first) / sizeof(*first); i++)
		if (head_has(h, 30, first[i], strlen(first[i])))
			return true;
	return false;
}

static const struct bytes_known *head_find(const struct head *h)
{
	static const struct bytes_known workbook = {.kind = BYTES_OFFICE,
						    .what = "an Excel workbook (.xlsx)"};
	static const struct bytes_known session_key = {.kind = BYTES_OPENPGP,
						       .what = "OpenPGP data"};
	if (head_is_workbook(h))
		return &workbook;
	if (head_is_session_key(h))
		return &session_key;
	for (size_t i = 0; i < sizeof(bytes_known) / sizeof(*bytes_known); i++) {
		const struct bytes_known *k = &bytes_known[i];
		if (head_has(h, k->at, k->magic, k->len))
			return k;
	}
	return NULL;
}

static bool head_read(struct head *h, int fd, uint64_t offset, uint64_t length)
{
	size_t want = length < HEAD ? (size_t)length : HEAD;
	ssize_t n;
	do
		n = pread(fd, h->p, want, (off_t)offset);
	while (n < 0 && errno == EINTR);
	h->len = n > 0 ? (size_t)n : 0;
	return n >= 0;
}

enum df_status decode_bytes_check(const struct decode_doc *doc, bool unpacked, struct df_err *err)
{
	static const char *const codes[] = {/* enum bytes_kind */
					    "corrupt-archive", "encryption-mismatch",
					    "corrupt-archive", "malformed-csv"};
	struct head h;
	if (!head_read(&h, doc->fd, doc->offset, doc->length))
		return df_fail(DF_RETRY, err, NULL, "cannot read: %s", strerror(errno));
	const struct bytes_known *k = head_find(&h);
	if (k == NULL)
		return DF_OK;

	const char *advice = "give it the name of what it is, such as NAME-EVENTTYPE.csv.gz, or "
			     "write CSV";
	if (unpacked)
		advice = "pack or encrypt the CSV once, as the name says";
	if (k->kind == BYTES_OFFICE || k->kind == BYTES_OTHER)
		advice = "export it as CSV in UTF-8";
	return df_fail(DF_REJECT, err, codes[k->kind], "%s%s%.200s%s not CSV but %s; %s",
		       unpacked ? "unpacked, " : "",
		       doc->name != NULL ? "the zip's entry '" : "the file",
		       doc->name != NULL ? doc->name : "", doc->name != NULL ? "' is" : " is",
		       k->what, advice);
}

const char *decode_bytes_kind(int fd)
{
	struct head h;
	if (!head_read(&h, fd, 0, HEAD))
		return NULL;
	const struct bytes_known *k = head_find(&h);
	return k == NULL || k->kind == BYTES_OPENPGP ? NULL : k->what;
}

/* ---- texts that are not CSV ---- */

static const struct {
	const char *begin; /* in any case of letters */
	const char *what;
	const char *wide; /* the same in UTF-16, where that matters */
} texts_known[] = {
#define PAGE "a web page (HTML), such as a login form or an error page"
    {"<!doctype html", PAGE},
    {"<html", PAGE},
    {"<head", PAGE},
    {"<?xml", "XML"},
    {"<error>", "XML, such as the error of a storage service"},
    {"{\\rtf", "a text document (RTF)"},
    {"PuTTY-User-Key-File-", "a private key of PuTTY"},
    {"-----BEGIN PGP MESSAGE", "an OpenPGP message in ASCII armour",
     "an OpenPGP message in UTF-16, as PowerShell's > writes it: write it by gpg --output"},
    {"-----BEGIN PGP SIGNED", "a text signed with OpenPGP, which is not encrypted"},
    {"-----BEGIN PGP SIGNATURE",
     "an OpenPGP signature of another file: exclude = *.asc leaves such files alone"},
    {"-----BEGIN PGP", "an OpenPGP key"},
    {"-----BEGIN ", "a key or a certificate (PEM)"},
    {"ORA-", "an error message of Oracle"},
    {"Traceback (most recent call last)", "the error message of a Python program"},
    {"Exception in thread ", "the error message of a Java program"},
    {"java.", "the error message of a Java program"},
    {"version https://git-lfs.github.com/", "a pointer of Git LFS, not the file itself"},
    {"SP2-", "an error message of Oracle SQL*Plus"},
    {"Sqlcmd: Error", "an error message of SQL Server"},
    {"psql: ", "an error message of PostgreSQL"},
    {"ERROR ", "the error message of a program"},
    {"ERROR:", "the error message of a program"},
    {"<", "XML"},
};

/* An object, or a list of objects or lists. */
static bool text_is_json(const char *p, const char *end)
{
	const char open = *p++;
	while (p < end && isspace((unsigned char)*p))
		p++;
	if (p == end || (open != '{' && open != '['))
		return false;
	return *p == '"' ? open == '{' : open == '[' && (*p == '{' || *p == '[');
}

/* UTF-16, as PowerShell's > writes any text: what is ASCII of it. */
static void head_narrow(struct head *h)
{
	bool little = head_has(h, 0, "\xff\xfe", 2);
	if (!little && !head_has(h, 0, "\xfe\xff", 2))
		return;
	size_t n = 0;
	for (size_t i = 2; i + 1 < h->len; i += 2)
		h->p[n++] = h->p[little ? i : i + 1];
	h->len = n;
}

const char *decode_text_kind(int fd, uint64_t offset, uint64_t length)
{
	struct head h;
	if (!head_read(&h, fd, offset, length))
		return NULL;
	bool wide = head_has(&h, 0, "\xff\xfe", 2) || head_has(&h, 0, "\xfe\xff", 2);
	head_narrow(&h);
	const char *p = h.p, *end = h.p + h.len;
	if (head_has(&h, 0, "\xef\xbb\xbf", 3))
		p += 3;
	while (p < end && isspace((unsigned char)*p))
		p++;

	if (p < end && text_is_json(p, end))
		return "JSON";
	for (size_t i = 0; i < sizeof(texts_known) / sizeof(*texts_known); i++) {
		size_t len = strlen(texts_known[i].begin);
		if ((size_t)(end - p) < len || strncasecmp(p, texts_known[i].begin, len) != 0)
			continue;
		return wide && texts_known[i].wide != NULL ? texts_known[i].wide
							   : texts_known[i].what;
	}
	return NULL;
}
