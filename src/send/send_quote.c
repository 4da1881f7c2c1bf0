/* SPDX-License-Identifier: MIT */
/* What others answered, for a log: the first words of a page, and texts without anybody's
 * secrets. */
#include "send_quote.h"

#include "dropfeed/json.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

#define LOOK_MAX  8192u /* bytes of a page that are looked at */
#define QUOTE_MAX 120u

/* ---- the first words of a page ---- */

static bool quote_begins(const char *s, const char *end, const char *word)
{
	size_t len = strlen(word);
	return (size_t)(end - s) >= len && strncasecmp(s, word, len) == 0;
}

static const char *after(const char *s, const char *end, const char *word)
{
	for (; s < end; s++)
		if (quote_begins(s, end, word))
			return s + strlen(word);
	return end;
}

/* After the tag, comment, script or style that begins at s. */
static const char *skip_tag(const char *s, const char *end)
{
	if (quote_begins(s, end, "<!--"))
		return after(s, end, "-->");
	if (quote_begins(s, end, "<script"))
		s = after(s, end, "</script");
	else if (quote_begins(s, end, "<style"))
		s = after(s, end, "</style");
	return after(s, end, ">");
}

/* Control characters, C1 in UTF-8 (c2 80 to c2 9f) included, become blanks, and blanks one
 * blank. */
static void add_plain(struct df_buf *out, const char *s)
{
	size_t from = out->len;
	for (; *s != '\0' && out->len - from < QUOTE_MAX; s++) {
		unsigned char c = (unsigned char)*s, next = (unsigned char)s[1];
		bool c1 = c == 0xc2 && next >= 0x80 && next <= 0x9f;
		if (c > 0x20 && c != 0x7f && !c1) {
			df_buf_addc(out, *s);
			continue;
		}
		s += c1;
		if (out->len > from && out->data[out->len - 1] != ' ')
			df_buf_addc(out, ' ');
	}
	/* a character may be cut */
	out->len = from + df_utf8_valid(out->data + from, out->len - from);
	while (out->len > from && out->data[out->len - 1] == ' ')
		out->len--;
}

void send_quote(struct df_buf *out, const char *body, size_t len)
{
	struct df_buf text = {0};
	const char *end = body + (len < LOOK_MAX ? len : LOOK_MAX), *s = body;
	while (s < end && isspace((unsigned char)*s))
		s++;
	bool page = s < end && *s == '<';
	while (s < end && text.len < 8 * QUOTE_MAX) {
		if (page && *s == '<') {
			s = skip_tag(s, end);
			df_buf_addc(&text, ' ');
			continue;
		}
		df_buf_addc(&text, *s != '\0' ? *s : ' ');
		s++;
	}

	(void)df_buf_cstr(&text);
	if (page)
		send_html_decode(text.data);
	df_utf8_sanitize(text.data);
	add_plain(out, text.data);
	df_buf_free(&text);
}

/* ---- what a page repeats of the request ---- */

static bool word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

/* Length of what is written for another character: %41, \u0041, \n. */
static size_t escape_length(const char *s)
{
	bool hex = s[0] == '%' && isxdigit((unsigned char)s[1]) && isxdigit((unsigned char)s[2]);
	if (hex)
		return 3;
	if (s[0] != '\\' || s[1] == '\0')
		return 0;
	return s[1] == 'u' && strspn(s + 2, "0123456789abcdefABCDEF") >= 4 ? 6 : 2;
}

/* Whether a word of JSON may begin at `at`. */
static bool word_begins(const char *json, const char *at)
{
	if (at == json || !word_char(at[-1]))
		return true;
	return (at - json >= 2 && at[-2] == '\\') || (at - json >= 6 && escape_length(at - 6) == 6);
}

struct hidden_word {
	const char *p;
	size_t len;
	bool part; /* of a word: it is cut, or an escaped character is beside it */
};

static bool word_repeats(const struct hidden_word *w, const char *body, size_t len)
{
	const char *end = body + len, *at = body;
	while (len > 0 && (at = memmem(at, (size_t)(end - at), w->p, w->len)) != NULL) {
		const char *next = at + w->len;
		if (w->part || (word_begins(body, at) && (next == end || !word_char(*next))))
			return true;
		at++;
	}
	return false;
}

