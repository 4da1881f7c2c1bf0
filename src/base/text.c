/* SPDX-License-Identifier: MIT */
#include "text.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* What a byte becomes inside a JSON string: 0 stays, 'u' is \u00XX, anything else is a backslash
 * and that letter. */
static const char json_escapes[256] = {
    [0] = 'u',  [1] = 'u',    [2] = 'u',    [3] = 'u',    [4] = 'u',   [5] = 'u',     [6] = 'u',
    [7] = 'u',  ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', [11] = 'u',  ['\f'] = 'f',  ['\r'] = 'r',
    [14] = 'u', [15] = 'u',   [16] = 'u',   [17] = 'u',   [18] = 'u',  [19] = 'u',    [20] = 'u',
    [21] = 'u', [22] = 'u',   [23] = 'u',   [24] = 'u',   [25] = 'u',  [26] = 'u',    [27] = 'u',
    [28] = 'u', [29] = 'u',   [30] = 'u',   [31] = 'u',   ['"'] = '"', ['\\'] = '\\', [127] = 'u',
};

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Whether one of eight bytes has to be escaped, or may have to be. Each test borrows from the
 * byte above where its own byte is the smaller one, so that a false alarm needs a true one below
 * it. */
static bool may_escape(uint64_t eight)
{
	uint64_t control = eight - EACH(0x20), quote = (eight ^ EACH('"')) - EACH(1);
	uint64_t backslash = (eight ^ EACH('\\')) - EACH(1), del = (eight ^ EACH(0x7f)) - EACH(1);
	return ((control | quote | backslash | del) & ~eight & EACH(0x80)) != 0;
}

/* The next byte from i on that has to be escaped, or len. */
static size_t find_escape(const char *s, size_t i, size_t len)
{
	for (; len - i >= 8; i += 8) {
		uint64_t eight;
		memcpy(&eight, s + i, sizeof(eight));
		if (may_escape(eight))
			break;
	}
	while (i < len && json_escapes[(unsigned char)s[i]] == 0)
		i++;
	return i;
}

void df_json_escape(struct df_buf *b, const char *s, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	size_t from = 0; /* runs of plain bytes are copied whole */
	for (size_t i = find_escape(s, 0, len); i < len; i = find_escape(s, from, len)) {
		char e = json_escapes[(unsigned char)s[i]];
		df_buf_add(b, s + from, i - from);
		from = i + 1;
		if (e == 'u') {
			unsigned char c = (unsigned char)s[i];
			char u[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
			df_buf_add(b, u, sizeof(u));
		} else {
			char two[2] = {'\\', e};
			df_buf_add(b, two, sizeof(two));
		}
	}
	df_buf_add(b, s + from, len - from);
}

/* Copies eight bytes. */
static bool copy_eight(char *to, const char *from)
{
	uint64_t eight;
	memcpy(&eight, from, sizeof(eight));
	memcpy(to, &eight, sizeof(eight));
	return !may_escape(eight);
}

/* Copies less than eight bytes: four and more as two pieces that overlap. */
static bool copy_few(char *to, const char *from, size_t len)
{
	uint64_t all = EACH(' ');
	if (len >= 4) {
		uint32_t first, last;
		memcpy(&first, from, sizeof(first));
		memcpy(&last, from + len - 4, sizeof(last));
		memcpy(to, &first, sizeof(first));
		memcpy(to + len - 4, &last, sizeof(last));
		all = (uint64_t)first << 32 | last;
	} else {
		for (size_t i = 0; i < len; i++)
			all = all << 8 | (unsigned char)(to[i] = from[i]);
	}
	return !may_escape(all);
}

bool text_copy_plain_portable(char *to, const char *from, size_t len)
{
	if (len < 8)
		return copy_few(to, from, len);
	bool plain = copy_eight(to + len - 8, from + len - 8);
	for (size_t i = 0; i + 8 < len; i += 8)
		plain = copy_eight(to + i, from + i) && plain;
	return plain;
}

#ifdef __SSE2__
/* What has to be escaped in 16 bytes, as 0xff. */
static __m128i copy_sixteen(char *to, const char *from)
{
	const __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)from);
	_mm_storeu_si128((__m128i *)(void *)to, bytes);
	const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
	const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
	const __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
	const __m128i del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f));
	return _mm_or_si128(_mm_or_si128(control, del), _mm_or_si128(quote, backslash));
}

