/* SPDX-License-Identifier: MIT */
/* The file beside a file that holds its hash, as sha256sum, md5sum and others write it:
 *
 *	<hex>  name	<hex> *name	\<hex>  na\\me	SHA256 (name) = <hex>	<hex>
 */
#include "fetch_priv.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHECKSUM_FILE_MAX = 1 << 20, HEX_MAX = 64 };

struct fetch_checksum {
	char want[HEX_MAX + 1]; /* lower case */
	const char *ending;     /* of the file beside: borrowed from the feed */
	bool md5;               /* else SHA-256 */
	EVP_MD_CTX *hash;       /* own */
};

static const char *checksum_name(const struct fetch_checksum *c)
{
	return c->md5 ? "MD5" : "SHA-256";
}

/* ---- reading it ---- */

static enum df_status checksum_read(struct fetch *source, const char *path, struct df_buf *out,
				    struct df_err *err)
{
	char chunk[4096];
	enum df_status st = source->driver->read_open(source->state, path, 0, err);
	for (size_t n = 1; st == DF_OK && n > 0;) {
		st = source->driver->read(source->state, chunk, sizeof(chunk), &n, err);
		if (st != DF_OK)
			return st;
		df_buf_add(out, chunk, n);
		if (out->over)
			return df_fail(DF_REJECT, err, NULL, "it is too large for a checksum file");
	}
	return st;
}

static enum df_status checksum_bytes(struct fetch *source, const char *path, struct df_buf *out,
				     struct df_err *err)
{
	enum df_status st = checksum_read(source, path, out, err);
	source->driver->read_close(source->state);
	return st;
}

static bool checksum_is_hex(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!isxdigit((unsigned char)s[i]))
			return false;
	}
	return !isxdigit((unsigned char)s[n]);
}

/* Takes a line apart. The name is "" where there is none; both point into the line. */
static bool checksum_line(char *line, size_t digits, const char **hex, const char **name)
{
	line += strspn(line, " \t\\");
	size_t len = strlen(line);
	while (len > 0 && isspace((unsigned char)line[len - 1]))
		line[--len] = '\0';
	*name = "";
	if (len >= digits && checksum_is_hex(line, digits)) {
		*hex = line;
		*name = line + digits + strspn(line + digits, " \t*");
		return true;
	}
	char *open = strchr(line, '('), *close = strrchr(line, ')');
	if (open == NULL || close == NULL || close < open || len < digits ||
	    !checksum_is_hex(line + len - digits, digits))
		return false;
	*hex = line + len - digits;
	*close = '\0';
	*name = open + 1;
	return true;
}

/* What Windows writes: a byte order mark, and perhaps two bytes for each letter. */
static void checksum_plain(struct df_buf *text)
{
	bool wide = text->len >= 2 && memcmp(text->data, "\xff\xfe", 2) == 0;
	size_t skip = wide ? 2 : 0, n = 0;
	if (text->len >= 3 && memcmp(text->data, "\xef\xbb\xbf", 3) == 0)
		skip = 3;
	for (size_t i = skip; i < text->len; i++)
		if (!wide || text->data[i] != '\0')
			text->data[n++] = text->data[i];
	text->len = n;
}

/* The line that names the file counts; or the only one. */
static bool checksum_find(char *text, const char *name, size_t digits, char want[HEX_MAX + 1])
{
	size_t lines = 0;
	bool named = false;
	char *rest = text;
	for (char *line; !named && (line = strsep(&rest, "\n")) != NULL;) {
		const char *hex = NULL, *whose = NULL;
		if (!checksum_line(line, digits, &hex, &whose))
			continue;
		named = strcmp(df_base_name(whose), name) == 0;
		if (!named && lines++ > 0)
			continue;
		for (size_t i = 0; i < digits; i++)
			want[i] = (char)tolower((unsigned char)hex[i]);
		want[digits] = '\0';
	}
	return named || lines == 1;
}

/* What the file beside says of the file. */
static enum df_status checksum_want(struct fetch *source, const char *name, const char *beside,
				    struct fetch_checksum *c, struct df_err *err)
{
	struct df_buf text = {.max = CHECKSUM_FILE_MAX};
	char *path = fetch_path_join(source->root, beside);
	enum df_status st = checksum_bytes(source, path, &text, err);
	free(path);
	if (st == DF_REJECT) {
		df_err_context(err, "cannot read %s on the source", beside);
		st = DF_RETRY;
	}
	if (st != DF_OK)
		goto cleanup;
	checksum_plain(&text);
	df_buf_cstr(&text);
	if (!checksum_find(text.data, df_base_name(name), c->md5 ? 32 : 64, c->want))
		st = df_fail(
		    DF_RETRY, err, NULL,
		    "%s holds no %s of %s: the file is left alone until it does (as %s writes it)",
		    beside, checksum_name(c), df_base_name(name), c->md5 ? "md5sum" : "sha256sum");
cleanup:
	df_buf_free(&text);
	return st;
}

static enum df_status checksum_begin(struct fetch_checksum *c, struct df_err *err)
{
	c->hash = EVP_MD_CTX_new();
	if (c->hash != NULL &&
	    EVP_DigestInit_ex(c->hash, c->md5 ? EVP_md5() : EVP_sha256(), NULL) == 1)
		return DF_OK;
	return df_fail(DF_USAGE, err, NULL,
		       "libcrypto cannot compute %s here: set another `checksum`",
		       checksum_name(c));
}

enum df_status fetch_checksum_open(struct fetch *source, const char *name,
				   struct fetch_checksum **out, struct df_err *err)
{
	const char *ending = source->feed->fetch.checksum;
	*out = NULL;
	if (ending == NULL)
		return DF_OK;
	struct fetch_checksum *c = df_alloc(sizeof(*c));
	char *beside = df_format("%s%s", name, ending);
	c->ending = ending;
	c->md5 = strcmp(ending, ".md5") == 0;
	enum df_status st = checksum_want(source, name, beside, c, err);
	free(beside);
	if (st != DF_OK)
		goto cleanup;
	st = checksum_begin(c, err);
	if (st != DF_OK)
		goto cleanup;
	*out = c;
	return DF_OK;
cleanup:
	fetch_checksum_free(c);
	return st;
}

/* ---- comparing ---- */

void fetch_checksum_add(struct fetch_checksum *c, const void *p, size_t len)
{
	if (c != NULL)
		EVP_DigestUpdate(c->hash, p, len);
}

enum df_status fetch_checksum_compare(struct fetch_checksum *c, const char *name,
				      struct df_err *err)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	char hex[2 * EVP_MAX_MD_SIZE + 1] = "";
	unsigned size = 0;
	if (c == NULL)
		return DF_OK;
	EVP_DigestFinal_ex(c->hash, digest, &size);
	for (unsigned i = 0; i < size; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	if (strcmp(hex, c->want) == 0)
		return DF_OK;
	return df_fail(DF_RETRY, err, NULL,
		       "%s does not have the checksum that %s%s says (%s instead of %s): it is "
		       "left alone; upload the "
		       "file again, or its checksum",
		       name, df_base_name(name), c->ending, hex, c->want);
}

void fetch_checksum_free(struct fetch_checksum *c)
{
	if (c == NULL)
		return;
	EVP_MD_CTX_free(c->hash);
	free(c);
}
