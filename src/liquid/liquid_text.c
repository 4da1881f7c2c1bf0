/* SPDX-License-Identifier: MIT */
/* Liquid's filters of strings. Positions and lengths are characters. */
#include "liquid_priv.h"

#include <locale.h>
#include <pthread.h>
#include <wctype.h>

enum side { LEFT = 1, RIGHT = 2 };

static bool in_text(struct liquid_call *c, struct liquid_value *in)
{
	return liquid_to_s(c->run, &c->in, in);
}

static bool arg_text(struct liquid_call *c, size_t i, struct liquid_value *out)
{
	return liquid_to_s(c->run, &c->args[i], out);
}

/* Joins pieces to the result. */
static bool join_pieces(struct liquid_call *c, const struct liquid_value *v, size_t n)
{
	size_t len = 0, at = 0;
	for (size_t i = 0; i < n; i++)
		len += v[i].len;
	char *p = liquid_text(c->run, len);
	if (p == NULL)
		return false;
	for (size_t i = 0; i < n; at += v[i++].len)
		if (v[i].len > 0)
			memcpy(p + at, v[i].p, v[i].len);
	c->out = liquid_string(p, len);
	return true;
}

static bool append(struct liquid_call *c)
{
	struct liquid_value v[2];
	return in_text(c, &v[c->variant == LEFT]) && arg_text(c, 0, &v[c->variant != LEFT]) &&
	       join_pieces(c, v, 2);
}

/* ---- case: one character for one, by the C library's tables; the sharp s alone becomes two
 * ---- */

enum letter_case { LOWER, UPPER, CAPITAL };

static locale_t characters; /* for the program's life: the tables are the same for all */
static pthread_once_t characters_once = PTHREAD_ONCE_INIT;