static inline bool copy_plain(char *to, const char *from, size_t len)
{
	if (len < 8)
		return copy_few(to, from, len);
	if (len < 16) {
		bool first = copy_eight(to, from), last = copy_eight(to + len - 8, from + len - 8);
		return first && last;
	}
	__m128i found = copy_sixteen(to + len - 16, from + len - 16);
	for (size_t i = 0; i + 16 < len; i += 16)
		found = _mm_or_si128(found, copy_sixteen(to + i, from + i));
	return _mm_movemask_epi8(found) == 0;
}
#else
static inline bool copy_plain(char *to, const char *from, size_t len)
{
	return text_copy_plain_portable(to, from, len);
}
#endif

bool text_copy_plain(char *to, const char *from, size_t len)
{
	return copy_plain(to, from, len);
}

void df_json_string(struct df_buf *b, const char *s, size_t len)
{
	if (len + 2 <= b->cap - b->len || df_buf_grow(b, len + 2)) {
		char *at = b->data + b->len;
		if (copy_plain(at + 1, s, len)) {
			at[0] = at[len + 1] = '"';
			b->len += len + 2;
			return;
		}
	}
	df_buf_addc(b, '"');
	df_json_escape(b, s, len);
	df_buf_addc(b, '"');
}

size_t df_json_put(char *at, const char *s, size_t len)
{
	at[0] = '"';
	if (!copy_plain(at + 1, s, len)) {
		const size_t room = DF_JSON_MOST(len) - 2; /* all of it is enough */
		struct df_buf view = {.data = at + 1, .cap = room, .max = room};
		df_json_escape(&view, s, len);
		len = view.len;
	}
	at[len + 1] = '"';
	return len + 2;
}

/* Whether none of the bytes, or (a false alarm) perhaps one of them, has to be escaped. */
static bool needs_no_escape(const char *s, size_t len)
{
	uint64_t eight = EACH(' ');
	if (len < 8) {
		for (size_t i = 0; i < len; i++)
			eight = eight << 8 | (unsigned char)s[i];
		return !may_escape(eight);
	}
	memcpy(&eight, s + len - 8, sizeof(eight));
	bool found = may_escape(eight);
	for (size_t i = 0; i + 8 < len; i += 8) {
		memcpy(&eight, s + i, sizeof(eight));
		found = may_escape(eight) || found;
	}
	return !found;
}

size_t df_json_length(const char *s, size_t len)
{
	size_t more = 0;
	if (needs_no_escape(s, len))
		return len + 2;
	for (size_t i = 0; i < len; i++) {
		char e = json_escapes[(unsigned char)s[i]];
		more += e == 'u' ? 5 : e != 0;
	}
	return len + more + 2;
}

void df_json_text(struct df_buf *b, const char *s, size_t len)
{
	df_buf_addc(b, '"');
	while (len > 0) {
		size_t n = df_utf8_valid(s, len);
		df_json_escape(b, s, n);
		if (n < len) {
			df_buf_addc(b, '?');
			n++;
		}
		s += n;
		len -= n;
	}
	df_buf_addc(b, '"');
}

/* Length of the sequence at s by RFC 3629's table, 0 when it is not one. */
static size_t utf8_sequence(const unsigned char *s, size_t left)
{
	unsigned char c = s[0], lo = 0x80, hi = 0xbf;
	size_t n;
	if (c < 0x80)
		return 1;
	if (c >= 0xc2 && c <= 0xdf)
		n = 2;
	else if (c >= 0xe0 && c <= 0xef)
		n = 3;
	else if (c >= 0xf0 && c <= 0xf4)
		n = 4;
	else
		return 0;
	if (c == 0xe0)
		lo = 0xa0; /* overlong */
	else if (c == 0xed)
		hi = 0x9f; /* surrogates */
	else if (c == 0xf0)
		lo = 0x90; /* overlong */
	else if (c == 0xf4)
		hi = 0x8f; /* past U+10FFFF */
	if (n > left || s[1] < lo || s[1] > hi)
		return 0;

	for (size_t i = 2; i < n; i++)
		if (s[i] < 0x80 || s[i] > 0xbf)
			return 0;
	return n;
}

void df_printable(struct df_buf *b, const char *s)
{
	const unsigned char *u = (const unsigned char *)s;
	for (size_t left = strlen(s), n; left > 0; u += n, left -= n) {
		n = utf8_sequence(u, left);
		/* U+0080 to U+009F: U+009B is ESC [ */
		bool c1 = n == 2 && u[0] == 0xc2 && u[1] <= 0x9f;
		/* U+202A to U+202E, U+2066 to U+2069: what follows is shown in another order */
		bool turns = n == 3 && u[0] == 0xe2 &&
			     ((u[1] == 0x80 && u[2] >= 0xaa && u[2] <= 0xae) ||
			      (u[1] == 0x81 && u[2] >= 0xa6 && u[2] <= 0xa9));
		bool plain = n > 0 && !c1 && !turns && u[0] >= 0x20 && u[0] != 0x7f;
		if (plain)
			df_buf_add(b, (const char *)u, n);
		n = n > 0 ? n : 1;
		for (size_t i = 0; !plain && i < n; i++)
			df_buf_addf(b, "\\x%02x", (unsigned)u[i]);
	}
}

