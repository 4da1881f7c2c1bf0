/* SPDX-License-Identifier: MIT */
/* What a document's first bytes give away: as CSV, packed or encrypted data would only be a
 * riddle of NUL bytes. */
#include "decode_priv.h"

#include <errno.h>
#include <unistd.h>

static const struct {
	const char *magic;
	unsigned char len;
	bool openpgp;
	const char *what;
} bytes_known[] = {
    {"\x1f\x8b", 2, false, "gzip data"},
    {"PK\3\4", 4, false, "a zip"},
    {"BZh", 3, false, "bzip2 data"},
    {"\xfd"
     "7zXZ",
     5, false, "xz data"},
    {"7z\xbc\xaf", 4, false, "a 7z archive"},
    {"\x28\xb5\x2f\xfd", 4, false, "zstd data"},
    /* what an encrypted message holds that was signed, or packed, as one of its own */
    {"\x90\x0d\x03", 3, true,
     "a signed OpenPGP message (sign and encrypt in one step: gpg --sign --encrypt)"},
    {"\xc4\x0d\x03", 3, true,
     "a signed OpenPGP message (sign and encrypt in one step: gpg --sign --encrypt)"},
    {"\xa3\x01", 2, true,
     "a signed or packed OpenPGP message (sign and encrypt in one step: gpg --sign --encrypt)"},
    {"\xa3\x02", 2, true,
     "a signed or packed OpenPGP message (sign and encrypt in one step: gpg --sign --encrypt)"},
    {"\xa3\x03", 2, true,
     "a signed or packed OpenPGP message (sign and encrypt in one step: gpg --sign --encrypt)"},
    {"-----BEGIN PGP ", 15, true, "OpenPGP data"},
    /* Session keys encrypted to a public key (RFC 4880 §4.2, §5.1). No UTF-8 starts with such a
     * byte. */
    {"\x84", 1, true, "OpenPGP data"},
    {"\x85", 1, true, "OpenPGP data"},
    {"\xc1", 1, true, "OpenPGP data"},
};

/* A workbook is a zip as well: the name of its first entry, after the local header (APPNOTE
 * 4.3.7), distinguishes them. */
static bool bytes_are_workbook(const char *start, size_t len)
{
	static const char *const first[] = {"[Content_Types].xml", "_rels/.rels", "docProps/",
					    "xl/"};
	if (len < 30 || memcmp(start, "PK\3\4", 4) != 0)
		return false;
	for (size_t i = 0; i < sizeof(first) / sizeof(*first); i++) {
		size_t n = strlen(first[i]);
		if (len >= 30 + n && memcmp(start + 30, first[i], n) == 0)
			return true;
	}
	return false;
}

enum df_status decode_bytes_check(const struct decode_doc *doc, bool unpacked, struct df_err *err)
{
	char start[64];
	ssize_t n = 0;
	do
		n = pread(doc->fd, start, sizeof(start), (off_t)doc->offset);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return df_fail(DF_RETRY, err, NULL, "cannot read: %s", strerror(errno));
	size_t len = (uint64_t)n < doc->length ? (size_t)n : (size_t)doc->length;
	if (bytes_are_workbook(start, len))
		return df_fail(DF_REJECT, err, "corrupt-archive",
			       "%.200s is an Excel workbook (.xlsx) despite its name; save it "
			       "as \"CSV UTF-8\"",
			       doc->name != NULL ? doc->name : "the file");
	for (size_t i = 0; i < sizeof(bytes_known) / sizeof(*bytes_known); i++) {
		if (len < bytes_known[i].len ||
		    memcmp(start, bytes_known[i].magic, bytes_known[i].len) != 0)
			continue;
		return df_fail(DF_REJECT, err,
			       bytes_known[i].openpgp ? "encryption-mismatch" : "corrupt-archive",
			       "%s%s%.200s%s not CSV but %s; %s", unpacked ? "unpacked, " : "",
			       doc->name != NULL ? "the zip's entry '" : "the file",
			       doc->name != NULL ? doc->name : "",
			       doc->name != NULL ? "' is" : " is", bytes_known[i].what,
			       unpacked ? "pack or encrypt the CSV once, as the name says"
					: "give it the name of what it is, such as "
					  "NAME-EVENTTYPE.csv.gz, or write CSV");
	}
	return DF_OK;
}