static void load_characters(void)
{
	characters = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

static locale_t unicode(void)
{
	pthread_once(&characters_once, load_characters);
	return characters;
}

static size_t decode_utf8(const unsigned char *p, size_t left, wint_t *out)
{
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (n > left)
		n = left;
	*out = n == 1 ? p[0] : (wint_t)(p[0] & (0x7f >> n));
	for (size_t i = 1; i < n; i++)
		*out = *out << 6 | (p[i] & 0x3f);
	return n;
}

static size_t convert_case(wint_t w, bool upper, char *p)
{
	locale_t locale = unicode();
	if (w < 0x80)
		return df_utf8_put(p, upper                  ? (w >= 'a' && w <= 'z' ? w - 32 : w)
				      : w >= 'A' && w <= 'Z' ? w + 32
							     : w);
	if (upper && w == 0xdf) {
		p[0] = p[1] = 'S';
		return 2;
	}
	if (locale == (locale_t)0)
		return df_utf8_put(p, w);
	return df_utf8_put(p, upper ? towupper_l(w, locale) : towlower_l(w, locale));
}

static bool change_case(struct liquid_call *c)
{
	struct liquid_value in;
	if (!in_text(c, &in))
		return false;
	/* a few characters have a longer counterpart */
	char *p = liquid_text(c->run, in.len * 2 + 4);
	size_t n = 0;
	if (p == NULL)
		return false;

	for (size_t i = 0; i < in.len;) {
		wint_t w;
		bool upper = c->variant == UPPER || (c->variant == CAPITAL && i == 0);
		size_t from = i;
		i += decode_utf8((const unsigned char *)in.p + i, in.len - i, &w);
		n += convert_case(w, upper, p + n);
		if (from == 0 && c->variant == CAPITAL && w == 0xdf)
			p[1] = 's';
	}
	c->out = liquid_string(p, n);
	return true;
}

/* ---- blanks ---- */

static bool strip(struct liquid_call *c)
{
	struct liquid_value in;
	if (!in_text(c, &in))
		return false;
	while ((c->variant & LEFT) && in.len > 0 && (liquid_is_blank(*in.p) || *in.p == '\0')) {
		in.p++;
		in.len--;
	}
	while ((c->variant & RIGHT) && in.len > 0 &&
	       (liquid_is_blank(in.p[in.len - 1]) || in.p[in.len - 1] == '\0'))
		in.len--;
	c->out = in;
	return true;
}

static bool strip_newlines(struct liquid_call *c)
{
	struct liquid_value in;
	if (!in_text(c, &in))
		return false;
	char *p = liquid_text(c->run, in.len);
	size_t n = 0;
	if (p == NULL)
		return false;
	for (size_t i = 0; i < in.len; i++) {
		bool crlf = in.p[i] == '\r' && i + 1 < in.len && in.p[i + 1] == '\n';
		if (!crlf && in.p[i] != '\n')
			p[n++] = in.p[i];
	}
	c->out = liquid_string(p, n);
	return true;
}

/* ---- replacing ---- */

enum which { ALL, FIRST, LAST };

static const char *text_find(const struct liquid_value *in, size_t from,
			     const struct liquid_value *what)
{
	if (what->len == 0)
		return in->p + from;
	return from < in->len ? memmem(in->p + from, in->len - from, what->p, what->len) : NULL;
}

/* An empty string is found before each character, and at the end. */
static bool replace_all(struct liquid_call *c, const struct liquid_value *in,
			const struct liquid_value *what, const struct liquid_value *with)
{
	size_t hits = 0, at = 0, n = 0;
	if (what->len == 0)
		hits = liquid_chars(in->p, in->len) + 1;
	for (const char *hit = what->len > 0 ? text_find(in, 0, what) : NULL; hit != NULL; hits++)
		hit = text_find(in, (size_t)(hit - in->p) + what->len, what);
	if (with->len > 0 && hits > LIQUID_MAX_MEMORY / with->len)
		return liquid_exhausted(c->run);
	size_t len = in->len - hits * what->len + hits * with->len;
	char *p = liquid_text(c->run, len);
	if (p == NULL)
		return false;

	for (size_t i = 0; i < hits; i++) {
		size_t hit = what->len > 0
				 ? (size_t)(text_find(in, at, what) - in->p)
				 : at + (i > 0 ? liquid_offset(in->p + at, in->len - at, 1) : 0);
		if (hit > at)
			memcpy(p + n, in->p + at, hit - at);
		n += hit - at;
		if (with->len > 0)
			memcpy(p + n, with->p, with->len);
		n += with->len;
		at = hit + what->len;
	}
	if (in->len > at)
		memcpy(p + n, in->p + at, in->len - at);
	c->out = liquid_string(p, len);
	return true;
}

static bool replace_one(struct liquid_call *c, const struct liquid_value *in,
			const struct liquid_value *what, const struct liquid_value *with)
{
	const char *hit = what->len == 0 && c->variant == LAST ? in->p + in->len : NULL;
	if (hit == NULL && what->len <= in->len) {
		for (const char *next = text_find(in, 0, what); next != NULL;) {
			hit = next;
			next = c->variant == LAST ? text_find(in, (size_t)(hit - in->p) + 1, what)
						  : NULL;
		}
	}
	if (hit == NULL) {
		c->out = *in;
		return true;
	}
	size_t at = (size_t)(hit - in->p);
	struct liquid_value v[] = {liquid_string(in->p, at), *with,
				   liquid_string(hit + what->len, in->len - at - what->len)};
	return join_pieces(c, v, 3);
}

static bool replace(struct liquid_call *c)
{
	struct liquid_value in, what, with;
	if (!in_text(c, &in) || !arg_text(c, 0, &what) || !arg_text(c, 1, &with))
		return false;
	if (in.p == NULL)
		in.p = "";
	return c->variant == ALL ? replace_all(c, &in, &what, &with)
				 : replace_one(c, &in, &what, &with);
}

/* ---- cutting ---- */

static bool truncate_chars(struct liquid_call *c)
{
	struct liquid_value v[2], dots = liquid_string("...", 3);
	int64_t max = 50;
	if (c->in.type == LIQUID_NIL)
		return true;
	if (!in_text(c, &v[0]) || (c->n > 0 && !liquid_to_integer(c->run, &c->args[0], &max)) ||
	    (c->n > 1 && !arg_text(c, 1, &dots)))
		return false;
	if ((int64_t)liquid_chars(v[0].p, v[0].len) <= max) {
		c->out = v[0];
		return true;
	}
	int64_t keep = max < 0 ? 0 : max - (int64_t)liquid_chars(dots.p, dots.len);
	v[0].len = liquid_offset(v[0].p, v[0].len, keep > 0 ? (size_t)keep : 0);
	v[1] = dots;
	return join_pieces(c, v, 2);
}

/* Ruby's split(" ", words + 1): blanks part words; after that many words, the rest is one more
 * piece, and so is what follows a last blank, be it empty. */
static bool truncate_words(struct liquid_call *c)
{
	struct liquid_value in, dots = liquid_string("...", 3);
	int64_t words = 15;
	if (c->in.type == LIQUID_NIL)
		return true;
	if (!in_text(c, &in) || (c->n > 0 && !liquid_to_integer(c->run, &c->args[0], &words)) ||
	    (c->n > 1 && !arg_text(c, 1, &dots)))
		return false;
	if (words <= 0)
		words = 1;
	char *p = liquid_text(c->run, in.len + dots.len);
	size_t n = 0, i = 0;
	int64_t count = 0;
	if (p == NULL)
		return false;

	while (i < in.len && liquid_is_blank(in.p[i]))
		i++;
	while (i < in.len && count < words) {
		size_t from = i;
		while (i < in.len && !liquid_is_blank(in.p[i]))
			i++;
		if (i == in.len) /* the text ends within this word: nothing is left to cut */
			break;
		if (n > 0)
			p[n++] = ' ';
		memcpy(p + n, in.p + from, i - from);
		n += i - from;
		count++;
		while (i < in.len && liquid_is_blank(in.p[i]))
			i++;
	}
	if (count < words) {
		c->out = in;
		return true;
	}
	if (dots.len > 0)
		memcpy(p + n, dots.p, dots.len);
	c->out = liquid_string(p, n + dots.len);
	return true;
}

/* ---- apart ---- */

static bool add_piece(struct liquid_call *c, struct liquid_value *v, size_t *n, const char *p,
		      size_t len)
{
	v[(*n)++] = liquid_string(p, len);
	return liquid_work(c->run->arena, 1) || liquid_exhausted(c->run);
}

static size_t split_blanks(const struct liquid_value *in, struct liquid_value *v)
{
	size_t n = 0;
	for (size_t i = 0; i < in->len;) {
		while (i < in->len && liquid_is_blank(in->p[i]))
			i++;
		size_t from = i;
		while (i < in->len && !liquid_is_blank(in->p[i]))
			i++;
		if (i > from)
			v[n++] = liquid_string(in->p + from, i - from);
	}
	return n;
}

static bool split(struct liquid_call *c)
{
	struct liquid_value in, by, *v;
	size_t n = 0, at = 0;
	if (!in_text(c, &in) || !arg_text(c, 0, &by))
		return false;
	size_t most = by.len > 1 ? in.len / by.len + 1 : in.len + 1;
	v = liquid_take(c->run->arena, most * sizeof(*v));
	if (v == NULL)
		return liquid_exhausted(c->run);

	if (by.len == 1 && *by.p == ' ') {
		n = split_blanks(&in, v);
		at = in.len;
	}
	while (at < in.len) {
		const char *hit = by.len > 0 ? memmem(in.p + at, in.len - at, by.p, by.len)
					     : in.p + at + liquid_offset(in.p + at, in.len - at, 1);
		size_t end = hit != NULL ? (size_t)(hit - in.p) : in.len;
		if (!add_piece(c, v, &n, in.p + at, end - at))
			return false;
		at = end + by.len;
	}
	while (n > 0 && v[n - 1].len == 0)
		n--;
	c->out = (struct liquid_value){.type = LIQUID_ARRAY, .array = {v, n}};
	return true;
}

/* Others make the digest of the same address without its blanks and capitals. */
static bool is_not_plain(const struct liquid_value *text)
{
	bool capital = false;
	for (size_t i = 0; i < text->len && !capital; i++)
		capital = text->p[i] >= 'A' && text->p[i] <= 'Z';
	return liquid_is_blank(text->p[0]) || liquid_is_blank(text->p[text->len - 1]) ||
	       (capital && memchr(text->p, '@', text->len) != NULL);
}

/* Not Liquid's own. An empty text stays empty: its digest would be an identity that all who have
 * none share. */
static bool digest(struct liquid_call *c)
{
	struct liquid_value in;
	char hex[DF_DIGEST_HEX];
	if (!in_text(c, &in))
		return false;
	c->out = in;
	if (in.len == 0)
		return true;
	if (!liquid_work(c->run->arena, in.len))
		return liquid_exhausted(c->run);
	if (is_not_plain(&in))
		liquid_note(c->run, LIQUID_DIGEST);
	if (!df_digest_hex((enum df_digest)c->variant, in.p, in.len, hex))
		return liquid_fail(c->run->fault, "libcrypto does not have this digest");
	char *p = liquid_text(c->run, strlen(hex));
	if (p == NULL)
		return false;
	memcpy(p, hex, strlen(hex));
	c->out = liquid_string(p, strlen(hex));
	return true;
}

const struct liquid_filter liquid_text_filters[] = {
    {"append", append, 1, 1, RIGHT},
    {"capitalize", change_case, 0, 0, CAPITAL},
    {"date", liquid_date, 1, 1, 0},
    {"downcase", change_case, 0, 0, LOWER},
    {"lstrip", strip, 0, 0, LEFT},
    {"md5", digest, 0, 0, DF_MD5},
    {"sha1", digest, 0, 0, DF_SHA1},
    {"sha256", digest, 0, 0, DF_SHA256},
    {"prepend", append, 1, 1, LEFT},
    {"remove", replace, 1, 1, ALL},
    {"remove_first", replace, 1, 1, FIRST},
    {"remove_last", replace, 1, 1, LAST},
    {"replace", replace, 1, 2, ALL},
    {"replace_first", replace, 1, 2, FIRST},
    {"replace_last", replace, 2, 2, LAST},
    {"rstrip", strip, 0, 0, RIGHT},
    {"split", split, 1, 1, 0},
    {"strip", strip, 0, 0, LEFT | RIGHT},
    {"strip_newlines", strip_newlines, 0, 0, 0},
    {"truncate", truncate_chars, 0, 2, 0},
    {"truncatewords", truncate_words, 0, 2, 0},
    {"upcase", change_case, 0, 0, UPPER},
    {NULL, NULL, 0, 0, 0},
};