size_t df_utf8_valid(const char *s, size_t len)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t i = 0;
	while (i < len) {
		uint64_t eight;
		if (len - i >= sizeof(eight)) {
			memcpy(&eight, u + i, sizeof(eight));
			if ((eight & UINT64_C(0x8080808080808080)) == 0) {
				i += sizeof(eight);
				continue;
			}
		}
		size_t n = utf8_sequence(u + i, len - i);
		if (n == 0)
			break;
		i += n;
	}
	return i;
}

void df_utf8_sanitize(char *s)
{
	size_t len = strlen(s);
	for (size_t i = df_utf8_valid(s, len); i < len; i += df_utf8_valid(s + i, len - i))
		s[i] = '?';
}

size_t df_utf8_put(char out[4], uint32_t c)
{
	static const unsigned char leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)(leads[n] | c);
	return n;
}

#define SEQUENCE UINT32_C(0x80000000) /* above all characters; seven bits each follow, from below */

bool df_sequence_of(const char *text, uint32_t *out)
{
	size_t len = strlen(text);
	if (len < 2 || len > 4)
		return false;
	*out = SEQUENCE;
	for (size_t i = 0; i < len; i++) {
		if (!ispunct((unsigned char)text[i]) || strchr("\"\\", text[i]) != NULL)
			return false;
		*out |= (uint32_t)text[i] << 7 * i;
	}
	return true;
}

size_t df_sequence_put(char out[4], uint32_t c)
{
	size_t n = 0;
	if ((c & SEQUENCE) == 0)
		return df_utf8_put(out, c);
	for (c &= ~SEQUENCE; c != 0; c >>= 7)
		out[n++] = (char)(c & 0x7f);
	return n;
}

static unsigned char lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

unsigned df_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned row[DF_DISTANCE_MAX + 1];
	if (b_len > DF_DISTANCE_MAX)
		b_len = DF_DISTANCE_MAX;
	for (size_t j = 0; j <= b_len; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= a_len; i++) {
		unsigned diagonal = row[0];
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++) {
			unsigned change = diagonal + (lower(a[i - 1]) != lower(b[j - 1]));
			unsigned least = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
			diagonal = row[j];
			row[j] = change < least ? change : least;
		}
	}
	return row[b_len];
}

const char *df_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash != NULL ? slash + 1 : path;
}

char *df_dirname(const char *path)
{
	const char *slash = strrchr(path, '/');
	if (slash == NULL)
		return df_strdup(".");
	return df_strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

const char *df_first_line(const char *text, size_t *len)
{
	const char *from = strncmp(text, "\xef\xbb\xbf", 3) == 0 ? text + 3 : text;
	*len = strcspn(from, "\r\n");
	return from;
}

bool df_ends_with_slash(const char *path)
{
	return path[0] != '\0' && path[strlen(path) - 1] == '/';
}

char *df_file_name(const char *stem, size_t stem_len, const char *tail)
{
	char hex[DF_SHA256_HEX];
	size_t room = NAME_MAX > strlen(tail) ? NAME_MAX - strlen(tail) : 0;
	if (stem_len <= room)
		return df_format("%.*s%s", (int)stem_len, stem, tail);
	struct df_sha256 *h = df_sha256_new();
	df_sha256_add(h, stem, stem_len);
	df_sha256_end(h, hex);
	df_sha256_free(h);
	stem_len = room > 9 ? room - 9 : 0;
	for (int i = 0; i < 3 && stem_len > 0 && ((unsigned char)stem[stem_len] & 0xc0) == 0x80;
	     i++)
		stem_len--;
	return df_format("%.*s~%.8s%s", (int)stem_len, stem, hex, tail);
}

struct df_counted df_count(uint64_t n, const char *noun)
{
	struct df_counted c;
	const char *hiss = df_ends_with(noun, "ch") ? "e" : "";
	snprintf(c.text, sizeof(c.text), "%llu %s%s%s", (unsigned long long)n, noun,
		 n == 1 ? "" : hiss, df_plural(n));
	return c;
}