/* A page may change the case of what it repeats. The caller's; some byte follows. */
static char *fold_case(const char *s, size_t len)
{
	char *out = df_alloc(len + 1);
	for (size_t i = 0; i < len; i++)
		out[i] = (char)(s[i] >= 'A' && s[i] <= 'Z' ? s[i] - 'A' + 'a' : s[i]);
	return out;
}

/* In another case words are not looked for in members' names, which are ours, or columns', and no
 * cells: "Request" is in source_request_id. */
static void blank_names(char *body, size_t len)
{
	const char *end = body + len;
	for (char *p = memchr(body, '"', len); p != NULL;) {
		char *after = (char *)(uintptr_t)json_string_end(p, end);
		if (after < end && *after == ':')
			memset(p, ' ', (size_t)(after - p));
		p = after < end ? memchr(after, '"', (size_t)(end - after)) : NULL;
	}
}

char *send_hide(const char *text, const char *body, size_t len)
{
	struct df_buf out = {0};
	char *folded = fold_case(text, strlen(text)), *sent = fold_case(body, len);
	size_t escape = 0;
	blank_names(sent, len);
	for (const char *s = text; *s != '\0';) {
		struct hidden_word w = {.p = s, .part = escape > 0}, any;
		while (word_char(s[w.len]))
			w.len++;
		w.part = w.part || s[w.len] == '\0' || escape_length(s + w.len) > 0;
		any = w;
		any.p = folded + (s - text);
		if (w.len > 0 && (word_repeats(&w, body, len) || word_repeats(&any, sent, len)))
			df_buf_adds(&out, "***");
		else
			df_buf_add(&out, s, w.len);
		s += w.len;
		if (*s == '\0')
			break;
		escape = escape_length(s);
		size_t n = escape > 0 ? escape : 1;
		df_buf_add(&out, s, n);
		s += n;
	}
	(void)df_buf_cstr(&out);
	free(folded);
	free(sent);
	return out.data;
}

/* ---- secrets ---- */

enum { SHORTEST = 4 }; /* shorter secrets are found in any text */

static void mask_all(char *text, const char *secret)
{
	size_t len = secret != NULL ? strlen(secret) : 0;
	if (len < SHORTEST)
		return;
	for (char *at = text; (at = strstr(at, secret)) != NULL; at += 3) {
		memmove(at + 3, at + len, strlen(at + len) + 1);
		memset(at, '*', 3);
	}
}

/* A quotation is cut at some length, perhaps within a secret. */
static void mask_cut(char *text, const char *secret)
{
	size_t len = secret != NULL ? strlen(secret) : 0, n = strlen(text);
	for (size_t cut = len < n ? len : n; cut >= SHORTEST; cut--) {
		char *at = text + n - cut;
		if (memcmp(at, secret, cut) == 0) {
			memcpy(at, "***", sizeof("***"));
			return;
		}
	}
}

/* "://user:password@host" keeps the host. */
static void mask_user(char *text)
{
	for (char *at = text; (at = strstr(at, "://")) != NULL;) {
		at += 3;
		char *end = at + strcspn(at, " \t\"'<>"), *sign = NULL;
		for (char *p = at; p < end; p++)
			sign = *p == '@' ? p : sign;
		if (sign != NULL)
			memmove(at, sign + 1, strlen(sign + 1) + 1);
	}
}

void send_mask(char *text, const char *const *secrets)
{
	for (; *secrets != NULL; secrets++) {
		mask_all(text, *secrets);
		mask_cut(text, *secrets);
	}
	mask_user(text);
}

char *send_basic_token(const char *user, const char *password)
{
	char *plain = df_format("%s:%s", user, password);
	size_t len = strlen(plain);
	char *token = df_alloc(len / 3 * 4 + 5);
	EVP_EncodeBlock((unsigned char *)token, (const unsigned char *)plain, (int)len);
	OPENSSL_cleanse(plain, len);
	free(plain);
	return token;
}
